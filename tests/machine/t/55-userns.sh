# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# User namespaces: who is who inside and outside.

set_aside() {
	printf '%s\n' "$@" >/etc/subuid
	printf '%s\n' "$@" >/etc/subgid
	rm -rf /var/lib/crunit/idmaps
}

# map_of NAME: "INSIDE OUTSIDE COUNT; ..." of users, and of groups where they are others.
map_of() {
	local users groups
	users=$(crunit exec "$1" cat /proc/self/uid_map | awk '{ printf "%s%s %s %s", s, $1, $2, $3; s = "; " }')
	groups=$(crunit exec "$1" cat /proc/self/gid_map | awk '{ printf "%s%s %s %s", s, $1, $2, $3; s = "; " }')
	[ "$users" = "$groups" ] && echo "$users" || echo "$users | $groups"
}

assert_map() {
	local got
	got=$(map_of "$1")
	[ "$got" = "$2" ] || fail "$1 has the map '$got', expected '$2'"
}

owner() {
	stat -c %u:%g "$1"
}

test_t55_auto() {
	local pid upper
	set_aside containers:300000:12000
	sleeper one Network=none UserNS=auto:size=4000 Volume=/anonymous
	sleeper two Network=none UserNS=auto:size=4000 User=7:8
	sleeper three Network=none UserNS=auto
	start one
	start two
	start three
	assert_map one "0 300000 4000"
	assert_map two "0 304000 4000"
	# as many as the image knows: its last user is 3456
	assert_map three "0 308000 3457"

	# inside all is as ever, outside it is shifted
	crunit exec one sh -c 'echo x >/etc/mine; mkdir /made; chown 33:34 /etc/mine; echo y >/anonymous/file'
	says "0:0 0:0 0:0 33:34 0:0" crunit exec one sh -c 'echo $(stat -c %u:%g / /bin/busybox /etc/hosts /etc/mine /anonymous/file)'
	upper=/var/lib/crunit/containers/one@one/upper
	says 300033:300034 owner $upper/etc/mine
	says 300000:300000 owner $upper/made
	says 300000:300000 owner $upper
	pid=$(main_pid two)
	says 304007:304008 owner "/proc/$pid"
	says "uid=7(7) gid=8 groups=8" crunit exec two id
	says "uid=0(root) gid=0(root)" crunit exec --user root two id
	crunit exec one sh -c 'echo 127.0.0.9 own >>/etc/hosts' || fail "hosts cannot be written"

	# and one cannot get at what is another's
	says 710 stat -c %a /run/crunit/containers/one@one
	says 300000 stat -c %g /run/crunit/containers/one@one
	! setpriv --reuid 300000 --regid 300000 --clear-groups ls /run/crunit/containers/two@two 2>/dev/null ||
		fail "one root lists the directory of another"
	! setpriv --reuid 304000 --regid 304000 --clear-groups stat /run/crunit/containers/one@one/hosts 2>/dev/null ||
		fail "one root reads files of another"

	# the same ids again, whatever was killed; and nobody else's
	systemctl kill -s KILL one two
	wait_for 5 is_dead one
	wait_for 5 is_dead two
	systemctl reset-failed one two 2>/dev/null || true
	start two one
	assert_map one "0 300000 4000"
	assert_map two "0 304000 4000"

	# the pool is used up
	says "crunit: four: --userns auto: no 4000 ids in a row are left of those that are set aside (3 blocks of them are in use): ask for fewer, or set more aside" \
		quick --name four --userns auto:size=4000 localhost/busybox:latest true
	# who has ended makes room
	systemctl stop two
	says "0 304000 4000" quick --name four --userns auto:size=4000 localhost/busybox:latest awk '{ print $1, $2, $3 }' /proc/self/uid_map
	start two
	assert_map two "0 304000 4000"
	# one without a name leaves nothing
	systemctl stop two
	says "0 304000 2000" quick --userns auto:size=2000 localhost/busybox:latest awk '{ print $1, $2, $3 }' /proc/self/uid_map
	says "one@one
three@three" ls /var/lib/crunit/idmaps
}

is_dead() {
	! systemctl --quiet is-active "$1"
}

test_t55_maps() {
	set_aside alice:100000:65536 other:500000:10
	sleeper maps Network=none UIDMap=0:200000:1000 UIDMap=+5:600:2 GIDMap=0:210000:1000
	sleeper one-of-both Network=none GIDMap=0:200000:500 GIDMap=g700:@900:1
	sleeper names Network=none SubUIDMap=other
	sleeper keep Network=none UserNS=keep-id:uid=33,gid=34
	sleeper remap Network=none RemapUsers=manual RemapUid=0:250000:100 RemapGid=0:260000:100
	start maps one-of-both names keep remap
	assert_map maps "0 200000 5; 5 600 2; 7 200007 993 | 0 210000 1000"
	assert_map one-of-both "0 200000 500 | 0 200000 500; 700 900 1"
	assert_map names "0 500000 10"
	assert_map keep "0 0 4294967295"
	assert_map remap "0 250000 100 | 0 260000 100"
	says "uid=33(33) gid=34 groups=34" crunit exec keep id
	[ "$(readlink "/proc/$(main_pid keep)/ns/user")" != "$(readlink /proc/1/ns/user)" ] || fail "keep-id is the host's"

	# another's namespace
	container joined <<-END
		[Unit]
		Requires=maps.service
		After=maps.service
		[Container]
		Image=localhost/busybox:latest
		ContainerName=joined
		Network=none
		UserNS=container:maps
		StopSignal=KILL
		Exec=sleep 1000
	END
	sleeper by-path Network=none "UserNS=ns:/proc/$(main_pid maps)/ns/user"
	start joined by-path
	for name in joined by-path; do
		says "$(readlink "/proc/$(main_pid maps)/ns/user")" readlink "/proc/$(main_pid $name)/ns/user"
		says "0:0" crunit exec $name stat -c %u:%g /bin
	done
	says "0 0 4294967295" quick --userns ns:/proc/1/ns/user localhost/busybox:latest awk '{ print $1, $2, $3 }' /proc/self/uid_map

	says "crunit: x: --userns container:nobody: there is no running container 'nobody'" \
		quick --name x --userns container:nobody localhost/busybox:latest true
	says "crunit: x: --userns auto takes its ids from those that /etc/subuid and /etc/subgid set aside for the name containers, and there are none: add the line containers:2147483648:2147418112 to both" \
		quick --name x --userns auto localhost/busybox:latest true
	says "crunit: x: /etc/subuid sets no ids aside for 'nobody': add a line nobody:FIRST:COUNT" \
		quick --name x --subuidname nobody localhost/busybox:latest true
	says "crunit: x: the mapping of users: the id 4 inside is mapped twice" \
		quick --name x --uidmap 0:1000:5 --uidmap 4:2000 localhost/busybox:latest true
	says "crunit: x: the program's user 50 is not among the ids of the container's user namespace: map it as well (with --userns auto: size=51)" \
		quick --name x --uidmap 0:1000:50 --user 50 localhost/busybox:latest true
}

# The four ways to a root file system with other owners; words for env.
ways="CRUNIT_IDMAP= CRUNIT_MOUNT=classic CRUNIT_IDMAP=never CRUNIT_IDMAP=never,CRUNIT_MOUNT=classic"

# by WAY COMMAND...
by() {
	local way
	IFS=, read -ra way <<<"$1"
	shift
	env "${way[@]}" "$@"
}

# What is written stays, with its owners, also where the layers' own files were changed.
test_t55_kept() {
	local way run
	set_aside containers:500000:4000
	for way in $ways; do
		run="by $way crunit run --name kept --network none --pids-limit -1 --userns auto:size=3500 --rm=false"
		$run localhost/busybox:latest sh -c 'echo 1 >/etc/kept; chown 5:6 /etc/kept; chown 3:3 /bin/busybox; chmod 4755 /bin/busybox'
		says "5:6 3:3 0:0 4755" $run localhost/busybox:latest sh -c 'echo $(stat -c %u:%g /etc/kept /bin/busybox /etc) $(stat -c %a /bin/busybox)'
		says 500005:500006 owner /var/lib/crunit/containers/kept@/upper/etc/kept
		# while it is kept, nobody gets its ids
		says "crunit: other: --userns auto: no 3500 ids in a row are left of those that are set aside (1 blocks of them are in use): ask for fewer, or set more aside" \
			quick --name other --userns auto:size=3500 localhost/busybox:latest true
		crunit rm -f kept
	done
}

# Every file of an image has the owner, mode and rights inside that it has without a namespace.
test_t55_owners() {
	local way list='find / -xdev ! -path "/run/*" ! -path "/dev*" ! -path /proc ! -path /sys ! -path "/etc/host*" ! -path /etc/resolv.conf -printf "%p %U %G %m %s\n" | sort'
	set_aside containers:300000:70000
	quick localhost/nginx:1 sh -c "$list" >"$work/host"
	[ "$(wc -l <"$work/host")" -gt 500 ] || fail "too little is listed"
	awk '$2 != 0 || $3 != 0 { found = 1 } END { exit !found }' "$work/host" || fail "all is root's"
	for way in $ways; do
		by "$way" crunit run --rm --network none --pids-limit -1 --userns auto:size=65536 localhost/nginx:1 sh -c "$list" >"$work/inside"
		diff <(sed 's/ [0-9]*$//' "$work/host") <(sed 's/ [0-9]*$//' "$work/inside") >"$work/diff" ||
			fail "$way shows others: $(head -n 5 "$work/diff")"
		# content is there, not just names
		says hello by "$way" crunit run --rm --network none --pids-limit -1 --userns auto:size=65536 localhost/nginx:1 sh -c 'echo hello | cat'
	done
}

test_t55_volumes() {
	local dir=$work/dirs inside
	set_aside containers:300000:20000
	mkdir -p "$dir"/{plain,given,mapped,own,over}
	for name in plain given mapped own over; do
		echo text >"$dir/$name/file"
		chown 7:8 "$dir/$name" "$dir/$name/file"
	done
	chown 5:6 "$dir/own/file"
	sleeper box Network=none UserNS=auto:size=4000 User=33:34 \
		"Volume=$dir/plain:/plain" "Volume=$dir/given:/given:U" "Volume=$dir/mapped:/mapped:idmap" \
		"Volume=$dir/own:/own:idmap=uids=5-300009-1;gids=6-300010-1" "Volume=$dir/over:/over:O" \
		"Mount=type=bind,src=$dir/mapped,dst=/relative,idmap=uids=@7-3-1;gids=@8-4-1" \
		"Tmpfs=/memory:U" WorkingDir=/srv/made
	start box
	# shellcheck disable=SC2016 # for the shell inside
	inside='for d in plain given mapped own relative over; do echo $d $(stat -c %u:%g /$d/file); done; stat -c %u:%g /memory /srv/made'
	says "plain 65534:65534
given 33:34
mapped 7:8
own 9:10
relative 3:4
over 65534:65534
33:34
0:0" crunit exec --user 0 box sh -c "$inside"
	says 300033:300034 owner "$dir/given/file"
	crunit exec --user 7:8 box sh -c 'echo more >/mapped/new' || fail "the mapped user cannot write"
	says 7:8 owner "$dir/mapped/new"
	assert_fails crunit exec --user 0 box sh -c 'echo more >/plain/new'
	crunit exec --user 33 box sh -c 'echo mine >/given/new && cat /over/file' || fail "the user cannot write"
	says "300033:0" sed 's/:.*/:0/' <(owner "$dir/given/new")
	systemctl stop box
	says 7:8 owner "$dir/over/file"

	# a named volume begins with the image's owners
	quick --name first --userns auto:size=4000 -v userns-data:/etc localhost/busybox:latest chown 3:4 /etc/passwd
	says 3:4 quick --name first --userns auto:size=4000 -v userns-data:/etc localhost/busybox:latest stat -c %u:%g /etc/passwd
	crunit volume rm userns-data

	says "crunit: x: $dir/plain:/x: option 'idmap' needs a user namespace (--userns), or a mapping of its own" \
		quick --name x -v "$dir/plain:/x:idmap" localhost/busybox:latest true
}

# Everything else that a container in a unit does, in a namespace of its own.
test_t55_unit() {
	set_aside containers:300000:20000
	container box <<-END
		[Container]
		Image=localhost/answer:latest
		ContainerName=box
		UserNS=auto
		PublishPort=127.0.0.1:18055:80
		AddCapability=NET_ADMIN
		Sysctl=net.ipv4.ip_unprivileged_port_start=70
		User=1000:1000
		Exec=serve box 80/tcp
	END
	container ready <<-'END'
		[Container]
		Image=localhost/python:1
		ContainerName=ready
		Network=none
		Notify=yes
		UserNS=auto
		Exec=/usr/bin/python3 -u -c "import os, socket, time, sys; print('on stdout'); print('on stderr', file=sys.stderr); print('reopened', file=open('/dev/stdout', 'w')); s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.sendto(b'READY=1\\nSTATUS=at last', os.environ['NOTIFY_SOCKET'].replace('@', chr(0))); time.sleep(3600)"
		StopTimeout=1
	END
	start box
	wait_for 5 sh -c '/images/answer ask tcp 127.0.0.1 18055 | grep -q box' || fail "no answer at the port"
	says 70 nsenter -t "$(main_pid box)" -n cat /proc/sys/net/ipv4/ip_unprivileged_port_start
	says "0 300000 1024" awk '{ print $1, $2, $3 }' "/proc/$(main_pid box)/uid_map"
	# the network belongs to the namespace: its root may change it, where it has the capability
	says "more" crunit run --rm --pids-limit -1 --userns auto --cap-add NET_ADMIN localhost/busybox:latest \
		sh -c 'ip link add more type bridge && ls /sys/class/net | grep more'
	[ "$(readlink "/proc/$(main_pid box)/ns/user")" != "$(readlink /proc/self/ns/user)" ] || fail "it is in the host's"

	mark_journal
	start ready
	assert_equal "$(prop ready StatusText)" "at last"
	for word in "on stdout" "on stderr" reopened; do
		wait_for 5 said_in_journal ready "$word"
	done
	systemctl stop ready box
}

# listed DIRECTORY: shell text that prints paths, owners and modes of what is in it
listed() {
	echo "cd $1 && find . -xdev ! -path './etc/host*' ! -path ./etc/resolv.conf ! -path './run*' ! -path './dev*' ! -path ./proc ! -path ./sys -printf '%p %U %G %m\n' | sort"
}

# Images beside the root, and volumes made of them, have inside the owners that they have without a
# namespace.
test_t55_images() {
	local way
	set_aside containers:300000:140000
	quick localhost/nginx:1 sh -c "$(listed /)" >"$work/host"
	awk '$2 != 0 || $3 != 0 { found = 1 } END { exit !found }' "$work/host" || fail "all is root's"
	for way in CRUNIT_IDMAP= CRUNIT_IDMAP=never; do
		for options in "" ,rw; do
			by "$way" crunit run --rm --network none --pids-limit -1 --userns auto:size=65536 \
				--mount "type=image,src=localhost/nginx:1,dst=/other$options" localhost/nginx:1 sh -c "$(listed /other)" >"$work/inside"
			diff "$work/host" "$work/inside" >"$work/diff" || fail "$way$options shows others: $(head -n 5 "$work/diff")"
		done
	done
	crunit volume create --driver image --opt image=localhost/nginx:1 site
	for _ in 1 2; do
		quick --name first --userns auto:size=65536 -v site:/other localhost/nginx:1 sh -c "$(listed /other); echo x >>/other/etc/users" >"$work/inside"
		diff "$work/host" <(grep -v '^./etc/users ' "$work/inside") >"$work/diff" || fail "the volume shows others: $(head -n 5 "$work/diff")"
	done
	# whoever comes later sees the owners of the first
	says 65534:65534 quick --name second --userns auto:size=65536 -v site:/other localhost/nginx:1 stat -c %u:%g /other/etc/users
	says 300000:300000 quick -v site:/other localhost/nginx:1 stat -c %u:%g /other/etc/users
	crunit volume rm site

	# one whose owners were being changed when the machine went down is made anew
	crunit volume create --driver image --opt image=localhost/nginx:1 broken
	quick --userns auto:size=65536 -v broken:/other localhost/nginx:1 touch /other/leftover
	: >/var/lib/crunit/volumes/broken/filling
	quick --userns auto:size=65536 -v broken:/other localhost/nginx:1 sh -c "$(listed /other)" >"$work/inside"
	diff "$work/host" "$work/inside" >"$work/diff" || fail "the broken volume shows: $(head -n 5 "$work/diff")"
	crunit volume rm broken
}

# The owners of new volumes, whether they are stored as the host sees them or as the container does.
test_t55_new_volumes() {
	local run="quick --name same --userns auto:size=4000 --user 33:34"
	set_aside containers:300000:20000
	crunit volume create --opt type=tmpfs --opt device=tmpfs memory
	says 33:34 $run -v memory:/nowhere localhost/busybox:latest stat -c %u:%g /nowhere
	says 33:34 $run -v memory:/nowhere localhost/busybox:latest stat -c %u:%g /nowhere
	crunit volume rm memory
	says 33:34 $run -v plain:/nowhere localhost/busybox:latest stat -c %u:%g /nowhere
	says 300033:300034 owner /var/lib/crunit/volumes/plain/_data
	says 33:34 $run -v mapped:/nowhere:idmap localhost/busybox:latest stat -c %u:%g /nowhere
	says 33:34 owner /var/lib/crunit/volumes/mapped/_data
	says 33:34 quick -v mapped:/nowhere localhost/busybox:latest stat -c %u:%g /nowhere
	# content
	says "0:0 0:0" quick --userns auto:size=4000 -v filled:/etc:idmap localhost/busybox:latest sh -c 'echo $(stat -c %u:%g /etc /etc/passwd)'
	says 0:0 owner /var/lib/crunit/volumes/filled/_data/passwd
	says "0:0" quick --userns auto:size=2000 -v filled:/etc:idmap localhost/busybox:latest stat -c %u:%g /etc/passwd
	says 33:34 $run -v "own:/nowhere:idmap=uids=@7-33-1;gids=@8-34-1" localhost/busybox:latest stat -c %u:%g /nowhere
	says 7:8 owner /var/lib/crunit/volumes/own/_data
	# what the definition says is what is stored
	crunit volume create --uid 5 --gid 6 given
	says 5:6 $run -v given:/nowhere:idmap localhost/busybox:latest stat -c %u:%g /nowhere
	crunit volume rm plain mapped filled own given
}

test_t55_secrets() {
	set_aside containers:300000:20000
	echo value | crunit secret create userns-secret -
	says "5:6 400 value" quick --userns auto:size=4000 --secret userns-secret,uid=5,gid=6,mode=0400 localhost/busybox:latest \
		sh -c 'echo $(stat -c "%u:%g %a" /run/secrets/userns-secret) $(cat /run/secrets/userns-secret)'
	says "0:0 444" quick --userns auto:size=4000 --secret userns-secret localhost/busybox:latest \
		stat -c "%u:%g %a" /run/secrets/userns-secret
	crunit secret rm userns-secret
}

# small_root DIRECTORY: a root file system of its own
small_root() {
	local layer
	layer=$(find /var/lib/crunit/layers -path '*/bin/busybox' | head -n 1)
	mkdir -p "$1"
	cp -a "${layer%/bin/busybox}/." "$1"
	mkdir -p "$1"/{etc,proc,sys,dev,tmp,run}
}

test_t55_rootfs() {
	local root=$work/root
	set_aside containers:300000:20000
	small_root "$root"
	chown 3:4 "$root/etc"
	says "0:0 3:4 0:0" quick --userns auto:size=4000 --rootfs "$root:idmap" /bin/sh -c 'echo x >/made; echo $(stat -c %u:%g / /etc /made)'
	says 0:0 owner "$root/made"
	rm "$root/made"
	for way in $ways; do
		says "0:0 3:4 0:0" by "$way" crunit run --rm --network none --pids-limit -1 --userns auto:size=4000 --rootfs "$root:O,idmap" \
			/bin/sh -c 'echo x >/made; echo $(stat -c %u:%g / /etc /made)'
	done
	[ ! -e "$root/made" ] || fail "what is thrown away was written to the directory"
	says 3:4 owner "$root/etc"
	says "crunit: x: the owners of the files in $root, or of what is mounted there, cannot be shown as others: use DIR:O,idmap, which changes them in a layer that is thrown away" \
		by CRUNIT_IDMAP=never crunit run --name x --rm --network none --pids-limit -1 --userns auto:size=4000 --rootfs "$root:idmap" /bin/true
}

# systemd in a namespace of its own: it owns its part of the tree of control groups, and uses it.
test_t55_systemd() {
	local root=$work/system
	set_aside containers:300000:200000
	mkdir -p "$root"/{etc,usr,var,run,tmp,proc,sys,dev,root}
	for name in bin sbin lib lib64; do
		ln -s usr/$name "$root/$name"
	done
	cp /etc/os-release "$root/etc/"
	printf 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' >"$root/etc/passwd"
	printf 'root:x:0:\ntty:x:5:\n' >"$root/etc/group"
	: >"$root/etc/machine-id"
	container system <<-END
		[Container]
		Rootfs=$root:idmap
		ContainerName=system
		UserNS=auto:size=65536
		Network=none
		Volume=/usr:/usr:ro
		Exec=/usr/lib/systemd/systemd --unit=basic.target
	END
	start system
	wait_for 20 crunit exec system systemctl --quiet is-active basic.target
	says 300000:300000 owner /sys/fs/cgroup/system.slice/system.service
	says 0:0 owner /sys/fs/cgroup/system.slice/system.service/cgroup.freeze
	says "0:0 0::/init.scope" crunit exec system sh -c 'echo $(stat -c %u:%g /sys/fs/cgroup) $(grep ^0: /proc/1/cgroup)'
	# nobody is left in it but where the container's groups are
	says "" cat /sys/fs/cgroup/system.slice/system.service/cgroup.procs
	assert_match "$(crunit exec system systemd-run --quiet --wait --pipe -p Type=oneshot grep ^0: /proc/self/cgroup)" '0::/system.slice/run-.*service'
	assert_fails crunit exec system sh -c 'echo 1 >/sys/fs/cgroup/cgroup.freeze'
	# paused, all of its groups stand still, and ours does not
	crunit pause system
	says "paused" crunit ps --filter name=system --format '{{.State}}'
	says 1 cat /sys/fs/cgroup/system.slice/system.service/init.scope/cgroup.freeze
	says 0 cat /sys/fs/cgroup/system.slice/system.service/supervisor/cgroup.freeze
	crunit unpause system
	says 0 cat /sys/fs/cgroup/system.slice/system.service/init.scope/cgroup.freeze
	says active crunit exec system systemctl is-active basic.target
	systemctl stop system
	assert_equal "$(prop system Result)" success
}
