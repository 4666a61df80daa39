#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# ./bootstrap demo --here: nothing happens before somebody has agreed, and a step that fails, or says nothing of
# what it should, is its end. It runs in namespaces whose process 1 bears systemd's name, from a copy in which
# whatever would change the machine only says that it was called.
# shellcheck source=tests/tap.sh
. "${top_srcdir:-.}/tests/tap.sh"

source=$(readlink -f "${top_srcdir:-.}")
tree=$work/tree
mkdir -p "$tree/tests/machine" "$work/bin"
cp "$source/bootstrap" "$tree/"
for tool in apt-get systemctl make autoreconf crunit; do
	printf '#!/bin/sh\necho "%s $*" >>"%s"\nexit ${FAKE_STATUS:-9}\n' $tool "$work/touched" >"$work/bin/$tool"
done
cp "$work/bin/make" "$tree/configure"
sed -i 's/"make /"configure /' "$tree/configure"
printf '#!/bin/sh\n' >"$tree/tests/machine/build-images"
cat >"$work/bin/dpkg-query" <<'END'
#!/bin/sh
[ -z "$HAS_PACKAGES" ] || printf installed
END
cat >"$work/first" <<'END'
#!/bin/bash
mount -t tmpfs none /etc && mkdir -p "$FAKE_ETC" || exit 99
[ -z "$FAKE_FILE" ] || { mkdir -p "${FAKE_FILE%/*}" && : >"$FAKE_FILE"; } || exit 99
printf %s "$FAKE_NAME" >/proc/self/comm
"$@"
exit $?
END
chmod 755 "$work/bin/"* "$work/first" "$tree/configure" "$tree/tests/machine/build-images"

# here WORD…: demo --here as it is under a systemd; what it says is in $work/said, and $status
here() {
	: >"$work/touched"
	status=0
	PATH=$work/bin:$PATH FAKE_NAME=${name:-systemd} FAKE_FILE=${file:-} FAKE_ETC=/etc/none HAS_PACKAGES=${packages:-} timeout -k 1 60 \
		${terminal:+"$source/tests/image/on-terminal" '[y/N]' "$terminal"} \
		unshare $as --mount --pid --fork --kill-child --mount-proc "$work/first" "$tree/bootstrap" demo --here "$@" \
		<"${input:-/dev/null}" >"$work/said" 2>&1 || status=$?
}

# refuses WHY: with status 1, and nothing was called
refuses() {
	echo "status $status, called: $(cat "$work/touched")"
	[ "$status" = 1 ] && grep -qF -- "bootstrap: $1" "$work/said" && [ ! -s "$work/touched" ]
}

# began CALL: it went on to this
began() {
	echo "called: $(cat "$work/touched")"
	[ "$(head -n 1 "$work/touched")" = "$1" ]
}

as=
[ "$(id -u)" = 0 ] || as=--map-root-user
if ! unshare $as --mount --pid --fork --mount-proc true 2>"$work/said"; then
	skip 'demo --here asks' 'no namespaces here'
	finish
fi

configured='configure -q --prefix=/usr/local --sysconfdir=/etc'

here
check 'without a terminal it refuses' refuses '--here: no terminal to ask on; say --yes, or leave --here away'
echo y >"$work/yes"
input=$work/yes here
check 'an answer that nobody typed is none' refuses '--here: no terminal to ask on'
terminal=n here
check 'no is no' refuses 'not done; without --here a throw-away systemd is used'
terminal=. here
check 'an empty answer is no' refuses 'not done'
terminal=^ here
check 'the end of input is no' refuses 'not done'
name=init here --yes
check 'there has to be a systemd' refuses '--here: process 1 is no systemd; leave --here away'
file=/etc/containers/systemd/hello.container here --yes
check 'a file of that name stays' refuses '--here: /etc/containers/systemd/hello.container exists already'
terminal=y packages=all here
check 'yes goes on to build' began "$configured"
packages=all here --yes
check '--yes needs no terminal' began "$configured"
here --yes
check 'packages are installed after that' began 'apt-get update -qq'

# ended WHY: with status 1, after that step
ended() {
	[ "$status" = 1 ] && grep -qF -- "bootstrap: step failed ($1" "$work/said"
}

export FAKE_STATUS=0
packages=all here --yes
check 'a step of which nothing is seen has failed' ended "load the image): no 'hello' in the output"
printf '#!/bin/sh\necho hello\nexit 3\n' >"$work/bin/crunit"
packages=all here --yes
check 'and one that says so' ended 'load the image): status 3'
finish
