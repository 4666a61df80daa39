/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What strangers write about volumes, in any bytes: definitions and options. Nothing crashes, and
 * what is taken comes back from its text as it was. For the fuzzer, the first byte says what kind
 * of text it is.
 *
 * With clang -fsanitize=fuzzer and FUZZER defined this is a libFuzzer target; else main() runs the
 * files it is given, each as every kind.
 */
#include "../../src/base/io.h"
#include "../../src/base/json.h"
#include "../../src/volume/volume.h"

#include <stdlib.h>

static void run_definition(const char *text)
{
        AUTO_JSON struct json_object *object = NULL, *out = NULL, *second = NULL;
        AUTO_VOLUME struct volume volume = VOLUME_NONE, again = VOLUME_NONE;
        AUTO_FREE char *once = NULL, *twice = NULL;

        if (json_parse(text, strlen(text), "fuzz", &object, NULL) < 0 ||
            volume_from_json(object, &volume, NULL) < 0)
                return;
        if (!volume_name_valid(volume.name) || volume.uid < -1 || volume.gid < -1)
                abort();
        out = volume_to_json(&volume);
        once = json_text(out, false);
        if (volume_from_json(out, &again, NULL) < 0 || !volume_equal(&volume, &again))
                abort();
        second = volume_to_json(&again);
        twice = json_text(second, false);
        if (!str_equal(once, twice))
                abort();
}

/* Each line an option. */
static void run_options(const char *text)
{
        AUTO_VOLUME struct volume volume = VOLUME_NONE;

        volume.driver = *text == 'i' ? VOLUME_IMAGE : VOLUME_LOCAL;
        strv_split(&volume.options, text, "\n", false);
        if (volume_read_options(&volume, NULL) < 0)
                return;
        if (volume.driver == VOLUME_IMAGE ? !volume.image : !!volume.image)
                abort();
        if (volume.type && strchr(volume.type, '/'))
                abort();
        for (size_t i = 0; i < volume.words.count; i++)
                if (!*volume.words.items[i] || str_has_prefix(volume.words.items[i], "uid="))
                        abort();
}

#define FUZZ_KINDS run_definition, run_options
#include "fuzz-kinds.h"
