# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# A measuring program in an image with nothing else, with its reports on the
# host.

runner() {
	mkdir -p $work/out
	container runner <<-END
		[Container]
		Image=localhost/runner:latest
		Network=host
		Volume=$work/out:/data/mtr
		$1
	END
}

has_files() {
	[ "$(find $work/out -name "$1" | wc -l)" -ge "$2" ]
}

test_m1_scratch_image() {
	local pid file
	runner 'AddCapability=NET_RAW'
	start runner
	assert_journal runner '^runner: interval 1, count 1, output /data/mtr$'
	for file in ls sh; do
		assert_fails crunit exec systemd-runner $file
		assert_match "$said" 'No such file or directory|not found'
	done
	pid=$(main_pid runner)
	for file in /proc/version /sys/kernel /dev/null /etc/hosts /etc/resolv.conf /etc/hostname; do
		[ -e "/proc/$pid/root$file" ] || fail "$file is not there"
	done
	assert_match "$(environment_of "$pid")" 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
}

test_m2_raw_socket_needs_its_capability() {
	local pid
	runner ''
	start runner
	assert_journal runner 'Failure to open IPv4 sockets'
	systemctl stop runner
	runner 'AddCapability=NET_RAW'
	start runner
	wait_for 5 has_files '*_127-0-0-1.json' 1
	pid=$(main_pid runner)
	assert_equal "$(status_field "$pid" CapBnd)" 00000000800425fb
}

test_m3_environment_file() {
	local pid
	cat >$work/env <<-'END'
		# a comment
		MTR_DESTINATIONS=127.0.0.1, 127.0.0.2 ,
		MTR_COUNT=3
		WITH_SPACES=one two  three

		FROM_HOST
	END
	runner "AddCapability=NET_RAW
		EnvironmentFile=$work/env
		Environment=MTR_COUNT=2"
	start runner
	# the image says 1, the file 3, the unit 2
	assert_journal runner 'count 2,'
	wait_for 5 has_files '*_127-0-0-2.json' 1
	pid=$(main_pid runner)
	assert_match "$(environment_of "$pid")" 'MTR_COUNT=2'
	assert_match "$(environment_of "$pid")" 'WITH_SPACES=one two  three'
	assert_match "$(environment_of "$pid")" 'MTR_INTERVAL=1'
	[[ $(environment_of "$pid") != *MTR_COUNT=3* ]] || fail "the file wins over the unit"
}

test_m4_reports_arrive_on_the_host() {
	local file
	runner 'AddCapability=NET_RAW'
	start runner
	wait_for 8 has_files '*_127-0-0-1.json' 3
	file=$(find $work/out -name '*.json' | sort | head -n 1)
	assert_match "$(basename "$file")" '^[0-9]{8}T[0-9]{6}Z_127-0-0-1\.json$'
	assert_equal "$(stat -c '%a %u' "$file")" "644 0"
	assert_equal "$(jq -r .report.dst "$file")" 127.0.0.1
}

# The rules of the runner's settings, as a person meets them.
test_m7_settings_are_trimmed_and_defaulted() {
	local setting expected
	while IFS='|' read -r setting expected; do
		runner "Environment=MTR_BIN=/none \"$setting\""
		no_start_limit runner
		reload
		systemctl restart runner
		assert_journal runner "$expected"
		systemctl stop runner
	done <<-'END'
		MTR_INTERVAL=  7  |interval 7,
		MTR_INTERVAL=|interval 300,
		MTR_INTERVAL=0|interval 300,
		MTR_COUNT=   |count 10,
		MTR_OUTPUT_PATH= /data/mtr |output /data/mtr$
		MTR_DESTINATIONS= , a.b:c/d ,|ERROR: measuring a.b:c/d failed
	END
}
