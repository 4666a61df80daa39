/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [Build]: the Containerfile, and the directory or address that is its context. */
#include "service.h"
#include "translate.h"
#include "words.h"

#include <stdlib.h>

/* Addresses as the build command takes them for a context. */
static bool is_address(const char *text)
{
        return str_has_prefix(text, "http://") || str_has_prefix(text, "https://") ||
               str_has_prefix(text, "git://") || strstr(text, "github.com/");
}

/* A specifier in front stands for an absolute path. */
static bool is_absolute(const char *path)
{
        return path[0] == '/' || (path[0] == '%' && path[1] != '%');
}

/* The directory of a path, owned. */
static char *directory_of(const char *path)
{
        const char *slash = strrchr(path, '/');

        return slash ? str_dupn(path, slash == path ? 1 : (size_t)(slash - path)) : str_dup(".");
}

/* SetWorkingDirectory=file: where the Containerfile is. */
static int use_file_directory(struct translation *t, const struct unit_line *line, const char *file,
                              struct error *err)
{
        AUTO_FREE char *directory = NULL;

        if (!file || is_address(file)) {
                unit_error(err, line, "SetWorkingDirectory=file needs File= to be a path");
                return error_alias(err, "no File key specified");
        }
        directory = directory_of(file);
        service_add_directory(t, directory);
        return 0;
}

/* What SetWorkingDirectory= makes the context, owned; NULL where that is the working directory of
 * the service. Returns -1 where it cannot be. */
static int read_context(struct translation *t, const char *file, char **ret, struct error *err)
{
        const struct unit_line *line = unit_last(&t->source->file, "Build", "SetWorkingDirectory");
        AUTO_FREE char *given = value_read(&t->source->file, "Build", "SetWorkingDirectory");

        if (!given)
                return 0;
        if (str_equal_nocase(given, "yaml")) {
                unit_error(err, line, "SetWorkingDirectory=yaml: a .build file has no Yaml=");
                return error_alias(err, "SetWorkingDirectory=yaml is only supported in .kube "
                                        "files");
        }
        if (str_equal_nocase(given, "file"))
                return use_file_directory(t, line, file, err);
        if (str_equal_nocase(given, "unit") || (!is_absolute(given) && !is_address(given))) {
                if (unit_last_value(&t->source->file, "Service", "WorkingDirectory"))
                        return 0; /* what the service says stays, and is the context */
                service_add_directory(t, ".");
        }
        if (!str_equal_nocase(given, "unit"))
                *ret = steal_str(&given);
        return 0;
}

/* The context is the last word. Where the Containerfile is absolute, the command takes the working
 * directory for it. */
static int add_context(struct translation *t, struct error *err)
{
        const struct unit_file *file = &t->source->file;
        AUTO_FREE char *containerfile = value_read(file, "Build", "File");
        AUTO_FREE char *context = NULL;
        const char *directory;

        if (read_context(t, containerfile, &context, err) < 0)
                return -1;
        directory = unit_last_value(&t->service, "Service", "WorkingDirectory");
        if (!context && !directory && !containerfile) {
                unit_error_file(err, t->source->path,
                                "neither File= nor SetWorkingDirectory= is set in [Build]");
                return error_alias(err, "neither SetWorkingDirectory, nor File key specified");
        }
        if (context) {
                words_add(&t->args, context);
                return 0;
        }
        if (containerfile && (is_absolute(containerfile) || is_address(containerfile)))
                return 0;
        if (directory) {
                words_add(&t->args, directory);
                return 0;
        }
        unit_error(err, unit_last(file, "Build", "File"),
                   "File=%s: a relative path needs SetWorkingDirectory=", containerfile);
        return error_alias(err, "relative path in File key requires SetWorkingDirectory key to be "
                                "set");
}

int emit_build_tag(struct translation *t, const struct unit_key *row, const struct values *values,
                   struct error *err)
{
        if (values->count)
                return emit_option(t, row, values, err);
        unit_error_file(err, t->source->path, "ImageTag= is not set in [Build]");
        return error_alias(err, "no ImageTag key specified");
}

/* The service does not remain: each start builds again what has changed. */
int translate_build(struct translation *t, struct error *err)
{
        const struct unit_line *exec = unit_last(&t->source->file, "Service", "ExecStart");

        if (exec)
                return unit_error(err, exec, "ExecStart= is made from [Build]");
        words_add_text(&t->args, "build");
        if (translate_keys(t) < 0)
                return -1; /* reported */
        if (add_context(t, err) < 0)
                return -1;
        translate_default(t, "Type", "oneshot");
        translate_default(t, "SyslogIdentifier", "%N");
        translate_exec(t, "ExecStart", &t->args);
        return 0;
}
