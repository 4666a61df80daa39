# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# A measurement probe: few rights, an init program, a helper with a file
# capability, directories of the host.

rights='DropCapability=ALL
# one a line
AddCapability=NET_RAW
AddCapability=cap_kill
AddCapability=CAP_SETUID SETGID
AddCapability=FOWNER
AddCapability=chown
AddCapability=DAC_OVERRIDE'

probe() {
	mkdir -p $work/etc
	container probe <<-END
		[Unit]
		Description=Probe
		[Container]
		Image=localhost/probe:latest
		Network=host
		Environment=RXTXRPT=yes
		Volume=$work/etc:/etc/probe:U
		Volume=$work/spool:/var/spool/probe:U
		$rights
		$1
		[Service]
		ExecStartPre=mkdir -p $work/spool
		Restart=always
		RestartSec=10s
		[Install]
		WantedBy=multi-user.target
	END
}

test_a1_both_forms_of_the_file_convert() {
	local limit
	for limit in Memory=256m PodmanArgs=--memory=256m; do
		probe "$limit"
		reload
		try systemd-analyze verify /run/systemd/generator/probe.service
		assert_equal "$status$said" 0 "systemd-analyze with $limit"
		systemctl start probe
		assert_journal probe 'ready as 101:999'
		assert_equal "$(prop probe MemoryMax)" 268435456 "$limit"
		systemctl stop probe
	done
}

test_a2_capabilities() {
	local pid
	probe ''
	start probe
	# what the entrypoint saw, and what its init has
	assert_journal probe '^CapInh:\s*0000000000000000$'
	assert_journal probe '^CapPrm:\s*00000000000020eb$'
	assert_journal probe '^CapEff:\s*00000000000020eb$'
	assert_journal probe '^CapBnd:\s*00000000000020eb$'
	assert_journal probe '^CapAmb:\s*0000000000000000$'
	pid=$(main_pid probe)
	assert_equal "$(status_field "$pid" CapBnd)" 00000000000020eb
}

test_a5_users_lines_come_first() {
	rm -rf $work/spool
	probe ''
	# the directory is made by ExecStartPre=, before the bind mount needs it
	start probe
	assert_journal probe 'ready as 101:999'
	assert_equal "$(prop probe RestartUSec)" 10s
	assert_equal "$(prop probe Restart)" always
}

test_a5_missing_source_is_a_clear_failure() {
	container lost <<-'END'
		[Container]
		Image=localhost/hello:latest
		Network=none
		Volume=/no/such/directory:/data
	END
	reload
	assert_fails systemctl start lost
	assert_journal lost '/no/such/directory'
}

test_a6_wanted_by_makes_a_link() {
	probe ''
	reload
	[ -L /run/systemd/generator/multi-user.target.wants/probe.service ] || fail "no link"
	assert_match "$(prop multi-user.target Wants)" probe.service
}

test_a7_value_reaches_the_host() {
	probe ''
	start probe
	wait_for 5 test -s $work/etc/config.txt
	assert_equal "$(cat $work/etc/config.txt)" RXTXRPT=yes
}

test_a8_init_entrypoint_command_directory() {
	local pid
	probe 'Exec=probe other'
	start probe
	assert_journal probe '^entrypoint: probe other in /var/spool/probe$'
	assert_journal probe '^probe: other ready as 101:999$'
	pid=$(main_pid probe)
	assert_match "$(readlink "/proc/$pid/exe")" tini
	sleep 0.5
	wait_for 3 no_zombies "$pid"
	systemctl stop probe
	assert_journal probe '^probe: TERM$'
}

test_a8_entrypoint_key() {
	probe $'Entrypoint=/bin/sh\nExec=-c "echo replaced; exec sleep 1000"\nStopTimeout=1'
	start probe
	assert_journal probe '^replaced$'
}

test_a8_run_init() {
	local pid
	container init <<-'END'
		[Container]
		Image=localhost/busybox:latest
		Network=none
		RunInit=true
		Exec=sh -c '(sleep 0.2 &) ; exec sleep 1000'
		StopTimeout=1
	END
	start init
	pid=$(main_pid init)
	# the orphan ends, and is waited for
	wait_for 3 has_one_child "$pid" 'sleep 1000'
}

has_one_child() {
	[ "$(ps -o args= --ppid "$1")" = "$2" ]
}

no_zombies() {
	! ps -o stat= --ppid "$1" | grep Z >/dev/null
}

test_a9_helper_with_file_capability() {
	local root
	probe ''
	start probe
	assert_journal probe '"uid": 101'
	assert_journal probe '"euid": 102'
	assert_journal probe '"cap_eff": "0000000000002000"'
	assert_journal probe '"received": 1'
	root=/proc/$(main_pid probe)/root
	assert_equal "$(stat -c '%a %u:%g' "$root/usr/lib/probe/measure")" "4750 102:999"
	assert_match "$(getcap "$root/usr/lib/probe/measure")" 'cap_net_raw.?ep'
}

test_a9_no_new_privileges_takes_it_away() {
	probe 'NoNewPrivileges=true'
	start probe
	assert_journal probe 'probe: measuring failed'
	assert_equal "$(status_field "$(main_pid probe)" NoNewPrivs)" 1
}

test_a9_layers_hide_and_keep() {
	local root
	probe ''
	start probe
	root=/proc/$(main_pid probe)/root
	assert_equal "$(ls "$root/opt/old")" kept
	assert_equal "$(ls "$root/opt/opaque")" above
	assert_equal "$(stat -c %i "$root/opt/links/one")" "$(stat -c %i "$root/opt/links/two")" "hard link"
	assert_match "$(stat -c %y "$root/opt/links/one")" '2001-02-03 04:05:06.123456789'
	assert_equal "$(getfattr --only-values -n user.note "$root/opt/links/one" 2>/dev/null)" kept "extended attribute"
}

# Ownership is given to the container's user; a link is not followed.
test_a4_chown_of_volumes() {
	mkdir -p $work/own/deep
	touch $work/own/deep/file $work/outside
	ln -s $work/outside $work/own/link
	container own <<-END
		[Container]
		Image=localhost/busybox:latest
		Network=none
		User=1234:1234
		Volume=$work/own:/own:U
		Exec=sh -c 'touch /own/new && echo written; exec sleep 1000'
		StopTimeout=1
	END
	start own
	assert_journal own '^written$'
	assert_equal "$(stat -c %u:%g $work/own/deep/file)" 1234:1234
	assert_equal "$(stat -c %u:%g $work/outside)" 0:0 "what a link points at"
}
