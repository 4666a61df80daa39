/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * HTTP exchanges over libcurl, many at once on the calling thread: one question and its answer, as
 * it comes. Connections are kept and shared (HTTP/2 where the server speaks it); proxies are taken
 * from the environment (https_proxy, http_proxy, all_proxy, no_proxy and their upper-case forms),
 * but never used for this machine itself. Redirects are not followed, statuses are not judged:
 * request.h does that.
 *
 * Limits: headers of 64 kB in 200 lines; bodies as the caller says, those of answers that are no
 * success are cut at 64 kB. An exchange in which less than TRANSFER_STALL_RATE bytes a second have
 * moved for the time that the caller sets is given up.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include <signal.h>
#include <stdint.h>

enum {
        TRANSFER_MAX_HEADERS = 64 << 10, /* bytes */
        TRANSFER_MAX_HEADER_LINES = 200,
        TRANSFER_MAX_REFUSAL = 64 << 10, /* bytes of the body of a refusal that are read */
        TRANSFER_CONNECT_TIMEOUT = 30,   /* seconds */
        TRANSFER_STALL_RATE = 64,        /* bytes a second */
        TRANSFER_POLL_MS = 200           /* how often cancel and poll are looked at */
};

struct transfers; /* all exchanges of a thread, and their connections */
struct transfer;

/* All borrowed. */
struct transfers_options {
        bool insecure;           /* any certificate will do */
        const char *ca_file;     /* what to trust; NULL: what libcurl does */
        const char *client_cert; /* for trusted exchanges only; or NULL */
        const char *client_key;
        unsigned stall_timeout;              /* seconds */
        const volatile sig_atomic_t *cancel; /* or NULL */
        bool (*poll)(void *context);         /* true: stop; or NULL */
        void *context;                       /* of poll */
};

/* Part of the body of a success has come. -1 with err ends the exchange. */
typedef int transfer_take_function(struct transfer *transfer, const void *data, size_t length,
                                   struct error *err);

struct transfer {
        /* The question. Strings are borrowed until the end of the exchange. */
        const char *method;
        const char *url;
        struct strv headers;  /* owned; "Name: value" */
        char *authorization;  /* owned; value of that header, or NULL */
        bool trusted;         /* to the host that our client certificate is for */
        const void *body;     /* what is sent; or NULL */
        int body_fd;          /* where body is NULL: a file, from body_start on */
        uint64_t body_start;  /* bytes */
        uint64_t body_length; /* bytes */
        void (*sent)(struct transfer *transfer, uint64_t bytes); /* for progress, or NULL */
        uint64_t max_body;            /* of a success; more ends the exchange (EFBIG) */
        transfer_take_function *take; /* gets the body of a success; NULL: it is kept in answer */
        void *context;                /* of take and sent; the caller's */
        unsigned patience;            /* seconds without a byte, where more than usual */
        int64_t not_before;           /* transfer_clock() at which it is to begin; 0: now */

        /* The answer. */
        long status;                /* 0: none */
        struct strv answer_headers; /* owned; of the last answer: "Name: value" */
        struct strbuf answer;       /* owned; the body */
        uint64_t received;          /* bytes of the body */
        struct error error;         /* set: there was no complete answer */
        bool passing;               /* the error may be gone next time */
        bool no_tls;                /* the server does not seem to speak TLS at all */

        /* Of transfer.c. */
        struct transfers *owner; /* borrowed; NULL while it is not under way */
        void *easy;              /* owned */
        void *lines;             /* owned; the headers in libcurl's form */
        struct transfer *next;   /* in the owner's list */
        size_t header_bytes;
        uint64_t position; /* of what is sent */
        char detail[256];  /* libcurl's own words */
        bool cut;          /* the rest of a refusal was not wanted */
        bool ended;
};

int transfers_open(const struct transfers_options *options, struct transfers **ret,
                   struct error *err);
void transfers_close(struct transfers **transfers);

/* Begin an exchange; what is left of an earlier answer is forgotten. */
int transfer_start(struct transfers *transfers, struct transfer *transfer, struct error *err);

/*
 * Wait for the end of which (NULL: of any); exchanges of others go on meanwhile, and their ends are
 * kept for later calls. EINTR: it is to stop. EINVAL: nothing is under way.
 */
int transfers_wait(struct transfers *transfers, struct transfer *which, struct transfer **ret,
                   struct error *err);

/* End an exchange, whatever its state, and free what is owned. */
void transfer_end(struct transfer *transfer);

/* The value of an answer's header, borrowed; the index-th of that name, NULL behind the last. */
const char *transfer_header(const struct transfer *transfer, const char *name, size_t index);

/* A clock that never jumps, in milliseconds. */
int64_t transfer_clock(void);
