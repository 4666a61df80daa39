#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# crunit secret, with credential stores in a directory and a systemd-creds that turns texts around.
set -uo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
build=$(readlink -f "$build")
export CRUNIT_CREDSTORE=$work/etc CRUNIT_STORAGE=$work/store CRUNIT_CONF=$work/crunit.conf
export PATH=$work/bin:$PATH KEY=yes
unset CREDENTIALS_DIRECTORY
mkdir -p "$work/bin" "$work/etc"
: >"$work/crunit.conf"
cat >"$work/bin/systemd-creds" <<'END'
#!/bin/bash
[ "$KEY" ] || { echo 'no key' >&2; exit 1; }
case $1 in
encrypt) printf '%s\n' "${2#--name=}" "$(base64 -w0 <"$4" | rev)" ;;
decrypt)
	{ read -r name; read -r text; } <"$4"
	[ "${3#--name=}" = "$name" ] || { echo 'wrong name' >&2; exit 1; }
	[ "$2" = --transcode=base64 ] || exit 1
	rev <<<"$text"
	;;
esac
END
chmod +x "$work/bin/systemd-creds"

# secret STATUS ARGUMENT...
secret() {
	local wanted=$1 status=0
	shift
	(cd "$work" && "$build/crunit" secret "$@") >"$work/out" 2>"$work/said" || status=$?
	test "$status" = "$wanted"
}
says() { printf '%s\n' "$@" | diff - "$work/said"; }
prints() { grep -E -- "$1" "$work/out"; }
is_encrypted() { test -e "$work/etc/credstore.encrypted/crunit-encrypted.$1" && test ! -e "$work/etc/credstore/crunit.$1"; }
is_plain() { test ! -e "$work/etc/credstore.encrypted/crunit-encrypted.$1" && test -e "$work/etc/credstore/crunit.$1"; }
mode_of() { test "$(stat -c %a "$2")" = "$1"; }
shows() { secret 0 inspect --showsecret "$1" && jq -j '.[0].SecretData' "$work/out" | cmp - "$2"; }

printf 'top secret\n' >"$work/value"
printf '\0\1binary\377' >"$work/binary"
check "create" secret 0 create --label a=b --label c pw value
check "prints an id" prints '^[0-9a-f]{25}$'
id=$(cat "$work/out")
check "is encrypted" is_encrypted pw
check "for nobody else" mode_of 600 "$work/etc/credstore.encrypted/crunit-encrypted.pw"
check "in a directory for nobody else" mode_of 700 "$work/etc/credstore.encrypted"
check "nothing of it is to be read" test -z "$(grep -r 'top secret' "$work/etc" "$work/store")"
check "shows the value when asked" shows pw "$work/value"
check "not otherwise" secret 0 inspect pw
check "inspect has no value" test "$(jq -c '.[0] | has("SecretData")' "$work/out")" = false
check "inspect has what Podman's has" test "$(jq -c '.[0] | [.ID, .Spec.Name, .Spec.Driver.Name, .Spec.Labels, .Encrypted]' "$work/out")" = "[\"$id\",\"pw\",\"file\",{\"a\":\"b\",\"c\":\"\"},true]"
check "inspect by the beginning of the id" secret 0 inspect "${id:0:6}"
check "a second of that name is refused" secret 125 create pw value
check "and says what to do" says "crunit: there is a secret 'pw' already: use --replace, or another name"
check "unless it is ignored" secret 0 create --ignore pw binary
check "which leaves the old one" shows pw "$work/value"
echo new >"$work/new"
check "or replaced" secret 0 create --replace --with-key=plain pw new
check "the id stays" test "$(cat "$work/out")" = "$id"
check "plain when asked, without a word" test ! -s "$work/said"
check "plain has no encrypted form" is_plain pw
check "mode of a plain one" mode_of 600 "$work/etc/credstore/crunit.pw"
check "the new value" shows pw "$work/new"
check "and back" secret 0 create --replace pw value
check "encrypted has no plain form" is_encrypted pw
KEY='' check "without a key" secret 0 create nokey value
check "it is plain" is_plain nokey
check "and says so" says "crunit: warning: secret 'nokey' is not encrypted, because systemd-creds has no key on this machine; only root can read it"
KEY='' check "a key that was asked for and is not there" secret 125 create --with-key=tpm2 other value
check "is an error" grep -q "crunit: secret 'other': systemd-creds cannot encrypt with the key 'tpm2'" "$work/said"
check "and nothing is made" secret 1 exists other
check "a wrong key" secret 125 create --with-key=mine other value
check "a wrong key: says" grep -q 'not one of auto, host' "$work/said"
cp "$work/etc/credstore.encrypted/crunit-encrypted.pw" "$work/etc/credstore.encrypted/crunit-encrypted.moved"
check "one under another's name" secret 125 inspect --showsecret moved
check "cannot be read" grep -q "cannot decrypt .*crunit-encrypted.moved" "$work/said"
rm "$work/etc/credstore.encrypted/crunit-encrypted.moved"
check "binary" secret 0 create binary binary
check "binary is not text" secret 125 inspect --showsecret binary

# --- where values come from
"$build/crunit" secret create in - <"$work/value" >/dev/null
check "from standard input" shows in "$work/value"
export MY_SECRET=hidden
printf hidden >"$work/hidden"
check "from a variable" secret 0 create --env var MY_SECRET
check "from a variable: value" shows var "$work/hidden"
check "from a variable that is not set" secret 125 create --env var2 NO_SUCH
check "says so" says "crunit: there is no variable NO_SUCH"
check "from a file that is not there" secret 125 create x nowhere
head -c 512000 /dev/zero >"$work/most"
head -c 512001 /dev/zero >"$work/more"
check "512000 bytes" secret 0 create most most
check "and no more" secret 125 create more more
check "says so" says "crunit: the secret is larger than 512000 bytes"
: >"$work/empty"
check "an empty one" secret 125 create empty empty
check "another driver" secret 125 create --driver pass x value
check "another driver: says" grep -q 'the only driver is file' "$work/said"
for name in ../x a/b .x -- 'a b' 'a,b' 'a=b' a:b '' "$(printf %0201d 1)" $'a\nb' ä; do
	check "not a name: $(printf %q "${name:0:20}")" secret 125 create -- "$name" value
done
check "nothing came of these" test -z "$(find "$work/etc" "$work/store" -name '*x' -o -name 'a*')"

# --- ls, rm, exists
check "ls" secret 0 ls
check "ls has titles" prints '^ID +NAME +DRIVER +CREATED +UPDATED$'
check "ls has it" prints ' nokey +file +[0-9]+ seconds? ago'
check "ls -q" secret 0 ls -q --filter name=nok
check "only ids" test "$(wc -l <"$work/out")" = 1
check "ls --format json" secret 0 ls --format json --filter name=var
check "as json" test "$(jq -c 'map([.Name, .Driver])' "$work/out")" = '[["var","file"]]'
check "a filter that is none" secret 125 ls --filter label=x
check "ls --format with a template" secret 0 ls --format '{{.Name}} {{.Driver}}' --filter name=var
check "its text" test "$(cat "$work/out")" = 'var file'
check "a format that is none" secret 125 ls --format yaml
mkdir -p "$work/etc/credstore"
echo mine >"$work/etc/credstore/crunit.byhand"
check "one that somebody else made" secret 0 inspect byhand
check "exists" secret 0 exists byhand
check "exists not" secret 1 exists nothing
check "exists says nothing" test ! -s "$work/said"
check "rm" secret 0 rm byhand nokey
check "rm removes" test ! -e "$work/etc/credstore/crunit.nokey"
check "and what is known of it" test ! -e "$work/store/secrets/nokey.json"
check "rm of none" secret 125 rm nothing
check "says so" says "crunit: there is no secret 'nothing'"
check "rm -i of none" secret 0 rm --ignore nothing
check "rm without a name" secret 125 rm
check "rm --all" secret 0 rm --all
check "leaves none" test -z "$(find "$work/etc" "$work/store/secrets" -type f)"

# --- Podman's
mkdir -p "$work/podman/filedriver"
cat >"$work/podman/secrets.json" <<END
{"secrets": {
"e01": {"name": "db", "id": "e01", "labels": {"team": "x"}, "createdAt": "2024-01-01T00:00:00Z", "driver": "file", "driverOptions": {"path": "$work/podman/filedriver"}},
"e02": {"name": "../up", "id": "e02", "driver": "file"},
"e03": {"name": "sh", "id": "e03", "driver": "shell"},
"e04": {"name": "lost", "id": "e04", "driver": "file"}},
"nameToID": {}, "idToName": {}}
END
printf '{"e01": "%s"}\n' "$(base64 -w0 <"$work/binary")" >"$work/podman/filedriver/secretsdata.json"
check "import-podman" secret 0 import-podman podman
check "says what it did" says "crunit: warning: secret '../up' is left out: crunit has no secrets with such a name" \
	"crunit: warning: secret 'sh' is left out: its driver is not 'file'" \
	"crunit: warning: secret 'lost' is left out: its value is missing" "crunit: secret 'db' is taken over"
check "takes labels" secret 0 inspect db
check "takes labels: them" test "$(jq -c '.[0].Spec.Labels' "$work/out")" = '{"team":"x"}'
check "a second time" secret 0 import-podman podman
check "changes nothing" grep -q "secret 'db' is here already" "$work/said"
echo '{"secrets": {"x": 1}}' >"$work/podman/secrets.json"
check "a broken file" secret 125 import-podman podman
check "no file" secret 125 import-podman "$work/nowhere"
finish
