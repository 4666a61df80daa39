#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# run.sh PROGRAM...: unit tests, the fuzz targets with their corpora, and every EVERYth (3) case of the
# plan under valgrind's memcheck: bytes that nobody has written, and much of what ASan sees as well.
# Each report is a failure. SHIM is shim.c as a library, for a valgrind without openat2: what has to
# do with it, or with another system call that valgrind does not know, may say what it likes of the
# kernel, and only reports count.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
top=$(cd "${top_srcdir:-$here/../..}" && pwd -P)
build=$(cd "$build" && pwd -P)
jobs=$work/jobs
mkdir "$jobs"
export work build

# one JOB: its file has the command, a word a line; .bad is what is wrong. Some plans are refused.
one() {
	local job=$1 status=0 lacks words
	mapfile -t words <"$job"
	lacks=$job.lacks
	MEMCHECK_LACKS=$lacks ${shim:+env "LD_PRELOAD=$shim"} timeout 600 valgrind -q --error-exitcode=99 --leak-check=full \
		--errors-for-leak-kinds=definite,indirect --show-leak-kinds=definite,indirect --num-callers=20 \
		--suppressions="$here/suppressions" --log-file="$job.log.%p" "${words[@]}" >"$job.out" 2>&1 </dev/null || status=$?
	! grep -q 'unhandled .* syscall' "$job".log.* || : >"$lacks"
	if cat "$job".log.* | grep -q '^=='; then
		cat "$job".log.* | grep '^=='
	elif [ $status -gt 1 ] || { [ $status = 1 ] && [ ! -e "$lacks" ] && [[ $job != */plan-* ]]; }; then
		echo "exit status $status" && tail -n 20 "$job.out"
	fi >"$job.bad"
}
export -f one
export here

# job NAME WORD...
job() {
	local name=$1
	shift
	printf '%s\n' "$@" >"$jobs/$name"
}

# The plan that a case asks for.
plan_jobs() {
	local case word words image joined index=0
	for case in "$top"/tests/plan/cases/*.case; do
		index=$((index + 1))
		[ $((index % ${EVERY:-3})) = 0 ] || continue
		words=()
		while IFS= read -r word && [ "$word" != --- ]; do
			[[ $word =~ ^(image|unit|joined|subids|sockets):\  ]] || words+=("${word//\$here/$top/tests/plan}")
		done <"$case"
		image=$(sed -n '1s/^image: //p' "$case")
		joined=$(sed -n 's/^joined: //p' "$case")
		job "plan-$(basename "$case" .case)" env CRUNIT_CDI="$top/tests/plan/cdi:$top/tests/plan/cdi-run" \
			${joined:+"JOINED=$top/tests/plan/cases/$joined"} "$build/tests/plan/plan-show" "$top/tests/plan/rootfs" \
			"${image:+$top/tests/plan/cases/}${image:--}" "${words[@]}"
	done
}

# What the scripts of the fuzz targets call the targets with.
corpus_jobs() {
	local script target
	mkdir -p "$work/lister/tests/fuzz"
	for script in "$top"/tests/fuzz/fuzz-*.sh; do
		target=$(basename "$script" .sh)
		printf '#!/bin/sh\nprintf "%%s\\n" "$0" "$@"\n' >"$work/lister/tests/fuzz/$target"
		chmod +x "$work/lister/tests/fuzz/$target"
		top_builddir=$work/lister "$script" | sed "1s|.*|$build/tests/fuzz/$target|" >"$jobs/$target"
	done
}

unknown() {
	local call=$1 program=$2
	valgrind -q --log-file="$work/probe" "$build/$program" >/dev/null 2>&1 </dev/null
	grep -q "unhandled .* syscall: $call" "$work/probe"
}

shim=
! unknown 437 tests/unit/test-user || shim=$(readlink -f "${SHIM:?}")
export shim
# Without pidfd_open these wait for ever, or go on without what they need; inject and layer, which unpacks
# gigabytes, take minutes, and what posix_spawn() says of a program that is not there, which fetch asks for,
# does not get through valgrind.
leave="test-fetch test-inject test-layer "
! unknown 434 tests/unit/test-state || leave+="test-process test-update "
for program; do
	[[ " $leave" == *" ${program##*/} "* ]] || job "${program##*/}" "$build/$program"
done
corpus_jobs
plan_jobs
[ "$(find "$jobs" -type f | wc -l)" -gt 60 ] || { echo "Bail out! where are the tests?" && exit 99; }

find "$jobs" -type f | sort | xargs -P "$(nproc)" -I '{}' bash -c 'one "$1"' one '{}'
for bad in "$jobs"/*.bad; do
	check "memcheck of $(basename "$bad" .bad)" bash -c '! grep . "$1"' check "$bad"
done
finish
