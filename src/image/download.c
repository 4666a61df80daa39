/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "download.h"

#include "../base/io.h"
#include "reference.h"
#include "stream.h"
#include "verified.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
        DOWNLOAD_NAP_MS = 50,        /* between two looks at what another process does */
        DOWNLOAD_TOUCH = 2,          /* seconds between signs of life to other processes */
        DOWNLOAD_WRITEBACK = 8 << 20 /* bytes after which the disk may begin with them */
};

/* --- signs of life */

static void download_show(struct download *download)
{
        for (size_t i = 0; download->progress && i < download->count; i++) {
                const struct download_layer *layer = download->layers + i;

                if (layer->shown && layer->state == DOWNLOAD_DONE)
                        progress_finish(download->progress, layer->row);
        }
        progress_show(download->progress);
}

/* Others wait as long as we get on, be it with downloading or with unpacking. */
static void download_touch(struct download *download)
{
        uint64_t done = download->intake->progress + progress_bytes(download->progress);
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        if (done == download->seen || now.tv_sec - download->touched < DOWNLOAD_TOUCH)
                return;
        download->seen = done;
        download->touched = now.tv_sec;
        part_touch(&download->config);
        for (size_t i = 0; i < download->count; i++)
                if (download->layers[i].part.name)
                        part_touch(&download->layers[i].part);
}

bool download_poll(void *context)
{
        struct download *download = context;

        download_touch(download);
        download_show(download);
        return intake_stopped(download->intake);
}

static void download_tick(void *context)
{
        download_poll(context);
}

static int download_nap(struct download *download, struct error *err)
{
        download_show(download);
        nanosleep(&(struct timespec){ .tv_nsec = DOWNLOAD_NAP_MS * 1000000L }, NULL);
        return intake_cancelled(download->intake) ? error_set(err, EINTR, "interrupted") : 0;
}

/* --- whose is it? */

static int download_try_config(struct download *download, const char *digest, uint64_t size,
                               struct error *err)
{
        AUTO_STRV struct strv digests = { 0 };
        int result = 1;

        strv_append(&digests, digest);
        if (store_lock(download->intake->store, STORE_EXCLUSIVE, err) < 0)
                return -1;
        if (work_keep(&download->intake->work, &digests, err) < 0)
                result = -1;
        else if (intake_has(download->intake, "blobs/sha256", digest))
                result = 0;
        else if (part_take(download->intake->store, digest, size, download->from, &download->config,
                           err) != 1)
                result = 2;
        store_unlock(download->intake->store);
        return result;
}

int download_hold_config(struct download *download, const char *digest, uint64_t size,
                         struct error *err)
{
        struct part_watch watch = { 0 };
        int result;

        while ((result = download_try_config(download, digest, size, err)) == 2) {
                if (part_is_stuck(download->intake->store, digest, download->from, &watch))
                        return 1;
                if (download_nap(download, err) < 0)
                        return -1;
        }
        return result;
}

static char *download_own_name(const struct download *download, size_t i)
{
        return str_format("%s/blob.%zu", download->intake->work.name, i);
}

/* The other process stands still: take what it has completed, or make a file of our own. */
static int download_help_oneself(struct download *download, size_t i, struct error *err)
{
        struct store *store = download->intake->store;
        const struct load_layer *layer = download->intake->plan.layers + i;
        struct download_layer *own = download->layers + i;
        AUTO_FREE char *name = download_own_name(download, i);
        AUTO_FREE char *theirs = str_format("%s%s", digest_hex(layer->digest), WORK_PART);
        struct stat st;

        unlinkat(store->tmp, name, 0);
        own->part = (struct part)PART_NONE;
        if (own->state != DOWNLOAD_AGAIN && linkat(store->tmp, theirs, store->tmp, name, 0) == 0) {
                own->part.fd = openat(store->tmp, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
                if (own->part.fd >= 0 && fstat(own->part.fd, &st) == 0 &&
                    (uint64_t)st.st_size == layer->size) {
                        own->part.have = layer->size;
                        return 0;
                }
                cleanup_close(&own->part.fd);
                unlinkat(store->tmp, name, 0);
        }
        own->part.have = 0;
        own->part.fd =
                openat(store->tmp, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
        return own->part.fd < 0 ? error_errno(err, errno, "cannot make tmp/%s", name) : 0;
}

/* A file that proved wrong, or is no longer needed. */
static void download_drop(struct download *download, struct download_layer *own)
{
        part_discard(download->intake->store, &own->part);
        cleanup_close(&own->part.fd);
        own->part.fd = -1;
}

/* What an additional store has unpacked is used there: 1; 0: none has it. */
static int download_link_layer(struct download *download, size_t i, struct error *err)
{
        const struct load_layer *layer = download->intake->plan.layers + i;
        AUTO_NEARBY struct nearby_layer found = { 0 };

        if (!nearby_find_layer(download->nearby, layer->diff_id,
                               download->keep_blobs ? layer->digest : NULL, &found))
                return 0;
        if (intake_link_layer(download->intake, i, &found, err) < 0)
                return -1;
        download->layers[i].state = DOWNLOAD_DONE;
        return 1;
}

/* A layer that is unpacked already may have come as another blob: where blobs are kept, this one is
 * fetched too, or the image could not go out again as it came.
 *
 * The store is locked: what is there is there to stay, and nobody else takes parts meanwhile, so
 * that one process has all layers of an image or none. */
static int download_take_layer(struct download *download, size_t i, struct error *err)
{
        const struct load_layer *layer = download->intake->plan.layers + i;
        struct download_layer *own = download->layers + i;
        int taken;

        if (own->state == DOWNLOAD_DONE)
                return 0;
        if (intake_has(download->intake, "layers", layer->diff_id) &&
            (!download->keep_blobs ||
             verified_blob(download->intake->store->fd, layer->digest, layer->diff_id))) {
                download_drop(download, own);
                own->state = DOWNLOAD_DONE;
                return 0;
        }
        if (own->state != DOWNLOAD_AGAIN &&
            intake_has(download->intake, "blobs/sha256", layer->digest)) {
                own->state = DOWNLOAD_STORED;
                return 0;
        }
        if (own->state == DOWNLOAD_UNKNOWN) {
                int linked = download_link_layer(download, i, err);

                if (linked)
                        return linked < 0 ? -1 : 0;
        }
        if (own->state == DOWNLOAD_AGAIN)
                download_drop(download, own);
        taken = own->impatient ? download_help_oneself(download, i, err)
                               : part_take(download->intake->store, layer->digest, layer->size,
                                           download->from, &own->part, err);
        if (taken < 0)
                return -1;
        own->trusted = own->part.have == 0;
        own->state = taken || own->impatient ? DOWNLOAD_MINE : DOWNLOAD_FOREIGN;
        return 0;
}

static int download_take_layers(struct download *download, struct error *err)
{
        int result;

        if (store_lock(download->intake->store, STORE_EXCLUSIVE, err) < 0)
                return -1;
        result = intake_keep_locked(download->intake, err);
        for (size_t i = 0; result == 0 && i < download->count; i++)
                result = download_take_layer(download, i, err);
        store_unlock(download->intake->store);
        return result;
}

/* --- the workers' side */

static int download_unpack(struct download *download, size_t i, int fd, struct error *err)
{
        struct load_layer *layer = download->intake->plan.layers + i;
        struct download_layer *own = download->layers + i;
        AUTO_FREE char *name = str_format("layer %.19s of %s", layer->digest, download->name);
        AUTO_STREAM struct stream *stream = NULL;
        struct stream_source source = { .fd = fd,
                                        .positioned = true,
                                        .size = layer->size,
                                        .growth = own->state == DOWNLOAD_MINE ? &own->growth : NULL,
                                        .copy = -1,
                                        .cancel = download->intake->cancel,
                                        .progress = &download->intake->progress,
                                        .writeback = &download->intake->writeback,
                                        .name = name };

        if (stream_open(&source, &stream, err) < 0)
                return -1;
        if (stream_is_recoded(stream))
                return error_set(err, EPROTONOSUPPORT,
                                 "%s is compressed in a way that OCI does not know", name);
        return intake_unpack(download->intake, i, stream, name, err);
}

static void download_name_blob(struct download *download, size_t i)
{
        struct load_layer *layer = download->intake->plan.layers + i;
        const struct download_layer *own = download->layers + i;

        if (own->state == DOWNLOAD_MINE && download->keep_blobs)
                layer->blob =
                        own->part.name ? str_dup(own->part.name) : download_own_name(download, i);
}

/* An intake_take. What was there before and is wrong, we get anew. */
static int download_work(void *context, size_t i, struct error *err)
{
        struct download *download = context;
        struct download_layer *own = download->layers + i;
        AUTO_ERROR struct error reason = { 0 };
        AUTO_CLOSE int stored = -1;
        int result;

        if (own->state == DOWNLOAD_STORED) {
                AUTO_FREE char *path = str_format(
                        "blobs/sha256/%s", digest_hex(download->intake->plan.layers[i].digest));

                stored = openat(download->intake->store->fd, path, O_RDONLY | O_CLOEXEC);
                if (stored < 0)
                        return error_errno(err, errno, "cannot open %s", path);
        } else if (own->state != DOWNLOAD_MINE) {
                return 0;
        }
        result = download_unpack(download, i, stored < 0 ? own->part.fd : stored, &reason);
        if (result == 0) {
                download_name_blob(download, i);
                own->state = DOWNLOAD_DONE;
                return 0;
        }
        if (reason.code == EBADMSG && (own->state == DOWNLOAD_STORED || !own->trusted)) {
                own->state = DOWNLOAD_AGAIN;
                return 0;
        }
        own->spoiled = reason.code == EBADMSG;
        return error_set(err, reason.code, "%s", reason.message);
}

/* --- the network's side */

static void download_grown(void *context, struct registry_blob *blob, uint64_t bytes)
{
        struct download *download = context;
        struct download_layer *own = blob->user;

        if (blob->offset / DOWNLOAD_WRITEBACK != (blob->offset - bytes) / DOWNLOAD_WRITEBACK)
                sync_file_range(blob->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
        growth_reach(&own->growth, blob->offset);
        progress_set(download->progress, own->row, blob->offset);
}

static void download_complete(void *context, struct registry_blob *blob)
{
        struct download_layer *own = blob->user;

        (void)context;
        growth_reach(&own->growth, blob->offset);
        growth_end(&own->growth, true);
}

/* Once; where that was wrong, the registry has it. */
static void download_seek_nearby(struct download *download, size_t i)
{
        const struct load_layer *layer = download->intake->plan.layers + i;
        struct download_layer *own = download->layers + i;

        if (own->sought || own->part.have == layer->size)
                return;
        own->sought = true;
        if (!nearby_copy_blob(download->nearby, layer->digest, layer->size, own->part.fd,
                              download->intake->cancel))
                return;
        own->part.have = layer->size;
        own->trusted = false;
}

/* Those that are ours, as the registry takes them. */
static size_t download_list(struct download *download, struct registry_blob *blobs)
{
        size_t count = 0;

        for (size_t i = 0; i < download->count; i++) {
                const struct load_layer *layer = download->intake->plan.layers + i;
                struct download_layer *own = download->layers + i;

                if (own->state != DOWNLOAD_MINE)
                        continue;
                download_seek_nearby(download, i);
                if (own->growing)
                        growth_free(&own->growth);
                growth_begin(&own->growth, own->part.have);
                own->growing = true;
                progress_set(download->progress, own->row, own->part.have);
                blobs[count++] = (struct registry_blob){ .digest = layer->digest,
                                                         .size = layer->size,
                                                         .fd = own->part.fd,
                                                         .offset = own->part.have,
                                                         .user = own };
        }
        return count;
}

/* Download and unpack what is ours and what is there. */
static int download_round(struct download *download, struct error *err)
{
        AUTO_FREE struct registry_blob *blobs = alloc_zero(download->count, sizeof *blobs);
        const struct registry_events events = { download_grown, download_complete, download };
        size_t count = download_list(download, blobs);
        struct error reason = { 0 };

        if (intake_start(download->intake, download_work, download, err) < 0)
                return -1;
        /* A worker's failure stops it as well, and is the one to tell. */
        if (count && registry_fetch_blobs(download->registry, blobs, count, &events, &reason) < 0)
                intake_fail(download->intake, &reason);
        for (size_t i = 0; i < count; i++)
                growth_end(&((struct download_layer *)blobs[i].user)->growth, blobs[i].done);
        return intake_wait(download->intake, err);
}

static size_t download_count(const struct download *download, enum download_state state)
{
        size_t count = 0;

        for (size_t i = 0; i < download->count; i++)
                count += download->layers[i].state == state;
        return count;
}

static void download_watch_others(struct download *download)
{
        for (size_t i = 0; i < download->count; i++) {
                struct download_layer *own = download->layers + i;

                if (own->state == DOWNLOAD_FOREIGN)
                        own->impatient = part_is_stuck(download->intake->store,
                                                       download->intake->plan.layers[i].digest,
                                                       download->from, &own->watch);
        }
}

static void download_announce(struct download *download)
{
        for (size_t i = 0; i < download->count; i++) {
                const struct load_layer *layer = download->intake->plan.layers + i;
                struct download_layer *own = download->layers + i;

                if (own->shown || own->state == DOWNLOAD_DONE || own->state == DOWNLOAD_STORED)
                        continue;
                own->row = progress_add(download->progress, digest_hex(layer->digest), layer->size);
                own->shown = true;
        }
}

int download_layers(struct download *download, struct error *err)
{
        download->count = download->intake->plan.layer_count;
        download->layers = alloc_zero(download->count, sizeof *download->layers);
        for (size_t i = 0; i < download->count; i++)
                download->layers[i].part = (struct part)PART_NONE;
        download->intake->tick = download_tick;
        for (;;) {
                if (download_take_layers(download, err) < 0)
                        return -1;
                download_announce(download);
                if (download_count(download, DOWNLOAD_DONE) == download->count)
                        return 0;
                if (download_count(download, DOWNLOAD_MINE) ||
                    download_count(download, DOWNLOAD_STORED)) {
                        if (download_round(download, err) < 0)
                                return -1;
                        continue;
                }
                download_watch_others(download);
                if (download_nap(download, err) < 0)
                        return -1;
        }
}

void download_end(struct download *download)
{
        const struct store *store = download->intake->store;

        part_discard(store, &download->config);
        for (size_t i = 0; i < download->count; i++) {
                struct download_layer *own = download->layers + i;

                if (own->growing)
                        growth_free(&own->growth);
                if ((own->state == DOWNLOAD_DONE && download->committed) || own->spoiled ||
                    own->state == DOWNLOAD_AGAIN || download->full)
                        download_drop(download, own);
                part_release(store, &own->part);
                cleanup_close(&own->part.fd);
        }
        free(download->layers);
        download->layers = NULL;
        download->count = 0;
}
