/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pod-options.h"

#include "../container/mount.h"
#include "../container/userns.h"
#include "run-options.h"
#include "run-values.h"

#include <errno.h>
#include <stddef.h>

#define REQUEST(member) offsetof(struct pod_request, member)
#define VALUE(long_name, short_name, shown, text, function, member)                                \
        {                                                                                          \
                .name = long_name, .letter = short_name, .kind = OPTION_VALUE, .argument = shown,  \
                .help = text, .take = function, .field = REQUEST(member)                           \
        }
#define FLAG(long_name, text, member)                                                              \
        {                                                                                          \
                .name = long_name, .kind = OPTION_FLAG, .help = text, .take = option_take_bool,    \
                .field = REQUEST(member)                                                           \
        }
/* Each is one of all containers together. */
#define LIMIT "limit of all its containers together: "
#define IO(long_name, shown, kind_of_limit)                                                        \
        {                                                                                          \
                .name = long_name, .kind = OPTION_VALUE, .argument = shown,                        \
                .help = LIMIT "that device", .take = run_take_io, .field = kind_of_limit           \
        }
#define IGNORED(long_name, how)                                                                    \
        {                                                                                          \
                .name = long_name, .kind = how, .take = option_take_nothing                        \
        }
#define REFUSED(long_name, how)                                                                    \
        {                                                                                          \
                .name = long_name, .kind = how, .take = run_take_unsupported                       \
        }

static int pod_take_policy(void *context, const struct option_row *row, const char *value,
                           struct error *err)
{
        if (!str_equal(value, "stop") && !str_equal(value, "continue"))
                return error_set(err, EINVAL, "--%s %s: neither stop nor continue", row->name,
                                 value);
        return option_take_string(context, row, value, err);
}

/* Those that have a namespace of a pod's. */
static int pod_take_sysctl(void *context, const struct option_row *row, const char *value,
                           struct error *err)
{
        static const char *const names[] = { "net.",       "fs.mqueue.", "kernel.shm",
                                             "kernel.msg", "kernel.sem", "kernel.domainname" };
        bool known = false;

        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
                known = known || str_has_prefix(value, names[i]);
        if (!known || value[strcspn(value, "/\n")])
                return error_set(err, EINVAL,
                                 "--%s %s: not a parameter of a network, IPC or host name "
                                 "namespace",
                                 row->name, value);
        return run_take_pair(context, row, value, err);
}

/* clang-format off */
const struct option_row pod_create_options[] = {
        VALUE("add-host", 0, "NAME:IP", "add a line to /etc/hosts", run_take_host, spec.add_hosts),
        VALUE("dns", 0, "ADDRESS", "name server, or none for no resolv.conf", run_take_dns, spec.dns),
        VALUE("dns-option", 0, "OPTION", "option of resolv.conf", run_take_word, spec.dns_options),
        VALUE("dns-search", 0, "DOMAIN", "search domain, or . for none", run_take_word, spec.dns_search),
        VALUE("exit-policy", 0, "POLICY", "when the last container ends: continue or stop", pod_take_policy, exit_policy),
        VALUE("gidmap", 0, "IN:OUT[:COUNT]", "map groups of a user namespace", option_take_list, spec.gidmaps),
        VALUE("hostname", 'h', "NAME", "host name inside (the pod's name)", run_take_hostname, spec.hostname),
        FLAG("infra", "share namespaces (true)", infra),
        VALUE("ip", 0, "ADDRESS", "IPv4 address", run_take_ip, spec.ip),
        VALUE("ip6", 0, "ADDRESS", "IPv6 address", run_take_ip, spec.ip6),
        VALUE("label", 'l', "NAME=VALUE", "add a label", run_take_label, spec.labels),
        VALUE("mac-address", 0, "MAC", "address of the interface", run_take_mac, spec.mac),
        VALUE("name", 'n', "NAME", "the pod's name", run_take_name, spec.name),
        VALUE("network", 0, "MODE", "NAME[:OPTIONS], host, none, container:NAME or ns:PATH", run_take_network, spec.networks),
        VALUE("net", 0, "MODE", NULL, run_take_network, spec.networks),
        VALUE("network-alias", 0, "NAME", "another name on the networks", run_take_alias, spec.network_aliases),
        FLAG("no-hostname", "no /etc/hostname of our making", spec.no_hostname),
        FLAG("no-hosts", "no /etc/hosts of our making", spec.no_hosts),
        VALUE("pod-id-file", 0, "FILE", "write the pod's id there", option_take_string, id_file),
        VALUE("publish", 'p', "PORTS", "publish a port: [[ADDRESS:][HOSTPORT]:]PORT[/PROTOCOL]", run_take_publish, spec.publish),
        FLAG("replace", "remove a pod of that name first", spec.replace),
        VALUE("share", 0, "LIST", "namespaces to share: some of net,ipc,uts, +, or none", option_take_string, share),
        VALUE("shm-size", 0, "SIZE", "size of /dev/shm (64m)", run_take_size, spec.shm_size),
        VALUE("sysctl", 0, "NAME=VALUE", "set a kernel parameter of the pod's namespaces", pod_take_sysctl, spec.sysctls),
        VALUE("subgidname", 0, "NAME", "map the groups that /etc/subgid sets aside for it", option_take_string, spec.subgidname),
        VALUE("subuidname", 0, "NAME", "map the users that /etc/subuid sets aside for it", option_take_string, spec.subuidname),
        VALUE("uidmap", 0, "IN:OUT[:COUNT]", "map users of a user namespace", option_take_list, spec.uidmaps),
        VALUE("userns", 0, "MODE", "user namespace: auto[:OPTIONS], keep-id[:OPTIONS], host, container:NAME or ns:PATH", option_take_string, spec.userns),
        VALUE("volume", 'v', "SRC:DIR[:OPTIONS]", "mount a directory or file in all its containers", run_take_mounts, spec.name),

        VALUE("blkio-weight", 0, "WEIGHT", LIMIT "reading and writing", run_take_io_weight, spec.name),
        IO("blkio-weight-device", "DEVICE:WEIGHT", SPEC_IO_WEIGHT),
        VALUE("cpu-shares", 'c', "SHARES", LIMIT "weight among others", run_take_u64, spec.cpu_shares),
        VALUE("cpus", 0, "NUMBER", LIMIT "processors", run_take_cpus, spec.name),
        VALUE("cpuset-cpus", 0, "LIST", LIMIT "processors to run on", option_take_string, spec.cpuset_cpus),
        VALUE("cpuset-mems", 0, "LIST", LIMIT "memory nodes", option_take_string, spec.cpuset_mems),
        IO("device-read-bps", "DEVICE:SIZE", SPEC_IO_READ_BYTES),
        IO("device-write-bps", "DEVICE:SIZE", SPEC_IO_WRITE_BYTES),
        FLAG("make-slice", "in a unit: make the slice that has these limits", make_slice),
        VALUE("memory", 'm', "SIZE", LIMIT "memory", run_take_size, spec.memory),
        VALUE("memory-reservation", 0, "SIZE", LIMIT "memory to be left with", run_take_size, spec.memory_reservation),
        VALUE("memory-swap", 0, "SIZE", LIMIT "memory and swap", run_take_swap, spec.memory_swap),
        VALUE("pids-limit", 0, "NUMBER", LIMIT "processes", run_take_i64, spec.pids_limit),

        IGNORED("infra-command", OPTION_VALUE),
        IGNORED("infra-conmon-pidfile", OPTION_VALUE),
        IGNORED("infra-image", OPTION_VALUE),
        IGNORED("infra-name", OPTION_VALUE),
        IGNORED("share-parent", OPTION_FLAG),

        REFUSED("cgroup-parent", OPTION_VALUE),
        REFUSED("device", OPTION_VALUE),
        REFUSED("gpus", OPTION_VALUE),
        REFUSED("hosts-file", OPTION_VALUE),
        REFUSED("label-file", OPTION_VALUE),
        REFUSED("pid", OPTION_VALUE),
        REFUSED("restart", OPTION_VALUE),
        REFUSED("security-opt", OPTION_VALUE),
        REFUSED("shm-size-systemd", OPTION_VALUE),
        REFUSED("uts", OPTION_VALUE),
        REFUSED("volumes-from", OPTION_VALUE),
        { .name = NULL },
};
/* clang-format on */

void pod_request_init(struct pod_request *request)
{
        *request = (struct pod_request){ .infra = true };
        spec_init(&request->spec);
}

void pod_request_free(struct pod_request *request)
{
        spec_free(&request->spec);
        free(request->exit_policy);
        free(request->share);
        free(request->id_file);
}

/* --name NAME, or NAME behind the options. */
static int pod_take_name_behind(struct pod_request *request, char *const *words, int count,
                                struct error *err)
{
        static const struct option_row row = { .name = "name", .field = REQUEST(spec.name) };

        if (count > 1)
                return error_set(err, EINVAL, "more than one name is given");
        if (count == 0)
                return 0;
        if (request->spec.name && !str_equal(request->spec.name, words[0]))
                return error_set(err, EINVAL, "two names are given: %s and %s", request->spec.name,
                                 words[0]);
        return run_take_name(request, &row, words[0], err);
}

int pod_request_parse(const struct strv *words, const char *directory, struct pod_request *ret,
                      struct error *err)
{
        int count = (int)words->count, first;
        AUTO_FREE char **moved = alloc_zero(words->count + 1, sizeof *moved);

        memcpy(moved, words->items, words->count * sizeof *moved);
        if (option_parse(pod_create_options, false, count, moved, ret, &first, err) < 0 ||
            pod_take_name_behind(ret, moved + first, count - first, err) < 0)
                return -1;
        return run_options_make_absolute(&ret->spec, directory, err);
}

int pod_request_namespaces(const struct pod_request *request, struct strv *ret, struct error *err)
{
        static const char *const known[] = { "net", "ipc", "uts" };
        const enum spec_network network = request->spec.network;
        const char *given = request->share ? request->share : "net,ipc,uts";
        AUTO_USERNS_REQUEST struct userns_request users = { 0 };
        AUTO_STRV struct strv wanted = { 0 };
        bool more = given[0] == '+';

        if (userns_parse(&request->spec, &users, err) < 0)
                return -1;
        if (users.mode != USERNS_HOST && !request->infra)
                return error_set(err, EINVAL,
                                 "a user namespace of a pod does not go with --infra=false");
        if (users.mode != USERNS_HOST)
                strv_append(ret, "user");
        if (!request->infra || str_equal(given, "none"))
                return 0;
        strv_split(&wanted, given + more, ",", false);
        for (size_t i = 0; i < wanted.count; i++)
                if (!str_equal(wanted.items[i], "net") && !str_equal(wanted.items[i], "ipc") &&
                    !str_equal(wanted.items[i], "uts"))
                        return error_set(err, EOPNOTSUPP,
                                         "--share %s: no process of a pod could hold that "
                                         "namespace, only net, ipc and uts are shared",
                                         wanted.items[i]);
        for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
                /* The host's network, or another's, is there without us. */
                bool others = i == 0 &&
                              (network == SPEC_NETWORK_HOST || network == SPEC_NETWORK_CONTAINER ||
                               network == SPEC_NETWORK_PATH);

                if (!others && (more || strv_contains(&wanted, known[i])))
                        strv_append(ret, known[i]);
        }
        return 0;
}

int pod_request_check(struct pod_request *request, struct error *err)
{
        AUTO_STRV struct strv namespaces = { 0 };

        if (pod_request_namespaces(request, &namespaces, err) < 0)
                return -1;
        return spec_check_supported(&request->spec, err);
}

/* --- for containers */

/* The container's own mounts come first, and hide those of the pod. */
static void pod_apply_mounts(struct pod_request *request, struct container_spec *spec)
{
        size_t own = spec->mount_count;

        for (size_t i = 0; i < request->spec.mount_count; i++) {
                struct spec_mount *mount = &request->spec.mounts[i];
                bool taken = false;

                for (size_t j = 0; j < own; j++)
                        taken = taken || str_equal(spec->mounts[j].target, mount->target);
                if (taken)
                        continue;
                *spec_add_mount(spec) = *mount;
                *mount = (struct spec_mount){ 0 };
        }
}

static void pod_apply_list(const struct strv *from, struct strv *to)
{
        if (!to->count)
                strv_append_all(to, from);
}

/* Another's network, which the pod does not hold. */
static void pod_apply_network(const struct container_spec *from, struct container_spec *spec)
{
        if (spec->network != SPEC_NETWORK_DEFAULT || spec->networks.count)
                return;
        switch (from->network) {
        case SPEC_NETWORK_HOST:
        case SPEC_NETWORK_CONTAINER:
        case SPEC_NETWORK_PATH:
                spec->network = from->network;
                strv_append_all(&spec->networks, &from->networks);
                break;
        case SPEC_NETWORK_DEFAULT:
        case SPEC_NETWORK_NONE:
        case SPEC_NETWORK_OTHER:
                break;
        }
}

static unsigned pod_apart(const struct strv *namespaces)
{
        return (strv_contains(namespaces, "net") ? 0 : SPEC_SHARE_NET) |
               (strv_contains(namespaces, "ipc") ? 0 : SPEC_SHARE_IPC) |
               (strv_contains(namespaces, "uts") ? 0 : SPEC_SHARE_UTS) |
               (strv_contains(namespaces, "user") ? 0 : SPEC_SHARE_USER);
}

static int pod_apply_user(const struct container_spec *from, struct container_spec *spec,
                          struct error *err)
{
        AUTO_USERNS_REQUEST struct userns_request users = { 0 };

        if (userns_parse(from, &users, err) < 0)
                return -1;
        str_replace(&spec->pod_user, users.user);
        return 0;
}

int pod_request_apply(const struct pod *pod, struct container_spec *spec, struct error *err)
{
        CLEANUP(pod_request_free) struct pod_request request;

        pod_request_init(&request);
        if (pod_request_parse(&pod->words, pod->directory, &request, err) < 0)
                return error_wrap(err, "pod '%s'", pod->name);
        str_replace(&spec->pod, pod->name);
        str_replace(&spec->pod_hostname, pod->hostname);
        spec->pod_apart = pod_apart(&pod->namespaces);
        if (!spec->cgroup_parent && !spec->cgroups_split)
                str_replace(&spec->cgroup_parent, pod->slice);
        if (pod_apply_user(&request.spec, spec, err) < 0)
                return error_wrap(err, "pod '%s'", pod->name);
        pod_apply_mounts(&request, spec);
        strv_append_all(&spec->add_hosts, &request.spec.add_hosts);
        pod_apply_network(&request.spec, spec);
        if (spec->network == SPEC_NETWORK_NONE || spec->network == SPEC_NETWORK_OTHER)
                return 0;
        pod_apply_list(&request.spec.dns, &spec->dns);
        pod_apply_list(&request.spec.dns_search, &spec->dns_search);
        pod_apply_list(&request.spec.dns_options, &spec->dns_options);
        spec->no_hosts = spec->no_hosts || request.spec.no_hosts;
        spec->no_hostname = spec->no_hostname || request.spec.no_hostname;
        return 0;
}
