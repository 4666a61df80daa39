/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lease.h"

#include "../base/io.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

enum {
        LEASE_LABEL_MAX = 1024
};

struct lease {
        uint64_t offset; /* from the range's first address */
        char *label;     /* owned */
        int64_t since;   /* nanoseconds */
};

struct leases {
        struct lease *items; /* owned */
        size_t count;
};

static void leases_free(struct leases *leases)
{
        for (size_t i = 0; i < leases->count; i++)
                free(leases->items[i].label);
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

static int lease_take_wanted(const struct lease_request *request, int dir, struct error *err)
{
        char name[ADDRESS_TEXT];
        AUTO_FREE char *label = NULL;

        if (lease_check_wanted(request, err) < 0)
                return -1;
        address_format(request->wanted, name);
        label = lease_read(dir, name);
        if (str_equal(label, request->label))
                return 0;
        if (label && request->alive(request->context, label))
                return error_set(err, EADDRINUSE,
                                 "the address %s of network '%s' is in use by container '%.*s'",
                                 name, request->network->name, (int)strcspn(label, "@"), label);
        return lease_write(dir, request->wanted, request->label, err);
}

static int lease_compare(const void *a, const void *b)
{
        const struct lease *one = a, *other = b;

        return one->offset < other->offset ? -1 : one->offset > other->offset;
}

/* All leases within the range, by address. */
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
                AUTO_FREE char *label = NULL;
                struct stat st;

                if (!address_parse(entry->d_name, &address) ||
                    !address_range_contains(range, &address) ||
                    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        continue;
                label = lease_read(fd, entry->d_name);
                ret->items = alloc_grow(ret->items, ret->count + 1, sizeof *ret->items);
                ret->items[ret->count++] = (struct lease){
                        .offset = address_distance(&range->first, &address),
                        .label = label ? steal_str(&label) : str_dup(""),
                        .since = st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec,
                };
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
                while (i < leases->count && leases->items[i].offset < offset)
                        i++;
                if (offset > last || !address_add(&range->first, offset, ret))
                        return false;
                if ((i < leases->count && leases->items[i].offset == offset) ||
                    address_equal(ret, gateway))
                        continue;
                return true;
        }
}

/* The lease that has been without a container for longest, or NULL. */
static const struct lease *lease_find_idle(const struct leases *leases,
                                           const struct lease_request *request)
{
        const struct lease *found = NULL;

        for (size_t i = 0; i < leases->count; i++) {
                const struct lease *lease = &leases->items[i];

                if ((!found || lease->since < found->since) &&
                    !request->alive(request->context, lease->label))
                        found = lease;
        }
        return found;
}

static int lease_take_any(const struct lease_request *request, int dir, struct address *ret,
                          struct error *err)
{
        CLEANUP(leases_free) struct leases leases = { 0 };
        char text[ADDRESS_TEXT];
        struct address_range range;
        struct address address;
        const struct lease *idle;

        lease_range(request->subnet, &range);
        if (lease_list(dir, &range, &leases, err) < 0)
                return -1;
        for (size_t i = 0; i < leases.count; i++)
                if (str_equal(leases.items[i].label, request->label) &&
                    address_add(&range.first, leases.items[i].offset, &address) &&
                    !address_equal(&address, &request->subnet->gateway)) {
                        *ret = address;
                        return 0;
                }
        if (!lease_find_free(&leases, &range, &request->subnet->gateway, &address)) {
                idle = lease_find_idle(&leases, request);
                if (!idle)
                        return error_set(err, ENOSPC,
                                         "no address is left in %s of network '%s': containers "
                                         "have all %zu",
                                         subnet_format(&request->subnet->subnet, text),
                                         request->network->name, leases.count);
                address_add(&range.first, idle->offset, &address);
        }
        if (lease_write(dir, &address, request->label, err) < 0)
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
        AUTO_FREE char *directory = lease_directory(storage, network);
        char name[ADDRESS_TEXT];
        AUTO_FREE char *path = str_format("%s/%s", directory, address_format(address, name));
        AUTO_FREE char *found = lease_read(AT_FDCWD, path);

        if (str_equal(found, label))
                unlink(path);
}
