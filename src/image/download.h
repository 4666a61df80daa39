/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The layers of a plan, from a repository of a registry: this thread lets them grow in tmp/, and
 * the intake's workers unpack them meanwhile. A layer that is in the store, unpacked or as a blob,
 * is not fetched; one that another process is just fetching is waited for (part.h), what an
 * earlier pull has left of one is gone on with, and what an additional store has is used there, or
 * copied. Who
 * waits has nothing left to do himself.
 */
#pragma once

#include "../base/progress.h"
#include "../registry/registry.h"

#include "growth.h"
#include "intake.h"
#include "part.h"

enum download_state {
        DOWNLOAD_UNKNOWN,
        DOWNLOAD_STORED,  /* the blob is there, not the unpacked layer */
        DOWNLOAD_MINE,    /* it is ours to download */
        DOWNLOAD_FOREIGN, /* another process downloads it */
        DOWNLOAD_AGAIN,   /* what was there of it proved wrong: from the beginning */
        DOWNLOAD_DONE
};

struct download_layer {
        enum download_state state;
        struct part part; /* or a file of our own, without a name there */
        struct growth growth;
        bool growing;   /* growth has begun */
        bool trusted;   /* all bytes are from this try: what is wrong then is wrong for good */
        bool spoiled;   /* it is wrong for good: not to be gone on with */
        bool impatient; /* the other process does not get on */
        bool sought;    /* additional stores have been asked for it */
        struct part_watch watch;
        size_t row; /* of progress */
        bool shown;
};

struct download {
        struct intake *intake;     /* borrowed; its plan has an image; workers are not running */
        struct registry *registry; /* borrowed; its poll function is download_poll, with this */
        struct progress *progress; /* borrowed; or NULL */
        const char *name;          /* borrowed; of the image, for messages */
        const char *from;          /* borrowed; the server */
        const struct strv *nearby; /* borrowed; additional stores, or NULL */
        bool keep_blobs;           /* the blobs go to the store as well */
        const void *caller;        /* borrowed; for the caller's callbacks */
        bool committed; /* what was fetched is in its places; else it is left for a later pull, */
        bool full;      /* but where the disk is full */

        struct download_layer *layers; /* owned; as many as the plan has */
        size_t count;
        struct part config; /* held from before it is fetched to the end */
        uint64_t seen;      /* bytes that were done when parts were touched last */
        time_t touched;
};

/* For struct registry_options.poll: is it cancelled, or has a worker failed? */
bool download_poll(void *context);

/* Hold the configuration: 1 where it is ours to download, 0 where it is in the store by now. Waits
 * for another process that fetches the same image. */
int download_hold_config(struct download *download, const char *digest, uint64_t size,
                         struct error *err);

/* Every layer of the plan is in the work directory or in the store afterwards. */
int download_layers(struct download *download, struct error *err);

/* Lets go of all that is held: after the commit, or for a later pull to go on with. */
void download_end(struct download *download);
#define AUTO_DOWNLOAD CLEANUP(download_end)
