/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the commands about networks begin with: the settings, in the network room's words. */
#pragma once

#include "../base/settings.h"
#include "../network/connect.h"

struct network_setup {
        struct settings settings;
        struct pools pools;
        struct connect_context context; /* borrows from both */
};

int network_setup_load(struct network_setup *ret, struct error *err);
void network_setup_free(struct network_setup *setup);
#define AUTO_SETUP CLEANUP(network_setup_free)

/* In front of a pod's name, where others are containers'. */
#define NETWORK_SETUP_POD "pod "

/* The names of containers and pods that run and are on this network. */
int network_setup_users(const struct network_setup *setup, const char *network, struct strv *ret,
                        struct error *err);
