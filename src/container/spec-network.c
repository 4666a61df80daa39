/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec-network.h"

int spec_add_network(const struct container_spec *spec, const char *text,
                     struct join_request *request, struct error *err)
{
        struct join_network *network = join_add_network(request);

        if (join_network_parse(text, network, err) < 0)
                return error_wrap(err, "--network %s", text);
        if (spec->ip)
                address_parse(spec->ip, &network->ip);
        if (spec->ip6)
                address_parse(spec->ip6, &network->ip6);
        if (spec->mac)
                str_replace(&network->mac, spec->mac);
        return 0;
}

void spec_add_servers(const struct container_spec *spec, struct join_request *request)
{
        if (!strv_contains(&spec->dns, "none"))
                strv_append_all(&request->servers, &spec->dns);
}
