/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filters that are kept: the one that was kept or none, whatever happens to the files. */
#include "src/base/base64.h"
#include "src/base/io.h"
#include "src/container/filter-cache.h"
#include "src/container/filter-tree.h"
#include "tests/tap.h"

#include <err.h>
#include <linux/seccomp.h>
#include <unistd.h>

static const char profile[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}";
static const char knowing[] = "\177ELF\0run.oci.seccomp_bpf_data";
static char *expected; /* the tree of what is compiled below */

static struct sock_filter compiled[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static void write_file(const char *path, const void *data, size_t length)
{
        AUTO_ERROR struct error error = { 0 };

        if (io_write_file(AT_FDCWD, path, data, length, 0600, IO_NO_SYNC, &error) < 0)
                errx(2, "%s", error.message);
}

static struct filter_key make_key(const char *machine, const char *kernel, uint64_t caps,
                                  const char *text)
{
        const struct seccomp_target target = { machine, kernel, caps };
        struct filter_key key = { 0 };

        if (!filter_key_make("runtime", &target, text, &key))
                errx(2, "no key");
        return key;
}

static bool finds(struct filter_key key)
{
        AUTO_FREE char *text = filter_cache_find("kept", &key);

        filter_key_free(&key);
        if (text && !str_equal(text, expected))
                errx(2, "found %s", text);
        return text;
}

static bool finds_usual(void)
{
        return finds(make_key("x86_64", "6.1", 5, profile));
}

static bool keeps(const char *path, const char **ret_message)
{
        static struct error error;
        struct filter_key key = make_key("x86_64", "6.1", 5, profile);
        bool kept;

        error_clear(&error);
        kept = filter_cache_keep("kept", &key, "runtime", path, &error) == 0;
        filter_key_free(&key);
        *ret_message = error.message;
        return kept;
}

/* Of our filter the entry must be found; each other entry that a single change makes, must not. */
static void test_damage(const char *path)
{
        AUTO_FREE char *data = NULL;
        size_t length, believed = 0;

        if (io_read_file(AT_FDCWD, path, 1 << 20, &data, &length, NULL) < 0)
                errx(2, "no entry %s", path);
        for (size_t i = 0; i < length; i++) {
                data[i] ^= 1;
                write_file(path, data, length);
                data[i] ^= 1;
                believed += finds_usual();
                write_file(path, data, i);
                believed += finds_usual();
        }
        check(believed == 0, "no entry with a changed bit or without its end is believed");
        write_file(path, data, length);
        check(finds_usual(), "a mended one is");
}

static int find_entry(int dir, const char *name, void *path, struct error *error)
{
        (void)dir;
        (void)error;
        snprintf(path, 64, "kept/%s", name);
        return 0;
}

static void test_keys(void)
{
        struct filter_key key = { 0 };
        const struct seccomp_target target = { "x86_64", "6.1", 5 };

        check(!finds(make_key("aarch64", "6.1", 5, profile)), "another machine");
        check(!finds(make_key("x86_64", "6.2", 5, profile)), "another kernel");
        check(!finds(make_key("x86_64", "6.1", 4, profile)), "other capabilities");
        check(!finds(make_key("x86_64", "6.1", 5, "{}")), "another profile");
        check(finds_usual(), "all the same");
        write_file("runtime", "new", 3);
        check(!finds_usual(), "another program of the same name");
        check(!filter_key_make("missing", &target, profile, &key), "no program, no key");
}

int main(void)
{
        char directory[] = "/tmp/test-filters.XXXXXX", entry[64] = "";
        const struct filter filter = { compiled, sizeof compiled / sizeof *compiled };
        AUTO_FILTER struct filter tree = { 0 };
        const char *message;

        if (!filter_tree_grow(&filter, &tree))
                errx(2, "no tree");
        expected = base64_encode(tree.code, tree.count * sizeof *tree.code);
        if (!mkdtemp(directory) || chdir(directory) < 0)
                err(2, "%s", directory);
        write_file("runtime", "old", 3);
        write_file("compiled", compiled, sizeof compiled);
        write_file("cut", compiled, sizeof compiled - 1);
        write_file("open", compiled, sizeof *compiled);
        check(!finds_usual(), "nothing is there");
        check(!keeps("cut", &message), "a filter that is cut off is not kept");
        check_str(message, "cut is no filter of system calls", "and why");
        check(!keeps("open", &message), "nor one without an answer");
        check_str(message, "open cannot be made a tree", "and why");
        check(!keeps("missing", &message) && !finds_usual(), "nor one that is not there");
        check(!keeps("compiled", &message) && !finds_usual(), "none for a runtime of another kind");
        check_str(message, "runtime takes no ready filters", "and why");
        write_file("runtime", knowing, sizeof knowing);
        check(keeps("compiled", &message) && finds_usual(), "a filter is kept, and found");
        if (io_each_name(AT_FDCWD, "kept", find_entry, entry, NULL) < 0)
                errx(2, "kept");
        test_damage(entry);
        test_keys();
        if (chdir("/") < 0 || io_remove_tree(AT_FDCWD, directory, NULL) < 0)
                errx(2, "%s", directory);
        free(expected);
        return tap_done();
}
