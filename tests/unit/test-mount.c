/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the text of mounts and devices becomes; the messages are in tests/plan/cases. */
#include "src/container/device.h"
#include "src/container/mount.h"
#include "tests/tap.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

typedef int parse_function(const char *, struct spec_mount *, struct error *);

static void mount_is(parse_function *parse, const char *text, const char *expected)
{
        AUTO_MOUNT struct spec_mount mount = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *options = NULL, *got = NULL, *idmap = NULL;

        if (parse(text, &mount, &err) < 0) {
                check_str(err.message, expected, text);
                return;
        }
        options = strv_join(&mount.options, ",");
        if (mount.idmap)
                idmap = str_format(" idmap(%s)", mount.idmap);
        got = str_format("%d %s %s %s%s%s%s%s", (int)mount.type, mount.source ? mount.source : "-",
                         mount.target, *options ? options : "-", mount.chown ? " chown" : "",
                         mount.overlay ? " overlay" : "", mount.no_copy ? " nocopy" : "",
                         idmap ? idmap : "");
        check_str(got, expected, text);
}

static void test_volume(void)
{
        mount_is(mount_parse_volume, "/a:/b", "0 /a /b -");
        mount_is(mount_parse_volume, "./a:/b//c/../d/", "0 ./a /b/d -");
        mount_is(mount_parse_volume, "data:/b:ro,nocopy", "2 data /b ro nocopy");
        mount_is(mount_parse_volume, "/b", "3 - /b -");
        mount_is(mount_parse_volume, "/a:/b:", "0 /a /b -");
        mount_is(mount_parse_volume, "/a:/b:U,O", "0 /a /b - chown overlay");
        mount_is(mount_parse_volume, "/a:/b:ro,,z", "0 /a /b ro,z");
        mount_is(mount_parse_volume, "/a:/b:size=1m",
                 "option 'size' does not go with this type of mount");
        mount_is(mount_parse_volume, "/a:/b:ro=1", "option 'ro' takes no value");
        mount_is(mount_parse_volume, "/a:b", "the path in the container, 'b', is not absolute");
        mount_is(mount_parse_volume, "", "the path in the container, '', is not absolute");
        mount_is(mount_parse_volume, "/a:/b/..",
                 "the container's root directory cannot be a mount's target");
        mount_is(mount_parse_volume, ".hidden:/b", "0 .hidden /b -");
        mount_is(mount_parse_volume, "_x:/b",
                 "'_x' is neither a path (which begins with / or .) nor a volume's name");
}

static void test_mount(void)
{
        mount_is(mount_parse_mount, "type=bind,source=/a,target=/b,readonly", "0 /a /b ro");
        mount_is(mount_parse_mount, "source=v,target=/b", "2 v /b -");
        mount_is(mount_parse_mount, "target=/b", "3 - /b -");
        mount_is(mount_parse_mount, "src=/a,dst=/b,type=bind,ro=false", "0 /a /b rw");
        mount_is(mount_parse_mount, "type=tmpfs,dst=/b,tmpfs-size=50%,notmpcopyup",
                 "1 - /b size=50%,notmpcopyup");
        mount_is(mount_parse_mount, "type=tmpfs,dst=/b,tmpfs-size=", "option 'size' needs a value");
        mount_is(mount_parse_mount, "type=bind,\"source=/a,b\",dst=/c", "0 /a,b /c -");
        mount_is(mount_parse_mount, "type=bind,\"source=/a\"\"b\",dst=/c", "0 /a\"b /c -");
        mount_is(mount_parse_mount, "type=bind,\"source=/a\"b,dst=/c",
                 "text behind a quoted field: 'b,dst=/c'");
        mount_is(mount_parse_mount, "type=bind,src=/a,dst=/b,consistency=cached,U=true",
                 "0 /a /b - chown");
        mount_is(mount_parse_mount, "type=bind,src=/a,dst=/b,idmap", "0 /a /b - idmap()");
        mount_is(mount_parse_mount, "type=bind,src=/a,dst=/b,idmap=false", "0 /a /b -");
        mount_is(mount_parse_mount, "type=bind,src=/a,dst=/b,idmap=gids=1-2-3;uids=@4-5-6#7-8-9",
                 "0 /a /b - idmap(gids=1-2-3;uids=@4-5-6#7-8-9)");
        mount_is(mount_parse_mount, "type=bind,src=/a,dst=/b,idmap,U",
                 "options 'idmap' and 'U' exclude each other");
        mount_is(mount_parse_mount, "type=bind,src=/a,dst=/b,bind-propagation=far",
                 "unknown option 'far'");
        mount_is(mount_parse_mount, "type=bind,src=/a,dst=/b,", "unknown option ''");
        mount_is(mount_parse_mount, "", "unknown option ''");
        mount_is(mount_parse_mount, "type=volume,dst", "option 'dst' needs a value");
}

static void test_tmpfs(void)
{
        mount_is(mount_parse_tmpfs, "/t", "1 - /t -");
        mount_is(mount_parse_tmpfs, "/t:size=1g,mode=1777,exec", "1 - /t size=1g,mode=1777,exec");
        mount_is(mount_parse_tmpfs, "/t:O", "option 'O' does not go with this type of mount");
}

static void device_is(const char *text, const char *expected)
{
        AUTO_DEVICE struct spec_device device = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *got = NULL;

        if (device_parse(text, &device, &err) < 0) {
                check_str(err.message, expected, text);
                return;
        }
        got = str_format("%s %s %s", device.host, device.container, device.rights);
        check_str(got, expected, text);
}

static void test_device(void)
{
        device_is("/dev/a", "/dev/a /dev/a rwm");
        device_is("/dev/a:r", "/dev/a /dev/a r");
        device_is("/dev/a:/dev/b", "/dev/a /dev/b rwm");
        device_is("/dev/a:/dev/b:wm", "/dev/a /dev/b wm");
        device_is("/dev/a:/dev/b:", "rights '' are not some of r, w and m");
        device_is("/dev/a:/dev/b:rwmr", "rights 'rwmr' are not some of r, w and m");
        device_is("/dev/a:dev/b:r", "a device's path must be absolute");
        device_is("/a:/b:r:w", "not of the form HOST[:CONTAINER][:RIGHTS]");
        check(device_check_rule("c 1:3 rwm", NULL) == 0 && device_check_rule("a *:* m", NULL) == 0,
              "rules with numbers and stars");
        check(device_check_rule("c 1:3", NULL) < 0 && device_check_rule("c 1: r", NULL) < 0 &&
                      device_check_rule("c :1 r", NULL) < 0 &&
                      device_check_rule("cc 1:1 r", NULL) < 0 &&
                      device_check_rule("c 1x:1 r", NULL) < 0 && device_check_rule("", NULL) < 0,
              "and what is none");
}

static void test_nodes(void)
{
        struct spec_device zero = { .host = (char[]){ "/dev/zero" },
                                    .container = (char[]){ "/dev/nothing" },
                                    .rights = (char[]){ "r" } };
        AUTO_NODES struct device_nodes nodes = { 0 }, all = { 0 };
        AUTO_ERROR struct error err = { 0 };
        struct stat st;
        bool plain = true;

        check(stat("/dev/zero", &st) == 0 && device_find_nodes(&zero, &nodes, &err) == 0 &&
                      nodes.count == 1,
              "one node for a device");
        check(nodes.count && nodes.items[0].type == 'c' && nodes.items[0].major == 1 &&
                      nodes.items[0].minor == 5 && nodes.items[0].mode == (st.st_mode & 07777) &&
                      nodes.items[0].uid == st.st_uid && nodes.items[0].gid == st.st_gid,
              "with the numbers, mode and owner it has here");
        check_str(nodes.count ? nodes.items[0].path : NULL, "/dev/nothing", "at its place inside");
        check(device_find_all("/dev", &all, &err) == 0, "all devices are found");
        for (size_t i = 0; i < all.count; i++)
                plain = plain && !str_equal(all.items[i].path, "/dev/null") &&
                        !str_equal(all.items[i].path, "/dev/tty1") &&
                        !str_has_prefix(all.items[i].path, "/dev/pts/");
        check(plain, "but terminals and what the runtime makes itself");
}

int main(void)
{
        test_volume();
        test_mount();
        test_tmpfs();
        test_device();
        test_nodes();
        return tap_done();
}
