#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What `make demo-sim` shows: the life of a VM on the simulated machine, attacks on it, a planted bug
# found. Takes the build directory; exits 1 if anything went otherwise than it should.
set -euo pipefail

usage="usage: tools/run-demo.sh [BUILD_DIRECTORY]
Shows Corevisor's core at work on the simulated machine. Build with make first."
case "${1:-}" in
-h | --help)
	echo "$usage"
	exit 0
	;;
esac
cd "$(dirname "$0")/.."
build=${1:-build}
cvsim=$build/cvsim
fault=wipe-on-reclaim
[ -x "$cvsim" ] || {
	echo "run-demo.sh: $cvsim is not there: make it first" >&2
	exit 2
}
status=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

heading() { printf '\n%s\n%s\n' "$1" "${1//?/-}"; }

heading "1. The life of a VM: host calls and what everybody reads (test/scripts/vm-life.cvs)"
"$cvsim" run test/scripts/vm-life.cvs | sed 's/^/  /' || status=1

heading "2. What a hostile host and its devices try"
printf '  %-9s %-20s %s\n' RESULT SCRIPT ATTACK
for script in test/scripts/5a-*.cvs; do
	name=$(basename "$script" .cvs)
	what=$(sed -n 's/^# Attack: //p' "$script")
	if "$cvsim" run -q "$script" >"$log" 2>&1; then
		result=BLOCKED
	else
		result=FAILED
		status=1
	fi
	printf '  %-9s %-20s %s\n' "$result" "$name" "$what"
done

heading "3. A random adversary on four CPUs: host, VMs and devices do anything"
"$cvsim" fuzz --ops 1000000 --cpus 4 --seed "${SEED:-1}" 2>&1 | sed 's/^/  /' || status=1

heading "4. The same with a bug planted: a frame is not wiped when the host takes it back"
make -s "B=$build" "$build/faults/cvsim-$fault" >/dev/null
if "$cvsim" fuzz --ops 10000000 --seed 1 --break "$fault" >"$log" 2>&1; then
	echo "  NOT FOUND"
	status=1
fi
grep -v '^[0-9]* of' "$log" | sed 's/^/  /'
rm -f cvsim-violation-1-*.cvs

[ "$status" = 0 ] && printf '\nAll attacks blocked; the planted bug was found.\n'
exit "$status"
