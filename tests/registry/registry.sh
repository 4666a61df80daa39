#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The registry client against registries that do what registries and networks do wrong.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
registry_work=$work
program=$(readlink -f "$build/tests/registry/client")
# shellcheck source=tests/registry/lib.sh
source "$here/lib.sh"
trap 'registry_stop_all; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cd "$registry_work" || exit 1
unset REGISTRY_AUTH_FILE DOCKER_CONFIG XDG_RUNTIME_DIR http_proxy https_proxy HTTP_PROXY HTTPS_PROXY \
	all_proxy ALL_PROXY no_proxy NO_PROXY SSL_CERT_FILE
export HOME=$registry_work/home XDG_CONFIG_HOME=$registry_work/home/.config
# a name that is nowhere: its servers are not waited for
export RES_OPTIONS="timeout:1 attempts:1"
mkdir -p "$HOME"
echo '{}' >none.json

hostile_host='' hostile_other='' hostile_proxy='' distribution_host='' # lib.sh sets them

# client ARGUMENT...: its output goes to the file "said", its status is returned.
client() {
	timeout 300 "$program" --authfile none.json "$@" >said 2>&1
}

# refused CODE TEXT ARGUMENT...: the client fails with that code, and says that.
refused() {
	local code=$1 text=$2 status=0
	shift 2
	client "$@" || status=$?
	[ $status = 1 ] && grep -q "^error $code: " said && grep -qF -- "$text" said
}

# answered TEXT ARGUMENT...: it works, and says that.
answered() {
	local text=$1
	shift
	client "$@" && grep -qF -- "$text" said
}

# The number of lines of a registry's log that match.
asked() {
	hostile_log "$1" | grep -cE -- "$2"
}

is() {
	[ "$1" = "$2" ] || { echo "got $1 instead of $2" && false; }
}

sha256() {
	echo "sha256:$(sha256sum <"$1" | cut -d ' ' -f 1)"
}

# layers REPOSITORY/TAG of the manifest at the last registry: "DIGEST SIZE" a line
layers() {
	"$program" --authfile none.json --insecure --output manifest.json manifest "$hostile_host" "$@" >/dev/null
	jq -r '.layers[] | .digest + " " + (.size | tostring)' manifest.json
}

# fetch_one [OPTION]... : the first layer of lib/web:1 into the file "blob", behind what is in there
fetch_one() {
	client --insecure "$@" fetch "$hostile_host" lib/web "$digest,$size,blob"
}

fetched() {
	is "$(sha256 blob)" "$digest"
}

# ---

test_documents() {
	local digest size
	hostile_start plain --image 'lib/web:1 layers=3 size=300000' --image 'lib/web:2' --image 'lib/web:x-3_.Y' \
		--image 'lib/web:4' --image 'lib/idx:1 index=1'
	digest=$(sed -n 's/^image lib\/web:1 //p' "$registry_work/plain.log")
	check "a manifest by its tag" answered "$digest application/vnd.oci.image.manifest.v1+json" \
		--insecure manifest "$hostile_host" lib/web 1
	check "the same by its digest" answered "$digest " --insecure manifest "$hostile_host" lib/web "$digest"
	check "its digest alone" answered "$digest" --insecure head "$hostile_host" lib/web 1
	check "an index" answered "application/vnd.oci.image.index.v1+json" --insecure manifest "$hostile_host" lib/idx 1
	check "tags, page by page" answered "x-3_.Y" --insecure tags "$hostile_host" lib/web
	check "all four of them" is "$(wc -l <said)" 4
	check "pages were asked for" is "$(asked plain 'GET /v2/lib/web/tags/list')" 2
	check "an unknown tag" refused ENOENT "manifest nope of lib/web: not found (404): manifest unknown" \
		--insecure manifest "$hostile_host" lib/web nope
	check "an unknown repository" refused ENOENT "tags of lib/nope: not found (404)" --insecure tags \
		"$hostile_host" lib/nope
	check "nonsense for a tag" refused EINVAL "is no tag" --insecure manifest "$hostile_host" lib/web a/b
	check "nonsense for a repository" refused EINVAL "is no name of a repository" --insecure manifest \
		"$hostile_host" ../etc 1
	check "nonsense for a registry" refused EINVAL "is no name of a registry" --insecure manifest "a/b" lib/web 1
	client --insecure --output manifest.json manifest "$hostile_host" lib/web 1
	digest=$(jq -r .config.digest manifest.json) size=$(jq -r .config.size manifest.json)
	check "a small blob" answered '"os": "linux"' --insecure data "$hostile_host" lib/web "$digest" "$size"
	check "a small blob of another size" refused EBADMSG "damaged" --insecure data "$hostile_host" lib/web \
		"$digest" $((size + 1))
	check "a small blob that is larger" refused EFBIG "more than the" --insecure data "$hostile_host" lib/web \
		"$digest" $((size - 1))
	check "is a blob there: yes" answered "has yes" --insecure has "$hostile_host" lib/web "$digest"
	check "is a blob there: no" answered "has no" --insecure has "$hostile_host" lib/idx "${digest%?????}00000"
	check "http where only https will do" refused EPROTO "speaks no https" manifest "$hostile_host" lib/web 1
	check "ping" client --insecure ping "$hostile_host" -
}

test_wrong_documents() {
	local digest text
	digest=$(sed -n 's/^image lib\/web:1 //p' "$registry_work/plain.log")
	fault() { # RULE CODE TEXT NAME [REFERENCE]
		hostile_rule plain
		hostile_rule plain "$1"
		check "$4" refused "$2" "$3" --insecure --delay 1 --retries -1 manifest "$hostile_host" lib/web "${5:-1}"
	}
	fault 'GET manifests flip at=5' EBADMSG "damaged" "a damaged manifest, asked for by tag"
	fault 'GET manifests flip at=5' EBADMSG "damaged" "a damaged manifest, asked for by digest" "$digest"
	fault 'GET manifests body text={}' EBADMSG "damaged" "another manifest, asked for by digest" "$digest"
	fault 'GET manifests body size=5000000' EFBIG "more than the 4194304 bytes" "a huge manifest"
	fault 'GET manifests endless' EFBIG "more than the 4194304 bytes" "an endless manifest"
	fault 'GET manifests claim length=99999999' ECONNRESET "broke in the middle" "a manifest that claims to be long"
	fault 'GET manifests headers size=90000' EPROTO "" "a gigantic header"
	fault 'GET manifests headers count=300' EPROTO "too many headers" "many headers"
	fault 'GET manifests garbage' EPROTO "" "no HTTP at all"
	fault 'GET manifests disconnect at=0' ECONNRESET "" "a connection that is closed"
	fault 'GET manifests redirect to={path}' EPROTO "more than 10 redirects" "a redirect loop"
	fault 'GET manifests redirect to=file:///etc/passwd' EPROTO "neither http nor https" "a redirect to a file"
	fault 'GET manifests redirect to=http://u:p@127.0.0.1:{port}/' EPROTO "malformed" "a redirect with a password"
	fault 'GET manifests status code=301' EPROTO "a redirect to nowhere (301)" "a redirect to nowhere"
	fault 'GET manifests status code=403 message=go%20away' EACCES "denied (403): go away" "403"
	fault 'GET manifests status code=500 message=oh' EREMOTEIO "the registry failed (500): oh" "500"
	fault 'GET manifests status code=418' EREMOTEIO "refused (418)" "a status nobody knows"
	fault 'GET manifests status code=404 body=<html>no</html>' ENOENT "not found (404)" "a page for browsers"
	fault 'GET manifests status code=403 message=a%1b[31mred%0d%0aline%7f' EACCES "denied (403): a [31mred line" \
		"control characters in a message"
	text=$(printf 'x%.0s' {1..500})
	fault "GET manifests status code=403 body=$text" EACCES "x…" "a long message is cut"
	hostile_rule plain
	hostile_rule plain 'HEAD manifests status code=405'
	check "HEAD is not known there: the whole is asked for" answered "$digest" --insecure head "$hostile_host" lib/web 1
	hostile_rule plain 'HEAD manifests digest'
	hostile_rule plain
	hostile_rule plain 'GET tags body text=[1'
	check "malformed JSON" refused EPROTO "not valid JSON" --insecure tags "$hostile_host" lib/web
	hostile_rule plain
	hostile_rule plain 'GET tags body text={"tags":[5]}'
	check "JSON of another shape" refused EPROTO "" --insecure tags "$hostile_host" lib/web
	hostile_rule plain
	check "nobody is there" refused ECONNREFUSED "Connection refused" --retries -1 manifest 127.0.0.1:1 lib/web 1
	check "an unknown host" refused EHOSTUNREACH "cannot be resolved" --retries -1 manifest no-such.invalid lib/web 1
}

test_blobs() {
	local before digest size
	read -r digest size < <(layers lib/web 1)
	mkdir -p image
	check "all blobs of an image, side by side" client --insecure image "$hostile_host" lib/web 1 image
	check "they are what they should be" all_right image
	before=$(asked plain blobs/)
	check "again: nothing is left to do" client --insecure image "$hostile_host" lib/web 1 image
	check "nothing is asked for twice" is "$(asked plain blobs/)" "$before"
	blob_fault() { # RULE CODE TEXT NAME [OPTION]...
		hostile_rule plain
		hostile_rule plain "$1"
		rm -f blob
		check "$4" refused "$2" "$3" --insecure --retries -1 "${@:5}" fetch "$hostile_host" lib/web "$digest,$size,blob"
	}
	blob_fault 'GET blobs short by=10' EBADMSG "it ends after $((size - 10)) of $size bytes" "a blob that is too short"
	blob_fault 'GET blobs long by=10' EFBIG "more than its $size bytes" "a blob that is too long"
	blob_fault 'GET blobs endless' EFBIG "more than its $size bytes" "an endless blob"
	check "not more of it is written than its size" test "$(stat -c %s blob)" -le "$size"
	blob_fault 'GET blobs claim length=99999999999' ECONNRESET "" "a lying Content-Length"
	blob_fault 'GET blobs status code=404 message=blob%20unknown' ENOENT "not found (404): blob unknown" "no such blob"
	blob_fault 'GET blobs status code=200 header=Content-Encoding:gzip body=x' EPROTO "encoded" "an encoding nobody wanted"
	blob_fault 'GET blobs stall at=1000' ETIMEDOUT "stalled: hardly a byte for 1 s" "a stalled blob" --stall 1
	hostile_rule plain
	check "a full disk" refused ENOSPC "No space left" --insecure fetch "$hostile_host" lib/web "$digest,$size,/dev/full"
}

# Every file is named by its digest.
all_right() {
	local file
	for file in "$1"/*; do
		is "$(sha256 "$file")" "${file##*/}" || return 1
	done
}

test_resume() {
	local digest size total big
	hostile_start resume --image 'lib/web:1 size=500000' --image 'lib/big:1 size=3000000' --rule 'GET blobs disconnect at=70000 times=2'
	read -r digest size < <(layers lib/web 1)
	rm -f blob
	check "a connection that breaks twice" fetch_one
	check "the blob is complete" fetched
	total=$(hostile_log resume | sed -n 's/.*blobs.* bytes=\([0-9]*\) .*/\1/p' | awk '{ sum += $1 } END { print sum }')
	check "no byte came twice" is "$total" "$size"
	check "the user heard of it" is "$(grep -c 'notice: .*broke in the middle; again in' said)" 2
	hostile_rule resume
	truncate -s 123456 blob
	check "a file that is there in part" fetch_one
	check "only the rest is asked for" is "$(asked resume "bytes=$((size - 123456)) .*range=123456-")" 1
	check "the blob is complete again" fetched
	hostile_rule resume 'GET blobs norange'
	truncate -s 1000 blob
	check "a registry that does not know ranges" fetch_one
	check "what the file had is skipped" fetched
	hostile_rule resume
	hostile_rule resume 'GET blobs wrongrange by=7'
	truncate -s 1000 blob
	check "another range than was asked for" refused EPROTO "another part than the one asked for" --insecure fetch \
		"$hostile_host" lib/web "$digest,$size,blob"
	check "nothing wrong is written" is "$(stat -c %s blob)" 1000
	hostile_rule resume
	hostile_rule resume 'GET blobs stall at=10000 times=1'
	check "a stalled connection is replaced by another" fetch_one --stall 1
	check "and the blob is complete" fetched
	hostile_rule resume
	hostile_rule resume 'GET blobs drip bytes=20000 pause=0.1'
	rm -f blob
	check "a slow link does not fail" fetch_one --stall 1
	check "it only takes longer" fetched
	hostile_rule resume
	hostile_rule resume 'GET blobs disconnect at=1500000 norange=1'
	rm -f big
	big=$(layers lib/big 1 | tr ' ' ,)
	check "a registry that breaks always, and knows no ranges" refused ECONNRESET "broke in the middle" --insecure \
		--retries 1 fetch "$hostile_host" lib/big "$big,big"
	check "is given up" is "$(stat -c %s big)" 1500000
	hostile_rule resume
	hostile_rule resume 'GET blobs disconnect at=1200000'
	check "one that breaks always, but gets further" client --insecure --retries 1 fetch "$hostile_host" lib/big "$big,big"
	check "is used to the end" is "$(sha256 big)" "${big%,*}"
	hostile_rule resume
	head -c 10 /dev/zero >>blob
	check "a file with too many bytes" refused EINVAL "more than its $size bytes" --insecure fetch \
		"$hostile_host" lib/web "$digest,$size,blob"
	hostile_stop resume
}

test_retry() {
	local digest size began
	hostile_start retry --image 'lib/web:1'
	read -r digest size < <(layers lib/web 1)
	hostile_rule retry 'GET manifests status code=503 times=2'
	check "503 twice, then good" answered "sha256:" --insecure --delay 1 manifest "$hostile_host" lib/web 1
	check "with the pause that is wanted" is "$(grep -o 'again in . s' said | paste -sd,)" "again in 1 s,again in 1 s"
	hostile_rule retry
	hostile_rule retry 'GET manifests status code=503 times=2'
	check "503 twice, and no pause is wanted" answered "sha256:" --insecure manifest "$hostile_host" lib/web 1
	check "they grow" is "$(grep -o 'again in . s' said | paste -sd,)" "again in 2 s,again in 4 s"
	hostile_rule retry
	hostile_rule retry 'GET manifests status code=500 message=broken'
	check "500 for ever" refused EREMOTEIO "the registry failed (500): broken" --insecure --retries 1 manifest \
		"$hostile_host" lib/web 1
	check "is asked for as often as said" is "$(asked retry 'manifests/1 500')" 2
	hostile_rule retry
	hostile_rule retry 'GET manifests status code=429 times=1 retry-after=3'
	began=$SECONDS
	check "429 with Retry-After" answered "sha256:" --insecure manifest "$hostile_host" lib/web 1
	check "it is waited for" test $((SECONDS - began)) -ge 3
	check "and said" grep -q 'too many requests (429); again in 3 s' said
	hostile_rule retry
	hostile_rule retry 'GET manifests status code=429 retry-after=100000 message=slow%20down'
	check "a Retry-After of a day" refused EAGAIN "too many requests (429): slow down" --insecure manifest \
		"$hostile_host" lib/web 1
	hostile_rule retry
	hostile_rule retry 'GET manifests status code=404'
	check "404" refused ENOENT "" --insecure manifest "$hostile_host" lib/web 1
	check "is asked for once" is "$(asked retry 'manifests/1 404')" 1
	hostile_stop retry
}

test_cancel() {
	local pid status=0 began
	hostile_start cancel --image 'lib/web:1' --rule 'GET manifests stall at=5'
	"$program" --authfile none.json --insecure manifest "$hostile_host" lib/web 1 >said 2>&1 &
	pid=$!
	until [ "$(asked cancel 'GET /v2/ 200')" = 1 ]; do sleep 0.05; done
	sleep 0.2
	began=$SECONDS
	kill $pid
	wait $pid || status=$?
	check "it can be stopped while it waits" is $status 1
	check "and says so" grep -q '^error EINTR: interrupted' said
	check "at once" test $((SECONDS - began)) -le 20
	hostile_stop cancel
}

test_redirect() {
	local digest size
	hostile_start redirect --other --image 'lib/web:1 size=400000' --user bob:pw --auth basic \
		--rule 'GET blobs redirect to=http://localhost:{other_port}{path} on=registry' \
		--rule 'GET blobs disconnect at=1000 times=1 on=other'
	"$program" --authfile none.json --creds bob:pw --insecure --output manifest.json manifest "$hostile_host" lib/web 1 \
		>/dev/null
	read -r digest size < <(jq -r '.layers[] | .digest + " " + (.size | tostring)' manifest.json)
	rm -f blob
	check "blobs of another host" fetch_one --creds bob:pw
	check "are complete" fetched
	check "the registry got the credentials" test "$(asked redirect '^registry GET .*blobs.* auth=basic:bob')" -ge 2
	check "the other host did not" is "$(asked redirect '^other .*auth=none')" "$(asked redirect '^other')"
	check "after a break the registry is asked again" is "$(asked redirect '^registry GET .*blobs.* 307')" 2
	hostile_rule redirect
	hostile_rule redirect 'GET blobs redirect to=http://localhost:{other_port}{path} on=registry' \
		'GET blobs status code=403 times=1 on=other'
	rm -f blob
	check "an address that has become stale is asked for again" fetch_one --creds bob:pw
	hostile_rule redirect
	rm -f blob
	hostile_rule redirect 'GET blobs redirect to=http://127.0.0.1:{other_port}{path}?port on=registry'
	check "another port of the same host" fetch_one --creds bob:pw
	check "is another one, too" is "$(asked redirect '^other GET .*[?]port .*auth=none')" 1
	hostile_rule redirect
	hostile_rule redirect 'GET blobs redirect to={path}?again on=registry times=1'
	rm -f blob
	check "a redirect within the registry" fetch_one --creds bob:pw
	check "keeps the credentials" is "$(asked redirect 'again 200 .*auth=basic:bob')" 1
	hostile_stop redirect
}

test_basic() {
	hostile_start basic --image 'lib/web:1' --user 'bob:p:w d' --auth basic
	check "basic: the right password" answered "sha256:" --creds 'bob:p:w d' --insecure manifest "$hostile_host" lib/web 1
	check "basic: a wrong password" refused EACCES "not authorised (401): authentication required" --creds bob:no \
		--insecure manifest "$hostile_host" lib/web 1
	check "basic: a wrong password is tried once" is "$(asked basic 'manifests.*401.*auth=basic')" 1
	check "basic: no password" refused EACCES "not authorised (401)" --insecure manifest "$hostile_host" lib/web 1
	printf '{"auths":{"%s/lib":{"auth":"%s"},"%s":{"auth":"%s"}}}' "$hostile_host" \
		"$(printf 'bob:p:w d' | base64)" "$hostile_host" "$(printf 'eve:no' | base64)" >auth.json
	check "basic: of auth.json, by repository" answered "sha256:" --authfile auth.json --insecure manifest \
		"$hostile_host" lib/web 1
	check "ping with a wrong password" refused EACCES "login: not authorised" --creds bob:no --insecure ping "$hostile_host" -
	check "ping with the right one" client --creds 'bob:p:w d' --insecure ping "$hostile_host" -
	hostile_rule basic 'GET manifests status code=401 header=WWW-Authenticate:Basic%20realm=%22x'
	check "a malformed challenge" refused EPROTO "WWW-Authenticate: the value of 'realm' is malformed" --creds bob:no \
		--insecure manifest "$hostile_host" lib/web 1
	hostile_stop basic
}

test_token() {
	local options="--insecure manifest"
	hostile_start token --image 'lib/web:1 layers=4 size=100000' --user bob:pw --auth token --anonymous --other
	# shellcheck disable=SC2086 # a list of words
	{
		check "token: for anybody" answered "sha256:" $options "$hostile_host" lib/web 1
		check "token: with a password" answered "sha256:" --creds bob:pw $options "$hostile_host" lib/web 1
		check "token: a wrong password" refused EACCES "incorrect username or password" --creds bob:no $options \
			"$hostile_host" lib/web 1
	}
	check "token: only the token server gets the password" is "$(asked token '^registry .*basic')" 0
	check "token: for this repository" is "$(asked token 'GET /token.*scope=repository%3Alib%2Fweb%3Apull 200')" 2
	check "token: pushing needs a name" refused EACCES "" --insecure --push put "$hostile_host" lib/web 2 text/plain none.json
	hostile_rule token '* /token redirect to=http://localhost:{other_port}{path} on=token'
	check "token: a server that is elsewhere" answered "sha256:" --creds bob:pw --insecure manifest "$hostile_host" lib/web 1
	check "token: does not get the password" is "$(asked token '^other .*auth=none')" "$(asked token '^other')"
	token_fault() { # TEXT CODE SAYS NAME
		hostile_rule token
		hostile_rule token "GET /token body type=application/json text=$1"
		check "$4" refused "$2" "$3" --insecure manifest "$hostile_host" lib/web 1
	}
	token_fault '{}' EPROTO "it gives no token" "token: none"
	token_fault '[]' EPROTO "it gives no token" "token: no object"
	token_fault '{"token":7}' EPROTO "" "token: a number"
	token_fault '{"token":"a%5cr%5cnX-Evil:1"}' EPROTO "its token is malformed" "token: with a line end"
	token_fault '{"token":"x","expires_in":"y"}' EPROTO "" "token: of an odd life"
	token_fault '{"tok' EBADMSG "not valid JSON" "token: malformed JSON"
	hostile_rule token
	hostile_rule token 'GET /token endless'
	check "token: endless" refused EFBIG "more than the" --insecure manifest "$hostile_host" lib/web 1
	hostile_rule token
	hostile_rule token 'GET /token status code=503 times=1'
	check "token: a server that is busy for a moment" answered "sha256:" --insecure manifest "$hostile_host" lib/web 1
	hostile_rule token
	hostile_rule token 'GET manifests status code=401 header=WWW-Authenticate:Bearer%20realm="gopher://x/"'
	check "token: a realm that is no URL of the web" refused EPROTO "a token server that is no URL" --insecure manifest \
		"$hostile_host" lib/web 1
	hostile_stop token
}

test_token_renewal() {
	local name says
	for says in 1 300; do
		name=renewal-$says
		hostile_start $name --image 'lib/web:1 layers=3 size=1000' --user bob:pw --auth token \
			--token-expires 1 --token-says $says --rule 'GET blobs slow seconds=1.1'
		mkdir $name
		check "token: good for 1 s, said to be good for $says s" client --creds bob:pw --insecure --parallel 1 image \
			"$hostile_host" lib/web 1 $name
		check "token: it is renewed" test "$(asked $name '^token .* 200')" -ge 2
		hostile_stop $name
	done
	check "token: one that ends too soon is noticed by a 401" test "$(asked renewal-300 'blobs.* 401')" -ge 1
	check "token: one that says so is not" is "$(asked renewal-1 'blobs.* 401')" 0
}

test_identity_token() {
	hostile_start identity --image 'lib/web:1' --user bob:pw --auth token --identity-token 's e&c=ret' --other
	printf '{"auths":{"%s":{"auth":"%s","identitytoken":"s e&c=ret"}}}' "$hostile_host" "$(printf 'bob:' | base64)" >auth.json
	check "an identity token" answered "sha256:" --authfile auth.json --insecure manifest "$hostile_host" lib/web 1
	check "goes to the token server, in a body" is "$(asked identity '^token POST /token 200 .*auth=refresh')" 1
	hostile_rule identity 'POST /token redirect to=http://localhost:{other_port}/token on=token'
	check "and to no other host" refused EPROTO "a redirect of credentials to another host" --authfile auth.json \
		--insecure manifest "$hostile_host" lib/web 1
	check "which is not even asked" is "$(asked identity '^other')" 0
	hostile_stop identity
}

test_tls() {
	local tls=$registry_work/tls
	registry_certificates
	hostile_start tls --image 'lib/web:1' --tls "$tls/server.crt" "$tls/server.key" --other --user bob:pw --auth token \
		--realm http://127.0.0.1:1/token
	hostile_start open --image 'lib/web:1' --tls "$tls/server.crt" "$tls/server.key" --other
	check "tls: an authority of its own" answered "sha256:" --cert-dir "$tls/trust" manifest "$hostile_host" lib/web 1
	check "tls: by another name of the host" answered "sha256:" --cert-dir "$tls/trust" manifest \
		"localhost:${hostile_host#*:}" lib/web 1
	check "tls: unknown to the system" refused EKEYREJECTED "certificate" manifest "$hostile_host" lib/web 1
	check "tls: another authority" refused EKEYREJECTED "certificate" --cert-dir "$tls/other" manifest "$hostile_host" lib/web 1
	check "tls: marked insecure" answered "sha256:" --insecure manifest "$hostile_host" lib/web 1
	mkdir -p "$HOME/.config/containers/certs.d/$hostile_host"
	cp "$tls/trust/ca.crt" "$HOME/.config/containers/certs.d/$hostile_host"
	check "tls: an authority of the user's own directory" answered "sha256:" manifest "$hostile_host" lib/web 1
	rm -r "$HOME/.config/containers/certs.d"
	SSL_CERT_FILE=$tls/trust/ca.crt check "tls: SSL_CERT_FILE" answered "sha256:" manifest "$hostile_host" lib/web 1
	SSL_CERT_FILE=$tls/none check "tls: SSL_CERT_FILE is not there" refused ENOENT "SSL_CERT_FILE" manifest "$hostile_host" lib/web 1
	hostile_rule open 'GET manifests redirect to=http://localhost:1/x'
	check "tls: a redirect to http" refused EPROTO "a redirect from https to http" --cert-dir "$tls/trust" manifest \
		"$hostile_host" lib/web 1
	hostile_stop open
	hostile_start client --image 'lib/web:1' --tls "$tls/server.crt" "$tls/server.key" --client-ca "$tls/trust/ca.crt" --other \
		--rule 'GET blobs redirect to=https://localhost:{other_port}{path} on=registry'
	check "tls: a client's certificate" answered "sha256:" --cert-dir "$tls/client" manifest "$hostile_host" lib/web 1
	check "tls: without one" refused "[A-Z]*" "" --retries -1 --cert-dir "$tls/trust" manifest "$hostile_host" lib/web 1
	check "tls: it is not shown to others" refused "[A-Z]*" "" --retries -1 --cert-dir "$tls/client" data "$hostile_host" \
		lib/web "sha256:$(printf '0%.0s' {1..64})" 5
	check "tls: others were asked" is "$(asked client '^other')" 0
	hostile_stop client
}

test_realm() {
	local tls=$registry_work/tls
	hostile_start realm --image 'lib/web:1' --tls "$tls/server.crt" "$tls/server.key" --user bob:pw --auth token \
		--realm http://127.0.0.1:1/token
	check "a token server without https" refused EPROTO "names a token server without https" --creds bob:pw \
		--cert-dir "$tls/trust" manifest "$hostile_host" lib/web 1
	hostile_stop realm
	hostile_start realm2 --image 'lib/web:1' --tls "$tls/server.crt" "$tls/server.key" --user bob:pw --auth token
	check "a token server with https" answered "sha256:" --creds bob:pw --cert-dir "$tls/trust" manifest "$hostile_host" lib/web 1
	hostile_stop realm2
}

test_proxy() {
	hostile_start proxy --image 'lib/web:1' --proxy
	http_proxy=http://$hostile_proxy https_proxy=http://$hostile_proxy \
		check "by a proxy" answered "sha256:" --insecure manifest registry.test lib/web 1
	check "which is asked" is "$(asked proxy '^proxy GET /v2/lib/web/manifests/1 200')" 1
	HTTP_PROXY=http://$hostile_proxy HTTPS_PROXY=http://$hostile_proxy \
		check "by a proxy in upper case" answered "sha256:" --insecure manifest registry.test lib/web 1
	http_proxy=http://127.0.0.1:1 https_proxy=http://127.0.0.1:1 \
		check "this machine itself needs no proxy" answered "sha256:" --insecure manifest "$hostile_host" lib/web 1
	no_proxy=registry.test http_proxy=http://$hostile_proxy https_proxy=http://$hostile_proxy \
		check "no_proxy" refused EHOSTUNREACH "host's name" --insecure --retries -1 manifest registry.test lib/web 1
	hostile_stop proxy
	local tls=$registry_work/tls
	registry_certificates
	hostile_start proxy --image 'lib/web:1' --proxy --tls "$tls/server.crt" "$tls/server.key" --user bob:pw --auth basic
	https_proxy=http://$hostile_proxy \
		check "https by a proxy" answered "sha256:" --creds bob:pw --cert-dir "$tls/trust" manifest registry.test lib/web 1
	check "which sees a tunnel" test "$(asked proxy '^proxy CONNECT registry.test:443 200 .*auth=none')" -ge 1
	check "and nothing in it" is "$(asked proxy '^proxy GET')" 0
	check "the registry does" is "$(asked proxy '^registry GET .*manifests/1 200 .*auth=basic:bob')" 1
	https_proxy=http://$hostile_proxy check "a certificate is looked at all the same" refused EKEYREJECTED "certificate" \
		--retries -1 --creds bob:pw manifest registry.test lib/web 1
	https_proxy=http://127.0.0.1:1 check "a proxy that is not there" refused ECONNREFUSED "" --retries -1 --creds bob:pw \
		--cert-dir "$tls/trust" manifest registry.test lib/web 1
	hostile_stop proxy
}

test_push() {
	local digest size file
	hostile_start push --image 'lib/web:1 layers=2 size=3000000' --user bob:pw --auth token --other
	mkdir -p push
	client --creds bob:pw --insecure image "$hostile_host" lib/web 1 push
	client --creds bob:pw --insecure --output push.json manifest "$hostile_host" lib/web 1
	digest=$(jq -r .layers[0].digest push.json)
	file=push/$digest size=$(stat -c %s "$file")
	upload() {
		client --creds bob:pw --insecure --push --events upload "$hostile_host" "$@"
	}
	check "push: a blob" upload new/a "$digest,$file"
	check "push: it was sent" grep -q "^done $digest $size uploaded" said
	check "push: the registry took it" is "$(asked push "PUT .*digest=${digest/:/%3A} 201")" 1
	check "push: again" upload new/a "$digest,$file"
	check "push: it is not sent twice" is "$(grep -c 'uploaded' said)" 0
	check "push: from another repository" upload new/b "$digest,$file,lib/web"
	check "push: it is mounted" is "$(asked push 'POST /v2/new/b/.*mount=.* 201')$(grep -c uploaded said)" 10
	check "push: from one that does not have it" upload new/c "$digest,$file,lib/nope"
	check "push: it is sent" grep -q "^done $digest $size uploaded" said
	hostile_rule push 'POST uploads.*mount status code=403 message=not%20yours'
	check "push: from one that we may not read" upload new/p "$digest,$file,lib/web"
	check "push: it is sent as well" grep -q "^done $digest $size uploaded" said
	hostile_rule push
	hostile_rule push 'GET /token.*nope status code=403 message=not%20yours'
	check "push: from one that we get no token for" upload new/q "$digest,$file,lib/nope"
	check "push: it is sent, too" grep -q "^done $digest $size uploaded" said
	hostile_rule push
	hostile_rule push 'PATCH uploads disconnect at=1000000 over=1000000 times=2'
	check "push: a connection that breaks" upload new/d "$digest,$file"
	check "push: the registry is asked how far it came" test "$(asked push 'GET .*uploads.* 204')" -ge 1
	check "push: and gets the rest" is "$(asked push 'PATCH /v2/new/d/.* 202')" 1
	hostile_rule push
	hostile_rule push 'PATCH uploads disconnect at=1000 times=1' 'GET uploads status code=404 times=1'
	check "push: a registry that has forgotten" upload new/e "$digest,$file"
	check "push: gets all again" is "$(asked push 'POST /v2/new/e/')" 2
	hostile_rule push
	hostile_rule push 'PATCH uploads status code=500'
	check "push: a registry that fails" refused EREMOTEIO "the registry failed (500)" --retries 1 --creds bob:pw \
		--insecure --push upload "$hostile_host" new/f "$digest,$file"
	hostile_rule push
	hostile_rule push 'PUT uploads status code=400 message=bad%20digest'
	check "push: a registry that does not want it" refused EREMOTEIO "refused (400): bad digest" --creds bob:pw \
		--insecure --push upload "$hostile_host" new/g "$digest,$file"
	hostile_rule push
	hostile_rule push "POST uploads status code=202 header=Location:http://$hostile_other/v2/x/blobs/uploads/1"
	check "push: an upload that is elsewhere" refused ENOENT "" --creds bob:pw --insecure --push upload "$hostile_host" \
		new/h "$digest,$file"
	check "push: without our credentials" is "$(asked push '^other PATCH .*auth=none')" 1
	hostile_rule push
	check "push: a manifest without its blobs" refused EREMOTEIO "blob unknown" --creds bob:pw --insecure --push put \
		"$hostile_host" new/a 1 application/vnd.oci.image.manifest.v1+json push.json
	check "push: a manifest" client --creds bob:pw --insecure --push put "$hostile_host" lib/web copy \
		application/vnd.oci.image.manifest.v1+json push.json
	check "push: is there" answered "$(sha256 push.json)" --creds bob:pw --insecure manifest "$hostile_host" lib/web copy
	check "mount" answered "mounted yes" --creds bob:pw --insecure --push mount "$hostile_host" new/m "$digest" lib/web
	check "mount of what is not there" answered "mounted no" --creds bob:pw --insecure --push mount "$hostile_host" new/n \
		"$digest" lib/nope
	check "mount: an upload nobody needs is given up" is "$(asked push 'DELETE .*uploads.* 204')" 1
	hostile_stop push
}

# Debian's registry speaks HTTP/2 by TLS.
test_distribution() {
	mkdir -p push
	local digest file=push/blob
	command -v docker-registry >/dev/null || { skip "docker-registry" "not installed" && return; }
	distribution_start debian tls basic || { check "docker-registry starts" false && return; }
	head -c 5000000 /dev/urandom >$file
	digest=$(sha256 $file)
	debian() {
		client --cert-dir "$registry_work/tls/trust" --creds alice:secret --push --events "$@"
	}
	check "docker-registry: ping" debian ping "$distribution_host" -
	check "docker-registry: upload" debian upload "$distribution_host" lib/web "$digest,$file"
	rm -f blob
	check "docker-registry: fetch" debian fetch "$distribution_host" lib/web "$digest,5000000,blob"
	check "docker-registry: the same bytes" cmp -s $file blob
	check "docker-registry: by HTTP/2" grep -q '"GET /v2/lib/web/blobs/.* HTTP/2' "$registry_work/debian/log"
	truncate -s 1234567 blob
	check "docker-registry: the rest" debian fetch "$distribution_host" lib/web "$digest,5000000,blob"
	check "docker-registry: the same bytes again" cmp -s $file blob
	check "docker-registry: is no such manifest there" refused ENOENT "manifest unknown" --cert-dir \
		"$registry_work/tls/trust" --creds alice:secret manifest "$distribution_host" lib/web 1
	check "docker-registry: a wrong password" refused EACCES "not authorised" --cert-dir \
		"$registry_work/tls/trust" --creds alice:no ping "$distribution_host" -
	distribution_stop debian
}

tests=(documents wrong_documents blobs resume retry cancel redirect basic token token_renewal identity_token tls realm
	proxy push distribution)
[ $# = 0 ] || tests=("$@")
for name in "${tests[@]}"; do
	"test_$name"
done
finish
