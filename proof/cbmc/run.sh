#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What CBMC checks of core/: the ticket lock, and noninterference (doc/noninterference.md).
set -euo pipefail

usage()
{
	cat <<-END
	usage: proof/cbmc/run.sh [-h] [PATTERN]

	Runs every check whose name matches PATTERN (extended; default: all), a line each:
	  ok NAME (SECONDS)  or  FAIL NAME (SECONDS): why
	  descriptor    the axioms of core/descriptor.h, about its C
	  lock          core/lock.c: mutual exclusion and order, 2 CPUs, 2 rounds each
	  ni-OP-WHO     noninterference of an operation, as a VM or the host observes it;
	                ok also means that its end is reached with success (not vacuous)
	  bug-...       the check must find a bug planted in a copy of the text; and which of
	                its statements the bug breaks
	Exit code: 0 if all are ok. Logs: build/proof/cbmc/NAME.log.
	Environment: BUILD=DIR instead of build/; LIMIT=SECONDS a check may take (120).
	END
}

case ${1-} in
-h | --help) usage; exit ;;
-*) usage >&2; exit 2 ;;
esac
pattern=${1-}
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
out=$build/proof/cbmc
cbmc=$build/cbmc/bin/cbmc
mkdir -p "$out"
[ -x "$cbmc" ] || proof/get-cbmc.sh
failed=0
run=0

# Names of the assertions that failed in a log, sorted, a line each.
failures()
{
	sed -n 's/^\[.*\] line [0-9]* \(.*\): FAILURE$/\1/p' "$1" | LC_ALL=C sort -u
}

# cbmc_lock TEXT LOG FLAG...; cbmc_ni TEXT LOG OP FLAG...: TEXT is the directory above core/.
cbmc_lock()
{
	local text=$1 log=$2

	shift 2
	timeout "${LIMIT:-120}" "$cbmc" proof/cbmc/lock.c -I"$text" -I. -Iinclude \
		--no-standard-checks --unwind 3 --unwinding-assertions "$@" >"$log" 2>&1
}

cbmc_descriptor()
{
	timeout "${LIMIT:-120}" "$cbmc" proof/cbmc/descriptor.c -I"$1" -I. -Iinclude >"$2" 2>&1
}

cbmc_ni()
{
	local text=$1 log=$2 op=$3 model=proof/cbmc/ni/state.c

	shift 3
	[ ! -e "$text/proof/cbmc/ni/state.c" ] || model=$text/proof/cbmc/ni/state.c
	timeout "${LIMIT:-120}" "$cbmc" "proof/cbmc/ni/$op.c" "$model" \
		"$text"/core/{page,mem,dma}.c core/vm.c core/state.c \
		-Iproof/cbmc/ni/include -I. -Iinclude \
		--no-standard-checks --slice-formula --unwind 57 --unwinding-assertions "$@" \
		>"$log" 2>&1
}

# check NAME EXPECTED COMMAND...: the assertions that fail are the expected ones; EXPECTED "+":
# any of the check's own but at least one.
check()
{
	local name=$1 expected=$2 log=$out/$1.log start=${EPOCHREALTIME/./} code=0 got why='' note='' seconds

	shift 2
	[[ $name =~ $pattern ]] || return 0
	run=$((run + 1))
	"$1" "$2" "$log" "${@:3}" || code=$?
	got=$(failures "$log")
	seconds=$(((${EPOCHREALTIME/./} - start) / 100000))
	if [ "$code" = 124 ]; then
		why="no answer in ${LIMIT:-120} s"
	elif [ "$code" != 0 ] && [ "$code" != 10 ]; then
		why="cbmc fails with $code (see $log)"
	elif [ "$expected" = + ]; then
		grep -v unwinding <<<"$got" | grep -q . || why="the planted bug is not found"
		note=": ${got//$'\n'/, }"
	elif [ "$got" != "$expected" ]; then
		why="fails: '${got//$'\n'/, }', expected: '${expected//$'\n'/, }' (see $log)"
	fi
	seconds=$((seconds / 10)).$((seconds % 10))
	if [ -z "$why" ]; then
		echo "ok $name ($seconds)$note"
	else
		echo "FAIL $name ($seconds): $why"
		failed=$((failed + 1))
	fi
}

others='reachable: about others'
itself='reachable: about the observer'
# shellcheck disable=SC2034 # by ${!vm}, ${!host}
both=$others$'\n'$itself

check descriptor '' cbmc_descriptor .
check lock 'the end is reached' cbmc_lock . -DVACUITY

# Operation, and what must be reachable when a VM, the host observes.
while IFS=: read -r op vm host; do
	check "ni-$op-vm" "${!vm}" cbmc_ni . "$op" -DVACUITY
	check "ni-$op-host" "${!host}" cbmc_ni . "$op" -DVACUITY -DOBSERVER_HOST
done <<END
map_host:others:itself
assign_pfn_to_vm:both:itself
clear_vm_page:both:itself
grant_vm_page:both:others
revoke_vm_page:both:others
smmu_map_page:both:itself
load:both:both
store:both:both
END

# bug NAME FILE SED COMMAND...: the same check on a text changed by SED in one file.
bug()
{
	local name=bug-$1 file=$2 text=$out/bug-$1

	[[ $name =~ $pattern ]] || return 0
	rm -rf "$text"
	mkdir -p "$text/core" "$text/$(dirname "$file")"
	cp core/{page,mem,dma,lock}.c "$text/core"
	sed "$3" "$file" >"$text/$file"
	if cmp -s "$file" "$text/$file"; then
		echo "FAIL $name (0.0): its text is no longer in $file"
		failed=$((failed + 1))
		return
	fi
	check "$name" + "$4" "$text" "${@:5}"
}

bug descriptor-mask core/descriptor.h 's/^#define DESC_ADDR_MASK .*/#define DESC_ADDR_MASK 0x0000fffffffff800ULL/' \
	cbmc_descriptor
bug lock-not-atomic core/lock.c \
	's/__atomic_fetch_add(&lock->next, 1U, __ATOMIC_RELAXED);/lock->next; lock->next++;/' \
	cbmc_lock -DROUNDS=1
bug lock-one-early core/lock.c \
	's/while (\(.*\) != ticket)/while (\1 != ticket \&\& \1 + 1U != ticket)/' \
	cbmc_lock -DROUNDS=1
bug lock-dropped-early core/lock.c \
	's/machine_lock_taken(LOCK_PAGE, 0);/ticket_drop(\&page_lock);/' cbmc_lock -DROUNDS=1
# A lock that excludes, but whoever is first there gets it.
bug lock-unfair core/lock.c 's/u32 ticket = \(__atomic_fetch_add.*\)/u32 ticket = 0; \1/
	s/__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE)/__atomic_exchange_n(\&lock->serving, 1U, __ATOMIC_ACQUIRE)/
	s/serving + 1U, __ATOMIC_RELEASE/serving - 1U, __ATOMIC_RELEASE/' cbmc_lock -DROUNDS=1
bug page_take-no-wipe core/page.c 's/if (content == PAGE_WIPE)/if (content == PAGE_KEEP)/' \
	cbmc_ni assign_pfn_to_vm
bug page_take-host-keeps core/page.c \
	'/^void page_take(/,/^}/s/map_clear_page(MAP_HOST, pfn);//' cbmc_ni assign_pfn_to_vm
bug page_return-no-wipe core/page.c '/^void page_return/,/^}/s/machine_frame_clear(pfn);//' \
	cbmc_ni clear_vm_page -DOBSERVER_HOST
bug map_host-no-count core/mem.c 's/owner != CV_HOSTVISOR && frame_count(pfn) == 0/false/' \
	cbmc_ni map_host -DOBSERVER_HOST
bug map_host-block core/page.c \
	's/if (frame_owner(first + i) != CV_HOSTVISOR)/if (frame_owner(first + i) == CV_COREVISOR)/' \
	cbmc_ni map_host -DOBSERVER_HOST
bug grant-no-owner core/mem.c \
	'/^int grant_vm_page/,/^}/s/if (frame_owner(pfn) != vm)/if (frame_owner(pfn) > CV_MAX_VMS)/' \
	cbmc_ni grant_vm_page -DOBSERVER_HOST
bug revoke-host-keeps core/mem.c '/^int revoke_vm_page/,/^}/s/if (count == 1)/if (count == 2)/' \
	cbmc_ni revoke_vm_page
bug clear-dma core/mem.c '/^int clear_vm_page/,/^}/s/if (dma_vm_has_context(vm))/if (false)/' \
	cbmc_ni clear_vm_page
bug smmu_map-no-owner core/dma.c 's/frame_owner(pfn) != owner || //' \
	cbmc_ni smmu_map_page -DOBSERVER_HOST
# The core has no code for these: the world's invariants without host_iso.
bug load-no-host_iso proof/cbmc/ni/state.c 's/(W_COUNT(w, p) > 0);/true;/' \
	cbmc_ni load -DOBSERVER_HOST
bug store-no-host_iso proof/cbmc/ni/state.c 's/(W_COUNT(w, p) > 0);/true;/' cbmc_ni store

echo "$((run - failed)) ok, $failed failed"
[ "$failed" = 0 ]
