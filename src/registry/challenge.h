/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * WWW-Authenticate (RFC 9110 11.6.1): how a server wants to know who we are. A header may hold
 * several challenges, and an answer several headers. Only what registries use is kept.
 */
#pragma once

#include "../base/error.h"

#include <stddef.h>

enum {
        CHALLENGE_MAX_HEADER = 8192, /* bytes */
        CHALLENGE_MAX_COUNT = 16,    /* in all headers of an answer */
        CHALLENGE_MAX_PARAMETERS = 32
};

struct challenge {
        char *scheme; /* owned, as are all of these; as it was written: compare without case */
        char *realm;  /* NULL where it says none, as the rest */
        char *service;
        char *scope;
};

struct challenges {
        struct challenge items[CHALLENGE_MAX_COUNT];
        size_t count;
};

/* Append the challenges of one header. EPROTO where it does not follow the grammar or is too long;
 * the challenges before that place stay. */
int challenges_parse(struct challenges *list, const char *header, struct error *err);
void challenges_free(struct challenges *list);
#define AUTO_CHALLENGES CLEANUP(challenges_free)

/* The first one of that scheme ("Bearer"), borrowed, or NULL. */
const struct challenge *challenges_find(const struct challenges *list, const char *scheme);
