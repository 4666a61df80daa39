/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image-cmd.h"

#include <errno.h>
#include <stdlib.h>

const char cmd_root_help[] = "The store's directory (default: $CRUNIT_STORAGE, or the settings')";

int cmd_open_store(const char *root, enum store_mode mode, struct store *ret, struct error *err)
{
        AUTO_SETTINGS struct settings settings = { 0 };

        if (cmd_load_settings(&settings, err) < 0)
                return -1;
        return store_open(root ? store_root(root) : store_root_of(settings.storage), mode, ret,
                          err);
}

int cmd_list_additional(const char *root, struct strv *list, struct error *err)
{
        AUTO_SETTINGS struct settings settings = { 0 };

        if (root)
                return 0;
        if (cmd_load_settings(&settings, err) < 0)
                return -1;
        strv_append_all(list, &settings.additional_stores);
        return 0;
}

static bool cmd_store_has(struct store *store, const char *text)
{
        AUTO_STORE_FOUND struct store_found found = { 0 };

        return store_look_up(store, text, &found, NULL) == 0;
}

/* The additional store that has it: 1, 0, -1. */
static int cmd_find_additional(const char *root, const char *text, struct store *ret,
                               struct error *err)
{
        AUTO_STRV struct strv roots = { 0 };

        if (cmd_list_additional(root, &roots, err) < 0)
                return -1;
        for (size_t i = 0; i < roots.count; i++) {
                AUTO_STORE struct store store = STORE_NONE;

                if (store_open(roots.items[i], STORE_READ, &store, err) < 0)
                        return -1;
                if (!cmd_store_has(&store, text))
                        continue;
                *ret = store;
                store = (struct store)STORE_NONE;
                return 1;
        }
        return 0;
}

int cmd_open_store_of(const char *root, const char *text, struct store *ret, struct error *err)
{
        AUTO_STORE struct store store = STORE_NONE;
        int found;

        if (cmd_open_store(root, STORE_READ, &store, err) < 0)
                return -1;
        found = cmd_store_has(&store, text) ? 0 : cmd_find_additional(root, text, ret, err);
        if (found)
                return found < 0 ? -1 : 0;
        *ret = store;
        store = (struct store)STORE_NONE;
        return 0;
}

int cmd_explain_additional(const char *root, const char *text, struct error *err)
{
        AUTO_STORE struct store store = STORE_NONE;

        if (err->code == ENOENT && cmd_find_additional(root, text, &store, NULL) > 0)
                error_set(err, EROFS, "image %s is in %s, which is only read", text, store.root);
        return -1;
}
