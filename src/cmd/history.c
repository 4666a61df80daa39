/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit history */
#include "../base/json.h"
#include "../base/log.h"
#include "../image/image.h"
#include "format.h"
#include "image-cmd.h"
#include "listing.h"

#include <stddef.h>

struct history_arguments {
        char *format, *root; /* owned */
        bool machine, whole, quiet;
};

#define FIELD(name) offsetof(struct history_arguments, name)

/* --human is true unless said otherwise. */
static int history_take_human(void *context, const struct option_row *row, const char *value,
                              struct error *err)
{
        struct history_arguments *arguments = context;
        bool human = true;

        if (option_parse_bool(row->name, value, &human, err) < 0)
                return -1;
        arguments->machine = !human;
        return 0;
}

const struct option_row cmd_history_options[] = {
        { "format", 0, OPTION_VALUE, "FORMAT",
          "table, json, or a template such as '{{.Size}} {{.CreatedBy}}'", format_take,
          FIELD(format) },
        { "human", 'H', OPTION_FLAG, NULL, "Sizes with units and times as ages (true)",
          history_take_human, 0 },
        { "no-trunc", 0, OPTION_FLAG, NULL, "Show whole ids and commands", option_take_bool,
          FIELD(whole) },
        { "quiet", 'q', OPTION_FLAG, NULL, "Print ids only", option_take_bool, FIELD(quiet) },
        { "root", 0, OPTION_VALUE, "DIR", cmd_root_help, option_take_string, FIELD(root) },
        { .name = NULL },
};

static void history_arguments_free(struct history_arguments *arguments)
{
        free(arguments->format);
        free(arguments->root);
}

/* One step of an image's making. */
struct history_step {
        char *created, *created_by, *comment; /* owned; or NULL */
        uint64_t size;                        /* bytes of its blob; 0 where it made none */
        const char *id;                       /* borrowed; the image's, of the last step; or NULL */
};

struct history {
        struct image image;
        struct manifest manifest;
        struct strv names;          /* the image's */
        struct history_step *steps; /* owned; oldest first */
        size_t count;
};

static void history_free(struct history *history)
{
        for (size_t i = 0; i < history->count; i++) {
                free(history->steps[i].created);
                free(history->steps[i].created_by);
                free(history->steps[i].comment);
        }
        free(history->steps);
        strv_free(&history->names);
        image_free(&history->image);
        manifest_free(&history->manifest);
}

static int history_read_step(struct json_object *object, struct history *history, size_t *layer,
                             struct history_step *step, struct error *err)
{
        bool empty = false;

        if (json_copy_string(object, "created", &step->created, err) < 0 ||
            json_copy_string(object, "created_by", &step->created_by, err) < 0 ||
            json_copy_string(object, "comment", &step->comment, err) < 0 ||
            json_get_bool(object, "empty_layer", &empty, err) < 0)
                return -1;
        if (!empty && *layer < history->manifest.layer_count)
                step->size = history->manifest.layers[(*layer)++].size;
        return 0;
}

/* An image without a history has its layers. */
static int history_read_steps(struct store *store, struct history *history, struct error *err)
{
        AUTO_JSON struct json_object *config = NULL;
        struct json_object *list = NULL;
        size_t count, layer = 0;

        if (store_read_blob(store, history->manifest.config.digest, CONFIG_MAX_SIZE, &config, err) <
                    0 ||
            json_get_array(config, "history", &list, err) < 0)
                return -1;
        count = list ? json_object_array_length(list) : 0;
        history->steps = alloc_zero(count + history->manifest.layer_count, sizeof *history->steps);
        for (; history->count < count; history->count++)
                if (history_read_step(json_object_array_get_idx(list, history->count), history,
                                      &layer, history->steps + history->count, err) < 0) {
                        history->count++;
                        return error_wrap(err, "history[%zu]", history->count - 1);
                }
        while (layer < history->manifest.layer_count) {
                history->steps[history->count].created = str_dup(history->image.config.created);
                history->steps[history->count++].size = history->manifest.layers[layer++].size;
        }
        if (history->count)
                history->steps[history->count - 1].id = history->image.id;
        return 0;
}

static int history_read(struct store *store, const char *text, struct history *history,
                        struct error *err)
{
        AUTO_STORE_FOUND struct store_found found = { 0 };

        if (store_look_up(store, text, &found, err) < 0 ||
            image_read(store, found.entry, &history->image, &history->manifest, err) < 0)
                return -1;
        store_found_names(&found, &history->names);
        return history_read_steps(store, history, err);
}

/* --- printing, newest first */

static const char *history_text(const char *text)
{
        return text ? text : "";
}

static char *history_id(const struct history_step *step, const struct history_arguments *arguments)
{
        return step->id ? str_dupn(step->id, arguments->whole ? 64 : 12) : str_dup("<missing>");
}

/* Control characters are the image's author's, and not for the terminal. */
static char *history_command(const char *text, bool whole)
{
        enum {
                WIDTH = 45
        };
        AUTO_FREE char *copy = str_dup(history_text(text));

        for (char *at = copy; *at; at++)
                if ((unsigned char)*at < ' ' || *at == 0x7f)
                        *at = ' ';
        if (whole || strlen(copy) <= WIDTH)
                return steal_str(&copy);
        return str_format("%.*s...", (int)str_utf8_valid(copy, WIDTH - 3), copy);
}

/* What the table shows, and templates take. */
static struct json_object *history_line(const struct history *history,
                                        const struct history_step *step,
                                        const struct history_arguments *arguments)
{
        struct json_object *line = json_object_new_object();
        AUTO_FREE char *id = history_id(step, arguments);
        AUTO_FREE char *age = listing_age(step->created);
        AUTO_FREE char *command = history_command(step->created_by, arguments->whole);
        AUTO_FREE char *size = arguments->machine
                                       ? str_format("%llu", (unsigned long long)step->size)
                                       : listing_size(step->size);
        AUTO_FREE char *comment = history_command(step->comment, true);

        json_set_string(line, "ID", id);
        json_set_string(line, "Created", arguments->machine ? history_text(step->created) : age);
        json_set_string(line, "CreatedAt", history_text(step->created));
        json_set_string(line, "CreatedSince", age);
        json_set_string(line, "CreatedBy", command);
        json_set_string(line, "Size", size);
        json_set_string(line, "Comment", comment);
        json_set_strv(line, "Tags", step->id ? &history->names : &(struct strv){ 0 });
        return line;
}

static struct json_object *history_lines(const struct history *history,
                                         const struct history_arguments *arguments)
{
        struct json_object *list = json_object_new_array();

        for (size_t i = history->count; i-- > 0;)
                json_object_array_add(list, history_line(history, history->steps + i, arguments));
        return list;
}

static void history_print_table(struct json_object *lines)
{
        static const struct listing_column columns[] = {
                { "ID", "ID" },     { "CREATED", "Created" }, { "CREATED BY", "CreatedBy" },
                { "SIZE", "Size" }, { "COMMENT", "Comment" },
        };

        listing_print_objects(lines, columns, sizeof columns / sizeof *columns, false);
}

static struct json_object *history_objects(const struct history *history)
{
        struct json_object *list = json_object_new_array();

        for (size_t i = history->count; i-- > 0;) {
                const struct history_step *step = history->steps + i;
                struct json_object *object = json_object_new_object();

                json_set_string(object, "id", step->id ? step->id : "<missing>");
                json_set_string(object, "created", step->created);
                json_set_string(object, "CreatedBy", history_text(step->created_by));
                json_object_object_add(object, "size", json_object_new_int64((int64_t)step->size));
                json_set_string(object, "comment", history_text(step->comment));
                if (step->id)
                        json_set_strv(object, "tags", &history->names);
                json_object_array_add(list, object);
        }
        return list;
}

static void history_print_ids(const struct history *history,
                              const struct history_arguments *arguments)
{
        for (size_t i = history->count; i-- > 0;) {
                AUTO_FREE char *id = history_id(history->steps + i, arguments);

                puts(id);
        }
}

static int history_print(const struct history *history, const struct history_arguments *arguments,
                         struct error *err)
{
        AUTO_JSON struct json_object *list = format_is_json(arguments->format)
                                                     ? history_objects(history)
                                                     : history_lines(history, arguments);
        int printed = format_print(arguments->format, list, TEMPLATE_LIST, err);

        if (printed == 0 && arguments->quiet)
                history_print_ids(history, arguments);
        else if (printed == 0)
                history_print_table(list);
        return printed < 0 ? -1 : 0;
}

int cmd_history(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(history_arguments_free) struct history_arguments arguments = { 0 };
        CLEANUP(history_free) struct history history = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_STORE struct store store = STORE_NONE;
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &arguments, 1, 1, &first, &status))
                return status;
        if (cmd_open_store_of(arguments.root, argv[first], &store, &err) < 0 ||
            history_read(&store, argv[first], &history, &err) < 0 ||
            history_print(&history, &arguments, &err) < 0)
                return log_failure(&err);
        return EXIT_SUCCESS;
}
