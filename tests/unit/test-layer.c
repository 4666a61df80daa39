/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layers, sound and hostile, against the directory they become. Needs root. */
#include "../../src/base/io.h"
#include "../../src/image/digest.h"
#include "../../src/image/layer.h"
#include "../tap.h"
#include "tar.h"

#include <archive.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

static char scratch[] = "/var/tmp/test-layer.XXXXXX";
static int scratch_fd;

static int file_of(const struct strbuf *bytes)
{
        int fd = memfd_create("tar", MFD_CLOEXEC);

        if (fd < 0 || io_write_all(fd, bytes->data, bytes->length) < 0)
                exit(99);
        return fd;
}

/* Unpack into a fresh directory "top" of the scratch directory; -1 where that failed. */
static int unpack_source(const struct strbuf *tar, struct stream_source source, char **ret_diff_id,
                         struct layer_result *result, struct error *err)
{
        AUTO_STREAM struct stream *stream = NULL;
        AUTO_CLOSE int fd = file_of(tar);
        AUTO_CLOSE int top = -1;
        AUTO_FREE char *blob = NULL;
        uint64_t size;

        if (io_remove_tree(scratch_fd, "top", err) < 0 || mkdirat(scratch_fd, "top", 0755) < 0)
                exit(99);
        top = openat(scratch_fd, "top", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        source.fd = fd;
        source.positioned = true;
        source.copy = -1;
        source.name = "l.tar";
        if (!source.size)
                source.size = tar->length;
        if (stream_open(&source, &stream, err) < 0 ||
            layer_unpack(stream, "l.tar", top, result, err) < 0 ||
            stream_finish(stream, &blob, ret_diff_id, &size, err) < 0)
                return -1;
        return steal_fd(&top);
}

static int unpack(const struct tar_entry *entries, struct error *err)
{
        CLEANUP(layer_result_free) struct layer_result result = { 0 };
        AUTO_STRBUF struct strbuf tar = { 0 };
        AUTO_FREE char *diff_id = NULL;

        tar_make(&tar, entries);
        return unpack_source(&tar, (struct stream_source){ 0 }, &diff_id, &result, err);
}

static void refuse(const struct tar_entry *entries, const char *message, const char *what)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_CLOSE int top = unpack(entries, &err);

        check(top < 0, what);
        check_str(err.message, message, what);
        check(faccessat(scratch_fd, "outside", F_OK, AT_SYMLINK_NOFOLLOW) < 0, "nothing got out");
}

static struct stat stat_of(int top, const char *path)
{
        struct stat st = { 0 };

        fstatat(top, path, &st, AT_SYMLINK_NOFOLLOW);
        return st;
}

static ssize_t attribute(int top, const char *path, const char *name, void *value, size_t size)
{
        AUTO_FREE char *whole = str_format("/proc/self/fd/%d/%s", top, path);

        return lgetxattr(whole, name, value, size);
}

static void check_content(int top, const char *path, const char *content, const char *what)
{
        AUTO_FREE char *data = NULL;

        io_read_file(top, path, 1000, &data, NULL, NULL);
        check_str(data, content, what);
}

/* --- sound ones */

static void test_types(void)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_CLOSE int top = unpack(
                (const struct tar_entry[]){
                        { "./", '5', .mode = 0750, .uid = 3 },
                        { "dir/", '5', .mode = 02751, .uid = 7, .gid = 8 },
                        { "dir/setuid", .mode = 04750, .uid = 102, .gid = 999, .data = "s" },
                        { "dir/plain", .mode = 0640, .data = "p", .mtime = "7346545000" },
                        { "dir/hard", '1', .link = "dir/setuid" },
                        { "link", '2', .link = "/etc/../../x", .uid = 5 },
                        { "/absolute", .data = "a" },
                        { "null", '3', .mode = 0666, .major = 1, .minor = 3 },
                        { "disk", '4', .mode = 0660, .gid = 6, .major = 8, .minor = 1 },
                        { "fifo", '6', .mode = 0600 },
                        { "bytes\xff\xfe", .data = "b" },
                        { "nano", .data = "n", .pax = { "mtime=1000000000.123456789" } },
                        { "dir/empty", .mode = 0400 },
                        { NULL } },
                &err);
        struct stat st;

        check_str(err.message, NULL, "all types are unpacked");
        st = stat_of(top, ".");
        check(st.st_mode == (S_IFDIR | 0750) && st.st_uid == 3, "the top's own entry");
        st = stat_of(top, "dir");
        check(st.st_mode == (S_IFDIR | 02751) && st.st_uid == 7 && st.st_gid == 8 &&
                      st.st_mtime == 1610612736,
              "a directory, with the time it has in spite of what came into it later");
        st = stat_of(top, "dir/setuid");
        check(st.st_mode == (S_IFREG | 04750) && st.st_uid == 102 && st.st_gid == 999,
              "setuid survives the change of owner");
        check(st.st_nlink == 2 && st.st_ino == stat_of(top, "dir/hard").st_ino, "a hard link");
        st = stat_of(top, "dir/plain");
        check(st.st_gid == 0 && st.st_mode == (S_IFREG | 0640) && st.st_mtime == 1000000000,
              "setgid directories do not hand their group down");
        st = stat_of(top, "link");
        check(S_ISLNK(st.st_mode) && st.st_uid == 5, "a symbolic link has an owner");
        st = stat_of(top, "null");
        check(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3) && (st.st_mode & 0777) == 0666,
              "a character device");
        st = stat_of(top, "disk");
        check(S_ISBLK(st.st_mode) && st.st_rdev == makedev(8, 1) && st.st_gid == 6,
              "a block device");
        check(S_ISFIFO(stat_of(top, "fifo").st_mode), "a fifo");
        check_content(top, "absolute", "a", "an absolute name is below the top");
        check_content(top, "bytes\xff\xfe", "b", "names are bytes");
        st = stat_of(top, "nano");
        check(st.st_mtim.tv_sec == 1000000000 && st.st_mtim.tv_nsec == 123456789, "nanoseconds");
        check(stat_of(top, "dir/empty").st_mode == (S_IFREG | 0400), "an empty file");
}

/* Pax values are text with a length: NUL bytes of a capability cannot be in a C string, so the
 * record is base64 as libarchive writes it. */
static void test_attributes(void)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_CLOSE int top = unpack(
                (const struct tar_entry[]){
                        { "cap", .mode = 0755, .uid = 102, .data = "c",
                          .pax = { "LIBARCHIVE.xattr.security.capability=AQAAAgAgAAAAAAAAAAAAAAAAAA"
                                   "A",
                                   "SCHILY.xattr.user.kept=yes" } },
                        { "d/", '5', .mode = 0755,
                          .pax = { "SCHILY.xattr.trusted.overlay.opaque=y",
                                   "SCHILY.xattr.trusted.overlay.redirect=/etc",
                                   "SCHILY.xattr.user.overlay.opaque=y",
                                   "SCHILY.xattr.security.selinux=x" } },
                        { "acl", .mode = 0640, .data = "a",
                          .pax = { "SCHILY.acl.access=user::rw-,user:77:r--:77,group::r--,mask::r--"
                                   ","
                                   "other::---" } },
                        { NULL } },
                &err);
        char value[200];

        check_str(err.message, NULL, "attributes are unpacked");
        check(attribute(top, "cap", "security.capability", value, sizeof value) == 20 &&
                      value[5] == 0x20 && stat_of(top, "cap").st_uid == 102,
              "a capability comes behind the owner");
        check(attribute(top, "cap", "user.kept", value, sizeof value) == 3, "a user's attribute");
        check(attribute(top, "d", "trusted.overlay.opaque", value, sizeof value) < 0 &&
                      attribute(top, "d", "trusted.overlay.redirect", value, sizeof value) < 0 &&
                      attribute(top, "d", "user.overlay.opaque", value, sizeof value) < 0 &&
                      attribute(top, "d", "security.selinux", value, sizeof value) < 0,
              "what overlayfs would obey is left out, SELinux labels too");
        check(attribute(top, "acl", "system.posix_acl_access", value, sizeof value) == 4 + 5 * 8,
              "an ACL");
}

static void test_whiteouts(void)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_CLOSE int top =
                unpack((const struct tar_entry[]){ { "a/", '5', .mode = 0755 },
                                                   { "a/.wh.gone" },
                                                   { "b/.wh..wh..opq" },
                                                   { "b/new", .data = "n" },
                                                   { ".wh.c" },
                                                   { "c/", '5', .mode = 0755 },
                                                   { "d/", '5', .mode = 0755 },
                                                   { ".wh.d" },
                                                   { "e", .data = "e" },
                                                   { ".wh.e" },
                                                   { ".wh.f" },
                                                   { "f/in", .data = "i" },
                                                   { ".wh..wh.plnk/1.2", .data = "aufs" },
                                                   { NULL } },
                       &err);
        struct stat st;
        char value[2];

        check_str(err.message, NULL, "whiteouts are unpacked");
        st = stat_of(top, "a/gone");
        check(S_ISCHR(st.st_mode) && st.st_rdev == 0, "a whiteout is a device 0:0");
        check(stat_of(top, "a/.wh.gone").st_mode == 0, "and has no file of its own");
        check(attribute(top, "b", "trusted.overlay.opaque", value, 2) == 1 && *value == 'y',
              "an opaque directory");
        check_content(top, "b/new", "n", "with something in it");
        check(attribute(top, "c", "trusted.overlay.opaque", value, 2) == 1,
              "a directory behind its whiteout is opaque");
        check(attribute(top, "d", "trusted.overlay.opaque", value, 2) == 1,
              "and one before it as well");
        check_content(top, "e", "e", "a file in the same layer stays");
        check(attribute(top, "f", "trusted.overlay.opaque", value, 2) == 1,
              "a directory that is only implied, too");
        check(stat_of(top, ".wh..wh.plnk").st_mode == 0, "aufs's own files are left out");
}

static void test_duplicates(void)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_CLOSE int top =
                unpack((const struct tar_entry[]){ { "a", .data = "first", .mode = 0600 },
                                                   { "a", .data = "second", .mode = 0644 },
                                                   { "b/", '5', .mode = 0700 },
                                                   { "b/deep/in", .data = "x" },
                                                   { "b", .data = "file now" },
                                                   { "c", '2', .link = "a" },
                                                   { "c", .data = "not through the link" },
                                                   { "d", '2', .link = "." },
                                                   { "d/", '5', .mode = 0711 },
                                                   { "e/", '5', .mode = 0700 },
                                                   { "e/", '5', .mode = 0755, .uid = 9 },
                                                   { "h", .data = "h" },
                                                   { "h", '1', .link = "h" },
                                                   { "a", '1', .link = "h" },
                                                   { NULL } },
                       &err);

        check_str(err.message, NULL, "names that come twice");
        check_content(top, "b", "file now", "a file replaces a tree");
        check_content(top, "c", "not through the link", "a file replaces a link");
        check(S_ISDIR(stat_of(top, "d").st_mode), "a directory replaces a link");
        check(stat_of(top, "e").st_uid == 9 && (stat_of(top, "e").st_mode & 0777) == 0755,
              "a directory's last entry counts");
        check_content(top, "h", "h", "a hard link to itself is nothing");
        check(stat_of(top, "a").st_ino == stat_of(top, "h").st_ino, "a link replaces a file");
}

static void test_implied(void)
{
        AUTO_ERROR struct error err = { 0 };
        CLEANUP(layer_result_free) struct layer_result result = { 0 };
        AUTO_STRBUF struct strbuf tar = { 0 };
        AUTO_FREE char *diff_id = NULL;
        AUTO_CLOSE int top = -1;

        tar_make(&tar, (const struct tar_entry[]){ { "var/lib/x", .data = "x" },
                                                   { "gone/x", .data = "x" },
                                                   { "gone", .data = "a file" },
                                                   { "own/x", .data = "x" },
                                                   { "own/", '5', .mode = 0700, .uid = 4 },
                                                   { NULL } });
        top = unpack_source(&tar, (struct stream_source){ 0 }, &diff_id, &result, &err);
        check(top >= 0 && result.implied.count == 3, "three directories have no entry");
        check_str(result.implied.items[0], ".", "the top first");
        check_str(result.implied.items[1], "var", "then what is in it");
        check_str(result.implied.items[2], "var/lib", "and in that");
        for (size_t i = 0; i < result.implied.count; i++) {
                struct stat st = stat_of(top, result.implied.items[i]);

                check(st.st_mode == (S_IFDIR | 0755) && st.st_uid == geteuid() &&
                              st.st_mtim.tv_sec == 014000000000L && st.st_mtim.tv_nsec == 0,
                      "they are 0755 and as old as the newest entry");
        }
        check(stat_of(top, "own").st_uid == 4, "an entry that came later counts");
}

static void test_digest_behind_the_end(void)
{
        AUTO_FREE char *expected = NULL;
        AUTO_ERROR struct error err = { 0 };
        CLEANUP(layer_result_free) struct layer_result result = { 0 };
        AUTO_STRBUF struct strbuf tar = { 0 };
        AUTO_FREE char *diff_id = NULL;
        AUTO_CLOSE int top = -1;

        tar_make(&tar, (const struct tar_entry[]){ { "a", .data = "a" }, { NULL } });
        /* Far more than what was read together with the end. */
        for (int i = 0; i < 6000; i++)
                strbuf_appendf(&tar, "%0512d", 0);
        top = unpack_source(&tar, (struct stream_source){ 0 }, &diff_id, &result, &err);
        expected = digest_of(tar.data, tar.length);
        check_str(diff_id, expected, "the digest is of all bytes, those behind the end as well");
}

/* --- hostile ones */

static void test_paths(void)
{
        static char longer[4200];

        memset(longer, 'a', sizeof longer - 1);
        memcpy(longer, "path=", 5);
        refuse((const struct tar_entry[]){ { "../outside", .data = "x" }, { NULL } },
               "l.tar: path ../outside leads out of the layer by '..'", "dots");
        refuse((const struct tar_entry[]){ { "a/../../outside", .data = "x" }, { NULL } },
               "l.tar: path a/../../outside leads out of the layer by '..'", "dots inside");
        refuse((const struct tar_entry[]){ { "l", '2', .link = ".." },
                                           { "l/outside", .data = "x" },
                                           { NULL } },
               "l.tar: there is a symbolic link on the way to l",
               "a link and then a file through it");
        refuse((const struct tar_entry[]){ { "d/", '5' },
                                           { "d/a", .data = "x" },
                                           { "d", '2', .link = ".." },
                                           { "d/outside", .data = "x" },
                                           { NULL } },
               "l.tar: there is a symbolic link on the way to d",
               "a directory that becomes a link");
        refuse((const struct tar_entry[]){ { "l", '2', .link = "/var/tmp" },
                                           { "l/x/outside", .data = "x" },
                                           { NULL } },
               "l.tar: there is a symbolic link on the way to l/x", "a directory through a link");
        refuse((const struct tar_entry[]){ { "f", .data = "x" }, { "f/x", .data = "x" }, { NULL } },
               "l.tar: f is in the way: it is no directory, and something is below it",
               "a file in a file");
        refuse((const struct tar_entry[]){ { "x", .data = "x", .pax = { longer } }, { NULL } },
               "l.tar: path aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa… is "
               "longer "
               "than 4095 bytes",
               "a long path");
        refuse((const struct tar_entry[]){ { ".", .data = "x" }, { NULL } },
               "l.tar: its top ('.') is no directory", "a top that is a file");
        refuse((const struct tar_entry[]){ { "a/.wh..." }, { NULL } },
               "l.tar: a/.wh... hides no possible name", "a whiteout of ..");
        refuse((const struct tar_entry[]){ { "a/.wh." }, { NULL } },
               "l.tar: a/.wh. hides no possible name", "a whiteout of nothing");
        refuse((const struct tar_entry[]){ { ".wh..wh..opq" }, { NULL } },
               "l.tar: hides the whole image below it", "an opaque top");
}

static void test_links(void)
{
        refuse((const struct tar_entry[]){ { "h", '1', .link = "../secret" }, { NULL } },
               "l.tar: hard link h: path ../secret leads out of the layer by '..'",
               "a hard link out");
        refuse((const struct tar_entry[]){ { "l", '2', .link = "/etc" },
                                           { "h", '1', .link = "l/passwd" },
                                           { NULL } },
               "l.tar: hard link h: its target l/passwd is not in the layer: Too many levels of "
               "symbolic links",
               "a hard link through a symbolic one");
        refuse((const struct tar_entry[]){ { "h", '1', .link = "/etc/passwd" }, { NULL } },
               "l.tar: hard link h: its target etc/passwd is not in the layer: No such file or "
               "directory",
               "a hard link to a file of the machine");
        refuse((const struct tar_entry[]){ { "d/", '5' }, { "h", '1', .link = "d" }, { NULL } },
               "l.tar: hard link h: its target d is a directory", "a hard link to a directory");
        refuse((const struct tar_entry[]){ { "s", '2', .link = "" }, { NULL } },
               "l.tar: symbolic link s has no target", "a link to nothing");
}

static void test_sizes(void)
{
        refuse((const struct tar_entry[]){ { "a", .data = "short", .size = 100000 }, { NULL } },
               "l.tar: not a sound tar archive: Truncated tar archive", "a size that lies");
        refuse((const struct tar_entry[]){ { "a", .data = "x", .pax = { "uid=4294967296" } },
                                           { NULL } },
               "l.tar: a: owner 4294967296:0 is not possible", "an owner beyond 32 bits");
        refuse((const struct tar_entry[]){ { "a", .data = "x",
                                             .pax = { "GNU.sparse.size=9223372036854775807",
                                                      "GNU.sparse.numblocks=1",
                                                      "GNU.sparse.map=9223372036854775000,1" } },
                                           { NULL } },
               "l.tar: a is larger than 274877906944 bytes", "a hole without end");
        refuse((const struct tar_entry[]){ { "a", .data = "short", .pax = { "size=100000" } },
                                           { NULL } },
               "l.tar: not a sound tar archive: Truncated tar archive", "a second size that lies");
        refuse(
                (const struct tar_entry[]){
                        { "a", .data = "x", .pax = { "size=9000000000000000000" } }, { NULL } },
                "l.tar: a is larger than 274877906944 bytes", "a size that nothing has");
}

static void test_pax_bomb(void)
{
        AUTO_ERROR struct error err = { 0 };
        CLEANUP(layer_result_free) struct layer_result result = { 0 };
        AUTO_STRBUF struct strbuf tar = { 0 };
        AUTO_FREE char *diff_id = NULL;
        AUTO_CLOSE int top = -1;

        tar_header(&tar, &(struct tar_entry){ .name = "pax", .type = 'x' }, 64 << 20);
        for (int i = 0; i < 2048; i++)
                strbuf_appendf(&tar, "%01024d", 0);
        top = unpack_source(&tar, (struct stream_source){ 0 }, &diff_id, &result, &err);
        check(top < 0 && str_has_prefix(err.message, "l.tar: not a sound tar archive: "),
              "a pax header of 64 MiB");
}

/* Headers that announce 4 GiB of a name, a link or attributes, and have none of it. */
static void test_huge_headers(void)
{
        static const char types[] = { 'L', 'K', 'x', 'g' };

        for (size_t i = 0; i < sizeof types; i++) {
                AUTO_ERROR struct error err = { 0 };
                CLEANUP(layer_result_free) struct layer_result result = { 0 };
                AUTO_STRBUF struct strbuf tar = { 0 };
                AUTO_FREE char *diff_id = NULL;
                struct rusage usage;

                tar_header(&tar, &(struct tar_entry){ .name = "huge", .type = types[i] },
                           (uint64_t)4 << 30);
                tar_add(&tar, &(struct tar_entry){ .name = "a", .data = "a" });
                tar_end(&tar);
                check(unpack_source(&tar, (struct stream_source){ 0 }, &diff_id, &result, &err) <
                                      0 &&
                              str_has_prefix(err.message, "l.tar: not a sound tar archive: "),
                      "a header of 4 GiB");
                getrusage(RUSAGE_SELF, &usage);
                check(usage.ru_maxrss < 1 << 20, "costs no memory"); /* KiB; sanitizers take some */
        }
}

/* As deep as paths can be, one directory a level: it is made and removed. */
static void test_depth(void)
{
        enum {
                DEPTH = 2047
        };
        AUTO_ERROR struct error err = { 0 };
        CLEANUP(layer_result_free) struct layer_result result = { 0 };
        AUTO_STRBUF struct strbuf tar = { 0 };
        AUTO_STRBUF struct strbuf path = { 0 };
        AUTO_FREE char *diff_id = NULL;
        AUTO_CLOSE int top = -1;

        for (int i = 0; i < DEPTH; i++) {
                AUTO_FREE char *record = NULL;

                strbuf_append(&path, "d/");
                record = str_format("path=%s", path.data);
                tar_add(&tar, &(struct tar_entry){ .name = "d", .type = '5', .pax = { record } });
        }
        tar_end(&tar);
        top = unpack_source(&tar, (struct stream_source){ 0 }, &diff_id, &result, &err);
        check_str(err.message, NULL, "two thousand directories, each in the one before");
        check(result.entries == DEPTH, "are all there");
}

/* Files in trees of directories that have no entries, a thousand deep. */
static void test_many_implied(void)
{
        enum {
                TREES = 40,
                DEPTH = 1000
        };
        AUTO_ERROR struct error err = { 0 };
        CLEANUP(layer_result_free) struct layer_result result = { 0 };
        AUTO_STRBUF struct strbuf tar = { 0 };
        AUTO_STRBUF struct strbuf path = { 0 };
        AUTO_FREE char *diff_id = NULL;

        for (int i = 0; i < DEPTH; i++)
                strbuf_append(&path, "d/");
        for (int i = 0; i < TREES; i++) {
                AUTO_FREE char *record = str_format("path=%d/%sfile", i, path.data);

                tar_add(&tar, &(struct tar_entry){ .name = "f", .pax = { record } });
        }
        tar_end(&tar);
        check(unpack_source(&tar, (struct stream_source){ 0 }, &diff_id, &result, &err) < 0 &&
                      err.code == EFBIG,
              "more directories without an entry than can be remembered");
        check_str(err.message, "l.tar: too many directories have no entry of their own",
                  "are too many");
}

static void test_limits(void)
{
        AUTO_ERROR struct error err = { 0 };
        CLEANUP(layer_result_free) struct layer_result result = { 0 };
        AUTO_STRBUF struct strbuf tar = { 0 };
        AUTO_FREE char *diff_id = NULL;
        volatile sig_atomic_t cancel = 1;

        tar_make(&tar, (const struct tar_entry[]){ { "a", .data = "a" }, { NULL } });
        check(unpack_source(&tar, (struct stream_source){ .most = 2000 }, &diff_id, &result, &err) <
                      0,
              "more bytes than allowed");
        check_str(err.message, "l.tar holds more than 2000 bytes", "are named");
        error_clear(&err);
        check(unpack_source(&tar, (struct stream_source){ .cancel = &cancel }, &diff_id, &result,
                            &err) < 0 &&
                      err.code == EINTR,
              "a signal ends it");
        error_clear(&err);
        check(unpack_source(&tar, (struct stream_source){ .size = tar.length + 1 }, &diff_id,
                            &result, &err) < 0,
              "a blob that ends early");
        check_str(err.message, "l.tar is truncated: 2048 of 2049 bytes are there", "is named");
        error_clear(&err);
        tar.length = 700;
        check(unpack_source(&tar, (struct stream_source){ 0 }, &diff_id, &result, &err) < 0,
              "a tar that is cut off");
        error_clear(&err);
        memset(tar.data, 'x', 700);
        check(unpack_source(&tar, (struct stream_source){ 0 }, &diff_id, &result, &err) < 0,
              "no tar at all");
        check_str(err.message, "l.tar: not a sound tar archive: Unrecognized archive format",
                  "is named");
        error_clear(&err);
        memcpy(tar.data, "\x1f\x8b", 2);
        check(unpack_source(&tar, (struct stream_source){ 0 }, &diff_id, &result, &err) < 0 &&
                      str_has_prefix(err.message, "l.tar"),
              "no gzip, in spite of its beginning");
}

int main(void)
{
        AUTO_ERROR struct error err = { 0 };

        if (!mkdtemp(scratch))
                return 99;
        scratch_fd = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        test_types();
        test_attributes();
        test_whiteouts();
        test_duplicates();
        test_implied();
        test_digest_behind_the_end();
        test_paths();
        test_links();
        test_sizes();
        test_pax_bomb();
        test_huge_headers();
        test_depth();
        test_many_implied();
        test_limits();
        check(io_remove_tree(AT_FDCWD, scratch, &err) == 0, "the scratch directory is removed");
        return tap_done();
}
