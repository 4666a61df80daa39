/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "src/registry/toml.h"
#include "tests/tap.h"

static const struct {
        const char *text, *json;
} good[] = {
        { "", "{}" },
        { "# only a comment", "{}" },
        { "\xef\xbb\xbf"
          "a=1",
          "{\"a\":1}" },
        { "a = 1 # one\r\nb=2\r\n", "{\"a\":1,\"b\":2}" },
        /* keys */
        { "1 = 1\nb-c_D = 2\n\"q k\" = 3\n'l\\k' = 4\n\"\" = 5",
          "{\"1\":1,\"b-c_D\":2,\"q k\":3,\"l\\\\k\":4,\"\":5}" },
        { "a.b.c = 1\na . \"x.y\" = 2", "{\"a\":{\"b\":{\"c\":1},\"x.y\":2}}" },
        { "3.14 = 1", "{\"3\":{\"14\":1}}" },
        /* strings */
        { "a = \"\\b\\t\\n\\f\\r\\\"\\\\ \\u00e9\\U0001F600\"",
          "{\"a\":\"\\b\\t\\n\\f\\r\\\"\\\\ é😀\"}" },
        { "a = 'C:\\n'", "{\"a\":\"C:\\\\n\"}" },
        { "a = \"\"\nb = ''", "{\"a\":\"\",\"b\":\"\"}" },
        { "a = \"\"\"\none\r\n two\"\"\"", "{\"a\":\"one\\n two\"}" },
        { "a = \"\"\"one \\\n\n   two\\  \n  \"\"\"", "{\"a\":\"one two\"}" },
        { "a = \"\"\"\"x\"\"\"\"\"", "{\"a\":\"\\\"x\\\"\\\"\"}" },
        { "a = '''\n'x'' \\n'''''", "{\"a\":\"'x'' \\\\n''\"}" },
        { "a = \"\"\"\"\"\"", "{\"a\":\"\"}" },
        /* numbers */
        { "a = [0, +1, -2, 1_000, 0xDead_beef, 0o17, 0b101]",
          "{\"a\":[0,1,-2,1000,3735928559,15,5]}" },
        { "a = [9223372036854775807, -9223372036854775808]",
          "{\"a\":[9223372036854775807,-9223372036854775808]}" },
        { "a = [1.5, -0.25, 1e3, 5E-1, 1_0.2_5]", "{\"a\":[1.5,-0.25,1000.0,0.5,10.25]}" },
        { "a = [inf, -inf, nan]", "{\"a\":[Infinity,-Infinity,NaN]}" },
        { "a = [true, false]", "{\"a\":[true,false]}" },
        /* dates and times stay as they are */
        { "a = [1979-05-27T07:32:00Z, 1979-05-27 07:32:00.999-07:00, 2024-02-29, 07:32:00]",
          "{\"a\":[\"1979-05-27T07:32:00Z\",\"1979-05-27 "
          "07:32:00.999-07:00\",\"2024-02-29\",\"07:32:00\"]}" },
        { "a = 2024-02-28 # day", "{\"a\":\"2024-02-28\"}" },
        /* arrays */
        { "a = [ # one\n 1,\n\n 2, # two\n ]", "{\"a\":[1,2]}" },
        { "a = [[1], [\"x\", {b = []}]]", "{\"a\":[[1],[\"x\",{\"b\":[]}]]}" },
        /* tables */
        { "[a]\nb = 1\n[a.c.d]\ne=2\n[a.c]\nf=3",
          "{\"a\":{\"b\":1,\"c\":{\"d\":{\"e\":2},\"f\":3}}}" },
        { "[ a . 'b' ]\nc=1", "{\"a\":{\"b\":{\"c\":1}}}" },
        { "[a.b]\n[a]\nc=1", "{\"a\":{\"b\":{},\"c\":1}}" },
        { "[fruit]\napple.color=1\n[fruit.apple.texture]\nsmooth=true",
          "{\"fruit\":{\"apple\":{\"color\":1,\"texture\":{\"smooth\":true}}}}" },
        { "[[r]]\na=1\n[[r.m]]\nb=2\n[[r.m]]\n[r.t]\nc=3\n[[r]]\na=4",
          "{\"r\":[{\"a\":1,\"m\":[{\"b\":2},{}],\"t\":{\"c\":3}},{\"a\":4}]}" },
        { "a = {}\nb = { c.d = 1, c.e = [\n2 ], 'f' = {} }",
          "{\"a\":{},\"b\":{\"c\":{\"d\":1,\"e\":[2]},\"f\":{}}}" },
};

static const struct {
        const char *text, *message;
} bad[] = {
        { "a = 1\n\nb", "t:3: there is no = behind 'b'" },
        { "= 1", "t:1: a key is missing" },
        { "a. = 1", "t:1: a key is missing" },
        { "é = 1", "t:1: a key is missing" },
        { "\"\"\"a\"\"\" = 1", "t:1: there is no = behind ''" },
        { "a =", "t:1: a value is missing" },
        { "a = # x\n1", "t:1: a value is missing" },
        { "a = 1 b = 2", "t:1: there is more on the line than a key and its value" },
        { "a = 1\n\na = 2", "t:3: 'a' is there already, since line 1" },
        { "a.b = 1\na = 2", "t:2: 'a' is there already, since line 1" },
        { "a = 1\na.b = 2", "t:2: 'a' is there already, since line 1" },
        { "a = {b=1}\na.c = 2", "t:2: 'a' is there already, since line 1" },
        { "a = {b.c=1, b=2}", "t:1: 'b' is there already, since line 1" },
        { "a = word", "t:1: 'word' is not a value; strings stand in quotes" },
        { "a = True", "t:1: 'True' is not a value; strings stand in quotes" },
        /* strings */
        { "a = \"x", "t:1: a string is not closed on its line" },
        { "a = 'x\n'", "t:1: a string is not closed on its line" },
        { "\na = \"\"\"x\n\n", "t:4: the string that begins on line 2 is not closed" },
        { "a = '''x''", "t:1: the string that begins on line 1 is not closed" },
        { "a = \"\\q\"", "t:1: '\\q' is not an escape; write \\\\ for a backslash" },
        { "a = \"\\u12g4\"", "t:1: \\u takes four hexadecimal digits, \\U eight" },
        { "a = \"\\u12\"", "t:1: \\u takes four hexadecimal digits, \\U eight" },
        { "a = \"\\ud800\"", "t:1: U+D800 is no character" },
        { "a = \"\\U00110000\"", "t:1: U+110000 is no character" },
        { "a = \"\\u0000\"", "t:1: a string cannot have a NUL in it" },
        { "a = \"\x01\"", "t:1: there is a control character in a string" },
        { "a = '''\n\x7f'''", "t:2: there is a control character in a string" },
        { "a = \"x\ry\"", "t:1: there is a control character in a string" },
        { "# \x02", "t:1: there is a control character in a comment" },
        { "a = 1\n# \xff", "t:2: this is not UTF-8" },
        /* numbers */
        { "a = 01", "t:1: '01' is not a value; strings stand in quotes" },
        { "a = 1__0", "t:1: '1__0' is not a value; strings stand in quotes" },
        { "a = _1", "t:1: '_1' is not a value; strings stand in quotes" },
        { "a = 1_", "t:1: '1_' is not a value; strings stand in quotes" },
        { "a = 1.", "t:1: '1.' is not a value; strings stand in quotes" },
        { "a = .5", "t:1: '.5' is not a value; strings stand in quotes" },
        { "a = 1e", "t:1: '1e' is not a value; strings stand in quotes" },
        { "a = +0x1", "t:1: '+0x1' is not a value; strings stand in quotes" },
        { "a = 0xg", "t:1: '0xg' is not a value; strings stand in quotes" },
        { "a = 9223372036854775808",
          "t:1: '9223372036854775808' is not a value; strings stand in quotes" },
        { "a = 2023-02-29", "t:1: '2023-02-29' is not a value; strings stand in quotes" },
        { "a = 2023-13-01", "t:1: '2023-13-01' is not a value; strings stand in quotes" },
        { "a = 24:00:00", "t:1: '24:00:00' is not a value; strings stand in quotes" },
        { "a = 2023-01-01T00:00:00+25:00",
          "t:1: '2023-01-01T00:00:00+25:00' is not a value; strings stand in quotes" },
        /* arrays and tables */
        { "a = [1 2]", "t:1: a list is not closed: , or ] is missing" },
        { "a = [1,\n2\n", "t:3: a list is not closed: , or ] is missing" },
        { "a = [,]", "t:1: a value is missing" },
        { "a = {b=1,\nc=2}", "t:1: a key is missing" },
        { "a = {b=1,}", "t:1: a key is missing" },
        { "a = {b=1 c=2}", "t:1: a table is not closed on its line: , or } is missing" },
        { "[a", "t:1: ] is missing behind 'a'" },
        { "[[a]", "t:1: ]] is missing behind 'a'" },
        { "[]", "t:1: a key is missing" },
        { "[a] b=1", "t:1: there is more on the line than a key and its value" },
        { "[a]\n[b]\n[a]", "t:3: [a] is there already, since line 1" },
        { "a = 1\n[a]", "t:2: [a] is there already, since line 1" },
        { "a = 1\n[a.b]", "t:2: 'a' is a value, since line 1" },
        { "a = {}\n[a.b]", "t:2: 'a' is a value, since line 1" },
        { "a = [{}]\n[[a]]", "t:2: [a] is there already, since line 1" },
        { "a = [{}]\n[a.b]", "t:2: 'a' is a value, since line 1" },
        { "[a]\n[[a]]", "t:2: [a] is there already, since line 1" },
        { "[[a]]\n[a]", "t:2: [a] is there already, since line 1" },
        { "[fruit]\napple.color=1\n[fruit.apple]", "t:3: [apple] is there already, since line 2" },
        { "[a.b.c]\nz=1\n[a]\nb.c.t=1", "t:4: 'b' is there already, since line 1" },
        { "[t]\na={b.c=1}\n[t.a.b]", "t:3: 'a' is a value, since line 2" },
};

static void test_good(void)
{
        for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
                AUTO_JSON struct json_object *object = NULL;
                AUTO_ERROR struct error err = { 0 };
                AUTO_FREE char *text = NULL;

                check(toml_parse(good[i].text, strlen(good[i].text), "t", &object, &err) == 0,
                      good[i].json);
                text = object ? json_text(object, false) : str_dup(err.message);
                check_str(text, good[i].json, "and that is what it says");
        }
}

static void test_bad(void)
{
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                AUTO_JSON struct json_object *object = NULL;
                AUTO_ERROR struct error err = { 0 };

                check(toml_parse(bad[i].text, strlen(bad[i].text), "t", &object, &err) < 0 &&
                              !object,
                      bad[i].message);
                check_str(err.message, bad[i].message, "and that is why");
        }
}

static void test_depth(const char *begin, const char *open, unsigned levels, bool fits)
{
        AUTO_STRBUF struct strbuf text = { 0 };
        AUTO_JSON struct json_object *object = NULL;
        AUTO_ERROR struct error err = { 0 };
        int result;

        strbuf_append(&text, begin);
        for (unsigned i = 0; i < levels; i++)
                strbuf_append(&text, open);
        if (*open == '[')
                for (unsigned i = 0; i < levels; i++)
                        strbuf_append_char(&text, ']');
        else
                strbuf_append(&text, "k=1");
        result = toml_parse(text.data, text.length, "t", &object, &err);
        check(fits ? result == 0 : result < 0 && strstr(err.message, "32"), "a limit of depth");
}

static void test_lines(void)
{
        static const char text[] = "a = 1\n[b]\n\nc = [ 1,\n  'x' ]\nd.e = {\n";
        static const char longer[] = "a = 1\n[b]\n\nc = [ 1,\n  'x' ]\nd.e = '''\n'''\n";
        AUTO_JSON struct json_object *object = NULL;
        AUTO_ERROR struct error err = { 0 };
        struct json_object *b, *c, *d, *e;

        check(toml_parse(text, strlen(text), "t", &object, &err) < 0, "a table on two lines");
        if (!check(toml_parse(longer, strlen(longer), "t", &object, &err) == 0, "lines are kept") ||
            !json_object_object_get_ex(object, "b", &b) || !json_object_object_get_ex(b, "c", &c) ||
            !json_object_object_get_ex(b, "d", &d) || !json_object_object_get_ex(d, "e", &e)) {
                check(false, "the tree is as written");
                return;
        }
        check(toml_line(b) == 2 && toml_line(c) == 4 && toml_line(e) == 6, "of each value");
        check(toml_line(json_object_array_get_idx(c, 1)) == 5, "and of what is in a list");
}

int main(void)
{
        AUTO_JSON struct json_object *object = NULL;
        AUTO_ERROR struct error err = { 0 };

        test_good();
        test_bad();
        test_depth("a=", "[", TOML_MAX_DEPTH, true);
        test_depth("a=", "[", TOML_MAX_DEPTH + 1, false);
        test_depth("", "a.", TOML_MAX_DEPTH - 1, true);
        test_depth("", "a.", TOML_MAX_DEPTH, false);
        test_lines();
        check(toml_parse("a=1\nb='\0'\n", 10, "t", &object, &err) < 0, "NUL");
        check_str(err.message, "t:2: there is a NUL byte", "is refused");
        return tap_done();
}
