/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is taken back when a container has ended. */
#include "connect-parts.h"
#include "conntrack.h"
#include "member.h"
#include "names.h"

/* The elements go before the file that tells of them. */
static int leave_ports(const struct connect_context *context, const char *label, struct error *err)
{
        AUTO_PUBLISHED struct published_list list = { 0 };
        AUTO_PUBLISHED struct published_list removed = { 0 };
        CLEANUP(elements_close) struct elements elements = { 0 };

        if (published_load(context->runtime, &list, err) < 0)
                return -1;
        published_remove(&list, label, &removed);
        if (!removed.count)
                return list.collected ? published_save(context->runtime, &list, err) : 0;
        if (elements_open(&elements, err) < 0 || elements_remove(&elements, &removed, err) < 0)
                return -1;
        conntrack_forget(&removed);
        return published_save(context->runtime, &list, err);
}

static void leave_forget(const struct connect_context *context, const struct joined *member)
{
        for (size_t i = 0; i < member->network_count; i++) {
                const struct joined_network *network = &member->networks[i];

                for (size_t j = 0; j < network->addresses.count; j++) {
                        const char *text = network->addresses.items[j];
                        AUTO_FREE char *plain = str_dupn(text, strcspn(text, "/"));
                        struct address address;

                        if (address_parse(plain, &address))
                                lease_forget(context->storage, network->network, &address,
                                             member->label);
                }
        }
}

/* A container's links go with its namespace; that of a pod may outlive it for a while, where a
 * copy of its mount was left somewhere. */
static int leave_links(const struct joined *member, struct error *err)
{
        CLEANUP(link_close) struct links links = { 0 };

        if (member->label[0] != '@')
                return 0;
        if (link_open(&links, err) < 0)
                return -1;
        for (size_t i = 0; i < member->network_count; i++)
                if (member->networks[i].host_interface &&
                    link_delete(&links, member->networks[i].host_interface, err) < 0)
                        return -1;
        return 0;
}

int leave_locked(const struct connect_context *context, const char *label, struct error *err)
{
        AUTO_JOINED struct joined member = { 0 };
        bool known;

        if (!member_exists(context->runtime, label))
                return 0;
        known = member_read(context->runtime, label, &member, NULL) == 0;
        if ((!known || member.ports.count) && leave_ports(context, label, err) < 0)
                return -1;
        if (known && leave_links(&member, err) < 0)
                return -1;
        if (known && member.forget)
                leave_forget(context, &member);
        names_remove(context->runtime, context->storage, label);
        if (member_remove(context->runtime, label, err) < 0)
                return -1;
        return member_none(context->runtime) ? published_end(context->runtime, err) : 0;
}

int connect_leave(const struct connect_context *context, const char *label, struct error *err)
{
        AUTO_CLOSE int lock = -1;

        if (!member_exists(context->runtime, label))
                return 0;
        lock = member_lock(context->runtime, err);
        return lock < 0 ? -1 : leave_locked(context, label, err);
}

void connect_sweep(const struct connect_context *context)
{
        AUTO_STRV struct strv stale = { 0 };
        AUTO_CLOSE int lock = member_lock(context->runtime, NULL);

        if (lock < 0)
                return;
        member_clean(context->runtime);
        member_list_stale(context->runtime, &stale);
        for (size_t i = 0; i < stale.count; i++)
                leave_locked(context, stale.items[i], NULL);
        if (member_none(context->runtime))
                published_end(context->runtime, NULL);
}
