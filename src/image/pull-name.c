/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pull-name.h"

#include "../registry/short-names.h"
#include "pull-server.h"

#include <errno.h>

void pull_names_free(struct pull_names *names)
{
        reference_free(&names->reference);
        strv_free(&names->names);
        *names = (struct pull_names){ 0 };
}

/* One of all takes the place of all. */
static int pull_names_choose(struct pull_names *names, const struct pull_options *options,
                             struct error *err)
{
        AUTO_FREE char *answer = NULL;
        size_t place = 0;

        if (options->choose(options->context, names->reference.path, &names->names, &place, err) <
            0)
                return -1;
        answer = str_dup(names->names.items[place]);
        strv_free(&names->names);
        strv_append(&names->names, answer);
        names->chosen = true;
        return 0;
}

int pull_names_expand(const char *text, const struct pull_options *options, struct pull_names *ret,
                      struct error *err)
{
        AUTO_PULL_NAMES struct pull_names names = { 0 };
        AUTO_FREE char *source = NULL;
        const struct registries *registries = options->registries;
        int result;

        if (reference_parse(text, &names.reference, err) < 0)
                return -1;
        if (!options->choose)
                result =
                        registries_expand(registries, &names.reference, &names.names, &source, err);
        else
                result = registries_list(registries, &names.reference, &names.names, &source, err);
        if (result == 0 && options->choose && names.names.count > 1 &&
            registries->mode != REGISTRIES_DISABLED)
                result = pull_names_choose(&names, options, err);
        if (result < 0)
                return -1;
        *ret = names;
        names = (struct pull_names){ 0 };
        return 0;
}

void pull_names_note(const struct pull_names *names, const struct pull_options *options)
{
        AUTO_ERROR struct error reason = { 0 };
        AUTO_FREE char *message = NULL;

        if (!names->chosen || !options->registries->noted ||
            short_names_note(options->registries->noted, names->reference.path,
                             names->names.items[0], &reason) == 0 ||
            !options->notice)
                return;
        message = str_format("the choice is not kept: %s", reason.message);
        options->notice(options->context, message);
}

int pull_ask_servers(const char *name, const struct pull_options *options, pull_ask *ask,
                     void *context, struct error *err)
{
        AUTO_REFERENCE struct reference reference = { 0 };
        AUTO_ENDPOINTS struct registries_endpoints endpoints = { 0 };
        AUTO_ERROR struct error all = { 0 };

        if (reference_parse(name, &reference, err) < 0 ||
            registries_resolve(options->registries, &reference, &endpoints, err) < 0)
                return -1;
        for (size_t i = 0; i < endpoints.count; i++) {
                AUTO_ERROR struct error reason = { 0 };

                if (ask(context, endpoints.items + i, &reason) == 0)
                        return 0;
                pull_server_add_error(&all, &reason);
                if (pull_server_is_last(&reason))
                        break;
        }
        return error_set(err, all.code, "%s", all.message ? all.message : "no server to ask");
}
