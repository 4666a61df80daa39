/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "src/base/cleanup.h"
#include "src/base/io.h"
#include "src/base/str.h"
#include "tests/tap.h"

#include <errno.h>
#include <sys/stat.h>

static void test_files(int dir)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *data = NULL;
        size_t length = 0;
        struct stat st;

        check(io_write_file(dir, "f", "hello", 5, 0640, IO_SYNC, &err) == 0, "a file is written");
        check(fstatat(dir, "f", &st, 0) == 0 && (st.st_mode & 07777) == 0640, "with its mode");
        check(io_write_file(dir, "f", "hi", 2, 0600, IO_NO_SYNC, &err) == 0, "and replaced");
        check(io_read_file(dir, "f", 2, &data, &length, &err) == 0 && length == 2,
              "read up to the limit");
        check_str(data, "hi", "as it was written");
        check(io_read_file(dir, "f", 1, &data, &length, &err) < 0 && err.code == EFBIG,
              "more than the limit is refused");
        check(io_write_file(dir, "no/f", "x", 1, 0600, IO_SYNC, &err) < 0 && err.code == ENOENT,
              "no directory, no file");
}

static void test_confinement(int dir)
{
        AUTO_CLOSE int inside = -1;
        AUTO_CLOSE int outside = -1;

        check(symlinkat("/f", dir, "absolute") == 0 && symlinkat("../../../f", dir, "up") == 0,
              "two links that point out");
        inside = io_open_in_root(dir, "absolute", O_RDONLY, 0);
        check(inside >= 0, "in a root, / is that root");
        outside = io_open_beneath(dir, "up", O_RDONLY, 0);
        check(outside < 0, "beneath follows no link");
        check(io_open_beneath(dir, "../f", O_RDONLY, 0) < 0 && errno == EXDEV, "nor dots");
}

/* Deeper than any descriptor limit allows to descend, and longer than PATH_MAX. */
static void test_deep_tree(int dir)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_CLOSE int at = -1;
        int depth = 0;

        mkdirat(dir, "deep", 0700);
        at = openat(dir, "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (; depth < 3000; depth++) {
                int below;

                if (mkdirat(at, "d", 0700) < 0 || mkdirat(at, "sibling", 0700) < 0)
                        break;
                below = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                close(at);
                at = below;
        }
        check(depth == 3000, "a tree of 3000 levels");
        check(io_remove_tree(dir, "deep", &err) == 0, "is removed");
        check(faccessat(dir, "deep", F_OK, 0) < 0 && errno == ENOENT, "and gone");
        check(io_remove_tree(dir, "deep", &err) == 0, "removing what is not there is fine");
}

int main(void)
{
        char path[] = "/tmp/test-io.XXXXXX";
        AUTO_ERROR struct error err = { 0 };
        AUTO_CLOSE int dir = -1;

        if (!mkdtemp(path))
                return 1;
        dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        check(io_make_dirs(dir, "a/b/c", 0755, &err) == 0 &&
                      io_make_dirs(dir, "a/b/c", 0755, &err) == 0,
              "directories are made once");
        test_files(dir);
        test_confinement(dir);
        test_deep_tree(dir);
        check(io_remove_tree(AT_FDCWD, path, &err) == 0, "all of it is removed");
        return tap_done();
}
