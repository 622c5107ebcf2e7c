#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Boot protected Linux VMs on a live core: each kernel with 1, 2 and 4 vCPUs, 128 MB and 1 GB. One line a
# VM; the last line counts. Exit code 1 if one failed.
set -u

usage()
{
	cat <<-END
	usage: test/guest/guest-test.sh [SERIES...]      (kernels of the VMs; default: 6.1 6.12 sid)

	The host is Debian 6.12 with 2 CPUs. Each VM boots, runs the load that checks its own
	results, and powers off; one more has its shell used, reboots and powers off from inside.
	Environment: B=DIR instead of build/, CPU=max. Logs: \$B/guest-test/SERIES.log.
	END
}

case ${1:-} in
-*) usage; exit 0 ;;
esac
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
out=$B/guest-test
tests=1:128M,1:1G,2:128M,2:1G,4:128M,4:1G,shell
count=7
[ $# -gt 0 ] || set -- 6.1 6.12 sid
passed=0
failed=0

# Seconds that the host and its VMs get: four minutes a VM on an idle machine, more on a loaded one.
limit()
{
	awk -v n=$((240 * count)) -v cpus="$(nproc)" '{ print int(n * (1 + $1 / cpus)) }' /proc/loadavg
}

prepare()
{
	mkdir -p "$out"
	tools/fetch.sh qemu busybox kernel-6.12 "kernel-$1" >"$out/fetch.log" 2>&1 ||
		{ tail -n 3 "$out/fetch.log"; exit 1; }
	cp "$B/kernel/$1/Image" "$out/Image"
	cp "$B/kernel/$1/version" "$out/guest-version"
	BUILD=$B tools/initramfs.sh -b -k "$1" -i test/guest/init -o "$out/guest-initramfs" \
		"$B/guest/load" || exit 1
	BUILD=$B tools/initramfs.sh -b -k 6.12 -i test/guest/host-init -o "$out/initramfs" "$B/cvm" \
		"$out/Image" "$out/guest-initramfs" "$out/guest-version" \
		"$B/host/6.12/corevisor.ko" || exit 1
	"$B/corevisor-pack" -o "$out/host.img" "$B/kernel/6.12/Image" || exit 1
}

# series NAME: its VMs, one after the other
series()
{
	local log=$out/$1.log ok bad

	prepare "$1"
	timeout -k 5 "${TIMEOUT:-$(limit)}" "$B/bin/qemu-system-aarch64" -display none -serial stdio \
		-monitor none -nic none -M virt-10.0,virtualization=on,gic-version=3,iommu=smmuv3 \
		-cpu "${CPU:-neoverse-n1}" -smp 2 -m 3G -kernel "$out/host.img" \
		-initrd "$out/initramfs" -append "console=ttyAMA0 quiet guesttest=$tests" \
		</dev/null >"$log" 2>&1
	tr -d '\r' <"$log" | sed -n "s/^GUEST-TEST \(ok\|FAIL\) /\1 $1: /p"
	ok=$(grep -c "^GUEST-TEST ok" "$log")
	bad=$(grep -c "^GUEST-TEST FAIL" "$log")
	# What was not run has failed.
	[ $((ok + bad)) -ge $count ] || bad=$((count - ok))
	grep -q "^GUEST-TEST done" "$log" || { echo "FAIL $1: not all was run (log: $log)"; }
	passed=$((passed + ok))
	failed=$((failed + bad))
}

for name in "$@"; do
	series "$name"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
