#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Does make dma-test see what it is there to see? Each patch of test/dma/faults/ takes one
# protection out of the core; the attack that it stopped must then be reported.
set -u

usage()
{
	cat <<-END
	usage: test/dma/faults.sh [-h] [NAME...]

	Try the faults test/dma/faults/NAME.patch, or all. Each is built in a copy under
	\$B/dma-faults/. Environment: B=build.
	END
}

case ${1:-} in
-h | --help) usage; exit 0 ;;
esac
cd "$(dirname "$0")/../.." || exit 1
B=$(cd "${B:-build}" && pwd) || exit 1
dir=$B/dma-faults
passed=0
failed=0

# A copy of the tree, and of what is built already: only the faulty file is compiled.
copy()
{
	rm -rf "$dir"
	mkdir -p "$dir/build/obj"
	cp -a Makefile arch core crypto include test tools "$dir" || exit 1
	cp -a "$B/obj/arm64" "$dir/build/obj" || exit 1
	cp -a "$B/dma" "$dir/build" || exit 1
	for part in arm64 bin qemu; do
		ln -s "$B/$part" "$dir/build/$part"
	done
}

try()
{
	local name=$1 log=$dir/$1.log

	(
		cd "$dir" || exit 1
		patch -s -p1 <"test/dma/faults/$name.patch" || exit 1
		make B=build build/dma/test.img || exit 1
		test/dma/dma-test.py --build build --timeout 60
		patch -s -R -p1 <"test/dma/faults/$name.patch"
	) >"$log" 2>&1
	if grep -q "^FAIL" "$log" && tail -n 1 "$log" | grep -q "passed"; then
		passed=$((passed + 1))
		echo "ok   $name: $(grep -m 1 '^FAIL' "$log" | cut -c 6-)"
	else
		failed=$((failed + 1))
		echo "FAIL $name is not found (log: $log)"
	fi
}

make B="$B" "$B/dma/test.img" >/dev/null || exit 1
copy
[ $# -gt 0 ] || set -- test/dma/faults/*.patch
for fault; do
	try "$(basename "$fault" .patch)"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
