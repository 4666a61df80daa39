/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "oom.h"

#include "../base/io.h"
#include "../base/journal.h"
#include "cgroup.h"

#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

enum {
        OOM_FILE_MAX = 64 * 1024
};

uint64_t oom_parse(const char *text)
{
        AUTO_STRV struct strv lines = { 0 };

        strv_split(&lines, text, "\n", false);
        for (size_t i = 0; i < lines.count; i++) {
                const char *number = str_after(lines.items[i], "oom_kill ");

                if (number)
                        return strtoull(number, NULL, 10);
        }
        return 0;
}

/* "4:memory:/system.slice/web.service" */
char *oom_legacy_file(const char *cgroups)
{
        AUTO_STRV struct strv lines = { 0 };

        strv_split(&lines, cgroups, "\n", false);
        for (size_t i = 0; i < lines.count; i++) {
                const char *names = strchr(lines.items[i], ':');
                const char *path = names ? strchr(names + 1, ':') : NULL;
                AUTO_FREE char *list =
                        path ? str_dupn(names + 1, (size_t)(path - names) - 1) : NULL;
                AUTO_STRV struct strv controllers = { 0 };

                if (!list)
                        continue;
                strv_split(&controllers, list, ",", false);
                if (strv_contains(&controllers, "memory"))
                        return str_concat("/sys/fs/cgroup/memory", path + 1, "/memory.oom_control");
        }
        return NULL;
}

uint64_t oom_count_in(const char *cgroups, bool *ret_by_systemd)
{
        AUTO_FREE char *legacy = oom_legacy_file(cgroups), *text = NULL, *path = NULL;
        AUTO_CLOSE int group = -1;

        *ret_by_systemd = false;
        if (legacy)
                return io_read_file(AT_FDCWD, legacy, OOM_FILE_MAX, &text, NULL, NULL) == 0
                               ? oom_parse(text)
                               : 0;
        path = cgroup_parse(cgroups);
        group = path ? cgroup_open(path, NULL) : -1;
        *ret_by_systemd = true;
        if (group < 0 || io_read_file(group, "memory.events", OOM_FILE_MAX, &text, NULL, NULL) < 0)
                return 0;
        return oom_parse(text);
}

uint64_t oom_count(pid_t pid, bool *ret_by_systemd)
{
        AUTO_FREE char *cgroups = NULL;

        *ret_by_systemd = false;
        return cgroup_read(pid, &cgroups, NULL) < 0 ? 0 : oom_count_in(cgroups, ret_by_systemd);
}

static void oom_log(const struct container_state *state, uint64_t killed)
{
        AUTO_STRV struct strv fields = { 0 };

        strv_append(&fields, "MESSAGE_ID=" JOURNAL_OOM);
        strv_appendf(&fields, "PRIORITY=%d", LOG_WARNING);
        strv_appendf(&fields,
                     "MESSAGE=container %s has met the limit of its memory: the kernel killed %llu "
                     "of its processes (oom-kill)",
                     state->name, (unsigned long long)killed);
        strv_append(&fields, "SYSLOG_IDENTIFIER=crunit");
        strv_appendf(&fields, "CONTAINER_NAME=%s", state->name);
        strv_appendf(&fields, "CONTAINER_ID=%s", state->id);
        if (state->unit)
                strv_appendf(&fields, "UNIT=%s", state->unit);
        journal_send(&fields);
}

void oom_report(struct container_state *state, const char *data)
{
        bool by_systemd;
        uint64_t killed = oom_count(0, &by_systemd);

        if (killed <= state->oom_kills)
                return;
        if (!by_systemd)
                oom_log(state, killed - state->oom_kills);
        if (!state->keep)
                return;
        state->oom_killed = true;
        state_write(data, state, NULL);
}
