/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan-context.h"

#include "../base/io.h"
#include "device.h"
#include "kernel-setting.h"
#include "path.h"

#include <errno.h>
#include <fnmatch.h>
#include <linux/capability.h>

enum {
        PLAN_PIDS_LIMIT = 2048
};

/* What tells about the host or lets one act on it, and what no program of a container needs. */
static const char *const plan_masked[] = {
        "/proc/acpi",          "/proc/interrupts",
        "/proc/kcore",         "/proc/keys",
        "/proc/latency_stats", "/proc/sched_debug",
        "/proc/scsi",          "/proc/timer_list",
        "/proc/timer_stats",   "/sys/devices/virtual/powercap",
        "/sys/firmware",       "/sys/fs/selinux",
};

static const char *const plan_read_only[] = {
        "/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

static void plan_add_namespaces(const struct plan_context *context, struct json_object *lin)
{
        const struct container_spec *spec = context->spec;
        const char *pod = context->facts->pod;
        AUTO_FREE char *ipc = spec_shares(spec, SPEC_SHARE_IPC) ? str_concat(pod, "/ipc") : NULL;
        AUTO_FREE char *uts = spec_shares(spec, SPEC_SHARE_UTS) ? str_concat(pod, "/uts") : NULL;
        const char *other_ipc = plan_other(context, SHARING_IPC);
        const char *other_uts = plan_other(context, SHARING_UTS);
        struct json_object *array = json_add_array(lin, "namespaces");
        const struct {
                const char *type;
                bool host;
                const char *path; /* of one that is there, or NULL */
        } namespaces[] = {
                { "user", !context->facts->user_namespace, context->facts->user_namespace },
                { "pid", context->host_pid, plan_other(context, SHARING_PID) },
                { "network", context->host_network, context->facts->network },
                { "ipc", context->host_ipc, other_ipc ? other_ipc : ipc },
                { "uts", context->host_uts, other_uts ? other_uts : uts },
                { "cgroup", context->host_cgroup, plan_other(context, SHARING_CGROUP) },
                { "mount", false, NULL },
        };

        for (size_t i = 0; i < sizeof namespaces / sizeof *namespaces; i++) {
                struct json_object *object;

                if (namespaces[i].host)
                        continue;
                object = json_object_new_object();
                json_set_string(object, "type", namespaces[i].type);
                json_set_string(object, "path", namespaces[i].path);
                json_object_array_add(array, object);
        }
}

void plan_set_network(struct plan *plan, const char *path_or_null)
{
        struct json_object *lin, *namespaces;

        if (json_get_object(plan->config, "linux", &lin, NULL) < 0 || !lin ||
            json_get_array(lin, "namespaces", &namespaces, NULL) < 0 || !namespaces)
                return;
        for (size_t i = 0; i < json_object_array_length(namespaces); i++) {
                struct json_object *object = json_object_array_get_idx(namespaces, i);
                const char *type = NULL;

                if (json_get_string(object, "type", &type, NULL) < 0 || !str_equal(type, "network"))
                        continue;
                json_object_object_del(object, "path");
                json_set_string(object, "path", path_or_null);
        }
}

bool plan_is_unmasked(const struct container_spec *spec, const char *path)
{
        for (size_t i = 0; i < spec->unmask.count; i++)
                if (str_equal_nocase(spec->unmask.items[i], "ALL") ||
                    fnmatch(spec->unmask.items[i], path, FNM_PATHNAME) == 0)
                        return true;
        return false;
}

static void plan_append_masks(const struct container_spec *spec, struct strv *list,
                              const char *const *paths, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (!plan_is_unmasked(spec, paths[i]))
                        strv_append(list, paths[i]);
}

static void plan_masks(const struct plan_context *context, struct json_object *lin)
{
        const struct container_spec *spec = context->spec;
        const struct strv *thermal = &context->facts->thermal;
        AUTO_STRV struct strv masked = { 0 }, read_only = { 0 };

        if (!spec->privileged) {
                plan_append_masks(spec, &masked, plan_masked,
                                  sizeof plan_masked / sizeof *plan_masked);
                for (size_t i = 0; i < thermal->count; i++)
                        if (!plan_is_unmasked(spec, thermal->items[i]))
                                strv_append(&masked, thermal->items[i]);
                plan_append_masks(spec, &read_only, plan_read_only,
                                  sizeof plan_read_only / sizeof *plan_read_only);
        }
        for (size_t i = 0; i < spec->mask.count; i++) {
                if (!strv_contains(&masked, spec->mask.items[i]))
                        strv_append(&masked, spec->mask.items[i]);
        }
        json_set_strv(lin, "maskedPaths", &masked);
        json_set_strv(lin, "readonlyPaths", &read_only);
}

static int plan_check_sysctl(const struct plan_context *context, const char *name,
                             struct error *err)
{
        bool other_ipc = plan_other(context, SHARING_IPC),
             other_uts = plan_other(context, SHARING_UTS);
        const char *shared = NULL;

        switch (kernel_setting_of(name)) {
        case KERNEL_SETTING_HOST:
                break; /* refused by spec_check_supported() */
        case KERNEL_SETTING_NET:
                if (context->shared_network)
                        shared = context->host_network ? "host's network" : "network of others";
                break;
        case KERNEL_SETTING_IPC:
                if (context->host_ipc || other_ipc)
                        shared = other_ipc ? "IPC namespace of another" : "host's IPC namespace";
                break;
        case KERNEL_SETTING_UTS:
                if (context->host_uts || other_uts)
                        shared = other_uts ? "host name of another" : "host's host name";
                break;
        }
        if (shared)
                return error_set(err, EINVAL, "--sysctl %s: the container has the %s, set it there",
                                 name, shared);
        return 0;
}

static int plan_sysctls(const struct plan_context *context, struct json_object *lin,
                        struct error *err)
{
        struct json_object *object = json_add_object(lin, "sysctl");

        if (!context->shared_network)
                json_set_string(object, "net.ipv4.ping_group_range", "0 0");
        for (size_t i = 0; i < context->spec->sysctls.count; i++) {
                const char *pair = context->spec->sysctls.items[i];
                AUTO_FREE char *name = spec_sysctl_name(pair);

                if (plan_check_sysctl(context, name, err) < 0)
                        return -1;
                json_set_string(object, name, strchr(pair, '=') + 1);
        }
        return 0;
}

static struct json_object *plan_device_rule(bool allow, const char *type, const char *major,
                                            const char *minor, const char *rights)
{
        struct json_object *rule = json_object_new_object();

        json_object_object_add(rule, "allow", json_object_new_boolean(allow));
        json_set_string(rule, "type", type);
        if (major && !str_equal(major, "*"))
                json_object_object_add(rule, "major", json_object_new_int64(atoll(major)));
        if (minor && !str_equal(minor, "*"))
                json_object_object_add(rule, "minor", json_object_new_int64(atoll(minor)));
        json_set_string(rule, "access", rights);
        return rule;
}

/* Who may make devices may use those that are in the root, and so may who is given one there: the
 * others are in /dev, which is a mount of its own. */
static bool plan_root_devices(const struct plan_context *context, const struct device_nodes *nodes)
{
        for (size_t i = 0; i < nodes->count; i++)
                if (!str_has_prefix(nodes->items[i].path, "/dev/"))
                        return true;
        return context->spec->privileged || context->caps >> CAP_MKNOD & 1;
}

static int plan_devices(const struct plan_context *context, struct json_object *lin,
                        struct json_object *rules, struct error *err)
{
        const struct container_spec *spec = context->spec;
        struct json_object *array = json_add_array(lin, "devices");
        AUTO_NODES struct device_nodes nodes = { 0 };

        if (spec->privileged && device_find_all(context->facts->dev, &nodes, err) < 0)
                return -1;
        for (size_t i = 0; i < spec->device_count; i++)
                if (device_find_nodes(&spec->devices[i], &nodes, err) < 0)
                        return -1;
        for (size_t i = 0; i < nodes.count; i++) {
                const struct device_node *node = &nodes.items[i];
                struct json_object *object = json_object_new_object();
                AUTO_FREE char *major = str_format("%u", node->major);
                AUTO_FREE char *minor = str_format("%u", node->minor);
                const char *type = node->type == 'b' ? "b" : "c";

                json_set_string(object, "path", node->path);
                json_set_string(object, "type", type);
                json_object_object_add(object, "major", json_object_new_int64(node->major));
                json_object_object_add(object, "minor", json_object_new_int64(node->minor));
                json_object_object_add(object, "fileMode", json_object_new_int64(node->mode));
                json_object_object_add(object, "uid", json_object_new_int64(node->uid));
                json_object_object_add(object, "gid", json_object_new_int64(node->gid));
                json_object_array_add(array, object);
                json_object_array_add(rules,
                                      plan_device_rule(true, type, major, minor, node->rights));
        }
        context->plan->root_devices = plan_root_devices(context, &nodes);
        return 0;
}

/* The container's cgroup lets it use no device but these; the runtime adds the harmless ones. */
static int plan_device_rules(const struct plan_context *context, struct json_object *lin,
                             struct json_object *rules, struct error *err)
{
        const struct strv *texts = &context->spec->device_cgroup_rules;

        json_object_array_add(rules,
                              plan_device_rule(context->spec->privileged, "a", NULL, NULL, "rwm"));
        if (plan_devices(context, lin, rules, err) < 0)
                return -1;
        for (size_t i = 0; i < texts->count; i++) {
                AUTO_STRV struct strv words = { 0 };

                strv_split(&words, texts->items[i], " :", false);
                json_object_array_add(rules, plan_device_rule(true, words.items[0], words.items[1],
                                                              words.items[2], words.items[3]));
        }
        return 0;
}

static void plan_add_number(struct json_object *object, const char *key, int64_t value)
{
        if (value)
                json_object_object_add(object, key, json_object_new_int64(value));
}

static void plan_memory(const struct container_spec *spec, struct json_object *resources)
{
        struct json_object *memory;

        if (!spec->memory && !spec->memory_reservation && !spec->memory_swap)
                return;
        memory = json_add_object(resources, "memory");
        plan_add_number(memory, "limit", (int64_t)spec->memory);
        plan_add_number(memory, "reservation", (int64_t)spec->memory_reservation);
        /* As much swap as memory, unless something is said. */
        plan_add_number(memory, "swap",
                        spec->memory_swap ? spec->memory_swap : 2 * (int64_t)spec->memory);
}

static void plan_cpu(const struct container_spec *spec, struct json_object *resources)
{
        struct json_object *cpu;

        if (!spec->cpu_shares && !spec->cpu_quota && !spec->cpu_period && !spec->cpuset_cpus &&
            !spec->cpuset_mems)
                return;
        cpu = json_add_object(resources, "cpu");
        plan_add_number(cpu, "shares", (int64_t)spec->cpu_shares);
        plan_add_number(cpu, "quota", spec->cpu_quota);
        plan_add_number(cpu, "period", (int64_t)spec->cpu_period);
        json_set_string(cpu, "cpus", spec->cpuset_cpus);
        json_set_string(cpu, "mems", spec->cpuset_mems);
}

static void plan_unified(const struct container_spec *spec, struct json_object *resources)
{
        struct json_object *unified;

        if (!spec->cgroup_conf.count)
                return;
        unified = json_add_object(resources, "unified");
        for (size_t i = 0; i < spec->cgroup_conf.count; i++) {
                const char *pair = spec->cgroup_conf.items[i];
                AUTO_FREE char *name = str_dupn(pair, strcspn(pair, "="));

                json_set_string(unified, name, strchr(pair, '=') + 1);
        }
}

/* A slice of systemd, who makes a scope in it, or a directory of the tree. */
static char *plan_cgroup_path(const char *parent, const char *id)
{
        AUTO_FREE char *clean = NULL;

        if (str_has_suffix(parent, ".slice") && !strchr(parent, '/'))
                return str_format("%s:crunit:%s", parent, id);
        clean = path_clean(parent);
        return str_format("%s/crunit-%s", clean, id);
}

/* Limits, for a cgroup of the container's own. In a unit they are systemd's. */
static int plan_resources(const struct plan_context *context, struct json_object *lin,
                          struct json_object *rules, struct error *err)
{
        const struct container_spec *spec = context->spec;
        struct json_object *resources = json_add_object(lin, "resources");
        int64_t fallback = context->facts->pids ? PLAN_PIDS_LIMIT : 0;
        int64_t pids = spec->pids_limit ? spec->pids_limit : fallback;

        json_object_object_add(resources, "devices", json_object_get(rules));
        if (pids > 0)
                plan_add_number(json_add_object(resources, "pids"), "limit", pids);
        plan_memory(spec, resources);
        plan_cpu(spec, resources);
        plan_unified(spec, resources);
        if (spec->cgroup_parent) {
                AUTO_FREE char *path = plan_cgroup_path(spec->cgroup_parent, context->facts->id);

                json_set_string(lin, "cgroupsPath", path);
        }
        return plan_io(context, resources, err);
}

/* Whether the unit comes from our generator. */
static bool is_generated(char *const *environment)
{
        for (; environment && *environment; environment++)
                if (str_has_prefix(*environment, "PODMAN_SYSTEMD_UNIT="))
                        return true;
        return false;
}

static void plan_note_unlimited(const struct plan_context *context)
{
        const struct container_spec *spec = context->spec;

        if ((spec->io_weight || spec->io_count) && !is_generated(context->facts->environment))
                strv_append(&context->plan->notes,
                            "limits of reading and writing have no effect in systemd's cgroup: "
                            "write IOWeight= and the like of systemd.resource-control(5) into the "
                            "unit's [Service]");
        if (spec->timeout && spec->detach && !is_generated(context->facts->environment))
                strv_appendf(&context->plan->notes,
                             "--timeout %u has no effect with -d: write RuntimeMaxSec= into the "
                             "unit's [Service]",
                             spec->timeout);
        /* The generator has made unit keys of these, or has warned. */
        if (spec->cgroup_conf.count && !is_generated(context->facts->environment))
                strv_appendf(&context->plan->notes,
                             "--cgroup-conf %s has no effect in systemd's cgroup: write the key of "
                             "systemd.resource-control(5) into the unit's [Service]",
                             spec->cgroup_conf.items[0]);
        if (spec->device_cgroup_rules.count && !spec->device_policy)
                strv_appendf(&context->plan->notes,
                             "--device-cgroup-rule %s has no effect in systemd's cgroup: write "
                             "DeviceAllow= into the unit's [Service]",
                             spec->device_cgroup_rules.items[0]);
}

/* Mounts that hear of later mounts on the host, or tell the host of theirs, need a root that does.
 */
static void plan_propagation(const struct plan_context *context, struct json_object *lin)
{
        const char *wanted = NULL;

        for (size_t i = 0; i < context->spec->mount_count; i++) {
                const struct strv *options = &context->spec->mounts[i].options;

                if (strv_contains(options, "shared") || strv_contains(options, "rshared"))
                        wanted = "rshared";
                else if (!wanted &&
                         (strv_contains(options, "slave") || strv_contains(options, "rslave")))
                        wanted = "rslave";
        }
        json_set_string(lin, "rootfsPropagation", wanted);
}

int plan_linux(struct plan_context *context, struct error *err)
{
        const struct container_spec *spec = context->spec;
        struct json_object *lin = json_add_object(context->plan->config, "linux");
        AUTO_JSON struct json_object *rules = json_object_new_array();

        plan_add_namespaces(context, lin);
        if (plan_device_rules(context, lin, rules, err) < 0)
                return -1;
        if (spec->device_policy && spec->cgroups_split)
                context->plan->devices = json_object_get(rules);
        if (spec->cgroups_split || spec->cgroups_disabled)
                plan_note_unlimited(context);
        else if (plan_resources(context, lin, rules, err) < 0)
                return -1;
        if (spec->personality)
                json_set_string(json_add_object(lin, "personality"), "domain", spec->personality);
        plan_propagation(context, lin);
        plan_masks(context, lin);
        if (plan_sysctls(context, lin, err) < 0)
                return -1;
        return plan_seccomp(context, lin, err);
}
