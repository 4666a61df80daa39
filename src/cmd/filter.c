/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "filter.h"

#include "when.h"

#include <errno.h>

/* Among the filters of that kind, whether they let it through, or there is none. */
static int filter_kind_passes(const struct filter_kind *kind, const struct strv *filters,
                              const void *subject, struct error *err)
{
        bool any = false;

        for (size_t i = 0; i < filters->count; i++) {
                const char *rest = str_after(filters->items[i], kind->name);
                int result;

                if (!rest || *rest != '=')
                        continue;
                any = true;
                result = kind->passes(subject, rest + 1, err);
                if (result < 0 || result == !kind->all)
                        return result;
        }
        return !any || kind->all;
}

int filter_passes(const struct filter_kind *kinds, const struct strv *filters, const void *subject,
                  struct error *err)
{
        for (; kinds->name; kinds++) {
                int result = filter_kind_passes(kinds, filters, subject, err);

                if (result != 1)
                        return result;
        }
        return 1;
}

/* The row of NAME=VALUE, or NULL. */
static const struct filter_kind *filter_find(const struct filter_kind *kinds, const char *filter)
{
        AUTO_FREE char *name = str_dupn(filter, strcspn(filter, "="));

        while (kinds->name && !str_equal(kinds->name, name))
                kinds++;
        return kinds->name && strchr(filter, '=') ? kinds : NULL;
}

static int filter_check_value(const struct filter_kind *kind, const char *filter, struct error *err)
{
        const char *value = strchr(filter, '=') + 1;
        AUTO_STRBUF struct strbuf known = { 0 };

        for (size_t i = 0; kind->values && kind->values[i]; i++) {
                if (str_equal(kind->values[i], value))
                        return 0;
                strbuf_appendf(&known, "%s%s", i ? ", " : "", kind->values[i]);
        }
        if (!kind->values)
                return kind->check ? kind->check(value, err) : 0;
        return error_set(err, EINVAL, "--filter %s: not one of %s", filter, known.data);
}

int filter_check(const struct filter_kind *kinds, const struct strv *filters, struct error *err)
{
        AUTO_STRBUF struct strbuf known = { 0 };

        for (const struct filter_kind *kind = kinds; kind->name; kind++)
                strbuf_appendf(&known, "%s%s=", kind == kinds ? "" : ", ", kind->name);
        for (size_t i = 0; i < filters->count; i++) {
                const char *filter = filters->items[i];
                const struct filter_kind *kind = filter_find(kinds, filter);
                AUTO_FREE char *name = str_dupn(filter, strcspn(filter, "="));
                const char *nearest;

                if (kind && filter_check_value(kind, filter, err) < 0)
                        return -1;
                if (kind)
                        continue;
                nearest = strchr(filter, '=') ? str_nearest_row(name, kinds, sizeof *kinds) : NULL;
                return error_set(err, EINVAL, "--filter %s: not one of %s%s%s%s", filter,
                                 known.data, nearest ? "; did you mean " : "",
                                 nearest ? nearest : "", nearest ? "=?" : "");
        }
        return 0;
}

int filter_words(const struct strv *words, const char *value)
{
        for (size_t i = 0; i < words->count; i++) {
                const char *rest = str_after(words->items[i], value);

                if (rest && (!*rest || (*rest == '=' && !strchr(value, '='))))
                        return 1;
        }
        return 0;
}

const char *const filter_truths[] = { "true", "1", "false", "0", NULL };

int filter_dangling(bool dangling, const char *value)
{
        return dangling == (str_equal(value, "true") || str_equal(value, "1"));
}

int filter_check_until(const char *value, struct error *err)
{
        uint64_t limit;

        return when_parse("--filter until=", value, &limit, err);
}

int filter_until(const char *created, const char *value, struct error *err)
{
        uint64_t limit, made;

        if (when_parse("--filter until=", value, &limit, err) < 0)
                return -1;
        return created && when_parse_calendar(created, &made) && made < limit;
}
