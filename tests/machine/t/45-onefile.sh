# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# Images as one file: squashfs and erofs, mounted as they are.

# one_file FILE: a root file system with busybox as that file, of the kind its
# name ends with.
one_file() {
	local tree=$work/tree
	rm -rf "$tree" "$1"
	mkdir -p "$tree"/{bin,etc,proc,sys,dev,tmp,run,data}
	cp /bin/busybox "$tree/bin/"
	chroot "$tree" /bin/busybox --install -s /bin
	echo "${2:-one}" >"$tree/etc/version"
	echo 'root:x:0:0::/:/bin/sh' >"$tree/etc/passwd"
	install -m 4755 -o 102 -g 999 /bin/busybox "$tree/bin/setuid"
	cp /bin/busybox "$tree/bin/pinger"
	setcap cap_net_raw=ep "$tree/bin/pinger"
	mknod "$tree/data/null" c 1 3
	mkfifo "$tree/data/pipe"
	ln "$tree/etc/version" "$tree/data/linked"
	chown 12:34 "$tree/data"
	case $1 in
	*.sqfs) mksquashfs "$tree" "$1" -noappend -quiet -no-progress >/dev/null ;;
	*) mkfs.erofs "$1" "$tree" >/dev/null ;;
	esac
}

# As a container sees its root, a line for each file.
looks() {
	crunit exec "$1" sh -c 'cd / && find . -xdev ! -path "./proc*" ! -path "./sys*" ! -path "./dev*" ! -path "./run*" |
		sort | xargs stat -c "%n %a %u:%g %F %t:%T %s"'
}

loops() {
	cat /sys/block/loop*/loop/backing_file 2>/dev/null | grep -E 'crunit|\.sqfs|\.erofs' || true
}

no_loops() {
	[ -z "$(loops)" ]
}

runs_file() {
	container file <<-END
		[Container]
		Image=localhost/$1:latest
		Network=none
		Exec=sh -c 'cat /etc/version; echo written >/etc/version; cat /etc/version; exec sleep 1000'
		StopTimeout=1
	END
}

check_file() {
	local kind=$1 pid
	one_file "$work/$kind-image.$2"
	try crunit load "${@:3}" "$work/$kind-image.$2"
	assert_equal "$said" "Loaded image: localhost/$kind-image:latest"
	runs_file "$kind-image"
	start file
	assert_journal file '^one$'
	assert_journal file '^written$'
	pid=$(main_pid file)
	assert_match "$(grep ' / / ' "/proc/$pid/mountinfo")" ' overlay ' "the root"
	assert_equal "$(crunit exec systemd-file stat -c '%a %u:%g' /bin/setuid)" '4755 102:999'
	assert_equal "$(crunit exec systemd-file stat -c '%u:%g %h' /data /data/linked)" "$(printf '12:34 2\n0:0 2')"
	assert_equal "$(getfattr -n security.capability --only-values "/proc/$pid/root/bin/pinger" | od -An -tx1)" \
		"$(getfattr -n security.capability --only-values "$work/tree/bin/pinger" | od -An -tx1)" "the capability"
	# nobody else sees the mount
	! grep -E 'squashfs|erofs' /proc/self/mountinfo || fail "the host has the mount"
	assert_fails crunit rmi "$kind-image"
	assert_match "$said" 'in use by container systemd-file'
	systemctl stop file
	wait_for 3 no_loops
	crunit rmi "$kind-image"
	assert_fails systemctl start file
	systemctl reset-failed file
}

test_t2_squashfs_by_copy() {
	check_file squash sqfs
}

test_t2_squashfs_by_reference() {
	check_file squashref sqfs --reference
}

test_t2_erofs_by_copy() {
	check_file erofs erofs
}

test_t2_erofs_by_reference() {
	check_file erofsref erofs --reference
}

test_t2_killed_leaves_no_loop_device() {
	one_file $work/kill.sqfs
	crunit load -q $work/kill.sqfs
	runs_file kill
	start file
	[ -n "$(loops)" ] || fail "there is no loop device"
	kill -KILL "$(main_pid file)"
	wait_state file failed
	wait_for 3 no_loops
	crunit rmi kill
}

test_t2_containers_share_a_device() {
	local i
	one_file $work/shared.sqfs
	crunit load -q $work/shared.sqfs
	container shared@ <<-'END'
		[Container]
		Image=localhost/shared:latest
		Network=none
		Exec=sleep 1000
		StopTimeout=1
	END
	for i in 1 2 3; do
		uses "shared@$i.service"
		start "shared@$i"
	done
	assert_equal "$(loops | wc -l)" 1 "loop devices"
	systemctl stop 'shared@*'
	wait_for 3 no_loops
	crunit rmi shared
}

test_t2_read_only_root() {
	one_file $work/fixed.sqfs
	crunit load -q -c 'CMD ["/bin/sh", "-c", "touch /x; echo status $?; cat /etc/version"]' $work/fixed.sqfs
	container fixed <<-'END'
		[Container]
		Image=localhost/fixed:latest
		Network=none
		ReadOnly=true
		[Service]
		Type=oneshot
	END
	start fixed
	assert_journal fixed 'Read-only file system'
	assert_journal fixed '^one$'
	wait_for 3 no_loops
	crunit rmi fixed
}

test_t2_the_name_moves_to_the_new_file() {
	one_file $work/os.sqfs one
	crunit load -q $work/os.sqfs
	runs_file os
	start file
	assert_journal file '^one$'
	one_file $work/os.sqfs two
	crunit load -q $work/os.sqfs
	assert_equal "$(crunit images -n | grep -c '^localhost/os  *latest')" 1 "images of that name"
	assert_equal "$(crunit exec systemd-file cat /data/linked)" one "what runs"
	systemctl restart file
	assert_journal file '^two$'
	systemctl stop file
	crunit image prune -f
	crunit rmi os
	assert_equal "$(find /var/lib/crunit/blobs/sha256 -size +100k -newer $work/os.sqfs | wc -l)" 0 "files left"
}

# What a reference leads to is its owner's, and may be gone or another one.
test_t2_a_reference_that_changed() {
	one_file $work/ref.sqfs
	crunit load -q --reference $work/ref.sqfs
	assert_equal "$(crunit run --rm --network none ref cat /etc/version)" one
	one_file $work/ref.sqfs two
	assert_fails crunit run --rm --network none ref cat /etc/version
	assert_match "$said" "$work/ref.sqfs is not the file any more that image ref was loaded from: load it again"
	mv $work/ref.sqfs $work/away.sqfs
	assert_fails crunit run --rm --network none ref cat /etc/version
	assert_match "$said" 'the file of image ref is gone'
	mv $work/away.sqfs $work/ref.sqfs
	crunit load -q --reference $work/ref.sqfs
	assert_equal "$(crunit run --rm --network none ref cat /etc/version)" two
	crunit rmi ref
	test -e $work/ref.sqfs || fail "the file itself is gone"
}

test_t2_settings_beside_the_file() {
	one_file $work/set.sqfs
	cat >$work/set.sqfs.json <<-'END'
		{"os": "linux", "config": {"Entrypoint": ["/bin/sh", "-c"], "Cmd": ["id -u; pwd; echo $A"],
		 "User": "12:34", "WorkingDir": "/data", "Env": ["A=beside"]}}
	END
	crunit load -q $work/set.sqfs
	assert_equal "$(crunit run --rm --network none set)" "$(printf '12\n/data\nbeside')"
	crunit load -q --change 'ENV A=changed' -c 'WORKDIR /etc' $work/set.sqfs
	assert_equal "$(crunit run --rm --network none set)" "$(printf '12\n/etc\nchanged')"
	echo '{"architecture": "s390x"}' >$work/other.json
	assert_fails crunit load -q --config $work/other.json $work/set.sqfs
	assert_match "$said" 'is for linux/s390x, this machine is linux/'
	echo 'no JSON' >$work/set.sqfs.json
	assert_fails crunit load -q $work/set.sqfs
	assert_match "$said" "$work/set.sqfs.json: not valid JSON"
	assert_equal "$(crunit run --rm --network none set)" "$(printf '12\n/etc\nchanged')"
	crunit rmi set
}

test_t2_a_damaged_file_is_refused() {
	one_file $work/cut.sqfs
	truncate -s -8192 $work/cut.sqfs
	assert_fails crunit load -q $work/cut.sqfs
	assert_match "$said" 'cut.sqfs begins like squashfs, but is cut off'
	assert_fails crunit load -q --reference /images/hello.tar
	assert_match "$said" 'hello.tar is no file system: only squashfs and erofs can be mounted where they are'
}

# A root file system that is a file, without an image.
test_t2_rootfs_is_a_file() {
	one_file $work/root.erofs
	container root <<-END
		[Container]
		Rootfs=$work/root.erofs:O
		Network=none
		Exec=cat /etc/version
		[Service]
		Type=oneshot
	END
	start root
	assert_journal root '^one$'
	wait_for 3 no_loops
}

test_t2_no_such_file_system_in_the_kernel() {
	one_file $work/none.sqfs
	crunit load -q $work/none.sqfs
	# the kernel asked for squashfs says ENODEV
	try strace -f -o /dev/null -e inject=fsopen:error=ENODEV crunit run --rm --network none none true
	assert_match "$said" 'this kernel has no squashfs; load its module with .modprobe squashfs.'
	assert_equal "$status" 125
	crunit rmi none
}

# two_layers FILE: a docker-archive whose upper layer hides, replaces and adds.
two_layers() {
	local top=$work/layers i ids=()
	rm -rf "$top"
	mkdir -p "$top"/{1,2}/{hidden,opaque,both} "$top"/1/{bin,proc,sys,dev,run,tmp}
	cp /bin/busybox "$top/1/bin/"
	chroot "$top/1" /bin/busybox --install -s /bin
	chmod 1777 "$top/1/tmp"
	install -m 4755 -o 102 -g 999 /bin/busybox "$top/1/bin/setuid"
	cp /bin/busybox "$top/1/bin/pinger"
	setcap cap_net_raw=ep "$top/1/bin/pinger"
	touch "$top"/1/hidden/{gone,stays} "$top"/1/opaque/{old,older} "$top"/2/hidden/.wh.gone "$top"/2/opaque/{.wh..wh..opq,new}
	echo one >"$top/1/both/file"
	echo two >"$top/2/both/file"
	ln "$top/1/bin/pinger" "$top/1/both/linked"
	ln -s ../both/file "$top/1/both/symbolic"
	mknod "$top/1/both/device" c 1 3
	mkfifo "$top/1/both/pipe"
	setfattr -n user.note -v kept "$top/1/both/file"
	setfattr -n user.note -v kept "$top/2/both/file"
	chown -h 12:34 "$top/1/both/symbolic" "$top/2/both/file"
	touch -d '2001-02-03 04:05:06' "$top/2/both/file"
	for i in 1 2; do
		tar --xattrs --xattrs-include='*' -C "$top/$i" -cf "$top/$i.tar" .
		ids+=("\"sha256:$(sha256sum "$top/$i.tar" | cut -d ' ' -f 1)\"")
	done
	printf '{"architecture":"amd64","os":"linux","config":{"Cmd":["sleep","1000"],"Env":["A=kept"]},"rootfs":{"type":"layers","diff_ids":[%s,%s]}}' \
		"${ids[@]}" >"$top/config.json"
	echo '[{"Config":"config.json","RepoTags":["localhost/layers:latest"],"Layers":["1.tar","2.tar"]}]' >"$top/manifest.json"
	tar -C "$top" -cf "$1" manifest.json config.json 1.tar 2.tar
}

runs_layers() {
	container layers <<-'END'
		[Container]
		Image=localhost/layers:latest
		Network=none
		StopTimeout=1
	END
	start layers
}

# Everything but what differs by nature: fractions of seconds, and of directories
# the size and the number of links.
tree_of() {
	local root
	root=/proc/$(main_pid "$1")/root
	(
		cd "$root" || exit
		find bin hidden opaque both tmp -printf '%p %y %m %U:%G %n %T@ %l %s\n' |
			sed -E 's/^(.* d [0-7]+ [0-9:]+) [0-9]+ (.*) [0-9]+$/\1 \2/; s/(\.[0-9]+) /.0 /' | sort
		getfattr -R -h -d -m - --absolute-names bin both 2>/dev/null | grep -v '^$'
		cat both/file
	)
}

squash_layers() {
	local before after
	two_layers $work/layers.tar
	crunit load -q $work/layers.tar
	runs_layers
	before=$(tree_of layers)
	assert_match "$before" 'security.capability'
	assert_match "$before" 'hidden/stays'
	[[ $before != *hidden/gone* && $before != *opaque/old* ]] || fail "what is hidden is there: $before"
	systemctl stop layers
	crunit tag layers second
	crunit image squash --format "$1" layers
	assert_equal "$(find /var/lib/crunit/layers -mindepth 1 -maxdepth 1 -newer $work/layers.tar | wc -l)" 0 "unpacked layers"
	assert_equal "$(crunit images -q --no-trunc layers)" "$(crunit images -q --no-trunc second)" "the other name's image"
	runs_layers
	after=$(tree_of layers)
	[ "$after" = "$before" ] || fail "the tree differs: $(diff <(echo "$before") <(echo "$after"))"
	assert_equal "$(environment_of "$(main_pid layers)" | grep '^A=')" A=kept
	systemctl stop layers
	wait_for 3 no_loops
	crunit rmi layers second
}

test_t2_squash_to_squashfs() {
	squash_layers squashfs
}

test_t2_squash_to_erofs() {
	squash_layers erofs
}

# A file that is carried to another machine, with its settings.
test_t2_squash_to_a_file() {
	two_layers $work/layers.tar
	crunit load -q $work/layers.tar
	crunit image squash -o $work/out.sqfs layers
	crunit rmi layers
	crunit load -q --reference $work/out.sqfs
	assert_equal "$(crunit image inspect out | jq -r '.[0].Config.Env[0]')" A=kept
	assert_equal "$(crunit run --rm --network none out cat /both/file)" two
	crunit rmi out
	find $work -name '.out*' | grep . && fail "something is left" || true
}

test_t2_squash_refuses() {
	assert_fails crunit image squash --format ext4 hello
	assert_match "$said" "'ext4' is not one of squashfs, erofs"
	assert_fails crunit image squash nothing
	assert_match "$said" "no image 'nothing'"
	assert_fails env PATH=/nowhere /usr/bin/crunit image squash hello
	assert_match "$said" 'mksquashfs is not installed: it comes with squashfs-tools'
	assert_fails crunit image squash --compression nonsense hello
	assert_match "$said" 'mksquashfs failed: '
	assert_fails crunit image squash -o /nowhere/x.sqfs hello
	assert_equal "$(find /var/lib/crunit/tmp -mindepth 1 | wc -l)" 0 "unfinished things"
}

test_t2_squash_killed_leaves_nothing() {
	local pid
	crunit image squash --compression xz nginx:1 &
	pid=$!
	wait_for 5 pgrep -x mksquashfs
	pkill -KILL -x crunit-image
	wait $pid || true
	wait_for 3 no_mksquashfs
	crunit images >/dev/null
	crunit load -q -i /images/hello.tar
	assert_equal "$(find /var/lib/crunit/tmp -mindepth 1 | wc -l)" 0 "unfinished things"
	crunit run --rm --network none nginx:1 nginx -v
}

no_mksquashfs() {
	! pgrep -x mksquashfs
}
