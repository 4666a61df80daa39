#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The parts of the man pages that come from the programs' own tables, between lines
#     .\" begin: PROGRAM OPTIONS
#     .\" end
# are what those programs print now. With --update they are made so.
set -eu

src=${top_srcdir:-.}
build=${top_builddir:-build}
update=${1:-}
count=0
failed=0

result() {
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		failed=1
	fi
}

made=$(mktemp)
trap 'rm -f "$made" "$made.diff" "$made.page"' EXIT

# fill PAGE: the page with each marked part printed anew. Fails when a program does, prints nothing,
# or a part has no end.
fill() {
	PATH="$build:$PATH" awk '
		/^\.\\" begin: / {
			print
			command = substr($0, 11)
			lines = 0
			while ((command | getline line) > 0) {
				print line
				lines++
			}
			if (close(command) != 0 || !lines) {
				broken = 1
				exit 1
			}
			skip = 1
		}
		/^\.\\" end$/ { skip = 0 }
		!skip
		END { exit broken || skip }' "$1"
}

for page in "$src"/man/*.[1-9]; do
	name=${page##*/}
	if ! fill "$page" >"$made"; then
		result 1 "$name: a program that prints a part of it failed"
	elif [ "$update" = --update ]; then
		cmp -s "$made" "$page" || cp "$made" "$page"
	elif diff -u "$page" "$made" >"$made.diff"; then
		result 0 "$name agrees with the programs"
	else
		sed 's/^/# /' "$made.diff"
		result 1 "$name agrees with the programs (make update-man)"
	fi
done
if [ "$update" != --update ]; then
	# --update trusts fill's word.
	for command in false true 'echo x; false'; do
		printf '.\\" begin: %s\n.\\" end\n' "$command" >"$made.page"
		status=0
		! fill "$made.page" >/dev/null || status=1
		result $status "a part from '$command' is refused"
	done
fi
if command -v mandoc >/dev/null; then
	for page in "$src"/man/*.[1-9]; do
		status=0
		# one that is another's second name has nothing of its own
		target=$(sed -n 's/^\.so //p' "$page")
		if [ -n "$target" ]; then
			[ -e "$src/man/${target##*/}" ] || status=1
		else
			mandoc -Tlint -Wwarning "$page" | sed 's/^/# /' || status=1
			mandoc -Tlint -Wwarning "$page" >/dev/null || status=1
		fi
		[ "$update" = --update ] || result $status "${page##*/} is well-formed"
	done
fi
[ "$update" = --update ] || echo "1..$count"
exit $failed
