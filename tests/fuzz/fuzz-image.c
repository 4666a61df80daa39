/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What comes from outside with an image: names, manifests and indexes, configurations, paths of
 * archive entries, whole layers (compressed or not). Nothing crashes, and what was accepted keeps
 * its promises. For the fuzzer, the first byte says which of them the rest is.
 *
 * With clang -fsanitize=fuzzer and FUZZER defined this is a libFuzzer target; else main() runs the
 * files it is given, each as every kind.
 */
#include "../../src/base/io.h"
#include "../../src/image/bundle.h"
#include "../../src/image/image.h"
#include "../../src/image/layer.h"
#include "../../src/image/load-plan.h"
#include "../../src/image/outgoing.h"
#include "../../src/image/reference.h"
#include "../../src/image/superblock.h"
#include "../../src/image/transport.h"
#include "../../src/image/tree.h"

#include <dirent.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void fuzz_reference(const char *text, size_t size)
{
        AUTO_FREE char *name = NULL;
        AUTO_FREE char *again = NULL;

        (void)size;
        if (reference_normalize(text, "localhost", &name, NULL) < 0)
                return;
        if (reference_normalize(name, "docker.io", &again, NULL) < 0 || !str_equal(name, again))
                abort();
}

static void fuzz_manifest(const char *text, size_t size)
{
        AUTO_JSON struct json_object *document = NULL;
        AUTO_MANIFEST struct manifest manifest = { 0 };
        struct platform host = { "linux", "amd64", "v2" };
        const struct descriptor *chosen = NULL;

        if (json_parse(text, size, "x", &document, NULL) < 0 ||
            manifest_parse(document, "x", &manifest, NULL) < 0)
                return;
        for (size_t i = 0; i < manifest.layer_count; i++)
                if (!digest_hex(manifest.layers[i].digest))
                        abort();
        if (manifest.is_index && manifest_choose(&manifest, &host, "x", &chosen, NULL) == 0 &&
            chosen->attestation)
                abort();
}

static void fuzz_config(const char *text, size_t size)
{
        AUTO_JSON struct json_object *document = NULL;
        AUTO_IMAGE_CONFIG struct image_config config = { 0 };

        if (json_parse(text, size, "x", &document, NULL) < 0 ||
            image_config_parse(document, "x", &config, NULL) < 0)
                return;
        for (size_t i = 0; i < config.diff_ids.count; i++)
                if (!digest_hex(config.diff_ids.items[i]))
                        abort();
}

static void fuzz_path(const char *text, size_t size)
{
        AUTO_FREE char *clean = NULL;
        AUTO_FREE char *again = NULL;
        AUTO_FREE char *framed = NULL;

        (void)size;
        if (tree_clean_path(text, &clean, NULL) < 0)
                return;
        framed = str_format("/%s/", clean);
        if (strstr(framed, "/../") || strstr(framed, "/./") || *clean == '/' ||
            tree_clean_path(clean, &again, NULL) < 0 || !str_equal(clean, again))
                abort();
}

static char fuzz_scratch[] = "/tmp/fuzz-image.XXXXXX";

static void fuzz_forget(void)
{
        rmdir(fuzz_scratch);
}

/* A directory around the layer's, in which nothing else may appear. */
static int fuzz_directory(void)
{
        static int fd = -1;

        if (fd < 0 && mkdtemp(fuzz_scratch) && atexit(fuzz_forget) == 0)
                fd = open(fuzz_scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                abort();
        return fd;
}

static void fuzz_expect_empty(void)
{
        AUTO_CLOSEDIR DIR *dir = opendir(fuzz_scratch);
        int count = 0;

        while (dir && readdir(dir))
                count++;
        if (count != 2)
                abort();
}

static void fuzz_layer(const char *data, size_t size)
{
        int directory = fuzz_directory();
        CLEANUP(layer_result_free) struct layer_result result = { 0 };
        AUTO_STREAM struct stream *stream = NULL;
        AUTO_CLOSE int fd = memfd_create("layer", MFD_CLOEXEC);
        AUTO_CLOSE int top = -1;
        struct stream_source source = {
                .fd = fd, .positioned = true, .size = size, .copy = -1, .most = 1 << 20, .name = "l"
        };

        bundle_guess(data, size);
        if (fd < 0 || io_write_all(fd, data, size) < 0 || mkdirat(directory, "top", 0755) < 0)
                abort();
        top = openat(directory, "top", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (stream_open(&source, &stream, NULL) == 0)
                layer_unpack(stream, "l", top, &result, NULL);
        if (io_remove_tree(directory, "top", NULL) < 0)
                abort();
        fuzz_expect_empty();
}

/* What an archive says to hold. */
static void fuzz_archive(const char *data, size_t size)
{
        static const char *const selections[] = { NULL, "web:1", "@0" };
        AUTO_CLOSE int fd = memfd_create("archive", MFD_CLOEXEC);

        if (fd < 0 || io_write_all(fd, data, size) < 0)
                abort();
        for (size_t i = 0; i < sizeof selections / sizeof *selections; i++) {
                AUTO_BUNDLE struct bundle *bundle = NULL;
                AUTO_PLAN struct load_plan plan = { 0 };
                struct load_wish wish = { .select = selections[i] };

                if (bundle_open_tar(fd, "a", &bundle, NULL) < 0 ||
                    load_plan_bundle(bundle, "a", &wish, &plan, NULL) < 0)
                        continue;
                if (!plan.image_count)
                        abort();
                for (size_t j = 0; j < plan.layer_count; j++)
                        if (!digest_hex(plan.layers[j].diff_id) || !plan.layers[j].member)
                                abort();
        }
}

/* A manifest in the other form leads to the same blobs. */
static void fuzz_convert(const char *text, size_t size)
{
        static const enum outgoing_form forms[] = { OUTGOING_OCI, OUTGOING_DOCKER };

        for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
                AUTO_OUTGOING struct outgoing outgoing = { 0 };
                AUTO_JSON struct json_object *document = NULL, *made = NULL;
                AUTO_MANIFEST struct manifest manifest = { 0 };

                if (json_parse(text, size, "x", &document, NULL) < 0 ||
                    manifest_parse(document, "x", &outgoing.manifest, NULL) < 0 ||
                    outgoing.manifest.is_index)
                        return;
                outgoing.document = str_dupn(text, size);
                outgoing.document_length = size;
                outgoing.media_type = str_dup(forms[i] == OUTGOING_OCI ? MEDIA_DOCKER_MANIFEST
                                                                       : MEDIA_OCI_MANIFEST);
                if (outgoing_convert(&outgoing, forms[i], NULL) < 0)
                        continue;
                if (json_parse(outgoing.document, outgoing.document_length, "x", &made, NULL) < 0 ||
                    manifest_parse(made, "x", &manifest, NULL) < 0 ||
                    manifest.layer_count != outgoing.manifest.layer_count ||
                    !str_equal(manifest.config.digest, outgoing.manifest.config.digest))
                        abort();
                for (size_t j = 0; j < manifest.layer_count; j++)
                        if (!str_equal(manifest.layers[j].digest,
                                       outgoing.manifest.layers[j].digest))
                                abort();
        }
}

static void fuzz_transport(const char *text, size_t size)
{
        AUTO_TRANSPORT struct transport transport = { 0 };

        (void)size;
        if (transport_parse(text, &transport, NULL) <= 0) {
                if (transport.kind != TRANSPORT_NONE || transport.path || transport.reference)
                        abort();
                return;
        }
        if (transport.kind == TRANSPORT_REGISTRY
                    ? transport.path || str_empty(transport.reference)
                    : str_empty(transport.path) || (transport.reference && !*transport.reference))
                abort();
}

/* The beginning of an image in one file. */
static void fuzz_superblock(const char *data, size_t size)
{
        AUTO_CLOSE int fd = memfd_create("file", MFD_CLOEXEC);
        AUTO_ERROR struct error err = { 0 };
        struct superblock found;
        int result;

        if (fd < 0 || io_write_all(fd, data, size) < 0)
                abort();
        result = superblock_read(fd, "f", &found, &err);
        if ((result < 0) != (err.message != NULL) || (result == 1 && found.bytes > size))
                abort();
}

static void (*const kinds[])(const char *data, size_t size) = {
        fuzz_reference, fuzz_manifest, fuzz_config,    fuzz_path,       fuzz_layer,
        fuzz_archive,   fuzz_convert,  fuzz_transport, fuzz_superblock,
};
enum {
        KIND_COUNT = sizeof kinds / sizeof *kinds
};

static void fuzz_input(const uint8_t *data, size_t size)
{
        AUTO_FREE char *copy = NULL;

        if (!size)
                return;
        copy = alloc_zero(size, 1); /* the kind's byte makes room for a NUL */
        memcpy(copy, data + 1, size - 1);
        kinds[data[0] % KIND_COUNT](copy, size - 1);
}

static void fuzz_file(char *data, size_t size)
{
        for (size_t k = 0; k < KIND_COUNT; k++)
                kinds[k](data, size);
}

#include "fuzz-main.h"
