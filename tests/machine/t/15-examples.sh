# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# The examples run as they are.

example() {
	container "$1" <"/usr/share/doc/crunit/examples/$1.container"
}

# An example's directories are not the test's own.
without() {
	rm -rf "$@"
}

test_example_hello() {
	example hello
	start hello
	assert_journal hello '^Hello from crunit$'
	systemctl stop hello
	assert_journal hello '^Goodbye$'
}

test_example_worker() {
	local i
	example worker@
	for i in 1 2 3; do uses worker@$i.service; done
	start worker@1 worker@2 worker@3
	for i in 1 2 3; do
		assert_journal worker@$i "^worker $i ready$"
	done
	assert_equal "$(status_field "$(main_pid worker@1)" CapEff)" 0000000000000000
	assert_equal "$(status_field "$(main_pid worker@1)" NoNewPrivs)" 1
}

test_example_web() {
	mkdir -p /srv/www
	echo "from the host" >/srv/www/index.html
	example web
	start web
	wait_for 5 busybox wget -q -O $work/page http://127.0.0.1:8080/
	assert_equal "$(cat $work/page)" "from the host"
	systemctl stop web
	without /srv/www
}

test_example_site() {
	cp /usr/share/doc/crunit/examples/site.volume $quadlets/
	uses site-volume.service
	example site
	start site
	wait_for 10 busybox wget -q -O $work/page http://127.0.0.1:8080/
	assert_equal "$(cat $work/page)" "served by nginx"
	echo "mine" >/var/lib/crunit/volumes/systemd-site/_data/index.html
	systemctl restart site
	rm $work/page
	wait_for 10 busybox wget -q -O $work/page http://127.0.0.1:8080/
	assert_equal "$(cat $work/page)" mine
	systemctl stop site
	crunit volume rm systemd-site
}

test_example_mtr_runner() {
	example mtr-runner
	start mtr-runner
	# ten measurements of the loopback take no time
	assert_journal mtr-runner '^wrote /data/mtr/'
	assert_equal "$(jq -r .report.received /srv/mtr/*_127-0-0-1.json)" 10
	systemctl stop mtr-runner
	without /srv/mtr
}

test_example_ripe_atlas() {
	example ripe-atlas
	start ripe-atlas
	assert_journal ripe-atlas 'probe: default ready as 101:999'
	assert_journal ripe-atlas '"cap_eff": "0000000000002000"'
	assert_equal "$(cat /etc/ripe-atlas/config.txt)" RXTXRPT=yes
	assert_equal "$(stat -c %u:%g /var/spool/ripe-atlas)" 101:999
	systemctl stop ripe-atlas
	without /etc/ripe-atlas /run/ripe-atlas /var/spool/ripe-atlas
}
