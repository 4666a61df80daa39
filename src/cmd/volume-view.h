/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Volumes as those who list and remove them see them: with who uses them. */
#pragma once

#include "../container/volume-users.h"
#include "../volume/volume.h"

struct json_object;

struct volume_list {
        struct volume *items; /* owned */
        size_t count;
        struct census census;
        const char *storage; /* borrowed */
};

void volume_list_free(struct volume_list *list);
#define AUTO_VOLUME_LIST CLEANUP(volume_list_free)

/* Those that pass the filters (NAME=VALUE, as podman has them). One that cannot be read is warned
 * of, and left out. */
int volume_list_take(const char *storage, const struct strv *filters, struct volume_list *ret,
                     struct error *err);

/* The object of `volume inspect`; owned by the caller. */
struct json_object *volume_view(const struct volume_list *list, const struct volume *volume);
