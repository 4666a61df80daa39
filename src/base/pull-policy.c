/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pull-policy.h"

#include "str.h"

static const struct pull_policy {
        const char *written, *word;
} pull_policies[] = {
        { "always", "always" },     { "missing", "missing" },
        { "never", "never" },       { "newer", "newer" },
        { "ifmissing", "missing" }, { "ifnotpresent", "missing" },
        { "ifnewer", "newer" },     { NULL, NULL },
};

const char *pull_policy_word(const char *text)
{
        for (const struct pull_policy *policy = pull_policies; policy->written; policy++)
                if (str_equal_nocase(policy->written, text))
                        return policy->word;
        return NULL;
}

const char *pull_policy_nearest(const char *text)
{
        return str_nearest_row(text, pull_policies, sizeof *pull_policies);
}
