#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The corpus of fuzz-options: what fuzzing has found, and the command lines of the plan.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
exec "${top_builddir:-$here/../..}/tests/fuzz/fuzz-options" "$here"/corpus-options/* "$here"/../plan/cases/*
