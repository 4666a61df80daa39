/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit __names KIND: what there is of a kind, a name a line, for the shells' completion. */
#include "../base/io.h"
#include "../base/log.h"
#include "../base/printable.h"
#include "../container/place.h"
#include "../container/pod.h"
#include "../network/network.h"
#include "../volume/volume.h"
#include "commands.h"
#include "image-cmd.h"
#include "secret-cmd.h"

#include <stdio.h>
#include <stdlib.h>

static int names_of_containers(struct strv *names, struct error *err)
{
        AUTO_STRV struct strv labels = { 0 };

        if (place_list(NULL, &labels, err) < 0)
                return -1;
        for (size_t i = 0; i < labels.count; i++)
                strv_append_owned(names, str_dupn(labels.items[i], strcspn(labels.items[i], "@")));
        return 0;
}

static int names_of_images(struct strv *names, struct error *err)
{
        AUTO_STORE struct store store = STORE_NONE;
        struct store_entry *entries;
        size_t count;

        if (cmd_open_store(NULL, STORE_READ, &store, err) < 0 ||
            store_list(&store, &entries, &count, err) < 0)
                return -1;
        for (size_t i = 0; i < count; i++)
                if (entries[i].name)
                        strv_append(names, entries[i].name);
        store_list_free(entries, count);
        return 0;
}

static int names_of_networks(struct strv *names, struct error *err)
{
        AUTO_SETTINGS struct settings settings = { 0 };

        if (settings_load(&settings, err) < 0)
                return -1;
        return network_list(store_root_of(settings.storage), names, err);
}

static int names_of_secrets(struct strv *names, struct error *err)
{
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_SECRET_LIST struct secret_list list = { 0 };

        if (settings_load(&settings, err) < 0 ||
            catalogue_list(secret_storage(&settings), &list, err) < 0)
                return -1;
        for (size_t i = 0; i < list.count; i++)
                strv_append(names, list.items[i].name);
        return 0;
}

static int names_of_volumes(struct strv *names, struct error *err)
{
        AUTO_SETTINGS struct settings settings = { 0 };

        if (settings_load(&settings, err) < 0)
                return -1;
        return volume_list(store_root_of(settings.storage), names, err);
}

static int names_of_pods(struct strv *names, struct error *err)
{
        return pod_list(names, err);
}

static const struct names_kind {
        const char *name;
        int (*list)(struct strv *names, struct error *err);
} names_kinds[] = {
        { "containers", names_of_containers },
        { "images", names_of_images },
        { "networks", names_of_networks },
        { "secrets", names_of_secrets },
        { "volumes", names_of_volumes },
        { "pods", names_of_pods },
        { .name = NULL },
};

/* In the middle of somebody's writing nothing is said, whatever fails. */
int cmd_names(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_STRV struct strv names = { 0 };
        const struct names_kind *kind = names_kinds;

        (void)cmd;
        while (argc == 2 && kind->name && !str_equal(kind->name, argv[1]))
                kind++;
        if (argc != 2 || !kind->name || kind->list(&names, NULL) < 0)
                return EXIT_FAILURE;
        for (size_t i = 0; i < names.count; i++)
                printable_line("%s", names.items[i]);
        return EXIT_SUCCESS;
}
