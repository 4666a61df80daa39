/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "intake.h"

#include "../base/io.h"
#include "cover.h"
#include "implied.h"
#include "reference.h"
#include "store-change.h"
#include "superblock.h"

#include <errno.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
        INTAKE_PROGRESS_MS = 200
};

int intake_begin(struct intake *intake, struct store *store, const char *kind, struct error *err)
{
        intake->store = store;
        pthread_mutex_init(&intake->mutex, NULL);
        pthread_cond_init(&intake->done, NULL);
        intake->begun = true;
        return work_begin(store, kind, &intake->work, err);
}

void intake_end(struct intake *intake)
{
        load_plan_free(&intake->plan);
        if (!intake->begun)
                return;
        pthread_mutex_destroy(&intake->mutex);
        pthread_cond_destroy(&intake->done);
        error_clear(&intake->failure);
        work_end(&intake->work);
}

bool intake_cancelled(const struct intake *intake)
{
        return intake->cancel && *intake->cancel;
}

bool intake_has(const struct intake *intake, const char *directory, const char *digest)
{
        AUTO_FREE char *path = digest ? str_format("%s/%s", directory, digest_hex(digest)) : NULL;

        /* A link to what has gone is nothing. */
        return path && faccessat(intake->store->fd, path, F_OK, 0) == 0;
}

/* Everything whose digest is known by now. */
static void intake_list_digests(const struct intake *intake, struct strv *digests)
{
        for (size_t i = 0; i < intake->plan.image_count; i++) {
                const struct load_image *image = intake->plan.images + i;

                if (image->config_digest)
                        strv_append(digests, image->config_digest);
                if (image->descriptor.digest)
                        strv_append(digests, image->descriptor.digest);
                for (size_t j = 0; j < image->document_count; j++)
                        strv_append(digests, image->documents[j].digest);
        }
        for (size_t i = 0; i < intake->plan.layer_count; i++) {
                const struct load_layer *layer = intake->plan.layers + i;

                if (layer->digest)
                        strv_append(digests, layer->digest);
                if (layer->diff_id)
                        strv_append(digests, layer->diff_id);
        }
}

int intake_keep_locked(struct intake *intake, struct error *err)
{
        AUTO_STRV struct strv digests = { 0 };

        intake_list_digests(intake, &digests);
        return work_keep(&intake->work, &digests, err);
}

int intake_keep(struct intake *intake, struct error *err)
{
        int result;

        if (store_lock(intake->store, STORE_SHARED, err) < 0)
                return -1;
        result = intake_keep_locked(intake, err);
        store_unlock(intake->store);
        return result;
}

/* An empty directory; one of an earlier try goes. */
static int intake_make_top(struct intake *intake, size_t i, int *ret_top, struct error *err)
{
        AUTO_FREE char *directory = str_format("layer.%zu", i);
        AUTO_CLOSE int top = -1;

        if (intake->plan.layers[i].unpacked && io_remove_tree(intake->work.fd, directory, err) < 0)
                return -1;
        if (mkdirat(intake->work.fd, directory, 0755) < 0 ||
            (top = openat(intake->work.fd, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
            fchmod(top, 0755) < 0)
                return error_errno(err, errno, "cannot make tmp/%s/%s", intake->work.name,
                                   directory);
        intake->plan.layers[i].unpacked = true;
        *ret_top = steal_fd(&top);
        return 0;
}

static int intake_link_one(struct intake *intake, const char *target, const char *kind, size_t i,
                           struct error *err)
{
        AUTO_FREE char *name = str_format("%s.%zu", kind, i);

        if (symlinkat(target, intake->work.fd, name) < 0)
                return error_errno(err, errno, "cannot make tmp/%s/%s", intake->work.name, name);
        return 0;
}

int intake_link_layer(struct intake *intake, size_t i, const struct nearby_layer *found,
                      struct error *err)
{
        struct load_layer *layer = intake->plan.layers + i;

        if (intake_link_one(intake, found->directory, "layer", i, err) < 0 ||
            intake_link_one(intake, found->implied, "implied", i, err) < 0 ||
            (found->blob && intake_link_one(intake, found->blob, "blob", i, err) < 0))
                return -1;
        layer->linked = true;
        if (found->blob)
                layer->blob = str_format("%s/blob.%zu", intake->work.name, i);
        return 0;
}

/* What a manifest claims of a layer decides how it is shown: a tar that is taken for a file system
 * would be left out where the directories of other layers are looked at (cover.h). */
static int intake_check_whole(struct stream *stream, const char *name, struct error *err)
{
        const void *data;
        size_t length;

        if (stream_is_compressed(stream))
                return error_set(err, EBADMSG, "%s is compressed, it could not be mounted", name);
        if (stream_peek(stream, &data, &length, err) < 0)
                return -1;
        if (!superblock_begins(data, length))
                return error_set(err, EBADMSG, "%s is neither squashfs nor erofs", name);
        return 0;
}

static int intake_write_tree(struct intake *intake, size_t i, struct stream *stream,
                             const char *name, struct error *err)
{
        struct load_layer *layer = intake->plan.layers + i;
        AUTO_CLOSE int top = -1;

        /* stream_finish() reads, copies and hashes all of it. */
        if (layer->whole)
                return intake_check_whole(stream, name, err);
        if (intake_make_top(intake, i, &top, err) < 0)
                return -1;
        /* What was downloaded may have turned out to be damaged: this is the second time then. */
        layer_result_free(&layer->result);
        if (layer_unpack(stream, name, top, &layer->result, err) < 0)
                return -1;
        intake->implied += implied_length(&layer->result.implied);
        return intake->implied > COVER_MAX_IMPLIED ? cover_refuse_implied(err) : 0;
}

int intake_unpack(struct intake *intake, size_t i, struct stream *stream, const char *name,
                  struct error *err)
{
        struct load_layer *layer = intake->plan.layers + i;
        AUTO_FREE char *blob = NULL;
        AUTO_FREE char *diff_id = NULL;
        uint64_t size;

        stream_use_spare(stream, &intake->spare);
        if (intake_write_tree(intake, i, stream, name, err) < 0 ||
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
                if (!layer->media_type)
                        layer->media_type =
                                str_format("%s%s", MEDIA_OCI_LAYER, stream_suffix(stream));
        }
        return 0;
}

/* --- layers side by side */

bool intake_stopped(const struct intake *intake)
{
        return intake->stop || intake_cancelled(intake);
}

void intake_fail(struct intake *intake, struct error *err)
{
        pthread_mutex_lock(&intake->mutex);
        if (!intake->failure.message) {
                intake->failure = *err;
                *err = (struct error){ 0 };
        }
        intake->stop = true;
        pthread_mutex_unlock(&intake->mutex);
        error_clear(err);
}

static void *intake_worker(void *context)
{
        struct intake *intake = context;

        while (!intake_stopped(intake)) {
                struct error err = { 0 };
                size_t i = intake->next++;

                if (i >= intake->plan.layer_count)
                        break;
                if (intake->take(intake->context, i, &err) < 0)
                        intake_fail(intake, &err);
        }
        pthread_mutex_lock(&intake->mutex);
        intake->running--;
        if (intake->running < intake->processors)
                intake->spare++;
        pthread_cond_signal(&intake->done);
        pthread_mutex_unlock(&intake->mutex);
        return NULL;
}

static unsigned intake_count_processors(const struct intake *intake)
{
        long processors = sysconf(_SC_NPROCESSORS_ONLN);

        if (intake->threads)
                return intake->threads;
        return processors > 0 ? (unsigned)processors : 1;
}

/* One more than there are processors: it goes on while others wait for the disk or the network. */
static unsigned intake_count_workers(const struct intake *intake)
{
        unsigned wanted = intake->processors + !intake->threads;

        if (wanted > INTAKE_MAX_THREADS)
                wanted = INTAKE_MAX_THREADS;
        return wanted < intake->plan.layer_count ? wanted : (unsigned)intake->plan.layer_count;
}

/* The pause of somebody who waits for the workers, on their mutex. */
static void intake_pause(struct intake *intake)
{
        struct timespec until;

        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += INTAKE_PROGRESS_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_cond_timedwait(&intake->done, &intake->mutex, &until);
}

int intake_start(struct intake *intake, intake_take *take, void *context, struct error *err)
{
        unsigned wanted;

        intake->processors = intake_count_processors(intake);
        wanted = intake_count_workers(intake);
        intake->take = take;
        intake->context = context;
        intake->next = 0;
        /* Often one layer is larger than all others: it alone has to keep two processors busy. */
        intake->spare = intake->processors > wanted ? intake->processors - wanted : 0;
        intake->running = intake->started = 0;
        writeback_start(&intake->writeback, intake->work.fd);
        while (intake->started < wanted) {
                pthread_mutex_lock(&intake->mutex);
                intake->running++;
                pthread_mutex_unlock(&intake->mutex);
                if (pthread_create(intake->workers + intake->started, NULL, intake_worker,
                                   intake) != 0)
                        break;
                intake->started++;
        }
        if (intake->started < wanted) {
                pthread_mutex_lock(&intake->mutex);
                intake->running--;
                pthread_mutex_unlock(&intake->mutex);
        }
        if (wanted && !intake->started) {
                writeback_stop(&intake->writeback);
                return error_set(err, EAGAIN, "cannot start a thread");
        }
        return 0;
}

int intake_wait(struct intake *intake, struct error *err)
{
        pthread_mutex_lock(&intake->mutex);
        while (intake->running) {
                intake_pause(intake);
                if (intake->tick)
                        intake->tick(intake->context);
        }
        pthread_mutex_unlock(&intake->mutex);
        for (unsigned i = 0; i < intake->started; i++)
                pthread_join(intake->workers[i], NULL);
        intake->started = 0;
        writeback_stop(&intake->writeback);
        if (intake_cancelled(intake))
                return error_set(err, EINTR, "interrupted");
        if (intake->failure.message)
                return error_set(err, intake->failure.code, "%s", intake->failure.message);
        return 0;
}
