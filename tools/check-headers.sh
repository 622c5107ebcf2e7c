#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Each header compiles alone, twice over, without a warning.
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
-h | --help) sed -n '4s/^# //p' "$0" && exit 0 ;;
esac

flags=(-std=c11 -Iinclude -I. -Wall -Wextra -Wconversion -Wsign-conversion -Werror -fsyntax-only)
failed=0
checked=0
while IFS= read -r header; do
	case "$header" in
	arch/arm64/*) continue ;; # by the compiler for arm64: arch/arm64/build.mk
	include/*) name=${header#include/} ;;
	*) name=$header ;;
	esac
	checked=$((checked + 1))
	printf '#include "%s"\n#include "%s"\n' "$name" "$name" |
		"${CC:-gcc}" "${flags[@]}" -x c - || { echo "$header does not compile alone" && failed=1; }
done < <(git ls-files --cached --others --exclude-standard 'include/*.h' 'core/*.h' 'crypto/*.h' \
	'arch/*.h' 'test/*.h')
echo "$checked headers"
exit "$failed"
