/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What names-service.c and forwarder.c share; for them alone. An instance is "NETWORK", or what
 * forwarder.h says. */
#pragma once

#include "names.h"

/* Its files; owned by the caller. */
char *names_directory(const char *runtime, const char *instance);
int names_write(const char *directory, const char *name, const char *text, struct error *err);
void names_add_unit(struct strv *units, const char *instance);
bool names_running(const char *runtime, const char *instance);
/* What making its files ready says of an instance. */
enum names_need {
        NAMES_SERVED,  /* it runs */
        NAMES_STOPPED, /* it is to be started */
        NAMES_FRESH    /* so it is, and what may still run does so for files that are gone */
};
void names_start_unit(struct names_start *start, const char *runtime, const char *instance,
                      enum names_need need);
/* Whether nobody but that label has a file there; what writes that were killed left is removed on
 * the way. */
bool names_is_last(const char *directory, const char *label);
