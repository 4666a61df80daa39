/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Archives of all kinds into a store, whole and broken, with interruptions. Needs root. */
#include "../../src/base/io.h"
#include "../../src/image/digest.h"
#include "../../src/image/image.h"
#include "../../src/image/load.h"
#include "../../src/image/reference.h"
#include "../../src/image/store-change.h"
#include "../tap.h"
#include "tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

static char scratch[] = "/var/tmp/test-load.XXXXXX";
static char *root; /* the store */

/* --- archives */

static void compress_bytes(struct strbuf *bytes, int (*filter)(struct archive *))
{
        struct archive *archive = archive_write_new();
        struct archive_entry *entry = archive_entry_new();
        size_t size = bytes->length + 65536, used = 0;
        char *out = alloc_zero(size, 1);

        archive_write_set_format_raw(archive);
        filter(archive);
        /* the same bytes each time */
        archive_write_set_filter_option(archive, "gzip", "timestamp", NULL);
        archive_write_set_bytes_per_block(archive, 0);
        archive_entry_set_filetype(entry, AE_IFREG);
        if (archive_write_open_memory(archive, out, size, &used) != ARCHIVE_OK ||
            archive_write_header(archive, entry) != ARCHIVE_OK ||
            archive_write_data(archive, bytes->data, bytes->length) < 0 ||
            archive_write_close(archive) != ARCHIVE_OK)
                exit(99);
        archive_write_free(archive);
        archive_entry_free(entry);
        bytes->length = 0;
        strbuf_append_n(bytes, out, used);
        free(out);
}

static void add_file(struct strbuf *tar, const char *name, const void *data, size_t length)
{
        tar_header(tar, &(struct tar_entry){ .name = name }, length);
        strbuf_append_n(tar, data, length);
        tar_pad(tar);
}

static void add_text(struct strbuf *tar, const char *name, const char *text)
{
        add_file(tar, name, text, strlen(text));
}

static const struct tar_entry lower[] = { { "etc/", '5', .mode = 0750, .uid = 5 },
                                          { "etc/hello", .data = "hello" },
                                          { "bin/", '5', .mode = 0755 },
                                          { "bin/su", .mode = 04755, .data = "su" },
                                          { NULL } };
static const struct tar_entry upper[] = { { "etc/.wh.hello" },
                                          { "etc/world", .data = "world" },
                                          { NULL } };

static char *make_config(const char *architecture, const char *diff1, const char *diff2)
{
        return str_format(
                "{\"architecture\":\"%s\",\"os\":\"linux\",\"created\":\"2024-01-02T03:04:"
                "05Z\",\"config\":{\"Cmd\":[\"/bin/su\"]},\"rootfs\":{\"type\":\"layers\","
                "\"diff_ids\":[\"%s\",\"%s\"]}}",
                architecture, diff1, diff2);
}

/* What a test may spoil. */
struct recipe {
        const char *name, *architecture;
        bool gzip, bad_diff_id, bad_blob, no_layer, layers_missing;
        bool outer_gzip;
        const char *blob_size; /* of the first layer */
};

static void docker_archive(struct strbuf *tar, const struct recipe *recipe)
{
        AUTO_STRBUF struct strbuf one = { 0 }, two = { 0 };
        AUTO_FREE char *diff1 = NULL, *diff2 = NULL, *config = NULL, *digest = NULL, *list = NULL;

        tar_make(&one, lower);
        tar_make(&two, upper);
        diff1 = digest_of(one.data, one.length);
        diff2 = digest_of(two.data, two.length);
        config = make_config(recipe->architecture ? recipe->architecture
                                                  : platform_host().architecture,
                             recipe->bad_diff_id ? diff2 : diff1, diff2);
        digest = digest_of(config, strlen(config));
        if (recipe->gzip)
                compress_bytes(&one, archive_write_add_filter_gzip);
        list = str_format("[{\"Config\":\"%s.json\",\"RepoTags\":[\"%s\"],\"Layers\":[\"%s/"
                          "layer.tar\"%s]}]",
                          digest_hex(digest), recipe->name, digest_hex(diff1),
                          recipe->layers_missing ? "" : ",\"second.tar\"");
        tar_add(tar, &(struct tar_entry){ .name = digest_hex(diff1), .type = '5', .mode = 0755 });
        if (!recipe->no_layer) {
                AUTO_FREE char *path = str_format("%s/layer.tar", digest_hex(diff1));

                add_file(tar, path, one.data, one.length);
        }
        /* docker save writes such links where images share a layer */
        tar_add(tar, &(struct tar_entry){ .name = "second.tar", .type = '2', .link = "x/../x/2" });
        tar_add(tar, &(struct tar_entry){ .name = "second.tar", .type = '2', .link = "x/2" });
        add_file(tar, "x/2", two.data, two.length);
        tar_add(tar, &(struct tar_entry){ .name = "manifest.json", .data = list });
        list[0] = '[';
        {
                AUTO_FREE char *path = str_format("%s.json", digest_hex(digest));

                add_text(tar, path, config);
        }
        tar_end(tar);
        if (recipe->outer_gzip)
                compress_bytes(tar, archive_write_add_filter_gzip);
}

static char *add_blob(struct strbuf *tar, const void *data, size_t length, const char *pretend)
{
        char *digest = digest_of(data, length);
        AUTO_FREE char *path =
                str_format("blobs/sha256/%s", digest_hex(pretend ? pretend : digest));

        add_file(tar, path, data, length);
        return digest;
}

static void oci_archive(struct strbuf *tar, const struct recipe *recipe)
{
        AUTO_STRBUF struct strbuf one = { 0 }, two = { 0 };
        AUTO_FREE char *diff1 = NULL, *diff2 = NULL, *config = NULL, *digest = NULL, *blob1 = NULL,
                       *blob2 = NULL, *manifest = NULL, *manifest_digest = NULL, *index = NULL,
                       *other = digest_of("other", 5);

        tar_make(&one, lower);
        tar_make(&two, upper);
        diff1 = digest_of(one.data, one.length);
        diff2 = digest_of(two.data, two.length);
        compress_bytes(&one, archive_write_add_filter_gzip);
        compress_bytes(&two, archive_write_add_filter_zstd);
        config = make_config(recipe->architecture ? recipe->architecture
                                                  : platform_host().architecture,
                             recipe->bad_diff_id ? diff2 : diff1, diff2);
        digest = add_blob(tar, config, strlen(config), NULL);
        blob1 = recipe->no_layer
                        ? digest_of(one.data, one.length)
                        : add_blob(tar, one.data, one.length, recipe->bad_blob ? other : NULL);
        blob2 = add_blob(tar, two.data, two.length, NULL);
        manifest = str_format(
                "{\"schemaVersion\":2,\"config\":{\"digest\":\"%s\",\"size\":%zu},\"layers\":[{"
                "\"digest\":\"%s\",\"size\":%zu},{\"digest\":\"%s\",\"size\":%zu}]}",
                digest, strlen(config), recipe->bad_blob ? other : blob1,
                recipe->blob_size ? (size_t)atoi(recipe->blob_size) : one.length, blob2,
                two.length);
        manifest_digest = add_blob(tar, manifest, strlen(manifest), NULL);
        index = str_format("{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"%s\",\"size\":%zu,"
                           "\"annotations\":{\"org.opencontainers.image.ref.name\":\"%s\"}}]}",
                           manifest_digest, strlen(manifest), recipe->name);
        add_text(tar, "index.json", index);
        add_text(tar, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
        tar_end(tar);
        if (recipe->outer_gzip)
                compress_bytes(tar, archive_write_add_filter_gzip);
}

/* --- loading */

static char *save(const struct strbuf *bytes, const char *name)
{
        char *path = str_format("%s/%s", scratch, name);

        if (io_write_file(AT_FDCWD, path, bytes->data, bytes->length, 0644, IO_NO_SYNC, NULL) < 0)
                exit(99);
        return path;
}

static int load_path(const char *path, const char *tag, struct strv *names, struct error *err)
{
        AUTO_STORE struct store store = STORE_NONE;
        struct load_options options = { .path = path, .tag = tag };

        if (store_open(root, STORE_MAKE, &store, err) < 0)
                return -1;
        return load_images(&store, &options, names, err);
}

static int load_bytes(const struct strbuf *bytes, const char *tag, struct strv *names,
                      struct error *err)
{
        AUTO_FREE char *path = save(bytes, "archive");

        return load_path(path, tag, names, err);
}

/* The number of names in a directory of the store. */
static int count_in(const char *directory)
{
        AUTO_FREE char *path = str_format("%s/%s", root, directory);
        AUTO_CLOSEDIR DIR *dir = opendir(path);
        int count = -2;

        while (dir && readdir(dir))
                count++;
        return count;
}

static void fresh_store(void)
{
        if (io_remove_tree(AT_FDCWD, root, NULL) < 0)
                exit(99);
}

static char *content(const struct image *image, size_t layer, const char *path)
{
        AUTO_FREE char *whole = str_format("%s/%s", image->layers.items[layer], path);
        char *data = NULL;

        io_read_file(AT_FDCWD, whole, 1000, &data, NULL, NULL);
        return data;
}

/* The image is there under that name, whole. */
static void expect_image(const char *name, const char *full)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_STORE struct store store = STORE_NONE;
        AUTO_IMAGE struct image image = { 0 };
        AUTO_FREE char *hello = NULL, *world = NULL, *etc = NULL;
        struct stat st;

        check(store_open(root, STORE_READ, &store, &err) == 0 &&
                      image_open(&store, name, &image, &err) == 0,
              name);
        check_str(err.message, NULL, "is found");
        check_str(image.name, full, "under its full name");
        if (image.layers.count != 3)
                exit(99);
        hello = content(&image, 0, "etc/hello");
        world = content(&image, 1, "etc/world");
        check_str(hello, "hello", "the lower layer");
        check_str(world, "world", "the upper layer");
        check_str(image.config.cmd.items[0], "/bin/su", "the configuration");
        etc = str_concat(image.layers.items[2], "/etc");
        check(stat(etc, &st) == 0 && st.st_mode == (S_IFDIR | 0750) && st.st_uid == 5,
              "a directory that only the lower layer describes, above both");
}

static void test_kinds(void)
{
        static const struct {
                const char *what;
                void (*make)(struct strbuf *, const struct recipe *);
                struct recipe recipe;
                const char *name;
        } kinds[] = {
                { "docker-archive",
                  docker_archive,
                  { .name = "web:1" },
                  "docker.io/library/web:1" },
                { "docker-archive, layer compressed",
                  docker_archive,
                  { .name = "x.y/z:2", .gzip = true },
                  "x.y/z:2" },
                { "docker-archive, compressed",
                  docker_archive,
                  { .name = "web:3", .outer_gzip = true },
                  "docker.io/library/web:3" },
                { "oci-archive", oci_archive, { .name = "localhost/web:4" }, "localhost/web:4" },
                { "oci-archive, compressed",
                  oci_archive,
                  { .name = "web:5", .outer_gzip = true },
                  "localhost/web:5" },
        };

        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
                AUTO_ERROR struct error err = { 0 };
                AUTO_STRV struct strv names = { 0 };
                AUTO_STRBUF struct strbuf tar = { 0 };

                fresh_store();
                kinds[i].make(&tar, &kinds[i].recipe);
                check(load_bytes(&tar, NULL, &names, &err) == 0, kinds[i].what);
                check_str(err.message, NULL, "is loaded");
                check_str(names.count == 1 ? names.items[0] : NULL, kinds[i].name, "and named");
                expect_image(kinds[i].recipe.name, kinds[i].name);
                check(count_in("layers") == 2 && count_in("tmp") == 0 &&
                              count_in("blobs/sha256") == 4,
                      "nothing is left over");
        }
}

static void test_pipe(void)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_STRV struct strv names = { 0 };
        AUTO_STRBUF struct strbuf tar = { 0 };
        int ends[2], saved = dup(STDIN_FILENO), status;
        pid_t child;

        fresh_store();
        oci_archive(&tar, &(struct recipe){ .name = "piped" });
        if (pipe(ends) < 0 || (child = fork()) < 0)
                exit(99);
        if (child == 0) {
                close(ends[0]);
                _exit(io_write_all(ends[1], tar.data, tar.length) < 0);
        }
        close(ends[1]);
        dup2(ends[0], STDIN_FILENO);
        close(ends[0]);
        check(load_path(NULL, NULL, &names, &err) == 0, "from a pipe");
        dup2(saved, STDIN_FILENO);
        close(saved);
        waitpid(child, &status, 0);
        check_str(err.message, NULL, "is loaded");
        expect_image("piped", "localhost/piped:latest");
}

static void test_rootfs(void)
{
        static int (*const filters[])(
                struct archive *) = { archive_write_add_filter_none, archive_write_add_filter_gzip,
                                      archive_write_add_filter_zstd, archive_write_add_filter_xz };
        static const char *const endings[] = { "", ".gz", ".zst", ".xz" };

        fresh_store();
        for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
                AUTO_ERROR struct error err = { 0 };
                AUTO_STRV struct strv names = { 0 };
                AUTO_STRBUF struct strbuf tar = { 0 };
                AUTO_FREE char *file = str_format("Root%zu.tar%s", i, endings[i]);
                AUTO_FREE char *full = str_format("localhost/root%zu:latest", i);
                AUTO_FREE char *path = NULL;

                tar_make(&tar, lower);
                compress_bytes(&tar, filters[i]);
                path = save(&tar, file);
                check(load_path(path, NULL, &names, &err) == 0, file);
                check_str(err.message, NULL, "is loaded");
                check_str(names.count ? names.items[0] : NULL, full, "with the file's name");
                error_clear(&err);
                check(load_path(path, "-", NULL, &err) < 0, "but not under an impossible one");
        }
        check(count_in("layers") == 1 && count_in("tmp") == 0,
              "the same tree is there once, however it was compressed");
}

static size_t count_unnamed(void)
{
        AUTO_STORE struct store store = STORE_NONE;
        struct store_entry *entries;
        size_t count, unnamed = 0;

        if (store_open(root, STORE_READ, &store, NULL) < 0 ||
            store_list(&store, &entries, &count, NULL) < 0)
                exit(99);
        for (size_t i = 0; i < count; i++)
                unnamed += !entries[i].name;
        store_list_free(entries, count);
        return unnamed;
}

/* A second time nothing is unpacked; the name goes to what was loaded last. */
static void test_again(void)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_STRV struct strv names = { 0 };
        AUTO_STRBUF struct strbuf tar = { 0 }, other = { 0 };
        AUTO_FREE char *layers = str_format("%s/layers", root);
        struct stat before, after;

        fresh_store();
        docker_archive(&tar, &(struct recipe){ .name = "localhost/web" });
        if (load_bytes(&tar, NULL, &names, &err) < 0 || stat(layers, &before) < 0)
                exit(99);
        check(load_bytes(&tar, "other", &names, &err) == 0 && stat(layers, &after) == 0,
              "the same archive under another name");
        check(before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
                      before.st_mtim.tv_nsec == after.st_mtim.tv_nsec,
              "makes no layer");
        expect_image("other", "localhost/other:latest");
        check(count_in("blobs/sha256") == 4, "and no blob");
        oci_archive(&other, &(struct recipe){ .name = "localhost/web:latest" });
        check(load_bytes(&other, NULL, &names, &err) == 0, "the same image by another manifest");
        expect_image("web", "localhost/web:latest");
        expect_image("other", "localhost/other:latest");
        check(load_bytes(&other, "other", &names, &err) == 0 && count_unnamed() == 0,
              "leaves none without a name once it has all of them");
}

/* --- what must not come in */

static void refuse(void (*make)(struct strbuf *, const struct recipe *), struct recipe recipe,
                   const char *message, const char *what)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_STRV struct strv names = { 0 };
        AUTO_STRBUF struct strbuf tar = { 0 };
        const char *got;

        fresh_store();
        recipe.name = "localhost/bad";
        make(&tar, &recipe);
        check(load_bytes(&tar, NULL, &names, &err) < 0, what);
        got = err.message ? strstr(err.message, message) : NULL;
        check_str(got ? message : err.message, message, what);
        check(count_in("layers") == 0 && count_in("blobs/sha256") == 0 && count_in("tmp") == 0 &&
                      !names.count,
              "leaves nothing");
}

static void test_damage(void)
{
        refuse(docker_archive, (struct recipe){ .bad_diff_id = true },
               "layer.tar is damaged: unpacked it is sha256:", "a wrong diff id");
        refuse(docker_archive, (struct recipe){ .no_layer = true }, "layer.tar is missing",
               "a missing layer");
        refuse(docker_archive, (struct recipe){ .layers_missing = true },
               "manifest.json[0]: 1 layers are listed, the configuration has 2", "a short list");
        refuse(docker_archive, (struct recipe){ .architecture = "vax" },
               ".json is for linux/vax, this machine is linux/", "another architecture");
        refuse(oci_archive, (struct recipe){ .bad_diff_id = true },
               "the configuration says sha256:", "a wrong diff id");
        refuse(oci_archive, (struct recipe){ .bad_blob = true },
               ", the manifest says sha256:", "a blob with another's digest");
        refuse(oci_archive, (struct recipe){ .no_layer = true }, " is missing", "a missing blob");
        refuse(oci_archive, (struct recipe){ .blob_size = "5" }, "bytes, expected were 5",
               "a wrong size");
        refuse(oci_archive, (struct recipe){ .architecture = "vax", .outer_gzip = true },
               " is for linux/vax", "another architecture");
}

static void refuse_bytes(const char *data, size_t length, const char *message, const char *what)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_STRBUF struct strbuf bytes = { 0 };
        const char *got;

        fresh_store();
        strbuf_append_n(&bytes, data, length);
        check(load_bytes(&bytes, NULL, NULL, &err) < 0, what);
        got = err.message ? strstr(err.message, "/archive") : NULL;
        check_str(got, message, what);
        check(count_in("layers") == 0 && count_in("tmp") == 0, "leaves nothing");
}

static void test_rubbish(void)
{
        AUTO_STRBUF struct strbuf tar = { 0 };
        AUTO_STRBUF struct strbuf half = { 0 };

        refuse_bytes("", 0, "/archive is empty", "nothing");
        refuse_bytes("this is no tar at all", 21,
                     "/archive: not a sound tar archive: Unrecognized archive format", "a text");
        add_text(&tar, "index.json", "{}");
        tar_end(&tar);
        refuse_bytes(tar.data, tar.length,
                     "/archive: it has neither index.json and oci-layout nor manifest.json",
                     "an index alone");
        tar.length = 0;
        add_text(&tar, "oci-layout", "{}");
        add_text(&tar, "index.json", "{\"manifests\":[]}");
        tar_end(&tar);
        refuse_bytes(tar.data, tar.length, "/archive: there is no image in it", "an empty index");
        tar.length = 0;
        add_text(&tar, "manifest.json", "[{\"Config\":\"../../etc/passwd\",\"Layers\":[]}]");
        tar_end(&tar);
        refuse_bytes(tar.data, tar.length,
                     "/archive: manifest.json[0]: there is no ../../etc/passwd in it",
                     "a configuration elsewhere");
        tar.length = 0;
        add_text(&tar, "oci-layout", "{}");
        {
                AUTO_FREE char *blanks = alloc_zero(5 << 20, 1);

                memset(blanks, ' ', (5 << 20) - 1);
                add_text(&tar, "index.json", blanks);
        }
        tar_end(&tar);
        refuse_bytes(tar.data, tar.length, "/archive: index.json is larger than 4194304 bytes",
                     "a huge index");
        tar.length = 0;
        add_text(&tar, "manifest.json", "[]");
        tar_header(&tar, &(struct tar_entry){ .name = "x/layer.tar" }, (uint64_t)4 << 30);
        tar_end(&tar);
        refuse_bytes(tar.data, tar.length,
                     "/archive is not a sound tar archive: Truncated input file (needed 4294967296 "
                     "bytes, "
                     "only 1024 available)",
                     "a member that says to have 4 GiB");
        docker_archive(&half, &(struct recipe){ .name = "half" });
        refuse_bytes(half.data, half.length / 2 / 512 * 512,
                     "/archive: it has neither index.json and oci-layout nor manifest.json",
                     "half an archive");
}

/* The store's blob of the first layer is not what it is named by, as after another tool's failure.
 */
static void spoil_blob(void)
{
        AUTO_STRBUF struct strbuf one = { 0 };
        AUTO_FREE char *digest = NULL, *path = NULL;

        tar_make(&one, lower);
        compress_bytes(&one, archive_write_add_filter_gzip);
        digest = digest_of(one.data, one.length);
        path = str_format("%s/blobs/sha256/%s", root, digest_hex(digest));
        if (access(path, F_OK) < 0 ||
            io_write_file(AT_FDCWD, path, "rubbish", 7, 0644, IO_NO_SYNC, NULL) < 0)
                exit(99);
}

static bool blob_is_sound(void)
{
        AUTO_STRBUF struct strbuf one = { 0 };
        AUTO_FREE char *digest = NULL, *path = NULL, *data = NULL;
        size_t length = 0;

        tar_make(&one, lower);
        compress_bytes(&one, archive_write_add_filter_gzip);
        digest = digest_of(one.data, one.length);
        path = str_format("%s/blobs/sha256/%s", root, digest_hex(digest));
        return io_read_file(AT_FDCWD, path, 1 << 20, &data, &length, NULL) == 0 &&
               length == one.length && memcmp(data, one.data, length) == 0;
}

/* What is in the store may be named by an archive, but not for what it is not. */
static void test_claims(void)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_STRV struct strv names = { 0 };
        AUTO_STRBUF struct strbuf good = { 0 }, bad = { 0 };

        fresh_store();
        oci_archive(&good, &(struct recipe){ .name = "good" });
        oci_archive(&bad, &(struct recipe){ .name = "bad", .bad_diff_id = true });
        check(load_bytes(&good, NULL, &names, &err) == 0, "an image with both layers");
        check(load_bytes(&bad, NULL, &names, &err) < 0 &&
                      strstr(err.message, " is damaged: unpacked it is sha256:"),
              "another that says of one's blob that it is the other");
        check_str(names.count == 1 ? names.items[0] : NULL, "localhost/good:latest",
                  "is not loaded, though the store has both");
        spoil_blob();
        error_clear(&err);
        check(load_bytes(&good, "again", &names, &err) == 0 && blob_is_sound(),
              "a blob that somebody else put there is not believed, but replaced");
        check_str(err.message, NULL, "without a word");
}

/* A layout on disk whose blob is a link to a file of the machine. */
static void test_layout_with_links(void)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *layout = str_format("%s/layout", scratch);
        AUTO_FREE char *index = str_format("%s/layout/index.json", scratch);
        AUTO_FREE char *marker = str_format("%s/layout/oci-layout", scratch);

        fresh_store();
        if (mkdir(layout, 0755) < 0 || symlink("/etc/passwd", index) < 0 ||
            io_write_file(AT_FDCWD, marker, "{}", 2, 0644, IO_NO_SYNC, NULL) < 0)
                exit(99);
        check(load_path(layout, NULL, NULL, &err) < 0 && strstr(err.message, "it has neither"),
              "links do not lead out of a layout");
}

/* --- taking away */

static void test_removal(void)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_STRV struct strv names = { 0 };
        AUTO_STRBUF struct strbuf tar = { 0 };
        AUTO_STORE struct store store = STORE_NONE;
        AUTO_FREE char *state = str_format("%s/run/containers/c@u", scratch);
        AUTO_FREE char *file = str_format("%s/state.json", state);
        AUTO_FREE char *text = NULL;
        struct image image = { 0 };

        fresh_store();
        oci_archive(&tar, &(struct recipe){ .name = "localhost/a" });
        if (load_bytes(&tar, NULL, &names, &err) < 0 || load_bytes(&tar, "b", &names, &err) < 0)
                exit(99);
        if (store_open(root, STORE_WRITE, &store, &err) < 0 ||
            image_open(&store, "a", &image, &err) < 0)
                exit(99);
        check(store_untag(&store, "localhost/b:latest", &err) == 0 &&
                      store_save(&store, &err) == 0 && store_collect(&store, &err) == 0,
              "one of two names is removed");
        store_close(&store);
        expect_image("a", "localhost/a:latest");
        if (store_open(root, STORE_WRITE, &store, &err) < 0)
                exit(99);
        text = str_format("{\"image\":\"%s\"}", image.id);
        if (io_make_dirs(AT_FDCWD, state, 0755, NULL) < 0 ||
            io_write_file(AT_FDCWD, file, text, strlen(text), 0644, IO_NO_SYNC, NULL) < 0)
                exit(99);
        check(store_untag(&store, "localhost/a:latest", &err) == 0 &&
                      store_save(&store, &err) == 0 && store_collect(&store, &err) == 0,
              "the last name is removed while a container runs");
        check(count_in("layers") == 2, "and its layers stay");
        io_remove_tree(AT_FDCWD, state, NULL);
        check(store_collect(&store, &err) == 0 && count_in("layers") == 0 &&
                      count_in("blobs/sha256") == 0,
              "until the container is gone");
        store_close(&store);
        check(count_in("tmp") == 0, "what was taken away is removed");
        image_free(&image);
}

static void test_damaged_store(void)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_STRV struct strv names = { 0 };
        AUTO_STRBUF struct strbuf tar = { 0 };
        AUTO_STORE struct store store = STORE_NONE;
        AUTO_FREE char *layer = NULL;
        AUTO_FREE char *manifest = NULL;
        struct image image = { 0 };

        fresh_store();
        oci_archive(&tar, &(struct recipe){ .name = "localhost/a" });
        if (load_bytes(&tar, NULL, &names, &err) < 0 ||
            store_open(root, STORE_READ, &store, &err) < 0 ||
            image_open(&store, "a", &image, &err) < 0)
                exit(99);
        layer = str_dup(image.layers.items[0]);
        manifest = str_format("%s/blobs/sha256/%s", root, digest_hex(image.digest));
        image_free(&image);
        io_remove_tree(AT_FDCWD, layer, NULL);
        check(image_open(&store, "a", &image, &err) < 0 && err.code == ENODATA,
              "an image without one of its layers");
        check_str(err.message,
                  "image a is in the store but not unpacked: run `crunit image unpack a`",
                  "says what helps");
        store_close(&store);
        error_clear(&err);
        if (store_open(root, STORE_MAKE, &store, &err) < 0)
                exit(99);
        check(load_unpack(&store, "a", &(struct load_options){ 0 }, &err) == 0, "which does");
        check_str(err.message, NULL, "without an error");
        expect_image("a", "localhost/a:latest");
        store_close(&store);
        if (truncate(manifest, 3) < 0 || store_open(root, STORE_WRITE, &store, &err) < 0)
                exit(99);
        check(store_collect(&store, &err) < 0 && count_in("layers") == 2,
              "with a damaged manifest nothing is removed");
}

/* --- interruptions */

/* Enough files that a load takes some time. */
static void make_large(struct strbuf *tar)
{
        AUTO_STRBUF struct strbuf layer = { 0 };
        AUTO_FREE char *data = alloc_zero(20001, 1);

        memset(data, 'x', 20000);
        for (int i = 0; i < 1500; i++) {
                AUTO_FREE char *name = str_format("d%d/f%d", i % 10, i);

                tar_add(&layer, &(struct tar_entry){ .name = name, .data = data });
        }
        tar_end(&layer);
        strbuf_append_n(tar, layer.data, layer.length);
}

static void test_kill(void)
{
        AUTO_STRBUF struct strbuf tar = { 0 };
        AUTO_FREE char *path = NULL;
        AUTO_STRV struct strv names = { 0 };
        bool sound = true, seen_nothing = false, seen_done = false;

        make_large(&tar);
        path = save(&tar, "large.tar");
        fresh_store();
        for (int i = 0; i < 40; i++) {
                AUTO_STORE struct store store = STORE_NONE;
                AUTO_ERROR struct error err = { 0 };
                AUTO_IMAGE struct image image = { 0 };
                pid_t child = fork();
                int status;

                if (child == 0)
                        _exit(load_path(path, NULL, &names, NULL) < 0);
                usleep((useconds_t)i * 4000);
                kill(child, SIGKILL);
                waitpid(child, &status, 0);
                /* The next writer finds it sound: no half layer, nothing in tmp. */
                if (store_open(root, STORE_WRITE, &store, &err) < 0 || count_in("tmp") != 0)
                        sound = false;
                if (image_open(&store, "large", &image, &err) == 0) {
                        AUTO_FREE char *last = content(&image, 0, "d9/f1499");
                        AUTO_FREE char *file = str_format("%s/d9/f1499", image.layers.items[0]);

                        if (access(file, F_OK) < 0 || last)
                                sound = false; /* 20000 bytes do not fit in content()'s 1000 */
                        seen_done = true;
                        store_close(&store);
                        fresh_store();
                } else if (err.code != ENOENT || count_in("layers") != 0 ||
                           count_in("blobs/sha256") != 0) {
                        sound = false;
                } else {
                        seen_nothing = true;
                }
        }
        check(sound, "killed at any time, a load is there as a whole or not at all");
        check(seen_nothing, "some were killed before the end");
        check(seen_done || load_path(path, NULL, &names, NULL) == 0, "and it works afterwards");
}

static void test_cancel(void)
{
        AUTO_STRV struct strv names = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_STORE struct store store = STORE_NONE;
        AUTO_FREE char *path = str_format("%s/large.tar", scratch);
        volatile sig_atomic_t cancel = SIGTERM;
        struct load_options options = { .path = path, .cancel = &cancel };

        fresh_store();
        if (store_open(root, STORE_MAKE, &store, &err) < 0)
                exit(99);
        check(load_images(&store, &options, &names, &err) < 0 && err.code == EINTR,
              "a signal stops it");
        check(count_in("layers") == 0 && count_in("blobs/sha256") == 0 && count_in("tmp") == 0,
              "and nothing is left");
}

/* In a mount namespace of our own, on a file system of 8 MiB; the archive has 30. */
static void test_full_disk(void)
{
        AUTO_STRV struct strv names = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *path = str_format("%s/large.tar", scratch);
        AUTO_FREE char *small = str_format("%s/small", scratch);
        AUTO_FREE char *saved = root;

        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mkdir(small, 0755) < 0 || mount("none", small, "tmpfs", 0, "size=8m") < 0) {
                check(false, "a small file system");
                return;
        }
        root = str_format("%s/store", small);
        check(load_path(path, NULL, &names, &err) < 0 && err.code == ENOSPC &&
                      strstr(err.message, "No space left on device"),
              "a full disk is an error");
        check(count_in("layers") == 0 && count_in("blobs/sha256") == 0 && count_in("tmp") == 0,
              "and nothing is left");
        umount(small);
        free(root);
        root = steal_str(&saved);
}

/* What is in an image may be secret, and its programs may be set-uid. */
static void test_privacy(void)
{
        static const char *const closed[] = { "blobs", "layers", "tmp" };

        fresh_store();
        for (size_t i = 0; i < sizeof closed / sizeof *closed; i++) {
                AUTO_FREE char *path = str_format("%s/%s", root, closed[i]);
                AUTO_STORE struct store store = STORE_NONE;
                struct stat st;

                check(store_open(root, STORE_WRITE, &store, NULL) == 0 && stat(path, &st) == 0 &&
                              (st.st_mode & 077) == 0,
                      path);
        }
}

int main(void)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *run = NULL;

        if (!mkdtemp(scratch))
                return 99;
        root = str_format("%s/store", scratch);
        run = str_format("%s/run", scratch);
        setenv("CRUNIT_RUN", run, 1);
        test_privacy();
        test_kinds();
        test_pipe();
        test_rootfs();
        test_again();
        test_damage();
        test_claims();
        test_rubbish();
        test_layout_with_links();
        test_removal();
        test_damaged_store();
        test_kill();
        test_cancel();
        test_full_disk();
        free(root);
        check(io_remove_tree(AT_FDCWD, scratch, &err) == 0, "the scratch directory is removed");
        return tap_done();
}
