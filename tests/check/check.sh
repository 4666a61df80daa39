#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# crunit check: what it says about container files, where, and how it ends.
set -uo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
build=$(readlink -f "$build")
here=$(dirname "$(readlink -f "$0")")
export CRUNIT_LIBEXECDIR=$build CRUNIT_STORAGE=$work/store CRUNIT=/usr/bin/crunit
unset QUADLET_UNIT_DIRS

# file NAME LINE…: a container file in $work/in.
file() {
	local name=$1
	shift
	mkdir -p "$(dirname "$work/in/$name")"
	printf '%s\n' "$@" >"$work/in/$name"
}
fresh() { rm -rf "$work/in"; mkdir "$work/in"; }

# said STATUS ARGUMENT…: the status of `crunit check ARGUMENT…` in $work/in; what it prints, without
# the directory, is in $work/said. systemd is asked in one test of its own.
run_check() {
	local wanted=$1 status=0
	shift
	(cd "$work/in" && "$build/crunit" check "$@") >"$work/out" 2>&1 || status=$?
	sed "s,$work/in/,,g" "$work/out" >"$work/said"
	test "$status" = "$wanted"
}
says() { grep -qxF -e "$1" "$work/said"; }
says_nothing_of() { ! grep -q -e "$1" "$work/said"; }
says_only() { printf '%s\n' "$@" | diff - "$work/said"; }

fresh
file good.container '[Container]' 'Image=localhost/a:1' 'Network=host' '[Install]' 'WantedBy=default.target'
check "nothing wrong is status 0" run_check 0 --no-verify .
check "an image that is not there is no mistake" says_only \
	"good.container:2:7: info: image localhost/a:1 is not in the store"
check "nor for --strict" run_check 0 --no-verify --strict .

fresh
file small.container '[Container]' 'Image=localhost/a:1' 'Network=host' 'Memory=1k'
file more.container '[Container]' 'Image=localhost/a:1' 'Network=host' 'PodmanArgs=-m 1048576'
file least.container '[Container]' 'Image=localhost/a:1' 'Network=host' 'Memory=2m'
file none.container '[Container]' 'Image=localhost/a:1' 'Network=host' 'Memory=0'
check "a limit that no start fits into is no mistake" run_check 0 --no-verify .
check "but a warning" says "small.container:4:8: warning: a memory limit of 1k is less than the start of a \
container needs: the kernel would kill it; give it 2m or more"
check "in other arguments as well" says "more.container:4:12: warning: a memory limit of 1048576 is less than \
the start of a container needs: the kernel would kill it; give it 2m or more"
check "and not for enough, or no limit" says_nothing_of '\(least\|none\).container.*memory'

fresh
file port.container '[Container]' 'Image=localhost/a:1' 'PublishPort=203.0.113.77:18080:80' \
	'PublishPort=[2001:db8::77]:18080:80' 'PublishPort=127.0.0.1:18081:81' 'PublishPort=0.0.0.0:18082:82' 'PublishPort=83'
check "a port at an address of nobody here is no mistake" run_check 0 --no-verify .
check "but a warning, since it may come" says "port.container:3:13: warning: this machine has no address \
203.0.113.77: nobody reaches the port while that is so"
check "of both families" says "port.container:4:13: warning: this machine has no address 2001:db8::77: nobody reaches \
the port while that is so"
check "others have none" says_nothing_of 'port.container:[5-7].*address'

fresh
file many.container '[Unit]' 'Requirez=x' '[Container]' 'Image=localhost/a:1' 'Network=host' '  Memory=12Q' \
	'Imgae=x' 'ReadOnly=maybe' 'Exec=a \q' 'PodmanArgs=--cpus=2 --frobnicate' 'PodmanArgs=--requires db' \
	'UserNS=many' '[Service]' 'Restrat=always' 'Type=simple' '[Installl]' 'WantedBy=x' '[Pod]' 'PodName=x'
check "a mistake is status 1" run_check 1 --no-verify .
check "all of them at once" says_only \
	"many.container:2:1: warning: unknown key Requirez= in [Unit]; did you mean Requires=?" \
	"many.container:4:7: info: image localhost/a:1 is not in the store" \
	"many.container:6:10: error: Memory=12Q: not a size (a number and one of b k m g)" \
	"many.container:7:1: error: unknown key Imgae= in [Container]; did you mean Image=?" \
	"many.container:8:10: error: ReadOnly=maybe: not a boolean (use true or false)" \
	"many.container:9:6: error: Exec=: unknown escape '\\q' (for a backslash, write two)" \
	"many.container:10:12: error: PodmanArgs=: unknown option --frobnicate" \
	"many.container:11:12: error: PodmanArgs=: --requires db: write Requires= and After= with its service into [Unit]" \
	"many.container:12:8: error: UserNS=: --userns many: unknown mode (known: auto, keep-id, host, container:NAME and ns:PATH)" \
	"many.container:14:1: warning: unknown key Restrat= in [Service]; did you mean Restart=?" \
	"many.container:15:6: error: Type=simple: such a service is notify or oneshot" \
	"many.container:16:1: warning: unknown section [Installl]; did you mean [Install]?" \
	"many.container:18:1: warning: [Pod] has no effect in a .container file"

fresh
file a.container '[Container]' 'Image=localhost/a:1' 'Network=host' '[Install]' 'Wantedby=default.target'
check "warnings alone are status 0" run_check 0 --no-verify .
check "with --strict they are 1" run_check 1 --no-verify --strict .
check "a key of [Install]" says "a.container:5:1: warning: unknown key Wantedby= in [Install]; did you mean WantedBy=?"

fresh
file a.container '[Container]' 'Image=localhost/a:1' 'Network=host' 'EnvironmentFile=gone.env' 'EnvironmentFile=there.env' \
	'Volume=./gone:/gone' 'Volume=./there.env:/there' 'Volume=%h/x:/x' 'SeccompProfile=/gone/profile.json' \
	'[Service]' 'EnvironmentFile=/gone/env' 'EnvironmentFile=-/gone/too'
touch "$work/in/there.env"
file b.build '[Build]' 'ImageTag=localhost/b' 'File=/gone/Containerfile' 'AuthFile=/gone/auth.json'
file i.image '[Image]' 'Image=localhost/i:1'
file k.kube '[Kube]' 'Yaml=gone.yml' 'ConfigMap=gone-map.yml'
run_check 1 --no-verify .
for line in "a.container:4:17: warning: gone.env does not exist here" \
	"a.container:6:8: warning: gone does not exist here" \
	"a.container:9:16: warning: /gone/profile.json does not exist here" \
	"a.container:11:17: warning: /gone/env does not exist here" \
	"b.build:3:6: warning: /gone/Containerfile does not exist here" \
	"b.build:4:10: warning: /gone/auth.json does not exist here" \
	"k.kube:2:6: warning: gone.yml does not exist here" \
	"k.kube:3:11: warning: gone-map.yml does not exist here"; do
	check "missing: $line" says "$line"
done
check "not what is there" says_nothing_of there.env
check "not what may be missing" says_nothing_of too
check "what this version cannot build" says \
	"b.build: error: this version of crunit has no building of images; build it elsewhere and \`crunit load\` the result; the unit fails when it starts"
check "but not what it can pull" says_nothing_of '^i.image'
check "nor play" grep -q "^k.kube: error: this version of crunit has no Kubernetes files" "$work/said"

fresh
file a.container '[Container]' 'Image=localhost/a:1' 'Network=none' 'SubUIDMap=nobody-has-this' 'SubGIDMap=nor-this'
check "ids that nobody set aside are no mistake" run_check 0 --no-verify --strict .
check "but said: of users" says \
	"a.container:4:11: info: SubUIDMap=: /etc/subuid sets no ids aside for 'nobody-has-this': add a line nobody-has-this:FIRST:COUNT"
check "and of groups" says \
	"a.container:5:11: info: SubGIDMap=: /etc/subgid sets no ids aside for 'nor-this': add a line nor-this:FIRST:COUNT"

fresh
file a.pod '[Pod]' 'PublishPort=8080:80' 'PublishPort=53:53/udp'
file b.pod '[Pod]' 'PublishPort=127.0.0.1:8000-8090:8000-8090' 'PublishPort=53:53/tcp'
file c.pod '[Pod]' 'PublishPort=192.0.2.1:80:80' 'PublishPort=443' 'PublishPort=${PORT}:1'
file d.pod '[Pod]' 'PublishPort=192.0.2.2:80:80' 'PublishPort=443'
run_check 1 --no-verify .
check "a port used twice" says "b.pod:2:13: warning: port 8080/tcp of the host is published by a.pod:2 as well"
check "not for another protocol" says_nothing_of 53/
check "nor another address or one left to chance" says_nothing_of '^[cd].pod:.*published'

fresh
file a.container '[Container]' 'Rootfs=/:O,idmap' 'UserNS=auto' 'UIDMap=0:1000:5' 'PublishPort=${X}:80' 'HostName=a' 'PodmanArgs=--uts host'
file b.container '[Container]' 'Rootfs=/:O,idmap' 'UserNS=auto' 'PodmanArgs=--pid=container:web --init'
file c.container '[Container]' 'Rootfs=/:O,idmap'
file d.container '[Container]' 'Rootfs=/:other'
file e.container '[Container]' 'HostName=e' 'Rootfs=/nowhere/at/all:O'
file f.container '[Container]' 'Rootfs=/' 'PodmanArgs=--init' '[Container]' 'Rootfs=/:'
run_check 1 --no-verify .
check "what does not go together" says \
	"a.container:4:8: error: UIDMap=: --userns and --uidmap exclude each other" \
	"a.container:6:12: error: PodmanArgs=: --hostname cannot be set with --uts host" \
	"b.container:4:12: error: PodmanArgs=: --init has no use with --pid container:web: it would not be process 1" \
	"c.container:2:8: error: Rootfs=: --rootfs /:idmap needs a user namespace (--userns)" \
	"d.container:2:8: error: Rootfs=: --rootfs /:other: unknown option 'other' (known: O and idmap)" \
	"e.container:3:8: warning: /nowhere/at/all does not exist here" \
	"f.container:5:8: error: Rootfs=: --rootfs /:: no option behind the colon"

fresh
file a.pod '[Pod]' 'UserNS=private' 'DNSOption=a b' 'Volume=/gone:/x' 'PodmanArgs=--cpus 2 --pid host'
file b.pod '[Pod]' 'IP=192.0.2.1' 'Network=host'
file c.pod '[Pod]' 'PodName=c' 'PublishPort=${PORT}:80'
file d.container '[Container]' 'Image=localhost/a:1' 'Pod=c.pod' 'HostName=x' 'PodmanArgs=--publish 80'
run_check 1 --no-verify .
check "what a pod cannot have" says_only \
	"a.pod:2:8: error: UserNS=: --userns private: say which ids: use auto, or --uidmap and --gidmap" \
	"a.pod:3:11: error: DNSOption=: --dns-option a b: empty, or holds a blank" \
	"a.pod:4:8: warning: /gone does not exist here" \
	"a.pod:5:12: error: PodmanArgs=: --pid host: not supported by this version" \
	"b.pod: error: --ip does not go with --network host" \
	"d.container:2:7: info: image localhost/a:1 is not in the store" \
	"d.container:4:10: error: HostName=: --hostname does not go with --pod: it is the pod's, give it to crunit pod create" \
	"d.container:5:12: error: PodmanArgs=: --publish does not go with --pod: it is the pod's, give it to crunit pod create"

fresh
file a.container '[Unit]' 'After=b.container' '[Container]' 'Image=localhost/a:1' 'Network=host'
file b.container '[Unit]' 'Before=c.container' 'After=c.container' '[Container]' 'Image=localhost/a:1' 'Network=host'
file c.container '[Unit]' 'After=gone.container' '[Container]' 'Image=gone.image' 'Network=gone.network' 'Volume=gone.volume:/x' 'Pod=gone.pod'
run_check 1 --no-verify .
check "units in a circle" says "b.container: error: units wait for each other: b.service -> c.service -> b.service"
check "but not who waits for them" says_nothing_of '^a.container.*error'
for line in "c.container:2:7: error: After=gone.container: there is no gone.container" \
	"c.container:4:7: error: Image=gone.image: there is no gone.image" \
	"c.container:5:9: error: Network=gone.network: there is no gone.network" \
	"c.container:6:8: error: Volume=gone.volume:/x: there is no gone.volume" \
	"c.container:7:5: error: Pod=gone.pod: there is no gone.pod"; do
	check "nowhere: $line" says "$line"
done
run_check 1 --no-verify c.container
check "one file alone" says_nothing_of '^[ab]\.container'
check "the circle it is in is its own" says "c.container: error: units wait for each other: b.service -> c.service -> b.service"
run_check 0 --no-verify a.container
check "that others are wrong is not its fault" says_only "a.container:4:7: info: image localhost/a:1 is not in the store"

fresh
file a.container '[Container]' 'Image=localhost/a:1' 'Network=host' 'HttpProxy=true' 'Pull=never'
file a.container.d/10-more.conf '[Container]' '  Memory=lots'
run_check 1 --no-verify --podman 5.6 a.container
check "a key that an older Podman has not" says "a.container:4:1: warning: Podman 5.6 has no HttpProxy=, which came with 5.7"
check "an image that nothing may get" says "a.container:2:7: warning: image localhost/a:1 is not in the store, and Pull=never"
check "a drop-in's lines are its own" says "a.container.d/10-more.conf:2:10: error: Memory=lots: not a size (a number and one of b k m g)"
run_check 1 --no-verify --podman 5.7 a.container
check "a newer one has it" says_nothing_of HttpProxy
for release in v5.4 5,4 5. .4 5.4x '' 5.4.3.2 54321; do
	check "no release: '$release'" run_check 125 --no-verify --podman "$release" a.container
	check "that is said" says "crunit: check: --podman $release: not a release such as 5.4"
done

fresh
file a.container '[Container]' 'Image=localhost/a:1' 'Network=host' 'PodmanArgs=--a \q' 'Memory=1g'
check "arguments that cannot be read" run_check 1 --no-verify .
check "are said once" says_only "a.container:2:7: info: image localhost/a:1 is not in the store" \
	"a.container:4:12: error: PodmanArgs=: unknown escape '\\q' (for a backslash, write two)"

fresh
file a.container '[Container]' 'Image=localhost/a:1' 'Network=host' 'GlobalArgs=--log-level debug --frobnicate' \
	'GlobalArgs=--log-level loud' 'GlobalArgs=--version' 'ContainersConfModule=/etc/x.conf' 'PodmanArgs=--requires db'
check "options in front of the command" run_check 1 --no-verify .
check "have their lines too" says_only "a.container:2:7: info: image localhost/a:1 is not in the store" \
	"a.container:4:12: error: GlobalArgs=: unknown option --frobnicate" \
	"a.container:5:12: error: GlobalArgs=: --log-level loud: not one of trace, debug, info, warn, error, fatal, panic" \
	"a.container:6:12: error: GlobalArgs=: --version: nothing is done then but to answer" \
	"a.container:7:22: error: ContainersConfModule=: --module /etc/x.conf is not supported by this version" \
	"a.container:8:12: error: PodmanArgs=: --requires db: write Requires= and After= with its service into [Unit]"

fresh
file a.container '[Container]' 'Image=localhost/a:1' 'Network=no-such-network' 'Network=mine' 'Secret=no-such-secret,type=env' \
	'AddDevice=/dev/no-such-device:/dev/x' 'Timezone=Mars/Base' '[Service]' 'PublishPort=80:80' '[Install]' 'WantedBy=multi-user'
file b.container '[Container]' 'Exec=sleep 1' 'Restart=always' 'WantedBy=default.target'
file mine.network '[Network]' 'NetworkName=mine' 'Subnet=10.0.0.0/33' 'Subnet=10.7.0.0/24' 'Gateway=10.6.0.1' \
	'Gateway=10.7.0.1' 'IPRange=10.8.0.0/25' 'Driver=overlay' 'IPAMDriver=dhcp' 'DNS=resolver'
file near.network '[Network]' 'Driver=macvlan' 'Options=mtuu=9000' 'Options=vlan=7' 'Options=mtu=9000' 'Options=mode=vepa'
file open.network '[Network]' 'Subnet=${NET}' 'Gateway=10.6.0.1'
run_check 1 --no-verify .
check "what is not on this machine, and what is in the wrong section" says_only \
	"a.container: warning: a.service: WantedBy=multi-user: a unit's name has its kind at the end; did you mean multi-user.target?" \
	"a.container:2:7: info: image localhost/a:1 is not in the store" \
	"a.container:3:9: info: Network=: there is no network 'no-such-network' here" \
	"a.container:5:8: info: Secret=: there is no secret 'no-such-secret' here" \
	"a.container:6:11: warning: AddDevice=: /dev/no-such-device does not exist here" \
	"a.container:7:10: warning: Timezone=: there is no zone 'Mars/Base' in /usr/share/zoneinfo here" \
	"a.container:9:1: warning: unknown key PublishPort= in [Service]; it belongs in [Container]" \
	"b.container: error: neither Image= nor Rootfs= is set in [Container]" \
	"b.container:3:1: error: unknown key Restart= in [Container]; it belongs in [Service]" \
	"b.container:4:1: error: unknown key WantedBy= in [Container]; it belongs in [Install]" \
	"mine.network:3:8: error: Subnet=: '10.0.0.0/33' is no subnet: the prefix is none of 0 to 32" \
	"mine.network:5:9: error: Gateway=: 10.6.0.1 is in no subnet of the network" \
	"mine.network:7:9: error: IPRange=: 10.8.0.0/25 is in no subnet of the network" \
	"mine.network:8:8: error: Driver=: the driver 'overlay' is none of bridge, macvlan, ipvlan" \
	"mine.network:9:12: error: IPAMDriver=: dhcp: only host-local and none are supported" \
	"mine.network:10:5: error: DNS=: 'resolver' is no IP address" \
	"near.network:3:9: error: Options=: unknown option 'mtuu', did you mean 'mtu'?" \
	"near.network:4:9: error: Options=: option 'vlan' does not go with the driver macvlan"

fresh
file a.volume '[Volume]' 'Device=/gone/disk' 'Type=ext4' 'UID=no-such-user-here' 'Driver=plugged'
file b.volume '[Volume]' 'Device=/gone/disk' 'Type=ext4' 'Options=ro' 'Copy=no'
file c.volume '[Volume]' 'Options=fast'
file d.volume '[Volume]' 'Options=size=%i' 'Label=a=b'
file e.volume '[Volume]' 'Options=size=1G'
file f.volume '[Volume]' 'PodmanArgs=--opt colour=red'
run_check 1 --no-verify .
for line in "a.volume:4:5: warning: this machine has no user 'no-such-user-here'" \
	"a.volume:5:8: error: driver plugged: local and image are there, plugins are not supported" \
	"b.volume:2:8: warning: /gone/disk does not exist here" \
	"c.volume: error: the option 'fast' has no meaning for a directory" \
	"e.volume: error: size=1G: directories have no quota here; say type=tmpfs, or mount a file system of that size" \
	"f.volume: error: unknown option 'colour' (known: copy, device, image, nocopy, o and type)"; do
	check "volumes: $line" says "$line"
done
check "volumes: what is left open is not judged" says_nothing_of 'd.volume'

fresh
file broken.container 'Image=x'
file dir/deep.container '[Container]' 'Image=localhost/a:1' 'Network=host' 'Frobnicate=1'
check "a file that cannot be read" run_check 1 --no-verify .
check "is said with its line" says "broken.container:1:1: error: key before the first [section]"
check "sub-directories as well" says "dir/deep.container:4:1: error: unknown key Frobnicate= in [Container]; a newer Podman may have it"
check "a directory alone" run_check 1 --no-verify dir
check "leaves out the others" says_nothing_of broken

check "JSON" run_check 1 --no-verify --format json dir
check "that is JSON" diff - "$work/said" <<'END'
[
  {
    "file": "dir/deep.container",
    "line": 2,
    "column": 7,
    "severity": "info",
    "message": "image localhost/a:1 is not in the store"
  },
  {
    "file": "dir/deep.container",
    "line": 4,
    "column": 1,
    "severity": "error",
    "message": "unknown key Frobnicate= in [Container]; a newer Podman may have it"
  }
]
END
check "what is not there is status 125" run_check 125 gone.container
check "with its name" says "crunit: gone.container: No such file or directory"
touch "$work/in/notes.txt"
check "what is no container file too" run_check 125 notes.txt
check "and another format" run_check 125 --format xml
fresh
check "an empty directory" run_check 0 .
check "in JSON" run_check 0 --format json .
check "is an empty list" test "$(tr -d '[:space:]' <"$work/said")" = "[]"

fresh
file a.network '[Network]' 'NetworkName=host'
file b.volume '[Volume]' 'VolumeName=../../etc'
file c.network '[Network]' 'NetworkName=pastanet'
file d.container '[Container]' 'Image=localhost/a:1' 'Network=c.network' 'Sysctl=vm.swappiness=1' 'Mask=relative'
file e.container '[Container]' 'Image=localhost/a:1' 'AddCapability=all' 'DropCapability=all'
check "names that cannot be" run_check 1 --no-verify .
check "of a network" grep -qF "a.network:2:13: error: 'host' cannot be a network's name: --network has another meaning for it" "$work/said"
check "of a volume" grep -qF "b.volume:2:12: error: '../../etc' cannot be a volume's name" "$work/said"
check "but not one that only begins so" bash -c "! grep -F c.network '$work/said'"
check "what belongs to the machine" grep -q '^d.container:4:.*: error: Sysctl=: --sysctl vm.swappiness: not a parameter a container can have' "$work/said"
check "a path that is none" grep -q '^d.container:5:.*: error: Mask=: --security-opt mask=relative: not an absolute path' "$work/said"
check "what excludes each other" grep -q '^e.container:3:.*: error: AddCapability=: ALL is both added and dropped' "$work/said"

# What the generator refuses is an error here too.
refused_by_both() {
	local file result=0
	for file in "$here"/../should-fail/*.{container,pod,volume,network,image,build,kube,artifact}; do
		fresh
		cp "$file" "$work/in/"
		run_check 1 --no-verify . || { echo "$file: $(cat "$work/said")"; result=1; }
	done
	return $result
}
check "what the generator refuses" refused_by_both

fresh
file s.container '[Container]' 'Image=localhost/a:1' 'Network=host' '[Service]' 'RestartSec=soon' 'Slice=x.service'
if command -v systemd-analyze >/dev/null; then
	check "systemd is asked" run_check 0 .
	check "and its answer has the line" grep -q '^s.container:5:12: warning: systemd: Failed to parse .*soon' "$work/said"
	check "or is told not to" run_check 0 --no-verify .
	check "and says nothing then" says_nothing_of systemd
else
	skip "systemd is asked" "systemd-analyze is not installed"
fi
mkdir -p "$work/home/.config/containers/systemd"
printf '%s\n' '[Container]' 'Image=localhost/u:1' 'Network=host' 'Frobnicate=1' >"$work/home/.config/containers/systemd/u.container"
user_check() { ! env -u XDG_CONFIG_HOME -u XDG_RUNTIME_DIR HOME="$work/home" "$build/crunit" check --no-verify --user >"$work/said"; }
check "a user's own files" user_check
check "where they are" grep -q '/.config/containers/systemd/u.container:4:1: error: unknown key Frobnicate=' "$work/said"
check "which do not run yet" grep -q 'warning: containers of users are not supported by this version' "$work/said"
finish
