# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# The effect of keys inside a running container, many of them at once in each.

# in_box COMMAND: its output, run by the shell of the container "box".
in_box() {
	crunit exec box /bin/sh -c "$1" 2>&1
}

# start_box LINES: a container that does nothing, but with these keys.
start_box() {
	container box <<-END
		[Container]
		Image=localhost/busybox:latest
		ContainerName=box
		StopSignal=KILL
		Exec=sleep 1000
		$1
	END
	start box
	pid=$(main_pid box)
}

# has_line TEXT LINE
has_line() {
	grep -qxF -- "$2" <<<"$1" || fail "no line '$2' in: $1"
}

# mount_options TARGET: of the topmost mount there, flags and the file system's.
mount_options() {
	awk -v target="$1" '$5 == target { line = $6 "," $NF } END { print line }' "/proc/$pid/mountinfo"
}

# has_words LIST WORD...: in a list with commas
has_words() {
	local list=$1 word
	shift
	for word; do
		[[ ,$list, == *,$word,* ]] || fail "no '$word' in '$list'"
	done
}

has_no_words() {
	local list=$1 word
	shift
	for word; do
		[[ ,$list, != *,$word,* ]] || fail "'$word' in '$list'"
	done
}

# A zone of our own: five hours east, called ABC.
make_zone() {
	mkdir -p /usr/share/zoneinfo/Test
	{
		printf 'TZif\0'
		head -c 15 /dev/zero
		printf '\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4'
		printf '\0\0\x46\x50\0\0ABC\0'
	} >/usr/share/zoneinfo/Test/Zone
}

test_t19_user_directory_environment() {
	local vars
	make_zone
	printf '# no variable\nFILE=from file\nBOTH=file\nFROM_SERVICE\n' >$work/env
	printf 'FILE=from second\n' >$work/env2
	container who <<-END
		[Container]
		Image=localhost/app:latest
		ContainerName=box
		Network=none
		Entrypoint=/bin/sh
		Exec=-c "echo as \$\$(id -u); exec sleep 1001"
		User=4321
		Group=2345
		GroupAdd=5555
		GroupAdd=more
		WorkingDir=/srv/made/new
		HostName=alpha.example
		Environment=ONE=1 "TWO=two  words" BOTH=unit PATH=/bin
		Environment=COLOUR=red ONE=one
		EnvironmentFile=$work/env
		EnvironmentFile=$work/env2
		EnvironmentHost=true
		Timezone=Test/Zone
		StopSignal=KILL
		PodmanArgs=--unsetenv=SHAPE --umask=0027
		[Service]
		Environment=FROM_SERVICE=yes
	END
	start who
	assert_journal who '^as 4321$'
	pid=$(main_pid who)
	assert_equal "$(tr '\0' ' ' <"/proc/$pid/cmdline")" "sleep 1001 "
	assert_equal "$(awk '$1 == "Uid:" { print $2, $3, $4, $5 }' "/proc/$pid/status")" "4321 4321 4321 4321"
	assert_equal "$(awk '$1 == "Gid:" { print $2, $3, $4, $5 }' "/proc/$pid/status")" "2345 2345 2345 2345"
	assert_equal "$(sed -n 's/^Groups:[[:space:]]*//p' "/proc/$pid/status" | tr ' ' '\n' | sort -n | xargs)" "2345 3456 5555"
	assert_equal "$(status_field "$pid" Umask)" 0027 umask
	assert_equal "$(status_field "$pid" CapEff)" 0000000000000000 "a user's capabilities"
	assert_equal "$(readlink "/proc/$pid/cwd")" /srv/made/new
	vars=$(environment_of "$pid")
	for line in ONE=one 'TWO=two  words' BOTH=unit COLOUR=red 'FILE=from second' FROM_SERVICE=yes \
		container=crunit HOSTNAME=alpha.example; do
		has_line "$vars" "$line"
	done
	! grep -E '^(SHAPE|NOTIFY_SOCKET|JOURNAL_STREAM|INVOCATION_ID)=' <<<"$vars" || fail "too many variables"
	assert_equal "$(in_box hostname)" alpha.example
	assert_equal "$(cat "/proc/$pid/root/etc/hostname")" alpha.example
	grep -q alpha.example "/proc/$pid/root/etc/hosts" || fail "the host name is not in /etc/hosts"
	assert_equal "$(in_box 'date +%Z%z')" ABC+0500 "time zone"
	assert_equal "$(in_box 'id -u')" 4321 "user of a second program"
	assert_match "$(crunit ps)" ' box$'
	rm -r /usr/share/zoneinfo/Test
}

test_t19_environment_of_the_host_only_when_asked() {
	start_box $'Network=none\nTimezone=local\n[Service]\nEnvironment=FROM_SERVICE=yes'
	! environment_of "$pid" | grep FROM_SERVICE || fail "the service's environment is inside"
	assert_equal "$(cat "/proc/$pid/root/etc/hostname")" "$(cut -c 1-12 <<<"$(crunit inspect box | jq -r '.[0].Id')")"
	[ ! -e /etc/localtime ] || cmp /etc/localtime "/proc/$pid/root/etc/localtime"
}

test_t19_rights() {
	local line
	start_box "Network=none
		DropCapability=all
		AddCapability=NET_BIND_SERVICE cap_sys_time
		NoNewPrivileges=true
		AddDevice=/dev/fuse:/dev/other:r
		AddDevice=-/dev/no-such-device
		AddDevice=/dev/urandom:/dev/sub/rng
		Mask=/proc/cpuinfo:/srv/data
		Unmask=/proc/keys
		SecurityLabelDisable=true
		SecurityLabelType=spc_t
		SecurityLabelLevel=s0:c1,c2
		SecurityLabelFileType=usr_t
		SecurityLabelNested=true
		AppArmor=my-profile"
	assert_equal "$(status_field "$pid" CapBnd)" 0000000002000400
	assert_equal "$(status_field "$pid" CapEff)" 0000000002000400
	assert_equal "$(status_field "$pid" NoNewPrivs)" 1
	assert_match "$(in_box 'grep NoNewPrivs /proc/self/status')" '1$' "of a second program"
	assert_equal "$(in_box 'stat -c "%F %t:%T" /dev/other')" "character special file a:e5"
	assert_equal "$(in_box 'stat -c "%F %t:%T" /dev/sub/rng; head -c 4 /dev/sub/rng | wc -c' | xargs)" "character special file 1:9 4"
	assert_match "$(in_box 'ls /dev/fuse /dev/loop0 /dev/no-such-device')" \
		'fuse: No such.*loop0: No such.*no-such-device: No such'
	assert_equal "$(in_box 'wc -c </proc/cpuinfo; ls /srv/data')" 0
	[ -z "$(mount_options /proc/keys)" ] || fail "/proc/keys is masked all the same"
	[ -n "$(mount_options /proc/timer_list)" ] || fail "and /proc/timer_list is not"
	assert_match "$(in_box 'echo x >/dev/other')" 'Operation not permitted' "a device that is to be read only"
	# neither is in this kernel, which is no reason not to start
	[ -d /sys/module/apparmor ] || assert_journal box 'my-profile has no effect'
	assert_equal "$(prop box DevicePolicy)" closed
	for line in '/dev/fuse rm' '/dev/urandom rwm'; do
		[[ $(prop box DeviceAllow) == *"$line"* ]] || fail "no '$line' in $(prop box DeviceAllow)"
	done
}

test_t19_directory_of_devices() {
	mkdir -p /dev/test
	trap 'rm -r /dev/test' EXIT
	mknod /dev/test/one c 1 9
	mknod /dev/test/two c 1 5
	start_box $'Network=none\nAddDevice=/dev/test:/dev/inner'
	assert_equal "$(in_box 'head -c 3 /dev/inner/one | wc -c; head -c 3 /dev/inner/two | wc -c' | xargs)" "3 3"
}

test_t19_unmask_all() {
	start_box $'Network=none\nUnmask=ALL'
	assert_equal "$(awk '$5 ~ "^/proc/." { print $5 }' "/proc/$pid/mountinfo")" "" "mounts below /proc"
}

test_t19_limits() {
	local limits
	start_box "Network=none
		Ulimit=nofile=123:456
		Ulimit=core=0
		Ulimit=nproc=77
		ShmSize=5m
		Sysctl=net.ipv4.ip_default_ttl=77 net.core.somaxconn=99
		PidsLimit=55
		Memory=64m
		PodmanArgs=--memory-reservation=32m --cpus=0.5 --cpu-shares=512 --oom-score-adj=321"
	limits=$(sed 's/  */ /g' "/proc/$pid/limits")
	assert_match "$limits" 'Max open files 123 456 '
	assert_match "$limits" 'Max core file size 0 0 '
	assert_match "$limits" 'Max processes 77 77 '
	assert_equal "$(in_box 'ulimit -n')" 123 "open files of a second program"
	assert_equal "$(in_box 'df -k /dev/shm | awk "END { print \$2 }"')" 5120 "/dev/shm in kB"
	assert_equal "$(in_box 'cat /proc/sys/net/ipv4/ip_default_ttl /proc/sys/net/core/somaxconn | xargs')" "77 99"
	assert_equal "$(prop box TasksMax)" 55
	assert_equal "$(prop box MemoryMax)" 67108864
	assert_equal "$(prop box MemoryLow)" 33554432
	assert_equal "$(prop box CPUQuotaPerSecUSec)" 500ms
	assert_equal "$(cat "/proc/$pid/oom_score_adj")" 321
}

test_t19_sysctl_of_the_host_is_refused() {
	container box <<-'END'
		[Container]
		Image=localhost/busybox:latest
		Network=none
		Sysctl=vm.swappiness=1
		Exec=sleep 1000
	END
	reload
	assert_fails systemctl start box
	assert_journal box 'vm\.swappiness: not a parameter a container can have'
}

# One tree with another file system in it, bound in every way.
test_t19_bind_mounts() {
	local tree=$work/tree option
	mkdir -p $tree/sub $tree/later "$work/with space"
	mount -t tmpfs sub $tree/sub
	trap 'umount /tmp/test/tree/later /tmp/test/tree/sub 2>/dev/null' EXIT
	printf '#!/bin/sh\necho ran\n' >$tree/prog
	chmod 755 $tree/prog
	mknod $tree/null c 1 3
	touch $tree/sub/inner $work/single
	start_box "Network=none
		Volume=$tree:/plain
		Volume=$tree:/ro:ro
		Volume=$tree:/flat:bind
		Volume=$tree:/noexec:noexec,nosuid,nodev
		Volume=$tree:/times:noatime
		Volume=$tree:/label:Z,rw
		Volume=$tree:/slave:rslave
		Volume=$tree:/away:O
		Volume=$work/single:/srv/deep/in/file:ro
		Mount=type=bind,source=$tree,destination=/mounted,readonly=true,bind-nonrecursive
		Mount=type=bind,src=$tree,dst=/chowned,chown=false,bind-propagation=rprivate
		Mount=\"type=bind,source=$work/with space,target=/with space\"
		Mount=type=tmpfs,destination=/memory,tmpfs-size=2m,tmpfs-mode=700,noexec
		Tmpfs=/plain-tmpfs
		Tmpfs=/srv/data:size=1m,mode=1750,nr_inodes=50
		Tmpfs=/fixed:ro"
	# where writes go
	in_box 'touch /plain/a; touch /ro/b /mounted/c; touch /away/d && ls /away/d; touch "/with space/e"' >$work/said || true
	assert_match "$(cat $work/said)" '/ro/b: Read-only.*/mounted/c: Read-only.*/away/d$'
	assert_equal "$(cd $tree && echo ?)" a "written to the host"
	[ -e "$work/with space/e" ] || fail "no write through a name with a blank"
	assert_match "$(in_box 'echo x >/srv/deep/in/file')" 'Read-only file system'
	# what a flag allows
	assert_equal "$(in_box '/plain/prog; /ro/prog; /flat/prog' | xargs)" "ran ran ran"
	assert_match "$(in_box '/noexec/prog')" 'Permission denied'
	assert_match "$(in_box 'echo x >/noexec/null')" 'Permission denied'
	has_words "$(mount_options /noexec)" noexec nosuid nodev rw
	has_no_words "$(mount_options /plain)" noexec ro
	has_words "$(mount_options /times)" noatime
	# recursion, and what is mounted later
	for option in plain ro noexec label slave chowned; do
		[ -e "/proc/$pid/root/$option/sub/inner" ] || fail "/$option/sub is not mounted"
	done
	for option in flat mounted away; do
		[ ! -e "/proc/$pid/root/$option/sub/inner" ] || fail "/$option/sub is mounted"
	done
	mount -t tmpfs later $tree/later
	touch $tree/later/new
	assert_equal "$(in_box 'ls /slave/later /plain/later' | xargs)" "/plain/later: /slave/later: new" "a later mount"
	# memory
	assert_equal "$(in_box 'df -k /memory | awk "END { print \$2 }"')" 2048
	has_words "$(mount_options /memory)" noexec nosuid nodev
	assert_equal "$(in_box 'stat -c %a:%u /memory; stat -c %a /srv/data' | xargs)" "700:0 1750"
	has_words "$(mount_options /srv/data)" size=1024k nr_inodes=50
	assert_match "$(in_box 'ls /srv/data; touch /fixed/x; touch /plain-tmpfs/x')" '^seed.*/fixed/x: Read-only file system$'
	# a start begins with what is on the host
	systemctl restart box
	pid=$(main_pid box)
	[ ! -e "/proc/$pid/root/away/d" ] || fail "the layer over a volume outlived its container"
}

test_t19_shared_mounts_reach_the_host() {
	mkdir -p $work/shared/from-inside
	mount --bind $work/shared $work/shared
	mount --make-shared $work/shared
	trap 'umount -R /tmp/test/shared' EXIT
	start_box "Network=none
		AddCapability=SYS_ADMIN
		SeccompProfile=unconfined
		Volume=$work/shared:/shared:rshared
		Volume=$work/shared:/alone"
	in_box 'mount -t tmpfs inside /shared/from-inside'
	grep -q " $work/shared/from-inside " /proc/self/mountinfo || fail "the host does not see the mount"
	[ -z "$(mount_options /alone/from-inside)" ] || fail "a private volume sees the mount"
	in_box 'mount -t tmpfs inside /alone && mount -t tmpfs inside /srv'
	! grep ' /srv ' /proc/self/mountinfo || fail "the host sees a mount of the container's root"
	systemctl stop box
	grep -q " $work/shared/from-inside " /proc/self/mountinfo || fail "the mount did not stay"
}

# Ownership goes to the container's user, wherever the tree comes from.
test_a4_chown_for_a_user_of_the_image() {
	mkdir -p $work/a $work/b
	touch $work/a/file $work/b/file
	start_box "Network=none
		User=app
		Volume=$work/a:/a:U
		Mount=type=bind,source=$work/b,destination=/b,chown=true
		Mount=type=tmpfs,destination=/c,U=true"
	assert_equal "$(in_box 'touch /a/x /b/x /c/x && stat -c %u:%g /a/file /b/file /c | xargs')" \
		"1234:1234 1234:1234 1234:1234"
}

test_t19_relative_sources_are_beside_the_file() {
	mkdir -p $quadlets/data
	echo beside >$quadlets/data/file
	start_box "Network=none
		Volume=./data:/data:ro
		Mount=type=bind,source=./data,destination=/mounted"
	assert_equal "$(in_box 'cat /data/file /mounted/file' | xargs)" "beside beside"
}

test_t19_unusable_mounts_are_named() {
	local line expected
	while IFS='|' read -r line expected; do
		container box <<-END
			[Container]
			Image=localhost/busybox:latest
			Network=none
			$line
		END
		no_start_limit box
		reload
		assert_fails systemctl start box
		assert_journal box "$expected"
	done <<-'END'
		Volume=/no/such:/data|/no/such
		Volume=/etc/passwd:/x:O|not a directory
		Volume=/tmp:/x:ro,rw|'ro' and 'rw' exclude each other
		Volume=/tmp:/x:fast|unknown option 'fast'
		Mount=type=artifact,source=a,destination=/x|type artifact are not supported
		Mount=type=glob,source=/no/such*,destination=/x|nothing matches
		PodmanArgs=--mount=type=tmpfs|type=tmpfs
		Tmpfs=/x:size=big|size=big: not a size
		AddDevice=/dev/no-such-device|/dev/no-such-device
		Timezone=Nowhere/Land|no such zone
		SeccompProfile=/no/such.json|/no/such.json
		EnvironmentFile=/no/such.env|/no/such.env
		User=nobody-here|nobody-here
		Ulimit=nofile=9:3|nofile
	END
}

is_tagged() {
	journalctl --quiet --cursor="$cursor" -o cat -t flavour CONTAINER_TAG=flavour CONTAINER_NAME=box |
		grep '^tagged$' >/dev/null
}

test_t19_labels_annotations_and_tags() {
	container box <<-'END'
		[Container]
		Image=localhost/app:latest
		ContainerName=box
		Network=none
		Label=org.example.a=b "org.example.words=two words"
		Annotation=org.example.c=d
		LogOpt=tag=flavour
		Entrypoint=
		Exec=sh -c 'while :; do echo tagged; sleep 0.3; done'
		StopSignal=KILL
	END
	start box
	assert_equal "$(crunit inspect box | jq -r '.[0].Config.Labels | ."org.example.a", ."org.example.words", ."org.example.kind"' | xargs)" \
		"b two words test"
	assert_equal "$(jq -r '.annotations."org.example.c"' "$(crunit inspect box | jq -r '.[0].OCIConfigPath')")" d
	assert_equal "$(crunit ps --format json | jq -r '.[0].Labels."org.example.a"')" b
	# journald learns of the fields within a second
	wait_for 5 is_tagged
}

test_t19_global_arguments() {
	local line="Network=none
		LogOpt=max-size=1m
		ReloadCmd=/bin/sh -c 'echo reloaded by \$\$0 >/proc/1/fd/1' me"
	start_box "$line"
	assert_journal box 'max-size=1m has no effect'
	systemctl reload box
	assert_journal box '^reloaded by me$'
	systemctl stop box
	mark_journal
	start_box "$line
		GlobalArgs=--log-level=error --storage-driver overlay"
	! said_in_journal box 'has no effect' || fail "there are warnings with --log-level=error"
	systemctl reload box
	assert_journal box '^reloaded by me$'
}

test_t19_store_of_ones_own_by_global_argument() {
	mkdir -p /var/tmp/store
	crunit --root /var/tmp/store load -q -i /images/hello.tar
	assert_equal "$(crunit --root=/var/tmp/store images --format json | jq length)" 1
	container own <<-'END'
		[Container]
		Image=localhost/hello:latest
		Network=none
		GlobalArgs=--root=/var/tmp/store
	END
	start own
	assert_journal own '^Hello from crunit$'
	[ -n "$(ls /var/tmp/store/containers)" ] || fail "the writable layer is elsewhere"
	systemctl stop own
	assert_equal "$(find /var/tmp/store/containers -mindepth 1 | wc -l)" 0 "left in the store"
	rm -rf /var/tmp/store
}

# Each key that is an option too, given as one.
test_t19_podman_args_do_the_same() {
	echo FILE=yes >$work/env
	echo shared >$work/file
	start_box "PodmanArgs=--network=none --cap-drop all --cap-add=net_raw --read-only
		PodmanArgs=--env ONE=1 -e TWO=2 --env-file $work/env -w /srv -u 1234:2345 --group-add 5555
		PodmanArgs=-h beta --security-opt=no-new-privileges --security-opt mask=/proc/cpuinfo
		PodmanArgs=--tmpfs /t:size=1m -v $work/file:/file:ro --mount type=tmpfs,destination=/m
		PodmanArgs=--device /dev/fuse --sysctl net.ipv4.ip_default_ttl=66 --ulimit nofile=99:99
		PodmanArgs=--shm-size 3m --label a=b --annotation c=d --init --pids-limit 44 --memory 48m
		PodmanArgs=--stop-signal INT --stop-timeout 3 --log-driver passthrough --security-opt seccomp=unconfined"
	assert_equal "$(status_field "$pid" CapBnd)" 0000000000002000
	assert_equal "$(status_field "$pid" NoNewPrivs)$(status_field "$pid" Seccomp)" 10
	assert_equal "$(status_field "$pid" Uid)" 1234
	assert_equal "$(in_box 'id -g; id -G; hostname; pwd; echo $ONE $TWO $FILE; cat /file; ulimit -n; cat /proc/sys/net/ipv4/ip_default_ttl; wc -c </proc/cpuinfo; ls /dev/fuse' | xargs)" \
		"2345 2345 5555 beta /srv 1 2 yes shared 99 66 0 /dev/fuse"
	assert_match "$(in_box 'touch /x; df -k /t /dev/shm | awk "/tmpfs|shm/ { print \$2 }" | xargs')" 'Read-only file system.*1024 3072'
	assert_match "$(ps -o args= --ppid "$pid")" 'sleep 1000'
	assert_equal "$(crunit inspect box | jq -r '.[0].Config | .Labels.a, .StopSignal, .StopTimeout' | xargs)" "b SIGINT 3"
	assert_equal "$(prop box TasksMax) $(prop box MemoryMax)" "44 50331648"
	assert_equal "$(pgrep -c crunit-log || true)" 0 pumps
}

# The first child of crunit, which waits for the lock of volumes.
guard_of_box() {
	local crunit
	crunit=$(prop box MainPID)
	[ "$crunit" -gt 1 ] || return 0
	ps -o pid=,stat= --ppid "$crunit" | awk '$2 ~ /^S/ { print $1; exit }'
}

has_guard() {
	[ -n "$(guard_of_box)" ]
}

# is_dead PID: it may still be there for who started it.
is_dead() {
	grep -qsP '^State:\tZ' "/proc/$1/status" || [ ! -e "/proc/$1" ]
}

# The guard makes the empty network while crunit is at work. Where it is gone, crun makes it.
test_t19_network_none_without_the_guard() {
	local guard lock pid
	container box <<-'END'
		[Container]
		Image=localhost/busybox:latest
		Network=none
		Volume=guarded:/data
		Exec=sleep 100000
		StopSignal=KILL
	END
	reload
	mkdir -p /var/lib/crunit/volumes
	exec {lock}</var/lib/crunit/volumes
	flock -x "$lock"
	systemctl start --no-block box
	wait_for 10 has_guard
	guard=$(guard_of_box)
	kill -KILL "$guard"
	wait_for 10 is_dead "$guard"
	flock -u "$lock"
	exec {lock}<&-
	wait_state box active 30
	pid=$(main_pid box)
	[ "$(readlink "/proc/$pid/ns/net")" != "$(readlink /proc/1/ns/net)" ] || fail "it is on the host's network"
	assert_equal "$(crunit exec systemd-box ip -o link | wc -l)" 1 "links"
	assert_match "$(crunit exec systemd-box ip -o -4 addr show lo)" '127\.0\.0\.1'
	systemctl stop box
	crunit volume rm guarded
}

test_t19_network_none_and_host() {
	start_box "Network=none"
	assert_equal "$(in_box 'ip -o link | wc -l; ip -o -4 addr show lo' | head -n 1)" 1 "links"
	assert_match "$(in_box 'ip -o -4 addr show lo')" '127\.0\.0\.1'
	systemctl stop box
	start_box "Network=host"
	assert_equal "$(readlink "/proc/$pid/ns/net")" "$(readlink /proc/1/ns/net)"
	assert_equal "$(cat "/proc/$pid/root/etc/hostname")" "$(uname -n)" "host name on the host's network"
}
