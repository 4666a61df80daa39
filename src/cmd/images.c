/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit images */
#include "../base/json.h"
#include "../base/log.h"
#include "../image/reference.h"
#include "../image/store-change.h"
#include "format.h"
#include "image-cmd.h"
#include "image-filter.h"
#include "images-view.h"
#include "listing.h"

#include <stddef.h>
#include <stdlib.h>

struct images_arguments {
        char *format, *sort, *root; /* owned */
        struct strv filters;
        struct images_view view; /* but for the format */
        bool all;
};

#define FIELD(name) offsetof(struct images_arguments, name)

const struct option_row cmd_images_options[] = {
        { "all", 'a', OPTION_FLAG, NULL, NULL, option_take_bool, FIELD(all) },
        { "digests", 0, OPTION_FLAG, NULL, "Show the manifests' digests", option_take_bool,
          FIELD(view.digests) },
        { "filter", 'f', OPTION_VALUE, "KEY=VALUE",
          "Only images that match (before, since, until, label, reference, id, digest, dangling, "
          "containers)",
          option_take_list, FIELD(filters) },
        { "format", 0, OPTION_VALUE, "FORMAT",
          "table, json, or a template such as '{{.Repository}}:{{.Tag}}'", format_take,
          FIELD(format) },
        { "no-trunc", 0, OPTION_FLAG, NULL, "Show whole ids", option_take_bool,
          FIELD(view.full_ids) },
        { "noheading", 'n', OPTION_FLAG, NULL, "Print no line above the table", option_take_bool,
          FIELD(view.no_heading) },
        { "quiet", 'q', OPTION_FLAG, NULL, "Print ids only", option_take_bool, FIELD(view.quiet) },
        { "sort", 0, OPTION_VALUE, "KEY",
          "Sort by created (default, newest first), id, repository, size or tag",
          option_take_string, FIELD(sort) },
        { "root", 0, OPTION_VALUE, "DIR", cmd_root_help, option_take_string, FIELD(root) },
        { .name = NULL },
};

static void images_arguments_free(struct images_arguments *arguments)
{
        free(arguments->format);
        free(arguments->sort);
        strv_free(&arguments->filters);
        free(arguments->root);
}

/* Is the entry what the user asked for? A name without tag and digest means all of it. */
static bool images_wanted(const struct store_entry *entry, const char *wanted)
{
        static const char *const registries[] = { "localhost", "docker.io" };
        AUTO_REFERENCE struct reference reference = { 0 };

        if (!wanted)
                return true;
        if (!entry->name || reference_parse(wanted, &reference, NULL) < 0)
                return false;
        for (size_t i = 0; i < sizeof registries / sizeof *registries; i++) {
                AUTO_FREE char *name = reference_name(&reference, registries[i]);
                size_t length = reference_repository_length(name);

                if (length != reference_repository_length(entry->name) ||
                    strncmp(name, entry->name, length) != 0)
                        continue;
                if (reference.digest ? str_equal(entry->descriptor.digest, reference.digest)
                                     : !reference.tag || str_equal(entry->name, name))
                        return true;
        }
        return false;
}

/* --- order */

static int images_compare_id(const void *a, const void *b)
{
        const struct images_row *x = a, *y = b;

        return strcmp(x->image.id, y->image.id);
}

static int images_compare_repository(const void *a, const void *b)
{
        const struct images_row *x = a, *y = b;

        return strcmp(x->image.name ? x->image.name : "", y->image.name ? y->image.name : "");
}

static const char *images_tag(const struct images_row *row)
{
        return row->image.name ? row->image.name + reference_repository_length(row->image.name)
                               : "";
}

static int images_compare_tag(const void *a, const void *b)
{
        const struct images_row *x = a, *y = b;
        int result = strcmp(images_tag(x), images_tag(y));

        return result ? result : images_compare_repository(a, b);
}

static int images_compare_size(const void *a, const void *b)
{
        const struct images_row *x = a, *y = b;

        return x->size == y->size ? images_compare_repository(a, b) : x->size < y->size ? -1 : 1;
}

static int images_compare_created(const void *a, const void *b)
{
        const struct images_row *x = a, *y = b;
        int64_t one = listing_time(x->image.config.created);
        int64_t other = listing_time(y->image.config.created);

        return one == other ? images_compare_repository(a, b) : one > other ? -1 : 1;
}

static const struct images_order {
        const char *name;
        int (*compare)(const void *a, const void *b);
} images_orders[] = {
        { "created", images_compare_created },
        { "id", images_compare_id },
        { "repository", images_compare_repository },
        { "size", images_compare_size },
        { "tag", images_compare_tag },
        { NULL },
};

static const struct images_order *images_find_order(const struct images_arguments *arguments)
{
        const struct images_order *order = images_orders;

        while (arguments->sort && order->name && !str_equal(order->name, arguments->sort))
                order++;
        return order;
}

/* --- reading */

static uint64_t images_size(const struct manifest *manifest)
{
        uint64_t size = manifest->config.size;

        for (size_t i = 0; i < manifest->layer_count; i++)
                size += manifest->layers[i].size;
        return size;
}

static bool images_is_dangling(const struct store_entry *entries, size_t count, size_t i)
{
        for (size_t j = 0; j < count; j++)
                if (entries[j].name &&
                    str_equal(entries[j].descriptor.digest, entries[i].descriptor.digest))
                        return false;
        return true;
}

/* A listing under way. */
struct images_list {
        const struct store_entry *entries; /* borrowed */
        size_t count;
        struct image_filter filter;
        struct json_object *used; /* owned; ids of the images that containers use */
        const char *wanted;       /* borrowed; a name, or NULL */
        bool read_only;           /* the store at hand is an additional one */
        struct images_row *rows;  /* owned */
        size_t row_count;
};

static void images_list_free(struct images_list *list)
{
        for (size_t i = 0; i < list->row_count; i++)
                image_free(&list->rows[i].image);
        free(list->rows);
        image_filter_free(&list->filter);
        json_object_put(list->used);
}

/* Returns 1 where the image is to be shown. */
static int images_read_row(struct store *store, const struct images_list *list, size_t i,
                           struct images_row *ret, struct error *err)
{
        AUTO_MANIFEST struct manifest manifest = { 0 };
        struct images_row row = { 0 };
        struct image_subject subject = { .image = &row.image };

        if (image_read(store, list->entries + i, &row.image, &manifest, err) < 0)
                return -1;
        row.size = images_size(&manifest);
        row.read_only = list->read_only;
        row.used = subject.used = json_object_object_get_ex(list->used, row.image.id, NULL);
        subject.dangling = images_is_dangling(list->entries, list->count, i);
        if (!image_filter_matches(&list->filter, &subject)) {
                image_free(&row.image);
                return 0;
        }
        *ret = row;
        return 1;
}

/* What cannot be read (another platform's, or damaged) is named and left out. */
static void images_read(struct store *store, struct images_list *list)
{
        list->rows = alloc_grow(list->rows, list->row_count + list->count, sizeof *list->rows);
        for (size_t i = 0; i < list->count; i++) {
                const struct store_entry *entry = list->entries + i;
                AUTO_ERROR struct error err = { 0 };
                int shown = images_wanted(entry, list->wanted)
                                    ? images_read_row(store, list, i, list->rows + list->row_count,
                                                      &err)
                                    : 0;

                if (shown < 0)
                        log_warning("image %s: %s",
                                    entry->name ? entry->name : entry->descriptor.digest,
                                    err.message);
                list->row_count += shown > 0;
        }
}

static int images_read_store(struct store *store, struct images_list *list, struct error *err)
{
        struct store_entry *entries;

        if (store_list(store, &entries, &list->count, err) < 0)
                return -1;
        list->entries = entries;
        images_read(store, list);
        store_list_free(entries, list->count);
        return 0;
}

/* One that cannot be read hides no other. */
static int images_read_additional(const char *root, struct images_list *list, struct error *err)
{
        AUTO_STRV struct strv roots = { 0 };

        if (cmd_list_additional(root, &roots, err) < 0)
                return -1;
        list->read_only = true;
        for (size_t i = 0; i < roots.count; i++) {
                AUTO_STORE struct store store = STORE_NONE;
                AUTO_ERROR struct error reason = { 0 };

                if (store_open(roots.items[i], STORE_READ, &store, &reason) < 0 ||
                    images_read_store(&store, list, &reason) < 0)
                        log_warning("%s", reason.message);
        }
        return 0;
}

static int images_run(const struct images_arguments *arguments, const char *wanted,
                      struct error *err)
{
        AUTO_STORE struct store store = STORE_NONE;
        CLEANUP(images_list_free) struct images_list list = { .wanted = wanted };
        struct images_view view = arguments->view;

        if (cmd_open_store(arguments->root, STORE_READ, &store, err) < 0 ||
            image_filter_parse(&arguments->filters, &store, &list.filter, err) < 0 ||
            store_used_ids(store.root, true, &list.used, err) < 0 ||
            images_read_store(&store, &list, err) < 0 ||
            images_read_additional(arguments->root, &list, err) < 0)
                return -1;
        qsort(list.rows, list.row_count, sizeof *list.rows, images_find_order(arguments)->compare);
        view.format_or_null = arguments->format;
        return images_view_print(&view, list.rows, list.row_count, err);
}

int cmd_images(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(images_arguments_free) struct images_arguments arguments = { 0 };
        AUTO_ERROR struct error err = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &arguments, 0, 1, &first, &status))
                return status;
        if (!images_find_order(&arguments)->name) {
                log_error("images: --sort %s: created, id, repository, size or tag is possible",
                          arguments.sort);
                return 125;
        }
        if (images_run(&arguments, first < argc ? argv[first] : NULL, &err) < 0)
                return log_failure(&err);
        return EXIT_SUCCESS;
}
