/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bring images into the store: from what `docker save`, `podman save` and `skopeo copy` write
 * (docker-archive, oci-archive, or a tar that is both), from an OCI layout directory, from a tar
 * of a root file system, each compressed or not, from a file or a pipe, or from a file that is a
 * root file system (squashfs, erofs; superblock.h), which is not unpacked but mounted at a start.
 * What it is, its content tells.
 *
 * How it comes into the store, intake.h says.
 *
 * Short names in a docker-archive mean docker.io, as they do for who wrote them; in an oci-archive
 * and for --tag they become localhost/NAME.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include "store.h"
#include "transport.h"

#include <signal.h>
#include <stdatomic.h>

/* Called now and then from one thread, with bytes done and bytes in all (0: not known yet). */
typedef void load_progress_function(void *context, uint64_t done, uint64_t total);

/* What becomes of a file that is a file system. */
enum load_file {
        LOAD_FILE_COPY,
        LOAD_FILE_REFER, /* it stays where it is, and must stay as it is */
        LOAD_FILE_ADOPT, /* it becomes the store's own; it is on the store's file system */
};

struct load_options {
        const char *path;              /* borrowed; NULL: standard input */
        enum transport_kind transport; /* what path is; TRANSPORT_NONE: its content tells */
        const char *select; /* borrowed; load only the image of that name there, or "@N"; or NULL */
        bool all;        /* of an index all platforms: what is for others is kept, not unpacked */
        const char *tag; /* borrowed; name for the one image that is in there, or NULL */
        /* Of what is made of a root file system; borrowed. */
        const char *config;         /* file with its settings; NULL: FILE.json where there is one */
        const struct strv *changes; /* lines as change.h takes them, or NULL */
        struct json_object *document; /* the settings themselves, or NULL */
        enum load_file file;

        unsigned threads; /* 0: by the processors there are; at most INTAKE_MAX_THREADS */
        const volatile sig_atomic_t *cancel; /* borrowed; non-zero: stop and clean up; or NULL */
        load_progress_function *progress;    /* or NULL */
        void *context;                       /* of progress */
};

enum {
        LOAD_MAX_IMAGES = 100
};

/* FILE.tar.gz → FILE, in characters that names may have. Owned by the caller. */
char *load_name_from_path(const char *path);

/* Load all images of the archive; their names (or "sha256:ID" where one has none) are appended to
 * names. The store is open in STORE_MAKE. EINTR where cancel stopped it. */
int load_images(struct store *store, const struct load_options *options, struct strv *names,
                struct error *err);

/* Load what a transport other than docker:// leads to: path, transport and select of the options
 * come from it. */
int load_transport(struct store *store, const struct transport *from,
                   const struct load_options *options, struct strv *names, struct error *err);

/* Unpack the layers of an image that is in the store without them: it was copied there by another
 * tool, or somebody removed the cache. */
int load_unpack(struct store *store, const char *reference, const struct load_options *options,
                struct error *err);
