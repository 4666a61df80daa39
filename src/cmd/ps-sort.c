/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ps-sort.h"

#include "../base/json.h"

#include <errno.h>
#include <stdlib.h>

static const struct ps_order {
        const char *name;
        const char *member; /* of a view */
        const char *part;   /* a member of that, or NULL */
        bool falling;
} ps_orders[] = {
        { "command", "Command", NULL, false },
        { "created", "CreatedAt", NULL, true },
        { "id", "Id", NULL, false },
        { "image", "Image", NULL, false },
        { "names", "Names", NULL, false },
        { "runningfor", "StartedAt", NULL, true },
        { "size", "Size", "rwSize", false },
        { "status", "Status", NULL, false },
        { .name = NULL },
};

static struct json_object *ps_key(struct json_object *view, const struct ps_order *order)
{
        struct json_object *key = NULL;

        json_object_object_get_ex(view, order->member, &key);
        if (order->part)
                json_object_object_get_ex(key, order->part, &key);
        return key;
}

/* Text is compared byte by byte, which is right for times as they are written there; a list as the
 * text that JSON has for it. */
static int ps_compare(const void *a, const void *b, void *context)
{
        const struct ps_order *order = context;
        struct json_object *left = ps_key(*(struct json_object *const *)a, order);
        struct json_object *right = ps_key(*(struct json_object *const *)b, order);
        int result;

        if (json_object_is_type(left, json_type_int)) {
                int64_t one = json_object_get_int64(left), other = json_object_get_int64(right);

                result = (one > other) - (one < other);
        } else {
                const char *one = json_object_get_string(left);
                const char *other = json_object_get_string(right);

                result = strcmp(one ? one : "", other ? other : "");
        }
        return order->falling ? -result : result;
}

int ps_sort(struct json_object *list, const char *by, struct error *err)
{
        size_t count = json_object_array_length(list);
        AUTO_FREE struct json_object **views = alloc_zero(count, sizeof *views);
        struct ps_order order = { .name = NULL };

        for (const struct ps_order *known = ps_orders; known->name; known++)
                if (str_equal(known->name, by))
                        order = *known;
        if (!order.name)
                return error_set(err, EINVAL,
                                 "--sort %s: not command, created, id, image, names, runningfor, "
                                 "size or status",
                                 by);
        for (size_t i = 0; i < count; i++)
                views[i] = json_object_get(json_object_array_get_idx(list, i));
        qsort_r(views, count, sizeof *views, ps_compare, &order);
        for (size_t i = 0; i < count; i++)
                json_object_array_put_idx(list, i, views[i]);
        return 0;
}
