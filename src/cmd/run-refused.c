/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options that podman has and we do not: why, and what to do instead. */
#include "run-values.h"

#include "../container/spec.h"

#include <errno.h>

static const struct {
        const char *option, *why;
} run_refusals[] = {
        { "attach", "output goes to the log, or to the terminal without -d; for input use -i" },
        { "chrootdirs", "files like /etc/hosts are made in the container's own root only" },
        { "cpu-rt-period", "only the old control groups can limit real-time" },
        { "cpu-rt-runtime", "only the old control groups can limit real-time" },
        { "decryption-key", "encrypted images cannot be used; decrypt it with skopeo copy "
                            "--decryption-key, and load that" },
        { "init-ctr", "write a .container file with Type=oneshot, and Before= in its [Unit]" },
        { "link-local-ip", "no network driver can do that" },
        { "memory-swappiness", "only the old control groups have it; limit the swap itself by "
                               "--memory-swap or MemorySwapMax=" },
        { "oom-kill-disable", "only the old control groups have it; use --oom-score-adj, or "
                              "OOMPolicy= in [Service]" },
        { "pod-id-file", "name the pod itself, with --pod" },
        { "preserve-fd", "pass descriptors from 3 on, with --preserve-fds" },
        { "rdt-class", "cache and bandwidth of the processor are not divided; write a unit that "
                       "puts the process into a group of /sys/fs/resctrl" },
        { "requires", "write Requires= and After= with its service into [Unit]" },
        { "rmi",
          "images are for all containers; remove it with crunit rmi, or crunit image prune" },
};

const char *run_refusal(const char *option)
{
        for (size_t i = 0; i < sizeof run_refusals / sizeof *run_refusals; i++)
                if (str_equal(run_refusals[i].option, option))
                        return run_refusals[i].why;
        return NULL;
}

static void run_refuse(struct container_spec *spec, const struct option_row *row, const char *value)
{
        const char *why = run_refusal(row->name);

        strv_appendf(&spec->unsupported, "--%s%s%s: %s", row->name, value ? " " : "",
                     value ? value : "", why ? why : "not supported by this version");
}

/* Kept for spec_check_supported() to refuse. A switch that is off asks for nothing. */
int run_take_unsupported(void *context, const struct option_row *row, const char *value,
                         struct error *err)
{
        struct container_spec *spec = context;
        bool on = true;

        if (row->kind == OPTION_VALUE) {
                run_refuse(spec, row, value);
                return 0;
        }
        if (value && option_parse_bool(row->name, value, &on, err) < 0)
                return -1;
        if (on)
                run_refuse(spec, row, NULL);
        return 0;
}
