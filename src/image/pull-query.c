/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pull-query.h"

#include "pull-name.h"
#include "pull-server.h"

#include <errno.h>

/* A question to one server after the other, and what comes of it. */
struct pull_query {
        const struct pull_options *options; /* borrowed */
        char *digest;                       /* owned */
        struct strv tags;                   /* owned */
};

static void pull_query_free(struct pull_query *query)
{
        free(query->digest);
        strv_free(&query->tags);
}

/* --- the digest alone */

/* A pull_ask. */
static int pull_query_digest(void *context, const struct registries_endpoint *endpoint,
                             struct error *err)
{
        struct pull_query *query = context;
        AUTO_REGISTRY struct registry *registry = NULL;

        if (pull_server_open(query->options, NULL, endpoint, &registry, err) < 0)
                return -1;
        return registry_head_manifest(registry, endpoint->digest ? endpoint->digest : endpoint->tag,
                                      &query->digest, err);
}

int pull_ask_digest(const char *text, const struct pull_options *options, char **ret_digest,
                    struct error *err)
{
        AUTO_PULL_NAMES struct pull_names names = { 0 };
        CLEANUP(pull_query_free) struct pull_query query = { .options = options };
        AUTO_ERROR struct error reason = { 0 };

        if (pull_names_expand(text, options, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.names.count; i++) {
                error_clear(&reason);
                if (pull_ask_servers(names.names.items[i], options, pull_query_digest, &query,
                                     &reason) == 0) {
                        *ret_digest = steal_str(&query.digest);
                        return 0;
                }
        }
        return error_set(err, reason.code, "cannot ask for %s: %s", text, reason.message);
}

/* --- all tags */

/* A pull_ask. */
static int pull_query_tags(void *context, const struct registries_endpoint *endpoint,
                           struct error *err)
{
        struct pull_query *query = context;
        AUTO_REGISTRY struct registry *registry = NULL;

        strv_free(&query->tags);
        if (pull_server_open(query->options, NULL, endpoint, &registry, err) < 0)
                return -1;
        return registry_list_tags(registry, &query->tags, err);
}

int pull_list_tags(const char *text, const struct pull_options *options, struct strv *names,
                   struct error *err)
{
        AUTO_PULL_NAMES struct pull_names full = { 0 };
        AUTO_REFERENCE struct reference reference = { 0 };
        CLEANUP(pull_query_free) struct pull_query query = { .options = options };

        if (reference_parse(text, &reference, err) < 0)
                return -1;
        if (reference.tag || reference.digest)
                return error_set(err, EINVAL, "%s: all tags are wanted, and one is given", text);
        if (pull_names_expand(text, options, &full, err) < 0 ||
            pull_ask_servers(full.names.items[0], options, pull_query_tags, &query, err) < 0)
                return error_wrap(err, "cannot list the tags of %s", text);
        pull_names_note(&full, options);
        reference_free(&reference);
        if (reference_parse(full.names.items[0], &reference, err) < 0)
                return -1;
        for (size_t i = 0; i < query.tags.count; i++) {
                str_replace(&reference.tag, query.tags.items[i]);
                strv_append_owned(names, reference_name(&reference, "docker.io"));
        }
        return 0;
}
