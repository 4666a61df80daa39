/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sharing.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

static const struct {
        const char *option;
        size_t mode; /* in the spec */
} sharing_rows[SHARING_KINDS] = {
        [SHARING_CGROUP] = { "cgroupns", offsetof(struct container_spec, cgroup_ns) },
        [SHARING_IPC] = { "ipc", offsetof(struct container_spec, ipc) },
        [SHARING_PID] = { "pid", offsetof(struct container_spec, pid) },
        [SHARING_UTS] = { "uts", offsetof(struct container_spec, uts) },
};

const char *sharing_option(enum sharing_kind kind)
{
        return sharing_rows[kind].option;
}

const char *sharing_mode(const struct container_spec *spec, enum sharing_kind kind)
{
        const char *mode =
                *(char *const *)(const void *)((const char *)spec + sharing_rows[kind].mode);

        return mode ? mode : "";
}

static bool sharing_is_word(enum sharing_kind kind, const char *mode)
{
        static const char *const words[] = { "", "private", "host" };
        static const char *const ipc[] = { "shareable", "none" };

        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
                if (str_equal(mode, words[i]))
                        return true;
        for (size_t i = 0; kind == SHARING_IPC && i < sizeof ipc / sizeof *ipc; i++)
                if (str_equal(mode, ipc[i]))
                        return true;
        return false;
}

static int sharing_check_mode(enum sharing_kind kind, const char *mode, struct error *err)
{
        const char *option = sharing_rows[kind].option;
        const char *container = str_after(mode, "container:"), *path = str_after(mode, "ns:");

        if (sharing_is_word(kind, mode) || !str_empty(container) || (path && path[0] == '/'))
                return 0;
        if (container)
                return error_set(err, EINVAL, "--%s %s: no container is named", option, mode);
        if (path)
                return error_set(err, EINVAL, "--%s %s: not an absolute path", option, mode);
        return error_set(err, EINVAL,
                         "--%s %s: unknown mode (known: %sprivate, host, container:NAME and "
                         "ns:PATH)",
                         option, mode, kind == SHARING_IPC ? "none, shareable, " : "");
}

int sharing_check(const struct container_spec *spec, struct error *err)
{
        const char *pid = sharing_mode(spec, SHARING_PID), *uts = sharing_mode(spec, SHARING_UTS);

        for (enum sharing_kind i = 0; i < SHARING_KINDS; i++)
                if (sharing_check_mode(i, sharing_mode(spec, i), err) < 0)
                        return -1;
        if (spec->hostname && !str_empty(uts) && !str_equal(uts, "private"))
                return error_set(err, EINVAL, "--hostname cannot be set with --uts %s", uts);
        if (spec->init && !str_empty(pid) && !str_equal(pid, "private"))
                return error_set(err, EINVAL,
                                 "--init has no use with --pid %s: it would not be process 1", pid);
        return 0;
}

void sharing_free(struct sharing *sharing)
{
        for (size_t i = 0; i < SHARING_KINDS; i++)
                free(sharing->kinds[i].path);
        free(sharing->hostname);
        free(sharing->shm);
        *sharing = (struct sharing){ 0 };
}
