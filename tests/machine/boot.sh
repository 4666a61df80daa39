# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# boot.sh: machines for who runs tests in them, with the programs that were built. To be sourced;
# needs here (this directory), top (the source), build (what was built), suite, base (what all its
# machines' names begin with) and keep (not empty: machines go on running). ends_machines comes
# first, then prepare_boot, then boot.

declare -A booted=()
work=$(mktemp -d "${TMPDIR:-/tmp}/crunit-tests.XXXXXX")

# Runs at the end, whatever ends us: machines are never left behind.
clean_up() {
	local name
	for name in "${booted[@]}"; do
		if [ -n "$keep" ]; then
			echo "# still running: $here/machine exec $name bash"
		else
			"$here/machine" kill "$name" || true
		fi
	done
	[ -n "$keep" ] || rm -rf --one-file-system "$work"
}

ends_machines() {
	trap clean_up EXIT
	trap 'exit 130' INT TERM
}

bail_out() {
	echo "Bail out! $*"
	exit 1
}

# Sets rootfs and images, and installs into $work/stage.
prepare_boot() {
	[ -f "$build/Makefile" ] || bail_out "nothing is built in $build"
	"$here/machine" sweep || true # who runs beside us may have swept the same
	rootfs=$("$here/build-rootfs" "$suite")
	images=$("$here/build-images")
	make -s -C "$build" install DESTDIR="$work/stage" >"$work/install.log" 2>&1 || {
		cat "$work/install.log"
		bail_out "make install failed"
	}
	[ -x "$work/stage/usr/bin/crunit" ] || bail_out "$build is not configured with --prefix=/usr"
}

# boot KIND [OPTION]...: starts the machine of that kind.
boot() {
	local kind=$1 name=$base-$1 status owner=(--owner $$)
	shift
	[ -z "$keep" ] || owner=() # else the next sweep would end it
	booted[$kind]=$name
	status=$("$here/machine" start "$name" --rootfs "$rootfs" --layer "$work/stage" \
		"${owner[@]}" --share "$images:/images" \
		--share "$here:/tests" --share "$top/tests/golden:/golden" --share "$top/tests/registry:/registry" "$@") || bail_out "no machine"
	[ "$status" = running ] || "$here/machine" exec "$name" systemctl --failed | sed 's/^/# /'
	check_libraries "$name"
}

# The programs are built on the host. That they run in another suite too rests
# on the sonames being the same.
check_libraries() {
	local missing
	# shellcheck disable=SC2016 # for the shell inside
	missing=$("$here/machine" exec "$1" sh -c 'for f in /usr/bin/crunit /usr/libexec/crunit/* \
		/usr/lib/systemd/system-generators/crunit-system-generator; do ldd "$f" 2>&1 | sed "s|^|$f:|"; done' |
		grep -E 'not found|not a dynamic' | grep -v 'not a dynamic' || true)
	[ -z "$missing" ] || bail_out "the programs built here do not run in $suite: $missing"
}
