/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "subid.h"

#include "../base/io.h"

#include <errno.h>
#include <stdlib.h>

enum {
        SUBID_FILE_MAX = 4 << 20
};

const struct subid_files subid_system_files = { "/etc/subuid", "/etc/subgid" };

static int subid_compare(const void *a, const void *b)
{
        const struct idmap_range *one = a, *other = b;

        return one->outside < other->outside ? -1 : one->outside > other->outside;
}

/* Ranges may overlap each other in the file, which is no reason to hand an id out twice. */
static void subid_lay_out(struct idmap *map)
{
        uint64_t inside = 0, end = 0;
        size_t kept = 0;

        if (map->count)
                qsort(map->ranges, map->count, sizeof *map->ranges, subid_compare);
        for (size_t i = 0; i < map->count; i++) {
                struct idmap_range range = map->ranges[i];
                uint64_t first = range.outside > end ? range.outside : end;
                uint64_t last = (uint64_t)range.outside + range.count;

                if (last <= first || inside + (last - first) > (uint64_t)IDMAP_LAST + 1)
                        continue;
                map->ranges[kept++] = (struct idmap_range){ (uint32_t)inside, (uint32_t)first,
                                                            (uint32_t)(last - first) };
                inside += last - first;
                end = last;
        }
        map->count = kept;
}

/* A line of somebody's; false where it is another's, or none. */
static bool subid_parse_line(const char *line, const char *name, struct idmap_range *ret)
{
        AUTO_STRV struct strv fields = { 0 };
        unsigned long long first, count;

        strv_split(&fields, line, ":", true);
        if (fields.count != 3 || !str_equal(fields.items[0], name) ||
            !str_to_u64(fields.items[1], IDMAP_LAST, &first) ||
            !str_to_u64(fields.items[2], UINT32_MAX, &count) || !count)
                return false;
        /* People write a count that goes to the end, and beyond. */
        if (count > IDMAP_LAST - first + 1)
                count = IDMAP_LAST - first + 1;
        *ret = (struct idmap_range){ .outside = (uint32_t)first, .count = (uint32_t)count };
        return true;
}

int subid_parse(const char *text, const char *path, const char *name, struct idmap *ret,
                struct error *err)
{
        AUTO_IDMAP struct idmap map = { 0 };
        AUTO_STRV struct strv lines = { 0 };

        strv_split(&lines, text, "\n", false);
        for (size_t i = 0; i < lines.count; i++) {
                struct idmap_range range;

                if (subid_parse_line(lines.items[i], name, &range))
                        idmap_add(&map, &range);
        }
        subid_lay_out(&map);
        if (!map.count)
                return error_set(err, ENOENT,
                                 "%s sets no ids aside for '%s': add a line %s:FIRST:COUNT", path,
                                 name, name);
        *ret = map;
        map = (struct idmap){ 0 };
        return 0;
}

int subid_read(const char *path, const char *name, struct idmap *ret, struct error *err)
{
        AUTO_ERROR struct error why = { 0 };
        AUTO_FREE char *text = NULL;

        if (io_read_file(AT_FDCWD, path, SUBID_FILE_MAX, &text, NULL, &why) < 0 &&
            why.code != ENOENT)
                return error_set(err, why.code, "%s", why.message);
        return subid_parse(text ? text : "", path, name, ret, err);
}
