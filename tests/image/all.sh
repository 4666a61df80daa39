#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# An index of several platforms, kept and passed on whole: load --all, push --all, save --all. Byte
# for byte, and nothing where something of it is missing or damaged. Needs root.
set -uo pipefail
# shellcheck source=tests/image/lib.sh
. "$(dirname "$0")/lib.sh"
here=${top_srcdir:-.}/tests
registry_work=$work/registry
mkdir "$registry_work"
# shellcheck source=tests/registry/lib.sh
source "$here/registry/lib.sh"
trap 'registry_stop_all; rm -rf "$work"' EXIT
export CONTAINERS_REGISTRIES_CONF=$work/registries.conf REGISTRY_AUTH_FILE=$work/auth.json
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
echo '{}' >"$work/auth.json"
own=$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')

# layout DIRECTORY INDEX-TYPE MANIFEST-TYPE [flat]: an index for this machine, two others (one of
# them in an index of its own, but flat; all with one layer in common) and an attestation. Its digest
# is in DIRECTORY.top.
layout() {
	python3 - "$own" "$@" <<-'END'
		import gzip, hashlib, io, json, os, sys, tarfile
		own, top, index_type, manifest_type = sys.argv[1:5]
		blobs = top + "/blobs/sha256"
		os.makedirs(blobs)
		def blob(data, type, **more):
		    name = hashlib.sha256(data).hexdigest()
		    open(blobs + "/" + name, "wb").write(data)
		    return dict(mediaType=type, digest="sha256:" + name, size=len(data), **more)
		def layer(text):
		    out = io.BytesIO()
		    with tarfile.open(fileobj=out, mode="w") as tar:
		        info = tarfile.TarInfo("file")
		        info.size = len(text)
		        tar.addfile(info, io.BytesIO(text.encode()))
		    return out.getvalue()
		def image(architecture):
		    tars = [layer("common"), layer(architecture)]
		    config = dict(architecture=architecture, os="linux", rootfs=dict(type="layers",
		        diff_ids=["sha256:" + hashlib.sha256(tar).hexdigest() for tar in tars]))
		    kind = "application/vnd.oci.image.layer.v1.tar+gzip"
		    manifest = dict(schemaVersion=2, mediaType=manifest_type,
		        config=blob(json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"),
		        layers=[blob(gzip.compress(tar, mtime=0), kind) for tar in tars])
		    # blanks, so that whoever writes it anew does not write the same
		    return blob(json.dumps(manifest, indent=3).encode(), manifest_type,
		        platform=dict(architecture=architecture, os="linux"))
		def index(list):
		    return json.dumps(dict(schemaVersion=2, mediaType=index_type, manifests=list), indent=1).encode()
		note = dict(schemaVersion=2, mediaType=manifest_type,
		    config=blob(b"{}", "application/vnd.oci.image.config.v1+json"),
		    layers=[blob(b'{"says": "something"}', "application/vnd.in-toto+json")])
		note = blob(json.dumps(note).encode(), manifest_type, platform=dict(architecture="unknown", os="unknown"))
		inner = image("riscv64") if sys.argv[5:] else blob(index([image("riscv64")]), index_type, platform=dict(architecture="riscv64", os="linux"))
		whole = blob(index([image(own), image("s390x"), inner, note]), index_type,
		    annotations={"org.opencontainers.image.ref.name": "reg.lan/many:1"})
		open(top + "/oci-layout", "w").write('{"imageLayoutVersion":"1.0.0"}')
		open(top + "/index.json", "wb").write(json.dumps(dict(schemaVersion=2, manifests=[whole])).encode())
		open(top + ".top", "w").write(whole["digest"])
	END
}
oci=application/vnd.oci.image
docker=application/vnd.docker.distribution.manifest
layout "$work/many" $oci.index.v1+json $oci.manifest.v1+json
layout "$work/listed" $docker.list.v2+json $docker.v2+json
top=$(cat "$work/many.top")

# blobs DIRECTORY: the names of what is in there
blobs() {
	find "$1" -maxdepth 1 -type f -printf '%f\n' | sort
}
same_blobs() {
	diff <(blobs "$1") <(blobs "$2")
}
digests() {
	"$build/crunit" images --digests -n | awk '{ print $3 }'
}

# --- one platform, as ever
check 'an index' says 0 'Loaded image: reg.lan/many:1' load -q "$work/many"
check 'is one image without --all' test "$(find "$work/store/blobs/sha256" -type f | wc -l)" = 4
check 'there is no more to save' run 0 save -q --all --format oci-archive -o "$work/one.tar" reg.lan/many:1
check 'than that image' test "$(tar -tf "$work/one.tar" | grep -c blobs/sha256/.)" = 4
run 0 rmi reg.lan/many:1

# --- all of them
check 'with --all' says 0 'Loaded image: reg.lan/many:1' load -q --all "$work/many"
check 'everything is kept' same_blobs "$work/many/blobs/sha256" "$work/store/blobs/sha256"
check 'byte for byte' digests_are_right
check 'one platform alone is unpacked' test "$(find "$work/store/layers" -mindepth 1 -maxdepth 1 | wc -l)" = 2
check 'the name leads to the index' grep -q "$top" "$work/store/index.json"
check 'the image is this machine'\''s' bash -c "'$build/crunit' image inspect reg.lan/many:1 | grep -q '\"Architecture\": *\"$own\"'"
check 'nothing is wrong with it' run 0 image check
check 'nothing is collected' run 0 image prune -f
check 'of it' same_blobs "$work/many/blobs/sha256" "$work/store/blobs/sha256"
check 'a second name' run 0 tag reg.lan/many:1 other
check 'a second time' run 0 load -q --all "$work/many"

# --- to registries
hostile_start one || exit 1
one=$hostile_host
printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$one" >"$work/registries.conf"
# there REFERENCE TYPE FILE: the registry has that manifest
there() {
	python3 - "http://$one/v2/$1" "$2" >"$work/got" <<-'END'
		import sys, urllib.request
		opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
		request = urllib.request.Request(sys.argv[1], headers={"Accept": sys.argv[2]})
		sys.stdout.buffer.write(opener.open(request).read())
	END
	cmp "$work/got" "$3"
}
all_there() {
	local hex
	there "$1/manifests/$2" '*/*' "$work/$3/blobs/sha256/$(cut -d : -f 2 "$work/$3.top")" || return 1
	for hex in $(blobs "$work/$3/blobs/sha256"); do
		if grep -q '"schemaVersion"' "$work/$3/blobs/sha256/$hex"; then
			there "$1/manifests/sha256:$hex" '*/*' "$work/$3/blobs/sha256/$hex" || return 1
		else
			there "$1/blobs/sha256:$hex" '*/*' "$work/$3/blobs/sha256/$hex" || return 1
		fi
	done
}
check 'it is pushed' says 0 'Writing manifest list to image destination' push --all --digestfile "$work/sum" reg.lan/many:1 "$one/team/many:1"
check 'under the digest it has here' test "$(cat "$work/sum")" = "$top"
check 'with everything' all_there team/many 1 many
check 'the index last' bash -c "tail -n 1 <(grep ' PUT /v2/team/many/manifests/' '$registry_work/one.log') | grep -q 'manifests/1 201'"
check 'without --all' run 0 push -q --digestfile "$work/sum" other "$one/team/single:1"
check 'only the one image' bash -c "! grep -q $top '$work/sum' && ! grep -q 'PUT /v2/team/single/manifests/sha256' '$registry_work/one.log'"
check 'by digest' run 0 push -qa other "$one/team/again@$top"
check 'only by its own' says 125 "is $top, and cannot become" push -a other "$one/team/again@sha256:$(printf '%064d' 7)"
check 'what changes it is refused' says 125 '--all pushes an index as it is' push -a --format v2s2 other "$one/team/x"
check 'and is pulled again' run 0 --root "$work/second" pull -q "$one/team/many:1"
check 'which takes one platform' says 125 "(all platforms of an index are here after \`crunit load --all\`)" --root "$work/second" push --all "$one/team/many:1" "$one/team/y"
check 'says which is missing' said '(linux/s390x): '
check 'nothing of it was sent' bash -c "! grep -q /v2/team/y/ '$registry_work/one.log'"

# --- to files and directories
check 'oci-archive' run 0 save -q -a --format oci-archive -o "$work/all.tar" reg.lan/many:1
mkdir "$work/untarred"
tar -C "$work/untarred" -xf "$work/all.tar"
check 'has everything' same_blobs "$work/many/blobs/sha256" "$work/untarred/blobs/sha256"
check 'byte for byte' diff -r "$work/many/blobs" "$work/untarred/blobs"
check 'oci-dir' run 0 save -q -a --format oci-dir -o "$work/dir" reg.lan/many:1
check 'as well' diff -r "$work/many/blobs" "$work/dir/blobs"
check 'dir:' run 0 push -qa reg.lan/many:1 "dir:$work/flat"
check 'has the index as its manifest' cmp "$work/flat/manifest.json" "$work/many/blobs/sha256/${top#*:}"
check 'and all others' test "$(find "$work/flat" -type f | wc -l)" = $(($(blobs "$work/many/blobs/sha256" | wc -l) + 1))
check 'docker-archive has no place for it' says 125 '--all goes with --format oci-archive and oci-dir only' save --all -o "$work/x.tar" reg.lan/many:1
check 'nor by push' says 125 'only an OCI layout and dir: have a place' push -a reg.lan/many:1 "docker-archive:$work/x.tar"
for from in all.tar dir flat; do
	check "$from is loaded again" run 0 --root "$work/third" load -q --all -t many "$work/$from"
	check 'whole' same_blobs "$work/many/blobs/sha256" "$work/third/blobs/sha256"
	run 0 --root "$work/third" rmi many
	check 'and removed' test -z "$(blobs "$work/third/blobs/sha256")"
done
gzip -k "$work/all.tar"
check 'from a pipe' bash -c "'$build/crunit' --root '$work/third' load -q --all <'$work/all.tar.gz'"
check 'whole' same_blobs "$work/many/blobs/sha256" "$work/third/blobs/sha256"

# --- Docker's
check 'Docker'\''s list' run 0 load -q -a -t listed "$work/listed"
check 'goes to a registry' run 0 push -qa listed "$one/team/listed:1"
check 'byte for byte' all_there team/listed 1 listed
check 'not into an OCI layout' says 125 'an OCI layout has OCI'\''s manifests only' save -a --format oci-archive -o "$work/x.tar" listed
check 'of which nothing is left' test ! -e "$work/x.tar"

# --- what is missing or damaged
foreign=$(python3 -c 'import json,sys; d = sys.argv[1]; read = lambda x: json.load(open(d + x.split(":")[1]))
print(read(read(sys.argv[2])["manifests"][1]["digest"])["layers"][1]["digest"].split(":")[1])' "$work/many/blobs/sha256/" "$top")
run 0 rmi -a
cp -a "$work/many" "$work/broken"
printf x | dd of="$work/broken/blobs/sha256/$foreign" bs=1 seek=30 conv=notrunc status=none
check 'a damaged blob of another platform' says 125 "sha256:$foreign is damaged" load --all "$work/broken"
check 'is not loaded' test -z "$(blobs "$work/store/blobs/sha256")"
rm "$work/broken/blobs/sha256/$foreign"
check 'nor is one that is missing' says 125 "(linux/s390x): sha256:$foreign is missing" load --all "$work/broken"
check 'which this platform can do without' run 0 load -q "$work/broken"
run 0 load -q --all "$work/many"
printf x | dd of="$work/store/blobs/sha256/$foreign" bs=1 seek=30 conv=notrunc status=none
check 'one that was damaged in the store' says 125 "sha256:$foreign is damaged in the store" save --all --format oci-archive -o "$work/x.tar" reg.lan/many:1
check 'is not saved' test ! -e "$work/x.tar"

# --- and found. spoil HEX: the store's file has another byte
blobs=$work/store/blobs/sha256
spoil() {
	printf x | dd of="$blobs/$1" bs=1 seek=30 conv=notrunc status=none
}
# member INDEX-HEX I: the digits of that manifest
member() {
	python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["manifests"][int(sys.argv[2])]["digest"].split(":")[1])' "$blobs/$1" "$2"
}
manifest=$(member "${top#*:}" 1)
config=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["config"]["digest"].split(":")[1])' "$blobs/$manifest")
nested=$(member "${top#*:}" 2)
check 'a damaged blob of another platform is found' says 1 "Damaged: blob sha256:$foreign is damaged: its digest is another (reg.lan/many:1)" image check
check 'once' test "$(grep -c Damaged "$work/said")" = 1
check 'under this name' run 1 image check reg.lan/many:1
check 'and removed' says 1 "Damaged: blob sha256:$foreign was damaged and is removed: \`crunit load --all\` brings it again" image check --repair
check 'really' test ! -e "$blobs/$foreign"
check 'so that it is missing' says 1 "Damaged: blob sha256:$foreign is missing (reg.lan/many:1)" image check
check 'until it is loaded' run 0 load -q --all "$work/many"
check 'again' says 0 'No damage found' image check
spoil "$config"
check 'a damaged configuration of another platform' says 1 "Damaged: blob sha256:$config is damaged: its digest is another (reg.lan/many:1)" image check
check 'as well' run 1 image check --repair
check 'is loaded again' run 0 load -q --all "$work/many"
rm "$blobs/$(member "$nested" 0)"
check 'a platform that is not here is not missing' says 0 'No damage found' image check
spoil "$nested"
check 'but an index that is damaged' says 1 "Damaged: manifest sha256:$nested is damaged: its digest is another (reg.lan/many:1)" image check
run 0 rmi -a

# --- from where it came
run 0 load -q --all -t "$one/team/many:1" "$work/many"
check 'all is well' says 0 'No damage found' image check
for hex in "$foreign" "$config" "$manifest" "$nested"; do
	spoil "$hex"
done
run 0 image check "$one/team/many:1" && exit 99
check 'the registry has what is damaged of other platforms' says 0 "Fetched: what was missing of $one/team/many:1" image check --repair
check 'and all is as it was' same_blobs "$work/many/blobs/sha256" "$blobs"
check 'to the byte' digests_are_right
check 'which nobody doubts' says 0 'No damage found' image check
check 'nothing is left over' test -z "$(find "$work/store/tmp" -mindepth 1)"
cp "$registry_work/one.log" "$work/asked"
check 'what is well' says 0 'No damage found' image check --repair
check 'is not asked for' cmp "$registry_work/one.log" "$work/asked"

# --- another client, which knows no index in an index
if command -v skopeo >/dev/null || [ -n "${CI:-}" ]; then
	layout "$work/flatter" $oci.index.v1+json $oci.manifest.v1+json flat
	run 0 rmi -a
	check 'one index after another' run 0 load -q --all "$work/flatter"
	check 'is pushed' run 0 push -qa reg.lan/many:1 "$one/team/flatter:1"
	check 'another client copies it' skopeo copy -q --all --src-tls-verify=false "docker://$one/team/flatter:1" "oci:$work/copied:reg.lan/many:1"
	check 'all of it' diff -r "$work/flatter/blobs" "$work/copied/blobs"
	check 'and what was saved' run 0 save -qa --format oci-archive -o "$work/flatter.tar" reg.lan/many:1
	check 'and this' skopeo copy -q --all "oci-archive:$work/flatter.tar" "dir:$work/other"
	check 'dir: is the same for both' run 0 push -qa reg.lan/many:1 "dir:$work/flat2"
	check 'to the byte' diff -r "$work/flat2" "$work/other"
	run 0 rmi -a
	check 'what it copied is loaded' run 0 load -q --all "$work/copied"
	check 'whole' same_blobs "$work/flatter/blobs/sha256" "$work/store/blobs/sha256"
else
	skip "skopeo" "it is not installed"
fi

finish
