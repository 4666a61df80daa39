/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit-yaml FILE: prints a YAML document as JSON (base/yaml-json.h). */
#include "base/io.h"
#include "base/str.h"
#include "base/yaml-json.h"

#include <err.h>

enum {
        YAML_FILE_MAX = 4 << 20
};

int main(int argc, char **argv)
{
        AUTO_ERROR struct error error = { 0 };
        AUTO_FREE char *text = NULL, *printed = NULL;
        size_t length;

        if (argc != 2)
                errx(2, "usage: crunit-yaml FILE");
        if (io_read_file(AT_FDCWD, argv[1], YAML_FILE_MAX, &text, &length, &error) < 0 ||
            yaml_to_json(text, length, argv[1], &printed, &error) < 0) {
                fprintf(stderr, "%s\n", error.message);
                return 1;
        }
        return puts(printed) < 0 || fflush(stdout) != 0;
}
