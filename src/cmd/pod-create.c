/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit pod create, start. */
#include "../base/io.h"
#include "../base/log.h"
#include "../base/stamp.h"
#include "../container/place.h"
#include "../container/pod-hold.h"
#include "../container/pod-slice.h"
#include "pod-cmd.h"
#include "pod-stop.h"
#include "pod-up.h"

#include <time.h>

enum {
        POD_NAME_LETTERS = 12,         /* of the id, where no name is given */
        START_STEP = 20 * 1000 * 1000, /* nanoseconds between looks */
};

static int pod_describe(const struct pod_request *request, struct strv *words, struct pod *ret,
                        struct error *err)
{
        const struct container_spec *spec = &request->spec;

        ret->id = stamp_new_id(STAMP_ID_DIGITS);
        ret->name = spec->name ? str_dup(spec->name) : str_dupn(ret->id, POD_NAME_LETTERS);
        ret->created = stamp_now();
        ret->unit = str_dup(pod_own_unit());
        ret->owner = pod_own_directory(ret->name);
        ret->hostname = str_dup(spec->hostname ? spec->hostname : ret->name);
        ret->exit_policy = str_dup(request->exit_policy ? request->exit_policy : "continue");
        ret->directory = getcwd(NULL, 0);
        ret->status = POD_CREATING;
        if (spec_has_limits(spec) && (request->make_slice || !ret->unit))
                ret->slice = pod_slice_name(ret);
        ret->words = *words;
        *words = (struct strv){ 0 };
        if (!ret->directory)
                return error_errno(err, errno, "finding the working directory");
        if (str_equal(ret->name, "lock"))
                return error_set(
                        err, EINVAL,
                        "'lock' cannot be a pod's name: crunit has a file of its own there");
        if (strlen(ret->hostname) > 64)
                return error_set(err, ENAMETOOLONG,
                                 "the pod's name is too long for a host name: give it --hostname");
        if (process_identify(getpid(), &ret->starter, err) < 0)
                return -1;
        return pod_request_namespaces(request, &ret->namespaces, err);
}

static int pod_refuse_name(const struct pod *other, struct error *err)
{
        if (other->unit)
                return error_set(err, EEXIST, "the name '%s' is in use by the pod of %s",
                                 other->name, other->unit);
        return error_set(err, EEXIST,
                         "the name '%s' is in use by a pod: crunit pod rm -f %s removes it",
                         other->name, other->name);
}

/* What a record said nobody knows; what there is of the pod has its name. */
static int pod_clear(const struct network_setup *setup, const struct pod *pod, struct error *damage,
                     struct error *err)
{
        if (!pod_own_unit())
                return error_set(err, damage->code, "%s: crunit pod rm -f %s removes it",
                                 damage->message, pod->name);
        log_warning("pod '%s': %s; it is made anew", pod->name, damage->message);
        return pod_down(setup, pod, err);
}

/* With the lock held: whether that is the pod there was before, or one of nobody else's. */
static bool pod_may_replace(const struct pod *pod, const char *known_id, const struct pod *other)
{
        return str_equal(other->id, known_id) || (pod->unit && str_equal(other->unit, pod->unit));
}

/* What the unit left when its file had another PodName=: nobody else would take it away. */
static int pod_clear_renamed(const struct network_setup *setup, const struct pod *pod,
                             struct error *err)
{
        AUTO_STRV struct strv names = { 0 };

        if (pod_own_unit() && pod_list(&names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count; i++) {
                AUTO_POD struct pod other = { 0 };
                AUTO_CLOSE int lock = -1;

                if (str_equal(names.items[i], pod->name) ||
                    pod_read(names.items[i], &other, NULL) < 0 || !pod_is_own(&other))
                        continue;
                if (pod_stop(setup, &other, POD_OWN_TIMEOUT, err) < 0 ||
                    (lock = pod_lock(err)) < 0 || pod_remove(other.name, err) < 0)
                        return -1;
                if (other.owner)
                        rmdir(other.owner);
        }
        return 0;
}

/* The name is ours, nothing of an earlier pod is left, and what comes has an owner. */
static int pod_claim(const struct network_setup *setup, const struct pod *pod, bool replace,
                     struct error *err)
{
        AUTO_POD struct pod other = { 0 };
        AUTO_ERROR struct error unreadable = { 0 };
        AUTO_FREE char *known_id = NULL;
        AUTO_CLOSE int lock = -1;

        pod_sweep_all(setup);
        if (pod_clear_renamed(setup, pod, err) < 0)
                return -1;
        if (pod_read(pod->name, &other, &unreadable) == 0) {
                if (!pod_is_own(&other) || !replace)
                        return pod_refuse_name(&other, err);
                if (pod_stop(setup, &other, POD_OWN_TIMEOUT, err) < 0)
                        return -1;
                known_id = str_dup(other.id);
        } else if (unreadable.code != ENOENT && pod_clear(setup, pod, &unreadable, err) < 0) {
                return -1;
        }
        lock = pod_lock(err);
        if (lock < 0)
                return -1;
        pod_free(&other);
        if (pod_read(pod->name, &other, NULL) == 0 && !pod_may_replace(pod, known_id, &other))
                return pod_refuse_name(&other, err);
        if (pod_remove(pod->name, err) < 0)
                return -1;
        return pod_write(pod, err);
}

static int pod_create(const struct network_setup *setup, struct pod_request *request,
                      struct strv *words, struct error *err)
{
        AUTO_POD struct pod pod = { 0 };

        if (geteuid() != 0)
                return error_set(err, EPERM,
                                 "pods of users are not supported by this version: run it as root");
        if (pod_request_check(request, err) < 0)
                return -1;
        for (size_t i = 0; i < request->spec.notes.count; i++)
                log_warning("%s", request->spec.notes.items[i]);
        if (pod_describe(request, words, &pod, err) < 0 ||
            pod_claim(setup, &pod, request->spec.replace, err) < 0)
                return -1;
        if (request->id_file && io_write_file(AT_FDCWD, request->id_file, pod.id, strlen(pod.id),
                                              0644, IO_NO_SYNC, err) < 0)
                return -1;
        if (pod_up(setup, &pod, request, err) < 0) {
                pod_remove(pod.name, NULL);
                return -1;
        }
        puts(pod.id);
        return 0;
}

int cmd_pod_create(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_SETUP struct network_setup setup = { 0 };
        CLEANUP(pod_request_free) struct pod_request request, parsed;
        AUTO_STRV struct strv words = { 0 };
        int first, status;

        for (int i = 0; i < argc; i++)
                strv_append(&words, argv[i]);
        pod_request_init(&request);
        pod_request_init(&parsed);
        /* For --help, and what is wrong with the command line. */
        if (!cmd_options(cmd, false, argc, argv, &request, 0, 1, &first, &status))
                return status;
        if (pod_request_parse(&words, NULL, &parsed, &err) < 0 ||
            network_setup_load(&setup, &err) < 0 || pod_create(&setup, &parsed, &words, &err) < 0)
                return log_failure(&err);
        return EXIT_SUCCESS;
}

/* Whoever makes it is about to be done, or its end will be seen. */
static int pod_await(const char *name, struct error *err)
{
        static const struct timespec step = { .tv_nsec = START_STEP };

        for (;; nanosleep(&step, NULL)) {
                AUTO_POD struct pod pod = { 0 };

                if (pod_read(name, &pod, err) < 0)
                        return -1;
                if (pod.status == POD_CREATING && pod_alive(&pod))
                        continue;
                return pod.status == POD_RUNNING
                               ? 0
                               : error_set(err, ESRCH, "pod '%s' did not start", name);
        }
}

/* Of several that would start it, one does. 1: this one, 0: it is there, or about to be. */
static int pod_claim_start(const char *name, struct pod *ret, struct error *err)
{
        AUTO_CLOSE int lock = pod_lock(err);

        if (lock < 0 || pod_find(name, ret, err) < 0)
                return -1;
        if (pod_alive(ret))
                return 0;
        if (ret->unit && !pod_is_own(ret))
                return error_set(err, EBUSY, "pod '%s' belongs to a unit: systemctl start %s",
                                 ret->name, ret->unit);
        ret->status = POD_CREATING;
        if (process_identify(getpid(), &ret->starter, err) < 0 || pod_write(ret, err) < 0)
                return -1;
        return 1;
}

static int pod_start(const struct network_setup *setup, const char *name, struct error *err)
{
        CLEANUP(pod_request_free) struct pod_request request;
        AUTO_POD struct pod pod = { 0 };
        int claimed = pod_claim_start(name, &pod, err);

        pod_request_init(&request);
        if (claimed <= 0)
                return claimed < 0 ? -1 : pod_await(pod.name, err);
        if (pod_request_parse(&pod.words, pod.directory, &request, err) == 0 &&
            pod_up(setup, &pod, &request, err) == 0)
                return 0;
        pod.status = POD_STOPPED;
        pod_write(&pod, NULL);
        return -1;
}

int cmd_pod_start(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error unset = { 0 };
        AUTO_SETUP struct network_setup setup = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, NULL, 1, -1, &first, &status))
                return status;
        if (network_setup_load(&setup, &unset) < 0)
                return log_failure(&unset);
        status = EXIT_SUCCESS;
        for (int i = first; i < argc; i++) {
                AUTO_ERROR struct error err = { 0 };

                if (pod_start(&setup, argv[i], &err) < 0) {
                        log_failure(&err);
                        status = CMD_USAGE;
                } else {
                        puts(argv[i]);
                }
        }
        return status;
}
