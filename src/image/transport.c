/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport.h"

#include "../base/str.h"

#include <errno.h>

static const struct transport_row {
        const char *prefix;
        enum transport_kind kind;
        bool named;          /* a REF may follow the path */
        const char *refusal; /* what to do instead; NULL: we know it */
} transport_rows[] = {
        { "docker://", TRANSPORT_REGISTRY, false, NULL },
        { "oci:", TRANSPORT_OCI, true, NULL },
        { "oci-archive:", TRANSPORT_OCI_ARCHIVE, true, NULL },
        { "docker-archive:", TRANSPORT_DOCKER_ARCHIVE, true, NULL },
        { "dir:", TRANSPORT_DIR, false, NULL },
        { "tarball:", TRANSPORT_TARBALL, false, NULL },
        { "docker-daemon:", TRANSPORT_NONE, false,
          "use `docker save IMAGE | crunit load`, or `crunit save IMAGE | docker load`" },
        { "containers-storage:", TRANSPORT_NONE, false,
          "use `podman save IMAGE | crunit load`, or `crunit save IMAGE | podman load`" },
        { "ostree:", TRANSPORT_NONE, false, "use an archive" },
        { "sif:", TRANSPORT_NONE, false, "use an archive" },
        { "atomic:", TRANSPORT_NONE, false, "use docker://" },
};

static const struct transport_row *transport_find(const char *text)
{
        for (size_t i = 0; i < sizeof transport_rows / sizeof *transport_rows; i++)
                if (str_has_prefix(text, transport_rows[i].prefix))
                        return transport_rows + i;
        return NULL;
}

int transport_parse(const char *text, struct transport *ret, struct error *err)
{
        const struct transport_row *row = transport_find(text);
        const char *rest, *colon;

        if (!row)
                return 0;
        if (row->refusal)
                return error_set(err, ENOSYS, "%s: %.*s is not supported: %s", text,
                                 (int)strlen(row->prefix) - 1, row->prefix, row->refusal);
        rest = text + strlen(row->prefix);
        colon = row->named ? strchr(rest, ':') : NULL;
        if (!*rest || colon == rest)
                return error_set(err, EINVAL, "%s: there is no %s behind %s", text,
                                 row->kind == TRANSPORT_REGISTRY ? "name" : "path", row->prefix);
        if (colon && !colon[1])
                return error_set(err, EINVAL, "%s: there is no name behind the last colon", text);
        *ret = (struct transport){ .kind = row->kind };
        if (row->kind == TRANSPORT_REGISTRY) {
                ret->reference = str_dup(rest);
        } else {
                ret->path = colon ? str_dupn(rest, (size_t)(colon - rest)) : str_dup(rest);
                ret->reference = colon ? str_dup(colon + 1) : NULL;
        }
        return 1;
}

void transport_free(struct transport *transport)
{
        free(transport->path);
        free(transport->reference);
        *transport = (struct transport){ 0 };
}
