/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What save and push say of their progress. */
#pragma once

#include <stdbool.h>

/* A reshape_note_function; context leads to a bool: say warnings only. */
void save_note_print(void *context, bool warning, const char *text);
