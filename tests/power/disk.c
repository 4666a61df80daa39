/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A disk that can lose its power. It has a write cache that only a flush empties, and remembers in
 * which order what was written and flushed, so that afterwards it can be put into each state that a
 * power cut could have left it in.
 *
 *     disk serve IMAGE LOG MOUNTPOINT
 *         A FUSE file system with the file `disk`, which is IMAGE, for a loop device to be made of,
 *         and the file `position`: how many writes and flushes there were. Each goes to LOG. Ends
 *         when it is unmounted, or with its parent.
 *     disk cut IMAGE LOG POSITION WHAT SEED
 *         IMAGE, as it was when `serve` began, becomes what is on the disk when the power goes at
 *         POSITION. All that was written before the last flush is there; of what was written since
 *         WHAT says how much: all, none, blocks (some of 4096 bytes, at random) or sectors (of
 *         512).
 *
 * One request at a time: a write that was answered before the flush came is on the disk.
 */
#include "../../src/base/cleanup.h"
#include "../../src/base/io.h"
#include "../../src/base/str.h"

#include <err.h>
#include <errno.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
        DISK_BLOCK = 4096,
        DISK_WRITE_MAX = 1 << 20,
        DISK_PAGES_MAX = DISK_WRITE_MAX / DISK_BLOCK,
        DISK_BUFFER = DISK_WRITE_MAX + 8192,
        NODE_DISK = 2,
        NODE_POSITION = 3
};

struct record {
        uint64_t offset;
        uint32_t length; /* 0: a flush */
        uint32_t unused;
};

struct disk {
        int fuse, image, log;
        uint64_t size, position;
};

struct request {
        const struct fuse_in_header *header;
        const void *body; /* what follows it */
};

/* --- answers */

static void answer(const struct disk *disk, const struct request *request, int error,
                   const void *body, size_t length)
{
        struct fuse_out_header header = { .len = (uint32_t)(sizeof header + length),
                                          .error = -error,
                                          .unique = request->header->unique };
        struct iovec parts[] = { { &header, sizeof header }, { (void *)(uintptr_t)body, length } };

        /* ENOENT: whoever asked has gone away */
        if (writev(disk->fuse, parts, 2) < 0 && errno != ENOENT)
                err(1, "answering");
}

static void refuse(const struct disk *disk, const struct request *request, int error)
{
        answer(disk, request, error, NULL, 0);
}

static struct fuse_attr attributes(const struct disk *disk, uint64_t node)
{
        struct fuse_attr attr = { .ino = node, .nlink = 1, .blksize = DISK_BLOCK };

        attr.mode = node == FUSE_ROOT_ID ? S_IFDIR | 0700 : S_IFREG | 0600;
        attr.size = node == NODE_DISK ? disk->size : node == NODE_POSITION ? 32 : 0;
        attr.blocks = attr.size / 512;
        return attr;
}

static void do_init(struct disk *disk, const struct request *request)
{
        const struct fuse_init_in *in = request->body;
        struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION,
                                     .minor = FUSE_KERNEL_MINOR_VERSION,
                                     .max_readahead = in->max_readahead,
                                     .max_background = 64,
                                     .congestion_threshold = 48,
                                     .max_write = DISK_WRITE_MAX,
                                     .time_gran = 1,
                                     .max_pages = DISK_PAGES_MAX };

        out.flags = in->flags & (FUSE_BIG_WRITES | FUSE_MAX_PAGES | FUSE_ASYNC_READ);
        answer(disk, request, 0, &out, sizeof out);
}

static void do_lookup(struct disk *disk, const struct request *request)
{
        const char *name = request->body;
        struct fuse_entry_out out = { .attr_valid = 60, .entry_valid = 60 };

        out.nodeid = str_equal(name, "disk")       ? NODE_DISK
                     : str_equal(name, "position") ? NODE_POSITION
                                                   : 0;
        if (!out.nodeid) {
                refuse(disk, request, ENOENT);
                return;
        }
        out.attr = attributes(disk, out.nodeid);
        answer(disk, request, 0, &out, sizeof out);
}

static void do_getattr(struct disk *disk, const struct request *request)
{
        struct fuse_attr_out out = { .attr_valid = 60 };

        out.attr = attributes(disk, request->header->nodeid);
        answer(disk, request, 0, &out, sizeof out);
}

static void do_open(struct disk *disk, const struct request *request)
{
        struct fuse_open_out out = { .open_flags = FOPEN_DIRECT_IO };

        answer(disk, request, 0, &out, sizeof out);
}

static void do_read(struct disk *disk, const struct request *request)
{
        static char buffer[DISK_WRITE_MAX];
        const struct fuse_read_in *in = request->body;
        ssize_t length;

        if (request->header->nodeid == NODE_POSITION) {
                AUTO_FREE char *text = str_format("%llu\n", (unsigned long long)disk->position);
                size_t all = strlen(text), from = in->offset < all ? (size_t)in->offset : all;

                answer(disk, request, 0, text + from, all - from);
                return;
        }
        length = pread(disk->image, buffer, in->size < sizeof buffer ? in->size : sizeof buffer,
                       (off_t)in->offset);
        answer(disk, request, length < 0 ? errno : 0, buffer, length < 0 ? 0 : (size_t)length);
}

static void note(struct disk *disk, uint64_t offset, const void *data, uint32_t length)
{
        struct record record = { .offset = offset, .length = length };

        if (io_write_all(disk->log, &record, sizeof record) < 0 ||
            io_write_all(disk->log, data, length) < 0)
                err(1, "writing the log");
        disk->position++;
}

static void do_write(struct disk *disk, const struct request *request)
{
        const struct fuse_write_in *in = request->body;
        struct fuse_write_out out = { .size = in->size };

        if (request->header->nodeid != NODE_DISK || in->offset > disk->size ||
            in->size > disk->size - in->offset || !in->size) {
                refuse(disk, request, EINVAL);
                return;
        }
        if (pwrite(disk->image, in + 1, in->size, (off_t)in->offset) != (ssize_t)in->size)
                err(1, "writing the image");
        note(disk, in->offset, in + 1, in->size);
        answer(disk, request, 0, &out, sizeof out);
}

static void do_fsync(struct disk *disk, const struct request *request)
{
        note(disk, 0, NULL, 0);
        refuse(disk, request, 0);
}

static void do_statfs(struct disk *disk, const struct request *request)
{
        struct fuse_statfs_out out = {
                .st = { .bsize = DISK_BLOCK, .frsize = DISK_BLOCK, .namelen = 255 }
        };

        answer(disk, request, 0, &out, sizeof out);
}

static void do_nothing(struct disk *disk, const struct request *request)
{
        refuse(disk, request, 0);
}

static void do_forget(struct disk *disk, const struct request *request)
{
        (void)disk;
        (void)request; /* is not answered */
}

static const struct operation {
        uint32_t code;
        void (*act)(struct disk *disk, const struct request *request);
} operations[] = {
        { FUSE_INIT, do_init },        { FUSE_LOOKUP, do_lookup },
        { FUSE_GETATTR, do_getattr },  { FUSE_SETATTR, do_getattr },
        { FUSE_OPEN, do_open },        { FUSE_READ, do_read },
        { FUSE_WRITE, do_write },      { FUSE_FSYNC, do_fsync },
        { FUSE_STATFS, do_statfs },    { FUSE_FLUSH, do_nothing },
        { FUSE_RELEASE, do_nothing },  { FUSE_FORGET, do_forget },
        { FUSE_INTERRUPT, do_forget }, { FUSE_BATCH_FORGET, do_forget },
};

static void serve_one(struct disk *disk, const void *buffer)
{
        struct request request = { .header = buffer };

        request.body = request.header + 1;
        for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
                if (operations[i].code == request.header->opcode) {
                        operations[i].act(disk, &request);
                        return;
                }
        refuse(disk, &request, ENOSYS);
}

static int serve(const char *image, const char *log, const char *mountpoint)
{
        AUTO_FREE char *buffer = alloc_zero(DISK_BUFFER, 1);
        AUTO_FREE char *options = NULL;
        struct disk disk = { .image = open(image, O_RDWR | O_CLOEXEC),
                             .log = open(log, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600),
                             .fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC) };
        struct stat st;

        if (disk.image < 0 || fstat(disk.image, &st) < 0 || disk.log < 0 || disk.fuse < 0)
                err(1, "%s, %s, /dev/fuse", image, log);
        disk.size = (uint64_t)st.st_size;
        options = str_format("fd=%d,rootmode=40000,user_id=0,group_id=0,max_read=%d", disk.fuse,
                             DISK_WRITE_MAX);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (mount("disk", mountpoint, "fuse", MS_NODEV | MS_NOSUID | MS_NOEXEC, options) < 0)
                err(1, "mounting on %s", mountpoint);
        for (;;) {
                ssize_t length = read(disk.fuse, buffer, DISK_BUFFER);

                if (length < 0 && errno == ENODEV)
                        return 0;
                if (length < 0 && errno != EINTR && errno != ENOENT && errno != EAGAIN)
                        err(1, "/dev/fuse");
                if (length >= (ssize_t)sizeof(struct fuse_in_header))
                        serve_one(&disk, buffer);
        }
}

/* --- the power goes */

struct cut {
        int image;
        uint64_t last;     /* writes before this position were flushed */
        uint64_t position; /* nothing happened after this one */
        size_t unit;       /* of what is lost or kept; 0: all of it */
        unsigned keep;     /* of 1024 units */
        uint64_t random;
};

/* xorshift64* */
static unsigned next_random(struct cut *cut)
{
        cut->random ^= cut->random >> 12;
        cut->random ^= cut->random << 25;
        cut->random ^= cut->random >> 27;
        return (unsigned)((cut->random * 0x2545F4914F6CDD1DULL) >> 33);
}

static void put(const struct cut *cut, const char *data, size_t length, uint64_t offset)
{
        if (pwrite(cut->image, data, length, (off_t)offset) != (ssize_t)length)
                err(1, "writing the image");
}

/* ext4 counts on its superblock, two sectors of the first block, being written at once. */
static void put_some(struct cut *cut, const char *data, size_t length, uint64_t offset)
{
        for (size_t done = 0, part; done < length; done += part) {
                part = offset + done < DISK_BLOCK ? DISK_BLOCK : cut->unit;
                part = length - done < part ? length - done : part;
                if (next_random(cut) % 1024 < cut->keep)
                        put(cut, data + done, part, offset + done);
        }
}

/* The next record; its data, if wanted, in buffer. 0 at the end of the log. */
static int next_record(FILE *log, struct record *ret, char *buffer)
{
        if (fread(ret, sizeof *ret, 1, log) != 1)
                return 0;
        if (ret->length > DISK_WRITE_MAX)
                errx(1, "the log is none");
        if (buffer && fread(buffer, 1, ret->length, log) != ret->length)
                errx(1, "the log is cut off");
        if (!buffer && fseek(log, ret->length, SEEK_CUR) < 0)
                err(1, "reading the log");
        return 1;
}

static uint64_t find_last_flush(FILE *log, uint64_t position)
{
        struct record record;
        uint64_t last = 0;

        for (uint64_t i = 0; i < position && next_record(log, &record, NULL); i++)
                if (!record.length)
                        last = i;
        rewind(log);
        return last;
}

static const struct {
        const char *name;
        size_t unit;
        bool random;
        unsigned keep;
} modes[] = {
        { "all", DISK_WRITE_MAX, false, 1024 },
        { "none", DISK_WRITE_MAX, false, 0 },
        { "blocks", DISK_BLOCK, true, 0 },
        { "sectors", 512, true, 0 },
};

static void choose(struct cut *cut, const char *mode)
{
        for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
                if (str_equal(modes[i].name, mode)) {
                        cut->unit = modes[i].unit;
                        cut->keep = modes[i].random ? next_random(cut) % 1024 : modes[i].keep;
                        return;
                }
        errx(1, "%s: all, none, blocks or sectors", mode);
}

static int cut_power(char **argv)
{
        AUTO_FREE char *buffer = alloc_zero(DISK_WRITE_MAX, 1);
        AUTO_FCLOSE FILE *log = fopen(argv[1], "re");
        struct cut cut = { .image = open(argv[0], O_RDWR | O_CLOEXEC),
                           .position = strtoull(argv[2], NULL, 10),
                           .random = (strtoull(argv[4], NULL, 10) + 1) * 0x9E3779B97F4A7C15ULL };
        struct record record;

        if (cut.image < 0 || !log)
                err(1, "%s, %s", argv[0], argv[1]);
        choose(&cut, argv[3]);
        cut.last = find_last_flush(log, cut.position);
        for (uint64_t i = 0; i < cut.position; i++) {
                if (!next_record(log, &record, buffer))
                        errx(1, "the log ends before %s", argv[2]);
                if (i < cut.last)
                        put(&cut, buffer, record.length, record.offset);
                else
                        put_some(&cut, buffer, record.length, record.offset);
        }
        return close(cut.image) < 0;
}

int main(int argc, char **argv)
{
        if (argc == 5 && str_equal(argv[1], "serve"))
                return serve(argv[2], argv[3], argv[4]);
        if (argc == 7 && str_equal(argv[1], "cut"))
                return cut_power(argv + 2);
        errx(2, "disk serve IMAGE LOG MOUNTPOINT | disk cut IMAGE LOG POSITION WHAT SEED");
}
