#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Run the bare hosts of this folder under QEMU on a debug build of the core.
set -u

usage()
{
	cat <<-END
	usage: run.sh fuzz [--calls N] [--seed N] [--cpus N] [--check N]
	       run.sh psci

	fuzz: N random hypercalls (1,000,000) from seed N (1) on N CPUs (2), the invariants
	checked every N calls (a tenth). Log: \$B/bare/fuzz.log. psci: the PSCI relay, and what
	is left in memory after a reset.
	END
}

cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
calls=1000000
seed=1
cpus=2
check=
what=${1:-}
[ $# -gt 0 ] && shift
while [ $# -gt 0 ]; do
	case $1 in
	--calls) calls=$2 ;;
	--seed) seed=$2 ;;
	--cpus) cpus=$2 ;;
	--check) check=$2 ;;
	*) usage >&2; exit 2 ;;
	esac
	shift 2
done

# bare NAME SECONDS CPUS ARGS: run it; its console goes to $B/bare/NAME.log.
bare()
{
	timeout -k 5 "$2" "$B/bin/qemu-system-aarch64" -display none -serial stdio -monitor none \
		-nic none -M virt-10.0,virtualization=on,gic-version=3,iommu=smmuv3 -cpu max \
		-m 256M -smp "$3" -kernel "$B/bare/$1.img" -append "$4" </dev/null 2>&1 |
		tr -d '\r' >"$B/bare/$1.log"
	[ "${PIPESTATUS[0]}" = 0 ] || echo "$1: QEMU ended with ${PIPESTATUS[0]} (124: timeout)"
}

case $what in
fuzz)
	tools/fetch.sh qemu >/dev/null || exit 1
	bare fuzz $((200 + calls / 100)) "$cpus" \
		"calls=$calls seed=$seed cpus=$cpus check=${check:-$((calls / 10))}"
	cat "$B/bare/fuzz.log"
	grep -q '^FUZZ done' "$B/bare/fuzz.log"
	;;
psci)
	tools/fetch.sh qemu >/dev/null || exit 1
	bare psci 60 4 ""
	cat "$B/bare/psci.log"
	grep -q '^PSCI done' "$B/bare/psci.log"
	;;
-h | --help) usage ;;
*) usage >&2; exit 2 ;;
esac
