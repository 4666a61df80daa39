# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# Secrets: credentials of systemd on their way into containers.

# removes SECRET...: at the end of the test, whatever happens.
removes() {
	# shellcheck disable=SC2064 # now
	trap "crunit secret rm --ignore $* >/dev/null" EXIT
}

# shows NAME FORMAT FILE: stat of a file in the container
shows() {
	crunit exec "$1" busybox stat -c "$2" "$3"
}

test_secret_as_file_and_variable() {
	removes pw key s1
	printf 'pass\nword' | crunit secret create pw -
	head -c 300000 /dev/urandom >$work/key
	crunit secret create --with-key=plain key $work/key
	printf 'of instance' | crunit secret create s1 -
	[ -e /etc/credstore.encrypted/crunit-encrypted.pw ] || fail "not encrypted"
	[ -e /etc/credstore/crunit.key ] || fail "not plain"
	container box <<-'END'
		[Container]
		Image=localhost/busybox:latest
		ContainerName=box
		Network=none
		Secret=pw
		Secret=key,target=/etc/app/key.bin,uid=101,gid=102,mode=0400
		Secret=pw,type=env,target=PASSWORD
		PodmanArgs=--secret s1,mode=0640
		User=1000
		Exec=busybox sleep infinity
	END
	start box
	assert_equal "$(crunit exec box busybox cat /run/secrets/pw)" $'pass\nword'
	assert_equal "$(shows box '%a %u %g' /run/secrets/pw)" '444 0 0'
	assert_equal "$(shows box '%a %u %g' /run/secrets/s1)" '640 0 0'
	assert_equal "$(shows box '%a %u %g' /etc/app/key.bin)" '400 101 102'
	assert_fails crunit exec box busybox cat /etc/app/key.bin
	crunit exec --user 0 box busybox cat /etc/app/key.bin | cmp - $work/key
	# it cannot be written to, not even by root
	assert_fails crunit exec --user 0 box busybox sh -c 'echo x >/run/secrets/pw'
	assert_equal "$(environment_of "$(main_pid box)" | sed -n '/^PASSWORD=/,$p' | head -n 2)" $'PASSWORD=pass\nword'
	assert_equal "$(crunit exec box busybox sh -c 'printf %s "$PASSWORD"')" $'pass\nword'

	# nobody who is not root sees anything of it
	crunit inspect box >$work/inspect
	grep -q 'PASSWORD=\*\*\*\*\*\*\*' $work/inspect || fail "inspect has no PASSWORD"
	! grep -q 'word"\|nword' $work/inspect || fail "inspect tells it"
	! journalctl --quiet -b --no-pager | grep -A1 'PASSWORD=pass' || fail "the journal has it"
	[ -z "$(find /run/crunit -type f \( -perm /044 -o -path '*/secrets/*' \) -exec grep -l 'nword\|^word' {} +)" ] ||
		fail "somebody can read it in /run/crunit"
	! systemctl show box | grep -q 'pass' || fail "the unit has it"
	! tr '\0' '\n' <"/proc/$(main_pid box)/cmdline" | grep -q pass || fail "the command line has it"
	# and the host has no mount of it
	! grep -q crunit-secrets /proc/1/mountinfo || fail "mounted on the host"

	# a new value counts from the next start on
	printf new | crunit secret create --replace pw -
	systemctl restart box
	assert_equal "$(crunit exec box busybox cat /run/secrets/pw)" new
	assert_equal "$(crunit exec box busybox sh -c 'printf %s "$PASSWORD"')" new
}

test_secret_that_is_missing() {
	container lost <<-'END'
		[Container]
		Image=localhost/busybox:latest
		Network=none
		Secret=no-such
		Exec=busybox sleep infinity
	END
	reload
	assert_fails systemctl start lost
	assert_journal lost "secret no-such: there is no secret 'no-such': make it with .crunit secret create no-such FILE"
	container hostile <<-'END'
		[Container]
		Image=localhost/busybox:latest
		Network=none
		Secret=../../etc/shadow
	END
	reload
	! grep -q LoadCredential /run/systemd/generator/hostile.service || fail "a path became a credential"
	assert_fails systemctl start hostile
	assert_journal hostile "is not a secret's name"
}

test_secret_of_other_origin() {
	removes i-one shell
	# the unit's own credential, of that name
	container own <<-'END'
		[Container]
		Image=localhost/busybox:latest
		ContainerName=own
		Network=none
		Secret=token
		Exec=busybox sleep infinity
		[Service]
		SetCredential=token:from the unit
	END
	# an instance's
	printf one | crunit secret create i-one -
	container many@ <<-'END'
		[Container]
		Image=localhost/busybox:latest
		ContainerName=many-%i
		Network=none
		Secret=i-%i,type=env,target=WHICH
		Exec=busybox sleep infinity
	END
	uses many@one.service
	start own many@one
	assert_equal "$(crunit exec own busybox cat /run/secrets/token)" 'from the unit'
	assert_equal "$(crunit exec many-one busybox sh -c 'printf %s "$WHICH"')" one
	# from a shell, with a zero byte
	printf 'a\0b' | crunit secret create shell -
	assert_equal "$(crunit run --rm --network none --pids-limit -1 --secret shell localhost/busybox:latest busybox od -An -c /run/secrets/shell | tr -d ' \n')" 'a\0b'
	assert_fails crunit run --rm --network none --pids-limit -1 --secret shell,type=env localhost/busybox:latest true
	assert_match "$said" 'zero byte'
	# read-only root, and a /run of its own
	assert_equal "$(crunit run --rm --network none --pids-limit -1 --read-only --secret shell localhost/busybox:latest busybox wc -c /run/secrets/shell | awk '{ print $1 }')" 3
}

# What a command that was killed had begun to write goes with the next one that changes secrets, and
# nothing else does.
test_secret_create_killed() {
	local place
	removes half other
	mkdir -p /etc/credstore /etc/credstore.encrypted
	printf 'a value' | crunit secret create other - >/dev/null
	for place in /etc/credstore/.crunit.half /etc/credstore.encrypted/.crunit-encrypted.half /var/lib/crunit/secrets/.half.json; do
		: >$place.0123456789abcdef
		: >$place.mine
	done
	: >/etc/credstore/.mine.0123456789abcdef
	printf 'a value' | crunit secret create half - >/dev/null
	assert_equal "$(find /etc/credstore /etc/credstore.encrypted /var/lib/crunit/secrets -name '.*.0123456789abcdef')" \
		/etc/credstore/.mine.0123456789abcdef
	: >/etc/credstore/.crunit.half.0123456789abcdef
	crunit secret rm half
	assert_equal "$(find /etc/credstore /etc/credstore.encrypted /var/lib/crunit/secrets -name '.*.mine' -o -name '.*.0123456789abcdef' | sort)" \
		"/etc/credstore.encrypted/.crunit-encrypted.half.mine
/etc/credstore/.crunit.half.mine
/etc/credstore/.mine.0123456789abcdef
/var/lib/crunit/secrets/.half.json.mine"
	find /etc/credstore /etc/credstore.encrypted /var/lib/crunit/secrets -name '.*.mine' -delete
	rm /etc/credstore/.mine.0123456789abcdef
}
