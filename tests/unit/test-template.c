/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "src/base/json.h"
#include "src/cmd/template.h"
#include "tests/tap.h"

static const char sample[] =
        "{\"Id\": \"abc\", \"State\": {\"Status\": \"running\", \"Pid\": 4711, "
        "\"Running\": true, \"Health\": null}, \"Names\": [\"a\", \"b\"], "
        "\"Labels\": {\"z\": \"1\", \"m.n\": \"2\"}}";

static struct json_object *sample_object(void)
{
        struct json_object *object = NULL;

        json_parse(sample, sizeof sample - 1, "sample", &object, NULL);
        return object;
}

static void filled(const char *format, enum template_style style, const char *wanted)
{
        AUTO_JSON struct json_object *object = sample_object();
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *text = NULL;

        check(template_fill(format, object, style, &text, &err) == 0, format);
        check_str(text, wanted, "its text");
}

static void refused(const char *format, const char *part)
{
        AUTO_JSON struct json_object *object = sample_object();
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *text = NULL;

        check(template_fill(format, object, TEMPLATE_GO, &text, &err) < 0 && !text, format);
        check(err.message && strstr(err.message, part), err.message ? err.message : "no message");
}

static void test_templates(void)
{
        filled("{{.State.Status}}", TEMPLATE_GO, "running");
        filled("{{ .State.Pid }} {{.State.Running}}", TEMPLATE_GO, "4711 true");
        filled("{{.ID}}\\t{{.state.pid}}", TEMPLATE_GO, "abc\t4711");
        filled("{{.Names}} {{.Labels}}", TEMPLATE_GO, "[a b] map[m.n:2 z:1]");
        filled("{{.Names}} {{.Labels}}", TEMPLATE_LIST, "a,b m.n=2,z=1");
        filled("{{.State.Health}}", TEMPLATE_GO, "<nil>");
        filled("{{json .Names}}", TEMPLATE_GO, "[\"a\",\"b\"]");
        filled("plain \\n\\\\ \\x }}", TEMPLATE_GO, "plain \n\\ \\x }}");
        filled("", TEMPLATE_GO, "");
}

static void test_refusals(void)
{
        refused("{{.Nothing}}", "there is no '.Nothing'");
        refused("{{.Id.Deeper}}", "there is no '.Id.Deeper'");
        refused("{{range .Names}}{{.}}{{end}}", "'{{range .Names}}' is not supported");
        refused("{{.Id | upper}}", "is not supported");
        refused("{{index .Names 0}}", "use --format json and jq");
        refused("{{}}", "is not supported");
        refused("{{.Id", "'{{' without '}}'");
        check(template_is_template("{{.Id}}") && template_is_template("table x") &&
                      !template_is_template("json"),
              "what is a template");
}

int main(void)
{
        test_templates();
        test_refusals();
        return tap_done();
}
