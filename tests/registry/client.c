/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * client [OPTION]... ACTION HOST REPOSITORY [ARGUMENT]...: what registry.h offers, for the tests to
 * drive. Prints what it got; an error is printed as "error CODE: MESSAGE", and the status is 1.
 *
 *     manifest REFERENCE         its digest, type and length; with --output the bytes
 *     head REFERENCE             its digest
 *     data DIGEST SIZE           a small blob, to standard output
 *     fetch DIGEST,SIZE,FILE...  blobs into files, going on behind what is in them
 *     image REFERENCE DIRECTORY  all blobs of a manifest, as files named by their digests
 *     upload DIGEST,FILE[,FROM]...   blobs, mounted from the repository FROM where possible
 *     has DIGEST, mount DIGEST FROM, put REFERENCE TYPE FILE, tags, ping
 */
#include "../../src/base/io.h"
#include "../../src/base/json.h"
#include "../../src/base/option.h"
#include "../../src/image/manifest.h"
#include "../../src/registry/registry.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>

struct client {
        char *authfile, *creds, *cert_dir, *output; /* owned */
        char *retries, *parallel, *stall, *delay;   /* owned */
        bool insecure, push, events, quiet;
        struct registry *registry;
        int argc;
        char **argv;
};

static const struct option_row options[] = {
        { "authfile", 0, OPTION_VALUE, "FILE", "", option_take_string,
          offsetof(struct client, authfile) },
        { "creds", 0, OPTION_VALUE, "USER:PASSWORD", "", option_take_string,
          offsetof(struct client, creds) },
        { "cert-dir", 0, OPTION_VALUE, "DIR", "", option_take_string,
          offsetof(struct client, cert_dir) },
        { "output", 0, OPTION_VALUE, "FILE", "", option_take_string,
          offsetof(struct client, output) },
        { "retries", 0, OPTION_VALUE, "N", "", option_take_string,
          offsetof(struct client, retries) },
        { "delay", 0, OPTION_VALUE, "N", "", option_take_string, offsetof(struct client, delay) },
        { "parallel", 0, OPTION_VALUE, "N", "", option_take_string,
          offsetof(struct client, parallel) },
        { "stall", 0, OPTION_VALUE, "SECONDS", "", option_take_string,
          offsetof(struct client, stall) },
        { "insecure", 0, OPTION_FLAG, NULL, "", option_take_bool,
          offsetof(struct client, insecure) },
        { "push", 0, OPTION_FLAG, NULL, "", option_take_bool, offsetof(struct client, push) },
        { "events", 0, OPTION_FLAG, NULL, "", option_take_bool, offsetof(struct client, events) },
        { "quiet", 0, OPTION_FLAG, NULL, "", option_take_bool, offsetof(struct client, quiet) },
        { .name = NULL },
};

static volatile sig_atomic_t stopped;

static void client_stop(int number)
{
        stopped = number;
}

static void client_free(struct client *client)
{
        registry_close(&client->registry);
        free(client->authfile);
        free(client->creds);
        free(client->cert_dir);
        free(client->output);
        free(client->retries);
        free(client->parallel);
        free(client->stall);
        free(client->delay);
}

static void client_notice(void *context, const char *message)
{
        const struct client *client = context;

        if (!client->quiet)
                printf("notice: %s\n", message);
}

static void client_done(void *context, struct registry_blob *blob)
{
        const struct client *client = context;

        if (client->events)
                printf("done %s %llu%s\n", blob->digest, (unsigned long long)blob->offset,
                       blob->uploaded ? " uploaded" : "");
}

static void client_grown(void *context, struct registry_blob *blob, uint64_t bytes)
{
        uint64_t *total = blob->user;

        (void)context;
        if (total)
                *total += bytes;
}

static struct registry_events client_events(struct client *client)
{
        return (struct registry_events){ .grown = client_grown,
                                         .done = client_done,
                                         .context = client };
}

/* --- actions */

static int do_manifest(struct client *client, struct error *err)
{
        AUTO_REGISTRY_MANIFEST struct registry_manifest manifest = { 0 };

        if (registry_fetch_manifest(client->registry, client->argv[0], &manifest, err) < 0)
                return -1;
        printf("%s %s %zu\n", manifest.digest, manifest.media_type ? manifest.media_type : "-",
               manifest.length);
        return client->output ? io_write_file(AT_FDCWD, client->output, manifest.data,
                                              manifest.length, 0644, IO_NO_SYNC, err)
                              : 0;
}

static int do_head(struct client *client, struct error *err)
{
        AUTO_FREE char *digest = NULL;

        if (registry_head_manifest(client->registry, client->argv[0], &digest, err) < 0)
                return -1;
        printf("%s\n", digest);
        return 0;
}

static int do_data(struct client *client, struct error *err)
{
        AUTO_FREE char *data = NULL;
        uint64_t size = strtoull(client->argv[1], NULL, 10);

        if (registry_fetch_data(client->registry, client->argv[0], size, 1 << 20, &data, err) < 0)
                return -1;
        fwrite(data, 1, size, stdout);
        return 0;
}

static int open_blob(const char *path, struct registry_blob *blob, struct error *err)
{
        struct stat st;

        blob->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        if (blob->fd < 0 || fstat(blob->fd, &st) < 0)
                return error_errno(err, errno, "%s", path);
        blob->offset = (uint64_t)st.st_size;
        return 0;
}

static int do_fetch(struct client *client, struct error *err)
{
        struct registry_events events = client_events(client);
        AUTO_FREE struct registry_blob *blobs = alloc_zero((size_t)client->argc + 1, sizeof *blobs);
        uint64_t total = 0;
        int result;

        for (int i = 0; i < client->argc; i++) {
                char *size = strchr(client->argv[i], ',');
                char *file = strchr(size + 1, ',');

                *size = *file = '\0';
                blobs[i].digest = client->argv[i];
                blobs[i].size = strtoull(size + 1, NULL, 10);
                blobs[i].user = &total;
                if (open_blob(file + 1, &blobs[i], err) < 0)
                        return -1;
        }
        result = registry_fetch_blobs(client->registry, blobs, (size_t)client->argc, &events, err);
        printf("grown %llu\n", (unsigned long long)total);
        for (int i = 0; i < client->argc; i++)
                close(blobs[i].fd);
        return result;
}

/* All at once, as a pull does it. */
static int do_image(struct client *client, struct error *err)
{
        struct registry_events events = client_events(client);
        AUTO_REGISTRY_MANIFEST struct registry_manifest raw = { 0 };
        AUTO_MANIFEST struct manifest manifest = { 0 };
        AUTO_JSON struct json_object *document = NULL;
        AUTO_FREE struct registry_blob *blobs = NULL;
        int result = 0;

        if (registry_fetch_manifest(client->registry, client->argv[0], &raw, err) < 0 ||
            json_parse(raw.data, raw.length, "manifest", &document, err) < 0 ||
            manifest_parse(document, "manifest", &manifest, err) < 0)
                return -1;
        blobs = alloc_zero(manifest.layer_count + 1, sizeof *blobs);
        for (size_t i = 0; i < manifest.layer_count && result == 0; i++) {
                AUTO_FREE char *path = str_concat(client->argv[1], "/", manifest.layers[i].digest);

                blobs[i].digest = manifest.layers[i].digest;
                blobs[i].size = manifest.layers[i].size;
                result = open_blob(path, &blobs[i], err);
        }
        if (result == 0)
                result = registry_fetch_blobs(client->registry, blobs, manifest.layer_count,
                                              &events, err);
        for (size_t i = 0; i < manifest.layer_count; i++)
                close(blobs[i].fd);
        return result;
}

static int do_upload(struct client *client, struct error *err)
{
        struct registry_events events = client_events(client);
        AUTO_FREE struct registry_blob *blobs = alloc_zero((size_t)client->argc + 1, sizeof *blobs);
        int result;

        for (int i = 0; i < client->argc; i++) {
                char *file = strchr(client->argv[i], ',');
                char *from = strchr(file + 1, ',');

                *file = '\0';
                if (from)
                        *from = '\0';
                blobs[i].digest = client->argv[i];
                blobs[i].mount_from = from ? from + 1 : NULL;
                if (open_blob(file + 1, &blobs[i], err) < 0)
                        return -1;
                blobs[i].size = blobs[i].offset;
                blobs[i].offset = 0;
        }
        result = registry_upload_blobs(client->registry, blobs, (size_t)client->argc, &events, err);
        for (int i = 0; i < client->argc; i++)
                close(blobs[i].fd);
        return result;
}

static int say(const char *what, int result)
{
        if (result >= 0)
                printf("%s %s\n", what, result ? "yes" : "no");
        return result;
}

static int do_has(struct client *client, struct error *err)
{
        return say("has", registry_has_blob(client->registry, client->argv[0], err));
}

static int do_mount(struct client *client, struct error *err)
{
        return say("mounted",
                   registry_mount_blob(client->registry, client->argv[0], client->argv[1], err));
}

static int do_put(struct client *client, struct error *err)
{
        AUTO_FREE char *data = NULL;
        size_t length;

        if (io_read_file(AT_FDCWD, client->argv[2], 1 << 22, &data, &length, err) < 0)
                return -1;
        return registry_put_manifest(client->registry, client->argv[0], client->argv[1], data,
                                     length, err);
}

static int do_tags(struct client *client, struct error *err)
{
        AUTO_STRV struct strv tags = { 0 };

        if (registry_list_tags(client->registry, &tags, err) < 0)
                return -1;
        for (size_t i = 0; i < tags.count; i++)
                printf("%s\n", tags.items[i]);
        return 0;
}

static int do_ping(struct client *client, struct error *err)
{
        return registry_ping(client->registry, err);
}

static const struct action {
        const char *name;
        int arguments; /* at least */
        int (*run)(struct client *client, struct error *err);
} actions[] = {
        { "manifest", 1, do_manifest }, { "head", 1, do_head },   { "data", 2, do_data },
        { "fetch", 1, do_fetch },       { "image", 2, do_image }, { "upload", 1, do_upload },
        { "has", 1, do_has },           { "mount", 2, do_mount }, { "put", 3, do_put },
        { "tags", 0, do_tags },         { "ping", 0, do_ping },
};

/* --- main */

static int number(const char *text)
{
        return text ? (int)strtol(text, NULL, 10) : 0;
}

static int client_run(struct client *client, const struct action *action, char **argv,
                      struct error *err)
{
        struct registry_options registry_options = {
                .authfile = client->authfile,
                .credentials = client->creds,
                .cert_dir = client->cert_dir,
                .parallel = (unsigned)number(client->parallel),
                .retries = number(client->retries),
                .retry_delay_ms = number(client->delay) * 1000,
                .stall_timeout = (unsigned)number(client->stall),
                .cancel = &stopped,
                .notice = client_notice,
                .context = client,
        };
        struct registry_endpoint endpoint = { argv[1], argv[2], client->insecure };

        if (str_equal(endpoint.repository, "-"))
                endpoint.repository = NULL;
        if (registry_open(&registry_options, &endpoint,
                          client->push ? REGISTRY_PUSH : REGISTRY_PULL, &client->registry, err) < 0)
                return -1;
        return action->run(client, err);
}

int main(int argc, char **argv)
{
        CLEANUP(client_free) struct client client = { 0 };
        AUTO_ERROR struct error err = { 0 };
        int first = 0;
        int result;

        signal(SIGPIPE, SIG_IGN);
        signal(SIGTERM, client_stop);
        setvbuf(stdout, NULL, _IOLBF, 0);
        if (option_parse(options, true, argc, argv, &client, &first, &err) < 0) {
                fprintf(stderr, "%s\n", err.message);
                return 2;
        }
        client.argc = argc - first - 3;
        client.argv = argv + first + 3;
        for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
                if (first >= argc || !str_equal(argv[first], actions[i].name) ||
                    client.argc < actions[i].arguments)
                        continue;
                result = client_run(&client, &actions[i], argv + first, &err);
                if (result < 0)
                        printf("error %s: %s\n", err.code ? strerrorname_np(err.code) : "0",
                               err.message);
                return result < 0;
        }
        fprintf(stderr, "client: no such action, or too few arguments\n");
        return 2;
}
