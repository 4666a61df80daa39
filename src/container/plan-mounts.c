/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan-context.h"

#include "../base/io.h"
#include "path.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* One member of config.mounts before it is written. */
struct plan_mount {
        char *target; /* owned; clean */
        char *type;   /* owned */
        char *source; /* owned */
        struct strv options;
        size_t order; /* to keep equals in the order they were added */
};

struct plan_mount_list {
        struct plan_mount *items; /* owned */
        size_t count;
};

static void plan_mount_list_free(struct plan_mount_list *list)
{
        for (size_t i = 0; i < list->count; i++) {
                free(list->items[i].target);
                free(list->items[i].type);
                free(list->items[i].source);
                strv_free(&list->items[i].options);
        }
        free(list->items);
}

/* options: comma separated, or "". The result is borrowed until the next call. */
static struct plan_mount *plan_add_mount(struct plan_mount_list *list, const char *target,
                                         const char *type, const char *source, const char *options)
{
        struct plan_mount *mount;

        list->items = alloc_grow(list->items, list->count + 1, sizeof *list->items);
        mount = &list->items[list->count];
        *mount = (struct plan_mount){ .target = str_dup(target),
                                      .type = str_dup(type),
                                      .source = str_dup(source),
                                      .order = list->count++ };
        strv_split(&mount->options, options, ",", false);
        return mount;
}

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

static void plan_kernel_mounts(const struct plan_context *context, struct plan_mount_list *list)
{
        const struct container_spec *spec = context->spec;
        const char *access = spec->privileged ? "rw" : "ro";
        AUTO_FREE char *proc_opts = strv_join(&spec->proc_opts, ",");
        AUTO_FREE char *proc = str_format("nosuid,noexec,nodev,%s", proc_opts);
        AUTO_FREE char *sysfs = str_format("nosuid,noexec,nodev,%s", access);
        AUTO_FREE char *cgroup = str_format("rprivate,nosuid,noexec,nodev,relatime,%s",
                                            context->systemd ? "rw" : access);

        plan_default_mount(context, list, "/proc", "proc", proc);
        plan_default_mount(context, list, "/dev", "tmpfs",
                           "nosuid,noexec,strictatime,mode=755,size=65536k");
        plan_default_mount(context, list, "/sys", "sysfs", sysfs);
        plan_default_mount(context, list, "/dev/pts", "devpts",
                           "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5");
        plan_default_mount(context, list, "/sys/fs/cgroup", "cgroup", cgroup);
}

static void plan_ipc_mounts(const struct plan_context *context, struct plan_mount_list *list)
{
        const struct container_spec *spec = context->spec;

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
        if (!plan_is_taken(spec, "/dev/shm") && !str_equal(spec->ipc, "none")) {
                struct plan_mount *shm = plan_add_mount(list, "/dev/shm", "tmpfs", "shm",
                                                        "nosuid,noexec,nodev,mode=1777");

                if (spec->shm_size)
                        strv_appendf(&shm->options, "size=%llu",
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

static bool plan_is_mounted(const struct plan_mount_list *list, const char *target)
{
        for (size_t i = 0; i < list->count; i++)
                if (str_equal(list->items[i].target, target))
                        return true;
        return false;
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
                AUTO_FREE char *options =
                        str_format("rw,rprivate,nosuid,nodev,tmpcopyup,mode=%s", places[i].mode);

                if ((read_only && places[i].read_only) || (context->systemd && places[i].systemd))
                        plan_default_mount(context, list, places[i].target, "tmpfs", options);
        }
}

/* The zone's file, bound over the image's /etc/localtime. */
static int plan_timezone(const struct plan_context *context, struct plan_mount_list *list,
                         struct error *err)
{
        const char *zone = context->spec->timezone;
        AUTO_FREE char *path = NULL, *clean = NULL;
        struct stat st;

        if (str_empty(zone) || plan_is_taken(context->spec, "/etc/localtime"))
                return 0;
        path = str_equal(zone, "local") ? str_dup("/etc/localtime")
                                        : str_format("/usr/share/zoneinfo/%s", zone);
        clean = path_clean(path);
        if (str_equal(zone, "local") && stat(path, &st) < 0)
                return 0; /* a host without the file lives in UTC, as the container will */
        if (!str_equal(clean, path) || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
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

/* A word list into the mount's options, where no option of its kind was given: kinds are words
 * that exclude each other. */
static void plan_default_option(struct plan_mount *mount, const char *const *kind,
                                const char *option)
{
        for (; *kind; kind++)
                if (strv_contains(&mount->options, *kind))
                        return;
        strv_append(&mount->options, option);
}

static bool plan_is_kind(const char *const *kind, const char *option)
{
        while (*kind && !str_equal(*kind, option))
                kind++;
        return *kind;
}

static const char *const plan_write[] = { "ro", "rw", NULL };
static const char *const plan_bind[] = { "bind", "rbind", NULL };
static const char *const plan_exec[] = { "exec", "noexec", NULL };
static const char *const plan_suid[] = { "suid", "nosuid", NULL };
static const char *const plan_dev[] = { "dev", "nodev", NULL };
static const char *const plan_copy_up[] = { "tmpcopyup", "notmpcopyup", NULL };
static const char *const plan_propagation[] = { "private",    "rprivate",    "shared",
                                                "rshared",    "slave",       "rslave",
                                                "unbindable", "runbindable", NULL };

static void plan_remove_option(struct strv *options, const char *option)
{
        size_t kept = 0;

        for (size_t i = 0; i < options->count; i++) {
                if (str_equal(options->items[i], option))
                        free(options->items[i]);
                else
                        options->items[kept++] = options->items[i];
        }
        options->count = kept;
        if (options->items)
                options->items[kept] = NULL;
}

/* What the source's file system forbids stays forbidden, unless the option says otherwise. */
static void plan_default_flags(struct plan_mount *mount, const char *source)
{
        struct statvfs fs;

        if (statvfs(source, &fs) < 0)
                return;
        if (fs.f_flag & ST_NOEXEC)
                plan_default_option(mount, plan_exec, "noexec");
        if (fs.f_flag & ST_NOSUID)
                plan_default_option(mount, plan_suid, "nosuid");
        if (fs.f_flag & ST_NODEV)
                plan_default_option(mount, plan_dev, "nodev");
}

static struct plan_directory *plan_add_directory(struct plan *plan, const char *path)
{
        struct plan_directory *directory;

        plan->directories =
                alloc_grow(plan->directories, plan->directory_count + 1, sizeof *plan->directories);
        directory = &plan->directories[plan->directory_count++];
        *directory = (struct plan_directory){ .path = str_dup(path) };
        return directory;
}

/* Volumes and layers are numbered in the order they are needed. */
static char *plan_new_place(const struct plan_context *context, size_t *number)
{
        return str_format("%s/%zu", context->facts->volumes_dir, (*number)++);
}

static void plan_give_to_user(const struct plan_context *context, const char *path)
{
        if (!strv_contains(&context->plan->chown, path))
                strv_append(&context->plan->chown, path);
}

static void plan_anonymous(const struct plan_context *context, struct plan_mount_list *list,
                           const struct spec_mount *wanted, size_t *number)
{
        AUTO_FREE char *path = plan_new_place(context, number);
        struct plan_directory *directory = plan_add_directory(context->plan, path);
        struct plan_mount *mount = plan_add_mount(list, wanted->target, "bind", path, "");

        directory->target = str_dup(wanted->target);
        directory->copy = !wanted->no_copy;
        strv_append_all(&mount->options, &wanted->options);
        plan_default_option(mount, plan_write, "rw");
        plan_default_option(mount, plan_propagation, "rprivate");
        plan_default_option(mount, plan_suid, "nosuid");
        plan_default_option(mount, plan_dev, "nodev");
        plan_default_option(mount, plan_bind, "rbind");
        if (wanted->chown)
                plan_give_to_user(context, path);
}

/* The host's directory as the lower layer, a directory that goes with the container as the upper.
 */
static int plan_overlay(const struct plan_context *context, struct plan_mount_list *list,
                        const struct spec_mount *wanted, size_t *number, struct error *err)
{
        AUTO_FREE char *place = plan_new_place(context, number);
        AUTO_FREE char *upper = str_format("%s/upper", place);
        AUTO_FREE char *work = str_format("%s/work", place);
        struct plan_mount *mount;

        /* The file system's own separators cannot be written in a path. */
        if (strpbrk(wanted->source, ":,\\"))
                return error_set(err, EINVAL,
                                 "--volume %s:%s:O: the path may not hold a colon, comma or "
                                 "backslash",
                                 wanted->source, wanted->target);
        plan_add_directory(context->plan, upper)->like = str_dup(wanted->source);
        plan_add_directory(context->plan, work);
        if (wanted->chown)
                plan_give_to_user(context, upper);
        mount = plan_add_mount(list, wanted->target, "overlay", "overlay", "rprivate");
        strv_appendf(&mount->options, "lowerdir=%s", wanted->source);
        strv_appendf(&mount->options, "upperdir=%s", upper);
        strv_appendf(&mount->options, "workdir=%s", work);
        return 0;
}

/* An option as it is written, but for a mount without those below it: the runtime takes the r of
 * rprivate for all that it does. */
static const char *plan_flat(const struct strv *options, size_t at)
{
        const char *option = options->items[at];

        if (option[0] == 'r' && strv_contains(options, "bind") &&
            plan_is_kind(plan_propagation, option))
                return option + 1;
        return option;
}

static int plan_bind_mount(const struct plan_context *context, struct plan_mount_list *list,
                           const struct spec_mount *wanted, size_t *number, struct error *err)
{
        struct plan_mount *mount;
        struct stat st;

        if (stat(wanted->source, &st) < 0)
                return error_errno(err, errno, "nothing to mount at %s: %s", wanted->target,
                                   wanted->source);
        if (wanted->chown)
                plan_give_to_user(context, wanted->source);
        if (wanted->overlay && !S_ISDIR(st.st_mode))
                return error_set(err, ENOTDIR, "--volume %s:%s:O: not a directory", wanted->source,
                                 wanted->target);
        if (wanted->overlay)
                return plan_overlay(context, list, wanted, number, err);
        mount = plan_add_mount(list, wanted->target, "bind", wanted->source, "");
        for (size_t i = 0; i < wanted->options.count; i++)
                strv_append(&mount->options, plan_flat(&wanted->options, i));
        plan_default_option(mount, plan_write, "rw");
        plan_default_option(mount, plan_propagation,
                            strv_contains(&mount->options, "bind") ? "private" : "rprivate");
        plan_default_flags(mount, wanted->source);
        plan_default_option(mount, plan_bind, "rbind");
        if (!context->facts->selinux) {
                /* Relabelling has no meaning then; podman takes it without a word, too. */
                plan_remove_option(&mount->options, "z");
                plan_remove_option(&mount->options, "Z");
        }
        return 0;
}

/* Owner and mode of what the image has at the target, which the new file system hides. Some
 * versions of the runtime take them over by themselves, some do not. */
static void plan_like_image(const struct plan_context *context, struct plan_mount *mount)
{
        AUTO_CLOSE int fd =
                io_open_in_root(context->facts->rootfs_fd, mount->target, O_PATH | O_DIRECTORY, 0);
        struct stat st = { .st_mode = 01777 };
        bool mode = false, owner = false;

        for (size_t i = 0; i < mount->options.count; i++) {
                mode = mode || str_has_prefix(mount->options.items[i], "mode=");
                owner = owner || str_has_prefix(mount->options.items[i], "uid=") ||
                        str_has_prefix(mount->options.items[i], "gid=");
        }
        if (fd >= 0 && fstat(fd, &st) < 0)
                return;
        if (!mode)
                strv_appendf(&mount->options, "mode=%o", st.st_mode & 07777);
        if (!owner && (st.st_uid || st.st_gid)) {
                strv_appendf(&mount->options, "uid=%u", st.st_uid);
                strv_appendf(&mount->options, "gid=%u", st.st_gid);
        }
}

static void plan_memory_mount(const struct plan_context *context, struct plan_mount_list *list,
                              const struct spec_mount *wanted)
{
        bool tmpfs = wanted->type == SPEC_MOUNT_TMPFS;
        const char *type = tmpfs ? "tmpfs" : "ramfs";
        struct plan_mount *mount = plan_add_mount(list, wanted->target, type, type, "");

        strv_append_all(&mount->options, &wanted->options);
        plan_default_option(mount, plan_write, "rw");
        plan_default_option(mount, plan_propagation, "rprivate");
        plan_default_option(mount, plan_suid, "nosuid");
        plan_default_option(mount, plan_dev, "nodev");
        if (tmpfs)
                plan_default_option(mount, plan_copy_up, "tmpcopyup");
        plan_remove_option(&mount->options, "notmpcopyup"); /* the runtime does not know it */
        if (wanted->chown) {
                strv_appendf(&mount->options, "uid=%u", context->user.uid);
                strv_appendf(&mount->options, "gid=%u", context->user.gid);
        }
        if (tmpfs)
                plan_like_image(context, mount);
}

static void plan_devpts_mount(struct plan_mount_list *list, const struct spec_mount *wanted)
{
        struct plan_mount *mount = plan_add_mount(list, wanted->target, "devpts", "devpts",
                                                  "nosuid,noexec,newinstance,ptmxmode=0666");
        bool has_mode = false;

        for (size_t i = 0; i < wanted->options.count; i++)
                has_mode = has_mode || str_has_prefix(wanted->options.items[i], "mode=");
        if (!has_mode)
                strv_append(&mount->options, "mode=0620");
        strv_append_all(&mount->options, &wanted->options);
}

static int plan_wanted_mount(const struct plan_context *context, struct plan_mount_list *list,
                             const struct spec_mount *wanted, size_t *number, struct error *err)
{
        switch (wanted->type) {
        case SPEC_MOUNT_BIND:
                return plan_bind_mount(context, list, wanted, number, err);
        case SPEC_MOUNT_ANONYMOUS:
                plan_anonymous(context, list, wanted, number);
                return 0;
        case SPEC_MOUNT_TMPFS:
        case SPEC_MOUNT_RAMFS:
                plan_memory_mount(context, list, wanted);
                return 0;
        case SPEC_MOUNT_DEVPTS:
                plan_devpts_mount(list, wanted);
                return 0;
        case SPEC_MOUNT_VOLUME:
        case SPEC_MOUNT_GLOB:
        case SPEC_MOUNT_IMAGE:
        case SPEC_MOUNT_ARTIFACT:
                break;
        }
        return error_set(err, EOPNOTSUPP, "this type of mount is not supported by this version: %s",
                         wanted->target);
}

/* The image's volumes, but where something else is mounted. */
static void plan_image_volumes(const struct plan_context *context, struct plan_mount_list *list,
                               size_t *number)
{
        const struct strv *volumes = &context->image->volumes;

        if (context->spec->image_volume == SPEC_IMAGE_VOLUME_IGNORE)
                return;
        for (size_t i = 0; i < volumes->count; i++) {
                AUTO_FREE char *target = path_clean(volumes->items[i]);
                struct spec_mount wanted = { .type = SPEC_MOUNT_ANONYMOUS, .target = target };

                if (str_equal(target, "/") || plan_is_mounted(list, target))
                        continue;
                if (context->spec->image_volume == SPEC_IMAGE_VOLUME_TMPFS)
                        plan_memory_mount(
                                context, list,
                                &(struct spec_mount){ .type = SPEC_MOUNT_TMPFS, .target = target });
                else
                        plan_anonymous(context, list, &wanted, number);
        }
}

/* A mount point comes before what is mounted below it. */
static int plan_mount_compare(const void *a, const void *b)
{
        const struct plan_mount *first = a, *second = b;
        unsigned depth = path_depth(first->target), other = path_depth(second->target);

        if (depth != other)
                return depth < other ? -1 : 1;
        return first->order < second->order ? -1 : 1;
}

static void plan_write_mounts(const struct plan_context *context, struct plan_mount_list *list)
{
        struct json_object *array = json_add_array(context->plan->config, "mounts");

        qsort(list->items, list->count, sizeof *list->items, plan_mount_compare);
        for (size_t i = 0; i < list->count; i++) {
                struct json_object *object = json_object_new_object();

                json_set_string(object, "destination", list->items[i].target);
                json_set_string(object, "type", list->items[i].type);
                json_set_string(object, "source", list->items[i].source);
                json_set_strv(object, "options", &list->items[i].options);
                json_object_array_add(array, object);
        }
}

/* A directory to make that lies in a mount is made in there by nobody: it would be made under it.
 */
static void plan_keep_dirs_of_root(struct plan_context *context, const struct plan_mount_list *list)
{
        AUTO_STRV struct strv all = context->plan->make_dirs;

        context->plan->make_dirs = (struct strv){ 0 };
        for (size_t i = 0; i < all.count; i++) {
                bool covered = false;

                for (size_t j = 0; j < list->count; j++)
                        covered = covered || path_is_below(all.items[i], list->items[j].target);
                if (!covered)
                        strv_append(&context->plan->make_dirs, all.items[i]);
        }
}

int plan_mounts(struct plan_context *context, struct error *err)
{
        CLEANUP(plan_mount_list_free) struct plan_mount_list list = { 0 };
        size_t number = 0;

        plan_kernel_mounts(context, &list);
        plan_ipc_mounts(context, &list);
        plan_writable_mounts(context, &list);
        for (size_t i = 0; i < context->spec->mount_count; i++)
                if (plan_wanted_mount(context, &list, &context->spec->mounts[i], &number, err) < 0)
                        return -1;
        plan_image_volumes(context, &list, &number);
        plan_file_mounts(context, &list);
        plan_init_mount(context, &list);
        if (plan_timezone(context, &list, err) < 0 || plan_notify_mount(context, &list, err) < 0)
                return -1;
        plan_write_mounts(context, &list);
        plan_keep_dirs_of_root(context, &list);
        return 0;
}
