# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# Loading images, and what the image says about the container.

test_images_are_listed() {
	local name
	try crunit images --format json
	assert_equal "$status" 0 "$said"
	for name in hello:latest busybox:latest app:latest runner:latest nginx:1 probe:latest python:1; do
		[[ $said == *localhost/${name}* ]] || fail "localhost/$name is not listed in $said"
	done
	jq -e 'length >= 7' <<<"$said" >/dev/null || fail "no list: $said"
}

test_r2_rootfs_tar_runs_python() {
	container py <<-'END'
		[Container]
		Image=localhost/python:1
		Network=none
		Exec=python3 -V
		[Service]
		Type=oneshot
	END
	start py
	assert_journal py '^Python 3\.'
}

test_r2_rootfs_directory_runs_python() {
	mkdir -p /var/tmp/rootfs
	tar -C /var/tmp/rootfs --zstd -xf /images/python.tar.zst
	container py <<-'END'
		[Container]
		Rootfs=/var/tmp/rootfs:O
		Network=none
		Exec=python3 -V
		[Service]
		Type=oneshot
	END
	start py
	assert_journal py '^Python 3\.'
	rm -rf /var/tmp/rootfs
}

layer_inodes() {
	find /var/lib/crunit/layers -mindepth 1 -maxdepth 1 -printf '%f %i %C@\n' | sort
}

test_r3_second_start_unpacks_nothing() {
	local before
	container hello <<-'END'
		[Container]
		Image=localhost/hello:latest
		Network=none
	END
	start hello
	before=$(layer_inodes)
	systemctl restart hello
	assert_equal "$(layer_inodes)" "$before" "layers after a restart"
	crunit load -q -i /images/hello.tar
	assert_equal "$(layer_inodes)" "$before" "layers after loading the same again"
}

test_r3_new_content_is_a_new_layer() {
	local before after
	container hello <<-'END'
		[Container]
		Image=localhost/hello:latest
		Network=none
	END
	start hello
	assert_journal hello '^Hello from crunit$'
	before=$(layer_inodes)
	crunit load -q -i /images/hello-2.tar
	after=$(layer_inodes)
	[[ $after == *"${before%%$'\n'*}"* ]] || fail "the layer in use was touched"
	[ "$after" != "$before" ] || fail "there is no new layer"
	systemctl restart hello
	assert_journal hello '^Greetings from crunit$'
	systemctl stop hello
	crunit load -q -i /images/hello.tar
	systemctl start hello
	assert_journal hello '^Hello from crunit$'
}

test_r3_killed_load_leaves_no_half_layer() {
	local delay pid sum
	mkdir -p $work/store
	for delay in 0.05 0.1 0.2 0.3 0.5 0.8; do
		own_store $work/store "crunit load -q -i /images/nginx.tar" &
		pid=$!
		sleep "$delay"
		pkill -KILL -x crunit-image || true
		wait $pid || true
	done
	own_store $work/store "crunit load -q -i /images/nginx.tar"
	sum=$(cd $work/store/layers && find . -type f | wc -l)
	assert_equal "$sum" "$(tar_files /images/nginx.tar)" "files in the layers"
	assert_equal "$(find $work/store/tmp -mindepth 1 | wc -l)" 0 "unfinished things"
}

# Files, with each of their hard links, in the layers of a docker-archive.
tar_files() {
	local layer
	for layer in $(tar -tf "$1" | grep layer.tar); do
		tar -xOf "$1" "$layer" | tar -tvf - | grep -c '^[-h]' || true
	done | awk '{ n += $1 } END { print n }'
}

# own_store DIR COMMAND: the command, with DIR as its store.
own_store() {
	unshare --mount --propagation private sh -ec "mount --bind $1 /var/lib/crunit; $2"
}

test_full_disk_while_loading() {
	unshare --mount --propagation private bash -euc '
		mount -t tmpfs -o size=30m tmpfs /var/lib/crunit
		if crunit load -q -i /images/nginx.tar 2>/run/test-said; then
			echo "loaded 110 MB into 30"; exit 1
		fi
		grep -q "No space left on device" /run/test-said || { cat /run/test-said; exit 1; }
		[ "$(find /var/lib/crunit/tmp -mindepth 1 | wc -l)" = 0 ] || { find /var/lib/crunit/tmp; exit 1; }
		# what is there must still be a working store, with room in it
		crunit load -q -i /images/hello.tar
		crunit images | grep hello
		! crunit images | grep nginx
	'
	rm -f /run/test-said
}

test_wrong_digest_is_refused() {
	# a store of its own: what is already there need not be read again
	mkdir -p $work/bad $work/store
	cp -a /images/app/. $work/bad
	local blob
	blob=$(find $work/bad/blobs/sha256 -size +100k)
	printf 'x' | dd of="$blob" bs=1 seek=500000 conv=notrunc status=none
	sed -i 's|localhost/app|localhost/bad|' $work/bad/index.json
	assert_fails own_store $work/store "crunit load -i $work/bad"
	assert_match "$said" 'is damaged'
	try own_store $work/store "crunit images"
	[[ $said != *localhost/bad* ]] || fail "it is listed all the same"
}

test_not_an_image_is_refused() {
	echo "nothing like an image" >$work/text
	assert_fails crunit load -i $work/text
	assert_match "$said" 'text'
	assert_fails crunit load -i $work/absent
	assert_match "$said" 'absent'
}

test_rmi_frees_the_name_and_refuses_while_used() {
	crunit load -q -i /images/hello.tar
	container hello <<-'END'
		[Container]
		Image=localhost/hello:latest
		Network=none
	END
	start hello
	assert_fails crunit rmi localhost/hello:latest
	assert_match "$said" 'systemd-hello'
	systemctl stop hello
	crunit rmi localhost/hello:latest
	! crunit images | grep localhost/hello >/dev/null || fail "it is still listed"
	assert_fails systemctl start hello
	crunit load -q -i /images/hello.tar
	systemctl reset-failed hello
	systemctl start hello
}

# What the image says: user with its groups, directory, environment, signal.
test_image_settings() {
	local pid
	container app <<-'END'
		[Container]
		Image=localhost/app:latest
		Network=none
		StopTimeout=3
	END
	start app
	assert_journal app '^uid=1234\(app\) gid=1234\(app\)'
	assert_journal app '2345'
	assert_journal app '3456'
	assert_journal app '^/home/app$'
	assert_journal app '^COLOUR=blue$'
	assert_journal app '^SHAPE=round$'
	assert_journal app '^HOME=/home/app$'
	pid=$(main_pid app)
	assert_equal "$(cat "/proc/$pid/root/srv/data/seed")" "from the image"
	# an anonymous volume, not the container's writable layer
	grep -q ' /srv/data ' "/proc/$pid/mountinfo" || fail "VOLUME is no mount"
}

test_user_key_and_groups() {
	container user <<-'END'
		[Container]
		Image=localhost/busybox:latest
		Network=none
		User=app
		Group=4444
		GroupAdd=5555
		WorkingDir=/srv
		Exec=sh -c 'id; pwd; exec sleep 1000'
		StopTimeout=1
	END
	start user
	assert_journal user 'uid=1234\(app\) gid=4444'
	assert_journal user '5555'
	assert_journal user '^/srv$'
}

# two_of NAME MODE OWNER: an image whose upper layer, the same in each, has files in directories that
# only the lower one describes.
two_of() {
	local top=$work/$1 i ids=()
	mkdir -p "$top"/1/{bin,proc,sys,dev,run,tmp,root,srv/deep} "$top"/2/{root,srv/deep}
	cp /bin/busybox "$top/1/bin/"
	chmod "$2" "$top"/1/root "$top/1/srv/deep"
	chown "$3" "$top"/1/root "$top/1/srv/deep"
	echo secret | tee "$top/2/root/file" >"$top/2/srv/deep/file"
	tar -C "$top/1" -cf "$top/1.tar" .
	tar -C "$top/2" --mtime=@1 -cf "$top/2.tar" root/file srv/deep/file
	for i in 1 2; do
		ids+=("\"sha256:$(sha256sum "$top/$i.tar" | cut -d ' ' -f 1)\"")
	done
	printf '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[%s,%s]}}' "${ids[@]}" >"$top/config.json"
	printf '[{"Config":"config.json","RepoTags":["localhost/%s:1"],"Layers":["1.tar","2.tar"]}]' "$1" >"$top/manifest.json"
	tar -C "$top" -cf "$work/$1.tar" manifest.json config.json 1.tar 2.tar
	crunit load -q "$work/$1.tar"
}

# what NAME [OPTION...]: modes and owners that its container sees.
what() {
	crunit run --rm --network none "${@:2}" "localhost/$1:1" /bin/busybox stat -c '%a %u:%g %n' /root /srv /srv/deep | paste -sd ' '
}

test_directories_of_lower_layers() {
	two_of open 0777 1000:1000
	two_of closed 0700 7:8
	assert_equal "$(what open)" "777 1000:1000 /root 755 0:0 /srv 777 1000:1000 /srv/deep"
	assert_equal "$(what closed)" "700 7:8 /root 755 0:0 /srv 700 7:8 /srv/deep"
	assert_equal "$(what closed --read-only)" "700 7:8 /root 755 0:0 /srv 700 7:8 /srv/deep"
	assert_equal "$(what closed --uidmap 0:100000:65536)" "700 7:8 /root 755 0:0 /srv 700 7:8 /srv/deep"
	crunit run --rm --network none --mount type=image,source=localhost/closed:1,target=/there localhost/open:1 \
		/bin/busybox stat -c '%a %u:%g' /there/srv/deep | grep -qx '700 7:8' || fail "not so in an image that is mounted"
	crunit rmi -f open:1
	crunit image check
	assert_equal "$(what closed)" "700 7:8 /root 755 0:0 /srv 700 7:8 /srv/deep" "after the other one has gone"
	crunit rmi -f closed:1
}
