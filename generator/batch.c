/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "batch.h"

#include <stdlib.h>

void batch_add(struct batch *batch, const char *name, size_t start, struct install *install,
               enum transcript_stage stage)
{
        batch->units[batch->count++] = (struct batch_unit){ .name = str_dup(name),
                                                            .start = start,
                                                            .length = batch->text.length - start,
                                                            .install = *install,
                                                            .stage = stage };
        *install = (struct install){ 0 };
}

static void write_unit(const struct batch *batch, struct batch_unit *unit,
                       const struct output *output, struct transcript *transcript)
{
        AUTO_ERROR struct error err = { 0 };

        unit->written = output_write(output, unit->name, unit->fd, batch->text.data + unit->start,
                                     unit->length, &err) == 0;
        if (!unit->written)
                transcript_add_error(transcript, unit->stage, err.message);
}

static void make_links(const struct batch_unit *unit, const struct output *output,
                       struct transcript *transcript)
{
        for (size_t i = 0; i < unit->install.count; i++) {
                const struct install_link *link = &unit->install.links[i];
                const char *slash = strrchr(link->path, '/');
                AUTO_ERROR struct error err = { 0 };

                if (!slash || strcmp(slash + 1, unit->name) != 0)
                        transcript_add_link(transcript, unit->stage, link->path, link->target);
                else if (output_link(output, link->path, link->target, &err) < 0)
                        transcript_add_error(transcript, unit->stage, err.message);
        }
}

static void batch_clear(struct batch *batch)
{
        for (size_t i = 0; i < batch->count; i++) {
                free(batch->units[i].name);
                install_free(&batch->units[i].install);
        }
        batch->count = 0;
        batch->text.length = 0;
}

static void write_all(struct batch *batch, const struct output *output,
                      const struct partner *partner, struct transcript *transcript)
{
        for (size_t i = 0; i < batch->count; i++)
                batch->units[i].fd = output_create(output, batch->units[i].name);
        partner_leave(partner);
        for (size_t i = 0; i < batch->count; i++)
                write_unit(batch, &batch->units[i], output, transcript);
        for (size_t i = 0; i < batch->count; i++)
                if (batch->units[i].written)
                        make_links(&batch->units[i], output, transcript);
        batch_clear(batch);
}

void batch_write(struct batch *batch, const struct output *output, const struct partner *partner,
                 struct transcript *transcript)
{
        if (!batch->count)
                return;
        partner_enter(partner);
        write_all(batch, output, partner, transcript);
}

void batch_write_some(struct batch *batch, const struct output *output,
                      const struct partner *partner, struct transcript *transcript)
{
        if (batch->count == BATCH_UNITS || batch->text.length >= BATCH_TEXT)
                batch_write(batch, output, partner, transcript);
        else if (batch->count >= BATCH_WORTH && partner_try_enter(partner))
                write_all(batch, output, partner, transcript);
}

void batch_free(struct batch *batch)
{
        batch_clear(batch);
        strbuf_free(&batch->text);
}
