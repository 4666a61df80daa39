/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layers are a cache of the store's blobs; where they are missing, crunit-image makes them again.
 */
#pragma once

#include "../base/error.h"

#include <signal.h>

/*
 * Execute `crunit image unpack` for an image of the store, and wait. Takes as long as it takes:
 * systemd is told to be patient. signals is the mask the program starts with. Code EINTR when we
 * were told to stop meanwhile; what is wrong with the image is in the message.
 */
int unpack_image(const char *storage, const char *reference, const sigset_t *signals,
                 struct error *err);
