/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Credentials: the files they are in, the keys they are under, and how they get there. */
#include "../../src/base/base64.h"
#include "../../src/base/io.h"
#include "../../src/registry/auth-file.h"
#include "../../src/registry/certs.h"
#include "../../src/registry/credentials.h"
#include "../tap.h"

#include <errno.h>
#include <sys/stat.h>

static char scratch[] = "/tmp/test-credentials.XXXXXX";

static char *in_scratch(const char *name)
{
        return str_concat(scratch, "/", name);
}

static void write_file(const char *name, const char *text)
{
        AUTO_FREE char *path = in_scratch(name);
        AUTO_FREE char *directory = str_dupn(path, (size_t)(strrchr(path, '/') - path));

        if (io_make_dirs(AT_FDCWD, directory, 0755, NULL) < 0 ||
            io_write_file(AT_FDCWD, path, text, strlen(text), 0644, IO_NO_SYNC, NULL) < 0)
                abort();
}

/* USER:PASSWORD or USER#TOKEN as found, NULL where there is nothing, "error: …". */
static char *find(const char *authfile, const char *registry, const char *repository)
{
        AUTO_CREDENTIALS struct credentials found = { 0 };
        AUTO_ERROR struct error err = { 0 };
        int result = credentials_find(authfile, NULL, registry, repository, &found, &err);

        if (result < 0)
                return str_concat("error: ", err.message);
        if (!result)
                return NULL;
        return str_concat(found.user, found.identity_token ? "#" : ":",
                          found.identity_token ? found.identity_token : found.password);
}

static void found_is(const char *name, const char *registry, const char *repository,
                     const char *expected, const char *what)
{
        AUTO_FREE char *path = name ? in_scratch(name) : NULL;
        AUTO_FREE char *found = find(path, registry, repository);

        check_str(found, expected, what);
}

/* a:1, b:2 … in base64 */
static void test_keys(void)
{
        write_file("keys.json", "{\"auths\":{"
                                "\"reg.lan\":{\"auth\":\"YTox\"},"
                                "\"reg.lan/team\":{\"auth\":\"Yjoy\"},"
                                "\"reg.lan/team/app\":{\"auth\":\"Yzoz\"},"
                                "\"https://index.docker.io/v1/\":{\"auth\":\"ZDo0\"},"
                                "\"http://old.example:5000\":{\"auth\":\"ZTo1\"},"
                                "\"both.example\":{\"auth\":\"Zjo2\"},"
                                "\"https://both.example/v2/\":{\"auth\":\"Zzo3\"}}}");
        found_is("keys.json", "reg.lan", NULL, "a:1", "a registry");
        found_is("keys.json", "reg.lan", "other/app", "a:1", "another path of it");
        found_is("keys.json", "reg.lan", "team/thing", "b:2", "a part of the path");
        found_is("keys.json", "reg.lan", "team/app", "c:3", "the whole path");
        found_is("keys.json", "reg.lan", "team/app/more", "c:3", "below it");
        found_is("keys.json", "reg.lan", "team2/app", "a:1", "a name that only begins so");
        found_is("keys.json", "docker.io", "library/x", "d:4", "as docker writes its own");
        found_is("keys.json", "registry-1.docker.io", NULL, "d:4", "by its other name");
        found_is("keys.json", "old.example:5000", "x", "e:5", "with http:// and a port");
        found_is("keys.json", "old.example", "x", NULL, "not without the port");
        found_is("keys.json", "both.example", "x", "f:6", "the plain name goes first");
        found_is("keys.json", "evil-reg.lan", "x", NULL, "a name that ends so");
        found_is("keys.json", "io", NULL, NULL, "part of a name");
}

static void test_entries(void)
{
        write_file("entries.json",
                   "{\"auths\":{\"empty\":{},\"nothing\":{\"auth\":\"\"},"
                   "\"token\":{\"auth\":\"YTo=\",\"identitytoken\":\"t\"},"
                   "\"onlytoken\":{\"identitytoken\":\"t\"},"
                   "\"plain\":{\"username\":\"u\",\"password\":\"p\"},"
                   "\"colons\":{\"auth\":\"YTpiOmM=\"},\"nouser\":{\"auth\":\"OmM=\"},"
                   "\"zeros\":{\"auth\":\"YToxAAA=\"},\"bad\":{\"auth\":\"!!\"},"
                   "\"line\":{\"auth\":\"YToxCmI=\"},\"type\":{\"auth\":5},\"list\":[]}}");
        found_is("entries.json", "empty", NULL, NULL, "an empty entry");
        found_is("entries.json", "nothing", NULL, NULL, "an empty auth");
        found_is("entries.json", "token", NULL, "a#t", "an identity token");
        found_is("entries.json", "onlytoken", NULL, "<token>#t", "one without a user");
        found_is("entries.json", "plain", NULL, "u:p", "user and password");
        found_is("entries.json", "colons", NULL, "a:b:c", "a password with a colon");
        found_is("entries.json", "zeros", NULL, "a:1", "zeros behind it");
        for (const char *const *name = (const char *const[]){ "nouser", "bad", "line", NULL };
             *name; name++) {
                AUTO_FREE char *expected =
                        str_concat("error: ", scratch,
                                   "/entries.json: \"auth\" is no base64 of USER:PASSWORD");

                found_is("entries.json", *name, NULL, expected, *name);
        }
}

static void test_files(void)
{
        AUTO_FREE char *home = in_scratch("home");
        AUTO_FREE char *runtime = in_scratch("run");
        AUTO_FREE char *named = in_scratch("named.json");
        AUTO_FREE char *missing = in_scratch("missing.json");
        AUTO_STRV struct strv paths = { 0 };
        AUTO_FREE char *none = NULL;

        setenv("HOME", home, 1);
        setenv("XDG_RUNTIME_DIR", runtime, 1);
        unsetenv("XDG_CONFIG_HOME");
        unsetenv("DOCKER_CONFIG");
        unsetenv("REGISTRY_AUTH_FILE");
        write_file("home/.dockercfg", "{\"https://r/v1/\":{\"auth\":\"YTox\"}}");
        found_is(NULL, "r", NULL, "a:1", "the oldest file of docker");
        write_file("home/.docker/config.json", "{\"auths\":{\"r\":{\"auth\":\"Yjoy\"}}}");
        found_is(NULL, "r", NULL, "b:2", "docker's file goes before it");
        write_file("docker/config.json", "{\"auths\":{\"r\":{\"auth\":\"ZTo1\"}}}");
        setenv("DOCKER_CONFIG", scratch, 1);
        found_is(NULL, "r", NULL, "a:1", "$DOCKER_CONFIG stands for its directory");
        unsetenv("DOCKER_CONFIG");
        write_file("home/.config/containers/auth.json", "{\"auths\":{\"r\":{\"auth\":\"Yzoz\"}}}");
        found_is(NULL, "r", NULL, "c:3", "that of the user's settings before that");
        write_file("run/containers/auth.json", " \n");
        found_is(NULL, "r", NULL, "c:3", "an empty file has nothing");
        write_file("run/containers/auth.json", "{\"auths\":{\"r\":{\"auth\":\"ZDo0\"}}}");
        found_is(NULL, "r", NULL, "d:4", "that of the session before all");
        write_file("named.json", "{\"auths\":{}}");
        setenv("REGISTRY_AUTH_FILE", named, 1);
        found_is(NULL, "r", NULL, NULL, "$REGISTRY_AUTH_FILE is the only one");
        found_is("run/containers/auth.json", "r", NULL, "d:4", "but for the one the caller names");
        unsetenv("REGISTRY_AUTH_FILE");
        none = find(missing, "r", NULL);
        check(str_has_prefix(none, "error: ") && str_has_suffix(none, "No such file or directory"),
              "a file that is named has to be there");
        auth_file_list(NULL, &paths);
        check(strv_contains(&paths, "/run/containers/0/auth.json") == (getuid() == 0),
              "root's units have no session: the machine's file is read as well");
}

static void test_broken(void)
{
        static const char *const texts[] = { "{", "[]", "5", "{\"auths\":[]}",
                                             "{\"auths\":{\"r\":{\"auth\":5}}}" };

        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
                AUTO_FREE char *path = in_scratch("broken.json");
                AUTO_FREE char *found = NULL;

                write_file("broken.json", texts[i]);
                found = find(path, "r", NULL);
                check(str_has_prefix(found, "error: ") && strstr(found, "broken.json"), texts[i]);
        }
}

static void test_change(void)
{
        AUTO_FREE char *path = in_scratch("new/directory/auth.json");
        AUTO_FREE char *where = NULL;
        struct credentials given = { .user = str_dup("u"), .password = str_dup("p:q") };
        struct stat st;

        check(credentials_store(path, "reg.lan/team", &given, &where, NULL) == 0, "store");
        check_str(where, path, "where it says");
        check(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600, "for the owner alone");
        found_is("new/directory/auth.json", "reg.lan", "team/x", "u:p:q", "and find again");
        check(credentials_remove(path, "reg.lan", NULL, NULL) == 0, "another key is not removed");
        check(credentials_remove(path, "reg.lan/team", NULL, NULL) == 1, "remove");
        found_is("new/directory/auth.json", "reg.lan", "team/x", NULL, "it is gone");
        write_file("new/directory/auth.json",
                   "{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"YTox\"},\"x\":{}}}");
        check(credentials_remove(path, "docker.io", NULL, NULL) == 1, "by another spelling");
        found_is("new/directory/auth.json", "docker.io", NULL, NULL, "it is gone, too");
        credentials_free(&given);
}

static void test_words(void)
{
        static const char *const good[] = { "reg.lan", "localhost:5000", "reg.lan/a/b-c_d.e",
                                            "[::1]:5000/x" };
        static const char *const bad[] = { "",       "/x",         "reg.lan/",  "a//b", "a b",
                                           "a/../b", "a/b:latest", "https://a", "a\nb" };
        AUTO_CREDENTIALS struct credentials given = { 0 };
        AUTO_FREE char *basic = NULL;

        for (size_t i = 0; i < sizeof good / sizeof *good; i++)
                check(credentials_check_key(good[i], NULL) == 0, good[i]);
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
                check(credentials_check_key(bad[i], NULL) == -1, "a key that is none");
        check(credentials_parse("", &given, NULL) == -1 &&
                      credentials_parse(":x", &given, NULL) == -1 &&
                      credentials_parse("a:b\r\nX: y", &given, NULL) == -1,
              "credentials that are none");
        check(credentials_parse("user:pass:word", &given, NULL) == 0, "credentials");
        basic = credentials_basic(&given);
        check_str(basic, "Basic dXNlcjpwYXNzOndvcmQ=", "as a header");
}

/* --- certificates */

static void test_certs(void)
{
        AUTO_FREE char *directory = in_scratch("certs");
        AUTO_CERTS struct certs certs = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *bundle = NULL;
        AUTO_FREE char *system = in_scratch("system.pem");
        size_t length = 0;

        write_file("system.pem", "SYSTEM\n");
        setenv("SSL_CERT_FILE", system, 1);
        write_file("certs/b.crt", "SECOND\n");
        write_file("certs/a.crt", "FIRST\n");
        write_file("certs/note.txt", "NOTE\n");
        write_file("certs/client.cert", "CERT\n");
        check(certs_find(directory, "r", &certs, &err) == -1, "a certificate without its key");
        check(err.message && strstr(err.message, "/certs/client.cert has no key client.key: "),
              "is named");
        write_file("certs/client.key", "KEY\n");
        check(certs_find(directory, "r", &certs, NULL) == 0, "with its key");
        check(certs.ca_file &&
                      io_read_file(AT_FDCWD, certs.ca_file, 4096, &bundle, &length, NULL) == 0,
              "authorities are in one file");
        check_str(bundle, "FIRST\n\nSECOND\n\nSYSTEM\n\n",
                  "those of the directory, and the system's");
        check(certs.client_cert && str_has_suffix(certs.client_cert, "/certs/client.cert") &&
                      str_has_suffix(certs.client_key, "/certs/client.key"),
              "the client's");
        certs_free(&certs);
        unsetenv("SSL_CERT_FILE");
        check(certs_find("/nonexistent", "r", &certs, NULL) == -1,
              "a directory that is named has to be there");
        check(certs_find(NULL, "no-such-registry.example:5000", &certs, NULL) == 0 &&
                      !certs.ca_in_memory && !certs.client_cert,
              "a registry without any");
}

int main(void)
{
        if (!mkdtemp(scratch))
                abort();
        test_keys();
        test_entries();
        test_files();
        test_broken();
        test_change();
        test_words();
        test_certs();
        io_remove_tree(AT_FDCWD, scratch, NULL);
        return tap_done();
}
