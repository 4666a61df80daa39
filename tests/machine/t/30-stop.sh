# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# Ends: exit codes, signals, restarts, and what happens when things are killed.

# shell NAME 'script' [more lines of the file]
shell() {
	container "$1" <<-END
		[Container]
		Image=localhost/busybox:latest
		Network=none
		Exec=sh -c '$2'
		$3
	END
}

test_r6_exit_code_is_the_units() {
	shell seven 'echo on stdout; echo on stderr >&2; exit 7' ''
	reload
	systemctl start seven || true
	wait_state seven failed
	assert_equal "$(prop seven ExecMainStatus)" 7
	assert_equal "$(prop seven ExecMainCode)" 1 # exited
	assert_journal seven '^on stdout$'
	assert_journal seven '^on stderr$'
}

test_r6_instant_exits_keep_their_status() {
	local i
	shell quick 'exit 7' ''
	shell quickest 'exit 0' ''
	no_start_limit quick
	no_start_limit quickest
	reload
	for i in {1..15}; do
		systemctl start quick || true
		wait_state quick failed
		assert_equal "$(prop quick ExecMainStatus)" 7 "exit status of run $i"
		assert_equal "$(prop quick Result)" exit-code
		systemctl reset-failed quick
		systemctl start quickest || fail "start $i: $(prop quickest Result)"
		wait_state quickest inactive
		assert_equal "$(prop quickest Result)" success "result of run $i"
	done
}

test_exit_7_is_restarted_on_failure() {
	shell seven 'echo once more; exit 7' '
		[Service]
		Restart=on-failure
		RestartSec=50ms'
	reload
	systemctl start --no-block seven
	wait_for 10 restarted seven 3
	systemctl stop seven
	[ "$(journal seven | grep -c '^once more$')" -ge 3 ] || fail "it did not run three times"
}

test_program_that_cannot_be_run_fails_the_start() {
	container missing <<-'END'
		[Container]
		Image=localhost/busybox:latest
		Network=none
		Exec=/no/such/program
	END
	reload
	assert_fails systemctl start missing
	assert_journal missing '/no/such/program'
}

test_m9_stop_of_one_that_exits_2_on_term() {
	local began
	container runner <<-'END'
		[Container]
		Image=localhost/runner:latest
		Network=none
		Environment=MTR_BIN=/none
	END
	start runner
	assert_journal runner 'runner: interval'
	began=$(date +%s%N)
	systemctl stop runner
	[ $(($(date +%s%N) - began)) -lt 8000000000 ] || fail "it was stopped by its timeout"
	assert_equal "$(prop runner ExecMainStatus)" 2
}

test_m9_stop_of_one_that_ignores_term() {
	local began took pid
	container stubborn <<-'END'
		[Container]
		Image=localhost/runner:latest
		Network=none
		Environment=MTR_BIN=/none MTR_IGNORE_TERM=1
		StopTimeout=2
	END
	start stubborn
	pid=$(main_pid stubborn)
	assert_journal stubborn 'runner: interval'
	began=$(date +%s%N)
	systemctl stop stubborn
	took=$((($(date +%s%N) - began) / 1000000))
	[ $took -ge 1900 ] || fail "it was not given its time, but $took ms"
	[ $took -lt 9000 ] || fail "the stop took $took ms"
	[ ! -e "/proc/$pid" ] || fail "the process is still there"
}

test_t9_stop_signal_and_timeout() {
	shell signal 'trap "echo got usr1; exit 0" USR1; echo waiting; while :; do sleep 0.1; done' 'StopSignal=USR1
		StopTimeout=7'
	start signal
	assert_journal signal '^waiting$'
	systemctl stop signal
	assert_journal signal '^got usr1$'
	assert_equal "$(prop signal Result)" success
}

test_t9_kill_9_leaves_no_process() {
	local cgroup
	shell forks 'sleep 1000 & sleep 1000 & echo forked; exec sleep 1000' ''
	start forks
	assert_journal forks '^forked$'
	cgroup=$(prop forks ControlGroup)
	kill -KILL "$(main_pid forks)"
	wait_state forks failed
	[ ! -e "/sys/fs/cgroup$cgroup" ] || fail "the cgroup is still there"
	assert_equal "$(prop forks ExecMainStatus)" 9
}

test_m6_killed_is_restarted_stopped_stays() {
	local pid
	shell keep 'echo up; while :; do sleep 1; done' '
		[Service]
		Restart=always
		RestartSec=50ms'
	start keep
	pid=$(main_pid keep)
	kill -KILL "$pid"
	wait_for 10 restarted keep 1
	wait_state keep active
	[ "$(main_pid keep)" != "$pid" ] || fail "the process is the same"
	systemctl stop keep
	sleep 0.5
	! has_state keep active || fail "it was started again"
	assert_equal "$(prop keep MainPID)" 0 "main process"
}

test_t8_start_limit() {
	shell limited 'exit 1' '
		[Unit]
		StartLimitBurst=3
		StartLimitIntervalSec=60
		[Service]
		Restart=always
		RestartSec=20ms'
	reload
	systemctl start --no-block limited
	wait_state limited failed 20
	# what systemd 252 and 257 say differs, the count does not
	assert_equal "$(prop limited NRestarts)" 3
}

# kill_in_unit UNIT NAME: kills the process that was started as NAME, as soon as
# it shows up in the unit's cgroup. By its first argument, since crun is run from
# a descriptor; and without a fork, since it lives a few milliseconds.
kill_in_unit() {
	local procs=/sys/fs/cgroup/system.slice/$1.service/cgroup.procs pid argument pids
	local end=$((SECONDS + 10))
	while [ $SECONDS -lt $end ]; do
		[ -e "$procs" ] || continue
		mapfile -t pids <"$procs" || continue
		for pid in "${pids[@]}"; do
			argument=
			read -r -d '' argument <"/proc/$pid/cmdline" || true
			if [ "$argument" = "$2" ] && kill -KILL "$pid"; then
				return 0
			fi
		done
	done 2>/dev/null
	return 1
}

# clean_start UNIT: what counts after any killing.
clean_start() {
	systemctl stop "$1" 2>/dev/null || true
	systemctl reset-failed "$1" 2>/dev/null || true
	systemctl start "$1" || fail "no clean start after: $2"
	assert_equal "$(prop "$1" ActiveState)" active
	systemctl stop "$1"
}

# kill_at UNIT CALL: starts the unit so that crunit gets SIGKILL in the given
# system call; strace is told to do it, and so it is the same each time.
kill_at() {
	local command log=/run/test-strace
	command=$(sed -n 's/^ExecStart=//p' "/run/systemd/generator/$1.service")
	mkdir -p "/etc/systemd/system/$1.service.d"
	cat >"/etc/systemd/system/$1.service.d/kill.conf" <<-END
		[Service]
		ExecStart=
		ExecStart=strace -qq -o $log -e trace=${2%:*} -e inject=${2%:*}:signal=KILL:when=${2#*:} $command
	END
	rm -f $log
	systemctl daemon-reload
	! timeout 60 systemctl start "$1" || fail "started although killed in $2"
	# the guard kills strace as well, perhaps before it has said so
	grep -qE 'killed by SIGKILL|= \?$' $log || fail "crunit was not killed in $2: $(cat $log)"
	wait_state "$1" failed
	rm -r "/etc/systemd/system/$1.service.d"
	systemctl daemon-reload
}

# timeout test_r5_kill_9_of_crunit_at_each_stage: 300
test_r5_kill_9_of_crunit_at_each_stage() {
	local call
	# Killed between create and start it leaves the init, which does not hear
	# SIGTERM yet. Without its guard that would last for systemd's 90 seconds.
	shell victim 'trap "exit 0" TERM; while :; do sleep 0.1; done' ''
	no_start_limit victim
	# at the settings, the image, the name, before crun, while crun waits for its
	# configuration, with half of what leads to it, its end, the pump, and before
	# systemd knows the main process
	for call in openat:10 flock:1 renameat:1 unshare:1 rename:1 clone3:1 move_mount:1 rename:2 wait4:1 clone3:2 sendmsg:1; do
		reload
		kill_at victim "$call"
		clean_start victim "crunit killed in $call"
	done
}

no_crun() {
	! pgrep -f '^crun ' >/dev/null
}

# crun is begun before its configuration is there, and waits for it in a pipe.
test_crun_waits_for_its_configuration() {
	local count i value log=/run/test-strace image=localhost/busybox:latest
	local -a run=(crunit run --rm --replace --network none --name early)
	# a pipe takes 64 kB, 1 MB when asked, and no more without the right to it
	value=$(printf '%0100000d' 7)
	for count in 1 2 11; do
		for ((i = 0; i < count; i++)); do echo "V$i=$value"; done >/run/test-env
		assert_equal "$("${run[@]}" --env-file /run/test-env $image env | grep -c '^V.*07$')" $count variables
	done
	rm /run/test-env
	# its name may not lead elsewhere
	assert_equal "$(strace -qq -o $log -e trace=rename -e inject=rename:error=ENOSPC:when=2 "${run[@]}" $image echo yes)" yes
	grep -q INJECTED $log || fail "nothing was made to fail: $(cat $log)"
	# what fails meanwhile is told, by us alone
	echo '{ "defaultAction": 1 }' >/run/test-profile
	assert_fails "${run[@]}" --security-opt seccomp=/run/test-profile $image true
	assert_equal "$status" 125 status
	assert_match "$said" '^crunit: [^
]*defaultAction[^
]*$'
	wait_for 10 no_crun
	# nobody will write it any more
	strace -qq -o $log -e trace=rename -e inject=rename:signal=KILL:when=2 "${run[@]}" $image true || true
	grep -q 'killed by SIGKILL' $log || fail "crunit was not killed: $(cat $log)"
	wait_for 10 no_crun
	assert_equal "$("${run[@]}" $image echo again)" again
	rm $log /run/test-profile
}

# One that loads slowly opens it by its name, and finds in it the network that was made meanwhile.
test_late_crun_takes_the_network() {
	local command log=/run/test-strace
	shell late 'trap "exit 0" TERM; while :; do sleep 0.1; done' ''
	reload
	command=$(sed -n 's/^ExecStart=//p' /run/systemd/generator/late.service)
	mkdir -p /etc/systemd/system/late.service.d
	cat >/etc/systemd/system/late.service.d/slow.conf <<-END
		[Service]
		ExecStart=
		ExecStart=strace -f -qq -o $log -e trace=chdir,clone,unshare,setns -e inject=chdir:delay_enter=500000 $command
	END
	start late
	! grep -E 'clone.*CLONE_NEWNET' $log || fail 'crun made a network of its own'
	grep -q DELAYED $log || fail 'crun was not late'
	assert_equal "$(grep -c 'unshare(CLONE_NEWNET' $log)" 1 'the networks that were made'
	grep -qE 'setns\([0-9]+, CLONE_NEWNET' $log || fail "crun took no network: $(cat $log)"
	assert_equal "$(ls /run/crunit/containers/systemd-late@late/config*)" \
		/run/crunit/containers/systemd-late@late/config.json 'what is left of its configuration'
	systemctl stop late
	rm -r /etc/systemd/system/late.service.d $log
}

test_r5_kill_9_of_crun() {
	local i hit=0
	shell victim 'trap "exit 0" TERM; while :; do sleep 0.1; done' ''
	no_start_limit victim
	reload
	# six times; and until it was caught once
	for ((i = 0; i < 6 || (hit == 0 && i < 20); i++)); do
		systemctl start --no-block victim
		kill_in_unit victim crun && hit=$((hit + 1))
		clean_start victim "crun killed, round $i"
	done
	[ $hit -gt 0 ] || fail "crun was never caught"
}

test_r5_kill_9_of_the_pump() {
	shell victim 'trap "exit 0" TERM; while :; do echo tick; sleep 0.1; done' ''
	start victim
	assert_journal victim '^tick$'
	kill -KILL "$(pgrep -x crunit-log)"
	clean_start victim "pump killed"
}

test_r5_kill_9_of_the_container() {
	shell victim 'sleep 1000 & while :; do sleep 0.1; done' ''
	start victim
	kill -KILL "$(main_pid victim)"
	wait_state victim failed
	clean_start victim "container killed"
}

test_r5_kill_9_of_all_at_once() {
	shell victim 'sleep 1000 & while :; do sleep 0.1; done' ''
	start victim
	systemctl kill --signal=KILL --kill-who=all victim
	wait_state victim failed
	clean_start victim "everything killed"
}

# A start that leaves its state, as after a power cut in a moment when systemd
# could not clean up.
test_r5_stale_state_does_not_block_a_start() {
	shell victim 'while :; do sleep 0.1; done' ''
	start victim
	cp -a /run/crunit/containers /run/test-stale
	cp -a /var/lib/crunit/containers /var/tmp/test-stale
	systemctl kill --signal=KILL --kill-who=all victim
	wait_state victim failed
	cp -a /run/test-stale/. /run/crunit/containers/
	cp -a /var/tmp/test-stale/. /var/lib/crunit/containers/
	rm -rf /run/test-stale /var/tmp/test-stale
	clean_start victim "stale state"
}
