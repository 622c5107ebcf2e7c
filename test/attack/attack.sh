#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Boot Corevisor and a Debian host under QEMU, start protected VMs, let the host attack them.
set -u

usage()
{
	cat <<-END
	usage: test/attack/attack.sh [-qs] [-k SERIES] [-g SERIES] [-n VMS] [WORD...]

	  -q          only the table, not what host and VMs say meanwhile
	  -s          on stock KVM, without Corevisor and SMMU: there the attacks by way of KVM
	              and with devices must get through, or they would prove nothing
	  -k SERIES   the host's kernel (6.12)
	  -g SERIES   the VMs' kernel (6.12)
	  -n VMS      how many VMs (2)
	  WORD...     only attacks whose names contain one of them

	Everything must be built (make attack does). Ends with a table of what was tried and what
	came of it; \$B/attack.json has the same. Exit code 0: all blocked, and every VM
	finished its self-check. Environment: B=build, CPU=neoverse-n1, TIMEOUT=900.
	END
}

cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
out=$B/attack
series=6.12 guest=6.12 vms=2 quiet='' stock=''
while getopts qsk:g:n:h option; do
	case $option in
	q) quiet=yes ;;
	s) stock=yes vms=0 ;;
	k) series=$OPTARG ;;
	g) guest=$OPTARG ;;
	n) vms=$OPTARG ;;
	h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ -z "$stock" ] || [ $# -gt 0 ] || set -- vmm/ dma/edu-reads-vm dma/edu-writes-vm dma/msi-into-vm \
	dma/nvme-writes-vm dma/nvme-reads-vm dma/nvme-queues-in-vm dma/virtio- dma/behind dma/fw-cfg
only=$(IFS=,; echo "$*")
log=$out/log$stock
json=$B/attack$stock.json

# Where the SMMU's and the ITS's queues are in the core's image: the attacker has read the source.
symbols()
{
	aarch64-linux-gnu-nm "$B/corevisor.elf" | awk '
		{ at[$3] = $1 }
		END {
			start = substr(at["_image_start"], 9)
			for (i = split("streams commands events queue", name, " "); i > 0; i--)
				printf "attack.%s=0x%x ", name[i],
					number(substr(at[name[i]], 9)) - number(start)
		}
		function number(hex,   i, value) {
			for (i = 1; i <= length(hex); i++)
				value = value * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
			return value
		}'
}

prepare()
{
	mkdir -p "$out"
	truncate -s 1M "$out/disk"
	rm -f "$out/pid" "$out/memory"
	tools/fetch.sh qemu busybox "kernel-$series" "kernel-$guest" >"$out/fetch.log" 2>&1 ||
		{ tail -n 3 "$out/fetch.log"; exit 1; }
	image=$B/kernel/$series/Image
	if [ -z "$stock" ]; then
		image=$out/host.img
		"$B/corevisor-pack" -o "$image" "$B/kernel/$series/Image" || exit 1
	fi
	cp "$B/kernel/$guest/Image" "$out/Image"
	cp "$B/guest/initramfs-$guest" "$out/guest-initramfs"
	BUILD=$B tools/initramfs.sh -b -k "$series" -i test/attack/init -o "$out/initramfs" \
		"$B/cvm" "$out/attack" "$out/Image" "$out/guest-initramfs" \
		"$B/host/$series/corevisor.ko" "$out/$series/hostile.ko" || exit 1
}

# Each line with the seconds since the start.
show()
{
	while IFS= read -r line; do
		line=${line%$'\r'}
		case $line in
		"host| "* | "vm"[0-9]*"| "*) printf '%4d s  %s\n' "$SECONDS" "$line" ;;
		"ATTACK|"*) IFS='|' read -r _ name result evidence <<<"$line"
			printf '%4d s  %-9s %s: %s\n' "$SECONDS" "$result" "$name" "$evidence" ;;
		esac
	done
}

# What can write memory by itself: three edus, one of them the host's, the others for VMs; a disk; virtio
# behind the SMMU, past it, and past PCI; a port with a device behind it. The third CPU stays off, so
# that its redistributor is free.
devices=(-device "edu,addr=1,dma_mask=0xffffffffffffffff"
	-device "edu,addr=2,dma_mask=0xffffffffffffffff"
	-device "edu,addr=3,dma_mask=0xffffffffffffffff"
	-device "virtio-rng-pci,addr=4,disable-legacy=on,iommu_platform=on"
	-device "virtio-rng-pci,addr=5"
	-device "pcie-root-port,addr=6,chassis=1,id=behind" -device "virtio-rng-pci,bus=behind"
	-drive "file=$out/disk,if=none,id=disk,format=raw"
	-device "nvme,addr=7,serial=1,drive=disk"
	-device virtio-rng-device)

run()
{
	local append="console=ttyAMA0 quiet maxcpus=2 corevisor.log=info attack.vms=$vms"
	local iommu=smmuv3

	append+=" ${only:+attack.only=$only} $(symbols)"
	# Linux gives devices without a driver no DMA at all if it has an SMMU.
	[ -z "$stock" ] || { append+=" attack.stock=1"; iommu=none; }
	: >"$log"
	timeout -k 5 "${TIMEOUT:-900}" "$B/bin/qemu-system-aarch64" -display none -serial stdio \
		-monitor none -nic none -pidfile "$out/pid" \
		-M "virt-10.0,virtualization=on,gic-version=3,iommu=$iommu,memory-backend=ram" \
		-object memory-backend-memfd,id=ram,size=2G,share=on \
		-cpu "${CPU:-neoverse-n1}" -smp 3 -m 2G -kernel "$image" \
		-initrd "$out/initramfs" -no-reboot "${devices[@]}" -append "$append" \
		</dev/null >"$log" 2>&1 &
	qemu=$!
	[ -n "$stock" ] || test/attack/memory.py --pid "$out/pid" --image "$B/corevisor.bin" \
		--out "$out/memory" "$log" &
	# Interrupted: the machine goes with us.
	trap 'kill "$qemu" 2>/dev/null; wait "$qemu" 2>/dev/null; echo; echo interrupted; exit 130' INT TERM
	[ -n "$quiet" ] || tail -n +1 --pid="$qemu" -s 0.2 -f "$log" | show &
	wait "$qemu"
	wait
	trap - INT TERM
}

prepare
if [ -n "$stock" ]; then
	echo "Debian $series and its own KVM, without Corevisor (log: $log)"
else
	echo "Corevisor, Debian $series as host on 2 CPUs, $vms protected VMs of 2 vCPUs (log: $log)"
fi
run
exec test/attack/report.py --vms "$vms" --json "$json" --memory "$out/memory" ${stock:+--stock} \
	${only:+--part} "$log"
