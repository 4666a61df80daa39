/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pull.h"

#include "../base/io.h"
#include "../registry/policy.h"
#include "digest.h"
#include "download.h"
#include "image.h"
#include "pull-plan.h"
#include "reference.h"
#include "store-change.h"

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

static bool pull_is_for_here(const struct pull *pull)
{
        struct platform host = platform_host();

        return platform_rank(&host, &pull->platform) != 0;
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
        top = pull_is_for_here(pull) ? 0 : last;
        pull_set_top(image, &chain.bytes[top], &chain.parsed[top]);
        for (size_t i = top + 1; i < chain.count; i++)
                load_image_add_document(image, chain.bytes[i].data, chain.bytes[i].length,
                                        chain.bytes[i].digest);
        strv_append(&image->names, pull->stored_name);
        return 0;
}

/* --- the act */

/* Was all of it here, under that name? Then nothing is written. */
static bool pull_is_current(struct pull *pull)
{
        const struct load_plan *plan = &pull->intake.plan;
        const struct load_image *image = plan->images;
        AUTO_FREE char *known = NULL;

        for (size_t i = 0; i < plan->layer_count; i++)
                if (plan->layers[i].unpacked)
                        return false;
        for (size_t i = 0; i < image->document_count; i++)
                if (!intake_has(&pull->intake, "blobs/sha256", image->documents[i].digest))
                        return false;
        known = pull_known_digest(pull);
        return intake_has(&pull->intake, "blobs/sha256", image->config_digest) &&
               intake_has(&pull->intake, "blobs/sha256", image->descriptor.digest) &&
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
static int pull_open(const struct pull_options *options, struct download *download,
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

static struct platform pull_platform(const struct pull_options *options)
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

static int pull_from(struct store *store, const char *name, const struct reference *reference,
                     const struct registries_endpoint *endpoint, const struct pull_options *options,
                     char **ret_id, struct error *err)
{
        CLEANUP(pull_end)
        struct pull pull = { .options = options,
                             .name = name,
                             .stored_name = pull_plan_name(reference),
                             .intake = INTAKE_NONE,
                             .platform = pull_platform(options) };

        pull.intake.cancel = options->cancel;
        pull.intake.threads = options->threads;
        pull.intake.store = store;
        pull.download = (struct download){ .intake = &pull.intake,
                                           .progress = options->progress,
                                           .name = name,
                                           .keep_blobs = options->keep_blobs,
                                           .config = PART_NONE,
                                           .caller = options };
        if (pull_open(options, &pull.download, endpoint, &pull.registry, err) < 0)
                return -1;
        pull.download.registry = pull.registry;
        return pull_run(&pull, store, endpoint, ret_id, err);
}

/* --- which server? */

/* Another server would not help. */
static bool pull_is_final(const struct error *err)
{
        static const int codes[] = { EINTR, ENOSPC, EDQUOT, EROFS, ENOEXEC, EPROTONOSUPPORT };

        for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
                if (err->code == codes[i])
                        return true;
        return false;
}

static void pull_join_error(struct error *all, const struct error *err)
{
        AUTO_FREE char *before = all->message ? str_dup(all->message) : NULL;

        if (before)
                error_set(all, err->code, "%s; %s", before, err->message);
        else
                error_set(all, err->code, "%s", err->message);
}

static int pull_full_name(struct store *store, const char *name, const struct pull_options *options,
                          char **ret_id, struct error *err)
{
        AUTO_REFERENCE struct reference reference = { 0 };
        AUTO_ENDPOINTS struct registries_endpoints endpoints = { 0 };
        AUTO_ERROR struct error all = { 0 };

        if (reference_parse(name, &reference, err) < 0 || policy_check("docker", name, err) < 0 ||
            registries_resolve(options->registries, &reference, &endpoints, err) < 0)
                return -1;
        for (size_t i = 0; i < endpoints.count; i++) {
                AUTO_ERROR struct error reason = { 0 };

                if (pull_from(store, name, &reference, endpoints.items + i, options, ret_id,
                              &reason) == 0)
                        return 0;
                pull_join_error(&all, &reason);
                if (pull_is_final(&reason))
                        break;
        }
        return error_set(err, all.code, "%s", all.message ? all.message : "no server to ask");
}

/* A short name may mean several; the first that is there is the image. */
static int pull_remote(struct store *store, const char *text, const struct pull_options *options,
                       char **ret_id, struct error *err)
{
        AUTO_REFERENCE struct reference reference = { 0 };
        AUTO_STRV struct strv names = { 0 };
        AUTO_FREE char *source = NULL;
        AUTO_ERROR struct error all = { 0 };

        if (reference_parse(text, &reference, err) < 0 ||
            registries_expand(options->registries, &reference, &names, &source, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count; i++) {
                AUTO_ERROR struct error reason = { 0 };

                if (pull_full_name(store, names.items[i], options, ret_id, &reason) == 0)
                        return 0;
                pull_join_error(&all, &reason);
                if (pull_is_final(&reason))
                        break;
        }
        error_set(err, all.code, "%s", all.message ? all.message : "no registry to search");
        return error_wrap(err, "cannot pull %s", text);
}

/* --- what is here */

static bool pull_layers_are_there(const struct image *image)
{
        for (size_t i = 0; i < image->layers.count; i++)
                if (access(image->layers.items[i], F_OK) < 0)
                        return false;
        return true;
}

/* The id of an image that is here, complete and for the wanted platform, or NULL. */
static char *pull_find_local(struct store *store, const char *text, const struct platform *wanted)
{
        AUTO_IMAGE struct image image = { 0 };
        AUTO_STORE_FOUND struct store_found found = { 0 };
        struct platform offered;

        if (store_look_up(store, text, &found, NULL) < 0 ||
            image_read(store, found.entry, &image, NULL, NULL) < 0)
                return NULL;
        offered = (struct platform){ image.config.os, image.config.architecture,
                                     image.config.variant };
        if (!platform_rank(wanted, &offered) || !pull_layers_are_there(&image))
                return NULL;
        return str_dup(image.id);
}

/* As it was written, then under the names that it may stand for. */
static void pull_list_names(const char *text, const struct registries *registries,
                            struct strv *names)
{
        AUTO_REFERENCE struct reference reference = { 0 };
        AUTO_FREE char *source = NULL;

        strv_append(names, text);
        if (reference_parse(text, &reference, NULL) == 0 && !reference.registry)
                registries_expand(registries, &reference, names, &source, NULL);
}

static int pull_local(struct store *store, const char *text, const struct pull_options *options,
                      char **ret_id, struct error *err)
{
        struct platform wanted = pull_platform(options);
        AUTO_STRV struct strv names = { 0 };

        pull_list_names(text, options->registries, &names);
        if (store_lock(store, STORE_SHARED, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count && !*ret_id; i++)
                *ret_id = pull_find_local(store, names.items[i], &wanted);
        store_unlock(store);
        return 0;
}

int pull_image(struct store *store, const char *text, const struct pull_options *options,
               char **ret_id, struct error *err)
{
        AUTO_ERROR struct error reason = { 0 };
        AUTO_FREE char *local = NULL;

        if (options->policy != PULL_ALWAYS && pull_local(store, text, options, &local, err) < 0)
                return -1;
        if (options->policy == PULL_NEVER && !local)
                return error_set(err, ENOENT, "image %s is not in the store", text);
        if (local && options->policy != PULL_NEWER) {
                *ret_id = steal_str(&local);
                return 0;
        }
        if (pull_remote(store, text, options, ret_id, &reason) == 0)
                return 0;
        if (!local || reason.code == EINTR)
                return error_set(err, reason.code, "%s", reason.message);
        if (options->notice)
                options->notice(options->context, reason.message);
        *ret_id = steal_str(&local);
        return 0;
}

/* --- the digest alone */

static int pull_digest_of(const char *name, const struct pull_options *options, char **ret_digest,
                          struct error *err)
{
        AUTO_REFERENCE struct reference reference = { 0 };
        AUTO_ENDPOINTS struct registries_endpoints endpoints = { 0 };
        AUTO_ERROR struct error all = { 0 };

        if (reference_parse(name, &reference, err) < 0 ||
            registries_resolve(options->registries, &reference, &endpoints, err) < 0)
                return -1;
        for (size_t i = 0; i < endpoints.count; i++) {
                const struct registries_endpoint *endpoint = endpoints.items + i;
                AUTO_REGISTRY struct registry *registry = NULL;
                AUTO_ERROR struct error reason = { 0 };

                if (pull_open(options, NULL, endpoint, &registry, &reason) == 0 &&
                    registry_head_manifest(registry,
                                           endpoint->digest ? endpoint->digest : endpoint->tag,
                                           ret_digest, &reason) == 0)
                        return 0;
                pull_join_error(&all, &reason);
                if (pull_is_final(&reason))
                        break;
        }
        return error_set(err, all.code, "%s", all.message ? all.message : "no server to ask");
}

int pull_ask_digest(const char *text, const struct pull_options *options, char **ret_digest,
                    struct error *err)
{
        AUTO_REFERENCE struct reference reference = { 0 };
        AUTO_STRV struct strv names = { 0 };
        AUTO_FREE char *source = NULL;
        AUTO_ERROR struct error reason = { 0 };

        if (reference_parse(text, &reference, err) < 0 ||
            registries_expand(options->registries, &reference, &names, &source, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count; i++) {
                error_clear(&reason);
                if (pull_digest_of(names.items[i], options, ret_digest, &reason) == 0)
                        return 0;
        }
        return error_set(err, reason.code, "cannot ask for %s: %s", text, reason.message);
}

/* --- all tags */

static int pull_tags_of(const char *name, const struct pull_options *options, struct strv *tags,
                        struct error *err)
{
        AUTO_REFERENCE struct reference reference = { 0 };
        AUTO_ENDPOINTS struct registries_endpoints endpoints = { 0 };
        AUTO_ERROR struct error all = { 0 };

        if (reference_parse(name, &reference, err) < 0 ||
            registries_resolve(options->registries, &reference, &endpoints, err) < 0)
                return -1;
        for (size_t i = 0; i < endpoints.count; i++) {
                AUTO_REGISTRY struct registry *registry = NULL;
                AUTO_ERROR struct error reason = { 0 };

                if (pull_open(options, NULL, endpoints.items + i, &registry, &reason) == 0 &&
                    registry_list_tags(registry, tags, &reason) == 0)
                        return 0;
                pull_join_error(&all, &reason);
        }
        return error_set(err, all.code, "%s", all.message ? all.message : "no server to ask");
}

int pull_list_tags(const char *text, const struct pull_options *options, struct strv *names,
                   struct error *err)
{
        AUTO_REFERENCE struct reference reference = { 0 };
        AUTO_STRV struct strv full = { 0 };
        AUTO_STRV struct strv tags = { 0 };
        AUTO_FREE char *source = NULL;

        if (reference_parse(text, &reference, err) < 0)
                return -1;
        if (reference.tag || reference.digest)
                return error_set(err, EINVAL, "%s: all tags are wanted, and one is given", text);
        if (registries_expand(options->registries, &reference, &full, &source, err) < 0 ||
            pull_tags_of(full.items[0], options, &tags, err) < 0)
                return error_wrap(err, "cannot list the tags of %s", text);
        reference_free(&reference);
        if (reference_parse(full.items[0], &reference, err) < 0)
                return -1;
        for (size_t i = 0; i < tags.count; i++) {
                str_replace(&reference.tag, tags.items[i]);
                strv_append_owned(names, reference_name(&reference, "docker.io"));
        }
        return 0;
}
