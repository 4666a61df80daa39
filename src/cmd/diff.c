/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit diff: what a container changed in its image's file system. */
#include "../base/io.h"
#include "../base/json.h"
#include "../base/log.h"
#include "../base/printable.h"
#include "../container/vantage.h"
#include "../image/store.h"
#include "format.h"
#include "view-commands.h"

#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

enum {
        DIFF_DEPTH = 200, /* directories inside each other; each costs three descriptors */
};

struct diff_request {
        char *format; /* owned */
};

const struct option_row diff_options_table[] = {
        { .name = "format",
          .argument = "table|json",
          .help = "lines, or json",
          .take = format_take_plain,
          .field = offsetof(struct diff_request, format) },
        { .name = NULL },
};

struct diff {
        struct strv added, changed, deleted; /* owned; paths */
};

static void diff_free(struct diff *diff)
{
        strv_free(&diff->added);
        strv_free(&diff->changed);
        strv_free(&diff->deleted);
}

/* Mount points that every container gets, and that say nothing. */
static bool diff_is_ours(const char *path)
{
        static const char *const ours[] = { "/dev",          "/proc",
                                            "/sys",          "/etc/hosts",
                                            "/etc/hostname", "/etc/resolv.conf",
                                            "/etc/mtab",     "/run/.containerenv",
                                            "/run/notify" };

        for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
                if (str_equal(path, ours[i]))
                        return true;
        return false;
}

/* As overlayfs marks it: nothing of the lower directory is seen. */
static bool diff_is_opaque(int directory)
{
        AUTO_FREE char *path = str_format("/proc/self/fd/%d", directory);
        char value = 0;

        return getxattr(path, "trusted.overlay.opaque", &value, 1) == 1 && value == 'y';
}

static int diff_directory(struct diff *diff, int upper, int lower, const char *path, int depth,
                          struct error *err);

static int diff_entry(struct diff *diff, int upper, int lower, const char *name, const char *path,
                      int depth, struct error *err)
{
        AUTO_CLOSE int above = -1, below = -1;
        struct stat st, old;
        bool existed;

        if (fstatat(upper, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : error_errno(err, errno, "cannot look at %s", path);
        existed = lower >= 0 && fstatat(lower, name, &old, AT_SYMLINK_NOFOLLOW) == 0;
        if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0)) {
                if (existed)
                        strv_append(&diff->deleted, path);
                return 0;
        }
        if (!diff_is_ours(path))
                strv_append(existed ? &diff->changed : &diff->added, path);
        if (!S_ISDIR(st.st_mode))
                return 0;
        above = openat(upper, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (above < 0)
                return errno == ENOENT ? 0 : error_errno(err, errno, "cannot open %s", path);
        if (existed && S_ISDIR(old.st_mode))
                below = openat(lower, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return diff_directory(diff, above, below, path, depth + 1, err);
}

/* What an opaque directory hides. */
static int diff_hidden(struct diff *diff, int upper, int lower, const char *path, struct error *err)
{
        AUTO_CLOSE int copy = openat(lower, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        AUTO_CLOSEDIR DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
        struct dirent *entry;
        struct stat st;

        if (!dir)
                return error_errno(err, errno, "cannot read %s of the image", path);
        copy = -1;
        while ((entry = readdir(dir)))
                if (!str_equal(entry->d_name, ".") && !str_equal(entry->d_name, "..") &&
                    fstatat(upper, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
                        AUTO_FREE char *inner = str_format("%s/%s", path, entry->d_name);

                        strv_append(&diff->deleted, inner);
                }
        return 0;
}

static int diff_directory(struct diff *diff, int upper, int lower, const char *path, int depth,
                          struct error *err)
{
        AUTO_CLOSE int copy = openat(upper, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        AUTO_CLOSEDIR DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
        struct dirent *entry;

        if (!dir)
                return error_errno(err, errno, "cannot read %s", path);
        copy = -1;
        if (depth > DIFF_DEPTH)
                return error_set(err, ELOOP, "%s: more than %d directories inside each other", path,
                                 DIFF_DEPTH);
        if (lower >= 0 && diff_is_opaque(upper) && diff_hidden(diff, upper, lower, path, err) < 0)
                return -1;
        while ((entry = readdir(dir))) {
                AUTO_FREE char *inner = str_format("%s/%s", path, entry->d_name);

                if (!str_equal(entry->d_name, ".") && !str_equal(entry->d_name, "..") &&
                    diff_entry(diff, upper, lower, entry->d_name, inner, depth, err) < 0)
                        return -1;
        }
        return 0;
}

/* --- output */

static int diff_compare(const void *a, const void *b)
{
        const char *const *first = a, *const *second = b;

        return strcmp(*first + 1, *second + 1);
}

/* "A/path" in the order of the paths. */
static void diff_print_lines(const struct diff *diff)
{
        AUTO_STRV struct strv lines = { 0 };

        for (size_t i = 0; i < diff->added.count; i++)
                strv_appendf(&lines, "A%s", diff->added.items[i]);
        for (size_t i = 0; i < diff->changed.count; i++)
                strv_appendf(&lines, "C%s", diff->changed.items[i]);
        for (size_t i = 0; i < diff->deleted.count; i++)
                strv_appendf(&lines, "D%s", diff->deleted.items[i]);
        if (lines.count)
                qsort(lines.items, lines.count, sizeof *lines.items, diff_compare);
        for (size_t i = 0; i < lines.count; i++)
                printable_line("%c %s", lines.items[i][0], lines.items[i] + 1);
}

static void diff_print_json(const struct diff *diff)
{
        AUTO_JSON struct json_object *object = json_object_new_object();
        AUTO_FREE char *text = NULL;

        json_set_strv(object, "added", &diff->added);
        json_set_strv(object, "changed", &diff->changed);
        json_set_strv(object, "deleted", &diff->deleted);
        text = json_shown(object);
        puts(text);
}

static int diff_show(const char *name, bool json, struct error *err)
{
        AUTO_SETTINGS struct settings settings = { 0 };
        CLEANUP(diff_free) struct diff diff = { 0 };
        AUTO_CLOSE int upper = -1, lower = -1;
        struct vantage_stores stores = { .additional = &settings.additional_stores };

        if (cmd_load_settings(&settings, err) < 0)
                return -1;
        stores.storage = store_root_of(settings.storage);
        if (vantage_open_layers(name, &stores, &upper, &lower, err) < 0 ||
            diff_directory(&diff, upper, lower, "", 0, err) < 0)
                return -1;
        if (json)
                diff_print_json(&diff);
        else
                diff_print_lines(&diff);
        return 0;
}

int cmd_diff(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        struct diff_request request = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 1, 1, &first, &status))
                return status;
        diff_show(argv[first], format_is_json(request.format), &err);
        free(request.format);
        return err.message ? log_failure(&err) : EXIT_SUCCESS;
}
