/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pull.h"

#include "../registry/policy.h"
#include "image.h"
#include "pull-carried.h"
#include "pull-name.h"
#include "pull-server.h"
#include "reference.h"

#include <errno.h>

/* --- which server? */

struct pull_one {
        struct store *store;                /* borrowed */
        const char *name;                   /* borrowed; the full one */
        const char *digest;                 /* borrowed; or NULL */
        const struct pull_options *options; /* borrowed */
        struct reference reference;
        char **ret_id;
};

/* A pull_ask. */
static int pull_from_server(void *context, const struct registries_endpoint *endpoint,
                            struct error *err)
{
        const struct pull_one *one = context;
        struct registries_endpoint server = *endpoint;
        AUTO_FREE char *digest = one->digest ? str_dup(one->digest) : NULL;

        if (digest)
                server.digest = digest;
        return pull_server_fetch(one->store, one->name, &one->reference, &server, one->options,
                                 one->ret_id, err);
}

/* With a digest, what has that is fetched for the name, whatever it leads to now. */
static int pull_full_name(struct store *store, const char *name, const char *digest_or_null,
                          const struct pull_options *options, char **ret_id, struct error *err)
{
        struct pull_one one = { .store = store,
                                .name = name,
                                .digest = digest_or_null,
                                .options = options,
                                .ret_id = ret_id };
        int result;

        if (reference_parse(name, &one.reference, err) < 0)
                return -1;
        result = policy_check("docker", name, err);
        if (result == 0)
                result = pull_ask_servers(name, options, pull_from_server, &one, err);
        reference_free(&one.reference);
        return result;
}

/* A short name may mean several; the first that is there is the image. */
static int pull_remote(struct store *store, const char *text, const struct pull_options *options,
                       char **ret_id, struct error *err)
{
        AUTO_PULL_NAMES struct pull_names names = { 0 };
        AUTO_ERROR struct error all = { 0 };

        if (pull_names_expand(text, options, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.names.count; i++) {
                AUTO_ERROR struct error reason = { 0 };

                if (pull_full_name(store, names.names.items[i], NULL, options, ret_id, &reason) ==
                    0) {
                        pull_names_note(&names, options);
                        return 0;
                }
                pull_server_add_error(&all, &reason);
                if (pull_server_is_last(&reason))
                        break;
        }
        error_set(err, all.code, "%s", all.message ? all.message : "no registry to search");
        return error_wrap(err, "cannot pull %s%s", text,
                          str_has_prefix(text, "localhost/")
                                  ? " (an image of this machine's own comes by crunit load)"
                                  : "");
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
                registries_list(registries, &reference, names, &source, NULL);
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

int pull_again(struct store *store, const char *name, const struct pull_options *options,
               struct error *err)
{
        AUTO_STORE_FOUND struct store_found found = { 0 };
        AUTO_FREE char *digest = NULL;
        AUTO_FREE char *id = NULL;
        int result = -1;

        if (store_lock(store, STORE_SHARED, err) < 0)
                return -1;
        if (store_look_up(store, name, &found, err) == 0) {
                digest = str_dup(found.entry->descriptor.digest);
                result = 0;
        }
        store_unlock(store);
        if (result < 0 || pull_full_name(store, name, digest, options, &id, err) < 0 ||
            pull_carried(store, name, &found.entry->descriptor, options, err) < 0)
                return error_wrap(err, "cannot pull %s again", name);
        return 0;
}
