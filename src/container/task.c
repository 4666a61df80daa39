/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "task.h"

#include "../base/io.h"
#include "cgroup.h"

#include <inttypes.h>
#include <sys/stat.h>

enum {
        TASK_FILE_MAX = 4 * 1024 * 1024,
        TASK_MAP_LINES = 340 /* the kernel's limit for a user namespace */
};

/* How the container's user namespace counts. */
struct task_map {
        uint64_t inside, outside, count;
};

struct task_context {
        unsigned level;       /* the init's namespace, in the list of NSpid */
        struct stat own_root; /* what has our root directory is a helper of ours */
        struct task_map uids[TASK_MAP_LINES], gids[TASK_MAP_LINES];
        size_t uid_count, gid_count;
        char *passwd, *group; /* owned; text of the container's files, or NULL */
};

static void task_context_free(struct task_context *context)
{
        free(context->passwd);
        free(context->group);
}

void task_list_free(struct task_list *list)
{
        for (size_t i = 0; i < list->count; i++) {
                free(list->items[i].user);
                free(list->items[i].group);
                free(list->items[i].comm);
                free(list->items[i].args);
        }
        free(list->items);
        *list = (struct task_list){ 0 };
}

static char *task_read(pid_t pid, const char *name, size_t *ret_length)
{
        AUTO_FREE char *path = str_format("/proc/%d/%s", (int)pid, name);
        char *text = NULL;

        return io_read_file(AT_FDCWD, path, TASK_FILE_MAX, &text, ret_length, NULL) == 0 ? text
                                                                                         : NULL;
}

/* --- what the container's files and maps say */

static size_t task_read_map(pid_t pid, const char *name, struct task_map *maps)
{
        AUTO_FREE char *text = task_read(pid, name, NULL);
        AUTO_STRV struct strv lines = { 0 };
        size_t count = 0;

        strv_split(&lines, text ? text : "", "\n", false);
        for (size_t i = 0; i < lines.count && count < TASK_MAP_LINES; i++)
                if (sscanf(lines.items[i], "%" SCNu64 " %" SCNu64 " %" SCNu64, &maps[count].inside,
                           &maps[count].outside, &maps[count].count) == 3)
                        count++;
        return count;
}

static uint32_t task_map_id(const struct task_map *maps, size_t count, uint32_t id)
{
        enum {
                TASK_NOBODY = 65534
        };

        for (size_t i = 0; i < count; i++)
                if (id >= maps[i].outside && id - maps[i].outside < maps[i].count)
                        return (uint32_t)(id - maps[i].outside + maps[i].inside);
        return TASK_NOBODY;
}

/* The name in a file of NAME:PASSWORD:ID:… lines, or the number. */
static char *task_name_of(const char *text, uint32_t id)
{
        for (const char *line = text; line && *line; line = strchr(line, '\n')) {
                const char *first, *second;

                line += *line == '\n';
                first = strchr(line, ':');
                second = first ? strchr(first + 1, ':') : NULL;
                if (second && second < line + strcspn(line, "\n") && second[1] >= '0' &&
                    second[1] <= '9' && strtoul(second + 1, NULL, 10) == id)
                        return str_dupn(line, (size_t)(first - line));
        }
        return str_format("%u", id);
}

static char *task_read_in_root(int root, const char *path)
{
        AUTO_CLOSE int fd = io_open_file_in_root(root, path);
        char *text = NULL;

        return fd >= 0 && io_read_fd(fd, path, TASK_FILE_MAX, &text, NULL, NULL) == 0 ? text : NULL;
}

/* The log pump and crun's own processes are in the group as well, but not in the container. */
static bool task_is_helper(pid_t pid, const struct task_context *context)
{
        AUTO_FREE char *path = str_format("/proc/%d/root", (int)pid);
        struct stat st;

        return stat(path, &st) < 0 || io_same_file(&st, &context->own_root);
}

/* --- one process */

static const char *task_status_line(const char *status, const char *name)
{
        const char *at = strstr(status, name);

        return at ? at + strlen(name) : "";
}

bool task_parse_stat(const char *text, struct task *ret)
{
        const char *at = strrchr(text, ')');
        unsigned long long utime, stime, vsize;
        long long rss;

        /* state ppid pgrp session tty … utime(12) stime … nice(17) … vsize(21) rss */
        if (!at ||
            sscanf(at + 1,
                   " %c %*d %*d %*d %d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %ld %*d %*d "
                   "%*u %llu %lld",
                   &ret->state, &ret->tty, &utime, &stime, &ret->nice, &vsize, &rss) != 7)
                return false;
        ret->cpu = (utime + stime) * 1000 / (unsigned long long)sysconf(_SC_CLK_TCK);
        ret->vsz = vsize;
        ret->rss = rss > 0 ? (uint64_t)rss * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
        return true;
}

/* The number at the init's level in "NSpid:\tA\tB…". */
static pid_t task_inner_pid(const char *status, unsigned level)
{
        const char *at = task_status_line(status, "\nNSpid:");
        long pid = 0;

        for (unsigned i = 0; i <= level; i++) {
                char *end;

                pid = strtol(at, &end, 10);
                if (end == at || *at == '\n')
                        return 0;
                at = end;
        }
        return (pid_t)pid;
}

static char *task_read_args(pid_t pid, const char *comm)
{
        size_t length = 0;
        char *text = task_read(pid, "cmdline", &length);

        while (text && length && !text[length - 1])
                length--;
        if (!text || !length) {
                free(text);
                return str_format("[%s]", comm);
        }
        for (size_t i = 0; i < length; i++)
                if (!text[i])
                        text[i] = ' ';
        return text;
}

static void task_fill_ids(struct task *task, const char *status, const struct task_context *context)
{
        task->huid = (uid_t)strtoul(task_status_line(status, "\nUid:"), NULL, 10);
        task->hgid = (gid_t)strtoul(task_status_line(status, "\nGid:"), NULL, 10);
        task->uid = task_map_id(context->uids, context->uid_count, task->huid);
        task->gid = task_map_id(context->gids, context->gid_count, task->hgid);
        task->user = task_name_of(context->passwd, task->uid);
        task->group = task_name_of(context->group, task->gid);
}

/* The parent as the container sees it; ppid holds the host's number until then. */
static pid_t task_inner_parent(const char *status, const struct task_context *context)
{
        pid_t parent = (pid_t)atoi(task_status_line(status, "\nPPid:"));
        AUTO_FREE char *theirs = parent ? task_read(parent, "status", NULL) : NULL;

        return theirs ? task_inner_pid(theirs, context->level) : 0;
}

static void task_add(struct task_list *list, pid_t pid, const struct task_context *context)
{
        AUTO_FREE char *status = task_read(pid, "status", NULL);
        AUTO_FREE char *stat = task_read(pid, "stat", NULL);
        struct task task = { .hpid = pid };
        struct process_id id;
        const char *name;

        if (!status || !stat || task_is_helper(pid, context) || !task_parse_stat(stat, &task) ||
            process_identify(pid, &id, NULL) < 0)
                return;
        task.pid = task_inner_pid(status, context->level);
        task.ppid = task_inner_parent(status, context);
        task.age = (uint64_t)process_age(&id);
        task_fill_ids(&task, status, context);
        name = task_status_line(status, "Name:");
        name += strspn(name, "\t ");
        task.comm = str_dupn(name, strcspn(name, "\n"));
        task.args = task_read_args(pid, task.comm);
        list->items = alloc_grow(list->items, list->count + 1, sizeof *list->items);
        list->items[list->count++] = task;
}

/* --- all of them */

static int task_gather_context(pid_t init, struct task_context *context, struct error *err)
{
        AUTO_FREE char *status = task_read(init, "status", NULL);
        AUTO_FREE char *root_path = str_format("/proc/%d/root", (int)init);
        AUTO_CLOSE int root = open(root_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const char *ids;

        if (!status || root < 0)
                return error_set(err, ESRCH, "the container has ended meanwhile");
        ids = task_status_line(status, "\nNSpid:");
        for (size_t i = 1; ids[0] && i < strcspn(ids, "\n"); i++)
                context->level += ids[i] == '\t';
        if (stat("/", &context->own_root) < 0)
                return error_errno(err, errno, "cannot look at /");
        context->uid_count = task_read_map(init, "uid_map", context->uids);
        context->gid_count = task_read_map(init, "gid_map", context->gids);
        context->passwd = task_read_in_root(root, "etc/passwd");
        context->group = task_read_in_root(root, "etc/group");
        return 0;
}

static int task_compare(const void *a, const void *b)
{
        const struct task *first = a, *second = b;

        return (first->hpid > second->hpid) - (first->hpid < second->hpid);
}

int task_list(const struct container_state *state, struct task_list *ret, struct error *err)
{
        CLEANUP(task_context_free) struct task_context context = { 0 };
        AUTO_TASKS struct task_list list = { 0 };
        AUTO_FREE char *path = NULL;
        AUTO_FREE pid_t *pids = NULL;
        AUTO_CLOSE int group = -1;
        size_t count;

        if (!state->init.pid || !process_alive(&state->init))
                return error_set(err, ESRCH, "container '%s' is not running", state->name);
        if (task_gather_context(state->init.pid, &context, err) < 0 ||
            cgroup_of(state->init.pid, &path, err) < 0)
                return -1;
        group = cgroup_open(state->cgroup ? state->cgroup : path, err);
        if (group < 0 || cgroup_list_processes(group, &pids, &count, err) < 0)
                return -1;
        for (size_t i = 0; i < count; i++)
                task_add(&list, pids[i], &context);
        if (list.count)
                qsort(list.items, list.count, sizeof *list.items, task_compare);
        *ret = list;
        list = (struct task_list){ 0 };
        return 0;
}
