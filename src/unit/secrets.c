/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Secret=: the service manager loads the credentials that crunit hands on. */
#include "limits.h"
#include "translate.h"

/* Only systemd knows what specifiers stand for, and a name that is none is refused when the
 * container starts. */
static bool is_name(const char *name)
{
        static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789_.-@+%";

        return *name && !strchr("_.-@+", *name) && !name[strspn(name, letters)];
}

/* The name in NAME[,…] or source=NAME,…; owned, NULL where there is none. */
static char *read_name(const char *text)
{
        AUTO_STRV struct strv words = { 0 };

        strv_split(&words, text, ",", false);
        for (size_t i = 0; i < words.count; i++) {
                const char *source = str_after(words.items[i], "source=");

                if (!source)
                        source = str_after(words.items[i], "src=");
                if (!source && i == 0 && !strchr(words.items[0], '='))
                        source = words.items[0];
                if (source)
                        return str_dup(source);
        }
        return NULL;
}

/*
 * A secret is in one of two stores, and which is not known here. systemd passes over a credential
 * that it finds in no store, as long as no path is given; crunit tells which secret is missing.
 */
void secrets_add(struct translation *t, const struct values *args)
{
        AUTO_VALUES struct values secrets = { 0 };
        AUTO_STRV struct strv seen = { 0 };
        AUTO_ERROR struct error err = { 0 };

        /* A user's manager does not look into the user's stores before version 256; crunit does. */
        if (t->set->is_user ||
            values_read_key(&t->source->file, "Container", "Secret", &secrets, NULL, &err) < 0)
                return;
        podman_args_find(args, "--secret", 0, false, &secrets);
        for (size_t i = 0; i < secrets.count; i++) {
                AUTO_FREE char *name = read_name(secrets.items[i].text);

                if (!name || !is_name(name) || strv_contains(&seen, name))
                        continue;
                strv_append(&seen, name);
                unit_add_owned(&t->service, "Service", "LoadCredential",
                               str_concat("crunit.", name));
                unit_add_owned(&t->service, "Service", "LoadCredentialEncrypted",
                               str_concat("crunit-encrypted.", name));
        }
}
