# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# cache.sh: things that are slow to make and depend on nothing but the files
# and words they are made from. Sourced.

cache=${CRUNIT_CACHE:-/var/cache/crunit-tests}

# cache_make NAME INPUT... -- COMMAND...
#
# Prints the path of the cached thing NAME. If there is none yet for these
# INPUTs (files count by their content, other words as they are), COMMAND is
# run with a path as its last argument and makes it there. It has to be a
# program, not a function: "set -e" means nothing to a function called here. The
# thing gets its final name only when COMMAND succeeded, so an interrupted run
# leaves no half thing; two runs at once wait for each other.
cache_make() {
	local name=$1 input key path
	local -a inputs=()
	shift
	while [ "$1" != -- ]; do
		inputs+=("$1")
		shift
	done
	shift
	key=$(for input in "${inputs[@]}"; do
		if [ -f "$input" ]; then cat "$input"; else echo "$input"; fi
	done | sha256sum | cut -c1-16)
	path=$cache/$name-$key
	if [ ! -e "$path" ]; then
		mkdir -p "$cache"
		(
			flock 9
			[ ! -e "$path" ] || exit 0
			rm -rf --one-file-system "$path.new"
			echo "# making $name (once)" >&2
			"$@" "$path.new" >"$path.log" 2>&1 9>&- || {
				cat "$path.log" >&2
				echo "making $name failed, see $path.log" >&2
				exit 1
			}
			mv -T "$path.new" "$path"
		) 9>"$cache/.lock-$name" || return 1
	fi
	echo "$path"
}
