/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "generated.h"

#include "../base/io.h"
#include "../unit/words.h"

#include <stdlib.h>
#include <unistd.h>

enum {
        GENERATED_MAX = 1024 * 1024 /* bytes of a unit */
};

static const char *const generated_places[] = { "/run/systemd/generator",
                                                "/run/systemd/generator.early",
                                                "/run/systemd/generator.late" };

static const char generated_mark[] = "\nRuntimeDirectory=crunit/containers/";

/* A search under way. */
struct generated_search {
        const char *container; /* borrowed */
        char *unit;            /* owned; the first that is this one's */
};

/* systemd's specifiers, as far as names of containers have them; unit is "web.service" or
 * "web@1.service". */
static char *generated_expand(const char *name, const char *unit)
{
        AUTO_FREE char *stem = str_dupn(unit, strcspn(unit, "."));
        AUTO_FREE char *prefix = str_dupn(stem, strcspn(stem, "@"));
        const char *instance = strchr(stem, '@') ? strchr(stem, '@') + 1 : "";
        AUTO_STRBUF struct strbuf whole = { 0 };

        for (; *name; name++) {
                if (name[0] != '%' || !name[1]) {
                        strbuf_append_char(&whole, *name);
                        continue;
                }
                name++;
                if (*name == 'N')
                        strbuf_append(&whole, stem);
                else if (*name == 'p' || *name == 'P')
                        strbuf_append(&whole, prefix);
                else if (*name == 'i' || *name == 'I')
                        strbuf_append(&whole, instance);
                else
                        strbuf_append_char(&whole, *name);
        }
        return strbuf_steal(&whole);
}

/* Whose container a unit's text says that it is; NULL: nobody's. */
static char *generated_name(const char *text, const char *unit)
{
        const char *at = strstr(text, generated_mark);
        AUTO_FREE char *name = NULL;

        if (!at)
                return NULL;
        at += strlen(generated_mark);
        name = str_dupn(at, strcspn(at, "@\n"));
        return generated_expand(name, unit);
}

static int generated_look_into(int dir, const char *unit, void *context, struct error *err)
{
        struct generated_search *search = context;
        AUTO_FREE char *text = NULL, *name = NULL;

        (void)err;
        if (search->unit || !str_has_suffix(unit, ".service") || strstr(unit, "@.") ||
            io_read_file(dir, unit, GENERATED_MAX, &text, NULL, NULL) < 0)
                return 0;
        name = generated_name(text, unit);
        if (str_equal(name, search->container))
                search->unit = str_dup(unit);
        return 0;
}

char *generated_unit_of(const char *container)
{
        struct generated_search search = { container, NULL };

        for (size_t i = 0; i < sizeof generated_places / sizeof *generated_places; i++)
                if (access(generated_places[i], F_OK) == 0)
                        io_each_name(AT_FDCWD, generated_places[i], generated_look_into, &search,
                                     NULL);
        return search.unit;
}

/* The text of a unit; that of an instance is its template's. */
static char *generated_read(const char *unit)
{
        const char *at = strchr(unit, '@');
        AUTO_FREE char *file =
                at ? str_format("%.*s@.service", (int)(at - unit), unit) : str_dup(unit);

        for (size_t i = 0; i < sizeof generated_places / sizeof *generated_places; i++) {
                AUTO_FREE char *path = str_format("%s/%s", generated_places[i], file);
                char *text = NULL;

                if (!strchr(unit, '/') &&
                    io_read_file(AT_FDCWD, path, GENERATED_MAX, &text, NULL, NULL) == 0)
                        return text;
        }
        return NULL;
}

char *generated_container_of(const char *unit)
{
        const char *own = str_after(unit, "crunit-run-");
        AUTO_FREE char *text = NULL;

        if (own && str_has_suffix(own, ".service"))
                return str_dupn(own, strlen(own) - strlen(".service"));
        text = generated_read(unit);
        return text ? generated_name(text, unit) : NULL;
}

bool generated_words(const char *unit, struct strv *ret)
{
        static const char mark[] = "\nExecStart=";
        AUTO_FREE char *text = generated_read(unit);
        const char *at = text ? strstr(text, mark) : NULL;
        AUTO_FREE char *line = NULL;

        if (!at)
                return false;
        at += strlen(mark);
        line = str_dupn(at, strcspn(at, "\n"));
        return words_split(line, WORDS_DECODE, ret, NULL, NULL) == 0;
}
