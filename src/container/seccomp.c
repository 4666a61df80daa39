/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "seccomp.h"

#include "caps.h"

#include <errno.h>
#include <string.h>

enum {
        SECCOMP_ARGS_MAX = 6,    /* a system call has no more */
        SECCOMP_ERRNO_MAX = 4095 /* the kernel's own bound */
};

/* uname's machine, the name profiles use in their conditions, the name of archMap and of the
 * runtime. */
static const struct seccomp_machine {
        const char *machine, *name, *architecture;
} seccomp_machines[] = {
        { "x86_64", "amd64", "SCMP_ARCH_X86_64" },
        { "i386", "x86", "SCMP_ARCH_X86" },
        { "i486", "x86", "SCMP_ARCH_X86" },
        { "i586", "x86", "SCMP_ARCH_X86" },
        { "i686", "x86", "SCMP_ARCH_X86" },
        { "aarch64", "arm64", "SCMP_ARCH_AARCH64" },
        { "armv6l", "arm", "SCMP_ARCH_ARM" },
        { "armv7l", "arm", "SCMP_ARCH_ARM" },
        { "armv8l", "arm", "SCMP_ARCH_ARM" },
        { "riscv64", "riscv64", "SCMP_ARCH_RISCV64" },
        { "ppc64le", "ppc64le", "SCMP_ARCH_PPC64LE" },
        { "ppc64", "ppc64", "SCMP_ARCH_PPC64" },
        { "s390x", "s390x", "SCMP_ARCH_S390X" },
        { "loongarch64", "loong64", "SCMP_ARCH_LOONGARCH64" },
        { "mips64", "mipsel64", "SCMP_ARCH_MIPSEL64" },
};

static const char *const seccomp_actions[] = { "SCMP_ACT_ALLOW",       "SCMP_ACT_ERRNO",
                                               "SCMP_ACT_KILL",        "SCMP_ACT_KILL_PROCESS",
                                               "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG",
                                               "SCMP_ACT_TRACE",       "SCMP_ACT_TRAP",
                                               "SCMP_ACT_NOTIFY",      NULL };

static const char *const seccomp_operators[] = { "SCMP_CMP_EQ",        "SCMP_CMP_GE", "SCMP_CMP_GT",
                                                 "SCMP_CMP_LE",        "SCMP_CMP_LT", "SCMP_CMP_NE",
                                                 "SCMP_CMP_MASKED_EQ", NULL };

static const struct seccomp_machine *seccomp_find_machine(const char *machine)
{
        for (size_t i = 0; i < sizeof seccomp_machines / sizeof *seccomp_machines; i++)
                if (str_equal(seccomp_machines[i].machine, machine))
                        return &seccomp_machines[i];
        return NULL;
}

/* A required string member that is one of a few words. */
static int seccomp_get_word(struct json_object *object, const char *key, const char *const *known,
                            const char **ret, struct error *err)
{
        const char *word = NULL;

        if (json_get_string(object, key, &word, err) < 0)
                return -1;
        if (!word)
                return error_set(err, EBADMSG, "\"%s\" is missing", key);
        for (; *known; known++) {
                if (str_equal(*known, word)) {
                        *ret = *known;
                        return 0;
                }
        }
        return error_set(err, EBADMSG, "\"%s\": unknown value '%s'", key, word);
}

/* The error number: by name, which is right on every machine, or else by number; -1 without. */
static int seccomp_get_errno(struct json_object *object, const char *by_name, const char *by_number,
                             int64_t *ret, struct error *err)
{
        const char *name = NULL;
        int64_t number = -1;

        if (json_get_string(object, by_name, &name, err) < 0 ||
            json_get_int(object, by_number, &number, err) < 0)
                return -1;
        if (!str_empty(name)) {
                for (number = 1; number <= SECCOMP_ERRNO_MAX; number++)
                        if (str_equal(strerrorname_np((int)number), name))
                                break;
                if (number > SECCOMP_ERRNO_MAX)
                        return error_set(err, EBADMSG, "\"%s\": unknown error '%s'", by_name, name);
        }
        if (number < -1 || number > SECCOMP_ERRNO_MAX)
                return error_set(err, EBADMSG, "\"%s\" is out of range", by_number);
        *ret = number;
        return 0;
}

static void seccomp_set_errno(struct json_object *object, const char *key, int64_t number)
{
        if (number >= 0)
                json_object_object_add(object, key, json_object_new_int64(number));
}

/* The architectures of this machine: its own, and those whose programs it runs as well. */
static int seccomp_architectures(struct json_object *profile, const struct seccomp_machine *machine,
                                 struct json_object *out, struct error *err)
{
        struct json_object *map = NULL;
        AUTO_STRV struct strv names = { 0 };

        if (json_get_strv(profile, "architectures", &names, err) < 0 ||
            json_get_array(profile, "archMap", &map, err) < 0)
                return -1;
        if (map && names.count)
                return error_set(err, EBADMSG, "both \"architectures\" and \"archMap\" are given");
        for (size_t i = 0; map && i < json_object_array_length(map); i++) {
                struct json_object *row = json_object_array_get_idx(map, i);
                const char *own = NULL;

                if (json_get_string(row, "architecture", &own, err) < 0)
                        return error_wrap(err, "archMap[%zu]", i);
                if (!own || !str_equal(own, machine->architecture))
                        continue;
                strv_append(&names, own);
                if (json_get_strv(row, "subArchitectures", &names, err) < 0)
                        return error_wrap(err, "archMap[%zu]", i);
                break;
        }
        if (names.count)
                json_set_strv(out, "architectures", &names);
        return 0;
}

/* Whether a kernel's release is that version, "4.8", or a later one. */
static bool seccomp_kernel_reached(const char *release, const char *wanted)
{
        for (int part = 0; part < 2; part++) {
                char *end, *wanted_end;
                unsigned long have = strtoul(release, &end, 10);
                unsigned long need = strtoul(wanted, &wanted_end, 10);

                if (have != need)
                        return have > need;
                if (*wanted_end != '.' || *end != '.')
                        break;
                release = end + 1;
                wanted = wanted_end + 1;
        }
        return true;
}

/* The conditions of one rule: those that were named, and which of them hold. */
struct seccomp_conditions {
        struct strv arches, caps; /* owned */
        const char *kernel;       /* borrowed; NULL without */
};

static void seccomp_conditions_free(struct seccomp_conditions *conditions)
{
        strv_free(&conditions->arches);
        strv_free(&conditions->caps);
}

static int seccomp_read_conditions(struct json_object *rule, const char *key,
                                   struct seccomp_conditions *ret, struct error *err)
{
        struct json_object *object = NULL;

        if (json_get_object(rule, key, &object, err) < 0)
                return -1;
        if (!object)
                return 0;
        if (json_get_strv(object, "arches", &ret->arches, err) < 0 ||
            json_get_strv(object, "caps", &ret->caps, err) < 0 ||
            json_get_string(object, "minKernel", &ret->kernel, err) < 0)
                return error_wrap(err, "%s", key);
        for (size_t i = 0; i < ret->caps.count; i++) {
                const char *name = caps_canonical(ret->caps.items[i]);

                if (!name || str_equal(name, "ALL"))
                        return error_set(err, EBADMSG, "%s: unknown capability '%s'", key,
                                         ret->caps.items[i]);
        }
        return 0;
}

static bool seccomp_arch_listed(const struct strv *arches, const struct seccomp_machine *machine)
{
        /* Profiles of other tools say 386 for x86. */
        return strv_contains(arches, machine->name) ||
               (str_equal(machine->name, "x86") && strv_contains(arches, "386"));
}

/* Every condition named has to hold. */
static bool seccomp_includes(const struct seccomp_conditions *conditions,
                             const struct seccomp_machine *machine,
                             const struct seccomp_target *target)
{
        uint64_t caps = caps_mask(&conditions->caps);

        return (!conditions->arches.count || seccomp_arch_listed(&conditions->arches, machine)) &&
               (target->caps & caps) == caps &&
               (!conditions->kernel || seccomp_kernel_reached(target->kernel, conditions->kernel));
}

/* One that holds is enough. */
static bool seccomp_excludes(const struct seccomp_conditions *conditions,
                             const struct seccomp_machine *machine,
                             const struct seccomp_target *target)
{
        return seccomp_arch_listed(&conditions->arches, machine) ||
               (target->caps & caps_mask(&conditions->caps)) != 0 ||
               (conditions->kernel && seccomp_kernel_reached(target->kernel, conditions->kernel));
}

static int seccomp_applies(struct json_object *rule, const struct seccomp_machine *machine,
                           const struct seccomp_target *target, bool *ret, struct error *err)
{
        CLEANUP(seccomp_conditions_free) struct seccomp_conditions includes = { 0 };
        CLEANUP(seccomp_conditions_free) struct seccomp_conditions excludes = { 0 };

        if (seccomp_read_conditions(rule, "includes", &includes, err) < 0 ||
            seccomp_read_conditions(rule, "excludes", &excludes, err) < 0)
                return -1;
        *ret = seccomp_includes(&includes, machine, target) &&
               !seccomp_excludes(&excludes, machine, target);
        return 0;
}

static int seccomp_argument(struct json_object *argument, struct json_object *array,
                            struct error *err)
{
        struct json_object *out;
        const char *operator= NULL;
        int64_t index = -1, value = 0, value_two = 0;

        if (json_get_int(argument, "index", &index, err) < 0 ||
            json_get_int(argument, "value", &value, err) < 0 ||
            json_get_int(argument, "valueTwo", &value_two, err) < 0 ||
            seccomp_get_word(argument, "op", seccomp_operators, &operator, err) < 0)
                return -1;
        if (index < 0 || index >= SECCOMP_ARGS_MAX)
                return error_set(err, EBADMSG, "\"index\" is not from 0 to 5");
        out = json_object_new_object();
        json_object_object_add(out, "index", json_object_new_int64(index));
        json_object_object_add(out, "value", json_object_new_int64(value));
        json_object_object_add(out, "valueTwo", json_object_new_int64(value_two));
        json_set_string(out, "op", operator);
        json_object_array_add(array, out);
        return 0;
}

static int seccomp_arguments(struct json_object *rule, struct json_object *out, struct error *err)
{
        struct json_object *arguments = NULL, *array;

        if (json_get_array(rule, "args", &arguments, err) < 0)
                return -1;
        if (!arguments || json_object_array_length(arguments) == 0)
                return 0;
        array = json_add_array(out, "args");
        for (size_t i = 0; i < json_object_array_length(arguments); i++)
                if (seccomp_argument(json_object_array_get_idx(arguments, i), array, err) < 0)
                        return error_wrap(err, "args[%zu]", i);
        return 0;
}

static int seccomp_names(struct json_object *rule, struct json_object *out, struct error *err)
{
        AUTO_STRV struct strv names = { 0 };
        const char *name = NULL;

        if (json_get_string(rule, "name", &name, err) < 0 ||
            json_get_strv(rule, "names", &names, err) < 0)
                return -1;
        if (!str_empty(name) && names.count)
                return error_set(err, EBADMSG, "both \"name\" and \"names\" are given");
        if (!str_empty(name))
                strv_append(&names, name);
        if (!names.count)
                return error_set(err, EBADMSG, "no system call is named");
        json_set_strv(out, "names", &names);
        return 0;
}

static int seccomp_rule(struct json_object *rule, const struct seccomp_machine *machine,
                        const struct seccomp_target *target, struct json_object *array,
                        struct error *err)
{
        AUTO_JSON struct json_object *out = json_object_new_object();
        const char *action = NULL;
        int64_t number = -1;
        bool applies = false;

        if (seccomp_applies(rule, machine, target, &applies, err) < 0 ||
            seccomp_names(rule, out, err) < 0 ||
            seccomp_get_word(rule, "action", seccomp_actions, &action, err) < 0 ||
            seccomp_get_errno(rule, "errno", "errnoRet", &number, err) < 0)
                return -1;
        json_set_string(out, "action", action);
        seccomp_set_errno(out, "errnoRet", number);
        if (seccomp_arguments(rule, out, err) < 0)
                return -1;
        if (applies)
                json_object_array_add(array, steal_ptr(&out));
        return 0;
}

static int seccomp_rules(struct json_object *profile, const struct seccomp_machine *machine,
                         const struct seccomp_target *target, struct json_object *out,
                         struct error *err)
{
        struct json_object *rules = NULL, *array;

        if (json_get_array(profile, "syscalls", &rules, err) < 0)
                return -1;
        array = json_add_array(out, "syscalls");
        for (size_t i = 0; rules && i < json_object_array_length(rules); i++)
                if (seccomp_rule(json_object_array_get_idx(rules, i), machine, target, array, err) <
                    0)
                        return error_wrap(err, "syscalls[%zu]", i);
        return 0;
}

int seccomp_evaluate(struct json_object *profile, const struct seccomp_target *target,
                     struct json_object **ret_seccomp, struct error *err)
{
        AUTO_JSON struct json_object *out = json_object_new_object();
        const struct seccomp_machine *machine = seccomp_find_machine(target->machine);
        AUTO_STRV struct strv flags = { 0 };
        const char *action = NULL;
        int64_t number = -1;

        if (!machine)
                return error_set(err, EOPNOTSUPP,
                                 "profiles cannot be evaluated for the machine '%s'",
                                 target->machine);
        if (seccomp_get_word(profile, "defaultAction", seccomp_actions, &action, err) < 0 ||
            seccomp_get_errno(profile, "defaultErrno", "defaultErrnoRet", &number, err) < 0 ||
            json_get_strv(profile, "flags", &flags, err) < 0)
                return -1;
        json_set_string(out, "defaultAction", action);
        seccomp_set_errno(out, "defaultErrnoRet", number);
        if (flags.count)
                json_set_strv(out, "flags", &flags);
        if (seccomp_architectures(profile, machine, out, err) < 0 ||
            seccomp_rules(profile, machine, target, out, err) < 0)
                return -1;
        *ret_seccomp = steal_ptr(&out);
        return 0;
}
