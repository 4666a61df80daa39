/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container has mounted without asking: the kernel's file systems, files of ours, and what
 * a few options stand for. */
#include "plan-mount-list.h"

#include "idmap.h"
#include "path.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the user mounts takes the place of what we would mount there; under a /dev of his own
 * nothing is ours. */
static bool plan_is_taken(const struct container_spec *spec, const char *target)
{
        for (size_t i = 0; i < spec->mount_count; i++)
                if (str_equal(spec->mounts[i].target, target) ||
                    (str_equal(spec->mounts[i].target, "/dev") && path_is_below(target, "/dev")))
                        return true;
        return false;
}

static void plan_default_mount(const struct plan_context *context, struct plan_mount_list *list,
                               const char *target, const char *type, const char *options)
{
        if (!plan_is_taken(context->spec, target))
                plan_add_mount(list, target, type, type, options);
}

/* Group 5 is tty, everywhere; without it in the user namespace the mount would fail. */
static const char *plan_terminals(const struct plan_context *context)
{
        uint32_t group;

        if (context->facts->gids && !idmap_to_outside(context->facts->gids, 5, &group))
                return "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620";
        return "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5";
}

static void plan_kernel_mounts(const struct plan_context *context, struct plan_mount_list *list)
{
        const struct container_spec *spec = context->spec;
        const char *access = spec->privileged ? "rw" : "ro";
        AUTO_FREE char *proc_opts = strv_join(&spec->proc_opts, ",");
        AUTO_FREE char *proc = str_format("nosuid,noexec,nodev,%s", proc_opts);
        AUTO_FREE char *sysfs = str_format("nosuid,noexec,nodev,%s", access);
        AUTO_FREE char *cgroup = str_format(
                "rprivate,nosuid,noexec,nodev,relatime,%s",
                context->systemd || plan_is_unmasked(spec, "/sys/fs/cgroup") ? "rw" : access);

        if (context->host_pid && context->facts->user_namespace && !plan_is_taken(spec, "/proc"))
                plan_add_mount(list, "/proc", "bind", "/proc", "rbind,rslave,nosuid,noexec,nodev");
        else
                plan_default_mount(context, list, "/proc", "proc", proc);
        plan_default_mount(context, list, "/dev", "tmpfs",
                           "nosuid,noexec,strictatime,mode=755,size=65536k");
        plan_default_mount(context, list, "/sys", "sysfs", sysfs);
        plan_default_mount(context, list, "/dev/pts", "devpts", plan_terminals(context));
        plan_default_mount(context, list, "/sys/fs/cgroup", "cgroup", cgroup);
}

/* The /dev/shm of those it shares its IPC namespace with, owned by the caller; NULL where that has
 * none, or nobody is. */
static char *plan_shared_memory(const struct plan_context *context)
{
        if (plan_other(context, SHARING_IPC))
                return str_dup(context->facts->others->shm);
        if (spec_shares(context->spec, SPEC_SHARE_IPC))
                return str_concat(context->facts->pod, "/shm");
        return NULL;
}

static void plan_ipc_mounts(const struct plan_context *context, struct plan_mount_list *list)
{
        const struct container_spec *spec = context->spec;
        AUTO_FREE char *shm = plan_shared_memory(context);

        if (context->host_ipc) {
                if (!plan_is_taken(spec, "/dev/shm"))
                        plan_add_mount(list, "/dev/shm", "bind", "/dev/shm", "bind,rprivate");
                if (context->facts->mqueue && !plan_is_taken(spec, "/dev/mqueue"))
                        plan_add_mount(list, "/dev/mqueue", "bind", "/dev/mqueue",
                                       "bind,rprivate,nosuid,noexec,nodev");
                return;
        }
        if (context->facts->mqueue)
                plan_default_mount(context, list, "/dev/mqueue", "mqueue", "nosuid,noexec,nodev");
        if (shm) {
                if (!plan_is_taken(spec, "/dev/shm"))
                        plan_add_mount(list, "/dev/shm", "bind", shm,
                                       "bind,rprivate,nosuid,noexec,nodev");
        } else if (!plan_is_taken(spec, "/dev/shm") && !str_equal(spec->ipc, "none")) {
                struct plan_mount *own = plan_add_mount(list, "/dev/shm", "tmpfs", "shm",
                                                        "nosuid,noexec,nodev,mode=1777");

                if (spec->shm_size)
                        strv_appendf(&own->options, "size=%llu",
                                     (unsigned long long)spec->shm_size);
        }
}

/* Files of ours; read-only where the root is, or a program could write around that. */
static void plan_file_mounts(const struct plan_context *context, struct plan_mount_list *list)
{
        static const struct {
                const char *name, *target;
        } files[] = {
                { "hosts", "/etc/hosts" },
                { "hostname", "/etc/hostname" },
                { "resolv.conf", "/etc/resolv.conf" },
                { "passwd", "/etc/passwd" },
                { "group", "/etc/group" },
                { ".containerenv", "/run/.containerenv" },
        };

        for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
                AUTO_FREE char *source =
                        str_format("%s/%s", context->facts->state_dir, files[i].name);

                if (plan_has_file(context->plan, files[i].name))
                        plan_add_mount(list, files[i].target, "bind", source,
                                       context->spec->read_only
                                               ? "bind,rprivate,ro,nosuid,noexec,nodev"
                                               : "bind,rprivate,nosuid,noexec,nodev");
        }
}
/* Directories that programs expect to write to: on top of a read-only root, and for systemd always,
 * whatever the image has there. */
static void plan_writable_mounts(const struct plan_context *context, struct plan_mount_list *list)
{
        static const struct {
                const char *target, *mode;
                bool read_only, systemd;
        } places[] = {
                { "/run", "755", true, true },
                { "/run/lock", "1777", false, true },
                { "/tmp", "1777", true, true },
                { "/var/tmp", "1777", true, false },
                { "/var/log/journal", "755", false, true },
        };
        bool read_only = context->spec->read_only && context->spec->read_only_tmpfs;

        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
                bool sized = places[i].systemd && context->spec->shm_size_systemd;
                AUTO_FREE char *size =
                        sized ? str_format(",size=%llu",
                                           (unsigned long long)context->spec->shm_size_systemd)
                              : NULL;
                AUTO_FREE char *options =
                        str_format("rw,rprivate,nosuid,nodev,tmpcopyup,mode=%s%s", places[i].mode,
                                   context->systemd && size ? size : "");

                if ((read_only && places[i].read_only) || (context->systemd && places[i].systemd))
                        plan_default_mount(context, list, places[i].target, "tmpfs", options);
        }
}

char *plan_zone_file(const char *zone)
{
        AUTO_FREE char *path = str_equal(zone, "local")
                                       ? str_dup("/etc/localtime")
                                       : str_format("/usr/share/zoneinfo/%s", zone);
        AUTO_FREE char *clean = path_clean(path);
        struct stat st;

        if (!str_equal(clean, path) || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
                return NULL;
        return steal_str(&path);
}

/* Bound over the image's /etc/localtime. */
static int plan_timezone(const struct plan_context *context, struct plan_mount_list *list,
                         struct error *err)
{
        const char *zone = context->spec->timezone;
        AUTO_FREE char *path = NULL;

        if (str_empty(zone) || plan_is_taken(context->spec, "/etc/localtime"))
                return 0;
        path = plan_zone_file(zone);
        if (!path && str_equal(zone, "local") && access("/etc/localtime", F_OK) < 0)
                return 0; /* a host without the file lives in UTC, as the container will */
        if (!path)
                return error_set(err, ENOENT,
                                 "--tz %s: there is no such zone in /usr/share/zoneinfo", zone);
        plan_add_mount(list, "/etc/localtime", "bind", path,
                       "bind,rprivate,ro,nosuid,noexec,nodev");
        return 0;
}

static void plan_init_mount(const struct plan_context *context, struct plan_mount_list *list)
{
        const char *path =
                context->spec->init_path ? context->spec->init_path : context->facts->init;

        if (context->spec->init)
                plan_add_mount(list, "/run/podman-init", "bind", path, "bind,rprivate,ro");
}

/* The socket the container's program says READY=1 to. An abstract one is reached by its name, but
 * in its own network namespace only. */
static int plan_notify_mount(const struct plan_context *context, struct plan_mount_list *list,
                             struct error *err)
{
        const char *socket = context->facts->notify_socket;

        if (context->spec->notify != SPEC_NOTIFY_CONTAINER || !socket)
                return 0;
        if (socket[0] == '/')
                plan_add_mount(list, "/run/notify", "bind", socket, "bind,rprivate");
        else if (!context->host_network)
                return error_set(err, EOPNOTSUPP,
                                 "--sdnotify container: the abstract socket %s cannot be reached "
                                 "from another network namespace",
                                 socket);
        return 0;
}

void plan_add_kernel_mounts(const struct plan_context *context, struct plan_mount_list *list)
{
        plan_kernel_mounts(context, list);
        plan_ipc_mounts(context, list);
        plan_writable_mounts(context, list);
}

int plan_add_file_mounts(const struct plan_context *context, struct plan_mount_list *list,
                         struct error *err)
{
        plan_file_mounts(context, list);
        plan_init_mount(context, list);
        if (plan_add_secret_mounts(context, list, err) < 0)
                return -1;
        if (plan_timezone(context, list, err) < 0)
                return -1;
        return plan_notify_mount(context, list, err);
}
