/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "refusal.h"

#include "../base/cleanup.h"
#include "../base/str.h"

#include <string.h>

/* "net.ipv4.conf.all/x" and "/proc/sys/net/ipv4/conf/all.x": dots and slashes are the same here. */
static bool refusal_is_path_of(const char *path, const char *name, size_t length)
{
        for (size_t i = 0; i < length; i++)
                if (path[i] != name[i] &&
                    (!strchr("./", name[i]) || !path[i] || !strchr("./", path[i])))
                        return false;
        return !path[length] || strchr("`':", path[length]);
}

static const char *refusal_sysctl_reason(const char *message)
{
        static const struct {
                const char *text, *reason;
        } reasons[] = {
                { "No such file", "this kernel has no such parameter, or it is in a module that is "
                                  "not loaded" },
                { "Invalid argument", "the kernel does not take this value" },
                { "Numerical result", "the value is out of the kernel's range" },
                { "denied", "a container may not set it: set it on the host, in /etc/sysctl.d" },
                { "permitted", "a container may not set it: set it on the host, in /etc/sysctl.d" },
                { "Read-only", "a container may not set it: set it on the host, in /etc/sysctl.d" },
        };

        for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
                if (strstr(message, reasons[i].text))
                        return reasons[i].reason;
        return "the kernel refuses it";
}

static char *refusal_of_sysctl(const struct container_spec *spec, const char *message)
{
        const char *path = strstr(message, "/proc/sys/");

        for (size_t i = 0; path && i < spec->sysctls.count; i++) {
                const char *pair = spec->sysctls.items[i];

                if (refusal_is_path_of(path + strlen("/proc/sys/"), pair, strcspn(pair, "=")))
                        return str_format("--sysctl %s: %s", pair, refusal_sysctl_reason(message));
        }
        return NULL;
}

char *refusal_explain(const struct container_spec *spec, const char *message)
{
        static const struct {
                const char *text, *also; /* also: NULL for anything */
                const char *explained;
        } known[] = {
                { "executable file `", NULL,
                  "the image has no such program: look at the command (Exec=) and the entrypoint "
                  "(Entrypoint=)" },
                { "is not executable", NULL,
                  "chmod +x it, or put its interpreter in front of it, as in sh FILE" },
                { "is not a regular file", NULL,
                  "a container runs a program's file: look at the command (Exec=) and the "
                  "entrypoint (Entrypoint=)" },
                { "open executable", NULL,
                  "it is no file that the container's user may execute: chmod +x it, or put its "
                  "interpreter in front of it, as in sh FILE" },
                { "Exec format error", NULL,
                  "the program is for another kind of processor, or a script without #! in its "
                  "first line" },
                { "chdir ", "Not a directory",
                  "the working directory (WorkingDir=, or the image's own) is a file" },
                { "chdir ", NULL,
                  "the working directory (WorkingDir=, or the image's own) is not one that the "
                  "container's user may enter" },
                { "mount `", "Not a directory",
                  "a file is mounted on a file, and a directory on a directory: look at what is "
                  "there in the image" },
        };
        char *text = refusal_of_sysctl(spec, message);

        for (size_t i = 0; !text && i < sizeof known / sizeof *known; i++)
                if (strstr(message, known[i].text) &&
                    (!known[i].also || strstr(message, known[i].also)))
                        text = str_dup(known[i].explained);
        return text;
}
