/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "quadlets.h"

#include "reader.h"
#include "set.h"

#include <stdlib.h>

/* The part being read. */
struct part {
        struct strbuf text;
        char *name;            /* owned; without extension */
        const char *extension; /* static */
        unsigned first;        /* its first line */
        bool any;              /* something but blanks and comments is in it */
};

static void part_free(struct part *part)
{
        strbuf_free(&part->text);
        free(part->name);
}

void quadlets_free(struct quadlets *quadlets)
{
        for (size_t i = 0; i < quadlets->count; i++) {
                free(quadlets->parts[i].name);
                free(quadlets->parts[i].text);
        }
        free(quadlets->parts);
        *quadlets = (struct quadlets){ 0 };
}

static int fail(struct error *err, const char *path, unsigned line, const char *reason)
{
        error_set(err, 0, "%s", reason);
        if (err)
                err->place = (struct error_place){ path, line, 1 };
        return -1;
}

static char *trimmed(const char *start, size_t length)
{
        static const char blanks[] = " \t\r\f\v";

        while (length && strchr(blanks, *start)) {
                start++;
                length--;
        }
        while (length && strchr(blanks, start[length - 1]))
                length--;
        return str_dupn(start, length);
}

/* NAME of "# FileName=NAME", owned, or NULL. */
static char *file_name(const char *line)
{
        const char *rest = str_after(line, "#");

        if (rest)
                rest = str_after(rest + strspn(rest, " \t"), "FileName=");
        return rest ? trimmed(rest, strlen(rest)) : NULL;
}

/* The extension of the type with this header. */
static const char *extension_of(const char *line)
{
        for (const struct unit_type *type = unit_types; type->extension; type++) {
                const char *rest = str_after(line + 1, type->section);

                if (*line == '[' && rest && str_equal(rest, "]"))
                        return type->extension;
        }
        return NULL;
}

static void take_line(struct part *part, const char *line)
{
        char *name = file_name(line);

        if (name) {
                free(part->name);
                part->name = name;
        }
        if (!part->extension && *line)
                part->extension = extension_of(line);
        part->any = part->any || (*line && *line != '#' && *line != ';');
}

static bool has_part(const struct quadlets *quadlets, const char *name)
{
        for (size_t i = 0; i < quadlets->count; i++)
                if (str_equal(quadlets->parts[i].name, name))
                        return true;
        return false;
}

/* Comments alone are no part. */
static int end_part(struct part *part, const char *path, struct quadlets *quadlets,
                    struct error *err)
{
        AUTO_FREE char *name = NULL;

        if (!part->any)
                return 0;
        if (str_empty(part->name))
                return fail(err, path, part->first, "this part has no '# FileName=NAME'");
        if (strchr(part->name, '/') || part->name[0] == '.')
                return fail(err, path, part->first, "FileName= is not the name of a file");
        if (!part->extension)
                return fail(err, path, part->first,
                            "this part has no section that says what it is, as [Container]");
        name = str_has_suffix(part->name, part->extension)
                       ? str_dup(part->name)
                       : str_concat(part->name, part->extension);
        if (has_part(quadlets, name))
                return fail(err, path, part->first, "another part has the same FileName=");
        quadlets->parts = alloc_grow(quadlets->parts, quadlets->count + 1, sizeof *quadlets->parts);
        quadlets->parts[quadlets->count++] =
                (struct quadlet_part){ steal_str(&name), strbuf_steal(&part->text) };
        return 0;
}

int quadlets_split(const char *text, const char *path, struct quadlets *ret, struct error *err)
{
        AUTO_QUADLETS struct quadlets quadlets = { 0 };
        CLEANUP(part_free) struct part part = { .first = 1 };
        unsigned number = 0;

        while (*text) {
                size_t length = strcspn(text, "\n");
                AUTO_FREE char *line = trimmed(text, length);

                number++;
                if (str_equal(line, "---")) {
                        if (end_part(&part, path, &quadlets, err) < 0)
                                return -1;
                        part_free(&part);
                        part = (struct part){ .first = number + 1 };
                } else {
                        take_line(&part, line);
                        strbuf_append_n(&part.text, text, length);
                        strbuf_append_char(&part.text, '\n');
                }
                text += length + (text[length] == '\n');
        }
        if (end_part(&part, path, &quadlets, err) < 0)
                return -1;
        if (!quadlets.count)
                return fail(err, path, 0, "there is no container file in it");
        *ret = quadlets;
        quadlets = (struct quadlets){ 0 };
        return 0;
}
