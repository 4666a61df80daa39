/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd.h"

#include "../base/log.h"
#include "../base/settings.h"
#include "../base/str.h"
#include "complete.h"
#include "global.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* "volume ls" is of the group "volume"; all are of none. */
static bool cmd_is_of(const struct cmd *cmd, const char *group_or_null)
{
        const char *rest = group_or_null ? str_after(cmd->name, group_or_null) : " ";

        return rest && *rest == ' ' && cmd->help;
}

static void cmd_print_rows(const struct cmd *table, const char *group_or_null, FILE *out)
{
        size_t width = 0;

        for (const struct cmd *cmd = table; cmd->name; cmd++)
                if (cmd_is_of(cmd, group_or_null) && strlen(cmd->name) > width)
                        width = strlen(cmd->name);
        for (const struct cmd *cmd = table; cmd->name; cmd++)
                if (cmd_is_of(cmd, group_or_null))
                        fprintf(out, "  %-*s  %s\n", (int)width, cmd->name, cmd->help);
}

static void cmd_print_commands(const char *program, const struct cmd *table, FILE *out)
{
        fprintf(out, "usage: %s [OPTIONS] COMMAND [OPTIONS] [ARGUMENTS]\n\nCommands:\n", program);
        cmd_print_rows(table, NULL, out);
        fprintf(out,
                "\n`%s COMMAND --help` tells more of a command, crunit(1) of all.\n\n"
                "Options, in front of the command (also --help, --version):\n",
                program);
        option_print_help(global_options, out);
}

void cmd_print_help(const char *program, const struct cmd *cmd, FILE *out)
{
        fprintf(out, "usage: %s %s %s\n", program, cmd->name, cmd->arguments);
        if (cmd->help)
                fprintf(out, "\n%s.\n", cmd->help);
        if (cmd->options && cmd->options->name) {
                fputs("\nOptions:\n", out);
                option_print_help(cmd->options, out);
        }
}

/* The commands and their options as a part of crunit(1), in mdoc(7); `make update-man` puts it
 * there. */
static void cmd_print_mdoc(const struct cmd *table)
{
        for (; table->name; table++) {
                const struct option_row *option = table->options;

                if (!table->help || table->program)
                        continue;
                printf(".It Cm %s Ar %s\n%s.\n", table->name, table->arguments, table->help);
                if (!option || !option->name)
                        continue;
                printf(".Bl -tag -width Ds -compact\n");
                for (; option->name; option++) {
                        if (!option->help)
                                continue;
                        printf(".It ");
                        if (option->letter)
                                printf("Fl %c , ", option->letter);
                        printf("Fl -%s%s%s\n%s.\n", option->name, option->argument ? " Ar " : "",
                               option->argument ? option->argument : "", option->help);
                }
                printf(".El\n");
        }
}

/* How many words of argv name this command: 0 where it is another one. */
static int cmd_matches(const struct cmd *cmd, int argc, char **argv)
{
        const char *rest = cmd->name;
        int words = 0;

        for (; words < argc; words++) {
                size_t length = strcspn(rest, " ");

                if (strncmp(argv[words], rest, length) != 0 || argv[words][length])
                        return 0;
                if (!rest[length])
                        return words + 1;
                rest += length + 1;
        }
        return 0;
}

/* The longest match wins, so that "image inspect" goes before "image". */
static const struct cmd *cmd_find(const struct cmd *table, int argc, char **argv, int *ret_words)
{
        const struct cmd *found = NULL;

        *ret_words = 0;
        for (; table->name; table++) {
                int words = cmd_matches(table, argc, argv);

                if (words > *ret_words) {
                        *ret_words = words;
                        found = table;
                }
        }
        return found;
}

static bool cmd_is_group(const struct cmd *table, const char *word)
{
        while (table->name && !cmd_is_of(table, word))
                table++;
        return table->name;
}

static void cmd_print_group(const char *program, const struct cmd *table, const char *group,
                            FILE *out)
{
        fprintf(out, "usage: %s %s COMMAND [OPTIONS] [ARGUMENTS]\n\nCommands:\n", program, group);
        cmd_print_rows(table, group, out);
}

/* The first words of the commands that --help shows, or their second ones in a group. */
static void cmd_list_words(const struct cmd *table, const char *group_or_null, struct strv *ret)
{
        for (; table->name; table++) {
                const char *word =
                        group_or_null ? table->name + strlen(group_or_null) + 1 : table->name;

                if (table->help && cmd_is_of(table, group_or_null))
                        strv_append_owned(ret, str_dupn(word, strcspn(word, " ")));
        }
}

static int cmd_unknown(const char *program, const struct cmd *table, const char *group_or_null,
                       const char *word)
{
        AUTO_STRV struct strv words = { 0 };
        const char *nearest, *group = group_or_null ? group_or_null : "";
        const char *blank = group_or_null ? " " : "";

        cmd_list_words(table, group_or_null, &words);
        nearest = words.count ? str_nearest(word, (const char *const *)words.items) : NULL;
        if (nearest)
                log_error("unknown command '%s%s%s', did you mean '%s%s%s'?", group, blank, word,
                          group, blank, nearest);
        else
                log_error("unknown command '%s%s%s', see %s%s%s --help", group, blank, word,
                          program, blank, group);
        return CMD_USAGE;
}

static bool cmd_is_help(const char *word)
{
        return str_equal(word, "--help") || str_equal(word, "-h") || str_equal(word, "help");
}

/* argv[0] begins the names of several. */
static int cmd_group(const char *program, const struct cmd *table, int argc, char **argv)
{
        if (argc == 1) {
                cmd_print_group(program, table, argv[0], stderr);
                return CMD_USAGE;
        }
        if (cmd_is_help(argv[1])) {
                cmd_print_group(program, table, argv[0], stdout);
                return EXIT_SUCCESS;
        }
        return cmd_unknown(program, table, argv[0], argv[1]);
}

static int cmd_execute_program(const struct cmd *cmd, int argc, char **argv)
{
        const char *directory = getenv("CRUNIT_LIBEXECDIR");
        AUTO_FREE char *path =
                str_format("%s/%s", directory ? directory : LIBEXECDIR, cmd->program);

        (void)argc;
        argv[0] = path;
        execv(path, argv);
        log_error("cannot execute %s: %s", path, strerror(errno));
        return CMD_USAGE;
}

/* For the shells: argv[2…] is the command line so far. A program of its own knows its options. */
static int cmd_complete(const struct cmd *table, int argc, char **argv)
{
        const struct cmd *cmd = complete_command(table, argc - 2, argv + 2);

        if (cmd && cmd->program)
                return cmd_execute_program(cmd, argc, argv);
        complete_print(table, argc - 2, argv + 2, stdout);
        return EXIT_SUCCESS;
}

int cmd_removal_failure(const struct error *err)
{
        int status = log_failure(err);

        return err->code == ENOENT ? CMD_MISSING : err->code == EBUSY ? CMD_IN_USE : status;
}

int cmd_each(char *const *names, size_t count, cmd_each_function *function, void *context,
             int (*failure)(const struct error *err))
{
        int status = EXIT_SUCCESS;

        for (size_t i = 0; i < count; i++) {
                AUTO_ERROR struct error err = { 0 };
                int failed;

                if (function(names[i], context, &err) == 0)
                        continue;
                failed = failure(&err);
                if (failed > status)
                        status = failed;
        }
        return status;
}

/* What is asked for in place of a command, by an option or a word; false: nothing is. */
static bool cmd_answer(const char *program, const struct cmd *table,
                       const struct global_question *question, const char *word_or_null)
{
        if (question->help || str_equal(word_or_null, "help"))
                cmd_print_commands(program, table, stdout);
        else if (question->version)
                printf("%s version %s\n", program, PACKAGE_VERSION);
        else if (str_equal(word_or_null, "--mdoc"))
                cmd_print_mdoc(table);
        else if (str_equal(word_or_null, "--mdoc-settings"))
                settings_print_mdoc(stdout);
        else
                return false;
        return true;
}

int cmd_main(const char *program, const struct cmd *table, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        struct global_question question = { false };
        const struct cmd *cmd;
        int words, first;

        if (cmd_answer(program, table, &question, argc > 1 ? argv[1] : NULL))
                return EXIT_SUCCESS;
        if (argc > 1 && str_equal(argv[1], "__complete"))
                return cmd_complete(table, argc, argv);
        if (global_parse(argc, argv, &question, &first, &err) < 0)
                return log_failure(&err);
        if (cmd_answer(program, table, &question, first < argc ? argv[first] : NULL))
                return EXIT_SUCCESS;
        if (first >= argc) {
                cmd_print_commands(program, table, stderr);
                return CMD_USAGE;
        }
        argc -= first - 1;
        argv += first - 1;
        cmd = cmd_find(table, argc - 1, argv + 1, &words);
        if (!cmd)
                return cmd_is_group(table, argv[1]) ? cmd_group(program, table, argc - 1, argv + 1)
                                                    : cmd_unknown(program, table, NULL, argv[1]);
        if (cmd->program)
                return cmd_execute_program(cmd, argc, argv);
        return cmd->run(cmd, argc - words, argv + words);
}

static bool cmd_wants_help(bool stop_early, int argc, char **argv)
{
        for (int i = 1; i < argc; i++) {
                if (str_equal(argv[i], "--help"))
                        return true;
                if (str_equal(argv[i], "--") || (stop_early && argv[i][0] != '-'))
                        break;
        }
        return false;
}

bool cmd_options(const struct cmd *cmd, bool stop_early, int argc, char **argv, void *context,
                 int least, int most, int *ret_first, int *ret_status)
{
        static const struct option_row none[] = { { .name = NULL } };
        AUTO_ERROR struct error err = { 0 };
        int first;

        if (cmd_wants_help(stop_early, argc, argv)) {
                cmd_print_help(program_invocation_short_name, cmd, stdout);
                *ret_status = EXIT_SUCCESS;
                return false;
        }
        *ret_status = CMD_USAGE;
        if (option_parse(cmd->options ? cmd->options : none, stop_early, argc, argv, context,
                         &first, &err) < 0) {
                log_error("%s: %s", cmd->name, err.message);
                return false;
        }
        if (argc - first < least || (most >= 0 && argc - first > most)) {
                log_error("usage: %s %s %s", program_invocation_short_name, cmd->name,
                          cmd->arguments);
                return false;
        }
        *ret_first = first;
        return true;
}

int cmd_load_settings(struct settings *ret, struct error *err)
{
        if (settings_load(ret, err) < 0)
                return -1;
        for (size_t i = 0; i < ret->warnings.count; i++)
                log_warning("%s", ret->warnings.items[i]);
        return 0;
}
