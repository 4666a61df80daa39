#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# save: what comes out in each form is what went in, byte for byte where the form has a place for
# it; what is damaged or missing in the store is named and does not come out. Needs root.
set -uo pipefail
# shellcheck source=tests/image/lib.sh
. "$(dirname "$0")/lib.sh"

digest() {
	sha256sum "$1" | cut -c 1-64
}

# --- an image of three layers, in skopeo's dir: form, with a manifest of Docker's
architecture=$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')
made=$work/made
mkdir -p "$made" "$work"/{1,2,3}
cd "$work/1" || exit 99
mkdir -p bin etc/gone var/lib/old
echo program >bin/program
ln bin/program bin/second
chmod 4755 bin/program
echo hidden >etc/hidden
echo gone >etc/gone/file
echo old >var/lib/old/file
ln -s ../etc/kept link
echo kept >etc/kept
chown 12:34 etc/kept
mknod null c 1 3
setcap cap_net_raw=ep bin/second 2>/dev/null || true
touch -d '2001-02-03 04:05:06.789' etc/kept
cd "$work/2" || exit 99
mkdir -p etc var/lib/old
touch etc/.wh.hidden etc/.wh.gone var/lib/old/.wh..wh..opq
echo new >var/lib/old/new
cd "$work/3" || exit 99
mkdir -p etc/gone
echo again >etc/gone/again
diff_ids='' layers=''
for layer in 1 2 3; do
	tar -C "$work/$layer" --xattrs --xattrs-include='*' --format=pax --numeric-owner -cf "$work/$layer.tar" .
	diff_ids+=${diff_ids:+,}\"sha256:$(digest "$work/$layer.tar")\"
	type=application/vnd.docker.image.rootfs.diff.tar
	[ $layer = 3 ] || { gzip -n "$work/$layer.tar" && mv "$work/$layer.tar.gz" "$work/$layer.tar" && type=$type.gzip; }
	blob=$(digest "$work/$layer.tar")
	layers+=${layers:+,}"{\"mediaType\":\"$type\", \"size\":$(stat -c %s "$work/$layer.tar"),\"digest\":\"sha256:$blob\"}"
	cp "$work/$layer.tar" "$made/$blob"
done
printf '{"architecture":"%s","os":"linux","created":"2024-01-02T03:04:05Z","config":{"Cmd":["/bin/program"]},"rootfs":{"type":"layers","diff_ids":[%s]}}' \
	"$architecture" "$diff_ids" >"$work/config"
id=$(digest "$work/config")
cp "$work/config" "$made/$id"
# blanks and an order of its own: whoever writes it anew does not write the same
printf '{ "schemaVersion": 2, "mediaType":"application/vnd.docker.distribution.manifest.v2+json",\n "layers":[%s],"config":{"size":%s,"mediaType":"application/vnd.docker.container.image.v1+json","digest":"sha256:%s"}}\n' \
	"$layers" "$(stat -c %s "$work/config")" "$id" >"$made/manifest.json"
printf 'Directory Transport Version: 1.1\n' >"$made/version"
docker=$(digest "$made/manifest.json")
cd "$work" || exit 99

same_id() {
	run 0 images -q --no-trunc "$1" && grep -qx "$id" "$work/said"
}
# The digest of an image as it is in the store.
has_digest() {
	run 0 images -n --digests "$1" && grep -qF "sha256:$2" "$work/said"
}

check 'an image of Docker'\''s form' says 0 'Loaded image: docker.io/test/three:1' load -q -t docker.io/test/three:1 "$made"
check 'keeps its digest' has_digest test/three:1 "$docker"

# --- docker-dir, dir
check 'docker-dir, without a word' silent 0 save -q --format docker-dir -o "$work/flat" test/three:1
check 'is what it was, to the byte' diff -r "$made" "$work/flat"
check 'into a directory that has it already' run 0 save --format docker-dir -o "$work/flat" test/three:1
check 'copies nothing' grep -F 'Copying blob skipped: already exists: ' "$work/said"
check '--compress compresses what is not' says 0 'had to be written anew' save --compress --format docker-dir -o "$work/small" test/three:1
check 'in the manifest, too' bash -c "! grep -q 'diff.tar\"' '$work/small/manifest.json' && grep -q 'diff.tar.gzip\"' '$work/small/manifest.json'"
check 'and that is loaded' run 0 load -t small "$work/small"
check 'as the same image' same_id small

# --- OCI
check 'an OCI archive needs another manifest, and says so' says 0 "the manifest sha256:$docker had to be written anew, and is sha256:" \
	save --format oci-archive -o "$work/o.tar" test/three:1
check 'it is loaded' run 0 load -t oci "$work/o.tar"
check 'as the same image' same_id oci
oci=$(sed -n 's/.*"digest":"sha256:\([0-9a-f]*\)".*/\1/p' <(tar -xOf "$work/o.tar" index.json))
check 'with the digest that was announced' grep -qF "$oci" <(run 0 images -n --digests oci; cat "$work/said")
check 'OCI to OCI, without a word' silent 0 save -q --format oci-archive -o "$work/again.tar" --digestfile "$work/sum" oci
check 'is the same manifest' test "$(cat "$work/sum")" = "sha256:$oci"
check 'to the byte' cmp <(tar -xOf "$work/again.tar" "blobs/sha256/$oci") "$work/store/blobs/sha256/$oci"
check 'and the same archive each time' bash -c "'$build/crunit' save -q --format oci-archive oci | cmp - '$work/again.tar'"
check 'its blobs are their digests' bash -c "mkdir '$work/x' && tar -C '$work/x' -xf '$work/again.tar' && cd '$work/x/blobs/sha256' &&
	sha256sum * | awk '\$1 != \$2 { bad = 1 } END { exit bad }'"
check 'a layout' run 0 save -q --format oci-dir -o "$work/layout" oci
check 'takes a second image' run 0 save -q --format oci-dir -o "$work/layout" test/three:1
check 'beside the first' bash -c "[ \$(grep -o 'image.ref.name' '$work/layout/index.json' | wc -l) = 2 ]"
check 'and the same name once' bash -c "'$build/crunit' save -q --format oci-dir -o '$work/layout' oci && [ \$(grep -o 'image.ref.name' '$work/layout/index.json' | wc -l) = 2 ]"
check '--uncompressed decompresses' run 0 save --uncompressed --format oci-archive -o "$work/u.tar" oci
check 'all layers' bash -c "! tar -xOf '$work/u.tar' | grep -a 'tar+gzip'"
check 'and that is loaded' run 0 load -t plain "$work/u.tar"
check 'as the same image' same_id plain
run 0 rmi plain

# --- docker-archive
check 'a docker-archive, to standard output' bash -c "'$build/crunit' save -q test/three:1 >'$work/d.tar'"
check 'has the layers as plain tars' bash -c "for f in \$(tar -tf '$work/d.tar' | grep tar\$); do
	[ \$(tar -xOf '$work/d.tar' \$f | sha256sum | cut -c 1-64).tar = \$f ] || exit 1; done"
check 'and the name' bash -c "tar -xOf '$work/d.tar' manifest.json | grep -F '\"RepoTags\":[\"docker.io/test/three:1\"]'"
check 'a further word is a further name' run 0 save -q -o "$work/d2.tar" test/three:1 more:2
check 'in the archive' says 0 'Loaded image: localhost/more:2' load "$work/d2.tar"
tar -C "$work/3" -cf "$work/other.tar" .
run 0 load "$work/other.tar"
check 'several images' run 0 save -q -m -o "$work/m.tar" test/three:1 other
check 'are both in it' bash -c "tar -xOf '$work/m.tar' manifest.json | grep -F docker.io/test/three:1 | grep -F localhost/other:latest"
check 'a layer of both is in it once' bash -c "'$build/crunit' save -q -m test/three:1 oci | tar -t | sort | uniq -d | grep . && exit 1 || exit 0"
check 'by its id it has no name there' bash -c "'$build/crunit' save -q '$id' | tar -xO manifest.json | grep -F '\"RepoTags\":[]'"
run 0 rmi -f other more:2

# --- the root file system
tree() {
	(cd "$1" && find . -printf '%p %y %m %U:%G %s %T@ %l %n\n' | grep -v '^\. ' | sed 's/^\([^ ]* d [^ ]* [^ ]*\) .*/\1/' | sort)
}
check 'the root file system' run 0 save --format rootfs -o "$work/r.tar" --digestfile "$work/sum" test/three:1
check 'with its digest' test "$(cat "$work/sum")" = "sha256:$(digest "$work/r.tar")"
mkdir "$work/expected" "$work/got"
cp -a "$work/1/." "$work/expected"
rm -rf "$work/expected/etc/hidden" "$work/expected/etc/gone" "$work/expected/var/lib/old/file"
cp -a "$work/3/." "$work/expected"
cp -a "$work/2/var/lib/old/new" "$work/expected/var/lib/old/"
check 'unpacks' tar -C "$work/got" --xattrs --xattrs-include='*' -xpf "$work/r.tar"
check 'to what the layers make together' diff <(tree "$work/expected") <(tree "$work/got")
check 'hard links are links' test "$work/got/bin/program" -ef "$work/got/bin/second"
check 'capabilities are kept' bash -c "[ \"\$(getcap '$work/1/bin/second' | sed 's/.* //')\" = \"\$(getcap '$work/got/bin/second' | sed 's/.* //')\" ]"
check 'the same each time' bash -c "'$build/crunit' save --format rootfs test/three:1 | cmp - '$work/r.tar'"
for ending in gz zst xz; do
	check "compressed by its name (.$ending)" run 0 save --format rootfs -o "$work/R.tar.$ending" test/three:1
	check 'it is the same' bash -c "tar -C / --to-stdout -xf '$work/R.tar.$ending' ./etc/kept etc/kept 2>/dev/null | grep -qx kept"
	check 'and is loaded' says 0 'Loaded image: localhost/r:latest' load "$work/R.tar.$ending"
	check 'to the same tree' bash -c "'$build/crunit' save --format rootfs r | cmp - '$work/r.tar'"
done
run 0 rmi -f r

# --- what cannot be
check 'no such image' says 125 "no image 'nothing' in $work/store" save -o "$work/no.tar" nothing
check 'leaves no file' test ! -e "$work/no.tar"
check 'no such form' says 125 'save: --format zip: docker-archive, docker-dir, oci-archive, oci-dir and rootfs are possible' save --format zip oci
check 'a directory needs a name' says 125 'save: --format oci-dir makes a directory: name it by -o' save --format oci-dir oci
check '--compress elsewhere' says 125 'save: --compress goes with --format docker-dir only' save --compress -o "$work/no.tar" oci
check 'a full disk' says 125 'cannot write /dev/full: No space left on device' save -o /dev/full oci
check 'nowhere' says 125 'cannot make /nowhere/x.tar: No such file or directory' save -o /nowhere/x.tar oci
check 'over a layout' says 125 'the directory is an OCI layout: take another one, or oci:' save --format docker-dir -o "$work/layout" oci

blob=$(digest "$work/1.tar")
file=$work/store/blobs/sha256/$blob
size=$(stat -c %s "$file")
cp -a "$file" "$work/kept"
printf xxxxxxxx | dd of="$file" bs=1 seek=$((size / 2)) conv=notrunc status=none
echo before >"$work/no.tar"
check 'a damaged blob' says 125 "$blob is damaged in the store: its digest is sha256:" save --format oci-archive -o "$work/no.tar" oci
check 'does not replace what was there' grep -qx before "$work/no.tar"
check 'a new directory goes away again' bash -c "! '$build/crunit' save -q --format oci-dir -o '$work/no' oci && [ ! -e '$work/no' ]"
check 'and there is no other leftover' bash -c "[ -z \"\$(find '$work' -maxdepth 1 -name '.*' -name '*.tar*')\" ]"
check 'in a docker-archive' run 125 save -o "$work/no.tar" oci
truncate -s 5 "$file"
check 'a short blob' says 125 "image oci: layer 1: its blob sha256:$blob is damaged: it has 5 bytes, not $size; see \`crunit image check\`" \
	save -o "$work/no.tar" oci
rm "$file"
check 'a missing blob' says 125 "image oci: layer 1: its blob sha256:$blob is not in the store: pull or load the image again" save -o "$work/no.tar" oci
cp -a "$work/kept" "$file"
check 'and all is well again' run 0 save -q -o "$work/no.tar" oci
printf ' ' >>"$work/store/blobs/sha256/$id"
check 'a damaged configuration' says 125 "sha256:$id is damaged in the store" save -o "$work/no.tar" oci
truncate -s -1 "$work/store/blobs/sha256/$id"

# --- other tools
same_layers() {
	skopeo inspect --config --raw "$1" | grep -F "\"diff_ids\":[$diff_ids]"
}
if command -v skopeo >/dev/null; then
	for form in "docker-archive:$work/d.tar:docker.io/test/three:1" "oci-archive:$work/again.tar" "oci:$work/layout:localhost/oci:latest" "dir:$work/flat"; do
		rm -rf "$work/foreign"
		check "skopeo reads ${form%%:*}" skopeo copy -q "$form" "oci:$work/foreign:x"
		check 'and gets the same layers' same_layers "oci:$work/foreign:x"
	done
else
	skip "other tools" "skopeo is not installed"
fi

# --- a signal
mkfifo "$work/fifo"
"$build/crunit-image" save -q --format rootfs test/three:1 >"$work/fifo" 2>"$work/said" &
pid=$!
sleep 0.2 7<"$work/fifo" # open, and read nothing
kill $pid 2>/dev/null
check 'a writer that nobody reads ends' timeout 60 bash -c "while kill -0 $pid 2>/dev/null; do sleep 0.1; done"
wait $pid 2>/dev/null
finish
