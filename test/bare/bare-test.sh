#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Boot the bare-metal host on the core under QEMU, once for each CPU model; its lines are the
# tests. Exit code 1 if one failed. --bench: counts of instructions instead.
set -u

usage()
{
	echo "usage: test/bare/bare-test.sh [--bench | CPU_MODEL...]"
}

cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
out=$B/switch

# boot ARG...
boot()
{
	timeout -k 5 "${TIMEOUT:-60}" "$B/bin/qemu-system-aarch64" -display none -serial stdio \
		-monitor none -nic none -M virt-10.0,virtualization=on,gic-version=3,iommu=smmuv3 -m 512M \
		-kernel "$out/test.img" "$@" </dev/null 2>&1 | tr -d '\r'
}

case "${1:-}" in
-h | --help) usage && exit 0 ;;
--bench)
	boot -smp 1 -cpu neoverse-n1,cntfrq=1000000000 -icount shift=0,sleep=off \
		-append bare=bench | tee "$out/bench.log"
	grep -q '^BENCH donate-4k' "$out/bench.log"
	exit
	;;
-*) usage >&2 && exit 2 ;;
esac

[ $# -gt 0 ] || set -- max cortex-a57 neoverse-n1
passed=0
failed=0
for cpu in "$@"; do
	log=$out/$cpu.log
	boot -smp 2 -cpu "$cpu" >"$log"
	while IFS= read -r line; do
		case "$line" in
		'ok '*) passed=$((passed + 1)) && echo "$line ($cpu)" ;;
		FAIL* | ' '*) echo "$cpu: $line" ;;
		esac
	done < <(grep -v '^BARE' "$log")
	failed=$((failed + $(grep -c '^FAIL' "$log")))
	# It must have come to its end.
	grep -q '^BARE .* 0 failed' "$log" || { failed=$((failed + 1)); echo "FAIL $cpu: see $log"; }
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
