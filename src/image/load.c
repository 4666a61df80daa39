/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "load.h"

#include "../base/io.h"
#include "../registry/policy.h"
#include "load-layer.h"
#include "load-rootfs.h"
#include "reference.h"
#include "superblock.h"

#include <errno.h>
#include <libgen.h>
#include <sys/stat.h>
#include <unistd.h>

static void load_end(struct load *load)
{
        bundle_close(&load->bundle);
        stream_close(&load->stream);
        intake_end(&load->intake);
}

char *load_name_from_path(const char *path)
{
        static const char *const endings[] = { ".gz",   ".zst",   ".xz",       ".bz2",
                                               ".tgz",  ".tzst",  ".txz",      ".tar",
                                               ".sqfs", ".erofs", ".squashfs", ".sfs" };
        AUTO_FREE char *copy = str_dup(path);
        char *name = basename(copy);

        for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
                if (str_has_suffix(name, endings[i]) && strlen(name) > strlen(endings[i]))
                        name[strlen(name) - strlen(endings[i])] = '\0';
        for (char *at = name; *at; at++)
                if (*at >= 'A' && *at <= 'Z')
                        *at = (char)(*at - 'A' + 'a');
        return str_dup(name);
}

static int load_plan_images(struct load *load, struct error *err)
{
        const struct load_wish wish = { load->options->transport, load->options->select,
                                        load->options->all };

        return load_plan_bundle(load->bundle, load->name, &wish, &load->intake.plan, err);
}

/* Is the stream the tar of a root file system? */
static bool load_is_rootfs(const struct load *load, const void *data, size_t length)
{
        switch (load->options->transport) {
        case TRANSPORT_NONE:
                return bundle_guess(data, length) == BUNDLE_ROOTFS;
        case TRANSPORT_TARBALL:
                return true;
        case TRANSPORT_OCI_ARCHIVE:
        case TRANSPORT_DOCKER_ARCHIVE:
        case TRANSPORT_OCI:
        case TRANSPORT_DIR:
        case TRANSPORT_REGISTRY:
                break;
        }
        return false;
}

static int load_plan_rootfs_stream(struct load *load, struct error *err)
{
        struct load_plan *plan = &load->intake.plan;
        AUTO_FREE char *name = NULL;

        if (load_rootfs_name(load->options, &name, err) < 0)
                return error_wrap(err, "%s", load->name);
        load_plan_rootfs(load->stream, name, plan);
        load_layer_keep_copy(load, 0);
        return load_rootfs_describe(load->options, plan, err);
}

/* A file that is mounted later as it is. */
static int load_plan_whole(struct load *load, const struct superblock *superblock,
                           struct stream_source *source, struct error *err)
{
        bool copied = load->options->file == LOAD_FILE_COPY;
        struct load_layer *layer;

        if (!copied)
                source->copy = -1;
        if (stream_open(source, &load->stream, err) < 0 || load_plan_rootfs_stream(load, err) < 0)
                return -1;
        layer = load->intake.plan.layers;
        layer->whole = true;
        layer->media_type = str_format("%s%s", MEDIA_FILE_LAYER, superblock->type);
        layer->result.newest.tv_sec = superblock->created;
        if (copied)
                return 0;
        if (unlinkat(load->intake.work.fd, "blob.0", 0) < 0)
                return error_errno(err, errno, "cannot remove the copy");
        return load_rootfs_link(load->options, load->intake.store, &load->intake.work, source->fd,
                                "blob.0", layer, err);
}

static int load_check_settings(const struct load *load, struct error *err)
{
        const struct load_options *options = load->options;

        if (!options->config && !(options->changes && options->changes->count))
                return 0;
        return error_set(err, EINVAL,
                         "%s has images with settings of their own: --config and --change are for "
                         "root file systems",
                         load->name);
}

/* What makes no sense with what the stream is. */
static int load_check_stream(const struct load *load, bool rootfs, const void *data, size_t length,
                             struct error *err)
{
        const struct load_options *options = load->options;

        if (options->file != LOAD_FILE_COPY)
                return error_set(
                        err, EINVAL,
                        "%s is no file system: only squashfs and erofs can be mounted where "
                        "they are",
                        load->name);
        if (length >= 4 && memcmp(data, "hsqs", 4) == 0)
                return error_set(err, ESPIPE,
                                 "%s is a squashfs in a pipe or compressed: name the file itself",
                                 load->name);
        return rootfs ? 0 : load_check_settings(load, err);
}

static int load_plan_stream(struct load *load, bool compressed_or_pipe, int fd, struct error *err)
{
        const void *data = NULL;
        size_t length = 0;
        bool rootfs;

        if (stream_peek(load->stream, &data, &length, err) < 0)
                return -1;
        if (!length)
                return error_set(err, EBADMSG, "%s is empty", load->name);
        rootfs = load_is_rootfs(load, data, length);
        if (load_check_stream(load, rootfs, data, length, err) < 0)
                return -1;
        if (rootfs)
                return load_plan_rootfs_stream(load, err);
        stream_forget_blob(load->stream);
        if ((compressed_or_pipe ? bundle_spool(load->stream, load->name, load->intake.work.fd,
                                               &load->bundle, err)
                                : bundle_open_tar(fd, load->name, &load->bundle, err)) < 0)
                return -1;
        return load_plan_images(load, err);
}

/* A tar whose bytes can be read anywhere needs no copy of its members; as a rootfs it needs one of
 * itself, and that is made while it is read. */
static int load_plan_file(struct load *load, int fd, int *ret_copy, struct error *err)
{
        struct stream_source source = { .fd = fd,
                                        .size = STREAM_UNKNOWN_SIZE,
                                        .cancel = load->options->cancel,
                                        .progress = &load->intake.progress,
                                        .writeback = &load->intake.writeback,
                                        .name = load->name };
        bool seekable = lseek(fd, 0, SEEK_CUR) == 0;
        enum transport_kind kind = load->options->transport;
        struct superblock superblock;
        int whole = kind == TRANSPORT_NONE || kind == TRANSPORT_TARBALL
                            ? superblock_read(fd, load->name, &superblock, err)
                            : 0;

        if (whole < 0 || load_layer_open_copy(load, 0, ret_copy, err) < 0)
                return -1;
        source.copy = *ret_copy;
        source.positioned = seekable;
        if (whole)
                return load_plan_whole(load, &superblock, &source, err);
        if (stream_open(&source, &load->stream, err) < 0)
                return -1;
        return load_plan_stream(load, !seekable || stream_is_compressed(load->stream), fd, err);
}

static int load_check_type(const struct load *load, bool is_directory, struct error *err)
{
        enum transport_kind kind = load->options->transport;
        bool wants_directory = kind == TRANSPORT_OCI || kind == TRANSPORT_DIR;

        if (kind == TRANSPORT_NONE || wants_directory == is_directory)
                return 0;
        return error_set(err, is_directory ? EISDIR : ENOTDIR, "%s is %s directory", load->name,
                         is_directory ? "a" : "no");
}

/* dir: says nothing of names: the image gets the directory's, where that makes one. */
static void load_name_directory(struct load *load)
{
        AUTO_FREE char *text = NULL;
        char *name = NULL;

        if (bundle_find(load->bundle, "index.json") || load->intake.plan.image_count != 1 ||
            load->intake.plan.images->names.count)
                return;
        text = load_name_from_path(load->options->path);
        if (reference_normalize(text, "localhost", &name, NULL) == 0)
                strv_append_owned(&load->intake.plan.images->names, name);
}

static int load_plan_input(struct load *load, int *ret_fd, int *ret_copy, struct error *err)
{
        const char *path = load->options->path;
        struct stat st;

        *ret_fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
                       : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
        if (*ret_fd < 0 || fstat(*ret_fd, &st) < 0)
                return error_errno(err, errno, "cannot open %s", load->name);
        if (load_check_type(load, S_ISDIR(st.st_mode), err) < 0)
                return -1;
        if (!S_ISDIR(st.st_mode))
                return load_plan_file(load, *ret_fd, ret_copy, err);
        if (load->options->file != LOAD_FILE_COPY)
                return error_set(err, EINVAL,
                                 "%s is a directory: only a squashfs or erofs file can be mounted "
                                 "where it is",
                                 load->name);
        if (load_check_settings(load, err) < 0 ||
            bundle_open_directory(*ret_fd, load->name, &load->bundle, err) < 0 ||
            load_plan_images(load, err) < 0)
                return -1;
        load_name_directory(load);
        return 0;
}

static int load_apply_tag(struct load *load, struct error *err)
{
        struct load_image *image = load->intake.plan.images;
        char *name = NULL;

        if (!load->options->tag)
                return 0;
        if (load->intake.plan.image_count != 1)
                return error_set(err, EINVAL, "%s has %zu images: --tag can name only one",
                                 load->name, load->intake.plan.image_count);
        if (reference_normalize(load->options->tag, "localhost", &name, err) < 0)
                return -1;
        strv_free(&image->names);
        strv_append_owned(&image->names, name);
        return 0;
}

static uint64_t load_total(const struct load_plan *plan)
{
        uint64_t total = 0;

        for (size_t i = 0; i < plan->layer_count; i++)
                if (plan->layers[i].member)
                        total += plan->layers[i].member->size;
        return total;
}

static void load_tick(void *context)
{
        struct load *load = context;

        if (load->options->progress)
                load->options->progress(load->options->context, load->intake.progress, load->total);
}

static int load_all_layers(struct load *load, struct error *err)
{
        load->total = load_total(&load->intake.plan);
        load->intake.progress = 0;
        if (intake_start(&load->intake, load_layer_take, load, err) < 0)
                return -1;
        return intake_wait(&load->intake, err);
}

/* What policy.json calls the place the images come from, once that is known. */
static const char *load_transport_name(const struct load *load)
{
        static const char *const names[] = {
                [TRANSPORT_OCI] = "oci",
                [TRANSPORT_OCI_ARCHIVE] = "oci-archive",
                [TRANSPORT_DOCKER_ARCHIVE] = "docker-archive",
                [TRANSPORT_DIR] = "dir",
                [TRANSPORT_TARBALL] = "tarball",
        };
        bool layout;
        struct stat st;

        if (load->options->transport != TRANSPORT_NONE)
                return names[load->options->transport];
        if (!load->bundle)
                return "tarball";
        layout = bundle_find(load->bundle, "index.json") != NULL;
        if (load->options->path && stat(load->options->path, &st) == 0 && S_ISDIR(st.st_mode))
                return layout ? "oci" : "dir";
        return layout ? "oci-archive" : "docker-archive";
}

static int load_run(struct load *load, struct store *store, struct strv *names, struct error *err)
{
        AUTO_CLOSE int fd = -1;
        AUTO_CLOSE int copy = -1;

        if (intake_begin(&load->intake, store, "load", err) < 0 ||
            load_plan_input(load, &fd, &copy, err) < 0 ||
            policy_check(load_transport_name(load), load->options->path, err) < 0 ||
            load_apply_tag(load, err) < 0 || intake_keep(&load->intake, err) < 0 ||
            load_all_layers(load, err) < 0)
                return -1;
        if (load->intake.plan.layer_count && load->intake.plan.layers[0].stream &&
            load_plan_finish_rootfs(&load->intake.plan, load->name, err) < 0)
                return -1;
        return intake_commit(&load->intake, names, err);
}

static struct load load_new(const struct load_options *options, const char *name)
{
        struct load load = { .intake = INTAKE_NONE, .options = options, .name = name };

        load.intake.cancel = options->cancel;
        load.intake.threads = options->threads;
        load.intake.tick = load_tick;
        return load;
}

int load_images(struct store *store, const struct load_options *options, struct strv *names,
                struct error *err)
{
        CLEANUP(load_end)
        struct load load = load_new(options, options->path ? options->path : "standard input");

        return load_run(&load, store, names, err);
}

int load_transport(struct store *store, const struct transport *from,
                   const struct load_options *options, struct strv *names, struct error *err)
{
        struct load_options own = *options;

        own.path = from->path;
        own.transport = from->kind;
        own.select = from->reference;
        return load_images(store, &own, names, err);
}

/* While the store is locked: what the name means, and everything of it is kept. */
static int load_plan_stored(struct load *load, struct error *err)
{
        struct store *store = load->intake.store;
        AUTO_STORE_FOUND struct store_found found = { 0 };

        if (store_look_up(store, load->name, &found, err) < 0 ||
            load_plan_manifest(load->bundle, &found.entry->descriptor, load->name,
                               &load->intake.plan, err) < 0)
                return -1;
        return intake_keep_locked(&load->intake, err);
}

static int load_run_unpack(struct load *load, struct store *store, struct error *err)
{
        int result;

        load->in_place = true;
        if (intake_begin(&load->intake, store, "unpack", err) < 0 ||
            store_lock(store, STORE_SHARED, err) < 0)
                return -1;
        result = bundle_open_directory(store->fd, store->root, &load->bundle, err);
        if (result == 0)
                result = load_plan_stored(load, err);
        store_unlock(store);
        if (result < 0 || load_all_layers(load, err) < 0)
                return -1;
        return intake_commit(&load->intake, NULL, err);
}

int load_unpack(struct store *store, const char *reference, const struct load_options *options,
                struct error *err)
{
        CLEANUP(load_end) struct load load = load_new(options, reference);

        return load_run_unpack(&load, store, err);
}
