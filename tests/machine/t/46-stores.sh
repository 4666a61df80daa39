# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# Additional stores: images that came with the system, on a file system nobody
# can write to.

vendor=/srv/vendor

# vendor_store FILE...: a store with these archives in it, read-only from then on.
vendor_store() {
	local file
	mkdir -p $vendor
	mount -t tmpfs tmpfs $vendor
	for file; do
		crunit --root $vendor load -q "$file"
	done
	mount -o remount,ro $vendor
	mkdir -p /etc/crunit
	printf '[storage]\nadditional-stores = %s /srv/not-there\n' $vendor >/etc/crunit/crunit.conf
}

no_vendor_store() {
	rm -rf /etc/crunit
	umount $vendor
	rmdir $vendor
}

# A name of its own, so that it cannot be the machine's store that has it.
vendor_archive() {
	mkdir -p $work/tree/bin
	cp /bin/busybox $work/tree/bin/
	ln -sf busybox $work/tree/bin/sh
	echo "from the vendor" >$work/tree/note
	tar -C $work/tree -cf $work/shipped.tar .
}

# A start makes nothing in the container's own layer for what is mounted in all of them.
test_stores_have_places_for_mounts() {
	local image=localhost/shipped:latest places=/var/lib/crunit/mountpoints before
	local -a run=(crunit run --rm --network none)
	vendor_archive
	crunit load -q $work/shipped.tar
	container places <<-END
		[Container]
		Image=$image
		Network=none
		Exec=busybox sleep 1000
		StopTimeout=0
	END
	start places
	assert_equal "$(find /var/lib/crunit/containers/systemd-places@places/upper -mindepth 1)" '' 'what a start wrote'
	assert_equal "$(crunit exec systemd-places busybox stat -c '%a %u %n' /etc /run /etc/hosts)" '755 0 /etc
755 0 /run
644 0 /etc/hosts'
	assert_equal "$(crunit diff systemd-places)" ''
	# to the container they are of its one file system, as all the rest
	assert_equal "$(crunit exec systemd-places busybox stat -c %d / /etc /run /bin /note | sort -u | wc -l)" 1 'file systems'
	crunit exec systemd-places sh -c 'echo one >/etc/of-its-own; echo two >>/etc/hosts'
	assert_equal "$(crunit diff systemd-places)" 'A /etc
A /etc/of-its-own'
	systemctl stop places
	assert_equal "$(find $places -type f -size +0)" '' 'what containers wrote'
	before=$(find $places | sort)
	# who does without the files has none
	"${run[@]}" --no-hosts $image sh -c '! test -e /etc/hosts'
	"${run[@]}" --no-hostname $image sh -c '! test -e /etc/hostname'
	"${run[@]}" --dns none $image sh -c '! test -e /etc/resolv.conf'
	# who asks for one of them gets what he would without
	assert_equal "$("${run[@]}" --user 1000 --tmpfs /run $image busybox stat -c %a /run)" 1777
	"${run[@]}" --user 1000 --volume places-run:/run/ $image sh -c 'echo >/run/mine'
	crunit volume rm places-run >/dev/null
	crunit run --name kept --network none $image busybox true
	echo text >$work/file
	crunit cp $work/file kept:/etc/file
	crunit rm kept >/dev/null
	# an image's own are not hidden
	mkdir -p $work/tree/etc
	ln -s /note $work/tree/etc/resolv.conf
	tar -C $work/tree -cf $work/own.tar .
	crunit load -q $work/own.tar
	assert_equal "$("${run[@]}" localhost/own:latest busybox readlink /etc/resolv.conf)" /note
	# what is missing crun makes, and where nothing can be made all goes on as well
	rm $places/etc/hosts
	"${run[@]}" $image busybox grep -q localhost /etc/hosts
	rm -r $places
	strace -qq -o $work/log -e trace=rename -e inject=rename:error=ENOSPC:when=2 \
		"${run[@]}" $image busybox grep -q localhost /etc/hosts
	grep -q 'mountpoints.*INJECTED' $work/log || fail "nothing was made to fail: $(cat $work/log)"
	[ -z "$(find /var/lib/crunit -name '*mountpoints*')" ] || fail 'something is left of them'
	"${run[@]}" $image busybox grep -q localhost /etc/hosts
	assert_equal "$(find $places | sort)" "$before" 'the places'
	crunit rmi $image localhost/own:latest >/dev/null
}

test_stores_image_runs_in_place() {
	local pid before
	vendor_archive
	vendor_store $work/shipped.tar
	before=$(find $vendor | sort; cat $vendor/index.json)
	container shipped <<-'END'
		[Container]
		Image=localhost/shipped:latest
		Network=none
		Exec=sh -c 'busybox cat /note; echo mine >/note; busybox cat /note; exec busybox sleep 1000'
		StopTimeout=1
	END
	start shipped
	assert_journal shipped '^from the vendor$'
	assert_journal shipped '^mine$'
	pid=$(main_pid shipped)
	assert_match "$(grep ' / / ' "/proc/$pid/mountinfo")" ' overlay '
	systemctl restart shipped
	assert_journal shipped '^from the vendor$'
	systemctl stop shipped
	assert_equal "$(find $vendor | sort; cat $vendor/index.json)" "$before" "the store"
	[ ! -e "/var/lib/crunit/layers/$(ls $vendor/layers)" ] || fail "it was copied"
	no_vendor_store
}

test_stores_image_is_listed_and_stays() {
	vendor_archive
	vendor_store $work/shipped.tar
	assert_match "$(crunit images)" 'R/O'
	assert_match "$(crunit images -n shipped)" '^localhost/shipped .* true$'
	assert_match "$(crunit images -n hello)" '^localhost/hello '
	assert_equal "$(crunit images --format json | jq -r '.[] | select(.ReadOnly) | .Names[0]')" localhost/shipped:latest
	assert_equal "$(crunit image inspect shipped | jq -r '.[0].LayerDirectories[0]' | cut -d / -f 2-3)" "${vendor#/}"
	crunit image exists shipped
	assert_fails crunit rmi shipped
	assert_match "$said" "image shipped is in $vendor, which is only read"
	assert_fails crunit rmi --force shipped
	assert_fails crunit tag shipped other
	assert_match "$said" "image shipped is in $vendor, which is only read"
	crunit image prune -f
	assert_equal "$(crunit run --rm --network none shipped sh -c 'busybox cat /note')" "from the vendor"
	no_vendor_store
	assert_fails crunit run --rm --network none --pull never shipped sh
	[[ $(crunit images) != *R/O* ]] || fail "the column is there without a reason"
}

# The machine's own store goes first.
test_stores_own_image_goes_first() {
	vendor_archive
	vendor_store $work/shipped.tar
	echo "my own" >$work/tree/note
	tar -C $work/tree -cf $work/shipped.tar .
	crunit load -q $work/shipped.tar
	assert_equal "$(crunit run --rm --network none shipped sh -c 'busybox cat /note')" "my own"
	crunit rmi shipped
	assert_equal "$(crunit run --rm --network none shipped sh -c 'busybox cat /note')" "from the vendor"
	no_vendor_store
}

test_stores_by_option() {
	vendor_archive
	crunit --root $work/more load -q $work/shipped.tar
	assert_fails crunit run --rm --network none --pull never shipped sh
	assert_equal "$(crunit --additional-store $work/more run --rm --network none shipped sh -c 'busybox cat /note')" "from the vendor"
	assert_fails crunit --additional-store more images
	assert_match "$said" 'not an absolute path'
	# whoever looks after it does so with --root
	crunit --root $work/more rmi shipped
}

# A layout that nobody unpacked cannot be run where it is, and is not touched.
test_stores_not_unpacked() {
	vendor_archive
	crunit --root $work/more load -q $work/shipped.tar
	rm -rf $work/more/layers/*
	assert_fails crunit --additional-store $work/more run --rm --network none shipped sh
	assert_match "$said" "image shipped is in $work/more, which is only read, and not unpacked there"
	assert_equal "$(ls $work/more/layers)" ""
}

# As it would be in an operating system's image.
test_stores_in_a_squashfs() {
	crunit --root $work/os load -q /images/hello.tar
	mksquashfs $work/os $work/os.sqfs -noappend -quiet -no-progress >/dev/null
	mkdir -p $work/mounted
	mount -o loop,ro $work/os.sqfs $work/mounted
	crunit rmi --force hello
	container hello <<-END
		[Container]
		Image=localhost/hello:latest
		GlobalArgs=--additional-store=$work/mounted
		Network=none
		StopTimeout=1
	END
	start hello
	assert_journal hello '^Hello from crunit$'
	systemctl stop hello
	umount $work/mounted
	crunit load -q /images/hello.tar
}

# What is pulled uses the layers of such a store where they are, and says so when it is gone.
test_stores_layers_of_what_is_pulled() {
	local registry_work=$work/registries
	mkdir -p "$registry_work"
	# shellcheck source=/dev/null
	source /registry/lib.sh
	trap registry_stop_all EXIT
	vendor_archive
	vendor_store $work/shipped.tar
	distribution_start plain plain
	mkdir -p /etc/containers/registries.conf.d
	printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$distribution_host" >/etc/containers/registries.conf.d/test.conf
	crunit push -q localhost/shipped:latest "$distribution_host/shipped:1"
	container pulled <<-END
		[Container]
		Image=$distribution_host/shipped:1
		Network=none
		Exec=sh -c 'busybox cat /note; echo mine >/note; exec busybox sleep 1000'
		StopTimeout=1
	END
	start pulled
	assert_journal pulled '^from the vendor$'
	assert_equal "$(find /var/lib/crunit/layers /var/lib/crunit/blobs -lname "$vendor/*" | wc -l)" 2 "links"
	assert_equal "$(crunit run --rm --network none --uidmap 0:100000:65536 --gidmap 0:100000:65536 "$distribution_host/shipped:1" sh -c 'busybox cat /note')" "from the vendor"
	systemctl stop pulled
	crunit image check "$distribution_host/shipped:1"
	umount $vendor
	assert_fails systemctl start pulled
	assert_journal pulled "is used from another store, and is gone there \\($vendor/layers/"
	crunit pull -q "$distribution_host/shipped:1"
	systemctl reset-failed pulled
	start pulled
	assert_equal "$(find /var/lib/crunit/layers /var/lib/crunit/blobs -type l -lname "$vendor/*" | wc -l)" 0 "links"
	systemctl stop pulled
	crunit rmi --force "$distribution_host/shipped:1"
	rm -rf /etc/crunit /etc/containers/registries.conf.d/test.conf
	rmdir $vendor
}
