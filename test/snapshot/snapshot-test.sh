#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# VMs signed, saved and restored on a live core: what is changed is refused, what is not goes on, also
# after the host was rebooted.
set -u

usage()
{
	cat <<-END
	usage: test/snapshot/snapshot-test.sh [-f FLIPS] [-c VCPUS] [-m MB] [-w MB] [-l]

	  -f FLIPS   single bits to flip (100)
	  -c VCPUS   of the Linux VM (2)
	  -m MB      of memory of the Linux VM (256)
	  -w MB      that its load fills and checks (16)

	  -l         nothing but the Linux VM

	Needs what make snapshot-build makes. Environment: B=DIR instead of build/, CPU=max,
	TIMEOUT=seconds of one boot.
	Logs: \$B/snapshot/boot*.log. Exit code 1 if something failed.
	END
}

flips=100 vcpus=2 mb=256 work=16 part=
while getopts f:c:m:w:lh option; do
	case $option in
	f) flips=$OPTARG ;;
	c) vcpus=$OPTARG ;;
	m) mb=$OPTARG ;;
	w) work=$OPTARG ;;
	l) part=part=linux ;;
	h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
out=$B/snapshot
failed=0

fail()
{
	echo "FAIL $*"
	failed=1
}

# flip FILE OFFSET TO: a copy with one bit of a byte changed
flip()
{
	cp "$1" "$3"
	printf "\\x$(printf %02x $((0x$(byte_at "$1" "$2") ^ 1)))" |
		dd of="$3" bs=1 seek="$2" conv=notrunc status=none
}

byte_at()
{
	od -An -tx1 -j "$2" -N 1 "$1" | tr -d ' '
}

# What an owner signs, and what is none of that.
sign()
{
	local key

	for key in owner other; do
		openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out "$out/$key.pem" 2>/dev/null
		"$B/cvm-sign" sign --key "$out/$key.pem" -o "$out/$key.manifest" --kernel "$out/tick.bin" \
			--mem 4M >"$out/$key.measurement" || exit 1
	done
	cp "$out/owner.manifest" "$out/good.manifest"
	cp "$out/owner.measurement" "$out/measurement"
	flip "$out/tick.bin" 100 "$out/tick2.bin"
	flip "$out/good.manifest" 10 "$out/bad-measurement.manifest"
	flip "$out/good.manifest" 60 "$out/bad-signature.manifest"
	flip "$out/good.manifest" 200 "$out/bad-key.manifest"
	head -c 255 "$out/good.manifest" >"$out/short.manifest"
	cp "$out/good.manifest" "$out/other-signature.manifest"
	dd if="$out/other.manifest" of="$out/other-signature.manifest" bs=1 skip=56 seek=56 count=96 \
		conv=notrunc status=none
}

prepare()
{
	tools/fetch.sh qemu busybox kernel-6.12 >"$out/fetch.log" 2>&1 || { cat "$out/fetch.log"; exit 1; }
	cp "$B/kernel/6.12/Image" "$out/Image"
	sign
	BUILD=$B tools/initramfs.sh -b -k 6.12 -i test/guest/init -o "$out/guest.cpio" "$B/guest/load" || exit 1
	BUILD=$B tools/initramfs.sh -k 6.12 -i test/snapshot/init -o "$out/initramfs" \
		"$B/host/6.12/corevisor.ko" "$B/cvm" "$out/Image" "$out/guest.cpio" "$out/tick.bin" \
		"$out/tamper" "$out/leak" "$out/tick2.bin" "$out/measurement" "$out"/*-*.manifest \
		"$out/good.manifest" "$out/short.manifest" || exit 1
	head -c 32 /dev/urandom >"$out/platform.key"
	head -c 32 /dev/urandom >"$out/other.key"
	"$B/corevisor-pack" --key "$out/platform.key" -o "$out/host.img" "$B/kernel/6.12/Image" || exit 1
	"$B/corevisor-pack" --key "$out/other.key" -o "$out/other.img" "$B/kernel/6.12/Image" || exit 1
	rm -f "$out/disk"
	truncate -s "$((200 + mb * 9 / 8))M" "$out/disk"
	rm -f "$out/store"
	"$B/corevisor-pack" --nv "$out/store" || exit 1
	truncate -s 64M "$out/no-store"
}

# boot LOG IMAGE FLASH OPTIONS: with that in the second bank of flash
boot()
{
	timeout -k 5 "${TIMEOUT:-$((600 + flips / 2 + mb))}" "$B/bin/qemu-system-aarch64" \
		-display none -serial stdio -monitor none -nic none -cpu "${CPU:-max}" -smp 2 \
		-m "$((1536 + mb * 5 / 2))M" -kernel "$2" \
		-M virt-10.0,virtualization=on,gic-version=3,iommu=smmuv3 \
		-drive "if=pflash,unit=1,format=raw,file=$3" \
		-drive "file=$out/disk,format=raw,if=none,id=disk" \
		-device virtio-blk-pci,drive=disk,iommu_platform=on,disable-legacy=on \
		-append "console=ttyAMA0 quiet $4" -initrd "$out/initramfs" </dev/null >"$1" 2>&1 ||
		fail "QEMU ended with $?: $1"
	tr -d '\r' <"$1" | grep -aE '^(SNAPSHOT|tamper:|leak:)'
	grep -aq "SNAPSHOT FAIL" "$1" && failed=1
}

# has LOG TEXT
has()
{
	tr -d '\r' <"$1" | grep -aqE "$2" || fail "no '$2' in $1"
}

prepare
boot "$out/boot1.log" "$out/host.img" "$out/store" \
	"snapshot=1 flips=$flips vcpus=$vcpus ram=${mb}M load=load:4:$work $part"
has "$out/boot1.log" "^SNAPSHOT end of phase 1"
if [ -z "$part" ]; then
	grep -aq "NOT REFUSED" "$out/boot1.log" && fail "a changed snapshot was not refused"
	has "$out/boot1.log" "^tamper: single bits: $flips tried, $flips refused"
	has "$out/boot1.log" "^SNAPSHOT ok manifest: what was signed runs"
	has "$out/boot1.log" "^SNAPSHOT ok rollback: the first snapshot"
	has "$out/boot1.log" "^SNAPSHOT ok rollback: the other copy: .*another copy of this VM was saved"
	has "$out/boot1.log" "^SNAPSHOT VMs left: 0"
fi
boot "$out/boot2.log" "$out/host.img" "$out/store" "snapshot=2 store=1"
has "$out/boot2.log" "^SNAPSHOT store: .*cannot be read"
[ -n "$part" ] || has "$out/boot2.log" "^SNAPSHOT ok rollback: the first snapshot, after a reboot"
has "$out/boot2.log" "^SNAPSHOT linux: cvm restore ended with 0"
has "$out/boot2.log" "^SNAPSHOT vm: .*SELF-CHECK OK: .* on $vcpus CPUs"
# To load it takes longer than that, the more memory it has; none of it is in the VM's time.
has "$out/boot2.log" "^SNAPSHOT vm: load: the clock's longest step was [0-4]\.[0-9] s"
grep -aq "soft lockup" "$out/boot2.log" && fail "the VM's clock has jumped"
boot "$out/boot3.log" "$out/other.img" "$out/no-store" snapshot=2
has "$out/boot3.log" "^SNAPSHOT store: 0x"
has "$out/boot3.log" "^SNAPSHOT vm: .*not authentic"
rm -f "$out/disk" "$out/no-store"
[ "$failed" = 0 ] && echo "snapshot: passed" || echo "snapshot: failed (logs: $out/boot*.log)"
exit "$failed"
