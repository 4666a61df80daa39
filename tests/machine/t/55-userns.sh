# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# User namespaces: who is who inside and outside.

set_aside() {
	printf '%s\n' "$@" >/etc/subuid
	printf '%s\n' "$@" >/etc/subgid
}

# sleeper NAME [LINE...]: does nothing, but with these keys.
sleeper() {
	local name=$1
	shift
	container "$name" <<-END
		[Container]
		Image=localhost/busybox:latest
		ContainerName=$name
		StopSignal=KILL
		Exec=sleep 1000
		$(printf '%s\n' "$@")
	END
}

# map_of NAME: "INSIDE OUTSIDE COUNT; ..." of users, and of groups where they are others.
map_of() {
	local users groups
	users=$(crunit exec "$1" cat /proc/self/uid_map | awk '{ printf "%s%s %s %s", s, $1, $2, $3; s = "; " }')
	groups=$(crunit exec "$1" cat /proc/self/gid_map | awk '{ printf "%s%s %s %s", s, $1, $2, $3; s = "; " }')
	[ "$users" = "$groups" ] && echo "$users" || echo "$users | $groups"
}

assert_map() {
	local got
	got=$(map_of "$1")
	[ "$got" = "$2" ] || fail "$1 has the map '$got', expected '$2'"
}

test_t55_auto() {
	set_aside containers:300000:4096
	sleeper one Network=none UserNS=auto
	start one
	assert_map one "0 300000 1024"
}
