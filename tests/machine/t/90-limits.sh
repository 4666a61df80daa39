# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
# machine: limits
#
# Limits that the kernel really keeps.

test_a3_memory_limit_kills_inside_only() {
	container eater <<-'END'
		[Container]
		Image=localhost/busybox:latest
		Network=none
		Memory=20m
		Exec=sh -c 'echo eating; x=0123456789; while :; do x=$x$x; done'
		[Service]
		Restart=no
	END
	reload
	systemctl start eater || true
	wait_state eater failed 20
	assert_journal eater '^eating$'
	assert_equal "$(prop eater MemoryMax)" 20971520
	assert_equal "$(systemctl is-system-running 2>&1 | grep -c offline || true)" 0
}

# Has systemd a memory controller that it can see kills in? Where not, we say it.
systemd_sees_kills() {
	grep -qw memory /sys/fs/cgroup/cgroup.controllers 2>/dev/null
}

# Who met the limit of his memory is told so, by systemd where it can.
test_oom_is_said() {
	local since
	since=$(date +@%s)
	container eater <<-'END'
		[Container]
		Image=localhost/busybox:latest
		ContainerName=eater
		Network=none
		Memory=20m
		Exec=sh -c 'echo eating; x=0123456789; while :; do x=$x$x; done'
	END
	reload
	systemctl start eater || true
	wait_state eater failed 20
	wait_for 10 has_oom_event eater
	if systemd_sees_kills; then
		assert_equal "$(prop eater Result)" oom-kill
		assert_match "$(systemctl status eater)" oom-kill
	else
		assert_match "$(systemctl status eater)" 'signal=KILL|status=137|oom-kill'
		assert_journal eater 'eater has met the limit of its memory: the kernel killed [1-9][0-9]* of its processes \(oom-kill\)'
	fi
	# one that survives the kill of a child, and one that is kept
	uses crunit-run-parent.service
	crunit run -d --name parent --network none -m 20m localhost/busybox:latest \
		sh -c 'sh -c "x=0123456789; while :; do x=\$x\$x; done"; echo went on; while [ ! -e /tmp/go ]; do sleep 0.1; done'
	wait_for 20 oom_killed parent
	if ! systemd_sees_kills; then
		# (there OOMPolicy=stop ends it)
		assert_equal "$(crunit inspect -f '{{.State.Status}}' parent)" running
		crunit exec parent touch /tmp/go
	fi
	wait_for 20 has_ended parent
	# who empties its log writes it down, a moment after the end
	wait_for 10 oom_killed parent
	crunit rm parent
	crunit run --rm=false --name fine --network none -m 20m localhost/busybox:latest true
	! oom_killed fine || fail "nothing was killed"
	crunit rm fine
}

has_oom_event() {
	[ -n "$(crunit events --no-stream --since "$since" -f container="$1" -f event=oom)" ]
}

oom_killed() {
	[ "$(crunit inspect -f '{{.State.OOMKilled}}' "$1")" = true ]
}

has_ended() {
	[ "$(crunit inspect -f '{{.State.Status}}' "$1")" = exited ]
}

test_pids_limit_stops_a_fork_bomb() {
	container forks <<-'END'
		[Container]
		Image=localhost/busybox:latest
		Network=none
		PidsLimit=10
		StopTimeout=1
		Exec=sh -c 'n=0; while [ $n -lt 30 ]; do sleep 1000 & n=$((n+1)); done; echo all of them; exec sleep 1000'
		[Service]
		Restart=no
	END
	reload
	systemctl start forks || true
	assert_journal forks "can't fork|Resource temporarily unavailable"
	! said_in_journal forks '^all of them$' || fail "thirty processes under a limit of ten"
}

# A bomb stays within its unit: others run, it can be looked at, and it ends.
test_fork_bomb_is_harmless() {
	local group
	container bomb <<-'END'
		[Container]
		Image=localhost/busybox:latest
		ContainerName=bomb
		Network=none
		PidsLimit=60
		StopTimeout=1
		Exec=sh -c '(while :; do sleep 1000 & done) 2>/dev/null & exec sleep 1000'
		[Service]
		Restart=no
	END
	start bomb
	wait_for 20 is_full bomb
	assert_equal "$(crunit run --rm --network none localhost/busybox:latest echo lives)" lives
	assert_equal "$(crunit ps --format '{{.State}}')" running
	group=$(prop bomb ControlGroup)
	systemctl stop bomb
	! has_state bomb active || fail "it was not stopped"
	[ ! -e "/sys/fs/cgroup/unified$group" ] && [ ! -e "/sys/fs/cgroup/pids$group" ] || fail "processes are left"
}

is_full() {
	[ "$(crunit stats --no-stream --format '{{.PIDs}}' "$1")" -ge 55 ]
}

# member NAME [LINE...]: a container of the pod web
member() {
	local name=$1
	shift
	{
		printf '[Container]\nImage=localhost/busybox:latest\nContainerName=%s\nPod=web.pod\nExec=sleep 3600\nStopTimeout=0\n' "$name"
		[ $# = 0 ] || printf '%s\n' "$@"
	} >"$quadlets/$name.container"
	uses "$name.service"
}

# A limit of the pod is one of all its containers together.
test_pod_limits_are_for_all_of_it() {
	local slice='system-web\x2dpod.slice' directory name
	printf '[Pod]\nNetwork=none\nPodmanArgs=--memory 64m --cpus 2 --pids-limit 50\n' >"$quadlets/web.pod"
	uses web-pod.service
	member one
	member two
	member apart '[Service]' Slice=apart.slice
	reload
	systemctl start web-pod one two apart
	for name in one two; do
		assert_equal "$(prop $name Slice)" "$slice"
		case $(cat "/proc/$(main_pid $name)/cgroup") in *"$slice/$name.service"*) ;; *) fail "$name is elsewhere" ;; esac
	done
	assert_equal "$(prop apart Slice)" apart.slice
	assert_equal "$(prop "$slice" MemoryMax) $(prop "$slice" TasksMax) $(prop "$slice" CPUQuotaPerSecUSec)" "67108864 50 2s"
	# what one has taken another does not get
	crunit exec one sh -c 'for i in $(seq 30); do sleep 100 & done' || true
	crunit exec apart sh -c 'for i in $(seq 30); do sleep 100 & done'
	assert_fails crunit exec two sh -c 'for i in $(seq 30); do sleep 100 & done; echo through'
	assert_match "$said" "can't fork|Resource temporarily unavailable"
	systemctl stop web-pod
	wait_state "$slice" inactive
	directory=$(find /sys/fs/cgroup -name "$slice")
	[ -z "$directory" ] || fail "$directory is left"
}

test_hello_under_hybrid_cgroups() {
	container hello <<-'END'
		[Container]
		Image=localhost/hello:latest
		Network=none
	END
	start hello
	assert_journal hello '^Hello'
	systemctl stop hello
	assert_journal hello '^Goodbye'
}
