/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "src/base/option.h"
#include "src/base/str.h"
#include "tests/tap.h"

#include <stddef.h>

struct wishes {
        char *name;
        struct strv env;
        bool tty, interactive;
};

static const struct option_row table[] = {
        { "name", 0, OPTION_VALUE, "NAME", "a name", option_take_string,
          offsetof(struct wishes, name) },
        { "env", 'e', OPTION_VALUE, "K=V", "a variable", option_take_list,
          offsetof(struct wishes, env) },
        { "tty", 't', OPTION_FLAG, NULL, "a terminal", option_take_bool,
          offsetof(struct wishes, tty) },
        { "interactive", 'i', OPTION_FLAG, NULL, "keep stdin", option_take_bool,
          offsetof(struct wishes, interactive) },
        { .name = NULL },
};

static void wishes_free(struct wishes *wishes)
{
        free(wishes->name);
        strv_free(&wishes->env);
}

/* Parse a command line given as words with blanks between; what is positional comes back joined. */
static char *parse(const char *line, bool stop_early, struct wishes *wishes, struct error *err)
{
        AUTO_STRV struct strv words = { 0 };
        AUTO_STRV struct strv rest = { 0 };
        char *argv[16]; /* the parser moves words about: it gets pointers that nobody frees */
        int first;

        strv_append(&words, "cmd");
        strv_split(&words, line, " ", false);
        memcpy(argv, words.items, words.count * sizeof *argv);
        if (option_parse(table, stop_early, (int)words.count, argv, wishes, &first, err) < 0)
                return NULL;
        for (size_t i = (size_t)first; i < words.count; i++)
                strv_append(&rest, argv[i]);
        return strv_join(&rest, " ");
}

static void expect(const char *line, bool stop_early, const char *rest, const char *name,
                   const char *env, const char *what)
{
        CLEANUP(wishes_free) struct wishes wishes = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *got = parse(line, stop_early, &wishes, &err);
        AUTO_FREE char *joined = strv_join(&wishes.env, " ");

        check_str(got, rest, what);
        check_str(wishes.name, name, what);
        check_str(joined, env, what);
}

static void expect_error(const char *line, const char *message)
{
        CLEANUP(wishes_free) struct wishes wishes = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *got = parse(line, false, &wishes, &err);

        check(!got, line);
        check_str(err.message, message, line);
}

static void test_flags(void)
{
        CLEANUP(wishes_free) struct wishes wishes = { .tty = true };
        AUTO_FREE char *rest = parse("-i --tty=false x", false, &wishes, NULL);

        check(wishes.interactive && !wishes.tty, "flags can be taken back");
        check_str(rest, "x", "and leave the rest alone");
}

int main(void)
{
        expect("--name a b -e X=1 c", false, "b c", "a", "X=1", "options between words");
        expect("--name a b -e X=1 c", true, "b -e X=1 c", "a", "", "options end at the first word");
        expect("--name=a -eX=1 --env=Y=2 -e=Z -- -t", false, "-t", "a", "X=1 Y=2 Z", "all forms");
        expect("-ite X=1 -", false, "-", NULL, "X=1", "bundled letters; - is a word");
        test_flags();
        expect_error("--nmae x", "unknown option --nmae, did you mean --name?");
        expect_error("--what", "unknown option --what");
        expect_error("-z", "unknown option -z");
        expect_error("--name", "option --name needs a value");
        expect_error("-e", "option -e needs a value");
        expect_error("--tty=maybe", "--tty=maybe: not true or false");
        return tap_done();
}
