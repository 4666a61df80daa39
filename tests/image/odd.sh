#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Images that somebody made to be in the way of others, stores that lack descriptors or room, and
# images that only look alike. Needs root.
set -uo pipefail
# shellcheck source=tests/image/lib.sh
. "$(dirname "$0")/lib.sh"
source=${top_srcdir:-.}
registry_work=$work/registry
mkdir "$registry_work"
# shellcheck source=tests/registry/lib.sh
. "$source/tests/registry/lib.sh"
trap 'registry_stop_all; rm -rf "$work"' EXIT
export CONTAINERS_REGISTRIES_CONF=$work/registries.conf REGISTRY_AUTH_FILE=$work/auth.json HOME=$work
unset NOTIFY_SOCKET http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
: >"$work/registries.conf"
echo '{}' >"$work/auth.json"
"$source/tests/image/layouts" "$work/layouts" || exit 99
options=()
for name in many child values two large claimed deep; do
	options+=(--layout "$name:1=$work/layouts/$name")
done
hostile_start odd "${options[@]}" || exit 1
host=$hostile_host
pull() {
	run "$1" pull -q --tls-verify=false "${@:2}"
}
blobs() {
	find "$work/store/blobs/sha256" -type f | wc -l
}

# --- in nobody's way
check 'an index with a thousand million entries' pull 0 "$host/many:1"
check 'is counted once' timeout 60 "$build/crunit" tag "$host/many:1" other:1
check 'and removed' timeout 60 "$build/crunit" rmi -f "$host/many:1" other:1
check 'with all of it' test "$(blobs)" = 0
check 'an index with a child that is no manifest' pull 0 "$host/child:1"
before=$(blobs)
check 'another image' pull 0 "$host/two:1"
check 'goes' run 0 rmi "$host/two:1"
check 'with what it had' test "$(blobs)" = "$before"
check 'the one with the child is whole' says 0 'No damage found' image check
check 'and goes as well' run 0 rmi "$host/child:1"
check 'as a whole' test "$(blobs)" = 0
check 'a configuration that would take gigabytes' pull 125 "$host/values:1"
check 'is refused' said 'too many values'
hostile_rule odd "GET /tags/list status code=200 body={\"tags\":[\"$(printf 'a%.0s' {1..200})\"]}"
check 'a tag that is none' says 125 "tags of many: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' is no tag" pull -q -a --tls-verify=false "$host/many"
hostile_rule odd

# --- another platform's image, which this machine may be able to run
check 'the image of another platform' pull 0 --arch 386 "$host/two:1"
check 'is what was asked for' says 0 386 image inspect -f '{{.Architecture}}' "$host/two:1"
check 'the one for this machine' pull 0 "$host/two:1"
check 'takes its place' run 0 image inspect -f '{{.Architecture}}' "$host/two:1"
check 'there' bash -c "! grep -q 386 '$work/said'"
check 'and the other way round' pull 0 --arch 386 "$host/two:1"
check 'too' says 0 386 image inspect -f '{{.Architecture}}' "$host/two:1"
check 'nothing is missing' says 0 'No damage found' image check
run 0 rmi -a -f

# --- a layer of one image that another only carries
check 'both are loaded' run 0 load --all "$work/layouts/carried"
check 'the layer is unpacked' run 0 image check localhost/single:1
check 'to what it is' grep -q 2 "$work/store/layers"/*/shared
run 0 rmi -a -f
tar -C "$work/layouts/carried" -czf "$work/carried.tar.gz" .
check 'from an archive as well' run 0 load --all "$work/carried.tar.gz"
check 'and whole' says 0 'No damage found' image check
run 0 rmi -a -f

# --- what is mounted as it is, is made on this machine
check 'no file system comes from a registry' pull 125 "$host/claimed:1"
check 'that is said' said 'is no layer that this version knows'
check 'a tar is none' says 125 'is neither squashfs nor erofs' load "$work/layouts/claimed"
check 'and nothing stays of it' test "$(blobs)" = 0
check 'the same image without the claim' run 0 load "$work/layouts/honest"
check 'does not vouch for it' says 125 'is neither squashfs nor erofs' load "$work/layouts/claimed"
run 0 rmi -a -f

# --- indexes that lead to indexes
check 'an image beside many indexes within each other' pull 0 "$host/deep:1"
find "$work/layouts/deep/blobs/sha256" -type f -exec cp {} "$work/store/blobs/sha256/" \;
check 'is no damage' says 0 'No damage found' image check
check 'another one beside it' pull 0 "$host/two:1"
check 'is removed' run 0 rmi "$host/two:1"
check 'with all of it' bash -c "! ls '$work/store/layers'/*/here"
check 'what the indexes list stays' test "$(blobs)" = "$(find "$work/layouts/deep/blobs/sha256" -type f | wc -l)"
check 'until it goes as well' run 0 rmi -a -f
check 'whole' test "$(blobs)" = 0

# --- a container that has ended and is kept
pull 0 "$host/two:1"
id=$("$build/crunit" image inspect -f '{{.Id}}' "$host/two:1")
mkdir -p "$work/store/containers/old@"
printf '{"version":1,"id":"%064d","name":"old","image":"%s","imageName":"%s","keep":true}' 7 "$id" "$host/two:1" \
	>"$work/store/containers/old@/state.json"
check 'its image is not pruned' run 0 image prune -a -f
check 'it is still there' run 0 image inspect "$host/two:1"
check 'nor removed' says 2 'container old@' rmi "$host/two:1"
mkdir "$work/store/containers/damaged@"
: >"$work/store/containers/damaged@/state.json"
check 'a record in pieces is in nobody'\''s way' run 0 image prune -a -f
rm -r "$work/store/containers"
check 'until the container goes' run 0 image prune -a -f
check 'then it does' run 125 image inspect "$host/two:1"

# --- few descriptors: what cannot be looked at belongs to somebody
part=$work/store/tmp/$(printf 'b%.0s' {1..64}).part
echo data >"$part"
mkdir "$work/store/tmp/pull.0"
for limit in {4..12}; do
	flock "$part" flock "$work/store/tmp/pull.0" prlimit --nofile="$limit" "$build/crunit" image prune -f >/dev/null 2>&1
done
check 'somebody'\''s download is there' test -e "$part"
check 'and what somebody makes' test -d "$work/store/tmp/pull.0"
check 'with enough of them both go' run 0 image prune -f
check 'the one' test ! -e "$part"
check 'and the other' test ! -e "$work/store/tmp/pull.0"

# --- a full disk
full() {
	unshare -m bash -c "mount -t tmpfs -o size=20m none '$work/store' &&
		'$build/crunit' pull -q --tls-verify=false '$host/large:1'; echo \"status \$?\"; du -sk '$work/store'" >"$work/said" 2>&1
	said 'No space left on device' && said 'status 125' &&
		[ "$(tail -1 "$work/said" | cut -f 1)" -lt 1000 ]
}
check 'what a full disk cut off does not fill it' full

finish
