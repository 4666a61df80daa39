/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "url.h"

#include "../base/str.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>

static void url_cleanup(CURLU **url)
{
        curl_url_cleanup(*url);
}
#define AUTO_URL CLEANUP(url_cleanup)

enum {
        URL_FLAGS = CURLU_DISALLOW_USER,
        URL_MAX = 16384
};

static CURLU *url_parse(const char *text)
{
        CURLU *url = curl_url();

        if (url && curl_url_set(url, CURLUPART_URL, text, URL_FLAGS) == CURLUE_OK)
                return url;
        curl_url_cleanup(url);
        return NULL;
}

/* A part of the URL in our own memory, or NULL. */
static char *url_get(CURLU *url, CURLUPart part, unsigned flags)
{
        char *text = NULL;
        char *copy = NULL;

        if (curl_url_get(url, part, &text, flags) == CURLUE_OK)
                copy = str_dup(text);
        curl_free(text);
        return copy;
}

static bool url_is_clean(const char *text)
{
        size_t length = 0;

        for (; text[length]; length++)
                if ((unsigned char)text[length] <= ' ' || text[length] == 0x7f)
                        return false;
        return length <= URL_MAX;
}

int url_resolve(const char *base, const char *location, char **ret, struct error *err)
{
        AUTO_URL CURLU *url = url_parse(base);
        AUTO_FREE char *scheme = NULL;
        AUTO_FREE char *text = NULL;

        if (!url || !url_is_clean(location) ||
            curl_url_set(url, CURLUPART_URL, location, URL_FLAGS) != CURLUE_OK)
                return error_set(err, EPROTO, "the address it leads to is malformed");
        scheme = url_get(url, CURLUPART_SCHEME, 0);
        text = url_get(url, CURLUPART_URL, 0);
        if (!text || (!str_equal(scheme, "https") && !str_equal(scheme, "http")))
                return error_set(err, EPROTO,
                                 "it leads to an address that is neither http nor "
                                 "https");
        *ret = steal_str(&text);
        return 0;
}

char *url_origin(const char *text)
{
        AUTO_URL CURLU *url = url_parse(text);
        AUTO_FREE char *scheme = NULL;
        AUTO_FREE char *host = NULL;
        AUTO_FREE char *port = NULL;
        char *origin;

        if (!url)
                return NULL;
        scheme = url_get(url, CURLUPART_SCHEME, 0);
        host = url_get(url, CURLUPART_HOST, 0);
        port = url_get(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
        if (!scheme || !host || !port)
                return NULL;
        origin = str_concat(scheme, "://", host, ":", port);
        for (char *p = origin; *p; p++)
                *p = (char)tolower((unsigned char)*p);
        return origin;
}

bool url_same_origin(const char *a, const char *b)
{
        AUTO_FREE char *first = url_origin(a);
        AUTO_FREE char *second = url_origin(b);

        return first && str_equal(first, second);
}

bool url_is_https(const char *url)
{
        return str_has_prefix(url, "https://");
}

char *url_host(const char *text)
{
        AUTO_URL CURLU *url = url_parse(text);
        AUTO_FREE char *host = NULL;
        AUTO_FREE char *port = NULL;

        if (!url)
                return str_dup("?");
        host = url_get(url, CURLUPART_HOST, 0);
        port = url_get(url, CURLUPART_PORT, 0);
        return str_concat(host ? host : "?", port ? ":" : "", port ? port : "");
}

bool url_is_loopback(const char *text)
{
        AUTO_URL CURLU *url = url_parse(text);
        AUTO_FREE char *host = url ? url_get(url, CURLUPART_HOST, 0) : NULL;
        struct in_addr address;

        if (!host)
                return false;
        if (inet_pton(AF_INET, host, &address) == 1)
                return ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET;
        return str_equal_nocase(host, "localhost") || str_equal(host, "[::1]");
}

char *url_escape(const char *text)
{
        AUTO_STRBUF struct strbuf escaped = { 0 };

        for (; *text; text++) {
                if (isalnum((unsigned char)*text) || strchr("-._~", *text))
                        strbuf_append_char(&escaped, *text);
                else
                        strbuf_appendf(&escaped, "%%%02X", (unsigned)(unsigned char)*text);
        }
        return strbuf_steal(&escaped);
}

char *url_add_query(const char *url, const char *name, const char *value)
{
        AUTO_FREE char *escaped = url_escape(value);

        return str_concat(url, strchr(url, '?') ? "&" : "?", name, "=", escaped);
}
