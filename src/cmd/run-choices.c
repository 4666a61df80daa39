/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of `crunit run` whose value is one of a few words. */
#include "run-values.h"

#include "../container/spec.h"

#include <errno.h>

/* One of a few words. */
struct run_choice {
        const char *word;
        int value;
};

static int run_choose(const struct run_choice *choices, const struct option_row *row,
                      const char *value, int *ret, struct error *err)
{
        AUTO_STRBUF struct strbuf known = { 0 };

        for (size_t i = 0; choices[i].word; i++) {
                if (str_equal(choices[i].word, value)) {
                        *ret = choices[i].value;
                        return 0;
                }
                strbuf_appendf(&known, "%s%s", i ? ", " : "", choices[i].word);
        }
        return error_set(err, EINVAL, "--%s %s: not one of %s", row->name, value, known.data);
}

int run_take_log_driver(void *context, const struct option_row *row, const char *value,
                        struct error *err)
{
        static const struct run_choice choices[] = { { "journald", SPEC_LOG_JOURNALD },
                                                     { "passthrough", SPEC_LOG_PASSTHROUGH },
                                                     { "none", SPEC_LOG_NONE },
                                                     { NULL, 0 } };
        struct container_spec *spec = context;
        int choice = 0;

        if (str_equal(value, "k8s-file") || str_equal(value, "json-file"))
                return error_set(err, EOPNOTSUPP,
                                 "--%s %s: logs go to the journal, use journald, passthrough or "
                                 "none",
                                 row->name, value);
        if (run_choose(choices, row, value, &choice, err) < 0)
                return -1;
        spec->log_driver = (enum spec_log)choice;
        return 0;
}

int run_take_sdnotify(void *context, const struct option_row *row, const char *value,
                      struct error *err)
{
        static const struct run_choice choices[] = { { "conmon", SPEC_NOTIFY_CONMON },
                                                     { "container", SPEC_NOTIFY_CONTAINER },
                                                     { "healthy", SPEC_NOTIFY_HEALTHY },
                                                     { "ignore", SPEC_NOTIFY_NONE },
                                                     { NULL, 0 } };
        struct container_spec *spec = context;
        int choice = 0;

        if (run_choose(choices, row, value, &choice, err) < 0)
                return -1;
        spec->notify = (enum spec_notify)choice;
        return 0;
}

int run_take_image_volume(void *context, const struct option_row *row, const char *value,
                          struct error *err)
{
        static const struct run_choice choices[] = { { "anonymous", SPEC_IMAGE_VOLUME_ANONYMOUS },
                                                     { "bind", SPEC_IMAGE_VOLUME_ANONYMOUS },
                                                     { "tmpfs", SPEC_IMAGE_VOLUME_TMPFS },
                                                     { "ignore", SPEC_IMAGE_VOLUME_IGNORE },
                                                     { NULL, 0 } };
        struct container_spec *spec = context;
        int choice = 0;

        if (run_choose(choices, row, value, &choice, err) < 0)
                return -1;
        spec->image_volume = (enum spec_image_volume)choice;
        return 0;
}

int run_take_systemd(void *context, const struct option_row *row, const char *value,
                     struct error *err)
{
        static const struct run_choice choices[] = { { "true", SPEC_SYSTEMD_AUTO },
                                                     { "false", SPEC_SYSTEMD_NEVER },
                                                     { "always", SPEC_SYSTEMD_ALWAYS },
                                                     { NULL, 0 } };
        struct container_spec *spec = context;
        int choice = 0;

        if (run_choose(choices, row, value, &choice, err) < 0)
                return -1;
        spec->systemd_mode = (enum spec_systemd)choice;
        return 0;
}

int run_take_cgroups(void *context, const struct option_row *row, const char *value,
                     struct error *err)
{
        enum {
                ENABLED,
                SPLIT,
                DISABLED
        };
        static const struct run_choice choices[] = { { "enabled", ENABLED },
                                                     { "split", SPLIT },
                                                     { "no-conmon", ENABLED },
                                                     { "disabled", DISABLED },
                                                     { NULL, 0 } };
        struct container_spec *spec = context;
        int choice = ENABLED;

        if (run_choose(choices, row, value, &choice, err) < 0)
                return -1;
        spec->cgroups_split = choice == SPLIT;
        spec->cgroups_disabled = choice == DISABLED;
        return 0;
}
