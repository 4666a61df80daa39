# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# From a shell to a unit and back: run -d, wait, restart, start, pause.

box_image=localhost/busybox:latest

detached() {
	uses "crunit-run-$1.service"
	try crunit run -d --rm --network none "${@:2}"
	assert_equal "$status" 0 "$said"
}

test_life_run_detached() {
	local unit=crunit-run-det.service pid
	(
		cd /srv || exit
		FROM_SHELL=yes detached det --name det -m 64m --pids-limit 77 -e FROM_SHELL -e 'PRICE=5$HOME %n' \
			--label 'a=b c' $box_image sh -c 'trap "exit 0" TERM; echo "$PRICE $FROM_SHELL"; while :; do sleep 0.2; done' \
			x '%i ${HOME} $$'
	)
	has_state $unit active || fail "$(systemctl status $unit)"
	assert_journal $unit '^5[$]HOME %n yes$'
	assert_match "$(crunit logs det)" '^5[$]HOME %n yes$'
	assert_equal "$(crunit inspect -f '{{.Unit}} {{.Name}}' det)" "$unit det"
	assert_equal "$(crunit inspect det | jq -r '.[0].Config.Cmd[-1]')" '%i ${HOME} $$'
	assert_equal "$(prop $unit MemoryMax) $(prop $unit TasksMax) $(prop $unit DevicePolicy)" "67108864 77 closed"
	pid=$(main_pid $unit)
	assert_match "$(cat "/proc/$pid/cgroup")" "/$unit"
	systemctl daemon-reload
	assert_equal "$(main_pid $unit)" "$pid"
	# a name is one container's
	try crunit run -d --network none --name det $box_image true
	assert_equal "$status" 125
	assert_match "$said" "name 'det' is in use by $unit.*--replace"
	crunit run -d --rm --replace --network none --name det $box_image sleep 1000
	[ "$(main_pid $unit)" != "$pid" ] || fail "--replace replaced nothing"
	crunit stop -t 0 det
	wait_for 10 not_there $unit
	[[ $(crunit ps -a) != *det* ]] || fail "it is still listed"
}

not_active() {
	! has_state "$1" active
}

not_there() {
	[ "$(prop "$1" LoadState)" = not-found ] || ! systemctl is-active -q "$1"
}

test_life_run_detached_ends() {
	local id
	# one that ends at once, well and not
	detached quick --name quick --rm $box_image true
	assert_match "$said" '^[0-9a-f]{64}$'
	uses crunit-run-bad.service
	crunit run -d --name bad --network none $box_image sh -c 'exit 7'
	wait_state crunit-run-bad.service failed
	assert_equal "$(prop crunit-run-bad.service ExecMainStatus)" 7
	# the same name again, although its unit has failed
	crunit run -d --name bad --network none $box_image sleep 1000
	crunit rm -f bad
	assert_equal "$(prop crunit-run-bad.service LoadState)" not-found
	# without a name its id is one
	try crunit run -d --rm --network none $box_image sleep 1000
	id=$said
	assert_match "$id" '^[0-9a-f]{64}$'
	uses "crunit-run-${id:0:12}.service"
	assert_equal "$(crunit inspect -f '{{.Id}}' "${id:0:12}")" "$id"
	crunit stop -t 0 "${id:0:12}"
	# without --rm what it wrote stays, until crunit rm
	try crunit run -d --name stays --network none $box_image sh -c 'echo 1 >/mark; exec sleep 1000'
	uses crunit-run-stays.service
	wait_for 10 crunit exec stays test -e /mark
	crunit stop -t 0 stays
	crunit ps -a | grep -q ' stays$' || fail "what is kept is not listed"
	crunit rm stays
	# what cannot start says why
	try crunit run -d --name broken --network none $box_image /no/such/program
	assert_equal "$status" 125
	assert_match "$said" 'crunit-run-broken.service did not start:.*/no/such/program'
	uses crunit-run-broken.service
	try crunit run -d --name broken --pull never --network none localhost/no-such-image
	assert_equal "$status" 125
	assert_match "$said" 'no-such-image'
}

test_life_run_detached_restart() {
	local unit=crunit-run-again.service
	uses $unit
	crunit run -d --name again --network none --restart on-failure:2 $box_image sh -c 'echo ran; sleep 0.1; exit 3'
	wait_state $unit failed 20
	assert_equal "$(crunit logs again | grep -cx ran)" 3 "how often it ran"
	crunit rm again
	detached always --name always --restart always $box_image sh -c 'sleep 0.2'
	wait_for 20 restarted crunit-run-always.service 3
	crunit rm -f always
	wait_for 10 not_there crunit-run-always.service
	assert_fails crunit run --restart always --network none $box_image true
	assert_match "$said" "restarting is systemd's"
}

test_life_wait() {
	local waiting
	detached job --name job $box_image sh -c 'while [ ! -e /tmp/go ]; do sleep 0.05; done; exit 5'
	crunit wait job >/tmp/waited &
	waiting=$!
	wait_for 20 is_watching $waiting
	crunit exec job touch /tmp/go
	wait $waiting
	assert_equal "$(cat /tmp/waited)" 5
	detached killed --name killed $box_image sleep 1000
	crunit wait killed >/tmp/waited &
	waiting=$!
	wait_for 20 is_watching $waiting
	systemctl kill -s KILL --kill-whom=main crunit-run-killed.service
	wait $waiting
	assert_equal "$(cat /tmp/waited)" 137
	assert_fails crunit wait nobody
	assert_equal "$(crunit wait --ignore nobody)" -1
}

# Has the process a pidfd? `crunit wait` opens it when nothing can escape it any more.
is_watching() {
	find "/proc/$1/fd" -lname '*pidfd*' 2>/dev/null | grep -q .
}

test_life_restart_and_pause() {
	local pid
	container again <<-END
		[Container]
		Image=$box_image
		ContainerName=others-name
		Network=none
		Exec=sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done'
	END
	start again
	pid=$(main_pid again)
	crunit restart others-name
	[ "$(main_pid again)" != "$pid" ] || fail "it was not restarted"
	crunit stop others-name
	wait_state again inactive
	crunit start others-name
	has_state again active || fail "it was not started"
	crunit start others-name
	assert_fails crunit start nobody
	assert_match "$said" "no container 'nobody', nor a container file"
	crunit pause others-name
	assert_equal "$(crunit ps --format '{{.State}}')" paused
	crunit unpause others-name
	assert_equal "$(crunit ps --format '{{.State}}')" running
	crunit pause others-name
	crunit stop others-name
	wait_state again inactive 20
}

# What ended and was kept starts again by what it was started by, and is what it was.
test_life_start_again() {
	local id unit=crunit-run-again.service
	uses $unit
	mkdir -p $work/dir
	echo FILE=yes >$work/dir/env
	(
		cd $work/dir || exit
		FROM_SHELL=once crunit run -d --name again --network none -e FROM_SHELL --env-file env -m 64m -v ./:/here --label a=b \
			$box_image sh -c 'trap "exit 0" TERM; echo "run by $FROM_SHELL" >>/mark; cat /mark; while :; do sleep 0.1; done'
	) >$work/id 2>$work/said || fail "$(cat $work/said)"
	id=$(cat $work/id)
	wait_for 10 crunit exec again test -e /mark
	try crunit start again
	assert_equal "$status $said" "0 again" "a start of one that runs"
	crunit stop again
	wait_for 10 not_there $unit
	assert_equal "$(crunit inspect -f '{{.State.Status}} {{.Id}}' again)" "exited $id"
	# from anywhere, whatever our own variables are
	FROM_SHELL=twice crunit start "${id:0:12}"
	wait_for 10 crunit exec again sh -c 'test $(grep -c . /mark) = 2'
	assert_equal "$(crunit exec again sort -u /mark)" 'run by once'
	assert_equal "$(crunit exec again ls /here)" env
	assert_equal "$(prop $unit MemoryMax) $(crunit inspect -f '{{.Id}}' again)" "67108864 $id"
	crunit restart again
	wait_for 10 crunit exec again sh -c 'test $(grep -c . /mark) = 3'
	crunit stop again
	# its image is what it was, although the name has gone on
	crunit tag localhost/hello:latest localhost/moves:1
	crunit run --name moved --network none localhost/moves:1 sh -c 'echo one >/mark'
	crunit tag $box_image localhost/moves:1
	crunit start -a moved || fail "it does not start"
	assert_equal "$(crunit run --rm --network none -v /var/lib/crunit/containers/moved@/upper:/upper:ro $box_image cat /upper/mark)" one
	crunit rmi localhost/moves:1 >/dev/null
	crunit rm again moved
	assert_fails crunit start again
	assert_match "$said" "no container 'again', nor a container file"
}

# In the foreground, with what it writes, its input and its status; and from there into a unit.
test_life_start_attached() {
	uses crunit-run-fore.service
	try crunit run --name fore -i --network none $box_image sh -c 'read word; echo "got $word"; echo $word >>/mark; exit 3' </dev/null
	assert_equal "$status" 3 "$said"
	status=0
	said=$(echo first | crunit start -ai fore) || status=$?
	assert_equal "$status $said" "3 got first"
	try crunit start -a fore
	assert_equal "$status $said" "3 got "
	# as a unit it has no input; what it wrote goes along
	try crunit start fore
	wait_state crunit-run-fore.service failed
	assert_equal "$(prop crunit-run-fore.service ExecMainStatus)" 3
	assert_equal "$(crunit start --all)" fore
	wait_state crunit-run-fore.service failed
	assert_equal "$(crunit start --filter name=nobody)" ''
	crunit cp fore:/mark $work/mark
	assert_equal "$(grep -c . $work/mark) $(wc -l <$work/mark)" "1 5"
	assert_fails crunit start
	assert_match "$said" 'which container'
	assert_fails crunit start -a fore other
	assert_match "$said" 'just one container'
	container filed <<-END
		[Container]
		Image=$box_image
		ContainerName=filed
		Network=none
		Exec=sleep 1000
	END
	reload
	assert_fails crunit start -a filed
	assert_match "$said" 'crunit logs -f'
	crunit rm fore
}

# Nobody could keep a terminal that its owner leaves: that is said, not done by half.
test_life_no_detaching() {
	try crunit run --rm -it --detach-keys ctrl-a --network none $box_image true
	assert_equal "$status" 125
	assert_match "$said" 'detach-keys ctrl-a: a terminal cannot be left'
	crunit run --rm -it --detach-keys '' --network none $box_image true
	detached left --name left --detach-keys ctrl-a $box_image sleep 1000
	assert_fails crunit exec -it --detach-keys ctrl-a left true
	assert_match "$said" 'a terminal cannot be left'
	crunit exec --detach-keys '' left true
	assert_fails crunit attach left
	assert_match "$said" 'crunit logs -f'
	crunit stop -t 0 left
}

top_shows() {
	[[ $(crunit top "$1") == *"$2"* ]]
}

# What a newer crunit finds in /run, it can deal with; what a still newer one wrote, it leaves alone.
test_life_state_of_another_version() {
	local state=/run/crunit/containers/old@old/state.json
	container old <<-END
		[Container]
		Image=$box_image
		ContainerName=old
		Network=none
		Exec=sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done'
	END
	start old
	# as the first version wrote it, and with what only others know
	jq '{version, id, name, image, imageName, starter, pid, pidStart, unit, bundle, writable, keep, created,
		command, stopSignal, stopTimeout, labels, annotations, networks, ports, cgroup, foreground, logDriver} +
		{ofTomorrow: {a: [1]}}' $state >$work/state
	cp $work/state $state
	assert_equal "$(crunit ps --format '{{.Names}} {{.State}}')" "old running"
	assert_equal "$(crunit inspect -f '{{.State.Status}}' old)" running
	assert_equal "$(crunit exec old echo in it)" "in it"
	wait_for 10 top_shows old 'sh -c trap'
	crunit cp $work/state old:/tmp/copied
	crunit restart old
	cp $state $work/state
	jq '.version = 99' $work/state >$state
	for command in inspect 'exec -i' stop top; do
		try crunit $command old true
		[ "$status" != 0 ] || fail "crunit $command deals with a state it cannot know"
		assert_match "$said" 'another version of crunit \(format 99\)'
	done
	try crunit ps
	assert_equal "$status" 0
	assert_match "$said" 'format 99'
	# systemd stops it all the same, says what was wrong, and starts it anew
	mark_journal
	systemctl stop old
	wait_state old failed 30
	assert_journal old 'another version of crunit \(format 99\)'
	start old
	assert_equal "$(crunit exec old echo in it)" "in it"
}

# One that never says that it is ready is given up, and nothing of it is left.
test_life_never_ready() {
	local group
	container never <<-END
		[Container]
		Image=$box_image
		ContainerName=never
		Network=none
		Notify=yes
		Exec=sh -c 'trap "" TERM; echo here; sleep 1000 & while :; do sleep 0.2; done'
		[Service]
		TimeoutStartSec=3
		TimeoutStopSec=1
	END
	reload
	systemctl start --no-block never
	assert_journal never '^here$'
	assert_equal "$(prop never ActiveState)" activating
	group=$(prop never ControlGroup)
	wait_state never failed 20
	assert_equal "$(prop never Result)" timeout
	[ ! -e "/sys/fs/cgroup$group" ] || fail "something is left: $(cat "/sys/fs/cgroup$group/cgroup.procs")"
	assert_equal "$(crunit ps -a -q)" ''
}

# Each Restart= mode, against an end with 0, with 1, and by a signal (from outside: the kernel
# keeps an init from killing itself).
test_life_restart_modes() {
	local mode ends unit
	local modes="no on-success on-failure on-abnormal on-abort on-watchdog always"
	for mode in $modes; do
		for ends in true false killed; do
			container "m-$mode-$ends" <<-END
				[Unit]
				StartLimitIntervalSec=0
				[Container]
				Image=$box_image
				Network=none
				Exec=${ends/killed/sleep 1000}
				[Service]
				Restart=$mode
				RestartSec=500ms
			END
		done
	done
	# a program that was to report and does not; SIGABRT is nothing to an init without a handler
	container m-on-watchdog-silent <<-END
		[Unit]
		StartLimitIntervalSec=0
		[Container]
		Image=$box_image
		Network=none
		StopTimeout=1
		Exec=sleep 1000
		[Service]
		Restart=on-watchdog
		WatchdogSec=1s
		TimeoutAbortSec=1s
	END
	reload
	systemctl start --no-block m-{no,on-success,on-failure,on-abnormal,on-abort,on-watchdog,always}-{true,false,killed} \
		m-on-watchdog-silent
	for mode in $modes; do
		wait_state "m-$mode-killed" active 20
		systemctl kill -s KILL --kill-whom=main "m-$mode-killed"
	done
	for unit in on-success-true on-failure-false on-failure-killed on-abnormal-killed on-abort-killed always-true \
		always-false always-killed on-watchdog-silent; do
		wait_for 20 restarted "m-$unit.service" 1
	done
	for unit in no-true no-false no-killed on-success-false on-success-killed on-failure-true on-abnormal-true \
		on-abnormal-false on-abort-true on-abort-false on-watchdog-true on-watchdog-false on-watchdog-killed; do
		wait_for 20 is_over "m-$unit.service"
		assert_equal "$(prop "m-$unit.service" NRestarts)" 0 "restarts of $unit"
	done
}

# systemd forgets a unit that has ended well, the journal does not.
is_over() {
	case $(prop "$1" ActiveState) in
	inactive | failed) journalctl -q -n 1 -u "$1" --grep "^Started $1" >/dev/null ;;
	*) false ;;
	esac
}

test_life_restart_often() {
	local i
	container often <<-END
		[Unit]
		StartLimitIntervalSec=0
		[Container]
		Image=$box_image
		ContainerName=often
		Exec=sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done'
	END
	start often
	# with daemon-reload and daemon-reexec at any moment of it
	for ((i = 0; i < 30; i++)); do
		systemctl restart --no-block often
		[ $((i % 4)) != 0 ] || systemctl daemon-reload
		[ $((i % 15)) != 7 ] || systemctl daemon-reexec
		systemctl start often || fail "restart $i: $(systemctl status often)"
	done
	assert_equal "$(crunit ps -q -f name=^often$ | wc -l)" 1
	assert_equal "$(crunit exec often echo alive)" alive
}

test_life_oneshot_and_reload() {
	local pid
	container once <<-END
		[Container]
		Image=$box_image
		Network=none
		Exec=sh -c 'echo done once'
		[Service]
		Type=oneshot
		RemainAfterExit=yes
	END
	container gone <<-END
		[Container]
		Image=$box_image
		Network=none
		Exec=sh -c 'echo done gone'
		[Service]
		Type=oneshot
	END
	container again <<-END
		[Container]
		Image=$box_image
		ContainerName=again
		Network=none
		StopSignal=USR2
		StopTimeout=60
		ReloadCmd=sh -c 'echo reloaded >/tmp/mark'
		Exec=sh -c 'trap "echo had USR2; exit 0" USR2; trap "echo had HUP" HUP; touch /tmp/up; while :; do sleep 0.1; done'
	END
	container hup <<-END
		[Container]
		Image=$box_image
		ContainerName=hup
		Network=none
		ReloadSignal=SIGHUP
		Exec=sh -c 'trap "echo had HUP" HUP; trap "exit 0" TERM; touch /tmp/up; while :; do sleep 0.1; done'
	END
	start once gone again hup
	assert_equal "$(prop once ActiveState) $(prop gone ActiveState)" "active inactive"
	assert_journal once '^done once$'
	wait_for 20 crunit exec again test -e /tmp/up
	wait_for 20 crunit exec hup test -e /tmp/up
	pid=$(main_pid again)
	systemctl reload again hup
	assert_equal "$(crunit exec again cat /tmp/mark)" reloaded
	assert_journal hup '^had HUP$'
	assert_equal "$(main_pid again)" "$pid"
	systemctl stop again once
	assert_journal again '^had USR2$'
	assert_equal "$(prop again Result) $(prop once ActiveState)" "success inactive"
}

# Whoever is to be killed at a stop, nobody is left behind it.
test_life_kill_modes() {
	local mode group
	for mode in control-group mixed; do
		container "kill-$mode" <<-END
			[Container]
			Image=$box_image
			Network=none
			Exec=sh -c 'trap "exit 0" TERM; sleep 1000 & echo with a child; while :; do sleep 0.1; done'
			[Service]
			KillMode=$mode
		END
	done
	start kill-control-group kill-mixed
	for mode in control-group mixed; do
		assert_journal "kill-$mode" '^with a child$'
		group=$(prop "kill-$mode" ControlGroup)
		systemctl stop "kill-$mode"
		assert_equal "$(prop "kill-$mode" ActiveState) $(prop "kill-$mode" Result)" "inactive success" "with $mode"
		[ ! -e "/sys/fs/cgroup$group" ] || fail "something is left of kill-$mode: $(cat "/sys/fs/cgroup$group"/cgroup.procs)"
		[ ! -e "/run/crunit/containers/systemd-kill-$mode@kill-$mode" ] || fail "its directory is left"
	done
}

# Pauses that grow are systemd's, from 254 on.
test_life_restart_steps() {
	[ "$(systemctl --version | awk '{ print $2; exit }')" -ge 254 ] || return 0
	container steps <<-END
		[Unit]
		StartLimitIntervalSec=0
		[Container]
		Image=$box_image
		Network=none
		Exec=false
		[Service]
		Restart=on-failure
		RestartSec=10ms
		RestartSteps=1
		RestartMaxDelaySec=1h
	END
	reload
	systemctl start --no-block steps
	wait_for 20 restarted steps 1
	# the second pause is the hour
	wait_for 10 has_state steps activating
	assert_equal "$(prop steps RestartUSecNext)" 1h
	systemctl stop steps
}

# A unit's container may have the name of one that has ended by hand: what is meant by its state is
# that one.
test_life_two_of_a_name() {
	local round
	container twin <<-'END'
		[Container]
		Image=localhost/busybox:latest
		ContainerName=twin
		Network=none
		Exec=sleep 1000
	END
	for round in 'rm -f --filter status=exited' 'rm --filter status=exited' 'system prune --force'; do
		crunit run --name twin --network none localhost/busybox:latest true
		start twin
		assert_equal "$(crunit ps -a --filter name=twin --format '{{.State}}' | sort | paste -sd ' ')" "exited running"
		# shellcheck disable=SC2086
		crunit $round
		assert_equal "$(crunit ps -a --filter name=twin --format '{{.State}}')" running "$round"
		has_state twin active || fail "$round: twin is $(prop twin ActiveState)"
		systemctl stop twin
	done
}

test_life_descriptors_are_not_handed_on() {
	local before
	container quiet <<-'END'
		[Container]
		Image=localhost/busybox:latest
		ContainerName=quiet
		Network=none
		Exec=sleep 1000
	END
	start quiet
	before=$(crunit exec quiet ls /proc/self/fd)
	assert_equal "$(LISTEN_FDS=12 LISTEN_PID=1 crunit exec quiet ls /proc/self/fd)" "$before" exec
	assert_equal "$(LISTEN_FDS=12 LISTEN_PID=1 crunit run --rm --network none localhost/busybox:latest ls /proc/self/fd)" "$before" run
	systemctl stop quiet
}

# More than the terminal holds, both ways at once.
test_life_terminal_takes_much() {
	local lines
	lines=$( (yes abcdefghijklmnopqrstuvwxyz | head -n 20000; printf 'end\n\004') |
		timeout 60 crunit run --rm -it --network none localhost/busybox:latest sh -c 'stty -echo; echo ready; cat' | grep -c '^abcdefghijklmnopqrstuvwxyz')
	[ "$lines" -ge 19000 ] || fail "$lines of 20000 lines came back"
	# who does not read is stopped all the same
	yes | timeout --preserve-status 3 crunit run --rm -it --network none localhost/busybox:latest sleep 1000 >/dev/null || true
	! crunit ps -q | grep -q . || fail "$(crunit ps)"
}

# A transient unit is read from systemd's own file after a daemon-reload: its commands are the same.
test_life_run_detached_is_reloaded() {
	local unit=crunit-run-anew.service before began
	detached anew --name anew --stop-signal KILL --restart always $box_image sh -c $'echo "$0|$1|$2"; sleep 1000' 'a%n $HOME' $'x;\ty\'"\\z' $'two\nExecStop=no'
	before=$(crunit logs anew)
	assert_match "$before" $'^a%n [$]HOME[|]x;\ty\'"\\\\z[|]two\nExecStop=no$'
	assert_equal "$(prop $unit NeedDaemonReload)" no
	systemctl daemon-reload
	assert_equal "$(prop $unit LoadState) $(prop $unit ActiveState)" 'loaded active'
	began=$SECONDS
	crunit restart anew
	assert_equal "$(crunit logs anew)" "$before"$'\n'"$before"
	crunit stop anew
	[ $((SECONDS - began)) -lt 20 ] || fail "that took $((SECONDS - began)) s"
	! journalctl -q -b -p warning --since="@$(stat -c %Y /run/test-units)" -u $unit | grep -i 'unknown\|escape' || fail "systemd does not like the file"
}

test_life_paused_ends_all_the_same() {
	local verb
	sleeper still
	start still
	crunit pause still
	crunit restart still
	has_state still active || fail "still is $(prop still ActiveState)"
	for verb in 'stop still' 'rm -f still' 'kill still'; do
		start still
		crunit pause still
		# shellcheck disable=SC2086 # words
		try timeout 20 crunit $verb
		assert_equal "$verb: $status" "$verb: 0" "$said"
		wait_for 20 not_active still
	done
	detached calm --name calm $box_image sleep 1000
	crunit pause calm
	crunit run -d --rm --replace --network none --name calm --stop-signal KILL $box_image sleep 1000
	assert_equal "$(crunit ps --filter name=calm --format '{{.State}}')" running
	crunit rm -f calm
	printf '[Pod]\nPodName=calm\n' >"$quadlets/calm.pod"
	uses calm-pod.service
	container calm <<-'END'
		[Container]
		Image=localhost/busybox:latest
		ContainerName=calm-one
		Pod=calm.pod
		StopSignal=KILL
		Exec=sleep 1000
	END
	start calm-pod calm
	crunit pause calm-one
	try timeout 30 crunit pod stop calm
	assert_equal "$status" 0 "$said"
	wait_for 20 not_active calm
	rm "$quadlets/calm.pod"
}

# Whenever who starts it is killed: what is kept can be started again.
test_life_killed_while_it_comes_to_be_known() {
	local calls i killed=0 kept=0
	# what it writes, and what it waits for when all is written
	for calls in rename,renameat,renameat2 wait4; do
		for ((i = 1; i < 50; i++)); do
			! timeout 30 strace -qq -o /dev/null -e "trace=$calls" -e "inject=$calls:signal=KILL:when=$i" \
				crunit run --name over --network none $box_image echo here >$work/out 2>&1 || break
			killed=$((killed + 1))
			if [ -e /var/lib/crunit/containers/over@/state.json ]; then
				kept=$((kept + 1))
				# its first process may wait for a word that never comes
				if compgen -G '/run/crunit/containers/over@/crun/*/exec.fifo' >/dev/null; then
					try crunit start over
					assert_match "$said" "container 'over' has outlived what started it: .crunit stop over. first"
				fi
				crunit stop -t 0 over
				try timeout 30 crunit start --attach over
				assert_equal "$calls $i: $status" "$calls $i: 0" "$said"
				assert_match "$said" here
			fi
			crunit rm -f -t 0 over
		done
		crunit rm over
	done
	[ $killed -gt 8 ] && [ $kept -gt 0 ] || fail "killed $killed times, kept $kept times"
}

# So it is where a unit runs by then.
test_life_killed_beside_its_unit() {
	local i kept=0
	uses crunit-run-over.service
	for i in $(seq 14); do
		strace -qq -o /dev/null -e trace=renameat,sendmsg -e "inject=renameat,sendmsg:signal=KILL:when=$i" \
			crunit run -d --name over --network none -e WORD $box_image sh -c 'echo "here $WORD"; sleep 1000' || true
		sleep 0.2
		if [ -e /var/lib/crunit/containers/over@crunit-run-over/state.json ]; then
			kept=$((kept + 1))
			crunit stop -t 0 over
			try timeout 30 crunit start over
			assert_equal "$i: $status" "$i: 0" "$said"
			wait_for 5 eval 'crunit logs over | grep -q here'
		fi
		crunit rm -f -t 0 over 2>/dev/null || true
		systemctl stop crunit-run-over.service 2>/dev/null || true
	done
	[ $kept -gt 0 ] || fail "none was kept"
}

test_life_ended_is_not_missing() {
	local id verb
	crunit run --name over --network none localhost/busybox:latest false || true
	for verb in 'top over' 'port over' 'exec over true' 'stats --no-stream over' 'wait over' 'pause over' 'health run over'; do
		# shellcheck disable=SC2086 # words
		try crunit $verb
		assert_equal "$verb: $status" "$verb: 125"
		assert_match "$verb: $said" "$verb: .*container 'over' is not running: it has ended"
	done
	assert_equal "$(crunit wait --ignore over)" -1
	try crunit stop over
	assert_equal "$status" 0 "stop of one that has ended: $said"
	try crunit kill over
	assert_equal "$status" 125
	assert_match "$said" "container 'over' is not running: it has ended"
	try crunit stop gone
	assert_match "$said" "there is no container 'gone'|no container 'gone'"
	# what several ids begin with names none of them
	crunit run --name twin --network none localhost/busybox:latest true
	id=$(crunit ps -aq --no-trunc --filter name=over)
	sed -i "s/\"id\": *\"[0-9a-f]*\"/\"id\": \"${id:0:8}$(printf '0%.0s' {1..56})\"/" /var/lib/crunit/containers/twin@/state.json
	for verb in rm inspect start; do
		try crunit $verb "${id:0:6}"
		assert_equal "$verb: $status" "$verb: 125"
		assert_match "$verb: $said" "$verb: .*the ids of 2 containers begin with '${id:0:6}'"
	done
	crunit rm twin
	crunit rm "${id:0:6}"
	assert_equal "$(crunit ps -aq --filter name=over)" ""
	# of two with a name, the volume's is meant
	crunit run --name over --network none -v over-data:/data localhost/busybox:latest true
	container over <<-'END'
		[Container]
		Image=localhost/busybox:latest
		ContainerName=over
		Network=none
		Exec=sleep 1000
	END
	start over
	crunit volume rm --force over-data
	has_state over active || fail "over is $(prop over ActiveState)"
	assert_equal "$(crunit ps -a --filter name=over --format '{{.State}}')" running
	systemctl stop over
}
