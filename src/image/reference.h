/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Image names, as people and archives write them: [REGISTRY/]PATH[:TAG][@sha256:HEX]. The grammar
 * and the lengths are those of the distribution specification (name at most 255 bytes, tag at most
 * 128). The first component is a registry when it has a dot or a colon or is "localhost"; without
 * one the name is short, and whoever looks it up decides which registries it may mean.
 *
 * In the store every name is full: registry, path and tag, or the digest instead of the tag where
 * that is what was pulled. "docker.io/web" and "index.docker.io/web" are "docker.io/library/web".
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include <stdbool.h>

enum {
        REFERENCE_MAX_NAME = 255,
        REFERENCE_MAX_TAG = 128,
        REFERENCE_HEX = 64 /* characters of a SHA-256 in hexadecimal */
};

struct reference {
        char *registry; /* owned; NULL for a short name */
        char *path;     /* owned */
        char *tag;      /* owned; NULL where none was given */
        char *digest;   /* owned; "sha256:HEX", NULL where none was given */
};

/* EINVAL with the reason for anything that does not follow the grammar. */
int reference_parse(const char *text, struct reference *ret, struct error *err);
void reference_free(struct reference *reference);
#define AUTO_REFERENCE CLEANUP(reference_free)

/* The full name "REGISTRY/PATH:TAG": registry is put in front of a short name, "latest" stands for
 * a missing tag. Owned by the caller. */
char *reference_name(const struct reference *reference, const char *registry);

/* How much of a full name is registry and path; then comes ':' and a tag, or '@' and a digest. */
size_t reference_repository_length(const char *name);

/* Check a name and write it in full in one step. */
int reference_normalize(const char *text, const char *registry, char **ret_name, struct error *err);

/* Does text follow the grammar of tags? */
bool reference_is_tag(const char *text);

/* Can text be (the beginning of) an image's id? */
bool reference_is_id(const char *text);

/* The 64 lower-case hexadecimal digits behind "sha256:", borrowed, or NULL where text is no such
 * digest. */
const char *digest_hex(const char *text);
