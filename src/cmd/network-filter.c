/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "network-filter.h"

#include "../base/log.h"
#include "filter.h"

#include <errno.h>

void network_list_free(struct network_list *list)
{
        for (size_t i = 0; i < list->count; i++)
                network_free(&list->items[i]);
        free(list->items);
}

/* What they judge. */
struct network_subject {
        const struct network_setup *setup;
        const struct network *network;
};

static const struct network *network_of(const void *subject)
{
        return ((const struct network_subject *)subject)->network;
}

static int network_filter_name(const void *subject, const char *value, struct error *err)
{
        (void)err;
        return strstr(network_of(subject)->name, value) != NULL;
}

static int network_filter_id(const void *subject, const char *value, struct error *err)
{
        (void)err;
        return network_of(subject)->id && str_has_prefix(network_of(subject)->id, value);
}

static int network_filter_driver(const void *subject, const char *value, struct error *err)
{
        (void)err;
        return str_equal(network_driver_name(network_of(subject)->driver), value);
}

static int network_filter_label(const void *subject, const char *value, struct error *err)
{
        (void)err;
        return filter_words(&network_of(subject)->labels, value);
}

static int network_filter_not_label(const void *subject, const char *value, struct error *err)
{
        (void)err;
        return !filter_words(&network_of(subject)->labels, value);
}

static int network_filter_dangling(const void *subject, const char *value, struct error *err)
{
        const struct network_subject *it = subject;
        AUTO_STRV struct strv users = { 0 };

        if (network_setup_users(it->setup, it->network->name, &users, err) < 0)
                return -1;
        return filter_dangling(users.count == 0, value);
}

static int network_filter_until(const void *subject, const char *value, struct error *err)
{
        return filter_until(network_of(subject)->created, value, err);
}

static const struct filter_kind network_filters[] = {
        { "name", network_filter_name, false },
        { "id", network_filter_id, false },
        { "driver", network_filter_driver, false },
        { "label", network_filter_label, false },
        { "label!", network_filter_not_label, false },
        { "dangling", network_filter_dangling, false, filter_truths },
        { "until", network_filter_until, false, .check = filter_check_until },
        { .name = NULL },
};

int network_filter_list(const struct network_setup *setup, const struct strv *filters,
                        struct network_list *ret, struct error *err)
{
        AUTO_STRV struct strv names = { 0 };

        if (filter_check(network_filters, filters, err) < 0 ||
            network_list(setup->context.storage, &names, err) < 0)
                return -1;
        ret->items = alloc_zero(names.count + 1, sizeof *ret->items);
        for (size_t i = 0; i < names.count; i++) {
                AUTO_ERROR struct error broken = { 0 };
                AUTO_NETWORK struct network network = { 0 };
                struct network_subject subject = { setup, &network };
                int result;

                if (network_load(setup->context.storage, names.items[i], &network, &broken) < 0) {
                        log_warning("%s", broken.message);
                        continue;
                }
                result = filter_passes(network_filters, filters, &subject, err);
                if (result < 0)
                        return -1;
                if (result) {
                        ret->items[ret->count++] = network;
                        network = (struct network){ 0 };
                }
        }
        return 0;
}
