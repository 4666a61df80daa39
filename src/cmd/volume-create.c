/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit volume create, exists. */
#include "../base/log.h"
#include "../base/stamp.h"
#include "../image/store.h"
#include "volume-cmd.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

struct create_request {
        struct volume volume;
        char *driver, *uid, *gid; /* owned */
        bool ignore;
};

static void create_free(struct create_request *request)
{
        volume_free(&request->volume);
        free(request->driver);
        free(request->uid);
        free(request->gid);
}

/* NAME=VALUE or NAME */
static int create_take_pair(void *context, const struct option_row *row, const char *value,
                            struct error *err)
{
        if (!*value || *value == '=')
                return error_set(err, EINVAL, "--%s %s: not NAME=VALUE", row->name, value);
        return option_take_list(context, row, value, err);
}

#define FIELD(member) offsetof(struct create_request, member)

const struct option_row cmd_volume_create_options[] = {
        { .name = "driver",
          .letter = 'd',
          .argument = "DRIVER",
          .help = "local, or image: changes are kept over the image of --opt image=",
          .take = option_take_string,
          .field = FIELD(driver) },
        { .name = "gid",
          .argument = "GROUP",
          .help = "group of the top directory, a number or a name of this machine",
          .take = option_take_string,
          .field = FIELD(gid) },
        { .name = "ignore",
          .kind = OPTION_FLAG,
          .help = "a volume of that name is no error, and stays as it is",
          .take = option_take_bool,
          .field = FIELD(ignore) },
        { .name = "label",
          .letter = 'l',
          .argument = "NAME=VALUE",
          .help = "add a label",
          .take = create_take_pair,
          .field = FIELD(volume.labels) },
        { .name = "opt",
          .letter = 'o',
          .argument = "NAME=VALUE",
          .help = "type=, device= and o= as mount(8) has them; uid=, gid= in o=; copy, nocopy; "
                  "image=",
          .take = create_take_pair,
          .field = FIELD(volume.options) },
        { .name = "uid",
          .argument = "USER",
          .help = "owner of the top directory, a number or a name of this machine",
          .take = option_take_string,
          .field = FIELD(uid) },
        { .name = NULL },
};

static int create_set_driver(struct create_request *request, struct error *err)
{
        if (!request->driver || str_equal(request->driver, "local"))
                return 0;
        if (!str_equal(request->driver, "image"))
                return error_set(
                        err, EOPNOTSUPP,
                        "--driver %s: local and image are there, plugins are not supported "
                        "by this version",
                        request->driver);
        request->volume.driver = VOLUME_IMAGE;
        return 0;
}

static int create_look_in(struct volume *volume, const char *root, struct error *err)
{
        AUTO_STORE struct store store = STORE_NONE;
        AUTO_STORE_FOUND struct store_found found = { 0 };

        if (store_open(root, STORE_READ, &store, err) < 0 ||
            store_look_up(&store, volume->image, &found, err) < 0)
                return -1;
        return store_entry_id(&store, found.entry, &volume->image_id, err);
}

/* The image of today, whatever its name will mean later: what is written is written over that. */
static int create_find_image(struct volume *volume, const struct settings *settings,
                             const char *storage, struct error *err)
{
        const struct strv *others = &settings->additional_stores;
        int result = create_look_in(volume, storage, err);

        for (size_t i = 0; result < 0 && err->code == ENOENT && i < others->count; i++) {
                error_clear(err);
                result = create_look_in(volume, others->items[i], err);
        }
        return result;
}

/* What the options say, checked. */
static int create_complete(struct create_request *request, struct error *err)
{
        struct volume *volume = &request->volume;

        if (volume_check_name(volume->name, err) < 0)
                return -1;
        if (create_set_driver(request, err) < 0 ||
            (request->uid && volume_find_user(request->uid, &volume->uid, err) < 0) ||
            (request->gid && volume_find_group(request->gid, &volume->gid, err) < 0))
                return -1;
        return volume_read_options(volume, err);
}

/* One of that name is there: it stays, but whoever changed the file should know. Returns 0 where
 * there is none. */
static int create_take_existing(const struct volume *volume, const char *storage, struct error *err)
{
        AUTO_VOLUME struct volume found = VOLUME_NONE;

        if (volume_load(storage, volume->name, &found, err) < 0) {
                if (err->code != ENOENT)
                        return -1;
                error_clear(err);
                return 0;
        }
        if (!volume_equal(&found, volume))
                log_warning("volume '%s' was made with other options and stays as it is: remove it "
                            "with what is in it (crunit volume rm %s), and restart the unit of its "
                            ".volume file, to make it anew",
                            found.name, found.name);
        return 1;
}

static int create_make(struct create_request *request, const struct settings *settings,
                       const char *storage, struct error *err)
{
        struct volume *volume = &request->volume;
        int found = request->ignore ? create_take_existing(volume, storage, err) : 0;

        if (found)
                return found < 0 ? -1 : 0;
        if (volume->driver == VOLUME_IMAGE && create_find_image(volume, settings, storage, err) < 0)
                return -1;
        if (volume_create(storage, volume, err) == 0)
                return 0;
        if (err->code != EEXIST || !request->ignore)
                return -1;
        error_clear(err); /* somebody was quicker */
        return 0;
}

static int create_run(struct create_request *request, struct error *err)
{
        AUTO_SETTINGS struct settings settings = { 0 };
        const char *storage;

        if (create_complete(request, err) < 0 || cmd_volume_storage(&settings, &storage, err) < 0 ||
            create_make(request, &settings, storage, err) < 0)
                return -1;
        puts(request->volume.name);
        return 0;
}

int cmd_volume_create(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        CLEANUP(create_free) struct create_request request = { .volume = VOLUME_NONE };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, 1, &first, &status))
                return status;
        request.volume.name = first < argc ? str_dup(argv[first]) : stamp_new_id(STAMP_ID_DIGITS);
        if (create_run(&request, &err) == 0)
                return EXIT_SUCCESS;
        return log_failure(&err);
}

int cmd_volume_exists(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_VOLUME struct volume volume = VOLUME_NONE;
        const char *storage;
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, NULL, 1, 1, &first, &status))
                return status;
        if (cmd_volume_storage(&settings, &storage, &err) == 0 &&
            volume_load(storage, argv[first], &volume, &err) == 0)
                return EXIT_SUCCESS;
        if (err.code == ENOENT)
                return EXIT_FAILURE;
        return log_failure(&err);
}
