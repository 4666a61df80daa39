# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# Devices: by path, by directory, by number and by name.

# A control group of the new kind that takes a filter for devices: not in every
# machine that a machine can be nested in.
has_filter() {
	try crunit run --rm --network none --pids-limit -1 --cgroups=split --device-policy=closed localhost/busybox:latest true
	[[ $said != *'has no effect'* ]]
}

test_device_by_name() {
	trap 'rm -rf /etc/cdi /run/cdi /run/test-hook' EXIT
	mkdir -p /etc/cdi /run/cdi $work/driver
	echo library >$work/driver/lib
	cat >$work/hook <<-'END'
		#!/bin/sh
		echo "$@" "$HOOK" >/run/test-hook
		busybox cat >>/run/test-hook
	END
	chmod +x $work/hook
	cat >/etc/cdi/sound.yaml <<-END
		cdiVersion: 0.6.0
		kind: example.com/sound
		containerEdits:
		  env: [SOUND=yes]
		  mounts:
		  - hostPath: $work/driver
		    containerPath: /usr/lib/driver
		    options: [ro, nosuid, nodev, bind]
		  hooks:
		  - hookName: createContainer
		    path: $work/hook
		    args: [hook, one, two]
		    env: [HOOK=run, PATH=/usr/bin:/bin]
		devices:
		- name: card
		  containerEdits:
		    deviceNodes:
		    - path: /dev/snd/card
		      hostPath: /dev/zero
		      permissions: r
		      fileMode: 0640
		      gid: 29
		    additionalGids: [29]
	END
	container cdi <<-'END'
		[Container]
		Image=localhost/busybox:latest
		ContainerName=cdi
		Network=none
		User=1000
		AddDevice=example.com/sound=card
		Exec=busybox sleep infinity
	END
	start cdi
	assert_equal "$(crunit exec cdi busybox stat -c '%a %u %g %t:%T' /dev/snd/card)" '640 0 29 1:5'
	assert_equal "$(crunit exec cdi busybox head -c 3 /dev/snd/card | od -An -tx1 | tr -d ' ')" 000000
	assert_equal "$(crunit exec cdi busybox cat /usr/lib/driver/lib)" library
	assert_equal "$(environment_of "$(main_pid cdi)" | grep SOUND)" SOUND=yes
	assert_match "$(cat /run/test-hook)" '^one two run'
	jq -e . <(tail -n +2 /run/test-hook) >/dev/null || fail "the hook got no state"

	# JSON in /run counts more, and what is missing has a name
	systemctl stop cdi
	echo '{"cdiVersion": "0.6.0", "kind": "example.com/sound", "devices": [{"name": "card", "containerEdits": {"env": ["FROM=run"]}}]}' >/run/cdi/sound.json
	systemctl start cdi
	assert_equal "$(environment_of "$(main_pid cdi)" | grep FROM)" FROM=run
	assert_fails crunit exec cdi busybox stat /dev/snd/card
	systemctl stop cdi
	rm -r /etc/cdi /run/cdi
	assert_fails systemctl start cdi
	assert_journal cdi 'device example.com/sound=card: no file in /etc/cdi or /run/cdi has this device'
}

test_device_directory_and_numbers() {
	mkdir -p $work/dev
	mknod $work/dev/a c 1 5
	mknod $work/dev/b c 1 7
	container dir <<-END
		[Container]
		Image=localhost/busybox:latest
		ContainerName=dir
		Network=none
		AddDevice=$work/dev:/dev/things:r
		AddDevice=-/dev/no-such-device
		PodmanArgs=--device-cgroup-rule="c 10:229 r" --cap-add=mknod
		Exec=busybox sleep infinity
	END
	start dir
	grep -q -- --device-policy=closed /run/systemd/generator/dir.service || fail "not closed"
	assert_equal "$(crunit exec dir busybox ls /dev/things | tr '\n' ' ')" 'a b '
	assert_equal "$(crunit exec dir busybox head -c 2 /dev/things/a | od -An -tx1 | tr -d ' ')" 0000
	# what every container has, and what was allowed by number
	crunit exec dir busybox sh -c 'echo >/dev/null; head -c 1 /dev/urandom >/dev/null; mknod /fuse c 10 229; mknod /mem c 1 1'
	if has_filter; then
		assert_fails crunit exec dir busybox head -c 1 /mem
		assert_match "$said" 'not permitted'
		crunit exec dir busybox sh -c 'exec 3</fuse'
		assert_fails crunit exec dir busybox sh -c 'exec 3>/fuse'
		assert_match "$said" 'not permitted'
	fi
}

# shut OPTION... IMAGE: what the root brings is no device, /dev has what it always has. The cgroup's
# filter would have let it be opened.
shut() {
	try quick "${@:1:$#-1}" "${@: -1}" sh -c 'echo >/dev/null && head -c 1 /dev/zero | wc -c && cat /nodes/null'
	assert_equal "$said" "1
cat: can't open '/nodes/null': Permission denied" "$*"
}

# opens OPTION... IMAGE
opens() {
	try quick "${@:1:$#-1}" "${@: -1}" sh -c 'echo >/dev/null && cat /nodes/null && echo opened'
	assert_equal "$said" opened "$*"
}

test_device_of_an_image() {
	local tree=$work/tree
	mkdir -p "$tree"/{bin,etc,proc,sys,dev,tmp,run,nodes}
	cp /bin/busybox "$tree/bin/"
	chroot "$tree" /bin/busybox --install -s /bin
	mknod -m 666 "$tree/nodes/null" c 1 3
	tar -C "$tree" -cf $work/nodes.tar .
	mksquashfs "$tree" $work/squashed.sqfs -noappend -quiet -no-progress >/dev/null
	mkfs.erofs $work/packed.erofs "$tree" >/dev/null
	for file in nodes.tar squashed.sqfs packed.erofs; do
		crunit load -q $work/$file >/dev/null
		shut "localhost/${file%.*}"
	done
	shut --read-only nodes
	shut --uidmap 0:300000:65536 nodes
	shut --pid host --ipc host nodes
	shut --security-opt seccomp=unconfined --cap-add sys_admin nodes
	shut --cgroups=disabled nodes
	CRUNIT_MOUNT=classic shut nodes
	CRUNIT_IDMAP=never shut --uidmap 0:300000:65536 nodes
	shut --rootfs "$tree"
	shut --rootfs "$tree:O"
	shut --rootfs $work/packed.erofs:O
	# what somebody mounted beside it is as he said
	shut --volume "$tree/nodes:/nodes" nodes
	opens --volume "$tree/nodes:/nodes:dev" nodes
	# who may make them may use them, and who is given one there
	opens --cap-add mknod nodes
	opens --privileged nodes
	opens --device /dev/null:/nodes/other nodes
	# in a unit, where exec comes to it
	container nodes <<-'END'
		[Container]
		Image=localhost/nodes:latest
		ContainerName=nodes
		Network=none
		Exec=sleep 1000
		StopTimeout=0
	END
	start nodes
	assert_fails crunit exec nodes cat /nodes/null
	assert_match "$said" 'Permission denied'
	assert_fails crunit exec --privileged nodes cat /nodes/null
	crunit exec nodes sh -c 'echo >/dev/null'
	assert_match "$(grep ' / / ' "/proc/$(main_pid nodes)/mountinfo")" ' / / rw,nodev,'
	systemctl stop nodes
	crunit rmi nodes squashed packed >/dev/null
}

test_device_by_path_is_systemds() {
	container path <<-'END'
		[Container]
		Image=localhost/busybox:latest
		ContainerName=path
		Network=none
		AddDevice=/dev/full:/dev/mine:r
		Exec=busybox sleep infinity
	END
	start path
	assert_equal "$(prop path DevicePolicy)" closed
	assert_equal "$(prop path DeviceAllow)" '/dev/full rm'
	crunit exec path busybox head -c 1 /dev/mine >/dev/null
}
