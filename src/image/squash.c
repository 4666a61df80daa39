/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "squash.h"

#include "../base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

enum {
        SQUASH_SAID_MAX = 1 << 20
};

typedef void squash_arguments(const struct squash_options *options, const char *tree,
                              const char *file, struct strv *args);

static void squash_squashfs(const struct squash_options *options, const char *tree,
                            const char *file, struct strv *args)
{
        strv_append(args, tree);
        strv_append(args, file);
        strv_append(args, "-noappend");
        strv_append(args, "-no-progress");
        strv_append(args, "-quiet");
        strv_append(args, "-xattrs");
        strv_append(args, "-comp");
        strv_append(args, options->compression ? options->compression : "zstd");
        if (options->created > 0) {
                strv_append(args, "-mkfs-time");
                strv_appendf(args, "%lld", (long long)options->created);
        }
}

static void squash_erofs(const struct squash_options *options, const char *tree, const char *file,
                         struct strv *args)
{
        strv_append(args, "--quiet");
        strv_append(args, "--preserve-mtime");
        strv_appendf(args, "-z%s", options->compression ? options->compression : "lz4hc");
        strv_append(args, file);
        strv_append(args, tree);
}

static const struct squash_format {
        const char *name, *program, *package;
        squash_arguments *arguments;
} squash_formats[] = {
        { "squashfs", "mksquashfs", "squashfs-tools", squash_squashfs },
        { "erofs", "mkfs.erofs", "erofs-utils", squash_erofs },
};

static const struct squash_format *squash_find(const char *name)
{
        for (size_t i = 0; i < sizeof squash_formats / sizeof *squash_formats; i++)
                if (str_equal(squash_formats[i].name, name))
                        return squash_formats + i;
        return NULL;
}

static bool squash_is_installed(const char *program)
{
        const char *search = getenv("PATH");
        AUTO_STRV struct strv directories = { 0 };

        strv_split(&directories, search ? search : "/usr/sbin:/usr/bin:/sbin:/bin", ":", false);
        for (size_t i = 0; i < directories.count; i++) {
                AUTO_FREE char *path = str_format("%s/%s", directories.items[i], program);

                if (access(path, X_OK) == 0)
                        return true;
        }
        return false;
}

int squash_check(const struct squash_options *options, struct error *err)
{
        const struct squash_format *format = squash_find(options->format);

        if (!format)
                return error_set(err, EINVAL, "'%s' is not one of squashfs, erofs",
                                 options->format);
        if (!squash_is_installed(format->program))
                return error_set(err, ENOENT, "%s is not installed: it comes with %s",
                                 format->program, format->package);
        return 0;
}

static pid_t squash_spawn(const struct squash_format *format, struct strv *args, int said)
{
        pid_t parent = getpid(), pid = fork();

        if (pid != 0)
                return pid;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent || dup2(said, STDOUT_FILENO) < 0 || dup2(said, STDERR_FILENO) < 0)
                _exit(127);
        execvp(format->program, args->items);
        dprintf(STDERR_FILENO, "cannot execute %s: %s\n", format->program, strerror(errno));
        _exit(127);
}

/* What it says, to the end or until we are told to stop. */
static int squash_listen(int said, const struct squash_options *options, struct strbuf *text,
                         struct error *err)
{
        char piece[4096];

        for (;;) {
                ssize_t length = read(said, piece, sizeof piece);

                if (options->cancel && *options->cancel)
                        return error_set(err, EINTR, "interrupted");
                if (length < 0 && errno == EINTR)
                        continue;
                if (length < 0)
                        return error_errno(err, errno, "cannot wait for the program");
                if (length == 0)
                        return 0;
                for (ssize_t i = 0; i < length && text->length < SQUASH_SAID_MAX; i++)
                        strbuf_append_char(text, piece[i] == '\0' ? ' ' : piece[i]);
        }
}

static int squash_failed(const struct squash_format *format, const char *said, struct error *err)
{
        AUTO_STRV struct strv lines = { 0 };

        /* The reason comes first; behind it, help and what was undone. */
        strv_split(&lines, said, "\n", false);
        return error_set(err, EIO, "%s failed%s%s", format->program, lines.count ? ": " : "",
                         lines.count ? lines.items[0] : "");
}

int squash_tree(const char *tree, const char *file, const struct squash_options *options,
                struct error *err)
{
        const struct squash_format *format = squash_find(options->format);
        AUTO_STRBUF struct strbuf text = { 0 };
        AUTO_STRV struct strv args = { 0 };
        AUTO_CLOSE int said = -1;
        int ends[2], status = 0, result;
        pid_t pid;

        if (!format)
                return squash_check(options, err);
        strv_append(&args, format->program);
        format->arguments(options, tree, file, &args);
        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_errno(err, errno, "cannot make a pipe");
        said = ends[0];
        pid = squash_spawn(format, &args, ends[1]);
        close(ends[1]);
        if (pid < 0)
                return error_errno(err, errno, "cannot fork");
        result = squash_listen(said, options, &text, err);
        if (result < 0)
                kill(pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return error_errno(err, errno, "cannot wait for %s", format->program);
        if (result < 0)
                return -1;
        if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS)
                return 0;
        return squash_failed(format, text.data ? text.data : "", err);
}

int squash_count_acls(const char *tree, size_t *ret, struct error *err)
{
        AUTO_FREE char *path = str_dup(tree);
        char *paths[] = { path, NULL };
        FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_XDEV | FTS_NOSTAT, NULL);
        FTSENT *entry;
        size_t count = 0;

        if (!walk)
                return error_errno(err, errno, "cannot look through %s", tree);
        while ((entry = fts_read(walk)))
                if (entry->fts_info != FTS_DP &&
                    (lgetxattr(entry->fts_accpath, "system.posix_acl_access", NULL, 0) > 0 ||
                     lgetxattr(entry->fts_accpath, "system.posix_acl_default", NULL, 0) > 0))
                        count++;
        if (errno) {
                error_errno(err, errno, "cannot look through %s", tree);
                fts_close(walk);
                return -1;
        }
        fts_close(walk);
        *ret = count;
        return 0;
}
