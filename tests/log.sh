#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The log pump: nothing is lost, no signal ends it, and what it becomes at the end.
pump=${top_builddir:?}/crunit-log
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
exec 3<&- # where it is told to begin, if it has to wait
count=0
check() {
	count=$((count + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		echo "# got '$2', expected '$3'"
	fi
}

check "the last line, without its end" "$({ echo one; sleep 0.1; printf two; } | "$pump" | tr '\n' ,)" one,two
printf 'x' >"$dir/append"
{ echo one; printf two; } | "$pump" >>"$dir/append"
check "a file open for appending" "$(tr '\n' , <"$dir/append")" xone,two
check "a megabyte" "$(head -c 1000000 /dev/zero | "$pump" | wc -c)" 1000000
head -c 300000 /dev/zero | "$pump" >/dev/full
check "a full disk does not block the writer" $? 1

mkfifo "$dir/fifo"
"$pump" <"$dir/fifo" >"$dir/out" &
pid=$!
exec 7>"$dir/fifo"
echo before >&7
until [ -s "$dir/out" ]; do sleep 0.01; done
for signal in TERM INT HUP USR1 PIPE; do kill -s "$signal" $pid; done
echo after >&7
exec 7>&-
wait $pid
check "signals do not end it" "$? $(tr '\n' , <"$dir/out")" "0 before,after,"

check "it becomes a program where the file is there" \
	"$(echo log | "$pump" "$dir" /bin/echo at the end | tr '\n' ,)" "log,at the end,"
check "and just ends where it is not" "$(echo log | "$pump" "$dir/gone" /bin/echo at the end)" log
printf x >"$dir/byte"
check "it begins when it is told to" "$(echo log | "$pump" "$dir" /bin/echo end 3<"$dir/byte" | tr '\n' ,)" "log,end,"
echo log | "$pump" "$dir" /bin/echo end >"$dir/nothing" 3</dev/null
check "and ends where nobody does" "$? $(cat "$dir/nothing")" "1 "
echo "1..$count"
