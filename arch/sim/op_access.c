/* SPDX-License-Identifier: BSD-3-Clause */
/* Loads and stores, with the faults they take. */
#include "arch/sim/access.h"
#include "arch/sim/cpu.h"
#include "arch/sim/op.h"
#include "arch/sim/op_run.h"
#include "arch/sim/sim.h"
#include "core/fault.h"
#include "core/state.h"
#include "core/table.h"
#include "core/trap.h"

/* Often enough for a live block to be replaced under the host. */
#define MAX_RETRIES 8U

static const char *const value_name[] = {"value"};

/* An access of the host: its faults go to the core, which may map the frame. */
static struct result host_access(u32 cpu, struct access *a)
{
	for (u32 i = 0; i < MAX_RETRIES; i++) {
		if (access_cpu(cpu, a))
			return result_of(OUT_OK);
		if (!op_can_lock())
			return result_of(OUT_BLOCKED);
		if (host_fault(a->address) != 0)
			return result_of(OUT_ABORT);
	}
	if (sim.threaded)
		return result_of(OUT_BLOCKED);
	sim_violation("host-fault", "address 0x%llx faults for ever",
		      (unsigned long long)a->address);
}

static struct result vm_access(u32 cpu, struct access *a, const struct vm_trap *fault)
{
	struct result r = result_of(OUT_OK);

	if (access_cpu(cpu, a))
		return r;
	if (op_trap(cpu, fault, &r))
		return r;
	return result_of(OUT_VM_ABORT);
}

static struct result do_access(u32 cpu, struct access *a, const struct vm_trap *fault)
{
	return sim_cpus[cpu].vm == CV_HOSTVISOR ? host_access(cpu, a) : vm_access(cpu, a, fault);
}

struct result op_load(const struct op *op)
{
	struct access a = {.address = op->a[0] & ~7ULL, .cacheable = op->a[1] == 0U};
	struct vm_trap fault = {.kind = VM_TRAP_FAULT, .address = op->a[0]};
	struct result r;

	fault.size = op->a[2] == 0U ? 8U : (u8)op->a[2];
	fault.reg = (u8)(op->a[3] & 31U);
	fault.decoded = op->a[4] == 0U;
	fault.sign_extend = op->a[5] != 0U;
	fault.wide = op->a[6] == 0U;
	r = do_access(op->actor, &a, &fault);
	if (r.outcome == OUT_OK) {
		r.names = value_name;
		r.value[0] = a.value;
		r.nr_values = 1;
		if (fault.reg < 31U)
			sim_cpus[op->actor].regs.x[fault.reg] = a.value;
	}
	return r;
}

struct result op_store(const struct op *op)
{
	struct access a = {.address = op->a[0] & ~7ULL,
			   .value = op->a[1],
			   .write = true,
			   .cacheable = op->a[2] == 0U};
	struct vm_trap fault = {.kind = VM_TRAP_FAULT, .address = op->a[0], .write = true};

	fault.size = op->a[3] == 0U ? 8U : (u8)op->a[3];
	fault.reg = (u8)(op->a[4] & 31U);
	fault.decoded = op->a[5] == 0U;
	fault.wide = true;
	/* Should it turn out to be a device, this is what the host is told. */
	if (sim_cpus[op->actor].vm != CV_HOSTVISOR && fault.reg < 31U)
		sim_cpus[op->actor].regs.x[fault.reg] = op->a[1] == ACCESS_AUTO ? 0U : op->a[1];
	return do_access(op->actor, &a, &fault);
}

struct result op_device(const struct op *op)
{
	bool write = op->kind == OP_DEV_STORE;
	struct access a = {.address = op->a[1] & ~7ULL, .write = write};
	struct result r;

	a.value = write ? op->a[2] : 0U;
	a.cacheable = op->a[write ? 3 : 2] == 0U;
	if (op->a[0] >= CV_MAX_STREAMS || !access_device((u32)op->a[0], &a))
		return result_of(OUT_FAULT);
	r = result_of(OUT_OK);
	if (!write) {
		r.names = value_name;
		r.value[0] = a.value;
		r.nr_values = 1;
	}
	return r;
}
