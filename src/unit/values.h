/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The values of one key of a container file, read as its kind says, each with the line it comes
 * from. */
#pragma once

#include "keys.h"
#include "reader.h"

struct value {
        const char *text;             /* a KEY_BOOL is "true" or "false" */
        char *owned;                  /* text itself, or NULL where it is borrowed from the line */
        const struct unit_line *line; /* borrowed */
};

enum {
        VALUES_FEW = 2
};

/* Start with { 0 }; not to be copied. */
struct values {
        struct value *items; /* few, or owned */
        size_t count;
        size_t capacity;
        struct value few[VALUES_FEW]; /* most keys have one value: no memory to get for it */
};

/* All values of the key in its section (err is not NULL); rows were bound to the lines by
 * keys_check(). After a failure there are none. */
int values_read(const struct unit_section *section, const struct unit_key *row, struct values *ret,
                struct report *report, struct error *err);
/* The same by name; leaves ret alone where the key is absent. */
static inline int values_read_key(const struct unit_file *file, const char *section,
                                  const char *key, struct values *ret, struct report *report,
                                  struct error *err)
{
        const struct unit_line *line = unit_last(file, section, key);

        return line && line->row
                       ? values_read(unit_section(file, section), line->row, ret, report, err)
                       : 0;
}

/* Add one more; text is borrowed, or NULL and owned is it. */
void values_add(struct values *values, const char *text, char *owned, const struct unit_line *line);
void values_free_items(struct values *values);
static inline void values_free(struct values *values)
{
        if (values->capacity)
                values_free_items(values);
}
#define AUTO_VALUES CLEANUP(values_free)

/* The single value of a key that takes one, or NULL. Reports nothing: errors come when the
 * key itself is translated. Owned. */
char *value_copy(const char *text);
static inline char *value_read(const struct unit_file *file, const char *section, const char *key)
{
        const char *text = unit_last_value(file, section, key);

        return text ? value_copy(text) : NULL;
}

/* systemd's booleans; anything else is neither, and false is returned. Empty is false, as Podman
 * has it. */
bool value_parse_bool(const char *text, bool *ret);

/* The same for a KEY_BOOL. */
static inline bool value_read_bool(const struct unit_file *file, const char *section,
                                   const char *key, bool absent)
{
        const struct unit_line *line = unit_last(file, section, key);
        bool truth = absent;

        if (line)
                value_parse_bool(line->value, &truth);
        return truth;
}
