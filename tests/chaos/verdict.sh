# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# verdict.sh: what has to be true after it all.

verdicts=0 wrong=0

# verdict WHAT COMMAND...: true where the command says nothing and succeeds.
verdict() {
	local about=$1 said status=0
	shift
	verdicts=$((verdicts + 1))
	note "$about"
	said=$("$@" 2>&1) || status=$?
	if [ $status = 0 ] && [ -z "$said" ]; then
		echo "ok $verdicts - chaos: $about"
	else
		wrong=$((wrong + 1))
		echo "not ok $verdicts - chaos: $about"
		head -n 40 <<<"$said" | sed 's/^/# /'
	fi
}

# --- at rest: nothing is under way any more

busy_units() {
	systemctl list-jobs --no-legend --plain
	systemctl list-units --all --plain --no-legend 'c[0-9]*.service' | awk '$3 !~ /^(active|inactive|failed)$/'
}

# Says what is still busy in the end.
come_to_rest() {
	local i calm=0
	for ((i = 0; i < 600; i++)); do
		calm=$((calm + 1))
		[ -z "$(busy_units)" ] || calm=0
		[ $calm -lt 3 ] || return 0
		sleep 0.2
	done
	busy_units
	return 1
}

# --- each container is what systemd says

# What systemd says, for all: NAME STATE PID, by one call.
say_units() {
	# shellcheck disable=SC2046
	systemctl show -p Id -p ActiveState -p MainPID $(all_units) | awk -F= '
		$1 == "Id" { id = $2; sub(/\.service$/, "", id) } $1 == "MainPID" { pid = $2 }
		$1 == "ActiveState" { state = $2 }
		id && pid != "" && state { print id, state, pid; id = ""; pid = ""; state = "" }' | sort
}

say_active() {
	say_units | awk '$2 == "active" { print $1 }'
}

say_networked() {
	local name
	say_active | while read -r name; do
		[ -z "$(networks_of "$((10#${name#c}))")" ] || echo "$name"
	done
}

compare() {
	diff "$@" | grep '^[<>]'
	[ "${PIPESTATUS[0]}" = 0 ]
}

check_processes() {
	local name state pid result=0
	while read -r name state pid; do
		if [ "$state" != active ]; then
			[ "$pid" = 0 ] || { echo "$name is $state and has the main process $pid" && result=1; }
			[ ! -e "$run_dir/containers/$name@$name" ] || { echo "$name is $state and has a directory" && result=1; }
			continue
		fi
		[ "$(readlink "/proc/$pid/exe")" = /bin/writer ] || { echo "$name: $pid is no writer" && result=1; }
		grep -q "/$name.service" "/proc/$pid/cgroup" || { echo "$name: $pid is elsewhere" && result=1; }
	done < <(say_units)
	return $result
}

check_list() {
	compare <(say_active) <(crunit ps --format '{{.Names}}' | sort)
}

check_inspected() {
	local name state pid result=0
	while read -r name state pid; do
		[ "$state" = active ] || continue
		[ "$(crunit inspect -f '{{.State.Pid}}' "$name" 2>&1)" = "$pid" ] ||
			{ echo "$name: $(crunit inspect -f '{{.State.Pid}}' "$name" 2>&1), not $pid" && result=1; }
	done < <(say_units)
	return $result
}

# Each process of ours is one of an active unit.
check_strays() {
	local pid exe unit active result=0
	active=$(systemctl list-units --plain --no-legend --state=active '*.service' | awk '{ print $1 }')
	for pid in /proc/[0-9]*; do
		exe=$(readlink "$pid/exe") || continue
		case $exe in
		*/crunit* | */crun | */crun\ * | */dnsmasq* | /bin/writer*) ;;
		*) continue ;;
		esac
		unit=$(sed -n 's/^0:://p' "$pid/cgroup" | grep -o '[^/]*\.service' | head -n 1)
		[[ $active =~ (^|$'\n')"$unit"($|$'\n') ]] || { echo "${pid#/proc/} $exe in '$unit'" && result=1; }
	done
	return $result
}

check_health_units() {
	compare <(say_active | sed 's/$/-health.timer/') \
		<(systemctl list-units --plain --no-legend --state=active 'c*-health.timer' | awk '{ print $1 }' | sort)
}

check_healthy() {
	local i
	for ((i = 0; i < 300; i++)); do
		crunit ps --format '{{.Names}} {{.Status}}' | grep -v '(healthy)' >/run/chaos-unwell || return 0
		sleep 0.2
	done
	cat /run/chaos-unwell
	return 1
}

check_members() {
	compare <(say_networked | sed 's/.*/&@&/') <(find $run_dir/network/members -type f -printf '%f\n' | sort)
}

# published ports: what systemd's active units ask for, and what the firewall has
check_ports() {
	local name
	compare <(say_networked | while read -r name; do port_of "$((10#${name#c}))"; done | sort) \
		<(nft list table inet crunit | grep -oE '\b2[0-9]{4} :' | tr -d ' :' | sort -u)
}

check_answers() {
	local name port said result=0
	while read -r name; do
		port=$(port_of "$((10#${name#c}))")
		said=$(timeout 20 nc -w 10 127.0.0.1 "$port" </dev/null)
		[ "$said" = "$name" ] || { echo "$name at port $port: '$said'" && result=1; }
	done < <(say_networked)
	return $result
}

# resolve SERVER: each container's name, and the address that the server knows, if any.
resolve() {
	python3 -B - "$1" "$containers" <<-'END'
		import importlib.machinery, importlib.util, sys
		loader = importlib.machinery.SourceFileLoader("lookup", "/tests/lookup")
		lookup = importlib.util.module_from_spec(importlib.util.spec_from_loader("lookup", loader))
		loader.exec_module(lookup)
		for i in range(int(sys.argv[2])):
		    message = lookup.question(f"c{i:03}.dns.podman", lookup.TYPES["A"])
		    answer = lookup.ask(sys.argv[1], message, False)
		    print(f"c{i:03}", *lookup.records(answer, lookup.TYPES["A"]))
	END
}

# Those on the network are known, with their address; others are not.
check_names() {
	local network gateway name result=0
	for network in $networks; do
		[ "$network" = ash ] && gateway=10.71.0.1 || gateway=10.72.0.1
		compare <(crunit network inspect "$network" | jq -r '.[0].containers[] |
			"\(.name) \(.interfaces[].subnets[0].ipnet | sub("/.*"; ""))"' | grep -E ' 10[.]7[12]' | sort) \
			<(resolve $gateway | grep -F . | sort) || result=1
		compare <(crunit network inspect "$network" | jq -r '.[0].containers[].name' | sort) \
			<(say_networked | while read -r name; do
				! networks_of "$((10#${name#c}))" | grep -qx "$network" || echo "$name"
			done) || result=1
	done
	return $result
}

check_links() {
	local network name number expected result=0 bridge
	for network in $networks; do
		expected=$(say_networked | while read -r name; do networks_of "$((10#${name#c}))" | grep -x $network; done | wc -l)
		bridge=$(crunit network inspect $network | jq -r '.[0].network_interface')
		number=$(ip -o link show master "$bridge" | wc -l)
		[ "$number" = "$expected" ] || { echo "$network has $number links, $expected containers" && result=1; }
	done
	return $result
}

# --- and afterwards

check_start_all() {
	local name
	# shellcheck disable=SC2046
	timeout 300 systemctl start $(all_units) >/dev/null || true
	come_to_rest
	say_units | grep -v ' active ' || return 0
	for name in $(say_units | awk '$2 != "active" { print $1 }' | head -n 5); do
		journalctl --no-pager -q -n 4 -o cat -u "$name"
	done
	return 1
}

check_records() {
	local number name result=0 said
	for ((number = 0; number < containers; number++)); do
		name_of $number
		said=$(/world/writer verify $name $store/volumes/data-$name/_data/records $acks/$name) ||
			{ echo "$said" && result=1; }
	done
	return $result
}

check_store() {
	local said
	said=$(crunit image check 2>&1) || { echo "$said" && return 1; }
}

# What nobody could wait for.
check_late() {
	[ ! -s $late ] || { cat $late && return 1; }
}

check_census() {
	local i
	for ((i = 0; i < 50; i++)); do
		take_census /var/tmp/after
		diff -r /var/tmp/before /var/tmp/after >/run/chaos-left && return 0
		sleep 0.2
	done
	cat /run/chaos-left
	return 1
}

give_verdict() {
	verdict "all comes to rest" come_to_rest
	verdict "no command hung" check_late
	verdict "main processes are what systemd says" check_processes
	verdict "crunit ps lists what systemd says" check_list
	verdict "crunit inspect knows what systemd says" check_inspected
	verdict "no process of ours is astray" check_strays
	verdict "who is on networks is up" check_members
	verdict "links are those of containers that are up" check_links
	verdict "all start again" check_start_all
	verdict "all are healthy" check_healthy
	verdict "all are listed" check_list
	verdict "each has its health's units" check_health_units
	verdict "published ports are those of all" check_ports
	verdict "each answers at its port" check_answers
	verdict "names are those of all" check_names
	stop_world
	verdict "no record is lost" check_records
	verdict "the store is whole" check_store
	verdict "nothing is left behind" check_census
	echo "1..$verdicts"
	echo "# chaos: $((verdicts - wrong)) passed, $wrong failed"
	[ $wrong = 0 ]
}
