/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit rmi */
#include "../base/json.h"
#include "../base/log.h"
#include "../base/printable.h"
#include "../image/image.h"
#include "../image/reference.h"
#include "../image/store-change.h"
#include "image-cmd.h"

#include <errno.h>
#include <stddef.h>

struct rmi_arguments {
        char *root; /* owned */
        bool force, all, ignore;
        bool no_prune; /* parents of an image, which are no images here */
};

#define FIELD(name) offsetof(struct rmi_arguments, name)

const struct option_row cmd_rmi_options[] = {
        { "all", 'a', OPTION_FLAG, NULL, "Remove all images", option_take_bool, FIELD(all) },
        { "force", 'f', OPTION_FLAG, NULL,
          "Remove it with all its names, even where a container uses it; one that is not there is "
          "no failure",
          option_take_bool, FIELD(force) },
        { "ignore", 'i', OPTION_FLAG, NULL, "An image that is not there is no failure",
          option_take_bool, FIELD(ignore) },
        { "no-prune", 0, OPTION_FLAG, NULL, NULL, option_take_bool, FIELD(no_prune) },
        { "root", 0, OPTION_VALUE, "DIR", cmd_root_help, option_take_string, FIELD(root) },
        { .name = NULL },
};

static void rmi_arguments_free(struct rmi_arguments *arguments)
{
        free(arguments->root);
}

/* A removal under way. */
struct rmi {
        struct store store;
        const struct rmi_arguments *arguments;  /* borrowed */
        struct json_object *used;               /* owned; id → container */
        struct strv untagged, deleted, digests; /* names; ids; manifests of those */
};

static void rmi_free(struct rmi *rmi)
{
        store_close(&rmi->store);
        json_object_put(rmi->used);
        strv_free(&rmi->untagged);
        strv_free(&rmi->deleted);
        strv_free(&rmi->digests);
}

static int rmi_check_unused(struct rmi *rmi, const char *text, const char *id, struct error *err)
{
        struct json_object *container = NULL;

        if (rmi->arguments->force || !json_object_object_get_ex(rmi->used, id, &container))
                return 0;
        return error_set(err, EBUSY, "image %s is in use by %s: stop it first, or use --force",
                         text, json_object_get_string(container));
}

static int rmi_drop_image(struct rmi *rmi, const struct store_entry *entries, size_t count,
                          const struct store_entry *entry, const char *id, struct error *err)
{
        for (size_t i = 0; i < count; i++)
                if (entries[i].name &&
                    str_equal(entries[i].descriptor.digest, entry->descriptor.digest))
                        strv_append(&rmi->untagged, entries[i].name);
        strv_append(&rmi->deleted, id);
        strv_append(&rmi->digests, entry->descriptor.digest);
        return store_forget(&rmi->store, entry->descriptor.digest, err);
}

static size_t rmi_count_names(const struct store_entry *entries, size_t count, const char *digest)
{
        size_t names = 0;

        for (size_t i = 0; i < count; i++)
                names += str_equal(entries[i].descriptor.digest, digest);
        return names;
}

/* Was the entry found by its name? */
static bool rmi_is_name(const struct store_entry *entry, const char *text)
{
        static const char *const registries[] = { "localhost", "docker.io" };
        AUTO_REFERENCE struct reference reference = { 0 };

        if (!entry->name || reference_parse(text, &reference, NULL) < 0 || reference.digest)
                return false;
        for (size_t i = 0; i < sizeof registries / sizeof *registries; i++) {
                AUTO_FREE char *name = reference_name(&reference, registries[i]);

                if (str_equal(entry->name, name))
                        return true;
        }
        return false;
}

/* By name, only the name goes while there are others; by id or digest, the image with all names,
 * which has to be said with --force where there are several. */
static int rmi_remove_entry(struct rmi *rmi, const char *text, const struct store_entry *entries,
                            size_t count, const struct store_entry *entry, struct error *err)
{
        size_t names = rmi_count_names(entries, count, entry->descriptor.digest);
        AUTO_FREE char *id = NULL;

        /* One whose documents are damaged can be removed all the same. */
        if (store_entry_id(&rmi->store, entry, &id, NULL) < 0)
                id = str_dup(digest_hex(entry->descriptor.digest));
        if (names > 1 && rmi_is_name(entry, text)) {
                strv_append(&rmi->untagged, entry->name);
                return store_untag(&rmi->store, entry->name, err);
        }
        if (names > 1 && !rmi->arguments->force)
                return error_set(err, EBUSY,
                                 "image %s has %zu names: remove them one by one, or use --force",
                                 text, names);
        if (rmi_check_unused(rmi, text, id, err) < 0)
                return -1;
        return rmi_drop_image(rmi, entries, count, entry, id, err);
}

/* What is in a store that is only read is there, and stays: force does not help. */
static int rmi_not_found(const struct rmi *rmi, const char *text, struct error *reason,
                         struct error *err)
{
        const struct rmi_arguments *arguments = rmi->arguments;

        cmd_explain_additional(arguments->root, text, reason);
        if (reason->code == ENOENT && (arguments->ignore || arguments->force))
                return 0;
        return error_set(err, reason->code, "%s", reason->message);
}

static int rmi_remove(const char *text, void *context, struct error *err)
{
        struct rmi *rmi = context;
        AUTO_ERROR struct error reason = { 0 };
        const struct store_entry *entry = NULL;
        struct store_entry *entries;
        size_t count;
        int result;

        if (store_list(&rmi->store, &entries, &count, err) < 0)
                return -1;
        result = store_find(&rmi->store, text, entries, count, &entry, &reason);
        if (result == 0)
                result = rmi_remove_entry(rmi, text, entries, count, entry, err);
        else
                result = rmi_not_found(rmi, text, &reason, err);
        store_list_free(entries, count);
        return result;
}

/* Used ones are named and left, where not forced. */
static int rmi_remove_all(struct rmi *rmi, int *status, struct error *err)
{
        struct store_entry *entries;
        size_t count;
        int result = 0;

        if (store_list(&rmi->store, &entries, &count, err) < 0)
                return -1;
        for (size_t i = 0; result == 0 && i < count; i++) {
                const char *digest = entries[i].descriptor.digest;
                AUTO_ERROR struct error reason = { 0 };
                AUTO_FREE char *id = NULL;

                if (store_entry_id(&rmi->store, entries + i, &id, NULL) < 0)
                        id = str_dup(digest_hex(digest));
                if (strv_contains(&rmi->digests, digest))
                        continue;
                if (rmi_check_unused(rmi, entries[i].name ? entries[i].name : id, id, &reason) <
                    0) {
                        log_failure(&reason);
                        *status = CMD_IN_USE;
                } else {
                        result = rmi_drop_image(rmi, entries, count, entries + i, id, err);
                }
        }
        store_list_free(entries, count);
        return result;
}

static void rmi_print(const struct rmi *rmi)
{
        for (size_t i = 0; i < rmi->untagged.count; i++)
                printable_line("Untagged: %s", rmi->untagged.items[i]);
        for (size_t i = 0; i < rmi->deleted.count; i++)
                printable_line("Deleted: %s", rmi->deleted.items[i]);
}

/* Names go first, on disk; then what they led to. */
static int rmi_finish(struct rmi *rmi, struct error *err)
{
        if (!rmi->untagged.count && !rmi->deleted.count)
                return 0;
        if (store_save(&rmi->store, err) < 0 || store_collect(&rmi->store, err) < 0)
                return -1;
        store_unlock(&rmi->store);
        rmi_print(rmi);
        return 0;
}

static int rmi_begin(struct rmi *rmi, struct error *err)
{
        if (cmd_open_store(rmi->arguments->root, STORE_WRITE, &rmi->store, err) < 0)
                return -1;
        return store_used_ids(rmi->store.root, true, &rmi->used, err);
}

int cmd_rmi(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(rmi_arguments_free) struct rmi_arguments arguments = { 0 };
        CLEANUP(rmi_free) struct rmi rmi = { .store = STORE_NONE, .arguments = &arguments };
        AUTO_ERROR struct error err = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &arguments, 0, -1, &first, &status))
                return status;
        if ((first == argc) != arguments.all) {
                log_error("rmi: %s", arguments.all ? "names and --all exclude each other"
                                                   : "name images, or use --all");
                return 125;
        }
        status = EXIT_SUCCESS;
        if (rmi_begin(&rmi, &err) < 0 || (arguments.all && rmi_remove_all(&rmi, &status, &err) < 0))
                return log_failure(&err);
        if (!arguments.all)
                status = cmd_each(argv + first, (size_t)(argc - first), rmi_remove, &rmi,
                                  cmd_removal_failure);
        if (rmi_finish(&rmi, &err) < 0)
                return log_failure(&err);
        return status;
}
