/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "settings.h"

#include "dropin.h"
#include "home.h"
#include "io.h"
#include "settings-values.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <unistd.h>

/* One row for each setting. */
struct settings_key {
        const char *section, *name;
        size_t field; /* what take fills in */
        settings_function *take;
        const char *initial; /* taken in before any file is read; or NULL */
        const char *help;    /* sentences for the manual; words in mdoc(7)'s own escapes only */
};

#define FIELD(name) offsetof(struct settings, name)

static const struct settings_key settings_keys[] = {
        { "storage", "path", FIELD(storage), settings_take_path, NULL,
          "Where images and the containers' writable layers are kept: /var/lib/crunit, for users "
          "other than root ~/.local/share/crunit. What the files of the machine say of it holds "
          "for "
          "root only." },
        { "storage", "additional-stores", FIELD(additional_stores), settings_take_paths, NULL,
          "Directories of further stores, which are only read: images found there need not be "
          "pulled, and layers that they have unpacked are used where they are, also in images that "
          "are pulled; such an image needs that store from then on." },
        { "storage", "keep-blobs", FIELD(keep_blobs), settings_take_bool, "yes",
          "Whether layers are kept as they came, compressed, beside their unpacked form. An image "
          "takes "
          "less space without them, and can neither be saved or pushed nor repaired without a "
          "registry." },
        { "registry", "search", FIELD(search), settings_take_registries, NULL,
          "Registries that an image name without one is looked for in, in this order, where "
          "registries.conf has no unqualified-search-registries. None by default: such a name is "
          "an error, unless it has an alias." },
        { "registry", "authfile", FIELD(authfile), settings_take_path, NULL,
          "A file of credentials that stands for those in the usual places." },
        { "registry", "parallel-downloads", FIELD(parallel), settings_take_parallel, "6",
          "How many layers are fetched side by side. libcurl before 8.9, in which each connection "
          "that checks certificates takes 4 MB, has no more than two of these; HTTP/2 needs one." },
        { "registry", "retry", FIELD(retry), settings_take_retry, "3",
          "How often a transfer that failed is tried again." },
        { "registry", "retry-delay", FIELD(retry_delay_ms), settings_take_duration, "0",
          "How long to wait before that, such as 5s. 0 begins with two seconds and doubles them "
          "each time." },
        { "registry", "stall-timeout", FIELD(stall_ms), settings_take_stall, "30s",
          "A connection on which nothing arrives for so long has failed. A slow one has not." },
        { "network", "default-subnet", FIELD(default_subnet), settings_take_subnet, "10.88.0.0/16",
          "Addresses of the network that containers are in when they name none. It keeps those it "
          "was made with: crunit network rm crunit has it made anew." },
        { "network", "pools", FIELD(pools), settings_take_pools,
          "10.89.0.0/16:24 10.90.0.0/15:24 10.92.0.0/14:24 10.96.0.0/11:24 10.128.0.0/9:24",
          "Ranges of addresses, each with the prefix length of the networks that are cut from it; "
          "a network that names no subnet gets the first free one." },
        { "container", "runtime", FIELD(runtime), settings_take_path, NULL,
          "The crun to use, by default the one found in PATH." },
        { "container", "seccomp-profile", FIELD(seccomp_profile), settings_take_path, NULL,
          "A profile in the JSON format of containers-common, before those in the usual places." },
        { "container", "log-driver", FIELD(log_driver), settings_take_log_driver, "journald",
          "Where output goes unless a container says otherwise: journald, passthrough or none." },
        { "container", "stop-timeout", FIELD(stop_timeout), settings_take_seconds, "10",
          "Seconds between the stop signal and SIGKILL unless a container says otherwise. A unit's "
          "TimeoutStopSec=, 90 seconds by default, holds as well: systemd waits no longer." },
};

enum {
        SETTINGS_KEYS = sizeof settings_keys / sizeof *settings_keys,
        SETTINGS_MAX_SIZE = 1 << 16
};

/* One file under way. */
struct settings_parse {
        struct settings *settings; /* borrowed */
        const char *path;          /* borrowed */
        const char *rest;          /* borrowed; the text that was not handed out yet */
        unsigned line;             /* the one that was handed out last */
        bool of_machine;           /* the file is not the user's own */
        bool seen[SETTINGS_KEYS];
        struct error *err; /* borrowed; the first thing that is wrong */
};

static void settings_fail(struct settings_parse *parse, int code, const char *message)
{
        if (!parse->err->message)
                error_set(parse->err, code, "%s:%u: %s", parse->path, parse->line, message);
}

static const struct settings_key *settings_find(const char *section, const char *name)
{
        for (size_t i = 0; i < SETTINGS_KEYS; i++)
                if (str_is(settings_keys[i].name, name) &&
                    str_is(settings_keys[i].section, section))
                        return &settings_keys[i];
        return NULL;
}

static void settings_warn_unknown(struct settings_parse *parse, const char *section,
                                  const char *name)
{
        const char *names[SETTINGS_KEYS + 1] = { NULL }, *sections[SETTINGS_KEYS + 1] = { NULL };
        const char *nearest;
        size_t count = 0;

        for (size_t i = 0; i < SETTINGS_KEYS; i++) {
                sections[i] = settings_keys[i].section;
                if (str_equal(section, sections[i]))
                        names[count++] = settings_keys[i].name;
        }
        nearest = count ? str_nearest(name, names) : str_nearest(section, sections);
        strv_appendf(&parse->settings->warnings, "%s:%u: unknown %s '%s'%s%s%s%s%s%s; ignored",
                     parse->path, parse->line, count ? "setting" : "section",
                     count ? name : section, count ? " in [" : "", count ? section : "",
                     count ? "]" : "", nearest ? ", did you mean " : "", nearest ? nearest : "",
                     nearest ? "?" : "");
}

/* inih calls this for each line with a key; 0 makes it note an error. */
static int settings_line(void *user, const char *section, const char *name, const char *value)
{
        struct settings_parse *parse = user;
        const struct settings_key *key = settings_find(section, name);
        AUTO_ERROR struct error err = { 0 };
        bool again;
        int result;

        if (!key) {
                settings_warn_unknown(parse, section, name);
                return 1;
        }
        if (parse->of_machine && geteuid() != 0 && str_equal(key->name, "path"))
                return 1;
        again = parse->seen[key - settings_keys];
        parse->seen[key - settings_keys] = true;
        result = key->take(parse->settings, (char *)parse->settings + key->field, value, again,
                           &err);
        if (result < 0)
                settings_fail(parse, err.code, err.message);
        return result == 0;
}

/* inih asks for one line at a time. A line that does not fit in its buffer would be cut, and the
 * rest taken for a line of its own. */
static char *settings_next_line(char *buffer, int size, void *stream)
{
        struct settings_parse *parse = stream;
        size_t length = strcspn(parse->rest, "\n");

        if (!*parse->rest)
                return NULL;
        parse->line++;
        if (length + 2 > (size_t)size) {
                AUTO_FREE char *reason = str_format("the line is longer than %d bytes", size - 2);

                settings_fail(parse, EINVAL, reason);
                return NULL;
        }
        memcpy(buffer, parse->rest, length);
        parse->rest += length;
        if (*parse->rest == '\n')
                parse->rest++;
        buffer[length] = '\n';
        buffer[length + 1] = '\0';
        return buffer;
}

static int settings_parse_file(struct settings *settings, const char *path, bool of_machine,
                               struct error *err)
{
        AUTO_FREE char *text = NULL;
        AUTO_ERROR struct error problem = { 0 };
        struct settings_parse parse = {
                .settings = settings, .path = path, .of_machine = of_machine, .err = &problem
        };
        size_t length;
        int line;

        if (io_read_file(AT_FDCWD, path, SETTINGS_MAX_SIZE, &text, &length, &problem) < 0)
                return problem.code == ENOENT ? 0
                                              : error_set(err, problem.code, "%s", problem.message);
        if (strlen(text) != length)
                return error_set(err, EINVAL, "%s: there is a NUL byte in it", path);
        parse.rest = text;
        line = ini_parse_stream(settings_next_line, &parse, settings_line, &parse);
        if (problem.message)
                return error_set(err, problem.code, "%s", problem.message);
        if (line != 0)
                return error_set(err, EINVAL, "%s:%d: neither a section nor 'key = value'", path,
                                 line);
        return 0;
}

/* DIRECTORY/crunit.conf and DIRECTORY/crunit.conf.d/NAME.conf */
static int settings_parse_directory(struct settings *settings, const char *directory,
                                    bool of_machine, struct error *err)
{
        AUTO_FREE char *file = str_concat(directory, "/crunit.conf");
        AUTO_FREE char *dropins = str_concat(file, ".d");
        AUTO_STRV struct strv paths = { 0 };

        if (settings_parse_file(settings, file, of_machine, err) < 0 ||
            dropin_list((const char *const[]){ dropins }, 1, &paths, err) < 0)
                return -1;
        for (size_t i = 0; i < paths.count; i++)
                if (settings_parse_file(settings, paths.items[i], of_machine, err) < 0)
                        return -1;
        return 0;
}

static int settings_parse_all(struct settings *settings, struct error *err)
{
        const char *path = getenv("CRUNIT_CONF");
        AUTO_FREE char *own = NULL;

        if (path)
                return settings_parse_file(settings, path, false, err);
        if (settings_parse_directory(settings, SYSCONFDIR "/crunit", true, err) < 0)
                return -1;
        if (geteuid() == 0)
                return 0;
        own = home_config_path("crunit");
        return own ? settings_parse_directory(settings, own, false, err) : 0;
}

static int settings_set_initial(struct settings *settings, struct error *err)
{
        settings->storage = geteuid() == 0 ? NULL : home_data_path("crunit");
        if (!settings->storage)
                settings->storage = str_dup(LOCALSTATEDIR "/lib/crunit");
        for (size_t i = 0; i < SETTINGS_KEYS; i++) {
                const struct settings_key *key = &settings_keys[i];

                if (key->initial && key->take(settings, (char *)settings + key->field, key->initial,
                                              false, err) < 0)
                        return error_wrap(err, "default of %s", key->name);
        }
        return 0;
}

int settings_load(struct settings *ret, struct error *err)
{
        AUTO_SETTINGS struct settings settings = { 0 };
        const char *runtime = getenv("CRUNIT_RUNTIME");
        const char *stores = getenv("CRUNIT_ADDITIONAL_STORES");
        const char *storage = getenv("CRUNIT_STORAGE");

        if (!str_empty(storage) && storage[0] != '/')
                return error_set(err, EINVAL, "CRUNIT_STORAGE=%s is not an absolute path", storage);
        if (settings_set_initial(&settings, err) < 0 || settings_parse_all(&settings, err) < 0)
                return -1;
        if (!str_empty(runtime))
                str_replace(&settings.runtime, runtime);
        if (!str_empty(stores))
                strv_split(&settings.additional_stores, stores, ":", false);
        *ret = settings;
        settings = (struct settings){ 0 };
        return 0;
}

void settings_free(struct settings *settings)
{
        free(settings->storage);
        strv_free(&settings->additional_stores);
        strv_free(&settings->search);
        free(settings->authfile);
        free(settings->pools);
        free(settings->runtime);
        free(settings->seccomp_profile);
        free(settings->log_driver);
        strv_free(&settings->warnings);
        *settings = (struct settings){ 0 };
}

/* mdoc(7) wants each sentence on a line of its own. */
static void settings_print_sentences(const char *text, FILE *out)
{
        for (; *text; text++)
                fputc(*text == ' ' && text[-1] == '.' ? '\n' : *text, out);
        fputc('\n', out);
}

void settings_print_mdoc(FILE *out)
{
        const char *section = NULL;

        for (size_t i = 0; i < SETTINGS_KEYS; i++) {
                const struct settings_key *key = &settings_keys[i];

                if (!str_equal(section, key->section))
                        fprintf(out, "%s.It Bq %s\n.Bl -tag -width Ds -compact\n",
                                section ? ".El\n" : "", key->section);
                section = key->section;
                fprintf(out, ".It Ic %s\n", key->name);
                settings_print_sentences(key->help, out);
                if (key->initial)
                        fprintf(out, "Default: %s\n", key->initial);
        }
        fputs(".El\n", out);
}
