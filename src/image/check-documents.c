/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check-parts.h"

#include "../base/io.h"
#include "digest.h"
#include "reference.h"

#include <errno.h>

enum {
        CHECK_MAX_NESTING = 4 /* indexes that lead to indexes */
};

void check_report(struct check *check, enum check_kind kind, const struct strv *images,
                  const char *what, const char *digest, const char *how)
{
        AUTO_FREE char *text = str_format("%s %s %s", what, digest, how);

        check->damages += kind == CHECK_DAMAGED;
        check->options->report(check->options->context, kind, text, images);
}

/* Read a document whole and compare its digest. Returns 1 where it is right; what is wrong is
 * reported. */
static int check_document(struct check *check, const char *digest, size_t max, const char *what,
                          const struct strv *images, char **ret_data, size_t *ret_length)
{
        AUTO_FREE char *path = str_format("blobs/sha256/%s", digest_hex(digest));
        AUTO_FREE char *data = NULL;
        AUTO_FREE char *found = NULL;
        AUTO_ERROR struct error reason = { 0 };
        size_t length;

        if (io_read_file(check->store->fd, path, max, &data, &length, &reason) < 0) {
                check_report(check, CHECK_DAMAGED, images, what, digest,
                             reason.code == ENOENT ? "is missing" : reason.message);
                return 0;
        }
        found = digest_of(data, length);
        if (!str_equal(found, digest)) {
                check_report(check, CHECK_DAMAGED, images, what, digest,
                             "is damaged: its digest is another");
                return 0;
        }
        *ret_data = steal_str(&data);
        *ret_length = length;
        return 1;
}

static int check_parse_manifest(struct check *check, const char *digest, const struct strv *images,
                                struct manifest *ret)
{
        AUTO_FREE char *data = NULL;
        AUTO_JSON struct json_object *document = NULL;
        AUTO_ERROR struct error reason = { 0 };
        size_t length;

        if (check_document(check, digest, MANIFEST_MAX_SIZE, "manifest", images, &data, &length) <=
            0)
                return 0;
        if (json_parse(data, length, "it", &document, &reason) < 0 ||
            manifest_parse(document, "it", ret, &reason) < 0) {
                check_report(check, CHECK_DAMAGED, images, "manifest", digest, reason.message);
                return 0;
        }
        return 1;
}

int check_find_manifest(struct check *check, const struct descriptor *descriptor,
                        const struct strv *images, struct manifest *ret)
{
        struct platform host = platform_host();
        AUTO_FREE char *digest = str_dup(descriptor->digest);

        for (int depth = 0; depth < CHECK_MAX_NESTING; depth++) {
                AUTO_MANIFEST struct manifest manifest = { 0 };
                AUTO_ERROR struct error reason = { 0 };
                const struct descriptor *chosen = NULL;

                if (check_parse_manifest(check, digest, images, &manifest) <= 0)
                        return 0;
                if (!manifest.is_index) {
                        *ret = manifest;
                        manifest = (struct manifest){ 0 };
                        return 1;
                }
                if (manifest_choose(&manifest, &host, "it", &chosen, &reason) < 0) {
                        check_report(check, CHECK_UNCHECKED, images, "index", digest,
                                     reason.message);
                        return 0;
                }
                str_replace(&digest, chosen->digest);
        }
        check_report(check, CHECK_DAMAGED, images, "index", digest, "is nested too deep");
        return 0;
}

int check_find_config(struct check *check, const struct manifest *manifest,
                      const struct strv *images, struct image_config *ret)
{
        const char *digest = manifest->config.digest;
        AUTO_FREE char *data = NULL;
        AUTO_JSON struct json_object *document = NULL;
        AUTO_IMAGE_CONFIG struct image_config config = { 0 };
        AUTO_ERROR struct error reason = { 0 };
        size_t length;

        if (check_document(check, digest, CONFIG_MAX_SIZE, "configuration", images, &data,
                           &length) <= 0)
                return 0;
        if (json_parse(data, length, "it", &document, &reason) < 0 ||
            image_config_parse(document, "it", &config, &reason) < 0) {
                check_report(check, CHECK_DAMAGED, images, "configuration", digest, reason.message);
                return 0;
        }
        if (config.diff_ids.count != manifest->layer_count) {
                check_report(check, CHECK_DAMAGED, images, "configuration", digest,
                             "has another number of layers than the manifest");
                return 0;
        }
        *ret = config;
        config = (struct image_config){ 0 };
        return 1;
}
