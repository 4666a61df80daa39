/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The small parsers behind the options of `crunit run`: sizes, signals, paths, limits,
 * capabilities. */
#include "src/container/caps.h"
#include "src/container/path.h"
#include "src/container/signal.h"
#include "src/container/size.h"
#include "src/container/ulimit.h"
#include "tests/tap.h"

#include <signal.h>

static void test_size(void)
{
        static const struct {
                const char *text;
                uint64_t bytes;
        } good[] = {
                { "0", 0 },
                { "1024", 1024 },
                { "1b", 1 },
                { "1B", 1 },
                { "2k", 2048 },
                { "2K", 2048 },
                { "2kb", 2048 },
                { "2KiB", 2048 },
                { "1.5g", UINT64_C(1610612736) },
                { "0.25m", 262144 },
                { "1.0005k", 1024 },
                { "3t", UINT64_C(3298534883328) },
                { "8191p", UINT64_C(8191) << 50 },
                { "9223372036854775807", INT64_MAX },
        };
        static const char *const bad[] = { "",      "12Q",      "k",    "-1",
                                           "+1",    " 1",       "1 ",   "1 k",
                                           "1.",    ".5",       "1.5.", "1bb",
                                           "1bib",  "1kk",      "0x10", "9223372036854775808",
                                           "8192p", "8388608t", "1k\n" };

        for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
                uint64_t bytes = 1;

                check(size_parse(good[i].text, &bytes) && bytes == good[i].bytes, good[i].text);
        }
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                AUTO_FREE char *what = str_format("'%s' is no size", bad[i]);
                uint64_t bytes;

                check(!size_parse(bad[i], &bytes), what);
        }
}

static void test_signal(void)
{
        static const struct {
                const char *text;
                int number;
        } cases[] = {
                { "TERM", SIGTERM },  { "SIGTERM", SIGTERM }, { "sigterm", SIGTERM },
                { "15", 15 },         { "64", 64 },           { "RTMIN", 34 },
                { "SIGRTMIN+3", 37 }, { "rtmin+30", 64 },     { "SIGRTMAX-1", 63 },
                { "RTMAX", 64 },      { "CLD", SIGCHLD },     { "IOT", SIGABRT },
                { "0", -1 },          { "65", -1 },           { "", -1 },
                { "SIG", -1 },        { "SIGTERMS", -1 },     { "RTMIN-1", -1 },
                { "RTMIN+31", -1 },   { "RTMIN+", -1 },       { "RTMAX+1", -1 },
                { "RTMIN 3", -1 },    { "-15", -1 },
        };

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                AUTO_FREE char *what = str_format("signal '%s'", cases[i].text);

                check(signal_parse(cases[i].text) == cases[i].number, what);
        }
        for (int number = 1; number <= 64; number++) {
                AUTO_FREE char *name = signal_name(number);

                if (number < 32 || number > 33)
                        check(signal_parse(name) == number, name);
        }
}

static void test_path(void)
{
        static const char *const cases[][2] = {
                { "/", "/" },
                { "//", "/" },
                { "/a/", "/a" },
                { "/a//b/./c", "/a/b/c" },
                { "/a/../b", "/b" },
                { "/..", "/" },
                { "/../../a", "/a" },
                { "/a/b/..", "/a" },
                { "/a/..", "/" },
                { "/...", "/..." },
                { "a/b", "/a/b" },
                { "/.a/..b", "/.a/..b" },
                { "/ab/cd/../..", "/" },
        };

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                AUTO_FREE char *clean = path_clean(cases[i][0]);

                check_str(clean, cases[i][1], cases[i][0]);
        }
        check(path_is_below("/a/b", "/a"), "a child is below");
        check(path_is_below("/a", "/a"), "the directory itself counts");
        check(!path_is_below("/ab", "/a"), "a longer name is not below");
        check(path_is_below("/x", "/"), "everything is below the root");
        check(path_depth("/") == 0 && path_depth("/a") == 1 && path_depth("/a/b") == 2,
              "components are counted");
}

static void test_ulimit(void)
{
        AUTO_ERROR struct error err = { 0 };
        struct spec_ulimit limit = { 0 };

        check(ulimit_parse("nofile=10:20", &limit, &err) == 0 && limit.soft == 10 &&
                      limit.hard == 20,
              "soft and hard");
        check_str(limit.type, "RLIMIT_NOFILE", "the type is the runtime's name");
        check(ulimit_parse("core=-1", &limit, &err) == 0 && limit.soft == UINT64_MAX &&
                      limit.hard == UINT64_MAX,
              "-1 is unlimited, for both");
        check(ulimit_parse("cpu=1:unlimited", &limit, &err) == 0 && limit.hard == UINT64_MAX,
              "so is the word");
        check(ulimit_parse("cpu=-1:5", &limit, &err) < 0, "unlimited above a limit is refused");
        check(ulimit_parse("cpu=", &limit, NULL) < 0, "an empty value is refused");
        check(ulimit_parse("cpu=1:2:3", &limit, NULL) < 0, "three values are refused");
        check(ulimit_parse("=1", &limit, NULL) < 0, "an empty name is refused");
}

static void combine(const char *add, const char *drop, uint64_t bounding, uint64_t expected,
                    const char *what)
{
        AUTO_STRV struct strv added = { 0 }, dropped = { 0 };
        AUTO_ERROR struct error err = { 0 };
        uint64_t set = 0;

        strv_split(&added, add, " ", false);
        strv_split(&dropped, drop, " ", false);
        check(caps_combine(&added, &dropped, bounding, &set, &err) == 0 && set == expected, what);
}

static void test_caps(void)
{
        uint64_t all = (UINT64_C(1) << 41) - 1;
        AUTO_STRV struct strv added = { 0 }, none = { 0 };
        AUTO_ERROR struct error err = { 0 };
        uint64_t set = 7;

        check_str(caps_canonical("net_raw"), "CAP_NET_RAW", "bare, in lower case");
        check_str(caps_canonical("Cap_Net_Raw"), "CAP_NET_RAW", "with the prefix");
        check_str(caps_canonical("all"), "ALL", "all");
        check(!caps_canonical("cap_") && !caps_canonical("") && !caps_canonical("CAP_CAP_KILL"),
              "no name");
        check_str(caps_name(40), "CAP_CHECKPOINT_RESTORE", "the last one known");
        check(!caps_name(41), "none behind it");
        check(caps_default() == 0x800405fb, "the eleven that a container has");
        combine("", "", all, 0x800405fb, "nothing said");
        combine("CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_SETGID CAP_SETUID CAP_KILL "
                "CAP_NET_RAW",
                "ALL", all, 0x20eb, "all dropped, seven added");
        combine("ALL", "", all, all, "all added");
        combine("ALL", "CAP_SYS_ADMIN", all, all & ~(UINT64_C(1) << 21), "all but one");
        combine("", "CAP_KILL", all, 0x800405fb & ~(UINT64_C(1) << 5), "one dropped");
        combine("", "", 0x3, 0x3, "never more than we may give");
        strv_append(&added, "CAP_NET_RAW");
        check(caps_combine(&added, &none, 0x3, &set, &err) < 0 && set == 7,
              "asking for more than that is an error");
        check_str(err.message,
                  "--cap-add CAP_NET_RAW: the kernel does not know it or it is not in our own "
                  "bounding set",
                  "which names the capability");
}

int main(void)
{
        test_size();
        test_signal();
        test_path();
        test_ulimit();
        test_caps();
        return tap_done();
}
