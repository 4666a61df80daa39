/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "short-names.h"

#include "../base/io.h"
#include "../base/json.h"
#include "../image/reference.h"
#include "toml.h"

#include <errno.h>
#include <libgen.h>

enum {
        SHORT_NAMES_MAX_SIZE = 1 << 20
};

/* Theirs is a lock of fcntl(2), which one of an open file stands in the way of. */
static int short_names_lock(const char *path, int *ret_fd, struct error *err)
{
        AUTO_FREE char *name = str_concat(path, ".lock");
        AUTO_CLOSE int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

        if (fd < 0 || fcntl(fd, F_OFD_SETLKW, &lock) < 0)
                return error_errno(err, errno, "cannot lock %s", name);
        *ret_fd = steal_fd(&fd);
        return 0;
}

/* The table of aliases that is there; an empty one where there is no file. */
static int short_names_read(const char *path, struct json_object **ret, struct error *err)
{
        AUTO_FREE char *text = NULL;
        AUTO_ERROR struct error reason = { 0 };
        AUTO_JSON struct json_object *root = NULL;
        struct json_object *aliases = NULL;
        size_t length;

        if (io_read_file(AT_FDCWD, path, SHORT_NAMES_MAX_SIZE, &text, &length, &reason) < 0 &&
            reason.code != ENOENT)
                return error_set(err, reason.code, "%s", reason.message);
        if (text && toml_parse(text, length, path, &root, err) < 0)
                return -1;
        if (root && json_get_object(root, "aliases", &aliases, err) < 0)
                return error_wrap(err, "%s", path);
        *ret = aliases ? json_object_get(aliases) : json_object_new_object();
        return 0;
}

/* Names of images have nothing in them that TOML would want to have quoted. */
static bool short_names_is_plain(const char *text)
{
        AUTO_REFERENCE struct reference reference = { 0 };

        return !*text || reference_parse(text, &reference, NULL) == 0;
}

static char *short_names_format(struct json_object *aliases)
{
        AUTO_STRBUF struct strbuf text = { 0 };

        strbuf_append(&text, "[aliases]\n");
        json_object_object_foreach(aliases, name, value)
        {
                const char *full = json_object_get_string(value);

                if (json_object_is_type(value, json_type_string) && short_names_is_plain(name) &&
                    short_names_is_plain(full))
                        strbuf_appendf(&text, "  \"%s\" = \"%s\"\n", name, full);
        }
        return strbuf_steal(&text);
}

static int short_names_change(const char *path, const char *name, const char *full,
                              struct error *err)
{
        AUTO_REFERENCE struct reference reference = { 0 };
        AUTO_JSON struct json_object *aliases = NULL;
        AUTO_FREE char *value = NULL;
        AUTO_FREE char *text = NULL;

        if (reference_parse(full, &reference, err) < 0 || short_names_read(path, &aliases, err) < 0)
                return -1;
        value = str_format("%s/%s", reference.registry, reference.path);
        json_set_string(aliases, name, value);
        text = short_names_format(aliases);
        return io_write_file(AT_FDCWD, path, text, strlen(text), 0644, IO_SYNC, err);
}

int short_names_note(const char *path, const char *name, const char *full, struct error *err)
{
        AUTO_FREE char *copy = str_dup(path);
        AUTO_CLOSE int lock = -1;

        if (io_make_dirs(AT_FDCWD, dirname(copy), 0755, err) < 0 ||
            short_names_lock(path, &lock, err) < 0)
                return -1;
        return short_names_change(path, name, full, err);
}
