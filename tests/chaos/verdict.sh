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
	systemctl list-units --all --plain --no-legend 'c[0-9]*.service' 'p[0-9]*-pod.service' 'crunit-run-d*.service' |
		awk '$3 !~ /^(active|inactive|failed)$/'
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
	systemctl show -p Id -p ActiveState -p MainPID $(all_units) $(all_detached | sed 's/.*/crunit-run-&.service/') | awk -F= '
		$1 == "Id" { id = $2; sub(/\.service$/, "", id); sub(/^crunit-run-/, "", id) } $1 == "MainPID" { pid = $2 }
		$1 == "ActiveState" { state = $2 }
		id && pid != "" && state { print id, state, pid; id = ""; pid = ""; state = "" }' | sort
}

say_active() {
	say_units | awk '$2 == "active" { print $1 }'
}

say_networked() {
	local name number
	say_active | while read -r name; do
		number_of "$name"
		[ -z "$(networks_of $number)" ] || echo "$name"
	done
}

# say_network NETWORK: who is on it: containers, and pods with theirs.
say_network() {
	local name number
	say_active | while read -r name; do
		number_of "$name"
		[[ " $(networks_of $number | xargs) " == *" $1 "* ]] || continue
		echo "$name"
		pod_of $number
	done | sort -u
}

compare() {
	diff "$@" | grep '^[<>]'
	[ "${PIPESTATUS[0]}" = 0 ]
}

check_processes() {
	local name state pid unit result=0
	while read -r name state pid; do
		unit_of "$name"
		if [ "$state" != active ]; then
			[ "$pid" = 0 ] || { echo "$name is $state and has the main process $pid" && result=1; }
			[ ! -e "$run_dir/containers/$name@$unit" ] || { echo "$name is $state and has a directory" && result=1; }
			continue
		fi
		[ "$(readlink "/proc/$pid/exe")" = /bin/writer ] || { echo "$name: $pid is no writer" && result=1; }
		grep -q "/$unit.service" "/proc/$pid/cgroup" || { echo "$name: $pid is elsewhere" && result=1; }
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
	local name unit
	compare <(say_active | while read -r name; do unit_of "$name" && echo "$unit-health.timer"; done | sort) \
		<(systemctl list-units --plain --no-legend --state=active 'c*-health.timer' | awk '{ print $1 }' | sort)
}

check_healthy() {
	local i name unit
	for ((i = 0; i < 300; i++)); do
		crunit ps --format '{{.Names}} {{.Status}}' | grep -v '(healthy)' >/run/chaos-unwell || return 0
		sleep 0.2
	done
	cat /run/chaos-unwell
	# what was said of some of them tells why
	head -n 3 /run/chaos-unwell | while read -r name _; do
		unit_of "$name"
		journalctl --no-pager -q -n 25 -o short-precise -u "$unit.service" -u "$unit-health.timer" -u "$unit-health.service"
	done
	return 1
}

check_members() {
	local network name number unit
	# pods are members whether they have a network or not: their ports and names belong to somebody
	compare <({
		for network in $networks; do say_network "$network"; done
		say_active | while read -r name; do number_of "$name" && pod_of $number; done
	} | sort -u | while read -r name; do
		unit_of "$name"
		[[ $name != p* ]] && echo "$name@$unit" || echo "@$name"
	done | sort) <(find $run_dir/network/members -type f -printf '%f\n' | sort)
}

# A pod is there as long as one of its containers.
check_pods() {
	local name number
	compare <(say_active | while read -r name; do number_of "$name" && pod_of $number; done | sort -u) \
		<(systemctl list-units --plain --no-legend --state=active 'p[0-9]*-pod.service' | sed 's/-pod.service.*//' | sort) &&
		compare <(systemctl list-units --plain --no-legend --state=active 'p[0-9]*-pod.service' | sed 's/-pod.service.*//' | sort) \
			<(crunit pod ls --noheading --format '{{.Name}}' | sort)
}

# published ports: what systemd's active units ask for, and what the firewall has
check_ports() {
	local name number
	compare <(say_networked | while read -r name; do number_of "$name" && port_of $number; done | sort) \
		<(nft list table inet crunit | grep -oE '\b2[0-9]{4} :' | tr -d ' :' | sort -u)
}

check_answers() {
	local name number port said result=0
	while read -r name; do
		number_of "$name"
		port=$(port_of $number)
		said=$(timeout 20 nc -w 10 127.0.0.1 "$port" </dev/null)
		[ "$said" = "$name" ] || { echo "$name at port $port: '$said'" && result=1; }
	done < <(say_networked)
	return $result
}

# resolve SERVER: each container's and pod's name, and the address that the server knows, if any.
resolve() {
	# shellcheck disable=SC2046
	python3 -B - "$1" $(say_units | cut -d ' ' -f 1) $(all_pods) <<-'END'
		import importlib.machinery, importlib.util, sys
		loader = importlib.machinery.SourceFileLoader("lookup", "/tests/lookup")
		lookup = importlib.util.module_from_spec(importlib.util.spec_from_loader("lookup", loader))
		loader.exec_module(lookup)
		for name in sys.argv[2:]:
		    message = lookup.question(f"{name}.dns.podman", lookup.TYPES["A"])
		    answer = lookup.ask(sys.argv[1], message, False)
		    print(name, *lookup.records(answer, lookup.TYPES["A"]))
	END
}

# Those on the network are known, with their address; others are not.
check_names() {
	local network gateway result=0
	for network in $networks; do
		[ "$network" = ash ] && gateway=10.71.0.1 || gateway=10.72.0.1
		compare <(crunit network inspect "$network" | jq -r '.[0].containers[] |
			"\(.name) \(.interfaces[].subnets[0].ipnet | sub("/.*"; ""))"' | grep -E ' 10[.]7[12]' | sort) \
			<(resolve $gateway | grep -F . | sort) || result=1
		compare <(crunit network inspect "$network" | jq -r '.[0].containers[].name' | sort) \
			<(say_network "$network") || result=1
	done
	return $result
}

check_links() {
	local network name number expected result=0 bridge
	for network in $networks; do
		expected=$(say_network "$network" | while read -r name; do
			number_of "$name"
			[[ $name != p* && -n $(pod_of $number) ]] || echo "$name"
		done | wc -l)
		bridge=$(crunit network inspect $network | jq -r '.[0].network_interface')
		number=$(ip -o link show master "$bridge" | wc -l)
		[ "$number" = "$expected" ] || { echo "$network has $number links, $expected containers" && result=1; }
	done
	return $result
}

# Whole, as a file and as a variable: any of the values that were ever given.
check_secrets() {
	local name state pid number said result=0
	while read -r name state pid; do
		number_of "$name"
		[ "$state" = active ] && has_secret $number || continue
		said="$(crunit exec "$name" /bin/writer show /run/secrets/word 2>&1), $(tr '\0' '\n' <"/proc/$pid/environ" | grep '^WORD=')"
		[[ $said =~ ^word\ [0-9]+\ end,\ WORD=word\ [0-9]+\ end$ ]] || { echo "$name: $said" && result=1; }
	done < <(say_units)
	return $result
}

# --- and afterwards

check_start_all() {
	local name unit
	# shellcheck disable=SC2046
	timeout 300 systemctl start $(all_units) >/dev/null || true
	start_detached
	come_to_rest
	say_units | grep -v ' active ' || return 0
	for name in $(say_units | awk '$2 != "active" { print $1 }' | head -n 5); do
		unit_of "$name"
		journalctl --no-pager -q -n 4 -o cat -u "$unit"
	done
	return 1
}

check_records() {
	local number name result=0 said
	for ((number = 0; number < all; number++)); do
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
	verdict "pods are there for their containers" check_pods
	verdict "links are those of containers that are up" check_links
	verdict "all start again" check_start_all
	verdict "all are healthy" check_healthy
	verdict "all are listed" check_list
	verdict "each has its health's units" check_health_units
	verdict "published ports are those of all" check_ports
	verdict "each answers at its port" check_answers
	verdict "names are those of all" check_names
	verdict "secrets are whole" check_secrets
	stop_world
	verdict "no record is lost" check_records
	verdict "the store is whole" check_store
	verdict "nothing is left behind" check_census
	echo "1..$verdicts"
	echo "# chaos: $((verdicts - wrong)) passed, $wrong failed"
	[ $wrong = 0 ]
}
