/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A policy.json of any bytes: nothing crashes, what is refused has a message, and a file that has
 * no requirement but reject accepts nothing.
 *
 * With clang -fsanitize=fuzzer and FUZZER defined this is a libFuzzer target; else main() runs the
 * files it is given.
 */
#include "../../src/base/io.h"
#include "../../src/base/str.h"
#include "../../src/registry/policy.h"

#include <stdint.h>

static const char *const images[][2] = {
        { "docker", "docker.io/web:1" },
        { "docker", "a.example.com:5000/x/y@sha256:"
                    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
        { "oci", "/usr/bin" },
        { "docker-archive", NULL },
        { "tarball", NULL },
};

static void run(const void *data, size_t size)
{
        AUTO_FREE char *text = alloc_zero(size + 1, 1);

        memcpy(text, data, size);
        for (size_t i = 0; i < sizeof images / sizeof *images; i++) {
                AUTO_ERROR struct error err = { 0 };
                int result = policy_check_text("in", text, size, images[i][0], images[i][1], &err);

                if ((result < 0) != (err.message != NULL))
                        abort();
                if (result == 0 && !strstr(text, "insecureAcceptAnything") && !strchr(text, '\\'))
                        abort();
        }
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
