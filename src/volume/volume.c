/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume.h"

#include "../base/io.h"
#include "../base/json.h"
#include "../base/stamp.h"

#include <dirent.h>
#include <sys/file.h>
#include <sys/stat.h>

enum {
        VOLUME_NAME_MAX = 200,        /* letters; `.gone.` and a number have to fit as well */
        VOLUME_FILE_MAX = 1024 * 1024 /* bytes of volume.json */
};

void volume_free(struct volume *volume)
{
        free(volume->name);
        free(volume->created);
        strv_free(&volume->labels);
        strv_free(&volume->options);
        free(volume->image_id);
        free(volume->type);
        free(volume->device);
        free(volume->image);
        strv_free(&volume->words);
        *volume = (struct volume)VOLUME_NONE;
}

bool volume_name_valid(const char *name)
{
        static const char letters[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

        return *name && !strchr("_.-", *name) && strlen(name) <= VOLUME_NAME_MAX &&
               !name[strspn(name, letters)];
}

int volume_check_name(const char *name, struct error *err)
{
        if (volume_name_valid(name))
                return 0;
        return error_set(err, EINVAL,
                         "'%s' cannot be a volume's name: letters, digits and _.- can, with a "
                         "letter or digit in front",
                         name);
}

const char *volume_driver_name(enum volume_driver driver)
{
        return driver == VOLUME_IMAGE ? "image" : "local";
}

static bool volume_lists_equal(const struct strv *a, const struct strv *b)
{
        if (a->count != b->count)
                return false;
        for (size_t i = 0; i < a->count; i++)
                if (!strv_contains(b, a->items[i]))
                        return false;
        return true;
}

bool volume_equal(const struct volume *a, const struct volume *b)
{
        return a->driver == b->driver && a->uid == b->uid && a->gid == b->gid &&
               volume_lists_equal(&a->labels, &b->labels) &&
               volume_lists_equal(&a->options, &b->options);
}

char *volume_directory(const char *storage, const char *name)
{
        return str_format("%s/volumes/%s", storage, name);
}

char *volume_data(const char *storage, const char *name)
{
        return str_format("%s/volumes/%s/_data", storage, name);
}

/* ENOENT with the words for people. */
static int volume_missing(const char *name, struct error *err)
{
        return error_set(err, ENOENT, "there is no volume '%s'", name);
}

int volume_load(const char *storage, const char *name, struct volume *ret, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/volumes/%s/volume.json", storage, name);
        AUTO_JSON struct json_object *object = NULL;
        AUTO_VOLUME struct volume volume = VOLUME_NONE;
        AUTO_ERROR struct error reason = { 0 };

        if (!volume_name_valid(name))
                return volume_missing(name, err);
        if (json_read_file(AT_FDCWD, path, VOLUME_FILE_MAX, &object, &reason) < 0) {
                if (reason.code == ENOENT)
                        return volume_missing(name, err);
                return error_set(err, reason.code, "%s", reason.message);
        }
        if (volume_from_json(object, &volume, err) < 0)
                return error_wrap(err, "%s", path);
        if (!str_equal(volume.name, name))
                return error_set(err, EBADMSG, "%s: the volume's name is '%s' there", path,
                                 volume.name);
        *ret = volume;
        volume = (struct volume)VOLUME_NONE;
        return 0;
}

static int volume_compare_names(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

int volume_list(const char *storage, struct strv *ret, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/volumes", storage);
        AUTO_CLOSEDIR DIR *dir = opendir(path);
        struct dirent *entry;

        if (!dir && errno == ENOENT)
                return 0;
        if (!dir)
                return error_errno(err, errno, "cannot open %s", path);
        while ((entry = readdir(dir)))
                if (volume_name_valid(entry->d_name))
                        strv_append(ret, entry->d_name);
        if (ret->count)
                qsort(ret->items, ret->count, sizeof *ret->items, volume_compare_names);
        return 0;
}

int volume_resolve(const char *storage, const char *text, char **ret, struct error *err)
{
        AUTO_STRV struct strv names = { 0 };
        const char *found = NULL;

        if (volume_list(storage, &names, err) < 0)
                return -1;
        if (!strv_contains(&names, text)) {
                for (size_t i = 0; i < names.count; i++) {
                        if (!*text || !str_has_prefix(names.items[i], text))
                                continue;
                        if (found)
                                return error_set(err, EEXIST,
                                                 "the names of several volumes begin with '%s': "
                                                 "%s, %s",
                                                 text, found, names.items[i]);
                        found = names.items[i];
                }
                if (!found)
                        return volume_missing(text, err);
        }
        *ret = str_dup(found ? found : text);
        return 0;
}

/* --- made and removed as a whole */

static char *volume_hidden_name(const char *what, const char *name)
{
        AUTO_FREE char *random = stamp_new_id(16);

        return str_format(".%s.%s.%s", what, name, random);
}

/* What others did not finish. Whoever has a hidden directory in work holds volumes/ shared, so
 * alone there is nobody left to finish one; while others work it waits for a later one. */
static void volume_sweep(const char *path)
{
        AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        AUTO_CLOSEDIR DIR *dir = NULL;
        struct dirent *entry;

        if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
                return;
        dir = fdopendir(fd);
        if (dir)
                fd = -1;
        while (dir && (entry = readdir(dir)))
                if (str_has_prefix(entry->d_name, ".new.") ||
                    str_has_prefix(entry->d_name, ".gone."))
                        io_remove_tree(dirfd(dir), entry->d_name, NULL);
}

/* volumes/ for one who is about to have a hidden directory there. */
static int volume_open_all(const char *path, struct error *err)
{
        AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                return error_errno(err, errno, "cannot open %s", path);
        while (flock(fd, LOCK_SH) < 0)
                if (errno != EINTR)
                        return error_errno(err, errno, "cannot lock %s", path);
        return steal_fd(&fd);
}

static int volume_write(int directory, const struct volume *volume, struct error *err)
{
        AUTO_JSON struct json_object *object = volume_to_json(volume);
        AUTO_FREE char *text = NULL;

        if (json_document(object, true, &text, err) < 0)
                return -1;
        return io_write_file(directory, "volume.json", text, strlen(text), 0600, IO_SYNC, err);
}

static int volume_make_data(int directory, const struct volume *volume, struct error *err)
{
        uid_t uid = volume->uid < 0 ? (uid_t)-1 : (uid_t)volume->uid;
        gid_t gid = volume->gid < 0 ? (gid_t)-1 : (gid_t)volume->gid;

        if (mkdirat(directory, "_data", 0755) < 0 || fchmodat(directory, "_data", 0755, 0) < 0 ||
            fchownat(directory, "_data", uid, gid, 0) < 0)
                return error_errno(err, errno, "cannot make its data directory");
        if (volume->driver == VOLUME_IMAGE &&
            (mkdirat(directory, "upper", 0755) < 0 || fchmodat(directory, "upper", 0755, 0) < 0 ||
             mkdirat(directory, "work", 0700) < 0))
                return error_errno(err, errno, "cannot make its writable layer");
        return volume_set_content(directory, VOLUME_NEW, err);
}

static int volume_make_hidden(int volumes, const char *hidden, struct error *err)
{
        AUTO_CLOSE int fd = -1;

        if (mkdirat(volumes, hidden, 0700) < 0)
                return error_errno(err, errno, "cannot make its directory");
        fd = openat(volumes, hidden, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return error_errno(err, errno, "cannot open its directory");
        return steal_fd(&fd);
}

/* All that is in it, under the hidden name. */
static int volume_make(int volumes, int directory, const char *hidden, const struct volume *volume,
                       struct error *err)
{
        if (volume_make_data(directory, volume, err) < 0 ||
            volume_write(directory, volume, err) < 0)
                return -1;
        if (fsync(directory) < 0)
                return error_errno(err, errno, "cannot sync its directory");
        if (renameat2(volumes, hidden, volumes, volume->name, RENAME_NOREPLACE) < 0) {
                if (errno == EEXIST)
                        return error_set(err, EEXIST, "it exists already");
                return error_errno(err, errno, "cannot name its directory");
        }
        return fsync(volumes) < 0 ? error_errno(err, errno, "cannot sync %s", "volumes") : 0;
}

int volume_create(const char *storage, struct volume *volume, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/volumes", storage);
        AUTO_FREE char *hidden = volume_hidden_name("new", volume->name);
        AUTO_CLOSE int volumes = -1, directory = -1;

        if (io_make_dirs(AT_FDCWD, storage, 0755, err) < 0)
                return -1;
        if (mkdir(path, 0700) < 0 && errno != EEXIST)
                return error_errno(err, errno, "cannot make %s", path);
        volume_sweep(path);
        volumes = volume_open_all(path, err);
        if (volumes < 0)
                return -1;
        free(volume->created);
        volume->created = stamp_now();
        directory = volume_make_hidden(volumes, hidden, err);
        if (directory < 0)
                return error_wrap(err, "volume '%s'", volume->name);
        if (volume_make(volumes, directory, hidden, volume, err) < 0) {
                io_remove_tree(volumes, hidden, NULL);
                return error_wrap(err, "volume '%s'", volume->name);
        }
        return 0;
}

/* Lock the directory that has the name now: it may have been removed, and made again, between open
 * and lock. */
int volume_lock(const char *storage, const char *name, struct error *err)
{
        AUTO_FREE char *path = volume_directory(storage, name);

        for (;;) {
                AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

                if (fd < 0)
                        return errno == ENOENT ? volume_missing(name, err)
                                               : error_errno(err, errno, "cannot open %s", path);
                if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                        return error_errno(err, errno, "cannot lock volume '%s'", name);
                if (io_is_named(AT_FDCWD, path, fd))
                        return steal_fd(&fd);
        }
}

int volume_remove(const char *storage, const char *name, int lock, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/volumes", storage);
        AUTO_FREE char *gone = volume_hidden_name("gone", name);
        AUTO_CLOSE int volumes = volume_open_all(path, err);

        (void)lock; /* what it holds goes on to be held under the other name */
        /* Durable before anything in it is gone, so that it never comes back without. */
        if (volumes < 0)
                return -1;
        if (renameat(volumes, name, volumes, gone) < 0 || fsync(volumes) < 0)
                return error_errno(err, errno, "cannot remove volume '%s'", name);
        if (io_remove_tree(volumes, gone, err) < 0)
                return error_wrap(err, "removing volume '%s'", name);
        return 0;
}

/* --- what is in it */

enum volume_content volume_content(int lock)
{
        if (faccessat(lock, "filling", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                return VOLUME_BROKEN;
        return faccessat(lock, "new", F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? VOLUME_NEW : VOLUME_FULL;
}

int volume_refuse_half(const char *name, struct error *err)
{
        return error_set(err, EBADMSG,
                         "volume '%s' has half a content, for filling it was interrupted: `crunit "
                         "volume import` fills it anew, and so does a container that has all of it "
                         "for writing",
                         name);
}

int volume_set_content(int lock, enum volume_content content, struct error *err)
{
        static const char *const marks[] = { [VOLUME_NEW] = "new", [VOLUME_BROKEN] = "filling" };

        if (content != VOLUME_FULL) {
                AUTO_CLOSE int mark = openat(lock, marks[content],
                                             O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

                if (mark < 0)
                        return error_errno(err, errno, "cannot write its mark");
        }
        for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
                if ((content == VOLUME_FULL || i != content) && unlinkat(lock, marks[i], 0) < 0 &&
                    errno != ENOENT)
                        return error_errno(err, errno, "cannot remove its mark");
        if (fsync(lock) < 0)
                return error_errno(err, errno, "cannot sync its directory");
        return 0;
}
