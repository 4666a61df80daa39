/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "health.h"

#include "../base/io.h"
#include "../base/json.h"
#include "../base/printable.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/file.h>

enum {
        /* Room for a log at its limits, every byte of it escaped. */
        HEALTH_FILE_MAX = 8 * HEALTH_LOG_MAX_TOTAL,
        HEALTH_REASON_MAX = 200, /* bytes of a check's output in one line */
        HEALTH_LOCK_WAIT = 20,   /* milliseconds between two tries */
};

static const char *const health_statuses[] = { "starting", "healthy", "unhealthy" };

enum {
        HEALTH_STATUSES = sizeof health_statuses / sizeof *health_statuses
};

const char *health_status_name(enum health_status status)
{
        return health_statuses[status];
}

void health_result_free(struct health_result *result)
{
        free(result->start);
        free(result->end);
        free(result->output);
        *result = (struct health_result){ 0 };
}

void health_free(struct health *health)
{
        health_settings_free(&health->settings);
        for (size_t i = 0; i < health->log_count; i++)
                health_result_free(&health->log[i]);
        free(health->log);
        free(health->socket);
        *health = (struct health){ 0 };
}

void health_begin(struct health_settings *settings, struct health *ret)
{
        *ret = (struct health){ .settings = *settings };
        *settings = (struct health_settings){ 0 };
        ret->started = !ret->settings.startup_test.count;
}

/* --- what follows from results */

bool health_in_startup(const struct health *health)
{
        return !health->started;
}

static struct health_change health_set(struct health *health, enum health_status status)
{
        struct health_change change = { .status = health->status != status };

        health->status = status;
        if (status == HEALTH_UNHEALTHY)
                change.action = (enum health_action)health->settings.on_failure;
        return change;
}

static struct health_change health_take_startup(struct health *health, bool good)
{
        const struct health_settings *settings = &health->settings;
        struct health_change change = { 0 };

        if (good) {
                health->startup_failures = 0;
                health->started = ++health->startup_successes >= settings->startup_success;
                return change;
        }
        health->startup_successes = 0;
        health->startup_failures++;
        if (settings->startup_retries && health->startup_failures >= settings->startup_retries)
                change.action = HEALTH_ACT_RESTART;
        return change;
}

static struct health_change health_take_check(struct health *health, bool good, int64_t age)
{
        if (good) {
                health->failing = 0;
                return health_set(health, HEALTH_HEALTHY);
        }
        if (age >= (int64_t)health->settings.start_period && health->failing < INT_MAX)
                health->failing++;
        if (health->failing >= health->settings.retries)
                return health_set(health, HEALTH_UNHEALTHY);
        return (struct health_change){ 0 };
}

static void health_drop_oldest(struct health *health)
{
        health_result_free(&health->log[0]);
        memmove(health->log, health->log + 1, --health->log_count * sizeof *health->log);
}

static uint64_t health_limit(uint64_t wanted, uint64_t most)
{
        return wanted && wanted < most ? wanted : most;
}

static void health_keep(struct health *health, struct health_result *result)
{
        uint64_t most = health_limit(health->settings.max_log_count, HEALTH_LOG_MAX_COUNT);
        size_t total = 0;

        health->log = alloc_grow(health->log, health->log_count + 1, sizeof *health->log);
        health->log[health->log_count++] = *result;
        *result = (struct health_result){ 0 };
        for (size_t i = 0; i < health->log_count; i++)
                total += strlen(health->log[i].output);
        while (health->log_count > most ||
               (health->log_count > 1 && total > HEALTH_LOG_MAX_TOTAL)) {
                total -= strlen(health->log[0].output);
                health_drop_oldest(health);
        }
}

struct health_change health_take(struct health *health, struct health_result *result, int64_t age)
{
        bool good = result->exit_code == 0;

        health_keep(health, result);
        return health_in_startup(health) ? health_take_startup(health, good)
                                         : health_take_check(health, good, age);
}

int64_t health_delay(const struct health *health, uint64_t interval, int64_t age)
{
        const struct health_settings *settings = &health->settings;

        if (health_in_startup(health))
                return (int64_t)settings->startup_interval;
        if (!interval)
                return -1;
        if (health->status == HEALTH_STARTING && age < (int64_t)settings->start_period &&
            settings->start_interval < interval)
                return (int64_t)settings->start_interval;
        return (int64_t)interval;
}

/* --- text */

char *health_clean(const char *data, size_t length, size_t max)
{
        AUTO_STRBUF struct strbuf text = { 0 };
        size_t most = health_limit(max, HEALTH_LOG_MAX_SIZE), end = 0;

        for (size_t i = 0; i < length; i++)
                strbuf_append_char(&text, data[i] ? data[i] : '?');
        if (!text.data)
                return str_dup("");
        printable_mask(text.data, "\n\t");
        while (text.data[end]) {
                uint32_t code;
                size_t size;

                printable_next(text.data + end, &size, &code);
                if (end + size > most)
                        break;
                end += size;
        }
        text.data[end] = '\0';
        return strbuf_steal(&text);
}

/* One line of it. */
static void health_append_line(struct strbuf *text, const char *output)
{
        size_t length = strlen(output);
        AUTO_FREE char *line = health_clean(output, length, HEALTH_REASON_MAX);
        size_t end = strlen(line);

        while (end && (line[end - 1] == '\n' || line[end - 1] == ' '))
                line[--end] = '\0';
        for (char *c = line; *c; c++)
                if (*c == '\n' || *c == '\t')
                        *c = ' ';
        if (*line)
                strbuf_appendf(text, ": %s", line);
}

char *health_reason(const struct health *health)
{
        AUTO_STRBUF struct strbuf text = { 0 };
        const struct health_result *last =
                health->log_count ? &health->log[health->log_count - 1] : NULL;
        unsigned failed = health_in_startup(health) ? health->startup_failures : health->failing;

        if (!last)
                return str_dup("no check has ended yet");
        if (failed > 1)
                strbuf_appendf(&text, "%u checks failed; the last one: ", failed);
        if (last->exit_code == HEALTH_NOT_ENDED)
                strbuf_append(&text, "killed");
        else
                strbuf_appendf(&text, "exit code %d", last->exit_code);
        health_append_line(&text, last->output);
        return strbuf_steal(&text);
}

/* --- health.json */

static void health_add_number(struct json_object *object, const char *key, int64_t value)
{
        json_object_object_add(object, key, json_object_new_int64(value));
}

/* What the log's members are called. */
struct log_names {
        const char *log, *start, *end, *exit_code, *output;
};

static void health_add_log(struct json_object *object, const struct health *health,
                           const struct log_names *names)
{
        struct json_object *log = json_add_array(object, names->log);

        for (size_t i = 0; i < health->log_count; i++) {
                const struct health_result *result = &health->log[i];
                struct json_object *entry = json_object_new_object();

                json_set_string(entry, names->start, result->start);
                json_set_string(entry, names->end, result->end);
                health_add_number(entry, names->exit_code, result->exit_code);
                json_set_string(entry, names->output, result->output);
                json_object_array_add(log, entry);
        }
}

struct json_object *health_to_json(const struct health *health)
{
        static const struct log_names own = { "log", "start", "end", "exitCode", "output" };
        struct json_object *object = json_object_new_object();

        health_add_number(object, "version", HEALTH_VERSION);
        json_object_object_add(object, "settings", health_settings_to_json(&health->settings));
        json_set_string(object, "status", health_status_name(health->status));
        health_add_number(object, "failingStreak", health->failing);
        health_add_number(object, "startupSuccesses", health->startup_successes);
        health_add_number(object, "startupFailures", health->startup_failures);
        json_object_object_add(object, "started", json_object_new_boolean(health->started));
        json_object_object_add(object, "notify", json_object_new_boolean(health->notify));
        json_set_string(object, "socket", health->socket);
        health_add_log(object, health, &own);
        return object;
}

struct json_object *health_results_to_json(const struct health *health)
{
        static const struct log_names podmans = { "Log", "Start", "End", "ExitCode", "Output" };
        struct json_object *object = json_object_new_object();

        json_set_string(object, "Status", health_status_name(health->status));
        health_add_number(object, "FailingStreak", health->failing);
        health_add_log(object, health, &podmans);
        return object;
}

static int health_get_number(struct json_object *object, const char *key, unsigned *ret,
                             struct error *err)
{
        int64_t number = 0;

        if (json_get_int(object, key, &number, err) < 0)
                return -1;
        if (number < 0 || number > INT_MAX)
                return error_set(err, ERANGE, "\"%s\" is out of range", key);
        *ret = (unsigned)number;
        return 0;
}

static int health_get_result(struct json_object *entry, struct health *health, struct error *err)
{
        AUTO_HEALTH_RESULT struct health_result result = { 0 };
        const char *output = NULL;
        int64_t code = 0;

        if (!json_object_is_type(entry, json_type_object))
                return error_set(err, EBADMSG, "\"log\" holds something else than results");
        if (json_copy_string(entry, "start", &result.start, err) < 0 ||
            json_copy_string(entry, "end", &result.end, err) < 0 ||
            json_get_string(entry, "output", &output, err) < 0 ||
            json_get_int(entry, "exitCode", &code, err) < 0)
                return -1;
        result.output = str_dup(output ? output : "");
        if (code < INT_MIN || code > INT_MAX)
                return error_set(err, ERANGE, "\"exitCode\" is out of range");
        result.exit_code = (int)code;
        health_keep(health, &result);
        return 0;
}

static int health_get_log(struct json_object *object, struct health *health, struct error *err)
{
        struct json_object *log = NULL;

        if (json_get_array(object, "log", &log, err) < 0)
                return -1;
        for (size_t i = 0; log && i < json_object_array_length(log); i++)
                if (health_get_result(json_object_array_get_idx(log, i), health, err) < 0)
                        return -1;
        return 0;
}

static int health_get_status(struct json_object *object, enum health_status *ret, struct error *err)
{
        const char *name = NULL;

        if (json_get_string(object, "status", &name, err) < 0)
                return -1;
        for (size_t i = 0; i < HEALTH_STATUSES; i++)
                if (str_equal(name, health_statuses[i])) {
                        *ret = (enum health_status)i;
                        return 0;
                }
        return error_set(err, EBADMSG, "\"status\" is none of a container's health");
}

static int health_get_members(struct json_object *object, struct health *health, struct error *err)
{
        struct json_object *settings = NULL;

        if (json_get_object(object, "settings", &settings, err) < 0)
                return -1;
        if (!settings)
                return error_set(err, EBADMSG, "\"settings\" is missing");
        if (health_settings_from_json(settings, &health->settings, err) < 0 ||
            health_get_status(object, &health->status, err) < 0 ||
            health_get_number(object, "failingStreak", &health->failing, err) < 0 ||
            health_get_number(object, "startupSuccesses", &health->startup_successes, err) < 0 ||
            health_get_number(object, "startupFailures", &health->startup_failures, err) < 0 ||
            json_get_bool(object, "started", &health->started, err) < 0 ||
            json_get_bool(object, "notify", &health->notify, err) < 0 ||
            json_copy_string(object, "socket", &health->socket, err) < 0)
                return -1;
        return health_get_log(object, health, err);
}

int health_from_json(struct json_object *object, struct health *ret, struct error *err)
{
        AUTO_HEALTH struct health health = { 0 };
        int64_t version = 0;

        if (json_get_int(object, "version", &version, err) < 0)
                return -1;
        if (version < 1 || version > HEALTH_VERSION)
                return error_set(err, EPROTO, "written by another version of crunit (format %lld)",
                                 (long long)version);
        if (health_get_members(object, &health, err) < 0)
                return -1;
        *ret = health;
        health = (struct health){ 0 };
        return 0;
}

int health_read(const char *run, struct health *ret, struct error *err)
{
        AUTO_FREE char *path = str_concat(run, "/health.json");
        AUTO_JSON struct json_object *object = NULL;

        if (json_read_file(AT_FDCWD, path, HEALTH_FILE_MAX, &object, err) < 0)
                return -1;
        return health_from_json(object, ret, err) < 0 ? error_wrap(err, "%s", path) : 0;
}

int health_write(const char *run, const struct health *health, struct error *err)
{
        AUTO_FREE char *path = str_concat(run, "/health.json");
        AUTO_JSON struct json_object *object = health_to_json(health);
        AUTO_FREE char *text = json_text(object, false);

        return io_write_file(AT_FDCWD, path, text, strlen(text), 0600, IO_NO_SYNC, err);
}

int health_lock(const char *run, int signals, struct error *err)
{
        AUTO_FREE char *path = str_concat(run, "/health.lock");
        AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

        while (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0) {
                struct pollfd event = { .fd = signals, .events = POLLIN };

                if (fd < 0 || (errno != EWOULDBLOCK && errno != EINTR))
                        return error_errno(err, errno, "cannot lock %s", path);
                if (poll(&event, 1, HEALTH_LOCK_WAIT) > 0)
                        return error_set(err, EINTR, "told to stop");
        }
        return steal_fd(&fd);
}
