/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "listing.h"

#include "../base/printable.h"
#include "when.h"

#include <stdio.h>
#include <time.h>

enum {
        LISTING_GAP = 2
};

char *listing_duration(int64_t seconds)
{
        static const struct {
                int64_t seconds;
                const char *name;
        } units[] = {
                { 365 * 86400, "year" }, { 30 * 86400, "month" }, { 7 * 86400, "week" },
                { 86400, "day" },        { 3600, "hour" },        { 60, "minute" },
        };

        for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
                int64_t count = seconds / units[i].seconds;

                if (count)
                        return str_format("%lld %s%s", (long long)count, units[i].name,
                                          count == 1 ? "" : "s");
        }
        return str_format("%lld second%s", (long long)(seconds < 0 ? 0 : seconds),
                          seconds == 1 ? "" : "s");
}

int64_t listing_time(const char *rfc3339)
{
        uint64_t usec = 0;

        return rfc3339 && when_parse_calendar(rfc3339, &usec) ? (int64_t)(usec / WHEN_SECOND) : 0;
}

char *listing_age(const char *rfc3339)
{
        int64_t when = listing_time(rfc3339);
        AUTO_FREE char *span = listing_duration(time(NULL) - when);

        return when ? str_format("%s ago", span) : str_dup("unknown");
}

char *listing_size(uint64_t bytes)
{
        static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
        double number = (double)bytes;
        size_t unit = 0;

        for (; number >= 1000 && unit + 1 < sizeof units / sizeof *units; unit++)
                number /= 1000;
        return str_format(unit ? "%.3g %s" : "%.0f %s", number, units[unit]);
}

void listing_print(const struct strv *rows, size_t row_count, size_t columns)
{
        AUTO_FREE size_t *widths = alloc_zero(columns, sizeof *widths);

        for (size_t row = 0; row < row_count; row++)
                for (size_t i = 0; i < rows[row].count && i < columns; i++) {
                        printable_mask(rows[row].items[i], "");
                        if (strlen(rows[row].items[i]) > widths[i])
                                widths[i] = strlen(rows[row].items[i]);
                }
        for (size_t row = 0; row < row_count; row++)
                for (size_t i = 0; i < rows[row].count && i < columns; i++) {
                        if (i + 1 == columns)
                                printf("%s\n", rows[row].items[i]);
                        else
                                printf("%-*s", (int)widths[i] + LISTING_GAP, rows[row].items[i]);
                }
}

void listing_print_objects(struct json_object *list, const struct listing_column *columns,
                           size_t column_count, bool no_heading)
{
        size_t count = json_object_array_length(list), titles = no_heading ? 0 : 1;
        AUTO_FREE struct strv *rows = alloc_zero(count + 1, sizeof *rows);

        for (size_t i = 0; i < column_count; i++) {
                if (titles)
                        strv_append(&rows[0], columns[i].title);
                for (size_t j = 0; j < count; j++) {
                        struct json_object *object = json_object_array_get_idx(list, j), *member;

                        member = json_object_object_get(object, columns[i].member);
                        strv_append(&rows[j + titles],
                                    member ? json_object_get_string(member) : "");
                }
        }
        listing_print(rows, count + titles, column_count);
        for (size_t i = 0; i < count + titles; i++)
                strv_free(&rows[i]);
}
