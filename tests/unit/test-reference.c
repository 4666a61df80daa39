/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../../src/image/reference.h"
#include "../tap.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void expect(const char *text, const char *name)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *got = NULL;

        check(reference_normalize(text, "localhost", &got, &err) == 0, text);
        check_str(got, name, "in full");
}

static void refuse(const char *text, const char *message)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_REFERENCE struct reference reference = { 0 };

        check(reference_parse(text, &reference, &err) < 0, "is refused");
        check_str(err.message, message, text);
}

static void test_lengths(void)
{
        AUTO_REFERENCE struct reference reference = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *name = NULL;
        char text[400] = "x/";
        char tag[140] = "x:";

        memset(text + 2, 'a', 253);
        check(reference_parse(text, &reference, &err) == 0, "255 bytes are a name");
        check(reference_normalize(text, "localhost", &name, &err) < 0 &&
                      strstr(err.message, "is longer than 255 bytes with its registry"),
              "but not behind a registry");
        error_clear(&err);
        text[255] = 'a';
        check(reference_parse(text, &reference, &err) < 0, "256 are not");
        memset(tag + 2, 't', 128);
        reference_free(&reference);
        check(reference_parse(tag, &reference, NULL) == 0, "128 bytes are a tag");
        tag[130] = 't';
        check(reference_parse(tag, &reference, NULL) < 0, "129 are not");
}

static void test_digests(void)
{
        AUTO_REFERENCE struct reference reference = { 0 };

        check_str(digest_hex("sha256:" HEX), HEX, "a digest");
        check(!digest_hex("sha256:" HEX "0") && !digest_hex("sha256:012") &&
                      !digest_hex("sha512:" HEX) && !digest_hex(NULL),
              "and what is none");
        check(!digest_hex(
                      "sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"),
              "capitals are none");
        check(reference_parse("example.com/a:1@sha256:" HEX, &reference, NULL) == 0, "all parts");
        check_str(reference.registry, "example.com", "registry");
        check_str(reference.path, "a", "path");
        check_str(reference.tag, "1", "tag");
        check_str(reference.digest, "sha256:" HEX, "digest");
        check(reference_is_id("abc") && reference_is_id(HEX) && !reference_is_id("ab") &&
                      !reference_is_id("abg") && !reference_is_id(HEX "0"),
              "ids");
}

int main(void)
{
        expect("web", "localhost/web:latest");
        expect("web:1.2-rc_3", "localhost/web:1.2-rc_3");
        expect("team/web", "localhost/team/web:latest");
        expect("localhost/web", "localhost/web:latest");
        expect("example.com:5000/a/b_c/d__e/f---g:X", "example.com:5000/a/b_c/d__e/f---g:X");
        expect("[::1]:5000/a", "[::1]:5000/a:latest");
        expect("docker.io/web", "docker.io/library/web:latest");
        expect("index.docker.io/web:2", "docker.io/library/web:2");
        expect("docker.io/team/web", "docker.io/team/web:latest");
        refuse("", "image name '': '' is not a name (lower-case letters, digits, and . _ - / "
                   "between them)");
        refuse("Web", "image name 'Web': 'Web' is not a name (lower-case letters, digits, and . _ "
                      "- / between them)");
        refuse("a//b", "image name 'a//b': 'a//b' is not a name (lower-case letters, digits, and . "
                       "_ - / between them)");
        refuse("a/../b", "image name 'a/../b': 'a/../b' is not a name (lower-case letters, digits, "
                         "and . _ - / between them)");
        refuse("a/", "image name 'a/': 'a/' is not a name (lower-case letters, digits, and . _ - / "
                     "between them)");
        refuse("a___b", "image name 'a___b': 'a___b' is not a name (lower-case letters, digits, "
                        "and . _ - / between them)");
        refuse("a:", "image name 'a:': '' is not a tag (letters, digits, _ . -, at most 128)");
        refuse("a:-x", "image name 'a:-x': '-x' is not a tag (letters, digits, _ . -, at most "
                       "128)");
        refuse("a@sha256:12", "image name 'a@sha256:12': 'sha256:12' is not sha256: and 64 digits");
        refuse("-x.y/a", "image name '-x.y/a': '-x.y' is not a registry");
        refuse("x.y:port/a", "image name 'x.y:port/a': 'x.y:port' is not a registry");
        refuse("[::1/a", "image name '[::1/a': '[::1' is not a registry");
        test_lengths();
        test_digests();
        return tap_done();
}
