/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec.h"

#include "../base/json.h"
#include "caps.h"
#include "device.h"
#include "kernel-setting.h"
#include "mount.h"
#include "secret-option.h"
#include "sharing.h"
#include "user.h"
#include "userns.h"

#include <errno.h>
#include <stddef.h>

void spec_init(struct container_spec *spec)
{
        *spec = (struct container_spec){
                .http_proxy = true,
                .umask = 0022,
                .read_only_tmpfs = true,
                .passwd = true,
                .shm_size = UINT64_C(64) << 20,
                .stop_timeout = 10,
        };
}

/* What spec_free() has to free: the strings and the lists of struct container_spec. */
#define FIELD(member) offsetof(struct container_spec, member)
/* clang-format off */
static const size_t spec_strings[] = {
        FIELD(name), FIELD(image), FIELD(rootfs), FIELD(pull), FIELD(os), FIELD(arch),
        FIELD(variant), FIELD(entrypoint), FIELD(workdir),
        FIELD(user), FIELD(hostname), FIELD(timezone), FIELD(seccomp), FIELD(apparmor),
        FIELD(label_type), FIELD(label_level), FIELD(label_filetype), FIELD(label_user),
        FIELD(label_role), FIELD(cpuset_cpus), FIELD(cpuset_mems), FIELD(cgroup_parent),
        FIELD(cgroup_ns), FIELD(ipc), FIELD(pid), FIELD(uts), FIELD(userns), FIELD(subuidname), FIELD(subgidname),
        FIELD(ip), FIELD(ip6),
        FIELD(mac),
        FIELD(init_path), FIELD(personality), FIELD(hosts_file), FIELD(passwd_entry), FIELD(group_entry), FIELD(cidfile), FIELD(restart), FIELD(detach_keys), FIELD(pidfile), FIELD(pod), FIELD(pod_hostname), FIELD(pod_user), FIELD(autoupdate),
};
static const size_t spec_lists[] = {
        FIELD(pull_options), FIELD(args), FIELD(env), FIELD(env_files), FIELD(unset_env), FIELD(groups), FIELD(cap_add),
        FIELD(cap_drop), FIELD(mask), FIELD(unmask), FIELD(proc_opts), FIELD(device_cgroup_rules),
        FIELD(sysctls), FIELD(cgroup_conf), FIELD(networks), FIELD(dns), FIELD(dns_search),
        FIELD(dns_options), FIELD(add_hosts), FIELD(network_aliases), FIELD(publish), FIELD(expose),
        FIELD(labels), FIELD(annotations), FIELD(log_opts), FIELD(health),
        FIELD(env_merge), FIELD(host_users), FIELD(label_files), FIELD(volumes_from), FIELD(uidmaps), FIELD(gidmaps), FIELD(unsupported), FIELD(notes),
};
/* clang-format on */

void spec_free(struct container_spec *spec)
{
        for (size_t i = 0; i < sizeof spec_strings / sizeof *spec_strings; i++)
                free(*(char **)(void *)((char *)spec + spec_strings[i]));
        for (size_t i = 0; i < sizeof spec_lists / sizeof *spec_lists; i++)
                strv_free((struct strv *)(void *)((char *)spec + spec_lists[i]));
        for (size_t i = 0; i < spec->mount_count; i++)
                mount_free(&spec->mounts[i]);
        for (size_t i = 0; i < spec->device_count; i++)
                device_free(&spec->devices[i]);
        free(spec->mounts);
        free(spec->devices);
        json_object_put(spec->hooks);
        for (size_t i = 0; i < spec->secret_count; i++)
                secret_option_free(&spec->secrets[i]);
        for (size_t i = 0; i < spec->io_count; i++)
                free(spec->ios[i].device);
        free(spec->ulimits);
        free(spec->ios);
        free(spec->secrets);
        *spec = (struct container_spec){ 0 };
}

/* Room for one more element at the end, zeroed. Returns the array. */
static void *spec_grow(void *array, size_t *count, size_t size)
{
        char *grown = alloc_grow(array, *count + 1, size);

        memset(grown + (*count)++ * size, 0, size);
        return grown;
}

struct spec_mount *spec_add_mount(struct container_spec *spec)
{
        spec->mounts = spec_grow(spec->mounts, &spec->mount_count, sizeof *spec->mounts);
        return &spec->mounts[spec->mount_count - 1];
}

struct spec_device *spec_add_device(struct container_spec *spec)
{
        spec->devices = spec_grow(spec->devices, &spec->device_count, sizeof *spec->devices);
        return &spec->devices[spec->device_count - 1];
}

struct spec_ulimit *spec_add_ulimit(struct container_spec *spec)
{
        spec->ulimits = spec_grow(spec->ulimits, &spec->ulimit_count, sizeof *spec->ulimits);
        return &spec->ulimits[spec->ulimit_count - 1];
}

struct spec_secret *spec_add_secret(struct container_spec *spec)
{
        spec->secrets = spec_grow(spec->secrets, &spec->secret_count, sizeof *spec->secrets);
        return &spec->secrets[spec->secret_count - 1];
}

struct spec_io *spec_add_io(struct container_spec *spec)
{
        spec->ios = spec_grow(spec->ios, &spec->io_count, sizeof *spec->ios);
        return &spec->ios[spec->io_count - 1];
}

bool spec_has_limits(const struct container_spec *spec)
{
        return spec->memory || spec->memory_reservation || spec->memory_swap ||
               spec->pids_limit > 0 || spec->cpu_quota || spec->cpu_shares || spec->cpuset_cpus ||
               spec->cpuset_mems || spec->cgroup_conf.count || spec->io_weight || spec->io_count;
}

bool spec_shares(const struct container_spec *spec, enum spec_share share)
{
        if (!spec->pod || spec->pod_apart & share)
                return false;
        switch (share) {
        case SPEC_SHARE_NET:
                return spec->network == SPEC_NETWORK_DEFAULT;
        case SPEC_SHARE_IPC:
                return str_empty(spec->ipc);
        case SPEC_SHARE_UTS:
                return str_empty(spec->uts);
        case SPEC_SHARE_USER:
                return true;
        }
        return false;
}

/* What says something of a network of the container's own, and there is none. */
static const char *spec_network_option(const struct container_spec *spec)
{
        if (spec->ip || spec->ip6)
                return spec->ip ? "ip" : "ip6";
        if (spec->mac)
                return "mac-address";
        return spec->network_aliases.count ? "network-alias" : NULL;
}

static int spec_check_network(struct container_spec *spec, struct error *err)
{
        bool own = spec->network == SPEC_NETWORK_DEFAULT || spec->network == SPEC_NETWORK_OTHER;
        const char *option = spec_network_option(spec);

        if (own && spec->networks.count > 1 && (spec->ip || spec->ip6 || spec->mac))
                return error_set(err, EINVAL,
                                 "--%s goes with one network only: write it behind its network, "
                                 "as in --network NAME:%s=…",
                                 option, spec->mac && !spec->ip && !spec->ip6 ? "mac" : "ip");
        if (own)
                return 0;
        if (option)
                return error_set(err, EINVAL, "--%s does not go with --network %s", option,
                                 spec->networks.items[0]);
        if (spec->publish.count)
                strv_appendf(&spec->notes, "--publish %s has no effect with --network %s",
                             spec->publish.items[0], spec->networks.items[0]);
        return 0;
}

static int spec_check_mounts(const struct container_spec *spec, struct error *err)
{
        for (size_t i = 0; i < spec->mount_count; i++)
                if (spec->mounts[i].type == SPEC_MOUNT_ARTIFACT)
                        return error_set(err, EOPNOTSUPP,
                                         "mounts of type artifact are not supported by this "
                                         "version: %s:%s",
                                         spec->mounts[i].source, spec->mounts[i].target);
        return 0;
}

static int spec_check_namespaces(const struct container_spec *spec, struct error *err)
{
        AUTO_USERNS_REQUEST struct userns_request userns = { 0 };

        if (sharing_check(spec, err) < 0 || userns_parse(spec, &userns, err) < 0)
                return -1;
        if (spec->rootfs_idmap && userns.mode == USERNS_HOST)
                return error_set(err, EINVAL, "--rootfs %s:idmap needs a user namespace (--userns)",
                                 spec->rootfs);
        return 0;
}

char *spec_sysctl_name(const char *pair)
{
        char *name = str_dupn(pair, strcspn(pair, "="));

        for (char *at = name; *at; at++)
                if (*at == '/')
                        *at = '.';
        return name;
}

static int spec_check_sysctls(const struct container_spec *spec, struct error *err)
{
        for (size_t i = 0; i < spec->sysctls.count; i++) {
                AUTO_FREE char *name = spec_sysctl_name(spec->sysctls.items[i]);

                if (kernel_setting_of(name) == KERNEL_SETTING_HOST)
                        return error_set(err, EINVAL,
                                         "--sysctl %s: not a parameter a container can have for "
                                         "itself (those are net.*, fs.mqueue.* and the kernel.* "
                                         "ones of IPC): set it on the host, in /etc/sysctl.d",
                                         name);
        }
        return 0;
}

static int spec_check_security(const struct container_spec *spec, struct error *err)
{
        for (size_t i = 0; i < spec->mask.count; i++)
                if (spec->mask.items[i][0] != '/')
                        return error_set(err, EINVAL,
                                         "--security-opt mask=%s: not an absolute path",
                                         spec->mask.items[i]);
        for (size_t i = 0; i < spec->cap_add.count; i++)
                if (strv_contains(&spec->cap_drop, spec->cap_add.items[i]))
                        return error_set(err, EINVAL, "%s is both added and dropped",
                                         spec->cap_add.items[i]);
        if (strv_contains(&spec->groups, USER_KEEP_GROUPS) && spec->groups.count > 1)
                return error_set(err, EINVAL,
                                 "--group-add %s does not go with other groups: the container "
                                 "has those of the unit (SupplementaryGroups=) then",
                                 USER_KEEP_GROUPS);
        return spec_check_sysctls(spec, err);
}

/* A unit's tag is a field its generator had systemd write; files and their sizes the journal does
 * not have. */
static void spec_note_log_options(struct container_spec *spec)
{
        for (size_t i = 0; i < spec->log_opts.count; i++) {
                const char *option = spec->log_opts.items[i];

                if (!str_has_prefix(option, "tag=") || strstr(option, "{{"))
                        strv_appendf(&spec->notes,
                                     "--log-opt %s has no effect: the journal keeps the logs, see "
                                     "journald.conf(5)",
                                     option);
        }
}

/* What a container of a pod cannot have of its own. */
static int spec_check_pod(const struct container_spec *spec, struct error *err)
{
        const struct {
                bool given;
                enum spec_share share;
                const char *option;
        } options[] = {
                { spec->publish.count, SPEC_SHARE_NET, "publish" },
                { spec->ip, SPEC_SHARE_NET, "ip" },
                { spec->ip6, SPEC_SHARE_NET, "ip6" },
                { spec->mac, SPEC_SHARE_NET, "mac-address" },
                { spec->network_aliases.count, SPEC_SHARE_NET, "network-alias" },
                { spec->hostname, SPEC_SHARE_UTS, "hostname" },
        };

        if (!spec->pod)
                return 0;
        if (!str_empty(spec->userns))
                return error_set(err, EINVAL, "--userns %s does not go with --pod", spec->userns);
        for (size_t i = 0; i < sizeof options / sizeof *options; i++)
                if (options[i].given && spec_shares(spec, options[i].share))
                        return error_set(err, EINVAL,
                                         "--%s does not go with --pod: it is the pod's, give it "
                                         "to crunit pod create",
                                         options[i].option);
        return 0;
}

int spec_check_detach_keys(const char *keys, struct error *err)
{
        if (str_empty(keys))
                return 0;
        return error_set(err, EOPNOTSUPP,
                         "--detach-keys %s: a terminal cannot be left to itself, since no process "
                         "of ours would stay to keep it; start the container with -d, and use "
                         "crunit exec -it",
                         keys);
}

int spec_check_supported(struct container_spec *spec, struct error *err)
{
        /* In the unit that `crunit run -d` makes, it is Restart= already. */
        if (spec->restart && !getenv("CRUNIT_CONTAINER_ID"))
                return error_set(
                        err, EOPNOTSUPP,
                        "--restart %s: restarting is systemd's: add -d for a unit that does "
                        "it, or write Restart= into the [Service] of the unit there is",
                        spec->restart);
        if (spec->unsupported.count)
                return error_set(err, EOPNOTSUPP, "%s", spec->unsupported.items[0]);
        /* A detached one has no terminal of a person's that could be left. */
        if (!spec->detach && spec->tty && spec_check_detach_keys(spec->detach_keys, err) < 0)
                return -1;
        if (spec_check_pod(spec, err) < 0)
                return -1;
        if (spec_check_network(spec, err) < 0 || spec_check_mounts(spec, err) < 0 ||
            spec_check_namespaces(spec, err) < 0 || spec_check_security(spec, err) < 0)
                return -1;
        spec_note_log_options(spec);
        return 0;
}
