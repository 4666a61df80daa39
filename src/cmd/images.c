/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit images */
#include "../base/json.h"
#include "../base/log.h"
#include "../image/image.h"
#include "../image/reference.h"
#include "image-cmd.h"

#include <stddef.h>
#include <time.h>

struct images_arguments {
        char *format, *root; /* owned */
        bool quiet, digests, full_ids, no_heading, all;
};

#define FIELD(name) offsetof(struct images_arguments, name)

const struct option_row cmd_images_options[] = {
        { "all", 'a', OPTION_FLAG, NULL, NULL, option_take_bool, FIELD(all) },
        { "digests", 0, OPTION_FLAG, NULL, "Show the manifests' digests", option_take_bool,
          FIELD(digests) },
        { "format", 0, OPTION_VALUE, "FORMAT", "table or json", option_take_string, FIELD(format) },
        { "no-trunc", 0, OPTION_FLAG, NULL, "Show whole ids", option_take_bool, FIELD(full_ids) },
        { "noheading", 'n', OPTION_FLAG, NULL, "Print no line above the table", option_take_bool,
          FIELD(no_heading) },
        { "quiet", 'q', OPTION_FLAG, NULL, "Print ids only", option_take_bool, FIELD(quiet) },
        { "root", 0, OPTION_VALUE, "DIR", cmd_root_help, option_take_string, FIELD(root) },
        { .name = NULL },
};

static void images_arguments_free(struct images_arguments *arguments)
{
        free(arguments->format);
        free(arguments->root);
}

/* One line: an image under one of its names. */
struct images_row {
        struct image image;
        uint64_t size; /* bytes of its blobs */
};

static uint64_t images_size(const struct manifest *manifest)
{
        uint64_t size = manifest->config.size;

        for (size_t i = 0; i < manifest->layer_count; i++)
                size += manifest->layers[i].size;
        return size;
}

static char *images_format_size(uint64_t size)
{
        static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
        double number = (double)size;
        size_t unit = 0;

        for (; number >= 1000 && unit + 1 < sizeof units / sizeof *units; unit++)
                number /= 1000;
        return str_format(unit ? "%.3g %s" : "%.0f %s", number, units[unit]);
}

/* RFC 3339 → seconds since 1970; 0 where there is none. A fraction does not matter here. */
static time_t images_parse_time(const char *text)
{
        struct tm broken = { 0 };

        if (!text || !strptime(text, "%Y-%m-%dT%H:%M:%S", &broken))
                return 0;
        return timegm(&broken);
}

static char *images_format_age(time_t created)
{
        static const struct {
                long long seconds;
                const char *name;
        } units[] = { { 365 * 86400, "year" }, { 30 * 86400, "month" }, { 7 * 86400, "week" },
                      { 86400, "day" },        { 3600, "hour" },        { 60, "minute" },
                      { 1, "second" } };
        long long age = (long long)time(NULL) - (long long)created;

        if (!created)
                return str_dup("unknown");
        for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
                long long count = age / units[i].seconds;

                if (count > 0)
                        return str_format("%lld %s%s ago", count, units[i].name,
                                          count > 1 ? "s" : "");
        }
        return str_dup("just now");
}

static void images_print_row(const struct images_row *row, const struct images_arguments *arguments)
{
        const char *name = row->image.name ? row->image.name : "<none>:<none>";
        const char *colon = strrchr(name, ':');
        AUTO_FREE char *repository = str_dupn(name, (size_t)(colon - name));
        AUTO_FREE char *size = images_format_size(row->size);
        AUTO_FREE char *age = images_format_age(images_parse_time(row->image.config.created));

        printf("%-40s  %-12s  ", repository, colon + 1);
        if (arguments->digests)
                printf("%-71s  ", row->image.digest);
        printf("%-*.*s  %-14s  %s\n", 12, arguments->full_ids ? 64 : 12, row->image.id, age, size);
}

static void images_print_table(const struct images_row *rows, size_t count,
                               const struct images_arguments *arguments)
{
        if (!arguments->no_heading)
                printf("%-40s  %-12s  %s%-*s  %-14s  %s\n", "REPOSITORY", "TAG",
                       arguments->digests ? "DIGEST                                              "
                                            "                     "
                                          : "",
                       arguments->full_ids ? 64 : 12, "IMAGE ID", "CREATED", "SIZE");
        for (size_t i = 0; i < count; i++)
                images_print_row(rows + i, arguments);
}

static struct json_object *images_find_object(struct json_object *list, const char *digest)
{
        for (size_t i = 0; i < json_object_array_length(list); i++) {
                struct json_object *object = json_object_array_get_idx(list, i);
                const char *other = NULL;

                if (json_get_string(object, "Digest", &other, NULL) == 0 &&
                    str_equal(other, digest))
                        return object;
        }
        return NULL;
}

static struct json_object *images_new_object(const struct images_row *row)
{
        struct json_object *object = json_object_new_object();
        struct json_object *labels;

        json_set_string(object, "Id", row->image.id);
        json_set_string(object, "Digest", row->image.digest);
        json_add_array(object, "Names");
        json_object_object_add(object, "Size", json_object_new_int64((int64_t)row->size));
        json_object_object_add(object, "Created",
                               json_object_new_int64(images_parse_time(row->image.config.created)));
        json_set_string(object, "CreatedAt", row->image.config.created);
        labels = json_add_object(object, "Labels");
        for (size_t i = 0; i < row->image.config.labels.count; i++) {
                const char *label = row->image.config.labels.items[i];
                size_t length = strcspn(label, "=");
                AUTO_FREE char *key = str_dupn(label, length);

                json_set_string(labels, key, label + length + 1);
        }
        return object;
}

/* One object for each image, with all its names. */
static void images_print_json(const struct images_row *rows, size_t count)
{
        AUTO_JSON struct json_object *list = json_object_new_array();
        AUTO_FREE char *text = NULL;

        for (size_t i = 0; i < count; i++) {
                struct json_object *object = images_find_object(list, rows[i].image.digest);
                struct json_object *names = NULL;

                if (!object) {
                        object = images_new_object(rows + i);
                        json_object_array_add(list, object);
                }
                if (rows[i].image.name && json_get_array(object, "Names", &names, NULL) == 0)
                        json_object_array_add(names, json_object_new_string(rows[i].image.name));
        }
        text = json_text(list, true);
        puts(text);
}

static void images_print_ids(const struct images_row *rows, size_t count,
                             const struct images_arguments *arguments)
{
        for (size_t i = 0; i < count; i++) {
                bool seen = false;

                for (size_t j = 0; j < i; j++)
                        seen = seen || str_equal(rows[i].image.id, rows[j].image.id);
                if (!seen)
                        printf("%.*s\n", arguments->full_ids ? 64 : 12, rows[i].image.id);
        }
}

static void images_print(const struct images_row *rows, size_t count,
                         const struct images_arguments *arguments)
{
        if (str_equal(arguments->format, "json"))
                images_print_json(rows, count);
        else if (arguments->quiet)
                images_print_ids(rows, count, arguments);
        else
                images_print_table(rows, count, arguments);
}

/* Is the entry what the user asked for? A name means all tags of it where it has none. */
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

                if (!reference.tag)
                        strrchr(name, ':')[1] = '\0';
                if (reference.tag ? str_equal(entry->name, name)
                                  : str_has_prefix(entry->name, name))
                        return true;
        }
        return false;
}

/* What cannot be read (another platform's, or damaged) is named and left out. */
static size_t images_read(struct store *store, const struct store_entry *entries, size_t count,
                          const char *wanted, struct images_row *rows)
{
        size_t used = 0;

        for (size_t i = 0; i < count; i++) {
                AUTO_ERROR struct error err = { 0 };
                AUTO_MANIFEST struct manifest manifest = { 0 };

                if (!images_wanted(entries + i, wanted))
                        continue;
                if (image_read(store, entries + i, &rows[used].image, &manifest, &err) < 0) {
                        log_warning("image %s: %s",
                                    entries[i].name ? entries[i].name
                                                    : entries[i].descriptor.digest,
                                    err.message);
                        continue;
                }
                rows[used++].size = images_size(&manifest);
        }
        return used;
}

static int images_list(const struct images_arguments *arguments, const char *wanted,
                       struct error *err)
{
        AUTO_STORE struct store store = STORE_NONE;
        AUTO_FREE struct images_row *rows = NULL;
        struct store_entry *entries;
        size_t count, used;

        if (cmd_open_store(arguments->root, STORE_READ, &store, err) < 0 ||
            store_list(&store, &entries, &count, err) < 0)
                return -1;
        rows = alloc_zero(count, sizeof *rows);
        used = images_read(&store, entries, count, wanted, rows);
        images_print(rows, used, arguments);
        for (size_t i = 0; i < used; i++)
                image_free(&rows[i].image);
        store_list_free(entries, count);
        return 0;
}

int cmd_images(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(images_arguments_free) struct images_arguments arguments = { 0 };
        AUTO_ERROR struct error err = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &arguments, 0, 1, &first, &status))
                return status;
        if (arguments.format && !str_equal(arguments.format, "json") &&
            !str_equal(arguments.format, "table")) {
                log_error("images: --format %s: table or json is possible", arguments.format);
                return 125;
        }
        if (images_list(&arguments, first < argc ? argv[first] : NULL, &err) < 0) {
                log_failure(&err);
                return 125;
        }
        return EXIT_SUCCESS;
}
