/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "caps.h"

#include <errno.h>
#include <strings.h>

/* In the order of their numbers (linux/capability.h). */
static const char *const caps_names[] = {
        "CAP_CHOWN",
        "CAP_DAC_OVERRIDE",
        "CAP_DAC_READ_SEARCH",
        "CAP_FOWNER",
        "CAP_FSETID",
        "CAP_KILL",
        "CAP_SETGID",
        "CAP_SETUID",
        "CAP_SETPCAP",
        "CAP_LINUX_IMMUTABLE",
        "CAP_NET_BIND_SERVICE",
        "CAP_NET_BROADCAST",
        "CAP_NET_ADMIN",
        "CAP_NET_RAW",
        "CAP_IPC_LOCK",
        "CAP_IPC_OWNER",
        "CAP_SYS_MODULE",
        "CAP_SYS_RAWIO",
        "CAP_SYS_CHROOT",
        "CAP_SYS_PTRACE",
        "CAP_SYS_PACCT",
        "CAP_SYS_ADMIN",
        "CAP_SYS_BOOT",
        "CAP_SYS_NICE",
        "CAP_SYS_RESOURCE",
        "CAP_SYS_TIME",
        "CAP_SYS_TTY_CONFIG",
        "CAP_MKNOD",
        "CAP_LEASE",
        "CAP_AUDIT_WRITE",
        "CAP_AUDIT_CONTROL",
        "CAP_SETFCAP",
        "CAP_MAC_OVERRIDE",
        "CAP_MAC_ADMIN",
        "CAP_SYSLOG",
        "CAP_WAKE_ALARM",
        "CAP_BLOCK_SUSPEND",
        "CAP_AUDIT_READ",
        "CAP_PERFMON",
        "CAP_BPF",
        "CAP_CHECKPOINT_RESTORE",
};

enum {
        CAPS_COUNT = sizeof caps_names / sizeof *caps_names
};

static const char *const caps_defaults[] = {
        "CAP_CHOWN",   "CAP_DAC_OVERRIDE",     "CAP_FOWNER",     "CAP_FSETID",
        "CAP_KILL",    "CAP_NET_BIND_SERVICE", "CAP_SETFCAP",    "CAP_SETGID",
        "CAP_SETPCAP", "CAP_SETUID",           "CAP_SYS_CHROOT",
};

static int caps_number(const char *name)
{
        size_t prefix = strncasecmp(name, "CAP_", 4) == 0 ? 4 : 0;

        for (int i = 0; i < CAPS_COUNT; i++)
                if (str_equal_nocase(caps_names[i] + 4, name + prefix))
                        return i;
        return -1;
}

const char *caps_canonical(const char *name)
{
        int number = caps_number(name);

        if (number >= 0)
                return caps_names[number];
        return str_equal_nocase(name, "ALL") || str_equal_nocase(name, "CAP_ALL") ? "ALL" : NULL;
}

const char *caps_nearest(const char *name)
{
        const char *bare[CAPS_COUNT + 1] = { NULL };
        const char *nearest;

        for (int i = 0; i < CAPS_COUNT; i++)
                bare[i] = caps_names[i] + 4;
        nearest = str_nearest(strncasecmp(name, "CAP_", 4) == 0 ? name + 4 : name, bare);
        return nearest ? caps_names[caps_number(nearest)] : NULL;
}

const char *caps_name(unsigned number)
{
        return number < CAPS_COUNT ? caps_names[number] : NULL;
}

uint64_t caps_mask(const struct strv *names)
{
        uint64_t mask = 0;

        for (size_t i = 0; i < names->count; i++) {
                int number = caps_number(names->items[i]);

                mask |= number < 0 ? UINT64_MAX : UINT64_C(1) << number;
        }
        return mask;
}

uint64_t caps_default(void)
{
        uint64_t mask = 0;

        for (size_t i = 0; i < sizeof caps_defaults / sizeof *caps_defaults; i++)
                mask |= UINT64_C(1) << caps_number(caps_defaults[i]);
        return mask;
}

static int caps_check_add(const struct strv *add, uint64_t bounding, struct error *err)
{
        for (size_t i = 0; i < add->count; i++) {
                const char *name = add->items[i];
                int number = caps_number(name);

                if (number >= 0 && !(bounding >> number & 1))
                        return error_set(err, EPERM,
                                         "--cap-add %s: the kernel does not know it or it is not "
                                         "in our own bounding set",
                                         name);
        }
        return 0;
}

int caps_combine(const struct strv *add, const struct strv *drop, uint64_t bounding, uint64_t *ret,
                 struct error *err)
{
        uint64_t set = caps_default();

        if (caps_check_add(add, bounding, err) < 0)
                return -1;
        if (strv_contains(drop, "ALL"))
                set = 0;
        else
                set &= ~caps_mask(drop);
        if (strv_contains(add, "ALL"))
                set = UINT64_MAX & ~caps_mask(drop);
        else
                set |= caps_mask(add);
        *ret = set & bounding & ((UINT64_C(1) << CAPS_COUNT) - 1);
        return 0;
}
