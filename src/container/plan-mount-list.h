/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config.mounts while it grows; for plan-mount*.c alone. */
#pragma once

#include "plan-context.h"

/* One member of config.mounts before it is written. */
struct plan_mount {
        char *target; /* owned; clean */
        char *type;   /* owned */
        char *source; /* owned */
        struct strv options;
        size_t order; /* to keep equals in the order they were added */
};

struct plan_mount_list {
        struct plan_mount *items; /* owned */
        size_t count;
};

void plan_mount_list_free(struct plan_mount_list *list);

/* options: comma separated, or "". The result is borrowed until the next call. */
struct plan_mount *plan_add_mount(struct plan_mount_list *list, const char *target,
                                  const char *type, const char *source, const char *options);
bool plan_is_mounted(const struct plan_mount_list *list, const char *target);

/* Kinds: words that exclude each other, NULL at the end. */
extern const char *const plan_write[],
        *const plan_bind[], *const plan_exec[], *const plan_suid[],
                                                        *const plan_dev[],
                                                                *const plan_copy_up[],
                                                                        *const plan_propagation[];
bool plan_is_kind(const char *const *kind, const char *option);

/* An option for the mount where none of its kind was given. */
void plan_default_option(struct plan_mount *mount, const char *const *kind, const char *option);
/* The same for a word, whatever kind it is of; one of none is added once. */
void plan_default_word(struct plan_mount *mount, const char *word);
void plan_remove_option(struct strv *options, const char *option);
/* What the source's file system forbids stays forbidden, unless the option says otherwise. */
void plan_default_flags(struct plan_mount *mount, const char *source);

/* What comes before the mounts that the user asked for, and what is put on top. */
void plan_add_kernel_mounts(const struct plan_context *context, struct plan_mount_list *list);
int plan_add_secret_mounts(const struct plan_context *context, struct plan_mount_list *list,
                           struct error *err);
int plan_add_file_mounts(const struct plan_context *context, struct plan_mount_list *list,
                         struct error *err);
