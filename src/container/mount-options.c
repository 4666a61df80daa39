/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount-idmap.h"
#include "mount-parts.h"
#include "size.h"

#include <errno.h>

/* Which of several options that exclude each other an option is one of. */
enum mount_group {
        MOUNT_WRITE,
        MOUNT_EXEC,
        MOUNT_DEV,
        MOUNT_SUID,
        MOUNT_BIND,
        MOUNT_PROPAGATION,
        MOUNT_COPY,
        MOUNT_COPY_UP,
        MOUNT_LABEL,
        MOUNT_TIMES,
        MOUNT_SYNC,
        MOUNT_SWAP,
        MOUNT_ALONE
};

/* Who understands an option. */
enum {
        MOUNT_FOR_BIND = 1,
        MOUNT_FOR_TMPFS = 2,
        MOUNT_FOR_VOLUME = 4,
        MOUNT_FOR_DATA = MOUNT_FOR_BIND | MOUNT_FOR_VOLUME,
        MOUNT_FOR_ALL = MOUNT_FOR_DATA | MOUNT_FOR_TMPFS
};

static const struct mount_option {
        const char *name;
        enum mount_group group;
        int used_by;
} mount_options[] = {
        { "ro", MOUNT_WRITE, MOUNT_FOR_ALL },
        { "rw", MOUNT_WRITE, MOUNT_FOR_ALL },
        { "exec", MOUNT_EXEC, MOUNT_FOR_ALL },
        { "noexec", MOUNT_EXEC, MOUNT_FOR_ALL },
        { "dev", MOUNT_DEV, MOUNT_FOR_ALL },
        { "nodev", MOUNT_DEV, MOUNT_FOR_ALL },
        { "suid", MOUNT_SUID, MOUNT_FOR_ALL },
        { "nosuid", MOUNT_SUID, MOUNT_FOR_ALL },
        { "bind", MOUNT_BIND, MOUNT_FOR_DATA },
        { "rbind", MOUNT_BIND, MOUNT_FOR_DATA },
        { "private", MOUNT_PROPAGATION, MOUNT_FOR_ALL },
        { "rprivate", MOUNT_PROPAGATION, MOUNT_FOR_ALL },
        { "shared", MOUNT_PROPAGATION, MOUNT_FOR_ALL },
        { "rshared", MOUNT_PROPAGATION, MOUNT_FOR_ALL },
        { "slave", MOUNT_PROPAGATION, MOUNT_FOR_ALL },
        { "rslave", MOUNT_PROPAGATION, MOUNT_FOR_ALL },
        { "unbindable", MOUNT_PROPAGATION, MOUNT_FOR_ALL },
        { "runbindable", MOUNT_PROPAGATION, MOUNT_FOR_ALL },
        { "copy", MOUNT_COPY, MOUNT_FOR_VOLUME },
        { "nocopy", MOUNT_COPY, MOUNT_FOR_VOLUME },
        { "tmpcopyup", MOUNT_COPY_UP, MOUNT_FOR_TMPFS },
        { "notmpcopyup", MOUNT_COPY_UP, MOUNT_FOR_TMPFS },
        { "z", MOUNT_LABEL, MOUNT_FOR_DATA },
        { "Z", MOUNT_LABEL, MOUNT_FOR_DATA },
        { "U", MOUNT_ALONE, MOUNT_FOR_ALL },
        { "O", MOUNT_ALONE, MOUNT_FOR_DATA },
        { "idmap", MOUNT_ALONE, MOUNT_FOR_DATA },
        { "no-dereference", MOUNT_ALONE, MOUNT_FOR_BIND },
        { "atime", MOUNT_TIMES, MOUNT_FOR_ALL },
        { "noatime", MOUNT_TIMES, MOUNT_FOR_ALL },
        { "relatime", MOUNT_TIMES, MOUNT_FOR_ALL },
        { "strictatime", MOUNT_TIMES, MOUNT_FOR_ALL },
        { "sync", MOUNT_SYNC, MOUNT_FOR_ALL },
        { "async", MOUNT_SYNC, MOUNT_FOR_ALL },
        { "size", MOUNT_ALONE, MOUNT_FOR_TMPFS },
        { "mode", MOUNT_ALONE, MOUNT_FOR_TMPFS },
        { "uid", MOUNT_ALONE, MOUNT_FOR_TMPFS },
        { "gid", MOUNT_ALONE, MOUNT_FOR_TMPFS },
        { "nr_inodes", MOUNT_ALONE, MOUNT_FOR_TMPFS },
        { "nr_blocks", MOUNT_ALONE, MOUNT_FOR_TMPFS },
        { "huge", MOUNT_ALONE, MOUNT_FOR_TMPFS },
        { "noswap", MOUNT_SWAP, MOUNT_FOR_TMPFS },
        { "upperdir", MOUNT_ALONE, MOUNT_FOR_DATA },
        { "workdir", MOUNT_ALONE, MOUNT_FOR_DATA },
};

enum {
        MOUNT_OPTIONS = sizeof mount_options / sizeof *mount_options
};

static const struct mount_option *mount_option_find(const char *text)
{
        size_t length = strcspn(text, "=");

        for (size_t i = 0; i < MOUNT_OPTIONS; i++)
                if (strncmp(mount_options[i].name, text, length) == 0 &&
                    !mount_options[i].name[length])
                        return &mount_options[i];
        return NULL;
}

static bool mount_option_has_value(const struct mount_option *option)
{
        return (option->used_by == MOUNT_FOR_TMPFS && option->group == MOUNT_ALONE) ||
               str_has_suffix(option->name, "dir");
}

/* Two options of one group, or the same one twice, make the mount mean two things. */
static int mount_check_clash(const struct strv *options, const struct mount_option *added,
                             struct error *err)
{
        for (size_t i = 0; i < options->count; i++) {
                const struct mount_option *old = mount_option_find(options->items[i]);

                if (old == added)
                        return error_set(err, EINVAL, "option '%s' is given twice", added->name);
                if (old && old->group == added->group && added->group != MOUNT_ALONE)
                        return error_set(err, EINVAL, "options '%s' and '%s' exclude each other",
                                         old->name, added->name);
        }
        return 0;
}

static int mount_check_value(const struct mount_option *option, const char *text, struct error *err)
{
        const char *value = strchr(text, '=');
        uint64_t bytes;

        if (mount_option_has_value(option) != (value && value[1])) {
                if (str_equal(option->name, "idmap"))
                        return 0;
                return error_set(err, EINVAL, "option '%s' %s value", option->name,
                                 value && value[1] ? "takes no" : "needs a");
        }
        if (!value || !str_equal(option->name, "size"))
                return 0;
        if (!size_parse(value + 1, &bytes) && value[strlen(value) - 1] != '%')
                return error_set(err, EINVAL, "size=%s: not a size (a number with b, k, m, g or t)",
                                 value + 1);
        return 0;
}

static int mount_use_of(enum spec_mount_type type)
{
        if (type == SPEC_MOUNT_TMPFS || type == SPEC_MOUNT_RAMFS)
                return MOUNT_FOR_TMPFS;
        return type == SPEC_MOUNT_BIND || type == SPEC_MOUNT_GLOB ? MOUNT_FOR_BIND
                                                                  : MOUNT_FOR_VOLUME;
}

/* upperdir=, workdir=. */
static int mount_set_layer(struct spec_mount *mount, const struct mount_option *option,
                           const char *text, struct error *err)
{
        const char *path = strchr(text, '=') + 1;

        if (*path != '/')
                return error_set(err, EINVAL, "%s: not an absolute path", text);
        str_replace(*option->name == 'u' ? &mount->upper : &mount->work, path);
        return 0;
}

static int mount_set_idmap(struct spec_mount *mount, const char *text, struct error *err)
{
        const char *value = strchr(text, '=');

        value = value ? value + 1 : "";
        if (mount_idmap_check(value, err) < 0)
                return -1;
        str_replace(&mount->idmap, value);
        return 0;
}

int mount_add_option(struct spec_mount *mount, struct strv *seen, const char *text,
                     struct error *err)
{
        const struct mount_option *option = mount_option_find(text);

        if (!option)
                return error_set(err, EINVAL, "unknown option '%s'", text);
        if (!(option->used_by & mount_use_of(mount->type)) && option->group != MOUNT_COPY)
                return error_set(err, EINVAL, "option '%s' does not go with this type of mount",
                                 option->name);
        if (mount_check_clash(seen, option, err) < 0 || mount_check_value(option, text, err) < 0)
                return -1;
        strv_append(seen, text);
        if (str_equal(option->name, "idmap"))
                return mount_set_idmap(mount, text, err);
        if (str_has_suffix(option->name, "dir"))
                return mount_set_layer(mount, option, text, err);
        if (str_equal(option->name, "U"))
                mount->chown = true;
        else if (str_equal(option->name, "no-dereference"))
                mount->no_follow = true;
        else if (str_equal(option->name, "O"))
                mount->overlay = true;
        else if (option->group == MOUNT_COPY)
                mount->no_copy = str_equal(option->name, "nocopy");
        else
                strv_append(&mount->options, text);
        return 0;
}

int mount_add_options(struct spec_mount *mount, const char *text, struct error *err)
{
        AUTO_STRV struct strv words = { 0 }, seen = { 0 };

        strv_split(&words, text, ",", false);
        for (size_t i = 0; i < words.count; i++)
                if (mount_add_option(mount, &seen, words.items[i], err) < 0)
                        return -1;
        return 0;
}

int mount_check_options(const struct spec_mount *mount, struct error *err)
{
        if (!mount->upper != !mount->work)
                return error_set(err, EINVAL, "options 'upperdir' and 'workdir' go together");
        if (mount->upper && !mount->overlay)
                return error_set(err, EINVAL, "options 'upperdir' and 'workdir' need 'O'");
        /* Owners would be changed twice, or in a layer that has none of its own. */
        if (mount->idmap && (mount->chown || mount->overlay))
                return error_set(err, EINVAL, "options 'idmap' and '%c' exclude each other",
                                 mount->chown ? 'U' : 'O');
        return 0;
}
