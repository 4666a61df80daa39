/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one table of what may stand in a container file: section, key, how its value is read, what it
 * becomes, one line of help, and the Podman release that brought it. The check for unknown keys,
 * --list-keys, the manual's list and the translation all come from it. Within a section the rows
 * stand in the order in which their options appear on the command line.
 */
#pragma once

#include "../base/byte-set.h"
#include "../base/error.h"
#include "report.h"

#include <stdbool.h>
#include <stdio.h>

struct translation;
struct unit_file;
struct values;

/* How a value is read. Of the kinds that take one value the last line counts; for the others an
 * empty line clears what came before. */
enum key_kind {
        KEY_STRING,   /* one value; a pair of double quotes around it is removed; empty is unset */
        KEY_TEXT,     /* the same, but an empty value counts */
        KEY_NUMBER,   /* decimal digits */
        KEY_BOOL,     /* yes, true, on, 1 and their opposites */
        KEY_LINES,    /* each line is a value, as it stands */
        KEY_LITERALS, /* words; backslashes are literal */
        KEY_WORDS,    /* words; C escapes are decoded */
        KEY_PAIRS,    /* words NAME=VALUE; a later one replaces an earlier one of the same name */
        KEY_COMMAND,  /* the words of the last line */
};

struct unit_key;

/* Put values (never empty, unless the row says `always`) where they belong. */
typedef int key_function(struct translation *t, const struct unit_key *row,
                         const struct values *values, struct error *err);

struct unit_key {
        const char *section;
        char name[24]; /* in the row itself, where the search compares it */
        enum key_kind kind;
        key_function *emit;
        const char *option; /* for emit: the option it becomes, or NULL */
        const char *since;  /* the Podman release that brought the key */
        const char *help;
        bool always; /* call emit even where the key is absent */
};

enum {
        KEYS_MAX = 192,             /* rows of one section */
        KEYS_SLOTS = BYTE_SET_SIZE, /* more than those: a search ends at an empty one */
};

/* Where the row of a name is; made when it is first asked for. */
struct keys_index {
        bool made;
        unsigned char slots[KEYS_SLOTS]; /* by unit_key_hash(): the row's number from 1 */
        struct byte_set always;          /* the rows that are called in any case */
};

/* The rows of one section. */
struct unit_keys {
        const char *section;
        const struct unit_key *rows;
        size_t count;
        struct keys_index *index;
};

/* NULL ends it. */
extern const struct unit_keys *const unit_keys[];

/* The section's part of the table, or NULL. */
const struct unit_keys *keys_section(const char *section);

/* The row of a key in them, or NULL; keys may be NULL. */
const struct unit_key *keys_find(const struct unit_keys *keys, const char *name);

/* The rows that are called even where the key is absent. */
const struct byte_set *keys_always(const struct unit_keys *keys);

/* Tell each line of the section which row it is; reports every key that is not in the table, with
 * a suggestion, where report is given. Returns how many those are. */
unsigned keys_check(const struct unit_file *file, const char *section, struct report *report);

/* Warn about sections and systemd keys that look like typing errors. */
void keys_warn_typos(const struct unit_file *file, struct report *report);

/* One line for each row, sorted by section and key: section, key, kind, option, release and help,
 * with tabs between them. */
void keys_list(FILE *out);

/* The same as a part of crunit.container(5), in mdoc(7); `make update-man` puts it there. False
 * where a difference is said of a key that does not exist. */
bool keys_list_mdoc(FILE *out);
