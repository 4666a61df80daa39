/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "src/base/io.h"
#include "src/container/record.h"
#include "tests/tap.h"

#include <errno.h>
#include <unistd.h>

static char directory[] = "/tmp/test-record.XXXXXX";

static void set_caller(void)
{
        clearenv();
        setenv("ASKED", "once", 1);
        setenv("LIKE_1", "a=b", 1);
        setenv("http_proxy", "http://192.0.2.1:3128", 1);
        setenv("CRUNIT_STORAGE", "/srv/store", 1);
        setenv("CRUNIT_CONTAINER_ID", "another's", 1);
        setenv("SECRET", "not asked for", 1);
}

static void describe(struct container_spec *spec)
{
        spec_init(spec);
        strv_append(&spec->env, "ASKED");
        strv_append(&spec->env, "LIKE_*");
        strv_append(&spec->env, "SECRET=given");
        strv_append(&spec->env, "UNSET");
}

static void test_round_trip(void)
{
        AUTO_STRV struct strv words = { 0 };
        AUTO_SPEC struct container_spec spec = { 0 };
        AUTO_RECORD struct record record = { 0 }, again = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *here = NULL;

        set_caller();
        describe(&spec);
        strv_split(&words, "-e|ASKED|--name|a b|image|sh", "|", false);
        record_take(&spec, "0123", words.items, &record);
        check(record.words.count == 6 && strv_contains(&record.environment, "ASKED=once") &&
                      strv_contains(&record.environment, "LIKE_1=a=b") &&
                      strv_contains(&record.environment, "http_proxy=http://192.0.2.1:3128"),
              "what is asked for");
        check(record.environment.count == 3, "and nothing else: no place, no id, no secret");
        check(record_write(directory, &record, &err) == 0 &&
                      record_read(directory, &again, &err) == 0,
              "written and read");
        check_str(again.words.items[3], "a b", "a word with a blank");
        check_str(again.id, "0123", "the id");

        setenv("ASKED", "twice", 1);
        setenv("UNSET", "set now", 1);
        setenv("HOME", "/root", 1);
        check(chdir("/") == 0 && record_enter(&again, &spec, &err) == 0, "entered");
        here = getcwd(NULL, 0);
        check_str(getenv("ASKED"), "once", "a variable as it was");
        check(!getenv("UNSET"), "one that was not set is not set");
        check_str(getenv("HOME"), "/root", "others stay");
        check_str(getenv("CRUNIT_STORAGE"), "/srv/store", "and where our things are");
        check_str(here, again.directory, "the directory");
}

static void test_bad(void)
{
        static const struct {
                const char *text, *what;
                int code;
        } cases[] = {
                { "{\"version\": 2, \"id\": \"1\", \"directory\": \"/\", \"words\": [\"a\"]}",
                  "one of a later version", EPROTO },
                { "{\"version\": 1, \"id\": \"1\", \"directory\": \"/\", \"words\": []}",
                  "one without words", EBADMSG },
                { "{\"version\": 1, \"id\": \"1\", \"directory\": \"/\", \"words\": [7]}",
                  "words that are none", EBADMSG },
                { "[]", "no object", 0 },
                { "{", "no JSON", 0 },
        };
        AUTO_FREE char *path = str_concat(directory, "/start.json");
        AUTO_RECORD struct record none = { 0 };
        AUTO_ERROR struct error missing = { 0 };

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                AUTO_RECORD struct record record = { 0 };
                AUTO_ERROR struct error err = { 0 };
                bool refused;

                io_write_file(AT_FDCWD, path, cases[i].text, strlen(cases[i].text), 0600,
                              IO_NO_SYNC, NULL);
                refused = record_read(directory, &record, &err) < 0;
                check(refused && !record.id && (!cases[i].code || err.code == cases[i].code),
                      cases[i].what);
        }
        unlink(path);
        check(record_read(directory, &none, &missing) < 0 && missing.code == ENOENT, "none");
}

int main(void)
{
        if (!mkdtemp(directory) || chdir(directory) < 0)
                return EXIT_FAILURE;
        test_round_trip();
        test_bad();
        rmdir(directory);
        return tap_done();
}
