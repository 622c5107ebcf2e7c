#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Fetch what Corevisor is built and tested with from Debian's archive into
# build/: arm64 kernels, busybox, libfdt, BearSSL, and a QEMU new enough.
#
# Works under a private apt configuration, with its own lists and cache, so the system's
# sources, architectures and packages stay as they are. The mirror is the one
# the system's own apt uses. What is there already is not fetched again.
set -eu

usage()
{
	cat <<-END
	usage: tools/fetch.sh [-h] [ITEM...]      (default: every item)

	  kernel-6.1      Debian 12's arm64 kernel           -> build/kernel/6.1/
	  kernel-6.12     Debian 13's                        -> build/kernel/6.12/
	  kernel-sid      the newest, from Debian sid        -> build/kernel/sid/
	                  (each: Image, modules/, version)
	  headers-SERIES  what a module for that kernel is built with
	                                                     -> build/kernel/SERIES/headers/
	  libs            libfdt (static, arm64), BearSSL    -> build/arm64/
	                  (source)
	  busybox         busybox, static, arm64             -> build/arm64/bin/busybox
	  qemu            QEMU 10 or newer                   -> build/bin/qemu-system-aarch64

	Environment: BUILD=DIR instead of build/.
	END
}

top=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD:-$top/build}
mkdir -p "$build"
build=$(cd "$build" && pwd)

say()
{
	echo "fetch: $*"
}

die()
{
	echo "fetch: error: $*" >&2
	exit 1
}

# The URI of the Debian archive in the system's own apt sources.
mirror()
{
	local uri

	uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' \
		'Component: main' 2>/dev/null | head -n 1)
	[ -n "$uri" ] || uri=$(sed -n 's/^URIs: *\([^ ]*\/debian\)\/*\( .*\)*$/\1/p;
		s/^deb \(\[[^]]*\] \)*\([^ ]*\/debian\)\/* .*$/\2/p' \
		/etc/apt/sources.list /etc/apt/sources.list.d/*.sources \
		/etc/apt/sources.list.d/*.list 2>/dev/null | head -n 1)
	[ -n "$uri" ] || die "no Debian archive in this system's apt sources" \
		"(run 'apt-get update' once, as root)"
	echo "$uri"
}

# apt_setup SUITES ARCH STATUS: a private apt for those suites; sets apt_conf.
# STATUS is the dpkg status file to resolve against.
apt_setup()
{
	local suite type dir=$build/apt/${1// /+}-$2

	apt_conf=$dir/apt.conf
	[ -e "$dir/updated" ] && return
	say "reading package lists of $1 ($2)"
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$dir/etc"
	for suite in $1; do
		for type in deb deb-src; do
			echo "$type [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
				"$(mirror) $suite main"
		done
	done >"$dir/etc/sources.list"
	: >"$dir/etc/empty-status"
	cat >"$apt_conf" <<-END
	Dir::Etc::SourceList "$dir/etc/sources.list";
	Dir::Etc::SourceParts "/dev/null";
	Dir::Etc::Preferences "/dev/null";
	Dir::Etc::PreferencesParts "/dev/null";
	Dir::State::Lists "$dir/lists";
	Dir::State::Status "${3:-$dir/etc/empty-status}";
	Dir::Cache "$dir/cache";
	APT::Architecture "$2";
	APT::Architectures { "$2"; };
	APT::Install-Recommends "false";
	APT::Sandbox::User "root";
	Acquire::Languages "none";
	Acquire::Retries "3";
	# A mirror that lags or a snapshot will do: what comes from it is signed all the same.
	Acquire::Check-Valid-Until "false";
	END
	apt-get -q -q -c "$apt_conf" update >"$dir/log" 2>&1 ||
		{ tail -n 5 "$dir/log" >&2; die "reading the package lists of $1 failed (log: $dir/log)"; }
	touch "$dir/updated"
}

# unpack DIR PACKAGE...: fetch packages with the current private apt, unpack.
unpack()
{
	local dir=$1 deb tmp

	shift
	tmp=$(mktemp -d "$build/fetch.XXXXXX")
	say "fetching $*"
	(cd "$tmp" && apt-get -q -q -c "$apt_conf" download "$@" >log 2>&1) ||
		{ tail -n 5 "$tmp/log" >&2; rm -rf "$tmp"; die "fetching $* failed"; }
	mkdir -p "$dir"
	for deb in "$tmp"/*.deb; do
		dpkg-deb -x "$deb" "$dir" || die "unpacking ${deb##*/} failed"
	done
	rm -rf "$tmp"
}

suite_of()
{
	case $1 in
	6.1) echo bookworm ;;
	6.12) echo trixie ;;
	sid) echo sid ;;
	*) die "unknown kernel series '$1'; known: 6.1, 6.12, sid" ;;
	esac
}

# What a package depends on whose name matches a pattern.
depends_on()
{
	apt-cache -c "$apt_conf" depends --important "$1" | sed -n 's/^ *Depends: //p' |
		grep -E -m 1 "$2" || die "package $1 depends on nothing like '$2'"
}

fetch_kernel()
{
	local series=$1 dir=$build/kernel/$1 package parts image

	[ -e "$dir/version" ] && { say "kernel $series: have $(cat "$dir/version")"; return; }
	apt_setup "$(suite_of "$series")" arm64
	package=$(depends_on linux-image-cloud-arm64 '^linux-image-[0-9]')
	rm -rf "$dir/unpacked" "$dir/modules"
	# From Linux 7.2 on, Debian ships the image and the modules beside the package.
	parts=$(apt-cache -c "$apt_conf" depends --important "$package" |
		sed -n 's/^ *Depends: \(linux-\(binary\|modules\)-.*\)/\1/p')
	# shellcheck disable=SC2086 # one word a package
	unpack "$dir/unpacked" "$package" $parts
	image=$(find "$dir/unpacked" -name 'vmlinuz*' -type f | head -n 1)
	[ -n "$image" ] || die "$package holds no vmlinuz"
	mv "$image" "$dir/Image"
	mv "$(find "$dir/unpacked" -path '*/lib/modules' -type d | head -n 1)" "$dir/modules"
	rm -rf "$dir/unpacked"
	echo "${package#linux-image-}" >"$dir/version"
	say "kernel $series: $(cat "$dir/version")"
}

# wrap_tools DIR: programs of the kernel's build that want a newer C library than this system's
# get the one of their own suite, through a script in their place. Uses the current apt.
wrap_tools()
{
	local file files

	files=$(find "$1/usr/lib" -path '*/scripts/*' -type f -perm /111 | while read -r file; do
		! ldd "$file" 2>&1 | grep -q "GLIBC_.* not found" || echo "$file"
	done)
	[ -n "$files" ] || return 0
	unpack "$1/libc" libc6
	for file in $files; do
		mv "$file" "$file.bin"
		cat >"$file" <<-END
		#!/bin/sh
		# Made by tools/fetch.sh.
		l=\$(find $1/libc -name 'ld-linux-*.so.*' -type f | head -n 1)
		exec "\$l" --library-path "\${l%/*}" --argv0 "\$0" "$file.bin" "\$@"
		END
		chmod +x "$file"
	done
}

fetch_headers()
{
	local series=$1 dir=$build/kernel/$1/headers version common kbuild

	[ -e "$dir/done" ] && { say "headers $series: have"; return; }
	fetch_kernel "$series"
	version=$(cat "$build/kernel/$series/version")
	apt_setup "$(suite_of "$series")" arm64
	common=$(depends_on "linux-headers-$version" '^linux-headers-.*-common$')
	kbuild=$(depends_on "linux-headers-$version" '^linux-kbuild-')
	rm -rf "$dir"
	unpack "$dir" "linux-headers-$version" "$common"
	apt_setup "$(suite_of "$series")" amd64
	unpack "$dir" "$kbuild"
	wrap_tools "$dir"
	# The Makefile of the headers names itself and the common one by absolute path.
	sed -i "s,^\(include \|KBUILD_OUTPUT=\)/usr/src/,\1$dir/usr/src/," \
		"$dir/usr/src/linux-headers-$version/Makefile"
	ln -sfn "usr/src/linux-headers-$version" "$dir/build"
	touch "$dir/done"
	say "headers $series: $version"
}

# unpack_source DIR PACKAGE: the upstream source of a package.
unpack_source()
{
	local tmp

	tmp=$(mktemp -d "$build/fetch.XXXXXX")
	say "fetching the source of $2"
	(cd "$tmp" && apt-get -q -q -c "$apt_conf" source --download-only "$2" >log 2>&1) ||
		{ tail -n 5 "$tmp/log" >&2; rm -rf "$tmp"; die "fetching the source of $2 failed"; }
	rm -rf "$1"
	mkdir -p "$1"
	tar -C "$1" --strip-components=1 -xf "$tmp"/*.orig.tar.* || die "unpacking $2's source failed"
	rm -rf "$tmp"
}

fetch_libs()
{
	[ -e "$build/arm64/lib/.done" ] && [ -e "$build/arm64/lib/libbearssl.a" ] &&
		{ say "libs: have"; return; }
	apt_setup bookworm arm64
	rm -rf "$build/arm64/unpacked"
	unpack "$build/arm64/unpacked" libfdt-dev
	unpack "$build/arm64/unpacked" libbearssl-dev
	mkdir -p "$build/arm64/lib" "$build/arm64/include" "$build/arm64/src"
	find "$build/arm64/unpacked" -name '*.a' -exec cp {} "$build/arm64/lib" \;
	cp -r "$build/arm64/unpacked/usr/include/." "$build/arm64/include"
	[ -f "$build/arm64/lib/libfdt.a" ] || die "libfdt-dev holds no libfdt.a"
	rm -rf "$build/arm64/unpacked"
	# As source: Debian's binary uses FP registers, which at EL2 are the host's.
	unpack_source "$build/arm64/src/bearssl" bearssl
	[ -f "$build/arm64/src/bearssl/inc/bearssl.h" ] || die "bearssl's source holds no inc/bearssl.h"
	touch "$build/arm64/lib/.done"
	say "libs: libfdt.a, BearSSL's source"
}

fetch_busybox()
{
	local bin

	[ -x "$build/arm64/bin/busybox" ] && { say "busybox: have"; return; }
	apt_setup bookworm arm64
	rm -rf "$build/arm64/unpacked-busybox"
	unpack "$build/arm64/unpacked-busybox" busybox-static
	bin=$(find "$build/arm64/unpacked-busybox" -path '*/bin/busybox' -type f | head -n 1)
	[ -n "$bin" ] || die "busybox-static holds no busybox"
	mkdir -p "$build/arm64/bin"
	mv "$bin" "$build/arm64/bin/busybox"
	rm -rf "$build/arm64/unpacked-busybox"
	say "busybox: fetched"
}

# Major version of a QEMU, 0 if it does not run.
qemu_major()
{
	"$1" --version 2>/dev/null | sed -n 's/^QEMU emulator version \([0-9]*\).*/\1/p' | grep . ||
		echo 0
}

# A wrapper that runs the privately unpacked QEMU with the libraries and data
# files that came with it.
qemu_wrapper()
{
	cat >"$1" <<-END
	#!/bin/sh
	# Made by tools/fetch.sh.
	q=$build/qemu
	LD_LIBRARY_PATH=\$q/usr/lib/x86_64-linux-gnu:\$q/lib/x86_64-linux-gnu \\
	QEMU_MODULE_DIR=\$q/usr/lib/x86_64-linux-gnu/qemu \\
	exec \$q/usr/bin/qemu-system-aarch64 -L \$q/usr/share/qemu -L /usr/lib/ipxe/qemu "\$@"
	END
	chmod +x "$1"
}

fetch_qemu()
{
	local bin=$build/bin/qemu-system-aarch64 packages codename

	[ "$(qemu_major "$bin")" -ge 10 ] && { say "qemu: have"; return; }
	mkdir -p "$build/bin"
	if [ "$(qemu_major qemu-system-aarch64)" -ge 10 ]; then
		ln -sf "$(command -v qemu-system-aarch64)" "$bin"
		say "qemu: the system's"
		return
	fi
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	[ "$codename" = bookworm ] ||
		die "this system's QEMU is older than 10; install qemu-system-arm 10 or newer"
	apt_setup "bookworm bookworm-backports" "$(dpkg --print-architecture)" /var/lib/dpkg/status
	# What installing it would bring along, in that version, is what it needs beside this system.
	packages=$(apt-get -c "$apt_conf" -s -t bookworm-backports install qemu-system-arm |
		sed -n -E 's/^Inst ([^ ]+) (\[[^]]*\] )?\(([^ ]+) .*/\1=\3/p')
	[ -n "$packages" ] || die "no qemu-system-arm in bookworm-backports"
	rm -rf "$build/qemu"
	# shellcheck disable=SC2086 # one word a package
	unpack "$build/qemu" $packages
	qemu_wrapper "$bin"
	[ "$(qemu_major "$bin")" -ge 10 ] || die "the fetched QEMU does not run: $("$bin" --version 2>&1)"
	say "qemu: $("$bin" --version | head -n 1)"
}

fetch()
{
	case $1 in
	-h | --help) usage ;;
	kernel-*) fetch_kernel "${1#kernel-}" ;;
	headers-*) fetch_headers "${1#headers-}" ;;
	libs) fetch_libs ;;
	busybox) fetch_busybox ;;
	qemu) fetch_qemu ;;
	*) usage >&2; die "unknown item '$1'" ;;
	esac
}

for tool in apt-get apt-cache dpkg-deb; do
	command -v "$tool" >/dev/null || die "needs $tool: this script works on Debian"
done
[ $# -gt 0 ] || set -- qemu libs busybox kernel-6.1 kernel-6.12 kernel-sid
# One at a time: two builds may want the same thing.
exec 9>"$build/fetch.lock"
flock 9
for item in "$@"; do
	fetch "$item"
done
