/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Proof of who we are, as the registry wants it: a name and a password with each request (Basic),
 * or a token for certain rights in one repository, which a token server gives for them (Bearer; the
 * distribution project's token and OAuth2 specifications). A token is renewed before it ends.
 *
 * The token server is named by the registry (realm). It has to speak https, unless the registry is
 * marked insecure, and gets the credentials of the registry that names it: that is how the protocol
 * is.
 */
#pragma once

#include "challenge.h"
#include "credentials.h"
#include "request.h"

#include "../base/json.h"

enum {
        TOKEN_MAX_LENGTH = 128 << 10, /* bytes; the largest known have 8 kB */
        TOKEN_MAX_SCOPES = 8,
        TOKEN_DEFAULT_LIFE = 60,      /* seconds, where the server says nothing */
        TOKEN_MAX_LIFE = 24 * 60 * 60 /* seconds */
};

/* A request_authority; its context is the struct itself. */
struct authority {
        struct request_authority functions;
        struct session *session;               /* borrowed */
        const struct credentials *credentials; /* borrowed; without a user: none */
        struct strv scopes;                    /* owned; what tokens are asked for */
        char *realm, *service;                 /* owned; NULL until a challenge named them */
        char *value;                           /* owned; of the Authorization header, or NULL */
        bool basic;                            /* value is no token, and does not end */
        int64_t renew;                         /* transfer_clock(): from then on it is too old */
        unsigned generation;                   /* counts values */
        bool stale;                            /* scopes were added since the token was given */
};

void authority_begin(struct authority *authority, struct session *session,
                     const struct credentials *credentials);
void authority_end(struct authority *authority);

/* Ask for that right as well, from the next token on; or no longer. */
void authority_add_scope(struct authority *authority, const char *repository, const char *actions);
void authority_drop_scope(struct authority *authority, const char *repository, const char *actions);

/* What a token server says. */
struct token {
        char *value;  /* owned */
        int64_t life; /* seconds */
};

/* EPROTO where it has no token, or one that fits into no header. */
int token_parse(struct json_object *document, struct token *ret, struct error *err);

/* After how many milliseconds a token of so many seconds is to be renewed. */
int64_t token_renewal(int64_t life);
