/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mappings of ids, who has which, and what of it stands in attributes. */
#include "src/base/io.h"
#include "src/container/idlease.h"
#include "src/container/layer-key.h"
#include "src/container/shift.h"
#include "src/container/spec.h"
#include "src/container/userns.h"
#include "tests/tap.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* --- mappings */

static char *map_line(const struct idmap *map)
{
        char *text = idmap_text(map);

        for (char *at = text; *at; at++)
                if (*at == '\n')
                        *at = at[1] ? ',' : '\0';
        return text;
}

/* words: options --uidmap (or, with a g: in front, --gidmap), separated by blanks */
static void maps_are(const char *words, const char *expected)
{
        AUTO_SPEC struct container_spec spec = { 0 };
        AUTO_USERNS_REQUEST struct userns_request request = { 0 };
        AUTO_IDMAP struct idmap uids = { 0 }, gids = { 0 };
        AUTO_ERROR struct error error = { 0 };
        AUTO_STRV struct strv list = { 0 };
        AUTO_FREE char *users = NULL, *groups = NULL, *got = NULL;

        spec_init(&spec);
        strv_split(&list, words, " ", false);
        for (size_t i = 0; i < list.count; i++) {
                const char *group = str_after(list.items[i], "g:");

                strv_append(group ? &spec.gidmaps : &spec.uidmaps, group ? group : list.items[i]);
        }
        if (userns_parse(&spec, &request, &error) < 0 ||
            userns_map(&request, &subid_system_files, &uids, &gids, &error) < 0) {
                check_str(error.message, expected, words);
                return;
        }
        users = map_line(&uids);
        groups = map_line(&gids);
        got = str_format("%s | %s", users, groups);
        check_str(got, expected, words);
}

static void test_maps(void)
{
        maps_are("0:100:10", "0 100 10 | 0 100 10");
        maps_are("0:100", "0 100 1 | 0 100 1");
        maps_are("0:100:5 5:105:5", "0 100 10 | 0 100 10");
        maps_are("5:105:5 0:100:5", "0 100 10 | 0 100 10");
        maps_are("0:0:65000 +100000:1:1",
                 "0 0 1,2 2 64998,100000 1 1 | 0 0 1,2 2 64998,100000 1 1");
        maps_are("0:0:65000 +100000:1:1 1:65001:1",
                 "0 0 1,1 65001 1,2 2 64998,100000 1 1 | 0 0 1,1 65001 1,2 2 64998,100000 1 1");
        maps_are("0:100:10 +0:7:10", "0 7 10 | 0 7 10");
        maps_are("0:100:10 +3:7:2", "0 100 3,3 7 2,5 105 5 | 0 100 3,3 7 2,5 105 5");
        maps_are("0:100:10 u20:5:1 g30:6:1", "0 100 10,20 5 1 | 0 100 10,30 6 1");
        maps_are("0:100:10 +ug20:@5:1", "0 100 10,20 5 1 | 0 100 10,20 5 1");
        maps_are("0:1:10 g:0:2:10 g:u5:5:5", "0 1 10 | 0 2 10");
        maps_are("0:0:4294967295", "0 0 4294967295 | 0 0 4294967295");
        maps_are("0:1:4294967295",
                 "--uidmap 0:1:4294967295: there are no 4294967295 ids from there on");
        maps_are("0:100:0", "--uidmap 0:100:0: '0' is no number of ids");
        maps_are("0:100:10 20:105:1", "the mapping of users: the id 105 outside is mapped twice");
        maps_are("0", "--uidmap 0: not of the form INSIDE:OUTSIDE[:COUNT]");
        maps_are("0:1:2:3", "--uidmap 0:1:2:3: not of the form INSIDE:OUTSIDE[:COUNT]");
        maps_are("g0:1:2", "the mapping of users: no id is mapped");
        maps_are("-1:1:2", "--uidmap -1:1:2: '-1' is no id");
}

static void test_many(void)
{
        AUTO_IDMAP struct idmap map = { 0 };
        AUTO_ERROR struct error error = { 0 };

        for (uint32_t i = 0; i < IDMAP_RANGES_MAX + 1; i++)
                idmap_add(&map, &(struct idmap_range){ 2 * i, 5 * i, 1 });
        check(idmap_finish(&map, &error) < 0, "too many ranges are refused");
        check(error.code == E2BIG, "for that reason");
}

static void test_lookup(void)
{
        AUTO_IDMAP struct idmap map = { 0 };
        uint32_t id = 0;

        idmap_add(&map, &(struct idmap_range){ 0, 100, 10 });
        idmap_add(&map, &(struct idmap_range){ 20, 4294967290, 5 });
        check(idmap_to_outside(&map, 9, &id) && id == 109, "the last of a range outside");
        check(!idmap_to_outside(&map, 10, &id), "the one behind it");
        check(idmap_to_outside(&map, 24, &id) && id == 4294967294, "the last there is");
        check(idmap_to_inside(&map, 4294967290, &id) && id == 20, "back");
        check(!idmap_to_inside(&map, 4294967295, &id), "none");
        check(!idmap_is_identity(&map), "it is not the identity");
}

/* --- /etc/subuid */

static void subids_are(const char *text, const char *expected)
{
        AUTO_IDMAP struct idmap map = { 0 };
        AUTO_ERROR struct error error = { 0 };
        AUTO_FREE char *got = NULL;

        if (subid_parse(text, "file", "a", &map, &error) < 0) {
                check_str(error.message, expected, text);
                return;
        }
        got = map_line(&map);
        check_str(got, expected, text);
}

static void test_subids(void)
{
        static const char none[] = "file sets no ids aside for 'a': add a line a:FIRST:COUNT";

        subids_are("a:100:10\n", "0 100 10");
        subids_are("b:1:1\na:200:10\n# a:5:5\na:100:10", "0 100 10,10 200 10");
        subids_are("a:100:10\na:105:10\na:102:3\n", "0 100 10,10 110 5");
        subids_are("a:4294967290:1000\n", "0 4294967290 5");
        subids_are("a:100:0\na:x:1\na:1\nab:1:1\n", none);
        subids_are("", none);
}

/* --- automatic ones */

static void auto_is(const char *mode, uint32_t size, const char *expected)
{
        AUTO_SPEC struct container_spec spec = { 0 };
        AUTO_USERNS_REQUEST struct userns_request request = { 0 };
        AUTO_IDMAP struct idmap uids = { 0 }, gids = { 0 };
        AUTO_ERROR struct error error = { 0 };
        AUTO_FREE char *users = NULL, *groups = NULL, *got = NULL;

        spec_init(&spec);
        spec.userns = str_dup(mode);
        if (userns_parse(&spec, &request, &error) < 0 ||
            userns_map_auto(&request, size, 1000, 2000, &uids, &gids, &error) < 0) {
                check_str(error.message, expected, mode);
                return;
        }
        users = map_line(&uids);
        groups = map_line(&gids);
        got = str_format("%s | %s | %u %u", users, groups, userns_count_auto(&request.uids, size),
                         userns_count_auto(&request.gids, size));
        check_str(got, expected, mode);
}

static void test_auto(void)
{
        auto_is("auto", 10, "0 1000 10 | 0 2000 10 | 10 10");
        auto_is("auto:uidmapping=3:7:2", 10, "0 1000 3,3 7 2,5 1003 5 | 0 2000 10 | 8 10");
        auto_is("auto:gidmapping=50:@7", 10, "0 1000 10 | 0 2000 10,50 7 1 | 10 10");
        auto_is("auto:uidmapping=0:7:20,size=3", 10, "0 7 20 | 0 2000 10 | 0 10");
        auto_is("auto:size=0", 10, "--userns auto:size=0: size=0: not a number of ids");
        auto_is("auto:size", 10, "--userns auto:size: 'size' is not NAME=VALUE");
        auto_is("automatic", 10,
                "--userns automatic: unknown mode (known: auto, keep-id, host, container:NAME and "
                "ns:PATH)");
        check(userns_size(0) == 1024 && userns_size(1023) == 1024, "at least 1024 ids");
        check(userns_size(1024) == 1025, "as many as are needed");
        check(userns_size(65535) == 65536 && userns_size(70000) == 65536, "at most 65536");
}

/* --- leases */

static const char *alive_labels = "";

static bool is_alive(void *context, const char *label)
{
        (void)context;
        return strstr(alive_labels, label);
}

static void lease_is(const char *storage, const char *label, uint32_t count, bool forget,
                     const char *expected)
{
        AUTO_IDMAP struct idmap pool = { 0 }, own = { 0 };
        AUTO_ERROR struct error error = { 0 };
        struct idlease_request request = { .storage = storage,
                                           .label = label,
                                           .forget = forget,
                                           .pool_uids = &pool,
                                           .pool_gids = &pool,
                                           .own_uids = &own,
                                           .count = count,
                                           .alive = is_alive };
        struct idlease lease;
        AUTO_FREE char *got = NULL;

        idmap_add(&pool, &(struct idmap_range){ 0, 1000, 100 });
        idmap_add(&pool, &(struct idmap_range){ 100, 5000, 50 });
        idmap_add(&own, &(struct idmap_range){ 0, 1010, 5 });
        if (idlease_take(&request, &lease, &error) < 0)
                got = str_dup(error.message);
        else
                got = str_format("%u %u", lease.uid, lease.gid);
        check_str(got, expected, label);
}

static void test_leases(void)
{
        char storage[] = "/tmp/test-idmap.XXXXXX";

        if (!mkdtemp(storage))
                err(2, "mkdtemp");
        alive_labels = "a@ b@ c@ d@";
        lease_is(storage, "a@", 40, false, "1015 1000");
        lease_is(storage, "a@", 40, false, "1015 1000");
        lease_is(storage, "b@", 40, false, "1055 1040");
        lease_is(storage, "c@", 40, true, "5000 5000");
        lease_is(storage, "d@", 40, false,
                 "no 40 ids in a row are left of those that are set aside (3 blocks of them are in "
                 "use): ask for fewer, or set more aside");
        lease_is(storage, "d@", 10, false, "1000 1080");
        lease_is(storage, "e@", 51, false,
                 "no 51 ids in a row are left of those that are set aside (4 blocks of them are in "
                 "use): ask for fewer, or set more aside");
        /* What was to be forgotten goes first, what is idle only where nothing else is left. */
        alive_labels = "b@ d@";
        lease_is(storage, "f@", 40, false, "5000 5000");
        lease_is(storage, "a@", 40, false, "1015 1000");
        alive_labels = "b@ d@ f@";
        lease_is(storage, "g@", 40, false, "1015 1000");
        /* Another size is another block. */
        lease_is(storage, "d@", 5, false, "1000 1080");
        idlease_forget(storage, "b@");
        lease_is(storage, "h@", 40, false, "1055 1040");
        check(io_remove_tree(AT_FDCWD, storage, NULL) == 0, "nothing else is there");
}

/* --- attributes */

static void test_caps(void)
{
        unsigned char data[SHIFT_CAPS_SIZE] = { 1, 0, 0, 2, 0, 32 };
        static const unsigned char expected[SHIFT_CAPS_SIZE] = {
                1, 0, 0, 3, 0, 32, [20] = 0xe0, [21] = 0x93, [22] = 4
        };

        struct idmap_range one = { 0, 300000, 10 }, back = { 300000, 0, 10 };
        const struct idmap map = { &one, 1 }, inverse = { &back, 1 };

        check(shift_caps(data, 20, &map) == SHIFT_CAPS_SIZE, "capabilities become a namespace's");
        check(memcmp(data, expected, sizeof data) == 0, "with its root's id");
        check(shift_caps(data, SHIFT_CAPS_SIZE, &map) == 0, "those of a namespace stay");
        check(shift_caps(data, 7, &map) == 0, "what is none stays");
        check(shift_caps(data, SHIFT_CAPS_SIZE, &inverse) == 20, "and become the host's again");
        check(data[3] == 2 && data[0] == 1 && data[5] == 32, "without an id");
}

static void test_acl(void)
{
        unsigned char data[] = { 2, 0, 0, 0,                     /* version */
                                 1, 0, 7, 0, 255, 255, 255, 255, /* owner */
                                 2, 0, 5, 0, 7,   0,   0,   0,   /* user 7 */
                                 8, 0, 5, 0, 9,   0,   0,   0,   /* group 9 */
                                 2, 0, 4, 0, 99,  0,   0,   0 /* user 99 */ };
        AUTO_IDMAP struct idmap uids = { 0 }, gids = { 0 };

        idmap_add(&uids, &(struct idmap_range){ 0, 256, 10 });
        idmap_add(&gids, &(struct idmap_range){ 0, 512, 10 });
        check(shift_acl(data, sizeof data, &uids, &gids) == sizeof data, "an ACL changes");
        check(data[8] == 255 && data[11] == 255, "not of the owner");
        check(data[16] == 7 && data[17] == 1, "a user's entry");
        check(data[24] == 9 && data[25] == 2, "a group's entry");
        check(data[32] == 99 && data[33] == 0, "one without a mapping stays");
        check(shift_acl(data, 4, &uids, &gids) == 0, "an empty one stays");
}

/* What a kept layer was made for, there and back. */
static void test_layer_key(void)
{
        AUTO_IDMAP struct idmap uids = { 0 }, gids = { 0 }, back = { 0 }, groups = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *key = NULL, *plain = layer_key("cafe", NULL, NULL);

        idmap_add(&uids, &(struct idmap_range){ 0, 500000, 10 });
        idmap_add(&gids, &(struct idmap_range){ 0, 600000, 20 });
        key = layer_key("cafe", &uids, &gids);
        check(layer_key_read(key, &back, &groups, &err) == 0 && idmap_equal(&uids, &back) &&
                      idmap_equal(&gids, &groups),
              "a layer's mapping is read again");
        idmap_free(&back);
        back = (struct idmap){ 0 };
        check_str(plain, "cafe", "a layer without a mapping");
        check(layer_key_read(plain, &back, &groups, &err) == 0 && !back.count, "has none");
        check(layer_key_read("cafe\nusers\n0 1 2\n", &back, &groups, &err) < 0 && !back.count,
              "half a mapping is refused");
}

int main(void)
{
        test_layer_key();
        test_maps();
        test_many();
        test_lookup();
        test_subids();
        test_auto();
        test_leases();
        test_caps();
        test_acl();
        return tap_done();
}
