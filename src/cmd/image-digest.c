/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit image digest */
#include "../base/log.h"
#include "../image/pull-query.h"
#include "image-cmd.h"
#include "registry-arguments.h"
#include "signals.h"

#include <stddef.h>

struct digest_arguments {
        struct registry_arguments registry;
};

#define FIELD(name) offsetof(struct digest_arguments, registry.name)

const struct option_row cmd_image_digest_options[] = {
        { "authfile", 0, OPTION_VALUE, "FILE", "Credentials from this file", option_take_string,
          FIELD(authfile) },
        { "cert-dir", 0, OPTION_VALUE, "DIR",
          "The authority's and the client's certificates from this directory", option_take_string,
          FIELD(cert_dir) },
        { "creds", 0, OPTION_VALUE, "USER[:PASSWORD]", "Credentials for the registry",
          option_take_string, FIELD(creds) },
        { "tls-verify", 0, OPTION_FLAG, NULL,
          "Speak https with a certificate that is known, and nothing else (default: as "
          "registries.conf says)",
          registry_take_tls_verify, FIELD(tls_verify) },
        { .name = NULL },
};

static void digest_arguments_free(struct digest_arguments *arguments)
{
        registry_arguments_free(&arguments->registry);
}

static int digest_ask(const struct digest_arguments *arguments, const char *name, char **ret_digest,
                      struct error *err)
{
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_REGISTRIES struct registries registries = { 0 };
        struct pull_options options = { .registries = &registries,
                                        .tls_verify = arguments->registry.tls_verify,
                                        .cancel = signals_catch() };

        if (cmd_load_settings(&settings, err) < 0 ||
            registries_load(&settings.search, &registries, err) < 0 ||
            registry_arguments_apply(&arguments->registry, &settings, &options.network, err) < 0)
                return -1;
        return pull_ask_digest(name, &options, ret_digest, err);
}

int cmd_image_digest(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(digest_arguments_free)
        struct digest_arguments arguments = { .registry.tls_verify = -1 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *digest = NULL;
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &arguments, 1, 1, &first, &status))
                return status;
        if (digest_ask(&arguments, argv[first], &digest, &err) < 0) {
                log_failure(&err);
                return signals_status(CMD_USAGE);
        }
        printf("%s\n", digest);
        return EXIT_SUCCESS;
}
