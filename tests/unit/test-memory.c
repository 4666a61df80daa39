/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The generator's malloc(), as this program's own. Built so that the compiler knows nothing about
 * it. */
#include "tests/tap.h"

#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
        BLOCKS = 2000
};

/* Warnings have it that these always take what they are given. */
static void *(*volatile resize)(void *, size_t) = realloc;
static void *(*volatile resize_array)(void *, size_t, size_t) = reallocarray;
static volatile size_t huge = SIZE_MAX, half = SIZE_MAX / 2 + 1, two = 2;

static bool is_filled(const unsigned char *memory, unsigned char byte, size_t size)
{
        for (size_t i = 0; i < size; i++)
                if (memory[i] != byte)
                        return false;
        return true;
}

/* Under valgrind its functions are called instead: they give any alignment, and may leave errno
 * alone. */
static bool is_ours(void)
{
        void *memory = malloc(two);
        bool ours = memory && malloc_usable_size(memory) == 16;

        free(memory);
        return ours;
}

static size_t size_of(size_t index)
{
        return index % 7 ? index * 3 : index * 97;
}

/* Many blocks of many sizes, each with its own byte everywhere; every third is given back and
 * another taken. */
static void check_apart(void)
{
        static unsigned char *blocks[BLOCKS];
        bool aligned = true, apart = true, usable = true;

        for (size_t i = 0; i < 3 * BLOCKS; i++) {
                size_t k = i < BLOCKS ? i : i % BLOCKS / 3 * 3;

                free(blocks[k]);
                blocks[k] = malloc(size_of(k));
                aligned = aligned && blocks[k] && (uintptr_t)blocks[k] % 16 == 0;
                if (!blocks[k])
                        break;
                usable = usable && malloc_usable_size(blocks[k]) >= size_of(k);
                memset(blocks[k], (int)(k % 251), size_of(k));
        }
        for (size_t i = 0; i < BLOCKS; i++)
                apart = apart && blocks[i] && is_filled(blocks[i], i % 251, size_of(i));
        check(aligned, "all blocks are aligned for any type");
        check(usable, "and as large as they were asked to be");
        check(apart, "and no two of them overlap");
        for (size_t i = 0; i < BLOCKS; i++)
                free(blocks[i]);
}

static void check_growing(void)
{
        unsigned char *memory = realloc(NULL, two);
        bool kept = memory != NULL;

        for (size_t size = 2; kept && size < 8 << 20; size = size * 3 / 2) {
                memset(memory, 'x', size);
                memory = realloc(memory, size * 3 / 2);
                kept = memory && is_filled(memory, 'x', size);
        }
        check(kept, "what grows keeps what it holds");
        memory = realloc(memory, 10);
        check(memory && is_filled(memory, 'x', 10), "and what shrinks");
        free(memory);
}

static void check_zeroed(void)
{
        unsigned char *memory = malloc(300);

        if (memory)
                memset(memory, 'x', 300);
        free(memory);
        memory = calloc(100, 3);
        check(memory && is_filled(memory, 0, 300), "calloc() clears what was used before");
        free(memory);
        memory = calloc(1 << 20, two);
        check(memory && is_filled(memory, 0, 2 << 20), "and what is large");
        free(memory);
}

static void check_limits(void)
{
        char *memory = malloc(0), *other = malloc(0);

        check(memory && other && memory != other, "blocks of no bytes are blocks");
        free(memory);
        errno = 0;
        free(other);
        free(NULL);
        check(errno == 0, "free() takes nothing as well, and leaves errno alone");
        errno = 0;
        check(!malloc(huge) && errno == ENOMEM, "all memory there is: ENOMEM");
        errno = 0;
        check(!calloc(half, two) && (errno == ENOMEM || !is_ours()),
              "so many that their size overflows: ENOMEM");
        memory = malloc(10);
        strcpy(memory, "something");
        check(!resize_array(memory, half, two) && !resize(memory, huge),
              "neither can a block become so large");
        check_str(memory, "something", "and stays what it was");
        free(memory);
}

static void check_aligned(void)
{
        void *memory = NULL;

        check(posix_memalign(&memory, sizeof(void *), 100) == 0 && memory,
              "posix_memalign() with an alignment that all blocks have");
        free(memory);
        memory = aligned_alloc(16, 64);
        check(memory != NULL, "aligned_alloc() too");
        free(memory);
        memory = memalign(8, 64);
        check(memory != NULL, "and memalign()");
        free(memory);
        if (!is_ours())
                return;
        memory = &memory;
        check(posix_memalign(&memory, 4096, 100) == ENOMEM && memory == &memory,
              "more alignment is refused");
        check(!aligned_alloc(64, 64) && !memalign(64, 64) && !valloc(two) && !pvalloc(two),
              "by all of them");
}

/* Both go on with what was there. */
static void check_fork(void)
{
        char *before = strdup("before");
        pid_t child = fork();
        char *after = strdup(child ? "parent" : "child");
        int status = -1;

        free(before);
        before = strdup("again");
        if (child == 0)
                _exit(strcmp(after, "child") != 0 || strcmp(before, "again") != 0);
        check(child > 0 && waitpid(child, &status, 0) == child && status == 0,
              "the child of fork() has memory of its own");
        check_str(after, "parent", "and so has its parent");
        free(before);
        free(after);
}

int main(void)
{
        check_apart();
        check_growing();
        check_zeroed();
        check_limits();
        check_aligned();
        check_fork();
        return tap_done();
}
