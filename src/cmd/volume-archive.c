/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit volume export, import: in crunit-image, which has the library for archives. What is in the
 * volume is shown in a mount namespace of our own, so that nothing stays mounted. */
#include "../base/io.h"
#include "../base/log.h"
#include "../container/rootfs.h"
#include "../container/volume-mount.h"
#include "../container/volume-users.h"
#include "../image/flatten.h"
#include "../image/image.h"
#include "../image/layer.h"
#include "signals.h"
#include "volume-cmd.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>

struct export_request {
        char *output; /* owned; or NULL: standard output */
};

static void export_free(struct export_request *request)
{
        free(request->output);
}

const struct option_row cmd_volume_export_options[] = {
        { .name = "output",
          .letter = 'o',
          .argument = "FILE",
          .help = "write there; .gz, .zst and .xz at its end compress",
          .take = option_take_string,
          .field = offsetof(struct export_request, output) },
        { .name = NULL },
};

/* A volume that is looked into. */
struct archive {
        struct settings settings;
        struct volume volume;
        struct volume_view view;
        const char *storage; /* borrowed from settings */
        int lock;
        const volatile sig_atomic_t *cancel;
};

static void archive_free(struct archive *archive)
{
        settings_free(&archive->settings);
        volume_free(&archive->volume);
        volume_view_free(&archive->view);
        cleanup_close(&archive->lock);
}

static int archive_open_image(const struct archive *archive, struct store *store,
                              struct image *image, struct error *err)
{
        AUTO_FREE char *id = str_format("sha256:%s", archive->volume.image_id);

        if (store_open(archive->storage, STORE_READ, store, err) < 0)
                return -1;
        return image_open(store, id, image, err);
}

/* Find it, and show it on its own data directory. */
static int archive_open(struct archive *archive, const char *text, struct error *err)
{
        AUTO_STORE struct store store = STORE_NONE;
        AUTO_IMAGE struct image image = { 0 };
        AUTO_FREE char *name = NULL, *data = NULL;
        const struct strv none = { 0 };
        const struct volume_image shown = { .layers = &image.layers };
        bool layers;

        if (cmd_volume_storage(&archive->settings, &archive->storage, err) < 0 ||
            volume_resolve(archive->storage, text, &name, err) < 0 ||
            rootfs_unshare(&none, err) < 0)
                return -1;
        archive->lock = volume_lock(archive->storage, name, err);
        if (archive->lock < 0 || volume_load(archive->storage, name, &archive->volume, err) < 0)
                return -1;
        layers = volume_needs_layers(&archive->volume);
        if (layers && archive_open_image(archive, &store, &image, err) < 0)
                return -1;
        data = volume_data(archive->storage, name);
        return volume_show(archive->storage, &archive->volume, archive->lock,
                           layers ? &shown : NULL, data, &archive->view, err);
}

/* --- export */

static int export_to(const struct archive *archive, int fd, const char *name,
                     const char *compression, struct error *err)
{
        const struct flatten_options options = { compression, archive->cancel };
        AUTO_STRV struct strv directories = { 0 };

        strv_append(&directories, archive->view.path);
        return flatten_layers(&directories, &options, fd, name, NULL, err);
}

/* Under another name until it is whole. */
static int export_to_file(const struct archive *archive, const char *path, struct error *err)
{
        const char *slash = strrchr(path, '/');
        int directory = slash ? (int)(slash - path) + 1 : 0;
        AUTO_FREE char *aside =
                str_format("%.*s.%s.%d", directory, path, path + directory, (int)getpid());
        AUTO_CLOSE int fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        if (fd < 0)
                return error_errno(err, errno, "cannot write %s", path);
        if (export_to(archive, fd, path, flatten_compression(path), err) == 0) {
                if (fsync(fd) == 0 && rename(aside, path) == 0 &&
                    io_sync_directory_of(AT_FDCWD, path) == 0)
                        return 0;
                error_errno(err, errno, "cannot write %s", path);
        }
        unlink(aside);
        return -1;
}

static bool export_is_file(const char *path)
{
        struct stat st;

        return stat(path, &st) < 0 || S_ISREG(st.st_mode);
}

static int export_run(struct archive *archive, const char *name,
                      const struct export_request *request, struct error *err)
{
        const char *output = request->output;
        AUTO_CLOSE int fd = -1;

        if (!output && isatty(STDOUT_FILENO))
                return error_set(err, EINVAL,
                                 "an archive is not written to a terminal: say --output, or where "
                                 "standard output goes");
        if (archive_open(archive, name, err) < 0)
                return -1;
        if (volume_content(archive->lock) == VOLUME_BROKEN)
                return volume_refuse_half(archive->volume.name, err);
        /* Who starts a container with it does not wait for us. */
        cleanup_close(&archive->lock);
        archive->lock = -1;
        if (!output)
                return export_to(archive, STDOUT_FILENO, "standard output", NULL, err);
        if (export_is_file(output))
                return export_to_file(archive, output, err);
        fd = open(output, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
                return error_errno(err, errno, "cannot open %s", output);
        return export_to(archive, fd, output, flatten_compression(output), err);
}

int cmd_volume_export(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(export_free) struct export_request request = { 0 };
        CLEANUP(archive_free)
        struct archive archive = { .volume = VOLUME_NONE, .lock = -1, .cancel = signals_catch() };
        AUTO_ERROR struct error err = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 1, 1, &first, &status))
                return status;
        if (export_run(&archive, argv[first], &request, &err) == 0)
                return EXIT_SUCCESS;
        log_failure(&err);
        return signals_status(CMD_USAGE);
}

/* --- import */

/* A container that writes there at the same time could lead us elsewhere, and would see halves. */
static int import_check_users(const struct archive *archive, struct error *err)
{
        AUTO_CENSUS struct census census = { 0 };
        AUTO_STRV struct strv users = { 0 };

        if (census_take(NULL, log_warning_line, &census, err) < 0)
                return -1;
        volume_users(&census, archive->volume.name, &users);
        if (users.count)
                return error_set(err, EBUSY, "volume '%s' is in use by %s: stop it first",
                                 archive->volume.name, users.items[0]);
        return 0;
}

static int import_unpack(const struct archive *archive, int fd, const char *name, int top,
                         struct error *err)
{
        const struct stream_source source = { .fd = fd,
                                              .size = STREAM_UNKNOWN_SIZE,
                                              .copy = -1,
                                              .no_digest = true,
                                              .no_diff_id = true,
                                              .cancel = archive->cancel,
                                              .name = name };
        AUTO_STREAM struct stream *stream = NULL;
        AUTO_FREE char *digest = NULL, *diff_id = NULL;
        uint64_t size;

        if (stream_open(&source, &stream, err) < 0 ||
            layer_unpack_plain(stream, name, top, err) < 0 ||
            stream_finish(stream, &digest, &diff_id, &size, err) < 0)
                return -1;
        return syncfs(top) < 0 ? error_errno(err, errno, "cannot sync the volume") : 0;
}

static int import_remove_name(int dir, const char *name, void *context, struct error *err)
{
        (void)context;
        return io_remove_tree(dir, name, err);
}

static int import_count_name(int dir, const char *name, void *context, struct error *err)
{
        (void)dir;
        (void)name;
        (void)err;
        ++*(size_t *)context;
        return 0;
}

/* Into an empty volume, all or nothing: its mark says so to whoever comes after a crash. */
static int import_into(struct archive *archive, int fd, const char *name, struct error *err)
{
        const char *path = archive->view.path;
        enum volume_content before = volume_content(archive->lock);
        AUTO_CLOSE int top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        size_t names = 0;

        if (top < 0)
                return error_errno(err, errno, "cannot open %s", path);
        if (before == VOLUME_BROKEN &&
            io_each_name(AT_FDCWD, path, import_remove_name, NULL, err) < 0)
                return -1;
        if (io_each_name(AT_FDCWD, path, import_count_name, &names, err) < 0)
                return -1;
        if (names == 0 && volume_set_content(archive->lock, VOLUME_BROKEN, err) < 0)
                return -1;
        if (import_unpack(archive, fd, name, top, err) == 0)
                return volume_set_content(archive->lock, VOLUME_FULL, err);
        if (names == 0 && io_each_name(AT_FDCWD, path, import_remove_name, NULL, NULL) == 0)
                volume_set_content(archive->lock, before == VOLUME_FULL ? VOLUME_FULL : VOLUME_NEW,
                                   NULL);
        return -1;
}

static int import_run(struct archive *archive, const char *name, const char *file,
                      struct error *err)
{
        bool standard = !file || str_equal(file, "-");
        AUTO_CLOSE int opened = -1;

        if (standard && isatty(STDIN_FILENO))
                return error_set(err, EINVAL,
                                 "name a file: an archive is not read from a terminal");
        if (!standard && (opened = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY)) < 0)
                return error_errno(err, errno, "cannot open %s", file);
        if (archive_open(archive, name, err) < 0 || import_check_users(archive, err) < 0)
                return -1;
        return import_into(archive, standard ? STDIN_FILENO : opened,
                           standard ? "standard input" : file, err);
}

int cmd_volume_import(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(archive_free)
        struct archive archive = { .volume = VOLUME_NONE, .lock = -1, .cancel = signals_catch() };
        AUTO_ERROR struct error err = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, NULL, 1, 2, &first, &status))
                return status;
        if (import_run(&archive, argv[first], first + 1 < argc ? argv[first + 1] : NULL, &err) == 0)
                return EXIT_SUCCESS;
        log_failure(&err);
        return signals_status(CMD_USAGE);
}
