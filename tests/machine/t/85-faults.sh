# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# The settings file, and a machine on which something is missing, full, or broken.

store=/var/tmp/store

# own_hello: hello from a store of its own, which goes with the test.
own_hello() {
	trap 'rm -rf /var/tmp/store' EXIT
	crunit --root $store load -q -i /images/hello.tar
	container own <<-END
		[Container]
		Image=localhost/hello:latest
		Network=none
		GlobalArgs=--root=$store
	END
}

settings() {
	mkdir -p /etc/crunit
	trap 'rm -rf /etc/crunit /var/tmp/store' EXIT
	sed 's/^\t*//' >/etc/crunit/crunit.conf
}

test_settings_have_effect() {
	local began pid
	printf '#!/bin/sh\necho "$@" >>/run/test-runtime\nexec /usr/bin/crun "$@"\n' >$work/runtime
	chmod 755 $work/runtime
	cat >$work/profile.json <<-'END'
		{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		 {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}
	END
	settings <<-END
		[storage]
		path = $store
		[container]
		runtime = $work/runtime
		seccomp-profile = $work/profile.json
		log-driver = none
		stop-timeout = 1
	END
	crunit load -q -i /images/busybox.tar
	[ -e $store/index.json ] || fail "the store is elsewhere"
	container set <<-'END'
		[Container]
		Image=localhost/busybox:latest
		ContainerName=set
		Network=none
		Exec=sh -c 'trap "" TERM; echo loud; while :; do sleep 0.1; done'
	END
	start set
	assert_match "$(crunit exec set mkdir /tmp/x 2>&1)" 'not supported'
	grep -q 'create' /run/test-runtime || fail "the runtime was not used"
	[ -d "$store/containers/set@set/upper" ] || fail "the writable layer is elsewhere"
	assert_equal "$(crunit inspect set | jq -r '.[0].Config | .StopTimeout, .LogDriver' | xargs)" "1 none"
	assert_equal "$(pgrep -c crunit-log || true)" 0 pumps
	pid=$(main_pid set)
	wait_for 5 catches_nothing "$pid"
	began=$(date +%s%N)
	systemctl stop set
	[ $(($(date +%s%N) - began)) -lt 8000000000 ] || fail "the stop timeout is not the settings'"
	! said_in_journal set '^loud$' || fail "the log driver is not the settings'"
	# the container file wins
	sed -i 's|^Network|LogDriver=journald\nSeccompProfile=unconfined\nStopTimeout=2\nNetwork|' $quadlets/set.container
	start set
	assert_journal set '^loud$'
	crunit exec set mkdir /tmp/x
	assert_equal "$(crunit inspect set | jq '.[0].Config.StopTimeout')" 2
	# what a person sees is not a log
	assert_equal "$(crunit run --rm --network none localhost/busybox:latest echo seen)" seen
	systemctl stop set
	rm -f /run/test-runtime
}

# The default network's addresses, those of networks that ask for none until the pools are used up, and a
# pool that another network lies in.
test_settings_of_networks() {
	sleeper plain
	crunit network rm crunit >/dev/null 2>&1 || true
	settings <<-'END'
		[network]
		default-subnet = 172.29.8.0/22
		pools = 172.30.5.0/24:25, fd12:3456:789a::/48:64
	END
	trap 'crunit network rm -f one two far crunit >/dev/null 2>&1; rm -rf /etc/crunit' EXIT
	start plain
	assert_equal "$(crunit inspect plain | jq -r '.[0].NetworkSettings | [.IPAddress, .Gateway, .IPPrefixLen] | join(" ")')" \
		'172.29.8.2 172.29.8.1 22'
	assert_match "$(crunit exec plain ip -4 addr show dev eth0)" '172\.29\.8\.2/22'
	crunit network create --ipv6 one >/dev/null
	assert_equal "$(subnets_of one)" 'fd12:3456:789a::/64 172.30.5.0/25'
	crunit network create --subnet 172.30.5.192/26 far >/dev/null
	assert_fails crunit network create two
	assert_match "$said" 'no subnet is free in the pools'
	crunit network rm far >/dev/null
	crunit network create two >/dev/null
	assert_equal "$(subnets_of two)" 172.30.5.128/25
	# a network keeps its addresses for as long as it is there
	rm -r /etc/crunit
	systemctl restart plain
	assert_match "$(crunit inspect plain | jq -r '.[0].NetworkSettings.IPAddress')" '^172\.29\.8\.'
	systemctl stop plain
	crunit network rm crunit >/dev/null
	systemctl start plain
	assert_match "$(crunit inspect plain | jq -r '.[0].NetworkSettings.IPAddress')" '^10\.88\.'
}

subnets_of() {
	crunit network inspect "$1" | jq -r '[.[0].subnets[].subnet] | sort_by(contains(".")) | join(" ")'
}

# SIGTERM is ignored by now
catches_nothing() {
	[ $((0x$(status_field "$1" SigIgn) & 0x4000)) != 0 ]
}

# nobody COMMAND...: as a user without rights, with a home of his own
nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups env -i PATH="$PATH" HOME=$work/home "$@"
}

store_of() {
	"$@" crunit system info --format json | jq -r .Store.Root
}

# Each file replaces what the one before it said; those of a home are not for root, and the machine's store is
# not for others.
test_settings_files_in_their_order() {
	local home=$work/home/.config/crunit
	chmod 755 $work
	mkdir -p /etc/crunit/crunit.conf.d "$home/crunit.conf.d"
	trap 'rm -rf /etc/crunit' EXIT
	export HOME=$work/home
	printf '[storage]\npath = /one\n' >/etc/crunit/crunit.conf
	assert_equal "$(store_of env)" /one
	printf '[storage]\npath = /two\n' >/etc/crunit/crunit.conf.d/10.conf
	printf '[storage]\npath = /three\n' >/etc/crunit/crunit.conf.d/20.conf
	printf '[storage]\npath = /none\n' >/etc/crunit/crunit.conf.d/30.text
	printf '[storage]\npath = /four\n' >"$home/crunit.conf"
	assert_equal "$(store_of env)" /three
	assert_equal "$(store_of nobody)" /four
	printf '[storage]\npath = /five\n' >"$home/crunit.conf.d/10.conf"
	assert_equal "$(store_of nobody)" /five
	rm -r "$home"
	assert_equal "$(store_of nobody)" "$work/home/.local/share/crunit"
	printf '[storage]\npath = /six\n' >$work/six
	assert_equal "$(store_of env CRUNIT_CONF=$work/six)" /six
	assert_equal "$(store_of env CRUNIT_CONF=$work/six CRUNIT_STORAGE=/seven)" /seven
}

# In a user's store there is what he may make, and nothing else.
test_store_of_a_user() {
	mkdir -p $work/home $work/tree/bin
	chmod 755 $work
	cp /bin/busybox $work/tree/bin/
	chown -R 65534:65534 $work/home $work/tree
	tar -C $work/tree -cf $work/plain.tar .
	nobody crunit load -q -t mine $work/plain.tar
	nobody crunit image check -q
	assert_equal "$(nobody crunit images -n | awk '{ print $1 }')" localhost/mine
	mknod $work/tree/disk b 8 1
	chown 65534:65534 $work/tree/disk
	tar -C $work/tree -cf $work/device.tar .
	assert_fails nobody crunit load -q -t other $work/device.tar
	assert_match "$said" 'cannot make device disk: Operation not permitted'
	assert_equal "$(nobody crunit images -n | wc -l)" 1 images
	assert_equal "$(find $work/home/.local/share/crunit/tmp -mindepth 1 | wc -l)" 0 "unfinished things"
}

test_wrong_setting_is_named() {
	settings <<-'END'
		[storage]
		pth = /srv
	END
	crunit run --rm --network none localhost/busybox:latest true 2>warned
	assert_match "$(cat warned)" "/etc/crunit/crunit.conf:2: unknown setting 'pth'.*path"
	settings <<-'END'
		[storage]
		path = srv
	END
	assert_fails crunit run --rm --network none localhost/busybox:latest true
	assert_match "$said" "/etc/crunit/crunit.conf:2: .*path"
	assert_equal "$status" 125
	assert_fails crunit images
	assert_match "$said" 'crunit.conf:2'
	assert_match "$(crunit run --help)" 'stop-timeout'
}

test_missing_layers_are_unpacked_again() {
	own_hello
	sed 's/^ContainerName.*//' $quadlets/own.container >$quadlets/other.container
	uses other.service
	rm -rf $store/layers
	# two starts at once want the same layer
	start own other
	assert_journal own '^Hello from crunit$'
	assert_journal other '^Hello from crunit$'
	assert_equal "$(find $store/layers -mindepth 1 -maxdepth 1 | wc -l)" 1 layers
	assert_equal "$(find $store/tmp -mindepth 1 | wc -l)" 0 "unfinished things"
	systemctl stop own other
	rm -rf $store/layers
	crunit --root $store run --rm --network none localhost/hello:latest sh -c 'exit 0'
}

test_damaged_blob_cannot_be_unpacked_again() {
	local blob
	own_hello
	rm -rf $store/layers
	blob=$(find $store/blobs -type f -size +100k)
	printf 'x' | dd of="$blob" bs=1 seek=90000 conv=notrunc status=none
	reload
	assert_fails systemctl start own
	assert_journal own 'cannot unpack image localhost/hello:latest again: .*damaged'
	assert_equal "$(find $store/layers -mindepth 1 | wc -l)" 0 "half layers"
	# the archive brings it back
	rm "$blob"
	assert_fails systemctl start own
	assert_journal own "cannot unpack.*$(basename "$blob" | cut -c 1-12)"
	crunit --root $store load -q -i /images/hello.tar
	systemctl reset-failed own
	systemctl start own
	systemctl stop own
}

# elsewhere COMMANDS: with mounts of their own.
elsewhere() {
	unshare --mount --propagation private bash -ec "$1"
}

busybox='crunit run --rm --pull never --network none localhost/busybox:latest'

test_read_only_store() {
	try elsewhere "mount --bind -o ro /var/lib/crunit /var/lib/crunit; $busybox true"
	assert_equal "$status" 125
	assert_match "$said" '/var/lib/crunit/.*Read-only file system'
	try elsewhere "mount --bind -o ro /var/lib/crunit /var/lib/crunit; crunit load -q -i /images/hello.tar"
	[ "$status" != 0 ] || fail "something was loaded"
	assert_match "$said" 'Read-only file system'
	# looking is allowed
	elsewhere 'mount --bind -o ro /var/lib/crunit /var/lib/crunit; crunit images' | grep localhost/busybox >/dev/null
}

# The container's program has given up root.
is_of_user() {
	[ "$(status_field "$(main_pid "$1")" Uid)" = 101 ]
}

# What the host forbids on the store's file system is for users of the host: in its own root a
# container has its set-user-id programs and file capabilities, in volumes it has not.
test_nosuid_store() {
	local way flags pid user=(setpriv --reuid=101 --regid=999 --clear-groups) crunit=(crunit "--root=$store")
	mkdir -p $store
	trap 'systemctl stop nosuid; umount -l $store; rm -rf $store' EXIT
	mount -t tmpfs -o mode=755,nosuid none $store
	"${crunit[@]}" load -q -i /images/probe.tar
	container nosuid <<-END
		[Container]
		Image=localhost/probe:latest
		ContainerName=nosuid
		Network=none
		AddCapability=NET_RAW
		Volume=nosuid:/v
		Entrypoint=/bin/sh
		Exec=-c "cp /bin/cat /own; cp /bin/cat /v/own; chmod 4755 /own /v/own; exec ${user[*]} sleep 1000"
		StopSignal=KILL
		GlobalArgs=--root=$store
		[Service]
		EnvironmentFile=$work/way
	END
	while read -r way flags; do
		mount -o "remount,bind,$flags" $store
		echo "CRUNIT_MOUNT=$way" >$work/way
		start nosuid
		wait_for 10 is_of_user nosuid
		said=$("${crunit[@]}" exec nosuid "${user[@]}" /usr/lib/probe/measure 127.0.0.1)
		assert_match "$said" '"euid": 102.*"cap_eff": "0000000000002000"' "$way, $flags: a program of the image"
		assert_equal "$("${crunit[@]}" exec nosuid "${user[@]}" /own /proc/self/status | effective_user)" 0 "$way, $flags: a new program"
		if [ "$flags" = nosuid ]; then
			assert_equal "$("${crunit[@]}" exec nosuid "${user[@]}" /v/own /proc/self/status | effective_user)" 101 "in a volume"
		else
			assert_fails "${crunit[@]}" exec nosuid "${user[@]}" /v/own /proc/self/status
			assert_match "$said" 'Permission denied'
		fi
		# a user of the host with the same number may look into the container, and gains nothing there
		pid=$(main_pid nosuid)
		assert_equal "$("${user[@]}" "/proc/$pid/root/own" /proc/self/status | effective_user)" 101 "$way, $flags: from the host"
		assert_fails "${user[@]}" ls "$store/layers"
		systemctl stop nosuid
	done <<-'END'
		new nosuid
		classic nosuid
		new nosuid,noexec
	END
	mkdir $store/root
	find $store/layers -path '*/usr/lib/probe/measure' -exec cp -a {} $store/root \;
	said=$(quick --cap-add net_raw --user 101:999 --rootfs $store/root /measure 127.0.0.1)
	assert_match "$said" '"euid": 102' "a root that is a directory"
}

effective_user() {
	awk '$1 == "Uid:" { print $3 }'
}

test_no_store_yet() {
	try elsewhere "mount -t tmpfs none /var/lib; crunit images --format json; $busybox true"
	assert_equal "$status" 125
	assert_match "$said" '^\[[[:space:]]*\].*busybox:latest.* in .*crunit load'
	elsewhere "mount -t tmpfs none /var/lib; crunit load -q -i /images/busybox.tar; $busybox true"
}

test_full_run_directory() {
	local size
	for size in 4k 12k 24k; do
		try elsewhere "mount -t tmpfs -o size=$size none /run/crunit; $busybox echo ran"
		[ "$said" = ran ] || assert_match "$said" 'No space left on device'
	done
	try elsewhere "mount -t tmpfs -o size=4k none /run/crunit; $busybox echo ran"
	assert_equal "$status" 125 "with $size"
	assert_match "$said" 'No space left on device'
	assert_equal "$($busybox echo ran)" ran
}

test_full_disk_while_starting() {
	try elsewhere "
		mkdir -p /run/test-full && cp -a /var/lib/crunit/. /run/test-full
		mount -t tmpfs -o nr_inodes=3 none /run/test-full/containers
		mount --bind /run/test-full /var/lib/crunit && mount --bind /run/test-full/containers /var/lib/crunit/containers
		$busybox true"
	rm -rf /run/test-full
	assert_equal "$status" 125
	assert_match "$said" 'No space left on device'
}

test_runtime_is_missing() {
	container own <<-'END'
		[Container]
		Image=localhost/hello:latest
		Network=none
		GlobalArgs=--runtime=/no/such/crun
	END
	reload
	assert_fails systemctl start own
	assert_journal own "cannot find the container runtime '/no/such/crun'.*package crun"
}

# The way of kernels before the new mount interface.
test_classic_mounts() {
	container old <<-'END'
		[Container]
		Image=localhost/probe:latest
		Network=none
		Entrypoint=/bin/sh
		Exec=-c "ls /opt/old /opt/opaque; exec sleep 1000"
		StopSignal=KILL
		[Service]
		Environment=CRUNIT_MOUNT=classic
	END
	start old
	assert_journal old '^kept$'
	assert_journal old '^above$'
}

waits_for_its_parent() {
	pgrep -f -- "--root=/run/crunit/containers/victim@/crun" >/dev/null
}

# Killed with a container that is created and not started: nobody knows it, and it waits for ever.
test_killed_run_leaves_no_container() {
	local how
	printf '#!/bin/sh\n/usr/bin/crun "$@"\ncase " $* " in *" create "*) kill -9 $PPID ;; esac\n' >$work/killer
	chmod 755 $work/killer
	for how in "run --rm --network none localhost/busybox:latest true" "rm -f victim" \
		"run --rm --name victim --network none localhost/busybox:latest true"; do
		# to a file: what waits has our standard output
		! crunit --runtime $work/killer run --rm --name victim --network none localhost/busybox:latest sleep 3600 \
			>$work/said 2>&1 || fail "crunit was not killed"
		waits_for_its_parent || fail "the container has not been created"
		# shellcheck disable=SC2086
		crunit $how
		! waits_for_its_parent || fail "crunit $how: the container still waits"
		[ ! -e /run/crunit/containers/victim@ ] || fail "crunit $how: its directory is left"
		[ ! -e /var/lib/crunit/containers/victim@ ] || fail "crunit $how: what it wrote is left"
	done
}

# What is damaged in crun's cache of filters would fail each start; it is made anew, and never left out.
test_damaged_seccomp_cache() {
	local filter how
	container filtered <<-'END'
		[Container]
		Image=localhost/busybox:latest
		ContainerName=filtered
		Network=none
		Exec=sleep 1000
		StopSignal=KILL
	END
	rm -rf /run/crunit/cache/filters
	start filtered
	# Debian 12's crun has no cache
	[ -e /run/crunit/cache/seccomp ] || return 0
	filter=$(find /run/crunit/cache/seccomp -type f -samefile /run/crunit/containers/filtered@filtered/crun/*/seccomp.bpf)
	for how in 'echo xxxxxxxx' 'true' 'rm' 'yes'; do
		wait_for 10 has_filter # with ours crun's is not asked
		rm -r /run/crunit/cache/filters
		case $how in
		rm) rm "$filter" && mkdir "$filter" ;;
		yes) yes | head -c 3000 >"$filter" || true ;;
		*) $how >"$filter" ;;
		esac
		mark_journal
		systemctl restart filtered
		assert_journal filtered "filter of system calls in crun's cache has been made anew"
		assert_equal "$(status_field "$(main_pid filtered)" Seccomp)" 2 "after $how"
	done
	assert_equal "$(crunit run --rm --network none localhost/busybox:latest awk '/^Seccomp:/ { print $2 }' /proc/self/status)" 2
	# a profile that crun itself refuses is no damage
	echo '{"defaultAction": "SCMP_ACT_NONSENSE"}' >$work/profile.json
	assert_fails crunit run --rm --network none --security-opt "seccomp=$work/profile.json" localhost/busybox:latest true
}

# refused EXPECTED [LINE...]: what the journal has to say about a container that cannot start
refused() {
	local expected=$1
	shift
	sleeper wrong "$@" 'Network=none'
	sed -i '/^Exec=sleep/{/1000$/d}' $quadlets/wrong.container
	reload
	mark_journal
	assert_fails systemctl start wrong
	assert_journal wrong "$expected"
	systemctl reset-failed wrong
}

# Mistakes of who wrote a container file are told in that file's words, with what to do.
test_mistakes_are_explained() {
	printf x >$work/noexec
	refused '^wrong: crun: .*/no/such. not found.*; the image has no such program: look at the command \(Exec=\)' Exec=/no/such
	refused 'nosuch. not found in .*; the image has no such program' Exec=nosuch
	refused '; .*chmod \+x it, or put its interpreter in front' Exec=/noexec "Volume=$work/noexec:/noexec"
	refused '; (a container runs a program.s file|it is no file that)' Exec=/etc
	refused '; the working directory \(WorkingDir=, or the image.s own\) is a file' WorkingDir=/etc/passwd Exec=true
	refused '; a file is mounted on a file, and a directory on a directory' Volume=/etc/hostname:/etc Exec=true
	refused '; --sysctl net.ipv4.ip_local_port_range=hello: the kernel does not take this value' \
		Sysctl=net.ipv4.ip_local_port_range=hello Exec=true
	refused '; --sysctl net/ipv4/nosuch=1: this kernel has no such parameter' Sysctl=net/ipv4/nosuch=1 Exec=true
	refused '--sysctl vm.max_map_count: .*set it on the host, in /etc/sysctl.d' Sysctl=vm.max_map_count=1 Exec=true
	# to a person it is said once
	try crunit run --rm --network none --sysctl net.ipv4.ip_local_port_range=hello localhost/busybox:latest true
	assert_equal "$status" 125
	assert_match "$said" '--sysctl net.ipv4.ip_local_port_range=hello: the kernel does not take this value'
	assert_equal "$(grep -c 'Invalid argument' <<<"$said")" 1 "how often crun's own words are there: $said"
}

# What a unit waits for is said while it waits, and when it has waited too long.
test_status_says_what_is_awaited() {
	sleeper waits Network=none Notify=yes
	printf '[Service]\nTimeoutStartSec=2\nTimeoutStopSec=1\n' >>$quadlets/waits.container
	reload
	assert_fails systemctl start waits
	assert_equal "$(prop waits Result)" timeout
	assert_match "$(systemctl status waits || true)" 'Status: "it is up when its program says READY=1 \(Notify=yes\)"'
	systemctl reset-failed waits
	sleeper waits Network=none Notify=healthy HealthCmd=true HealthInterval=1h HealthStartPeriod=1h
	sed -i '/^HealthCmd/s/=.*/=sleep 1000/' $quadlets/waits.container
	printf '[Service]\nTimeoutStopSec=1\n' >>$quadlets/waits.container
	reload
	systemctl start --no-block waits
	wait_for 10 awaits_health
	systemctl stop waits
}

awaits_health() {
	[[ $(prop waits StatusText) == 'waiting until it is healthy'* ]]
}

# An address may come later: the port is published all the same, and who looks is told.
test_publish_at_an_address_of_nobody() {
	sleeper early PublishPort=203.0.113.77:18080:80
	start early
	assert_journal early '^--publish 203.0.113.77:18080:80: this machine has no address 203.0.113.77 now'
	assert_equal "$(crunit port early)" '80/tcp -> 203.0.113.77:18080'
	ip address add 203.0.113.77/32 dev lo
	trap 'ip address del 203.0.113.77/32 dev lo' EXIT
	mark_journal
	systemctl restart early
	! said_in_journal early 'no address' || fail "it is there"
}

test_network_record_is_a_directory() {
	local record=/run/crunit/network/members/member@member kind
	container member <<-END
		[Container]
		Image=localhost/busybox:latest
		ContainerName=member
		PublishPort=18081:80
		Exec=sleep 1000
		StopTimeout=0
	END
	start member
	for kind in stop kill; do
		rm $record
		mkdir -p $record/thing
		if [ $kind = kill ]; then systemctl kill -s KILL member; else systemctl stop member; fi
		systemctl reset-failed member 2>/dev/null || true
		systemctl restart member
		[ -f $record ] || fail "after a $kind: no record"
		assert_equal "$(crunit port member)" '80/tcp -> 0.0.0.0:18081'
	done
	systemctl stop member
	[ ! -e $record ] || fail "it is still there"
}

# Not a test of its own: one that fails with everything left behind.
leave_everything() {
	uses crunit-run-nobodys.service
	crunit network create left
	crunit pod create --name left --network left
	crunit run -d --name one --stop-signal KILL --pod left localhost/busybox:latest sleep 1000
	crunit run -d --name two --stop-signal KILL --network left -v left:/data localhost/busybox:latest sleep 1000
	crunit run --name three --network none localhost/busybox:latest true
	echo word | crunit secret create left -
	fail "on purpose"
}

# What fails leaves nothing to the tests after it.
test_a_failed_test_is_cleaned_up() {
	try bash /tests/inside 85-faults.sh leave_everything
	assert_equal "$status" 1 "$said"
	assert_match "$said" 'FAILED: on purpose'
	assert_equal "$(crunit ps -a -q; crunit pod ls -q; crunit volume ls -q; crunit secret ls -q)" ''
	assert_equal "$(crunit network ls -q | grep -vx podman || true)" ''
	assert_equal "$(systemctl list-units --plain --no-legend --all 'crunit-run-*')" ''
}
