/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * auth.json of containers-auth.json(5), and docker's config.json, which has the same members:
 *
 *     { "auths": { "reg.lan/me": { "auth": "base64 of USER:PASSWORD" } },
 *       "credHelpers": { "hub.lan": "NAME" }, "credsStore": "NAME" }
 *
 * ~/.dockercfg is what "auths" is here.
 */
#pragma once

#include "../base/json.h"
#include "credentials.h"

/* Where to look, in order; see credentials.h. */
void auth_file_list(const char *authfile, struct strv *paths);
/* The file that login and logout change; owned by the caller. */
char *auth_file_target(const char *authfile);

/* 1, or 0 where there is no such file. An empty file is an empty object. */
int auth_file_read(const char *path, struct json_object **ret, struct error *err);

/* Replace the file, which only its owner can read, at once. */
int auth_file_write(const char *path, struct json_object *document, struct error *err);

/* The entry of "auths" that fits best, borrowed, or NULL. repository may be NULL. */
struct json_object *auth_file_find(struct json_object *document, const char *registry,
                                   const char *repository);

/* What an entry says. 1, or 0 where it says nothing. */
int auth_file_decode(struct json_object *entry, struct credentials *ret, struct error *err);

/* The helper for exactly this registry, and that for all; borrowed, or NULL. */
const char *auth_file_helper(struct json_object *document, const char *registry);
const char *auth_file_store(struct json_object *document);

/* Change "auths"; where there is none it is made. */
void auth_file_set(struct json_object *document, const char *key,
                   const struct credentials *credentials);
/* True where there was one, also under another spelling of the registry. */
bool auth_file_unset(struct json_object *document, const char *key);
