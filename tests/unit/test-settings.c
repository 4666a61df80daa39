/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "src/base/io.h"
#include "src/base/settings.h"
#include "src/base/str.h"
#include "tests/tap.h"

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

int main(void)
{
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_SETTINGS struct settings missing = { 0 };
        AUTO_ERROR struct error err = { 0 };
        int fd = mkstemp(path);

        if (fd < 0 || close(fd) < 0 || setenv("CRUNIT_CONF", path, 1) < 0)
                return 1;
        check(load("# a comment\n[storage]\npath = /srv/images ; too\n\n[container]\n"
                   "stop-timeout=3\nlog-driver=none\n",
                   &settings, &err) == 0,
              "a file is read");
        check_str(settings.storage, "/srv/images", "path");
        check_str(settings.log_driver, "none", "log-driver");
        check(settings.stop_timeout == 3, "stop-timeout");
        expect_error("[storage]\npaht=/x\n",
                     "2: unknown setting 'paht' in [storage], did you mean path?");
        expect_error("[storage]\n\npath=x\n", "3: 'x' is not an absolute path");
        expect_error("[container]\nstop-timeout=soon\n", "2: 'soon' is not a number of seconds");
        expect_error("[container]\nlog-driver=k8s-file\n",
                     "2: 'k8s-file' is not one of journald, passthrough, none");
        expect_error("[container]\nwhat\n", "2: neither a section nor 'key = value'");
        unlink(path);
        check(settings_load(&missing, &err) == 0, "no file is fine");
        check_str(missing.storage, "/var/lib/crunit", "and means the defaults");
        return tap_done();
}
