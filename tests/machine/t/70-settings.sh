# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# What a container gets by default and by key.

# box NAME LINES [SCRIPT]
box() {
	container "$1" <<-END
		[Container]
		Image=localhost/busybox:latest
		Network=none
		StopSignal=KILL
		Exec=sh -c '${3:-:}; echo done; exec sleep 1000'
		$2
	END
	start "$1"
	assert_journal "$1" '^done$'
}

test_t11_defaults() {
	local pid space
	box plain '' 'ls -d /proc/kcore /proc/keys; echo x >/proc/sys/kernel/domainname || echo read-only proc; cat /proc/keys | wc -c | sed s/^/keys:/'
	pid=$(main_pid plain)
	assert_equal "$(status_field "$pid" CapBnd)" 00000000800405fb
	assert_equal "$(status_field "$pid" CapEff)" 00000000800405fb
	assert_equal "$(status_field "$pid" CapInh)" 0000000000000000
	assert_equal "$(status_field "$pid" NoNewPrivs)" 0
	assert_equal "$(status_field "$pid" Seccomp)" 2
	for space in mnt pid ipc uts net cgroup; do
		[ "$(readlink "/proc/$pid/ns/$space")" != "$(readlink "/proc/1/ns/$space")" ] ||
			fail "the container shares the host's $space namespace"
	done
	assert_journal plain '^read-only proc$'
	assert_journal plain '^keys:0$'
	assert_match "$(grep ' /dev/shm ' "/proc/$pid/mountinfo")" 'size=64000k|size=62500k|size=65536k'
	grep -q ' /dev/mqueue ' "/proc/$pid/mountinfo" || fail "no /dev/mqueue"
	grep -q ' /sys .*ro,' "/proc/$pid/mountinfo" || fail "/sys is writable"
}

test_r7_read_only() {
	box fixed 'ReadOnly=true' \
		'touch /file || true; for d in /tmp /run /var/tmp /dev/shm; do touch $d/file && echo "$d writable"; done'
	assert_journal fixed 'Read-only file system'
	assert_journal fixed '^/tmp writable$'
	assert_journal fixed '^/run writable$'
	assert_journal fixed '^/var/tmp writable$'
	assert_journal fixed '^/dev/shm writable$'
}

test_r7_read_only_without_tmpfs() {
	box strict $'ReadOnly=true\nReadOnlyTmpfs=false' 'touch /tmp/file || echo /tmp is fixed'
	assert_journal strict '^/tmp is fixed$'
}

test_t3_a_start_begins_afresh() {
	box fresh '' 'if [ -e /mark ]; then echo found; else echo absent; fi; touch /mark'
	assert_journal fresh '^absent$'
	systemctl restart fresh
	wait_for 3 said_twice fresh '^(absent|found)$'
	! said_in_journal fresh '^found$' || fail "the file survived"
}

test_t19_keys() {
	local pid
	mkdir -p $work/ro $work/rw
	echo outside >$work/ro/file
	box many "Tmpfs=/scratch:size=3M,mode=700
		Volume=$work/ro:/ro:ro
		Volume=$work/rw:/rw
		Mount=type=bind,source=$work/ro,destination=/mounted,ro=true
		Environment=ONE=1 \"TWO=two words\"
		HostName=alpha
		ShmSize=5m
		Ulimit=nofile=123:456
		Sysctl=net.ipv4.ip_default_ttl=77
		Timezone=UTC
		PidsLimit=77
		Label=a=b
		Annotation=c=d
		Mask=/proc/cpuinfo" \
		'touch /ro/new || echo ro is fixed; touch /rw/new; cat /ro/file; cat /mounted/file; hostname; df -k /scratch | tail -n 1; ulimit -n; cat /proc/sys/net/ipv4/ip_default_ttl; wc -c </proc/cpuinfo | sed s/^/masked:/; env'
	pid=$(main_pid many)
	assert_journal many '^ro is fixed$'
	assert_equal "$(journal many | grep -c '^outside$')" 2 "files read through mounts"
	[ -e $work/rw/new ] || fail "nothing was written to the host"
	assert_journal many '^alpha$'
	assert_journal many '^tmpfs +3072'
	assert_journal many '^123$'
	assert_journal many '^77$'
	assert_journal many '^masked:0$'
	assert_journal many '^TWO=two words$'
	assert_equal "$(prop many TasksMax)" 77
	assert_match "$(grep ' /dev/shm ' "/proc/$pid/mountinfo")" 'size=5120k'
}

test_t19_one_name_for_two_units() {
	container one <<-'END'
		[Container]
		Image=localhost/hello:latest
		Network=none
		ContainerName=same
	END
	container two <<-'END'
		[Container]
		Image=localhost/hello:latest
		Network=none
		ContainerName=same
	END
	reload
	systemctl start one
	assert_fails systemctl start two
	assert_journal two 'same'
	assert_equal "$(prop one ActiveState)" active
}

test_a18_tmpfs_cpus_hostname() {
	box sized "Tmpfs=/var/atlasdata:size=64M
		PodmanArgs=--cpus=1
		HostName=probe-1" 'df -k /var/atlasdata | tail -n 1; hostname'
	assert_journal sized '^tmpfs +65536'
	assert_journal sized '^probe-1$'
	assert_equal "$(prop sized CPUQuotaPerSecUSec)" 1s
}

test_a17_t10_seccomp() {
	# allowed by architecture and argument; refused without its capability
	box filtered '' 'sleep 0.01 && echo slept; nc -l -p 1 -w 1 </dev/null || true; mount -t tmpfs none /tmp || echo no mount; unshare -m true || echo no unshare'
	assert_journal filtered '^slept$'
	assert_journal filtered '^no mount$'
	assert_journal filtered '^no unshare$'
	assert_equal "$(status_field "$(main_pid filtered)" Seccomp)" 2
}

# The second container has the filter of the first, which is kept: it allows and refuses the same.
test_seccomp_filter_is_kept() {
	local config=/run/crunit/containers/systemd-second@second/config.json entry
	rm -rf /run/crunit/cache/filters
	box first ''
	wait_for 10 has_filter
	box second '' 'sleep 0.01 && echo slept; mount -t tmpfs none /tmp || echo no mount; unshare -m true || echo no unshare'
	assert_equal "$(jq -c .linux.seccomp $config)" '{"defaultAction":"SCMP_ACT_ERRNO"}'
	assert_journal second '^slept$'
	assert_journal second '^no mount$'
	assert_journal second '^no unshare$'
	assert_equal "$(status_field "$(main_pid second)" Seccomp)" 2
	assert_equal "$(crunit exec systemd-second sed -n 's/^Seccomp:\t//p' /proc/self/status)" 2
	assert_fails crunit exec systemd-second unshare -m true
	# what its capabilities allow is another filter
	box more AddCapability=SYS_ADMIN 'mount -t tmpfs none /tmp && echo mounted'
	assert_journal more '^mounted$'
	# damaged, it is not believed, and made anew
	for entry in /run/crunit/cache/filters/*; do
		tr A B <$entry >$work/entry
		cat $work/entry >$entry
	done
	systemctl restart second
	assert_equal "$(jq '.linux.seccomp.syscalls | length > 1' $config)" true
	assert_equal "$(status_field "$(main_pid second)" Seccomp)" 2
	# an annotation of the user's own says something of filters
	systemctl restart second
	assert_equal "$(crunit run --rm --network none --annotation run.oci.seccomp_fail_unknown_syscall=0 localhost/busybox:latest sed -n 's/^Seccomp:\t//p' /proc/self/status)" 2
}

# A runtime that does not know the annotation has its filters from the profile each time.
test_seccomp_filter_of_another_runtime() {
	rm -rf /run/crunit/cache/filters
	sed 's/run\.oci\.seccomp_bpf_data/run.oci.seccomp_bpf_none/' "$(command -v crun)" >/usr/local/bin/test-crun
	chmod 755 /usr/local/bin/test-crun
	for _ in 1 2; do
		assert_equal "$(crunit --runtime /usr/local/bin/test-crun run --rm --network none localhost/busybox:latest sed -n 's/^Seccomp:\t//p' /proc/self/status)" 2
		assert_fails crunit --runtime /usr/local/bin/test-crun run --rm --network none localhost/busybox:latest unshare -m true
		assert_match "$said" 'not permitted'
	done
	! has_filter || fail "a filter is kept for it"
	rm /usr/local/bin/test-crun
}

test_seccomp_profile_is_changed() {
	local -a run=(crunit run --rm --network none --security-opt "seccomp=$work/profile.json" localhost/busybox:latest mkdir /tmp/x)
	local rule='"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95'
	rm -rf /run/crunit/cache/filters
	echo "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{$rule}]}" >$work/profile.json
	for _ in 1 2; do
		assert_fails "${run[@]}"
		assert_match "$said" 'not supported'
		wait_for 10 has_filter
	done
	sed -i s/mkdir/rmdir/ $work/profile.json
	sed -i s/mkdirat/unlinkat/ $work/profile.json
	"${run[@]}"
	"${run[@]}"
	# how it is loaded is not in the filter: by the rules each time
	rm -r /run/crunit/cache/filters
	echo "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"flags\": [\"SECCOMP_FILTER_FLAG_LOG\"], \"syscalls\": [{$rule}]}" >$work/profile.json
	for _ in 1 2; do assert_fails "${run[@]}"; done
	! has_filter || fail "a filter with flags is kept"
}

test_a17_socket_and_clock() {
	container py <<-'END'
		[Container]
		Image=localhost/python:1
		Network=none
		Exec=/usr/bin/python3 -u -c "import socket, time; [socket.socket(f, t).close() for f in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX) for t in (socket.SOCK_STREAM, socket.SOCK_DGRAM)]; time.sleep(0.01); print('sockets work')"
		[Service]
		Type=oneshot
	END
	start py
	assert_journal py '^sockets work$'
}

test_a17_seccomp_unconfined() {
	box open 'SeccompProfile=unconfined'
	assert_equal "$(status_field "$(main_pid open)" Seccomp)" 0
}

# Whether a container without a profile of its own may.
may_make_directories() {
	quick localhost/busybox:latest mkdir /tmp/x 2>/dev/null
}

test_a17_seccomp_profiles_of_the_machine() {
	local usual=/usr/share/containers/seccomp.json own=/etc/containers/seccomp.json
	mkdir -p ${usual%/*}
	# other packages bring one
	[ ! -e $usual ] || mv $usual $usual.kept
	trap 'rm -f /etc/containers/seccomp.json /usr/share/containers/seccomp.json
		[ ! -e /usr/share/containers/seccomp.json.kept ] || mv /usr/share/containers/seccomp.json.kept /usr/share/containers/seccomp.json' EXIT
	may_make_directories || fail "our own profile forbids it"
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}' >$usual
	! may_make_directories || fail "the profile in /usr/share/containers is not used"
	echo '{"defaultAction": "SCMP_ACT_ALLOW"}' >$own
	may_make_directories || fail "the profile in /etc/containers does not go before it"
	echo '{"defaultAction": 7}' >$own
	assert_fails quick localhost/busybox:latest true
	assert_match "$said" '/etc/containers/seccomp.json.*defaultAction'
}

test_a17_seccomp_profile_of_ones_own() {
	cat >$work/profile.json <<-'END'
		{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		 {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}
	END
	box own "SeccompProfile=$work/profile.json" 'mkdir /tmp/x || true'
	assert_journal own 'not supported'
}

test_c23_socket_directory_and_single_file() {
	mkdir -p $work/sockets
	echo 0123456789abcdef >$work/id
	python3 -c "
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind('$work/sockets/x')
s.listen()
c, _ = s.accept()
c.sendall(b'through the socket')
" &
	wait_for 5 test -S $work/sockets/x
	container sock <<-END
		[Container]
		Image=localhost/python:1
		Network=none
		Volume=$work/sockets:/tmp/.X11-unix
		Volume=$work/id:/etc/machine-id:ro
		Exec=/usr/bin/python3 -u -c "import socket; s = socket.socket(socket.AF_UNIX); s.connect('/tmp/.X11-unix/x'); print(s.recv(99).decode()); print(open('/etc/machine-id').read()); open('/etc/machine-id', 'w')"
		[Service]
		Restart=no
	END
	reload
	systemctl start sock || true
	assert_journal sock '^through the socket$'
	assert_journal sock '^0123456789abcdef$'
	assert_journal sock 'Read-only file system'
	wait
}

test_t3_writes_can_be_kept() {
	box kept 'PodmanArgs=--rm=false' 'if [ -e /mark ]; then echo found; else echo absent; fi; touch /mark'
	assert_journal kept '^absent$'
	systemctl restart kept
	assert_journal kept '^found$'
	# a power cut in a container's life: killed, and started again
	systemctl kill --signal=KILL --kill-who=all kept
	wait_state kept failed
	systemctl start kept
	wait_for 3 said_twice kept '^found$'
	systemctl stop kept
	crunit rm systemd-kept
}

said_twice() {
	[ "$(journal "$1" | grep -cE -- "$2")" -ge 2 ]
}
