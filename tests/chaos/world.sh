# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# world.sh: what there is to break. Containers c000, c001, …, whose numbers decide what they have:
# a volume and a health check all of them, most a network or two with a published port, some a user
# namespace, an image of a registry, a start that waits for health, a secret; two of ten are a pod.
# The numbers behind theirs are containers that a shell has started, d000, d001, …. Each of them
# writes numbered records (writer.c).

quadlets=/etc/containers/systemd
store=/var/lib/crunit
acks=/var/tmp/acks
registry=127.0.0.1:5999
networks="ash elm"
run_size=256M

# name_of NUMBER: sets name.
name_of() {
	if [ "$1" -lt "$containers" ]; then
		printf -v name 'c%03d' "$1"
	else
		printf -v name 'd%03d' $(($1 - containers))
	fi
}

# number_of NAME: sets number.
number_of() {
	number=$((10#${1#?}))
	[[ $1 != d* ]] || number=$((number + containers))
}

# unit_of NAME: sets unit.
unit_of() {
	unit=$1
	[[ $1 != d* ]] || unit=crunit-run-$1
}

# One of twenty is of a shell.
detached_count() {
	echo $(((containers + 19) / 20))
}

# pod_of NUMBER: its pod's name, if it is in one.
pod_of() {
	[ "$1" -ge "$containers" ] || [ $(($1 % 10)) -lt 8 ] || printf 'p%03d\n' $(($1 / 10))
}

# is_mapped NUMBER: has a user namespace of its own, or its pod has.
is_mapped() {
	if [ -n "$(pod_of "$1")" ]; then
		[ $(($1 / 10 % 4)) = 2 ]
	else
		[ $(($1 % 8)) = 6 ]
	fi
}

has_secret() {
	[ $(($1 % 7)) = 3 ]
}

# networks_of NUMBER: one a line. Those of a pod have the pod's.
networks_of() {
	local choice=$1
	[ -z "$(pod_of "$1")" ] || choice=$(($1 / 10 + 2))
	case $((choice % 6)) in
	0 | 1 | 2) echo ash ;;
	3) echo elm ;;
	4) printf '%s\n' ash elm ;;
	esac
}

image_of() {
	if [ $(($1 % 13)) = 5 ]; then
		echo "$registry/even:latest"
	elif [ $(($1 % 2)) = 0 ]; then
		echo localhost/even:latest
	else
		echo localhost/odd:latest
	fi
}

port_of() {
	[ -z "$(networks_of "$1")" ] || echo $((20000 + $1))
}

# inner_port_of NUMBER: those of a pod have one network, and so two ports.
inner_port_of() {
	[ -n "$(pod_of "$1")" ] && [ $(($1 % 10)) = 9 ] && echo 81 || echo 80
}

restart_of() {
	local modes=(always on-failure no always)
	echo "${modes[$1 % 4]}"
}

# Volumes of half of them are units.
volume_of() {
	local name
	name_of "$1"
	[ $(($1 % 2)) = 0 ] && echo "data-$name" || echo "$name.volume"
}

# write_network NUMBER: as keys of a container, or of its pod.
write_network() {
	local network
	[ -n "$(networks_of "$1")" ] || echo "Network=none"
	for network in $(networks_of "$1"); do
		echo "Network=$network.network"
	done
	! is_mapped "$1" || echo "UserNS=auto"
}

write_container() {
	local name
	name_of "$1"
	echo "[Unit]"
	echo "StartLimitIntervalSec=0"
	echo "[Container]"
	echo "ContainerName=$name"
	echo "Image=$(image_of "$1")"
	[ $(($1 % 13)) != 5 ] || echo "Pull=newer"
	echo "Exec=run $name $(inner_port_of "$1")"
	if [ -n "$(pod_of "$1")" ]; then
		echo "Pod=$(pod_of "$1").pod"
	else
		write_network "$1"
		[ -z "$(port_of "$1")" ] || echo "PublishPort=$(port_of "$1"):80"
	fi
	echo "Volume=$(volume_of "$1"):/data$(! is_mapped "$1" || echo :U)"
	echo "Volume=$acks:/ack"
	! has_secret "$1" || printf 'Secret=word\nSecret=word,type=env,target=WORD\n'
	[ $(($1 % 9)) != 4 ] || echo "Notify=healthy"
	echo "HealthCmd=[\"/bin/writer\", \"check\", \"$(inner_port_of "$1")\"]"
	echo "HealthInterval=2s"
	echo "StopTimeout=5"
	echo "[Service]"
	echo "Restart=$(restart_of "$1")"
	echo "RestartSec=200ms"
	echo "TimeoutStartSec=60s"
}

# write_pod NUMBER: that of the container.
write_pod() {
	local first=$(($1 / 10 * 10 + 8)) number
	echo "[Unit]"
	echo "StartLimitIntervalSec=0"
	echo "[Pod]"
	echo "PodName=$(pod_of "$1")"
	write_network "$1"
	for number in $first $((first + 1)); do
		[ -z "$(port_of $number)" ] || echo "PublishPort=$(port_of $number):$(inner_port_of $number)"
	done
}

# run_words NUMBER: what a shell says behind "crunit run -d", a word a line.
run_words() {
	local name network
	name_of "$1"
	printf '%s\n' --name "$name" --restart always --stop-timeout 5 --volume "data-$name:/data" --volume $acks:/ack \
		--health-cmd '["/bin/writer", "check"]' --health-interval 2s
	[ -n "$(networks_of "$1")" ] || printf '%s\n' --network none
	for network in $(networks_of "$1"); do
		printf '%s\n' --network "$network"
	done
	[ -z "$(port_of "$1")" ] || printf '%s\n' --publish "$(port_of "$1"):80"
	! has_secret "$1" || printf '%s\n' --secret word --secret word,type=env,target=WORD
	printf '%s\n' localhost/odd:latest run "$name"
}

# run_detached NUMBER
run_detached() {
	local words
	mapfile -t words < <(run_words "$1")
	crunit run -d "${words[@]}"
}

write_files() {
	local number name
	mkdir -p $quadlets $acks /var/tmp/registry
	printf '[Network]\nNetworkName=ash\nSubnet=10.71.0.0/16\nIPv6=true\nSubnet=fd71::/64\n' >$quadlets/ash.network
	printf '[Network]\nNetworkName=elm\nSubnet=10.72.0.0/16\n' >$quadlets/elm.network
	for ((number = 0; number < all; number++)); do
		name_of $number
		: >$acks/$name
		chmod 666 $acks/$name # whoever is root in it
		[ $number -lt "$containers" ] || continue
		write_container $number >$quadlets/$name.container
		[[ $(volume_of $number) != *.volume ]] ||
			printf '[Volume]\nVolumeName=data-%s\n' "$name" >$quadlets/$name.volume
		[ -z "$(pod_of $number)" ] || write_pod $number >"$quadlets/$(pod_of $number).pod"
	done
}

start_registry() {
	systemd-run --quiet --collect --unit=registry python3 -B /registry/hostile --port "${registry#*:}" \
		--data /var/tmp/registry --layout even:latest=/world/registry
	(wait_for 10 nc -z 127.0.0.1 "${registry#*:}") >/dev/null
}

stop_registry() {
	systemctl kill -s KILL registry.service 2>/dev/null
	systemctl stop registry.service 2>/dev/null
	return 0
}

load_store() {
	crunit load -q -i /world/even.tar && crunit load -q -i /world/odd.tar
}

# Those of container files.
all_units() {
	local number name
	for ((number = 0; number < containers; number++)); do
		name_of $number
		echo "$name.service"
	done
}

all_detached() {
	local number name
	for ((number = containers; number < all; number++)); do
		name_of $number
		echo "$name"
	done
}

all_pods() {
	local number
	for ((number = 8; number < containers; number += 10)); do
		pod_of $number
	done
}

# start_detached: as a person would who finds them in the list, or not. Says what cannot start.
start_detached() {
	local number name listed result=0
	listed=$(crunit ps -a --format '{{.Names}}')
	for ((number = containers; number < all; number++)); do
		name_of $number
		! systemctl is-active -q "crunit-run-$name.service" || continue
		if grep -qx "$name" <<<"$listed"; then
			timeout 120 crunit start "$name" >/dev/null || result=1
		else
			run_detached $number >/dev/null || result=1
		fi
	done
	return $result
}

# Their disk is small, and so is /run.
mount_disk() {
	mkdir -p $store
	mount -o loop /world/disk $store && rm -rf "${store:?}"/* &&
		mount -o remount,size=$run_size /run
}

make_world() {
	mount_disk || return 1
	mkdir -p /etc/containers
	printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' $registry >/etc/containers/registries.conf
	printf 'containers:300000:%d\n' $((containers * 8192)) | tee /etc/subuid >/etc/subgid
	write_files
	load_store && start_registry || return 1
	crunit volume create data-shelly
	printf 'word 0 end' | crunit secret create word -
	systemctl daemon-reload
	# what a first start makes and nobody takes away again: networks, volumes, caches
	# shellcheck disable=SC2046
	systemctl start $(all_units) && start_detached ||
		{ journalctl --no-pager -o cat -g crunit -n 30 && return 1; }
	stop_world
	take_census /var/tmp/before
	# shellcheck disable=SC2046
	systemctl start $(all_units) && start_detached
}

# Everything off: what is left is a leak, once the sweep that any start does was done.
stop_world() {
	# shellcheck disable=SC2046
	systemctl stop $(all_units)
	# shellcheck disable=SC2046
	crunit rm -f $(all_detached) >/dev/null 2>&1
	systemctl reset-failed
	crunit run --rm --network ash localhost/even:latest check >/dev/null 2>&1
	crunit run --rm --network none localhost/even:latest check >/dev/null 2>&1
	return 0
}
