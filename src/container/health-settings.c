/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "health-settings.h"

#include "../base/duration.h"
#include "../base/json.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>

enum {
        SETTINGS_SECOND = 1000,
        SETTINGS_LEAST = 100, /* milliseconds between checks: less would be a load of its own */
        SETTINGS_NANO = 1000 * 1000,
};

static const char *const health_actions[] = { "none", "kill", "restart", "stop" };

enum {
        HEALTH_ACTIONS = sizeof health_actions / sizeof *health_actions
};

const char *health_action_name(enum health_action action)
{
        return health_actions[action];
}

void health_settings_init(struct health_settings *settings)
{
        *settings = (struct health_settings){
                .interval = 30 * SETTINGS_SECOND,
                .timeout = 30 * SETTINGS_SECOND,
                .retries = 3,
                .start_interval = 5 * SETTINGS_SECOND,
                .startup_interval = 30 * SETTINGS_SECOND,
                .startup_timeout = 30 * SETTINGS_SECOND,
                .log_destination = str_dup("local"),
                .max_log_count = 5,
                .max_log_size = 500,
        };
}

void health_settings_free(struct health_settings *settings)
{
        strv_free(&settings->test);
        strv_free(&settings->startup_test);
        free(settings->log_destination);
        *settings = (struct health_settings){ 0 };
}

/* --- commands */

static bool settings_is(const char *word, const char *wanted)
{
        return str_equal_nocase(word, wanted);
}

/* A list of words as people write it: with the keyword in front, or without. */
static void settings_add_words(const struct strv *words, struct strv *ret)
{
        const char *first = words->items[0];
        bool command = settings_is(first, "CMD"), shell = settings_is(first, "CMD-SHELL");

        if (settings_is(first, "NONE"))
                return;
        strv_append(ret, shell || (!command && words->count == 1) ? "CMD-SHELL" : "CMD");
        for (size_t i = command || shell; i < words->count; i++)
                strv_append(ret, words->items[i]);
}

/* One line: a command for the shell, unless it says otherwise. */
static void settings_add_line(const char *line, struct strv *ret)
{
        const char *words = str_after(line, "CMD ");
        const char *shell = str_after(line, "CMD-SHELL ");

        if (words) {
                strv_append(ret, "CMD");
                strv_split(ret, words, " \t", false);
        } else {
                strv_append(ret, "CMD-SHELL");
                strv_append(ret, shell ? shell : line);
        }
}

static int settings_parse_list(const char *text, struct strv *ret_words, struct error *err)
{
        AUTO_FREE char *document = str_concat("{\"words\":", text, "}");
        AUTO_JSON struct json_object *object = NULL;

        if (json_parse(document, strlen(document), "the command", &object, err) < 0)
                return -1;
        return json_get_strv(object, "words", ret_words, err);
}

static int settings_take_test(struct strv *test, const char *value, struct error *err)
{
        AUTO_STRV struct strv words = { 0 };
        AUTO_STRV struct strv result = { 0 };
        const char *text = value + strspn(value, " \t");

        if (!*text)
                return 0;
        /* What begins like a list and is none is a command: `[ -e /run/ready ]`. */
        if (*text == '[' && settings_parse_list(text, &words, NULL) == 0 && words.count)
                settings_add_words(&words, &result);
        else if (!settings_is(text, "none"))
                settings_add_line(text, &result);
        if (result.count == 1)
                return error_set(err, EINVAL, "the command is empty");
        strv_free(test);
        *test = result;
        result = (struct strv){ 0 };
        return 0;
}

void health_settings_command(const struct strv *test, struct strv *ret)
{
        if (!test->count)
                return;
        if (str_equal(test->items[0], "CMD-SHELL")) {
                struct strv rest = { test->items + 1, test->count - 1, 0 };

                strv_append(ret, "sh");
                strv_append(ret, "-c");
                strv_append_owned(ret, strv_join(&rest, " "));
                return;
        }
        for (size_t i = 1; i < test->count; i++)
                strv_append(ret, test->items[i]);
}

/* --- values */

typedef int settings_function(void *place, const char *value, struct error *err);

static int settings_take_command(void *place, const char *value, struct error *err)
{
        return settings_take_test(place, value, err);
}

static int settings_take_time(uint64_t *place, const char *value, uint64_t least, struct error *err)
{
        uint64_t milliseconds;

        if (!duration_parse(value, &milliseconds))
                return error_set(err, EINVAL, "not a time (as 30s or 1m30s)");
        if (milliseconds < least)
                return error_set(err, EINVAL, "less than %llums", (unsigned long long)least);
        *place = milliseconds;
        return 0;
}

static int settings_take_period(void *place, const char *value, struct error *err)
{
        return settings_take_time(place, value, 0, err);
}

static int settings_take_timeout(void *place, const char *value, struct error *err)
{
        return settings_take_time(place, value, SETTINGS_LEAST, err);
}

static int settings_take_interval(void *place, const char *value, struct error *err)
{
        uint64_t *milliseconds = place;

        if (!str_equal(value, "disable"))
                return settings_take_time(place, value, SETTINGS_LEAST, err);
        *milliseconds = 0;
        return 0;
}

static int settings_take_count(uint64_t *place, const char *value, uint64_t least,
                               struct error *err)
{
        unsigned long long number;

        if (!str_to_u64(value, INT_MAX, &number) || number < least)
                return error_set(err, EINVAL, "not a number from %llu on",
                                 (unsigned long long)least);
        *place = number;
        return 0;
}

static int settings_take_number(void *place, const char *value, struct error *err)
{
        return settings_take_count(place, value, 0, err);
}

static int settings_take_retries(void *place, const char *value, struct error *err)
{
        return settings_take_count(place, value, 1, err);
}

static int settings_take_action(void *place, const char *value, struct error *err)
{
        uint64_t *action = place;

        for (size_t i = 0; i < HEALTH_ACTIONS; i++)
                if (str_equal(value, health_actions[i])) {
                        *action = i;
                        return 0;
                }
        return error_set(err, EINVAL, "not one of none, kill, restart, stop");
}

static int settings_take_destination(void *place, const char *value, struct error *err)
{
        if (!str_equal(value, "local") && !str_equal(value, "events_logger") && value[0] != '/')
                return error_set(err, EINVAL,
                                 "not local, events_logger or the path of a directory");
        str_replace(place, value);
        return 0;
}

/* --- the options, and their members of health.json */

#define FIELD(member) offsetof(struct health_settings, member)

enum settings_kind {
        SETTINGS_WORDS,
        SETTINGS_NUMBER,
        SETTINGS_TEXT,
};

static const struct settings_row {
        const char *option; /* or NULL */
        const char *member;
        settings_function *take;
        size_t field;
        enum settings_kind kind;
} settings_rows[] = {
        { "health-cmd", "test", settings_take_command, FIELD(test), SETTINGS_WORDS },
        { "health-interval", "interval", settings_take_interval, FIELD(interval), SETTINGS_NUMBER },
        { "health-timeout", "timeout", settings_take_timeout, FIELD(timeout), SETTINGS_NUMBER },
        { "health-retries", "retries", settings_take_retries, FIELD(retries), SETTINGS_NUMBER },
        { "health-start-period", "startPeriod", settings_take_period, FIELD(start_period),
          SETTINGS_NUMBER },
        { NULL, "startInterval", NULL, FIELD(start_interval), SETTINGS_NUMBER },
        { "health-startup-cmd", "startupTest", settings_take_command, FIELD(startup_test),
          SETTINGS_WORDS },
        { "health-startup-interval", "startupInterval", settings_take_timeout,
          FIELD(startup_interval), SETTINGS_NUMBER },
        { "health-startup-timeout", "startupTimeout", settings_take_timeout, FIELD(startup_timeout),
          SETTINGS_NUMBER },
        { "health-startup-retries", "startupRetries", settings_take_number, FIELD(startup_retries),
          SETTINGS_NUMBER },
        { "health-startup-success", "startupSuccess", settings_take_number, FIELD(startup_success),
          SETTINGS_NUMBER },
        { "health-on-failure", "onFailure", settings_take_action, FIELD(on_failure),
          SETTINGS_NUMBER },
        { "health-log-destination", "logDestination", settings_take_destination,
          FIELD(log_destination), SETTINGS_TEXT },
        { "health-max-log-count", "maxLogCount", settings_take_number, FIELD(max_log_count),
          SETTINGS_NUMBER },
        { "health-max-log-size", "maxLogSize", settings_take_number, FIELD(max_log_size),
          SETTINGS_NUMBER },
};

enum {
        SETTINGS_ROWS = sizeof settings_rows / sizeof *settings_rows
};

static void *settings_place(const struct health_settings *settings, const struct settings_row *row)
{
        return (char *)(uintptr_t)settings + row->field;
}

int health_settings_take(struct health_settings *settings, const char *option, const char *value,
                         struct error *err)
{
        if (str_equal(option, "no-healthcheck")) {
                strv_free(&settings->test);
                strv_free(&settings->startup_test);
                return 0;
        }
        for (size_t i = 0; i < SETTINGS_ROWS; i++) {
                const struct settings_row *row = &settings_rows[i];

                if (!str_equal(row->option, option))
                        continue;
                /* What is set to nothing is not set. */
                if (str_empty(value) || row->take(settings_place(settings, row), value, err) == 0)
                        return 0;
                return error_wrap(err, "--%s %s", option, value);
        }
        return error_set(err, EINVAL, "--%s: not an option of health checks", option);
}

/* --- images */

/* Nanoseconds; 0 says nothing. */
static int settings_get_image_time(struct json_object *object, const char *key, uint64_t *place,
                                   struct error *err)
{
        int64_t nanoseconds = 0;

        if (json_get_int(object, key, &nanoseconds, err) < 0)
                return -1;
        if (nanoseconds < 0 || nanoseconds / SETTINGS_NANO > DURATION_MAX_MS)
                return error_set(err, ERANGE, "%s is out of range", key);
        if (nanoseconds)
                *place = (uint64_t)(nanoseconds / SETTINGS_NANO);
        if (*place < SETTINGS_LEAST && nanoseconds)
                *place = SETTINGS_LEAST;
        return 0;
}

static int settings_get_image(struct json_object *object, struct health_settings *settings,
                              struct error *err)
{
        AUTO_STRV struct strv words = { 0 };
        int64_t retries = 0;

        if (json_get_strv(object, "Test", &words, err) < 0 ||
            settings_get_image_time(object, "Interval", &settings->interval, err) < 0 ||
            settings_get_image_time(object, "Timeout", &settings->timeout, err) < 0 ||
            settings_get_image_time(object, "StartPeriod", &settings->start_period, err) < 0 ||
            settings_get_image_time(object, "StartInterval", &settings->start_interval, err) < 0 ||
            json_get_int(object, "Retries", &retries, err) < 0)
                return -1;
        if (retries < 0 || retries > INT_MAX)
                return error_set(err, ERANGE, "Retries is out of range");
        if (retries)
                settings->retries = (uint64_t)retries;
        if (words.count)
                settings_add_words(&words, &settings->test);
        if (settings->test.count == 1)
                strv_free(&settings->test);
        return 0;
}

int health_settings_take_image(struct health_settings *settings, const char *json,
                               struct error *err)
{
        AUTO_JSON struct json_object *object = NULL;

        if (json_parse(json, strlen(json), "the image's health check", &object, err) < 0)
                return -1;
        return settings_get_image(object, settings, err) < 0
                       ? error_wrap(err, "the image's health check")
                       : 0;
}

/* --- health.json */

struct json_object *health_settings_to_json(const struct health_settings *settings)
{
        struct json_object *object = json_object_new_object();

        for (size_t i = 0; i < SETTINGS_ROWS; i++) {
                const struct settings_row *row = &settings_rows[i];
                const void *place = settings_place(settings, row);

                if (row->kind == SETTINGS_WORDS)
                        json_set_strv(object, row->member, place);
                else if (row->kind == SETTINGS_TEXT)
                        json_set_string(object, row->member, *(char *const *)place);
                else
                        json_object_object_add(object, row->member,
                                               json_object_new_int64(*(const int64_t *)place));
        }
        return object;
}

static int settings_get(struct json_object *object, const struct settings_row *row, void *place,
                        struct error *err)
{
        int64_t number = 0;

        if (row->kind == SETTINGS_WORDS)
                return json_get_strv(object, row->member, place, err);
        if (row->kind == SETTINGS_TEXT)
                return json_copy_string(object, row->member, place, err);
        if (json_get_int(object, row->member, &number, err) < 0)
                return -1;
        if (number < 0 || number > INT_MAX)
                return error_set(err, ERANGE, "\"%s\" is out of range", row->member);
        *(uint64_t *)place = (uint64_t)number;
        return 0;
}

int health_settings_from_json(struct json_object *object, struct health_settings *ret,
                              struct error *err)
{
        AUTO_HEALTH_SETTINGS struct health_settings settings = { 0 };

        for (size_t i = 0; i < SETTINGS_ROWS; i++)
                if (settings_get(object, &settings_rows[i],
                                 settings_place(&settings, &settings_rows[i]), err) < 0)
                        return -1;
        if (settings.on_failure >= HEALTH_ACTIONS)
                return error_set(err, ERANGE, "\"onFailure\" is out of range");
        if (!settings.log_destination)
                settings.log_destination = str_dup("local");
        *ret = settings;
        settings = (struct health_settings){ 0 };
        return 0;
}
