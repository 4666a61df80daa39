/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit tag, crunit untag */
#include "../base/log.h"
#include "../image/reference.h"
#include "../image/store-change.h"
#include "image-cmd.h"

#include <errno.h>
#include <stddef.h>

struct tag_arguments {
        char *root; /* owned */
};

const struct option_row cmd_tag_options[] = {
        { "root", 0, OPTION_VALUE, "DIR", cmd_root_help, option_take_string,
          offsetof(struct tag_arguments, root) },
        { .name = NULL },
};

static void tag_arguments_free(struct tag_arguments *arguments)
{
        free(arguments->root);
}

/* What both do with the entry the first word means, the others being names. */
typedef int tag_function(struct store *store, const struct store_entry *entry,
                         const struct store_entry *entries, size_t count, char **names,
                         struct error *err);

static int tag_add(struct store *store, const struct store_entry *entry,
                   const struct store_entry *entries, size_t count, char **names, struct error *err)
{
        (void)entries;
        (void)count;
        for (; *names; names++) {
                AUTO_REFERENCE struct reference reference = { 0 };
                AUTO_FREE char *name = NULL;

                if (reference_parse(*names, &reference, err) < 0)
                        return -1;
                if (reference.digest)
                        return error_set(err, EINVAL, "%s: a name to give cannot have a digest",
                                         *names);
                if (reference_normalize(*names, "localhost", &name, err) < 0 ||
                    store_tag(store, name, &entry->descriptor, err) < 0)
                        return -1;
        }
        return 0;
}

/* The image stays, if without a name. */
static int tag_remove_one(struct store *store, const struct store_entry *entry, const char *name,
                          struct error *err)
{
        if (store_untag(store, name, err) < 0)
                return -1;
        return store_tag(store, NULL, &entry->descriptor, err);
}

/* The name the image has that the word means, or NULL. */
static const char *tag_find_name(const struct store_entry *entry, const struct store_entry *entries,
                                 size_t count, const char *word)
{
        static const char *const registries[] = { "localhost", "docker.io" };

        for (size_t i = 0; i < sizeof registries / sizeof *registries; i++) {
                AUTO_FREE char *name = NULL;

                if (reference_normalize(word, registries[i], &name, NULL) < 0)
                        continue;
                for (size_t j = 0; j < count; j++)
                        if (str_equal(entries[j].name, name) &&
                            str_equal(entries[j].descriptor.digest, entry->descriptor.digest))
                                return entries[j].name;
        }
        return NULL;
}

static int tag_remove(struct store *store, const struct store_entry *entry,
                      const struct store_entry *entries, size_t count, char **names,
                      struct error *err)
{
        if (!*names) {
                for (size_t i = 0; i < count; i++)
                        if (entries[i].name &&
                            str_equal(entries[i].descriptor.digest, entry->descriptor.digest) &&
                            tag_remove_one(store, entry, entries[i].name, err) < 0)
                                return -1;
                return 0;
        }
        for (; *names; names++) {
                const char *name = tag_find_name(entry, entries, count, *names);

                if (!name)
                        return error_set(err, ENOENT, "%s: the image has no such name", *names);
                if (tag_remove_one(store, entry, name, err) < 0)
                        return -1;
        }
        return 0;
}

static int tag_change(struct store *store, char **words, tag_function *change, struct error *err)
{
        AUTO_STORE_FOUND struct store_found found = { 0 };

        if (store_look_up(store, words[0], &found, err) < 0 ||
            change(store, found.entry, found.entries, found.count, words + 1, err) < 0)
                return -1;
        return store_save(store, err);
}

static int tag_run(const struct cmd *cmd, int least, int argc, char **argv, tag_function *change)
{
        CLEANUP(tag_arguments_free) struct tag_arguments arguments = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_STORE struct store store = STORE_NONE;
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &arguments, least, -1, &first, &status))
                return status;
        if (cmd_open_store(arguments.root, STORE_WRITE, &store, &err) < 0 ||
            (tag_change(&store, argv + first, change, &err) < 0 &&
             cmd_explain_additional(arguments.root, argv[first], &err) < 0))
                return log_failure(&err);
        return EXIT_SUCCESS;
}

int cmd_tag(const struct cmd *cmd, int argc, char **argv)
{
        return tag_run(cmd, 2, argc, argv, tag_add);
}

int cmd_untag(const struct cmd *cmd, int argc, char **argv)
{
        return tag_run(cmd, 1, argc, argv, tag_remove);
}
