/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Units that wait for each other in a circle: systemd would leave one of them out, whichever. */
#include "check.h"

#include "../unit/words.h"

#include <stdlib.h>

enum visit {
        VISIT_NEW,
        VISIT_OPEN, /* on the path that is being followed */
        VISIT_DONE
};

struct node {
        struct strv after; /* services this one waits for */
        enum visit visit;
};

struct graph {
        struct check *check; /* borrowed */
        struct node *nodes;  /* owned; one for each unit */
        struct strv path;    /* services from the first node to the present one */
};

static void graph_free(struct graph *graph)
{
        for (size_t i = 0; i < graph->check->count; i++)
                strv_free(&graph->nodes[i].after);
        free(graph->nodes);
        strv_free(&graph->path);
}

static bool find_unit(const struct check *check, const char *service, size_t *ret)
{
        for (size_t i = 0; i < check->count; i++) {
                if (!check->units[i].words.count ||
                    !str_equal(check->units[i].source->service, service))
                        continue;
                *ret = i;
                return true;
        }
        return false;
}

/* An empty line takes back those before it. */
static void read_units(const struct unit_file *file, const char *key, struct strv *ret)
{
        const struct unit_section *section = unit_section(file, "Unit");

        for (size_t i = 0; section && i < section->lines.count; i++) {
                const struct unit_line *line = &section->lines.items[i];

                if (!line->key || !str_equal(line->key, key))
                        continue;
                if (!*line->value)
                        strv_free(ret);
                words_split(line->value, WORDS_LITERAL, ret, NULL, NULL);
        }
}

static void read_graph(struct graph *graph)
{
        struct check *check = graph->check;

        for (size_t i = 0; i < check->count; i++) {
                AUTO_STRV struct strv before = { 0 };
                size_t other;

                if (!check->units[i].words.count)
                        continue;
                read_units(&check->units[i].file, "After", &graph->nodes[i].after);
                read_units(&check->units[i].file, "Before", &before);
                for (size_t k = 0; k < before.count; k++)
                        if (find_unit(check, before.items[k], &other))
                                strv_append(&graph->nodes[other].after,
                                            check->units[i].source->service);
        }
}

/* Once, at a unit that was asked for. */
static void report_cycle(struct graph *graph, const char *service)
{
        const struct check_unit *unit = NULL;
        AUTO_STRV struct strv circle = { 0 };
        AUTO_FREE char *text = NULL;
        size_t first = 0;

        while (!str_equal(graph->path.items[first], service))
                first++;
        for (size_t i = first, index; i < graph->path.count; i++) {
                strv_append(&circle, graph->path.items[i]);
                if (find_unit(graph->check, graph->path.items[i], &index) &&
                    check_is_wanted(graph->check, &graph->check->units[index]) && !unit)
                        unit = &graph->check->units[index];
        }
        if (!unit)
                return;
        strv_append(&circle, service);
        text = strv_join(&circle, " -> ");
        check_report(graph->check, unit, REPORT_ERROR, (struct error_place){ 0 },
                     "units wait for each other: %s", text);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as units wait for others */
static void follow(struct graph *graph, size_t index)
{
        struct node *node = &graph->nodes[index];
        size_t next;

        node->visit = VISIT_OPEN;
        strv_append(&graph->path, graph->check->units[index].source->service);
        for (size_t i = 0; i < node->after.count; i++) {
                if (!find_unit(graph->check, node->after.items[i], &next))
                        continue;
                if (graph->nodes[next].visit == VISIT_OPEN)
                        report_cycle(graph, node->after.items[i]);
                else if (graph->nodes[next].visit == VISIT_NEW)
                        follow(graph, next);
        }
        node->visit = VISIT_DONE;
        free(graph->path.items[--graph->path.count]);
        graph->path.items[graph->path.count] = NULL;
}

void check_cycles(struct check *check)
{
        CLEANUP(graph_free) struct graph graph = { .check = check };

        graph.nodes = alloc_zero(check->count + 1, sizeof *graph.nodes);
        read_graph(&graph);
        for (size_t i = 0; i < check->count; i++)
                if (graph.nodes[i].visit == VISIT_NEW)
                        follow(&graph, i);
}
