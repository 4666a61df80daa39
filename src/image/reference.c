/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reference.h"

#include <errno.h>

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

const char *digest_hex(const char *text)
{
        const char *hex = text ? str_after(text, "sha256:") : NULL;

        if (!hex || strspn(hex, DIGITS "abcdef") != REFERENCE_HEX || hex[REFERENCE_HEX])
                return NULL;
        return hex;
}

bool reference_is_id(const char *text)
{
        size_t length = strspn(text, DIGITS "abcdef");

        return length >= 3 && length <= REFERENCE_HEX && !text[length];
}

/* Length of the separator at s: one dot, one or two underscores, any number of dashes. */
static size_t reference_separator(const char *s)
{
        if (*s == '.')
                return 1;
        if (*s == '_')
                return s[1] == '_' ? 2 : 1;
        return strspn(s, "-");
}

/* path = component *("/" component), component = alphanum *(separator alphanum) */
static bool reference_path_valid(const char *path)
{
        for (;;) {
                size_t length = strspn(path, LOWER DIGITS);

                if (!length)
                        return false;
                path += length;
                if (!*path)
                        return true;
                path += *path == '/' ? 1 : reference_separator(path);
        }
}

bool reference_is_tag(const char *tag)
{
        size_t length = strspn(tag, LOWER UPPER DIGITS "_.-");

        return length > 0 && length <= REFERENCE_MAX_TAG && !tag[length] && !strchr(".-", *tag);
}

static bool reference_registry_valid(const char *registry)
{
        const char *end = registry;

        if (*registry == '[') {
                end += 1 + strspn(registry + 1, DIGITS "abcdefABCDEF:");
                if (end == registry + 1 || *end++ != ']')
                        return false;
        } else {
                if (strchr("-.", *registry))
                        return false;
                end += strspn(registry, LOWER UPPER DIGITS ".-");
        }
        if (*end == ':') {
                size_t digits = strspn(end + 1, DIGITS);

                if (digits < 1 || digits > 5)
                        return false;
                end += 1 + digits;
        }
        return !*end;
}

/* Cut "REGISTRY/" off the front of name, where it has one. Returns the rest. */
static char *reference_take_registry(char *name, struct reference *reference)
{
        char *slash = strchr(name, '/');

        if (!slash)
                return name;
        *slash = '\0';
        if (!strpbrk(name, ".:") && !str_equal(name, "localhost")) {
                *slash = '/';
                return name;
        }
        reference->registry = str_dup(str_equal(name, "index.docker.io") ? "docker.io" : name);
        return slash + 1;
}

int reference_parse(const char *text, struct reference *ret, struct error *err)
{
        AUTO_REFERENCE struct reference reference = { 0 };
        AUTO_FREE char *copy = str_dup(text);
        char *at = strchr(copy, '@');
        char *colon, *path;

        if (at) {
                *at++ = '\0';
                if (!digest_hex(at))
                        return error_set(err, EINVAL,
                                         "image name '%s': '%s' is not sha256: and 64 digits", text,
                                         at);
                reference.digest = str_dup(at);
        }
        colon = strrchr(copy, ':');
        if (colon && !strchr(colon, '/')) {
                *colon++ = '\0';
                if (!reference_is_tag(colon))
                        return error_set(err, EINVAL,
                                         "image name '%s': '%s' is not a tag (letters, digits, _ . "
                                         "-, at most %d)",
                                         text, colon, REFERENCE_MAX_TAG);
                reference.tag = str_dup(colon);
        }
        if (strlen(copy) > REFERENCE_MAX_NAME)
                return error_set(err, EINVAL, "image name '%.40s…' is longer than %d bytes", text,
                                 REFERENCE_MAX_NAME);
        path = reference_take_registry(copy, &reference);
        if (reference.registry && !reference_registry_valid(reference.registry))
                return error_set(err, EINVAL, "image name '%s': '%s' is not a registry", text,
                                 reference.registry);
        if (!reference_path_valid(path))
                return error_set(err, EINVAL,
                                 "image name '%s': '%s' is not a name (lower-case letters, digits, "
                                 "and . _ - / between them)",
                                 text, path);
        reference.path = str_dup(path);
        *ret = reference;
        reference = (struct reference){ 0 };
        return 0;
}

void reference_free(struct reference *reference)
{
        free(reference->registry);
        free(reference->path);
        free(reference->tag);
        free(reference->digest);
        *reference = (struct reference){ 0 };
}

char *reference_name(const struct reference *reference, const char *registry)
{
        const char *where = reference->registry ? reference->registry : registry;
        bool official = str_equal(where, "docker.io") && !strchr(reference->path, '/');

        return str_format("%s/%s%s:%s", where, official ? "library/" : "", reference->path,
                          reference->tag ? reference->tag : "latest");
}

size_t reference_repository_length(const char *name)
{
        const char *end = strchr(name, '@') ? strchr(name, '@') : strrchr(name, ':');

        return end ? (size_t)(end - name) : strlen(name);
}

int reference_normalize(const char *text, const char *registry, char **ret_name, struct error *err)
{
        AUTO_REFERENCE struct reference reference = { 0 };
        AUTO_FREE char *name = NULL;

        if (reference_parse(text, &reference, err) < 0)
                return -1;
        name = reference_name(&reference, registry);
        if (strrchr(name, ':') - name > REFERENCE_MAX_NAME)
                return error_set(err, EINVAL,
                                 "image name '%.40s…' is longer than %d bytes with its registry",
                                 text, REFERENCE_MAX_NAME);
        *ret_name = steal_str(&name);
        return 0;
}
