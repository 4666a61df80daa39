/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "filter-cache.h"

#include "../base/base64.h"
#include "../base/io.h"
#include "filter-tree.h"

#include <inttypes.h>
#include <sys/stat.h>

enum {
        FILTER_SLOTS = 64,          /* files at most; keys that share one replace each other */
        FILTER_ENTRY_MAX = 5 << 20, /* bytes; of a profile that is not larger than a plan takes */
        FILTER_COMPILED_MAX = 1 << 16, /* more than the kernel takes */
        FILTER_RUNTIME_MAX = 64 << 20, /* bytes of a program */
};

/* Behind it, the key and the filter's text; both without an end. */
struct filter_header {
        uint64_t sum; /* of all behind it */
        uint64_t key_length, text_length;
};

/* Against damage: who could deceive it on purpose is root. */
static uint64_t filter_sum(const char *data, size_t length)
{
        uint64_t sum = length, word = 0;

        for (size_t i = 0; i < length; i += sizeof word) {
                size_t left = length - i;

                word = 0;
                memcpy(&word, data + i, left < sizeof word ? left : sizeof word);
                sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
                sum ^= sum >> 32;
        }
        return sum;
}

static char *filter_path(const char *directory, const struct filter_key *key)
{
        return str_format("%s/%u", directory,
                          (unsigned)(filter_sum(key->text, key->length) % FILTER_SLOTS));
}

static char *filter_describe_file(const char *path)
{
        struct stat st;

        if (stat(path, &st) < 0)
                return NULL;
        return str_format("%ju %ju %jd %jd.%09ld %jd.%09ld", (uintmax_t)st.st_dev,
                          (uintmax_t)st.st_ino, (intmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec,
                          st.st_mtim.tv_nsec, (intmax_t)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
}

bool filter_key_make(const char *runtime, const struct seccomp_target *target, const char *profile,
                     struct filter_key *ret)
{
        /* It is written anew whenever a library is replaced: libseccomp's may know more calls. */
        AUTO_FREE char *libraries = filter_describe_file("/etc/ld.so.cache");
        AUTO_FREE char *program = filter_describe_file(runtime);

        if (!program || !libraries)
                return false;
        ret->text = str_format("%s\n%s\n%s\n%s\n%s\n%s\n%" PRIx64 "\n%s", PACKAGE_VERSION, runtime,
                               program, libraries, target->machine, target->kernel, target->caps,
                               profile);
        ret->length = strlen(ret->text);
        return true;
}

void filter_key_free(struct filter_key *key)
{
        free(key->text);
        *key = (struct filter_key){ 0 };
}

static bool filter_is_entry(const struct filter_header *header, const char *data, size_t length,
                            const struct filter_key *key)
{
        return header->key_length == key->length && header->text_length < length &&
               length == sizeof *header + key->length + header->text_length &&
               memcmp(data + sizeof *header, key->text, key->length) == 0 &&
               header->sum == filter_sum(data + sizeof *header, length - sizeof *header);
}

char *filter_cache_find(const char *directory, const struct filter_key *key)
{
        AUTO_FREE char *path = filter_path(directory, key), *data = NULL;
        struct filter_header header;
        size_t length;

        if (io_read_file(AT_FDCWD, path, FILTER_ENTRY_MAX, &data, &length, NULL) < 0 ||
            length < sizeof header)
                return NULL;
        memcpy(&header, data, sizeof header);
        if (!filter_is_entry(&header, data, length, key))
                return NULL;
        return str_dupn(data + sizeof header + key->length, header.text_length);
}

/* As crun leaves it: instructions, nothing else. */
static int filter_read(const char *path, struct filter *ret, struct error *err)
{
        AUTO_FREE char *data = NULL;
        size_t length;

        if (io_read_file(AT_FDCWD, path, FILTER_COMPILED_MAX, &data, &length, err) < 0)
                return -1;
        if (!length || length % sizeof *ret->code)
                return error_set(err, EBADMSG, "%s is no filter of system calls", path);
        ret->count = length / sizeof *ret->code;
        ret->code = alloc_zero(ret->count, sizeof *ret->code);
        memcpy(ret->code, data, length);
        return 0;
}

/* What a program asks for is written in it. */
static int filter_check_runtime(const char *runtime, struct error *err)
{
        AUTO_FREE char *data = NULL;
        size_t length;

        if (io_read_file(AT_FDCWD, runtime, FILTER_RUNTIME_MAX, &data, &length, err) < 0)
                return -1;
        if (!memmem(data, length, FILTER_ANNOTATION, strlen(FILTER_ANNOTATION)))
                return error_set(err, ENOTSUP, "%s takes no ready filters", runtime);
        return 0;
}

int filter_cache_keep(const char *directory, const struct filter_key *key, const char *runtime,
                      const char *compiled, struct error *err)
{
        AUTO_FREE char *path = filter_path(directory, key), *text = NULL;
        AUTO_FILTER struct filter filter = { 0 }, tree = { 0 };
        AUTO_STRBUF struct strbuf entry = { 0 };
        struct filter_header header = { .key_length = key->length };

        if (filter_read(compiled, &filter, err) < 0)
                return -1;
        if (!filter_tree_grow(&filter, &tree))
                return error_set(err, EBADMSG, "%s cannot be made a tree", compiled);
        if (filter_check_runtime(runtime, err) < 0)
                return -1;
        text = base64_encode(tree.code, tree.count * sizeof *tree.code);
        header.text_length = strlen(text);
        strbuf_append_n(&entry, &header, sizeof header);
        strbuf_append_n(&entry, key->text, key->length);
        strbuf_append_n(&entry, text, header.text_length);
        header.sum = filter_sum(entry.data + sizeof header, entry.length - sizeof header);
        memcpy(entry.data, &header, sizeof header);
        if (io_make_dirs(AT_FDCWD, directory, 0700, err) < 0)
                return -1;
        return io_write_file(AT_FDCWD, path, entry.data, entry.length, 0600, IO_NO_SYNC, err);
}
