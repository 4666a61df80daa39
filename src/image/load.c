/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "load.h"

#include "../base/io.h"
#include "bundle.h"
#include "load-plan.h"
#include "reference.h"
#include "store-change.h"
#include "stream.h"
#include "verified.h"

#include <errno.h>
#include <libgen.h>
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
        LOAD_PROGRESS_MS = 200
};

/* A load under way. */
struct load {
        struct store *store;                /* borrowed */
        const struct load_options *options; /* borrowed */
        const char *name;                   /* borrowed; of the archive, for messages */
        int work;                           /* owned; our directory in tmp/ */
        struct bundle *bundle;              /* owned; or NULL */
        struct stream *stream; /* owned; a rootfs, or what the bundle was spooled from */
        struct load_plan plan; /* owned */

        atomic_size_t next;        /* the layer that the next free thread takes */
        atomic_bool stop;          /* one has failed */
        _Atomic uint64_t progress; /* raw bytes */
        pthread_mutex_t mutex;     /* of the two below */
        pthread_cond_t done;
        unsigned running;
        bool reads_ahead;     /* layers are decompressed by a thread, and written by another */
        bool in_place;        /* the bundle is the store itself: its blobs are where they belong */
        struct error failure; /* the first */
};

#define LOAD_WORK "load"

static void load_end(struct load *load)
{
        bundle_close(&load->bundle);
        stream_close(&load->stream);
        load_plan_free(&load->plan);
        cleanup_close(&load->work);
        pthread_mutex_destroy(&load->mutex);
        pthread_cond_destroy(&load->done);
        error_clear(&load->failure);
        io_remove_tree(load->store->tmp, LOAD_WORK, NULL);
}

static int load_begin(struct load *load, struct error *err)
{
        if (mkdirat(load->store->tmp, LOAD_WORK, 0700) < 0)
                return error_errno(err, errno, "cannot make %s/tmp/%s", load->store->root,
                                   LOAD_WORK);
        load->work = openat(load->store->tmp, LOAD_WORK, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (load->work < 0)
                return error_errno(err, errno, "cannot open %s/tmp/%s", load->store->root,
                                   LOAD_WORK);
        return 0;
}

static bool load_cancelled(const struct load *load)
{
        return load->options->cancel && *load->options->cancel;
}

/* --- what is in the store already */

static bool load_store_has(const struct load *load, const char *directory, const char *digest)
{
        AUTO_FREE char *path = digest ? str_format("%s/%s", directory, digest_hex(digest)) : NULL;

        return path && faccessat(load->store->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* An archive says which blob unpacks to which diff id, and may lie: only where we know of the blob
 * in the store that it does need it not be read at all. A docker-archive does not say the blobs'
 * digests. It usually has the layers' plain tars, whose digest is the diff id. */
static int load_reuse_layer(const struct load *load, struct load_layer *layer)
{
        const char *digest = layer->digest ? layer->digest : layer->diff_id;
        AUTO_FREE char *path = NULL;
        struct stat st;

        if (!layer->diff_id || !load_store_has(load, "layers", layer->diff_id) ||
            !verified_blob(load->store->fd, digest, layer->diff_id))
                return 0;
        if (!layer->digest) {
                path = str_format("blobs/sha256/%s", digest_hex(digest));
                if (fstatat(load->store->fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
                    (uint64_t)st.st_size != layer->member->size)
                        return 0;
                layer->digest = str_dup(digest);
                layer->size = (uint64_t)st.st_size;
                layer->media_type = str_dup(MEDIA_OCI_LAYER);
        }
        return 1;
}

/* --- one layer */

static int load_open_copy(const struct load *load, size_t i, int *ret_fd, struct error *err)
{
        AUTO_FREE char *name = str_format("blob.%zu", i);
        int fd = openat(load->work, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        if (fd < 0)
                return error_errno(err, errno, "cannot make tmp/%s/%s", LOAD_WORK, name);
        *ret_fd = fd;
        return 0;
}

/* Unpack what the stream gives, and compare the digests with what they have to be. */
static int load_take_stream(struct load *load, size_t i, struct stream *stream, const char *name,
                            struct error *err)
{
        struct load_layer *layer = load->plan.layers + i;
        AUTO_FREE char *directory = str_format("layer.%zu", i);
        AUTO_FREE char *blob = NULL;
        AUTO_FREE char *diff_id = NULL;
        AUTO_CLOSE int top = -1;
        uint64_t size;

        if (mkdirat(load->work, directory, 0755) < 0 ||
            (top = openat(load->work, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
            fchmod(top, 0755) < 0)
                return error_errno(err, errno, "cannot make tmp/%s/%s", LOAD_WORK, directory);
        layer->unpacked = true;
        if (load->reads_ahead && stream_read_ahead(stream, err) < 0)
                return -1;
        if (layer_unpack(stream, name, top, &layer->result, err) < 0 ||
            stream_finish(stream, &blob, &diff_id, &size, err) < 0)
                return -1;
        if (layer->diff_id && !str_equal(layer->diff_id, diff_id))
                return error_set(err, EBADMSG,
                                 "%s is damaged: unpacked it is %s, the configuration says %s",
                                 name, diff_id, layer->diff_id);
        if (layer->digest && blob && !str_equal(layer->digest, blob))
                return error_set(err, EBADMSG, "%s is damaged: it is %s, the manifest says %s",
                                 name, blob, layer->digest);
        if (!layer->diff_id)
                layer->diff_id = steal_str(&diff_id);
        if (!layer->digest) {
                layer->digest = blob ? steal_str(&blob) : str_dup(layer->member->digest);
                layer->size = size;
                layer->media_type = str_format("%s%s", MEDIA_OCI_LAYER, stream_suffix(stream));
        }
        return 0;
}

/* A member that was spooled is the blob itself, unless it is in a compression that OCI lacks. */
static int load_open_layer(struct load *load, size_t i, int fd, struct stream **ret, int *ret_copy,
                           struct error *err)
{
        struct load_layer *layer = load->plan.layers + i;
        const struct bundle_member *member = layer->member;
        struct stream_source source = { .fd = fd,
                                        .positioned = true,
                                        .offset = member->offset,
                                        .size = member->size,
                                        .copy = -1,
                                        .no_digest = member->digest,
                                        .progress = &load->progress,
                                        .cancel = load->options->cancel,
                                        .name = member->name };

        if (layer->digest && member->digest && !str_equal(layer->digest, member->digest))
                return error_set(err, EBADMSG, "%s is damaged: it is %s, the manifest says %s",
                                 member->name, member->digest, layer->digest);
        if (member->digest) {
                AUTO_STREAM struct stream *stream = NULL;

                if (stream_open(&source, &stream, err) < 0)
                        return -1;
                if (layer->digest || !stream_is_recoded(stream)) {
                        *ret = steal_ptr(&stream);
                        return 0;
                }
                source.no_digest = false;
        }
        if (!load->in_place && !verified_blob(load->store->fd, layer->digest, layer->diff_id)) {
                if (load_open_copy(load, i, &source.copy, err) < 0)
                        return -1;
                *ret_copy = source.copy;
                layer->copied = true;
        }
        return stream_open(&source, ret, err);
}

static int load_one_layer(struct load *load, size_t i, struct error *err)
{
        struct load_layer *layer = load->plan.layers + i;
        AUTO_STREAM struct stream *stream = NULL;
        AUTO_CLOSE int fd = -1;
        AUTO_CLOSE int copy = -1;

        if (layer->stream) /* its copy was given when it was opened */
                return load_take_stream(load, i, layer->stream, load->name, err);
        if (load_reuse_layer(load, layer)) {
                load->progress += layer->member->size;
                return 0;
        }
        if (bundle_open_member(load->bundle, layer->member, &fd, err) < 0 ||
            load_open_layer(load, i, fd, &stream, &copy, err) < 0)
                return -1;
        return load_take_stream(load, i, stream, layer->member->name, err);
}

/* --- layers side by side */

static void load_worker_failed(struct load *load, struct error *err)
{
        load->stop = true;
        pthread_mutex_lock(&load->mutex);
        if (!load->failure.message) {
                load->failure = *err;
                *err = (struct error){ 0 };
        }
        pthread_mutex_unlock(&load->mutex);
        error_clear(err);
}

static void *load_worker(void *context)
{
        struct load *load = context;

        while (!load->stop && !load_cancelled(load)) {
                struct error err = { 0 };
                size_t i = load->next++;

                if (i >= load->plan.layer_count)
                        break;
                if (load_one_layer(load, i, &err) < 0)
                        load_worker_failed(load, &err);
        }
        pthread_mutex_lock(&load->mutex);
        load->running--;
        pthread_cond_signal(&load->done);
        pthread_mutex_unlock(&load->mutex);
        return NULL;
}

static unsigned load_thread_limit(const struct load *load)
{
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        unsigned limit = load->options->threads;

        if (!limit)
                limit = processors > 0 ? (unsigned)processors : 1;
        return limit > LOAD_MAX_THREADS ? LOAD_MAX_THREADS : limit;
}

static uint64_t load_total(const struct load *load)
{
        uint64_t total = 0;

        for (size_t i = 0; i < load->plan.layer_count; i++)
                if (load->plan.layers[i].member)
                        total += load->plan.layers[i].member->size;
        return total;
}

/* Wait for the workers; the caller's thread tells how far they are. */
static void load_watch(struct load *load)
{
        uint64_t total = load_total(load);

        pthread_mutex_lock(&load->mutex);
        while (load->running) {
                struct timespec until;

                clock_gettime(CLOCK_REALTIME, &until);
                until.tv_nsec += LOAD_PROGRESS_MS * 1000000L;
                until.tv_sec += until.tv_nsec / 1000000000L;
                until.tv_nsec %= 1000000000L;
                pthread_cond_timedwait(&load->done, &load->mutex, &until);
                if (load->options->progress)
                        load->options->progress(load->options->context, load->progress, total);
        }
        pthread_mutex_unlock(&load->mutex);
}

static int load_all_layers(struct load *load, struct error *err)
{
        pthread_t threads[LOAD_MAX_THREADS];
        unsigned limit = load_thread_limit(load), wanted = limit, started = 0;

        if (wanted > load->plan.layer_count)
                wanted = (unsigned)load->plan.layer_count;
        /* Often one layer is larger than all others: it alone has to keep two processors busy. */
        load->reads_ahead = limit > 1;
        load->running = wanted;
        load->progress = 0;
        while (started < wanted && pthread_create(threads + started, NULL, load_worker, load) == 0)
                started++;
        if (started < wanted) {
                pthread_mutex_lock(&load->mutex);
                load->running -= wanted - started;
                pthread_mutex_unlock(&load->mutex);
        }
        load_watch(load);
        for (unsigned i = 0; i < started; i++)
                pthread_join(threads[i], NULL);
        if (load_cancelled(load))
                return error_set(err, EINTR, "interrupted");
        if (load->failure.message)
                return error_set(err, load->failure.code, "%s", load->failure.message);
        if (wanted && !started)
                return error_set(err, EAGAIN, "cannot start a thread");
        return 0;
}

/* --- from work directory to store */

static int load_open_unpacked(const struct load *load, size_t i)
{
        const struct load_layer *layer = load->plan.layers + i;
        AUTO_FREE char *path = layer->unpacked
                                       ? str_format("layer.%zu", i)
                                       : str_format("layers/%s", digest_hex(layer->diff_id));

        return openat(layer->unpacked ? load->work : load->store->fd, path,
                      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Directories that a layer takes for granted get owner and mode from the layers below it. */
static int load_fix_image(struct load *load, const struct load_image *image, struct error *err)
{
        AUTO_FREE int *open_layers = alloc_zero(image->layer_count, sizeof *open_layers);
        size_t count = 0;
        int result = 0;

        for (; result == 0 && count < image->layer_count; count++) {
                struct load_layer *layer = load->plan.layers + image->layers[count];

                open_layers[count] = load_open_unpacked(load, image->layers[count]);
                if (open_layers[count] < 0) {
                        result = error_errno(err, errno, "cannot open layer %s", layer->diff_id);
                        break;
                }
                if (layer->unpacked)
                        result = layer_fix_implied(open_layers[count], &layer->result.implied,
                                                   open_layers, count, err);
        }
        while (count-- > 0)
                cleanup_close(open_layers + count);
        return result;
}

static int load_write_document(struct load *load, const char *digest, const char *data,
                               size_t length, struct error *err)
{
        if (io_write_file(load->work, digest_hex(digest), data, length, 0644, IO_NO_SYNC, err) < 0)
                return error_wrap(err, "tmp/%s", LOAD_WORK);
        return 0;
}

static int load_write_documents(struct load *load, struct error *err)
{
        for (size_t i = 0; i < load->plan.image_count; i++) {
                struct load_image *image = load->plan.images + i;

                if (!image->manifest)
                        load_plan_make_manifest(&load->plan, image);
                if (load_write_document(load, image->config_digest, image->config,
                                        image->config_length, err) < 0 ||
                    load_write_document(load, image->descriptor.digest, image->manifest,
                                        image->manifest_length, err) < 0)
                        return -1;
        }
        return 0;
}

static int load_move_blob(struct load *load, const char *from, const char *digest,
                          struct error *err)
{
        AUTO_FREE char *to = str_format("blobs/sha256/%s", digest_hex(digest));

        /* Two images may share a document: the second finds it moved already. */
        if (renameat(load->work, from, load->store->fd, to) < 0 &&
            !(errno == ENOENT && load_store_has(load, "blobs/sha256", digest)))
                return error_errno(err, errno, "cannot move %s to %s", from, to);
        return 0;
}

static int load_move_layer(struct load *load, size_t i, struct error *err)
{
        const struct load_layer *layer = load->plan.layers + i;
        AUTO_FREE char *directory = str_format("layer.%zu", i);
        AUTO_FREE char *blob = layer->copied   ? str_format("blob.%zu", i)
                               : layer->member ? str_dup(layer->member->file)
                                               : NULL;
        AUTO_FREE char *to = str_format("layers/%s", digest_hex(layer->diff_id));
        AUTO_FREE char *kept = str_format("blobs/sha256/%s", digest_hex(layer->digest));

        if (blob && load_move_blob(load, blob, layer->digest, err) < 0)
                return -1;
        if (layer->unpacked && !load_store_has(load, "layers", layer->diff_id) &&
            renameat(load->work, directory, load->store->fd, to) < 0)
                return error_errno(err, errno, "cannot move %s to %s", directory, to);
        if (layer->unpacked)
                verified_note(load->store->fd, kept, layer->diff_id);
        return 0;
}

static int load_sync_directory(struct load *load, const char *path, struct error *err)
{
        AUTO_CLOSE int fd = openat(load->store->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0 || fsync(fd) < 0)
                return error_errno(err, errno, "cannot sync %s", path);
        return 0;
}

static int load_move_all(struct load *load, struct error *err)
{
        for (size_t i = 0; i < load->plan.layer_count; i++)
                if (load_move_layer(load, i, err) < 0)
                        return -1;
        for (size_t i = 0; i < load->plan.image_count; i++) {
                const struct load_image *image = load->plan.images + i;

                if (load_move_blob(load, digest_hex(image->config_digest), image->config_digest,
                                   err) < 0 ||
                    load_move_blob(load, digest_hex(image->descriptor.digest),
                                   image->descriptor.digest, err) < 0)
                        return -1;
        }
        if (load_sync_directory(load, "blobs/sha256", err) < 0)
                return -1;
        return load_sync_directory(load, "layers", err);
}

static int load_name_images(struct load *load, struct strv *names, struct error *err)
{
        for (size_t i = 0; i < load->plan.image_count; i++) {
                const struct load_image *image = load->plan.images + i;

                if (!image->names.count) {
                        if (store_tag(load->store, NULL, &image->descriptor, err) < 0)
                                return -1;
                        strv_append(names, image->config_digest);
                }
                for (size_t j = 0; j < image->names.count; j++)
                        if (store_tag(load->store, image->names.items[j], &image->descriptor, err) <
                            0)
                                return -1;
                strv_append_all(names, &image->names);
        }
        return store_save(load->store, err);
}

/* Everything is checked and in the work directory: put it on disk, then into its places. */
static int load_commit(struct load *load, struct error *err)
{
        for (size_t i = 0; i < load->plan.image_count; i++)
                if (load_fix_image(load, load->plan.images + i, err) < 0)
                        return -1;
        if (load_write_documents(load, err) < 0)
                return -1;
        if (syncfs(load->work) < 0)
                return error_errno(err, errno, "cannot write to %s", load->store->root);
        if (load_cancelled(load))
                return error_set(err, EINTR, "interrupted");
        return load_move_all(load, err);
}

/* --- what to load */

/* FILE.tar.gz → FILE, in characters that names may have. */
static char *load_name_from_path(const char *path)
{
        static const char *const endings[] = { ".gz",  ".zst",  ".xz",  ".bz2",
                                               ".tgz", ".tzst", ".txz", ".tar" };
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

static int load_rootfs_name(const struct load *load, char **ret, struct error *err)
{
        AUTO_FREE char *text = NULL;
        AUTO_ERROR struct error reason = { 0 };

        if (load->options->tag)
                return reference_normalize(load->options->tag, "localhost", ret, err);
        if (!load->options->path)
                return error_set(err, EINVAL,
                                 "this is the tar of a root file system: give it a name (--tag)");
        text = load_name_from_path(load->options->path);
        if (reference_normalize(text, "localhost", ret, &reason) < 0)
                return error_set(err, EINVAL,
                                 "this is the tar of a root file system, and its name makes no "
                                 "image's name: give one (--tag)");
        return 0;
}

static int load_plan_images(struct load *load, struct error *err)
{
        const struct load_wish wish = { load->options->transport, load->options->select };

        return load_plan_bundle(load->bundle, load->name, &wish, &load->plan, err);
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

static int load_plan_stream(struct load *load, bool compressed_or_pipe, int fd, struct error *err)
{
        AUTO_FREE char *name = NULL;
        const void *data = NULL;
        size_t length = 0;

        if (stream_peek(load->stream, &data, &length, err) < 0)
                return -1;
        if (!length)
                return error_set(err, EBADMSG, "%s is empty", load->name);
        if (load_is_rootfs(load, data, length)) {
                if (load_rootfs_name(load, &name, err) < 0)
                        return error_wrap(err, "%s", load->name);
                load_plan_rootfs(load->stream, name, &load->plan);
                load->plan.layers[0].copied = true;
                return 0;
        }
        stream_forget_blob(load->stream);
        if ((compressed_or_pipe
                     ? bundle_spool(load->stream, load->name, load->work, &load->bundle, err)
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
                                        .progress = &load->progress,
                                        .name = load->name };
        bool seekable = lseek(fd, 0, SEEK_CUR) == 0;

        if (load_open_copy(load, 0, ret_copy, err) < 0)
                return -1;
        source.copy = *ret_copy;
        source.positioned = seekable;
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

        if (bundle_find(load->bundle, "index.json") || load->plan.image_count != 1 ||
            load->plan.images->names.count)
                return;
        text = load_name_from_path(load->options->path);
        if (reference_normalize(text, "localhost", &name, NULL) == 0)
                strv_append_owned(&load->plan.images->names, name);
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
        if (bundle_open_directory(*ret_fd, load->name, &load->bundle, err) < 0 ||
            load_plan_images(load, err) < 0)
                return -1;
        load_name_directory(load);
        return 0;
}

static int load_apply_tag(struct load *load, struct error *err)
{
        struct load_image *image = load->plan.images;
        char *name = NULL;

        if (!load->options->tag)
                return 0;
        if (load->plan.image_count != 1)
                return error_set(err, EINVAL, "%s has %zu images: --tag can name only one",
                                 load->name, load->plan.image_count);
        if (reference_normalize(load->options->tag, "localhost", &name, err) < 0)
                return -1;
        strv_free(&image->names);
        strv_append_owned(&image->names, name);
        return 0;
}

static int load_run(struct load *load, struct strv *names, struct error *err)
{
        AUTO_CLOSE int fd = -1;
        AUTO_CLOSE int copy = -1;

        if (load_begin(load, err) < 0 || load_plan_input(load, &fd, &copy, err) < 0 ||
            load_apply_tag(load, err) < 0 || load_all_layers(load, err) < 0)
                return -1;
        if (load->plan.layer_count && load->plan.layers[0].stream)
                load_plan_finish_rootfs(&load->plan);
        if (load_commit(load, err) < 0)
                return -1;
        return load_name_images(load, names, err);
}

int load_images(struct store *store, const struct load_options *options, struct strv *names,
                struct error *err)
{
        CLEANUP(load_end)
        struct load load = { .store = store,
                             .options = options,
                             .name = options->path ? options->path : "standard input",
                             .work = -1,
                             .mutex = PTHREAD_MUTEX_INITIALIZER,
                             .done = PTHREAD_COND_INITIALIZER };

        return load_run(&load, names, err);
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

static int load_run_unpack(struct load *load, struct error *err)
{
        struct store_entry *entries;
        const struct store_entry *entry = NULL;
        size_t count;
        int result;

        load->in_place = true;
        if (load_begin(load, err) < 0 ||
            bundle_open_directory(load->store->fd, load->store->root, &load->bundle, err) < 0 ||
            store_list(load->store, &entries, &count, err) < 0)
                return -1;
        result = store_find(load->store, load->name, entries, count, &entry, err);
        if (result == 0)
                result = load_plan_manifest(load->bundle, &entry->descriptor, load->name,
                                            &load->plan, err);
        store_list_free(entries, count);
        if (result < 0 || load_all_layers(load, err) < 0)
                return -1;
        return load_commit(load, err);
}

int load_unpack(struct store *store, const char *reference, const struct load_options *options,
                struct error *err)
{
        CLEANUP(load_end)
        struct load load = { .store = store,
                             .options = options,
                             .name = reference,
                             .work = -1,
                             .mutex = PTHREAD_MUTEX_INITIALIZER,
                             .done = PTHREAD_COND_INITIALIZER };

        return load_run_unpack(&load, err);
}
