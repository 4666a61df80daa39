/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cgroup.h"

#include "../base/io.h"
#include "../base/str.h"

#include <dirent.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/vfs.h>

enum {
        CGROUP_FILE_MAX = 1024 * 1024,
        CGROUP_DEPTH = 32,       /* of groups below a unit that are looked into */
        CGROUP_KILL_WAIT = 3000, /* milliseconds, for all that were killed */
        CGROUP_KILL_ROUNDS = 8,  /* a killed process may have forked meanwhile */
};

/* The path of the line whose controllers are these, or NULL. */
static char *cgroup_line_path(const char *text, const char *controllers)
{
        AUTO_STRV struct strv lines = { 0 };

        strv_split(&lines, text, "\n", false);
        for (size_t i = 0; i < lines.count; i++) {
                const char *colon = strchr(lines.items[i], ':');
                const char *path = colon ? str_after(colon + 1, controllers) : NULL;

                if (path && path[0] == ':' && path[1] == '/')
                        return str_dup(path + 1);
        }
        return NULL;
}

char *cgroup_parse(const char *text)
{
        char *unified = cgroup_line_path(text, "");
        char *named;

        /* In a mixed set-up the unified tree has a line as well; systemd uses one of both, and the
         * other's path is just "/" then. */
        if (unified && !str_equal(unified, "/"))
                return unified;
        named = cgroup_line_path(text, "name=systemd");
        if (!named)
                return unified;
        free(unified);
        return named;
}

int cgroup_read(pid_t pid, char **ret_text, struct error *err)
{
        AUTO_FREE char *file =
                pid ? str_format("/proc/%d/cgroup", (int)pid) : str_dup("/proc/self/cgroup");

        return io_read_file(AT_FDCWD, file, CGROUP_FILE_MAX, ret_text, NULL, err);
}

int cgroup_of(pid_t pid, char **ret_path, struct error *err)
{
        AUTO_FREE char *text = NULL;
        char *path;

        if (cgroup_read(pid, &text, err) < 0)
                return -1;
        path = cgroup_parse(text);
        if (!path)
                return error_set(err, ENODATA, "process %d is in no control group", (int)pid);
        *ret_path = path;
        return 0;
}

static bool cgroup_is_unit(const char *name)
{
        static const char *const suffixes[] = { ".service", ".scope", ".socket", ".mount",
                                                ".swap" };

        for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
                if (str_has_suffix(name, suffixes[i]))
                        return true;
        return false;
}

char *cgroup_unit(const char *path)
{
        AUTO_STRV struct strv parts = { 0 };

        strv_split(&parts, path, "/", false);
        for (size_t i = 0; i < parts.count; i++) {
                const char *name = parts.items[i];

                /* A user's manager is a service itself; the unit is further down. */
                if (!cgroup_is_unit(name) || str_has_prefix(name, "user@"))
                        continue;
                /* systemd puts "_" before names that collide with files of the kernel. */
                return str_dup(name[0] == '_' ? name + 1 : name);
        }
        return NULL;
}

/* Where the tree of these paths is mounted. */
static const char *cgroup_mount(void)
{
        static const char *const places[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
                struct statfs fs;

                if (statfs(places[i], &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
                        return places[i];
        }
        return "/sys/fs/cgroup/systemd";
}

bool cgroup_has_controller(const char *name)
{
        AUTO_FREE char *file = str_format("%s/cgroup.controllers", cgroup_mount());
        AUTO_FREE char *legacy = str_format("/sys/fs/cgroup/%s", name);
        AUTO_FREE char *text = NULL;
        AUTO_STRV struct strv controllers = { 0 };

        if (io_read_file(AT_FDCWD, file, CGROUP_FILE_MAX, &text, NULL, NULL) == 0)
                strv_split(&controllers, text, " \n", false);
        return strv_contains(&controllers, name) || access(legacy, F_OK) == 0;
}

int cgroup_open(const char *path, struct error *err)
{
        AUTO_FREE char *directory = str_format("%s%s", cgroup_mount(), path);
        int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd >= 0 ? fd : error_errno(err, errno, "cannot open control group %s", path);
}

static int cgroup_enter(const char *directory, struct error *err)
{
        AUTO_FREE char *file = str_format("%s/cgroup.procs", directory);
        AUTO_CLOSE int fd = open(file, O_WRONLY | O_CLOEXEC);

        if (fd < 0 || io_write_all(fd, "0", 1) < 0)
                return error_errno(err, errno, "cannot enter control group %s", directory);
        return 0;
}

/* Enter what one line of /proc/PID/cgroup names; a hierarchy that is mounted nowhere cannot hold a
 * limit, and is passed over. */
static int cgroup_enter_line(const char *line, struct error *err)
{
        AUTO_FREE char *directory = NULL;
        AUTO_FREE char *controllers = NULL;
        const char *name;
        const char *first = strchr(line, ':');
        const char *second = first ? strchr(first + 1, ':') : NULL;

        if (!second)
                return 0;
        controllers = str_dupn(first + 1, (size_t)(second - first) - 1);
        name = str_has_prefix(controllers, "name=") ? controllers + 5 : controllers;
        if (*name)
                directory = str_format("/sys/fs/cgroup/%s%s", name, second + 1);
        else
                directory = str_format("%s%s", cgroup_mount(), second + 1);
        if (access(directory, F_OK) < 0)
                return 0;
        return cgroup_enter(directory, err);
}

int cgroup_join(pid_t pid, struct error *err)
{
        AUTO_FREE char *own = NULL, *theirs = NULL;
        AUTO_STRV struct strv lines = { 0 }, present = { 0 };

        if (cgroup_read(pid, &theirs, err) < 0 || cgroup_read(0, &own, err) < 0)
                return -1;
        strv_split(&lines, theirs, "\n", false);
        strv_split(&present, own, "\n", false);
        for (size_t i = 0; i < lines.count; i++)
                if (!strv_contains(&present, lines.items[i]) &&
                    cgroup_enter_line(lines.items[i], err) < 0)
                        return -1;
        return 0;
}

/* What cgroup_kill_leftovers() goes by. */
struct cgroup_leftovers {
        uint64_t since, before; /* processes that started within this are killed */
        int killed;
        int64_t patience; /* milliseconds left to wait */
        pid_t spare;      /* but this one */
        bool remove;      /* the groups as well, where nobody is left in them */
};

static void cgroup_kill_one(struct cgroup_leftovers *leftovers, pid_t pid)
{
        struct process_id id;
        AUTO_CLOSE int fd = -1;
        int64_t step = leftovers->patience > 0 ? leftovers->patience : 0;

        if (pid == leftovers->spare || process_identify(pid, &id, NULL) < 0 ||
            id.start < leftovers->since || id.start >= leftovers->before)
                return;
        fd = process_open(&id);
        if (fd < 0 || process_signal(fd, SIGKILL) < 0)
                return;
        leftovers->killed++;
        if (process_wait(fd, (int)step) == 0)
                leftovers->patience = 0;
}

static int cgroup_kill_in(struct cgroup_leftovers *leftovers, int parent, const char *name,
                          int depth, struct error *err);

static int cgroup_kill_below(struct cgroup_leftovers *leftovers, int group, int depth,
                             struct error *err)
{
        AUTO_CLOSEDIR DIR *dir = NULL;
        AUTO_CLOSE int copy = openat(group, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct dirent *entry;

        if (copy < 0 || !(dir = fdopendir(copy)))
                return 0; /* the group went away meanwhile */
        copy = -1;
        while ((entry = readdir(dir))) {
                if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
                        continue;
                if (cgroup_kill_in(leftovers, group, entry->d_name, depth + 1, err) < 0)
                        return -1;
                if (leftovers->remove)
                        unlinkat(group, entry->d_name, AT_REMOVEDIR);
        }
        return 0;
}

static int cgroup_kill_in(struct cgroup_leftovers *leftovers, int parent, const char *name,
                          int depth, struct error *err)
{
        AUTO_CLOSE int group = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        AUTO_FREE char *text = NULL;
        AUTO_STRV struct strv pids = { 0 };

        if (group < 0 || depth > CGROUP_DEPTH)
                return 0;
        /* EOPNOTSUPP: a threaded group; its processes are listed above. */
        if (io_read_file(group, "cgroup.procs", CGROUP_FILE_MAX, &text, NULL, NULL) == 0) {
                strv_split(&pids, text, "\n", false);
                for (size_t i = 0; i < pids.count; i++)
                        cgroup_kill_one(leftovers, (pid_t)atoi(pids.items[i]));
        }
        return cgroup_kill_below(leftovers, group, depth, err);
}

static pid_t cgroup_parent_of(pid_t pid)
{
        AUTO_FREE char *file = str_format("/proc/%d/stat", (int)pid);
        AUTO_FREE char *text = NULL;
        const char *at;

        if (io_read_file(AT_FDCWD, file, CGROUP_FILE_MAX, &text, NULL, NULL) < 0)
                return 0;
        at = strrchr(text, ')'); /* ") STATE PARENT …" */
        return at && strlen(at) > 4 ? (pid_t)atoi(at + 4) : 0;
}

/* The oldest of our ancestors that is in the same group as we are. */
static int cgroup_oldest_ancestor(const char *own, struct process_id *ret, struct error *err)
{
        struct process_id oldest = { 0 };
        pid_t pid = getpid();

        while (pid > 1) {
                AUTO_FREE char *path = NULL;

                if (cgroup_of(pid, &path, err) < 0 || !str_equal(path, own))
                        break;
                if (process_identify(pid, &oldest, err) < 0)
                        return -1;
                pid = cgroup_parent_of(pid);
        }
        *ret = oldest;
        return 0;
}

/* So it is nearly always: here are only this process and what it has started, and no groups below.
 * The kernel counts them among the links of a directory. */
static bool cgroup_is_clean(int group, const struct process_id *self)
{
        AUTO_FREE char *text = NULL;
        AUTO_STRV struct strv pids = { 0 };
        struct stat st;

        if (fstat(group, &st) < 0 || st.st_nlink != 2 ||
            io_read_file(group, "cgroup.procs", CGROUP_FILE_MAX, &text, NULL, NULL) < 0)
                return false;
        strv_split(&pids, text, "\n", false);
        for (size_t i = 0; i < pids.count; i++) {
                pid_t pid = (pid_t)atoi(pids.items[i]);
                struct process_id id;

                if (pid != self->pid &&
                    (process_identify(pid, &id, NULL) < 0 || id.start < self->start))
                        return false;
        }
        return true;
}

static int cgroup_kill_older(int group, const char *own, struct error *err)
{
        struct process_id oldest = { 0 };
        struct cgroup_leftovers leftovers = { .patience = CGROUP_KILL_WAIT, .remove = true };

        if (cgroup_oldest_ancestor(own, &oldest, err) < 0)
                return -1;
        leftovers.before = oldest.start;
        for (int round = 0; round < CGROUP_KILL_ROUNDS; round++) {
                int killed = leftovers.killed;

                if (cgroup_kill_in(&leftovers, group, ".", 0, err) < 0)
                        return -1;
                if (killed == leftovers.killed)
                        break;
        }
        if (leftovers.patience == 0)
                return error_set(err, EBUSY,
                                 "processes of an earlier run in %s do not end, even after SIGKILL",
                                 own);
        return leftovers.killed;
}

int cgroup_kill_leftovers(const char *own, const struct process_id *self, struct error *err)
{
        AUTO_CLOSE int group = cgroup_open(own, err);

        if (group < 0)
                return -1;
        return cgroup_is_clean(group, self) ? 0 : cgroup_kill_older(group, own, err);
}

static void cgroup_kill_since(uint64_t since)
{
        struct cgroup_leftovers leftovers = {
                .since = since,
                .before = UINT64_MAX,
                .spare = getpid(),
        };
        AUTO_FREE char *own = NULL;
        AUTO_CLOSE int group = -1;

        if (cgroup_of(getpid(), &own, NULL) < 0)
                return;
        group = cgroup_open(own, NULL);
        for (int round = 0; group >= 0 && round < CGROUP_KILL_ROUNDS; round++)
                cgroup_kill_in(&leftovers, group, ".", 0, NULL);
}

void cgroup_kill_own(void)
{
        cgroup_kill_since(0);
}

void cgroup_kill_younger(void)
{
        struct process_id self;

        if (process_identify(getpid(), &self, NULL) == 0)
                cgroup_kill_since(self.start);
}
