/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When crunit-image is asked for an image, with which words, and what its answers lead to. A script
 * stands for it; the real one is tested on machines. */
#include "src/base/io.h"
#include "src/container/fetch.h"
#include "src/container/image-program.h"
#include "src/container/interrupt.h"
#include "tests/tap.h"

#include <errno.h>

static char top[] = "/tmp/test-fetch.XXXXXX";
static char *storage, *script, *called;
static sigset_t signals;
static char *warning;

static void note_warning(const char *line)
{
        free(warning);
        warning = str_dup(line);
}

static void write_script(const char *text)
{
        AUTO_FREE char *all = str_format("#!/bin/sh\necho \"$*\" >>%s\n%s\n", called, text);
        AUTO_ERROR struct error err = { 0 };

        if (io_write_file(AT_FDCWD, script, all, strlen(all), 0755, IO_NO_SYNC, &err) < 0)
                exit(1);
        unlink(called);
}

static char *read_calls(void)
{
        char *text = NULL;

        io_read_file(AT_FDCWD, called, 1 << 16, &text, NULL, NULL);
        return text;
}

/* One fetch of what cannot be there; what it says is in err. */
static void fetch_with(struct container_spec *spec, const char *image, const char *pull,
                       struct error *err)
{
        AUTO_STORE struct store store = STORE_NONE;
        AUTO_IMAGE struct image found = { 0 };
        const struct fetch fetch = {
                .spec = spec, .storage = storage, .signals = &signals, .warn = note_warning
        };

        str_replace(&spec->image, image);
        str_replace(&spec->pull, pull);
        error_clear(err);
        free(warning);
        warning = NULL;
        check(fetch_image(&fetch, &store, &found, err) < 0, "the store is empty");
}

static void expect_calls(const char *expected, const char *what)
{
        AUTO_FREE char *text = read_calls();

        check_str(text, expected, what);
        unlink(called);
}

static void test_policies(void)
{
        AUTO_SPEC struct container_spec spec = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *missing = str_format("pull --root=%s --policy=missing -- web\n", storage);
        AUTO_FREE char *always =
                str_format("pull --root=%s --policy=always --retry=5 -- web\n", storage);
        AUTO_FREE char *newer =
                str_format("pull --root=%s --policy=newer --retry=5 -- web\n", storage);

        spec_init(&spec);
        write_script("exit 1");
        fetch_with(&spec, "web", NULL, &err);
        expect_calls(missing, "missing is the default, and asks");
        check(!err.message && err.code == EIO, "the program said what is wrong");
        fetch_with(&spec, "web", "missing", &err);
        expect_calls(missing, "missing asks");
        fetch_with(&spec, "web", "never", &err);
        expect_calls(NULL, "never does not");
        check(err.message && strstr(err.message, "--pull is never"), "and says so");
        fetch_with(&spec, "sha256:1234", "missing", &err);
        expect_calls(NULL, "an id is not asked for");
        check(err.message && strstr(err.message, "an id cannot be pulled"), "and it says so");
        strv_append(&spec.pull_options, "--retry=5");
        fetch_with(&spec, "web", "always", &err);
        expect_calls(always, "always asks, with the options");
        fetch_with(&spec, "web", "newer", &err);
        expect_calls(newer, "newer asks");
        check(!err.message && !warning, "an image that is neither pulled nor there fails");
}

static void test_places(void)
{
        AUTO_SPEC struct container_spec spec = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *name =
                str_format("pull --root=%s --policy=missing -- reg.lan/a/web\n", storage);
        AUTO_FREE char *archive =
                str_format("pull --root=%s --policy=always -- oci:/x:1\n", storage);
        AUTO_FREE char *short_name =
                str_format("pull --root=%s --policy=missing -- oci:1\n", storage);

        spec_init(&spec);
        write_script("exit 1");
        fetch_with(&spec, "docker://reg.lan/a/web", NULL, &err);
        expect_calls(name, "docker:// is how others write a name");
        fetch_with(&spec, "oci:/x:1", NULL, &err);
        expect_calls(archive, "what is elsewhere is loaded");
        fetch_with(&spec, "oci:1", NULL, &err);
        expect_calls(short_name, "a name may look like a transport");
        fetch_with(&spec, "oci:/x:1", "never", &err);
        expect_calls(NULL, "never means never");
        check_str(err.message, "oci:/x:1 has to be loaded, and --pull is never", "and it says so");
        fetch_with(&spec, "docker-daemon:a/b", NULL, &err);
        expect_calls(NULL, "what nobody can read is not tried");
        check(err.code == ENOSYS, "and it says why");
}

static void test_answers(void)
{
        AUTO_SPEC struct container_spec spec = { 0 };
        AUTO_ERROR struct error err = { 0 };

        spec_init(&spec);
        write_script("echo Getting web\nprintf '%064d\\n' 7");
        fetch_with(&spec, "web", "missing", &err);
        check(err.code == ENOENT && strstr(err.message, "sha256:0000"),
              "the image with the id that was printed is looked up");
        write_script("echo nothing of use");
        fetch_with(&spec, "web", "missing", &err);
        check(err.code == ENOENT && strstr(err.message, "'web'"), "without one, the name");
        setenv("CRUNIT_LIBEXECDIR", "/nonexistent", 1);
        fetch_with(&spec, "web", "missing", &err);
        check_str(err.message,
                  "cannot execute /nonexistent/crunit-image: No such file or directory",
                  "a program that is not there");
        setenv("CRUNIT_LIBEXECDIR", top, 1);
}

static void test_platform(void)
{
        AUTO_SPEC struct container_spec spec = { 0 };
        AUTO_ERROR struct error err = { 0 };

        spec_init(&spec);
        spec.arch = str_dup("s390x");
        write_script("exit 0");
        fetch_with(&spec, "web", "always", &err);
        expect_calls(NULL, "what the machine cannot run is not pulled");
        check(err.code == ENOEXEC &&
                      str_has_prefix(err.message, "an image for linux/s390x is asked for, and this "
                                                  "machine is linux/"),
              "and it says why");
}

/* The program is told to stop when we are, and we wait for its end. */
static void test_interrupt(void)
{
        AUTO_STRV struct strv args = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *said = NULL;
        AUTO_FREE char *text = NULL;
        const struct image_program program = { .args = &args, .signals = &signals };

        write_script("trap 'echo stopped >>$0.said; exit 0' TERM\nkill -TERM $PPID\n"
                     "while :; do sleep 0.01; done");
        check(image_program_run(&program, &said, &err) < 0 && err.code == EINTR, "we are stopped");
        text = str_concat(script, ".said");
        check(access(text, F_OK) == 0, "and so is the program, in its own way");
        check(interrupt_take() == SIGTERM, "the signal waits to be taken");
}

static void test_output(void)
{
        AUTO_STRV struct strv args = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *said = NULL;
        struct image_program program = { .args = &args, .signals = &signals, .silent = true };
        char lines[] = "one\ncrunit: two\n\n", empty[] = "";

        write_script("echo out; echo crunit: wrong >&2; exit 3");
        check(image_program_run(&program, &said, &err) == 3, "the exit status");
        check_str(said, "out\ncrunit: wrong\n", "and all that was said");
        write_script("kill -KILL $$");
        free(said);
        said = NULL;
        check(image_program_run(&program, &said, &err) == 128 + SIGKILL, "or the signal");
        check_str(image_program_last_line(lines), "two", "the last line without our name");
        check_str(image_program_last_line(empty), "", "of nothing");
}

int main(void)
{
        AUTO_ERROR struct error err = { 0 };

        if (!mkdtemp(top))
                return 1;
        storage = str_concat(top, "/store");
        script = str_concat(top, "/crunit-image");
        called = str_concat(top, "/called");
        setenv("CRUNIT_LIBEXECDIR", top, 1);
        unsetenv("NOTIFY_SOCKET");
        interrupt_block(&signals);
        test_policies();
        test_places();
        test_answers();
        test_platform();
        test_output();
        test_interrupt();
        io_remove_tree(AT_FDCWD, top, &err);
        free(storage);
        free(script);
        free(called);
        free(warning);
        return tap_done();
}
