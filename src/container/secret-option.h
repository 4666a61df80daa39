/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `--secret` takes: NAME[,type=mount|env][,target=…][,uid=N][,gid=N][,mode=OCTAL]. */
#pragma once

#include "../base/error.h"
#include "spec.h"

int secret_option_parse(const char *text, struct spec_secret *ret, struct error *err);
/* "NAME,type=…,target=…", owned by the caller. */
char *secret_option_text(const struct spec_secret *secret);
void secret_option_free(struct spec_secret *secret);
