/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "running.h"

#include "../container/kept.h"
#include "../image/store.h"
#include "cmd.h"

bool running_has_ended(const char *name)
{
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_KEPT struct kept kept = { 0 };

        return cmd_load_settings(&settings, NULL) == 0 &&
               kept_find(name, store_root_of(settings.storage), NULL, &kept, NULL) == 0;
}

int running_find(const char *name, struct container_state *ret, char **ret_run, struct error *err)
{
        if (state_find(name, ret, ret_run, err) == 0)
                return 0;
        if (err->code != ENOENT || !running_has_ended(name))
                return -1;
        error_clear(err);
        return error_set(err, ESRCH, "container '%s' is not running: it has ended", name);
}
