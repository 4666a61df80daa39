/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what was asked for (--network, --ip, --ip6, --mac-address) to what is asked of the network.
 */
#pragma once

#include "../network/join.h"
#include "spec.h"

/* One more network of the request: text is NAME[:OPTIONS], the addresses are the spec's. */
int spec_add_network(const struct container_spec *spec, const char *text,
                     struct join_request *request, struct error *err);
/* Its own name servers, if it has any and is to have a resolv.conf. */
void spec_add_servers(const struct container_spec *spec, struct join_request *request);
