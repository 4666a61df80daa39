/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pull-query.h"

#include "pull-server.h"

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

                if (pull_server_open(options, NULL, endpoint, &registry, &reason) == 0 &&
                    registry_head_manifest(registry,
                                           endpoint->digest ? endpoint->digest : endpoint->tag,
                                           ret_digest, &reason) == 0)
                        return 0;
                pull_server_add_error(&all, &reason);
                if (pull_server_is_last(&reason))
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

                if (pull_server_open(options, NULL, endpoints.items + i, &registry, &reason) == 0 &&
                    registry_list_tags(registry, tags, &reason) == 0)
                        return 0;
                pull_server_add_error(&all, &reason);
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
