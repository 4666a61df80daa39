/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "entrance-config.h"

#include "../base/io.h"
#include "../base/json.h"
#include "caps.h"

enum {
        ENTRANCE_CONFIG_MAX = 16 * 1024 * 1024,
        ENTRANCE_FILTER_MAX = BPF_MAXINSNS * sizeof(struct sock_filter),
};

/* Members of process that are understood here, or that need not be. */
static const char *const entrance_members[] = { "terminal",
                                                "consoleSize",
                                                "user",
                                                "args",
                                                "env",
                                                "cwd",
                                                "capabilities",
                                                "rlimits",
                                                "noNewPrivileges",
                                                "oomScoreAdj",
                                                "apparmorProfile",
                                                "selinuxLabel" };

static bool entrance_knows(const char *member)
{
        for (size_t i = 0; i < sizeof entrance_members / sizeof *entrance_members; i++)
                if (str_equal(member, entrance_members[i]))
                        return true;
        return false;
}

static int entrance_check_known(struct json_object *process, struct error *err)
{
        json_object_object_foreach(process, member, value)
        {
                (void)value;
                if (!entrance_knows(member))
                        return error_set(err, EOPNOTSUPP, "process.%s is not known here", member);
        }
        return 0;
}

static int entrance_get_id(struct json_object *object, const char *key, uint32_t *ret,
                           struct error *err)
{
        int64_t number = 0;

        if (json_get_int(object, key, &number, err) < 0)
                return -1;
        if (number < 0 || number >= UINT32_MAX)
                return error_set(err, ERANGE, "process.user.%s is out of range", key);
        *ret = (uint32_t)number;
        return 0;
}

static int entrance_get_groups(struct json_object *user, struct entrance *entrance,
                               struct error *err)
{
        struct json_object *groups = NULL;
        size_t count;

        if (json_get_array(user, "additionalGids", &groups, err) < 0)
                return -1;
        if (!groups)
                return 0;
        count = json_object_array_length(groups);
        entrance->groups = alloc_zero(count + 1, sizeof *entrance->groups);
        for (size_t i = 0; i < count; i++) {
                int64_t gid = json_object_get_int64(json_object_array_get_idx(groups, i));

                if (gid < 0 || gid >= UINT32_MAX)
                        return error_set(err, ERANGE, "process.user.additionalGids is wrong");
                entrance->groups[entrance->group_count++] = (gid_t)gid;
        }
        return 0;
}

static int entrance_get_user(struct json_object *process, struct entrance *entrance,
                             struct error *err)
{
        struct json_object *user = NULL;
        uint32_t mask = 0022;

        if (json_get_object(process, "user", &user, err) < 0)
                return -1;
        entrance->umask = mask;
        if (!user)
                return 0;
        if (entrance_get_id(user, "uid", &entrance->uid, err) < 0 ||
            entrance_get_id(user, "gid", &entrance->gid, err) < 0 ||
            entrance_get_id(user, "umask", &mask, err) < 0)
                return -1;
        entrance->umask = mask & 0777;
        return entrance_get_groups(user, entrance, err);
}

static int entrance_get_caps(struct json_object *process, struct entrance *entrance,
                             struct error *err)
{
        const struct {
                const char *name;
                uint64_t *mask;
        } sets[] = {
                { "bounding", &entrance->bounding },   { "effective", &entrance->effective },
                { "permitted", &entrance->permitted }, { "inheritable", &entrance->inheritable },
                { "ambient", &entrance->ambient },
        };
        struct json_object *caps = NULL;

        if (json_get_object(process, "capabilities", &caps, err) < 0)
                return -1;
        for (size_t i = 0; caps && i < sizeof sets / sizeof *sets; i++) {
                AUTO_STRV struct strv names = { 0 };

                if (json_get_strv(caps, sets[i].name, &names, err) < 0)
                        return -1;
                *sets[i].mask = names.count ? caps_mask(&names) : 0;
        }
        return 0;
}

static int entrance_resource(const char *type)
{
        static const struct {
                const char *type;
                int resource;
        } known[] = {
                { "RLIMIT_AS", RLIMIT_AS },
                { "RLIMIT_CORE", RLIMIT_CORE },
                { "RLIMIT_CPU", RLIMIT_CPU },
                { "RLIMIT_DATA", RLIMIT_DATA },
                { "RLIMIT_FSIZE", RLIMIT_FSIZE },
                { "RLIMIT_LOCKS", RLIMIT_LOCKS },
                { "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
                { "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
                { "RLIMIT_NICE", RLIMIT_NICE },
                { "RLIMIT_NOFILE", RLIMIT_NOFILE },
                { "RLIMIT_NPROC", RLIMIT_NPROC },
                { "RLIMIT_RSS", RLIMIT_RSS },
                { "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
                { "RLIMIT_RTTIME", RLIMIT_RTTIME },
                { "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
                { "RLIMIT_STACK", RLIMIT_STACK },
        };

        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
                if (str_equal(known[i].type, type))
                        return known[i].resource;
        return -1;
}

static uint64_t entrance_get_u64(struct json_object *object, const char *key)
{
        struct json_object *member = NULL;

        return json_object_object_get_ex(object, key, &member) ? json_object_get_uint64(member) : 0;
}

static int entrance_get_limits(struct json_object *process, struct entrance *entrance,
                               struct error *err)
{
        struct json_object *limits = NULL;

        if (json_get_array(process, "rlimits", &limits, err) < 0)
                return -1;
        for (size_t i = 0; limits && i < json_object_array_length(limits); i++) {
                struct json_object *object = json_object_array_get_idx(limits, i);
                struct entrance_limit *limit;
                const char *type = NULL;

                if (json_get_string(object, "type", &type, err) < 0)
                        return -1;
                if (!type || entrance_resource(type) < 0)
                        return error_set(err, EOPNOTSUPP, "limit %s is not known here",
                                         type ? type : "?");
                entrance->limits = alloc_grow(entrance->limits, entrance->limit_count + 1,
                                              sizeof *entrance->limits);
                limit = &entrance->limits[entrance->limit_count++];
                limit->resource = entrance_resource(type);
                limit->limit.rlim_cur = entrance_get_u64(object, "soft");
                limit->limit.rlim_max = entrance_get_u64(object, "hard");
        }
        return 0;
}

static int entrance_get_label(struct json_object *process, struct entrance *entrance,
                              struct error *err)
{
        const char *profile = NULL, *label = NULL;

        if (json_get_string(process, "apparmorProfile", &profile, err) < 0 ||
            json_get_string(process, "selinuxLabel", &label, err) < 0)
                return -1;
        if (profile && label)
                return error_set(err, EOPNOTSUPP, "two labels at once are not known here");
        if (profile)
                entrance->label = str_concat("exec ", profile);
        else if (label)
                entrance->label = str_dup(label);
        entrance->label_file = str_dup(profile && access("/proc/self/attr/apparmor/exec", F_OK) == 0
                                               ? "/proc/thread-self/attr/apparmor/exec"
                                               : "/proc/thread-self/attr/exec");
        return 0;
}

static int entrance_get_process(struct json_object *process, struct entrance *entrance,
                                struct error *err)
{
        int64_t score = 0;

        if (entrance_check_known(process, err) < 0 ||
            entrance_get_user(process, entrance, err) < 0 ||
            entrance_get_caps(process, entrance, err) < 0 ||
            entrance_get_limits(process, entrance, err) < 0 ||
            entrance_get_label(process, entrance, err) < 0 ||
            json_get_strv(process, "env", &entrance->env, err) < 0 ||
            json_copy_string(process, "cwd", &entrance->cwd, err) < 0 ||
            json_get_bool(process, "noNewPrivileges", &entrance->no_new_privileges, err) < 0 ||
            json_get_int(process, "oomScoreAdj", &score, err) < 0)
                return -1;
        entrance->set_oom_score = json_object_object_get_ex(process, "oomScoreAdj", NULL);
        entrance->oom_score_adj = (int)score;
        if (!entrance->cwd)
                entrance->cwd = str_dup("/");
        return 0;
}

/* The runtime has compiled the filter and left it beside its own state. */
static int entrance_get_filter(const struct container_state *state, const char *run,
                               struct json_object *seccomp, struct entrance *entrance,
                               struct error *err)
{
        AUTO_FREE char *path = str_format("%s/crun/%s/seccomp.bpf", run, state->id);
        AUTO_FREE char *data = NULL;
        size_t length = 0;

        if (json_object_object_get_ex(seccomp, "flags", NULL) ||
            json_object_object_get_ex(seccomp, "listenerPath", NULL))
                return error_set(err, EOPNOTSUPP, "such a seccomp filter is not known here");
        if (io_read_file(AT_FDCWD, path, ENTRANCE_FILTER_MAX, &data, &length, err) < 0) {
                err->code = EOPNOTSUPP;
                return -1;
        }
        if (!length || length % sizeof *entrance->filter)
                return error_set(err, EOPNOTSUPP, "%s is no seccomp filter", path);
        entrance->filter_count = length / sizeof *entrance->filter;
        entrance->filter = alloc_zero(entrance->filter_count, sizeof *entrance->filter);
        memcpy(entrance->filter, data, length);
        return 0;
}

int entrance_read_config(const struct container_state *state, const char *run,
                         struct entrance *entrance, struct error *err)
{
        AUTO_FREE char *path = str_concat(run, "/config.json");
        AUTO_JSON struct json_object *config = NULL;
        struct json_object *process = NULL, *linux_part = NULL, *seccomp = NULL;

        if (json_read_file(AT_FDCWD, path, ENTRANCE_CONFIG_MAX, &config, err) < 0 ||
            json_get_object(config, "process", &process, err) < 0 ||
            json_get_object(config, "linux", &linux_part, err) < 0 ||
            (linux_part && json_get_object(linux_part, "seccomp", &seccomp, err) < 0))
                return -1;
        if (!process)
                return error_set(err, EBADMSG, "%s has no process", path);
        if (linux_part && (json_object_object_get_ex(linux_part, "personality", NULL) ||
                           json_object_object_get_ex(linux_part, "timeOffsets", NULL)))
                return error_set(err, EOPNOTSUPP, "%s has members not known here", path);
        if (entrance_get_process(process, entrance, err) < 0)
                return -1;
        return seccomp ? entrance_get_filter(state, run, seccomp, entrance, err) : 0;
}
