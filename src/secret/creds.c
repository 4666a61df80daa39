/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "creds.h"

#include "../base/base64.h"
#include "../base/io.h"
#include "../base/spawn.h"

#include <errno.h>
#include <sys/mman.h>

int creds_check_key(const char *key, struct error *err)
{
        static const char *const keys[] = { "auto", "host", "tpm2", "host+tpm2", "null", "plain" };

        for (size_t i = 0; key && i < sizeof keys / sizeof *keys; i++)
                if (str_equal(keys[i], key))
                        return 0;
        if (!key)
                return 0;
        return error_set(err, EINVAL,
                         "--with-key %s: not one of auto, host, tpm2, host+tpm2, null and plain",
                         key);
}

/* A file without a name that the program can open by its number. */
static int creds_memory(const struct secret_value *value, struct error *err)
{
        AUTO_CLOSE int fd = memfd_create("secret", 0);

        if (fd < 0 || io_write_all(fd, value->data, value->length) < 0)
                return error_errno(err, errno, "cannot make a memory file");
        return steal_fd(&fd);
}

/* What the program is to be quiet about: where the key's file lies, and, while we only try, what
 * did not work. */
static int creds_run(const struct strv *words, bool quiet, char **ret_text, struct error *err)
{
        AUTO_STRV struct strv environment = { 0 };

        strv_append(&environment, quiet ? "SYSTEMD_LOG_LEVEL=emerg" : "SYSTEMD_LOG_LEVEL=err");
        return spawn_run(words, &environment, quiet ? SPAWN_BOTH : SPAWN_STDOUT, ret_text, err);
}

int creds_encrypt(const char *name, const char *key, const struct secret_value *value,
                  char **ret_text, struct error *err)
{
        AUTO_CLOSE int fd = creds_memory(value, err);
        AUTO_STRV struct strv words = { 0 };
        AUTO_FREE char *credential = secret_credential(name, true);
        AUTO_FREE char *text = NULL;
        int status;

        if (fd < 0)
                return -1;
        strv_append(&words, "systemd-creds");
        strv_append(&words, "encrypt");
        strv_appendf(&words, "--name=%s", credential);
        strv_appendf(&words, "--with-key=%s", key ? key : "host");
        strv_appendf(&words, "/proc/self/fd/%d", fd);
        strv_append(&words, "-");
        status = creds_run(&words, !key, &text, err);
        if (status < 0)
                return -1;
        if (status != 0 && key)
                return error_set(err, EIO, "systemd-creds cannot encrypt with the key '%s'%s", key,
                                 status == SPAWN_NOT_FOUND ? ": the program is missing" : "");
        *ret_text = status == 0 ? steal_str(&text) : NULL;
        return 0;
}

int creds_decrypt(const char *name, const char *path, struct secret_value *ret, struct error *err)
{
        AUTO_STRV struct strv words = { 0 };
        AUTO_FREE char *credential = secret_credential(name, true);
        AUTO_FREE char *text = NULL;
        int status;

        strv_append(&words, "systemd-creds");
        strv_append(&words, "decrypt");
        /* It may hold zeros, and what programs say is text. */
        strv_append(&words, "--transcode=base64");
        strv_appendf(&words, "--name=%s", credential);
        strv_append(&words, path);
        strv_append(&words, "-");
        status = creds_run(&words, false, &text, err);
        if (status < 0)
                return -1;
        ret->data = status == 0 && text ? base64_decode(text, &ret->length) : NULL;
        if (text)
                explicit_bzero(text, strlen(text));
        if (!ret->data)
                return error_set(err, EIO,
                                 "cannot decrypt %s: it was encrypted on another machine or under "
                                 "another name, or its key is gone: make the secret '%s' anew",
                                 path, name);
        return 0;
}
