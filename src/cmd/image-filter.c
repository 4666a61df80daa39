/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image-filter.h"

#include "../base/option.h"
#include "../image/reference.h"
#include "listing.h"
#include "when.h"

#include <errno.h>
#include <fnmatch.h>

struct image_condition {
        const struct filter_row *row; /* borrowed */
        char *value;                  /* owned */
        int64_t time;                 /* seconds since 1970 */
        bool wanted;
};

typedef int filter_parse_function(struct image_condition *condition, struct store *store,
                                  struct error *err);
typedef bool filter_match_function(const struct image_condition *condition,
                                   const struct image_subject *subject);

struct filter_row {
        const char *key;
        filter_parse_function *parse;
        filter_match_function *match;
        bool all; /* of several all have to match, not one */
};

/* --- values */

static int filter_parse_text(struct image_condition *condition, struct store *store,
                             struct error *err)
{
        (void)store;
        return *condition->value ? 0 : error_set(err, EINVAL, "the value is empty");
}

static int filter_parse_bool(struct image_condition *condition, struct store *store,
                             struct error *err)
{
        (void)store;
        return option_parse_bool(condition->row->key, condition->value, &condition->wanted, err);
}

static int filter_parse_time(struct image_condition *condition, struct store *store,
                             struct error *err)
{
        uint64_t usec;

        (void)store;
        if (when_parse(NULL, condition->value, &usec, err) < 0)
                return -1;
        condition->time = (int64_t)(usec / WHEN_SECOND);
        return 0;
}

static int filter_parse_image(struct image_condition *condition, struct store *store,
                              struct error *err)
{
        AUTO_IMAGE struct image image = { 0 };
        AUTO_STORE_FOUND struct store_found found = { 0 };

        if (store_look_up(store, condition->value, &found, err) < 0 ||
            image_read(store, found.entry, &image, NULL, err) < 0)
                return -1;
        condition->time = listing_time(image.config.created);
        return 0;
}

/* --- comparing */

static bool filter_match_before(const struct image_condition *condition,
                                const struct image_subject *subject)
{
        return listing_time(subject->image->config.created) < condition->time;
}

static bool filter_match_since(const struct image_condition *condition,
                               const struct image_subject *subject)
{
        return listing_time(subject->image->config.created) > condition->time;
}

static bool filter_match_dangling(const struct image_condition *condition,
                                  const struct image_subject *subject)
{
        return subject->dangling == condition->wanted;
}

static bool filter_match_containers(const struct image_condition *condition,
                                    const struct image_subject *subject)
{
        return subject->used == condition->wanted;
}

static bool filter_match_id(const struct image_condition *condition,
                            const struct image_subject *subject)
{
        return str_has_prefix(subject->image->id, condition->value);
}

static bool filter_match_digest(const struct image_condition *condition,
                                const struct image_subject *subject)
{
        return str_has_prefix(subject->image->digest, condition->value);
}

/* "KEY" or "KEY=VALUE", where VALUE may have wildcards. */
static bool filter_match_label(const struct image_condition *condition,
                               const struct image_subject *subject)
{
        const struct strv *labels = &subject->image->config.labels;
        AUTO_FREE char *bare = str_format("%s=*", condition->value);
        const char *pattern = strchr(condition->value, '=') ? condition->value : bare;

        for (size_t i = 0; i < labels->count; i++)
                if (fnmatch(pattern, labels->items[i], 0) == 0)
                        return true;
        return false;
}

static bool filter_match_no_label(const struct image_condition *condition,
                                  const struct image_subject *subject)
{
        return !filter_match_label(condition, subject);
}

/* With or without registry, path and tag. */
static bool filter_match_reference(const struct image_condition *condition,
                                   const struct image_subject *subject)
{
        const char *name = subject->image->name;
        AUTO_FREE char *bare = name ? str_dupn(name, reference_repository_length(name)) : NULL;

        for (const char *at = name; at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL)
                if (fnmatch(condition->value, at, 0) == 0)
                        return true;
        for (const char *at = bare; at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL)
                if (fnmatch(condition->value, at, 0) == 0)
                        return true;
        return false;
}

/* --- keys */

static const struct filter_row filter_rows[] = {
        { "before", filter_parse_image, filter_match_before, false },
        { "containers", filter_parse_bool, filter_match_containers, false },
        { "dangling", filter_parse_bool, filter_match_dangling, false },
        { "digest", filter_parse_text, filter_match_digest, false },
        { "id", filter_parse_text, filter_match_id, false },
        { "label", filter_parse_text, filter_match_label, true },
        { "label!", filter_parse_text, filter_match_no_label, true },
        { "reference", filter_parse_text, filter_match_reference, false },
        { "since", filter_parse_image, filter_match_since, false },
        { "until", filter_parse_time, filter_match_before, true },
        { NULL },
};

static int filter_parse_one(const char *text, struct store *store, struct image_condition *ret,
                            struct error *err)
{
        const char *equal = strchr(text, '=');
        AUTO_FREE char *key = str_dupn(text, equal ? (size_t)(equal - text) : strlen(text));
        const struct filter_row *row = filter_rows;
        const char *nearest;

        while (row->key && !str_equal(row->key, key))
                row++;
        if (!row->key) {
                nearest = str_nearest_row(key, filter_rows, sizeof *filter_rows);
                return error_set(err, EINVAL, "--filter %s: '%s' is not known%s%s%s", text, key,
                                 nearest ? ": did you mean '" : "", nearest ? nearest : "",
                                 nearest ? "'?" : "");
        }
        if (!equal)
                return error_set(err, EINVAL, "--filter %s: is not KEY=VALUE", text);
        *ret = (struct image_condition){ .row = row, .value = str_dup(equal + 1) };
        if (row->parse(ret, store, err) < 0) {
                free(ret->value);
                return error_wrap(err, "--filter %s", text);
        }
        return 0;
}

int image_filter_parse(const struct strv *texts, struct store *store, struct image_filter *ret,
                       struct error *err)
{
        AUTO_IMAGE_FILTER struct image_filter filter = { 0 };

        filter.conditions = alloc_zero(texts->count, sizeof *filter.conditions);
        for (size_t i = 0; i < texts->count; i++, filter.count++)
                if (filter_parse_one(texts->items[i], store, filter.conditions + i, err) < 0)
                        return -1;
        *ret = filter;
        filter = (struct image_filter){ 0 };
        return 0;
}

/* Does one of the conditions with that key match? */
static bool filter_matches_one_of(const struct image_filter *filter, const struct filter_row *row,
                                  const struct image_subject *subject)
{
        for (size_t i = 0; i < filter->count; i++)
                if (filter->conditions[i].row == row && row->match(filter->conditions + i, subject))
                        return true;
        return false;
}

bool image_filter_matches(const struct image_filter *filter, const struct image_subject *subject)
{
        for (size_t i = 0; i < filter->count; i++) {
                const struct image_condition *condition = filter->conditions + i;

                if (condition->row->all ? !condition->row->match(condition, subject)
                                        : !filter_matches_one_of(filter, condition->row, subject))
                        return false;
        }
        return true;
}

void image_filter_free(struct image_filter *filter)
{
        for (size_t i = 0; i < filter->count; i++)
                free(filter->conditions[i].value);
        free(filter->conditions);
        *filter = (struct image_filter){ 0 };
}
