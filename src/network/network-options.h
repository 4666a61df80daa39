/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For network*.c and `crunit check` alone. */
#pragma once

#include "network.h"

/* Strings in *ret are borrowed from the network. */
int network_options_parse(const struct network *network, struct network_options *ret,
                          struct error *err);
