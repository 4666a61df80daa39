/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of the kernel's settings (sysctl(8)) a container can have for itself, by its name with
 * dots. */
#pragma once

enum kernel_setting {
        KERNEL_SETTING_HOST, /* there is one for the whole machine */
        KERNEL_SETTING_IPC,
        KERNEL_SETTING_UTS,
        KERNEL_SETTING_NET
};

enum kernel_setting kernel_setting_of(const char *name);
