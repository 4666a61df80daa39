/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whom to trust, and what to show, for one registry (containers-certs.d(5)): a directory with
 * *.crt, authorities to be trusted besides the system's, and NAME.cert with NAME.key, a client's
 * certificate. --cert-dir names it, or it is HOST[:PORT] as the registry's name is written, within
 *
 *     $XDG_CONFIG_HOME/containers/certs.d (~/.config/containers/certs.d)
 *     /etc/containers/certs.d
 *     /etc/docker/certs.d
 *
 * of which the first that exists is taken. $SSL_CERT_FILE stands for the system's authorities.
 */
#pragma once

#include "../base/attr.h"
#include "../base/error.h"

#include <stdbool.h>

enum {
        CERTS_MAX_FILE = 4 << 20 /* bytes */
};

struct certs {
        char *ca_file;     /* owned; all authorities in one file; NULL: what libcurl knows */
        bool ca_in_memory; /* then ca_file is a name of ca_fd */
        int ca_fd;         /* owned */
        char *client_cert; /* owned; path, or NULL */
        char *client_key;  /* owned; path, or NULL */
};

/* directory: --cert-dir, or NULL. Fails where something of it cannot be read, or a certificate
 * lacks its key. */
int certs_find(const char *directory, const char *registry, struct certs *ret, struct error *err);
void certs_free(struct certs *certs);
#define AUTO_CERTS CLEANUP(certs_free)
