/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "quadlet.h"

#include "../base/home.h"
#include "../base/spawn.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static const char not_loaded[] = "Not loaded";

void quadlet_options_free(struct quadlet_options *options)
{
        free(options->format);
        free(options->application);
        strv_free(&options->filters);
}

int quadlet_take_reload(void *context, const struct option_row *row, const char *value,
                        struct error *err)
{
        struct quadlet_options *options = context;
        bool reload = true;

        if (value && option_parse_bool(row->name, value, &reload, err) < 0)
                return -1;
        options->keep_systemd = !reload;
        return 0;
}

char *quadlet_directory(bool is_user, struct error *err)
{
        char *path = is_user ? home_config_path("containers/systemd")
                             : str_dup("/etc/containers/systemd");

        if (!path)
                error_set(err, ENOENT, "there is no home directory");
        return path;
}

/* What is wrong with the files is for `crunit check`. */
static void quadlet_ignore(void *context, const struct report_message *message)
{
        (void)context;
        (void)message;
}

void quadlet_load(struct quadlet_files *files, bool is_user)
{
        struct report report = { .take = quadlet_ignore };
        AUTO_FREE char *directory = quadlet_directory(is_user, NULL);

        files->directory = directory ? realpath(directory, NULL) : NULL;
        search_run(&files->search, "", is_user, getenv("QUADLET_UNIT_DIRS"), &report);
        files->set.is_user = is_user;
        files->set.program = "crunit";
        unit_set_load(&files->set, &files->search, &report);
}

void quadlet_files_free(struct quadlet_files *files)
{
        unit_set_free(&files->set);
        search_free(&files->search);
        free(files->directory);
}

char *quadlet_application(const struct quadlet_files *files, const struct unit_source *source)
{
        const char *rest = files->directory ? str_after(source->directory, files->directory) : NULL;

        return rest && *rest == '/' ? str_dupn(rest + 1, strcspn(rest + 1, "/")) : NULL;
}

void quadlet_systemctl(bool is_user, struct strv *ret)
{
        strv_append(ret, "systemctl");
        if (is_user)
                strv_append(ret, "--user");
}

int quadlet_reload(const struct quadlet_options *options, struct error *err)
{
        AUTO_STRV struct strv words = { 0 };
        int status;

        if (options->keep_systemd)
                return 0;
        quadlet_systemctl(options->is_user, &words);
        strv_append(&words, "daemon-reload");
        status = spawn_run(&words, NULL, SPAWN_INHERIT, NULL, err);
        if (status <= 0)
                return status;
        return error_set(err, 0, "systemctl daemon-reload failed with status %d", status);
}

/* One unit's lines of `systemctl show`: Id=, LoadState=, ActiveState=, SubState=. */
static void quadlet_take_state(const struct strv *lines, struct strv *ret)
{
        const char *load = NULL, *active = NULL, *sub = NULL;

        for (size_t i = 0; i < lines->count; i++) {
                const char *line = lines->items[i];

                load = str_after(line, "LoadState=") ? str_after(line, "LoadState=") : load;
                active = str_after(line, "ActiveState=") ? str_after(line, "ActiveState=") : active;
                sub = str_after(line, "SubState=") ? str_after(line, "SubState=") : sub;
        }
        if (str_equal(load, "loaded") && active && sub)
                strv_appendf(ret, "%s/%s", active, sub);
        else
                strv_append(ret, not_loaded);
}

/* The answers come in the order of the questions, with an empty line between them. */
static void quadlet_read_states(const char *text, struct strv *ret)
{
        const char *end;

        for (; text && *text; text = end ? end + 2 : NULL) {
                AUTO_STRV struct strv lines = { 0 };
                AUTO_FREE char *block = NULL;

                end = strstr(text, "\n\n");
                block = end ? str_dupn(text, (size_t)(end - text)) : str_dup(text);
                strv_split(&lines, block, "\n", false);
                quadlet_take_state(&lines, ret);
        }
}

void quadlet_states(const struct quadlet_files *files, bool is_user, struct strv *ret)
{
        AUTO_STRV struct strv words = { 0 };
        AUTO_STRV struct strv found = { 0 };
        AUTO_FREE char *text = NULL;
        size_t next = 0, asked = 0;

        quadlet_systemctl(is_user, &words);
        strv_append(&words, "show");
        strv_append(&words, "--property=Id,LoadState,ActiveState,SubState");
        strv_append(&words, "--");
        for (size_t i = 0; i < files->set.count; i++) {
                const char *service = files->set.sources[i].service;

                /* A template has no state. */
                if (!service || strstr(service, "@."))
                        continue;
                strv_append(&words, service);
                asked++;
        }
        if (asked && spawn_run(&words, NULL, SPAWN_STDOUT, &text, NULL) == 0)
                quadlet_read_states(text, &found);
        for (size_t i = 0; i < files->set.count; i++) {
                const char *service = files->set.sources[i].service;
                bool has_state = service && !strstr(service, "@.") && found.count == asked;

                strv_append(ret, has_state ? found.items[next++] : not_loaded);
        }
}
