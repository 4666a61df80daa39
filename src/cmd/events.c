/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * crunit events: what systemd wrote to the journal about the units of containers, and what we wrote
 * about their health and their memory. Their units carry
 * CONTAINER_NAME= as an extra field, which systemd (since 253) puts to its own messages as well.
 */
#include "../base/journal.h"
#include "../base/json.h"
#include "../base/log.h"
#include "../base/printable.h"
#include "format.h"
#include "generated.h"
#include "ps-view.h"
#include "run-options.h"
#include "view-commands.h"
#include "when.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <systemd/sd-journal.h>
#include <time.h>

struct events_request {
        bool stream;
        char *since, *until, *format; /* owned */
        struct strv filters;          /* owned */
};

static void events_free(struct events_request *request)
{
        free(request->since);
        free(request->until);
        free(request->format);
        strv_free(&request->filters);
}

static int events_take_no_stream(void *context, const struct option_row *row, const char *value,
                                 struct error *err)
{
        struct events_request *request = context;
        bool no = true;

        if (option_parse_bool(row->name, value, &no, err) < 0)
                return -1;
        request->stream = !no;
        return 0;
}

const struct option_row events_options_table[] = {
        { .name = "filter",
          .letter = 'f',
          .argument = "KEY=VALUE",
          .help = "only those with this container, event, image, label, type or unit",
          .take = option_take_list,
          .field = offsetof(struct events_request, filters) },
        { .name = "format",
          .argument = "FORMAT",
          .help = "json (one object a line), or a template such as '{{.Name}} {{.Status}}'",
          .take = format_take_objects,
          .field = offsetof(struct events_request, format) },
        { .name = "since",
          .argument = "TIME",
          .help = "from then on: 10m (ago), or 2026-02-03T04:05:06Z",
          .take = option_take_string,
          .field = offsetof(struct events_request, since) },
        { .name = "stream",
          .kind = OPTION_FLAG,
          .help = "go on with new events (default)",
          .take = option_take_bool,
          .field = offsetof(struct events_request, stream) },
        { .name = "no-stream",
          .kind = OPTION_FLAG,
          .help = "end with the last one there is",
          .take = events_take_no_stream },
        { .name = "until",
          .argument = "TIME",
          .help = "up to then",
          .take = option_take_string,
          .field = offsetof(struct events_request, until) },
        { .name = NULL },
};

/* systemd's messages, by their ids (sd-messages.h), and what they mean for a container. */
static const struct events_kind {
        const char *id, *status;
        const char *part; /* of the message, where not all with that id count; or NULL */
} events_kinds[] = {
        { "39f53479d3a045ac8e11786248231fbf", "start", NULL },
        { "98e322203f7a4ed290d09fe03c09fe15", "died", "Main process exited" },
        { "7ad2d189f7e94e70a38c781354912448", "died",
          NULL }, /* well, without a word of the above */
        { "9d1aaa27d60140bd96365438aad20286", "stop", NULL },
        { "d9b373ed55a64feb8242e02dbe79a49c", "failed", NULL },
        { "fe6faa94e7774663a0da52717891d8ef", "oom", NULL },
        { "5eb03494b6584870a536b337290809b3", "restart", NULL },
        { "7b05ebc668384222baa8881179cfda54", "reload", NULL },
        { JOURNAL_HEALTH, "health_status", NULL },
        { JOURNAL_OOM, "oom", NULL },
        { .id = NULL },
};

static void events_close(sd_journal **journal)
{
        sd_journal_close(*journal);
}

/* Owned by the caller; NULL where the entry has no such field. */
static char *events_field(sd_journal *journal, const char *name)
{
        const void *data;
        size_t length, skip = strlen(name) + 1;

        if (sd_journal_get_data(journal, name, &data, &length) < 0 || length < skip)
                return NULL;
        return str_dupn((const char *)data + skip, length - skip);
}

static const struct events_kind *events_find_kind(sd_journal *journal)
{
        AUTO_FREE char *id = events_field(journal, "MESSAGE_ID");
        AUTO_FREE char *message = events_field(journal, "MESSAGE");
        const struct events_kind *kind = events_kinds;

        while (kind->id && !str_equal(kind->id, id))
                kind++;
        if (!kind->id || (kind->part && (!message || !strstr(message, kind->part))))
                return NULL;
        return kind;
}

static char *events_time(uint64_t usec)
{
        time_t seconds = (time_t)(usec / 1000000);
        struct tm utc;
        char text[32];

        gmtime_r(&seconds, &utc);
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
        return str_format("%s.%06uZ", text, (unsigned)(usec % 1000000));
}

static bool events_is_ours(const struct events_kind *kind)
{
        return str_equal(kind->id, JOURNAL_HEALTH) || str_equal(kind->id, JOURNAL_OOM);
}

/* Is it ours to say: by an entry of ours that no container has written? One whose unit journald
 * could not find may be a container's. A container's own unit, in which our log pump is, can speak
 * of its own memory only. Those of systemd are known by their process. */
static bool events_believes(sd_journal *journal, const struct events_kind *kind, const char *about)
{
        AUTO_FREE char *unit = NULL, *container = NULL;

        if (!events_is_ours(kind))
                return true;
        unit = events_field(journal, "_SYSTEMD_UNIT");
        container = unit ? generated_container_of(unit) : NULL;
        return container ? str_equal(kind->id, JOURNAL_OOM) && str_equal(unit, about)
                         : unit != NULL;
}

/* --- which container it is */

static void events_describe(struct json_object *view, const char *id, const char *image,
                            const char *image_id, const struct strv *labels)
{
        json_set_string(view, "ID", id ? id : "");
        json_set_string(view, "Image", image ? image : "");
        json_set_string(view, "ImageID", image_id ? image_id : "");
        json_set_pairs(view, "Labels", labels);
}

/* By the command line of its unit, for one that does not run. */
static void events_describe_unit(struct json_object *view, const char *unit)
{
        AUTO_SPEC struct container_spec spec = { 0 };
        AUTO_STRV struct strv words = { 0 };
        AUTO_FREE char **argv = NULL;

        spec_init(&spec);
        if (generated_words(unit, &words) && words.count > 2 && str_equal(words.items[1], "run")) {
                argv = alloc_zero(words.count, sizeof *argv); /* whose order does not stay */
                memcpy(argv, words.items + 1, (words.count - 1) * sizeof *argv);
                run_options_parse((int)words.count - 1, argv, &spec, NULL);
        }
        events_describe(view, NULL, spec.image, NULL, &spec.labels);
}

/* What is known of it now: the journal does not have it. */
static void events_describe_container(struct json_object *view, const char *name, const char *unit)
{
        AUTO_STATE struct container_state state = { 0 };
        AUTO_FREE char *run = NULL;

        if (state_find(name, &state, &run, NULL) == 0)
                events_describe(view, state.id, state.image_name, state.image, &state.labels);
        else
                events_describe_unit(view, unit ? unit : "");
}

/* The entry the journal stands at, or NULL where it is no event. */
static struct json_object *events_view(sd_journal *journal)
{
        const struct events_kind *kind = events_find_kind(journal);
        AUTO_FREE char *name = events_field(journal, "CONTAINER_NAME");
        AUTO_FREE char *unit = events_field(journal, "UNIT");
        AUTO_FREE char *result = events_field(journal, "UNIT_RESULT");
        AUTO_FREE char *code = events_field(journal, "EXIT_CODE");
        AUTO_FREE char *status = events_field(journal, "EXIT_STATUS");
        AUTO_FREE char *health = events_field(journal, "CRUNIT_HEALTH");
        AUTO_FREE char *when = NULL;
        struct json_object *object;
        uint64_t usec = 0;

        /* Before systemd 253 its own messages do not have the unit's fields. */
        if (kind && !name && unit)
                name = generated_container_of(unit);
        if (!kind || !name || !events_believes(journal, kind, unit) ||
            sd_journal_get_realtime_usec(journal, &usec) < 0)
                return NULL;
        when = events_time(usec);
        object = json_object_new_object();
        json_set_string(object, "Time", when);
        json_object_object_add(object, "TimeNano", json_object_new_uint64(usec * 1000));
        json_set_string(object, "Type", "container");
        json_set_string(object, "Status", kind->status);
        json_set_string(object, "Name", name);
        json_set_string(object, "Unit", unit ? unit : "");
        /* "exited" or "killed", and the number; well, where systemd says nothing of it */
        json_set_string(object, "ExitCode",
                        status                            ? status
                        : str_equal(kind->status, "died") ? "0"
                                                          : "");
        json_set_string(object, "ExitKind", code ? code : "");
        json_set_string(object, "Result", result ? result : "");
        json_set_string(object, "HealthStatus", health ? health : "");
        events_describe_container(object, name, unit);
        return object;
}

/* --- filters */

/* Its name, or what its id begins with. */
static int events_filter_container(const void *subject, const char *value, struct error *err)
{
        (void)err;
        return str_equal(view_string(subject, "Name"), value) ||
               (strlen(value) >= 4 && str_has_prefix(view_string(subject, "ID"), value));
}

static int events_filter_event(const void *subject, const char *value, struct error *err)
{
        (void)err;
        return str_equal(view_string(subject, "Status"), str_equal(value, "die") ? "died" : value);
}

static int events_filter_type(const void *subject, const char *value, struct error *err)
{
        (void)err;
        return str_equal(view_string(subject, "Type"), value);
}

static const struct filter_kind events_filters[] = {
        { "container", events_filter_container, false },
        { "event", events_filter_event, false },
        { "image", view_filter_image, false },
        { "label", view_filter_label, true },
        { "name", events_filter_container, false },
        { "type", events_filter_type, false },
        { "unit", view_filter_unit, false },
        { .name = NULL },
};

/* Of several filters of a kind one has to be right, of labels each. */
static int events_passes(struct json_object *view, const struct strv *filters, struct error *err)
{
        const struct view_subject subject = { view };

        return filter_passes(events_filters, filters, &subject, err);
}

/* --- output */

static void events_print_line(struct json_object *view)
{
        AUTO_STRBUF struct strbuf line = { 0 };
        static const struct {
                const char *member, *label;
        } details[] = { { "Unit", "unit" },
                        { "ExitCode", "exitCode" },
                        { "Result", "result" },
                        { "HealthStatus", "health_status" } };
        const char *when = "", *status = "", *name = "";
        unsigned count = 0;

        json_get_string(view, "Time", &when, NULL);
        json_get_string(view, "Status", &status, NULL);
        json_get_string(view, "Name", &name, NULL);
        strbuf_appendf(&line, "%s container %s %s (", when, status, name);
        for (size_t i = 0; i < sizeof details / sizeof *details; i++) {
                const char *value = "";

                json_get_string(view, details[i].member, &value, NULL);
                if (*value)
                        strbuf_appendf(&line, "%s%s=%s", count++ ? ", " : "", details[i].label,
                                       value);
        }
        strbuf_append(&line, ")");
        printable_line("%s", line.data);
}

static int events_print(const struct events_request *request, struct json_object *view,
                        struct error *err)
{
        if (str_equal(request->format, "json")) {
                AUTO_FREE char *text = json_text(view, false);
                AUTO_FREE char *shown = printable_json(text);

                puts(shown);
        } else if (request->format) {
                AUTO_JSON struct json_object *list = json_object_new_array();

                json_object_array_add(list, json_object_get(view));
                if (template_print(request->format, list, TEMPLATE_LIST, err) < 0)
                        return -1;
        } else {
                events_print_line(view);
        }
        return fflush(stdout) != 0 ? error_errno(err, errno, "cannot write") : 0;
}

/* --- the journal */

static int events_open(sd_journal **ret, struct error *err)
{
        int result = sd_journal_open(ret, SD_JOURNAL_LOCAL_ONLY);
        AUTO_FREE char *user = str_format("_UID=%u", (unsigned)geteuid());

        /* All of systemd's ids, from the first process alone: nobody else can say so. */
        for (const struct events_kind *kind = events_kinds; kind->id && result >= 0; kind++) {
                AUTO_FREE char *match = str_format("MESSAGE_ID=%s", kind->id);

                if (!events_is_ours(kind))
                        result = sd_journal_add_match(*ret, match, 0);
        }
        if (result >= 0)
                result = sd_journal_add_match(*ret, geteuid() == 0 ? "_PID=1" : "_COMM=systemd", 0);
        /* And ours, which events_believes() looks at once more. */
        if (result >= 0)
                result = sd_journal_add_disjunction(*ret);
        if (result >= 0)
                result = sd_journal_add_match(*ret, "MESSAGE_ID=" JOURNAL_HEALTH, 0);
        if (result >= 0)
                result = sd_journal_add_match(*ret, "MESSAGE_ID=" JOURNAL_OOM, 0);
        if (result >= 0)
                result = sd_journal_add_match(*ret, user, 0);
        return result < 0 ? error_errno(err, -result, "cannot read the journal") : 0;
}

/* To where it begins. */
static int events_seek(sd_journal *journal, const struct events_request *request, struct error *err)
{
        uint64_t since = 0;
        int result;

        if (request->since && when_parse("--since ", request->since, &since, err) < 0)
                return -1;
        if (request->since)
                result = sd_journal_seek_realtime_usec(journal, since);
        else if (request->stream && !request->until)
                result = sd_journal_seek_tail(journal);
        else
                result = sd_journal_seek_head(journal);
        /* At the tail the next one is the last: stand on it. */
        if (result >= 0 && !request->since && request->stream && !request->until)
                result = sd_journal_previous(journal);
        return result < 0 ? error_errno(err, -result, "cannot read the journal") : 0;
}

/* All there are now. 1: until is reached. */
static int events_show(sd_journal *journal, const struct events_request *request, uint64_t until,
                       struct error *err)
{
        int result;

        while ((result = sd_journal_next(journal)) > 0) {
                AUTO_JSON struct json_object *view = NULL;
                uint64_t usec = 0;
                int passes;

                sd_journal_get_realtime_usec(journal, &usec);
                if (usec > until)
                        return 1;
                view = events_view(journal);
                passes = view ? events_passes(view, &request->filters, err) : 0;
                if (passes < 0 || (passes > 0 && events_print(request, view, err) < 0))
                        return -1;
        }
        return result < 0 ? error_errno(err, -result, "cannot read the journal") : 0;
}

static uint64_t events_now(void)
{
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static int events_run(const struct events_request *request, struct error *err)
{
        CLEANUP(events_close) sd_journal *journal = NULL;
        uint64_t until = UINT64_MAX;
        int result;

        if (filter_check(events_filters, &request->filters, err) < 0 ||
            (request->until && when_parse("--until ", request->until, &until, err) < 0) ||
            events_open(&journal, err) < 0 || events_seek(journal, request, err) < 0)
                return -1;
        result = events_show(journal, request, until, err);
        while (result == 0 && request->stream && events_now() < until) {
                uint64_t left = until - events_now();

                sd_journal_wait(journal, until == UINT64_MAX ? UINT64_MAX : left);
                result = events_show(journal, request, until, err);
        }
        return result < 0 ? -1 : 0;
}

int cmd_events(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        CLEANUP(events_free) struct events_request request = { .stream = true };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, 0, &first, &status))
                return status;
        return events_run(&request, &err) < 0 ? log_failure(&err) : EXIT_SUCCESS;
}
