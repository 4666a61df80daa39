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
