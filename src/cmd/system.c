/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * crunit system prune and reset: what nobody needs any more, and all there is. Both let crunit's
 * own commands do it, one after the other, so that nothing is known here that they know better.
 */
#include "../base/io.h"
#include "../base/log.h"
#include "../base/printable.h"
#include "../base/spawn.h"
#include "../container/census.h"
#include "../container/place.h"
#include "../image/store.h"
#include "../network/network.h"
#include "prompt.h"
#include "view-commands.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mount.h>

enum {
        SYSTEM_MOUNTS_MAX = 16 * 1024 * 1024
};

struct system_request {
        bool all, force, volumes;
};

const struct option_row system_prune_options_table[] = {
        { .name = "all",
          .letter = 'a',
          .kind = OPTION_FLAG,
          .help = "also images that have a name and that no container uses",
          .take = option_take_bool,
          .field = offsetof(struct system_request, all) },
        { .name = "force",
          .letter = 'f',
          .kind = OPTION_FLAG,
          .help = "do not ask",
          .take = option_take_bool,
          .field = offsetof(struct system_request, force) },
        { .name = "volumes",
          .kind = OPTION_FLAG,
          .help = "also volumes that no container uses, with what is in them",
          .take = option_take_bool,
          .field = offsetof(struct system_request, volumes) },
        { .name = NULL },
};

const struct option_row system_reset_options_table[] = {
        { .name = "force",
          .letter = 'f',
          .kind = OPTION_FLAG,
          .help = "do not ask",
          .take = option_take_bool,
          .field = offsetof(struct system_request, force) },
        { .name = NULL },
};

/* 1: go on, 0: no, -1: nobody could be asked. */
static int system_ask(const char *what, bool force, struct error *err)
{
        AUTO_FREE char *answer = NULL;

        if (force)
                return 1;
        if (!prompt_is_possible())
                return error_set(err, EINVAL, "nobody can be asked here: say --force");
        if (prompt_line(what, &answer, err) < 0)
                return -1;
        return *answer == 'y' || *answer == 'Y';
}

/* One of our own commands: words, with blanks between, and perhaps a name. */
static int system_call(const char *words, const char *name_or_null, struct error *err)
{
        AUTO_FREE char *program = realpath("/proc/self/exe", NULL);
        AUTO_STRV struct strv args = { 0 };
        int status;

        strv_append(&args, program ? program : BINDIR "/crunit");
        strv_split(&args, words, " ", false);
        if (name_or_null)
                strv_append(&args, name_or_null);
        status = spawn_run(&args, NULL, SPAWN_INHERIT, NULL, err);
        if (status > 0)
                return error_set(err, 0, "crunit %s%s%s failed", words, name_or_null ? " " : "",
                                 name_or_null ? name_or_null : "");
        return status;
}

/* The same; what fails is said, and the rest goes on. Returns other than 0 where it failed. */
static int system_try(const char *words, const char *name_or_null)
{
        AUTO_ERROR struct error err = { 0 };

        return system_call(words, name_or_null, &err) < 0 ? log_failure(&err) : 0;
}

/* --- prune */

static int system_prune(const char *storage, const struct system_request *request,
                        struct error *err)
{
        AUTO_CENSUS struct census census = { 0 };
        int failed = 0;

        if (census_take(storage, log_warning_line, &census, err) < 0)
                return -1;
        for (size_t i = 0; i < census.count; i++) {
                if (census.items[i].alive)
                        continue;
                failed |= system_try("rm --ignore", census_word(&census, i));
                printable_line("%s", census.items[i].state.name);
        }
        fflush(stdout);
        failed |= system_try("network prune --force", NULL);
        failed |= system_try(request->all ? "image prune --all --force" : "image prune --force",
                             NULL);
        if (request->volumes)
                failed |= system_try("volume prune --force", NULL);
        return failed;
}

int cmd_system_prune(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_SETTINGS struct settings settings = { 0 };
        struct system_request request = { 0 };
        int first, status, answer;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, 0, &first, &status))
                return status;
        if (cmd_load_settings(&settings, &err) < 0)
                return log_failure(&err);
        answer = system_ask(request.volumes
                                    ? "Remove stopped containers, unused networks, images and "
                                      "volumes? [y/N] "
                                    : "Remove stopped containers, unused networks and images? "
                                      "[y/N] ",
                            request.force, &err);
        if (answer > 0)
                answer = system_prune(store_root_of(settings.storage), &request, &err);
        return answer < 0 ? log_failure(&err) : answer;
}

/* --- reset */

static int system_reset_containers(const char *storage, struct error *err)
{
        AUTO_CENSUS struct census census = { 0 };
        int failed = 0;

        if (census_take(storage, log_warning_line, &census, err) < 0)
                return -1;
        for (size_t i = 0; i < census.count; i++)
                failed |= system_try("rm --force --ignore", census.items[i].state.name);
        return failed;
}

/* systemd may not be there, or know none of them. */
static void system_systemctl(const char *words)
{
        AUTO_STRV struct strv args = { 0 };
        AUTO_FREE char *said = NULL;

        strv_append(&args, "systemctl");
        strv_split(&args, words, " ", false);
        spawn_run(&args, NULL, SPAWN_BOTH, &said, NULL);
}

static int system_reset_networks(const char *storage, struct error *err)
{
        AUTO_STRV struct strv names = { 0 };
        int failed = 0;

        if (network_list(storage, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count; i++)
                failed |= system_try("network rm --force", names.items[i]);
        return failed;
}

/* Volumes and network namespaces are mounted below these; the last mount goes first. */
static void system_unmount_below(const char *directory)
{
        AUTO_FREE char *text = NULL;
        AUTO_STRV struct strv lines = { 0 };
        AUTO_FREE char *prefix = str_format("%s/", directory);

        if (io_read_file(AT_FDCWD, "/proc/self/mountinfo", SYSTEM_MOUNTS_MAX, &text, NULL, NULL) <
            0)
                return;
        strv_split(&lines, text, "\n", false);
        for (size_t i = lines.count; i > 0; i--) {
                AUTO_STRV struct strv words = { 0 };

                strv_split(&words, lines.items[i - 1], " ", false);
                if (words.count > 4 && str_has_prefix(words.items[4], prefix))
                        umount2(words.items[4], MNT_DETACH | UMOUNT_NOFOLLOW);
        }
}

static int system_remove_name(int directory, const char *name, void *context, struct error *err)
{
        (void)context;
        return io_remove_tree(directory, name, err);
}

/* What is in it; the directory itself may be a file system of its own. */
static int system_empty(const char *directory, struct error *err)
{
        if (access(directory, F_OK) < 0)
                return 0;
        system_unmount_below(directory);
        if (io_each_name(AT_FDCWD, directory, system_remove_name, NULL, err) < 0)
                return error_wrap(err, "%s", directory);
        if (rmdir(directory) < 0 && errno != EBUSY && errno != EPERM && errno != EROFS)
                return error_errno(err, errno, "cannot remove %s", directory);
        return 0;
}

static int system_reset(const char *storage, struct error *err)
{
        int failed = system_reset_containers(storage, err);

        /* Nothing below is taken away from under a container. */
        if (failed)
                return failed < 0 ? -1
                                  : error_set(err, EBUSY,
                                              "containers are left: nothing else was "
                                              "removed");
        failed = system_reset_networks(storage, err);
        if (failed < 0)
                return -1;
        system_systemctl("stop crunit-dns@*.service");
        system_systemctl("reset-failed crunit-run-*.service crunit-dns@*.service");
        if (system_empty(storage, err) < 0 || system_empty(place_runtime(), err) < 0)
                return -1;
        return failed;
}

int cmd_system_reset(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_FREE char *question = NULL;
        struct system_request request = { 0 };
        int first, status, answer;
        const char *storage;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, 0, &first, &status))
                return status;
        if (cmd_load_settings(&settings, &err) < 0)
                return log_failure(&err);
        storage = store_root_of(settings.storage);
        question = str_format("Stop all containers, and remove them, all networks, all images and "
                              "all volumes with what is in them (%s)? [y/N] ",
                              storage);
        answer = system_ask(question, request.force, &err);
        if (answer > 0)
                answer = system_reset(storage, &err);
        return answer < 0 ? log_failure(&err) : answer;
}
