/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rootfs.h"

#include "../base/io.h"
#include "filesystem.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>

void rootfs_free(struct rootfs *rootfs)
{
        strv_free(&rootfs->layers);
        strv_free(&rootfs->mounted);
        strv_free(&rootfs->plain);
}

static int rootfs_leave(struct error *err)
{
        if (unshare(CLONE_NEWNS) < 0)
                return error_errno(err, errno, "cannot make a mount namespace");
        /* slave, not private: what the host mounts later below a rslave volume arrives. */
        if (mount("", "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
                return error_errno(err, errno, "cannot take the mounts out of propagation");
        return 0;
}

/* From the last directory on: a copy that was made in the old namespace is still a peer of what it
 * was made from, and takes the place of the slave here. */
static int rootfs_leave_but(const struct strv *shared, size_t count, struct error *err)
{
        AUTO_CLOSE int tree = -1;
        const char *path;

        if (count == 0)
                return rootfs_leave(err);
        path = shared->items[count - 1];
        tree = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
        if (tree < 0)
                return error_errno(err, errno, "cannot share %s", path);
        if (rootfs_leave_but(shared, count - 1, err) < 0)
                return -1;
        if (move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
                return error_errno(err, errno, "cannot share %s", path);
        return 0;
}

int rootfs_unshare(const struct strv *shared, struct error *err)
{
        return rootfs_leave_but(shared, shared->count, err);
}

int rootfs_check(const struct rootfs *rootfs, struct error *err)
{
        if (rootfs->layers.count == 0)
                return error_set(err, EINVAL, "there is no layer to make a root of");
        if (rootfs->layers.count > ROOTFS_LAYERS_MAX)
                return error_set(err, E2BIG,
                                 "the image has %zu layers, the kernel's overlay takes at most %d: "
                                 "make an image of fewer",
                                 rootfs->layers.count, ROOTFS_LAYERS_MAX);
        return 0;
}

/* What the kernel says about a failure of the new interface, "e overlay: …", or "". Owned. */
static char *rootfs_kernel_text(int context)
{
        char text[512];
        ssize_t length = read(context, text, sizeof text - 1);

        if (length <= 2)
                return str_dup("");
        text[length] = '\0';
        text[strcspn(text, "\n")] = '\0';
        return str_format(" (%s)", text + 2);
}

static int rootfs_kernel_error(struct error *err, int context, const char *what)
{
        int code = errno;
        AUTO_FREE char *text = rootfs_kernel_text(context);

        return error_set(err, code, "%s: %s%s", what, strerror(code), text);
}

static int rootfs_set(int context, const char *key, const char *value, struct error *err)
{
        AUTO_FREE char *what = NULL;

        if (fsconfig(context, FSCONFIG_SET_STRING, key, value, 0) == 0)
                return 0;
        what = str_format("the overlay takes no %s=%s", key, value);
        return rootfs_kernel_error(err, context, what);
}

/* Upper and work, by names relative to the working directory: an absolute one would go through the
 * overlay's unescaping, and units' names have backslashes. */
static int rootfs_set_writable(int context, const struct rootfs *rootfs, struct error *err)
{
        if (rootfs->writable < 0)
                return 0;
        if (fchdir(rootfs->writable) < 0)
                return error_errno(err, errno, "cannot go to the writable layer");
        if (rootfs_set(context, "upperdir", "upper", err) < 0 ||
            rootfs_set(context, "workdir", "work", err) < 0)
                return -1;
        /* Older kernels do without: it only saves time. A layer that stays could not be mounted by
         * those without metacopy. */
        if (rootfs->fresh)
                fsconfig(context, FSCONFIG_SET_FLAG, "volatile", NULL, 0);
        if (rootfs->fresh && rootfs->shift)
                fsconfig(context, FSCONFIG_SET_STRING, "metacopy", "on", 0);
        /* Each name of a file becomes one of its own: none is met with new owners already. */
        if (rootfs->shift)
                fsconfig(context, FSCONFIG_SET_STRING, "index", "off", 0);
        return 0;
}

/* An overlay of before Linux 6.5 gets what fsconfig(2) is told as one text when it is made: it
 * takes any word, and then fails at those it does not know. */
bool rootfs_kernel_reads_words(const char *release)
{
        unsigned major, minor;

        return sscanf(release, "%u.%u", &major, &minor) != 2 || major > 6 ||
               (major == 6 && minor >= 5);
}

static bool rootfs_wants_classic(void)
{
        struct utsname kernel;

        return str_equal(getenv("CRUNIT_MOUNT"), "classic") ||
               (uname(&kernel) == 0 && !rootfs_kernel_reads_words(kernel.release));
}

/* 1: done, 0: this kernel does not have the interface, -1: it failed. */
static int rootfs_overlay_new(const struct rootfs *rootfs, int *ret_mount, struct error *err)
{
        AUTO_CLOSE int context = fsopen("overlay", FSOPEN_CLOEXEC);

        if (context < 0)
                return errno == ENOSYS ? 0 : error_errno(err, errno, "the kernel has no overlay");
        for (size_t i = rootfs->layers.count; i-- > 0;) {
                const char *layer = rootfs->layers.items[i];

                if (fsconfig(context, FSCONFIG_SET_STRING, "lowerdir+", layer, 0) == 0)
                        continue;
                if (errno == EINVAL && i + 1 == rootfs->layers.count && access(layer, F_OK) == 0)
                        return 0;
                return rootfs_set(context, "lowerdir+", layer, err);
        }
        if (rootfs_set_writable(context, rootfs, err) < 0)
                return -1;
        if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                return rootfs_kernel_error(err, context, "cannot make the overlay");
        *ret_mount = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV);
        if (*ret_mount < 0)
                return rootfs_kernel_error(err, context, "cannot mount the overlay");
        return 1;
}

/* Symbolic links with short names, "0" the topmost layer: mount(2) has one page for everything. */
static int rootfs_link_layers(const struct rootfs *rootfs, int scratch, struct strbuf *options,
                              struct error *err)
{
        strbuf_append(options, "lowerdir=");
        for (size_t i = 0; i < rootfs->layers.count; i++) {
                const char *layer = rootfs->layers.items[rootfs->layers.count - 1 - i];
                AUTO_FREE char *name = str_format("%zu", i);

                if (symlinkat(layer, scratch, name) < 0)
                        return error_errno(err, errno, "cannot link %s", layer);
                strbuf_appendf(options, "%s%s", i ? ":" : "", name);
        }
        if (rootfs->writable >= 0) {
                AUTO_FREE char *self = str_format("/proc/self/fd/%d", rootfs->writable);

                if (symlinkat(self, scratch, "w") < 0)
                        return error_errno(err, errno, "cannot link the writable layer");
                strbuf_append(options, ",upperdir=w/upper,workdir=w/work");
                if (rootfs->shift)
                        strbuf_append(options, ",index=off");
        }
        return 0;
}

static int rootfs_overlay_classic(const struct rootfs *rootfs, const char *run, const char *target,
                                  struct error *err)
{
        AUTO_FREE char *names = str_format("%s/layers", run);
        AUTO_STRBUF struct strbuf options = { 0 };
        AUTO_CLOSE int scratch = -1;
        int result;

        if (io_remove_tree(AT_FDCWD, names, err) < 0 ||
            io_make_dirs(AT_FDCWD, names, 0700, err) < 0)
                return -1;
        scratch = open(names, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (scratch < 0 || fchdir(scratch) < 0)
                return error_errno(err, errno, "cannot go to %s", names);
        if (rootfs_link_layers(rootfs, scratch, &options, err) < 0)
                return -1;
        result = rootfs->fresh && rootfs->writable >= 0 ? -1 : 1;
        if (result < 0) {
                AUTO_FREE char *with = str_format("%s,volatile%s", options.data,
                                                  rootfs->shift ? ",metacopy=on" : "");

                result = mount("overlay", target, "overlay", MS_NODEV, with);
        }
        if (result != 0 && mount("overlay", target, "overlay", MS_NODEV, options.data) < 0)
                return error_errno(err, errno, "cannot mount the overlay of %zu layers",
                                   rootfs->layers.count);
        return io_remove_tree(AT_FDCWD, names, err);
}

static int rootfs_mount_file(struct rootfs *rootfs, size_t i, const char *run, struct error *err)
{
        AUTO_FREE char *directory = str_format("%s/lower/%zu", run, i);

        if (io_make_dirs(AT_FDCWD, directory, 0700, err) < 0 ||
            filesystem_mount(rootfs->layers.items[i], directory, err) < 0)
                return -1;
        str_replace(rootfs->layers.items + i, directory);
        strv_append(&rootfs->mounted, directory);
        return 0;
}

/* --- with the ids of a user namespace */

/* What the kernel says where the file system, or the kernel itself, cannot. */
static bool rootfs_cannot_map(int code)
{
        return code == EINVAL || code == EPERM || code == EOPNOTSUPP || code == ENOSYS;
}

/* 1: mounted, 0: it cannot be, -1: it failed. */
static int rootfs_map_layer(struct rootfs *rootfs, size_t i, const char *run, struct error *err)
{
        AUTO_FREE char *directory = str_format("%s/lower/mapped%zu", run, i);
        const char *layer = rootfs->layers.items[i];
        unsigned deep = rootfs->bind ? AT_RECURSIVE : 0;
        AUTO_CLOSE int tree =
                open_tree(AT_FDCWD, layer, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | deep);
        struct mount_attr mapped = { .attr_set = MOUNT_ATTR_IDMAP,
                                     .userns_fd = (uint64_t)rootfs->users };

        if (tree < 0)
                return error_errno(err, errno, "cannot use %s", layer);
        if (mount_setattr(tree, "", AT_EMPTY_PATH | deep, &mapped, sizeof mapped) < 0)
                return rootfs_cannot_map(errno)
                               ? 0
                               : error_errno(err, errno, "cannot change the ids of %s", layer);
        if (io_make_dirs(AT_FDCWD, directory, 0700, err) < 0)
                return -1;
        if (move_mount(tree, "", AT_FDCWD, directory, MOVE_MOUNT_F_EMPTY_PATH) < 0)
                return error_errno(err, errno, "cannot mount on %s", directory);
        str_replace(rootfs->layers.items + i, directory);
        strv_append(&rootfs->mounted, directory);
        return 1;
}

/* Back to the layers as they are. */
static void rootfs_give_up_map(struct rootfs *rootfs)
{
        strv_free(&rootfs->layers);
        rootfs->layers = rootfs->plain;
        rootfs->plain = (struct strv){ 0 };
        rootfs->shift = true;
}

static int rootfs_map_layers(struct rootfs *rootfs, const char *run, struct error *err)
{
        bool never = str_equal(getenv("CRUNIT_IDMAP"), "never");

        strv_append_all(&rootfs->plain, &rootfs->layers);
        for (size_t i = 0; i < rootfs->layers.count; i++) {
                int done = never ? 0 : rootfs_map_layer(rootfs, i, run, err);

                if (done == 0 && rootfs->bind)
                        return error_set(err, EOPNOTSUPP,
                                         "the owners of the files in %s, or of what is mounted "
                                         "there, cannot be shown as others: use DIR:O,idmap, which "
                                         "changes them in a layer that is thrown away",
                                         rootfs->layers.items[i]);
                if (done < 0)
                        return -1;
                if (done == 0) {
                        rootfs_give_up_map(rootfs);
                        return 0;
                }
        }
        return 0;
}

int rootfs_mount_layers(struct rootfs *rootfs, const char *run, struct error *err)
{
        for (size_t i = 0; i < rootfs->layers.count; i++) {
                struct stat st;

                if (stat(rootfs->layers.items[i], &st) < 0)
                        return error_errno(err, errno, "cannot use %s", rootfs->layers.items[i]);
                if (S_ISREG(st.st_mode) && rootfs_mount_file(rootfs, i, run, err) < 0)
                        return -1;
        }
        if (!rootfs->map || rootfs->plain.count || rootfs->shift)
                return 0;
        return rootfs_map_layers(rootfs, run, err);
}

/* The overlay, or the bind mount, has its own hold on what was mounted there. */
int rootfs_detach_layers(struct rootfs *rootfs, const char *run, struct error *err)
{
        AUTO_FREE char *lower = str_format("%s/lower", run);

        if (rootfs->mounted.count == 0)
                return 0;
        for (size_t i = rootfs->mounted.count; i-- > 0;)
                if (umount2(rootfs->mounted.items[i], MNT_DETACH) < 0)
                        return error_errno(err, errno, "cannot detach %s",
                                           rootfs->mounted.items[i]);
        strv_free(&rootfs->mounted);
        return io_remove_tree(AT_FDCWD, lower, err);
}

static int rootfs_attach(int mount_fd, const char *target, struct error *err)
{
        if (move_mount(mount_fd, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) < 0)
                return error_errno(err, errno, "cannot mount on %s", target);
        return 0;
}

static int rootfs_bind(const struct rootfs *rootfs, const char *target, struct error *err)
{
        const char *source = rootfs->layers.items[0];
        unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (rootfs->bind ? AT_RECURSIVE : 0);
        struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV };
        AUTO_CLOSE int tree = open_tree(AT_FDCWD, source, flags);

        if (tree < 0)
                return error_errno(err, errno, "cannot use %s as the root", source);
        if (!rootfs->bind &&
            mount_setattr(tree, "", AT_EMPTY_PATH, &read_only, sizeof read_only) < 0)
                return error_errno(err, errno, "cannot make %s read-only", source);
        return rootfs_attach(tree, target, err);
}

static int rootfs_overlay(const struct rootfs *rootfs, const char *run, const char *target,
                          struct error *err)
{
        AUTO_CLOSE int mounted = -1;
        int done = 0;

        if (!rootfs_wants_classic())
                done = rootfs_overlay_new(rootfs, &mounted, err);
        if (done == 0)
                return rootfs_overlay_classic(rootfs, run, target, err);
        return done < 0 ? -1 : rootfs_attach(mounted, target, err);
}

static int rootfs_attach_root(struct rootfs *rootfs, const char *run, const char *target,
                              struct error *err)
{
        AUTO_ERROR struct error why = { 0 };

        /* An overlay needs an upper layer or two lower ones. */
        if (rootfs->bind || (rootfs->writable < 0 && rootfs->layers.count == 1))
                return rootfs_bind(rootfs, target, err);
        if (!rootfs->plain.count)
                return rootfs_overlay(rootfs, run, target, err);
        if (rootfs_overlay(rootfs, run, target, &why) == 0)
                return 0;
        if (!rootfs_cannot_map(why.code))
                return error_set(err, why.code, "%s", why.message);
        rootfs_give_up_map(rootfs);
        return rootfs_overlay(rootfs, run, target, err);
}

int rootfs_mount(struct rootfs *rootfs, const char *run, struct error *err)
{
        AUTO_FREE char *target = str_format("%s/rootfs", run);

        if (mkdir(target, 0755) < 0 && errno != EEXIST)
                return error_errno(err, errno, "cannot make %s", target);
        return rootfs_mount_on(rootfs, run, target, err);
}

int rootfs_mount_on(struct rootfs *rootfs, const char *run, const char *target, struct error *err)
{
        AUTO_CLOSE int before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        int result;

        if (rootfs_check(rootfs, err) < 0 || rootfs_mount_layers(rootfs, run, err) < 0)
                return -1;
        result = rootfs_attach_root(rootfs, run, target, err);
        if (result == 0)
                result = rootfs_detach_layers(rootfs, run, err);
        if (before >= 0 && fchdir(before) < 0 && result == 0)
                return error_errno(err, errno, "cannot go back to the working directory");
        return result;
}
