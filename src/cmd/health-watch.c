/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "health-watch.h"

#include "../base/io.h"
#include "../base/journal.h"
#include "../base/json.h"
#include "../base/log.h"
#include "../base/spawn.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>

enum {
        WATCH_BARRIER = 5000, /* milliseconds systemd may take to answer */
};

/* --- telling systemd */

struct watch_message {
        const char *socket, *text;
};

static int watch_connect(const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        size_t length = strlen(path);
        AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || length >= sizeof address.sun_path)
                return -1;
        memcpy(address.sun_path, path, length);
        if (path[0] == '@')
                address.sun_path[0] = '\0';
        if (connect(fd, (struct sockaddr *)&address,
                    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0)
                return -1;
        return steal_fd(&fd);
}

/* systemd closes the descriptor when it has read everything before: then nobody needs to know any
 * more whose process has sent it. */
static void watch_wait_read(int socket)
{
        union {
                char bytes[CMSG_SPACE(sizeof(int))];
                struct cmsghdr align;
        } control = { { 0 } };
        char text[] = "BARRIER=1";
        struct iovec part = { text, strlen(text) };
        struct msghdr message = { .msg_iov = &part,
                                  .msg_iovlen = 1,
                                  .msg_control = &control,
                                  .msg_controllen = sizeof control };
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        struct pollfd closed = { .events = POLLHUP };
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
                return;
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &ends[1], sizeof(int));
        closed.fd = ends[0];
        if (sendmsg(socket, &message, MSG_NOSIGNAL) >= 0) {
                close(ends[1]);
                poll(&closed, 1, WATCH_BARRIER);
        }
}

/* In a process of the container's unit: systemd believes only those. */
static void watch_send(const void *context)
{
        const struct watch_message *message = context;
        AUTO_CLOSE int fd = watch_connect(message->socket);

        if (fd >= 0 && send(fd, message->text, strlen(message->text), MSG_NOSIGNAL) >= 0)
                watch_wait_read(fd);
}

static void watch_tell(struct health_asker *asker, const struct health *health, const char *text)
{
        AUTO_ERROR struct error err = { 0 };
        struct watch_message message = { health->socket, text };

        if (health->socket && health_among(asker, watch_send, &message, &err) < 0)
                log_warning("cannot tell systemd: %s", err.message);
}

/* What `systemctl status` shows, and that the unit is up. */
static int watch_tell_unit(struct health_asker *asker, struct health *health, bool changed,
                           struct error *err)
{
        AUTO_FREE char *reason = health_reason(health);
        AUTO_FREE char *text = NULL;

        if (health->status == HEALTH_HEALTHY)
                text = str_concat(health->notify ? "READY=1\n" : "", "STATUS=healthy");
        else if (health->status == HEALTH_UNHEALTHY)
                text = str_concat("STATUS=unhealthy: ", reason);
        else
                text = str_concat("STATUS=waiting until it is healthy: ", reason);
        if (!changed && !health->notify)
                return 0;
        watch_tell(asker, health, text);
        if (!health->notify || health->status != HEALTH_HEALTHY)
                return 0;
        health->notify = false;
        return health_write(asker->run, health, err);
}

/* --- what follows from a result */

/* An entry that `crunit events` finds again, whoever has asked. */
static void watch_log_event(const struct health_asker *asker, const struct health *health,
                            int priority, const char *message)
{
        const struct container_state *state = &asker->state;
        AUTO_STRV struct strv fields = { 0 };

        strv_append(&fields, "MESSAGE_ID=" JOURNAL_HEALTH);
        strv_appendf(&fields, "PRIORITY=%d", priority);
        strv_appendf(&fields, "MESSAGE=%s", message);
        strv_appendf(&fields, "SYSLOG_IDENTIFIER=%s-health", state->name);
        strv_appendf(&fields, "CONTAINER_NAME=%s", state->name);
        strv_appendf(&fields, "CONTAINER_ID=%s", state->id);
        strv_appendf(&fields, "CRUNIT_HEALTH=%s", health_status_name(health->status));
        strv_appendf(&fields, "CRUNIT_HEALTH_EXIT_CODE=%d",
                     health->log[health->log_count - 1].exit_code);
        if (state->unit)
                strv_appendf(&fields, "UNIT=%s", state->unit);
        journal_send(&fields);
}

static void watch_log(const struct health_asker *asker, const struct health *health,
                      enum health_status before)
{
        AUTO_FREE char *reason = health_reason(health);
        AUTO_FREE char *message = NULL;
        bool bad = health->status == HEALTH_UNHEALTHY;

        if (bad)
                message = str_concat(asker->state.name, " is unhealthy: ", reason);
        else
                message = str_concat(asker->state.name, " is healthy",
                                     before == HEALTH_UNHEALTHY ? " again" : "");
        watch_log_event(asker, health, bad ? LOG_WARNING : LOG_NOTICE, message);
        /* Who has asked by hand is told as well. */
        if (!log_to_journal() && bad)
                log_warning("%s", message);
}

/* Not among the container's processes, which may end before this is done. */
static void watch_run(const struct health_asker *asker, const struct strv *words)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *said = NULL;
        int status;

        if (asker->direct)
                entrance_adopt_processes(NULL, NULL);
        status = spawn_run(words, NULL, SPAWN_INHERIT, &said, &err);
        if (asker->direct)
                entrance_adopt_processes(&asker->entrance, NULL);
        if (status < 0)
                log_error("%s", err.message);
        else if (status > 0)
                log_error("%s %s %s failed", words->items[0], words->items[1],
                          words->items[words->count - 1]);
}

static bool watch_has_service(const struct health_asker *asker)
{
        return asker->state.unit && str_has_suffix(asker->state.unit, ".service");
}

/* The unit's end is systemd's business; a container without one is stopped as by hand. */
static void watch_act(const struct health_asker *asker, enum health_action action)
{
        const char *name = asker->state.name;
        AUTO_STRV struct strv words = { 0 };

        if (action == HEALTH_ACT_RESTART && !watch_has_service(asker))
                action = HEALTH_ACT_KILL;
        if (action == HEALTH_ACT_NONE)
                return;
        log_warning("%s: --health-on-failure %s", name, health_action_name(action));
        if (action == HEALTH_ACT_KILL) {
                process_signal(asker->init, SIGKILL);
                return;
        }
        if (watch_has_service(asker)) {
                strv_append(&words, "systemctl");
                strv_append(&words, health_action_name(action));
                strv_append(&words, "--no-block");
                /* A stop that is under way comes first. */
                if (action == HEALTH_ACT_RESTART)
                        strv_append(&words, "--job-mode=fail");
                strv_append(&words, asker->state.unit);
        } else {
                strv_append(&words, BINDIR "/crunit");
                strv_append(&words, "stop");
                strv_append(&words, "--ignore");
                strv_append(&words, name);
        }
        watch_run(asker, &words);
}

/* --- the log elsewhere */

static void watch_log_elsewhere(const struct health_asker *asker, const struct health *health)
{
        const char *destination = health->settings.log_destination;
        const struct health_result *last = &health->log[health->log_count - 1];
        AUTO_FREE char *path = str_concat(destination, "/", asker->state.name, "-healthcheck.log");
        AUTO_ERROR struct error err = { 0 };
        AUTO_JSON struct json_object *object = NULL;
        AUTO_FREE char *text = NULL;

        if (str_equal(destination, "events_logger")) {
                AUTO_FREE char *reason = health_reason(health);
                AUTO_FREE char *message =
                        str_concat(asker->state.name, ": ", health_status_name(health->status),
                                   ": ", last->exit_code ? reason : "exit code 0");

                watch_log_event(asker, health, LOG_NOTICE, message);
        }
        if (destination[0] != '/')
                return;
        object = health_results_to_json(health);
        text = json_text(object, true);
        if (io_write_file(AT_FDCWD, path, text, strlen(text), 0600, IO_NO_SYNC, &err) < 0)
                log_warning("%s", err.message);
}

/* --- one check, and many */

/* Held still against others that check at the same time. */
static int watch_locked(struct health_asker *asker, struct health *health, struct error *err)
{
        AUTO_HEALTH_RESULT struct health_result result = { 0 };
        const struct health_settings *settings = &health->settings;
        enum health_status before = health->status;
        struct health_change change;
        bool startup = health_in_startup(health);
        int code;

        if (health_ask(asker, startup ? &settings->startup_test : &settings->test,
                       startup ? settings->startup_timeout : settings->timeout,
                       settings->max_log_size, &result, err) < 0)
                return -1;
        code = result.exit_code;
        change = health_take(health, &result, process_age(&asker->state.init));
        /* Whoever hears of it must find it. */
        if (health_write(asker->run, health, err) < 0 ||
            watch_tell_unit(asker, health, change.status, err) < 0)
                return -1;
        watch_log_elsewhere(asker, health);
        if (change.status && !str_equal(settings->log_destination, "events_logger"))
                watch_log(asker, health, before);
        watch_act(asker, change.action);
        return code == 0;
}

static int watch_check(struct health_asker *asker, struct health *health, struct error *err)
{
        AUTO_CLOSE int lock = health_lock(asker->run, asker->signals, err);

        if (lock < 0 || health_read(asker->run, health, err) < 0)
                return -1;
        return watch_locked(asker, health, err);
}

int health_watch_once(struct health_asker *asker, struct error *err)
{
        AUTO_HEALTH struct health health = { 0 };

        return watch_check(asker, &health, err);
}

/* 1: time is up, 0: the container has ended; -1 with EINTR. */
static int watch_sleep(const struct health_asker *asker, int64_t delay, struct error *err)
{
        struct pollfd events[] = {
                { .fd = asker->init, .events = POLLIN },
                { .fd = asker->signals, .events = POLLIN },
        };
        int count = poll(events, 2, delay > INT32_MAX ? INT32_MAX : (int)delay);

        if (count < 0 && errno != EINTR)
                return error_errno(err, errno, "cannot wait");
        if (events[1].revents)
                return error_set(err, EINTR, "told to stop");
        return count > 0 && events[0].revents ? 0 : 1;
}

/* After one check: how long to the next, or -1. */
static int64_t watch_round(struct health_asker *asker, uint64_t interval, struct error *err)
{
        AUTO_HEALTH struct health health = { 0 };
        bool startup, good;
        int result = watch_check(asker, &health, err);

        if (result < 0 && err->code == EAGAIN) {
                error_clear(err);
                return health_delay(&health, interval, process_age(&asker->state.init));
        }
        if (result < 0)
                return -1;
        startup = health_in_startup(&health);
        good = !startup && health.status == HEALTH_STARTING && result > 0;
        /* The startup has just ended: now the check itself. */
        return good ? 0 : health_delay(&health, interval, process_age(&asker->state.init));
}

int health_watch(struct health_asker *asker, uint64_t interval, struct error *err)
{
        for (;;) {
                int64_t delay = watch_round(asker, interval, err);
                int awake = delay < 0 ? -1 : watch_sleep(asker, delay, err);

                if (awake > 0)
                        continue;
                if (awake == 0 || err->code == ESRCH)
                        return 0;
                return -1;
        }
}
