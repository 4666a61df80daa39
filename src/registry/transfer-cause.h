/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libcurl's failures mean. Used by transfer.c alone. */
#pragma once

#include "transfer.h"

#include <curl/curl.h>

/* Set the error of a transfer that has failed, whether that may pass, and whether there was no TLS.
 * stall: seconds after which it is given up when nothing moves. */
void transfer_explain(struct transfer *transfer, CURLcode result, unsigned stall);
