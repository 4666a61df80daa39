/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount.h"

#include "../volume/volume.h"
#include "mount-parts.h"
#include "path.h"

#include <errno.h>

int mount_set_target(struct spec_mount *mount, const char *target, struct error *err)
{
        if (str_empty(target) || target[0] != '/')
                return error_set(err, EINVAL, "the path in the container, '%s', is not absolute",
                                 target ? target : "");
        free(mount->target);
        mount->target = path_clean(target);
        if (str_equal(mount->target, "/"))
                return error_set(err, EINVAL,
                                 "the container's root directory cannot be a mount's target");
        return 0;
}

/* A path, or the name of a volume. */
static int mount_set_source(struct spec_mount *mount, const char *source, struct error *err)
{
        if (str_empty(source))
                return error_set(err, EINVAL, "the source is empty");
        mount->source = str_dup(source);
        if (source[0] == '/' || source[0] == '.')
                mount->type = SPEC_MOUNT_BIND;
        else if (volume_name_valid(source))
                mount->type = SPEC_MOUNT_VOLUME;
        else
                return error_set(err, EINVAL,
                                 "'%s' is neither a path (which begins with / or .) nor a "
                                 "volume's name",
                                 source);
        return 0;
}

int mount_parse_volume(const char *text, struct spec_mount *ret, struct error *err)
{
        AUTO_MOUNT struct spec_mount mount = { .type = SPEC_MOUNT_ANONYMOUS };
        AUTO_STRV struct strv parts = { 0 };
        const char *target, *options = NULL;

        strv_split(&parts, text, ":", true);
        if (parts.count > 3)
                return error_set(err, EINVAL, "not of the form [SOURCE:]TARGET[:OPTIONS]");
        target = parts.items[parts.count > 1];
        if (parts.count == 3)
                options = parts.items[2];
        if (parts.count > 1 && mount_set_source(&mount, parts.items[0], err) < 0)
                return -1;
        if (mount_set_target(&mount, target, err) < 0 ||
            (options && mount_add_options(&mount, options, err) < 0) ||
            mount_check_options(&mount, err) < 0)
                return -1;
        *ret = mount;
        mount = (struct spec_mount){ 0 };
        return 0;
}

int mount_parse_tmpfs(const char *text, struct spec_mount *ret, struct error *err)
{
        AUTO_MOUNT struct spec_mount mount = { .type = SPEC_MOUNT_TMPFS };
        size_t length = strcspn(text, ":");
        AUTO_FREE char *target = str_dupn(text, length);

        if (mount_set_target(&mount, target, err) < 0 ||
            (text[length] && mount_add_options(&mount, text + length + 1, err) < 0))
                return -1;
        *ret = mount;
        mount = (struct spec_mount){ 0 };
        return 0;
}

void mount_free(struct spec_mount *mount)
{
        free(mount->source);
        free(mount->target);
        free(mount->subpath);
        free(mount->upper);
        free(mount->work);
        free(mount->idmap);
        strv_free(&mount->options);
        *mount = (struct spec_mount){ 0 };
}

int mount_check_from(const char *text, struct error *err)
{
        static const char *const known[] = { "ro", "rw", "z", "Z" };
        const char *colon = strchr(text, ':');
        AUTO_STRV struct strv words = { 0 };

        if (!*text || colon == text)
                return error_set(err, EINVAL, "no container is named");
        strv_split(&words, colon ? colon + 1 : "", ",", false);
        for (size_t i = 0; i < words.count; i++) {
                bool found = false;

                for (size_t k = 0; k < sizeof known / sizeof *known; k++)
                        found = found || str_equal(words.items[i], known[k]);
                if (!found)
                        return error_set(err, EINVAL, "unknown option '%s' (known: ro, rw, z, Z)",
                                         words.items[i]);
        }
        if (strv_contains(&words, "ro") && strv_contains(&words, "rw"))
                return error_set(err, EINVAL, "ro and rw exclude each other");
        return 0;
}
