/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of `crunit run`'s options against the generator's table of keys, and what several
 * options mean together; single values are in tests/plan/cases. */
#include "src/cmd/run-options.h"
#include "src/unit/keys.h"
#include "tests/tap.h"

#include <unistd.h>

/* By name; what is behind a = or a blank is the beginning of a value. */
static const struct option_row *find(const char *name)
{
        AUTO_FREE char *bare = str_dupn(name, strcspn(name, "= "));

        for (const struct option_row *row = run_options; row->name; row++)
                if (str_equal(row->name, bare))
                        return row;
        return NULL;
}

/* Whatever a container file says, the line it becomes is one that run understands. */
static void test_keys(void)
{
        const struct unit_keys *keys = keys_section("Container");
        size_t options = 0;

        for (size_t i = 0; i < keys->count; i++) {
                const struct unit_key *key = &keys->rows[i];
                const char *name = key->option ? str_after(key->option, "--") : NULL;
                AUTO_FREE char *what = str_format("%s= becomes an option of run", key->name);

                /* Of the program as a whole, or of another command. */
                if (!name || str_equal(name, "module") || str_equal(key->name, "ReloadSignal"))
                        continue;
                options++;
                check(find(name) != NULL, what);
        }
        check(options > 60, "the key table was looked at");
}

static void test_table(void)
{
        bool unique = true;

        for (const struct option_row *row = run_options; row->name; row++) {
                unique = unique && find(row->name) == row;
                for (const struct option_row *other = run_options; other < row; other++)
                        unique = unique && (!row->letter || other->letter != row->letter);
        }
        check(unique, "no name and no letter stands for two options");
}

/* Parse words split at blanks; the message of the error, or NULL. */
static char *parse(const char *line, struct container_spec *spec)
{
        AUTO_STRV struct strv words = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char **argv = NULL; /* the parser moves words, the list owns them */

        strv_split(&words, line, " ", false);
        argv = alloc_zero(words.count + 1, sizeof *argv);
        memcpy(argv, words.items, words.count * sizeof *argv);
        spec_init(spec);
        if (run_options_parse((int)words.count, argv, spec, &err) < 0)
                return str_dup(err.message);
        return NULL;
}

static void test_line(void)
{
        AUTO_SPEC struct container_spec spec = { 0 };
        AUTO_FREE char *message = parse(
                "run -itd --rm --name=web -e A=1 --env B -vdata:/d img -v --name x -- y", &spec);
        AUTO_FREE char *args = NULL;

        check_str(message, NULL, "a line of all forms");
        check(spec.interactive && spec.tty && spec.detach && spec.remove, "bundled letters");
        check_str(spec.name, "web", "a value behind =");
        check(spec.env.count == 2, "lists keep all values");
        check(spec.mount_count == 1 && spec.mounts[0].type == SPEC_MOUNT_VOLUME,
              "a value right behind its letter");
        check_str(spec.image, "img", "the first word that is no option is the image");
        args = strv_join(&spec.args, " ");
        check_str(args, "-v --name x -- y", "and all behind it is the program's");
}

static void test_label_file(void)
{
        AUTO_SPEC struct container_spec spec = { 0 };
        AUTO_FREE char *path = str_format("%s/tests/plan/cases/labels.env", getenv("top_srcdir"));
        AUTO_FREE char *line = str_format("run --label a=3 --label-file %s img", path);
        AUTO_FREE char *message = parse(line, &spec);
        AUTO_FREE char *labels = strv_join(&spec.labels, ", ");

        check_str(message, NULL, "labels from a file");
        check_str(labels, "a=1, b=two words, c=, a=3", "come before those of the command line");
}

static void test_defaults(void)
{
        AUTO_SPEC struct container_spec spec = { 0 };
        AUTO_FREE char *message = parse("run img", &spec);

        check_str(message, NULL, "an image alone");
        check(spec.shm_size == 64 << 20 && spec.stop_timeout == 10 && spec.umask == 022 &&
                      spec.http_proxy && spec.read_only_tmpfs && spec.passwd && !spec.detach &&
                      spec.network == SPEC_NETWORK_DEFAULT && spec.notify == SPEC_NOTIFY_CONMON,
              "the defaults are in it");
}

static void test_relative(void)
{
        AUTO_SPEC struct container_spec spec = { 0 };
        AUTO_FREE char *message = parse("run -v ./a/../b:/x img", &spec);
        AUTO_FREE char *here = getcwd(NULL, 0);
        AUTO_FREE char *path = str_format("%s/b", here);

        check_str(message, NULL, "a relative source");
        check_str(spec.mount_count ? spec.mounts[0].source : NULL, path,
                  "begins where we were called");
}

static void expect_pull(const char *line, const char *options)
{
        AUTO_SPEC struct container_spec spec = { 0 };
        AUTO_FREE char *message = parse(line, &spec);
        AUTO_FREE char *joined = strv_join(&spec.pull_options, " ");

        check_str(message ? message : joined, options, line);
}

static void test_pull(void)
{
        AUTO_SPEC struct container_spec spec = { 0 };
        AUTO_FREE char *message = parse("run --platform linux/armhf --arch x86_64 img", &spec);

        check_str(message, NULL, "a platform");
        check_str(spec.os, "linux", "its operating system");
        check_str(spec.arch, "amd64", "the last architecture, by the name that images have");
        check_str(spec.variant, "v7", "its variant");
        expect_pull("run --pull=newer --retry 5 --retry-delay 1m --authfile a.json --creds u:p "
                    "--cert-dir /c --tls-verify=false -q img",
                    "--retry=5 --retry-delay=1m --authfile=a.json --creds=u:p --cert-dir=/c "
                    "--tls-verify=false --quiet=true");
        expect_pull("run --os linux --variant v8 --tls-verify img",
                    "--os=linux --variant=v8 --tls-verify=true");
        expect_pull("run --retry many img", "--retry many: not a number of tries");
        expect_pull("run --retry-delay 5 img", "--retry-delay 5: not a time, such as 5s or 1m30s");
        expect_pull("run --pull Always --retry 0 img", "--retry=0");
        expect_pull("run --pull sometimes img",
                    "--pull sometimes: not one of always, missing, never, newer");
        expect_pull("run --arch AMD img",
                    "--arch AMD: not made of names such as linux, arm64 or v8");
        expect_pull("run --platform linux//v7 img",
                    "--platform linux//v7: not made of names such as linux, arm64 or v8");
        expect_pull("run --platform a/b/c/d img", "--platform a/b/c/d: not OS/ARCH[/VARIANT]");
        expect_pull("run --authfile= img", "--authfile: there is nothing behind it");
}

int main(void)
{
        test_pull();
        test_keys();
        test_table();
        test_line();
        test_label_file();
        test_defaults();
        test_relative();
        return tap_done();
}
