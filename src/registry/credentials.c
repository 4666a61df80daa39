/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "credentials.h"

#include "../base/base64.h"
#include "../base/io.h"
#include "auth-file.h"
#include "helper.h"

#include <errno.h>
#include <libgen.h>
#include <sys/file.h>

/* The key under which docker's helpers keep its own registry. */
#define CREDENTIALS_HUB "https://index.docker.io/v1/"

void credentials_free(struct credentials *credentials)
{
        free(credentials->user);
        if (credentials->password)
                explicit_bzero(credentials->password, strlen(credentials->password));
        free(credentials->password);
        free(credentials->identity_token);
        free(credentials->source);
        *credentials = (struct credentials){ 0 };
}

int credentials_parse(const char *text, struct credentials *ret, struct error *err)
{
        const char *colon = strchr(text, ':');
        size_t length = colon ? (size_t)(colon - text) : strlen(text);

        if (!length)
                return error_set(err, EINVAL, "credentials: USER:PASSWORD is expected");
        if (strpbrk(text, "\r\n"))
                return error_set(err, EINVAL, "credentials: a line end is in there");
        *ret = (struct credentials){ .user = str_dupn(text, length),
                                     .password = str_dup(colon ? colon + 1 : "") };
        return 0;
}

char *credentials_basic(const struct credentials *credentials)
{
        AUTO_FREE char *pair = str_concat(credentials->user, ":",
                                          credentials->password ? credentials->password : "");
        AUTO_FREE char *text = base64_encode(pair, strlen(pair));

        return str_concat("Basic ", text);
}

int credentials_check_key(const char *text, struct error *err)
{
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789.-_:[]/";
        size_t host = strcspn(text, "/");

        if (strstr(text, "://"))
                return error_set(err, EINVAL, "'%s' is a URL: say only the registry's name", text);
        if (!host || text[strspn(text, allowed)] || strstr(text, "//") || strstr(text, "..") ||
            str_has_suffix(text, "/") || strchr(text + host, ':'))
                return error_set(err, EINVAL, "'%s' is no REGISTRY[/PATH]", text);
        return 0;
}

/* --- find */

/* Among credential-helpers this stands for the files. */
#define CREDENTIALS_FILES "containers-auth.json"

static int credentials_ask_helper(const char *name, const char *registry, struct credentials *ret,
                                  struct error *err)
{
        int found = helper_get(name, registry, ret, err);

        if (found == 0 && str_equal(registry, "docker.io"))
                found = helper_get(name, CREDENTIALS_HUB, ret, err);
        return found;
}

static int credentials_find_entry(struct json_object *document, const char *registry,
                                  const char *repository, struct credentials *ret,
                                  struct error *err)
{
        struct json_object *entry = auth_file_find(document, registry, repository);

        return entry ? auth_file_decode(entry, ret, err) : 0;
}

static int credentials_find_in(struct json_object *document, const char *registry,
                               const char *repository, struct credentials *ret, struct error *err)
{
        const char *helper = auth_file_helper(document, registry);
        const char *store = auth_file_store(document);
        int found = helper ? credentials_ask_helper(helper, registry, ret, err) : 0;

        if (found == 0)
                found = credentials_find_entry(document, registry, repository, ret, err);
        if (found == 0 && store)
                found = credentials_ask_helper(store, registry, ret, err);
        return found;
}

static int credentials_find_file(const char *authfile, const char *registry, const char *repository,
                                 struct credentials *ret, struct error *err)
{
        AUTO_STRV struct strv paths = { 0 };

        auth_file_list(authfile, &paths);
        for (size_t i = 0; i < paths.count; i++) {
                AUTO_JSON struct json_object *document = NULL;
                struct credentials found = { 0 };
                int result = auth_file_read(paths.items[i], &document, err);

                if (result > 0) {
                        result = credentials_find_in(document, registry, repository, &found, err);
                        if (result < 0)
                                return error_wrap(err, "%s", paths.items[i]);
                }
                if (result < 0)
                        return -1;
                if (result > 0) {
                        if (!found.source)
                                found.source = str_dup(paths.items[i]);
                        *ret = found;
                        return 1;
                }
        }
        if (authfile && access(authfile, F_OK) < 0)
                return error_errno(err, errno, "%s", authfile);
        return 0;
}

int credentials_find(const char *authfile, const struct strv *helpers, const char *registry,
                     const char *repository, struct credentials *ret, struct error *err)
{
        int found = 0;

        if (!helpers || !helpers->count)
                return credentials_find_file(authfile, registry, repository, ret, err);
        for (size_t i = 0; found == 0 && i < helpers->count; i++)
                if (str_equal(helpers->items[i], CREDENTIALS_FILES))
                        found = credentials_find_file(authfile, registry, repository, ret, err);
                else
                        found = credentials_ask_helper(helpers->items[i], registry, ret, err);
        return found;
}

/* --- change */

/* The file and its directory, which is locked: two logins at once do not lose one. */
static int credentials_lock(const char *path, struct error *err)
{
        AUTO_FREE char *copy = str_dup(path);
        const char *directory = dirname(copy);
        AUTO_CLOSE int fd = -1;

        if (io_make_dirs(AT_FDCWD, directory, 0700, err) < 0)
                return -1;
        fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || flock(fd, LOCK_EX) < 0)
                return error_errno(err, errno, "cannot lock %s", directory);
        return steal_fd(&fd);
}

static void credentials_say_path(char **ret_path, const char *path)
{
        if (ret_path)
                *ret_path = str_dup(path);
}

static char *credentials_registry(const char *key)
{
        return str_dupn(key, strcspn(key, "/"));
}

static int credentials_store_in(struct json_object *document, const char *path, const char *key,
                                const struct credentials *credentials, char **ret_path,
                                struct error *err)
{
        AUTO_FREE char *registry = credentials_registry(key);
        const char *helper = auth_file_helper(document, registry);
        AUTO_FREE char *name = NULL;

        if (!helper && str_equal(registry, key))
                helper = auth_file_store(document);
        if (!helper) {
                auth_file_set(document, key, credentials);
                credentials_say_path(ret_path, path);
                return auth_file_write(path, document, err);
        }
        if (!str_equal(registry, key))
                return error_set(err, EINVAL,
                                 "%s leaves %s to a helper program, which knows registries only",
                                 path, registry);
        if (helper_store(helper, registry, credentials, err) < 0)
                return -1;
        name = str_concat("docker-credential-", helper);
        credentials_say_path(ret_path, name);
        return 0;
}

int credentials_store(const char *authfile, const char *key, const struct credentials *credentials,
                      char **ret_path, struct error *err)
{
        AUTO_FREE char *path = auth_file_target(authfile);
        AUTO_JSON struct json_object *document = NULL;
        AUTO_CLOSE int lock = credentials_lock(path, err);
        int found = lock < 0 ? -1 : auth_file_read(path, &document, err);

        if (found < 0)
                return -1;
        if (!found)
                document = json_object_new_object();
        return credentials_store_in(document, path, key, credentials, ret_path, err);
}

/* What helpers have goes as well. */
static int credentials_erase(struct json_object *document, const char *key, struct error *err)
{
        AUTO_FREE char *registry = credentials_registry(key);
        const char *helper = auth_file_helper(document, registry);
        int erased;

        if (!helper)
                helper = auth_file_store(document);
        if (!helper || !str_equal(registry, key))
                return 0;
        erased = helper_erase(helper, registry, err);
        if (erased == 0 && str_equal(registry, "docker.io"))
                erased = helper_erase(helper, CREDENTIALS_HUB, err);
        return erased;
}

static int credentials_remove_all(struct json_object *document, struct error *err)
{
        struct json_object *helpers = NULL;
        bool found = json_object_object_get_ex(document, "auths", NULL);

        json_object_object_del(document, "auths");
        if (json_get_object(document, "credHelpers", &helpers, err) < 0)
                return -1;
        if (helpers) {
                json_object_object_foreach(helpers, registry, name)
                {
                        (void)name;
                        if (credentials_erase(document, registry, err) < 0)
                                return -1;
                        found = true;
                }
        }
        return found;
}

int credentials_remove(const char *authfile, const char *key, char **ret_path, struct error *err)
{
        AUTO_FREE char *path = auth_file_target(authfile);
        AUTO_JSON struct json_object *document = NULL;
        AUTO_CLOSE int lock = -1;
        int found = auth_file_read(path, &document, err);
        int erased;

        credentials_say_path(ret_path, path);
        if (found <= 0)
                return found;
        lock = credentials_lock(path, err);
        if (lock < 0)
                return -1;
        json_object_put(steal_ptr(&document));
        found = auth_file_read(path, &document, err);
        if (found <= 0)
                return found;
        erased =
                key ? credentials_erase(document, key, err) : credentials_remove_all(document, err);
        if (erased < 0)
                return -1;
        found = key && auth_file_unset(document, key);
        if ((found || !key) && auth_file_write(path, document, err) < 0)
                return -1;
        return found || erased;
}
