/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device-mount.h"

#include "../base/io.h"
#include "../base/spawn.h"
#include "loop.h"
#include "outside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* What belongs to the mount and not to the file system. */
static const struct device_flag {
        const char *word;
        unsigned attribute;
} device_flags[] = {
        { "ro", MOUNT_ATTR_RDONLY },
        { "nosuid", MOUNT_ATTR_NOSUID },
        { "nodev", MOUNT_ATTR_NODEV },
        { "noexec", MOUNT_ATTR_NOEXEC },
        { "noatime", MOUNT_ATTR_NOATIME },
        { "nodiratime", MOUNT_ATTR_NODIRATIME },
        { "nosymfollow", MOUNT_ATTR_NOSYMFOLLOW },
        { "strictatime", MOUNT_ATTR_STRICTATIME },
};

/* Words that say what is so anyway, or that only fstab(5) has a use for. */
static const char *const device_silent[] = {
        "defaults", "rw",   "suid",   "dev",    "exec",    "atime", "diratime",
        "relatime", "auto", "noauto", "nofail", "_netdev", "loop",  "nouser",
};

bool device_mount_takes_owner(const char *type)
{
        static const char *const types[] = { "tmpfs",   "vfat", "exfat", "ntfs3",
                                             "iso9660", "udf",  "hfs",   "hfsplus" };

        for (size_t i = 0; i < sizeof types / sizeof *types; i++)
                if (str_equal(types[i], type))
                        return true;
        return false;
}

static unsigned device_attribute(const char *word)
{
        for (size_t i = 0; i < sizeof device_flags / sizeof *device_flags; i++)
                if (str_equal(device_flags[i].word, word))
                        return device_flags[i].attribute;
        return 0;
}

static bool device_is_silent(const char *word)
{
        for (size_t i = 0; i < sizeof device_silent / sizeof *device_silent; i++)
                if (str_equal(device_silent[i], word))
                        return true;
        return str_has_prefix(word, "x-") || str_has_prefix(word, "X-") ||
               str_has_prefix(word, "comment=");
}

/* --- what is mounted */

static bool device_is_nfs(const char *type)
{
        return str_equal(type, "nfs") || str_equal(type, "nfs4");
}

/* The address of a server's name. */
static int device_resolve(const char *host, char **ret, struct error *err)
{
        const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
        struct addrinfo *found = NULL;
        char text[INET6_ADDRSTRLEN];
        int result = getaddrinfo(host, NULL, &hints, &found);

        if (result != 0)
                return error_set(err, EHOSTUNREACH, "the server '%s' has no address: %s", host,
                                 gai_strerror(result));
        result = getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, NULL, 0,
                             NI_NUMERICHOST);
        freeaddrinfo(found);
        if (result != 0)
                return error_set(err, EHOSTUNREACH, "the server '%s': %s", host,
                                 gai_strerror(result));
        *ret = str_dup(text);
        return 0;
}

/* SERVER:PATH, or [ADDRESS]:PATH, names the server where addr= does not. */
static int device_add_server(const struct device_mount *mount, struct strv *words,
                             struct error *err)
{
        AUTO_FREE char *host = NULL, *address = NULL;
        const char *device = mount->device;

        for (size_t i = 0; i < words->count; i++) {
                const char *given = str_after(words->items[i], "addr=");

                if (!given)
                        continue;
                host = str_dup(given);
                free(words->items[i]);
                words->items[i] = str_dup("rw");
        }
        if (!host && device[0] == '[')
                host = str_dupn(device + 1, strcspn(device + 1, "]"));
        else if (!host)
                host = str_dupn(device, strcspn(device, ":"));
        if (!*host || !strchr(device, ':'))
                return error_set(err, EINVAL, "%s: not of the form SERVER:PATH", device);
        if (device_resolve(host, &address, err) < 0)
                return -1;
        strv_appendf(words, "addr=%s", address);
        return 0;
}

/* "UUID=…" is a link that udev keeps. Owned by the caller. */
static char *device_by_tag(const char *device)
{
        static const struct {
                const char *tag, *directory;
        } tags[] = {
                { "LABEL=", "by-label" },
                { "UUID=", "by-uuid" },
                { "PARTLABEL=", "by-partlabel" },
                { "PARTUUID=", "by-partuuid" },
        };

        for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
                const char *value = str_after(device, tags[i].tag);

                if (value && !strchr(value, '/'))
                        return str_format("/dev/disk/%s/%s", tags[i].directory, value);
        }
        return str_dup(device);
}

/* A file becomes a device, which ret_fd keeps until it is mounted. */
static int device_from_file(const char *path, bool read_only, int *ret_fd, char **ret_source,
                            struct error *err)
{
        AUTO_CLOSE int file =
                open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

        if (file < 0)
                return error_errno(err, errno, "cannot open %s", path);
        return read_only ? loop_attach(file, path, ret_fd, ret_source, err)
                         : loop_attach_writable(file, path, ret_fd, ret_source, err);
}

/* What the kernel is told to mount. */
static int device_find_source(const struct device_mount *mount, int *ret_fd, char **ret_source,
                              struct error *err)
{
        AUTO_FREE char *device = device_by_tag(mount->device ? mount->device : mount->type);
        struct stat st;

        if (device[0] != '/' || device_is_nfs(mount->type)) {
                *ret_source = steal_str(&device);
                return 0;
        }
        if (stat(device, &st) < 0)
                return error_errno(err, errno, "cannot mount %s", mount->device);
        if (S_ISREG(st.st_mode))
                return device_from_file(device, strv_contains(mount->words, "ro"), ret_fd,
                                        ret_source, err);
        *ret_source = steal_str(&device);
        return 0;
}

/* --- by the kernel */

/* With what the kernel says about it. */
static int device_refused(const struct device_mount *mount, int context, const char *word,
                          struct error *err)
{
        int code = errno;
        char text[512];
        ssize_t length = read(context, text, sizeof text - 1);

        text[length > 0 ? length : 0] = '\0';
        text[strcspn(text, "\n")] = '\0';
        return error_set(err, code, "cannot mount %s as %s%s%s: %s%s%s",
                         mount->device ? mount->device : mount->type, mount->type,
                         word ? " with " : "", word ? word : "", strerror(code),
                         length > 2 ? ": " : "", length > 2 ? text + 2 : "");
}

static int device_set_word(int context, const char *word)
{
        size_t length = strcspn(word, "=");
        AUTO_FREE char *name = str_dupn(word, length);

        if (!word[length])
                return fsconfig(context, FSCONFIG_SET_FLAG, name, NULL, 0);
        return fsconfig(context, FSCONFIG_SET_STRING, name, word + length + 1, 0);
}

static int device_set_words(const struct device_mount *mount, const struct strv *words, int context,
                            unsigned *ret_attributes, struct error *err)
{
        *ret_attributes = 0;
        for (size_t i = 0; i < words->count; i++) {
                const char *word = words->items[i];
                unsigned attribute = device_attribute(word);

                *ret_attributes |= attribute;
                if (device_is_silent(word) || (attribute && attribute != MOUNT_ATTR_RDONLY))
                        continue;
                if (device_set_word(context, word) < 0)
                        return device_refused(mount, context, word, err);
        }
        return 0;
}

static int device_make(const struct device_mount *mount, const char *source,
                       const struct strv *words, int *ret, struct error *err)
{
        AUTO_CLOSE int context = fsopen(mount->type, FSOPEN_CLOEXEC);
        unsigned attributes;
        int mounted;

        if (context < 0 && errno == ENODEV)
                return error_set(err, ENODEV,
                                 "this kernel has no file system %s; load its module with "
                                 "`modprobe %s`, or take a kernel that has it",
                                 mount->type, mount->type);
        if (context < 0)
                return error_errno(err, errno, "cannot begin to mount %s", mount->type);
        if (fsconfig(context, FSCONFIG_SET_STRING, "source", source, 0) < 0)
                return device_refused(mount, context, NULL, err);
        if (device_set_words(mount, words, context, &attributes, err) < 0)
                return -1;
        if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                return device_refused(mount, context, NULL, err);
        mounted = fsmount(context, FSMOUNT_CLOEXEC, attributes);
        if (mounted < 0)
                return device_refused(mount, context, NULL, err);
        *ret = mounted;
        return 0;
}

static void device_add_owner(const struct device_mount *mount, struct strv *words)
{
        if (!device_mount_takes_owner(mount->type))
                return;
        if (mount->uid >= 0)
                strv_appendf(words, "uid=%lld", (long long)mount->uid);
        if (mount->gid >= 0)
                strv_appendf(words, "gid=%lld", (long long)mount->gid);
}

struct device_request {
        const struct device_mount *mount;
        const char *directory;
};

static int device_act(void *context, struct error *err)
{
        const struct device_request *request = context;
        const struct device_mount *mount = request->mount;
        AUTO_STRV struct strv words = { 0 };
        AUTO_CLOSE int loop = -1, mounted = -1;
        AUTO_FREE char *source = NULL;

        strv_append_all(&words, mount->words);
        device_add_owner(mount, &words);
        if (device_is_nfs(mount->type) && device_add_server(mount, &words, err) < 0)
                return -1;
        if (device_find_source(mount, &loop, &source, err) < 0 ||
            device_make(mount, source, &words, &mounted, err) < 0)
                return -1;
        if (move_mount(mounted, "", AT_FDCWD, request->directory, MOVE_MOUNT_F_EMPTY_PATH) < 0)
                return error_errno(err, errno, "cannot mount on %s", request->directory);
        return 0;
}

/* --- by mount(8) */

static bool device_has_program(const char *type)
{
        static const char *const directories[] = { "/sbin", "/usr/sbin" };

        for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
                AUTO_FREE char *path = str_format("%s/mount.%s", directories[i], type);

                if (access(path, X_OK) == 0)
                        return true;
        }
        return str_has_prefix(type, "fuse.");
}

static int device_by_program(const struct device_mount *mount, const char *directory,
                             struct error *err)
{
        AUTO_FREE char *options = strv_join(mount->words, ","), *said = NULL;
        AUTO_STRV struct strv words = { 0 };
        int status;

        strv_append(&words, "mount");
        strv_append(&words, "-t");
        strv_append(&words, mount->type);
        if (*options) {
                strv_append(&words, "-o");
                strv_append(&words, options);
        }
        strv_append(&words, "--");
        strv_append(&words, mount->device ? mount->device : mount->type);
        strv_append(&words, directory);
        status = spawn_run(&words, NULL, SPAWN_BOTH, &said, err);
        if (status <= 0)
                return status;
        said[strcspn(said, "\n")] = '\0';
        return error_set(err, EIO, "cannot mount %s as %s: %s",
                         mount->device ? mount->device : mount->type, mount->type,
                         *said ? said : "mount(8) failed");
}

int device_mount(const struct device_mount *mount, const char *directory, struct error *err)
{
        struct device_request request = { mount, directory };

        if (device_has_program(mount->type))
                return device_by_program(mount, directory, err);
        return outside_if_needed(mount->device ? mount->device : mount->type, device_act, &request,
                                 err);
}
