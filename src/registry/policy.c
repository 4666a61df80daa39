/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy.h"

#include "../base/home.h"
#include "../base/io.h"
#include "../base/str.h"
#include "../image/reference.h"
#include "json-lines.h"

#include <errno.h>
#include <stdlib.h>

enum {
        POLICY_MAX_SIZE = 1 << 20
};

/* A file under way. */
struct policy {
        const char *path;         /* borrowed */
        struct json_object *root; /* owned */
        struct error *err;        /* borrowed */
};

static void policy_free(struct policy *policy)
{
        json_object_put(policy->root);
}

static int fail_at(struct policy *policy, struct json_object *value, const char *format, ...)
        PRINTF_LIKE(3, 4);
static int fail_at(struct policy *policy, struct json_object *value, const char *format, ...)
{
        AUTO_FREE char *reason = NULL;
        va_list args;

        va_start(args, format);
        reason = str_vformat(format, args);
        va_end(args);
        return error_set(policy->err, EINVAL, "%s:%u: %s", policy->path, json_line(value), reason);
}

/* --- what may stand in the file */

enum policy_kind {
        POLICY_ACCEPT,
        POLICY_REJECT,
        POLICY_SIGNED /* some signature is asked for, which nothing here can check */
};

struct policy_type {
        const char *name;
        enum policy_kind kind;
};

static const struct policy_type policy_types[] = {
        { "insecureAcceptAnything", POLICY_ACCEPT },
        { "reject", POLICY_REJECT },
        { "signedBy", POLICY_SIGNED },
        { "signedBaseLayer", POLICY_SIGNED },
        { "sigstoreSigned", POLICY_SIGNED },
        { NULL, 0 },
};

static const struct policy_type *find_type(const char *name)
{
        for (const struct policy_type *type = policy_types; type->name; type++)
                if (str_equal(type->name, name))
                        return type;
        return NULL;
}

/* NULL where it has no type that is known. */
static const struct policy_type *requirement_type(struct json_object *requirement)
{
        struct json_object *type = NULL;

        if (!json_object_is_type(requirement, json_type_object) ||
            !json_object_object_get_ex(requirement, "type", &type) ||
            !json_object_is_type(type, json_type_string))
                return NULL;
        return find_type(json_object_get_string(type));
}

static int check_requirement(struct policy *policy, struct json_object *requirement)
{
        const struct policy_type *type = requirement_type(requirement);
        struct json_object *name = NULL;

        if (!json_object_is_type(requirement, json_type_object))
                return fail_at(policy, requirement, "a requirement is not an object");
        if (!json_object_object_get_ex(requirement, "type", &name) ||
            !json_object_is_type(name, json_type_string))
                return fail_at(policy, requirement, "a requirement has no \"type\"");
        if (!type)
                return fail_at(policy, name, "unknown type of requirement \"%s\"",
                               json_object_get_string(name));
        if (type->kind != POLICY_SIGNED && json_object_object_length(requirement) != 1)
                return fail_at(policy, requirement, "\"%s\" takes no other keys", type->name);
        return 0;
}

static int check_requirements(struct policy *policy, struct json_object *list, const char *scope)
{
        if (!json_object_is_type(list, json_type_array) || json_object_array_length(list) == 0)
                return fail_at(policy, list, "\"%s\" is not a list of requirements", scope);
        for (size_t i = 0; i < json_object_array_length(list); i++)
                if (check_requirement(policy, json_object_array_get_idx(list, i)) < 0)
                        return -1;
        return 0;
}

/* What scopes look like, by transport. */
enum policy_scopes {
        POLICY_NAMES,  /* parts of an image's name */
        POLICY_PATHS,  /* absolute paths */
        POLICY_NOTHING /* only "" */
};

struct policy_transport {
        const char *name;
        enum policy_scopes scopes;
};

/* Others are skipped: no image can come from there. */
static const struct policy_transport policy_transports[] = {
        { "docker", POLICY_NAMES },    { "containers-storage", POLICY_NAMES },
        { "oci", POLICY_PATHS },       { "oci-archive", POLICY_PATHS },
        { "dir", POLICY_PATHS },       { "docker-archive", POLICY_NOTHING },
        { "tarball", POLICY_NOTHING }, { NULL, 0 },
};

static const struct policy_transport *find_transport(const char *name)
{
        for (const struct policy_transport *t = policy_transports; t->name; t++)
                if (str_equal(t->name, name))
                        return t;
        return NULL;
}

static bool is_clean_path(const char *path)
{
        return path[0] == '/' && path[1] && !strstr(path, "//") && !strstr(path, "/./") &&
               !strstr(path, "/../") && !str_has_suffix(path, "/") && !str_has_suffix(path, "/.") &&
               !str_has_suffix(path, "/..");
}

static int check_scope(struct policy *policy, const struct policy_transport *transport,
                       const char *scope, struct json_object *list)
{
        if (!*scope || !transport || transport->scopes == POLICY_NAMES)
                return 0;
        if (transport->scopes == POLICY_NOTHING)
                return fail_at(policy, list, "\"%s\": %s has no scopes but \"\"", scope,
                               transport->name);
        if (!is_clean_path(scope))
                return fail_at(policy, list,
                               "\"%s\": a scope of %s is \"\" or an absolute path without . and ..",
                               scope, transport->name);
        return 0;
}

static int check_transport(struct policy *policy, const char *name, struct json_object *scopes)
{
        if (!json_object_is_type(scopes, json_type_object))
                return fail_at(policy, scopes, "\"%s\" is not an object", name);
        json_object_object_foreach(scopes, scope, list)
        {
                if (check_requirements(policy, list, scope) < 0 ||
                    check_scope(policy, find_transport(name), scope, list) < 0)
                        return -1;
        }
        return 0;
}

static int check_file(struct policy *policy)
{
        struct json_object *transports = NULL, *all = NULL;

        if (!json_object_is_type(policy->root, json_type_object))
                return fail_at(policy, policy->root, "this is not an object");
        json_object_object_foreach(policy->root, key, value)
        {
                if (!str_equal(key, "default") && !str_equal(key, "transports"))
                        return fail_at(policy, value, "unknown key \"%.60s\"", key);
        }
        if (!json_object_object_get_ex(policy->root, "default", &all))
                return fail_at(policy, policy->root, "there is no \"default\"");
        if (check_requirements(policy, all, "default") < 0)
                return -1;
        if (!json_object_object_get_ex(policy->root, "transports", &transports))
                return 0;
        if (!json_object_is_type(transports, json_type_object))
                return fail_at(policy, transports, "\"transports\" is not an object");
        json_object_object_foreach(transports, name, scopes)
        {
                if (check_transport(policy, name, scopes) < 0)
                        return -1;
        }
        return 0;
}

/* --- which of it counts for an image */

/* From the name itself to its host, then *.DOMAIN for each domain the host is in. */
static void add_parents(const char *name, struct strv *scopes)
{
        AUTO_FREE char *rest = str_dup(name);
        char *cut;
        const char *domain = rest;

        while ((cut = strrchr(rest, '/'))) {
                strv_append(scopes, rest);
                *cut = '\0';
        }
        strv_append(scopes, rest);
        rest[strcspn(rest, ":")] = '\0';
        while ((domain = strchr(domain, '.')))
                strv_appendf(scopes, "*.%s", ++domain);
}

static int add_name_scopes(const char *identity, struct strv *scopes, struct error *err)
{
        AUTO_REFERENCE struct reference reference = { 0 };
        AUTO_FREE char *name = NULL;

        if (reference_parse(identity, &reference, err) < 0)
                return -1;
        if (!reference.registry)
                return error_set(err, EINVAL, "image name '%s' has no registry", identity);
        name = reference_name(&reference, NULL);
        *strrchr(name, ':') = '\0';
        if (reference.digest)
                strv_appendf(scopes, "%s@%s", name, reference.digest);
        if (reference.tag || !reference.digest)
                strv_appendf(scopes, "%s:%s", name, reference.tag ? reference.tag : "latest");
        add_parents(name, scopes);
        return 0;
}

static void add_path_scopes(const char *identity, struct strv *scopes)
{
        AUTO_FREE char *path = realpath(identity, NULL);
        char *cut;

        while (path && (cut = strrchr(path, '/'))) {
                if (path[1])
                        strv_append(scopes, path);
                *cut = '\0';
        }
}

static int list_scopes(const struct policy_transport *transport, const char *identity,
                       struct strv *scopes, struct error *err)
{
        if (transport->scopes == POLICY_NAMES && add_name_scopes(identity, scopes, err) < 0)
                return -1;
        if (transport->scopes == POLICY_PATHS && identity)
                add_path_scopes(identity, scopes);
        strv_append(scopes, "");
        return 0;
}

/* The requirements that count; *ret_scope says which they are, for messages. */
static struct json_object *find_requirements(const struct policy *policy, const char *transport,
                                             const struct strv *scopes, char **ret_scope)
{
        struct json_object *transports = NULL, *own = NULL, *list = NULL;

        if (json_object_object_get_ex(policy->root, "transports", &transports) &&
            json_object_object_get_ex(transports, transport, &own)) {
                for (size_t i = 0; i < scopes->count; i++) {
                        if (!json_object_object_get_ex(own, scopes->items[i], &list))
                                continue;
                        *ret_scope = str_format("\"%s\" of %s", scopes->items[i], transport);
                        return list;
                }
        }
        json_object_object_get_ex(policy->root, "default", &list);
        *ret_scope = str_dup("\"default\"");
        return list;
}

static int refuse(const struct policy *policy, struct json_object *requirement,
                  const struct policy_type *type, const char *scope,
                  const struct policy_transport *transport, const char *identity)
{
        bool named = transport->scopes == POLICY_NAMES;
        AUTO_FREE char *image = named || !identity ? str_dup(identity ? identity : transport->name)
                                                   : str_concat(transport->name, ":", identity);
        AUTO_FREE char *why = type->kind == POLICY_REJECT
                                      ? str_dup("rejects everything")
                                      : str_format("asks for signatures (%s), which this version "
                                                   "cannot check",
                                                   type->name);

        return error_set(policy->err, EPERM, "%s is refused by %s:%u: %s %s", image, policy->path,
                         json_line(requirement), scope, why);
}

static int policy_decide(struct policy *policy, const char *transport, const char *identity)
{
        const struct policy_transport *known = find_transport(transport);
        AUTO_STRV struct strv scopes = { 0 };
        AUTO_FREE char *scope = NULL;
        struct json_object *list;

        if (!known)
                return error_set(policy->err, EINVAL, "no policy can be found for %s", transport);
        if (list_scopes(known, identity, &scopes, policy->err) < 0)
                return -1;
        list = find_requirements(policy, transport, &scopes, &scope);
        for (size_t i = 0; i < json_object_array_length(list); i++) {
                struct json_object *requirement = json_object_array_get_idx(list, i);
                const struct policy_type *type = requirement_type(requirement);

                if (!type) /* check_file() lets none through, but this is no place to trust */
                        return fail_at(policy, requirement, "unknown type of requirement");
                if (type->kind != POLICY_ACCEPT)
                        return refuse(policy, requirement, type, scope, known, identity);
        }
        return 0;
}

int policy_check_text(const char *path, const char *text, size_t length, const char *transport,
                      const char *identity, struct error *err)
{
        CLEANUP(policy_free) struct policy policy = { .path = path, .err = err };

        if (json_parse(text, length, path, &policy.root, err) < 0 ||
            json_lines_note(text, policy.root, path, err) < 0 || check_file(&policy) < 0)
                return -1;
        return policy_decide(&policy, transport, identity);
}

int policy_check(const char *transport, const char *identity, struct error *err)
{
        AUTO_FREE char *own = home_config_path("containers/policy.json");
        const char *const places[] = { own, "/etc/containers/policy.json",
                                       "/usr/share/containers/policy.json" };

        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
                AUTO_FREE char *text = NULL;
                AUTO_ERROR struct error problem = { 0 };
                size_t length;

                if (!places[i])
                        continue;
                if (io_read_file(AT_FDCWD, places[i], POLICY_MAX_SIZE, &text, &length, &problem) ==
                    0)
                        return policy_check_text(places[i], text, length, transport, identity, err);
                if (problem.code != ENOENT && problem.code != ENOTDIR)
                        return error_set(err, problem.code, "%s", problem.message);
        }
        return 0;
}
