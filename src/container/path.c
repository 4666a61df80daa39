/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "path.h"

#include "../base/str.h"

char *path_clean(const char *path)
{
        struct strbuf buf = { 0 };

        while (*path) {
                size_t length = strcspn(path, "/");

                if (length == 2 && path[0] == '.' && path[1] == '.') {
                        while (buf.length && buf.data[--buf.length] != '/')
                                ;
                        if (buf.data)
                                buf.data[buf.length] = '\0';
                } else if (length && !(length == 1 && path[0] == '.')) {
                        strbuf_append_char(&buf, '/');
                        strbuf_append_n(&buf, path, length);
                }
                path += length + (path[length] == '/');
        }
        if (!buf.length)
                strbuf_append_char(&buf, '/');
        return strbuf_steal(&buf);
}

bool path_is_below(const char *path, const char *directory)
{
        const char *rest = str_after(path, directory);

        return str_equal(directory, "/") || (rest && (!*rest || *rest == '/'));
}

unsigned path_depth(const char *path)
{
        unsigned depth = 0;

        for (; *path; path++)
                depth += path[0] == '/' && path[1];
        return depth;
}
