/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "src/base/io.h"
#include "src/base/json.h"
#include "src/container/claim.h"
#include "src/container/place.h"
#include "src/container/state.h"
#include "src/container/writable.h"
#include "tests/tap.h"

#include <unistd.h>

static struct container_state sample(const char *id, const char *name)
{
        struct container_state state = {
                .id = str_dup(id),
                .name = str_dup(name),
                .image_name = str_dup("localhost/x:1"),
                .unit = str_dup("web.service"),
                .stop_signal = str_dup("SIGQUIT"),
                .starter = { getpid(), 1 },
                .init = { 4711, UINT64_C(0x7fffffffffff) },
                .stop_timeout = 70,
                .keep = true,
        };

        strv_append(&state.command, "sh");
        strv_append(&state.command, "a \"b\"\n");
        strv_append(&state.labels, "k=v");
        return state;
}

static void test_round_trip(void)
{
        AUTO_STATE struct container_state before = sample("abc", "web"), after = { 0 };
        AUTO_JSON struct json_object *object = state_to_json(&before);
        AUTO_ERROR struct error err = { 0 };

        check(state_from_json(object, &after, &err) == 0, "a state is read");
        check_str(after.id, "abc", "id");
        check_str(after.unit, "web.service", "unit");
        check_str(after.rootfs, NULL, "what was not there is not there");
        check(after.command.count == 2 && !strcmp(after.command.items[1], "a \"b\"\n"), "command");
        check(after.init.pid == 4711 && after.init.start == UINT64_C(0x7fffffffffff), "init");
        check(after.starter.pid == getpid() && after.stop_timeout == 70 && after.keep &&
                      !after.foreground,
              "numbers and switches");
}

/* What a container that the first release started has in /run: this text does not change. */
static void test_first_format(void)
{
        static const char text[] =
                "{\"version\":1,\"id\":\"0123abcd\",\"name\":\"web\",\"image\":\"feed\","
                "\"imageName\":\"localhost/web:1\",\"unit\":\"web.service\",\"bundle\":"
                "\"/run/crunit/containers/web@web\",\"writable\":\"/var/lib/crunit/containers/"
                "web@web\","
                "\"created\":\"2025-11-02T03:04:05.000000006Z\",\"cgroup\":\"/system.slice/"
                "web.service\",\"stopSignal\":\"SIGQUIT\",\"logDriver\":\"journald\",\"starter\":"
                "{\"pid\":4710,\"start\":100},\"pid\":4711,\"pidStart\":101,\"command\":[\"httpd\"]"
                ","
                "\"labels\":[\"a=b\"],\"annotations\":[],\"networks\":[\"lan\"],\"ports\":"
                "[\"8080:80\"],\"stopTimeout\":10,\"keep\":false,\"foreground\":false,"
                "\"somethingNew\":{\"that\":[\"an older program\",\"does not know\"]}}";
        AUTO_JSON struct json_object *object = NULL;
        AUTO_STATE struct container_state state = { 0 };
        AUTO_ERROR struct error err = { 0 };

        check(json_parse(text, sizeof text - 1, "state", &object, &err) == 0 &&
                      state_from_json(object, &state, &err) == 0,
              "the first format is read");
        check_str(state.image_name, "localhost/web:1", "its image");
        check_str(state.writable, "/var/lib/crunit/containers/web@web", "its data");
        check_str(state.stop_signal, "SIGQUIT", "its stop signal");
        check(state.init.pid == 4711 && state.init.start == 101 && state.starter.pid == 4710 &&
                      state.stop_timeout == 10 && state.ports.count == 1 &&
                      state.networks.count == 1 && state.labels.count == 1,
              "its processes, ports, networks");
}

static void refuse(const char *text, const char *message)
{
        AUTO_JSON struct json_object *object = NULL;
        AUTO_STATE struct container_state state = { 0 };
        AUTO_ERROR struct error err = { 0 };

        json_parse(text, strlen(text), "s", &object, NULL);
        check(state_from_json(object, &state, &err) < 0, text);
        check_str(err.message, message, "says why");
}

/* Places, names and writable layers below a directory of our own. */
static void test_places(const char *top)
{
        AUTO_FREE char *run = str_format("%s/run", top), *store = str_format("%s/store", top);
        AUTO_FREE char *unit_dir = str_format("%s/containers/web@a-1\\x2d", run);
        AUTO_FREE char *listed = str_format("/run/foo:%s", unit_dir), *found = NULL;
        AUTO_PLACE struct place shell = { 0 }, unit = { 0 };
        AUTO_STATE struct container_state state = sample("abc", "web"), other = { 0 };
        AUTO_ERROR struct error err = { 0 };

        setenv("CRUNIT_RUN", run, 1);
        unsetenv("RUNTIME_DIRECTORY");
        check(place_own("web", store, &shell, &err) == 0 && !shell.systemd, "outside a unit");
        check_str(shell.label, "web@", "the unit is empty");
        setenv("RUNTIME_DIRECTORY", listed, 1);
        check(place_own("web", store, &unit, &err) == 0 && unit.systemd, "in a unit");
        check_str(unit.label, "web@a-1\\x2d", "its RuntimeDirectory= names it");

        process_identify(getpid(), &state.starter, NULL);
        state.init = (struct process_id){ 0 };
        check(claim_name(&unit, &state, false, &err) == 0, "a name is claimed");
        check(state_find("web", &other, &found, &err) == 0, "and found");
        check_str(found, unit_dir, "where it is");
        state_free(&other);
        free(steal_str(&found));
        check(state_find("abc", &other, &found, &err) < 0 && err.code == ENOENT,
              "three digits are too few for an id");
        free(state.id);
        state.id = str_dup("abcd99");
        check(state_write(unit.run, &state, &err) == 0 &&
                      state_find("abcd", &other, &found, &err) == 0,
              "four are enough");
        check_str(other.name, "web", "that is the one");
        check(claim_name(&shell, &state, true, &err) < 0 && err.code == EEXIST,
              "by nobody else, not even to replace it");
        state.starter.start--;
        check(state_write(unit.run, &state, &err) == 0 && !state_alive(&state), "it dies");
        process_identify(getpid(), &state.starter, NULL);
        check(claim_name(&shell, &state, false, &err) == 0, "its name is free then");
        check(access(unit.run, F_OK) < 0, "and what it left is gone");
        check(place_remove(&shell, &err) == 0 && access(shell.run, F_OK) < 0, "as is this");
}

static void test_writable(const char *top)
{
        AUTO_FREE char *store = str_format("%s/store", top);
        AUTO_FREE char *data = str_format("%s/containers/w@", store);
        AUTO_FREE char *mark = str_format("%s/upper/mark", data);
        AUTO_ERROR struct error err = { 0 };
        AUTO_WRITABLE struct writable layer = { -1, false };

        check(writable_open(data, true, "i1", &layer, &err) == 0 && layer.fresh, "a new layer");
        io_write_file(AT_FDCWD, mark, "x", 1, 0600, IO_NO_SYNC, NULL);
        check(writable_remove(data, true, &err) == 0, "is not removed while it is locked");
        writable_close(&layer);
        check(writable_open(data, true, "i1", &layer, &err) == 0 && !layer.fresh, "is kept");
        check(access(mark, F_OK) == 0, "with what is in it");
        writable_close(&layer);
        claim_sweep(store);
        check(access(mark, F_OK) == 0, "the sweep keeps it");
        check(writable_open(data, true, "i2", &layer, &err) == 0 && layer.fresh,
              "on another image it is new");
        check(access(mark, F_OK) < 0, "and empty");
        writable_close(&layer);
        check(writable_open(data, false, "i2", &layer, &err) == 0 && layer.fresh,
              "and for a start that keeps nothing");
        writable_close(&layer);
        claim_sweep(store);
        check(access(data, F_OK) < 0, "one without an owner is swept");
}

int main(void)
{
        char top[] = "/tmp/crunit-test.XXXXXX";

        if (!mkdtemp(top))
                return EXIT_FAILURE;
        test_round_trip();
        test_first_format();
        refuse("{\"version\":2,\"id\":\"a\",\"name\":\"b\"}",
               "written by another version of crunit (format 2)");
        refuse("{\"version\":1,\"name\":\"b\"}", "\"id\" or \"name\" is missing");
        refuse("{\"version\":1,\"id\":\"a\",\"name\":\"b\",\"pid\":-1}",
               "\"pid\" is no process id");
        refuse("{\"version\":1,\"id\":1,\"name\":\"b\"}", "\"id\" is not of type string");
        test_places(top);
        test_writable(top);
        io_remove_tree(AT_FDCWD, top, NULL);
        return tap_done();
}
