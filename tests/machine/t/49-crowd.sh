# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# Many containers on one network.

# What a start does, in system calls: with that it can be told, on a machine of any speed, whether
# the next one pays for those that are there.
calls_of_a_start() {
	strace -f -qq -o $work/calls crunit run --rm --network crowd --name extra localhost/busybox:latest true
	wc -l <$work/calls
}

# resolve_all SERVER: each container's name and address as the server knows them
resolve_all() {
	python3 - "$1" <<-'END'
		import importlib.machinery, importlib.util, sys
		loader = importlib.machinery.SourceFileLoader("lookup", "/tests/lookup")
		lookup = importlib.util.module_from_spec(importlib.util.spec_from_loader("lookup", loader))
		sys.dont_write_bytecode = True
		loader.exec_module(lookup)
		for i in range(1, 201):
		    answer = lookup.ask(sys.argv[1], lookup.question(f"busy-{i}", lookup.TYPES["A"]), False)
		    print(f"busy-{i}", *lookup.records(answer, lookup.TYPES["A"]))
	END
}

links_of() {
	ip -o link show master "$1" | wc -l
}

is_empty() {
	[ "$(links_of "$1")" = 0 ]
}

# timeout test_crowd_of_two_hundred: 300
test_crowd_of_two_hundred() {
	local ruleset alone among bridge i
	printf '[Network]\nNetworkName=crowd\nSubnet=10.70.0.0/16\n' >$quadlets/crowd.network
	uses crowd-network.service
	container busy@ <<-'END'
		[Container]
		Image=localhost/busybox:latest
		ContainerName=busy-%i
		Network=crowd.network
		PublishPort=127.0.0.1::80
		Exec=sleep 3600
		StopTimeout=0
	END
	start crowd-network
	# the first one has the bridge and the table made; this one has what all have
	crunit run --rm --network crowd localhost/busybox:latest true
	crunit run --rm --network crowd --name first localhost/busybox:latest true
	ruleset=$(nft list ruleset)
	alone=$(calls_of_a_start)
	for i in {1..200}; do uses "busy@$i.service"; done
	systemctl start busy@{1..200}
	among=$(calls_of_a_start)
	echo "a start: $alone system calls alone, $among among two hundred"
	# looking at each of them would be 200 at least, at each place that did
	[ $((among - alone)) -lt 1500 ] || fail "a start of $alone system calls takes $among among two hundred others"
	crunit network inspect crowd | jq -r '.[0].containers[] |
		"\(.name) \(.interfaces[].subnets[0].ipnet | sub("/.*"; ""))"' | sort >$work/inspected
	assert_equal "$(cut -d' ' -f2 $work/inspected | sort -u | wc -l)" 200 "number of addresses"
	resolve_all 10.70.0.1 | sort >$work/resolved
	diff $work/inspected $work/resolved || fail "names are not those addresses"
	crunit network graph --format json crowd | jq -r '.networks[0].containers[] | .name as $n | .addresses[0] |
		"\($n) \(sub("/.*"; ""))"' | sort >$work/graph
	diff $work/inspected $work/graph || fail "the graph shows others"
	assert_equal "$(crunit network graph --format json | jq '[.networks[].containers[].ports[].host] | unique | length')" 200 \
		"number of published ports"
	bridge=$(crunit network inspect crowd | jq -r '.[0].network_interface')
	assert_equal "$(links_of "$bridge")" 200 "links"
	systemctl stop 'busy@*'
	wait_for 20 is_empty "$bridge"
	assert_equal "$(nft list ruleset)" "$ruleset" "the ruleset when all are gone"
	assert_equal "$(crunit network inspect crowd | jq '.[0].containers | length')" 0 "number of containers"
}

# A pool of workers: one file, one image, twenty services that start at once.
test_r8_pool_of_workers() {
	local i began units=()
	container worker@ <<-'END'
		[Container]
		Image=localhost/busybox:latest
		Environment=NUMBER=%i
		Exec=sh -c "echo worker $NUMBER; exec sleep 3600"
		StopTimeout=0
	END
	reload
	for i in {1..20}; do units+=("worker@$i.service") && uses "worker@$i.service"; done
	began=$(date +%s%N)
	systemctl start "${units[@]}"
	echo "measured: 20 workers started in $((($(date +%s%N) - began) / 1000000)) ms"
	for i in {1..20}; do assert_journal "worker@$i" "^worker $i$"; done
	crunit ps --format '{{.ID}}' | sort -u >$work/ids
	assert_equal "$(wc -l <$work/ids)" 20 "names of their own"
	for i in {1..20}; do
		crunit inspect --format '{{.NetworkSettings.IPAddress}} {{.WritablePath}}' "systemd-worker_$i"
		grep -o 'lowerdir.*,upperdir' "/proc/$(main_pid "worker@$i")/mountinfo" >>$work/layers
	done >$work/own
	assert_equal "$(cut -d ' ' -f 1 $work/own | sort -u | grep -c .)" 20 "addresses of their own"
	assert_equal "$(cut -d ' ' -f 2 $work/own | sort -u | grep -c .)" 20 "writable layers of their own"
	assert_equal "$(sort -u $work/layers | wc -l)" 1 "what is below them"
	systemctl stop "${units[@]}"
}
