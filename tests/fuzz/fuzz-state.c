/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that crunit wrote, or finds on the machine or in an image, after anybody was at them:
 * states of containers, pods, results of health checks, descriptions of secrets, Podman's secrets,
 * users, device files, control groups. Nothing crashes, and what is taken comes back from its text
 * as it was. For the fuzzer, the first byte says what kind of text it is.
 *
 * With clang -fsanitize=fuzzer and FUZZER defined this is a libFuzzer target; else main() runs the
 * files it is given, each as every kind.
 */
#include "../../src/base/io.h"
#include "../../src/base/json.h"
#include "../../src/container/cdi.h"
#include "../../src/container/cgroup.h"
#include "../../src/container/health.h"
#include "../../src/container/pod.h"
#include "../../src/container/spec.h"
#include "../../src/container/state.h"
#include "../../src/container/user.h"
#include "../../src/secret/catalogue.h"
#include "../../src/secret/podman.h"

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

static char fuzz_scratch[] = "/tmp/fuzz-state.XXXXXX";

static void fuzz_forget(void)
{
        io_remove_tree(AT_FDCWD, fuzz_scratch, NULL);
}

/* A directory of our own, in which everything is looked for. */
static const char *scratch(void)
{
        static bool made;

        if (made)
                return fuzz_scratch;
        if (!mkdtemp(fuzz_scratch) || atexit(fuzz_forget) != 0)
                abort();
        made = true;
        setenv("CRUNIT_RUN", fuzz_scratch, 1);
        setenv("CRUNIT_CREDSTORE", fuzz_scratch, 1);
        setenv("CRUNIT_CDI", fuzz_scratch, 1);
        return fuzz_scratch;
}

/* FILE in DIRECTORY, which is in the scratch directory or is that itself. */
static void put(const char *directory, const char *file, const char *text, size_t length)
{
        AUTO_FREE char *in = str_format("%s/%s", scratch(), directory);
        AUTO_FREE char *path = str_format("%s/%s", in, file);

        if (io_make_dirs(AT_FDCWD, in, 0700, NULL) < 0 ||
            io_write_file(AT_FDCWD, path, text, length, 0600, IO_NO_SYNC, NULL) < 0)
                abort();
}

static struct json_object *parse(const char *text)
{
        struct json_object *object = NULL;

        return json_parse(text, strlen(text), "in", &object, NULL) < 0 ? NULL : object;
}

static void require_same(struct json_object *a, struct json_object *b)
{
        AUTO_FREE char *once = json_text(a, false);
        AUTO_FREE char *twice = json_text(b, false);

        if (!str_equal(once, twice))
                abort();
}

static void run_state(const char *text)
{
        AUTO_JSON struct json_object *object = parse(text), *out = NULL, *second = NULL;
        AUTO_STATE struct container_state state = { 0 }, again = { 0 };

        if (!object || state_from_json(object, &state, NULL) < 0)
                return;
        state_alive(&state);
        out = state_to_json(&state);
        if (state_from_json(out, &again, NULL) < 0)
                abort();
        second = state_to_json(&again);
        require_same(out, second);
}

/* It is shown to people, and its settings are obeyed for as long as the container runs. */
static void run_health(const char *text)
{
        AUTO_JSON struct json_object *object = parse(text), *out = NULL, *second = NULL;
        AUTO_HEALTH struct health health = { 0 }, again = { 0 };
        AUTO_FREE char *reason = NULL;

        if (!object || health_from_json(object, &health, NULL) < 0)
                return;
        reason = health_reason(&health);
        if (health_delay(&health, health.settings.interval, 0) < 0)
                abort();
        out = health_to_json(&health);
        if (health_from_json(out, &again, NULL) < 0)
                abort();
        second = health_to_json(&again);
        require_same(out, second);
}

/* What an image says of checks. */
static void run_healthcheck(const char *text)
{
        AUTO_HEALTH_SETTINGS struct health_settings settings = { 0 };
        AUTO_STRV struct strv command = { 0 };
        AUTO_FREE char *output = health_clean(text, strlen(text), 100);

        if (str_utf8_valid(output, strlen(output)) != strlen(output))
                abort();
        health_settings_init(&settings);
        health_settings_take(&settings, "health-cmd", text, NULL);
        health_settings_take(&settings, "health-interval", text, NULL);
        if (health_settings_take_image(&settings, text, NULL) == 0 && settings.test.count)
                health_settings_command(&settings.test, &command);
}

static void run_pod(const char *text)
{
        AUTO_POD struct pod pod = { 0 }, again = { 0 }, found = { 0 };

        put("pods/a", "pod.json", text, strlen(text));
        pod_find("abcd", &found, NULL);
        if (pod_read("a", &pod, NULL) < 0)
                return;
        pod_alive(&pod);
        str_replace(&pod.name, "a");
        if (pod_write(&pod, NULL) < 0 || pod_read("a", &again, NULL) < 0 ||
            !str_equal(pod.id, again.id) || pod.status != again.status)
                abort();
}

static void run_secret(const char *text)
{
        AUTO_SECRET_LIST struct secret_list list = { 0 };
        AUTO_SECRET_ENTRY struct secret secret = { 0 };

        put(".", "s", "value", 5);
        put("secrets", "s.json", text, strlen(text));
        catalogue_find(scratch(), "0123", &secret, NULL);
        if (catalogue_list(scratch(), &list, NULL) < 0)
                return;
        for (size_t i = 0; i < list.count; i++)
                if (!list.items[i].id || !list.items[i].created || !list.items[i].updated)
                        abort();
}

/* Two files, the values behind a line of dashes. */
static void run_podman(const char *text)
{
        AUTO_PODMAN_SECRETS struct podman_secrets secrets = { 0 };
        const char *values = strstr(text, "\n---\n");
        size_t length = values ? (size_t)(values - text) : strlen(text);

        put("podman", "secrets.json", text, length);
        values = values ? values + strlen("\n---\n") : "{}";
        put("podman", "secretsdata.json", values, strlen(values));
        AUTO_FREE char *directory = str_format("%s/podman", scratch());

        if (podman_secrets_read(directory, &secrets, NULL) < 0)
                return;
        for (size_t i = 0; i < secrets.count; i++)
                if (!secret_name_valid(secrets.items[i].name))
                        abort();
}

/* Files of users and groups, and who is to be found in them. */
static void run_users(const char *text)
{
        static const char *const names[] = {
                "", "root", "web", "web:web", "1000", "1000:web", "x:7"
        };
        AUTO_CLOSE int root = -1;
        AUTO_STRV struct strv extra = { 0 };
        uint32_t highest;

        put("etc", "passwd", text, strlen(text));
        put("etc", "group", text, strlen(text));
        root = open(scratch(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        user_highest_known(root, &highest);
        strv_append(&extra, "web");
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
                CLEANUP(user_free) struct user user = { 0 };
                AUTO_FREE char *passwd = NULL;

                if (user_find(root, names[i], i % 2 ? &extra : NULL, &user, NULL) < 0)
                        continue;
                if (!user.home || user_passwd(root, &user, "/", &passwd, NULL) < 0)
                        abort();
        }
}

static void run_devices(const char *text)
{
        static const char *const names[] = { "example.com/sound=card0", "example.com/sound=over" };

        put(".", "devices.json", text, strlen(text));
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
                AUTO_SPEC struct container_spec spec = { 0 };

                spec_init(&spec);
                *spec_add_device(&spec) = (struct spec_device){ .host = str_dup(names[i]) };
                if (cdi_apply(&spec, NULL) < 0)
                        continue;
                for (size_t j = 0; j < spec.device_count; j++)
                        if (spec.devices[j].host[0] != '/' || spec.devices[j].container[0] != '/')
                                abort();
        }
}

static void run_cgroup(const char *text)
{
        AUTO_FREE char *path = cgroup_parse(text);
        AUTO_FREE char *unit = path ? cgroup_unit(path) : NULL;

        if (unit && strchr(unit, '/'))
                abort();
}

#define FUZZ_KINDS                                                                                 \
        run_state, run_health, run_healthcheck, run_pod, run_secret, run_podman, run_users,        \
                run_devices, run_cgroup
#include "fuzz-kinds.h"
