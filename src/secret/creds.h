/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Encryption, by systemd-creds(1). Values pass through pipes and memory only, never through a
 * command line or a file on disk. */
#pragma once

#include "secret.h"

/* With which key: NULL is the machine's own (host), where there is one or can be made; "plain" is
 * none; the others as systemd-creds has them: auto, host, tpm2, host+tpm2, null. */
int creds_check_key(const char *key, struct error *err);

/*
 * The text of the encrypted credential, owned. With key NULL, *ret_text is NULL on a machine that
 * cannot encrypt.
 */
int creds_encrypt(const char *name, const char *key, const struct secret_value *value,
                  char **ret_text, struct error *err);

int creds_decrypt(const char *name, const char *path, struct secret_value *ret, struct error *err);
