/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Programs that keep credentials: docker-credential-NAME of $PATH, which get what is asked on
 * standard input and answer with JSON. They are executed without a shell, and have HELPER_TIMEOUT
 * seconds.
 */
#pragma once

#include "credentials.h"

enum {
        HELPER_TIMEOUT = 60 /* seconds; some ask a person */
};

/* 1: found; 0: the helper has none for this server. */
int helper_get(const char *name, const char *server, struct credentials *ret, struct error *err);
int helper_store(const char *name, const char *server, const struct credentials *credentials,
                 struct error *err);
/* 1: erased; 0: it had none. */
int helper_erase(const char *name, const char *server, struct error *err);
