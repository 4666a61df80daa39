/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of registry.h share. */
#pragma once

#include "certs.h"
#include "registry.h"
#include "request.h"
#include "token.h"

struct registry {
        struct registry_options options; /* its strings are borrowed */
        char *host;                      /* owned; as people write it */
        char *repository;                /* owned; or NULL */
        bool insecure;
        bool ready; /* base is known to be right */
        char *base; /* owned; "https://HOST" */
        struct credentials credentials;
        struct certs certs;
        struct session session;
        struct authority authority;
};

/* Find out the scheme, where that is open. Each operation begins with it. */
int registry_prepare(struct registry *registry, struct error *err);

/* A request about WHAT of the repository: "BASE/v2/REPOSITORY" and path, which is formatted. The
 * request is to be ended by the caller. */
void registry_begin(struct registry *registry, struct request *request, const char *method,
                    char *path, char *what);

/* Perform it, and say what to do about the commonest mistakes. */
int registry_perform(struct registry *registry, struct request *request, struct error *err);

/* EINVAL where text is no "sha256:HEX". */
int registry_check_digest(const char *text, struct error *err);

/* Blobs side by side: what fetching and uploading have in common. */
struct registry_slot {
        struct request request; /* the first member: that is how the slot of a request is found */
        struct registry_blob *blob; /* borrowed; NULL: free */
        const struct registry_events *events;
        struct registry *registry; /* borrowed */
        uint64_t skip;             /* fetching: bytes that the file has already */
        int step;                  /* uploading: an enum upload_step */
        unsigned failures;         /* uploading */
        bool unmounted;            /* uploading: it cannot be mounted */
        char *location;            /* owned; uploading: where to */
};

struct registry_work {
        /* Begin with the slot's blob: 0, or 1 where nothing is to be done. */
        int (*begin)(struct registry_slot *slot, struct error *err);
        /* A request has ended without an error, or with one: 1: the blob is done, 0: another
         * request was started, -1: failed for good. */
        int (*advance)(struct registry_slot *slot, struct error *err);
};

int registry_work_blobs(struct registry *registry, const struct registry_work *work,
                        struct registry_blob *blobs, size_t count,
                        const struct registry_events *events, struct error *err);

void registry_grown(struct registry_slot *slot, uint64_t bytes);
