#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# crunit quadlet install, list, print and rm, in a user's directory, with a systemctl that only
# writes down what it was asked.
set -uo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
build=$(readlink -f "$build")
export CRUNIT_LIBEXECDIR=$build HOME=$work/home XDG_CONFIG_HOME=$work/config
unset QUADLET_UNIT_DIRS XDG_RUNTIME_DIR
target=$work/config/containers/systemd
mkdir -p "$work/bin" "$work/in" "$work/home"
cat >"$work/bin/systemctl" <<'END'
#!/bin/bash
echo "$*" >>"$ASKED"
[ "$2" != "$FAIL" ] || exit 4
[ "$2" != list-units ] || { [ "${*: -1}" != 'many@*.service' ] || echo "many@one.service loaded active running"; exit; }
[ "$2" = show ] || exit 0
first=yes
for unit in "${@:5}"; do
	[ "$first" ] || echo
	first=
	printf 'Id=%s\nLoadState=%s\nActiveState=%s\nSubState=%s\n' "$unit" $([ "$unit" = web.service ] && echo loaded active running || echo not-found inactive dead)
done
END
chmod +x "$work/bin/systemctl"
export PATH=$work/bin:$PATH ASKED=$work/asked FAIL=

quadlet() {
	local wanted=$1 status=0
	shift
	: >"$ASKED"
	(cd "$work/in" && "$build/crunit" quadlet "$@") >"$work/out" 2>&1 || status=$?
	sed "s,$target,DIR,g" "$work/out" >"$work/said"
	test "$status" = "$wanted"
}
says_only() { printf '%s\n' "$@" | diff - "$work/said"; }
asked() { printf '%s\n' "$@" | diff - "$ASKED"; }
gone() { test ! -e "$target/$1"; }

printf '[Container]\nImage=localhost/web\n' >"$work/in/web.container"
printf '[Volume]\n' >"$work/in/data.volume"
check "install" quadlet 0 install --user web.container data.volume
check "says where" says_only DIR/web.container DIR/data.volume
check "puts it there" cmp "$work/in/web.container" "$target/web.container"
check "and systemd reads it" asked "--user daemon-reload"
check "not over what is there" quadlet 125 install --user web.container
check "and says so" says_only "crunit: DIR/web.container exists, use --replace"
check "and leaves systemd alone" test ! -s "$ASKED"
printf '# new\n[Container]\nImage=localhost/web\n' >"$work/in/web.container"
check "unless told to" quadlet 0 install --user --replace --reload-systemd=false web.container
check "it is the new one" cmp "$work/in/web.container" "$target/web.container"
check "systemd is not told" test ! -s "$ASKED"
FAIL=daemon-reload
check "systemd that cannot is a failure" quadlet 125 install --user --replace web.container
check "with its status" says_only DIR/web.container "crunit: systemctl daemon-reload failed with status 4"
FAIL=

printf 'Image=x\n' >"$work/in/broken.container"
printf '[Volume]\n' >"$work/in/other.volume"
check "what cannot be read" quadlet 125 install --user other.volume broken.container
check "is said" says_only "crunit: broken.container:1: key before the first [section]"
check "and keeps all others out" gone other.volume
check "notes alone are no container file" eval 'touch "$work/in/notes.txt" && quadlet 125 install --user notes.txt'
check "nor is what is not there" quadlet 125 install --user gone.container
check "addresses are refused" quadlet 125 install --user https://example.com/a.container
check "with a way out" grep -q "download it first" "$work/said"
check "two files of one name" eval 'mkdir -p "$work/in/twice" && cp "$work/in/other.volume" "$work/in/twice/" && quadlet 125 install --user other.volume twice/other.volume'

cat >"$work/in/all.quadlets" <<'END'
# Several files in one.
---
# FileName=shop
[Unit]
Description=A shop

[Container]
Image=localhost/shop
Volume=shop.volume:/data
---
#FileName=shop.volume
[Volume]
Label=a=b
---

# nothing more
END
check "several files in one" quadlet 0 install --user all.quadlets
check "become files" says_only DIR/shop.container DIR/shop.volume
check "each with its part" diff - "$target/shop.container" <<'END'
# FileName=shop
[Unit]
Description=A shop

[Container]
Image=localhost/shop
Volume=shop.volume:/data
END
fails() { printf '%b' "$1" >"$work/in/bad.quadlets"; quadlet 125 install --user bad.quadlets && says_only "crunit: bad.quadlets:$2"; }
check "a part without a name" fails '[Container]\nImage=x\n' "1: this part has no '# FileName=NAME'"
check "a part without a type" fails '# FileName=a\n[Volume]\n---\n# FileName=b\n[Unit]\nA=b\n' \
	"4: this part has no section that says what it is, as [Container]"
check "two parts of one name" fails '# FileName=a\n[Volume]\n---\n# FileName=a\n[Volume]\n' "4: another part has the same FileName="
check "a name that leads elsewhere" fails '# FileName=../a\n[Volume]\n' "1: FileName= is not the name of a file"
check "no part at all" eval 'echo "# x" >"$work/in/bad.quadlets"; quadlet 125 install --user bad.quadlets'

mkdir -p "$work/in/app/sub"
printf '[Build]\nImageTag=localhost/app\nSetWorkingDirectory=unit\n' >"$work/in/app/app.build"
echo 'FROM scratch' >"$work/in/app/Containerfile"
check "a directory" quadlet 0 install --user app
check "its directories are not, and it says so" grep -qx 'crunit: warning: app/sub is not installed: of directories in it, only those with drop-ins are, as web.container.d' "$work/said"
check "is an application" test -e "$target/app/app.build" -a -e "$target/app/Containerfile"
check "an application by name" quadlet 0 install --user --application mine other.volume
check "is a directory" says_only DIR/mine/other.volume
check "whose name is one" quadlet 125 install --user --application ../x other.volume

check "list" quadlet 0 list --user
check "with the state of each" diff - <(sed 's/  */ /g' "$work/said") <<'END'
NAME UNIT NAME PATH ON DISK STATUS APPLICATION
app.build app-build.service DIR/app/app.build Not loaded app
data.volume data-volume.service DIR/data.volume Not loaded 
other.volume other-volume.service DIR/mine/other.volume Not loaded mine
shop.container shop.service DIR/shop.container Not loaded 
shop.volume shop-volume.service DIR/shop.volume Not loaded 
web.container web.service DIR/web.container active/running 
END
check "in JSON" quadlet 0 ls --user --format json --filter name=web.*
check "one file" diff - "$work/said" <<'END'
[
  {
    "Name": "web.container",
    "UnitName": "web.service",
    "Path": "DIR/web.container",
    "Status": "active/running",
    "App": ""
  }
]
END
check "without a heading" eval 'quadlet 0 list --user -n --filter unit=shop* && test "$(wc -l <"$work/said")" = 2'
check "a filter that is none" quadlet 125 list --user --filter colour=red
check "a format that is none" quadlet 125 list --user --format xml

check "print" quadlet 0 print --user data.volume web.container
check "the files as they are" says_only '[Volume]' '# new' '[Container]' 'Image=localhost/web'
check "one that is not there" quadlet 125 cat --user gone.container

check "one that runs is not removed" quadlet 2 rm --user web.container
check "and it is said why" says_only "crunit: web.service is active/running: stop it, or use --force"
check "it is still there" test -e "$target/web.container"
check "unless by force" quadlet 0 rm --user --force web.container
check "it is stopped first" grep -qx -e "--user stop -- web.service" "$ASKED"
check "and gone" gone web.container
check "systemd forgets it" grep -qx -e "--user daemon-reload" "$ASKED"
check "removing what is not there" quadlet 1 rm --user web.container
check "may be ignored" quadlet 0 rm --user --ignore web.container
check "one of several" quadlet 1 rm --user gone.container data.volume
check "does not keep the others" gone data.volume
check "an application" quadlet 0 rm --user app
check "goes with all its files" gone app
check "nothing named" quadlet 125 rm --user
check "names and all" quadlet 125 rm --user --all shop.volume
check "exclude each other" says_only "crunit: quadlet rm: names and --all exclude each other"
check "a path is no name" quadlet 1 rm --user ../systemd
mkdir -p "$work/in/whole"
for name in a web z; do printf '[Container]\nImage=localhost/%s\n' $name >"$work/in/whole/$name.container"; done
echo side >"$work/in/whole/side.txt"
check "an application that runs in part" quadlet 0 install --user whole
check "is not removed" quadlet 2 rm --user whole
check "nor part of it" test -e "$target/whole/a.container" -a -e "$target/whole/z.container" -a -e "$target/whole/side.txt"
check "nor with all others" quadlet 2 rm --user --all
check "which are removed" gone shop.volume
check "unless by force, as a whole" quadlet 0 rm --user --force whole
check "none of it is left" gone whole
printf '[Container]\nImage=localhost/b\n' >"$work/in/b.container"
mkdir -p "$work/in/twice"
cp "$work/in/b.container" "$work/in/twice"
echo side >"$work/in/twice/side.txt"
check "a file alone" quadlet 0 install --user b.container
check "and hidden by it in an application" quadlet 0 install --user twice
check "all" quadlet 0 rm --user --all
check "are gone" test -z "$(find "$target" -type f)"

says_sorted() { sort -o "$work/said" "$work/said" && says_only "$@"; }
check "an application once more" quadlet 0 install --user whole
check "one unit of which runs" quadlet 2 rm --user whole
check "is named" says_only "crunit: application whole: web.service is active/running: stop it, or use --force"
FAIL=stop
check "one unit of which cannot be stopped" quadlet 125 rm --user --force whole
check "stays as a whole" test -e "$target/whole/a.container" -a -e "$target/whole/web.container"
FAIL=
check "a file and its application" quadlet 0 rm --user --force web.container whole
check "are each said once" says_sorted a.container web.container z.container
mkdir -p "$work/runtime/containers/systemd" "$target/b.container.d" "$target/.git"
cp "$work/in/b.container" "$work/runtime/containers/systemd/"
ln -s /dev/null "$target/masked.container"
check "a file that another directory's hides" quadlet 0 install --user b.container
XDG_RUNTIME_DIR=$work/runtime check "all, with what is hidden" quadlet 0 rm --user --all
check "is gone" says_only b.container
check "all else is there" eval 'ls -A "$target" | diff - <(printf "%s\n" .git b.container.d masked.container)'
check "in the other directory, too" test -e "$work/runtime/containers/systemd/b.container"
check "all of nothing" quadlet 0 rm --user --all
check "is nothing to tell systemd" eval '! grep -q daemon-reload "$ASKED"'
rm -r "$target/b.container.d" "$target/.git" "$target/masked.container"

mkdir -p "$work/in/shop/"{web.container.d,web-.container.d,container.d,none.conf.d}
cp "$work/in/web.container" "$work/in/shop/"
printf '[Volume]\n' >"$work/in/shop/zzz.volume"
echo note >"$work/in/shop/foo.txt"
for name in web.container.d/10-x web-.container.d/20-y container.d/30-z none.conf.d/x; do
	printf '[Container]\nEnvironment=A=b\n' >"$work/in/shop/$name.conf"
done
printf '[Volume]\nLabel=a=b\n' >"$work/in/drop.conf"
mkdir "$work/in/elsewhere" && mv "$work/in/drop.conf" "$work/in/elsewhere/"
ln -s ../elsewhere "$work/in/shop/zzz.volume.d"
touch "$work/in/shop/web.container.d/README"
whole=(container.d/30-z.conf foo.txt web-.container.d/20-y.conf web.container web.container.d/10-x.conf
	zzz.volume zzz.volume.d/drop.conf)
in_shop() { (cd "$target/shop" && find . -type f -printf '%P\n' | sort) | diff - <(printf '%s\n' "${whole[@]}"); }
check "an application with drop-ins" quadlet 0 install --user shop
check "what it does not take is said" says_sorted "${whole[@]/#/DIR/shop/}" \
	"crunit: warning: shop/none.conf.d is not installed: of directories in it, only those with drop-ins are, as web.container.d" \
	"crunit: warning: shop/web.container.d/README is not installed: the names of drop-ins end in .conf"
check "the drop-ins are taken" in_shop
check "as they are" cmp "$work/in/shop/web.container.d/10-x.conf" "$target/shop/web.container.d/10-x.conf"
check "and the generator finds them" eval '"$build/crunit-generator" --user --dryrun 2>&1 | grep -q A=b'
rm "$target/shop/"{foo.txt,web.container,zzz.volume} "$target/shop/"{web-.container,container,zzz.volume}.d/*
check "a drop-in that is there stays" quadlet 125 install --user shop
check "which is said" grep -qx "crunit: DIR/shop/web.container.d/10-x.conf exists, use --replace" "$work/said"
check "and all others stay out" gone shop/foo.txt
check "unless it is to be replaced" quadlet 0 install --user --replace shop
check "it is whole again" in_shop
check "all goes with the application" eval 'quadlet 0 rm --user --force shop && gone shop'
echo 'A=b' >"$work/in/shop/web.container.d/40-bad.conf"
check "a drop-in that cannot be read" quadlet 125 install --user shop
check "has its line" grep -qx "crunit: web.container.d/40-bad.conf:1: key before the first \[section\]" "$work/said"
check "and nothing is written" gone shop
rm "$work/in/shop/web.container.d/40-bad.conf"
mkdir -p "$target/shop/foo.txt"
check "a directory in the way" quadlet 125 install --user --replace shop
check "is seen before" eval 'rmdir "$target/shop/foo.txt" && rmdir "$target/shop"'
mkdir -p "$target/shop" && touch "$target/shop/web.container.d"
check "so is a file where drop-ins go" quadlet 125 install --user --replace shop
check "and it is said what to do" grep -qx "crunit: DIR/shop/web.container.d is not a directory: remove it first" "$work/said"
rm -r "$target/shop"

# Of one name, the generator takes the file of the directory above.
check "a file first" quadlet 0 install --user b.container
check "and one that it hides" quadlet 0 install --user --application q2 b.container
check "says which one counts" says_only DIR/q2/b.container \
	"crunit: warning: DIR/q2/b.container has no effect: DIR/b.container has the same name and is found first"
check "the other has nothing to say" eval 'quadlet 0 install --user --replace b.container && says_only DIR/b.container'
ln -s /dev/null "$work/runtime/containers/systemd/data.volume"
XDG_RUNTIME_DIR=$work/runtime check "one that is masked" quadlet 0 install --user data.volume
check "is named as well" says_only DIR/data.volume \
	"crunit: warning: DIR/data.volume has no effect: $work/runtime/containers/systemd/data.volume has the same name and is found first"

# The directory of users in the system's is nobody's application.
users=$work/etc/containers/systemd/users
as_root() {
	mkdir -p "$users" && cp "$work/in/other.volume" "$users/"
	FAIL=none unshare -rm sh -c 'mount --bind "$1" /etc && shift && exec "$@"' - "$work/etc" "$build/crunit" quadlet "$@" >"$work/said" 2>&1
}
if unshare -rm true 2>/dev/null; then
	check "users are no application" eval '! as_root rm --force users && test -e "$users/other.volume"'
	check "nor a name for one" eval '! as_root install --replace --application users "$work/in/data.volume" && test ! -e "$users/data.volume"'
	check "and not among all" eval 'as_root rm --all && test -e "$users/other.volume"'
else
	skip "users are no application" "no user namespaces"
fi

# --- templates run as long as one instance does
rm -rf "$target"
printf '[Container]\nImage=localhost/many\n' >"$work/in/many@.container"
cp "$work/in/many@.container" "$work/in/few@.container"
quadlet 0 install --user many@.container few@.container
check "a template with an instance that runs stays" quadlet 2 rm --user many@.container
check "and it is said why" says_only "crunit: many@.service is active/instances: stop it, or use --force"
check "one without goes" quadlet 0 rm --user few@.container
check "or by force" quadlet 0 rm --user --force many@.container
check "when all have been stopped" grep -qxF -- "--user stop -- many@*.service" "$ASKED"
check "and is gone" gone many@.container
check "a filter that is none, where there is nothing to filter" quadlet 125 list --user --filter status
check "is named" says_only "crunit: --filter status: not name=, unit= or status="
finish
