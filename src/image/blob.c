/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blob.h"

#include "../base/io.h"
#include "../base/str.h"
#include "digest.h"

#include <errno.h>
#include <unistd.h>

enum {
        BLOB_BUFFER = 256 << 10
};

static int blob_read_bytes(const struct blob_source *source, struct digest *sum, blob_take *take,
                           void *context, struct error *err)
{
        AUTO_FREE char *buffer = alloc_zero(BLOB_BUFFER, 1);

        for (uint64_t done = 0; done < source->size;) {
                uint64_t left = source->size - done;
                ssize_t n = pread(source->fd, buffer, left < BLOB_BUFFER ? left : BLOB_BUFFER,
                                  (off_t)(source->offset + done));

                if (source->cancel && *source->cancel)
                        return error_set(err, EINTR, "interrupted");
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return error_errno(err, errno, "cannot read %s", source->digest);
                if (n == 0)
                        return error_set(err, EBADMSG, "%s is shorter than it was", source->digest);
                digest_update(sum, buffer, (size_t)n);
                if (take && take(context, buffer, (size_t)n, err) < 0)
                        return -1;
                done += (uint64_t)n;
        }
        return 0;
}

int blob_read(const struct blob_source *source, blob_take *take_or_null, void *context,
              struct error *err)
{
        AUTO_FREE char *found = NULL;
        struct digest sum;

        digest_begin(&sum);
        if (blob_read_bytes(source, &sum, take_or_null, context, err) < 0)
                return -1;
        found = digest_end(&sum);
        if (str_equal(found, source->digest))
                return 0;
        if (!source->place)
                return error_set(err, EBADMSG, "%s is damaged: its digest is %s", source->digest,
                                 found);
        return error_set(err, EBADMSG,
                         "%s is damaged %s: its digest is %s; see `crunit image check`",
                         source->digest, source->place, found);
}

int blob_write(void *context, const void *data, size_t length, struct error *err)
{
        const int *fd = context;

        if (io_write_all(*fd, data, length) < 0)
                return error_errno(err, errno, "cannot write the blob");
        return 0;
}
