# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# For the tests of image commands; to be sourced. A store of the test's own, no settings, and
#     run STATUS ARGUMENT...          whether crunit exits so; what it prints is in said, and in
#                                     out and err, apart
#     said TEXT                       whether said has the text
#     says STATUS TEXT ARGUMENT...    both
#     silent STATUS ARGUMENT...       the first, and nothing is printed
#     digest FILE                     its SHA-256
#     whole NAME I                    the image has two layers: all that is in $work/base, and all
#                                     that is in $work/topI
#     digests_are_right               all blobs of the store are what they are called

# shellcheck source=tests/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh"
export CRUNIT_STORAGE=$work/store CRUNIT_RUN=$work/run CRUNIT_LIBEXECDIR=$build CRUNIT_CONF=$work/crunit.conf
: >"$work/crunit.conf"

run() {
	local expected=$1 status=0
	shift
	timeout 300 "$build/crunit" "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
	cat "$work/out" "$work/err" >"$work/said"
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

digest() {
	sha256sum "$1" | cut -c 1-64
}

whole() {
	local found described
	described=$(timeout 300 "$build/crunit" image inspect "$1") || return 1
	mapfile -t found < <(grep -o "$CRUNIT_STORAGE/layers/[0-9a-f]*" <<<"$described" | sort -u)
	[ ${#found[@]} = 2 ] || { echo "$1 has ${#found[@]} layers" && return 1; }
	[ ! -e "${found[0]}/srv" ] || found=("${found[1]}" "${found[0]}")
	diff -r "$work/base" "${found[0]}" && diff -r "$work/top$2" "${found[1]}"
}

digests_are_right() {
	local file
	for file in "$work"/store/blobs/sha256/*; do
		[ "$(digest "$file")" = "${file##*/}" ] || echo "$file is damaged"
	done | { ! grep .; }
}
