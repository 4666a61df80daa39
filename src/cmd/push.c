/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit push */
#include "../image/push.h"
#include "../base/io.h"
#include "../base/log.h"
#include "../image/reference.h"
#include "../image/save.h"
#include "../image/transport.h"
#include "../registry/registries.h"
#include "image-cmd.h"
#include "registry-arguments.h"
#include "save-note.h"
#include "signals.h"

#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>

struct push_arguments {
        struct registry_arguments registry;
        char *compression, *digest_file, *format, *root; /* owned */
        bool all, compress, quiet, ignored;
};

#define FIELD(name) offsetof(struct push_arguments, name)

const struct option_row cmd_push_options[] = {
        { "all", 'a', OPTION_FLAG, NULL, "Of an index all platforms, and the index itself",
          option_take_bool, FIELD(all) },
        { "authfile", 0, OPTION_VALUE, "FILE", "Credentials from this file", option_take_string,
          FIELD(registry.authfile) },
        { "cert-dir", 0, OPTION_VALUE, "DIR",
          "The authority's and the client's certificates from this directory", option_take_string,
          FIELD(registry.cert_dir) },
        { "compress", 0, OPTION_FLAG, NULL, "Compress layers that are not (dir:)", option_take_bool,
          FIELD(compress) },
        { "compression-format", 0, OPTION_VALUE, "FORMAT",
          "gzip: compress layers that are not; else they go as they are", option_take_string,
          FIELD(compression) },
        { "creds", 0, OPTION_VALUE, "USER[:PASSWORD]", "Credentials for the registry",
          option_take_string, FIELD(registry.creds) },
        { "digestfile", 0, OPTION_VALUE, "FILE", "Write the digest of the manifest to FILE",
          option_take_string, FIELD(digest_file) },
        { "disable-content-trust", 0, OPTION_FLAG, NULL, NULL, option_take_bool, FIELD(ignored) },
        { "format", 'f', OPTION_VALUE, "FORMAT",
          "Form of the manifest: oci or v2s2 (default: the image's own)", option_take_string,
          FIELD(format) },
        { "quiet", 'q', OPTION_FLAG, NULL, "Say nothing of what is done", option_take_bool,
          FIELD(quiet) },
        { "remove-signatures", 0, OPTION_FLAG, NULL, NULL, option_take_bool, FIELD(ignored) },
        { "retry", 0, OPTION_VALUE, "N", "Try N times more what fails for a passing reason",
          option_take_string, FIELD(registry.retry) },
        { "retry-delay", 0, OPTION_VALUE, "TIME", "Wait so long before the first of them",
          option_take_string, FIELD(registry.retry_delay) },
        { "tls-verify", 0, OPTION_FLAG, NULL,
          "Speak https with a certificate that is known, and nothing else (default: as "
          "registries.conf says)",
          registry_take_tls_verify, FIELD(registry.tls_verify) },
        { "root", 0, OPTION_VALUE, "DIR", cmd_root_help, option_take_string, FIELD(root) },
        { .name = NULL },
};

static void push_arguments_free(struct push_arguments *arguments)
{
        registry_arguments_free(&arguments->registry);
        free(arguments->compression);
        free(arguments->digest_file);
        free(arguments->format);
        free(arguments->root);
}

static int push_set_shape(const struct push_arguments *arguments, struct reshape *ret,
                          struct error *err)
{
        static const struct {
                const char *name;
                enum outgoing_form form;
        } forms[] = { { "oci", OUTGOING_OCI }, { "v2s2", OUTGOING_DOCKER } };

        if (arguments->compression && !str_equal(arguments->compression, "gzip"))
                return error_set(err, EINVAL, "--compression-format %s: gzip is possible",
                                 arguments->compression);
        if (arguments->compress || arguments->compression)
                ret->layers = RESHAPE_LAYERS_COMPRESSED;
        ret->note = save_note_print;
        ret->context = (void *)&arguments->quiet;
        for (size_t i = 0; arguments->format && i < sizeof forms / sizeof *forms; i++)
                if (str_equal(arguments->format, forms[i].name)) {
                        ret->convert = true;
                        ret->form = forms[i].form;
                }
        if (arguments->all && (arguments->compress || arguments->compression || arguments->format))
                return error_set(err, EINVAL,
                                 "--all pushes an index as it is: not with --format, --compress "
                                 "and --compression-format");
        if (arguments->format && !ret->convert)
                return error_set(err, EINVAL, "--format %s: oci and v2s2 are possible",
                                 arguments->format);
        return 0;
}

/* --- to a registry */

static void push_say(void *context, const char *message)
{
        (void)context;
        log_warning("%s", message);
}

/* registries.conf may forbid the registry, or allow it not to prove itself. Mirrors and other names
 * are for fetching only. */
static int push_find_endpoint(const struct push_arguments *arguments,
                              const struct registries *registries,
                              const struct reference *reference, bool *ret_insecure,
                              struct error *err)
{
        AUTO_ENDPOINTS struct registries_endpoints endpoints = { 0 };

        if (registries_resolve(registries, reference, &endpoints, err) < 0)
                return -1;
        for (size_t i = 0; i < registries->warnings.count; i++)
                log_warning("%s", registries->warnings.items[i]);
        *ret_insecure = endpoints.count && endpoints.items[endpoints.count - 1].insecure;
        if (arguments->registry.tls_verify >= 0)
                *ret_insecure = !arguments->registry.tls_verify;
        return 0;
}

static int push_to_registry(const struct push_arguments *arguments, struct store *store,
                            const char *image, const char *name, const struct reshape *reshape,
                            char **ret_digest, struct error *err)
{
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_REGISTRIES struct registries registries = { 0 };
        AUTO_REFERENCE struct reference reference = { 0 };
        AUTO_FREE char *full = NULL;
        struct push_target target = { 0 };
        struct push_options options = { .reshape = *reshape, .all = arguments->all };

        if (settings_load(&settings, err) < 0 || /* warned of when the store was opened */
            reference_normalize(name, "docker.io", &full, err) < 0)
                return -1;
        if (strchr(name, '@')) { /* the full name has none */
                AUTO_FREE char *with_digest = str_format("%.*s%s", (int)(strrchr(full, ':') - full),
                                                         full, strchr(name, '@'));

                str_replace(&full, with_digest);
        }
        if (reference_parse(full, &reference, err) < 0 ||
            registries_load(&settings.search, &registries, err) < 0 ||
            push_find_endpoint(arguments, &registries, &reference, &target.endpoint.insecure, err) <
                    0 ||
            registry_arguments_apply(&arguments->registry, &settings, &options.registry, err) < 0)
                return -1;
        options.registry.helpers = &registries.credential_helpers;
        target.endpoint.host = reference.registry;
        target.endpoint.repository = reference.path;
        target.reference = reference.digest ? reference.digest : reference.tag;
        options.registry.notice = push_say;
        options.registry.cancel = options.reshape.cancel = signals_catch();
        if (push_image(store, image, &target, &options, ret_digest, err) < 0)
                return error_wrap(err, "pushing %s", full);
        return 0;
}

/* --- to a file or a directory */

static const struct push_form {
        enum transport_kind kind;
        enum save_format format;
        bool directory;
        const char *registry; /* that stands in a name there that has none; NULL: as it is */
} push_forms[] = {
        { TRANSPORT_OCI, SAVE_OCI, true, NULL },
        { TRANSPORT_OCI_ARCHIVE, SAVE_OCI, false, NULL },
        { TRANSPORT_DOCKER_ARCHIVE, SAVE_DOCKER_ARCHIVE, false, "docker.io" },
        { TRANSPORT_DIR, SAVE_DIR, true, NULL },
};

static const struct push_form *push_find_form(const struct transport *transport)
{
        for (size_t i = 0; i < sizeof push_forms / sizeof *push_forms; i++)
                if (push_forms[i].kind == transport->kind)
                        return push_forms + i;
        return NULL;
}

/* What is in an archive already would be lost. */
static int push_open_sink(const struct transport *transport, const struct push_form *form,
                          struct sink **ret, struct error *err)
{
        struct stat st;

        if (form->directory)
                return sink_open_directory(transport->path, ret, err);
        if (stat(transport->path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size)
                return error_set(err, EEXIST,
                                 "%s is there already, and archives cannot be added to: remove it "
                                 "first, or use `crunit save`",
                                 transport->path);
        return sink_open_tar(transport->path, ret, err);
}

static int push_to_path(const struct push_arguments *arguments, struct store *store,
                        const char *image, const struct transport *transport,
                        const struct reshape *reshape, char **ret_digest, struct error *err)
{
        const struct push_form *form = push_find_form(transport);
        AUTO_SINK struct sink *sink = NULL;
        AUTO_STRV struct strv names = { 0 };
        struct save_options options = { .reshape = *reshape, .all = arguments->all };
        struct save_image one = { .reference = image };
        char *name = NULL;

        if (!form)
                return error_set(err, EINVAL,
                                 "the tar of a root file system is made by `crunit save --format "
                                 "rootfs`");
        if (transport->reference && form->registry) {
                if (reference_normalize(transport->reference, form->registry, &name, err) < 0)
                        return -1;
                strv_append_owned(&names, name);
        } else if (transport->reference) {
                strv_append(&names, transport->reference);
        }
        one.names = names;
        options.format = form->format;
        options.reshape.cancel = signals_catch();
        if (push_open_sink(transport, form, &sink, err) < 0 ||
            save_images(store, &options, &one, 1, sink, ret_digest, err) < 0)
                return -1;
        return sink_finish(sink, err);
}

/* --- where to */

/* Without a destination the image goes to where its name says. */
static int push_own_name(struct store *store, const char *image, struct transport *ret,
                         struct error *err)
{
        AUTO_OUTGOING struct outgoing outgoing = { 0 };

        if (outgoing_read(store, image, &outgoing, err) < 0)
                return -1;
        if (!outgoing.name)
                return error_set(err, EINVAL,
                                 "%s is not an image's name: say where to push it: crunit push %s "
                                 "REGISTRY/NAME",
                                 image, image);
        *ret = (struct transport){ .kind = TRANSPORT_REGISTRY,
                                   .reference = steal_str(&outgoing.name) };
        return 0;
}

static int push_find_transport(struct store *store, const char *image, const char *destination,
                               struct transport *ret, struct error *err)
{
        int found = destination ? transport_parse(destination, ret, err) : 0;

        if (found)
                return found < 0 ? -1 : 0;
        if (!destination)
                return push_own_name(store, image, ret, err);
        *ret = (struct transport){ .kind = TRANSPORT_REGISTRY, .reference = str_dup(destination) };
        return 0;
}

static int push_run(const struct push_arguments *arguments, const char *image,
                    const char *destination, struct error *err)
{
        AUTO_STORE struct store store = STORE_NONE;
        AUTO_TRANSPORT struct transport transport = { 0 };
        AUTO_FREE char *digest = NULL;
        struct reshape reshape = { 0 };
        int result;

        if (push_set_shape(arguments, &reshape, err) < 0 ||
            cmd_open_store_of(arguments->root, image, &store, err) < 0 ||
            push_find_transport(&store, image, destination, &transport, err) < 0)
                return -1;
        result = transport.kind == TRANSPORT_REGISTRY
                         ? push_to_registry(arguments, &store, image, transport.reference, &reshape,
                                            &digest, err)
                         : push_to_path(arguments, &store, image, &transport, &reshape, &digest,
                                        err);
        if (result == 0 && arguments->digest_file)
                result = io_write_file(AT_FDCWD, arguments->digest_file, digest, strlen(digest),
                                       0644, IO_NO_SYNC, err);
        return result;
}

int cmd_push(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(push_arguments_free)
        struct push_arguments arguments = { .registry = { .tls_verify = -1 } };
        AUTO_ERROR struct error err = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &arguments, 1, 2, &first, &status))
                return status;
        if (push_run(&arguments, argv[first], first + 1 < argc ? argv[first + 1] : NULL, &err) <
            0) {
                log_failure(&err);
                return signals_status(CMD_USAGE);
        }
        return EXIT_SUCCESS;
}
