/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit quadlet install: all files are read, and what is wrong with them known, before the first
 * one is written. */
#include "../base/io.h"
#include "../base/log.h"
#include "../base/printable.h"
#include "../unit/quadlets.h"
#include "quadlet.h"
#include "unit-cmd.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIELD(name) offsetof(struct quadlet_options, name)

const struct option_row cmd_quadlet_install_options[] = {
        { "application", 0, OPTION_VALUE, "NAME",
          "Put the files into a sub-directory of that name (of a directory: its own name)",
          option_take_string, FIELD(application) },
        { "reload-systemd", 0, OPTION_FLAG, NULL, "Have systemd read the files (true)",
          quadlet_take_reload, 0 },
        { "replace", 'r', OPTION_FLAG, NULL, "Replace files that are there", option_take_bool,
          FIELD(replace) },
        { "user", 0, OPTION_FLAG, NULL, "For a user's own systemd", option_take_bool,
          FIELD(is_user) },
        { .name = NULL },
};

struct install_file {
        char *name; /* owned; of a drop-in, with its directory */
        char *text; /* owned */
        size_t length;
        mode_t mode;
};

struct install_job {
        const struct quadlet_options *options; /* borrowed */
        struct install_file *files;            /* owned */
        size_t count;
        char *application; /* owned; or NULL */
        char *directory;   /* owned; where they go */
};

static void install_job_free(struct install_job *job)
{
        for (size_t i = 0; i < job->count; i++) {
                free(job->files[i].name);
                free(job->files[i].text);
        }
        free(job->files);
        free(job->application);
        free(job->directory);
}

/* Takes ownership of text. */
static int install_add(struct install_job *job, const char *name, char *text, size_t length,
                       mode_t mode, struct error *err)
{
        for (size_t i = 0; i < job->count; i++) {
                if (!str_equal(job->files[i].name, name))
                        continue;
                free(text);
                return error_set(err, EEXIST, "%s: two of the files have this name", name);
        }
        job->files = alloc_grow(job->files, job->count + 1, sizeof *job->files);
        job->files[job->count++] =
                (struct install_file){ str_dup(name), text, length, mode & 0777 };
        return 0;
}

static int install_add_parts(struct install_job *job, const char *path, const char *text,
                             mode_t mode, struct error *err)
{
        AUTO_QUADLETS struct quadlets quadlets = { 0 };

        if (quadlets_split(text, path, &quadlets, err) < 0)
                return -1;
        for (size_t i = 0; i < quadlets.count; i++) {
                char *part = steal_str(&quadlets.parts[i].text);

                if (install_add(job, quadlets.parts[i].name, part, strlen(part), mode, err) < 0)
                        return -1;
        }
        return 0;
}

/* A container file, several in one, a drop-in, or a file that goes along with them. */
static int install_read(struct install_job *job, int dirfd, const char *path, const char *name,
                        struct error *err)
{
        AUTO_CLOSE int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        AUTO_FREE char *text = NULL;
        size_t length;
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return error_errno(err, errno, "cannot open %s", path);
        if (!S_ISREG(st.st_mode))
                return error_set(err, EINVAL, "%s: not a regular file", path);
        if (io_read_fd(fd, path, UNIT_FILE_MAX, &text, &length, err) < 0)
                return -1;
        if (str_has_suffix(path, ".quadlets"))
                return install_add_parts(job, path, text, st.st_mode, err);
        return install_add(job, name, steal_str(&text), length, st.st_mode, err);
}

static int install_read_named(struct install_job *job, const char *path, struct error *err)
{
        const char *slash = strrchr(path, '/');

        return install_read(job, AT_FDCWD, path, slash ? slash + 1 : path, err);
}

/* A directory that is being read, and in it one with drop-ins. */
struct install_directory {
        struct install_job *job; /* borrowed */
        const char *path;        /* borrowed; as it was given */
        int fd;                  /* borrowed; of the directory, while its drop-ins are read */
        const char *dropins;     /* borrowed; the name of the one with drop-ins */
};

/* Whether the generator looks for drop-ins in directories of this name: web.container.d,
 * web-.container.d, container.d. */
static bool is_dropin_directory(const char *name)
{
        AUTO_FREE char *file = NULL;

        if (!str_has_suffix(name, ".d"))
                return false;
        file = str_format(".%.*s", (int)(strlen(name) - strlen(".d")), name);
        return unit_type_of(file);
}

static int install_take_dropin(int dir, const char *name, void *context, struct error *err)
{
        const struct install_directory *directory = context;
        AUTO_FREE char *path = str_concat(directory->dropins, "/", name);

        (void)dir;
        if (name[0] == '.')
                return 0;
        if (str_has_suffix(name, ".conf"))
                return install_read(directory->job, directory->fd, path, path, err);
        log_warning("%s/%s is not installed: the names of drop-ins end in .conf", directory->path,
                    path);
        return 0;
}

static int install_take_name(int dir, const char *name, void *context, struct error *err)
{
        struct install_directory *directory = context;
        AUTO_FREE char *inside = NULL;
        struct stat st;

        if (name[0] == '.')
                return 0;
        if (fstatat(dir, name, &st, 0) < 0 || !S_ISDIR(st.st_mode))
                return install_read(directory->job, dir, name, name, err);
        if (!is_dropin_directory(name)) {
                log_warning("%s/%s is not installed: of directories in it, only those with "
                            "drop-ins are, as web.container.d",
                            directory->path, name);
                return 0;
        }
        directory->fd = dir;
        directory->dropins = name;
        inside = str_concat(name, "/."); /* it may be a link */
        return io_each_name(dir, inside, install_take_dropin, directory, err);
}

/* The name of the directory becomes the application's. */
static int install_read_directory(struct install_job *job, const char *path, struct error *err)
{
        AUTO_FREE char *real = realpath(path, NULL);
        struct install_directory directory = { .job = job, .path = path };

        if (!real)
                return error_errno(err, errno, "%s", path);
        if (!job->application)
                job->application = str_dup(strrchr(real, '/') + 1);
        if (!*job->application)
                return error_set(err, EINVAL, "%s: a directory without a name, give --application",
                                 path);
        return io_each_name(AT_FDCWD, real, install_take_name, &directory, err);
}

static int install_read_all(struct install_job *job, size_t count, char *const *paths,
                            struct error *err)
{
        for (size_t i = 0; i < count; i++) {
                struct stat st;
                int result;

                if (strstr(paths[i], "://"))
                        return error_set(err, EOPNOTSUPP,
                                         "%s: addresses are not supported by this version; "
                                         "download it first",
                                         paths[i]);
                if (stat(paths[i], &st) == 0 && S_ISDIR(st.st_mode))
                        result = install_read_directory(job, paths[i], err);
                else
                        result = install_read_named(job, paths[i], err);
                if (result < 0)
                        return -1;
        }
        for (size_t i = 0; i < job->count; i++)
                if (unit_type_of(job->files[i].name))
                        return 0;
        return error_set(err, EINVAL, "there is no container file among them");
}

/* Those of users are in a directory beside the system's applications. */
static bool is_application_name(const struct install_job *job, const char *name)
{
        return *name && *name != '.' && !strchr(name, '/') && !str_has_suffix(name, ".d") &&
               (job->options->is_user || !str_equal(name, "users"));
}

/* Owned. */
static char *install_path(const struct install_job *job, const struct install_file *file)
{
        return str_concat(job->directory, "/", file->name);
}

/* The directory that drop-ins go to; owned, or NULL for other files. */
static char *install_dropin_directory(const struct install_job *job,
                                      const struct install_file *file)
{
        const char *slash = strchr(file->name, '/');

        return slash ? str_format("%s/%.*s", job->directory, (int)(slash - file->name), file->name)
                     : NULL;
}

/* Whether there is room for it. */
static int install_check_place(const struct install_job *job, const struct install_file *file,
                               struct error *err)
{
        AUTO_FREE char *path = install_path(job, file);
        AUTO_FREE char *directory = install_dropin_directory(job, file);
        struct stat st;

        if (directory && stat(directory, &st) == 0 && !S_ISDIR(st.st_mode))
                return error_set(err, ENOTDIR, "%s is not a directory: remove it first", directory);
        if (lstat(path, &st) < 0)
                return 0;
        if (S_ISDIR(st.st_mode))
                return error_set(err, EISDIR, "%s is a directory: remove it first", path);
        if (!job->options->replace)
                return error_set(err, EEXIST, "%s exists, use --replace", path);
        return 0;
}

/* What the generator could not even read is not put there. */
static int install_check_text(const struct install_file *file, struct error *err)
{
        AUTO_UNIT struct unit_file parsed = { 0 };
        char *copy;

        if (!unit_type_of(file->name) && !strchr(file->name, '/'))
                return 0;
        copy = alloc_grow(NULL, file->length + 1, 1);
        memcpy(copy, file->text, file->length + 1);
        if (unit_parse(&parsed, file->name, copy, file->length, err) == 0)
                return 0;
        return err ? error_set(err, 0, "%s:%u: %s", file->name, err->place.line, err->message) : -1;
}

static int install_check(const struct install_job *job, struct error *err)
{
        if (job->application && !is_application_name(job, job->application))
                return error_set(err, EINVAL, "--application %s: not a name for an application",
                                 job->application);
        for (size_t i = 0; i < job->count; i++)
                if (install_check_place(job, &job->files[i], err) < 0 ||
                    install_check_text(&job->files[i], err) < 0)
                        return -1;
        return 0;
}

static int install_make_directory(const char *path, struct error *err)
{
        if (io_make_dirs(AT_FDCWD, path, 0755, err) < 0)
                return -1;
        if (io_sync_directory_of(AT_FDCWD, path) < 0)
                return error_errno(err, errno, "cannot sync the directory of %s", path);
        return 0;
}

static int install_write(const struct install_job *job, struct error *err)
{
        if (install_make_directory(job->directory, err) < 0)
                return -1;
        for (size_t i = 0; i < job->count; i++) {
                const struct install_file *file = &job->files[i];
                AUTO_FREE char *path = install_path(job, file);
                AUTO_FREE char *directory = install_dropin_directory(job, file);

                if (directory && install_make_directory(directory, err) < 0)
                        return -1;
                if (io_write_file(AT_FDCWD, path, file->text, file->length, file->mode, IO_SYNC,
                                  err) < 0)
                        return -1;
                printable_line("%s", path);
        }
        return 0;
}

/* Of files with the same name the generator takes the one that it finds first. */
static void install_warn_hidden(const struct install_job *job)
{
        AUTO_QUADLET_FILES struct quadlet_files files = { 0 };
        AUTO_FREE char *real = realpath(job->directory, NULL);

        quadlet_load(&files, job->options->is_user);
        for (size_t i = 0; real && i < job->count; i++) {
                const char *name = job->files[i].name;

                for (size_t k = 0; k < files.search.count; k++) {
                        const struct search_file *found = &files.search.files[k];

                        if (str_equal(found->name, name) && !str_equal(found->directory, real))
                                log_warning("%s/%s has no effect: %s/%s has the same name and is "
                                            "found first",
                                            job->directory, name, found->directory, name);
                }
        }
}

static int install_run(const struct quadlet_options *options, size_t count, char *const *paths,
                       struct error *err)
{
        CLEANUP(install_job_free)
        struct install_job job = { .options = options,
                                   .application = str_dup(options->application) };
        AUTO_FREE char *base = quadlet_directory(options->is_user, err);

        if (!base || install_read_all(&job, count, paths, err) < 0)
                return -1;
        job.directory = job.application ? str_concat(base, "/", job.application) : str_dup(base);
        if (install_check(&job, err) < 0 || install_write(&job, err) < 0)
                return -1;
        install_warn_hidden(&job);
        return quadlet_reload(options, err);
}

int cmd_quadlet_install(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_QUADLET_OPTIONS struct quadlet_options options = { .is_user = getuid() != 0 };
        AUTO_ERROR struct error err = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &options, 1, -1, &first, &status))
                return status;
        if (install_run(&options, (size_t)(argc - first), argv + first, &err) == 0)
                return EXIT_SUCCESS;
        if (!err.place.line)
                return log_failure(&err);
        log_error("%s:%u: %s", err.place.path, err.place.line, err.message);
        return CMD_USAGE;
}
