/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reshape.h"

#include "recode.h"
#include "reference.h"

enum reshape_to {
        RESHAPE_KEEP,
        RESHAPE_GZIP,
        RESHAPE_PLAIN,
};

void reshape_note(const struct reshape *reshape, const char *text)
{
        if (reshape->note)
                reshape->note(reshape->context, false, text);
}

void reshape_note_blob(const struct reshape *reshape, const char *what, const char *digest)
{
        AUTO_FREE char *text = str_format("%s %.12s", what, digest_hex(digest));

        reshape_note(reshape, text);
}

static int reshape_layer(const struct reshape *reshape, struct outgoing *outgoing, size_t i,
                         bool gzip, struct error *err)
{
        const char *digest = outgoing->manifest.layers[i].digest;
        CLEANUP(recode_free) struct recode recode = { .fd = -1 };

        reshape_note_blob(reshape, gzip ? "Compressing blob" : "Decompressing blob", digest);
        if (recode_blob(outgoing->blobs[i], digest, outgoing->diff_ids.items[i], gzip,
                        reshape->cancel, &recode, err) < 0)
                return -1;
        outgoing_replace_layer(outgoing, i, steal_fd(&recode.fd), recode.digest, recode.size,
                               gzip ? "+gzip" : "");
        return 0;
}

/* What a layer of that media type's ending has to become. */
static enum reshape_to reshape_wanted(const struct reshape *reshape, const char *suffix)
{
        bool docker = reshape->convert && reshape->form == OUTGOING_DOCKER;

        if (!suffix)
                return RESHAPE_KEEP;
        if (reshape->layers == RESHAPE_LAYERS_PLAIN)
                return *suffix ? RESHAPE_PLAIN : RESHAPE_KEEP;
        if (reshape->layers == RESHAPE_LAYERS_COMPRESSED && !*suffix)
                return RESHAPE_GZIP;
        return docker && str_equal(suffix, "+zstd") ? RESHAPE_GZIP : RESHAPE_KEEP;
}

int reshape_image(const struct reshape *reshape, struct outgoing *outgoing, struct error *err)
{
        AUTO_FREE char *before = str_dup(outgoing->digest);
        AUTO_FREE char *text = NULL;
        bool changed = false;

        for (size_t i = 0; i < outgoing->manifest.layer_count; i++) {
                enum reshape_to to = reshape_wanted(reshape, outgoing_suffix(outgoing, i));

                if (to != RESHAPE_KEEP &&
                    reshape_layer(reshape, outgoing, i, to == RESHAPE_GZIP, err) < 0)
                        return -1;
                changed = changed || to != RESHAPE_KEEP;
        }
        if (changed)
                outgoing_rewrite(outgoing);
        if (reshape->convert && outgoing_convert(outgoing, reshape->form, err) < 0)
                return -1;
        if (!outgoing->converted)
                return 0;
        text = str_format("the manifest %s had to be written anew, and is %s there", before,
                          outgoing->digest);
        if (reshape->note)
                reshape->note(reshape->context, true, text);
        return 0;
}
