/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit quadlet rm */
#include "../base/io.h"
#include "../base/log.h"
#include "../base/printable.h"
#include "../base/spawn.h"
#include "quadlet.h"
#include "unit-cmd.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIELD(name) offsetof(struct quadlet_options, name)

const struct option_row cmd_quadlet_rm_options[] = {
        { "all", 'a', OPTION_FLAG, NULL, "All files of the directory they are installed in",
          option_take_bool, FIELD(all) },
        { "force", 'f', OPTION_FLAG, NULL, "Stop units that run", option_take_bool, FIELD(force) },
        { "ignore", 'i', OPTION_FLAG, NULL, "A file that is not there is no failure",
          option_take_bool, FIELD(ignore) },
        { "reload-systemd", 0, OPTION_FLAG, NULL, "Have systemd forget their units (true)",
          quadlet_take_reload, 0 },
        { "user", 0, OPTION_FLAG, NULL, "The files of a user's own systemd", option_take_bool,
          FIELD(is_user) },
        { .name = NULL },
};

struct removal {
        const struct quadlet_options *options; /* borrowed */
        struct quadlet_files files;
        struct strv states;
        size_t removed; /* files so far */
        int status;     /* the exit status so far */
};

static void removal_free(struct removal *removal)
{
        quadlet_files_free(&removal->files);
        strv_free(&removal->states);
}

/* Whether the file is in the directory that `quadlet install` writes to. */
static bool is_installed(const struct removal *removal, const struct unit_source *source)
{
        const char *directory = removal->files.directory;
        const char *rest = directory ? str_after(source->directory, directory) : NULL;

        return rest && (!*rest || *rest == '/');
}

static bool is_running(const char *state)
{
        return str_has_prefix(state, "active/") || str_has_prefix(state, "activating/") ||
               str_has_prefix(state, "reloading/") || str_has_prefix(state, "deactivating/");
}

static int stop_unit(const struct removal *removal, const char *service, struct error *err)
{
        AUTO_STRV struct strv words = { 0 };
        int status;

        quadlet_systemctl(removal->options->is_user, &words);
        strv_append(&words, "stop");
        strv_append(&words, "--");
        strv_append(&words, service);
        status = spawn_run(&words, NULL, SPAWN_INHERIT, NULL, err);
        if (status <= 0)
                return status;
        return error_set(err, 0, "systemctl stop %s failed with status %d", service, status);
}

static int check_source(struct removal *removal, size_t index, struct error *err)
{
        const struct unit_source *source = &removal->files.set.sources[index];
        const char *state = removal->states.items[index];

        if (!is_installed(removal, source))
                return error_set(err, EPERM, "%s is not ours to remove: it is not in %s",
                                 source->path,
                                 removal->files.directory ? removal->files.directory
                                                          : "the directory for container files");
        if (is_running(state) && !removal->options->force)
                return error_set(err, EBUSY, "%s is %s: stop it, or use --force", source->service,
                                 state);
        return 0;
}

static int remove_source(struct removal *removal, size_t index, struct error *err)
{
        const struct unit_source *source = &removal->files.set.sources[index];
        const char *state = removal->states.items[index];

        if (check_source(removal, index, err) < 0)
                return -1;
        if (is_running(state) && stop_unit(removal, source->service, err) < 0)
                return -1;
        if (unlink(source->path) < 0)
                return error_errno(err, errno, "cannot remove %s", source->path);
        printable_line("%s", source->name);
        removal->removed++;
        return 0;
}

typedef int source_function(struct removal *removal, size_t index, struct error *err);

/* For the container files of an application, or those of none, until it fails. */
static int each_source(struct removal *removal, const char *application_or_null,
                       source_function *function, struct error *err)
{
        for (size_t i = 0; i < removal->files.set.count; i++) {
                const struct unit_source *source = &removal->files.set.sources[i];
                AUTO_FREE char *application = quadlet_application(&removal->files, source);

                if (is_installed(removal, source) && str_equal(application, application_or_null) &&
                    function(removal, i, err) < 0)
                        return -1;
        }
        return 0;
}

/* All container files of an application, and then what else is in its directory; or nothing. */
static int remove_application(struct removal *removal, const char *name, struct error *err)
{
        AUTO_FREE char *directory = str_concat(removal->files.directory, "/", name);

        if (each_source(removal, name, check_source, err) < 0 ||
            each_source(removal, name, remove_source, err) < 0)
                return -1;
        removal->removed++;
        return io_remove_tree(AT_FDCWD, directory, err);
}

/* The system's directory has those of users below it, which are no application. */
static bool is_application(const struct removal *removal, const char *name)
{
        AUTO_FREE char *path = NULL;
        struct stat st;

        if (!removal->files.directory || !*name || name[0] == '.' || strchr(name, '/') ||
            str_has_suffix(name, ".d") || (!removal->options->is_user && str_equal(name, "users")))
                return false;
        path = str_concat(removal->files.directory, "/", name);
        return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int remove_name(struct removal *removal, const char *name, struct error *err)
{
        for (size_t i = 0; i < removal->files.set.count; i++)
                if (str_equal(removal->files.set.sources[i].name, name))
                        return remove_source(removal, i, err);
        if (is_application(removal, name))
                return remove_application(removal, name, err);
        if (removal->options->ignore)
                return 0;
        return error_set(err, ENOENT, "there is no container file '%s'", name);
}

static int remove_named(const char *name, void *context, struct error *err)
{
        return remove_name(context, name, err);
}

static int remove_own_source(struct removal *removal, size_t index, struct error *err)
{
        AUTO_ERROR struct error failed = { 0 };

        (void)err;
        if (remove_source(removal, index, &failed) < 0)
                removal->status = cmd_removal_failure(&failed);
        return 0;
}

static int remove_application_of(int dir, const char *name, void *context, struct error *err)
{
        struct removal *removal = context;
        AUTO_ERROR struct error failed = { 0 };

        (void)dir;
        (void)err;
        if (is_application(removal, name) && remove_application(removal, name, &failed) < 0)
                removal->status = cmd_removal_failure(&failed);
        return 0;
}

/* Applications as wholes: what another file of the same name hides would come to life. One that
 * cannot be removed does not keep the others. */
static int remove_all(struct removal *removal, struct error *err)
{
        if (!removal->files.directory)
                return 0;
        if (io_each_name(AT_FDCWD, removal->files.directory, remove_application_of, removal, err) <
            0)
                return -1;
        return each_source(removal, NULL, remove_own_source, err);
}

int cmd_quadlet_rm(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_QUADLET_OPTIONS struct quadlet_options options = { .is_user = getuid() != 0 };
        CLEANUP(removal_free) struct removal removal = { .options = &options };
        AUTO_ERROR struct error err = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &options, 0, -1, &first, &status))
                return status;
        if ((first == argc) != options.all) {
                log_error("quadlet rm: %s", options.all ? "names and --all exclude each other"
                                                        : "give names, or --all");
                return CMD_USAGE;
        }
        quadlet_load(&removal.files, options.is_user);
        quadlet_states(&removal.files, options.is_user, &removal.states);
        removal.status = cmd_each(argv + first, (size_t)(argc - first), remove_named, &removal,
                                  cmd_removal_failure);
        if (options.all && remove_all(&removal, &err) < 0)
                return log_failure(&err);
        status = removal.status;
        if (removal.removed && quadlet_reload(&options, &err) < 0)
                status = log_failure(&err);
        return status;
}
