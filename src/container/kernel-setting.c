/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel-setting.h"

#include "../base/str.h"

enum kernel_setting kernel_setting_of(const char *name)
{
        static const char *const ipc[] = { "kernel.msgmax", "kernel.msgmnb",
                                           "kernel.msgmni", "kernel.sem",
                                           "kernel.shmall", "kernel.shmmax",
                                           "kernel.shmmni", "kernel.shm_rmid_forced" };

        for (size_t i = 0; i < sizeof ipc / sizeof *ipc; i++)
                if (str_equal(name, ipc[i]))
                        return KERNEL_SETTING_IPC;
        if (str_has_prefix(name, "fs.mqueue."))
                return KERNEL_SETTING_IPC;
        if (str_equal(name, "kernel.hostname") || str_equal(name, "kernel.domainname"))
                return KERNEL_SETTING_UTS;
        return str_has_prefix(name, "net.") ? KERNEL_SETTING_NET : KERNEL_SETTING_HOST;
}
