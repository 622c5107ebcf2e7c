#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Device trees that QEMU would not make: RAM in several banks, low and high; and trees that are broken,
# for which the core must say what is wrong, and stop. One line a test; the last line counts.
set -u

case ${1:-} in
-h | --help) echo "usage: test/boot/trees-test.sh" && exit 0 ;;
esac

cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
series=6.12
out=$B/trees
initrd=$B/trees/initramfs
mkdir -p "$out"
passed=0
failed=0

result()
{
	if [ "$2" = 0 ]; then
		passed=$((passed + 1))
		echo "ok   $1"
	else
		failed=$((failed + 1))
		echo "FAIL $1 (log: $out/$1.log)"
	fi
}

machine="-M virt-10.0,virtualization=on,gic-version=3,iommu=smmuv3 -cpu max -smp 2 -nic none"
image=0x40200000
fdt=0x4fe00000
initrd_at=0x48000000

# load NAME SECONDS MEMORY: by our loader, the tree $out/NAME.dtb.
load()
{
	aarch64-linux-gnu-gcc -c -DLOADER_FDT=$fdt -DLOADER_IMAGE=$image -o "$out/loader.o" \
		test/boot/loader.S || exit 1
	aarch64-linux-gnu-objcopy -O binary "$out/loader.o" "$out/loader.bin"
	# shellcheck disable=SC2086 # words
	timeout -k 5 "$2" "$B/bin/qemu-system-aarch64" $machine -m "$3" -display none \
		-serial stdio -monitor none -pidfile "$out/pid" \
		-device "loader,file=$out/loader.bin,addr=0x40100000,cpu-num=0,force-raw=on" \
		-device "loader,file=$out/host.img,addr=$image,force-raw=on" \
		-device "loader,file=$initrd,addr=$initrd_at,force-raw=on" \
		-device "loader,file=$out/$1.dtb,addr=$fdt,force-raw=on" \
		</dev/null >"$out/$1.log" 2>&1
}

# A number as two cells.
cells()
{
	printf '%x %x' $(($1 >> 32)) $(($1 & 0xffffffff))
}

# tree NAME MEMORY: QEMU's own, with what a loader adds.
tree()
{
	local size

	# shellcheck disable=SC2086,SC2046 # words
	"$B/bin/qemu-system-aarch64" ${machine/smmuv3/smmuv3,dumpdtb=$out/$1.dtb} -m "$2" \
		-display none >/dev/null 2>&1
	# Room for what is put in, and not more than fits.
	dtc -q -I dtb -O dtb -p 4096 -o "$out/$1.tmp" "$out/$1.dtb" && mv "$out/$1.tmp" "$out/$1.dtb"
	size=$(stat -c %s "$initrd")
	fdtput -t s "$out/$1.dtb" /chosen bootargs "console=ttyAMA0 quiet corevisor.log=info boottest=off"
	fdtput -t x "$out/$1.dtb" /chosen linux,initrd-start $(cells $initrd_at)
	fdtput -t x "$out/$1.dtb" /chosen linux,initrd-end $(cells $((initrd_at + size)))
}

# boots NAME MEMORY KB "BANKS": to user space, which sees at least that many KB.
boots()
{
	local ok=0 seen

	tree "$1" "$2"
	# shellcheck disable=SC2086 # cells
	fdtput -t x "$out/$1.dtb" /memory@40000000 reg $4
	load "$1" 240 "$2" || ok=1
	seen=$(sed -n 's/^BOOT-TEST kernel .* mem \([0-9]*\).*/\1/p' "$out/$1.log")
	[ "${seen:-0}" -ge "$3" ] || ok=1
	grep -q "BOOT-TEST el EL1" "$out/$1.log" || ok=1
	result "$1" "$ok"
}

# refuses NAME TEXT: the tree is there; one clear line, and no host.
refuses()
{
	local ok=0 i

	rm -f "$out/$1.log" "$out/pid"
	load "$1" 60 1G &
	for ((i = 0; i < 300; i++)); do
		grep -q "^corevisor: cannot boot: \|BOOT-TEST" "$out/$1.log" 2>/dev/null && break
		sleep 0.2
	done
	# It stays there, and prints no more.
	sleep 0.5
	kill "$(cat "$out/pid")"
	wait 2>/dev/null
	grep -q "^corevisor: cannot boot: .*$2" "$out/$1.log" || ok=1
	[ "$(grep -c "corevisor: \|BOOT-TEST\|Linux" "$out/$1.log")" = 1 ] || ok=1
	result "$1" "$ok"
}

tools/fetch.sh qemu busybox libs kernel-$series >"$out/fetch.log" 2>&1 ||
	{ tail -n 3 "$out/fetch.log"; exit 1; }
tools/initramfs.sh -k $series -i test/boot/init -o "$initrd" || exit 1
"$B/corevisor-pack" -o "$out/host.img" "$B/kernel/$series/Image" || exit 1

# Cells: high and low half of base, of size. 512 MB; a hole; 256 MB; from 4 GB on 2 GB.
boots three-banks 6G 2600000 "0 40000000 0 20000000 0 70000000 0 10000000 1 0 0 80000000"
# Three that touch, out of order; the image lies in two of them.
boots adjacent-banks 2G 1700000 \
	"0 60000000 0 60000000 0 41000000 0 1f000000 0 40000000 0 1000000"
# The core's tables must go to the small low bank, or the odd high one.
boots odd-banks 6G 1300000 "0 40000000 0 12345000 1 1800 0 4ffff800"
# All above 4 GB but the loader.
image=0x140200000
fdt=0x14fe00000
initrd_at=0x148000000
boots high-only 6G 1800000 "1 40000000 0 80000000"
image=0x40200000
fdt=0x4fe00000
initrd_at=0x48000000

head -c 65536 /dev/urandom >"$out/noise.dtb"
refuses noise "device tree is broken: header"
tree cut 1G
truncate -s 3000 "$out/cut.dtb"
refuses cut "device tree is broken: structure"
tree overlap 1G
fdtput -t x "$out/overlap.dtb" /memory@40000000 reg 0 40000000 0 20000000 0 50000000 0 20000000
refuses overlap "banks overlap"
tree no-memory 1G
fdtput -r "$out/no-memory.dtb" /memory@40000000
refuses no-memory "no RAM"
tree no-psci 1G
fdtput -r "$out/no-psci.dtb" /psci
refuses no-psci "no PSCI 0.2 or later"
tree hvc-psci 1G
fdtput -t s "$out/hvc-psci.dtb" /psci method hvc
refuses hvc-psci "method is not smc"
tree no-cpus 1G
fdtput -r "$out/no-cpus.dtb" /cpus
refuses no-cpus "no CPU"
tree other-cpus 1G
fdtput -t x "$out/other-cpus.dtb" /cpus/cpu@0 reg 55
refuses other-cpus "boot CPU is not in the device tree"
tree spin-table 1G
fdtput -t s "$out/spin-table.dtb" /cpus/cpu@1 enable-method spin-table
refuses spin-table "enable-method other than psci"
tree no-timer 1G
fdtput -r "$out/no-timer.dtb" /timer
refuses no-timer "no arm,armv8-timer"
tree far 1G
fdtput -t x "$out/far.dtb" /memory@40000000 reg 0 40000000 0 40000000 ff 0 0 40000000
refuses far "RAM above 256 GB"
tree too-far 1G
fdtput -t x "$out/too-far.dtb" /memory@40000000 reg 0 40000000 ffff 0
refuses too-far "RAM above 256 GB"
image=0x40280000
tree askew 1G
refuses askew "not loaded at a multiple of 2 MB"
image=0x40200000
fdt=0
tree no-tree 1G
refuses no-tree "X0 is not the address of a device tree"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
