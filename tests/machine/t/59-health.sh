# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# Health: the checks of HealthCmd= and of images, what they say, and what follows.

# checked NAME 'lines of [Container]' ['more lines']: a container that is ill while /tmp/ill exists.
checked() {
	container "$1" <<-END
		[Container]
		Image=localhost/busybox:latest
		Network=none
		Exec=sh -c 'trap "exit 0" TERM; while :; do sleep 3600 & wait \$\$!; done'
		HealthCmd=[ ! -e /tmp/ill ]
		HealthInterval=200ms
		$2
		${3:-}
	END
}

health_of() {
	crunit inspect "systemd-$1" | sed -n '/"Health":/,/}/s/.*"Status": *"\([a-z]*\)".*/\1/p' | head -n 1
}

is() {
	[ "$(health_of "$1")" = "$2" ]
}

within() {
	crunit exec "systemd-$1" sh -c "$2"
}

units_are_gone() {
	! systemctl list-units --all --plain --no-legend "$1-health*" | grep -q . &&
		[ ! -e "/run/systemd/transient/$1-health.timer" ]
}

unit_says() {
	prop "$1" StatusText | grep -qE "$2"
}

test_health_is_seen_everywhere() {
	local pid
	checked web 'HealthRetries=2'
	start web
	wait_for 20 is web healthy
	assert_match "$(crunit ps)" 'Up [^ ]* seconds? \(healthy\)'
	assert_match "$(crunit ps --format json)" '"Health": ?"healthy"'
	assert_equal "$(crunit ps -q -f health=healthy -f name=^systemd-web$ | wc -l)" 1
	assert_equal "$(crunit ps -q -f health=unhealthy -f health=none -f name=^systemd-web$)" ''
	assert_fails crunit ps -f health=well
	assert_match "$(crunit health ls)" 'systemd-web *healthy *0'
	assert_match "$(crunit health show systemd-web)" 'Test: *CMD-SHELL \[ ! -e /tmp/ill \]'
	crunit health run systemd-web || fail "a good check by hand fails"
	crunit healthcheck run systemd-web || fail "podman's word for it fails"
	assert_equal "$(prop web StatusText)" healthy
	systemctl is-active web-health.timer web-health.service
	# one process, with little in it
	pid=$(main_pid web-health.service)
	[ "$(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup")" -lt 1000 ] || fail "it is large"
	within web 'touch /tmp/ill'
	wait_for 20 is web unhealthy
	assert_match "$(crunit ps)" '\(unhealthy\)'
	try crunit health run systemd-web
	assert_equal "$status" 1 "exit status of a bad check"
	wait_for 10 unit_says web '^unhealthy: [0-9]* checks failed; the last one: exit code 1'
	assert_journal web-health '^systemd-web is unhealthy: 2 checks failed'
	within web 'rm /tmp/ill'
	wait_for 20 is web healthy
	assert_journal web-health '^systemd-web is healthy again'
	has_state web active || fail "the unit has not stayed up"
	systemctl stop web
	wait_for 10 units_are_gone web
}

test_health_says_nothing_while_healthy() {
	local before
	checked quiet ''
	start quiet
	wait_for 20 is quiet healthy
	journalctl --sync 2>/dev/null || true
	before=$(crunit inspect systemd-quiet | grep -c '"Start":')
	cursor=$(journalctl --quiet -n 0 --show-cursor | sed -n 's/^-- cursor: //p')
	wait_for 20 eval '[ "$(crunit inspect systemd-quiet | grep -c "\"Start\":")" -gt '"$before"' ] || [ '"$before"' = 5 ]'
	sleep 1
	journalctl --sync 2>/dev/null || true
	# not a word, of the checks, of systemd about them, nor of the container
	assert_equal "$(journalctl --quiet --no-pager --after-cursor="$cursor" -o cat | grep -i -E 'health|quiet' || true)" ''
}

test_health_of_the_image() {
	container web <<-END
		[Container]
		Image=localhost/checked:latest
		Network=none
		Notify=healthy
	END
	# that it has a check is known when it comes; nobody reads the unit again then
	! crunit image exists localhost/checked:latest || crunit rmi -f localhost/checked:latest
	reload
	crunit load -q -i /images/checked.tar
	systemctl start web
	is web healthy || fail "it is up, and not healthy"
	within web 'touch /tmp/ill'
	wait_for 20 is web unhealthy
	systemctl stop web
	wait_for 10 units_are_gone web
	sed -i 's/Notify=healthy/HealthCmd=none/' $quadlets/web.container
	start web
	units_are_gone web || fail "it is checked"
	assert_equal "$(health_of web)" ''
	try crunit health run systemd-web
	assert_equal "$status" 125
	assert_match "$said" "has no health check"
}

test_notify_healthy() {
	checked web '
		Notify=healthy
		HealthRetries=1000
		Tmpfs=/tmp'
	sed -i "s|^HealthCmd=.*|HealthCmd=echo not yet; [ -e /tmp/well ]|" $quadlets/web.container
	reload
	systemctl start --no-block web
	wait_for 20 unit_says web 'waiting until it is healthy: .*exit code 1: not yet'
	has_state web activating || fail "it does not wait"
	within web 'touch /tmp/well'
	wait_state web active 20
	is web healthy || fail "it is not healthy"
	wait_for 10 unit_says web '^healthy$'
}

test_notify_healthy_never_comes() {
	checked web '
		Notify=healthy
		HealthRetries=1000' '
		[Service]
		TimeoutStartSec=4'
	sed -i "s|^HealthCmd=.*|HealthCmd=echo no database; exit 3|" $quadlets/web.container
	reload
	try systemctl start web
	[ "$status" != 0 ] || fail "it is up"
	assert_equal "$(prop web Result)" timeout
	assert_match "$(systemctl status --no-pager web || true)" 'waiting until it is healthy: .*exit code 3: no database'
	wait_for 10 units_are_gone web
}

test_health_timeout_kills_everything() {
	checked web 'HealthTimeout=500ms
		HealthRetries=1
		HealthMaxLogCount=1'
	sed -i "s|^HealthCmd=.*|HealthCmd=echo begun; (setsid sleep 4711 \&); sleep 4712|" $quadlets/web.container
	start web
	wait_for 30 is web unhealthy
	assert_match "$(crunit health show systemd-web)" 'not done after 0.500 seconds, and killed'
	assert_match "$(crunit health show systemd-web)" 'begun'
	assert_match "$(crunit inspect systemd-web)" '"ExitCode": ?-1'
	systemctl stop web-health.timer web-health.service
	sleep 0.2
	! within web 'ps -o args' | grep -E 'sleep 471[12]' || fail "processes of the check are left"
	has_state web active || fail "the container went with them"
}

test_health_is_like_exec() {
	local exec check
	# whoever looks from within: user, capabilities, seccomp, limits, namespaces, groups
	cat >/tmp/test/look <<-'END'
		grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp:|Umask)' /proc/self/status
		for ns in cgroup ipc mnt net pid uts user; do readlink /proc/self/ns/$ns; done
		pwd; env | grep -v -E '^(SHLVL|_|OLDPWD|HOME)=' | sort; ulimit -n; ulimit -u
		ls /proc/self/fd | wc -l
	END
	for more in '' 'User=app' 'NoNewPrivileges=true' 'DropCapability=ALL' 'PodmanArgs=--privileged' 'PodmanArgs=--pid host'; do
		checked web "Volume=/tmp/test/look:/look:ro
			WorkingDir=/home
			Environment=COLOUR=blue
			Ulimit=nofile=700:800
			HealthMaxLogSize=0
			HealthMaxLogCount=1
			PodmanArgs=--umask 0027 --group-add 2345
			$more"
		sed -i "s|^HealthCmd=.*|HealthCmd=[\"sh\", \"/look\"]|" $quadlets/web.container
		start web
		wait_for 20 is web healthy
		exec=$(crunit exec systemd-web sh /look)
		check=$(crunit health show systemd-web | sed -n 's/^    //p')
		assert_equal "$check" "$exec" "what a check of a container with '$more' may"
		systemctl stop web
	done
}

test_health_by_the_runtime() {
	local before
	# what we do not understand, crun does
	checked web 'HealthMaxLogCount=1'
	start web
	wait_for 20 is web healthy
	rm /run/crunit/containers/systemd-web@web/crun/*/seccomp.bpf
	systemctl restart web-health.service
	before=$(crunit health show systemd-web | tail -n 1)
	within web 'touch /tmp/ill'
	wait_for 30 is web unhealthy
	assert_match "$(crunit inspect systemd-web)" '"ExitCode": ?1,'
}

test_health_on_failure() {
	local first
	checked kill 'HealthRetries=1
		HealthOnFailure=kill' '
		[Service]
		Restart=on-failure
		RestartSec=100ms'
	checked restart 'HealthRetries=1
		HealthOnFailure=restart'
	checked stop 'HealthRetries=1
		HealthOnFailure=stop'
	checked none 'HealthRetries=1
		HealthOnFailure=none'
	start kill restart stop none
	for name in kill restart stop none; do
		wait_for 20 is $name healthy
	done
	first=$(prop restart InvocationID)
	for name in kill restart stop none; do
		within $name 'touch /tmp/ill' || true
	done
	wait_for 20 restarted kill 1
	wait_for 20 is kill healthy # a new container: its log and its status are new
	wait_state stop inactive 20
	assert_equal "$(prop stop Result)" success
	wait_for 20 eval "[ \"\$(prop restart InvocationID)\" != $first ]"
	wait_for 20 is restart healthy
	has_state none active || fail "none is $(prop none ActiveState)"
	wait_for 20 is none unhealthy
	wait_for 10 units_are_gone stop
}

# Nothing answers in a container that is paused, and nobody is to do anything about it.
test_health_while_paused() {
	checked still 'HealthRetries=1
		HealthTimeout=1s
		HealthOnFailure=kill'
	start still
	wait_for 20 is still healthy
	crunit pause systemd-still
	sleep 4
	assert_equal "$(crunit ps -a --filter name=systemd-still --format '{{.State}}')" paused
	is still healthy || fail "$(crunit inspect systemd-still)"
	try crunit health run systemd-still
	assert_equal "$status" 125
	assert_match "$said" "container 'systemd-still' is paused: .crunit unpause systemd-still. first"
	try timeout 10 crunit exec systemd-still true
	assert_equal "$status" 125
	assert_match "$said" "container 'systemd-still' is paused: .crunit unpause systemd-still. first"
	crunit unpause systemd-still
	assert_equal "$(crunit health run systemd-still >/dev/null 2>&1 && echo yes)" yes
	has_state still active || fail "still is $(prop still ActiveState)"
	assert_equal "$(prop still NRestarts)" 0
	systemctl stop still
}

# systemd has no room for the units of the checks: they come when it has.
test_health_waits_for_room() {
	local kind
	# the last two have room for the timer's file, and none for the service's or for what is in it
	for kind in size=4k nr_inodes=1 nr_inodes=3 size=8k; do
		mkdir -p /run/systemd/transient
		mount -t tmpfs -o $kind none /run/systemd/transient
		head -c 4096 /dev/zero >/run/systemd/transient/filler || true
		checked late HealthRetries=1
		start late
		sleep 4
		if [ "$(prop late-health.timer ActiveState)" = active ]; then umount -l /run/systemd/transient && fail "$kind: there was room"; fi
		umount -l /run/systemd/transient
		wait_for 20 is late healthy
		wait_for 5 eval '[ "$(prop late-health.timer ActiveState)" = active ]'
		! pgrep -x crunit || fail "$kind: somebody still waits"
		systemctl stop late
	done
}

# All of ours are killed as soon as the unit is up, before anybody has asked: it is asked all the same.
test_health_survives_its_starter() {
	local i killed=0
	checked web HealthRetries=3
	for i in $(seq 30); do
		start web
		[ -e /run/systemd/transient/web-health.timer ] || fail "$i: there is no timer yet"
		systemctl stop web
		wait_for 10 units_are_gone web
	done
	# seen from outside, it is so slow that somebody can come in between
	mv /usr/bin/crunit /usr/bin/crunit.real
	printf '#!/bin/bash\n[ "$1" = run ] || exec -a crunit /usr/bin/crunit.real "$@"\nexec strace -f -qq -o /dev/null /usr/bin/crunit.real "$@"\n' >/usr/bin/crunit
	chmod 755 /usr/bin/crunit
	trap 'mv /usr/bin/crunit.real /usr/bin/crunit' EXIT
	for i in $(seq 6); do
		systemctl start --no-block web
		while ! systemctl is-active -q web; do :; done
		! pkill -KILL -x crunit.real || killed=$((killed + 1))
		wait_for 10 is web healthy
		systemctl stop web
		wait_for 10 units_are_gone web
	done
	[ $killed -gt 0 ] || fail "nobody was killed"
}

# Pausing and checks get on with each other, and so does systemd's own way with both.
test_health_beside_many_pauses() {
	local i
	checked still HealthRetries=3
	start still
	wait_for 20 is still healthy
	for i in $(seq 100); do
		crunit pause systemd-still || fail "pause $i"
		assert_equal "$i $(paused_processes still)" "$i sh sleep"
		crunit unpause systemd-still || fail "unpause $i"
		! cgroups | grep still.service/crunit-paused >/dev/null || fail "$i: it is still paused"
	done
	wait_for 5 eval '! cgroups | grep still.service/crunit-health >/dev/null' || fail "the group of checks stays"
	# systemd's own way, with nobody who asks again: no check goes on all the time
	for i in $(seq 10); do
		systemctl freeze still || systemctl freeze still || fail "freeze $i"
		systemctl thaw still || systemctl thaw still || fail "thaw $i"
	done
	wait_for 10 is still healthy
	assert_equal "$(prop still NRestarts)" 0
	systemctl stop still
}

# Who waits for another check is told to stop, too.
test_health_run_takes_signals() {
	local first second began
	crunit run -d --name slow --network none --health-cmd 'sleep 30' --health-interval disable --health-timeout 40s \
		localhost/busybox:latest sleep 1000 >/dev/null
	uses crunit-run-slow.service
	crunit health run slow &
	first=$!
	wait_for 10 eval "crunit top slow args | grep -q 'sleep 30'"
	crunit health run slow &
	second=$!
	sleep 1
	began=$SECONDS
	kill -TERM $second $first
	wait $second || true
	wait $first || true
	[ $((SECONDS - began)) -lt 10 ] || fail "it took $((SECONDS - began)) s"
	crunit rm -f slow
}

test_health_startup() {
	checked web 'HealthRetries=1
		HealthStartupCmd=[ -e /tmp/up ]
		HealthStartupInterval=200ms
		HealthStartupSuccess=2
		HealthStartupTimeout=5s'
	start web
	sleep 0.5
	is web starting || fail "it is $(health_of web)"
	within web 'touch /tmp/up'
	wait_for 20 is web healthy
	# it never starts up: it is restarted
	checked never 'HealthStartupCmd=false
		HealthStartupInterval=200ms
		HealthStartupRetries=2'
	no_start_limit never
	start never
	first=$(prop never InvocationID)
	wait_for 20 eval "[ \"\$(prop never InvocationID)\" != $first ]"
	# nor does one whose checks never end
	checked slow 'HealthTimeout=1h
		HealthStartupCmd=sleep 4713
		HealthStartupTimeout=300ms
		HealthStartupInterval=200ms
		HealthStartupRetries=2'
	no_start_limit slow
	start slow
	first=$(prop slow InvocationID)
	wait_for 20 eval "[ \"\$(prop slow InvocationID)\" != $first ]"
}

test_health_start_period() {
	checked web 'HealthRetries=1
		HealthStartPeriod=1h'
	sed -i "s|^HealthCmd=.*|HealthCmd=false|" $quadlets/web.container
	start web
	wait_for 20 eval 'crunit inspect systemd-web | grep -q "\"ExitCode\": *1"'
	is web starting || fail "it is $(health_of web)"
	assert_match "$(crunit inspect systemd-web)" '"FailingStreak": ?0'
}

test_health_drop_ins() {
	checked web 'HealthMaxLogCount=1'
	sed -i 's/HealthInterval=.*/HealthInterval=1h/' $quadlets/web.container
	mkdir -p /etc/systemd/system/web-health.timer.d /etc/systemd/system/web-health.service.d
	printf '[Timer]\nOnUnitInactiveSec=200ms\n' >/etc/systemd/system/web-health.timer.d/10-often.conf
	printf '[Service]\nEnvironment=CHANGED=yes\n' >/etc/systemd/system/web-health.service.d/10-more.conf
	start web
	wait_for 20 is web healthy
	environment_of "$(main_pid web-health.service)" | grep -qx CHANGED=yes || fail "no drop-in for the service"
	within web 'touch /tmp/ill'
	wait_for 20 is web unhealthy # not only in an hour
	# templates have one for all
	container web@ <<-'END'
		[Container]
		Image=localhost/busybox:latest
		Network=none
		Exec=sleep 3600
		HealthCmd=true
	END
	uses web@1.service
	start web@1
	wait_for 20 systemctl is-active web-health@1.timer web-health@1.service
	systemctl stop web@1
	rm -r /etc/systemd/system/web-health.*.d
	wait_for 10 eval '! systemctl list-units --all --plain --no-legend "web-health@*" | grep -q .'
}

# By another process than before.
health_is_watched() {
	local now
	now=$(prop web-health.service MainPID)
	[ "$now" != 0 ] && [ "$now" != "${pid:-0}" ]
}

test_health_survives_and_ends() {
	local pid
	checked web 'HealthMaxLogCount=1'
	start web
	wait_for 20 is web healthy
	# the process that checks is gone: the timer brings it back, as often as that takes
	for _ in {1..8}; do
		wait_for 20 health_is_watched
		pid=$(main_pid web-health.service)
		kill -9 "$pid"
		wait_for 20 health_is_watched
	done
	within web 'touch /tmp/ill'
	wait_for 30 is web unhealthy
	systemctl daemon-reload
	within web 'rm /tmp/ill'
	wait_for 20 is web healthy
	# a restart makes a new container, whose health begins anew
	systemctl restart web
	wait_for 20 is web healthy
	systemctl is-active web-health.timer web-health.service
	assert_match "$(crunit inspect systemd-web)" '"FailingStreak": ?0'
	# the container dies by itself, at once, or while it starts
	kill -9 "$(main_pid web)"
	wait_state web failed
	wait_for 10 units_are_gone web
	systemctl reset-failed web
	systemctl start web
	systemctl stop web
	wait_for 10 units_are_gone web
	checked short ''
	sed -i 's/^Exec=.*/Exec=true/' $quadlets/short.container
	no_start_limit short
	reload
	for _ in 1 2 3 4 5; do
		systemctl start short || true
		wait_state short inactive
	done
	wait_for 10 units_are_gone short
}

test_health_output_is_harmless() {
	checked web 'HealthRetries=1
		HealthMaxLogCount=2
		HealthMaxLogSize=20'
	sed -i "s|^HealthCmd=.*|HealthCmd=printf '\\\\\\\\033[2J\\\\\\\\377red'; yes; exit 1|; s|^HealthInterval=.*|&\nHealthTimeout=5s|" $quadlets/web.container
	start web
	wait_for 30 is web unhealthy
	crunit health show systemd-web >/tmp/test/shown
	! grep -q "$(printf '\033')" /tmp/test/shown || fail "an escape reaches the terminal"
	journalctl -u web-health -o json --after-cursor="$cursor" >/tmp/test/journal
	! grep -q '"MESSAGE":\[' /tmp/test/journal || fail "bytes reach the journal"
	wait_for 20 eval '[ "$(crunit inspect systemd-web | jq ".[0].State.Health.FailingStreak")" -ge 4 ]'
	assert_equal "$(crunit inspect systemd-web | jq '.[0].State.Health.Log | length')" 2 "results that are kept"
	[ "$(stat -c %s /run/crunit/containers/systemd-web@web/health.json)" -lt 4000 ] || fail "the log is long"
}

test_health_from_a_shell() {
	crunit run --name byhand --rm --network none --health-cmd true --health-interval 200ms localhost/busybox:latest sleep 3600 &
	wait_for 20 eval 'crunit health show byhand 2>/dev/null | grep -q "^Status: *healthy"'
	systemctl is-active crunit-byhand-health.timer
	crunit stop byhand
	wait
	wait_for 10 eval '! systemctl list-units --all --plain --no-legend "crunit-byhand-health*" | grep -q .'
}

# Each result is written where it is to go.
test_health_log_destination() {
	local directory=$work/log
	mkdir $directory
	checked filed "HealthLogDestination=$directory"
	checked told 'HealthLogDestination=events_logger
		HealthMaxLogCount=1'
	start filed told
	wait_for 20 is filed healthy
	wait_for 20 is told healthy
	wait_for 10 eval "grep -rq '\"Status\": *\"healthy\"' $directory"
	assert_equal "$(find $directory -type f | wc -l)" 1 "files of the log"
	# a result that is as the one before is told as well
	wait_for 20 eval '[ "$(crunit events --no-stream --since "$(date -d -1hour +@%s)" -f container=systemd-told -f event=health_status | wc -l)" -ge 3 ]'
	systemctl stop filed told
}
