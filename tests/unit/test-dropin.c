/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "src/base/dropin.h"
#include "src/base/io.h"
#include "tests/tap.h"

static char top[] = "/tmp/test-dropin.XXXXXX";

static void make_file(int dirfd, const char *path)
{
        AUTO_ERROR struct error err = { 0 };

        if (io_write_file(dirfd, path, "x", 1, 0600, IO_NO_SYNC, &err) < 0)
                exit(1);
}

int main(void)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_STRV struct strv paths = { 0 };
        AUTO_FREE char *joined = NULL;
        AUTO_FREE char *expected = NULL;
        AUTO_FREE char *missing = NULL;
        AUTO_CLOSE int fd = mkdtemp(top) ? open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
        AUTO_FREE char *a = str_concat(top, "/a");
        AUTO_FREE char *b = str_concat(top, "/b");

        if (fd < 0 || io_make_dirs(fd, "a/40-directory.conf", 0700, &err) < 0 ||
            io_make_dirs(fd, "b", 0700, &err) < 0)
                return 1;
        make_file(fd, "a/20-both.conf");
        make_file(fd, "a/30-a.conf");
        make_file(fd, "a/00-other.txt");
        make_file(fd, "b/10-b.conf");
        make_file(fd, "b/20-both.conf");
        missing = str_concat(top, "/c");
        check(dropin_list((const char *const[]){ a, NULL, missing, b }, 4, &paths, &err) == 0,
              "directories that are not there are fine");
        joined = strv_join(&paths, " ");
        expected = str_format("%s/10-b.conf %s/20-both.conf %s/30-a.conf", b, b, a);
        check_str(joined, expected, "sorted by name, a later directory hides an earlier one");
        io_remove_tree(AT_FDCWD, top, &err);
        return tap_done();
}
