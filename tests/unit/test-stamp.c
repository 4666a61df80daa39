/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "src/base/stamp.h"
#include "src/base/str.h"
#include "tests/tap.h"

int main(void)
{
        AUTO_FREE char *id = stamp_new_id(STAMP_ID_DIGITS), *other = stamp_new_id(STAMP_ID_DIGITS),
                       *cut = stamp_new_id(25),
                       *time = stamp_time(&(struct timespec){ 1718000000, 12345 }),
                       *now = stamp_now();

        check(strlen(id) == STAMP_ID_DIGITS && strspn(id, "0123456789abcdef") == STAMP_ID_DIGITS,
              "an id is of hexadecimal digits");
        check(strcmp(id, other) != 0, "another id is another");
        check(strlen(cut) == 25, "an odd number of digits");
        check_str(time, "2024-06-10T06:13:20.000012345Z", "a time");
        check(strlen(now) == strlen(time) && strcmp(now, time) > 0, "this moment");
        return tap_done();
}
