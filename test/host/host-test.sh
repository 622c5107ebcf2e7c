#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Boot a Debian host on the core under QEMU, load the module, run host-test; and see that the
# module stays away from a machine without the core. Exit code 1 if something failed.
set -u

usage()
{
	cat <<-END
	usage: test/host/host-test.sh [SERIES [CASE...]]      (default: 6.12, all cases)

	Environment: B=DIR instead of build/, CPU=max. Logs: \$B/host/SERIES/*.log.
	END
}

case ${1:-} in
-h | --help) usage; exit 0 ;;
esac
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
series=${1:-6.12}
shift
only=$(echo "$*" | tr ' ' ,)
out=$B/host/$series
failed=0

# boot LOG IMAGE VIRTUALIZATION
boot()
{
	timeout -k 5 "${TIMEOUT:-400}" "$B/bin/qemu-system-aarch64" -display none -serial stdio \
		-monitor none -nic none -cpu "${CPU:-max}" -smp 2 -m 1G -kernel "$2" \
		-M "virt-10.0,virtualization=$3,gic-version=3,iommu=smmuv3" \
		-append "console=ttyAMA0 quiet ${only:+hosttest=$only}" \
		-initrd "$out/initramfs" </dev/null >"$1" 2>&1
}

# has TEXT, has_not TEXT: in the log of the host on the core.
has()
{
	grep -q "$1" "$out/test.log" || { echo "FAIL no '$1'"; failed=1; }
}

has_not()
{
	! grep -E "$1" "$out/test.log" || failed=1
}

tools/fetch.sh qemu busybox "kernel-$series" >"$out/fetch.log" 2>&1 || { cat "$out/fetch.log"; exit 1; }
tools/initramfs.sh -k "$series" -i test/host/init -o "$out/initramfs" "$out/corevisor.ko" \
	"$B/host/host-test" || exit 1
"$B/corevisor-pack" -o "$out/host.img" "$B/kernel/$series/Image" || exit 1

boot "$out/test.log" "$out/host.img" on || { echo "FAIL QEMU ended with $?"; failed=1; }
grep -E '^(ok |FAIL|    )|^host-test:' "$out/test.log" | tr -d '\r'
has "^host-test: .* 0 failed"
has "^HOST-TEST unloaded"
has_not "HOST-TEST rmmod while busy"
has_not "HOST-TEST log: .*(Oops|BUG|WARNING|Call trace|Out of memory|keeps|cannot)"
if [ -z "$only" ]; then
	boot "$out/without.log" "$B/kernel/$series/Image" off
	grep -q "corevisor: this kernel does not run on Corevisor" "$out/without.log" ||
		{ echo "FAIL without the core: $out/without.log"; failed=1; }
fi
[ "$failed" = 0 ] && echo "$series: passed" || echo "$series: failed (log: $out/test.log)"
exit "$failed"
