/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "slice.h"

#include "str.h"

#include <ctype.h>

/* What is no letter of a unit's name, and '-', which would mean something. */
static void slice_append(struct strbuf *name, const char *text, size_t length)
{
        for (size_t i = 0; i < length; i++) {
                unsigned char c = (unsigned char)text[i];

                if (isalnum(c) || c == ':' || c == '_' || c == '.')
                        strbuf_append_char(name, (char)c);
                else
                        strbuf_appendf(name, "\\x%02x", c);
        }
}

char *slice_name(const char *within, const char *service)
{
        size_t length = strlen(service), prefix = strcspn(service, "@");
        struct strbuf name = { 0 };

        if (str_has_suffix(service, ".service"))
                length -= strlen(".service");
        strbuf_append(&name, within);
        strbuf_append_char(&name, '-');
        slice_append(&name, service, prefix < length ? prefix : length);
        if (prefix + 1 == length)
                strbuf_append(&name, "-%i-limits");
        else if (prefix < length)
                strbuf_appendf(&name, "-%.*s-limits", (int)(length - prefix - 1),
                               service + prefix + 1);
        strbuf_append(&name, ".slice");
        return strbuf_steal(&name);
}
