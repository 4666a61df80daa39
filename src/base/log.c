/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log.h"

#include "journal.h"
#include "printable.h"
#include "str.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum {
        LOG_LENGTH_MAX = 8192 /* bytes of a message: what it quotes may be as long as anything */
};

/* Is stderr the journal stream that systemd named in the environment (systemd.exec(5),
 * JOURNAL_STREAM)? */
bool log_to_journal(void)
{
        const char *stream = getenv("JOURNAL_STREAM");
        AUTO_FREE char *own = NULL;
        struct stat st;

        if (!stream || fstat(STDERR_FILENO, &st) < 0)
                return false;
        own = str_format("%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
        return str_equal(own, stream);
}

/* Messages name files of archives and the like. What is of several lines has the others indented:
 * none of them looks like a message of its own, nor has a priority for the journal. Owned. */
static char *log_clean(char *text)
{
        AUTO_STRBUF struct strbuf clean = { 0 };
        size_t length = strnlen(text, LOG_LENGTH_MAX);

        text[length] = '\0';
        while (length && text[length - 1] == '\n')
                text[--length] = '\0';
        printable_mask(text, "\n\t");
        for (; *text; text++) {
                strbuf_append_char(&clean, *text);
                if (*text == '\n')
                        strbuf_append(&clean, "  ");
        }
        return strbuf_steal(&clean);
}

static void log_line(int level, const char *word, const char *format, va_list args)
        PRINTF_LIKE(3, 0);
static void log_line(int level, const char *word, const char *format, va_list args)
{
        AUTO_FREE char *text = str_vformat(format, args);
        AUTO_FREE char *clean = log_clean(text);
        bool journal = log_to_journal();
        AUTO_FREE char *line =
                journal ? str_format("<%d>%s\n", level, clean)
                        : str_format("%s: %s%s\n", program_invocation_short_name, word, clean);

        fflush(stdout);
        fputs(line, stderr);
        if (journal && level <= LOG_ERR)
                journal_wait_taken(STDERR_FILENO);
}

void log_error(const char *format, ...)
{
        va_list args;

        va_start(args, format);
        log_line(LOG_ERR, "", format, args);
        va_end(args);
}

/* Whether the user wants to hear of errors alone. */
static bool log_only_errors(void)
{
        const char *level = getenv("CRUNIT_LOG_LEVEL");

        return str_equal(level, "error") || str_equal(level, "fatal") || str_equal(level, "panic");
}

void log_warning_line(const char *line)
{
        log_warning("%s", line);
}

void log_warning(const char *format, ...)
{
        va_list args;

        if (log_only_errors())
                return;
        va_start(args, format);
        log_line(LOG_WARNING, "warning: ", format, args);
        va_end(args);
}

void log_notice(const char *format, ...)
{
        va_list args;

        va_start(args, format);
        log_line(LOG_NOTICE, "", format, args);
        va_end(args);
}

void log_info(const char *format, ...)
{
        va_list args;

        va_start(args, format);
        log_line(LOG_INFO, "", format, args);
        va_end(args);
}

enum {
        LOG_EXIT_FAILURE = 125
};

int log_failure(const struct error *err)
{
        log_error("%s", err->message ? err->message : "failed for an unknown reason");
        return LOG_EXIT_FAILURE;
}
