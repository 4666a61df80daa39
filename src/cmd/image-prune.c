/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit image prune */
#include "../base/log.h"
#include "../image/reference.h"
#include "../image/store-change.h"
#include "../image/store-work.h"
#include "image-cmd.h"
#include "image-filter.h"
#include "prompt.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

struct prune_arguments {
        char *root; /* owned */
        struct strv filters;
        bool all, force;
};

#define FIELD(name) offsetof(struct prune_arguments, name)

const struct option_row cmd_image_prune_options[] = {
        { "all", 'a', OPTION_FLAG, NULL, "Images with a name as well, where no container uses them",
          option_take_bool, FIELD(all) },
        { "filter", 0, OPTION_VALUE, "KEY=VALUE", "Only images that match (until, label, label!)",
          option_take_list, FIELD(filters) },
        { "force", 'f', OPTION_FLAG, NULL, "Do not ask", option_take_bool, FIELD(force) },
        { "root", 0, OPTION_VALUE, "DIR", cmd_root_help, option_take_string, FIELD(root) },
        { .name = NULL },
};

static void prune_arguments_free(struct prune_arguments *arguments)
{
        free(arguments->root);
        strv_free(&arguments->filters);
}

/* A pruning under way. */
struct prune {
        struct store store;
        const struct prune_arguments *arguments; /* borrowed */
        struct image_filter filter;
        struct json_object *used; /* owned; id → container */
        struct strv ids;          /* of what was removed */
};

static void prune_free(struct prune *prune)
{
        image_filter_free(&prune->filter);
        store_close(&prune->store);
        json_object_put(prune->used);
        strv_free(&prune->ids);
}

static bool prune_has_name(const struct store_entry *entries, size_t count, const char *digest)
{
        for (size_t i = 0; i < count; i++)
                if (entries[i].name && str_equal(entries[i].descriptor.digest, digest))
                        return true;
        return false;
}

/* What cannot be read cannot be compared: it goes only where nothing is asked of it. */
static bool prune_is_wanted(struct prune *prune, const struct store_entry *entry, bool dangling,
                            char **ret_id)
{
        AUTO_IMAGE struct image image = { 0 };
        struct image_subject subject = { .image = &image, .dangling = dangling };

        if (image_read(&prune->store, entry, &image, NULL, NULL) < 0) {
                *ret_id = str_dup(digest_hex(entry->descriptor.digest));
                return dangling && !prune->filter.count;
        }
        *ret_id = str_dup(image.id);
        return !json_object_object_get_ex(prune->used, image.id, NULL) &&
               image_filter_matches(&prune->filter, &subject);
}

static int prune_remove(struct prune *prune, struct error *err)
{
        struct store_entry *entries;
        size_t count;
        int result = 0;

        if (store_list(&prune->store, &entries, &count, err) < 0)
                return -1;
        for (size_t i = 0; result == 0 && i < count; i++) {
                const char *digest = entries[i].descriptor.digest;
                bool dangling = !prune_has_name(entries, count, digest);
                AUTO_FREE char *id = NULL;

                if ((!dangling && !prune->arguments->all) ||
                    !prune_is_wanted(prune, entries + i, dangling, &id) ||
                    strv_contains(&prune->ids, id))
                        continue;
                strv_append(&prune->ids, id);
                result = store_forget(&prune->store, digest, err);
        }
        store_list_free(entries, count);
        return result;
}

static int prune_run(struct prune *prune, struct error *err)
{
        if (cmd_open_store(prune->arguments->root, STORE_WRITE, &prune->store, err) < 0 ||
            image_filter_parse(&prune->arguments->filters, &prune->store, &prune->filter, err) <
                    0 ||
            store_used_ids(prune->store.root, true, &prune->used, err) < 0 ||
            prune_remove(prune, err) < 0)
                return -1;
        if (prune->ids.count &&
            (store_save(&prune->store, err) < 0 || store_collect(&prune->store, err) < 0))
                return -1;
        store_unlock(&prune->store);
        work_prune(&prune->store);
        for (size_t i = 0; i < prune->ids.count; i++)
                puts(prune->ids.items[i]);
        return 0;
}

static const char *prune_what(const struct prune_arguments *arguments)
{
        return arguments->all ? "images without at least one container associated with them"
                              : "dangling images";
}

int cmd_image_prune(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(prune_arguments_free) struct prune_arguments arguments = { 0 };
        CLEANUP(prune_free) struct prune prune = { .store = STORE_NONE, .arguments = &arguments };
        AUTO_ERROR struct error err = { 0 };
        int first, status, answer = 1;

        if (!cmd_options(cmd, false, argc, argv, &arguments, 0, 0, &first, &status))
                return status;
        if (!arguments.force)
                answer = prompt_removal(cmd->name, prune_what(&arguments));
        if (answer <= 0)
                return answer < 0 ? 125 : EXIT_SUCCESS;
        if (prune_run(&prune, &err) < 0)
                return log_failure(&err);
        return EXIT_SUCCESS;
}
