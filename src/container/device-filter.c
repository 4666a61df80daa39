/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device-filter.h"

#include "cgroup.h"

#include <errno.h>
#include <linux/bpf.h>
#include <sys/syscall.h>

enum {
        FILTER_ANY = -1,
        FILTER_RULES_MAX = 400,
};

struct filter_rule {
        int type; /* BPF_DEVCG_DEV_*, or FILTER_ANY */
        int64_t major, minor;
        int access; /* BPF_DEVCG_ACC_* */
};

struct filter {
        struct bpf_insn *code; /* owned */
        size_t count;
};

/* What the runtime gives to every container, and that it makes nodes. */
static const struct filter_rule filter_defaults[] = {
        { BPF_DEVCG_DEV_CHAR, FILTER_ANY, FILTER_ANY, BPF_DEVCG_ACC_MKNOD },
        { BPF_DEVCG_DEV_BLOCK, FILTER_ANY, FILTER_ANY, BPF_DEVCG_ACC_MKNOD },
        { BPF_DEVCG_DEV_CHAR, 1, 3, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE },
        { BPF_DEVCG_DEV_CHAR, 1, 5, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE },
        { BPF_DEVCG_DEV_CHAR, 1, 7, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE },
        { BPF_DEVCG_DEV_CHAR, 1, 8, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE },
        { BPF_DEVCG_DEV_CHAR, 1, 9, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE },
        { BPF_DEVCG_DEV_CHAR, 5, 0, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE },
        { BPF_DEVCG_DEV_CHAR, 5, 2, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE },
        { BPF_DEVCG_DEV_CHAR, 136, FILTER_ANY, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE },
};

static void filter_free(struct filter *filter)
{
        free(filter->code);
}

static void filter_add(struct filter *filter, unsigned code, unsigned to, unsigned from, int skip,
                       int32_t value)
{
        filter->code = alloc_grow(filter->code, filter->count + 1, sizeof *filter->code);
        filter->code[filter->count++] = (struct bpf_insn){ .code = (__u8)code,
                                                           .dst_reg = to & 15,
                                                           .src_reg = from & 15,
                                                           .off = (__s16)skip,
                                                           .imm = value };
}

/* Registers: 2 the type, 3 what is wanted, 4 and 5 the numbers. */
static void filter_begin(struct filter *filter)
{
        filter_add(filter, BPF_LDX | BPF_MEM | BPF_W, 2, 1, 0, 0);
        filter_add(filter, BPF_ALU | BPF_MOV | BPF_X, 3, 2, 0, 0);
        filter_add(filter, BPF_ALU | BPF_AND | BPF_K, 2, 0, 0, 0xffff);
        filter_add(filter, BPF_ALU | BPF_RSH | BPF_K, 3, 0, 0, 16);
        filter_add(filter, BPF_LDX | BPF_MEM | BPF_W, 4, 1, 4, 0);
        filter_add(filter, BPF_LDX | BPF_MEM | BPF_W, 5, 1, 8, 0);
}

static void filter_end(struct filter *filter, int verdict)
{
        filter_add(filter, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, verdict);
        filter_add(filter, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* Each test jumps behind the rule where it fails; how far is known at the end. */
static void filter_rule(struct filter *filter, const struct filter_rule *rule)
{
        size_t first = filter->count;

        if (rule->type != FILTER_ANY)
                filter_add(filter, BPF_JMP | BPF_JNE | BPF_K, 2, 0, 0, rule->type);
        filter_add(filter, BPF_ALU | BPF_MOV | BPF_X, 1, 3, 0, 0);
        filter_add(filter, BPF_ALU | BPF_AND | BPF_K, 1, 0, 0, ~rule->access & 7);
        filter_add(filter, BPF_JMP | BPF_JNE | BPF_K, 1, 0, 0, 0);
        if (rule->major != FILTER_ANY)
                filter_add(filter, BPF_JMP | BPF_JNE | BPF_K, 4, 0, 0, (int32_t)rule->major);
        if (rule->minor != FILTER_ANY)
                filter_add(filter, BPF_JMP | BPF_JNE | BPF_K, 5, 0, 0, (int32_t)rule->minor);
        filter_end(filter, 1);
        for (size_t i = first; i < filter->count; i++)
                if (filter->code[i].code == (BPF_JMP | BPF_JNE | BPF_K))
                        filter->code[i].off = (__s16)(filter->count - i - 1);
}

static int filter_access(const char *text)
{
        return (strchr(text, 'r') ? BPF_DEVCG_ACC_READ : 0) |
               (strchr(text, 'w') ? BPF_DEVCG_ACC_WRITE : 0) |
               (strchr(text, 'm') ? BPF_DEVCG_ACC_MKNOD : 0);
}

/* A rule of the runtime's configuration; one that forbids is what we do anyway. */
static int filter_read_rule(struct filter *filter, struct json_object *object, struct error *err)
{
        struct filter_rule rule = { FILTER_ANY, FILTER_ANY, FILTER_ANY, 0 };
        const char *type = "a", *access = "rwm";
        bool allow = false;

        if (json_get_bool(object, "allow", &allow, err) < 0 ||
            json_get_string(object, "type", &type, err) < 0 ||
            json_get_string(object, "access", &access, err) < 0 ||
            json_get_int(object, "major", &rule.major, err) < 0 ||
            json_get_int(object, "minor", &rule.minor, err) < 0)
                return -1;
        if (!allow)
                return 0;
        if (*type == 'b' || *type == 'c')
                rule.type = *type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
        rule.access = filter_access(access);
        filter_rule(filter, &rule);
        return 0;
}

static int filter_attach(const struct filter *filter, const char *cgroup, struct error *err)
{
        static const char license[] = "GPL";
        AUTO_CLOSE int group = cgroup_open(cgroup, err);
        AUTO_CLOSE int program = -1;
        union bpf_attr attributes;

        if (group < 0)
                return -1;
        memset(&attributes, 0, sizeof attributes);
        attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
        attributes.insns = (uintptr_t)filter->code;
        attributes.insn_cnt = (__u32)filter->count;
        attributes.license = (uintptr_t)license;
        program = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes);
        if (program < 0)
                return error_errno(err, errno, "cannot load a filter for devices");
        memset(&attributes, 0, sizeof attributes);
        attributes.attach_type = BPF_CGROUP_DEVICE;
        attributes.target_fd = (__u32)group;
        attributes.attach_bpf_fd = (__u32)program;
        attributes.attach_flags = BPF_F_ALLOW_MULTI;
        if (syscall(SYS_bpf, BPF_PROG_ATTACH, &attributes, sizeof attributes) < 0)
                return error_errno(err, errno, "cannot attach a filter for devices");
        return 0;
}

int device_filter_install(const char *cgroup, struct json_object *rules, struct error *err)
{
        CLEANUP(filter_free) struct filter filter = { 0 };

        if (json_object_array_length(rules) > FILTER_RULES_MAX)
                return error_set(err, E2BIG, "too many devices for a filter: more than %d",
                                 FILTER_RULES_MAX);
        filter_begin(&filter);
        for (size_t i = 0; i < sizeof filter_defaults / sizeof *filter_defaults; i++)
                filter_rule(&filter, &filter_defaults[i]);
        for (size_t i = 0; i < json_object_array_length(rules); i++)
                if (filter_read_rule(&filter, json_object_array_get_idx(rules, i), err) < 0)
                        return -1;
        filter_end(&filter, 0);
        return filter_attach(&filter, cgroup, err);
}
