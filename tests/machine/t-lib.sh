# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# t-lib.sh: what the tests in t/ use, inside a machine. A test is a function; it
# fails where a command fails. Names of containers are the default ones
# (systemd-UNIT) unless a test gives another.

quadlets=/etc/containers/systemd
work=/tmp/test

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

skip() {
	echo "$*"
	exit 77
}

# --- what a test finds, and has to leave

mounts() {
	# credentials come and go with services of systemd's own
	awk '$5 !~ "^/run/credentials/" { print $5, $(NF - 2) }' /proc/1/mountinfo | sort
}

cgroups() {
	find /sys/fs/cgroup -type d \( -path '*/system.slice/*' -o -path '*/machine.slice/*' -o -name 'crun*' \
		-o -name 'libpod*' \) | awk '!/\/systemd-[a-z-]*\.service$/ && !/\/exec/ && !/\/system-[^/]*\.slice$/' | sort
}

# The names of those who stand still in that unit, each once.
paused_processes() {
	local pid
	while read -r pid; do
		cat "/proc/$pid/comm"
	done 2>/dev/null <"/sys/fs/cgroup/system.slice/$1.service/crunit-paused/cgroup.procs" | sort -u | paste -sd ' '
}

# Not the test's own, and not systemd's helpers: what only a container or a
# program of ours can have left.
processes() {
	local pid cgroup
	for pid in /proc/[0-9]*; do
		cgroup=$(sed -n 's/^0:://p' "$pid/cgroup" 2>/dev/null) || continue
		case $cgroup in
		/exec* | /init.scope | *systemd-* | '') ;;
		*) echo "$cgroup $(tr '\0' ' ' <"$pid/cmdline" 2>/dev/null)" ;;
		esac
	done | sort
	pgrep -l '^(crun|crunit.*|conmon)$' 2>/dev/null || true
}

files() {
	{ find /run/crunit /var/lib/crunit/containers /var/lib/crunit/tmp -mindepth 1 2>/dev/null || true; } |
		awk '!/^\/run\/crunit\/cache/ && !/^\/run\/crunit\/(containers|pods|pod-units|network|network\/(members|names|dns))$/ && !/\/lock$/' | sort
}

snapshot() {
	mkdir -p "$1"
	mounts >"$1/mounts"
	cgroups >"$1/cgroups"
	processes >"$1/processes"
	files >"$1/files"
}

# Things that go by themselves need a moment; what is left after ten seconds
# stays. The writable layer of a container that ended by itself has no owner
# then, and the next start of any container removes it.
assert_no_leftovers() {
	local i
	for ((i = 0; i < 100; i++)); do
		[ $i != 3 ] || crunit run --rm --network none --pids-limit -1 localhost/busybox:latest true || true
		rm -rf /run/test-after
		snapshot /run/test-after
		if diff -r /run/test-before /run/test-after >/run/test-leftovers; then
			return 0
		fi
		sleep 0.1
	done
	echo "left behind:"
	cat /run/test-leftovers
	return 1
}

begin_test() {
	rm -rf $work /run/test-before /run/test-units
	mkdir -p $work $quadlets
	: >/run/test-units
	load_images
	mark_journal
	snapshot /run/test-before
}

end_test() {
	local unit
	while read -r unit; do
		systemctl stop "$unit" || true
		systemctl reset-failed "$unit" 2>/dev/null || true
		rm -rf "/etc/systemd/system/$unit.d"
	done </run/test-units
	rm -rf "${quadlets:?}"/*
	systemctl daemon-reload
	assert_no_leftovers
}

# One failure stays one: whatever a failed test has left goes, so that the next finds what the first found.
clean_after_failure() {
	local name
	crunit ps -a -q --no-trunc | xargs -r crunit rm -f -t 0 || true
	crunit pod ls -q | xargs -r crunit pod rm -f -t 0 || true
	systemctl list-units --all --plain --no-legend 'crunit-run-*' | awk '{ print $1 }' | xargs -r systemctl stop || true
	crunit volume ls -q | xargs -r crunit volume rm -f || true
	crunit network ls -q | grep -vx podman | xargs -r crunit network rm -f || true
	crunit secret ls -q | xargs -r crunit secret rm || true
	for name in /run/crunit/containers/*@* /var/lib/crunit/containers/*@*; do
		umount -R -l "$name/rootfs" 2>/dev/null || true
		rm -rf --one-file-system "$name"
	done
	systemctl reset-failed
}

show_what_happened() {
	local unit
	while read -r unit; do
		echo "--- $unit"
		systemctl cat "$unit" 2>&1 | tail -n 40 || true
		systemctl status --no-pager -n 0 "$unit" 2>&1 || true
	done </run/test-units
	echo "--- the journal"
	journalctl --quiet --no-pager --cursor="$cursor" -o short-precise | tail -n 60
}

# --- images

# All images are loaded once for each machine, by whichever test comes first.
load_images() {
	local file
	[ ! -e /run/test-images ] || return 0
	for file in hello.tar busybox.tar app runner.tar nginx.tar probe.tar answer.tar; do
		crunit load -q -i "/images/$file" || fail "cannot load $file"
	done
	crunit load -q --tag localhost/python:1 -i /images/python.tar.zst || fail "cannot load python.tar.zst"
	: >/run/test-images
}

# --- container files and units

# container NAME: installs NAME.container from standard input and, unless it is
# a template, has it cleaned up. Leading tabs are the test's indentation.
container() {
	sed 's/^\t*//' >"$quadlets/$1.container"
	case $1 in
	*@) ;;
	*) uses "$1.service" ;;
	esac
}

# sleeper NAME [LINE...]: a container file of one that does nothing, but with these keys
sleeper() {
	local name=$1
	shift
	container "$name" <<-END
		[Container]
		Image=localhost/busybox:latest
		ContainerName=$name
		StopSignal=KILL
		Exec=sleep 1000
		$(printf '%s\n' "$@")
	END
}

# quick OPTION...: a container without a network, to its end.
quick() {
	crunit run --rm --network none --pids-limit -1 "$@"
}

# no_start_limit NAME: for tests that start more often than systemd likes.
no_start_limit() {
	printf '[Unit]\nStartLimitIntervalSec=0\n' >>"$quadlets/$1.container"
}

# uses UNIT: end_test stops it.
uses() {
	echo "$1" >>/run/test-units
}

reload() {
	systemctl daemon-reload
}

# start UNIT...: reload and start, which has to succeed.
start() {
	reload
	systemctl start "$@"
}

# try COMMAND...: its exit status, in $status, and what it said, in $said.
try() {
	status=0
	said=$("$@" 2>&1) || status=$?
}

prop() {
	systemctl show --value -p "$2" "$1"
}

main_pid() {
	local pid
	pid=$(prop "$1" MainPID)
	[ "$pid" -gt 1 ] || fail "$1 has no main process"
	echo "$pid"
}

# wait_for SECONDS COMMAND...: until it succeeds. SECONDS are those of a machine
# that has nothing else to do; a busy one is given ten times as many.
wait_for() {
	local end=$((SECONDS + 10 * $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || fail "in vain: $*"
		sleep 0.05
	done
}

has_state() {
	[ "$(prop "$1" ActiveState)" = "$2" ]
}

# wait_state UNIT STATE [SECONDS]: seconds as above
wait_state() {
	local end=$((SECONDS + 10 * ${3:-5}))
	until has_state "$1" "$2"; do
		[ $SECONDS -lt $end ] || fail "$1 is $(prop "$1" ActiveState), not $2"
		sleep 0.05
	done
}

# restarted UNIT TIMES
restarted() {
	[ "$(prop "$1" NRestarts)" -ge "$2" ]
}

# What is said from here on counts. The mark is an entry of our own, and lines are
# read from it on, not behind it: told to begin behind a cursor, the journalctl of
# systemd 252 leaves out the first entry that matches.
mark_journal() {
	logger -t crunit-test "a test"
	journalctl --sync
	cursor=$(journalctl --quiet -t crunit-test -n 1 -o cat --show-cursor | sed -n 's/^-- cursor: //p')
}

# journal UNIT: what this unit wrote to the journal since the mark.
journal() {
	journalctl --sync 2>/dev/null || true
	journalctl --quiet --no-pager --cursor="$cursor" -u "$1" -o cat
}

said_in_journal() {
	journal "$1" | grep -E -- "$2" >/dev/null
}

# assert_journal UNIT PATTERN
assert_journal() {
	local end=$((SECONDS + 30))
	while [ $SECONDS -lt $end ]; do
		! said_in_journal "$1" "$2" || return 0
		sleep 0.05
	done
	journal "$1"
	fail "$1 did not say '$2'"
}

# --- asserting

assert_equal() {
	[ "$1" = "$2" ] || fail "${3:-value} is '$1', expected '$2'"
}

assert_match() {
	[[ $1 =~ $2 ]] || fail "${3:-value} is '$1', expected a match of '$2'"
}

assert_fails() {
	try "$@"
	[ "$status" != 0 ] || fail "succeeded: $*: $said"
}

# says EXPECTED COMMAND...: what it prints, on both channels
says() {
	local expected=$1 got
	shift
	got=$("$@" 2>&1) || true
	[ "$got" = "$expected" ] || fail "'$*' says '$got', expected '$expected'"
}

# of PID: a field of /proc/PID/status, without blanks
status_field() {
	awk -v field="$2:" '$1 == field { print $2 }' "/proc/$1/status"
}

# Whether a compiled filter of system calls is kept for the next container.
has_filter() {
	[ -n "$(find /run/crunit/cache/filters -type f 2>/dev/null)" ]
}

# The environment of a process, a variable a line.
environment_of() {
	tr '\0' '\n' <"/proc/$1/environ"
}
