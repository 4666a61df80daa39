/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From what the user wrote to an image that is open: looked up in the store, then in the additional
 * ones, pulled where that is
 * asked for or needed, unpacked again where the layers are gone. An image that is there costs
 * nothing but the look.
 *
 *     --pull always     ask the registry first; a failure is one
 *     --pull newer      the same; on a failure, what is in the store will do, with a warning
 *     --pull missing    ask only where the store has none (the default)
 *     --pull never      never
 *
 * docker://NAME is NAME; from a file or directory (docker-archive:/PATH and so on, transport.h) the
 * image is loaded at each start, which is quick where all of it is there.
 *
 * Pulling is crunit-image's: it says on our standard error what it does and what is wrong, and
 * tells systemd how far it is, for as long as bytes arrive. Which of several images a short name
 * means is found out there as well.
 */
#pragma once

#include "../base/error.h"
#include "../image/image.h"
#include "spec.h"

#include <signal.h>

struct fetch {
        struct container_spec *spec;   /* borrowed; with an image, which loses docker:// */
        const char *storage;           /* borrowed; the store's directory */
        const struct strv *additional; /* borrowed; of stores that are only read; or NULL */
        const sigset_t *signals;       /* borrowed; the mask programs start with */
        void (*warn)(const char *line);
};

/* The image and the store it is in, both open. Where crunit-image said what is wrong, err has a
 * code and no message. */
int fetch_image(const struct fetch *fetch, struct store *ret_store, struct image *ret_image,
                struct error *err);
