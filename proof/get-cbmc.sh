#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Get CBMC, the bounded model checker, into build/cbmc/.
#
# CBMC 6 is in Debian 13 and not in 12. Its package, and every library that it needs, the C library
# too, are fetched under a private apt configuration and unpacked; build/cbmc/bin/cbmc runs it with
# its own loader. Nothing of the system's changes, and a system with a new enough C library gets
# the same version. What is there already is not fetched again.
set -euo pipefail

usage()
{
	cat <<-END
	usage: proof/get-cbmc.sh [-h]

	Fetches CBMC of Debian 13 to build/cbmc/ and writes build/cbmc/bin/cbmc.
	Environment: BUILD=DIR instead of build/.
	END
}

die()
{
	echo "get-cbmc: error: $*" >&2
	exit 1
}

case ${1-} in
-h | --help) usage; exit ;;
'') ;;
*) usage >&2; exit 2 ;;
esac

top=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "${BUILD:-$top/build}"
build=$(cd "${BUILD:-$top/build}" && pwd)
dir=$build/cbmc
arch=$(dpkg --print-architecture 2>/dev/null) || die "needs dpkg: this script works on Debian"
for tool in apt-get apt-cache dpkg-deb flock; do
	command -v "$tool" >/dev/null || die "needs $tool: this script works on Debian"
done

# The URI of the Debian archive in the system's own apt sources.
mirror()
{
	local uri

	uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' \
		'Component: main' 2>/dev/null | sed -n 1p)
	[ -n "$uri" ] || uri=$(sed -n 's/^URIs: *\([^ ]*\/debian\)\/*\( .*\)*$/\1/p;
		s/^deb \(\[[^]]*\] \)*\([^ ]*\/debian\)\/* .*$/\2/p' \
		/etc/apt/sources.list /etc/apt/sources.list.d/*.sources \
		/etc/apt/sources.list.d/*.list 2>/dev/null | sed -n 1p || true)
	[ -n "$uri" ] || die "no Debian archive in this system's apt sources" \
		"(run 'apt-get update' once, as root)"
	echo "$uri"
}

apt_setup()
{
	local uri

	conf=$dir/apt/apt.conf
	[ -e "$dir/apt/updated" ] && return
	uri=$(mirror)
	echo "get-cbmc: reading the package list of trixie"
	mkdir -p "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri trixie main" \
		>"$dir/apt/sources.list"
	: >"$dir/apt/status"
	cat >"$conf" <<-END
	Dir::Etc::SourceList "$dir/apt/sources.list";
	Dir::Etc::SourceParts "/dev/null";
	Dir::Etc::Preferences "/dev/null";
	Dir::Etc::PreferencesParts "/dev/null";
	Dir::State::Lists "$dir/apt/lists";
	Dir::State::Status "$dir/apt/status";
	Dir::Cache "$dir/apt/cache";
	APT::Architecture "$arch";
	APT::Architectures { "$arch"; };
	APT::Install-Recommends "false";
	APT::Sandbox::User "root";
	Acquire::Languages "none";
	Acquire::Retries "3";
	END
	apt-get -q -q -c "$conf" update >"$dir/apt/log" 2>&1 ||
		{ tail -n 5 "$dir/apt/log" >&2; die "reading the package list failed ($dir/apt/log)"; }
	touch "$dir/apt/updated"
}

# CBMC and what its programs link against (minisat brings its library). (Its package also wants a compiler, to preprocess: the
# system's gcc serves.)
fetch()
{
	local tmp=$dir/new deb

	rm -rf "$tmp" "$dir/root"
	mkdir -p "$tmp/root"
	echo "get-cbmc: fetching cbmc"
	(cd "$tmp" && apt-get -q -q -c "$conf" download cbmc minisat libc6 libstdc++6 libgcc-s1 \
		>log 2>&1) || { tail -n 5 "$tmp/log" >&2; die "fetching the packages failed"; }
	for deb in "$tmp"/*.deb; do
		dpkg-deb -x "$deb" "$tmp/root" || die "unpacking ${deb##*/} failed"
	done
	mv "$tmp/root" "$dir/root"
	rm -rf "$tmp"
}

# wrapper NAME: build/cbmc/bin/NAME, which runs it with the loader and libraries it came with.
wrapper()
{
	local bin loader libs

	bin=$(find "$dir/root" -path "*/bin/$1" -type f | sed -n 1p)
	[ -n "$bin" ] || die "the package cbmc holds no $1"
	loader=$(find "$dir/root" -name 'ld-linux*.so.*' | sed -n 1p)
	[ -n "$loader" ] || die "libc6 holds no loader"
	libs=$(find "$dir/root" -name '*.so.*' -printf '%h\n' | sort -u | paste -s -d :)
	mkdir -p "$dir/bin"
	cat >"$dir/bin/$1" <<-END
	#!/bin/sh
	# Made by proof/get-cbmc.sh.
	exec '$loader' --library-path '$libs' '$bin' "\$@"
	END
	chmod +x "$dir/bin/$1"
}

mkdir -p "$dir"
# Two builds may want it at the same time.
exec 9>"$dir/lock"
flock 9
version=$("$dir/bin/cbmc" --version 2>/dev/null || true)
if [ -n "$version" ]; then
	echo "get-cbmc: have CBMC $version"
	exit
fi
apt_setup
fetch
for tool in cbmc goto-cc goto-instrument; do
	wrapper "$tool"
done
version=$("$dir/bin/cbmc" --version 2>&1) || die "the fetched cbmc does not run: $version"
command -v gcc >/dev/null || die "needs gcc: CBMC preprocesses with it"
echo "get-cbmc: CBMC $version"
