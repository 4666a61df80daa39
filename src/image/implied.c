/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "implied.h"

#include "../base/io.h"
#include "tree.h"

#include <errno.h>

int implied_write(int dirfd, const char *path, const struct strv *implied, struct error *err)
{
        AUTO_STRBUF struct strbuf text = { 0 };

        for (size_t i = 0; i < implied->count; i++)
                strbuf_append_n(&text, implied->items[i], strlen(implied->items[i]) + 1);
        return io_write_file(dirfd, path, text.data ? text.data : "", text.length, 0644, IO_NO_SYNC,
                             err);
}

size_t implied_length(const struct strv *implied)
{
        size_t length = 0;

        for (size_t i = 0; i < implied->count; i++)
                length += strlen(implied->items[i]) + 1;
        return length;
}

int implied_read(int dirfd, const char *path, struct strv *implied, struct error *err)
{
        AUTO_ERROR struct error reason = { 0 };
        AUTO_FREE char *text = NULL;
        size_t length = 0;

        if (io_read_file(dirfd, path, TREE_MAX_IMPLIED, &text, &length, &reason) < 0)
                return reason.code == ENOENT ? 0
                                             : error_set(err, reason.code, "%s", reason.message);
        if (length && text[length - 1])
                return error_set(err, EBADMSG, "%s is cut off", path);
        for (const char *at = text; at < text + length; at += strlen(at) + 1)
                strv_append(implied, at);
        return 0;
}
