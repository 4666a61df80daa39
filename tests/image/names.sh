#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# tag, untag, images with its filters, history, image exists and image prune as commands.
# Needs root.
set -uo pipefail
# shellcheck source=tests/image/lib.sh
. "$(dirname "$0")/lib.sh"

# shows NAMES ARGUMENT...: images prints these, in this order.
shows() {
	local expected=$1
	shift
	run 0 images -n "$@" || return 1
	local got
	got=$(awk '{ sub("^localhost/", "", $1); print $1 ":" $2 }' "$work/said" | paste -sd ' ')
	[ "$got" = "$expected" ] || { echo "got '$got', expected '$expected'"; return 1; }
}

# image NAME TIME LABELS HISTORY: a docker-archive of one layer, loaded.
image() {
	local diff_id architecture
	architecture=$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')
	mkdir -p "$work/tree" "$work/archive"
	echo "$1" >"$work/tree/name"
	tar -C "$work/tree" -cf "$work/archive/layer.tar" .
	diff_id=$(sha256sum "$work/archive/layer.tar" | cut -c 1-64)
	printf '{"architecture":"%s","os":"linux","created":"%s","config":{"Labels":{%s}},"history":[%s],"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
		"$architecture" "$2" "$3" "${4:-}" "$diff_id" >"$work/archive/config.json"
	printf '[{"Config":"config.json","RepoTags":["localhost/%s"],"Layers":["layer.tar"]}]' "$1" >"$work/archive/manifest.json"
	tar -C "$work/archive" -cf "$work/archive.tar" manifest.json config.json layer.tar
	run 0 load "$work/archive.tar" || { cat "$work/said"; exit 99; }
}
image old:1 2020-01-01T00:00:00Z '"tier":"back","keep":"yes"' \
	'{"created":"2019-12-31T00:00:00Z","created_by":"/bin/sh -c \u001b[2Jmake everything that can be made and some more","comment":"first"},{"created":"2020-01-01T00:00:00Z","created_by":"CMD run","empty_layer":true}'
image middle:2 2021-01-01T00:00:00Z '"tier":"front"'
image new:3 2022-01-01T00:00:00Z ''
id=$("$build/crunit" images -q --no-trunc old:1)

# --- names
check 'another name' silent 0 tag old:1 renamed reg.example:5000/team/x:9
check 'is there' shows 'renamed:latest' renamed
check 'with a registry, too' says 0 reg.example:5000/team/x images reg.example:5000/team/x
check 'a name that is taken moves' silent 0 tag middle:2 renamed
check 'to the other image' bash -c "[ \$('$build/crunit' images -q --no-trunc renamed) = \$('$build/crunit' images -q --no-trunc middle:2) ]"
check 'an image that is not there' says 125 "no image 'nothing' in" tag nothing x
check 'an impossible name' says 125 "image name 'UPPER': 'UPPER' is not a name" tag old:1 UPPER
check 'nor one with a digest' says 125 'a name to give cannot have a digest' tag old:1 "x@sha256:$id"
check 'of several names all are given or none' says 125 'is not a name' tag old:1 good Bad
check 'none it was' silent 1 image exists good
check 'an id has a name to give as well' silent 0 image tag "${id:0:12}" byid
check 'and is found by it' silent 0 image exists byid
check 'a name that is not its own' says 125 'middle:2: the image has no such name' untag old:1 middle:2
check 'a name goes' silent 0 untag old:1 byid
check 'and is gone' silent 1 image exists byid
check 'all of them' silent 0 image untag old:1
check 'the image stays' silent 0 image exists "$id"
check 'without a name' bash -c "'$build/crunit' images | grep '^<none> *<none> *${id:0:12}'"
check 'a damaged question is no answer' says 125 'is not a name' image exists 'A B'
run 0 tag "$id" old:1
run 0 untag middle:2 renamed

# --- lists
check 'newest first' shows 'new:3 middle:2 old:1'
check 'by repository' shows 'middle:2 new:3 old:1' --sort repository
check 'by tag' shows 'old:1 middle:2 new:3' --sort tag
check 'by nothing that is known' says 125 'images: --sort color: created, id, repository, size or tag is possible' images --sort color
check 'since' shows 'new:3 middle:2' --filter since=old:1
check 'before' shows 'middle:2 old:1' -f before=new:3
check 'both' shows 'middle:2' -f before=new:3 -f since=old:1
check 'until a date' shows 'old:1' -f until=2020-06-01
check 'until a time' shows 'middle:2 old:1' -f until=2021-01-01T00:00:01Z
check 'for so long' shows 'new:3 middle:2 old:1' -f until=24h
check 'for a month' shows 'new:3 middle:2 old:1' -f until=720h
check 'for days' shows 'middle:2 old:1' -f until=$((($(date +%s) - 1622505600) / 86400))d
check 'where it lies in a zone' shows 'middle:2 old:1' -f until=2021-01-01T05:00:01+05:00
check 'for so long that nothing is' shows '' -f until=8000000h
check 'a label' shows 'middle:2 old:1' -f label=tier
check 'its value' shows 'middle:2' -f label=tier=front
check 'of several all' shows 'old:1' -f label=tier -f label=keep=yes
check 'without a label' shows 'new:3 middle:2' -f 'label!=keep'
check 'a pattern' shows 'new:3 middle:2' -f 'reference=n*' -f 'reference=localhost/mid*:2'
check 'an id' shows 'old:1' -f "id=${id:0:8}"
check 'what does not dangle' shows 'new:3 middle:2 old:1' -f dangling=false
check 'what dangles' shows '' -f dangling=true
mkdir -p "$work/run/containers/web@"
echo "{\"image\":\"$id\"}" >"$work/run/containers/web@/state.json"
check 'what containers use' shows 'old:1' -f containers=true
check 'a key that is not known' says 125 "--filter labels=x: 'labels' is not known: did you mean 'label'?" images -f labels=x
check 'no value' says 125 '--filter label: is not KEY=VALUE' images -f label
check 'no time' says 125 '--filter until=soon: neither a span of time (' images -f until=soon
check 'no image' says 125 "--filter since=nothing: no image 'nothing' in" images -f since=nothing
check 'no boolean' says 125 '--filter dangling=perhaps: ' images -f dangling=perhaps
check 'JSON says it is used' bash -c "'$build/crunit' images --format json old:1 | tr -d ' \n' | grep -F '\"Containers\":1'"
check 'and its digest under its name' bash -c "'$build/crunit' images --format json old:1 | grep -F 'localhost\/old@sha256:' || '$build/crunit' images --format json old:1 | grep -F 'localhost/old@sha256:'"

# --- history
check 'history, newest first' run 0 history old:1
check 'the last step has the id' bash -c "sed -n 2p '$work/said' | grep '^${id:0:12} .* CMD run .* 0 B'"
check 'the first has the layer' bash -c "sed -n 3p '$work/said' | grep '^<missing> .*kB .*first'"
check 'no control character gets out' bash -c "! grep -q \$'\e' '$work/said'"
check 'long commands are cut' grep -F 'make everything that can be...  ' "$work/said"
check 'or not' says 0 'make everything that can be made and some more' history --no-trunc old:1
check 'ids alone' bash -c "[ \"\$('$build/crunit' image history -q old:1)\" = '${id:0:12}
<missing>' ]"
check 'times as they are' says 0 2019-12-31T00:00:00Z history --human=false old:1
check 'as JSON' bash -c "'$build/crunit' history --format json old:1 | tr -d ' \n' | grep -F '\"CreatedBy\":\"CMDrun\",\"size\":0'"
check 'as a template' bash -c "[ \"\$('$build/crunit' history --format '{{.ID}} {{.Size}} {{.CreatedBy}}' old:1 | head -n 1)\" = '${id:0:12} 0 B CMD run' ]"
check 'an image without a history has its layers' bash -c "[ \$('$build/crunit' history new:3 | wc -l) = 2 ]"
check 'no such form' says 125 'history: --format x: only table and json are known' history --format x old:1

# --- prune
run 0 untag middle:2
middle=$("$build/crunit" images -q --no-trunc -f dangling=true)
check 'nobody to ask' says 125 'image prune: no answer: say --force where nobody can be asked' image prune
check 'a no' bash -c "echo n | '$build/crunit' image prune && '$build/crunit' image exists $middle"
check 'what does not match stays' silent 0 image prune -f --filter label=tier=back
check 'a yes' bash -c "echo y | '$build/crunit' image prune 2>/dev/null | grep -qx $middle"
check 'and it is gone' silent 1 image exists "$middle"
check 'named ones as well, but not those in use' bash -c "'$build/crunit' image prune -a -f | wc -l | grep -qx 1"
check 'which is left' shows 'old:1'
rm -rf "$work/run"
check 'too young' silent 0 image prune -a -f --filter until=2019-01-01
check 'old enough' says 0 "$id" image prune -a -f --filter until=24h
check 'and nothing is left' test -z "$(find "$work/store/blobs/sha256" "$work/store/layers" "$work/store/tmp" -mindepth 1)"

# --- rmi --all
image one:1 2020-01-01T00:00:00Z ''
image two:2 2021-01-01T00:00:00Z ''
mkdir -p "$work/run/containers/web@"
echo "{\"image\":\"$("$build/crunit" images -q --no-trunc one:1)\"}" >"$work/run/containers/web@/state.json"
check 'removing all names those in use' says 2 'in use by container web@' rmi -a
check 'and removes the others' shows 'one:1'
finish
