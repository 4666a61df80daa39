/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report.h"

#include "../base/str.h"

#include <stdarg.h>

static void report_send(struct report *report, enum report_level level, const char *format,
                        va_list args) PRINTF_LIKE(3, 0);
static void report_send(struct report *report, enum report_level level, const char *format,
                        va_list args)
{
        AUTO_FREE char *text = str_vformat(format, args);

        if (level == REPORT_ERROR)
                report->errors++;
        report->take(report->context, level, text);
}

void report_detail(struct report *report, const char *format, ...)
{
        va_list args;

        if (!report->details)
                return;
        va_start(args, format);
        report_send(report, REPORT_DETAIL, format, args);
        va_end(args);
}

void report_warning(struct report *report, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        report_send(report, REPORT_WARNING, format, args);
        va_end(args);
}

void report_error(struct report *report, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        report_send(report, REPORT_ERROR, format, args);
        va_end(args);
}

void report_failure(struct report *report, struct error *err)
{
        report_error(report, "%s", err->message ? err->message : "failed");
        error_clear(err);
}
