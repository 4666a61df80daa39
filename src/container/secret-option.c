/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "secret-option.h"

#include "../secret/secret.h"
#include "path.h"

#include <errno.h>
#include <stdlib.h>

enum {
        SECRET_OPTION_MODE = 0444,
};

void secret_option_free(struct spec_secret *secret)
{
        free(secret->name);
        free(secret->target);
        *secret = (struct spec_secret){ 0 };
}

char *secret_option_text(const struct spec_secret *secret)
{
        if (secret->env)
                return str_format("%s,type=env,target=%s", secret->name, secret->target);
        return str_format("%s,type=mount,uid=%u,gid=%u,mode=%04o,target=%s", secret->name,
                          secret->uid, secret->gid, secret->mode, secret->target);
}

/* One secret while its words are read. */
struct secret_option {
        struct spec_secret secret;
        const char *file_word; /* the first that only makes sense for a file, or NULL */
};

static int secret_take_source(struct secret_option *option, const char *value, struct error *err)
{
        if (option->secret.name)
                return error_set(err, EINVAL, "the secret is named twice");
        if (secret_check_name(value, err) < 0)
                return -1;
        option->secret.name = str_dup(value);
        return 0;
}

static int secret_take_type(struct secret_option *option, const char *value, struct error *err)
{
        option->secret.env = str_equal(value, "env");
        if (!option->secret.env && !str_equal(value, "mount"))
                return error_set(err, EINVAL, "type=%s: not mount or env", value);
        return 0;
}

static int secret_take_target(struct secret_option *option, const char *value, struct error *err)
{
        if (!*value)
                return error_set(err, EINVAL, "target= is empty");
        str_replace(&option->secret.target, value);
        return 0;
}

static int secret_take_id(const char *key, const char *value, uint32_t *ret, struct error *err)
{
        unsigned long long number;

        if (!str_to_u64(value, UINT32_MAX - 1, &number))
                return error_set(err, EINVAL, "%s=%s: not a number", key, value);
        *ret = (uint32_t)number;
        return 0;
}

static int secret_take_uid(struct secret_option *option, const char *value, struct error *err)
{
        option->file_word = "uid";
        return secret_take_id("uid", value, &option->secret.uid, err);
}

static int secret_take_gid(struct secret_option *option, const char *value, struct error *err)
{
        option->file_word = "gid";
        return secret_take_id("gid", value, &option->secret.gid, err);
}

static int secret_take_mode(struct secret_option *option, const char *value, struct error *err)
{
        size_t length = strlen(value);

        option->file_word = "mode";
        if (!length || length > 5 || strspn(value, "01234567") < length ||
            strtoul(value, NULL, 8) > 07777)
                return error_set(err, EINVAL, "mode=%s: not an octal number up to 7777", value);
        option->secret.mode = (uint32_t)strtoul(value, NULL, 8);
        return 0;
}

typedef int secret_take(struct secret_option *option, const char *value, struct error *err);

static const struct {
        const char *key;
        secret_take *take;
} secret_keys[] = {
        { "source", secret_take_source }, { "src", secret_take_source },
        { "type", secret_take_type },     { "target", secret_take_target },
        { "uid", secret_take_uid },       { "gid", secret_take_gid },
        { "mode", secret_take_mode },
};

static int secret_take_word(struct secret_option *option, const char *word, struct error *err)
{
        size_t length = strcspn(word, "=");

        for (size_t i = 0; i < sizeof secret_keys / sizeof *secret_keys; i++) {
                const char *key = secret_keys[i].key;

                if (word[length] && strncmp(word, key, length) == 0 && !key[length])
                        return secret_keys[i].take(option, word + length + 1, err);
        }
        return error_set(err, EINVAL,
                         "'%s' is not type=, target=, uid=, gid= or mode= with a value", word);
}

static int secret_finish_target(struct spec_secret *secret, struct error *err)
{
        AUTO_FREE char *given = secret->target ? secret->target : str_dup(secret->name);
        AUTO_FREE char *path = str_concat("/run/secrets/", given);

        secret->target = NULL;
        if (secret->env) {
                if (strchr(given, '='))
                        return error_set(err, EINVAL, "target=%s: not the name of a variable",
                                         given);
                secret->target = steal_str(&given);
                return 0;
        }
        secret->target = path_clean(given[0] == '/' ? given : path);
        if (str_equal(secret->target, "/") ||
            (given[0] != '/' && !str_has_prefix(secret->target, "/run/secrets/")))
                return error_set(err, EINVAL,
                                 "target=%s: not a file below /run/secrets, nor an absolute path",
                                 given);
        return 0;
}

int secret_option_parse(const char *text, struct spec_secret *ret, struct error *err)
{
        struct secret_option option = { .secret.mode = SECRET_OPTION_MODE };
        CLEANUP(secret_option_free) struct spec_secret secret = { 0 };
        AUTO_STRV struct strv words = { 0 };
        int result = 0;

        strv_split(&words, text, ",", true);
        for (size_t i = 0; i < words.count && result == 0; i++)
                result = i == 0 && !strchr(words.items[0], '=')
                                 ? secret_take_source(&option, words.items[0], err)
                                 : secret_take_word(&option, words.items[i], err);
        secret = option.secret;
        if (result < 0)
                return -1;
        if (!secret.name)
                return error_set(err, EINVAL, "no secret is named");
        if (secret.env && option.file_word)
                return error_set(err, EINVAL, "%s= has no meaning with type=env", option.file_word);
        if (secret_finish_target(&secret, err) < 0)
                return -1;
        *ret = secret;
        secret = (struct spec_secret){ 0 };
        return 0;
}
