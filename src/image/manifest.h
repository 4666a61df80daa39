/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The documents that lead from a name to layers: indexes (OCI image index, Docker manifest list)
 * and manifests (OCI, Docker schema 2), per the OCI image-spec. They come from outside: sizes,
 * counts, types and digests are checked here, once.
 */
#pragma once

#include "../base/error.h"
#include "../base/json.h"

#include "platform.h"

#include <stdint.h>

enum {
        MANIFEST_MAX_SIZE = 4 << 20,  /* bytes of an index or manifest; registries cut there too */
        CONFIG_MAX_SIZE = 8 << 20,    /* bytes of a configuration; the largest known have 300 kB */
        MANIFEST_MAX_LAYERS = 499,    /* what overlayfs mounts at once, with a cover (cover.h) */
        MANIFEST_MAX_MANIFESTS = 1000 /* of an index from outside */
};

#define MEDIA_OCI_INDEX    "application/vnd.oci.image.index.v1+json"
#define MEDIA_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_OCI_CONFIG   "application/vnd.oci.image.config.v1+json"
#define MEDIA_OCI_LAYER    "application/vnd.oci.image.layer.v1.tar"
/* A layer that is no tar but a file system in one file, which is mounted as it is. Its digest is
 * its diff id. Behind the dot follows what superblock.h calls it. */
#define MEDIA_FILE_LAYER "application/vnd.crunit.image.layer.v1."
/* Annotation of such a layer whose file is elsewhere, and blobs/ has a symbolic link to it: its
 * modification time, "SECONDS.NANOSECONDS". */
#define MANIFEST_FILE_TIME "io.crunit.file.mtime"

#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_CONFIG   "application/vnd.docker.container.image.v1+json"
#define MEDIA_DOCKER_LAYER    "application/vnd.docker.image.rootfs.diff.tar"

struct descriptor {
        char *media_type;                  /* owned, as all strings here; NULL where it says none */
        char *digest;                      /* "sha256:…", checked */
        uint64_t size;                     /* bytes */
        char *os, *architecture, *variant; /* NULL where it says none */
        char *ref_name;   /* annotation org.opencontainers.image.ref.name, or NULL */
        char *image_name; /* annotation io.containerd.image.name, or NULL */
        char *file_time;  /* annotation MANIFEST_FILE_TIME, or NULL */
        bool attestation; /* says things about an image, is none itself */
};

/* Either an index (manifests) or a manifest (config, layers); the other's members are empty. */
struct manifest {
        bool is_index;
        struct descriptor *manifests; /* owned */
        size_t manifest_count;
        struct descriptor config;
        struct descriptor *layers; /* owned; lowest first */
        size_t layer_count;
};

/* name is for messages. EBADMSG for a document that is neither. */
int manifest_parse(struct json_object *document, const char *name, struct manifest *ret,
                   struct error *err);
void manifest_free(struct manifest *manifest);
#define AUTO_MANIFEST CLEANUP(manifest_free)

/*
 * The descriptor of an index that suits the machine best, borrowed; attestations never do. Of
 * equals the first one wins. ENOEXEC with the list of what there is where none suits.
 */
int manifest_choose(const struct manifest *index, const struct platform *host, const char *name,
                    const struct descriptor **ret, struct error *err);

int descriptor_parse(struct json_object *object, struct descriptor *ret, struct error *err);
void descriptor_free(struct descriptor *descriptor);
/* Type, digest and size as they stand in a manifest. */
struct json_object *descriptor_to_json(const char *media_type, const char *digest, uint64_t size);
#define AUTO_DESCRIPTOR CLEANUP(descriptor_free)

/* Is the layer a file system in one file? */
bool descriptor_is_file(const struct descriptor *descriptor);

/* Does the descriptor lead to an index rather than a manifest, as far as its type tells? */
bool descriptor_is_index(const struct descriptor *descriptor);
