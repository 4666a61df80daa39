/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Indexes with all that they lead to, byte for byte (save.h). */
#include "save-parts.h"

#include "reference.h"

#include <errno.h>

#define SAVE_DOCKER_TYPES "application/vnd.docker.distribution.manifest."

static int save_whole_blobs(struct save *save, const struct whole *whole, const char *directory,
                            struct error *err)
{
        for (size_t i = 0; i < whole->blob_count; i++) {
                const struct whole_blob *blob = whole->blobs + i;
                AUTO_FREE char *name = str_concat(directory, digest_hex(blob->digest));

                if (save_blob(save, name, blob->digest, blob->size, blob->fd, err) < 0)
                        return -1;
        }
        return 0;
}

/* before, after: around the digits, in the documents' names. */
static int save_whole_documents(struct save *save, const struct whole *whole, size_t count,
                                const char *before, const char *after, struct error *err)
{
        for (size_t i = 0; i < count; i++) {
                const struct whole_document *document = whole->documents + i;
                AUTO_FREE char *name = str_concat(before, digest_hex(document->digest), after);

                if (save_document(save, name, document->data, document->length, err) < 0)
                        return -1;
        }
        return 0;
}

int save_oci_whole(struct save *save, const struct whole *whole, const struct strv *names,
                   struct error *err)
{
        const struct whole_document *top = whole_top(whole);

        for (size_t i = 0; i < whole->document_count; i++)
                if (str_has_prefix(whole->documents[i].media_type, SAVE_DOCKER_TYPES))
                        return error_set(err, EINVAL,
                                         "%s is Docker's, and an OCI layout has OCI's manifests "
                                         "only: push all of it to dir: or a registry, or save one "
                                         "platform",
                                         whole->documents[i].digest);
        if (save_whole_blobs(save, whole, "blobs/sha256/", err) < 0)
                return -1;
        reshape_note(&save->reshape, "Writing manifest list to image destination");
        if (save_whole_documents(save, whole, whole->document_count, "blobs/sha256/", "", err) < 0)
                return -1;
        save_oci_list(save, top->media_type, top->digest, top->length, names);
        return 0;
}

/* As skopeo does: the manifests under names of their own, the index as manifest.json. */
int save_dir_whole(struct save *save, const struct whole *whole, const struct strv *names,
                   struct error *err)
{
        static const char version[] = "Directory Transport Version: 1.1\n";
        const struct whole_document *top = whole_top(whole);

        (void)names;
        if (save_whole_blobs(save, whole, "", err) < 0 ||
            sink_add(save->sink, "version", version, strlen(version), err) < 0)
                return -1;
        reshape_note(&save->reshape, "Writing manifest list to image destination");
        if (save_whole_documents(save, whole, whole->document_count - 1, "", ".manifest.json",
                                 err) < 0)
                return -1;
        return sink_add(save->sink, "manifest.json", top->data, top->length, err);
}
