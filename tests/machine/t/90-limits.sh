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

# Who met the limit of his memory is told so, by systemd where it can. (Its Result= would be oom-kill
# only if it stopped all of a unit for the kill of any of its processes, which it does not where the
# unit has groups of its own.)
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
		assert_match "$(prop eater Result)" '^(signal|exit-code|oom-kill)$'
		assert_match "$(systemctl status eater)" 'killed by the OOM killer'
	else
		assert_match "$(systemctl status eater)" 'signal=KILL|status=137|oom-kill'
		assert_journal eater 'eater has met the limit of its memory: the kernel killed [1-9][0-9]* of its processes \(oom-kill\)'
	fi
	# one that survives the kill of a child, and one that is kept
	uses crunit-run-parent.service
	crunit run -d --name parent --network none -m 20m localhost/busybox:latest \
		sh -c 'sh -c "x=0123456789; while :; do x=\$x\$x; done"; echo went on; while [ ! -e /tmp/go ]; do sleep 0.1; done'
	wait_for 20 oom_killed parent
	assert_equal "$(crunit inspect -f '{{.State.Status}}' parent)" running
	crunit exec parent touch /tmp/go
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
	crunit exec one sh -c 'for i in $(seq 30); do sleep 100 >/dev/null 2>&1 & done' || true
	crunit exec apart sh -c 'for i in $(seq 30); do sleep 100 >/dev/null 2>&1 & done'
	assert_fails crunit exec two sh -c 'for i in $(seq 30); do sleep 100 >/dev/null 2>&1 & done; echo through'
	assert_match "$said" "can't fork|Resource temporarily unavailable"
	systemctl stop web-pod
	wait_state "$slice" inactive
	directory=$(find /sys/fs/cgroup -name "$slice")
	[ -z "$directory" ] || fail "$directory is left"
}

# slice_is SLICE WANT: its memory, processes and processor time
slice_is() {
	assert_equal "$(prop "$1" MemoryMax) $(prop "$1" TasksMax) $(prop "$1" CPUQuotaPerSecUSec)" "$2"
}

# in_slice NAME SLICE: the container's first process
in_slice() {
	case $(cat "/proc/$(crunit inspect --format '{{.State.Pid}}' "$1")/cgroup") in
	*"/$2/"*) ;;
	*) fail "$1 is not in $2: $(cat "/proc/$(crunit inspect --format '{{.State.Pid}}' "$1")/cgroup")" ;;
	esac
}

# slice_gone SLICE
slice_gone() {
	local directory
	wait_state "$1" inactive
	directory=$(find /sys/fs/cgroup -name "$1")
	[ -z "$directory" ] || fail "$directory is left"
}

# The pods of one template have limits each, whatever the instances are called.
test_pod_limits_of_a_template() {
	local a='system-many\x2dpod-a-limits.slice' ab='system-many\x2dpod-a-b-limits.slice'
	printf '[Pod]\nNetwork=none\nPodName=many-%%i\nPodmanArgs=--memory 64m --cpus 2 --pids-limit 30 --device-read-bps /dev/null:1m\n' >"$quadlets/many@.pod"
	printf '[Container]\nImage=localhost/busybox:latest\nContainerName=in-%%i\nPod=many@.pod\nExec=sleep 3600\nStopTimeout=0\n' >"$quadlets/in@.container"
	uses in@a.service in@a-b.service many-pod@a.service many-pod@a-b.service
	reload
	systemctl start in@a in@a-b
	in_slice in-a "$a"
	in_slice in-a-b "$ab"
	slice_is "$a" "67108864 30 2s"
	slice_is "$ab" "67108864 30 2s"
	# what one has taken the other still has
	crunit exec in-a sh -c 'for i in $(seq 40); do sleep 100 >/dev/null 2>&1 & done' || true
	assert_fails crunit exec in-a sh -c 'sleep 1 & sleep 1; echo through'
	assert_equal "$(crunit exec in-a-b sh -c 'for i in $(seq 20); do sleep 100 >/dev/null 2>&1 & done; echo through')" through
	# what systemd reads anew it knows again
	systemctl daemon-reload
	slice_is "$a" "67108864 30 2s"
	# a restart of the pod starts its containers again, with other limits now
	sed -i 's/--memory 64m/--memory 32m/; s/--cpus 2//' "$quadlets/many@.pod"
	systemctl daemon-reload
	systemctl restart many-pod@a
	wait_state in@a active
	in_slice in-a "$a"
	slice_is "$a" "33554432 30 infinity"
	slice_is "$ab" "67108864 30 2s"
	# nobody had time for the end
	kill -9 "$(main_pid in@a-b)"
	systemctl stop many-pod@a many-pod@a-b
	slice_gone "$a"
	slice_gone "$ab"
	# and again
	systemctl start in@a
	in_slice in-a "$a"
	slice_is "$a" "33554432 30 infinity"
	systemctl stop many-pod@a
	systemctl start in@a
	slice_is "$a" "33554432 30 infinity"
	systemctl stop many-pod@a
	slice_gone "$a"
	# a name that no slice can have is said, and nothing runs without limits
	uses in@a--b.service many-pod@a--b.service
	assert_fails systemctl start many-pod@a--b
	assert_journal many-pod@a--b 'slice'
	systemctl stop many-pod@a--b
	systemctl reset-failed many-pod@a--b 2>/dev/null || true
	assert_equal "$(crunit pod ls -q; find /run/crunit/pods -mindepth 1 ! -name lock)" ""
}

test_pod_limits_from_a_shell() {
	local slice='system-crunit\x2dpod\x2dby\x2dhand.slice' pid
	crunit pod create --name by-hand --network none --memory 64m --cpus 1.5 --pids-limit 30 --blkio-weight 500 --cpuset-cpus 0
	slice_is "$slice" "67108864 30 1.500000s"
	assert_equal "$(crunit pod inspect --format '{{.CgroupParent}}' by-hand)" "$slice"
	uses crunit-run-one.service
	crunit run -d --name one --pod by-hand --stop-timeout 0 localhost/busybox:latest sleep 3600
	in_slice one "$slice"
	crunit run --rm --name two --pod by-hand --stop-timeout 0 localhost/busybox:latest sleep 3600 &
	pid=$!
	wait_for 20 crunit exec two true
	in_slice two "$slice"
	crunit exec one sh -c 'for i in $(seq 40); do sleep 100 >/dev/null 2>&1 & done' || true
	assert_fails crunit exec two sh -c 'sleep 1 & sleep 1; echo through'
	systemctl daemon-reload
	slice_is "$slice" "67108864 30 1.500000s"
	# stopped, started again by a container, and removed
	crunit pod stop -t 0 by-hand
	wait $pid || true
	slice_gone "$slice"
	crunit run -d --replace --name one --pod by-hand --stop-timeout 0 localhost/busybox:latest sleep 3600
	in_slice one "$slice"
	slice_is "$slice" "67108864 30 1.500000s"
	crunit pod rm -f -t 0 by-hand
	crunit rm --ignore --force one
	slice_gone "$slice"
	# a container beside any pod, in a slice of its own choice
	crunit run -d --name one --cgroup-parent beside.slice --device-read-bps /dev/null:1m --stop-timeout 0 localhost/busybox:latest sleep 3600
	in_slice one beside.slice
	crunit rm --force one
	assert_equal "$(crunit pod ls -q; find /run/crunit/pods -mindepth 1 ! -name lock)" ""
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
