#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# crunit pull against a registry of the tests' own, which can be as bad as it is told to. Needs root.
set -uo pipefail
# shellcheck source=tests/image/lib.sh
. "$(dirname "$0")/lib.sh"
source=${top_srcdir:-.}
archive=$source/tests/machine/images/archive
export registry_work=$work/registry
mkdir "$registry_work"
# shellcheck source=tests/registry/lib.sh
. "$source/tests/registry/lib.sh"
trap 'registry_stop_all; rm -rf "$work"' EXIT
export CONTAINERS_REGISTRIES_CONF=$work/registries.conf HOME=$work
unset NOTIFY_SOCKET
fresh() {
	rm -rf "$work/store"
}
# requests PATTERN: how many of the registry's answers since the last rest were to such.
requests() {
	hostile_log h | tail -n +"$((seen + 1))" | grep -cE -- "$1"
}
asked() {
	local count
	count=$(requests "$2")
	[ "$count" = "$1" ] || { echo "$count requests of $2, expected $1"; return 1; }
}
rest() {
	hostile_rule h
	[ $# = 0 ] || hostile_rule h "$@"
	seen=$(hostile_log h | wc -l)
}
# How many there were for blobs since the last rest.
connections() {
	hostile_log h | tail -n +"$((seen + 1))" | grep blobs/ | grep -o 'connection=[0-9]*' | sort -u | wc -l
}
in_tmp() {
	find "$work/store/tmp" -mindepth 1 | wc -l
}
clean() {
	[ "$(in_tmp)" = 0 ] || { find "$work/store/tmp"; return 1; }
}
# Nothing has a name, and nothing is unpacked.
nothing() {
	[ "$(find "$work/store/layers" "$work/store/blobs/sha256" -mindepth 1 | wc -l)" = 0 ] || return 1
	! "$build/crunit" images -n | grep .
}

# --- images: one layer that all have, and one of their own

mkdir -p "$work/base/lib"
for i in {1..100}; do
	head -c $((i * 200)) /dev/urandom >"$work/base/lib/$i"
done
head -c 3000000 /dev/urandom >"$work/base/large"
tar -C "$work/base" -cf "$work/base.tar" .
layouts=()
for i in {1..6}; do
	mkdir -p "$work/top$i/srv"
	head -c 300000 /dev/urandom >"$work/top$i/srv/$i"
	tar -C "$work/top$i" -cf "$work/top$i.tar" .
	"$archive" oci "$work/image$i" --name "1" --layer "$work/base.tar" --layer "$work/top$i.tar" \
		--compress "$([ "$i" = 2 ] && echo zstd || { [ "$i" = 3 ] && echo none || echo gzip; })"
	layouts+=(--layout "app$i:1=$work/image$i")
done
"$archive" oci "$work/chunked" --name 1 --layer "$work/base.tar" --layer "$work/top1.tar" --compress zstd-chunked
layouts+=(--layout "chunked:1=$work/chunked")
hostile_start h "${layouts[@]}" --image 'multi:1 layers=2 size=10000 index=1' \
	--image 'many:1 layers=9 size=20000' || exit 1
seen=0
host=$hostile_host
conf="unqualified-search-registries = [\"$host\"]
[[registry]]
location = \"$host\"
insecure = true"
echo "$conf" >"$work/registries.conf"
manifest_digest() {
	python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["manifests"][0]["digest"])' "$work/image$1/index.json"
}
blobs='GET /v2/[a-z0-9]*/blobs/'

# --- what is good

check 'by tag' run 0 pull "$host/app1:1"
id=$(cat "$work/out")
check 'prints the id' bash -c "[[ '$id' =~ ^[0-9a-f]{64}\$ ]]"
check 'and a line for each layer' said 'kB'
check 'it is there, whole' whole "$host/app1:1" 1
check 'under that id' bash -c "[ \$('$build/crunit' images -q --no-trunc) = '$id' ]"
check 'its documents are' digests_are_right
check 'nothing is left over' clean
check 'each blob was fetched once' asked 3 "$blobs"
rest
check 'again' run 0 pull -q "$host/app1:1"
check 'quietly' test ! -s "$work/err"
check 'fetches nothing' asked 0 'GET /v2/app1/'
check 'gives the same id' test "$(cat "$work/out")" = "$id"
check 'another image with a layer that is there' run 0 pull "$host/app4:1"
check 'is there, whole' whole "$host/app4:1" 4
check 'the common layer was not fetched again' asked 2 'GET /v2/app4/blobs/'
check 'a short name' run 0 pull app1:1
check 'docker://' run 0 pull "docker://$host/app1:1"
check 'zstd' run 0 pull "$host/app2:1"
check 'is there, whole' whole "$host/app2:1" 2
check 'no compression at all' run 0 pull "$host/app3:1"
check 'is there, whole' whole "$host/app3:1" 3
check 'several at once' run 0 pull -q "$host/app5:1" "$host/app6:1"
check 'two ids' test "$(wc -l <"$work/out")" = 2
digest=$(manifest_digest 1)
check 'by digest' run 0 pull "$host/app1@$digest"
check 'is found by it' run 0 image inspect "$host/app1@$digest"
check 'is listed without a tag' bash -c "'$build/crunit' images --digests '$host/app1@$digest' | grep -x '$host/app1  *<none>  *$digest .*'"
check 'by its repository as well' bash -c "'$build/crunit' images -n '$host/app1' | grep '^$host/app1  *<none> '"
check 'and in JSON by its digest' bash -c "'$build/crunit' images --format json | jq -e '.[] | select(.Names | index(\"$host/app1@$digest\")) | .RepoDigests == [\"$host/app1@$digest\"] and (.RepoTags | all(test(\"@\") | not))'"
check 'and not pruned' bash -c "'$build/crunit' image prune -f && '$build/crunit' images --digests | grep -F '$digest'"
check 'by tag and digest' run 0 pull "$host/app1:other@$digest"
check 'by a digest that is not there' says 125 'not found (404)' pull "$host/app1@sha256:${id//[0-9]/0}"
check 'all tags' run 0 pull -q --all-tags "$host/app6"
check 'no tag may be given then' says 125 'all tags are wanted, and one is given' pull --all-tags "$host/app6:1"

fresh
rest
check 'zstd in pieces, with what helps others to fetch single ones' run 0 pull "$host/chunked:1"
check 'is fetched as a whole' asked 3 "$blobs"
check 'is there, whole' whole "$host/chunked:1" 1
check 'and the same image' test "$(cat "$work/out")" = "$id"

# --- additional stores

fresh
check 'a store for others' run 0 --root "$work/vendor" pull -q "$host/app4:1"
printf '[storage]\nadditional-stores = %s\n' "$work/vendor" >"$work/crunit.conf"
before=$(find "$work/vendor" -printf '%p %T@\n' | sort)
linked() {
	[ "$(find "$work/store/$1" -type l -lname "$work/vendor/$1/*" | wc -l)" = "$2" ]
}
rest
check 'an image that shares a layer with one of it' run 0 pull "$host/app1:1"
check 'does not fetch that' asked 2 "$blobs"
check 'nor copy it' linked layers 1
check 'nor its blob' linked blobs/sha256 1
check 'is there, whole' whole "$host/app1:1" 1
check 'in order' run 0 image check
check 'and saved' run 0 save -q --format rootfs -o "$work/linked.tar" "$host/app1:1"
check 'as it came' run 0 save -q --format oci-archive -o "$work/linked-oci.tar" "$host/app1:1"
rest
check 'a second time' run 0 pull "$host/app1:1"
check 'nothing is fetched' asked 0 "$blobs"
check 'nor for another' run 0 pull "$host/app5:1"
check 'but its own' asked 2 "$blobs"
mv "$work/vendor" "$work/gone"
check 'when that store is gone' says 125 "a layer of image $host/app1:1 is used from another store, and is gone there ($work/vendor/layers/" save -q --format rootfs -o "$work/x.tar" "$host/app1:1"
check 'it says what helps' said "bring that store back, or run \`crunit pull $host/app1:1\`"
check 'a check finds it' run 1 image check "$host/app1:1"
rest
check 'it is pulled again' run 0 pull -q "$host/app1:1"
check 'as far as it is gone' asked 1 "$blobs"
check 'nothing leads there any more' linked layers 0
check 'and whole' whole "$host/app1:1" 1
check 'in order' run 0 image check "$host/app1:1"
mv "$work/gone" "$work/vendor"
fresh
run 0 pull -q "$host/app1:1"
check 'what is linked' linked layers 1
run 0 rmi "$host/app1:1"
check 'goes as well' test -z "$(find "$work/store/layers" "$work/store/blobs/sha256" -mindepth 1)"
check 'from a store in which nothing has changed' test "$before" = "$(find "$work/vendor" -printf '%p %T@\n' | sort)"
printf '[storage]\nkeep-blobs = no\nadditional-stores = %s\n' "$work/vendor" >"$work/crunit.conf"
fresh
check 'without blobs' run 0 pull -q "$host/app1:1"
check 'there is one link' bash -c "[ \$(find '$work/store/layers' '$work/store/blobs' -type l | wc -l) = 1 ]"
check 'and one to its note' bash -c "[ \$(find '$work/store/implied' -type l | wc -l) = 1 ] && [ -z \"\$(find '$work/store/implied' -xtype l)\" ]"
printf '[storage]\nadditional-stores = %s\n' "$work/vendor" >"$work/crunit.conf"
fresh
rm -r "$work"/vendor/layers/*
rest
check 'a blob alone' run 0 pull "$host/app1:1"
check 'is not fetched' asked 2 "$blobs"
check 'but copied' linked blobs/sha256 0
check 'and unpacked' whole "$host/app1:1" 1
for file in "$work"/vendor/blobs/sha256/*; do
	[ "$(stat -c %s "$file")" -lt 1000000 ] || printf x | dd of="$file" bs=1 seek=500000 conv=notrunc status=none
done
fresh
rest
check 'where that is damaged' run 0 pull "$host/app1:1"
check 'it is fetched' asked 3 "$blobs"
check 'and there, whole' whole "$host/app1:1" 1
: >"$work/crunit.conf"

# --- mending

fresh
run 0 pull -q "$host/app1:1"
large=$(find "$work/store/blobs" -size +1000k)
small=$(find "$work/store/blobs" -type f -size -4k | sort | head -n 1)
tree=$(dirname "$(find "$work/store/layers" -name large)")
digest=$(manifest_digest 1)
rm "$large"
truncate -s 5 "$small"
rm "$tree/large"
rest 'GET /manifests/1$ status code=500' 'HEAD /manifests/1$ status code=500'
check 'what is missing and damaged' run 1 image check
check 'is fetched, by its digest, and rebuilt' says 0 "Repaired: layer" image check --repair
check 'from the registry' said "Fetched: what was missing of $host/app1:1"
check 'and is there, whole' whole "$host/app1:1" 1
check 'and nothing is wrong' says 0 'No damage found' image check
check 'under its name alone' bash -c "[ \$('$build/crunit' images -n | wc -l) = 1 ]"
truncate -s 5 "$small"
rest '* . status code=500'
printf '[registry]\nretry = 0\n' >"$work/crunit.conf"
check 'where the registry fails' says 1 "image check: 1 damage left" image check --repair
check 'it says why' said "cannot pull $host/app1:1 again: "
: >"$work/crunit.conf"
rest

# --- platforms

fresh
check 'an index' run 0 pull "$host/multi:1"
own=$(cat "$work/out")
check 'another platform of it' run 0 pull --platform linux/arm64 "$host/multi:1"
check 'is another image' test "$(cat "$work/out")" != "$own"
check 'the same by --arch' run 0 pull --arch arm64 --policy missing "$host/multi:1"
check 'one that it does not have' says 125 'has nothing for linux/s390x, only for linux/amd64, linux/arm64' \
	pull --platform linux/s390x "$host/multi:1"
check 'an image of another than the wanted' says 125 'wanted is one for linux/s390x' pull --arch s390x "$host/app1:1"
check 'both ways to say it' says 125 '--platform says all' pull --platform linux/arm64 --os linux "$host/multi:1"

# --- policies

fresh
check 'never, and it is not there' says 125 'is not in the store' pull --policy never "$host/app1:1"
check 'missing, and it is' run 0 pull -q --policy missing "$host/app1:1"
rest
check 'missing, and it is not' run 0 pull -q --policy missing "$host/app1:1"
check 'nobody was asked' asked 0 .
rest '* /manifests/ status code=500'
check 'newer, and the registry fails' run 0 pull --retry 0 --policy newer "$host/app1:1"
check 'says so' said '(500)'
check 'always, and the registry fails' says 125 '(500)' pull --retry 0 "$host/app1:1"
check 'an unknown one' says 125 '--policy often: always, missing, never and newer' pull --policy often x
rest

# --- settings

fresh
printf '[storage]\nkeep-blobs=no\n' >"$work/crunit.conf"
check 'without keeping blobs' run 0 pull "$host/app1:1"
check 'the layers are there' whole "$host/app1:1" 1
check 'and two documents' test "$(find "$work/store/blobs/sha256" -type f | wc -l)" = 2
check 'nothing is left over' clean
rest
check 'again' run 0 pull "$host/app1:1"
check 'fetches nothing' asked 0 "$blobs"

fresh
rest 'GET many/blobs/ slow seconds=0.2'
printf '[registry]\nparallel-downloads = 1\n' >"$work/crunit.conf"
check 'one layer at a time' run 0 pull -q "$host/many:1"
check 'takes one connection' test "$(connections)" = 1
fresh
rest 'GET many/blobs/ slow seconds=1'
printf '[registry]\nparallel-downloads = 3\n' >"$work/crunit.conf"
check 'three at a time' run 0 pull -q "$host/many:1"
check 'take three' test "$(connections)" = 3

fresh
rest 'GET app1/manifests/ status code=503 times=1'
printf '[registry]\nretry-delay = 1\n' >"$work/crunit.conf"
check 'a pause of our own' says 0 'again in 1 s' pull "$host/app1:1"
fresh
rest 'GET app1/manifests/ status code=503 times=1'
check 'less than a second' says 0 'again in 100 ms' pull --retry-delay 100ms "$host/app1:1"
fresh
rest 'GET app1/manifests/ status code=503 times=1'
printf '[registry]\nretry = 0\n' >"$work/crunit.conf"
check 'no second try' run 125 pull "$host/app1:1"
check 'was made' asked 1 'GET /v2/app1/manifests/1 503'
rest

echo "${conf#*]}" >"$work/registries.conf"
: >"$work/crunit.conf"
check 'nowhere to search' says 125 'no list of registries' pull app4:1
printf '[registry]\nsearch = 127.0.0.1:1 %s\n' "$host" >"$work/crunit.conf"
check 'registries to search' run 0 pull -q --retry 0 app4:1
check 'find it' whole "$host/app4:1" 4
echo "$conf" >"$work/registries.conf"

hostile_start private --image 'own:1 layers=1' --user bob:pw --auth basic || exit 1
printf '{"auths": {"%s": {"auth": "%s"}}}' "$hostile_host" "$(printf bob:pw | base64)" >"$work/own.json"
printf '[registry]\nauthfile = %s\n' "$work/own.json" >"$work/crunit.conf"
check 'a file of credentials' run 0 pull -q --tls-verify=false "$hostile_host/own:1"
: >"$work/crunit.conf"
check 'without it' says 125 'not authorised (401)' pull -q --tls-verify=false "$hostile_host/own:1"
hostile_stop private

# --- what is broken

fresh
rest 'GET /blobs/ disconnect at=100000 times=2'
check 'a broken connection' run 0 pull --retry-delay 10ms "$host/app1:1"
check 'is there, whole' whole "$host/app1:1" 1
check 'went on where it was' test "$(requests 'range=100000-')" -ge 1

fresh
rest 'GET /blobs/ flip at=5000'
check 'a wrong byte' run 125 pull "$host/app1:1"
check 'leaves nothing' nothing
rest
check 'not even for later' run 0 pull "$host/app1:1"
check 'is there, whole' whole "$host/app1:1" 1

for rule in 'short by=10' 'long by=10' 'garbage' 'claim length=10'; do
	fresh
	rest "GET /blobs/ $rule"
	check "a layer that is $rule" run 125 pull --retry 0 "$host/app1:1"
	check 'leaves nothing' nothing
done

refuse() { # TEXT WHAT MESSAGE
	fresh
	printf '%s' "$1" >"$work/manifest"
	rest "GET /manifests/ body file=$work/manifest type=application/vnd.oci.image.manifest.v1+json" \
		'GET /manifests/ digest is='
	check "$2" says 125 "$3" pull --retry 0 "$host/app1:1"
	check 'leaves nothing' nothing
}
config='"config":{"digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":2'
layer='{"digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":2,"mediaType":'
refuse '{"schemaVersion":1,"fsLayers":[]}' 'schema 1' "is of Docker's schema 1"
refuse "{\"schemaVersion\":2,$config,\"mediaType\":\"application/vnd.cncf.helm.config.v1+json\"},\"layers\":[]}" \
	'something that is no image' "is no image's configuration"
refuse "{\"schemaVersion\":2,$config},\"layers\":[$layer\"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip\"}]}" \
	'a foreign layer' 'is a foreign layer'
refuse "{\"schemaVersion\":2,$config},\"layers\":[$layer\"application/vnd.oci.image.layer.v1.tar+gzip+encrypted\"}]}" \
	'an encrypted layer' 'is an encrypted layer'
refuse "{\"schemaVersion\":2,$config},\"layers\":[$layer\"text/html\"}]}" \
	'an unknown layer' 'is no layer that this version knows'
refuse '{"schemaVersion":2' 'half a manifest' 'not valid JSON'
refuse '[]' 'another JSON' ''
rest

fresh
check 'what nobody knows' says 125 'not found (404)' pull "$host/none:1"
check 'no server' says 125 'cannot pull 127.0.0.1:1/x' pull --retry 0 127.0.0.1:1/x
check 'an image of our own that is not here' says 125 \
	"cannot pull localhost/no-such-image:1 (an image of this machine's own comes by crunit load)" \
	pull --retry 0 localhost/no-such-image:1
check 'no name' says 125 "'http:' is not a registry" pull 'http://x/y'

# --- mirrors, and rules

hostile_start m --layout "app1:1=$work/image1" || exit 1
printf '%s\n[[registry.mirror]]\nlocation = "127.0.0.1:1"\n[[registry.mirror]]\nlocation = "%s"\ninsecure = true\n' \
	"$conf" "$hostile_host" >"$work/registries.conf"
rest
fresh
check 'from a mirror, where the first fails' run 0 pull --retry 0 "$host/app1:1"
check 'the registry itself was not asked' asked 0 'app1'
check 'from the registry, where the mirrors do not have it' run 0 pull --retry 0 "$host/app4:1"
hostile_rule m 'GET /blobs/ flip'
fresh
check 'a mirror with other bytes' run 0 pull --retry 0 "$host/app1:1"
check 'is there, whole' whole "$host/app1:1" 1
hostile_stop m
printf '%s\nblocked = true\n' "$conf" >"$work/registries.conf"
check 'a blocked registry' says 125 'blocks images of' pull "$host/app1:1"
echo "$conf" >"$work/registries.conf"
mkdir -p "$work/.config/containers"
echo '{"default":[{"type":"reject"}]}' >"$work/.config/containers/policy.json"
check 'what policy.json rejects' says 125 'policy.json' pull "$host/app1:1"
rm -r "$work/.config"

# --- interruptions

# The registry stands still in the middle of the large layer, and we are killed there.
killed() {
	local pid i
	fresh
	rest 'GET /blobs/ stall at=1000000'
	"$build/crunit-image" pull -q "$host/app1:1" >"$work/said" 2>&1 &
	pid=$!
	for ((i = 0; i < 1200; i++)); do
		[ "$(find "$work/store/tmp" -name '*.part' -size +900k 2>/dev/null | wc -l)" = 0 ] || break
		sleep 0.05
	done
	kill -"$1" $pid
	wait $pid
	status=$?
	rest
}
killed KILL
check 'what kill -9 leaves' test "$(find "$work/store/tmp" -name '*.part' -size +900k | wc -l)" = 1
check 'has no name' nothing
check 'the next pull' run 0 pull "$host/app1:1"
check 'goes on with it' test "$(requests 'range=1[0-9]*-')" = 1
check 'is there, whole' whole "$host/app1:1" 1
check 'nothing is left over' clean
killed KILL
for file in "$work"/store/tmp/*.part; do
	head -c 500000 /dev/zero >"$work/zeros"
	dd if="$work/zeros" of="$file" conv=notrunc status=none
done
check 'what is left and damaged' run 0 pull "$host/app1:1"
check 'is fetched from the beginning' whole "$host/app1:1" 1
killed KILL
find "$work/store/tmp" -name '*.part' -exec touch -d '2 days ago' {} +
check 'what is left for too long' run 1 rmi nothing
check 'is swept' clean
for i in TERM INT; do
	killed $i
	check "SIG$i ends it" test $status = $((128 + $(kill -l $i)))
	check 'which says so' said interrupted
	check 'and leaves what can be gone on with' test "$(find "$work/store/tmp" -mindepth 1 ! -name '*.part' | wc -l)" = 0
done

# --- many at once

together() {
	local i pids=() status=0
	for i in {1..20}; do
		timeout 300 "$build/crunit" pull -q "$host/app$(($1 ? i % $1 + 1 : 1)):1" >"$work/many.$i" 2>&1 &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" || status=1
	done
	[ $status = 0 ] || { cat "$work"/many.*; return 1; }
}
fresh
rest 'GET /blobs/ drip bytes=200000 pause=0.01'
check 'twenty at once of one image' together 0
check 'fetch each blob once' asked 3 "$blobs"
check 'and it is there, whole' whole "$host/app1:1" 1
check 'nothing is left over' clean
fresh
rest 'GET /blobs/ drip bytes=200000 pause=0.01'
# images 4, 5, 6 and 1 have the same base; 2 and 3 have it in other compressions
check 'twenty at once of six images' together 6
check 'fetch each blob once' test "$(requests "$blobs")" -le 15
check 'and they are there' bash -c "[ \$('$build/crunit' images -n | wc -l) = 6 ]"
for i in {1..6}; do
	check "image $i, whole" whole "$host/app$i:1" "$i"
done
check 'nothing is left over' clean

# One that stands still in the layer that all have.
standing() {
	local i
	fresh
	rest 'GET /app1/blobs/ stall at=1000000'
	"$build/crunit-image" pull -q "$host/app1:1" >/dev/null 2>&1 &
	stalled=$!
	for ((i = 0; i < 1200; i++)); do
		[ "$(find "$work/store/tmp" -name '*.part' -size +900k 2>/dev/null | wc -l)" = 0 ] || break
		sleep 0.05
	done
}
standing
check 'beside one that stands still' run 0 pull -q "$host/app3:1"
check 'removing works' run 0 rmi "$host/app3:1"
check 'loading works' run 0 load -q -t loaded -i "$work/top1.tar"
check 'what it stands still with comes some time' run 0 pull -q "$host/app4:1"
check 'whole' whole "$host/app4:1" 4
check 'it still stands there' kill -0 "$stalled"
kill "$stalled"
wait "$stalled" 2>/dev/null
run 1 rmi nothing
check 'nothing but what can be gone on with is left over' \
	test "$(find "$work/store/tmp" -mindepth 1 ! -name '*.part' | wc -l)" = 0

# --- under systemd

listener='import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
open(sys.argv[2] + ".ready", "w").close()
with open(sys.argv[2], "w", buffering=1) as out:
    while True:
        out.write(s.recv(4096).decode())'
python3 -c "$listener" "$work/notify" "$work/notified" &
listening=$!
while [ ! -e "$work/notified.ready" ]; do sleep 0.02; done
fresh
rest 'GET /blobs/ drip bytes=100000 pause=0.1'
check 'with a place to tell it' env NOTIFY_SOCKET="$work/notify" timeout 300 "$build/crunit" pull -q "$host/app1:1"
for ((i = 0; i < 600; i++)); do
	[ "$(tail -n 1 "$work/notified")" != STATUS= ] || break
	sleep 0.05
done
check 'the status is told' grep -E "^STATUS=Pulling $host/app1:1: [0-9]+ of 4 MB, [01] of 2 layers" "$work/notified"
check 'and more time is asked for' grep -E '^EXTEND_TIMEOUT_USEC=[0-9]+000000$' "$work/notified"
check 'at the end the status is none' bash -c "tail -n 1 '$work/notified' | grep -x STATUS="
kill $listening
wait $listening 2>/dev/null

# --- on a terminal

# shellcheck disable=SC2016
terminal='import os, pty, sys
os.environ["COLUMNS"] = "80"
status = pty.spawn(sys.argv[1:], lambda fd: os.read(fd, 4096))
sys.exit(os.waitstatus_to_exitcode(status))'
fresh
rest 'GET /blobs/ drip bytes=100000 pause=0.02'
check 'on a terminal' bash -c "python3 -c '$terminal' '$build/crunit' pull '$host/app1:1' >'$work/screen' </dev/null"
check 'there are bars' grep -qF '[###' "$work/screen"
check 'and at the end only the id' bash -c "tail -c 68 '$work/screen' | tr -d '\r' | grep -qE '[0-9a-f]{64}\$'"

finish
