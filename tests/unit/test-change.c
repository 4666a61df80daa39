/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "src/image/change.h"
#include "tests/tap.h"

#include <errno.h>

/* Lines, with a newline between them, and the settings they make. */
static const struct {
        const char *lines, *expected;
} cases[] = {
        { "CMD [\"/app\", \"-v\"]", "{\"Cmd\":[\"/app\",\"-v\"]}" },
        { "cmd=[\"/app\"]", "{\"Cmd\":[\"/app\"]}" },
        { "CMD exec /app $X  ", "{\"Cmd\":[\"/bin/sh\",\"-c\",\"exec /app $X\"]}" },
        { "CMD [\"a\"]\nCMD [\"b\"]", "{\"Cmd\":[\"b\"]}" },
        { "ENTRYPOINT [\"/app\"]\nCMD []", "{\"Entrypoint\":[\"/app\"],\"Cmd\":[]}" },
        { "ENV A=1 B='two words' C=\"x\\\"y\"\nENV A=2",
          "{\"Env\":[\"B=two words\",\"C=x\\\"y\",\"A=2\"]}" },
        { "ENV A one to the end", "{\"Env\":[\"A=one to the end\"]}" },
        { "ENV=A=1", "{\"Env\":[\"A=1\"]}" },
        { "LABEL a=1 b.c=\"2 3\"\nLABEL a=4", "{\"Labels\":{\"a\":\"4\",\"b.c\":\"2 3\"}}" },
        { "EXPOSE 80 53/udp", "{\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{}}}" },
        { "VOLUME [\"/a\",\"/b c\"]\nVOLUME /d /e",
          "{\"Volumes\":{\"/a\":{},\"/b c\":{},\"/d\":{},\"/e\":{}}}" },
        { "STOPSIGNAL SIGQUIT\nUSER 1:2\nWORKDIR /srv",
          "{\"StopSignal\":\"SIGQUIT\",\"User\":\"1:2\",\"WorkingDir\":\"/srv\"}" },
};

static const struct {
        const char *line, *message;
} wrong[] = {
        { "RUN make",
          "'RUN make': not one of CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME, "
          "WORKDIR" },
        { "CMD", "'CMD': no value is given" },
        { "USER= ", "'USER= ': no value is given" },
        { "", "'': not one of CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME, "
              "WORKDIR" },
        { "ENV A", "'ENV A': 'A' is not NAME=VALUE" },
        { "ENV =1", "'ENV =1': '1' is not NAME=VALUE" },
        { "ENV A='x", "'ENV A='x': there is no second '" },
        { "CMD [1]", "'CMD [1]': \"the list\" is not a list of strings" },
};

static void test_lines(const char *lines, const char *expected)
{
        AUTO_JSON struct json_object *config = json_object_new_object();
        AUTO_STRV struct strv list = { 0 };
        struct json_object *inner = NULL;
        AUTO_FREE char *text = NULL;

        strv_split(&list, lines, "\n", false);
        for (size_t i = 0; i < list.count; i++)
                check(change_apply(config, list.items[i], NULL) == 0, list.items[i]);
        json_object_object_get_ex(config, "config", &inner);
        text = json_text(inner, false);
        check_str(text, expected, expected);
}

static void test_adopt(const char *from, const char *expected)
{
        AUTO_JSON struct json_object *document = NULL, *adopted = NULL;
        AUTO_FREE char *text = NULL;

        check(json_parse(from, strlen(from), "x", &document, NULL) == 0 &&
                      change_adopt(document, "x", &adopted, NULL) == 0,
              from);
        text = json_text(adopted, false);
        check_str(text, expected, expected);
}

int main(void)
{
        AUTO_JSON struct json_object *list = json_object_new_array(), *adopted = NULL;
        AUTO_ERROR struct error err = { 0 };

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
                test_lines(cases[i].lines, cases[i].expected);
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                AUTO_JSON struct json_object *config = json_object_new_object();
                AUTO_ERROR struct error reason = { 0 };

                check(change_apply(config, wrong[i].line, &reason) == -1 && reason.code,
                      wrong[i].line);
                check_str(reason.message, wrong[i].message, wrong[i].message);
        }
        test_adopt("{\"os\":\"linux\",\"config\":{\"User\":\"1\"},\"history\":[1],\"rootfs\":{}}",
                   "{\"os\":\"linux\",\"config\":{\"User\":\"1\"}}");
        test_adopt("{\"User\":\"1\"}", "{\"config\":{\"User\":\"1\"}}");
        test_adopt("{\"rootfs\":{}}", "{\"config\":{}}");
        check(change_adopt(list, "x", &adopted, &err) == -1, "a list is no configuration");
        check_str(err.message, "x: not an image's configuration: no JSON object", "and is told so");
        return tap_done();
}
