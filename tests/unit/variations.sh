#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Five hundred container files with some of all keys, each twice: in the usual order, and with the
# keys in another (lines of one key stay in theirs). Both have to become the same unit, and the same
# bytes every time.
set -uo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
build=$(readlink -f "$build")
here=$(dirname "$(readlink -f "$0")")
count=500

mkdir "$work/in" "$work/first" "$work/second"
awk -v directory="$work/in" -v count=$count '
	# What another key needs is always there.
	function is_needed(key) { return key == "Image" || key == "User" || key == "Group" || key == "ContainerName" }
	/^\[/ { own = $0 == "[Container]"; next }
	own && /=/ { lines[++total] = $0; keys[total] = substr($0, 1, index($0, "=") - 1) }
	function write(file, i, k, kept) {
		print "[Unit]\nAfter=other.service\n\n[Container]" >file
		for (i = 1; i <= kept; i++)
			print chosen[i] >file
		close(file)
	}
	END {
		srand(42)
		for (n = 1; n <= count; n++) {
			delete rank
			kept = 0
			for (i = 1; i <= total; i++) {
				if (!(keys[i] in rank))
					rank[keys[i]] = is_needed(keys[i]) || rand() < 0.5 ? 1 + rand() : 0
				if (!rank[keys[i]])
					continue
				chosen[++kept] = lines[i]
				order[kept] = rank[keys[i]]
			}
			name = sprintf("%s/%03d", directory, n)
			write(name "-a.container", i, k, kept)
			for (i = 2; i <= kept; i++) {
				line = chosen[i]
				at = order[i]
				for (k = i - 1; k > 0 && order[k] > at; k--) {
					chosen[k + 1] = chosen[k]
					order[k + 1] = order[k]
				}
				chosen[k + 1] = line
				order[k + 1] = at
			}
			write(name "-b.container", i, k, kept)
		}
	}' "$here/../golden/everything/input/all.container"

generate() { QUADLET_UNIT_DIRS=$work/in CRUNIT=/usr/bin/crunit "$build/crunit-generator" --no-kmsg-log "$work/$1" >"$work/said" 2>&1; }
# What is not ours to write: the file as it was, and its name.
essence() { sed -e '/^\[X-Container\]/,/^$/d' -e '/^SourcePath=/d' "$1"; }
same_units() {
	local n result=0
	for n in $(seq -f %03g $count); do
		diff <(essence "$work/first/$n-a.service") <(essence "$work/first/$n-b.service") || result=1
	done
	return $result
}

check "$count variations are generated" generate first
check "all of them" test "$(find "$work/first" -name '*.service' | wc -l)" = $((2 * count))
check "they are different" test "$(cat "$work"/first/*-a.service | grep -c ^ExecStart=)" = $count -a \
	"$(cat "$work"/first/*-a.service | grep ^ExecStart= | sort -u | wc -l)" = $count
check "the order of keys changes nothing" same_units
check "again" generate second
check "with the same bytes" diff -r "$work/first" "$work/second"
finish
