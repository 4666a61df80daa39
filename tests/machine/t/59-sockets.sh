# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
# timeout test_socket_idle_stop: 120
# timeout test_socket_under_load: 300
#
# Sockets of systemd for containers: started by the first connection, stopped
# when idle; and units that are there but not switched on.

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

# serve [PORT]: a server in Python, on that port or on the first socket it is given.
# It handles SIGTERM: process 1 is otherwise deaf to it, is killed, and its unit fails.
serve() {
	cat >$work/serve.py <<-END
		import os, signal, socket, sys
		signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
		print(os.environ.get("LISTEN_FDS"), os.environ.get("LISTEN_PID") == str(os.getpid()), os.environ.get("LISTEN_FDNAMES"), flush=True)
		server = socket.create_server(("127.0.0.1", ${1:-0})) if ${1:-0} else socket.socket(fileno=3)
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

# As in crunit.container(5).
test_socket_idle_stop() {
	local proxy=/usr/lib/systemd/systemd-socket-proxyd
	: >/run/test-plain-units
	trap remove_units EXIT
	[ -x $proxy ] || fail "no systemd-socket-proxyd"
	unit lazy-proxy.socket <<-'END'
		[Socket]
		ListenStream=127.0.0.1:8766
	END
	unit lazy-proxy.service <<-END
		[Unit]
		Requires=lazy.service
		After=lazy.service
		[Service]
		ExecStart=$proxy --exit-idle-time=1s 127.0.0.1:8767
	END
	serve 8767
	container lazy <<-END
		[Unit]
		StopWhenUnneeded=yes
		[Container]
		Image=localhost/python:1
		Network=host
		Volume=$work/serve.py:/serve.py:ro
		StopTimeout=1
		Exec=python3 /serve.py
	END
	reload
	systemctl start lazy-proxy.socket
	! has_state lazy active || fail "started before anybody asked"
	wait_for 5 answers 8766 'from inside'
	# nobody asks any more
	wait_state lazy-proxy.service inactive
	wait_state lazy.service inactive
	wait_for 5 answers 8766 'from inside'
}

# The client: COUNT connections to PORT in bursts of eight at once. The pauses between bursts are
# such that the server, which goes when it was idle for IDLE seconds, is now there, now just
# ending, now gone.
write_client() {
	cat >$work/client.py <<-'END'
		import socket, sys, threading, time
		port, count, idle = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
		bad = []
		def ask():
		    try:
		        with socket.create_connection(("127.0.0.1", port), 120) as connection:
		            connection.sendall(b"hello\n")
		            got = b""
		            while part := connection.recv(100):
		                got += part
		        if got != b"from inside":
		            bad.append(repr(got))
		    except OSError as error:
		        bad.append(repr(error))
		for burst in range(count // 8):
		    threads = [threading.Thread(target=ask) for _ in range(8)]
		    for thread in threads: thread.start()
		    for thread in threads: thread.join()
		    if burst % 5 == 0:
		        time.sleep(idle * (0.9 + burst % 7 / 20))
		print(len(bad), "of", count // 8 * 8, "were lost:", *bad[:5])
		sys.exit(bool(bad))
	END
}

# ask_often PORT COUNT IDLE
ask_often() {
	try timeout 280 crunit run --rm --network host -v "$work/client.py:/client.py:ro" localhost/python:1 \
		python3 /client.py "$@"
	assert_equal "$status" 0 "$said"
}

# starts_of UNIT: how often, since the test began
starts_of() {
	journal "$1" | grep -c '^listening$' || true
}

# Who listens is systemd, all the time: that the container stops when idle, or is stopped or killed,
# and starts again loses no connection and refuses none.
test_socket_under_load() {
	: >/run/test-plain-units
	trap remove_units EXIT
	write_client
	cat >$work/lazy.py <<-'END'
		import signal, socket, sys
		server = socket.socket(fileno=3)
		server.settimeout(0.1)
		over = []
		signal.signal(signal.SIGTERM, lambda *_: over.append(1))
		print("listening", flush=True)
		while not over:
		    try:
		        connection, _ = server.accept()
		    except TimeoutError:
		        break
		    connection.settimeout(60)
		    connection.recv(100)
		    connection.sendall(b"from inside")
		    connection.close()
	END
	unit lazy.socket <<-'END'
		[Socket]
		ListenStream=127.0.0.1:8768
		TriggerLimitIntervalSec=0
	END
	container lazy <<-END
		[Container]
		Image=localhost/python:1
		Network=none
		Volume=$work/lazy.py:/serve.py:ro
		Exec=python3 /serve.py
	END
	no_start_limit lazy
	reload
	systemctl start lazy.socket
	(
		# stopped by others as well, at any moment
		while [ ! -e $work/over ]; do
			sleep 0.7
			systemctl stop lazy.service
		done
	) &
	ask_often 8768 1200 0.1
	touch $work/over
	wait
	echo "measured: 1200 connections while it started $(starts_of lazy) times"
	[ "$(starts_of lazy)" -ge 5 ] || fail "it did not stop when idle"
	has_state lazy.socket active || fail "the socket is gone"
	assert_equal "$(prop lazy.service Result)" success
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
