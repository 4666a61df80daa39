/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of the table of keys, a section each; for keys*.c alone. Their order in a part is that
 * of the options in the command. */
#pragma once

#include "keys.h"

#define SECTION(name, rows)                                                                        \
        {                                                                                          \
                name, rows, sizeof(rows) / sizeof *(rows), &(struct keys_index)                    \
                {                                                                                  \
                        0                                                                          \
                }                                                                                  \
        }

extern const struct unit_keys keys_of_container, keys_of_pod, keys_of_volume, keys_of_network,
        keys_of_image, keys_of_build, keys_of_kube, keys_of_artifact;
