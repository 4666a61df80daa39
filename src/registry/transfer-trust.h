/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Before libcurl 8.9, each connection of its GnuTLS flavour has all authorities that the machine
 * trusts in memory for itself, 4 MB of Debian's, until it is closed. They are of use only while the
 * server's certificate is checked.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>

/* Is it such a libcurl? From that version on, all connections share them. */
bool transfer_trust_is_own(void);

/* The server of this transfer's connection has answered, and so its certificate has been checked:
 * forget the authorities. Whatever would be checked against them later fails. */
void transfer_trust_forget(CURL *easy);
