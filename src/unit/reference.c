/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values that name other container files or paths of the host, and what that adds to [Unit]. */
#include "name.h"
#include "translate.h"
#include "words.h"

#include <stdlib.h>

/* The unit must be there, and first. */
static void require_unit(struct translation *t, const char *service)
{
        if (strv_contains(&t->required, service))
                return;
        strv_append(&t->required, service);
        unit_add_owned(&t->service, "Unit", "Requires", str_dup(service));
        unit_add_owned(&t->service, "Unit", "After", str_dup(service));
}

void reference_mount(struct translation *t, const char *path)
{
        struct strbuf word = { 0 };

        words_quote(path, &word);
        unit_add_owned(&t->service, "Unit", "RequiresMountsFor", strbuf_steal(&word));
}

/*
 * What a specifier stands for in the service (NAME.service, NAME@INSTANCE.service, or NAME@.service
 * with this unit's instance): false where only that unit knows it. Specifiers of the machine, the
 * user and the boot say the same in each unit.
 */
static bool expand_specifier(const char *service, char specifier, struct strbuf *ret)
{
        size_t whole = strlen(service) - strlen(".service");
        size_t prefix = strcspn(service, "@");
        bool instance = prefix < whole, template = prefix + 1 == whole;

        switch (specifier) {
        case 'n':
        case 'N':
                strbuf_append_n(ret, service, whole);
                strbuf_append(ret, template ? "%i" : "");
                strbuf_append(ret, specifier == 'n' ? ".service" : "");
                return true;
        case 'p':
                strbuf_append_n(ret, service, instance ? prefix : whole);
                return true;
        case 'i':
                if (template)
                        strbuf_append(ret, "%i");
                else if (instance)
                        strbuf_append_n(ret, service + prefix + 1, whole - prefix - 1);
                return true;
        default:
                strbuf_appendf(ret, "%%%c", specifier);
                return !strchr("IJPRYcdfjry", specifier);
        }
}

/* systemd would expand the specifiers of the other unit's name as those of this unit. */
static int expand_own_name(const char *file, const char *service, char **name, struct error *err)
{
        AUTO_STRBUF struct strbuf expanded = { 0 };

        if (!strchr(*name, '%'))
                return 0;
        for (const char *at = *name; *at; at++)
                if (*at != '%' || !at[1])
                        strbuf_append_n(&expanded, at, 1);
                else if (!expand_specifier(service, *++at, &expanded))
                        return error_set(err, 0,
                                         "%s is called %s, and what %%%c stands for is known to "
                                         "its own unit alone",
                                         file, *name, *at);
        str_replace(name, expanded.data ? expanded.data : "");
        return 0;
}

/* A template has a name only for who has an instance as well. */
static int check_template(const struct translation *t, const char *file, const char *resource,
                          struct error *err)
{
        const char *own = t->source->name;
        int prefix = (int)strcspn(file, "@") + 1;

        if (!name_is_template(file) || name_is_template(own) || name_is_instance(own) ||
            !strstr(resource, "%i"))
                return 0;
        return error_set(err, 0, "%s is a template: name one of its instances, as %.*sNAME%s", file,
                         prefix, file, file + prefix);
}

int reference_resolve(const struct translation *t, const char *file, char **ret_service,
                      char **ret_resource, struct error *err)
{
        if (name_resolve(t->set, file, ret_service, ret_resource, err) < 0)
                return -1;
        if (expand_own_name(file, *ret_service, ret_resource, err) < 0)
                return -1;
        return check_template(t, file, *ret_resource, err);
}

/* The name of what another file's unit makes; that unit is required from now on. role is what
 * Podman calls it in its message. */
static char *refer(struct translation *t, const char *role, const char *file, struct error *err)
{
        AUTO_FREE char *service = NULL;
        AUTO_FREE char *resource = NULL;

        if (reference_resolve(t, file, &service, &resource, err) < 0) {
                error_alias(err, "requested Quadlet %s %s was not found", role, file);
                return NULL;
        }
        require_unit(t, service);
        return steal_str(&resource);
}

char *reference_path(const struct translation *t, const char *path)
{
        AUTO_STRV struct strv parts = { 0 };
        AUTO_STRV struct strv kept = { 0 };
        AUTO_FREE char *full = NULL;
        AUTO_FREE char *joined = NULL;

        if (path[0] == '/' || (path[0] == '%' && path[1] != '%'))
                return str_dup(path);
        full = str_concat(t->source->directory, "/", path);
        strv_split(&parts, full, "/", false);
        for (size_t i = 0; i < parts.count; i++) {
                if (str_equal(parts.items[i], "..")) {
                        if (kept.count)
                                free(kept.items[--kept.count]);
                } else if (!str_equal(parts.items[i], ".")) {
                        strv_append(&kept, parts.items[i]);
                }
        }
        joined = strv_join(&kept, "/");
        return str_concat("/", joined);
}

/* A path from the directory of the container file; no volume's name begins with a dot. */
static bool is_relative(const char *source)
{
        return *source == '.';
}

/* x.volume; in Mount= also what makes an image or an artifact. All else with a dot in it is a
 * volume's name or a path. */
static bool is_reference(const char *source, bool in_mount)
{
        static const char *const sections[] = { "Volume", "Image", "Build", "Artifact" };
        const struct unit_type *type;

        if (*source == '/' || is_relative(source))
                return false;
        type = unit_type_of(source);
        for (size_t i = 0; type && i < (in_mount ? 4 : 1); i++)
                if (str_equal(sections[i], type->section))
                        return true;
        return false;
}

/* The source of a volume or mount as the command line has it. Owned, NULL on failure. */
static char *refer_source(struct translation *t, const char *source, bool in_mount,
                          struct error *err)
{
        AUTO_FREE char *path = NULL;

        if (is_reference(source, in_mount))
                return refer(t, "source", source, err);
        if (*source != '/' && !is_relative(source))
                return str_dup(source);
        path = reference_path(t, source);
        reference_mount(t, path);
        return steal_str(&path);
}

static int fail_value(struct error *err, const struct value *value)
{
        return unit_error(err, value->line, "%s=%s: %s", value->line->key, value->text,
                          err->message);
}

/* [[SOURCE:]PATH[:OPTIONS]]; a single field is the path of an anonymous volume. */
int emit_volume(struct translation *t, const struct unit_key *row, const struct values *values,
                struct error *err)
{
        for (size_t i = 0; i < values->count; i++) {
                const char *text = values->items[i].text;
                const char *colon = strchr(text, ':');
                AUTO_FREE char *source = colon ? str_dupn(text, (size_t)(colon - text)) : NULL;
                AUTO_FREE char *resolved = NULL;

                words_add_text(&t->args, row->option);
                if (str_empty(source)) {
                        words_add(&t->args, text);
                        continue;
                }
                resolved = refer_source(t, source, false, err);
                if (!resolved)
                        return fail_value(err, &values->items[i]);
                words_add_parts(&t->args, resolved, colon);
        }
        return 0;
}

/* The fields of a comma-separated line; one in double quotes may contain commas. */
static int csv_split(const char *text, struct strv *ret, struct error *err)
{
        for (;;) {
                AUTO_STRBUF struct strbuf field = { 0 };
                bool quoted = *text == '"';

                if (quoted)
                        text++;
                for (; *text && (quoted || *text != ','); text++) {
                        if (quoted && *text == '"') {
                                if (text[1] != '"')
                                        break;
                                text++;
                        }
                        strbuf_append_char(&field, *text);
                }
                if (quoted && *text++ != '"')
                        return error_set(err, 0, "a quote is not closed");
                strv_append_owned(ret, strbuf_steal(&field));
                if (!*text)
                        return 0;
                if (*text++ != ',')
                        return error_set(err, 0, "a comma is missing behind a quoted field");
        }
}

static void csv_append(struct strbuf *buf, const char *field)
{
        if (buf->length)
                strbuf_append_char(buf, ',');
        if (!strpbrk(field, ",\"")) {
                strbuf_append(buf, field);
                return;
        }
        strbuf_append_char(buf, '"');
        for (; *field; field++) {
                if (*field == '"')
                        strbuf_append_char(buf, '"');
                strbuf_append_char(buf, *field);
        }
        strbuf_append_char(buf, '"');
}

static const char *mount_type(const struct strv *fields)
{
        const char *type = NULL;

        for (size_t i = 0; i < fields->count; i++)
                if (str_has_prefix(fields->items[i], "type="))
                        type = str_after(fields->items[i], "type=");
        return type ? type : "volume";
}

/* Of the types whose source may be one of ours or a path; the others have none. */
static bool mount_has_source(const char *type)
{
        static const char *const types[] = { "volume", "bind", "glob", "image", "artifact" };

        for (size_t i = 0; i < sizeof types / sizeof *types; i++)
                if (str_equal(types[i], type))
                        return true;
        return false;
}

/* Rewrite one mount: type first, then the other fields in their order, the source resolved. */
static int mount_resolve(struct translation *t, const char *text, struct strbuf *buf,
                         struct error *err)
{
        AUTO_STRV struct strv fields = { 0 };
        AUTO_FREE char *type_field = NULL;
        const char *type;
        bool has_source = false;

        if (csv_split(text, &fields, err) < 0)
                return -1;
        type = mount_type(&fields);
        if (!mount_has_source(type)) {
                strbuf_append(buf, text);
                return 0;
        }
        type_field = str_concat("type=", type);
        csv_append(buf, type_field);
        for (size_t i = 0; i < fields.count; i++) {
                const char *field = fields.items[i];
                const char *source = str_after(field, "source=");
                AUTO_FREE char *resolved = NULL;
                AUTO_FREE char *rewritten = NULL;

                if (str_has_prefix(field, "type="))
                        continue;
                if (!source)
                        source = str_after(field, "src=");
                if (source) {
                        has_source = *source != '\0';
                        if (!(resolved = refer_source(t, source, true, err)))
                                return -1;
                        rewritten = str_concat("source=", resolved);
                }
                csv_append(buf, rewritten ? rewritten : field);
        }
        if (has_source || str_equal(type, "volume"))
                return 0;
        error_set(err, 0, "a mount of type %s needs source=", type);
        return error_alias(err, "source parameter is required for mount type %s", type);
}

int emit_mount(struct translation *t, const struct unit_key *row, const struct values *values,
               struct error *err)
{
        for (size_t i = 0; i < values->count; i++) {
                AUTO_STRBUF struct strbuf buf = { 0 };

                if (mount_resolve(t, values->items[i].text, &buf, err) < 0)
                        return fail_value(err, &values->items[i]);
                words_add_text(&t->args, row->option);
                words_add(&t->args, buf.data);
        }
        return 0;
}

/* Network=x.container: join the other container's network. */
static char *refer_container(struct translation *t, const char *file, struct error *err)
{
        AUTO_FREE char *service = NULL;
        AUTO_FREE char *name = NULL;

        if (reference_resolve(t, file, &service, &name, err) < 0) {
                error_alias(err, "requested Quadlet unit %s was not found", file);
                return NULL;
        }
        if (strchr(name, '%') || strchr(name, '$')) {
                error_set(err, 0, "the name of that container, %s, is only known to its own unit",
                          name);
                error_alias(err, "cannot get the resource name of %s", file);
                return NULL;
        }
        require_unit(t, service);
        return str_concat("container:", name);
}

static char *refer_network(struct translation *t, const char *text, struct error *err)
{
        size_t length = strcspn(text, ":");
        AUTO_FREE char *file = str_dupn(text, length);
        const struct unit_type *type = unit_type_of(file);
        AUTO_FREE char *resolved = NULL;

        if (!type ||
            (!str_equal(type->section, "Network") && !str_equal(type->section, "Container")))
                return str_dup(text);
        if (str_equal(type->section, "Container")) {
                if (!text[length])
                        return refer_container(t, file, err);
                error_set(err, 0, "another container's network takes no options");
                error_alias(err, "extra options are not supported when joining another "
                                 "container's network");
                return NULL;
        }
        resolved = refer(t, "unit", file, err);
        return resolved ? str_concat(resolved, text + length) : NULL;
}

int emit_network(struct translation *t, const struct unit_key *row, const struct values *values,
                 struct error *err)
{
        for (size_t i = 0; i < values->count; i++) {
                AUTO_FREE char *network = refer_network(t, values->items[i].text, err);

                if (!network)
                        return fail_value(err, &values->items[i]);
                words_add_text(&t->args, row->option);
                words_add(&t->args, network);
        }
        return 0;
}

/* A registry's name at the front, an archive's or a digest: Podman warns about all others, because
 * which image they mean depends on the machine's settings. */
static bool is_full_reference(const char *image)
{
        size_t length = strcspn(image, "/");

        if (strpbrk(image, "%$") || str_has_prefix(image, "sha256:"))
                return true;
        if (strlen(image) == 64 && !image[strspn(image, "0123456789abcdef")])
                return true;
        if (!image[length])
                return false;
        return memchr(image, '.', length) || memchr(image, ':', length) || length == 0 ||
               (length == strlen("localhost") && str_has_prefix(image, "localhost"));
}

void reference_warn_short(struct translation *t, const char *image, const struct unit_line *line)
{
        AUTO_ERROR struct error warning = { 0 };

        if (is_full_reference(image))
                return;
        unit_error(&warning, line,
                   "image %s has no registry in front; write the full name, such as "
                   "docker.io/library/NAME or localhost/NAME",
                   image);
        error_alias(&warning,
                    "Warning: %s specifies the image \"%s\" which not a fully qualified image name",
                    t->source->name, image);
        report_problem(t->report, REPORT_WARNING, &warning);
}

char *reference_image(struct translation *t, const char *image, const struct unit_line *line,
                      struct error *err)
{
        const struct unit_type *type = unit_type_of(image);

        if (type && (str_equal(type->section, "Image") || str_equal(type->section, "Build")))
                return refer(t, "image", image, err);
        reference_warn_short(t, image, line);
        return str_dup(image);
}

/* Image= or Rootfs=, one of them. */
int emit_image(struct translation *t, const struct unit_key *row, const struct values *values,
               struct error *err)
{
        AUTO_FREE char *rootfs = value_read(&t->source->file, row->section, "Rootfs");

        if (!values->count && !rootfs) {
                unit_error_file(err, t->source->path,
                                "neither Image= nor Rootfs= is set in [Container]");
                return error_alias(err, "no Image or Rootfs key specified");
        }
        if (values->count && rootfs) {
                unit_error(err, values->items[0].line, "Image= and Rootfs= exclude each other");
                return error_alias(err, "the Image And Rootfs keys conflict can not be specified "
                                        "together");
        }
        if (values->count) {
                AUTO_FREE char *image =
                        reference_image(t, values->items[0].text, values->items[0].line, err);

                if (!image)
                        return fail_value(err, &values->items[0]);
                words_add(&t->args, image);
                return 0;
        }
        words_add_text(&t->args, "--rootfs");
        words_add(&t->args, rootfs);
        return 0;
}
