/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What registries and their token servers say in headers and bodies, and the files that keep
 * credentials. Nothing crashes, nothing that was accepted can break out of a header or a message.
 * For the fuzzer, the first byte says which of them the rest is.
 *
 * With clang -fsanitize=fuzzer and FUZZER defined this is a libFuzzer target; else main() runs the
 * files it is given, each as every kind.
 */
#include "../../src/base/io.h"
#include "../../src/registry/answer.h"
#include "../../src/registry/auth-file.h"
#include "../../src/registry/challenge.h"
#include "../../src/registry/token.h"
#include "../../src/registry/url.h"

#include <stdint.h>
#include <stdlib.h>

/* No control character may be in there, and no more bytes than allowed. */
static void fuzz_expect_clean(const char *text, size_t max)
{
        size_t length = text ? strlen(text) : 0;

        if (length > max || (text && str_utf8_valid(text, length) != length))
                abort();
        for (size_t i = 0; i < length; i++)
                if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
                        abort();
}

static void fuzz_challenge(const char *text, size_t size)
{
        AUTO_CHALLENGES struct challenges list = { .count = 0 };
        AUTO_ERROR struct error err = { 0 };

        (void)size;
        if (challenges_parse(&list, text, &err) < 0 && !err.message)
                abort();
        if (list.count > CHALLENGE_MAX_COUNT)
                abort();
        for (size_t i = 0; i < list.count; i++)
                if (str_empty(list.items[i].scheme) ||
                    (list.items[i].realm && strpbrk(list.items[i].realm, "\r\n")))
                        abort();
}

static void fuzz_answer(const char *text, size_t size)
{
        AUTO_FREE char *message = answer_message(text, size);
        AUTO_FREE char *clean = answer_clean(text, size, 50);
        AUTO_FREE char *link = answer_next_link(text);
        AUTO_FREE char *type = answer_media_type(text);
        uint64_t first, last, total;

        fuzz_expect_clean(message, ANSWER_MAX_MESSAGE + sizeof "…");
        fuzz_expect_clean(clean, 50 + sizeof "…");
        fuzz_expect_clean(type, size);
        if (link && strlen(link) > size)
                abort();
        answer_retry_after(text);
        answer_upload_offset(text, &total);
        if (answer_content_range(text, &first, &last, &total) &&
            (last < first || (total && last >= total)))
                abort();
}

static void fuzz_url(const char *text, size_t size)
{
        AUTO_FREE char *url = NULL;
        AUTO_FREE char *escaped = url_escape(text);
        AUTO_FREE char *host = NULL;

        (void)size;
        if (strpbrk(escaped, "&=#?/ \r\n"))
                abort();
        if (url_resolve("https://registry.example/v2/x", text, &url, NULL) < 0)
                return;
        if (strpbrk(url, " \r\n") || (!url_is_https(url) && !str_has_prefix(url, "http://")))
                abort();
        host = url_host(url);
        if (!url_same_origin(url, url))
                abort();
}

static void fuzz_token(const char *text, size_t size)
{
        AUTO_JSON struct json_object *document = NULL;
        struct token token;

        if (json_parse(text, size, "x", &document, NULL) < 0 ||
            token_parse(document, &token, NULL) < 0)
                return;
        fuzz_expect_clean(token.value, TOKEN_MAX_LENGTH);
        if (token.life <= 0 || token.life > TOKEN_MAX_LIFE || token_renewal(token.life) <= 0)
                abort();
        free(token.value);
}

static void fuzz_auth_file(const char *text, size_t size)
{
        AUTO_JSON struct json_object *document = NULL;
        AUTO_CREDENTIALS struct credentials found = { 0 };
        AUTO_CREDENTIALS struct credentials given = { .user = str_dup("u"),
                                                      .password = str_dup("p") };
        struct json_object *entry;

        if (json_parse(text, size, "x", &document, NULL) < 0 ||
            !json_object_is_type(document, json_type_object))
                return;
        entry = auth_file_find(document, "reg.lan", "a/b");
        if (entry && auth_file_decode(entry, &found, NULL) > 0 &&
            (str_empty(found.user) || (!found.password && !found.identity_token)))
                abort();
        auth_file_helper(document, "reg.lan");
        auth_file_store(document);
        auth_file_set(document, "docker.io", &given);
        if (!auth_file_find(document, "docker.io", NULL) ||
            !auth_file_unset(document, "docker.io") || auth_file_find(document, "docker.io", NULL))
                abort();
}

static void (*const kinds[])(const char *text, size_t size) = {
        fuzz_challenge, fuzz_answer, fuzz_url, fuzz_token, fuzz_auth_file,
};
enum {
        KIND_COUNT = sizeof kinds / sizeof *kinds
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        AUTO_FREE char *copy = NULL;

        if (!size)
                return 0;
        copy = alloc_zero(size, 1); /* the kind's byte makes room for a NUL */
        memcpy(copy, data + 1, size - 1);
        kinds[data[0] % KIND_COUNT](copy, size - 1);
        return 0;
}

#ifndef FUZZER
#include "../tap.h"

int main(int argc, char **argv)
{
        for (int i = 1; i < argc; i++) {
                AUTO_FREE char *data = NULL;
                size_t size;

                if (check(io_read_file(AT_FDCWD, argv[i], 1 << 24, &data, &size, NULL) == 0,
                          argv[i]))
                        for (size_t k = 0; k < KIND_COUNT; k++)
                                kinds[k](data, size);
        }
        check(argc > 1, "the corpus is there");
        return tap_done();
}
#endif
