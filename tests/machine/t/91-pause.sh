# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# Paused containers: what stands still, and that systemd is master of the unit all the same.

# What it writes at its end shows that it was asked to end.
polite() {
	container "$1" <<-END
		[Container]
		Image=localhost/busybox:latest
		ContainerName=$1
		Network=none
		Exec=sh -c 'trap "echo clean; exit 0" TERM; while :; do sleep 3600 & wait \$\$!; done'
		$(printf '%s\n' "${@:2}")
	END
}

ended_clean() {
	assert_journal "$1.service" '^clean$'
	! cgroups | grep "$1.service" >/dev/null || fail "there is still $(cgroups | grep "$1.service")"
}

test_pause_what_stands_still() {
	local group=/sys/fs/cgroup/system.slice/still.service i count
	sleeper still
	start still
	crunit exec still sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/count; done' &
	wait_for 5 crunit exec still test -e /count
	for i in 1 2 3; do
		crunit pause still
		assert_equal "$i $(paused_processes still)" "$i sh sleep"
		count=$(cat "/proc/$(main_pid still)/root/count")
		sleep 0.1
		assert_equal "$i $(cat "/proc/$(main_pid still)/root/count")" "$i $count"
		assert_equal "$(crunit ps --format '{{.State}}')" paused
		assert_match "$(crunit ps --format '{{.Status}}')" '[(]Paused[)]'
		assert_match "$(crunit top still args)" 'sleep 1000'
		# once more is no error
		crunit pause still
		try timeout 10 crunit start still
		assert_equal "$status" 125
		assert_match "$said" "container 'still' is paused: .crunit unpause still. first"
		crunit unpause still
		assert_equal "$(crunit ps --format '{{.State}}')" running
		[ ! -e $group/crunit-paused ] || fail "the group stays"
		wait_for 5 eval "[ \"\$(cat /proc/\$(main_pid still)/root/count)\" != '$count' ]"
	done
	# none is lost between the groups while they fork
	crunit exec still sh -c 'for i in 1 2 3 4; do (while :; do true & done) & done; sleep 60' &
	wait_for 5 eval '[ "$(crunit top still args | wc -l)" -gt 6 ]'
	for i in $(seq 10); do
		crunit pause still
		for pid in $(cat $group/cgroup.procs); do
			[ "$(readlink "/proc/$pid/ns/mnt")" != "$(readlink "/proc/$(main_pid still)/ns/mnt")" ] || fail "$i: $(cat "/proc/$pid/comm") runs"
		done
		crunit unpause still
	done
	systemctl stop still
	wait
}

# Killed in the midst of it, it has left a container that is paused.
test_pause_half_done() {
	local group=/sys/fs/cgroup/system.slice/still.service
	sleeper still
	start still
	mkdir $group/crunit-paused
	echo 1 >$group/crunit-paused/cgroup.freeze
	assert_equal "$(crunit ps --format '{{.State}}')" paused
	crunit unpause still
	assert_equal "$(crunit ps --format '{{.State}}')" running
	mkdir $group/crunit-paused
	crunit pause still
	assert_equal "$(paused_processes still)" sleep
	crunit exec -d still true 2>/dev/null && fail "exec enters it"
	# both at once wait for each other
	for _ in $(seq 20); do
		crunit pause still &
		crunit unpause still &
		wait
	done
	crunit unpause still
	assert_equal "$(paused_processes still)" ""
	crunit exec still true
	systemctl stop still
}

# What an earlier container has left in the unit's group is not the next one's.
test_pause_ends_with_its_container() {
	local group=/sys/fs/cgroup/system.slice/still.service
	sleeper still '[Service]' "ExecStartPre=/bin/sh -c 'mkdir $group/crunit-paused && echo 1 >$group/crunit-paused/cgroup.freeze'"
	start still
	[ ! -e $group/crunit-paused ] || fail "the group stays"
	assert_equal "$(crunit ps --format '{{.State}}')" running
	crunit exec still true
	systemctl stop still
}

test_pause_systemd_stops_it() {
	local began=$SECONDS pid
	polite calm 'HealthCmd=true' 'HealthInterval=200ms'
	start calm
	crunit pause calm
	systemctl stop calm
	ended_clean calm
	start calm
	pid=$(main_pid calm)
	crunit pause calm
	systemctl restart calm
	[ "$(main_pid calm)" != "$pid" ] || fail "it was not restarted"
	assert_equal "$(crunit ps --format '{{.State}}')" running
	wait_for 10 eval '[ "$(prop calm-health.timer ActiveState)" = active ]'
	crunit pause calm
	crunit restart calm
	crunit exec calm true
	crunit pause calm
	crunit kill -s TERM calm
	sleep 0.3
	assert_equal "$(prop calm ActiveState)" active
	crunit unpause calm
	wait_state calm inactive
	start calm
	crunit pause calm
	crunit quadlet rm -f calm.container
	wait_state calm inactive
	[ $((SECONDS - began)) -lt 20 ] || fail "it took $((SECONDS - began)) s"
}

test_pause_killed_from_outside() {
	local first pid
	polite calm
	printf '[Service]\nRestart=always\n[Install]\nWantedBy=multi-user.target\n' >>"$quadlets/calm.container"
	start calm
	crunit exec -d calm sleep 1001
	first=$(prop calm InvocationID)
	crunit pause calm
	kill -KILL "$(main_pid calm)"
	wait_for 10 eval "[ \"\$(prop calm InvocationID)\" != $first ] && has_state calm active"
	assert_equal "$(crunit ps --format '{{.State}}')" running
	crunit exec calm true
	crunit pause calm
	try timeout 20 crunit kill calm
	assert_equal "$status" 0 "$said"
	wait_for 10 eval 'has_state calm active && crunit exec calm true'
	crunit pause calm
	try timeout 20 crunit rm -f calm
	assert_equal "$status" 0 "$said"
	wait_state calm inactive
	! cgroups | grep calm.service >/dev/null || fail "its group stays"
	! pgrep -f 'sleep 1001' || fail "a process of it stays"
}

# systemd has a job for it all the time, and that is no reason.
test_pause_while_it_starts() {
	polite slow 'HealthCmd=[ -e /tmp/up ]' 'HealthInterval=200ms' 'HealthRetries=1000' 'Notify=healthy'
	uses slow.service
	systemctl daemon-reload
	systemctl start --no-block slow
	wait_for 10 crunit exec slow touch /tmp/here
	crunit pause slow
	assert_equal "$(prop slow ActiveState) $(paused_processes slow)" "activating sh sleep"
	crunit unpause slow
	crunit exec slow touch /tmp/up
	wait_state slow active
	systemctl stop slow
	container once <<-'END'
		[Container]
		Image=localhost/busybox:latest
		ContainerName=once
		Network=none
		Exec=sh -c 'touch /here; until [ -e /done ]; do sleep 0.1; done'
		[Service]
		Type=oneshot
	END
	uses once.service
	systemctl daemon-reload
	systemctl start --no-block once
	wait_for 10 crunit exec once test -e /here
	crunit pause once
	assert_match "$(paused_processes once)" '^sh sleep'
	! paused_processes once | grep crunit || fail "crunit itself stands still"
	crunit unpause once
	crunit exec once touch /done
	wait_state once inactive
	assert_equal "$(prop once Result)" success
	systemctl start --no-block once
	wait_for 10 crunit exec once test -e /here
	crunit pause once
	kill -KILL "$(crunit inspect -f '{{.State.Pid}}' once)"
	wait_for 10 eval '[ "$(prop once Result)" = exit-code ]'
}

# What is frozen by systemd is systemd's.
test_pause_is_not_freeze() {
	sleeper still
	start still
	systemctl freeze still
	assert_equal "$(crunit ps --format '{{.State}}')" paused
	try timeout 10 crunit exec still true
	assert_match "$said" "container 'still' is paused"
	try crunit unpause still
	assert_equal "$status" 125
	assert_match "$said" "container 'still' is frozen by systemd, as systemctl freeze does: systemctl thaw still.service"
	systemctl thaw still
	crunit exec still true
	systemctl stop still
}

# Where there is no group of its own, its neighbours would stand still as well.
test_pause_needs_a_group() {
	local pid
	container beside <<-'END'
		[Container]
		Image=localhost/busybox:latest
		ContainerName=beside
		CgroupsMode=disabled
		StopSignal=KILL
		Exec=sleep 1000
	END
	start beside
	try timeout 10 crunit pause beside
	assert_equal "$status" 125
	assert_match "$said" "container 'beside' has no control group of its own"
	crunit exec beside true
	systemctl stop beside
	crunit run --name beside --network none --cgroups=disabled localhost/busybox:latest sleep 1000 &
	pid=$!
	wait_for 10 crunit exec beside true
	try timeout 10 crunit pause beside
	assert_match "$said" "container 'beside' has no control group of its own"
	crunit rm -f -t 0 beside
	wait $pid || true
}

# Without a unit it is the runtime that makes the group, where it may; here it stands for that.
test_pause_in_a_group_of_the_runtime() {
	local pid id group
	crunit run --name own --network none localhost/busybox:latest sleep 1000 &
	pid=$!
	wait_for 10 crunit exec own true
	id=$(crunit inspect -f '{{.Id}}' own)
	group=/system.slice/crun-$id.scope
	mkdir -p "/sys/fs/cgroup$group"
	crunit inspect -f '{{.State.Pid}}' own >"/sys/fs/cgroup$group/cgroup.procs"
	sed -i "s|\"cgroup\": *\"[^\"]*\"|\"cgroup\":\"$group\"|" /run/crunit/containers/own@/state.json
	crunit pause own
	assert_equal "$(crunit ps --format '{{.State}}') $(cat "/sys/fs/cgroup$group/crunit-paused/cgroup.events" | head -1)" "paused populated 1"
	crunit unpause own
	assert_equal "$(crunit ps --format '{{.State}}') $(cat "/sys/fs/cgroup$group/cgroup.events" | head -1)" "running populated 1"
	crunit pause own
	crunit rm -f -t 0 own
	wait $pid || true
	rmdir "/sys/fs/cgroup$group" 2>/dev/null || true
}

# A process in the kernel that waits for one that never answers cannot be stopped: the others go on.
test_pause_that_cannot_be() {
	cat >$work/stuck.pl <<-'END'
		my ($userfaultfd, $mmap, $read) = `uname -m` =~ /x86_64/ ? (323, 9, 0) : (282, 222, 63);
		my $fd = syscall($userfaultfd, 0);
		die "userfaultfd: $!" if $fd < 0;
		open(my $fault, "+<&=", $fd) or die;
		my $api = pack("QQQ", 0xAA, 0, 0);
		ioctl($fault, 0xC018AA3F, $api) or die "api: $!";
		my $at = syscall($mmap, 0, 4096, 3, 0x22, -1, 0);
		my $range = pack("QQQQ", $at, 4096, 1, 0);
		ioctl($fault, 0xC020AA00, $range) or die "register: $!";
		open(my $zero, "<", "/dev/zero") or die;
		open(my $here, ">", "/tmp/here") or die;
		syscall($read, fileno($zero), $at, 4096);
	END
	container stuck <<-END
		[Container]
		Rootfs=/:O
		ContainerName=stuck
		Network=none
		Volume=$work/stuck.pl:/mnt/stuck.pl:ro
		Tmpfs=/tmp
		AddCapability=SYS_PTRACE
		SeccompProfile=unconfined
		StopSignal=KILL
		Exec=sleep 1000
	END
	start stuck
	crunit exec stuck perl /mnt/stuck.pl &
	wait_for 10 crunit exec stuck test -e /tmp/here
	try crunit pause stuck
	assert_equal "$status" 125
	assert_match "$said" "container 'stuck' is not paused: a process of it cannot be stopped now"
	assert_equal "$(crunit ps --format '{{.State}}')" running
	crunit exec stuck true
	systemctl stop stuck
	wait
}
