/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount.h"

#include "path.h"
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
        return option->used_by == MOUNT_FOR_TMPFS && option->group == MOUNT_ALONE;
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

static int mount_add_option(struct spec_mount *mount, struct strv *seen, const char *text,
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
                return error_set(err, EOPNOTSUPP,
                                 "option 'idmap' is not supported by this version");
        if (str_equal(option->name, "U"))
                mount->chown = true;
        else if (str_equal(option->name, "O"))
                mount->overlay = true;
        else if (option->group == MOUNT_COPY)
                mount->no_copy = str_equal(option->name, "nocopy");
        else
                strv_append(&mount->options, text);
        return 0;
}

static int mount_add_options(struct spec_mount *mount, const char *text, struct error *err)
{
        AUTO_STRV struct strv words = { 0 }, seen = { 0 };

        strv_split(&words, text, ",", false);
        for (size_t i = 0; i < words.count; i++)
                if (mount_add_option(mount, &seen, words.items[i], err) < 0)
                        return -1;
        return 0;
}

static int mount_set_target(struct spec_mount *mount, const char *target, struct error *err)
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

/* Volumes' names: a letter or digit, then letters, digits, `_`, `.` and `-`. */
static bool mount_is_volume_name(const char *name)
{
        static const char letters[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

        return *name && !strchr("_.-", *name) && !name[strspn(name, letters)];
}

/* A path, or the name of a volume. */
static int mount_set_source(struct spec_mount *mount, const char *source, struct error *err)
{
        if (str_empty(source))
                return error_set(err, EINVAL, "the source is empty");
        mount->source = str_dup(source);
        if (source[0] == '/' || source[0] == '.')
                mount->type = SPEC_MOUNT_BIND;
        else if (mount_is_volume_name(source))
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
            (options && mount_add_options(&mount, options, err) < 0))
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

/* One field of a line of CSV: plain up to the next comma, or in double quotes, where two of them
 * stand for one. *text moves behind the field. */
static int mount_csv_field(const char **text, char **ret, struct error *err)
{
        AUTO_STRBUF struct strbuf field = { 0 };
        const char *at = *text;

        if (*at != '"') {
                size_t length = strcspn(at, ",");

                *ret = str_dupn(at, length);
                *text = at + length;
                return 0;
        }
        for (at++;; at++) {
                if (!*at)
                        return error_set(err, EINVAL, "a quoted field does not end");
                if (*at == '"' && *++at != '"')
                        break;
                strbuf_append_char(&field, *at);
        }
        if (*at && *at != ',')
                return error_set(err, EINVAL, "text behind a quoted field: '%s'", at);
        *ret = strbuf_steal(&field);
        *text = at;
        return 0;
}

static int mount_csv(const char *text, struct strv *fields, struct error *err)
{
        for (;;) {
                char *field = NULL;

                if (mount_csv_field(&text, &field, err) < 0)
                        return -1;
                strv_append_owned(fields, field);
                if (!*text)
                        return 0;
                text++;
        }
}

static const struct {
        const char *name;
        enum spec_mount_type type;
} mount_types[] = {
        { "artifact", SPEC_MOUNT_ARTIFACT }, { "bind", SPEC_MOUNT_BIND },
        { "devpts", SPEC_MOUNT_DEVPTS },     { "glob", SPEC_MOUNT_GLOB },
        { "image", SPEC_MOUNT_IMAGE },       { "ramfs", SPEC_MOUNT_RAMFS },
        { "tmpfs", SPEC_MOUNT_TMPFS },       { "volume", SPEC_MOUNT_VOLUME },
};

static int mount_type_parse(const char *name, enum spec_mount_type *ret, struct error *err)
{
        for (size_t i = 0; i < sizeof mount_types / sizeof *mount_types; i++) {
                if (str_equal(mount_types[i].name, name)) {
                        *ret = mount_types[i].type;
                        return 0;
                }
        }
        return error_set(err, EINVAL,
                         "unknown type '%s' (known: artifact, bind, devpts, glob, image, ramfs, "
                         "tmpfs and volume)",
                         name);
}

/* What a `key=value` of --mount means: another spelling of an option, or something of its own. */
enum mount_key {
        MOUNT_KEY_SOURCE,
        MOUNT_KEY_TARGET,
        MOUNT_KEY_CHOICE,  /* yes and no name an option each */
        MOUNT_KEY_OPTION,  /* option=value */
        MOUNT_KEY_WORD,    /* the value is the option */
        MOUNT_KEY_LABEL,   /* relabel=shared|private */
        MOUNT_KEY_DEVPTS,  /* kept as it is, for devpts alone */
        MOUNT_KEY_IGNORED, /* has no meaning on Linux */
        MOUNT_KEY_REFUSED
};

static const struct mount_key_row {
        const char *name;
        enum mount_key kind;
        const char *yes, *no;
} mount_keys[] = {
        { "source", MOUNT_KEY_SOURCE, NULL, NULL },
        { "src", MOUNT_KEY_SOURCE, NULL, NULL },
        { "target", MOUNT_KEY_TARGET, NULL, NULL },
        { "destination", MOUNT_KEY_TARGET, NULL, NULL },
        { "dst", MOUNT_KEY_TARGET, NULL, NULL },
        { "ro", MOUNT_KEY_CHOICE, "ro", "rw" },
        { "readonly", MOUNT_KEY_CHOICE, "ro", "rw" },
        { "rw", MOUNT_KEY_CHOICE, "rw", "ro" },
        { "readwrite", MOUNT_KEY_CHOICE, "rw", "ro" },
        { "exec", MOUNT_KEY_CHOICE, "exec", "noexec" },
        { "noexec", MOUNT_KEY_CHOICE, "noexec", "exec" },
        { "dev", MOUNT_KEY_CHOICE, "dev", "nodev" },
        { "nodev", MOUNT_KEY_CHOICE, "nodev", "dev" },
        { "suid", MOUNT_KEY_CHOICE, "suid", "nosuid" },
        { "nosuid", MOUNT_KEY_CHOICE, "nosuid", "suid" },
        { "bind-nonrecursive", MOUNT_KEY_CHOICE, "bind", "rbind" },
        { "tmpcopyup", MOUNT_KEY_CHOICE, "tmpcopyup", "notmpcopyup" },
        { "notmpcopyup", MOUNT_KEY_CHOICE, "notmpcopyup", "tmpcopyup" },
        { "U", MOUNT_KEY_CHOICE, "U", NULL },
        { "chown", MOUNT_KEY_CHOICE, "U", NULL },
        { "idmap", MOUNT_KEY_CHOICE, "idmap", NULL },
        { "bind-propagation", MOUNT_KEY_WORD, NULL, NULL },
        { "relabel", MOUNT_KEY_LABEL, NULL, NULL },
        { "tmpfs-size", MOUNT_KEY_OPTION, "size", NULL },
        { "size", MOUNT_KEY_OPTION, "size", NULL },
        { "tmpfs-mode", MOUNT_KEY_OPTION, "mode", NULL },
        { "mode", MOUNT_KEY_OPTION, "mode", NULL },
        { "uid", MOUNT_KEY_OPTION, "uid", NULL },
        { "gid", MOUNT_KEY_OPTION, "gid", NULL },
        { "max", MOUNT_KEY_DEVPTS, NULL, NULL },
        { "consistency", MOUNT_KEY_IGNORED, NULL, NULL },
        { "volume-driver", MOUNT_KEY_REFUSED, NULL, NULL },
        { "volume-opt", MOUNT_KEY_REFUSED, NULL, NULL },
        { "subpath", MOUNT_KEY_REFUSED, NULL, NULL },
        { "volume-subpath", MOUNT_KEY_REFUSED, NULL, NULL },
        { "volume-label", MOUNT_KEY_REFUSED, NULL, NULL },
        { "no-dereference", MOUNT_KEY_REFUSED, NULL, NULL },
        { "title", MOUNT_KEY_REFUSED, NULL, NULL },
        { "digest", MOUNT_KEY_REFUSED, NULL, NULL },
        { "name", MOUNT_KEY_REFUSED, NULL, NULL },
};

static const struct mount_key_row *mount_key_find(const char *name)
{
        for (size_t i = 0; i < sizeof mount_keys / sizeof *mount_keys; i++)
                if (str_equal(mount_keys[i].name, name))
                        return &mount_keys[i];
        return NULL;
}

static int mount_take_choice(struct spec_mount *mount, struct strv *seen,
                             const struct mount_key_row *key, const char *value, struct error *err)
{
        bool yes = !value || str_equal(value, "true") || str_equal(value, "1");
        const char *option = yes ? key->yes : key->no;

        if (!yes && !str_equal(value, "false") && !str_equal(value, "0"))
                return error_set(err, EINVAL, "%s=%s: not true or false", key->name, value);
        return option ? mount_add_option(mount, seen, option, err) : 0;
}

static int mount_take_label(struct spec_mount *mount, struct strv *seen, const char *value,
                            struct error *err)
{
        if (!str_equal(value, "shared") && !str_equal(value, "private"))
                return error_set(err, EINVAL, "relabel=%s: not shared or private", value);
        return mount_add_option(mount, seen, value[0] == 's' ? "z" : "Z", err);
}

/* A key whose value is an option, or the value of one. */
static int mount_take_valued(struct spec_mount *mount, struct strv *seen,
                             const struct mount_key_row *key, const char *value, struct error *err)
{
        AUTO_FREE char *option = NULL;

        if (key->kind == MOUNT_KEY_LABEL)
                return mount_take_label(mount, seen, value, err);
        if (key->kind == MOUNT_KEY_WORD)
                return mount_add_option(mount, seen, value, err);
        option = str_format("%s=%s", key->yes ? key->yes : key->name, value);
        if (mount->type != SPEC_MOUNT_DEVPTS)
                return mount_add_option(mount, seen, option, err);
        strv_append(&mount->options, option);
        return 0;
}

static int mount_take_field(struct spec_mount *mount, struct strv *seen, const char *field,
                            struct error *err)
{
        size_t length = strcspn(field, "=");
        AUTO_FREE char *name = str_dupn(field, length);
        const char *value = field[length] ? field + length + 1 : NULL;
        const struct mount_key_row *key = mount_key_find(name);

        if (!key)
                return error_set(err, EINVAL, "unknown option '%s'", name);
        if (key->kind == MOUNT_KEY_CHOICE)
                return mount_take_choice(mount, seen, key, value, err);
        if (key->kind == MOUNT_KEY_IGNORED)
                return 0;
        if (key->kind == MOUNT_KEY_REFUSED)
                return error_set(err, EOPNOTSUPP, "option '%s' is not supported by this version",
                                 name);
        if (!value)
                return error_set(err, EINVAL, "option '%s' needs a value", name);
        if (key->kind == MOUNT_KEY_TARGET)
                return mount_set_target(mount, value, err);
        if (key->kind == MOUNT_KEY_SOURCE) {
                str_replace(&mount->source, value);
                return 0;
        }
        if (key->kind == MOUNT_KEY_DEVPTS && mount->type != SPEC_MOUNT_DEVPTS)
                return error_set(err, EINVAL, "option '%s' does not go with this type of mount",
                                 name);
        return mount_take_valued(mount, seen, key, value, err);
}

static int mount_check_complete(struct spec_mount *mount, struct error *err)
{
        bool sourceless = mount->type == SPEC_MOUNT_TMPFS || mount->type == SPEC_MOUNT_RAMFS ||
                          mount->type == SPEC_MOUNT_DEVPTS;

        if (!mount->target)
                return error_set(err, EINVAL, "no target= is given");
        if (sourceless && mount->source)
                return error_set(err, EINVAL, "this type of mount has no source");
        if (mount->type == SPEC_MOUNT_VOLUME && !mount->source)
                mount->type = SPEC_MOUNT_ANONYMOUS;
        else if (!sourceless && str_empty(mount->source))
                return error_set(err, EINVAL, "no source= is given");
        return 0;
}

/* The type decides what the other fields may be, wherever it stands. */
static int mount_find_type(const struct strv *fields, enum spec_mount_type *ret, struct error *err)
{
        *ret = SPEC_MOUNT_VOLUME;
        for (size_t i = 0; i < fields->count; i++) {
                const char *name = str_after(fields->items[i], "type=");

                if (name && mount_type_parse(name, ret, err) < 0)
                        return -1;
        }
        return 0;
}

int mount_parse_mount(const char *text, struct spec_mount *ret, struct error *err)
{
        AUTO_MOUNT struct spec_mount mount = { 0 };
        AUTO_STRV struct strv fields = { 0 }, seen = { 0 };

        if (mount_csv(text, &fields, err) < 0 || mount_find_type(&fields, &mount.type, err) < 0)
                return -1;
        for (size_t i = 0; i < fields.count; i++)
                if (!str_has_prefix(fields.items[i], "type=") &&
                    mount_take_field(&mount, &seen, fields.items[i], err) < 0)
                        return -1;
        if (mount_check_complete(&mount, err) < 0)
                return -1;
        *ret = mount;
        mount = (struct spec_mount){ 0 };
        return 0;
}

void mount_free(struct spec_mount *mount)
{
        free(mount->source);
        free(mount->target);
        strv_free(&mount->options);
        *mount = (struct spec_mount){ 0 };
}
