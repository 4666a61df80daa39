/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cgroup.h"

#include "../base/io.h"
#include "../base/str.h"

#include <dirent.h>

enum {
        LIST_FILE_MAX = 1024 * 1024,
        LIST_DEPTH = 32 /* of groups below that are looked into */
};

struct cgroup_list {
        pid_t *pids; /* owned */
        size_t count;
};

static void list_add(struct cgroup_list *list, const char *text)
{
        AUTO_STRV struct strv lines = { 0 };

        strv_split(&lines, text, "\n", false);
        list->pids = alloc_grow(list->pids, list->count + lines.count + 1, sizeof *list->pids);
        for (size_t i = 0; i < lines.count; i++)
                list->pids[list->count++] = (pid_t)atoi(lines.items[i]);
}

/* Groups that go away meanwhile have no processes. */
static void list_walk(struct cgroup_list *list, int parent, const char *name, int depth)
{
        AUTO_CLOSE int group = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        AUTO_CLOSEDIR DIR *dir = NULL;
        AUTO_FREE char *text = NULL;
        struct dirent *entry;

        if (group < 0 || depth > LIST_DEPTH)
                return;
        if (io_read_file(group, "cgroup.procs", LIST_FILE_MAX, &text, NULL, NULL) == 0)
                list_add(list, text);
        dir = fdopendir(group);
        if (!dir)
                return;
        group = -1;
        while ((entry = readdir(dir)))
                if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
                        list_walk(list, dirfd(dir), entry->d_name, depth + 1);
}

int cgroup_list_processes(int group, pid_t **ret_pids, size_t *ret_count, struct error *err)
{
        struct cgroup_list list = { 0 };

        if (faccessat(group, "cgroup.procs", R_OK, 0) < 0)
                return error_errno(err, errno, "cannot list the processes of a control group");
        list_walk(&list, group, ".", 0);
        *ret_pids = list.pids;
        *ret_count = list.count;
        return 0;
}
