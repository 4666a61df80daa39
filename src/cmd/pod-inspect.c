/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit pod inspect. */
#include "../base/json.h"
#include "../base/log.h"
#include "format.h"
#include "pod-cmd.h"
#include "pod-view.h"

#include <stddef.h>

struct inspect_request {
        char *format; /* owned */
};

const struct option_row pod_inspect_options[] = {
        { "format", 'f', OPTION_VALUE, "FORMAT", "json, or a template such as '{{.State}}'",
          format_take, offsetof(struct inspect_request, format) },
        { .name = NULL },
};

static void inspect_free(struct inspect_request *request)
{
        free(request->format);
}

static int inspect_one(const char *name, void *list, struct error *err)
{
        CLEANUP(pod_view_free) struct pod_view view = { 0 };

        if (pod_view_load(name, &view, err) < 0)
                return -1;
        json_object_array_add(list, pod_view_to_json(&view));
        return 0;
}

int cmd_pod_inspect(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_JSON struct json_object *list = json_object_new_array();
        CLEANUP(inspect_free) struct inspect_request request = { 0 };
        AUTO_ERROR struct error unprintable = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 1, -1, &first, &status))
                return status;
        status = cmd_each(argv + first, (size_t)(argc - first), inspect_one, list, log_failure);
        if (format_print_objects(request.format, list, &unprintable) < 0)
                return log_failure(&unprintable);
        return status;
}
