/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "global.h"

#include "../base/str.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

static int global_set(const char *variable, const char *value, struct error *err)
{
        if (setenv(variable, value, 1) < 0)
                return error_errno(err, errno, "cannot set %s", variable);
        return 0;
}

static int global_take_root(void *context, const struct option_row *row, const char *value,
                            struct error *err)
{
        (void)context;
        if (value[0] != '/')
                return error_set(err, EINVAL, "--%s %s: not an absolute path", row->name, value);
        return global_set("CRUNIT_STORAGE", value, err);
}

/* Behind those that were given before. */
static int global_take_store(void *context, const struct option_row *row, const char *value,
                             struct error *err)
{
        const char *before = getenv("CRUNIT_ADDITIONAL_STORES");
        AUTO_FREE char *all = str_empty(before) ? str_dup(value) : str_concat(before, ":", value);

        (void)context;
        if (value[0] != '/' || strchr(value, ':'))
                return error_set(err, EINVAL, "--%s %s: not an absolute path without a colon",
                                 row->name, value);
        return global_set("CRUNIT_ADDITIONAL_STORES", all, err);
}

static int global_take_runtime(void *context, const struct option_row *row, const char *value,
                               struct error *err)
{
        (void)context;
        if (!*value)
                return error_set(err, EINVAL, "--%s: no program is given", row->name);
        return global_set("CRUNIT_RUNTIME", value, err);
}

static int global_take_level(void *context, const struct option_row *row, const char *value,
                             struct error *err)
{
        static const char *const levels[] = { "trace",   "debug", "info",  "warn",
                                              "warning", "error", "fatal", "panic" };

        (void)context;
        for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
                if (str_equal(value, levels[i]))
                        return global_set("CRUNIT_LOG_LEVEL", value, err);
        return error_set(err, EINVAL,
                         "--%s %s: not one of trace, debug, info, warn, error, fatal, panic",
                         row->name, value);
}

/* There is one way only, and this one names it. */
static int global_take_overlay(void *context, const struct option_row *row, const char *value,
                               struct error *err)
{
        (void)context;
        if (str_equal(value, "overlay"))
                return 0;
        return error_set(err, EOPNOTSUPP, "--%s %s: only overlay is known", row->name, value);
}

static int global_take_unsupported(void *context, const struct option_row *row, const char *value,
                                   struct error *err)
{
        (void)context;
        return error_set(err, EOPNOTSUPP, "--%s %s is not supported by this version", row->name,
                         value);
}

const struct option_row global_options[] = {
        { .name = "root",
          .argument = "DIR",
          .help = "where images and writable layers are kept",
          .take = global_take_root },
        { .name = "additional-store",
          .argument = "DIR",
          .help = "a store that is only read, beside those of the settings; may come again",
          .take = global_take_store },
        { .name = "runtime",
          .argument = "PATH",
          .help = "the crun to use",
          .take = global_take_runtime },
        { .name = "log-level",
          .argument = "LEVEL",
          .help = "error: no warnings; warn (the default) and below: all messages",
          .take = global_take_level },
        { .name = "storage-driver", .take = global_take_overlay },
        /* Cgroups are systemd's, events and messages the journal's, whatever is asked for. */
        { .name = "cgroup-manager", .take = option_take_nothing },
        { .name = "events-backend", .take = option_take_nothing },
        { .name = "syslog", .kind = OPTION_FLAG, .take = option_take_nothing },
        { .name = "module", .take = global_take_unsupported },
        { .name = "help",
          .letter = 'h',
          .kind = OPTION_FLAG,
          .take = option_take_bool,
          .field = offsetof(struct global_question, help) },
        { .name = "version",
          .letter = 'v',
          .kind = OPTION_FLAG,
          .take = option_take_bool,
          .field = offsetof(struct global_question, version) },
        { .name = NULL },
};

int global_parse(int argc, char **argv, struct global_question *ret, int *ret_first,
                 struct error *err)
{
        return option_parse(global_options, true, argc, argv, ret, ret_first, err);
}
