#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# load, images, rmi and image inspect as commands, and the store in the hands of another tool
# (skopeo, where it is installed). Needs root.
set -uo pipefail
# shellcheck source=tests/image/lib.sh
. "$(dirname "$0")/lib.sh"

empty() {
	[ -z "$(find "$work/store/tmp" "$work/store/layers" "$work/store/implied" "$work/store/covers" "$work/store/blobs/sha256" -mindepth 1 -print -quit)" ]
}

mkdir -p "$work/root/bin" "$work/root/etc"
echo program >"$work/root/bin/program"
chmod 4755 "$work/root/bin/program"
head -c 30000000 /dev/urandom >"$work/root/etc/large"
tar -C "$work/root" -cf "$work/Demo.tar" .

check 'a store that is not there is empty' says 0 REPOSITORY images
check 'and is not made by looking' test ! -e "$work/store"
check 'a root file system is loaded' says 0 'Loaded image: localhost/demo:latest' load "$work/Demo.tar"
check 'podman'\''s option is taken as well' says 0 'Loaded image: localhost/other:1' load -q -i "$work/Demo.tar" -t other:1
check 'from standard input it needs a name' bash -c "'$build/crunit' load <'$work/Demo.tar' 2>&1 | grep -F 'give it a name (--tag)'"
check 'a file that is not there' says 125 'cannot open /nowhere: No such file or directory' load /nowhere
check 'images shows both names' bash -c "[ \$('$build/crunit' images -n | grep -c '^localhost/') = 2 ]"
check 'a name narrows it' bash -c "'$build/crunit' images -n other | grep -q '^localhost/other  *1  '"
check 'one id' bash -c "[ \$('$build/crunit' images -q | wc -l) = 1 ]"
check 'JSON has one image with both names' bash -c "'$build/crunit' images --format json | tr -d ' \n' |
	grep -F '\"Names\":[\"localhost/demo:latest\",\"localhost/other:1\"]'"
check 'a template has a line for each name' bash -c "[ \"\$('$build/crunit' images --format '{{.Repository}}:{{.Tag}} {{.Names}}' other)\" = 'localhost/other:1 [localhost/other:1]' ] &&
	[ \$('$build/crunit' images --format '{{.ID}}' | sort | uniq -c | awk '{ print \$1 }') = 2 ]"
check 'and sizes and ages as the table has them' bash -c "'$build/crunit' images --format '{{.Size}}, {{.Created}}' other | grep -E '^30.* MB, [0-9]+ .* ago$'"
check 'a member that is not there is named' says 125 "--format: there is no '.Nope'" images --format '{{.Nope}}'
check 'another format is refused' says 125 'images: --format yaml: only table and json are known' images --format yaml
id=$("$build/crunit" images -q --no-trunc)
check 'inspect by the beginning of the id' says 0 "\"Id\": \"$id\"" image inspect "${id:0:5}"
check 'inspect says where the layers are' said "$work/store/layers/"
check 'what the image does not set is empty in a template' says 0 '||[]|map[]|map[]|' image inspect -f '{{.Config.User}}|{{.Author}}|{{.Config.Entrypoint}}|{{.Config.Labels}}|{{.Labels}}|{{.User}}' demo
check 'its digest under its names' bash -c "'$build/crunit' image inspect -f '{{.RepoDigests}}' demo | grep -E '^\[localhost/demo@sha256:[0-9a-f]{64} localhost/other@sha256:[0-9a-f]{64}\]$'"
check 'an image that is not there' says 125 "no image 'nothing' in $work/store" image inspect nothing
check 'the settings name the store, too' bash -c "unset CRUNIT_STORAGE
	printf '[storage]\npath=$work/store\n' >'$work/crunit.conf'; '$build/crunit' images -q | grep -q .
	status=\$?; : >'$work/crunit.conf'; exit \$status"

tar -C "$work/root" -cf "$work/evil.tar" --transform $'s,^bin/program$,../\e[2J,' -P bin/program
check 'a hostile name is refused, and does not reach the terminal' says 125 'path ../?[2J leads out of the layer by' load "$work/evil.tar"

# --- another tool reads it, and what that writes is read
archives() {
	skopeo inspect "oci:$work/store:localhost/demo:latest" | grep -F '"Architecture"' &&
		skopeo copy -q "oci:$work/store:localhost/demo:latest" "docker-archive:$work/d.tar:copied:1" &&
		skopeo copy -q "oci:$work/store:localhost/demo:latest" "oci-archive:$work/o.tar:localhost/copied:2" &&
		skopeo copy -q "oci:$work/store:localhost/demo:latest" "oci:$work/layout:copied:3" &&
		skopeo copy -q "oci:$work/layout:copied:3" "oci:$work/store:localhost/foreign:1" &&
		skopeo copy -q "oci:$work/layout:copied:3" "oci:$work/layout:second:1" &&
		skopeo copy -q "oci:$work/layout:copied:3" "dir:$work/flat"
}
if command -v skopeo >/dev/null; then
	check 'skopeo reads the store, and writes to it' archives
	check 'its docker-archive is loaded' says 0 'Loaded image: docker.io/library/copied:1' load "$work/d.tar"
	check 'its oci-archive is loaded' says 0 'Loaded image: localhost/copied:2' load "$work/o.tar"
	check 'its layout is loaded' says 0 'Loaded image: localhost/copied:3' load "$work/layout"
	check 'one image of a layout by its name' says 0 'Loaded image: localhost/second:1' load "oci:$work/layout:second:1"
	check 'or by its place' says 0 'Loaded image: localhost/copied:3' load "oci:$work/layout:@0"
	check 'one that is not in there' says 125 "$work/layout: there is no image 'third' in it" load "oci:$work/layout:third"
	check 'an archive by its transport' says 0 'Loaded image: localhost/copied:2' load "oci-archive:$work/o.tar"
	check 'and one image of it' says 0 'Loaded image: docker.io/library/copied:1' load "docker-archive:$work/d.tar:copied:1"
	check 'an archive of the other kind' says 125 "$work/d.tar: it has no index.json and oci-layout" load "oci-archive:$work/d.tar"
	check 'a directory with manifest and blobs' says 0 'Loaded image: localhost/flat:latest' load "dir:$work/flat"
	check 'its content tells that as well' says 0 'Loaded image: localhost/named:1' load -t named:1 "$work/flat"
	check 'a file is no directory' says 125 "$work/d.tar is no directory" load "dir:$work/d.tar"
	check 'the tar of a root file system by its transport' says 0 'Loaded image: localhost/demo:latest' load "tarball:$work/Demo.tar"
	check 'a transport that is not ours' says 125 'docker-daemon is not supported: use `docker save IMAGE | crunit load`, or' load docker-daemon:web:1
	check 'a transport with nothing behind it' says 125 'oci:: there is no path behind oci:' load oci:
	check 'all have the same tree' bash -c "[ \$(ls '$work/store/layers' | wc -l) = 1 ]"
	rm -rf "$work/store/layers"/*
	check 'what was copied into the store is unpacked' run 0 image unpack foreign:1
	check 'to what it was' cmp "$work/root/etc/large" "$work/store/layers"/*/etc/large
	check 'all of it is removed' run 0 rmi --all
	check 'and nothing is left' empty
	check 'but the image comes back' run 0 load -i "$work/Demo.tar"
	check 'under a second name' run 0 load -i "$work/Demo.tar" -t other:1
else
	skip "another tool reads the store" "skopeo is not installed"
fi

# --- taking away
mkdir -p "$work/run/containers/web@"
echo "{\"image\":\"$id\"}" >"$work/run/containers/web@/state.json"
check 'a name of two is removed while a container runs' says 0 'Untagged: localhost/other:1' rmi other:1
check 'the last one is not' says 2 "image demo is in use by container web@: stop it first, or use --force" rmi demo
check 'unless forced' says 0 "Deleted: $id" rmi --force demo
check 'the layers stay for the container' test -d "$work/store/layers/$(ls "$work/store/layers")"
rm -rf "$work/run"
check 'removing what is not there' says 1 "no image 'demo' in" rmi demo
check 'is no failure with --ignore' run 0 rmi --ignore demo
check 'the next writer sweeps what is no longer used' empty

# --- a signal
for signal in TERM INT HUP; do
	mkfifo "$work/fifo"
	"$build/crunit-image" load -t slow <"$work/fifo" >"$work/said" 2>&1 &
	pid=$!
	exec 7>"$work/fifo"
	head -c 10000000 "$work/Demo.tar" >&7
	kill -$signal $pid
	exec 7>&-
	wait $pid
	status=$?
	rm "$work/fifo"
	check "SIG$signal ends a load" test $status = $((128 + $(kill -l $signal)))
	check "which says so" said interrupted
	check "and leaves nothing" empty
done

# --- what cannot be swept: a mount is in the way
check 'what cannot be removed' unshare -m bash -c "mkdir -p '$work/store/tmp/load.dead' && mount -t tmpfs none '$work/store/tmp/load.dead' &&
	'$build/crunit' load -q -i '$work/Demo.tar' -t swept && '$build/crunit' rmi swept && '$build/crunit' image prune -f"
check 'is in nobody'\''s way, and goes when it can' run 1 rmi nothing
check 'then' empty

# --- dangling images
check 'a name that moves' run 0 load -i "$work/Demo.tar" -t moving
echo changed >"$work/root/etc/changed"
tar -C "$work/root" -cf "$work/Demo.tar" .
check 'to another image' run 0 load -i "$work/Demo.tar" -t moving
check 'leaves the first without one' says 0 '<none>' images
check 'until that is pruned' run 0 image prune -f
check 'and the named one stays' bash -c "'$build/crunit' images -n | grep '^localhost/moving ' && ! '$build/crunit' images | grep -F '<none>'"
finish
