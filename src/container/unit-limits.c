/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit-limits.h"

#include <stdlib.h>

enum {
        LIMIT_CPU_PERIOD = 100000, /* microseconds, where none is given */
        LIMIT_WEIGHTS = 9999,      /* systemd's are 1 to 10000 */
        LIMIT_SHARES = 262142,     /* and those of the options 2 to 262144 */
        LIMIT_IO_WEIGHT = 10,      /* or 10 to 1000 */
        LIMIT_IO_WEIGHTS = 990,
};

static const char *const limit_devices[UNIT_LIMITS_DEVICES] = {
        [SPEC_IO_WEIGHT] = "IODeviceWeight",           [SPEC_IO_READ_BYTES] = "IOReadBandwidthMax",
        [SPEC_IO_WRITE_BYTES] = "IOWriteBandwidthMax", [SPEC_IO_READ_COUNT] = "IOReadIOPSMax",
        [SPEC_IO_WRITE_COUNT] = "IOWriteIOPSMax",
};

static struct manager_property *limit_add(struct unit_limits *limits, const char *name)
{
        if (limits->count == UNIT_LIMITS_MAX)
                abort();
        limits->properties[limits->count].name = name;
        return &limits->properties[limits->count++];
}

static void limit_add_number(struct unit_limits *limits, const char *name, uint64_t number)
{
        struct manager_property *property = limit_add(limits, name);

        property->kind = MANAGER_U64;
        property->number = number;
}

static void limit_add_memory(const struct container_spec *spec, bool all,
                             struct unit_limits *limits)
{
        /* Podman's number is memory and swap together. */
        bool swap = spec->memory_swap > 0 && spec->memory &&
                    (uint64_t)spec->memory_swap >= spec->memory;

        if (spec->memory || all)
                limit_add_number(limits, "MemoryMax", spec->memory ? spec->memory : UINT64_MAX);
        if (spec->memory_reservation || all)
                limit_add_number(limits, "MemoryLow", spec->memory_reservation);
        if (swap)
                limit_add_number(limits, "MemorySwapMax",
                                 (uint64_t)spec->memory_swap - spec->memory);
        else if (spec->memory_swap < 0 || all)
                limit_add_number(limits, "MemorySwapMax", UINT64_MAX);
}

static uint64_t limit_quota(const struct container_spec *spec)
{
        uint64_t period = spec->cpu_period ? spec->cpu_period : LIMIT_CPU_PERIOD;

        return spec->cpu_quota > 0 ? (uint64_t)spec->cpu_quota * 1000000 / period : UINT64_MAX;
}

static uint64_t limit_weight(const struct container_spec *spec)
{
        uint64_t shares = spec->cpu_shares < LIMIT_SHARES + 2 ? spec->cpu_shares : LIMIT_SHARES + 2;

        return shares >= 2 ? 1 + (shares - 2) * LIMIT_WEIGHTS / LIMIT_SHARES : UINT64_MAX;
}

static void limit_add_set(struct unit_limits *limits, bool all, const char *name, const char *set)
{
        struct manager_property *property;

        if (!set && !all)
                return;
        property = limit_add(limits, name);
        property->kind = MANAGER_CPUS;
        property->text = set ? set : "";
}

static void limit_add_cpu(const struct container_spec *spec, bool all, struct unit_limits *limits)
{
        if (spec->cpu_quota > 0 || all)
                limit_add_number(limits, "CPUQuotaPerSecUSec", limit_quota(spec));
        if (spec->cpu_shares >= 2 || all)
                limit_add_number(limits, "CPUWeight", limit_weight(spec));
        limit_add_set(limits, all, "AllowedCPUs", spec->cpuset_cpus);
        limit_add_set(limits, all, "AllowedMemoryNodes", spec->cpuset_mems);
}

static uint64_t limit_io_weight(uint64_t weight)
{
        return 1 + (weight - LIMIT_IO_WEIGHT) * LIMIT_WEIGHTS / LIMIT_IO_WEIGHTS;
}

static void limit_add_io(const struct container_spec *spec, bool all, struct unit_limits *limits)
{
        if (spec->io_weight || all)
                limit_add_number(limits, "IOWeight",
                                 spec->io_weight ? limit_io_weight(spec->io_weight) : UINT64_MAX);
        for (size_t i = 0; i < spec->io_count; i++) {
                const struct spec_io *io = &spec->ios[i];
                uint64_t limit =
                        io->kind == SPEC_IO_WEIGHT ? limit_io_weight(io->limit) : io->limit;

                strv_appendf(&limits->devices[io->kind], "%s %llu", io->device,
                             (unsigned long long)limit);
        }
        for (size_t i = 0; i < UNIT_LIMITS_DEVICES; i++) {
                struct manager_property *property;

                if (!limits->devices[i].count && !all)
                        continue;
                property = limit_add(limits, limit_devices[i]);
                property->kind = MANAGER_DEVICE_LIMITS;
                property->list = &limits->devices[i];
        }
}

void unit_limits_describe(const struct container_spec *spec, bool all, struct unit_limits *ret)
{
        *ret = (struct unit_limits){ 0 };
        if (spec->pids_limit || all)
                limit_add_number(ret, "TasksMax",
                                 spec->pids_limit > 0 ? (uint64_t)spec->pids_limit : UINT64_MAX);
        limit_add_memory(spec, all, ret);
        limit_add_cpu(spec, all, ret);
        limit_add_io(spec, all, ret);
}

void unit_limits_free(struct unit_limits *limits)
{
        for (size_t i = 0; i < UNIT_LIMITS_DEVICES; i++)
                strv_free(&limits->devices[i]);
}
