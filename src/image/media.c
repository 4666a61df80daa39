/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media.h"

#include "../base/str.h"

#include <errno.h>

#define MEDIA_DOCKER "application/vnd.docker."
#define MEDIA_OCI    "application/vnd.oci.image."

/* The first row whose words the type begins and ends with decides. */
struct media_row {
        const char *begins, *ends;
        const char *refusal; /* NULL: it is fine */
};

static const struct media_row media_manifests[] = {
        { MEDIA_OCI "index.v1+json", "", NULL },
        { MEDIA_OCI "manifest.v1+json", "", NULL },
        { MEDIA_DOCKER "distribution.manifest.list.v2+json", "", NULL },
        { MEDIA_DOCKER "distribution.manifest.v2+json", "", NULL },
        { MEDIA_DOCKER "distribution.manifest.v1+", "",
          "is of Docker's schema 1, which has no digests of its content: push the image again with "
          "a tool of today" },
        /* what some registries say of anything */
        { "application/json", "", NULL },
        { "application/octet-stream", "", NULL },
        { "text/plain", "", NULL },
        { "", "", "is no image's" },
};

static const struct media_row media_configs[] = {
        { MEDIA_OCI "config.v1+json", "", NULL },
        { MEDIA_DOCKER "container.image.v1+json", "", NULL },
        { "application/octet-stream", "", NULL },
        { "", "", "is no image's configuration: this is something else in a registry" },
};

static const struct media_row media_layers[] = {
        { "", "+encrypted", "is an encrypted layer, and this version has no keys" },
        { MEDIA_OCI "layer.v1.tar", "", NULL },
        { MEDIA_DOCKER "image.rootfs.diff.tar", "", NULL },
        { MEDIA_OCI "layer.nondistributable.", "",
          "is a foreign layer, which registries do not have: the image is incomplete" },
        { MEDIA_DOCKER "image.rootfs.foreign.", "",
          "is a foreign layer, which registries do not have: the image is incomplete" },
        { "application/octet-stream", "", NULL },
        { "", "", "is no layer that this version knows" },
};

static int media_check(const struct media_row *rows, const char *type, const char *digest,
                       struct error *err)
{
        if (str_empty(type))
                return 0;
        while (!str_has_prefix(type, rows->begins) || !str_has_suffix(type, rows->ends))
                rows++;
        if (!rows->refusal)
                return 0;
        return error_set(err, EPROTONOSUPPORT, "%s (%s) %s", digest, type, rows->refusal);
}

int media_check_manifest(const char *type, const char *digest, struct error *err)
{
        return media_check(media_manifests, type, digest, err);
}

int media_check_config(const char *type, const char *digest, struct error *err)
{
        return media_check(media_configs, type, digest, err);
}

int media_check_layer(const char *type, const char *digest, struct error *err)
{
        return media_check(media_layers, type, digest, err);
}
