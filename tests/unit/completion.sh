#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the shells are told may follow on a command line, and what bash makes of it; and what people are
# told of a line that is not complete.
set -uo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"

build=$(readlink -f "$build")
src=$(readlink -f "${top_srcdir:-.}")
export CRUNIT_LIBEXECDIR=$build CRUNIT_STORAGE=$work/store CRUNIT_RUN=$work/run

# offers WORD… gives CANDIDATE…: the answer has these lines (without descriptions) and, where the last
# candidate is ".", no others.
offers() {
	local words=() wanted=() candidate
	while [ "$1" != gives ]; do words+=("$1"); shift; done
	shift
	"$build/crunit" __complete "${words[@]}" >"$work/answer" || return 1
	cut -f1 "$work/answer" >"$work/candidates"
	for candidate; do
		[ "$candidate" = . ] && { test "$(wc -l <"$work/candidates")" = $(($# - 1)); return; }
		grep -qxF -e "$candidate" "$work/candidates" || { sed 's/^/# got: /' "$work/candidates"; return 1; }
		wanted+=("$candidate")
	done
}

check "commands" offers '' gives run stop ps image
check "those that begin so" offers lo gives logs load login logout .
check "with what they do" grep -qx "load	Load images from .*" "$work/answer"
check "not the hidden ones" offers _ gives .
check "the second word of a command" offers image '' gives inspect prune
check "options" offers ps -- gives --all --format
check "one option" offers run --sdn gives --sdnotify .
check "options in front of the command" offers --ro gives --root .
check "the value of one" offers --root '' gives :dirs .
check "a command behind it" offers --root /x sto gives stop .
check "containers" offers exec '' gives :containers .
check "what they execute is theirs" offers exec web '' gives .
check "and its options" offers run image -- gives .
check "images" offers rmi '' gives :images .
check "one after the other" offers rmi a b '' gives :images .
check "the value of an option" offers run --env-file '' gives :files .
check "secrets" offers run --secret '' gives :secrets .
check "a name that is nothing's yet" offers run --hostname '' gives .
check "joined to it" offers run --env-file= gives :files .
check "commands of crunit-image" offers load --ta gives --tag .
check "their arguments" offers load '' gives :files .
check "nothing for what is unknown" offers nonsense '' gives .

mkdir -p "$work/run/containers/web@web"
names() { test "$("$build/crunit" __names "$1")" = "$2"; }
check "names of containers" names containers web
tar -C "$work" -cf "$work/rootfs.tar" run
"$build/crunit-image" load --tag localhost/some:1 -i "$work/rootfs.tar" >/dev/null 2>"$work/said" || sed 's/^/# /' "$work/said"
check "names of images" names images localhost/some:1

mkdir -p "$work/store/networks"
"$build/crunit" network create inner >/dev/null 2>"$work/said"
check "names of networks" names networks inner
check "what a network's command takes" offers network rm '' gives :networks .

# bash asks the way bash-completion does.
bash_offers() {
	local line=$1
	shift
	PATH=$build:$PATH bash --norc -c '
		_get_comp_words_by_ref() {
			local IFS=" "
			read -ra words <<<"$LINE"
			[ "${LINE: -1}" != " " ] || words+=("")
			cword=$((${#words[@]} - 1)) cur=${words[cword]}
		}
		__ltrimcolon_completions() { :; }
		compopt() { :; }
		. "$1"
		LINE=$2
		_crunit
		printf "%s\n" "${COMPREPLY[@]}"' bash "$src/units/completion/crunit" "$line" >"$work/reply"
	test "$(paste -sd' ' "$work/reply")" = "$*" || { sed 's/^/# got: /' "$work/reply"; return 1; }
}
# group STATUS LINE COMMAND…: what is said where a command of several words is not all there
group() {
	local expected=$1 line=$2 status=0
	shift 2
	"$build/crunit" "$@" >"$work/said" 2>&1 || status=$?
	test "$status" = "$expected" && grep -qx -e "$line" "$work/said" || { sed 's/^/# got: /' "$work/said"; return 1; }
}
check "help on commands of two words" group 0 '  volume ls  *List volumes' volume --help
check "the second word is missing" group 125 '  pod rm  *Remove pods' pod
check "the second word is wrong" group 125 "crunit: unknown command 'volume lss', did you mean 'volume ls'?" volume lss
check "nothing far away is proposed" group 125 "crunit: unknown command 'system renumber', see crunit system --help" system renumber
check "nor what nobody is to call" group 125 "crunit: unknown command 'rename', see crunit --help" rename
check "what podman has instead of it" group 125 'crunit: container: .* leave the word out.*' container stop web
check "bash: commands" bash_offers "crunit lo" logs load login logout
check "bash: names" bash_offers "crunit exec w" web
check "bash: images" bash_offers "crunit rmi " localhost/some:1
check "help on another name of a command" group 0 'usage: crunit image ls .*' image ls --help
check "has no more than there is" eval '! grep -q null "$work/said"'
sed -i "s,localhost/some:1,\$(touch $work/expanded)x,g" "$CRUNIT_STORAGE/index.json"
bash_offers "crunit rmi " >/dev/null 2>&1
check "bash: a name is no command" test ! -e "$work/expanded"
# fish tells by itself what it would offer.
fish_offers() {
	local line=$1
	shift
	PATH=$build:$PATH HOME=$work fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$src/units/completion/crunit.fish" "$line" >"$work/reply" 2>"$work/said"
	test "$(cut -f1 "$work/reply" | paste -sd' ')" = "$*" || { sed 's/^/# got: /' "$work/reply" "$work/said"; return 1; }
}
if command -v fish >/dev/null; then
	check "fish: commands" fish_offers "crunit lo" load login logout logs
	check "fish: names" fish_offers "crunit exec w" web
	check "fish: files" fish_offers "crunit run --env-file $work/root" "$work/rootfs.tar"
	check "fish: files behind an option's name" fish_offers "crunit run --env-file=$work/root" "--env-file=$work/rootfs.tar"
	check "fish: nothing where there is nothing" fish_offers "crunit run --pod="
	check "fish: names behind one" fish_offers "crunit run --volumes-from=w" "--volumes-from=web"
else
	skip "fish" "fish is not there"
fi
check "bash: files" bash_offers "crunit run --env-file=$work/root" "$work/rootfs.tar"
finish
