/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command of a pod's unit: what crunit would refuse when it starts, and files that are not
 * there. Each option is tried by itself, and then all of them together. */
#include "check.h"

#include "../cmd/pod-options.h"

#include <errno.h>
#include <unistd.h>

static int try_words(const struct strv *words, struct pod_request *request, struct error *err)
{
        pod_request_init(request);
        return pod_request_parse(words, "/", request, err) < 0 ? -1
                                                               : pod_request_check(request, err);
}

static void check_source(struct check *check, const struct check_unit *unit, size_t index,
                         const struct container_spec *spec)
{
        const struct spec_mount *mount = spec->mount_count ? &spec->mounts[0] : NULL;
        const char *next = index + 1 < unit->words.count ? unit->words.items[index + 1] : NULL;

        if (mount && mount->type == SPEC_MOUNT_BIND && access(mount->source, F_OK) < 0 &&
            (errno == ENOENT || errno == ENOTDIR))
                check_report(check, unit, REPORT_WARNING,
                             check_option_place(unit, unit->words.items[index], next, NULL),
                             "%s does not exist here", mount->source);
}

/* False where it is refused. */
static bool check_option(struct check *check, const struct check_unit *unit, size_t index,
                         size_t count)
{
        CLEANUP(pod_request_free) struct pod_request request = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_STRV struct strv words = { 0 };

        strv_append(&words, "create");
        for (size_t i = 0; i < count && index + i < unit->words.count; i++)
                strv_append(&words, unit->words.items[index + i]);
        if (try_words(&words, &request, &err) < 0) {
                check_report_option(check, unit, index, count, REPORT_ERROR, err.code, err.message);
                return false;
        }
        check_source(check, unit, index, &request.spec);
        return true;
}

static void check_together(struct check *check, const struct check_unit *unit,
                           const struct strv *words)
{
        CLEANUP(pod_request_free) struct pod_request request = { 0 };
        AUTO_ERROR struct error err = { 0 };

        if (try_words(words, &request, &err) < 0)
                check_report(check, unit, REPORT_ERROR, (struct error_place){ 0 }, "%s",
                             err.message);
        for (size_t i = 0; i < request.spec.notes.count; i++)
                check_report(check, unit, REPORT_WARNING, (struct error_place){ 0 }, "%s",
                             request.spec.notes.items[i]);
}

void check_pod_command(struct check *check, const struct check_unit *unit)
{
        AUTO_STRV struct strv known = { 0 };
        size_t count;
        bool good = true;

        if (!str_equal(unit->words.items[unit->command], "pod"))
                return;
        strv_append(&known, "create");
        for (size_t i = unit->command + 2; i < unit->words.count; i += count) {
                const char *word = unit->words.items[i];
                bool is_open = false;

                count = check_count_words(pod_create_options, word);
                for (size_t k = 0; k < count && i + k < unit->words.count; k++)
                        is_open = is_open || check_is_open(unit->words.items[i + k]);
                if (is_open)
                        continue;
                good = check_option(check, unit, i, count) && good;
                for (size_t k = 0; k < count && i + k < unit->words.count; k++)
                        strv_append(&known, unit->words.items[i + k]);
        }
        if (good)
                check_together(check, unit, &known);
}
