/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "port.h"

#include "../base/str.h"

#include <netinet/in.h>

static const struct port_name {
        const char *name;
        unsigned char protocol;
} port_names[] = {
        { "tcp", IPPROTO_TCP },
        { "udp", IPPROTO_UDP },
        { "sctp", IPPROTO_SCTP },
};

const char *port_protocol_name(unsigned char protocol)
{
        for (size_t i = 0; i < sizeof port_names / sizeof *port_names; i++)
                if (port_names[i].protocol == protocol)
                        return port_names[i].name;
        return NULL;
}

unsigned char port_protocol(const char *name)
{
        for (size_t i = 0; i < sizeof port_names / sizeof *port_names; i++)
                if (str_equal_nocase(port_names[i].name, name))
                        return port_names[i].protocol;
        return 0;
}

/* PORT or FIRST-LAST; false where it is neither. */
static bool port_parse_range(const char *text, uint16_t *ret_first, uint16_t *ret_count)
{
        const char *dash = strchr(text, '-');
        AUTO_FREE char *low = str_dupn(text, dash ? (size_t)(dash - text) : strlen(text));
        unsigned long long first, last;

        if (!str_to_u64(low, PORT_MAX, &first) || first == 0)
                return false;
        last = first;
        if (dash && (!str_to_u64(dash + 1, PORT_MAX, &last) || last < first))
                return false;
        *ret_first = (uint16_t)first;
        *ret_count = (uint16_t)(last - first + 1);
        return true;
}

/* Cut the text behind the last `mark` off and return it; NULL where there is no mark. */
static char *port_cut(char *text, char mark)
{
        char *at = strrchr(text, mark);

        if (at)
                *at++ = '\0';
        return at;
}

static bool port_parse_address(char *text, struct address *ret)
{
        size_t length = strlen(text);
        bool bracketed = length >= 2 && text[0] == '[' && text[length - 1] == ']';

        if (bracketed)
                text[length - 1] = '\0';
        if (!address_parse(text + bracketed, ret))
                return false;
        return !bracketed || ret->family == AF_INET6;
}

/* What is in front of the container's port: [ADDRESS:][HOST] */
static int port_parse_host(char *text, const char *whole, struct port *port, struct error *err)
{
        char *host = port_cut(text, ':');
        AUTO_FREE char *address = str_dup(text);
        uint16_t first, count;

        if (host && *text && !port_parse_address(address, &port->address))
                return error_set(err, EINVAL, "'%s': '%s' is no IP address", whole, text);
        if (!host)
                host = text;
        if (!*host)
                return 0;
        if (!port_parse_range(host, &first, &count))
                return error_set(err, EINVAL,
                                 "'%s': the host's port '%s' is not PORT or FIRST-LAST", whole,
                                 host);
        port->host = first;
        if (count == port->count)
                return 0;
        if (port->count != 1)
                return error_set(err, EINVAL, "'%s': %u ports of the host for %u of the container",
                                 whole, count, port->count);
        port->choices = count;
        return 0;
}

int port_parse(const char *text, struct port *ret, struct error *err)
{
        AUTO_FREE char *copy = str_dup(text);
        struct port port = { .protocol = IPPROTO_TCP };
        char *protocol = port_cut(copy, '/');
        char *container = port_cut(copy, ':');

        if (protocol)
                port.protocol = port_protocol(protocol);
        if (!port.protocol)
                return error_set(err, EINVAL, "'%s': the protocol is none of tcp, udp, sctp", text);
        if (!port_parse_range(container ? container : copy, &port.container, &port.count))
                return error_set(err, EINVAL,
                                 "'%s': the container's port '%s' is not PORT or FIRST-LAST", text,
                                 container ? container : copy);
        if (container && port_parse_host(copy, text, &port, err) < 0)
                return -1;
        *ret = port;
        return 0;
}

static void port_append_range(struct strbuf *text, uint16_t first, uint16_t count)
{
        strbuf_appendf(text, "%u", first);
        if (count > 1)
                strbuf_appendf(text, "-%u", first + count - 1u);
}

char *port_format(const struct port *port)
{
        struct strbuf text = { 0 };
        char buffer[ADDRESS_TEXT] = "0.0.0.0";

        if (port->address.family)
                address_format(&port->address, buffer);
        strbuf_appendf(&text, port->address.family == AF_INET6 ? "[%s]:" : "%s:", buffer);
        port_append_range(&text, port->host, port->count);
        strbuf_append(&text, "->");
        port_append_range(&text, port->container, port->count);
        strbuf_appendf(&text, "/%s", port_protocol_name(port->protocol));
        return strbuf_steal(&text);
}

static bool port_meets(const struct address *a, const struct address *b)
{
        if (!a->family || !b->family)
                return true;
        if (a->family != b->family)
                return false;
        return address_is_any(a) || address_is_any(b) || address_equal(a, b);
}

bool port_conflicts(const struct port *a, const struct port *b)
{
        return a->protocol == b->protocol && a->host < b->host + b->count &&
               b->host < a->host + a->count && port_meets(&a->address, &b->address);
}
