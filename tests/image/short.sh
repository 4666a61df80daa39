#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Short names that may mean several images: who is on a terminal is asked, and the answer is noted
# for the next time. In a mount namespace of its own, with files of its own in /etc/containers and
# /var/cache. Needs root.
set -uo pipefail
[ "${1:-}" = inside ] || exec unshare -m --propagation private "$0" inside
# shellcheck source=tests/image/lib.sh
. "$(dirname "$0")/lib.sh"
here=$(readlink -f "$(dirname "$0")")
source=${top_srcdir:-.}
registry_work=$work/registry
mkdir "$registry_work" "$work/etc" "$work/cache"
# shellcheck source=tests/registry/lib.sh
source "$source/tests/registry/lib.sh"
trap 'registry_stop_all; rm -rf "$work"' EXIT
mkdir -p /etc/containers
mount --bind "$work/etc" /etc/containers || exit 99
mount --bind "$work/cache" /var/cache || exit 99
unset CONTAINERS_REGISTRIES_CONF CONTAINERS_REGISTRIES_CONF_OVERRIDE XDG_CONFIG_HOME
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
export HOME=$work
noted=/var/cache/containers/short-name-aliases.conf

hostile_start one || exit 1
one=$hostile_host
hostile_start two || exit 1
two=$hostile_host
# conf MODE: both are searched
conf() {
	cat >/etc/containers/registries.conf <<-END
		unqualified-search-registries = ["$one", "$two"]
		short-name-mode = "$1"
		[[registry]]
		location = "$one"
		insecure = true
		[[registry]]
		location = "$two"
		insecure = true
	END
}
# asks STATUS ANSWERS ARGUMENT...: on a terminal
asks() {
	local expected=$1 answers=$2 status=0
	shift 2
	"$here/on-terminal" 'Number (1 to 2): ' "$answers" "$build/crunit" "$@" >"$work/said" || status=$?
	[ $status = "$expected" ] || { echo "exit status $status, expected $expected"; return 1; }
}
unasked() {
	! grep -q 'Which one is meant' "$work/said"
}
forget() {
	"$build/crunit" rmi -a >/dev/null 2>&1
	rm -rf /var/cache/containers
}
mkdir "$work/tree"
echo something >"$work/tree/file"
tar -C "$work/tree" -cf "$work/web.tar" .
conf ''
run 0 load -t web "$work/web.tar"
run 0 push -q web "$one/web:1"
run 0 push -q web "$two/web:1"
run 0 push -q web "$two/team/only:latest"
forget

# --- enforcing
conf enforcing
check 'without a terminal nobody is asked' says 125 "may be $one/web:1 or $two/web:1: write one of these (short-name-mode is enforcing, and there is no terminal to ask on)" pull web:1
check 'on a terminal' asks 0 2 pull web:1
check 'the names are shown' bash -c "grep -qx '  1. $one/web:1' '$work/said' && grep -qx '  2. $two/web:1' '$work/said'"
check 'the image is the one that was chosen' bash -c "'$build/crunit' images -n | grep -F '$two/web'"
check 'the answer is noted' grep -qxF "  \"web\" = \"$two/web\"" $noted
check 'as Podman notes it' test "$(head -n 1 $noted)" = '[aliases]'
check 'it is not asked again' asks 0 '' pull web:1
check 'nothing' unasked
check 'and holds without a terminal' run 0 pull -q web:1
check 'for other tags, too' says 125 "$two: manifest 9 of web: not found" pull web:9
check 'what is here needs no answer' asks 0 '' pull --policy missing web:1
check 'at all' unasked

# --- other answers
forget
check 'a number that is not there, then one that is' asks 0 31 pull web:1
check 'is taken' grep -qF "$one/web" $noted
forget
check 'three that make no sense' asks 125 x0. pull web:1
check 'are no answer' said "no number of the list was chosen for the image name 'web'"
check 'nothing is noted' test ! -e $noted
check 'the end of the input' asks 125 ^ pull web:1
check 'is none either' said 'no answer'
check 'one that is not there' asks 125 1 pull team/only
check 'is said so' said "cannot pull team/only: $one: "
check 'and not noted' test ! -e $noted
check 'the other one' asks 0 2 pull team/only
check 'is' grep -qxF "  \"team/only\" = \"$two/team/only\"" $noted
check 'a second name' asks 0 1 pull web:1
check 'beside it' test "$(grep -c = $noted)" = 2
printf '[aliases]\n# by hand\n"a" = "reg.lan/a"\n' >$noted
check 'what is there stays' asks 0 2 pull web:1
check 'beside the new one' bash -c "grep -qxF '  \"a\" = \"reg.lan/a\"' $noted && grep -qF '\"web\" = \"$two/web\"' $noted"
printf 'not a file of this kind\n' >$noted
check 'a file that cannot be read' says 125 'short-name-aliases.conf:1: ' pull web:1
forget
ln -s /proc/nothing /var/cache/containers
check 'where nothing can be noted' asks 0 2 pull web:1
check 'it is said' said 'the choice is not kept: '
rm /var/cache/containers

# --- other modes
conf permissive
check 'permissive asks, too' asks 0 2 pull web:1
check 'and notes' grep -qF "$two/web" $noted
forget
check 'without a terminal it tries all' run 0 pull -q web:1
check 'in their order' bash -c "'$build/crunit' images -n | grep -F '$one/web'"
forget
conf disabled
check 'disabled asks nobody' asks 0 '' pull web:1
check 'on a terminal' unasked
check 'it notes nothing' test ! -e $noted
forget
conf enforcing
printf '[aliases]\n"web" = "%s/web"\n' "$two" >>/etc/containers/registries.conf
check 'an alias is an answer' asks 0 '' pull web:1
check 'as it stands' bash -c "'$build/crunit' images -n | grep -F '$two/web'"

finish
