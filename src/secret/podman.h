/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Secrets that Podman's file driver keeps: DIR/secrets.json describes them, and the driver's
 * secretsdata.json has the values in base64, in the directory each description names. */
#pragma once

#include "secret.h"

struct podman_secret {
        char *name; /* owned */
        struct strv labels;
        struct secret_value value;
};

struct podman_secrets {
        struct podman_secret *items; /* owned; sorted by name */
        size_t count;
        struct strv notes; /* what was left out, and why */
};

void podman_secrets_free(struct podman_secrets *secrets);
#define AUTO_PODMAN_SECRETS CLEANUP(podman_secrets_free)

/* dir: /var/lib/containers/storage/secrets, or a user's. ENOENT where Podman keeps none there. */
int podman_secrets_read(const char *dir, struct podman_secrets *ret, struct error *err);
