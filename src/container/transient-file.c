/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transient-file.h"

#include "../base/io.h"
#include "../unit/words.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define FILE_DIRECTORY "/run/systemd/transient"

enum {
        FILE_MAX = 16 * 1024 * 1024
};

/* Where the lines of a command begin, first or last; each has an empty one in front. */
static const char *file_find(const char *text, const char *name, bool last)
{
        AUTO_FREE char *plain = str_format("\n%s=\n", name);
        AUTO_FREE char *extended = str_format("\n%sEx=\n", name);
        const char *found = NULL;

        for (const char *at = text; (at = strchr(at, '\n')) && (last || !found); at++)
                if (str_has_prefix(at, plain) || str_has_prefix(at, extended))
                        found = at + 1;
        return found;
}

/* The line behind `count` others. */
static const char *file_skip_lines(const char *text, int count)
{
        for (; count && *text; count--)
                text += strcspn(text, "\n") + (strchr(text, '\n') != NULL);
        return text;
}

/* ":" keeps systemd from looking for variables. */
static void file_add_command(struct strbuf *text, const char *name, const struct strv *words)
{
        AUTO_STRBUF struct strbuf line = { 0 };

        for (size_t i = 0; i < words->count; i++) {
                AUTO_FREE char *word = str_substitute(words->items[i], "%", "%%");

                words_add(&line, word);
        }
        strbuf_appendf(text, "%s=\n%s=:%s\n", name, name, line.data);
}

/* Our own words stand in the start only: what they hold ends in front of the last stop. */
char *transient_file_rewrite(const char *text, const struct strv *start, const struct strv *stop)
{
        AUTO_STRBUF struct strbuf mended = { 0 };
        const char *first = file_find(text, "ExecStart", false);
        const char *last = file_find(text, "ExecStop", true);

        if (!first || !last || last < first)
                return NULL;
        strbuf_append_n(&mended, text, (size_t)(first - text));
        file_add_command(&mended, "ExecStart", start);
        file_add_command(&mended, "ExecStop", stop);
        strbuf_append(&mended, file_skip_lines(last, 2));
        return strbuf_steal(&mended);
}

static int file_replace(int directory, const char *unit, const char *text, const struct stat *old,
                        struct error *err)
{
        AUTO_FREE char *aside = str_format("%s.crunit", unit);
        const struct timespec times[2] = { old->st_mtim, old->st_mtim };

        if (io_write_file(directory, aside, text, strlen(text), old->st_mode & 0777, IO_NO_SYNC,
                          err) < 0)
                return -1;
        if (utimensat(directory, aside, times, 0) == 0 &&
            renameat(directory, aside, directory, unit) == 0)
                return 0;
        error_errno(err, errno, "cannot replace %s/%s", FILE_DIRECTORY, unit);
        unlinkat(directory, aside, 0);
        return -1;
}

int transient_file_mend(const char *unit, const struct strv *start, const struct strv *stop,
                        struct error *err)
{
        AUTO_CLOSE int directory = open(FILE_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        AUTO_FREE char *text = NULL;
        AUTO_FREE char *mended = NULL;
        struct stat st;

        if (directory < 0 || fstatat(directory, unit, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return error_errno(err, errno, "cannot find %s/%s", FILE_DIRECTORY, unit);
        if (io_read_file(directory, unit, FILE_MAX, &text, NULL, err) < 0)
                return -1;
        mended = transient_file_rewrite(text, start, stop);
        if (!mended)
                return error_set(err, EBADMSG, "%s/%s has no commands", FILE_DIRECTORY, unit);
        return file_replace(directory, unit, mended, &st, err);
}
