/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Blobs: several side by side, and one at a time. */
#include "../image/digest.h"
#include "answer.h"
#include "registry-internal.h"

#include <errno.h>
#include <unistd.h>

/* --- side by side */

struct blobs {
        struct registry *registry;
        const struct registry_work *work;
        struct registry_blob *blobs; /* borrowed */
        size_t count, next, running;
        struct registry_slot *slots; /* owned */
        size_t slot_count;
        const struct registry_events *events; /* never NULL */
};

void registry_grown(struct registry_slot *slot, uint64_t bytes)
{
        if (slot->events->grown)
                slot->events->grown(slot->events->context, slot->blob, bytes);
}

static void slot_end(struct registry_slot *slot)
{
        if (slot->blob)
                request_end(&slot->request);
        free(slot->location);
        *slot = (struct registry_slot){ .blob = NULL };
}

static void blobs_finish(struct blobs *blobs, struct registry_slot *slot)
{
        struct registry_blob *blob = slot->blob;

        slot_end(slot);
        blobs->running--;
        blob->done = true;
        if (blobs->events->done)
                blobs->events->done(blobs->events->context, blob);
}

static void blobs_end(struct blobs *blobs)
{
        for (size_t i = 0; i < blobs->slot_count; i++)
                slot_end(&blobs->slots[i]);
        free(blobs->slots);
}

/* Give free slots the next blobs. */
static int blobs_fill(struct blobs *blobs, struct error *err)
{
        for (size_t i = 0; i < blobs->slot_count && blobs->next < blobs->count; i++) {
                struct registry_slot *slot = &blobs->slots[i];
                int result;

                if (slot->blob)
                        continue;
                *slot = (struct registry_slot){ .registry = blobs->registry,
                                                .blob = &blobs->blobs[blobs->next++],
                                                .events = blobs->events };
                slot->request.ended = true;
                blobs->running++;
                result = blobs->work->begin(slot, err);
                if (result < 0)
                        return -1;
                if (result)
                        blobs_finish(blobs, slot);
        }
        return 0;
}

static int blobs_step(struct blobs *blobs, struct error *err)
{
        struct request *request;
        struct registry_slot *slot;
        int result;

        if (session_wait(&blobs->registry->session, &request, err) < 0)
                return -1;
        slot = (struct registry_slot *)request;
        result = blobs->work->advance(slot, err);
        if (result <= 0)
                return result;
        blobs_finish(blobs, slot);
        return 0;
}

static int blobs_run(struct blobs *blobs, struct error *err)
{
        do {
                if (blobs_fill(blobs, err) < 0 || (blobs->running && blobs_step(blobs, err) < 0))
                        return -1;
        } while (blobs->running || blobs->next < blobs->count);
        return 0;
}

int registry_work_blobs(struct registry *registry, const struct registry_work *work,
                        struct registry_blob *list, size_t count,
                        const struct registry_events *events, struct error *err)
{
        static const struct registry_events none = { 0 };
        CLEANUP(blobs_end)
        struct blobs blobs = { .registry = registry,
                               .work = work,
                               .blobs = list,
                               .count = count,
                               .events = events ? events : &none };

        for (size_t i = 0; i < count; i++)
                if (registry_check_digest(list[i].digest, err) < 0)
                        return -1;
        blobs.slot_count =
                registry->options.parallel ? registry->options.parallel : REGISTRY_DEFAULT_PARALLEL;
        if (blobs.slot_count > count)
                blobs.slot_count = count;
        blobs.slots = alloc_zero(blobs.slot_count + 1, sizeof *blobs.slots);
        return blobs_run(&blobs, err);
}

/* --- fetching */

/* Where in the blob does the answer begin? What the file has of it is skipped. */
static int fetch_place(struct registry_slot *slot, struct transfer *transfer, struct error *err)
{
        const struct registry_blob *blob = slot->blob;
        const char *range = transfer_header(transfer, "Content-Range", 0);
        const char *encoding = transfer_header(transfer, "Content-Encoding", 0);
        uint64_t first, last, total;

        if (encoding && !str_equal_nocase(encoding, "identity"))
                return error_set(err, EPROTO, "it is encoded in a way that was not asked for");
        slot->skip = blob->offset;
        if (transfer->status != 206)
                return 0;
        if (!range || !answer_content_range(range, &first, &last, &total) ||
            first != blob->offset || (total && total != blob->size))
                return error_set(err, EPROTO, "another part than the one asked for");
        slot->skip = 0;
        return 0;
}

static int fetch_write(struct registry_slot *slot, const char *data, size_t length,
                       struct error *err)
{
        struct registry_blob *blob = slot->blob;

        if (length > blob->size - blob->offset)
                return error_set(err, EFBIG, "more than its %llu bytes",
                                 (unsigned long long)blob->size);
        while (length) {
                ssize_t written = pwrite(blob->fd, data, length, (off_t)blob->offset);

                if (written < 0 && errno == EINTR)
                        continue;
                if (written <= 0)
                        return error_errno(err, written ? errno : EIO, "cannot write");
                data += written;
                length -= (size_t)written;
                blob->offset += (uint64_t)written;
                registry_grown(slot, (uint64_t)written);
        }
        return 0;
}

static int fetch_take(struct transfer *transfer, const void *data, size_t length, struct error *err)
{
        struct registry_slot *slot = transfer->context;
        size_t skipped;

        if (transfer->received == 0 && fetch_place(slot, transfer, err) < 0)
                return -1;
        skipped = length < slot->skip ? length : (size_t)slot->skip;
        slot->skip -= skipped;
        return fetch_write(slot, (const char *)data + skipped, length - skipped, err);
}

static int fetch_begin(struct registry_slot *slot, struct error *err)
{
        struct registry_blob *blob = slot->blob;
        struct request *request = &slot->request;

        if (blob->offset > blob->size)
                return error_set(err, EINVAL, "blob %s: the file has more than its %llu bytes",
                                 blob->digest, (unsigned long long)blob->size);
        if (blob->offset == blob->size)
                return 1;
        if (registry_prepare(slot->registry, err) < 0)
                return -1;
        registry_begin(slot->registry, request, "GET", str_concat("blobs/", blob->digest),
                       str_concat("blob ", blob->digest));
        request->resume = &blob->offset;
        request->transfer.take = fetch_take;
        request->transfer.context = slot;
        request->transfer.max_body = UINT64_MAX;
        return request_start(request, err) < 0 ? -1 : 0;
}

static int fetch_advance(struct registry_slot *slot, struct error *err)
{
        const struct registry_blob *blob = slot->blob;
        const struct request *request = &slot->request;

        if (request->error.message)
                return error_set(err, request->error.code, "%s", request->error.message);
        if (blob->offset < blob->size)
                return error_set(err, EBADMSG, "%s: %s: it ends after %llu of %llu bytes",
                                 slot->registry->host, request->what,
                                 (unsigned long long)blob->offset, (unsigned long long)blob->size);
        return 1;
}

int registry_fetch_blobs(struct registry *registry, struct registry_blob *blobs, size_t count,
                         const struct registry_events *events, struct error *err)
{
        static const struct registry_work work = { fetch_begin, fetch_advance };

        return registry_work_blobs(registry, &work, blobs, count, events, err);
}

int registry_fetch_data(struct registry *registry, const char *digest, uint64_t size, size_t max,
                        char **ret_data, struct error *err)
{
        AUTO_REQUEST struct request request = { 0 };
        AUTO_FREE char *found = NULL;
        struct strbuf *answer = &request.transfer.answer;

        if (registry_check_digest(digest, err) < 0 || registry_prepare(registry, err) < 0)
                return -1;
        if (size > max)
                return error_set(err, EFBIG, "%s: blob %s: %llu bytes are too many", registry->host,
                                 digest, (unsigned long long)size);
        registry_begin(registry, &request, "GET", str_concat("blobs/", digest),
                       str_concat("blob ", digest));
        request.transfer.max_body = size;
        if (registry_perform(registry, &request, err) < 0)
                return -1;
        strbuf_append(answer, "");
        found = digest_of(answer->data, answer->length);
        if (answer->length != size || !str_equal(found, digest))
                return error_set(err, EBADMSG,
                                 "%s: %s: damaged: %zu of %llu bytes with the digest %s",
                                 registry->host, request.what, answer->length,
                                 (unsigned long long)size, found);
        *ret_data = strbuf_steal(answer);
        return 0;
}
