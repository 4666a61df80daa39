/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One more program in a running container: `crun exec` in the container's own control group, so
 * that the unit's limits hold for it and the unit's end is its end.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"
#include "state.h"

#include <stdbool.h>

struct exec_options {
        struct strv env_files; /* owned; paths (environment_read_file()) */
        struct strv env;       /* owned; after them (environment_apply()) */
        unsigned preserve_fds; /* so many descriptors from 3 on are handed on */
        char *workdir;         /* owned */
        char *user;            /* owned; USER[:GROUP] */
        char *detach_keys;     /* owned; see spec_check_detach_keys() */
        bool interactive, tty, detach, privileged;
};

void exec_options_free(struct exec_options *options);

/* args is the command, NULL-terminated. ret_status is the program's exit status; 125, 126 or 127
 * where it did not run, with no message in err where crun has printed it. */
int exec_in_container(const struct container_state *state, const char *run, const char *runtime,
                      const struct exec_options *options, char *const *args, int *ret_status,
                      struct error *err);
