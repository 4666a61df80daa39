/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ps-view.h"

#include "../base/json.h"

#include <errno.h>
#include <regex.h>

static struct json_object *filter_view(const void *subject)
{
        const struct view_subject *view = subject;

        return view->view;
}

const char *view_string(const struct view_subject *subject, const char *member)
{
        const char *text = "";

        json_get_string(subject->view, member, &text, NULL);
        return text;
}

/* An extended regular expression that matches anywhere, as podman has it. */
static int filter_name(const void *subject, const char *value, struct error *err)
{
        AUTO_STRV struct strv names = { 0 };
        regex_t pattern;
        int result = 0;

        if (regcomp(&pattern, value, REG_EXTENDED | REG_NOSUB) != 0)
                return error_set(err, EINVAL, "--filter name=%s: not a regular expression", value);
        json_get_strv(filter_view(subject), "Names", &names, NULL);
        for (size_t i = 0; i < names.count; i++)
                if (regexec(&pattern, names.items[i], 0, NULL, 0) == 0)
                        result = 1;
        regfree(&pattern);
        return result;
}

static int filter_id(const void *subject, const char *value, struct error *err)
{
        (void)err;
        return str_has_prefix(view_string(subject, "Id"), value);
}

static const char *const filter_statuses[] = { "created", "running", "exited",
                                               "paused",  "stopped", NULL };

static int filter_status(const void *subject, const char *value, struct error *err)
{
        (void)err;
        return str_equal(view_string(subject, "State"),
                         str_equal(value, "stopped") ? "exited" : value);
}

/* none: nobody asks for its health. */
static const char *const filter_healths[] = { "starting", "healthy", "unhealthy", "none", NULL };

static int filter_health(const void *subject, const char *value, struct error *err)
{
        (void)err;
        return str_equal(view_string(subject, "Health"), str_equal(value, "none") ? "" : value);
}

/* NAME, or NAME=VALUE */
int view_filter_label(const void *subject, const char *value, struct error *err)
{
        AUTO_FREE char *name = str_dupn(value, strcspn(value, "="));
        const char *wanted = strchr(value, '=');
        struct json_object *labels = NULL, *present = NULL;

        (void)err;
        if (json_get_object(filter_view(subject), "Labels", &labels, NULL) < 0 || !labels ||
            !json_object_object_get_ex(labels, name, &present))
                return 0;
        return !wanted || str_equal(json_object_get_string(present), wanted + 1);
}

int view_filter_not_label(const void *subject, const char *value, struct error *err)
{
        return !view_filter_label(subject, value, err);
}

/* The image's name, with or without its tag, or the beginning of its id. */
int view_filter_image(const void *subject, const char *value, struct error *err)
{
        const char *image = view_string(subject, "Image"), *rest = str_after(image, value);
        size_t length = strlen(value), whole = strlen(image);

        (void)err;
        if (str_has_prefix(view_string(subject, "ImageID"), value) ||
            (rest && (!*rest || *rest == ':')))
                return 1;
        /* localhost/NAME:TAG as NAME:TAG, or as NAME */
        for (size_t i = 1; length && i + length <= whole; i++)
                if (image[i - 1] == '/' && strncmp(image + i, value, length) == 0 &&
                    (!image[i + length] || image[i + length] == ':'))
                        return 1;
        return 0;
}

static int filter_network(const void *subject, const char *value, struct error *err)
{
        AUTO_STRV struct strv networks = { 0 };

        (void)err;
        json_get_strv(filter_view(subject), "Networks", &networks, NULL);
        return strv_contains(&networks, value);
}

int view_filter_unit(const void *subject, const char *value, struct error *err)
{
        AUTO_FREE char *service = str_concat(value, ".service");
        const char *unit = view_string(subject, "Unit");

        (void)err;
        return str_equal(unit, value) || str_equal(unit, service);
}

const struct filter_kind ps_filters[] = {
        { "ancestor", view_filter_image, false },
        { "health", filter_health, false, filter_healths },
        { "id", filter_id, false },
        { "label", view_filter_label, true },
        { "label!", view_filter_not_label, true },
        { "name", filter_name, false },
        { "network", filter_network, false },
        { "status", filter_status, false, filter_statuses },
        { "unit", view_filter_unit, false },
        { .name = NULL },
};

int ps_filter(struct json_object *view, const struct strv *filters, struct error *err)
{
        const struct view_subject subject = { view };

        return filter_passes(ps_filters, filters, &subject, err);
}
