/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record.h"

#include "../base/io.h"
#include "../base/json.h"

#include <fnmatch.h>

enum {
        RECORD_VERSION = 1,
        RECORD_MAX = 4 * 1024 * 1024,
};

void record_free(struct record *record)
{
        free(record->id);
        free(record->directory);
        strv_free(&record->words);
        strv_free(&record->environment);
        *record = (struct record){ 0 };
}

bool record_wants(const struct container_spec *spec, const char *name)
{
        static const char *const proxies[] = {
                "http_proxy", "https_proxy", "ftp_proxy", "no_proxy",
                "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY"
        };

        /* Which id it gets is nothing that its options say. */
        if (str_equal(name, "CRUNIT_CONTAINER_ID"))
                return false;
        if (spec->env_host || str_has_prefix(name, "CRUNIT_"))
                return true;
        for (size_t i = 0; spec->http_proxy && i < sizeof proxies / sizeof *proxies; i++)
                if (str_equal(name, proxies[i]))
                        return true;
        for (size_t i = 0; i < spec->env.count; i++)
                if (!strchr(spec->env.items[i], '=') && fnmatch(spec->env.items[i], name, 0) == 0)
                        return true;
        return false;
}

/* Those of our variables that are wanted, their names alone or as NAME=VALUE; but not where our own
 * things are (CRUNIT_…): who finds the container knows that. */
static void record_list_wanted(const struct container_spec *spec, bool names, struct strv *ret)
{
        for (char **item = environ; *item; item++) {
                AUTO_FREE char *name = str_dupn(*item, strcspn(*item, "="));

                if (record_wants(spec, name) && !str_has_prefix(name, "CRUNIT_"))
                        strv_append(ret, names ? name : *item);
        }
}

void record_take(const struct container_spec *spec, const char *id, char *const *words,
                 struct record *ret)
{
        struct record record = { .id = str_dup(id), .directory = realpath(".", NULL) };

        if (!record.directory)
                record.directory = str_dup("/");
        for (; *words; words++)
                strv_append(&record.words, *words);
        record_list_wanted(spec, false, &record.environment);
        *ret = record;
}

int record_write(const char *data, const struct record *record, struct error *err)
{
        AUTO_FREE char *path = str_concat(data, "/start.json");
        AUTO_JSON struct json_object *object = json_object_new_object();
        AUTO_FREE char *text = NULL;

        json_object_object_add(object, "version", json_object_new_int(RECORD_VERSION));
        json_set_string(object, "id", record->id);
        json_set_string(object, "directory", record->directory);
        json_set_strv(object, "words", &record->words);
        json_set_strv(object, "environment", &record->environment);
        text = json_text(object, false);
        return io_write_file(AT_FDCWD, path, text, strlen(text), 0600, IO_NO_SYNC, err);
}

static int record_from_json(struct json_object *object, struct record *record, struct error *err)
{
        int64_t version = 0;

        if (json_get_int(object, "version", &version, err) < 0)
                return -1;
        if (version < 1 || version > RECORD_VERSION)
                return error_set(err, EPROTO, "written by another version of crunit (format %lld)",
                                 (long long)version);
        if (json_copy_string(object, "id", &record->id, err) < 0 ||
            json_copy_string(object, "directory", &record->directory, err) < 0 ||
            json_get_strv(object, "words", &record->words, err) < 0 ||
            json_get_strv(object, "environment", &record->environment, err) < 0)
                return -1;
        if (!record->id || !record->directory || !record->words.count)
                return error_set(err, EBADMSG, "\"id\", \"directory\" or \"words\" is missing");
        return 0;
}

int record_read(const char *data, struct record *ret, struct error *err)
{
        AUTO_FREE char *path = str_concat(data, "/start.json");
        AUTO_JSON struct json_object *object = NULL;
        AUTO_RECORD struct record record = { 0 };

        if (json_read_file(AT_FDCWD, path, RECORD_MAX, &object, err) < 0)
                return -1;
        if (record_from_json(object, &record, err) < 0)
                return error_wrap(err, "%s", path);
        *ret = record;
        record = (struct record){ 0 };
        return 0;
}

int record_enter(const struct record *record, const struct container_spec *spec, struct error *err)
{
        AUTO_STRV struct strv names = { 0 };

        if (chdir(record->directory) < 0)
                return error_errno(err, errno, "cannot go to %s, where it was started",
                                   record->directory);
        record_list_wanted(spec, true, &names);
        for (size_t i = 0; i < names.count; i++)
                unsetenv(names.items[i]);
        for (size_t i = 0; i < record->environment.count; i++) {
                const char *item = record->environment.items[i];
                const char *value = strchr(item, '=');
                AUTO_FREE char *name = str_dupn(item, strcspn(item, "="));

                if (value && setenv(name, value + 1, 1) < 0)
                        return error_errno(err, errno, "cannot set %s", name);
        }
        return 0;
}
