/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "expand.h"

#include "../base/str.h"
#include "environment.h"

/* The length of a name at the beginning of a text. */
static size_t expand_name(const char *text)
{
        static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
        static const char more[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

        return *text && strchr(letters, *text) ? strspn(text, more) : 0;
}

/* What a $ begins; returns how much of the text that is, 0 where it is only a $. */
static size_t expand_one(const char *text, char *const *names, struct strbuf *out)
{
        bool braced = text[1] == '{';
        const char *name = text + 1 + braced;
        size_t length = expand_name(name);
        AUTO_FREE char *wanted = str_dupn(name, length);
        const char *value;

        if (!length || (braced && name[length] != '}'))
                return 0;
        value = environment_get(names, wanted);
        strbuf_append(out, value ? value : "");
        return 1 + 2u * braced + length;
}

char *expand_variables(const char *text, char *const *names)
{
        struct strbuf out = { 0 };

        while (*text) {
                size_t taken = *text == '$' ? expand_one(text, names, &out) : 0;

                if (!taken)
                        strbuf_append_char(&out, *text);
                text += taken ? taken : 1;
        }
        return strbuf_steal(&out);
}
