/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "save-note.h"

#include "../base/log.h"

#include <stdio.h>

void save_note_print(void *context, bool warning, const char *text)
{
        const bool *quiet = context;

        if (warning)
                log_warning("%s", text);
        else if (!*quiet)
                fprintf(stderr, "%s\n", text);
}
