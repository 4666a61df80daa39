/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trees of filters: they answer what the filter answers. An interpreter of our own runs both, with
 * filters of many shapes, of which libseccomp writes but a few. */
#include "src/base/cleanup.h"
#include "src/base/io.h"
#include "src/base/str.h"
#include "src/container/filter-tree.h"
#include "tests/tap.h"

#include <err.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
        ROUNDS = 400,
        NO_ANSWER = 0x12345678 /* not one that the filters below give */
};

#define LOAD(member)           BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define IF(op, value, yes, no) BPF_JUMP(BPF_JMP | BPF_##op | BPF_K, value, yes, no)
#define JUMP(over)             BPF_STMT(BPF_JMP | BPF_JA, over)
#define RETURN(value)          BPF_STMT(BPF_RET | BPF_K, value)

static bool asked; /* a filter has looked at an argument */

/* What the kernel would answer: all instructions that are used here. */
static uint32_t run(const struct filter *filter, const struct seccomp_data *data)
{
        uint32_t value = 0;

        for (size_t i = 0; i < filter->count; i++) {
                const struct sock_filter *at = &filter->code[i];

                switch (at->code) {
                case BPF_LD | BPF_W | BPF_ABS:
                        memcpy(&value, (const char *)data + at->k, sizeof value);
                        asked = asked || at->k >= offsetof(struct seccomp_data, args);
                        break;
                case BPF_ALU | BPF_AND | BPF_K:
                        value &= at->k;
                        break;
                case BPF_JMP | BPF_JA:
                        i += at->k;
                        break;
                case BPF_JMP | BPF_JEQ | BPF_K:
                        i += value == at->k ? at->jt : at->jf;
                        break;
                case BPF_JMP | BPF_JGE | BPF_K:
                        i += value >= at->k ? at->jt : at->jf;
                        break;
                case BPF_JMP | BPF_JGT | BPF_K:
                        i += value > at->k ? at->jt : at->jf;
                        break;
                case BPF_JMP | BPF_JSET | BPF_K:
                        i += value & at->k ? at->jt : at->jf;
                        break;
                case BPF_RET | BPF_K:
                        return at->k;
                default:
                        return NO_ANSWER;
                }
        }
        return NO_ANSWER;
}

static bool same_answer(const struct filter *one, const struct filter *other, uint32_t arch,
                        uint32_t number, uint32_t argument)
{
        struct seccomp_data data = { .nr = (int)number, .arch = arch };

        data.args[0] = data.args[1] = argument;
        return run(one, &data) == run(other, &data);
}

/* For everything the filter compares with, and its neighbours: as number, architecture, argument.
 */
static bool is_same(const struct filter *filter, const struct filter *tree)
{
        for (size_t i = 0; i < filter->count; i++)
                for (size_t j = 0; j < filter->count; j++)
                        for (uint32_t near = 0; near < 3; near++) {
                                uint32_t arch = filter->code[i].k, number = filter->code[j].k;

                                number += near - 1;
                                if (!same_answer(filter, tree, arch, number, arch) ||
                                    !same_answer(filter, tree, arch, number, ~arch) ||
                                    !same_answer(filter, tree, arch + near - 1, number, number))
                                        return false;
                        }
        return true;
}

static bool is_grown(struct sock_filter *code, size_t count, size_t *ret_count)
{
        const struct filter filter = { code, count };
        AUTO_FILTER struct filter tree = { 0 };

        *ret_count = 0;
        if (!filter_tree_grow(&filter, &tree))
                return false;
        *ret_count = tree.count;
        return is_same(&filter, &tree);
}

/* As libseccomp writes them: two architectures, x32 refused, one call by its argument. */
static struct sock_filter usual[] = {
        LOAD(arch),
        IF(JEQ, AUDIT_ARCH_X86_64, 0, 10),
        LOAD(nr),
        IF(JGE, 0x40000000, 9, 0),
        IF(JEQ, 0, 6, 0),
        IF(JEQ, 1, 5, 0),
        IF(JEQ, 56, 0, 6),
        LOAD(args[0]),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x7e020000),
        IF(JEQ, 0, 0, 3),
        JUMP(0),
        RETURN(SECCOMP_RET_ALLOW),
        IF(JEQ, AUDIT_ARCH_I386, 1, 0),
        RETURN(SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
        IF(JEQ, 4, 0, 2),
        LOAD(args[1]),
        IF(JEQ, 7, 1, 0),
        RETURN(SECCOMP_RET_ERRNO | 1),
        RETURN(SECCOMP_RET_ALLOW),
};

/* Each allowed by itself, as with four hundred names; every other one of them. */
static void test_long_filter(void)
{
        enum {
                CALLS = 900
        };
        static struct sock_filter code[2 * CALLS + 5];
        const struct filter filter = { code, 2 * CALLS + 5 };
        AUTO_FILTER struct filter tree = { 0 };
        bool same = true;
        size_t count = 0;

        code[count++] = (struct sock_filter)LOAD(arch);
        code[count++] = (struct sock_filter)IF(JEQ, AUDIT_ARCH_X86_64, 1, 0);
        code[count++] = (struct sock_filter)RETURN(SECCOMP_RET_KILL_PROCESS);
        code[count++] = (struct sock_filter)LOAD(nr);
        for (uint32_t i = 0; i < CALLS; i++) {
                code[count++] = (struct sock_filter)IF(JEQ, 2 * i, 0, 1);
                code[count++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
        }
        code[count++] = (struct sock_filter)RETURN(SECCOMP_RET_ERRNO);
        check(filter_tree_grow(&filter, &tree), "a tree with branches farther than a short jump");
        for (uint32_t i = 0; i < 2 * CALLS + 2; i++)
                same = same && same_answer(&filter, &tree, AUDIT_ARCH_X86_64, i, 0) &&
                       same_answer(&filter, &tree, AUDIT_ARCH_I386, i, 0);
        check(same, "it answers the same");
}

/* The same numbers each time. */
static uint32_t roll(uint32_t sides)
{
        static uint64_t state = 42;

        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (uint32_t)(state >> 33) % sides;
}

static struct sock_filter random_instruction(size_t left)
{
        static const uint16_t jumps[] = { BPF_JEQ, BPF_JEQ, BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JSET };
        static const uint32_t loads[] = { offsetof(struct seccomp_data, nr),
                                          offsetof(struct seccomp_data, nr),
                                          offsetof(struct seccomp_data, arch),
                                          offsetof(struct seccomp_data, arch),
                                          offsetof(struct seccomp_data, args) };
        uint32_t reach = left > 6 ? 6 : (uint32_t)left;

        switch (roll(8)) {
        case 0:
        case 1:
                return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, loads[roll(5)]);
        case 2:
                return (struct sock_filter)RETURN(roll(5));
        case 3:
                return roll(2) ? (struct sock_filter)JUMP(roll(reach))
                               : (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, roll(8));
        default:
                return (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | jumps[roll(6)] | BPF_K),
                                                    roll(20) ? roll(12) : UINT32_MAX - roll(2),
                                                    (uint8_t)roll(reach), (uint8_t)roll(reach));
        }
}

static void test_random_filters(void)
{
        size_t grown;
        int wrong = 0;

        for (int round = 0; round < ROUNDS; round++) {
                struct sock_filter code[40];
                size_t count = 4 + roll(36);

                code[0] = (struct sock_filter)LOAD(arch);
                for (size_t i = 1; i < count - 1; i++)
                        code[i] = random_instruction(count - i - 1);
                code[count - 1] = (struct sock_filter)RETURN(7);
                wrong += !is_grown(code, count, &grown);
        }
        check(wrong == 0, "random filters answer the same as their trees");
}

/* --- filters of libseccomp's */

enum {
        NUMBERS = 1100,    /* more than there are, at the beginning of each range */
        COMBINATIONS = 500 /* of arguments */
};

/* What a filter compares with, and what of it with arguments. */
struct constants {
        uint32_t *values, *arguments; /* owned */
        size_t count, argument_count;
};

static struct constants find_constants(const struct filter *filter)
{
        struct constants found = { .values = alloc_zero(filter->count, sizeof *found.values),
                                   .arguments = alloc_zero(filter->count, sizeof *found.values) };
        uint32_t loaded = 0;

        for (size_t i = 0; i < filter->count; i++) {
                const struct sock_filter *at = &filter->code[i];

                if (BPF_CLASS(at->code) == BPF_LD)
                        loaded = at->k;
                if (BPF_CLASS(at->code) != BPF_JMP || BPF_OP(at->code) == BPF_JA)
                        continue;
                found.values[found.count++] = at->k;
                if (loaded >= offsetof(struct seccomp_data, args))
                        found.arguments[found.argument_count++] = at->k;
        }
        return found;
}

static uint32_t near(const struct constants *constants)
{
        uint32_t value = constants->arguments[roll((uint32_t)constants->argument_count)];

        return roll(8) ? value + roll(3) - 1 : ~value;
}

/* Each of the six with each constant, and many together. */
static bool same_for_arguments(const struct filter *one, const struct filter *other,
                               struct seccomp_data data, const struct constants *constants)
{
        uint32_t answer;

        for (size_t argument = 0; argument < 6; argument++)
                for (size_t i = 0; i < 4 * constants->argument_count; i++) {
                        uint32_t value = constants->arguments[i / 4];

                        memset(data.args, 0, sizeof data.args);
                        data.args[argument] = i % 4 == 3 ? (uint64_t)value << 32 | value
                                                         : value + (uint32_t)(i % 4) - 1;
                        if (run(one, &data) != run(other, &data))
                                return false;
                }
        for (size_t i = 0; i < COMBINATIONS; i++) {
                for (size_t argument = 0; argument < 6; argument++)
                        data.args[argument] =
                                (uint64_t)(roll(4) ? 0 : near(constants)) << 32 | near(constants);
                answer = run(one, &data);
                if (answer != run(other, &data))
                        return false;
        }
        return true;
}

static bool same_for_number(const struct filter *one, const struct filter *other, uint32_t arch,
                            uint32_t number, const struct constants *constants)
{
        struct seccomp_data data = { .nr = (int)number, .arch = arch };

        asked = false;
        if (run(one, &data) != run(other, &data))
                return false;
        return !asked || same_for_arguments(one, other, data, constants);
}

static bool same_for_arch(const struct filter *one, const struct filter *other, uint32_t arch,
                          const struct constants *constants)
{
        static const uint32_t ranges[] = { 0, 0x40000000, 0x0f0000 }; /* x32, ARM's own */

        for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
                for (uint32_t number = 0; number < NUMBERS; number++)
                        if (!same_for_number(one, other, arch, ranges[i] + number, constants))
                                return false;
        for (size_t i = 0; i < constants->count; i++)
                if (!same_for_number(one, other, arch, constants->values[i] - 1, constants) ||
                    !same_for_number(one, other, arch, constants->values[i] + 1, constants) ||
                    !same_for_number(one, other, arch, ~constants->values[i], constants))
                        return false;
        return true;
}

static bool same_answers(const struct filter *one, const struct filter *other,
                         const struct constants *constants)
{
        static const uint32_t arches[] = { AUDIT_ARCH_X86_64,  AUDIT_ARCH_I386,  AUDIT_ARCH_AARCH64,
                                           AUDIT_ARCH_ARM,     AUDIT_ARCH_S390X, 0,
                                           AUDIT_ARCH_RISCV64, UINT32_MAX };

        for (size_t i = 0; i < sizeof arches / sizeof *arches; i++)
                if (!same_for_arch(one, other, arches[i], constants))
                        return false;
        return true;
}

/*
 * The default profile with the capabilities that containers have by default, as libseccomp compiles
 * it for two machines, and as a tree of its own. For the numbers of all calls, of the architectures
 * it knows and of others, tree and filter answer the same whatever the arguments are.
 */
static void test_real_filter(const char *name)
{
        const char *top = getenv("top_srcdir");
        AUTO_FREE char *path = str_format("%s/tests/unit/filters/%s", top ? top : ".", name);
        AUTO_FREE char *data = NULL, *what = str_format("all calls of the filter %s", name);
        AUTO_FILTER struct filter tree = { 0 };
        AUTO_ERROR struct error error = { 0 };
        struct filter filter;
        struct constants constants;
        size_t length, bound = 0;

        if (io_read_file(AT_FDCWD, path, 1 << 20, &data, &length, &error) < 0)
                errx(2, "%s", error.message);
        filter.count = length / sizeof *filter.code;
        filter.code = (struct sock_filter *)(void *)data;
        constants = find_constants(&filter);
        check(filter_tree_grow(&filter, &tree) && same_answers(&filter, &tree, &constants), what);
        /* and one wrong answer is found */
        while (bound < tree.count && tree.code[bound].code != (BPF_JMP | BPF_JGE | BPF_K))
                bound++;
        tree.code[bound].k++;
        check(!same_answers(&filter, &tree, &constants), "a tree that is wrong in one is noticed");
        free(constants.values);
        free(constants.arguments);
}

static void test_refused(void)
{
        struct sock_filter beyond[] = { LOAD(nr), IF(JEQ, 1, 0, 2), RETURN(0), RETURN(1) };
        struct sock_filter far[] = { LOAD(nr), JUMP(UINT32_MAX), RETURN(0) };
        struct sock_filter open_end[] = { LOAD(nr), IF(JEQ, 1, 0, 0), LOAD(arch) };
        struct sock_filter unloaded[] = { IF(JEQ, 0, 0, 1), RETURN(0), RETURN(1) };
        size_t count;

        check(!is_grown(NULL, 0, &count), "nothing is no filter");
        check(!is_grown(beyond, 4, &count), "a comparison leads beyond the end");
        check(!is_grown(far, 3, &count), "a jump does");
        check(!is_grown(open_end, 3, &count), "no answer at the end");
        check(!is_grown(unloaded, 3, &count), "a comparison before anything is loaded");
}

int main(void)
{
        size_t count;

        check(is_grown(usual, sizeof usual / sizeof *usual, &count), "a filter of the usual shape");
        test_long_filter();
        test_random_filters();
        test_real_filter("x86_64");
        test_real_filter("x86_64-optimized");
        test_real_filter("aarch64");
        test_refused();
        return tap_done();
}
