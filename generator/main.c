/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The systemd generator (systemd.generator(7)): container files in, units out. It runs at every
 * boot and every daemon-reload, before anything else, and so links nothing but libc, does little,
 * and never lets one bad file cost another. Options and exit status are those of Podman's
 * generator: 0, or 1 where something could not be done; all that could be done is done.
 */
#include "../src/base/io.h"
#include "../src/base/journal.h"
#include "../src/base/option.h"
#include "../src/base/printable.h"
#include "../src/base/str.h"
#include "../src/unit/keys.h"
#include "../src/unit/search.h"
#include "maker.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
        LOG_RECORD_MAX = 960 /* bytes, a little less than any kernel takes: 976 (Linux 6.1) */
};

struct generator {
        bool dry_run, no_kmsg, is_user, verbose, version, list_keys, mdoc, help;
        char *root;         /* owned; --root */
        const char *name;   /* our own, borrowed from argv */
        const char *output; /* borrowed from argv; NULL with dry_run */
        int log_fd;         /* where messages go; -1 until the first one */
        struct report report;
};

static const struct option_row options[] = {
        { "dryrun", 0, OPTION_FLAG, NULL, "print the units instead of writing them",
          option_take_bool, offsetof(struct generator, dry_run) },
        { "user", 0, OPTION_FLAG, NULL, "make units for a user's own systemd", option_take_bool,
          offsetof(struct generator, is_user) },
        { "no-kmsg-log", 0, OPTION_FLAG, NULL, "write messages to stderr", option_take_bool,
          offsetof(struct generator, no_kmsg) },
        { "verbose", 'v', OPTION_FLAG, NULL, "say what is read and written", option_take_bool,
          offsetof(struct generator, verbose) },
        { "root", 0, OPTION_VALUE, "DIR", "read the container files of the system below DIR",
          option_take_string, offsetof(struct generator, root) },
        { "list-keys", 0, OPTION_FLAG, NULL,
          "print all keys: section, key, kind, option, Podman release, meaning", option_take_bool,
          offsetof(struct generator, list_keys) },
        { "mdoc", 0, OPTION_FLAG, NULL, "with --list-keys: as a part of crunit.container(5)",
          option_take_bool, offsetof(struct generator, mdoc) },
        { "version", 0, OPTION_FLAG, NULL, "print the version", option_take_bool,
          offsetof(struct generator, version) },
        { "help", 'h', OPTION_FLAG, NULL, "print this", option_take_bool,
          offsetof(struct generator, help) },
        /* with two dashes as well, as all others */
        { "v", 0, OPTION_FLAG, NULL, NULL, option_take_bool, offsetof(struct generator, verbose) },
        { "h", 0, OPTION_FLAG, NULL, NULL, option_take_bool, offsetof(struct generator, help) },
        { .name = NULL },
};

static int open_log(const struct generator *generator)
{
        int fd = -1;

        if (!generator->dry_run && !generator->no_kmsg)
                fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY);
        return fd < 0 ? STDERR_FILENO : fd;
}

/* A machine without /dev/kmsg is a container, whose systemd throws away what a generator writes to
 * stderr. */
static void log_to_journal(const char *text, unsigned priority)
{
        AUTO_STRV struct strv fields = { 0 };

        strv_appendf(&fields, "MESSAGE=%s", text);
        strv_appendf(&fields, "PRIORITY=%u", priority);
        strv_append(&fields, "SYSLOG_IDENTIFIER=crunit-generator");
        journal_send(&fields);
}

/* What is too long for a record the kernel refuses whole. */
static void cut_record(char *line)
{
        static const char end[] = "…\n";

        if (strlen(line) > LOG_RECORD_MAX)
                memcpy(line + str_utf8_valid(line, LOG_RECORD_MAX - sizeof end + 1), end,
                       sizeof end);
}

/* One write is one record in the kernel's buffer; there, a priority (facility daemon) goes in
 * front. */
static void log_line(void *context, const struct report_message *message)
{
        static const unsigned priorities[] = {
                [REPORT_DETAIL] = 30, [REPORT_INFO] = 30, [REPORT_WARNING] = 28, [REPORT_ERROR] = 27
        };
        struct generator *generator = context;
        AUTO_FREE char *text = report_line(message);
        AUTO_FREE char *line = NULL;

        /* Values may hold anything; a message stays one line. */
        printable_mask(text, "");
        if (generator->log_fd < 0)
                generator->log_fd = open_log(generator);
        if (generator->log_fd == STDERR_FILENO && !generator->dry_run && !generator->no_kmsg)
                log_to_journal(text, priorities[message->level] & 7);
        if (generator->log_fd == STDERR_FILENO)
                line = str_format("crunit-generator[%d]: %s\n", getpid(), text);
        else
                line = str_format("<%u>crunit-generator[%d]: %s\n", priorities[message->level],
                                  getpid(), text);
        if (generator->log_fd != STDERR_FILENO)
                cut_record(line);
        io_write_all(generator->log_fd, line, strlen(line));
}

static int run(struct generator *generator)
{
        AUTO_SEARCH struct search search = { 0 };
        AUTO_OUTPUT struct output output = { .dirfd = -1 };
        AUTO_ERROR struct error err = { 0 };
        struct maker maker = {
                .name = generator->name,
                .is_user = generator->is_user,
                .output = generator->dry_run ? NULL : &output,
                .directory = generator->output,
        };

        search_run(&search, generator->root ? generator->root : "", generator->is_user,
                   getenv("QUADLET_UNIT_DIRS"), &generator->report);
        if (!search.count)
                report_detail(&generator->report, "no container files found");
        else if (!generator->dry_run && output_open(&output, generator->output, &err) < 0)
                report_failure(&generator->report, &err);
        else
                maker_run(&maker, &search, &generator->report);
        if (generator->report.errors)
                report_error(&generator->report, "processing encountered some errors");
        return generator->report.errors ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Podman's generator takes its options with one dash or two. Owned copies, kept in words. */
static void double_dashes(int argc, char **argv, struct strv *words)
{
        for (int i = 1; i < argc; i++) {
                if (argv[i][0] != '-' || argv[i][1] == '-' || !argv[i][1] || !argv[i][2])
                        continue;
                strv_appendf(words, "-%s", argv[i]);
                argv[i] = words->items[words->count - 1];
        }
}

static void print_help(void)
{
        puts("Usage: crunit-generator [OPTIONS] DIRECTORY [EARLY LATE]\n\n"
             "Makes systemd units from container files (podman-systemd.unit(5)).\n\nOptions:");
        option_print_help(options, stdout);
}

/* True: go on. False: *ret_status is the exit status. */
static bool read_arguments(struct generator *generator, int argc, char **argv, int *ret_status)
{
        AUTO_ERROR struct error err = { 0 };
        int first;

        *ret_status = EXIT_SUCCESS;
        if (option_parse(options, false, argc, argv, generator, &first, &err) < 0) {
                fprintf(stderr, "crunit-generator: %s\n", err.message);
                *ret_status = EXIT_FAILURE;
                return false;
        }
        if (generator->help)
                print_help();
        else if (generator->version)
                puts("crunit-generator " PACKAGE_VERSION);
        else if (generator->list_keys && generator->mdoc)
                *ret_status = keys_list_mdoc(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
        else if (generator->list_keys)
                keys_list(stdout);
        if (generator->help || generator->version || generator->list_keys)
                return false;
        generator->output = first < argc ? argv[first] : NULL;
        generator->report.details = generator->verbose || generator->dry_run;
        if (generator->output || generator->dry_run)
                return true;
        report_error(&generator->report, "no directory to write to was given");
        *ret_status = EXIT_FAILURE;
        return false;
}

int main(int argc, char **argv)
{
        AUTO_STRV struct strv words = { 0 };
        const char *slash = argc ? strrchr(argv[0], '/') : NULL;
        struct generator generator = { .log_fd = -1 };
        int status;

        if (argc < 1)
                return EXIT_FAILURE;
        umask(022);
        generator.name = argv[0];
        generator.is_user = strstr(slash ? slash + 1 : argv[0], "user") != NULL;
        generator.report = (struct report){ .take = log_line, .context = &generator };
        double_dashes(argc, argv, &words);
        if (read_arguments(&generator, argc, argv, &status))
                status = run(&generator);
        free(generator.root);
        return status;
}
