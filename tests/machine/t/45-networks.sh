# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# Networks, with real traffic. The machine is a router between two others:
#
#   client 198.51.100.10, 2001:db8:1::10 -- router -- 192.0.2.1, 2001:db8:2::1 MACHINE
#   far    203.0.113.10,  2001:db8:3::10 ------------ 203.0.113.1, 2001:db8:3::1 MACHINE

answer=/images/answer

# server NAME PORTS [LINE...]: a container that answers on those ports who sees whom.
server() {
	local name=$1 ports=$2
	shift 2
	container "$name" <<-END
		[Container]
		Image=localhost/answer:latest
		ContainerName=$name
		Exec=serve $name $ports
		$(printf '%s\n' "$@")
	END
}

network() {
	sed 's/^\t*//' >"$quadlets/$1.network"
	uses "$1-network.service"
}

# serve NETNS NAME PORT...: a server that is no container; it listens when this returns.
serve() {
	local netns=$1
	shift
	ip netns exec "$netns" "$answer" serve "$@" >/dev/null &
	echo $! >>$work/pids
	wait_for 3 listens "$netns" "${@: -1}"
}

listens() {
	[ -n "$(ip netns exec "$1" ss -Hln "sport = :$2")" ]
}

in_client() {
	ip netns exec client "$@"
}

# ask WHERE PROTOCOL ADDRESS PORT: from the client, the machine, or a container.
ask() {
	local where=$1
	shift
	case $where in
	client | router | far) ip netns exec "$where" "$answer" ask "$@" || true ;;
	host) "$answer" ask "$@" || true ;;
	*) crunit exec "$where" /bin/answer ask "$@" || true ;;
	esac
}

# answers EXPECTED WHERE PROTOCOL ADDRESS PORT
answers() {
	local expected=$1 got end=$((SECONDS + 20))
	shift
	# a server may be started and not listen yet, or be slow to answer
	while [ $SECONDS -lt $end ]; do
		got=$(ask "$@")
		[ "$got" != "$expected" ] || return 0
		sleep 0.05
	done
	fail "asked from $*: '$got', expected '$expected'"
}

# The address a container has on a network: address_of NAME NETWORK [FAMILY]
address_of() {
	crunit inspect "$1" | jq -r --arg n "$2" --arg f "${3:-4}" '.[0].NetworkSettings.Networks[$n] |
		if $f == "6" then .GlobalIPv6Address else .IPAddress end'
}

wire() {
	ip link add "$2" netns "$1" type veth peer name "$4" netns "$3"
	ip -n "$1" link set "$2" up
	ip -n "$3" link set "$4" up
}

give() {
	local netns=$1 link=$2 address
	shift 2
	for address in "$@"; do
		case $address in
		*:*) ip -n "$netns" addr add "$address" dev "$link" nodad ;;
		*) ip -n "$netns" addr add "$address" dev "$link" ;;
		esac
	done
}

# bridge_netfilter 0|1: on most machines br_netfilter is not loaded; Docker loads it, and then the
# bridges' packets go through the firewall twice.
bridge_netfilter() {
	local name
	for name in iptables ip6tables; do
		[ ! -e /proc/sys/net/bridge/bridge-nf-call-$name ] || sysctl -qw net.bridge.bridge-nf-call-$name="$1"
	done
}

# The machine's own namespace gets a name, so that all are addressed alike.
topology() {
	local netns
	trap no_topology EXIT
	mkdir -p /run/netns
	: >/run/netns/machine
	mount --bind /proc/1/ns/net /run/netns/machine
	for netns in client router far; do
		ip netns add "$netns"
		ip -n "$netns" link set lo up
		ip netns exec "$netns" sysctl -qw net.ipv6.conf.default.accept_dad=0
	done
	# probing for other holders of an address would take two seconds
	sysctl -qw net.ipv6.conf.default.accept_dad=0
	wire client eth0 router south
	wire router north machine up0
	wire far eth0 machine far0
	give client eth0 198.51.100.10/24 2001:db8:1::10/64
	give router south 198.51.100.1/24 2001:db8:1::1/64
	give router north 192.0.2.254/24 2001:db8:2::254/64
	give machine up0 192.0.2.1/24 2001:db8:2::1/64
	give machine far0 203.0.113.1/24 2001:db8:3::1/64
	give far eth0 203.0.113.10/24 2001:db8:3::10/64
	ip -n client route add default via 198.51.100.1
	ip -n client -6 route add default via 2001:db8:1::1
	ip -n far route add default via 203.0.113.1
	ip -n far -6 route add default via 2001:db8:3::1
	ip -n router route add 203.0.113.0/24 via 192.0.2.1
	ip -n router -6 route add 2001:db8:3::/64 via 2001:db8:2::1
	ip route add default via 192.0.2.254
	ip -6 route add default via 2001:db8:2::254
	ip netns exec router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	# Machines that are not asked to route do not, before the first network.
	bridge_netfilter 0
	sysctl -qw net.ipv6.conf.default.accept_dad=1 net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
}

no_topology() {
	local netns
	set +e
	xargs -r kill <$work/pids
	for netns in client router far; do
		ip netns pids "$netns" | xargs -r kill
		ip netns del "$netns"
	done
	umount /run/netns/machine
	umount /run/netns
	rm -rf /run/netns
	ip link del up0 2>/dev/null
	ip link del far0 2>/dev/null
	nft delete table inet test_foreign 2>/dev/null
	xargs systemctl stop </run/test-units
	for netns in $(crunit network ls -q); do
		crunit network rm -f "$netns"
	done >/dev/null
	network_leftovers
} 2>/dev/null

# What the kernel and the state of networks hold: nothing of ours.
network_leftovers() {
	local left i
	for ((i = 0; i < 100; i++)); do
		left=$(ip -o link | grep -E 'veth[0-9a-f]{10}|crunit[0-9]' || true
			nft list tables | grep crunit || true
			find /run/crunit/network /var/lib/crunit/networks -type f ! -name lock 2>/dev/null || true
			find /var/lib/crunit/networks -type l 2>/dev/null || true)
		[ -n "$left" ] || return 0
		sleep 0.1
	done
	echo "left behind by networks: $left" >&2
	exit 1
}

# two_networks: dual stack "front", with a server on it; and "back".
dual_stack() {
	network front <<-'END'
		[Network]
		NetworkName=front
		IPv6=true
		Subnet=10.20.0.0/24
		Subnet=fd00:a1a3:20::/64
	END
}

test_net_c13_t7_published_from_everywhere() {
	local protocol
	topology
	dual_stack
	server web "80 81 90 91 92" Network=front.network PublishPort=8080:80 PublishPort=8080:80/udp \
		PublishPort=127.0.0.1:8081:81 PublishPort=192.0.2.1:8082:81/udp PublishPort=8090-8092:90-92 \
		'PublishPort=[::1]:8083:81' 'PublishPort=[2001:db8:2::1]:8084:80' 'PublishPort=0.0.0.0:8085:80' \
		'PublishPort=[::]:8086:80' PublishPort=91 PublishPort=8087:80/sctp
	server other 80 Network=front.network
	start web other
	for protocol in tcp udp; do
		# from outside the client's address is kept
		answers "web sees 198.51.100.10 on 80" client $protocol 192.0.2.1 8080
		answers "web sees 198.51.100.10 on 80" client $protocol 203.0.113.1 8080
		answers "web sees 2001:db8:1::10 on 80" client $protocol 2001:db8:2::1 8080
		answers "web sees 10.20.0.1 on 80" host $protocol 127.0.0.1 8080
		answers "web sees fd00:a1a3:20::1 on 80" host $protocol ::1 8080
		answers "web sees 192.0.2.1 on 80" host $protocol 192.0.2.1 8080
		answers "web sees 2001:db8:2::1 on 80" host $protocol 2001:db8:2::1 8080
		# hairpin: to itself and from a neighbour, by an address of the host
		answers "web sees 10.20.0.1 on 80" web $protocol 192.0.2.1 8080
		answers "web sees fd00:a1a3:20::1 on 80" web $protocol 2001:db8:2::1 8080
		answers "web sees 10.20.0.1 on 80" other $protocol 10.20.0.1 8080
		answers "web sees fd00:a1a3:20::1 on 80" other $protocol 2001:db8:2::1 8080
	done
	answers "web sees 10.20.0.1 on 81" host tcp 127.0.0.1 8081
	answers refused client tcp 192.0.2.1 8081
	answers "web sees 198.51.100.10 on 81" client udp 192.0.2.1 8082
	answers refused client udp 203.0.113.1 8082
	answers "web sees 198.51.100.10 on 90" client tcp 192.0.2.1 8090
	answers "web sees 198.51.100.10 on 92" client tcp 192.0.2.1 8092
	answers refused client tcp 192.0.2.1 8093
	answers "web sees fd00:a1a3:20::1 on 81" host tcp ::1 8083
	answers refused client tcp 2001:db8:2::1 8083
	answers "web sees 2001:db8:1::10 on 80" client tcp 2001:db8:2::1 8084
	answers refused client tcp 192.0.2.1 8084
	answers "web sees 198.51.100.10 on 80" client tcp 192.0.2.1 8085
	answers refused client tcp 2001:db8:2::1 8085
	answers refused client tcp 192.0.2.1 8086
	answers "web sees 2001:db8:1::10 on 80" client tcp 2001:db8:2::1 8086
	# not every kernel has sctp
	assert_match "$(nft list map inet crunit pub_any4)" "sctp \. 8087 : $(address_of web front) \. 80"
	# a port of the kernel's choice
	answers "web sees 198.51.100.10 on 91" client tcp 192.0.2.1 "$(crunit port web 91 | sed 's/.*://;q')"
	# other addresses of 127.0.0.0/8 are the machine's own services
	answers refused host tcp 127.0.0.53 8080
	# what is not published cannot be reached, nor by a route to the network
	ip -n router route add 10.20.0.0/24 via 192.0.2.1
	answers silent client tcp "$(address_of web front)" 80
}

# Not every kernel has SCTP, but all can carry it: what begins a connection comes to the container,
# on the port that it has there, and says who sent it.
test_net_c13_sctp_is_carried() {
	local target
	topology
	server web 80 PublishPort=8087:80/sctp PublishPort=192.0.2.1:8088:81/sctp
	start web
	for target in 8087:80 8088:81; do
		nsenter --net="/proc/$(main_pid web)/ns/net" /tests/sctp take "${target#*:}" >$work/taken &
		echo $! >>$work/pids
		until [ -s $work/taken ]; do
			in_client /tests/sctp send 192.0.2.1 "${target%:*}"
			sleep 0.1
		done
		assert_equal "$(cat $work/taken)" 198.51.100.10
	done
}

# Ports that are declared are published where that is asked for, each where it is free.
test_net_c13_exposed_ports() {
	local port
	topology
	server quiet "80" ExposeHostPort=80
	server loud "80 81" ExposeHostPort=80-81 PodmanArgs=--publish-all
	start quiet loud
	assert_equal "$(crunit port quiet)" ""
	for port in 80 81; do
		answers "loud sees 198.51.100.10 on $port" client tcp 192.0.2.1 "$(crunit port loud $port | sed 's/.*://;q')"
	done
	# one protocol that is published is not the other one
	server both "80" PublishPort=18080:80 ExposeHostPort=80/udp PodmanArgs=--publish-all
	start both
	assert_equal "$(crunit port both | sed 's/ .*//' | sort -u | paste -sd ' ')" "80/tcp 80/udp"
}

# A hundred megabytes by each family, and none is missing.
test_net_c13_throughput() {
	local address size=100000000 began sum sums=0
	topology
	dual_stack
	sum=$(head -c $size /dev/zero | tr '\0' 'a' | sha256sum | cut -d ' ' -f 1)
	container sink <<-'END'
		[Container]
		Image=localhost/busybox:latest
		ContainerName=sink
		Network=front.network
		PublishPort=8080:80
		StopTimeout=0
		Exec=sh -c 'while :; do nc -l -p 80 | sha256sum; done'
	END
	start sink
	for address in TCP4:192.0.2.1 'TCP6:[2001:db8:2::1]'; do
		began=$(date +%s%N)
		until head -c $size /dev/zero | tr '\0' 'a' | in_client socat -u - "$address:8080" 2>$work/said; do
			grep -q refused $work/said || fail "$(cat $work/said)"
			sleep 0.1
		done
		echo "measured: $((size * 8000 / ($(date +%s%N) - began))) Mbit/s to $address"
		sums=$((sums + 1))
		wait_for 20 sink_has_taken $sums "$sum"
	done
}

# sink_has_taken TIMES SUM
sink_has_taken() {
	[ "$(journal sink | grep -c "^$2")" = "$1" ]
}

# What the kernel is told: to forward for a family of addresses when the first network has it, with a
# word; and 127.0.0.1 on our bridges alone. The rest follows from it, or is of our own interfaces.
test_net_kernel_settings() {
	local changed
	topology
	kernel_settings >$work/none
	printf '[Network]\nNetworkName=four\nSubnet=10.60.0.0/24\nInterfaceName=br-four\n' | network four
	dual_stack
	server web 80 Network=four.network PublishPort=8080:80
	server both 80 Network=front.network
	start web
	assert_journal web 'set the kernel setting net.ipv4.ip_forward to 1'
	! journal web | grep 'net.ipv6' || fail "a network without IPv6 has something set for it"
	assert_equal "$(sysctl -n net.ipv6.conf.all.forwarding)" 0
	kernel_settings >$work/four
	changed=$(diff $work/none $work/four | sed -n 's/^> //p' | grep -vE '^net\.ipv4\.conf\.[^ ]*\.forwarding = 1$' || true)
	assert_equal "$(grep -v 'accept_redirects\|secure_redirects' <<<"$changed")" "net.ipv4.ip_forward = 1"
	start both
	assert_journal both 'set the kernel setting net.ipv6.conf.all.forwarding to 1'
	kernel_settings >$work/both
	changed=$(diff $work/four $work/both | sed -n 's/^> //p' || true)
	assert_equal "$(grep -vE '^net\.ipv6\.conf\.[^ ]*\.(forwarding = 1|accept_ra = 2)$' <<<"$changed" || true)" ""
	assert_equal "$(sysctl -a 2>/dev/null | sed -n 's/^net\.ipv4\.conf\.\(.*\)\.route_localnet = 1$/\1/p' | xargs)" \
		"br-four $(crunit network inspect front | jq -r '.[0].network_interface')"
	# it is said once
	mark_journal
	systemctl restart web
	! journal web | grep 'kernel setting' || fail "it is said again"
}

# Of what was there before, and of interfaces to come.
kernel_settings() {
	sysctl -a 2>/dev/null | grep -E '^net\.ipv[46]\.(conf\.(all|default|lo|up0|far0)\.|ip_|icmp|tcp_)' | grep -v 'tcp_\(mem\|fastopen_key\)' | sort
}

# All but ::1 of the machine, which the kernel drops then.
test_net_c13_published_with_bridge_netfilter() {
	local protocol
	topology
	bridge_netfilter 1
	dual_stack
	server web 80 Network=front.network PublishPort=8080:80 PublishPort=8080:80/udp
	server other 80 Network=front.network
	start web other
	for protocol in tcp udp; do
		answers "web sees 198.51.100.10 on 80" client $protocol 192.0.2.1 8080
		answers "web sees 2001:db8:1::10 on 80" client $protocol 2001:db8:2::1 8080
		answers "web sees 10.20.0.1 on 80" host $protocol 127.0.0.1 8080
		answers "web sees 2001:db8:2::1 on 80" host $protocol 2001:db8:2::1 8080
		answers "web sees 10.20.0.1 on 80" web $protocol 192.0.2.1 8080
		answers "web sees fd00:a1a3:20::1 on 80" web $protocol 2001:db8:2::1 8080
		answers "web sees 10.20.0.1 on 80" other $protocol 192.0.2.1 8080
		answers "web sees $(address_of other front) on 80" other $protocol "$(address_of web front)" 80
	done
}

test_net_c13_transit_is_not_hijacked() {
	topology
	server web 80 PublishPort=8080:80
	start web
	serve far far 8080 53
	sysctl -qw net.ipv6.conf.all.forwarding=1
	answers "far sees 198.51.100.10 on 8080" client tcp 203.0.113.10 8080
	answers "far sees 198.51.100.10 on 8080" client udp 203.0.113.10 8080
	answers "far sees 2001:db8:1::10 on 8080" client tcp 2001:db8:3::10 8080
	# out of the container: masqueraded, and not to itself
	answers "far sees 203.0.113.1 on 8080" web tcp 203.0.113.10 8080
	answers "far sees 203.0.113.1 on 8080" host tcp 203.0.113.10 8080
}

test_net_c13_ports_that_are_taken() {
	topology
	serve machine host 8081
	server web 80 PublishPort=8080:80
	server again 80 PublishPort=127.0.0.1:8080:80
	server listener 80 PublishPort=8081:80
	server twice 80 PublishPort=8082:80 PublishPort=8082:81
	server range 80 PublishPort=8079-8085:80
	start web
	assert_fails systemctl start again
	assert_journal again "again: --publish 127.0.0.1:8080:80: port 8080/tcp is in use by container 'web' \(web.service\)"
	assert_fails systemctl start listener
	assert_journal listener "listener: --publish 8081:80: port 8081/tcp is in use by answer \(pid [0-9]+\)"
	assert_fails systemctl start twice
	assert_journal twice "port 8082/tcp is published twice"
	systemctl start range
	assert_equal "$(crunit port range)" "80/tcp -> 0.0.0.0:8079"
	systemctl stop range
	serve machine host 8079
	systemctl start range
	assert_equal "$(crunit port range)" "80/tcp -> 0.0.0.0:8082"
	# a stopped container's ports are free at once
	systemctl stop web
	systemctl reset-failed again
	systemctl start again
	answers "again sees 10.88.0.1 on 80" host tcp 127.0.0.1 8080
	answers refused client tcp 192.0.2.1 8080
}

test_net_t4_udp_goes_to_the_new_container() {
	local old
	topology
	server web 80 PublishPort=8080:80/udp
	server decoy 80
	start web
	old=$(address_of web crunit)
	in_client "$answer" flow 192.0.2.1 8080 >>$work/flow &
	echo $! >$work/pids
	wait_for 3 grep -q 'web sees' $work/flow
	systemctl stop web
	# somebody else has its address now
	sed -i 's/^Image=/IP='"$old"'\n&/' "$quadlets/decoy.container"
	start decoy
	assert_equal "$(address_of decoy crunit)" "$old"
	systemctl start web
	[ "$(address_of web crunit)" != "$old" ] || fail "it has the same address"
	sleep 0.2
	: >$work/flow
	wait_for 3 grep -q 'web sees 198.51.100.10 on 80' $work/flow
	! grep -q decoy $work/flow || fail "the flow still goes to the old address"
}

test_net_t4_isolation() {
	local address
	topology
	network one <<-'END'
		[Network]
		NetworkName=one
		IPv6=true
	END
	network two <<-'END'
		[Network]
		NetworkName=two
		IPv6=true
	END
	network three <<-'END'
		[Network]
		NetworkName=three
		Options=isolate=true
	END
	server a "80" Network=one.network PublishPort=8080:80
	server b "80" Network=two.network
	server both "80" Network=one.network Network=two.network
	server strict "80" Network=three.network PublishPort=8081:80
	start a b both strict
	answers silent a tcp "$(address_of b two)" 80
	answers silent a tcp "$(address_of b two 6)" 80
	answers silent b udp "$(address_of a one)" 80
	address=$(address_of a one)
	answers "both sees $address on 80" a tcp "$(address_of both one)" 80
	address=$(address_of b two 6)
	answers "both sees $address on 80" b tcp "$(address_of both two 6)" 80
	# the rest is reached by the first of its networks
	assert_equal "$(for family in 4 6; do
		nsenter --net="/proc/$(main_pid both)/ns/net" ip -$family route show default | grep -o 'via .* dev [^ ]*'
	done | sed 's/via [^ ]* //' | xargs)" "dev eth0 dev eth0"
	# through published ports, with the container's own address
	answers "a sees $(address_of b two) on 80" b tcp 192.0.2.1 8080
	# but not from, or to, one that is isolated
	answers silent strict tcp 192.0.2.1 8080
	answers silent a tcp 192.0.2.1 8081
	answers "strict sees 198.51.100.10 on 80" client tcp 192.0.2.1 8081
	# nor to what listens on the machine's loopback alone
	ip netns exec machine "$answer" serve host 127 >/dev/null &
	echo $! >$work/pids
	crunit exec a ip route add 127.0.0.0/8 via "$(ip -4 -o addr show dev crunit1 | awk '{ sub("/.*", "", $4); print $4 }')" 2>/dev/null || true
	answers refused a tcp 127.0.0.1 127
}

test_net_c12_internal_network() {
	topology
	network closed <<-'END'
		[Network]
		NetworkName=closed
		Internal=true
	END
	network open <<-'END'
		[Network]
		NetworkName=open
	END
	server a 80 Network=closed.network PublishPort=8080:80
	server b 80 Network=closed.network
	server c 80 Network=open.network PublishPort=8081:80
	start a b c
	assert_journal a 'publish 8080:80 has no effect: the container is on no network that can be reached'
	answers "b sees $(address_of a closed) on 80" a tcp "$(address_of b closed)" 80
	answers unreachable a tcp 203.0.113.10 80
	answers refused client tcp 192.0.2.1 8080
	# not even with a route, which a container may be allowed to make
	nsenter --net="/proc/$(main_pid a)/ns/net" ip route add default via \
		"$(ip -4 -o addr show dev "$(crunit network inspect closed | jq -r '.[0].network_interface')" | awk '{ sub("/.*", "", $4); print $4 }')"
	answers silent a tcp 203.0.113.10 80
	answers silent a tcp 192.0.2.1 8081
}

test_net_a14_ipv6_nat66_and_routed() {
	topology
	network nat <<-'END'
		[Network]
		NetworkName=nat
		IPv6=true
		Subnet=fd00:a1a3::/48
	END
	network routed <<-'END'
		[Network]
		NetworkName=routed
		Subnet=2001:db8:77::/64
		Subnet=10.77.0.0/24
	END
	server nat6 "80" Network=nat.network 'PublishPort=[2001:db8:2::1]:8080:80'
	server routed "80" Network=routed.network
	start nat6 routed
	serve far far 80
	ip -n router -6 route add 2001:db8:77::/64 via 2001:db8:2::1
	ip -n router route add 10.77.0.0/24 via 192.0.2.1
	assert_equal "$(address_of nat6 nat)" ""
	assert_match "$(address_of nat6 nat 6)" '^fd00:a1a3::'
	answers "far sees 2001:db8:3::1 on 80" nat6 tcp 2001:db8:3::10 80
	answers "nat6 sees 2001:db8:1::10 on 80" client tcp 2001:db8:2::1 8080
	# a prefix that is routed here keeps its addresses, in both directions
	answers "far sees $(address_of routed routed 6) on 80" routed tcp 2001:db8:3::10 80
	answers "routed sees 2001:db8:1::10 on 80" client tcp "$(address_of routed routed 6)" 80
	# its IPv4 does not
	answers "far sees 203.0.113.1 on 80" routed tcp 203.0.113.10 80
	answers silent client tcp "$(address_of routed routed)" 80
}

test_net_c12_static_addresses_and_options() {
	topology
	network back <<-'END'
		[Network]
		NetworkName=back
		Subnet=10.30.0.0/24
		Gateway=10.30.0.254
		IPRange=10.30.0.128/25
		Subnet=fd00:30::/64
		InterfaceName=br-back
		Options=mtu=1400
		Options=metric=77
		PodmanArgs=--route 10.99.0.0/24,10.30.0.253
		Label=kind=test
	END
	network front <<-'END'
		[Network]
		NetworkName=front
		Options=no_default_route=true
	END
	server fixed 80 Network=back.network IP=10.30.0.7 IP6=fd00:30::7 NetworkAlias=alias
	server dynamic 80 Network=back.network
	server thief 80 Network=back.network IP=10.30.0.7
	server outside 80 Network=back.network IP=10.31.0.7
	server gateway 80 Network=back.network IP=10.30.0.254
	server many 80 'Network=back.network:ip=10.30.0.9,mac=02:00:00:00:00:09,interface_name=net0,alias=x' \
		Network=front.network
	start fixed dynamic many
	assert_equal "$(address_of fixed back) $(address_of fixed back 6)" "10.30.0.7 fd00:30::7"
	assert_equal "$(address_of dynamic back)" 10.30.0.128
	assert_equal "$(crunit exec many cat /sys/class/net/net0/address /sys/class/net/net0/mtu | tr '\n' ' ')" \
		"02:00:00:00:00:09 1400 "
	assert_match "$(crunit exec many ip route)" 'default via 10.30.0.254 dev net0 +metric 77' "the default route"
	assert_match "$(crunit exec many ip route)" '10.99.0.0/24 via 10.30.0.253' "the network's route"
	[ "$(crunit exec many ip route | grep -c default)" = 1 ] || fail "no_default_route made one"
	[ -d /sys/class/net/br-back/bridge ] || fail "the bridge has another name"
	assert_fails systemctl start thief
	assert_journal thief "the address 10.30.0.7 of network 'back' is in use by container 'fixed'"
	assert_fails systemctl start outside
	assert_journal outside "the address 10.31.0.7 is in no subnet of network 'back'"
	assert_fails systemctl start gateway
	assert_journal gateway "the address 10.30.0.254 is the gateway of network 'back'"
	assert_equal "$(crunit network ls -q --filter label=kind=test)" back
	assert_equal "$(crunit network inspect back | jq -r '[.[0].containers[].name] | sort | join(" ")')" \
		"dynamic fixed many"
	assert_equal "$(crunit network inspect back | jq -c '.[0].subnets[0]')" \
		'{"subnet":"10.30.0.0/24","gateway":"10.30.0.254","lease_range":{"start_ip":"10.30.0.128","end_ip":"10.30.0.255"}}'
}

test_net_c14_hosts_and_resolv_conf() {
	topology
	network named <<-'END'
		[Network]
		NetworkName=named
		Subnet=10.40.0.0/24
		DNS=192.0.2.53
	END
	server web 80 Network=named.network HostName=box AddHost=up:host-gateway DNSSearch=example.org DNSOption=ndots:2
	server own 80 Network=named.network DNS=198.51.100.53
	start web own
	assert_equal "$(crunit exec web cat /etc/resolv.conf)" "search example.org
nameserver 10.40.0.1
options ndots:2"
	# its own are asked by who knows the names, at an address of the network
	assert_match "$(crunit exec own cat /etc/resolv.conf)" '^search dns.podman.*
nameserver 10\.40\.0\.([2-9]|[1-9][0-9]+)$'
	assert_equal "$(crunit exec web hostname)" box
	assert_equal "$(crunit exec web cat /etc/hosts | grep -v '::' | grep -v '^$')" "10.40.0.1	up
127.0.0.1	localhost
10.40.0.1	host.containers.internal host.docker.internal
$(address_of web named)	box web"
}

test_net_c12_networks_of_others() {
	topology
	server web 80 PublishPort=8080:80
	server friend 81 Network=web.container
	start web friend
	assert_equal "$(readlink "/proc/$(main_pid friend)/ns/net")" "$(readlink "/proc/$(main_pid web)/ns/net")"
	answers "friend sees 127.0.0.1 on 81" web tcp 127.0.0.1 81
	assert_equal "$(crunit exec friend cat /etc/hosts)" "$(crunit exec web cat /etc/hosts)"
	ip netns add made
	container path <<-'END'
		[Container]
		Image=localhost/answer:latest
		ContainerName=path
		Exec=serve path 80
		Network=ns:/run/netns/made
	END
	start path
	assert_equal "$(readlink "/proc/$(main_pid path)/ns/net")" "net:[$(stat -c %i /run/netns/made)]"
	systemctl stop path
	ip netns del made
	assert_fails crunit run --rm --network container:nobody localhost/answer:latest true
	assert_match "$said" "there is no running container 'nobody'"
	assert_fails crunit run --rm --network nowhere localhost/answer:latest true
	assert_match "$said" "there is no network 'nowhere': make it with crunit network create nowhere"
}

test_net_c12_macvlan() {
	local mode
	topology
	crunit network create -d macvlan --subnet 203.0.113.0/24 --gateway 203.0.113.1 \
		--ip-range 203.0.113.64-203.0.113.70 -o parent=far0 lan
	server near 80 Network=lan
	start near
	assert_equal "$(address_of near lan)" 203.0.113.64
	answers "near sees 203.0.113.10 on 80" far tcp 203.0.113.64 80
	assert_fails crunit network create -d macvlan dhcp
	assert_match "$said" "macvlan needs --subnet, or --ipam-driver none"
	crunit network create -d macvlan --subnet 203.0.113.0/24 -o parent=nothing nowhere
	assert_fails crunit run --rm --network nowhere localhost/busybox:latest true
	assert_match "$said" "there is no interface 'nothing' for network 'nowhere'"
	systemctl stop near
	assert_fails crunit network create -d ipvlan --subnet 203.0.113.0/24 -o mode=bridge wrong
	assert_match "$said" "option 'mode': 'bridge' is none of l2 l3 l3s of the driver ipvlan"
	for mode in l2 l3 l3s; do
		crunit network create -d ipvlan --subnet 203.0.113.0/24 -o parent=far0 -o mode=$mode ip-$mode
		assert_equal "$(crunit network inspect ip-$mode | jq -r '.[0].options.mode')" $mode
	done
	crunit network create -d ipvlan --subnet 203.0.113.0/24 -o parent=far0 ip
	try crunit run --rm --network ip localhost/busybox:latest true
	[ "$status" = 0 ] || assert_match "$said" "this kernel has no ipvlan interfaces"
}

# What is asked of a network by Options= and IPAMDriver=, seen from both ends.
test_net_c12_options_that_others_rarely_use() {
	local link
	topology
	serve far far 8080
	# a bridge of somebody else's is neither made nor removed, nor in the firewall
	network foreign <<-'END'
		[Network]
		NetworkName=foreign
		Subnet=10.70.0.0/24
		InterfaceName=theirs
		Options=mode=unmanaged
		NetworkDeleteOnStop=true
	END
	server guest 80 Network=foreign.network
	reload
	assert_fails systemctl start guest
	assert_journal guest "there is no bridge 'theirs', and mode=unmanaged says not to make it"
	ip link add name theirs type bridge
	ip addr add 10.70.0.1/24 dev theirs
	ip link set theirs up
	systemctl reset-failed guest
	start guest
	assert_equal "$($answer ask tcp "$(address_of guest foreign)" 80)" "guest sees 10.70.0.1 on 80"
	assert_equal "$(crunit exec guest ip route | sed -n 's/^default via \([^ ]*\) .*/\1/p')" 10.70.0.1
	[[ $(nft list set inet crunit ifs) != *theirs* ]] || fail "it is in the firewall"
	systemctl stop guest foreign-network
	assert_fails crunit network inspect foreign
	[ -d /sys/class/net/theirs/bridge ] || fail "it was removed"
	ip link del theirs
	# addresses that are known outside
	network plain <<-'END'
		[Network]
		NetworkName=plain
		Subnet=10.71.0.0/24
		Options=masquerade=false
	END
	server open 80 Network=plain.network
	ip -n router route add 10.71.0.0/24 via 192.0.2.1
	start open
	answers "far sees $(address_of open plain) on 8080" open tcp 203.0.113.10 8080
	answers "open sees 198.51.100.10 on 80" client tcp "$(address_of open plain)" 80
	systemctl stop open
	# of a VRF, where the kernel has them
	network red <<-'END'
		[Network]
		NetworkName=red
		Subnet=10.72.0.0/24
		Options=vrf=red
	END
	server inside 80 Network=red.network
	reload
	assert_fails systemctl start inside
	assert_journal inside "there is no VRF 'red'"
	systemctl reset-failed inside
	if ip link add red type vrf table 10 2>/dev/null; then
		ip link set red up
		start inside
		link=$(crunit network inspect red | jq -r '.[0].network_interface')
		assert_match "$(ip -o link show master red)" " $link:"
		systemctl stop inside
		ip link del red
	fi
	# modes, and no addresses at all
	crunit network create -d macvlan --subnet 203.0.113.0/24 --ip-range 203.0.113.64-203.0.113.70 -o parent=far0 \
		-o mode=private --opt mtu=1300 lonely
	server apart 80 Network=lonely
	start apart
	assert_match "$(nsenter -t "$(main_pid apart)" -n ip -d link show eth0)" 'mtu 1300 .*macvlan mode private'
	systemctl stop apart
	assert_fails crunit network create -d macvlan --subnet 203.0.113.0/24 -o mode=l2 wrong
	assert_match "$said" "option 'mode': 'l2' is none of bridge private vepa passthru of the driver macvlan"
	crunit network create -d macvlan -o parent=far0 --ipam-driver none bare
	assert_equal "$(crunit run --rm --network bare localhost/busybox:latest sh -c 'ip -4 -o addr show eth0 | wc -l; ip route | wc -l' | xargs)" "0 0"
}

test_net_t15_network_commands() {
	topology
	assert_equal "$(crunit network create --label a=b one)" one
	crunit network create two >/dev/null
	assert_fails crunit network create one
	assert_match "$said" "the network 'one' is there already"
	assert_fails crunit network create --subnet "$(crunit network inspect one | jq -r '.[0].subnets[0].subnet')" three
	assert_match "$said" "overlaps .* of network 'one'"
	assert_fails crunit network create --gateway 10.9.0.1 three
	assert_fails crunit network create --opt mtuu=1 three
	assert_match "$said" "unknown option 'mtuu', did you mean 'mtu'"
	assert_fails crunit network create host
	crunit network exists one
	assert_fails crunit network exists three
	assert_equal "$status" 1
	assert_equal "$(crunit network ls -q | tr '\n' ' ')" "one two "
	assert_equal "$(crunit network ls --format json | jq -r '.[0].labels.a')" b
	assert_equal "$(crunit network ls -n -f name=tw | awk '{ print $2, $3 }')" "two bridge"
	assert_fails crunit network ls -f colour=red
	server web 80 Network=one
	start web
	assert_equal "$(crunit network ls -q -f dangling=true)" two
	assert_fails crunit network rm one
	assert_equal "$status" 2
	assert_match "$said" "network 'one' is in use by web: stop it first, or use --force"
	assert_equal "$(crunit network prune -f)" two
	assert_match "$(crunit network rm -f one 2>&1)" "stopping web"
	wait_state web inactive
	assert_fails crunit network rm one
	assert_equal "$status" 1
}

test_net_network_unit_that_changes() {
	topology
	network back <<-'END'
		[Network]
		NetworkName=back
		Subnet=10.50.0.0/24
		NetworkDeleteOnStop=true
	END
	server web 80 Network=back.network
	start web
	sed -i 's/10.50/10.51/' "$quadlets/back.network"
	reload
	crunit network create --ignore --subnet 10.51.0.0/24 back 2>$work/said
	assert_match "$(cat $work/said)" "its definition has changed, but containers are on it \(web\)"
	assert_match "$(address_of web back)" '^10.50'
	# without the deletion the unit's start finds the changed definition
	sed -i '/DeleteOnStop/d' "$quadlets/back.network"
	reload
	systemctl restart back-network
	wait_state web active
	assert_match "$(address_of web back)" '^10.51'
	answers "web sees 10.51.0.1 on 80" host tcp "$(address_of web back)" 80
	printf 'NetworkDeleteOnStop=true\n' >>"$quadlets/back.network"
	reload
	systemctl stop back-network
	wait_state web inactive
	assert_fails crunit network exists back
}

# Damage of every kind costs that network alone, and its unit mends it.
test_net_damaged_definition() {
	local file=/var/lib/crunit/networks/front.json damage bridge
	topology
	dual_stack
	network back <<-'END'
		[Network]
		NetworkName=back
	END
	server web 80 Network=front.network PublishPort=8080:80
	printf '[Unit]\nStartLimitIntervalSec=0\n' | tee -a "$quadlets/front.network" "$quadlets/web.container" >/dev/null
	start web back-network
	systemctl stop web
	for damage in 'truncate -s 20' 'truncate -s 0' 'sed -i s/front/back/' 'sed -i s/10.20/10.920/' 'rm -r'; do
		systemctl restart front-network
		[ "$(jq -r .name $file)" = front ] || fail "not mended: $(cat $file)"
		systemctl start web
		bridge=$(jq -r .network_interface $file)
		answers "web sees 198.51.100.10 on 80" client tcp 192.0.2.1 8080
		answers "web sees $(address_of web front | sed 's/[^.]*$/1/') on 80" host tcp "$(address_of web front)" 80
		systemctl stop web
		$damage $file
		[ -e $file ] || mkdir $file
		# the others are there, and this one is named
		assert_equal "$(crunit network ls -q 2>$work/said | xargs)" back
		assert_match "$(cat $work/said)" "the definition of network 'front' is damaged \(.*/var/lib/crunit/networks/front\.json.*crunit network rm -f front removes it"
		for verb in inspect graph rm 'create'; do
			assert_fails crunit network "$verb" front
			assert_match "$said" "'front' is damaged.*crunit network rm -f front"
		done
		assert_fails crunit run --rm --network front localhost/busybox:latest true
		assert_match "$said" "'front' is damaged.*crunit network rm -f front"
		crunit network graph >/dev/null 2>&1
		crunit run --rm --network back localhost/busybox:latest true
		[ -d $file ] || continue
		crunit network rm -f front
		[ ! -e $file ] && [ ! -e "/sys/class/net/$bridge" ] || fail "rm -f left $file or $bridge"
		assert_fails crunit network exists front
		! nft list table inet crunit | grep -q "\"$bridge\"" || fail "the firewall knows $bridge"
	done
	# a container that is on it goes with rm -f, and stays where its unit mends it
	systemctl restart back-network
	server other 80 Network=back.network PublishPort=8081:80
	start other
	address=$(address_of other back)
	truncate -s 10 /var/lib/crunit/networks/back.json
	crunit network create --ignore back
	assert_match "$(crunit network inspect back | jq -r '.[0].subnets[0].subnet')" "^${address%.*}"
	answers "other sees 198.51.100.10 on 80" client tcp 192.0.2.1 8081
	assert_equal "$(crunit run --rm --network back localhost/busybox:latest nc -w 5 "$address" 80 </dev/null | grep -o 'other sees')" "other sees"
	truncate -s 10 /var/lib/crunit/networks/back.json
	assert_match "$(crunit network rm -f back 2>&1)" "stopping other"
	wait_state other inactive
}

# Of several networks each family of addresses is published where there is one.
test_net_a14_ipv6_alone() {
	topology
	printf '[Network]\nNetworkName=six\nSubnet=fd00:a1a3:66::/64\n' | network six
	printf '[Network]\nNetworkName=four\nSubnet=10.60.0.0/24\n' | network four
	server alone 80 Network=six.network PublishPort=8081:80
	server both 80 Network=six.network Network=four.network PublishPort=8080:80
	start alone both
	assert_equal "$(address_of alone six)" ""
	answers "alone sees 2001:db8:1::10 on 80" client tcp 2001:db8:2::1 8081
	answers refused client tcp 192.0.2.1 8081
	answers "both sees 2001:db8:1::10 on 80" client tcp 2001:db8:2::1 8080
	answers "both sees 198.51.100.10 on 80" client tcp 192.0.2.1 8080
	# all of the addresses that we choose from lead to another site
	ip -6 route add fd00::/8 via 2001:db8:2::254
	crunit network create --ipv6 seven
	assert_match "$(crunit network inspect seven | jq -r '.[0].subnets[1].subnet')" '^fd'
	for subnet in 127.0.0.0/24 0.0.0.0/0 224.1.0.0/16 240.0.0.0/8 ::/0 ff02::/64; do
		assert_fails crunit network create --subnet $subnet eight
		assert_match "$said" "the subnet $subnet overlaps .*, which no network can have"
	done
	ip -6 route del fd00::/8
}

# A bridge that the machine had before is nobody's to remove.
test_net_bridge_of_others() {
	topology
	ip link add test-br0 type bridge
	ip addr add 10.66.0.1/24 dev test-br0
	assert_fails crunit network create --interface-name test-br0 mine
	assert_match "$said" "the interface 'test-br0' is there already, and not of our making"
	crunit network create --interface-name test-br1 mine
	# made by somebody else meanwhile
	ip link add test-br1 type bridge
	assert_match "$(crunit network rm mine 2>&1)" "the bridge 'test-br1' is not of our making, and stays"
	[ -e /sys/class/net/test-br0 ] && [ -e /sys/class/net/test-br1 ] || fail "a bridge of others is gone"
	ip link del test-br0
	ip link del test-br1
}

test_net_bridge_that_is_lost_comes_back() {
	topology
	server web 80 PublishPort=8080:80
	server other 80
	start web
	ip link del crunit0
	nft flush ruleset
	answers refused client tcp 192.0.2.1 8080
	sysctl -qw net.ipv4.ip_forward=0
	systemctl start other
	answers "web sees 198.51.100.10 on 80" client tcp 192.0.2.1 8080
	answers "web sees $(address_of other crunit) on 80" other tcp "$(address_of web crunit)" 80
}

test_net_foreign_firewall_that_drops() {
	topology
	server web 80 PublishPort=8080:80
	start web
	nft -f - <<-'END'
		table inet test_foreign {
			chain forward {
				type filter hook forward priority 10; policy drop;
				ct state established,related accept
			}
		}
	END
	answers silent client tcp 192.0.2.1 8080
	# what the manual says to write into it
	nft add rule inet test_foreign forward ct status dnat accept
	answers "web sees 198.51.100.10 on 80" client tcp 192.0.2.1 8080
	serve far far 80
	answers silent web tcp 203.0.113.10 80
	nft add rule inet test_foreign forward 'iifname "crunit*"' accept
	answers "far sees 203.0.113.1 on 80" web tcp 203.0.113.10 80
	nft delete table inet test_foreign
	# the same in Docker's shape, which accepts replies for its own bridges only
	nft -f - <<-'END'
		table inet test_foreign {
			chain docker_user {
			}
			chain forward {
				type filter hook forward priority filter; policy drop;
				jump docker_user
				oifname "docker0" ct state established,related accept
			}
		}
	END
	answers silent client tcp 192.0.2.1 8080
	nft add rule inet test_foreign docker_user 'iifname "crunit*"' accept
	nft add rule inet test_foreign docker_user ct status dnat accept
	answers "web sees 198.51.100.10 on 80" client tcp 192.0.2.1 8080
	answers silent web tcp 203.0.113.10 80
	nft add rule inet test_foreign docker_user ct state established,related accept
	answers "far sees 203.0.113.1 on 80" web tcp 203.0.113.10 80
}

test_net_t4_addresses_are_kept() {
	local a b
	topology
	server a 80
	server b 80
	server c 80
	start a b
	a=$(address_of a crunit) b=$(address_of b crunit)
	systemctl stop a b
	systemctl start c
	systemctl start b
	systemctl start a
	assert_equal "$(address_of a crunit) $(address_of b crunit)" "$a $b"
}

# timeout test_net_t4_kill_9_frees_everything: 300
test_net_t4_kill_9_frees_everything() {
	local before call command
	topology
	server web 80 PublishPort=8080:80 PublishPort=8080:80/udp
	no_start_limit web
	start web
	systemctl stop web
	before=$(nft list ruleset)
	systemctl start web
	kill -KILL "$(main_pid web)"
	wait_state web failed
	wait_for 5 eval '[ "$(nft list ruleset)" = "$before" ]'
	# the pump as well, which would have cleaned up: the next start does
	systemctl start web
	pkill -KILL -x crunit-log
	kill -KILL "$(main_pid web)"
	wait_state web failed
	crunit run --rm localhost/busybox:latest true
	assert_equal "$(nft list ruleset)" "$before" "ruleset after kill -9 of all"
	systemctl start web
	answers "web sees 198.51.100.10 on 80" client tcp 192.0.2.1 8080
	systemctl stop web
	# without a pump
	sed -i 's/^Image=/LogDriver=passthrough\n&/' "$quadlets/web.container"
	start web
	kill -KILL "$(main_pid web)"
	wait_state web failed
	assert_equal "$(nft list ruleset)" "$before" "ruleset after kill -9 without a pump"
	sed -i '/^LogDriver/d' "$quadlets/web.container"
	reload
	# crunit, in system calls around the network's making
	command=$(sed -n 's/^ExecStart=//p' /run/systemd/generator/web.service)
	mkdir -p /etc/systemd/system/web.service.d
	for call in pipe2:2 pipe2:3 clone3:1 unshare:1 poll:1 clone3:2 poll:2 clone3:3 poll:3 sendmsg:1; do
		printf '[Service]\nExecStart=\nExecStart=strace -qq -o /run/test-strace -e trace=%s -e inject=%s:signal=KILL:when=%s %s\n' \
			"${call%:*}" "${call%:*}" "${call#*:}" "$command" >/etc/systemd/system/web.service.d/kill.conf
		systemctl daemon-reload
		rm -f /run/test-strace
		! timeout 60 systemctl start web || fail "started although killed in $call"
		grep -qE 'killed by SIGKILL|= \?$' /run/test-strace || fail "crunit was not killed in $call"
		systemctl stop web
		systemctl reset-failed web 2>/dev/null || true
		rm /etc/systemd/system/web.service.d/kill.conf
		systemctl daemon-reload
		crunit run --rm localhost/busybox:latest true
		assert_equal "$(nft list ruleset)" "$before" "ruleset after crunit was killed in $call"
		systemctl start web
		answers "web sees 198.51.100.10 on 80" client tcp 192.0.2.1 8080
		systemctl stop web
	done
}

# timeout test_net_t4_kill_9_of_the_helper: 300
test_net_t4_kill_9_of_the_helper() {
	local before call started
	topology
	server web 80 PublishPort=8080:80
	no_start_limit web
	start web
	systemctl stop web
	before=$(nft list ruleset)
	mv /usr/libexec/crunit/crunit-network /usr/libexec/crunit/crunit-network.real
	trap 'mv /usr/libexec/crunit/crunit-network.real /usr/libexec/crunit/crunit-network; no_topology' EXIT
	for call in unshare:1 setns:1 symlinkat:1 renameat:1 renameat:2 write:3 sendto:1 sendto:2 sendmsg:2 setns:2 setns:3 write:4; do
		rm -f /var/lib/crunit/networks/crunit.leases/*
		cat >/usr/libexec/crunit/crunit-network <<-END
			#!/bin/sh
			[ "\$1" = join ] || exec /usr/libexec/crunit/crunit-network.real "\$@"
			exec strace -f -qq -o /run/test-strace -e trace=${call%:*} -e inject=${call%:*}:signal=KILL:when=${call#*:} \
				/usr/libexec/crunit/crunit-network.real "\$@"
		END
		chmod 755 /usr/libexec/crunit/crunit-network
		rm -f /run/test-strace
		started=yes
		systemctl start web 2>/dev/null || started=
		systemctl stop web
		systemctl reset-failed web 2>/dev/null || true
		cp /usr/libexec/crunit/crunit-network.real /usr/libexec/crunit/crunit-network
		crunit run --rm localhost/busybox:latest true
		[ "$(nft list ruleset)" = "$before" ] || fail "another ruleset after crunit-network was killed in $call"
		grep -qE 'killed by SIGKILL|= \?$' /run/test-strace || fail "crunit-network was not killed in $call"
		[ -z "$started" ] || fail "started although crunit-network was killed in $call"
	done
	systemctl start web
	answers "web sees 198.51.100.10 on 80" client tcp 192.0.2.1 8080
}

# What networks and names could leave one more of, here and in the kernel.
leak_census() {
	{
		nft -s list ruleset
		find /run/crunit /run/systemd/transient /var/lib/crunit/networks /var/lib/crunit/containers \
			! -path '*/cache/*' 2>/dev/null | sort || true
		ip -o link | awk '{ print $2 }' | sed 's/@.*//' | sort
		ip -o addr | awk '{ print $2, $4 }' | sort
		ip route show table all | sed 's/ metric [0-9]*//' | sort
		mounts
		processes
		echo "namespaces $(find /proc/[0-9]*/ns -type l -printf '%l\n' 2>/dev/null | sort -u | grep -c '^net:')"
		echo "descriptors $(find /proc/1/fd -type l -printf '%l\n' | sed 's/:.*//' | sort | uniq -c | xargs)"
	} | sed -E 's/^[0-9]+ //'
}

leak_is_quiet() {
	leak_census >$work/after
	diff $work/before $work/after >$work/grown
}

leak_settles() {
	leak_is_quiet || { mv $work/after $work/before && false; }
}

# A container that is published and asks for its own name, by both families: 100 times, or as often
# as `make restarts` says.
# timeout test_net_t4_a_hundred_starts_leak_nothing: 300
test_net_t4_a_hundred_starts_leak_nothing() {
	local i count=${CRUNIT_RESTARTS:-100} began memory after cycle
	topology
	dual_stack
	start front-network
	cycle="crunit run --rm --name again --network front:alias=me -p 8080:80 -p 8080:80/udp localhost/busybox:latest"
	# the name service, and the leases
	for i in {1..5}; do
		assert_match "$($cycle nslookup me)" '10\.20\.0\.'
	done
	leak_census >$work/before
	wait_for 30 leak_settles
	memory=$(awk '/^(Slab|KernelStack|VmallocUsed)/ { sum += $2 } END { print sum }' /proc/meminfo)
	began=$(date +%s%N)
	for ((i = 1; i <= count; i++)); do
		$cycle nslookup me >$work/said 2>&1 || fail "cycle $i: $(cat $work/said)"
	done
	echo "measured: $count cycles, $((($(date +%s%N) - began) / count / 1000000)) ms each"
	(wait_for 30 leak_is_quiet) || fail "after $count cycles: $(cat $work/grown)"
	after=$(awk '/^(Slab|KernelStack|VmallocUsed)/ { sum += $2 } END { print sum }' /proc/meminfo)
	echo "measured: the kernel had $memory kB before them, $after kB after"
}

# timeout test_net_t4_many_at_once: 300
test_net_t4_many_at_once() {
	local i units=() addresses
	topology
	for i in {1..12}; do
		server "many$i" 80 "PublishPort=$((9000 + i)):80"
		units+=("many$i")
	done
	start "${units[@]}"
	addresses=$(for i in {1..12}; do address_of "many$i" crunit; done | sort)
	assert_equal "$(sort -u <<<"$addresses" | grep -c '^10\.88\.')" 12 "number of addresses"
	for i in {1..12}; do
		answers "many$i sees 198.51.100.10 on 80" client tcp 192.0.2.1 $((9000 + i))
	done
	assert_equal "$(nft list map inet crunit pub_any4 | grep -o 'tcp \. 90' | wc -l)" 12 "published ports"
	systemctl stop "${units[@]}"
	assert_equal "$(nft list map inet crunit pub_any4 | grep -c elements)" 0 "published ports after the stop"
	assert_equal "$(crunit network inspect crunit | jq '.[0].containers | length')" 0
}

test_net_vlan_where_the_kernel_has_it() {
	topology
	network tagged <<-'END'
		[Network]
		NetworkName=tagged
		Subnet=10.60.0.0/24
		Options=vlan=7
	END
	server web 80 Network=tagged.network
	reload
	if ! systemctl start web; then
		assert_journal web "this kernel's bridges have no VLANs"
		return
	fi
	assert_match "$(bridge vlan show dev "$(ip -o link show master crunit1 | sed 's/^[0-9]*: \([^@]*\)@.*/\1/;q')")" '7 PVID'
}

# A measuring program behind the machine, by capability and by network.
test_net_m2_raw_sockets_through_the_network() {
	topology
	mkdir -p $work/out
	container runner <<-END
		[Container]
		Image=localhost/runner:latest
		ContainerName=runner
		AddCapability=NET_RAW
		Volume=$work/out:/data/mtr
		Environment=MTR_DESTINATIONS=203.0.113.10
	END
	start runner
	wait_for 10 eval "[ -s $work/out/*203-0-113-10.json ]"
	assert_match "$(cat $work/out/*203-0-113-10.json)" '"received": ?1' "the report"
	assert_equal "$(status_field "$(main_pid runner)" CapBnd)" 00000000800425fb
}

# Root or not, on a network or on the host's: who may open which port, and see what.
test_net_a13_users_and_networks() {
	local user net
	topology
	for user in 0 1234; do
		for net in bridge host; do
			server "u$user-$net" "1080" "Network=$net" "User=$user"
		done
		start "u$user-bridge"
		assert_equal "$(crunit exec "u$user-bridge" sh -c 'ls /sys/class/net | xargs')" "eth0 lo"
		answers "u$user-bridge sees 10.88.0.1 on 1080" host tcp "$(address_of "u$user-bridge" crunit)" 1080
		start "u$user-host"
		assert_match "$(crunit exec "u$user-host" sh -c 'ls /sys/class/net | xargs')" up0
		answers "u$user-host sees 127.0.0.1 on 1080" host tcp 127.0.0.1 1080
		systemctl stop "u$user-host"
	done
	# ports below 1024 are root's, on both
	server low 80 User=1234
	server low-host 80 User=1234 Network=host
	reload
	systemctl start low low-host || true
	assert_journal low 'Permission denied'
	assert_journal low-host 'Permission denied'
}

test_net_graph() {
	topology
	network back <<-'END'
		[Network]
		NetworkName=back
		Subnet=10.50.0.0/24
		InterfaceName=br-back
	END
	network inner <<-'END'
		[Network]
		NetworkName=inner
		Subnet=10.51.0.0/24
		InterfaceName=br-inner
		Internal=true
	END
	server web 80 Network=inner.network Network=back.network IP=10.50.0.9 PublishPort=8080:80 PublishPort=127.0.0.1:53:53/udp
	sed -i 's/^IP=.*//; s/back.network/&:ip=10.50.0.9/' "$quadlets/web.container"
	server db 80 Network=inner.network:ip=10.51.0.9
	start web db
	web=$(address_of web inner)
	assert_equal "$(LC_ALL=C.UTF-8 crunit network graph inner back)" "inner: bridge br-inner, 10.51.0.0/24, internal
├─db 10.51.0.9 (db.service)
└─web $web (web.service)
back: bridge br-back, 10.50.0.0/24
└─web 10.50.0.9 (web.service)
  ├─0.0.0.0:8080->80/tcp
  └─127.0.0.1:53->53/udp"
	assert_equal "$(LC_ALL=C crunit network graph --format=tree back)" "back: bridge br-back, 10.50.0.0/24
\`-web 10.50.0.9 (web.service)
  |-0.0.0.0:8080->80/tcp
  \`-127.0.0.1:53->53/udp"
	assert_equal "$(crunit network graph --format json | jq -r '.networks[].name' | xargs)" "back inner"
	assert_match "$(crunit network graph --format dot)" '"container web@web" -> "network back" \[dir=none, label="10.50.0.9"\];'
	systemctl stop db
	assert_equal "$(LC_ALL=C crunit network graph inner)" "inner: bridge br-inner, 10.51.0.0/24, internal
\`-web $web (web.service)"
	assert_fails crunit network graph --format svg
	assert_match "$said" "format svg: only tree, dot and json are known"
	assert_fails crunit network graph nowhere
	assert_match "$said" "nowhere"
}

# measuring_image: Debian's own programs for it from this machine, with what they load, and nothing
# else; without the capability that their files have there.
measuring_image() {
	local tree=$work/measuring file
	mkdir -p "$tree/usr/bin" "$tree/etc"
	for file in mtr mtr-packet ping; do
		cp "/usr/bin/$file" "$tree/usr/bin/"
		ldd "/usr/bin/$file" | grep -o '/[^ ]*' | xargs -I{} cp -L --parents {} "$tree"
	done
	tar -C "$tree" -cf $work/measuring.tar .
	crunit load -q --tag localhost/measuring:1 -i $work/measuring.tar
	trap 'crunit rmi localhost/measuring:1; no_topology' EXIT
}

# measure NAME COMMAND [LINE...]: what it prints is in $work/NAME.out
measure() {
	local name=$1 command=$2
	shift 2
	container "$name" <<-END
		[Container]
		Image=localhost/measuring:1
		ContainerName=$name
		LogDriver=passthrough
		Exec=/usr/bin/$command
		$(printf '%s\n' "$@")
		[Service]
		Type=oneshot
		StandardOutput=append:$work/$name.out
		StandardError=journal
	END
	reload
	systemctl start "$name"
}

# hops NAME: who answered, in order, and how many of a hundred packets were lost
hops() {
	jq -r '.report.hubs[] | "\(.host) \(."Loss%" | floor)"' "$work/$1.out" | xargs
}

test_net_m2_mtr_from_debian() {
	local mtr='mtr -j -n -c 1 -G 0.5'
	topology
	measuring_image
	assert_fails measure without "$mtr 127.0.0.1" Network=host
	assert_journal without 'Failure to open IPv4 sockets'
	measure itself "$mtr 127.0.0.1" Network=host AddCapability=NET_RAW
	assert_equal "$(hops itself)" "127.0.0.1 0"
	# by the container's own network: the bridge, the router, the client behind it
	measure far "$mtr 198.51.100.10" AddCapability=NET_RAW
	assert_equal "$(hops far)" "10.88.0.1 0 192.0.2.254 0 198.51.100.10 0"
	# for somebody else than root
	measure user "$mtr 198.51.100.10" AddCapability=NET_RAW User=1234
	assert_equal "$(hops user)" "10.88.0.1 0 192.0.2.254 0 198.51.100.10 0"
	assert_fails measure user-without "$mtr 198.51.100.10" User=1234 'Sysctl="net.ipv4.ping_group_range=1 0"'
}

# Without a capability, where the kernel's own way is open to the container's group.
test_net_m2_ping_group() {
	local ping='ping -c 1 -W 5 198.51.100.10'
	topology
	measuring_image
	measure open "$ping" User=1234 DropCapability=all 'Sysctl="net.ipv4.ping_group_range=0 2147483647"'
	assert_match "$(cat $work/open.out)" '1 received'
	assert_fails measure closed "$ping" User=1234 DropCapability=all 'Sysctl="net.ipv4.ping_group_range=1 0"'
	assert_journal closed 'not permitted|missing cap_net_raw'
}

# The file of published ports is damaged while containers have some: neither the table made anew nor
# a stop after it forgets what is not in the file.
test_ports_file_is_damaged() {
	local how file=/run/crunit/network/ports
	network back <<-'END'
		[Network]
		Subnet=10.50.0.0/24
	END
	server steady 80 Network=back.network PublishPort=8080:80 PublishPort=8081:80/udp
	server other 80 Network=back.network PublishPort=8082:80
	printf '[Pod]\nPodName=duo\nNetwork=back.network\nPublishPort=8083:80\n' >"$quadlets/duo.pod"
	uses duo-pod.service
	server inside 80 Pod=duo.pod
	no_start_limit other
	start steady other inside
	assert_equal "$(tail -n 1 $file)" "= 4"
	for how in empty garbage half line gone directory; do
		case $how in
		empty) : >$file ;;
		garbage) head -c 500 /dev/zero | tr '\0' '{' >$file ;;
		half) truncate -s $(($(stat -c %s $file) / 2)) $file ;;
		line) sed -i 1d $file ;;
		gone) rm $file ;;
		directory) rm $file && mkdir -p $file/in ;;
		esac
		nft flush ruleset
		systemctl restart other
		answers "steady sees 10.50.0.1 on 80" host tcp 127.0.0.1 8080
		answers "steady sees 10.50.0.1 on 80" host udp 127.0.0.1 8081
		answers "other sees 10.50.0.1 on 80" host tcp 127.0.0.1 8082
		answers "inside sees 10.50.0.1 on 80" host tcp 127.0.0.1 8083
		assert_equal "$(tail -n 1 $file)" "= 4" "the file that was $how"
	done
	: >$file
	systemctl stop steady
	assert_equal "$(nft list table inet crunit | grep -cE '\b808[01] :')" 0 "elements of who has stopped"
	: >$file
	systemctl stop inside
	wait_state duo-pod inactive
	! nft list table inet crunit | grep -E '\b8083 :' || fail "an element of a pod is left"
	systemctl stop other
	[ ! -e $file ] || fail "the file is left"
}

# Where others have networks and no ports, who publishes some reads the one file, and not theirs.
test_ports_one_file_is_read() {
	local file=/run/crunit/network/ports
	server a 80
	server b 80
	start a b
	assert_equal "$(cat $file)" "= 0"
	members_read
	assert_equal "$(cat $work/read)" "" "members' files that are read"
	assert_equal "$(cat $file)" "= 0"
	# it may have been lost
	rm $file
	members_read
	assert_equal "$(xargs <$work/read)" "a@a b@b"
	assert_equal "$(cat $file)" "= 0"
	systemctl stop a
	[ -e $file ] || fail "it went before the last member"
	systemctl stop b
	[ ! -e $file ] || fail "the file is left"
}

# Files of a and b that a start with a port, and its stop, read.
members_read() {
	strace -f -qq -e trace=openat,open -o $work/opened crunit run --rm -p 127.0.0.1:8080:80 localhost/busybox:latest true
	sed -n 's|.*network/members/\([ab]@[ab]\)".*|\1|p' $work/opened | sort -u >$work/read
}
