/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit secret rm, exists. */
#include "../base/log.h"
#include "secret-cmd.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

struct rm_request {
        bool all, ignore;
};

const struct option_row secret_rm_options_table[] = {
        { "all", 'a', OPTION_FLAG, NULL, "all secrets", option_take_bool,
          offsetof(struct rm_request, all) },
        { "ignore", 'i', OPTION_FLAG, NULL, "a secret that is not there is no error",
          option_take_bool, offsetof(struct rm_request, ignore) },
        { .name = NULL },
};

const struct option_row secret_exists_options_table[] = {
        { .name = NULL },
};

const char *secret_storage(const struct settings *settings)
{
        return store_root_of(settings->storage);
}

static int rm_one(const char *storage, const char *text, const struct rm_request *request,
                  struct error *err)
{
        AUTO_SECRET_ENTRY struct secret secret = { 0 };

        if (catalogue_find(storage, text, &secret, err) < 0) {
                if (err->code == ENOENT && request->ignore)
                        error_clear(err);
                return err->message ? -1 : 0;
        }
        if (catalogue_remove(storage, &secret, err) < 0)
                return -1;
        puts(secret.id);
        return 0;
}

static int rm_all(const char *storage, const struct rm_request *request)
{
        AUTO_SECRET_LIST struct secret_list list = { 0 };
        AUTO_ERROR struct error err = { 0 };
        int status = EXIT_SUCCESS;

        if (catalogue_list(storage, &list, &err) < 0)
                return log_failure(&err);
        for (size_t i = 0; i < list.count; i++) {
                AUTO_ERROR struct error failed = { 0 };

                if (rm_one(storage, list.items[i].name, request, &failed) < 0)
                        status = log_failure(&failed);
        }
        return status;
}

int cmd_secret_rm(const struct cmd *cmd, int argc, char **argv)
{
        struct rm_request request = { 0 };
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_ERROR struct error err = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, -1, &first, &status))
                return status;
        if (request.all != (first == argc)) {
                log_error("%s: name secrets, or use --all", cmd->name);
                return CMD_USAGE;
        }
        if (cmd_load_settings(&settings, &err) < 0)
                return log_failure(&err);
        if (request.all)
                return rm_all(secret_storage(&settings), &request);
        status = EXIT_SUCCESS;
        for (int i = first; i < argc; i++) {
                AUTO_ERROR struct error failed = { 0 };

                if (rm_one(secret_storage(&settings), argv[i], &request, &failed) < 0)
                        status = log_failure(&failed);
        }
        return status;
}

/* As podman's: a missing secret is no reason to say anything. */
int cmd_secret_exists(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_SECRET_ENTRY struct secret secret = { 0 };
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_ERROR struct error err = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, NULL, 1, 1, &first, &status))
                return status;
        if (cmd_load_settings(&settings, &err) == 0 &&
            catalogue_find(secret_storage(&settings), argv[first], &secret, &err) == 0)
                return EXIT_SUCCESS;
        if (err.code == ENOENT)
                return EXIT_FAILURE;
        return log_failure(&err);
}
