#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# push: to registries of the tests (one that misbehaves as it is told, and Debian's docker-registry
# where it is installed; with CI set its absence is a failure), and to the other transports.
# Needs root.
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

# asked NAME COUNT REGEX: so many requests of that kind did the registry see.
asked() {
	local count
	count=$(hostile_log "$1" | grep -cE "$3")
	[ "$count" = "$2" ] || { echo "$count times, expected $2: $3"; hostile_log "$1"; return 1; }
}
# get URL FILE TYPE
get() {
	python3 - "$@" <<-'END'
		import sys, urllib.request
		opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
		request = urllib.request.Request(sys.argv[1], headers={"Accept": sys.argv[3]})
		open(sys.argv[2], "wb").write(opener.open(request).read())
	END
}

echo '{}' >"$work/auth.json"
printf '[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n' >"$work/registries.conf"
mkdir "$work/tree"
head -c 3000000 /dev/urandom >"$work/tree/large"
tar -C "$work/tree" -czf "$work/demo.tar.gz" .
run 0 load "$work/demo.tar.gz"
run 0 save -q --format docker-dir -o "$work/docker" demo
run 0 load -t docker "$work/docker"
layer=$(digest "$work/demo.tar.gz")
id=$("$build/crunit" images -q --no-trunc demo)
oci=$(tr ',' '\n' <"$work/store/index.json" | sed -n 's/.*"digest":"sha256:\([0-9a-f]*\)".*/\1/p' | head -n 1)
docker=$(digest "$work/docker/manifest.json")
dockertype=application/vnd.docker.distribution.manifest.v2+json
ocitype=application/vnd.oci.image.manifest.v1+json

hostile_start one || exit 1
one=$hostile_host
printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$one" >"$work/registries.conf"

# --- what goes out
check 'an image' run 0 push --digestfile "$work/sum" demo "$one/team/demo:1"
check 'is told of' said "Copying blob done: ${layer:0:12}"
check 'has the digest it has here' test "$(cat "$work/sum")" = "sha256:$oci"
get "http://$one/v2/team/demo/manifests/1" "$work/got" $ocitype
check 'the manifest is the same to the byte' cmp "$work/got" "$work/store/blobs/sha256/$oci"
get "http://$one/v2/team/demo/blobs/sha256:$layer" "$work/got" '*/*'
check 'and the layer' cmp "$work/got" "$work/demo.tar.gz"
check 'the manifest came last' bash -c "tail -n 4 '$registry_work/one.log' | grep -q 'PUT /v2/team/demo/manifests/1 201'"
check 'a second time without a word' silent 0 push -q demo "docker://$one/team/demo:1"
check 'no blob is sent' asked one 2 'PATCH /v2/team/demo/'
check 'said so' bash -c "'$build/crunit' push demo '$one/team/demo:2' 2>&1 | grep -F 'Copying blob skipped: already exists: ${layer:0:12}'"
check 'Docker'\''s form stays Docker'\''s' silent 0 push -q docker "$one/team/demo:docker"
get "http://$one/v2/team/demo/manifests/docker" "$work/got" $dockertype
check 'to the byte' cmp "$work/got" "$work/docker/manifest.json"
check 'but it may be asked for OCI'\''s' says 0 "the manifest sha256:$docker had to be written anew" push --format oci docker "$one/team/demo:oci"
get "http://$one/v2/team/demo/manifests/oci" "$work/got" $ocitype
check 'which it then has' grep -q '"mediaType":"application/vnd.oci.image.manifest.v1+json"' "$work/got"
check 'by digest' run 0 push -q demo "$one/team/demo@sha256:$oci"
check 'only by its own' says 125 "image demo is sha256:$oci, and cannot become sha256:$docker" push demo "$one/team/demo@sha256:$docker"

# --- its own name, other repositories
run 0 tag demo "$one/other/place:5"
check 'to where its name says' run 0 push -q "$one/other/place:5"
check 'nobody knows of another repository' asked one 0 'POST /v2/other/place/blobs/uploads/\?mount'
run 0 tag demo "$one/team/demo:1"
check 'a blob that another repository has' run 0 push -q demo "$one/third/place"
check 'is mounted from there, and not sent' asked one 1 "POST /v2/third/place/blobs/uploads/\\?mount=sha256(:|%3A)$layer&from=.* 201"
check 'an id has no place to go' says 125 "is not an image's name: say where to push it: crunit push $id REGISTRY/NAME" push "$id"
check 'unless that is said' run 0 push -q "$id" "$one/by/id"
check 'no such image' says 125 "no image 'nothing' in $work/store" push nothing "$one/x"
check 'no such form' says 125 '--format v1: oci and v2s2 are possible' push --format v1 demo "$one/x"

# --- trouble; nobody knows any more where else the blobs are
run 0 untag demo "$one/team/demo:1" "$one/other/place:5"
hostile_rule one 'PATCH /v2/broken/ disconnect at=1000000 over=1000000 times=2'
# the configuration, which is small, may be the first of the two
check 'a line that breaks is picked up again' says 0 'again (1 of' push --retry-delay 0s demo "$one/broken/image"
check 'where it broke' bash -c "grep -q 'GET /v2/broken/image/blobs/uploads/' '$registry_work/one.log'"
hostile_rule one
hostile_rule one 'PUT /v2/busy/image/manifests status code=503 times=2'
check 'a registry that is busy for a while' run 0 push -q --retry-delay 1ms demo "$one/busy/image"
hostile_rule one
hostile_rule one 'PUT /v2/never/image/manifests status code=503'
check 'or for ever' run 125 push --retry 1 --retry-delay 1ms demo "$one/never/image"
check 'says what and where' said "pushing $one/never/image:latest: $one: "
hostile_rule one
hostile_rule one 'POST /v2/full/ status code=500 message=disk%20full'
check 'a registry that cannot' says 125 'disk full' push --retry 0 demo "$one/full/image"
check 'has no manifest of it' asked one 0 '(PUT|POST) /v2/full/image/manifests'
hostile_rule one
blob=$work/store/blobs/sha256/$layer
cp -a "$blob" "$work/kept"
rm "$blob"
check 'a missing one' says 125 "image demo: layer 1: its blob sha256:$layer is not in the store" push demo "$one/fresh/image"
cp -a "$work/kept" "$blob"
hostile_rule one 'PATCH /v2/slow/ slow seconds=30'
"$build/crunit-image" push demo "$one/slow/image" >"$work/said" 2>&1 &
pid=$!
sleep 0.5
kill $pid
wait $pid
check 'a signal ends it' test $? = 143
hostile_rule one

# --- who may
hostile_start two --user alice:secret --auth token || exit 1
two=$hostile_host
check 'a registry that is not known to be insecure' run 125 push --retry 0 demo "$two/x/y"
check 'is, on the command line' says 125 'credentials' push --tls-verify=false demo "$two/x/y"
check 'with credentials' run 0 push -q --tls-verify=false --creds alice:secret demo "$two/x/y"
check 'with wrong ones' run 125 push --tls-verify=false --creds alice:wrong demo "$two/x/y"
printf '{"auths":{"%s":{"auth":"%s"}}}' "$two" "$(printf alice:secret | base64)" >"$work/other.json"
check 'from a file' run 0 push -q --tls-verify=false --authfile "$work/other.json" demo "$two/x/z"
registry_certificates
hostile_start five || exit 1
printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$hostile_host" >"$work/registries.conf"
blob=$work/store/blobs/sha256/$layer
cp -a "$blob" "$work/kept"
printf xxxxxxxx | dd of="$blob" bs=1 seek=1000 conv=notrunc status=none
check 'a damaged blob is found by the registry, and named' says 125 "sha256:$layer is damaged in the store" push demo "$hostile_host/fresh/image"
check 'it gets no manifest' asked five 0 'PUT /v2/fresh/image/manifests'
cp -a "$work/kept" "$blob"
hostile_start three --tls "$registry_work/tls/server.crt" "$registry_work/tls/server.key" || exit 1
check 'a certificate nobody knows' run 125 push --retry 0 demo "$hostile_host/x/y"
check 'a known one' run 0 push -q --cert-dir "$registry_work/tls/trust" demo "$hostile_host/x/y"
printf '[[registry]]\nlocation = "%s"\nblocked = true\n' "$one" >"$work/registries.conf"
check 'a registry that registries.conf blocks' says 125 'registries.conf:' push demo "$one/x/y"
printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$one" >"$work/registries.conf"

# --- other transports
check 'oci:' silent 0 push -q demo "oci:$work/layout:some"
check 'a second name there' run 0 push demo "oci:$work/layout:other"
check 'copies nothing' said 'Copying blob skipped: already exists: '
check 'one without' run 0 push -q docker "oci:$work/layout2"
check 'oci-archive:' run 0 push -q --digestfile "$work/sum" demo "oci-archive:$work/o.tar:some"
check 'has the same manifest' test "$(cat "$work/sum")" = "sha256:$oci"
check 'an archive that is there is left alone' says 125 'o.tar is there already, and archives cannot be added to' push demo "oci-archive:$work/o.tar:more"
check 'docker-archive:' run 0 push -q demo "docker-archive:$work/d.tar:some:1"
check 'with a full name' bash -c "tar -xOf '$work/d.tar' manifest.json | grep -F '\"docker.io/library/some:1\"'"
check 'dir:' run 0 push -q docker "dir:$work/flat"
check 'is what it was, to the byte' diff -r "$work/docker" "$work/flat"
check 'docker-daemon:' says 125 'docker-daemon is not supported: use `docker save IMAGE | crunit load`, or `crunit save IMAGE | docker load`' push demo docker-daemon:x
check 'tarball:' says 125 'is made by `crunit save --format rootfs`' push demo "tarball:$work/x.tar"
check 'and all of it comes back' bash -c "for from in oci:$work/layout:some oci-archive:$work/o.tar docker-archive:$work/d.tar dir:$work/flat; do
	[ \$('$build/crunit' pull \$from) = $id ] || exit 1; done"
check 'or says what is not there' says 125 "there is no image 'third' in it" pull "oci:$work/layout:third"
check 'as one image' bash -c "[ \$('$build/crunit' images -q | sort -u | wc -l) = 1 ]"

# --- Debian's
if command -v docker-registry >/dev/null || [ -n "${CI:-}" ]; then
	distribution_start four basic || exit 1
	four=$distribution_host
	check 'to docker-registry' run 0 push --tls-verify=false --creds alice:secret docker "$four/team/docker:1"
	check 'again, elsewhere' run 0 push --tls-verify=false --creds alice:secret demo "$four/team/oci:1"
	check 'without credentials' run 125 push --tls-verify=false demo "$four/team/oci:1"
	if command -v skopeo >/dev/null || [ -n "${CI:-}" ]; then
		check 'another client gets the same manifest' bash -c "skopeo inspect --raw --tls-verify=false --creds alice:secret docker://$four/team/docker:1 | cmp - '$work/docker/manifest.json'"
		check 'and the same image' bash -c "skopeo copy -q --src-tls-verify=false --src-creds alice:secret docker://$four/team/docker:1 dir:$work/back && diff -r '$work/docker' '$work/back'"
	fi
else
	skip "docker-registry" "it is not installed"
fi

finish
