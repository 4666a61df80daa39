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

test_views_ps() {
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

test_views_inspect() {
	viewed
	assert_equal "$(crunit inspect --format '{{.State.Status}}' viewed)" running
	assert_equal "$(crunit inspect -f '{{.State.Pid}} {{.Config.StopSignal}}' viewed)" "$(main_pid viewed) SIGTERM"
	assert_equal "$(crunit inspect -f '{{json .Config.Cmd}}' viewed | jq -r '.[0]')" sh
	assert_match "$(crunit inspect -f '{{.NetworkSettings.IPAddress}}' viewed)" '^10\.'
	assert_equal "$(crunit inspect --format json viewed | jq -r '.[0].Name')" viewed
	assert_match "$(crunit inspect -f '{{.State.StartedAt}}' viewed)" '^20[0-9-]+T[0-9:]+Z$'
	try crunit inspect -f '{{.State.Nothing}}' viewed
	assert_equal "$status" 125
	assert_match "$said" "there is no '.State.Nothing'"
	try crunit inspect -f '{{if .State.Running}}x{{end}}' viewed
	assert_equal "$status" 125
	assert_match "$said" 'not supported'
}
