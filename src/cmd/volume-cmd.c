/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume-cmd.h"

#include "../image/store.h"

#include <stdlib.h>

int cmd_volume_storage(struct settings *settings, const char **ret, struct error *err)
{
        if (cmd_load_settings(settings, err) < 0)
                return -1;
        *ret = store_root_of(settings->storage);
        return 0;
}
