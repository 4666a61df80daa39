/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A question to a registry until it is answered for good: exchanges (transfer.h) with everything
 * that may come in between. Redirects are followed, a few; credentials are for the origin they
 * belong to and go nowhere else, and nothing leads from https to http. What fails for a passing
 * reason is asked again: after a pause, or as long as the server asks for. A download
 * goes on where it was broken off; attempts that got a good piece further do not count as failures.
 */
#pragma once

#include "transfer.h"

enum {
        REQUEST_MAX_REDIRECTS = 10,
        REQUEST_MAX_CHALLENGES = 3, /* 401s that one question meets */
        REQUEST_FIRST_PAUSE = 2000, /* milliseconds between attempts where nobody says how many */
        REQUEST_MAX_PAUSE = 30000,  /* the same, when they have doubled often enough */
        REQUEST_MAX_RETRY_AFTER = 300, /* seconds; a server that asks for more is given up */
        REQUEST_GOOD_PIECE = 1 << 20   /* bytes of an attempt that make it none of the failures */
};

struct request;

/* Milliseconds before the next attempt: those that the user wants, or (0) as many as double with
 * each failure. */
uint64_t request_pause(uint64_t wanted, unsigned failures);

/* What proves who we are. */
struct request_authority {
        void *context; /* borrowed */
        /* Set request->transfer.authorization for an exchange with the session's origin. */
        int (*authorize)(void *context, struct request *request, struct error *err);
        /* The answer was 401: 1 where authorize now has something better to offer, 0 where not. */
        int (*challenged)(void *context, struct request *request, struct error *err);
};

/* What the requests of a registry have in common. */
struct session {
        struct transfers *transfers; /* owned */
        const char *name;            /* borrowed; the registry, for messages */
        const char *origin;          /* borrowed; any URL there: what gets our credentials */
        bool insecure;               /* http is fine */
        unsigned retries;            /* after the first attempt */
        uint64_t retry_delay_ms;     /* between tries; 0: the default, doubled each time */
        void (*notice)(void *context, const char *message); /* or NULL */
        void *context;                                      /* of notice */
        struct request_authority *authority;                /* borrowed; or NULL */
};

struct request {
        struct transfer transfer; /* the question's method, body, sink, limits: set them there */
        char *url;                /* owned; whom it is first put to */
        char *what;               /* owned; for messages: "manifest 1.27 of library/nginx" */
        struct strv headers;      /* owned; "Name: value", sent with each exchange */
        const uint64_t *resume;   /* borrowed; ask for the bytes from there on; or NULL */
        bool once;                /* not to be repeated: the caller finds out how far it came */
        bool anonymous;           /* without the session's credentials */
        bool missing_is_fine;     /* 404 is an answer as good as others */
        const char *own_authorization; /* borrowed; with anonymous: for the url's origin; or NULL */
        bool secret_body;              /* the body, too, is for that origin alone */
        void *user;                    /* the caller's */

        /* The end: error is set, or the status is a success (or 404 where that is fine). */
        bool ended;
        bool passing;       /* the error may be gone next time */
        struct error error; /* codes as in registry.h */

        /* Of request.c. */
        struct session *session; /* borrowed */
        char *location;          /* owned; whom it is put to now */
        unsigned failures, redirects, challenges;
        unsigned generation; /* of the authority's: which credentials it was sent with */
        uint64_t began;      /* *resume at the beginning of the attempt */
};

/* Takes ownership of url and what; the rest is zeroed. */
void request_begin(struct request *request, struct session *session, const char *method, char *url,
                   char *what);
int request_start(struct request *request, struct error *err);
/* Whatever its state. */
void request_end(struct request *request);
#define AUTO_REQUEST CLEANUP(request_end)

/* Start it and wait for its end; others go on meanwhile. */
int request_perform(struct request *request, struct error *err);

/* Wait until any of the session's requests has ended, well or not. */
int session_wait(struct session *session, struct request **ret, struct error *err);

/* Does the exchange go to the one origin that may have the credentials? */
bool request_is_at_home(const struct request *request);
