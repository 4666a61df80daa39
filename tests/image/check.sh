#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# image check: each kind of damage is found, named, and mended where that is possible. Needs root.
set -uo pipefail
# shellcheck source=tests/image/lib.sh
. "$(dirname "$0")/lib.sh"

sound() {
	run 0 image check && [ "$(cat "$work/said")" = 'No damage found' ]
}
# --- an image of two layers, the upper one with a directory that only the lower one describes
architecture=$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')
mkdir -p "$work"/{1,2}/etc "$work/1/bin" "$work/archive"
chmod 0750 "$work/1/etc"
chown 7:8 "$work/1/etc"
echo program >"$work/1/bin/program"
ln "$work/1/bin/program" "$work/1/bin/again"
chmod 4755 "$work/1/bin/program"
ln -s ../bin "$work/1/etc/link"
mknod "$work/1/null" c 1 3
setfattr -n user.colour -v blue "$work/1/bin/program"
touch "$work/2/etc/.wh.gone"
head -c 300000 /dev/urandom >"$work/2/etc/large"
tar -C "$work/1" --xattrs --format=pax -cf "$work/archive/1.tar" .
tar -C "$work/2" --format=pax -cf "$work/archive/2.tar" etc/.wh.gone etc/large
lower=$(digest "$work/archive/1.tar")
upper=$(digest "$work/archive/2.tar")
printf '{"architecture":"%s","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:%s","sha256:%s"]}}' \
	"$architecture" "$lower" "$upper" >"$work/archive/config.json"
printf '[{"Config":"config.json","RepoTags":["localhost/two:1"],"Layers":["1.tar","2.tar"]}]' >"$work/archive/manifest.json"
tar -C "$work/archive" -cf "$work/two.tar" manifest.json config.json 1.tar 2.tar
tar -C "$work/1" --xattrs --format=pax -cf "$work/one.tar" .
run 0 load "$work/two.tar" || exit 99
run 0 load "$work/one.tar" || exit 99
id=$(digest "$work/archive/config.json")
layers=$work/store/layers
blobs=$work/store/blobs/sha256

check 'a sound store' sound
check 'without a word' bash -c "[ -z \"\$('$build/crunit' image check -q)\" ]"
check 'leaves nothing' test -z "$(find "$work/store/tmp" -mindepth 1)"
check 'one image' run 0 image check two:1
check 'none of that name' says 125 "no image 'three' in" image check three

# --- layers. spoil NAME COMMAND DIFFERENCE: it is found, named, and mended.
spoil() {
	(cd "$layers/$lower" && eval "$2") || { echo "Bail out! $2"; exit 99; }
	check "$1 is found" says 1 "Damaged: layer sha256:$lower is damaged: $3 (localhost/two:1" image check
	check 'but not in an image that does not have it' run 0 image check -q one
	check 'and repaired' says 0 "Repaired: layer sha256:$lower is damaged: $3 (localhost/two:1" image check --repair
	check 'for good' sound
}
touch "$work/stamp"
# the other image has a layer of its own: another tar of the same files
tar -C "$work/1" --format=gnu -cf "$work/one.tar" .
run 0 rmi one
run 0 load "$work/one.tar"
spoil 'another content' 'touch -r bin/program "$work/stamp"; printf q | dd of=bin/program bs=1 seek=1 conv=notrunc status=none; touch -r "$work/stamp" bin/program' 'bin/again has another content'
spoil 'another mode' 'chmod u-s bin/program' 'bin/again has another mode'
spoil 'another owner' 'chown 1 null' 'null has another owner'
spoil 'another time' 'touch -h etc/link' 'etc/link has another time'
spoil 'a name too many' ': >other' 'other is not of the layer'
spoil 'a missing name' 'rm etc/link' 'etc/link is missing'
spoil 'a link elsewhere' 'touch -h -r etc/link "$work/stamp"; ln -sfn ../dev etc/link; touch -h -r "$work/stamp" etc/link' 'etc/link leads elsewhere'
spoil 'another type' 'rm null; mkdir null' 'null is of another type'
spoil 'an attribute' 'setfattr -n user.colour -v red bin/program' 'bin/again has other extended attributes'
spoil 'a link that is a copy' 'cp -p --remove-destination bin/program bin/x; mv bin/x bin/program' 'bin/again has another number of names'
spoil 'a directory of another time' 'touch bin' 'bin has another time'
spoil 'a directory of another owner' 'chown 9 bin' 'bin has another owner'

rm "$layers/$upper/etc/.wh.gone" "$layers/$upper/etc/gone" 2>/dev/null
check 'a missing whiteout' says 1 "Damaged: layer sha256:$upper is damaged: etc/gone is missing (localhost/two:1)" image check
check 'is repaired' run 0 image check -r two:1
check 'its directory is not that of the lower layer' test "$(stat -c '%a %u:%g' "$layers/$upper/etc")" = '755 0:0'
rm -rf "${layers:?}/$upper"
check 'a layer that is gone' says 1 "Damaged: layer sha256:$upper is not unpacked (localhost/two:1)" image check
check 'is unpacked' says 0 "Repaired: layer sha256:$upper is not unpacked" image check --repair
check 'as it was' cmp "$work/2/etc/large" "$layers/$upper/etc/large"

# --- what shows the lower layer's directory
cover=$work/store/covers/$id
note=$work/store/implied/$upper
check 'which the image has' test "$(stat -c '%a %u:%g' "$cover/etc")" = '750 7:8'
chmod 0777 "$cover/etc"
check 'one that is damaged' says 1 "Damaged: cover sha256:$id is damaged: etc has another mode (localhost/two:1)" image check
check 'is made anew' says 0 "Repaired: cover sha256:$id is damaged" image check --repair
check 'for good' sound
rm -r "$cover"
check 'one that is missing' says 1 "Damaged: cover sha256:$id is missing (localhost/two:1)" image check
check 'as well' run 0 image check --repair
check 'as it was' test "$(stat -c '%a %u:%g' "$cover/etc")" = '750 7:8'
rm "$note"
check 'without the note of what it is for' says 1 "Damaged: layer sha256:$upper is damaged: the note of directories that it has no entry for is wrong" image check
check 'both come again' run 0 image check --repair
check 'and nothing is left to be done' sound
one=sha256:$("$build/crunit" image inspect -f '{{.Id}}' one)
mkdir "$work/store/covers/${one#sha256:}"
check 'one that nothing asks for' says 1 "Damaged: cover $one is there and should not be (localhost/one:latest" image check
check 'goes' says 0 "Repaired: cover $one is there" image check --repair
check 'and is gone' test ! -e "$work/store/covers/${one#sha256:}"

# --- while a container uses it
mkdir -p "$work/run/containers/web@"
echo "{\"image\":\"$id\"}" >"$work/run/containers/web@/state.json"
chmod 0700 "$layers/$lower/bin/program"
check 'a layer in use is left alone' says 1 'has another mode; container web@ uses it: stop it first (localhost/two:1)' image check --repair
check 'and is still what it was' test "$(stat -c %a "$layers/$lower/bin/program")" = 700
chmod 0777 "$cover/etc"
check 'so is a cover' says 1 "cover sha256:$id is damaged: etc has another mode; container web@ uses it: stop it first" image check --repair
rm -rf "$work/run"
check 'until nobody uses it' run 0 image check --repair

# --- blobs and documents
printf xxxxxxxx | dd of="$blobs/$upper" bs=1 seek=2000 conv=notrunc status=none
check 'a damaged blob' says 1 "Damaged: blob sha256:$upper is damaged: its digest is another (localhost/two:1)" image check
check 'stays when nobody says otherwise' test -e "$blobs/$upper"
check 'is removed' says 1 "Damaged: blob sha256:$upper was damaged and is removed: \`crunit pull localhost/two:1\` brings it again" image check --repair
check 'really' test ! -e "$blobs/$upper"
check 'a layer without a blob cannot be checked' says 0 "Not checked: layer sha256:$upper is there without its blob" image check
rm -rf "${layers:?}/$upper"
check 'without either it is missing' says 1 "Damaged: blob sha256:$upper is missing, and its layer is not unpacked" image check
check 'and comes back with the image' run 0 load "$work/two.tar"
check 'whole' sound
cp -p "$blobs/$id" "$work/kept"
echo >>"$blobs/$id"
check 'a damaged configuration' says 1 "Damaged: configuration sha256:$id is damaged: its digest is another (localhost/two:1)" image check --repair
rm "$blobs/$id"
check 'a missing one' says 1 "Damaged: configuration sha256:$id is missing (localhost/two:1)" image check
cp -p "$work/kept" "$blobs/$id"
manifest=$("$build/crunit" images -n --digests two | grep -o 'sha256:[0-9a-f]*' | cut -c 8-)
cp -p "$blobs/$manifest" "$work/kept"
echo '{}' >"$blobs/$manifest"
check 'a damaged manifest' says 1 "Damaged: manifest sha256:$manifest is damaged: its digest is another (localhost/two:1)" image check
check 'of which there is one' grep -qF 'image check: 1 damage; --repair mends what can be mended' "$work/said"
cp -p "$work/kept" "$blobs/$manifest"
check 'and all is well' sound

# --- a signal
head -c 60000000 /dev/zero >"$work/1/zeros"
tar -C "$work/1" -cf "$work/big.tar" .
run 0 load "$work/big.tar"
"$build/crunit-image" image check >"$work/said" 2>&1 &
pid=$!
sleep 0.02
kill $pid
wait $pid
status=$?
check 'a signal ends it' test $status = 143 -o $status = 0
check 'and leaves nothing' test -z "$(find "$work/store/tmp" -mindepth 1)"

finish
