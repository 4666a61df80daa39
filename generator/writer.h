/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing the units. Half of the generator's time goes by in the kernel, where files are made, so
 * with many units a child process does that, while this one translates the next. The child acts on
 * whole units only: when its parent dies, what is half on its way is dropped.
 */
#pragma once

#include "../src/base/error.h"
#include "../src/base/str.h"
#include "../src/unit/install.h"
#include "../src/unit/report.h"
#include "output.h"

#include <stdio.h>
#include <sys/types.h>

struct writer {
        struct output output;
        struct strbuf failures; /* messages, each with a NUL behind it */
        pid_t child;            /* 0: there is none */
        FILE *units;            /* owned; on their way to the child */
        int socket;             /* borrowed from units; the child's failures come from there */
};

/* Open the directory that about count units are going to be written to. */
int writer_open(struct writer *writer, const char *directory, size_t count, struct error *err);

/* Write a unit and its links, now or by and by. */
void writer_put(struct writer *writer, const char *service, const struct strbuf *text,
                const struct install *install);

/* Wait until all is written; only now failures are reported, so that messages have one order
 * whoever writes. */
void writer_finish(struct writer *writer, struct report *report);

/* Without writer_finish() first, units may get lost. */
void writer_close(struct writer *writer);
#define AUTO_WRITER CLEANUP(writer_close)
