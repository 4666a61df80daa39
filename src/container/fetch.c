/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fetch.h"

#include "../base/notify.h"
#include "../image/platform.h"
#include "../image/reference.h"
#include "../image/transport.h"
#include "image-program.h"
#include "unpack.h"

#include <errno.h>

/* Do two names, of which the first may be missing, agree? */
static bool fetch_agrees(const char *wanted, const char *found)
{
        return !wanted || !found || str_equal(wanted, found);
}

/* An image of another platform than asked for is as good as none. */
static int fetch_check_platform(const struct fetch *fetch, const struct image *image,
                                struct error *err)
{
        const struct container_spec *spec = fetch->spec;
        const struct image_config *config = &image->config;

        if (fetch_agrees(spec->arch, config->architecture) && fetch_agrees(spec->os, config->os) &&
            fetch_agrees(spec->variant, config->variant))
                return 0;
        return error_set(err, ENOENT, "image %s in the store is for another platform", spec->image);
}

static int fetch_look_in(const struct fetch *fetch, const char *root, const char *reference,
                         struct store *ret_store, struct image *ret_image, struct error *err)
{
        AUTO_STORE struct store store = STORE_NONE;
        AUTO_IMAGE struct image image = { 0 };

        if (store_open(root, STORE_READ, &store, err) < 0 ||
            image_open(&store, reference, &image, err) < 0 ||
            fetch_check_platform(fetch, &image, err) < 0)
                return -1;
        *ret_store = store;
        store = (struct store)STORE_NONE;
        *ret_image = image;
        image = (struct image){ 0 };
        return 0;
}

/* Our own store first; of the others, the first that has it. */
static int fetch_look(const struct fetch *fetch, const char *reference, struct store *ret_store,
                      struct image *ret_image, struct error *err)
{
        AUTO_ERROR struct error why = { 0 };
        int result = fetch_look_in(fetch, fetch->storage, reference, ret_store, ret_image, err);
        size_t count = fetch->additional ? fetch->additional->count : 0;

        for (size_t i = 0; result < 0 && err->code == ENOENT && i < count; i++) {
                const char *root = fetch->additional->items[i];

                error_clear(&why);
                result = fetch_look_in(fetch, root, reference, ret_store, ret_image, &why);
                if (result < 0 && why.code == ENODATA)
                        return error_set(err, EROFS,
                                         "image %s is in %s, which is only read, and not unpacked "
                                         "there: load it from there (crunit load oci:%s:NAME)",
                                         reference, root, root);
                if (result < 0 && why.code != ENOENT)
                        return error_set(err, why.code, "%s", why.message);
        }
        if (result == 0)
                error_clear(err);
        return result;
}

/* The layers are a cache: somebody may have emptied it. */
static int fetch_open(const struct fetch *fetch, const char *reference, struct store *ret_store,
                      struct image *ret_image, struct error *err)
{
        AUTO_ERROR struct error why = { 0 };

        if (fetch_look(fetch, reference, ret_store, ret_image, &why) == 0)
                return 0;
        if (why.code != ENODATA)
                return error_set(err, why.code, "%s", why.message);
        if (unpack_image(fetch->storage, reference, fetch->signals, err) < 0)
                return -1;
        return fetch_look(fetch, reference, ret_store, ret_image, err);
}

/* The last line it says is the image's id; what a name stands for may be another name. */
static char *fetch_read_id(char *said, const char *reference)
{
        const char *line = image_program_last_line(said);
        AUTO_FREE char *digest = str_concat(str_has_prefix(line, "sha256:") ? "" : "sha256:", line);

        return digest_hex(digest) ? steal_str(&digest) : str_dup(reference);
}

/* Returns what to look for in the store, owned, or NULL. */
static char *fetch_pull(const struct fetch *fetch, const char *policy, struct error *err)
{
        AUTO_STRV struct strv args = { 0 };
        AUTO_FREE char *said = NULL;
        const struct image_program program = { .args = &args, .signals = fetch->signals };
        int status;

        strv_append(&args, "pull");
        /* With it that store would stand alone; without, it finds the same ones as we did. */
        if (!fetch->additional || !fetch->additional->count)
                strv_appendf(&args, "--root=%s", fetch->storage);
        strv_appendf(&args, "--policy=%s", policy);
        strv_append_all(&args, &fetch->spec->pull_options);
        strv_append(&args, "--");
        strv_append(&args, fetch->spec->image);
        status = image_program_run(&program, &said, err);
        notify_send("STATUS=");
        if (status == 0)
                return fetch_read_id(said, fetch->spec->image);
        if (status > 0) {
                error_clear(err);
                if (err)
                        err->code = EIO;
        }
        return NULL;
}

/* An image may have several names: the one that was asked for is to be noted, where it leads to
 * what was pulled. */
static int fetch_open_pulled(const struct fetch *fetch, const char *id, struct store *ret_store,
                             struct image *ret_image, struct error *err)
{
        AUTO_STORE struct store store = STORE_NONE;
        AUTO_IMAGE struct image image = { 0 };
        const char *hex = digest_hex(id);
        AUTO_ERROR struct error ignored = { 0 };

        if (!hex || fetch_look(fetch, fetch->spec->image, &store, &image, &ignored) < 0 ||
            !str_equal(image.id, hex)) {
                store_close(&store);
                return fetch_open(fetch, id, ret_store, ret_image, err);
        }
        *ret_store = store;
        store = (struct store)STORE_NONE;
        *ret_image = image;
        image = (struct image){ 0 };
        return 0;
}

static int fetch_pull_and_open(const struct fetch *fetch, const char *policy,
                               struct store *ret_store, struct image *ret_image, struct error *err)
{
        AUTO_FREE char *id = fetch_pull(fetch, policy, err);

        return id ? fetch_open_pulled(fetch, id, ret_store, ret_image, err) : -1;
}

/* --pull newer: better an older image than none. */
static int fetch_newer(const struct fetch *fetch, struct store *ret_store, struct image *ret_image,
                       struct error *err)
{
        AUTO_ERROR struct error why = { 0 };

        if (fetch_pull_and_open(fetch, "newer", ret_store, ret_image, err) == 0)
                return 0;
        if (err->code == EINTR ||
            fetch_open(fetch, fetch->spec->image, ret_store, ret_image, &why) < 0)
                return -1;
        fetch->warn("the image could not be pulled, the one in the store is used");
        error_clear(err);
        return 0;
}

static int fetch_missing(const struct fetch *fetch, struct store *ret_store,
                         struct image *ret_image, struct error *err)
{
        const struct container_spec *spec = fetch->spec;
        AUTO_ERROR struct error why = { 0 };

        if (fetch_open(fetch, spec->image, ret_store, ret_image, &why) == 0)
                return 0;
        if (why.code != ENOENT)
                return error_set(err, why.code, "%s", why.message);
        if (str_equal(spec->pull, "never"))
                return error_set(err, ENOENT, "%s, and --pull is never: load it with crunit load",
                                 why.message);
        if (str_has_prefix(spec->image, "sha256:"))
                return error_set(err, ENOENT, "%s, and an id cannot be pulled", why.message);
        return fetch_pull_and_open(fetch, "missing", ret_store, ret_image, err);
}

/* What the machine cannot run need not be fetched. */
static int fetch_check_machine(const struct container_spec *spec, struct error *err)
{
        struct platform host = platform_host();
        struct platform wanted = { spec->os, spec->arch, spec->variant };
        AUTO_FREE char *have = NULL;
        AUTO_FREE char *want = NULL;

        if (platform_rank(&host, &wanted) > 0)
                return 0;
        if (!wanted.os)
                wanted.os = host.os;
        if (!wanted.architecture)
                wanted.architecture = host.architecture;
        have = platform_text(&host);
        want = platform_text(&wanted);
        return error_set(err, ENOEXEC, "an image for %s is asked for, and this machine is %s", want,
                         have);
}

/* A name with a tag may look like a transport, such as "oci:1": a place has a path. */
static bool fetch_is_place(const char *image)
{
        return strchr(image, '/') && strchr(image, ':') && strchr(image, '/') > strchr(image, ':');
}

/* Where the image is somewhere else than in a registry or the store: 1, and it is open. */
static int fetch_from_place(const struct fetch *fetch, struct store *ret_store,
                            struct image *ret_image, struct error *err)
{
        AUTO_TRANSPORT struct transport transport = { 0 };
        const struct container_spec *spec = fetch->spec;
        int found = fetch_is_place(spec->image) ? transport_parse(spec->image, &transport, err) : 0;

        if (found <= 0)
                return found;
        if (transport.kind == TRANSPORT_REGISTRY) {
                str_replace(&fetch->spec->image, transport.reference);
                return 0;
        }
        if (str_equal(spec->pull, "never"))
                return error_set(err, EINVAL, "%s has to be loaded, and --pull is never",
                                 spec->image);
        return fetch_pull_and_open(fetch, "always", ret_store, ret_image, err) < 0 ? -1 : 1;
}

int fetch_image(const struct fetch *fetch, struct store *ret_store, struct image *ret_image,
                struct error *err)
{
        const char *policy = fetch->spec->pull;
        int placed;

        if (fetch_check_machine(fetch->spec, err) < 0)
                return -1;
        placed = fetch_from_place(fetch, ret_store, ret_image, err);
        if (placed)
                return placed < 0 ? -1 : 0;
        if (str_equal(policy, "always") && !str_has_prefix(fetch->spec->image, "sha256:"))
                return fetch_pull_and_open(fetch, policy, ret_store, ret_image, err);
        if (str_equal(policy, "newer") && !str_has_prefix(fetch->spec->image, "sha256:"))
                return fetch_newer(fetch, ret_store, ret_image, err);
        return fetch_missing(fetch, ret_store, ret_image, err);
}
