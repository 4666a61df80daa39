/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kept.h"

#include "place.h"

#include <stdio.h>

void kept_free(struct kept *kept)
{
        state_free(&kept->state);
        free(kept->label);
        free(kept->data);
        *kept = (struct kept){ 0 };
}

enum {
        KEPT_ID_LEAST = 4 /* digits of an id */
};

static bool kept_is_meant(const char *name, const char *label, const struct container_state *state)
{
        const char *rest = str_after(label, name);
        size_t length = strlen(name);

        if (rest && *rest == '@')
                return true;
        return length >= KEPT_ID_LEAST && strspn(name, "0123456789abcdef") == length &&
               str_has_prefix(state->id, name);
}

int kept_find(const char *name, const char *storage, const char *label_or_null, struct kept *ret,
              struct error *err)
{
        AUTO_STRV struct strv labels = { 0 };
        AUTO_KEPT struct kept found = { 0 };

        if (place_list_data(storage, &labels, err) < 0)
                return -1;
        for (size_t i = 0; i < labels.count; i++) {
                struct kept kept = { .label = str_dup(labels.items[i]) };

                kept.data = place_data(storage, kept.label);
                if (state_read(kept.data, &kept.state, NULL) < 0 ||
                    !kept_is_meant(name, kept.label, &kept.state) ||
                    (found.data && !str_equal(kept.label, label_or_null))) {
                        kept_free(&kept);
                        continue;
                }
                kept_free(&found);
                found = kept;
        }
        if (!found.data)
                return error_set(err, ENOENT, "there is no container '%s'", name);
        /* Perhaps of before a reboot: its process ids are others' by now. */
        found.state.init.pid = found.state.starter.pid = 0;
        *ret = found;
        found = (struct kept){ 0 };
        return 0;
}
