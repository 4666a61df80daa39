/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit network graph. */
#include "../network/graph.h"

#include "../base/json.h"
#include "../base/log.h"
#include "../base/printable.h"
#include "../network/member.h"
#include "network-cmd.h"
#include "network-filter.h"
#include "network-setup.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stddef.h>

struct graph_request {
        char *format; /* owned */
};

const struct option_row cmd_network_graph_options[] = {
        { .name = "format",
          .argument = "tree|dot|json",
          .help = "for people (the default), for graphviz, or for programs",
          .take = option_take_string,
          .field = offsetof(struct graph_request, format) },
        { .name = NULL },
};

struct graph_members {
        struct joined *items; /* owned */
        size_t count;
};

static void graph_members_free(struct graph_members *members)
{
        for (size_t i = 0; i < members->count; i++)
                joined_free(&members->items[i]);
        free(members->items);
}

static int graph_compare(const void *a, const void *b)
{
        const struct joined *one = a, *other = b;
        int names = strcmp(one->name, other->name);

        return names ? names : strcmp(one->label, other->label);
}

/* Those that run, by name. */
static int graph_read_members(const struct network_setup *setup, struct graph_members *ret,
                              struct error *err)
{
        const struct connect_context *context = &setup->context;
        AUTO_STRV struct strv labels = { 0 };

        if (member_list(context->runtime, &labels, err) < 0)
                return -1;
        ret->items = alloc_zero(labels.count + 1, sizeof *ret->items);
        for (size_t i = 0; i < labels.count; i++) {
                struct joined *member = &ret->items[ret->count];

                if (!context->alive(NULL, labels.items[i]))
                        continue;
                if (member_read(context->runtime, labels.items[i], member, NULL) == 0)
                        ret->count++;
        }
        qsort(ret->items, ret->count, sizeof *ret->items, graph_compare);
        return 0;
}

/* All networks, or those that are named, each once. */
static int graph_read_networks(const struct network_setup *setup, int count, char **names,
                               struct network_list *ret, struct error *err)
{
        static const struct strv all = { 0 };
        AUTO_STRV struct strv seen = { 0 };

        if (!count)
                return network_filter_list(setup, &all, ret, err);
        ret->items = alloc_zero((size_t)count, sizeof *ret->items);
        for (int i = 0; i < count; i++) {
                char *name = NULL;

                if (network_resolve(setup->context.storage, names[i], &name, err) < 0)
                        return -1;
                if (strv_contains(&seen, name)) {
                        free(name);
                        continue;
                }
                strv_append_owned(&seen, name);
                if (network_load(setup->context.storage, name, &ret->items[ret->count], err) < 0)
                        return -1;
                ret->count++;
        }
        return 0;
}

/* Whether the terminal, as its locale says, shows lines. */
static bool graph_has_lines(void)
{
        locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
        bool result = locale && str_equal(nl_langinfo_l(CODESET, locale), "UTF-8");

        if (locale)
                freelocale(locale);
        return result;
}

static void graph_print_tree(const struct graph *graph)
{
        AUTO_FREE char *text = graph_tree(graph, graph_has_lines());

        printable_mask(text, "\n");
        fputs(text, stdout);
}

static void graph_print_dot(const struct graph *graph)
{
        AUTO_FREE char *text = graph_dot(graph);

        printable_mask(text, "\n\t");
        fputs(text, stdout);
}

static void graph_print_json(const struct graph *graph)
{
        AUTO_JSON struct json_object *object = graph_json(graph);
        AUTO_FREE char *text = json_shown(object);

        puts(text);
}

static const struct graph_format {
        const char *name;
        void (*print)(const struct graph *graph);
} graph_formats[] = {
        { "tree", graph_print_tree },
        { "dot", graph_print_dot },
        { "json", graph_print_json },
        { .name = NULL },
};

static const struct graph_format *graph_find_format(const char *name, struct error *err)
{
        for (const struct graph_format *format = graph_formats; format->name; format++)
                if (!name || str_equal(format->name, name))
                        return format;
        error_set(err, EINVAL, "--format %s: only tree, dot and json are known", name);
        return NULL;
}

static int graph_run(const struct graph_request *request, int count, char **names,
                     struct error *err)
{
        const struct graph_format *format = graph_find_format(request->format, err);
        AUTO_SETUP struct network_setup setup = { 0 };
        CLEANUP(network_list_free) struct network_list networks = { 0 };
        CLEANUP(graph_members_free) struct graph_members members = { 0 };
        AUTO_PUBLISHED struct published_list ports = { 0 };

        if (!format || network_setup_load(&setup, err) < 0 ||
            graph_read_networks(&setup, count, names, &networks, err) < 0 ||
            graph_read_members(&setup, &members, err) < 0 ||
            published_load(setup.context.runtime, &ports, err) < 0)
                return -1;
        format->print(&(struct graph){
                .networks = networks.items,
                .network_count = networks.count,
                .members = members.items,
                .member_count = members.count,
                .ports = &ports,
        });
        return 0;
}

int cmd_network_graph(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        struct graph_request request = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, -1, &first, &status))
                return status;
        status = EXIT_SUCCESS;
        if (graph_run(&request, argc - first, argv + first, &err) < 0) {
                log_failure(&err);
                status = CMD_USAGE;
        }
        free(request.format);
        return status;
}
