# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154,SC2086
#
# Each program that has to do with a network is killed at each of its steps, while a container (or
# a pod) comes and while it goes: the next start works at once, and the stop after it leaves
# nothing. The machines around this one are those of the tests of networks.
#
# There are some hundreds of steps, of which each program has a few: CRUNIT_KILLS says of how many
# in each of them, and "all" is all.
# shellcheck source=tests/machine/t/45-networks.sh
source /tests/t/45-networks.sh

# What changes something, for others to see.
changes='?rename,?renameat,?renameat2,?unlink,unlinkat,?mkdir,mkdirat,?rmdir,?symlink,symlinkat,linkat,mount,umount2,move_mount,fsopen,fsmount,unshare,setns,sendto,sendmsg,clone,clone3,?vfork,execve,write,pwrite64,ftruncate,kill,pidfd_send_signal'

# Not local to a test: the trap at its end sees none of those.
wrapped=()

# wrap FILE: where /run/test-kill says so, a program runs under strace. It has a word that must be
# among the arguments, and a system call and its number, or nothing more: then calls are noted.
wrap() {
	mv "$1" "$1.real"
	cat >"$1" <<-END
		#!/bin/sh
		[ -e /run/test-kill ] || exec "$1.real" "\$@"
		read -r name word call number </run/test-kill
		[ "\$name" = "${1##*/}" ] || exec "$1.real" "\$@"
		case " \$* " in *" \$word "*) ;; *) [ "\$word" = - ] || exec "$1.real" "\$@" ;; esac
		rm /run/test-kill
		[ -z "\$number" ] || set -- -e "inject=\$call:signal=KILL:when=\$number" "$1.real" "\$@"
		[ -n "\$number" ] || set -- "$1.real" "\$@"
		exec strace -qq -o /run/test-strace -e "trace=$changes" "\$@"
	END
	chmod 755 "$1"
	wrapped+=("$1")
}

unwrap() {
	local file
	set +e
	for file in "${wrapped[@]}"; do
		mv "$file.real" "$file"
	done
	rm -f /run/test-kill /run/test-strace
	ip link del test-parent 2>/dev/null
	no_topology
}

# Of the calls that were noted, in their order: CALL NUMBER
points() {
	sed -n 's/^\([a-z0-9_]*\)(.*/\1/p' /run/test-strace | awk '{ print $1, ++count[$1] }' >$work/points
	if [ "${CRUNIT_KILLS:-}" = all ]; then
		cat $work/points
	else
		# not the first, which is its own execve()
		awk -v wanted="${CRUNIT_KILLS:-$1}" '{ line[NR] = $0 }
			END { for (i = 1; i <= wanted && i < NR; i++) print line[1 + int(i * (NR - 1) / wanted)] }' $work/points
	fi
}

# What the firewall has for the port: PROTOCOL . PORT : ADDRESS . PORT
elements() {
	nft list table inet crunit | grep -oE '(tcp|udp) \. 8080 : [0-9a-f.:]+ \. 80' | sort
}

# The container's links, addresses, elements and names are those that it is told to have.
web_is_right() {
	local network found number=0 family
	for network in front back lan; do
		found=$(nsenter -t "$(main_pid web)" -n ip -o addr show dev "eth$number" | awk '{ print $4 }')
		assert_match "$found" "$(address_of web $network)/" "address on $network"
		[ $network = lan ] || assert_match "$found" "$(address_of web $network 6)/" "address on $network"
		number=$((number + 1))
	done
	assert_equal "$(elements)" "$(for family in 4 6; do
		printf '%s . 8080 : %s . 80\n' tcp "$(address_of web front $family)" udp "$(address_of web front $family)"
	done | sort)" "published ports"
	answers "web sees 198.51.100.10 on 80" client tcp 192.0.2.1 8080
	answers "web sees 2001:db8:1::10 on 80" client udp 2001:db8:2::1 8080
	assert_equal "$(nsenter -t "$(main_pid web)" -n /tests/lookup \
		"$(crunit exec web sed -n 's/^nameserver //p' /etc/resolv.conf | head -n 1)" web A)" "$(address_of web front)"
}

# Nothing of it is left, nor of those who asked it by UDP.
web_is_gone() {
	wait_for 5 leak_is_quiet
	[ ! -r /proc/net/nf_conntrack ] || ! grep 'udp .* dport=8080 ' /proc/net/nf_conntrack
}

# each_kill WHAT PROGRAM WORD VERB COUNT: killed in COUNT steps of PROGRAM, when the units of WHAT are told VERB.
each_kill() {
	local what=$1 program=$2 word=$3 verb=$4 count=$5 call number killed=0 all=0 when
	before_kill "$what" "$verb" "$program"
	echo "$program $word" >/run/test-kill
	systemctl "$verb" $what
	[ ! -e /run/test-kill ] || fail "$program $word is not executed by $verb"
	systemctl stop $what
	points "$count" >$work/chosen
	while read -r call number <&4; do
		when="$program $word was killed in $call $number"
		before_kill "$what" "$verb" "$program"
		rm -f /run/test-strace
		echo "$program $word $call $number" >/run/test-kill
		timeout 90 systemctl "$verb" $what 2>/dev/null || true
		rm -f /run/test-kill
		all=$((all + 1))
		! grep -qE 'killed by SIGKILL|= \?$' /run/test-strace || killed=$((killed + 1))
		systemctl start $what || fail "no start after $when"
		(web_is_right) || fail "after $when"
		systemctl stop $what || fail "no stop after $when"
		(web_is_gone) || fail "after $when: $(cat $work/grown)"
	done 4<$work/chosen
	echo "measured: $program $word killed in $killed of $all steps of $(wc -l <$work/points)"
	missed=$((missed + all - killed))
	tried=$((tried + all))
}

# What is done may differ a little from one time to the next: not each step comes again.
most_were_killed() {
	[ $((missed * 2)) -le $tried ] || fail "$missed of $tried steps did not come again"
}

# The firewall's table is made anew where it is not there.
before_kill() {
	[ "$2" = start ] || systemctl start $1
	[ "$3" != crunit-firewall ] || nft delete table inet crunit
}

kill_networks() {
	topology
	trap unwrap EXIT
	dual_stack
	network back <<-'END'
		[Network]
		NetworkName=back
		Subnet=10.21.0.0/24
		Subnet=fd00:a1a3:21::/64
	END
	crunit network create -d macvlan --subnet 203.0.113.0/24 --ip-range 203.0.113.64-203.0.113.70 -o parent=far0 lan
	ip link add test-parent type veth peer name test-peer
	ip link set test-parent up
	crunit network create -d ipvlan --subnet 10.22.0.0/24 -o parent=test-parent ipv
	# as far as the kernel has it
	joined="Network=front.network:alias=www Network=back.network Network=lan"
	! crunit run --rm --network ipv localhost/busybox:latest true 2>/dev/null || joined+=" Network=ipv"
}

settled() {
	start "$@"
	systemctl stop "$@"
	leak_census >$work/before
	wait_for 30 leak_settles
}

# timeout test_kills_of_a_container: 600
test_kills_of_a_container() {
	local file joined missed=0 tried=0
	kill_networks
	# no log pump, which cleans up beside the others
	server web 80 $joined PublishPort=8080:80 PublishPort=8080:80/udp DNS=192.0.2.54 LogDriver=passthrough
	no_start_limit web
	for file in /usr/libexec/crunit/crunit-network /usr/libexec/crunit/crunit-firewall /usr/bin/crunit /usr/bin/crun; do
		wrap $file
	done
	settled web
	each_kill web crunit-network join start 4
	each_kill web crunit-network leave stop 2
	each_kill web crunit-firewall - start 1
	each_kill web crunit run start 3
	each_kill web crunit stop stop 1
	each_kill web crun create start 1
	most_were_killed
}

# timeout test_kills_of_a_pod: 600
test_kills_of_a_pod() {
	local joined missed=0 tried=0
	kill_networks
	{
		printf '[Pod]\nPodName=shop\nPublishPort=8080:80\nPublishPort=8080:80/udp\nDNS=192.0.2.54\n'
			printf '%s\n' $joined
	} >"$quadlets/shop.pod"
	uses shop-pod.service
	server web 80 Pod=shop.pod
	no_start_limit web
	printf '[Unit]\nStartLimitIntervalSec=0\n' >>"$quadlets/shop.pod"
	wrap /usr/libexec/crunit/crunit-network
	settled shop-pod web
	each_kill "shop-pod web" crunit-network create start 2
	each_kill "shop-pod web" crunit-network rm stop 1
	most_were_killed
}
