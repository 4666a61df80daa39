/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looking at container files before systemd does: the generator's own reading and translation, and
 * behind it what only somebody with time can ask: whether the commands of the units would be
 * refused, files are there, ports are free, units wait for each other in a circle. All problems of
 * all files are found in one go; nothing is changed.
 */
#pragma once

#include "../base/option.h"
#include "../unit/report.h"
#include "../unit/search.h"
#include "../unit/set.h"

#include <stdbool.h>
#include <stddef.h>

struct check_problem {
        enum report_level level;
        char *path;            /* owned; NULL where no file is to blame */
        unsigned line, column; /* 0: not known */
        char *text;            /* owned */
};

/* A container file and the unit that was made of it. */
struct check_unit {
        struct unit_source *source; /* borrowed from the set */
        struct unit_file file;      /* what could be made; no unit where the source is unusable */
        struct strv words;          /* of ExecStart=; empty likewise */
        size_t command;             /* index of the subcommand in words */
        const char *image;          /* borrowed from words; what `crunit run` runs, or NULL */
        bool pull_never;            /* that must not be pulled */
};

struct check_options {
        bool is_user;        /* units of a user's own manager */
        bool no_verify;      /* do not ask systemd-analyze */
        const char *podman;  /* borrowed; warn of keys newer than this release, or NULL */
        const char *storage; /* borrowed; the store to look for images in */
};

/* Start with { 0 }. */
struct check {
        struct check_options options;
        struct strv files, directories; /* what was asked for, real paths; none is everything */
        struct search search;
        struct unit_set set;
        struct check_unit *units; /* owned; one for each source of the set */
        size_t count;
        struct check_problem *problems; /* owned; sorted, each one once */
        size_t problem_count, problem_capacity;
        struct report report; /* for the checks */
};

/* Look at these files and directories, or where the generator looks where there are none. Fails
 * only where a path is not there or no container file: all else is a problem. options is copied. */
int check_run(struct check *check, const struct check_options *options, size_t count,
              char *const *paths, struct error *err);
void check_free(struct check *check);
#define AUTO_CHECK CLEANUP(check_free)

/* "error", "warning" or "info". */
const char *check_level_name(enum report_level level);

/* The checks; each looks at all units and reports. */
void check_names(struct check *check);
void check_releases(struct check *check);
void check_commands(struct check *check);
void check_images(struct check *check);
void check_subids(struct check *check);
void check_ports(struct check *check);
/* Of a unit whose command is `volume create`. */
void check_volume(struct check *check, const struct check_unit *unit);
void check_cycles(struct check *check);
void check_with_systemd(struct check *check);

/* A problem of a unit; place may be nowhere, and is its whole file then. */
void check_report(struct check *check, const struct check_unit *unit, enum report_level level,
                  struct error_place place, const char *format, ...) PRINTF_LIKE(5, 6);

/* Whether the unit is among what was asked for. */
bool check_is_wanted(const struct check *check, const struct check_unit *unit);

/* Whether a line has an error already, so that what follows from it need not be said. */
bool check_has_error(const struct check *check, struct error_place place);

/* How many errors its file has so far. */
size_t check_count_errors(const struct check *check, const struct check_unit *unit);

/* The value of an option that begins at words[index], or NULL where it is another option or has
 * none. Borrowed. */
const char *check_option_value(const struct strv *words, size_t index, const char *name,
                               char letter);

/* Where an option of the unit's command comes from: PodmanArgs=, or the key that becomes it.
 * Nowhere where that is not known. ret_key may be NULL; *ret_key is the key's row or NULL. */
struct error_place check_option_place(const struct check_unit *unit, const char *word,
                                      const char *value, const struct unit_key **ret_key);

/* What is wrong with an option of the unit's command, which begins at words[index] and has so many
 * words. code: of the error, or 0. */
void check_report_option(struct check *check, const struct check_unit *unit, size_t index,
                         size_t count, enum report_level level, int code, const char *text);

/* What an option of `crunit run` names, which begins at words[index] and has so many words, and
 * this machine has not. */
void check_presence(struct check *check, const struct check_unit *unit, size_t index, size_t count,
                    const char *option, const char *value);

/* Of a unit whose command is `network create`. */
void check_network(struct check *check, const struct check_unit *unit);

/* Of a pod's unit: its `crunit pod create`. */
void check_pod_command(struct check *check, const struct check_unit *unit);

/* How many words an option of a table takes, 1 where the table does not have it. */
size_t check_count_words(const struct option_row *table, const char *word);

/* systemd would expand something in it. */
bool check_is_open(const char *text);
