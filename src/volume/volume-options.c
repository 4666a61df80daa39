/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../base/str.h"
#include "volume.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>

/* The kernel keeps the highest number for "nobody asked". */
#define VOLUME_ID_MAX 4294967294ull

static bool volume_is_number(const char *text, int64_t *ret)
{
        unsigned long long number;

        if (!str_to_u64(text, VOLUME_ID_MAX, &number))
                return false;
        *ret = (int64_t)number;
        return true;
}

int volume_find_user(const char *text, int64_t *ret, struct error *err)
{
        const struct passwd *user;

        if (volume_is_number(text, ret))
                return 0;
        user = getpwnam(text);
        if (!user)
                return error_set(err, ENOENT, "this machine has no user '%s'", text);
        *ret = user->pw_uid;
        return 0;
}

int volume_find_group(const char *text, int64_t *ret, struct error *err)
{
        const struct group *group;

        if (volume_is_number(text, ret))
                return 0;
        group = getgrnam(text);
        if (!group)
                return error_set(err, ENOENT, "this machine has no group '%s'", text);
        *ret = group->gr_gid;
        return 0;
}

/* One word of o=. */
static int volume_take_word(struct volume *volume, const char *word, struct error *err)
{
        const char *user = str_after(word, "uid="), *group = str_after(word, "gid=");
        const char *seconds = str_after(word, "timeout=");
        unsigned long long number;

        if (user && volume->uid < 0)
                return volume_find_user(user, &volume->uid, err);
        if (group && volume->gid < 0)
                return volume_find_group(group, &volume->gid, err);
        if (seconds && !str_to_u64(seconds, INT32_MAX, &number))
                return error_set(err, EINVAL, "timeout=%s: not a number of seconds", seconds);
        /* Nothing here waits for a driver, and directories have no quota. */
        if (user || group || seconds || str_equal(word, "noquota") || str_equal(word, "defaults"))
                return 0;
        strv_append(&volume->words, word);
        return 0;
}

/* Commas separate words, but not in double quotes, where they are part of a label or so. */
static int volume_take_words(struct volume *volume, const char *text, struct error *err)
{
        AUTO_STRBUF struct strbuf word = { 0 };
        bool quoted = false;

        for (;; text++) {
                if (*text == '"') {
                        quoted = !quoted;
                } else if (*text && (*text != ',' || quoted)) {
                        strbuf_append_char(&word, *text);
                } else {
                        if (word.length && volume_take_word(volume, word.data, err) < 0)
                                return -1;
                        strbuf_free(&word);
                        word = (struct strbuf){ 0 };
                        if (!*text)
                                break;
                }
        }
        return quoted ? error_set(err, EINVAL, "o=: a quote does not end") : 0;
}

static int volume_take_option(struct volume *volume, const char *option, struct error *err)
{
        size_t length = strcspn(option, "=");
        AUTO_FREE char *name = str_dupn(option, length);
        const char *value = option[length] ? option + length + 1 : "";

        if (str_equal(name, "type"))
                str_replace(&volume->type, *value ? value : NULL);
        else if (str_equal(name, "device"))
                str_replace(&volume->device, *value ? value : NULL);
        else if (str_equal(name, "image"))
                str_replace(&volume->image, *value ? value : NULL);
        else if (str_equal(name, "o"))
                return volume_take_words(volume, value, err);
        else if (str_equal(name, "copy") || str_equal(name, "nocopy"))
                volume->no_copy = *name == 'n';
        else
                return error_set(err, EINVAL,
                                 "unknown option '%s' (known: copy, device, image, nocopy, o and "
                                 "type)",
                                 name);
        return 0;
}

static int volume_check_image(const struct volume *volume, struct error *err)
{
        if (!volume->image)
                return error_set(err, EINVAL, "the driver image needs the option image=");
        if (volume->type || volume->device || volume->words.count)
                return error_set(err, EINVAL, "the driver image takes no option but image=");
        return 0;
}

/* A file system in memory has no device; what is written there in its place says nothing. */
static bool volume_type_in_memory(const char *type)
{
        return str_equal(type, "tmpfs") || str_equal(type, "ramfs");
}

/* What a directory can be mounted with. */
static int volume_check_bind_words(const struct volume *volume, struct error *err)
{
        static const char *const words[] = {
                "ro",       "rw",          "suid",       "nosuid",      "dev",    "nodev",
                "exec",     "noexec",      "bind",       "rbind",       "atime",  "noatime",
                "relatime", "strictatime", "private",    "rprivate",    "shared", "rshared",
                "slave",    "rslave",      "unbindable", "runbindable",
        };

        for (size_t i = 0; i < volume->words.count; i++) {
                bool known = false;

                for (size_t k = 0; k < sizeof words / sizeof *words; k++)
                        known = known || str_equal(words[k], volume->words.items[i]);
                if (!known)
                        return error_set(err, EINVAL,
                                         "the option '%s' has no meaning for a directory",
                                         volume->words.items[i]);
        }
        return 0;
}

/* type= and device= belong together, but for memory and for a directory under another name. */
static int volume_check_source(const struct volume *volume, bool bind, struct error *err)
{
        const char *type = volume->type, *device = volume->device;

        if (type && strchr(type, '/'))
                return error_set(err, EINVAL, "type=%s: not a file system", type);
        if (type && !device && !volume_type_in_memory(type))
                return error_set(err, EINVAL, "type=%s needs device=", type);
        if (device && !type && !bind)
                return error_set(err, EINVAL, "device=%s needs type=", device);
        if (bind && device && device[0] != '/')
                return error_set(err, EINVAL, "device=%s: not an absolute path", device);
        return 0;
}

static int volume_check_quota(const struct volume *volume, struct error *err)
{
        for (size_t i = 0; i < volume->words.count; i++)
                if (str_has_prefix(volume->words.items[i], "size=") ||
                    str_has_prefix(volume->words.items[i], "inodes="))
                        return error_set(err, EOPNOTSUPP,
                                         "%s: directories have no quota here; say type=tmpfs, or "
                                         "mount a file system of that size",
                                         volume->words.items[i]);
        return 0;
}

static int volume_check_local(const struct volume *volume, struct error *err)
{
        bool bind = str_equal(volume->type, "bind") || strv_contains(&volume->words, "bind") ||
                    strv_contains(&volume->words, "rbind");
        bool plain = !volume->type && !volume->device;

        if (volume->image)
                return error_set(err, EINVAL, "the option image= is for the driver image");
        if (volume_check_source(volume, bind, err) < 0 ||
            (plain && volume_check_quota(volume, err) < 0))
                return -1;
        return bind || plain ? volume_check_bind_words(volume, err) : 0;
}

int volume_read_options(struct volume *volume, struct error *err)
{
        for (size_t i = 0; i < volume->options.count; i++)
                if (volume_take_option(volume, volume->options.items[i], err) < 0)
                        return -1;
        return volume->driver == VOLUME_IMAGE ? volume_check_image(volume, err)
                                              : volume_check_local(volume, err);
}
