/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Users of an image, and the environment. */
#include "src/base/io.h"
#include "src/container/environment.h"
#include "src/container/user.h"
#include "tests/tap.h"

#include <err.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static void put(int dir, const char *path, const char *text)
{
        AUTO_ERROR struct error error = { 0 };

        if (io_write_file(dir, path, text, strlen(text), 0644, IO_NO_SYNC, &error) < 0)
                errx(2, "%s", error.message);
}

static void user_is(int root, const char *text, const char *extra, const char *expected)
{
        AUTO_STRV struct strv groups = { 0 };
        AUTO_STRBUF struct strbuf got = { 0 };
        AUTO_ERROR struct error error = { 0 };
        AUTO_USER struct user user = { 0 };

        strv_split(&groups, extra, " ", false);
        if (user_find(root, text, &groups, &user, &error) < 0) {
                check_str(error.message, expected, text);
                return;
        }
        strbuf_appendf(&got, "%u:%u %s%s", user.uid, user.gid, user.home,
                       user.known ? "" : " unknown");
        for (size_t i = 0; i < user.group_count; i++)
                strbuf_appendf(&got, " %u", user.groups[i]);
        check_str(got.data, expected, text ? text : "(none)");
}

static void test_user(int root)
{
        put(root, "etc/passwd",
            "root:x:0:0:root:/root:/bin/sh\n"
            "# a line that is none\n"
            "broken:x:many:0::/:\n"
            "short:x:9:9\n"
            "web:x:33:33:web:/var/www:/sbin/nologin\n"
            "twin:x:33:44::/twin:\n"
            "1000:x:7:8::/number:\n"
            "last:x:77:78::/last:/bin/sh");
        put(root, "etc/group",
            "root:x:0:\nbroken\nmail:x:8:web,root\nlog:x:4:web\n"
            "again:x:8:web\n55:x:66:\nempty:x:12\n");
        user_is(root, NULL, "", "0:0 /root 8");
        user_is(root, "", "", "0:0 /root 8");
        user_is(root, "web", "", "33:33 /var/www 8 4");
        user_is(root, "33", "", "33:33 /var/www 8 4");
        user_is(root, "33", "log 9 mail", "33:33 /var/www 8 4 9");
        user_is(root, "web:log", "", "33:4 /var/www");
        user_is(root, "web:", "", "33:33 /var/www 8 4");
        user_is(root, ":log", "", "0:4 /root");
        user_is(root, "twin", "", "33:44 /twin");
        user_is(root, "1000", "", "7:8 /number");
        user_is(root, "web:55", "", "33:66 /var/www");
        user_is(root, "short", "", "9:9 /");
        user_is(root, "last", "", "77:78 /last");
        user_is(root, "4242", "", "4242:0 / unknown");
        user_is(root, "4242:4", "", "4242:4 / unknown");
        user_is(root, "4294967294", "", "4294967294:0 / unknown");
        user_is(root, "broken", "", "user broken: the image's /etc/passwd has no user 'broken'");
        user_is(root, "-1", "", "user -1: the image's /etc/passwd has no user '-1'");
        user_is(root, "web:nobody", "",
                "user web:nobody: the image's /etc/group has no group 'nobody'");
}

static void test_passwd(int root)
{
        struct user unknown = { .uid = 4242, .gid = 7 }, known = { .uid = 33, .known = true };
        AUTO_FREE char *text = NULL, *same = NULL, *bad = NULL;

        put(root, "etc/passwd", "root:x:0:0:root:/root:/bin/sh");
        check(user_passwd(root, &unknown, "/work", &text, NULL) == 0, "a line for a stranger");
        check_str(text,
                  "root:x:0:0:root:/root:/bin/sh\n4242:*:4242:7:container user:/work:/bin/sh\n",
                  "follows the image's own");
        check(user_passwd(root, &known, "/work", &same, NULL) == 0 && !same,
              "none for a user of the image");
        check(user_passwd(root, &unknown, "/a:b", &bad, NULL) == 0 && !bad,
              "none where the home would break the line");
}

/* An image may have no such files, or point out of itself. */
static void test_odd_images(int root)
{
        struct user stranger = { .uid = 5 };
        AUTO_FREE char *text = NULL;

        if (unlinkat(root, "etc/passwd", 0) < 0 || unlinkat(root, "etc/group", 0) < 0)
                err(2, "unlink");
        user_is(root, "5", "", "5:0 / unknown");
        check(user_passwd(root, &stranger, "/", &text, NULL) == 0 && !text,
              "without a passwd nobody is added to it");
        user_is(root, "root", "", "user root: the image's /etc/passwd has no user 'root'");
        if (symlinkat("../../../../../../etc/passwd", root, "etc/passwd") < 0)
                err(2, "symlink");
        user_is(root, "0", "",
                "user 0: opening the image's /etc/passwd: Too many levels of symbolic links");
        if (unlinkat(root, "etc/passwd", 0) < 0 || mkfifoat(root, "etc/passwd", 0600) < 0)
                err(2, "mkfifo");
        user_is(root, "5", "", "5:0 / unknown");
        /* One that never ends; opening others does harm. */
        if (unlinkat(root, "etc/passwd", 0) < 0)
                err(2, "unlink");
        if (mknodat(root, "etc/passwd", S_IFCHR | 0644, makedev(1, 5)) == 0)
                user_is(root, "5", "", "5:0 / unknown");
}

static void test_environment(void)
{
        AUTO_STRV struct strv list = { 0 }, host = { 0 };
        AUTO_FREE char *joined = NULL;
        AUTO_ERROR struct error error = { 0 };

        strv_split(&host, "HOME=/root LANG=C LANGUAGE=en", " ", false);
        environment_set(&list, "A=1");
        environment_set(&list, "AB=2");
        environment_set(&list, "A=3=4");
        environment_set(&list, "BARE");
        environment_apply(&list, "LANG*", host.items);
        environment_apply(&list, "NOT_THERE", host.items);
        environment_apply(&list, "HOME", host.items);
        environment_unset(&list, "AB");
        joined = strv_join(&list, "|");
        check_str(joined, "A=3=4|BARE=|LANG=C|LANGUAGE=en|HOME=/root", "set, replaced, taken over");
        check_str(environment_get(list.items, "A"), "3=4", "a value holds what follows");
        check(!environment_get(list.items, "AB") && !environment_get(NULL, "A"), "not there");
        environment_apply(&list, "*", host.items);
        check(list.count == 5, "a star alone is everything, once");
        check(environment_apply_file(&list, "X=1\nY Z=2\n", "file", NULL, &error) < 0,
              "a blank in a name");
        check_str(error.message, "file:2: the name 'Y Z' holds a blank", "is told with its line");
}

int main(void)
{
        char directory[] = "/tmp/test-user.XXXXXX";
        AUTO_ERROR struct error error = { 0 };
        AUTO_CLOSE int root = -1;

        if (!mkdtemp(directory))
                err(2, "mkdtemp");
        root = open(directory, O_DIRECTORY | O_CLOEXEC);
        if (root < 0 || mkdirat(root, "etc", 0755) < 0)
                err(2, "%s", directory);
        test_user(root);
        test_passwd(root);
        test_odd_images(root);
        test_environment();
        if (io_remove_tree(AT_FDCWD, directory, &error) < 0)
                errx(2, "%s", error.message);
        return tap_done();
}
