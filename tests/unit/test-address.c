/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../../src/base/str.h"
#include "../../src/network/address.h"
#include "../../src/network/pool.h"
#include "../tap.h"

#include <netinet/in.h>

static struct address parsed(const char *text)
{
        struct address address = { 0 };

        if (!address_parse(text, &address))
                check(false, text);
        return address;
}

static struct subnet subnet_of(const char *text)
{
        AUTO_ERROR struct error err = { 0 };
        struct subnet subnet = { 0 };

        if (subnet_parse(text, true, &subnet, &err) < 0)
                check_str(err.message, NULL, text);
        return subnet;
}

static void test_addresses(void)
{
        struct address a, b;
        char text[ADDRESS_TEXT];

        check(!address_parse("", &a) && !address_parse("10.0.0", &a) &&
                      !address_parse("10.0.0.256", &a) && !address_parse("fe80::1%eth0", &a) &&
                      !address_parse("[::1]", &a),
              "what is no address is refused");
        a = parsed("10.255.255.254");
        check(address_add(&a, 3, &b), "an address further on");
        check_str(address_format(&b, text), "11.0.0.1", "with the carry");
        a = parsed("255.255.255.255");
        check(!address_add(&a, 1, &b), "there is none behind the last");
        a = parsed("fd00::ffff:ffff:ffff:ffff");
        check(address_add(&a, 1, &b), "the same of IPv6");
        check_str(address_format(&b, text), "fd00:0:0:1::", "with the carry, too");
        check(address_distance(&a, &b) == 1, "the distance back");
        a = parsed("fd00::");
        b = parsed("fd00:0:0:1::");
        check(address_distance(&a, &b) == UINT64_MAX, "a distance that does not fit");
        a = parsed("127.9.9.9");
        b = parsed("::1");
        check(address_is_loopback(&a) && address_is_loopback(&b), "loopback addresses");
        check(address_compare(&a, &b) < 0, "IPv4 comes before IPv6");
}

static void subnet_fails(const char *text, const char *expected)
{
        AUTO_ERROR struct error err = { 0 };
        struct subnet subnet;

        if (check(subnet_parse(text, true, &subnet, &err) < 0, text))
                check_str(err.message, expected, "and why");
}

static void test_subnets(void)
{
        struct subnet a = subnet_of("10.89.0.0/24"), b = subnet_of("10.0.0.0/8"), piece;
        struct address_range range;
        struct address address = parsed("10.89.0.255");
        char text[ADDRESS_TEXT];

        subnet_fails("10.89.0.0", "'10.89.0.0' is no subnet: ADDRESS/BITS is wanted");
        subnet_fails("10.89.0.1/24", "'10.89.0.1/24' is no subnet: it begins at 10.89.0.0/24");
        subnet_fails("10.89.0.0/33", "'10.89.0.0/33' is no subnet: the prefix is none of 0 to 32");
        subnet_fails("x/8", "'x/8' is no subnet: 'x' is no IP address");
        check(subnet_overlaps(&a, &b) && subnet_overlaps(&b, &a), "one within the other");
        check(subnet_contains(&a, &address), "the last address is in it");
        subnet_hosts(&a, &range);
        check_str(address_format(&range.first, text), "10.89.0.1", "the first host");
        check_str(address_format(&range.last, text), "10.89.0.254", "the last host");
        b = subnet_of("10.0.0.0/31");
        subnet_hosts(&b, &range);
        check_str(address_format(&range.first, text), "10.0.0.0", "of two, both are hosts");
        b = subnet_of("fd00::/64");
        subnet_hosts(&b, &range);
        check_str(address_format(&range.last, text), "fd00::ffff:ffff:ffff:ffff",
                  "IPv6 has no broadcast");
        b = subnet_of("10.88.0.0/14");
        check(subnet_piece(&b, 24, 1023, &piece), "the last piece");
        check_str(subnet_format(&piece, text), "10.91.255.0/24", "is where it should be");
        check(!subnet_piece(&b, 24, 1024, &piece), "there is none behind it");
        b = subnet_of("fd00::/16");
        check(subnet_piece(&b, 64, 0x123456789abc, &piece), "a piece of IPv6");
        check_str(subnet_format(&piece, text), "fd00:1234:5678:9abc::/64", "has its number in it");
}

static void range_is(const char *text, const char *expected)
{
        AUTO_ERROR struct error err = { 0 };
        struct address_range range;
        char first[ADDRESS_TEXT], last[ADDRESS_TEXT];
        AUTO_FREE char *got = NULL;

        if (address_range_parse(text, &range, &err) < 0) {
                check_str(err.message, expected, text);
                return;
        }
        got = str_format("%s %s", address_format(&range.first, first),
                         address_format(&range.last, last));
        check_str(got, expected, text);
}

static void test_ranges(void)
{
        range_is("10.1.0.128/25", "10.1.0.128 10.1.0.255");
        range_is("10.1.0.5-10.1.0.9", "10.1.0.5 10.1.0.9");
        range_is("fd00::5-fd00::9", "fd00::5 fd00::9");
        range_is("10.1.0.9-10.1.0.5",
                 "'10.1.0.9-10.1.0.5' is no range: its end is before its beginning");
        range_is("10.1.0.9-fd00::1",
                 "'10.1.0.9-fd00::1' is no range: ADDRESS/BITS or FIRST-LAST is wanted");
        range_is("10.1.0.9", "'10.1.0.9' is no range: ADDRESS/BITS or FIRST-LAST is wanted");
}

/* What is cut when these are in use (blanks between). */
static void cut_is(const char *used, const char *expected)
{
        struct pool items[] = { { subnet_of("10.89.0.0/22"), 24 },
                                { subnet_of("10.100.0.0/24"), 25 },
                                { subnet_of("fd00::/62"), 64 } };
        struct pools pools = { items, 3 };
        AUTO_STRV struct strv words = { 0 };
        struct subnet taken[8], piece = { 0 };
        AUTO_ERROR struct error err = { 0 };
        char text[ADDRESS_TEXT] = "none";
        size_t count;

        strv_split(&words, used, " ", false);
        for (count = 0; count < words.count; count++)
                taken[count] = subnet_of(words.items[count]);
        if (pools_cut(&pools, AF_INET, taken, count, &piece, &err) == 0)
                subnet_format(&piece, text);
        check_str(text, expected, used);
}

static void test_pools(void)
{
        struct subnet ula = { 0 }, other = { 0 }, all = subnet_of("fc00::/7");
        AUTO_ERROR struct error err = { 0 };

        cut_is("", "10.89.0.0/24");
        cut_is("10.89.0.0/24", "10.89.1.0/24");
        cut_is("10.89.0.7/32 10.89.1.128/25", "10.89.2.0/24");
        cut_is("10.89.0.0/23", "10.89.2.0/24");
        cut_is("10.0.0.0/8", "none");
        cut_is("10.89.0.0/16", "10.100.0.0/25");
        cut_is("10.89.0.0/16 10.100.0.1/32", "10.100.0.128/25");
        cut_is("10.89.2.0/24 10.89.0.0/24", "10.89.1.0/24");
        pools_make_ula(NULL, 0, &ula, NULL);
        pools_make_ula(&ula, 1, &other, NULL);
        check(ula.prefix == 64 && ula.base.bytes[0] == 0xfd && !subnet_overlaps(&ula, &other),
              "subnets of our own making differ");
        check(pools_make_ula(&all, 1, &other, &err) < 0 && err.code == ENOSPC,
              "and come to an end where others have them all");
}

static void test_macs(void)
{
        unsigned char mac[6], again[6];
        char text[ADDRESS_TEXT], other[ADDRESS_TEXT];

        check(mac_parse("02:42:ac:11:00:02", mac) && mac_parse("02-42-AC-11-00-02", again) &&
                      memcmp(mac, again, 6) == 0,
              "both ways to write a MAC address");
        check(!mac_parse("00:00:00:00:00:00", mac) && !mac_parse("01:00:5e:00:00:01", mac) &&
                      !mac_parse("02:42:ac:11:00", mac) && !mac_parse("02:42:ac:11:00:0g", mac) &&
                      !mac_parse("02:42:ac:11:00:\x10\x10", mac),
              "what no interface can have is refused");
        mac_derive("web@web", "net", mac);
        mac_derive("web@web", "net", again);
        check_str(mac_format(mac, text), mac_format(again, other), "the same for the same names");
        mac_derive("web@we", "bnet", again);
        check(memcmp(mac, again, 6) != 0, "another for other names");
        check(mac_parse(text, again), "and one that an interface can have");
}

int main(void)
{
        test_addresses();
        test_subnets();
        test_ranges();
        test_pools();
        test_macs();
        return tap_done();
}
