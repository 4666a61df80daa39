/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "forwarder.h"

#include "../base/io.h"
#include "names-parts.h"

#include <netinet/in.h>

#define FORWARDER_LABEL "@@"

enum {
        FORWARDER_TEXT = 16, /* bytes of digits, and of an address's label (IFNAMSIZ) */
        FORWARDER_PREFIX = 32,
        FORWARDER_FILE_MAX = 4096,
};

/* --- values */

char *forwarder_name(const char *network, const struct strv *servers)
{
        AUTO_FREE char *text = strv_join(servers, " ");
        uint64_t digest = text_digest(text, network);

        return str_format("%s@%012llx", network,
                          (unsigned long long)(digest & UINT64_C(0xffffffffffff)));
}

const char *forwarder_of_label(const char *label)
{
        return str_after(label, FORWARDER_LABEL);
}

/* "dns" and the digits: as long as a label may be. */
static const char *forwarder_address_label(const char *name, char buffer[FORWARDER_TEXT])
{
        snprintf(buffer, FORWARDER_TEXT, "dns%s", strrchr(name, '@') + 1);
        return buffer;
}

/* --- files */

static bool forwarder_read_address(const char *directory, struct address *ret)
{
        AUTO_FREE char *path = str_format("%s/address", directory);
        AUTO_FREE char *text = NULL;

        return io_read_file(AT_FDCWD, path, FORWARDER_FILE_MAX, &text, NULL, NULL) == 0 &&
               address_parse(text, ret);
}

static char *forwarder_users(const char *directory)
{
        return str_format("%s/users", directory);
}

bool forwarder_alive(const char *runtime, const char *name)
{
        AUTO_FREE char *directory = names_directory(runtime, name);
        AUTO_FREE char *users = forwarder_users(directory);

        return strchr(name, '@') && access(users, F_OK) == 0;
}

/* Returns an enum names_need, or -1. */
static int forwarder_prepare(const char *runtime, const struct network *network,
                             const struct joined *joined, struct error *err)
{
        AUTO_FREE char *directory = names_directory(runtime, joined->forwarder);
        AUTO_FREE char *users = forwarder_users(directory);
        AUTO_FREE char *names = names_directory(runtime, network->name);
        AUTO_FREE char *config = NULL;
        char label[FORWARDER_TEXT];
        struct address address;
        struct names_own own = {
                .label = forwarder_address_label(joined->forwarder, label),
                .servers = &joined->servers,
        };
        enum names_need need = access(users, F_OK) == 0 ? NAMES_STOPPED : NAMES_FRESH;

        if (need == NAMES_STOPPED && names_running(runtime, joined->forwarder) &&
            forwarder_read_address(directory, &address))
                return NAMES_SERVED;
        config = names_config(network, names, NULL, &own);
        if (io_make_dirs(AT_FDCWD, directory, 0755, err) < 0 ||
            names_write(directory, "dnsmasq.conf", config, err) < 0 ||
            names_write(directory, "address", joined->nameservers.items[0], err) < 0 ||
            io_make_dirs(AT_FDCWD, users, 0755, err) < 0)
                return -1;
        return (int)need;
}

/* --- the act */

int forwarder_lease(const char *storage, const struct network *network, const char *name,
                    lease_alive_function *alive, struct address *ret, struct error *err)
{
        AUTO_FREE char *label = str_concat(FORWARDER_LABEL, name);

        for (size_t i = 0; i < network->subnet_count; i++) {
                struct lease_request request = {
                        .storage = storage,
                        .network = network,
                        .subnet = &network->subnets[i],
                        .label = label,
                        .alive = alive,
                };

                if (network->subnets[i].subnet.base.family == AF_INET &&
                    network->subnets[i].gateway.family)
                        return lease_take(&request, ret, err);
        }
        return error_set(err, ENOENT, "network '%s' has no IPv4", network->name);
}

static int forwarder_add_address(struct links *links, int index, const char *name,
                                 const struct address *address, struct error *err)
{
        char label[FORWARDER_TEXT];

        return link_add_labelled(links, index, address, FORWARDER_PREFIX,
                                 forwarder_address_label(name, label), err);
}

int forwarder_add(const char *runtime, struct links *links, const struct network *network,
                  const struct joined *joined, struct names_start *start, struct error *err)
{
        AUTO_FREE char *directory = names_directory(runtime, joined->forwarder);
        AUTO_FREE char *user = str_format("users/%s", joined->label);
        int need = forwarder_prepare(runtime, network, joined, err);
        struct address address;

        if (need < 0 || names_write(directory, user, "", err) < 0)
                return -1;
        if (!forwarder_read_address(directory, &address))
                return error_set(err, EINVAL, "%s/address is no address", directory);
        if (forwarder_add_address(links, link_index(network->interface), joined->forwarder,
                                  &address, err) < 0)
                return -1;
        if (need != NAMES_SERVED)
                names_start_unit(start, runtime, joined->forwarder, (enum names_need)need);
        return 0;
}

static void forwarder_remove_address(const char *storage, const char *name, const char *directory)
{
        AUTO_FREE char *network_name = str_dupn(name, strcspn(name, "@"));
        AUTO_NETWORK struct network network = { 0 };
        CLEANUP(link_close) struct links links = { 0 };
        struct address address;
        int index;

        if (!forwarder_read_address(directory, &address) ||
            network_load(storage, network_name, &network, NULL) < 0)
                return;
        index = link_index(network.interface);
        if (index && link_open(&links, NULL) == 0)
                link_remove_address(&links, index, &address, FORWARDER_PREFIX, NULL);
}

/* The one that is the last to use it goes last: as long as it is there, all can be found. */
void forwarder_remove(const char *runtime, const char *storage, const char *name, const char *label,
                      struct strv *stops)
{
        AUTO_FREE char *directory = names_directory(runtime, name);
        AUTO_FREE char *users = forwarder_users(directory);
        AUTO_FREE char *user = str_format("%s/%s", users, label);

        if (!names_is_last(users, label)) {
                unlink(user);
                return;
        }
        names_add_unit(stops, name);
        forwarder_remove_address(storage, name, directory);
        io_remove_tree(AT_FDCWD, directory, NULL);
}

struct forwarder_search {
        const char *network;
        struct strv *names;
};

static int forwarder_match(int dir, const char *name, void *context, struct error *err)
{
        struct forwarder_search *search = context;
        const char *rest = str_after(name, search->network);

        (void)dir;
        (void)err;
        if (rest && *rest == '@')
                strv_append(search->names, name);
        return 0;
}

void forwarder_list(const char *runtime, const char *network, struct strv *ret)
{
        AUTO_FREE char *path = str_format("%s/network/names", runtime);
        struct forwarder_search search = { network, ret };

        io_each_name(AT_FDCWD, path, forwarder_match, &search, NULL);
}

int forwarder_add_addresses(const char *runtime, struct links *links, int index,
                            const char *network, struct error *err)
{
        AUTO_STRV struct strv names = { 0 };

        forwarder_list(runtime, network, &names);
        for (size_t i = 0; i < names.count; i++) {
                AUTO_FREE char *directory = names_directory(runtime, names.items[i]);
                struct address address;

                if (forwarder_alive(runtime, names.items[i]) &&
                    forwarder_read_address(directory, &address) &&
                    forwarder_add_address(links, index, names.items[i], &address, err) < 0)
                        return -1;
        }
        return 0;
}
