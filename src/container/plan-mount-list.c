/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan-mount-list.h"

#include <sys/statvfs.h>

const char *const plan_write[] = { "ro", "rw", NULL };
const char *const plan_bind[] = { "bind", "rbind", NULL };
const char *const plan_exec[] = { "exec", "noexec", NULL };
const char *const plan_suid[] = { "suid", "nosuid", NULL };
const char *const plan_dev[] = { "dev", "nodev", NULL };
const char *const plan_copy_up[] = { "tmpcopyup", "notmpcopyup", NULL };
const char *const plan_propagation[] = { "private", "rprivate",   "shared",      "rshared", "slave",
                                         "rslave",  "unbindable", "runbindable", NULL };

void plan_mount_list_free(struct plan_mount_list *list)
{
        for (size_t i = 0; i < list->count; i++) {
                free(list->items[i].target);
                free(list->items[i].type);
                free(list->items[i].source);
                strv_free(&list->items[i].options);
        }
        free(list->items);
}

struct plan_mount *plan_add_mount(struct plan_mount_list *list, const char *target,
                                  const char *type, const char *source, const char *options)
{
        struct plan_mount *mount;

        list->items = alloc_grow(list->items, list->count + 1, sizeof *list->items);
        mount = &list->items[list->count];
        *mount = (struct plan_mount){ .target = str_dup(target),
                                      .type = str_dup(type),
                                      .source = str_dup(source),
                                      .order = list->count++ };
        strv_split(&mount->options, options, ",", false);
        return mount;
}

bool plan_is_mounted(const struct plan_mount_list *list, const char *target)
{
        for (size_t i = 0; i < list->count; i++)
                if (str_equal(list->items[i].target, target))
                        return true;
        return false;
}

void plan_default_option(struct plan_mount *mount, const char *const *kind, const char *option)
{
        for (; *kind; kind++)
                if (strv_contains(&mount->options, *kind))
                        return;
        strv_append(&mount->options, option);
}

bool plan_is_kind(const char *const *kind, const char *option)
{
        while (*kind && !str_equal(*kind, option))
                kind++;
        return *kind;
}

void plan_default_word(struct plan_mount *mount, const char *word)
{
        const char *const *const kinds[] = { plan_write, plan_bind, plan_exec,
                                             plan_suid,  plan_dev,  plan_propagation };

        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
                if (plan_is_kind(kinds[i], word)) {
                        plan_default_option(mount, kinds[i], word);
                        return;
                }
        if (!strv_contains(&mount->options, word))
                strv_append(&mount->options, word);
}

void plan_remove_option(struct strv *options, const char *option)
{
        size_t kept = 0;

        for (size_t i = 0; i < options->count; i++) {
                if (str_equal(options->items[i], option))
                        free(options->items[i]);
                else
                        options->items[kept++] = options->items[i];
        }
        options->count = kept;
        if (options->items)
                options->items[kept] = NULL;
}

void plan_default_flags(struct plan_mount *mount, const char *source)
{
        struct statvfs fs;

        if (statvfs(source, &fs) < 0)
                return;
        if (fs.f_flag & ST_NOEXEC)
                plan_default_option(mount, plan_exec, "noexec");
        if (fs.f_flag & ST_NOSUID)
                plan_default_option(mount, plan_suid, "nosuid");
        if (fs.f_flag & ST_NODEV)
                plan_default_option(mount, plan_dev, "nodev");
}
