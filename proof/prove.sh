#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Prove the C of core/ with Frama-C WP. proof/functions lists what: a line is a file and its
# functions, separated by commas; lemmas are proved with each file. Exits non-zero on an unproved
# goal, on fewer goals than expected, or when WP assumes something about our memory.
set -euo pipefail

usage()
{
	cat <<-END
	usage: proof/prove.sh [FILE...]

	Prove the functions of proof/functions, or those of the files named, such as core/page.c.
	Logs: \$BUILD/proof/ (default: build/proof/). TIMEOUT: seconds a goal (default: 40).
	END
}

case "${1:-}" in
-h | --help) usage && exit 0 ;;
esac
top=$(cd "$(dirname "$0")/.." && pwd)
out=${BUILD:-$top/build}/proof
timeout=${TIMEOUT:-40}
mkdir -p "$out"

export WHY3CONFIG=$out/why3.conf
rm -f "$WHY3CONFIG"
why3 config detect >"$out/why3.log" 2>&1
sed -i 's/^memlimit = .*/memlimit = 2000/' "$WHY3CONFIG"

status=0
while read -r file functions goals options; do
	case $file in '' | '#'*) continue ;; esac
	if [ $# -gt 0 ] && [[ " $* " != *" $file "* ]]; then
		continue
	fi
	name=$(basename "$file" .c)
	start=$SECONDS
	for set in functions lemmas; do
		[ $set = functions ] && what=(-wp-fct "$functions") || what=(-wp-prop=@lemma)
		log=$out/$name.$set.log
		frama-c -machdep gcc_x86_64 -cpp-extra-args="-I$top -I$top/include" "$top/$file" \
			-wp -wp-rte -wp-model Typed+ref -wp-prover z3,cvc4 -wp-par 2 \
			-wp-timeout "$timeout" $options "${what[@]}" -wp-report-json "$out/$name.$set.json" \
			-then -report-classify -report-unclassified-unknown ERROR -report-exit \
			</dev/null >"$log" 2>&1 || { echo "$file: $set: frama-c reports an error" >&2; status=1; }
		if grep -q 'Memory model hypotheses' "$log"; then
			echo "$file: $set: WP assumes something about memory: see $log" >&2
			status=1
		fi
		grep -h '\[Failed\]' "$log" >&2 && status=1
		proved=$(sed -n 's/.*Proved goals: *\([0-9]*\) *\/ *\([0-9]*\).*/\1 \2/p' "$log" | tail -1)
		# A file without lemmas of its own, or of its headers, has nothing to prove there.
		[ $set = lemmas ] && grep -q ' 0 goals scheduled\|No goal generated' "$log" && proved='0 0'
		read -r valid total <<<"${proved:-0 1}"
		[ "$valid" = "$total" ] || status=1
		if [ $set = functions ] && [ "$total" -lt "${goals:-1}" ]; then
			echo "$file: $total goals, expected at least $goals" >&2
			status=1
		fi
		echo "$file: $set: $valid of $total goals proved"
	done
	echo "$file: $((SECONDS - start)) s"
done <"$top/proof/functions"
exit $status
