/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit auto-update: table and JSON as podman has them. */
#include "../base/json.h"
#include "../base/log.h"
#include "../container/interrupt.h"
#include "../container/update.h"
#include "../image/store.h"
#include "commands.h"
#include "format.h"
#include "image-cmd.h"
#include "listing.h"

#include <errno.h>
#include <stddef.h>

enum {
        AUTO_SHORT_ID = 12
};

struct auto_update {
        char *authfile, *format; /* owned */
        bool dry_run, rollback;
        int tls_verify;
};

#define FIELD(name) offsetof(struct auto_update, name)

static int auto_take_tls_verify(void *context, const struct option_row *row, const char *value,
                                struct error *err)
{
        struct auto_update *arguments = context;
        bool verify = true;

        if (option_parse_bool(row->name, value, &verify, err) < 0)
                return -1;
        arguments->tls_verify = verify;
        return 0;
}

const struct option_row auto_update_options_table[] = {
        { "authfile", 0, OPTION_VALUE, "FILE",
          "Credentials from this file, unless a container has a label with another one",
          option_take_string, FIELD(authfile) },
        { "dry-run", 0, OPTION_FLAG, NULL, "Show what would be updated, and change nothing",
          option_take_bool, FIELD(dry_run) },
        { "format", 0, OPTION_VALUE, "FORMAT",
          "table, json, or a template such as '{{.Unit}} {{.Updated}}'", format_take,
          FIELD(format) },
        { "rollback", 0, OPTION_FLAG, NULL,
          "Go back to the old image where a unit does not come up (default: true)",
          option_take_bool, FIELD(rollback) },
        { "tls-verify", 0, OPTION_FLAG, NULL,
          "Speak https with a certificate that is known, and nothing else (default: as "
          "registries.conf says)",
          auto_take_tls_verify, 0 },
        { .name = NULL },
};

static void auto_free(struct auto_update *arguments)
{
        free(arguments->authfile);
        free(arguments->format);
}

static struct json_object *auto_objects(const struct update *update)
{
        struct json_object *list = json_object_new_array();

        for (size_t i = 0; i < update->count; i++) {
                const struct update_row *row = update->rows + i;
                struct json_object *object = json_object_new_object();
                AUTO_FREE char *both =
                        str_format("%.*s (%s)", AUTO_SHORT_ID, row->id, row->container);

                json_set_string(object, "Unit", row->unit);
                json_set_string(object, "Container", both);
                json_set_string(object, "ContainerName", row->container);
                json_set_string(object, "ContainerID", row->id);
                json_set_string(object, "Image", row->image);
                json_set_string(object, "Policy", row->policy);
                json_set_string(object, "Updated", row->updated);
                json_object_array_add(list, object);
        }
        return list;
}

static void auto_print_table(struct json_object *list)
{
        static const struct listing_column columns[] = {
                { "UNIT", "Unit" },     { "CONTAINER", "Container" }, { "IMAGE", "Image" },
                { "POLICY", "Policy" }, { "UPDATED", "Updated" },
        };

        listing_print_objects(list, columns, sizeof columns / sizeof *columns, false);
}

static int auto_print(const struct update *update, const char *format_or_null, struct error *err)
{
        AUTO_JSON struct json_object *list = auto_objects(update);
        int printed = format_print(format_or_null, list, TEMPLATE_LIST, err);

        if (printed == 0)
                auto_print_table(list);
        return printed < 0 ? -1 : 0;
}

static int auto_run(const struct auto_update *arguments, struct update *ret, struct error *err)
{
        AUTO_SETTINGS struct settings settings = { 0 };
        sigset_t signals;
        struct update_options options = { .authfile = arguments->authfile,
                                          .tls_verify = arguments->tls_verify,
                                          .dry_run = arguments->dry_run,
                                          .rollback = arguments->rollback,
                                          .signals = &signals,
                                          .warn = log_warning_line };

        if (cmd_load_settings(&settings, err) < 0)
                return -1;
        options.storage = store_root_of(settings.storage);
        interrupt_block(&signals);
        return update_run(&options, ret, err);
}

int cmd_auto_update(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(auto_free) struct auto_update arguments = { .rollback = true, .tls_verify = -1 };
        AUTO_UPDATE struct update update = { 0 };
        AUTO_ERROR struct error err = { 0 };
        int first, status, signo;

        if (!cmd_options(cmd, false, argc, argv, &arguments, 0, 0, &first, &status))
                return status;
        if (auto_run(&arguments, &update, &err) < 0) {
                log_failure(&err);
                signo = err.code == EINTR ? interrupt_take() : 0;
                return signo ? 128 + signo : CMD_USAGE;
        }
        if (auto_print(&update, arguments.format, &err) < 0)
                return log_failure(&err);
        return update.failed ? CMD_USAGE : EXIT_SUCCESS;
}
