/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "user.h"

#include "../base/io.h"

#include <errno.h>

enum {
        USER_FILE_MAX = 16 << 20,
        USER_GROUPS_MAX = 65536, /* NGROUPS_MAX of the kernel */
        USER_NOBODY = 65534,
};

/* One line of passwd or group, split at its colons. */
struct user_line {
        char *fields[7];
        size_t count;
};

/* A file of the image, as lines to take one after the other. Missing is empty, and so is what is no
 * file. */
struct user_file {
        char *text; /* owned */
        char *next;
};

static void user_file_close(struct user_file *file)
{
        free(file->text);
}

static int user_file_open(int rootfs_fd, const char *path, struct user_file *ret, struct error *err)
{
        AUTO_CLOSE int fd = io_open_file_in_root(rootfs_fd, path);
        size_t length;

        *ret = (struct user_file){ 0 };
        if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
                return 0;
        if (fd < 0)
                return error_errno(err, errno, "opening the image's %s", path);
        if (io_read_fd(fd, path, USER_FILE_MAX, &ret->text, &length, err) < 0)
                return error_wrap(err, "reading the image's %s", path);
        ret->next = ret->text;
        return 0;
}

static bool user_file_next(struct user_file *file, struct user_line *ret)
{
        char *line = file->next;
        size_t length;

        if (!line || !*line)
                return false;
        length = strcspn(line, "\n");
        file->next = line + length + (line[length] == '\n');
        line[length] = '\0';
        ret->count = 0;
        while (line && ret->count < sizeof ret->fields / sizeof *ret->fields)
                ret->fields[ret->count++] = strsep(&line, ":");
        return true;
}

static bool user_number(const char *text, uint32_t *ret)
{
        unsigned long long number;

        /* 4294967295 is -1, "leave unchanged", to the system calls. */
        if (!str_to_u64(text, UINT32_MAX - 1, &number))
                return false;
        *ret = (uint32_t)number;
        return true;
}

static void user_add_group(struct user *user, uint32_t gid)
{
        for (size_t i = 0; i < user->group_count; i++)
                if (user->groups[i] == gid)
                        return;
        if (user->group_count >= USER_GROUPS_MAX)
                return;
        user->groups = alloc_grow(user->groups, user->group_count + 1, sizeof *user->groups);
        user->groups[user->group_count++] = gid;
}

/* Find the line by name, else by number; 1 where there is one. *ret_name is the user's name. */
static int user_find_passwd(int rootfs_fd, const char *wanted, struct user *user, char **ret_name,
                            struct error *err)
{
        CLEANUP(user_file_close) struct user_file file;
        struct user_line line;
        uint32_t number = 0, uid, gid;
        bool is_number = user_number(wanted, &number);
        bool found = false;

        if (user_file_open(rootfs_fd, "/etc/passwd", &file, err) < 0)
                return -1;
        while (user_file_next(&file, &line)) {
                bool by_name = str_equal(line.fields[0], wanted);

                if (line.count < 4 || !user_number(line.fields[2], &uid) ||
                    !user_number(line.fields[3], &gid))
                        continue;
                if (!by_name && (found || !is_number || uid != number))
                        continue;
                found = true;
                user->uid = uid;
                user->gid = gid;
                str_replace(ret_name, line.fields[0]);
                str_replace(&user->home, line.count > 5 && *line.fields[5] ? line.fields[5] : "/");
                if (by_name)
                        break;
        }
        if (!found && !is_number)
                return error_set(err, ENOENT, "the image's /etc/passwd has no user '%s'", wanted);
        if (!found)
                user->uid = number;
        user->known = found;
        return 0;
}

/* The groups that list the user as a member. */
static int user_find_memberships(int rootfs_fd, const char *name, struct user *user,
                                 struct error *err)
{
        CLEANUP(user_file_close) struct user_file file;
        struct user_line line;
        uint32_t gid;

        if (user_file_open(rootfs_fd, "/etc/group", &file, err) < 0)
                return -1;
        while (user_file_next(&file, &line)) {
                AUTO_STRV struct strv members = { 0 };

                if (line.count < 4 || !user_number(line.fields[2], &gid))
                        continue;
                strv_split(&members, line.fields[3], ",", false);
                if (strv_contains(&members, name))
                        user_add_group(user, gid);
        }
        return 0;
}

static int user_find_group(int rootfs_fd, const char *wanted, uint32_t *ret, struct error *err)
{
        CLEANUP(user_file_close) struct user_file file;
        struct user_line line;
        uint32_t gid;

        if (user_file_open(rootfs_fd, "/etc/group", &file, err) < 0)
                return -1;
        while (user_file_next(&file, &line)) {
                if (line.count >= 3 && str_equal(line.fields[0], wanted) &&
                    user_number(line.fields[2], &gid)) {
                        *ret = gid;
                        return 0;
                }
        }
        if (user_number(wanted, ret))
                return 0;
        return error_set(err, ENOENT, "the image's /etc/group has no group '%s'", wanted);
}

static int user_add_extra(int rootfs_fd, const struct strv *extra, struct user *user,
                          struct error *err)
{
        for (size_t i = 0; extra && i < extra->count; i++) {
                uint32_t gid;

                if (str_equal(extra->items[i], USER_KEEP_GROUPS))
                        continue;
                if (user_find_group(rootfs_fd, extra->items[i], &gid, err) < 0)
                        return error_wrap(err, "--group-add %s", extra->items[i]);
                user_add_group(user, gid);
        }
        return 0;
}

/* USER[:GROUP] alone. */
static int user_find_main(int rootfs_fd, const char *text, struct user *user, struct error *err)
{
        AUTO_FREE char *wanted = str_dupn(text, strcspn(text, ":")), *name = NULL;
        const char *colon = strchr(text, ':');

        if (user_find_passwd(rootfs_fd, *wanted ? wanted : "0", user, &name, err) < 0)
                return -1;
        if (colon && colon[1])
                return user_find_group(rootfs_fd, colon + 1, &user->gid, err);
        return name ? user_find_memberships(rootfs_fd, name, user, err) : 0;
}

int user_find(int rootfs_fd, const char *text, const struct strv *extra, struct user *ret,
              struct error *err)
{
        AUTO_USER struct user user = { .home = str_dup("/") };

        if (str_empty(text))
                text = "0";
        if (user_find_main(rootfs_fd, text, &user, err) < 0)
                return error_wrap(err, "user %s", text);
        if (user_add_extra(rootfs_fd, extra, &user, err) < 0)
                return -1;
        *ret = user;
        user = (struct user){ 0 };
        return 0;
}

int user_passwd(int rootfs_fd, const struct user *user, const char *home, char **ret,
                struct error *err)
{
        CLEANUP(user_file_close) struct user_file file = { 0 };
        AUTO_STRBUF struct strbuf text = { 0 };

        if (!user->known && user_file_open(rootfs_fd, "/etc/passwd", &file, err) < 0)
                return -1;
        if (!file.text || strpbrk(home, ":\n")) {
                *ret = NULL;
                return 0;
        }
        strbuf_append(&text, file.text);
        if (text.length && text.data[text.length - 1] != '\n')
                strbuf_append_char(&text, '\n');
        strbuf_appendf(&text, "%u:*:%u:%u:container user:%s:/bin/sh\n", user->uid, user->uid,
                       user->gid, home);
        *ret = strbuf_steal(&text);
        return 0;
}

static void user_raise(const char *text, uint32_t *highest)
{
        uint32_t id;

        if (user_number(text, &id) && id != USER_NOBODY && id > *highest)
                *highest = id;
}

bool user_highest_known(int rootfs_fd, uint32_t *ret)
{
        static const char *const files[] = { "/etc/passwd", "/etc/group" };
        bool found = false;

        *ret = 0;
        for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
                CLEANUP(user_file_close) struct user_file file;
                struct user_line line;

                if (user_file_open(rootfs_fd, files[i], &file, NULL) < 0)
                        continue;
                found = found || file.text;
                while (user_file_next(&file, &line)) {
                        if (line.count >= 3)
                                user_raise(line.fields[2], ret);
                        if (line.count >= 4 && i == 0)
                                user_raise(line.fields[3], ret);
                }
        }
        return found;
}

uint32_t user_highest_number(const char *text_or_null, const struct strv *groups)
{
        AUTO_STRV struct strv parts = { 0 };
        uint32_t highest = 0;

        strv_split(&parts, text_or_null ? text_or_null : "", ":", false);
        strv_append_all(&parts, groups);
        for (size_t i = 0; i < parts.count; i++)
                user_raise(parts.items[i], &highest);
        return highest;
}

void user_free(struct user *user)
{
        free(user->home);
        free(user->groups);
        *user = (struct user){ 0 };
}
