/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ids that nobody has set aside here: the start of a container that wants some fails, unless the
 * machine it is for has them. */
#include "check.h"

#include "../container/subid.h"
#include "../container/userns.h"

static void check_subid(struct check *check, const struct check_unit *unit, size_t index,
                        const char *path, const char *name)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_IDMAP struct idmap map = { 0 };

        if (!check_is_open(name) && subid_read(path, name, &map, &err) < 0)
                check_report_option(check, unit, index, 1, REPORT_INFO, 0, err.message);
}

static void check_unit_subids(struct check *check, const struct check_unit *unit)
{
        const struct subid_files *files = &subid_system_files;

        for (size_t i = unit->command + 1; i < unit->words.count; i++) {
                const char *mode = check_option_value(&unit->words, i, "userns", 0);
                const char *uids = check_option_value(&unit->words, i, "subuidname", 0);
                const char *gids = check_option_value(&unit->words, i, "subgidname", 0);

                if (mode && (str_equal(mode, "auto") || str_has_prefix(mode, "auto:"))) {
                        check_subid(check, unit, i, files->uids, USERNS_POOL);
                        check_subid(check, unit, i, files->gids, USERNS_POOL);
                }
                if (uids)
                        check_subid(check, unit, i, files->uids, uids);
                if (gids)
                        check_subid(check, unit, i, files->gids, gids);
        }
}

void check_subids(struct check *check)
{
        for (size_t i = 0; i < check->count; i++)
                if (check->units[i].image)
                        check_unit_subids(check, &check->units[i]);
}
