/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "name.h"

#include "../base/slice.h"
#include "values.h"
#include "words.h"

#include <stdlib.h>

enum {
        NAME_MAX_LENGTH = 255 /* systemd's limit for a unit's name, suffix included */
};

static const char *name_end(const char *name)
{
        const char *dot = strrchr(name, '.');

        return dot ? dot : name + strlen(name);
}

/* Where the instance begins behind its @, or NULL. */
static const char *name_instance(const char *name)
{
        const char *at = strchr(name, '@');

        return at && at < name_end(name) ? at + 1 : NULL;
}

bool name_is_template(const char *name)
{
        const char *instance = name_instance(name);

        return instance && instance == name_end(name);
}

bool name_is_instance(const char *name)
{
        const char *instance = name_instance(name);

        return instance && instance != name_end(name);
}

/* Letters and digits of ASCII, whatever the locale. */
static bool is_alphanumeric(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
}

static bool is_unit_name(const char *name)
{
        size_t length = 0;

        while (name[length] && (is_alphanumeric(name[length]) || strchr(":_.\\-@", name[length])))
                length++;
        return length && *name != '@' && !name[length] &&
               length + strlen(".service") <= NAME_MAX_LENGTH;
}

/* a.volume: a-volume; a@.volume: a-volume@; a@i.volume: a-volume@i. */
static char *default_service(const char *name, const char *suffix)
{
        size_t length = (size_t)(name_end(name) - name);
        const char *instance = name_instance(name);
        size_t prefix = instance ? (size_t)(instance - name) - 1 : length;

        struct strbuf service = { 0 };

        strbuf_append_n(&service, name, prefix);
        strbuf_append(&service, suffix);
        strbuf_append_n(&service, name + prefix, length - prefix);
        return strbuf_steal(&service);
}

static int name_the_service(struct unit_source *source, struct error *err)
{
        const struct unit_line *line =
                unit_last(&source->file, source->type->section, "ServiceName");
        AUTO_FREE char *given = value_read(&source->file, source->type->section, "ServiceName");
        AUTO_FREE char *name = NULL;

        if (given && str_has_suffix(given, ".service"))
                return unit_error(err, line, "ServiceName=%s: leave out .service", given);
        if (given && !is_unit_name(given))
                return unit_error(err, line, "ServiceName=%s: not a valid unit name", given);
        name = given ? steal_str(&given) : default_service(source->name, source->type->suffix);
        if (!is_unit_name(name))
                return unit_error_file(err, source->path,
                                       "the file's name is not a valid unit name");
        source->service = str_concat(name, ".service");
        return 0;
}

/* What units of other files call the volume, network or pod of this one. */
static char *default_resource(const char *name)
{
        const char *instance = name_instance(name);
        int prefix = (int)((instance ? instance - 1 : name_end(name)) - name);

        if (name_is_template(name))
                return str_format("systemd-%.*s-%%i", prefix, name);
        if (instance)
                return str_format("systemd-%.*s-%.*s", prefix, name,
                                  (int)(name_end(name) - instance), instance);
        return str_format("systemd-%.*s", prefix, name);
}

static char *container_resource(const struct unit_source *source)
{
        const char *instance = name_instance(source->name);
        int prefix = (int)((instance ? instance - 1 : name_end(source->name)) - source->name);
        AUTO_FREE char *stem = NULL;

        if (name_is_template(source->name))
                return str_format("systemd-%.*s_%%i", prefix, source->name);
        if (instance)
                return str_format("systemd-%.*s_%.*s", prefix, source->name,
                                  (int)(name_end(source->name) - instance), instance);
        stem = str_dupn(source->service, strlen(source->service) - strlen(".service"));
        return str_concat("systemd-", stem);
}

static char *first_image_tag(const struct unit_file *file)
{
        const struct unit_section *section = unit_section(file, "Build");
        const char *found = NULL;

        for (size_t i = 0; section && i < section->lines.count; i++) {
                const struct unit_line *line = &section->lines.items[i];

                if (!line->key || strcmp(line->key, "ImageTag") != 0)
                        continue;
                if (!*line->value || !found)
                        found = *line->value ? line->value : NULL;
        }
        return str_dup(found);
}

static char *name_the_resource(const struct unit_source *source)
{
        const char *section = source->type->section;
        char *given = NULL;

        if (source->type->name_key)
                given = value_read(&source->file, section, source->type->name_key);
        if (given)
                return given;
        if (strcmp(section, "Container") == 0)
                return container_resource(source);
        if (strcmp(section, "Build") == 0)
                return first_image_tag(&source->file);
        if (strcmp(section, "Image") == 0) {
                given = value_read(&source->file, section, "ImageTag");
                return given ? given : value_read(&source->file, section, "Image");
        }
        if (strcmp(section, "Artifact") == 0)
                return value_read(&source->file, section, "Artifact");
        return source->type->name_key ? default_resource(source->name) : NULL;
}

static int compare_services(const void *a, const void *b)
{
        const struct unit_source *left = *(struct unit_source *const *)a;
        const struct unit_source *right = *(struct unit_source *const *)b;
        int order = strcmp(left->service, right->service);

        return order ? order : strcmp(left->name, right->name);
}

/* Files in the order of their names usually make units in that order. */
static bool are_services_sorted(struct unit_source *const *sources, size_t count)
{
        for (size_t i = 1; i < count; i++)
                if (strcmp(sources[i - 1]->service, sources[i]->service) >= 0)
                        return false;
        return true;
}

/* Two files, one unit: the second would silently take the place of the first. */
void name_compare(struct unit_set *set, struct report *report)
{
        AUTO_FREE struct unit_source **sorted = alloc_zero(set->count, sizeof *sorted);
        size_t count = 0;

        for (size_t i = 0; i < set->count; i++)
                if (set->sources[i].usable && set->sources[i].service)
                        sorted[count++] = &set->sources[i];
        if (are_services_sorted(sorted, count))
                return;
        qsort(sorted, count, sizeof *sorted, compare_services);
        for (size_t i = 1; i < count; i++) {
                if (strcmp(sorted[i - 1]->service, sorted[i]->service) != 0)
                        continue;
                report->unit = sorted[i]->name;
                report_at(report, REPORT_ERROR, (struct error_place){ .path = sorted[i]->path },
                          "%s is made from %s already", sorted[i]->service, sorted[i - 1]->path);
                sorted[i]->usable = false;
                sorted[i] = sorted[i - 1];
        }
        report->unit = NULL;
}

void name_sources(struct unit_set *set, struct report *report)
{
        for (size_t i = 0; i < set->count; i++) {
                struct unit_source *source = &set->sources[i];
                AUTO_ERROR struct error err = { 0 };

                if (source->elsewhere)
                        continue;
                report->unit = source->name;
                if (source->usable && name_the_service(source, &err) < 0) {
                        report_failure(report, &err);
                        source->usable = false;
                }
                if (source->usable)
                        source->resource = name_the_resource(source);
        }
        report->unit = NULL;
}

bool name_is_resource(const char *name)
{
        /* Only systemd knows what specifiers and variables stand for. */
        if (strpbrk(name, "%$"))
                return !strpbrk(name, "/@: \t\"'\\");
        for (const char *c = name; *c; c++)
                if (!is_alphanumeric(*c) && (c == name || !strchr("_.-", *c)))
                        return false;
        return true;
}

const struct unit_source *name_find(const struct unit_set *set, const char *file)
{
        const struct unit_source *source = unit_set_find(set, file);
        AUTO_FREE char *template = NULL;

        if (source || !name_is_instance(file))
                return source;
        template = str_format("%.*s%s", (int)(name_instance(file) - file), file, name_end(file));
        return unit_set_find(set, template);
}

static bool is_usable(const struct unit_set *set, const struct unit_source *source)
{
        return source->usable && !(source->elsewhere && !set->ask(set->context, source));
}

int name_resolve(const struct unit_set *set, const char *file, char **ret_service,
                 char **ret_resource, struct error *err)
{
        const struct unit_source *source = name_find(set, file);
        AUTO_FREE char *instance = NULL;

        if (!source)
                return error_set(err, 0, "there is no %s", file);
        /* A unit that is only named may turn out not to be made: whether that is known by now must
         * not depend on the order of the files. */
        if (ret_resource ? !is_usable(set, source) : !source->service)
                return error_set(err, 0, "%s cannot be used, see the message about it", file);
        if (ret_resource && str_empty(source->resource))
                return error_set(err, 0, "%s does not say what it is called", file);
        if (name_is_instance(file))
                instance = str_dupn(name_instance(file),
                                    (size_t)(name_end(file) - name_instance(file)));
        if (ret_service && instance) {
                AUTO_FREE char *with = str_concat("@", instance, ".service");

                *ret_service = str_substitute(source->service, "@.service", with);
        } else if (ret_service) {
                *ret_service = str_dup(source->service);
        }
        if (ret_resource)
                *ret_resource = instance ? str_substitute(source->resource, "%i", instance)
                                         : str_dup(source->resource);
        return 0;
}

char *name_slice(const struct unit_set *set, const char *service)
{
        return slice_name(set->is_user ? "app" : "system", service);
}
