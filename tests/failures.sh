#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What .ci/failures finds in the output of tests: all that failed, nothing else.
# shellcheck source=tests/tap.sh
. "${top_srcdir:-.}/tests/tap.sh"

# finds INPUT EXPECTED [OPTION]...
finds() {
	local input=$1 expected=$2
	shift 2
	"${top_srcdir:-.}/.ci/failures" "$@" <<<"$input" >"$work/found"
	diff <(echo "$expected") "$work/found"
}

finds_nothing() {
	"${top_srcdir:-.}/.ci/failures" <<<"$1" >"$work/found"
	[ ! -s "$work/found" ]
}

check "nothing where nothing failed" finds_nothing "ok 1 - a
# a remark
not ok 2 - b # TODO some day
# PASS:  2
PASS: tests/a 1 - a"

check "a failure with what it said" finds "ok 1 - a
not ok 2 - b # 12 ms
# FAILED: it is blue
# not red
ok 3 - c
# a remark
not ok 4 - d" "  not ok 2 - b # 12 ms
  # FAILED: it is blue
  # not red
  not ok 4 - d"

check "a long one by both its ends" finds "not ok 1 - a
# 1
# 2
# 3
# 4
# 5
# 6
# 7
not ok 2 - b
# 1
# 2
# 3
# 4" "  not ok 1 - a
  # 1
  # 2
  # (3 lines)
  # 6
  # 7
  not ok 2 - b
  # 1
  # 2
  # 3
  # 4" -v first=2 -v last=2

check "many, by their names" finds "not ok 1 - a
# 1
not ok 2 - b
# 2" "  not ok 1 - a
  # 1
  not ok 2 - b" -v most=1

check "what make check says" finds "PASS: tests/a 1 - a
FAIL: tests/a 2 - b
ERROR: tests/a - exited with status 3
# TOTAL: 3
# ERROR: 1" "  FAIL: tests/a 2 - b
  ERROR: tests/a - exited with status 3"

check "what was skipped, and who gave up" finds "ok 1 - a # SKIP no kernel
Bail out! no machine" "  ok 1 - a # SKIP no kernel
  Bail out! no machine"

finish
