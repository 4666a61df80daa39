/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands about secrets. */
#pragma once

#include "../image/store.h"
#include "../secret/catalogue.h"
#include "commands.h"

/* The directory of the store; borrowed from the settings or the environment. */
const char *secret_storage(const struct settings *settings);
