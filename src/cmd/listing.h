/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What lists of things have in common. */
#pragma once

#include "../base/str.h"

#include <json-c/json.h>
#include <stdint.h>

/* "5 minutes", as the podman commands put it; owned by the caller. */
char *listing_duration(int64_t seconds);

/* Seconds since the epoch of an RFC 3339 time; 0 where it is none. */
int64_t listing_time(const char *rfc3339);

/* "5 minutes ago" since an RFC 3339 time, "unknown" where it is none; owned by the caller. */
char *listing_age(const char *rfc3339);

/* "12.3 MB", in powers of 1000; owned by the caller. */
char *listing_size(uint64_t bytes);

/* One table: rows of cells, columns as wide as their widest cell, two blanks between them. Control
 * characters in the cells become `?`. */
void listing_print(const struct strv *rows, size_t row_count, size_t columns);

/* The same of objects: a line for each, with what its members are as text. */
struct listing_column {
        const char *title, *member;
};

void listing_print_objects(struct json_object *list, const struct listing_column *columns,
                           size_t column_count, bool no_heading);

/*
 * The rows that lists have in common, for a request with the members filters (struct strv), format
 * (char *), no_heading and quiet (bool). kinds, shown and ids are help: what filters there are,
 * what a template looks like, and what alone --quiet prints. With format.h.
 */
#define LISTING_ROWS(type, kinds, shown, ids)                                                      \
        { .name = "filter",                                                                        \
          .letter = 'f',                                                                           \
          .argument = "NAME=VALUE",                                                                \
          .help = "only those: " kinds,                                                            \
          .take = option_take_list,                                                                \
          .field = offsetof(type, filters) },                                                      \
                { .name = "format",                                                                \
                  .argument = "FORMAT",                                                            \
                  .help = "table, json, or a template such as '" shown "'",                        \
                  .take = format_take,                                                             \
                  .field = offsetof(type, format) },                                               \
                { .name = "noheading",                                                             \
                  .letter = 'n',                                                                   \
                  .kind = OPTION_FLAG,                                                             \
                  .help = "no line of titles",                                                     \
                  .take = option_take_bool,                                                        \
                  .field = offsetof(type, no_heading) },                                           \
        {                                                                                          \
                .name = "quiet", .letter = 'q', .kind = OPTION_FLAG, .help = ids " only",          \
                .take = option_take_bool, .field = offsetof(type, quiet)                           \
        }
