/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "src/base/io.h"
#include "src/base/str.h"
#include "src/registry/policy.h"
#include "tests/tap.h"

#include <errno.h>
#include <sys/stat.h>

#define DIGEST "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define YES    "[{\"type\":\"insecureAcceptAnything\"}]"
#define NO     "[{\"type\":\"reject\"}]"

static int check_text(const char *text, const char *transport, const char *identity,
                      struct error *err)
{
        return policy_check_text("p.json", text, strlen(text), transport, identity, err);
}

/* expected: NULL where it is accepted, else the message. */
static void expect(const char *text, const char *transport, const char *identity,
                   const char *expected)
{
        AUTO_ERROR struct error err = { 0 };
        int result = check_text(text, transport, identity, &err);

        check_str(err.message, expected, identity ? identity : transport);
        check(result == (expected ? -1 : 0) && (!expected || err.code == EPERM),
              expected ? "is refused" : "is accepted");
}

static void expect_error(const char *text, const char *message)
{
        AUTO_ERROR struct error err = { 0 };

        check(check_text(text, "docker", "docker.io/x:1", &err) < 0 && err.code != EPERM, text);
        check_str(err.message, message, "a wrong file refuses, and says what is wrong");
}

static const char scopes[] =
        "{ \"default\": " NO ",\n"
        "  \"transports\": {\n"
        "    \"docker\": {\n"
        "      \"docker.io/library\": " YES ",\n"
        "      \"docker.io/library/bad\": " NO ",\n"
        "      \"docker.io/library/bad:good\": " YES ",\n"
        "      \"docker.io/library/web@" DIGEST "\": " NO ",\n"
        "      \"docker.io/library/moved:latest\": " NO ","
        "      \"localhost:5000\": " YES ",\n"
        "      \"*.example.com\": " YES ",\n"
        "      \"*.deep.example.com\": " NO ",\n"
        "      \"exact.deep.example.com\": " YES ",\n"
        "      \"reg.lan/signed\": [{\"type\":\"insecureAcceptAnything\"},\n"
        "        {\"type\":\"signedBy\",\"keyType\":\"GPGKeys\",\"keyPath\":\"/k\"}],\n"
        "      \"reg.lan/sig\": [{\"type\":\"sigstoreSigned\",\"keyPath\":\"/k\"}]\n"
        "    },\n"
        "    \"docker-archive\": { \"\": " YES " },\n"
        "    \"atomic\": { \"x:y z\": " NO " },\n"
        "    \"containers-storage\": { \"\": " NO " }\n"
        "  }\n"
        "}\n";

static void test_names(void)
{
        expect(scopes, "docker", "docker.io/web:1", NULL);
        expect(scopes, "docker", "docker.io/library/web", NULL);
        expect(scopes, "docker", "docker.io/libraryx/web:1",
               "docker.io/libraryx/web:1 is refused by p.json:1: \"default\" rejects everything");
        expect(scopes, "docker", "docker.io/bad:1",
               "docker.io/bad:1 is refused by p.json:5: \"docker.io/library/bad\" of docker "
               "rejects "
               "everything");
        expect(scopes, "docker", "docker.io/bad:good", NULL);
        expect(scopes, "docker", "docker.io/web:1@" DIGEST,
               "docker.io/web:1@" DIGEST " is refused by p.json:7: \"docker.io/library/web@" DIGEST
               "\" of docker rejects everything");
        expect(scopes, "docker", "docker.io/library/moved",
               "docker.io/library/moved is refused by p.json:8: \"docker.io/library/moved:latest\" "
               "of docker rejects everything");
        expect(scopes, "docker", "docker.io/library/moved@" DIGEST, NULL);
        expect(scopes, "docker", "docker.io/library/moved:1", NULL);
        expect(scopes, "docker", "localhost:5000/a/b:c", NULL);
        expect(scopes, "docker", "localhost/a/b:c",
               "localhost/a/b:c is refused by p.json:1: \"default\" rejects everything");
        expect(scopes, "docker", "a.example.com/x:1", NULL);
        expect(scopes, "docker", "a.b.example.com:8/x:1", NULL);
        expect(scopes, "docker", "example.com/x:1",
               "example.com/x:1 is refused by p.json:1: \"default\" rejects everything");
        expect(scopes, "docker", "a.deep.example.com/x:1",
               "a.deep.example.com/x:1 is refused by p.json:10: \"*.deep.example.com\" of docker "
               "rejects everything");
        expect(scopes, "docker", "exact.deep.example.com/x:1", NULL);
        expect(scopes, "docker", "reg.lan/signed/x:1",
               "reg.lan/signed/x:1 is refused by p.json:13: \"reg.lan/signed\" of docker asks for "
               "signatures (signedBy), which this version cannot check");
        expect(scopes, "docker", "reg.lan/sig:1",
               "reg.lan/sig:1 is refused by p.json:14: \"reg.lan/sig\" of docker asks for "
               "signatures (sigstoreSigned), which this version cannot check");
        expect(scopes, "docker-archive", NULL, NULL);
        expect(scopes, "docker-archive", "/some/file.tar", NULL);
        expect(scopes, "tarball", NULL,
               "tarball is refused by p.json:1: \"default\" rejects everything");
        expect(scopes, "containers-storage", "docker.io/web:1",
               "docker.io/web:1 is refused by p.json:18: \"\" of containers-storage rejects "
               "everything");
}

static void test_paths(void)
{
        static char top[] = "/tmp/test-policy.XXXXXX";
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *real = NULL;
        AUTO_FREE char *text = NULL;
        AUTO_FREE char *link = NULL;
        AUTO_FREE char *bad = NULL;
        AUTO_FREE char *link_message = NULL;
        AUTO_FREE char *message = NULL;

        if (!mkdtemp(top) || !(real = realpath(top, NULL)))
                exit(1);
        bad = str_concat(real, "/bad/layout");
        link = str_concat(real, "/link");
        text = str_format("{\"default\":" NO ",\"transports\":{\"oci\":{\"%s\":" YES
                          ",\n\"%s/bad\":" NO "}}}",
                          real, real);
        if (io_make_dirs(AT_FDCWD, bad, 0700, &err) < 0 || symlink(bad, link) < 0)
                exit(1);
        message = str_format("oci:%s is refused by p.json:2: \"%s/bad\" of oci rejects everything",
                             bad, real);
        link_message = str_format(
                "oci:%s is refused by p.json:2: \"%s/bad\" of oci rejects everything", link, real);
        expect(text, "oci", real, NULL);
        expect(text, "oci", bad, message);
        expect(text, "oci", link, link_message);
        expect(text, "oci", "/", "oci:/ is refused by p.json:1: \"default\" rejects everything");
        expect(text, "oci", "/nonexistent",
               "oci:/nonexistent is refused by p.json:1: \"default\" rejects everything");
        expect(text, "oci-archive", NULL,
               "oci-archive is refused by p.json:1: \"default\" rejects everything");
        io_remove_tree(AT_FDCWD, top, &err);
}

static void test_errors(void)
{
        AUTO_ERROR struct error err = { 0 };

        check(check_text("{", "docker", "docker.io/x:1", &err) < 0 &&
                      str_has_prefix(err.message, "p.json: not valid JSON at byte 1: "),
              "what is no JSON refuses");
        expect_error("[]", "p.json:1: this is not an object");
        expect_error("null", "p.json:1: this is not an object");
        expect_error("{}", "p.json:1: there is no \"default\"");
        expect_error("{\"default\":[]}", "p.json:1: \"default\" is not a list of requirements");
        expect_error("{\n\"default\":{}}", "p.json:2: \"default\" is not a list of requirements");
        expect_error("{\"default\":[1]}", "p.json:1: a requirement is not an object");
        expect_error("{\"default\":[null]}", "p.json:1: a requirement is not an object");
        expect_error("{\"default\":[{}]}", "p.json:1: a requirement has no \"type\"");
        expect_error("{\"default\":[{\"type\":1}]}", "p.json:1: a requirement has no \"type\"");
        expect_error("{\"default\":[{\n\"type\":\"accept\"}]}",
                     "p.json:2: unknown type of requirement \"accept\"");
        expect_error("{\"default\":[{\"type\":\"reject\",\"x\":1.5}]}",
                     "p.json:1: \"reject\" takes no other keys");
        expect_error("{\"default\":" YES ",\n\"transport\":{}}",
                     "p.json:2: unknown key \"transport\"");
        expect_error("{\"default\":" YES ",\n\"transports\":[]}",
                     "p.json:2: \"transports\" is not an object");
        expect_error("{\"default\":" YES ",\n\"transports\":{\"docker\":[]}}",
                     "p.json:2: \"docker\" is not an object");
        expect_error("{\"default\":" YES ",\n\"transports\":{\"docker\":{\"x\":[]}}}",
                     "p.json:2: \"x\" is not a list of requirements");
        expect_error(
                "{\"default\":" YES ",\n\"transports\":{\"dir\":{\"x\":" YES "}}}",
                "p.json:2: \"x\": a scope of dir is \"\" or an absolute path without . and ..");
        expect_error(
                "{\"default\":" YES ",\n\"transports\":{\"oci\":{\"/\":" YES "}}}",
                "p.json:2: \"/\": a scope of oci is \"\" or an absolute path without . and ..");
        expect_error("{\"default\":" YES ",\n\"transports\":{\"tarball\":{\"x\":" YES "}}}",
                     "p.json:2: \"x\": tarball has no scopes but \"\"");
        /* The last of two keys would win: what somebody reads at the top would not count. */
        expect_error("{\"default\":" NO ",\n\"default\":" YES "}",
                     "p.json:2: \"default\" stands twice in the same object");
        expect_error("{\"default\":" NO ",\n\n\"d\\u0065fault\":" YES "}",
                     "p.json:3: a key with a backslash is not allowed");
        expect_error("{\"default\":" NO ",\"transports\":{\"docker\":{\"a\":" NO ",\"b\":" NO
                     ",\n\"a\":" YES "}}}",
                     "p.json:2: \"a\" stands twice in the same object");
        expect_error("{\"transports\":{\"docker\":{}},\"default\":" NO ",\"transports\":" NO "}",
                     "p.json:1: not valid JSON, or a key stands twice in an object");
}

/* The files themselves, in the places of a user. */
static void test_files(void)
{
        static char top[] = "/tmp/test-policy-home.XXXXXX";
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *directory = NULL;
        AUTO_FREE char *path = NULL;
        AUTO_FREE char *message = NULL;

        if (!mkdtemp(top) || setenv("XDG_CONFIG_HOME", top, 1) < 0)
                exit(1);
        directory = str_concat(top, "/containers");
        path = str_concat(directory, "/policy.json");
        message = str_format("docker.io/x:1 is refused by %s:1: \"default\" rejects everything",
                             path);
        if (io_make_dirs(AT_FDCWD, directory, 0700, &err) < 0 ||
            io_write_file(AT_FDCWD, path, "{\"default\":" NO "}", strlen("{\"default\":" NO "}"),
                          0600, IO_NO_SYNC, &err) < 0)
                exit(1);
        check(policy_check("docker", "docker.io/x:1", &err) < 0, "the user's own file counts");
        check_str(err.message, message, "and is named");
        io_remove_tree(AT_FDCWD, top, &err);
        if (access("/etc/containers/policy.json", F_OK) < 0 &&
            access("/usr/share/containers/policy.json", F_OK) < 0)
                check(policy_check("docker", "docker.io/x:1", &err) == 0,
                      "no file accepts everything");
}

int main(void)
{
        test_names();
        test_paths();
        test_errors();
        test_files();
        return tap_done();
}
