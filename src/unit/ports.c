/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ExposeHostPort= and PublishPort=: checked here, where the line is known, and passed on as they
 * are. What has a specifier or a variable in it only systemd can know. */
#include "translate.h"

#include <arpa/inet.h>

enum {
        PORT_MAX = 65535
};

/* PORT or FIRST-LAST; *ret_count says how many. */
static bool is_range(const char *text, size_t length, unsigned *ret_count)
{
        AUTO_FREE char *first = str_dupn(text, length);
        char *last = strchr(first, '-');
        unsigned long long low, high;

        if (last)
                *last++ = '\0';
        if (!str_to_u64(first, PORT_MAX, &low) || !str_to_u64(last ? last : first, PORT_MAX, &high))
                return false;
        *ret_count = (unsigned)(high - low + 1);
        return low > 0 && low <= high;
}

/* Cut /PROTOCOL off; false where it is none of ours. */
static bool take_protocol(const char *text, size_t *ret_length)
{
        const char *slash = strchr(text, '/');

        *ret_length = slash ? (size_t)(slash - text) : strlen(text);
        return !slash || str_equal_nocase(slash, "/tcp") || str_equal_nocase(slash, "/udp") ||
               str_equal_nocase(slash, "/sctp");
}

static bool is_open(const char *text)
{
        return strpbrk(text, "$%") != NULL;
}

int emit_expose(struct translation *t, const struct unit_key *row, const struct values *values,
                struct error *err)
{
        for (size_t i = 0; i < values->count; i++) {
                const struct value *value = &values->items[i];
                unsigned count;
                size_t length;

                if (is_open(value->text) ||
                    (take_protocol(value->text, &length) && is_range(value->text, length, &count)))
                        continue;
                unit_error(err, value->line, "%s=%s: not PORT[-PORT][/tcp or /udp]", row->name,
                           value->text);
                return error_alias(err, "invalid port format '%s'", value->text);
        }
        return emit_option(t, row, values, err);
}

/* An address in front of the ports; IPv6 in brackets or bare. */
static bool is_address(const char *text, size_t length)
{
        AUTO_FREE char *address = NULL;
        struct in6_addr ip;

        if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
                address = str_dupn(text + 1, length - 2);
                return inet_pton(AF_INET6, address, &ip) == 1;
        }
        address = str_dupn(text, length);
        return inet_pton(AF_INET, address, &ip) == 1 || inet_pton(AF_INET6, address, &ip) == 1;
}

static const char *last_colon(const char *text, size_t length)
{
        while (length > 0)
                if (text[--length] == ':')
                        return text + length;
        return NULL;
}

/* [[ADDRESS:][HOSTPORT]:]PORT[/PROTOCOL] */
static const char *check_publish(const char *text)
{
        size_t length;
        const char *colon, *host;
        unsigned inside, outside;

        if (!take_protocol(text, &length))
                return "the protocol is none of tcp, udp, sctp";
        colon = last_colon(text, length);
        if (!is_range(colon ? colon + 1 : text,
                      colon ? (size_t)(text + length - colon - 1) : length, &inside))
                return "the container's port is not PORT or PORT-PORT";
        if (!colon || colon == text)
                return NULL;
        length = (size_t)(colon - text);
        colon = last_colon(text, length);
        host = colon ? colon + 1 : text;
        if (colon && colon > text && !is_address(text, (size_t)(colon - text)))
                return "that is no IP address in front of the ports";
        if (host == text + length)
                return NULL;
        if (!is_range(host, (size_t)(text + length - host), &outside))
                return "the host's port is not PORT or PORT-PORT";
        return outside >= inside ? NULL : "there are fewer ports on the host than in the container";
}

int emit_publish(struct translation *t, const struct unit_key *row, const struct values *values,
                 struct error *err)
{
        for (size_t i = 0; i < values->count; i++) {
                const struct value *value = &values->items[i];
                const char *problem = is_open(value->text) ? NULL : check_publish(value->text);

                if (problem)
                        return unit_error(err, value->line, "%s=%s: %s", row->name, value->text,
                                          problem);
        }
        return emit_option(t, row, values, err);
}
