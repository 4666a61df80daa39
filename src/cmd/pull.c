/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit pull */
#include "../image/pull.h"
#include "../base/log.h"
#include "../base/pull-policy.h"
#include "../image/load.h"
#include "../image/pull-query.h"
#include "image-cmd.h"
#include "prompt.h"
#include "registry-arguments.h"
#include "signals.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

enum {
        PULL_MAX_ANSWERS = 3 /* that make no sense, before a question is given up */
};

struct pull_arguments {
        char *arch, *os, *variant, *platform, *policy, *root; /* owned */
        struct registry_arguments registry;
        bool all_tags, quiet;
};

static int pull_take_key(void *context, const struct option_row *row, const char *value,
                         struct error *err)
{
        (void)context;
        (void)value;
        return error_set(err, EOPNOTSUPP,
                         "--%s: encrypted images are not supported by this version", row->name);
}

#define FIELD(name) offsetof(struct pull_arguments, name)

const struct option_row cmd_pull_options[] = {
        { "all-tags", 'a', OPTION_FLAG, NULL, "Pull all tags of the repository", option_take_bool,
          FIELD(all_tags) },
        { "arch", 0, OPTION_VALUE, "ARCH", "Another architecture than this machine's",
          option_take_string, FIELD(arch) },
        { "authfile", 0, OPTION_VALUE, "FILE", "Credentials from this file", option_take_string,
          FIELD(registry.authfile) },
        { "cert-dir", 0, OPTION_VALUE, "DIR",
          "The authority's and the client's certificates from this directory", option_take_string,
          FIELD(registry.cert_dir) },
        { "creds", 0, OPTION_VALUE, "USER[:PASSWORD]", "Credentials for the registry",
          option_take_string, FIELD(registry.creds) },
        { .name = "decryption-key", .kind = OPTION_VALUE, .take = pull_take_key },
        { "os", 0, OPTION_VALUE, "OS", "Another operating system than this machine's",
          option_take_string, FIELD(os) },
        { "platform", 0, OPTION_VALUE, "OS/ARCH[/VARIANT]", "Another platform than this machine's",
          option_take_string, FIELD(platform) },
        { "policy", 0, OPTION_VALUE, "POLICY",
          "always (default), missing, never, or newer (what is here will do where the registry "
          "fails)",
          option_take_string, FIELD(policy) },
        { "quiet", 'q', OPTION_FLAG, NULL, "Show no progress", option_take_bool, FIELD(quiet) },
        { "retry", 0, OPTION_VALUE, "N", "Try N times more what fails for a passing reason",
          option_take_string, FIELD(registry.retry) },
        { "retry-delay", 0, OPTION_VALUE, "TIME", "Wait so long before the first of them",
          option_take_string, FIELD(registry.retry_delay) },
        { "tls-verify", 0, OPTION_FLAG, NULL,
          "Speak https with a certificate that is known, and nothing else (default: as "
          "registries.conf says)",
          registry_take_tls_verify, FIELD(registry.tls_verify) },
        { "variant", 0, OPTION_VALUE, "VARIANT", "Another variant of the architecture",
          option_take_string, FIELD(variant) },
        { "root", 0, OPTION_VALUE, "DIR", cmd_root_help, option_take_string, FIELD(root) },
        { .name = NULL },
};

static void pull_arguments_free(struct pull_arguments *arguments)
{
        free(arguments->arch);
        free(arguments->os);
        free(arguments->variant);
        free(arguments->platform);
        free(arguments->policy);
        free(arguments->root);
        registry_arguments_free(&arguments->registry);
}

/* All that a pull of several names has in common. */
struct pulling {
        const struct pull_arguments *arguments; /* borrowed */
        struct settings settings;
        struct registries registries;
        struct strv platform; /* the parts of --platform */
        struct strv nearby;   /* roots of additional stores */
        struct pull_options options;
        struct progress *progress; /* owned; of the image that is being pulled */
};

static void pulling_free(struct pulling *pulling)
{
        settings_free(&pulling->settings);
        registries_free(&pulling->registries);
        strv_free(&pulling->platform);
        strv_free(&pulling->nearby);
        progress_end(&pulling->progress);
}

static int pulling_set_platform(struct pulling *pulling, struct error *err)
{
        const struct pull_arguments *arguments = pulling->arguments;
        struct platform *platform = &pulling->options.platform;
        struct strv *parts = &pulling->platform;

        if (arguments->platform && (arguments->arch || arguments->os || arguments->variant))
                return error_set(err, EINVAL,
                                 "--platform says all that --arch, --os and --variant say");
        platform->os = arguments->os;
        platform->architecture = arguments->arch;
        platform->variant = arguments->variant;
        if (!arguments->platform)
                return 0;
        strv_split(parts, arguments->platform, "/", true);
        if (parts->count > 3 || parts->count < 1 || strv_contains(parts, ""))
                return error_set(err, EINVAL, "--platform %s: not OS/ARCH or OS/ARCH/VARIANT",
                                 arguments->platform);
        platform->os = parts->items[0];
        platform->architecture = parts->count > 1 ? parts->items[1] : NULL;
        platform->variant = parts->count > 2 ? parts->items[2] : NULL;
        return 0;
}

static int pulling_set_policy(struct pulling *pulling, struct error *err)
{
        static const struct {
                const char *name;
                enum pull_policy policy;
        } policies[] = { { "always", PULL_ALWAYS },
                         { "missing", PULL_MISSING },
                         { "never", PULL_NEVER },
                         { "newer", PULL_NEWER } };
        const char *given = pulling->arguments->policy;
        const char *wanted = given ? pull_policy_word(given) : "always";

        for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) {
                if (!str_equal(wanted, policies[i].name))
                        continue;
                pulling->options.policy = policies[i].policy;
                return 0;
        }
        return error_set(err, EINVAL, "--policy %s: always, missing, never and newer are possible",
                         given);
}

static void pulling_say(void *context, const char *message)
{
        struct pulling *pulling = context;

        progress_say(pulling->progress, message);
}

/* Which of the names is meant? An empty line is no answer, and a wrong one is not taken. */
static int pulling_choose(void *context, const char *name, const struct strv *names, size_t *ret,
                          struct error *err)
{
        AUTO_FREE char *question = str_format("Number (1 to %zu): ", names->count);

        (void)context;
        fprintf(stderr, "The image name '%s' has no registry in front. Which one is meant?\n",
                name);
        for (size_t i = 0; i < names->count; i++)
                fprintf(stderr, "  %zu. %s\n", i + 1, names->items[i]);
        for (int tries = 0; tries < PULL_MAX_ANSWERS; tries++) {
                AUTO_FREE char *answer = NULL;
                unsigned long long number;

                if (prompt_line(question, &answer, err) < 0)
                        return -1;
                if (str_to_u64(answer, names->count, &number) && number) {
                        *ret = (size_t)number - 1;
                        return 0;
                }
        }
        return error_set(err, ECANCELED, "no number of the list was chosen for the image name '%s'",
                         name);
}

static int pulling_begin(struct pulling *pulling, struct error *err)
{
        if (cmd_load_settings(&pulling->settings, err) < 0 ||
            cmd_list_additional(pulling->arguments->root, &pulling->nearby, err) < 0 ||
            registries_load(&pulling->settings.search, &pulling->registries, err) < 0 ||
            pulling_set_platform(pulling, err) < 0 || pulling_set_policy(pulling, err) < 0 ||
            registry_arguments_apply(&pulling->arguments->registry, &pulling->settings,
                                     &pulling->options.network, err) < 0)
                return -1;
        for (size_t i = 0; i < pulling->registries.warnings.count; i++)
                log_warning("%s", pulling->registries.warnings.items[i]);
        pulling->options.registries = &pulling->registries;
        pulling->options.network.helpers = &pulling->registries.credential_helpers;
        pulling->options.tls_verify = pulling->arguments->registry.tls_verify;
        pulling->options.nearby = &pulling->nearby;
        pulling->options.keep_blobs = pulling->settings.keep_blobs;
        pulling->options.cancel = signals_catch();
        pulling->options.notice = pulling->arguments->quiet ? NULL : pulling_say;
        pulling->options.choose =
                prompt_is_possible() && isatty(STDERR_FILENO) ? pulling_choose : NULL;
        pulling->options.context = pulling;
        return 0;
}

enum {
        PULLING_MAX_PATIENCE = 3600 /* seconds of pauses */
};

/* Longer than it takes us to give up on a line that stands still: then our reason is the one that
 * is told. */
static unsigned pulling_patience(const struct pulling *pulling)
{
        const struct registry_options *network = &pulling->options.network;
        uint64_t pauses;
        unsigned tries = registry_tries(network, &pauses);

        pauses = pauses / 1000 < PULLING_MAX_PATIENCE ? pauses / 1000 : PULLING_MAX_PATIENCE;
        return (network->stall_timeout ? network->stall_timeout : REGISTRY_DEFAULT_STALL) * tries +
               (unsigned)pauses + 15;
}

static int pulling_one(struct pulling *pulling, struct store *store, const char *text,
                       struct error *err)
{
        AUTO_FREE char *title = str_format("Pulling %s", text);
        AUTO_FREE char *id = NULL;
        int result;

        pulling->progress =
                progress_new(title, pulling->arguments->quiet ? PROGRESS_NOTIFIED : PROGRESS_SAID,
                             pulling_patience(pulling));
        pulling->options.progress = pulling->progress;
        result = pull_image(store, text, &pulling->options, &id, err);
        progress_end(&pulling->progress);
        if (result < 0)
                return -1;
        printf("%s\n", id);
        fflush(stdout);
        return 0;
}

static int pulling_list(struct pulling *pulling, const char *name, struct strv *names,
                        struct error *err)
{
        if (!pulling->arguments->all_tags) {
                strv_append(names, name);
                return 0;
        }
        return pull_list_tags(name, &pulling->options, names, err);
}

static int pulling_print_id(struct store *store, const char *name, struct error *err)
{
        AUTO_FREE char *id = NULL;
        AUTO_STORE_FOUND struct store_found found = { 0 };

        if (store_look_up(store, name, &found, err) < 0 ||
            store_entry_id(store, found.entry, &id, err) < 0)
                return -1;
        printf("%s\n", id);
        return 0;
}

/* From a file or directory: what `crunit load` does, said as a pull. */
static int pulling_load(struct pulling *pulling, struct store *store,
                        const struct transport *transport, struct error *err)
{
        const struct load_options options = { .cancel = pulling->options.cancel };
        AUTO_STRV struct strv names = { 0 };
        int result = 0;

        if (pulling->arguments->all_tags)
                return error_set(err, EINVAL, "--all-tags is for registries, not for %s",
                                 transport->path);
        if (load_transport(store, transport, &options, &names, err) < 0 ||
            store_lock(store, STORE_SHARED, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count && result == 0; i++)
                result = pulling_print_id(store, names.items[i], err);
        store_unlock(store);
        return result;
}

static int pulling_word(struct pulling *pulling, struct store *store, const char *word,
                        struct error *err)
{
        AUTO_TRANSPORT struct transport transport = { 0 };
        AUTO_STRV struct strv names = { 0 };
        int found = transport_parse(word, &transport, err);

        if (found < 0)
                return -1;
        if (found && transport.kind != TRANSPORT_REGISTRY)
                return pulling_load(pulling, store, &transport, err);
        if (pulling_list(pulling, found ? transport.reference : word, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count; i++)
                if (pulling_one(pulling, store, names.items[i], err) < 0)
                        return -1;
        return 0;
}

int cmd_pull(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(pull_arguments_free)
        struct pull_arguments arguments = { .registry.tls_verify = -1 };
        CLEANUP(pulling_free) struct pulling pulling = { .arguments = &arguments };
        AUTO_ERROR struct error err = { 0 };
        AUTO_STORE struct store store = STORE_NONE;
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &arguments, 1, -1, &first, &status))
                return status;
        if (pulling_begin(&pulling, &err) < 0 ||
            cmd_open_store(arguments.root, STORE_MAKE, &store, &err) < 0) {
                log_error("pull: %s", err.message);
                return CMD_USAGE;
        }
        for (status = EXIT_SUCCESS; first < argc; first++) {
                AUTO_ERROR struct error reason = { 0 };

                if (pulling_word(&pulling, &store, argv[first], &reason) == 0)
                        continue;
                log_failure(&reason);
                status = signals_status(CMD_USAGE);
                if (*pulling.options.cancel)
                        break;
        }
        return status;
}
