/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "health-view.h"

#include "../base/json.h"

enum {
        VIEW_NANO = 1000 * 1000 /* in a millisecond */
};

static void view_add_number(struct json_object *object, const char *key, int64_t value)
{
        json_object_object_add(object, key, json_object_new_int64(value));
}

void health_view_add_state(const char *run, struct json_object *state)
{
        AUTO_HEALTH struct health health = { 0 };

        if (health_read(run, &health, NULL) == 0)
                json_object_object_add(state, "Health", health_results_to_json(&health));
}

static void view_add_check(struct json_object *config, const char *key, const struct strv *test,
                           uint64_t interval, uint64_t timeout, struct json_object **ret)
{
        *ret = json_add_object(config, key);
        json_set_strv(*ret, "Test", test);
        view_add_number(*ret, "Interval", (int64_t)interval * VIEW_NANO);
        view_add_number(*ret, "Timeout", (int64_t)timeout * VIEW_NANO);
}

void health_view_add_config(const char *run, struct json_object *config)
{
        AUTO_HEALTH struct health health = { 0 };
        const struct health_settings *settings = &health.settings;
        struct json_object *check;

        if (health_read(run, &health, NULL) < 0)
                return;
        view_add_check(config, "Healthcheck", &settings->test, settings->interval,
                       settings->timeout, &check);
        view_add_number(check, "StartPeriod", (int64_t)settings->start_period * VIEW_NANO);
        view_add_number(check, "Retries", (int64_t)settings->retries);
        json_set_string(config, "HealthcheckOnFailureAction",
                        health_action_name((enum health_action)settings->on_failure));
        json_set_string(config, "HealthLogDestination", settings->log_destination);
        view_add_number(config, "HealthMaxLogCount", (int64_t)settings->max_log_count);
        view_add_number(config, "HealthMaxLogSize", (int64_t)settings->max_log_size);
        if (!settings->startup_test.count)
                return;
        view_add_check(config, "StartupHealthCheck", &settings->startup_test,
                       settings->startup_interval, settings->startup_timeout, &check);
        view_add_number(check, "Successes", (int64_t)settings->startup_success);
        view_add_number(check, "Retries", (int64_t)settings->startup_retries);
}

const char *health_view_status(const char *run)
{
        AUTO_HEALTH struct health health = { 0 };

        return !run || health_read(run, &health, NULL) < 0 ? "" : health_status_name(health.status);
}

char *health_view_suffix(const char *run)
{
        const char *status = health_view_status(run);

        return *status ? str_concat(" (", status, ")") : str_dup("");
}
