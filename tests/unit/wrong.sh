#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What each command says to somebody who asks for help, or types nonsense: the right exit status, a
# message of ours, and nothing in it that a terminal would obey. And the exit statuses that scripts
# know from podman.
set -uo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"

build=$(readlink -f "$build")
export CRUNIT_LIBEXECDIR=$build CRUNIT_STORAGE=$work/store CRUNIT_RUN=$work/run HOME=$work/home
export CRUNIT_CONF=$work/conf XDG_CONFIG_HOME=$work/home/.config
: >"$CRUNIT_CONF"
mkdir -p "$HOME"
long=$(printf 'a%.0s' {1..5000})
controls=$'a\033[31m\007\177b\377'

# run WORD…: what it prints to $work/out, what it says to $work/said, and $status
run() {
	status=0
	timeout 60 "$build/crunit" "$@" </dev/null >"$work/out" 2>"$work/said" || status=$?
}

# Nothing that a terminal obeys, and not more than a screen of it.
is_clean() {
	! LC_ALL=C tr -d '\n' <"$work/said" | LC_ALL=C grep -q '[[:cntrl:]]' && test "$(wc -c <"$work/said")" -lt 9000
}

helps() {
	local command=$1
	# shellcheck disable=SC2086 # a command may have two words
	run $command --help
	test "$status" = 0 && test ! -s "$work/said" && head -n 1 "$work/out" | grep -q "^usage: crunit $command"
}

knows_no_option() {
	local command=$1
	# shellcheck disable=SC2086
	run $command --nonesuch
	test "$status" = 125 && test ! -s "$work/out" &&
		grep -q "^crunit: $command: unknown option --nonesuch" "$work/said"
}

# refuses COMMAND STATUS WORD…: one of ours (some lists find nothing that fits, which is no failure)
refuses() {
	local command=$1
	shift
	# shellcheck disable=SC2086
	run $command "$@"
	case $command:$status in
	images:0) test ! -s "$work/said" ;;
	*\ exists:1) test ! -s "$work/said" ;;
	*:1 | *:125) grep -q '^crunit: ' "$work/said" && is_clean ;;
	*) echo "status $status" && false ;;
	esac
}

needs_more() {
	local command=$1
	# shellcheck disable=SC2086
	run $command
	test "$status" = 125 && grep -q '^crunit: ' "$work/said" && test ! -s "$work/out"
}

takes_no_more() {
	local command=$1
	# shellcheck disable=SC2086
	run $command a b c d e f
	test "$status" = 125 && grep -q "^crunit: usage: crunit $command" "$work/said"
}

# Beyond words, what a command is asked is of no consequence here: nothing is there.
commands() {
	"$build/crunit" --help | sed -n '/^Commands:/,/^$/s/^  \([^ ].*[^ ]\)   *[A-Z].*/\1/p'
}

test "$(commands | wc -l)" -gt 70 || echo "Bail out! the list of commands cannot be read"
while read -r command; do
	check "$command --help" helps "$command"
	arguments=$(sed -n "1s/^usage: crunit $command *//p" "$work/out")
	check "$command, an unknown option" knows_no_option "$command"
	check "$command, an empty word" refuses "$command" ''
	check "$command, a long word" refuses "$command" "$long"
	check "$command, a word of control characters" refuses "$command" "$controls"
	arguments=${arguments#'[OPTIONS]'}
	case $arguments in
	'' | ' ['*) ;;
	*) check "$command, no word" needs_more "$command" ;;
	esac
	case $arguments in
	*…*) ;;
	*) check "$command, too many words" takes_no_more "$command" ;;
	esac
done < <(commands)
check "nothing was made" test -z "$(find "$work/run" "$work/home" -mindepth 1 ! -name lock ! -type d 2>/dev/null)"

# --- who waits for a status knows podman's
says() {
	local wanted=$1
	shift
	run "$@"
	test "$status" = "$wanted" && is_clean
}

for verb in stop kill start restart inspect 'stats --no-stream' top diff logs port 'health run' 'secret rm' \
	'secret inspect' 'image inspect' 'volume inspect' 'network inspect' 'pod inspect' 'pod stop' 'pod start' \
	'quadlet print' history save push untag; do
	# shellcheck disable=SC2086
	check "125: $verb of what is not there" says 125 $verb nothing
done
check "125: exec in what is not there" says 125 exec nothing true
check "125: cp from what is not there" says 125 cp nothing:/a "$work/a"
for verb in rm rmi 'image rm' 'network rm' 'volume rm' 'pod rm' 'quadlet rm' 'image exists' 'network exists' 'volume exists' \
	'pod exists' 'secret exists'; do
	# shellcheck disable=SC2086
	check "1: $verb of what is not there" says 1 $verb nothing
done
for verb in rm rmi 'network rm' 'volume rm' 'pod rm'; do
	# shellcheck disable=SC2086
	check "0: $verb --force of what is not there" says 0 $verb --force nothing
	# shellcheck disable=SC2086
	check "without a word" test ! -s "$work/said"
done
for list in 'volume ls' 'volume prune --force' 'network ls' 'network prune --force'; do
	# shellcheck disable=SC2086
	check "125: $list of no time, where nothing is" says 125 $list --filter until=soon
	check "and why" grep -q -e '--filter until=soon: neither a span of time (10m) nor a time' "$work/said"
done
for list in 'volume ls' 'network ls'; do
	# shellcheck disable=SC2086
	check "125: $list of neither yes nor no" says 125 $list --filter dangling=perhaps
done
mkdir -p "$work/root"
: >"$work/root/file"
tar -C "$work/root" -cf "$work/root.tar" file
run load --tag localhost/there:1 -i "$work/root.tar"
run tag localhost/there:1 localhost/too:1
id=$("$build/crunit" images -q --no-trunc | head -n 1)
check "2: an image with two names, by its id" says 2 rmi "${id#sha256:}"
check "0: both names" says 0 rmi localhost/there:1 localhost/too:1

# --- what removes in bulk asks, and does nothing without an answer
run network create wanted
run volume create wanted
for verb in 'image prune' 'network prune' 'volume prune'; do
	# shellcheck disable=SC2086
	check "$verb wants an answer" says 125 $verb
	check "and says how to do without" grep -q -e '--force' "$work/said"
	echo n >"$work/answer"
	# shellcheck disable=SC2086
	check "$verb takes no" "$build/crunit" $verb <"$work/answer"
done
check "125: system prune" says 125 system prune
check "125: system reset" says 125 system reset
check "the network is there" says 0 network exists wanted
check "and the volume" says 0 volume exists wanted
echo y >"$work/answer"
"$build/crunit" volume prune <"$work/answer" >"$work/out" 2>&1
check "yes removes it" says 1 volume exists wanted

# --- settings that a command alone shows
printf '[network]\npools = 10.78.0.0/16:28\n' >"$CRUNIT_CONF"
subnet_of() {
	run network create "$1"
	"$build/crunit" network inspect --format '{{json .subnets}}' "$1" | tr -d ' \n' | grep -q "\"subnet\":\"$2\""
}
check "pools: the first of its networks" subnet_of cut-1 "10[.]78[.]0[.]0/28"
check "pools: the next" subnet_of cut-2 "10[.]78[.]0[.]16/28"
: >"$CRUNIT_CONF"
check "without: the pool of the manual" subnet_of cut-3 "10[.]\(89\|9[0-9]\|[12][0-9][0-9]\)[.][0-9.]*/24"

# --- what is asked for in place of a command
answers() {
	local wanted=$1
	shift
	"$build/crunit" "$@" >"$work/said" && grep -q "$wanted" "$work/said"
}
for word in --help -h help; do
	check "crunit $word" answers '^usage: crunit \[OPTIONS\] COMMAND' "$word"
	check "crunit --root DIR $word" answers '^usage: crunit \[OPTIONS\] COMMAND' --root "$work" "$word"
done
for word in --version -v; do
	check "crunit $word" answers '^crunit version [0-9]' "$word"
	check "crunit --root=DIR $word" answers '^crunit version [0-9]' "--root=$work" "$word"
done

# --- the other programs
for program in crunit-image crunit-network crunit-unit; do
	check "$program --version" "$build/$program" --version
	check "$program without a command" bash -c '"$1" >/dev/null 2>"$2"; test $? = 125 && grep -q ^usage: "$2"' - \
		"$build/$program" "$work/said"
done
finish
