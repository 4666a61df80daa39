#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A library that is missing is named by configure, with the Debian package that has it; ./bootstrap installs all of them.
# shellcheck source=tests/tap.sh
. "${top_srcdir:-.}/tests/tap.sh"

source=$(readlink -f "${top_srcdir:-.}")
mkdir -p "$work/src"
cp -r "$source"/{configure,build-aux,config.h.in,Makefile.in} "$work/"
cp "$source/src/main.c" "$work/src/"

# A pkg-config that does not know the module in $MISSING.
real=$(command -v "${PKG_CONFIG:-pkg-config}")
cat >"$work/pkg-config" <<END
#!/bin/sh
case " \$* " in *" \$MISSING "*) echo "No package '\$MISSING' found" >&2 && exit 1 ;; esac
exec "$real" "\$@"
END
chmod 755 "$work/pkg-config"

# names MODULE PACKAGE [OPTION]: in a message that says what to do
names() {
	local module=$1 package=$2
	shift 2
	! (cd "$work" && MISSING=$module PKG_CONFIG=$work/pkg-config ./configure -q --cache-file=cache "$@" >said 2>&1) &&
		grep -q "^configure: error: .*$module .*not found .*: install the package $package (on Debian: apt-get install $package)" \
			"$work/said"
}

# MODULE… PACKAGE, a line for each of configure.ac
libraries() {
	sed -n 's/.*CRUNIT_LIBRARY(\[[A-Z]*\], \[\(.*\)\], \[\(.*\)\]).*/\1 \2/p' "$source/configure.ac" | sed -E 's/ >= [0-9.]+//g'
}

while read -ra words; do
	package=${words[-1]}
	for module in "${words[@]:0:${#words[@]}-1}"; do
		check "$module is in $package" names "$module" "$package" --with-isal=yes
	done
	check "$package is installed by bootstrap" grep -qwF -- "$package" "$source/bootstrap"
done < <(libraries)
check 'there are libraries' test "$tap_number" -gt 10
finish
