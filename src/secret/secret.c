/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "secret.h"

#include "../base/home.h"
#include "../base/io.h"
#include "creds.h"

#include <errno.h>
#include <unistd.h>

void secret_value_free(struct secret_value *value)
{
        if (value->data)
                explicit_bzero(value->data, value->length);
        free(value->data);
        *value = (struct secret_value){ 0 };
}

void secret_values_free(struct secret_value *values, size_t count)
{
        for (size_t i = 0; values && i < count; i++)
                secret_value_free(&values[i]);
        free(values);
}

bool secret_name_valid(const char *name)
{
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789_.-@+";

        return *name && !strchr("_.-@+", *name) && strlen(name) <= SECRET_NAME_MAX &&
               !name[strspn(name, letters)];
}

int secret_check_name(const char *name, struct error *err)
{
        if (secret_name_valid(name))
                return 0;
        return error_set(err, EINVAL,
                         "'%s' is not a secret's name (a letter or digit, then letters, digits, "
                         "_ . - @ and +, %d at most)",
                         name, SECRET_NAME_MAX);
}

char *secret_credential(const char *name, bool encrypted)
{
        return str_concat(encrypted ? "crunit-encrypted." : "crunit.", name);
}

char *secret_store(bool encrypted)
{
        const char *name = encrypted ? "credstore.encrypted" : "credstore";
        const char *given = secure_getenv("CRUNIT_CREDSTORE");

        if (!str_empty(given))
                return str_format("%s/%s", given, name);
        if (geteuid() != 0)
                return home_config_path(name);
        return str_concat("/etc/", name);
}

void secret_stores(bool encrypted, struct strv *ret)
{
        static const char *const others[] = { "/run/", "/usr/lib/" };
        char *own = secret_store(encrypted);

        if (own)
                strv_append_owned(ret, own);
        if (secure_getenv("CRUNIT_CREDSTORE"))
                return;
        for (size_t i = 0; i < sizeof others / sizeof *others; i++)
                strv_appendf(ret, "%s%s", others[i],
                             encrypted ? "credstore.encrypted" : "credstore");
}

/* Returns 1 where it is in one of the stores of that kind, 0 where not. */
static int secret_find_kind(const char *name, bool encrypted, char **ret_path, struct error *err)
{
        AUTO_STRV struct strv stores = { 0 };
        AUTO_FREE char *credential = secret_credential(name, encrypted);

        secret_stores(encrypted, &stores);
        for (size_t i = 0; i < stores.count; i++) {
                AUTO_FREE char *path = str_format("%s/%s", stores.items[i], credential);

                if (access(path, F_OK) == 0) {
                        *ret_path = steal_str(&path);
                        return 1;
                }
                if (errno != ENOENT && errno != ENOTDIR)
                        return error_errno(err, errno, "cannot look for the secret '%s' in %s",
                                           name, stores.items[i]);
        }
        return 0;
}

int secret_find(const char *name, char **ret_path, bool *ret_encrypted, struct error *err)
{
        if (secret_check_name(name, err) < 0)
                return -1;
        for (int encrypted = 1; encrypted >= 0; encrypted--) {
                int found = secret_find_kind(name, encrypted, ret_path, err);

                if (found < 0)
                        return -1;
                *ret_encrypted = encrypted;
                if (found)
                        return 0;
        }
        return error_set(err, ENOENT,
                         "there is no secret '%s': make it with `crunit secret create %s FILE`",
                         name, name);
}

static int secret_read_file(int dir, const char *path, struct secret_value *ret, struct error *err)
{
        return io_read_file(dir, path, SECRET_SIZE_MAX, &ret->data, &ret->length, err);
}

int secret_read_stored(const char *name, struct secret_value *ret, struct error *err)
{
        AUTO_FREE char *path = NULL;
        bool encrypted;

        if (secret_find(name, &path, &encrypted, err) < 0)
                return -1;
        return encrypted ? creds_decrypt(name, path, ret, err)
                         : secret_read_file(AT_FDCWD, path, ret, err);
}

int secret_read(const char *name, struct secret_value *ret, struct error *err)
{
        const char *directory = getenv("CREDENTIALS_DIRECTORY");
        AUTO_FREE char *encrypted = NULL, *plain = NULL;
        AUTO_CLOSE int dir = -1;

        if (secret_check_name(name, err) < 0)
                return -1;
        if (!str_empty(directory))
                dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir >= 0) {
                encrypted = secret_credential(name, true);
                plain = secret_credential(name, false);
                const char *const candidates[] = { encrypted, plain, name };

                for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++)
                        if (faccessat(dir, candidates[i], F_OK, 0) == 0)
                                return secret_read_file(dir, candidates[i], ret, err);
        }
        return secret_read_stored(name, ret, err);
}
