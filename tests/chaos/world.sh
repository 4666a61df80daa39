# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# world.sh: what there is to break. Containers c000, c001, …, whose numbers decide what they have:
# a volume and a health check all of them, most a network or two with a published port, some a user
# namespace, an image of a registry, a start that waits for health. Each of them writes numbered
# records (writer.c).

quadlets=/etc/containers/systemd
store=/var/lib/crunit
acks=/var/tmp/acks
registry=127.0.0.1:5999
networks="ash elm"
run_size=256M

# name_of NUMBER: sets name.
name_of() {
	printf -v name 'c%03d' "$1"
}

# networks_of NUMBER: one a line.
networks_of() {
	case $(($1 % 6)) in
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

write_container() {
	local name network
	name_of "$1"
	echo "[Unit]"
	echo "StartLimitIntervalSec=0"
	echo "[Container]"
	echo "ContainerName=$name"
	echo "Image=$(image_of "$1")"
	[ $(($1 % 13)) != 5 ] || echo "Pull=newer"
	echo "Exec=run $name"
	[ -n "$(networks_of "$1")" ] || echo "Network=none"
	for network in $(networks_of "$1"); do
		echo "Network=$network.network"
	done
	[ -z "$(port_of "$1")" ] || echo "PublishPort=$(port_of "$1"):80"
	echo "Volume=$(volume_of "$1"):/data$([ $(($1 % 8)) != 6 ] || echo :U)"
	echo "Volume=$acks:/ack"
	[ $(($1 % 8)) != 6 ] || echo "UserNS=auto"
	[ $(($1 % 9)) != 4 ] || echo "Notify=healthy"
	echo 'HealthCmd=["/bin/writer", "check"]'
	echo "HealthInterval=2s"
	echo "StopTimeout=5"
	echo "[Service]"
	echo "Restart=$(restart_of "$1")"
	echo "RestartSec=200ms"
	echo "TimeoutStartSec=60s"
}

write_files() {
	local number name
	mkdir -p $quadlets $acks /var/tmp/registry
	printf '[Network]\nNetworkName=ash\nSubnet=10.71.0.0/16\nIPv6=true\nSubnet=fd71::/64\n' >$quadlets/ash.network
	printf '[Network]\nNetworkName=elm\nSubnet=10.72.0.0/16\n' >$quadlets/elm.network
	for ((number = 0; number < containers; number++)); do
		name_of $number
		write_container $number >$quadlets/$name.container
		[[ $(volume_of $number) != *.volume ]] ||
			printf '[Volume]\nVolumeName=data-%s\n' "$name" >$quadlets/$name.volume
		: >$acks/$name
		chmod 666 $acks/$name # whoever is root in it
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

all_units() {
	local number name
	for ((number = 0; number < containers; number++)); do
		name_of $number
		echo "$name.service"
	done
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
	systemctl daemon-reload
	# what a first start makes and nobody takes away again: networks, volumes, caches
	# shellcheck disable=SC2046
	systemctl start $(all_units) || { journalctl --no-pager -o cat -g crunit -n 30 && return 1; }
	stop_world
	take_census /var/tmp/before
	# shellcheck disable=SC2046
	systemctl start $(all_units)
}

# Everything off: what is left is a leak, once the sweep that any start does was done.
stop_world() {
	# shellcheck disable=SC2046
	systemctl stop $(all_units)
	systemctl reset-failed
	crunit run --rm --network ash localhost/even:latest check >/dev/null 2>&1
	crunit run --rm --network none localhost/even:latest check >/dev/null 2>&1
	return 0
}
