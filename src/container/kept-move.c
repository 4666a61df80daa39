/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kept.h"

#include "idlease.h"
#include "place.h"
#include "writable.h"

#include <stdlib.h>

int kept_move(struct kept *kept, const char *storage, const char *label, struct error *err)
{
        AUTO_FREE char *data = place_data(storage, label);

        if (str_equal(kept->label, label))
                return 0;
        if (writable_rename(kept->data, data, err) < 0)
                return -1;
        idlease_rename(storage, kept->label, label);
        str_replace(&kept->label, label);
        str_replace(&kept->data, data);
        str_replace(&kept->state.writable, data);
        return state_write(kept->data, &kept->state, err);
}
