#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# One store in the hands of many processes at once: images with a common layer are loaded, removed,
# pruned and listed side by side, and some of the processes are killed at any moment. Nobody may
# lose what he loaded, find half of it, or wait for one who stands still. Needs root.
set -uo pipefail
# shellcheck source=tests/image/lib.sh
. "$(dirname "$0")/lib.sh"
archive=${top_srcdir:-.}/tests/machine/images/archive
rounds=${RACE_ROUNDS:-6}

crunit() {
	timeout 300 "$build/crunit" "$@"
}

# --- images: a layer that all have, and one of their own

make_images() {
	local i
	mkdir -p "$work/base/lib"
	for i in {1..200}; do
		head -c $((i * 50)) /dev/urandom >"$work/base/lib/$i"
	done
	tar -C "$work/base" -cf "$work/base.tar" .
	for i in {1..8}; do
		mkdir -p "$work/top$i/srv"
		head -c 100000 /dev/urandom >"$work/top$i/srv/$i"
		tar -C "$work/top$i" -cf "$work/top$i.tar" .
		"$archive" oci-archive "$work/$i.tar" --name "localhost/image:$i" \
			--layer "$work/base.tar" --layer "$work/top$i.tar" --compress gzip
	done
}

# --- what they do; each says what is wrong on its standard output

# Loads under a name that nobody else touches, and takes it away again.
owner() {
	local i
	for ((i = 0; i < rounds; i++)); do
		crunit load -q -i "$work/$1.tar" -t "own:$1" >/dev/null || echo "load $1: $?"
		whole "own:$1" "$1" || echo "own:$1 is not whole"
		[ $((i + 1)) = "$rounds" ] || crunit rmi "own:$1" >/dev/null || echo "rmi own:$1: $?"
	done
}

# Moves one name between images, which leaves images without any.
mover() {
	local i
	for ((i = 0; i < rounds; i++)); do
		crunit load -q -i "$work/$((i % 3 + 1)).tar" -t moving >/dev/null || echo "load moving: $?"
	done
}

pruner() {
	while [ ! -e "$work/stop" ]; do
		crunit image prune -f >/dev/null || echo "prune: $?"
		crunit images >/dev/null || echo "images: $?"
		sleep 0.02
	done
}

# Is killed somewhere in the middle, again and again.
victim() {
	local pid
	while [ ! -e "$work/stop" ]; do
		"$build/crunit-image" load -q -i "$work/$1.tar" -t "victim:$1" >/dev/null 2>&1 &
		pid=$!
		sleep "0.0$((RANDOM % 10))$((RANDOM % 10))"
		kill -KILL $pid 2>/dev/null
		wait $pid 2>/dev/null
		timeout -s KILL "0.0$((RANDOM % 4 + 1))" "$build/crunit" rmi --ignore "victim:$1" >/dev/null 2>&1
	done
}

# One that stands still in the middle of its work.
sleeper() {
	mkfifo "$work/fifo"
	"$build/crunit-image" load -q -t slow <"$work/fifo" >/dev/null 2>"$work/slow" &
	slow=$!
	exec 7>"$work/fifo"
	head -c 50000 "$work/top8.tar" >&7
}

together() {
	local i pids=()
	sleeper
	for i in {1..6}; do
		owner "$i" >"$work/said.owner$i" 2>&1 &
		pids+=($!)
	done
	mover >"$work/said.mover" 2>&1 &
	pids+=($!)
	pruner >"$work/said.pruner1" 2>&1 &
	pruner >"$work/said.pruner2" 2>&1 &
	victim 7 >"$work/said.victim7" 2>/dev/null &
	victim 8 >"$work/said.victim8" 2>/dev/null &
	wait "${pids[@]}"
	: >"$work/stop"
	kill -0 $slow || echo "the one that stood still is gone"
	# the rest of what it waits for
	tail -c +50001 "$work/top8.tar" >&7
	exec 7>&-
	wait
}

quiet() {
	together
	! grep . "$work"/said.*
}

# After everything is removed, and the dead's leftovers are swept, there is nothing.
empty() {
	crunit rmi --all --force >/dev/null && crunit rmi --ignore none &&
		[ -z "$(find "$work/store/tmp" "$work/store/layers" "$work/store/implied" "$work/store/covers" "$work/store/blobs/sha256" -mindepth 1)" ] &&
		[ "$(find "$work/store" -mindepth 1 -maxdepth 1 | wc -l)" -le 9 ]
}

make_images
check 'nobody is disturbed by the others' quiet
for i in {1..6}; do
	check "image $i is there, whole" whole "own:$i" "$i"
done
check 'the one that stood still came to its end' crunit image inspect slow
check 'the name that moved is there' crunit image inspect moving
check 'all blobs are what they are called' digests_are_right
check 'nothing is left behind' empty
finish
