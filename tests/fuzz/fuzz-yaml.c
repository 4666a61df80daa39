/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A YAML document of any bytes: nothing crashes, a failure says where, and what comes out is JSON
 * that our reader takes.
 *
 * With clang -fsanitize=fuzzer and FUZZER defined this is a libFuzzer target; else main() runs the
 * files it is given.
 */
#include "../../src/base/io.h"
#include "../../src/base/json.h"
#include "../../src/base/yaml-json.h"

#include <stdint.h>
#include <stdlib.h>

static void run(const void *data, size_t size)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_JSON struct json_object *object = NULL;
        AUTO_FREE char *printed = NULL;

        if (yaml_to_json(data, size, "in", &printed, &err) < 0) {
                if (printed || !err.message || !str_has_prefix(err.message, "in:"))
                        abort();
                return;
        }
        if (strchr(printed, '\n') || json_parse(printed, strlen(printed), "out", &object, &err) < 0)
                abort();
}

static void fuzz_input(const uint8_t *data, size_t size)
{
        run(data, size);
}

static void fuzz_file(char *data, size_t size)
{
        run(data, size);
}

#include "fuzz-main.h"
