/* SPDX-License-Identifier: BSD-3-Clause */
/* The log that survives a reboot: of sim.config.store records; 0: the machine has none. */
#include <string.h>

#include "arch/sim/sim.h"
#include "core/machine.h"
#include "core/rollback.h"

static struct lineage records[SIM_MAX_STORE];
static u32 nr_records;

bool machine_store_append(struct lineage lineage)
{
	if (sim.config.store == 0U)
		return true;
	if (nr_records == sim.config.store)
		return false;
	records[nr_records++] = lineage;
	return true;
}

struct lineage machine_store_read(u32 index)
{
	return records[index];
}

u32 machine_store_size(void)
{
	return nr_records;
}

bool sim_reboot(void)
{
	for (u32 vm = 1; vm <= CV_MAX_VMS; vm++) {
		if (vms[vm].state != CV_VM_UNUSED)
			return false;
	}
	memset(lineages, 0, sizeof(lineages));
	return rollback_init() == 0;
}
