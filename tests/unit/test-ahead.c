/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A source read by another thread. */
#include "src/base/cleanup.h"
#include "src/base/str.h"
#include "src/image/ahead.h"
#include "tests/tap.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Counts up in 32 bits, in blocks of a size, and ends or fails at a block. Every other block is put
 * into the room, where it fits. */
struct counter {
        unsigned numbers; /* of a block */
        unsigned blocks;
        bool fails;
        unsigned next;
        atomic_uint given; /* blocks */
        unsigned *block;
};

static int counter_next(void *context, void *room, const void **ret_data, size_t *ret_length,
                        struct error *err)
{
        struct counter *counter = context;
        bool fits = counter->numbers * sizeof *counter->block <= AHEAD_BYTES;
        unsigned *block = fits && counter->given % 2 ? room : counter->block;

        if (counter->given == counter->blocks)
                return counter->fails ? error_set(err, EBADMSG, "enough") : 0;
        for (unsigned i = 0; i < counter->numbers; i++)
                block[i] = counter->next++;
        *ret_data = block;
        *ret_length = counter->numbers * sizeof *block;
        counter->given++;
        return 1;
}

static void test_order(unsigned numbers, unsigned blocks, bool fails, const char *what)
{
        AUTO_FREE unsigned *block = alloc_zero(numbers, sizeof *block);
        struct counter counter = {
                .numbers = numbers, .blocks = blocks, .fails = fails, .block = block
        };
        CLEANUP(ahead_stop) struct ahead *ahead = NULL;
        AUTO_ERROR struct error err = { 0 };
        unsigned expected = 0;
        const void *data;
        size_t length;
        bool right = true;
        int result;

        check(ahead_start(counter_next, &counter, &ahead, NULL) == 0, what);
        while ((result = ahead_next(ahead, &data, &length, &err)) > 0)
                for (size_t i = 0; i < length / sizeof(unsigned); i++)
                        right = right && ((const unsigned *)data)[i] == expected++;
        check(right && expected == numbers * blocks, "all bytes, in their order");
        check(result == (fails ? -1 : 0), "and then the end");
        check_str(err.message, fails ? "enough" : NULL, "with the source's words");
}

/* It does not run ahead without bounds, and can be left at any time. */
static void test_stop(void)
{
        unsigned block[AHEAD_BYTES / sizeof(unsigned)];
        struct counter counter = { .numbers = AHEAD_BYTES / sizeof(unsigned),
                                   .blocks = 1000,
                                   .block = block };
        struct ahead *ahead = NULL;
        const void *data;
        size_t length;

        check(ahead_start(counter_next, &counter, &ahead, NULL) == 0 &&
                      ahead_next(ahead, &data, &length, NULL) > 0,
              "begun");
        ahead_stop(&ahead);
        check(!ahead && counter.given > 0 && counter.given <= AHEAD_PIECES + 2,
              "what nobody takes is not read");
        ahead_stop(&ahead);
}

int main(void)
{
        test_order(10, 0, false, "nothing");
        test_order(10, 0, true, "a failure at once");
        test_order(1, 1000, false, "small blocks");
        test_order(AHEAD_BYTES / 4 + 1, 50, false, "blocks larger than a piece");
        test_order(AHEAD_BYTES, 20, true, "a failure behind many bytes");
        test_stop();
        return tap_done();
}
