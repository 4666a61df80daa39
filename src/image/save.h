/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Write images from the store into a sink, in the forms that other tools read. Each blob is
 * compared with its digest on the way.
 *
 *     SAVE_OCI             image layout; the blobs as they came, the manifest too where it is OCI's
 *     SAVE_DIR             skopeo's dir: of one image, everything as it came
 *     SAVE_DOCKER_DIR      the same, with a manifest of Docker's
 *     SAVE_DOCKER_ARCHIVE  what `docker load` reads: the layers as plain tars, no manifest
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include "reshape.h"
#include "sink.h"
#include "store.h"

enum save_format {
        SAVE_OCI,
        SAVE_DIR,
        SAVE_DOCKER_DIR,
        SAVE_DOCKER_ARCHIVE,
};

struct save_options {
        enum save_format format;
        struct reshape reshape; /* its form is the format's; not with all */
        bool all; /* indexes with all platforms (whole.h): SAVE_OCI and SAVE_DIR, else EINVAL */
};

struct save_image {
        const char *reference; /* borrowed; what to look for in the store */
        bool own_name;         /* it is called there as it is here */
        struct strv names;     /* owned; what it is called there, as it stands in the document */
};

/*
 * Write all of them; sink_finish() is left to the caller. Where ret_digest is not NULL it gets the
 * digest of the last one's manifest, owned by the caller. The store is open for reading, and is
 * closed as soon as nothing more is needed of it.
 */
int save_images(struct store *store, const struct save_options *options,
                const struct save_image *images, size_t count, struct sink *sink, char **ret_digest,
                struct error *err);
