/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "member.h"

#include "../base/io.h"
#include "../base/json.h"

#include <dirent.h>

enum {
        MEMBER_FILE_MAX = 4 * 1024 * 1024
};

static char *member_path(const char *runtime, const char *label)
{
        return str_format("%s/network/members/%s", runtime, label);
}

int member_lock(const char *runtime, struct error *err)
{
        AUTO_FREE char *directory = str_format("%s/network", runtime);

        return io_lock_directory(directory, err);
}

int member_write(const char *runtime, const struct joined *member, struct error *err)
{
        AUTO_FREE char *directory = str_format("%s/network/members", runtime);
        AUTO_FREE char *path = member_path(runtime, member->label);
        AUTO_JSON struct json_object *object = joined_to_json(member);
        AUTO_FREE char *text = NULL;

        json_object_object_del(object, "notes");
        text = json_text(object, false);
        if (io_make_dirs(AT_FDCWD, directory, 0755, err) < 0)
                return -1;
        return io_write_file(AT_FDCWD, path, text, strlen(text), 0644, IO_NO_SYNC, err);
}

int member_read(const char *runtime, const char *label, struct joined *ret, struct error *err)
{
        AUTO_FREE char *path = member_path(runtime, label);
        AUTO_JSON struct json_object *object = NULL;

        if (json_read_file(AT_FDCWD, path, MEMBER_FILE_MAX, &object, err) < 0)
                return -1;
        return joined_from_json(object, ret, err) < 0 ? error_wrap(err, "%s", path) : 0;
}

int member_remove(const char *runtime, const char *label, struct error *err)
{
        AUTO_FREE char *path = member_path(runtime, label);

        /* Whatever somebody made of it: else the container would never start again. */
        return io_remove_tree(AT_FDCWD, path, err);
}

bool member_none(const char *runtime)
{
        AUTO_FREE char *directory = str_format("%s/network/members", runtime);

        return rmdir(directory) == 0 || errno == ENOENT;
}

bool member_exists(const char *runtime, const char *label)
{
        AUTO_FREE char *path = member_path(runtime, label);

        return access(path, F_OK) == 0;
}

void member_clean_directory(const char *path)
{
        AUTO_CLOSEDIR DIR *dir = opendir(path);
        struct dirent *entry;

        while (dir && (entry = readdir(dir)))
                if (entry->d_name[0] == '.' && !str_equal(entry->d_name, ".") &&
                    !str_equal(entry->d_name, ".."))
                        unlinkat(dirfd(dir), entry->d_name, 0);
}

void member_clean(const char *runtime)
{
        AUTO_FREE char *directory = str_format("%s/network", runtime);
        AUTO_FREE char *members = str_format("%s/members", directory);

        member_clean_directory(directory);
        member_clean_directory(members);
}

int member_list(const char *runtime, struct strv *ret, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/network/members", runtime);
        AUTO_CLOSEDIR DIR *dir = opendir(path);
        struct dirent *entry;

        if (!dir)
                return errno == ENOENT ? 0 : error_errno(err, errno, "cannot read %s", path);
        while ((entry = readdir(dir)))
                if (entry->d_name[0] != '.' && strchr(entry->d_name, '@'))
                        strv_append(ret, entry->d_name);
        return 0;
}

char *member_owner(const char *runtime, const char *label)
{
        const char *pod = str_after(label, "@");

        return pod ? str_format("%s/pods/%s/pod.json", runtime, pod)
                   : str_format("%s/containers/%s", runtime, label);
}

void member_list_stale(const char *runtime, struct strv *ret)
{
        AUTO_STRV struct strv labels = { 0 };

        member_list(runtime, &labels, NULL);
        for (size_t i = 0; i < labels.count; i++) {
                AUTO_FREE char *owner = member_owner(runtime, labels.items[i]);

                if (access(owner, F_OK) < 0 && errno == ENOENT)
                        strv_append(ret, labels.items[i]);
        }
}
