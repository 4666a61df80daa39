/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nearby.h"

#include "reference.h"
#include "verified.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
        NEARBY_STEP = 8 << 20, /* bytes between two looks at cancel */
        NEARBY_BUFFER = 256 << 10
};

static int nearby_open(const char *root, const char *digest, uint64_t size)
{
        AUTO_FREE char *path = str_format("%s/blobs/sha256/%s", root, digest_hex(digest));
        AUTO_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != size)
                return -1;
        return steal_fd(&fd);
}

/* Shared with the other store where the file system can; by hand from one to another. */
static ssize_t nearby_copy_some(int from, int to, uint64_t at, size_t length, char *buffer)
{
        off64_t source = (off64_t)at, target = (off64_t)at;
        ssize_t n = copy_file_range(from, &source, to, &target, length, 0);

        if (n > 0)
                return n;
        n = pread(from, buffer, length < NEARBY_BUFFER ? length : NEARBY_BUFFER, (off_t)at);
        return n > 0 ? pwrite(to, buffer, (size_t)n, (off_t)at) : -1;
}

static bool nearby_copy(int from, int to, uint64_t size, const volatile sig_atomic_t *cancel)
{
        AUTO_FREE char *buffer = alloc_zero(NEARBY_BUFFER, 1);
        uint64_t done = 0;

        while (done < size) {
                size_t length = size - done < NEARBY_STEP ? (size_t)(size - done) : NEARBY_STEP;
                ssize_t n = nearby_copy_some(from, to, done, length, buffer);

                if (n <= 0 || (cancel && *cancel))
                        return false;
                done += (uint64_t)n;
        }
        return true;
}

bool nearby_copy_blob(const struct strv *roots, const char *digest, uint64_t size, int fd,
                      const volatile sig_atomic_t *cancel)
{
        for (size_t i = 0; roots && i < roots->count; i++) {
                AUTO_CLOSE int from = nearby_open(roots->items[i], digest, size);

                if (from >= 0 && nearby_copy(from, fd, size, cancel))
                        return true;
        }
        return false;
}

/* --- in place */

void nearby_layer_free(struct nearby_layer *layer)
{
        free(layer->directory);
        free(layer->implied);
        free(layer->blob);
        *layer = (struct nearby_layer){ 0 };
}

/* What stands there for something in a third store may lead anywhere: only the thing itself. */
static bool nearby_has_directory(const char *path)
{
        AUTO_CLOSE int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        return fd >= 0;
}

static bool nearby_has_blob(const char *root, const char *digest, const char *diff_id)
{
        AUTO_CLOSE int store = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

        return store >= 0 && verified_blob(store, digest, diff_id);
}

bool nearby_find_layer(const struct strv *roots, const char *diff_id, const char *digest_or_null,
                       struct nearby_layer *ret)
{
        for (size_t i = 0; roots && i < roots->count; i++) {
                const char *root = roots->items[i];
                AUTO_FREE char *path = str_format("%s/layers/%s", root, digest_hex(diff_id));

                if (*root != '/' || !nearby_has_directory(path) ||
                    (digest_or_null && !nearby_has_blob(root, digest_or_null, diff_id)))
                        continue;
                ret->directory = steal_str(&path);
                ret->implied = str_format("%s/implied/%s", root, digest_hex(diff_id));
                ret->blob = digest_or_null ? str_format("%s/blobs/sha256/%s", root,
                                                        digest_hex(digest_or_null))
                                           : NULL;
                return true;
        }
        return false;
}
