/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The end of a fuzz target, which defines before it
 *     fuzz_input()  one input of a fuzzer's
 *     fuzz_file()   one file of the corpus, NUL-terminated, for `make check`
 * Both abort where something is wrong.
 */
#pragma once

#include "../../src/base/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        (void)fuzz_file; /* a fuzzer has no use for it */
        fuzz_input(data, size);
        return 0;
}

#ifndef FUZZER
#include "../tap.h"

int main(int argc, char **argv)
{
        for (int i = 1; i < argc; i++) {
                AUTO_ERROR struct error err = { 0 };
                AUTO_FREE char *data = NULL;
                size_t size;

                if (check(io_read_file(AT_FDCWD, argv[i], 1 << 24, &data, &size, &err) == 0,
                          argv[i]))
                        fuzz_file(data, size);
        }
        check(argc > 1, "the corpus is there");
        return tap_done();
}
#endif
