#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The corpus of fuzz-settings: one sound input of each kind, and what fuzzing has found.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
exec "${top_builddir:-$here/../..}/tests/fuzz/fuzz-settings" "$here"/corpus-settings/*
