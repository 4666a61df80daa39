#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Every option of `podman run` is known: it does something, or is refused with a reason, by
# `crunit check` in the very words of `crunit run`.
set -uo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
options=$(readlink -f "$(dirname "$0")/podman-run.options")
build=$(readlink -f "$build")
export CRUNIT_LIBEXECDIR=$build CRUNIT_STORAGE=$work/store CRUNIT_CONF=$work/crunit.conf QUADLET_UNIT_DIRS=$work/in
export CRUNIT_CREDSTORE=$work/etc
mkdir -p "$work/in" "$work/rootfs"
: >"$work/crunit.conf"

# What `crunit run` would say, as far as it knows before it looks at the machine.
run_says() {
	"$build/tests/plan/plan-show" --parse --network host "$@" img true 2>&1 >/dev/null | sed 's/^plan-show: //'
}

check_says() {
	printf '[Container]\nImage=localhost/a\nPull=never\nNetwork=host\nPodmanArgs=%s\n' "$1" >"$work/in/a.container"
	"$build/crunit" check --no-verify "$work/in" 2>&1 |
		sed -n "s/^.*a.container:5:[0-9]*: error: \(PodmanArgs=: \)\{0,1\}//p"
}

same() {
	local name=$1 value=${2-}
	run=$(run_says "--$name${value:+=$value}")
	said=$(check_says "--$name${value:+=$value}")
	printf 'run:   %s\ncheck: %s\n' "$run" "$said"
	test "$run" = "$said"
}

# A refusal says more than that it is one.
has_reason() {
	case $run in
	'' | *': '* | *' does not go with '*) ;;
	*) return 1 ;;
	esac
}

count=0
while read -r name value; do
	case $name in \#*) continue ;; esac
	count=$((count + 1))
	check "--$name${value:+ $value}" same "$name" "$value"
	check "--$name: why, if not" has_reason
done <"$options"
check "all of them" test $count -gt 140
finish
