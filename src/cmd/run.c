/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit run: options in, the container's life begins in container/run.c. */
#include "run.h"

#include "../base/log.h"
#include "../base/notify.h"
#include "../base/spawn.h"
#include "../container/handover.h"
#include "../container/record.h"
#include "../container/run.h"
#include "../container/transient.h"
#include "../image/image.h"
#include "commands.h"
#include "pod-options.h"
#include "run-options.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

/* What holds unless an option says otherwise. */
static int run_set_defaults(struct container_spec *spec, const struct settings *settings,
                            struct error *err)
{
        AUTO_FREE char *seconds = str_format("--stop-timeout=%u", settings->stop_timeout);
        AUTO_FREE char *driver = str_format("--log-driver=%s", settings->log_driver);
        char word[] = "run";
        char *words[] = { word, seconds, driver, NULL };
        int first;

        return option_parse(run_options, true, 3, words, spec, &first, err);
}

static int run_with(struct container_spec *spec, const struct settings *settings, char **words,
                    struct error *err)
{
        struct run_settings run = {
                .storage = store_root_of(settings->storage),
                .additional = &settings->additional_stores,
                .runtime = settings->runtime,
                /* A unit of the user's is started by systemd. */
                .words = spec->cgroups_split ? transient_given_words(words) : words,
        };
        int status;

        if (!spec->seccomp && !spec->privileged)
                spec->seccomp = str_dup(settings->seccomp_profile);
        run_container(spec, &run, log_warning_line, &status, err);
        return status;
}

/* One that was stopped by hand starts with the first container that comes. */
static int run_start_pod(const struct pod *pod, struct error *err)
{
        AUTO_STRV struct strv words = { 0 };
        AUTO_FREE char *said = NULL;
        int status;

        strv_append(&words, BINDIR "/crunit");
        strv_append(&words, "pod");
        strv_append(&words, "start");
        strv_append(&words, pod->name);
        status = spawn_run(&words, NULL, SPAWN_STDOUT, &said, err);
        if (status < 0)
                return -1;
        return status ? error_set(err, ESRCH, "pod '%s' does not start", pod->name) : 0;
}

/* A unit of systemd's is to be in the slice that has the pod's limits, which goes with the pod. */
static int run_wake_pod(const struct container_spec *spec, struct error *err)
{
        AUTO_POD struct pod pod = { 0 };

        if (!spec->pod || pod_find(spec->pod, &pod, NULL) < 0 || !pod.slice || pod.unit ||
            pod.status == POD_RUNNING)
                return 0;
        return run_start_pod(&pod, err);
}

/* What the container gets from its pod. */
static int run_find_pod(struct container_spec *spec, struct error *err)
{
        AUTO_POD struct pod pod = { 0 };

        if (!spec->pod)
                return 0;
        if (pod_find(spec->pod, &pod, err) < 0)
                return error_wrap(err, "--pod %s", spec->pod);
        /* Perhaps another container's start makes it at this moment. */
        if (pod.status != POD_RUNNING && !pod.unit && run_start_pod(&pod, err) < 0)
                return -1;
        return pod_request_apply(&pod, spec, err);
}

/* What is needed to start it again; where it is not kept, or has gone already, there is nothing to
 * start. */
static int run_note(const struct container_spec *spec, const struct settings *settings,
                    const char *id, char **words, struct error *err)
{
        AUTO_RECORD struct record record = { 0 };
        AUTO_FREE char *label = transient_label(spec->name);
        AUTO_FREE char *data =
                str_format("%s/containers/%s", store_root_of(settings->storage), label);

        if (spec->remove || access(data, F_OK) < 0)
                return 0;
        record_take(spec, id, words, &record);
        return record_write(data, &record, err);
}

/* From a shell, somebody has to watch it: systemd. */
static int run_as_unit(struct container_spec *spec, const struct settings *settings, char **words,
                       struct error *err)
{
        AUTO_FREE char *id = NULL;

        if (run_wake_pod(spec, err) < 0 || transient_run(spec, words, NULL, &id, err) < 0 ||
            run_note(spec, settings, id, words, err) < 0)
                return CMD_USAGE;
        puts(id);
        return EXIT_SUCCESS;
}

/* For systemd a service that its stop signal ended has ended well, one that exits with 128 + N has
 * not. */
static void run_end_by_signal(int number)
{
        sigset_t set;

        if (number <= 0)
                return;
        signal(number, SIG_DFL);
        sigemptyset(&set);
        sigaddset(&set, number);
        raise(number);
        sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* Everything behind the options. */
static int run_finished(struct container_spec *spec, const struct settings *settings, char **words,
                        struct error *err)
{
        if (spec->detach && !handover_possible() && notify_booted())
                return run_as_unit(spec, settings, words, err);
        if (run_find_pod(spec, err) < 0)
                return CMD_USAGE;
        return run_with(spec, settings, words, err);
}

int cmd_run(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_SPEC struct container_spec spec = { 0 };
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_STRV struct strv words = { 0 }; /* the order of argv does not stay */
        int first, status, loaded;

        for (int i = 1; i < argc; i++)
                strv_append(&words, argv[i]);
        spec_init(&spec);
        loaded = cmd_load_settings(&settings, &err);
        if (loaded == 0)
                loaded = run_set_defaults(&spec, &settings, &err);
        if (!cmd_options(cmd, true, argc, argv, &spec, 1, -1, &first, &status))
                return status;
        status = CMD_USAGE;
        if (loaded == 0 && run_options_finish(&spec, argc - first, argv + first, &err) == 0)
                status = run_finished(&spec, &settings, words.items, &err);
        if (err.message)
                log_error("%s%s%s", spec.name ? spec.name : "", spec.name ? ": " : "", err.message);
        if (err.code == EINTR)
                run_end_by_signal(status - CMD_SIGNALLED);
        return status;
}

/* --- again */

/* Is it under that name in one of the stores, still the same? */
static bool run_is_same_image(const struct settings *settings, const char *name, const char *id)
{
        AUTO_STRV struct strv roots = { 0 };
        bool same = false;

        strv_append(&roots, store_root_of(settings->storage));
        strv_append_all(&roots, &settings->additional_stores);
        for (size_t i = 0; i < roots.count && !same; i++) {
                AUTO_STORE struct store store = STORE_NONE;
                AUTO_IMAGE struct image image = { 0 };

                same = store_open(roots.items[i], STORE_READ, &store, NULL) == 0 &&
                       image_open(&store, name, &image, NULL) == 0 && str_equal(image.id, id);
        }
        return same;
}

/* The words once more, and the image as it was: nothing is pulled, and where its name is another's
 * by now, its id stands in for it. first is where the image is named. */
static void run_words_again(const struct kept *kept, const struct settings *settings,
                            const struct record *record, size_t first, struct strv *ret)
{
        const char *image = record->words.items[first], *id = kept->state.image;
        size_t options = first;

        if (options && str_equal(record->words.items[options - 1], "--"))
                options--;
        for (size_t i = 0; i < options; i++)
                strv_append(ret, record->words.items[i]);
        strv_append(ret, "--pull=never");
        if (!kept->state.rootfs && !str_empty(id) && !run_is_same_image(settings, image, id))
                image = id;
        strv_append(ret, image);
        for (size_t i = first + 1; i < record->words.count; i++)
                strv_append(ret, record->words.items[i]);
}

/* Into a new spec. ret_argv (owned by the caller, its words borrowed): they, and where in it the
 * image is. */
static int run_parse_options(const struct strv *words, const struct settings *settings,
                             struct container_spec *spec, char ***ret_argv, int *ret_first,
                             struct error *err)
{
        char **argv = alloc_zero(words->count + 2, sizeof *argv);

        spec_init(spec);
        memcpy(argv + 1, words->items, words->count * sizeof *argv);
        *ret_argv = argv;
        if (run_set_defaults(spec, settings, err) < 0)
                return -1;
        return option_parse(run_options, true, (int)words->count + 1, argv, spec, ret_first, err);
}

static int run_parse_again(const struct kept *kept, const struct settings *settings,
                           const struct record *record, struct container_spec *spec,
                           struct strv *ret_words, struct error *err)
{
        AUTO_SPEC struct container_spec before = { 0 };
        AUTO_FREE char **argv = NULL, **again = NULL;
        int first;

        if (run_parse_options(&record->words, settings, &before, &argv, &first, err) < 0 ||
            record_enter(record, &before, err) < 0)
                return -1;
        if ((size_t)first > record->words.count)
                return error_set(err, EBADMSG, "%s/start.json names no image", kept->data);
        run_words_again(kept, settings, record, (size_t)first - 1, ret_words);
        if (run_parse_options(ret_words, settings, spec, &again, &first, err) < 0 ||
            run_options_finish(spec, (int)ret_words->count + 1 - first, again + first, err) < 0)
                return -1;
        str_replace(&spec->name, kept->state.name);
        return 0;
}

static int run_read_record(const struct kept *kept, struct record *ret, struct error *err)
{
        if (record_read(kept->data, ret, err) == 0)
                return 0;
        return err->code != ENOENT
                       ? -1
                       : error_set(err, ENOENT,
                                   "nothing says how it was started: that was by a unit that is "
                                   "gone, or by an earlier version of crunit");
}

int run_again(struct kept *kept, enum run_again_how how, struct error *err)
{
        AUTO_SPEC struct container_spec spec = { 0 };
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_RECORD struct record record = { 0 };
        AUTO_STRV struct strv words = { 0 };
        AUTO_FREE char *id = NULL, *label = NULL;

        if (cmd_load_settings(&settings, err) < 0 || run_read_record(kept, &record, err) < 0 ||
            run_parse_again(kept, &settings, &record, &spec, &words, err) < 0)
                return CMD_USAGE;
        spec.detach = how == RUN_AGAIN_AS_UNIT;
        spec.interactive &= how != RUN_AGAIN_SEEN;
        label = spec.detach ? transient_label(spec.name) : str_concat(spec.name, "@");
        if (kept_move(kept, store_root_of(settings.storage), label, err) < 0)
                return CMD_USAGE;
        if (spec.detach)
                return run_wake_pod(&spec, err) < 0 ||
                                       transient_run(&spec, words.items, record.id, &id, err) < 0
                               ? CMD_USAGE
                               : EXIT_SUCCESS;
        /* What systemd would do for a unit, nobody does here. */
        str_replace(&spec.restart, NULL);
        setenv("CRUNIT_CONTAINER_ID", record.id, 1);
        return run_find_pod(&spec, err) < 0 ? CMD_USAGE
                                            : run_with(&spec, &settings, record.words.items, err);
}
