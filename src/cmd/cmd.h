/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The subcommands of a program are one table: dispatch, usage, --help, argument counts, the man
 * page's list and the shells' completion come from it. A command gets its own argv (argv[0] is its
 * name) and returns the program's exit status.
 */
#pragma once

#include "../base/option.h"
#include "../base/settings.h"

struct cmd;

/* Exit statuses as podman has them: for a command line that makes no sense and for failures of our
 * own, and where something is to be removed. */
enum {
        CMD_MISSING = 1,
        CMD_IN_USE = 2,
        CMD_USAGE = 125,
        CMD_SIGNALLED = 128 /* + N: signal N ended it */
};

typedef int cmd_function(const struct cmd *cmd, int argc, char **argv);

struct cmd {
        const char
                *name; /* "run"; two words for a nested one: "image inspect"; NULL ends the table */
        const char *arguments; /* for usage: "[OPTIONS] IMAGE [COMMAND [ARG…]]" */
        const char *help;      /* one line */
        cmd_function *run;
        const struct option_row *options; /* or NULL */
        const char *program; /* execute this program of libexec instead of run, or NULL */
};

/* Find argv's command in the table and run it; handles --help, --version and typing errors. Returns
 * the exit status. */
int cmd_main(const char *program, const struct cmd *table, int argc, char **argv);

/* Print "usage: …" and the options of a command; for --help. */
void cmd_print_help(const char *program, const struct cmd *cmd, FILE *out);

/*
 * Parse a command's options. True: go on, the positional words are argv[*ret_first…], between least
 * and most of them (-1: no limit). False: something was printed (help, or what is wrong with the
 * command line), and the command returns *ret_status.
 */
bool cmd_options(const struct cmd *cmd, bool stop_early, int argc, char **argv, void *context,
                 int least, int most, int *ret_first, int *ret_status);

/* Say why something could not be removed. Returns the exit status, as podman has it: 1 where it is
 * not there, 2 where it is in use, 125 otherwise. */
int cmd_removal_failure(const struct error *err);

/* What a command does with one of its names. */
typedef int cmd_each_function(const char *name, void *context, struct error *err);

/*
 * Do it with each name, whatever becomes of the others. What fails is said by failure()
 * (log_failure() or cmd_removal_failure()), which returns its exit status; the highest of them is
 * the command's.
 */
int cmd_each(char *const *names, size_t count, cmd_each_function *function, void *context,
             int (*failure)(const struct error *err));

/* The settings; what is odd about them is said on standard error. */
int cmd_load_settings(struct settings *ret, struct error *err);
