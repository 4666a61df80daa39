/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For a valgrind that does not know openat2(2), to be preloaded into what it runs: the call, as far
 * as that is possible without following any link. A path with a link in it, or with "..", is
 * refused, so that nothing can be led out of its directory. Who asked is told by the file
 * $MEMCHECK_LACKS that the verdict of the test means little.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
        ARGUMENTS = 6
};

static int walk(int directory, char *path, const struct open_how *how)
{
        char *rest = path, *name = strsep(&rest, "/");
        int fd = openat(directory, ".", O_PATH | O_DIRECTORY | O_CLOEXEC), next;

        for (; fd >= 0 && name; name = strsep(&rest, "/")) {
                int last = !rest || !rest[strspn(rest, "/")];

                if (!*name)
                        name = last ? (char[]){ "." } : name;
                if (!*name)
                        continue;
                if (strcmp(name, "..") == 0) {
                        close(fd);
                        errno = EXDEV;
                        return -1;
                }
                next = last ? openat(fd, name, (int)how->flags | O_NOFOLLOW, (mode_t)how->mode)
                            : openat(fd, name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
                close(fd);
                fd = next;
                if (last)
                        break;
        }
        return fd;
}

static long open_without_links(const long *arguments)
{
        const char *note = getenv("MEMCHECK_LACKS");
        char *path = strdup((const char *)arguments[1]);
        int fd = note ? open(note, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1, saved;

        if (fd >= 0)
                close(fd);
        fd = path ? walk((int)arguments[0], path, (const struct open_how *)arguments[2]) : -1;
        saved = errno;
        free(path);
        errno = saved;
        return fd;
}

long syscall(long number, ...)
{
        long (*next)(long number, ...) = NULL;
        void *symbol = dlsym(RTLD_NEXT, "syscall");
        long arguments[ARGUMENTS];
        va_list list;

        memcpy(&next, &symbol, sizeof next);
        va_start(list, number);
        for (int i = 0; i < ARGUMENTS; i++)
                arguments[i] = va_arg(list, long);
        va_end(list);
        if (number == SYS_openat2)
                return open_without_links(arguments);
        return next(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
                    arguments[5]);
}
