# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# census.sh: all there is, to be compared with what there was. One file for each kind, a line for
# each thing.

census_mounts() {
	mounts
}

census_namespaces() {
	lsns --noheadings --output TYPE,NPROCS | awk '$1 ~ /^(net|ipc|user|pid|uts|time)$/ && $2 < 2 { print $1 }' |
		sort | uniq -c
}

census_links() {
	ip -o link show | sed 's/^[0-9]*: //; s/[@:].*//' | sort
}

census_addresses() {
	ip -o addr show | awk '{ print $2, $4 }' | grep -v ' fe80:' | sort
}

census_firewall() {
	nft list ruleset
}

census_names() {
	find $run_dir/network/names $run_dir/network/members -mindepth 1 2>/dev/null | sort
}

census_cgroups() {
	cgroups | grep -v -e '/registry.service' -e '/run-.*[.]scope$'
}

census_processes() {
	processes | grep -v -e '/registry.service'
}

# The files of locks stay, with the directories that they order.
census_run() {
	find $run_dir -mindepth 1 2>/dev/null | awk '!/\/run\/crunit\/(cache|[a-z-]*$|.*lock$)/' | sort
}

# Which address and which ids were whose is remembered, and forgotten when they become scarce.
census_store() {
	find $store -mindepth 1 \( -path "$store/networks/*.leases/*" -o -path "$store/idmaps/*" -o -path "$store/layers/*/*" -o -path "$store/volumes/*/*" \) -prune -o -print | sort
}

census_units() {
	find /run/systemd/transient /run/systemd/system -mindepth 1 ! -name 'registry.service' ! -path '*/registry.service.d*' \
		! -name 'run-*.scope*' 2>/dev/null | sort
	systemctl list-units --all --plain --no-legend '*health*' 'crunit-run-*' 'crunit-pod*' 'c[0-9]*' 'p[0-9]*' | awk '{ print $1, $3, $4 }' | sort
}

# systemd makes a service's own /dev in /tmp/namespace-dev-*, and leaves it there where the process
# that does is killed before it has executed the service's program.
census_temporary() {
	find /tmp /var/tmp /dev/shm -mindepth 1 ! -path '/var/tmp/before*' ! -path '/var/tmp/after*' ! -path '/var/tmp/acks/*' \
		! -path '/var/tmp/registry/*' ! -path '*systemd-private-*' ! -path '/tmp/namespace-dev-*' 2>/dev/null | sort
}

census_ids() {
	find /run/crunit /var/lib/crunit -maxdepth 1 -name '*ids*' -exec cat {} + 2>/dev/null
}

census_secrets() {
	find /etc/credstore /etc/credstore.encrypted $store/secrets -mindepth 1 2>/dev/null | sort
}

census_kinds="mounts namespaces links addresses firewall names cgroups processes run store units temporary ids secrets"

# take_census DIR
take_census() {
	local kind
	rm -rf "$1"
	mkdir -p "$1"
	for kind in $census_kinds; do
		"census_$kind" >"$1/$kind"
	done
}
