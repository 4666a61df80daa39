/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "set.h"

#include "../base/io.h"
#include "name.h"
#include "translate.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

const struct unit_type unit_types[] = {
        { ".container", "Container", "X-Container", "", "ContainerName", 3, translate_container },
        { ".pod", "Pod", "X-Pod", "-pod", "PodName", UNIT_RANK_POD, translate_pod },
        { ".volume", "Volume", "X-Volume", "-volume", "VolumeName", 1, translate_volume },
        { ".network", "Network", "X-Network", "-network", "NetworkName", 1, translate_network },
        { ".image", "Image", "X-Image", "-image", NULL, 0, translate_image },
        { ".build", "Build", "X-Build", "-build", NULL, 2, translate_build },
        { ".kube", "Kube", "X-Kube", "", NULL, 3, translate_kube },
        { ".artifact", "Artifact", "X-Artifact", "-artifact", NULL, 0, translate_artifact },
        { .extension = NULL },
};

const struct unit_type *unit_type_of(const char *name)
{
        const char *dot = strrchr(name, '.');

        for (const struct unit_type *type = unit_types; dot && type->extension; type++)
                if (str_is(type->extension + 1, dot + 1))
                        return type;
        return NULL;
}

static bool is_null_device(const struct stat *st)
{
        return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

/* Returns 1 where it is a link to /dev/null: there is to be no unit. */
static int check_regular(int fd, const char *path, struct error *err)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return error_errno(err, errno, "cannot open %s", path);
        if (is_null_device(&st))
                return 1;
        return S_ISREG(st.st_mode) ? 0 : unit_error_file(err, path, "not a regular file");
}

/* The whole of a regular file; of most files with a single read. */
static int read_text(int fd, const char *path, char **ret_text, size_t *ret_length,
                     struct error *err)
{
        char buffer[4096];
        ssize_t length = pread(fd, buffer, sizeof buffer, 0);

        if (length < 0 || length == sizeof buffer)
                return io_read_fd(fd, path, UNIT_FILE_MAX, ret_text, ret_length, err);
        *ret_text = alloc_grow(NULL, (size_t)length + 1, 1);
        memcpy(*ret_text, buffer, (size_t)length);
        (*ret_text)[length] = '\0';
        *ret_length = (size_t)length;
        return 0;
}

static int fail_loading(const char *path, struct error *err)
{
        return error_alias(err, "error loading \"%s\"%s%s", path, err->alias ? ", " : "",
                           err->alias ? err->alias : "");
}

/* A directory that the next file may be in as well: from there, its path is shorter. */
struct whereabouts {
        const char *directory; /* borrowed from the search, or NULL */
        int fd;                /* AT_FDCWD where it cannot be opened: then by the whole path */
};

static void whereabouts_leave(struct whereabouts *here)
{
        if (here->fd >= 0)
                close(here->fd);
}

static void whereabouts_enter(struct whereabouts *here, const char *directory)
{
        if (here->directory == directory)
                return;
        whereabouts_leave(here);
        here->directory = directory;
        here->fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (here->fd < 0)
                here->fd = AT_FDCWD;
}

/* Read one file into file; name: its path from dirfd on; regular: it is known to be one. A FIFO
 * must not hold up the boot, hence O_NONBLOCK. Returns 1 where there is to be no unit. */
static int read_into(struct unit_file *file, int dirfd, const char *name, const char *path,
                     bool regular, struct error *err)
{
        AUTO_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        int result = 0;
        char *text;
        size_t length;

        if (fd < 0)
                return error_errno(err, errno, "cannot open %s", path);
        if (!regular && (result = check_regular(fd, path, err)) != 0)
                return result;
        if (read_text(fd, path, &text, &length, err) < 0)
                return -1;
        return unit_parse(file, path, text, length, err);
}

/* A bad drop-in is reported; the rest is still used. */
static void load_dropins(struct unit_source *source, const struct search *search,
                         struct report *report)
{
        search_dropins(search, source->name, &source->paths, report);
        for (size_t i = 0; i < source->paths.count; i++) {
                AUTO_ERROR struct error err = { 0 };

                report_detail(report, "Loading source drop-in file %s", source->paths.items[i]);
                if (read_into(&source->file, AT_FDCWD, source->paths.items[i],
                              source->paths.items[i], false, &err) >= 0)
                        continue;
                fail_loading(source->paths.items[i], &err);
                report_failure(report, &err);
        }
}

static int compare_sources(const void *name, const void *source)
{
        return strcmp(name, ((const struct unit_source *)source)->name);
}

struct unit_source *unit_set_find(const struct unit_set *set, const char *name)
{
        if (!set->count)
                return NULL;
        return bsearch(name, set->sources, set->count, sizeof *set->sources, compare_sources);
}

static void source_free(struct unit_source *source)
{
        unit_free(&source->file);
        unit_free(&source->slice);
        strv_free(&source->paths);
        strv_free(&source->members);
        free(source->path);
        free(source->service);
        free(source->resource);
}

void unit_set_free(struct unit_set *set)
{
        for (size_t i = 0; i < set->count; i++)
                source_free(&set->sources[i]);
        free(set->sources);
        set->sources = NULL;
        set->count = 0;
}

/* The path becomes a line of the unit. */
static bool is_clean(const char *path)
{
        for (; *path; path++)
                if ((unsigned char)*path < ' ' || *path == 0x7f)
                        return false;
        return true;
}

/* dirfd is of its directory, or AT_FDCWD. */
static void load_source(struct unit_source *source, const struct search_file *found, int dirfd,
                        const struct search *search, struct report *report)
{
        AUTO_ERROR struct error err = { 0 };
        int result;

        if (!is_clean(source->path)) {
                report_at(report, REPORT_ERROR, (struct error_place){ .path = source->path },
                          "control characters in the name");
                source->masked = true;
                return;
        }
        report_detail(report, "Loading source unit file %s", source->path);
        result = read_into(&source->file, dirfd, dirfd < 0 ? source->path : source->name,
                           source->path, found->regular, &err);
        source->usable = result == 0;
        source->masked = result > 0;
        if (source->masked)
                report_detail(report, "%s is masked", source->path);
        if (source->usable)
                load_dropins(source, search, report);
        else if (!source->masked)
                fail_loading(source->path, &err);
        report_failure(report, &err);
}

void unit_set_list(struct unit_set *set, const struct search *search)
{
        set->sources = alloc_zero(search->count, sizeof *set->sources);
        set->count = search->count;
        for (size_t i = 0; i < search->count; i++) {
                const struct search_file *found = &search->files[i];
                struct unit_source *source = &set->sources[i];

                source->path = str_concat(found->directory, "/", found->name);
                source->name = strrchr(source->path, '/') + 1;
                source->directory = found->directory;
                source->type = found->type;
                source->elsewhere = true;
        }
}

void unit_set_read(struct unit_set *set, const struct search *search, size_t first, size_t end,
                   struct report *report)
{
        CLEANUP(whereabouts_leave) struct whereabouts here = { .fd = AT_FDCWD };

        for (size_t i = first; i < end; i++) {
                whereabouts_enter(&here, search->files[i].directory);
                set->sources[i].elsewhere = false;
                load_source(&set->sources[i], &search->files[i], here.fd, search, report);
        }
}

static void say_nothing(void *context, const struct report_message *message)
{
        (void)context;
        (void)message;
}

void unit_set_read_pods(struct unit_set *set, const struct search *search)
{
        struct report silent = { .take = say_nothing };

        for (size_t i = 0; i < set->count; i++)
                if (set->sources[i].elsewhere && set->sources[i].type->rank == UNIT_RANK_POD)
                        load_source(&set->sources[i], &search->files[i], AT_FDCWD, search, &silent);
}

void unit_set_settle(struct unit_set *set, struct report *report)
{
        size_t kept = 0;

        for (size_t i = 0; i < set->count; i++) {
                if (set->sources[i].masked)
                        source_free(&set->sources[i]);
                else if (kept++ < i)
                        set->sources[kept - 1] = set->sources[i];
        }
        set->count = kept;
        name_compare(set, report);
}

void unit_set_load(struct unit_set *set, const struct search *search, struct report *report)
{
        unit_set_list(set, search);
        unit_set_read(set, search, 0, search->count, report);
        name_sources(set, report);
        unit_set_settle(set, report);
}
