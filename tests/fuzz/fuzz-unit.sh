#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The corpus of fuzz-unit: what fuzzing has found, and every input of the other tests.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
mapfile -d '' -t files < <(find "$here/corpus-unit" "$here/../golden" "$here/../should-fail" -type f \
	\( -path '*/input/*' -o -path '*/should-fail/*.container' -o -path '*/corpus-unit/*' \) -print0 | sort -z)
exec "${top_builddir:-$here/../..}/tests/fuzz/fuzz-unit" "${files[@]}"
