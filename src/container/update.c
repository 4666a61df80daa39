/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "update.h"

#include "../image/image.h"
#include "../image/store-change.h"
#include "../image/store-work.h"
#include "cgroup.h"
#include "image-program.h"
#include "interrupt.h"
#include "manager.h"
#include "place.h"
#include "state.h"

#include <errno.h>

#define UPDATE_LABEL    "io.containers.autoupdate="
#define UPDATE_AUTHFILE "io.containers.autoupdate.authfile="

static const char update_true[] = "true", update_false[] = "false", update_pending[] = "pending",
                  update_rolled_back[] = "rolled back", update_failed[] = "failed";

/* An update under way. */
struct updating {
        const struct update_options *options; /* borrowed */
        struct update *update;                /* borrowed */
        struct store store;
        struct work work; /* keeps the images that may be needed again */
        struct manager *manager;
};

static void updating_end(struct updating *updating)
{
        if (updating->work.fd >= 0)
                work_end(&updating->work);
        store_close(&updating->store);
        manager_close(&updating->manager);
}

void update_free(struct update *update)
{
        for (size_t i = 0; i < update->count; i++) {
                struct update_row *row = update->rows + i;

                free(row->unit);
                free(row->container);
                free(row->id);
                free(row->image);
                free(row->image_id);
                free(row->policy);
                free(row->authfile);
        }
        free(update->rows);
        *update = (struct update){ 0 };
}

static void update_fail(struct updating *updating, struct update_row *row, const char *message)
{
        AUTO_FREE char *line = str_format("%s: %s", row->container, message);

        updating->options->warn(line);
        updating->update->failed = true;
        row->updated = update_failed;
}

/* --- who asks for it */

/* The value of the last label of that name, which hides those before; borrowed, or NULL. */
static const char *update_label(const struct container_state *state, const char *name)
{
        const char *value = NULL;

        for (size_t i = 0; i < state->labels.count; i++) {
                const char *found = str_after(state->labels.items[i], name);

                if (found)
                        value = found;
        }
        return value;
}

/* In the sandbox of our unit, /proc shows no process that has other rights than we. That it is in
 * its own control group is seen nevertheless. */
static bool update_is_alive(const struct container_state *state)
{
        AUTO_CLOSE int group = -1;
        AUTO_FREE pid_t *pids = NULL;
        size_t count = 0;
        bool found = false;

        if (state_alive(state))
                return true;
        group = state->cgroup && state->init.pid ? cgroup_open(state->cgroup, NULL) : -1;
        if (group < 0 || cgroup_list_processes(group, &pids, &count, NULL) < 0)
                return false;
        for (size_t i = 0; i < count && !found; i++)
                found = pids[i] == state->init.pid;
        return found;
}

static bool update_is_wanted(const struct container_state *state, const char *policy)
{
        return update_is_alive(state) && state->init.pid && state->image && !str_empty(policy) &&
               !str_equal(policy, "disabled");
}

static void update_add(struct updating *updating, const struct container_state *state)
{
        const char *policy = update_label(state, UPDATE_LABEL);
        struct update *update = updating->update;
        struct update_row *row;

        if (!update_is_wanted(state, policy))
                return;
        update->rows = alloc_grow(update->rows, update->count + 1, sizeof *update->rows);
        row = update->rows + update->count++;
        /* "image" is what "registry" was called once */
        *row = (struct update_row){
                .unit = str_dup(state->unit ? state->unit : ""),
                .container = str_dup(state->name),
                .id = str_dup(state->id),
                .image = str_dup(state->image_name),
                .image_id = str_dup(state->image),
                .policy = str_dup(str_equal(policy, "image") ? "registry" : policy),
                .authfile = str_dup(update_label(state, UPDATE_AUTHFILE)),
        };
        if (!str_equal(row->policy, "registry") && !str_equal(row->policy, "local"))
                update_fail(updating, row, "the label's policy is neither registry nor local");
        else if (!state->unit)
                update_fail(updating, row, "it is in no unit that could be restarted");
}

static int update_find(struct updating *updating, struct error *err)
{
        AUTO_STRV struct strv labels = { 0 };

        if (place_list(NULL, &labels, err) < 0)
                return -1;
        for (size_t i = 0; i < labels.count; i++) {
                AUTO_PLACE struct place place = { 0 };
                AUTO_STATE struct container_state state = { 0 };
                AUTO_ERROR struct error reason = { 0 };

                place_of(labels.items[i], updating->options->storage, &place);
                if (state_read(place.run, &state, &reason) == 0)
                        update_add(updating, &state);
                else if (reason.code != ENOENT)
                        updating->options->warn(reason.message);
        }
        return 0;
}

/* --- what the store says of a name */

/* What index.json says of it, copied; ENOENT where it does not. */
static int update_look_up(struct updating *updating, const char *text, struct descriptor *ret,
                          char **ret_id, struct error *err)
{
        AUTO_STORE_FOUND struct store_found found = { 0 };
        AUTO_FREE char *id = NULL;
        const struct descriptor *from;

        if (store_look_up(&updating->store, text, &found, err) < 0 ||
            store_entry_id(&updating->store, found.entry, &id, err) < 0)
                return -1;
        from = &found.entry->descriptor;
        *ret = (struct descriptor){ .media_type = str_dup(from->media_type),
                                    .digest = str_dup(from->digest),
                                    .size = from->size,
                                    .os = str_dup(from->os),
                                    .architecture = str_dup(from->architecture),
                                    .variant = str_dup(from->variant) };
        *ret_id = steal_str(&id);
        return 0;
}

static int update_look_up_locked(struct updating *updating, const char *text,
                                 struct descriptor *ret, char **ret_id, struct error *err)
{
        int result;

        if (store_lock(&updating->store, STORE_SHARED, err) < 0)
                return -1;
        result = update_look_up(updating, text, ret, ret_id, err);
        store_unlock(&updating->store);
        return result;
}

/* --- the registry */

/* Returns the exit status; ret_said: the last line of its output, owned. */
static int update_execute(const struct updating *updating, const struct update_row *row,
                          const char *const *words, char **ret_line, struct error *err)
{
        const struct update_options *options = updating->options;
        const char *authfile = row->authfile ? row->authfile : options->authfile;
        AUTO_STRV struct strv args = { 0 };
        AUTO_FREE char *said = NULL;
        const struct image_program program = { .args = &args, .signals = options->signals };
        int status;

        for (; *words; words++)
                strv_append(&args, *words);
        if (authfile)
                strv_appendf(&args, "--authfile=%s", authfile);
        if (options->tls_verify >= 0)
                strv_appendf(&args, "--tls-verify=%s", options->tls_verify ? "true" : "false");
        strv_append(&args, "--");
        strv_append(&args, row->image);
        status = image_program_run(&program, &said, err);
        if (status == 0)
                *ret_line = str_dup(image_program_last_line(said));
        return status;
}

/* Does the registry have another one? */
static int update_ask(struct updating *updating, struct update_row *row, struct error *err)
{
        static const char *const words[] = { "image", "digest", NULL };
        AUTO_DESCRIPTOR struct descriptor stored = { 0 };
        AUTO_FREE char *id = NULL;
        AUTO_FREE char *digest = NULL;
        int status = update_execute(updating, row, words, &digest, err);

        if (status < 0)
                return -1;
        if (status > 0) {
                update_fail(updating, row, "the registry could not be asked");
                return 0;
        }
        /* A name that is gone means nothing that could be current. */
        if (update_look_up_locked(updating, row->image, &stored, &id, NULL) < 0)
                row->stale = true;
        else
                row->stale = !str_equal(stored.digest, digest);
        return 0;
}

static int update_pull(struct updating *updating, struct update_row *row, struct error *err)
{
        AUTO_FREE char *root = str_format("--root=%s", updating->options->storage);
        const char *const words[] = { "pull", "--quiet", root, NULL };
        AUTO_FREE char *id = NULL;
        int status = update_execute(updating, row, words, &id, err);

        if (status < 0)
                return -1;
        if (status > 0)
                update_fail(updating, row, "the image could not be pulled");
        return 0;
}

/* The first row of the same question, whose answer holds for this one as well; or the row itself.
 */
static struct update_row *update_first(const struct update *update, const struct update_row *row)
{
        struct update_row *first = update->rows;

        while (first < row &&
               (!first->unit[0] || !str_equal(first->policy, row->policy) ||
                !str_equal(first->image, row->image) || !str_equal(first->authfile, row->authfile)))
                first++;
        return first;
}

static int update_ask_all(struct updating *updating, struct error *err)
{
        struct update *update = updating->update;

        for (size_t i = 0; i < update->count; i++) {
                struct update_row *row = update->rows + i;
                struct update_row *first = update_first(update, row);

                if (row->updated || !str_equal(row->policy, "registry"))
                        continue;
                if (first != row) {
                        row->stale = first->stale;
                        row->updated = first->updated;
                } else if (update_ask(updating, row, err) < 0) {
                        return -1;
                }
        }
        return 0;
}

static int update_pull_all(struct updating *updating, struct error *err)
{
        struct update *update = updating->update;

        for (size_t i = 0; i < update->count; i++) {
                struct update_row *row = update->rows + i;
                struct update_row *first = update_first(update, row);

                if (row->updated || !row->stale)
                        continue;
                if (first != row && first->stale)
                        row->updated = first->updated;
                else if (update_pull(updating, row, err) < 0)
                        return -1;
        }
        return 0;
}

/* --- keeping what may be needed again */

static void update_list_digests(struct updating *updating, const struct descriptor *descriptor,
                                struct strv *digests)
{
        const struct store_entry entry = { .descriptor = *descriptor };
        AUTO_MANIFEST struct manifest manifest = { 0 };
        AUTO_IMAGE struct image image = { 0 };

        strv_append(digests, descriptor->digest);
        if (image_read(&updating->store, &entry, &image, &manifest, NULL) < 0)
                return;
        strv_append(digests, image.digest);
        strv_append(digests, manifest.config.digest);
        strv_append_all(digests, &image.config.diff_ids);
        for (size_t i = 0; i < manifest.layer_count; i++)
                strv_append(digests, manifest.layers[i].digest);
}

/* All images that run now, whatever happens to their names. */
static int update_keep_all(struct updating *updating, struct error *err)
{
        AUTO_STRV struct strv digests = { 0 };
        int result;

        if (store_lock(&updating->store, STORE_SHARED, err) < 0)
                return -1;
        for (size_t i = 0; i < updating->update->count; i++) {
                AUTO_DESCRIPTOR struct descriptor descriptor = { 0 };
                AUTO_FREE char *text = str_format("sha256:%s", updating->update->rows[i].image_id);
                AUTO_FREE char *id = NULL;

                if (update_look_up(updating, text, &descriptor, &id, NULL) == 0)
                        update_list_digests(updating, &descriptor, &digests);
        }
        result = work_keep(&updating->work, &digests, err);
        store_unlock(&updating->store);
        return result;
}

/* --- restarting */

/* The name means the old image again. */
static int update_take_back(struct updating *updating, const struct update_row *row,
                            const struct descriptor *old, struct error *err)
{
        int result;

        if (store_lock(&updating->store, STORE_EXCLUSIVE, err) < 0)
                return -1;
        result = store_tag(&updating->store, row->image, old, err);
        if (result == 0)
                result = store_save(&updating->store, err);
        store_unlock(&updating->store);
        return result;
}

/* Returns -1 only when we were told to stop. */
static int update_roll_back(struct updating *updating, struct update_row *row,
                            const struct descriptor *old, struct error *err)
{
        AUTO_ERROR struct error why = { 0 };
        int up;

        if (!updating->options->rollback || !old->digest) {
                update_fail(updating, row,
                            old->digest ? "its unit did not come up with the new image"
                                        : "its unit did not come up with the new image, and the "
                                          "old one is gone");
                return 0;
        }
        if (update_take_back(updating, row, old, &why) < 0) {
                update_fail(updating, row, why.message);
                return 0;
        }
        up = manager_restart(updating->manager, row->unit, &why);
        if (up < 0 && why.code == EINTR)
                return error_set(err, EINTR, "%s", why.message);
        if (up <= 0) {
                update_fail(updating, row, "its unit came up with neither image");
                return 0;
        }
        row->updated = update_rolled_back;
        return 0;
}

static int update_restart(struct updating *updating, struct update_row *row, struct error *err)
{
        AUTO_FREE char *text = str_format("sha256:%s", row->image_id);
        AUTO_DESCRIPTOR struct descriptor old = { 0 };
        AUTO_ERROR struct error why = { 0 };
        AUTO_FREE char *id = NULL;
        int up;

        update_look_up_locked(updating, text, &old, &id, NULL);
        up = manager_restart(updating->manager, row->unit, &why);
        if (up < 0 && why.code == EINTR)
                return error_set(err, EINTR, "%s", why.message);
        if (up < 0)
                update_fail(updating, row, why.message);
        else if (up == 0)
                return update_roll_back(updating, row, &old, err);
        else
                row->updated = update_true;
        return 0;
}

/* Does its name mean another image than the one it runs? */
static bool update_is_outdated(struct updating *updating, const struct update_row *row)
{
        AUTO_DESCRIPTOR struct descriptor current = { 0 };
        AUTO_FREE char *id = NULL;

        return update_look_up_locked(updating, row->image, &current, &id, NULL) == 0 &&
               !str_equal(id, row->image_id);
}

static int update_restart_all(struct updating *updating, struct error *err)
{
        struct update *update = updating->update;

        for (size_t i = 0; i < update->count; i++) {
                struct update_row *row = update->rows + i;
                bool dry = updating->options->dry_run;

                if (row->updated)
                        continue;
                if (interrupt_check(err) < 0)
                        return -1;
                if (!update_is_outdated(updating, row) && !(dry && row->stale))
                        row->updated = update_false;
                else if (dry)
                        row->updated = update_pending;
                else if (update_restart(updating, row, err) < 0)
                        return -1;
        }
        return 0;
}

static int update_begin(struct updating *updating, struct error *err)
{
        if (store_open(updating->options->storage, STORE_MAKE, &updating->store, err) < 0 ||
            work_begin(&updating->store, "update", &updating->work, err) < 0 ||
            update_keep_all(updating, err) < 0)
                return -1;
        return updating->options->dry_run ? 0 : manager_open(&updating->manager, err);
}

int update_run(const struct update_options *options, struct update *ret, struct error *err)
{
        AUTO_UPDATE struct update update = { 0 };
        CLEANUP(updating_end)
        struct updating updating = {
                .options = options, .update = &update, .store = STORE_NONE, .work = { .fd = -1 }
        };

        if (update_find(&updating, err) < 0)
                return -1;
        if (update.count &&
            (update_begin(&updating, err) < 0 || update_ask_all(&updating, err) < 0))
                return -1;
        if (!options->dry_run && update_pull_all(&updating, err) < 0)
                return -1;
        if (update.count && update_restart_all(&updating, err) < 0)
                return -1;
        *ret = update;
        update = (struct update){ 0 };
        return 0;
}
