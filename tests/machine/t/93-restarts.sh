# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
# timeout test_life_nothing_grows: 300
#
# Again and again: what a thousand restarts leave is what one leaves.

# By name, whatever a restart could leave one more of. Ids, and what is drawn by
# lot, are new each time.
census() {
	{
		echo "= mounts" && mounts
		echo "= cgroups" && cgroups
		echo "= processes" && processes
		echo "= files"
		find /run/crunit /var/lib/crunit /run/systemd/transient -mindepth 1 \
			-path '/var/lib/crunit/layers/*/*' -prune -o -print | sort
		echo "= links" && ip -o link | awk '{ print $2 }' | sed 's/@.*//' | sort
		echo "= firewall" && nft -s list table inet crunit
		echo "= units" && systemctl list-units --all --plain --no-legend 'again*' 'crunit*' | awk '{ print $1, $4 }'
		echo "= namespaces"
		find /proc/[0-9]*/ns -type l -printf '%l\n' 2>/dev/null | sort -u | sed 's/:.*//' | uniq -c
		echo "= descriptors of systemd" && find /proc/1/fd -type l -printf '%l\n' | sed 's/:.*//' | sort | uniq -c
	} | sed -E 's/[0-9a-f]{64}/ID/g; s/[0-9a-f]{12}/ID/g; s/veth[0-9a-f]+/VETH/; s/^[0-9]+ crun/crun/'
}

# No check of its health is under way, nothing of the last stop.
is_quiet() {
	census >$work/after
	cmp -s $work/before $work/after || { mv $work/after $work/before && false; }
}

# As the census before, once what ends by itself has ended.
nothing_grew() {
	census >$work/after
	diff $work/before $work/after >$work/grown
}

# CRUNIT_RESTARTS says how often; see `make restarts`.
test_life_nothing_grows() {
	local i count=${CRUNIT_RESTARTS:-60} before after began
	container again <<-'END'
		[Container]
		Image=localhost/busybox:latest
		ContainerName=again
		Network=bridge
		PublishPort=127.0.0.1:18931:80
		Volume=again-data:/data
		Tmpfs=/scratch
		HealthCmd=true
		HealthInterval=1s
		Exec=sh -c 'trap "exit 0" TERM; echo run >>/data/runs; sleep 1000000 & wait'
	END
	no_start_limit again
	start again
	# what the first ones leave for the others to use again
	for i in {1..10}; do
		systemctl restart again || fail "restart $i: $(systemctl status again)"
	done
	wait_for 10 health_is_good
	census >$work/before
	wait_for 10 is_quiet
	before=$(status_field 1 VmRSS)
	before=${before%kB}
	began=$(date +%s%N)
	for ((i = 1; i <= count; i++)); do
		systemctl restart again || fail "restart $i: $(systemctl status again)"
	done
	echo "measured: $count restarts, $((($(date +%s%N) - began) / count / 1000000)) ms each"
	wait_for 10 health_is_good
	(wait_for 10 nothing_grew) || fail "$(cat $work/grown)"
	after=$(status_field 1 VmRSS)
	after=${after%kB}
	echo "measured: systemd had $before kB before them, $after kB after"
	[ $((after - before)) -lt $((4096 + count)) ] || fail "systemd grew from $before kB to $after kB"
	# each of them ran, once
	wait_for 10 has_run $((count + 11))
	assert_equal "$(prop again NRestarts)" 0 "restarts that nobody asked for"
	systemctl stop again
	crunit volume rm again-data
}

health_is_good() {
	[ "$(crunit inspect -f '{{.State.Health.Status}}' again)" = healthy ]
}

has_run() {
	[ "$(crunit exec again grep -c run /data/runs)" = "$1" ]
}
