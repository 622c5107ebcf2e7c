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
	  -s          on stock KVM, without Corevisor: there the attacks by way of KVM must get
	              through, or they would prove nothing
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
[ -z "$stock" ] || [ $# -gt 0 ] || set -- vmm/
only=$(IFS=,; echo "$*")
log=$out/log$stock
json=$B/attack$stock.json

prepare()
{
	mkdir -p "$out"
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

run()
{
	: >"$log"
	timeout -k 5 "${TIMEOUT:-900}" "$B/bin/qemu-system-aarch64" -display none -serial stdio \
		-monitor none -nic none -M virt-10.0,virtualization=on,gic-version=3,iommu=smmuv3 \
		-cpu "${CPU:-neoverse-n1}" -smp 2 -m 2G -kernel "$image" \
		-initrd "$out/initramfs" -no-reboot \
		-append "console=ttyAMA0 quiet attack.vms=$vms ${stock:+attack.stock=1} ${only:+attack.only=$only}" \
		</dev/null >"$log" 2>&1 &
	qemu=$!
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
exec test/attack/report.py --vms "$vms" --json "$json" ${stock:+--stock} ${only:+--part} "$log"
