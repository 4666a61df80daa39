#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The power goes while images are loaded, pulled, tagged, removed and pruned, volumes made, filled
# and removed, and containers run. The store is on a disk that remembers each write and each flush
# (disk.c); afterwards the disk is put into states that a power cut could have left it in: at any
# moment, with all, some or none of what was written since the last flush. In each of them the
# journal is replayed, and then: what had been reported as done is there and whole, what had been
# reported as removed is not, nothing half can be used, the next processes work and sweep.
#
#     SEED=N      what is drawn by lot (default: by the clock); a failure names it
#     ROUNDS=N    times that a disk is made, used, and cut (1)
#     CUTS=N      power cuts in each round (24), as many as SECONDS_MAX allow
#     WORK=N      seconds that a disk is used (8)
#     KEEP=DIR    the disk, its log and the notes of the first failure go there; then
#     AGAIN=DIR   looks at that one cut again
#
# Needs root, /dev/fuse and loop devices.
set -uo pipefail
[ -n "${POWER_INSIDE:-}" ] || POWER_INSIDE=1 exec unshare -m --propagation private "$0" "$@"
# shellcheck source=tests/image/lib.sh
. "$(dirname "$0")/../image/lib.sh"
here=$(cd "$(dirname "$0")" && pwd -P)
registry_work=$work/registry
mkdir "$registry_work"
# shellcheck source=tests/registry/lib.sh
. "$here/../registry/lib.sh"
disk=$build/tests/power/disk
archive=${top_srcdir:-$here/../..}/tests/machine/images/archive
seed=${SEED:-$(date +%s)}
rounds=${ROUNDS:-1} cuts=${CUTS:-24} seconds=${WORK:-8}
seconds_max=${SECONDS_MAX:-$((rounds > 1 ? 1000000 : 45))}
images=4
ways=(all none blocks sectors)
before=$work/before after=$work/after

cleanup() {
	: >"$work/stop"
	registry_stop_all
	umount -l "$before" "$after" "$work/disk" 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT

crunit() {
	timeout 120 "$build/crunit" "$@"
}

# --- images: a layer that all have, and one of their own; the same tree is what volumes are filled with

make_images() {
	local i
	mkdir -p "$work/base/lib" "$work/base/bin"
	cp "$(command -v busybox)" "$work/base/bin/busybox"
	for i in {1..100}; do
		head -c $((i * 50)) /dev/urandom >"$work/base/lib/$i"
	done
	tar -C "$work/base" -cf "$work/base.tar" .
	for ((i = 1; i <= images; i++)); do
		mkdir -p "$work/top$i/srv/deep"
		head -c 300000 /dev/urandom >"$work/top$i/srv/$i"
		head -c 5000 /dev/urandom >"$work/top$i/srv/deep/$i"
		ln -s "deep/$i" "$work/top$i/srv/link"
		tar -C "$work/top$i" -cf "$work/top$i.tar" .
		tar -C "$work/top$i/srv" -cf "$work/content$i.tar" .
		"$archive" oci-archive "$work/$i.tar" --name "localhost/image:$i" \
			--layer "$work/base.tar" --layer "$work/top$i.tar" --compress gzip
	done
}

make_registry() {
	local i
	distribution_start images plain || return 1
	for ((i = 1; i <= images; i++)); do
		CRUNIT_STORAGE=$work/other crunit load -q -i "$work/$i.tar" -t "other:$i" >/dev/null &&
			CRUNIT_STORAGE=$work/other crunit push -q --tls-verify=false "other:$i" "$distribution_host/image:$i" ||
			return 1
	done
}

# --- the disk

# Not all mount options hold back alike.
# shellcheck disable=SC2054 # each is a word
options=(noauto_da_alloc data=writeback,noauto_da_alloc,commit=60 commit=1,noauto_da_alloc defaults)

plug_in() {
	local device i option=${options[RANDOM % ${#options[@]}]}
	mkdir -p "$work/disk" "$before" "$after"
	rm -f "$work/image" "$work/written" "$work/notes"
	truncate -s 256M "$work/image"
	mkfs.ext4 -q -F "$work/image" && cp --sparse=always "$work/image" "$work/new" || return 1
	"$disk" serve "$work/image" "$work/written" "$work/disk" 9>&- &
	server=$!
	for ((i = 0; i < 600; i++)); do
		[ ! -e "$work/disk/disk" ] || break
		sleep 0.05
	done
	device=$(losetup -f --show --direct-io=on "$work/disk/disk") || return 1
	echo "mounted with $option"
	mount -o "noatime,$option" "$device" "$before" || { losetup -d "$device" && return 1; }
	losetup -d "$device" # when it is no longer mounted
	: >"$work/notes"
}

unplug() {
	umount "$before" && umount "$work/disk" && wait $server
}

position() {
	local now
	read -r now <"$work/disk/position" && echo "$now"
}

# note KIND NAME STATE COMMAND...: COMMAND makes NAME what STATE says; positions of the disk around it.
note() {
	local kind=$1 name=$2 state=$3 said=$work/said.${2//[\/:]/-} from to
	shift 3
	from=$(position)
	"$@" >"$said" 2>&1 || { echo "$*: $?: $(cat "$said")" && return 1; }
	to=$(position)
	echo "$from $to $kind $name $state" >>"$work/notes"
}

# --- what is done there; each says what is wrong on its standard output

working() {
	[ ! -e "$work/stop" ]
}

# lot N: drawn is one of 1..N. once_in N.
lot() {
	drawn=$((RANDOM % $1 + 1))
}

once_in() {
	lot "$1" && [ $drawn = 1 ]
}

# Loads under a name that nobody else touches, and takes it away again.
owner() {
	local i
	while working; do
		lot $images && i=$drawn
		note image "localhost/$1:1" "$i" crunit load -q -i "$work/$i.tar" -t "$1:1"
		once_in 2 || note image "localhost/$1:2" "$i" crunit tag "$1:1" "$1:2"
		once_in 3 || note image "localhost/$1:1" - crunit rmi "$1:1"
	done
}

puller() {
	local i
	while working; do
		lot $images && i=$drawn
		note image "$distribution_host/image:$i" "$i" crunit pull -q --tls-verify=false "$distribution_host/image:$i"
		note image "$distribution_host/image:$i" - crunit rmi "$distribution_host/image:$i"
	done
}

pruner() {
	while working; do
		crunit image prune -f >/dev/null || echo "prune: $?"
		sleep 0.1
	done
}

filler() {
	local i
	while working; do
		lot $images && i=$drawn
		note volume "$1" empty crunit volume create --label a=b "$1"
		once_in 4 || note volume "$1" "$i" crunit volume import "$1" "$work/content$i.tar"
		note volume "$1" - crunit volume rm "$1"
	done
}

# A volume that the image fills, written to by a container, which syncs nothing.
runner() {
	local i
	note image "localhost/run:1" 1 crunit load -q -i "$work/1.tar" -t run:1
	while working; do
		note volume "$1" 1 crunit run --rm --network none --cgroups=disabled --name "$1" -v "$1:/srv" run:1 \
			/bin/busybox sh -c 'echo text >/file; /bin/busybox mkdir /many; /bin/busybox cp -r /lib /many/'
		note volume "$1" - crunit volume rm "$1"
	done
}

# A container that stays.
keeper() {
	while working; do
		crunit run --network none --cgroups=disabled --name kept run:1 /bin/busybox sh -c 'echo text >/file' ||
			echo "run: $?"
		crunit rm kept >/dev/null || echo "rm: $?"
	done
}

together() {
	local job number=0 end=$((SECONDS + seconds))
	rm -f "$work/stop" "$work"/out.*
	export CRUNIT_STORAGE=$before/store CRUNIT_RUN=$work/run.before
	crunit load -q -i "$work/1.tar" -t run:1 >/dev/null || return 1
	for job in "owner a" "owner b" "owner moving" puller pruner "filler v1" "filler v2" "runner r1" keeper; do
		number=$((number + 1))
		(RANDOM=$((seed + number)) && $job) >"$work/out.$number" 2>&1 &
		jobs+=($!)
	done
	while [ $SECONDS -lt $end ]; do
		sleep 0.2
	done
	: >"$work/stop"
	wait "${jobs[@]}"
	jobs=()
	! grep -m 5 . "$work"/out.*
}

use() {
	local status=0
	together || status=1
	final=$(position)
	return $status
}

# --- the power goes

# allowed POSITION: KIND NAME STATE..., what each thing may be. A volume is made before it is filled.
allowed() {
	sort -k 3,4 -k 1n,1 "$work/notes" | awk -v cut="$1" '
		{ name = $3 " " $4 }
		!(name in states) { states[name] = " -" }
		$2 <= cut { states[name] = " " $5; next }
		$1 <= cut { states[name] = states[name] " " $5 ($3 == "volume" && $5 > 0 ? " empty" : "") }
		END { for (name in states) print name states[name] }' | sort
}

# The moment something was reported as done and nothing more than what was flushed: the hardest; or any.
draw() {
	if once_in 2; then
		lot "$(wc -l <"$work/notes")"
		cut=$(awk -v line=$drawn 'NR == line { print $2 }' "$work/notes")
		how=none
	else
		cut=$(((RANDOM * 32768 + RANDOM) % final + 1))
		lot 4
		how=${ways[drawn - 1]}
	fi
	dice=$RANDOM
}

cut_off() {
	cp --sparse=always "$work/new" "$work/cut" && "$disk" cut "$work/cut" "$work/written" "$cut" "$how" "$dice" &&
		mount -o loop,noatime "$work/cut" "$after" || return 1
	export CRUNIT_STORAGE=$after/store CRUNIT_RUN=$work/run.after
}

put_away() {
	umount "$after" && rm -rf "$work/run.after" "$work/cut"
}

# is_image NAME STATE: the name is that image, whole.
is_image() {
	whole "$1" "$2"
}

# is_volume NAME STATE: the same of a volume. One whose filling was interrupted cannot be taken for full.
is_volume() {
	local into=$work/exported
	rm -rf "$into" && mkdir "$into"
	crunit volume export "$1" >"$work/exported.tar" && tar -C "$into" -xf "$work/exported.tar" || return 1
	case $2 in
	empty) [ -z "$(find "$into" -mindepth 1)" ] ;;
	*) diff -r --no-dereference "$work/top$2/srv" "$into" ;;
	esac
}

there() {
	case $1 in
	image) crunit image exists "$2" ;;
	volume) crunit volume exists "$2" ;;
	esac
}

# one KIND NAME STATE...: it is one of these.
one() {
	local kind=$1 name=$2 state
	shift 2
	if ! there "$kind" "$name"; then
		[[ " $* " == *" - "* ]] || { echo "$kind $name is gone: it has to be one of: $*" && return 1; }
		return 0
	fi
	for state; do
		[ "$state" = - ] || ! "is_$kind" "$name" "$state" >>"$work/differences" 2>&1 || return 0
	done
	# a volume that is just being filled refuses to be looked at
	[ "$kind" = volume ] && [ $# -gt 1 ] && interrupted "$name" && return 0
	echo "$kind $name is none of: $*"
	tail -n 5 "$work/differences"
	return 1
}

interrupted() {
	[ -e "$after/store/volumes/$1/filling" ] && ! crunit volume export "$1" >/dev/null 2>"$work/said" &&
		grep -q interrupted "$work/said"
}

all_as_reported() {
	local line status=0
	allowed "$cut" >"$work/allowed"
	while read -r line <&6; do
		# shellcheck disable=SC2086 # words
		one $line || status=1
	done 6<"$work/allowed"
	return $status
}

# What comes next works, and sweeps.
life_goes_on() {
	local i
	for i in 1 2; do
		crunit load -q -i "$work/$i.tar" -t "again:$i" >/dev/null && whole "again:$i" "$i" || return 1
	done
	crunit image prune -f >/dev/null || return 1
	for i in v1 v2 r1 kept; do
		crunit run --rm --replace --network none --cgroups=disabled --name kept -v "$i:/srv" again:1 \
			/bin/busybox sh -c ': >/file' || { echo "run with $i: $?" && return 1; }
		[ "$i" != r1 ] || is_volume r1 1 || return 1
	done
	crunit run --rm --replace --network none --cgroups=disabled --name r1 again:1 /bin/busybox true || return 1
	crunit image check -q
}

nothing_is_left() {
	local left
	local container
	for container in $(crunit ps -aq); do
		crunit rm --force "$container" || return 1
	done
	crunit volume prune --force && crunit rmi --all --force &&
		crunit volume create last && crunit volume rm last && crunit rmi --ignore none || return 1
	left=$(cd "$after/store" && find tmp layers implied covers blobs/sha256 volumes containers -mindepth 1 ! -name '*.part')
	[ -z "$left" ] && [ "$(find "$after/store" -mindepth 1 -maxdepth 1 | wc -l)" -le 11 ] ||
		{ echo "left behind: $left" && ls -A "$after/store" && return 1; }
}

look() {
	: >"$work/differences"
	: >"$work/said"
	crunit image check || { echo "image check: $?" && return 1; }
	all_as_reported && life_goes_on && nothing_is_left >"$work/left" || { tail -n 5 "$work/left" && return 1; }
}

try() {
	local status=0
	: >"$work/left"
	cut_off || { echo "the disk cannot be mounted" && return 1; }
	look || status=1
	put_away || status=1
	return $status
}

keep() {
	[ -n "${KEEP:-}" ] && [ ! -e "$KEEP/written" ] || return 0
	mkdir -p "$KEEP" && cp --sparse=always "$work/new" "$work/written" "$work/notes" "$work"/*.tar "$KEEP"
	cp -r "$work/base" "$work"/top* "$KEEP"
	echo "cut=$cut how=$how dice=$dice" >"$KEEP/cut"
}

again() {
	cp -r "$AGAIN"/* "$work"
	mkdir -p "$after"
	# shellcheck source=/dev/null
	. "$work/cut" && rm "$work/cut"
	check "power cut at $cut, $how ($dice)" try
	finish
}

# half_volume COMMAND WORD...: by a container with these options.
half_volume() {
	local command=$1
	shift
	crunit run --rm --network none --cgroups=disabled --name half "$@" half:1 /bin/busybox sh -c "$command" 2>&1
}

# Half a content is of no use to anybody: it is not shown, not written out, and what comes in its place is
# not taken for it.
half_is_refused() {
	local refusal="volume 'half' has half a content"
	export CRUNIT_STORAGE=$work/plain CRUNIT_RUN=$work/run.plain
	crunit load -q -i "$work/1.tar" -t half:1 && crunit volume create half || return 1
	mkdir "$work/plain/volumes/half/_data/part"
	: >"$work/plain/volumes/half/filling"
	! crunit volume export half --output "$work/half.tar" 2>"$work/said" && said "$refusal" || return 1
	[ ! -e "$work/half.tar" ] || return 1
	[[ $(half_volume : --mount type=volume,source=half,target=/srv,subpath=part) == *"$refusal"* ]] || return 1
	# without the image's files it is empty; what is written then stays
	[ -z "$(half_volume '/bin/busybox ls /srv; echo mine >/srv/own' -v half:/srv:nocopy)" ] &&
		[ "$(half_volume '/bin/busybox cat /srv/own' -v half:/srv:nocopy)" = mine ] &&
		[ "$(half_volume '/bin/busybox ls /srv' -v half:/srv)" = own ]
}

[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || mount -t cgroup2 none /sys/fs/cgroup || exit 99
[ -z "${AGAIN:-}" ] || again
echo "# SEED=$seed"
make_images
command -v docker-registry >/dev/null && make_registry || puller() { :; }
check "half a volume is refused" half_is_refused
for ((round = 1; round <= rounds; round++)); do
	RANDOM=$((seed + round * 100))
	jobs=()
	check "a disk that can be cut off" plug_in
	check "it is used" use
	check "it is let go" unplug
	for ((number = 1; number <= cuts; number++)); do
		[ $SECONDS -lt "$seconds_max" ] || [ $number -lt 6 ] || break
		draw
		failed=$tap_failed tap_failed=0
		check "power cut at $cut of $final, $how (dice $dice, SEED=$((seed + (round - 1) * 100)))" try
		[ $tap_failed = 0 ] || { keep && umount -l "$after" 2>/dev/null; }
		tap_failed=$((failed | tap_failed))
	done
done
finish
