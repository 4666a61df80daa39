/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Several container files in one, NAME.quadlets: parts with a line of three dashes between them,
 * each with a comment "# FileName=NAME" and the section of its type, which gives the extension.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

struct quadlet_part {
        char *name; /* owned; with extension */
        char *text; /* owned */
};

struct quadlets {
        struct quadlet_part *parts; /* owned */
        size_t count;
};

/* Take text apart; path is for messages, which have their place. Start with { 0 }. */
int quadlets_split(const char *text, const char *path, struct quadlets *ret, struct error *err);
void quadlets_free(struct quadlets *quadlets);
#define AUTO_QUADLETS CLEANUP(quadlets_free)
