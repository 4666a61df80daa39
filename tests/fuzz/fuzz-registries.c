/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A registries.conf of any bytes: nothing crashes, a failure says where, and names are resolved to
 * servers that can be written down as a name again.
 *
 * With clang -fsanitize=fuzzer and FUZZER defined this is a libFuzzer target; else main() runs the
 * files it is given.
 */
#include "../../src/base/io.h"
#include "../../src/registry/registries-file.h"

#include <stdint.h>

static const char *const names[] = {
        "web",
        "ns/web:1",
        "docker.io/web",
        "reg.lan/a/b:1",
        "localhost:5000/x",
        ("a.example.com/foo/bar@sha256:"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
};

static void require(bool holds)
{
        if (!holds)
                abort();
}

static void resolve(const struct registries *registries, const char *name)
{
        AUTO_REFERENCE struct reference reference = { 0 };
        AUTO_ENDPOINTS struct registries_endpoints endpoints = { 0 };
        AUTO_STRV struct strv full = { 0 };
        AUTO_FREE char *source = NULL;
        AUTO_ERROR struct error err = { 0 };

        require(reference_parse(name, &reference, &err) == 0);
        if (registries_expand(registries, &reference, &full, &source, &err) < 0) {
                require(err.message && !full.count);
                return;
        }
        require(full.count > 0);
        reference_free(&reference);
        require(reference_parse(full.items[0], &reference, &err) == 0 && reference.registry);
        if (registries_resolve(registries, &reference, &endpoints, &err) < 0) {
                require(err.message && !endpoints.count);
                return;
        }
        require(endpoints.count > 0);
        for (size_t i = 0; i < endpoints.count; i++)
                require(!endpoints.items[i].tag != !endpoints.items[i].digest);
}

static void run(const void *data, size_t size)
{
        AUTO_REGISTRIES struct registries registries = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *text = alloc_zero(size + 1, 1);

        memcpy(text, data, size);
        if (registries_add_text(&registries, REGISTRIES_MAIN, "in", text, size, &err) < 0) {
                require(str_has_prefix(err.message, "in:"));
                return;
        }
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
                resolve(&registries, names[i]);
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
