#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Build the simulator with one fault planted: apply a patch of test/faults to copies of the core's
# files, compile those, link them with the other objects as they are.
set -euo pipefail

usage()
{
	echo "usage: tools/build-fault.sh --cc CC --cflags FLAGS --libs LIBS --objects DIR" \
		"--out PROGRAM PATCH SOURCE..."
}

while [ $# -gt 0 ]; do
	case "$1" in
	--cc) cc=$2 && shift 2 ;;
	--cflags) cflags=$2 && shift 2 ;;
	--libs) libs=$2 && shift 2 ;;
	--objects) objects=$2 && shift 2 ;;
	--out) out=$2 && shift 2 ;;
	-h | --help) usage && exit 0 ;;
	-*) usage >&2 && exit 2 ;;
	*) break ;;
	esac
done
patch=$1
shift
dir=$out.dir
rm -rf "$dir"
mkdir -p "$dir/core"

# One line of context may have changed; a patch that needs more is out of date.
mapfile -t patched < <(sed -n 's,^+++ b/\([^[:space:]]*\).*,\1,p' "$patch")
[ ${#patched[@]} -gt 0 ] || { echo "$patch: no file named" >&2; exit 1; }
for file in "${patched[@]}"; do
	[[ $file == core/*.c ]] || { echo "$patch: $file is not core/*.c" >&2; exit 1; }
	cp "$file" "$dir/$file"
done
# Text before the first "---" is the description; patch skips it.
if ! patch --silent --fuzz=1 --no-backup-if-mismatch -d "$dir" -p1 <"$patch" >"$dir/log"; then
	echo "$patch does not apply:" >&2
	cat "$dir/log" >&2
	exit 1
fi

link=()
for source; do
	object=$objects/${source%.c}.o
	for file in "${patched[@]}"; do
		[ "$file" = "$source" ] || continue
		object=$dir/${source%.c}.o
		# A fault may leave a variable or a function without use.
		# shellcheck disable=SC2086
		$cc $cflags -Wno-unused -Wno-error -c -o "$object" "$dir/$file"
	done
	link+=("$object")
done
# shellcheck disable=SC2086
$cc -o "$out" "${link[@]}" $libs
