/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "network-setup.h"

#include "../container/place.h"
#include "../container/pod.h"
#include "../container/state.h"
#include "../image/store.h"
#include "../network/forwarder.h"
#include "../network/member.h"

#include <string.h>

static bool network_setup_alive(void *context, const char *label)
{
        AUTO_FREE char *run = place_run(label);
        AUTO_STATE struct container_state state = { 0 };

        const char *forwarder = forwarder_of_label(label);

        (void)context;
        if (forwarder)
                return forwarder_alive(place_runtime(), forwarder);
        if (label[0] == '@') {
                AUTO_POD struct pod pod = { 0 };

                return pod_read(label + 1, &pod, NULL) == 0 && pod_alive(&pod);
        }
        return state_read(run, &state, NULL) == 0 && state_alive(&state);
}

static struct subnet network_setup_subnet(const struct settings_pool *pool)
{
        struct subnet subnet = { .base.family = pool->family, .prefix = pool->prefix };

        memcpy(subnet.base.bytes, pool->base, sizeof subnet.base.bytes);
        return subnet;
}

int network_setup_load(struct network_setup *ret, struct error *err)
{
        const struct settings *settings = &ret->settings;

        if (settings_load(&ret->settings, err) < 0)
                return -1;
        ret->pools.items = alloc_zero(settings->pool_count + 1, sizeof *ret->pools.items);
        for (; ret->pools.count < settings->pool_count; ret->pools.count++) {
                struct pool *pool = &ret->pools.items[ret->pools.count];

                pool->base = network_setup_subnet(&settings->pools[ret->pools.count]);
                pool->size = settings->pools[ret->pools.count].size;
        }
        ret->context = (struct connect_context){
                .storage = store_root_of(settings->storage),
                .runtime = place_runtime(),
                .pools = &ret->pools,
                .default_subnet = network_setup_subnet(&settings->default_subnet),
                .alive = network_setup_alive,
        };
        return 0;
}

void network_setup_free(struct network_setup *setup)
{
        settings_free(&setup->settings);
        pools_free(&setup->pools);
}

static bool network_setup_has(const struct joined *member, const char *network)
{
        for (size_t i = 0; i < member->network_count; i++)
                if (str_equal(member->networks[i].network, network))
                        return true;
        return false;
}

int network_setup_users(const struct network_setup *setup, const char *network, struct strv *ret,
                        struct error *err)
{
        const struct connect_context *context = &setup->context;
        AUTO_STRV struct strv labels = { 0 };

        if (member_list(context->runtime, &labels, err) < 0)
                return -1;
        for (size_t i = 0; i < labels.count; i++) {
                AUTO_JOINED struct joined member = { 0 };

                if (member_read(context->runtime, labels.items[i], &member, NULL) < 0 ||
                    member.pod || !network_setup_has(&member, network) ||
                    !context->alive(NULL, labels.items[i]))
                        continue;
                strv_appendf(ret, "%s%s", labels.items[i][0] == '@' ? NETWORK_SETUP_POD : "",
                             member.name);
        }
        return 0;
}
