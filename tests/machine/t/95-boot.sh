# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
# machine: outside
#
# Boots and power-offs.

# A machine that has the container file, and the image, from before its boot.
prepare() {
	mkdir -p "$work/quadlets" "$work/store"
	cat >"$work/quadlets/hello.container" <<-'END'
		[Container]
		Image=localhost/hello:latest
		Network=none
		Volume=hello:/kept
		[Install]
		WantedBy=multi-user.target
	END
}

# timeout test_m6_a6_wanted_unit_starts_at_boot: 300
test_m6_a6_wanted_unit_starts_at_boot() {
	local round i
	prepare
	for round in first second; do
		boot_own --share "$work/quadlets:/etc/containers/systemd" --share "$work/store:/var/lib/crunit"
		if [ $round = first ]; then
			# no image yet: the boot itself must not have suffered
			[ "$(on_own systemctl is-active multi-user.target)" = active ] || fail "the boot failed"
			on_own crunit load -q -i /images/hello.tar
			on_own systemctl restart hello
			on_own crunit exec systemd-hello sh -c 'echo kept >/kept/word'
		else
			[ "$(on_own systemctl is-active hello)" = active ] || {
				on_own journalctl --no-pager -u hello
				fail "not started at boot"
			}
			for ((i = 0; i < 300; i++)); do
				! on_own journalctl -u hello -o cat | grep '^Hello from crunit$' >/dev/null || break
				sleep 0.1
			done
			[ $i -lt 300 ] || fail "it says nothing"
			on_own crunit exec systemd-hello sh -c 'read -r word </kept/word && [ "$word" = kept ]' ||
				fail "the volume has lost its file"
		fi
		"$here/machine" stop "$own"
	done
}

test_power_cut_and_next_boot() {
	local i
	prepare
	for ((i = 0; i < 2; i++)); do
		boot_own --share "$work/store:/var/lib/crunit" --share "$work/quadlets:/etc/containers/systemd"
		on_own crunit load -q -i /images/hello.tar
		on_own systemctl restart hello
		"$here/machine" kill "$own"
	done
	boot_own --share "$work/store:/var/lib/crunit" --share "$work/quadlets:/etc/containers/systemd"
	[ "$(on_own systemctl is-active hello)" = active ] || fail "not running after two power cuts"
	on_own systemctl stop hello
	[ "$(find "$work/store/containers" -mindepth 1 -maxdepth 1 | wc -l)" = 0 ] || {
		find "$work/store/containers" -maxdepth 2
		fail "something is left from before"
	}
}
