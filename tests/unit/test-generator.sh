#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The generator as a program: its options, its exit status, and files that no directory of test
# inputs can hold.
set -uo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
generator=$build/crunit-generator

# fresh: an empty input and output directory.
fresh() {
	rm -rf "$work/in" "$work/out"
	mkdir "$work/in" "$work/out"
	export QUADLET_UNIT_DIRS=$work/in
}
container() {
	printf '[Container]\nImage=localhost/x\n' >"$work/in/$1.container"
}
# run STATUS ARGUMENT...: whether it exits so; what it prints is in said.
run() {
	local expected=$1 status=0
	shift
	timeout 10 "$generator" "$@" >"$work/said" 2>&1 || status=$?
	[ "$status" = "$expected" ] || { echo "status $status, not $expected"; cat "$work/said"; return 1; }
}
says() { grep -qF -- "$1" "$work/said" || { cat "$work/said"; return 1; }; }
made() { [ "$(cd "$work/out" && find . ! -type d -printf '%P\n' | sort | xargs)" = "$*" ] || { find "$work/out"; return 1; }; }
quiet() { [ ! -s "$work/said" ] || { cat "$work/said"; return 1; }; }

libraries() {
	readelf -d "$generator" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p' |
		grep -vE '^(libc|ld-linux.*|libasan|libubsan|libm|libgcc_s)\.so|^ld' >"$work/needed"
	[ ! -s "$work/needed" ] || { cat "$work/needed"; return 1; }
	readelf -d "$generator" | grep -F libasan >/dev/null || ! readelf -d "$generator" | grep -E 'libm|libgcc' >/dev/null
}
check "links libc only" libraries

fresh
check "no files: success" run 0 --no-kmsg-log "$work/out"
check "and silence" quiet
check "and no units" made
check "a missing search directory" env QUADLET_UNIT_DIRS=/nonexistent/x "$generator" --no-kmsg-log "$work/out"
check "no output directory: failure" run 1 --no-kmsg-log
check "which is said" says "no directory to write to was given"
check "an unknown option: failure" run 1 --no-kmsg-logs "$work/out"
check "with a suggestion" says "did you mean --no-kmsg-log?"

container a
check "one file: success" run 0 -no-kmsg-log "$work/out" "$work/early" "$work/late"
check "makes one unit" made a.service
check "leaves nothing else" test ! -e "$work/early" -a ! -e "$work/late"
check "an output directory that is missing" run 0 --no-kmsg-log "$work/out/new"
check "is made" test -f "$work/out/new/a.service"
check "an output directory that cannot be" run 1 --no-kmsg-log /proc/nonexistent/x
check "is an error" says "cannot open directory"

# Podman's generator has these, and takes each with one dash or two, and with a truth.
for option in dryrun user no-kmsg-log v version help h; do
	for word in "-$option" "--$option" "-$option=true" "--$option=true" "--$option=false"; do
		check "$word" run 0 "$word" "$work/out"
	done
done
check "-dryrun" run 0 -dryrun
check "prints the unit" says "---a.service---"
check "--version" run 0 --version
check "names the program" says "crunit-generator "
check "--help" run 0 --help
check "lists the options" says "--no-kmsg-log"
check "--list-keys" run 0 --list-keys
check "has all keys" test "$(wc -l <"$work/said")" = 236
check "of which 94 are a container's" test "$(grep -c '^Container' "$work/said")" = 94
check "sorted, none twice" sort -c -u -t "$(printf '\t')" -k 1,2 "$work/said"

fresh
container a
ln -s "$(realpath "$generator")" "$work/crunit-user-generator"
check "called as the user's generator" "$work/crunit-user-generator" --no-kmsg-log "$work/out"
check "it makes a user's unit" grep -q '^RequiresMountsFor=%h' "$work/out/a.service"
check "without what only the system's manager has" sh -c "! grep -qE 'network-online|LogExtraFields' '$work/out/a.service'"

fresh
container good
mkfifo "$work/in/fifo.container" "$work/in/fifo.volume"
mkdir "$work/in/directory.container"
ln -s nowhere "$work/in/dangling.container"
ln -s loop.container "$work/in/loop.container"
printf '[Container]\nImage=a\0b\n' >"$work/in/nul.container"
{ printf '[Container]\nExec='; head -c 1100000 /dev/zero | tr '\0' x; } >"$work/in/long.container"
truncate -s 20M "$work/in/large.container"
check "files that are none: failure" run 1 --no-kmsg-log "$work/out"
check "cost nothing but themselves" made good.service
check "a FIFO does not hold it up" says "fifo.container: not a regular file"
check "a directory is named" says "directory.container: not a regular file"
check "a dangling link is named" says "dangling.container: No such file"
check "a loop of links is named" says "loop.container: Too many levels"
check "a line of more than 1 MiB" says "long.container:2: line of more than 1 MiB"
check "a large file" says "large.container is larger than"

fresh
container top
mkdir -p "$work/in/a/b" "$work/in/x.d"
container a/b/deep
container x.d/never
ln -s .. "$work/in/a/up"
ln -s "$work/in" "$work/in/self"
check "links to directories that loop" run 0 --no-kmsg-log "$work/out"
check "are walked once" made "deep.service top.service"

fresh
deep=$work/in
for _ in $(seq 70); do deep=$deep/d; done
mkdir -p "$deep"
container ok
check "directories that are too deep" run 1 --no-kmsg-log "$work/out"
check "are refused" says "more than 64 levels"
check "and cost nothing else" made ok.service

fresh
printf '[Container]\nImage=localhost/x\n[Install]\nWantedBy=a.target\n' >"$work/in/l.container"
mkdir -p "$work/out/a.target.wants"
ln -s elsewhere "$work/out/a.target.wants/l.service"
check "a link that is there already" run 0 --no-kmsg-log "$work/out"
check "is replaced" test "$(readlink "$work/out/a.target.wants/l.service")" = ../l.service

fresh
container ok
mkdir "$work/in/new
line"
container "new
line/x"
check "a newline in a directory's name" run 1 --no-kmsg-log "$work/out"
check "is refused, on one line" says "control characters in the name"
check "and costs nothing else" made ok.service

fresh
container same
container other
check "a first run" run 0 --no-kmsg-log "$work/out"
inode() { stat -c %i "$work/out/$1.service"; }
same=$(inode same)
other=$(inode other)
echo 'HostName=new' >>"$work/in/other.container"
check "a second run" run 0 --no-kmsg-log "$work/out"
check "leaves alone what is the same" test "$same" = "$(inode same)"
check "replaces what is not" test "$other" != "$(inode other)"
check "with the new text" grep -q -- '--hostname new' "$work/out/other.service"
check "and no other files" made "other.service same.service"
sed -i 's/localhost/Localhost/' "$work/out/same.service"
check "a unit of the same length" run 0 --no-kmsg-log "$work/out"
check "is compared by its bytes" grep -q 'Image=localhost' "$work/out/same.service"

# Two at once, again and again: what is there is always whole.
fresh
for i in $(seq 20); do container "c$i"; done
"$generator" --no-kmsg-log "$work/out"
cp -r "$work/out" "$work/reference"
together() {
	local pids=() pid
	for _ in 1 2 3 4; do
		for _ in 1 2 3 4 5; do "$generator" --no-kmsg-log "$work/out" || exit 1; done &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid" || return 1; done
	diff -r "$work/reference" "$work/out"
}
check "generators at the same time do not mix" together
from_nothing() {
	for _ in 1 2 3 4 5; do
		rm -rf "$work/out" && mkdir "$work/out" && together || return 1
	done
}
check "nor where they begin with an empty directory" from_nothing

# One process or two: 200 files, some broken, some that cannot be written, some too large to be kept with others.
by_both() {
	local processes
	for processes in 1 2; do
		rm -rf "$work/out-$processes"
		mkdir -p "$work/out-$processes/c20.service" "$work/out-$processes/c170.service"
		CRUNIT_GENERATOR_PROCESSES=$processes run 1 --no-kmsg-log "$@" "$work/out-$processes" || return 1
		sed -e 's/^crunit-generator\[[0-9]*\]: //' -e "s/out-$processes/out/" "$work/said" >"$work/said-$processes"
	done
	diff "$work/said-1" "$work/said-2" && diff -r "$work/out-1" "$work/out-2"
}
fresh
for i in $(seq 200); do
	printf '[Container]\nImage=localhost/x\n[Install]\nWantedBy=a.target\n' >"$work/in/c$i.container"
done
for i in 10 60 110 190; do echo 'Imgae=x' >>"$work/in/c$i.container"; done
for i in 30 120; do printf '[Container]\nImge=x\n' >>"$work/in/c$i.container"; done
for i in 40 41 150; do
	{ printf '[Container]\nLabel='; head -c 300000 /dev/zero | tr '\0' x; echo; } >>"$work/in/c$i.container"
done
check "two processes: the same units and messages" by_both
check "of which there are 196" test "$(find "$work/out-2" -name '*.service' -type f | wc -l)" = 196
check "a unit that could not be written is named" says "cannot write c170.service"
check "and has no links" test ! -L "$work/out-2/a.target.wants/c170.service"
check "also where everything is told" by_both --verbose

# 64 and more are divided, unless there is but one processor, or no other process to be had.
traced() {
	ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=fork,vfork,clone,clone3 -o "$work/calls" "$@" \
		"$generator" --no-kmsg-log "$work/out" >"$work/said" 2>&1
}
processes() {
	traced "${@:2}"
	[ "$(grep -c '= [0-9]' "$work/calls")" = "$1" ] || { cat "$work/calls"; return 1; }
}
fresh
for i in $(seq 64); do container "c$i"; done
if strace -o /dev/null true 2>/dev/null && [ "$(nproc)" -gt 1 ]; then
	check "two processes for many files" processes 1
	check "one where there is one processor" processes 0 taskset -c "$(taskset -pc $$ | sed 's/.*[ ,-]//')"
	rm -r "$work/out"
	check "one where there can be no other" traced -e inject=fork,vfork,clone,clone3:error=EAGAIN
	check "which tried" grep -q EAGAIN "$work/calls"
	check "and does all" test "$(find "$work/out" -name '*.service' | wc -l)" = 64
	rm "$work/in/c1.container"
	check "one for few files" processes 0
else
	skip "how many processes there are" "needs strace and two processors"
fi

# Fewer files can be open than are written in one go.
fresh
for i in $(seq 200); do container "c$i"; done
few_descriptors() { (ulimit -n 32 && CRUNIT_GENERATOR_PROCESSES=2 run 0 --no-kmsg-log "$work/out"); }
check "with few descriptors" few_descriptors
check "all units are there" test "$(find "$work/out" -name '*.service' -type f -size +0 | wc -l)" = 200

# The other process ends in the midst of its work: while it writes, and while it reads. Sorted by
# name, the last file is its own.
fresh
for i in $(seq 100); do container "c$i"; done
killed() {
	{ printf '[Container]\nImage=localhost/x\nEnvironment='; head -c "$1" /dev/zero | tr '\0' x; } >"$work/in/d1.container"
	rm -rf "$work/out"
	CRUNIT_GENERATOR_PROCESSES=2 run 1 --no-kmsg-log "$work/out"
}
container d2
container d3
killed_writing() { (ulimit -f 100 && killed 200000); }
killed_reading() { (ulimit -v 30000 && killed 16000000); }
check "a process that is killed as it writes: failure" killed_writing
check "which is said" grep -qE "some units of c[0-9]+.container to d3.container are missing: the process that makes them was killed by signal 25" "$work/said"
check "and leaves no unit that is empty" test -z "$(find "$work/out" -name '*.service' -empty)"
# The first are the parent's in any case, and the last are the child's; between them, who is faster has more.
check "and costs nothing of the other's" test -s "$work/out/c1.service" -a -s "$work/out/c11.service"
# Sanitizers and valgrind need more memory than is left here.
if ! readelf -d "$generator" | grep -F libasan >/dev/null && [ -z "${VALGRIND-}" ]; then
	container a
	printf '[Unit]\nAfter=c99.container\n' >>"$work/in/a.container"
	check "a process that is killed as it reads: failure" killed_reading
	check "which is said" says "the process that makes them was killed by signal 6"
	check "and costs nothing of the other's" test -s "$work/out/c1.service" -a -s "$work/out/c11.service"
	check "but what needs its files" test ! -e "$work/out/a.service"
	check "which is said as well" says "c99.container cannot be used"
fi

fresh
container full
mkdir "$work/small"
full_disk() {
	unshare -m sh -c "mount -t tmpfs -o size=4k,nr_inodes=3 tmpfs '$work/small' && cp /bin/sh '$work/small/fill' 2>/dev/null
		'$generator' --no-kmsg-log '$work/small' >'$work/said' 2>&1; test \$? = 1 && test -z \"\$(ls -A '$work/small' | grep -v fill)\""
}
# The kernel refuses a record of more than 976 bytes.
fresh
container ok
printf '[Container]\nImage=localhost/x\nColour=red\n' >"$work/in/one.container"
{ printf '[Container]\nImage=localhost/x\n'; printf 'ä%.0s' {1..3000}; echo '=1'; } >"$work/in/two.container"
kernel_log() {
	unshare -m sh -c "mount -t tmpfs tmpfs /dev && : >/dev/kmsg && '$generator' '$work/out' 2>/dev/kmsg.not; test \$? = 1 &&
		test ! -s /dev/kmsg.not && cp /dev/kmsg '$work/said'"
}
if unshare -m true 2>/dev/null; then
	check "a full disk: failure, and no half unit" full_disk
	check "which is said" says "No space left on device"
	check "errors go to the kernel's log" kernel_log
	check "with a priority and our name" grep -qE "^<27>crunit-generator\\[[0-9]+\\]: converting \"one.container\": .*:3: .*Colour" "$work/said"
	check "long ones too" grep -qE '^<27>.*two.container.*ä…$' "$work/said"
	check "as long as a record may be" awk 'length > 976 { exit 1 }' "$work/said"
	check "and how it ended" says "processing encountered some errors"
else
	skip "a full disk" "needs privileges"
fi
finish
