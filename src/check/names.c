/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sections and keys by name: systemd passes over what it does not know, with a line in its log that
 * nobody reads, so that a typing error is a setting without effect. */
#include "check.h"

#include "../unit/keys.h"

#include <stdlib.h>

/* What systemd 257 knows, and 252. */
/* clang-format off */
static const char *const unit_names[] = {
        "After", "AllowIsolate", "AssertACPower", "AssertArchitecture", "AssertCPUFeature",
        "AssertCPUPressure", "AssertCPUs", "AssertCapability", "AssertControlGroupController",
        "AssertCredential", "AssertDirectoryNotEmpty", "AssertEnvironment",
        "AssertFileIsExecutable", "AssertFileNotEmpty", "AssertFirstBoot", "AssertGroup",
        "AssertHost", "AssertIOPressure", "AssertKernelCommandLine", "AssertKernelVersion",
        "AssertMemory", "AssertMemoryPressure", "AssertNeedsUpdate", "AssertOSRelease",
        "AssertPathExists", "AssertPathExistsGlob", "AssertPathIsDirectory",
        "AssertPathIsEncrypted", "AssertPathIsMountPoint", "AssertPathIsReadWrite",
        "AssertPathIsSymbolicLink", "AssertSecurity", "AssertUser", "AssertVirtualization",
        "Before", "BindTo", "BindsTo", "CollectMode", "ConditionACPower", "ConditionArchitecture",
        "ConditionCPUFeature", "ConditionCPUPressure", "ConditionCPUs", "ConditionCapability",
        "ConditionControlGroupController", "ConditionCredential", "ConditionDirectoryNotEmpty",
        "ConditionEnvironment", "ConditionFileIsExecutable", "ConditionFileNotEmpty",
        "ConditionFirmware", "ConditionFirstBoot", "ConditionGroup", "ConditionHost",
        "ConditionIOPressure", "ConditionKernelCommandLine", "ConditionKernelVersion",
        "ConditionMemory", "ConditionMemoryPressure", "ConditionNeedsUpdate", "ConditionOSRelease",
        "ConditionPathExists", "ConditionPathExistsGlob", "ConditionPathIsDirectory",
        "ConditionPathIsEncrypted", "ConditionPathIsMountPoint", "ConditionPathIsReadWrite",
        "ConditionPathIsSymbolicLink", "ConditionSecurity", "ConditionUser",
        "ConditionVirtualization", "Conflicts", "DefaultDependencies", "Description",
        "Documentation", "FailureAction", "FailureActionExitStatus", "IgnoreOnIsolate",
        "JobRunningTimeoutSec", "JobTimeoutAction", "JobTimeoutRebootArgument", "JobTimeoutSec",
        "JoinsNamespaceOf", "OnFailure", "OnFailureIsolate", "OnFailureJobMode", "OnSuccess",
        "OnSuccessJobMode", "PartOf", "PropagateReloadFrom", "PropagateReloadTo",
        "PropagatesReloadTo", "PropagatesStopTo", "RebootArgument", "RefuseManualStart",
        "RefuseManualStop", "ReloadPropagatedFrom", "Requires", "RequiresMountsFor",
        "RequiresOverridable", "Requisite", "RequisiteOverridable", "SourcePath",
        "StartLimitAction", "StartLimitBurst", "StartLimitInterval", "StartLimitIntervalSec",
        "StopPropagatedFrom", "StopWhenUnneeded", "SuccessAction", "SuccessActionExitStatus",
        "SurviveFinalKillSignal", "Upholds", "Wants", "WantsMountsFor",
        NULL,
};

static const char *const service_names[] = {
        "AllowedCPUs", "AllowedMemoryNodes", "AmbientCapabilities", "AppArmorProfile",
        "BPFProgram", "BindLogSockets", "BindPaths", "BindReadOnlyPaths", "BlockIOAccounting",
        "BlockIODeviceWeight", "BlockIOReadBandwidth", "BlockIOWeight", "BlockIOWriteBandwidth",
        "BusName", "CPUAccounting", "CPUAffinity", "CPUQuota", "CPUQuotaPeriodSec",
        "CPUSchedulingPolicy", "CPUSchedulingPriority", "CPUSchedulingResetOnFork", "CPUShares",
        "CPUWeight", "CacheDirectory", "CacheDirectoryMode", "CapabilityBoundingSet",
        "ConfigurationDirectory", "ConfigurationDirectoryMode", "CoredumpFilter",
        "CoredumpReceive", "DefaultMemoryLow", "DefaultMemoryMin", "DefaultStartupMemoryLow",
        "Delegate", "DelegateSubgroup", "DeviceAllow", "DevicePolicy", "DisableControllers",
        "DynamicUser", "Environment", "EnvironmentFile", "ExecCondition", "ExecPaths",
        "ExecReload", "ExecSearchPath", "ExecStart", "ExecStartPost", "ExecStartPre", "ExecStop",
        "ExecStopPost", "ExitType", "ExtensionDirectories", "ExtensionImagePolicy",
        "ExtensionImages", "FailureAction", "FileDescriptorStoreMax",
        "FileDescriptorStorePreserve", "FinalKillSignal", "Group", "GuessMainPID", "IOAccounting",
        "IODeviceLatencyTargetSec", "IODeviceWeight", "IOReadBandwidthMax", "IOReadIOPSMax",
        "IOSchedulingClass", "IOSchedulingPriority", "IOWeight", "IOWriteBandwidthMax",
        "IOWriteIOPSMax", "IPAccounting", "IPAddressAllow", "IPAddressDeny", "IPCNamespacePath",
        "IPEgressFilterPath", "IPIngressFilterPath", "IgnoreSIGPIPE", "ImportCredential",
        "InaccessibleDirectories", "InaccessiblePaths", "KeyringMode", "KillMode", "KillSignal",
        "LimitAS", "LimitCORE", "LimitCPU", "LimitDATA", "LimitFSIZE", "LimitLOCKS",
        "LimitMEMLOCK", "LimitMSGQUEUE", "LimitNICE", "LimitNOFILE", "LimitNPROC", "LimitRSS",
        "LimitRTPRIO", "LimitRTTIME", "LimitSIGPENDING", "LimitSTACK", "LoadCredential",
        "LoadCredentialEncrypted", "LockPersonality", "LogExtraFields", "LogFilterPatterns",
        "LogLevelMax", "LogNamespace", "LogRateLimitBurst", "LogRateLimitIntervalSec",
        "LogsDirectory", "LogsDirectoryMode", "ManagedOOMMemoryPressure",
        "ManagedOOMMemoryPressureDurationSec", "ManagedOOMMemoryPressureLimit",
        "ManagedOOMPreference", "ManagedOOMSwap", "MemoryAccounting", "MemoryDenyWriteExecute",
        "MemoryHigh", "MemoryKSM", "MemoryLimit", "MemoryLow", "MemoryMax", "MemoryMin",
        "MemoryPressureThresholdSec", "MemoryPressureWatch", "MemorySwapMax", "MemoryZSwapMax",
        "MemoryZSwapWriteback", "MountAPIVFS", "MountFlags", "MountImagePolicy", "MountImages",
        "NFTSet", "NUMAMask", "NUMAPolicy", "NetworkNamespacePath", "Nice", "NoExecPaths",
        "NoNewPrivileges", "NonBlocking", "NotifyAccess", "OOMPolicy", "OOMScoreAdjust",
        "OpenFile", "PAMName", "PIDFile", "PassEnvironment", "PermissionsStartOnly", "Personality",
        "PrivateDevices", "PrivateIPC", "PrivateMounts", "PrivateNetwork", "PrivatePIDs",
        "PrivateTmp", "PrivateUsers", "ProcSubset", "ProtectClock", "ProtectControlGroups",
        "ProtectHome", "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules",
        "ProtectKernelTunables", "ProtectProc", "ProtectSystem", "ReadOnlyDirectories",
        "ReadOnlyPaths", "ReadWriteDirectories", "ReadWritePaths", "RebootArgument",
        "ReloadSignal", "RemainAfterExit", "RemoveIPC", "Restart", "RestartForceExitStatus",
        "RestartKillSignal", "RestartMaxDelaySec", "RestartMode", "RestartPreventExitStatus",
        "RestartSec", "RestartSteps", "RestrictAddressFamilies", "RestrictFileSystems",
        "RestrictNamespaces", "RestrictNetworkInterfaces", "RestrictRealtime", "RestrictSUIDSGID",
        "RootDirectory", "RootDirectoryStartOnly", "RootEphemeral", "RootHash",
        "RootHashSignature", "RootImage", "RootImageOptions", "RootImagePolicy", "RootVerity",
        "RuntimeDirectory", "RuntimeDirectoryMode", "RuntimeDirectoryPreserve", "RuntimeMaxSec",
        "RuntimeRandomizedExtraSec", "SELinuxContext", "SecureBits", "SendSIGHUP", "SendSIGKILL",
        "SetCredential", "SetCredentialEncrypted", "SetLoginEnvironment", "Slice",
        "SmackProcessLabel", "SocketBindAllow", "SocketBindDeny", "Sockets", "StandardError",
        "StandardInput", "StandardInputData", "StandardInputText", "StandardOutput",
        "StartLimitAction", "StartLimitBurst", "StartLimitInterval", "StartupAllowedCPUs",
        "StartupAllowedMemoryNodes", "StartupBlockIOWeight", "StartupCPUShares",
        "StartupCPUWeight", "StartupIOWeight", "StartupMemoryHigh", "StartupMemoryLow",
        "StartupMemoryMax", "StartupMemorySwapMax", "StartupMemoryZSwapMax", "StateDirectory",
        "StateDirectoryMode", "SuccessExitStatus", "SupplementaryGroups", "SyslogFacility",
        "SyslogIdentifier", "SyslogLevel", "SyslogLevelPrefix", "SystemCallArchitectures",
        "SystemCallErrorNumber", "SystemCallFilter", "SystemCallLog", "TTYColumns", "TTYPath",
        "TTYReset", "TTYRows", "TTYVHangup", "TTYVTDisallocate", "TasksAccounting", "TasksMax",
        "TemporaryFileSystem", "TimeoutAbortSec", "TimeoutCleanSec", "TimeoutSec",
        "TimeoutStartFailureMode", "TimeoutStartSec", "TimeoutStopFailureMode", "TimeoutStopSec",
        "TimerSlackNSec", "Type", "UMask", "USBFunctionDescriptors", "USBFunctionStrings",
        "UnsetEnvironment", "User", "UtmpIdentifier", "UtmpMode", "WatchdogSec", "WatchdogSignal",
        "WorkingDirectory",
        NULL,
};
/* clang-format on */

/* Sections of a container file that are not of its type. */
static const char *const section_names[] = { "Unit",  "Service",   "Install",  "Quadlet",
                                             "Image", "Container", "Pod",      "Volume",
                                             "Build", "Network",   "Artifact", "Kube",
                                             NULL };
enum {
        COMMON_SECTIONS = 4
};

static bool is_listed(const char *const *list, const char *name)
{
        for (; *list; list++)
                if (str_is(*list, name))
                        return true;
        return false;
}

static void check_keys(struct check *check, const struct check_unit *unit, const char *name,
                       const char *const *known)
{
        const struct unit_section *section = unit_section(&unit->source->file, name);

        for (size_t i = 0; section && i < section->lines.count; i++) {
                const struct unit_line *line = &section->lines.items[i];
                const char *nearest;

                if (!line->key || str_has_prefix(line->key, "X-") || is_listed(known, line->key))
                        continue;
                if (keys_find(keys_section(unit->source->type->section), line->key)) {
                        check_report(check, unit, REPORT_WARNING, unit_key_place(line),
                                     "unknown key %s= in [%s]; it belongs in [%s]", line->key, name,
                                     unit->source->type->section);
                        continue;
                }
                nearest = str_nearest(line->key, known);
                check_report(check, unit, REPORT_WARNING, unit_key_place(line),
                             "unknown key %s= in [%s]%s%s%s", line->key, name,
                             nearest ? "; did you mean " : "", nearest ? nearest : "",
                             nearest ? "=?" : "");
        }
}

static void check_section(struct check *check, const struct check_unit *unit,
                          const struct unit_section *section)
{
        struct error_place place = { section->path, section->number, 1 };
        const char *nearest;

        if (str_has_prefix(section->name, "X-") ||
            str_equal(section->name, unit->source->type->section))
                return;
        for (size_t i = 0; section_names[i]; i++) {
                if (!str_equal(section_names[i], section->name))
                        continue;
                if (i >= COMMON_SECTIONS)
                        check_report(check, unit, REPORT_WARNING, place,
                                     "[%s] has no effect in a %s file", section->name,
                                     unit->source->type->extension);
                return;
        }
        nearest = str_nearest(section->name, section_names);
        check_report(check, unit, REPORT_WARNING, place, "unknown section [%s]%s%s%s",
                     section->name, nearest ? "; did you mean [" : "", nearest ? nearest : "",
                     nearest ? "]?" : "");
}

void check_names(struct check *check)
{
        for (size_t i = 0; i < check->count; i++) {
                const struct check_unit *unit = &check->units[i];

                for (size_t k = 0; k < unit->source->file.count; k++)
                        check_section(check, unit, &unit->source->file.sections[k]);
                check_keys(check, unit, "Unit", unit_names);
                check_keys(check, unit, "Service", service_names);
        }
}

/* MAJOR.MINOR… as a number; 0 where it is none. */
static unsigned long release_number(const char *text)
{
        char *rest;
        unsigned long major = strtoul(text, &rest, 10);
        unsigned long minor = *rest == '.' ? strtoul(rest + 1, &rest, 10) : 0;

        return major * 1000 + minor;
}

void check_releases(struct check *check)
{
        unsigned long wanted = check->options.podman ? release_number(check->options.podman) : 0;

        for (size_t i = 0; wanted && i < check->count; i++) {
                const struct unit_source *source = check->units[i].source;
                const struct unit_section *section =
                        unit_section(&source->file, source->type->section);

                for (size_t k = 0; section && k < section->lines.count; k++) {
                        const struct unit_line *line = &section->lines.items[k];

                        if (line->row && release_number(line->row->since) > wanted)
                                check_report(check, &check->units[i], REPORT_WARNING,
                                             unit_key_place(line),
                                             "Podman %s has no %s=, which came with %s",
                                             check->options.podman, line->key, line->row->since);
                }
        }
}
