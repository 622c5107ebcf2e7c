#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The C sources are as clang-format (.clang-format) writes them. --fix: make them so.
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
-h | --help) sed -n '4s/^# //p' "$0" && exit 0 ;;
--fix) mode=(-i) ;;
*) mode=(--dry-run -Werror) ;;
esac

# host/linux has the kernel's own style.
git ls-files -z --cached --others --exclude-standard '*.c' '*.h' ':!host/linux' |
	xargs -0 -r clang-format "${mode[@]}"
