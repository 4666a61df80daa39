/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "growth.h"

void growth_begin(struct growth *growth, uint64_t size)
{
        pthread_mutex_init(&growth->mutex, NULL);
        pthread_cond_init(&growth->changed, NULL);
        growth->size = size;
        growth->ended = growth->broken = false;
}

void growth_free(struct growth *growth)
{
        pthread_mutex_destroy(&growth->mutex);
        pthread_cond_destroy(&growth->changed);
}

void growth_reach(struct growth *growth, uint64_t size)
{
        pthread_mutex_lock(&growth->mutex);
        growth->size = size;
        pthread_cond_broadcast(&growth->changed);
        pthread_mutex_unlock(&growth->mutex);
}

void growth_end(struct growth *growth, bool complete)
{
        pthread_mutex_lock(&growth->mutex);
        if (!growth->ended) {
                growth->ended = true;
                growth->broken = !complete;
        }
        pthread_cond_broadcast(&growth->changed);
        pthread_mutex_unlock(&growth->mutex);
}

int growth_wait(struct growth *growth, uint64_t offset, uint64_t *ret_size)
{
        int result;

        pthread_mutex_lock(&growth->mutex);
        while (growth->size <= offset && !growth->ended)
                pthread_cond_wait(&growth->changed, &growth->mutex);
        *ret_size = growth->size;
        result = growth->size > offset ? 1 : growth->broken ? -1 : 0;
        pthread_mutex_unlock(&growth->mutex);
        return result;
}
