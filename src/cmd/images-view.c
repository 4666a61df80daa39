/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "images-view.h"

#include "../base/json.h"
#include "../image/reference.h"
#include "format.h"
#include "listing.h"

#include <stdio.h>

enum {
        IMAGES_SHORT_ID = 12,
        IMAGES_WHOLE_ID = 64
};

static int images_id_length(const struct images_view *view)
{
        return view->full_ids ? IMAGES_WHOLE_ID : IMAGES_SHORT_ID;
}

/* --- one object for each image, with all its names */

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
        json_add_array(object, "RepoTags");
        json_add_array(object, "RepoDigests");
        json_add_array(object, "Names");
        json_object_object_add(object, "Size", json_object_new_int64((int64_t)row->size));
        json_object_object_add(object, "Created",
                               json_object_new_int64(listing_time(row->image.config.created)));
        json_set_string(object, "CreatedAt", row->image.config.created);
        json_set_string(object, "Os", row->image.config.os);
        json_set_string(object, "Arch", row->image.config.architecture);
        json_object_object_add(object, "Containers", json_object_new_int(row->used));
        json_object_object_add(object, "ReadOnly", json_object_new_boolean(row->read_only));
        labels = json_add_object(object, "Labels");
        for (size_t i = 0; i < row->image.config.labels.count; i++) {
                const char *label = row->image.config.labels.items[i];
                size_t length = strcspn(label, "=");
                AUTO_FREE char *key = str_dupn(label, length);

                json_set_string(labels, key, label + length + 1);
        }
        return object;
}

static bool images_has_string(struct json_object *list, const char *text)
{
        for (size_t i = 0; i < json_object_array_length(list); i++)
                if (str_equal(json_object_get_string(json_object_array_get_idx(list, i)), text))
                        return true;
        return false;
}

/* One that was pulled by its digest has no tag. */
static void images_add_name(struct json_object *object, const char *name, const char *digest)
{
        size_t length = reference_repository_length(name);
        AUTO_FREE char *with_digest = str_format("%.*s@%s", (int)length, name, digest);
        const struct {
                const char *key, *value;
        } members[] = { { "RepoTags", name[length] == ':' ? name : NULL },
                        { "RepoDigests", with_digest },
                        { "Names", name } };

        for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
                struct json_object *list = json_object_object_get(object, members[i].key);

                if (members[i].value && !images_has_string(list, members[i].value))
                        json_object_array_add(list, json_object_new_string(members[i].value));
        }
}

static struct json_object *images_objects(const struct images_row *rows, size_t count)
{
        struct json_object *list = json_object_new_array();

        for (size_t i = 0; i < count; i++) {
                struct json_object *object = images_find_object(list, rows[i].image.digest);

                if (!object) {
                        object = images_new_object(rows + i);
                        json_object_array_add(list, object);
                }
                if (!rows[i].read_only)
                        json_object_object_add(object, "ReadOnly", json_object_new_boolean(false));
                if (rows[i].image.name)
                        images_add_name(object, rows[i].image.name, rows[i].image.digest);
        }
        return list;
}

/* --- one object for each name: the image's, and what a line of the table shows */

static void images_set_line(struct json_object *object, const struct images_view *view,
                            const struct images_row *row)
{
        const char *name = row->image.name ? row->image.name : "<none>:<none>";
        size_t length = reference_repository_length(name);
        AUTO_FREE char *repository = str_dupn(name, length);
        AUTO_FREE char *id = str_dupn(row->image.id, (size_t)images_id_length(view));
        AUTO_FREE char *size = listing_size(row->size);
        AUTO_FREE char *age = listing_age(row->image.config.created);

        json_object_object_add(object, "ReadOnly", json_object_new_boolean(row->read_only));
        json_set_string(object, "ID", id);
        json_set_string(object, "Repository", repository);
        json_set_string(object, "Tag", name[length] == ':' ? name + length + 1 : "<none>");
        json_set_string(object, "Size", size);
        json_set_string(object, "Created", age);
        json_set_string(object, "CreatedSince", age);
}

static struct json_object *images_lines(const struct images_view *view,
                                        const struct images_row *rows, size_t count,
                                        struct json_object *objects)
{
        struct json_object *list = json_object_new_array();

        for (size_t i = 0; i < count; i++) {
                struct json_object *line = NULL;

                json_object_deep_copy(images_find_object(objects, rows[i].image.digest), &line,
                                      NULL);
                images_set_line(line, view, rows + i);
                json_object_array_add(list, line);
        }
        return list;
}

/* --- printing */

static bool images_have_read_only(const struct images_row *rows, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (rows[i].read_only)
                        return true;
        return false;
}

static void images_print_table(const struct images_view *view, struct json_object *lines,
                               bool with_read_only)
{
        const struct {
                struct listing_column column;
                bool shown;
        } all[] = {
                { { "REPOSITORY", "Repository" }, true },  { { "TAG", "Tag" }, true },
                { { "DIGEST", "Digest" }, view->digests }, { { "IMAGE ID", "ID" }, true },
                { { "CREATED", "Created" }, true },        { { "SIZE", "Size" }, true },
                { { "R/O", "ReadOnly" }, with_read_only },
        };
        struct listing_column columns[sizeof all / sizeof *all];
        size_t count = 0;

        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
                if (all[i].shown)
                        columns[count++] = all[i].column;
        listing_print_objects(lines, columns, count, view->no_heading);
}

static void images_print_ids(const struct images_view *view, const struct images_row *rows,
                             size_t count)
{
        for (size_t i = 0; i < count; i++) {
                bool seen = false;

                for (size_t j = 0; j < i; j++)
                        seen = seen || str_equal(rows[i].image.id, rows[j].image.id);
                if (!seen)
                        printf("%.*s\n", images_id_length(view), rows[i].image.id);
        }
}

int images_view_print(const struct images_view *view, const struct images_row *rows, size_t count,
                      struct error *err)
{
        AUTO_JSON struct json_object *objects = images_objects(rows, count);
        AUTO_JSON struct json_object *lines = images_lines(view, rows, count, objects);
        int printed = format_print(view->format_or_null,
                                   format_is_json(view->format_or_null) ? objects : lines,
                                   TEMPLATE_GO, err);

        if (printed == 0 && view->quiet)
                images_print_ids(view, rows, count);
        else if (printed == 0)
                images_print_table(view, lines, images_have_read_only(rows, count));
        return printed < 0 ? -1 : 0;
}
