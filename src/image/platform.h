/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Platforms as OCI names them (image-spec, image-index.md): which of several offered ones this
 * machine runs best, and whether it runs a given one at all.
 */
#pragma once

#include "../base/str.h"

/* A view: the strings are borrowed. */
struct platform {
        const char *os;           /* "linux"; NULL where the document does not say */
        const char *architecture; /* "amd64", "arm64", … as Go names them */
        const char *variant;      /* "v7", or NULL */
};

/* This machine's; the strings are static. */
struct platform platform_host(void);

/*
 * How well a machine runs what is offered: 0 not at all, otherwise more is better. Its own
 * architecture goes before one it runs as well (386 on amd64, arm on arm64), and a variant nearer
 * to its own before an older one. Members that are missing from the offer suit any machine.
 */
int platform_rank(const struct platform *host, const struct platform *offered);

/* "linux/arm/v7"; owned by the caller. */
char *platform_text(const struct platform *platform);
