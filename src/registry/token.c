/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "token.h"

#include "url.h"

#include <errno.h>

#define TOKEN_CLIENT "crunit"

/* --- what a token server says */

/* Tokens go into a header: visible characters only (RFC 6750 wants even less). */
static bool token_is_clean(const char *text)
{
        size_t length = 0;

        for (; text[length]; length++)
                if (text[length] <= ' ' || text[length] == 0x7f)
                        return false;
        return length > 0 && length <= TOKEN_MAX_LENGTH;
}

int token_parse(struct json_object *document, struct token *ret, struct error *err)
{
        const char *text = NULL;
        int64_t life = 0;

        if (!json_object_is_type(document, json_type_object))
                return error_set(err, EPROTO, "it gives no token");
        if (json_get_string(document, "token", &text, err) < 0 ||
            (str_empty(text) && json_get_string(document, "access_token", &text, err) < 0) ||
            json_get_int(document, "expires_in", &life, err) < 0) {
                if (err)
                        err->code = EPROTO;
                return -1;
        }
        if (str_empty(text))
                return error_set(err, EPROTO, "it gives no token");
        if (!token_is_clean(text))
                return error_set(err, EPROTO, "its token is malformed");
        ret->value = str_dup(text);
        ret->life = life <= 0 ? TOKEN_DEFAULT_LIFE : life > TOKEN_MAX_LIFE ? TOKEN_MAX_LIFE : life;
        return 0;
}

int64_t token_renewal(int64_t life)
{
        int64_t margin = life / 4 < 10 ? life * 250 : 10000;

        return life * 1000 - margin;
}

/* --- asking it */

static bool authority_has_credentials(const struct authority *authority)
{
        return authority->credentials && authority->credentials->user;
}

static int authority_check_realm(const struct authority *authority, struct error *err)
{
        AUTO_FREE char *url = NULL;

        if (url_resolve(authority->realm, authority->realm, &url, NULL) < 0)
                return error_set(err, EPROTO, "%s names a token server that is no URL",
                                 authority->session->name);
        if (!url_is_https(url) && !authority->session->insecure)
                return error_set(err, EPROTO,
                                 "%s names a token server without https, which is only for "
                                 "registries that are marked insecure",
                                 authority->session->name);
        return 0;
}

/* The question as a URL. */
static char *authority_query(const struct authority *authority)
{
        AUTO_FREE char *url = str_dup(authority->realm);
        char *longer;

        if (authority_has_credentials(authority)) {
                longer = url_add_query(url, "account", authority->credentials->user);
                free(url);
                url = longer;
        }
        if (authority->service) {
                longer = url_add_query(url, "service", authority->service);
                free(url);
                url = longer;
        }
        for (size_t i = 0; i < authority->scopes.count; i++) {
                longer = url_add_query(url, "scope", authority->scopes.items[i]);
                free(url);
                url = longer;
        }
        return steal_str(&url);
}

/* The question as a form, for who has an identity token (OAuth2). */
static char *authority_form(const struct authority *authority)
{
        AUTO_FREE char *scope = strv_join(&authority->scopes, " ");
        AUTO_FREE char *scope_escaped = url_escape(scope);
        AUTO_FREE char *service = url_escape(authority->service ? authority->service : "");
        AUTO_FREE char *token = url_escape(authority->credentials->identity_token);

        return str_concat("grant_type=refresh_token&client_id=" TOKEN_CLIENT "&service=", service,
                          "&scope=", scope_escaped, "&refresh_token=", token);
}

static int authority_ask(struct authority *authority, struct request *request, struct error *err)
{
        struct error inner = { 0 };

        request->anonymous = true;
        request->transfer.max_body = 2 * TOKEN_MAX_LENGTH;
        if (request_perform(request, &inner) == 0)
                return 0;
        error_set(err, inner.code, "%s", inner.message);
        error_clear(&inner);
        if (err && err->code == EACCES && !authority_has_credentials(authority))
                return error_wrap(err, "no credentials are known for %s", authority->session->name);
        return -1;
}

/* Ask for a token; the answer is in request. */
static int authority_request(struct authority *authority, struct request *request,
                             struct error *err)
{
        const struct credentials *credentials = authority->credentials;
        AUTO_FREE char *host = url_host(authority->realm);
        AUTO_FREE char *basic = NULL;
        AUTO_FREE char *form = NULL;
        char *what = str_concat("token from ", host);

        if (authority_has_credentials(authority) && credentials->identity_token) {
                form = authority_form(authority);
                request_begin(request, authority->session, "POST", str_dup(authority->realm), what);
                strv_append(&request->headers, "Content-Type: application/x-www-form-urlencoded");
                request->transfer.body = form;
                request->transfer.body_length = strlen(form);
                request->secret_body = true;
        } else {
                request_begin(request, authority->session, "GET", authority_query(authority), what);
                if (authority_has_credentials(authority))
                        basic = credentials_basic(credentials);
                request->own_authorization = basic;
        }
        return authority_ask(authority, request, err);
}

static int authority_renew(struct authority *authority, struct error *err)
{
        AUTO_REQUEST struct request request = { 0 };
        AUTO_JSON struct json_object *document = NULL;
        struct token token;
        int64_t asked = transfer_clock();

        if (authority_check_realm(authority, err) < 0 ||
            authority_request(authority, &request, err) < 0)
                return -1;
        if (json_parse(request.transfer.answer.data ? request.transfer.answer.data : "",
                       request.transfer.answer.length, authority->realm, &document, err) < 0 ||
            token_parse(document, &token, err) < 0)
                return error_wrap(err, "%s: token", authority->session->name);
        free(authority->value);
        authority->value = str_concat("Bearer ", token.value);
        free(token.value);
        authority->renew = asked + token_renewal(token.life);
        authority->generation++;
        authority->basic = authority->stale = false;
        return 0;
}

/* --- for requests */

static int authority_authorize(void *context, struct request *request, struct error *err)
{
        struct authority *authority = context;

        if (authority->value && !authority->basic &&
            (authority->stale || transfer_clock() >= authority->renew) &&
            authority_renew(authority, err) < 0)
                return -1;
        str_replace(&request->transfer.authorization, authority->value);
        request->generation = authority->generation;
        return 0;
}

static void authority_use_basic(struct authority *authority)
{
        free(authority->value);
        authority->value = credentials_basic(authority->credentials);
        authority->basic = true;
        authority->generation++;
}

/* The scope that the registry itself names, where ours was not what it wanted. True: it is new. */
static bool authority_take_scope(struct authority *authority, const char *scope)
{
        if (str_empty(scope) || strv_contains(&authority->scopes, scope) ||
            !str_has_prefix(scope, "repository:") || authority->scopes.count >= TOKEN_MAX_SCOPES)
                return false;
        strv_append(&authority->scopes, scope);
        return true;
}

static int authority_take_bearer(struct authority *authority, struct request *request,
                                 const struct challenge *bearer, struct error *err)
{
        /* A token that was just given is not good enough: another one will not be, unless it is
         * for more. */
        bool refused = authority->value && !authority->basic &&
                       request->generation == authority->generation;
        bool young = transfer_clock() < authority->renew;

        if (refused && !authority_take_scope(authority, bearer->scope) && young &&
            request->challenges > 1)
                return 0;
        str_replace(&authority->realm, bearer->realm);
        str_replace(&authority->service, bearer->service);
        return authority_renew(authority, err) < 0 ? -1 : 1;
}

static int authority_challenged(void *context, struct request *request, struct error *err)
{
        struct authority *authority = context;
        AUTO_CHALLENGES struct challenges list = { .count = 0 };
        const struct challenge *bearer;
        const char *header;

        /* Somebody else has met the same challenge meanwhile. */
        if (request->generation != authority->generation)
                return 1;
        for (size_t i = 0; (header = transfer_header(&request->transfer, "WWW-Authenticate", i));
             i++)
                if (challenges_parse(&list, header, err) < 0)
                        return error_wrap(err, "%s: %s", authority->session->name, request->what);
        bearer = challenges_find(&list, "Bearer");
        if (bearer && bearer->realm)
                return authority_take_bearer(authority, request, bearer, err);
        if (!challenges_find(&list, "Basic") || !authority_has_credentials(authority) ||
            !authority->credentials->password || authority->basic)
                return 0;
        authority_use_basic(authority);
        return 1;
}

void authority_begin(struct authority *authority, struct session *session,
                     const struct credentials *credentials)
{
        *authority = (struct authority){ .session = session, .credentials = credentials };
        authority->functions = (struct request_authority){ .context = authority,
                                                           .authorize = authority_authorize,
                                                           .challenged = authority_challenged };
}

void authority_end(struct authority *authority)
{
        strv_free(&authority->scopes);
        free(authority->realm);
        free(authority->service);
        free(authority->value);
}

void authority_drop_scope(struct authority *authority, const char *repository, const char *actions)
{
        AUTO_FREE char *scope = str_concat("repository:", repository, ":", actions);
        AUTO_STRV struct strv left = { 0 };

        for (size_t i = 0; i < authority->scopes.count; i++)
                if (!str_equal(authority->scopes.items[i], scope))
                        strv_append(&left, authority->scopes.items[i]);
        strv_free(&authority->scopes);
        authority->scopes = left;
        left = (struct strv){ 0 };
        authority->stale = true;
}

void authority_add_scope(struct authority *authority, const char *repository, const char *actions)
{
        AUTO_FREE char *scope = str_concat("repository:", repository, ":", actions);

        if (strv_contains(&authority->scopes, scope))
                return;
        strv_append(&authority->scopes, scope);
        authority->stale = true;
}
