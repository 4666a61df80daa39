/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rest of a target that knows several kinds of text: it defines FUZZ_KINDS, the names of its
 * functions, and includes this at its end. For the fuzzer, the first byte says which kind it is; a
 * file of the corpus is taken as every kind, each line by itself and as a whole.
 */
#pragma once

#include "../../src/base/str.h"

#include <stdint.h>

static void (*const kinds[])(const char *text) = { FUZZ_KINDS };

enum {
        KIND_COUNT = sizeof kinds / sizeof *kinds
};

static void fuzz_input(const uint8_t *data, size_t size)
{
        if (size) {
                AUTO_FREE char *text = str_dupn((const char *)data + 1, size - 1);

                kinds[data[0] % KIND_COUNT](text);
        }
}

static void fuzz_file(char *data, size_t size)
{
        AUTO_STRV struct strv lines = { 0 };

        (void)size;
        strv_split(&lines, data, "\n", false);
        for (size_t kind = 0; kind < KIND_COUNT; kind++) {
                kinds[kind](data);
                for (size_t i = 0; i < lines.count; i++)
                        kinds[kind](lines.items[i]);
        }
}

#include "fuzz-main.h"
