#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Make an initramfs for an arm64 host: busybox, an /init, and files asked for.
set -eu

usage()
{
	cat <<-END
	usage: tools/initramfs.sh [-b] [-m MODULES] -k SERIES -i INIT -o FILE [FILE...]

	  -k SERIES   the kernel (build/kernel/SERIES) whose modules it may load
	  -i INIT     script to be /init
	  -o FILE     the initramfs (cpio, uncompressed)
	  -b          without the modules of virtio_blk: for a VM
	  -m MODULES  these too, with what they depend on (words)
	  FILE...     put into /bin, executable; *.ko into /modules

	virtio_blk and the modules it depends on go into /modules; /modules/order
	lists them in the order to insmod. Scripts end with \`leave poweroff\` or \`leave reboot\`,
	which wait until the console has sent their last line.
	END
}

die()
{
	echo "initramfs: error: $*" >&2
	exit 1
}

# add_module NAME: it and, before it, what it depends on; nothing if it is built in.
add_module()
{
	local file target=$root/modules/$1.ko name

	[ -e "$target" ] && return
	file=$(find "$build/kernel/$series/modules" -name "$1.ko*" -o -name "${1//_/-}.ko*" |
		head -n 1)
	case $file in
	'') return ;;
	*.xz) xz -dc "$file" >"$target" ;;
	*.zst) zstd -q -dc "$file" >"$target" ;;
	*) cp "$file" "$target" ;;
	esac
	for name in $(tr '\0' '\n' <"$target" | sed -n 's/^depends=//p' | tr ',' ' '); do
		add_module "$name"
	done
	echo "$1.ko" >>"$root/modules/order"
}

# /bin/leave. A serial port that Linux put to sleep (after 0.5 s) sends what is written to it later,
# which is never if the machine is off by then. To set the terminal's mode waits for it (TCSADRAIN).
leave()
{
	cat <<-'END'
	#!/bin/sh
	/bin/busybox stty -echo </dev/console
	exec /bin/busybox "$1" -f
	END
}

build=${BUILD:-$(cd "$(dirname "$0")/.." && pwd)/build}
series='' init='' out='' drivers='virtio_pci virtio_blk' more=''
while getopts k:i:o:m:bh option; do
	case $option in
	b) drivers='' ;;
	m) more=$OPTARG ;;
	k) series=$OPTARG ;;
	i) init=$OPTARG ;;
	o) out=$OPTARG ;;
	h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ -n "$series" ] && [ -n "$init" ] && [ -n "$out" ] || { usage >&2; exit 2; }
[ -f "$init" ] || die "$init: no such file"
[ -d "$build/kernel/$series" ] || die "no kernel $series: run tools/fetch.sh kernel-$series"
[ -x "$build/arm64/bin/busybox" ] || die "no busybox: run tools/fetch.sh busybox"
for tool in cpio xz zstd; do
	command -v "$tool" >/dev/null || die "needs $tool (apt install cpio xz-utils zstd)"
done

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{bin,dev,proc,sys,tmp,modules}
cp "$build/arm64/bin/busybox" "$root/bin/busybox"
ln -s busybox "$root/bin/sh"
cp "$init" "$root/init"
chmod +x "$root/init"
leave >"$root/bin/leave"
chmod +x "$root/bin/leave"
: >"$root/modules/order"
for module in $drivers $more; do
	add_module "$module"
done
for file in "$@"; do
	case $file in
	*.ko) cp "$file" "$root/modules/" ;;
	*) cp "$file" "$root/bin/"; chmod +x "$root/bin/${file##*/}" ;;
	esac
done
mkdir -p "$(dirname "$out")"
(cd "$root" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --reproducible --quiet) >"$out.tmp"
mv "$out.tmp" "$out"
