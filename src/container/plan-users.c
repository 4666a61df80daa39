/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /etc/passwd and /etc/group, where somebody is to be in them whom the image does not know. */
#include "plan-context.h"

#include "../base/io.h"
#include "expand.h"

#include <errno.h>
#include <pwd.h>

enum {
        PLAN_USERS_MAX = 16 << 20
};

/* A file of the image, "" where there is none; owned. */
static int plan_read_image(const struct plan_context *context, const char *path, char **ret,
                           struct error *err)
{
        AUTO_CLOSE int fd = io_open_file_in_root(context->facts->rootfs_fd, path);

        if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
                *ret = str_dup("");
                return 0;
        }
        if (fd < 0)
                return error_errno(err, errno, "opening the image's %s", path);
        return io_read_fd(fd, path, PLAN_USERS_MAX, ret, NULL, err);
}

static void plan_add_line(struct strbuf *text, const char *line)
{
        if (text->length && text->data[text->length - 1] != '\n')
                strbuf_append_char(text, '\n');
        strbuf_append(text, line);
        if (!*line || line[strlen(line) - 1] != '\n')
                strbuf_append_char(text, '\n');
}

/* Whether a line of passwd or group has this in its field, 0 the name or 2 the number. */
static bool plan_has_entry(const char *text, unsigned field, const char *value)
{
        AUTO_STRV struct strv lines = { 0 };

        strv_split(&lines, text, "\n", false);
        for (size_t i = 0; i < lines.count; i++) {
                AUTO_STRV struct strv fields = { 0 };

                strv_split(&fields, lines.items[i], ":", true);
                if (fields.count > field && str_equal(fields.items[field], value))
                        return true;
        }
        return false;
}

static int plan_add_host_users(const struct plan_context *context, struct strbuf *text,
                               struct error *err)
{
        const struct strv *names = &context->spec->host_users;

        for (size_t i = 0; i < names->count; i++) {
                const struct passwd *user = getpwnam(names->items[i]);
                AUTO_FREE char *line = NULL;

                if (!user)
                        return error_set(err, ENOENT, "--hostuser %s: the host has no such user",
                                         names->items[i]);
                line = str_format("%s:*:%u:%u:%s:%s:%s", user->pw_name, user->pw_uid, user->pw_gid,
                                  user->pw_gecos, user->pw_dir, user->pw_shell);
                if (!plan_has_entry(text->data ? text->data : "", 0, user->pw_name))
                        plan_add_line(text, line);
        }
        return 0;
}

/* The line that the user wants for a program's user whom nobody knows. */
static void plan_add_own_entry(const struct plan_context *context, const char *home,
                               struct strbuf *text)
{
        AUTO_STRV struct strv names = { 0 };
        AUTO_FREE char *line = NULL;

        strv_appendf(&names, "USERNAME=%u", context->user.uid);
        strv_appendf(&names, "UID=%u", context->user.uid);
        strv_appendf(&names, "GID=%u", context->user.gid);
        strv_append(&names, "NAME=container user");
        strv_appendf(&names, "HOME=%s", home);
        line = expand_variables(context->spec->passwd_entry, names.items);
        plan_add_line(text, line);
}

int plan_passwd_text(const struct plan_context *context, const char *home, char **ret,
                     struct error *err)
{
        const struct container_spec *spec = context->spec;
        AUTO_STRBUF struct strbuf text = { 0 };
        AUTO_FREE char *image = NULL;

        if (!spec->host_users.count && !spec->passwd_entry)
                return user_passwd(context->facts->rootfs_fd, &context->user, home, ret, err);
        if (plan_read_image(context, "/etc/passwd", &image, err) < 0)
                return -1;
        strbuf_append(&text, image);
        if (plan_add_host_users(context, &text, err) < 0)
                return -1;
        if (spec->passwd_entry) {
                AUTO_FREE char *uid = str_format("%u", context->user.uid);

                if (!plan_has_entry(text.data, 2, uid))
                        plan_add_own_entry(context, home, &text);
        }
        *ret = str_equal(text.data, image) ? NULL : strbuf_steal(&text);
        return 0;
}

int plan_group_text(const struct plan_context *context, char **ret, struct error *err)
{
        AUTO_FREE char *gid = str_format("%u", context->user.gid);
        AUTO_STRBUF struct strbuf text = { 0 };
        AUTO_STRV struct strv names = { 0 };
        AUTO_FREE char *image = NULL, *line = NULL;

        *ret = NULL;
        if (!context->spec->group_entry)
                return 0;
        if (plan_read_image(context, "/etc/group", &image, err) < 0)
                return -1;
        if (plan_has_entry(image, 2, gid))
                return 0;
        strv_appendf(&names, "GROUPNAME=%s", gid);
        strv_appendf(&names, "GID=%s", gid);
        strv_appendf(&names, "USERLIST=%u", context->user.uid);
        line = expand_variables(context->spec->group_entry, names.items);
        strbuf_append(&text, image);
        plan_add_line(&text, line);
        *ret = strbuf_steal(&text);
        return 0;
}

/* What /etc/hosts begins with; owned. */
int plan_hosts_base(const struct plan_context *context, char **ret, struct error *err)
{
        const char *file = context->spec->hosts_file;

        if (!file) {
                *ret = str_dup(context->facts->hosts);
                return 0;
        }
        if (str_equal(file, "none")) {
                *ret = str_dup("");
                return 0;
        }
        if (str_equal(file, "image"))
                return plan_read_image(context, "/etc/hosts", ret, err);
        if (io_read_file(AT_FDCWD, file, PLAN_USERS_MAX, ret, NULL, err) < 0)
                return error_wrap(err, "--hosts-file");
        return 0;
}
