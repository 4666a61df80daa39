/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Published ports as written: [[ADDRESS:][HOST]:]CONTAINER[/PROTOCOL], where HOST and CONTAINER are
 * ports or ranges FIRST-LAST, an address of IPv6 stands in brackets or bare, and PROTOCOL is tcp
 * (the default), udp or sctp.
 */
#pragma once

#include "../base/error.h"
#include "address.h"

#include <stdint.h>

enum {
        PORT_MAX = 65535
};

struct port {
        unsigned char protocol; /* IPPROTO_TCP, _UDP, _SCTP */
        struct address address; /* of the host; family 0: any address of both families */
        uint16_t host;          /* the first; 0: whichever is free */
        uint16_t container;     /* the first */
        uint16_t count;         /* of ports in a row; at least 1 */
        uint16_t choices;       /* > count: any count ports in a row of so many from host on */
};

int port_parse(const char *text, struct port *ret, struct error *err);

/* "tcp"; NULL for a number that is none of the three; 0 for an unknown name. */
const char *port_protocol_name(unsigned char protocol);
unsigned char port_protocol(const char *name);

/* As people know it from `ps`: "0.0.0.0:8080->80/tcp", "[::1]:8000-8003->80-83/udp". Owned by the
 * caller. */
char *port_format(const struct port *port);

/* Whether both cannot be published at once: the same protocol, a common port of the host, and
 * addresses of which one is the other or stands for all. */
bool port_conflicts(const struct port *a, const struct port *b);
