/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dropin.h"

#include <errno.h>

static const char *dropin_name(const char *path)
{
        return strrchr(path, '/') + 1;
}

static int dropin_compare(const void *a, const void *b)
{
        return strcmp(dropin_name(*(char *const *)a), dropin_name(*(char *const *)b));
}

/* Takes ownership of path. */
static void dropin_add(struct strv *found, char *path)
{
        for (size_t i = 0; i < found->count; i++) {
                if (!str_equal(dropin_name(found->items[i]), dropin_name(path)))
                        continue;
                free(found->items[i]);
                found->items[i] = path;
                return;
        }
        strv_append_owned(found, path);
}

static int dropin_read_directory(const char *directory, struct strv *found, struct error *err)
{
        AUTO_CLOSEDIR DIR *dir = opendir(directory);
        const struct dirent *entry;

        if (!dir)
                return errno == ENOENT || errno == ENOTDIR
                               ? 0
                               : error_errno(err, errno, "cannot open %s", directory);
        while (errno = 0, entry = readdir(dir)) {
                if (str_has_suffix(entry->d_name, ".conf") && entry->d_type != DT_DIR)
                        dropin_add(found, str_concat(directory, "/", entry->d_name));
        }
        return errno ? error_errno(err, errno, "cannot read %s", directory) : 0;
}

int dropin_list(const char *const *directories, size_t count, struct strv *paths, struct error *err)
{
        AUTO_STRV struct strv found = { 0 };

        for (size_t i = 0; i < count; i++)
                if (directories[i] && dropin_read_directory(directories[i], &found, err) < 0)
                        return -1;
        if (found.count)
                qsort(found.items, found.count, sizeof *found.items, dropin_compare);
        strv_append_all(paths, &found);
        return 0;
}
