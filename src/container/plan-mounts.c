/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mounts that were asked for: options in words become members of config.mounts. */
#include "plan-mount-list.h"

#include "../base/io.h"
#include "mount-idmap.h"
#include "path.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <sys/stat.h>

enum {
        PLAN_IMAGE_VOLUMES_MAX = 500 /* known images have a dozen */
};

static struct plan_directory *plan_add_directory(struct plan *plan, const char *path)
{
        struct plan_directory *directory;

        plan->directories =
                alloc_grow(plan->directories, plan->directory_count + 1, sizeof *plan->directories);
        directory = &plan->directories[plan->directory_count++];
        *directory = (struct plan_directory){ .path = str_dup(path) };
        return directory;
}

static void plan_add_overlay(struct plan *plan, const char *lower, const char *upper,
                             const char *work, const char *target)
{
        plan->overlays =
                alloc_grow(plan->overlays, plan->overlay_count + 1, sizeof *plan->overlays);
        plan->overlays[plan->overlay_count++] = (struct plan_overlay){
                .lower = str_dup(lower),
                .upper = str_dup(upper),
                .work = str_dup(work),
                .target = str_dup(target),
        };
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

/* Where a volume or an image is. */
static const struct plan_source *plan_source_of(const struct plan_context *context,
                                                const struct spec_mount *wanted)
{
        return &context->facts->sources[wanted - context->spec->mounts];
}

/* The host's directory as the lower layer, a directory that goes with the container as the upper.
 */
static int plan_overlay(const struct plan_context *context, struct plan_mount_list *list,
                        const struct spec_mount *wanted, const char *source, size_t *number,
                        struct error *err)
{
        AUTO_FREE char *place = plan_new_place(context, number);
        AUTO_FREE char *upper =
                wanted->upper ? str_dup(wanted->upper) : str_format("%s/upper", place);
        AUTO_FREE char *work = wanted->work ? str_dup(wanted->work) : str_format("%s/work", place);
        struct plan_mount *mount;

        /* The file system's own separators cannot be written in a path. */
        if (strpbrk(source, ":,\\") || strpbrk(upper, ":,\\") || strpbrk(work, ":,\\"))
                return error_set(err, EINVAL,
                                 "--volume %s:%s:O: the path may not hold a colon, comma or "
                                 "backslash",
                                 source, wanted->target);
        if (!wanted->upper) {
                plan_add_directory(context->plan, upper)->like = str_dup(source);
                plan_add_directory(context->plan, work);
        }
        if (wanted->chown)
                plan_give_to_user(context, upper);
        if (context->facts->user_namespace) {
                /* In there, the directories on the way to the layers are closed. */
                AUTO_FREE char *merged = str_format("%s/merged", place);

                plan_add_directory(context->plan, merged);
                plan_add_overlay(context->plan, source, upper, work, merged);
                plan_add_mount(list, wanted->target, "bind", merged, "rbind,rprivate");
                return 0;
        }
        mount = plan_add_mount(list, wanted->target, "overlay", "overlay", "rprivate");
        strv_appendf(&mount->options, "lowerdir=%s", source);
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

/* What the user said, then what holds for its source, then what holds always. */
static void plan_bind_options(const struct plan_context *context, struct plan_mount *mount,
                              const struct spec_mount *wanted, const struct strv *defaults)
{
        for (size_t i = 0; i < wanted->options.count; i++)
                strv_append(&mount->options, plan_flat(&wanted->options, i));
        for (size_t i = 0; defaults && i < defaults->count; i++)
                plan_default_word(mount, defaults->items[i]);
        plan_default_option(mount, plan_write, "rw");
        plan_default_option(mount, plan_propagation,
                            strv_contains(&mount->options, "bind") ? "private" : "rprivate");
        plan_default_flags(mount, mount->source);
        plan_default_option(mount, plan_bind, "rbind");
        if (!context->facts->selinux) {
                /* Relabelling has no meaning then; podman takes it without a word, too. */
                plan_remove_option(&mount->options, "z");
                plan_remove_option(&mount->options, "Z");
        }
}

static int plan_idmap(const struct plan_context *context, struct plan_mount *mount,
                      const struct spec_mount *wanted, struct error *err)
{
        const struct plan_facts *facts = context->facts;
        char *option;

        if (mount_idmap_resolve(wanted->idmap, facts->uids, facts->gids, &option, err) < 0)
                return error_wrap(err, "%s:%s", wanted->source, wanted->target);
        strv_append_owned(&mount->options, option);
        return 0;
}

/* defaults: options, or NULL. */
static int plan_bind_path(const struct plan_context *context, struct plan_mount_list *list,
                          const struct spec_mount *wanted, const char *source,
                          const struct strv *defaults, size_t *number, struct error *err)
{
        struct plan_mount *mount;

        if (wanted->chown)
                plan_give_to_user(context, source);
        if (wanted->overlay)
                return plan_overlay(context, list, wanted, source, number, err);
        mount = plan_add_mount(list, wanted->target, "bind", source, "");
        plan_bind_options(context, mount, wanted, defaults);
        return wanted->idmap ? plan_idmap(context, mount, wanted, err) : 0;
}

/* A symbolic link cannot be mounted: one like it is made. Returns 0 where the source is none. */
static int plan_link(const struct plan_context *context, const struct spec_mount *wanted,
                     struct error *err)
{
        char text[PATH_MAX];
        ssize_t length = readlink(wanted->source, text, sizeof text - 1);

        if (length < 0 && errno == EINVAL)
                return 0;
        if (length < 0)
                return error_errno(err, errno, "nothing to mount at %s: %s", wanted->target,
                                   wanted->source);
        text[length] = '\0';
        strv_append(&context->plan->links, wanted->target);
        strv_append(&context->plan->links, text);
        return 1;
}

static int plan_bind_mount(const struct plan_context *context, struct plan_mount_list *list,
                           const struct spec_mount *wanted, size_t *number, struct error *err)
{
        int linked = wanted->no_follow ? plan_link(context, wanted, err) : 0;
        struct stat st;

        if (linked)
                return linked < 0 ? -1 : 0;
        if (stat(wanted->source, &st) < 0)
                return error_errno(err, errno, "nothing to mount at %s: %s", wanted->target,
                                   wanted->source);
        if (wanted->overlay && !S_ISDIR(st.st_mode))
                return error_set(err, ENOTDIR, "--volume %s:%s:O: not a directory", wanted->source,
                                 wanted->target);
        return plan_bind_path(context, list, wanted, wanted->source, NULL, number, err);
}

/* What was made for it stands behind: nothing there has a set-user-id bit or a device that counts,
 * unless that is asked for. */
static int plan_volume_mount(const struct plan_context *context, struct plan_mount_list *list,
                             const struct spec_mount *wanted, size_t *number, struct error *err)
{
        const struct plan_source *source = plan_source_of(context, wanted);
        AUTO_STRV struct strv defaults = { 0 };

        if (source->options)
                strv_append_all(&defaults, source->options);
        if (wanted->type == SPEC_MOUNT_IMAGE)
                strv_append(&defaults, "ro");
        else
                strv_append(&defaults, "nosuid");
        strv_append(&defaults, "nodev");
        return plan_bind_path(context, list, wanted, source->path, &defaults, number, err);
}

/* One of the files that match: below the target, or at its own place. */
static int plan_glob_match(const struct plan_context *context, struct plan_mount_list *list,
                           const struct spec_mount *wanted, const char *path, size_t *number,
                           struct error *err)
{
        struct spec_mount one = *wanted;
        AUTO_FREE char *source = path_clean(path);
        AUTO_FREE char *target =
                wanted->target ? str_format("%s/%s", wanted->target, strrchr(source, '/') + 1)
                               : str_dup(source);

        if (plan_is_mounted(list, target))
                return error_set(err, EEXIST,
                                 "--mount type=glob,source=%s: %s is mounted over twice",
                                 wanted->source, target);
        one.source = source;
        one.target = target;
        return plan_bind_mount(context, list, &one, number, err);
}

static int plan_glob(const struct plan_context *context, struct plan_mount_list *list,
                     const struct spec_mount *wanted, size_t *number, struct error *err)
{
        CLEANUP(globfree) glob_t found = { 0 };

        if (glob(wanted->source, 0, NULL, &found) != 0)
                return error_set(err, ENOENT, "--mount type=glob,source=%s: nothing matches",
                                 wanted->source);
        for (size_t i = 0; i < found.gl_pathc; i++)
                if (plan_glob_match(context, list, wanted, found.gl_pathv[i], number, err) < 0)
                        return -1;
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
        uint32_t uid, gid;

        for (size_t i = 0; i < mount->options.count; i++) {
                mode = mode || str_has_prefix(mount->options.items[i], "mode=");
                owner = owner || str_has_prefix(mount->options.items[i], "uid=") ||
                        str_has_prefix(mount->options.items[i], "gid=");
        }
        if (fd >= 0 && fstat(fd, &st) < 0)
                return;
        uid = plan_inside_uid(context, st.st_uid);
        gid = plan_inside_gid(context, st.st_gid);
        if (!mode)
                strv_appendf(&mount->options, "mode=%o", st.st_mode & 07777);
        if (!owner && fd >= 0 && (uid || gid)) {
                strv_appendf(&mount->options, "uid=%u", uid);
                strv_appendf(&mount->options, "gid=%u", gid);
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
        case SPEC_MOUNT_IMAGE:
                return plan_volume_mount(context, list, wanted, number, err);
        case SPEC_MOUNT_GLOB:
                return plan_glob(context, list, wanted, number, err);
        case SPEC_MOUNT_ARTIFACT:
                break;
        }
        return error_set(err, EOPNOTSUPP, "this type of mount is not supported by this version: %s",
                         wanted->target);
}

/* Over a file of the kernel, an image's volume would be what the runtime writes labels to, and what
 * programs take for the truth. */
static int plan_check_volume(const char *target, struct error *err)
{
        if (!path_is_below(target, "/proc") && !path_is_below(target, "/sys"))
                return 0;
        return error_set(err, EPERM,
                         "the image asks for a volume at %s, in a file system of the kernel: run "
                         "it with --image-volume ignore",
                         target);
}

/* The image's volumes, but where something else is mounted. */
static int plan_image_volumes(const struct plan_context *context, struct plan_mount_list *list,
                              size_t *number, struct error *err)
{
        const struct strv *volumes = &context->image->volumes;

        if (context->spec->image_volume == SPEC_IMAGE_VOLUME_IGNORE)
                return 0;
        if (volumes->count > PLAN_IMAGE_VOLUMES_MAX)
                return error_set(err, E2BIG, "the image asks for %zu volumes, at most %d are made",
                                 volumes->count, PLAN_IMAGE_VOLUMES_MAX);
        for (size_t i = 0; i < volumes->count; i++) {
                AUTO_FREE char *target = path_clean(volumes->items[i]);
                struct spec_mount wanted = { .type = SPEC_MOUNT_ANONYMOUS, .target = target };

                if (str_equal(target, "/") || plan_is_mounted(list, target))
                        continue;
                if (plan_check_volume(target, err) < 0)
                        return -1;
                if (context->spec->image_volume == SPEC_IMAGE_VOLUME_TMPFS)
                        plan_memory_mount(
                                context, list,
                                &(struct spec_mount){ .type = SPEC_MOUNT_TMPFS, .target = target });
                else
                        plan_anonymous(context, list, &wanted, number);
        }
        return 0;
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

/* The same for a link, which nobody would see. */
static int plan_check_links(const struct plan_context *context, const struct plan_mount_list *list,
                            struct error *err)
{
        const struct strv *links = &context->plan->links;

        for (size_t i = 0; i < links->count; i += 2)
                for (size_t j = 0; j < list->count; j++)
                        if (path_is_below(links->items[i], list->items[j].target))
                                return error_set(err, EINVAL,
                                                 "no-dereference: %s cannot be a link, it lies in "
                                                 "the mount at %s",
                                                 links->items[i], list->items[j].target);
        return 0;
}

int plan_mounts(struct plan_context *context, struct error *err)
{
        CLEANUP(plan_mount_list_free) struct plan_mount_list list = { 0 };
        size_t number = 0;

        plan_add_kernel_mounts(context, &list);
        for (size_t i = 0; i < context->spec->mount_count; i++)
                if (plan_wanted_mount(context, &list, &context->spec->mounts[i], &number, err) < 0)
                        return -1;
        if (plan_image_volumes(context, &list, &number, err) < 0 ||
            plan_add_file_mounts(context, &list, err) < 0)
                return -1;
        if (plan_check_links(context, &list, err) < 0)
                return -1;
        plan_write_mounts(context, &list);
        plan_keep_dirs_of_root(context, &list);
        return 0;
}
