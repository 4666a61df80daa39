# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# PodmanArgs=: options that no key of the container file has.

test_c10_args_of_many_kinds() {
	printf 'one=1\n# no\ntwo=2\n' >$work/labels
	printf '192.0.2.7 own\n' >$work/hosts
	container args <<-END
		[Container]
		Image=localhost/busybox:latest
		ContainerName=args
		Network=none
		User=4711:4712
		PodmanArgs=--label-file $work/labels --hosts-file=$work/hosts --hostuser daemon --personality=LINUX32
		PodmanArgs="--passwd-entry=app:*:\$\$UID:\$\$GID::/srv:/bin/false" --group-entry=appgroup:x:\$\$GID:
		PodmanArgs="--env-merge=PATH=/opt/bin:\$\${PATH}" --shm-size=1m --unsetenv=container --umask=0077
		PodmanArgs=--blkio-weight=500 --cpu-quota=25000 --cpu-period=50000 --timeout=3600 --oom-score-adj=77
		PodmanArgs=--cpus=0.5 --cpu-shares=512 --cpuset-cpus=0 --memory=64m --memory-swap=96m --memory-reservation=32m
		PodmanArgs=--ulimit=nofile=100:200 --tmpfs=/mem:size=64k --tz=UTC --add-host=a:192.0.2.8 --stop-signal=KILL
		Exec=/bin/busybox sleep infinity
	END
	start args
	assert_equal "$(crunit inspect args | jq -r '.[0].Config.Labels | .one + .two')" 12
	crunit exec args /bin/busybox grep -q '^192.0.2.7 own' /etc/hosts
	crunit exec args /bin/busybox grep -q '^192.0.2.8.*a$' /etc/hosts
	crunit exec args /bin/busybox grep -q '^daemon:' /etc/passwd
	crunit exec args /bin/busybox grep -q '^app:\*:4711:4712::/srv:/bin/false' /etc/passwd
	crunit exec args /bin/busybox grep -q '^appgroup:x:4712:' /etc/group
	assert_match "$(crunit exec args /bin/busybox uname -m)" '^i[3-6]86|^armv|^x86_64$'
	assert_match "$(environment_of "$(main_pid args)" | grep ^PATH=)" '^PATH=/opt/bin:/'
	assert_equal "$(cat "/proc/$(main_pid args)/oom_score_adj")" 77
	assert_equal "$(awk '/Max open files/ { print $4 }' "/proc/$(main_pid args)/limits")" 100
	assert_equal "$(crunit exec args /bin/busybox df -k /dev/shm | awk 'NR == 2 { print $2 }')" 1024
	assert_equal "$(prop args RuntimeMaxUSec)" 1h
	assert_equal "$(prop args IOWeight)" 4950
	assert_equal "$(prop args MemoryMax)" 67108864
	assert_equal "$(prop args MemorySwapMax)" 33554432
	assert_equal "$(prop args MemoryLow)" 33554432
	assert_equal "$(prop args AllowedCPUs)" 0
	assert_equal "$(prop args CPUQuotaPerSecUSec)" 500ms
}

test_args_timeout_in_the_foreground() {
	try crunit run --rm --network none --pids-limit -1 --timeout 1 localhost/busybox:latest busybox sleep 600
	assert_equal "$status" 137
}

test_args_refused_say_why() {
	container refused <<-'END'
		[Container]
		Image=localhost/busybox:latest
		Network=none
		PodmanArgs=--requires=db
	END
	reload
	assert_fails systemctl start refused
	assert_journal refused 'requires db: write Requires= and After= with its service into \[Unit\]'
	try crunit check --no-verify $quadlets/refused.container
	assert_match "$said" 'requires db: write Requires= and After='
}

test_args_privileged() {
	container boss <<-'END'
		[Container]
		Image=localhost/busybox:latest
		ContainerName=boss
		Network=none
		PodmanArgs=--privileged --pid=host --ipc=host --uts=host --cgroupns=host
		Exec=busybox sleep infinity
	END
	start boss
	assert_equal "$(status_field "$(main_pid boss)" CapEff)" "$(status_field 1 CapBnd)"
	assert_equal "$(readlink "/proc/$(main_pid boss)/ns/pid")" "$(readlink /proc/1/ns/pid)"
	assert_equal "$(readlink "/proc/$(main_pid boss)/ns/ipc")" "$(readlink /proc/1/ns/ipc)"
	assert_equal "$(readlink "/proc/$(main_pid boss)/ns/uts")" "$(readlink /proc/1/ns/uts)"
	[ -z "$(prop boss DeviceAllow)" ] || fail "devices are confined"
	try crunit exec boss busybox sh -c 'echo >/dev/full'
	assert_match "$said" 'No space left'
}
