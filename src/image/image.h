/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An image as a container needs it: its configuration (OCI image-spec, config.md) and the
 * directories its layers were unpacked to; a layer that is a file system in one file stays one.
 * Reading it takes three small files and no library but json-c, since every start of a container
 * does it.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include "store.h"

struct image_config {
        struct strv entrypoint, cmd, env; /* owned */
        char *workdir, *user, *stop_signal;
        struct strv volumes; /* absolute paths */
        struct strv labels;  /* k=v */
        struct strv exposed_ports;
        char *architecture, *os, *variant, *created;
        char *healthcheck;    /* the member "Healthcheck" as JSON text, or NULL */
        struct strv diff_ids; /* digests of the layers' tars, lowest first */
};

struct image {
        char *id;     /* owned; hex of the config's digest, 64 characters */
        char *digest; /* owned; of the manifest, "sha256:…" */
        char *name;   /* owned; the full name it was found under, or NULL */
        struct image_config config;
        /* Absolute directories, or files that hold a file system, lowest first, none twice
         * (overlayfs refuses); the image's cover (cover.h), where it has one, is the last. */
        struct strv layers;
};

/*
 * Find an image by what a person writes: a name with or without registry and tag, a digest, an id
 * or a prefix of one (store_find has the rules). The layers are there as long as the store stays
 * open, or a mount or a state file (store_used_ids) of a container uses them.
 *
 * ENOENT where the store does not have it. ENOEXEC where it is for another architecture. ENODATA
 * where its blobs are there and its layers are not unpacked: `crunit image unpack` helps. ESTALE
 * where the file of a layer is gone or is not what it was, or a store that a layer is used from:
 * nothing but another load or pull helps.
 */
int image_open(struct store *store, const char *reference, struct image *ret_image,
               struct error *err);

/* The same for an entry of store_list(); without asking whether this machine can run it and whether
 * its layers are unpacked. */
int image_read(struct store *store, const struct store_entry *entry, struct image *ret_image,
               struct manifest *ret_manifest, struct error *err);

void image_free(struct image *image);
#define AUTO_IMAGE CLEANUP(image_free)

/* Does the same layer come again above? Then it is mounted there only: it hides all of this one. */
bool image_layer_is_hidden(const struct image_config *config, size_t place);

/* Read a configuration document; name is for messages. */
int image_config_parse(struct json_object *document, const char *name, struct image_config *ret,
                       struct error *err);
void image_config_free(struct image_config *config);
#define AUTO_IMAGE_CONFIG CLEANUP(image_config_free)

/* ENOEXEC, with both platforms, where the machine cannot run it. */
int image_config_check_platform(const struct image_config *config, const char *name,
                                struct error *err);
