/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom a container asks for names: what its resolv.conf is to say. */
#include "connect-parts.h"
#include "forwarder.h"

/* The first network with a name service that is, or is not, internal. */
static bool nameservers_find(const struct connection *connection, bool internal, size_t *ret)
{
        const struct joined *joined = &connection->joined;

        for (size_t i = 0; i < joined->network_count; i++)
                if (joined->networks[i].dns && joined->networks[i].gateways.count &&
                    connection->networks[i].internal == internal) {
                        *ret = i;
                        return true;
                }
        return false;
}

static void nameservers_add(struct joined *joined, const char *address)
{
        if (!strv_contains(&joined->nameservers, address))
                strv_append(&joined->nameservers, address);
}

/* The networks' own servers, of which one address is enough, and first those that know names of
 * the world. Without any, the servers that the networks name. */
static void nameservers_describe_common(struct connection *connection)
{
        struct joined *joined = &connection->joined;

        for (int internal = 0; internal < 2; internal++)
                for (size_t i = 0; i < joined->network_count; i++)
                        if (joined->networks[i].dns && joined->networks[i].gateways.count &&
                            connection->networks[i].internal == internal)
                                nameservers_add(joined, joined->networks[i].gateways.items[0]);
        if (joined->nameservers.count)
                return;
        for (size_t i = 0; i < joined->network_count; i++)
                for (size_t j = 0; j < connection->networks[i].dns_servers.count; j++)
                        nameservers_add(joined, connection->networks[i].dns_servers.items[j]);
}

/* Where there can be none, the container has its servers and no names. */
static int nameservers_lease(struct connection *connection, size_t number, const char *name,
                             struct address *ret, struct error *err)
{
        const struct connect_context *context = connection->context;
        AUTO_ERROR struct error none = { 0 };

        if (forwarder_lease(context->storage, &connection->networks[number], name, context->alive,
                            ret, &none) == 0)
                return 1;
        if (none.code != ENOSPC && none.code != ENOENT)
                return error_set(err, none.code, "%s", none.message);
        strv_appendf(&connection->joined.notes,
                     "it asks its own name servers, which know no containers: %s", none.message);
        return 0;
}

/* An internal network's service asks nobody, and says so: then the next one is asked. */
static int nameservers_describe_own(struct connection *connection, struct error *err)
{
        const struct strv *servers = &connection->request->servers;
        struct joined *joined = &connection->joined;
        AUTO_FREE char *name = NULL;
        struct address address;
        char text[ADDRESS_TEXT];
        size_t number;
        int leased;

        if (!nameservers_find(connection, false, &number)) {
                if (!nameservers_find(connection, true, &number))
                        return 0;
                nameservers_add(joined, joined->networks[number].gateways.items[0]);
                strv_append_all(&joined->nameservers, servers);
                strv_append_all(&joined->servers, servers);
                return 0;
        }
        name = forwarder_name(joined->networks[number].network, servers);
        leased = nameservers_lease(connection, number, name, &address, err);
        if (leased <= 0)
                return leased;
        nameservers_add(joined, address_format(&address, text));
        strv_append_all(&joined->servers, servers);
        joined->forwarder = steal_ptr(&name);
        return 0;
}

int nameservers_describe(struct connection *connection, struct error *err)
{
        if (connection->request->servers.count && nameservers_describe_own(connection, err) < 0)
                return -1;
        if (!connection->joined.servers.count)
                nameservers_describe_common(connection);
        return 0;
}
