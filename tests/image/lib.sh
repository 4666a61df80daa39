# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# For the tests of image commands; to be sourced. A store of the test's own, no settings, and
#     run STATUS ARGUMENT...          whether crunit exits so; what it prints is in said
#     said TEXT                       whether that has the text
#     says STATUS TEXT ARGUMENT...    both
#     silent STATUS ARGUMENT...       the first, and nothing is printed

# shellcheck source=tests/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh"
export CRUNIT_STORAGE=$work/store CRUNIT_RUN=$work/run CRUNIT_LIBEXECDIR=$build CRUNIT_CONF=$work/crunit.conf
: >"$work/crunit.conf"

run() {
	local expected=$1 status=0
	shift
	timeout 300 "$build/crunit" "$@" >"$work/said" 2>&1 </dev/null || status=$?
	[ $status = "$expected" ] || { echo "exit status $status, expected $expected"; return 1; }
}

said() {
	grep -qF -- "$1" "$work/said"
}

says() {
	local expected=$1 text=$2
	shift 2
	run "$expected" "$@" && said "$text"
}

silent() {
	run "$@" && [ ! -s "$work/said" ]
}
