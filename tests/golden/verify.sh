#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# systemd itself reads the units of the golden cases, and must have nothing to say about them but
# what their inputs are wrong on purpose.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
generator=${GENERATOR:-${top_builddir:-$here/../..}/crunit-generator}

if ! command -v systemd-analyze >/dev/null; then
	echo "1..0 # SKIP systemd-analyze is not installed"
	exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cases=$(cd "$here" && for name in */; do echo "${name%/}"; done)

# Mistakes of the inputs, and what systemd has only since version 254.
on_purpose="Unknown key.* '(UnknownKey|restart|WWantedBy|Nothing|UpheldBy)' in section"
on_purpose+="|Unknown section '(Foreign|S[e]rivce|Other)'"

# verify CASE: what systemd says about the units of the case; an instance stands for its template.
verify() {
	local unit name
	rm -rf "$work/units"
	mkdir "$work/units"
	QUADLET_UNIT_DIRS=$here/$1/input CRUNIT=/bin/true "$generator" --no-kmsg-log "$work/units" 2>/dev/null || true
	for unit in "$work/units"/*@.service; do
		[ ! -e "$unit" ] || ln -s "${unit##*/}" "${unit%.service}inst.service"
	done
	for unit in "$work/units"/*.service; do
		[ -e "$unit" ] || continue
		name=${unit##*/}
		case $name in
		*@.service) continue ;;
		esac
		SYSTEMD_UNIT_PATH=$work/units: systemd-analyze verify --man=no --recursive-errors=no "$unit" 2>&1 || true
	done | grep -vE "$on_purpose"
}

number=0
failed=0
for name in $cases; do
	number=$((number + 1))
	if said=$(verify "$name"); then
		failed=1
		echo "not ok $number - systemd reads: $name"
		sed 's/^/# /' <<<"$said"
	else
		echo "ok $number - systemd reads: $name"
	fi
done
echo "1..$number"
exit $failed
