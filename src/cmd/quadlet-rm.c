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
        { "all", 'a', OPTION_FLAG, NULL, "All applications, and the container files beside them",
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
        size_t removed; /* files and applications so far */
        /* What --all finds in the directory they are installed in: */
        struct strv applications;
        struct strv files_seen;   /* those that the generator reads */
        struct strv files_hidden; /* those it does not: another of that name comes first */
};

static void removal_free(struct removal *removal)
{
        quadlet_files_free(&removal->files);
        strv_free(&removal->states);
        strv_free(&removal->applications);
        strv_free(&removal->files_seen);
        strv_free(&removal->files_hidden);
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

static bool is_template(const char *service)
{
        return service && str_has_suffix(service, "@.service");
}

/* What `systemctl` calls the unit, or all instances of a template. Owned. */
static char *unit_pattern(const char *service)
{
        return is_template(service) ? str_substitute(service, "@.service", "@*.service")
                                    : str_dup(service);
}

/* A template itself has no state: it runs as long as one of its instances does. */
static void find_instances(struct removal *removal)
{
        for (size_t i = 0; i < removal->files.set.count; i++) {
                const char *service = removal->files.set.sources[i].service;
                AUTO_FREE char *pattern = NULL;
                AUTO_FREE char *text = NULL;
                AUTO_STRV struct strv words = { 0 };

                if (!is_template(service))
                        continue;
                pattern = unit_pattern(service);
                quadlet_systemctl(removal->options->is_user, &words);
                strv_append(&words, "list-units");
                strv_append(&words, "--plain");
                strv_append(&words, "--no-legend");
                strv_append(&words, "--state=active,activating,reloading,deactivating");
                strv_append(&words, "--");
                strv_append(&words, pattern);
                if (spawn_run(&words, NULL, SPAWN_STDOUT, &text, NULL) == 0 && !str_empty(text))
                        str_replace(removal->states.items + i, "active/instances");
        }
}

/* A step of the removal of one of the set's files. */
typedef int source_function(struct removal *removal, size_t index, struct error *err);

/* Whether it may go. */
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

static int stop_source(struct removal *removal, size_t index, struct error *err)
{
        AUTO_FREE char *service = unit_pattern(removal->files.set.sources[index].service);
        AUTO_STRV struct strv words = { 0 };
        int status;

        if (!is_running(removal->states.items[index]))
                return 0;
        quadlet_systemctl(removal->options->is_user, &words);
        strv_append(&words, "stop");
        strv_append(&words, "--");
        strv_append(&words, service);
        status = spawn_run(&words, NULL, SPAWN_INHERIT, NULL, err);
        if (status <= 0)
                return status;
        return error_set(err, 0, "systemctl stop %s failed with status %d", service, status);
}

/* One that was named twice is gone already. */
static int remove_file(struct removal *removal, const char *path, struct error *err)
{
        if (unlink(path) < 0)
                return errno == ENOENT ? 0 : error_errno(err, errno, "cannot remove %s", path);
        printable_line("%s", strrchr(path, '/') + 1);
        removal->removed++;
        return 0;
}

static int unlink_source(struct removal *removal, size_t index, struct error *err)
{
        return remove_file(removal, removal->files.set.sources[index].path, err);
}

static int remove_source(struct removal *removal, size_t index, struct error *err)
{
        if (check_source(removal, index, err) < 0 || stop_source(removal, index, err) < 0)
                return -1;
        return unlink_source(removal, index, err);
}

static int each_member(struct removal *removal, const char *name, source_function *function,
                       struct error *err)
{
        for (size_t i = 0; i < removal->files.set.count; i++) {
                AUTO_FREE char *application =
                        quadlet_application(&removal->files, &removal->files.set.sources[i]);

                if (str_equal(application, name) && function(removal, i, err) < 0)
                        return -1;
        }
        return 0;
}

/* All container files of an application, and then what else is in its directory. None of them goes
 * before all of them may, and have stopped. */
static int remove_application(const char *name, void *context, struct error *err)
{
        struct removal *removal = context;
        AUTO_FREE char *directory = str_concat(removal->files.directory, "/", name);

        if (each_member(removal, name, check_source, err) < 0 ||
            each_member(removal, name, stop_source, err) < 0 ||
            each_member(removal, name, unlink_source, err) < 0)
                return error_wrap(err, "application %s", name);
        if (io_remove_tree(AT_FDCWD, directory, err) < 0)
                return -1;
        removal->removed++;
        return 0;
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

static int remove_name(const char *name, void *context, struct error *err)
{
        struct removal *removal = context;
        const struct unit_source *source = unit_set_find(&removal->files.set, name);

        if (source)
                return remove_source(removal, (size_t)(source - removal->files.set.sources), err);
        if (is_application(removal, name))
                return remove_application(name, removal, err);
        if (removal->options->ignore)
                return 0;
        return error_set(err, ENOENT, "there is no container file '%s'", name);
}

/* The unit is another file's. */
static int remove_hidden(const char *name, void *context, struct error *err)
{
        struct removal *removal = context;
        AUTO_FREE char *path = str_concat(removal->files.directory, "/", name);

        return remove_file(removal, path, err);
}

/* A mask is no container file: without it, what it hides would come to life. */
static int take_entry(int dir, const char *name, void *context, struct error *err)
{
        struct removal *removal = context;
        const struct unit_source *source = unit_set_find(&removal->files.set, name);
        struct stat st;

        (void)err;
        if (is_application(removal, name))
                strv_append(&removal->applications, name);
        else if (!unit_type_of(name) || (fstatat(dir, name, &st, 0) == 0 && !S_ISREG(st.st_mode)))
                return 0;
        else if (source && str_equal(source->directory, removal->files.directory))
                strv_append(&removal->files_seen, name);
        else
                strv_append(&removal->files_hidden, name);
        return 0;
}

static int remove_each(struct removal *removal, const struct strv *names,
                       cmd_each_function *function, int status)
{
        int failed = cmd_each(names->items, names->count, function, removal, cmd_removal_failure);

        return failed > status ? failed : status;
}

/* One that cannot be removed does not keep the others. Returns the exit status. */
static int remove_all(struct removal *removal)
{
        AUTO_ERROR struct error err = { 0 };
        int status;

        if (!removal->files.directory)
                return EXIT_SUCCESS;
        if (io_each_name(AT_FDCWD, removal->files.directory, take_entry, removal, &err) < 0)
                return log_failure(&err);
        status = remove_each(removal, &removal->applications, remove_application, EXIT_SUCCESS);
        status = remove_each(removal, &removal->files_seen, remove_name, status);
        return remove_each(removal, &removal->files_hidden, remove_hidden, status);
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
        find_instances(&removal);
        status = options.all ? remove_all(&removal)
                             : cmd_each(argv + first, (size_t)(argc - first), remove_name, &removal,
                                        cmd_removal_failure);
        if (removal.removed && quadlet_reload(&options, &err) < 0)
                status = log_failure(&err);
        return status;
}
