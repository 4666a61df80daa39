#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A thousand container files of all types with some of all keys, each twice: in the usual order, and
# with the keys in another (lines of one key stay in theirs). Both have to become the same unit, and
# the same bytes every time. The keys come from templates, whose line "# always:" names those that
# others need.
set -uo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
build=$(readlink -f "$build")
here=$(dirname "$(readlink -f "$0")")
templates=("$here"/../golden/everything/input/all.container "$here"/variations/*)

# vary TEMPLATE COUNT SEED: files of that type in usual/ and, of the same name, in other/.
vary() {
	local name=${1##*/}
	awk -v name="${name%.*}" -v extension="${name##*.}" -v directory="$work" -v count="$2" -v seed="$3" '
	BEGIN { always = " Image User " }
	/^# always:/ { always = substr($0, 10) " " }
	/^\[/ { own = tolower($0) == "[" extension "]"; if (own) section = $0 }
	own && /^[^#].*=/ { lines[++total] = $0; keys[total] = substr($0, 1, index($0, "=") - 1) }
	function is_needed(key) { return index(always, " " key " ") }
	function write(order, n, i, kept, file, line) {
		file = sprintf("%s/%s/%s-%03d.%s", directory, order, name, n, extension)
		print "[Unit]\nAfter=other.service\n\n" section >file
		for (i = 1; i <= kept; i++) {
			line = chosen[i]
			gsub("@N@", n, line)
			print line >file
		}
		print "\n[Service]\nRestartSec=3\n\n[Install]\nWantedBy=default.target" >file
		close(file)
	}
	END {
		srand(seed)
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
			write("usual", n, i, kept)
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
			write("other", n, i, kept)
		}
	}' "$1"
}

# What the templates refer to.
share() {
	printf '[Network]\n' >"$1/shared.network"
	printf '[Volume]\n' >"$1/shared.volume"
	printf '[Pod]\n' >"$1/shared.pod"
	printf '[Image]\nImage=registry.example/shared:1\n' >"$1/shared.image"
}

# Every key of the table is in a template of its type.
all_keys() {
	"$build/crunit-generator" --list-keys | awk -F '\t' '$1 != "Quadlet" { print "[" $1 "] " $2 }' | sort >"$work/keys"
	awk '/^\[/ { section = $0 } /^[^#].*=/ { print section " " substr($0, 1, index($0, "=") - 1) }' "${templates[@]}" |
		sort -u | comm -23 "$work/keys" - >"$work/missing"
	[ -s "$work/keys" ] && diff /dev/null "$work/missing"
}

# generate INPUT OUTPUT: all units and links, one behind the other.
generate() {
	QUADLET_UNIT_DIRS=$work/$1 CRUNIT=/usr/bin/crunit "$build/crunit-generator" --dryrun >"$work/$2" 2>"$work/told" && return
	grep -v Loading "$work/told" | head -n 20
	return 1
}

# What is not ours to write: the file as it was, and where it is.
essence() { sed -e '/^\[X-/,/^$/d' -e '/^SourcePath=/d' -e "s,$work/\(usual\|other\),,g" "$work/$1"; }
same_units() { diff <(essence first) <(essence third); }

mkdir "$work"/{usual,other}
expected=0
for template in "${templates[@]}"; do
	count=50
	[ "${template##*/}" != all.container ] || count=500
	vary "$template" "$count" "$((42 + expected))"
	expected=$((expected + count))
done
share "$work/usual"
share "$work/other"

check "each key varies" all_keys
check "$expected variations are generated" generate usual first
check "all of them" test "$(grep -c '^---.*\.service---$' "$work/first")" = $((expected + 4))
check "they are different" test "$(grep ^ExecStart= "$work/first" | sort -u | wc -l)" -ge $((expected * 4 / 5))
check "again" generate usual second
check "with the same bytes" cmp "$work/first" "$work/second"
check "with the keys in another order" generate other third
check "that changes nothing" same_units
finish
