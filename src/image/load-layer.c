/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "load-layer.h"

#include "blob.h"
#include "reference.h"
#include "verified.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* An archive says which blob unpacks to which diff id, and may lie: only where we know of the blob
 * in the store that it does need it not be read at all. A docker-archive does not say the blobs'
 * digests. It usually has the layers' plain tars, whose digest is the diff id. A file system is
 * none of these layers, whatever the archive calls it. */
static int load_layer_reuse(const struct load *load, struct load_layer *layer)
{
        const char *digest = layer->digest ? layer->digest : layer->diff_id;
        AUTO_FREE char *path = NULL;
        struct stat st;

        if (layer->whole || !layer->diff_id ||
            !intake_has(&load->intake, "layers", layer->diff_id) ||
            !verified_blob(load->intake.store->fd, digest, layer->diff_id))
                return 0;
        if (!layer->digest) {
                path = str_format("blobs/sha256/%s", digest_hex(digest));
                if (fstatat(load->intake.store->fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
                    (uint64_t)st.st_size != layer->member->size)
                        return 0;
                layer->digest = str_dup(digest);
                layer->size = (uint64_t)st.st_size;
                layer->media_type = str_dup(MEDIA_OCI_LAYER);
        }
        return 1;
}

int load_layer_open_copy(struct load *load, size_t i, int *ret_fd, struct error *err)
{
        AUTO_FREE char *name = str_format("blob.%zu", i);
        int fd = openat(load->intake.work.fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        if (fd < 0)
                return error_errno(err, errno, "cannot make tmp/%s/%s", load->intake.work.name,
                                   name);
        *ret_fd = fd;
        return 0;
}

void load_layer_keep_copy(struct load *load, size_t i)
{
        load->intake.plan.layers[i].blob = str_format("%s/blob.%zu", load->intake.work.name, i);
}

/* A member that was spooled is the blob itself, unless it is in a compression that OCI lacks. */
static int load_layer_open(struct load *load, size_t i, int fd, struct stream **ret, int *ret_copy,
                           struct error *err)
{
        struct load_layer *layer = load->intake.plan.layers + i;
        const struct bundle_member *member = layer->member;
        struct stream_source source = { .fd = fd,
                                        .positioned = true,
                                        .offset = member->offset,
                                        .size = member->size,
                                        .copy = -1,
                                        .no_digest = member->digest,
                                        .progress = &load->intake.progress,
                                        .writeback = &load->intake.writeback,
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
        if (!load->in_place &&
            !verified_blob(load->intake.store->fd, layer->digest, layer->diff_id)) {
                if (load_layer_open_copy(load, i, &source.copy, err) < 0)
                        return -1;
                *ret_copy = source.copy;
        }
        return stream_open(&source, ret, err);
}

/* A blob that is kept for another place. */
static int load_layer_carry(struct load *load, size_t i, int fd, struct error *err)
{
        struct load_layer *layer = load->intake.plan.layers + i;
        const struct blob_source source = { .fd = fd,
                                            .offset = layer->member->offset,
                                            .size = layer->member->size,
                                            .digest = layer->digest,
                                            .cancel = load->options->cancel };
        AUTO_CLOSE int copy = -1;

        load->intake.progress += layer->size;
        if (layer->member->file) {
                layer->blob = str_format("%s/%s", load->intake.work.name, layer->member->file);
                return blob_read(&source, NULL, NULL, err);
        }
        if (load_layer_open_copy(load, i, &copy, err) < 0)
                return -1;
        load_layer_keep_copy(load, i);
        return blob_read(&source, blob_write, &copy, err);
}

int load_layer_take(void *context, size_t i, struct error *err)
{
        struct load *load = context;
        struct load_layer *layer = load->intake.plan.layers + i;
        AUTO_STREAM struct stream *stream = NULL;
        AUTO_CLOSE int fd = -1;
        AUTO_CLOSE int copy = -1;

        if (layer->stream) { /* its copy was given when it was opened */
                return intake_unpack(&load->intake, i, layer->stream, load->name, err);
        }
        if (load_layer_reuse(load, layer)) {
                load->intake.progress += layer->member->size;
                return 0;
        }
        if (bundle_open_member(load->bundle, layer->member, &fd, err) < 0)
                return -1;
        if (layer->carried)
                return load_layer_carry(load, i, fd, err);
        if (load_layer_open(load, i, fd, &stream, &copy, err) < 0)
                return -1;
        if (copy >= 0)
                load_layer_keep_copy(load, i);
        else if (layer->member->file)
                layer->blob = str_format("%s/%s", load->intake.work.name, layer->member->file);
        return intake_unpack(&load->intake, i, stream, layer->member->name, err);
}
