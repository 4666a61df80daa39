#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Container files of which no unit may be made: for each NAME.container (or .build and so on) the
# generator has to say what stands in NAME.stderr, fail, and write nothing.
#
# run.sh           test (TAP)
# run.sh --update  make NAME.stderr what is said now
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
generator=${top_builddir:-$here/../..}/crunit-generator
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/in"

# generate FILE: the messages are in said then; "status units" is printed.
generate() {
	local status=0
	rm -rf "$work/in" "$work/out"
	mkdir "$work/in" "$work/out"
	cp "$1" "$work/in/"
	QUADLET_UNIT_DIRS=$work/in "$generator" --no-kmsg-log "$work/out" 2>"$work/stderr" || status=$?
	sed -e "s,$work/in/,,g" -e 's,^crunit-generator\[[0-9]*\]: ,,' "$work/stderr" >"$work/said"
	echo "$status $(find "$work/out" -mindepth 1 | wc -l)"
}

files=("$here"/*.{container,pod,volume,network,image,build,kube,artifact})
if [ "${1-}" = --update ]; then
	for file in "${files[@]}"; do
		generate "$file" >/dev/null
		cp "$work/said" "${file%.*}.stderr"
	done
	exit 0
fi

echo "1..${#files[@]}"
number=0
failed=0
for file in "${files[@]}"; do
	name=$(basename "${file%.*}")
	number=$((number + 1))
	result=$(generate "$file")
	if [ "$result" = "1 0" ] && diff -u "${file%.*}.stderr" "$work/said" >"$work/diff"; then
		echo "ok $number - should-fail: $name"
	else
		failed=1
		echo "not ok $number - should-fail: $name"
		echo "# status and number of files: $result"
		sed 's/^/# /' "$work/diff"
	fi
done
exit $failed
