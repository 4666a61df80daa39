# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the test scripts have in common; to be sourced. Gives
#     $work      a directory that goes at the end
#     $build     where the programs are
#     check      NAME COMMAND...: a result; what a failed command prints is shown, and what is in
#                $work/said
#     finish     the last line of a script

# shellcheck disable=SC2034 # for who sources this
build=${top_builddir:-.}
work=$(readlink -f "$(mktemp -d -p "${TEST_WORK:-/var/tmp}")")
trap 'rm -rf "$work"' EXIT
export LC_ALL=C
tap_suite=$(basename "$0" .sh)
tap_number=0
tap_failed=0
: >"$work/said"

check() {
	local name=$1
	shift
	tap_number=$((tap_number + 1))
	if "$@" >"$work/log" 2>&1; then
		echo "ok $tap_number - $tap_suite: $name"
	else
		tap_failed=1
		echo "not ok $tap_number - $tap_suite: $name"
		sed 's/^/# /' "$work/log" "$work/said"
	fi
}

# skip NAME WHY: what cannot be tested here. Where CI is set that is a failure.
skip() {
	tap_number=$((tap_number + 1))
	if [ -n "${CI:-}" ]; then
		tap_failed=1
		echo "not ok $tap_number - $tap_suite: $1"
		echo "# $2"
	else
		echo "ok $tap_number - $tap_suite: $1 # SKIP $2"
	fi
}

finish() {
	echo "1..$tap_number"
	exit $tap_failed
}
