/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands about volumes. Those that pack and unpack are crunit-image's, which has the library
 * for it; what help says of them stands here, once for both. */
#pragma once

#include "../base/settings.h"
#include "../volume/volume.h"
#include "cmd.h"

struct json_object;

#define CMD_VOLUME_EXPORT_ROW                                                                      \
        .name = "volume export", .arguments = "[OPTIONS] VOLUME",                                  \
        .help = "Write what is in a volume as a tar archive"
#define CMD_VOLUME_IMPORT_ROW                                                                      \
        .name = "volume import", .arguments = "VOLUME [FILE]",                                     \
        .help = "Put what is in a tar archive into a volume"

extern const struct option_row cmd_volume_create_options[], cmd_volume_export_options[],
        cmd_volume_inspect_options[], cmd_volume_ls_options[], cmd_volume_prune_options[],
        cmd_volume_rm_options[];

cmd_function cmd_volume_create, cmd_volume_exists, cmd_volume_export, cmd_volume_import,
        cmd_volume_inspect, cmd_volume_ls, cmd_volume_prune, cmd_volume_rm;

/* The store's directory; borrowed from the settings, which are loaded. */
int cmd_volume_storage(struct settings *settings, const char **ret, struct error *err);
