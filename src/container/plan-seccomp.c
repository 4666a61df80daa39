/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan-context.h"

#include "../base/io.h"
#include "seccomp.h"

enum {
        PLAN_PROFILE_MAX = 4 << 20,
};

/* Who tells the runtime about filters himself has no ready one: it could be another. */
static bool plan_is_left_to_us(const struct container_spec *spec)
{
        for (size_t i = 0; i < spec->annotations.count; i++)
                if (str_has_prefix(spec->annotations.items[i], "run.oci.seccomp"))
                        return false;
        return true;
}

/* Rules that refuse everything; see filter-cache.h. */
static struct json_object *plan_refuse_all(void)
{
        struct json_object *seccomp = json_object_new_object();

        json_set_string(seccomp, "defaultAction", "SCMP_ACT_ERRNO");
        return seccomp;
}

static bool plan_find_filter(struct plan_context *context, const struct seccomp_target *target,
                             const char *text, size_t length)
{
        const struct plan_facts *facts = context->facts;
        struct filter_key *key = &context->plan->filter_key;

        if (!facts->runtime || !facts->filters || !plan_is_left_to_us(context->spec) ||
            strlen(text) != length || !filter_key_make(facts->runtime, target, text, key))
                return false;
        context->filter = filter_cache_find(facts->filters, key);
        if (!context->filter)
                return false;
        filter_key_free(key); /* nothing is to be kept */
        return true;
}

/* By the rules, from which the runtime compiles the filter. */
static int plan_evaluate(struct plan_context *context, const struct seccomp_target *target,
                         const char *path, const char *text, size_t length,
                         struct json_object **ret, struct error *err)
{
        AUTO_JSON struct json_object *profile = NULL;

        if (json_parse(text, length, path, &profile, err) < 0 ||
            seccomp_evaluate(profile, target, ret, err) < 0)
                return error_wrap(err, "seccomp profile %s", path);
        /* How a filter is loaded is no part of it. */
        if (json_object_object_get_ex(*ret, "flags", NULL))
                filter_key_free(&context->plan->filter_key);
        return 0;
}

int plan_seccomp(struct plan_context *context, struct json_object *lin, struct error *err)
{
        const struct container_spec *spec = context->spec;
        const char *path = spec->seccomp;
        AUTO_FREE char *text = NULL;
        struct json_object *seccomp;
        struct seccomp_target target = { .machine = context->facts->architecture,
                                         .kernel = context->facts->kernel,
                                         .caps = context->caps };
        size_t length;

        if (str_empty(path)) {
                if (spec->privileged)
                        return 0;
                path = context->facts->seccomp;
        }
        if (!path)
                return error_set(err, ENOENT,
                                 "no seccomp profile found: /etc/containers/seccomp.json, "
                                 "/usr/share/containers/seccomp.json and our own are missing");
        if (str_equal(path, "unconfined"))
                return 0;
        if (io_read_file(AT_FDCWD, path, PLAN_PROFILE_MAX, &text, &length, err) < 0)
                return error_wrap(err, "seccomp profile %s", path);
        if (plan_find_filter(context, &target, text, length))
                seccomp = plan_refuse_all();
        else if (plan_evaluate(context, &target, path, text, length, &seccomp, err) < 0)
                return -1;
        json_object_object_add(lin, "seccomp", seccomp);
        return 0;
}
