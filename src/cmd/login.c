/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit login, crunit logout */
#include "../base/log.h"
#include "../base/printable.h"
#include "../registry/credentials.h"
#include "../registry/registries.h"
#include "../registry/registry.h"
#include "image-cmd.h"
#include "prompt.h"
#include "registry-arguments.h"
#include "signals.h"

#include <errno.h>
#include <stddef.h>

struct login_arguments {
        char *user; /* owned */
        struct registry_arguments registry_arguments;
        bool password_stdin, get_login, verbose, all;
        struct settings settings;
        struct registry_options options; /* what both of these say */
        char *key;                       /* owned; REGISTRY[/PATH] */
        char *registry;                  /* owned */
};

/* For who is used to it from other tools. */
static int login_refuse_password(void *context, const struct option_row *row, const char *value,
                                 struct error *err)
{
        (void)context;
        (void)value;
        return error_set(err, EINVAL,
                         "--%s: everybody can read a command line: use --password-stdin",
                         row->name);
}

#define FIELD(name) offsetof(struct login_arguments, name)

const struct option_row cmd_login_options[] = {
        { "authfile", 0, OPTION_VALUE, "FILE", "Keep them in FILE", option_take_string,
          FIELD(registry_arguments.authfile) },
        { "cert-dir", 0, OPTION_VALUE, "DIR",
          "The authority's and the client's certificates from this directory", option_take_string,
          FIELD(registry_arguments.cert_dir) },
        { "get-login", 0, OPTION_FLAG, NULL, "Print who we are there, and do nothing",
          option_take_bool, FIELD(get_login) },
        { "password", 'p', OPTION_VALUE, "PASSWORD", NULL, login_refuse_password, 0 },
        { "password-stdin", 0, OPTION_FLAG, NULL, "Read the password from standard input",
          option_take_bool, FIELD(password_stdin) },
        { "tls-verify", 0, OPTION_FLAG, NULL,
          "Speak https with a certificate that is known, and nothing else (default: as "
          "registries.conf says)",
          registry_take_tls_verify, FIELD(registry_arguments.tls_verify) },
        { "username", 'u', OPTION_VALUE, "NAME", "Log in as NAME", option_take_string,
          FIELD(user) },
        { "verbose", 'v', OPTION_FLAG, NULL, "Say where they are kept", option_take_bool,
          FIELD(verbose) },
        { .name = NULL },
};

const struct option_row cmd_logout_options[] = {
        { "all", 'a', OPTION_FLAG, NULL, "Forget all that the file has", option_take_bool,
          FIELD(all) },
        { "authfile", 0, OPTION_VALUE, "FILE", "Forget those in FILE", option_take_string,
          FIELD(registry_arguments.authfile) },
        { .name = NULL },
};

static void login_arguments_free(struct login_arguments *arguments)
{
        free(arguments->user);
        registry_arguments_free(&arguments->registry_arguments);
        settings_free(&arguments->settings);
        free(arguments->key);
        free(arguments->registry);
}

/* --- which registry */

static int login_choose(struct login_arguments *arguments, const struct registries *registries,
                        const char *word, struct error *err)
{
        const char *behind = word ? str_after(word, "https://") : NULL;

        if (!word && !registries->search.count)
                return error_set(err, EINVAL,
                                 "say which registry: there is none to search in "
                                 "registries.conf");
        if (!word)
                word = registries->search.items[0];
        arguments->key = str_dup(behind ? behind : word);
        arguments->registry = str_dupn(arguments->key, strcspn(arguments->key, "/"));
        return credentials_check_key(arguments->key, err);
}

/* Is the registry marked insecure? 1 or 0. */
static int login_is_insecure(const struct login_arguments *arguments,
                             const struct registries *registries, struct error *err)
{
        AUTO_ENDPOINTS struct registries_endpoints endpoints = { 0 };
        struct reference reference = { .registry = arguments->registry };
        char any[] = "any";
        int insecure = 0;

        if (arguments->registry_arguments.tls_verify >= 0)
                return !arguments->registry_arguments.tls_verify;
        reference.path = any;
        if (registries_resolve(registries, &reference, &endpoints, err) < 0)
                return -1;
        for (size_t i = 0; i < endpoints.count; i++)
                if (str_equal(endpoints.items[i].host, arguments->registry))
                        insecure = endpoints.items[i].insecure;
        return insecure;
}

/* Settings first: they say where to look for both. */
static int login_load_settings(struct login_arguments *arguments, struct error *err)
{
        if (cmd_load_settings(&arguments->settings, err) < 0)
                return -1;
        return registry_arguments_apply(&arguments->registry_arguments, &arguments->settings,
                                        &arguments->options, err);
}

static int login_load_registries(struct login_arguments *arguments, struct registries *registries,
                                 struct error *err)
{
        if (registries_load(&arguments->settings.search, registries, err) < 0)
                return -1;
        for (size_t i = 0; i < registries->warnings.count; i++)
                log_warning("%s", registries->warnings.items[i]);
        return 0;
}

/* --- who we are */

static int login_show(const struct login_arguments *arguments, struct error *err)
{
        AUTO_CREDENTIALS struct credentials known = { 0 };
        const char *path = str_after(arguments->key, arguments->registry);
        int found = credentials_find(arguments->options.authfile, NULL, arguments->registry,
                                     *path ? path + 1 : NULL, &known, err);

        if (found == 0)
                return error_set(err, ENOENT, "not logged in to %s", arguments->key);
        if (found > 0)
                printable_line("%s", known.user);
        return found < 0 ? -1 : 0;
}

static int login_ask(const struct login_arguments *arguments, struct credentials *ret,
                     struct error *err)
{
        AUTO_CREDENTIALS struct credentials given = { .user = str_dup(arguments->user) };

        if (arguments->password_stdin && !given.user)
                return error_set(err, EINVAL, "--password-stdin needs --username");
        if (!arguments->password_stdin && !prompt_is_possible())
                return error_set(err, EINVAL,
                                 "there is no terminal to ask on: use --username and "
                                 "--password-stdin");
        if (!given.user && prompt_line("Username: ", &given.user, err) < 0)
                return -1;
        if (!*given.user || strchr(given.user, ':'))
                return error_set(err, EINVAL, "'%s' is no name of a user", given.user);
        if (arguments->password_stdin ? prompt_read_input(&given.password, err)
                                      : prompt_secret("Password: ", &given.password, err))
                return -1;
        *ret = given;
        given = (struct credentials){ 0 };
        return 0;
}

/* --- is it true? */

static int login_try(const struct login_arguments *arguments, const struct credentials *credentials,
                     const volatile sig_atomic_t *cancel, bool insecure, struct error *err)
{
        AUTO_REGISTRY struct registry *registry = NULL;
        AUTO_FREE char *pair =
                credentials ? str_concat(credentials->user, ":", credentials->password) : NULL;
        struct registry_options options = arguments->options;
        struct registry_endpoint endpoint = { .host = arguments->registry, .insecure = insecure };
        int result;

        options.credentials = pair;
        options.cancel = cancel;
        result = registry_open(&options, &endpoint, REGISTRY_PULL, &registry, err);
        if (result == 0)
                result = registry_ping(registry, err);
        if (pair)
                explicit_bzero(pair, strlen(pair));
        return result;
}

/* What is known already may be good enough. 1: it is. */
static int login_try_known(const struct login_arguments *arguments,
                           const volatile sig_atomic_t *cancel, bool insecure)
{
        AUTO_CREDENTIALS struct credentials known = { 0 };

        if (arguments->user || arguments->password_stdin ||
            credentials_find(arguments->options.authfile, NULL, arguments->registry, NULL, &known,
                             NULL) <= 0 ||
            login_try(arguments, NULL, cancel, insecure, NULL) < 0)
                return 0;
        printable_line("Already logged in to %s as %s", arguments->registry, known.user);
        return 1;
}

static int login_run(struct login_arguments *arguments, const char *word, struct error *err)
{
        AUTO_REGISTRIES struct registries registries = { 0 };
        AUTO_CREDENTIALS struct credentials given = { 0 };
        AUTO_FREE char *path = NULL;
        const volatile sig_atomic_t *cancel;
        int insecure;

        if (login_load_settings(arguments, err) < 0 ||
            login_load_registries(arguments, &registries, err) < 0 ||
            login_choose(arguments, &registries, word, err) < 0)
                return -1;
        if (arguments->get_login)
                return login_show(arguments, err);
        insecure = login_is_insecure(arguments, &registries, err);
        if (insecure < 0)
                return -1;
        cancel = signals_catch();
        if (str_equal(arguments->key, arguments->registry) &&
            login_try_known(arguments, cancel, insecure))
                return 0;
        if (login_ask(arguments, &given, err) < 0 ||
            login_try(arguments, &given, cancel, insecure, err) < 0 ||
            credentials_store(arguments->options.authfile, arguments->key, &given, &path, err) < 0)
                return -1;
        if (arguments->verbose)
                printable_line("Used: %s", path);
        puts("Login Succeeded!");
        return 0;
}

int cmd_login(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(login_arguments_free)
        struct login_arguments arguments = { .registry_arguments.tls_verify = -1 };
        AUTO_ERROR struct error err = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &arguments, 0, 1, &first, &status))
                return status;
        if (login_run(&arguments, first < argc ? argv[first] : NULL, &err) == 0)
                return EXIT_SUCCESS;
        log_failure(&err);
        return signals_status(CMD_USAGE);
}

/* --- out */

/* Others may keep what this one cannot remove. */
static int logout_explain(const struct login_arguments *arguments, const char *path,
                          struct error *err)
{
        AUTO_CREDENTIALS struct credentials left = { 0 };

        if (!arguments->options.authfile &&
            credentials_find(NULL, NULL, arguments->registry, NULL, &left, NULL) > 0)
                return error_set(err, ENOENT, "%s has nothing for %s; what %s has stays there",
                                 path, arguments->key, left.source);
        return error_set(err, ENOENT, "not logged in to %s (%s)", arguments->key, path);
}

static int logout_run(struct login_arguments *arguments, const char *word, struct error *err)
{
        AUTO_REGISTRIES struct registries registries = { 0 };
        AUTO_FREE char *path = NULL;
        int found;

        if (arguments->all && word)
                return error_set(err, EINVAL, "either --all or a registry");
        if (login_load_settings(arguments, err) < 0)
                return -1;
        if (!arguments->all && (login_load_registries(arguments, &registries, err) < 0 ||
                                login_choose(arguments, &registries, word, err) < 0))
                return -1;
        found = credentials_remove(arguments->options.authfile, arguments->key, &path, err);
        if (found < 0)
                return -1;
        if (arguments->all)
                printf("Removed login credentials for all registries\n");
        else if (found)
                printable_line("Removed login credentials for %s", arguments->key);
        else
                return logout_explain(arguments, path, err);
        return 0;
}

int cmd_logout(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(login_arguments_free) struct login_arguments arguments = { 0 };
        AUTO_ERROR struct error err = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &arguments, 0, 1, &first, &status))
                return status;
        if (logout_run(&arguments, first < argc ? argv[first] : NULL, &err) == 0)
                return EXIT_SUCCESS;
        return log_failure(&err);
}
