# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# Sockets of systemd for containers: started by the first connection; and units
# that are there but not switched on.

# socket NAME: like container, for NAME.socket and other plain units.
unit() {
	sed 's/^\t*//' >"/etc/systemd/system/$1"
	uses "$1"
	echo "$1" >>/run/test-plain-units
}

remove_units() {
	local name
	while read -r name; do
		systemctl stop "$name" 2>/dev/null || true
		rm -f "/etc/systemd/system/$name"
	done </run/test-plain-units
	rm -f /run/test-plain-units
	systemctl daemon-reload
}

answers() {
	[ "$(timeout 5 socat -u "TCP:127.0.0.1:$1" - 2>/dev/null)" = "$2" ]
}

# serve: a server in Python, on the first socket it is given.
serve() {
	cat >$work/serve.py <<-END
		import os, socket
		print(os.environ.get("LISTEN_FDS"), os.environ.get("LISTEN_PID") == str(os.getpid()), os.environ.get("LISTEN_FDNAMES"), flush=True)
		server = socket.socket(fileno=3)
		while True:
		    connection, _ = server.accept()
		    connection.sendall(b"from inside")
		    connection.close()
	END
}

test_socket_is_handed_on() {
	: >/run/test-plain-units
	trap remove_units EXIT
	serve
	unit web.socket <<-'END'
		[Socket]
		ListenStream=127.0.0.1:8765
		ListenStream=/run/web.sock
		FileDescriptorName=web
	END
	container web <<-END
		[Container]
		Image=localhost/python:1
		Network=none
		Volume=$work/serve.py:/serve.py:ro
		Exec=python3 /serve.py
	END
	reload
	systemctl start web.socket
	! has_state web active || fail "started before anybody asked"
	wait_for 30 answers 8765 'from inside'
	assert_journal web '^2 True web:web$'
	# a stop is no end of the socket: the next connection starts it again
	systemctl stop web.service
	wait_for 30 answers 8765 'from inside'
}

# A generated unit cannot be enabled; a drop-in of the container file can, and so
# can a target of the administrator's.
test_unit_that_is_shipped_disabled() {
	: >/run/test-plain-units
	trap 'rm -rf /etc/containers/systemd/off.container.d /etc/systemd/system/multi-user.target.d; remove_units' EXIT
	container off <<-'END'
		[Container]
		Image=localhost/busybox:latest
		Network=none
		Exec=busybox sleep infinity
	END
	reload
	try systemctl is-enabled off
	assert_equal "$said" generated
	[ ! -e /run/systemd/generator/multi-user.target.wants/off.service ] || fail "wanted"
	# switched on
	mkdir -p $quadlets/off.container.d
	printf '[Install]\nWantedBy=multi-user.target\n' >$quadlets/off.container.d/enable.conf
	reload
	[ -e /run/systemd/generator/multi-user.target.wants/off.service ] || fail "not wanted"
	systemctl show -p Wants --value multi-user.target | grep -w off.service >/dev/null || fail "systemd does not know"
	# and off again
	rm -r $quadlets/off.container.d
	reload
	! systemctl show -p Wants --value multi-user.target | grep -w off.service >/dev/null || fail "still wanted"
	# or by a target of the administrator's
	mkdir -p /etc/systemd/system/multi-user.target.d
	printf '[Unit]\nWants=off.service\n' >/etc/systemd/system/multi-user.target.d/off.conf
	reload
	systemctl show -p Wants --value multi-user.target | grep -w off.service >/dev/null || fail "the target does not want it"
}
