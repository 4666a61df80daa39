/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a container's health is asked by: the image's HEALTHCHECK and, on top of it, the options
 * --health-… of podman-run(1), whose words and defaults these are. Times are milliseconds.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct json_object;

/* What happens to a container that is unhealthy. */
enum health_action {
        HEALTH_ACT_NONE,
        HEALTH_ACT_KILL,
        HEALTH_ACT_RESTART,
        HEALTH_ACT_STOP
};

enum {
        HEALTH_LOG_MAX_COUNT = 1000,      /* results, also where no limit is asked for */
        HEALTH_LOG_MAX_SIZE = 64 * 1024,  /* bytes of one result's output, the same */
        HEALTH_LOG_MAX_TOTAL = 512 * 1024 /* bytes of all of them */
};

struct health_settings {
        /* As images have it: { "CMD", word… } or { "CMD-SHELL", text }; empty: there is no check.
         */
        struct strv test, startup_test; /* owned */
        uint64_t interval;              /* 0: only when somebody asks */
        uint64_t timeout;
        uint64_t retries;        /* failures in a row that make it unhealthy */
        uint64_t start_period;   /* in which failures do not count */
        uint64_t start_interval; /* between checks in there, until the first that succeeds */
        uint64_t startup_interval, startup_timeout;
        uint64_t startup_retries; /* failures that restart the container; 0: never */
        uint64_t startup_success; /* successes that end the startup */
        uint64_t on_failure;      /* enum health_action */
        char *log_destination;    /* owned; "local", "events_logger" or a directory */
        uint64_t max_log_count, max_log_size;
};

void health_settings_init(struct health_settings *settings);
void health_settings_free(struct health_settings *settings);
#define AUTO_HEALTH_SETTINGS CLEANUP(health_settings_free)

/* An option without its dashes, "health-cmd" or "no-healthcheck". The value is NULL for a switch.
 */
int health_settings_take(struct health_settings *settings, const char *option, const char *value,
                         struct error *err);

/* The member "Healthcheck" of an image's configuration. */
int health_settings_take_image(struct health_settings *settings, const char *json,
                               struct error *err);

/* The command line of a test: what is executed in the container. */
void health_settings_command(const struct strv *test, struct strv *ret);

/* A word for an action: none, kill, restart, stop. */
const char *health_action_name(enum health_action action);

/* For health.json, both ways. */
struct json_object *health_settings_to_json(const struct health_settings *settings);
int health_settings_from_json(struct json_object *object, struct health_settings *ret,
                              struct error *err);
