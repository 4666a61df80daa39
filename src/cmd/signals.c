/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "signals.h"

#include <stddef.h>

/* The only state a handler may touch. */
static volatile sig_atomic_t signals_noted;

static void signals_note(int number)
{
        signals_noted = number;
}

/* Reads from a pipe have to end as well: no SA_RESTART. */
const volatile sig_atomic_t *signals_catch(void)
{
        static const int numbers[] = { SIGTERM, SIGINT, SIGHUP };
        struct sigaction action = { .sa_handler = signals_note };

        sigemptyset(&action.sa_mask);
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
                sigaction(numbers[i], &action, NULL);
        signal(SIGPIPE, SIG_IGN);
        return &signals_noted;
}

int signals_status(int otherwise)
{
        return signals_noted ? 128 + signals_noted : otherwise;
}
