# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# Images whose configurations attack the host.

hostile=/var/tmp/hostile

# What links lead to: nobody opens or changes it. Each event on it is a line of $work/events.
lay_bait() {
	trap 'clear_bait' EXIT
	mkdir -p /victim/dir $hostile
	echo untouched >/victim/file
	echo untouched >/victim/dir/file
	mkfifo /victim/fifo
	find /victim -printf '%p %m %U %G %s %T@\n' | sort >$work/bait
	export CRUNIT_STORAGE=$hostile/store
	python3 /tests/hostile-watch /victim >$work/events &
	watcher=$!
	wait_for 5 grep -q watching $work/events
}

clear_bait() {
	kill "$watcher" 2>/dev/null || true
	rm -rf /victim $hostile
}

bait_is_untouched() {
	kill "$watcher"
	assert_equal "$(grep -v watching $work/events || true)" "" "what was done to the bait"
	find /victim -printf '%p %m %U %G %s %T@\n' | sort | cmp - $work/bait || fail "the bait has changed"
}

# assert_understandable NAME: what was tried ended by itself, and said something short where it failed
assert_understandable() {
	[[ $status =~ ^(0|1|125|126|127)$ ]] || fail "$1: exit status $status: $said"
	[ "$status" = 0 ] || [ -n "$said" ] || fail "$1: no reason is given"
	[ ${#said} -lt 10000 ] || fail "$1: ${#said} bytes of messages"
	[[ $said != *untouched* ]] || fail "$1: the host's file is read: $said"
}

# NAME  STATUS  PATTERN: "load" where it is refused before it can be run
hostile_configurations='
bin             load  larger than 8388608 bytes
deep            load  nesting too deep
twice           0     ^the last one$
environment     1     Argument list too long
labels          0     ^$
nul             load  has a NUL byte
empty           125   the name of the program to run is empty
nothing         125   no command
words           1     Argument list too long
word            1     Argument list too long
user            125   user u+
number          125   has no user .4294967295
negative        125   has no user .-1
colons          125   has no group
up              0     ^/victim/dir$
relative        0     ^/y$
long            125   cannot make /x/x/x
component       125   cannot make /x+
signal          125   is no signal
signal-number   125   is no signal
port            0     ^$
volume-root     0     ^$
volume-up       0     ^$
volume-proc     0     ^$
volume-in-proc  125   asks for a volume at /proc/sys/kernel
volume-attr     125   asks for a volume at /proc/self/attr
volume-sys      0     ^$
volume-devices  0     ^$
volume-empty    0     ^$
volume-long     125   cannot open /x+
volume-file     125   Not a directory
volumes         125   20000 volumes, at most 500
health-huge     125   Interval is out of range
health-text     125   is not of type array
health-list     125   is not a list of strings
health-words    0     ^$
health-shell    0     ^$
type-env        load  "Env" is not of type array
type-cmd        load  "Cmd" is not of type array
type-labels     load  "Labels" is not of type object
type-volumes    load  "Volumes" is not of type object
type-exposedports load  "ExposedPorts" is not of type object
type-user       load  "User" is not of type string
type-workingdir load  "WorkingDir" is not of type string
type-stopsignal load  "StopSignal" is not of type string
env-bad         127   not found in .PATH
'

# timeout test_h2_configurations: 300
test_h2_configurations() {
	local name expected pattern count=0
	lay_bait
	python3 /tests/hostile-images $hostile/c
	while read -r name expected pattern; do
		[ -n "$name" ] || continue
		count=$((count + 1))
		try crunit load -q -i "oci:$hostile/c:localhost/c-$name:1"
		[ $expected != load ] || assert_fails crunit load -q -i "oci:$hostile/c:localhost/c-$name:1"
		if [ $expected != load ]; then
			assert_equal "$status" 0 "loading $name: $said"
			try timeout -k 5 100 crunit run --rm --pull never --network none --pids-limit -1 "localhost/c-$name:1"
			assert_equal "$status" $expected "exit status of $name: ${said:0:300}"
		fi
		assert_understandable "$name"
		grep -qE -- "$pattern" <<<"$said" || fail "$name says '${said:0:300}', not '$pattern'"
	done <<<"$hostile_configurations"
	assert_equal $count "$(($(jq '.manifests | length' $hostile/c/index.json) - 2))" "images looked at"
	bait_is_untouched
}

# A working directory that is a descriptor of who starts the container leads out of it.
test_h2_working_directory_is_no_descriptor() {
	local n
	lay_bait
	unset CRUNIT_STORAGE
	# shellcheck disable=SC2016
	look='cat file ../file ../../victim/file ../../../../../victim/file ../../../../../../../victim/file'
	crunit run -d --name leaky --network none --pids-limit -1 localhost/busybox:latest sleep 1000 >/dev/null
	for n in $(seq 0 24); do
		try crunit run --rm --network none --pids-limit -1 --workdir "/proc/self/fd/$n" localhost/busybox:latest sh -c "$look"
		[[ $said != *untouched* ]] || fail "descriptor $n of a start leads out"
		try crunit exec --workdir "/proc/self/fd/$n" leaky sh -c "$look"
		[[ $said != *untouched* ]] || fail "descriptor $n of crunit exec leads out"
	done
	crunit rm -f leaky >/dev/null
	bait_is_untouched
}
