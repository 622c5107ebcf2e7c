#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Coverage-guided fuzzing of the core for a while, from the corpus of test/fuzz.
set -euo pipefail

usage()
{
	echo "usage: tools/fuzz-smoke.sh [--build DIR] [--seconds N]      (30 s; needs make" \
		"DIR/fuzz/fuzz_core). What it finds stays in DIR/fuzz/."
}

build=build
seconds=30
while [ $# -gt 0 ]; do
	case "$1" in
	--build) build=$2 && shift 2 ;;
	--seconds) seconds=$2 && shift 2 ;;
	-h | --help) usage && exit 0 ;;
	*) usage >&2 && exit 2 ;;
	esac
done
cd "$(dirname "$0")/.."
mkdir -p "$build/fuzz/corpus"
# New inputs go to the first folder; the corpus in the tree stays small.
"$build/fuzz/fuzz_core" -max_total_time="$seconds" -max_len=4096 -print_final_stats=1 \
	-artifact_prefix="$build/fuzz/" "$build/fuzz/corpus" test/fuzz/corpus
