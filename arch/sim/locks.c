/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE

/*
 * Checks the order of core/lock.h: a CPU takes only locks below those it
 * holds, never two of one rank, and gives back exactly what it took.
 */
#include <sched.h>
#include <stdlib.h>

#include "arch/sim/model.h"
#include "arch/sim/point.h"
#include "arch/sim/sim.h"
#include "core/lock.h"
#include "core/machine.h"

#define NR_RANKS 5U
/* Turns of a spin loop after which nobody is going to drop the lock any more. */
#define SPIN_LIMIT 20000000U

struct held {
	u32 index[NR_RANKS];
	u32 ranks; /* bit mask */
	u32 spins;
};

static struct held held[CV_MAX_CPUS];

static const char *const rank_names[NR_RANKS] = {"dma", "vm", "page", "map", "id"};

void machine_lock_taken(u32 rank, u32 index)
{
	struct held *h = &held[machine_cpu()];

	h->spins = 0;
	if (h->ranks >> rank != 0U)
		sim_violation("lock-order", "CPU %u takes %s %u while it holds ranks 0x%x",
			      machine_cpu(), rank_names[rank], index, h->ranks);
	h->ranks |= 1U << rank;
	h->index[rank] = index;
	sim_point();
}

void machine_lock_dropped(u32 rank, u32 index)
{
	struct held *h = &held[machine_cpu()];

	sim_point();
	if (rank == LOCK_VM)
		model_vm_unlocked(index);
	if (!(h->ranks >> rank & 1U) || h->index[rank] != index)
		sim_violation("lock-order", "CPU %u drops %s %u, which it does not hold",
			      machine_cpu(), rank_names[rank], index);
	h->ranks &= ~(1U << rank);
}

/* One thread runs every CPU: a lock that is not free now never will be. */
void machine_relax(void)
{
	struct held *h = &held[machine_cpu()];

	if (!sim.threaded || ++h->spins > SPIN_LIMIT)
		sim_violation("deadlock", "CPU %u waits for a lock for ever, holding ranks 0x%x",
			      machine_cpu(), h->ranks);
	(void)sched_yield();
}

u32 locks_held(u32 cpu)
{
	return held[cpu].ranks;
}

u32 locks_held_total(void)
{
	u32 ranks = 0;

	for (u32 i = 0; i < sim.config.cpus; i++)
		ranks |= held[i].ranks;
	return ranks;
}

bool lock_held_by(u32 cpu, u32 rank)
{
	return held[cpu].ranks >> rank & 1U;
}
