/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keys.h"

#include "../base/str.h"
#include "reader.h"
#include "translate.h"

static const struct unit_key container_keys[] = {
        { "Container", "ContainersConfModule", KEY_LINES, emit_global, "--module", "4.8",
          "configuration module for every command of the unit" },
        { "Container", "GlobalArgs", KEY_WORDS, emit_global_words, NULL, "4.8",
          "arguments in front of the subcommand, in every command of the unit" },
        { "Container", "ServiceName", KEY_STRING, emit_nothing, NULL, "5.3",
          "name of the unit, without .service" },
        { "Container", "ContainerName", KEY_STRING, emit_container_name, "--name", "4.4",
          "name of the container (systemd-%N)", true },
        { "Container", "LogDriver", KEY_STRING, emit_option, "--log-driver", "4.5",
          "where output goes: journald, passthrough or none" },
        { "Container", "LogOpt", KEY_LITERALS, emit_option, "--log-opt", "5.2",
          "option of the log driver, NAME=VALUE" },
        { "Container", "CgroupsMode", KEY_STRING, emit_cgroups, "--cgroups", "5.3",
          "which cgroup the container gets (split: the unit's)", true },
        { "Container", "Entrypoint", KEY_TEXT, emit_joined, "--entrypoint", "5.0",
          "replaces the image's entry point; empty clears it" },
        { "Container", "HostName", KEY_STRING, emit_option, "--hostname", "4.6",
          "host name inside the container" },
        { "Container", "IP", KEY_STRING, emit_option, "--ip", "4.5", "IPv4 address" },
        { "Container", "IP6", KEY_STRING, emit_option, "--ip6", "4.5", "IPv6 address" },
        { "Container", "Memory", KEY_STRING, emit_option, "--memory", "5.5",
          "memory limit, NUMBER[bkmg]" },
        { "Container", "PidsLimit", KEY_STRING, emit_option, "--pids-limit", "4.7",
          "most processes; -1 is unlimited (2048)" },
        { "Container", "Pull", KEY_STRING, emit_pull_policy, "--pull", "4.6",
          "when to pull the image: always, missing, never, newer" },
        { "Container", "Retry", KEY_STRING, emit_retry, "--retry", "5.5",
          "how often a failed pull is tried again" },
        { "Container", "RetryDelay", KEY_STRING, emit_retry_delay, "--retry-delay", "5.5",
          "time between two tries" },
        { "Container", "ShmSize", KEY_STRING, emit_option, "--shm-size", "4.7",
          "size of /dev/shm, NUMBER[bkmg] (64m)" },
        { "Container", "StopSignal", KEY_STRING, emit_option, "--stop-signal", "5.2",
          "signal that asks the container to stop (SIGTERM)" },
        { "Container", "StopTimeout", KEY_STRING, emit_option, "--stop-timeout", "5.0",
          "seconds between that signal and SIGKILL (10)" },
        { "Container", "Timezone", KEY_STRING, emit_option, "--tz", "4.4", "time zone, or local" },
        { "Container", "WorkingDir", KEY_STRING, emit_option, "--workdir", "4.6",
          "working directory in the container" },
        { "Container", "AddHost", KEY_LINES, emit_option, "--add-host", "5.3",
          "line for /etc/hosts, NAME:ADDRESS" },
        { "Container", "DNS", KEY_LINES, emit_option, "--dns", "4.7", "address of a name server" },
        { "Container", "DNSOption", KEY_LINES, emit_option, "--dns-option", "4.7",
          "option for resolv.conf" },
        { "Container", "DNSSearch", KEY_LINES, emit_option, "--dns-search", "4.7",
          "search domain; . for none" },
        { "Container", "GroupAdd", KEY_LINES, emit_option, "--group-add", "5.1",
          "additional group, or keep-groups" },
        { "Container", "NetworkAlias", KEY_LINES, emit_option, "--network-alias", "5.2",
          "further name on the network" },
        { "Container", "Tmpfs", KEY_LINES, emit_option, "--tmpfs", "4.5",
          "file system in memory, PATH[:OPTIONS]" },
        { "Container", "Ulimit", KEY_LINES, emit_option, "--ulimit", "4.7",
          "resource limit, NAME=SOFT[:HARD], or host" },
        { "Container", "EnvironmentHost", KEY_BOOL, emit_flag, "--env-host", "4.4",
          "pass on the environment of the service" },
        { "Container", "HttpProxy", KEY_BOOL, emit_flag, "--http-proxy", "5.7",
          "pass on the proxy variables (true)" },
        { "Container", "ReadOnlyTmpfs", KEY_BOOL, emit_flag, "--read-only-tmpfs", "4.8",
          "with ReadOnly=, keep /tmp, /run and the like writable (true)" },
        { "Container", "RunInit", KEY_BOOL, emit_flag, "--init", "4.4",
          "run an init as the first process" },
        { "Container", "Network", KEY_LINES, emit_network, "--network", "4.4",
          "network mode, NAME[:OPTIONS], x.network or x.container" },
        { "Container", "Notify", KEY_STRING, emit_notify, "--sdnotify", "4.4",
          "who says that the service is ready: false (crunit), true (the container), healthy",
          true },
        { "Container", "NoNewPrivileges", KEY_BOOL, emit_if_true,
          "--security-opt=no-new-privileges", "4.4",
          "no gain of privileges by setuid and the like" },
        { "Container", "SecurityLabelDisable", KEY_BOOL, emit_if_true,
          "--security-opt label=disable", "4.5", "no SELinux separation" },
        { "Container", "SecurityLabelFileType", KEY_STRING, emit_option,
          "--security-opt label=filetype:", "4.5", "SELinux type of the files" },
        { "Container", "SecurityLabelLevel", KEY_STRING, emit_option,
          "--security-opt label=level:", "4.5", "SELinux level" },
        { "Container", "SecurityLabelNested", KEY_BOOL, emit_if_true, "--security-opt label=nested",
          "4.6", "allow SELinux labels inside the container" },
        { "Container", "SecurityLabelType", KEY_STRING, emit_option,
          "--security-opt label=type:", "4.5", "SELinux type of the processes" },
        { "Container", "AppArmor", KEY_STRING, emit_option, "--security-opt apparmor=", "5.8",
          "AppArmor profile, or unconfined" },
        { "Container", "AddDevice", KEY_LITERALS, emit_device, "--device", "4.4",
          "device, [-]HOST[:CONTAINER][:rwm] or VENDOR/CLASS=NAME; - for only if it exists", true },
        { "Container", "SeccompProfile", KEY_TEXT, emit_option, "--security-opt seccomp=", "4.4",
          "seccomp profile, or unconfined" },
        { "Container", "DropCapability", KEY_LITERALS, emit_lower, "--cap-drop", "4.4",
          "capability taken away, or all" },
        { "Container", "AddCapability", KEY_LITERALS, emit_lower, "--cap-add", "4.4",
          "capability given, or all" },
        { "Container", "Sysctl", KEY_LITERALS, emit_option, "--sysctl", "4.6",
          "kernel parameter, NAME=VALUE" },
        { "Container", "ReadOnly", KEY_BOOL, emit_flag, "--read-only", "4.4",
          "mount the root file system read-only" },
        { "Container", "VolatileTmp", KEY_BOOL, emit_volatile_tmp, "--tmpfs", "4.4",
          "deprecated, use Tmpfs=/tmp" },
        { "Container", "User", KEY_STRING, emit_user, "--user", "4.4",
          "user name or number in the container", true },
        { "Container", "Group", KEY_STRING, emit_nothing, NULL, "4.4",
          "group name or number, with User=" },
        { "Container", "UserNS", KEY_STRING, emit_userns, "--userns", "4.5", "user namespace mode",
          true },
        { "Container", "UIDMap", KEY_LITERALS, emit_option, "--uidmap", "4.8",
          "map of user ids, CONTAINER:HOST:COUNT" },
        { "Container", "GIDMap", KEY_LITERALS, emit_option, "--gidmap", "4.8",
          "map of group ids, CONTAINER:HOST:COUNT" },
        { "Container", "SubUIDMap", KEY_STRING, emit_option, "--subuidname", "4.8",
          "name in /etc/subuid to take user ids from" },
        { "Container", "SubGIDMap", KEY_STRING, emit_option, "--subgidname", "4.8",
          "name in /etc/subgid to take group ids from" },
        { "Container", "RemapUsers", KEY_STRING, emit_remap, NULL, "4.4",
          "deprecated, use UserNS=: manual, auto or keep-id" },
        { "Container", "RemapUid", KEY_LITERALS, emit_remap_detail, NULL, "4.4",
          "deprecated, with RemapUsers=: user ids" },
        { "Container", "RemapGid", KEY_LITERALS, emit_remap_detail, NULL, "4.4",
          "deprecated, with RemapUsers=: group ids" },
        { "Container", "RemapUidSize", KEY_NUMBER, emit_remap_detail, NULL, "4.4",
          "deprecated, with RemapUsers=auto: how many ids" },
        { "Container", "Volume", KEY_LINES, emit_volume, "--volume", "4.4",
          "[[SOURCE:]PATH[:OPTIONS]]; the source may be x.volume" },
        { "Container", "AutoUpdate", KEY_STRING, emit_option,
          "--label io.containers.autoupdate=", "4.6", "registry or local" },
        { "Container", "ExposeHostPort", KEY_LINES, emit_expose, "--expose", "4.4",
          "port or range, /tcp or /udp" },
        { "Container", "PublishPort", KEY_LINES, emit_publish, "--publish", "4.4",
          "[[ADDRESS:][HOSTPORT]:]PORT[/PROTOCOL]" },
        { "Container", "Environment", KEY_PAIRS, emit_option, "--env", "4.4",
          "NAME=VALUE for the container; NAME alone takes the service's" },
        { "Container", "Label", KEY_PAIRS, emit_option, "--label", "4.4", "label, NAME=VALUE" },
        { "Container", "Annotation", KEY_PAIRS, emit_option, "--annotation", "4.4",
          "OCI annotation, NAME=VALUE" },
        { "Container", "Mask", KEY_WORDS, emit_option, "--security-opt mask=", "4.6",
          "paths hidden from the container, separated by colons" },
        { "Container", "Unmask", KEY_WORDS, emit_option, "--security-opt unmask=", "4.6",
          "paths not hidden, separated by colons, or ALL" },
        { "Container", "EnvironmentFile", KEY_WORDS, emit_file, "--env-file", "4.4",
          "file with variables, relative to this file" },
        { "Container", "Secret", KEY_WORDS, emit_option, "--secret", "4.5",
          "secret, NAME[,type=mount or env,target=,uid=,gid=,mode=]" },
        { "Container", "Mount", KEY_WORDS, emit_mount, "--mount", "4.5", "type=TYPE,NAME=VALUE,…" },
        { "Container", "HealthCmd", KEY_STRING, emit_option, "--health-cmd", "4.5",
          "command that tells whether the container is healthy, or none" },
        { "Container", "HealthInterval", KEY_STRING, emit_option, "--health-interval", "4.5",
          "time between two checks (30s), or disable" },
        { "Container", "HealthOnFailure", KEY_STRING, emit_option, "--health-on-failure", "4.5",
          "what happens when it is not: none, kill, restart, stop" },
        { "Container", "HealthRetries", KEY_STRING, emit_option, "--health-retries", "4.5",
          "failures that make it unhealthy (3)" },
        { "Container", "HealthStartPeriod", KEY_STRING, emit_option, "--health-start-period", "4.5",
          "time in which failures do not count" },
        { "Container", "HealthTimeout", KEY_STRING, emit_option, "--health-timeout", "4.5",
          "time a check may take (30s)" },
        { "Container", "HealthStartupCmd", KEY_STRING, emit_option, "--health-startup-cmd", "4.5",
          "check until the container has started" },
        { "Container", "HealthStartupInterval", KEY_STRING, emit_option,
          "--health-startup-interval", "4.5", "time between two of those" },
        { "Container", "HealthStartupRetries", KEY_STRING, emit_option, "--health-startup-retries",
          "4.5", "how many may fail before a restart" },
        { "Container", "HealthStartupSuccess", KEY_STRING, emit_option, "--health-startup-success",
          "4.5", "how many must succeed" },
        { "Container", "HealthStartupTimeout", KEY_STRING, emit_option, "--health-startup-timeout",
          "4.5", "time one may take" },
        { "Container", "HealthLogDestination", KEY_STRING, emit_option, "--health-log-destination",
          "5.3", "where results are kept: local, a directory, events_logger" },
        { "Container", "HealthMaxLogCount", KEY_STRING, emit_option, "--health-max-log-count",
          "5.3", "how many results are kept (5)" },
        { "Container", "HealthMaxLogSize", KEY_STRING, emit_option, "--health-max-log-size", "5.3",
          "characters of a result that are kept (500)" },
        { "Container", "Pod", KEY_STRING, emit_pod, "--pod", "5.0",
          "the pod to be part of, x.pod" },
        { "Container", "StartWithPod", KEY_BOOL, emit_nothing, NULL, "5.3",
          "start together with the pod (true)" },
        { "Container", "PodmanArgs", KEY_WORDS, emit_words, NULL, "4.4",
          "further options of crunit run, in front of the image" },
        { "Container", "Image", KEY_STRING, emit_image, NULL, "4.4",
          "image, x.image or x.build; needed unless Rootfs=", true },
        { "Container", "Rootfs", KEY_STRING, emit_nothing, NULL, "4.5",
          "directory to use instead of an image" },
        { "Container", "Exec", KEY_COMMAND, emit_words, NULL, "4.4", "arguments behind the image" },
        { "Container", "ReloadCmd", KEY_COMMAND, emit_nothing, NULL, "5.5",
          "command in the container that reloads it" },
        { "Container", "ReloadSignal", KEY_STRING, emit_nothing, NULL, "5.5",
          "signal that reloads the container" },
};

static const struct unit_key pod_keys[] = {
        { "Pod", "ContainersConfModule", KEY_LINES, emit_global, "--module", "5.0",
          "configuration module for every command of the unit" },
        { "Pod", "GlobalArgs", KEY_WORDS, emit_global_words, NULL, "5.0",
          "arguments in front of the subcommand, in every command of the unit" },
        { "Pod", "ServiceName", KEY_STRING, emit_nothing, NULL, "5.3",
          "name of the unit, without .service" },
        { "Pod", "ExitPolicy", KEY_STRING, emit_exit_policy, "--exit-policy", "5.6",
          "what the pod does when its last container ends: stop or continue", true },
        { "Pod", "PodName", KEY_STRING, emit_pod_name, "--name", "5.0",
          "name of the pod (systemd-FILE)", true },
        { "Pod", "IP", KEY_STRING, emit_option, "--ip", "5.3", "IPv4 address" },
        { "Pod", "IP6", KEY_STRING, emit_option, "--ip6", "5.3", "IPv6 address" },
        { "Pod", "ShmSize", KEY_STRING, emit_option, "--shm-size", "5.4",
          "size of /dev/shm, NUMBER[bkmg]" },
        { "Pod", "AddHost", KEY_LINES, emit_option, "--add-host", "5.3",
          "line for /etc/hosts, NAME:ADDRESS" },
        { "Pod", "DNS", KEY_LINES, emit_option, "--dns", "5.3", "address of a name server" },
        { "Pod", "DNSOption", KEY_LINES, emit_option, "--dns-option", "5.3",
          "option for resolv.conf" },
        { "Pod", "DNSSearch", KEY_LINES, emit_option, "--dns-search", "5.3", "search domain" },
        { "Pod", "HostName", KEY_LINES, emit_option, "--hostname", "5.5", "host name of the pod" },
        { "Pod", "NetworkAlias", KEY_LINES, emit_option, "--network-alias", "5.2",
          "further name on the network" },
        { "Pod", "Network", KEY_LINES, emit_network, "--network", "5.0",
          "network mode, NAME[:OPTIONS], x.network or x.container" },
        { "Pod", "UserNS", KEY_STRING, emit_userns, "--userns", "5.3", "user namespace mode",
          true },
        { "Pod", "UIDMap", KEY_LITERALS, emit_option, "--uidmap", "5.3",
          "map of user ids, CONTAINER:HOST:COUNT" },
        { "Pod", "GIDMap", KEY_LITERALS, emit_option, "--gidmap", "5.3",
          "map of group ids, CONTAINER:HOST:COUNT" },
        { "Pod", "SubUIDMap", KEY_STRING, emit_option, "--subuidname", "5.3",
          "name in /etc/subuid to take user ids from" },
        { "Pod", "SubGIDMap", KEY_STRING, emit_option, "--subgidname", "5.3",
          "name in /etc/subgid to take group ids from" },
        { "Pod", "RemapUsers", KEY_STRING, emit_remap, NULL, "5.3",
          "deprecated, use UserNS=: manual, auto or keep-id" },
        { "Pod", "RemapUid", KEY_LITERALS, emit_remap_detail, NULL, "5.3",
          "deprecated, with RemapUsers=: user ids" },
        { "Pod", "RemapGid", KEY_LITERALS, emit_remap_detail, NULL, "5.3",
          "deprecated, with RemapUsers=: group ids" },
        { "Pod", "RemapUidSize", KEY_NUMBER, emit_remap_detail, NULL, "5.3",
          "deprecated, with RemapUsers=auto: how many ids" },
        { "Pod", "PublishPort", KEY_LINES, emit_publish, "--publish", "5.0",
          "[[ADDRESS:][HOSTPORT]:]PORT[/PROTOCOL]" },
        { "Pod", "Label", KEY_PAIRS, emit_option, "--label", "5.6", "label, NAME=VALUE" },
        { "Pod", "Volume", KEY_LINES, emit_volume, "--volume", "5.0",
          "[[SOURCE:]PATH[:OPTIONS]]; the source may be x.volume" },
        { "Pod", "StopTimeout", KEY_STRING, emit_nothing, NULL, "5.7",
          "seconds the containers get to stop (10)" },
        { "Pod", "PodmanArgs", KEY_WORDS, emit_words, NULL, "5.0",
          "further options of crunit pod create" },
};

static const struct unit_key volume_keys[] = {
        { "Volume", "ContainersConfModule", KEY_LINES, emit_global, "--module", "4.8",
          "configuration module for every command of the unit" },
        { "Volume", "GlobalArgs", KEY_WORDS, emit_global_words, NULL, "4.8",
          "arguments in front of the subcommand, in every command of the unit" },
        { "Volume", "ServiceName", KEY_STRING, emit_nothing, NULL, "5.3",
          "name of the unit, without .service" },
        { "Volume", "VolumeName", KEY_STRING, emit_nothing, NULL, "4.7",
          "name of the volume (systemd-FILE)" },
        { "Volume", "Driver", KEY_STRING, emit_option, "--driver", "4.8", "local or image" },
        { "Volume", "Image", KEY_STRING, emit_nothing, NULL, "4.8",
          "image, x.image or x.build, with Driver=image" },
        { "Volume", "Copy", KEY_BOOL, emit_nothing, NULL, "4.4",
          "begin with what the image has there (true)" },
        { "Volume", "Device", KEY_STRING, emit_nothing, "--opt device=", "4.4",
          "what is mounted: a device, a file with a file system in it, SERVER:PATH, a directory" },
        { "Volume", "Type", KEY_STRING, emit_nothing, "--opt type=", "4.4",
          "file system type, or bind" },
        { "Volume", "Options", KEY_STRING, emit_volume_options, "--opt", "4.4", "mount options",
          true },
        { "Volume", "User", KEY_STRING, emit_nothing, "--opt o=uid=", "4.4",
          "owner of the top directory, a number or a name of the machine" },
        { "Volume", "Group", KEY_STRING, emit_nothing, "--opt o=gid=", "4.4",
          "group of the top directory, a number or a name of the machine" },
        { "Volume", "UID", KEY_STRING, emit_option, "--uid", "6.0", "the same as User=" },
        { "Volume", "GID", KEY_STRING, emit_option, "--gid", "6.0", "the same as Group=" },
        { "Volume", "Label", KEY_PAIRS, emit_option, "--label", "4.4", "label, NAME=VALUE" },
        { "Volume", "PodmanArgs", KEY_WORDS, emit_words, NULL, "4.6",
          "further options of crunit volume create" },
};

static const struct unit_key network_keys[] = {
        { "Network", "ContainersConfModule", KEY_LINES, emit_global, "--module", "4.8",
          "configuration module for every command of the unit" },
        { "Network", "GlobalArgs", KEY_WORDS, emit_global_words, NULL, "4.8",
          "arguments in front of the subcommand, in every command of the unit" },
        { "Network", "ServiceName", KEY_STRING, emit_nothing, NULL, "5.3",
          "name of the unit, without .service" },
        { "Network", "NetworkName", KEY_STRING, emit_nothing, NULL, "4.7",
          "name of the network (systemd-FILE)" },
        { "Network", "NetworkDeleteOnStop", KEY_BOOL, emit_nothing, NULL, "5.5",
          "remove the network when the unit stops" },
        { "Network", "DisableDNS", KEY_BOOL, emit_flag, "--disable-dns", "4.4",
          "no name service on this network" },
        { "Network", "DNS", KEY_LINES, emit_option, "--dns", "4.7",
          "name server for containers on this network" },
        { "Network", "Driver", KEY_STRING, emit_option, "--driver", "4.4",
          "bridge, macvlan or ipvlan" },
        { "Network", "Subnet", KEY_LINES, emit_subnets, "--subnet", "4.4",
          "address range, ADDRESS/BITS", true },
        { "Network", "Gateway", KEY_LINES, emit_nothing, NULL, "4.4",
          "gateway of the Subnet= at the same place" },
        { "Network", "IPRange", KEY_LINES, emit_nothing, NULL, "4.4",
          "range for containers in the Subnet= at the same place" },
        { "Network", "InterfaceName", KEY_STRING, emit_option, "--interface-name", "5.6",
          "name of the bridge" },
        { "Network", "Internal", KEY_BOOL, emit_flag, "--internal", "4.4", "no way out" },
        { "Network", "IPAMDriver", KEY_STRING, emit_option, "--ipam-driver", "4.4",
          "how addresses are given: host-local, dhcp or none" },
        { "Network", "IPv6", KEY_BOOL, emit_flag, "--ipv6", "4.4", "IPv6 as well" },
        { "Network", "Options", KEY_PAIRS, emit_option, "--opt", "4.4",
          "option of the driver, NAME=VALUE" },
        { "Network", "Label", KEY_PAIRS, emit_option, "--label", "4.4", "label, NAME=VALUE" },
        { "Network", "PodmanArgs", KEY_WORDS, emit_words, NULL, "4.6",
          "further options of crunit network create" },
};

static const struct unit_key image_keys[] = {
        { "Image", "ContainersConfModule", KEY_LINES, emit_global, "--module", "4.8",
          "configuration module for every command of the unit" },
        { "Image", "GlobalArgs", KEY_WORDS, emit_global_words, NULL, "4.8",
          "arguments in front of the subcommand, in every command of the unit" },
        { "Image", "ServiceName", KEY_STRING, emit_nothing, NULL, "5.3",
          "name of the unit, without .service" },
        { "Image", "AllTags", KEY_BOOL, emit_flag, "--all-tags", "4.8", "pull every tag" },
        { "Image", "Arch", KEY_STRING, emit_option, "--arch", "4.8", "machine, if not this one" },
        { "Image", "AuthFile", KEY_STRING, emit_option, "--authfile", "4.8",
          "file with credentials" },
        { "Image", "CertDir", KEY_STRING, emit_option, "--cert-dir", "4.8",
          "directory with certificates" },
        { "Image", "Creds", KEY_STRING, emit_option, "--creds", "4.8",
          "USER[:PASSWORD] for the registry" },
        { "Image", "DecryptionKey", KEY_STRING, emit_option, "--decryption-key", "4.8",
          "key for an encrypted image" },
        { "Image", "OS", KEY_STRING, emit_option, "--os", "4.8",
          "operating system, if not this one" },
        { "Image", "Policy", KEY_STRING, emit_pull_policy, "--policy", "5.6",
          "when to pull: always, missing, never, newer" },
        { "Image", "Retry", KEY_STRING, emit_retry, "--retry", "5.5",
          "how often a failed pull is tried again" },
        { "Image", "RetryDelay", KEY_STRING, emit_retry_delay, "--retry-delay", "5.5",
          "time between two tries" },
        { "Image", "TLSVerify", KEY_BOOL, emit_flag, "--tls-verify", "4.8",
          "check certificates (true)" },
        { "Image", "Variant", KEY_STRING, emit_option, "--variant", "4.8",
          "variant of the machine" },
        { "Image", "PodmanArgs", KEY_WORDS, emit_words, NULL, "4.8",
          "further options of crunit image pull" },
        { "Image", "Image", KEY_STRING, emit_pull_image, NULL, "4.8", "what is pulled; needed",
          true },
        { "Image", "ImageTag", KEY_STRING, emit_nothing, NULL, "4.8",
          "name other units get when they refer to this file" },
};

static const struct unit_key build_keys[] = {
        { "Build", "ContainersConfModule", KEY_LINES, emit_global, "--module", "5.2",
          "configuration module for every command of the unit" },
        { "Build", "GlobalArgs", KEY_WORDS, emit_global_words, NULL, "5.2",
          "arguments in front of the subcommand, in every command of the unit" },
        { "Build", "ServiceName", KEY_STRING, emit_nothing, NULL, "5.3",
          "name of the unit, without .service" },
        { "Build", "ImageTag", KEY_LINES, emit_build_tag, "--tag", "5.2",
          "name of the result; the first one is what other units get; needed", true },
        { "Build", "SetWorkingDirectory", KEY_STRING, emit_nothing, NULL, "5.2",
          "context: file, unit, a path or a URL" },
        { "Build", "Annotation", KEY_PAIRS, emit_option, "--annotation", "5.2",
          "OCI annotation, NAME=VALUE" },
        { "Build", "Arch", KEY_STRING, emit_option, "--arch", "5.2", "machine, if not this one" },
        { "Build", "AuthFile", KEY_STRING, emit_option, "--authfile", "5.2",
          "file with credentials" },
        { "Build", "BuildArg", KEY_PAIRS, emit_option, "--build-arg", "5.7",
          "argument for the build, NAME=VALUE" },
        { "Build", "DNS", KEY_LINES, emit_option, "--dns", "5.2", "address of a name server" },
        { "Build", "DNSOption", KEY_LINES, emit_option, "--dns-option", "5.2",
          "option for resolv.conf" },
        { "Build", "DNSSearch", KEY_LINES, emit_option, "--dns-search", "5.2", "search domain" },
        { "Build", "Environment", KEY_PAIRS, emit_option, "--env", "5.2",
          "NAME=VALUE for the image" },
        { "Build", "ForceRM", KEY_BOOL, emit_flag, "--force-rm", "5.2",
          "remove intermediate containers even when the build fails (true)" },
        { "Build", "GroupAdd", KEY_LINES, emit_option, "--group-add", "5.2", "additional group" },
        { "Build", "IgnoreFile", KEY_STRING, emit_option, "--ignorefile", "5.7",
          "file that says what the context leaves out" },
        { "Build", "Label", KEY_PAIRS, emit_option, "--label", "5.2", "label, NAME=VALUE" },
        { "Build", "Network", KEY_LINES, emit_network, "--network", "5.2",
          "network for the build" },
        { "Build", "Pull", KEY_STRING, emit_joined, "--pull", "5.2", "when to pull base images" },
        { "Build", "Retry", KEY_STRING, emit_option, "--retry", "5.5",
          "how often a failed pull is tried again" },
        { "Build", "RetryDelay", KEY_STRING, emit_option, "--retry-delay", "5.5",
          "time between two tries" },
        { "Build", "Secret", KEY_WORDS, emit_option, "--secret", "5.2",
          "secret, id=NAME,src=PATH" },
        { "Build", "Target", KEY_STRING, emit_option, "--target", "5.2", "stage to build" },
        { "Build", "TLSVerify", KEY_BOOL, emit_flag, "--tls-verify", "5.2",
          "check certificates (true)" },
        { "Build", "Variant", KEY_STRING, emit_option, "--variant", "5.2",
          "variant of the machine" },
        { "Build", "Volume", KEY_LINES, emit_volume, "--volume", "5.2", "directory for the build" },
        { "Build", "File", KEY_STRING, emit_option, "--file", "5.2",
          "the Containerfile; a relative one needs SetWorkingDirectory=" },
        { "Build", "PodmanArgs", KEY_WORDS, emit_words, NULL, "5.2",
          "further options of crunit build" },
};

static const struct unit_key kube_keys[] = {
        { "Kube", "ContainersConfModule", KEY_LINES, emit_global, "--module", "4.8",
          "configuration module for every command of the unit" },
        { "Kube", "GlobalArgs", KEY_WORDS, emit_global_words, NULL, "4.8",
          "arguments in front of the subcommand, in every command of the unit" },
        { "Kube", "ServiceName", KEY_STRING, emit_nothing, NULL, "5.3",
          "name of the unit, without .service" },
        { "Kube", "ExitCodePropagation", KEY_STRING, emit_joined, "--service-exit-code-propagation",
          "4.6", "all, any or none" },
        { "Kube", "KubeDownForce", KEY_BOOL, emit_nothing, NULL, "4.8", "remove volumes as well" },
        { "Kube", "LogDriver", KEY_STRING, emit_option, "--log-driver", "4.5",
          "where output goes" },
        { "Kube", "LogOpt", KEY_LITERALS, emit_option, "--log-opt", "5.2",
          "option of the log driver" },
        { "Kube", "UserNS", KEY_STRING, emit_userns, "--userns", "4.5", "user namespace mode",
          true },
        { "Kube", "RemapUsers", KEY_STRING, emit_remap, NULL, "4.4",
          "deprecated, use UserNS=: auto or keep-id" },
        { "Kube", "RemapUid", KEY_LITERALS, emit_remap_detail, NULL, "4.4",
          "deprecated, with RemapUsers=" },
        { "Kube", "RemapGid", KEY_LITERALS, emit_remap_detail, NULL, "4.4",
          "deprecated, with RemapUsers=" },
        { "Kube", "RemapUidSize", KEY_NUMBER, emit_remap_detail, NULL, "4.4",
          "deprecated, with RemapUsers=auto" },
        { "Kube", "Network", KEY_LINES, emit_network, "--network", "4.4", "network mode" },
        { "Kube", "AutoUpdate", KEY_LITERALS, emit_kube_update,
          "--annotation=io.containers.autoupdate", "4.7",
          "registry or local; NAME/registry for one container" },
        { "Kube", "ConfigMap", KEY_LITERALS, emit_file, "--configmap", "4.4",
          "file with a ConfigMap, relative to this file" },
        { "Kube", "PublishPort", KEY_LINES, emit_publish, "--publish", "4.4",
          "[[ADDRESS:][HOSTPORT]:]PORT[/PROTOCOL]" },
        { "Kube", "SetWorkingDirectory", KEY_STRING, emit_nothing, NULL, "4.7",
          "working directory of the service: that of the yaml file or of this unit" },
        { "Kube", "PodmanArgs", KEY_WORDS, emit_words, NULL, "4.6",
          "further options of crunit kube play" },
        { "Kube", "Yaml", KEY_LITERALS, emit_kube_files, NULL, "4.4",
          "files to play, relative to this file; needed", true },
};

static const struct unit_key artifact_keys[] = {
        { "Artifact", "ContainersConfModule", KEY_LINES, emit_global, "--module", "5.7",
          "configuration module for every command of the unit" },
        { "Artifact", "GlobalArgs", KEY_WORDS, emit_global_words, NULL, "5.7",
          "arguments in front of the subcommand, in every command of the unit" },
        { "Artifact", "ServiceName", KEY_STRING, emit_nothing, NULL, "5.7",
          "name of the unit, without .service" },
        { "Artifact", "AuthFile", KEY_STRING, emit_option, "--authfile", "5.7",
          "file with credentials" },
        { "Artifact", "CertDir", KEY_STRING, emit_option, "--cert-dir", "5.7",
          "directory with certificates" },
        { "Artifact", "Creds", KEY_STRING, emit_option, "--creds", "5.7",
          "USER[:PASSWORD] for the registry" },
        { "Artifact", "DecryptionKey", KEY_STRING, emit_option, "--decryption-key", "5.7",
          "key for an encrypted image" },
        { "Artifact", "Quiet", KEY_BOOL, emit_flag, "--quiet", "5.7", "show no progress" },
        { "Artifact", "Retry", KEY_STRING, emit_option, "--retry", "5.7",
          "how often a failed pull is tried again" },
        { "Artifact", "RetryDelay", KEY_STRING, emit_option, "--retry-delay", "5.7",
          "time between two tries" },
        { "Artifact", "TLSVerify", KEY_BOOL, emit_flag, "--tls-verify", "5.7",
          "check certificates (true)" },
        { "Artifact", "PodmanArgs", KEY_WORDS, emit_words, NULL, "5.7",
          "further options of crunit artifact pull" },
        { "Artifact", "Artifact", KEY_STRING, emit_pull_artifact, NULL, "5.7",
          "what is pulled; needed", true },
};

static const struct unit_key quadlet_keys[] = {
        { "Quadlet", "DefaultDependencies", KEY_BOOL, emit_nothing, NULL, "5.3",
          "order the unit behind the network (true)" },
};

#define SECTION(name, rows)                                                                        \
        {                                                                                          \
                name, rows, sizeof(rows) / sizeof *(rows)                                          \
        }

const struct unit_keys unit_keys[] = {
        SECTION("Container", container_keys), SECTION("Pod", pod_keys),
        SECTION("Volume", volume_keys),       SECTION("Network", network_keys),
        SECTION("Image", image_keys),         SECTION("Build", build_keys),
        SECTION("Kube", kube_keys),           SECTION("Artifact", artifact_keys),
        SECTION("Quadlet", quadlet_keys),     { .section = NULL },
};

const struct unit_keys *keys_section(const char *section)
{
        for (const struct unit_keys *keys = unit_keys; keys->section; keys++)
                if (strcmp(keys->section, section) == 0)
                        return keys;
        return NULL;
}

static const struct unit_key *keys_find(const struct unit_keys *keys, const char *name)
{
        for (size_t i = 0; keys && i < keys->count; i++)
                if (str_is(keys->rows[i].name, name))
                        return &keys->rows[i];
        return NULL;
}

/* "Did you mean …" for a key that the section does not have. */
static char *suggest_key(const struct unit_keys *keys, const char *name)
{
        AUTO_FREE const char **names = alloc_zero(keys->count + 1, sizeof *names);
        AUTO_STRBUF struct strbuf sections = { 0 };
        const char *nearest;

        for (size_t i = 0; i < keys->count; i++)
                names[i] = keys->rows[i].name;
        for (const struct unit_keys *other = unit_keys; other->section; other++)
                if (keys_find(other, name))
                        strbuf_appendf(&sections, "%s[%s]", sections.length ? ", " : "",
                                       other->section);
        if (sections.length)
                return str_format("; it belongs in %s", sections.data);
        nearest = str_nearest(name, names);
        if (nearest)
                return str_format("; did you mean %s=?", nearest);
        return str_dup("; a newer Podman may have it");
}

static void report_unknown(const struct unit_keys *keys, const struct unit_line *line,
                           struct report *report)
{
        AUTO_FREE char *hint = suggest_key(keys, line->key);
        AUTO_ERROR struct error err = { 0 };

        unit_error(&err, line, "unknown key %s= in [%s]%s", line->key, keys->section, hint);
        err.place = unit_key_place(line);
        error_alias(&err, "unsupported key '%s' in group '%s' in %s", line->key, keys->section,
                    line->path);
        report_failure(report, &err);
}

unsigned keys_check(const struct unit_file *file, const char *section, struct report *report)
{
        const struct unit_section *found = unit_section(file, section);
        const struct unit_keys *keys = keys_section(section);
        unsigned unknown = 0;

        for (size_t i = 0; found && i < found->lines.count; i++) {
                struct unit_line *line = &found->lines.items[i];

                if (line->key)
                        line->row = keys_find(keys, line->key);
                if (!line->key || line->row)
                        continue;
                if (report)
                        report_unknown(keys, line, report);
                unknown++;
        }
        return unknown;
}

/* What people put into the sections that are systemd's; systemd itself warns about the rest of what
 * it does not know, but never about [Install] of a generated unit, which is ours to read. */
static const char *const section_names[] = { "Unit",    "Service",  "Install", "Container", "Pod",
                                             "Volume",  "Network",  "Image",   "Build",     "Kube",
                                             "Quadlet", "Artifact", NULL };
static const char *const install_names[] = { "Alias",      "Also",     "DefaultInstance",
                                             "RequiredBy", "UpheldBy", "WantedBy",
                                             NULL };
static const char *const service_names[] = { "Delegate",
                                             "Environment",
                                             "EnvironmentFile",
                                             "ExecStartPost",
                                             "ExecStartPre",
                                             "ExecStop",
                                             "ExecStopPost",
                                             "KillMode",
                                             "LimitNOFILE",
                                             "MemoryMax",
                                             "RemainAfterExit",
                                             "Restart",
                                             "RestartSec",
                                             "Slice",
                                             "TasksMax",
                                             "TimeoutSec",
                                             "TimeoutStartSec",
                                             "TimeoutStopSec",
                                             "Type",
                                             "WorkingDirectory",
                                             NULL };

static bool is_listed(const char *const *list, const char *name)
{
        for (; *list; list++)
                if (str_is(*list, name))
                        return true;
        return false;
}

static void warn_keys(const struct unit_section *section, const char *const *names, bool complete,
                      struct report *report)
{
        for (size_t i = 0; i < section->lines.count; i++) {
                const struct unit_line *line = &section->lines.items[i];
                const char *nearest;

                if (!line->key || is_listed(names, line->key) || str_has_prefix(line->key, "X-"))
                        continue;
                nearest = str_nearest(line->key, names);
                if (nearest && (complete || str_equal_nocase(nearest, line->key)))
                        report_at(report, REPORT_WARNING, unit_key_place(line),
                                  "unknown key %s= in [%s]; did you mean %s=?", line->key,
                                  section->name, nearest);
                else if (complete)
                        report_at(report, REPORT_WARNING, unit_key_place(line),
                                  "unknown key %s= in [%s]", line->key, section->name);
        }
}

void keys_warn_typos(const struct unit_file *file, struct report *report)
{
        for (size_t i = 0; i < file->count; i++) {
                const struct unit_section *section = &file->sections[i];
                const char *nearest;

                if (strcmp(section->name, "Install") == 0)
                        warn_keys(section, install_names, true, report);
                else if (strcmp(section->name, "Service") == 0)
                        warn_keys(section, service_names, false, report);
                if (is_listed(section_names, section->name) || str_has_prefix(section->name, "X-"))
                        continue;
                nearest = str_nearest(section->name, section_names);
                if (nearest)
                        report_at(report, REPORT_WARNING,
                                  (struct error_place){ section->path, section->number, 1 },
                                  "unknown section [%s]; did you mean [%s]?", section->name,
                                  nearest);
        }
}
