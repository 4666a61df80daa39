# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Registries for tests, on loopback. To be sourced; needs registry_work, a
# directory of the test's own, and calls of registry_stop_all at its end (they
# also end by themselves when the shell that started them has).
#
#   registry_certificates            in $registry_work/tls: server.crt and server.key (for
#                                    127.0.0.1, localhost, registry.test) of an authority,
#                                    and to be used as --cert-dir: trust/ (knows it),
#                                    client/ (the same, and a client's certificate),
#                                    other/ (knows another one)
#   hostile_start NAME [OPTION]...   tests/registry/hostile with these options. Sets
#                                    hostile_host (127.0.0.1:PORT), hostile_other,
#                                    hostile_proxy (of the last one started)
#   hostile_rule NAME RULE...        add rules; without any: forget all
#   hostile_log NAME                 what it was asked so far, a line each
#   hostile_stop NAME
#   distribution_start NAME [plain|tls|basic]...
#                                    Debian's docker-registry; sets distribution_host;
#                                    basic: user "alice", password "secret"
#   distribution_stop NAME

registry_work=${registry_work:?}
registry_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
declare -gA registry_pids=() registry_controls=()

# registry_certificate NAME SUBJECT EXTENSIONS: a key, and a certificate of the authority.
registry_certificate() {
	local dir=$registry_work/tls
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$2" \
		-keyout "$dir/$1.key" -out "$dir/$1.csr" 2>/dev/null
	openssl x509 -req -in "$dir/$1.csr" -CA "$dir/trust/ca.crt" -CAkey "$dir/ca.key" -CAcreateserial \
		-days 30 -extfile <(printf '%s\n' "$3") -out "$dir/$1.crt" 2>/dev/null
}

# registry_authority NAME DIR: NAME.key, and DIR/ca.crt.
registry_authority() {
	local dir=$registry_work/tls
	mkdir -p "$dir/$2"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
		-subj "/CN=crunit test $1" -addext basicConstraints=critical,CA:TRUE \
		-addext keyUsage=keyCertSign,cRLSign \
		-keyout "$dir/$1.key" -out "$dir/$2/ca.crt" 2>/dev/null
}

registry_certificates() {
	local dir=$registry_work/tls
	[ ! -e "$dir/client/client.cert" ] || return 0
	registry_authority ca trust
	registry_authority other-ca other
	registry_certificate server registry.test \
		"subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:registry.test"
	registry_certificate client "a client" "extendedKeyUsage=clientAuth"
	mkdir "$dir/client"
	cp "$dir/trust/ca.crt" "$dir/client.key" "$dir/client"
	cp "$dir/client.crt" "$dir/client/client.cert"
}

# registry_await FILE PID: until it is there, a minute at most.
registry_await() {
	local i
	for ((i = 0; i < 1200; i++)); do
		[ ! -e "$1" ] || return 0
		kill -0 "$2" 2>/dev/null || break
		sleep 0.05
	done
	echo "Bail out! a registry of the tests did not start"
	return 1
}

hostile_start() {
	local name=$1 ready=$registry_work/$1.ready pid
	local port other_port=0 proxy_port=0 token_port control_port
	shift
	rm -f "$ready"
	"$registry_here/hostile" --parent $$ --ready "$ready" --log "$registry_work/$name.log" "$@" \
		2>"$registry_work/$name.stderr" </dev/null >/dev/null 9>&- &
	pid=$!
	registry_pids[$name]=$pid
	registry_await "$ready" $pid || { sed 's/^/# /' "$registry_work/$name.stderr" && return 1; }
	# shellcheck source=/dev/null
	source "$ready"
	registry_controls[$name]=$control_port
	# shellcheck disable=SC2034 # for who sources this
	hostile_host=127.0.0.1:$port hostile_other=localhost:$other_port
	# shellcheck disable=SC2034
	hostile_proxy=127.0.0.1:$proxy_port hostile_token=127.0.0.1:$token_port
}

hostile_rule() {
	local name=$1 body='' line
	shift
	for line; do
		body+=$line$'\n'
	done
	exec 8<>"/dev/tcp/127.0.0.1/${registry_controls[$name]}"
	printf 'POST /rules HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s' \
		"$(LC_ALL=C && echo ${#body})" "$body" >&8
	read -r line <&8
	exec 8>&-
	[[ $line == *" 204 "* ]] || { echo "# hostile: a rule was refused: $*" && return 1; }
}

hostile_log() {
	cat "$registry_work/$1.log"
}

registry_stop() {
	local pid=${registry_pids[$1]:-}
	[ -n "$pid" ] || return 0
	kill "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
	unset "registry_pids[$1]"
}

hostile_stop() {
	registry_stop "$1"
}

distribution_stop() {
	registry_stop "$1"
}

registry_stop_all() {
	local name
	for name in "${!registry_pids[@]}"; do
		registry_stop "$name"
	done
}

# A port that nobody listens on right now.
registry_free_port() {
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

distribution_config() { # DIR PORT KIND...
	local dir=$1 port=$2 kind
	shift 2
	cat <<-END
		version: 0.1
		log: {level: warn}
		storage: {filesystem: {rootdirectory: $dir/data}, delete: {enabled: true}}
		http:
		  addr: 127.0.0.1:$port
		  secret: of-a-test
	END
	for kind; do
		[ "$kind" != tls ] || cat <<-END
			  tls: {certificate: $registry_work/tls/server.crt, key: $registry_work/tls/server.key}
		END
	done
	for kind; do
		[ "$kind" != basic ] || cat <<-END
			auth: {htpasswd: {realm: test, path: $dir/htpasswd}}
		END
	done
}

# The same port for as long as it runs: by a bind that fails, docker-registry ends, and another is tried.
distribution_start() {
	local name=$1 dir=$registry_work/$1 port try
	shift
	mkdir -p "$dir/data"
	# "secret", by bcrypt
	# shellcheck disable=SC2016
	echo 'alice:$2y$05$sME2bEooFPmIHZqU/5TAzetL99XauOxDjK9FILYE2c0awlNxUvIxK' >"$dir/htpasswd"
	[[ " $* " != *" tls "* ]] || registry_certificates
	for try in 1 2 3; do
		port=$(registry_free_port)
		distribution_config "$dir" "$port" "$@" >"$dir/config.yml"
		# it would take our variable for a setting of its own
		env -u REGISTRY_AUTH_FILE docker-registry serve "$dir/config.yml" >"$dir/log" 2>&1 </dev/null 9>&- &
		registry_pids[$name]=$!
		if registry_listens "$port" $!; then
			# shellcheck disable=SC2034 # for who sources this
			distribution_host=127.0.0.1:$port
			return 0
		fi
		registry_stop "$name"
	done
	echo "Bail out! docker-registry did not start ($try times)"
	sed 's/^/# /' "$dir/log"
	return 1
}

# registry_listens PORT PID: until it does, a minute at most.
registry_listens() {
	local i
	for ((i = 0; i < 1200; i++)); do
		! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null || return 0
		kill -0 "$2" 2>/dev/null || return 1
		sleep 0.05
	done
	return 1
}
