/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report.h"

#include "../base/str.h"

#include <stdarg.h>

static void report_send(struct report *report, const struct report_message *message)
{
        if (message->level == REPORT_ERROR)
                report->errors++;
        report->take(report->context, message);
}

static void report_format(struct report *report, enum report_level level, struct error_place place,
                          const char *format, va_list args) PRINTF_LIKE(4, 0);
static void report_format(struct report *report, enum report_level level, struct error_place place,
                          const char *format, va_list args)
{
        AUTO_FREE char *text = str_vformat(format, args);

        report_send(report,
                    &(struct report_message){
                            .level = level, .place = place, .unit = report->unit, .text = text });
}

void report_detail(struct report *report, const char *format, ...)
{
        va_list args;

        if (!report->details)
                return;
        va_start(args, format);
        report_format(report, REPORT_DETAIL, (struct error_place){ 0 }, format, args);
        va_end(args);
}

void report_warning(struct report *report, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        report_format(report, REPORT_WARNING, (struct error_place){ 0 }, format, args);
        va_end(args);
}

void report_error(struct report *report, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        report_format(report, REPORT_ERROR, (struct error_place){ 0 }, format, args);
        va_end(args);
}

void report_at(struct report *report, enum report_level level, struct error_place place,
               const char *format, ...)
{
        va_list args;

        va_start(args, format);
        report_format(report, level, place, format, args);
        va_end(args);
}

void report_failure(struct report *report, struct error *err)
{
        report_problem(report, REPORT_ERROR, err);
}

void report_problem(struct report *report, enum report_level level, struct error *err)
{
        if (err->message)
                report_send(report, &(struct report_message){ .level = level,
                                                              .place = err->place,
                                                              .unit = report->unit,
                                                              .alias = err->alias,
                                                              .text = err->message });
        error_clear(err);
}

char *report_line(const struct report_message *message)
{
        struct strbuf line = { 0 };

        if (message->unit && message->level == REPORT_ERROR)
                strbuf_appendf(&line, "converting \"%s\": ", message->unit);
        if (message->alias)
                strbuf_appendf(&line, "%s: ", message->alias);
        if (message->place.line)
                strbuf_appendf(&line, "%s:%u: ", message->place.path, message->place.line);
        else if (message->place.path)
                strbuf_appendf(&line, "%s: ", message->place.path);
        strbuf_append(&line, message->text);
        return strbuf_steal(&line);
}
