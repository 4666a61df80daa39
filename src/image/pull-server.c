/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pull-server.h"

#include "../base/io.h"
#include "digest.h"
#include "download.h"
#include "pull-plan.h"

#include <errno.h>

/* A pull of one image from one server. */
struct pull {
        const struct pull_options *options; /* borrowed */
        const char *name;                   /* borrowed; the full name, for messages */
        char *stored_name;                  /* owned; what index.json calls it */
        struct intake intake;
        struct download download;
        struct registry *registry; /* owned */
        struct platform platform;
};

static void pull_end(struct pull *pull)
{
        if (pull->download.intake)
                download_end(&pull->download);
        registry_close(&pull->registry);
        intake_end(&pull->intake);
        free(pull->stored_name);
}

/* --- documents */

/* One that the store has, whole. */
static bool pull_read_stored(const struct pull *pull, const char *digest,
                             struct registry_manifest *ret)
{
        AUTO_FREE char *path = str_format("blobs/sha256/%s", digest_hex(digest));
        AUTO_FREE char *data = NULL;
        AUTO_FREE char *found = NULL;
        size_t length;

        if (io_read_file(pull->intake.store->fd, path, MANIFEST_MAX_SIZE, &data, &length, NULL) < 0)
                return false;
        found = digest_of(data, length);
        if (!str_equal(found, digest))
                return false;
        *ret = (struct registry_manifest){ .data = steal_str(&data),
                                           .length = length,
                                           .digest = steal_str(&found) };
        return true;
}

/* The digest that index.json has for our name, or NULL. */
static char *pull_known_digest(struct pull *pull)
{
        struct store *store = pull->intake.store;
        struct store_entry *entries;
        char *digest = NULL;
        size_t count;

        if (store_lock(store, STORE_SHARED, NULL) < 0)
                return NULL;
        if (store_list(store, &entries, &count, NULL) == 0) {
                for (size_t i = 0; i < count && !digest; i++)
                        if (str_equal(entries[i].name, pull->stored_name))
                                digest = str_dup(entries[i].descriptor.digest);
                store_list_free(entries, count);
        }
        store_unlock(store);
        return digest;
}

/* Of a name that we have, the digest alone is asked for: registries count that less. */
static int pull_read_first(struct pull *pull, const struct registries_endpoint *endpoint,
                           struct registry_manifest *ret, struct error *err)
{
        AUTO_FREE char *known = endpoint->digest ? NULL : pull_known_digest(pull);
        AUTO_FREE char *current = NULL;

        if (endpoint->digest && pull_read_stored(pull, endpoint->digest, ret))
                return 0;
        if (known) {
                if (registry_head_manifest(pull->registry, endpoint->tag, &current, err) < 0)
                        return -1;
                if (str_equal(known, current) && pull_read_stored(pull, current, ret))
                        return 0;
        }
        return registry_fetch_manifest(
                pull->registry, endpoint->digest ? endpoint->digest : endpoint->tag, ret, err);
}

static int pull_read_child(struct pull *pull, const struct descriptor *child,
                           struct registry_manifest *ret, struct error *err)
{
        if (pull_read_stored(pull, child->digest, ret))
                return 0;
        if (registry_fetch_manifest(pull->registry, child->digest, ret, err) < 0)
                return -1;
        if (ret->length != child->size) {
                registry_manifest_free(ret);
                return error_set(err, EBADMSG, "%s: %s has not the %llu bytes that the index says",
                                 pull->name, child->digest, (unsigned long long)child->size);
        }
        return 0;
}

static int pull_parse(struct pull *pull, const struct registry_manifest *bytes,
                      struct manifest *ret, const struct descriptor **ret_child, struct error *err)
{
        const struct pull_document document = { bytes->data, bytes->length, bytes->media_type,
                                                bytes->digest };

        return pull_plan_read(&document, &pull->platform, pull->name, ret, ret_child, err);
}

/* --- the configuration */

static int pull_fetch_config(struct pull *pull, const struct descriptor *config, char **ret_data,
                             struct error *err)
{
        AUTO_FREE char *path = str_format("blobs/sha256/%s", digest_hex(config->digest));
        AUTO_FREE char *data = NULL;
        AUTO_FREE char *found = NULL;
        size_t length = 0;
        int mine = download_hold_config(&pull->download, config->digest, config->size, err);

        if (mine < 0)
                return -1;
        if (!mine &&
            io_read_file(pull->intake.store->fd, path, CONFIG_MAX_SIZE, &data, &length, NULL) == 0)
                found = digest_of(data, length);
        if (str_equal(found, config->digest)) {
                *ret_data = steal_str(&data);
                return 0;
        }
        return registry_fetch_data(pull->registry, config->digest, config->size, CONFIG_MAX_SIZE,
                                   ret_data, err);
}

static int pull_plan_config(struct pull *pull, const struct manifest *manifest,
                            struct load_image **ret, struct error *err)
{
        const struct descriptor *config = &manifest->config;
        AUTO_FREE char *data = NULL;
        struct pull_document document = { .length = config->size, .digest = config->digest };

        if (pull_fetch_config(pull, config, &data, err) < 0)
                return -1;
        document.data = data;
        return pull_plan_add(&pull->intake.plan, manifest, &document, &pull->platform, pull->name,
                             ret, err);
}

/* --- the plan */

/* What index.json is to lead to: the first document, or the image's own where that suits another
 * machine. */
static void pull_set_top(struct load_image *image, const struct registry_manifest *bytes,
                         const struct manifest *manifest)
{
        const struct pull_document document = { bytes->data, bytes->length, bytes->media_type,
                                                bytes->digest };

        image->manifest = alloc_zero(bytes->length + 1, 1);
        memcpy(image->manifest, bytes->data, bytes->length);
        image->manifest_length = bytes->length;
        image->descriptor.digest = str_dup(bytes->digest);
        image->descriptor.size = bytes->length;
        image->descriptor.media_type = pull_plan_type(&document, manifest);
}

struct pull_chain {
        struct registry_manifest bytes[PULL_MAX_NESTING + 1];
        struct manifest parsed[PULL_MAX_NESTING + 1];
        size_t count;
};

static void pull_chain_free(struct pull_chain *chain)
{
        for (size_t i = 0; i < chain->count; i++) {
                registry_manifest_free(&chain->bytes[i]);
                manifest_free(&chain->parsed[i]);
        }
}

/* Does the first document lead this machine to the same image? */
static bool pull_is_for_here(const struct pull_chain *chain)
{
        struct platform host = platform_host();

        for (size_t i = 0; i + 1 < chain->count; i++) {
                const struct descriptor *child = NULL;

                if (manifest_choose(chain->parsed + i, &host, chain->bytes[i].digest, &child,
                                    NULL) < 0 ||
                    !str_equal(child->digest, chain->bytes[i + 1].digest))
                        return false;
        }
        return true;
}

/* From the name to the image's manifest, which is the last. */
static int pull_follow(struct pull *pull, const struct registries_endpoint *endpoint,
                       struct pull_chain *chain, struct error *err)
{
        const struct descriptor *child = NULL;

        do {
                struct registry_manifest *bytes = chain->bytes + chain->count;

                if (chain->count > PULL_MAX_NESTING)
                        return error_set(err, EBADMSG, "%s: indexes nested too deep", pull->name);
                if ((chain->count ? pull_read_child(pull, child, bytes, err)
                                  : pull_read_first(pull, endpoint, bytes, err)) < 0)
                        return -1;
                chain->parsed[chain->count++] = (struct manifest){ 0 };
                if (pull_parse(pull, bytes, chain->parsed + chain->count - 1, &child, err) < 0)
                        return -1;
        } while (child);
        return 0;
}

static int pull_plan_image(struct pull *pull, const struct registries_endpoint *endpoint,
                           struct error *err)
{
        CLEANUP(pull_chain_free) struct pull_chain chain = { 0 };
        struct load_image *image;
        size_t top, last;

        if (pull_follow(pull, endpoint, &chain, err) < 0)
                return -1;
        last = chain.count - 1;
        if (pull_plan_config(pull, &chain.parsed[last], &image, err) < 0)
                return -1;
        top = pull_is_for_here(&chain) ? 0 : last;
        pull_set_top(image, &chain.bytes[top], &chain.parsed[top]);
        for (size_t i = top + 1; i < chain.count; i++)
                load_image_add_document(image, chain.bytes[i].data, chain.bytes[i].length,
                                        chain.bytes[i].digest);
        strv_append(&image->names, pull->stored_name);
        return 0;
}

/* --- the act */

/* As it was written: one that is damaged is written again. */
static bool pull_has_document(const struct pull *pull, const char *digest)
{
        struct registry_manifest document = { 0 };
        bool has = pull_read_stored(pull, digest, &document);

        registry_manifest_free(&document);
        return has;
}

/* Was all of it here, under that name? Then nothing is written. */
static bool pull_is_current(struct pull *pull)
{
        const struct load_plan *plan = &pull->intake.plan;
        const struct load_image *image = plan->images;
        AUTO_FREE char *known = NULL;

        for (size_t i = 0; i < plan->layer_count; i++)
                if (plan->layers[i].unpacked || plan->layers[i].linked)
                        return false;
        for (size_t i = 0; i < image->document_count; i++)
                if (!pull_has_document(pull, image->documents[i].digest))
                        return false;
        known = pull_known_digest(pull);
        return pull_has_document(pull, image->config_digest) &&
               pull_has_document(pull, image->descriptor.digest) &&
               str_equal(known, image->descriptor.digest);
}

static int pull_run(struct pull *pull, struct store *store,
                    const struct registries_endpoint *endpoint, char **ret_id, struct error *err)
{
        AUTO_STRV struct strv names = { 0 };

        if (intake_begin(&pull->intake, store, "pull", err) < 0 ||
            pull_plan_image(pull, endpoint, err) < 0 || download_layers(&pull->download, err) < 0)
                return -1;
        if (!pull_is_current(pull) && intake_commit(&pull->intake, &names, err) < 0)
                return -1;
        pull->download.committed = true;
        *ret_id = str_dup(digest_hex(pull->intake.plan.images->config_digest));
        return 0;
}

static void pull_notice(void *context, const char *message)
{
        const struct download *download = context;
        const struct pull_options *options = download->caller;

        if (options->notice)
                options->notice(options->context, message);
}

/* --creds belongs to the registry that was named, not to a mirror of it. */
int pull_server_open(const struct pull_options *options, struct download *download,
                     const struct registries_endpoint *from, struct registry **ret,
                     struct error *err)
{
        struct registry_options network = options->network;
        struct registry_endpoint endpoint = { from->host, from->repository, from->insecure };

        network.cancel = options->cancel;
        network.poll = download ? download_poll : NULL;
        network.notice = download ? pull_notice : NULL;
        network.context = download;
        if (from->foreign)
                network.credentials = NULL;
        if (options->tls_verify >= 0)
                endpoint.insecure = !options->tls_verify;
        return registry_open(&network, &endpoint, REGISTRY_PULL, ret, err);
}

struct platform pull_platform(const struct pull_options *options)
{
        struct platform host = platform_host();
        struct platform wanted = options->platform;

        if (!wanted.os && !wanted.architecture && !wanted.variant)
                return host;
        if (!wanted.os)
                wanted.os = host.os;
        if (!wanted.architecture)
                wanted.architecture = host.architecture;
        if (!wanted.variant && str_equal(wanted.architecture, host.architecture))
                wanted.variant = host.variant;
        return wanted;
}

int pull_server_fetch(struct store *store, const char *name, const struct reference *reference,
                      const struct registries_endpoint *endpoint,
                      const struct pull_options *options, char **ret_id, struct error *err)
{
        CLEANUP(pull_end)
        struct pull pull = { .options = options,
                             .name = name,
                             .stored_name = pull_plan_name(reference),
                             .intake = INTAKE_NONE,
                             .platform = pull_platform(options) };
        AUTO_ERROR struct error reason = { 0 };

        pull.intake.cancel = options->cancel;
        pull.intake.threads = options->threads;
        pull.intake.store = store;
        pull.download = (struct download){ .intake = &pull.intake,
                                           .progress = options->progress,
                                           .name = name,
                                           .from = endpoint->host,
                                           .nearby = options->nearby,
                                           .keep_blobs = options->keep_blobs,
                                           .config = PART_NONE,
                                           .caller = options };
        if (pull_server_open(options, &pull.download, endpoint, &pull.registry, err) < 0)
                return -1;
        pull.download.registry = pull.registry;
        if (pull_run(&pull, store, endpoint, ret_id, &reason) == 0)
                return 0;
        pull.download.full = reason.code == ENOSPC || reason.code == EDQUOT;
        return error_set(err, reason.code, "%s", reason.message);
}

/* --- more than one */

/* Another server would not help. */
bool pull_server_is_last(const struct error *err)
{
        static const int codes[] = { EINTR, ENOSPC, EDQUOT, EROFS, ENOEXEC, EPROTONOSUPPORT };

        for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
                if (err->code == codes[i])
                        return true;
        return false;
}

void pull_server_add_error(struct error *all, const struct error *err)
{
        AUTO_FREE char *before = all->message ? str_dup(all->message) : NULL;

        if (before)
                error_set(all, err->code, "%s; %s", before, err->message);
        else
                error_set(all, err->code, "%s", err->message);
}
