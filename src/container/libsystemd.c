/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The functions of libsystemd that this program calls, each of which finds the library's own when
 * it is called. A start of a container needs none of them, and to load the library with what it
 * loads in turn would cost each start 0.3 ms (systemd 257) or more. The prototypes are those of its
 * headers; the library's own calls do not come here, since nothing of this program is visible to
 * it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-journal.h>

/* Once loaded it stays. */
static void *libsystemd_find(const char *name)
{
        void *library = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);

        return library ? dlsym(library, name) : NULL;
}

/* What a function is where there is no library is the last argument. */
#define LIBSYSTEMD(type, name, parameters, arguments, missing)                                     \
        type name parameters                                                                       \
        {                                                                                          \
                type(*found) parameters = NULL;                                                    \
                                                                                                   \
                *(void **)&found = libsystemd_find(#name);                                         \
                return found ? found arguments : (missing);                                        \
        }

#define LIBSYSTEMD_INT(name, parameters, arguments)                                                \
        LIBSYSTEMD(int, name, parameters, arguments, -ELIBACC)

#define LIBSYSTEMD_VOID(name, parameters, arguments)                                               \
        void name parameters                                                                       \
        {                                                                                          \
                void(*found) parameters = NULL;                                                    \
                                                                                                   \
                *(void **)&found = libsystemd_find(#name);                                         \
                if (found)                                                                         \
                        found arguments;                                                           \
        }

/* --- connections */

LIBSYSTEMD_INT(sd_bus_new, (sd_bus * *bus), (bus))
LIBSYSTEMD_INT(sd_bus_open_system, (sd_bus * *bus), (bus))
LIBSYSTEMD_INT(sd_bus_open_user, (sd_bus * *bus), (bus))
LIBSYSTEMD_INT(sd_bus_set_address, (sd_bus * bus, const char *address), (bus, address))
LIBSYSTEMD_INT(sd_bus_start, (sd_bus * bus), (bus))
LIBSYSTEMD_INT(sd_bus_process, (sd_bus * bus, sd_bus_message **message), (bus, message))
LIBSYSTEMD_INT(sd_bus_wait, (sd_bus * bus, uint64_t timeout), (bus, timeout))
LIBSYSTEMD(sd_bus *, sd_bus_unref, (sd_bus * bus), (bus), NULL)
LIBSYSTEMD(sd_bus *, sd_bus_flush_close_unref, (sd_bus * bus), (bus), NULL)
LIBSYSTEMD_INT(sd_bus_add_match,
               (sd_bus * bus, sd_bus_slot **slot, const char *match,
                sd_bus_message_handler_t callback, void *context),
               (bus, slot, match, callback, context))
LIBSYSTEMD(sd_bus_slot *, sd_bus_slot_unref, (sd_bus_slot * slot), (slot), NULL)

/* --- calls */

LIBSYSTEMD_INT(sd_bus_call,
               (sd_bus * bus, sd_bus_message *message, uint64_t timeout, sd_bus_error *error,
                sd_bus_message **answer),
               (bus, message, timeout, error, answer))
LIBSYSTEMD_INT(sd_bus_call_methodv,
               (sd_bus * bus, const char *destination, const char *path, const char *interface,
                const char *member, sd_bus_error *error, sd_bus_message **answer, const char *types,
                va_list values),
               (bus, destination, path, interface, member, error, answer, types, values))
LIBSYSTEMD_INT(sd_bus_get_property,
               (sd_bus * bus, const char *destination, const char *path, const char *interface,
                const char *member, sd_bus_error *error, sd_bus_message **answer, const char *type),
               (bus, destination, path, interface, member, error, answer, type))
LIBSYSTEMD_INT(sd_bus_get_property_string,
               (sd_bus * bus, const char *destination, const char *path, const char *interface,
                const char *member, sd_bus_error *ret_error, char **ret),
               (bus, destination, path, interface, member, ret_error, ret))
LIBSYSTEMD_INT(sd_bus_get_property_trivial,
               (sd_bus * bus, const char *destination, const char *path, const char *interface,
                const char *member, sd_bus_error *error, char type, void *value),
               (bus, destination, path, interface, member, error, type, value))
LIBSYSTEMD_VOID(sd_bus_error_free, (sd_bus_error * error), (error))
LIBSYSTEMD_INT(sd_bus_error_has_name, (const sd_bus_error *error, const char *name), (error, name))
LIBSYSTEMD_INT(sd_bus_path_encode, (const char *prefix, const char *name, char **path),
               (prefix, name, path))

int sd_bus_call_method(sd_bus *bus, const char *destination, const char *path,
                       const char *interface, const char *member, sd_bus_error *error,
                       sd_bus_message **answer, const char *types, ...)
{
        va_list values;
        int result;

        va_start(values, types);
        result = sd_bus_call_methodv(bus, destination, path, interface, member, error, answer,
                                     types, values);
        va_end(values);
        return result;
}

/* --- messages */

LIBSYSTEMD_INT(sd_bus_message_new_method_call,
               (sd_bus * bus, sd_bus_message **message, const char *destination, const char *path,
                const char *interface, const char *member),
               (bus, message, destination, path, interface, member))
LIBSYSTEMD(sd_bus_message *, sd_bus_message_unref, (sd_bus_message * message), (message), NULL)
LIBSYSTEMD_INT(sd_bus_message_appendv,
               (sd_bus_message * message, const char *types, va_list values),
               (message, types, values))
LIBSYSTEMD_INT(sd_bus_message_append_array,
               (sd_bus_message * message, char type, const void *values, size_t size),
               (message, type, values, size))
LIBSYSTEMD_INT(sd_bus_message_append_strv, (sd_bus_message * message, char **values),
               (message, values))
LIBSYSTEMD_INT(sd_bus_message_open_container,
               (sd_bus_message * message, char type, const char *contents),
               (message, type, contents))
LIBSYSTEMD_INT(sd_bus_message_close_container, (sd_bus_message * message), (message))
LIBSYSTEMD_INT(sd_bus_message_enter_container,
               (sd_bus_message * message, char type, const char *contents),
               (message, type, contents))
LIBSYSTEMD_INT(sd_bus_message_readv, (sd_bus_message * message, const char *types, va_list values),
               (message, types, values))

int sd_bus_message_append(sd_bus_message *message, const char *types, ...)
{
        va_list values;
        int result;

        va_start(values, types);
        result = sd_bus_message_appendv(message, types, values);
        va_end(values);
        return result;
}

int sd_bus_message_read(sd_bus_message *message, const char *types, ...)
{
        va_list values;
        int result;

        va_start(values, types);
        result = sd_bus_message_readv(message, types, values);
        va_end(values);
        return result;
}

/* --- the journal */

LIBSYSTEMD_INT(sd_journal_open, (sd_journal * *journal, int flags), (journal, flags))
LIBSYSTEMD_VOID(sd_journal_close, (sd_journal * journal), (journal))
LIBSYSTEMD_INT(sd_journal_add_match, (sd_journal * journal, const void *data, size_t size),
               (journal, data, size))
LIBSYSTEMD_INT(sd_journal_add_disjunction, (sd_journal * journal), (journal))
LIBSYSTEMD_INT(sd_journal_seek_head, (sd_journal * journal), (journal))
LIBSYSTEMD_INT(sd_journal_seek_tail, (sd_journal * journal), (journal))
LIBSYSTEMD_INT(sd_journal_seek_realtime_usec, (sd_journal * journal, uint64_t time),
               (journal, time))
LIBSYSTEMD_INT(sd_journal_next, (sd_journal * journal), (journal))
LIBSYSTEMD_INT(sd_journal_previous, (sd_journal * journal), (journal))
LIBSYSTEMD_INT(sd_journal_get_data,
               (sd_journal * journal, const char *field, const void **data, size_t *length),
               (journal, field, data, length))
LIBSYSTEMD_INT(sd_journal_get_realtime_usec, (sd_journal * journal, uint64_t *time),
               (journal, time))
LIBSYSTEMD_INT(sd_journal_wait, (sd_journal * journal, uint64_t timeout), (journal, timeout))
