/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What strangers write for a container, in any bytes: options' values, seccomp profiles,
 * environment files. Nothing crashes, and what is taken is in order. For the fuzzer, the first byte
 * says what kind of text it is.
 *
 * With clang -fsanitize=fuzzer and FUZZER defined this is a libFuzzer target; else main() runs the
 * files it is given, each as every kind.
 */
#include "../../src/base/io.h"
#include "../../src/container/caps.h"
#include "../../src/container/cdi.h"
#include "../../src/container/device.h"
#include "../../src/container/environment.h"
#include "../../src/container/idmap.h"
#include "../../src/container/mount-idmap.h"
#include "../../src/container/mount.h"
#include "../../src/container/path.h"
#include "../../src/container/seccomp.h"
#include "../../src/container/secret-option.h"
#include "../../src/container/signal.h"
#include "../../src/container/size.h"
#include "../../src/container/subid.h"
#include "../../src/container/ulimit.h"
#include "../../src/secret/secret.h"

#include <stdint.h>
#include <stdlib.h>

/* A target that was taken is absolute, clean, and not the root. */
static void check_mount(int status, struct spec_mount *mount)
{
        AUTO_FREE char *clean = NULL;

        if (status < 0)
                return;
        if (!mount->target && mount->type == SPEC_MOUNT_GLOB) {
                mount_free(mount);
                return;
        }
        clean = path_clean(mount->target);
        if (!str_equal(clean, mount->target) || str_equal(clean, "/"))
                abort();
        mount_free(mount);
}

static void run_volume(const char *text)
{
        struct spec_mount mount = { 0 };

        check_mount(mount_parse_volume(text, &mount, NULL), &mount);
}

static void run_mount(const char *text)
{
        struct spec_mount mount = { 0 };

        check_mount(mount_parse_mount(text, &mount, NULL), &mount);
}

static void run_tmpfs(const char *text)
{
        struct spec_mount mount = { 0 };

        check_mount(mount_parse_tmpfs(text, &mount, NULL), &mount);
}

static void run_device(const char *text)
{
        struct spec_device device = { 0 };

        device_check_rule(text, NULL);
        if (device_parse(text, &device, NULL) < 0)
                return;
        if (!device.container && (!cdi_name_valid(device.host) || strchr(device.host, ',')))
                abort();
        if (device.container && (device.host[0] != '/' || device.container[0] != '/'))
                abort();
        device_free(&device);
}

/* Never a file outside of /run/secrets that was not named by its whole path. */
static void run_secret(const char *text)
{
        struct spec_secret secret = { 0 };

        if (secret_option_parse(text, &secret, NULL) < 0)
                return;
        if (!secret_name_valid(secret.name) || (secret.env && strchr(secret.target, '=')) ||
            (!secret.env && (secret.target[0] != '/' || strstr(secret.target, "/../"))))
                abort();
        secret_option_free(&secret);
}

static void run_words(const char *text)
{
        struct spec_ulimit limit = { 0 };
        uint64_t bytes = 0;

        if (ulimit_parse(text, &limit, NULL) == 0 && limit.soft > limit.hard)
                abort();
        if (size_parse(text, &bytes) && bytes > INT64_MAX)
                abort();
        if (signal_parse(text) > 64)
                abort();
        caps_canonical(text);
        caps_nearest(text);
}

/* What is taken is within bounds, and says the same again. */
static void run_ids(const char *text)
{
        AUTO_IDMAP struct idmap map = { 0 }, again = { 0 }, aside = { 0 };
        AUTO_FREE char *lines = NULL, *option = NULL;
        struct idmap_word word;

        if (idmap_parse_word(text, &word, NULL) == 0) {
                idmap_extend(&map, &word.range);
                idmap_extend(&map, &(struct idmap_range){ 5, 5, 5 });
                if (idmap_finish(&map, NULL) < 0)
                        abort();
                lines = idmap_text(&map);
                if (idmap_from_text(lines, &again, NULL) < 0 || !idmap_equal(&map, &again))
                        abort();
        }
        if (subid_parse(text, "file", "a", &aside, NULL) == 0 && idmap_finish(&aside, NULL) < 0 &&
            aside.count <= IDMAP_RANGES_MAX)
                abort();
        if (mount_idmap_resolve(text, &map, &map, &option, NULL) == 0 &&
            !str_has_prefix(option, "idmap"))
                abort();
}

static void run_environment(const char *text)
{
        AUTO_STRV struct strv list = { 0 };

        environment_apply_file(&list, text, "file", NULL, NULL);
        for (size_t i = 0; i < list.count; i++)
                if (list.items[i][0] == '=' || !strchr(list.items[i], '='))
                        abort();
}

static void run_seccomp(const char *text)
{
        static const struct seccomp_target targets[] = {
                { "x86_64", "6.1.0", 0 },
                { "aarch64", "5.4", UINT64_MAX },
        };
        AUTO_JSON struct json_object *profile = NULL;

        if (json_parse(text, strlen(text), "profile", &profile, NULL) < 0)
                return;
        for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
                AUTO_JSON struct json_object *seccomp = NULL;

                seccomp_evaluate(profile, &targets[i], &seccomp, NULL);
        }
}

#define FUZZ_KINDS                                                                                 \
        run_volume, run_mount, run_tmpfs, run_device, run_secret, run_words, run_environment,      \
                run_seccomp, run_ids
#include "fuzz-kinds.h"
