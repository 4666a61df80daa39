/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a registry's documents to a plan, without a registry: what is chosen, what is refused and
 * how. Also files that grow while they are read, and parts. */
#include "../../src/base/io.h"
#include "../../src/image/digest.h"
#include "../../src/image/growth.h"
#include "../../src/image/part.h"
#include "../../src/image/pull-plan.h"
#include "../../src/image/store-work.h"
#include "../tap.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#define ZEROS  "sha256:0000000000000000000000000000000000000000000000000000000000000000"
#define ONES   "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define TWOS   "sha256:2222222222222222222222222222222222222222222222222222222222222222"
#define CONFIG "\"config\":{\"digest\":\"" ZEROS "\",\"size\":2"

static const struct platform amd64 = { "linux", "amd64", NULL };

static int read_text(const char *text, const char *type, struct manifest *manifest,
                     const struct descriptor **child, struct error *err)
{
        struct pull_document document = { text, strlen(text), type, TWOS };

        return pull_plan_read(&document, &amd64, "web", manifest, child, err);
}

static void refuse(const char *text, const char *type, const char *message, const char *what)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_MANIFEST struct manifest manifest = { 0 };
        const struct descriptor *child = NULL;

        check(read_text(text, type, &manifest, &child, &err) < 0, what);
        check_str(err.message && strstr(err.message, message) ? message : err.message, message,
                  what);
}

static void test_documents(void)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_MANIFEST struct manifest manifest = { 0 };
        AUTO_MANIFEST struct manifest index = { 0 };
        const struct descriptor *child = NULL;

        check(read_text("{\"schemaVersion\":2," CONFIG "},\"layers\":[{\"digest\":\"" ONES
                        "\",\"size\":5}]}",
                        NULL, &manifest, &child, &err) == 0 &&
                      !child && manifest.layer_count == 1,
              "a manifest without any type");
        check(read_text("{\"schemaVersion\":2,\"manifests\":["
                        "{\"digest\":\"" ZEROS "\",\"size\":1,\"platform\":{\"os\":\"unknown\","
                        "\"architecture\":\"unknown\"}},"
                        "{\"digest\":\"" TWOS "\",\"size\":1,\"platform\":{\"os\":\"linux\","
                        "\"architecture\":\"arm64\"}},"
                        "{\"digest\":\"" ONES "\",\"size\":1,\"platform\":{\"os\":\"linux\","
                        "\"architecture\":\"amd64\"}}]}",
                        NULL, &index, &child, &err) == 0,
              "an index");
        check_str(child ? child->digest : NULL, ONES,
                  "the platform is chosen, attestations are not");
        refuse("{\"schemaVersion\":1,\"fsLayers\":[]}", NULL, "is of Docker's schema 1",
               "schema 1");
        refuse("{\"signatures\":[]}", "application/vnd.docker.distribution.manifest.v1+prettyjws",
               "is of Docker's schema 1", "schema 1 by its type");
        refuse("{\"schemaVersion\":2,\"mediaType\":\"application/x-y\"}", NULL,
               "(application/x-y) is no image's", "another type");
        refuse("{\"schemaVersion\":2," CONFIG
               ",\"mediaType\":\"application/vnd.wasm.config.v1+json\"},\"layers\":[]}",
               NULL, "is no image's configuration", "an artifact");
        refuse("{\"schemaVersion\":2," CONFIG "},\"layers\":[{\"digest\":\"" ONES
               "\",\"size\":5,\"mediaType\":\"application/vnd.oci.image.layer.nondistributable.v1."
               "tar+gzip\"}]}",
               NULL, "is a foreign layer", "a foreign layer");
        refuse("{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"" ONES
               "\",\"size\":1,\"platform\":{\"os\":\"linux\",\"architecture\":\"vax\"}}]}",
               NULL, "only for linux/vax", "no platform of ours");
        refuse("{", NULL, "not valid JSON", "half a document");
}

static int add_image(struct load_plan *plan, const char *config, const char *layers,
                     struct load_image **image, struct error *err)
{
        AUTO_FREE char *text =
                str_format("{\"schemaVersion\":2," CONFIG "},\"layers\":[%s]}", layers);
        AUTO_MANIFEST struct manifest manifest = { 0 };
        const struct descriptor *child = NULL;
        struct pull_document document = { config, strlen(config), NULL, ZEROS };

        if (read_text(text, NULL, &manifest, &child, err) < 0)
                exit(99);
        return pull_plan_add(plan, &manifest, &document, &amd64, "web", image, err);
}

static void test_plan(void)
{
        static const char two[] =
                "{\"digest\":\"" ONES "\",\"size\":5},{\"digest\":\"" TWOS "\",\"size\":6}";
        AUTO_ERROR struct error err = { 0 };
        AUTO_PLAN struct load_plan plan = { 0 };
        struct load_image *image = NULL;

        check(add_image(&plan,
                        "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"diff_ids\":["
                        "\"" ONES "\",\"" TWOS "\"]}}",
                        two, &image, &err) == 0,
              "an image of two layers");
        check(plan.layer_count == 2 && image->layer_count == 2 && plan.layers[1].size == 6,
              "is two layers in the plan");
        check_str(plan.layers[1].diff_id, TWOS, "with their diff ids");
        check(add_image(&plan,
                        "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"diff_ids\":["
                        "\"" ONES "\"]}}",
                        two, &image, &err) < 0,
              "one diff id too few");
        error_clear(&err);
        check(add_image(&plan,
                        "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"diff_ids\":["
                        "\"../../x\",\"" ONES "\"]}}",
                        two, &image, &err) < 0,
              "a diff id that is none");
        error_clear(&err);
        check(add_image(&plan,
                        "{\"architecture\":\"arm64\",\"os\":\"linux\",\"rootfs\":{\"diff_ids\":["
                        "\"" ONES "\",\"" TWOS "\"]}}",
                        two, &image, &err) < 0 &&
                      err.code == ENOEXEC,
              "another architecture");
        check_str(err.message, "web is for linux/arm64, wanted is one for linux/amd64",
                  "is refused by name");
}

static void test_names(void)
{
        static const char *const names[][2] = {
                { "x.y/z", "x.y/z:latest" },
                { "x.y:5000/z:1", "x.y:5000/z:1" },
                { "x.y/z@" ONES, "x.y/z@" ONES },
                { "x.y:5000/z:1@" ONES, "x.y:5000/z@" ONES },
        };

        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
                AUTO_REFERENCE struct reference reference = { 0 };
                AUTO_FREE char *name = NULL;

                if (reference_parse(names[i][0], &reference, NULL) < 0)
                        exit(99);
                name = pull_plan_name(&reference);
                check_str(name, names[i][1], names[i][0]);
        }
}

/* --- files that grow */

static void *grow(void *context)
{
        struct growth *growth = context;

        for (uint64_t size = 10; size <= 100; size += 10) {
                usleep(1000);
                growth_reach(growth, size);
        }
        growth_end(growth, true);
        return NULL;
}

static void test_growth(void)
{
        struct growth growth;
        pthread_t thread;
        uint64_t at = 0, size = 0;
        int some;

        growth_begin(&growth, 0);
        if (pthread_create(&thread, NULL, grow, &growth) != 0)
                exit(99);
        while ((some = growth_wait(&growth, at, &size)) > 0)
                at = size;
        pthread_join(thread, NULL);
        check(some == 0 && at == 100, "a reader gets all of it, and the end");
        growth_free(&growth);
        growth_begin(&growth, 7);
        growth_end(&growth, false);
        growth_end(&growth, true);
        check(growth_wait(&growth, 0, &size) == 1 && size == 7, "what is there is read");
        check(growth_wait(&growth, 7, &size) == -1, "before it breaks off");
        growth_free(&growth);
}

/* --- parts */

static void test_parts(void)
{
        static char scratch[] = "/var/tmp/test-pull-plan.XXXXXX";
        AUTO_STORE struct store store = STORE_NONE;
        struct part mine = PART_NONE, other = PART_NONE;
        struct part_watch watch = { 0 };
        struct stat st;

        if (!mkdtemp(scratch) || store_open(scratch, STORE_MAKE, &store, NULL) < 0)
                exit(99);
        check(part_take(&store, ONES, 100, "here", &mine, NULL) == 1 && mine.have == 0,
              "a part is taken");
        check(part_take(&store, ONES, 100, "here", &other, NULL) == 0, "once");
        check(!part_is_stuck(&store, ONES, "here", &watch), "who has it is given time");
        watch.since -= PART_PATIENCE;
        check(part_is_stuck(&store, ONES, "here", &watch), "but not for ever");
        usleep(20000);
        part_touch(&mine);
        check(!part_is_stuck(&store, ONES, "here", &watch), "a sign of life is seen");
        watch.grown -= PART_SLOW;
        check(!part_is_stuck(&store, ONES, "here", &watch), "also of one that is slow");
        check(part_is_stuck(&store, ONES, "there", &watch),
              "but another server's slowness is not ours");
        if (ftruncate(mine.fd, PART_STEP) < 0)
                exit(99);
        check(!part_is_stuck(&store, ONES, "there", &watch), "where nothing grows");
        if (ftruncate(mine.fd, 0) < 0)
                exit(99);
        if (io_write_all(mine.fd, "12345", 5) < 0)
                exit(99);
        part_release(&store, &mine);
        check(!work_sweep(&store), "a sweep keeps it");
        check(part_take(&store, ONES, 100, "here", &other, NULL) == 1 && other.have == 5,
              "and the next one goes on with it");
        part_release(&store, &other);
        check(part_take(&store, ONES, 4, "here", &mine, NULL) == 1 && mine.have == 0,
              "one with too many bytes is made anew");
        part_release(&store, &mine);
        check(fstatat(store.tmp,
                      "1111111111111111111111111111111111111111111111111111111111111111.part", &st,
                      0) < 0,
              "an empty one does not stay");
        store_close(&store);
        io_remove_tree(AT_FDCWD, scratch, NULL);
}

int main(void)
{
        test_documents();
        test_plan();
        test_names();
        test_growth();
        test_parts();
        return tap_done();
}
