/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device.h"

#include "cdi.h"
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum {
        DEVICE_DEPTH_MAX = 8 /* of directories below one that was given */
};

static bool device_rights_valid(const char *text)
{
        return *text && strlen(text) <= 3 && !text[strspn(text, "rwm")];
}

int device_parse(const char *text, struct spec_device *ret, struct error *err)
{
        AUTO_STRV struct strv parts = { 0 };
        const char *inside, *rights = "rwm";

        if (cdi_name_valid(text)) {
                *ret = (struct spec_device){ .host = str_dup(text) };
                return 0;
        }
        strv_split(&parts, text, ":", true);
        if (parts.count > 3)
                return error_set(err, EINVAL, "not of the form HOST[:CONTAINER][:RIGHTS]");
        inside = parts.items[0];
        if (parts.count == 3) {
                inside = parts.items[1];
                rights = parts.items[2];
        } else if (parts.count == 2 && parts.items[1][0] == '/') {
                inside = parts.items[1];
        } else if (parts.count == 2) {
                rights = parts.items[1];
        }
        if (!device_rights_valid(rights))
                return error_set(err, EINVAL, "rights '%s' are not some of r, w and m", rights);
        if (parts.items[0][0] != '/' || inside[0] != '/') {
                if (strchr(parts.items[0], '=') && parts.items[0][0] != '/')
                        return error_set(err, EINVAL,
                                         "not a device's name (VENDOR/CLASS=NAME, without more)");
                return error_set(err, EINVAL, "a device's path must be absolute");
        }
        *ret = (struct spec_device){ .host = path_clean(parts.items[0]),
                                     .container = path_clean(inside),
                                     .rights = str_dup(rights) };
        return 0;
}

void device_free(struct spec_device *device)
{
        free(device->host);
        free(device->container);
        free(device->rights);
        *device = (struct spec_device){ 0 };
}

static bool device_number_valid(const char *text, size_t length)
{
        return (length == 1 && *text == '*') ||
               (length > 0 && length <= 10 && strspn(text, "0123456789") >= length);
}

int device_check_rule(const char *text, struct error *err)
{
        AUTO_STRV struct strv words = { 0 };
        const char *colon;

        strv_split(&words, text, " ", false);
        if (words.count != 3 || strlen(words.items[0]) != 1 || !strchr("abc", words.items[0][0]))
                return error_set(err, EINVAL,
                                 "not of the form TYPE MAJOR:MINOR RIGHTS, with type a, b or c");
        colon = strchr(words.items[1], ':');
        if (!colon || !device_number_valid(words.items[1], (size_t)(colon - words.items[1])) ||
            !device_number_valid(colon + 1, strlen(colon + 1)))
                return error_set(err, EINVAL, "'%s' is not MAJOR:MINOR, each a number or *",
                                 words.items[1]);
        if (!device_rights_valid(words.items[2]))
                return error_set(err, EINVAL, "rights '%s' are not some of r, w and m",
                                 words.items[2]);
        return 0;
}

static void device_add_node(struct device_nodes *nodes, const char *path, const char *rights,
                            const struct stat *st)
{
        nodes->items = alloc_grow(nodes->items, nodes->count + 1, sizeof *nodes->items);
        nodes->items[nodes->count++] = (struct device_node){
                .path = str_dup(path),
                .type = S_ISBLK(st->st_mode) ? 'b' : 'c',
                .major = major(st->st_rdev),
                .minor = minor(st->st_rdev),
                .mode = st->st_mode & 07777,
                .uid = st->st_uid,
                .gid = st->st_gid,
                .rights = rights,
        };
}

/* What the runtime puts into each /dev by itself. */
static bool device_is_runtimes(const char *name)
{
        static const char *const names[] = { "pts",  "shm",   "mqueue", "console", "ptmx",
                                             "fd",   "stdin", "stdout", "stderr",  "core",
                                             "null", "zero",  "full",   "random",  "urandom",
                                             "tty",  ".lxc",  ".udev" };

        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
                if (str_equal(names[i], name))
                        return true;
        return false;
}

/* Whether --privileged passes it over: terminals belong to somebody. */
static bool device_is_private(const char *name, unsigned depth)
{
        const char *rest = str_after(name, "tty");

        return depth == 0 && (device_is_runtimes(name) || (rest && *rest >= '0' && *rest <= '9'));
}

/* A directory being walked. */
struct device_walk {
        struct device_nodes *nodes;
        const char *rights;
        bool is_dev; /* all of /dev for --privileged */
};

static int device_walk_directory(const struct device_walk *walk, int parent, const char *name,
                                 const char *inside, unsigned depth, struct error *err)
{
        AUTO_CLOSE int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        AUTO_CLOSEDIR DIR *dir = NULL;
        struct dirent *entry;

        if (fd < 0 || !(dir = fdopendir(fd)))
                return error_errno(err, errno, "reading directory %s", name);
        fd = -1; /* the stream's now */
        while ((entry = readdir(dir))) {
                AUTO_FREE char *path = str_format("%s/%s", inside, entry->d_name);
                struct stat st;

                if (str_equal(entry->d_name, ".") || str_equal(entry->d_name, "..") ||
                    (walk->is_dev && device_is_private(entry->d_name, depth)) ||
                    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        continue;
                if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
                        device_add_node(walk->nodes, path, walk->rights, &st);
                else if (S_ISDIR(st.st_mode) && depth < DEVICE_DEPTH_MAX &&
                         device_walk_directory(walk, dirfd(dir), entry->d_name, path, depth + 1,
                                               err) < 0)
                        return -1;
        }
        return 0;
}

static int device_compare(const void *a, const void *b)
{
        return strcmp(((const struct device_node *)a)->path, ((const struct device_node *)b)->path);
}

/* What a file of CDI says takes the place of what the host's device has. */
static void device_set_owner(const struct spec_device *device, struct stat *st)
{
        if (device->mode >= 0)
                st->st_mode = (st->st_mode & (mode_t)S_IFMT) | (device->mode & 07777);
        if (device->uid >= 0)
                st->st_uid = (uid_t)device->uid;
        if (device->gid >= 0)
                st->st_gid = (gid_t)device->gid;
}

int device_find_nodes(const struct spec_device *device, struct device_nodes *nodes,
                      struct error *err)
{
        struct device_walk walk = { .nodes = nodes, .rights = device->rights };
        size_t first = nodes->count;
        struct stat st;

        if (stat(device->host, &st) < 0)
                return error_errno(err, errno, "--device %s", device->host);
        if (S_ISDIR(st.st_mode)) {
                if (device_walk_directory(&walk, AT_FDCWD, device->host, device->container, 0,
                                          err) < 0)
                        return error_wrap(err, "--device %s", device->host);
                if (nodes->count == first)
                        return error_set(err, ENODEV, "--device %s: no device in this directory",
                                         device->host);
                qsort(nodes->items + first, nodes->count - first, sizeof *nodes->items,
                      device_compare);
                return 0;
        }
        if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
                return error_set(err, ENODEV, "--device %s: not a device", device->host);
        if (device->owned)
                device_set_owner(device, &st);
        device_add_node(nodes, device->container, device->rights, &st);
        return 0;
}

int device_find_all(const char *dev, struct device_nodes *nodes, struct error *err)
{
        struct device_walk walk = { .nodes = nodes, .rights = "rwm", .is_dev = true };

        if (device_walk_directory(&walk, AT_FDCWD, dev, "/dev", 0, err) < 0)
                return -1;
        if (nodes->count)
                qsort(nodes->items, nodes->count, sizeof *nodes->items, device_compare);
        return 0;
}

void device_nodes_free(struct device_nodes *nodes)
{
        for (size_t i = 0; i < nodes->count; i++)
                free(nodes->items[i].path);
        free(nodes->items);
        *nodes = (struct device_nodes){ 0 };
}
