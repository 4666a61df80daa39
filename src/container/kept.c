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

static bool kept_has_name(const char *label, const char *name)
{
        const char *rest = str_after(label, name);

        return rest && *rest == '@';
}

static bool kept_has_id(const struct container_state *state, const char *text)
{
        size_t length = strlen(text);

        return length >= KEPT_ID_LEAST && strspn(text, "0123456789abcdef") == length &&
               str_has_prefix(state->id, text);
}

/* Does it come before what is found already? A name counts before an id. */
static bool kept_is_better(const struct kept *kept, const struct kept *found, const char *name,
                           const char *label_or_null)
{
        if (!found->data || str_equal(kept->label, label_or_null))
                return true;
        return kept_has_name(kept->label, name) && !kept_has_name(found->label, name);
}

/* The best one of those that are meant. Returns how many ids begin so. */
static int kept_search(const struct strv *labels, const char *name, const char *storage,
                       const char *label_or_null, struct kept *ret)
{
        int count = 0;

        for (size_t i = 0; i < labels->count; i++) {
                AUTO_KEPT struct kept kept = { .label = str_dup(labels->items[i]) };
                bool by_id;

                kept.data = place_data(storage, kept.label);
                if (state_read(kept.data, &kept.state, NULL) < 0)
                        continue;
                by_id = kept_has_id(&kept.state, name);
                count += by_id;
                if ((!by_id && !kept_has_name(kept.label, name)) ||
                    !kept_is_better(&kept, ret, name, label_or_null))
                        continue;
                kept_free(ret);
                *ret = kept;
                kept = (struct kept){ 0 };
        }
        return count;
}

int kept_find(const char *name, const char *storage, const char *label_or_null, struct kept *ret,
              struct error *err)
{
        AUTO_STRV struct strv labels = { 0 };
        AUTO_KEPT struct kept found = { 0 };
        int count;

        if (place_list_data(storage, &labels, err) < 0)
                return -1;
        count = kept_search(&labels, name, storage, label_or_null, &found);
        if (!found.data)
                return error_set(err, ENOENT, "there is no container '%s'", name);
        if (count > 1 && !kept_has_name(found.label, name))
                return error_set(err, EEXIST, "the ids of %d containers begin with '%s'", count,
                                 name);
        /* Perhaps of before a reboot: its process ids are others' by now. */
        found.state.init.pid = found.state.starter.pid = 0;
        *ret = found;
        found = (struct kept){ 0 };
        return 0;
}
