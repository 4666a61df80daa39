/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "src/base/io.h"
#include "src/registry/registries.h"
#include "tests/tap.h"

#define DIGEST "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static char top[] = "/tmp/test-registries.XXXXXX";
static int topfd;
static char *file; /* the one that most cases read */

static void put(const char *path, const char *text)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *directory = str_dup(path);
        char *slash = strrchr(directory, '/');

        if (slash) {
                *slash = '\0';
                if (io_make_dirs(topfd, directory, 0700, &err) < 0)
                        exit(1);
        }
        if (io_write_file(topfd, path, text, strlen(text), 0600, IO_NO_SYNC, &err) < 0)
                exit(1);
}

static int load(const char *text, struct registries *registries, struct error *err)
{
        struct registries_places places = { .only = file };

        put("one.conf", text);
        return registries_load_places(&places, NULL, registries, err);
}

/* "HOST/REPO:TAG@DIGEST" of each endpoint, "!" for an insecure one, "+" for a foreign one. */
static char *endpoints_text(const struct registries *registries, const char *name,
                            struct error *err)
{
        AUTO_REFERENCE struct reference reference = { 0 };
        AUTO_ENDPOINTS struct registries_endpoints endpoints = { 0 };
        AUTO_STRBUF struct strbuf text = { 0 };

        if (reference_parse(name, &reference, err) < 0 ||
            registries_resolve(registries, &reference, &endpoints, err) < 0)
                return NULL;
        for (size_t i = 0; i < endpoints.count; i++) {
                const struct registries_endpoint *e = &endpoints.items[i];

                strbuf_appendf(&text, "%s%s/%s%s%s%s%s%s%s", i ? " " : "", e->host, e->repository,
                               e->tag ? ":" : "", e->tag ? e->tag : "", e->digest ? "@" : "",
                               e->digest ? "DIGEST" : "", e->insecure ? "!" : "",
                               e->foreign ? "+" : "");
                if (e->digest && !str_equal(e->digest, DIGEST))
                        return NULL;
        }
        return strbuf_steal(&text);
}

static void expect_endpoints(const struct registries *registries, const char *name,
                             const char *expected)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *got = endpoints_text(registries, name, &err);

        check_str(got ? got : err.message, expected, name);
}

static void expect_names(const struct registries *registries, const char *name,
                         const char *expected, const char *source)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_REFERENCE struct reference reference = { 0 };
        AUTO_STRV struct strv names = { 0 };
        AUTO_FREE char *got_source = NULL;
        AUTO_FREE char *got = NULL;

        if (reference_parse(name, &reference, &err) == 0 &&
            registries_expand(registries, &reference, &names, &got_source, &err) == 0)
                got = strv_join(&names, " ");
        check_str(got ? got : err.message, expected, name);
        check_str(got_source, source, "and it says where that is written");
}

static void expect_error(const char *text, const char *message)
{
        AUTO_REGISTRIES struct registries registries = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *expected = str_format("%s:%s", file, message);

        check(load(text, &registries, &err) < 0, message);
        check_str(err.message, expected, "with file and line");
}

static void test_plain(void)
{
        AUTO_REGISTRIES struct registries registries = { 0 };
        AUTO_ERROR struct error err = { 0 };

        check(load("", &registries, &err) == 0, "an empty file");
        expect_endpoints(&registries, "reg.lan/a/b", "reg.lan/a/b:latest");
        expect_endpoints(&registries, "docker.io/web:1", "docker.io/library/web:1");
        expect_endpoints(&registries, "localhost:5000/w@" DIGEST, "localhost:5000/w@DIGEST");
        expect_endpoints(&registries, "reg.lan/w:2@" DIGEST, "reg.lan/w@DIGEST");
        expect_endpoints(&registries, "web", "image name 'web' has no registry");
}

static const char mirrors[] =
        "[[registry]]\nprefix = 'example.com/foo'\nlocation = 'internal.example/bar/'\n"
        "[[registry.mirror]]\nlocation = 'm0.local/mirror-for-foo'\n"
        "[[registry.mirror]]\nlocation = 'm1.local:5000/foo'\ninsecure = true\n"
        "[[registry]]\nlocation = 'registry.com'\ninsecure = true\n"
        "[[registry.mirror]]\nlocation = 'mirror.registry.com'\npull-from-mirror='digest-only'\n"
        "[[registry.mirror]]\nlocation = 'tags.registry.com'\npull-from-mirror='tag-only'\n"
        "[[registry.mirror]]\nlocation = 'all.registry.com'\npull-from-mirror='all'\n"
        "[[registry]]\nlocation = 'registry.com/deep'\n"
        "[[registry]]\nlocation = 'strict.com'\nmirror-by-digest-only = true\n"
        "[[registry.mirror]]\nlocation = 'm.strict.com'\n"
        "[[registry]]\nprefix = '*.wild.org'\ninsecure = true\n"
        "[[registry]]\nprefix = '*.moved.org'\nlocation = 'new.org/old'\n"
        "[[registry]]\nprefix = 'bad.com'\nblocked = true\nlocation = 'bad.com'\n"
        "[[registry]]\nprefix = 'bad.com/good/one:1'\nlocation = 'good.com/one'\n"
        "[[registry]]\nprefix = 'docker.io/library'\nlocation = 'hub.local/lib'\n"
        "[[registry]]\nprefix = 'host.com'\nlocation = 'nohost/x'\n";

static void test_mirrors(void)
{
        AUTO_REGISTRIES struct registries registries = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *blocked = str_format("bad.com/x:1: %s:34 blocks images of bad.com", file);
        AUTO_FREE char *nohost =
                str_format("%s:44: location 'nohost/x' does not begin with a registry", file);

        check(load(mirrors, &registries, &err) == 0, "mirrors, prefixes, locations");
        check_str(err.message, NULL, "are read");
        expect_endpoints(&registries, "example.com/foo/image:latest",
                         "m0.local/mirror-for-foo/image:latest+ m1.local:5000/foo/image:latest!+ "
                         "internal.example/bar/image:latest+");
        expect_endpoints(
                &registries, "example.com/foo:1",
                "m0.local/mirror-for-foo:1+ m1.local:5000/foo:1!+ internal.example/bar:1+");
        expect_endpoints(&registries, "example.com/food:1", "example.com/food:1");
        expect_endpoints(&registries, "registry.com/a",
                         "tags.registry.com/a:latest+ all.registry.com/a:latest+ "
                         "registry.com/a:latest!");
        expect_endpoints(&registries, "registry.com/a@" DIGEST,
                         "mirror.registry.com/a@DIGEST+ all.registry.com/a@DIGEST+ "
                         "registry.com/a@DIGEST!");
        expect_endpoints(&registries, "registry.com/deep/a", "registry.com/deep/a:latest");
        expect_endpoints(&registries, "registry.com:5000/a", "registry.com:5000/a:latest");
        expect_endpoints(&registries, "strict.com/a", "strict.com/a:latest");
        expect_endpoints(&registries, "strict.com/a@" DIGEST,
                         "m.strict.com/a@DIGEST+ strict.com/a@DIGEST");
        expect_endpoints(&registries, "a.b.wild.org:8/x", "a.b.wild.org:8/x:latest!");
        expect_endpoints(&registries, "wild.org/x", "wild.org/x:latest");
        expect_endpoints(&registries, "notwild.org/x", "notwild.org/x:latest");
        expect_endpoints(&registries, "evil.com/a.wild.org/x", "evil.com/a.wild.org/x:latest");
        expect_endpoints(&registries, "a.moved.org/x:2", "new.org/old/x:2+");
        expect_endpoints(&registries, "bad.com/x:1", blocked);
        expect_endpoints(&registries, "bad.com/good/one:1", "good.com/one:1+");
        expect_endpoints(&registries, "docker.io/web", "hub.local/lib/web:latest+");
        expect_endpoints(&registries, "docker.io/me/web", "docker.io/me/web:latest");
        expect_endpoints(&registries, "host.com/y", nohost);
        check(registries.warnings.count == 0, "no warning");
}

static void test_short(void)
{
        AUTO_REGISTRIES struct registries registries = { 0 };
        AUTO_REGISTRIES struct registries strict = { 0 };
        AUTO_REGISTRIES struct registries single = { 0 };
        AUTO_REGISTRIES struct registries none = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *second = str_format("%s:2", file), *first = str_format("%s:1", file);

        check(load("unqualified-search-registries = ['a.com', 'docker.io/']\n[aliases]\n"
                   "'web'='docker.io/web'\nns/db='b.com/db'\n",
                   &registries, &err) < 0,
              "a bare key has no slash");
        error_clear(&err);
        check(load("aliases.web='docker.io/web'\naliases.'ns/db'='b.com/db'\n"
                   "unqualified-search-registries = ['a.com', 'docker.io/']\n",
                   &registries, &err) == 0,
              "aliases");
        expect_names(&registries, "web:2", "docker.io/library/web:2", first);
        expect_names(&registries, "ns/db@" DIGEST, "b.com/db@" DIGEST, second);
        expect_names(&registries, "reg.lan/x", "reg.lan/x", NULL);
        expect_names(&registries, "docker.io/x:1@" DIGEST, "docker.io/library/x:1@" DIGEST, NULL);
        free(second);
        second = str_format("%s:3", file);
        expect_names(&registries, "x", "a.com/x docker.io/library/x", second);
        check(load("short-name-mode='enforcing'\nunqualified-search-registries=['a.com','b.com']",
                   &strict, &err) == 0,
              "enforcing");
        expect_names(
                &strict, "x:1",
                "image name 'x' has no registry in front and may be a.com/x:1 or b.com/x:1: "
                "write one of these (short-name-mode is enforcing, and there is no terminal to ask "
                "on)",
                NULL);
        check(load("unqualified-search-registries=['a.com']\nshort-name-mode='enforcing'", &single,
                   &err) == 0,
              "enforcing, and only one registry");
        expect_names(&single, "x", "a.com/x", first);
        check(load("unqualified-search-registries=[]", &none, &err) == 0, "no registry");
        expect_names(&none, "x",
                     "image name 'x' has no registry in front, no alias, and there is no list of "
                     "registries to look in: write the full name, such as "
                     "docker.io/library/x:latest, or set unqualified-search-registries in "
                     "/etc/containers/registries.conf",
                     NULL);
}

static void test_format_1(void)
{
        AUTO_REGISTRIES struct registries registries = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *source = str_format("%s:2", file);
        AUTO_FREE char *blocked = str_format("b.com/x:latest: %s:6 blocks images of b.com", file);

        check(load("[registries.search]\nregistries = ['s.com']\n[registries.insecure]\n"
                   "registries = ['i.com', 'b.com']\n[registries.block]\nregistries=['b.com']\n",
                   &registries, &err) == 0,
              "format 1");
        check_str(err.message, NULL, "is read");
        expect_names(&registries, "x", "s.com/x", source);
        expect_endpoints(&registries, "i.com/x", "i.com/x:latest!");
        expect_endpoints(&registries, "b.com/x", blocked);
}

static void test_errors(void)
{
        expect_error("a", "1: there is no = behind 'a'");
        expect_error("registry = 1", "1: 'registry' is not a list of tables: write [[registry]]");
        expect_error("registry = [1]", "1: 'registry' is not a list of tables");
        expect_error("[registry]\nlocation='x'",
                     "1: 'registry' is not a list of tables: write [[registry]]");
        expect_error("[[registry]]\nlocation = 1", "2: 'location' is not a string");
        expect_error("[[registry]]\nlocation = 'http://x.com'",
                     "2: location = \"http://x.com\": write it without http://");
        expect_error("[[registry]]\nlocation = '*.x.com'",
                     "1: location = \"*.x.com\": *. can only stand in a prefix");
        expect_error("\n[[registry]]\n", "2: a registry has neither prefix nor location");
        expect_error("[[registry]]\nprefix='x.com'", "1: prefix = \"x.com\" needs a location");
        expect_error("[[registry]]\nprefix='*.x.com/a'",
                     "1: prefix = \"*.x.com/a\": * can only stand in \"*.DOMAIN\"");
        expect_error("[[registry]]\nprefix='x.*.com'",
                     "1: prefix = \"x.*.com\": * can only stand in \"*.DOMAIN\"");
        expect_error("[[registry]]\nlocation='x.com'\ninsecure='yes'",
                     "3: 'insecure' is not true or false");
        expect_error("[[registry]]\nlocation='x.com'\n[[registry.mirror]]\n",
                     "3: a mirror has no location");
        expect_error("[[registry]]\nlocation='x.com'\nmirror-by-digest-only=true\n"
                     "[[registry.mirror]]\nlocation='y.com'\npull-from-mirror='all'",
                     "4: pull-from-mirror contradicts mirror-by-digest-only");
        expect_error("[[registry]]\nlocation='x.com'\n[[registry.mirror]]\nlocation='y.com'\n"
                     "pull-from-mirror='some'",
                     "3: pull-from-mirror = \"some\": not one of all, digest-only, tag-only");
        expect_error("short-name-mode='strict'",
                     "1: short-name-mode = \"strict\": not one of enforcing, permissive, disabled");
        expect_error("unqualified-search-registries='x'",
                     "1: 'unqualified-search-registries' is not a list of strings");
        expect_error("unqualified-search-registries=['x',\n1]",
                     "2: 'unqualified-search-registries' is not a list of strings");
        expect_error("unqualified-search-registries=['https://x.com']",
                     "1: 'https://x.com' is not a registry, such as reg.lan");
        expect_error("[aliases]\nx=1", "2: alias 'x' is not a string");
        expect_error("[aliases]\nx='y'", "2: alias to 'y': it needs a registry in front");
        expect_error("[aliases]\n'a.com/x'='b.com/y'",
                     "2: alias 'a.com/x': it cannot have a registry in front");
        expect_error("[aliases]\n'x:1'='b.com/y'",
                     "2: alias 'x:1': neither side can have a tag or a digest");
        expect_error("[registries.search]\nregistries=[]\n[[registry]]\nlocation='x.com'",
                     "3: 'registry' is of format 2, [registries] of format 1: write all of it in "
                     "format 2");
}

static void test_warnings(void)
{
        AUTO_REGISTRIES struct registries registries = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *expected = str_format(
                "%s:1: unknown key 'short-name-mod', did you mean short-name-mode?; ignored|"
                "%s:3: unknown key 'blocke', did you mean blocked?; ignored",
                file, file);
        AUTO_FREE char *got = NULL;

        check(load("short-name-mod='x'\n[[registry]]\nblocke=true\nlocation='x.com'", &registries,
                   &err) == 0,
              "unknown keys are passed over");
        got = strv_join(&registries.warnings, "|");
        check_str(got, expected, "with a warning");
}

static void test_places(void)
{
        AUTO_FREE char *user = str_concat(top, "/user"), *etc = str_concat(top, "/etc"),
                       *usr = str_concat(top, "/usr"), *noted = str_concat(top, "/noted.conf"),
                       *last = str_concat(top, "/last.conf");
        struct registries_places places = {
                .user = user, .machine = etc, .vendor = usr, .noted = noted
        };
        AUTO_STRV struct strv fallback = { 0 };
        AUTO_ERROR struct error err = { 0 };

        strv_append(&fallback, "fallback.com");
        {
                AUTO_REGISTRIES struct registries registries = { 0 };

                check(registries_load_places(&places, &fallback, &registries, &err) == 0,
                      "no file at all");
                expect_names(&registries, "x", "fallback.com/x", NULL);
        }
        put("usr/registries.conf", "unqualified-search-registries=['usr.com']");
        put("usr/registries.conf.d/10.conf", "aliases.a='usr10.com/a'\naliases.b='usr10.com/b'\n"
                                             "[[registry]]\nlocation='x.com'\ninsecure=true");
        put("usr/registries.conf.d/20.conf", "aliases.c='usr20.com/c'");
        put("etc/registries.conf.d/20.conf", "aliases.b='etc20.com/b'\naliases.d='etc20.com/d'");
        put("etc/registries.conf.d/30.conf", "aliases.d=''\n[[registry]]\nlocation='x.com'");
        put("noted.conf", "[aliases]\n'b'='noted.com/b'");
        put("last.conf", "aliases.a='last.com/a'");
        {
                AUTO_REGISTRIES struct registries registries = { 0 };
                AUTO_FREE char *source = str_concat(usr, "/registries.conf:1");
                AUTO_FREE char *a = str_concat(usr, "/registries.conf.d/10.conf:1");
                AUTO_FREE char *b = str_concat(noted, ":2");

                check(registries_load_places(&places, &fallback, &registries, &err) == 0,
                      "the machine's files");
                expect_names(&registries, "x", "usr.com/x", source);
                expect_names(&registries, "a", "usr10.com/a", a);
                expect_names(&registries, "b", "noted.com/b", b);
                expect_names(&registries, "c", "usr.com/c", source);
                expect_names(&registries, "d", "usr.com/d", source);
                expect_endpoints(&registries, "x.com/y", "x.com/y:latest");
        }
        put("etc/registries.conf", "unqualified-search-registries=['etc.com']");
        put("user/registries.conf.d/10.conf", "aliases.c='user10.com/c'");
        places.last = last;
        {
                AUTO_REGISTRIES struct registries registries = { 0 };
                AUTO_FREE char *etc_source = str_concat(etc, "/registries.conf:1");
                AUTO_FREE char *user_source = str_concat(user, "/registries.conf.d/10.conf:1");
                AUTO_FREE char *last_source = str_concat(last, ":1");

                check(registries_load_places(&places, &fallback, &registries, &err) == 0,
                      "one in /etc, and the user's drop-in");
                expect_names(&registries, "x", "etc.com/x", etc_source);
                expect_names(&registries, "c", "user10.com/c", user_source);
                expect_names(&registries, "a", "last.com/a", last_source);
        }
        put("user/registries.conf", "");
        {
                AUTO_REGISTRIES struct registries registries = { 0 };

                check(registries_load_places(&places, &fallback, &registries, &err) == 0,
                      "the user's own file");
                expect_names(&registries, "x", "fallback.com/x", NULL);
                check(registries.alias_count == 3, "hides the machine's drop-ins");
        }
        put("user/registries.conf.d/10.conf", "[registries.search]\nregistries=['x']\n");
        {
                AUTO_REGISTRIES struct registries registries = { 0 };

                check(registries_load_places(&places, &fallback, &registries, &err) < 0 &&
                              strstr(err.message, "10.conf:1: [registries] is of format 1, which "
                                                  "only a main file can have"),
                      "a drop-in of format 1 is refused");
        }
        places = (struct registries_places){ .only = "/nonexistent.conf" };
        {
                AUTO_REGISTRIES struct registries registries = { 0 };

                check(registries_load_places(&places, NULL, &registries, &err) < 0 &&
                              err.code == ENOENT,
                      "a named file has to be there");
        }
}

static void test_environment(void)
{
        AUTO_REGISTRIES struct registries registries = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *last = str_concat(top, "/last.conf");
        AUTO_FREE char *source = str_format("%s:1", last);

        put("one.conf", "aliases.a='one.com/a'\naliases.b='one.com/b'");
        setenv("CONTAINERS_REGISTRIES_CONF", file, 1);
        setenv("CONTAINERS_REGISTRIES_CONF_OVERRIDE", last, 1);
        check(registries_load(NULL, &registries, &err) == 0, "files that the environment names");
        check(registries.alias_count == 2, "and no others");
        expect_names(&registries, "a", "last.com/a", source);
}

int main(void)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *path = NULL;

        topfd = mkdtemp(top) ? open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
        if (topfd < 0)
                return 1;
        file = path = str_concat(top, "/one.conf");
        test_plain();
        test_mirrors();
        test_short();
        test_format_1();
        test_errors();
        test_warnings();
        test_places();
        test_environment();
        io_remove_tree(AT_FDCWD, top, &err);
        return tap_done();
}
