/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `systemd-analyze verify` says of the units, at the lines of the files they were made of. */
#include "check.h"

#include "../base/io.h"
#include "../base/spawn.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct verification {
        struct check *check; /* borrowed */
        char *directory;     /* owned; with the units */
        struct strv words;   /* the command line */
        bool any;            /* there is a unit */
};

static void verification_free(struct verification *verification)
{
        if (verification->directory)
                io_remove_tree(AT_FDCWD, verification->directory, NULL);
        free(verification->directory);
        strv_free(&verification->words);
}

static int make_directory(struct verification *verification, struct error *err)
{
        const char *tmp = getenv("TMPDIR");
        char *path = str_concat(str_empty(tmp) ? "/tmp" : tmp, "/crunit-check-XXXXXX");

        if (!mkdtemp(path)) {
                error_errno(err, errno, "cannot make a directory %s", path);
                free(path);
                return -1;
        }
        verification->directory = path;
        return 0;
}

static int write_units(struct verification *verification, struct error *err)
{
        const struct check *check = verification->check;

        for (size_t i = 0; i < check->count; i++) {
                AUTO_STRBUF struct strbuf text = { 0 };
                AUTO_FREE char *path = NULL;

                if (!check->units[i].source->usable)
                        continue;
                unit_write(&check->units[i].file, &text);
                path = str_concat(verification->directory, "/", check->units[i].source->service);
                if (io_write_file(AT_FDCWD, path, text.data, text.length, 0600, IO_NO_SYNC, err) <
                    0)
                        return -1;
                strv_append(&verification->words, path);
                verification->any = true;
        }
        return 0;
}

static int run_analyze(const struct verification *verification, char **ret_output,
                       struct error *err)
{
        AUTO_STRV struct strv environment = { 0 };

        /* The empty end of the path is for the usual directories. */
        strv_appendf(&environment, "SYSTEMD_UNIT_PATH=%s:", verification->directory);
        strv_append(&environment, "SYSTEMD_LOG_LEVEL=warning");
        strv_append(&environment, "SYSTEMD_LOG_TARGET=console");
        strv_append(&environment, "SYSTEMD_COLORS=0");
        return spawn_run(&verification->words, &environment, SPAWN_BOTH, ret_output, err);
}

/* The line of the container file that became this line of the unit; nowhere for lines of ours. */
static struct error_place place_of(const struct check_unit *unit, unsigned long number)
{
        const struct unit_file *file = &unit->file;
        unsigned long at = file->comments.count;

        for (size_t i = 0; i < file->count; i++) {
                const struct unit_section *section = &file->sections[i];

                at += section->head.count + (i && !section->head.count) + 1;
                if (number > at && number <= at + section->lines.count)
                        return unit_value_place(&section->lines.items[number - at - 1]);
                at += section->lines.count;
        }
        return (struct error_place){ 0 };
}

static const struct check_unit *find_unit(const struct check *check, const char *service,
                                          size_t length)
{
        for (size_t i = 0; i < check->count; i++)
                if (check->units[i].source->usable &&
                    strlen(check->units[i].source->service) == length &&
                    strncmp(check->units[i].source->service, service, length) == 0)
                        return &check->units[i];
        return NULL;
}

/* "DIRECTORY/NAME.service:LINE: text" or "NAME.service: text". Unknown names have been reported
 * already, and of our own program only this machine can say whether it is there. */
static void report_said(const struct verification *verification, const char *line)
{
        struct check *check = verification->check;
        const char *rest = str_after(line, verification->directory);
        const char *service = rest ? rest + 1 : line;
        size_t length = strcspn(service, ":");
        const struct check_unit *unit = find_unit(check, service, length);
        unsigned long number = 0;
        char *end;

        if (!unit || !service[length])
                return;
        rest = service + length + 1;
        number = strtoul(rest, &end, 10);
        if (number && *end == ':')
                rest = end + 1;
        rest += strspn(rest, " ");
        if (str_has_prefix(rest, "Unknown ") || strstr(rest, check->set.program))
                return;
        check_report(check, unit, strstr(rest, "ignoring") ? REPORT_WARNING : REPORT_ERROR,
                     place_of(unit, number), "systemd: %s", rest);
}

static int verify(struct verification *verification, struct error *err)
{
        AUTO_FREE char *output = NULL;
        AUTO_STRV struct strv lines = { 0 };
        int status;

        strv_append(&verification->words, "systemd-analyze");
        strv_append(&verification->words, "verify");
        strv_append(&verification->words, "--man=no");
        strv_append(&verification->words, "--recursive-errors=no");
        if (verification->check->options.is_user)
                strv_append(&verification->words, "--user");
        if (make_directory(verification, err) < 0 || write_units(verification, err) < 0)
                return -1;
        if (!verification->any)
                return 0;
        status = run_analyze(verification, &output, err);
        if (status < 0)
                return -1;
        if (status == SPAWN_NOT_FOUND)
                return error_set(err, ENOENT, "systemd-analyze is not installed");
        strv_split(&lines, output, "\n", false);
        for (size_t i = 0; i < lines.count; i++)
                report_said(verification, lines.items[i]);
        return 0;
}

void check_with_systemd(struct check *check)
{
        CLEANUP(verification_free) struct verification verification = { .check = check };
        AUTO_ERROR struct error err = { 0 };

        if (verify(&verification, &err) < 0)
                report_at(&check->report, REPORT_INFO, (struct error_place){ 0 },
                          "systemd was not asked: %s", err.message);
}
