/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `crunit cp` where one side is `-`: a tar from standard input, or to standard output. */
#pragma once

#include "../container/tree-copy.h"

/* Unpack fd's archive (compressed or not) into the directory; nothing outside of it is touched,
 * and no link in it is followed. */
int cp_tar_read(const struct tree_copy *copy, int fd, int directory, struct error *err);

/* Write what from (opened with O_PATH) is, under that name, to fd; content: what is in it. */
int cp_tar_write(int from, const char *name, bool content, int fd, struct error *err);
