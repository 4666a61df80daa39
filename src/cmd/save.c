/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit save */
#include "../image/save.h"
#include "../base/io.h"
#include "../base/log.h"
#include "../image/flatten.h"
#include "../image/image.h"
#include "../image/reference.h"
#include "image-cmd.h"
#include "save-note.h"
#include "signals.h"

#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

struct save_arguments {
        char *output, *format, *digest_file, *root; /* owned */
        bool all, quiet, many, compress, uncompressed;
};

#define FIELD(name) offsetof(struct save_arguments, name)

const struct option_row cmd_save_options[] = {
        { "all", 'a', OPTION_FLAG, NULL,
          "Of an index all platforms, and the index itself (oci-archive, oci-dir)",
          option_take_bool, FIELD(all) },
        { "compress", 0, OPTION_FLAG, NULL, "Compress layers that are not (docker-dir)",
          option_take_bool, FIELD(compress) },
        { "digestfile", 0, OPTION_VALUE, "FILE",
          "Write the digest of the manifest (of a rootfs: of its tar) to FILE", option_take_string,
          FIELD(digest_file) },
        { "format", 0, OPTION_VALUE, "FORMAT",
          "docker-archive (default), docker-dir, oci-archive, oci-dir, or rootfs",
          option_take_string, FIELD(format) },
        { "multi-image-archive", 'm', OPTION_FLAG, NULL,
          "Further names are images, not further names of the first", option_take_bool,
          FIELD(many) },
        { "output", 'o', OPTION_VALUE, "FILE", "Write to FILE instead of standard output",
          option_take_string, FIELD(output) },
        { "quiet", 'q', OPTION_FLAG, NULL, "Say nothing of what is done", option_take_bool,
          FIELD(quiet) },
        { "uncompressed", 0, OPTION_FLAG, NULL, "Decompress the layers (oci-archive, oci-dir)",
          option_take_bool, FIELD(uncompressed) },
        { "root", 0, OPTION_VALUE, "DIR", cmd_root_help, option_take_string, FIELD(root) },
        { .name = NULL },
};

static void save_arguments_free(struct save_arguments *arguments)
{
        free(arguments->output);
        free(arguments->format);
        free(arguments->digest_file);
        free(arguments->root);
}

static const struct save_form {
        const char *name;
        enum save_format format;
        bool directory, compress, uncompressed, many, rootfs, all;
} save_forms[] = {
        { "docker-archive", SAVE_DOCKER_ARCHIVE, .many = true },
        { "oci-archive", SAVE_OCI, .uncompressed = true, .many = true, .all = true },
        { "oci-dir", SAVE_OCI, .directory = true, .uncompressed = true, .many = true, .all = true },
        { "docker-dir", SAVE_DOCKER_DIR, .directory = true, .compress = true },
        { "rootfs", SAVE_OCI, .rootfs = true },
};

static const struct save_form *save_find_form(const struct save_arguments *arguments,
                                              struct error *err)
{
        const char *wanted = arguments->format ? arguments->format : "docker-archive";

        for (size_t i = 0; i < sizeof save_forms / sizeof *save_forms; i++)
                if (str_equal(save_forms[i].name, wanted))
                        return save_forms + i;
        error_set(err, EINVAL,
                  "save: --format %s: docker-archive, docker-dir, oci-archive, oci-dir and rootfs "
                  "are possible",
                  wanted);
        return NULL;
}

static int save_check(const struct save_arguments *arguments, const struct save_form *form,
                      int count, struct error *err)
{
        if (arguments->compress && !form->compress)
                return error_set(err, EINVAL,
                                 "save: --compress goes with --format docker-dir only");
        if (arguments->uncompressed && !form->uncompressed)
                return error_set(err, EINVAL,
                                 "save: --uncompressed goes with --format oci-archive and oci-dir "
                                 "only");
        if (arguments->all && (!form->all || arguments->uncompressed))
                return error_set(err, EINVAL,
                                 "save: --all goes with --format oci-archive and oci-dir only, and "
                                 "without --uncompressed");
        if (count > 1 && !form->many)
                return error_set(err, EINVAL, "save: --format %s holds one image under no name",
                                 form->name);
        if (form->directory && !arguments->output)
                return error_set(err, EINVAL, "save: --format %s makes a directory: name it by -o",
                                 form->name);
        if (!arguments->output && isatty(STDOUT_FILENO))
                return error_set(err, EINVAL,
                                 "save: refusing to save to a terminal: name a file by -o, or "
                                 "redirect standard output");
        return 0;
}

static int save_open_sink(const struct save_arguments *arguments, const struct save_form *form,
                          struct sink **ret, struct error *err)
{
        if (form->directory)
                return sink_open_directory(arguments->output, ret, err);
        return arguments->output ? sink_open_tar(arguments->output, ret, err)
                                 : sink_open_stream(STDOUT_FILENO, "standard output", ret, err);
}

/* Each word an image, or the first one an image and the others names it gets in the archive. */
static int save_list_images(const struct save_arguments *arguments, char **words, int count,
                            struct save_image *images, size_t *ret_count, struct error *err)
{
        *ret_count = arguments->many ? (size_t)count : 1;
        for (size_t i = 0; i < *ret_count; i++)
                images[i] = (struct save_image){ .reference = words[i], .own_name = true };
        for (int i = 1; i < count && !arguments->many; i++) {
                char *name = NULL;

                if (reference_normalize(words[i], "localhost", &name, err) < 0)
                        return -1;
                strv_append_owned(&images->names, name);
        }
        return 0;
}

/* Where there is something to take back, signals are waited for; a write to a pipe that nobody
 * reads has to end by itself. */
static const volatile sig_atomic_t *save_cancel(const struct save_arguments *arguments)
{
        struct stat st;
        bool file = arguments->output && (stat(arguments->output, &st) < 0 || S_ISREG(st.st_mode) ||
                                          S_ISDIR(st.st_mode));

        return file ? signals_catch() : NULL;
}

static int save_to_sink(const struct save_arguments *arguments, const struct save_form *form,
                        struct store *store, char **words, int count, char **ret_digest,
                        struct error *err)
{
        AUTO_SINK struct sink *sink = NULL;
        AUTO_FREE struct save_image *images = alloc_zero((size_t)count, sizeof *images);
        struct save_options options = {
                .format = form->format,
                .all = arguments->all,
                .reshape = { .layers = arguments->compress       ? RESHAPE_LAYERS_COMPRESSED
                                       : arguments->uncompressed ? RESHAPE_LAYERS_PLAIN
                                                                 : RESHAPE_LAYERS_AS_THEY_ARE,
                             .cancel = save_cancel(arguments),
                             .note = save_note_print,
                             .context = (void *)&arguments->quiet },
        };
        size_t image_count;
        int result = -1;

        if (save_list_images(arguments, words, count, images, &image_count, err) == 0 &&
            save_open_sink(arguments, form, &sink, err) == 0)
                result = save_images(store, &options, images, image_count, sink, ret_digest, err);
        strv_free(&images->names);
        return result < 0 ? -1 : sink_finish(sink, err);
}

/* The layers are in use until the last byte is out: the store stays open. */
static int save_rootfs(const struct save_arguments *arguments, struct store *store,
                       const char *reference, char **ret_digest, struct error *err)
{
        struct flatten_options options = { .cancel = save_cancel(arguments) };
        AUTO_IMAGE struct image image = { 0 };
        AUTO_SINK struct sink *sink = NULL;
        int fd = STDOUT_FILENO;

        if (image_open(store, reference, &image, err) < 0)
                return -1;
        if (arguments->output) {
                options.compression = flatten_compression(arguments->output);
                if (sink_open_file(arguments->output, &sink, &fd, err) < 0)
                        return -1;
        }
        if (flatten_layers(&image.layers, &options, fd,
                           arguments->output ? arguments->output : "standard output", ret_digest,
                           err) < 0)
                return -1;
        return sink ? sink_finish(sink, err) : 0;
}

static int save_run(const struct save_arguments *arguments, const struct save_form *form,
                    char **words, int count, struct error *err)
{
        AUTO_STORE struct store store = STORE_NONE;
        AUTO_FREE char *digest = NULL;
        int result;

        if (save_check(arguments, form, count, err) < 0 ||
            cmd_open_store_of(arguments->root, *words, &store, err) < 0)
                return -1;
        result = form->rootfs ? save_rootfs(arguments, &store, *words, &digest, err)
                              : save_to_sink(arguments, form, &store, words, count, &digest, err);
        if (result == 0 && arguments->digest_file)
                result = io_write_file(AT_FDCWD, arguments->digest_file, digest, strlen(digest),
                                       0644, IO_NO_SYNC, err);
        return result;
}

int cmd_save(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(save_arguments_free) struct save_arguments arguments = { 0 };
        AUTO_ERROR struct error err = { 0 };
        const struct save_form *form;
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &arguments, 1, -1, &first, &status))
                return status;
        form = save_find_form(&arguments, &err);
        if (!form || save_run(&arguments, form, argv + first, argc - first, &err) < 0) {
                log_failure(&err);
                return signals_status(125);
        }
        return EXIT_SUCCESS;
}
