/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The generator's own malloc() and free(), which take the place of libc's: one thread, strings of a
 * few sizes, tens of them for each file, and a process that is over in milliseconds. Memory comes
 * from the kernel in chunks, most with all their pages at once, and never goes back to it; a block
 * that is freed waits in the list of its size for the next one that wants it. No locks: the
 * generator has no threads, and after fork() each process has its own. A build with sanitizers does
 * without, and so does valgrind: they have functions of their own.
 */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
        MEMORY_ALIGN = 16,
        MEMORY_STEPS = 64, /* so many sizes differ by MEMORY_ALIGN; then each is twice the last */
        MEMORY_STEP_MAX = MEMORY_STEPS * MEMORY_ALIGN, /* bytes, as all sizes */
        MEMORY_MAX = 1 << 30, /* of one block; a container file has 16 MiB at most */
        MEMORY_SIZES = MEMORY_STEPS + 1 + 20,
        MEMORY_CHUNK = 128 * 1024,
        MEMORY_POPULATED = 1024 * 1024, /* pages of what is larger come when they are used */
};

/* What stands in front of every block. */
struct block {
        _Alignas(MEMORY_ALIGN) size_t index; /* of its size */
        struct block *next;                  /* while it is free */
};

static struct block *free_blocks[MEMORY_SIZES];
static char *chunk, *chunk_end; /* of the chunk that blocks are cut from now, what is left */

/* The first of the sizes that has room for so many bytes. */
static size_t index_of(size_t size)
{
        size_t index = MEMORY_STEPS;

        if (size <= MEMORY_STEP_MAX)
                return (size + MEMORY_ALIGN - 1) / MEMORY_ALIGN;
        for (size_t larger = MEMORY_STEP_MAX; larger < size; larger *= 2)
                index++;
        return index;
}

static size_t size_of(size_t index)
{
        if (index <= MEMORY_STEPS)
                return index * MEMORY_ALIGN;
        return (size_t)MEMORY_STEP_MAX << (index - MEMORY_STEPS);
}

/* NULL where the kernel has none. */
static void *map(size_t size, int flags)
{
        void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags,
                            -1, 0);

        return memory == MAP_FAILED ? NULL : memory;
}

/* What is left of the chunk before is lost; it is less than the block that did not fit. Of the
 * first chunk, most is not used where there are few files: its pages come one by one. */
static struct block *cut_block(size_t whole)
{
        struct block *block;

        if ((size_t)(chunk_end - chunk) < whole) {
                char *memory = map(MEMORY_CHUNK, chunk ? MAP_POPULATE : 0);

                if (!memory)
                        return NULL;
                chunk = memory;
                chunk_end = chunk + MEMORY_CHUNK;
        }
        block = (struct block *)(void *)chunk;
        chunk += whole;
        return block;
}

/* What is large is mapped for itself. */
static struct block *new_block(size_t index)
{
        size_t size = size_of(index);
        size_t whole = sizeof(struct block) + size;
        struct block *block = size <= MEMORY_CHUNK / 2    ? cut_block(whole)
                              : whole <= MEMORY_POPULATED ? map(whole, MAP_POPULATE)
                                                          : map(whole, 0);

        if (block)
                block->index = index;
        else
                errno = ENOMEM;
        return block;
}

static void *take(size_t size)
{
        struct block *block;
        size_t index;

        if (size > MEMORY_MAX) {
                errno = ENOMEM;
                return NULL;
        }
        index = index_of(size);
        block = free_blocks[index];
        if (block)
                free_blocks[index] = block->next;
        else
                block = new_block(index);
        return block ? block + 1 : NULL;
}

static void give(void *memory)
{
        struct block *block = (struct block *)memory - 1;

        block->next = free_blocks[block->index];
        free_blocks[block->index] = block;
}

/* Not called by each other: compilers know these names, and would make one of two of them. */

void *malloc(size_t size)
{
        return take(size);
}

void free(void *memory)
{
        if (memory)
                give(memory);
}

void *calloc(size_t count, size_t size)
{
        void *memory = take(size && count > SIZE_MAX / size ? SIZE_MAX : count * size);

        return memory ? memset(memory, 0, count * size) : NULL;
}

void *realloc(void *memory, size_t size)
{
        size_t present = memory ? size_of(((struct block *)memory - 1)->index) : 0;
        void *larger;

        if (memory && size <= present)
                return memory;
        larger = take(size);
        if (larger && memory) {
                memcpy(larger, memory, present);
                give(memory);
        }
        return larger;
}

/* Blocks are aligned for any type. Nobody here wants more; who does is refused, for libc's own
 * functions of these names would give what free() does not know. */

static void *take_aligned(size_t alignment, size_t size)
{
        if (alignment <= MEMORY_ALIGN)
                return take(size);
        errno = ENOMEM;
        return NULL;
}

void *aligned_alloc(size_t alignment, size_t size)
{
        return take_aligned(alignment, size);
}

void *memalign(size_t alignment, size_t size)
{
        return take_aligned(alignment, size);
}

int posix_memalign(void **ret_memory, size_t alignment, size_t size)
{
        int saved = errno;
        void *memory = take_aligned(alignment, size);

        errno = saved;
        if (!memory)
                return ENOMEM;
        *ret_memory = memory;
        return 0;
}

void *valloc(size_t size)
{
        return take_aligned(SIZE_MAX, size);
}

void *pvalloc(size_t size)
{
        return take_aligned(SIZE_MAX, size);
}

size_t malloc_usable_size(void *memory)
{
        return memory ? size_of(((struct block *)memory - 1)->index) : 0;
}
