/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The values of the options of `crunit run` about networks. */
#include "../container/spec.h"
#include "../network/join.h"
#include "../network/network.h"
#include "../network/port.h"
#include "run-values.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>

static enum spec_network run_network_kind(const char *value)
{
        static const struct {
                const char *word;
                enum spec_network kind;
        } kinds[] = {
                { "host", SPEC_NETWORK_HOST },
                { "none", SPEC_NETWORK_NONE },
                { "container:", SPEC_NETWORK_CONTAINER },
                { "ns:", SPEC_NETWORK_PATH },
        };

        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
                const char *rest = str_after(value, kinds[i].word);

                if (rest && (!*rest || str_has_suffix(kinds[i].word, ":")))
                        return kinds[i].kind;
        }
        return SPEC_NETWORK_OTHER;
}

/* MODE or MODE:OPTIONS. */
static bool is_mode(const char *value, const char *mode)
{
        const char *rest = str_after(value, mode);

        return rest && (!*rest || *rest == ':');
}

static int run_check_network(enum spec_network kind, const struct option_row *row,
                             const char *value, struct error *err)
{
        CLEANUP(join_network_free) struct join_network network = { 0 };

        if (kind == SPEC_NETWORK_CONTAINER && !value[strlen("container:")])
                return run_invalid(err, row, value, "the container's name is missing");
        if (kind == SPEC_NETWORK_PATH && value[strlen("ns:")] != '/')
                return run_invalid(err, row, value, "not an absolute path");
        if (is_mode(value, "pasta") || is_mode(value, "slirp4netns"))
                return error_set(err, EOPNOTSUPP,
                                 "--%s %s: root's containers are on networks of the machine",
                                 row->name, value);
        if (kind == SPEC_NETWORK_OTHER && join_network_parse(value, &network, err) < 0)
                return error_wrap(err, "--%s %s", row->name, value);
        return 0;
}

int run_take_network(void *context, const struct option_row *row, const char *value,
                     struct error *err)
{
        struct container_spec *spec = context;
        enum spec_network kind = run_network_kind(value);

        if (run_check_network(kind, row, value, err) < 0)
                return -1;
        if (spec->networks.count &&
            (kind != SPEC_NETWORK_OTHER || spec->network != SPEC_NETWORK_OTHER) &&
            !str_equal(value, spec->networks.items[0]))
                return error_set(err, EINVAL, "--network %s: does not go with --network %s", value,
                                 spec->networks.items[0]);
        spec->network = kind;
        if (strv_contains(&spec->networks, value))
                return 0;
        return option_take_list(context, row, value, err);
}

int run_take_publish(void *context, const struct option_row *row, const char *value,
                     struct error *err)
{
        struct port port;

        if (port_parse(value, &port, err) < 0)
                return error_wrap(err, "--%s", row->name);
        return option_take_list(context, row, value, err);
}

/* --ip, --ip6: the row's field says which. */
int run_take_ip(void *context, const struct option_row *row, const char *value, struct error *err)
{
        int family = row->field == offsetof(struct container_spec, ip) ? AF_INET : AF_INET6;
        struct address address;

        if (!address_parse(value, &address) || address.family != family)
                return run_invalid(err, row, value,
                                   family == AF_INET ? "not an IPv4 address"
                                                     : "not an IPv6 address");
        return option_take_string(context, row, value, err);
}

int run_take_mac(void *context, const struct option_row *row, const char *value, struct error *err)
{
        unsigned char mac[6];

        if (!mac_parse(value, mac))
                return run_invalid(err, row, value, "not the address of one interface");
        return option_take_string(context, row, value, err);
}

int run_take_alias(void *context, const struct option_row *row, const char *value,
                   struct error *err)
{
        if (!network_name_valid(value))
                return run_invalid(err, row, value, "not a name");
        return option_take_list(context, row, value, err);
}
