/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ps-view.h"

#include "../base/json.h"

#include <errno.h>
#include <regex.h>

/* 1: it passes, 0: not, -1: the value is none. */
typedef int ps_filter_function(struct json_object *view, const char *value, struct error *err);

static const char *filter_string(struct json_object *view, const char *member)
{
        const char *text = "";

        json_get_string(view, member, &text, NULL);
        return text;
}

/* An extended regular expression that matches anywhere, as podman has it. */
static int filter_name(struct json_object *view, const char *value, struct error *err)
{
        AUTO_STRV struct strv names = { 0 };
        regex_t pattern;
        int result = 0;

        if (regcomp(&pattern, value, REG_EXTENDED | REG_NOSUB) != 0)
                return error_set(err, EINVAL, "--filter name=%s: not a regular expression", value);
        json_get_strv(view, "Names", &names, NULL);
        for (size_t i = 0; i < names.count; i++)
                if (regexec(&pattern, names.items[i], 0, NULL, 0) == 0)
                        result = 1;
        regfree(&pattern);
        return result;
}

static int filter_id(struct json_object *view, const char *value, struct error *err)
{
        (void)err;
        return str_has_prefix(filter_string(view, "Id"), value);
}

static int filter_status(struct json_object *view, const char *value, struct error *err)
{
        static const char *const known[] = { "created", "running", "exited",
                                             "paused",  "stopped", NULL };
        size_t i = 0;

        while (known[i] && !str_equal(known[i], value))
                i++;
        if (!known[i])
                return error_set(err, EINVAL,
                                 "--filter status=%s: not created, running, paused or exited",
                                 value);
        return str_equal(filter_string(view, "State"),
                         str_equal(value, "stopped") ? "exited" : value);
}

/* none: nobody asks for its health. */
static int filter_health(struct json_object *view, const char *value, struct error *err)
{
        static const char *const known[] = { "starting", "healthy", "unhealthy", "none", NULL };
        size_t i = 0;

        while (known[i] && !str_equal(known[i], value))
                i++;
        if (!known[i])
                return error_set(err, EINVAL,
                                 "--filter health=%s: not starting, healthy, unhealthy or none",
                                 value);
        return str_equal(filter_string(view, "Health"), str_equal(value, "none") ? "" : value);
}

/* NAME, or NAME=VALUE */
static int filter_label(struct json_object *view, const char *value, struct error *err)
{
        AUTO_FREE char *name = str_dupn(value, strcspn(value, "="));
        const char *wanted = strchr(value, '=');
        struct json_object *labels = NULL, *present = NULL;

        (void)err;
        if (json_get_object(view, "Labels", &labels, NULL) < 0 || !labels ||
            !json_object_object_get_ex(labels, name, &present))
                return 0;
        return !wanted || str_equal(json_object_get_string(present), wanted + 1);
}

static int filter_not_label(struct json_object *view, const char *value, struct error *err)
{
        return !filter_label(view, value, err);
}

/* The image's name, with or without its tag, or the beginning of its id. */
static int filter_ancestor(struct json_object *view, const char *value, struct error *err)
{
        const char *image = filter_string(view, "Image"), *rest = str_after(image, value);
        size_t length = strlen(value), whole = strlen(image);

        (void)err;
        if (str_has_prefix(filter_string(view, "ImageID"), value) ||
            (rest && (!*rest || *rest == ':')))
                return 1;
        /* localhost/NAME:TAG as NAME:TAG, or as NAME */
        for (size_t i = 1; length && i + length <= whole; i++)
                if (image[i - 1] == '/' && strncmp(image + i, value, length) == 0 &&
                    (!image[i + length] || image[i + length] == ':'))
                        return 1;
        return 0;
}

static int filter_network(struct json_object *view, const char *value, struct error *err)
{
        AUTO_STRV struct strv networks = { 0 };

        (void)err;
        json_get_strv(view, "Networks", &networks, NULL);
        return strv_contains(&networks, value);
}

static int filter_unit(struct json_object *view, const char *value, struct error *err)
{
        AUTO_FREE char *service = str_concat(value, ".service");
        const char *unit = filter_string(view, "Unit");

        (void)err;
        return str_equal(unit, value) || str_equal(unit, service);
}

static const struct ps_filter_kind {
        const char *name;
        ps_filter_function *passes;
} filter_kinds[] = {
        { "ancestor", filter_ancestor },
        { "health", filter_health },
        { "id", filter_id },
        { "label", filter_label },
        { "label!", filter_not_label },
        { "name", filter_name },
        { "network", filter_network },
        { "status", filter_status },
        { "unit", filter_unit },
        { .name = NULL },
};

static const struct ps_filter_kind *filter_find(const char *filter, struct error *err)
{
        AUTO_FREE char *name = str_dupn(filter, strcspn(filter, "="));
        const struct ps_filter_kind *kind = filter_kinds;
        const char *nearest;

        while (kind->name && !str_equal(kind->name, name))
                kind++;
        if (!strchr(filter, '=')) {
                error_set(err, EINVAL, "--filter %s: not KEY=VALUE", filter);
                return NULL;
        }
        if (kind->name)
                return kind;
        nearest = str_nearest_row(name, filter_kinds, sizeof *filter_kinds);
        error_set(err, EINVAL, "--filter %s: there is no such filter%s%s%s", filter,
                  nearest ? ", did you mean " : "", nearest ? nearest : "", nearest ? "=?" : "");
        return NULL;
}

/* Of several filters of one kind one has to pass (of labels each), of all kinds each. */
static int filter_kind_passes(struct json_object *view, const struct ps_filter_kind *kind,
                              const struct strv *filters, struct error *err)
{
        bool each = str_has_prefix(kind->name, "label"), any = false;

        for (size_t i = 0; i < filters->count; i++) {
                const char *value = strchr(filters->items[i], '=');
                int result;

                if (filter_find(filters->items[i], err) != kind)
                        continue;
                result = kind->passes(view, value + 1, err);
                if (result < 0 || (each ? !result : result))
                        return result;
                any = true;
        }
        return each || !any;
}

int ps_filter(struct json_object *view, const struct strv *filters, struct error *err)
{
        for (size_t i = 0; i < filters->count; i++) {
                const struct ps_filter_kind *kind = filter_find(filters->items[i], err);
                int result = kind ? filter_kind_passes(view, kind, filters, err) : -1;

                if (result <= 0)
                        return result;
        }
        return 1;
}
