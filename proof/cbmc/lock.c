/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ticket lock of core/lock.c, the shipped text, on NR_CPUS CPUs that each take it ROUNDS times,
 * in every interleaving: never two inside, and who took a ticket before goes first.
 *
 * A turn of the spin loop changes nothing, so a run that spins has one with the same steps that
 * does not: machine_relax() ends a path.
 */
#include "core/lock.c"

#ifndef NR_CPUS
#define NR_CPUS 2
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif

void __CPROVER_atomic_begin(void);
void __CPROVER_atomic_end(void);

void machine_relax(void)
{
	__CPROVER_assume(0);
}

void machine_lock_taken(u32 rank, u32 index)
{
	(void)rank;
	(void)index;
}

void machine_lock_dropped(u32 rank, u32 index)
{
	(void)rank;
	(void)index;
}

static u32 first; /* any ticket number, so that it wraps around */
static u32 inside; /* CPUs in the critical section */
static u32 entered; /* how often it has been entered */
static u32 data; /* plain data that the lock protects */
static u32 done[NR_CPUS];

static void cpu(u32 id)
{
	for (u32 i = 0; i < ROUNDS; i++) {
		u32 before, read;

		/* So many tickets had been taken when this CPU came. */
		__CPROVER_atomic_begin();
		before = page_lock.next - first;
		__CPROVER_atomic_end();
		lock_page(0);
		__CPROVER_atomic_begin();
		inside++;
		__CPROVER_assert(inside == 1, "mutual exclusion");
		__CPROVER_assert(entered >= before, "first come, first served");
		entered++;
		__CPROVER_atomic_end();
		read = data;
		data = read + 1U;
		__CPROVER_assert(data == entered, "no update is lost");
		__CPROVER_atomic_begin();
		inside--;
		__CPROVER_atomic_end();
		unlock_page(0);
	}
	done[id] = 1;
}

int main(void)
{
	u32 ticket;

	first = ticket;
	page_lock.next = first;
	page_lock.serving = first;
__CPROVER_ASYNC_1:
	cpu(1);
	cpu(0);
#ifdef VACUITY
	__CPROVER_assume(done[1] == 1);
	__CPROVER_assert(0, "the end is reached");
#endif
	return 0;
}
