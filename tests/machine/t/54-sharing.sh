# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# Namespaces of other containers, and what comes with them.

# assert_same KIND NAME OTHER: whether two containers have one namespace
assert_same() {
	assert_equal "$(readlink "/proc/$(main_pid "$2")/ns/$1")" "$(readlink "/proc/$(main_pid "$3")/ns/$1")" "$1 of $2"
}

is_dead() {
	! systemctl --quiet is-active "$1"
}

test_t54_sharing_all() {
	sleeper web Network=none HostName=host-of-web
	sleeper friend Network=none \
		"PodmanArgs=--pid container:web --ipc container:web --uts=container:web --cgroupns container:web"
	start web
	start friend
	for kind in pid ipc uts cgroup; do
		assert_same $kind friend web
	done
	says host-of-web crunit exec friend hostname
	says host-of-web crunit exec friend cat /etc/hostname
	# web's program is process 1 there, its own is another
	says "sleep 1000 " crunit exec friend sh -c 'tr "\0" " " </proc/1/cmdline'
	[ "$(crunit exec friend sh -c 'ls -d /proc/[0-9]*' | wc -l)" -ge 2 ] || fail "it sees no process of others"
	says 2 crunit exec web sh -c 'grep -l ^sleep /proc/[0-9]*/cmdline | wc -l'
	# shared memory in both ways, as a file and as System V has it
	crunit exec web sh -c 'echo from web >/dev/shm/mail'
	says "from web" crunit exec friend cat /dev/shm/mail
	crunit exec friend sh -c 'echo answer >/dev/shm/mail'
	says answer crunit exec web cat /dev/shm/mail
	says "$(crunit exec web stat -c %i /sys/fs/cgroup)" crunit exec friend stat -c %i /sys/fs/cgroup

	# it ends by itself, and its status is the unit's
	container short <<-'END'
		[Container]
		Image=localhost/busybox:latest
		Network=none
		PodmanArgs=--pid=container:web
		Exec=sh -c 'test $$ != 1 && exit 7'
	END
	reload
	systemctl start short || true
	wait_state short failed
	assert_equal "$(prop short ExecMainStatus)" 7
	systemctl reset-failed short
	try quick --pid container:web localhost/busybox:latest sh -c 'exit 9'
	assert_equal "$status" 9 "exit status"

	# who leaves harms nobody; who owns the processes takes them along
	systemctl stop friend
	says host-of-web crunit exec web hostname
	says answer crunit exec web cat /dev/shm/mail
	start friend
	systemctl kill -s KILL web
	wait_for 5 is_dead web
	wait_for 5 is_dead friend
	systemctl reset-failed web friend 2>/dev/null || true
}

test_t54_sharing_refused() {
	sleeper web Network=none PodmanArgs=--ipc=private
	start web
	says "crunit: x: --ipc container:web: that container was started with --ipc private and does not share it: start it with --ipc shareable" \
		quick --name x --ipc container:web localhost/busybox:latest true
	for option in pid ipc uts cgroupns; do
		says "crunit: x: --$option container:nobody: there is no running container 'nobody'" \
			quick --name x --$option container:nobody localhost/busybox:latest true
	done
	says "crunit: x: --uts ns:/proc/1/ns/pid: it is a namespace of another kind" \
		quick --name x --uts ns:/proc/1/ns/pid localhost/busybox:latest true
	says "crunit: x: --pid ns:/etc/passwd: it is no namespace" \
		quick --name x --pid ns:/etc/passwd localhost/busybox:latest true
	says "crunit: x: --pid ns:/nowhere: cannot open it: No such file or directory" \
		quick --name x --pid ns:/nowhere localhost/busybox:latest true

	# one that has ended: its unit says so, and a container that is kept is still known
	sleeper friend Network=none PodmanArgs=--pid=container:web
	reload
	systemctl stop web
	mark_journal
	assert_fails systemctl start friend
	assert_journal friend "--pid container:web: there is no running container 'web'"
	systemctl reset-failed friend
	crunit run --name kept --rm=false --network none --pids-limit -1 localhost/busybox:latest true
	says "crunit: x: --pid container:kept: there is no running container 'kept'" \
		quick --name x --pid container:kept localhost/busybox:latest true
	crunit rm kept
}

# A path is as good as a name, the machine's own are those of the host.
test_t54_sharing_paths() {
	local pid name
	sleeper web Network=none HostName=host-of-web
	start web
	pid=$(main_pid web)
	sleeper path Network=none "PodmanArgs=--pid ns:/proc/$pid/ns/pid --uts ns:/proc/$pid/ns/uts --ipc ns:/proc/$pid/ns/ipc"
	start path
	for kind in pid ipc uts; do
		assert_same $kind path web
	done
	says host-of-web crunit exec path hostname
	crunit exec web touch /dev/shm/mine
	assert_fails crunit exec path ls /dev/shm/mine
	crunit exec path touch /dev/shm/mine || fail "it has no /dev/shm of its own"
	name=$(uname -n)
	says "$name" quick --uts ns:/proc/1/ns/uts localhost/busybox:latest hostname
	says "$(readlink /proc/1/ns/pid)" quick --pid ns:/proc/1/ns/pid localhost/busybox:latest readlink /proc/self/ns/pid
}

test_t54_sharing_users() {
	printf 'containers:300000:20000\n' >/etc/subuid
	printf 'containers:300000:20000\n' >/etc/subgid
	rm -rf /var/lib/crunit/idmaps
	sleeper plain Network=none
	sleeper mapped Network=none UserNS=auto:size=4000
	start plain mapped
	sleeper same Network=none UserNS=container:mapped "PodmanArgs=--pid container:mapped --ipc container:mapped --uts container:mapped --cgroupns container:mapped"
	sleeper outer Network=none "PodmanArgs=--pid container:mapped --ipc container:mapped"
	start same outer
	for kind in user pid ipc uts cgroup; do
		assert_same $kind same mapped
	done
	for kind in pid ipc; do
		assert_same $kind outer mapped
	done
	crunit exec mapped sh -c 'echo shared >/dev/shm/mail; chown 5:6 /dev/shm/mail'
	says "shared 5:6" crunit exec same sh -c 'echo $(cat /dev/shm/mail) $(stat -c %u:%g /dev/shm/mail)'
	says "shared 300005:300006" crunit exec outer sh -c 'echo $(cat /dev/shm/mail) $(stat -c %u:%g /dev/shm/mail)'
	for name in same outer; do
		says "sleep 1000 " crunit exec $name sh -c 'tr "\0" " " </proc/1/cmdline'
	done
	says "crunit: x: --pid container:plain: it is the host's users' there, which a container in a user namespace of its own cannot join: leave out --userns" \
		quick --name x --userns auto:size=4000 --pid container:plain localhost/busybox:latest true
	says "crunit: x: --ipc container:mapped: it belongs to another user namespace: join that as well, with --userns" \
		quick --name x --userns auto:size=4000 --ipc container:mapped localhost/busybox:latest true
}

# Network=x.container has the other's unit started, and stopped with it.
test_t54_sharing_network() {
	sleeper web HostName=host-of-web
	sleeper guest Network=web.container
	start guest
	systemctl --quiet is-active web || fail "web is not started"
	assert_same net guest web
	assert_match "$(prop guest Requires)" web.service
	assert_match "$(prop guest After)" web.service
	systemctl stop web
	wait_for 5 is_dead guest
	# a name within PodmanArgs= starts nothing
	sleeper loose Network=none PodmanArgs=--uts=container:web
	reload
	[[ "$(prop loose Requires)" != *web.service* ]] || fail "PodmanArgs= adds a dependency"
}
