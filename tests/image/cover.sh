#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Images that share a layer whose tar leaves out directories: each has the owners and modes of its
# own lower layers, whichever came first. Needs root.
set -uo pipefail
# shellcheck source=tests/image/lib.sh
. "$(dirname "$0")/lib.sh"

architecture=$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')
mkdir -p "$work"/{good,evil,app}/{root/.ssh,etc/app} "$work/app/srv"
echo key >"$work/app/root/.ssh/config"
echo setting >"$work/app/etc/app/conf"
chmod 0700 "$work/good/root" "$work/good/root/.ssh"
chmod 0710 "$work/good/etc/app"
find "$work/evil" -mindepth 1 -exec chown 1000:1000 {} + -exec chmod 0777 {} +
tar -C "$work/app" -cf "$work/app.tar" root/.ssh/config etc/app/conf
upper=$(digest "$work/app.tar")

# two NAME TAR: an image of that layer and the one above.
two() {
	local lower
	lower=$(digest "$2")
	mkdir -p "$work/archive.$1"
	cp "$2" "$work/archive.$1/1.tar"
	cp "$work/app.tar" "$work/archive.$1/2.tar"
	printf '{"architecture":"%s","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:%s","sha256:%s"]}}' \
		"$architecture" "$lower" "$upper" >"$work/archive.$1/config.json"
	printf '[{"Config":"config.json","RepoTags":["localhost/%s:1"],"Layers":["1.tar","2.tar"]}]' "$1" >"$work/archive.$1/manifest.json"
	tar -C "$work/archive.$1" -cf "$work/$1.tar" manifest.json config.json 1.tar 2.tar
}

# shows NAME PATH WHAT: what its layers, one over the other, show there.
shows() {
	local directory shown=
	while read -r directory; do
		shown=$(stat -c '%a %u:%g' "$directory/$2" 2>/dev/null || echo "$shown")
	done < <("$build/crunit" image inspect -f '{{json .LayerDirectories}}' "$1" | grep -o "$work/[^\"]*")
	[ "$shown" = "$3" ] || { echo "$1: $2 is $shown, not $3"; return 1; }
}

for name in good evil; do
	tar -C "$work/$name" -cf "$work/$name-1.tar" root etc
	two "$name" "$work/$name-1.tar"
done
mkdir -p "$work/plain/root" "$work/plain/etc/app"
tar -C "$work/plain" -cf "$work/plain-1.tar" root etc
two plain "$work/plain-1.tar"

for order in 'good evil' 'evil good'; do
	rm -rf "$work/store"
	for name in $order; do
		check "$name is loaded" run 0 load "$work/$name.tar"
	done
	check 'both have the layer' test -d "$work/store/layers/$upper"
	check "the good one's root is root's, $order" shows good:1 root '700 0:0'
	check 'and what is in it' shows good:1 root/.ssh '700 0:0'
	check 'its directory on the way is as it was' shows good:1 etc '755 0:0'
	check 'and the one in it' shows good:1 etc/app '710 0:0'
	check 'the other image is as it wants to be' shows evil:1 root '777 1000:1000'
	check 'nothing is damaged' says 0 'No damage found' image check
	check 'the evil one goes' run 0 rmi evil:1
	check 'and the good one is what it was' shows good:1 root '700 0:0'
	check 'with the only cover' test "$(ls "$work/store/covers" | wc -l)" = 1
done
check 'an image that needs none' run 0 load "$work/plain.tar"
check 'has none' test "$(ls "$work/store/covers" | wc -l)" = 1
check 'and is right' shows plain:1 root '755 0:0'

# --- who takes all layers together
check 'the tree of an image as one tar' run 0 save --format rootfs -o "$work/whole.tar" good:1
check 'has the same owners and modes' bash -c "tar -tvf '$work/whole.tar' | grep -q '^drwx------ .* \./\?root/\$\|^drwx------ .* root/\$'"

# --- an additional store
mv "$work/store" "$work/other"
printf '[storage]\nadditional-stores=%s\n' "$work/other" >"$work/crunit.conf"
check 'an image of an additional store' shows good:1 root '700 0:0'
: >"$work/crunit.conf"

# --- nothing of it stays
mv "$work/other" "$work/store"
check 'all go' run 0 rmi --all
check 'with covers and notes' test -z "$(find "$work/store/covers" "$work/store/implied" "$work/store/layers" -mindepth 1)"

finish
