/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "environment.h"

#include "../base/io.h"

#include <errno.h>
#include <fcntl.h>

enum {
        ENVIRONMENT_FILE_MAX = 16 << 20
};

/* Whether pair is NAME=… with a name of that length. */
static bool environment_is(const char *pair, const char *name, size_t length)
{
        return strncmp(pair, name, length) == 0 && pair[length] == '=';
}

void environment_set(struct strv *list, const char *pair)
{
        size_t length = strcspn(pair, "=");
        char *copy = pair[length] ? str_dup(pair) : str_format("%s=", pair);

        for (size_t i = 0; i < list->count; i++) {
                if (environment_is(list->items[i], copy, length)) {
                        free(list->items[i]);
                        list->items[i] = copy;
                        return;
                }
        }
        strv_append_owned(list, copy);
}

void environment_set_value(struct strv *list, const char *name, const char *value)
{
        AUTO_FREE char *pair = str_format("%s=%s", name, value);

        environment_set(list, pair);
}

void environment_unset(struct strv *list, const char *name)
{
        size_t kept = 0;

        for (size_t i = 0; i < list->count; i++) {
                if (environment_is(list->items[i], name, strlen(name)))
                        free(list->items[i]);
                else
                        list->items[kept++] = list->items[i];
        }
        list->count = kept;
        if (list->items)
                list->items[kept] = NULL;
}

const char *environment_get(char *const *environment, const char *name)
{
        size_t length = strlen(name);

        for (; environment && *environment; environment++)
                if (environment_is(*environment, name, length))
                        return *environment + length + 1;
        return NULL;
}

void environment_apply(struct strv *list, const char *text, char *const *host)
{
        size_t length = strlen(text);

        if (strchr(text, '=')) {
                environment_set(list, text);
        } else if (length && text[length - 1] == '*') {
                for (; host && *host; host++)
                        if (strncmp(*host, text, length - 1) == 0)
                                environment_set(list, *host);
        } else if (environment_get(host, text)) {
                environment_set_value(list, text, environment_get(host, text));
        }
}

int environment_apply_file(struct strv *list, const char *text, const char *name, char *const *host,
                           struct error *err)
{
        AUTO_STRV struct strv lines = { 0 };

        strv_split(&lines, text, "\n", true);
        for (size_t i = 0; i < lines.count; i++) {
                char *line = lines.items[i];
                size_t length = strlen(line);

                if (length && line[length - 1] == '\r')
                        line[length - 1] = '\0';
                line += strspn(line, " \t");
                if (!*line || *line == '#')
                        continue;
                if (*line == '=')
                        return error_set(err, EINVAL, "%s:%zu: the name in front of = is empty",
                                         name, i + 1);
                if (line[strcspn(line, "= \t")] != '=' && line[strcspn(line, " \t")])
                        return error_set(err, EINVAL, "%s:%zu: the name '%.*s' holds a blank", name,
                                         i + 1, (int)strcspn(line, "="), line);
                environment_apply(list, line, host);
        }
        return 0;
}

int environment_read_file(struct strv *list, const char *path, char *const *host, struct error *err)
{
        AUTO_FREE char *text = NULL;
        size_t length;

        if (io_read_file(AT_FDCWD, path, ENVIRONMENT_FILE_MAX, &text, &length, err) < 0)
                return error_wrap(err, "--env-file");
        if (strlen(text) != length)
                return error_set(err, EINVAL, "--env-file %s: holds a NUL byte", path);
        return environment_apply_file(list, text, path, host, err);
}
