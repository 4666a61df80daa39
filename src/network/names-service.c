/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../base/io.h"
#include "forwarder.h"
#include "member.h"
#include "names-parts.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define NAMES_PROGRAM  "/usr/sbin/dnsmasq"
#define NAMES_RESOLVED "/run/systemd/resolve/io.systemd.Resolve"

enum {
        NAMES_FILE_MAX = 1 << 20,
        NAMES_PATIENCE = 5000, /* milliseconds for systemd; a container starts without names then */
};

bool names_available(void)
{
        return access(NAMES_PROGRAM, X_OK) == 0;
}

/* --- other programs */

/* Our standard streams are somebody's who waits for their end. 0 where it cannot be executed. */
static pid_t names_spawn(const struct strv *words)
{
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t none;
        pid_t pid;
        int result;

        sigemptyset(&none);
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
        posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDERR_FILENO);
        posix_spawnattr_init(&attributes);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
        posix_spawnattr_setsigmask(&attributes, &none);
        result = posix_spawnp(&pid, words->items[0], &actions, &attributes, words->items, environ);
        posix_spawnattr_destroy(&attributes);
        posix_spawn_file_actions_destroy(&actions);
        return result == 0 ? pid : 0;
}

/* Whether it came to a good end in time. */
static bool names_wait(pid_t pid)
{
        AUTO_CLOSE int fd = pid ? pidfd_open(pid, 0) : -1;
        struct pollfd event = { .fd = fd, .events = POLLIN };
        int status = -1;

        if (!pid)
                return false;
        if (fd < 0 || poll(&event, 1, NAMES_PATIENCE) != 1) {
                kill(pid, SIGTERM);
                waitpid(pid, &status, 0);
                return false;
        }
        return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* systemctl VERB UNIT…; with nothing to do, 0 at once. */
static pid_t names_systemctl(const char *verb, const char *option, const struct strv *units)
{
        AUTO_STRV struct strv words = { 0 };

        if (!units->count)
                return 0;
        strv_append(&words, "systemctl");
        strv_append(&words, verb);
        strv_append(&words, option);
        strv_append_all(&words, units);
        return names_spawn(&words);
}

/* Where systemd-resolved runs, it asks our server for our domain, and for nothing else. Not
 * waited for: the machine's own lookups are no matter of this container's. */
static void names_tell_resolved(const struct network *network)
{
        AUTO_STRV struct strv servers = { 0 }, domain = { 0 };
        char text[ADDRESS_TEXT];

        if (access(NAMES_RESOLVED, F_OK) < 0)
                return;
        strv_append(&servers, "resolvectl");
        strv_append(&servers, "dns");
        strv_append(&servers, network->interface);
        for (size_t i = 0; i < network->subnet_count; i++)
                if (network->subnets[i].gateway.family)
                        strv_append(&servers, address_format(&network->subnets[i].gateway, text));
        strv_append(&domain, "resolvectl");
        strv_append(&domain, "domain");
        strv_append(&domain, network->interface);
        strv_append(&domain, "~" NAMES_DOMAIN);
        names_spawn(&servers);
        names_spawn(&domain);
}

/* Waited for: what a unit's stop leaves running, systemd kills. */
static void names_revert_resolved(const char *storage, const char *name)
{
        AUTO_NETWORK struct network network = { 0 };
        AUTO_STRV struct strv words = { 0 };

        if (access(NAMES_RESOLVED, F_OK) < 0 || network_load(storage, name, &network, NULL) < 0)
                return;
        strv_append(&words, "resolvectl");
        strv_append(&words, "revert");
        strv_append(&words, network.interface);
        names_wait(names_spawn(&words));
}

/* --- files */

char *names_directory(const char *runtime, const char *instance)
{
        return str_format("%s/network/names/%s", runtime, instance);
}

void names_add_unit(struct strv *units, const char *instance)
{
        strv_appendf(units, "crunit-dns@%s.service", instance);
}

int names_write(const char *directory, const char *name, const char *text, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/%s", directory, name);

        return io_write_over(AT_FDCWD, path, text, strlen(text), 0644, IO_NO_SYNC, err);
}

/* The directory that systemd makes for the service is there while it runs. */
bool names_running(const char *runtime, const char *instance)
{
        AUTO_FREE char *path = str_format("%s/network/dns/%s", runtime, instance);

        return access(path, F_OK) == 0;
}

bool names_is_last(const char *directory, const char *label)
{
        AUTO_CLOSEDIR DIR *dir = opendir(directory);
        struct dirent *entry;

        while (dir && (entry = readdir(dir))) {
                const char *name = entry->d_name;

                if (name[0] != '.' && !str_equal(name, label))
                        return false;
                if (name[0] == '.' && !str_equal(name, ".") && !str_equal(name, ".."))
                        unlinkat(dirfd(dir), name, 0);
        }
        return dir || errno == ENOENT;
}

/* dnsmasq gives up where the file is a link into a directory that is not there, which is so when
 * systemd-resolved was installed and does not run. A file that nobody writes says as much. */
static char *names_resolv_conf(const char *directory)
{
        static const char path[] = "/etc/resolv.conf";
        struct stat st;

        if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode) && access(path, F_OK) < 0)
                return str_format("%s/resolv.conf", directory);
        return str_dup(path);
}

/* --- whom to ask for other networks' names */

static bool names_has_several(const struct joined *member)
{
        size_t count = 0;

        for (size_t i = 0; i < member->network_count; i++)
                count += member->networks[i].dns;
        return count > 1;
}

/* Lines that several containers give rise to stand there once. */
static void names_merge(struct strv *lines, const char *text)
{
        AUTO_STRV struct strv more = { 0 };

        strv_split(&more, text, "\n", false);
        for (size_t i = 0; i < more.count; i++)
                if (!strv_contains(lines, more.items[i]))
                        strv_append(lines, more.items[i]);
}

/* Of all containers but one that leaves. */
static char *names_all_forwards(const char *runtime, const char *network, const char *without)
{
        AUTO_STRV struct strv labels = { 0 }, lines = { 0 };
        AUTO_STRBUF struct strbuf text = { 0 };

        member_list(runtime, &labels, NULL);
        for (size_t i = 0; i < labels.count; i++) {
                AUTO_JOINED struct joined member = { 0 };
                AUTO_FREE char *more = NULL;

                if (str_equal(labels.items[i], without) ||
                    member_read(runtime, labels.items[i], &member, NULL) < 0)
                        continue;
                more = names_forwards(&member, network);
                names_merge(&lines, more);
        }
        for (size_t i = 0; i < lines.count; i++)
                strbuf_appendf(&text, "%s\n", lines.items[i]);
        return strbuf_steal(&text);
}

/* All that read a network's files. */
static void names_add_all_units(const char *runtime, const char *network, struct strv *units)
{
        AUTO_STRV struct strv forwarders = { 0 };

        names_add_unit(units, network);
        forwarder_list(runtime, network, &forwarders);
        for (size_t i = 0; i < forwarders.count; i++)
                names_add_unit(units, forwarders.items[i]);
}

/* What a container on several networks changes for others on them. Units that have to look again
 * are appended to changed. */
static void names_update_forwards(const char *runtime, const struct joined *member,
                                  const char *without, struct strv *changed)
{
        for (size_t i = 0; names_has_several(member) && i < member->network_count; i++) {
                const char *network = member->networks[i].network;
                AUTO_FREE char *directory = names_directory(runtime, network);
                AUTO_FREE char *path = str_format("%s/forwards", directory);
                AUTO_FREE char *old = NULL, *text = NULL;
                size_t length;

                if (!member->networks[i].dns ||
                    io_read_file(AT_FDCWD, path, NAMES_FILE_MAX, &old, &length, NULL) < 0)
                        continue;
                text = names_all_forwards(runtime, network, without);
                if (!str_equal(old, text) && names_write(directory, "forwards", text, NULL) == 0)
                        names_add_all_units(runtime, network, changed);
        }
}

/* --- a container comes */

/* A start alone would cancel a stop that systemd has not begun with, and so leave a service that
 * reads what nobody writes any more. */
void names_start_unit(struct names_start *start, const char *runtime, const char *instance,
                      enum names_need need)
{
        names_add_unit(&start->units, instance);
        start->again |= need == NAMES_FRESH && names_running(runtime, instance);
}

/* Returns an enum names_need, or -1. Whatever has become of its files, the service finds them
 * whole. */
static int names_prepare(const char *runtime, const struct network *network, struct error *err)
{
        AUTO_FREE char *directory = names_directory(runtime, network->name);
        AUTO_FREE char *hosts = str_format("%s/hosts", directory);
        AUTO_FREE char *resolv_conf = names_resolv_conf(directory);
        AUTO_FREE char *config = NULL, *forwards = NULL;
        enum names_need need = access(hosts, F_OK) == 0 ? NAMES_STOPPED : NAMES_FRESH;

        if (need == NAMES_STOPPED && names_running(runtime, network->name))
                return NAMES_SERVED;
        config = names_config(network, directory, resolv_conf, NULL);
        forwards = names_all_forwards(runtime, network->name, NULL);
        if (io_make_dirs(AT_FDCWD, directory, 0755, err) < 0 ||
            names_write(directory, "dnsmasq.conf", config, err) < 0 ||
            names_write(directory, "forwards", forwards, err) < 0 ||
            io_make_dirs(AT_FDCWD, hosts, 0755, err) < 0)
                return -1;
        return (int)need;
}

static int names_add_one(const char *runtime, const struct network *network,
                         const struct joined *joined, const struct joined_network *on,
                         struct names_start *start, struct error *err)
{
        AUTO_FREE char *directory = names_directory(runtime, network->name);
        AUTO_FREE char *file = str_format("hosts/%s", joined->label);
        AUTO_FREE char *text = names_hosts(on);
        int need = names_prepare(runtime, network, err);

        if (need < 0 || names_write(directory, file, text, err) < 0)
                return -1;
        if (need != NAMES_SERVED) {
                names_start_unit(start, runtime, network->name, (enum names_need)need);
                names_tell_resolved(network);
        }
        return 0;
}

/* The forwarder's network is the one that its name begins with. */
static int names_add_forwarder(const char *runtime, struct links *links,
                               const struct network *networks, const struct joined *joined,
                               struct names_start *start, struct error *err)
{
        for (size_t i = 0; joined->forwarder && i < joined->network_count; i++) {
                const char *rest = str_after(joined->forwarder, networks[i].name);

                if (rest && *rest == '@')
                        return forwarder_add(runtime, links, &networks[i], joined, start, err);
        }
        return 0;
}

int names_add(const char *runtime, struct links *links, const struct network *networks,
              const struct joined *joined, struct names_start *ret, struct error *err)
{
        AUTO_STRV struct strv changed = { 0 };

        for (size_t i = 0; i < joined->network_count; i++)
                if (joined->networks[i].dns && names_add_one(runtime, &networks[i], joined,
                                                             &joined->networks[i], ret, err) < 0)
                        return error_wrap(err, "the names of network '%s'", networks[i].name);
        if (names_add_forwarder(runtime, links, networks, joined, ret, err) < 0)
                return error_wrap(err, "names and --dns");
        names_update_forwards(runtime, joined, NULL, &changed);
        ret->start = names_systemctl(ret->again ? "restart" : "start", "--quiet", &ret->units);
        ret->reload = names_systemctl("reload", "--quiet", &changed);
        return 0;
}

void names_finish(struct names_start *start, struct strv *notes)
{
        AUTO_FREE char *units = strv_join(&start->units, " ");

        if (start->units.count && !names_wait(start->start) && notes)
                strv_appendf(notes, "containers have no names now: %s did not start", units);
        names_wait(start->reload);
        strv_free(&start->units);
        start->reload = 0;
}

/* --- and goes */

struct names_leaving {
        const char *runtime, *storage, *label;
        struct strv stops;
};

static int names_remove_one(int parent, const char *network, void *context, struct error *err)
{
        struct names_leaving *leaving = context;
        AUTO_FREE char *directory = names_directory(leaving->runtime, network);
        AUTO_FREE char *hosts = str_format("%s/hosts", directory);
        AUTO_FREE char *file = str_format("%s/%s", hosts, leaving->label);

        (void)parent;
        (void)err;
        if (strchr(network, '@')) {
                forwarder_remove(leaving->runtime, leaving->storage, network, leaving->label,
                                 &leaving->stops);
                return 0;
        }
        /* Whatever has become of it; and the last one goes, even where it had none left. */
        io_remove_tree(AT_FDCWD, file, NULL);
        if (rmdir(hosts) < 0) {
                member_clean_directory(hosts);
                if (rmdir(hosts) < 0)
                        return 0;
        }
        io_remove_tree(AT_FDCWD, directory, NULL);
        names_add_unit(&leaving->stops, network);
        names_revert_resolved(leaving->storage, network);
        return 0;
}

/* The jobs are in systemd's queue before the lock is free for the next, who may want the service
 * again. */
void names_remove(const char *runtime, const char *storage, const char *label)
{
        AUTO_FREE char *path = str_format("%s/network/names", runtime);
        AUTO_JOINED struct joined member = { 0 };
        AUTO_STRV struct strv changed = { 0 };
        struct names_leaving leaving = { .runtime = runtime, .storage = storage, .label = label };

        if (access(path, F_OK) < 0)
                return;
        io_each_name(AT_FDCWD, path, names_remove_one, &leaving, NULL);
        names_wait(names_systemctl("stop", "--no-block", &leaving.stops));
        if (member_read(runtime, label, &member, NULL) == 0)
                names_update_forwards(runtime, &member, label, &changed);
        names_wait(names_systemctl("reload", "--no-block", &changed));
        strv_free(&leaving.stops);
}
