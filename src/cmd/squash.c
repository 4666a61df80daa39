/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit image squash */
#include "../image/squash.h"
#include "../base/io.h"
#include "../base/log.h"
#include "../base/printable.h"
#include "../container/rootfs.h"
#include "../image/change.h"
#include "../image/image.h"
#include "../image/load.h"
#include "../image/reference.h"
#include "../image/store-change.h"
#include "../image/store-work.h"
#include "image-cmd.h"
#include "signals.h"

#include <errno.h>
#include <libgen.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/stat.h>

struct squash_arguments {
        char *format, *compression, *output, *tag, *root; /* owned */
};

#define FIELD(name) offsetof(struct squash_arguments, name)

const struct option_row cmd_image_squash_options[] = {
        { "compression", 0, OPTION_VALUE, "NAME",
          "As mksquashfs or mkfs.erofs call it (default: zstd, for erofs lz4hc)",
          option_take_string, FIELD(compression) },
        { "format", 0, OPTION_VALUE, "FORMAT", "squashfs (the default) or erofs",
          option_take_string, FIELD(format) },
        { "output", 'o', OPTION_VALUE, "FILE",
          "Write FILE, and FILE.json with the settings; the store stays as it is",
          option_take_string, FIELD(output) },
        { "root", 0, OPTION_VALUE, "DIR", cmd_root_help, option_take_string, FIELD(root) },
        { "tag", 't', OPTION_VALUE, "NAME",
          "Name the new image NAME, instead of putting it in the place of IMAGE",
          option_take_string, FIELD(tag) },
        { .name = NULL },
};

/* A squash under way. */
struct squash {
        const struct squash_arguments *arguments; /* borrowed */
        const char *reference;                    /* borrowed */
        struct squash_options options;
        struct store store;
        struct work work; /* the file grows in it, and the image is mounted in it */
        struct image image;
        struct json_object *settings; /* owned; for the new image */
        struct strv names;            /* of the image; empty: --tag */
        char *digest;                 /* owned; of the old descriptor in index.json */
        char *directory, *file;       /* owned; the work directory, the file */
        bool written;                 /* file is there, and no other cleaning would take it away */
};

static void squash_end(struct squash *squash)
{
        if (squash->written)
                unlink(squash->file);
        if (squash->work.fd >= 0)
                work_end(&squash->work);
        image_free(&squash->image);
        json_object_put(squash->settings);
        strv_free(&squash->names);
        free(squash->digest);
        free(squash->directory);
        free(squash->file);
        store_close(&squash->store);
}

static int squash_read_settings(struct squash *squash, struct error *err)
{
        AUTO_FREE char *digest = str_format("sha256:%s", squash->image.id);
        AUTO_JSON struct json_object *document = NULL;

        if (store_read_blob(&squash->store, digest, CONFIG_MAX_SIZE, &document, err) < 0)
                return -1;
        return change_adopt(document, digest, &squash->settings, err);
}

/* The blobs and layers of the image stay until we have ended. */
static int squash_keep(struct squash *squash, struct error *err)
{
        AUTO_STRV struct strv digests = { 0 };

        strv_append(&digests, squash->image.digest);
        strv_append_all(&digests, &squash->image.config.diff_ids);
        return work_keep(&squash->work, &digests, err);
}

static int squash_find(struct squash *squash, struct error *err)
{
        AUTO_STORE_FOUND struct store_found found = { 0 };

        if (image_open(&squash->store, squash->reference, &squash->image, err) < 0 ||
            squash_read_settings(squash, err) < 0 || squash_keep(squash, err) < 0 ||
            store_look_up(&squash->store, squash->reference, &found, err) < 0)
                return -1;
        store_found_names(&found, &squash->names);
        squash->digest = str_dup(found.entry->descriptor.digest);
        return 0;
}

static int squash_begin(struct squash *squash, struct error *err)
{
        const struct squash_arguments *arguments = squash->arguments;
        const struct strv shared = { 0 };
        int result;

        /* Before anything is opened: no file moves between one namespace's mounts and another's. */
        if (squash_check(&squash->options, err) < 0 || rootfs_unshare(&shared, err) < 0 ||
            cmd_open_store(arguments->root, STORE_MAKE, &squash->store, err) < 0 ||
            work_begin(&squash->store, "squash", &squash->work, err) < 0 ||
            store_lock(&squash->store, STORE_SHARED, err) < 0)
                return -1;
        result = squash_find(squash, err);
        store_unlock(&squash->store);
        squash->directory = str_format("%s/tmp/%s", squash->store.root, squash->work.name);
        return result;
}

/* Beside where it is to be, or in the work directory. */
static void squash_choose_file(struct squash *squash)
{
        AUTO_FREE char *first = str_dup(squash->arguments->output);
        AUTO_FREE char *second = str_dup(squash->arguments->output);

        if (!first)
                squash->file = str_format("%s/image", squash->directory);
        else
                squash->file =
                        str_format("%s/.%s.%d", dirname(first), basename(second), (int)getpid());
}

static int squash_write(struct squash *squash, struct error *err)
{
        AUTO_FREE char *tree = str_format("%s/rootfs", squash->directory);
        size_t acls = 0;

        if (str_equal(squash->options.format, "squashfs") &&
            squash_count_acls(tree, &acls, err) < 0)
                return -1;
        if (acls)
                log_warning("%zu files have access control lists, which squashfs does not keep; "
                            "erofs does (--format erofs)",
                            acls);
        squash->written = squash->arguments->output;
        return squash_tree(tree, squash->file, &squash->options, err);
}

/* What the image's layers make together, mounted for us alone. */
static int squash_make(struct squash *squash, struct error *err)
{
        CLEANUP(rootfs_free) struct rootfs rootfs = { .writable = -1 };
        AUTO_FREE char *tree = str_format("%s/rootfs", squash->directory);
        int result;

        squash_choose_file(squash);
        strv_append_all(&rootfs.layers, &squash->image.layers);
        if (rootfs_mount_layers(&rootfs, squash->directory, err) < 0 ||
            rootfs_mount(&rootfs, squash->directory, err) < 0)
                return -1;
        result = squash_write(squash, err);
        if (umount2(tree, MNT_DETACH) < 0 && result == 0)
                return error_errno(err, errno, "cannot unmount %s", tree);
        return result;
}

/* FILE and FILE.json, on disk. */
static int squash_put_out(struct squash *squash, struct error *err)
{
        const char *output = squash->arguments->output;
        AUTO_FREE char *beside = str_format("%s.json", output);
        AUTO_FREE char *text = json_text(squash->settings, true);
        AUTO_CLOSE int fd = open(squash->file, O_RDONLY | O_CLOEXEC);

        if (fd < 0 || fsync(fd) < 0)
                return error_errno(err, errno, "cannot write %s", output);
        if (io_write_file(AT_FDCWD, beside, text, strlen(text), 0644, IO_SYNC, err) < 0)
                return -1;
        if (rename(squash->file, output) < 0 || io_sync_directory_of(AT_FDCWD, output) < 0)
                return error_errno(err, errno, "cannot rename %s to %s", squash->file, output);
        squash->written = false;
        printable_line("Wrote %s and %s", output, beside);
        return 0;
}

/* The other names follow the first, and nothing leads to the layers any more. */
static int squash_replace(struct squash *squash, const char *name, struct error *err)
{
        AUTO_STORE_FOUND struct store_found found = { 0 };
        const struct descriptor *made;

        if (store_look_up(&squash->store, name, &found, err) < 0)
                return -1;
        made = &found.entry->descriptor;
        for (size_t i = 0; i < squash->names.count; i++)
                if (store_tag(&squash->store, squash->names.items[i], made, err) < 0)
                        return -1;
        if (!str_equal(made->digest, squash->digest) &&
            store_forget(&squash->store, squash->digest, err) < 0)
                return -1;
        if (store_save(&squash->store, err) < 0)
                return -1;
        return store_collect(&squash->store, err);
}

/* In the place of the image, or under a name of its own. */
static int squash_put_in(struct squash *squash, struct error *err)
{
        const char *tag = squash->arguments->tag;
        const struct load_options options = {
                .path = squash->file,
                .tag = tag ? tag : squash->names.items[0],
                .document = squash->settings,
                .file = LOAD_FILE_ADOPT,
                .cancel = squash->options.cancel,
        };
        AUTO_STRV struct strv names = { 0 };
        int result = 0;

        if (load_images(&squash->store, &options, &names, err) < 0)
                return -1;
        /* The image may go now. */
        work_end(&squash->work);
        squash->work.fd = -1;
        if (!tag) {
                if (store_lock(&squash->store, STORE_EXCLUSIVE, err) < 0)
                        return -1;
                result = squash_replace(squash, names.items[0], err);
                store_unlock(&squash->store);
        }
        if (result == 0)
                printable_line("Squashed image: %s", names.items[0]);
        return result;
}

static int squash_run(struct squash *squash, struct error *err)
{
        struct tm broken = { 0 };

        if (squash_begin(squash, err) < 0)
                return -1;
        if (!squash->arguments->output && !squash->arguments->tag && !squash->names.count)
                return error_set(err, EINVAL, "%s has no name: give one (--tag)",
                                 squash->reference);
        if (squash->image.config.created &&
            strptime(squash->image.config.created, "%Y-%m-%dT%H:%M:%S", &broken))
                squash->options.created = timegm(&broken);
        if (squash_make(squash, err) < 0)
                return -1;
        return squash->arguments->output ? squash_put_out(squash, err) : squash_put_in(squash, err);
}

static void squash_arguments_free(struct squash_arguments *arguments)
{
        free(arguments->format);
        free(arguments->compression);
        free(arguments->output);
        free(arguments->tag);
        free(arguments->root);
}

int cmd_image_squash(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(squash_arguments_free) struct squash_arguments arguments = { 0 };
        CLEANUP(squash_end)
        struct squash squash = { .arguments = &arguments,
                                 .store = STORE_NONE,
                                 .work = { .fd = -1 } };
        AUTO_ERROR struct error err = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &arguments, 1, 1, &first, &status))
                return status;
        if (arguments.output && arguments.tag) {
                log_error("image squash: --output leaves the store alone, so --tag names nothing");
                return CMD_USAGE;
        }
        squash.reference = argv[first];
        squash.options = (struct squash_options){
                .format = arguments.format ? arguments.format : "squashfs",
                .compression = arguments.compression,
                .cancel = signals_catch(),
        };
        if (squash_run(&squash, &err) == 0)
                return EXIT_SUCCESS;
        log_failure(&err);
        return signals_status(CMD_USAGE);
}
