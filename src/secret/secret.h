/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Secrets are credentials of systemd (systemd.exec(5), "Credentials"). One called NAME is a file in
 * a credential store:
 *
 *     /etc/credstore/crunit.NAME                          as it is
 *     /etc/credstore.encrypted/crunit-encrypted.NAME      by systemd-creds(1), under this very name
 *
 * so that a unit has both with LoadCredential=crunit.NAME and
 * LoadCredentialEncrypted=crunit-encrypted.NAME: the two keys look in the stores by themselves, one
 * that is not there is no failure to systemd, and the service manager, who has the keys, decrypts.
 * The names differ because LoadCredentialEncrypted= looks in /etc/credstore as well, and would take
 * a plain secret for a broken one.
 *
 * Other users than root have theirs in ~/.config/credstore. $CRUNIT_CREDSTORE names the directory
 * that stands for /etc, for tests.
 */
#pragma once

#include "../base/cleanup.h"
#include "../base/error.h"
#include "../base/str.h"

#include <stdbool.h>
#include <stddef.h>

enum {
        SECRET_SIZE_MAX = 512000, /* bytes, as Podman's */
        SECRET_NAME_MAX = 200,    /* bytes; it becomes a part of a file's name */
};

struct secret_value {
        char *data; /* owned; NUL-terminated behind its length */
        size_t length;
};

/* Overwrites what it frees. */
void secret_value_free(struct secret_value *value);
#define AUTO_SECRET CLEANUP(secret_value_free)
/* An array of them, which may be NULL. */
void secret_values_free(struct secret_value *values, size_t count);

/* A letter or digit, then letters, digits and _ . - @ +. */
bool secret_name_valid(const char *name);
int secret_check_name(const char *name, struct error *err);

/* The credential's name, owned. */
char *secret_credential(const char *name, bool encrypted);

/* The store to write to, and all there are, the first that has it wins. Paths. */
char *secret_store(bool encrypted);
void secret_stores(bool encrypted, struct strv *ret);

/* Where a secret is kept: its file, owned; ENOENT where there is no such secret. */
int secret_find(const char *name, char **ret_path, bool *ret_encrypted, struct error *err);

/*
 * The secret, from the credentials of the unit we run in ($CREDENTIALS_DIRECTORY, where one that is
 * called NAME itself serves as well), or else from the stores. ENOENT where there is none.
 */
int secret_read(const char *name, struct secret_value *ret, struct error *err);

/* The same from the stores alone. */
int secret_read_stored(const char *name, struct secret_value *ret, struct error *err);
