/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "secret-files.h"

#include "../base/io.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/stat.h>

int secret_values_read(const struct container_spec *spec, struct secret_value **ret,
                       struct error *err)
{
        struct secret_value *values = alloc_zero(spec->secret_count + 1, sizeof *values);

        for (size_t i = 0; i < spec->secret_count; i++) {
                if (secret_read(spec->secrets[i].name, &values[i], err) == 0)
                        continue;
                secret_values_free(values, i);
                return error_wrap(err, "--secret %s", spec->secrets[i].name);
        }
        *ret = values;
        return 0;
}

static int secret_write_file(int dir, size_t number, const struct spec_secret *secret,
                             const struct secret_value *value, const struct ids *ids,
                             struct error *err)
{
        AUTO_FREE char *name = str_format("%zu", number);
        AUTO_CLOSE int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        uint32_t uid = secret->uid, gid = secret->gid;

        if (ids_outside(ids, &uid, &gid, err) < 0)
                return error_wrap(err, "--secret %s", secret->name);
        if (fd < 0 || io_write_all(fd, value->data, value->length) < 0 ||
            fchown(fd, uid, gid) < 0 || fchmod(fd, secret->mode) < 0)
                return error_errno(err, errno, "cannot write the secret '%s'", secret->name);
        return 0;
}

static bool secret_is_file(const struct container_spec *spec)
{
        for (size_t i = 0; i < spec->secret_count; i++)
                if (!spec->secrets[i].env)
                        return true;
        return false;
}

int secret_files_write(const struct container_spec *spec, const struct secret_value *values,
                       const struct ids *ids, const char *state, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/secrets", state);
        AUTO_CLOSE int dir = -1;

        if (!secret_is_file(spec))
                return 0;
        /* A ramfs has no size of its own; ours are limited by what a secret may be. */
        if ((mkdir(path, 0700) < 0 && errno != EEXIST) ||
            mount("crunit-secrets", path, "ramfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") <
                    0)
                return error_errno(err, errno, "cannot mount %s", path);
        dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir < 0)
                return error_errno(err, errno, "cannot open %s", path);
        for (size_t i = 0; i < spec->secret_count; i++)
                if (!spec->secrets[i].env &&
                    secret_write_file(dir, i, &spec->secrets[i], &values[i], ids, err) < 0)
                        return -1;
        return 0;
}

void secret_files_detach(const char *state)
{
        AUTO_FREE char *path = str_format("%s/secrets", state);

        umount2(path, MNT_DETACH);
}
