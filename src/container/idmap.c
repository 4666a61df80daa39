/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "idmap.h"

#include <errno.h>
#include <stdlib.h>

void idmap_free(struct idmap *map)
{
        free(map->ranges);
        *map = (struct idmap){ 0 };
}

void idmap_add(struct idmap *map, const struct idmap_range *range)
{
        map->ranges = alloc_grow(map->ranges, map->count + 1, sizeof *map->ranges);
        map->ranges[map->count++] = *range;
}

void idmap_copy(struct idmap *to, const struct idmap *from)
{
        for (size_t i = 0; i < from->count; i++)
                idmap_add(to, &from->ranges[i]);
}

void idmap_invert(const struct idmap *from, struct idmap *to)
{
        for (size_t i = 0; i < from->count; i++) {
                const struct idmap_range *range = &from->ranges[i];

                idmap_add(to, &(struct idmap_range){ range->outside, range->inside, range->count });
        }
}

/* --- words */

bool idmap_parse_id(const char *text, uint32_t *ret)
{
        unsigned long long number;

        if (!str_to_u64(text, IDMAP_LAST, &number))
                return false;
        *ret = (uint32_t)number;
        return true;
}

int idmap_parse_range(const char *text, struct idmap_range *ret, struct error *err)
{
        AUTO_STRV struct strv parts = { 0 };
        struct idmap_range range = { 0 };
        unsigned long long count = 1;
        const char *outside;

        strv_split(&parts, text, ":", true);
        if (parts.count < 2 || parts.count > 3)
                return error_set(err, EINVAL, "not of the form INSIDE:OUTSIDE[:COUNT]");
        /* The parent of a namespace of root's is the host: its ids are the outside ones. */
        outside = parts.items[1] + (parts.items[1][0] == '@');
        if (!idmap_parse_id(parts.items[0], &range.inside))
                return error_set(err, EINVAL, "'%s' is no id", parts.items[0]);
        if (!idmap_parse_id(outside, &range.outside))
                return error_set(err, EINVAL, "'%s' is no id", outside);
        if (parts.count == 3 && (!str_to_u64(parts.items[2], UINT32_MAX, &count) || !count))
                return error_set(err, EINVAL, "'%s' is no number of ids", parts.items[2]);
        range.count = (uint32_t)count;
        if (range.count - 1 > IDMAP_LAST - range.inside ||
            range.count - 1 > IDMAP_LAST - range.outside)
                return error_set(err, ERANGE, "there are no %u ids from there on", range.count);
        *ret = range;
        return 0;
}

int idmap_parse_word(const char *text, struct idmap_word *ret, struct error *err)
{
        struct idmap_word word = { 0 };

        for (; *text && strchr("+ug", *text); text++) {
                word.extend = word.extend || *text == '+';
                word.users = word.users || *text == 'u';
                word.groups = word.groups || *text == 'g';
        }
        /* For both alike is what no flag says, too. */
        if (word.users && word.groups)
                word.users = word.groups = false;
        if (idmap_parse_range(text, &word.range, err) < 0)
                return -1;
        *ret = word;
        return 0;
}

/* --- taking away */

/* What is left of a range when the ids from `first` on, counted by its beginning, are gone. */
static void idmap_add_rest(struct idmap *map, const struct idmap_range *range, int64_t first,
                           int64_t end)
{
        int64_t count = range->count;

        if (first >= count || end <= 0) {
                idmap_add(map, range);
                return;
        }
        if (first > 0)
                idmap_add(map,
                          &(struct idmap_range){ range->inside, range->outside, (uint32_t)first });
        if (end < count)
                idmap_add(map, &(struct idmap_range){ range->inside + (uint32_t)end,
                                                      range->outside + (uint32_t)end,
                                                      (uint32_t)(count - end) });
}

static void idmap_subtract(struct idmap *map, const struct idmap_range *gone, bool inside)
{
        AUTO_IDMAP struct idmap all = *map;

        *map = (struct idmap){ 0 };
        for (size_t i = 0; i < all.count; i++) {
                const struct idmap_range *range = &all.ranges[i];
                int64_t first = inside ? (int64_t)gone->inside - range->inside
                                       : (int64_t)gone->outside - range->outside;

                idmap_add_rest(map, range, first, first + gone->count);
        }
}

void idmap_extend(struct idmap *map, const struct idmap_range *range)
{
        idmap_subtract(map, range, true);
        idmap_subtract(map, range, false);
        idmap_add(map, range);
}

/* --- the whole */

static int idmap_compare_inside(const void *a, const void *b)
{
        const struct idmap_range *one = a, *other = b;

        return one->inside < other->inside ? -1 : one->inside > other->inside;
}

static int idmap_compare_outside(const void *a, const void *b)
{
        const struct idmap_range *one = a, *other = b;

        return one->outside < other->outside ? -1 : one->outside > other->outside;
}

/* An id that two ranges have, in a list that is sorted by it. */
static int idmap_check_overlap(const struct idmap *map, bool inside, struct error *err)
{
        for (size_t i = 1; i < map->count; i++) {
                const struct idmap_range *last = &map->ranges[i - 1], *next = &map->ranges[i];
                uint32_t before = inside ? last->inside : last->outside;
                uint32_t first = inside ? next->inside : next->outside;

                if (first - before < last->count)
                        return error_set(err, EINVAL, "the id %u %s is mapped twice", first,
                                         inside ? "inside" : "outside");
        }
        return 0;
}

static void idmap_join_neighbours(struct idmap *map)
{
        size_t kept = 0;

        for (size_t i = 1; i < map->count; i++) {
                struct idmap_range *last = &map->ranges[kept], *next = &map->ranges[i];

                if ((uint64_t)last->inside + last->count == next->inside &&
                    (uint64_t)last->outside + last->count == next->outside)
                        last->count += next->count;
                else
                        map->ranges[++kept] = *next;
        }
        if (map->count)
                map->count = kept + 1;
}

int idmap_finish(struct idmap *map, struct error *err)
{
        AUTO_FREE char *text = NULL;

        if (!map->count)
                return error_set(err, EINVAL, "no id is mapped");
        qsort(map->ranges, map->count, sizeof *map->ranges, idmap_compare_outside);
        if (idmap_check_overlap(map, false, err) < 0)
                return -1;
        qsort(map->ranges, map->count, sizeof *map->ranges, idmap_compare_inside);
        if (idmap_check_overlap(map, true, err) < 0)
                return -1;
        idmap_join_neighbours(map);
        text = idmap_text(map);
        if (map->count > IDMAP_RANGES_MAX || strlen(text) > IDMAP_TEXT_MAX)
                return error_set(err, E2BIG,
                                 "these are %zu ranges, more than the kernel takes (%d, and %d "
                                 "bytes)",
                                 map->count, IDMAP_RANGES_MAX, IDMAP_TEXT_MAX);
        return 0;
}

bool idmap_to_outside(const struct idmap *map, uint32_t inside, uint32_t *ret)
{
        for (size_t i = 0; i < map->count; i++) {
                const struct idmap_range *range = &map->ranges[i];

                if (inside >= range->inside && inside - range->inside < range->count) {
                        *ret = range->outside + (inside - range->inside);
                        return true;
                }
        }
        return false;
}

bool idmap_to_inside(const struct idmap *map, uint32_t outside, uint32_t *ret)
{
        for (size_t i = 0; i < map->count; i++) {
                const struct idmap_range *range = &map->ranges[i];

                if (outside >= range->outside && outside - range->outside < range->count) {
                        *ret = range->inside + (outside - range->outside);
                        return true;
                }
        }
        return false;
}

bool idmap_is_identity(const struct idmap *map)
{
        for (size_t i = 0; i < map->count; i++)
                if (map->ranges[i].inside != map->ranges[i].outside)
                        return false;
        return true;
}

bool idmap_equal(const struct idmap *a, const struct idmap *b)
{
        AUTO_FREE char *one = idmap_text(a), *other = idmap_text(b);

        return str_equal(one, other);
}

char *idmap_text(const struct idmap *map)
{
        AUTO_STRBUF struct strbuf text = { 0 };

        for (size_t i = 0; i < map->count; i++)
                strbuf_appendf(&text, "%u %u %u\n", map->ranges[i].inside, map->ranges[i].outside,
                               map->ranges[i].count);
        return strbuf_steal(&text);
}

int idmap_from_text(const char *text, struct idmap *ret, struct error *err)
{
        AUTO_IDMAP struct idmap map = { 0 };
        AUTO_STRV struct strv lines = { 0 };

        strv_split(&lines, text, "\n", false);
        for (size_t i = 0; i < lines.count; i++) {
                AUTO_STRV struct strv words = { 0 };
                struct idmap_range range = { 0 };
                unsigned long long count = 0;

                strv_split(&words, lines.items[i], " \t", false);
                if (words.count != 3 || !idmap_parse_id(words.items[0], &range.inside) ||
                    !idmap_parse_id(words.items[1], &range.outside) ||
                    !str_to_u64(words.items[2], UINT32_MAX, &count) || !count ||
                    count - 1 > IDMAP_LAST - range.inside || count - 1 > IDMAP_LAST - range.outside)
                        return error_set(err, EBADMSG, "'%s' is no line of a mapping of ids",
                                         lines.items[i]);
                range.count = (uint32_t)count;
                idmap_add(&map, &range);
        }
        if (idmap_finish(&map, err) < 0)
                return -1;
        *ret = map;
        map = (struct idmap){ 0 };
        return 0;
}
