/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Directories of configuration files, such as crunit.conf.d. */
#pragma once

#include "error.h"
#include "str.h"

#include <stddef.h>

/*
 * Append to paths the *.conf files of these directories, sorted by name. Of two with one name the
 * one in the later directory counts. NULL and directories that are not there are passed over.
 */
int dropin_list(const char *const *directories, size_t count, struct strv *paths,
                struct error *err);
