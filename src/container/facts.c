/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "facts.h"

#include "../base/io.h"
#include "../base/str.h"
#include "caps.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

enum {
        FACTS_FILE_MAX = 1 << 20, /* of the host's hosts and resolv.conf */
        FACTS_LIMIT = 1048576     /* files and processes a container may have, if we may give it */
};

/* In this order. */
static const char *const facts_seccomp[] = {
        "/etc/containers/seccomp.json",
        "/usr/share/containers/seccomp.json",
        PKGDATADIR "/seccomp.json",
};

/* Inits that do nothing but pass signals on and reap, linked statically, since the image may have
 * another C library or none. */
static const char *const facts_inits[] = {
        "/usr/libexec/podman/catatonit",
        "/usr/bin/catatonit",
        "/usr/bin/tini-static",
};

static char *facts_first(const char *const *paths, size_t count, int mode)
{
        for (size_t i = 0; i < count; i++)
                if (access(paths[i], mode) == 0)
                        return str_dup(paths[i]);
        return NULL;
}

static int facts_read(const char *path, char **ret, struct error *err)
{
        AUTO_FREE char *text = NULL;
        size_t length;

        if (access(path, F_OK) < 0) {
                *ret = str_dup("");
                return 0;
        }
        if (io_read_file(AT_FDCWD, path, FACTS_FILE_MAX, &text, &length, err) < 0)
                return -1;
        *ret = steal_str(&text);
        return 0;
}

/* A file of the kernel that begins with `Y` or `1` says that something is switched on. */
static bool facts_is_on(const char *path)
{
        AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
        char first = '\0';

        return fd >= 0 && read(fd, &first, 1) == 1 && (first == 'Y' || first == '1');
}

static uint64_t facts_bounding(void)
{
        uint64_t set = 0;

        for (unsigned i = 0; caps_name(i); i++)
                if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
                        set |= UINT64_C(1) << i;
        return set;
}

/* With CAP_SYS_RESOURCE limits may be raised; without it our own hard limit is the end. */
static uint64_t facts_limit(int resource, bool may_raise)
{
        struct rlimit limit;

        if (may_raise || getrlimit((__rlimit_resource_t)resource, &limit) < 0 ||
            limit.rlim_max == RLIM_INFINITY || limit.rlim_max > FACTS_LIMIT)
                return FACTS_LIMIT;
        return limit.rlim_max;
}

/* The kernel's own bound on open files holds for everybody. */
static uint64_t facts_file_bound(void)
{
        AUTO_FREE char *text = NULL;
        unsigned long long bound;
        size_t length;

        if (io_read_file(AT_FDCWD, "/proc/sys/fs/nr_open", 64, &text, &length, NULL) < 0)
                return FACTS_LIMIT;
        text[strcspn(text, "\n")] = '\0';
        return str_to_u64(text, UINT64_MAX, &bound) ? bound : FACTS_LIMIT;
}

/* How hot a processor ran tells its neighbours what it computes. */
static void facts_gather_thermal(struct plan_facts *facts)
{
        glob_t found;

        if (glob("/sys/devices/system/cpu/cpu*/thermal_throttle", 0, NULL, &found) != 0)
                return;
        for (size_t i = 0; i < found.gl_pathc; i++)
                strv_append(&facts->thermal, found.gl_pathv[i]);
        globfree(&found);
}

/* Whether the cgroup tree has a controller; in the old hierarchies each is a directory. */
static bool facts_has_controller(bool unified, const char *name)
{
        AUTO_FREE char *directory = str_format("/sys/fs/cgroup/%s", name);
        AUTO_FREE char *text = NULL;
        AUTO_STRV struct strv words = { 0 };
        size_t length;

        if (!unified)
                return access(directory, F_OK) == 0;
        if (io_read_file(AT_FDCWD, "/sys/fs/cgroup/cgroup.controllers", 4096, &text, &length,
                         NULL) < 0)
                return false;
        strv_split(&words, text, " \n", false);
        return strv_contains(&words, name);
}

static void facts_gather_kernel(struct plan_facts *facts)
{
        enum {
                SYS_RESOURCE = 24
        };
        bool may_raise;
        struct utsname name;
        struct statfs fs;
        uint64_t bound = facts_file_bound();

        uname(&name);
        facts->architecture = str_dup(name.machine);
        facts->kernel = str_dup(name.release);
        facts->hostname = str_dup(name.nodename);
        facts->dev = str_dup("/dev");
        facts->bounding = facts_bounding();
        may_raise = facts->bounding >> SYS_RESOURCE & 1;
        facts->nofile_max = facts_limit(RLIMIT_NOFILE, may_raise);
        if (facts->nofile_max > bound)
                facts->nofile_max = bound;
        facts->nproc_max = facts_limit(RLIMIT_NPROC, may_raise);
        facts->cgroup2 = statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
        facts->pids = facts_has_controller(facts->cgroup2, "pids");
        facts->apparmor = facts_is_on("/sys/module/apparmor/parameters/enabled");
        facts->selinux = access("/sys/fs/selinux/enforce", F_OK) == 0;
        facts_gather_thermal(facts);
        facts->mqueue = access("/proc/sys/fs/mqueue", F_OK) == 0;
}

bool facts_line_is_server(const char *line)
{
        const char *rest = str_after(line, "nameserver");

        if (!rest || (*rest != ' ' && *rest != '\t'))
                return false;
        rest += strspn(rest, " \t");
        return !str_has_prefix(rest, "127.") &&
               !(str_has_prefix(rest, "::1") && !isxdigit((unsigned char)rest[3]));
}

/* Whether a resolv.conf names a server that is not the machine itself. */
static bool facts_has_server(const char *text)
{
        AUTO_STRV struct strv lines = { 0 };

        strv_split(&lines, text ? text : "", "\n", false);
        for (size_t i = 0; i < lines.count; i++)
                if (facts_line_is_server(lines.items[i]))
                        return true;
        return false;
}

int facts_gather(struct plan_facts *facts, struct error *err)
{
        AUTO_FREE char *hosts = NULL, *resolv_conf = NULL, *upstream = NULL;

        if (facts_read("/etc/hosts", &hosts, err) < 0 ||
            facts_read("/etc/resolv.conf", &resolv_conf, err) < 0)
                return -1;
        /* systemd-resolved answers on 127.0.0.53, and says here whom it asks. */
        if (facts->joined && !facts_has_server(resolv_conf) &&
            facts_read("/run/systemd/resolve/resolv.conf", &upstream, err) < 0)
                return -1;
        facts_gather_kernel(facts);
        facts->seccomp =
                facts_first(facts_seccomp, sizeof facts_seccomp / sizeof *facts_seccomp, R_OK);
        facts->init = facts_first(facts_inits, sizeof facts_inits / sizeof *facts_inits, X_OK);
        facts->hosts = steal_str(&hosts);
        facts->resolv_conf = steal_str(&resolv_conf);
        facts->resolv_upstream =
                facts_has_server(upstream) ? steal_str(&upstream) : str_dup(facts->resolv_conf);
        return 0;
}

void facts_free(struct plan_facts *facts)
{
        char **owned[] = { &facts->architecture, &facts->kernel,      &facts->dev,
                           &facts->hostname,     &facts->seccomp,     &facts->init,
                           &facts->hosts,        &facts->resolv_conf, &facts->resolv_upstream };

        strv_free(&facts->thermal);
        for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) {
                free(*owned[i]);
                *owned[i] = NULL;
        }
}
