/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --mount: fields of a line of CSV, most of which are another spelling of an option. */
#include "../volume/volume.h"
#include "mount-parts.h"
#include "path.h"

#include <errno.h>

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
        MOUNT_KEY_SUBPATH, /* of a volume or an image */
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
        { "subpath", MOUNT_KEY_SUBPATH, NULL, NULL },
        { "volume-subpath", MOUNT_KEY_SUBPATH, NULL, NULL },
        { "noswap", MOUNT_KEY_CHOICE, "noswap", NULL },
        { "volume-label", MOUNT_KEY_REFUSED, NULL, NULL },
        { "no-dereference", MOUNT_KEY_CHOICE, "no-dereference", NULL },
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
        AUTO_FREE char *mapping = NULL;
        bool yes = !value || str_equal(value, "true") || str_equal(value, "1");
        const char *option = yes ? key->yes : key->no;

        if (!yes && str_equal(key->name, "idmap") && strchr(value, '=')) {
                mapping = str_format("idmap=%s", value);
                return mount_add_option(mount, seen, mapping, err);
        }
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

/* A path within; that links cannot lead out of it is for whoever mounts it. */
static int mount_set_subpath(struct spec_mount *mount, const char *name, const char *value,
                             struct error *err)
{
        AUTO_FREE char *path = path_clean(value);

        if (mount->type != SPEC_MOUNT_VOLUME && mount->type != SPEC_MOUNT_IMAGE)
                return error_set(err, EINVAL, "option '%s' does not go with this type of mount",
                                 name);
        str_replace(&mount->subpath, str_equal(path, "/") ? NULL : path + 1);
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
        if (key->kind == MOUNT_KEY_SUBPATH)
                return mount_set_subpath(mount, name, value, err);
        if (key->kind == MOUNT_KEY_DEVPTS && mount->type != SPEC_MOUNT_DEVPTS)
                return error_set(err, EINVAL, "option '%s' does not go with this type of mount",
                                 name);
        return mount_take_valued(mount, seen, key, value, err);
}

static int mount_check_complete(struct spec_mount *mount, struct error *err)
{
        bool sourceless = mount->type == SPEC_MOUNT_TMPFS || mount->type == SPEC_MOUNT_RAMFS ||
                          mount->type == SPEC_MOUNT_DEVPTS;

        if (!mount->target && mount->type != SPEC_MOUNT_GLOB)
                return error_set(err, EINVAL, "no target= is given");
        if (sourceless && mount->source)
                return error_set(err, EINVAL, "this type of mount has no source");
        if (mount->type == SPEC_MOUNT_VOLUME && !mount->source && mount->subpath)
                return error_set(err, EINVAL, "an anonymous volume has no parts");
        if (mount->type == SPEC_MOUNT_VOLUME && !mount->source)
                mount->type = SPEC_MOUNT_ANONYMOUS;
        else if (!sourceless && str_empty(mount->source))
                return error_set(err, EINVAL, "no source= is given");
        if (mount->type == SPEC_MOUNT_VOLUME && !volume_name_valid(mount->source))
                return error_set(err, EINVAL, "'%s' is not a volume's name", mount->source);
        return mount_check_options(mount, err);
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
