/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The store: a directory that is an OCI image layout (image-spec, image-layout.md), so that other
 * tools read it, with the unpacked layers beside it.
 *
 *     oci-layout, index.json    truth: names and what they point at
 *     blobs/sha256/HEX          truth: manifests, configurations, layers as they came
 *     layers/HEX/               cache: one unpacked layer each, named by the digest of its tar
 *                               (the diff id), in the form overlayfs mounts; or a link to where
 *                               an additional store has it (nearby.h), as of its blob
 *     implied/HEX               which directories of that layer its tar does not name (implied.h)
 *     covers/HEX/               what is mounted above the layers of the image with that id, where a
 *                               directory needs another owner or mode than a layer has (cover.h)
 *     tmp/                      what is being made (store-work.h): each thing has its own flock
 *     lock                      flock: shared while an image is looked up and mounted, exclusive
 *                               while index.json changes or something is removed; never held while
 *                               something is waited for
 *
 * Each descriptor of index.json that has a name carries the full one (reference.h) in the two
 * usual annotations; an image with several names has several descriptors, one without any name has
 * one descriptor. A directory in layers/ is complete, always: it is made in tmp/, synced, and
 * renamed. What a process that died left in tmp/, and blobs and layers that nothing leads to, go
 * when the next writer opens the store.
 */
#pragma once

#include "../base/error.h"
#include "../base/json.h"
#include "../base/str.h"

#include "manifest.h"

enum store_mode {
        STORE_READ,  /* shared lock until store_close(); a store that is not there yet is empty */
        STORE_WRITE, /* made where missing; exclusive lock until store_close(), for what takes no
                        time; leftovers are swept */
        STORE_MAKE,  /* made where missing; leftovers are swept; not locked: what takes long is done
                        in tmp/, and store_lock() is for the moments that need it */
};

enum store_lock {
        STORE_SHARED,   /* nothing is removed meanwhile */
        STORE_EXCLUSIVE /* nobody else looks or changes */
};

struct work;

struct store {
        char *root;                /* owned */
        int fd;                    /* the root, or -1: there is no store yet */
        int lock;                  /* the lock file, or -1 */
        int tmp;                   /* tmp/, or -1 (STORE_READ) */
        struct json_object *index; /* owned; index.json as it was when the store was locked */
        struct work *trash;        /* owned; what was collected and goes at the end; or NULL */
};

/* The store's directory: option where given, else $CRUNIT_STORAGE, else /var/lib/crunit. Borrowed.
 */
const char *store_root(const char *option);
/* The same where there is no option: $CRUNIT_STORAGE, else what the settings say (configured, or
 * NULL), else /var/lib/crunit. Borrowed. */
const char *store_root_of(const char *configured);

int store_open(const char *root, enum store_mode mode, struct store *ret, struct error *err);

/* Wait for the lock, and read index.json anew. Only in STORE_MAKE, where nothing is locked. A
 * signal ends the waiting, with EINTR. */
int store_lock(struct store *store, enum store_lock how, struct error *err);
/* From here on others may change the store (also in STORE_WRITE, when all is done). */
void store_unlock(struct store *store);

void store_close(struct store *store);
#define STORE_NONE                                                                                 \
        {                                                                                          \
                .fd = -1, .lock = -1, .tmp = -1                                                    \
        }
#define AUTO_STORE CLEANUP(store_close)

/* One line of index.json. */
struct store_entry {
        struct descriptor descriptor; /* owned */
        char *name;                   /* borrowed from it: the full name, or NULL */
};

/* All of them, in the order of index.json. */
int store_list(struct store *store, struct store_entry **ret, size_t *ret_count, struct error *err);
void store_list_free(struct store_entry *entries, size_t count);

/*
 * Find the descriptor that text means; borrowed entries, see store_list(). In this order, the first
 * that matches wins:
 *   1. "sha256:HEX": the manifest's digest, or the image's id
 *   2. "NAME@sha256:HEX": the manifest's digest; the name has to be well-formed, no more
 *   3. a name with a registry: exactly that one ("latest" without a tag)
 *   4. a short name: localhost/NAME, then docker.io/library/NAME (docker.io/NAME where it has a
 *      slash)
 *   5. 3 to 64 hexadecimal digits: an id that begins so; EEXIST where several images' do
 * ENOENT where nothing matches.
 */
int store_find(struct store *store, const char *text, const struct store_entry *entries,
               size_t count, const struct store_entry **ret, struct error *err);

/* One entry, and the list it is in. */
struct store_found {
        struct store_entry *entries; /* owned */
        size_t count;
        const struct store_entry *entry; /* one of them */
};

/* store_list() and store_find() in one. */
int store_look_up(struct store *store, const char *text, struct store_found *ret,
                  struct error *err);
/* All names of that image. */
void store_found_names(const struct store_found *found, struct strv *names);
void store_found_free(struct store_found *found);
#define AUTO_STORE_FOUND CLEANUP(store_found_free)

/* Read and parse a blob that is a document of at most max bytes. Its size is not compared. */
int store_read_blob(struct store *store, const char *digest, size_t max, struct json_object **ret,
                    struct error *err);

/* The manifest a descriptor leads to on this machine (through indexes, at most 4 deep), and the
 * digest of it. */
int store_read_manifest(struct store *store, const struct descriptor *descriptor,
                        struct manifest *ret, char **ret_digest, struct error *err);

/* The digest of an entry's configuration, in 64 digits: the image's id. Owned by the caller. */
int store_entry_id(struct store *store, const struct store_entry *entry, char **ret,
                   struct error *err);
