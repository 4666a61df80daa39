/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transcript.h"

#include <stdlib.h>

/* An entry is its kind and a string, NUL included: '0' and on, by level, are messages. A link's
 * target is a string of its own behind it. */
enum {
        KIND_MESSAGE = '0',
        KIND_LINK = 'L',
};

static void add(struct strbuf *entries, char kind, const char *text)
{
        strbuf_append_char(entries, kind);
        strbuf_append_n(entries, text, strlen(text) + 1);
}

void transcript_take(void *transcript, const struct report_message *message)
{
        struct transcript *own = transcript;
        AUTO_FREE char *line = report_line(message);

        add(&own->stages[own->stage], (char)(KIND_MESSAGE + (int)message->level), line);
}

void transcript_add_error(struct transcript *transcript, enum transcript_stage stage,
                          const char *message)
{
        add(&transcript->stages[stage], KIND_MESSAGE + REPORT_ERROR, message);
}

void transcript_add_link(struct transcript *transcript, enum transcript_stage stage,
                         const char *path, const char *target)
{
        add(&transcript->stages[stage], KIND_LINK, path);
        strbuf_append_n(&transcript->stages[stage], target, strlen(target) + 1);
}

/* Each stage ends with an empty string, which no entry is. */
void transcript_write(const struct transcript *transcript, struct strbuf *buf)
{
        for (size_t i = 0; i < STAGES; i++) {
                strbuf_append_n(buf, transcript->stages[i].data, transcript->stages[i].length);
                strbuf_append_n(buf, "", 1);
        }
}

bool transcript_read(struct transcript *transcript, FILE *in)
{
        AUTO_FREE char *string = NULL;
        size_t capacity = 0;

        for (size_t i = 0; i < STAGES; i++) {
                ssize_t length;

                while ((length = getdelim(&string, &capacity, '\0', in)) > 1)
                        strbuf_append_n(&transcript->stages[i], string, (size_t)length);
                if (length < 1)
                        return false;
        }
        return true;
}

static void play_stage(const struct strbuf *entries, const struct output *output,
                       struct report *report)
{
        const struct error_place nowhere = { 0 };

        for (size_t at = 0; at < entries->length;) {
                const char *entry = entries->data + at;
                AUTO_ERROR struct error err = { 0 };

                at += strlen(entry) + 1;
                if (*entry != KIND_LINK) {
                        report_at(report, (enum report_level)(*entry - KIND_MESSAGE), nowhere, "%s",
                                  entry + 1);
                        continue;
                }
                if (output_link(output, entry + 1, entries->data + at, &err) < 0)
                        report_failure(report, &err);
                at += strlen(entries->data + at) + 1;
        }
}

void transcript_play(const struct transcript *transcript, const struct output *output,
                     struct report *report)
{
        for (size_t i = 0; i < STAGES; i++)
                play_stage(&transcript->stages[i], output, report);
}

void transcript_free(struct transcript *transcript)
{
        for (size_t i = 0; i < STAGES; i++)
                strbuf_free(&transcript->stages[i]);
}
