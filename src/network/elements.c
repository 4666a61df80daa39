/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "elements.h"

#include "../base/cleanup.h"
#include "../base/str.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <sys/socket.h>

enum {
        ELEMENTS_PER_MESSAGE = 400, /* a list's length has 16 bits */
        ELEMENTS_MESSAGE = 65536,   /* bytes */
        ELEMENTS_BUFFER = 16 * 1024 * 1024,
        ELEMENTS_WAIT = 5, /* seconds for the kernel's answer */
        ELEMENTS_KEY = 24, /* bytes of the longest key or target */
};

int elements_open(struct elements *ret, struct error *err)
{
        static const struct timeval wait = { .tv_sec = ELEMENTS_WAIT };
        int buffer = ELEMENTS_BUFFER, result;

        ret->socket = nl_socket_alloc();
        if (!ret->socket)
                abort();
        result = nl_connect(ret->socket, NETLINK_NETFILTER);
        if (result < 0) {
                elements_close(ret);
                return error_set(err, EIO, "cannot talk to nftables: %s", nl_geterror(result));
        }
        nl_socket_disable_seq_check(ret->socket);
        setsockopt(nl_socket_get_fd(ret->socket), SOL_SOCKET, SO_SNDBUFFORCE, &buffer,
                   sizeof buffer);
        setsockopt(nl_socket_get_fd(ret->socket), SOL_SOCKET, SO_RCVBUFFORCE, &buffer,
                   sizeof buffer);
        setsockopt(nl_socket_get_fd(ret->socket), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
        return 0;
}

void elements_close(struct elements *elements)
{
        if (elements->socket)
                nl_socket_free(elements->socket);
        elements->socket = NULL;
}

/* --- making messages */

static struct nl_msg *elements_message(int type, int flags, uint32_t sequence)
{
        struct nfgenmsg header = { .nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0 };
        struct nl_msg *message = nlmsg_alloc_size(ELEMENTS_MESSAGE);

        /* The beginning and the end of a transaction are not of nftables itself. */
        if (type == NFNL_MSG_BATCH_BEGIN || type == NFNL_MSG_BATCH_END) {
                header.nfgen_family = AF_UNSPEC;
                header.res_id = htons(NFNL_SUBSYS_NFTABLES);
        } else {
                type |= NFNL_SUBSYS_NFTABLES << 8;
        }
        if (!message ||
            !nlmsg_put(message, NL_AUTO_PORT, sequence, type, 0, NLM_F_REQUEST | flags) ||
            nlmsg_append(message, &header, sizeof header, NLMSG_ALIGNTO) < 0)
                abort();
        return message;
}

/* Parts of a key are padded to four bytes each. */
static size_t elements_put_number(unsigned char *at, uint16_t number, size_t size)
{
        uint16_t big = htons(number);

        memset(at, 0, 4);
        if (size == 1)
                *at = (unsigned char)number;
        else
                memcpy(at, &big, sizeof big);
        return 4;
}

static size_t elements_put_address(unsigned char *at, const struct address *address)
{
        size_t size = address->family ? address_bits(address) / 8 : 0;

        memcpy(at, address->bytes, size);
        return size;
}

static void elements_put_value(struct nl_msg *message, int attribute, const void *value,
                               size_t length)
{
        struct nlattr *nest = nla_nest_start(message, attribute | NLA_F_NESTED);

        if (!nest || nla_put(message, NFTA_DATA_VALUE, (int)length, value) < 0)
                abort();
        nla_nest_end(message, nest);
}

static void elements_put(struct nl_msg *message, const struct firewall_element *element, bool data)
{
        struct nlattr *nest = nla_nest_start(message, NFTA_LIST_ELEM | NLA_F_NESTED);
        unsigned char value[ELEMENTS_KEY];
        size_t length;

        if (!nest)
                abort();
        length = elements_put_address(value, &element->address);
        length += elements_put_number(value + length, element->protocol, 1);
        length += elements_put_number(value + length, element->port, 2);
        elements_put_value(message, NFTA_SET_ELEM_KEY, value, length);
        if (data) {
                length = elements_put_address(value, &element->to);
                length += elements_put_number(value + length, element->to_port, 2);
                elements_put_value(message, NFTA_SET_ELEM_DATA, value, length);
        }
        nla_nest_end(message, nest);
}

/* --- transactions */

struct elements_batch {
        struct strbuf bytes;
        uint32_t messages; /* between the begin and the end */
        bool add;
        /* the one that is being filled */
        struct nl_msg *message;
        struct nlattr *list;
        const char *map;
        unsigned count;
};

static void batch_free(struct elements_batch *batch)
{
        nlmsg_free(batch->message);
        strbuf_free(&batch->bytes);
}

static void batch_append(struct elements_batch *batch, struct nl_msg *message)
{
        struct nlmsghdr *header = nlmsg_hdr(message);

        strbuf_append_n(&batch->bytes, header, NLMSG_ALIGN(header->nlmsg_len));
        nlmsg_free(message);
}

static void batch_end_message(struct elements_batch *batch)
{
        if (!batch->message)
                return;
        nla_nest_end(batch->message, batch->list);
        batch_append(batch, batch->message);
        batch->message = NULL;
}

static void batch_begin_message(struct elements_batch *batch, const char *map)
{
        batch_end_message(batch);
        batch->message =
                elements_message(batch->add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM,
                                 NLM_F_ACK | (batch->add ? NLM_F_CREATE : 0), ++batch->messages);
        nla_put_string(batch->message, NFTA_SET_ELEM_LIST_TABLE, FIREWALL_TABLE);
        nla_put_string(batch->message, NFTA_SET_ELEM_LIST_SET, map);
        batch->list = nla_nest_start(batch->message, NFTA_SET_ELEM_LIST_ELEMENTS | NLA_F_NESTED);
        if (!batch->list)
                abort();
        batch->map = map;
        batch->count = 0;
}

static void batch_add(struct elements_batch *batch, const struct firewall_element *element)
{
        if (!batch->message || batch->count == ELEMENTS_PER_MESSAGE || batch->map != element->map)
                batch_begin_message(batch, element->map);
        elements_put(batch->message, element, batch->add);
        batch->count++;
}

/* The first error among the answers to so many messages, as a negative errno. */
static int batch_receive(struct elements *elements, uint32_t messages)
{
        char buffer[8192];
        int failed = 0;

        for (uint32_t answers = 0; answers < messages;) {
                ssize_t n = recv(nl_socket_get_fd(elements->socket), buffer, sizeof buffer, 0);
                struct nlmsghdr *header = (struct nlmsghdr *)(void *)buffer;
                int left = (int)n;

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EPIPE;
                for (; nlmsg_ok(header, left); header = nlmsg_next(header, &left)) {
                        const struct nlmsgerr *error = nlmsg_data(header);

                        if (header->nlmsg_type != NLMSG_ERROR)
                                continue;
                        /* Not of one message but of all of them. */
                        if (header->nlmsg_seq == 0 && error->error)
                                return error->error;
                        answers++;
                        if (error->error && !failed)
                                failed = error->error;
                }
        }
        return failed;
}

/* Send it; a negative errno where nothing came of it. */
static int batch_commit(struct elements *elements, struct elements_batch *batch)
{
        AUTO_STRBUF struct strbuf all = { 0 };
        struct elements_batch ends = { 0 };
        int result = 0;

        batch_end_message(batch);
        if (!batch->messages)
                return 0;
        batch_append(&ends, elements_message(NFNL_MSG_BATCH_BEGIN, 0, 0));
        strbuf_append_n(&all, ends.bytes.data, ends.bytes.length);
        strbuf_append_n(&all, batch->bytes.data, batch->bytes.length);
        strbuf_free(&ends.bytes);
        batch_append(&ends, elements_message(NFNL_MSG_BATCH_END, 0, batch->messages + 1));
        strbuf_append_n(&all, ends.bytes.data, ends.bytes.length);
        batch_free(&ends);
        if (send(nl_socket_get_fd(elements->socket), all.data, all.length, 0) < 0)
                result = -errno;
        return result ? result : batch_receive(elements, batch->messages);
}

static void batch_add_ports(struct elements_batch *batch, const struct published_list *ports)
{
        for (size_t i = 0; i < ports->count; i++) {
                struct firewall_element element;
                uint32_t number = 0;

                while (firewall_next_element(&ports->items[i], &number, &element))
                        batch_add(batch, &element);
        }
}

int elements_add(struct elements *elements, const struct published_list *ports, struct error *err)
{
        CLEANUP(batch_free) struct elements_batch batch = { .add = true };
        int result;

        batch_add_ports(&batch, ports);
        result = batch_commit(elements, &batch);
        return result == 0 ? 0 : error_errno(err, -result, "cannot publish the ports");
}

/* One transaction each, so that what is missing is not in the way of the others. */
static int elements_remove_singly(struct elements *elements, const struct published *published)
{
        struct firewall_element element;
        uint32_t number = 0;
        int failed = 0;

        while (firewall_next_element(published, &number, &element)) {
                CLEANUP(batch_free) struct elements_batch batch = { 0 };
                int result;

                batch_add(&batch, &element);
                result = batch_commit(elements, &batch);
                if (result < 0 && result != -ENOENT)
                        failed = result;
        }
        return failed;
}

int elements_remove(struct elements *elements, const struct published_list *ports,
                    struct error *err)
{
        CLEANUP(batch_free) struct elements_batch batch = { 0 };
        int result;

        batch_add_ports(&batch, ports);
        result = batch_commit(elements, &batch);
        for (size_t i = 0; result == -ENOENT && i < ports->count; i++) {
                int single = elements_remove_singly(elements, &ports->items[i]);

                if (single < 0)
                        result = single;
        }
        if (result < 0 && result != -ENOENT)
                return error_errno(err, -result, "cannot take the ports back");
        return 0;
}

bool elements_have_bridge(struct elements *elements, const char *interface)
{
        struct nl_msg *message = elements_message(NFT_MSG_GETSETELEM, NLM_F_ACK, 1);
        struct nlmsghdr *header = nlmsg_hdr(message);
        unsigned char name[IFNAMSIZ] = { 0 };
        struct nlattr *list, *item;
        ssize_t sent;

        nla_put_string(message, NFTA_SET_ELEM_LIST_TABLE, FIREWALL_TABLE);
        nla_put_string(message, NFTA_SET_ELEM_LIST_SET, FIREWALL_BRIDGES);
        list = nla_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS | NLA_F_NESTED);
        item = nla_nest_start(message, NFTA_LIST_ELEM | NLA_F_NESTED);
        memcpy(name, interface, strnlen(interface, IFNAMSIZ - 1));
        elements_put_value(message, NFTA_SET_ELEM_KEY, name, sizeof name);
        nla_nest_end(message, item);
        nla_nest_end(message, list);
        sent = send(nl_socket_get_fd(elements->socket), header, header->nlmsg_len, 0);
        nlmsg_free(message);
        return sent >= 0 && batch_receive(elements, 1) == 0;
}
