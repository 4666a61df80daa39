/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

/* What uname(2) calls a machine, and what OCI does. */
static const struct platform_machine {
        const char *machine;
        const char *architecture;
        const char *variant;
} platform_machines[] = {
        { "x86_64", "amd64", NULL },    { "aarch64", "arm64", "v8" },
        { "armv7l", "arm", "v7" },      { "armv8l", "arm", "v7" },
        { "armv6l", "arm", "v6" },      { "armv5tel", "arm", "v5" },
        { "i386", "386", NULL },        { "i486", "386", NULL },
        { "i586", "386", NULL },        { "i686", "386", NULL },
        { "ppc64le", "ppc64le", NULL }, { "s390x", "s390x", NULL },
        { "riscv64", "riscv64", NULL }, { "loongarch64", "loong64", NULL },
        { "mips64", "mips64le", NULL },
};

/* What a processor must have for each level of the x86-64 psABI, in the words of /proc/cpuinfo. */
static const struct platform_level {
        const char *variant;
        const char *flags;
} platform_levels[] = {
        { "v2", "cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3" },
        { "v3", "abm avx avx2 bmi1 bmi2 f16c fma movbe xsave" },
        { "v4", "avx512bw avx512cd avx512dq avx512f avx512vl" },
};

static bool platform_has_flags(const char *cpu, const char *wanted)
{
        AUTO_STRV struct strv flags = { 0 };

        strv_split(&flags, wanted, " ", false);
        for (size_t i = 0; i < flags.count; i++) {
                AUTO_FREE char *word = str_format(" %s ", flags.items[i]);

                if (!strstr(cpu, word))
                        return false;
        }
        return true;
}

/* The first "flags" line of /proc/cpuinfo with a blank at either end, or NULL. */
static char *platform_cpu_flags(void)
{
        AUTO_FCLOSE FILE *file = fopen("/proc/cpuinfo", "re");
        AUTO_FREE char *line = NULL;
        size_t size = 0;

        while (file && getline(&line, &size, file) > 0) {
                const char *colon = strchr(line, ':');

                if (!str_has_prefix(line, "flags") || !colon)
                        continue;
                line[strcspn(line, "\n")] = '\0';
                return str_format("%s ", colon + 1);
        }
        return NULL;
}

static const char *platform_amd64_variant(void)
{
        static char found[3];
        AUTO_FREE char *flags = NULL;

        if (found[0])
                return found;
        strcpy(found, "v1");
        flags = platform_cpu_flags();
        for (size_t i = 0; flags && i < sizeof platform_levels / sizeof *platform_levels; i++) {
                if (!platform_has_flags(flags, platform_levels[i].flags))
                        break;
                strcpy(found, platform_levels[i].variant);
        }
        return found;
}

struct platform platform_host(void)
{
        static struct utsname host;
        struct platform platform = { .os = "linux" };

        uname(&host);
        platform.architecture = host.machine;
        for (size_t i = 0; i < sizeof platform_machines / sizeof *platform_machines; i++) {
                if (!str_equal(host.machine, platform_machines[i].machine))
                        continue;
                platform.architecture = platform_machines[i].architecture;
                platform.variant = platform_machines[i].variant;
        }
        return platform;
}

/* "v7" → 7; a missing or odd variant is 0, which everything of that architecture runs. */
static int platform_variant_number(const char *variant)
{
        unsigned long long number = 0;

        if (variant && *variant == 'v')
                str_to_u64(variant + 1, 99, &number);
        return (int)number;
}

static int platform_rank_variant(const struct platform *host, const struct platform *offered)
{
        int wanted = platform_variant_number(offered->variant);
        const char *own = host->variant;

        if (!wanted)
                return 100;
        if (!own && str_equal(host->architecture, "amd64"))
                own = platform_amd64_variant();
        if (own && wanted > platform_variant_number(own))
                return 0;
        return 100 + wanted;
}

int platform_rank(const struct platform *host, const struct platform *offered)
{
        const char *architecture = offered->architecture;

        if (!str_empty(offered->os) && !str_equal(offered->os, host->os))
                return 0;
        if (str_empty(architecture))
                return 1;
        if (str_equal(architecture, host->architecture))
                return platform_rank_variant(host, offered);
        if (str_equal(architecture, "386") && str_equal(host->architecture, "amd64"))
                return 10;
        if (str_equal(architecture, "arm") && str_equal(host->architecture, "arm64"))
                return 10 + platform_variant_number(offered->variant) % 10;
        return 0;
}

char *platform_text(const struct platform *platform)
{
        return str_format("%s/%s%s%s", platform->os ? platform->os : "unknown",
                          platform->architecture ? platform->architecture : "unknown",
                          platform->variant ? "/" : "", platform->variant ? platform->variant : "");
}
