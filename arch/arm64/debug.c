/* SPDX-License-Identifier: BSD-3-Clause */
/* Compiled in debug builds only. */
#include "debug.h"

#include "console.h"
#include "core/invariant.h"
#include "shutdown.h"

#define DEBUG_CHECK 0xc6003000U

bool debug_call(struct regs *regs)
{
	struct violation v;

	if (regs->x[0] != DEBUG_CHECK)
		return false;
	lock_everything();
	v = invariant_check_all();
	unlock_everything();
	if (v.inv != INV_NONE)
		log_line(LOG_FATAL, "violation of %s: map %u gfn %x pfn %x", invariant_name(v.inv),
			 v.map, v.gfn, v.pfn);
	regs->x[0] = v.inv;
	regs->x[1] = v.map;
	regs->x[2] = v.gfn;
	regs->x[3] = v.pfn;
	return true;
}
