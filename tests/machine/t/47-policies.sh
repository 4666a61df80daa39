# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154,SC2034
#
# When an image is pulled, and what a unit sees of it: Pull=, .image units,
# registries.conf, policy.json, slow and dead links. The registry is the tests'
# own, on loopback.

port=5999
host=127.0.0.1:$port
registries=/etc/containers/registries.conf.d/50-test.conf
settings=/etc/crunit/crunit.conf.d/50-test.conf

leave() {
	registry_stop_all
	rm -f $registries $settings /etc/containers/policy.json
	crunit rmi -f $host/box:1 $host/box:2 localhost/made:1 >/dev/null 2>&1 || true
	crunit image prune -f >/dev/null 2>&1 || true
	# what a broken pull leaves to be continued
	rm -f /var/lib/crunit/tmp/*.part
}

# enter: everything that leave removes is from here on.
enter() {
	registry_work=$work/registry
	mkdir -p "$registry_work" ${registries%/*} ${settings%/*}
	# shellcheck source=/dev/null
	source /registry/lib.sh
	trap leave EXIT
	printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' $host >$registries
	printf '[registry]\nretry = 0\nstall-timeout = 20s\n' >$settings
}

# layout VERSION [KILOBYTES]: $work/VERSION, an OCI layout of an image that has
# /etc/version, and random bytes beside.
layout() {
	local tree=$work/tree-$1
	mkdir -p "$tree/bin" "$tree/etc"
	cp /bin/busybox "$tree/bin/busybox"
	ln -s busybox "$tree/bin/sh"
	echo "$1" >"$tree/etc/version"
	head -c "${2:-10}k" /dev/urandom >"$tree/etc/random"
	tar -C "$tree" -cf "$work/tree.tar" .
	crunit load -q -t localhost/made:1 "$work/tree.tar"
	crunit save -q --format oci-dir -o "$work/$1" localhost/made:1
	crunit rmi localhost/made:1
}

# serve VERSION [OPTION]...: that image is box:1 now.
serve() {
	local version=$1
	shift
	registry_stop_all
	hostile_start box --port $port --layout "box:1=$work/$version" "$@"
}

requests() {
	hostile_log box | grep -c '^registry ' || true
}

# box NAME [LINE]...: a container of box:1 that says its image's version, with these lines of [Container].
box() {
	local name=$1
	shift
	{
		printf '[Container]\nImage=%s/box:1\nNetwork=none\nExec=/bin/sh -c "/bin/busybox cat /etc/version; exec /bin/busybox sleep 1000"\n' $host
		[ $# = 0 ] || printf '%s\n' "$@"
	} >"$quadlets/$name.container"
	uses "$name.service"
	no_start_limit "$name"
}

# says VERSION: what box said last.
says() {
	assert_journal box "^$1\$"
	mark_journal
}

test_r10_a_start_pulls_what_is_missing() {
	local before
	enter
	layout one
	serve one
	box box
	start box
	says one
	before=$(requests)
	[ "$before" -gt 0 ] || fail "nobody asked the registry"
	systemctl restart box
	says one
	assert_equal "$(requests)" "$before" "requests after a second start"
	crunit images | grep "^$host/box  *1 " >/dev/null
}

test_r10_always() {
	enter
	layout one
	layout two
	serve one
	box box Pull=always
	start box
	says one
	serve two
	systemctl restart box
	says two
	# without a registry there is no start
	registry_stop_all
	assert_fails systemctl restart box
	assert_journal box "$host"
	assert_equal "$(prop box ExecMainStatus)" 125 "the exit status"
}

test_r10_newer() {
	local before
	enter
	layout one
	layout two
	serve one
	box box Pull=newer
	start box
	says one
	before=$(hostile_log box | grep -c '/blobs/' || true)
	systemctl restart box
	says one
	assert_equal "$(hostile_log box | grep -c '/blobs/' || true)" "$before" "blobs that were fetched"
	serve two
	systemctl restart box
	says two
	# better an old image than none
	registry_stop_all
	systemctl restart box
	says two
}

test_r10_never() {
	enter
	layout one
	serve one
	box box Pull=never
	reload
	assert_fails systemctl start box
	assert_journal box "is not in the store|no image .*--pull is never"
	assert_equal "$(requests)" 0 "requests"
	crunit pull -q $host/box:1
	systemctl start box
	says one
}

test_r10_what_is_not_there() {
	enter
	layout one
	serve one
	box box
	sed -i "s,^Image=.*,Image=$host/none:1," $quadlets/box.container
	reload
	assert_fails systemctl start box
	assert_journal box "$host"
	assert_equal "$(prop box ExecMainStatus)" 125 "the exit status"
}

test_short_names_have_aliases() {
	local before
	enter
	layout one
	serve one
	printf '[aliases]\n"boxes/mine" = "%s/box"\n' $host >>$registries
	box box
	sed -i "s,^Image=.*,Image=boxes/mine:1," $quadlets/box.container
	start box
	says one
	before=$(requests)
	systemctl restart box
	says one
	assert_equal "$(requests)" "$before" "requests after a second start"
}

test_mirrors_and_blocked_registries() {
	enter
	layout one
	serve one
	cat >$registries <<-END
		[[registry]]
		prefix = "registry.example/people"
		location = "registry.example/people"
		[[registry.mirror]]
		location = "$host"
		insecure = true
		[[registry]]
		location = "registry.example/people/bad"
		blocked = true
	END
	box box
	sed -i "s,^Image=.*,Image=registry.example/people/box:1," $quadlets/box.container
	start box
	says one
	try crunit pull registry.example/people/bad:1
	assert_equal "$status" 125 "$said"
	assert_match "$said" "$registries:7 blocks images of registry.example/people/bad"
	crunit rmi registry.example/people/box:1 || true
}

test_r10_a_slow_link_meets_no_timeout() {
	enter
	layout one 300
	serve one --rule 'GET /blobs/ drip bytes=200000 pause=0.4'
	box box '[Service]' TimeoutStartSec=3
	reload
	systemctl start --no-block box
	wait_for 10 status_text box 'box'
	status_text box '[0-9]' || fail "no progress: $(prop box StatusText)"
	wait_state box active 60
	says one
	[ "$(($(prop box ExecMainStartTimestampMonotonic) - $(prop box InactiveExitTimestampMonotonic)))" -gt 3000000 ] ||
		fail "the link was not slow"
}

# status_text UNIT PATTERN
status_text() {
	[[ $(prop "$1" StatusText) =~ $2 ]]
}

test_a_stalled_link_fails_with_the_reason() {
	enter
	layout one 300
	printf '[registry]\nretry = 0\nstall-timeout = 2s\n' >$settings
	serve one --rule 'GET /blobs/ stall at=1000'
	box box '[Service]' TimeoutStartSec=300
	reload
	SECONDS=0
	assert_fails systemctl start box
	[ $SECONDS -lt 60 ] || fail "it took $SECONDS s"
	assert_journal box "$host.*(2 s|2 seconds|stall|nothing|no data)"
	assert_equal "$(prop box Result)" exit-code
}

test_a_stop_ends_a_pull() {
	enter
	layout one 3000
	serve one --rule 'GET /blobs/ drip bytes=10000 pause=0.5'
	box box
	reload
	systemctl start --no-block box
	wait_for 10 status_text box 'box'
	SECONDS=0
	systemctl stop box
	[ $SECONDS -lt 60 ] || fail "it took $SECONDS s"
	wait_state box inactive
}

test_image_units() {
	enter
	layout one
	serve one --layout "box:2=$work/one"
	printf '[Image]\nImage=%s/box:1\nTLSVerify=false\nRetry=2\nRetryDelay=1s\nPolicy=missing\n' $host >$quadlets/first.image
	printf '[Image]\nImage=%s/box:%%i\n' $host >"$quadlets/tagged@.image"
	uses first-image.service
	uses tagged-image@2.service
	rm $registries
	box box
	sed -i 's,^Image=.*,Image=first.image,' $quadlets/box.container
	start box
	says one
	assert_equal "$(prop first-image SubState)" exited "the image's unit"
	assert_equal "$(prop first-image Type)" oneshot
	printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' $host >$registries
	box box
	sed -i 's,^Image=.*,Image=tagged@2.image,' $quadlets/box.container
	reload
	systemctl restart box
	says one
	assert_equal "$(prop tagged-image@2 ActiveState)" active
	crunit images | grep "^$host/box  *2 " >/dev/null
	# the unit fails, and so does who needs it
	crunit rmi -f $host/box:1
	systemctl stop box first-image
	registry_stop_all
	sed -i 's,^Image=.*,Image=first.image,' $quadlets/box.container
	reload
	assert_fails systemctl start box
	assert_journal first-image "$host"
}

test_an_image_unit_says_how_far_it_is() {
	enter
	layout one 300
	serve one --rule 'GET /blobs/ drip bytes=200000 pause=0.4'
	printf '[Image]\nImage=%s/box:1\n[Service]\nTimeoutStartSec=3\n' $host >$quadlets/slow.image
	uses slow-image.service
	reload
	systemctl start --no-block slow-image
	wait_for 10 status_text slow-image 'box'
	wait_state slow-image active 60
}

test_image_units_from_an_archive() {
	enter
	layout one
	crunit load -q -t localhost/made:1 "$work/tree.tar"
	crunit save -q --format docker-archive -o "$work/made.tar" localhost/made:1
	crunit rmi localhost/made:1
	printf '[Image]\nImage=docker-archive:%s/made.tar\nImageTag=localhost/made:1\n' $work >$quadlets/archive.image
	uses archive-image.service
	box box
	sed -i 's,^Image=.*,Image=archive.image,' $quadlets/box.container
	start box
	says one
	# without a unit of its own, too
	systemctl stop box archive-image
	crunit rmi localhost/made:1
	sed -i "s,^Image=.*,Image=docker-archive:$work/made.tar," $quadlets/box.container
	start box
	says one
}

test_credentials_and_certificates_of_units() {
	enter
	layout one
	rm $registries
	registry_certificates
	serve one --auth basic --user me:secret --tls "$registry_work/tls/server.crt" "$registry_work/tls/server.key"
	printf '[Image]\nImage=%s/box:1\nCreds=me:wrong\nCertDir=%s\n' $host "$registry_work/tls/trust" >$quadlets/private.image
	uses private-image.service
	reload
	assert_fails systemctl start private-image
	assert_journal private-image "$host"
	sed -i 's/wrong/secret/; s,/trust,/other,' $quadlets/private.image
	reload
	assert_fails systemctl start private-image
	assert_journal private-image 'certificate'
	sed -i 's,/other,/trust,' $quadlets/private.image
	start private-image
	crunit rmi -f $host/box:1
	# the same for a container
	box box "PodmanArgs=--creds me:secret --cert-dir $registry_work/tls/trust"
	start box
	says one
	systemctl stop box
	crunit rmi -f $host/box:1
	# and by a file
	printf '{"auths": {"%s": {"auth": "%s"}}}\n' $host "$(printf me:secret | base64)" >"$work/auth.json"
	sed -i "s,^Creds=.*,AuthFile=$work/auth.json," $quadlets/private.image
	reload
	systemctl restart private-image
}

test_what_cannot_be_is_refused() {
	enter
	layout one
	serve one
	box box PodmanArgs=--arch=s390x
	reload
	assert_fails systemctl start box
	assert_journal box 'an image for linux/s390x is asked for, and this machine is linux/'
	assert_equal "$(requests)" 0 "requests"
	printf '[Image]\nImage=%s/box:1\nDecryptionKey=/key\n' $host >$quadlets/secret.image
	uses secret-image.service
	reload
	assert_fails systemctl start secret-image
	assert_journal secret-image 'decryption-key'
	assert_equal "$(requests)" 0 "requests"
}

test_c7_policy() {
	enter
	layout one
	serve one
	box box
	cat >/etc/containers/policy.json <<-END
		{
		  "default": [{"type": "insecureAcceptAnything"}],
		  "transports": {
		    "docker": {
		      "127.0.0.1:$port": [{"type": "reject"}],
		      "127.0.0.1:$port/good": [{"type": "insecureAcceptAnything"}]
		    }
		  }
		}
	END
	reload
	assert_fails systemctl start box
	assert_journal box "$host/box:1 is refused by /etc/containers/policy.json:5"
	if hostile_log box | grep '/blobs/'; then
		fail "an image that is refused was fetched"
	fi
	sed -i 's,:5999/good,:5999/box,' /etc/containers/policy.json
	systemctl start box
	says one
	# what runs is in the store, and the policy says what comes there
	sed -i 's,insecureAcceptAnything,signedBy,' /etc/containers/policy.json
	systemctl restart box
	says one
	try crunit load -q /images/hello.tar
	assert_equal "$status" 125 "$said"
	assert_match "$said" 'asks for signatures \(signedBy\), which this version cannot check'
	try crunit pull $host/box:1
	assert_equal "$status" 125 "$said"
	assert_match "$said" 'policy.json:6.*signedBy'
}
