/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volumes-from.h"

#include "../base/json.h"
#include "census.h"
#include "mount.h"

#include <errno.h>

/* --- in the state: an object each, as text */

static const char *const volumes_from_types[] = {
        [SPEC_MOUNT_BIND] = "bind",
        [SPEC_MOUNT_VOLUME] = "volume",
};

static void volumes_from_note(struct container_state *state, const struct spec_mount *mount)
{
        AUTO_JSON struct json_object *object = json_object_new_object();

        json_set_string(object, "type", volumes_from_types[mount->type]);
        json_set_string(object, "source", mount->source);
        json_set_string(object, "target", mount->target);
        json_set_string(object, "subpath", mount->subpath);
        json_set_string(object, "idmap", mount->idmap);
        json_set_strv(object, "options", &mount->options);
        json_object_object_add(object, "overlay", json_object_new_boolean(mount->overlay));
        strv_append_owned(&state->mounts, json_text(object, false));
}

void volumes_from_describe(const struct container_spec *spec, const struct plan *plan,
                           struct container_state *state)
{
        strv_free(&state->mounts);
        for (size_t i = 0; i < spec->mount_count; i++) {
                const struct spec_mount *mount = &spec->mounts[i];

                /* A layer of its own for changes is for one container at a time. */
                if ((mount->type == SPEC_MOUNT_BIND || mount->type == SPEC_MOUNT_VOLUME) &&
                    !mount->upper && !mount->no_follow)
                        volumes_from_note(state, mount);
        }
        for (size_t i = 0; i < plan->directory_count; i++) {
                const struct plan_directory *directory = &plan->directories[i];
                struct spec_mount anonymous = { .type = SPEC_MOUNT_BIND,
                                                .source = directory->path,
                                                .target = directory->target };

                if (directory->target)
                        volumes_from_note(state, &anonymous);
        }
}

static int volumes_from_read(const char *text, struct spec_mount *ret, struct error *err)
{
        AUTO_JSON struct json_object *object = NULL;
        const char *type = NULL, *source = NULL, *target = NULL, *subpath = NULL, *idmap = NULL;

        if (json_parse(text, strlen(text), "a mount in its state", &object, err) < 0 ||
            json_get_string(object, "type", &type, err) < 0 ||
            json_get_string(object, "source", &source, err) < 0 ||
            json_get_string(object, "target", &target, err) < 0 ||
            json_get_string(object, "subpath", &subpath, err) < 0 ||
            json_get_string(object, "idmap", &idmap, err) < 0 ||
            json_get_bool(object, "overlay", &ret->overlay, err) < 0 ||
            json_get_strv(object, "options", &ret->options, err) < 0)
                return -1;
        if (!source || !target)
                return error_set(err, EINVAL, "a mount in its state has no source or target");
        ret->type = str_equal(type, "volume") ? SPEC_MOUNT_VOLUME : SPEC_MOUNT_BIND;
        ret->source = str_dup(source);
        ret->target = str_dup(target);
        ret->subpath = str_dup(subpath);
        ret->idmap = str_dup(idmap);
        return 0;
}

/* --- in a spec */

static bool volumes_from_has(const struct container_spec *spec, const char *target)
{
        for (size_t i = 0; i < spec->mount_count; i++)
                if (str_equal(spec->mounts[i].target, target))
                        return true;
        return false;
}

/* Without ro and rw, but for the one that is wanted. */
static void volumes_from_set_access(struct spec_mount *mount, const char *access)
{
        AUTO_STRV struct strv before = mount->options;

        mount->options = (struct strv){ 0 };
        for (size_t i = 0; i < before.count; i++)
                if (!str_equal(before.items[i], "ro") && !str_equal(before.items[i], "rw"))
                        strv_append(&mount->options, before.items[i]);
        strv_append(&mount->options, access);
}

static int volumes_from_add(struct container_spec *spec, const struct container_state *state,
                            const struct strv *words, struct error *err)
{
        for (size_t i = 0; i < state->mounts.count; i++) {
                AUTO_MOUNT struct spec_mount mount = { 0 };

                if (volumes_from_read(state->mounts.items[i], &mount, err) < 0)
                        return -1;
                if (volumes_from_has(spec, mount.target))
                        continue;
                if (strv_contains(words, "ro") || strv_contains(words, "rw"))
                        volumes_from_set_access(&mount, strv_contains(words, "ro") ? "ro" : "rw");
                *spec_add_mount(spec) = mount;
                mount = (struct spec_mount){ 0 };
        }
        return 0;
}

/* One that lives comes before what is kept of an earlier one. */
static const struct census_item *volumes_from_find(const struct census *census, const char *name)
{
        const struct census_item *found = NULL;

        for (size_t i = 0; i < census->count; i++)
                if (str_equal(census->items[i].state.name, name) && (!found || !found->alive))
                        found = &census->items[i];
        for (size_t i = 0; !found && strlen(name) >= 4 && i < census->count; i++)
                if (str_has_prefix(census->items[i].state.id, name))
                        found = &census->items[i];
        return found;
}

static int volumes_from_apply_one(struct container_spec *spec, const struct census *census,
                                  const char *text, struct error *err)
{
        AUTO_FREE char *name = str_dupn(text, strcspn(text, ":"));
        const struct census_item *found = volumes_from_find(census, name);
        const char *colon = strchr(text, ':');
        AUTO_STRV struct strv words = { 0 };

        if (!found)
                return error_set(err, ENOENT,
                                 "--volumes-from %s: there is no container '%s' that runs or is "
                                 "kept",
                                 text, name);
        strv_split(&words, colon ? colon + 1 : "", ",", false);
        if (volumes_from_add(spec, &found->state, &words, err) < 0)
                return error_wrap(err, "--volumes-from %s", text);
        return 0;
}

int volumes_from_apply(struct container_spec *spec, const char *storage,
                       void (*warn)(const char *line), struct error *err)
{
        AUTO_CENSUS struct census census = { 0 };

        if (!spec->volumes_from.count)
                return 0;
        if (census_take(storage, warn, &census, err) < 0)
                return -1;
        /* What is there already stays. */
        for (size_t i = spec->volumes_from.count; i-- > 0;)
                if (volumes_from_apply_one(spec, &census, spec->volumes_from.items[i], err) < 0)
                        return -1;
        return 0;
}
