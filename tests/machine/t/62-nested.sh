# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# Containers in containers.

# The machine's own root is the container's: crunit, crun and what they need, and no systemd. What a
# container holds has to have a file system of its own, because there is no overlay upon an overlay.
test_c18_nested() {
	try crunit run --rm --name outer --privileged --tmpfs /var/lib/crunit --tmpfs /run -v /images:/images:ro \
		--rootfs /:O sh -euc '
			crunit load -q -i /images/busybox.tar
			crunit run --rm --network none localhost/busybox:latest echo inner without a network
			crunit run --rm localhost/busybox:latest sh -c "echo inner \$(ip -o -4 addr show dev eth0 | grep -c inet)"
			crunit run --name stays --network none localhost/busybox:latest sleep 1000 &
			until crunit exec stays echo inner exec 2>/dev/null; do sleep 0.1; done
			crunit rm -f -t 0 stays
			wait
			ls /run/crunit/containers'
	assert_equal "$status" 0 "$said"
	assert_match "$said" 'inner without a network'
	assert_match "$said" 'inner 1'
	assert_match "$said" 'inner exec'
}
