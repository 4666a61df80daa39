/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Seccomp profiles: the conditions, for several machines and sets of capabilities; then our own
 * profile, for what it must allow and refuse. */
#include "src/container/caps.h"
#include "src/container/seccomp.h"
#include "tests/tap.h"

#include <err.h>
#include <fcntl.h>

static const struct seccomp_target x86 = { "x86_64", "6.1.0-18-amd64", 0 };

/* Evaluate a text; the result as text, or the message. */
static char *evaluate(const char *text, const struct seccomp_target *target)
{
        AUTO_JSON struct json_object *profile = NULL, *seccomp = NULL;
        AUTO_ERROR struct error error = { 0 };

        if (json_parse(text, strlen(text), "profile", &profile, &error) < 0)
                errx(2, "%s", error.message);
        if (seccomp_evaluate(profile, target, &seccomp, &error) < 0)
                return str_dup(error.message);
        return json_text(seccomp, false);
}

static void is(const char *text, const struct seccomp_target *target, const char *expected,
               const char *what)
{
        AUTO_FREE char *got = evaluate(text, target);

        check_str(got, expected, what);
}

/* Whether the one rule with this condition is taken. */
static bool taken(const char *condition, const struct seccomp_target *target)
{
        AUTO_FREE char *text = str_format(
                "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"bpf\"],"
                "\"action\":\"SCMP_ACT_KILL\",%s}]}",
                condition);
        AUTO_FREE char *got = evaluate(text, target);

        if (!str_has_prefix(got, "{"))
                printf("# %s\n", got);
        return strstr(got, "bpf") != NULL;
}

static void test_conditions(void)
{
        struct seccomp_target admin = { "aarch64", "5.10", UINT64_C(1) << 21 };

        check(taken("\"includes\":{\"arches\":[\"arm\",\"arm64\"]}", &admin), "included machine");
        check(!taken("\"includes\":{\"arches\":[\"amd64\"]}", &admin), "another machine");
        check(!taken("\"excludes\":{\"arches\":[\"arm64\"]}", &admin), "excluded machine");
        check(taken("\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}", &admin), "included capability");
        check(!taken("\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\",\"CAP_BPF\"]}", &admin),
              "all of the included capabilities are needed");
        check(!taken("\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\",\"CAP_BPF\"]}", &admin),
              "one of the excluded capabilities is enough");
        check(taken("\"excludes\":{\"caps\":[\"CAP_BPF\"]}", &admin), "one that is not there");
        check(taken("\"includes\":{\"minKernel\":\"4.8\"}", &admin), "a later kernel");
        check(taken("\"includes\":{\"minKernel\":\"5.10\"}", &admin), "just this kernel");
        check(!taken("\"includes\":{\"minKernel\":\"5.11\"}", &admin), "an earlier kernel");
        check(!taken("\"includes\":{\"minKernel\":\"6.1\"}", &admin), "an earlier major version");
        check(!taken("\"excludes\":{\"minKernel\":\"4.8\"}", &admin), "excluded by the kernel");
        check(taken("\"includes\":{},\"excludes\":{}", &admin), "no condition");
        check(taken("\"includes\":{\"arches\":[\"386\"]}",
                    &(struct seccomp_target){ "i686", "6.1", 0 }),
              "both names of the small x86");
}

static void test_result(void)
{
        is("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrno\":\"ENOSYS\",\"flags\":["
           "\"SECCOMP_FILTER_FLAG_LOG\"],\"archMap\":[{\"architecture\":\"SCMP_ARCH_AARCH64\"},"
           "{\"architecture\":\"SCMP_ARCH_X86_64\",\"subArchitectures\":[\"SCMP_ARCH_X86\"]}],"
           "\"syscalls\":[{\"name\":\"read\",\"action\":\"SCMP_ACT_ALLOW\",\"comment\":\"why\"},"
           "{\"names\":[\"personality\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1,\"args\":"
           "[{\"index\":0,\"value\":4294967295,\"op\":\"SCMP_CMP_EQ\"}]}]}",
           &x86,
           "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"flags\":["
           "\"SECCOMP_FILTER_FLAG_LOG\"],\"architectures\":[\"SCMP_ARCH_X86_64\","
           "\"SCMP_ARCH_X86\"],\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\"},"
           "{\"names\":[\"personality\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1,\"args\":"
           "[{\"index\":0,\"value\":4294967295,\"valueTwo\":0,\"op\":\"SCMP_CMP_EQ\"}]}]}",
           "a profile becomes what the runtime takes");
        is("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86\"]}", &x86,
           "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86\"],"
           "\"syscalls\":[]}",
           "a plain list of architectures is kept");
        is("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"archMap\":[{\"architecture\":"
           "\"SCMP_ARCH_AARCH64\"}]}",
           &x86, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[]}",
           "a machine that is not in the map has its own architecture alone");
}

#define RULE(members) "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{" members "}]}"

static void test_wrong(void)
{
        static const char *const cases[][2] = {
                { "[]", "an object was expected around \"defaultAction\"" },
                { "{}", "\"defaultAction\" is missing" },
                { "{\"defaultAction\":3}", "\"defaultAction\" is not of type string" },
                { "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrno\":\"ENOWAY\"}",
                  "\"defaultErrno\": unknown error 'ENOWAY'" },
                { "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":5000}",
                  "\"defaultErrnoRet\" is out of range" },
                { "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"a\"],\"archMap\":[]}",
                  "both \"architectures\" and \"archMap\" are given" },
                { RULE("\"names\":[\"read\"]"), "syscalls[0]: \"action\" is missing" },
                { RULE("\"action\":\"SCMP_ACT_ALLOW\""), "syscalls[0]: no system call is named" },
                { RULE("\"name\":\"a\",\"names\":[\"b\"],\"action\":\"SCMP_ACT_ALLOW\""),
                  "syscalls[0]: both \"name\" and \"names\" are given" },
                { RULE("\"names\":[\"a\"],\"action\":\"ALLOW\""),
                  "syscalls[0]: \"action\": unknown value 'ALLOW'" },
                { RULE("\"names\":[\"a\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":["
                       "\"CAP_X\"]}"),
                  "syscalls[0]: includes: unknown capability 'CAP_X'" },
                { RULE("\"names\":[\"a\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":6,"
                       "\"op\":\"SCMP_CMP_EQ\"}]"),
                  "syscalls[0]: args[0]: \"index\" is not from 0 to 5" },
                { RULE("\"names\":[\"a\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,"
                       "\"op\":\"EQ\"}]"),
                  "syscalls[0]: args[0]: \"op\": unknown value 'EQ'" },
        };

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
                is(cases[i][0], &x86, cases[i][1], cases[i][1]);
        is("{\"defaultAction\":\"SCMP_ACT_ALLOW\"}", &(struct seccomp_target){ "vax", "6.1", 0 },
           "profiles cannot be evaluated for the machine 'vax'", "an unknown machine");
}

/* What the first rule without arguments that names a call does with it, or the default. */
static const char *verdict(struct json_object *seccomp, const char *call)
{
        struct json_object *rules = NULL;
        const char *action = "SCMP_ACT_ERRNO";

        json_get_array(seccomp, "syscalls", &rules, NULL);
        for (size_t i = 0; i < json_object_array_length(rules); i++) {
                struct json_object *rule = json_object_array_get_idx(rules, i), *args = NULL;
                AUTO_STRV struct strv names = { 0 };

                json_get_strv(rule, "names", &names, NULL);
                json_get_array(rule, "args", &args, NULL);
                if (args || !strv_contains(&names, call))
                        continue;
                json_get_string(rule, "action", &action, NULL);
                return action;
        }
        return "default";
}

struct expectation {
        const char *machine;
        const char *caps; /* besides the default ones */
        const char *call;
        const char *verdict;
};

static const struct expectation expectations[] = {
        { "x86_64", "", "clock_nanosleep", "SCMP_ACT_ALLOW" },
        { "aarch64", "", "clock_nanosleep", "SCMP_ACT_ALLOW" },
        { "riscv64", "", "clock_nanosleep", "SCMP_ACT_ALLOW" },
        { "armv7l", "", "clock_nanosleep_time64", "SCMP_ACT_ALLOW" },
        { "x86_64", "", "arch_prctl", "SCMP_ACT_ALLOW" },
        { "aarch64", "", "arch_prctl", "default" },
        { "riscv64", "", "riscv_flush_icache", "SCMP_ACT_ALLOW" },
        { "x86_64", "", "riscv_flush_icache", "default" },
        { "aarch64", "", "cacheflush", "SCMP_ACT_ALLOW" },
        { "x86_64", "", "cacheflush", "default" },
        { "s390x", "", "s390_runtime_instr", "SCMP_ACT_ALLOW" },
        { "ppc64le", "", "sync_file_range2", "SCMP_ACT_ALLOW" },
        { "x86_64", "", "chroot", "SCMP_ACT_ALLOW" },
        { "x86_64", "", "bpf", "SCMP_ACT_ERRNO" },
        { "x86_64", "BPF", "bpf", "SCMP_ACT_ALLOW" },
        { "x86_64", "SYS_ADMIN", "bpf", "SCMP_ACT_ALLOW" },
        { "riscv64", "PERFMON", "perf_event_open", "SCMP_ACT_ALLOW" },
        { "x86_64", "", "perf_event_open", "SCMP_ACT_ERRNO" },
        { "x86_64", "", "init_module", "SCMP_ACT_ERRNO" },
        { "x86_64", "SYS_MODULE", "init_module", "SCMP_ACT_ALLOW" },
        { "x86_64", "", "clock_settime", "SCMP_ACT_ERRNO" },
        { "x86_64", "SYS_TIME", "clock_settime", "SCMP_ACT_ALLOW" },
        { "x86_64", "", "open_by_handle_at", "SCMP_ACT_ERRNO" },
        { "x86_64", "SYS_ADMIN", "kexec_load", "SCMP_ACT_ERRNO" },
        { "x86_64", "SYS_ADMIN", "userfaultfd", "SCMP_ACT_ERRNO" },
        { "x86_64", "SYS_ADMIN", "io_uring_setup", "default" },
        { "x86_64", "", "clone3", "SCMP_ACT_ALLOW" },
        { "x86_64", "", "ptrace", "SCMP_ACT_ALLOW" },
        { "x86_64", "AUDIT_WRITE", "socket", "SCMP_ACT_ALLOW" },
        { "x86_64", "", "no_such_call", "default" },
};

static struct json_object *own_for(struct json_object *profile, const char *machine,
                                   const char *cap)
{
        AUTO_STRV struct strv added = { 0 };
        AUTO_ERROR struct error error = { 0 };
        struct seccomp_target target = { machine, "6.1.0", 0 };
        struct json_object *seccomp;

        strv_split(&added, cap, " ", false);
        target.caps = caps_default() | caps_mask(&added);
        if (seccomp_evaluate(profile, &target, &seccomp, &error) < 0)
                errx(2, "%s", error.message);
        return seccomp;
}

static void test_own(void)
{
        AUTO_FREE char *path = str_format("%s/units/seccomp.json",
                                          getenv("top_srcdir") ? getenv("top_srcdir") : ".");
        AUTO_JSON struct json_object *profile = NULL, *first = NULL, *second = NULL;
        AUTO_FREE char *text = NULL, *again = NULL;
        AUTO_ERROR struct error error = { 0 };

        if (json_read_file(AT_FDCWD, path, 1 << 20, &profile, &error) < 0)
                errx(2, "%s", error.message);
        for (size_t i = 0; i < sizeof expectations / sizeof *expectations; i++) {
                const struct expectation *e = &expectations[i];
                AUTO_JSON struct json_object *seccomp = own_for(profile, e->machine, e->caps);
                AUTO_FREE char *what =
                        str_format("own profile: %s on %s with '%s'", e->call, e->machine, e->caps);

                check_str(verdict(seccomp, e->call), e->verdict, what);
        }
        first = own_for(profile, "x86_64", "");
        text = json_text(first, false);
        check(strstr(text, "{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
                           "{\"index\":0,\"value\":16,\"valueTwo\":0,\"op\":\"SCMP_CMP_NE\"}]}"),
              "own profile: sockets but netlink are open to everybody");
        second = own_for(profile, "x86_64", "NET_RAW");
        again = json_text(second, false);
        check_str(again, text, "own profile: the same text for capabilities it does not ask about");
}

int main(void)
{
        test_conditions();
        test_result();
        test_wrong();
        test_own();
        return tap_done();
}
