/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "src/base/io.h"
#include "src/base/settings.h"
#include "src/base/str.h"
#include "tests/tap.h"

#include <arpa/inet.h>
#include <unistd.h>

static char path[] = "/tmp/test-settings.XXXXXX";

static int load(const char *text, struct settings *settings, struct error *err)
{
        if (io_write_file(AT_FDCWD, path, text, strlen(text), 0600, IO_NO_SYNC, err) < 0)
                return -1;
        return settings_load(settings, err);
}

static void expect_error(const char *text, const char *message)
{
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *expected = str_format("%s:%s", path, message);

        check(load(text, &settings, &err) < 0, text);
        check_str(err.message, expected, "with file, line and reason");
}

static void expect_warning(const char *text, const char *message)
{
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *expected = str_format("%s:%s", path, message);

        check(load(text, &settings, &err) == 0, text);
        check(settings.warnings.count == 1, "one warning");
        check_str(settings.warnings.count ? settings.warnings.items[0] : NULL, expected,
                  "with file, line and suggestion");
        check_str(settings.log_driver, "none", "and the rest is read");
}

static void expect_pool(const struct settings_pool *pool, const char *address, unsigned prefix,
                        unsigned size)
{
        char text[INET6_ADDRSTRLEN] = "";

        inet_ntop(pool->family, pool->base, text, sizeof text);
        check_str(text, address, "a pool's address");
        check(pool->prefix == prefix && pool->size == size, "and prefixes");
}

static void test_values(void)
{
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_ERROR struct error err = { 0 };

        check(load("# a comment\n[storage]\npath = /srv/images ; too\nkeep-blobs = no\n"
                   "additional-stores = /a, /b\n   /c\nadditional-stores=/d\n\n[container]\n"
                   "stop-timeout=3\nlog-driver=none\nruntime=/r\nseccomp-profile=/s\n"
                   "[registry]\nsearch = docker.io localhost:5000\nauthfile = /auth\n"
                   "parallel-downloads = 9\nretry = 0\nretry-delay = 1.5s\nstall-timeout = 2m\n"
                   "[network]\ndefault-subnet = 10.1.0.0/16\n"
                   "pools = 172.20.0.0/14:26, fd00:1::/48\n",
                   &settings, &err) == 0,
              "a file is read");
        check_str(err.message, NULL, "without complaint");
        check_str(settings.storage, "/srv/images", "path");
        check(!settings.keep_blobs, "keep-blobs");
        check(settings.additional_stores.count == 4, "lists go on");
        check_str(settings.additional_stores.items[2], "/c", "on a line of their own as well");
        check_str(settings.log_driver, "none", "log-driver");
        check_str(settings.runtime, "/r", "runtime");
        check_str(settings.seccomp_profile, "/s", "seccomp-profile");
        check(settings.stop_timeout == 3, "stop-timeout");
        check(settings.search.count == 2, "search");
        check_str(settings.search.items[1], "localhost:5000", "a registry with a port");
        check_str(settings.authfile, "/auth", "authfile");
        check(settings.parallel == 9 && settings.retry == 0, "numbers");
        check(settings.retry_delay_ms == 1500 && settings.stall_ms == 120000, "times");
        expect_pool(&settings.default_subnet, "10.1.0.0", 16, 16);
        check(settings.pool_count == 2, "pools replace the default ones");
        expect_pool(&settings.pools[0], "172.20.0.0", 14, 26);
        expect_pool(&settings.pools[1], "fd00:1::", 48, 64);
        check(settings.warnings.count == 0, "no warning");
}

static void test_errors(void)
{
        AUTO_FREE char *longest = str_format("#%0196d\n[container]\nstop-timeout=x", 0);
        AUTO_FREE char *longer = str_format("\n#%0198d", 0);

        expect_error("[storage]\n\npath=x\n", "3: 'x' is not an absolute path");
        expect_error("[storage]\nadditional-stores=/x y\n", "2: 'y' is not an absolute path");
        expect_error("[storage]\nkeep-blobs=maybe\n", "2: 'maybe' is neither yes nor no");
        expect_error("[container]\nstop-timeout=soon\n", "2: 'soon' is not a number of seconds");
        expect_error("[container]\nlog-driver=k8s-file\n",
                     "2: 'k8s-file' is not one of journald, passthrough, none");
        expect_error("[container]\nwhat\n", "2: neither a section nor 'key = value'");
        expect_error("[registry]\nsearch=https://reg.lan\n",
                     "2: 'https://reg.lan': write the registry without https://");
        expect_error("[registry]\nsearch=reg\n",
                     "2: 'reg' is not a registry, such as reg.lan or host:5000");
        expect_error("[registry]\nparallel-downloads=0\n",
                     "2: '0' is not a number of layers (1 to 64)");
        expect_error("[registry]\nretry=-1\n", "2: '-1' is not a number of tries");
        expect_error("[registry]\nretry-delay=1x\n", "2: '1x' is not a time, such as 30s or 1m30s");
        expect_error("[registry]\nstall-timeout=10ms\n", "2: '10ms' is less than a second");
        expect_error("[network]\ndefault-subnet=10.1.2.3/16\n",
                     "2: '10.1.2.3/16' has bits behind its prefix, did you mean 10.1.0.0/16?");
        expect_error("[network]\npools=10.0.0.0\n",
                     "2: '10.0.0.0' is not a subnet, such as 10.89.0.0/16");
        expect_error("[network]\npools=10.0.0.0/31\n",
                     "2: '10.0.0.0/31' is not a subnet, such as 10.89.0.0/16");
        expect_error("[network]\npools=10.1.0.0/16:31\n",
                     "2: '10.1.0.0/16:31': '31' is not a network's prefix");
        expect_error("[network]\npools=10.1.0.0/16:8\n",
                     "2: '10.1.0.0/16:8': networks of /8 do not fit in /16");
        expect_error("[network]\npools=10.1.0.0/16 fd00::/8\npools=10.1.128.0/17\n",
                     "3: '10.1.128.0/17' overlaps another pool");
        expect_error(longest, "3: 'x' is not a number of seconds");
        expect_error(longer, "2: the line is longer than 198 bytes");
}

int main(void)
{
        AUTO_SETTINGS struct settings missing = { 0 };
        AUTO_ERROR struct error err = { 0 };
        int fd = mkstemp(path);

        if (fd < 0 || close(fd) < 0 || setenv("CRUNIT_CONF", path, 1) < 0)
                return 1;
        setenv("HOME", "/h", 1);
        unsetenv("XDG_DATA_HOME");
        unsetenv("CRUNIT_RUNTIME");
        test_values();
        test_errors();
        expect_warning("[storage]\npaht=/x\n[container]\nlog-driver=none\n",
                       "2: unknown setting 'paht' in [storage], did you mean path?; ignored");
        expect_warning("[container]\nlog-driver=none\n[storages]\npath=/x\n",
                       "4: unknown section 'storages', did you mean storage?; ignored");
        unlink(path);
        check(settings_load(&missing, &err) == 0, "no file is fine");
        check_str(missing.storage, geteuid() == 0 ? "/var/lib/crunit" : "/h/.local/share/crunit",
                  "and means the defaults");
        check(missing.keep_blobs && missing.parallel == 6 && missing.retry == 3 &&
                      missing.retry_delay_ms == 0 && missing.stall_ms == 30000 &&
                      missing.stop_timeout == 10 && missing.search.count == 0 &&
                      !missing.authfile && missing.pool_count == 5,
              "all of them");
        expect_pool(&missing.default_subnet, "10.88.0.0", 16, 16);
        expect_pool(&missing.pools[4], "10.128.0.0", 9, 24);
        return tap_done();
}
