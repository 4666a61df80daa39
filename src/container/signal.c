/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "signal.h"

#include "../base/str.h"

#include <signal.h>

/* The real-time signals as the kernel numbers them; the C library keeps the first two to itself,
 * and container tools count from 34 as its SIGRTMIN does. */
enum {
        SIGNAL_RTMIN = 34,
        SIGNAL_RTMAX = 64
};

static const struct {
        const char *name;
        int number;
} signals[] = {
        { "HUP", SIGHUP },       { "INT", SIGINT },       { "QUIT", SIGQUIT }, { "ILL", SIGILL },
        { "TRAP", SIGTRAP },     { "ABRT", SIGABRT },     { "BUS", SIGBUS },   { "FPE", SIGFPE },
        { "KILL", SIGKILL },     { "USR1", SIGUSR1 },     { "SEGV", SIGSEGV }, { "USR2", SIGUSR2 },
        { "PIPE", SIGPIPE },     { "ALRM", SIGALRM },     { "TERM", SIGTERM }, { "CHLD", SIGCHLD },
        { "CONT", SIGCONT },     { "STOP", SIGSTOP },     { "TSTP", SIGTSTP }, { "TTIN", SIGTTIN },
        { "TTOU", SIGTTOU },     { "URG", SIGURG },       { "XCPU", SIGXCPU }, { "XFSZ", SIGXFSZ },
        { "PROF", SIGPROF },     { "VTALRM", SIGVTALRM }, { "IO", SIGIO },     { "PWR", SIGPWR },
        { "WINCH", SIGWINCH },   { "SYS", SIGSYS },       { "IOT", SIGABRT },  { "POLL", SIGIO },
        { "CLD", SIGCHLD },
#ifdef SIGSTKFLT
        { "STKFLT", SIGSTKFLT },
#endif
};

/* Of a text behind RTMIN or RTMAX: "", "+N" or "-N". */
static int signal_realtime(int base, char sign, const char *rest)
{
        unsigned long long offset = 0;

        if (*rest && (*rest != sign || !str_to_u64(rest + 1, SIGNAL_RTMAX - SIGNAL_RTMIN, &offset)))
                return -1;
        return sign == '+' ? base + (int)offset : base - (int)offset;
}

int signal_parse(const char *text)
{
        unsigned long long number;

        if (str_to_u64(text, SIGNAL_RTMAX, &number))
                return number > 0 ? (int)number : -1;
        if (strncasecmp(text, "SIG", 3) == 0)
                text += 3;
        for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
                if (str_equal_nocase(signals[i].name, text))
                        return signals[i].number;
        if (strncasecmp(text, "RTMIN", 5) == 0)
                return signal_realtime(SIGNAL_RTMIN, '+', text + 5);
        if (strncasecmp(text, "RTMAX", 5) == 0)
                return signal_realtime(SIGNAL_RTMAX, '-', text + 5);
        return -1;
}

char *signal_name(int number)
{
        for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
                if (signals[i].number == number)
                        return str_format("SIG%s", signals[i].name);
        if (number == SIGNAL_RTMIN || number == SIGNAL_RTMAX)
                return str_format("SIGRT%s", number == SIGNAL_RTMIN ? "MIN" : "MAX");
        if (number > SIGNAL_RTMIN && number < SIGNAL_RTMAX)
                return str_format("SIGRTMIN+%d", number - SIGNAL_RTMIN);
        return str_format("%d", number);
}
