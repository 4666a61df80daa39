/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Volumes that have a name: what is in one outlives the containers that use it. Each is a directory
 * of the store's:
 *
 *   STORE/volumes/NAME/volume.json   the definition, with the members of `podman volume inspect`
 *                                    that do not change: Name, Driver, CreatedAt, Labels, Options;
 *                                    and UID, GID, ImageID, which were looked up when it was made
 *                      _data         what containers see, or where it is mounted
 *                      new           nothing was in it yet: the first container brings what its
 *                                    image has there; of driver image: its owners' ids
 *                      filling       that was begun and did not end: what is there is worth nothing
 *                      upper, work   of driver image: what was written over the image
 *
 * A directory with a name is complete: it is made as `.new.…` and renamed, and removed as
 * `.gone.…`, by who holds a shared flock on volumes/: with an exclusive one, whatever has such a
 * name is a leftover. Who fills, mounts or removes a volume holds a flock on its directory.
 * volumes/ is of mode 0700: set-user-id programs of a container are nobody's on the host.
 *
 * Anything read is checked as if a stranger had written it.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct json_object;

enum volume_driver {
        VOLUME_LOCAL,
        VOLUME_IMAGE
};

struct volume {
        char *name, *created; /* owned, as all strings here; created is RFC 3339 */
        enum volume_driver driver;
        struct strv labels;  /* NAME=VALUE */
        struct strv options; /* NAME=VALUE or NAME, as they were given: type, device, o, copy … */
        int64_t uid, gid;    /* of the top directory; -1: whatever the first container needs */
        char *image_id;      /* of driver image: 64 hex digits */

        /* What options says, typed. */
        char *type, *device; /* what is mounted, or NULL */
        char *image;         /* of driver image: the reference */
        struct strv words;   /* of o=, without the owner */
        bool no_copy;
};

#define VOLUME_NONE                                                                                \
        {                                                                                          \
                .uid = -1, .gid = -1                                                               \
        }
void volume_free(struct volume *volume);
#define AUTO_VOLUME CLEANUP(volume_free)

/* A letter or digit, then letters, digits, `_`, `.` and `-`; not longer than a file's name may be.
 */
bool volume_name_valid(const char *name);
/* The same, with the reason. */
int volume_check_name(const char *name, struct error *err);
const char *volume_driver_name(enum volume_driver driver);

/*
 * Fill in the typed members from options, which have to make sense together. Names of users and
 * groups (uid=, gid= in o=) are looked up on this machine; ENOENT where it has none of that name.
 */
int volume_read_options(struct volume *volume, struct error *err);

/* A user's or group's number, from a number or a name of this machine. */
int volume_find_user(const char *text, int64_t *ret, struct error *err);
int volume_find_group(const char *text, int64_t *ret, struct error *err);

/* Whether two definitions ask for the same; names and times aside. */
bool volume_equal(const struct volume *a, const struct volume *b);

/* Owned by the caller. */
struct json_object *volume_to_json(const struct volume *volume);
/* Checks it as well. */
int volume_from_json(struct json_object *object, struct volume *ret, struct error *err);

/* storage is the store's directory in all that follows. Paths are owned by the caller. */
char *volume_directory(const char *storage, const char *name);
char *volume_data(const char *storage, const char *name);

/* ENOENT where there is none. */
int volume_load(const char *storage, const char *name, struct volume *ret, struct error *err);
/* Make it, empty; sets created. EEXIST where there is one. Removes what was left of others that
 * were not made, or not removed, to the end. */
int volume_create(const char *storage, struct volume *volume, struct error *err);
/* All names, sorted. */
int volume_list(const char *storage, struct strv *ret, struct error *err);
/* The volume that is meant by its name or by the beginning of it; ENOENT where there is none,
 * EEXIST where several begin so. Owned by the caller. */
int volume_resolve(const char *storage, const char *text, char **ret, struct error *err);

/* The directory, open and locked for this process alone; owned by the caller. ENOENT where there is
 * none; EWOULDBLOCK where somebody else has it. */
int volume_lock(const char *storage, const char *name, struct error *err);
/* Remove a volume that is locked, not mounted, and used by nobody. */
int volume_remove(const char *storage, const char *name, int lock, struct error *err);

enum volume_content {
        VOLUME_NEW,    /* nothing was ever in it */
        VOLUME_BROKEN, /* filling it was interrupted */
        VOLUME_FULL
};

/* The marks in the directory of a volume that is locked. What is set is on disk. */
enum volume_content volume_content(int lock);
int volume_set_content(int lock, enum volume_content content, struct error *err);
/* EBADMSG: what is in a VOLUME_BROKEN one is of no use to anybody. */
int volume_refuse_half(const char *name, struct error *err);
