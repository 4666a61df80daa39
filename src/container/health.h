/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A container's health: what its checks have said so far, and what follows from it. health_take()
 * is the whole logic; it neither looks at a clock nor at the container.
 *
 * health.json in the container's run directory holds it, and goes with that. It is written aside
 * and renamed; who changes it holds health.lock beside it. Its members:
 *
 *   version      1; a reader refuses a higher one
 *   settings     see health-settings.h
 *   status       starting, healthy, unhealthy
 *   failingStreak, startupSuccesses, startupFailures   numbers
 *   started      the startup is over
 *   socket       where the container's unit is told of its health; may be missing
 *   notify       the unit is up with the first healthy result, and has not been told so yet
 *   log          [{"start", "end": RFC 3339, "exitCode": N, "output": text}], the oldest first
 */
#pragma once

#include "health-settings.h"

#include <sys/types.h>

enum {
        HEALTH_VERSION = 1,
        HEALTH_NOT_ENDED = -1 /* exit code of a check that was killed */
};

enum health_status {
        HEALTH_STARTING,
        HEALTH_HEALTHY,
        HEALTH_UNHEALTHY
};

/* One check. */
struct health_result {
        char *start, *end; /* owned */
        int exit_code;
        char *output; /* owned; valid UTF-8 without control characters, see health_clean() */
};

struct health {
        struct health_settings settings;
        enum health_status status;
        unsigned failing, startup_successes, startup_failures;
        bool started; /* the startup is over, or there is none */
        bool notify;
        char *socket;              /* owned; $NOTIFY_SOCKET of the container's unit, or NULL */
        struct health_result *log; /* owned */
        size_t log_count;
};

void health_result_free(struct health_result *result);
#define AUTO_HEALTH_RESULT CLEANUP(health_result_free)
void health_free(struct health *health);
#define AUTO_HEALTH CLEANUP(health_free)

/* That of a container that begins. Takes the settings, which are empty then. */
void health_begin(struct health_settings *settings, struct health *ret);

/* "healthy" and so on. */
const char *health_status_name(enum health_status status);

/* Is the check of the startup the one to make now? */
bool health_in_startup(const struct health *health);

/* What followed from a result. */
struct health_change {
        bool status;               /* the status is another now */
        enum health_action action; /* what is to happen to the container */
};

/* Take a result; age is the container's, in milliseconds. The log keeps the result, which is empty
 * then. */
struct health_change health_take(struct health *health, struct health_result *result, int64_t age);

/* Milliseconds from the end of a check to the next, or -1: there is none. interval stands for that
 * of the settings (drop-ins change it). */
int64_t health_delay(const struct health *health, uint64_t interval, int64_t age);

/* What a check wrote, fit for terminals and JSON, at most so many bytes of it. Owned. */
char *health_clean(const char *data, size_t length, size_t max);

/* One line that says why it is not healthy: "3 checks failed; the last one: exit code 1: …".
 * Owned. */
char *health_reason(const struct health *health);

struct json_object *health_to_json(const struct health *health); /* owned by the caller */

/* Status and log alone, with the names of members that podman shows and files. */
struct json_object *health_results_to_json(const struct health *health); /* owned by the caller */
int health_from_json(struct json_object *object, struct health *ret, struct error *err);

/* In a run directory; ENOENT where nobody asks for the container's health. */
int health_read(const char *run, struct health *ret, struct error *err);
int health_write(const char *run, const struct health *health, struct error *err);

/* Held while the returned descriptor is open. Others may have it for as long as a check takes: a
 * signal in signals (a signalfd, or -1) ends the waiting, with EINTR. */
int health_lock(const char *run, int signals, struct error *err);
