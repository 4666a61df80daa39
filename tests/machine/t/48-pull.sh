# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# Pulling images: from Debian's docker-registry, and from a registry of the tests' own where that
# has to misbehave or to be counted.

# A store of the test's own, and nobody's settings.
registries() {
	registry_work=$work/registries
	mkdir -p "$registry_work"
	# shellcheck source=/dev/null
	source /registry/lib.sh
	trap registry_stop_all EXIT
	export CRUNIT_STORAGE=/var/tmp/test-store HOME=$work CONTAINERS_REGISTRIES_CONF=$work/registries.conf
	rm -rf "$CRUNIT_STORAGE"
	: >"$work/registries.conf"
}

# marked HOST: plain http, or any certificate, will do there.
marked() {
	printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$1" >"$work/registries.conf"
}

# push_hello HOST OPTION...: what the machine's store has as hello, as hello:1.
push_hello() {
	local host=$1
	shift
	CRUNIT_STORAGE=/var/lib/crunit crunit push -q "$@" localhost/hello:latest "docker://$host/hello:1"
}

manifest_digest() {
	crunit images --digests -n "$1" | grep -o 'sha256:[0-9a-f]*' | head -n 1
}

assert_hello() {
	assert_equal "$(crunit image inspect "$1" | jq -r '.[0].Id')" \
		"$(CRUNIT_STORAGE=/var/lib/crunit crunit images -q --no-trunc localhost/hello:latest)" "the id"
	assert_equal "$(find "$CRUNIT_STORAGE/tmp" -mindepth 1 | wc -l)" 0 "unfinished things"
}

test_m11_pull_by_tag_and_digest() {
	local digest
	registries
	distribution_start plain plain
	push_hello "$distribution_host" --tls-verify=false
	assert_fails crunit pull --retry 0 "$distribution_host/hello:1"
	marked "$distribution_host"
	try crunit pull -q "$distribution_host/hello:1"
	assert_match "$said" '^[0-9a-f]{64}$'
	assert_hello "$distribution_host/hello:1"
	digest=$(manifest_digest "$distribution_host/hello")
	rm -rf "$CRUNIT_STORAGE"
	crunit pull -q "$distribution_host/hello@$digest"
	assert_hello "$distribution_host/hello@$digest"
	assert_fails crunit pull "$distribution_host/hello:2"
	assert_match "$said" 'not found \(404\)'
}

test_m11_basic_authorisation() {
	local auth
	registries
	distribution_start basic basic
	marked "$distribution_host"
	push_hello "$distribution_host" --creds alice:secret
	assert_fails crunit pull "$distribution_host/hello:1"
	assert_match "$said" '401'
	assert_fails crunit pull --creds alice:wrong "$distribution_host/hello:1"
	assert_match "$said" '401'
	crunit pull -q --creds alice:secret "$distribution_host/hello:1"
	assert_hello "$distribution_host/hello:1"
	rm -rf "$CRUNIT_STORAGE"
	auth=$(printf 'alice:secret' | base64)
	printf '{"auths":{"%s":{"auth":"%s"}}}' "$distribution_host" "$auth" >"$work/auth.json"
	crunit pull -q --authfile "$work/auth.json" "$distribution_host/hello:1"
	assert_hello "$distribution_host/hello:1"
	rm -rf "$CRUNIT_STORAGE"
	REGISTRY_AUTH_FILE=$work/auth.json crunit pull -q "$distribution_host/hello:1"
	assert_hello "$distribution_host/hello:1"
}

test_m11_bearer_token() {
	registries
	hostile_start token --user alice:secret --auth token --image 'app:1 layers=2 size=50000'
	marked "$hostile_host"
	assert_fails crunit pull "$hostile_host/app:1"
	assert_match "$said" '401'
	crunit pull -q --creds alice:secret "$hostile_host/app:1"
	hostile_log token | grep '^registry GET /v2/app/blobs/.* auth=bearer' >/dev/null || fail "no token was used"
}

test_m11_own_authority() {
	local place
	registries
	distribution_start tls tls
	push_hello "$distribution_host" --cert-dir "$registry_work/tls/trust"
	assert_fails crunit pull --retry 0 "$distribution_host/hello:1"
	assert_match "$said" 'certificate'
	assert_fails crunit pull --retry 0 --cert-dir "$registry_work/tls/other" "$distribution_host/hello:1"
	crunit pull -q --cert-dir "$registry_work/tls/trust" "$distribution_host/hello:1"
	assert_hello "$distribution_host/hello:1"
	rm -rf "$CRUNIT_STORAGE"
	for place in containers docker; do
		rm -rf "$CRUNIT_STORAGE"
		mkdir -p "/etc/$place/certs.d/$distribution_host"
		cp "$registry_work/tls/trust/ca.crt" "/etc/$place/certs.d/$distribution_host/"
		try crunit pull -q "$distribution_host/hello:1"
		rm -r "/etc/$place/certs.d"
		assert_equal "$status" 0 "$said"
		assert_hello "$distribution_host/hello:1"
	done
}

# The names that Docker's manual gives the files.
test_m11_client_certificate_as_docker_has_it() {
	local directory
	registries
	registry_certificates
	hostile_start closed --tls "$registry_work/tls/server.crt" "$registry_work/tls/server.key" \
		--client-ca "$registry_work/tls/trust/ca.crt" --image 'app:1 layers=1 size=20000'
	assert_fails crunit pull --retry 0 --cert-dir "$registry_work/tls/trust" "$hostile_host/app:1"
	directory=/etc/docker/certs.d/$hostile_host
	mkdir -p "$directory"
	cp "$registry_work/tls/trust/ca.crt" "$directory/ca.crt"
	cp "$registry_work/tls/client/client.cert" "$registry_work/tls/client/client.key" "$directory/"
	try crunit pull -q "$hostile_host/app:1"
	rm -r /etc/docker/certs.d
	assert_equal "$status" 0 "$said"
}

test_m12_what_was_pushed_comes_back_byte_for_byte() {
	local digest
	registries
	distribution_start plain plain
	marked "$distribution_host"
	push_hello "$distribution_host"
	crunit pull -q "$distribution_host/hello:1"
	digest=$(manifest_digest "$distribution_host/hello")
	crunit push -q "$distribution_host/hello:1" "docker://$distribution_host/again:1"
	rm -rf "$CRUNIT_STORAGE"
	crunit pull -q "$distribution_host/again:1"
	assert_equal "$(manifest_digest "$distribution_host/again")" "$digest" "the manifest's digest"
	assert_hello "$distribution_host/again:1"
}

test_r9_the_right_platform() {
	registries
	hostile_start multi --image 'multi:1 layers=2 size=10000 index=1'
	marked "$hostile_host"
	crunit pull -q "$hostile_host/multi:1"
	assert_equal "$(crunit image inspect "$hostile_host/multi:1" | jq -r '.[0].Architecture')" \
		"$(dpkg --print-architecture)" "the architecture"
	assert_fails crunit pull --platform linux/riscv64 "$hostile_host/multi:1"
	assert_match "$said" 'has nothing for linux/riscv64, only for linux/amd64, linux/arm64'
	crunit pull -q --platform linux/arm64 "$hostile_host/multi:1"
	assert_equal "$(crunit image inspect "$hostile_host/multi:1" | jq -r '.[0].Architecture')" \
		arm64 "the other architecture"
}

# root_file_system TEXT: $work/TEXT.tar, in which /text says so.
root_file_system() {
	mkdir -p "$work/tree/bin"
	cp /bin/busybox "$work/tree/bin/"
	echo "$1" >"$work/tree/text"
	tar -C "$work/tree" -cf "$work/$1.tar" .
}

# text_of IMAGE OPTION...: what /text says in a container of it
text_of() {
	quick "${@:2}" "$1" /bin/busybox cat /text
}

# Twenty processes and more, some of which are killed, on the store that all containers use. An image that is
# removed while a container of it starts is there for that as a whole, or not at all.
# timeout test_c9_many_at_once: 300
test_c9_many_at_once() {
	local i pids=() victims=() pid
	registries
	unset CRUNIT_STORAGE
	for i in box {1..6}; do
		root_file_system "$i"
		crunit load -q -t "gone:$i" "$work/$i.tar"
	done
	crunit save -q --format oci-dir -o "$work/layout" gone:box
	crunit rmi gone:box >/dev/null
	hostile_start many --layout "box:1=$work/layout" --image 'one:1 layers=3 size=2000000' --image 'two:1 layers=3 size=2000000' \
		--image 'three:1 layers=3 size=2000000' --rule 'GET /blobs/ drip bytes=100000 pause=0.01'
	marked "$hostile_host"
	for i in one two three one two three one two three one two three; do
		crunit pull -q "$hostile_host/$i:1" >"$work/pull.$i" 2>&1 &
		pids+=($!)
	done
	for i in {1..6}; do
		text_of "$hostile_host/box:1" >"$work/text.$i" 2>"$work/run.$i" &
		pids+=($!)
		{ text_of "gone:$i" --pull never || true; } >"$work/raced.$i" 2>&1 &
		pids+=($!)
		{ crunit rmi "gone:$i" || true; } >"$work/removed.$i" 2>&1 &
		pids+=($!)
		crunit image prune -f >"$work/prune.$i" 2>&1 &
		pids+=($!)
		crunit load -q -i /images/hello.tar -t "many:$i" >"$work/load.$i" 2>&1 &
		pids+=($!)
		# one that dies somewhere
		{ timeout -s KILL "0.$i" crunit load -q -i /images/nginx.tar -t "dead:$i" || true; } >/dev/null 2>&1 &
		victims+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || fail "one of them failed: $(cat "$work"/{pull,run,prune,load}.*)"
	done
	wait "${victims[@]}"
	assert_equal "$(hostile_log many | grep 'GET /v2/[a-z]*/blobs/' | awk '{ print $3 }' | sort | uniq -d)" "" \
		"what was fetched twice"
	for i in {1..6}; do
		assert_equal "$(cat "$work/text.$i")" box "what the image says that they pulled"
		assert_match "$(cat "$work/raced.$i")" "^$i$|no image '?(localhost/)?gone:$i|is not in the store"
		assert_match "$(cat "$work/removed.$i")" "^Untagged: localhost/gone:$i|gone:$i is in use by container"
		crunit rmi --ignore "gone:$i" >/dev/null
	done
	crunit rmi "$hostile_host/box:1" >/dev/null
	for i in one two three; do
		crunit image inspect "$hostile_host/$i:1" | jq -r '.[0].RootFS.Layers[]?' >/dev/null
		crunit rmi "$hostile_host/$i:1" >/dev/null
	done
	for i in {1..6}; do
		crunit rmi "many:$i" >/dev/null
		crunit rmi --ignore "dead:$i" >/dev/null
	done
	assert_equal "$(find /var/lib/crunit/tmp -mindepth 1 | wc -l)" 0 "unfinished things"
	crunit run --rm --network none --pids-limit -1 localhost/busybox:latest true
}

# A start may take three seconds, and a pull takes five: systemd is told, and waits.
# timeout test_slow_line_does_not_fail_a_unit: 300
test_slow_line_does_not_fail_a_unit() {
	local pid i seen=
	registries
	hostile_start slow --image 'slow:1 layers=2 size=1000000' \
		--rule 'GET /blobs/ drip bytes=100000 pause=0.5'
	marked "$hostile_host"
	uses slow-pull.service
	systemd-run -q --unit slow-pull -p Type=oneshot -p NotifyAccess=all -p TimeoutStartSec=3 \
		-E CRUNIT_STORAGE="$CRUNIT_STORAGE" -E CONTAINERS_REGISTRIES_CONF="$CONTAINERS_REGISTRIES_CONF" \
		crunit pull -q "$hostile_host/slow:1" &
	pid=$!
	for ((i = 0; i < 300; i++)); do
		[[ $(prop slow-pull StatusText) != "Pulling $hostile_host/slow:1: "*" of 2 MB, "*" of 2 layers" ]] || seen=1
		kill -0 $pid 2>/dev/null || break
		sleep 0.1
	done
	wait $pid || fail "the unit failed: $(prop slow-pull Result)"
	assert_equal "$seen" 1 "the status was seen"
	crunit image inspect "$hostile_host/slow:1" >/dev/null
}
