/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Blobs on their way to a registry. Each one is looked for, then mounted or opened, sent by one
 * PATCH, and closed. A PATCH that breaks is not simply repeated: the registry is asked how far it
 * came, and the rest is sent. One that has forgotten all is sent all again.
 */
#include "answer.h"
#include "registry-internal.h"
#include "url.h"

#include <errno.h>

enum upload_step {
        UPLOAD_LOOK,  /* HEAD: is it there? */
        UPLOAD_OPEN,  /* POST: mount it, or begin */
        UPLOAD_SEND,  /* PATCH */
        UPLOAD_ASK,   /* GET: how far did it come? */
        UPLOAD_CLOSE, /* PUT */
};

enum {
        UPLOAD_PATIENCE = 600 /* seconds: registries look at all of a blob before they accept it */
};

static int upload_start(struct registry_slot *slot, enum upload_step step, struct error *err);

static char *upload_what(const struct registry_slot *slot)
{
        return str_concat("upload of blob ", slot->blob->digest);
}

/* --- the questions */

static void upload_look(struct registry_slot *slot)
{
        registry_begin(slot->registry, &slot->request, "HEAD",
                       str_concat("blobs/", slot->blob->digest), upload_what(slot));
        slot->request.missing_is_fine = true;
}

/* from: a repository to mount it from, or NULL. */
static char *upload_open_path(const char *digest, const char *from)
{
        AUTO_FREE char *mount = NULL;

        if (!from)
                return str_dup("blobs/uploads/");
        mount = url_add_query("blobs/uploads/", "mount", digest);
        return url_add_query(mount, "from", from);
}

static const char *upload_source(const struct registry_slot *slot)
{
        return slot->unmounted ? NULL : slot->blob->mount_from;
}

static void upload_open(struct registry_slot *slot)
{
        const char *from = upload_source(slot);

        if (from)
                authority_add_scope(&slot->registry->authority, from, "pull");
        registry_begin(slot->registry, &slot->request, "POST",
                       upload_open_path(slot->blob->digest, from), upload_what(slot));
}

static void upload_on_sent(struct transfer *transfer, uint64_t bytes)
{
        registry_grown(transfer->context, bytes);
}

static void upload_send(struct registry_slot *slot)
{
        struct registry_blob *blob = slot->blob;
        struct request *request = &slot->request;

        request_begin(request, &slot->registry->session, "PATCH", str_dup(slot->location),
                      upload_what(slot));
        request->once = true;
        request->transfer.body_fd = blob->fd;
        request->transfer.body_start = blob->offset;
        request->transfer.body_length = blob->size - blob->offset;
        request->transfer.sent = upload_on_sent;
        request->transfer.context = slot;
        strv_append(&request->headers, "Content-Type: application/octet-stream");
        if (blob->size > blob->offset)
                strv_appendf(&request->headers, "Content-Range: %llu-%llu",
                             (unsigned long long)blob->offset, (unsigned long long)blob->size - 1);
}

static void upload_ask(struct registry_slot *slot)
{
        request_begin(&slot->request, &slot->registry->session, "GET", str_dup(slot->location),
                      upload_what(slot));
        slot->request.missing_is_fine = true;
}

static void upload_close(struct registry_slot *slot)
{
        request_begin(&slot->request, &slot->registry->session, "PUT",
                      url_add_query(slot->location, "digest", slot->blob->digest),
                      upload_what(slot));
        strv_append(&slot->request.headers, "Content-Type: application/octet-stream");
        slot->request.transfer.patience = UPLOAD_PATIENCE;
}

/* --- the answers */

static int upload_fail(const struct registry_slot *slot, const char *reason, struct error *err)
{
        return error_set(err, EPROTO, "%s: %s: %s", slot->registry->host, slot->request.what,
                         reason);
}

/* Where to go on, as the answer says. */
static int upload_take_location(struct registry_slot *slot, struct error *err)
{
        const char *location = transfer_header(&slot->request.transfer, "Location", 0);
        AUTO_FREE char *next = NULL;

        if (!location)
                return slot->location ? 0 : upload_fail(slot, "it does not say where to", err);
        if (url_resolve(slot->request.location, location, &next, err) < 0)
                return error_wrap(err, "%s: %s", slot->registry->host, slot->request.what);
        if (url_is_https(slot->registry->base) && !url_is_https(next) && !slot->registry->insecure)
                return upload_fail(slot, "it leads from https to http", err);
        str_replace(&slot->location, next);
        return 0;
}

static int upload_looked(struct registry_slot *slot, struct error *err)
{
        if (slot->request.transfer.status != 404)
                return 1;
        return upload_start(slot, UPLOAD_OPEN, err);
}

static int upload_opened(struct registry_slot *slot, struct error *err)
{
        if (slot->request.transfer.status == 201 && upload_source(slot))
                return 1;
        str_replace(&slot->location, NULL);
        if (upload_take_location(slot, err) < 0)
                return -1;
        slot->blob->offset = 0;
        slot->blob->uploaded = true;
        return upload_start(slot, UPLOAD_SEND, err);
}

/* How far the registry has come, by its Range header. */
static int upload_take_offset(struct registry_slot *slot, uint64_t otherwise, struct error *err)
{
        const char *range = transfer_header(&slot->request.transfer, "Range", 0);
        uint64_t offset = otherwise;

        if (range && !answer_upload_offset(range, &offset))
                return upload_fail(slot, "its Range makes no sense", err);
        /* "0-0" says too little. */
        if (offset == 0 && otherwise <= 1)
                offset = otherwise;
        if (offset > slot->blob->size)
                return upload_fail(slot, "it claims to have more than was sent", err);
        slot->blob->offset = offset;
        return 0;
}

/* One more failure of this blob: 0, or -1 where they are too many. */
static int upload_count_failure(struct registry_slot *slot)
{
        const struct session *session = &slot->registry->session;
        AUTO_FREE char *message = NULL;

        if (slot->failures >= session->retries)
                return -1;
        slot->failures++;
        if (session->notice) {
                message = str_format("%s; again (%u of %u)", slot->request.error.message,
                                     slot->failures, session->retries);
                session->notice(session->context, message);
        }
        return 0;
}

static int upload_sent(struct registry_slot *slot, struct error *err)
{
        const struct request *request = &slot->request;
        uint64_t before = slot->blob->offset;

        if (request->error.message) {
                /* 416: libcurl has sent it again by itself, over a new connection. */
                if ((!request->passing && request->transfer.status != 416) ||
                    upload_count_failure(slot) < 0)
                        return error_set(err, request->error.code, "%s", request->error.message);
                return upload_start(slot, UPLOAD_ASK, err);
        }
        if (upload_take_location(slot, err) < 0 ||
            upload_take_offset(slot, slot->blob->size, err) < 0)
                return -1;
        if (slot->blob->offset == slot->blob->size)
                return upload_start(slot, UPLOAD_CLOSE, err);
        if (slot->blob->offset <= before)
                return upload_fail(slot, "it does not keep what was sent", err);
        return upload_start(slot, UPLOAD_SEND, err);
}

static int upload_asked(struct registry_slot *slot, struct error *err)
{
        if (slot->request.transfer.status == 404)
                return upload_start(slot, UPLOAD_OPEN, err);
        if (upload_take_location(slot, err) < 0 || upload_take_offset(slot, 0, err) < 0)
                return -1;
        return upload_start(
                slot, slot->blob->offset == slot->blob->size ? UPLOAD_CLOSE : UPLOAD_SEND, err);
}

static int upload_closed(struct registry_slot *slot, struct error *err)
{
        (void)slot;
        (void)err;
        return 1;
}

/* --- the way through */

struct upload_way {
        void (*ask)(struct registry_slot *slot);
        int (*answered)(struct registry_slot *slot, struct error *err);
};

static const struct upload_way upload_ways[] = {
        [UPLOAD_LOOK] = { upload_look, upload_looked },
        [UPLOAD_OPEN] = { upload_open, upload_opened },
        [UPLOAD_SEND] = { upload_send, upload_sent },
        [UPLOAD_ASK] = { upload_ask, upload_asked },
        [UPLOAD_CLOSE] = { upload_close, upload_closed },
};

/* Who may not read the other repository can still upload. True: that is tried from now on. */
static bool upload_give_up_mount(struct registry_slot *slot, int code)
{
        const char *from = upload_source(slot);

        if (slot->step != UPLOAD_OPEN || !from ||
            (code != EACCES && code != ENOENT && code != EREMOTEIO))
                return false;
        slot->unmounted = true;
        authority_drop_scope(&slot->registry->authority, from, "pull");
        return true;
}

static int upload_start(struct registry_slot *slot, enum upload_step step, struct error *err)
{
        AUTO_ERROR struct error failure = { 0 };

        request_end(&slot->request);
        slot->step = (int)step;
        upload_ways[step].ask(slot);
        if (request_start(&slot->request, &failure) == 0)
                return 0;
        if (upload_give_up_mount(slot, failure.code))
                return upload_start(slot, UPLOAD_OPEN, err);
        return error_set(err, failure.code, "%s", failure.message);
}

static int upload_begin(struct registry_slot *slot, struct error *err)
{
        if (registry_prepare(slot->registry, err) < 0)
                return -1;
        return upload_start(slot, UPLOAD_LOOK, err);
}

static int upload_advance(struct registry_slot *slot, struct error *err)
{
        const struct request *request = &slot->request;

        if (request->error.message && upload_give_up_mount(slot, request->error.code))
                return upload_start(slot, UPLOAD_OPEN, err);
        if (request->error.message && slot->step != UPLOAD_SEND)
                return error_set(err, request->error.code, "%s", request->error.message);
        return upload_ways[slot->step].answered(slot, err);
}

int registry_upload_blobs(struct registry *registry, struct registry_blob *blobs, size_t count,
                          const struct registry_events *events, struct error *err)
{
        static const struct registry_work work = { upload_begin, upload_advance };

        return registry_work_blobs(registry, &work, blobs, count, events, err);
}

/* --- one at a time */

int registry_has_blob(struct registry *registry, const char *digest, struct error *err)
{
        AUTO_REQUEST struct request request = { 0 };

        if (registry_check_digest(digest, err) < 0 || registry_prepare(registry, err) < 0)
                return -1;
        registry_begin(registry, &request, "HEAD", str_concat("blobs/", digest),
                       str_concat("blob ", digest));
        request.missing_is_fine = true;
        if (registry_perform(registry, &request, err) < 0)
                return -1;
        return request.transfer.status != 404;
}

/* Where it cannot be mounted, the registry has opened an upload that nobody wants: it is told so,
 * and forgets it sooner. */
static void mount_cancel(struct registry *registry, const struct request *opened)
{
        AUTO_REQUEST struct request request = { 0 };
        AUTO_FREE char *url = NULL;
        const char *location = transfer_header(&opened->transfer, "Location", 0);

        if (!location || url_resolve(opened->location, location, &url, NULL) < 0)
                return;
        request_begin(&request, &registry->session, "DELETE", steal_str(&url), str_dup("upload"));
        request.once = true;
        request_perform(&request, NULL);
}

int registry_mount_blob(struct registry *registry, const char *digest, const char *from_repository,
                        struct error *err)
{
        AUTO_REQUEST struct request request = { 0 };

        if (registry_check_digest(digest, err) < 0 || registry_prepare(registry, err) < 0)
                return -1;
        authority_add_scope(&registry->authority, from_repository, "pull");
        registry_begin(registry, &request, "POST", upload_open_path(digest, from_repository),
                       str_concat("mount of blob ", digest));
        if (registry_perform(registry, &request, err) < 0)
                return -1;
        if (request.transfer.status == 201)
                return 1;
        mount_cancel(registry, &request);
        return 0;
}
