/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "complete.h"

#include "../base/str.h"
#include "global.h"

#include <limits.h>

/* What words in capitals, in usage lines and options, stand for. */
static const struct complete_kind {
        const char *word;
        const char *command; /* only below this one ("network "); NULL: anywhere */
        const char *kind;
} complete_kinds[] = {
        { "NAME", "network ", ":networks" },
        { "NAME", "volume ", ":volumes" },
        { "NAME", "pod ", ":pods" },
        { "NAME", "secret ", ":secrets" },
        { "NAME", NULL, ":containers" },
        { "CONTAINER", NULL, ":containers" },
        { "IMAGE", NULL, ":images" },
        { "REF", NULL, ":images" },
        { "NETWORK", NULL, ":networks" },
        { "VOLUME", NULL, ":volumes" },
        { "POD", NULL, ":pods" },
        { "SECRET", NULL, ":secrets" },
        { "DIR", NULL, ":dirs" },
        { "FILE", NULL, ":files" },
        { "PATH", NULL, ":files" },
        { .word = NULL },
};

/* A completion under way. */
struct completion {
        const char *prefix; /* borrowed; what is written of the word */
        const char *front;  /* borrowed; stands in front of each candidate: "--name=" */
        struct strv seen;   /* owned */
        FILE *out;          /* borrowed */
};

static void complete_offer(struct completion *completion, const char *word, const char *help)
{
        AUTO_FREE char *whole = str_concat(completion->front, word);

        if (!str_has_prefix(whole, completion->prefix) || strv_contains(&completion->seen, whole))
                return;
        fprintf(completion->out, "%s%s%s\n", whole, help ? "\t" : "", help ? help : "");
        strv_append_owned(&completion->seen, steal_str(&whole));
}

/* --- words in capitals */

static bool complete_fits(const struct complete_kind *kind, const struct cmd *cmd, const char *word,
                          size_t length)
{
        return strncmp(kind->word, word, length) == 0 && !kind->word[length] &&
               (!kind->command || str_has_prefix(cmd->name, kind->command));
}

/* The first of the kinds of which the usage speaks: "[FILE|DIR…]" means files. */
static void complete_meaning(struct completion *completion, const struct cmd *cmd,
                             const char *meaning)
{
        static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        const char *word = meaning + strcspn(meaning, capitals);
        size_t length = strspn(word, capitals);

        for (const struct complete_kind *kind = complete_kinds; length && kind->word; kind++) {
                if (!complete_fits(kind, cmd, word, length))
                        continue;
                fprintf(completion->out, "%s\n", kind->kind);
                return;
        }
}

/* --- options */

/* "always|missing|never": these are the values; else the word tells. */
static void complete_value(struct completion *completion, const struct cmd *cmd,
                           const struct option_row *row)
{
        static const char lower[] = "abcdefghijklmnopqrstuvwxyz0123456789-|";
        AUTO_STRV struct strv values = { 0 };

        if (!row->argument)
                return;
        /* What an option calls so may be anything's: of a host, a capability, a label. */
        if (str_has_prefix(row->argument, "NAME"))
                return;
        if (!strchr(row->argument, '|') || row->argument[strspn(row->argument, lower)]) {
                complete_meaning(completion, cmd, row->argument);
                return;
        }
        strv_split(&values, row->argument, "|", false);
        for (size_t i = 0; i < values.count; i++)
                complete_offer(completion, values.items[i], NULL);
}

static void complete_options(struct completion *completion, const struct option_row *table)
{
        for (; table && table->name; table++) {
                AUTO_FREE char *word = str_concat("--", table->name);

                if (table->help)
                        complete_offer(completion, word, table->help);
        }
}

/* The option that word gives (without its value), or NULL. */
static const struct option_row *complete_option(const struct option_row *table, const char *word)
{
        bool is_long = str_has_prefix(word, "--");
        const char *name = is_long ? word + 2 : word + 1;
        size_t length = strcspn(name, "=");

        if (word[0] != '-')
                return NULL;
        for (; table && table->name; table++)
                if (is_long ? strncmp(table->name, name, length) == 0 && !table->name[length]
                            : table->letter && table->letter == name[strlen(name) - 1])
                        return table;
        return NULL;
}

/* Does the word behind this one belong to it? */
static const struct option_row *complete_takes_next(const struct option_row *table,
                                                    const char *word)
{
        const struct option_row *row =
                word[0] == '-' && word[1] ? complete_option(table, word) : NULL;

        return row && row->kind == OPTION_VALUE && !strchr(word, '=') ? row : NULL;
}

/* --- the command */

/* How many words stand in front of the command; one more than there are where the last of them is
 * an option without its value: that is *ret_pending then. */
static int complete_skip_global(int count, char *const *words,
                                const struct option_row **ret_pending)
{
        int first = 0;

        *ret_pending = NULL;
        while (first < count && words[first][0] == '-') {
                *ret_pending = complete_takes_next(global_options, words[first]);
                first += *ret_pending ? 2 : 1;
        }
        if (first <= count)
                *ret_pending = NULL;
        return first;
}

/* How many of the words are this command's name, from its beginning; -1 where they are another's.
 */
static int complete_common(const char *name, int count, char *const *words, const char **ret_rest)
{
        int common = 0;

        for (; common < count; common++) {
                size_t length = strcspn(name, " ");

                if (!*name)
                        break;
                if (strncmp(words[common], name, length) != 0 || words[common][length])
                        return -1;
                name += length + (name[length] ? 1 : 0);
        }
        *ret_rest = name;
        return common;
}

static const struct cmd *complete_find(const struct cmd *table, int count, char *const *words,
                                       int *ret_words)
{
        const struct cmd *found = NULL;

        *ret_words = 0;
        for (; table->name; table++) {
                const char *rest = "";
                int common = complete_common(table->name, count, words, &rest);

                if (common <= *ret_words || *rest)
                        continue;
                found = table;
                *ret_words = common;
        }
        return found;
}

const struct cmd *complete_command(const struct cmd *table, int count, char *const *words)
{
        const struct option_row *pending;
        int first = complete_skip_global(count, words, &pending);
        int named;

        return count - first < 2 ? NULL
                                 : complete_find(table, count - 1 - first, words + first, &named);
}

/* The next word of each command that begins as what is written. */
static void complete_names(struct completion *completion, const struct cmd *table, int count,
                           char *const *words)
{
        for (; table->name; table++) {
                const char *rest = "";
                int common = complete_common(table->name, count, words, &rest);
                AUTO_FREE char *word = NULL;

                if (common < count || !*rest || !table->help)
                        continue;
                word = str_dupn(rest, strcspn(rest, " "));
                complete_offer(completion, word, strchr(rest, ' ') ? NULL : table->help);
        }
}

/* The word of the usage line that stands at this place; the last one may come again and again. */
static void complete_positional(struct completion *completion, const struct cmd *cmd, int place)
{
        AUTO_STRV struct strv parts = { 0 };
        size_t options;

        strv_split(&parts, cmd->arguments, " ", false);
        options = parts.count && str_equal(parts.items[0], "[OPTIONS]") ? 1 : 0;
        if (options + (size_t)place < parts.count)
                complete_meaning(completion, cmd, parts.items[options + (size_t)place]);
        else if (parts.count > options && strstr(parts.items[parts.count - 1], "…"))
                complete_meaning(completion, cmd, parts.items[parts.count - 1]);
}

/* How many positional words are ours, before another program's command line begins. */
static int complete_own_words(const struct cmd *cmd)
{
        AUTO_STRV struct strv parts = { 0 };
        int own = 0;

        strv_split(&parts, cmd->arguments, " ", false);
        for (size_t i = 0; i < parts.count; i++) {
                if (strstr(parts.items[i], "COMMAND"))
                        return own;
                own += !str_equal(parts.items[i], "[OPTIONS]");
        }
        return INT_MAX;
}

/* What follows behind a command's name; the last of the words is the one being written. */
static void complete_arguments(struct completion *completion, const struct cmd *cmd, int count,
                               char *const *words)
{
        const struct option_row *pending = NULL;
        int own = complete_own_words(cmd);
        bool only_words = false;
        int place = 0;

        for (int i = 0; i < count - 1; i++) {
                only_words = only_words || place >= own;
                if (pending)
                        pending = NULL;
                else if (only_words || words[i][0] != '-')
                        place++;
                else if (str_equal(words[i], "--"))
                        only_words = true;
                else
                        pending = complete_takes_next(cmd->options, words[i]);
        }
        if (pending)
                complete_value(completion, cmd, pending);
        else if (completion->prefix[0] == '-' && !only_words && place < own)
                complete_options(completion, cmd->options);
        else
                complete_positional(completion, cmd, place);
}

/* "--option=" and the beginning of a value: what is offered has the option in front. */
static bool complete_joined(struct completion *completion, const struct cmd *cmd)
{
        const char *equals = strchr(completion->prefix, '=');
        const struct option_row *row = complete_option(cmd->options, completion->prefix);
        AUTO_FREE char *front = NULL;

        if (!equals || !row || !str_has_prefix(completion->prefix, "--"))
                return false;
        front = str_dupn(completion->prefix, (size_t)(equals - completion->prefix) + 1);
        completion->front = front;
        complete_value(completion, cmd, row);
        completion->front = "";
        return true;
}

/* The last of the words is the one being written; there is at least that one. */
static void complete_words(struct completion *completion, const struct cmd *table, int count,
                           char *const *words)
{
        int named;
        const struct cmd *cmd = complete_find(table, count - 1, words, &named);

        if (!cmd && count == 1 && completion->prefix[0] == '-')
                complete_options(completion, global_options);
        else if (!cmd)
                complete_names(completion, table, count - 1, words);
        else if (!complete_joined(completion, cmd))
                complete_arguments(completion, cmd, count - named, words + named);
}

void complete_print(const struct cmd *table, int count, char *const *words, FILE *out)
{
        static const struct cmd global = { .name = "" };
        struct completion completion = { .front = "", .out = out };
        const struct option_row *pending;
        int first;

        if (count < 1)
                return;
        completion.prefix = words[count - 1];
        first = complete_skip_global(count - 1, words, &pending);
        if (pending)
                complete_value(&completion, &global, pending);
        else
                complete_words(&completion, table, count - first, words + first);
        strv_free(&completion.seen);
}
