/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Command lines of any words: `crunit run` and `crunit pod create`, a word a line; what --format,
 * --filter and --since take. Nothing crashes, what is refused has a message, and what is taken is
 * in order. For the fuzzer, the first byte says what kind of text it is.
 *
 * With clang -fsanitize=fuzzer and FUZZER defined this is a libFuzzer target; else main() runs the
 * files it is given, each as every kind.
 */
#include "../../src/base/duration.h"
#include "../../src/base/io.h"
#include "../../src/base/json.h"
#include "../../src/cmd/filter.h"
#include "../../src/cmd/pod-options.h"
#include "../../src/cmd/run-options.h"
#include "../../src/cmd/template.h"
#include "../../src/cmd/when.h"
#include "../../src/container/expand.h"
#include "../../src/container/userns.h"

#include <stdint.h>
#include <stdlib.h>

enum {
        WORDS_MAX = 64
};

static void require_message(int result, const struct error *err)
{
        if ((result < 0) != (err->message != NULL))
                abort();
}

/* No word leads to a file of this machine. */
static void split_words(const char *text, struct strv *ret)
{
        AUTO_STRV struct strv lines = { 0 };

        strv_append(ret, "run");
        strv_split(&lines, text, "\n", true);
        for (size_t i = 0; i < lines.count && i < WORDS_MAX; i++)
                if (!strstr(lines.items[i], "file") && lines.items[i][0] != '@')
                        strv_append(ret, lines.items[i]);
}

static void run_run(const char *text)
{
        AUTO_SPEC struct container_spec spec = { 0 };
        AUTO_USERNS_REQUEST struct userns_request request = { 0 };
        AUTO_STRV struct strv words = { 0 };
        AUTO_ERROR struct error err = { 0 }, other = { 0 };
        char *argv[WORDS_MAX + 2] = { NULL };
        int result;

        split_words(text, &words);
        memcpy(argv, words.items, words.count * sizeof *argv); /* they are moved about */
        spec_init(&spec);
        result = run_options_parse((int)words.count, argv, &spec, &err);
        require_message(result, &err);
        if (result < 0)
                return;
        for (size_t i = 0; i < spec.env.count; i++)
                if (spec.env.items[i][0] == '=')
                        abort();
        require_message(userns_parse(&spec, &request, &other), &other);
}

static void run_pod(const char *text)
{
        AUTO_POD_REQUEST struct pod_request request;
        AUTO_STRV struct strv words = { 0 }, namespaces = { 0 };
        AUTO_ERROR struct error err = { 0 };
        int result;

        split_words(text, &words);
        pod_request_init(&request);
        result = pod_request_parse(&words, "/in", &request, &err);
        require_message(result, &err);
        if (result == 0 && pod_request_check(&request, NULL) == 0)
                pod_request_namespaces(&request, &namespaces, NULL);
}

static void run_template(const char *text)
{
        static const char document[] =
                "{\"Name\":\"web\",\"Size\":1,\"Up\":true,\"None\":null,\"List\":[\"a\",{\"b\":1}],"
                "\"State\":{\"Status\":\"running\",\"Pid\":7,\"Deep\":{\"er\":[]}}}";
        AUTO_JSON struct json_object *object = NULL;

        if (json_parse(document, strlen(document), "x", &object, NULL) < 0)
                abort();
        template_is_template(text);
        for (int style = TEMPLATE_GO; style <= TEMPLATE_LIST; style++) {
                AUTO_ERROR struct error err = { 0 };
                AUTO_FREE char *filled = NULL;

                require_message(template_fill(text, object, style, &filled, &err), &err);
                if (!err.message != !!filled)
                        abort();
        }
}

static void run_words(const char *text)
{
        static const struct filter_kind kinds[] = { { "name", NULL, false },
                                                    { NULL, NULL, false } };
        AUTO_ERROR struct error when = { 0 }, until = { 0 }, filter = { 0 };
        AUTO_STRV struct strv filters = { 0 };
        AUTO_FREE char *expanded = NULL;
        char *environment[] = { (char[]){ "A=1" }, (char[]){ "LONG=text" }, NULL };
        uint64_t usec, ms;

        require_message(when_parse("since", text, &usec, &when), &when);
        require_message(filter_until("2026-02-03T04:05:06Z", text, &until), &until);
        filter_until(text, "10m", NULL);
        strv_append(&filters, text);
        require_message(filter_check(kinds, &filters, &filter), &filter);
        duration_parse(text, &ms);
        expanded = expand_variables(text, environment);
}

#define FUZZ_KINDS run_run, run_pod, run_template, run_words
#include "fuzz-kinds.h"
