/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager-parts.h"

#include <ctype.h>
#include <stdlib.h>

enum {
        TRANSIENT_CPUS = 8192 /* what the kernel counts to */
};

typedef int transient_append(sd_bus_message *message, const struct manager_property *property);

static int append_string(sd_bus_message *message, const struct manager_property *property)
{
        return sd_bus_message_append(message, "v", "s", property->text);
}

static int append_bool(sd_bus_message *message, const struct manager_property *property)
{
        return sd_bus_message_append(message, "v", "b", (int)(property->number != 0));
}

static int append_u32(sd_bus_message *message, const struct manager_property *property)
{
        return sd_bus_message_append(message, "v", "u", (uint32_t)property->number);
}

static int append_u64(sd_bus_message *message, const struct manager_property *property)
{
        return sd_bus_message_append(message, "v", "t", property->number);
}

/* Open the variant and the arrays in it, run, and close them again. */
static int append_strings(sd_bus_message *message, const struct manager_property *property)
{
        int result = sd_bus_message_open_container(message, 'v', "as");

        if (result >= 0)
                result = sd_bus_message_append_strv(message, property->list->items);
        return result < 0 ? result : sd_bus_message_close_container(message);
}

static int append_bytes(sd_bus_message *message, const struct manager_property *property)
{
        int result = sd_bus_message_open_container(message, 'v', "aay");

        if (result >= 0)
                result = sd_bus_message_open_container(message, 'a', "ay");
        if (result >= 0)
                result = sd_bus_message_append_array(message, 'y', property->text,
                                                     strlen(property->text));
        if (result >= 0)
                result = sd_bus_message_close_container(message);
        return result < 0 ? result : sd_bus_message_close_container(message);
}

/* One command: its path, its words, and that a "$" in them means nothing. */
static int append_command(sd_bus_message *message, const struct manager_property *property)
{
        int result = sd_bus_message_open_container(message, 'v', "a(sasas)");

        if (result >= 0)
                result = sd_bus_message_open_container(message, 'a', "(sasas)");
        if (result >= 0)
                result = sd_bus_message_open_container(message, 'r', "sasas");
        if (result >= 0)
                result = sd_bus_message_append(message, "s", property->list->items[0]);
        if (result >= 0)
                result = sd_bus_message_append_strv(message, property->list->items);
        if (result >= 0)
                result = sd_bus_message_append(message, "as", 1, "no-env-expand");
        for (int i = 0; i < 3 && result >= 0; i++)
                result = sd_bus_message_close_container(message);
        return result;
}

static int append_devices(sd_bus_message *message, const struct manager_property *property)
{
        int result = sd_bus_message_open_container(message, 'v', "a(ss)");

        if (result >= 0)
                result = sd_bus_message_open_container(message, 'a', "(ss)");
        for (size_t i = 0; i < property->list->count && result >= 0; i++) {
                const char *item = property->list->items[i], *blank = strrchr(item, ' ');
                AUTO_FREE char *path = str_dupn(item, (size_t)(blank - item));

                result = sd_bus_message_append(message, "(ss)", path, blank + 1);
        }
        for (int i = 0; i < 2 && result >= 0; i++)
                result = sd_bus_message_close_container(message);
        return result;
}

static int append_device_limits(sd_bus_message *message, const struct manager_property *property)
{
        int result = sd_bus_message_open_container(message, 'v', "a(st)");

        if (result >= 0)
                result = sd_bus_message_open_container(message, 'a', "(st)");
        for (size_t i = 0; i < property->list->count && result >= 0; i++) {
                const char *item = property->list->items[i], *blank = strrchr(item, ' ');
                AUTO_FREE char *path = str_dupn(item, (size_t)(blank - item));

                result = sd_bus_message_append(message, "(st)", path,
                                               (uint64_t)strtoull(blank + 1, NULL, 10));
        }
        for (int i = 0; i < 2 && result >= 0; i++)
                result = sd_bus_message_close_container(message);
        return result;
}

/* "0-3,5" as bytes of bits, the lowest first. */
static int transient_parse_cpus(const char *text, uint8_t *mask, size_t *ret_length)
{
        size_t length = 0;

        while (*text) {
                char *end;
                unsigned long first, last;

                if (!isdigit((unsigned char)*text))
                        return -EINVAL;
                first = last = strtoul(text, &end, 10);
                if (*end == '-')
                        last = strtoul(end + 1, &end, 10);
                if (last < first || last >= TRANSIENT_CPUS || (*end && *end != ','))
                        return -EINVAL;
                for (; first <= last; first++)
                        mask[first / 8] |= (uint8_t)(1u << first % 8);
                if (last / 8 + 1 > length)
                        length = last / 8 + 1;
                text = *end ? end + 1 : end;
        }
        *ret_length = length;
        return 0;
}

static int append_cpus(sd_bus_message *message, const struct manager_property *property)
{
        uint8_t mask[TRANSIENT_CPUS / 8] = { 0 };
        size_t length = 0;
        int result = transient_parse_cpus(property->text, mask, &length);

        if (result >= 0)
                result = sd_bus_message_open_container(message, 'v', "ay");
        if (result >= 0)
                result = sd_bus_message_append_array(message, 'y', mask, length);
        return result < 0 ? result : sd_bus_message_close_container(message);
}

static transient_append *const transient_kinds[] = {
        [MANAGER_STRING] = append_string,   [MANAGER_BOOL] = append_bool,
        [MANAGER_U32] = append_u32,         [MANAGER_U64] = append_u64,
        [MANAGER_STRINGS] = append_strings, [MANAGER_BYTES] = append_bytes,
        [MANAGER_COMMAND] = append_command, [MANAGER_DEVICES] = append_devices,
        [MANAGER_CPUS] = append_cpus,       [MANAGER_DEVICE_LIMITS] = append_device_limits,
};

static int transient_append_property(sd_bus_message *message,
                                     const struct manager_property *property)
{
        int result = sd_bus_message_open_container(message, 'r', "sv");

        if (result >= 0)
                result = sd_bus_message_append(message, "s", property->name);
        if (result >= 0)
                result = transient_kinds[property->kind](message, property);
        return result < 0 ? result : sd_bus_message_close_container(message);
}

static int transient_append_all(sd_bus_message *message, const struct manager_property *properties,
                                size_t count)
{
        int result = sd_bus_message_open_container(message, 'a', "(sv)");

        for (size_t i = 0; i < count && result >= 0; i++)
                result = transient_append_property(message, &properties[i]);
        return result < 0 ? result : sd_bus_message_close_container(message);
}

/* StartTransientUnit: name, mode, properties, and units beside it, of which there are none. */
static int transient_write(sd_bus_message *message, const char *unit,
                           const struct manager_property *properties, size_t count)
{
        int result = sd_bus_message_append(message, "ss", unit, "fail");

        if (result >= 0)
                result = transient_append_all(message, properties, count);
        return result < 0 ? result : sd_bus_message_append(message, "a(sa(sv))", 0);
}

int manager_start_transient(struct manager *manager, const char *unit,
                            const struct manager_property *properties, size_t count,
                            void (*made)(void *context), void *context, struct error *err)
{
        sd_bus_error why = SD_BUS_ERROR_NULL;
        sd_bus_message *question = NULL, *answer = NULL;
        int result =
                sd_bus_message_new_method_call(manager->bus, &question, MANAGER_NAME, MANAGER_PATH,
                                               MANAGER_TYPE, "StartTransientUnit");

        if (result >= 0)
                result = transient_write(question, unit, properties, count);
        if (result >= 0)
                result = sd_bus_call(manager->bus, question, 0, &why, &answer);
        if (result >= 0 && made)
                made(context);
        if (result < 0)
                result = error_set(
                        err,
                        sd_bus_error_has_name(&why, "org.freedesktop.systemd1.UnitExists")
                                ? EEXIST
                                : -result,
                        "cannot start %s: %s", unit, why.message ? why.message : strerror(-result));
        else
                result = manager_wait_for_answer(manager, answer, unit, err);
        sd_bus_message_unref(question);
        sd_bus_message_unref(answer);
        sd_bus_error_free(&why);
        return result;
}

int manager_change(struct manager *manager, const char *unit,
                   const struct manager_property *properties, size_t count, struct error *err)
{
        sd_bus_error why = SD_BUS_ERROR_NULL;
        sd_bus_message *question = NULL;
        int result = manager_new_call(manager, "SetUnitProperties", &question);

        /* name, and whether it ends with the boot */
        if (result >= 0)
                result = sd_bus_message_append(question, "sb", unit, 1);
        if (result >= 0)
                result = transient_append_all(question, properties, count);
        if (result >= 0)
                result = sd_bus_call(manager->bus, question, 0, &why, NULL);
        if (result < 0)
                error_set(err, -result, "cannot change %s: %s", unit,
                          why.message ? why.message : strerror(-result));
        sd_bus_message_unref(question);
        sd_bus_error_free(&why);
        return result < 0 ? -1 : 0;
}

/* --- what became of it */

int manager_main_exit(struct manager *manager, const char *unit, struct manager_exit *ret,
                      struct error *err)
{
        AUTO_FREE char *path = NULL;
        sd_bus_error why = SD_BUS_ERROR_NULL;
        uint32_t pid = 0;
        int32_t code = 0, status = 0;
        int result = sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path);
        const struct {
                const char *name;
                char type;
                void *place;
        } members[] = { { "ExecMainPID", 'u', &pid },
                        { "ExecMainCode", 'i', &code },
                        { "ExecMainStatus", 'i', &status } };

        for (size_t i = 0; i < sizeof members / sizeof *members && result >= 0; i++)
                result = sd_bus_get_property_trivial(
                        manager->bus, MANAGER_NAME, path, "org.freedesktop.systemd1.Service",
                        members[i].name, &why, members[i].type, members[i].place);
        if (result < 0)
                error_set(err, -result, "cannot ask systemd for %s: %s", unit,
                          why.message ? why.message : strerror(-result));
        sd_bus_error_free(&why);
        if (result < 0)
                return -1;
        *ret = (struct manager_exit){ pid, code, status };
        return 0;
}
