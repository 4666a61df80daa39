#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Units of test-inject's nasty values, read by systemd's own parser: it finds no key and no section
# that it does not know.
set -uo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"

make_units() {
	local unit
	mkdir "$work/units" "$work/renamed"
	CRUNIT_INJECT_UNITS=$work/units "$build/tests/unit/test-inject" || return 1
	for unit in "$work/units"/*; do
		number=${unit##*/}
		mv "$unit" "$work/renamed/u${number%%-*}.service"
	done
	[ "$(find "$work/renamed" -type f | wc -l)" -gt 50 ]
}

# Directories and programs that are not there are none of our business here.
verify() {
	systemd-analyze verify --man=no --generators=no --recursive-errors=no "$work/renamed"/*.service >"$work/said" 2>&1
	! grep -E 'Unknown|Evil|Missing .=|Assignment outside' "$work/said"
}

check "units of nasty values" make_units
if command -v systemd-analyze >/dev/null; then
	check "systemd knows all that is in them" verify
else
	skip "systemd knows all that is in them" "there is no systemd-analyze"
fi
finish
