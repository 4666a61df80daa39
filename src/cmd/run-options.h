/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The options of `crunit run`: the names and values of podman-run(1), into a spec. What cannot be
 * run yet is taken in all the same, and refused by spec_check_supported() with a message that names
 * it.
 */
#pragma once

#include "../base/option.h"
#include "../container/spec.h"

/* For the command's table: --help and completion. The context of every row is a container_spec. */
extern const struct option_row run_options[];

/* Take in what stands behind the options (IMAGE or the root directory, then arguments), and check
 * what concerns several options at once. words[0] is the first of count words. */
int run_options_finish(struct container_spec *spec, int count, char **words, struct error *err);

/* Sources of mounts that are relative are in that directory; NULL: where we were called. */
int run_options_make_absolute(struct container_spec *spec, const char *directory,
                              struct error *err);

/* Both in one: argv[0] is not looked at. spec must have been through spec_init(). */
int run_options_parse(int argc, char **argv, struct container_spec *spec, struct error *err);
