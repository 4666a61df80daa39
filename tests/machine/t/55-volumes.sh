# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# Volumes and what else is mounted: .volume files with every key, what is copied into a new one,
# who may remove them and when, what they hold in memory, on devices and over images, Mount= of
# every type, and archives.

volumes=/var/lib/crunit/volumes

# volume NAME [LINE...]: NAME.volume.
volume() {
	local name=$1
	shift
	{ echo '[Volume]' && printf '%s\n' "$@"; } >"$quadlets/$name.volume"
	uses "$name-volume.service"
}

# No test finds what another left; those that fail leave things.
no_volumes() {
	crunit volume rm --all --force >/dev/null
	assert_equal "$(crunit volume ls -q)" "" "volumes"
}

# box LINE...: a container `box` that sleeps.
box() {
	container box <<-END
		[Container]
		Image=localhost/busybox:latest
		Network=none
		StopSignal=KILL
		Exec=sleep 100000
		$(printf '%s\n' "$@")
	END
	no_start_limit box
}

in_box() {
	crunit exec systemd-box sh -c "$1" 2>&1
}

# in_one OPTIONS... -- COMMAND: in a container that ends with it.
in_one() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	crunit run --rm --network none --pids-limit -1 "${options[@]}" localhost/busybox:latest sh -c "$2" 2>&1
}

# A new volume gets what the image has there, once; it outlives its containers and is the same for
# all of them.
test_m5_volume_lives_on() {
	local data=$volumes/systemd-keep/_data first
	no_volumes
	volume keep
	box Volume=keep.volume:/srv/data
	start box
	assert_equal "$(crunit volume ls -q)" systemd-keep
	assert_equal "$(in_box 'cat /srv/data/seed; stat -c %u:%g:%a /srv/data /srv/data/seed' | xargs)" \
		"from the image 1234:1234:755 1234:1234:644"
	in_box 'echo mine >/srv/data/own; rm /srv/data/seed'
	assert_equal "$(cat $data/own)" mine
	assert_equal "$(in_one -v systemd-keep:/other:ro -- 'cat /other/own; touch /other/x' | xargs)" \
		"mine touch: /other/x: Read-only file system"
	# as after a restart of the machine: nothing runs, the units begin anew
	systemctl restart keep-volume.service box
	assert_equal "$(in_box 'ls /srv/data')" own "after a restart"
	# an update: what the new image has there is not copied over what is used
	crunit load -q -i /images/checked.tar
	crunit tag localhost/busybox:latest localhost/updated:1
	sed -i 's/^Image=.*/Image=localhost\/updated:1/' $quadlets/box.container
	reload
	systemctl restart box
	first=$(crunit inspect -f '{{.Image}}' systemd-box)
	crunit tag localhost/checked:latest localhost/updated:1
	systemctl restart box
	[ "$(crunit inspect -f '{{.Image}}' systemd-box)" != "$first" ] || fail "the image is the same"
	assert_equal "$(in_box 'ls /srv/data')" own "after an update"
	systemctl stop box
	crunit rmi localhost/updated:1 localhost/checked:latest >/dev/null
	assert_equal "$(stat -c %a $volumes)" 700
}

test_volume_unit_is_quick_and_does_it_once() {
	local i
	no_volumes
	volume keep Label=a=b
	reload
	for i in 1 2 3; do
		systemctl restart keep-volume.service || fail "start $i"
	done
	assert_equal "$(prop keep-volume.service ActiveState)" active
	assert_equal "$(crunit volume inspect -f '{{.Labels}}' systemd-keep)" 'map[a:b]'
	# other options do not change what is there, and that is said
	volume keep Label=a=c
	reload
	systemctl restart keep-volume.service
	assert_journal keep-volume.service 'was made with other options and stays as it is'
	assert_equal "$(crunit volume inspect -f '{{.Labels}}' systemd-keep)" 'map[a:b]'
}

# Owners by name and number: of the top directory, whoever the container's user is.
test_volume_owners() {
	no_volumes
	volume byname User=daemon Group=games
	volume bynumber UID=77 GID=78 Copy=no
	volume plain
	box Volume=byname.volume:/srv/data Volume=bynumber.volume:/home/app Volume=plain.volume:/plain User=app
	start box
	assert_equal "$(in_box 'stat -c %u:%g /srv/data /home/app /plain' | xargs)" \
		"$(id -u daemon):$(getent group games | cut -d: -f3) 77:78 1234:1234"
	assert_equal "$(in_box 'ls /srv/data /home/app' | xargs)" '/home/app: /srv/data: seed'
	assert_equal "$(in_box 'touch /plain/x && echo written')" written
	# who is nobody here is an error, and not root
	volume wrong User=no-such-user
	reload
	assert_fails systemctl start wrong-volume.service
	assert_journal wrong-volume.service "this machine has no user 'no-such-user'"
	assert_fails crunit volume exists systemd-wrong
}

test_volume_copy_can_be_left_out() {
	no_volumes
	volume none Copy=no
	box Volume=none.volume:/srv/data Volume=other:/home/app:nocopy
	start box
	assert_equal "$(in_box 'ls -A /srv/data; stat -c %u:%a /srv/data' | xargs)" 1234:755
	# the next may still bring something
	assert_equal "$(in_one -v other:/srv/data -- 'ls /srv/data')" seed
}

# Whatever interrupts the copy: the next start begins it anew.
test_volume_copy_is_whole_or_nothing() {
	local i pid
	no_volumes
	mkdir -p $work/root/many $work/root/bin
	cp /bin/busybox $work/root/bin/
	for ((i = 0; i < 3000; i++)); do echo $i >$work/root/many/$i; done
	for ((i = 0; i < 3; i++)); do
		crunit run --rm --name filler --network none --pids-limit -1 -v many:/many --rootfs $work/root:O \
			/bin/busybox true &
		pid=$!
		wait_for 30 [ -e $volumes/many/filling ]
		kill -9 $pid
		wait $pid || true
		[ -e $volumes/many/filling ] || break
	done
	assert_equal "$(crunit volume inspect -f '{{.NeedsCopyUp}}' many)" true
	touch $volumes/many/_data/half
	crunit run --rm --name filler --network none --pids-limit -1 -v many:/many --rootfs $work/root:O \
		/bin/busybox sh -c 'ls /many | wc -l' >$work/count
	assert_equal "$(cat $work/count)" 3000
	[ ! -e $volumes/many/filling ] || fail "it is still marked"
	# what the user empties stays empty
	find $volumes/many/_data -mindepth 1 -delete
	crunit run --rm --name filler --network none --pids-limit -1 -v many:/many --rootfs $work/root:O \
		/bin/busybox sh -c 'ls /many | wc -l' >$work/count
	assert_equal "$(cat $work/count)" 0
}

# A full disk stops the start; with room again it goes on as if nothing had been.
test_volume_on_a_full_disk() {
	local small=$work/small
	mkdir -p $small $work/root/big $work/root/bin
	cp /bin/busybox $work/root/bin/
	dd if=/dev/urandom of=$work/root/big/a bs=64k count=24 2>/dev/null
	cp $work/root/big/a $work/root/big/b
	mount -t tmpfs -o size=2M small $small
	trap 'umount /tmp/test/small' EXIT
	try crunit --root $small run --rm --name filler --network none --pids-limit -1 -v big:/big \
		--rootfs $work/root:O /bin/busybox ls /big
	assert_equal "$status" 125
	assert_match "$said" "volume 'big': .*No space left"
	mount -o remount,size=8M $small
	try crunit --root $small run --rm --name filler --network none --pids-limit -1 -v big:/big \
		--rootfs $work/root:O /bin/busybox md5sum /big/a /big/b
	assert_equal "$status" 0
	assert_equal "$(cut -d' ' -f1 <<<"$said" | uniq | wc -l)" 1
	mount -o remount,size=4M $small
	dd if=/dev/zero of=$small/rest bs=64k 2>/dev/null || true
	assert_fails crunit --root $small volume import big - < <(tar -C $work/root -c big)
	assert_equal "$(crunit --root $small volume ls -q)" big
	crunit --root $small volume rm big
}

test_volume_in_use_is_not_removed() {
	no_volumes
	volume keep
	box Volume=keep.volume:/x
	start box
	try crunit volume rm systemd-keep
	assert_equal "$status" 2
	assert_match "$said" "volume 'systemd-keep' is in use by systemd-box: stop and remove it first"
	assert_equal "$(crunit volume ls -f dangling=true -q)" ""
	assert_equal "$(crunit volume inspect -f '{{.MountCount}} {{.Containers}}' systemd-keep)" '1 [systemd-box]'
	crunit volume prune --force
	crunit volume exists systemd-keep || fail "prune removed it"
	systemctl stop box
	# what is kept of a container counts as well
	crunit run --name kept --network none --pids-limit -1 -v systemd-keep:/x localhost/busybox:latest true
	try crunit volume rm systemd-keep
	assert_equal "$status" 2
	assert_match "$said" "is in use by kept"
	crunit volume rm --force systemd-keep
	try crunit volume rm systemd-keep
	assert_equal "$status" 1
	assert_match "$said" "there is no volume 'systemd-keep'"
	crunit volume rm --force systemd-keep || fail "nothing to force"
	crunit volume create a --label x=1
	crunit volume create b
	try crunit volume prune --filter label=y
	assert_equal "$(echo n | crunit volume prune 2>&1 >/dev/null | grep -c WARNING)" 1
	assert_equal "$(crunit volume ls -q | xargs)" "a b"
	assert_equal "$(crunit volume prune -f --filter label=x=1 | xargs)" a
	assert_equal "$(crunit volume rm -a)" b
}

# Starts and removals at the same time: each start has its volume, each removal is whole.
test_volume_removal_races_with_starts() {
	local i failed=0
	no_volumes
	(for ((i = 0; i < 40; i++)); do crunit volume rm race >/dev/null 2>&1 || true; done) &
	for ((i = 0; i < 6; i++)); do
		[ "$(in_one -v race:/srv/data -- 'cat /srv/data/seed')" = "from the image" ] || failed=$((failed + 1))
	done
	wait
	assert_equal $failed 0 "failed starts"
	assert_equal "$(find $volumes -maxdepth 1 -name '.*' | wc -l)" 0 "half removed"
}

# In memory: one for all, and there as long as the machine runs.
test_volume_in_memory() {
	no_volumes
	volume mem Device=tmpfs Type=tmpfs Options=size=2M,noexec User=daemon
	box Volume=mem.volume:/mem
	start box
	assert_equal "$(in_box 'df -k /mem | awk "END { print \$2 }"; stat -c %u /mem' | xargs)" "2048 $(id -u daemon)"
	assert_match "$(awk '$5 == "/mem"' "/proc/$(main_pid box)/mountinfo")" 'noexec.* tmpfs '
	in_box 'echo here >/mem/file'
	assert_equal "$(in_one -v systemd-mem:/m -- 'cat /m/file; echo there >/m/other')" here
	assert_equal "$(in_box 'cat /mem/other')" there
	assert_equal "$(cat $volumes/systemd-mem/_data/file)" here "on the host"
	assert_match "$(in_box 'dd if=/dev/zero of=/mem/full bs=1M count=3')" 'No space left'
	systemctl restart box
	assert_equal "$(in_box 'cat /mem/file')" here "after a restart of the container"
	# a unit that has mounts of its own sees the same
	mkdir -p /etc/systemd/system/box.service.d
	printf '[Service]\nPrivateMounts=yes\n' >/etc/systemd/system/box.service.d/own.conf
	reload
	systemctl restart box
	assert_equal "$(in_box 'cat /mem/file')" here "with PrivateMounts=yes"
	systemctl stop box
	crunit volume rm systemd-mem
	! grep $volumes /proc/self/mountinfo || fail "still mounted"
}

# A file system of its own, in a file or a directory of the host.
test_volume_on_a_device() {
	no_volumes
	truncate -s 16M $work/disk
	busybox mke2fs -F $work/disk >/dev/null
	mkdir -p $work/dir
	volume disk Device=$work/disk Type=ext2 Options=noatime Copy=no User=daemon
	volume dir Device=$work/dir Type=bind Options=nodev,noexec
	volume dirro Device=$work/dir Type=none Options=bind,ro
	box Volume=disk.volume:/disk Volume=dir.volume:/dir Volume=dirro.volume:/dirro
	start box
	assert_match "$(awk '$5 == "/disk"' "/proc/$(main_pid box)/mountinfo")" 'noatime.* ext2 '
	assert_equal "$(in_box 'stat -c %u /disk')" "$(id -u daemon)"
	in_box 'echo one >/disk/file; echo two >/dir/file; cp /bin/busybox /dir/prog'
	assert_match "$(in_box '/dir/prog true; touch /dirro/x; cat /dirro/file' | xargs)" \
		'Permission denied .*Read-only file system two'
	assert_equal "$(cat $work/dir/file)" two
	# two at once have one file system, not two of one device
	assert_equal "$(in_one -v systemd-disk:/d -- 'cat /d/file; echo three >/d/more; sync')" one
	assert_equal "$(in_box 'cat /disk/more')" three
	assert_equal "$(losetup -n -O NAME -j $work/disk | wc -l)" 1 "loop devices"
	systemctl stop box
	wait_for 20 [ "$(losetup -n -j $work/disk | wc -l)" = 0 ]
	systemctl start box
	assert_equal "$(in_box 'cat /disk/file /disk/more' | xargs)" "one three"
}

test_volume_that_cannot_be_mounted() {
	local lines expected
	no_volumes
	while IFS='|' read -r lines expected; do
		crunit volume rm -f broken >/dev/null
		# shellcheck disable=SC2086
		crunit volume create $lines broken >/dev/null
		try in_one -v broken:/x -- true
		assert_equal "$status" 125 "$lines"
		assert_match "$said" "$expected"
	done <<-'END'
		-o type=ext4 -o device=/no/such|volume 'broken': cannot mount /no/such: No such file
		-o type=bind -o device=/no/such|volume 'broken': cannot use /no/such: No such file
		-o type=ext4 -o device=/etc/hostname|volume 'broken': cannot mount /etc/hostname as ext4
		-o type=nosuchfs -o device=x|this kernel has no file system nosuchfs; load its module
		-o type=nfs4 -o device=:/export -o o=addr=no.such.host.invalid|the server 'no.such.host.invalid' has no address
		-o type=nfs4 -o device=no-colon|no-colon: not of the form SERVER:PATH
		-o type=tmpfs -o o=size=many|cannot mount tmpfs as tmpfs with size=many
	END
	while IFS='|' read -r lines expected; do
		# shellcheck disable=SC2086
		try crunit volume create $lines
		assert_equal "$status" 125 "$lines"
		assert_match "$said" "$expected"
	done <<-'END'
		-o device=/dev/sdx x|device=/dev/sdx needs type=
		-o type=ext4 x|type=ext4 needs device=
		-o colour=red x|unknown option 'colour'
		-o o=size=1G x|size=1G: directories have no quota here
		-d image x|needs the option image=
		-d image -o image=localhost/no-such:1 x|no-such
		-d nfsplugin x|plugins are not supported
		../x|cannot be a volume's name
		.x|cannot be a volume's name
		a/b|cannot be a volume's name
	END
	assert_equal "$(crunit volume ls -q)" broken
}

# Changes over an image, kept; the image cannot go meanwhile.
test_volume_over_an_image() {
	no_volumes
	volume pic Driver=image Image=localhost/busybox:latest
	box Volume=pic.volume:/pic
	start box
	assert_equal "$(in_box 'cat /pic/srv/data/seed; echo more >/pic/srv/data/more; rm /pic/etc/group; ls /pic/etc' | xargs)" \
		"from the image passwd"
	assert_equal "$(in_one -v systemd-pic:/p -- 'cat /p/srv/data/more')" more
	systemctl restart box
	assert_equal "$(in_box 'cat /pic/srv/data/more; ls /pic/etc' | xargs)" "more passwd"
	systemctl stop box
	assert_match "$(crunit rmi localhost/busybox:latest 2>&1 || true)" 'in use by volume systemd-pic'
	assert_equal "$(in_one -- 'cat /srv/data/seed; ls /etc/group' | xargs)" "from the image /etc/group"
	crunit volume rm systemd-pic
}

# --- what Mount= and the options of Volume= can do

test_c11_mount_types() {
	no_volumes
	mkdir -p $work/glob/a1 $work/lower $quadlets/beside
	echo 1 >$work/glob/a1/file
	echo 2 >$work/glob/a2
	echo 3 >$work/glob/b
	echo low >$work/lower/file
	echo beside >$quadlets/beside/x1
	crunit volume create parts >/dev/null
	mkdir -p $volumes/parts/_data/deep/inner
	echo part >$volumes/parts/_data/deep/inner/file
	ln -s / $volumes/parts/_data/out
	ln -s deep/inner $volumes/parts/_data/link
	ln -s /srv/data/seed $work/alias
	mkdir -p $work/up $work/wk
	volume named VolumeName=named
	box Mount=type=glob,source=$work/glob/a*,destination=/globbed,ro=true \
		Mount=type=glob,source=$work/glob/b \
		Mount=type=glob,source=./beside/x*,destination=/beside \
		Mount=type=image,source=localhost/app:latest,destination=/image \
		Mount=type=image,source=localhost/app:latest,destination=/rw,rw=true \
		Mount=type=image,source=localhost/app:latest,destination=/part,subpath=srv/data \
		Mount=type=volume,source=parts,destination=/sub,subpath=deep/inner \
		Mount=type=volume,source=parts,destination=/onefile,subpath=link/file \
		Mount=type=volume,source=parts,destination=/hole,subpath=out/etc/../deep \
		Mount=type=volume,source=named.volume,destination=/named,U=true \
		Mount=type=volume,destination=/anonymous,ro=true \
		Mount=type=bind,source=$work/alias,destination=/links/alias,no-dereference=true \
		Mount=type=tmpfs,destination=/memory,tmpfs-size=1M,tmpfs-mode=700 \
		Mount=type=ramfs,destination=/ram \
		Mount=type=devpts,destination=/pts,max=8 \
		Volume=$work/lower:/over:O Volume=$work/lower:/lasting:O,upperdir=$work/up,workdir=$work/wk \
		Volume=parts:/thrown:O \
		User=app PodmanArgs=--group-add=0
	start box
	assert_equal "$(in_box "cat /globbed/a1/file /globbed/a2 $work/glob/b /beside/x1" | xargs)" "1 2 3 beside"
	assert_match "$(in_box 'touch /globbed/a1/x')" 'Read-only'
	assert_equal "$(in_box 'cat /image/srv/data/seed /part/seed /sub/file /onefile' | xargs)" \
		"from the image from the image part part"
	assert_match "$(in_box 'touch /image/srv/data/x; touch /rw/srv/data/x && ls /rw/srv/data' | xargs)" \
		'Read-only file system seed x'
	assert_equal "$(in_box 'ls /hole')" inner "a link out of the volume"
	assert_equal "$(in_box 'stat -c %u:%g /named; touch /named/x && echo ok' | xargs)" "1234:1234 ok"
	assert_match "$(in_box 'touch /anonymous/x')" 'Read-only'
	assert_equal "$(in_box 'stat -c %a /memory')" 700
	assert_equal "$(in_box 'readlink /links/alias; cat /links/alias' | xargs)" "/srv/data/seed from the image"
	assert_equal "$(crunit inspect systemd-box | jq -r '.[0].Mounts[] | select(.Destination == "/named") | .Type + " " + .Name')" "volume named"
	assert_equal "$(awk '$5 == "/ram" || $5 == "/pts" { print $(NF - 2) }' "/proc/$(main_pid box)/mountinfo" | sort | xargs)" "devpts ramfs"
	systemctl stop box
	sed -i '/^User=/d' $quadlets/box.container
	start box
	in_box 'echo new >/over/new; echo new >/lasting/new; echo new >/thrown/new; ls /rw/srv/data'
	[ ! -e $work/lower/new ] && [ -e $work/up/new ] || fail "where the layers are"
	[ ! -e $volumes/parts/_data/new ] || fail "written to the volume"
	systemctl restart box
	assert_equal "$(in_box 'ls /over /lasting' | xargs)" "/lasting: file new /over: file"
	try in_one --pull never --mount type=image,source=localhost/no-such:1,dst=/x -- true
	assert_equal "$status" 125
	assert_match "$said" 'localhost/no-such:1'
	try in_one --mount type=volume,source=parts,dst=/x,subpath=no/such -- true
	assert_equal "$status" 125
	assert_match "$said" "volume 'parts': cannot mount the part 'no/such': No such file"
	# images that are mounted stay in the store
	assert_match "$(crunit rmi localhost/app:latest 2>&1 || true)" 'in use by container systemd-box'
}

# One without a name goes with its container, and is never among the others.
test_volume_without_a_name() {
	local kept
	no_volumes
	box Volume=/srv/data
	start box
	assert_equal "$(in_box 'cat /srv/data/seed')" "from the image"
	assert_equal "$(crunit volume ls -q)" ""
	kept=$(find /var/lib/crunit/containers/systemd-box@box/volumes -name seed | wc -l)
	assert_equal "$kept" 1
	systemctl stop box
	assert_equal "$(find /var/lib/crunit/containers -name seed | wc -l)" 0 "left behind"
}

# --- archives

test_volume_archives() {
	local data=$volumes/from/_data
	no_volumes
	crunit volume create from >/dev/null
	mkdir -p $data/dir
	echo text >$data/dir/file
	ln $data/dir/file $data/hard
	ln -s ../../outside $data/soft
	mknod $data/null c 1 3
	mkfifo $data/fifo
	chown -R 1234:2345 $data/dir
	chmod 4755 $data/dir/file
	setfattr -n user.note -v kept $data/dir
	touch -d '2001-02-03 04:05:06.123456789' $data/hard
	truncate -s 20M $data/sparse
	crunit volume create to >/dev/null
	crunit volume export from | crunit volume import to -
	assert_equal "$(cd $volumes/to/_data && find . -mindepth 1 | sort | xargs)" \
		"./dir ./dir/file ./fifo ./hard ./null ./soft ./sparse"
	data=$volumes/to/_data
	assert_equal "$(stat -c %u:%g:%a $data/dir/file)" 1234:2345:4755
	assert_equal "$(stat -c %i $data/hard)" "$(stat -c %i $data/dir/file)"
	assert_match "$(stat -c %y $data/hard)" '2001-02-03 04:05:06.123456789'
	assert_equal "$(readlink $data/soft)" ../../outside
	assert_equal "$(stat -c %t:%T:%F $data/null)" "1:3:character special file"
	assert_equal "$(getfattr --only-values -n user.note $data/dir 2>/dev/null)" kept
	assert_equal "$(stat -c %s $data/sparse)" 20971520
	# into one that has something: the archive wins, the rest stays
	echo other >$data/dir/file2
	crunit volume export -o $work/from.tar from
	crunit volume import to $work/from.tar
	assert_equal "$(echo $data/dir/*)" "$data/dir/file $data/dir/file2"
	# compressed, and into what is in use
	gzip -c $work/from.tar >$work/from.tar.gz
	crunit volume rm to >/dev/null
	crunit volume create to -o type=tmpfs >/dev/null
	crunit volume import to $work/from.tar.gz
	assert_equal "$(in_one -v to:/x -- 'cat /x/dir/file')" text
	crunit volume rm to >/dev/null
	# tar can read it, and we what tar wrote
	mkdir $work/unpacked
	tar -C $work/unpacked -xf $work/from.tar
	assert_equal "$(cat $work/unpacked/dir/file)" text
}

# Nothing an archive says leads out of the volume.
test_volume_archives_of_strangers() {
	no_volumes
	crunit volume create to >/dev/null
	mkdir -p $work/victim
	echo safe >$work/victim/file
	python3 - $work <<-'END'
		import io, sys, tarfile
		work = sys.argv[1]
		def archive(name, *members):
		    with tarfile.open(f"{work}/{name}.tar", "w") as tar:
		        for path, kind, link in members:
		            info = tarfile.TarInfo(path)
		            info.type = kind
		            info.linkname = link
		            data = b"evil\n" if kind == tarfile.REGTYPE else b""
		            info.size = len(data)
		            tar.addfile(info, io.BytesIO(data))
		R, S, L = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
		archive("dots", ("../../../victim", R, ""))
		archive("link", ("x", S, f"{work}/victim"), ("x/file", R, ""))
		archive("hard", ("y", L, "../../../../../etc/passwd"))
		archive("top", (".", S, "/etc"))
		archive("absolute", ("/abs/file", R, ""))
	END
	for name in dots hard; do
		assert_fails crunit volume import to $work/$name.tar
	done
	assert_match "$said" 'passwd'
	crunit volume import to $work/link.tar || true
	crunit volume import to $work/top.tar || true
	crunit volume import to $work/absolute.tar
	assert_equal "$(cat $volumes/to/_data/abs/file)" evil
	assert_equal "$(cat $work/victim/file)" safe
	[ -d $volumes/to/_data ] && [ ! -L $volumes/to/_data ] || fail "the top was replaced"
	echo 'no archive at all, but long enough to look at' >$work/text
	assert_fails crunit volume import to $work/text
	assert_fails crunit volume import no-such $work/absolute.tar
	assert_fails crunit volume import to /no/such.tar
	# a link that was in the volume before does not lead out either
	ln -s $work/victim $volumes/to/_data/dir
	tar -C $work -cf $work/dir.tar --transform 's,victim,dir,' victim
	sed -i 's/safe/evil/' $work/victim/file
	crunit volume import to $work/dir.tar || true
	assert_equal "$(cat $work/victim/file)" evil
}

# What others have mounted: of one that runs and of one that is kept.
test_volumes_from_others() {
	local from="crunit run --rm --network none --pids-limit -1"
	mkdir -p $work/shared $work/other
	echo shared >$work/shared/file
	crunit run -d --name giver --network none --pids-limit -1 --stop-signal KILL -v $work/shared:/shared -v giver-data:/data -v /anonymous \
		-v $work/other:/hidden --tmpfs /memory localhost/busybox:latest sh -c 'echo a >/anonymous/file; echo d >/data/file; echo m >/memory/file; sleep 1000'
	wait_for 10 crunit exec giver test -e /memory/file
	assert_equal "$($from --volumes-from giver -v $work/shared:/hidden localhost/busybox:latest sh -c 'cat /shared/file /data/file /anonymous/file /hidden/file; ls /memory 2>/dev/null; echo new >/data/new' | tr '\n' ' ')" \
		"shared d a shared "
	assert_equal "$(crunit exec giver cat /data/new)" new
	assert_fails $from --volumes-from giver:ro localhost/busybox:latest sh -c 'echo x >/data/x'
	assert_fails $from --volumes-from giver:ro localhost/busybox:latest sh -c 'echo x >/anonymous/x'
	assert_fails crunit volume rm giver-data
	crunit rm -f giver
	crunit run --name keeper --rm=false --network none --pids-limit -1 -v $work/shared:/shared:ro -v /anonymous localhost/busybox:latest sh -c 'echo kept >/anonymous/file'
	assert_equal "$($from --volumes-from keeper localhost/busybox:latest sh -c 'cat /shared/file /anonymous/file; touch /shared/x 2>/dev/null || echo read-only' | tr '\n' ' ')" \
		"shared kept read-only "
	crunit rm keeper
	assert_fails $from --name x --volumes-from keeper localhost/busybox:latest true
	assert_equal "$said" "crunit: x: --volumes-from keeper: there is no container 'keeper' that runs or is kept"
	crunit volume rm giver-data
}
