/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lease.h"

#include "../base/io.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <sys/stat.h>

enum {
        LEASE_LABEL_MAX = 1024
};

/* Addresses that are leased, by their distances from the range's first one. */
struct leases {
        uint64_t *items; /* owned */
        size_t count;
};

static void leases_free(struct leases *leases)
{
        free(leases->items);
}

/* The label behind a lease; NULL where there is none, or one that no label can be. */
static char *lease_read(int dir, const char *name)
{
        char label[LEASE_LABEL_MAX];
        ssize_t length = readlinkat(dir, name, label, sizeof label);

        if (length <= 0 || (size_t)length == sizeof label)
                return NULL;
        return str_dupn(label, (size_t)length);
}

static char *lease_directory(const char *storage, const char *network)
{
        return str_format("%s/networks/%s.leases", storage, network);
}

static int lease_open(const struct lease_request *request, struct error *err)
{
        AUTO_FREE char *path = lease_directory(request->storage, request->network->name);
        int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (dir < 0 && errno == ENOENT) {
                if (io_make_dirs(AT_FDCWD, path, 0755, err) < 0)
                        return -1;
                dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        }
        return dir >= 0 ? dir : error_errno(err, errno, "cannot open %s", path);
}

static int lease_write(int dir, const struct address *address, const char *label, struct error *err)
{
        char name[ADDRESS_TEXT];

        address_format(address, name);
        if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
                return error_errno(err, errno, "cannot remove the lease %s", name);
        if (symlinkat(label, dir, name) < 0)
                return error_errno(err, errno, "cannot write the lease %s", name);
        return 0;
}

/* --- notes: what a label had last */

static char *lease_note_name(int family, const char *label)
{
        return str_format("%c=%s", family == AF_INET ? '4' : '6', label);
}

/* Without a note a container gets another address the next time, no more. */
static void lease_note(int dir, const struct address *address, const char *label)
{
        AUTO_FREE char *note = lease_note_name(address->family, label);
        AUTO_FREE char *found = lease_read(dir, note);
        char name[ADDRESS_TEXT];

        address_format(address, name);
        if (str_equal(found, name))
                return;
        if ((found && unlinkat(dir, note, 0) < 0) || symlinkat(name, dir, note) < 0)
                unlinkat(dir, note, 0);
}

static void lease_remove_note(int dir, int family, const char *label)
{
        AUTO_FREE char *note = lease_note_name(family, label);

        unlinkat(dir, note, 0);
}

/* Whether the label has an address still that it had before. */
static bool lease_find_noted(const struct lease_request *request, int dir,
                             const struct address_range *range, struct address *ret)
{
        AUTO_FREE char *note = lease_note_name(range->first.family, request->label);
        AUTO_FREE char *name = lease_read(dir, note);
        AUTO_FREE char *label = NULL;
        struct address address;
        char text[ADDRESS_TEXT];

        if (!name || !address_parse(name, &address) || !address_range_contains(range, &address) ||
            address_equal(&address, &request->subnet->gateway))
                return false;
        label = lease_read(dir, address_format(&address, text));
        if (!str_equal(label, request->label))
                return false;
        *ret = address;
        return true;
}

/* --- taking */

/* before: the label that had it, or NULL. */
static int lease_give(int dir, const struct address *address, const char *before, const char *label,
                      struct error *err)
{
        if (lease_write(dir, address, label, err) < 0)
                return -1;
        if (!str_empty(before))
                lease_remove_note(dir, address->family, before);
        lease_note(dir, address, label);
        return 0;
}

/* What containers may have. */
static void lease_range(const struct network_subnet *subnet, struct address_range *ret)
{
        struct address_range hosts;

        subnet_hosts(&subnet->subnet, &hosts);
        *ret = subnet->range.first.family ? subnet->range : hosts;
        if (address_compare(&ret->first, &hosts.first) < 0)
                ret->first = hosts.first;
        if (address_compare(&ret->last, &hosts.last) > 0)
                ret->last = hosts.last;
}

static int lease_check_wanted(const struct lease_request *request, struct error *err)
{
        const struct network_subnet *subnet = request->subnet;
        char text[ADDRESS_TEXT], whole[ADDRESS_TEXT];
        struct address_range hosts;

        address_format(request->wanted, text);
        subnet_format(&subnet->subnet, whole);
        subnet_hosts(&subnet->subnet, &hosts);
        if (!subnet_contains(&subnet->subnet, request->wanted))
                return error_set(err, EINVAL, "the address %s is not in %s of network '%s'", text,
                                 whole, request->network->name);
        if (address_equal(&subnet->gateway, request->wanted))
                return error_set(err, EINVAL, "the address %s is the gateway of network '%s'", text,
                                 request->network->name);
        if (!address_range_contains(&hosts, request->wanted))
                return error_set(err, EINVAL,
                                 "the address %s is the first or last of %s of network '%s', "
                                 "which no container can have",
                                 text, whole, request->network->name);
        return 0;
}

/* A label is NAME@UNIT, or @POD, or @@ and what serves names there. */
static int lease_refuse(const struct lease_request *request, const char *address, const char *label,
                        struct error *err)
{
        const char *network = request->network->name;

        if (str_has_prefix(label, "@@"))
                return error_set(err, EADDRINUSE,
                                 "the address %s of network '%s' is in use by a name service "
                                 "for containers with DNS= of their own: choose another",
                                 address, network);
        if (label[0] == '@')
                return error_set(err, EADDRINUSE,
                                 "the address %s of network '%s' is in use by pod '%s'", address,
                                 network, label + 1);
        return error_set(err, EADDRINUSE,
                         "the address %s of network '%s' is in use by container '%.*s'", address,
                         network, (int)strcspn(label, "@"), label);
}

static int lease_take_wanted(const struct lease_request *request, int dir, struct error *err)
{
        char name[ADDRESS_TEXT];
        AUTO_FREE char *label = NULL;

        if (lease_check_wanted(request, err) < 0)
                return -1;
        address_format(request->wanted, name);
        label = lease_read(dir, name);
        if (str_equal(label, request->label)) {
                lease_note(dir, request->wanted, request->label);
                return 0;
        }
        if (label && request->alive(request->context, label))
                return lease_refuse(request, name, label, err);
        return lease_give(dir, request->wanted, label, request->label, err);
}

static int lease_compare(const void *a, const void *b)
{
        uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

        return one < other ? -1 : one > other;
}

/* All leases within the range, by address; whose they are is not looked at. */
static int lease_list(int fd, const struct address_range *range, struct leases *ret,
                      struct error *err)
{
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        AUTO_CLOSEDIR DIR *dir = copy < 0 ? NULL : fdopendir(copy);
        struct dirent *entry;

        if (!dir)
                return error_errno(err, errno, "cannot read the leases");
        while ((entry = readdir(dir))) {
                struct address address;

                if (!address_parse(entry->d_name, &address) ||
                    !address_range_contains(range, &address))
                        continue;
                ret->items = alloc_grow(ret->items, ret->count + 1, sizeof *ret->items);
                ret->items[ret->count++] = address_distance(&range->first, &address);
        }
        if (ret->count)
                qsort(ret->items, ret->count, sizeof *ret->items, lease_compare);
        return 0;
}

/* The lowest address without a lease; false where there is none. */
static bool lease_find_free(const struct leases *leases, const struct address_range *range,
                            const struct address *gateway, struct address *ret)
{
        uint64_t offset = 0, last = address_distance(&range->first, &range->last);

        for (size_t i = 0;; offset++) {
                while (i < leases->count && leases->items[i] < offset)
                        i++;
                if (offset > last || !address_add(&range->first, offset, ret))
                        return false;
                if ((i < leases->count && leases->items[i] == offset) ||
                    address_equal(ret, gateway))
                        continue;
                return true;
        }
}

/* The address that has been without a container for longest, and the label that had it, which is
 * owned by the caller; NULL where all are in use. */
static char *lease_find_idle(const struct lease_request *request, int dir,
                             const struct leases *leases, const struct address_range *range,
                             struct address *ret)
{
        struct timespec since = { 0 };
        char *found = NULL;

        for (size_t i = 0; i < leases->count; i++) {
                AUTO_FREE char *label = NULL;
                struct address address;
                char name[ADDRESS_TEXT];
                struct stat st;

                address_add(&range->first, leases->items[i], &address);
                if (fstatat(dir, address_format(&address, name), &st, AT_SYMLINK_NOFOLLOW) < 0)
                        continue;
                if (found &&
                    (st.st_mtim.tv_sec > since.tv_sec ||
                     (st.st_mtim.tv_sec == since.tv_sec && st.st_mtim.tv_nsec >= since.tv_nsec)))
                        continue;
                label = lease_read(dir, name);
                if (label && request->alive(request->context, label))
                        continue;
                str_replace(&found, label ? label : "");
                since = st.st_mtim;
                *ret = address;
        }
        return found;
}

static int lease_take_any(const struct lease_request *request, int dir, struct address *ret,
                          struct error *err)
{
        CLEANUP(leases_free) struct leases leases = { 0 };
        AUTO_FREE char *before = NULL;
        char text[ADDRESS_TEXT];
        struct address_range range;
        struct address address;

        lease_range(request->subnet, &range);
        if (lease_find_noted(request, dir, &range, ret))
                return 0;
        if (lease_list(dir, &range, &leases, err) < 0)
                return -1;
        if (!lease_find_free(&leases, &range, &request->subnet->gateway, &address)) {
                before = lease_find_idle(request, dir, &leases, &range, &address);
                if (!before)
                        return error_set(err, ENOSPC,
                                         "no address is left in %s of network '%s': containers "
                                         "have all %zu",
                                         subnet_format(&request->subnet->subnet, text),
                                         request->network->name, leases.count);
        }
        if (lease_give(dir, &address, before, request->label, err) < 0)
                return -1;
        *ret = address;
        return 0;
}

int lease_take(const struct lease_request *request, struct address *ret, struct error *err)
{
        AUTO_CLOSE int dir = lease_open(request, err);

        if (dir < 0)
                return -1;
        if (!request->wanted)
                return lease_take_any(request, dir, ret, err);
        if (lease_take_wanted(request, dir, err) < 0)
                return -1;
        *ret = *request->wanted;
        return 0;
}

void lease_forget(const char *storage, const char *network, const struct address *address,
                  const char *label)
{
        AUTO_FREE char *path = lease_directory(storage, network);
        AUTO_CLOSE int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        char name[ADDRESS_TEXT];
        AUTO_FREE char *found = NULL;

        if (dir < 0)
                return;
        found = lease_read(dir, address_format(address, name));
        if (!str_equal(found, label))
                return;
        lease_remove_note(dir, address->family, label);
        unlinkat(dir, name, 0);
}
