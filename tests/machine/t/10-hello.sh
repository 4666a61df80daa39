# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# From a container file to a running service and back.

hello() {
	container hello <<-'END'
		[Container]
		Image=localhost/hello:latest
		Network=none
	END
}

test_r1_hello_with_nothing_but_systemd_and_crun() {
	local program
	for program in podman docker containerd runc conmon; do
		! command -v $program || fail "$program is installed"
	done
	hello
	start hello
	assert_equal "$(prop hello ActiveState)" active
	assert_journal hello '^Hello from crunit$'
	systemctl stop hello
	assert_journal hello '^Goodbye$'
	assert_equal "$(prop hello Result)" success
}

test_status_shows_the_real_process() {
	local pid
	hello
	start hello
	pid=$(main_pid hello)
	assert_equal "$(readlink "/proc/$pid/exe")" /bin/busybox "main process"
	assert_match "$(systemctl status --no-pager hello)" "Main PID: $pid"
	# nothing of ours stays but the pump, and that is in the unit
	assert_equal "$(pgrep -c '^crunit$' || true)" 0 "resident crunit processes"
	assert_equal "$(pgrep -c '^crun$' || true)" 0 "resident crun processes"
	pid=$(pgrep -x crunit-log)
	assert_match "$(cat "/proc/$pid/cgroup")" hello.service
}

test_unit_is_readable() {
	hello
	reload
	assert_match "$(systemctl cat hello)" 'ExecStart=/usr/bin/crunit run .*--name systemd-%N .* localhost/hello:latest'
	assert_equal "$(prop hello SourcePath)" "$quadlets"/hello.container
	try systemd-analyze verify /run/systemd/generator/hello.service
	assert_equal "$status" 0 "systemd-analyze: $said"
}

test_broken_file_costs_one_unit() {
	hello
	container broken <<-'END'
		[Container]
		Image=localhost/hello:latest
		DropCapabilty=ALL
	END
	start hello
	assert_equal "$(prop hello ActiveState)" active
	assert_equal "$(prop broken LoadState)" not-found
	journalctl --sync # this machine has no /dev/kmsg
	assert_match "$(journalctl -q -o cat --no-pager -t crunit-generator)" 'broken\.container:3: .*DropCapabilty'
	try env QUADLET_UNIT_DIRS="$quadlets" /usr/lib/systemd/system-generators/crunit-system-generator --dryrun
	assert_match "$said" 'broken\.container:3: .*DropCapabilty'
	assert_match "$said" 'DropCapability' suggestion
}

test_last_line_is_never_lost() {
	local i
	container last <<-'END'
		[Container]
		Image=localhost/busybox:latest
		Network=none
		Exec=sh -c 'seq 1 2000; echo the very last line; exit 3'
		[Service]
		Restart=no
	END
	no_start_limit last
	reload
	for i in 1 2 3 4 5; do
		mark_journal
		systemctl start last || true
		wait_state last failed
		assert_journal last '^the very last line$'
		assert_equal "$(journal last | grep -c '^[0-9]*$')" 2000 "lines of run $i"
	done
}

test_log_lines_belong_to_the_unit() {
	hello
	start hello
	assert_journal hello '^Hello'
	assert_equal "$(journalctl --quiet --cursor="$cursor" -u hello -o json |
		jq -r 'select(.MESSAGE == "Hello from crunit") | ._SYSTEMD_UNIT')" hello.service
}

test_log_drivers() {
	container none <<-'END'
		[Container]
		Image=localhost/hello:latest
		Network=none
		LogDriver=none
	END
	container through <<-'END'
		[Container]
		Image=localhost/hello:latest
		Network=none
		LogDriver=passthrough
	END
	start none through
	assert_journal through '^Hello from crunit$'
	assert_equal "$(pgrep -c crunit-log || true)" 0 "pumps"
	! said_in_journal none '^Hello from crunit$' || fail "the log driver none logs"
}

# timeout test_100_starts_and_stops: 300
test_100_starts_and_stops() {
	local i
	hello
	no_start_limit hello
	reload
	for i in {1..100}; do
		systemctl start hello || fail "start $i"
		systemctl stop hello || fail "stop $i"
	done
	assert_equal "$(journal hello | grep -c '^Hello')" 100 "greetings"
}

test_daemon_reload_while_running() {
	local pid
	hello
	start hello
	pid=$(main_pid hello)
	systemctl daemon-reload
	assert_equal "$(main_pid hello)" "$pid" "main process after a reload"
	systemctl daemon-reexec
	assert_equal "$(main_pid hello)" "$pid" "main process after a re-execution"
	assert_equal "$(prop hello ActiveState)" active
	systemctl stop hello
	assert_journal hello '^Goodbye$'
}

test_users_drop_in_on_the_generated_unit() {
	mkdir -p /etc/systemd/system/hello.service.d
	printf '[Service]\nLogExtraFields=FLAVOUR=own\n' >/etc/systemd/system/hello.service.d/own.conf
	hello
	start hello
	assert_match "$(prop hello DropInPaths)" hello.service.d/own.conf
	assert_journal hello '^Hello'
	assert_match "$(journalctl --quiet -o cat FLAVOUR=own)" Hello
}

test_drop_in_on_the_container_file() {
	hello
	mkdir -p "$quadlets"/hello.container.d
	printf '[Container]\nEnvironment=GREETER=drop-in\n' >"$quadlets"/hello.container.d/10-own.conf
	start hello
	assert_journal hello '^Hello from drop-in$'
}

test_template_with_three_instances() {
	local i pids
	container worker@ <<-'END'
		[Container]
		Image=localhost/hello:latest
		Network=none
		Environment=GREETER=worker-%i
	END
	for i in a b c; do uses worker@$i.service; done
	start worker@a worker@b worker@c
	for i in a b c; do
		assert_equal "$(prop worker@$i ActiveState)" active
		assert_journal worker@$i "^Hello from worker-$i$"
	done
	pids=$(for i in a b c; do main_pid worker@$i; done | sort -u | wc -l)
	assert_equal "$pids" 3 "different main processes"
	systemctl stop worker@b
	assert_equal "$(prop worker@a ActiveState)" active
	assert_equal "$(prop worker@b ActiveState)" inactive
	assert_equal "$(prop worker@c ActiveState)" active
}

test_oneshot_runs_to_its_end() {
	container once <<-'END'
		[Container]
		Image=localhost/busybox:latest
		Network=none
		Exec=sh -c 'echo did it; exit 0'
		[Service]
		Type=oneshot
		RemainAfterExit=yes
	END
	start once
	assert_equal "$(prop once ActiveState)" active
	assert_journal once '^did it$'
	systemctl stop once
}

test_container_says_when_it_is_ready() {
	local began
	container ready <<-'END'
		[Container]
		Image=localhost/python:1
		Network=none
		Notify=yes
		Exec=/usr/bin/python3 -u -c "import os, socket, time; time.sleep(1); s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.sendto(b'READY=1\\nSTATUS=at last', os.environ['NOTIFY_SOCKET'].replace('@', chr(0))); time.sleep(3600)"
		StopTimeout=1
	END
	reload
	began=$(date +%s%N)
	systemctl start ready
	[ $(($(date +%s%N) - began)) -gt 900000000 ] || fail "systemd did not wait for the container"
	assert_equal "$(prop ready StatusText)" "at last"
	pid=$(main_pid ready)
	assert_match "$(readlink "/proc/$pid/exe")" python
}

test_missing_image_is_named() {
	container nowhere <<-'END'
		[Container]
		Image=localhost/nowhere:latest
		Network=none
		Pull=never
	END
	reload
	assert_fails systemctl start nowhere
	assert_journal nowhere 'localhost/nowhere:latest'
}

test_units_of_a_later_release_are_refused() {
	printf '[Artifact]\nArtifact=reg.lan/a:1\n' >$quadlets/store.artifact
	reload
	uses store-artifact.service
	assert_fails systemctl start store-artifact
	assert_journal store-artifact 'this version of crunit has no'
}
