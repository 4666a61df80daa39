#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# policy.json decides what is loaded: by place, by kind, and never when it cannot be understood.
set -uo pipefail
# shellcheck source=tests/image/lib.sh
. "$(dirname "$0")/lib.sh"
export XDG_CONFIG_HOME=$work/config
policy=$work/config/containers/policy.json
accept='[{"type":"insecureAcceptAnything"}]'
reject='[{"type":"reject"}]'

# loads FILE: it is accepted.
loads() {
	timeout 300 "$build/crunit" load "$1" >"$work/said" 2>&1 </dev/null || { cat "$work/said"; return 1; }
}
# kept: what the store has of images.
kept() {
	find "$work/store"/*/ -type f | sort | cksum
}
# refuses TEXT FILE: it is not, with that text; the store has not changed.
refuses() {
	local status=0 before
	before=$(kept)
	timeout 300 "$build/crunit" load "$2" >"$work/said" 2>&1 </dev/null || status=$?
	cat "$work/said"
	[ $status = 125 ] && grep -qF -- "$1" "$work/said" &&
		[ "$before" = "$(kept)" ]
}

mkdir -p "$work/root/bin" "$work/config/containers" "$work/in" "$work/store/tmp"
echo program >"$work/root/bin/program"
tar -C "$work/root" -cf "$work/in/demo.tar" .

echo "{\"default\": $reject}" >"$policy"
check 'what is rejected is not loaded' refuses \
	"tarball:$work/in/demo.tar is refused by $policy:1: \"default\" rejects everything" "$work/in/demo.tar"
check 'and nothing was begun' test -z "$(find "$work/store/blobs" "$work/store/layers" "$work/store/tmp" -mindepth 2)"

cat >"$policy" <<EOF
{
  "default": $reject,
  "transports": {
    "tarball": { "": $accept },
    "oci-archive": { "$work/in": $accept },
    "docker-archive": { "": [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/k"}] },
    "dir": { "$work/in/dir": $accept }
  }
}
EOF
check 'a kind of its own goes before the default' loads "$work/in/demo.tar"
for kind in oci-archive docker-archive; do
	check "$kind: saved" timeout 300 "$build/crunit" save -q --format "$kind" -o "$work/in/$kind.tar" localhost/demo
done
mkdir -p "$work/out"
cp "$work/in/oci-archive.tar" "$work/out"
ln -s "$work/out/oci-archive.tar" "$work/in/link.tar"
check 'a file below an accepted directory' loads "$work/in/oci-archive.tar"
check 'one elsewhere' refuses 'is refused' "$work/out/oci-archive.tar"
check 'a link below it that leads elsewhere' refuses 'is refused' "$work/in/link.tar"
check 'a signature cannot be checked' refuses 'asks for signatures (signedBy), which this version cannot check' \
	"$work/in/docker-archive.tar"
check 'from standard input, too' bash -c "! '$build/crunit' load <'$work/in/docker-archive.tar' 2>'$work/said'"
check 'for that reason' grep -q signedBy "$work/said"
check "oci: saved" timeout 300 "$build/crunit" save -q --format oci-dir -o "$work/in/oci" localhost/demo
check 'a layout that no scope names' refuses "oci:$work/in/oci is refused by $policy:2" "$work/in/oci"
check "dir: saved" timeout 300 "$build/crunit" save -q --format docker-dir -o "$work/in/dir" localhost/demo
check 'a directory of its own' loads "$work/in/dir"

for text in '' '{' '{}' "{\"default\": $accept, \"default\": $reject}" '{"default": [{"type": "trustMe"}]}' \
	"{\"default\": $accept, \"transport\": {}}"; do
	echo "$text" >"$policy"
	check "nothing is accepted by: $text" refuses "$policy" "$work/in/demo.tar"
done
rm "$policy"
mkdir "$policy"
check 'nor by a file that cannot be read' refuses "$policy" "$work/in/demo.tar"
finish
