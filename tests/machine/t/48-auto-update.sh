# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# AutoUpdate=: from a registry on loopback, and from the store.

registry=127.0.0.1:5757

start_registry() {
	mkdir -p $work/registry /etc/containers/registries.conf.d
	cat >$work/registry.yml <<-END
		version: 0.1
		storage: {filesystem: {rootdirectory: $work/registry}, delete: {enabled: true}}
		http: {addr: $registry}
	END
	printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' $registry >/etc/containers/registries.conf.d/50-test.conf
	uses test-registry.service
	systemd-run --quiet --unit=test-registry --collect docker-registry serve $work/registry.yml
	wait_for 10 bash -c "exec 3<>/dev/tcp/${registry/://}"
}

stop_registry() {
	systemctl stop test-registry || true
	rm -f /etc/containers/registries.conf.d/50-test.conf
}

# publish NAME TEXT [COMMAND]: an image that says so, as $registry/NAME:latest; the
# store does not keep it.
publish() {
	local tree=$work/publish
	rm -rf "$tree"
	mkdir -p "$tree"/{bin,proc,sys,dev,tmp,run}
	cp /bin/busybox "$tree/bin/"
	chroot "$tree" /bin/busybox --install -s /bin
	echo "$2" >"$tree/release"
	# what takes rights to unpack
	chown 5:6 "$tree/release"
	cp -p /bin/busybox "$tree/suid"
	chmod 4711 "$tree/suid"
	tar -C "$tree" -cf $work/publish.tar .
	crunit --root $work/publisher load -q -t "$registry/$1:latest" -c "CMD [\"/bin/sh\",\"-c\",\"${3:-cat /release; exec sleep 1000}\"]" $work/publish.tar
	crunit --root $work/publisher push -q --tls-verify=false "$registry/$1:latest"
}

updates() {
	container "$1" <<-END
		[Container]
		Image=$registry/$2:latest
		Network=none
		AutoUpdate=registry
		StopTimeout=1
		[Service]
		TimeoutStartSec=20
	END
}

# row UNIT OUTPUT: what the table says of it.
row() {
	awk -v unit="$1.service" '$1 == unit' <<<"$2" | sed 's/  */ /g'
}

invocation() {
	prop "$1" InvocationID
}

remove_images() {
	systemctl stop "$@"
	crunit images --format json | jq -r '.[].Names[]?' | grep -F $registry | xargs -r crunit rmi --force
	crunit image prune -f
}

test_a12_registry_updates_only_what_changed() {
	local one two
	start_registry
	publish app one
	publish other one
	updates app app
	updates other other
	container plain <<-END
		[Container]
		Image=$registry/app:latest
		Network=none
		StopTimeout=1
	END
	start app other plain
	assert_journal app '^one$'
	try crunit auto-update
	assert_equal "$status" 0 "$said"
	assert_match "$(row app "$said")" "^app.service [0-9a-f]{12} \(systemd-app\) $registry/app:latest registry false$"
	assert_equal "$(head -n 1 <<<"$said" | xargs)" "UNIT CONTAINER IMAGE POLICY UPDATED"
	[[ $said != *plain.service* ]] || fail "one that did not ask is listed: $said"

	publish app two
	one=$(invocation other) two=$(invocation plain)
	try crunit auto-update --dry-run
	assert_equal "$status" 0 "$said"
	assert_match "$(row app "$said")" ' pending$'
	assert_match "$(row other "$said")" ' false$'
	assert_equal "$(crunit run --rm --network none $registry/app cat /release)" one "after a dry run"
	assert_equal "$(crunit auto-update --dry-run --format '{{.Unit}} {{.Updated}}' | sort | xargs)" "app.service pending other.service false"
	try crunit auto-update --format json
	assert_equal "$status" 0 "$said"
	assert_equal "$(jq -r '.[] | select(.Unit == "app.service") | .Updated' <<<"$said")" true
	assert_equal "$(jq -r '.[] | select(.Unit == "other.service") | .Updated' <<<"$said")" false
	assert_equal "$(jq -r '.[] | select(.Unit == "app.service") | .ContainerName' <<<"$said")" systemd-app
	assert_journal app '^two$'
	assert_equal "$(invocation other)" "$one" "the other unit's invocation"
	assert_equal "$(invocation plain)" "$two" "the invocation of the one that did not ask"
	assert_match "$(row app "$(crunit auto-update)")" ' false$'
	remove_images app other plain
	stop_registry
}

test_a12_rolls_back_what_does_not_come_up() {
	start_registry
	publish app one
	updates app app
	no_start_limit app
	start app
	assert_journal app '^one$'
	publish app broken
	# nothing that could be started is in it
	mkdir -p $work/empty
	tar -C $work/empty -cf $work/publish.tar .
	crunit --root $work/publisher load -q -t "$registry/app:latest" -c 'CMD ["/not-there"]' $work/publish.tar
	crunit --root $work/publisher push -q --tls-verify=false "$registry/app:latest"
	try crunit auto-update
	assert_equal "$status" 0 "$said"
	assert_match "$(row app "$said")" ' rolled back$'
	wait_state app active
	assert_equal "$(crunit exec systemd-app cat /release)" one
	assert_equal "$(crunit run --rm --network none $registry/app cat /release)" one "what the name means"

	try crunit auto-update --rollback=false
	assert_equal "$status" 125 "$said"
	assert_match "$(row app "$said")" ' failed$'
	assert_match "$said" 'did not come up with the new image'
	has_state app active && fail "it runs all the same" || true

	# the next one that works is taken
	systemctl stop app
	crunit rmi --force $registry/app
	publish app three
	crunit pull -q $registry/app >/dev/null
	systemctl start app
	assert_journal app '^three$'
	remove_images app
	stop_registry
}

test_a12_registry_is_gone() {
	local before
	start_registry
	publish app one
	updates app app
	start app
	before=$(invocation app)
	systemctl stop test-registry
	try crunit auto-update
	assert_equal "$status" 125 "$said"
	assert_match "$(row app "$said")" ' failed$'
	assert_match "$said" 'the registry could not be asked'
	assert_equal "$(invocation app)" "$before" "the invocation"
	remove_images app
	stop_registry
}

test_a12_local_and_templates() {
	local i before
	crunit load -q -t updated /images/busybox.tar
	container worker@ <<-'END'
		[Container]
		Image=localhost/updated:latest
		Network=none
		AutoUpdate=local
		Exec=sh -c 'cat /release; exec sleep 1000'
		StopTimeout=1
	END
	mkdir -p $work/tree/bin
	cp /bin/busybox $work/tree/bin/
	chroot $work/tree /bin/busybox --install -s /bin
	echo one >$work/tree/release
	tar -C $work/tree -cf $work/updated.tar .
	crunit load -q $work/updated.tar
	no_start_limit worker@
	for i in 1 2; do
		uses "worker@$i.service"
		start "worker@$i"
	done
	echo two >$work/tree/release
	tar -C $work/tree -cf $work/updated.tar .
	crunit load -q $work/updated.tar
	before=$(invocation worker@1)
	assert_match "$(row worker@1 "$(crunit auto-update --dry-run)")" ' localhost/updated:latest local pending$'
	assert_equal "$(invocation worker@1)" "$before" "the invocation after a dry run"
	# one that is paused is no different
	crunit pause systemd-worker_1
	try crunit auto-update
	for i in 1 2; do
		assert_match "$(row "worker@$i" "$said")" ' true$'
		assert_equal "$(crunit exec "systemd-worker_$i" cat /release)" two
	done
	# nothing that could be started is in the next one
	mkdir -p $work/empty
	tar -C $work/empty -cf $work/updated.tar .
	crunit load -q $work/updated.tar
	try crunit auto-update
	assert_equal "$status" 0 "$said"
	for i in 1 2; do
		assert_match "$(row "worker@$i" "$said")" ' (rolled back|false)$'
		assert_equal "$(prop "worker@$i" ActiveState)" active "worker@$i"
		assert_equal "$(crunit exec "systemd-worker_$i" cat /release)" two
	done
	assert_match "$said" 'rolled back'
	assert_equal "$(crunit run --rm --network none localhost/updated cat /release)" two "what the name means"
	systemctl stop 'worker@*'
	crunit rmi updated
	crunit image prune -f
}

test_a12_says_what_cannot_be_updated() {
	container odd <<-'END'
		[Container]
		Image=localhost/busybox:latest
		Network=none
		Label=io.containers.autoupdate=sometimes
		Exec=sleep 1000
		StopTimeout=1
	END
	start odd
	try crunit auto-update
	assert_equal "$status" 125 "$said"
	assert_match "$said" 'systemd-odd: the label.s policy is neither registry nor local'
	systemctl stop odd
	assert_equal "$(crunit auto-update --format json | jq length)" 0
	assert_fails crunit auto-update --format yaml
}

# The service, as the timer starts it, in its sandbox.
test_a12_the_service() {
	start_registry
	publish app one
	updates app app
	start app
	assert_equal "$(systemctl is-enabled crunit-auto-update.timer || true)" disabled
	publish app two
	systemctl start crunit-auto-update.service
	assert_journal crunit-auto-update 'app.service .* true$'
	assert_equal "$(crunit exec systemd-app cat /release)" two
	# it takes images apart that come from anywhere, so it may do little else
	assert_equal "$(crunit exec systemd-app stat -c '%u:%g %a' /release /suid | xargs)" '5:6 644 0:0 4711'
	try systemd-analyze security --no-pager --threshold=25 crunit-auto-update.service
	assert_equal "$status" 0 "$(grep -v ✓ <<<"$said")"
	systemctl start crunit-auto-update.timer
	assert_match "$(prop crunit-auto-update.timer NextElapseUSecRealtime)" .
	systemctl stop crunit-auto-update.timer
	remove_images app
	stop_registry
}
