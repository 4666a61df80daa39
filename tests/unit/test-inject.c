/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Values that try to break out of their line: for every key of every section, each of a list of
 * nasty values, and some that chance puts together (always the same). What is accepted becomes a
 * unit that has the sections and keys which harmless values of the same key give, no others, and
 * commands of ours alone. With CRUNIT_INJECT_UNITS=DIR, units are kept there, for systemd's own
 * parser to look at.
 */
#include "tests/tap.h"

#include "src/base/io.h"
#include "src/unit/install.h"
#include "src/unit/search.h"
#include "src/unit/set.h"
#include "src/unit/translate.h"
#include "src/unit/words.h"

#include <errno.h>
#include <unistd.h>

enum {
        INJECT_CHANCE = 20,    /* values of chance for each key */
        INJECT_PIECES = 6,     /* most pieces of one */
        INJECT_NAME_MAX = 255, /* of a file */
        INJECT_KEPT_EVERY = 97 /* accepted units to one that is kept */
};

static const char inject_program[] = "/usr/bin/crunit";

static const char *const inject_harmless[] = {
        "x",
        "X",
        "1",
        "true",
        "false",
        "/x",
        "x:y",
        "/a:/b",
        "/a:/b:ro",
        "80",
        "8080:80",
        "a=b",
        "a b c",
        "-x",
        "none",
        "host",
        "auto",
        "keep-id",
        "healthy",
        "always",
        "missing",
        "newer",
        "build",
        "journald",
        "split",
        "no-conmon",
        "1m",
        "1g",
        "10s",
        "SIGTERM",
        "registry",
        "kill",
        "stop",
        "restart",
        "10.0.0.0/8",
        "10.0.0.1",
        "fd00::1",
        "type=bind,source=/a,target=/b",
        "evil.pod",
        "yaml",
        "manual",
        "type=volume,source=a,target=/b",
        "type=tmpfs,target=/b",
        "x,type=env,target=X",
        "x,type=mount,target=/x",
        "/dev/null",
        "/dev/null:/dev/x:r",
        "-/dev/null",
        "vendor.com/class=x",
        "nofile=1:2",
        "net.ipv4.ip_forward=1",
        "all",
        "localhost/x:1",
        "reg.lan/x@sha256:0000000000000000000000000000000000000000000000000000000000000000",
        "exit-on-failure",
        "container:x",
        "0:1:2",
        "1000",
        "%n",
        "--memory=1g --memory-swap=2g --memory-reservation=1g --cpus=1 --cpu-shares=2 "
        "--cpuset-cpus=0",
        "--cpuset-mems=0 --cpu-quota=1000 --pids-limit=5 --stop-timeout=3 --cpu-period=1000",
        "--ulimit nofile=1:2 --ulimit core=1 --ulimit nproc=1 --ulimit host",
        "--device=/dev/null:/dev/x:r --device-cgroup-rule='c 1:2 rwm' --blkio-weight=100",
        "--device-read-bps=/dev/null:1m --device-write-bps=/dev/null:1m "
        "--device-read-iops=/dev/null:1",
        "--device-write-iops=/dev/null:1 --blkio-weight-device=/dev/null:100 --privileged",
        "--volume=/a:/b --secret x --secret x,type=env --publish 80:80 --network none --rm",
        "--stop-signal=SIGINT --init --systemd=always --user=x --pod x --env-file=/x "
        "--cgroups=split",
        "--sdnotify=container --log-driver=none --restart=always --shm-size=1m --oom-score-adj=1",
        "--cgroup-conf=memory.high=1g --cgroup-conf=x=y --memory-swappiness=1",
};

/* What unquoted, decoded or cut in the wrong place would be a line, a section or a command. */
static const char *const inject_nasty[] = {
        "\\nEvilKey=1",
        "\\n[EvilSection]\\nEvilKey=1",
        "\\x0aEvilKey=1",
        "\\x0a[EvilSection]\\x0aEvilKey=1",
        "\\012EvilKey=1",
        "\\u000aEvilKey=1",
        "\\U0000000aEvilKey=1",
        "\\rEvilKey=1",
        "\\r\\nEvilKey=1",
        "\\v\\f\\aEvilKey=1",
        "\\u2028EvilKey=1",
        "\\xffEvil\\200",
        "\\x5cnEvilKey=1",
        "\\\\nEvilKey=1",
        "\"\\nEvilKey=1\"",
        "'\\nEvilKey=1'",
        "x ; /bin/evil",
        "x \\x3b /bin/evil",
        "x \";\" /bin/evil",
        "x\" ; /bin/evil \"x",
        "x' ; /bin/evil 'x",
        ";",
        "#",
        "\\",
        "\\\\",
        "x\\",
        "x\\\\\\",
        "x \\\\",
        "x\\x5c",
        "\"x\\\\\"",
        "[EvilSection]",
        "]",
        "=",
        "EvilKey=1",
        "EvilKey=1\\nEvilKey=2",
        "a=\\nEvilKey=1",
        "\"a=x\\nEvilKey=1\" b=\\n",
        "/a\\n:/b\\nEvilKey=1:ro",
        "/a\\nEvilKey=1",
        "80\\nEvilKey=1:80",
        "1\\nEvilKey=1",
        "true\\nEvilKey=1",
        "x,type=env,target=\\nEvilKey=1",
        "type=bind,source=/a\\nEvilKey=1,target=/b",
        "\"type=bind,\"\"source=/a\\nEvilKey=1\"\",target=/b\"",
        "/dev/x\\nEvilKey=1:/dev/y\\n:rwm",
        "-/dev/null\\nEvilKey=1",
        "nofile=1\\nEvilKey=1:2",
        "%",
        "%%",
        "%n%N%i%z%\\n",
        "$",
        "$$",
        "${X}$(x)`x`",
        "${X\\nEvilKey=1}",
        "..",
        "../../../etc/x",
        "/",
        "//",
        "@",
        "x@y@z",
        "a/../b",
        "-",
        "--",
        "--evil",
        "+/bin/evil",
        "!!/bin/evil",
        "\033[31m\\033]0;x\\a",
        "\342\200\256\\u202e",
        "\177\\177",
        "\tx\t\tEvilKey=1",
        "x\\\nEvilKey=1",
        "x\\\n[EvilSection]\\\nEvilKey=1",
        "x\\\n# EvilKey\\\n; EvilKey\nEvilKey=",
        "\"x",
        "'x",
        "x\"y'z",
        ":::::::",
        ",,,,,,,",
        "====",
        "{}[]()<>|&!?*~^",
        "x.network",
        "x.volume\\nEvilKey=1",
        "x.container:ip=\\nEvilKey=1",
        "evil.pod",
        "--memory=1g\\nEvilKey=1",
        "\"--memory=1g\\nEvilKey=1\"",
        "--memory \"1g\\nEvilKey=1\"",
        "--ulimit \"nofile=1\\nEvilKey=1:2\"",
        "--device \"/dev/x\\nEvilKey=1:/dev/y:rwm\"",
        "--device-cgroup-rule \"c 1:2 rwm\\nEvilKey=1\"",
        "--device-read-bps \"/dev/x\\nEvilKey=1:1m\"",
        "--cgroup-conf \"memory.high=1g\\nEvilKey=1\"",
        "--cgroup-conf \"x\\nEvilKey=1\"",
        "--secret \"x\\nEvilKey=1\"",
        "--volume \"/a\\nEvilKey=1:/b\"",
        "--stop-timeout \"1\\nEvilKey=1\"",
        "--pids-limit \"1\\nEvilKey=1\"",
        "--cpus \"1\\nEvilKey=1\"",
        "--cpuset-cpus \"0\\nEvilKey=1\"",
        "--name \"x\\nEvilKey=1\"",
        "--env-file \"/x\\nEvilKey=1\"",
        "--annotation \"x\\nEvilKey=1=1\"",
};

/* What else a file of this type has to have. */
static const struct inject_type {
        const char *section, *extension, *more;
} inject_types[] = {
        { "Container", "container", "Image=localhost/x:1\n" },
        { "Pod", "pod", "" },
        { "Volume", "volume", "" },
        { "Network", "network", "" },
        { "Image", "image", "Image=reg.lan/x:1\n" },
        { "Build", "build", "ImageTag=localhost/x:1\nSetWorkingDirectory=/x\n" },
        { "Kube", "kube", "Yaml=/x.yaml\n" },
        { "Artifact", "artifact", "Artifact=reg.lan/x:1\n" },
};

/* One run of the generator over one file. */
struct inject {
        char directory[64];
        const char *name;  /* of the file; borrowed */
        struct strv keys;  /* "Section/Key" of what came out, each once */
        bool accepted;     /* there is a unit */
        const char *wrong; /* what is not as it should be, or NULL */
        struct strbuf text;
        unsigned units; /* so far */
};

static void inject_take(void *context, const struct report_message *message)
{
        (void)context;
        (void)message;
}

static void inject_write(const struct inject *inject, const char *text)
{
        AUTO_FREE char *path = str_format("%s/%s", inject->directory, inject->name);
        AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        if (fd < 0 || io_write_all(fd, text, strlen(text)) < 0) {
                printf("Bail out! cannot write %s\n", path);
                exit(EXIT_FAILURE);
        }
}

/* --- what a unit may look like */

/* A lone ; that is not quoted begins another command. */
static bool inject_has_separator(const char *line)
{
        char quote = '\0';

        for (const char *at = line; *at; at++) {
                if (*at == '\\' && at[1])
                        at++;
                else if (quote)
                        quote = *at == quote ? '\0' : quote;
                else if (*at == '"' || *at == '\'')
                        quote = *at;
                else if (*at == ';' && (at == line || at[-1] == ' ') && (at[1] == ' ' || !at[1]))
                        return true;
        }
        return quote != '\0';
}

static void inject_check_command(struct inject *inject, const char *line)
{
        AUTO_STRV struct strv words = { 0 };
        AUTO_ERROR struct error err = { 0 };
        const char *program = line + strspn(line, "-+!:|@");
        bool open = false;

        if (inject_has_separator(line))
                inject->wrong = "there are two commands in one";
        else if (words_split(program, WORDS_DECODE, &words, &open, &err) < 0 || open)
                inject->wrong = "a command cannot be read";
        else if (!words.count || !str_equal(words.items[0], inject_program))
                inject->wrong = "a command is not ours";
        else if (strpbrk(line, "+!"))
                inject->wrong = program - line > 1 || *line == '+' || *line == '!'
                                        ? "a command has more rights"
                                        : inject->wrong;
}

static void inject_read_section(struct inject *inject, const struct unit_section *section)
{
        for (size_t i = 0; i < section->lines.count; i++) {
                const struct unit_line *line = &section->lines.items[i];
                AUTO_FREE char *key =
                        line->key ? str_format("%s/%s", section->name, line->key) : NULL;

                if (!key)
                        continue;
                if (!strv_contains(&inject->keys, key))
                        strv_append(&inject->keys, key);
                if (str_has_prefix(key, "Service/Exec"))
                        inject_check_command(inject, line->value);
        }
}

/* The text as systemd will find it. */
static void inject_read(struct inject *inject)
{
        AUTO_UNIT struct unit_file unit = { 0 };
        AUTO_ERROR struct error err = { 0 };

        if (unit_parse(&unit, "unit", str_dup(inject->text.data), inject->text.length, &err) < 0) {
                inject->wrong = "the unit cannot be read";
                return;
        }
        for (size_t i = 0; i < unit.count; i++) {
                AUTO_FREE char *section = str_format("[%s]", unit.sections[i].name);

                strv_append(&inject->keys, section);
                inject_read_section(inject, &unit.sections[i]);
        }
}

static bool inject_is_name(const char *name)
{
        if (!*name || strlen(name) > INJECT_NAME_MAX || str_equal(name, "..") ||
            str_equal(name, "."))
                return false;
        for (const char *c = name; *c; c++)
                if ((unsigned char)*c <= ' ' || *c == 0x7f || *c == '/')
                        return false;
        return true;
}

static void inject_check_names(struct inject *inject, const struct unit_source *source,
                               const struct install *install)
{
        if (!inject_is_name(source->service))
                inject->wrong = "the unit's name is none";
        for (size_t i = 0; i < install->count; i++) {
                AUTO_STRV struct strv parts = { 0 };

                strv_split(&parts, install->links[i].path, "/", true);
                if (parts.count > 2)
                        inject->wrong = "a link leads elsewhere";
                for (size_t j = 0; j < parts.count; j++)
                        if (!inject_is_name(parts.items[j]))
                                inject->wrong = "a link's name is none";
        }
}

static void inject_keep(const struct inject *inject, const char *service)
{
        const char *directory = getenv("CRUNIT_INJECT_UNITS");
        AUTO_FREE char *path = NULL;

        if (!directory || inject->units % INJECT_KEPT_EVERY)
                return;
        path = str_format("%s/%u-%s", directory, inject->units, service);
        if (io_write_file(AT_FDCWD, path, inject->text.data, inject->text.length, 0644, IO_NO_SYNC,
                          NULL) < 0)
                abort();
}

static void inject_translate(struct inject *inject, struct unit_set *set,
                             struct unit_source *source, struct report *report)
{
        AUTO_UNIT struct unit_file unit = { 0 };
        AUTO_INSTALL struct install install = { 0 };

        if (!source->usable || translate_source(set, source, report, &unit) < 0)
                return;
        unit_write(&unit, &inject->text);
        install_plan(&unit, source->service, &install, report);
        inject->accepted = true;
        inject_read(inject);
        inject_check_names(inject, source, &install);
        inject_keep(inject, source->service);
        inject->units++;
}

static void inject_run(struct inject *inject, const char *text)
{
        struct report report = { .take = inject_take };
        AUTO_UNIT_SET struct unit_set set = { .program = inject_program };
        AUTO_SEARCH struct search search = { 0 };

        strv_free(&inject->keys);
        inject->text.length = 0;
        inject->accepted = false;
        inject->wrong = NULL;
        inject_write(inject, text);
        search_run(&search, "", false, inject->directory, &report);
        unit_set_load(&set, &search, &report);
        for (size_t i = 0; i < set.count; i++)
                if (str_equal(set.sources[i].name, inject->name))
                        inject_translate(inject, &set, &set.sources[i], &report);
}

/* --- the cases */

/* What a key cannot be without (in place of what its type has; Remap* beside it). */
static const struct inject_context {
        const char *key, *more;
} inject_contexts[] = {
        { "Group", "Image=localhost/x:1\nUser=1\n" },
        { "Rootfs", "" },
        { "Type", "Device=/dev/x\n" },
        { "Gateway", "Subnet=10.0.0.0/8\n" },
        { "IPRange", "Subnet=10.0.0.0/8\n" },
        { "RemapUid", "RemapUsers=manual\n" },
        { "RemapGid", "RemapUsers=manual\n" },
        { "RemapUidSize", "RemapUsers=auto\n" },
};

static char *inject_file(const struct inject_type *type, const char *key, const char *value)
{
        const char *more = type->more, *remap = "";

        for (size_t i = 0; i < sizeof inject_contexts / sizeof *inject_contexts; i++)
                if (str_equal(inject_contexts[i].key, key)) {
                        if (str_has_prefix(key, "Remap"))
                                remap = str_equal(type->section, "Kube") ? "RemapUsers=keep-id\n"
                                                                         : inject_contexts[i].more;
                        else
                                more = inject_contexts[i].more;
                }
        return str_format("[Unit]\nDescription=x\n[%s]\n%s%s%s=%s\n[Install]\nWantedBy=x.target\n",
                          type->section, more, remap, key, value);
}

static char *inject_chance(unsigned *seed)
{
        static const size_t count = sizeof inject_nasty / sizeof *inject_nasty;
        static const size_t harmless = sizeof inject_harmless / sizeof *inject_harmless;
        struct strbuf value = { 0 };
        int pieces = 1 + rand_r(seed) % INJECT_PIECES;

        for (int i = 0; i < pieces; i++) {
                unsigned number = (unsigned)rand_r(seed);

                strbuf_append(&value, number % 3 ? inject_nasty[number / 3 % count]
                                                 : inject_harmless[number / 3 % harmless]);
                if (rand_r(seed) % 3 == 0)
                        strbuf_append_char(&value, " \"':,="[rand_r(seed) % 6]);
        }
        return strbuf_steal(&value);
}

/* One nasty value, where allowed may be NULL for all; false, with an explanation, where it got
 * something through. */
static bool inject_try(struct inject *inject, const struct inject_type *type, const char *key,
                       const char *value, const struct strv *allowed)
{
        AUTO_FREE char *text = inject_file(type, key, value);
        const char *more = NULL;

        inject_run(inject, text);
        for (size_t i = 0; inject->accepted && allowed && i < inject->keys.count && !more; i++)
                if (!strv_contains(allowed, inject->keys.items[i]))
                        more = inject->keys.items[i];
        if (!more && !inject->wrong)
                return true;
        printf("# %s=%s: %s\n", key, value, more ? more : inject->wrong);
        return false;
}

static void inject_key(struct inject *inject, const struct inject_type *type,
                       const struct unit_key *row)
{
        AUTO_FREE char *what = str_format("[%s] %s=", type->section, row->name);
        AUTO_STRV struct strv allowed = { 0 };
        unsigned seed = 1, bad = 0;

        for (size_t i = 0; i < sizeof inject_harmless / sizeof *inject_harmless; i++) {
                AUTO_FREE char *text = inject_file(type, row->name, inject_harmless[i]);

                inject_run(inject, text);
                strv_append_all(&allowed, &inject->keys);
        }
        for (size_t i = 0; i < sizeof inject_nasty / sizeof *inject_nasty; i++)
                bad += !inject_try(inject, type, row->name, inject_nasty[i], &allowed);
        for (size_t i = 0; i < INJECT_CHANCE; i++) {
                AUTO_FREE char *value = inject_chance(&seed);

                bad += !inject_try(inject, type, row->name, value, &allowed);
        }
        check(allowed.count > 0, what);
        check(bad == 0, what);
}

static void inject_all_keys(struct inject *inject)
{
        for (size_t i = 0; i < sizeof inject_types / sizeof *inject_types; i++) {
                const struct inject_type *type = &inject_types[i];
                const struct unit_keys *keys = keys_section(type->section);
                AUTO_FREE char *name = str_format("t.%s", type->extension);
                AUTO_FREE char *path = str_format("%s/%s", inject->directory, name);

                inject->name = name;
                for (size_t k = 0; keys && k < keys->count; k++)
                        inject_key(inject, type, &keys->rows[k]);
                unlink(path);
        }
}

/* Names of files become names of units, and stand in them. */
static void inject_names(struct inject *inject)
{
        static const char *const stems[] = {
                "a b",      "a\nEvilKey=1",
                "a;b",      "a%n",
                "a%",       "x@",
                "x@y",      "@",
                "a\\nEvil", "a\\x0aEvil",
                "-",        "..",
                "a'b",      "a\"b",
                "\033[31m", "\342\200\256",
                "\377",     "[EvilSection]",
                "$x",       "${x}",
                "#a",       "a=b",
                " a",       "a ",
                "a\tb",     "a:b",
                "a,b",      "*",
                "~",        "--evil",
        };
        AUTO_STRV struct strv allowed = { 0 };
        AUTO_FREE char *plain = str_format("%s/plain.container", inject->directory);
        unsigned bad = 0;

        inject->name = "plain.container";
        check(inject_try(inject, &inject_types[0], "Label", "a=b", NULL) && inject->accepted,
              "a plain name is one");
        strv_append_all(&allowed, &inject->keys);
        unlink(plain);
        for (size_t i = 0; i < sizeof stems / sizeof *stems; i++) {
                AUTO_FREE char *name = str_format("%s.container", stems[i]);
                AUTO_FREE char *path = str_format("%s/%s", inject->directory, name);

                inject->name = name;
                bad += !inject_try(inject, &inject_types[0], "Label", "a=b", &allowed);
                unlink(path);
        }
        check(bad == 0, "names of files");
}

static void inject_dropins(struct inject *inject)
{
        AUTO_FREE char *directory = str_format("%s/t.container.d", inject->directory);
        AUTO_FREE char *path = str_format("%s/a\nEvilKey=1 ;\033[31m.conf", directory);
        static const char text[] = "[Container]\nPodmanArgs=--x\n";

        inject->name = "t.container";
        if (io_make_dirs(AT_FDCWD, directory, 0755, NULL) < 0 ||
            io_write_file(AT_FDCWD, path, text, strlen(text), 0644, IO_NO_SYNC, NULL) < 0)
                abort();
        inject_run(inject, "[Container]\nImage=localhost/x:1\n");
        check(!inject->wrong && !strstr(inject->text.data ? inject->text.data : "", "EvilKey"),
              "names of drop-ins are nowhere");
}

int main(void)
{
        struct inject inject = { .directory = "/dev/shm/test-inject.XXXXXX", .name = "evil.pod" };

        if (!mkdtemp(inject.directory))
                return EXIT_FAILURE;
        inject_write(&inject, "[Pod]\n");
        inject_all_keys(&inject);
        inject_names(&inject);
        inject_dropins(&inject);
        check(inject.units > 1000, "many are accepted");
        io_remove_tree(AT_FDCWD, inject.directory, NULL);
        strv_free(&inject.keys);
        strbuf_free(&inject.text);
        return tap_done();
}
