/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "address.h"

#include "../base/str.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>

static unsigned address_length(const struct address *address)
{
        return address->family == AF_INET ? 4 : 16;
}

unsigned address_bits(const struct address *address)
{
        return address_length(address) * 8;
}

bool address_parse(const char *text, struct address *ret)
{
        struct address address = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

        if (inet_pton(address.family, text, address.bytes) != 1)
                return false;
        *ret = address;
        return true;
}

const char *address_format(const struct address *address, char *buffer)
{
        if (!address->family || !inet_ntop(address->family, address->bytes, buffer, ADDRESS_TEXT))
                *buffer = '\0';
        return buffer;
}

int address_compare(const struct address *a, const struct address *b)
{
        if (a->family != b->family)
                return a->family < b->family ? -1 : 1;
        return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

bool address_equal(const struct address *a, const struct address *b)
{
        return address_compare(a, b) == 0;
}

bool address_is_any(const struct address *address)
{
        static const struct address none;

        return memcmp(address->bytes, none.bytes, sizeof none.bytes) == 0;
}

bool address_is_loopback(const struct address *address)
{
        if (address->family == AF_INET)
                return address->bytes[0] == 127;
        return memcmp(address->bytes, &in6addr_loopback, 16) == 0;
}

bool address_add(const struct address *address, uint64_t offset, struct address *ret)
{
        struct address sum = *address;
        uint64_t carry = offset;

        for (unsigned i = address_length(address); i-- > 0 && carry;) {
                uint64_t low = (carry & 0xff) + sum.bytes[i];

                sum.bytes[i] = (unsigned char)low;
                carry = (carry >> 8) + (low >> 8);
        }
        if (carry)
                return false;
        *ret = sum;
        return true;
}

uint64_t address_distance(const struct address *a, const struct address *b)
{
        unsigned length = address_length(a);
        unsigned char difference[16] = { 0 };
        int borrow = 0;
        uint64_t distance = 0;

        for (unsigned i = length; i-- > 0;) {
                int byte = b->bytes[i] - a->bytes[i] - borrow;

                borrow = byte < 0;
                difference[i] = (unsigned char)(byte & 0xff);
        }
        for (unsigned i = 0; i < length; i++) {
                if (i + 8 < length && difference[i])
                        return UINT64_MAX;
                distance = distance << 8 | difference[i];
        }
        return distance;
}

/* Set or clear all bits behind the prefix. */
static struct address address_fill(const struct address *address, unsigned prefix, bool set)
{
        struct address filled = *address;

        for (unsigned bit = prefix; bit < address_bits(address); bit++) {
                unsigned char mask = (unsigned char)(0x80 >> bit % 8);

                if (set)
                        filled.bytes[bit / 8] |= mask;
                else
                        filled.bytes[bit / 8] &= (unsigned char)~mask;
        }
        return filled;
}

int subnet_parse(const char *text, bool exact, struct subnet *ret, struct error *err)
{
        const char *slash = strchr(text, '/');
        AUTO_FREE char *front = str_dupn(text, slash ? (size_t)(slash - text) : strlen(text));
        struct address address, base;
        unsigned long long prefix;
        char buffer[ADDRESS_TEXT];

        if (!slash)
                return error_set(err, EINVAL, "'%s' is no subnet: ADDRESS/BITS is wanted", text);
        if (!address_parse(front, &address))
                return error_set(err, EINVAL, "'%s' is no subnet: '%s' is no IP address", text,
                                 front);
        if (!str_to_u64(slash + 1, address_bits(&address), &prefix))
                return error_set(err, EINVAL, "'%s' is no subnet: the prefix is none of 0 to %u",
                                 text, address_bits(&address));
        base = address_fill(&address, (unsigned)prefix, false);
        if (exact && !address_equal(&base, &address))
                return error_set(err, EINVAL, "'%s' is no subnet: it begins at %s/%u", text,
                                 address_format(&base, buffer), (unsigned)prefix);
        *ret = (struct subnet){ .base = base, .prefix = (unsigned)prefix };
        return 0;
}

const char *subnet_format(const struct subnet *subnet, char *buffer)
{
        size_t length;

        address_format(&subnet->base, buffer);
        length = strlen(buffer);
        snprintf(buffer + length, ADDRESS_TEXT - length, "/%u", subnet->prefix);
        return buffer;
}

bool subnet_contains(const struct subnet *subnet, const struct address *address)
{
        struct address base;

        if (address->family != subnet->base.family)
                return false;
        base = address_fill(address, subnet->prefix, false);
        return address_equal(&base, &subnet->base);
}

bool subnet_overlaps(const struct subnet *a, const struct subnet *b)
{
        return subnet_contains(a, &b->base) || subnet_contains(b, &a->base);
}

bool subnet_equal(const struct subnet *a, const struct subnet *b)
{
        return a->prefix == b->prefix && address_equal(&a->base, &b->base);
}

void subnet_bounds(const struct subnet *subnet, struct address_range *ret)
{
        ret->first = subnet->base;
        ret->last = address_fill(&subnet->base, subnet->prefix, true);
}

void subnet_hosts(const struct subnet *subnet, struct address_range *ret)
{
        unsigned bits = address_bits(&subnet->base);
        struct subnet whole = *subnet;

        subnet_bounds(&whole, ret);
        if (bits - whole.prefix < 2)
                return;
        address_add(&ret->first, 1, &ret->first);
        if (whole.base.family == AF_INET)
                ret->last.bytes[3]--;
}

bool subnet_piece(const struct subnet *subnet, unsigned prefix, uint64_t number, struct subnet *ret)
{
        unsigned bits = address_bits(&subnet->base);
        struct address base = subnet->base;

        if (prefix < subnet->prefix || prefix > bits)
                return false;
        if (prefix - subnet->prefix < 64 && number >> (prefix - subnet->prefix))
                return false;
        /* The number's bits stand in front of the piece's own. */
        for (unsigned bit = prefix; bit > 0 && number; number >>= 1) {
                bit--;
                if (number & 1)
                        base.bytes[bit / 8] |= (unsigned char)(0x80 >> bit % 8);
        }
        *ret = (struct subnet){ .base = base, .prefix = prefix };
        return true;
}

int address_range_parse(const char *text, struct address_range *ret, struct error *err)
{
        const char *dash = strchr(text, '-');
        AUTO_FREE char *first = NULL;
        struct address_range range;
        struct subnet subnet;

        if (strchr(text, '/')) {
                if (subnet_parse(text, false, &subnet, err) < 0)
                        return -1;
                subnet_bounds(&subnet, ret);
                return 0;
        }
        first = str_dupn(text, dash ? (size_t)(dash - text) : strlen(text));
        if (!dash || !address_parse(first, &range.first) || !address_parse(dash + 1, &range.last) ||
            range.first.family != range.last.family)
                return error_set(err, EINVAL,
                                 "'%s' is no range: ADDRESS/BITS or FIRST-LAST is wanted", text);
        if (address_compare(&range.first, &range.last) > 0)
                return error_set(err, EINVAL, "'%s' is no range: its end is before its beginning",
                                 text);
        *ret = range;
        return 0;
}

bool address_range_contains(const struct address_range *range, const struct address *address)
{
        return address->family == range->first.family &&
               address_compare(&range->first, address) <= 0 &&
               address_compare(address, &range->last) <= 0;
}

static int mac_digit(char c)
{
        static const char digits[] = "0123456789abcdef";
        const char *found = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

        return found ? (int)(found - digits) : -1;
}

bool mac_parse(const char *text, unsigned char ret[6])
{
        unsigned char mac[6], all = 0;

        if (strlen(text) != 17)
                return false;
        for (unsigned i = 0; i < 6; i++) {
                int high = mac_digit(text[i * 3]), low = mac_digit(text[i * 3 + 1]);

                if (high < 0 || low < 0 ||
                    (i < 5 && text[i * 3 + 2] != ':' && text[i * 3 + 2] != '-'))
                        return false;
                mac[i] = (unsigned char)(high << 4 | low);
                all |= mac[i];
        }
        if (!all || mac[0] & 1)
                return false;
        memcpy(ret, mac, sizeof mac);
        return true;
}

/* FNV-1a. */
static uint64_t text_hash(uint64_t hash, const char *text)
{
        for (; *text; text++)
                hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
        return hash * UINT64_C(0x100000001b3);
}

uint64_t text_digest(const char *text, const char *other)
{
        return text_hash(text_hash(UINT64_C(0xcbf29ce484222325), text), other);
}

void mac_derive(const char *text, const char *other, unsigned char ret[6])
{
        uint64_t hash = text_digest(text, other);

        for (unsigned i = 1; i < 6; i++)
                ret[i] = (unsigned char)(hash >> (i * 8));
        ret[0] = (unsigned char)((hash & 0xfc) | 0x02);
}

const char *mac_format(const unsigned char mac[6], char *buffer)
{
        snprintf(buffer, ADDRESS_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
                 mac[3], mac[4], mac[5]);
        return buffer;
}
