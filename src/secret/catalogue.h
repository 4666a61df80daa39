/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What `crunit secret` does to the credential stores, and what it knows of a secret beside its
 * value: id, times and labels are in STORE/secrets/NAME.json. A secret without such a file, put
 * into a credential store by somebody else, is one all the same.
 *
 * Who changes anything holds a flock on STORE/secrets.
 */
#pragma once

#include "secret.h"

struct secret {
        char *name;              /* owned, as all */
        char *id;                /* 25 hex digits; the name where nothing is written down */
        char *created, *updated; /* RFC 3339 */
        char *path;              /* the file that holds it */
        struct strv labels;      /* NAME=VALUE */
        bool encrypted;
};

void secret_free(struct secret *secret);
#define AUTO_SECRET_ENTRY CLEANUP(secret_free)

struct secret_list {
        struct secret *items; /* owned; sorted by name */
        size_t count;
};

void secret_list_free(struct secret_list *list);
#define AUTO_SECRET_LIST CLEANUP(secret_list_free)

/* How to make a secret. */
struct secret_order {
        const char *name;
        const char *key;           /* for creds_encrypt() */
        const struct strv *labels; /* NAME=VALUE */
        bool replace;              /* put it in the place of one of that name */
        bool ignore;               /* leave one of that name as it is */
};

/* storage is the store's directory. *ret_plain: it is not encrypted though nobody asked for that.
 * *ret_id is owned. EEXIST where there is one of that name. */
int catalogue_create(const char *storage, const struct secret_order *order,
                     const struct secret_value *value, char **ret_id, bool *ret_plain,
                     struct error *err);

int catalogue_list(const char *storage, struct secret_list *ret, struct error *err);

/* By name, id, or the beginning of an id that no other begins with. ENOENT where there is none. */
int catalogue_find(const char *storage, const char *text, struct secret *ret, struct error *err);

int catalogue_remove(const char *storage, const struct secret *secret, struct error *err);
