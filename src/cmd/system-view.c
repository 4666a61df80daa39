/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit system info, df: what there is, and what it takes. */
#include "../base/disk-use.h"
#include "../base/io.h"
#include "../base/json.h"
#include "../base/log.h"
#include "../base/printable.h"
#include "../base/spawn.h"
#include "../container/census.h"
#include "../container/cgroup.h"
#include "../container/place.h"
#include "../image/image.h"
#include "../network/network.h"
#include "../volume/volume.h"
#include "format.h"
#include "listing.h"
#include "view-commands.h"

#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

struct view_request {
        char *format; /* owned */
};

const struct option_row system_info_options_table[] = {
        { .name = "format",
          .letter = 'f',
          .argument = "FORMAT",
          .help = "json, or a template such as '{{.Store.Root}}'",
          .take = format_take_objects,
          .field = offsetof(struct view_request, format) },
        { .name = NULL },
};

const struct option_row system_df_options_table[] = {
        { .name = "format",
          .letter = 'f',
          .argument = "FORMAT",
          .help = "table, json, or a template such as '{{.Type}} {{.Size}}'",
          .take = format_take,
          .field = offsetof(struct view_request, format) },
        { .name = NULL },
};

static void view_set_number(struct json_object *object, const char *key, uint64_t value)
{
        json_object_object_add(object, key, json_object_new_uint64(value));
}

static uint64_t view_usage_of(const char *storage, const char *name)
{
        AUTO_FREE char *path = str_format("%s/%s", storage, name);

        return disk_use(path);
}

/* --- df */

struct view_row {
        const char *type;
        uint64_t total, active, size, reclaimable;
};

/* The blobs and layers of an image, each counted once. */
static uint64_t view_image_size(struct store *store, const struct store_entry *entry,
                                struct strv *counted, char **ret_id)
{
        AUTO_IMAGE struct image image = { 0 };
        AUTO_MANIFEST struct manifest manifest = { 0 };
        uint64_t sum = 0;

        if (image_read(store, entry, &image, &manifest, NULL) < 0)
                return 0;
        for (size_t i = 0; i < image.layers.count; i++) {
                struct stat st;

                if (strv_contains(counted, image.layers.items[i]))
                        continue;
                strv_append(counted, image.layers.items[i]);
                if (stat(image.layers.items[i], &st) == 0 && S_ISDIR(st.st_mode))
                        sum += disk_use(image.layers.items[i]);
        }
        for (size_t i = 0; i < manifest.layer_count; i++) {
                if (strv_contains(counted, manifest.layers[i].digest))
                        continue;
                strv_append(counted, manifest.layers[i].digest);
                sum += (uint64_t)manifest.layers[i].size;
        }
        *ret_id = str_dup(image.id);
        return sum;
}

static int view_count_images(const char *storage, const struct census *census, struct view_row *row,
                             struct error *err)
{
        AUTO_STORE struct store store = STORE_NONE;
        AUTO_STRV struct strv counted = { 0 }, ids = { 0 };
        struct store_entry *entries;
        uint64_t used = 0;
        size_t count;

        if (store_open(storage, STORE_READ, &store, err) < 0 ||
            store_list(&store, &entries, &count, err) < 0)
                return -1;
        for (size_t i = 0; i < count; i++) {
                AUTO_FREE char *id = NULL;
                bool is_used = false;

                if (store_entry_id(&store, &entries[i], &id, NULL) < 0 || strv_contains(&ids, id))
                        continue;
                strv_append(&ids, id);
                for (size_t k = 0; k < census->count; k++)
                        is_used |= str_equal(census->items[k].state.image, id);
                if (is_used) {
                        AUTO_FREE char *same = NULL;

                        row->active++;
                        used += view_image_size(&store, &entries[i], &counted, &same);
                }
        }
        store_list_free(entries, count);
        row->total = ids.count;
        row->size = view_usage_of(storage, "blobs") + view_usage_of(storage, "layers") +
                    view_usage_of(storage, "tmp");
        row->reclaimable = row->size > used ? row->size - used : 0;
        return 0;
}

static void view_count_containers(const char *storage, const struct census *census,
                                  struct view_row *row)
{
        row->total = census->count;
        row->size = view_usage_of(storage, "containers");
        for (size_t i = 0; i < census->count; i++) {
                const struct census_item *item = &census->items[i];

                if (item->alive)
                        row->active++;
                else if (item->state.writable)
                        row->reclaimable += disk_use(item->state.writable);
        }
}

static int view_count_volumes(const char *storage, const struct census *census,
                              struct view_row *row, struct error *err)
{
        AUTO_STRV struct strv names = { 0 };

        if (volume_list(storage, &names, err) < 0)
                return -1;
        row->total = names.count;
        row->size = view_usage_of(storage, "volumes");
        for (size_t i = 0; i < names.count; i++) {
                AUTO_FREE char *path = volume_directory(storage, names.items[i]);
                bool used = false;

                for (size_t k = 0; k < census->count; k++)
                        used |= strv_contains(&census->items[k].state.volumes, names.items[i]);
                row->active += used;
                row->reclaimable += used ? 0 : disk_use(path);
        }
        return 0;
}

static int view_gather_df(const char *storage, struct view_row rows[3], struct error *err)
{
        AUTO_CENSUS struct census census = { 0 };

        if (census_take(storage, log_warning_line, &census, err) < 0 ||
            view_count_images(storage, &census, &rows[0], err) < 0 ||
            view_count_volumes(storage, &census, &rows[2], err) < 0)
                return -1;
        view_count_containers(storage, &census, &rows[1]);
        return 0;
}

static void view_print_df(struct json_object *list)
{
        static const struct listing_column columns[] = {
                { "TYPE", "Type" },
                { "TOTAL", "Total" },
                { "ACTIVE", "Active" },
                { "SIZE", "Size" },
                { "RECLAIMABLE", "Reclaimable" },
        };

        listing_print_objects(list, columns, sizeof columns / sizeof *columns, false);
}

static int view_df(const char *storage, const char *format, struct error *err)
{
        struct view_row rows[] = { { .type = "Images" },
                                   { .type = "Containers" },
                                   { .type = "Local Volumes" } };
        AUTO_JSON struct json_object *list = json_object_new_array();
        int printed;

        if (view_gather_df(storage, rows, err) < 0)
                return -1;
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct json_object *object = json_object_new_object();
                AUTO_FREE char *size = listing_size(rows[i].size);
                AUTO_FREE char *reclaimable = listing_size(rows[i].reclaimable);

                json_set_string(object, "Type", rows[i].type);
                view_set_number(object, "Total", rows[i].total);
                view_set_number(object, "Active", rows[i].active);
                json_set_string(object, "Size", size);
                json_set_string(object, "Reclaimable", reclaimable);
                view_set_number(object, "RawSize", rows[i].size);
                view_set_number(object, "RawReclaimable", rows[i].reclaimable);
                json_object_array_add(list, object);
        }
        printed = format_print(format, list, TEMPLATE_LIST, err);
        if (printed == 0)
                view_print_df(list);
        return printed < 0 ? -1 : 0;
}

/* --- info */

/* The first line a program says of itself. */
static char *view_version(const char *program)
{
        AUTO_STRV struct strv words = { 0 };
        AUTO_FREE char *said = NULL;

        strv_append(&words, program);
        strv_append(&words, "--version");
        if (spawn_run(&words, NULL, SPAWN_STDOUT, &said, NULL) != 0 || !said)
                return str_dup("");
        said[strcspn(said, "\n")] = '\0';
        return steal_str(&said);
}

static void view_add_host(struct json_object *object, const struct settings *settings)
{
        struct json_object *host = json_add_object(object, "Host");
        AUTO_FREE char *systemd = view_version("systemctl");
        AUTO_FREE char *crun = view_version(settings->runtime ? settings->runtime : "crun");
        struct utsname name;
        struct sysinfo memory;

        uname(&name);
        json_set_string(host, "Hostname", name.nodename);
        json_set_string(host, "Kernel", name.release);
        json_set_string(host, "Arch", name.machine);
        if (sysinfo(&memory) == 0) {
                view_set_number(host, "MemTotal", (uint64_t)memory.totalram * memory.mem_unit);
                view_set_number(host, "MemFree", (uint64_t)memory.freeram * memory.mem_unit);
                view_set_number(host, "Uptime", (uint64_t)memory.uptime);
        }
        view_set_number(host, "CPUs", (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
        json_set_string(host, "Systemd", systemd);
        json_set_string(host, "OCIRuntime", crun);
        json_set_string(host, "CgroupVersion",
                        access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0 ? "v2" : "v1");
        for (size_t i = 0; i < 3; i++) {
                static const char *const controllers[] = { "memory", "pids", "cpu" };
                AUTO_FREE char *key = str_format("Limits%s", controllers[i]);

                json_object_object_add(
                        host, key, json_object_new_boolean(cgroup_has_controller(controllers[i])));
        }
}

static int view_add_store(struct json_object *object, const char *storage, struct error *err)
{
        struct json_object *store = json_add_object(object, "Store");
        struct view_row rows[3] = { 0 };
        AUTO_STRV struct strv networks = { 0 };
        struct statvfs fs;

        if (view_gather_df(storage, rows, err) < 0 || network_list(storage, &networks, err) < 0)
                return -1;
        json_set_string(store, "Root", storage);
        json_set_string(store, "RunRoot", place_runtime());
        view_set_number(store, "Images", rows[0].total);
        view_set_number(store, "Containers", rows[1].total);
        view_set_number(store, "ContainersRunning", rows[1].active);
        view_set_number(store, "Volumes", rows[2].total);
        view_set_number(store, "Networks", networks.count);
        if (statvfs(storage, &fs) == 0) {
                view_set_number(store, "BytesTotal", (uint64_t)fs.f_blocks * fs.f_frsize);
                view_set_number(store, "BytesFree", (uint64_t)fs.f_bavail * fs.f_frsize);
        }
        return 0;
}

static void view_print_info(struct json_object *object, unsigned indent)
{
        struct json_object_iterator at = json_object_iter_begin(object);
        struct json_object_iterator end = json_object_iter_end(object);

        for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
                struct json_object *value = json_object_iter_peek_value(&at);
                bool is_map = json_object_is_type(value, json_type_object);

                printable_line("%*s%s:%s%s", (int)indent, "", json_object_iter_peek_name(&at),
                               is_map ? "" : " ", is_map ? "" : json_object_get_string(value));
                if (is_map)
                        view_print_info(value, indent + 2);
        }
}

static int view_info(const struct settings *settings, const char *storage, const char *format,
                     struct error *err)
{
        AUTO_JSON struct json_object *object = json_object_new_object();
        AUTO_FREE char *text = NULL;

        json_set_string(object, "Version", PACKAGE_VERSION);
        view_add_host(object, settings);
        if (view_add_store(object, storage, err) < 0)
                return -1;
        if (!format) {
                view_print_info(object, 0);
                return 0;
        }
        if (str_equal(format, "json"))
                text = json_shown(object);
        else if (template_fill(format, object, TEMPLATE_GO, &text, err) < 0)
                return -1;
        puts(text);
        return 0;
}

/* --- commands */

static int view_command(const struct cmd *cmd, int argc, char **argv, bool info)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_SETTINGS struct settings settings = { 0 };
        struct view_request request = { 0 };
        const char *storage;
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, 0, &first, &status))
                return status;
        if (cmd_load_settings(&settings, &err) == 0) {
                storage = store_root_of(settings.storage);
                if (info)
                        view_info(&settings, storage, request.format, &err);
                else
                        view_df(storage, request.format, &err);
        }
        free(request.format);
        return err.message ? log_failure(&err) : EXIT_SUCCESS;
}

int cmd_system_info(const struct cmd *cmd, int argc, char **argv)
{
        return view_command(cmd, argc, argv, true);
}

int cmd_system_df(const struct cmd *cmd, int argc, char **argv)
{
        return view_command(cmd, argc, argv, false);
}
