#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Install the Debian packages that building and checking Corevisor needs, if they are missing.
set -euo pipefail

build="gcc make libc6-dev libbearssl-dev libfdt-dev patch python3-minimal"
check="clang libclang-rt-14-dev clang-format clang-tidy cppcheck llvm openssl"
prove="frama-c-base why3 z3 cvc4"
boot="gcc-aarch64-linux-gnu binutils-aarch64-linux-gnu libc6-dev-arm64-cross device-tree-compiler cpio
	xz-utils zstd"

usage()
{
	cat <<-END
	usage: tools/install-deps.sh [-n] [GROUP...]      (default: build)

	  build   to build the core and the simulator: $build
	  check   for make check, besides: $check
	  prove   for the proofs, besides: $prove
	  boot    for the arm64 parts, besides: $boot

	Packages that are installed already are left alone; when nothing is missing, nothing is
	run. Needs root or sudo to install.
	  -n      only say what is missing (exit 1 if something is)
	END
}

dry=no
groups=()
for arg; do
	case "$arg" in
	-h | --help) usage && exit 0 ;;
	-n | --dry-run) dry=yes ;;
	build | check | prove | boot) groups+=("$arg") ;;
	*) usage >&2 && exit 2 ;;
	esac
done
[ ${#groups[@]} -gt 0 ] || groups=(build)

if ! command -v dpkg-query >/dev/null; then
	echo "install-deps: this is not a Debian system; please see to the packages yourself:" >&2
	for g in "${groups[@]}"; do echo "  $g: ${!g}" >&2; done
	exit 0
fi

missing=()
for g in "${groups[@]}"; do
	for p in ${!g}; do
		state=$(dpkg-query -W -f '${db:Status-Abbrev}' "$p" 2>/dev/null || true)
		[[ $state == ii* ]] || missing+=("$p")
	done
done
[ ${#missing[@]} -gt 0 ] || exit 0
if [ "$dry" = yes ]; then
	echo "install-deps: missing: ${missing[*]}"
	exit 1
fi

if [ "$(id -u)" = 0 ]; then
	as_root=()
elif sudo -n true 2>/dev/null || { [ -t 0 ] && command -v sudo >/dev/null; }; then
	as_root=(sudo)
else
	echo "install-deps: missing packages, and neither root nor sudo to install them. Run:" >&2
	echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
	exit 1
fi
echo "install-deps: installing ${missing[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600)
install=("${apt[@]}" install -y --no-install-recommends "${missing[@]}")
"${install[@]}" >/dev/null 2>&1 || { "${apt[@]}" update && "${install[@]}"; }
