/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "published.h"

#include "../base/io.h"
#include "../base/str.h"
#include "member.h"

#include <netinet/in.h>
#include <unistd.h>

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

char *published_line(const struct published *published)
{
        char host[ADDRESS_TEXT], to4[ADDRESS_TEXT], to6[ADDRESS_TEXT];

        return str_format("%s %s %s %u %u %u %s %s", published->label,
                          port_protocol_name(published->port.protocol),
                          published_or(&published->port.address, "*", host), published->port.host,
                          published->port.count, published->port.container,
                          published_or(&published->to4, "-", to4),
                          published_or(&published->to6, "-", to6));
}

char *published_text(const struct published_list *list)
{
        struct strbuf text = { 0 };

        for (size_t i = 0; i < list->count; i++) {
                AUTO_FREE char *line = published_line(&list->items[i]);

                strbuf_appendf(&text, "%s\n", line);
        }
        return strbuf_steal(&text);
}

static size_t published_whole_lines(const char *text)
{
        const char *end = strrchr(text, '\n');

        return end ? (size_t)(end - text) + 1 : 0;
}

/* What the last line has to be. */
static char *published_last_line(const struct published_list *list)
{
        return str_format("= %zu\n", list->count);
}

static bool published_has_line(const struct published_list *list, const char *line)
{
        for (size_t i = 0; i < list->count; i++) {
                AUTO_FREE char *other = published_line(&list->items[i]);

                if (str_equal(other, line))
                        return true;
        }
        return false;
}

/* Beside those of the file that are whole, whose end is not. */
static int published_collect(const char *runtime, struct published_list *ret, struct error *err)
{
        AUTO_STRV struct strv labels = { 0 };

        if (member_list(runtime, &labels, err) < 0)
                return -1;
        for (size_t i = 0; i < labels.count; i++) {
                AUTO_JOINED struct joined member = { 0 };

                /* What a container of a pod has is the pod's. */
                if (member_read(runtime, labels.items[i], &member, NULL) < 0 || member.pod)
                        continue;
                for (size_t j = 0; j < member.published.count; j++)
                        if (!published_has_line(ret, member.published.items[j]))
                                published_parse_line(member.published.items[j], ret);
        }
        ret->collected = true;
        return 0;
}

int published_load(const char *runtime, struct published_list *ret, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/network/ports", runtime);
        AUTO_FREE char *text = NULL, *end = NULL;
        AUTO_ERROR struct error unread = { 0 };

        if (io_read_file(AT_FDCWD, path, PUBLISHED_FILE_MAX, &text, NULL, &unread) < 0) {
                if (unread.code != ENOENT && unread.code != EISDIR)
                        return error_set(err, unread.code, "%s", unread.message);
                return published_collect(runtime, ret, err);
        }
        /* Half a line may look like one. */
        text[published_whole_lines(text)] = '\0';
        published_parse(text, ret);
        end = published_last_line(ret);
        return str_has_suffix(text, end) ? 0 : published_collect(runtime, ret, err);
}

int published_save(const char *runtime, const struct published_list *list, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/network/ports", runtime);
        AUTO_FREE char *lines = published_text(list), *end = published_last_line(list);
        AUTO_FREE char *text = str_concat(lines, end);

        return io_write_over(AT_FDCWD, path, text, strlen(text), 0644, IO_NO_SYNC, err);
}

int published_begin(const char *runtime, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/network/ports", runtime);

        return access(path, F_OK) == 0
                       ? 0
                       : published_save(runtime, &(struct published_list){ 0 }, err);
}

int published_end(const char *runtime, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/network/ports", runtime);
        AUTO_PUBLISHED struct published_list list = { 0 };

        if (access(path, F_OK) < 0)
                return 0;
        if (published_load(runtime, &list, err) < 0)
                return -1;
        return list.count ? 0 : io_remove_tree(AT_FDCWD, path, err);
}
