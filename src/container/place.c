/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "place.h"

#include "../base/io.h"

#include <dirent.h>
#include <sys/file.h>
#include <sys/stat.h>

void place_free(struct place *place)
{
        free(place->label);
        free(place->run);
        free(place->data);
        *place = (struct place){ 0 };
}

const char *place_runtime(void)
{
        const char *other = getenv("CRUNIT_RUN");

        return other ? other : "/run/crunit";
}

char *place_run(const char *label)
{
        return str_format("%s/containers/%s", place_runtime(), label);
}

char *place_data(const char *storage, const char *label)
{
        return str_format("%s/containers/%s", storage, label);
}

void place_of(const char *label, const char *storage, struct place *ret)
{
        ret->label = str_dup(label);
        ret->run = place_run(label);
        ret->data = place_data(storage, label);
        ret->systemd = false;
}

int place_own(const char *name, const char *storage, struct place *ret, struct error *err)
{
        AUTO_FREE char *prefix = str_format("%s/containers/%s@", place_runtime(), name);
        AUTO_FREE char *label = str_format("%s@", name);
        AUTO_STRV struct strv directories = { 0 };
        bool systemd = false;

        if (getenv("RUNTIME_DIRECTORY"))
                strv_split(&directories, getenv("RUNTIME_DIRECTORY"), ":", false);
        for (size_t i = 0; i < directories.count; i++) {
                const char *unit = str_after(directories.items[i], prefix);

                if (!unit)
                        continue;
                if (strchr(unit, '/'))
                        return error_set(err, EINVAL,
                                         "the unit's RuntimeDirectory %s has to lie directly below "
                                         "%s/containers",
                                         directories.items[i], place_runtime());
                free(label);
                label = str_format("%s@%s", name, unit);
                systemd = true;
        }
        place_of(label, storage, ret);
        ret->systemd = systemd;
        return 0;
}

int place_make(const struct place *place, struct error *err)
{
        AUTO_FREE char *parent = str_format("%s/containers", place_runtime());

        if (io_make_dirs(AT_FDCWD, parent, 0755, err) < 0)
                return -1;
        if (mkdir(place->run, 0700) < 0 && errno != EEXIST)
                return error_errno(err, errno, "cannot make %s", place->run);
        if (chmod(place->run, 0700) < 0)
                return error_errno(err, errno, "cannot change the mode of %s", place->run);
        return 0;
}

static int place_list_below(const char *directory, const char *prefix, struct strv *ret_labels,
                            struct error *err)
{
        AUTO_CLOSEDIR DIR *dir = opendir(directory);
        struct dirent *entry;

        if (!dir && errno == ENOENT)
                return 0;
        if (!dir)
                return error_errno(err, errno, "cannot open %s", directory);
        while ((entry = readdir(dir)))
                if (entry->d_name[0] != '.' && strchr(entry->d_name, '@') &&
                    str_has_prefix(entry->d_name, prefix))
                        strv_append(ret_labels, entry->d_name);
        return 0;
}

int place_list(const char *name_or_null, struct strv *ret_labels, struct error *err)
{
        AUTO_FREE char *directory = str_format("%s/containers", place_runtime());
        AUTO_FREE char *prefix = name_or_null ? str_format("%s@", name_or_null) : str_dup("");

        return place_list_below(directory, prefix, ret_labels, err);
}

int place_list_data(const char *storage, struct strv *ret_labels, struct error *err)
{
        AUTO_FREE char *directory = str_format("%s/containers", storage);

        return place_list_below(directory, "", ret_labels, err);
}

int place_lock_names(struct error *err)
{
        AUTO_FREE char *path = str_format("%s/lock", place_runtime());
        AUTO_CLOSE int fd = -1;

        if (io_make_dirs(AT_FDCWD, place_runtime(), 0755, err) < 0)
                return -1;
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0 || flock(fd, LOCK_EX) < 0)
                return error_errno(err, errno, "cannot lock %s", path);
        return steal_fd(&fd);
}

/* Of a directory that belongs to systemd only what is in it, since systemd may still hand it out
 * to the unit's next process. */
static int place_empty(const char *directory, struct error *err)
{
        AUTO_CLOSEDIR DIR *dir = opendir(directory);
        struct dirent *entry;

        if (!dir)
                return errno == ENOENT ? 0 : error_errno(err, errno, "cannot open %s", directory);
        while ((entry = readdir(dir)))
                if (!str_equal(entry->d_name, ".") && !str_equal(entry->d_name, "..") &&
                    io_remove_tree(dirfd(dir), entry->d_name, err) < 0)
                        return error_wrap(err, "in %s", directory);
        return 0;
}

int place_remove(const struct place *place, struct error *err)
{
        return place->systemd ? place_empty(place->run, err)
                              : io_remove_tree(AT_FDCWD, place->run, err);
}
