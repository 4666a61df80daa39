# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# What people see of containers: ps, inspect, stats, top, diff, cp, events, logs, system.

# viewed: a container with all that views show.
viewed() {
	container viewed <<-'END'
		[Container]
		Image=localhost/busybox:latest
		ContainerName=viewed
		PublishPort=127.0.0.1:18471:80
		Label=org.example.a=b
		Label="org.example.rude=a\x1b[31mred"
		Exec=sh -c 'trap "exit 0" TERM; echo up; while :; do sleep 0.2; done'
	END
	start viewed
	assert_journal viewed '^up$'
}

test_c3_views_ps() {
	local view id
	viewed
	view=$(crunit ps --format json | jq -c '.[0]')
	jq -e '.Unit == "viewed.service" and .UnitState == "active" and .UnitSubState == "running" and
		(.Addresses | length) >= 1 and (.Ports | length) == 1 and .StartedAt > 1700000000 and
		.Image == "localhost/busybox:latest" and (.Status | startswith("Up "))' <<<"$view" >/dev/null || fail "$view"
	crunit ps | grep -E "viewed.service +active +[0-9.]+.*18471.* viewed$" || fail "$(crunit ps)"
	assert_equal "$(crunit ps --format '{{.Names}} {{.State}} {{.UnitState}}')" "viewed running active"
	assert_match "$(crunit ps --format 'table {{.Names}}\t{{.Image}}')" $'^NAMES +IMAGE\nviewed  localhost/busybox:latest$'
	assert_fails crunit ps --format '{{range .Names}}x{{end}}'
	assert_match "$said" 'not supported.*--format json and jq'
	# escapes stay out of tables; JSON has them escaped
	[[ $(crunit ps --no-trunc; crunit ps --format 'table {{.Labels}}') != *$'\x1b'* ]] || fail "an escape got through"
	assert_match "$(crunit ps --format json)" '\\u001b'
	for filter in name=view 'name=^viewed$' label=org.example.a label=org.example.a=b ancestor=busybox \
		ancestor=localhost/busybox:latest network=crunit status=running unit=viewed 'label!=nothing'; do
		assert_equal "$(crunit ps -f "$filter" --format '{{.Names}}')" viewed "with $filter"
	done
	for filter in name=^iewed label=org.example.a=c ancestor=usybox network=other status=exited unit=x 'label!=org.example.a'; do
		assert_equal "$(crunit ps -a -f "$filter" -q)" '' "with $filter"
	done
	assert_equal "$(crunit ps -q -f name=view -f name=other -f status=running | wc -l)" 1
	assert_fails crunit ps -f nama=x
	assert_match "$said" 'did you mean name='
	id=$(crunit ps -q)
	assert_equal "$(crunit inspect -f '{{.Name}}' "$id")" viewed
	assert_equal "$(crunit exec "$id" echo by id)" 'by id'
}

# Others read it: what was there once stays, and what is there is in the manual.
inspect_is_as_documented() {
	local member
	sed -i 's/^PublishPort/HealthCmd=true\nHealthStartupCmd=true\n&/' $quadlets/viewed.container
	reload
	systemctl restart viewed
	crunit inspect viewed >$work/inspected
	sed -n '/^\.It Cm inspect$/,/^\.It Cm stats$/p' /usr/share/man/man1/crunit.1 >$work/manual
	for member in Id Name Created Image ImageName Unit Pod PodName OCIConfigPath BundlePath WritablePath Networks \
		NetworkSettings.IPAddress NetworkSettings.Ports Ports Mounts Hostname State.{Status,Running,Paused,OOMKilled,StartedAt,Pid} \
		State.{CgroupPath,Unit} State.Health.{Status,FailingStreak,Log} Config.{Env,Secrets,Cmd,WorkingDir,Tty,Image,Labels} \
		Config.{Annotations,StopSignal,StopTimeout,LogDriver,User,Healthcheck,StartupHealthCheck,HealthcheckOnFailureAction} \
		Config.{HealthLogDestination,HealthMaxLogCount,HealthMaxLogSize}; do
		jq -e --arg member $member '($member | split(".")) as $path | .[0] | getpath($path[:-1]) | has($path[-1])' \
			$work/inspected >/dev/null ||
			fail "crunit inspect has no $member any more"
	done
	for member in $(jq -r '.[0] | (keys[], (.State, .Config | keys[]))' $work/inspected); do
		grep -qw -- "$member" $work/manual || fail "$member is not in the manual"
	done
}

test_views_inspect() {
	viewed
	assert_equal "$(crunit inspect --format '{{.State.Status}}' viewed)" running
	assert_equal "$(crunit inspect -f '{{.State.Pid}} {{.Config.StopSignal}}' viewed)" "$(main_pid viewed) SIGTERM"
	assert_equal "$(crunit inspect -f '{{json .Config.Cmd}}' viewed | jq -r '.[0]')" sh
	assert_match "$(crunit inspect -f '{{.NetworkSettings.IPAddress}}' viewed)" '^10\.'
	assert_equal "$(crunit inspect --format json viewed | jq -r '.[0].Name')" viewed
	assert_match "$(crunit inspect -f '{{.State.StartedAt}}' viewed)" '^20[0-9-]+T[0-9:.]+Z$'
	inspect_is_as_documented
	try crunit inspect -f '{{.State.Nothing}}' viewed
	assert_equal "$status" 125
	assert_match "$said" "there is no '.State.Nothing'"
	try crunit inspect -f '{{if .State.Running}}x{{end}}' viewed
	assert_equal "$status" 125
	assert_match "$said" 'not supported'
}

# What lists things says it in JSON and in templates as well.
test_views_formats() {
	local words
	viewed
	crunit port --format json viewed | jq -e '. == [{Container: "viewed", ContainerPort: 80, Protocol: "tcp",
		HostIP: "127.0.0.1", HostPort: 18471}]' >/dev/null || fail "$(crunit port --format json viewed)"
	assert_equal "$(crunit port --format '{{.HostPort}}' viewed 80)" 18471
	assert_equal "$(crunit port viewed) $(crunit port viewed 80/tcp)" '80/tcp -> 127.0.0.1:18471 127.0.0.1:18471'
	assert_equal "$(crunit port --all)" $'viewed\t80/tcp -> 127.0.0.1:18471'
	assert_fails crunit port viewed 81
	assert_fails crunit port
	crunit volume create formatted >/dev/null
	while read -r words; do
		# shellcheck disable=SC2086 # they are words
		crunit $words --format json | jq -e 'type == "array" or type == "object"' >/dev/null || fail "crunit $words"
		# shellcheck disable=SC2086
		assert_fails crunit $words --format nonsense
	done <<-'END'
		ps
		images
		history localhost/busybox:latest
		image inspect localhost/busybox:latest
		inspect viewed
		stats --no-stream
		diff viewed
		port viewed
		health ls
		network ls
		network inspect crunit
		volume ls
		volume inspect formatted
		secret ls
		pod ls
		system df
		system info
		quadlet list
	END
	assert_equal "$(crunit network ls --format '{{.name}}' | grep -x crunit)" crunit
	assert_equal "$(crunit volume ls --format '{{.Name}} {{.Driver}}' | grep formatted)" 'formatted local'
	assert_match "$(crunit image inspect --format '{{.Id}}' localhost/busybox:latest)" '^[0-9a-f]{64}$'
	assert_equal "$(crunit network inspect -f '{{.driver}}' crunit)" bridge
	crunit volume rm formatted >/dev/null
}

test_views_stats() {
	local row
	viewed
	row=$(crunit stats --no-stream --format json viewed | jq -c '.[0]')
	jq -e '.Name == "viewed" and .PIDs >= 2 and .MemUsageBytes > 10000 and .MemLimitBytes > .MemUsageBytes and
		.CPUMicroseconds > 0 and (.CPUPerc | endswith("%")) and .NetInputBytes >= 0' <<<"$row" >/dev/null || fail "$row"
	assert_match "$(crunit stats --no-stream)" 'CPU %.*viewed '
	assert_equal "$(crunit stats --no-stream --format '{{.Name}} {{.ID}}')" "viewed $(crunit ps -q)"
	# again and again: two looks, no escapes where it is no terminal
	try timeout 10 sh -c "crunit stats -i 1 --format '{{.Name}}' viewed | head -n 2"
	assert_equal "$said" $'viewed\nviewed'
	assert_match "$(timeout 3 script -qec 'crunit stats -i 1' /dev/null || true)" $'\x1b\\[H\x1b\\[J'
	assert_fails crunit stats --no-stream nobody
	assert_match "$said" "no container 'nobody'"
	systemctl stop viewed
	assert_equal "$(crunit stats --no-stream --format json | jq -c .)" '[]'
	assert_fails crunit stats -i 0
}

test_views_top() {
	local pid rows
	viewed
	pid=$(main_pid viewed)
	crunit exec -u app viewed sleep 5.55 &
	wait_for 10 pgrep -f '^sleep 5.55'
	rows=$(crunit top viewed)
	assert_match "$rows" '^USER +PID +PPID +%CPU +ELAPSED +TTY +TIME +COMMAND'
	assert_match "$rows" 'root +1 +0 .* sh -c trap'
	assert_match "$rows" 'app +[0-9]+ .*sleep 5.55'
	[[ $rows != *crunit* ]] || fail "a helper of ours is shown: $rows"
	assert_match "$(crunit top viewed hpid pid comm)" "$pid +1 +sh"
	assert_equal "$(crunit top --format json viewed hpid | jq -r '.[0].hpid')" "$pid"
	assert_match "$(crunit top viewed -o pid,args)" "$pid sh -c trap"
	assert_match "$(crunit top viewed -ef)" "$pid .*sh -c trap"
	assert_equal "$(crunit top viewed -eo pid= | wc -l)" "$(crunit top viewed -o pid= | wc -l)" "processes, and all of them"
	assert_equal "$(crunit top viewed -o pid= --sort -pid | tr -d ' ' | tail -1)" "$pid"
	assert_equal "$(crunit top viewed -o pid= -e | tr -d ' ' | head -1)" "$pid"
	assert_fails crunit top viewed -u root
	assert_fails crunit top viewed -N
	assert_fails crunit top viewed -f --ppid 1
	assert_fails crunit top viewed hpdi
	assert_match "$said" "no column 'hpdi', did you mean hpid"
	pkill -f '^sleep 5.55'
	wait
}

test_views_diff() {
	local lines
	viewed
	crunit exec viewed sh -c 'echo x >/srv/new; mkdir /srv/dir; echo y >/srv/dir/in; rm /etc/group; echo z >>/etc/passwd'
	lines=$(crunit diff viewed)
	for line in 'A /srv/new' 'A /srv/dir' 'A /srv/dir/in' 'D /etc/group' 'C /etc/passwd' 'C /etc' 'C /srv'; do
		grep -qxF "$line" <<<"$lines" || fail "no '$line' in $lines"
	done
	[[ $lines != */etc/hosts* && $lines != */proc* ]] || fail "mount points are listed: $lines"
	crunit diff --format json viewed | jq -e '.added | index("/srv/dir/in") != null' >/dev/null
	assert_fails crunit diff nobody
	assert_match "$said" "no container 'nobody'"
	systemctl stop viewed
	# one that is kept, and where a directory was removed and made again
	crunit run --name kept --network none localhost/busybox:latest sh -c 'rm -r /srv; mkdir /srv; echo 1 >/srv/mark'
	crunit diff kept | grep -qx 'A /srv/mark' || fail "$(crunit diff kept)"
	[[ $(crunit diff kept) == *'D /srv/data'* ]] || fail "what an opaque directory hides is not listed"
	crunit rm kept
}

# Every way of cp, into $1 and back.
copy_both_ways() {
	local target=$1
	rm -rf $work/in $work/out
	mkdir -p $work/in/sub/deep $work/out
	echo one >$work/in/file
	echo two >$work/in/sub/deep/two
	ln -s /etc/shadow $work/in/sub/link
	chown -R 7:8 $work/in
	chmod 4750 $work/in/file
	crunit cp $work/in/file "$target:/srv"
	crunit cp $work/in/file "$target:/srv/renamed"
	crunit cp $work/in "$target:/srv/tree"
	crunit cp $work/in/. "$target:/srv/content"
	crunit cp "$target:/srv/content/sub/deep/two" $work/out/content
	crunit cp $work/in/sub "$target:/srv"
	crunit cp "$target:/srv/sub" $work/out
	crunit cp "$target:/srv/tree/." $work/out
	crunit cp "$target:srv/renamed" $work/out/back
	assert_equal "$(cat $work/out/sub/deep/two $work/out/file $work/out/back $work/out/content)" $'two\none\none\ntwo'
	assert_equal "$(readlink $work/out/sub/link)" /etc/shadow
	assert_equal "$(stat -c '%u:%g %a' $work/out/back)" "0:0 750" "owner and mode here"
	tar -C $work/in -cf - sub | crunit cp - "$target:/tmp"
	crunit cp "$target:/tmp/sub" - | tar -tf - >$work/list
	grep -qx sub/deep/two $work/list || fail "$(cat $work/list)"
	assert_fails crunit cp "$target:/no/such" $work
	assert_fails crunit cp $work/in/file "$target:/no/such/directory/"
	assert_fails crunit cp $work/in "$target:/srv/file"
	assert_match "$said" 'cannot copy the directory'
	assert_fails crunit cp $work/in $work/out
	assert_match "$said" 'CONTAINER:PATH'
	tar -C $work -cf $work/evil.tar --transform 's,in/file,../../evil,' -P in/file
	assert_fails sh -c "crunit cp - $target:/srv <$work/evil.tar"
	[ ! -e /evil ] || fail "an archive wrote outside"
}

test_views_cp() {
	viewed
	copy_both_ways viewed
	assert_equal "$(crunit exec viewed stat -c '%u:%g %a' /srv/renamed)" "0:0 4750" "owner and mode in there"
	crunit cp -a=false $work/in/file viewed:/srv/theirs
	assert_equal "$(crunit exec viewed stat -c '%u:%g' /srv/theirs)" 7:8
	# what is mounted is written to, volumes are seen
	echo 192.0.2.7 seven >$work/hosts
	crunit cp $work/hosts viewed:/etc/hosts
	assert_equal "$(crunit exec viewed cat /etc/hosts)" '192.0.2.7 seven'
	crunit exec viewed grep -q ' /etc/hosts ' /proc/self/mountinfo || fail "/etc/hosts is no mount any more"
	systemctl stop viewed
	crunit run --name kept --network none --user app localhost/busybox:latest true
	copy_both_ways kept
	crunit cp $work/in/file kept:/srv/mine
	assert_equal "$(crunit run --name kept --network none localhost/busybox:latest sh -c 'stat -c %U /srv/mine; cat /srv/tree/sub/deep/two')" \
		$'app\ntwo'
	crunit rm kept
	assert_fails crunit cp kept:/srv/mine $work
	assert_match "$said" "no container 'kept'"
}

# What is mounted is part of the way, for one that runs and for one that has ended.
test_views_cp_volumes() {
	local target
	crunit volume create cp-data >/dev/null
	mkdir -p $work/bound $work/fixed $work/out
	echo one >$work/file
	echo secret >$work/secret
	echo fixed | tee $work/bound-file >$work/fixed-file
	crunit run -d --name vols --network none -v cp-data:/data -v $work/bound:/bound -v $work/fixed:/fixed:ro -v /anonymous \
		-v $work/bound-file:/bound-file -v $work/fixed-file:/fixed-file:ro \
		localhost/busybox:latest sleep 1000 >/dev/null
	uses crunit-run-vols.service
	for target in running kept; do
		[ $target = running ] || {
			assert_equal "$(crunit exec vols grep -c ' /[a-z]*-file ' /proc/self/mountinfo)" 2 "mounts after cp"
			crunit stop -t 0 vols
		}
		crunit cp $work/file vols:/data/$target
		crunit cp $work/file vols:/bound/$target
		crunit cp $work/file vols:/anonymous/$target
		crunit cp $work/file vols:/srv/$target
		assert_equal "$(cat /var/lib/crunit/volumes/cp-data/_data/$target $work/bound/$target)" $'one\none' "in the volumes of a $target one"
		assert_fails crunit cp $work/file vols:/fixed/$target
		assert_match "$said" 'Read-only file system'
		echo $target >$work/new
		crunit cp $work/new vols:/bound-file
		assert_equal "$(cat $work/bound-file)" $target "a file of the host that is mounted, of a $target one"
		assert_fails crunit cp $work/new vols:/fixed-file
		assert_equal "$(cat $work/fixed-file)" fixed
		ln -sf $work/secret $work/bound/link-$target
		assert_fails crunit cp vols:/bound/link-$target $work/out/stolen
		crunit cp vols:/data $work/out/$target-data
		crunit cp vols:/anonymous/$target - | tar -xO >$work/out/$target
		assert_equal "$(cat $work/out/$target $work/out/$target-data/$target)" $'one\none' "out of a $target one"
		[ ! -e $work/out/stolen ] || fail "a link in a volume led to the host"
	done
	assert_equal "$(crunit inspect -f '{{json .Mounts}}' vols | jq -r '.[] | select(.Destination == "/data").Name')" cp-data
	# nothing stays mounted
	! grep -q ' /run/crunit/containers' /proc/self/mountinfo || fail "$(grep /run/crunit/containers /proc/self/mountinfo)"
	crunit start vols >/dev/null
	assert_equal "$(crunit exec vols sh -c 'ls /data /anonymous /srv' | grep -c '^kept$')" 3
	crunit rm -f vols
	crunit volume rm cp-data >/dev/null
}

# Owners are the container's on both sides, whatever they are on the host.
test_views_cp_mapped() {
	local target
	cp -a /etc/subuid /etc/subgid $work 2>/dev/null || true
	trap 'for target in subuid subgid; do cp -a $work/$target /etc 2>/dev/null || rm -f /etc/$target; done' EXIT
	echo containers:500000:4000 | tee /etc/subuid >/etc/subgid
	echo one >$work/file
	chown 7:8 $work/file
	crunit run --name ids --network none --userns auto:size=3000 --user 5:6 --rm=false localhost/busybox:latest \
		sh -c 'while [ -e /tmp/stay ]; do sleep 0.1; done'
	uses crunit-run-ids.service
	for target in kept running; do
		[ $target = kept ] || crunit start ids >/dev/null
		crunit cp $work/file ids:/tmp/stay
		crunit cp $work/file ids:/tmp/$target
		crunit cp ids:/tmp/$target $work/back-$target
		assert_equal "$(stat -c %u:%g $work/back-$target) $(cat $work/back-$target)" "0:0 one"
	done
	assert_equal "$(crunit exec ids stat -c '%u:%g' /tmp/kept /tmp/running /tmp)" $'5:6\n5:6\n0:0'
	crunit stop -t 0 ids
	# what was there is there still: cp does not make it anew
	assert_equal "$(crunit cp ids:/tmp/running - | tar -xO)" one
	crunit rm ids
	# numbers that mean something on both sides
	crunit run --rm --name both --network none --uidmap 0:1000:3000 --gidmap 0:2000:3000 --user 5:6 localhost/busybox:latest sleep 1000 &
	wait_for 20 crunit exec both true
	crunit cp $work/file both:/tmp/file
	assert_equal "$(crunit exec both stat -c '%u:%g' /tmp/file)" 5:6
	crunit stop -t 0 both
	wait || true
}

# Links of a container lead nowhere but into the container.
test_views_cp_hostile() {
	viewed
	echo secret >$work/secret
	echo theirs >$work/theirs
	crunit exec viewed sh -c "mkdir -p $work; ln -s $work/secret /srv/link; ln -s $work /srv/dir; ln -s / /srv/root;
		ln -s ../../../../../../$work/secret /srv/up; ln -s $work/made /srv/dangling"
	assert_fails crunit cp viewed:/srv/link $work/got
	assert_fails crunit cp viewed:/srv/up $work/got
	[ ! -e $work/got ] || fail "a link led to the host"
	crunit cp $work/theirs viewed:/srv/dir/put
	[ ! -e $work/put ] || fail "a link of the container's wrote to the host"
	assert_equal "$(crunit exec viewed cat $work/put)" theirs
	crunit cp $work/theirs viewed:/srv/dangling
	[ ! -e $work/made ] || fail "a dangling link wrote to the host"
	crunit cp $work/theirs viewed:/srv/root/srv/through
	assert_equal "$(crunit exec viewed cat /srv/through)" theirs
	# neither devices nor setuid bits come out
	crunit exec viewed sh -c 'mkdir /srv/odd; mknod /srv/odd/pipe p; cp /bin/busybox /srv/odd/suid; chmod 6755 /srv/odd/suid'
	crunit cp viewed:/srv/odd $work
	assert_equal "$(stat -c %a $work/odd/suid)" 755
}

# Who puts a link in place of what is just being copied does not reach the host by it.
test_views_cp_race() {
	local racer
	viewed
	echo secret >$work/secret
	chmod 600 $work/secret
	touch -d @1 $work/secret
	echo theirs >$work/theirs
	chmod 666 $work/theirs
	crunit exec viewed sh -c "while [ ! -e /srv/over ]; do ln -sf $work/secret /srv/race 2>/dev/null || true; done" &
	racer=$!
	for _ in {1..60}; do
		crunit cp $work/theirs viewed:/srv/race 2>/dev/null || true
		tar -C $work -cf - theirs --transform s/theirs/race/ | crunit cp - viewed:/srv 2>/dev/null || true
	done
	crunit exec viewed touch /srv/over
	wait $racer
	assert_equal "$(stat -c '%a %Y' $work/secret)" "600 1"
	assert_equal "$(cat $work/secret)" secret
}

# events_of NAME [OPTION]...: since the test began
events_of() {
	crunit events --no-stream --since "$since" -f container="$1" "${@:2}"
}

test_views_events() {
	local since watching filter i
	since=$(date +@%s)
	container ev <<-'END'
		[Container]
		Image=localhost/busybox:latest
		ContainerName=ev
		Network=none
		Label=org.example.a=b
		Label=other=c
		Exec=sh -c 'while [ ! -e /tmp/go ]; do sleep 0.05; done; exit 3'
	END
	timeout 60 crunit events --format '{{.Status}} {{.Name}} {{.ExitCode}}' -f container=ev >$work/watched &
	watching=$!
	start ev
	crunit exec ev touch /tmp/go
	wait_state ev failed
	wait_for 20 grep -q '^died ev 3$' $work/watched
	kill $watching
	wait $watching || true
	journalctl --sync 2>/dev/null || true
	assert_match "$(crunit events --no-stream --since "$since" -f container=ev)" \
		'Z container start ev \(unit=ev.service\).*Z container died ev \(unit=ev.service, exitCode=3\).*container failed ev'
	crunit events --stream=false --since 1h --format json -f container=ev -f event=died |
		jq -e '.Type == "container" and .Status == "died" and .ExitCode == "3" and .Unit == "ev.service" and .TimeNano > 0' >/dev/null
	assert_equal "$(crunit events --no-stream --until "$since" -f container=ev)" ''
	assert_fails crunit events --no-stream -f nonsense=1
	assert_match "$said" 'not one of container='
	assert_fails crunit events --no-stream -f labels=x
	assert_match "$said" 'did you mean label='
	# one that has ended is known by its unit, one that runs by itself
	for i in 1 2; do
		[ $i = 1 ] || systemctl restart ev
		for filter in image=busybox image=localhost/busybox:latest label=org.example.a label=org.example.a=b type=container unit=ev; do
			assert_match "$(events_of ev -f "$filter" --format '{{.Status}} {{.Image}}')" 'died localhost/busybox:latest' "$filter"
		done
		for filter in image=usybox label=org.example.a=c label=x type=pod unit=e container=e; do
			assert_equal "$(crunit events --no-stream --since "$since" -f "$filter")" '' "$filter"
		done
	done
	[ -n "$(events_of ev -f label=org.example.a -f label=other=c)" ] || fail "two labels"
	assert_equal "$(events_of ev -f label=org.example.a -f label=third)" ''
	assert_match "$(events_of ev -f event=die -f event=start --format '{{.Status}}')" $'^start\ndied\n'
	assert_match "$(crunit events --no-stream --since "$since" -f container="$(crunit inspect -f '{{.Id}}' ev | cut -c 1-12)")" ' start ev '
	systemctl reset-failed ev 2>/dev/null || true
	assert_fails crunit events --since 'last spring'
	assert_match "$said" 'neither a span of time'
	assert_equal "$(crunit logs --since 1h ev)" ''
}

# Each change of its health is one; what a container claims is none.
test_views_events_of_health() {
	local since id
	since=$(date +@%s)
	container ill <<-'END'
		[Container]
		Image=localhost/busybox:latest
		ContainerName=ill
		Network=none
		HealthCmd=test ! -e /tmp/ill
		HealthInterval=1s
		HealthRetries=1
		Exec=sleep 1000
	END
	start ill
	wait_for 20 health_events_are healthy
	crunit exec ill touch /tmp/ill
	wait_for 20 health_events_are $'healthy\nunhealthy'
	crunit exec ill rm /tmp/ill
	wait_for 20 health_events_are $'healthy\nunhealthy\nhealthy'
	events_of ill -f event=health_status --format json | jq -se '.[1] | .Type == "container" and .Status == "health_status" and
		.Name == "ill" and .HealthStatus == "unhealthy" and .Unit == "ill.service" and .Image == "localhost/busybox:latest"' >/dev/null ||
		fail "$(events_of ill --format json)"
	assert_match "$(events_of ill)" 'container health_status ill \(unit=ill.service, health_status=unhealthy\)'
	id=$(journalctl -q --since "$since" CRUNIT_HEALTH=unhealthy -o json -n 1 | jq -r .MESSAGE_ID)
	printf 'MESSAGE_ID=%s\nCONTAINER_NAME=ill\nCRUNIT_HEALTH=fine\nMESSAGE=believe me\n' "$id" >$work/entry
	forge ill
	journalctl --sync 2>/dev/null || true
	journalctl -q --since "$since" CRUNIT_HEALTH=fine | grep -q . || fail "nothing was forged"
	[[ $(events_of ill) != *fine* ]] || fail "a container was believed"
}

# In the unit's cgroup, as a process of the container's could do it that has the socket.
forge() {
	(
		echo "$BASHPID" >"/sys/fs/cgroup$(prop "$1" ControlGroup)/cgroup.procs"
		exec socat -u "FILE:$work/entry" UNIX-SENDTO:/run/systemd/journal/socket
	)
}

health_events_are() {
	[ "$(events_of ill -f event=health_status --format '{{.HealthStatus}}')" = "$1" ]
}

# Only what the container wrote, however it is asked for.
test_views_logs() {
	viewed
	[[ $(crunit logs viewed) == *up && $(crunit logs viewed) != *systemd* && $(crunit logs viewed) != *Started* ]] ||
		fail "$(crunit logs viewed)"
	[[ $(crunit logs --since 10m viewed) == *up ]] || fail "$(crunit logs --since 10m viewed)"
	assert_equal "$(crunit logs --since 2020-01-01T00:00:00Z --until 2020-01-02T00:00:00+01:00 viewed)" ''
	[[ $(crunit logs "$(crunit ps -q)") == *up ]] || fail "logs do not go by id"
	(timeout 20 crunit logs -f --tail 1 viewed || true) >$work/followed &
	crunit exec viewed sh -c 'echo later >/proc/1/fd/1'
	wait_for 15 grep -qx later $work/followed
	kill %% 2>/dev/null || true
	wait
}

test_views_system() {
	viewed
	crunit volume create v-used >/dev/null
	assert_equal "$(crunit system info --format '{{.Store.Root}} {{.Store.ContainersRunning}}')" "/var/lib/crunit 1"
	assert_match "$(crunit info)" 'Version: .*Host:.*  Kernel: .*  OCIRuntime: crun'
	crunit system df --format json | jq -e '.[0].Type == "Images" and .[0].Total >= 7 and .[0].Active == 1 and
		.[0].RawSize > .[0].RawReclaimable and .[0].RawReclaimable > 0 and .[1].Active == 1 and .[2].Total >= 1' >/dev/null
	assert_match "$(crunit system df)" '^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE'
	# prune asks, and takes away what nobody uses
	crunit run --name kept --network none localhost/busybox:latest true
	try crunit system prune </dev/null
	assert_equal "$status" 125
	assert_match "$said" 'say --force'
	assert_equal "$(crunit system prune --force | head -n 1)" kept
	[[ $(crunit ps -a --format '{{.Names}}') == viewed ]] || fail "$(crunit ps -a)"
	crunit volume exists v-used || fail "volumes are not asked for"
	crunit system prune --force --volumes
	! crunit volume exists v-used || fail "an unused volume is left"
	crunit images -q | grep -q . || fail "named images went"
}

# In a store and with units of its own; then nothing at all is left.
test_views_system_reset() {
	viewed
	crunit network create resetme
	crunit volume create v-reset
	try crunit run -d --name det --network resetme -p 127.0.0.1:18472:80 -v v-reset:/data localhost/busybox:latest sleep 1000
	assert_equal "$status" 0 "$said"
	uses crunit-run-det.service
	try crunit system reset </dev/null
	assert_equal "$status" 125
	has_state viewed active || fail "it did not wait for an answer"
	crunit system reset --force
	rm -f /run/test-images
	[ ! -e /var/lib/crunit ] && [ ! -e /run/crunit ] || fail "left: $(find /var/lib/crunit /run/crunit)"
	! nft list table inet crunit 2>/dev/null || fail "the firewall's table is left"
	[[ $(ip -o link show type bridge) != *cru* ]] || fail "$(ip -o link show type bridge)"
	! grep -E ' /(run|var/lib)/crunit' /proc/self/mountinfo || fail "mounts are left"
	[[ $(systemctl list-units --all --plain --no-legend 'crunit-run-*' 'crunit-dns@*') == '' ]] ||
		fail "$(systemctl list-units --all 'crunit-run-*' 'crunit-dns@*')"
	# and everything can begin again
	load_images
	systemctl start viewed
	assert_equal "$(crunit ps --format '{{.Names}}')" viewed
}
