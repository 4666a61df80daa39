/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Documents that come from outside, and the choice of a platform. */
#include "../../src/image/image.h"
#include "../../src/image/manifest.h"
#include "../tap.h"

#include <errno.h>

#define D1 "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define D2 "sha256:2222222222222222222222222222222222222222222222222222222222222222"
#define D3 "sha256:3333333333333333333333333333333333333333333333333333333333333333"
#define D4 "sha256:4444444444444444444444444444444444444444444444444444444444444444"

static int parse(const char *text, struct manifest *ret, struct error *err)
{
        AUTO_JSON struct json_object *document = NULL;

        if (json_parse(text, strlen(text), "doc", &document, err) < 0)
                return -1;
        return manifest_parse(document, "doc", ret, err);
}

static void refuse(const char *text, const char *message)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_MANIFEST struct manifest manifest = { 0 };

        check(parse(text, &manifest, &err) < 0, text);
        check_str(err.message, message, "says why");
}

static void test_manifest(void)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_MANIFEST struct manifest manifest = { 0 };

        check(parse("{\"schemaVersion\":2,\"config\":{\"mediaType\":\"x\",\"digest\":\"" D1
                    "\",\"size\":5},\"layers\":[{\"digest\":\"" D2 "\",\"size\":18446744}]}",
                    &manifest, &err) == 0,
              "a manifest");
        check(!manifest.is_index && manifest.layer_count == 1 &&
                      manifest.layers[0].size == 18446744,
              "with a layer");
        check_str(manifest.config.digest, D1, "and a configuration");
        refuse("[]", "doc: an object was expected around \"manifests\"");
        refuse("{}", "doc: is neither an index nor a manifest of schema version 2");
        refuse("{\"schemaVersion\":1,\"fsLayers\":[]}",
               "doc: is neither an index nor a manifest of schema version 2");
        refuse("{\"manifests\":[],\"layers\":[]}", "doc: is an index and a manifest at once");
        refuse("{\"config\":{\"digest\":\"" D1 "\",\"size\":1},\"layers\":[{\"digest\":\"../../x\","
               "\"size\":1}]}",
               "doc: layers[0]: digest '../../x' is not sha256: and 64 digits");
        refuse("{\"config\":{\"digest\":\"" D1 "\",\"size\":-1},\"layers\":[]}",
               "doc: config: " D1 " has no size");
        refuse("{\"config\":{\"digest\":7,\"size\":1},\"layers\":[]}",
               "doc: config: \"digest\" is not of type string");
        refuse("{\"manifests\":[5]}",
               "doc: manifests[0]: an object was expected around \"mediaType\"");
}

static void test_many_layers(void)
{
        AUTO_STRBUF struct strbuf text = { 0 };

        strbuf_append(&text, "{\"config\":{\"digest\":\"" D1 "\",\"size\":1},\"layers\":[");
        for (int i = 0; i < 501; i++)
                strbuf_appendf(&text, "%s{\"digest\":\"" D2 "\",\"size\":1}", i ? "," : "");
        strbuf_append(&text, "]}");
        refuse(text.data, "doc: 501 layers, at most 499 are possible");
}

static void expect_choice(const char *architecture, const char *variant, const char *digest)
{
        static const char index[] =
                "{\"manifests\":["
                "{\"digest\":\"" D1 "\",\"size\":1,\"platform\":{\"os\":\"unknown\","
                "\"architecture\":\"unknown\"},\"annotations\":{\"vnd.docker.reference.type\":"
                "\"attestation-manifest\"}},"
                "{\"digest\":\"" D2 "\",\"size\":1,\"platform\":{\"os\":\"linux\","
                "\"architecture\":\"arm\",\"variant\":\"v6\"}},"
                "{\"digest\":\"" D3 "\",\"size\":1,\"platform\":{\"os\":\"linux\","
                "\"architecture\":\"arm\",\"variant\":\"v7\"}},"
                "{\"digest\":\"" D4 "\",\"size\":1,\"platform\":{\"os\":\"linux\","
                "\"architecture\":\"386\"}}]}";
        struct platform host = { .os = "linux", .architecture = architecture, .variant = variant };
        AUTO_ERROR struct error err = { 0 };
        AUTO_MANIFEST struct manifest manifest = { 0 };
        const struct descriptor *chosen = NULL;

        if (parse(index, &manifest, &err) < 0)
                exit(99);
        manifest_choose(&manifest, &host, "web", &chosen, &err);
        check_str(chosen ? chosen->digest : NULL, digest, architecture);
        if (!digest)
                check_str(err.message,
                          "web has nothing for linux/s390x, only for linux/arm/v6, "
                          "linux/arm/v7, linux/386",
                          "says what there is");
}

static void test_ranks(void)
{
        const struct platform amd64 = { "linux", "amd64", "v2" };

        check(platform_rank(&amd64, &(struct platform){ "linux", "amd64", "v3" }) == 0,
              "a newer processor's program does not run");
        check(platform_rank(&amd64, &(struct platform){ "linux", "amd64", "v2" }) >
                      platform_rank(&amd64, &(struct platform){ "linux", "amd64", NULL }),
              "the nearer variant is better");
        check(platform_rank(&amd64, &(struct platform){ "windows", "amd64", NULL }) == 0,
              "another system");
        check(platform_rank(&amd64, &(struct platform){ NULL, NULL, NULL }) > 0,
              "what says nothing suits");
}

static void test_config(void)
{
        static const char text[] =
                "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Cmd\":[\"a\",\"b\"],"
                "\"Entrypoint\":null,\"Env\":[\"A=1\"],\"User\":\"www:www\",\"WorkingDir\":\"/w\","
                "\"StopSignal\":\"SIGQUIT\",\"Volumes\":{\"/data\":{}},\"ExposedPorts\":{\"80/tcp\""
                ":{}},\"Labels\":{\"k\":\"v=1\"},\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"]}},"
                "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" D1 "\"]}}";
        AUTO_JSON struct json_object *document = NULL;
        AUTO_IMAGE_CONFIG struct image_config config = { 0 };
        AUTO_ERROR struct error err = { 0 };

        if (json_parse(text, strlen(text), "c", &document, &err) < 0)
                exit(99);
        check(image_config_parse(document, "c", &config, &err) == 0, "a configuration");
        check(config.cmd.count == 2 && !config.entrypoint.count && config.env.count == 1, "lists");
        check_str(config.user, "www:www", "user");
        check_str(config.workdir, "/w", "directory");
        check_str(config.stop_signal, "SIGQUIT", "signal");
        check_str(config.volumes.items[0], "/data", "volumes are keys");
        check_str(config.exposed_ports.items[0], "80/tcp", "ports, too");
        check_str(config.labels.items[0], "k=v=1", "labels are pairs");
        check_str(config.healthcheck, "{\"Test\":[\"CMD\",\"x\"]}", "the health check is kept");
        check_str(config.diff_ids.items[0], D1, "layers");
}

static void refuse_config(const char *text, const char *message)
{
        AUTO_JSON struct json_object *document = NULL;
        AUTO_IMAGE_CONFIG struct image_config config = { 0 };
        AUTO_ERROR struct error err = { 0 };

        if (json_parse(text, strlen(text), "c", &document, &err) < 0)
                exit(99);
        check(image_config_parse(document, "c", &config, &err) < 0, text);
        check_str(err.message, message, "says why");
}

int main(void)
{
        test_manifest();
        test_many_layers();
        expect_choice("arm", "v7", D3);
        expect_choice("arm", "v6", D2);
        expect_choice("arm64", "v8", D3);
        expect_choice("amd64", NULL, D4);
        expect_choice("s390x", NULL, NULL);
        test_ranks();
        test_config();
        refuse_config("{}", "c: has no rootfs: not an image's configuration");
        refuse_config("{\"rootfs\":{\"diff_ids\":[\"../x\"]}}",
                      "c: diff_ids[0] is not sha256: and 64 digits");
        refuse_config("{\"rootfs\":{\"type\":\"disk\"}}",
                      "c: rootfs is of type 'disk', not layers");
        refuse_config("{\"rootfs\":{},\"config\":{\"Cmd\":\"sh\"}}",
                      "c: \"Cmd\" is not of type array");
        refuse_config("{\"rootfs\":{},\"config\":{\"Labels\":{\"a\":1}}}",
                      "c: Labels: \"a\" is not of type string");
        return tap_done();
}
