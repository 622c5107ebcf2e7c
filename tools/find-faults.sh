#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Show that each planted fault of test/faults is found.
set -euo pipefail

usage()
{
	cat <<-END
	usage: tools/find-faults.sh [--build DIR] [--seeds N] [--jobs N] fuzz|unit [NAME...]

	  fuzz    by cvsim fuzz --break NAME, in under 60 s, from each of seeds 1 to N (default: 1).
	          Needs DIR/cvsim and DIR/faults/ (make faults-build)
	  unit    by the unit tests, built with the fault. Needs DIR/unit

	One line a fault, "found" with what found it and the seconds, or "NOT FOUND"; exit 1 if one
	was not found. Faults with a line "# Not by: fuzz" (or unit) are left out there.
	END
}

build=build
seeds=1
jobs=$(nproc)
while [ $# -gt 0 ]; do
	case "$1" in
	--build) build=$2 && shift 2 ;;
	--seeds) seeds=$2 && shift 2 ;;
	--jobs) jobs=$2 && shift 2 ;;
	-h | --help) usage && exit 0 ;;
	-*) usage >&2 && exit 2 ;;
	*) break ;;
	esac
done
how=${1:-}
[[ $how == fuzz || $how == unit ]] || { usage >&2 && exit 2; }
shift
cd "$(dirname "$0")/.."
mkdir -p "$build/faults/scripts"
build=$(cd "$build" && pwd)

find_fuzz()
{
	local name=$1 seed=$2 begin code=0 log=$build/faults/$1-$2.log
	begin=$(date +%s%N)
	# It leaves the script of a violation where it runs.
	(cd "$build/faults/scripts" && timeout 60 "$build/cvsim" fuzz --break "$name" \
		--ops 100000000 --cpus 4 --seed "$seed") >"$log" 2>&1 || code=$?
	local ms=$((($(date +%s%N) - begin) / 1000000))
	# 1: a violation. Anything else: no time left, or the simulator itself went wrong.
	if [ "$code" = 1 ]; then
		echo "found $name seed $seed ($ms ms): $(grep -m 1 -i violation "$log" || tail -1 "$log")"
	else
		echo "NOT FOUND $name seed $seed ($ms ms, exit code $code)"
	fi
}

find_unit()
{
	local name=$1 suite program=$build/faults/unit-$1 log=$build/faults/unit-$1.log
	tools/build-fault.sh --cc gcc --cflags "-std=c11 -Iinclude -I. -O1 -ffreestanding" \
		--libs "-lbearssl -pthread" --objects "$build/obj/plain" --out "$program" \
		"test/faults/$name.patch" core/*.c crypto/bearssl.c test/unit/*.c
	for suite in vm_states vcpu limits boot save init invariant page_states table; do
		# Its subshell speaks of signals too.
		if ! (timeout 100 "$program" "$suite") >"$log" 2>&1; then
			echo "found $name: $suite: $(grep -m 1 '\[' "$log" || tail -1 "$log")"
			rm -rf "$program" "$program.dir"
			return
		fi
	done
	rm -rf "$program" "$program.dir"
	echo "NOT FOUND $name"
}

names=("$@")
[ ${#names[@]} -gt 0 ] || mapfile -t names < <(cd test/faults && ls ./*.patch | sed 's,^./,,; s,\.patch$,,')
export -f find_fuzz find_unit
export build
out=$build/faults/found-$how.txt
for name in "${names[@]}"; do
	grep -q "^# Not by: $how" "test/faults/$name.patch" && continue
	if [ "$how" = fuzz ]; then
		for seed in $(seq "$seeds"); do echo "$name $seed"; done
	else
		echo "$name"
	fi
done | xargs -P "$jobs" -L 1 bash -c "find_$how \"\$@\" 2>/dev/null" find | tee "$out"
total=$(wc -l <"$out")
missed=$(grep -c '^NOT FOUND' "$out" || true)
echo "$total runs, $missed not found"
[ "$total" -gt 0 ] && [ "$missed" = 0 ]
