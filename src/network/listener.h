/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports of the host: whether a program has one, which, and which are free. */
#pragma once

#include "../base/error.h"
#include "port.h"

/* EADDRINUSE, with who it is, where a program of this machine has one of the ports. */
int listener_check(const struct port *port, struct error *err);

/* So many ports in a row that no program has, from the kernel's own choice on; false where there
 * were none. A guess: the caller looks for other containers' ports. */
bool listener_find_free(const struct port *port, uint16_t *ret_first);

/* Whether a program of this machine could listen on the address now; true where that is not known.
 * An address may come later, and packets for it then arrive. */
bool listener_has_address(const struct address *address);
