# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# Images that attack the host, programs that attack the terminal, and where secrets must not be.

hostile=/var/tmp/hostile

# What links lead to: nobody opens or changes it. Each event on it is a line of $work/events.
lay_bait() {
	trap 'clear_bait' EXIT
	mkdir -p /victim/dir $hostile
	echo untouched >/victim/file
	echo untouched >/victim/dir/file
	mkfifo /victim/fifo
	find /victim -printf '%p %m %U %G %s %T@\n' | sort >$work/bait
	export CRUNIT_STORAGE=$hostile/store
	python3 /tests/hostile-watch /victim >$work/events &
	watcher=$!
	wait_for 5 grep -q watching $work/events
}

clear_bait() {
	kill "$watcher" 2>/dev/null || true
	rm -rf /victim $hostile
	crunit secret rm token >/dev/null 2>&1 || true
}

bait_is_untouched() {
	kill "$watcher"
	assert_equal "$(grep -v watching $work/events || true)" "" "what was done to the bait"
	find /victim -printf '%p %m %U %G %s %T@\n' | sort | cmp - $work/bait || fail "the bait has changed"
}

# load_hostile WORD: made and loaded
load_hostile() {
	python3 /tests/hostile-images "$hostile/$1" "$1"
	crunit load -q -i "$hostile/$1" >/dev/null
	jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"]' "$hostile/$1/index.json" >$work/names
}

# assert_understandable NAME: what was tried ended by itself, and said something short where it failed
assert_understandable() {
	[[ $status =~ ^(0|1|125|126|127)$ ]] || fail "$1: exit status $status: $said"
	[ "$status" = 0 ] || [ -n "$said" ] || fail "$1: no reason is given"
	[ ${#said} -lt 10000 ] || fail "$1: ${#said} bytes of messages"
	[[ $said != *untouched* ]] || fail "$1: the host's file is read: $said"
}

# All that the host opens, makes or mounts in the container's root, each wrong in every way.
# timeout test_h1_what_the_host_touches_in_a_root: 400
test_h1_what_the_host_touches_in_a_root() {
	local way name good=0
	lay_bait
	echo token | crunit secret create token - >/dev/null
	mkdir -p $work/bound
	echo bound >$work/file
	for way in absolute up loop magic through inside swapped fifo device; do
		load_hostile $way
		while read -r name; do
			try timeout -k 5 60 crunit run --rm --pull never --network none --pids-limit -1 --user app \
				--secret token --tz UTC --volume vol:/named:U --volume /data --volume $work/bound:/srv/mount \
				--volume $work/file:/srv/bound --tmpfs /tmp --workdir /work "$name" \
				sh -c 'for f; do [ ! -f "$f" ] || grep -h untouched "$f"; done; exit 2' sh \
				/etc/hosts /etc/passwd /etc/group /run/secrets/token /work/file /data/file \
				/named/file /tmp/file /victim/file /victim/dir/file
			# the container ran, and if it read nothing, said has nothing of it
			[ "$status" != 2 ] || { good=$((good + 1)) && status=1 said=${said:-nothing}; }
			assert_understandable "$name"
			crunit volume rm vol >/dev/null 2>&1 || true
		done <$work/names
		crunit rmi --all --force >/dev/null
	done
	[ $good -gt 20 ] || fail "only $good of the images run at all"
	bait_is_untouched
	assert_equal "$(cat $work/file)" bound "a file that was mounted"
	assert_equal "$(ls $work/bound)" "" "a directory that was mounted"
}

# NAME  STATUS  PATTERN: "load" where it is refused before it can be run
hostile_configurations='
bin             load  larger than 8388608 bytes
deep            load  nesting too deep
twice           0     ^the last one$
environment     1     Argument list too long
environment-huge load  larger than 8388608 bytes
labels          0     ^$
nul             load  has a NUL byte
empty           125   the name of the program to run is empty
nothing         125   no command
words           1     Argument list too long
word            1     Argument list too long
user            125   user u+
number          125   has no user .4294967295
negative        125   has no user .-1
colons          125   has no group
up              0     ^/victim/dir$
relative        0     ^/y$
long            125   cannot make /x/x/x
component       125   cannot make /x+
signal          125   is no signal
signal-number   125   is no signal
port            0     ^$
volume-root     0     ^$
volume-up       0     ^$
volume-proc     0     ^$
volume-in-proc  125   asks for a volume at /proc/sys/kernel
volume-attr     125   asks for a volume at /proc/self/attr
volume-sys      0     ^$
volume-devices  0     ^$
volume-empty    0     ^$
volume-long     125   cannot open /x+
volume-file     125   Not a directory
volumes         125   20000 volumes, at most 500
health-huge     125   Interval is out of range
health-text     125   is not of type array
health-list     125   is not a list of strings
health-words    0     ^$
health-shell    0     ^$
type-env        load  "Env" is not of type array
type-cmd        load  "Cmd" is not of type array
type-labels     load  "Labels" is not of type object
type-volumes    load  "Volumes" is not of type object
type-exposedports load  "ExposedPorts" is not of type object
type-user       load  "User" is not of type string
type-workingdir load  "WorkingDir" is not of type string
type-stopsignal load  "StopSignal" is not of type string
env-bad         127   not found in .PATH
'

# timeout test_h2_configurations: 300
test_h2_configurations() {
	local name expected pattern count=0
	lay_bait
	python3 /tests/hostile-images $hostile/c configurations
	while read -r name expected pattern; do
		[ -n "$name" ] || continue
		count=$((count + 1))
		try crunit load -q -i "oci:$hostile/c:localhost/c-$name:1"
		[ $expected != load ] || assert_fails crunit load -q -i "oci:$hostile/c:localhost/c-$name:1"
		if [ $expected != load ]; then
			assert_equal "$status" 0 "loading $name: $said"
			try timeout -k 5 100 crunit run --rm --pull never --network none --pids-limit -1 "localhost/c-$name:1"
			assert_equal "$status" $expected "exit status of $name: ${said:0:300}"
		fi
		assert_understandable "$name"
		grep -qE -- "$pattern" <<<"$said" || fail "$name says '${said:0:300}', not '$pattern'"
	done <<<"$hostile_configurations"
	assert_equal $count "$(($(jq '.manifests | length' $hostile/c/index.json) - 2))" "images looked at"
	bait_is_untouched
}

# A working directory that is a descriptor of who starts the container leads out of it.
test_h2_working_directory_is_no_descriptor() {
	local n
	lay_bait
	unset CRUNIT_STORAGE
	# shellcheck disable=SC2016
	look='cat file ../file ../../victim/file ../../../../../victim/file ../../../../../../../victim/file'
	crunit run -d --name leaky --network none --pids-limit -1 localhost/busybox:latest sleep 1000 >/dev/null
	for n in $(seq 0 24); do
		try crunit run --rm --network none --pids-limit -1 --workdir "/proc/self/fd/$n" localhost/busybox:latest sh -c "$look"
		[[ $said != *untouched* ]] || fail "descriptor $n of a start leads out"
		try crunit exec --workdir "/proc/self/fd/$n" leaky sh -c "$look"
		[[ $said != *untouched* ]] || fail "descriptor $n of crunit exec leads out"
	done
	crunit rm -f leaky >/dev/null
	bait_is_untouched
}

test_h3_layers() {
	lay_bait
	python3 /tests/hostile-images $hostile/l layers
	assert_fails crunit load -q -i "oci:$hostile/l:localhost/l-many:1"
	assert_match "$said" '601 layers, at most 499'
	assert_fails crunit load -q -i "oci:$hostile/l:localhost/l-endless:1"
	assert_match "$said" '10001 layers, at most 499'
	crunit load -q -i "oci:$hostile/l:localhost/l-devices:1"
	# nodes of devices that no container has; nested machines have no filter for them
	try crunit run --rm --pull never --network none --pids-limit -1 --cgroups=split --device-policy=closed \
		localhost/l-devices:1 sh -c 'cat /disk; cat /mine-mem; head -c 1 /mine-zero && echo zero'
	if [[ $said != *'has no effect'* ]]; then
		assert_match "$said" 'disk.*(not permitted|Permission denied)'
		assert_match "$said" 'mem.*(not permitted|Permission denied)'
	fi
	# set-user-id programs in the store are no way up for users of the machine
	assert_fails setpriv --reuid 65534 --regid 65534 --clear-groups find $hostile/store/layers -name suid
	bait_is_untouched
}

# --- what gets to a terminal

evil=$'a\e[31m\x7f\xc2\x9b\xe2\x80\xaeb'

# clean COMMAND...: nothing it prints, to a terminal, does anything there
clean() {
	python3 -c 'import os, pty, sys
status = pty.spawn(sys.argv[1:])
sys.exit(os.waitstatus_to_exitcode(status))' "$@" >$work/shown 2>&1 </dev/null || fail "failed: $*: $(cat -v $work/shown)"
	! LC_ALL=C grep -naP '[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]' \
		$work/shown >$work/found || fail "$*: $(head -n 3 $work/found | cat -v)"
	[ -s $work/shown ] || fail "$*: nothing is shown"
}

test_h4_views_are_clean() {
	local format
	trap 'crunit rm -f evil >/dev/null 2>&1; crunit volume rm evil >/dev/null 2>&1; crunit network rm evil >/dev/null 2>&1
		crunit secret rm evil >/dev/null 2>&1; crunit rmi -f localhost/c-label:1 >/dev/null 2>&1; rm -rf $hostile' EXIT
	python3 /tests/hostile-images $hostile/c configurations
	crunit load -q -i "oci:$hostile/c:localhost/c-label:1" >/dev/null
	crunit volume create --label "x=$evil" evil >/dev/null
	crunit network create --label "x=$evil" evil >/dev/null
	echo s | crunit secret create --label "x=$evil" evil - >/dev/null
	crunit run -d --name evil --network evil --pids-limit -1 --volume evil:/v --label "$evil=$evil" --annotation "x=$evil" \
		--env "X=$evil" --health-cmd "echo '$evil'; false" --health-interval 1h localhost/c-label:1 \
		sh -c "busybox mkdir -p '/tmp/$evil'; busybox mknod '/tmp/$evil/$evil' p; echo '$evil'; while :; do sleep 1000; done" "$evil" >/dev/null
	wait_for 10 crunit exec evil sh -c "ls /tmp/*"
	wait_for 10 bash -c "crunit diff evil | grep -q tmp/a"
	crunit health run evil >/dev/null 2>&1 || true
	clean crunit ps
	clean crunit ps --format json
	clean crunit ps --format '{{.Command}} {{.Labels}}'
	clean crunit inspect evil
	clean crunit inspect --format '{{.Config.Labels}} {{json .Config.Env}}' evil
	clean crunit top evil
	clean crunit top --format json evil
	clean crunit diff evil
	clean crunit diff --format json evil
	clean crunit stats --no-stream evil
	clean crunit health ls
	clean crunit health show evil
	clean crunit events --stream=false
	clean crunit events --stream=false --format json
	clean crunit images
	clean crunit images --format json
	clean crunit history localhost/c-label:1
	clean crunit image inspect localhost/c-label:1
	clean crunit volume ls
	clean crunit volume ls --format json
	clean crunit volume inspect evil
	clean crunit network ls
	clean crunit network ls --format json
	clean crunit network inspect evil
	for format in tree dot json; do
		clean crunit network graph --format $format
	done
	clean crunit secret ls
	clean crunit secret inspect evil
	clean crunit secret inspect --pretty evil
	clean crunit system df
	clean crunit system info
	# messages quote what they are about
	clean bash -c "crunit cp 'evil:/tmp/$evil/none' /tmp/none || true"
	clean bash -c "crunit run --rm '$evil' || true"
}

# --- where a secret is not

# leaks_of VALUE: arguments and environments of our programs and of crun, as they come and go
leaks_of() {
	local directory
	while :; do
		for directory in /proc/[0-9]*; do
			case $(cat "$directory/comm" 2>/dev/null) in
			crun*) grep -qaF "$1" "$directory/cmdline" "$directory/environ" 2>/dev/null &&
				echo "$directory $(tr '\0' ' ' <"$directory/cmdline")" ;;
			esac
		done
		sleep 0.01
	done
}

test_h5_secret_is_nowhere_else() {
	local value=x7Qk2-hidden-Zp9
	trap 'kill "$watcher" 2>/dev/null || true; crunit secret rm --ignore hidden >/dev/null' EXIT
	leaks_of $value >$work/leaks 2>/dev/null &
	watcher=$!
	printf '%s' $value | crunit secret create hidden -
	container secretive <<-'END'
		[Container]
		Image=localhost/busybox:latest
		ContainerName=secretive
		Network=none
		Secret=hidden
		Secret=hidden,type=env,target=HIDDEN
		HealthCmd=test -n "$HIDDEN"
		HealthInterval=1s
		Notify=healthy
		StopTimeout=1
		Exec=sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done'
	END
	start secretive
	# shellcheck disable=SC2016
	assert_equal "$(crunit exec secretive sh -c 'echo $HIDDEN; cat /run/secrets/hidden' | tr -d '\n')" $value$value
	crunit health run secretive
	crunit inspect secretive >$work/views
	crunit ps --format json >>$work/views
	crunit top secretive >>$work/views
	crunit health show secretive >>$work/views
	crunit secret inspect hidden >>$work/views
	crunit events --stream=false >>$work/views
	systemctl show secretive secretive-health.timer >>$work/views 2>&1
	! grep -F $value $work/views || fail "a view tells it"
	[ -z "$(find /run/crunit /var/lib/crunit -type f -perm /077 -exec grep -lF $value {} +)" ] ||
		fail "a file that others may read has it"
	# where root alone looks: what crun needs until the end
	assert_equal "$(stat -c %a /run/crunit/containers/secretive@secretive)" 700 "mode of the state"
	assert_equal "$(stat -c %a /run/crunit/containers/secretive@secretive/config.json)" 600 "mode of config.json"
	systemctl restart secretive
	systemctl stop secretive
	[ -z "$(grep -rlF $value /run/crunit /var/lib/crunit)" ] || fail "something is left"
	journalctl --sync
	! journalctl --quiet --no-pager --cursor="$cursor" -o export | grep -aF $value || fail "the journal has it"
	kill "$watcher"
	assert_equal "$(cat $work/leaks)" "" "arguments and environments"
}
