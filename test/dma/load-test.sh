#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A Linux host writes and reads disks through the default DMA context while protected VMs come
# and go, so that frames leave it and come back all the time. No DMA that is allowed may fault.
set -u

usage()
{
	cat <<-END
	usage: test/dma/load-test.sh [-h] [SERIES]      (default: 6.12)

	Everything must be built (make dma-load does). Log: \$B/dma/load.log.
	Environment: B=build, TIMEOUT=300.
	END
}

case ${1:-} in
-h | --help) usage; exit 0 ;;
esac
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
series=${1:-6.12}
out=$B/dma
log=$out/load.log
passed=0
failed=0

result()
{
	if [ "$2" = 0 ]; then
		passed=$((passed + 1))
		echo "ok   $1"
	else
		failed=$((failed + 1))
		echo "FAIL $1 (log: $log)"
	fi
}

"$B/corevisor-pack" -o "$out/load.img" "$B/kernel/$series/Image" || exit 1
cp "$B/kernel/$series/Image" "$out/Image"
cp "$B/guest/initramfs-$series" "$out/guest-initramfs"
BUILD=$B tools/initramfs.sh -k "$series" -i test/dma/load-init -o "$out/load-initramfs" \
	"$B/cvm" "$out/Image" "$out/guest-initramfs" "$B/host/$series/corevisor.ko" || exit 1
truncate -s 8M "$out/disk0" "$out/disk1"
timeout -k 5 "${TIMEOUT:-300}" "$B/bin/qemu-system-aarch64" -display none -serial stdio -monitor none \
	-nic none -M virt-10.0,virtualization=on,gic-version=3,iommu=smmuv3 -cpu max -smp 2 -m 1G \
	-kernel "$out/load.img" -initrd "$out/load-initramfs" -no-reboot \
	-append "console=ttyAMA0 quiet corevisor.log=info" \
	-drive "file=$out/disk0,if=none,id=d0,format=raw" \
	-device virtio-blk-pci,drive=d0,disable-legacy=on,iommu_platform=on \
	-drive "file=$out/disk1,if=none,id=d1,format=raw" -device nvme,drive=d1,serial=x \
	</dev/null >"$log" 2>&1
result "VMs come and go" "$([ "$(grep -c 'LOAD-TEST vm . OK' "$log")" = 2 ]; echo $?)"
for disk in nvme0n1 vda; do
	result "$disk $(sed -n "s/.*LOAD-TEST disk $disk //p" "$log" | tail -n 1 | tr -d '\r')" "$(
		grep -q "LOAD-TEST disk $disk rounds [1-9]" "$log" && ! grep -q "$disk WRONG" "$log"
		echo $?)"
done
result "no DMA faults" "$(grep -q 'LOAD-TEST done' "$log" && ! grep -q 'SMMU: event' "$log"; echo $?)"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
