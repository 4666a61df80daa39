/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A crunit.conf of any bytes: nothing crashes, a failure says where, and what is taken is within
 * the limits that the rest of the program counts on.
 *
 * With clang -fsanitize=fuzzer and FUZZER defined this is a libFuzzer target; else main() runs the
 * files it is given.
 */
#include "../../src/base/io.h"
#include "../../src/base/settings.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static void require(bool holds)
{
        if (!holds)
                abort();
}

static void require_pool(const struct settings_pool *pool)
{
        unsigned bits = pool->family == AF_INET6 ? 128 : 32;

        require(pool->family == AF_INET || pool->family == AF_INET6);
        require(pool->prefix <= pool->size && pool->size <= bits);
        for (unsigned i = pool->prefix; i < bits; i++)
                require(!(pool->base[i / 8] & 0x80 >> i % 8));
}

static void require_sound(const struct settings *settings)
{
        require(settings->storage && settings->storage[0] == '/');
        for (size_t i = 0; i < settings->additional_stores.count; i++)
                require(settings->additional_stores.items[i][0] == '/');
        require(!settings->authfile || settings->authfile[0] == '/');
        require(settings->parallel >= 1 && settings->parallel <= 64);
        require(settings->stall_ms >= 1000);
        require_pool(&settings->default_subnet);
        for (size_t i = 0; i < settings->pool_count; i++)
                require_pool(&settings->pools[i]);
        for (size_t i = 0; i < settings->warnings.count; i++)
                require(str_has_prefix(settings->warnings.items[i], "/proc/self/fd/"));
}

static void run(const void *data, size_t size)
{
        AUTO_CLOSE int fd = memfd_create("conf", MFD_CLOEXEC);
        AUTO_FREE char *path = str_format("/proc/self/fd/%d", fd);
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_ERROR struct error err = { 0 };

        require(fd >= 0 && io_write_all(fd, data, size) == 0 &&
                setenv("CRUNIT_CONF", path, 1) == 0);
        if (settings_load(&settings, &err) < 0)
                require(err.message && strstr(err.message, path));
        else
                require_sound(&settings);
}

static void fuzz_input(const uint8_t *data, size_t size)
{
        run(data, size);
}

static void fuzz_file(char *data, size_t size)
{
        run(data, size);
}

#include "fuzz-main.h"
