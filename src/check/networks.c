/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `crunit network create` would refuse. */
#include "check.h"

#include "../network/address.h"
#include "../network/network-options.h"

#include <errno.h>

struct network_words {
        struct strv subnets; /* those that are right */
        bool open;           /* something is known at the start alone */
        enum network_driver driver;
        bool no_driver; /* it is wrong, or known at the start alone */
};

static void network_words_free(struct network_words *words)
{
        strv_free(&words->subnets);
}

static int check_address(const char *value, struct address *ret, struct error *err)
{
        return address_parse(value, ret) ? 0
                                         : error_set(err, EINVAL, "'%s' is no IP address", value);
}

static int check_is_within(const struct network_words *words, const struct address *address,
                           const char *value, struct error *err)
{
        struct subnet subnet;

        for (size_t i = 0; i < words->subnets.count; i++)
                if (subnet_parse(words->subnets.items[i], true, &subnet, NULL) == 0 &&
                    subnet_contains(&subnet, address))
                        return 0;
        return words->open ? 0 : error_set(err, EINVAL, "%s is in no subnet of the network", value);
}

static int check_subnet(struct network_words *words, const char *value, struct error *err)
{
        struct subnet subnet;

        if (subnet_parse(value, true, &subnet, err) < 0)
                return -1;
        strv_append(&words->subnets, value);
        return 0;
}

static int check_gateway(struct network_words *words, const char *value, struct error *err)
{
        struct address address;

        if (check_address(value, &address, err) < 0)
                return -1;
        return check_is_within(words, &address, value, err);
}

static int check_range(struct network_words *words, const char *value, struct error *err)
{
        struct address_range range;

        if (address_range_parse(value, &range, err) < 0)
                return -1;
        return check_is_within(words, &range.first, value, err);
}

static int check_driver(struct network_words *words, const char *value, struct error *err)
{
        int result = network_driver_parse(value, &words->driver, err);

        words->no_driver = result < 0;
        return result;
}

static int check_ipam(struct network_words *words, const char *value, struct error *err)
{
        (void)words;
        if (str_equal(value, "host-local") || str_equal(value, "none"))
                return 0;
        return error_set(err, EOPNOTSUPP, "%s: only host-local and none are supported", value);
}

static int check_server(struct network_words *words, const char *value, struct error *err)
{
        struct address address;

        (void)words;
        return check_address(value, &address, err);
}

static int check_pair(struct network_words *words, const char *value, struct error *err)
{
        AUTO_NETWORK struct network network = { .driver = words->driver };
        struct network_options options;

        strv_append(&network.options, value);
        return words->no_driver ? 0 : network_options_parse(&network, &options, err);
}

/* Subnets come first: the others are looked for in them; and the driver before what goes with it.
 */
static const struct {
        const char *name, *key;
        char letter;
        int (*check)(struct network_words *words, const char *value, struct error *err);
} options[] = {
        { "subnet", "Subnet", 0, check_subnet },        { "gateway", "Gateway", 0, check_gateway },
        { "ip-range", "IPRange", 0, check_range },      { "driver", "Driver", 'd', check_driver },
        { "ipam-driver", "IPAMDriver", 0, check_ipam }, { "dns", "DNS", 0, check_server },
        { "opt", "Options", 'o', check_pair },
};

/* The line with this key and value, or what PodmanArgs= says about itself. */
static struct error_place find_place(const struct check_unit *unit, size_t index, const char *key,
                                     const char *value)
{
        const struct unit_section *section = unit_section(&unit->source->file, "Network");

        for (size_t i = 0; section && i < section->lines.count; i++)
                if (str_equal(section->lines.items[i].key, key) &&
                    strstr(section->lines.items[i].value, value))
                        return unit_value_place(&section->lines.items[i]);
        return check_option_place(unit, unit->words.items[index], value, NULL);
}

static void check_network_name(struct check *check, const struct check_unit *unit)
{
        const char *name = unit->words.items[unit->words.count - 1];
        const struct unit_line *line = unit_last(&unit->source->file, "Network", "NetworkName");
        AUTO_ERROR struct error err = { 0 };

        if (!check_is_open(name) && network_check_name(name, &err) < 0)
                check_report(check, unit, REPORT_ERROR, unit_value_place(line), "%s", err.message);
}

void check_network(struct check *check, const struct check_unit *unit)
{
        CLEANUP(network_words_free) struct network_words words = { 0 };

        check_network_name(check, unit);
        for (size_t k = 0; k < sizeof options / sizeof *options; k++)
                for (size_t i = unit->command + 1; i < unit->words.count; i++) {
                        const char *value = check_option_value(&unit->words, i, options[k].name,
                                                               options[k].letter);
                        AUTO_ERROR struct error err = { 0 };

                        if (value && check_is_open(value))
                                words.open = words.no_driver = true;
                        else if (value && options[k].check(&words, value, &err) < 0)
                                check_report(check, unit, REPORT_ERROR,
                                             find_place(unit, i, options[k].key, value), "%s=: %s",
                                             options[k].key, err.message);
                }
}
