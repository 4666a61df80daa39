/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A repository of a registry, by the OCI distribution specification 1.1 over HTTP (transfer.h).
 *
 * A struct registry is one repository at one place: the registry itself, or a mirror of it; where a
 * name leads, and in which order, registries.h knows. It belongs to one thread at a time. Opening
 * it does not use the network; the first request finds out whether to speak https or http, and how
 * to prove who we are. Connections and tokens are kept until it is closed.
 *
 * Nothing that a registry says is believed: bodies, headers and messages are bounded, digests of
 * manifests are compared here; the digests of blobs are for the reader of the file, who sees each
 * byte anyway. What fails for a passing reason is tried again after a pause, or after as long
 * as the registry asks for (429, 503), and goes on where it was broken off.
 *
 * Errors say which host, what it was asked, the status and the registry's own words, shortened and
 * without control characters. Their codes:
 *
 *     ENOENT        no such manifest, blob or repository (404)
 *     EACCES        credentials are missing, wrong, or not enough (401, 403)
 *     EAGAIN        too many requests, also after all pauses (429)
 *     EREMOTEIO     the registry itself fails (5xx), or refuses for a reason of its own (4xx)
 *     EBADMSG       other bytes than the digest or the size say
 *     EFBIG         more bytes than allowed, or than the size says
 *     EPROTO        an answer that makes no sense; redirects without end
 *     ETIMEDOUT     no connection in time, or bytes have stopped to arrive
 *     ECONNREFUSED, EHOSTUNREACH   nobody is there; the name or the way is not known
 *     ECONNRESET    the connection was broken, again and again
 *     EKEYREJECTED  the certificate is not to be trusted
 *     EINTR         the caller wanted to stop
 *     others        of the caller's files (ENOSPC …), or settings that cannot be read
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

enum {
        REGISTRY_DEFAULT_PARALLEL = 6,
        REGISTRY_DEFAULT_RETRIES = 3,
        REGISTRY_DEFAULT_STALL = 60,     /* seconds */
        REGISTRY_MAX_RETRY_AFTER = 300,  /* seconds; a registry that asks for more is given up */
        REGISTRY_MAX_DOCUMENT = 4 << 20, /* bytes of a manifest, or an answer to be parsed */
        REGISTRY_MAX_TAGS = 100000
};

struct registry;

/* Called on the registry's thread several times a second, whatever is waited for; true: stop, with
 * EINTR. */
typedef bool registry_poll_function(void *context);

/* Something worth a line to the user: what failed, and that it will be tried again in so many
 * seconds. */
typedef void registry_notice_function(void *context, const char *message);

/* All borrowed, as long as the registry is open. Zeroed: the defaults. */
struct registry_options {
        const char *authfile;       /* --authfile; NULL: the usual places (credentials.h) */
        const char *credentials;    /* --creds USER[:PASSWORD]; NULL: the authfile's */
        const struct strv *helpers; /* credential-helpers of registries.conf, or NULL */
        const char *cert_dir;       /* --cert-dir; NULL: the usual places (certs.h) */
        unsigned parallel;          /* blobs at once; 0: REGISTRY_DEFAULT_PARALLEL */
        int retries;                /* after the first try; 0: the default, -1: none */
        uint64_t retry_delay_ms;    /* between tries; 0: two seconds, doubled each time */
        unsigned stall_timeout;     /* seconds with hardly a byte; 0: REGISTRY_DEFAULT_STALL */
        const volatile sig_atomic_t *cancel; /* non-zero: stop, with EINTR; or NULL */
        registry_poll_function *poll;        /* or NULL */
        registry_notice_function *notice;    /* or NULL */
        void *context;                       /* of both */
};

/* How many tries that makes, and the milliseconds between them, the pauses that a registry asks for
 * aside. */
unsigned registry_tries(const struct registry_options *options, uint64_t *ret_pauses_ms);

enum registry_access {
        REGISTRY_PULL,
        REGISTRY_PUSH, /* asks for the right to do both */
};

struct registry_endpoint {
        const char *host;       /* HOST[:PORT]; "docker.io" is known to live elsewhere */
        const char *repository; /* PATH, as "library/nginx"; NULL for registry_ping() alone */
        bool insecure;          /* any certificate will do; http where https is not spoken */
};

/* The endpoint is copied, the options are borrowed. Fails on credentials or certificates that
 * cannot be read. */
int registry_open(const struct registry_options *options, const struct registry_endpoint *endpoint,
                  enum registry_access access, struct registry **ret, struct error *err);
void registry_close(struct registry **registry);
#define AUTO_REGISTRY CLEANUP(registry_close)

/* Is it a registry, and does it take our credentials? (for login) */
int registry_ping(struct registry *registry, struct error *err);

/* --- manifests */

struct registry_manifest {
        char *data; /* owned, as are all of these; exactly the bytes of the registry, and a NUL */
        size_t length;
        char *media_type; /* of the Content-Type header, without parameters; NULL without one */
        char *digest;     /* "sha256:HEX" of the data */
};

/* reference is a tag or a digest. Asked for by digest, the data has it; asked for by tag, it has
 * the digest that the registry claims, where it claims one. */
int registry_fetch_manifest(struct registry *registry, const char *reference,
                            struct registry_manifest *ret, struct error *err);
void registry_manifest_free(struct registry_manifest *manifest);
#define AUTO_REGISTRY_MANIFEST CLEANUP(registry_manifest_free)

/* Only the digest of a manifest: does not count against pull limits where the registry answers
 * HEAD requests properly, and asks for the whole where not. */
int registry_head_manifest(struct registry *registry, const char *reference, char **ret_digest,
                           struct error *err);

/* Store a manifest under a tag, or under its digest (reference). The blobs and manifests it names
 * have to be there. */
int registry_put_manifest(struct registry *registry, const char *reference, const char *media_type,
                          const void *data, size_t length, struct error *err);

/* Append all tags to list, following pages. */
int registry_list_tags(struct registry *registry, struct strv *list, struct error *err);

/* --- blobs */

struct registry_blob {
        const char *digest; /* borrowed; "sha256:HEX" */
        uint64_t size;      /* bytes in all, as its descriptor says */
        int fd;             /* borrowed; its own offset is not used: pwrite(), pread() */
        uint64_t offset; /* bytes from the beginning that are done: 0, or what an earlier try left
                            in the file; grows with the file */
        const char *mount_from; /* borrowed; upload: a repository of this registry that has it; or
                                   NULL */
        bool done;     /* out: the file is complete (digest unchecked), or the registry has it */
        bool uploaded; /* out: bytes were sent; false where the registry had it already */
        void *user;    /* the caller's */
};

/* Called on the registry's thread; each may be NULL. */
struct registry_events {
        void (*grown)(void *context, struct registry_blob *blob, uint64_t bytes);
        void (*done)(void *context, struct registry_blob *blob);
        void *context;
};

/*
 * Fetch blobs into their files, several side by side. A file only ever grows: a registry that does
 * not know ranges sends all again, and what the file has already is skipped. Blobs that are
 * complete at once are done without a request. Returns 0 when all are done; -1 as soon as one has
 * failed for good, with whatever the others have got by then in their files.
 */
int registry_fetch_blobs(struct registry *registry, struct registry_blob *blobs, size_t count,
                         const struct registry_events *events, struct error *err);

/* A small blob, such as a configuration, into memory; size and digest are checked. NUL behind the
 * size. EFBIG where it says to have more than max bytes. */
int registry_fetch_data(struct registry *registry, const char *digest, uint64_t size, size_t max,
                        char **ret_data, struct error *err);

/* Is a blob of that digest there? 1 or 0. */
int registry_has_blob(struct registry *registry, const char *digest, struct error *err);

/* Make the registry have a blob that another of its repositories has, without sending it: 1, or 0
 * where it has to be uploaded. */
int registry_mount_blob(struct registry *registry, const char *digest, const char *from_repository,
                        struct error *err);

/* Upload blobs that the registry does not have, several side by side; each is looked for, and
 * mounted where that is possible, before it is sent. */
int registry_upload_blobs(struct registry *registry, struct registry_blob *blobs, size_t count,
                          const struct registry_events *events, struct error *err);
