/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ownership.h"

#include "../base/io.h"
#include "../base/str.h"
#include "interrupt.h"

#include <dirent.h>
#include <sys/stat.h>

enum {
        OWNERSHIP_DEPTH = 400 /* directories inside each other; each costs a descriptor */
};

struct ownership {
        uid_t uid;
        gid_t gid;
};

bool ownership_is_system(const char *path)
{
        static const char *const directories[] = {
                "/",        "/bin",     "/boot",      "/dev",     "/etc",       "/home",
                "/lib",     "/lib32",   "/lib64",     "/libx32",  "/media",     "/mnt",
                "/opt",     "/proc",    "/root",      "/run",     "/sbin",      "/srv",
                "/sys",     "/tmp",     "/usr",       "/var",     "/var/cache", "/var/lib",
                "/var/log", "/var/run", "/var/spool", "/var/tmp",
        };
        static const char *const trees[] = { "/bin/",     "/boot/",    "/dev/",    "/etc/ssl/",
                                             "/etc/pki/", "/lib/",     "/lib64/",  "/proc/",
                                             "/sbin/",    "/sys/",     "/usr/bin", "/usr/lib",
                                             "/usr/sbin", "/usr/share" };

        for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
                if (str_equal(path, directories[i]))
                        return true;
        for (size_t i = 0; i < sizeof trees / sizeof *trees; i++)
                if (str_has_prefix(path, trees[i]) && !str_has_prefix(path, "/dev/shm/"))
                        return true;
        return false;
}

static int ownership_set(const struct ownership *to, int parent, const char *name,
                         const struct stat *st)
{
        if (st->st_uid == to->uid && st->st_gid == to->gid)
                return 0;
        return fchownat(parent, name, to->uid, to->gid, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
}

static int ownership_entries(const struct ownership *to, int parent, const char *name, int depth,
                             const char *path, struct error *err)
{
        AUTO_CLOSE int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
        struct dirent *entry;

        if (!dir)
                return error_errno(err, errno, "cannot open %s", path);
        fd = -1;
        if (depth == OWNERSHIP_DEPTH)
                return error_set(err, ELOOP, "%s: more than %d directories inside each other", path,
                                 OWNERSHIP_DEPTH);
        if (interrupt_check(err) < 0)
                return -1;
        while ((entry = readdir(dir))) {
                AUTO_FREE char *inner = NULL;
                struct stat st;

                if (str_equal(entry->d_name, ".") || str_equal(entry->d_name, ".."))
                        continue;
                inner = str_format("%s/%s", path, entry->d_name);
                if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
                    ownership_set(to, dirfd(dir), entry->d_name, &st) < 0) {
                        if (errno == ENOENT)
                                continue;
                        return error_errno(err, errno, "cannot change the owner of %s", inner);
                }
                if (S_ISDIR(st.st_mode) &&
                    ownership_entries(to, dirfd(dir), entry->d_name, depth + 1, inner, err) < 0)
                        return -1;
        }
        return 0;
}

int ownership_give(const char *path, uid_t uid, gid_t gid, struct error *err)
{
        struct ownership to = { uid, gid };
        AUTO_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);
        AUTO_FREE char *self = str_format("/proc/self/fd/%d", fd), *real = NULL;
        struct stat st;

        /* What was opened is what is looked at and what is given away: a container that has one of
         * the directories on the way may replace it by a link meanwhile. */
        if (fd < 0 || !(real = realpath(self, NULL)))
                return error_errno(err, errno, "cannot change the owner of %s", path);
        if (ownership_is_system(real))
                return error_set(err, EPERM,
                                 "%s is a directory of the system, its owner is not changed: leave "
                                 "out the volume's option U",
                                 real);
        if (fstat(fd, &st) < 0 || ownership_set(&to, fd, "", &st) < 0)
                return error_errno(err, errno, "cannot change the owner of %s", real);
        return S_ISDIR(st.st_mode) ? ownership_entries(&to, fd, ".", 0, real, err) : 0;
}
