#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Images as one file, as far as no container is started, and additional stores. Needs root,
# squashfs-tools and erofs-utils (with CI set, their absence is a failure).
set -uo pipefail
# shellcheck source=tests/image/lib.sh
. "$(dirname "$0")/lib.sh"

# inspected IMAGE KEY VALUE: a member of Config, as JSON without blanks.
inspected() {
	run 0 image inspect "$1" && tr -d ' \n' <"$work/said" | grep -F -- "\"$2\":$3" >/dev/null
}

if ! { command -v mksquashfs && command -v mkfs.erofs; } >/dev/null; then
	skip "images as one file" "squashfs-tools and erofs-utils are not installed"
	finish
fi

mkdir -p "$work/root/bin" "$work/vendor"
head -c 100000 /dev/urandom >"$work/root/bin/program"
mksquashfs "$work/root" "$work/App.sqfs" -noappend -quiet -no-progress >/dev/null
mkfs.erofs "$work/other.erofs" "$work/root" >/dev/null
tar -C "$work/root" -cf "$work/plain.tar" .

# --- by copy
check 'a squashfs is loaded under its name' says 0 'Loaded image: localhost/app:latest' load "$work/App.sqfs"
check 'its blob is the file' bash -c "cmp '$work/App.sqfs' '$work/store/blobs/sha256/'\$(sha256sum '$work/App.sqfs' | cut -d ' ' -f 1)"
check 'nothing is unpacked' bash -c "[ -z \"\$(ls '$work/store/layers')\" ]"
check 'inspect says where the file is' bash -c "'$build/crunit' image inspect app | grep -F '$work/store/blobs/sha256/'"
check 'an erofs is loaded' says 0 'Loaded image: localhost/other:latest' load "$work/other.erofs"
check 'a name moves' says 0 'Loaded image: localhost/app:latest' load -t app "$work/other.erofs"
check 'and the first image has none' says 0 '<none>' images
check 'until it is pruned' run 0 image prune -f
check 'with its file' bash -c "! cmp '$work/App.sqfs' '$work/store/blobs/sha256/'\$(sha256sum '$work/App.sqfs' | cut -d ' ' -f 1)"
check 'there is nothing to unpack' run 0 image unpack app
check 'what is in a pipe is refused' bash -c "cat '$work/App.sqfs' | '$build/crunit' load -t x 2>&1 | grep -F 'is a squashfs in a pipe or compressed: name the file itself'"
gzip -k "$work/App.sqfs"
check 'and what is compressed' says 125 'is a squashfs in a pipe or compressed' load "$work/App.sqfs.gz"
truncate -s -4096 "$work/other.erofs"
check 'and what is cut off' says 125 'other.erofs begins like erofs, but is cut off' load "$work/other.erofs"
check 'and leaves nothing' bash -c "[ -z \"\$(ls '$work/store/tmp')\" ]"

# --- by reference
check 'a file stays where it is' says 0 'Loaded image: localhost/app:latest' load --reference "$work/App.sqfs"
blob=$work/store/blobs/sha256/$(sha256sum "$work/App.sqfs" | cut -d ' ' -f 1)
check 'the store has a link to it' bash -c "[ \$(readlink '$blob') = '$work/App.sqfs' ]"
check 'which goes, and the file stays' bash -c "'$build/crunit' rmi app && [ ! -L '$blob' ] && [ -e '$work/App.sqfs' ]"
check 'a tar is refused' says 125 'plain.tar is no file system: only squashfs and erofs can be mounted where they are' load --reference "$work/plain.tar"
check 'and a directory' says 125 'is a directory: only a squashfs or erofs file can be mounted where it is' load --reference "$work/root"
check 'and a file of the store' bash -c "'$build/crunit' load -q '$work/App.sqfs' && '$build/crunit' load -t x --reference '$blob' 2>&1 | grep -F 'is in the store itself'"

# --- settings
echo '{"config":{"Cmd":["/bin/program"],"User":"7"},"history":[{"created_by":"x"}]}' >"$work/App.sqfs.json"
check 'settings beside it are taken' run 0 load "$work/App.sqfs"
check 'as they are' inspected app User '"7"'
check 'a line changes them' run 0 load -c 'USER 8' -c 'ENV A=1 B="2 3"' "$work/App.sqfs"
check 'on top of the others' inspected app User '"8"'
check 'which stay' inspected app Cmd '["/bin/program"]'
check 'a line that makes no sense is refused' says 125 "'RUN x': not one of CMD, ENTRYPOINT" load -c 'RUN x' "$work/App.sqfs"
check 'a tar takes them as well' run 0 load -t plain -c 'CMD ["/bin/program"]' "$work/plain.tar"
check 'in the same way' inspected plain Cmd '["/bin/program"]'
check 'a file of settings that is not there' says 125 'No such file or directory' load --config "$work/nowhere.json" "$work/App.sqfs"
echo '[]' >"$work/list.json"
check 'a file of settings that are none' says 125 "list.json: not an image's configuration: no JSON object" load --config "$work/list.json" "$work/App.sqfs"
run 0 save -q --format oci-archive -o "$work/archive.tar" plain
check 'an image has its own' says 125 'has images with settings of their own' load -c 'USER 8' "$work/archive.tar"

# --- other tools, other stores
if command -v skopeo >/dev/null || [ -n "${CI:-}" ]; then
	check 'skopeo reads its settings' bash -c "skopeo inspect --config 'oci:$work/store:localhost/app:latest' | grep -F '/bin/program'"
	check 'and copies the other images' skopeo copy -q "oci:$work/store:localhost/plain:latest" "oci:$work/layout:plain"
	check 'and this one' skopeo copy -q "oci:$work/store:localhost/app:latest" "oci:$work/layout:app"
	check 'which is loaded from there' says 0 'Loaded image: localhost/app:latest' --root "$work/third" load "oci:$work/layout:app"
	check 'and still one file' bash -c "[ -z \"\$(ls '$work/third/layers')\" ]"
fi
check 'the store is whole' says 0 'No damage found' image check

# --- made of an image
squash() {
	run 0 image squash "$@"
}
check 'an image is written as a file' squash -o "$work/out.sqfs" plain
check 'with its settings' grep -qF /bin/program "$work/out.sqfs.json"
check 'which is loaded again' says 0 'Loaded image: localhost/out:latest' load "$work/out.sqfs"
check 'an image becomes one' says 0 'Squashed image: localhost/plain:latest' image squash --format erofs plain
check 'without layers' bash -c "[ -z \"\$(ls '$work/store/layers')\" ]"
check 'and another kind of file' says 0 'Squashed image: localhost/plain:latest' image squash plain
check 'an unknown format is refused' says 125 "'ext4' is not one of squashfs, erofs" image squash --format ext4 plain
check 'a tag without a store as well' says 125 'so --tag names nothing' image squash -o x -t y plain
check 'the same under another name' says 0 'Squashed image: localhost/small:latest' image squash -t small plain
check 'and the first stays' run 0 image exists plain
check 'nothing is left over' bash -c "[ -z \"\$(ls '$work/store/tmp')\" ]"

# --- additional stores
check 'a store for others is made' says 0 'Loaded image: localhost/shipped:1' --root "$work/vendor" load -t shipped:1 "$work/plain.tar"
printf '[storage]\nadditional-stores = %s\n' "$work/vendor" >"$work/crunit.conf"
before=$(find "$work/vendor" -printf '%p %T@\n' | sort)
check 'its images are listed' bash -c "'$build/crunit' images -n shipped | grep '^localhost/shipped  *1 .* true$'"
check 'and marked' says 0 'R/O' images
check 'and found' run 0 image exists shipped:1
check 'and looked at' bash -c "'$build/crunit' image inspect shipped:1 | grep -F '$work/vendor/layers/'"
check 'and saved' run 0 save -q --format oci-archive -o "$work/shipped.tar" shipped:1
check 'and pushed' run 0 push -q shipped:1 "dir:$work/shipped.dir"
check 'not removed' says 125 "image shipped:1 is in $work/vendor, which is only read" rmi shipped:1
check 'not tagged' says 125 "image shipped:1 is in $work/vendor, which is only read" tag shipped:1 mine
check 'not pruned' run 0 image prune -af
check 'nothing in it has changed' [ "$before" = "$(find "$work/vendor" -printf '%p %T@\n' | sort)" ]
: >"$work/crunit.conf"
check 'an option names one' bash -c "'$build/crunit' --additional-store '$work/vendor' images | grep shipped"
check 'and without they are not there' run 1 image exists shipped:1

finish
