/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A container file of any bytes: nothing crashes, and what was read and written reads the same
 * again. For the fuzzer, the first byte says what type the
 * file is, so that all of the translation is reached.
 *
 * With clang -fsanitize=fuzzer and FUZZER defined this is a libFuzzer target; else main() runs the
 * files it is given, each as every type.
 */
#include "../../src/base/io.h"
#include "../../src/unit/install.h"
#include "../../src/unit/name.h"
#include "../../src/unit/quadlets.h"
#include "../../src/unit/translate.h"

#include <stdint.h>
#include <stdlib.h>

static void silent(void *context, const struct report_message *message)
{
        (void)context;
        (void)message;
}

static char *copy_of(const void *data, size_t size)
{
        char *copy = alloc_zero(size + 1, 1);

        memcpy(copy, data, size);
        return copy;
}

/* The next line from *at that has a key, or NULL. */
static const struct unit_line *next_key(const struct unit_section *section, size_t *at)
{
        while (*at < section->lines.count)
                if (section->lines.items[(*at)++].key)
                        return &section->lines.items[*at - 1];
        return NULL;
}

/* No value became a line of its own, a part of the next one or another value. */
static void check_same_keys(const struct unit_section *written, const struct unit_section *read)
{
        const struct unit_line *one, *other;
        size_t i = 0, k = 0;

        do {
                one = next_key(written, &i);
                other = next_key(read, &k);
                if (!one != !other || (one && (!str_equal(one->key, other->key) ||
                                               !str_equal(one->value, other->value))))
                        abort();
        } while (one);
}

static void check_same(const struct unit_file *written, const struct unit_file *read)
{
        if (written->count != read->count)
                abort();
        for (size_t i = 0; i < written->count; i++) {
                if (!str_equal(written->sections[i].name, read->sections[i].name))
                        abort();
                check_same_keys(&written->sections[i], &read->sections[i]);
        }
}

/* The promise of the reader: what was written is read as it was meant, and is a fixed point. */
static void check_fixed_point(const struct unit_file *file)
{
        AUTO_STRBUF struct strbuf once = { 0 };
        AUTO_STRBUF struct strbuf twice = { 0 };
        AUTO_UNIT struct unit_file again = { 0 };
        AUTO_ERROR struct error err = { 0 };

        unit_write(file, &once);
        if (!once.length)
                return;
        if (unit_parse(&again, "again", copy_of(once.data, once.length), once.length, &err) < 0)
                abort();
        check_same(file, &again);
        unit_write(&again, &twice);
        if (!str_equal(once.data, twice.data))
                abort();
}

static void translate(struct unit_set *set, struct report *report)
{
        AUTO_UNIT struct unit_file unit = { 0 };
        AUTO_INSTALL struct install install = { 0 };

        if (!set->sources[0].usable || translate_source(set, &set->sources[0], report, &unit) < 0)
                return;
        check_fixed_point(&unit);
        install_plan(&unit, set->sources[0].service, &install, report);
}

/* Several files in one: each of them has a name of its own, and is one file by itself. */
static void run_quadlets(const void *data, size_t size)
{
        AUTO_QUADLETS struct quadlets quadlets = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *text = copy_of(data, size);

        if (quadlets_split(text, "in", &quadlets, &err) < 0) {
                if (!err.message)
                        abort();
                return;
        }
        for (size_t i = 0; i < quadlets.count; i++)
                if (str_empty(quadlets.parts[i].name) || strchr(quadlets.parts[i].name, '/') ||
                    !unit_type_of(quadlets.parts[i].name))
                        abort();
}

static const char *const names[] = { "a.container", "a@.container", "a@b.container", "a.pod",
                                     "a.volume",    "a@.volume",    "a.network",     "a.image",
                                     "a.kube",      "a.build",      "a.artifact" };
enum {
        NAME_COUNT = sizeof names / sizeof *names
};

static void run(const char *name, const void *data, size_t size)
{
        struct report report = { .take = silent };
        AUTO_UNIT_SET struct unit_set set = { .program = "/usr/bin/crunit" };
        AUTO_ERROR struct error err = { 0 };
        struct unit_source *source;

        set.sources = alloc_zero(1, sizeof *set.sources);
        set.count = 1;
        source = &set.sources[0];
        source->path = str_format("/in/%s", name);
        source->name = strrchr(source->path, '/') + 1;
        source->directory = "/in";
        source->type = unit_type_of(name);
        if (unit_parse(&source->file, source->path, copy_of(data, size), size, &err) < 0)
                return;
        source->usable = true;
        check_fixed_point(&source->file);
        name_sources(&set, &report);
        translate(&set, &report);
}

static void fuzz_input(const uint8_t *data, size_t size)
{
        if (size && data[0] % (NAME_COUNT + 1) == NAME_COUNT)
                run_quadlets(data + 1, size - 1);
        else if (size)
                run(names[data[0] % (NAME_COUNT + 1)], data + 1, size - 1);
}

static void fuzz_file(char *data, size_t size)
{
        for (size_t k = 0; k < NAME_COUNT; k++)
                run(names[k], data, size);
        run_quadlets(data, size);
}

#include "fuzz-main.h"
