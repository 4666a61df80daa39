/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "names.h"

#include <netinet/in.h>
#include <unistd.h>

enum {
        NAMES_LABEL_MAX = 63, /* RFC 1035, 2.3.4 */
        NAMES_NAME_MAX = 253, /* as text, without the last dot */
        NAMES_CACHE = 1000,   /* answers of others that are kept */
};

bool names_wanted(const struct network *network)
{
        struct network_options options;

        network_read_options(network, &options);
        if (!network->dns || network->driver != NETWORK_BRIDGE || options.unmanaged)
                return false;
        for (size_t i = 0; i < network->subnet_count; i++)
                if (network->subnets[i].gateway.family)
                        return true;
        return false;
}

/* Nobody is asked for names of one word, for addresses of the network itself, and by an internal
 * network, for anything. The file of the machine's own servers is read again when it changes. */
static void names_config_servers(struct strbuf *text, const struct network *network,
                                 const char *resolv_conf, const struct names_own *own)
{
        const struct strv *servers = own ? own->servers : &network->dns_servers;

        if (network->internal || servers->count)
                strbuf_append(text, "no-resolv\n");
        else
                strbuf_appendf(text, "resolv-file=%s\n", resolv_conf);
        /* As a container would ask them. */
        if (own)
                strbuf_append(text, "strict-order\n");
        for (size_t i = 0; !network->internal && i < servers->count; i++)
                strbuf_appendf(text, "server=%s\n", servers->items[i]);
        for (size_t i = 0; i < network->subnet_count; i++) {
                char buffer[ADDRESS_TEXT];

                strbuf_appendf(text, "rev-server=%s\n",
                               subnet_format(&network->subnets[i].subnet, buffer));
        }
}

char *names_config(const struct network *network, const char *directory, const char *resolv_conf,
                   const struct names_own *own)
{
        AUTO_STRBUF struct strbuf text = { 0 };

        strbuf_appendf(&text,
                       "# Names of network %s; made anew when its first container starts.\n"
                       "interface=%s\n"
                       "except-interface=lo\n"
                       "bind-dynamic\n"
                       "no-hosts\n"
                       "no-ident\n"
                       "cache-size=%d\n"
                       "hostsdir=%s/hosts\n"
                       "servers-file=%s/forwards\n"
                       "local=/" NAMES_DOMAIN "/\n"
                       "domain-needed\n",
                       network->name, own ? own->label : network->interface, NAMES_CACHE, directory,
                       directory);
        names_config_servers(&text, network, resolv_conf, own);
        return strbuf_steal(&text);
}

/* Whether DNS can carry it with `behind` letters more. */
static bool names_fits(const char *name, size_t behind)
{
        size_t length = 0;

        if (!*name || strlen(name) + behind > NAMES_NAME_MAX)
                return false;
        for (const char *c = name;; c++) {
                if (*c && *c != '.') {
                        length++;
                        continue;
                }
                if (!length || length > NAMES_LABEL_MAX)
                        return false;
                if (!*c)
                        return true;
                length = 0;
        }
}

char *names_hosts(const struct joined_network *joined)
{
        AUTO_STRBUF struct strbuf names = { 0 }, text = { 0 };
        size_t behind = strlen(joined->network) + strlen(NAMES_DOMAIN) + 2;

        for (size_t i = 0; i < joined->names.count; i++) {
                const char *name = joined->names.items[i];

                if (!names_fits(name, behind) || strpbrk(name, " \t\n#"))
                        continue;
                strbuf_appendf(&names, " %s %s." NAMES_DOMAIN " %s.%s." NAMES_DOMAIN, name, name,
                               name, joined->network);
        }
        for (size_t i = 0; names.length && i < joined->addresses.count; i++) {
                const char *address = joined->addresses.items[i];

                strbuf_appendf(&text, "%.*s%s\n", (int)strcspn(address, "/"), address, names.data);
        }
        return strbuf_steal(&text);
}

/* Names and addresses of that network are what its own server knows. */
static void names_forward(struct strbuf *text, const struct joined_network *to)
{
        if (!to->gateways.count)
                return;
        strbuf_appendf(text, "server=/%s." NAMES_DOMAIN "/%s\n", to->network,
                       to->gateways.items[0]);
        for (size_t i = 0; i < to->addresses.count; i++) {
                struct subnet subnet;
                char buffer[ADDRESS_TEXT];

                if (subnet_parse(to->addresses.items[i], false, &subnet, NULL) == 0)
                        strbuf_appendf(text, "rev-server=%s,%s\n", subnet_format(&subnet, buffer),
                                       to->gateways.items[0]);
        }
}

char *names_forwards(const struct joined *member, const char *network)
{
        AUTO_STRBUF struct strbuf text = { 0 };
        bool on = false;

        for (size_t i = 0; i < member->network_count; i++)
                if (member->networks[i].dns && str_equal(member->networks[i].network, network))
                        on = true;
        for (size_t i = 0; on && i < member->network_count; i++)
                if (member->networks[i].dns && !str_equal(member->networks[i].network, network))
                        names_forward(&text, &member->networks[i]);
        return strbuf_steal(&text);
}

void names_search(const struct joined *joined, struct strv *ret)
{
        size_t count = 0;

        for (size_t i = 0; i < joined->network_count; i++)
                count += joined->networks[i].dns;
        if (count)
                strv_append(ret, NAMES_DOMAIN);
        for (size_t i = 0; count > 1 && i < joined->network_count; i++)
                if (joined->networks[i].dns)
                        strv_appendf(ret, "%s." NAMES_DOMAIN, joined->networks[i].network);
}
