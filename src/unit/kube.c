/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [Kube]: Kubernetes files, played and taken down again. */
#include "service.h"
#include "translate.h"
#include "words.h"

#include <stdlib.h>

/* registry, local, or NAME/registry for one container of the file. */
int emit_kube_update(struct translation *t, const struct unit_key *row, const struct values *values,
                     struct error *err)
{
        (void)err;
        for (size_t i = 0; i < values->count; i++) {
                const char *text = values->items[i].text;
                const char *slash = strchr(text, '/');
                AUTO_FREE char *name =
                        slash ? str_format("/%.*s", (int)(slash - text), text) : NULL;

                words_add_parts(&t->args, row->option, name ? name : "", "=",
                                slash ? slash + 1 : text);
        }
        return 0;
}

int emit_kube_files(struct translation *t, const struct unit_key *row, const struct values *values,
                    struct error *err)
{
        if (values->count)
                return emit_file(t, row, values, err);
        unit_error_file(err, t->source->path, "Yaml= is not set in [Kube]");
        return error_alias(err, "no Yaml key specified");
}

static int use_yaml_directory(struct translation *t, const struct unit_line *line,
                              const struct values *files, struct error *err)
{
        AUTO_FREE char *directory = NULL;
        const char *slash;

        if (files->count != 1)
                return unit_error(err, line,
                                  "SetWorkingDirectory=yaml: there are %zu files in Yaml=; use "
                                  "unit",
                                  files->count);
        slash = strrchr(files->items[0].text, '/');
        if (slash)
                directory = str_dupn(files->items[0].text, (size_t)(slash - files->items[0].text));
        service_add_directory(t, !directory ? "." : *directory ? directory : "/");
        return 0;
}

static int add_directory(struct translation *t, const struct values *files, struct error *err)
{
        const struct unit_line *line = unit_last(&t->source->file, "Kube", "SetWorkingDirectory");
        AUTO_FREE char *given = value_read(&t->source->file, "Kube", "SetWorkingDirectory");

        if (!given)
                return 0;
        if (str_equal_nocase(given, "yaml"))
                return use_yaml_directory(t, line, files, err);
        if (str_equal_nocase(given, "unit")) {
                service_add_directory(t, ".");
                return 0;
        }
        unit_error(err, line, "SetWorkingDirectory=%s: not yaml or unit", given);
        if (str_equal_nocase(given, "file"))
                return error_alias(err, "SetWorkingDirectory=file is only supported in .build "
                                        "files");
        return error_alias(err, "unsupported value for WorkingDirectory: %s ", given);
}

static void add_down(struct translation *t, const struct values *files)
{
        AUTO_STRBUF struct strbuf words = { 0 };

        words_add_text(&words, "kube down");
        if (value_read_bool(&t->source->file, "Kube", "KubeDownForce", false))
                words_add_text(&words, "--force");
        for (size_t i = 0; i < files->count; i++) {
                AUTO_FREE char *path = reference_path(t, files->items[i].text);

                words_add(&words, path);
        }
        translate_exec(t, "ExecStopPost", &words);
}

int translate_kube(struct translation *t, struct error *err)
{
        AUTO_VALUES struct values files = { 0 };
        int result = service_check(t);

        words_add_text(&t->args, "kube play --replace --service-container=true");
        if (translate_keys(t) < 0)
                return -1; /* reported */
        if (values_read_key(&t->source->file, "Kube", "Yaml", &files, NULL, err) < 0 ||
            add_directory(t, &files, err) < 0)
                return -1;
        service_add_defaults(t);
        translate_default(t, "SyslogIdentifier", "%N");
        unit_add(&t->service, "Service", "Environment", "PODMAN_SYSTEMD_UNIT=%n");
        translate_exec(t, "ExecStart", &t->args);
        add_down(t, &files);
        return result;
}
