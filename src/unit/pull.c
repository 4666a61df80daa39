/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Getting images: [Image], and the keys of other sections that say when and how to pull. */
#include "../base/duration.h"
#include "../base/pull-policy.h"
#include "translate.h"
#include "words.h"

#include <stdlib.h>

/* What systemd expands cannot be checked here. */
static bool is_open(const char *text)
{
        return strpbrk(text, "%$") != NULL;
}

/* A wrong policy would cost the start, and say so only then. */
int emit_pull_policy(struct translation *t, const struct unit_key *row, const struct values *values,
                     struct error *err)
{
        const struct value *value = &values->items[0];
        const char *word = pull_policy_word(value->text);
        const char *nearest = pull_policy_nearest(value->text);

        if (!word && !is_open(value->text))
                return unit_error(err, value->line,
                                  "%s=%s: not always, missing, never or newer%s%s%s", row->name,
                                  value->text, nearest ? "; did you mean " : "",
                                  nearest ? nearest : "", nearest ? "?" : "");
        words_add_text(&t->args, row->option);
        words_add(&t->args, word ? word : value->text);
        return 0;
}

int emit_retry(struct translation *t, const struct unit_key *row, const struct values *values,
               struct error *err)
{
        const struct value *value = &values->items[0];
        unsigned long long tries;

        if (!is_open(value->text) && !str_to_u64(value->text, 1000, &tries))
                return unit_error(err, value->line, "%s=%s: not a number of tries", row->name,
                                  value->text);
        return emit_option(t, row, values, err);
}

int emit_retry_delay(struct translation *t, const struct unit_key *row, const struct values *values,
                     struct error *err)
{
        const struct value *value = &values->items[0];
        uint64_t milliseconds;

        if (!is_open(value->text) && !duration_parse(value->text, &milliseconds))
                return unit_error(err, value->line, "%s=%s: not a time, such as 5s or 1m30s",
                                  row->name, value->text);
        return emit_option(t, row, values, err);
}

/* What may stand in front of an image (containers-transports(5)), and whether it is a path then. */
static const struct pull_transport {
        const char *name;
        bool path;
} pull_transports[] = {
        { "docker://", false },
        { "oci:", true },
        { "oci-archive:", true },
        { "docker-archive:", true },
        { "dir:", true },
        { "tarball:", true },
        { "docker-daemon:", false },
        { "containers-storage:", false },
        { "ostree:", false },
        { "sif:", true },
        { NULL, false },
};

static const struct pull_transport *find_transport(const char *image)
{
        for (const struct pull_transport *transport = pull_transports; transport->name; transport++)
                if (str_has_prefix(image, transport->name))
                        return transport;
        return NULL;
}

/* What the image comes from has to be there, and a name has to be a full one. */
static void check_source(struct translation *t, const struct value *value)
{
        const char *image = value->text;
        const struct pull_transport *transport = find_transport(image);
        const char *place = transport ? image + strlen(transport->name) : image;
        AUTO_FREE char *path = NULL;

        if (!transport) {
                reference_warn_short(t, image, value->line);
        } else if (transport->path && *place == '/') {
                path = str_dupn(place, strcspn(place, ":"));
                reference_mount(t, path);
        }
}

/* The words in front of it are of the keys before, so that this is the last of all. */
int emit_pull_image(struct translation *t, const struct unit_key *row, const struct values *values,
                    struct error *err)
{
        (void)row;
        if (!values->count) {
                unit_error_file(err, t->source->path, "Image= is not set in [Image]");
                return error_alias(err, "no Image key specified");
        }
        check_source(t, &values->items[0]);
        words_add(&t->args, values->items[0].text);
        return 0;
}

int translate_image(struct translation *t, struct error *err)
{
        if (translate_oneshot(t, "image pull", err) < 0)
                return -1;
        /* For the status, and to be waited for as long as bytes arrive. */
        translate_default(t, "NotifyAccess", "main");
        translate_exec(t, "ExecStart", &t->args);
        return 0;
}
