/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Networks, secrets, devices and time zones that a container's command names and that are not on
 * this machine: its start fails, unless the machine it is for has them. */
#include "check.h"

#include "../cmd/run-options.h"
#include "../container/plan.h"
#include "../network/network.h"
#include "../secret/secret.h"

#include <errno.h>
#include <unistd.h>

/* A file of the set makes it. */
static bool is_made_here(const struct check *check, const char *section, const char *name)
{
        for (size_t i = 0; i < check->set.count; i++)
                if (str_equal(check->set.sources[i].type->section, section) &&
                    str_equal(check->set.sources[i].resource, name))
                        return true;
        return false;
}

/* The network's name in the value of --network, owned; NULL where that means something else. */
static char *network_of(const char *value)
{
        AUTO_SPEC struct container_spec spec = { 0 };
        AUTO_STRV struct strv words = { 0 };
        int first;

        strv_append(&words, "run");
        strv_appendf(&words, "--network=%s", value);
        spec_init(&spec);
        if (option_parse(run_options, true, (int)words.count, words.items, &spec, &first, NULL) <
                    0 ||
            spec.network != SPEC_NETWORK_OTHER)
                return NULL;
        return str_dupn(value, strcspn(value, ":"));
}

static void check_named_network(struct check *check, const struct check_unit *unit, size_t index,
                                size_t count, const char *value)
{
        AUTO_FREE char *name = network_of(value);
        AUTO_FREE char *text = NULL;
        AUTO_NETWORK struct network network = { 0 };
        AUTO_ERROR struct error err = { 0 };

        if (!name || str_equal(name, NETWORK_DEFAULT) || is_made_here(check, "Network", name) ||
            network_load(check->options.storage, name, &network, &err) == 0 || err.code != ENOENT)
                return;
        text = str_format("%s here", err.message);
        check_report_option(check, unit, index, count, REPORT_INFO, 0, text);
}

static void check_secret(struct check *check, const struct check_unit *unit, size_t index,
                         size_t count, const char *value)
{
        AUTO_FREE char *name = str_dupn(value, strcspn(value, ","));
        AUTO_FREE char *path = NULL, *text = NULL;
        AUTO_ERROR struct error err = { 0 };
        bool encrypted;

        if (!secret_name_valid(name) || secret_find(name, &path, &encrypted, &err) == 0 ||
            err.code != ENOENT)
                return;
        text = str_format("there is no secret '%s' here", name);
        check_report_option(check, unit, index, count, REPORT_INFO, 0, text);
}

static void check_device(struct check *check, const struct check_unit *unit, size_t index,
                         size_t count, const char *value)
{
        AUTO_FREE char *path = str_dupn(value, strcspn(value, ":"));
        AUTO_FREE char *text = NULL;

        if (path[0] != '/' || access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR))
                return;
        text = str_format("%s does not exist here", path);
        check_report_option(check, unit, index, count, REPORT_WARNING, 0, text);
}

static void check_zone(struct check *check, const struct check_unit *unit, size_t index,
                       size_t count, const char *value)
{
        AUTO_FREE char *path = plan_zone_file(value);
        AUTO_FREE char *text = NULL;

        if (path || str_equal(value, "local"))
                return;
        text = str_format("there is no zone '%s' in /usr/share/zoneinfo here", value);
        check_report_option(check, unit, index, count, REPORT_WARNING, 0, text);
}

void check_presence(struct check *check, const struct check_unit *unit, size_t index, size_t count,
                    const char *option, const char *value)
{
        if (check_is_open(value))
                return;
        if ((str_equal(option, "network") || str_equal(option, "net")) && check->options.storage)
                check_named_network(check, unit, index, count, value);
        else if (str_equal(option, "secret"))
                check_secret(check, unit, index, count, value);
        else if (str_equal(option, "device"))
                check_device(check, unit, index, count, value);
        else if (str_equal(option, "tz"))
                check_zone(check, unit, index, count, value);
}
