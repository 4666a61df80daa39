/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "src/container/oom.h"
#include "src/container/task.h"
#include "src/container/usage.h"
#include "tests/tap.h"

#include <unistd.h>

static void test_net(void)
{
        static const char text[] =
                "Inter-|   Receive                                                |  Transmit\n"
                " face |bytes    packets errs drop fifo frame compressed multicast|bytes    "
                "packets "
                "errs drop fifo colls carrier compressed\n"
                "    lo:     900      9    0    0    0     0          0         0      900       9 "
                "   0    0    0     0       0          0\n"
                "  eth0:    1000     10    0    0    0     0          0         0       70       1 "
                "   0    0    0     0       0          0\n"
                "eth1:5 1 0 0 0 0 0 0 18446744073709551 1 0 0 0 0 0 0\n"
                "broken: 1 2\n";
        uint64_t received, sent;

        usage_parse_net(text, &received, &sent);
        check(received == 1005, "received on all but lo");
        check(sent == UINT64_C(18446744073709621), "sent on all but lo");
}

static void test_io(void)
{
        uint64_t read, written;

        usage_parse_io("8:0 rbytes=100 wbytes=20 rios=1 wios=2 dbytes=7 dios=0\n"
                       "8:16 rbytes=11 wbytes=22 rios=1\n",
                       &read, &written);
        check(read == 111 && written == 42, "all devices are added up");
        usage_parse_io("", &read, &written);
        check(read == 0 && written == 0, "none is nothing");
}

static void test_stat(void)
{
        struct task task = { 0 };
        long ticks = sysconf(_SC_CLK_TCK), page = sysconf(_SC_PAGESIZE);

        check(task_parse_stat("7 (a) R (b) S) S 1 7 7 34816 7 4194560 1 2 3 4 150 50 0 0 20 -5 1 0 "
                              "12345 8192000 25 18446744073709551615 1 1",
                              &task),
              "a name may hold anything");
        check(task.state == 'S' && task.tty == 34816 && task.nice == -5, "state, terminal, nice");
        check(task.cpu == (uint64_t)(200 * 1000 / ticks), "time");
        check(task.vsz == 8192000 && task.rss == (uint64_t)(25 * page), "sizes");
        check(!task_parse_stat("7 no", &task) && !task_parse_stat("7 (x) S 1", &task),
              "what is cut off is refused");
}

static void test_oom(void)
{
        AUTO_FREE char *legacy = NULL, *joint = NULL;

        check(oom_parse("low 0\nhigh 1\nmax 22\noom 3\noom_kill 4\noom_group_kill 5\n") == 4,
              "memory.events");
        check(oom_parse("oom_kill_disable 0\nunder_oom 1\noom_kill 7\n") == 7,
              "memory.oom_control");
        check(oom_parse("oom 3\noom_group_kill 5\n") == 0 && oom_parse("") == 0,
              "none, where it is not counted");
        legacy = oom_legacy_file("8:pids:/a\n4:memory:/system.slice/a:b.service\n0::/c\n");
        check_str(legacy, "/sys/fs/cgroup/memory/system.slice/a:b.service/memory.oom_control",
                  "the group of the old hierarchy");
        joint = oom_legacy_file("4:cpu,memory:/a\n");
        check_str(joint, "/sys/fs/cgroup/memory/a/memory.oom_control", "of one with others");
        check(!oom_legacy_file("0::/system.slice/memory.service\n") &&
                      !oom_legacy_file("x\n4:memory"),
              "no such hierarchy");
}

int main(void)
{
        test_oom();
        test_net();
        test_io();
        test_stat();
        return tap_done();
}
