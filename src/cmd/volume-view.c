/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume-view.h"

#include "../base/json.h"
#include "../base/log.h"
#include "../container/volume-mount.h"
#include "filter.h"

#include <errno.h>
#include <fcntl.h>

void volume_list_free(struct volume_list *list)
{
        for (size_t i = 0; i < list->count; i++)
                volume_free(&list->items[i]);
        free(list->items);
        census_free(&list->census);
}

/* How many containers have it mounted now. */
static int64_t volume_count_mounts(const struct census *census, const char *name)
{
        int64_t count = 0;

        for (size_t i = 0; i < census->count; i++)
                count += census->items[i].alive &&
                         strv_contains(&census->items[i].state.volumes, name);
        return count;
}

struct json_object *volume_view(const struct volume_list *list, const struct volume *volume)
{
        struct json_object *object = volume_to_json(volume);
        AUTO_FREE char *data = volume_data(list->storage, volume->name);
        AUTO_FREE char *path = volume_directory(list->storage, volume->name);
        AUTO_CLOSE int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        AUTO_STRV struct strv users = { 0 };
        bool fresh = directory >= 0 && volume->driver == VOLUME_LOCAL &&
                     volume_content(directory) != VOLUME_FULL;

        volume_users(&list->census, volume->name, &users);
        json_set_string(object, "Mountpoint", data);
        json_set_string(object, "Scope", "local");
        json_object_object_add(object, "Anonymous", json_object_new_boolean(false));
        json_object_object_add(
                object, "MountCount",
                json_object_new_int64(volume_count_mounts(&list->census, volume->name)));
        json_object_object_add(object, "NeedsCopyUp",
                               json_object_new_boolean(fresh && !volume->no_copy));
        json_object_object_add(
                object, "NeedsChown",
                json_object_new_boolean(fresh && volume->uid < 0 && volume->gid < 0));
        json_set_strv(object, "Containers", &users);
        return object;
}

/* --- filters */

/* What they judge. */
struct volume_subject {
        const struct volume_list *list;
        const struct volume *volume;
};

static const struct volume *volume_of(const void *subject)
{
        return ((const struct volume_subject *)subject)->volume;
}

static int volume_filter_name(const void *subject, const char *value, struct error *err)
{
        (void)err;
        return strstr(volume_of(subject)->name, value) != NULL;
}

static int volume_filter_driver(const void *subject, const char *value, struct error *err)
{
        (void)err;
        return str_equal(volume_driver_name(volume_of(subject)->driver), value);
}

static int volume_filter_scope(const void *subject, const char *value, struct error *err)
{
        (void)subject;
        (void)err;
        return str_equal(value, "local");
}

static int volume_filter_label(const void *subject, const char *value, struct error *err)
{
        (void)err;
        return filter_words(&volume_of(subject)->labels, value);
}

static int volume_filter_not_label(const void *subject, const char *value, struct error *err)
{
        (void)err;
        return !filter_words(&volume_of(subject)->labels, value);
}

static int volume_filter_option(const void *subject, const char *value, struct error *err)
{
        (void)err;
        return filter_words(&volume_of(subject)->options, value);
}

static int volume_filter_dangling(const void *subject, const char *value, struct error *err)
{
        const struct volume_subject *it = subject;
        AUTO_STRV struct strv users = { 0 };

        (void)err;
        volume_users(&it->list->census, it->volume->name, &users);
        return filter_dangling(users.count == 0, value);
}

/* Made after another volume. */
static int volume_filter_since(const void *subject, const char *value, struct error *err)
{
        const struct volume_subject *it = subject;
        AUTO_VOLUME struct volume other = VOLUME_NONE;

        if (volume_load(it->list->storage, value, &other, err) < 0)
                return -1;
        return strcmp(it->volume->created ? it->volume->created : "",
                      other.created ? other.created : "") > 0;
}

static int volume_filter_until(const void *subject, const char *value, struct error *err)
{
        return filter_until(volume_of(subject)->created, value, err);
}

static const struct filter_kind volume_filters[] = {
        { "after", volume_filter_since, false },
        { "dangling", volume_filter_dangling, false, filter_truths },
        { "driver", volume_filter_driver, false },
        { "label", volume_filter_label, true },
        { "label!", volume_filter_not_label, true },
        { "name", volume_filter_name, false },
        { "opt", volume_filter_option, false },
        { "scope", volume_filter_scope, false },
        { "since", volume_filter_since, false },
        { "until", volume_filter_until, false, .check = filter_check_until },
        { .name = NULL },
};

/* --- */

int volume_list_take(const char *storage, const struct strv *filters, struct volume_list *ret,
                     struct error *err)
{
        AUTO_STRV struct strv names = { 0 };

        ret->storage = storage;
        if (filter_check(volume_filters, filters, err) < 0 ||
            volume_list(storage, &names, err) < 0 ||
            census_take(storage, log_warning_line, &ret->census, err) < 0)
                return -1;
        ret->items = alloc_zero(names.count + 1, sizeof *ret->items);
        for (size_t i = 0; i < names.count; i++) {
                AUTO_ERROR struct error broken = { 0 };
                AUTO_VOLUME struct volume volume = VOLUME_NONE;
                struct volume_subject subject = { ret, &volume };
                int result;

                if (volume_load(storage, names.items[i], &volume, &broken) < 0) {
                        if (broken.code != ENOENT)
                                log_warning("%s", broken.message);
                        continue;
                }
                result = filter_passes(volume_filters, filters, &subject, err);
                if (result < 0)
                        return -1;
                if (result) {
                        ret->items[ret->count++] = volume;
                        volume = (struct volume)VOLUME_NONE;
                }
        }
        return 0;
}
