/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "usage.h"

#include "../base/io.h"
#include "cgroup.h"
#include "process.h"

#include <inttypes.h>
#include <sys/sysinfo.h>

enum {
        USAGE_FILE_MAX = 1024 * 1024,
        USAGE_MICROSECONDS = 1000000,
};

/* --- text of the kernel's */

void usage_parse_net(const char *text, uint64_t *ret_received, uint64_t *ret_sent)
{
        AUTO_STRV struct strv lines = { 0 };

        *ret_received = *ret_sent = 0;
        strv_split(&lines, text, "\n", false);
        for (size_t i = 0; i < lines.count; i++) {
                const char *name = lines.items[i] + strspn(lines.items[i], " ");
                const char *colon = strchr(name, ':');
                uint64_t received, sent;

                /* bytes packets errs drop fifo frame compressed multicast, and the same for sent */
                if (colon && !str_has_prefix(name, "lo:") &&
                    sscanf(colon + 1, "%" SCNu64 " %*u %*u %*u %*u %*u %*u %*u %" SCNu64, &received,
                           &sent) == 2) {
                        *ret_received += received;
                        *ret_sent += sent;
                }
        }
}

void usage_parse_io(const char *text, uint64_t *ret_read, uint64_t *ret_written)
{
        AUTO_STRV struct strv words = { 0 };

        *ret_read = *ret_written = 0;
        strv_split(&words, text, " \n", false);
        for (size_t i = 0; i < words.count; i++) {
                const char *read = str_after(words.items[i], "rbytes=");
                const char *written = str_after(words.items[i], "wbytes=");

                if (read)
                        *ret_read += strtoull(read, NULL, 10);
                if (written)
                        *ret_written += strtoull(written, NULL, 10);
        }
}

/* The number behind "NAME " at the start of a line. */
static bool usage_line(const char *text, const char *name, uint64_t *ret)
{
        AUTO_STRV struct strv lines = { 0 };

        strv_split(&lines, text, "\n", false);
        for (size_t i = 0; i < lines.count; i++) {
                const char *rest = str_after(lines.items[i], name);

                if (!rest || (*rest != ' ' && *rest != ':'))
                        continue;
                *ret = strtoull(rest + 1, NULL, 10);
                return true;
        }
        return false;
}

/* --- files of the group */

static char *usage_read(int group, const char *name)
{
        char *text = NULL;

        return group >= 0 && io_read_file(group, name, USAGE_FILE_MAX, &text, NULL, NULL) == 0
                       ? text
                       : NULL;
}

/* A file with one number, or "max", which leaves *ret as it is. */
static bool usage_number(int group, const char *name, uint64_t *ret)
{
        AUTO_FREE char *text = usage_read(group, name);

        if (!text)
                return false;
        if (!str_has_prefix(text, "max"))
                *ret = strtoull(text, NULL, 10);
        return true;
}

/* --- processes one by one, where the group does not know */

struct usage_sums {
        uint64_t memory, threads, read, written;
};

static void usage_add_process(struct usage_sums *sums, pid_t pid)
{
        AUTO_FREE char *status_path = str_format("/proc/%d/status", (int)pid);
        AUTO_FREE char *io_path = str_format("/proc/%d/io", (int)pid);
        AUTO_FREE char *status = NULL, *io = NULL;
        uint64_t number = 0;

        if (io_read_file(AT_FDCWD, status_path, USAGE_FILE_MAX, &status, NULL, NULL) == 0) {
                if (usage_line(status, "VmRSS", &number))
                        sums->memory += number * 1024;
                if (usage_line(status, "Threads", &number))
                        sums->threads += number;
        }
        if (io_read_file(AT_FDCWD, io_path, USAGE_FILE_MAX, &io, NULL, NULL) == 0) {
                if (usage_line(io, "read_bytes", &number))
                        sums->read += number;
                if (usage_line(io, "write_bytes", &number))
                        sums->written += number;
        }
}

static int usage_sum(int group, struct usage_sums *ret, struct error *err)
{
        AUTO_FREE pid_t *pids = NULL;
        size_t count;

        if (cgroup_list_processes(group, &pids, &count, err) < 0)
                return -1;
        for (size_t i = 0; i < count; i++)
                usage_add_process(ret, pids[i]);
        return 0;
}

/* Has the group all that else the processes have to be asked for? */
static bool usage_is_counted(int group)
{
        static const char *const files[] = { "memory.current", "pids.current", "io.stat" };

        for (size_t i = 0; i < sizeof files / sizeof *files; i++)
                if (faccessat(group, files[i], R_OK, 0) < 0)
                        return false;
        return true;
}

/* --- all together */

static void usage_of_group(int group, const struct usage_sums *sums, struct usage *usage)
{
        AUTO_FREE char *cpu = usage_read(group, "cpu.stat");
        AUTO_FREE char *io = usage_read(group, "io.stat");

        if (!usage_number(group, "memory.current", &usage->memory))
                usage->memory = sums->memory;
        usage_number(group, "memory.max", &usage->memory_limit);
        if (!usage_number(group, "pids.current", &usage->pids))
                usage->pids = sums->threads;
        usage_number(group, "pids.max", &usage->pids_limit);
        if (cpu)
                usage_line(cpu, "usage_usec", &usage->cpu);
        if (io)
                usage_parse_io(io, &usage->block_read, &usage->block_written);
        if (!io) {
                usage->block_read = sums->read;
                usage->block_written = sums->written;
        }
}

static void usage_of_network(const struct container_state *state, struct usage *usage)
{
        AUTO_FREE char *path = str_format("/proc/%d/net/dev", (int)state->init.pid);
        AUTO_FREE char *text = NULL;

        if (!strv_contains(&state->networks, "host") &&
            io_read_file(AT_FDCWD, path, USAGE_FILE_MAX, &text, NULL, NULL) == 0)
                usage_parse_net(text, &usage->net_received, &usage->net_sent);
}

static uint64_t usage_machine_memory(void)
{
        struct sysinfo info;

        return sysinfo(&info) == 0 ? (uint64_t)info.totalram * info.mem_unit : 0;
}

int usage_take(const struct container_state *state, struct usage *ret, struct error *err)
{
        struct usage usage = { .memory_limit = usage_machine_memory() };
        struct usage_sums sums = { 0 };
        AUTO_FREE char *current = NULL;
        const char *path = state->cgroup;
        AUTO_CLOSE int group = -1;

        if (!state->init.pid || !process_alive(&state->init))
                return error_set(err, ESRCH, "container '%s' is not running", state->name);
        if (!path) {
                if (cgroup_of(state->init.pid, &current, err) < 0)
                        return -1;
                path = current;
        }
        group = cgroup_open(path, err);
        if (group < 0 || (!usage_is_counted(group) && usage_sum(group, &sums, err) < 0))
                return -1;
        usage_of_group(group, &sums, &usage);
        usage_of_network(state, &usage);
        usage.age = (uint64_t)process_age(&state->init);
        *ret = usage;
        return 0;
}
