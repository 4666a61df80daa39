/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The values of `crunit run`'s options, one function for each kind: text into the member of the
 * container_spec (context) that the row's field names, or that the function knows. Messages begin
 * with the option and the value: "--memory 12Q: not a size …".
 */
#pragma once

#include "../base/option.h"

option_function run_take_size, run_take_swap, run_take_u64, run_take_i64, run_take_unsigned,
        run_take_stop_timeout, run_take_cpus, run_take_oom_score, run_take_umask, run_take_signal,
        run_take_caps, run_take_mounts, run_take_volumes_from, run_take_device,
        run_take_device_rule, run_take_ulimit, run_take_pair, run_take_label, run_take_path,
        run_take_hostname, run_take_name, run_take_log_driver, run_take_sdnotify, run_take_pull,
        run_take_image_volume, run_take_systemd, run_take_cgroups, run_take_network,
        run_take_publish, run_take_ip, run_take_mac, run_take_alias, run_take_security,
        run_take_restart, run_take_host, run_take_dns, run_take_word, run_take_env, run_take_health,
        run_take_unsupported, run_take_secret, run_take_gpus, run_take_device_policy,
        run_take_seccomp_policy, run_take_personality, run_take_io_weight, run_take_io;

/* -1, with "--OPTION VALUE: why" as the message. */
int run_invalid(struct error *err, const struct option_row *row, const char *value,
                const char *why);

/* Why an option that podman has is refused, and what to do; NULL where it is not. Borrowed. */
const char *run_refusal(const char *option);

/* run-pull.c */
option_function run_take_pull_option, run_take_pull_switch, run_take_retry, run_take_retry_delay,
        run_take_arch, run_take_platform_name, run_take_platform;
