#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# cppcheck and clang-tidy (.clang-tidy) are silent on core/ and crypto/.
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
-h | --help) sed -n '4s/^# //p' "$0" && exit 0 ;;
esac

failed=0
cppcheck --quiet --std=c11 --language=c --platform=unix64 -Iinclude -I. \
	--enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
	--suppress=missingIncludeSystem core/*.c crypto/*.c || failed=1
printf '%s\0' core/*.c crypto/*.c |
	xargs -0 -n 4 -P 2 sh -c 'clang-tidy --quiet "$@" -- -std=c11 -Iinclude -I. 2>/dev/null' sh ||
	failed=1
exit "$failed"
