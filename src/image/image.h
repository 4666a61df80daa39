/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An image as a container needs it: its configuration (OCI image-spec, config.md) and the
 * directories its layers were unpacked to. Reading it takes three small files and no library but
 * json-c, since every start of a container does it.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

struct store;

struct image_config {
        struct strv entrypoint, cmd, env; /* owned */
        char *workdir, *user, *stop_signal;
        struct strv volumes; /* absolute paths */
        struct strv labels;  /* k=v */
        struct strv exposed_ports;
        char *architecture, *os, *created;
};

struct image {
        char *id;     /* owned; hex of the config's digest, 64 characters */
        char *digest; /* owned; of the manifest, "sha256:…" */
        char *name;   /* owned; the full name it was found under, or NULL */
        struct image_config config;
        struct strv layers; /* absolute directories, lowest first */
};

/*
 * Find an image by what a person writes: a name with or without registry and tag, a digest, an id
 * or a prefix of one (store_find has the rules). ENOENT where the store does not have it.
 */
int image_open(struct store *store, const char *reference, struct image *ret_image,
               struct error *err);
void image_free(struct image *image);
#define AUTO_IMAGE CLEANUP(image_free)
