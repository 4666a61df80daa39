/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * registries.conf (containers-registries.conf(5), format 2; a main file in format 1 is read as
 * well): where an image of a given name is really fetched from, and which full names a short one
 * stands for.
 *
 * Read are, in this order:
 *   - ~/.config/containers/registries.conf, else /etc/containers/registries.conf, else
 *     /usr/share/containers/registries.conf;
 *   - the *.conf files of /usr/share/containers/registries.conf.d and
 *     /etc/containers/registries.conf.d, sorted by name; one in /etc hides one of the same name in
 *     /usr/share. None of these where the user's own main file is read;
 *   - those of ~/.config/containers/registries.conf.d;
 *   - the aliases that were noted when somebody was asked (short-names.h), by Podman or by us, in
 *     /var/cache/containers/short-name-aliases.conf, for users other than root
 *     ~/.cache/containers/short-name-aliases.conf.
 * $CONTAINERS_REGISTRIES_CONF names one file that stands for all of these;
 * $CONTAINERS_REGISTRIES_CONF_OVERRIDE names one more, read last. A later file replaces single
 * settings, aliases, and [[registry]] tables of the same prefix. No file at all is fine.
 *
 * What is wrong in a file is an error with file and line, and nothing is fetched; keys that are not
 * known are warnings. Limits: 1 MiB a file.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"
#include "../image/reference.h"

#include <stdbool.h>
#include <stddef.h>

enum registries_when {
        REGISTRIES_ALWAYS,
        REGISTRIES_DIGEST_ONLY, /* the mirror serves names with a digest only */
        REGISTRIES_TAG_ONLY
};

enum registries_mode {
        REGISTRIES_PERMISSIVE, /* several registries for a short name: ask; where there is nobody
                                  to be asked, try all (the default) */
        REGISTRIES_ENFORCING,  /* … ask; else it is an error */
        REGISTRIES_DISABLED    /* … try all */
};

/* One place of a [[registry]] table: a mirror, or the registry itself. */
struct registries_location {
        char *location; /* owned; HOST[:PORT][/PATH…], "" keeps the name as it is (wildcards) */
        bool insecure;
        enum registries_when when;
};

struct registries_entry {
        char *prefix; /* owned; HOST[:PORT][/PATH…[:TAG|@DIGEST]] or "*.DOMAIN" */
        struct registries_location primary;
        struct registries_location *mirrors; /* owned */
        size_t mirror_count;
        bool blocked, mirror_by_digest_only;
        char *source; /* owned; "FILE:LINE" */
};

struct registries_alias {
        char *name;   /* owned; short, without a tag */
        char *value;  /* owned; full, without a tag */
        char *source; /* owned; "FILE:LINE" */
};

struct registries {
        struct registries_entry *entries; /* owned */
        size_t entry_count;
        struct registries_alias *aliases; /* owned */
        size_t alias_count;
        struct strv search;  /* unqualified-search-registries */
        char *search_source; /* owned; "FILE:LINE" of it, NULL: the files do not say */
        struct strv credential_helpers;
        enum registries_mode mode;
        struct strv warnings; /* "FILE:LINE: …", to be shown */
        char *noted;          /* owned; where aliases are noted; NULL: nowhere */
};

/* Where to read; NULL leaves a place out. */
struct registries_places {
        const char *only;    /* this file for all of the others but last */
        const char *user;    /* a directory with registries.conf and registries.conf.d in it */
        const char *machine; /* the same: /etc/containers */
        const char *vendor;  /* the same: /usr/share/containers */
        const char *noted;   /* short-name-aliases.conf */
        const char *last;    /* one more file */
};

/* Read all files in their usual places. fallback (borrowed, or NULL) is the list of search
 * registries that holds where no file has one: the settings' [registry] search. */
int registries_load(const struct strv *fallback, struct registries *ret, struct error *err);
int registries_load_places(const struct registries_places *places, const struct strv *fallback,
                           struct registries *ret, struct error *err);
void registries_free(struct registries *registries);
#define AUTO_REGISTRIES CLEANUP(registries_free)

/* One server to ask for an image, and the name it has there. */
struct registries_endpoint {
        char *host;       /* owned; as written: docker.io is for the transfer to translate */
        char *repository; /* owned; "library/web" */
        char *tag;        /* owned; NULL where there is a digest, which alone counts then */
        char *digest;     /* owned; NULL where the name has none */
        bool insecure;    /* http, and TLS without a known certificate, are allowed */
        bool foreign;     /* not the host that the name says: --creds is not for it */
};

struct registries_endpoints {
        struct registries_endpoint *items; /* owned */
        size_t count;
};

/* The servers to try in this order for a name with a registry; "latest" stands for a missing tag.
 * EPERM where the name is blocked. */
int registries_resolve(const struct registries *registries, const struct reference *reference,
                       struct registries_endpoints *ret, struct error *err);
void registries_endpoints_free(struct registries_endpoints *endpoints);
#define AUTO_ENDPOINTS CLEANUP(registries_endpoints_free)

/*
 * The full names, with tag or digest as given, to try in this order for any name: the name itself
 * where it has a registry; for a short one its alias, or else the name behind each search registry.
 * The first that is there is the image. Where it came from is *ret_source (owned: "FILE:LINE", or
 * NULL for a full name). Errors say what to write instead:
 *   ENOENT  no alias, and no registry to search
 *   EINVAL  several registries, and short-name-mode = "enforcing": for where there is nobody to be
 *           asked
 */
int registries_expand(const struct registries *registries, const struct reference *reference,
                      struct strv *names, char **ret_source, struct error *err);

/* The same without that error: for who can ask, and for who looks for what is here. */
int registries_list(const struct registries *registries, const struct reference *reference,
                    struct strv *names, char **ret_source, struct error *err);
