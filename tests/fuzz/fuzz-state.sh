#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The corpus of fuzz-state: one sound input of each kind, what fuzzing has found, and device files of
# the plan.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
exec "${top_builddir:-$here/../..}/tests/fuzz/fuzz-state" "$here"/corpus-state/* "$here"/../plan/cdi/*.json
