/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ahead.h"

#include "../base/cleanup.h"
#include "../base/str.h"

#include <errno.h>
#include <pthread.h>

struct ahead {
        ahead_source *source;
        void *context; /* borrowed */
        pthread_t thread;

        pthread_mutex_t mutex; /* of the members below */
        pthread_cond_t changed;
        unsigned long filled, emptied; /* pieces since the start */
        bool taken;                    /* the caller has the piece at `emptied` */
        bool stop;                     /* the caller wants no more */
        int result;                    /* 1 while the source goes on, then its last word */
        struct error failure;          /* with -1 */

        size_t lengths[AHEAD_PIECES];
        char pieces[AHEAD_PIECES][AHEAD_BYTES];
};

/* Wait for a free piece, whose bytes are then the thread's. False: nobody wants it. */
static bool ahead_wait_free(struct ahead *ahead)
{
        bool wanted;

        pthread_mutex_lock(&ahead->mutex);
        while (!ahead->stop && ahead->filled - ahead->emptied == AHEAD_PIECES)
                pthread_cond_wait(&ahead->changed, &ahead->mutex);
        wanted = !ahead->stop;
        pthread_mutex_unlock(&ahead->mutex);
        return wanted;
}

/* The thread's, while there is a free piece. */
static char *ahead_room(struct ahead *ahead)
{
        return ahead->pieces[ahead->filled % AHEAD_PIECES];
}

static void ahead_pass(struct ahead *ahead, size_t length)
{
        ahead->lengths[ahead->filled % AHEAD_PIECES] = length;
        pthread_mutex_lock(&ahead->mutex);
        ahead->filled++;
        pthread_cond_signal(&ahead->changed);
        pthread_mutex_unlock(&ahead->mutex);
}

/* There is a free piece. False: nobody wants more. */
static bool ahead_put(struct ahead *ahead, const char *data, size_t length)
{
        if (data == ahead_room(ahead)) {
                ahead_pass(ahead, length);
                return true;
        }
        while (length) {
                size_t some = length < AHEAD_BYTES ? length : AHEAD_BYTES;

                if (!ahead_wait_free(ahead))
                        return false;
                memcpy(ahead_room(ahead), data, some);
                ahead_pass(ahead, some);
                data += some;
                length -= some;
        }
        return true;
}

static void *ahead_run(void *context)
{
        struct ahead *ahead = context;
        struct error failure = { 0 };
        const void *data;
        size_t length;
        int result = 0;

        while (ahead_wait_free(ahead)) {
                result = ahead->source(ahead->context, ahead_room(ahead), &data, &length, &failure);
                if (result <= 0 || !ahead_put(ahead, data, length))
                        break;
        }
        pthread_mutex_lock(&ahead->mutex);
        ahead->result = result > 0 ? 0 : result;
        ahead->failure = failure;
        pthread_cond_signal(&ahead->changed);
        pthread_mutex_unlock(&ahead->mutex);
        return NULL;
}

int ahead_start(ahead_source *source, void *context, struct ahead **ret, struct error *err)
{
        struct ahead *ahead = alloc_zero(1, sizeof *ahead);
        int failed;

        ahead->source = source;
        ahead->context = context;
        ahead->result = 1;
        pthread_mutex_init(&ahead->mutex, NULL);
        pthread_cond_init(&ahead->changed, NULL);
        failed = pthread_create(&ahead->thread, NULL, ahead_run, ahead);
        if (failed) {
                free(ahead);
                return error_errno(err, failed, "cannot start a thread");
        }
        *ret = ahead;
        return 0;
}

int ahead_next(struct ahead *ahead, const void **ret_data, size_t *ret_length, struct error *err)
{
        int result;

        pthread_mutex_lock(&ahead->mutex);
        if (ahead->taken) {
                ahead->taken = false;
                ahead->emptied++;
                pthread_cond_signal(&ahead->changed);
        }
        while (ahead->result > 0 && ahead->filled == ahead->emptied)
                pthread_cond_wait(&ahead->changed, &ahead->mutex);
        result = ahead->filled == ahead->emptied ? ahead->result : 1;
        ahead->taken = result > 0;
        pthread_mutex_unlock(&ahead->mutex);
        if (result > 0) {
                size_t place = ahead->emptied % AHEAD_PIECES;

                *ret_data = ahead->pieces[place];
                *ret_length = ahead->lengths[place];
        }
        if (result < 0)
                return error_set(err, ahead->failure.code, "%s", ahead->failure.message);
        return result;
}

void ahead_stop(struct ahead **place)
{
        struct ahead *ahead = *place;

        if (!ahead)
                return;
        pthread_mutex_lock(&ahead->mutex);
        ahead->stop = true;
        pthread_cond_signal(&ahead->changed);
        pthread_mutex_unlock(&ahead->mutex);
        pthread_join(ahead->thread, NULL);
        pthread_mutex_destroy(&ahead->mutex);
        pthread_cond_destroy(&ahead->changed);
        error_clear(&ahead->failure);
        free(ahead);
        *place = NULL;
}
