/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "published.h"

#include "../base/io.h"
#include "../base/str.h"

#include <netinet/in.h>

enum {
        PUBLISHED_FILE_MAX = 64 * 1024 * 1024,
        PUBLISHED_WORDS = 8,
};

void published_free(struct published_list *list)
{
        for (size_t i = 0; i < list->count; i++)
                free(list->items[i].label);
        free(list->items);
        *list = (struct published_list){ 0 };
}

void published_add(struct published_list *list, const struct published *published)
{
        struct published copy = *published;

        copy.label = str_dup(published->label);
        list->items = alloc_grow(list->items, list->count + 1, sizeof *list->items);
        list->items[list->count++] = copy;
}

void published_remove(struct published_list *list, const char *label,
                      struct published_list *ret_removed)
{
        size_t kept = 0;

        for (size_t i = 0; i < list->count; i++) {
                if (str_equal(list->items[i].label, label)) {
                        published_add(ret_removed, &list->items[i]);
                        free(list->items[i].label);
                } else {
                        list->items[kept++] = list->items[i];
                }
        }
        list->count = kept;
}

const struct published *published_find_conflict(const struct published_list *list,
                                                const struct port *port)
{
        for (size_t i = 0; i < list->count; i++)
                if (port_conflicts(&list->items[i].port, port))
                        return &list->items[i];
        return NULL;
}

static bool published_number(const char *word, unsigned long long least, uint16_t *ret)
{
        unsigned long long number;

        if (!str_to_u64(word, PORT_MAX, &number) || number < least)
                return false;
        *ret = (uint16_t)number;
        return true;
}

static bool published_address(const char *word, int family, struct address *ret)
{
        if (str_equal(word, "-") || str_equal(word, "*"))
                return true;
        return address_parse(word, ret) && (!family || ret->family == family);
}

static void published_parse_line(const char *line, struct published_list *list)
{
        AUTO_STRV struct strv words = { 0 };
        struct published one = { 0 };
        struct port *port = &one.port;

        strv_split(&words, line, " ", false);
        if (words.count != PUBLISHED_WORDS)
                return;
        one.label = words.items[0];
        port->protocol = port_protocol(words.items[1]);
        if (port->protocol && published_address(words.items[2], 0, &port->address) &&
            published_number(words.items[3], 1, &port->host) &&
            published_number(words.items[4], 1, &port->count) &&
            published_number(words.items[5], 1, &port->container) &&
            published_address(words.items[6], AF_INET, &one.to4) &&
            published_address(words.items[7], AF_INET6, &one.to6) &&
            port->host + port->count <= PORT_MAX + 1 &&
            port->container + port->count <= PORT_MAX + 1)
                published_add(list, &one);
}

void published_parse(const char *text, struct published_list *ret)
{
        AUTO_STRV struct strv lines = { 0 };

        strv_split(&lines, text, "\n", false);
        for (size_t i = 0; i < lines.count; i++)
                published_parse_line(lines.items[i], ret);
}

static const char *published_or(const struct address *address, const char *none, char *buffer)
{
        return address->family ? address_format(address, buffer) : none;
}

char *published_text(const struct published_list *list)
{
        struct strbuf text = { 0 };

        for (size_t i = 0; i < list->count; i++) {
                const struct published *one = &list->items[i];
                char host[ADDRESS_TEXT], to4[ADDRESS_TEXT], to6[ADDRESS_TEXT];

                strbuf_appendf(&text, "%s %s %s %u %u %u %s %s\n", one->label,
                               port_protocol_name(one->port.protocol),
                               published_or(&one->port.address, "*", host), one->port.host,
                               one->port.count, one->port.container,
                               published_or(&one->to4, "-", to4),
                               published_or(&one->to6, "-", to6));
        }
        return strbuf_steal(&text);
}

int published_load(const char *runtime, struct published_list *ret, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/network/ports", runtime);
        AUTO_ERROR struct error missing = { 0 };
        AUTO_FREE char *text = NULL;

        if (io_read_file(AT_FDCWD, path, PUBLISHED_FILE_MAX, &text, NULL, &missing) < 0)
                return missing.code == ENOENT ? 0
                                              : error_set(err, missing.code, "%s", missing.message);
        published_parse(text, ret);
        return 0;
}

int published_save(const char *runtime, const struct published_list *list, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/network/ports", runtime);
        AUTO_FREE char *text = published_text(list);

        if (!list->count) {
                if (unlink(path) < 0 && errno != ENOENT)
                        return error_errno(err, errno, "cannot remove %s", path);
                return 0;
        }
        return io_write_file(AT_FDCWD, path, text, strlen(text), 0644, IO_NO_SYNC, err);
}
