/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The start of the log pump on machines for which log-start.S has no words. */
#include "crunit-log.h"

#include <errno.h>
#include <unistd.h>

long log_syscall(long number, long a, long b, long c, long d, long e, long f)
{
        long result = syscall(number, a, b, c, d, e, f);

        return result < 0 ? -errno : result;
}

int main(int argc, char **argv)
{
        (void)argc;
        return log_pump(argv, environ);
}
