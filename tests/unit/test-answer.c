/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What servers say, and where their redirects lead. */
#include "../../src/base/str.h"
#include "../../src/registry/answer.h"
#include "../../src/registry/token.h"
#include "../../src/registry/url.h"
#include "../tap.h"

#include <errno.h>
#include <time.h>

static void clean_is(const char *text, size_t max, const char *expected)
{
        AUTO_FREE char *clean = answer_clean(text, strlen(text), max);

        check_str(clean, expected, "cleaned");
}

static void test_clean(void)
{
        clean_is("as it is: käse", 100, "as it is: käse");
        clean_is("a\x1b[31mb\r\n\tc\x7f", 100, "a [31mb c");
        clean_is("\xc2\x9b"
                 "31m",
                 100, "??31m");
        clean_is("bad \xff\xfe utf-8", 100, "bad ?? utf-8");
        clean_is("left\xe2\x80\xaeright", 100, "left???right");
        clean_is("1234567890", 5, "12345…");
        clean_is("1234ä", 5, "1234…");
        clean_is("\n\n\n", 5, "");
}

static void message_is(const char *body, const char *expected)
{
        AUTO_FREE char *message = answer_message(body, strlen(body));

        check_str(message, expected, body);
}

static void test_message(void)
{
        message_is("{\"errors\":[{\"code\":\"DENIED\",\"message\":\"go away\"}]}", "go away");
        message_is("{\"errors\":[{\"code\":\"DENIED\",\"message\":\"\"}]}", "DENIED");
        message_is("{\"errors\":[{\"code\":\"DENIED\",\"message\":7}]}", "DENIED");
        message_is("{\"errors\":[7]}", NULL);
        message_is("{\"errors\":[]}", NULL);
        message_is("{\"errors\":{},\"message\":\"m\"}", "m");
        message_is("{\"details\":\"incorrect username or password\"}",
                   "incorrect username or password");
        message_is("{\"error\":\"e\",\"error_description\":\"longer\"}", "longer");
        message_is("[1]", NULL);
        message_is("\"text\"", NULL);
        message_is(" not found\n", "not found");
        message_is("<html>no</html>", NULL);
        message_is("{\"broken", NULL);
        message_is("", NULL);
}

static void test_retry_after(void)
{
        char date[64];
        time_t then = time(NULL) + 100;
        struct tm tm;
        uint64_t seconds;

        strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&then, &tm));
        seconds = answer_retry_after(date);
        check(seconds > 95 && seconds <= 100, "Retry-After: a date");
        check(answer_retry_after("7") == 7, "Retry-After: seconds");
        check(answer_retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0, "Retry-After: the past");
        check(answer_retry_after("-1") == 0 && answer_retry_after("soon") == 0 &&
                      answer_retry_after("") == 0 &&
                      answer_retry_after("99999999999999999999") == 0,
              "Retry-After: nonsense");
}

static void test_ranges(void)
{
        static const char *const wrong[] = {
                "bytes 5-9",
                "bytes 9-5/10",
                "bytes 5-10/10",
                "bytes */10",
                "5-9/10",
                "bytes 5-9/1x",
                "bytes 99999999999999999999-9/10",
                "",
                "bytes -9/10",
        };
        uint64_t first = 1, last = 1, total = 1, offset = 1;

        check(answer_content_range("bytes 5-9/10", &first, &last, &total) && first == 5 &&
                      last == 9 && total == 10,
              "Content-Range");
        check(answer_content_range("bytes 5-9/*", &first, &last, &total) && total == 0,
              "Content-Range of an unknown total");
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
                check(!answer_content_range(wrong[i], &first, &last, &total), wrong[i]);
        check(answer_upload_offset("0-9", &offset) && offset == 10, "Range of an upload");
        check(answer_upload_offset("bytes=0-9", &offset) && offset == 10, "as some write it");
        check(answer_upload_offset("0-0", &offset) && offset == 0, "one that is empty");
        check(!answer_upload_offset("1-9", &offset) && !answer_upload_offset("0", &offset) &&
                      !answer_upload_offset("0-", &offset) && !answer_upload_offset("", &offset) &&
                      !answer_upload_offset("0-9x", &offset),
              "nonsense");
}

static void link_is(const char *value, const char *expected)
{
        AUTO_FREE char *next = answer_next_link(value);

        check_str(next, expected, value);
}

static void type_is(const char *value, const char *expected)
{
        AUTO_FREE char *type = answer_media_type(value);

        check_str(type, expected, value);
}

static void test_headers(void)
{
        link_is("</v2/x/tags/list?n=2&last=b>; rel=\"next\"", "/v2/x/tags/list?n=2&last=b");
        link_is("<a>; rel=prev, <b>;x=y ; rel=next", "b");
        link_is("<a>; rel=\"prev\"", NULL);
        link_is("<a", NULL);
        link_is("a; rel=next", NULL);
        type_is("Application/JSON; charset=utf-8", "application/json");
        type_is("application/vnd.oci.image.index.v1+json",
                "application/vnd.oci.image.index.v1+json");
        type_is("text", NULL);
        type_is("text/", NULL);
        type_is("a/b/c", NULL);
        type_is("a/b\x01", NULL);
        type_is("", NULL);
}

static void resolve_is(const char *base, const char *location, const char *expected)
{
        AUTO_FREE char *url = NULL;

        url_resolve(base, location, &url, NULL);
        check_str(url, expected, location);
}

static void test_urls(void)
{
        AUTO_FREE char *query = url_add_query("https://h/p", "a", "b c/ä&");
        AUTO_FREE char *longer = url_add_query(query, "d", "");

        resolve_is("https://h:5000/v2/x", "/v2/y?z", "https://h:5000/v2/y?z");
        resolve_is("https://h/v2/x", "y", "https://h/v2/y");
        resolve_is("https://h/v2/x", "//other/y", "https://other/y");
        resolve_is("https://h/v2/x", "http://other:80/y", "http://other:80/y");
        resolve_is("https://h/", "file:///etc/passwd", NULL);
        resolve_is("https://h/", "https://user@h/", NULL);
        resolve_is("https://h/", "https://user:pw@h/", NULL);
        resolve_is("https://h/", "/a b", NULL);
        resolve_is("https://h/", "/a\x7f", NULL);
        resolve_is("https://h/", "https://", NULL);
        check(url_same_origin("https://H/a", "https://h:443/b"), "the same origin");
        check(!url_same_origin("https://h/", "http://h/") &&
                      !url_same_origin("https://h/", "https://h:5000/") &&
                      !url_same_origin("https://h/", "https://h.evil/") &&
                      !url_same_origin("nonsense://", "nonsense://"),
              "other origins");
        check_str(query, "https://h/p?a=b%20c%2F%C3%A4%26", "a query");
        check_str(longer, "https://h/p?a=b%20c%2F%C3%A4%26&d=", "a longer query");
        check(url_is_loopback("http://127.0.0.1:5000/") && url_is_loopback("https://localhost/") &&
                      url_is_loopback("http://[::1]/") &&
                      !url_is_loopback("http://127.evil.com/") &&
                      !url_is_loopback("http://10.0.0.1/"),
              "this machine");
}

static void token_is(const char *text, const char *expected, int64_t life)
{
        AUTO_JSON struct json_object *document = NULL;
        AUTO_ERROR struct error err = { 0 };
        struct token token = { .value = NULL };
        int result = -1;

        if (json_parse(text, strlen(text), "token", &document, &err) == 0)
                result = token_parse(document, &token, &err);
        check(result == (expected ? 0 : -1) && (expected || err.code == EPROTO), text);
        check_str(token.value, expected, "its value");
        check(!expected || token.life == life, "its life");
        free(token.value);
}

static void test_tokens(void)
{
        token_is("{\"token\":\"t\",\"expires_in\":300}", "t", 300);
        token_is("{\"access_token\":\"a\",\"token\":\"\"}", "a", TOKEN_DEFAULT_LIFE);
        token_is("{\"token\":\"t\",\"access_token\":\"a\",\"expires_in\":-5}", "t",
                 TOKEN_DEFAULT_LIFE);
        token_is("{\"token\":\"t\",\"expires_in\":99999999999}", "t", TOKEN_MAX_LIFE);
        token_is("{\"token\":\"a b\"}", NULL, 0);
        token_is("{\"token\":\"a\\r\\nX: y\"}", NULL, 0);
        token_is("{\"token\":5}", NULL, 0);
        token_is("{}", NULL, 0);
        token_is("[]", NULL, 0);
        check(token_renewal(300) == 290000, "a token of five minutes is renewed in time");
        check(token_renewal(1) == 750, "one of a second as well");
}

int main(void)
{
        test_clean();
        test_message();
        test_retry_after();
        test_ranges();
        test_headers();
        test_urls();
        test_tokens();
        return tap_done();
}
