/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image-cmd.h"

#include <stdlib.h>

const char cmd_root_help[] = "The store's directory (default: $CRUNIT_STORAGE, or the settings')";

int cmd_open_store(const char *root, enum store_mode mode, struct store *ret, struct error *err)
{
        AUTO_SETTINGS struct settings settings = { 0 };

        if (cmd_load_settings(&settings, err) < 0)
                return -1;
        if (!root && !getenv("CRUNIT_STORAGE"))
                root = settings.storage;
        return store_open(store_root(root), mode, ret, err);
}
