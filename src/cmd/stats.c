/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit stats: what containers use, once or again and again. */
#include "../base/json.h"
#include "../base/log.h"
#include "../container/census.h"
#include "../container/usage.h"
#include "format.h"
#include "listing.h"
#include "running.h"
#include "view-commands.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>

enum {
        STATS_INTERVAL = 5, /* seconds */
        STATS_SHORT_ID = 12,
        STATS_COLUMNS = 8,
};

struct stats_request {
        bool once, whole, no_reset, all;
        unsigned interval; /* seconds */
        char *format;      /* owned */
        char **names;      /* borrowed; NULL-terminated, may be empty */
};

/* One container as it was at the last look. */
struct stats_row {
        char *id; /* owned */
        uint64_t cpu, at;
};

struct stats_memory {
        struct stats_row *rows; /* owned */
        size_t count;
};

static int stats_take_interval(void *context, const struct option_row *row, const char *value,
                               struct error *err)
{
        struct stats_request *request = context;
        unsigned long long seconds;

        if (!str_to_u64(value, 86400, &seconds) || !seconds)
                return error_set(err, EINVAL, "--%s %s: not a number of seconds", row->name, value);
        request->interval = (unsigned)seconds;
        return 0;
}

const struct option_row stats_options_table[] = {
        { .name = "all",
          .letter = 'a',
          .kind = OPTION_FLAG,
          .help = "those that are just being started as well",
          .take = option_take_bool,
          .field = offsetof(struct stats_request, all) },
        { .name = "no-stream",
          .kind = OPTION_FLAG,
          .help = "once; the processor's part is that since the start",
          .take = option_take_bool,
          .field = offsetof(struct stats_request, once) },
        { .name = "interval",
          .letter = 'i',
          .argument = "SECONDS",
          .help = "how often to look (5)",
          .take = stats_take_interval },
        { .name = "no-reset",
          .kind = OPTION_FLAG,
          .help = "do not clear the screen each time",
          .take = option_take_bool,
          .field = offsetof(struct stats_request, no_reset) },
        { .name = "no-trunc",
          .kind = OPTION_FLAG,
          .help = "whole ids",
          .take = option_take_bool,
          .field = offsetof(struct stats_request, whole) },
        { .name = "format",
          .argument = "FORMAT",
          .help = "table, json, or a template such as '{{.Name}} {{.MemUsage}}'",
          .take = format_take,
          .field = offsetof(struct stats_request, format) },
        { .name = NULL },
};

static uint64_t stats_now(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Hundredths of a percent of one processor: since the last look, or since the start. */
static double stats_cpu(struct stats_memory *memory, const char *id, const struct usage *usage)
{
        uint64_t now = stats_now(), used = usage->cpu, span = usage->age * 1000;
        size_t i = 0;

        while (i < memory->count && !str_equal(memory->rows[i].id, id))
                i++;
        if (i < memory->count && now > memory->rows[i].at && used >= memory->rows[i].cpu) {
                used -= memory->rows[i].cpu;
                span = now - memory->rows[i].at;
        } else if (i == memory->count) {
                memory->rows = alloc_grow(memory->rows, ++memory->count, sizeof *memory->rows);
                memory->rows[i].id = str_dup(id);
        }
        memory->rows[i].cpu = usage->cpu;
        memory->rows[i].at = now;
        return span ? 100.0 * (double)used / (double)span : 0;
}

static void stats_set_number(struct json_object *object, const char *key, uint64_t value)
{
        json_object_object_add(object, key, json_object_new_uint64(value));
}

/* "1 MB / 2 GB" */
static void stats_set_pair(struct json_object *object, const char *key, uint64_t a, uint64_t b)
{
        AUTO_FREE char *first = listing_size(a), *second = listing_size(b);
        AUTO_FREE char *text = str_concat(first, " / ", second);

        json_set_string(object, key, text);
}

static void stats_set_percent(struct json_object *object, const char *key, double percent)
{
        AUTO_FREE char *text = str_format("%.2f%%", percent);

        json_set_string(object, key, text);
}

static struct json_object *stats_view(const struct container_state *state,
                                      const struct usage *usage, double cpu, bool whole)
{
        struct json_object *object = json_object_new_object();
        AUTO_FREE char *id = str_dupn(state->id, whole ? strlen(state->id) : STATS_SHORT_ID);
        double memory = usage->memory_limit
                                ? 100.0 * (double)usage->memory / (double)usage->memory_limit
                                : 0;

        json_set_string(object, "ID", id);
        json_set_string(object, "Name", state->name);
        stats_set_percent(object, "CPUPerc", cpu);
        stats_set_pair(object, "MemUsage", usage->memory, usage->memory_limit);
        stats_set_percent(object, "MemPerc", memory);
        stats_set_pair(object, "NetIO", usage->net_received, usage->net_sent);
        stats_set_pair(object, "BlockIO", usage->block_read, usage->block_written);
        stats_set_number(object, "PIDs", usage->pids);
        stats_set_number(object, "PIDsLimit", usage->pids_limit);
        stats_set_number(object, "CPUMicroseconds", usage->cpu);
        stats_set_number(object, "MemUsageBytes", usage->memory);
        stats_set_number(object, "MemLimitBytes", usage->memory_limit);
        stats_set_number(object, "NetInputBytes", usage->net_received);
        stats_set_number(object, "NetOutputBytes", usage->net_sent);
        stats_set_number(object, "BlockInputBytes", usage->block_read);
        stats_set_number(object, "BlockOutputBytes", usage->block_written);
        return object;
}

/* Those that were asked for, by name or id; each has to be there. */
static int stats_take_named(const struct stats_request *request, struct stats_memory *memory,
                            struct json_object *list, struct error *err)
{
        for (char **name = request->names; *name; name++) {
                AUTO_STATE struct container_state state = { 0 };
                AUTO_FREE char *run = NULL;
                struct usage usage;

                if (running_find(*name, &state, &run, err) < 0 ||
                    usage_take(&state, &usage, err) < 0)
                        return -1;
                json_object_array_add(list, stats_view(&state, &usage,
                                                       stats_cpu(memory, state.id, &usage),
                                                       request->whole));
        }
        return 0;
}

/* All that run; one that ends meanwhile is left out. */
static int stats_take_all(const struct stats_request *request, struct stats_memory *memory,
                          struct json_object *list, struct error *err)
{
        AUTO_CENSUS struct census census = { 0 };

        if (census_take(NULL, log_warning_line, &census, err) < 0)
                return -1;
        for (size_t i = 0; i < census.count; i++) {
                const struct container_state *state = &census.items[i].state;
                struct usage usage = { 0 };

                if (usage_take(state, &usage, NULL) < 0 &&
                    (!request->all || !census.items[i].alive))
                        continue;
                json_object_array_add(list, stats_view(state, &usage,
                                                       stats_cpu(memory, state->id, &usage),
                                                       request->whole));
        }
        return 0;
}

/* --- on the screen */

static const char *const stats_titles[STATS_COLUMNS] = {
        "ID", "NAME", "CPU %", "MEM USAGE / LIMIT", "MEM %", "NET IO", "BLOCK IO", "PIDS",
};
static const char *const stats_members[STATS_COLUMNS] = {
        "ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs",
};

/* Lines that the terminal has room for; SIZE_MAX where it is none. */
static size_t stats_height(void)
{
        struct winsize size;

        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row < 3)
                return SIZE_MAX;
        return size.ws_row - 2u;
}

static void stats_print_table(struct json_object *list, size_t most)
{
        size_t count = json_object_array_length(list);
        AUTO_FREE struct strv *rows = alloc_zero(count + 1, sizeof *rows);

        for (size_t i = 0; i < STATS_COLUMNS; i++)
                strv_append(&rows[0], stats_titles[i]);
        for (size_t i = 0; i < count; i++)
                for (size_t k = 0; k < STATS_COLUMNS; k++) {
                        struct json_object *cell = NULL;

                        json_object_object_get_ex(json_object_array_get_idx(list, i),
                                                  stats_members[k], &cell);
                        strv_append(&rows[i + 1], json_object_get_string(cell));
                }
        listing_print(rows, count < most ? count + 1 : most + 1, STATS_COLUMNS);
        for (size_t i = 0; i <= count; i++)
                strv_free(&rows[i]);
}

static int stats_print(const struct stats_request *request, struct json_object *list,
                       struct error *err)
{
        int printed = format_print(request->format, list, TEMPLATE_LIST, err);

        if (printed != 0)
                return printed < 0 ? -1 : 0;
        if (!request->once && !request->no_reset && isatty(STDOUT_FILENO)) {
                fputs("\x1b[H\x1b[J", stdout);
                stats_print_table(list, stats_height());
        } else {
                stats_print_table(list, SIZE_MAX);
        }
        return 0;
}

static int stats_look(const struct stats_request *request, struct stats_memory *memory,
                      struct error *err)
{
        AUTO_JSON struct json_object *list = json_object_new_array();
        int result = *request->names ? stats_take_named(request, memory, list, err)
                                     : stats_take_all(request, memory, list, err);

        if (result < 0 || stats_print(request, list, err) < 0)
                return -1;
        if (fflush(stdout) != 0)
                return error_errno(err, errno, "cannot write");
        return 0;
}

static void stats_forget(struct stats_memory *memory)
{
        for (size_t i = 0; i < memory->count; i++)
                free(memory->rows[i].id);
        free(memory->rows);
}

static int stats_run(const struct stats_request *request, struct error *err)
{
        CLEANUP(stats_forget) struct stats_memory memory = { 0 };
        const struct timespec pause = { .tv_sec = request->interval };
        int result = stats_look(request, &memory, err);

        while (result == 0 && !request->once) {
                nanosleep(&pause, NULL);
                result = stats_look(request, &memory, err);
        }
        return result;
}

static void stats_free(struct stats_request *request)
{
        free(request->format);
}

int cmd_stats(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        CLEANUP(stats_free) struct stats_request request = { .interval = STATS_INTERVAL };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, -1, &first, &status))
                return status;
        request.names = argv + first;
        return stats_run(&request, &err) < 0 ? log_failure(&err) : EXIT_SUCCESS;
}
