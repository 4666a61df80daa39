/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which containers a command is about: the names on its command line, or those that --all,
 * --latest, --filter and --cidfile choose, with podman's rules for what goes together. Put a
 * `struct choice` into the command's request and CHOICE_ROWS() into its table.
 */
#pragma once

#include "../base/option.h"
#include "../base/str.h"

#include <stddef.h>

struct choice {
        bool all, latest;
        struct strv filters;  /* owned; as those of ps */
        struct strv cidfiles; /* owned; paths */
};

void choice_free(struct choice *choice);

/* What is chosen from, where no names are given. */
enum choice_scope {
        CHOICE_LIVING,
        CHOICE_RUNNING, /* living, and not paused */
        CHOICE_PAUSED,
        CHOICE_KNOWN, /* also those that have ended and left something */
};

/*
 * The chosen names, once each; names in words (NULL-terminated) are taken as they are, and that
 * nothing passes a filter is no error. forgiving: nor is a --cidfile that is not there. False: it
 * was said what is wrong, and the command returns *ret_status.
 */
bool choice_names(const struct choice *choice, const char *command, char *const *words,
                  enum choice_scope scope, bool forgiving, struct strv *ret, int *ret_status);

/* The living container that was made last; owned. NULL with ENOENT where there is none. */
char *choice_latest(struct error *err);

/* The letters of --all and --filter: 'a' and 'f', or 0 where they mean something else. */
#define CHOICE_ROWS(type, member, filter_letter) CHOICE_ROWS_BY(type, member, 'a', filter_letter)
#define CHOICE_ROWS_BY(type, member, all_letter, filter_letter)                                    \
        { .name = "all",                                                                           \
          .letter = (all_letter),                                                                  \
          .kind = OPTION_FLAG,                                                                     \
          .help = "all of them, instead of names",                                                 \
          .take = option_take_bool,                                                                \
          .field = offsetof(type, member.all) },                                                   \
                { .name = "latest",                                                                \
                  .letter = 'l',                                                                   \
                  .kind = OPTION_FLAG,                                                             \
                  .help = "the one made last, instead of a name",                                  \
                  .take = option_take_bool,                                                        \
                  .field = offsetof(type, member.latest) },                                        \
                { .name = "filter",                                                                \
                  .letter = (filter_letter),                                                       \
                  .argument = "KEY=VALUE",                                                         \
                  .help = "those that pass, instead of names; KEY as for ps",                      \
                  .take = option_take_list,                                                        \
                  .field = offsetof(type, member.filters) },                                       \
        {                                                                                          \
                .name = "cidfile", .argument = "FILE",                                             \
                .help = "the one whose id is in there (run --cidfile)", .take = option_take_list,  \
                .field = offsetof(type, member.cidfiles)                                           \
        }
