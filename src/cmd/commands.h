/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The subcommands that deal with containers, for the table in main.c: a function and its options
 * each. */
#pragma once

#include "cmd.h"

cmd_function cmd_auto_update, cmd_cleanup, cmd_exec, cmd_health_ls, cmd_health_run, cmd_health_show,
        cmd_health_watch, cmd_inspect, cmd_kill, cmd_logs, cmd_names, cmd_pod_slice, cmd_port,
        cmd_ps, cmd_refuse, cmd_rm, cmd_run, cmd_secret_create, cmd_secret_exists,
        cmd_secret_import, cmd_secret_inspect, cmd_secret_ls, cmd_secret_rm, cmd_stop;

extern const struct option_row auto_update_options_table[], exec_options_table[],
        health_ls_options[], health_run_options[], health_show_options[], inspect_options_table[],
        kill_options_table[], logs_options_table[], port_options_table[], ps_options_table[],
        rm_options_table[], secret_create_options_table[], secret_exists_options_table[],
        secret_import_options_table[], secret_inspect_options_table[], secret_ls_options_table[],
        secret_rm_options_table[], stop_options_table[];
