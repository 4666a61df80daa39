/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan-mount-list.h"

#include "../secret/secret.h"
#include "environment.h"

#include <errno.h>

int plan_secret_variables(const struct plan_context *context, struct strv *env, struct error *err)
{
        const struct container_spec *spec = context->spec;

        for (size_t i = 0; i < spec->secret_count; i++) {
                const struct spec_secret *secret = &spec->secrets[i];
                const struct secret_value *value = &context->facts->secrets[i];

                if (!secret->env)
                        continue;
                if (strlen(value->data) != value->length)
                        return error_set(err, EINVAL,
                                         "--secret %s: the secret holds a zero byte, which no "
                                         "variable can: use type=mount",
                                         secret->name);
                environment_set_value(env, secret->target, value->data);
        }
        return 0;
}

/* Their files are made by secret-files.h. */
int plan_add_secret_mounts(const struct plan_context *context, struct plan_mount_list *list,
                           struct error *err)
{
        for (size_t i = 0; i < context->spec->secret_count; i++) {
                const struct spec_secret *secret = &context->spec->secrets[i];
                AUTO_FREE char *source = str_format("%s/secrets/%zu", context->facts->state_dir, i);

                if (secret->env)
                        continue;
                if (plan_is_mounted(list, secret->target))
                        return error_set(err, EINVAL, "--secret %s: %s is mounted over twice",
                                         secret->name, secret->target);
                plan_add_mount(list, secret->target, "bind", source,
                               "bind,rprivate,ro,nosuid,noexec,nodev");
        }
        return 0;
}
