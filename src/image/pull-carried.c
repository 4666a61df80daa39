/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pull-carried.h"

#include "../base/io.h"
#include "blob.h"
#include "pull-name.h"
#include "pull-server.h"
#include "reference.h"
#include "store-work.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define FETCHED "fetched"

enum {
        FETCH_ROUNDS = 6 /* more than indexes are deep */
};

struct fetch {
        struct store *store;                /* borrowed */
        const struct descriptor *top;       /* borrowed */
        const struct pull_options *options; /* borrowed */
        struct registry *registry;          /* of the server that is asked */
        struct work work;
        int count;
};

/* What is there and what is missing by now; nothing of it is collected from here on. */
static int fetch_list(struct fetch *fetch, struct carried *ret, struct error *err)
{
        AUTO_STRV struct strv keep = { 0 };
        int result;

        if (store_lock(fetch->store, STORE_SHARED, err) < 0)
                return -1;
        carried_list(fetch->store, fetch->top, ret);
        for (size_t i = 0; i < ret->blob_count; i++)
                strv_append(&keep, ret->blobs[i].digest);
        result = work_keep(&fetch->work, &keep, err);
        store_unlock(fetch->store);
        return result;
}

/* The file in the work directory is right: on disk, then in its place. */
static int fetch_commit(struct fetch *fetch, int fd, const char *digest, struct error *err)
{
        AUTO_FREE char *path = str_format("blobs/sha256/%s", digest_hex(digest));

        if (fsync(fd) < 0 || renameat(fetch->work.fd, FETCHED, fetch->store->fd, path) < 0 ||
            io_sync_directory_of(fetch->store->fd, path) < 0)
                return error_errno(err, errno, "cannot write %s", path);
        fetch->count++;
        return 0;
}

static int fetch_open(const struct fetch *fetch, int *ret_fd, struct error *err)
{
        *ret_fd = openat(fetch->work.fd, FETCHED, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        return *ret_fd < 0
                       ? error_errno(err, errno, "cannot make tmp/%s/" FETCHED, fetch->work.name)
                       : 0;
}

static int fetch_document(struct fetch *fetch, const struct carried_document *document,
                          struct error *err)
{
        AUTO_REGISTRY_MANIFEST struct registry_manifest manifest = { 0 };
        AUTO_CLOSE int fd = -1;

        if (registry_fetch_manifest(fetch->registry, document->digest, &manifest, err) < 0 ||
            fetch_open(fetch, &fd, err) < 0)
                return -1;
        if (io_write_all(fd, manifest.data, manifest.length) < 0)
                return error_errno(err, errno, "cannot write to %s", fetch->store->root);
        return fetch_commit(fetch, fd, document->digest, err);
}

static int fetch_blob(struct fetch *fetch, const struct carried_blob *blob, struct error *err)
{
        const struct registry_events events = { 0 };
        AUTO_CLOSE int fd = -1;
        struct registry_blob wanted = { .digest = blob->digest, .size = blob->size };
        struct blob_source source = { .size = blob->size,
                                      .digest = blob->digest,
                                      .cancel = fetch->options->cancel };

        if (fetch_open(fetch, &fd, err) < 0)
                return -1;
        source.fd = wanted.fd = fd;
        if (registry_fetch_blobs(fetch->registry, &wanted, 1, &events, err) < 0 ||
            blob_read(&source, NULL, NULL, err) < 0)
                return -1;
        return fetch_commit(fetch, fd, blob->digest, err);
}

static int fetch_documents(struct fetch *fetch, const struct carried *carried, struct error *err)
{
        for (size_t i = 0; i < carried->damaged_count; i++)
                if (fetch_document(fetch, carried->damaged + i, err) < 0)
                        return -1;
        return 0;
}

static int fetch_blobs(struct fetch *fetch, const struct carried *carried, struct error *err)
{
        for (size_t i = 0; i < carried->blob_count; i++)
                if (carried_is_missing(fetch->store, carried->blobs + i) &&
                    fetch_blob(fetch, carried->blobs + i, err) < 0)
                        return -1;
        return 0;
}

/* A manifest that was damaged leads to blobs that were not known, or to another one; and one that
 * is wrong in itself stays so. */
static int fetch_all(struct fetch *fetch, struct error *err)
{
        int before = -1;

        for (int round = 0; round < FETCH_ROUNDS && before < fetch->count; round++) {
                AUTO_CARRIED struct carried carried = { 0 };

                before = fetch->count;
                if (fetch_list(fetch, &carried, err) < 0 ||
                    fetch_documents(fetch, &carried, err) < 0 ||
                    fetch_blobs(fetch, &carried, err) < 0)
                        return -1;
        }
        return 0;
}

/* A pull_ask. */
static int fetch_from_server(void *context, const struct registries_endpoint *endpoint,
                             struct error *err)
{
        struct fetch *fetch = context;
        AUTO_REGISTRY struct registry *registry = NULL;

        if (pull_server_open(fetch->options, NULL, endpoint, &registry, err) < 0)
                return -1;
        fetch->registry = registry;
        return fetch_all(fetch, err);
}

int pull_carried(struct store *store, const char *name, const struct descriptor *top,
                 const struct pull_options *options, struct error *err)
{
        struct fetch fetch = {
                .store = store, .top = top, .options = options, .work = { .fd = -1 }
        };
        int result;

        if (work_begin(store, "again", &fetch.work, err) < 0)
                return -1;
        result = pull_ask_servers(name, options, fetch_from_server, &fetch, err);
        work_end(&fetch.work);
        return result < 0 ? -1 : fetch.count;
}
