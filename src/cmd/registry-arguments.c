/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "registry-arguments.h"

#include "../base/duration.h"

#include <errno.h>
#include <stdlib.h>

enum {
        ARGUMENTS_MAX_RETRY = 100
};

void registry_arguments_free(struct registry_arguments *arguments)
{
        free(arguments->authfile);
        free(arguments->creds);
        free(arguments->cert_dir);
        free(arguments->retry);
        free(arguments->retry_delay);
}

int registry_take_tls_verify(void *context, const struct option_row *row, const char *value,
                             struct error *err)
{
        int *place = (int *)(void *)((char *)context + row->field);
        bool verify = true;

        if (option_parse_bool(row->name, value, &verify, err) < 0)
                return -1;
        *place = verify;
        return 0;
}

/* Zeroes mean "the default" to the registry, and "none" here. */
int registry_arguments_apply(const struct registry_arguments *arguments,
                             const struct settings *settings, struct registry_options *ret,
                             struct error *err)
{
        unsigned long long retries = settings->retry;
        uint64_t delay = settings->retry_delay_ms;

        if (arguments->retry && !str_to_u64(arguments->retry, ARGUMENTS_MAX_RETRY, &retries))
                return error_set(err, EINVAL, "--retry %s: not a number up to %d", arguments->retry,
                                 ARGUMENTS_MAX_RETRY);
        if (arguments->retry_delay && !duration_parse(arguments->retry_delay, &delay))
                return error_set(err, EINVAL, "--retry-delay %s: not a span of time like 5s",
                                 arguments->retry_delay);
        ret->authfile = arguments->authfile ? arguments->authfile : settings->authfile;
        ret->credentials = arguments->creds;
        ret->cert_dir = arguments->cert_dir;
        ret->parallel = settings->parallel;
        ret->retries = retries ? (int)retries : -1;
        ret->retry_delay_ms = delay;
        ret->stall_timeout = (unsigned)((settings->stall_ms + 999) / 1000);
        return 0;
}
