# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# Units of the types this version cannot run yet, and the commands about container files.

# refused NAME UNIT MESSAGE: the unit is made, does not start, and says why.
refused() {
	uses "$2"
	reload
	assert_equal "$(prop "$2" SourcePath)" "$quadlets/$1"
	assert_fails systemctl start "$2"
	assert_equal "$(prop "$2" ActiveState)" failed
	assert_equal "$(prop "$2" Result)" exit-code
	assert_journal "$2" "$3"
}

# All units of the golden cases: the systemd of this release has nothing to say about them.
test_systemd_reads_the_golden_units() {
	try env GENERATOR=/usr/lib/systemd/system-generators/crunit-system-generator bash /golden/verify.sh
	[ "$status" = 0 ] || fail "$(grep -v '^ok ' <<<"$said")"
	[ "$(grep -c '^ok ' <<<"$said")" -ge 50 ] || fail "too few cases: $said"
}

test_build_is_refused_at_start() {
	printf '[Build]\nImageTag=localhost/built:1\nFile=/srv/Containerfile\n' >"$quadlets/x.build"
	refused x.build x-build.service 'build: this version of crunit has no building of images'
	assert_equal "$(prop x-build.service ExecMainStatus)" 125
}

test_kube_is_refused_at_start() {
	printf '[Kube]\nYaml=x.yml\n' >"$quadlets/x.kube"
	refused x.kube x.service 'kube: this version of crunit has no Kubernetes files'
}

test_artifact_is_refused_at_start() {
	printf '[Artifact]\nArtifact=registry.example.com/a:1\n' >"$quadlets/x.artifact"
	refused x.artifact x-artifact.service 'artifact: this version of crunit has no artifacts'
}

# What needs the result is not started without it.
test_container_of_a_build_does_not_start() {
	printf '[Build]\nImageTag=localhost/busybox:latest\nFile=/srv/Containerfile\n' >"$quadlets/x.build"
	uses x-build.service
	container web <<-END
		[Container]
		Image=x.build
		Network=none
		Exec=sleep 1000
	END
	reload
	assert_fails systemctl start web
	assert_match "$said" 'dependency'
	assert_equal "$(prop web.service ActiveState)" inactive
}

test_check_agrees_with_the_start() {
	container web <<-END
		[Container]
		Image=localhost/busybox:latest
		Network=none
		PodmanArgs=--requires other
		Exec=sleep 1000
	END
	assert_fails crunit check
	assert_match "$said" "$quadlets/web.container:4:12: error: PodmanArgs=: --requires other: write Requires="
	[[ $said != *"not in the store"* ]] || fail "the image is there: $said"
	reload
	assert_fails systemctl start web
	assert_journal web "requires other: write Requires="
	sed -i /requires/d "$quadlets/web.container"
	try crunit check
	assert_equal "$status: $said" "0: "
	start web
	systemctl stop web
}

test_quadlet_install_and_remove() {
	mkdir -p "$work/in"
	printf '[Container]\nImage=localhost/busybox:latest\nNetwork=none\nStopSignal=KILL\nExec=sleep 1000\n' \
		>"$work/in/web.container"
	try crunit quadlet install "$work/in/web.container"
	assert_equal "$status: $said" "0: $quadlets/web.container"
	uses web.service
	systemctl start web
	assert_match "$(crunit quadlet list -n --filter name=web.container)" 'web.service .* active/running'
	assert_fails crunit quadlet rm web.container
	assert_match "$said" 'web.service is active/running'
	crunit quadlet rm --force web.container
	assert_equal "$(prop web.service LoadState)" not-found
	[ ! -e "$quadlets/web.container" ] || fail "still there"
}
