#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# crunit login and logout: what they keep, where, and what they say.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
registry_work=$work
crunit=$(readlink -f "$build/crunit-image")
hostile_host='' # lib.sh sets it
# shellcheck source=tests/registry/lib.sh
source "$here/lib.sh"
trap 'registry_stop_all; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cd "$registry_work" || exit 1
unset DOCKER_CONFIG REGISTRY_AUTH_FILE http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
export HOME=$registry_work/home XDG_CONFIG_HOME=$registry_work/home/.config XDG_RUNTIME_DIR=$registry_work/run
export CONTAINERS_REGISTRIES_CONF=$registry_work/registries.conf
# What it pulls must not end up in the store of the machine it runs on.
export CRUNIT_STORAGE=$registry_work/store CRUNIT_RUN=$registry_work/run CRUNIT_CONF=$registry_work/crunit.conf
: >"$registry_work/crunit.conf"
mkdir -p "$HOME/.docker" bin
: >registries.conf

# says STATUS TEXT ARGUMENT...: standard input is the check's.
says() {
	local expected=$1 text=$2 status=0
	shift 2
	timeout 300 "$crunit" "$@" >said 2>&1 || status=$?
	[ $status = "$expected" ] && grep -qF -- "$text" said
}

# with PASSWORD COMMAND...
with() {
	local password=$1
	shift
	"$@" <<<"$password"
}

hostile_start basic --image 'lib/web:1' --user bob:pw --auth basic
host=$hostile_host
file=$registry_work/auth.json

check "log in" with pw says 0 "Login Succeeded!" login --tls-verify=false --authfile "$file" -u bob --password-stdin "$host"
check "they are kept" test "$(jq -r ".auths[\"$host\"].auth" "$file" | base64 -d)" = bob:pw
check "for the owner alone" test "$(stat -c %a "$file")" = 600
check "the password is on no command line" says 125 "use --password-stdin" login -p pw "$host"
check "who am I?" says 0 bob login --get-login --authfile "$file" "$host"
check "once is enough" says 0 "Already logged in" login --tls-verify=false --authfile "$file" "$host"
check "a wrong password" with no says 125 "not authorised (401)" login --tls-verify=false --authfile "$file" -u bob \
	--password-stdin "$host"
check "changes nothing" test "$(jq -r ".auths[\"$host\"].auth" "$file" | base64 -d)" = bob:pw
check "a registry that is not marked insecure" with pw says 125 "speaks no https" login --authfile "$file" -u bob \
	--password-stdin "$host"
printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$host" >registries.conf
check "one that registries.conf marks" with pw says 0 "Login Succeeded!" login --authfile "$file" -u bob --password-stdin "$host"
check "unless it is to be verified" with pw says 125 "speaks no https" login --tls-verify --authfile "$file" -u bob \
	--password-stdin "$host"
check "a path of a registry" with pw says 0 "Login Succeeded!" login --authfile "$file" -u bob --password-stdin "$host/lib/web"
check "is kept by its own name" test "$(jq -r '.auths | keys | length' "$file")" = 2
jq '. + {other: {keep: [1]}}' "$file" >new && mv new "$file"
ln -s "$file" link.json
check "log out" says 0 "Removed login credentials for $host" logout --authfile link.json "$host"
check "the other one stays" test "$(jq -r '.auths | keys | join(" ")' "$file")" = "$host/lib/web"
check "what is not ours stays as well" test "$(jq -c .other "$file")" = '{"keep":[1]}'
check "a link stays a link" test -L link.json
check "log out twice" says 125 "not logged in to $host" logout --authfile "$file" "$host"
check "log out everywhere" says 0 "all registries" logout --all --authfile "$file"
check "nothing is left" test "$(jq -c '.auths' "$file")" = null
check "no registry" says 125 "say which registry" login --authfile "$file"
printf 'unqualified-search-registries = ["%s"]\n[[registry]]\nlocation = "%s"\ninsecure = true\n' "$host" "$host" >registries.conf
check "the first one that is searched" with pw says 0 "Login Succeeded!" login --authfile "$file" -u bob --password-stdin
check "nonsense for a registry" says 125 "is no REGISTRY[/PATH]" login 'a b'
check "a URL" says 125 "is a URL" login http://reg.lan
check "no terminal" says 125 "there is no terminal to ask on" login --authfile none.json "$host" </dev/null
check "no user" with pw says 125 "--password-stdin needs --username" login --password-stdin "$host"
check "an empty password" with "" says 125 "standard input is empty" login -u bob --password-stdin "$host"
check "two lines" with $'a\nb' says 125 "more than one line" login -u bob --password-stdin "$host"
check "a user with a colon" with pw says 125 "is no name of a user" login -u b:c --password-stdin "$host"
echo '{"auths":' >broken.json
check "a broken file" with pw says 125 "broken.json: not valid JSON" login --authfile broken.json -u bob --password-stdin "$host"
check "is not touched" test "$(cat broken.json)" = '{"auths":'

# On a terminal.
rm -f "$file"
: >said
# asks WHAT: a minute at most
asks() {
	local i
	for ((i = 0; i < 1200; i++)); do
		! grep -q "$1" said || break
		sleep 0.05
	done
}
{
	asks Username:
	echo bob
	asks Password:
	echo pw
} | timeout 60 script -qefc "$crunit login --authfile $file $host" /dev/null >said 2>&1
check "it asks on a terminal" grep -q "Login Succeeded!" said
check "the name is kept" test "$(jq -r ".auths[\"$host\"].auth" "$file" | base64 -d)" = bob:pw

# Where others keep them.
auth=$(printf bob:pw | base64)
printf '{"auths":{"https://%s/v1/":{"auth":"%s"}}}' "$host" "$auth" >"$HOME/.docker/config.json"
check "docker's file is read" says 0 bob login --get-login "$host"
check "but stays as it is" says 125 "has stays there" logout "$host"

# A helper program: keeps what it gets in a file.
cat >bin/docker-credential-test <<-'END'
	#!/bin/sh
	[ $# = 1 ] || exit 2
	echo "$1" >>"$HELPER_DIR/calls"
	case $1 in
	get) read -r server || true
		[ "$(cat "$HELPER_DIR/server" 2>/dev/null)" = "$server" ] || { echo "credentials not found in native keychain" && exit 1; }
		cat "$HELPER_DIR/secret" ;;
	store) cat >"$HELPER_DIR/secret"
		jq -r .ServerURL "$HELPER_DIR/secret" >"$HELPER_DIR/server" ;;
	erase) rm "$HELPER_DIR/secret" "$HELPER_DIR/server" ;;
	esac
END
chmod +x bin/docker-credential-test
mkdir helper
export HELPER_DIR=$registry_work/helper PATH=$registry_work/bin:$PATH
printf '{"credHelpers":{"%s":"test"}}' "$host" >helper.json
check "a helper that has nothing" says 125 "not logged in" login --get-login --authfile helper.json "$host"
check "log in by a helper" with pw says 0 "docker-credential-test" login -v --authfile helper.json -u bob --password-stdin "$host"
check "it is the helper that has it" test "$(jq -r .Secret helper/secret)" = pw
check "not the file" test "$(jq -c .auths helper.json)" = null
check "the helper is asked" says 0 bob login --get-login --authfile helper.json "$host"
check "log out by the helper" says 0 "Removed" logout --authfile helper.json "$host"
check "it has forgotten" test ! -e helper/secret
cp registries.conf before.conf
printf 'credential-helpers = ["test", "containers-auth.json"]\n[[registry]]\nlocation = "%s"\ninsecure = true\n' "$host" >registries.conf
echo "$host" >helper/server
printf '{"Username":"bob","Secret":"no"}' >helper/secret
check "registries.conf names a helper" says 125 "not authorised" pull --retry 0 "$host/lib/web:1"
check "which is asked" grep -qx get helper/calls
printf '{"Username":"bob","Secret":"pw"}' >helper/secret
check "and is who we are" says 0 "" pull -q "$host/lib/web:1"
mv before.conf registries.conf
rm helper/secret helper/server
printf '{"credsStore":"test"}' >helper.json
check "a helper for all registries" with pw says 0 "Login Succeeded!" login --authfile helper.json -u bob --password-stdin "$host"
check "has it" test "$(jq -r .ServerURL helper/secret)" = "$host"
printf '{"credHelpers":{"%s":"../../bin/sh"}}' "$host" >helper.json
check "a helper that is a path" says 125 "is no name of a credential helper" login --get-login --authfile helper.json "$host"
printf '{"credHelpers":{"%s":"missing"}}' "$host" >helper.json
check "a helper that is not installed" says 125 "cannot execute docker-credential-missing" login --get-login --authfile \
	helper.json "$host"
printf '#!/bin/sh\nexec cat /dev/zero\n' >bin/docker-credential-test
printf '{"credHelpers":{"%s":"test"}}' "$host" >helper.json
check "a helper that never ends" says 125 "says too much" login --get-login --authfile helper.json "$host"
printf '#!/bin/sh\necho "no; \033[1mway"\nexit 3\n' >bin/docker-credential-test
check "a helper that fails" says 125 "failed with status 3: no; [1mway" login --get-login --authfile helper.json "$host"

hostile_stop basic
registry_certificates
hostile_start tls --user bob:pw --auth token --tls "$registry_work/tls/server.crt" "$registry_work/tls/server.key"
check "by https and a token" with pw says 0 "Login Succeeded!" login --cert-dir "$registry_work/tls/trust" --authfile "$file" \
	-u bob --password-stdin "$hostile_host"
check "by https and a wrong password" with no says 125 "incorrect username or password" login --cert-dir \
	"$registry_work/tls/trust" --authfile "$file" -u bob --password-stdin "$hostile_host"
check "by https and an unknown certificate" with pw says 125 "certificate" login --authfile "$file" -u bob --password-stdin \
	"$hostile_host"
check "--root means nothing here" says 125 "unknown option" login --root x "$hostile_host"
finish
