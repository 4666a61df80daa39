/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume-view.h"

#include "../base/json.h"
#include "../base/log.h"
#include "../container/volume-mount.h"
#include "listing.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

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
        bool fresh = directory >= 0 && volume_content(directory) != VOLUME_FULL;

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

struct filter_context {
        const struct volume_list *list;
        const struct volume *volume;
};

/* 1: it passes, 0: not, -1: the value is none. */
typedef int filter_function(const struct filter_context *context, const char *value,
                            struct error *err);

static int filter_name(const struct filter_context *context, const char *value, struct error *err)
{
        (void)err;
        return strstr(context->volume->name, value) != NULL;
}

static int filter_driver(const struct filter_context *context, const char *value, struct error *err)
{
        (void)err;
        return str_equal(volume_driver_name(context->volume->driver), value);
}

static int filter_scope(const struct filter_context *context, const char *value, struct error *err)
{
        (void)context;
        (void)err;
        return str_equal(value, "local");
}

/* NAME or NAME=VALUE */
static int filter_words(const struct strv *words, const char *value)
{
        for (size_t i = 0; i < words->count; i++) {
                const char *rest = str_after(words->items[i], value);

                if (rest && (!*rest || (*rest == '=' && !strchr(value, '='))))
                        return 1;
        }
        return 0;
}

static int filter_label(const struct filter_context *context, const char *value, struct error *err)
{
        (void)err;
        return filter_words(&context->volume->labels, value);
}

static int filter_not_label(const struct filter_context *context, const char *value,
                            struct error *err)
{
        (void)err;
        return !filter_words(&context->volume->labels, value);
}

static int filter_option(const struct filter_context *context, const char *value, struct error *err)
{
        (void)err;
        return filter_words(&context->volume->options, value);
}

static int filter_dangling(const struct filter_context *context, const char *value,
                           struct error *err)
{
        AUTO_STRV struct strv users = { 0 };
        bool wanted = str_equal(value, "true") || str_equal(value, "1");

        if (!wanted && !str_equal(value, "false") && !str_equal(value, "0"))
                return error_set(err, EINVAL, "--filter dangling=%s: not true or false", value);
        volume_users(&context->list->census, context->volume->name, &users);
        return (users.count == 0) == wanted;
}

/* Made after another volume. */
static int filter_since(const struct filter_context *context, const char *value, struct error *err)
{
        AUTO_VOLUME struct volume other = VOLUME_NONE;

        if (volume_load(context->list->storage, value, &other, err) < 0)
                return -1;
        return strcmp(context->volume->created ? context->volume->created : "",
                      other.created ? other.created : "") > 0;
}

/* Older than a time, or than a span such as 10m or 24h. */
static int filter_until(const struct filter_context *context, const char *value, struct error *err)
{
        int64_t created = listing_time(context->volume->created ? context->volume->created : "");
        int64_t limit = listing_time(value);
        char *end;
        long number = strtol(value, &end, 10);
        static const char units[] = "smhd";
        static const long seconds[] = { 1, 60, 3600, 86400 };
        const char *unit = *end && !end[1] ? strchr(units, *end) : NULL;

        if (unit && end != value && number >= 0)
                limit = time(NULL) - number * seconds[unit - units];
        if (!limit)
                return error_set(err, EINVAL,
                                 "--filter until=%s: neither a span of time nor a time", value);
        return created < limit;
}

static const struct filter_kind {
        const char *name;
        filter_function *passes;
        bool all; /* every filter of this kind has to let it through, not only one */
} filter_kinds[] = {
        { "name", filter_name, false },
        { "driver", filter_driver, false },
        { "scope", filter_scope, false },
        { "label", filter_label, true },
        { "label!", filter_not_label, true },
        { "opt", filter_option, false },
        { "dangling", filter_dangling, false },
        { "since", filter_since, false },
        { "after", filter_since, false },
        { "until", filter_until, false },
        { .name = NULL },
};

static int filter_kind_passes(const struct filter_context *context, const struct filter_kind *kind,
                              const struct strv *filters, struct error *err)
{
        bool any = false;

        for (size_t i = 0; i < filters->count; i++) {
                const char *rest = str_after(filters->items[i], kind->name);
                int result;

                if (!rest || *rest != '=')
                        continue;
                any = true;
                result = kind->passes(context, rest + 1, err);
                if (result < 0 || result == !kind->all)
                        return result;
        }
        return !any || kind->all;
}

static int filter_check(const struct strv *filters, struct error *err)
{
        for (size_t i = 0; i < filters->count; i++) {
                const struct filter_kind *kind = filter_kinds;
                AUTO_FREE char *name = str_dupn(filters->items[i], strcspn(filters->items[i], "="));

                while (kind->name && !str_equal(kind->name, name))
                        kind++;
                if (!kind->name || !strchr(filters->items[i], '='))
                        return error_set(err, EINVAL,
                                         "--filter %s: not one of after=, dangling=, driver=, "
                                         "label=, label!=, name=, opt=, scope=, since=, until=",
                                         filters->items[i]);
        }
        return 0;
}

static int filter_passes(const struct filter_context *context, const struct strv *filters,
                         struct error *err)
{
        for (const struct filter_kind *kind = filter_kinds; kind->name; kind++) {
                int result = filter_kind_passes(context, kind, filters, err);

                if (result != 1)
                        return result;
        }
        return 1;
}

/* --- */

static void volume_list_warn(const char *line)
{
        log_warning("%s", line);
}

int volume_list_take(const char *storage, const struct strv *filters, struct volume_list *ret,
                     struct error *err)
{
        AUTO_STRV struct strv names = { 0 };

        ret->storage = storage;
        if (filter_check(filters, err) < 0 || volume_list(storage, &names, err) < 0 ||
            census_take(storage, volume_list_warn, &ret->census, err) < 0)
                return -1;
        ret->items = alloc_zero(names.count + 1, sizeof *ret->items);
        for (size_t i = 0; i < names.count; i++) {
                AUTO_ERROR struct error broken = { 0 };
                AUTO_VOLUME struct volume volume = VOLUME_NONE;
                struct filter_context context = { ret, &volume };
                int result;

                if (volume_load(storage, names.items[i], &volume, &broken) < 0) {
                        if (broken.code != ENOENT)
                                log_warning("%s", broken.message);
                        continue;
                }
                result = filter_passes(&context, filters, err);
                if (result < 0)
                        return -1;
                if (result) {
                        ret->items[ret->count++] = volume;
                        volume = (struct volume)VOLUME_NONE;
                }
        }
        return 0;
}
