/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../../src/base/io.h"
#include "../../src/base/json.h"
#include "../../src/volume/volume.h"
#include "../tap.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
        MAKERS = 6,
        MAKER_ROUNDS = 100
};

static char *work; /* a directory of our own, in the place of the store's */

/* NULL where it is right, else the message. */
static char *read_volume(const char *text, struct volume *ret)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_JSON struct json_object *object = NULL;

        if (json_parse(text, strlen(text), "test", &object, &err) < 0 ||
            volume_from_json(object, ret, &err) < 0)
                return str_dup(err.message);
        return NULL;
}

static void test_definitions(void)
{
        static const char text[] =
                "{\"Name\":\"data\",\"Driver\":\"local\",\"CreatedAt\":\"2026-01-02T03:04:05Z\","
                "\"Labels\":{\"a\":\"b=c\",\"d\":\"\"},\"Options\":{\"type\":\"ext4\",\"device\":"
                "\"/dev/sdx1\",\"o\":\"noatime,uid=who,ro\",\"nocopy\":\"\"},\"UID\":7}";
        AUTO_VOLUME struct volume volume = VOLUME_NONE;
        AUTO_FREE char *message = read_volume(text, &volume), *again = NULL, *words = NULL;
        AUTO_JSON struct json_object *object = NULL;

        check_str(message, NULL, "a volume with everything");
        object = volume_to_json(&volume);
        again = json_text(object, false);
        check_str(again, text, "is written as it was read");
        check(volume.uid == 7 && volume.gid == -1, "the owner is who it was, not who it would be");
        words = strv_join(&volume.words, ",");
        check_str(words, "noatime,ro", "mount options are without the owner");
        check(volume.no_copy, "nocopy");
        check_str(volume.device, "/dev/sdx1", "device");
}

static void volume_fails(const char *text, const char *expected)
{
        AUTO_VOLUME struct volume volume = VOLUME_NONE;
        AUTO_FREE char *message = read_volume(text, &volume);

        check_str(message, expected, text);
}

static void test_broken_definitions(void)
{
        volume_fails("[]", "no object");
        volume_fails("{}", "\"Name\" is no volume's name");
        volume_fails("{\"Name\":\"../x\"}", "\"Name\" is no volume's name");
        volume_fails("{\"Name\":\"a\",\"Driver\":\"nfs\"}",
                     "\"Driver\" is neither local nor image");
        volume_fails("{\"Name\":\"a\",\"Labels\":{\"x\":1}}", "\"Labels\" is no map of strings");
        volume_fails("{\"Name\":\"a\",\"UID\":4294967295}",
                     "\"UID\" is no number of a user or group");
        volume_fails("{\"Name\":\"a\",\"ImageID\":\"../../x\"}", "\"ImageID\" is no id");
        volume_fails("{\"Name\":\"a\",\"Options\":{\"o\":\"size=1G\"}}",
                     "size=1G: directories have no quota here; say type=tmpfs, or mount a file "
                     "system of that size");
}

/* The options as words with blanks in between; what they say, or the message. */
static void options_are(const char *text, const char *expected)
{
        AUTO_VOLUME struct volume volume = VOLUME_NONE;
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *words = NULL, *got = NULL;

        strv_split(&volume.options, text, " ", false);
        if (volume_read_options(&volume, &err) < 0) {
                check_str(err.message, expected, text);
                return;
        }
        words = strv_join(&volume.words, "|");
        got = str_format("%s %s %lld:%lld %s", volume.type ? volume.type : "-",
                         volume.device ? volume.device : "-", (long long)volume.uid,
                         (long long)volume.gid, words);
        check_str(got, expected, text);
}

static void test_options(void)
{
        options_are("type=tmpfs device=tmpfs o=size=2M,uid=1000,gid=1",
                    "tmpfs tmpfs 1000:1 size=2M");
        options_are("type=tmpfs", "tmpfs - -1:-1 ");
        options_are("o=uid=root", "- - 0:-1 ");
        options_are("o=context=\"a,b\",ro type=ext4 device=LABEL=x",
                    "ext4 LABEL=x -1:-1 context=a,b|ro");
        options_are("o=bind device=/srv", "- /srv -1:-1 bind");
        options_are("o=nodev,noexec", "- - -1:-1 nodev|noexec");
        options_are("o=noquota,timeout=10", "- - -1:-1 ");
        options_are("o=timeout=soon", "timeout=soon: not a number of seconds");
        options_are("o=\"a", "o=: a quote does not end");
        options_are("type=ext4", "type=ext4 needs device=");
        options_are("device=/dev/x", "device=/dev/x needs type=");
        options_are("type=bind device=srv", "device=srv: not an absolute path");
        options_are("type=../x device=/dev/x", "type=../x: not a file system");
        options_are("image=x", "the option image= is for the driver image");
        options_are("size=1", "unknown option 'size' (known: copy, device, image, nocopy, o and "
                              "type)");
        options_are("o=fast", "the option 'fast' has no meaning for a directory");
        options_are("o=uid=no-such-user-here", "this machine has no user 'no-such-user-here'");
        options_are("o=gid=no-such-group-here", "this machine has no group 'no-such-group-here'");
        options_are("o=uid=4294967295", "this machine has no user '4294967295'");
        options_are("o=uid=-1", "this machine has no user '-1'");
}

static void test_names(void)
{
        AUTO_FREE char *longest = str_format("%0200d", 1), *longer = str_format("%0201d", 1);

        check(volume_name_valid("a") && volume_name_valid("A_b.c-0") && volume_name_valid(longest),
              "names");
        check(!volume_name_valid("") && !volume_name_valid(".a") && !volume_name_valid("..") &&
                      !volume_name_valid("a/b") && !volume_name_valid("-a") &&
                      !volume_name_valid("a b") && !volume_name_valid("_data") &&
                      !volume_name_valid(longer),
              "no names");
}

static int make(const char *name, struct error *err)
{
        AUTO_VOLUME struct volume volume = VOLUME_NONE;

        volume.name = str_dup(name);
        return volume_create(work, &volume, err);
}

static void test_store(void)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_STRV struct strv names = { 0 };
        AUTO_FREE char *found = NULL, *directory = str_format("%s/volumes", work);
        AUTO_VOLUME struct volume volume = VOLUME_NONE;
        struct stat st;

        check(volume_list(work, &names, &err) == 0 && names.count == 0, "no store is no volume");
        check(make("two", &err) == 0 && make("one", &err) == 0 && make("onesie", &err) == 0,
              "volumes are made");
        check(make("one", &err) < 0 && err.code == EEXIST, "but once");
        error_clear(&err);
        check(stat(directory, &st) == 0 && (st.st_mode & 0777) == 0700, "nobody else looks in");
        volume_list(work, &names, &err);
        check(names.count == 3 && str_equal(names.items[0], "one") &&
                      str_equal(names.items[2], "two"),
              "all are listed, in order");
        check(volume_resolve(work, "one", &found, &err) == 0, "a name wins over longer ones");
        free(steal_str(&found));
        check(volume_resolve(work, "t", &found, &err) == 0 && str_equal(found, "two"),
              "a beginning is enough");
        free(steal_str(&found));
        check(volume_resolve(work, "on", &found, &err) < 0 && err.code == EEXIST,
              "where it is only one's");
        error_clear(&err);
        check(volume_resolve(work, "", &found, &err) < 0 && err.code == ENOENT, "nothing is none");
        error_clear(&err);
        check(volume_load(work, "two", &volume, &err) == 0 && volume.created, "it is loaded");
        check(volume_load(work, "../volumes/two", &volume, &err) < 0 && err.code == ENOENT,
              "a path is no name");
        error_clear(&err);
}

static void test_foreign_definition(void)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_VOLUME struct volume volume = VOLUME_NONE;
        AUTO_FREE char *path = str_format("%s/volumes/two/volume.json", work);
        static const char text[] = "{\"Name\":\"one\"}";

        io_write_file(AT_FDCWD, path, text, strlen(text), 0600, IO_NO_SYNC, NULL);
        check(volume_load(work, "two", &volume, &err) < 0 &&
                      str_has_suffix(err.message, "the volume's name is 'one' there"),
              "a definition of another is refused");
}

static void test_locks_and_removal(void)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_CLOSE int lock = volume_lock(work, "one", &err);
        AUTO_FREE char *left = str_format("%s/volumes/.new.left.1/_data", work);
        AUTO_FREE char *parent = str_format("%s/volumes/.new.left.1", work);
        int second;

        check(lock >= 0, "it is locked");
        second = volume_lock(work, "one", &err);
        check(second < 0 && err.code == EWOULDBLOCK, "by one alone");
        error_clear(&err);
        check(volume_content(lock) == VOLUME_NEW, "it is new");
        check(volume_set_content(lock, VOLUME_BROKEN, &err) == 0 &&
                      volume_content(lock) == VOLUME_BROKEN,
              "being filled");
        check(volume_set_content(lock, VOLUME_FULL, &err) == 0 &&
                      volume_content(lock) == VOLUME_FULL,
              "full");
        check(volume_remove(work, "one", lock, &err) == 0, "it is removed");
        second = volume_lock(work, "one", &err);
        check(second < 0 && err.code == ENOENT, "and gone");
        error_clear(&err);
        io_make_dirs(AT_FDCWD, left, 0700, NULL);
        check(make("one", &err) == 0, "and can be made again");
        check(access(parent, F_OK) < 0, "what somebody did not finish is swept");
}

/* Volumes of its own, made and removed; whoever makes one sweeps what others do not hold. */
static int make_and_remove(unsigned number)
{
        AUTO_FREE char *name = str_format("many%u", number);

        for (int i = 0; i < MAKER_ROUNDS; i++) {
                AUTO_ERROR struct error err = { 0 };
                AUTO_CLOSE int lock = -1;

                if (make(name, &err) < 0 || (lock = volume_lock(work, name, &err)) < 0 ||
                    volume_remove(work, name, lock, &err) < 0) {
                        printf("# %s\n", err.message);
                        fflush(stdout);
                        return EXIT_FAILURE;
                }
        }
        return EXIT_SUCCESS;
}

static void test_makers_side_by_side(void)
{
        int failed = 0, status;

        fflush(stdout);
        for (unsigned i = 0; i < MAKERS; i++)
                if (fork() == 0)
                        _exit(make_and_remove(i));
        while (wait(&status) > 0)
                failed += status != 0;
        check(failed == 0, "makers do not sweep each other's work");
}

int main(void)
{
        char directory[] = "/tmp/crunit-test-volume.XXXXXX";

        if (!mkdtemp(directory))
                return EXIT_FAILURE;
        work = directory;
        test_definitions();
        test_broken_definitions();
        test_options();
        test_names();
        test_store();
        test_foreign_definition();
        test_locks_and_removal();
        test_makers_side_by_side();
        io_remove_tree(AT_FDCWD, directory, NULL);
        return tap_done();
}
