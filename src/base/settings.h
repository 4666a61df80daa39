/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The machine's settings (crunit.conf(5)): plain INI, read with inih. Read are
 * /etc/crunit/crunit.conf, then /etc/crunit/crunit.conf.d/NAME.conf sorted by name, then, for a
 * user who is not root, the same two under ~/.config/crunit. $CRUNIT_CONF names one file that
 * stands for all of them; $CRUNIT_RUNTIME another runtime, $CRUNIT_ADDITIONAL_STORES more stores
 * (absolute paths with colons between them).
 *
 * A later file replaces what an earlier one says. A missing file means the defaults. A value that
 * makes no sense is an error with file and line; a key that is not known is a warning with both:
 * it may be of a newer version, and no container should stay down for that.
 *
 * What they are called, what they take and what the manual says of them is one table, in
 * settings.c.
 */
#pragma once

#include "attr.h"
#include "error.h"
#include "str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A range of addresses that networks are cut from: every network gets one of 2^(size - prefix)
 * parts. */
struct settings_pool {
        int family;             /* AF_INET or AF_INET6 */
        unsigned char base[16]; /* in network byte order; 4 bytes of it for AF_INET */
        unsigned prefix;        /* bits that base holds; those behind are 0 */
        unsigned size;          /* prefix of a network cut from it, >= prefix */
};

struct settings {
        /* [storage] */
        char *storage;                 /* owned; path: where images and writable layers live */
        struct strv additional_stores; /* absolute paths of read-only stores, in order */
        bool keep_blobs;               /* keep layers as they came beside the unpacked ones */

        /* [registry] */
        struct strv search; /* registries for short names where registries.conf has none */
        char *authfile; /* owned; of credentials, instead of those in the usual places; or NULL */
        unsigned parallel;       /* layers of one image that are fetched side by side */
        unsigned retry;          /* how often a failed transfer is tried again */
        uint64_t retry_delay_ms; /* between tries; 0: 2 s, doubled each time */
        uint64_t stall_ms;       /* no byte for so long is a failure */

        /* [network] */
        struct settings_pool default_subnet; /* of the network that is used when none is named */
        struct settings_pool *pools;         /* owned; for networks without Subnet= */
        size_t pool_count;

        /* [container] */
        char *runtime;         /* owned; path of crun */
        char *seccomp_profile; /* owned; NULL: looked for in the usual places */
        char *log_driver;      /* owned */
        unsigned stop_timeout; /* seconds */

        struct strv warnings; /* "FILE:LINE: …", to be shown to the user */
};

int settings_load(struct settings *ret, struct error *err);
void settings_free(struct settings *settings);
#define AUTO_SETTINGS CLEANUP(settings_free)

/* The table as a list in mdoc(7), for crunit.conf(5). */
void settings_print_mdoc(FILE *out);
