/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run-options.h"

#include "../base/io.h"
#include "../container/path.h"
#include "run-values.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

enum {
        LABEL_FILE_MAX = 1 << 20
};

#define FIELD(member) offsetof(struct container_spec, member)
#define VALUE(long_name, short_name, shown, text, function, member)                                \
        {                                                                                          \
                .name = long_name, .letter = short_name, .kind = OPTION_VALUE, .argument = shown,  \
                .help = text, .take = function, .field = FIELD(member)                             \
        }
#define FLAG(long_name, short_name, text, member)                                                  \
        {                                                                                          \
                .name = long_name, .letter = short_name, .kind = OPTION_FLAG, .help = text,        \
                .take = option_take_bool, .field = FIELD(member)                                   \
        }
#define HEALTH(long_name, shown, text)                                                             \
        {                                                                                          \
                .name = long_name, .kind = OPTION_VALUE, .argument = shown, .help = text,          \
                .take = run_take_health                                                            \
        }
#define IO(long_name, shown, text, kind_of_limit)                                                  \
        {                                                                                          \
                .name = long_name, .kind = OPTION_VALUE, .argument = shown, .help = text,          \
                .take = run_take_io, .field = kind_of_limit                                        \
        }
#define IGNORED(long_name, how)                                                                    \
        {                                                                                          \
                .name = long_name, .kind = how, .take = option_take_nothing                        \
        }
#define REFUSED(long_name, how)                                                                    \
        {                                                                                          \
                .name = long_name, .kind = how, .take = run_take_unsupported                       \
        }

/* clang-format off */
const struct option_row run_options[] = {
        VALUE("add-host", 0, "NAME:IP", "add a line to /etc/hosts", run_take_host, add_hosts),
        VALUE("annotation", 0, "NAME=VALUE", "add an annotation", run_take_pair, annotations),
        VALUE("arch", 0, "ARCH", "architecture of the image, if not the machine's", run_take_arch, arch),
        VALUE("authfile", 0, "FILE", "credentials to pull with", run_take_pull_option, name),
        VALUE("blkio-weight", 0, "WEIGHT", "weight of reading and writing, 10 to 1000", run_take_io_weight, name),
        IO("blkio-weight-device", "DEVICE:WEIGHT", "the same for one device", SPEC_IO_WEIGHT),
        VALUE("cap-add", 0, "NAME", "add a capability, or ALL", run_take_caps, cap_add),
        VALUE("cap-drop", 0, "NAME", "drop a capability, or ALL", run_take_caps, cap_drop),
        VALUE("cert-dir", 0, "DIR", "certificates to pull with", run_take_pull_option, name),
        VALUE("cgroup-conf", 0, "FILE=VALUE", "write to a file of the cgroup", run_take_pair, cgroup_conf),
        VALUE("cgroup-parent", 0, "PATH", "the cgroup to make the container's in", option_take_string, cgroup_parent),
        VALUE("cgroupns", 0, "MODE", "cgroup namespace: private, host, container:NAME or ns:PATH", option_take_string, cgroup_ns),
        VALUE("cgroups", 0, "HOW", "enabled, split (stay in this cgroup) or disabled", run_take_cgroups, name),
        VALUE("cidfile", 0, "FILE", "write the container's id there", option_take_string, cidfile),
        VALUE("conmon-pidfile", 0, "FILE", NULL, option_take_string, pidfile),
        VALUE("cpu-period", 0, "USEC", "period of the processor quota", run_take_u64, cpu_period),
        VALUE("cpu-quota", 0, "USEC", "processor time in each period", run_take_i64, cpu_quota),
        VALUE("cpu-shares", 'c', "SHARES", "weight among others, 1024 for one share", run_take_u64, cpu_shares),
        VALUE("cpus", 0, "NUMBER", "processors to use at most, as 1.5", run_take_cpus, name),
        VALUE("cpuset-cpus", 0, "LIST", "processors to run on, as 0-3,7", option_take_string, cpuset_cpus),
        VALUE("cpuset-mems", 0, "LIST", "memory nodes to use", option_take_string, cpuset_mems),
        VALUE("creds", 0, "USER[:PASSWORD]", "user to pull as", run_take_pull_option, name),
        FLAG("detach", 'd', "do not wait for the container", detach),
        VALUE("device", 0, "HOST[:CTR][:rwm]", "give a device", run_take_device, name),
        VALUE("device-cgroup-rule", 0, "RULE", "allow devices by number, as c 1:3 rwm", run_take_device_rule, device_cgroup_rules),
        IO("device-read-bps", "DEVICE:SIZE", "bytes to read from a device each second", SPEC_IO_READ_BYTES),
        IO("device-read-iops", "DEVICE:N", "reads from it each second", SPEC_IO_READ_COUNT),
        IO("device-write-bps", "DEVICE:SIZE", "bytes to write to it each second", SPEC_IO_WRITE_BYTES),
        IO("device-write-iops", "DEVICE:N", "writes to it each second", SPEC_IO_WRITE_COUNT),
        VALUE("device-policy", 0, "auto|closed", "closed: in systemd's cgroup, allow no other devices", run_take_device_policy, name),
        VALUE("dns", 0, "ADDRESS", "name server, or none for no resolv.conf", run_take_dns, dns),
        VALUE("dns-option", 0, "OPTION", "option of resolv.conf", run_take_word, dns_options),
        VALUE("dns-search", 0, "DOMAIN", "search domain, or . for none", run_take_word, dns_search),
        VALUE("entrypoint", 0, "COMMAND", "replace the image's entry point (a word or JSON)", option_take_string, entrypoint),
        VALUE("env", 'e', "NAME[=VALUE]", "set a variable, or take it from here", run_take_env, env),
        VALUE("env-file", 0, "FILE", "read variables from a file", option_take_list, env_files),
        FLAG("env-host", 0, "take all variables from here", env_host),
        VALUE("env-merge", 0, "NAME=VALUE", "set a variable, with $NAME for those it has already", run_take_pair, env_merge),
        VALUE("expose", 0, "PORT", "declare a port", option_take_list, expose),
        VALUE("gidmap", 0, "IN:OUT[:COUNT]", "map groups of a user namespace", option_take_list, gidmaps),
        VALUE("gpus", 0, "all|N", "give NVIDIA's devices, by their CDI names", run_take_gpus, name),
        VALUE("group-add", 0, "GROUP", "add a supplementary group", option_take_list, groups),
        VALUE("group-entry", 0, "LINE", "line for /etc/group; $GROUPNAME and $GID stand for the program's", option_take_string, group_entry),
        HEALTH("health-cmd", "COMMAND", "ask whether it is healthy: a line for the shell, a JSON list, or none"),
        HEALTH("health-interval", "TIME", "time between two checks (30s), or disable"),
        HEALTH("health-log-destination", "WHERE", "where results go: local, events_logger or a directory"),
        HEALTH("health-max-log-count", "NUMBER", "results that are kept (5), 0 for no limit"),
        HEALTH("health-max-log-size", "BYTES", "of a result's output that are kept (500), 0 for no limit"),
        HEALTH("health-on-failure", "ACTION", "when it is unhealthy: none, kill, restart or stop"),
        HEALTH("health-retries", "NUMBER", "failures in a row that make it unhealthy (3)"),
        HEALTH("health-start-period", "TIME", "time from the start in which failures do not count (0s)"),
        HEALTH("health-startup-cmd", "COMMAND", "the check until the container has started up"),
        HEALTH("health-startup-interval", "TIME", "time between two of those (30s)"),
        HEALTH("health-startup-retries", "NUMBER", "failures of it that restart the container (0: never)"),
        HEALTH("health-startup-success", "NUMBER", "successes of it that end the startup (0: the first)"),
        HEALTH("health-startup-timeout", "TIME", "time such a check may take (30s)"),
        HEALTH("health-timeout", "TIME", "time a check may take (30s)"),
        VALUE("hostname", 'h', "NAME", "host name inside", run_take_hostname, hostname),
        VALUE("hosts-file", 0, "FILE", "what /etc/hosts begins with: a file, none, or image", option_take_string, hosts_file),
        VALUE("hostuser", 0, "NAME", "add a user of the host to /etc/passwd", option_take_list, host_users),
        FLAG("http-proxy", 0, "pass the proxy variables on (true)", http_proxy),
        VALUE("image-volume", 0, "HOW", "the image's volumes: anonymous, tmpfs or ignore", run_take_image_volume, name),
        FLAG("init", 0, "run a small init as process 1", init),
        VALUE("init-path", 0, "PATH", "the program for --init", run_take_path, init_path),
        FLAG("interactive", 'i', "keep standard input open", interactive),
        VALUE("ip", 0, "ADDRESS", "IPv4 address", run_take_ip, ip),
        VALUE("ip6", 0, "ADDRESS", "IPv6 address", run_take_ip, ip6),
        VALUE("ipc", 0, "MODE", "IPC namespace: shareable, private, none, host, container:NAME or ns:PATH", option_take_string, ipc),
        VALUE("label", 'l', "NAME=VALUE", "add a label", run_take_label, labels),
        VALUE("label-file", 0, "FILE", "read labels from a file", option_take_list, label_files),
        VALUE("log-driver", 0, "DRIVER", "journald, passthrough or none", run_take_log_driver, name),
        VALUE("log-opt", 0, "NAME=VALUE", "option of the log driver", run_take_pair, log_opts),
        VALUE("mac-address", 0, "MAC", "address of the interface", run_take_mac, mac),
        VALUE("memory", 'm', "SIZE", "memory to use at most", run_take_size, memory),
        VALUE("memory-reservation", 0, "SIZE", "memory to be left with", run_take_size, memory_reservation),
        VALUE("memory-swap", 0, "SIZE", "memory and swap together, -1 for no limit", run_take_swap, memory_swap),
        VALUE("mount", 0, "type=TYPE,…", "mount something", run_take_mounts, name),
        VALUE("name", 0, "NAME", "the container's name", run_take_name, name),
        VALUE("network", 0, "MODE", "NAME[:OPTIONS], host, none, container:NAME or ns:PATH", run_take_network, networks),
        VALUE("net", 0, "MODE", NULL, run_take_network, networks),
        VALUE("network-alias", 0, "NAME", "another name on the networks", run_take_alias, network_aliases),
        { .name = "no-healthcheck", .kind = OPTION_FLAG, .help = "do not ask the image's check either", .take = run_take_health },
        FLAG("no-hostname", 0, "no /etc/hostname of our making", no_hostname),
        FLAG("no-hosts", 0, "no /etc/hosts of our making", no_hosts),
        VALUE("oom-score-adj", 0, "NUMBER", "-1000 to 1000: whom the kernel kills first", run_take_oom_score, name),
        VALUE("os", 0, "OS", "operating system of the image", run_take_platform_name, os),
        FLAG("passwd", 0, "add an unknown user to /etc/passwd (true)", passwd),
        VALUE("passwd-entry", 0, "LINE", "line for /etc/passwd; $USERNAME, $UID, $GID, $NAME and $HOME stand for the user", option_take_string, passwd_entry),
        VALUE("personality", 0, "LINUX|LINUX32", "what uname says the machine is", run_take_personality, name),
        VALUE("pid", 0, "MODE", "process namespace: private, host, container:NAME or ns:PATH", option_take_string, pid),
        VALUE("pidfile", 0, "FILE", "write the container's process id there", option_take_string, pidfile),
        VALUE("pids-limit", 0, "NUMBER", "processes at most, -1 for no limit", run_take_i64, pids_limit),
        VALUE("platform", 0, "OS/ARCH[/VARIANT]", "all three of the image", run_take_platform, name),
        VALUE("pod", 0, "POD", "the pod to be part of", option_take_string, pod),
        VALUE("preserve-fds", 0, "N", "pass file descriptors 3 to 2+N on", run_take_unsigned, preserve_fds),
        FLAG("privileged", 0, "all capabilities and devices, nothing masked", privileged),
        VALUE("publish", 'p', "PORTS", "publish a port: [[ADDRESS:][HOSTPORT]:]PORT[/PROTOCOL]", run_take_publish, publish),
        FLAG("publish-all", 'P', "publish all ports the image exposes, on ports that are free", publish_all),
        VALUE("pull", 0, "WHEN", "always, missing, never or newer", run_take_pull, pull),
        { .name = "quiet", .letter = 'q', .kind = OPTION_FLAG, .help = "say nothing while pulling", .take = run_take_pull_switch },
        FLAG("read-only", 0, "make the root file system read-only", read_only),
        FLAG("read-only-tmpfs", 0, "with it, writable /run, /tmp and /var/tmp (true)", read_only_tmpfs),
        FLAG("replace", 0, "remove a container of that name first", replace),
        VALUE("restart", 0, "no|always|on-failure|unless-stopped", "with -d from a shell: start it again when it ends", run_take_restart, name),
        VALUE("retry", 0, "N", "try a failed pull again so often (3)", run_take_retry, name),
        VALUE("retry-delay", 0, "TIME", "wait so long before (2s, doubled each time)", run_take_retry_delay, name),
        FLAG("rm", 0, "remove the container when it has ended", remove),
        FLAG("rootfs", 0, "the first word is a directory, not an image", use_rootfs),
        VALUE("sdnotify", 0, "WHO", "who reports ready: conmon (us), container, healthy or ignore", run_take_sdnotify, name),
        VALUE("seccomp-policy", 0, "default", NULL, run_take_seccomp_policy, name),
        VALUE("secret", 0, "SECRET[,…]", "give a secret: type=mount or env, target=, uid=, gid=, mode=", run_take_secret, name),
        VALUE("security-opt", 0, "NAME=VALUE", "seccomp=, apparmor=, label=, mask=, unmask=, no-new-privileges", run_take_security, name),
        VALUE("shm-size", 0, "SIZE", "size of /dev/shm (64m)", run_take_size, shm_size),
        VALUE("shm-size-systemd", 0, "SIZE", "with systemd inside, size of its file systems in memory", run_take_size, shm_size_systemd),
        VALUE("stop-signal", 0, "SIGNAL", "the signal that ends the container", run_take_signal, stop_signal),
        VALUE("stop-timeout", 0, "SECONDS", "how long it may take (10)", run_take_stop_timeout, stop_timeout),
        VALUE("subgidname", 0, "NAME", "map the groups that /etc/subgid sets aside for it", option_take_string, subgidname),
        VALUE("subuidname", 0, "NAME", "map the users that /etc/subuid sets aside for it", option_take_string, subuidname),
        VALUE("sysctl", 0, "NAME=VALUE", "set a kernel parameter of the container's namespaces", run_take_pair, sysctls),
        VALUE("systemd", 0, "WHEN", "prepare for systemd inside: true, false or always", run_take_systemd, name),
        VALUE("timeout", 0, "SECONDS", "kill the container after that time", run_take_unsigned, timeout),
        { .name = "tls-verify", .kind = OPTION_FLAG, .help = "insist on TLS and known certificates to pull (true)", .take = run_take_pull_switch },
        VALUE("tmpfs", 0, "DIR[:OPTIONS]", "mount a file system in memory", run_take_mounts, name),
        FLAG("tty", 't', "give it a terminal", tty),
        VALUE("tz", 0, "ZONE", "time zone, or local", option_take_string, timezone),
        VALUE("uidmap", 0, "IN:OUT[:COUNT]", "map users of a user namespace", option_take_list, uidmaps),
        VALUE("ulimit", 0, "NAME=SOFT[:HARD]", "a resource limit, or host", run_take_ulimit, name),
        VALUE("umask", 0, "MODE", "umask of the program (0022)", run_take_umask, umask),
        VALUE("unsetenv", 0, "NAME", "unset a variable of the image", option_take_list, unset_env),
        FLAG("unsetenv-all", 0, "unset all variables of the image", unset_env_all),
        VALUE("user", 'u', "USER[:GROUP]", "user to run as", option_take_string, user),
        VALUE("userns", 0, "MODE", "user namespace: auto[:OPTIONS], keep-id[:OPTIONS], host, container:NAME or ns:PATH", option_take_string, userns),
        VALUE("uts", 0, "MODE", "host name namespace: private, host, container:NAME or ns:PATH", option_take_string, uts),
        VALUE("variant", 0, "VARIANT", "variant of the image's architecture", run_take_platform_name, variant),
        VALUE("volumes-from", 0, "CONTAINER[:OPTIONS]", "mount what another container has mounted (ro, rw)", run_take_volumes_from, volumes_from),
        VALUE("volume", 'v', "SRC:DIR[:OPTIONS]", "mount a directory or file of the host", run_take_mounts, name),
        VALUE("workdir", 'w', "DIR", "working directory", run_take_path, workdir),

        VALUE("detach-keys", 0, "KEYS", NULL, option_take_string, detach_keys),
        IGNORED("disable-content-trust", OPTION_FLAG),
        IGNORED("sig-proxy", OPTION_FLAG),

        REFUSED("attach", OPTION_VALUE),
        REFUSED("chrootdirs", OPTION_VALUE),
        REFUSED("cpu-rt-period", OPTION_VALUE),
        REFUSED("cpu-rt-runtime", OPTION_VALUE),
        REFUSED("decryption-key", OPTION_VALUE),
        REFUSED("init-ctr", OPTION_VALUE),
        REFUSED("link-local-ip", OPTION_VALUE),
        REFUSED("memory-swappiness", OPTION_VALUE),
        REFUSED("oom-kill-disable", OPTION_FLAG),
        REFUSED("pod-id-file", OPTION_VALUE),
        REFUSED("preserve-fd", OPTION_VALUE),
        REFUSED("rdt-class", OPTION_VALUE),
        REFUSED("requires", OPTION_VALUE),
        REFUSED("rmi", OPTION_FLAG),
        { .name = NULL },
};
/* clang-format on */

/* A directory, and behind a colon what is to be done with it: O, where changes are to be thrown
 * away, and idmap. */
static int run_set_rootfs(struct container_spec *spec, const char *word, struct error *err)
{
        size_t length = strcspn(word, ":");
        AUTO_STRV struct strv options = { 0 };

        strv_split(&options, word[length] ? word + length + 1 : "", ",", false);
        if (word[length] && !options.count)
                return error_set(err, EINVAL, "--rootfs %s: no option behind the colon", word);
        for (size_t i = 0; i < options.count; i++) {
                if (str_equal(options.items[i], "O"))
                        spec->rootfs_overlay = true;
                else if (str_equal(options.items[i], "idmap"))
                        spec->rootfs_idmap = true;
                else
                        return error_set(err, EINVAL,
                                         "--rootfs %s: unknown option '%s' (known: O and idmap)",
                                         word, options.items[i]);
        }
        free(spec->rootfs);
        spec->rootfs = str_dupn(word, length);
        return 0;
}

int run_options_make_absolute(struct container_spec *spec, const char *directory, struct error *err)
{
        AUTO_FREE char *here = str_dup(directory);

        for (size_t i = 0; i < spec->mount_count; i++) {
                struct spec_mount *mount = &spec->mounts[i];
                AUTO_FREE char *path = NULL;

                if ((mount->type != SPEC_MOUNT_BIND && mount->type != SPEC_MOUNT_GLOB) ||
                    mount->source[0] == '/')
                        continue;
                if (!here && !(here = getcwd(NULL, 0)))
                        return error_errno(err, errno, "finding the working directory");
                path = str_format("%s/%s", here, mount->source);
                free(mount->source);
                mount->source = path_clean(path);
        }
        return 0;
}

/* Lines NAME=VALUE or NAME; blank lines and those that begin with # are passed over. */
static int run_read_label_file(struct container_spec *spec, const char *path, struct error *err)
{
        AUTO_STRV struct strv lines = { 0 };
        AUTO_FREE char *text = NULL;

        if (io_read_file(AT_FDCWD, path, LABEL_FILE_MAX, &text, NULL, err) < 0)
                return error_wrap(err, "--label-file");
        strv_split(&lines, text, "\n", false);
        for (size_t i = 0; i < lines.count; i++) {
                const char *line = lines.items[i] + strspn(lines.items[i], " \t");

                if (!*line || *line == '#')
                        continue;
                if (*line == '=')
                        return error_set(err, EINVAL, "--label-file %s: '%s' has no name", path,
                                         line);
                strv_appendf(&spec->labels, "%s%s", line, strchr(line, '=') ? "" : "=");
        }
        return 0;
}

/* Labels of the command line count more than those of files: of several, the last one does. */
static int run_read_label_files(struct container_spec *spec, struct error *err)
{
        AUTO_STRV struct strv given = spec->labels;

        spec->labels = (struct strv){ 0 };
        for (size_t i = 0; i < spec->label_files.count; i++)
                if (run_read_label_file(spec, spec->label_files.items[i], err) < 0)
                        return -1;
        strv_append_all(&spec->labels, &given);
        return 0;
}

int run_options_finish(struct container_spec *spec, int count, char **words, struct error *err)
{
        if (count < 1 || !*words[0])
                return error_set(err, EINVAL, "no image is given");
        if (spec->use_rootfs) {
                if (run_set_rootfs(spec, words[0], err) < 0)
                        return -1;
        } else {
                str_replace(&spec->image, words[0]);
        }
        for (int i = 1; i < count; i++)
                strv_append(&spec->args, words[i]);
        if (spec->memory_swap > 0 && (uint64_t)spec->memory_swap < spec->memory)
                return error_set(err, EINVAL, "--memory-swap is less than --memory");
        if (spec->label_files.count && run_read_label_files(spec, err) < 0)
                return -1;
        return run_options_make_absolute(spec, NULL, err);
}

int run_options_parse(int argc, char **argv, struct container_spec *spec, struct error *err)
{
        int first;

        if (option_parse(run_options, true, argc, argv, spec, &first, err) < 0)
                return -1;
        return run_options_finish(spec, argc - first, argv + first, err);
}
