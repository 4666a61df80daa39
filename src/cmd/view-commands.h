/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The subcommands that show containers, and that have systemd do something with them. */
#pragma once

#include "cmd.h"

cmd_function cmd_diff, cmd_events, cmd_pause, cmd_restart, cmd_start, cmd_stats, cmd_system_df,
        cmd_system_info, cmd_system_prune, cmd_system_reset, cmd_top, cmd_unpause, cmd_wait;

extern const struct option_row diff_options_table[], events_options_table[], life_options_table[],
        restart_options_table[], start_options_table[], stats_options_table[],
        system_prune_options_table[], system_reset_options_table[], system_df_options_table[],
        system_info_options_table[], top_options_table[], wait_options_table[];
