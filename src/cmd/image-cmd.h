/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands about images. Those that unpack run in crunit-image; crunit's table only leads
 * there, so what help says of them stands here, once for both. */
#pragma once

#include "../image/store.h"
#include "cmd.h"

#define CMD_CP_ROW                                                                                 \
        .name = "cp", .arguments = "[OPTIONS] SOURCE TARGET",                                      \
        .help = "Copy files between the host and a container (CONTAINER:PATH), or a tar (-)"
#define CMD_LOAD_ROW                                                                               \
        .name = "load", .arguments = "[OPTIONS] [FILE]",                                           \
        .help = "Load images from an archive, an OCI layout or a root file system's tar"
#define CMD_IMAGE_UNPACK_ROW                                                                       \
        .name = "image unpack", .arguments = "[OPTIONS] IMAGE",                                    \
        .help = "Unpack the layers of an image another tool put into the store"
#define CMD_IMAGE_DIGEST_ROW                                                                       \
        .name = "image digest", .arguments = "[OPTIONS] IMAGE",                                    \
        .help = "Print the digest that an image has in its registry now"
#define CMD_IMAGE_SQUASH_ROW                                                                       \
        .name = "image squash", .arguments = "[OPTIONS] IMAGE",                                    \
        .help = "Make an image one read-only file"
#define CMD_PULL_ROW                                                                               \
        .name = "pull", .arguments = "[OPTIONS] IMAGE…",                                           \
        .help = "Bring images from a registry into the store"
#define CMD_IMAGE_PULL_ROW                                                                         \
        .name = "image pull", .arguments = "[OPTIONS] IMAGE…", .help = "The same as pull"
#define CMD_SAVE_ROW                                                                               \
        .name = "save", .arguments = "[OPTIONS] IMAGE…",                                           \
        .help = "Write images to an archive, a directory or a root file system's tar"
#define CMD_IMAGE_CHECK_ROW                                                                        \
        .name = "image check", .arguments = "[OPTIONS] [IMAGE…]",                                  \
        .help = "Compare all that the store has with its digests, and repair it"
#define CMD_PUSH_ROW                                                                               \
        .name = "push", .arguments = "[OPTIONS] IMAGE [DESTINATION]",                              \
        .help = "Copy an image to a registry, or to another place by its transport"
#define CMD_LOGIN_ROW                                                                              \
        .name = "login", .arguments = "[OPTIONS] [REGISTRY[/PATH]]",                               \
        .help = "Keep a name and a password for a registry, after trying them"
#define CMD_LOGOUT_ROW                                                                             \
        .name = "logout", .arguments = "[OPTIONS] [REGISTRY[/PATH]]",                              \
        .help = "Forget the name and the password for a registry"

extern const struct option_row cmd_cp_options[];
extern const struct option_row cmd_load_options[];
extern const struct option_row cmd_login_options[];
extern const struct option_row cmd_logout_options[];
extern const struct option_row cmd_push_options[];
extern const struct option_row cmd_pull_options[];
extern const struct option_row cmd_image_check_options[];
extern const struct option_row cmd_save_options[];
extern const struct option_row cmd_image_unpack_options[];
extern const struct option_row cmd_image_squash_options[];
extern const struct option_row cmd_image_digest_options[];
extern const struct option_row cmd_images_options[];
extern const struct option_row cmd_rmi_options[];
extern const struct option_row cmd_image_inspect_options[];
extern const struct option_row cmd_image_prune_options[];
extern const struct option_row cmd_image_exists_options[];
extern const struct option_row cmd_history_options[];
extern const struct option_row cmd_tag_options[]; /* of untag as well */

cmd_function cmd_login, cmd_logout;
cmd_function cmd_cp, cmd_push, cmd_image_check;
cmd_function cmd_load, cmd_image_unpack, cmd_image_squash, cmd_image_digest, cmd_pull, cmd_save;
cmd_function cmd_images, cmd_rmi, cmd_image_inspect, cmd_image_prune, cmd_image_exists;
cmd_function cmd_history, cmd_tag, cmd_untag;

/* Open the store that --root (or NULL), $CRUNIT_STORAGE or the settings file names, in this order.
 */
int cmd_open_store(const char *root, enum store_mode mode, struct store *ret, struct error *err);

/* The directories of the additional stores are appended; none where --root names a store: that one
 * alone counts then. */
int cmd_list_additional(const char *root, struct strv *list, struct error *err);

/* For reading: the first of all these stores that has what text means, or else our own. */
int cmd_open_store_of(const char *root, const char *text, struct store *ret, struct error *err);

/* What was not found in our own store (err is ENOENT) may be in another one, which nobody changes:
 * say so instead, with EROFS. Returns -1. */
int cmd_explain_additional(const char *root, const char *text, struct error *err);

/* What --help says of --root. */
extern const char cmd_root_help[];
