/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "registry.h"

#include "../image/digest.h"
#include "../image/reference.h"
#include "answer.h"
#include "registry-internal.h"
#include "url.h"

#include <errno.h>

#define REGISTRY_ACCEPT                                                                            \
        "Accept: application/vnd.oci.image.index.v1+json, "                                        \
        "application/vnd.oci.image.manifest.v1+json, "                                             \
        "application/vnd.docker.distribution.manifest.list.v2+json, "                              \
        "application/vnd.docker.distribution.manifest.v2+json"

/* --- open */

/* The name people use is not where it is. */
static const char *registry_server(const char *host)
{
        return str_equal(host, "docker.io") || str_equal(host, "index.docker.io")
                       ? "registry-1.docker.io"
                       : host;
}

static int registry_check_endpoint(const struct registry_endpoint *endpoint, struct error *err)
{
        static const char host[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                   ".-:[]";
        static const char path[] = "abcdefghijklmnopqrstuvwxyz0123456789._-/";
        const char *repository = endpoint->repository;

        if (str_empty(endpoint->host) || endpoint->host[strspn(endpoint->host, host)])
                return error_set(err, EINVAL, "'%s' is no name of a registry",
                                 endpoint->host ? endpoint->host : "");
        if (repository && (!*repository || repository[strspn(repository, path)] ||
                           *repository == '/' || strstr(repository, "..")))
                return error_set(err, EINVAL, "'%s' is no name of a repository", repository);
        return 0;
}

static int registry_open_transfers(struct registry *registry, struct error *err)
{
        const struct registry_options *options = &registry->options;
        struct transfers_options transfers = {
                .insecure = registry->insecure,
                .ca_file = registry->certs.ca_file,
                .client_cert = registry->certs.client_cert,
                .client_key = registry->certs.client_key,
                .stall_timeout =
                        options->stall_timeout ? options->stall_timeout : REGISTRY_DEFAULT_STALL,
                .cancel = options->cancel,
                .poll = options->poll,
                .context = options->context,
        };

        return transfers_open(&transfers, &registry->session.transfers, err);
}

static unsigned registry_retries(const struct registry_options *options)
{
        if (options->retries == 0)
                return REGISTRY_DEFAULT_RETRIES;
        return options->retries > 0 ? (unsigned)options->retries : 0;
}

unsigned registry_tries(const struct registry_options *options, uint64_t *ret_pauses_ms)
{
        unsigned retries = registry_retries(options);

        *ret_pauses_ms = 0;
        for (unsigned failures = 1; failures <= retries; failures++)
                *ret_pauses_ms += request_pause(options->retry_delay_ms, failures);
        return retries + 1;
}

static void registry_set_session(struct registry *registry, enum registry_access access)
{
        const struct registry_options *options = &registry->options;
        struct session *session = &registry->session;

        session->name = registry->host;
        session->origin = registry->base;
        session->insecure = registry->insecure;
        session->retries = registry_retries(options);
        session->retry_delay_ms = options->retry_delay_ms;
        session->notice = options->notice;
        session->context = options->context;
        authority_begin(&registry->authority, session, &registry->credentials);
        session->authority = &registry->authority.functions;
        if (registry->repository)
                authority_add_scope(&registry->authority, registry->repository,
                                    access == REGISTRY_PUSH ? "pull,push" : "pull");
}

static int registry_load_credentials(struct registry *registry, struct error *err)
{
        const struct registry_options *options = &registry->options;

        if (options->credentials)
                return credentials_parse(options->credentials, &registry->credentials, err);
        if (credentials_find(options->authfile, options->helpers, registry->host,
                             registry->repository, &registry->credentials, err) < 0)
                return error_wrap(err, "credentials for %s", registry->host);
        return 0;
}

int registry_open(const struct registry_options *options, const struct registry_endpoint *endpoint,
                  enum registry_access access, struct registry **ret, struct error *err)
{
        AUTO_REGISTRY struct registry *registry = alloc_zero(1, sizeof *registry);

        if (registry_check_endpoint(endpoint, err) < 0)
                return -1;
        registry->options = *options;
        registry->host = str_dup(endpoint->host);
        registry->repository = str_dup(endpoint->repository);
        registry->insecure = endpoint->insecure;
        registry->base = str_concat("https://", registry_server(endpoint->host));
        if (registry_load_credentials(registry, err) < 0 ||
            certs_find(options->cert_dir, registry->host, &registry->certs, err) < 0 ||
            registry_open_transfers(registry, err) < 0)
                return -1;
        registry_set_session(registry, access);
        *ret = steal_ptr(&registry);
        return 0;
}

void registry_close(struct registry **place)
{
        struct registry *registry = *place;

        if (!registry)
                return;
        transfers_close(&registry->session.transfers);
        authority_end(&registry->authority);
        credentials_free(&registry->credentials);
        certs_free(&registry->certs);
        free(registry->host);
        free(registry->repository);
        free(registry->base);
        free(registry);
        *place = NULL;
}

/* --- requests */

void registry_begin(struct registry *registry, struct request *request, const char *method,
                    char *path, char *what)
{
        AUTO_FREE char *owned = path;

        request_begin(request, &registry->session, method,
                      str_concat(registry->base, "/v2/",
                                 registry->repository ? registry->repository : "",
                                 registry->repository ? "/" : "", owned),
                      what);
}

int registry_check_digest(const char *text, struct error *err)
{
        if (!digest_hex(text))
                return error_set(err, EINVAL, "'%s' is no digest that is known here",
                                 text ? text : "");
        return 0;
}

static int registry_check_reference(const char *text, struct error *err)
{
        static const char tag[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "._-";

        if (strchr(text, ':'))
                return registry_check_digest(text, err);
        if (!*text || strspn(text, tag) != strlen(text) || strlen(text) > REFERENCE_MAX_TAG)
                return error_set(err, EINVAL, "'%s' is no tag", text);
        return 0;
}

/* Is somebody there who speaks http(s)? 1, or 0 with the reason in why. */
static int registry_probe(struct registry *registry, bool once, struct error *why,
                          struct error *err)
{
        AUTO_REQUEST struct request request = { 0 };
        struct error failure = { 0 };

        request_begin(&request, &registry->session, "GET", str_concat(registry->base, "/v2/"),
                      str_dup("is a registry there?"));
        request.once = once;
        request.anonymous = true;
        if (request_perform(&request, &failure) == 0 || request.transfer.status) {
                error_clear(&failure);
                return 1;
        }
        if (failure.code == EINTR) {
                if (err)
                        *err = failure;
                return -1;
        }
        *why = failure;
        return 0;
}

int registry_prepare(struct registry *registry, struct error *err)
{
        AUTO_ERROR struct error https = { 0 };
        AUTO_ERROR struct error http = { 0 };
        int found;

        if (!registry->insecure || registry->ready)
                return 0;
        found = registry_probe(registry, true, &https, err);
        if (found == 0) {
                free(registry->base);
                registry->base = str_concat("http://", registry_server(registry->host));
                registry->session.origin = registry->base;
                found = registry_probe(registry, false, &http, err);
        }
        if (found < 0)
                return -1;
        registry->ready = found;
        if (found)
                return 0;
        free(registry->base);
        registry->base = str_concat("https://", registry_server(registry->host));
        registry->session.origin = registry->base;
        return https.code == http.code
                       ? error_set(err, http.code, "%s", http.message)
                       : error_set(err, https.code, "%s; by http: %s", https.message, http.message);
}

int registry_perform(struct registry *registry, struct request *request, struct error *err)
{
        if (request_perform(request, err) == 0)
                return 0;
        if (request->transfer.no_tls)
                return error_set(err, EPROTO,
                                 "%s speaks no https; if that is how it is to be, mark it insecure "
                                 "in registries.conf or use --tls-verify=false",
                                 registry->host);
        return -1;
}

int registry_ping(struct registry *registry, struct error *err)
{
        AUTO_REQUEST struct request request = { 0 };

        if (registry_prepare(registry, err) < 0)
                return -1;
        request_begin(&request, &registry->session, "GET", str_concat(registry->base, "/v2/"),
                      str_dup("login"));
        return registry_perform(registry, &request, err);
}

/* --- manifests */

void registry_manifest_free(struct registry_manifest *manifest)
{
        free(manifest->data);
        free(manifest->media_type);
        free(manifest->digest);
        *manifest = (struct registry_manifest){ 0 };
}

static char *registry_manifest_what(const struct registry *registry, const char *reference)
{
        return str_concat("manifest ", reference, " of ", registry->repository);
}

/* The digest has to be the one asked for, or the one the registry claims. */
static int registry_check_manifest(const struct registry *registry, const struct request *request,
                                   const char *reference, const char *digest, struct error *err)
{
        const char *claimed = transfer_header(&request->transfer, "Docker-Content-Digest", 0);
        const char *expected = digest_hex(reference) ? reference : claimed;

        if (digest_hex(expected) && !str_equal(expected, digest))
                return error_set(err, EBADMSG, "%s: %s: damaged: its digest is %s instead of %s",
                                 registry->host, request->what, digest, expected);
        return 0;
}

static int registry_begin_manifest(struct registry *registry, struct request *request,
                                   const char *method, const char *reference, struct error *err)
{
        if (registry_check_reference(reference, err) < 0 || registry_prepare(registry, err) < 0)
                return -1;
        registry_begin(registry, request, method, str_concat("manifests/", reference),
                       registry_manifest_what(registry, reference));
        request->transfer.max_body = REGISTRY_MAX_DOCUMENT;
        return 0;
}

int registry_fetch_manifest(struct registry *registry, const char *reference,
                            struct registry_manifest *ret, struct error *err)
{
        AUTO_REQUEST struct request request = { 0 };
        AUTO_FREE char *digest = NULL;
        struct strbuf *answer = &request.transfer.answer;
        const char *type;

        if (registry_begin_manifest(registry, &request, "GET", reference, err) < 0)
                return -1;
        strv_append(&request.headers, REGISTRY_ACCEPT);
        if (registry_perform(registry, &request, err) < 0)
                return -1;
        digest = digest_of(answer->data ? answer->data : "", answer->length);
        if (registry_check_manifest(registry, &request, reference, digest, err) < 0)
                return -1;
        type = transfer_header(&request.transfer, "Content-Type", 0);
        ret->length = answer->length;
        ret->data = strbuf_steal(answer);
        ret->media_type = type ? answer_media_type(type) : NULL;
        ret->digest = steal_str(&digest);
        return 0;
}

/* The digest by a HEAD request: 1, or 0 where the registry does not answer such requests. */
static int registry_head(struct registry *registry, const char *reference, char **ret_digest,
                         struct error *err)
{
        AUTO_REQUEST struct request request = { 0 };
        const char *digest;

        if (registry_begin_manifest(registry, &request, "HEAD", reference, err) < 0)
                return -1;
        strv_append(&request.headers, REGISTRY_ACCEPT);
        if (registry_perform(registry, &request, err) < 0) {
                if (request.transfer.status != 405 && request.transfer.status != 400)
                        return -1;
                error_clear(err);
                return 0;
        }
        digest = transfer_header(&request.transfer, "Docker-Content-Digest", 0);
        if (!digest_hex(digest))
                return 0;
        if (digest_hex(reference) && !str_equal(reference, digest))
                return error_set(err, EBADMSG, "%s: %s: it claims to be %s", registry->host,
                                 request.what, digest);
        *ret_digest = str_dup(digest);
        return 1;
}

int registry_head_manifest(struct registry *registry, const char *reference, char **ret_digest,
                           struct error *err)
{
        AUTO_REGISTRY_MANIFEST struct registry_manifest manifest = { 0 };
        int found = registry_head(registry, reference, ret_digest, err);

        if (found)
                return found < 0 ? -1 : 0;
        if (registry_fetch_manifest(registry, reference, &manifest, err) < 0)
                return -1;
        *ret_digest = steal_str(&manifest.digest);
        return 0;
}

int registry_put_manifest(struct registry *registry, const char *reference, const char *media_type,
                          const void *data, size_t length, struct error *err)
{
        AUTO_REQUEST struct request request = { 0 };
        AUTO_FREE char *digest = digest_of(data, length);

        if (registry_begin_manifest(registry, &request, "PUT", reference, err) < 0)
                return -1;
        strv_appendf(&request.headers, "Content-Type: %s", media_type);
        request.transfer.body = data;
        request.transfer.body_length = length;
        if (registry_perform(registry, &request, err) < 0)
                return -1;
        return registry_check_manifest(registry, &request, reference, digest, err);
}

/* --- tags */

static int registry_take_tags(const struct registry *registry, const struct request *request,
                              struct strv *list, struct error *err)
{
        const struct strbuf *answer = &request->transfer.answer;
        AUTO_JSON struct json_object *document = NULL;
        size_t before = list->count;

        if (json_parse(answer->data ? answer->data : "", answer->length, request->what, &document,
                       err) < 0 ||
            json_get_strv(document, "tags", list, err) < 0) {
                if (err)
                        err->code = EPROTO;
                return error_wrap(err, "%s", registry->host);
        }
        for (size_t i = before; i < list->count; i++)
                if (!reference_is_tag(list->items[i]))
                        return error_set(err, EPROTO, "%s: %s: '%.40s' is no tag", registry->host,
                                         request->what, list->items[i]);
        if (list->count > REGISTRY_MAX_TAGS)
                return error_set(err, EFBIG, "%s: %s: more than %d", registry->host, request->what,
                                 REGISTRY_MAX_TAGS);
        return 0;
}

/* One page; *url becomes that of the next, or NULL. */
static int registry_list_page(struct registry *registry, char **url, struct strv *list,
                              struct error *err)
{
        AUTO_REQUEST struct request request = { 0 };
        AUTO_FREE char *next = NULL;
        const char *link;
        size_t before = list->count;

        request_begin(&request, &registry->session, "GET", steal_str(url),
                      str_concat("tags of ", registry->repository));
        request.transfer.max_body = REGISTRY_MAX_DOCUMENT;
        if (registry_perform(registry, &request, err) < 0 ||
            registry_take_tags(registry, &request, list, err) < 0)
                return -1;
        link = transfer_header(&request.transfer, "Link", 0);
        next = link && list->count > before ? answer_next_link(link) : NULL;
        if (next && url_resolve(request.location, next, url, err) < 0)
                return error_wrap(err, "%s: %s", registry->host, request.what);
        return 0;
}

int registry_list_tags(struct registry *registry, struct strv *list, struct error *err)
{
        AUTO_STRV struct strv tags = { 0 };
        AUTO_FREE char *url = NULL;

        if (registry_prepare(registry, err) < 0)
                return -1;
        url = str_concat(registry->base, "/v2/", registry->repository, "/tags/list?n=1000");
        while (url)
                if (registry_list_page(registry, &url, &tags, err) < 0)
                        return -1;
        strv_append_all(list, &tags);
        return 0;
}
