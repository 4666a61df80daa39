/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "search.h"

#include "set.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
        SEARCH_DEPTH = 64 /* levels of sub-directories; links cannot loop, but trees can be deep */
};

struct name {
        char *text; /* owned */
        unsigned char type;
};

struct names {
        struct name *items; /* owned */
        size_t count;
        size_t capacity;
};

static void names_free(struct names *names)
{
        for (size_t i = 0; i < names->count; i++)
                free(names->items[i].text);
        free(names->items);
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

/* The entries of a directory, sorted. False where it cannot be read, with errno. */
static bool names_read(const char *path, struct names *names)
{
        AUTO_CLOSEDIR DIR *dir = opendir(path);
        struct dirent *entry;

        if (!dir)
                return false;
        while ((entry = readdir(dir))) {
                if (str_equal(entry->d_name, ".") || str_equal(entry->d_name, ".."))
                        continue;
                if (names->count == names->capacity) {
                        names->capacity = names->capacity ? names->capacity * 2 : 32;
                        names->items =
                                alloc_grow(names->items, names->capacity, sizeof *names->items);
                }
                names->items[names->count++] =
                        (struct name){ .text = str_dup(entry->d_name), .type = entry->d_type };
        }
        if (names->count)
                qsort(names->items, names->count, sizeof *names->items, compare_names);
        return true;
}

static bool is_directory(const char *path, unsigned char type)
{
        struct stat st;

        if (type != DT_LNK && type != DT_UNKNOWN)
                return type == DT_DIR;
        return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_number(const char *name)
{
        return name[strspn(name, "0123456789")] == '\0';
}

/* Whether path is one of the trees or lies in one. */
static bool is_excluded(const struct search *search, const char *path)
{
        for (size_t i = 0; i < search->excluded.count; i++) {
                const char *rest = str_after(path, search->excluded.items[i]);

                if (rest && (!*rest || *rest == '/'))
                        return true;
        }
        return false;
}

/* What is no container file stays where it is. */
static void add_file(struct search *search, const char *directory, struct name *name)
{
        const struct unit_type *type = unit_type_of(name->text);

        if (!type)
                return;
        if (search->count == search->capacity) {
                search->capacity = search->capacity ? search->capacity * 2 : 64;
                search->files = alloc_grow(search->files, search->capacity, sizeof *search->files);
        }
        search->files[search->count++] = (struct search_file){ .directory = directory,
                                                               .name = steal_str(&name->text),
                                                               .type = type,
                                                               .regular = name->type == DT_REG };
}

static void walk(struct search *search, const char *path, bool skip_numbers, int depth,
                 struct report *report);

/* What is neither a container file nor a drop-in directory may be a directory to descend into. */
static void walk_entry(struct search *search, const char *parent, const struct name *name,
                       bool skip_numbers, int depth, struct report *report)
{
        AUTO_FREE char *path = NULL;

        if (name->type != DT_DIR && name->type != DT_LNK && name->type != DT_UNKNOWN)
                return;
        path = str_format("%s/%s", parent, name->text);
        if (!is_directory(path, name->type))
                return;
        if (str_has_suffix(name->text, ".d"))
                strv_append(&search->dropins, path);
        else if (!skip_numbers || !is_number(name->text))
                walk(search, path, false, depth + 1, report);
}

static void walk(struct search *search, const char *path, bool skip_numbers, int depth,
                 struct report *report)
{
        AUTO_FREE char *real = realpath(path, NULL);
        CLEANUP(names_free) struct names names = { 0 };
        const char *directory;

        if (!real && errno == ENOENT)
                return;
        if (real && (strv_contains(&search->directories, real) || is_excluded(search, real)))
                return;
        if (depth > SEARCH_DEPTH) {
                report_error(report, "%s: more than %d levels of directories", path, SEARCH_DEPTH);
                return;
        }
        if (!real || !names_read(real, &names)) {
                report_error(report, "cannot read directory %s: %s", path, strerror(errno));
                return;
        }
        strv_append_owned(&search->directories, steal_str(&real));
        directory = search->directories.items[search->directories.count - 1];
        for (size_t i = 0; i < names.count; i++)
                add_file(search, directory, &names.items[i]);
        for (size_t i = 0; i < names.count; i++)
                if (names.items[i].text)
                        walk_entry(search, directory, &names.items[i], skip_numbers, depth, report);
}

static void walk_format(struct search *search, bool skip_numbers, struct report *report,
                        const char *format, ...) PRINTF_LIKE(4, 5);
static void walk_format(struct search *search, bool skip_numbers, struct report *report,
                        const char *format, ...)
{
        AUTO_FREE char *path = NULL;
        va_list args;

        va_start(args, format);
        path = str_vformat(format, args);
        va_end(args);
        walk(search, path, skip_numbers, 0, report);
}

static void exclude(struct search *search, const char *root, const char *path)
{
        AUTO_FREE char *full = str_format("%s%s", root, path);
        char *real = realpath(full, NULL);

        if (real)
                strv_append_owned(&search->excluded, real);
}

/* The directories below users/ are not for the system's manager. */
static void walk_system(struct search *search, const char *root, struct report *report)
{
        exclude(search, root, "/etc/containers/systemd/users");
        exclude(search, root, "/usr/share/containers/systemd/users");
        walk_format(search, false, report, "%s/run/containers/systemd", root);
        walk_format(search, false, report, "%s/etc/containers/systemd", root);
        walk_format(search, false, report, "%s/usr/share/containers/systemd", root);
}

static void walk_user(struct search *search, const char *root, struct report *report)
{
        static const char *const common[] = { "/etc/containers/systemd/users",
                                              "/usr/share/containers/systemd/users" };
        const char *runtime = getenv("XDG_RUNTIME_DIR");
        const char *config = getenv("XDG_CONFIG_HOME");
        const char *home = getenv("HOME");
        unsigned uid = getuid();

        if (!str_empty(runtime))
                walk_format(search, false, report, "%s/containers/systemd", runtime);
        if (!str_empty(config))
                walk_format(search, false, report, "%s/containers/systemd", config);
        else if (!str_empty(home))
                walk_format(search, false, report, "%s/.config/containers/systemd", home);
        for (size_t i = 0; i < sizeof common / sizeof *common; i++) {
                walk_format(search, true, report, "%s%s", root, common[i]);
                walk_format(search, false, report, "%s%s/%u", root, common[i], uid);
        }
}

/* A relative entry ends the list, as in Podman. */
static void walk_given(struct search *search, const char *directories, struct report *report)
{
        AUTO_STRV struct strv list = { 0 };

        strv_split(&list, directories, ":", false);
        for (size_t i = 0; i < list.count; i++) {
                if (list.items[i][0] != '/') {
                        report_warning(report, "QUADLET_UNIT_DIRS: %s is not an absolute path",
                                       list.items[i]);
                        return;
                }
                walk(search, list.items[i], false, 0, report);
        }
}

struct ranked {
        struct search_file file;
        size_t rank;
};

static int compare_ranked(const void *a, const void *b)
{
        const struct ranked *left = a;
        const struct ranked *right = b;
        int order = strcmp(left->file.name, right->file.name);

        return order ? order : (left->rank > right->rank) - (left->rank < right->rank);
}

/* The files of a single directory are in order already, and no two of them have the same name. */
static bool is_sorted(const struct search *search)
{
        for (size_t i = 1; i < search->count; i++)
                if (strcmp(search->files[i - 1].name, search->files[i].name) >= 0)
                        return false;
        return true;
}

/* Sort by name; of equal names only the one found first stays. */
static void drop_masked(struct search *search)
{
        AUTO_FREE struct ranked *ranked = alloc_zero(search->count, sizeof *ranked);
        size_t kept = 0;

        for (size_t i = 0; i < search->count; i++)
                ranked[i] = (struct ranked){ .file = search->files[i], .rank = i };
        qsort(ranked, search->count, sizeof *ranked, compare_ranked);
        for (size_t i = 0; i < search->count; i++) {
                if (kept && str_equal(search->files[kept - 1].name, ranked[i].file.name))
                        free(ranked[i].file.name);
                else
                        search->files[kept++] = ranked[i].file;
        }
        search->count = kept;
}

void search_run(struct search *search, const char *root, bool is_user, const char *directories,
                struct report *report)
{
        if (!str_empty(directories))
                walk_given(search, directories, report);
        else if (is_user)
                walk_user(search, root, report);
        else
                walk_system(search, root, report);
        if (!is_sorted(search))
                drop_masked(search);
}

void search_free(struct search *search)
{
        for (size_t i = 0; i < search->count; i++)
                free(search->files[i].name);
        free(search->files);
        strv_free(&search->directories);
        strv_free(&search->excluded);
        strv_free(&search->dropins);
        *search = (struct search){ 0 };
}

/* The names a drop-in directory for this file may have, the most specific first:
 * a-b@i.container.d, a-b@.container.d, a-@.container.d, a-.container.d, container.d. */
static void dropin_names(const char *name, struct strv *ret)
{
        const char *extension = strrchr(name, '.');
        size_t stem = (size_t)(extension - name);
        const char *at = memchr(name, '@', stem);
        size_t prefix = at ? (size_t)(at - name) : stem;

        strv_appendf(ret, "%s.d", name);
        if (at && prefix + 1 < stem)
                strv_appendf(ret, "%.*s@%s.d", (int)prefix, name, extension);
        for (size_t i = prefix; i > 0; i--) {
                if (name[i - 1] != '-' || i == stem)
                        continue;
                if (at)
                        strv_appendf(ret, "%.*s@%s.d", (int)i, name, extension);
                strv_appendf(ret, "%.*s%s.d", (int)i, name, extension);
        }
        strv_appendf(ret, "%s.d", extension + 1);
}

struct dropin {
        char *path; /* owned */
        const char *name;
        size_t rank;
};

static int compare_dropins(const void *a, const void *b)
{
        const struct dropin *left = a;
        const struct dropin *right = b;
        int order = strcmp(left->name, right->name);

        return order ? order : (left->rank > right->rank) - (left->rank < right->rank);
}

/* Append the paths of the .conf files of a directory. */
static void dropin_files(const char *directory, struct strv *ret, struct report *report)
{
        CLEANUP(names_free) struct names names = { 0 };

        if (!names_read(directory, &names)) {
                report_error(report, "cannot read directory %s: %s", directory, strerror(errno));
                return;
        }
        for (size_t i = 0; i < names.count; i++)
                if (str_has_suffix(names.items[i].text, ".conf"))
                        strv_appendf(ret, "%s/%s", directory, names.items[i].text);
}

void search_dropins(const struct search *search, const char *name, struct strv *ret,
                    struct report *report)
{
        AUTO_STRV struct strv wanted = { 0 };
        AUTO_STRV struct strv paths = { 0 };
        AUTO_FREE struct dropin *found = NULL;

        if (!search->dropins.count)
                return;
        dropin_names(name, &wanted);
        for (size_t i = 0; i < wanted.count; i++)
                for (size_t k = 0; k < search->dropins.count; k++)
                        if (str_equal(strrchr(search->dropins.items[k], '/') + 1, wanted.items[i]))
                                dropin_files(search->dropins.items[k], &paths, report);
        if (!paths.count)
                return;
        found = alloc_zero(paths.count, sizeof *found);
        for (size_t i = 0; i < paths.count; i++)
                found[i] = (struct dropin){ .path = paths.items[i],
                                            .name = strrchr(paths.items[i], '/') + 1,
                                            .rank = i };
        qsort(found, paths.count, sizeof *found, compare_dropins);
        for (size_t i = 0; i < paths.count; i++)
                if (!i || strcmp(found[i - 1].name, found[i].name) != 0)
                        strv_append(ret, found[i].path);
}
