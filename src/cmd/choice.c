/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "choice.h"

#include "../base/io.h"
#include "../base/json.h"
#include "../base/log.h"
#include "../image/store.h"
#include "cmd.h"
#include "ps-view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

enum {
        CHOICE_ID_MAX = 4096 /* bytes of a file with an id */
};

void choice_free(struct choice *choice)
{
        strv_free(&choice->filters);
        strv_free(&choice->cidfiles);
}

static void choice_add(struct strv *names, const char *name)
{
        if (!strv_contains(names, name))
                strv_append(names, name);
}

static int choice_check(const struct choice *choice, bool named, struct error *err)
{
        const char *by = choice->all             ? "--all"
                         : choice->latest        ? "--latest"
                         : choice->filters.count ? "--filter"
                                                 : NULL;

        named = named || choice->cidfiles.count;
        if (!by && !named)
                return error_set(err, EINVAL,
                                 "which container? Give names, --all, --latest, --filter or "
                                 "--cidfile");
        if (by && named)
                return error_set(err, EINVAL, "names and %s exclude each other", by);
        if (choice->latest && (choice->all || choice->filters.count))
                return error_set(err, EINVAL, "--latest is one container, without %s",
                                 choice->all ? "--all" : "--filter");
        return 0;
}

static int choice_read_id(const char *path, bool forgiving, struct strv *names, struct error *err)
{
        AUTO_FREE char *id = NULL;

        if (io_read_file(AT_FDCWD, path, CHOICE_ID_MAX, &id, NULL, err) < 0)
                return forgiving && err->code == ENOENT ? (error_clear(err), 0) : -1;
        id[strcspn(id, " \t\r\n")] = '\0';
        if (!*id)
                return error_set(err, EINVAL, "%s: no container's id is in there", path);
        choice_add(names, id);
        return 0;
}

static bool choice_in_scope(const struct census_item *item, enum choice_scope scope)
{
        if (scope == CHOICE_RUNNING)
                return str_equal(census_status(item), "running");
        if (scope == CHOICE_PAUSED)
                return str_equal(census_status(item), "paused");
        return scope == CHOICE_KNOWN || item->alive;
}

/* 1: it is meant, 0: not. */
static int choice_passes(const struct choice *choice, const struct census_item *item,
                         struct error *err)
{
        static const struct manager_units nothing = { 0 };
        AUTO_JSON struct json_object *view = NULL;

        if (!choice->filters.count)
                return 1;
        view = ps_view(item, &nothing);
        return ps_filter(view, &choice->filters, err);
}

/* Times in this form (RFC 3339, UTC) are in the order of their letters. */
static bool choice_is_later(const struct container_state *state, const struct container_state *than)
{
        return state->created && (!than->created || strcmp(state->created, than->created) > 0);
}

static int choice_search(const struct choice *choice, enum choice_scope scope, struct strv *names,
                         struct error *err)
{
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_CENSUS struct census census = { 0 };
        const struct container_state *latest = NULL;
        const char *storage, *latest_word = NULL;

        if (filter_check(ps_filters, &choice->filters, err) < 0 ||
            cmd_load_settings(&settings, err) < 0)
                return -1;
        storage = store_root_of(settings.storage);
        if (census_take(scope == CHOICE_KNOWN ? storage : NULL, log_warning_line, &census, err) < 0)
                return -1;
        for (size_t i = 0; i < census.count; i++) {
                const struct census_item *item = &census.items[i];
                int passes = choice_passes(choice, item, err);

                if (passes < 0)
                        return -1;
                if (!passes || !choice_in_scope(item, scope))
                        continue;
                if (!latest || choice_is_later(&item->state, latest)) {
                        latest = &item->state;
                        latest_word = census_word(&census, i);
                }
                if (!choice->latest)
                        choice_add(names, census_word(&census, i));
        }
        if (choice->latest && !latest)
                return error_set(err, ENOENT, "--latest: there is no container");
        if (choice->latest)
                choice_add(names, latest_word);
        return 0;
}

static int choice_make(const struct choice *choice, char *const *words, enum choice_scope scope,
                       bool forgiving, struct strv *ret, struct error *err)
{
        AUTO_STRV struct strv names = { 0 };

        if (choice_check(choice, *words != NULL, err) < 0)
                return -1;
        for (; *words; words++)
                choice_add(&names, *words);
        for (size_t i = 0; i < choice->cidfiles.count; i++)
                if (choice_read_id(choice->cidfiles.items[i], forgiving, &names, err) < 0)
                        return -1;
        if ((choice->all || choice->latest || choice->filters.count) &&
            choice_search(choice, scope, &names, err) < 0)
                return -1;
        strv_append_all(ret, &names);
        return 0;
}

char *choice_latest(struct error *err)
{
        static const struct choice latest = { .latest = true };
        AUTO_STRV struct strv names = { 0 };

        return choice_search(&latest, CHOICE_LIVING, &names, err) < 0 ? NULL
                                                                      : steal_str(&names.items[0]);
}

bool choice_names(const struct choice *choice, const char *command, char *const *words,
                  enum choice_scope scope, bool forgiving, struct strv *ret, int *ret_status)
{
        AUTO_ERROR struct error err = { 0 };

        if (choice_make(choice, words, scope, forgiving, ret, &err) == 0)
                return true;
        if (err.code != EINVAL) {
                *ret_status = log_failure(&err);
                return false;
        }
        log_error("%s: %s", command, err.message);
        *ret_status = CMD_USAGE;
        return false;
}
