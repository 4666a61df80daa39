/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bundle.h"

#include "../base/io.h"
#include "../base/json.h"
#include "digest.h"
#include "tree.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <sys/stat.h>

enum {
        BUNDLE_BLOCK = 64 << 10,
        BUNDLE_MAX_LINKS = 8
};

struct bundle_file {
        struct bundle_member member;
        char *name, *digest, *file; /* owned; what member shows */
        char *link;                 /* owned; the name it is a link to, or NULL */
};

struct bundle {
        const char *name; /* borrowed */
        int fd;           /* borrowed; the tar or the directory */
        bool is_directory;
        int spool;                  /* borrowed; or -1 */
        struct bundle_file **files; /* owned */
        size_t count, capacity;
        struct json_object *by_name; /* owned; name → place in files */
};

/* --- what is it? */

static bool bundle_is_hex(const char *name, size_t length)
{
        return length == 64 && strspn(name, "0123456789abcdef") >= 64;
}

/* docker-archives: HEX/…, HEX.json, HEX.tar, HEX.tar.gz, sha256:HEX; OCI: blobs/…; and the fixed
 * names of both. */
static bool bundle_is_image_name(const char *name)
{
        static const char *const fixed[] = { "blobs",         "index.json",   "oci-layout",
                                             "manifest.json", "repositories", "version" };
        size_t length = strcspn(name, "/");

        for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
                if (strlen(fixed[i]) == length && strncmp(name, fixed[i], length) == 0)
                        return true;
        if (str_has_prefix(name, "sha256:")) {
                name += strlen("sha256:");
                length -= strlen("sha256:");
        }
        return bundle_is_hex(name, length < 64 || name[64] != '.' ? length : 64);
}

enum bundle_kind bundle_guess(const void *data, size_t length)
{
        struct archive *archive = archive_read_new();
        struct archive_entry *entry;
        enum bundle_kind kind = BUNDLE_ROOTFS;

        if (!archive)
                return kind;
        archive_read_support_format_tar(archive);
        if (archive_read_open_memory(archive, data, length) == ARCHIVE_OK) {
                while (archive_read_next_header(archive, &entry) >= ARCHIVE_WARN) {
                        const char *name = archive_entry_pathname(entry);
                        AUTO_FREE char *clean = NULL;

                        if (!name || tree_clean_path(name, &clean, NULL) < 0)
                                break;
                        if (!*clean) /* "./" */
                                continue;
                        if (bundle_is_image_name(clean))
                                kind = BUNDLE_IMAGES;
                        break;
                }
        }
        archive_read_free(archive);
        return kind;
}

/* --- members */

static struct bundle *bundle_new(const char *name, int fd)
{
        struct bundle *bundle = alloc_zero(1, sizeof *bundle);

        bundle->name = name;
        bundle->fd = fd;
        bundle->spool = -1;
        bundle->by_name = json_object_new_object();
        return bundle;
}

void bundle_close(struct bundle **place)
{
        struct bundle *bundle = *place;

        if (!bundle)
                return;
        for (size_t i = 0; i < bundle->count; i++) {
                struct bundle_file *file = bundle->files[i];

                free(file->name);
                free(file->digest);
                free(file->file);
                free(file->link);
                free(file);
        }
        free(bundle->files);
        json_object_put(bundle->by_name);
        free(bundle);
        *place = NULL;
}

static struct bundle_file *bundle_add(struct bundle *bundle, const char *name)
{
        struct bundle_file *file = alloc_zero(1, sizeof *file);

        if (bundle->count == bundle->capacity) {
                bundle->capacity = bundle->capacity ? bundle->capacity * 2 : 64;
                bundle->files = alloc_grow(bundle->files, bundle->capacity, sizeof *bundle->files);
        }
        json_object_object_add(bundle->by_name, name,
                               json_object_new_int64((int64_t)bundle->count));
        bundle->files[bundle->count++] = file;
        file->name = str_dup(name);
        file->member.name = file->name;
        return file;
}

static struct bundle_file *bundle_lookup(struct bundle *bundle, const char *name)
{
        struct json_object *place = NULL;

        if (!json_object_object_get_ex(bundle->by_name, name, &place))
                return NULL;
        return bundle->files[json_object_get_int64(place)];
}

/* A file of a directory is listed when somebody asks for it. */
static struct bundle_file *bundle_lookup_on_disk(struct bundle *bundle, const char *name)
{
        AUTO_CLOSE int fd = io_open_file_in_root(bundle->fd, name);
        struct bundle_file *file;
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return NULL;
        file = bundle_add(bundle, name);
        file->member.size = (uint64_t)st.st_size;
        return file;
}

const struct bundle_member *bundle_find(struct bundle *bundle, const char *name)
{
        struct bundle_file *file = bundle_lookup(bundle, name);

        for (int links = 0; file && file->link && links < BUNDLE_MAX_LINKS; links++)
                file = bundle_lookup(bundle, file->link);
        if (!file && bundle->is_directory)
                file = bundle_lookup_on_disk(bundle, name);
        return file && !file->link ? &file->member : NULL;
}

int bundle_open_member(struct bundle *bundle, const struct bundle_member *member, int *ret_fd,
                       struct error *err)
{
        int fd;

        if (member->file)
                fd = openat(bundle->spool, member->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        else if (bundle->is_directory)
                fd = io_open_file_in_root(bundle->fd, member->name);
        else
                fd = fcntl(bundle->fd, F_DUPFD_CLOEXEC, 3);
        if (fd < 0)
                return error_errno(err, errno, "cannot open %s of %s", member->name, bundle->name);
        *ret_fd = fd;
        return 0;
}

int bundle_read(struct bundle *bundle, const char *name, size_t max, char **ret_data,
                size_t *ret_length, struct error *err)
{
        const struct bundle_member *member = bundle_find(bundle, name);
        AUTO_FREE char *data = NULL;
        AUTO_CLOSE int fd = -1;
        size_t done = 0;

        if (!member)
                return error_set(err, ENOENT, "there is no %s in it", name);
        if (member->size > max)
                return error_set(err, EFBIG, "%s is larger than %zu bytes", name, max);
        if (bundle_open_member(bundle, member, &fd, err) < 0)
                return -1;
        data = alloc_zero((size_t)member->size + 1, 1);
        while (done < member->size) {
                ssize_t n = pread(fd, data + done, (size_t)member->size - done,
                                  (off_t)(member->offset + done));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return error_errno(err, errno, "cannot read %s", bundle->name);
                if (n == 0)
                        return error_set(err, EBADMSG, "%s ends early: the archive is truncated",
                                         name);
                done += (size_t)n;
        }
        *ret_length = done;
        *ret_data = steal_str(&data);
        return 0;
}

int bundle_open_directory(int directory, const char *name, struct bundle **ret, struct error *err)
{
        struct bundle *bundle = bundle_new(name, directory);

        (void)err;
        bundle->is_directory = true;
        *ret = bundle;
        return 0;
}

/* --- tar */

static void bundle_archive_cleanup(struct archive **archive)
{
        if (*archive)
                archive_read_free(*archive);
}
#define AUTO_ARCHIVE CLEANUP(bundle_archive_cleanup)

static int bundle_tar_failed(struct bundle *bundle, struct archive *archive, struct error *err)
{
        const char *why = archive_error_string(archive);

        return error_set(err, EBADMSG, "%s is not a sound tar archive: %s", bundle->name,
                         why ? why : "it is damaged");
}

/* docker save makes a link where two images have the same layer. A symbolic one is relative to
 * where it is. Targets may have "..", which stays within the names of the archive. */
static char *bundle_link_target(const char *name, struct archive_entry *entry)
{
        const char *hard = archive_entry_hardlink(entry), *symbolic = archive_entry_symlink(entry);
        AUTO_FREE char *directory = NULL;

        if (hard) {
                char *clean = NULL;

                return tree_clean_path(hard, &clean, NULL) == 0 ? clean : NULL;
        }
        if (str_empty(symbolic) || *symbolic == '/')
                return NULL;
        directory = str_dup(name);
        for (char *slash;; symbolic += 3) {
                slash = strrchr(directory, '/');
                *(slash ? slash : directory) = '\0';
                if (!str_has_prefix(symbolic, "../"))
                        break;
        }
        return str_format("%s%s%s", directory, *directory ? "/" : "", symbolic);
}

/* List one entry. Returns 1 and *ret_file where it has content, 0 where that is all. */
static int bundle_add_entry(struct bundle *bundle, struct archive_entry *entry,
                            struct bundle_file **ret_file, struct error *err)
{
        const char *name = archive_entry_pathname(entry);
        AUTO_FREE char *clean = NULL;
        AUTO_FREE char *target = NULL;
        struct bundle_file *file;

        if (!name || strlen(name) > BUNDLE_MAX_NAME)
                return error_set(err, EBADMSG, "%s: an entry has no usable name", bundle->name);
        if (bundle->count == BUNDLE_MAX_MEMBERS)
                return error_set(err, EFBIG, "%s has more than %d entries", bundle->name,
                                 BUNDLE_MAX_MEMBERS);
        if (tree_clean_path(name, &clean, err) < 0)
                return error_wrap(err, "%s", bundle->name);
        target = bundle_link_target(clean, entry);
        if (!target && archive_entry_filetype(entry) != AE_IFREG)
                return 0;
        if (archive_entry_sparse_count(entry))
                return error_set(err, EBADMSG, "%s: %s is stored with holes", bundle->name, clean);
        file = bundle_add(bundle, clean);
        file->link = steal_str(&target);
        file->member.size = (uint64_t)archive_entry_size(entry);
        *ret_file = file;
        return file->link ? 0 : 1;
}

/* Content lies right before the header that follows, in blocks of 512. */
static void bundle_place(struct bundle_file *file, la_int64_t next_header)
{
        uint64_t blocks = (file->member.size + 511) / 512 * 512;

        file->member.offset = (uint64_t)next_header - blocks;
}

static int bundle_list_tar(struct bundle *bundle, struct archive *archive, struct error *err)
{
        struct archive_entry *entry;
        struct bundle_file *file = NULL;

        for (;;) {
                int result = archive_read_next_header(archive, &entry);
                int some;

                if (result != ARCHIVE_OK && result != ARCHIVE_WARN && result != ARCHIVE_EOF)
                        return bundle_tar_failed(bundle, archive, err);
                if (file)
                        bundle_place(file, archive_read_header_position(archive));
                if (result == ARCHIVE_EOF)
                        return 0;
                file = NULL;
                some = bundle_add_entry(bundle, entry, &file, err);
                if (some < 0)
                        return -1;
                if (!some)
                        file = NULL;
        }
}

int bundle_open_tar(int fd, const char *name, struct bundle **ret, struct error *err)
{
        AUTO_BUNDLE struct bundle *bundle = bundle_new(name, fd);
        AUTO_ARCHIVE struct archive *archive = archive_read_new();

        if (!archive)
                return error_set(err, ENOMEM, "out of memory");
        if (lseek(fd, 0, SEEK_SET) < 0)
                return error_errno(err, errno, "cannot read %s", name);
        archive_read_support_format_tar(archive);
        if (archive_read_open_fd(archive, fd, BUNDLE_BLOCK) != ARCHIVE_OK)
                return bundle_tar_failed(bundle, archive, err);
        if (bundle_list_tar(bundle, archive, err) < 0)
                return -1;
        *ret = steal_ptr(&bundle);
        return 0;
}

/* --- tar from a pipe */

struct bundle_feed {
        struct stream *stream; /* borrowed */
        struct error reason;
};

static la_ssize_t bundle_feed(struct archive *archive, void *context, const void **ret_data)
{
        struct bundle_feed *feed = context;
        size_t length = 0;
        int result = stream_next(feed->stream, ret_data, &length, &feed->reason);

        if (result < 0)
                archive_set_error(archive, EIO, "%s", feed->reason.message);
        return result < 0 ? -1 : result > 0 ? (la_ssize_t)length : 0;
}

static int bundle_spool_content(struct bundle *bundle, struct archive *archive,
                                struct bundle_file *file, int fd, struct error *err)
{
        struct digest digest;
        uint64_t done = 0;

        digest_begin(&digest);
        for (;;) {
                const void *data;
                size_t length;
                la_int64_t offset;
                int result = archive_read_data_block(archive, &data, &length, &offset);

                if (result == ARCHIVE_EOF)
                        break;
                if (result != ARCHIVE_OK)
                        return bundle_tar_failed(bundle, archive, err);
                digest_update(&digest, data, length);
                if (io_write_all(fd, data, length) < 0)
                        return error_errno(err, errno, "cannot store %s", file->name);
                done += length;
        }
        if (done != file->member.size)
                return error_set(err, EBADMSG, "%s is truncated: %s ends early", bundle->name,
                                 file->name);
        file->digest = digest_end(&digest);
        file->member.digest = file->digest;
        return 0;
}

static int bundle_spool_file(struct bundle *bundle, struct archive *archive,
                             struct bundle_file *file, struct error *err)
{
        AUTO_CLOSE int fd = -1;

        file->file = str_format("member.%zu", bundle->count);
        file->member.file = file->file;
        fd = openat(bundle->spool, file->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (fd < 0)
                return error_errno(err, errno, "cannot store %s", file->name);
        return bundle_spool_content(bundle, archive, file, fd, err);
}

static int bundle_spool_all(struct bundle *bundle, struct archive *archive, struct error *err)
{
        struct archive_entry *entry;
        struct bundle_file *file = NULL;
        int result;

        while ((result = archive_read_next_header(archive, &entry)) != ARCHIVE_EOF) {
                int some;

                if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
                        return bundle_tar_failed(bundle, archive, err);
                some = bundle_add_entry(bundle, entry, &file, err);
                if (some < 0 || (some && bundle_spool_file(bundle, archive, file, err) < 0))
                        return -1;
        }
        return 0;
}

int bundle_spool(struct stream *stream, const char *name, int spool, struct bundle **ret,
                 struct error *err)
{
        AUTO_BUNDLE struct bundle *bundle = bundle_new(name, -1);
        AUTO_ARCHIVE struct archive *archive = archive_read_new();
        struct bundle_feed feed = { .stream = stream };
        int result = -1;

        if (!archive)
                return error_set(err, ENOMEM, "out of memory");
        bundle->spool = spool;
        archive_read_support_format_tar(archive);
        if (archive_read_open(archive, &feed, NULL, bundle_feed, NULL) != ARCHIVE_OK)
                bundle_tar_failed(bundle, archive, err);
        else
                result = bundle_spool_all(bundle, archive, err);
        if (result < 0 && feed.reason.message && err) {
                error_clear(err);
                error_set(err, feed.reason.code, "%s", feed.reason.message);
        }
        error_clear(&feed.reason);
        if (result == 0)
                *ret = steal_ptr(&bundle);
        return result;
}
