/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "error.h"

#include "str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void error_replace(struct error *err, int code, char *message)
{
        free(err->message);
        err->message = message;
        err->code = code;
}

int error_set(struct error *err, int code, const char *format, ...)
{
        va_list args;

        if (!err)
                return -1;
        va_start(args, format);
        error_replace(err, code, str_vformat(format, args));
        va_end(args);
        err->place = (struct error_place){ 0 };
        return -1;
}

int error_errno(struct error *err, int errnum, const char *format, ...)
{
        va_list args;
        char *context;

        if (!err)
                return -1;
        va_start(args, format);
        context = str_vformat(format, args);
        va_end(args);
        error_replace(err, errnum, str_format("%s: %s", context, strerror(errnum)));
        free(context);
        return -1;
}

int error_wrap(struct error *err, const char *format, ...)
{
        va_list args;
        char *context;

        if (!err)
                return -1;
        va_start(args, format);
        context = str_vformat(format, args);
        va_end(args);
        error_replace(err, err->code,
                      str_format("%s: %s", context, err->message ? err->message : "failed"));
        free(context);
        return -1;
}

int error_alias(struct error *err, const char *format, ...)
{
        va_list args;
        char *alias;

        if (!err)
                return -1;
        va_start(args, format);
        alias = str_vformat(format, args);
        va_end(args);
        free(err->alias);
        err->alias = alias;
        return -1;
}
