/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts, copies and owners, for real: as root only. */
#include "src/base/io.h"
#include "src/base/json.h"
#include "src/base/str.h"
#include "src/container/ownership.h"
#include "src/container/prepare.h"
#include "src/container/rootfs.h"
#include "src/container/volume-copy.h"
#include "tests/tap.h"

#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static char *text_of(const char *directory, const char *name)
{
        AUTO_FREE char *path = str_format("%s/%s", directory, name);
        char *text = NULL;

        io_read_file(AT_FDCWD, path, 4096, &text, NULL, NULL);
        return text;
}

static void put(const char *directory, const char *name, const char *text)
{
        AUTO_FREE char *path = str_format("%s/%s", directory, name);
        AUTO_FREE char *parent = str_dupn(path, (size_t)(strrchr(path, '/') - path));

        io_make_dirs(AT_FDCWD, parent, 0755, NULL);
        io_write_file(AT_FDCWD, path, text, strlen(text), 0644, IO_NO_SYNC, NULL);
}

/* Each lowest layer has the host's null device as "device". */
static void check_device(const char *root, const char *what)
{
        AUTO_FREE char *device = str_format("%s/device", root);
        struct stat st;

        check(stat(device, &st) == 0 && S_ISCHR(st.st_mode) &&
                      open(device, O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES,
              what);
}

static void put_device(const char *directory)
{
        AUTO_FREE char *path = str_format("%s/device", directory);

        mknod(path, S_IFCHR | 0666, makedev(1, 3));
}

static void test_overlay(const char *top, const char *way, int layers)
{
        AUTO_FREE char *base = str_format("%s/%s-%d", top, way, layers);
        AUTO_FREE char *root = str_format("%s/rootfs", base);
        AUTO_FREE char *data = str_format("%s/data", base), *what = NULL, *same = NULL,
                       *only = NULL;
        AUTO_FREE char *upper = str_format("%s/data/upper", base);
        AUTO_FREE char *work = str_format("%s/data/work", base);
        CLEANUP(rootfs_free) struct rootfs rootfs = { .fresh = true };
        AUTO_ERROR struct error err = { 0 };
        AUTO_CLOSE int writable = -1;
        AUTO_FREE char *written = NULL, *expected = NULL;

        setenv("CRUNIT_MOUNT", way, 1);
        for (int i = 0; i < layers; i++) {
                /* as long as the names of real layers */
                AUTO_FREE char *layer = str_format("%s/store/%064d", base, i);
                AUTO_FREE char *name = str_format("only%d", i), *text = str_format("%d", i);

                put(layer, "same", text);
                put(layer, name, text);
                strv_append(&rootfs.layers, layer);
                if (i == 0)
                        put_device(layer);
        }
        io_make_dirs(AT_FDCWD, upper, 0755, NULL);
        io_make_dirs(AT_FDCWD, work, 0755, NULL);
        writable = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        rootfs.writable = writable;
        what = str_format("%d layers, %s way: %s", layers, way,
                          rootfs_mount(&rootfs, base, &err) == 0 ? "mounted" : err.message);
        check(!err.message, what);
        same = text_of(root, "same");
        only = text_of(root, "only0");
        expected = str_format("%d", layers - 1);
        check_str(same, expected, "the topmost layer wins");
        check_str(only, "0", "the lowest is there");
        put(root, "same", "written");
        written = text_of(upper, "same");
        check_str(written, "written", "what is written is in the upper layer");
        check_device(root, "a layer's device cannot be opened");
        umount2(root, MNT_DETACH);
}

static void test_limits(const char *top)
{
        CLEANUP(rootfs_free) struct rootfs rootfs = { .writable = -1 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *root = str_format("%s/one/rootfs", top), *base = str_format("%s/one", top);
        AUTO_FREE char *layer = str_format("%s/l", base), *text = NULL, *new_file = NULL;

        put(layer, "f", "x");
        put_device(layer);
        strv_append(&rootfs.layers, layer);
        check(rootfs_mount(&rootfs, base, &err) == 0, "one layer and nothing to write to");
        text = text_of(root, "f");
        check_str(text, "x", "is there");
        new_file = str_format("%s/new", root);
        check(open(new_file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600) < 0 && errno == EROFS,
              "and read-only");
        check_device(root, "nor can its device be opened");
        umount2(root, MNT_DETACH);
        for (int i = 0; i < ROOTFS_LAYERS_MAX; i++)
                strv_append(&rootfs.layers, layer);
        check(rootfs_mount(&rootfs, base, &err) < 0, "501 layers");
        check_str(err.message,
                  "the image has 501 layers, the kernel's overlay takes at most 500: make an image "
                  "of fewer",
                  "are refused");
}

static void test_copy(const char *top)
{
        AUTO_FREE char *from = str_format("%s/copy", top), *to = str_format("%s/copied", top);
        AUTO_FREE char *a = str_format("%s/v/a", from), *b = str_format("%s/v/d/b", from);
        AUTO_FREE char *link = str_format("%s/v/link", from), *dev = str_format("%s/v/dev", from);
        AUTO_FREE char *v = str_format("%s/v", from), *text = NULL;
        AUTO_ERROR struct error err = { 0 };
        AUTO_CLOSE int root = -1, copied = -1;
        struct stat x, y;
        char value[8];

        put(from, "v/a", "text");
        put(from, "v/d/x", "x");
        check(linkat(AT_FDCWD, a, AT_FDCWD, b, 0) == 0 && symlink("/etc/passwd", link) == 0 &&
                      mknod(dev, S_IFCHR | 0600, makedev(1, 3)) == 0 && chown(a, 12, 34) == 0 &&
                      chmod(a, 04711) == 0 && chmod(v, 01777) == 0 && chown(v, 5, 6) == 0 &&
                      setxattr(a, "trusted.test", "1", 1, 0) == 0,
              "a tree with all kinds");
        mkdir(to, 0700);
        root = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        check(volume_copy(root, "/v", to, &err) == 1, err.message ? err.message : "is copied");
        copied = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        check(fstat(copied, &x) == 0 && (x.st_mode & 07777) == 01777 && x.st_uid == 5 &&
                      x.st_gid == 6,
              "the directory's mode and owner");
        check(fstatat(copied, "a", &x, 0) == 0 && (x.st_mode & 07777) == 04711 && x.st_uid == 12 &&
                      x.st_gid == 34,
              "a file's, with setuid");
        check(fstatat(copied, "d/b", &y, 0) == 0 && x.st_ino == y.st_ino, "a hard link");
        check(stat(a, &y) == 0 && y.st_mtim.tv_nsec == x.st_mtim.tv_nsec, "times");
        check(fstatat(copied, "link", &x, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(x.st_mode),
              "a symbolic link");
        check(fstatat(copied, "dev", &x, 0) == 0 && S_ISCHR(x.st_mode) &&
                      x.st_rdev == makedev(1, 3),
              "a device");
        text = text_of(to, "a");
        check_str(text, "text", "content");
        free(a);
        a = str_format("%s/a", to);
        check(getxattr(a, "trusted.test", value, sizeof value) == 1, "an extended attribute");
        check(volume_copy(root, "/nothing/there", to, &err) == 0, "nothing there is nothing to do");
}

/* What prepare_container() says of an image with something at path and a mount at target. */
static char *prepare_said(const char *top, const char *path, mode_t kind, const char *target)
{
        AUTO_FREE char *root = str_format("%s/prepare", top), *run = str_format("%s/run", top);
        AUTO_FREE char *node = str_format("%s/%s", root, path);
        AUTO_JSON struct json_object *config = json_object_new_object();
        struct json_object *mount = json_object_new_object();
        struct plan plan = { .config = config };
        struct prepare prepare = { .plan = &plan, .run = run };
        AUTO_ERROR struct error err = { 0 };
        AUTO_CLOSE int fd = -1;

        json_set_string(mount, "destination", target);
        json_object_array_add(json_add_array(config, "mounts"), mount);
        put(root, "etc/file", "x");
        mkdir(run, 0700);
        if (mknod(node, kind | 0666, makedev(1, 5)) < 0 && kind)
                return str_dup("there is no node");
        fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        prepare.root = fd;
        prepare_container(&prepare, &err);
        unlink(node);
        return err.message ? str_dup(err.message) : NULL;
}

static void test_way_to_mounts(const char *top)
{
        static const struct {
                const char *path;
                mode_t kind;
                const char *target, *expected;
        } cases[] = {
                { "run", S_IFIFO, "/run/secrets/x",
                  "cannot mount at /run/secrets/x: the image's /run is no directory" },
                { "run", S_IFCHR, "/run/.containerenv",
                  "cannot mount at /run/.containerenv: the image's /run is no directory" },
                { "run", S_IFREG, "/run/x",
                  "cannot mount at /run/x: the image's /run is no directory" },
                { "run", S_IFSOCK, "/run", NULL },
                { "etc/fifo", S_IFIFO, "/etc/file", NULL },
                { "etc/fifo", S_IFIFO, "/not/there", NULL },
        };

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                AUTO_FREE char *said =
                        prepare_said(top, cases[i].path, cases[i].kind, cases[i].target);

                check_str(said, cases[i].expected, "nothing is on the way to a mount point");
        }
}

static void test_ownership(const char *top)
{
        AUTO_FREE char *tree = str_format("%s/own", top), *link = str_format("%s/own/l", top);
        AUTO_FREE char *outside = str_format("%s/outside", top), *f = str_format("%s/own/d/f", top);
        AUTO_ERROR struct error err = { 0 };
        struct stat st;

        put(top, "own/d/f", "x");
        put(top, "outside", "x");
        check(symlink(outside, link) == 0 && ownership_give(tree, 1234, 4321, &err) == 0,
              err.message ? err.message : "a tree is given away");
        check(stat(f, &st) == 0 && st.st_uid == 1234 && st.st_gid == 4321, "to its depth");
        check(lstat(link, &st) == 0 && st.st_uid == 1234, "links themselves");
        check(stat(outside, &st) == 0 && st.st_uid == 0, "not what they point at");
        check(ownership_give(tree, 1234, 4321, &err) == 0, "and again");
        check(ownership_give("/usr/../etc/", 1234, 4321, &err) < 0, "never the system's");
        check_str(err.message,
                  "/etc is a directory of the system, its owner is not changed: leave out the "
                  "volume's option U",
                  "with words");
        check(ownership_is_system("/") && ownership_is_system("/usr/lib/x") &&
                      ownership_is_system("/home") && !ownership_is_system("/home/a") &&
                      !ownership_is_system("/var/lib/data") && !ownership_is_system("/srv/www"),
              "what the system's directories are");
}

/* Somebody else makes a directory on the way into a link to the system's and back. */
static void test_owner_race(const char *top)
{
        AUTO_FREE char *way = str_format("%s/way", top), *link = str_format("%s/swap", top);
        AUTO_FREE char *given = str_format("%s/way/share", top);
        struct stat st;
        int given_away = 0;
        pid_t pid;

        io_make_dirs(AT_FDCWD, given, 0755, NULL);
        if (symlink("/usr", link) < 0 || mount("tmpfs", "/usr/share", "tmpfs", 0, NULL) < 0 ||
            (pid = fork()) < 0) {
                check(false, "the race is set up");
                return;
        }
        while (pid == 0)
                renameat2(AT_FDCWD, way, AT_FDCWD, link, RENAME_EXCHANGE);
        for (unsigned i = 1; i < 20000; i++)
                given_away += ownership_give(given, i, i, NULL) == 0;
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        check(given_away > 0, "a directory is given away while its parent changes");
        check(stat("/usr/share", &st) == 0 && st.st_uid == 0, "the system's never is");
        umount2("/usr/share", MNT_DETACH);
}

static void test_kernels(void)
{
        check(!rootfs_kernel_reads_words("6.1.0-56-cloud-amd64") &&
                      !rootfs_kernel_reads_words("5.15.0") && !rootfs_kernel_reads_words("6.4.9"),
              "kernels whose overlay takes any word");
        check(rootfs_kernel_reads_words("6.5.0") && rootfs_kernel_reads_words("6.12.48+deb13") &&
                      rootfs_kernel_reads_words("7.0-rc1") && rootfs_kernel_reads_words("odd"),
              "kernels whose overlay can refuse one");
}

int main(void)
{
        char top[] = "/var/tmp/crunit-test.XXXXXX";

        if (geteuid() != 0) {
                puts("1..0 # SKIP needs root");
                return EXIT_SUCCESS;
        }
        if (rootfs_unshare(&(struct strv){ 0 }, NULL) < 0) {
                puts("1..0 # SKIP may not make a mount namespace");
                return EXIT_SUCCESS;
        }
        if (!mkdtemp(top))
                return EXIT_FAILURE;
        mount("tmpfs", top, "tmpfs", 0, "mode=0755");
        test_kernels();
        test_overlay(top, "new", 1);
        test_overlay(top, "new", 30);
        test_overlay(top, "classic", 1);
        test_overlay(top, "classic", 130);
        test_limits(top);
        test_copy(top);
        test_way_to_mounts(top);
        test_ownership(top);
        test_owner_race(top);
        umount2(top, MNT_DETACH);
        rmdir(top);
        return tap_done();
}
