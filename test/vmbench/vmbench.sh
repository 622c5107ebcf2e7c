#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Measure operations of a VM under -icount, where a tick of the counter is an instruction, on
# Corevisor and on the same kernel's own KVM; print both beside the goal, write bench.json.
set -eu

usage()
{
	cat <<-END
	usage: test/vmbench/vmbench.sh [SERIES]      (default: 6.12)

	Prints a table: what, instructions on Corevisor, on KVM, goal. Environment: B=DIR instead
	of build/. Logs: \$B/vmbench/; the rows as \$B/bench.json.
	END
}

case ${1:-} in
-h | --help) usage; exit 0 ;;
esac
cd "$(dirname "$0")/../.."
B=${B:-build}
series=${1:-6.12}
out=$B/vmbench
mkdir -p "$out"

# qemu NAME IMAGE ARGS: its console goes to $out/NAME.log.
qemu()
{
	timeout -k 5 900 "$B/bin/qemu-system-aarch64" -display none -serial stdio -monitor none \
		-nic none -M virt-10.0,virtualization=on,gic-version=3,iommu=smmuv3 \
		-cpu neoverse-n1,cntfrq=1000000000 -smp 2 -m 1G -icount shift=0,sleep=off -seed 1 \
		-rtc base=2026-01-01,clock=vm -kernel "$2" -initrd "$out/initramfs" \
		-append "console=ttyAMA0 quiet nokaslr randomize_kstack_offset=0 $3" \
		</dev/null 2>"$out/$1.err" | tr -d '\r' >"$out/$1.log"
}

tools/fetch.sh qemu busybox "kernel-$series" >"$out/fetch.log" 2>&1 ||
	{ tail -n 3 "$out/fetch.log" >&2; exit 1; }
tools/initramfs.sh -k "$series" -i test/vmbench/init -o "$out/initramfs" "$out/vmbench" \
	"$B/host/$series/corevisor.ko"
"$B/corevisor-pack" -o "$out/host.img" "$B/kernel/$series/Image"
qemu corevisor "$out/host.img" vmbench=corevisor
qemu kvm "$B/kernel/$series/Image" vmbench=kvm

python3 - "$out" "$B/bench.json" "$(cat "$B/kernel/$series/version")" <<'END'
import json
import os
import sys

GOALS = {
    "hypercall": 150, "id-register": 300, "gicd-read": 2500, "mmio-to-user": 5500,
    "page-populated": 4500, "page-fresh": 8000, "page-of-2M": 270, "share-unshare": 1000,
    "create-to-exit": 300000, "ipi-round-trip": 11000,
}


def rows(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        lines = [line.split() for line in f if line.startswith("VMBENCH ")]
    return {line[1]: int(line[2]) for line in lines if len(line) == 3}


out, json_path, version = sys.argv[1:]
here, kvm = (rows(os.path.join(out, f"{name}.log")) for name in ("corevisor", "kvm"))
print(f"Linux {version}, neoverse-n1, 2 CPUs; instructions each")
print(f"{'what':<16}{'Corevisor':>10}{'KVM':>10}{'goal':>9}")
table = []
for name, goal in GOALS.items():
    print(f"{name:<16}{here.get(name, '-'):>10}{kvm.get(name, '-'):>10}{goal:>9}"
          f"{'' if here.get(name, goal + 1) <= goal else '  missed'}")
    table.append({"name": name, "unit": "instructions", "corevisor": here.get(name),
                  "kvm": kvm.get(name), "goal": goal})
with open(json_path, "w", encoding="utf-8") as f:
    json.dump(table, f, indent=1)
    f.write("\n")
if any(row["corevisor"] is None for row in table):
    sys.exit("vmbench: not all was measured; see " + os.path.join(out, "corevisor.log"))
END
