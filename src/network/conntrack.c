/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conntrack.h"

#include "../base/cleanup.h"
#include "../base/str.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <sys/socket.h>

enum {
        CONNTRACK_WAIT = 5,                   /* seconds for an answer */
        CONNTRACK_ORIGINAL = 1 << 3 | 1 << 5, /* filter by the protocol and its destination port */
        CONNTRACK_PROTOCOL = 1 << 3,
};

/* Flows that were found: the tuple of each as the kernel wrote it. */
struct conntrack_found {
        const struct port *port;
        struct strv tuples; /* bytes: family, length, attribute; as one allocation each */
};

static struct nl_msg *conntrack_message(int type, int flags, int family)
{
        struct nfgenmsg header = { .nfgen_family = (uint8_t)family, .version = NFNETLINK_V0 };
        struct nl_msg *message =
                nlmsg_alloc_simple(NFNL_SUBSYS_CTNETLINK << 8 | type, NLM_F_REQUEST | flags);

        if (!message || nlmsg_append(message, &header, sizeof header, NLMSG_ALIGNTO) < 0)
                abort();
        return message;
}

/* Newer kernels show only what is asked for; older ones show all, and we look ourselves. */
static void conntrack_ask(struct nl_sock *socket, const struct port *port, int family)
{
        struct nl_msg *message = conntrack_message(IPCTNL_MSG_CT_GET, NLM_F_DUMP, family);
        struct nlattr *tuple = nla_nest_start(message, CTA_TUPLE_ORIG | NLA_F_NESTED);
        struct nlattr *inner = nla_nest_start(message, CTA_TUPLE_PROTO | NLA_F_NESTED);

        nla_put_u8(message, CTA_PROTO_NUM, IPPROTO_UDP);
        if (port->count == 1)
                nla_put_u16(message, CTA_PROTO_DST_PORT, htons(port->host));
        nla_nest_end(message, inner);
        nla_nest_end(message, tuple);
        inner = nla_nest_start(message, CTA_FILTER | NLA_F_NESTED);
        nla_put_u32(message, CTA_FILTER_ORIG_FLAGS,
                    port->count == 1 ? CONNTRACK_ORIGINAL : CONNTRACK_PROTOCOL);
        nla_put_u32(message, CTA_FILTER_REPLY_FLAGS, 0);
        nla_nest_end(message, inner);
        nl_send_auto(socket, message);
        nlmsg_free(message);
}

static bool conntrack_is_to(struct nlattr *tuple, const struct port *port)
{
        struct nlattr *parts[CTA_TUPLE_MAX + 1], *proto[CTA_PROTO_MAX + 1];
        unsigned number;

        if (nla_parse_nested(parts, CTA_TUPLE_MAX, tuple, NULL) < 0 || !parts[CTA_TUPLE_PROTO] ||
            nla_parse_nested(proto, CTA_PROTO_MAX, parts[CTA_TUPLE_PROTO], NULL) < 0 ||
            !proto[CTA_PROTO_NUM] || nla_get_u8(proto[CTA_PROTO_NUM]) != IPPROTO_UDP ||
            !proto[CTA_PROTO_DST_PORT])
                return false;
        number = ntohs(nla_get_u16(proto[CTA_PROTO_DST_PORT]));
        return number >= port->host && number < (unsigned)port->host + port->count;
}

static int conntrack_take(struct nl_msg *message, void *context)
{
        struct conntrack_found *found = context;
        struct nlattr *attributes[CTA_MAX + 1], *tuple;
        struct nlattr *copy;

        if (nlmsg_parse(nlmsg_hdr(message), sizeof(struct nfgenmsg), attributes, CTA_MAX, NULL) < 0)
                return NL_SKIP;
        tuple = attributes[CTA_TUPLE_ORIG];
        if (tuple && conntrack_is_to(tuple, found->port)) {
                copy = alloc_zero(1, (size_t)nla_total_size(nla_len(tuple)));
                memcpy(copy, tuple, (size_t)nla_len(tuple) + NLA_HDRLEN);
                strv_append_owned(&found->tuples, (char *)(void *)copy);
        }
        return NL_OK;
}

static void conntrack_delete(struct nl_sock *socket, struct nlattr *tuple, int family)
{
        struct nl_msg *message = conntrack_message(IPCTNL_MSG_CT_DELETE, NLM_F_ACK, family);

        nla_put(message, CTA_TUPLE_ORIG | NLA_F_NESTED, nla_len(tuple), nla_data(tuple));
        if (nl_send_auto(socket, message) >= 0)
                nl_wait_for_ack(socket);
        nlmsg_free(message);
}

static void conntrack_forget_port(struct nl_sock *socket, const struct port *port, int family)
{
        struct conntrack_found found = { .port = port };

        conntrack_ask(socket, port, family);
        nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, conntrack_take, &found);
        nl_recvmsgs_default(socket);
        for (size_t i = 0; i < found.tuples.count; i++)
                conntrack_delete(socket, (struct nlattr *)(void *)found.tuples.items[i], family);
        strv_free(&found.tuples);
}

static void conntrack_close(struct nl_sock **socket)
{
        if (*socket)
                nl_socket_free(*socket);
}

void conntrack_forget(const struct published_list *ports)
{
        static const struct timeval wait = { .tv_sec = CONNTRACK_WAIT };
        CLEANUP(conntrack_close) struct nl_sock *socket = NULL;

        for (size_t i = 0; i < ports->count; i++) {
                const struct published *one = &ports->items[i];

                if (one->port.protocol != IPPROTO_UDP)
                        continue;
                if (!socket) {
                        socket = nl_socket_alloc();
                        if (!socket || nl_connect(socket, NETLINK_NETFILTER) < 0)
                                return;
                        setsockopt(nl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &wait,
                                   sizeof wait);
                }
                if (one->to4.family)
                        conntrack_forget_port(socket, &one->port, AF_INET);
                if (one->to6.family)
                        conntrack_forget_port(socket, &one->port, AF_INET6);
        }
}
