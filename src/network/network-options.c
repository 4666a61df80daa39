/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* options {} of a network: names, values, and which driver has them. */
#include "network-options.h"

#include <errno.h>

enum {
        MTU_MIN = 68,
        MTU_MAX = 65535,
        VLAN_MAX = 4094,
};

struct option_kind {
        const char *name, *alias; /* alias: Docker's name, or NULL */
        bool bridge, other;       /* goes with bridges; with macvlan and ipvlan */
        bool (*take)(struct network_options *options, const char *value);
};

static bool option_bool(const char *value, bool *ret)
{
        bool yes = str_equal_nocase(value, "true") || str_equal(value, "1");

        if (!yes && !str_equal_nocase(value, "false") && !str_equal(value, "0"))
                return false;
        *ret = yes;
        return true;
}

static bool take_mtu(struct network_options *options, const char *value)
{
        unsigned long long number;

        /* As podman has it, 0 is the kernel's choice. */
        if (!str_to_u64(value, MTU_MAX, &number) || (number && number < MTU_MIN))
                return false;
        options->mtu = (uint32_t)number;
        return true;
}

static bool take_metric(struct network_options *options, const char *value)
{
        unsigned long long number;

        if (!str_to_u64(value, UINT32_MAX, &number) || !number)
                return false;
        options->metric = (uint32_t)number;
        return true;
}

static bool take_vlan(struct network_options *options, const char *value)
{
        unsigned long long number;

        if (!str_to_u64(value, VLAN_MAX, &number))
                return false;
        options->vlan = (uint16_t)number;
        return true;
}

/* Networks are kept apart anyway; strict is the word where they were not. */
static bool take_isolate(struct network_options *options, const char *value)
{
        options->isolate = true;
        return str_equal(value, "strict") || option_bool(value, &options->isolate);
}

static bool take_no_default_route(struct network_options *options, const char *value)
{
        return option_bool(value, &options->no_default_route);
}

static bool take_masquerade(struct network_options *options, const char *value)
{
        bool yes;

        if (!option_bool(value, &yes))
                return false;
        options->routed = !yes;
        options->masquerade = yes;
        return true;
}

static bool take_mode(struct network_options *options, const char *value)
{
        options->mode = value;
        options->unmanaged = str_equal(value, "unmanaged");
        return *value != '\0';
}

static bool take_parent(struct network_options *options, const char *value)
{
        options->parent = value;
        return network_interface_valid(value);
}

static bool take_vrf(struct network_options *options, const char *value)
{
        options->vrf = value;
        return network_interface_valid(value);
}

static const struct option_kind option_kinds[] = {
        { "isolate", NULL, true, false, take_isolate },
        { "masquerade", "com.docker.network.bridge.enable_ip_masquerade", true, false,
          take_masquerade },
        { "metric", NULL, true, true, take_metric },
        { "mode", NULL, true, true, take_mode },
        { "mtu", "com.docker.network.driver.mtu", true, true, take_mtu },
        { "no_default_route", NULL, true, true, take_no_default_route },
        { "parent", NULL, false, true, take_parent },
        { "vlan", NULL, true, false, take_vlan },
        { "vrf", NULL, true, false, take_vrf },
        { .name = NULL },
};

static const char *const option_modes[] = {
        [NETWORK_BRIDGE] = " managed unmanaged ",
        [NETWORK_MACVLAN] = " bridge private vepa passthru ",
        [NETWORK_IPVLAN] = " l2 l3 l3s ",
};

static int option_unknown(const char *name, struct error *err)
{
        const char *nearest = str_nearest_row(name, option_kinds, sizeof *option_kinds);

        return error_set(err, EINVAL, "unknown option '%s'%s%s%s", name,
                         nearest ? ", did you mean '" : "", nearest ? nearest : "",
                         nearest ? "'?" : "");
}

/* One NAME=VALUE. */
static int option_take(const struct network *network, const char *pair,
                       struct network_options *options, struct error *err)
{
        const struct option_kind *kind = option_kinds;
        AUTO_FREE char *name = str_dupn(pair, strcspn(pair, "="));
        const char *value = strchr(pair, '=');
        bool bridge = network->driver == NETWORK_BRIDGE;

        value = value ? value + 1 : "";
        while (kind->name && !str_equal(kind->name, name) && !str_equal(kind->alias, name))
                kind++;
        if (!kind->name)
                return option_unknown(name, err);
        if (bridge ? !kind->bridge : !kind->other)
                return error_set(err, EINVAL, "option '%s' does not go with the driver %s",
                                 kind->name, network_driver_name(network->driver));
        if (!kind->take(options, value))
                return error_set(err, EINVAL, "option '%s': '%s' is no value for it", kind->name,
                                 value);
        return 0;
}

int network_options_parse(const struct network *network, struct network_options *ret,
                          struct error *err)
{
        struct network_options options = { 0 };

        for (size_t i = 0; i < network->options.count; i++)
                if (option_take(network, network->options.items[i], &options, err) < 0)
                        return -1;
        if (options.mode) {
                AUTO_FREE char *word = str_format(" %s ", options.mode);

                if (!strstr(option_modes[network->driver], word))
                        return error_set(
                                err, EINVAL, "option 'mode': '%s' is none of%.*s of the driver %s",
                                options.mode, (int)strlen(option_modes[network->driver]) - 1,
                                option_modes[network->driver],
                                network_driver_name(network->driver));
        }
        *ret = options;
        return 0;
}
