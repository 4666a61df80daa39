/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A cover of layers that are made by hand, as unpacking would have made them. */
#include "../../src/base/io.h"
#include "../../src/image/cover.h"
#include "../../src/image/implied.h"
#include "../tap.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

static int scratch_fd = -1;

/* One thing in a layer. */
struct thing {
        const char *path;
        enum {
                IMPLIED,
                OWN,
                OPAQUE,
                WHITEOUT,
                PLAIN,
                LINK
        } kind;
        mode_t mode; /* OWN, OPAQUE */
        uid_t uid;
};

#define THINGS(...) ((const struct thing[]){ __VA_ARGS__, { 0 } })

static void make_thing(int layer, const struct thing *thing)
{
        const char *path = thing->path;
        int result = 0;

        if (thing->kind == WHITEOUT)
                result = mknodat(layer, path, S_IFCHR, makedev(0, 0));
        else if (thing->kind == LINK)
                result = symlinkat("elsewhere", layer, path);
        else if (thing->kind == PLAIN)
                result = mknodat(layer, path, S_IFREG | 0644, 0);
        else if (!str_equal(path, "."))
                result = mkdirat(layer, path, 0755);
        if (thing->kind == OWN || thing->kind == OPAQUE)
                result |= fchownat(layer, path, thing->uid, thing->uid, 0) |
                          fchmodat(layer, path, thing->mode, 0);
        if (thing->kind == OPAQUE) {
                AUTO_CLOSE int fd = openat(layer, path, O_RDONLY | O_CLOEXEC);

                result |= fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0);
        }
        if (result != 0)
                exit(99);
}

static void make_layer(const struct thing *things, struct cover_layer *ret)
{
        static unsigned number;
        AUTO_FREE char *name = str_format("layer.%u", number++);

        if (mkdirat(scratch_fd, name, 0755) < 0 ||
            (ret->fd = openat(scratch_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
                exit(99);
        if (!str_equal(things->path, "."))
                strv_append(&ret->implied, ".");
        for (; things->path; things++) {
                make_thing(ret->fd, things);
                if (things->kind == IMPLIED)
                        strv_append(&ret->implied, things->path);
        }
}

/* The cover of up to three layers, lowest first; -1: none. */
static int cover(const struct thing *first, const struct thing *second, const struct thing *third)
{
        static unsigned number;
        AUTO_FREE char *name = str_format("cover.%u", number++);
        AUTO_ERROR struct error err = { 0 };
        const struct thing *all[] = { first, second, third };
        struct cover_layer *layers = alloc_zero(3, sizeof *layers);
        size_t count = 0;
        int result;

        for (; count < 3 && all[count]; count++)
                make_layer(all[count], layers + count);
        result = cover_make(scratch_fd, name, layers, count, NULL, &err);
        check_str(err.message, NULL, "no error");
        cover_layers_free(layers, count);
        check((faccessat(scratch_fd, name, F_OK, 0) == 0) == (result == 1),
              "there is one where it says so");
        return result == 1 ? openat(scratch_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

/* Mode and owner as one text; NULL: it is not there. */
static void check_access(int top, const char *path, const char *expected, const char *name)
{
        struct stat st;
        AUTO_FREE char *found = fstatat(top, path, &st, AT_SYMLINK_NOFOLLOW) < 0
                                        ? NULL
                                        : str_format("%o %u", st.st_mode & 07777, st.st_uid);

        check_str(found, expected, name);
}

static void test_none(void)
{
        check(cover(THINGS({ "etc", OWN, 0755, 0 }), THINGS({ "etc", IMPLIED }), NULL) < 0,
              "none where the layers below have 0755 of root's");
        check(cover(THINGS({ "etc", IMPLIED }), THINGS({ "etc", IMPLIED }), NULL) < 0,
              "none where nobody says anything");
        check(cover(THINGS({ "a", OWN, 0700, 7 }), THINGS({ "b", IMPLIED }), NULL) < 0,
              "nor where the directory is another one");
        check(cover(THINGS({ "a", OWN, 0700, 7 }), THINGS({ "a", IMPLIED }),
                    THINGS({ "a", OWN, 0711, 0 })) < 0,
              "nor where a layer above has an entry for it");
        check(cover(THINGS({ "a", OWN, 0700, 7 }), THINGS({ "a", IMPLIED }),
                    THINGS({ "a", WHITEOUT })) < 0,
              "nor where it is gone");
        check(cover(THINGS({ "a", OWN, 0700, 7 }), THINGS({ "a", IMPLIED }),
                    THINGS({ "a", LINK })) < 0,
              "nor where it is a link");
}

static void test_below(void)
{
        AUTO_CLOSE int top = cover(
                THINGS({ ".", OWN, 0711, 0 }, { "var", OWN, 01770, 33 }, { "root", OWN, 0700, 0 }),
                THINGS({ "var", IMPLIED }, { "var/lib", IMPLIED }),
                THINGS({ "var", IMPLIED }, { "var/cache", OWN, 0750, 1 }));

        check_access(top, ".", "711 0", "the top is as the layer below has it");
        check_access(top, "var", "1770 33", "and a directory, through a layer that implies it");
        check_access(top, "var/lib", NULL, "what is 0755 is not in it");
        check_access(top, "root", NULL, "nor what no layer implies");
        check_access(top, "var/cache", NULL, "nor what has an entry");
}

/* What is on the way is above the layers as well. */
static void test_way(void)
{
        AUTO_CLOSE int top =
                cover(THINGS({ "a", OWN, 0755, 0 }, { "a/b", OWN, 0755, 0 },
                             { "a/b/c", OWN, 02710, 5 }, { "a-b", OWN, 0700, 9 }),
                      THINGS({ "a", OWN, 0751, 3 }, { "a/b", IMPLIED }, { "a/b/c", IMPLIED },
                             { "a/b/c/d", IMPLIED }, { "a-b", IMPLIED }),
                      NULL);

        check_access(top, "a", "751 3", "a directory on the way is as it was");
        check_access(top, "a/b", "755 0", "also one that is implied, and right");
        check_access(top, "a/b/c", "2710 5", "before the one that matters");
        check_access(top, "a/b/c/d", NULL, "and nothing behind it");
        check_access(top, "a-b", "700 9", "a name that sorts between them");
}

static void test_hidden(void)
{
        AUTO_CLOSE int one = -1;
        AUTO_CLOSE int other = -1;

        check(cover(THINGS({ "a", OWN, 0755, 0 }, { "a/b", OWN, 0700, 7 }),
                    THINGS({ "a", WHITEOUT }), THINGS({ "a", IMPLIED }, { "a/b", IMPLIED })) < 0,
              "what a whiteout hides says nothing");
        check(cover(THINGS({ "a", OWN, 0755, 0 }, { "a/b", OWN, 0700, 7 }),
                    THINGS({ "a", OPAQUE, 0755, 0 }),
                    THINGS({ "a", IMPLIED }, { "a/b", IMPLIED })) < 0,
              "nor what an opaque directory hides");
        check(cover(THINGS({ "a", OWN, 0700, 7 }), THINGS({ "a", PLAIN }),
                    THINGS({ "a", IMPLIED })) < 0,
              "nor what a file hides");
        one = cover(THINGS({ "a", OWN, 0700, 7 }), THINGS({ "a", OPAQUE, 0711, 8 }),
                    THINGS({ "a", IMPLIED }));
        check_access(one, "a", "711 8", "an opaque directory itself counts");
        other = cover(THINGS({ "a", OWN, 0700, 7 }), THINGS({ "a", WHITEOUT }),
                      THINGS({ "a", IMPLIED }, { "b", OWN, 0700, 1 }));
        check(other < 0, "and one that is made anew is 0755");
}

static void test_attributes(void)
{
        struct cover_layer *layers = alloc_zero(2, sizeof *layers);
        AUTO_CLOSE int fd = -1;
        AUTO_CLOSE int top = -1;
        struct stat st = { 0 };
        char value[8] = "";

        make_layer(THINGS({ "a", OPAQUE, 0700, 7 }), layers);
        make_layer(THINGS({ "a", IMPLIED }), layers + 1);
        fd = openat(layers[0].fd, "a", O_RDONLY | O_CLOEXEC);
        if (fsetxattr(fd, "trusted.note", "text", 4, 0) < 0 ||
            futimens(fd, (const struct timespec[]){ { 5, 0 }, { 7, 8 } }) < 0)
                exit(99);
        check(cover_make(scratch_fd, "attributes", layers, 2, NULL, NULL) == 1, "a cover");
        top = openat(scratch_fd, "attributes/a", O_RDONLY | O_CLOEXEC);
        check(fgetxattr(top, "trusted.note", value, sizeof value) == 4 && str_equal(value, "text"),
              "extended attributes come along");
        check(fgetxattr(top, "trusted.overlay.opaque", value, sizeof value) < 0,
              "overlayfs's own do not");
        check(fstat(top, &st) == 0 && st.st_mtim.tv_sec == 7 && st.st_mtim.tv_nsec == 8,
              "the time does");
        cover_layers_free(layers, 2);
}

/* An access list may be all that a directory has of its own. */
static void test_attributes_alone(void)
{
        struct cover_layer *layers = alloc_zero(2, sizeof *layers);
        AUTO_CLOSE int fd = -1;

        make_layer(THINGS({ "a", OPAQUE, 0755, 0 }), layers);
        make_layer(THINGS({ "a", IMPLIED }), layers + 1);
        check(cover_make(scratch_fd, "alone", layers, 2, NULL, NULL) == 0,
              "none for overlayfs's own attributes");
        fd = openat(layers[0].fd, "a", O_RDONLY | O_CLOEXEC);
        if (fsetxattr(fd, "trusted.note", "text", 4, 0) < 0)
                exit(99);
        check(cover_make(scratch_fd, "alone", layers, 2, NULL, NULL) == 1, "one for another");
        cover_layers_free(layers, 2);
}

static void test_cancel(void)
{
        const volatile sig_atomic_t cancel = 1;
        AUTO_ERROR struct error err = { 0 };
        struct cover_layer *layers = alloc_zero(1, sizeof *layers);

        make_layer(THINGS({ "a", IMPLIED }), layers);
        check(cover_make(scratch_fd, "cancelled", layers, 1, &cancel, &err) < 0 &&
                      err.code == EINTR,
              "it can be interrupted");
        cover_layers_free(layers, 1);
}

static void test_note(void)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_STRV struct strv written = { 0 };
        AUTO_STRV struct strv read = { 0 };

        check(implied_read(scratch_fd, "note", &read, &err) == 0 && read.count == 0,
              "no note is an empty one");
        check(implied_write(scratch_fd, "note", &written, &err) == 0 &&
                      implied_read(scratch_fd, "note", &read, &err) == 0 && read.count == 0,
              "and so is an empty one");
        strv_append(&written, ".");
        strv_append(&written, "a line\nof two");
        check(implied_write(scratch_fd, "note", &written, &err) == 0 &&
                      implied_read(scratch_fd, "note", &read, &err) == 0 &&
                      strv_equal(&written, &read),
              "any name is read as it was written");
        if (io_write_file(scratch_fd, "cut", ".\0a", 3, 0644, IO_NO_SYNC, NULL) < 0)
                exit(99);
        check(implied_read(scratch_fd, "cut", &read, &err) < 0 && err.code == EBADMSG,
              "one that is cut off is an error");
}

int main(void)
{
        char scratch[] = "/var/tmp/test-cover.XXXXXX";

        if (geteuid() != 0) {
                puts("1..0 # SKIP needs root, for owners and overlayfs's attributes");
                return 0;
        }
        if (!mkdtemp(scratch) ||
            (scratch_fd = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
                return 99;
        test_none();
        test_below();
        test_way();
        test_hidden();
        test_attributes();
        test_attributes_alone();
        test_cancel();
        test_note();
        io_remove_tree(AT_FDCWD, scratch, NULL);
        return tap_done();
}
