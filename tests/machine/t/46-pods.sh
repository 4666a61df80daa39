# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# Pods: what their containers share, who ends when, and that nothing is left.
# The machines around this one are those of the tests of networks.
# shellcheck source=tests/machine/t/45-networks.sh
source /tests/t/45-networks.sh

pod() {
	sed 's/^\t*//' >"$quadlets/$1.pod"
	uses "$1-pod.service"
}

# waits NAME POD [LINE...]: a container that does nothing, in POD.pod.
waits() {
	local name=$1 pod=$2
	shift 2
	container "$name" <<-END
		[Container]
		Image=localhost/busybox:latest
		ContainerName=$name
		Pod=$pod.pod
		Exec=sleep 3600
		StopTimeout=0
		$(printf '%s\n' "$@")
	END
}

# in_pod NAME COMMAND...: a program of the machine, in the network of a container.
in_pod() {
	nsenter -t "$(main_pid "$1")" -n "${@:2}"
}

namespace() {
	readlink "/proc/$(main_pid "$1")/ns/$2"
}

# active UNIT...: a pod starts its containers, but who starts the pod does not wait for them.
active() {
	local unit
	for unit; do
		wait_state "$unit" active
	done
}

# What is held for pods, by the kernel and in files.
pod_leftovers() {
	grep ' /run/crunit/pods/' /proc/1/mountinfo || true
	find /run/crunit/pods /run/crunit/network/members -mindepth 1 ! -name lock 2>/dev/null || true
}

assert_no_pods() {
	local i left
	for ((i = 0; i < 20; i++)); do
		left=$(pod_leftovers)
		[ -n "$left" ] || return 0
		sleep 0.1
	done
	fail "left of pods: $left"
}

test_pod_shares_network_names_and_memory() {
	local kind protocol
	topology
	dual_stack
	mkdir -p $work/shared
	echo of-the-pod >$work/shared/file
	pod web <<-END
		[Pod]
		PodName=shop
		Network=front.network:alias=store
		PublishPort=8080:80
		PublishPort=8080:80/udp
		PublishPort=[::1]:8081:81
		HostName=box
		AddHost=mail:192.0.2.9
		DNSSearch=example.com
		DNSOption=ndots:3
		ShmSize=4m
		Volume=$work/shared:/shared:ro
		Label=use=test
		NetworkAlias=www
		IP=10.20.0.77
		IP6=fd00:a1a3:20::77
		PodmanArgs=--sysctl net.ipv4.ip_unprivileged_port_start=70
	END
	server shop "80 81" Pod=web.pod
	waits app web NetworkAlias=
	waits tool web
	server other 80 Network=front.network
	start web-pod other
	active shop app tool
	for protocol in tcp udp; do
		answers "shop sees 198.51.100.10 on 80" client $protocol 192.0.2.1 8080
		answers "shop sees 2001:db8:1::10 on 80" client $protocol 2001:db8:2::1 8080
		answers "shop sees 10.20.0.1 on 80" host $protocol 127.0.0.1 8080
		answers "shop sees fd00:a1a3:20::1 on 80" host $protocol ::1 8080
	done
	answers "shop sees fd00:a1a3:20::1 on 81" host tcp ::1 8081
	# among themselves, and to and from a neighbour
	assert_equal "$(in_pod app $answer ask tcp 127.0.0.1 80)" "shop sees 127.0.0.1 on 80"
	assert_equal "$(in_pod tool $answer ask tcp ::1 81)" "shop sees ::1 on 81"
	answers "shop sees 10.20.0.2 on 80" other tcp 10.20.0.77 80
	assert_equal "$(in_pod app $answer ask tcp "$(address_of other front)" 80)" "other sees 10.20.0.77 on 80"
	for kind in net ipc uts; do
		assert_equal "$(namespace app $kind)" "$(namespace shop $kind)" "namespace $kind"
		[ "$(namespace app $kind)" != "$(readlink /proc/1/ns/$kind)" ] || fail "$kind is the host's"
	done
	[ "$(namespace app pid)" != "$(namespace shop pid)" ] || fail "processes are shared"
	crunit exec app sh -c 'echo here >/dev/shm/file'
	assert_equal "$(crunit exec tool cat /dev/shm/file)" here
	assert_match "$(crunit exec tool df -k /dev/shm)" ' 4096 '
	assert_fails crunit exec app sh -c 'echo x >/shared/file'
	assert_equal "$(crunit exec app cat /shared/file)" of-the-pod
	assert_equal "$(crunit exec app hostname)" box
	assert_equal "$(crunit exec app cat /etc/hostname)" box
	assert_equal "$(crunit exec app sed -n 's/^192.0.2.9[[:space:]]*//p' /etc/hosts)" mail
	assert_match "$(crunit exec app cat /etc/resolv.conf)" 'search example.com
nameserver 10.20.0.1
options ndots:3'
	assert_equal "$(in_pod app cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" 70
	# by name, from the network: the pod by its names, and its containers by theirs
	for kind in shop box store www app tool; do
		wait_for 5 found_as "$kind" 10.20.0.77
	done
	wait_for 5 found_as other "$(address_of other front)"
}

# found_as NAME ADDRESS: by the name server of the network "front"
found_as() {
	[ "$(in_pod other /tests/lookup 10.20.0.1 "$1" A)" = "$2" ]
}

test_pod_is_shown() {
	local id
	pod web <<-'END'
		[Pod]
		PodName=shop
		PublishPort=8080:80
		Label=use=test
	END
	waits app web
	start web-pod
	active app
	id=$(crunit pod ls -q --no-trunc)
	assert_match "$id" '^[0-9a-f]{64}$'
	assert_match "$(crunit pod ls)" "POD ID +NAME +STATUS +CREATED +UNIT +# OF CONTAINERS
${id:0:12} +shop +Running +[^ ]+ [a-z]+ ago +web-pod.service +1"
	assert_equal "$(crunit pod ps --ctr-names --noheading | awk '{ print $NF }')" app
	assert_equal "$(crunit pod ls --format json | jq -r '.[] | "\(.Id) \(.Name) \(.Status) \(.Containers[0].Names) \(.Networks[0]) \(.Labels.use)"')" \
		"$id shop Running app crunit test"
	assert_equal "$(crunit pod ls -q --filter label=use=test --filter name=sho --filter status=running --filter network=crunit)" "${id:0:12}"
	assert_equal "$(crunit pod ls -q --filter label=use=other)" ""
	assert_equal "$(crunit pod inspect "${id:0:6}" | jq -r '.[0] | "\(.Name) \(.State) \(.ExitPolicy) \(.Hostname) \(.NumContainers) \(.SharedNamespaces | join(",")) \(.NetworkSettings.Ports["80/tcp"][0].HostPort)"')" \
		"shop Running stop shop 1 net,ipc,uts 8080"
	crunit pod exists shop
	assert_fails crunit pod exists nobody
	assert_equal "$status" 1
	assert_match "$(crunit ps --pod)" "NAMES +POD ID +PODNAME
.* 0.0.0.0:8080->80/tcp +app +${id:0:12} +shop"
	assert_equal "$(crunit ps --format json | jq -r '.[0] | "\(.Pod) \(.PodName)"')" "$id shop"
	assert_equal "$(crunit inspect app | jq -r '.[0] | "\(.Pod) \(.PodName) \(.NetworkSettings.IPAddress)"')" \
		"$id shop $(crunit pod inspect shop | jq -r '.[0].NetworkSettings.IPAddress')"
	assert_equal "$(crunit port app)" "80/tcp -> 0.0.0.0:8080"
	assert_equal "$(crunit network inspect crunit | jq -r '.[0].containers | map(.name) | join(" ")')" shop
	try crunit check
	assert_equal "$status: $said" "0: "
	systemctl stop web-pod
	assert_no_pods
}

test_pod_and_its_containers_restart() {
	local id address net
	topology
	dual_stack
	pod web <<-'END'
		[Pod]
		Network=front.network
		PublishPort=8080:80
	END
	server shop 80 Pod=web.pod
	waits app web '[Service]' Restart=always RestartSec=0
	no_start_limit shop
	# a container pulls the pod up, and nobody else
	start shop
	assert_equal "$(prop web-pod ActiveState)" active
	active app
	id=$(crunit pod ls -q)
	address=$(address_of shop front)
	net=$(namespace shop net)
	answers "shop sees 198.51.100.10 on 80" client tcp 192.0.2.1 8080
	# that of a container changes nothing for the pod
	systemctl restart shop
	assert_equal "$(namespace shop net)" "$net"
	assert_equal "$(address_of shop front)" "$address"
	answers "shop sees 198.51.100.10 on 80" client tcp 192.0.2.1 8080
	kill -9 "$(main_pid app)"
	wait_for 10 restarted app 1
	wait_state app active
	assert_equal "$(namespace app net)" "$net"
	assert_equal "$(crunit pod ls -q)" "$id"
	# that of the pod restarts all
	systemctl restart web-pod
	active shop app
	[ "$(crunit pod ls -q)" != "$id" ] || fail "it is the same pod"
	assert_equal "$(address_of shop front)" "$address"
	answers "shop sees 198.51.100.10 on 80" client tcp 192.0.2.1 8080
	# and its stop stops them
	systemctl stop web-pod
	assert_equal "$(crunit ps -q)" ""
	answers refused client tcp 192.0.2.1 8080
	assert_no_pods
}

test_pod_ends_with_its_last_container() {
	pod web <<-'END'
		[Install]
		WantedBy=multi-user.target
	END
	waits a web
	waits b web '[Service]' Restart=always RestartSec=1
	waits later web StartWithPod=no
	pod stays <<-'END'
		[Pod]
		ExitPolicy=continue
	END
	waits c stays
	start web-pod stays-pod
	active a b c
	assert_equal "$(prop later ActiveState)" inactive
	systemctl stop a
	kill -9 "$(main_pid b)"
	wait_for 10 restarted b 1
	wait_state b active
	assert_equal "$(prop web-pod ActiveState)" active
	systemctl start later
	systemctl stop b
	assert_equal "$(prop web-pod ActiveState)" active
	# whether it ends well or not
	kill -9 "$(main_pid later)"
	wait_state web-pod inactive
	assert_equal "$(prop later Result)" signal
	systemctl reset-failed later
	systemctl stop c
	# what systemd does about it, it has done by now for the other one
	assert_equal "$(prop stays-pod ActiveState)" active
	systemctl stop stays-pod
	assert_no_pods
}

# Two pods beside each other, one without a network, and what a killed command or a lost unit leaves.
test_pod_leaves_nothing() {
	local pid
	topology
	pod one <<-'END'
		[Pod]
		PublishPort=8080:80
	END
	pod two <<-'END'
		[Pod]
		Network=none
	END
	server shop 80 Pod=one.pod
	server inside 80 Pod=two.pod
	waits near two
	waits far one
	start one-pod two-pod
	active shop inside near far
	answers "shop sees 10.88.0.1 on 80" host tcp 127.0.0.1 8080
	assert_equal "$(in_pod near $answer ask tcp 127.0.0.1 80)" "inside sees 127.0.0.1 on 80"
	[ "$(namespace near ipc)" != "$(namespace far ipc)" ] || fail "two pods share"
	# all at once
	for pid in shop inside near far; do
		kill -9 "$(main_pid $pid)" 2>/dev/null || true
	done
	wait_state one-pod inactive
	wait_state two-pod inactive
	systemctl reset-failed
	assert_no_pods
	# the last command does not come to its end
	mkdir -p /etc/systemd/system/one-pod.service.d
	printf '[Service]\nExecStopPost=\nExecStopPost=-/bin/false\n' >/etc/systemd/system/one-pod.service.d/x.conf
	start one-pod
	active shop far
	systemctl stop one-pod
	[ -n "$(pod_leftovers)" ] || fail "there is nothing to find"
	rm -r /etc/systemd/system/one-pod.service.d
	crunit run --rm --network none localhost/busybox:latest true
	assert_no_pods
	# nor does the first one: it stops when it is about to tell of its end
	rm $quadlets/shop.container $quadlets/far.container
	mkdir -p /etc/systemd/system/one-pod.service.d
	printf '[Service]\nExecStart=\nExecStart=sh -c "crunit pod create --name systemd-one -p 8080:80; kill -9 $$$$"\n' \
		>/etc/systemd/system/one-pod.service.d/x.conf
	reload
	assert_fails systemctl start one-pod
	rm -r /etc/systemd/system/one-pod.service.d
	systemctl stop one-pod
	assert_no_pods
	start two-pod
	systemctl stop two-pod
	assert_no_pods
}

# Without units: by hand.
test_pod_by_hand() {
	local pid
	printf 'pod\n' >$work/file
	crunit network create hands >/dev/null
	(cd $work && crunit pod create --name hand --network hands -p 8080:80 -v ./file:/file --exit-policy stop >$work/id)
	assert_equal "$(crunit pod ls -q --no-trunc)" "$(cat $work/id)"
	assert_equal "$(crunit run --rm --pod hand localhost/busybox:latest sh -c 'cat /file; hostname')" 'pod
hand'
	# its only container has ended
	assert_match "$(crunit pod ls --noheading)" ' hand +Stopped '
	crunit run --rm --name a --pod hand localhost/busybox:latest sleep 3600 &
	pid=$!
	wait_for 10 crunit exec a true
	assert_match "$(crunit pod ls --noheading)" ' hand +Running .* 1$'
	assert_fails crunit pod create --name hand
	assert_match "$said" "the name 'hand' is in use by a pod: crunit pod rm -f hand removes it"
	assert_fails crunit pod rm hand
	assert_equal "$status" 2
	assert_match "$said" 'has running containers'
	assert_fails crunit run --rm --pod hand -p 1:1 localhost/busybox:latest true
	assert_match "$said" '--publish does not go with --pod'
	assert_fails crunit run --rm --pod hand --hostname x localhost/busybox:latest true
	assert_match "$said" '--hostname does not go with --pod'
	assert_fails crunit run --rm -p 8080:80 localhost/busybox:latest true
	assert_match "$said" "port 8080/tcp is in use by pod 'hand'"
	assert_fails crunit network rm hands
	assert_match "$said" 'in use by pod hand'
	# without the pod's network
	assert_equal "$(crunit run --rm --pod hand --network none localhost/busybox:latest sh -c 'hostname; ls /sys/class/net' | xargs)" "hand lo"
	assert_equal "$(crunit pod rm -f -t 0 hand)" hand
	! wait $pid || fail "it was not stopped"
	assert_fails crunit run --rm --pod hand localhost/busybox:latest true
	assert_match "$said" "there is no pod 'hand'"
	assert_no_pods
	assert_fails crunit pod create --userns auto
	assert_match "$said" '--userns auto takes its ids from those that /etc/subuid'
	assert_fails crunit pod create --userns auto --infra=false
	assert_match "$said" 'does not go with --infra=false'
	assert_fails crunit pod create --memory much
	assert_match "$said" '--memory much: not a size'
	assert_fails crunit pod create --share net,pid
	assert_match "$said" '--share pid'
	assert_fails crunit pod create --name x --network nobody
	assert_match "$said" "there is no network 'nobody'"
	crunit network rm hands
	assert_no_pods
}

# What comes at the same time: one of them makes the pod, and all the others see it whole.
test_pod_by_many_at_once() {
	local i made names pids=()
	topology
	dual_stack
	start front-network
	for i in {1..6}; do
		(crunit pod create --name crowd --network front >"$work/made$i" 2>"$work/said$i" || true) &
		pids+=($!)
	done
	wait "${pids[@]}"
	made=$(cat $work/made*)
	assert_equal "$(crunit pod inspect --format '{{.Id}}' crowd)" "$made" "the one that was made"
	for i in {1..6}; do
		[ -s "$work/made$i" ] || assert_match "$(cat "$work/said$i")" "the name 'crowd' is in use by a pod"
	done
	crunit pod stop crowd
	pids=()
	for i in {1..5}; do
		crunit run --rm --pod crowd localhost/busybox:latest sh -c 'for i in net ipc uts; do readlink /proc/self/ns/$i; done; ip -4 -o addr show eth0' \
			>"$work/saw$i" 2>&1 &
		pids+=($!)
	done
	wait "${pids[@]}"
	names=$(sort -u $work/saw*)
	assert_equal "$(wc -l <<<"$names")" 4 "what all have: $names"
	assert_equal "$(mounts | grep -c '^/run/crunit/pods/crowd/net ')" 1
	# and nothing is known of it any more
	truncate -s 10 /run/crunit/pods/crowd/pod.json
	assert_fails crunit pod create --name crowd
	assert_match "$said" 'crowd/pod.json.*crunit pod rm -f crowd removes it'
	crunit pod rm -f crowd
	assert_no_pods
}

# Whatever it was about to do when it was killed, the next start finds what is left.
# timeout test_pod_create_killed_half_way: 400
test_pod_create_killed_half_way() {
	local call n step log=/run/test-strace before words
	topology
	dual_stack
	start front-network
	printf 'containers:300000:300000\n' >/etc/subuid
	printf 'containers:300000:300000\n' >/etc/subgid
	words='--name half --network front -p 8080:80 -p 8081:81/udp --userns auto:size=2000 --sysctl net.core.somaxconn=100'
	# shellcheck disable=SC2086
	crunit pod create $words
	crunit pod rm half
	before=$(nft list ruleset && ip -o link | wc -l)
	for call in unshare setns mount mkdirat renameat symlinkat sendmsg sendto clone3; do
		step=1
		[[ $call != @(mkdirat|sendto) ]] || step=3
		for ((n = 1; n < 40; n += step)); do
			rm -f $log
			# shellcheck disable=SC2086
			timeout 60 strace -qq -o $log -e trace=$call -e inject=$call:signal=KILL:when=$n \
				crunit pod create $words >/dev/null 2>&1 || true
			grep -qE 'killed by SIGKILL|= \?$' $log || break
			crunit run --rm --network none localhost/busybox:latest true
			assert_no_pods
			wait_for 10 sh -c "[ \"\$(ip -o link | wc -l)\" = '${before##*$'\n'}' ]"
			assert_equal "$(nft list ruleset && ip -o link | wc -l)" "$before" "killed in $call $n"
		done
		[ $n -gt 1 ] || [[ $call = @(symlinkat|clone3) ]] || fail "there is no $call"
		assert_equal "$(crunit pod ls -q | wc -l)" 1 "pods after $n times $call"
		# and it is as if nothing had been
		assert_equal "$(crunit run --rm --pod half localhost/busybox:latest awk '{ print $2, $3 }' /proc/self/uid_map)" "300000 2000"
		crunit pod rm -f -t 0 half >/dev/null
		assert_no_pods
	done
	rm -f /etc/subuid /etc/subgid
}

owned_by() {
	local path
	for path in "${@:2}"; do
		assert_equal "$(stat -c %u:%g "$path")" "$1" "$path"
	done
}

# One user namespace for all of a pod, to which its other namespaces belong.
test_pod_user_namespace() {
	local kind
	topology
	dual_stack
	rm -rf /var/lib/crunit/idmaps
	printf 'containers:300000:300000\n' >/etc/subuid
	cp /etc/subuid /etc/subgid
	pod web <<-'END'
		[Pod]
		PodName=shop
		Network=front.network
		PublishPort=8080:80
		HostName=box
		UserNS=auto:size=5000
		ShmSize=3m
		PodmanArgs=--sysctl net.ipv4.ip_unprivileged_port_start=79
	END
	server shop 80 Pod=web.pod AddCapability=SYS_ADMIN
	waits near web User=33:34
	waits far web ReadOnly=true
	start web-pod
	active shop near far
	for kind in user net ipc uts; do
		assert_equal "$(namespace near $kind)" "$(namespace shop $kind)" "the $kind namespace"
		[ "$(namespace near $kind)" != "$(readlink /proc/1/ns/$kind)" ] || fail "the $kind namespace is the machine's"
	done
	[ "$(namespace near mnt)" != "$(namespace shop mnt)" ] || fail "they share mounts"
	assert_equal "$(crunit exec near awk '{ print $1, $2, $3 }' /proc/self/uid_map)" "0 300000 5000"
	assert_equal "$(crunit exec near awk '{ print $1, $2, $3 }' /proc/self/gid_map)" "0 300000 5000"
	assert_equal "$(status_field "$(main_pid near)" Uid)" 300033
	assert_equal "$(status_field "$(main_pid far)" Uid)" 300000
	# its root has a say about the namespaces of the pod, and about nothing else
	assert_equal "$(crunit exec shop hostname)" box
	crunit exec shop hostname other
	assert_equal "$(crunit exec far hostname)" other
	assert_fails crunit exec shop mount -t devtmpfs x /mnt
	assert_equal "$(crunit exec far cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" 79
	answers "shop sees 198.51.100.10 on 80" client tcp 192.0.2.1 8080
	assert_equal "$(in_pod near $answer ask tcp 127.0.0.1 80)" "shop sees 127.0.0.1 on 80"
	# memory is shared, and all have written as who they are
	assert_match "$(crunit exec near df -k /dev/shm)" ' 3072 '
	crunit exec near sh -c 'echo x >/dev/shm/near'
	crunit exec far sh -c 'echo x >/dev/shm/far'
	assert_equal "$(crunit exec shop stat -c %u:%g /dev/shm /dev/shm/near /dev/shm/far | xargs)" "0:0 33:34 0:0"
	owned_by 300033:300034 /run/crunit/pods/shop/shm/near
	crunit exec far sh -c 'touch /tmp/x 2>/dev/null || true; cat /etc/hosts >/dev/null'
	assert_match "$(crunit pod inspect shop)" '"user"'
	# a container's own would be another one
	assert_fails crunit run --rm --pod shop --userns auto localhost/busybox:latest true
	assert_match "$said" '--userns'
	assert_equal "$(crunit run --rm --pod shop localhost/busybox:latest awk '{ print $2, $3 }' /proc/self/uid_map)" "300000 5000"
	assert_equal "$(crunit run --rm --pod shop --network none localhost/busybox:latest sh -c 'awk "{ print \$2, \$3 }" /proc/self/uid_map; ls /sys/class/net' | xargs)" "300000 5000 lo"
	# one of them fails and comes back
	systemctl restart near
	assert_equal "$(namespace near user)" "$(namespace shop user)"
	systemctl restart web-pod
	active shop near far
	assert_equal "$(crunit exec near awk '{ print $1, $2, $3 }' /proc/self/uid_map)" "0 300000 5000"
	systemctl stop web-pod
	assert_no_pods
	# maps, names, and the user of keep-id
	crunit pod create --name maps --network none --uidmap 0:400000:2000 --gidmap 0:500000:3000 >/dev/null
	assert_equal "$(crunit run --rm --pod maps localhost/busybox:latest sh -c "awk '{ print \$2, \$3 }' /proc/self/uid_map /proc/self/gid_map" | xargs)" \
		"400000 2000 500000 3000"
	crunit pod create --name named --network none --subuidname containers --subgidname containers >/dev/null
	assert_equal "$(crunit run --rm --pod named localhost/busybox:latest awk '{ print $2, $3 }' /proc/self/uid_map)" "300000 300000"
	crunit pod create --name keep --network none --userns keep-id:uid=33,gid=34 >/dev/null
	assert_equal "$(crunit run --rm --pod keep localhost/busybox:latest sh -c 'id -u; id -g' | xargs)" "33 34"
	assert_fails crunit pod create --name own --network none --userns ns:/proc/1/ns/user
	assert_match "$said" "that is the machine's own"
	assert_fails crunit pod create --name both --userns auto --uidmap 0:1:1
	assert_match "$said" '--userns and --uidmap exclude each other'
	crunit pod rm -f -t 0 maps named keep >/dev/null
	assert_no_pods
	rm -f /etc/subuid /etc/subgid
}

# busybox and a file, as localhost/updated:latest
load_updated() {
	rm -rf $work/tree
	mkdir -p $work/tree/bin
	cp /bin/busybox $work/tree/bin/
	chroot $work/tree /bin/busybox --install -s /bin
	echo "$1" >$work/tree/release
	tar -C $work/tree -cf $work/updated.tar .
	crunit load -q $work/updated.tar >/dev/null
}

only_app_was_updated() {
	local unit
	assert_equal "$(crunit exec app cat /release)" two
	assert_equal "$(namespace app net)" "$net"
	assert_equal "$(prop other InvocationID)" "$other"
	assert_equal "$(crunit pod ls -q)" "$pod"
	for unit in web-pod app other; do
		assert_equal "$(prop $unit ActiveState)" active $unit
	done
}

# The container's unit is restarted, not the pod's, nor another's, and goes back alone where that fails.
test_pod_a12_update_of_a_container() {
	local pod other net
	load_updated one
	pod web <<-'END'
		[Pod]
		PodName=shop
	END
	waits app web AutoUpdate=local Image=localhost/updated:latest
	waits other web AutoUpdate=local
	start web-pod
	active app other
	pod=$(crunit pod ls -q)
	net=$(namespace other net)
	other=$(prop other InvocationID)
	load_updated two
	try crunit auto-update
	assert_match "$said" 'app.service .* localhost/updated:latest +local +true'
	assert_match "$said" 'other.service .* localhost/busybox:latest +local +false'
	only_app_was_updated
	# nothing that could be started is in this one
	mkdir $work/empty
	tar -C $work/empty -cf $work/updated.tar .
	crunit load -q $work/updated.tar >/dev/null
	try crunit auto-update
	assert_equal "$status" 0 "$said"
	assert_match "$said" 'app.service .* localhost/updated:latest +local +rolled back'
	only_app_was_updated
	systemctl stop web-pod
	crunit rmi updated
	crunit image prune -f
	assert_no_pods
}

test_pod_example() {
	cp /usr/share/doc/crunit/examples/shop.pod $quadlets/
	container shop-web </usr/share/doc/crunit/examples/shop-web.container
	uses shop-pod.service
	start shop-pod
	active shop-web
	# the image's server listens at localhost only, which is the pod's
	wait_for 10 in_pod shop-web busybox wget -q -O $work/page http://127.0.0.1:8080/
	assert_equal "$(cat $work/page)" "served by nginx"
	systemctl stop shop-web
	wait_state shop-pod inactive
	assert_no_pods
}

test_pods_renamed_files() {
	pod shop <<-END
		[Pod]
		PodName=one
		PublishPort=8080:80
	END
	systemctl daemon-reload
	systemctl start shop-pod
	# another name inside: its own unit takes the old one away
	pod shop <<-END
		[Pod]
		PodName=two
		PublishPort=8080:80
	END
	systemctl daemon-reload
	systemctl restart shop-pod
	assert_equal "$(crunit pod ls --noheading --format '{{.Name}} {{.Unit}}')" 'two shop-pod.service'
	# another name of the file: nobody takes it away but who is told to
	mv $quadlets/shop.pod $quadlets/store.pod
	uses store-pod.service
	systemctl daemon-reload
	systemctl stop shop-pod || true
	if [ -n "$(crunit pod ls -q)" ]; then
		try crunit pod rm -f two
		assert_equal "$status" 0 "$said"
	fi
	systemctl start store-pod
	assert_equal "$(crunit pod ls --noheading --format '{{.Name}} {{.Unit}}')" 'two store-pod.service'
	systemctl stop store-pod
	assert_no_pods
	assert_fails crunit pod create --network none --name lock
}
