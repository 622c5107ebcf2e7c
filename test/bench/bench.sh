#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Run the same kernel and program at EL1 with nothing below and on the core, under -icount, where
# a tick of the counter is an instruction; print both and the difference.
set -eu

usage()
{
	cat <<-END
	usage: test/bench/bench.sh [SERIES]      (default: 6.12)

	Prints a table: what, instructions without Corevisor, with it, difference. Repeat runs give
	the same numbers. Then: instructions of an empty hypercall, entries to EL2 of an idle
	host. Logs: \$B/bench/.
	END
}

case ${1:-} in
-h | --help) usage; exit 0 ;;
esac
cd "$(dirname "$0")/../.."
B=${B:-build}
series=${1:-6.12}
out=$B/bench
mkdir -p "$out"

# qemu NAME IMAGE VIRTUALIZATION ARGS OPTION...: its console goes to $out/NAME.log.
qemu()
{
	local name=$1 image=$2 virt=$3 append=$4

	shift 4
	timeout -k 5 900 "$B/bin/qemu-system-aarch64" -display none -serial stdio -monitor none \
		-nic none -M "virt-10.0,virtualization=$virt,gic-version=3,iommu=smmuv3" \
		-cpu neoverse-n1,cntfrq=1000000000 -smp 1 -m 1G -icount shift=0,sleep=off -seed 1 \
		-rtc base=2026-01-01,clock=vm -kernel "$image" \
		-append "console=ttyAMA0 quiet nokaslr randomize_kstack_offset=0 $append" \
		"$@" </dev/null 2>"$out/$name.err" | tr -d '\r' >"$out/$name.log"
}

host()
{
	qemu "$@" -initrd "$out/initramfs-$series"
}

tools/fetch.sh qemu busybox libs "kernel-$series" >"$out/fetch.log" 2>&1 ||
	{ tail -n 3 "$out/fetch.log" >&2; exit 1; }
tools/initramfs.sh -m virtio_net -k "$series" -i test/bench/init -o "$out/initramfs-$series" "$out/bench"
"$B/corevisor-pack" -o "$out/host.img" "$B/kernel/$series/Image"

# A disk and a network whose DMA, on the core, goes through the SMMU; without it no IOMMU is in the way.
# They do their work within the write to their doorbell, or a nanosecond later: a host that waits would let
# time jump. QEMU itself answers pings.
translated=disable-legacy=on,iommu_platform=on,ioeventfd=off
devices()
{
	host "$@" -netdev user,id=n0,restrict=on \
		-device "virtio-net-pci,netdev=n0,tx=timer,x-txtimer=1,romfile=,$translated" \
		-blockdev null-co,node-name=d0,size=8388608,read-zeroes=on \
		-device "virtio-blk-pci,drive=d0,$translated"
}

host without "$B/kernel/$series/Image" off ""
host with "$out/host.img" on "corevisor.log=info"
devices without-devices "$B/kernel/$series/Image" off "bench=devices iommu.passthrough=1"
devices with-devices "$out/host.img" on bench=devices
cat "$out/without-devices.log" >>"$out/without.log"
cat "$out/with-devices.log" >>"$out/with.log"
booted=$(sed -n 's/^corevisor: .* ticks \([0-9]*\)$/\1/p' "$out/with.log")

echo "Linux $(cat "$B/kernel/$series/version"), neoverse-n1, 1 CPU, 1 GB; instructions each"
printf '%-18s %14s %14s %9s\n' what without with more
awk -v booted="${booted:-0}" '
	$1 != "BENCH" { next }
	FNR == NR { without[$2] = $3; next }
	{
		# The core itself boots once, before the host does.
		if ($2 == "boot-to-init")
			$3 -= booted
		printf "%-18s %14d %14d %8.2f%%\n", $2, without[$2], $3,
			100 * ($3 - without[$2]) / without[$2]
	}' "$out/without.log" "$out/with.log"
printf '%-18s %14s %14d\n' "the core's boot" "" "${booted:-0}"

B=$B test/bare/bare-test.sh --bench | sed -n 's/^BENCH /the core itself: /p'

host idle "$out/host.img" on bench=idle -d int -D "$out/idle.int"
# Between the two aborts that devmem makes; the second is not counted.
entries=$(awk '/to EL2 PC/ { n++; if (mark) { at[++marks] = n; mark = 0 } }
	/Data Abort/ { abort = 1 } /from EL0 to EL2/ { mark = abort } /^Taking/ { abort = /Data Abort/ }
	END { print marks < 2 ? "unknown" : at[marks] - at[marks - 1] - 1 }' "$out/idle.int")
rm -f "$out/idle.int"
echo "entries to EL2 of a host idle for 2 s: $entries"
