/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An image on its way out gets the shape that the place it goes to asks for: another form of
 * manifest, layers in another compression. Where that changes the manifest, a note says so, since
 * its digest is what others know it by.
 */
#pragma once

#include "outgoing.h"

#include <signal.h>

enum reshape_layers {
        RESHAPE_LAYERS_AS_THEY_ARE,
        RESHAPE_LAYERS_COMPRESSED, /* those that are not, by gzip */
        RESHAPE_LAYERS_PLAIN,      /* decompressed */
};

/* A line for the user: what is being done, or what is not as one might think (warning). */
typedef void reshape_note_function(void *context, bool warning, const char *text);

struct reshape {
        bool convert; /* to form; else the manifest keeps its own */
        enum outgoing_form form;
        enum reshape_layers layers;          /* with Docker's form, zstd becomes gzip in any case */
        const volatile sig_atomic_t *cancel; /* borrowed; non-zero: stop; or NULL */
        reshape_note_function *note;         /* or NULL */
        void *context;                       /* of note */
};

int reshape_image(const struct reshape *reshape, struct outgoing *outgoing, struct error *err);

/* Say what is being done, where somebody listens: "WHAT DIGEST", the digest shortened. */
void reshape_note_blob(const struct reshape *reshape, const char *what, const char *digest);
void reshape_note(const struct reshape *reshape, const char *text);
