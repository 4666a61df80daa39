/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The few questions about URLs that decide who gets a secret. Strings are owned by the caller. */
#pragma once

#include "../base/error.h"

#include <stdbool.h>

/* Resolve what a Location header says against the URL that was asked. EPROTO for anything but http
 * and https, for control characters, and for a user's name in it. */
int url_resolve(const char *base, const char *location, char **ret, struct error *err);

/* Scheme, host and port, as "https://host:443" in lower case; NULL where it is no URL. */
char *url_origin(const char *url);

bool url_same_origin(const char *a, const char *b);
bool url_is_https(const char *url);

/* HOST[:PORT] for messages; never NULL. */
char *url_host(const char *url);

/* Is the host the machine itself? Proxies are for others. */
bool url_is_loopback(const char *url);

/* Percent-encode everything but letters, digits and "-._~". */
char *url_escape(const char *text);

/* Append NAME=VALUE, escaped, behind "?" or "&". */
char *url_add_query(const char *url, const char *name, const char *value);
