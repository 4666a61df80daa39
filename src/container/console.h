/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The terminal of a container (`-t`): crun makes it, and sends us its master side. */
#pragma once

#include "../base/error.h"

struct console {
        int socket; /* owned; where crun sends the descriptor */
        int master; /* owned; -1 until it came */
        char *path; /* owned; of the socket */
};

void console_close(struct console *console);
#define AUTO_CONSOLE CLEANUP(console_close)

/* Listen in the run directory. */
int console_listen(const char *run, struct console *ret, struct error *err);

/* Take the master that crun has sent; the socket is removed. */
int console_receive(struct console *console, struct error *err);

/* Give the terminal the size of ours (of descriptor 0), if that is one. */
void console_resize(int master);
