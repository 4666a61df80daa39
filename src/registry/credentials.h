/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who we are to a registry, from where people keep it (containers-auth.json(5)). Looked at in this
 * order, the first file that knows the registry wins:
 *
 *     the file the caller names (--authfile), and then no other
 *     $REGISTRY_AUTH_FILE, and then no other
 *     $XDG_RUNTIME_DIR/containers/auth.json; where that is not set, and always for root, whose
 *     units do not have it, /run/containers/UID/auth.json
 *     $XDG_CONFIG_HOME/containers/auth.json (~/.config/containers/auth.json)
 *     $DOCKER_CONFIG/config.json (~/.docker/config.json)
 *     ~/.dockercfg
 *
 * Within a file, a helper program that it names for the registry (credHelpers) is asked; then
 * "auths" is looked up for REGISTRY/PATH, for shorter and shorter parts of the path, at last for
 * REGISTRY alone, also as docker writes it (https://REGISTRY/v1/); then the helper for all
 * registries (credsStore) is asked.
 */
#pragma once

#include "../base/attr.h"
#include "../base/error.h"
#include "../base/str.h"

#include <stdbool.h>
#include <stddef.h>

enum {
        CREDENTIALS_MAX_FILE = 1 << 20,   /* bytes */
        CREDENTIALS_MAX_ANSWER = 64 << 10 /* bytes of a helper's */
};

struct credentials {
        char *user;           /* owned, as all of these; NULL where there are none */
        char *password;       /* NULL with an identity token */
        char *identity_token; /* to get tokens with (OAuth2); NULL with a password */
        char *source;         /* the file that has them, for messages; or NULL */
};

void credentials_free(struct credentials *credentials);
#define AUTO_CREDENTIALS CLEANUP(credentials_free)

/*
 * What is known for repository (may be NULL) at the registry. 1: found, 0: nothing is known. A file
 * that cannot be read or makes no sense is an error; one that is not there is none. helpers: the
 * names of credential-helpers in registries.conf, which are asked in their order, the files among
 * them; NULL or none: the files.
 */
int credentials_find(const char *authfile, const struct strv *helpers, const char *registry,
                     const char *repository, struct credentials *ret, struct error *err);

/* "USER[:PASSWORD]" of a command line or a key. EINVAL without a user. */
int credentials_parse(const char *text, struct credentials *ret, struct error *err);

/* The value of the Authorization header: "Basic …". Owned by the caller. */
char *credentials_basic(const struct credentials *credentials);

/*
 * Put them into the file under key (REGISTRY or REGISTRY/PATH), or into the helper that the file
 * names for it; what else is in the file stays. The file appears at once or not at all, and only
 * its owner reads it. *ret_path (owned by the caller, may be NULL) says where they went.
 */
int credentials_store(const char *authfile, const char *key, const struct credentials *credentials,
                      char **ret_path, struct error *err);

/* 1: removed, 0: there were none. key NULL: all of the file. */
int credentials_remove(const char *authfile, const char *key, char **ret_path, struct error *err);

/* Is text REGISTRY[/PATH], as keys are? EINVAL with the reason where it is not. */
int credentials_check_key(const char *text, struct error *err);
