# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# apt.sh: where this host gets Debian from, so that test machines come from the
# same place and no host name stands in any file here. Sourced.

apt_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# The suite of the host: bookworm, trixie.
apt_host_suite() (
	# shellcheck source=/dev/null
	. /etc/os-release
	echo "$VERSION_CODENAME"
)

# Prints the base URI of the Debian archive (the one that has the host's own
# suite), as the host's apt is set up.
apt_archive_uri() {
	local suite uri
	suite=$(apt_host_suite)
	# shellcheck disable=SC2016 # the names are for apt-get
	uri=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		awk -v suite="$suite" '$2 == suite && $3 == "main" { print $1; exit }')
	if [ -z "$uri" ]; then
		echo "apt has no source for Debian $suite main" >&2
		return 1
	fi
	echo "$uri"
}

# apt_bootstrap VARIANT SUITE PACKAGES DIR [OPTION]...: a root file system with
# those packages and without what no test reads.
apt_bootstrap() {
	local variant=$1 suite=$2 packages=$3 dir=$4 uri
	shift 4
	uri=$(apt_archive_uri) || return 1
	mmdebstrap --quiet --variant="$variant" --mode=root --format=directory \
		--aptopt='APT::Install-Recommends "false"' \
		--aptopt='Acquire::Languages "none"' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/i18n/*' \
		--include="$packages" "$@" "$suite" "$dir" \
		"deb [signed-by=$apt_keyring] $uri $suite main" || return 1
	rm -rf "$dir"/var/lib/apt/lists/* "$dir"/var/cache/apt/*.bin "$dir"/var/log/*.log
}
