/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One layer of what load.h brings into the store: found there already, copied as it is where it is
 * for another platform, or read, kept and unpacked in one pass. Layers are taken side by side.
 */
#pragma once

#include "../base/error.h"

#include "bundle.h"
#include "intake.h"
#include "load.h"
#include "stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A load under way. */
struct load {
        struct intake intake;
        const struct load_options *options; /* borrowed */
        const char *name;                   /* borrowed; of the archive, for messages */
        struct bundle *bundle;              /* owned; or NULL */
        struct stream *stream; /* owned; a rootfs, or what the bundle was spooled from */
        uint64_t total;        /* bytes of all layers; 0: not known */
        bool in_place;         /* the bundle is the store itself: its blobs are where they belong */
};

/* An intake_take of a load: the context is the struct load. */
int load_layer_take(void *context, size_t i, struct error *err);

/* Make the file in the working directory that layer i's blob is copied to as it is read, and
 * say that this file is the layer's blob. */
int load_layer_open_copy(struct load *load, size_t i, int *ret_fd, struct error *err);
void load_layer_keep_copy(struct load *load, size_t i);
