/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Addresses, subnets and ranges of IPv4 and IPv6, as values. Text is what inet_pton(3) takes:
 * "10.89.0.2", "fd00::2"; no zone, no brackets.
 */
#pragma once

#include "../base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum {
        ADDRESS_TEXT = 64 /* bytes that hold any text made here */
};

struct address {
        int family;              /* AF_INET or AF_INET6; 0: none */
        unsigned char bytes[16]; /* in network order; IPv4 has the first four, the rest is 0 */
};

struct subnet {
        struct address base; /* bits behind the prefix are 0 */
        unsigned prefix;
};

struct address_range {
        struct address first, last; /* of one family, first <= last */
};

/* False where it is no address. */
bool address_parse(const char *text, struct address *ret);
/* The text in a buffer of ADDRESS_TEXT bytes, which is returned. */
const char *address_format(const struct address *address, char *buffer);

unsigned address_bits(const struct address *address); /* 32 or 128 */
int address_compare(const struct address *a, const struct address *b);
bool address_equal(const struct address *a, const struct address *b);
bool address_is_any(const struct address *address);
/* 127.0.0.0/8 or ::1 */
bool address_is_loopback(const struct address *address);

/* The address so many further on; false where that is beyond the last of its family. */
bool address_add(const struct address *address, uint64_t offset, struct address *ret);
/* How many it is from a to b (a <= b); UINT64_MAX where that does not fit. */
uint64_t address_distance(const struct address *a, const struct address *b);

/* ADDRESS/BITS. With exact, bits behind the prefix are an error, else they are cleared. */
int subnet_parse(const char *text, bool exact, struct subnet *ret, struct error *err);
const char *subnet_format(const struct subnet *subnet, char *buffer);
bool subnet_contains(const struct subnet *subnet, const struct address *address);
bool subnet_overlaps(const struct subnet *a, const struct subnet *b);
bool subnet_equal(const struct subnet *a, const struct subnet *b);
/* The first and the last address. */
void subnet_bounds(const struct subnet *subnet, struct address_range *ret);
/* What a host may have: without the network's own address (IPv6: the routers' anycast) and the
 * broadcast address; of /31, /32, /127 and /128, all of it. */
void subnet_hosts(const struct subnet *subnet, struct address_range *ret);
/* Its number-th piece of that prefix; false where it has no such piece. */
bool subnet_piece(const struct subnet *subnet, unsigned prefix, uint64_t number,
                  struct subnet *ret);

/* ADDRESS/BITS or FIRST-LAST. */
int address_range_parse(const char *text, struct address_range *ret, struct error *err);
bool address_range_contains(const struct address_range *range, const struct address *address);

/* aa:bb:cc:dd:ee:ff, not of a group, not all zero. */
bool mac_parse(const char *text, unsigned char ret[6]);
/* One of a machine's own making (locally administered), always the same for the same texts: who
 * comes back is known by those who remember it. */
void mac_derive(const char *text, const char *other, unsigned char ret[6]);
/* Always the same for the same texts, and hardly ever for others. */
uint64_t text_digest(const char *text, const char *other);
/* In a buffer of ADDRESS_TEXT bytes, which is returned. */
const char *mac_format(const unsigned char mac[6], char *buffer);
