/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "settings.h"

#include "io.h"
#include "str.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>

/* One row for each setting: what it is called, where it goes, what it must look like. */
struct settings_key {
        const char *section, *name;
        size_t field;
        int (*take)(void *place, const char *value, struct error *err);
};

static int settings_take_path(void *place, const char *value, struct error *err)
{
        if (value[0] != '/')
                return error_set(err, EINVAL, "'%s' is not an absolute path", value);
        str_replace(place, value);
        return 0;
}

static int settings_take_log_driver(void *place, const char *value, struct error *err)
{
        static const char *const drivers[] = { "journald", "passthrough", "none" };

        for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++) {
                if (str_equal(value, drivers[i])) {
                        str_replace(place, value);
                        return 0;
                }
        }
        return error_set(err, EINVAL, "'%s' is not one of journald, passthrough, none", value);
}

static int settings_take_seconds(void *place, const char *value, struct error *err)
{
        unsigned long long seconds;

        if (!str_to_u64(value, 365UL * 24 * 3600, &seconds))
                return error_set(err, EINVAL, "'%s' is not a number of seconds", value);
        *(unsigned *)place = (unsigned)seconds;
        return 0;
}

static const struct settings_key settings_keys[] = {
        { "storage", "path", offsetof(struct settings, storage), settings_take_path },
        { "container", "runtime", offsetof(struct settings, runtime), settings_take_path },
        { "container", "seccomp-profile", offsetof(struct settings, seccomp_profile),
          settings_take_path },
        { "container", "log-driver", offsetof(struct settings, log_driver),
          settings_take_log_driver },
        { "container", "stop-timeout", offsetof(struct settings, stop_timeout),
          settings_take_seconds },
};

enum {
        SETTINGS_KEYS = sizeof settings_keys / sizeof *settings_keys
};

static const struct settings_key *settings_find(const char *section, const char *name)
{
        for (size_t i = 0; i < SETTINGS_KEYS; i++)
                if (str_equal(settings_keys[i].section, section) &&
                    str_equal(settings_keys[i].name, name))
                        return &settings_keys[i];
        return NULL;
}

static int settings_unknown(const char *section, const char *name, struct error *err)
{
        const char *names[SETTINGS_KEYS + 1] = { NULL };
        const char *nearest;

        for (size_t i = 0; i < SETTINGS_KEYS; i++)
                names[i] = settings_keys[i].name;
        nearest = str_nearest(name, names);
        return error_set(err, EINVAL, "unknown setting '%s' in [%s]%s%s%s", name, section,
                         nearest ? ", did you mean " : "", nearest ? nearest : "",
                         nearest ? "?" : "");
}

struct settings_parse {
        struct settings *settings; /* borrowed */
        struct error *err;         /* borrowed; the first thing that is wrong */
};

/* inih calls this for each line with a key; 0 makes it note the line's number as that of an error.
 */
static int settings_line(void *user, const char *section, const char *name, const char *value)
{
        struct settings_parse *parse = user;
        const struct settings_key *key = settings_find(section, name);
        AUTO_ERROR struct error err = { 0 };
        int result = key ? key->take((char *)parse->settings + key->field, value, &err)
                         : settings_unknown(section, name, &err);

        if (result == 0)
                return 1;
        if (parse->err && !parse->err->message)
                error_set(parse->err, err.code, "%s", err.message);
        return 0;
}

static int settings_parse_file(struct settings *settings, const char *path, struct error *err)
{
        AUTO_FREE char *text = NULL;
        AUTO_ERROR struct error missing = { 0 };
        AUTO_ERROR struct error wrong = { 0 };
        struct settings_parse parse = { .settings = settings, .err = &wrong };
        int line;

        if (io_read_file(AT_FDCWD, path, 1 << 16, &text, NULL, &missing) < 0)
                return missing.code == ENOENT ? 0
                                              : error_set(err, missing.code, "%s", missing.message);
        line = ini_parse_string(text, settings_line, &parse);
        if (line == 0)
                return 0;
        return error_set(err, EINVAL, "%s:%d: %s", path, line,
                         wrong.message ? wrong.message : "neither a section nor 'key = value'");
}

int settings_load(struct settings *ret, struct error *err)
{
        AUTO_SETTINGS struct settings settings = {
                .storage = str_dup(LOCALSTATEDIR "/lib/crunit"),
                .log_driver = str_dup("journald"),
                .stop_timeout = 10,
        };
        const char *path = getenv("CRUNIT_CONF"), *runtime = getenv("CRUNIT_RUNTIME");

        if (settings_parse_file(&settings, path ? path : SYSCONFDIR "/crunit/crunit.conf", err) < 0)
                return -1;
        if (!str_empty(runtime))
                str_replace(&settings.runtime, runtime);
        *ret = settings;
        settings = (struct settings){ 0 };
        return 0;
}

void settings_free(struct settings *settings)
{
        free(settings->storage);
        free(settings->runtime);
        free(settings->seccomp_profile);
        free(settings->log_driver);
        *settings = (struct settings){ 0 };
}
