/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "src/base/json.h"
#include "tests/tap.h"

static int parse(const char *text, struct json_object **ret, struct error *err)
{
        return json_parse(text, strlen(text), "doc", ret, err);
}

static void refuse(const char *text, const char *what)
{
        AUTO_JSON struct json_object *object = NULL;
        AUTO_ERROR struct error err = { 0 };

        check(parse(text, &object, &err) < 0 && err.message && !object, what);
}

/* Texts of labels that people have: characters behind escapes. */
static void test_text(void)
{
        static const char *const texts[] = {
                ("{\"a\":\"a\\u001b[31m\x7f\xc2\x9b\xe2\x80\xae"
                 "b\"}"),
                "{\"a\":\"\\u003c\xc3\xa9\\u003e \\n\xe2\x82\xac\\t\xf0\x9f\x90\xb3\"}",
                "{\"\\u0026\xc3\xa9\":{\"\xc3\xa9\\\\\xc3\xa9\":\"\\\"\xc3\xa9\\\"\"}}",
        };

        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
                AUTO_JSON struct json_object *doc = NULL;
                AUTO_ERROR struct error err = { 0 };

                check(parse(texts[i], &doc, &err) == 0, texts[i]);
        }
        {
                AUTO_JSON struct json_object *doc = NULL;
                const char *text = NULL;

                check(parse(texts[1], &doc, NULL) == 0 &&
                              json_get_string(doc, "a", &text, NULL) == 0,
                      "text of many characters");
                check_str(text, "<\xc3\xa9> \n\xe2\x82\xac\t\xf0\x9f\x90\xb3", "stays as it was");
        }
        refuse("{\"a\":\"\\\xc3\xa9\"}", "a backslash in front of a character");
        refuse("{\xc3\xa9:1}", "a character outside of strings");
        refuse("{\"a\":\"\xc2\"}", "half a character");
        refuse("{\"a\":\"\xff\"}", "a byte that is no character");
        refuse("{\"\xed\xa0\x80\":1}", "a surrogate");
}

/* What takes far more memory than it has bytes. */
static void test_weight(void)
{
        static const char *const repeated[] = { "{},", "[],", "1,", "\"\",", "{'\"':[{},{},{}]}," };
        AUTO_STRBUF struct strbuf text = { 0 };
        AUTO_JSON struct json_object *object = NULL;
        AUTO_ERROR struct error err = { 0 };

        for (size_t i = 0; i < sizeof repeated / sizeof *repeated; i++) {
                AUTO_STRBUF struct strbuf many = { 0 };

                strbuf_append(&many, "[");
                while (many.length < 4 << 20)
                        strbuf_append(&many, repeated[i]);
                strbuf_append(&many, "0]");
                refuse(many.data, repeated[i]);
        }
        strbuf_append(&text, "[\"");
        while (text.length < 4 << 20)
                strbuf_append(&text, "{},[],\\\"");
        strbuf_append(&text, "\"]");
        check(parse(text.data, &object, &err) == 0, "a long text is none of these");
}

static void test_getters(void)
{
        AUTO_JSON struct json_object *doc = NULL;
        AUTO_ERROR struct error err = { 0 };
        AUTO_STRV struct strv list = { 0 };
        const char *s = "before";
        int64_t n = 1;
        bool b = false;

        check(parse("{\"s\":\"x\",\"n\":5,\"b\":true,\"l\":[\"a\",\"b\"],\"z\":null,\"nul\":"
                    "\"a\\u0000b\","
                    "\"mixed\":[\"a\",1]}",
                    &doc, &err) == 0,
              "a document");
        check(json_get_string(doc, "missing", &s, &err) == 0, "a missing member is no error");
        check_str(s, "before", "and leaves the value alone");
        check(json_get_string(doc, "z", &s, &err) == 0, "null is missing");
        check(json_get_string(doc, "s", &s, &err) == 0 && !strcmp(s, "x"), "a string");
        check(json_get_int(doc, "n", &n, &err) == 0 && n == 5, "a number");
        check(json_get_bool(doc, "b", &b, &err) == 0 && b, "a boolean");
        check(json_get_strv(doc, "l", &list, &err) == 0 && list.count == 2, "a list");
        check(json_get_string(doc, "n", &s, &err) < 0, "a number is no string");
        check_str(err.message, "\"n\" is not of type string", "says which");
        check(json_get_string(doc, "nul", &s, &err) < 0, "NUL in a string is refused");
        check(json_get_strv(doc, "mixed", &list, &err) < 0, "a mixed list is refused");
}

int main(void)
{
        test_text();
        test_weight();
        test_getters();
        refuse("{\"a\":1} x", "text behind the end");
        refuse("{\"a\":1,}", "a comma too many");
        refuse("{\"a\":\"\xff\"}", "invalid UTF-8");
        refuse("", "nothing at all");
        refuse("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
               "too deep");
        return tap_done();
}
