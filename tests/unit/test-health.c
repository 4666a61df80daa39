/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options and images to settings; results and time to a status. */
#include "src/base/json.h"
#include "src/container/health.h"
#include "tests/tap.h"

#include <errno.h>

static const struct {
        const char *value, *test, *command;
} commands[] = {
        { "true", "CMD-SHELL true", "sh|-c|true" },
        { "curl -f \"http://x/\" || exit 1", "CMD-SHELL curl -f \"http://x/\" || exit 1",
          "sh|-c|curl -f \"http://x/\" || exit 1" },
        { "CMD-SHELL a && b", "CMD-SHELL a && b", "sh|-c|a && b" },
        { "CMD pg_isready  -q", "CMD pg_isready -q", "pg_isready|-q" },
        { "[\"CMD\", \"a\", \"b c\"]", "CMD a b c", "a|b c" },
        { "[\"CMD-SHELL\", \"a && b\"]", "CMD-SHELL a && b", "sh|-c|a && b" },
        { "[\"a\", \"b c\"]", "CMD a b c", "a|b c" },
        { "[\"a b\"]", "CMD-SHELL a b", "sh|-c|a b" },
        { "[ -e /run/ready ]", "CMD-SHELL [ -e /run/ready ]", "sh|-c|[ -e /run/ready ]" },
        { "none", "", "" },
        { "NONE", "", "" },
        { "[\"NONE\"]", "", "" },
};

static const struct {
        const char *option, *value, *error;
} refused[] = {
        { "health-cmd", "[\"CMD\"]", "--health-cmd [\"CMD\"]: the command is empty" },
        { "health-cmd", "CMD  ", "--health-cmd CMD  : the command is empty" },
        { "health-interval", "30", "--health-interval 30: not a time (as 30s or 1m30s)" },
        { "health-interval", "0", "--health-interval 0: less than 100ms" },
        { "health-timeout", "1ms", "--health-timeout 1ms: less than 100ms" },
        { "health-timeout", "disable", "--health-timeout disable: not a time (as 30s or 1m30s)" },
        { "health-retries", "0", "--health-retries 0: not a number from 1 on" },
        { "health-retries", "x", "--health-retries x: not a number from 1 on" },
        { "health-start-period", "-1s", "--health-start-period -1s: not a time (as 30s or 1m30s)" },
        { "health-startup-retries", "-1", "--health-startup-retries -1: not a number from 0 on" },
        { "health-on-failure", "reboot",
          "--health-on-failure reboot: not one of none, kill, restart, stop" },
        { "health-log-destination", "logs",
          "--health-log-destination logs: not local, events_logger or the path of a directory" },
        { "health-nothing", "1", "--health-nothing: not an option of health checks" },
};

static void test_commands(void)
{
        for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
                AUTO_HEALTH_SETTINGS struct health_settings settings = { 0 };
                AUTO_STRV struct strv command = { 0 };
                AUTO_FREE char *test = NULL, *words = NULL;

                health_settings_init(&settings);
                strv_append(&settings.test, "CMD");
                strv_append(&settings.test, "of-the-image");
                check(health_settings_take(&settings, "health-cmd", commands[i].value, NULL) == 0,
                      commands[i].value);
                health_settings_command(&settings.test, &command);
                test = strv_join(&settings.test, " ");
                words = strv_join(&command, "|");
                check_str(test, commands[i].test, "its test");
                check_str(words, commands[i].command, "what is executed");
        }
}

static void test_refusals(void)
{
        for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
                AUTO_HEALTH_SETTINGS struct health_settings settings = { 0 };
                AUTO_ERROR struct error err = { 0 };

                health_settings_init(&settings);
                check(health_settings_take(&settings, refused[i].option, refused[i].value, &err) <
                              0,
                      refused[i].option);
                check_str(err.message, refused[i].error, "and says why");
        }
}

static void test_options(void)
{
        AUTO_HEALTH_SETTINGS struct health_settings settings = { 0 };
        static const char *const given[][2] = {
                { "health-interval", "1m30s" },
                { "health-timeout", "3s" },
                { "health-retries", "2" },
                { "health-start-period", "5s" },
                { "health-startup-cmd", "true" },
                { "health-startup-interval", "1s" },
                { "health-startup-timeout", "2s" },
                { "health-startup-retries", "10" },
                { "health-startup-success", "4" },
                { "health-on-failure", "restart" },
                { "health-log-destination", "/var/log" },
                { "health-max-log-count", "3" },
                { "health-max-log-size", "100" },
                { "health-cmd", "" },
        };

        health_settings_init(&settings);
        check(settings.interval == 30000 && settings.timeout == 30000 && settings.retries == 3 &&
                      settings.max_log_count == 5 && settings.max_log_size == 500,
              "defaults are podman's");
        for (size_t i = 0; i < sizeof given / sizeof *given; i++)
                check(health_settings_take(&settings, given[i][0], given[i][1], NULL) == 0,
                      given[i][0]);
        check(settings.interval == 90000 && settings.timeout == 3000 && settings.retries == 2 &&
                      settings.start_period == 5000,
              "of the check");
        check(settings.startup_interval == 1000 && settings.startup_timeout == 2000 &&
                      settings.startup_retries == 10 && settings.startup_success == 4 &&
                      settings.startup_test.count == 2,
              "of the startup's check");
        check(settings.on_failure == HEALTH_ACT_RESTART && settings.max_log_count == 3 &&
                      settings.max_log_size == 100,
              "of what happens then");
        check_str(settings.log_destination, "/var/log", "where the log goes");
        check(settings.test.count == 0, "an empty command is none");
        check(health_settings_take(&settings, "health-interval", "disable", NULL) == 0 &&
                      settings.interval == 0,
              "an interval can be disabled");
        check(health_settings_take(&settings, "no-healthcheck", NULL, NULL) == 0 &&
                      settings.startup_test.count == 0,
              "no health check at all");
}

static void test_image(void)
{
        AUTO_HEALTH_SETTINGS struct health_settings settings = { 0 };
        AUTO_ERROR struct error err = { 0 };

        health_settings_init(&settings);
        check(health_settings_take_image(&settings,
                                         "{\"Test\":[\"CMD-SHELL\",\"a b\"],\"Interval\":"
                                         "2000000000,\"Timeout\":0,\"Retries\":7,"
                                         "\"StartInterval\":1000}",
                                         &err) == 0,
              "an image's check");
        check(settings.interval == 2000 && settings.timeout == 30000 && settings.retries == 7 &&
                      settings.start_interval == 100 && settings.test.count == 2,
              "its values, and defaults for the rest");
        check(health_settings_take(&settings, "health-retries", "1", NULL) == 0 &&
                      settings.retries == 1 && settings.interval == 2000,
              "an option changes one of them");
        check(health_settings_take_image(&settings, "{\"Test\":[\"NONE\"]}", &err) == 0, "none");
        check(health_settings_take_image(&settings, "{\"Test\":\"x\"}", &err) < 0, "no list");
        error_clear(&err);
        check(health_settings_take_image(&settings, "{\"Interval\":-1}", &err) < 0, "negative");
        error_clear(&err);
        check(health_settings_take_image(&settings, "{\"Retries\":99999999999}", &err) < 0,
              "too large");
}

static void begin(struct health *health, const char *const options[][2])
{
        AUTO_HEALTH_SETTINGS struct health_settings settings = { 0 };

        health_settings_init(&settings);
        for (; (*options)[0]; options++)
                health_settings_take(&settings, (*options)[0], (*options)[1], NULL);
        health_begin(&settings, health);
}

static struct health_change take(struct health *health, int code, int64_t age)
{
        struct health_result result = { .start = str_dup("1"),
                                        .end = str_dup("2"),
                                        .exit_code = code,
                                        .output = str_dup("said") };

        return health_take(health, &result, age);
}

static void test_retries(void)
{
        static const char *const options[][2] = { { "health-cmd", "true" },
                                                  { "health-retries", "2" },
                                                  { "health-on-failure", "kill" },
                                                  { NULL, NULL } };
        AUTO_HEALTH struct health health = { 0 };
        struct health_change change;

        begin(&health, options);
        check(health.status == HEALTH_STARTING && health.started, "it begins as starting");
        change = take(&health, 1, 100);
        check(health.status == HEALTH_STARTING && health.failing == 1 && !change.status,
              "one failure is not enough");
        change = take(&health, 0, 200);
        check(health.status == HEALTH_HEALTHY && health.failing == 0 && change.status &&
                      change.action == HEALTH_ACT_NONE,
              "healthy, and the count begins anew");
        change = take(&health, 0, 300);
        check(!change.status, "still healthy is no change");
        take(&health, 1, 400);
        check(health.status == HEALTH_HEALTHY, "a first failure leaves it healthy");
        change = take(&health, HEALTH_NOT_ENDED, 500);
        check(health.status == HEALTH_UNHEALTHY && change.status &&
                      change.action == HEALTH_ACT_KILL,
              "the second makes it unhealthy");
        change = take(&health, 1, 600);
        check(!change.status && change.action == HEALTH_ACT_KILL,
              "as long as it is, the action is due");
        change = take(&health, 0, 700);
        check(health.status == HEALTH_HEALTHY && change.status && change.action == HEALTH_ACT_NONE,
              "one success ends that");
}

static void test_start_period(void)
{
        static const char *const options[][2] = { { "health-cmd", "true" },
                                                  { "health-retries", "1" },
                                                  { "health-interval", "20s" },
                                                  { "health-start-period", "1m" },
                                                  { NULL, NULL } };
        AUTO_HEALTH struct health health = { 0 };

        begin(&health, options);
        take(&health, 1, 59999);
        check(health.status == HEALTH_STARTING && health.failing == 0,
              "failures in the start period do not count");
        check(health_delay(&health, 20000, 1000) == 5000, "checks are more frequent in there");
        check(health_delay(&health, 1000, 1000) == 1000, "never less frequent");
        check(health_delay(&health, 20000, 60000) == 20000, "behind it they are not");
        take(&health, 0, 2000);
        check(health.status == HEALTH_HEALTHY, "a success in there does");
        check(health_delay(&health, 20000, 2000) == 20000, "from then on the interval holds");
        check(health_delay(&health, 0, 2000) == -1, "a disabled interval has no next check");
        take(&health, 1, 60000);
        check(health.status == HEALTH_UNHEALTHY, "behind it failures count");
}

static void test_startup(void)
{
        static const char *const options[][2] = { { "health-cmd", "true" },
                                                  { "health-retries", "1" },
                                                  { "health-startup-cmd", "true" },
                                                  { "health-startup-interval", "2s" },
                                                  { "health-startup-success", "2" },
                                                  { "health-startup-retries", "3" },
                                                  { NULL, NULL } };
        AUTO_HEALTH struct health health = { 0 };
        struct health_change change;

        begin(&health, options);
        check(health_in_startup(&health), "it begins with the startup");
        check(health_delay(&health, 30000, 0) == 2000, "which has an interval of its own");
        take(&health, 0, 1);
        take(&health, 1, 2);
        take(&health, 1, 3);
        check(health_in_startup(&health) && health.status == HEALTH_STARTING,
              "a success before a failure counts for nothing");
        change = take(&health, 1, 4);
        check(change.action == HEALTH_ACT_RESTART, "too many failures restart it");
        take(&health, 0, 5);
        check(health_in_startup(&health), "one success of two");
        change = take(&health, 0, 6);
        check(!health_in_startup(&health) && health.status == HEALTH_STARTING && !change.status,
              "after the second the startup is over, the check itself has not spoken yet");
        take(&health, 0, 7);
        check(health.status == HEALTH_HEALTHY, "and now it has");
}

static void test_log(void)
{
        static const char *const options[][2] = { { "health-cmd", "true" },
                                                  { "health-max-log-count", "2" },
                                                  { NULL, NULL } };
        AUTO_HEALTH struct health health = { 0 };
        AUTO_HEALTH struct health again = { 0 };
        AUTO_JSON struct json_object *object = NULL;
        AUTO_JSON struct json_object *second = NULL;
        AUTO_FREE char *one = NULL, *other = NULL, *reason = NULL;
        AUTO_ERROR struct error err = { 0 };

        begin(&health, options);
        reason = health_reason(&health);
        check_str(reason, "no check has ended yet", "before the first check");
        take(&health, 1, 1);
        take(&health, 2, 2);
        take(&health, 3, 3);
        check(health.log_count == 2 && health.log[0].exit_code == 2, "the oldest goes first");
        free(reason);
        reason = health_reason(&health);
        check_str(reason, "3 checks failed; the last one: exit code 3: said", "the reason");
        health.notify = true;
        health.socket = str_dup("/run/notify");
        object = health_to_json(&health);
        check(health_from_json(object, &again, &err) == 0, "as JSON and back");
        second = health_to_json(&again);
        one = json_text(object, false);
        other = json_text(second, false);
        check_str(other, one, "nothing is lost");
        json_object_object_add(object, "version", json_object_new_int(2));
        health_free(&again);
        check(health_from_json(object, &again, &err) < 0 && err.code == EPROTO,
              "a newer version's is refused");
}

static void test_unlimited(void)
{
        static const char *const options[][2] = { { "health-cmd", "true" },
                                                  { "health-max-log-count", "0" },
                                                  { NULL, NULL } };
        AUTO_HEALTH struct health health = { 0 };

        begin(&health, options);
        for (int i = 0; i < HEALTH_LOG_MAX_COUNT + 1; i++)
                take(&health, 0, i);
        check(health.log_count == HEALTH_LOG_MAX_COUNT, "without a limit there is still one");
        for (int i = 0; i < 20; i++) {
                struct health_result result = { .start = str_dup("1"), .end = str_dup("2") };

                result.output = alloc_zero(1, HEALTH_LOG_MAX_SIZE + 1);
                memset(result.output, 'x', HEALTH_LOG_MAX_SIZE);
                health_take(&health, &result, 1);
        }
        check(health.log_count == HEALTH_LOG_MAX_TOTAL / HEALTH_LOG_MAX_SIZE,
              "and one of all texts together");
}

static void test_broken(void)
{
        static const char *const texts[] = {
                "{\"version\":1}",
                "{\"version\":1,\"settings\":{},\"status\":\"ill\"}",
                "{\"version\":1,\"settings\":{\"onFailure\":9},\"status\":\"healthy\"}",
                "{\"version\":1,\"settings\":{\"retries\":-1},\"status\":\"healthy\"}",
                "{\"version\":1,\"settings\":{},\"status\":\"healthy\",\"failingStreak\":-1}",
                "{\"version\":1,\"settings\":{},\"status\":\"healthy\",\"log\":[1]}",
                "{\"version\":0,\"settings\":{},\"status\":\"healthy\"}",
        };

        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
                AUTO_HEALTH struct health health = { 0 };
                AUTO_JSON struct json_object *object = NULL;
                AUTO_ERROR struct error err = { 0 };

                json_parse(texts[i], strlen(texts[i]), "test", &object, &err);
                check(object && health_from_json(object, &health, &err) < 0, texts[i]);
        }
}

static const struct {
        const char *data;
        size_t length, max;
        const char *expected;
} cleaned[] = {
        { "plain\ttext\n", 11, 0, "plain\ttext\n" },
        { "a\033[2Jb\r\b\177", 9, 0, "a?[2Jb???" },
        { "nul\0byte", 8, 0, "nul?byte" },
        { "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9, 0, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
        { "\xc3", 1, 0, "?" },
        { "\xff\xfe", 2, 0, "??" },
        { "\xe2\x82x", 3, 0, "??x" },
        { "\xc2\x9b"
          "31m",
          5, 0, "?31m" },
        { "\xc3\xa4\xc3\xa4", 4, 3, "\xc3\xa4" },
        { "abcdef", 6, 4, "abcd" },
        { "", 0, 0, "" },
};

static void test_clean(void)
{
        for (size_t i = 0; i < sizeof cleaned / sizeof *cleaned; i++) {
                AUTO_FREE char *text =
                        health_clean(cleaned[i].data, cleaned[i].length, cleaned[i].max);

                check_str(text, cleaned[i].expected, "output is cleaned");
        }
}

int main(void)
{
        test_commands();
        test_refusals();
        test_options();
        test_image();
        test_retries();
        test_start_period();
        test_startup();
        test_log();
        test_unlimited();
        test_broken();
        test_clean();
        return tap_done();
}
