/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "auth-file.h"

#include "../base/base64.h"
#include "../base/io.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <unistd.h>

/* --- where it is */

/* System services have no $HOME. Owned by the caller; NULL where nobody knows. */
static char *auth_file_home(void)
{
        const char *home = getenv("HOME");
        const struct passwd *entry;

        if (!str_empty(home))
                return str_dup(home);
        entry = getpwuid(getuid());
        return entry ? str_dup(entry->pw_dir) : NULL;
}

static char *auth_file_of_runtime(void)
{
        const char *runtime = getenv("XDG_RUNTIME_DIR");

        return str_empty(runtime) ? NULL : str_concat(runtime, "/containers/auth.json");
}

static char *auth_file_of_run(void)
{
        return str_format("/run/containers/%u/auth.json", (unsigned)getuid());
}

/* Under $variable, or under a directory of the home. */
static char *auth_file_of(const char *variable, const char *home, const char *directory,
                          const char *file)
{
        const char *base = getenv(variable);

        if (!str_empty(base))
                return str_concat(base, "/", file);
        return home ? str_concat(home, "/", directory, "/", file) : NULL;
}

static void auth_file_add(struct strv *paths, char *path)
{
        if (path)
                strv_append_owned(paths, path);
}

void auth_file_list(const char *authfile, struct strv *paths)
{
        AUTO_FREE char *home = NULL;
        const char *named = authfile ? authfile : getenv("REGISTRY_AUTH_FILE");
        char *runtime;

        if (!str_empty(named)) {
                strv_append(paths, named);
                return;
        }
        home = auth_file_home();
        runtime = auth_file_of_runtime();
        auth_file_add(paths, runtime);
        if (!runtime || getuid() == 0)
                auth_file_add(paths, auth_file_of_run());
        auth_file_add(paths,
                      auth_file_of("XDG_CONFIG_HOME", home, ".config", "containers/auth.json"));
        auth_file_add(paths, auth_file_of("DOCKER_CONFIG", home, ".docker", "config.json"));
        auth_file_add(paths, home ? str_concat(home, "/.dockercfg") : NULL);
}

char *auth_file_target(const char *authfile)
{
        const char *named = authfile ? authfile : getenv("REGISTRY_AUTH_FILE");
        char *runtime = NULL;

        if (!str_empty(named))
                return str_dup(named);
        if (getuid() != 0)
                runtime = auth_file_of_runtime();
        return runtime ? runtime : auth_file_of_run();
}

/* --- the file */

static bool auth_file_is_old(const char *path)
{
        return str_has_suffix(path, "/.dockercfg");
}

int auth_file_read(const char *path, struct json_object **ret, struct error *err)
{
        AUTO_JSON struct json_object *document = NULL;
        AUTO_ERROR struct error inner = { 0 };
        AUTO_FREE char *text = NULL;
        struct json_object *whole;
        struct json_object *auths = NULL;
        size_t length;

        if (io_read_file(AT_FDCWD, path, CREDENTIALS_MAX_FILE, &text, &length, &inner) < 0) {
                if (inner.code == ENOENT || inner.code == ENOTDIR)
                        return 0;
                return error_set(err, inner.code, "%s", inner.message);
        }
        if (text[strspn(text, " \t\r\n")] == '\0')
                document = json_object_new_object();
        else if (json_parse(text, length, path, &document, err) < 0)
                return -1;
        if (!json_object_is_type(document, json_type_object))
                return error_set(err, EBADMSG, "%s: not a JSON object", path);
        if (auth_file_is_old(path)) {
                whole = json_object_new_object();
                json_object_object_add(whole, "auths", steal_ptr(&document));
                document = whole;
        }
        if (json_get_object(document, "auths", &auths, err) < 0)
                return error_wrap(err, "%s", path);
        *ret = steal_ptr(&document);
        return 1;
}

int auth_file_write(const char *path, struct json_object *document, struct error *err)
{
        AUTO_FREE char *text = json_text(document, true);
        AUTO_FREE char *line = str_concat(text, "\n");
        /* A link stays a link: the file behind it is replaced. */
        AUTO_FREE char *target = realpath(path, NULL);

        return io_write_file(AT_FDCWD, target ? target : path, line, strlen(line), 0600, IO_SYNC,
                             err);
}

/* --- what is in there */

/* The registry that a key of "auths" stands for: docker writes URLs, and docker.io has many names.
 * Owned by the caller. */
static char *auth_file_normalize(const char *key)
{
        static const char *const hub[] = { "index.docker.io", "registry-1.docker.io" };
        const char *rest = str_after(key, "https://");
        AUTO_FREE char *host = NULL;

        if (!rest)
                rest = str_after(key, "http://");
        if (!rest)
                rest = key;
        host = str_dupn(rest, strcspn(rest, "/"));
        for (size_t i = 0; i < sizeof hub / sizeof *hub; i++)
                if (str_equal(host, hub[i]))
                        return str_dup("docker.io");
        return steal_str(&host);
}

/* Is the key a registry alone, rather than a path in it? URLs are. */
static bool auth_file_is_registry(const char *key)
{
        return str_has_prefix(key, "https://") || str_has_prefix(key, "http://") ||
               !strchr(key, '/');
}

static struct json_object *auth_file_auths(struct json_object *document)
{
        struct json_object *auths = NULL;

        json_get_object(document, "auths", &auths, NULL);
        return auths;
}

static struct json_object *auth_file_entry(struct json_object *auths, const char *key)
{
        struct json_object *entry = NULL;

        json_get_object(auths, key, &entry, NULL);
        return entry;
}

static struct json_object *auth_file_find_registry(struct json_object *auths, const char *registry)
{
        AUTO_FREE char *wanted = auth_file_normalize(registry);
        struct json_object *entry = auth_file_entry(auths, registry);
        struct json_object_iterator i = json_object_iter_begin(auths);
        struct json_object_iterator end = json_object_iter_end(auths);

        for (; !entry && !json_object_iter_equal(&i, &end); json_object_iter_next(&i)) {
                const char *key = json_object_iter_peek_name(&i);
                AUTO_FREE char *name = auth_file_is_registry(key) ? auth_file_normalize(key) : NULL;

                if (str_equal(name, wanted))
                        entry = auth_file_entry(auths, key);
        }
        return entry;
}

struct json_object *auth_file_find(struct json_object *document, const char *registry,
                                   const char *repository)
{
        struct json_object *auths = auth_file_auths(document);
        AUTO_FREE char *key =
                str_concat(registry, repository ? "/" : "", repository ? repository : "");
        char *slash;

        if (!auths)
                return NULL;
        while ((slash = strrchr(key, '/'))) {
                struct json_object *entry = auth_file_entry(auths, key);

                if (entry)
                        return entry;
                *slash = '\0';
        }
        return auth_file_find_registry(auths, registry);
}

/* "auth": base64 of USER:PASSWORD. Some have written zeros behind it. */
static int auth_file_decode_auth(const char *auth, struct credentials *found, struct error *err)
{
        AUTO_FREE char *text = NULL;
        size_t length;
        char *colon;

        text = base64_decode(auth, &length);
        colon = text ? strchr(text, ':') : NULL;
        if (!colon || colon == text || strspn(text, "\r\n") || strpbrk(text, "\r\n"))
                return error_set(err, EBADMSG, "\"auth\" is no base64 of USER:PASSWORD");
        free(found->user);
        found->user = str_dupn(text, (size_t)(colon - text));
        str_replace(&found->password, colon + 1);
        return 0;
}

int auth_file_decode(struct json_object *entry, struct credentials *ret, struct error *err)
{
        AUTO_CREDENTIALS struct credentials found = { 0 };
        const char *auth = NULL;

        if (json_copy_string(entry, "username", &found.user, err) < 0 ||
            json_copy_string(entry, "password", &found.password, err) < 0 ||
            json_copy_string(entry, "identitytoken", &found.identity_token, err) < 0 ||
            json_get_string(entry, "auth", &auth, err) < 0)
                return -1;
        if (!str_empty(auth) && auth_file_decode_auth(auth, &found, err) < 0)
                return -1;
        if (str_empty(found.identity_token))
                str_replace(&found.identity_token, NULL);
        else if (!found.user)
                found.user = str_dup("<token>");
        if (str_empty(found.user) || (!found.password && !found.identity_token))
                return 0;
        *ret = found;
        found = (struct credentials){ 0 };
        return 1;
}

const char *auth_file_helper(struct json_object *document, const char *registry)
{
        struct json_object *helpers = NULL;
        const char *name = NULL;

        json_get_object(document, "credHelpers", &helpers, NULL);
        if (helpers)
                json_get_string(helpers, registry, &name, NULL);
        return str_empty(name) ? NULL : name;
}

const char *auth_file_store(struct json_object *document)
{
        const char *name = NULL;

        json_get_string(document, "credsStore", &name, NULL);
        return str_empty(name) ? NULL : name;
}

/* --- changes */

void auth_file_set(struct json_object *document, const char *key,
                   const struct credentials *credentials)
{
        AUTO_FREE char *pair = str_concat(credentials->user, ":",
                                          credentials->password ? credentials->password : "");
        AUTO_FREE char *auth = base64_encode(pair, strlen(pair));
        struct json_object *auths = auth_file_auths(document);
        struct json_object *entry;

        if (!auths)
                auths = json_add_object(document, "auths");
        entry = json_add_object(auths, key);
        json_set_string(entry, "auth", auth);
        json_set_string(entry, "identitytoken", credentials->identity_token);
}

/* Another spelling of the same registry, or NULL; owned by the caller. */
static char *auth_file_spelling(struct json_object *auths, const char *key)
{
        AUTO_FREE char *wanted = auth_file_normalize(key);
        struct json_object_iterator i = json_object_iter_begin(auths);
        struct json_object_iterator end = json_object_iter_end(auths);

        for (; !json_object_iter_equal(&i, &end); json_object_iter_next(&i)) {
                const char *name = json_object_iter_peek_name(&i);
                AUTO_FREE char *normal = auth_file_normalize(name);

                if (auth_file_is_registry(name) && str_equal(normal, wanted))
                        return str_dup(name);
        }
        return NULL;
}

bool auth_file_unset(struct json_object *document, const char *key)
{
        struct json_object *auths = auth_file_auths(document);
        bool found = auths && json_object_object_get_ex(auths, key, NULL);

        if (!auths)
                return false;
        json_object_object_del(auths, key);
        while (auth_file_is_registry(key)) {
                AUTO_FREE char *other = auth_file_spelling(auths, key);

                if (!other)
                        break;
                json_object_object_del(auths, other);
                found = true;
        }
        return found;
}
