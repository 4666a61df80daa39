/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit pod inspect. */
#include "../base/json.h"
#include "../base/log.h"
#include "pod-cmd.h"
#include "pod-view.h"

static int inspect_one(const char *name, struct json_object *list, struct error *err)
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
        AUTO_FREE char *text = NULL;
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, NULL, 1, -1, &first, &status))
                return status;
        status = EXIT_SUCCESS;
        for (int i = first; i < argc; i++) {
                AUTO_ERROR struct error err = { 0 };

                if (inspect_one(argv[i], list, &err) == 0)
                        continue;
                log_failure(&err);
                status = CMD_USAGE;
        }
        text = json_shown(list);
        puts(text);
        return status;
}
