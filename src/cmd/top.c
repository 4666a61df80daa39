/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit top: the processes of a container, by columns of our own or by ps(1). */
#include "../base/json.h"
#include "../base/log.h"
#include "../container/task.h"
#include "format.h"
#include "listing.h"
#include "running.h"
#include "view-commands.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/sysmacros.h>

struct top_request {
        char *format; /* owned */
};

const struct option_row top_options_table[] = {
        { .name = "format",
          .argument = "table|json",
          .help = "table, or json with a member for each column",
          .take = format_take_plain,
          .field = offsetof(struct top_request, format) },
        { .name = NULL },
};

/* --- columns; each gives its text, owned by the caller */

static char *top_user(const struct task *task)
{
        return str_dup(task->user);
}

static char *top_group(const struct task *task)
{
        return str_dup(task->group);
}

static char *top_huser(const struct task *task)
{
        const struct passwd *entry = getpwuid(task->huid);

        return entry ? str_dup(entry->pw_name) : str_format("%u", task->huid);
}

static char *top_uid(const struct task *task)
{
        return str_format("%u", task->uid);
}

static char *top_huid(const struct task *task)
{
        return str_format("%u", task->huid);
}

static char *top_pid(const struct task *task)
{
        return str_format("%d", (int)task->pid);
}

static char *top_hpid(const struct task *task)
{
        return str_format("%d", (int)task->hpid);
}

static char *top_ppid(const struct task *task)
{
        return str_format("%d", (int)task->ppid);
}

static char *top_cpu(const struct task *task)
{
        return str_format("%.1f", task->age ? 100.0 * (double)task->cpu / (double)task->age : 0.0);
}

static char *top_elapsed(const struct task *task)
{
        AUTO_FREE char *text = listing_duration((int64_t)(task->age / 1000));

        return steal_str(&text);
}

/* [HOURS:]MINUTES:SECONDS of processor time */
static char *top_time(const struct task *task)
{
        unsigned long long seconds = task->cpu / 1000;

        return str_format("%llu:%02llu:%02llu", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

static char *top_tty(const struct task *task)
{
        enum {
                TOP_PTS = 136 /* the first of the majors of pseudo terminals */
        };

        if (!task->tty)
                return str_dup("?");
        if (major((dev_t)task->tty) == TOP_PTS)
                return str_format("pts/%u", minor((dev_t)task->tty));
        return str_format("%u:%u", major((dev_t)task->tty), minor((dev_t)task->tty));
}

static char *top_state(const struct task *task)
{
        return str_format("%c", task->state);
}

static char *top_nice(const struct task *task)
{
        return str_format("%ld", task->nice);
}

static char *top_rss(const struct task *task)
{
        return str_format("%llu", (unsigned long long)task->rss / 1024);
}

static char *top_vsz(const struct task *task)
{
        return str_format("%llu", (unsigned long long)task->vsz / 1024);
}

static char *top_comm(const struct task *task)
{
        return str_dup(task->comm);
}

static char *top_args(const struct task *task)
{
        return str_dup(task->args);
}

static const struct top_column {
        const char *name, *title;
        char *(*text)(const struct task *task);
} top_columns[] = {
        { "args", "COMMAND", top_args },
        { "comm", "COMMAND", top_comm },
        { "etime", "ELAPSED", top_elapsed },
        { "group", "GROUP", top_group },
        { "hpid", "HPID", top_hpid },
        { "huid", "HUID", top_huid },
        { "huser", "HUSER", top_huser },
        { "nice", "NI", top_nice },
        { "pcpu", "%CPU", top_cpu },
        { "pid", "PID", top_pid },
        { "ppid", "PPID", top_ppid },
        { "rss", "RSS", top_rss },
        { "state", "STATE", top_state },
        { "time", "TIME", top_time },
        { "tty", "TTY", top_tty },
        { "uid", "UID", top_uid },
        { "user", "USER", top_user },
        { "vsz", "VSZ", top_vsz },
        { .name = NULL },
};

static const char *const top_defaults[] = {
        "user", "pid", "ppid", "pcpu", "etime", "tty", "time", "args",
};

struct top_choice {
        const struct top_column **columns; /* owned */
        size_t count;
};

static void top_choice_free(struct top_choice *choice)
{
        free(choice->columns);
}

static int top_choose(const char *word, struct top_choice *choice, struct error *err)
{
        const struct top_column *column = top_columns;
        const char *nearest;

        while (column->name && !str_equal_nocase(column->name, word))
                column++;
        if (!column->name) {
                nearest = str_nearest_row(word, top_columns, sizeof *top_columns);
                return error_set(err, EINVAL, "there is no column '%s'%s%s", word,
                                 nearest ? ", did you mean " : "", nearest ? nearest : "");
        }
        choice->columns = alloc_grow(choice->columns, choice->count + 1, sizeof *choice->columns);
        choice->columns[choice->count++] = column;
        return 0;
}

/* Words, each of one column or several with commas between. */
static int top_choose_all(char **words, struct top_choice *choice, struct error *err)
{
        AUTO_STRV struct strv names = { 0 };

        for (; *words; words++)
                strv_split(&names, *words, ", ", false);
        for (size_t i = 0; !names.count && i < sizeof top_defaults / sizeof *top_defaults; i++)
                if (top_choose(top_defaults[i], choice, err) < 0)
                        return -1;
        for (size_t i = 0; i < names.count; i++)
                if (top_choose(names.items[i], choice, err) < 0)
                        return -1;
        return 0;
}

/* --- output */

static void top_print_table(const struct task_list *tasks, const struct top_choice *choice)
{
        AUTO_FREE struct strv *rows = alloc_zero(tasks->count + 1, sizeof *rows);

        for (size_t k = 0; k < choice->count; k++)
                strv_append(&rows[0], choice->columns[k]->title);
        for (size_t i = 0; i < tasks->count; i++)
                for (size_t k = 0; k < choice->count; k++)
                        strv_append_owned(&rows[i + 1], choice->columns[k]->text(&tasks->items[i]));
        listing_print(rows, tasks->count + 1, choice->count);
        for (size_t i = 0; i <= tasks->count; i++)
                strv_free(&rows[i]);
}

static void top_print_json(const struct task_list *tasks, const struct top_choice *choice)
{
        AUTO_JSON struct json_object *list = json_object_new_array();
        AUTO_FREE char *text = NULL;

        for (size_t i = 0; i < tasks->count; i++) {
                struct json_object *object = json_object_new_object();

                for (size_t k = 0; k < choice->count; k++) {
                        AUTO_FREE char *cell = choice->columns[k]->text(&tasks->items[i]);

                        json_set_string(object, choice->columns[k]->name, cell);
                }
                json_object_array_add(list, object);
        }
        text = json_shown(list);
        puts(text);
}

/* What of ps(1) says how processes are shown. The rest selects more of them, and those are the
 * host's; -e, -A, -a and -d ask for all: the container's are all there are. */
static int top_take_letters(const char *word, struct strv *args, struct error *err)
{
        AUTO_STRBUF struct strbuf kept = { 0 };

        strbuf_append(&kept, "-");
        for (const char *at = word + 1; *at; at++) {
                if (strchr("oOk", *at)) { /* the rest, or the next word, is its value */
                        strbuf_append(&kept, at);
                        break;
                }
                if (!strchr("eAadfFljMZHcwLTmy", *at))
                        return error_set(err, EINVAL,
                                         "-%c of ps(1) selects processes of the host: only how the "
                                         "container's are shown can be chosen (-f, -l, -o ...)",
                                         *at);
                if (!strchr("eAad", *at))
                        strbuf_append_n(&kept, at, 1);
        }
        if (kept.length > 1)
                strv_append(args, kept.data);
        return 0;
}

static int top_take_word(const char *word, const char *before, struct strv *args, struct error *err)
{
        static const char *const known[] = { "--sort",       "--format", "--forest",  "--headers",
                                             "--no-headers", "--cols",   "--columns", "--width" };
        bool value = before && before[0] == '-' && before[1] != '-' && before[1] &&
                     strchr("oOk", before[strlen(before) - 1]);

        for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
                const char *rest = str_after(word, known[i]);

                value = value || (rest && (!*rest || *rest == '='));
                value = value || (before && str_equal(before, known[i]));
        }
        if (!value && word[0] == '-' && word[1] != '-')
                return top_take_letters(word, args, err);
        if (!value)
                return error_set(err, EINVAL,
                                 "%s selects processes of the host, or is no option of ps(1): only "
                                 "how the container's are shown can be chosen (-f, -l, -o ...)",
                                 word);
        strv_append(args, word);
        return 0;
}

/* Words that begin with "-" are for ps(1), which sees the host's process ids. */
static int top_by_ps(const struct task_list *tasks, char **words, struct error *err)
{
        const char *before = NULL;
        AUTO_STRV struct strv args = { 0 };
        AUTO_STRBUF struct strbuf pids = { 0 };

        for (size_t i = 0; i < tasks->count; i++)
                strbuf_appendf(&pids, "%s%d", i ? "," : "", (int)tasks->items[i].hpid);
        strv_append(&args, "ps");
        for (; *words; before = *words++)
                if (top_take_word(*words, before, &args, err) < 0)
                        return -1;
        strv_append(&args, "-p");
        strv_append(&args, pids.data ? pids.data : "1");
        execvp(args.items[0], args.items);
        return error_errno(err, errno, "cannot execute ps (of the package procps)");
}

static int top_show(const char *name, char **words, const char *format, struct error *err)
{
        CLEANUP(top_choice_free) struct top_choice choice = { 0 };
        AUTO_STATE struct container_state state = { 0 };
        AUTO_TASKS struct task_list tasks = { 0 };
        AUTO_FREE char *run = NULL;

        if (running_find(name, &state, &run, err) < 0 || task_list(&state, &tasks, err) < 0)
                return -1;
        if (*words && (*words)[0] == '-')
                return top_by_ps(&tasks, words, err);
        if (top_choose_all(words, &choice, err) < 0)
                return -1;
        if (str_equal(format, "json"))
                top_print_json(&tasks, &choice);
        else
                top_print_table(&tasks, &choice);
        return 0;
}

int cmd_top(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        struct top_request request = { 0 };
        int first, status;

        if (!cmd_options(cmd, true, argc, argv, &request, 1, -1, &first, &status))
                return status;
        status = EXIT_SUCCESS;
        top_show(argv[first], argv + first + 1, request.format, &err);
        free(request.format);
        return err.message ? log_failure(&err) : status;
}
