# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# faults.sh: what can happen. A fault is a row of the table and a function; the function rolls all
# its dice first, says in $did what it did, and gives back what it took (a disk, a file of the
# system). What it broke it leaves broken.

# WEIGHT NAME WHAT
fault_table="
6 kill_init       kill -9 of a container's first process
6 kill_starting   kill -9 of what starts a container
4 kill_stopping   kill -9 of what stops a container
3 kill_beside     kill -9 of a log pump or a health watcher
2 kill_names      kill -9 of dnsmasq
3 kill_shell_run  kill -9 of a crunit run from a shell
4 kill_pod        kill -9 of what makes or ends a pod
4 detached        run -d, start, stop, rm from a shell, killed or not
2 kill_secret     kill -9 of what changes a secret
3 kill_view       kill -9 of a command that looks or loads
3 kill_pull       kill -9 of a registry, or of who pulls from it
1 no_secret       a container whose secret is gone starts
2 no_registry     a container whose registry is gone starts
4 stop_start      stop and start of some at once
3 paused          one is paused, or kill -9 of what does it, and ends or goes on
3 reload          systemctl daemon-reload while one starts
1 reexec          systemctl daemon-reexec while one starts
2 journald        kill -9 or restart of journald
1 network_unit    restart of a network's unit
2 pod_unit        restart of a pod's unit
1 names_unit      restart of a network's name service
2 flush_firewall  nft flush ruleset, and a start
2 full_disk       no space in the store while one starts
2 full_run        no space in /run while one starts
1 full_inodes     no inode in /run while one starts
3 few_files       EMFILE: a start with few descriptors
3 little_memory   ENOMEM: a start with little address space
3 few_in_shell    EMFILE or ENOMEM of a command from a shell
3 clock           a start with a clock that jumps by years
3 swap_program    programs are replaced while one starts
2 swap_file       a container file is rewritten, and read again
3 corrupt_blob    a blob of the store is damaged, its layer gone
6 corrupt_state   a state file is damaged, emptied, removed, or a directory
"

run_dir=/run/crunit

# choose_faults REGEX: the bag to draw from, each as often as its weight says.
choose_faults() {
	local weight name text
	while read -r weight name text; do
		[[ -n $name && $name =~ $1 ]] || continue
		what[$name]=$text
		for (( ; weight > 0; weight--)); do
			bag+=("$name")
		done
	done <<<"$fault_table"
	[ ${#bag[@]} -gt 0 ]
}

# --- helpers

# pick_container: sets name and number.
pick_container() {
	roll "$containers"
	number=$rolled
	name_of "$number"
}

# pick_pod: sets pod, and first: the number of its first container.
pick_pod() {
	roll $((containers / 10))
	first=$((rolled * 10 + 8))
	pod=$(pod_of $first)
}

# begin_pod: those of the pod.
begin_pod() {
	local name
	for number in $first $((first + 1)); do
		name_of $number
		begin start "$name"
	done
}

# pause MILLISECONDS
pause() {
	local seconds
	printf -v seconds '%d.%03d' $(($1 / 1000)) $(($1 % 1000))
	sleep "$seconds"
}

# programs_of UNIT PROGRAM: sets pids to those in its control group that execute PROGRAM. It may be
# under way from a copy of its file, and then only one of the two tells. Nothing is forked: what is
# looked for lives for milliseconds.
programs_of() {
	local file pid comm path
	path=$(command -v "$2" || echo "/usr/libexec/crunit/$2")
	pids=()
	for file in "/sys/fs/cgroup/system.slice/$1"/{,*/}cgroup.procs; do
		[ -r "$file" ] || continue
		while read -r pid; do
			read -r comm 2>/dev/null <"/proc/$pid/comm" || continue
			[ "$comm" != "$2" ] && ! [ "/proc/$pid/exe" -ef "$path" ] || pids+=("$pid")
		done 2>/dev/null <"$file"
	done
}

# kill_program UNIT PROGRAM: as soon as it is there, if it comes in time. Sets killed.
kill_program() {
	local i pids=()
	killed=none
	for ((i = 0; i < 30; i++)); do
		programs_of "$1" "$2"
		if [ ${#pids[@]} -gt 0 ]; then
			kill -KILL "${pids[@]}"
			killed=${pids[*]}
			return
		fi
		sleep 0.01
	done
}

# kill_main UNIT: sets killed.
kill_main() {
	killed=$(prop "$1" MainPID)
	if [ "$killed" -gt 1 ]; then
		kill -KILL "$killed"
	else
		killed=none
	fi
}

# tried COMMAND...: for five minutes; says in outcome what came of it.
tried() {
	local status=0
	timeout -k 5 300 "$@" >/dev/null 2>>/world/said </dev/null || status=$?
	case $status in
	0) outcome=well ;;
	124) outcome="not in time" && echo "$*: not in time" >>$late ;;
	*) outcome="status $status" ;;
	esac
}
late=/world/late

# begin VERB NAME: its job, whatever becomes of it.
begin() {
	systemctl "$1" --no-block "$2.service" 2>/dev/null
}

# limited NAME 'LINES OF [Service]': restarts it with them, and takes them back.
limited() {
	local dir=/run/systemd/system/$1.service.d
	mkdir -p "$dir"
	printf '[Service]\n%b\n' "$2" >"$dir/chaos.conf"
	systemctl daemon-reload
	tried systemctl restart "$1"
	rm -r "$dir"
	systemctl daemon-reload
	systemctl start --no-block "$1"
}

# --- processes

fault_kill_init() {
	pick_container
	kill_main "$name.service"
	did="$name: $killed"
}

fault_kill_starting() {
	pick_container
	one_of crunit crunit crunit-network crun crun crunit-log writer
	roll 80
	begin restart "$name"
	pause "$rolled"
	kill_program "$name.service" "$one"
	did="$name: $one after $rolled ms: $killed"
}

fault_kill_stopping() {
	pick_container
	one_of crunit crunit-network writer
	roll 40
	begin stop "$name"
	pause "$rolled"
	kill_program "$name.service" "$one"
	begin start "$name"
	did="$name: $one after $rolled ms: $killed"
}

fault_kill_beside() {
	pick_container
	one_of crunit-log crunit-health
	killed=none
	if [ $one = crunit-log ]; then
		kill_program "$name.service" $one
	else
		kill_main "$name-health.service"
	fi
	did="$name: $one: $killed"
}

fault_kill_names() {
	# shellcheck disable=SC2086
	one_of $networks
	kill_program "system-crunit\\x2ddns.slice/crunit-dns@$one.service" dnsmasq
	did="$one: $killed"
}

fault_kill_shell_run() {
	local pid network
	one_of none ash elm
	network=$one
	one_of crunit crunit crunit-network crun
	roll 120
	did="$one with network $network after $rolled ms"
	setsid crunit run --rm --name shelly --network "$network" --publish 19999:80 --volume data-shelly:/data \
		--volume $acks:/ack localhost/odd:latest run shelly >/dev/null 2>&1 </dev/null &
	pid=$!
	pause "$rolled"
	pkill -KILL -s $pid -x "$one" || kill -KILL $pid
	# what it left in its own session is a shell's matter, as it would be a user's
	pause 30
	crunit rm -f shelly >/dev/null 2>&1
	pkill -KILL -s $pid
	wait $pid 2>/dev/null
}

fault_kill_pod() {
	pick_pod
	one_of restart stop
	verb=$one
	one_of crunit-network crunit-network crunit
	roll 80
	begin $verb "$pod-pod"
	pause "$rolled"
	kill_program "$pod-pod.service" "$one"
	begin_pod
	did="$verb $pod: $one after $rolled ms: $killed"
}

# What was killed half-way may have made the container or not; a list tells, and start_detached()
# takes it at its word.
fault_detached() {
	local pid unit words
	roll $((all - containers))
	number=$((containers + rolled))
	name_of $number
	unit_of "$name"
	mapfile -t words < <(run_words $number)
	one_of run run start stop restart rm init
	did="$one $name"
	roll 200
	case $one in
	init) kill_main "$unit.service" && return ;;
	run) set -- run -d --replace "${words[@]}" ;;
	rm) set -- rm -f "$name" ;;
	*) set -- "$one" "$name" ;;
	esac
	if [ $rolled -ge 120 ]; then
		tried crunit "$@"
		did+=": $outcome"
		return
	fi
	setsid crunit "$@" >/dev/null 2>&1 </dev/null &
	pid=$!
	pause "$rolled"
	kill -KILL $pid 2>/dev/null
	pkill -KILL -s $pid
	wait $pid 2>/dev/null
	did+=", killed after $rolled ms"
}

# The value is the old one, or the new one.
fault_kill_secret() {
	local pid
	roll 30
	printf 'word %d end' "$step" >/run/chaos-word
	setsid crunit secret create --replace word /run/chaos-word >/dev/null 2>&1 </dev/null &
	pid=$!
	pause "$rolled"
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
	rm -f /run/chaos-word
	did="after $rolled ms"
	[[ $(crunit secret inspect --showsecret word | jq -r '.[0].SecretData') =~ ^word\ [0-9]+\ end$ ]] ||
		echo "after step $step the secret is broken" >>$late
}

fault_no_secret() {
	roll $(((containers + 3) / 7))
	name_of $((rolled * 7 + 3))
	crunit secret rm word >/dev/null 2>&1
	tried systemctl restart "$name"
	printf 'word %d end' "$step" | crunit secret create --replace word - >/dev/null ||
		echo "in step $step the secret cannot be made again" >>$late
	begin start "$name"
	did="$name: $outcome"
}

fault_kill_view() {
	local pid command
	pick_container
	roll 60
	one_of "ps -a" "inspect $name" "exec $name /bin/writer check" "stats --no-stream" images "image prune -f" \
		"load -q -i /world/odd.tar" "logs $name" "health run $name" "system df" "network ls" "volume ls" \
		"image check" "network inspect ash" "pod ls" "pod inspect p000" "secret ls"
	# shellcheck disable=SC2086
	setsid crunit $one >/dev/null 2>&1 </dev/null &
	pid=$!
	pause "$rolled"
	kill -KILL $pid 2>/dev/null
	pkill -KILL -s $pid
	wait $pid 2>/dev/null
	did="crunit $one after $rolled ms"
}

fault_kill_pull() {
	local pid what
	one_of registry crunit-image crunit
	what=$one
	roll 60
	crunit rmi -f $registry/even:latest >/dev/null 2>&1
	setsid crunit pull -q --retry 0 $registry/even:latest >/dev/null 2>&1 </dev/null &
	pid=$!
	pause "$rolled"
	case $what in
	registry) systemctl kill -s KILL registry.service ;;
	*) pkill -KILL -s $pid -x "$what" ;;
	esac
	wait $pid 2>/dev/null
	pkill -KILL -s $pid
	stop_registry
	start_registry
	crunit pull -q $registry/even:latest >/dev/null 2>&1
	did="$what after $rolled ms"
}

fault_no_registry() {
	local numbers=()
	for ((number = 5; number < containers; number += 13)); do numbers+=("$number"); done
	roll ${#numbers[@]}
	name_of "${numbers[rolled]}"
	stop_registry
	tried systemctl restart "$name"
	start_registry
	did="$name: $outcome"
}

# --- systemd

fault_stop_start() {
	local i names=()
	for ((i = 0; i < 3; i++)); do
		pick_container
		names+=("$name")
	done
	tried systemctl stop "${names[@]}"
	did="${names[*]}: stop: $outcome"
	tried systemctl start "${names[@]}"
	did+=", start: $outcome"
}

fault_paused() {
	local patience
	pick_container
	roll 12
	patience=$rolled
	one_of unpause stop restart kill
	crunit pause "$name" 2>/dev/null &
	pause "$patience"
	kill -KILL $! 2>/dev/null
	wait $! 2>/dev/null
	case $one in
	unpause) tried crunit unpause "$name" ;;
	stop) tried systemctl stop "$name" && begin start "$name" ;;
	restart) tried systemctl restart "$name" ;;
	kill) kill_main "$name.service" && outcome=$killed ;;
	esac
	did="$name for $patience ms, then $one: $outcome"
}

fault_reload() {
	pick_container
	roll 80
	begin restart "$name"
	pause "$rolled"
	tried systemctl daemon-reload
	did="$rolled ms into a restart of $name: $outcome"
}

fault_reexec() {
	pick_container
	roll 80
	begin restart "$name"
	pause "$rolled"
	tried systemctl daemon-reexec
	did="$rolled ms into a restart of $name: $outcome"
}

fault_journald() {
	one_of kill restart
	pick_container
	begin restart "$name"
	case $one in
	kill) systemctl kill -s KILL systemd-journald.service ;;
	*) tried systemctl restart systemd-journald.service ;;
	esac
	did="$one, while $name starts"
}

fault_network_unit() {
	# shellcheck disable=SC2086
	one_of $networks
	tried systemctl restart "$one-network.service"
	did="$one: $outcome"
}

fault_pod_unit() {
	pick_pod
	tried systemctl restart "$pod-pod"
	did="$pod: $outcome"
	begin_pod
}

fault_names_unit() {
	# shellcheck disable=SC2086
	one_of $networks
	tried systemctl restart "crunit-dns@$one.service"
	did="$one: $outcome"
}

fault_flush_firewall() {
	pick_container
	nft flush ruleset
	tried systemctl restart "$name"
	did="$name: $outcome"
}

# --- resources

fill() {
	local left
	left=$(df --output=avail -B 1 "$1" | tail -n 1)
	[ "$left" -le "$3" ] || fallocate -l $((left - $3)) "$2"
	cat /dev/zero >>"$2" 2>/dev/null
	[ "$3" = 0 ] || truncate -s "-$3" "$2"
}

fault_full_disk() {
	pick_container
	one_of 0 4096 65536
	fill $store $store/filler $one
	tried systemctl restart "$name"
	did="but $one bytes: $name: $outcome"
	tried crunit load -q -i /world/odd.tar
	rm -f $store/filler
	begin start "$name"
}

fault_full_run() {
	pick_container
	one_of 0 4096 16384 65536
	fill /run /run/filler $one
	tried systemctl restart "$name"
	rm -f /run/filler
	did="but $one bytes: $name: $outcome"
	systemctl daemon-reload
	begin start "$name"
}

fault_full_inodes() {
	local used
	pick_container
	roll 12
	used=$(df --output=iused /run | tail -n 1)
	mount -o "remount,nr_inodes=$((used + rolled))" /run
	tried systemctl restart "$name"
	mount -o remount,nr_inodes=0 /run
	did="but $rolled: $name: $outcome"
	systemctl daemon-reload
	begin start "$name"
}

fault_few_files() {
	pick_container
	roll 36
	limited "$name" "LimitNOFILE=$((rolled + 4))"
	did="$name with $((rolled + 4)): $outcome"
}

fault_little_memory() {
	pick_container
	roll 40
	limited "$name" "LimitAS=$((rolled + 2))M"
	did="$name with $((rolled + 2)) MiB: $outcome"
}

fault_few_in_shell() {
	local limit command
	pick_container
	one_of --nofile --as
	limit=$one
	roll 30
	case $limit in
	--nofile) limit+="=$((rolled + 3))" ;;
	*) limit+="=$(((rolled + 2) << 20))" ;;
	esac
	one_of "run --rm --network none localhost/odd:latest check" "run --rm --network ash localhost/odd:latest check" \
		"stop $name" "ps -a" "load -q -i /world/even.tar" "exec $name /bin/writer check" "inspect $name" \
		"health run $name"
	# shellcheck disable=SC2086
	tried prlimit "$limit" crunit $one
	did="crunit $one with $limit: $outcome"
	[[ $one != stop* ]] || begin start "$name"
}

fault_clock() {
	pick_container
	one_of 315360000 -315360000 3600 -7200
	limited "$name" "Environment=LD_PRELOAD=/world/clock.so CHAOS_CLOCK=$one"
	did="$name by $one s: $outcome"
}

# --- files

fault_swap_program() {
	local programs=(/usr/bin/crunit /usr/bin/crun /usr/libexec/crunit/*) program
	pick_container
	roll ${#programs[@]}
	program=${programs[rolled]}
	roll 60
	cp -p "$program" "$program.new"
	begin restart "$name"
	pause "$rolled"
	mv "$program.new" "$program"
	did="$program, $rolled ms into a restart of $name"
}

fault_swap_file() {
	pick_container
	roll 1000
	write_container "$number" | sed "s/^\[Container\]/&\nEnvironment=STEP=$rolled/" >$quadlets/.new
	mv $quadlets/.new "$quadlets/$name.container"
	systemctl daemon-reload
	one_of restart stop no
	[ $one = no ] || tried systemctl $one "$name"
	did="$name, then $one: $outcome"
	begin start "$name"
}

fault_corrupt_blob() {
	local blobs blob size
	pick_container
	mapfile -t blobs < <(find $store/blobs -type f -printf '%s %p\n' | sort -n | cut -d ' ' -f 2)
	roll ${#blobs[@]}
	blob=${blobs[rolled]}
	size=$(stat -c %s "$blob")
	roll "$size"
	printf '\377\0\377' | dd of="$blob" bs=1 seek="$rolled" conv=notrunc status=none
	one_of keep remove
	[ $one = keep ] || rm -rf $store/layers
	tried systemctl restart "$name"
	did="$(basename "$blob" | cut -c 1-12) at $rolled, layers: $one: $name: $outcome"
	# as a person would
	rm -f "$blob"
	if ! load_store >>/world/said 2>&1; then
		did+=", cannot be loaded again"
		echo "after the loss of a blob the images cannot be loaded" >>$late
	fi
	crunit pull -q $registry/even:latest >/dev/null 2>&1
	begin start "$name"
}

# What is only state. Definitions of networks and volumes, and the index of images, are what a user
# said: nobody but him can say it again. And that an address is taken, its lease alone says while its
# container runs: a start that looked into all others' files would cost more with each of them.
fault_corrupt_state() {
	local files file how
	pick_container
	mapfile -t files < <(
		find "$run_dir/containers/$name@$name" "$run_dir/network/members/$name@$name" "$run_dir/network/ports" \
			$run_dir/network/names/*/hosts/"$name@$name" $run_dir/network/names/*/dnsmasq.conf \
			$run_dir/network/names/*/forwards $store/networks/*.leases $store/idmaps -xdev -path '*/rootfs' -prune -o \
			\( -type f -o -type l \) ! -name lock ! -path "$store/networks/*.leases/*[.:]*" -print 2>/dev/null | sort
	)
	roll 1000
	[ ${#files[@]} -gt 0 ] || return 0
	file=${files[rolled % ${#files[@]}]}
	one_of garbage empty gone half directory
	how=$one
	[ ! -L "$file" ] || how=gone
	case $how in
	garbage) head -c 500 /dev/zero | tr '\0' '{' >"$file" ;;
	empty) : >"$file" ;;
	gone) rm -f "$file" ;;
	half) truncate -s $(($(stat -c %s "$file") / 2)) "$file" ;;
	directory) rm -f "$file" && mkdir "$file" && : >"$file/thing" ;;
	esac
	one_of restart stop kill no
	outcome=well
	case $one in
	kill) kill_main "$name.service" ;;
	no) ;;
	*) tried systemctl $one "$name" ;;
	esac
	did="$file: $how, then $one $name: $outcome"
	begin start "$name"
}
