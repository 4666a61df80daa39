/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Options in front of the command, which mean the same for all of them (GlobalArgs= of container
 * files). What they say goes into the environment, where the settings look first and where the
 * programs we execute find it too.
 */
#pragma once

#include "../base/option.h"

extern const struct option_row global_options[];

/* What is asked for in place of a command. */
struct global_question {
        bool help, version;
};

/* Parse argv[1…] up to the first word that is no option; that is argv[*ret_first]. */
int global_parse(int argc, char **argv, struct global_question *ret, int *ret_first,
                 struct error *err);
