/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bring an image from the store to a registry: the layers and the configuration that the registry
 * does not have (those that another of its repositories has are mounted from there), the manifest
 * last, so that its name never leads to something that is not complete. What came from a registry
 * goes to another byte for byte, and thus under the same digest.
 */
#pragma once

#include "../registry/registry.h"
#include "reshape.h"

struct push_options {
        struct registry_options registry; /* poll, notice and context are the caller's */
        struct reshape reshape;
        bool all; /* of an index all platforms (whole.h), byte for byte; reshape changes nothing */
};

/* endpoint is where it goes to, by reference: a tag, or the digest the manifest has to have. */
struct push_target {
        struct registry_endpoint endpoint;
        const char *reference;
};

/* The store is open for reading, and is closed as soon as nothing more is needed of it. The
 * manifest's digest is owned by the caller. */
int push_image(struct store *store, const char *image, const struct push_target *target,
               const struct push_options *options, char **ret_digest, struct error *err);
