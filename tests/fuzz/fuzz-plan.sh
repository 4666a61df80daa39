#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The corpus of fuzz-plan: what fuzzing has found, the profile we ship, and the cases of the plan.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
exec "${top_builddir:-$here/../..}/tests/fuzz/fuzz-plan" "$here"/corpus-plan/* \
	"$here/../../units/seccomp.json" "$here"/../plan/cases/*
