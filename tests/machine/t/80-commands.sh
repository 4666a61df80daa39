# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# crunit as a person calls it.

box() {
	container box <<-'END'
		[Container]
		Image=localhost/busybox:latest
		ContainerName=box
		Network=none
		Environment=FROM=unit
		Label=org.example.a=b
		StopSignal=KILL
		Exec=sh -c 'for i in 1 2 3 4 5; do echo line $i; done; exec sleep 1000'
	END
	start box
	assert_journal box '^line 5$'
}

test_t13_exec() {
	local pid
	box
	try crunit exec -e EXTRA=1 -w /srv -u app box sh -c 'echo $EXTRA $FROM; pwd; id -un; exit 4'
	assert_equal "$status" 4 "exit status"
	assert_equal "$said" $'1 unit\n/srv\napp'
	assert_equal "$(echo through | crunit exec -i box cat)" through
	pid=$(main_pid box)
	assert_match "$(crunit exec box cat /proc/self/status)" "CapBnd:.00000000800405fb"
	assert_fails crunit exec box /no/such/program
	assert_match "$said" '/no/such/program'
	assert_fails crunit exec nobody true
	assert_match "$said" 'nobody'
	kill -0 "$pid"
}

# The status is right each time. The output of a program that ends at once is
# now and then lost by crun 1.8.
test_t13_exec_on_a_terminal() {
	local i out seen=
	box
	for ((i = 0; i < 8; i++)); do
		out=$(script -qec 'crunit exec -it box sh -c "test -t 0 && test -t 1 && echo on a tty; exit 5"' /dev/null || echo "status $?")
		assert_match "$out" 'status 5$'
		[[ $out != *'on a tty'* ]] || seen=1
	done
	[ -n "$seen" ] || fail "it was not on a terminal"
}

test_t13_exec_is_inside_the_units_cgroup() {
	box
	crunit exec box sleep 1234 &
	wait_for 3 pgrep -f '^sleep 1234'
	assert_match "$(cat "/proc/$(pgrep -f '^sleep 1234')/cgroup")" box.service
	pkill -f '^sleep 1234'
	wait
}

test_t14_logs() {
	box
	assert_equal "$(crunit logs -n 2 box | grep -c 'line [45]$')" 2 "the last two lines"
	crunit logs -f box >$work/followed &
	wait_for 3 grep -q 'line 1' $work/followed
	kill $!
	assert_match "$(crunit logs -t -n 1 box)" '^[0-9]{4}-[0-9-]*T.*line 5$'
	systemctl stop box
	# one that is gone is known by its lines
	assert_match "$(crunit logs box)" 'line 3'
	assert_fails crunit logs no-such-container
	assert_match "$said" "no container 'no-such-container'"
}

test_a16_ps_and_inspect() {
	box
	try crunit ps --format json
	assert_equal "$status" 0 "$said"
	[[ $said == *box* ]] || fail "box is not in $said"
	assert_match "$(crunit ps)" 'box'
	try crunit inspect box
	assert_equal "$status" 0 "$said"
	jq -e . <<<"$said" >/dev/null || fail "no JSON: $said"
	assert_match "$said" 'org.example.a'
	systemctl stop box
	[[ $(crunit ps) != *box* ]] || fail "a stopped container is listed"
}

test_a16_lists_are_valid_json() {
	box
	crunit ps --format json | jq -e '.[0] | .Names == ["box"] and .State == "running" and .Pid > 1 and
		.Image == "localhost/busybox:latest" and .Unit == "box.service" and .Labels."org.example.a" == "b"' >/dev/null
	crunit ps -a --format=json | jq -e 'length == 1' >/dev/null
	crunit images --format json | jq -e 'length >= 7' >/dev/null
	crunit inspect box | jq -e '.[0] | .State.Running and .Name == "box" and (.Mounts | length) > 5 and
		(.Config.Env | index("FROM=unit")) != null' >/dev/null
	crunit image inspect localhost/app:latest | jq -e '.[0]' >/dev/null
	assert_equal "$(crunit ps -q)" "$(crunit inspect box | jq -r '.[0].Id' | cut -c 1-12)"
	systemctl stop box
	assert_equal "$(crunit ps --format json | jq -c .)" '[]'
	assert_fails crunit ps --format yaml
	assert_match "$said" 'only table and json'
	try crunit inspect no-such-container
	assert_equal "$status" 125
	assert_match "$said" "no container 'no-such-container'"
}

test_c3_kill_and_rm() {
	box
	try crunit rm box
	assert_equal "$status" 2 "$said"
	assert_match "$said" "container 'box' is running: stop it first, or use --force"
	assert_fails crunit kill -s NONSENSE box
	assert_match "$said" "'NONSENSE' is not a signal"
	assert_fails crunit kill no-such-container
	assert_match "$said" "no-such-container"
	crunit kill --signal=KILL box
	wait_state box failed
	assert_equal "$(prop box ExecMainStatus)" 9
	systemctl reset-failed box
	systemctl start box
	crunit kill -s 9 box
	wait_state box failed
	systemctl reset-failed box
	systemctl start box
	crunit rm --force box
	wait_for 5 not_active box
	[[ $(crunit ps -a) != *box* ]] || fail "it is still listed"
	assert_fails crunit rm no-such-container
	assert_match "$said" "no container 'no-such-container'"
	crunit rm --ignore no-such-container
}

# What is kept is listed, used again, and removed by its name.
test_t3_kept_from_a_shell() {
	crunit run --rm=false --name kept --network none localhost/busybox:latest sh -c 'echo one >/mark'
	crunit ps -a | grep ' kept$' >/dev/null || fail "a kept container is not listed: $(crunit ps -a)"
	[[ $(crunit ps) != *kept* ]] || fail "one that ended is listed without -a"
	assert_equal "$(crunit run --rm=false --name kept --network none localhost/busybox:latest cat /mark)" one
	crunit rm kept
	[[ $(crunit ps -a) != *kept* ]] || fail "a removed container is listed"
	assert_fails crunit run --name kept --network none localhost/busybox:latest cat /mark
	crunit rm --ignore kept
}

test_t1_stop_by_name() {
	box
	crunit stop box
	wait_for 5 not_active box
	assert_fails crunit stop nobody
	assert_match "$said" nobody
}

not_active() {
	! has_state "$1" active
}

test_m8_run_from_a_shell() {
	try crunit run --rm --network none -e GREETING=hi localhost/busybox:latest sh -c 'echo $GREETING; exit 9'
	assert_equal "$said" hi
	assert_equal "$status" 9
}

test_run_from_a_shell_passes_input_and_signals() {
	local pid
	assert_equal "$(echo typed | crunit run --rm -i --network none localhost/busybox:latest cat)" typed
	crunit run --rm --network none --name sig localhost/busybox:latest \
		sh -c 'trap "exit 6" TERM; touch /tmp/up; while :; do sleep 0.1; done' &
	pid=$!
	wait_for 5 crunit exec sig test -e /tmp/up
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	assert_equal "$status" 6
}

test_t20_run_on_a_terminal() {
	local out
	out=$(script -qec 'crunit run --rm -it --network none localhost/busybox:latest sh -c "tty; stty size; exit 3"' /dev/null || echo "status $?")
	assert_match "$out" '/dev/pts/0|/dev/console'
	assert_match "$out" 'status 3'
}

# A container gets no descriptor but the standard ones, and cannot go to a
# directory that the caller has left open.
test_descriptors_of_the_caller_stay_outside() {
	local fd
	exec 77</ 78</etc
	assert_equal "$(crunit run --rm --network none localhost/busybox:latest sh -c 'ls /proc/1/fd; true')" $'0\n1\n2'
	box
	assert_equal "$(crunit exec box sh -c 'ls /proc/1/fd; echo; ls /proc/$$/fd; true')" $'0\n1\n2\n\n0\n1\n2'
	for fd in 77 78; do
		assert_fails crunit run --rm --network none -w "/proc/self/fd/$fd" localhost/busybox:latest ls
		assert_match "$said" 'No such file or directory'
		assert_fails crunit exec -w "/proc/self/fd/$fd" box ls
		assert_match "$said" 'No such file or directory'
	done
	exec 77<&- 78<&-
}

test_usage_errors() {
	assert_fails crunit run
	assert_fails crunit run --no-such-option localhost/hello:latest
	assert_match "$said" 'no-such-option'
	assert_fails crunit no-such-command
	assert_match "$said" 'no-such-command'
	assert_match "$(crunit --help)" 'exec '
	assert_match "$(crunit --version)" '^crunit version [0-9]'
}

# What we hand to crun is an OCI bundle like any other: with a root file system beside it, crun runs
# it without us.
has_logged() {
	[ -n "$(crunit logs "$1")" ]
}

test_c2_bundle_runs_with_plain_crun() {
	local bundle=$work/bundle directory
	crunit run -d --name bundled --network none -e WORD=plain localhost/busybox:latest \
		sh -c 'echo "$WORD $(hostname)"; sleep 1000' >$work/id
	wait_for 5 has_logged bundled
	directory=$(crunit inspect --format '{{.BundlePath}}' bundled)
	mkdir -p $bundle/rootfs
	cp "$directory/config.json" $bundle/
	cp -a "/proc/$(crunit inspect --format '{{.State.Pid}}' bundled)/root/bin" $bundle/rootfs/
	# what the program itself does not need: the way to its journal, and a cgroup
	sed -i 's/sleep 1000/exit 5/' $bundle/config.json
	try crun --cgroup-manager=disabled run -b $bundle plain
	crunit rm -f -t 0 bundled
	assert_equal "$status" 5 "$said"
	assert_match "$said" '^plain '
}

# states: "NAME STATE" of all that are known, in order
states() {
	crunit ps -a --format '{{.Names}} {{.State}}' | sort
}

test_choice_of_containers() {
	local i
	for i in 1 2 3; do
		crunit run -d --name "chosen-$i" --label "number=$i" --network none --cidfile "$work/id-$i" \
			localhost/busybox:latest sleep 1000 >/dev/null
	done
	try crunit stop
	assert_equal "$status" 125
	assert_match "$said" 'which container'
	try crunit stop --all chosen-1
	assert_equal "$status" 125
	assert_match "$said" '--all exclude each other'
	try crunit rm --time 3 chosen-1
	assert_equal "$status" 125
	crunit pause --filter name=-1
	assert_equal "$(states)" $'chosen-1 paused\nchosen-2 running\nchosen-3 running'
	crunit unpause --all
	assert_equal "$(states)" $'chosen-1 running\nchosen-2 running\nchosen-3 running'
	i=$(crunit inspect --format '{{.State.Pid}}' chosen-3)
	crunit restart --time 0 --latest
	[ "$(crunit inspect --format '{{.State.Pid}}' chosen-3)" != "$i" ] || fail "it is the same process"
	crunit stop -t 0 --cidfile $work/id-1
	assert_equal "$(states)" $'chosen-1 exited\nchosen-2 running\nchosen-3 running'
	assert_equal "$(crunit ps -n 2 --format '{{.Names}}')" $'chosen-3\nchosen-2'
	assert_equal "$(crunit ps -l --format '{{.Names}}')" chosen-3
	assert_equal "$(crunit ps -a --sort names --format '{{.Names}}' | head -n 1)" chosen-1
	assert_fails crunit ps --sort nonsense
	crunit exec --latest dd if=/dev/zero of=/written bs=1k count=1000 2>/dev/null
	assert_match "$(crunit ps -a --size --sort size | tail -n 1)" '1[.0-9]* MB *$'
	assert_equal "$(crunit ps -l --size --format json | jq '.[0].Size.rwSize > 1000000')" true
	printf 'ONE=1\n# not this\nTWO=two words\n' >$work/variables
	assert_equal "$(crunit exec --env-file $work/variables -e ONE=own chosen-2 sh -c 'echo $ONE, $TWO')" "own, two words"
	echo handed on >$work/text
	assert_equal "$(crunit exec --preserve-fds 1 chosen-2 cat /proc/self/fd/3 3<$work/text)" "handed on"
	assert_fails crunit exec --preserve-fds 1 chosen-2 true 3<&-
	crunit kill --filter label=number=2
	crunit rm --all --force --time 0 || fail "not all were removed"
	assert_equal "$(states)" ""
	assert_fails crunit rm --cidfile $work/none
	crunit rm --ignore --cidfile $work/none
	assert_fails crunit wait --latest
	crunit stop --all
}
