#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The corpus of fuzz-yaml: what fuzzing has found, and the device files of the plan.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
exec "${top_builddir:-$here/../..}/tests/fuzz/fuzz-yaml" "$here"/corpus-yaml/* "$here"/../plan/cdi/*.yaml "$here"/../plan/cdi-run/*
