/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of operations: op_*.c only. */
#ifndef SIM_OP_RUN_H
#define SIM_OP_RUN_H

#include "arch/sim/op.h"
#include "core/trap.h"

/* Do it, whatever it is; checks nothing but what the shadow sees. */
struct result op_execute(const struct op *op);

struct result op_call(const struct op *op); /* a named call of the host */
struct result op_guest(const struct op *op); /* what a VM does by trapping */
struct result op_hvc(const struct op *op);
struct result op_load(const struct op *op);
struct result op_store(const struct op *op);
struct result op_device(const struct op *op);
struct result op_host_tool(const struct op *op); /* fill, copy, run pages, manifest */
struct result op_inspect(const struct op *op);

struct result result_of(enum outcome outcome);
struct result result_error(s64 error);

/* The VM on this CPU traps; what came of it, as far as it left. True: it did, or is not running. */
bool op_trap(u32 cpu, const struct vm_trap *trap, struct result *result);

/* May the operation wait for the core's locks? */
bool op_can_lock(void);

#endif
