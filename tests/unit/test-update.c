/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which containers ask for an update and what is found out about them, without changing anything. A
 * script stands for crunit-image; the restarts are tested on machines. */
#include "src/base/io.h"
#include "src/base/json.h"
#include "src/container/interrupt.h"
#include "src/container/state.h"
#include "src/container/update.h"
#include "tests/tap.h"

#include <errno.h>

/* Ids of configurations and digests of manifests. */
#define HEX(digit)                                                                                 \
#digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit
#define ID(digit) HEX(digit) HEX(digit) HEX(digit) HEX(digit)

static char top[] = "/tmp/test-update.XXXXXX";
static char *storage, *script, *called;
static sigset_t signals;
static struct strv warnings;

static void note_warning(const char *line)
{
        strv_append(&warnings, line);
}

static void put(const char *path, const char *text, mode_t mode)
{
        AUTO_FREE char *parent = str_dupn(path, (size_t)(strrchr(path, '/') - path));

        if (io_make_dirs(AT_FDCWD, parent, 0755, NULL) < 0 ||
            io_write_file(AT_FDCWD, path, text, strlen(text), mode, IO_NO_SYNC, NULL) < 0)
                exit(1);
}

/* crunit-image says this of every name. */
static void answer(const char *text)
{
        AUTO_FREE char *all = str_format("#!/bin/sh\necho \"$*\" >>%s\n%s\n", called, text);

        put(script, all, 0755);
        unlink(called);
}

static void put_blob(const char *hex, const char *text)
{
        AUTO_FREE char *path = str_format("%s/blobs/sha256/%s", storage, hex);

        put(path, text, 0644);
}

/* The name means the manifest a…, the configuration b…. */
static void make_store(const char *name)
{
        AUTO_FREE char *index = str_format("%s/index.json", storage);
        AUTO_FREE char *text = str_format(
                "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"application/"
                "vnd.oci.image.manifest.v1+json\",\"digest\":\"sha256:" ID(
                        a) "\",\"size\":1,"
                           "\"annotations\":{\"org.opencontainers.image.ref.name\":\"%s\"}}]}",
                name);

        put(index, text, 0644);
        put_blob(ID(a), "{\"schemaVersion\":2,\"config\":{\"digest\":\"sha256:" ID(
                                b) "\",\"size\":1},\"layers\":[]}");
        put_blob(ID(b), "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}");
}

/* A container that runs, since we do. */
static void make_container(const char *name, const char *image, const char *id, const char *policy,
                           const char *unit)
{
        AUTO_STATE struct container_state state = { .id = str_dup(ID(c)),
                                                    .name = str_dup(name),
                                                    .image = str_dup(id),
                                                    .image_name = str_dup(image),
                                                    .unit = str_dup(unit) };
        AUTO_FREE char *run = str_format("%s/run/containers/%s@", top, name);

        strv_append(&state.labels, "io.containers.autoupdate=disabled");
        if (policy)
                strv_appendf(&state.labels, "io.containers.autoupdate=%s", policy);
        if (io_make_dirs(AT_FDCWD, run, 0755, NULL) < 0 ||
            process_identify(getpid(), &state.init, NULL) < 0 || state_write(run, &state, NULL) < 0)
                exit(1);
}

static void forget_containers(void)
{
        AUTO_FREE char *all = str_format("%s/run/containers", top);

        io_remove_tree(AT_FDCWD, all, NULL);
        strv_free(&warnings);
}

static void look(struct update *ret)
{
        const struct update_options options = { .storage = storage,
                                                .authfile = "/auth.json",
                                                .tls_verify = 0,
                                                .dry_run = true,
                                                .rollback = true,
                                                .signals = &signals,
                                                .warn = note_warning };
        AUTO_ERROR struct error err = { 0 };

        check(update_run(&options, ret, &err) == 0, err.message ? err.message : "a look succeeds");
}

/* One container, and what is said of it. */
static void check_one(const char *image, const char *id, const char *policy, const char *said,
                      const char *expected, const char *what)
{
        AUTO_UPDATE struct update update = { 0 };

        forget_containers();
        answer(said);
        make_container("web", image, id, policy, "web.service");
        look(&update);
        if (check(update.count == (expected ? 1 : 0), what) && expected)
                check_str(update.rows[0].updated, expected, what);
        check(update.failed == str_equal(expected, "failed"), "and that counts");
}

static void check_calls(const char *expected)
{
        AUTO_FREE char *text = NULL;

        io_read_file(AT_FDCWD, called, 1 << 16, &text, NULL, NULL);
        check_str(text, expected, "what crunit-image was asked");
}

static void test_registry(void)
{
        check_one("localhost/web:1", ID(b), "registry", "echo sha256:" ID(a), "false",
                  "the registry has the same");
        check_calls("image digest --authfile=/auth.json --tls-verify=false -- localhost/web:1\n");
        check_one("localhost/web:1", ID(b), "image", "echo sha256:" ID(a), "false",
                  "by the policy's old name");
        check_one("localhost/web:1", ID(b), "registry", "echo sha256:" ID(d), "pending",
                  "the registry has another one");
        check_one("localhost/web:1", ID(e), "registry", "echo sha256:" ID(a), "pending",
                  "it was pulled, but is not run yet");
        check_one("localhost/gone:1", ID(e), "registry", "echo sha256:" ID(a), "pending",
                  "the name is not in the store any more");
        check_one("localhost/web:1", ID(b), "registry", "exit 125", "failed",
                  "the registry does not answer");
        check_str(warnings.items[0], "web: the registry could not be asked", "which is said");
}

static void test_local(void)
{
        check_one("localhost/web:1", ID(b), "local", "exit 125", "false", "the name means it");
        check_calls(NULL);
        check_one("localhost/web:1", ID(e), "local", "exit 125", "pending",
                  "the name means another image");
        check_one("localhost/gone:1", ID(e), "local", "exit 125", "false", "it means nothing");
}

static void test_who(void)
{
        check_one("localhost/web:1", ID(e), NULL, "exit 125", NULL, "who does not ask is left out");
        check_one("localhost/web:1", ID(e), "", "exit 125", NULL, "an empty label does not ask");
        check_one("localhost/web:1", ID(e), "weekly", "exit 125", "failed",
                  "an unknown policy is an error");
        check_str(warnings.items[0], "web: the label's policy is neither registry nor local",
                  "which is said");
}

/* Two of one name, one of another, one without a unit. */
static void test_many(void)
{
        AUTO_UPDATE struct update update = { 0 };
        size_t pending = 0, failed = 0;

        forget_containers();
        answer("echo sha256:" ID(d));
        make_container("a", "localhost/web:1", ID(b), "registry", "a.service");
        make_container("b", "localhost/web:1", ID(b), "registry", "b.service");
        make_container("c", "localhost/web:1", ID(b), "registry", NULL);
        look(&update);
        for (size_t i = 0; i < update.count; i++) {
                pending += str_equal(update.rows[i].updated, "pending");
                failed += str_equal(update.rows[i].updated, "failed");
        }
        check(update.count == 3 && pending == 2 && failed == 1, "one without a unit has failed");
        check_str(warnings.items[0], "c: it is in no unit that could be restarted", "as is said");
        check_calls("image digest --authfile=/auth.json --tls-verify=false -- localhost/web:1\n");
}

int main(void)
{
        AUTO_FREE char *run = NULL;

        if (!mkdtemp(top))
                return 1;
        storage = str_format("%s/store", top);
        script = str_format("%s/crunit-image", top);
        called = str_format("%s/called", top);
        run = str_format("%s/run", top);
        setenv("CRUNIT_RUN", run, 1);
        setenv("CRUNIT_LIBEXECDIR", top, 1);
        interrupt_block(&signals);
        make_store("localhost/web:1");
        test_registry();
        test_local();
        test_who();
        test_many();
        forget_containers();
        io_remove_tree(AT_FDCWD, top, NULL);
        free(storage);
        free(script);
        free(called);
        return tap_done();
}
