# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# Images out of the store and back, with skopeo and umoci on the other side.

# with_registry FUNCTION: it is called while registries may run; they end with it.
with_registry() {
	(
		unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY
		registry_work=$work/registry
		mkdir -p "$registry_work" "$work/conf"
		export CONTAINERS_REGISTRIES_CONF=$work/conf/registries.conf
		# shellcheck source=tests/registry/lib.sh
		source /registry/lib.sh
		trap registry_stop_all EXIT
		"$1"
	)
}

insecure() {
	printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$1" >"$work/conf/registries.conf"
}

# own_store DIR COMMAND: the command, with DIR as its store.
in_store() {
	local dir=$1
	shift
	CRUNIT_STORAGE=$dir "$@"
}

digest_of() {
	crunit images --format json "$1" | jq -r '.[0].Digest'
}

image_id() {
	crunit images -q --no-trunc "$1"
}

# runs IMAGE: a container of it says hello.
runs() {
	crunit run --rm --network none --pids-limit -1 "$1" "${@:2}"
}

push_and_read_back() {
	distribution_start main || fail "no registry"
	insecure "$distribution_host"
	local ref=$distribution_host/team/app:1 digest
	digest=$(digest_of app)
	crunit push -q --digestfile $work/digest app "$ref"
	assert_equal "$(cat $work/digest)" "$digest" "digest of what was pushed"
	skopeo inspect --raw --tls-verify=false "docker://$ref" >$work/manifest
	cmp $work/manifest "/var/lib/crunit/blobs/sha256/${digest#sha256:}" || fail "another manifest"
	# into another store, byte for byte, and it is whole
	in_store $work/other crunit pull -q "$ref"
	assert_equal "$(in_store $work/other crunit images --format json "$ref" | jq -r '.[0].Digest')" "$digest" "digest pulled"
	local blob
	for blob in "$work"/other/blobs/sha256/*; do
		cmp "$blob" "/var/lib/crunit/blobs/sha256/${blob##*/}" || fail "${blob##*/} came back different"
	done
	in_store $work/other crunit image check -q
	# what another client pushed goes out as it came in
	skopeo copy -q --dest-tls-verify=false --format v2s2 dir:$work/flat "docker://$distribution_host/team/docker:1"
	crunit pull -q "$distribution_host/team/docker:1"
	crunit tag "$distribution_host/team/docker:1" "$distribution_host/again/docker:2"
	crunit push -q "$distribution_host/again/docker:2"
	skopeo inspect --raw --tls-verify=false "docker://$distribution_host/team/docker:1" >$work/one
	skopeo inspect --raw --tls-verify=false "docker://$distribution_host/again/docker:2" >$work/two
	cmp $work/one $work/two || fail "Docker's manifest was changed"
	grep -q vnd.docker.distribution.manifest.v2 $work/one || fail "it is not Docker's"
	crunit rmi "$distribution_host/team/docker:1" "$distribution_host/again/docker:2"
}

test_m12_push_and_read_back() {
	skopeo copy -q oci:/var/lib/crunit:localhost/hello:latest dir:$work/flat
	with_registry push_and_read_back
}

push_mounts_and_resumes() {
	hostile_start main || fail "no registry"
	insecure "$hostile_host"
	crunit push -q nginx:1 "$hostile_host/team/nginx"
	crunit tag nginx:1 "$hostile_host/team/nginx:latest"
	crunit push -q nginx:1 "$hostile_host/other/nginx"
	hostile_log main | grep -E 'POST /v2/other/nginx/blobs/uploads/\?mount=.* 201' >/dev/null || fail "nothing was mounted"
	crunit rmi "$hostile_host/team/nginx:latest"
	hostile_rule main 'PATCH /v2/broken/ disconnect at=1000000 over=1000000 times=2'
	# Whether libcurl or we begin anew depends on when the end of the connection is seen.
	crunit push --retry-delay 0s nginx:1 "$hostile_host/broken/nginx"
	hostile_log main | grep -E 'PATCH /v2/broken/.* 0 bytes' >/dev/null || fail "nothing was broken"
	hostile_rule main
	in_store $work/other crunit pull -q "$hostile_host/broken/nginx"
	in_store $work/other crunit image check -q
}

test_m12_mounts_and_resumes() {
	with_registry push_mounts_and_resumes
}

test_r11_root_file_system_with_checksum() {
	local sum
	crunit save --format rootfs -o $work/python.tar.zst --digestfile $work/sum python:1
	sum=$(sha256sum $work/python.tar.zst)
	assert_equal "$(cat $work/sum)" "sha256:${sum%% *}" "checksum"
	crunit save --format rootfs -o $work/again.tar.zst python:1
	cmp $work/python.tar.zst $work/again.tar.zst || fail "it is another one each time"
	mkdir $work/rootfs
	tar -C $work/rootfs --zstd --xattrs --xattrs-include='*' -xpf $work/python.tar.zst
	crunit run --rm --network none --pids-limit -1 --rootfs $work/rootfs python3 -V | grep '^Python 3' || fail "it does not run"
	crunit load -q -t again:1 $work/python.tar.zst
	runs again:1 python3 -V | grep '^Python 3' || fail "it does not run as an image"
	crunit rmi again:1
	# with a layer that hides things of the one below, and with capabilities
	crunit save --format rootfs -o $work/probe.tar probe
	mkdir $work/probe
	tar -C $work/probe --xattrs --xattrs-include='*' -xpf $work/probe.tar
	getcap -r $work/probe | grep cap_net_raw >/dev/null || fail "no capability is left: $(getcap -r $work/probe)"
}

test_c5_names() {
	local id
	id=$(image_id hello)
	crunit tag hello renamed:7
	crunit image exists renamed:7
	crunit untag hello hello:latest
	! crunit image exists hello:latest || fail "the name is still there"
	container named <<-'END'
		[Container]
		Image=localhost/renamed:7
		Network=none
	END
	start named
	assert_journal named '^Hello from crunit$'
	systemctl stop named
	crunit tag renamed:7 hello:latest
	assert_equal "$(image_id hello)" "$id" "id"
	crunit images --format json | jq -e --arg id "$id" '[.[] | select(.Id == $id) | .Names | length] == [2]' >/dev/null ||
		fail "$(crunit images --format json)"
	crunit history --format json app | jq -e 'length > 0' >/dev/null || fail "no history"
	crunit rmi renamed:7
	crunit image exists hello
	crunit image inspect hello | jq -e --arg id "$id" '.[0].Id == $id' >/dev/null || fail "no inspection"
}

test_c6_transports_out() {
	local id form
	id=$(image_id busybox)
	cd "$work" || fail "no $work"
	crunit push -q busybox oci:layout:1.0
	crunit push -q busybox oci-archive:o.tar:1.0
	crunit push -q busybox docker-archive:d.tar:busybox:1.0
	crunit push -q busybox dir:flat
	crunit save -q -o d2.tar busybox
	crunit save -q --format oci-dir -o layout2 busybox
	for form in oci:layout:1.0 oci-archive:o.tar:1.0 docker-archive:d.tar:busybox:1.0 dir:flat docker-archive:d2.tar oci:layout2; do
		rm -rf back
		skopeo copy -q $form oci:back:x || fail "skopeo does not read $form"
		# the layers say that it is the same; skopeo writes configurations anew
		assert_equal "$(skopeo inspect --config oci:back:x | jq -c .rootfs.diff_ids)" \
			"$(jq -c .rootfs.diff_ids "/var/lib/crunit/blobs/sha256/$id")" "layers of $form"
	done
}

test_c6_transports_in() {
	local form
	cd "$work" || fail "no $work"
	skopeo copy -q oci:/var/lib/crunit:localhost/busybox:latest oci:layout:1.0
	skopeo copy -q oci:layout:1.0 oci-archive:o.tar:1.0
	skopeo copy -q oci:layout:1.0 docker-archive:d.tar:skopeo/busybox:1.0
	skopeo copy -q oci:layout:1.0 dir:flat
	for form in oci:layout:1.0 oci-archive:o.tar:1.0 docker-archive:d.tar:skopeo/busybox:1.0 dir:flat; do
		crunit pull $form >$work/id || fail "cannot pull $form"
		runs "$(cat $work/id)" sh -c 'echo works' | grep -x works >/dev/null || fail "$form does not run"
	done
	# a plain root file system, in each compression
	crunit save -q --format rootfs -o r.tar busybox
	for form in gzip zstd xz; do
		$form -qk r.tar
	done
	for form in r.tar r.tar.gz r.tar.zst r.tar.xz; do
		crunit pull "tarball:$form" >$work/id || fail "cannot pull $form"
	done
	assert_fails crunit pull docker-daemon:web:1
	assert_match "$said" 'docker-daemon is not supported: use `docker save IMAGE [|] crunit load`'
	crunit image prune -f >/dev/null
	crunit rmi -f flat r copied:1.0 1.0:latest docker.io/skopeo/busybox:1.0 2>/dev/null || true
}

test_c8_other_tools_read_the_store() {
	cd "$work" || fail "no $work"
	umoci ls --layout /var/lib/crunit | grep -x localhost/busybox:latest >names || fail "umoci does not list it"
	skopeo inspect oci:/var/lib/crunit:localhost/busybox:latest | jq -e .Digest >/dev/null
	skopeo copy -q oci:/var/lib/crunit:localhost/busybox:latest oci:layout:busybox
	umoci unpack --image layout:busybox bundle
	echo "from umoci" >bundle/rootfs/etc/changed
	rm bundle/rootfs/etc/passwd
	umoci repack --image layout:changed bundle
	crunit load -q -t changed:1 oci:layout:changed
	runs changed:1 cat /etc/changed | grep -x 'from umoci' >/dev/null || fail "the change is lost"
	runs changed:1 sh -c '[ ! -e /etc/passwd ]' || fail "what was removed is there"
	crunit image check -q changed:1
	crunit rmi changed:1
}

# A removal is killed at any moment: what is referenced is there, whole, and the rest goes with the
# next writer.
test_c8_collection_is_safe() {
	local i pid
	mkdir $work/store
	export CRUNIT_STORAGE=$work/store
	crunit load -q -i /images/hello.tar
	for i in 0.002 0.004 0.006 0.01 0.02 0.03 0.05; do
		crunit load -q -i /images/nginx.tar
		crunit rmi nginx:1 &
		pid=$!
		sleep $i
		kill -KILL $pid 2>/dev/null || true
		wait $pid || true
		crunit image check -q || fail "damaged after a kill at $i"
	done
	crunit rmi nginx:1 2>/dev/null || true
	crunit load -q -i /images/hello.tar
	assert_equal "$(find $work/store/layers -mindepth 1 -maxdepth 1 | wc -l)" \
		"$(crunit image inspect hello | jq '.[0].RootFS.Layers | unique | length')" "layers"
	assert_equal "$(find $work/store/tmp -mindepth 1 | wc -l)" 0 "unfinished things"
	unset CRUNIT_STORAGE
}

test_damage_is_found_and_repaired() {
	local layer blob
	mkdir $work/store
	export CRUNIT_STORAGE=$work/store
	crunit load -q -i /images/nginx.tar
	# one of the layers has small files only
	blob=$(find $work/store/layers -type f -size +1k | sort | sed -n 1p)
	layer=$work/store/layers/$(cut -d / -f 1 <<<"${blob#"$work/store/layers/"}")
	printf xxxxxxxx | dd of="$blob" bs=1 seek=100 conv=notrunc status=none
	assert_fails crunit image check
	assert_match "$said" "Damaged: layer sha256:${layer##*/} is damaged: .* \(localhost/nginx:1\)"
	crunit image check --repair
	crunit image check -q
	rm -rf "${layer:?}"
	crunit image check --repair
	[ -d "$layer" ] || fail "the layer was not unpacked"
	unset CRUNIT_STORAGE
}
