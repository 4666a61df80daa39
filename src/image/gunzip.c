/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gunzip.h"

#include "../base/str.h"

#include <errno.h>
#include <isa-l/igzip_lib.h>

enum {
        GUNZIP_MAGIC = 0x1f /* the first byte of a member */
};

struct gunzip {
        gunzip_source *source;
        void *context;    /* borrowed */
        const char *name; /* borrowed */
        bool end;
        struct inflate_state state;
        unsigned char buffer[GUNZIP_ROOM];
};

static void gunzip_begin_member(struct gunzip *gunzip)
{
        isal_inflate_reset(&gunzip->state);
        gunzip->state.crc_flag = ISAL_GZIP;
}

struct gunzip *gunzip_new(gunzip_source *source, void *context, const char *name)
{
        struct gunzip *gunzip = alloc_zero(1, sizeof *gunzip);

        gunzip->source = source;
        gunzip->context = context;
        gunzip->name = name;
        isal_inflate_init(&gunzip->state);
        gunzip_begin_member(gunzip);
        return gunzip;
}

void gunzip_free(struct gunzip **gunzip)
{
        free(*gunzip);
        *gunzip = NULL;
}

static int gunzip_damaged(const struct gunzip *gunzip, const char *why, struct error *err)
{
        return error_set(err, EBADMSG, "%s cannot be decompressed: %s", gunzip->name, why);
}

static const char *gunzip_reason(int code)
{
        switch (code) {
        case ISAL_INVALID_WRAPPER:
                return "its gzip header is damaged";
        case ISAL_UNSUPPORTED_METHOD:
                return "unknown method in its gzip header";
        case ISAL_INCORRECT_CHECKSUM:
                return "wrong checksum";
        default:
                return "the compressed data is damaged";
        }
}

/* Returns 1, or 0 where the source has no more. */
static int gunzip_fetch(struct gunzip *gunzip, struct error *err)
{
        const void *data;
        size_t length;
        int some = gunzip->source(gunzip->context, &data, &length, err);

        if (some <= 0)
                return some;
        /* The library does not write there. */
        gunzip->state.next_in = (uint8_t *)(uintptr_t)data;
        gunzip->state.avail_in = (uint32_t)length;
        return 1;
}

/* A member is complete: is there another one? */
static int gunzip_next_member(struct gunzip *gunzip, struct error *err)
{
        if (!gunzip->state.avail_in) {
                int some = gunzip_fetch(gunzip, err);

                if (some <= 0)
                        return some;
        }
        if (*gunzip->state.next_in != GUNZIP_MAGIC)
                return 0;
        gunzip_begin_member(gunzip);
        return 1;
}

/* Inflate until the buffer is full or the source's bytes are used up. */
static int gunzip_step(struct gunzip *gunzip, struct error *err)
{
        struct inflate_state *state = &gunzip->state;
        uint32_t room = state->avail_out;
        int code, some = 1;

        if (state->block_state == ISAL_BLOCK_FINISH) {
                int more = gunzip_next_member(gunzip, err);

                gunzip->end = more == 0;
                if (more <= 0)
                        return more;
        }
        if (!state->avail_in)
                some = gunzip_fetch(gunzip, err);
        if (some < 0)
                return -1;
        code = isal_inflate(state);
        if (code < 0 || code == ISAL_NEED_DICT)
                return gunzip_damaged(gunzip, gunzip_reason(code), err);
        /* Without input it may still have something to say. */
        if (!some && state->avail_out == room && state->block_state != ISAL_BLOCK_FINISH)
                return gunzip_damaged(gunzip, "it is truncated", err);
        return 0;
}

int gunzip_next(struct gunzip *gunzip, void *room_or_null, const void **ret_data,
                size_t *ret_length, struct error *err)
{
        struct inflate_state *state = &gunzip->state;
        unsigned char *room = room_or_null ? room_or_null : gunzip->buffer;

        state->next_out = room;
        state->avail_out = GUNZIP_ROOM;
        while (state->avail_out && !gunzip->end)
                if (gunzip_step(gunzip, err) < 0)
                        return -1;
        *ret_data = room;
        *ret_length = GUNZIP_ROOM - state->avail_out;
        return *ret_length > 0;
}
