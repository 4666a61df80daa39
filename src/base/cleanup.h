/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a scope owns it releases by itself: declare `AUTO_FREE char *name = …`, and hand it over at
 * the end with `return steal_ptr(&name)`. A function that fails half-way needs no clean-up code
 * then. All of these keep errno.
 */
#pragma once

#include "attr.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *p)
{
        free(*(void **)p);
}

static inline void cleanup_close(const int *fd)
{
        int saved = errno;

        if (*fd >= 0)
                close(*fd);
        errno = saved;
}

static inline void cleanup_fclose(FILE **file)
{
        int saved = errno;

        if (*file)
                fclose(*file);
        errno = saved;
}

static inline void cleanup_closedir(DIR **dir)
{
        int saved = errno;

        if (*dir)
                closedir(*dir);
        errno = saved;
}

#define AUTO_FREE     CLEANUP(cleanup_free)
#define AUTO_CLOSE    CLEANUP(cleanup_close)
#define AUTO_FCLOSE   CLEANUP(cleanup_fclose)
#define AUTO_CLOSEDIR CLEANUP(cleanup_closedir)

/* Take the descriptor out of a variable that would close it. */
static inline int steal_fd(int *fd)
{
        int taken = *fd;

        *fd = -1;
        return taken;
}

/* Take the pointer out of a variable that would free it; cast-free for char *, the usual case. */
static inline char *steal_str(char **p)
{
        char *taken = *p;

        *p = NULL;
        return taken;
}

static inline void *steal_ptr(void *p)
{
        void **place = p;
        void *taken = *place;

        *place = NULL;
        return taken;
}
