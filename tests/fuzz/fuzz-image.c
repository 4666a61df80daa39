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
#include "../../src/image/reference.h"
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

static void (*const kinds[])(const char *data, size_t size) = {
        fuzz_reference, fuzz_manifest, fuzz_config, fuzz_path, fuzz_layer,
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
