#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Option lines of `crunit run` against the plan they make. A case is a file in cases/:
#
#	image: NAME.json        (perhaps; a configuration of an image, beside the case)
#	unit: NAME              (perhaps; what a generator would have put into the environment)
#	joined: NAME.json       (perhaps; the networks the container is on, beside the case)
#	subids: NAME            (perhaps; the file of subordinate ids, beside the case)
#	sockets: yes            (perhaps; systemd has given us two)
#	one word of the command line a line; $here stands for this directory
#	---
#	what differs from the plan of `--network none img true`, as diff shows it, or `error: …`
#
# base.expected is that plan in full. With --update what the program says becomes what is expected.
set -u
here=${top_srcdir:?}/tests/plan
show=${top_builddir:?}/tests/plan/plan-show
work=$(mktemp -d) || exit 99
# devices by name, of which the second directory counts more
export CRUNIT_CDI="$here/cdi:$here/cdi-run" CRUNIT_LIBEXECDIR="${top_builddir:?}"
trap 'rm -rf "$work"' EXIT
update=${1:-}
count=0
failed=0

# result STATUS NAME [DETAILS-FILE]
result() {
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		failed=1
		[ $# -lt 3 ] || sed 's/^/# /' "$3"
	fi
}

"$show" "$here/rootfs" - --network none img true >"$work/base"
[ "$update" != --update ] || cp "$work/base" "$here/base.expected"
diff -u "$here/base.expected" "$work/base" >"$work/diff"
result $? "base" "$work/diff"

for case in "$here"/cases/*.case; do
	name=$(basename "$case" .case)
	image=$(sed -n '1s/^image: //p' "$case")
	image=${image:+$here/cases/$image}
	joined=$(sed -n 's/^joined: //p' "$case")
	subids=$(sed -n 's/^subids: //p' "$case")
	unit=$(sed -n 's/^unit: //p' "$case")
	sockets=$(sed -n 's/^sockets: //p' "$case")
	set --
	while IFS= read -r word && [ "$word" != --- ]; do
		case $word in
		'image: '* | 'unit: '* | 'joined: '* | 'subids: '* | 'sockets: '*) continue ;;
		*'$here'*) word=${word%%'$here'*}$here${word#*'$here'} ;;
		esac
		set -- "$@" "$word"
	done <"$case"
	if env ${unit:+"UNIT=$unit"} ${sockets:+"SOCKETS=$sockets"} ${joined:+"JOINED=$here/cases/$joined"} \
		${subids:+"SUBIDS=$here/cases/$subids"} "$show" "$here/rootfs" "${image:--}" "$@" >"$work/out" 2>"$work/error"; then
		diff "$work/base" "$work/out" | grep '^[<>]' |
			sed "s,$here,\$here,g;s,crunit-[0-9][0-9.]*,crunit-VERSION," >"$work/got"
		# A sanitizer that speaks is a failure, too.
		cat "$work/error" >>"$work/got"
	else
		sed "s,^plan-show: ,error: ,;s,$here,\$here,g" "$work/error" >"$work/got"
	fi
	if [ "$update" = --update ]; then
		sed -n '1,/^---$/p' "$case" >"$work/new"
		cat "$work/got" >>"$work/new"
		cat "$work/new" >"$case"
	fi
	sed '1,/^---$/d' "$case" >"$work/expected"
	diff -u "$work/expected" "$work/got" >"$work/diff"
	result $? "$name" "$work/diff"
done
echo "1..$count"
exit $failed
