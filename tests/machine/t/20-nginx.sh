# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# Debian's nginx: workers, a signal of its own to stop, logs that are opened by
# the names /dev/stdout and /dev/stderr.

nginx() {
	container web <<-END
		[Container]
		Image=localhost/nginx:1
		Network=host
		ContainerName=web
		${1:-}
	END
	start web
}

get() {
	busybox wget -q -O - "http://127.0.0.1:8080/$1"
}

test_nginx_logs_to_dev_stdout() {
	nginx
	wait_for 5 get '' >/dev/null
	assert_equal "$(get '')" "served by nginx"
	get no-such-page 2>/dev/null || true
	assert_journal web '"GET / HTTP/1.1" 200'
	assert_journal web 'no-such-page" failed'
	systemctl stop web
	# SIGQUIT, from the image, is an orderly end for nginx
	assert_journal web 'gracefully shutting down'
	assert_equal "$(prop web Result)" success
}

test_nginx_reload() {
	local before
	nginx 'ReloadSignal=SIGHUP'
	wait_for 5 get '' >/dev/null
	before=$(main_pid web)
	systemctl reload web
	assert_journal web 'reconfiguring'
	assert_equal "$(main_pid web)" "$before" "main process"
	wait_for 5 get '' >/dev/null
}

test_nginx_read_only() {
	nginx $'ReadOnly=true\nTmpfs=/var/lib/nginx'
	wait_for 5 get '' >/dev/null
	assert_equal "$(get '')" "served by nginx"
}
