/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The places outside the store that an image comes from or goes to, as skopeo and podman write them
 * (containers-transports(5)):
 *
 *     docker://NAME                a registry
 *     oci:DIRECTORY[:REF]          an OCI image layout
 *     oci-archive:FILE[:REF]       the same in a tar
 *     docker-archive:FILE[:REF]    what `docker save` writes
 *     dir:DIRECTORY                manifest and blobs of one image, side by side
 *     tarball:FILE                 the tar of a root file system
 *
 * REF is a name in there, or "@N", the Nth image from 0. A directory or file with a colon in its
 * name cannot be said where a REF is possible, there as here.
 */
#pragma once

#include "../base/error.h"

enum transport_kind {
        TRANSPORT_NONE, /* none was given */
        TRANSPORT_REGISTRY,
        TRANSPORT_OCI,
        TRANSPORT_OCI_ARCHIVE,
        TRANSPORT_DOCKER_ARCHIVE,
        TRANSPORT_DIR,
        TRANSPORT_TARBALL,
};

struct transport {
        enum transport_kind kind;
        char *path;      /* owned; NULL for a registry */
        char *reference; /* owned; for a registry the image's name, else REF or NULL */
};

/* Returns 1 and fills ret in, or 0 where text does not begin with a transport. ENOSYS for one that
 * other tools know and we do not. */
int transport_parse(const char *text, struct transport *ret, struct error *err);
void transport_free(struct transport *transport);
#define AUTO_TRANSPORT CLEANUP(transport_free)
