#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Boot Debian hosts on the core under QEMU and check what they report. One line a
# test; the last line counts. Exit code 1 if a test failed.
set -u

usage()
{
	cat <<-END
	usage: test/boot/boot-test.sh [--full]
	       test/boot/boot-test.sh --shell [SERIES]

	Short: every kernel once, each CPU model and number of CPUs at least once, bad
	input. --full: the whole matrix. --shell: an interactive host (6.12). Logs: \$B/boot/.
	END
}

cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
out=$B/boot
mkdir -p "$out"
passed=0
failed=0

# Seconds after which a boot hangs: 4 minutes on an idle machine, more on a loaded one.
limit()
{
	awk -v cpus="$(nproc)" '{ print int(240 * (1 + $1 / cpus)) }' /proc/loadavg
}

# qemu NAME IMAGE KERNEL_ARGS ARG...: boot it; its console goes to $out/NAME.log.
qemu()
{
	local name=$1 image=$2 append=$3

	shift 3
	timeout -k 5 "${TIMEOUT:-$(limit)}" "$B/bin/qemu-system-aarch64" -display none -serial stdio \
		-monitor none -nic none -kernel "$image" -append "console=ttyAMA0 quiet $append" "$@" \
		</dev/null >"$out/$name.log" 2>&1
}

machine()
{
	echo "-M virt-10.0,virtualization=${1:-on},gic-version=3,iommu=smmuv3"
}

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

prepare()
{
	tools/fetch.sh qemu busybox libs "kernel-$1" >"$out/fetch.log" 2>&1 ||
		{ tail -n 3 "$out/fetch.log"; exit 1; }
	tools/initramfs.sh -k "$1" -i test/boot/init -o "$out/initramfs-$1" || exit 1
	"$B/corevisor-pack" -o "$out/host-$1.img" "$B/kernel/$1/Image" || exit 1
}

# boots SERIES CPU SMP MEMORY: to user space, hotplug, disks, power off.
boots()
{
	local name="boot-$1-$2-$3-$4" log="$out/boot-$1-$2-$3-$4.log" ok=0

	rm -f "$out/disk0" "$out/disk1"
	truncate -s 16M "$out/disk0" "$out/disk1"
	# shellcheck disable=SC2046 # words
	qemu "$name" "$out/host-$1.img" boottest=full $(machine) -cpu "$2" -smp "$3" -m "$4" \
		-initrd "$out/initramfs-$1" \
		-drive "file=$out/disk0,if=none,id=d0,format=raw" \
		-device virtio-blk-pci,drive=d0,disable-legacy=on,iommu_platform=on \
		-drive "file=$out/disk1,if=none,id=d1,format=raw" -device nvme,drive=d1,serial=x || ok=1
	grep -q "BOOT-TEST kernel .* cpus $3 " "$log" || ok=1
	grep -q "BOOT-TEST el EL1" "$log" || ok=1
	grep -q "BOOT-TEST hotplug $3" "$log" || ok=1
	# Both disks interrupt through the ITS.
	grep -q "BOOT-TEST msi [1-9]" "$log" || ok=1
	# 64 KB of "c".
	grep -q "BOOT-TEST disk vda de6fbe503658a31a685784718d2fdacf" "$log" || ok=1
	grep -q "BOOT-TEST disk nvme0n1 de6fbe503658a31a685784718d2fdacf" "$log" || ok=1
	grep -q "Power down" "$log" || ok=1
	result "$name" "$ok"
}

# A reset goes through the core too. -no-reboot makes QEMU end there.
reboots()
{
	local ok=0

	# shellcheck disable=SC2046
	qemu reboot "$out/host-$1.img" boottest=reboot $(machine) -cpu max -smp 2 -m 1G \
		-initrd "$out/initramfs-$1" -no-reboot || ok=1
	grep -q "Restarting system" "$out/reboot.log" || grep -q "BOOT-TEST el EL1" \
		"$out/reboot.log" || ok=1
	result reboot "$ok"
}

# The core's memory through /dev/mem: SIGBUS or EFAULT, and the host lives.
core_memory()
{
	local ok=0

	# shellcheck disable=SC2046
	qemu devmem "$out/host-$1.img" "boottest=devmem corevisor.log=info" $(machine) -cpu max \
		-smp 2 -m 1G -initrd "$out/initramfs-$1" || ok=1
	grep -q "BOOT-TEST devmem done" "$out/devmem.log" || ok=1
	grep -q "BOOT-TEST devmem LEAK" "$out/devmem.log" && ok=1
	grep -q "Bus error" "$out/devmem.log" || ok=1
	result devmem "$ok"
}

# refuses NAME TEXT IMAGE VIRTUALIZATION ARG...: one clear line, and no host.
refuses()
{
	local name=$1 text=$2 image=$3 virt=$4 ok=0 i

	shift 4
	rm -f "$out/$name.log" "$out/pid"
	# shellcheck disable=SC2046
	qemu "$name" "$image" "" $(machine "$virt") -pidfile "$out/pid" "$@" &
	for ((i = 0; i < 300; i++)); do
		grep -q "cannot boot: " "$out/$name.log" 2>/dev/null && break
		sleep 0.2
	done
	# It stays there, and prints no more.
	sleep 0.5
	kill "$(cat "$out/pid")"
	wait 2>/dev/null
	grep -q "corevisor: cannot boot: .*$text" "$out/$name.log" || ok=1
	[ "$(grep -c "corevisor: \|Linux" "$out/$name.log")" = 1 ] || ok=1
	result "$name" "$ok"
}

# packs_not NAME TEXT FILE: corevisor-pack says what is wrong with it.
packs_not()
{
	local ok=0

	"$B/corevisor-pack" -o "$out/never" "$3" >"$out/$1.log" 2>&1 && ok=1
	grep -q "$2" "$out/$1.log" || ok=1
	[ -e "$out/never" ] && ok=1
	result "$1" "$ok"
}

bad_input()
{
	local image=$out/host-6.1.img

	refuses no-el2 "started at EL1" "$image" off -cpu cortex-a57 -m 1G
	refuses no-host "no host in this image" "$B/corevisor.bin" on -cpu cortex-a57 -m 1G
	refuses small "too little memory" "$image" on -cpu cortex-a57 -m 96M
	refuses no-entropy "no source of random numbers" "$image" on,dtb-randomness=off \
		-cpu cortex-a57 -m 1G
	head -c 4096 /dev/urandom >"$out/noise"
	printf 'short' >"$out/short"
	gzip -c "$B/corevisor.bin" >"$out/image.gz"
	packs_not pack-noise "not an arm64 Linux Image" "$out/noise"
	packs_not pack-short "not an arm64 Linux Image" "$out/short"
	packs_not pack-gzip "compressed with gzip" "$out/image.gz"
	printf '\x28\xb5\x2f\xfd----' >"$out/image.zst"
	printf 'MZ\0\0zimg' >"$out/zboot"
	head -c 4096 "$B/kernel/6.1/Image" >"$out/big-endian"
	printf '\x0b' | dd of="$out/big-endian" bs=1 seek=24 conv=notrunc 2>/dev/null
	head -c 4096 "$B/kernel/6.1/Image" >"$out/no-size"
	head -c 8 /dev/zero | dd of="$out/no-size" bs=1 seek=16 conv=notrunc 2>/dev/null
	packs_not pack-zstd "compressed with zstd" "$out/image.zst"
	packs_not pack-zboot "an EFI zboot image" "$out/zboot"
	packs_not pack-elf "an ELF file" "$B/corevisor.elf"
	packs_not pack-big-endian "a big-endian kernel" "$out/big-endian"
	packs_not pack-no-size "gives no image_size" "$out/no-size"
	packs_not pack-itself "a Corevisor image" "$image"
	packs_not pack-nothing "No such file" "$out/nothing"
}

matrix()
{
	if [ "$1" = full ]; then
		for series in 6.1 6.12 sid; do
			for cpu in max cortex-a57 neoverse-n1; do
				for smp in 1 2 4; do
					boots "$series" "$cpu" "$smp" 1G
				done
			done
		done
		boots 6.12 max 2 512M
		boots 6.12 neoverse-n1 4 8G
		return
	fi
	boots 6.1 cortex-a57 1 512M
	boots 6.12 max 4 1G
	boots sid neoverse-n1 2 8G
}

kind=short
case ${1:-} in
'') ;;
--full) kind=full ;;
--shell)
	series=${2:-6.12}
	prepare "$series"
	# With all that a VM needs.
	cp "$B/kernel/$series/Image" "$out/Image"
	cp "$B/guest/initramfs-6.12" "$out/guest-initramfs"
	tools/initramfs.sh -k "$series" -i test/boot/init -o "$out/initramfs-shell" "$B/cvm" \
		"$B/host/$series/corevisor.ko" "$out/Image" "$out/guest-initramfs" || exit 1
	# shellcheck disable=SC2046
	exec "$B/bin/qemu-system-aarch64" -nographic -nic none $(machine) -cpu max -smp 2 -m 2G \
		-kernel "$out/host-$series.img" -initrd "$out/initramfs-shell" \
		-append "console=ttyAMA0 quiet corevisor.log=info boottest=shell"
	;;
-h | --help) usage; exit 0 ;;
*) usage >&2; exit 2 ;;
esac

for series in 6.1 6.12 sid; do
	prepare "$series"
done
matrix "$kind"
reboots 6.12
core_memory 6.12
bad_input
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
