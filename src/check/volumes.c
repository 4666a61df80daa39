/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `crunit volume create` would refuse, and what it would find missing. */
#include "check.h"

#include "../volume/volume.h"

#include <errno.h>
#include <unistd.h>

/* One option by itself, so that what is wrong has its line. Returns whether it is right. */
static bool check_volume_option(struct check *check, const struct check_unit *unit, size_t index,
                                const char *name, const char *value)
{
        AUTO_VOLUME struct volume volume = VOLUME_NONE;
        AUTO_ERROR struct error err = { 0 };
        struct error_place place = check_option_place(unit, unit->words.items[index], value, NULL);
        int64_t number;
        int result = 0;

        if (str_equal(name, "driver") && !str_equal(value, "local") && !str_equal(value, "image"))
                check_report(check, unit, REPORT_ERROR, place,
                             "driver %s: local and image are there, plugins are not supported",
                             value);
        if (str_equal(name, "uid"))
                result = volume_find_user(value, &number, &err);
        if (str_equal(name, "gid"))
                result = volume_find_group(value, &number, &err);
        /* Whether options go together is asked for all of them. */
        if (str_has_prefix(value, "o=") && str_equal(name, "opt")) {
                strv_append(&volume.options, value);
                strv_append(&volume.options, "type=any");
                strv_append(&volume.options, "device=any");
                result = volume_read_options(&volume, &err);
        }
        /* Another machine has other users. */
        if (result < 0)
                check_report(check, unit, err.code == ENOENT ? REPORT_WARNING : REPORT_ERROR, place,
                             "%s", err.message);
        return result == 0 || err.code == ENOENT;
}

static void check_volume_device(struct check *check, const struct check_unit *unit,
                                const struct volume *volume)
{
        AUTO_FREE char *option = str_format("device=%s", volume->device ? volume->device : "");

        if (!volume->device || volume->device[0] != '/' || access(volume->device, F_OK) == 0)
                return;
        check_report(check, unit, REPORT_WARNING, check_option_place(unit, "--opt", option, NULL),
                     "%s does not exist here", volume->device);
}

/* All of them together, without those that name users, which have been looked at. */
static void check_volume_options(struct check *check, const struct check_unit *unit,
                                 const struct strv *options, bool image)
{
        AUTO_VOLUME struct volume volume = VOLUME_NONE;
        AUTO_ERROR struct error err = { 0 };

        volume.driver = image ? VOLUME_IMAGE : VOLUME_LOCAL;
        volume.uid = volume.gid = 0;
        strv_append_all(&volume.options, options);
        if (volume_read_options(&volume, &err) < 0)
                check_report(check, unit, REPORT_ERROR, (struct error_place){ 0 }, "%s",
                             err.message);
        else
                check_volume_device(check, unit, &volume);
}

static void check_volume_name(struct check *check, const struct check_unit *unit)
{
        const char *name = unit->words.items[unit->words.count - 1];
        const struct unit_line *line = unit_last(&unit->source->file, "Volume", "VolumeName");
        AUTO_ERROR struct error err = { 0 };

        if (!check_is_open(name) && volume_check_name(name, &err) < 0)
                check_report(check, unit, REPORT_ERROR, unit_value_place(line), "%s", err.message);
}

void check_volume(struct check *check, const struct check_unit *unit)
{
        static const struct {
                const char *name;
                char letter;
        } options[] = { { "opt", 'o' }, { "driver", 'd' }, { "uid", 0 }, { "gid", 0 } };
        AUTO_STRV struct strv opts = { 0 };
        bool image = false, done = false;

        check_volume_name(check, unit);
        for (size_t i = unit->command + 1; i < unit->words.count; i++)
                for (size_t k = 0; k < sizeof options / sizeof *options; k++) {
                        const char *value = check_option_value(&unit->words, i, options[k].name,
                                                               options[k].letter);

                        if (!value)
                                continue;
                        if (check_is_open(value) ||
                            !check_volume_option(check, unit, i, options[k].name, value))
                                done = true;
                        if (k == 0)
                                strv_append(&opts, value);
                        image = image || (k == 1 && str_equal(value, "image"));
                }
        if (!done)
                check_volume_options(check, unit, &opts, image);
}
