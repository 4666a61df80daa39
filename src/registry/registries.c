/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "registries.h"

#include "../base/dropin.h"
#include "../base/home.h"
#include "../base/io.h"
#include "registries-file.h"

#include <errno.h>
#include <unistd.h>

enum {
        REGISTRIES_MAX_SIZE = 1 << 20
};

/* --- files */

/* Returns 1 where the file was read, 0 where there is none. */
static int add_file(struct registries *registries, enum registries_file kind, const char *path,
                    struct error *err)
{
        AUTO_FREE char *text = NULL;
        AUTO_ERROR struct error problem = { 0 };
        size_t length;

        if (io_read_file(AT_FDCWD, path, REGISTRIES_MAX_SIZE, &text, &length, &problem) < 0)
                return problem.code == ENOENT || problem.code == ENOTDIR
                               ? 0
                               : error_set(err, problem.code, "%s", problem.message);
        if (registries_add_text(registries, kind, path, text, length, err) < 0)
                return -1;
        return 1;
}

static int add_main_file(struct registries *registries, const char *directory, struct error *err)
{
        AUTO_FREE char *path = directory ? str_concat(directory, "/registries.conf") : NULL;

        return path ? add_file(registries, REGISTRIES_MAIN, path, err) : 0;
}

static int add_dropins(struct registries *registries, const char *low, const char *high,
                       struct error *err)
{
        AUTO_FREE char *first = low ? str_concat(low, "/registries.conf.d") : NULL;
        AUTO_FREE char *second = high ? str_concat(high, "/registries.conf.d") : NULL;
        const char *const directories[] = { first, second };
        AUTO_STRV struct strv paths = { 0 };

        if (dropin_list(directories, 2, &paths, err) < 0)
                return -1;
        for (size_t i = 0; i < paths.count; i++)
                if (add_file(registries, REGISTRIES_DROPIN, paths.items[i], err) < 0)
                        return -1;
        return 0;
}

static int add_usual_files(struct registries *registries, const struct registries_places *places,
                           struct error *err)
{
        int own = add_main_file(registries, places->user, err), result = own;

        if (own == 0)
                result = add_main_file(registries, places->machine, err);
        if (own == 0 && result == 0)
                result = add_main_file(registries, places->vendor, err);
        if (result < 0 ||
            (own == 0 && add_dropins(registries, places->vendor, places->machine, err) < 0) ||
            add_dropins(registries, places->user, NULL, err) < 0)
                return -1;
        return places->noted ? add_file(registries, REGISTRIES_NOTED, places->noted, err) : 0;
}

/* A file that was named has to be there. */
static int add_named_file(struct registries *registries, enum registries_file kind,
                          const char *path, struct error *err)
{
        int result = add_file(registries, kind, path, err);

        return result == 0 ? error_errno(err, ENOENT, "cannot open %s", path) : result;
}

int registries_load_places(const struct registries_places *places, const struct strv *fallback,
                           struct registries *ret, struct error *err)
{
        AUTO_REGISTRIES struct registries registries = { 0 };
        int result = places->only ? add_named_file(&registries, REGISTRIES_MAIN, places->only, err)
                                  : add_usual_files(&registries, places, err);

        if (result < 0 ||
            (places->last && add_named_file(&registries, REGISTRIES_DROPIN, places->last, err) < 0))
                return -1;
        if (!registries.search_source && fallback)
                strv_append_all(&registries.search, fallback);
        if (places->noted && !places->only)
                registries.noted = str_dup(places->noted);
        *ret = registries;
        registries = (struct registries){ 0 };
        return 0;
}

static const char *nonempty(const char *text)
{
        return str_empty(text) ? NULL : text;
}

int registries_load(const struct strv *fallback, struct registries *ret, struct error *err)
{
        AUTO_FREE char *user = home_config_path("containers");
        AUTO_FREE char *noted = geteuid() == 0
                                        ? str_dup("/var/cache/containers/short-name-aliases.conf")
                                        : home_cache_path("containers/short-name-aliases.conf");
        struct registries_places places = {
                .only = nonempty(getenv("CONTAINERS_REGISTRIES_CONF")),
                .user = user,
                .machine = "/etc/containers",
                .vendor = "/usr/share/containers",
                .noted = noted,
                .last = nonempty(getenv("CONTAINERS_REGISTRIES_CONF_OVERRIDE")),
        };

        return registries_load_places(&places, fallback, ret, err);
}

void registries_free(struct registries *registries)
{
        for (size_t i = 0; i < registries->entry_count; i++)
                registries_entry_free(&registries->entries[i]);
        free(registries->entries);
        for (size_t i = 0; i < registries->alias_count; i++) {
                free(registries->aliases[i].name);
                free(registries->aliases[i].value);
                free(registries->aliases[i].source);
        }
        free(registries->aliases);
        strv_free(&registries->search);
        free(registries->search_source);
        free(registries->noted);
        strv_free(&registries->credential_helpers);
        strv_free(&registries->warnings);
        *registries = (struct registries){ 0 };
}

/* --- from a name to servers */

/* How much of name the prefix stands for; 0 where it does not match. */
static size_t match_prefix(const char *name, const char *prefix)
{
        const char *domain = str_after(prefix, "*");
        size_t length = strlen(prefix), host = strcspn(name, "/");

        if (domain) {
                size_t bare = memchr(name, ':', host)
                                      ? (size_t)((const char *)memchr(name, ':', host) - name)
                                      : host;

                length--;
                return bare > length && memcmp(name + bare - length, domain, length) == 0 ? bare
                                                                                          : 0;
        }
        if (strncmp(name, prefix, length) != 0)
                return 0;
        /* A host without a port is not the one with it. */
        if (!strchr(prefix, '/'))
                return length == host ? length : 0;
        return name[length] == '\0' || strchr("/:@", name[length]) ? length : 0;
}

static const struct registries_entry *find_entry(const struct registries *registries,
                                                 const char *name, size_t *ret_length)
{
        const struct registries_entry *found = NULL;

        for (size_t i = 0; i < registries->entry_count; i++) {
                const struct registries_entry *entry = &registries->entries[i];
                size_t length = match_prefix(name, entry->prefix);

                if (!length || (found && strlen(entry->prefix) <= strlen(found->prefix)))
                        continue;
                found = entry;
                *ret_length = length;
        }
        return found;
}

/* Does the name carry what the mirror wants? */
static bool mirror_serves(const struct registries_entry *entry,
                          const struct registries_location *mirror, bool digest)
{
        if (entry->mirror_by_digest_only || mirror->when == REGISTRIES_DIGEST_ONLY)
                return digest;
        return mirror->when != REGISTRIES_TAG_ONLY || !digest;
}

/* The server for this name, once the first length bytes of it are replaced by the location. */
static int add_endpoint(const char *name, size_t length, const struct registries_location *location,
                        const struct reference *wanted, struct registries_endpoints *endpoints,
                        struct error *err)
{
        bool moved = location && *location->location;
        AUTO_FREE char *text =
                moved ? str_concat(location->location, name + length) : str_dup(name);
        AUTO_REFERENCE struct reference reference = { 0 };
        struct registries_endpoint *endpoint;

        if (reference_parse(text, &reference, err) < 0)
                return -1;
        if (!reference.registry)
                return error_set(err, EINVAL, "location '%s' does not begin with a registry",
                                 moved ? location->location : text);
        endpoints->items =
                alloc_grow(endpoints->items, endpoints->count + 1, sizeof *endpoints->items);
        endpoint = &endpoints->items[endpoints->count++];
        *endpoint = (struct registries_endpoint){
                .host = steal_str(&reference.registry),
                .repository = steal_str(&reference.path),
                .tag = steal_str(&reference.tag),
                .digest = steal_str(&reference.digest),
                .insecure = location && location->insecure,
        };
        endpoint->foreign = !str_equal(endpoint->host, wanted->registry);
        /* A prefix with a tag may stand for a location without. */
        if (!endpoint->tag && !endpoint->digest)
                endpoint->tag = str_dup(wanted->tag ? wanted->tag : "latest");
        return 0;
}

static int add_endpoints(const struct registries_entry *entry, const char *name, size_t length,
                         const struct reference *reference, struct registries_endpoints *endpoints,
                         struct error *err)
{
        for (size_t i = 0; i < entry->mirror_count; i++)
                if (mirror_serves(entry, &entry->mirrors[i], reference->digest) &&
                    add_endpoint(name, length, &entry->mirrors[i], reference, endpoints, err) < 0)
                        return error_wrap(err, "%s", entry->source);
        if (add_endpoint(name, length, &entry->primary, reference, endpoints, err) < 0)
                return error_wrap(err, "%s", entry->source);
        return 0;
}

/* The name with all of its parts, but no tag beside a digest. */
static char *complete_name(const struct reference *reference)
{
        AUTO_FREE char *name = reference_name(reference, NULL);

        if (!reference->digest)
                return steal_str(&name);
        *strrchr(name, ':') = '\0';
        return str_concat(name, "@", reference->digest);
}

int registries_resolve(const struct registries *registries, const struct reference *reference,
                       struct registries_endpoints *ret, struct error *err)
{
        AUTO_ENDPOINTS struct registries_endpoints endpoints = { 0 };
        AUTO_FREE char *name = NULL;
        const struct registries_entry *entry;
        size_t length = 0;
        int result;

        if (!reference->registry)
                return error_set(err, EINVAL, "image name '%s' has no registry", reference->path);
        name = complete_name(reference);
        entry = find_entry(registries, name, &length);
        if (entry && entry->blocked)
                return error_set(err, EPERM, "%s: %s blocks images of %s", name, entry->source,
                                 entry->prefix);
        result = entry ? add_endpoints(entry, name, length, reference, &endpoints, err)
                       : add_endpoint(name, 0, NULL, reference, &endpoints, err);
        if (result < 0)
                return -1;
        *ret = endpoints;
        endpoints = (struct registries_endpoints){ 0 };
        return 0;
}

void registries_endpoints_free(struct registries_endpoints *endpoints)
{
        for (size_t i = 0; i < endpoints->count; i++) {
                free(endpoints->items[i].host);
                free(endpoints->items[i].repository);
                free(endpoints->items[i].tag);
                free(endpoints->items[i].digest);
        }
        free(endpoints->items);
        *endpoints = (struct registries_endpoints){ 0 };
}

/* --- from a short name to full ones */

/* FRONT[/PATH] with the tag and digest of reference, as one name in full. */
static int add_name(const char *front, const char *path, const struct reference *reference,
                    struct strv *names, struct error *err)
{
        AUTO_FREE char *text = str_format(
                "%s%s%s%s%s%s%s", front, path ? "/" : "", path ? path : "",
                reference->tag ? ":" : "", reference->tag ? reference->tag : "",
                reference->digest ? "@" : "", reference->digest ? reference->digest : "");
        AUTO_REFERENCE struct reference full = { 0 };
        AUTO_FREE char *name = NULL;

        if (reference_parse(text, &full, err) < 0)
                return -1;
        if (!full.registry)
                return error_set(err, EINVAL, "'%s' is not a registry", front);
        name = reference_name(&full, NULL);
        if (!full.tag)
                *strrchr(name, ':') = '\0';
        strv_appendf(names, "%s%s%s", name, full.digest ? "@" : "", full.digest ? full.digest : "");
        return 0;
}

static const struct registries_alias *find_alias(const struct registries *registries,
                                                 const char *name)
{
        for (size_t i = 0; i < registries->alias_count; i++)
                if (str_is(registries->aliases[i].name, name))
                        return &registries->aliases[i];
        return NULL;
}

static int refuse_unknown(const struct reference *reference, struct error *err)
{
        AUTO_FREE char *example = reference_name(reference, "docker.io");

        return error_set(err, ENOENT,
                         "image name '%s' has no registry in front, no alias, and there is no list "
                         "of registries to look in: write the full name, such as %s, or set "
                         "unqualified-search-registries in /etc/containers/registries.conf",
                         reference->path, example);
}

static int expand_search(const struct registries *registries, const struct reference *reference,
                         struct strv *names, struct error *err)
{
        if (!registries->search.count)
                return refuse_unknown(reference, err);
        for (size_t i = 0; i < registries->search.count; i++)
                if (add_name(registries->search.items[i], reference->path, reference, names, err) <
                    0)
                        return error_wrap(err, "%s",
                                          registries->search_source
                                                  ? registries->search_source
                                                  : "[registry] search of crunit.conf");
        return 0;
}

int registries_list(const struct registries *registries, const struct reference *reference,
                    struct strv *names, char **ret_source, struct error *err)
{
        AUTO_STRV struct strv found = { 0 };
        const struct registries_alias *alias = NULL;
        const char *source = NULL;
        int result;

        if (reference->registry) {
                result = add_name(reference->registry, reference->path, reference, &found, err);
        } else if ((alias = find_alias(registries, reference->path))) {
                result = add_name(alias->value, NULL, reference, &found, err);
                source = alias->source;
        } else {
                result = expand_search(registries, reference, &found, err);
                source = registries->search_source;
        }
        if (result < 0)
                return -1;
        strv_append_all(names, &found);
        *ret_source = str_dup(source);
        return 0;
}

int registries_expand(const struct registries *registries, const struct reference *reference,
                      struct strv *names, char **ret_source, struct error *err)
{
        AUTO_STRV struct strv found = { 0 };
        AUTO_FREE char *source = NULL;
        AUTO_FREE char *all = NULL;

        if (registries_list(registries, reference, &found, &source, err) < 0)
                return -1;
        if (registries->mode == REGISTRIES_ENFORCING && found.count > 1) {
                all = strv_join(&found, " or ");
                return error_set(err, EINVAL,
                                 "image name '%s' has no registry in front and may be %s: write "
                                 "one of these (short-name-mode is enforcing, and there is no "
                                 "terminal to ask on)",
                                 reference->path, all);
        }
        strv_append_all(names, &found);
        *ret_source = steal_str(&source);
        return 0;
}
