# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# A registry that wants to know who we are: what root logs in with, units start
# with.

# private_registry: Debian's, with TLS of its own authority, a password, and the
# image hello:1; its name is $distribution_host.
private_registry() {
	registry_work=$work/registry
	mkdir -p "$registry_work"
	# shellcheck source=tests/registry/lib.sh
	source /registry/lib.sh
	distribution_start private tls basic
	certificates=/etc/containers/certs.d/$distribution_host
	mkdir -p "$certificates"
	cp "$registry_work/tls/trust/ca.crt" "$certificates"
	crunit push --quiet --creds alice:secret localhost/hello:latest "docker://$distribution_host/team/hello:1"
}

forget_registry() {
	registry_stop_all
	rm -rf /etc/containers/certs.d /run/containers/0
	crunit rmi "$distribution_host/team/hello:1" >/dev/null 2>&1 || true
}

test_r9_login_is_for_units() {
	private_registry
	container hello <<-END
		[Container]
		Image=$distribution_host/team/hello:1
		Network=none
	END
	reload
	assert_fails systemctl start hello
	assert_journal hello "$distribution_host.*not authorised \(401\)"
	assert_fails crunit login -u alice --password-stdin "$distribution_host" <<<wrong
	assert_match "$said" 'not authorised \(401\)'
	[ ! -e /run/containers/0/auth.json ] || fail "a wrong password is kept"
	crunit login -u alice --password-stdin "$distribution_host" <<<secret
	assert_equal "$(stat -c %a:%u /run/containers/0/auth.json)" 600:0
	systemctl reset-failed hello
	systemctl start hello
	assert_journal hello 'Hello from crunit'
	assert_equal "$(crunit login --get-login "$distribution_host")" alice
	systemctl stop hello
	crunit logout "$distribution_host"
	crunit rmi "$distribution_host/team/hello:1"
	assert_fails systemctl start hello
	assert_journal hello 'not authorised \(401\)'
	systemctl reset-failed hello
	forget_registry
}

test_r9_unknown_authority_is_refused() {
	private_registry
	rm -r "$certificates"
	container hello <<-END
		[Container]
		Image=$distribution_host/team/hello:1
		Network=none
	END
	reload
	assert_fails systemctl start hello
	assert_journal hello "$distribution_host.*certificate"
	printf '[[registry]]\nlocation="%s"\ninsecure=true\n' "$distribution_host" >/etc/containers/registries.conf
	crunit login -u alice --password-stdin "$distribution_host" <<<secret
	systemctl reset-failed hello
	systemctl start hello
	assert_journal hello 'Hello from crunit'
	systemctl stop hello
	rm /etc/containers/registries.conf
	forget_registry
}
