# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# Names of containers. Questions are asked in a container's network by a program of the machine
# (/tests/lookup), and by a container's own resolver (busybox).

# on NAME NETWORKS [LINE...]: a container that waits; it is on networks NAME.network.
on() {
	local name=$1 networks=$2 network
	shift 2
	{
		printf '[Container]\nImage=localhost/busybox:latest\nContainerName=%s\nExec=sleep 3600\nStopTimeout=0\n' "$name"
		for network in $networks; do
			printf 'Network=%s\n' "$network"
		done
		[ $# = 0 ] || printf '%s\n' "$@"
	} >"$quadlets/$name.container"
	uses "$name.service"
}

network() {
	local name=$1
	shift
	{
		printf '[Network]\nNetworkName=%s\n' "$name"
		printf '%s\n' "$@"
	} >"$quadlets/$name.network"
	uses "$name-network.service"
}

service_of() {
	echo "crunit-dns@$1.service"
}

# asked NAME SERVER QUESTION TYPE [tcp]: from a container's network
asked() {
	local from=$1
	shift
	nsenter -t "$(main_pid "$from")" -n /tests/lookup "$@"
}

# finds EXPECTED NAME SERVER QUESTION TYPE [tcp]; what changes on the machine may take a moment.
finds() {
	local expected=$1 got end=$((SECONDS + 30))
	shift
	while [ $SECONDS -lt $end ]; do
		got=$(asked "$@") || true # who asks may just be started again
		[ "$got" != "$expected" ] || return 0
		sleep 0.05
	done
	fail "asked from $*: '$got', expected '$expected'"
}

# The one that is asked must know at once. That nobody answers is seen after two seconds; an answer
# has time to come.
knows() {
	local expected=$1
	shift
	[ "$expected" != silent ] || local -x LOOKUP_SECONDS=2
	assert_equal "$(asked "$@")" "$expected" "asked from $*"
}

address_of() {
	crunit inspect "$1" | jq -r --arg n "$2" --arg f "${3:-4}" '.[0].NetworkSettings.Networks[$n] |
		if $f == "6" then .GlobalIPv6Address else .IPAddress end'
}

id_of() {
	crunit inspect "$1" | jq -r '.[0].Id[:12]'
}

# resolves CONTAINER NAME: its first address by the container's own resolver
resolves() {
	crunit exec "$1" ping -4 -c 1 -w 2 "$2" 2>&1 | sed -n '1s/^PING [^(]*(\([^)]*\)).*/\1/p'
}

test_names_t5_of_each_other() {
	network back Subnet=10.50.0.0/24 Subnet=fd00:50::/64 IPv6=true
	on web back.network NetworkAlias=www HostName=box
	on db back.network:alias=store
	start web db
	knows "$(address_of db back)" web 10.50.0.1 db A
	knows "$(address_of db back)" web 10.50.0.1 db.dns.podman A
	knows "$(address_of db back)" web 10.50.0.1 DB A tcp
	knows "$(address_of db back 6)" web 10.50.0.1 db AAAA
	knows "$(address_of db back 6)" web fd00:50::1 db AAAA
	knows "$(address_of db back 6)" web fd00:50::1 db.dns.podman AAAA tcp
	knows "$(address_of db back)" web 10.50.0.1 store A
	knows "$(address_of db back)" web 10.50.0.1 "$(id_of db)" A
	knows "$(address_of web back)" db 10.50.0.1 www A
	knows "$(address_of web back)" db 10.50.0.1 box A
	knows db web 10.50.0.1 "$(address_of db back | awk -F. '{ print $4"."$3"."$2"."$1 }').in-addr.arpa" PTR
	knows NXDOMAIN web 10.50.0.1 200.0.50.10.in-addr.arpa PTR
	knows db web 10.50.0.1 "$(python3 -c 'import ipaddress, sys; print(ipaddress.ip_address(sys.argv[1]).reverse_pointer)' \
		"$(address_of db back 6)")" PTR
	knows NXDOMAIN web 10.50.0.1 nobody A
	knows NXDOMAIN web 10.50.0.1 nobody.dns.podman A
	# the way programs take
	assert_match "$(crunit exec web cat /etc/resolv.conf)" '^search dns.podman.*
nameserver 10.50.0.1'
	assert_equal "$(resolves web db)" "$(address_of db back)"
	assert_equal "$(resolves web store)" "$(address_of db back)"
	# by the machine as well
	assert_equal "$(/tests/lookup 10.50.0.1 db A)" "$(address_of db back)"
	# and nobody runs who need not
	systemctl stop db
	knows NXDOMAIN web 10.50.0.1 db A
	has_state "$(service_of back)" active
	systemctl stop web
	wait_state "$(service_of back)" inactive
	[ ! -e /run/crunit/network/names/back ] || fail "files are left"
}

test_names_of_other_networks() {
	network one Subnet=10.51.0.0/24
	network two Subnet=10.52.0.0/24
	network deaf Subnet=10.53.0.0/24 DisableDNS=true
	on a one.network
	on b two.network
	on c deaf.network
	start a b c
	knows NXDOMAIN a 10.51.0.1 b A
	knows NXDOMAIN a 10.51.0.1 b.dns.podman A
	knows silent a 10.52.0.1 b A
	knows silent a 10.52.0.1 b A tcp
	knows silent c 10.53.0.1 c A
	assert_match "$(crunit exec a cat /etc/resolv.conf)" 'nameserver 10.51.0.1'
	[[ $(crunit exec c cat /etc/resolv.conf) != *10.53.0.1* ]] || fail "there is no server on deaf"
	has_state "$(service_of deaf)" inactive
	# on both: it finds who is on either, and they do not find each other
	on both 'one.network two.network'
	start both
	assert_equal "$(resolves both a)" "$(address_of a one)"
	assert_equal "$(resolves both b)" "$(address_of b two)"
	knows "$(address_of both one)" a 10.51.0.1 both A
	knows "$(address_of both two)" b 10.52.0.1 both A
	knows NXDOMAIN a 10.51.0.1 b A
	knows NXDOMAIN a 10.51.0.1 b.dns.podman A
	finds b both 10.51.0.1 "$(address_of b two | awk -F. '{ print $4"."$3"."$2"."$1 }').in-addr.arpa" PTR
	systemctl stop both
	finds NXDOMAIN a 10.51.0.1 b.two.dns.podman A
}

# upstream ADDRESS NAME=ADDRESS...: a server of the world, on an address of the machine
upstream() {
	local address=$1 name args=()
	shift
	ip addr add "$address/32" dev lo
	for name; do
		args+=("--address=/${name%=*}/${name#*=}")
	done
	dnsmasq --conf-file=/dev/null --pid-file="$work/upstream-$address" --listen-address="$address" --bind-interfaces \
		--except-interface=lo --no-hosts --no-resolv --user=root "${args[@]}"
}

no_upstream() {
	local address
	for address; do
		kill "$(cat "$work/upstream-$address")"
		ip addr del "$address/32" dev lo
	done
}

test_names_t5_forwarding() {
	mv /etc/resolv.conf /etc/resolv.conf.away 2>/dev/null || true
	# 127.0.0.53 is where systemd-resolved listens
	upstream 127.0.0.53 example.org=192.0.2.1
	upstream 192.0.2.53 example.org=192.0.2.2
	upstream 192.0.2.54 example.org=192.0.2.3
	echo nameserver 127.0.0.53 >/etc/resolv.conf
	network back Subnet=10.50.0.0/24
	network own Subnet=10.61.0.0/24 DNS=192.0.2.54
	network closed Subnet=10.62.0.0/24 Internal=true
	on web back.network
	on special own.network
	on inner closed.network
	on picky back.network DNS=192.0.2.54
	start web special inner picky
	knows 192.0.2.1 web 10.50.0.1 example.org A
	knows 192.0.2.1 web 10.50.0.1 example.org A tcp
	knows 192.0.2.3 special 10.61.0.1 example.org A
	knows REFUSED inner 10.62.0.1 example.org A
	knows "$(address_of inner closed)" inner 10.62.0.1 inner A
	assert_match "$(crunit exec special cat /etc/resolv.conf)" 'nameserver 10.61.0.1'
	# servers of the network know the world for all on it, who know each other as well
	knows "$(address_of special own)" special 10.61.0.1 special A
	# servers of the container know the world for it alone
	assert_equal "$(resolves picky www.example.org)" 192.0.2.3
	assert_equal "$(resolves picky web)" "$(address_of web back)"
	# the machine moves
	echo nameserver 192.0.2.53 >/etc/resolv.conf.new
	mv /etc/resolv.conf.new /etc/resolv.conf
	finds 192.0.2.2 web 10.50.0.1 www.example.org A
	finds 192.0.2.2 web 10.50.0.1 example.org A
	no_upstream 127.0.0.53 192.0.2.53 192.0.2.54
	rm -f /etc/resolv.conf
	mv /etc/resolv.conf.away /etc/resolv.conf 2>/dev/null || true
}

# Who cannot see the questions cannot answer them: they have numbers and ports by lot, and what comes
# from elsewhere, or with another number, is not believed.
test_names_t5_answers_of_strangers() {
	local i
	mv /etc/resolv.conf /etc/resolv.conf.away 2>/dev/null || true
	trap 'rm -f /etc/resolv.conf; mv /etc/resolv.conf.away /etc/resolv.conf; ip addr del 192.0.2.53/32 dev lo; kill %1' EXIT
	ip addr add 192.0.2.53/32 dev lo
	ip addr add 192.0.2.54/32 dev lo
	echo nameserver 192.0.2.53 >/etc/resolv.conf
	/tests/spoofer 192.0.2.53 192.0.2.54 >$work/questions &
	wait_for 5 sh -c 'ss -Hlun "sport = :53" | grep -q 192.0.2.53'
	network back Subnet=10.50.0.0/24
	on web back.network
	start web
	for i in {1..30}; do
		knows 192.0.2.1 web 10.50.0.1 "host$i.example.org" A
	done
	ip addr del 192.0.2.54/32 dev lo
	[ "$(wc -l <$work/questions)" -ge 30 ] || fail "questions: $(cat $work/questions)"
	[ "$(cut -d ' ' -f 1 $work/questions | sort -u | wc -l)" -ge 25 ] || fail "numbers: $(cat $work/questions)"
	[ "$(cut -d ' ' -f 2 $work/questions | sort -u | wc -l)" -ge 25 ] || fail "ports: $(cat $work/questions)"
	awk 'NR > 1 && $1 - last == 1 { near++ } { last = $1 } END { exit near > 5 }' $work/questions ||
		fail "numbers follow on each other: $(cat $work/questions)"
}

# server_of NAME: whom it asks
server_of() {
	crunit exec "$1" sed -n 's/^nameserver //p' /etc/resolv.conf
}

forwarders() {
	systemctl list-units --plain --no-legend --state=active 'crunit-dns@*@*' | awk '{ print $1 }'
}

link_of() {
	crunit network inspect "$1" | jq -r '.[0].network_interface'
}

addresses_of_bridge() {
	ip -4 -o addr show dev "$(link_of "$1")" | awk '{ print $4 }' | tr '\n' ' '
}

# Containers that bring servers of their own.
test_names_own_servers() {
	local server other pid unit name
	upstream 192.0.2.53 example.org=192.0.2.2
	upstream 192.0.2.54 example.org=192.0.2.3
	upstream 192.0.2.55 example.org=192.0.2.4
	network back Subnet=10.50.0.0/24 DNS=192.0.2.53
	network side Subnet=10.55.0.0/24
	network closed Subnet=10.62.0.0/24 Internal=true
	network six Subnet=fd00:56::/64
	network full Subnet=10.57.0.0/30
	on web back.network IP=10.50.0.200
	on one back.network DNS=192.0.2.54
	on two back.network DNS=192.0.2.54
	on three 'back.network side.network' DNS=192.0.2.55 DNS=192.0.2.54
	on aside side.network
	on mute back.network DNS=none
	on inner closed.network DNS=10.62.0.9
	on novel six.network DNS=192.0.2.54
	on alone full.network DNS=192.0.2.54
	for name in web one two; do
		no_start_limit $name
	done
	start web one two three mute inner novel alone aside
	server=$(server_of one)
	other=$(server_of three)
	assert_equal "$(server_of two)" "$server" "the same servers"
	assert_match "$server" '^10\.50\.0\.[0-9]+$'
	[ "$server" != 10.50.0.1 ] && [ "$server" != "$other" ] || fail "servers: $server, $other"
	assert_equal "$(forwarders | wc -l)" 2
	assert_match "$(crunit exec one cat /etc/resolv.conf)" '^search dns.podman'
	# who has none of its own notices nothing
	assert_equal "$(server_of web)" 10.50.0.1
	knows 192.0.2.2 web 10.50.0.1 example.org A
	# its servers, and all names, each way
	knows 192.0.2.3 one "$server" example.org A
	knows 192.0.2.3 one "$server" example.org A tcp
	knows "$(address_of web back)" one "$server" web A
	knows "$(address_of two back)" one "$server" two.dns.podman A tcp
	knows web one "$server" 200.0.50.10.in-addr.arpa PTR
	knows NXDOMAIN one "$server" nobody.dns.podman A
	knows "$(address_of one back)" web 10.50.0.1 one A
	assert_equal "$(resolves two web)" 10.50.0.200
	# in their order; and of all its networks
	knows 192.0.2.4 three "$other" example.org A
	assert_equal "$(resolves three web)" 10.50.0.200
	assert_equal "$(resolves three aside)" "$(address_of aside side)"
	# nobody else's business
	knows silent aside "$server" web A
	knows silent aside "$server" web A tcp
	# no resolv.conf of ours, no way out, no address of IPv4, none left
	[[ $(crunit exec mute cat /etc/resolv.conf 2>&1) != *nameserver* ]] || fail "mute has servers"
	assert_equal "$(server_of inner | tr '\n' ' ')" "10.62.0.1 10.62.0.9 "
	assert_equal "$(server_of novel)" 192.0.2.54
	assert_journal novel "network 'six' has no IPv4"
	assert_equal "$(server_of alone)" 192.0.2.54
	assert_journal alone "it asks its own name servers, which know no containers: no address is left in 10.57.0.0/30"
	# a start or a stop does not interrupt the others
	unit=$(systemctl list-units --plain --no-legend 'crunit-dns@back@*' | awk '{ print $1 }' | head -n 1)
	pid=$(main_pid "$unit")
	systemctl restart web
	systemctl stop two
	finds NXDOMAIN one "$server" two.dns.podman A
	knows "$(address_of web back)" one "$server" web A
	assert_equal "$(main_pid "$unit")" "$pid"
	# killed, it is back; the bridge taken away, so is the address
	kill -9 "$pid"
	finds 10.50.0.200 one "$server" web A
	systemctl restart back-network
	systemctl start web
	finds 10.50.0.200 one "$server" web A
	ip link del "$(link_of back)"
	systemctl restart back-network
	systemctl restart web
	finds 10.50.0.200 one "$server" web A
	finds 192.0.2.3 one "$server" example.org A
	# with the last one it goes
	systemctl stop three
	wait_for 10 sh -c "[ \"\$(systemctl list-units --plain --no-legend --state=active 'crunit-dns@*@*' | wc -l)\" = 1 ]"
	[[ " $(addresses_of_bridge back)" != *" $other/"* ]] || fail "the address $other is left"
	# and comes back with it, at the same place
	systemctl stop one
	assert_equal "$(addresses_of_bridge back)" "10.50.0.1/24 "
	wait_for 10 sh -c "[ -z \"\$(systemctl list-units --plain --no-legend --state=active 'crunit-dns@*@*')\" ]"
	for ((i = 0; i < 3; i++)); do
		systemctl restart one
		assert_equal "$(server_of one)" "$server"
		knows 10.50.0.200 one "$server" web A
		knows 192.0.2.3 one "$server" example.org A
	done
	# its files are damaged, and it is stopped: with the next container
	for i in empty gone directory; do
		unit=$(systemctl list-units --plain --no-legend --state=active 'crunit-dns@back@*' | awk '{ print $1 }')
		damage $i "$(ls -d /run/crunit/network/names/back@*)/address"
		damage $i "$(ls -d /run/crunit/network/names/back@*)/dnsmasq.conf"
		systemctl stop "$unit"
		systemctl restart two
		assert_equal "$(server_of two)" "$server"
		knows 192.0.2.3 one "$server" example.org A
	done
	no_upstream 192.0.2.53 192.0.2.54 192.0.2.55
}

test_names_own_servers_of_a_pod() {
	local server
	upstream 192.0.2.54 example.org=192.0.2.3
	network back Subnet=10.50.0.0/24
	on web back.network
	printf '[Pod]\nPodName=trio\nNetwork=back.network\nDNS=192.0.2.54\n' >"$quadlets/trio.pod"
	uses trio-pod.service
	printf '[Container]\nImage=localhost/busybox:latest\nPod=trio.pod\nContainerName=first\nExec=sleep 3600\nStopTimeout=0\n' >"$quadlets/first.container"
	uses first.service
	start web trio-pod first
	server=$(server_of first)
	knows 192.0.2.3 first "$server" example.org A
	knows "$(address_of web back)" first "$server" web A
	knows "$(address_of web back)" first "$server" web.dns.podman A tcp
	systemctl stop trio-pod
	assert_equal "$(addresses_of_bridge back)" "10.50.0.1/24 "
	wait_for 10 sh -c "[ -z \"\$(systemctl list-units --plain --no-legend --state=active 'crunit-dns@*@*')\" ]"
	no_upstream 192.0.2.54
}

# What is killed half-way leaves nothing that the next start does not find.
test_names_own_servers_killed() {
	network back Subnet=10.50.0.0/24
	on web back.network
	start web
	systemd-run -q --unit killed crunit run --rm --name gone --network back --dns 192.0.2.54 localhost/busybox:latest sleep 3600
	uses killed.service
	wait_for 10 sh -c 'systemctl is-active -q "crunit-dns@back@*"'
	systemctl kill -s KILL killed
	wait_for 10 sh -c '! systemctl is-active -q killed'
	rm -rf /run/crunit/containers/gone@*
	crunit run --rm --network back localhost/busybox:latest true
	assert_equal "$(addresses_of_bridge back)" "10.50.0.1/24 "
	assert_equal "$(ls /run/crunit/network/names)" back
	wait_for 10 sh -c '! systemctl is-active -q "crunit-dns@back@*"'
}

# A machine that lets nothing in, but what crunit-network(7) says.
test_names_firewall_that_drops() {
	network back Subnet=10.50.0.0/24 InterfaceName=crunit-back
	on web back.network
	start web
	knows "$(address_of web back)" web 10.50.0.1 web A
	trap 'nft delete table inet strict' EXIT
	nft -f - <<-'END'
		table inet strict {
			chain input {
				type filter hook input priority 0; policy drop;
				ct state established,related accept
			}
		}
	END
	knows silent web 10.50.0.1 web A
	nft add rule inet strict input 'iifname "crunit*" meta l4proto { tcp, udp } th dport 53 accept'
	knows "$(address_of web back)" web 10.50.0.1 web A
	knows "$(address_of web back)" web 10.50.0.1 web A tcp
}

no_resolved() {
	systemctl stop systemd-resolved
	ln -sf /dev/null /etc/systemd/system/systemd-resolved.service
	systemctl daemon-reload
}

# by_resolved NAME: its addresses, or nothing
by_resolved() {
	resolvectl query --legend=no -4 "$1" 2>/dev/null | awk '{ print $2 }'
}

# The machine's own lookups, where systemd-resolved makes them.
test_names_t6_by_the_machine() {
	local link
	trap no_resolved EXIT
	rm -f /etc/systemd/system/systemd-resolved.service
	systemctl daemon-reload
	systemctl start systemd-resolved
	network back Subnet=10.50.0.0/24
	network front Subnet=10.54.0.0/24
	on web back.network
	on shop front.network
	start web shop
	link=$(crunit network inspect back | jq -r '.[0].network_interface')
	wait_for 5 sh -c "resolvectl domain $link | grep -q '~dns.podman'"
	wait_for 5 sh -c "resolvectl dns $link | grep -q '10.50.0.1'"
	assert_equal "$(by_resolved web.dns.podman)" "$(address_of web back)"
	assert_equal "$(by_resolved shop.dns.podman)" "$(address_of shop front)"
	assert_equal "$(by_resolved nobody.dns.podman)" ""
	# containers ask the world by it, and it does not ask them back
	knows "$(address_of web back)" web 10.50.0.1 web A
	knows NXDOMAIN web 10.50.0.1 nobody.dns.podman A
	systemctl stop web
	wait_for 5 sh -c "! resolvectl dns $link | grep -q 10.50.0.1"
}

# systemd-resolved is installed and not running: its link leads nowhere.
test_names_no_resolv_conf() {
	trap 'rm -f /etc/resolv.conf; [ ! -L /etc/resolv.conf.away ] || mv /etc/resolv.conf.away /etc/resolv.conf' EXIT
	mv /etc/resolv.conf /etc/resolv.conf.away
	ln -s ../run/nowhere/resolv.conf /etc/resolv.conf
	network back Subnet=10.50.0.0/24
	on web back.network
	start web
	knows "$(address_of web back)" web 10.50.0.1 web A
	knows REFUSED web 10.50.0.1 example.org A
}

# asks without end, and counts what was not answered well
ask_on() {
	local wrong=0 asked=0
	while [ ! -e "$work/enough" ]; do
		asked=$((asked + 1))
		[ "$(asked steady 10.50.0.1 steady A)" = 10.50.0.2 ] || wrong=$((wrong + 1))
	done
	echo "$wrong $asked" >"$work/asked"
}

# damage HOW FILE
damage() {
	rm -rf "$2"
	case $1 in
	empty) printf '{' >"$2" ;;
	directory) mkdir -p "$2/in" ;;
	esac
}

test_names_go_on() {
	local pid i monitor
	network back Subnet=10.50.0.0/24
	on steady back.network IP=10.50.0.2
	on other back.network
	no_start_limit other
	start steady
	pid=$(main_pid "$(service_of back)")
	ask_on &
	ip monitor address >"$work/news" &
	monitor=$!
	for ((i = 0; i < 5; i++)); do
		systemctl start other
		knows "$(address_of other back)" steady 10.50.0.1 other A
		systemctl stop other
		knows NXDOMAIN steady 10.50.0.1 other A
	done
	# what makes dnsmasq look at all interfaces again
	kill "$monitor"
	assert_equal "$(grep veth "$work/news")" "" "addresses of the links"
	: >"$work/enough"
	wait
	assert_match "$(cat "$work/asked")" '^0 [1-9]' "wrong answers"
	assert_equal "$(main_pid "$(service_of back)")" "$pid" "the server"
	# it is nobody, and may next to nothing
	[ "$(status_field "$pid" Uid)" != 0 ] || fail "it is root"
	assert_equal "$(status_field "$pid" CapEff)" 0000000000000400 # CAP_NET_BIND_SERVICE
	assert_equal "$(status_field "$pid" NoNewPrivs)" 1
	assert_equal "$(status_field "$pid" Seccomp)" 2
	# killed, it comes back with all it knew
	systemctl start other
	kill -9 "$pid"
	finds "$(address_of other back)" steady 10.50.0.1 other A
	[ "$(main_pid "$(service_of back)")" != "$pid" ] || fail "it was not killed"
	# stopped by somebody, with the next container
	systemctl stop "$(service_of back)"
	systemctl restart other
	knows "$(address_of other back)" steady 10.50.0.1 other A
	# its files are damaged, and the service does not start: with the next container
	for i in empty gone directory; do
		damage $i /run/crunit/network/names/back/dnsmasq.conf
		damage $i /run/crunit/network/names/back/forwards
		systemctl stop "$(service_of back)"
		systemctl start "$(service_of back)" 2>/dev/null || [ $i = empty ]
		assert_fails systemctl is-active "$(service_of back)"
		systemctl restart other
		knows "$(address_of other back)" steady 10.50.0.1 other A
	done
	# it runs still, and its files went: systemd has not begun with a stop
	systemctl stop steady
	rm -r /run/crunit/network/names/back
	systemctl start steady
	knows "$(address_of steady back)" other 10.50.0.1 steady A
	# the only one on it, again and again
	systemctl stop other steady
	for ((i = 0; i < 3; i++)); do
		systemctl restart other
		knows "$(address_of other back)" other 10.50.0.1 other A
	done
}

test_names_nobody_owns_any_more() {
	network back Subnet=10.50.0.0/24
	on web back.network
	start web
	systemd-run -q --unit killed crunit run --rm --name gone --network back localhost/busybox:latest sleep 3600
	uses killed.service
	wait_for 5 sh -c 'find /run/crunit/network/names | grep -q gone@'
	finds "$(awk '{ print $1 }' /run/crunit/network/names/back/hosts/gone@*)" web 10.50.0.1 gone A
	systemctl kill -s KILL killed
	wait_for 5 sh -c '! systemctl is-active -q killed'
	rm -rf /run/crunit/containers/gone@*
	# any start sweeps what has no owner
	crunit run --rm --network back localhost/busybox:latest true
	finds NXDOMAIN web 10.50.0.1 gone A
	[ -z "$(find /run/crunit/network/names -name 'gone@*')" ] || fail "its file is left"
}

is_unused() {
	! systemctl is-active -q "$(service_of "$1")" && [ ! -e "/run/crunit/network/names/$1" ]
}

# A start was killed while it wrote, somebody has removed a file: the service ends with the last one.
test_names_service_ends_whatever_is_left() {
	local hosts=/run/crunit/network/names/back/hosts
	network back Subnet=10.50.0.0/24
	on web back.network
	start web
	: >$hosts/.gone@.0123456789abcdef
	systemctl stop web
	wait_for 5 is_unused back
	start web
	rm $hosts/web@web
	systemctl stop web
	wait_for 5 is_unused back
	start web
	rm $hosts/web@web
	mkdir -p $hosts/web@web/directory
	systemctl stop web
	wait_for 5 is_unused back
}

test_names_without_dnsmasq() {
	network back Subnet=10.50.0.0/24
	on web back.network
	reload
	systemctl start back-network
	mv /usr/sbin/dnsmasq /usr/sbin/dnsmasq.away
	trap 'mv /usr/sbin/dnsmasq.away /usr/sbin/dnsmasq' EXIT
	systemctl start web
	assert_journal web "containers on network 'back' have no names: install dnsmasq-base"
	assert_equal "$(resolves web web)" "$(address_of web back)"
	[[ $(crunit exec web cat /etc/resolv.conf) != *10.50.0.1* ]] || fail "there is no server"
	mv /usr/sbin/dnsmasq.away /usr/sbin/dnsmasq
	trap - EXIT
}

# Somebody else has the port: the container starts, and says what is wrong.
test_names_port_taken() {
	network back Subnet=10.50.0.0/24
	on web back.network
	ip addr add 10.50.0.1/32 dev lo
	socat UDP-LISTEN:53,bind=10.50.0.1 - </dev/zero >/dev/null 2>&1 &
	wait_for 5 sh -c 'ss -lnu | grep -q 10.50.0.1:53'
	start web
	assert_journal web "containers have no names now: crunit-dns@back.service did not start"
	assert_equal "$(prop "$(service_of back)" NRestarts)" 0
	kill %1
	ip addr del 10.50.0.1/32 dev lo
	systemctl restart web
	knows "$(address_of web back)" web 10.50.0.1 web A
	systemctl stop web
	systemctl reset-failed "$(service_of back)" 2>/dev/null || true
}

# Who answers strangers' questions may do nothing else.
test_names_sandbox() {
	cp /usr/lib/systemd/system/crunit-dns@.service $work/crunit-dns@x.service
	systemd-analyze security --offline=true --threshold=25 $work/crunit-dns@x.service >/dev/null
}
