/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "writeback.h"

#include "../base/cleanup.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

static bool writeback_wait(struct writeback *writeback)
{
        bool wanted;

        pthread_mutex_lock(&writeback->mutex);
        while (!writeback->due && !writeback->stop)
                pthread_cond_wait(&writeback->changed, &writeback->mutex);
        wanted = !writeback->stop;
        writeback->due = false;
        pthread_mutex_unlock(&writeback->mutex);
        return wanted;
}

static int64_t writeback_clock(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void *writeback_run(void *context)
{
        struct writeback *writeback = context;

        while (writeback_wait(writeback)) {
                int64_t began = writeback_clock();

                if (syncfs(writeback->fd) < 0 || writeback_clock() - began > WRITEBACK_PATIENCE_MS)
                        break;
        }
        return NULL;
}

void writeback_start(struct writeback *writeback, int directory)
{
        AUTO_CLOSE int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                return;
        writeback->fd = fd;
        pthread_mutex_init(&writeback->mutex, NULL);
        pthread_cond_init(&writeback->changed, NULL);
        writeback->running =
                pthread_create(&writeback->thread, NULL, writeback_run, writeback) == 0;
        if (writeback->running)
                fd = -1;
}

void writeback_add(struct writeback *writeback, uint64_t bytes)
{
        uint64_t before;

        if (!writeback->running)
                return;
        before = atomic_fetch_add(&writeback->bytes, bytes);
        if (before / WRITEBACK_BYTES == (before + bytes) / WRITEBACK_BYTES)
                return;
        pthread_mutex_lock(&writeback->mutex);
        writeback->due = true;
        pthread_cond_signal(&writeback->changed);
        pthread_mutex_unlock(&writeback->mutex);
}

void writeback_stop(struct writeback *writeback)
{
        if (writeback->running) {
                pthread_mutex_lock(&writeback->mutex);
                writeback->stop = true;
                pthread_cond_signal(&writeback->changed);
                pthread_mutex_unlock(&writeback->mutex);
                pthread_join(writeback->thread, NULL);
                pthread_mutex_destroy(&writeback->mutex);
                pthread_cond_destroy(&writeback->changed);
                close(writeback->fd);
        }
        *writeback = (struct writeback){ 0 };
}
