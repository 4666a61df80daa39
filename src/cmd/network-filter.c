/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "network-filter.h"

#include "../base/log.h"
#include "listing.h"

#include <errno.h>
#include <time.h>

void network_list_free(struct network_list *list)
{
        for (size_t i = 0; i < list->count; i++)
                network_free(&list->items[i]);
        free(list->items);
}

struct filter_context {
        const struct network_setup *setup;
        const struct network *network;
};

/* 1: it passes, 0: not, -1: the value is none. */
typedef int filter_function(const struct filter_context *context, const char *value,
                            struct error *err);

static int filter_name(const struct filter_context *context, const char *value, struct error *err)
{
        (void)err;
        return strstr(context->network->name, value) != NULL;
}

static int filter_id(const struct filter_context *context, const char *value, struct error *err)
{
        (void)err;
        return context->network->id && str_has_prefix(context->network->id, value);
}

static int filter_driver(const struct filter_context *context, const char *value, struct error *err)
{
        (void)err;
        return str_equal(network_driver_name(context->network->driver), value);
}

/* NAME or NAME=VALUE */
static int filter_label(const struct filter_context *context, const char *value, struct error *err)
{
        const struct strv *labels = &context->network->labels;

        (void)err;
        for (size_t i = 0; i < labels->count; i++) {
                const char *rest = str_after(labels->items[i], value);

                if (rest && (!*rest || (*rest == '=' && !strchr(value, '='))))
                        return 1;
        }
        return 0;
}

static int filter_not_label(const struct filter_context *context, const char *value,
                            struct error *err)
{
        return !filter_label(context, value, err);
}

static int filter_dangling(const struct filter_context *context, const char *value,
                           struct error *err)
{
        AUTO_STRV struct strv users = { 0 };
        bool wanted = str_equal(value, "true") || str_equal(value, "1");

        if (!wanted && !str_equal(value, "false") && !str_equal(value, "0"))
                return error_set(err, EINVAL, "--filter dangling=%s: not true or false", value);
        if (network_setup_users(context->setup, context->network->name, &users, err) < 0)
                return -1;
        return (users.count == 0) == wanted;
}

/* A span of time such as 10m or 24h, or a time: only networks that are older. */
static int filter_until(const struct filter_context *context, const char *value, struct error *err)
{
        static const struct {
                char unit;
                long seconds;
        } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
        int64_t created = listing_time(context->network->created ? context->network->created : "");
        int64_t limit = listing_time(value);
        size_t length = strlen(value);
        AUTO_FREE char *digits = str_dupn(value, length ? length - 1 : 0);
        unsigned long long number;

        for (size_t i = 0; i < sizeof units / sizeof *units; i++)
                if (length && value[length - 1] == units[i].unit &&
                    str_to_u64(digits, INT32_MAX, &number))
                        limit = time(NULL) - (int64_t)number * units[i].seconds;
        if (!limit)
                return error_set(err, EINVAL,
                                 "--filter until=%s: neither a span of time nor a time", value);
        return created < limit;
}

static const struct filter_kind {
        const char *name;
        filter_function *passes;
} filter_kinds[] = {
        { "name", filter_name },        { "id", filter_id },
        { "driver", filter_driver },    { "label", filter_label },
        { "label!", filter_not_label }, { "dangling", filter_dangling },
        { "until", filter_until },      { .name = NULL },
};

/* Among the filters of that kind, whether one lets the network through, or there is none. */
static int filter_kind_passes(const struct filter_context *context, const struct filter_kind *kind,
                              const struct strv *filters, struct error *err)
{
        bool any = false;

        for (size_t i = 0; i < filters->count; i++) {
                const char *rest = str_after(filters->items[i], kind->name);
                int result;

                if (!rest || *rest != '=')
                        continue;
                any = true;
                result = kind->passes(context, rest + 1, err);
                if (result != 0)
                        return result;
        }
        return !any;
}

static int filter_check(const struct strv *filters, struct error *err)
{
        for (size_t i = 0; i < filters->count; i++) {
                const struct filter_kind *kind = filter_kinds;
                AUTO_FREE char *name = str_dupn(filters->items[i], strcspn(filters->items[i], "="));

                while (kind->name && !str_equal(kind->name, name))
                        kind++;
                if (!kind->name || !strchr(filters->items[i], '='))
                        return error_set(err, EINVAL,
                                         "--filter %s: not one of name=, id=, driver=, label=, "
                                         "label!=, dangling=, until=",
                                         filters->items[i]);
        }
        return 0;
}

static int filter_passes(const struct filter_context *context, const struct strv *filters,
                         struct error *err)
{
        for (const struct filter_kind *kind = filter_kinds; kind->name; kind++) {
                int result = filter_kind_passes(context, kind, filters, err);

                if (result != 1)
                        return result;
        }
        return 1;
}

int network_filter_list(const struct network_setup *setup, const struct strv *filters,
                        struct network_list *ret, struct error *err)
{
        AUTO_STRV struct strv names = { 0 };

        if (filter_check(filters, err) < 0 || network_list(setup->context.storage, &names, err) < 0)
                return -1;
        ret->items = alloc_zero(names.count + 1, sizeof *ret->items);
        for (size_t i = 0; i < names.count; i++) {
                AUTO_ERROR struct error broken = { 0 };
                AUTO_NETWORK struct network network = { 0 };
                struct filter_context context = { setup, &network };
                int result;

                if (network_load(setup->context.storage, names.items[i], &network, &broken) < 0) {
                        log_warning("%s", broken.message);
                        continue;
                }
                result = filter_passes(&context, filters, err);
                if (result < 0)
                        return -1;
                if (result) {
                        ret->items[ret->count++] = network;
                        network = (struct network){ 0 };
                }
        }
        return 0;
}
