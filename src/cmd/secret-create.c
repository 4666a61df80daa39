/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit secret create, import-podman. */
#include "../base/home.h"
#include "../base/io.h"
#include "../base/log.h"
#include "../secret/creds.h"
#include "../secret/podman.h"
#include "secret-cmd.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

struct create_request {
        struct strv labels;
        char *key; /* owned */
        bool env, replace, ignore;
};

static void create_request_free(struct create_request *request)
{
        strv_free(&request->labels);
        free(request->key);
}

/* There is one driver, and it has no options. */
static int create_take_driver(void *context, const struct option_row *row, const char *value,
                              struct error *err)
{
        (void)context;
        if (str_equal(row->name, "driver-opts"))
                return error_set(err, EINVAL,
                                 "--driver-opts %s: secrets are in systemd's credential stores, "
                                 "there is nothing to choose",
                                 value);
        if (str_equal(value, "file"))
                return 0;
        return error_set(err, EINVAL, "--driver %s: the only driver is file", value);
}

static int create_take_label(void *context, const struct option_row *row, const char *value,
                             struct error *err)
{
        if (!*value || *value == '=')
                return error_set(err, EINVAL, "--%s %s: not NAME=VALUE", row->name, value);
        return option_take_list(context, row, value, err);
}

static int create_take_key(void *context, const struct option_row *row, const char *value,
                           struct error *err)
{
        if (creds_check_key(value, err) < 0)
                return -1;
        return option_take_string(context, row, value, err);
}

#define FIELD(member) offsetof(struct create_request, member)
#define KEY_ROW                                                                                    \
        {                                                                                          \
                "with-key", 0, OPTION_VALUE, "host|tpm2|host+tpm2|auto|null|plain",                \
                        "what to encrypt it with (host, where the machine can)", create_take_key,  \
                        FIELD(key)                                                                 \
        }
#define REPLACE_ROW                                                                                \
        {                                                                                          \
                "replace", 0, OPTION_FLAG, NULL, "put it in the place of one of that name",        \
                        option_take_bool, FIELD(replace)                                           \
        }

const struct option_row secret_create_options_table[] = {
        { "driver", 'd', OPTION_VALUE, "file", "how it is kept; there is no other way",
          create_take_driver, 0 },
        { .name = "driver-opts", .kind = OPTION_VALUE, .take = create_take_driver },
        { "env", 'e', OPTION_FLAG, NULL, "FILE is the name of a variable that holds the secret",
          option_take_bool, FIELD(env) },
        { "ignore", 0, OPTION_FLAG, NULL, "leave a secret of that name as it is", option_take_bool,
          FIELD(ignore) },
        { "label", 'l', OPTION_VALUE, "NAME=VALUE", "add a label", create_take_label,
          FIELD(labels) },
        REPLACE_ROW,
        KEY_ROW,
        { .name = NULL },
};

const struct option_row secret_import_options_table[] = {
        REPLACE_ROW,
        KEY_ROW,
        { .name = NULL },
};

/* One byte more than may be, so that too much is noticed. */
static int create_read_file(const char *path, struct secret_value *ret, struct error *err)
{
        AUTO_ERROR struct error failed = { 0 };
        int result = str_equal(path, "-")
                             ? io_read_fd(STDIN_FILENO, "standard input", SECRET_SIZE_MAX,
                                          &ret->data, &ret->length, &failed)
                             : io_read_file(AT_FDCWD, path, SECRET_SIZE_MAX, &ret->data,
                                            &ret->length, &failed);

        if (result == 0)
                return 0;
        if (failed.code == EFBIG)
                return error_set(err, EFBIG, "the secret is larger than %d bytes", SECRET_SIZE_MAX);
        return error_set(err, failed.code, "%s", failed.message);
}

static int create_read_value(const struct create_request *request, const char *source,
                             struct secret_value *ret, struct error *err)
{
        const char *value;

        if (!request->env)
                return create_read_file(source, ret, err);
        value = getenv(source);
        if (!value)
                return error_set(err, ENOENT, "there is no variable %s", source);
        *ret = (struct secret_value){ .data = str_dup(value), .length = strlen(value) };
        return 0;
}

static int create_one(const char *storage, const struct secret_order *order,
                      const struct secret_value *value, struct error *err)
{
        AUTO_FREE char *id = NULL;
        bool plain;

        if (catalogue_create(storage, order, value, &id, &plain, err) < 0)
                return -1;
        if (plain)
                log_warning("secret '%s' is not encrypted, because systemd-creds has no key on "
                            "this machine; only root can read it",
                            order->name);
        puts(id);
        return 0;
}

int cmd_secret_create(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(create_request_free) struct create_request request = { 0 };
        AUTO_SECRET struct secret_value value = { 0 };
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_ERROR struct error err = { 0 };
        struct secret_order order;
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 2, 2, &first, &status))
                return status;
        order = (struct secret_order){ .name = argv[first],
                                       .key = request.key,
                                       .labels = &request.labels,
                                       .replace = request.replace,
                                       .ignore = request.ignore };
        if (cmd_load_settings(&settings, &err) < 0 || secret_check_name(order.name, &err) < 0 ||
            create_read_value(&request, argv[first + 1], &value, &err) < 0 ||
            create_one(secret_storage(&settings), &order, &value, &err) < 0)
                return log_failure(&err);
        return EXIT_SUCCESS;
}

/* --- import-podman */

/* Where Podman keeps those of the user we run as; owned. */
static char *import_default(void)
{
        if (geteuid() == 0)
                return str_dup("/var/lib/containers/storage/secrets");
        return home_data_path("containers/storage/secrets");
}

static int import_one(const char *storage, const struct podman_secret *secret,
                      const struct create_request *request)
{
        AUTO_ERROR struct error err = { 0 };
        const struct secret_order order = { .name = secret->name,
                                            .key = request->key,
                                            .labels = &secret->labels,
                                            .replace = request->replace };

        if (create_one(storage, &order, &secret->value, &err) == 0) {
                log_info("secret '%s' is taken over", secret->name);
                return EXIT_SUCCESS;
        }
        if (err.code != EEXIST)
                return log_failure(&err);
        /* Of a second run nobody expects anything. */
        log_info("secret '%s' is here already", secret->name);
        return EXIT_SUCCESS;
}

int cmd_secret_import(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(create_request_free) struct create_request request = { 0 };
        AUTO_PODMAN_SECRETS struct podman_secrets secrets = { 0 };
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *dir = NULL;
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, 1, &first, &status))
                return status;
        dir = first < argc ? str_dup(argv[first]) : import_default();
        if (!dir)
                error_set(&err, ENOENT, "no home directory to look for secrets in");
        else if (cmd_load_settings(&settings, &err) == 0)
                podman_secrets_read(dir, &secrets, &err);
        if (err.message)
                return log_failure(&err);
        for (size_t i = 0; i < secrets.notes.count; i++)
                log_warning("%s", secrets.notes.items[i]);
        status = EXIT_SUCCESS;
        for (size_t i = 0; i < secrets.count; i++)
                if (import_one(secret_storage(&settings), &secrets.items[i], &request) != 0)
                        status = EXIT_FAILURE;
        return status;
}
