#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The memory that a pull takes over TLS, with all the authorities of this machine, whatever the image
# and however many connections. Sanitizers take more: not run with them. Needs root.
set -uo pipefail
# shellcheck source=tests/image/lib.sh
. "$(dirname "$0")/lib.sh"
source=${top_srcdir:-.}
archive=$source/tests/machine/images/archive
registry_work=$work/registry
mkdir "$registry_work"
# shellcheck source=tests/registry/lib.sh
. "$source/tests/registry/lib.sh"
trap 'registry_stop_all; rm -rf "$work"' EXIT
export CONTAINERS_REGISTRIES_CONF=$work/registries.conf REGISTRY_AUTH_FILE=$work/auth.json HOME=$work
unset NOTIFY_SOCKET http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
: >"$work/registries.conf"
echo '{}' >"$work/auth.json"

registry_certificates
mkdir "$work/trust" "$work/alone"
cat /etc/ssl/certs/ca-certificates.crt "$registry_work/tls/trust/ca.crt" >"$work/trust/ca.crt" 2>/dev/null
cat /etc/ssl/certs/ca-certificates.crt "$registry_work/tls/other/ca.crt" >"$work/alone/ca.crt" 2>/dev/null
layers=()
for i in {1..8}; do
	mkdir -p "$work/$i/srv/$i"
	head -c 5000000 /dev/urandom >"$work/$i/srv/$i/large"
	tar -C "$work/$i" -cf "$work/$i.tar" .
	layers+=(--layer "$work/$i.tar")
done
"$archive" oci "$work/image" --name 1 "${layers[@]}" --compress gzip || exit 99

# peak LIMIT ARGUMENT...: what crunit-image took, in kB, is less.
peak() {
	python3 - "$@" <<-END
		import resource, subprocess, sys
		subprocess.run(["$build/crunit-image", *sys.argv[2:]], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
		peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
		print(f"{peak} kB")
		sys.exit(peak >= int(sys.argv[1]))
	END
}

hostile_start tls --layout "app:1=$work/image" --tls "$registry_work/tls/server.crt" "$registry_work/tls/server.key" || exit 1
check 'several connections' peak $((24 << 10)) pull -q --cert-dir "$work/trust" "$hostile_host/app:1"
check 'are several' test "$(hostile_log tls | grep -c 'GET /v2/app/blobs/')" = 9
check 'all is there' run 0 image check "$hostile_host/app:1"
run 0 rmi -a
check 'an authority that is not known' says 125 'certificate' pull -q --cert-dir "$work/alone" "$hostile_host/app:1"
finish
