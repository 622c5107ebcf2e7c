/* SPDX-License-Identifier: BSD-3-Clause */
/* One step: an operation, those inside it, and the checks around it. */
#include "arch/sim/op.h"

#include "arch/sim/access.h"
#include "arch/sim/check.h"
#include "arch/sim/cpu.h"
#include "arch/sim/op_run.h"
#include "arch/sim/point.h"
#include "arch/sim/sim.h"
#include "arch/sim/step.h"
#include "arch/sim/touch.h"
#include "core/fault.h"
#include "core/machine.h"
#include "core/trap.h"

bool point_armed;

/* What waits for its preemption point. */
static struct {
	struct step *step;
	u32 reached;
	u32 cpu;
	u32 ran; /* operations inside it so far */
	bool nested; /* one of them is under way */
	bool disturbed;
} inside;

static struct result op_registers(const struct op *op)
{
	static const char *const names[] = {"value"};
	struct vcpu_context *regs = &sim_cpus[op->actor].regs;
	struct result r = result_of(OUT_OK);

	if (op->kind == OP_REGS) {
		cpu_fill_registers(op->a[0]);
	} else if (op->kind == OP_SETREG && op->a[0] < 31U) {
		regs->x[op->a[0]] = op->a[1];
	} else if (op->kind == OP_GETREG) {
		r.names = names;
		r.nr_values = 1;
		r.value[0] = op->a[0] < 31U ? regs->x[op->a[0]] : 0U;
	}
	return r;
}

static struct result op_fault(const struct op *op)
{
	if (!op_can_lock())
		return result_of(OUT_BLOCKED);
	return result_of(host_fault(op->a[0]) == 0 ? OUT_OK : OUT_ABORT);
}

/* A kicked VM does a few things more, then the interrupt is there. */
static bool kicked(u32 cpu, struct result *r)
{
	struct vm_trap trap = {.kind = VM_TRAP_INTERRUPT};
	u32 kick = __atomic_load_n(&sim_cpus[cpu].kick, __ATOMIC_RELAXED);

	if (kick == 0U || !op_can_lock())
		return false;
	__atomic_store_n(&sim_cpus[cpu].kick, kick - 1U, __ATOMIC_RELAXED);
	return kick == 1U && op_trap(cpu, &trap, r);
}

static struct result by_cpu(const struct op *op)
{
	switch (op->kind) {
	case OP_HVC:
		return op_hvc(op);
	case OP_LOAD:
		return op_load(op);
	case OP_STORE:
		return op_store(op);
	case OP_REGS:
	case OP_GETREG:
	case OP_SETREG:
		return op_registers(op);
	case OP_FAULT:
		return op_fault(op);
	case OP_FILL:
	case OP_COPY:
	case OP_RUNSET:
	case OP_RUNGET:
	case OP_MANIFEST:
		return op_host_tool(op);
	case OP_WORLD:
		return op_inspect(op);
	default:
		return op->kind < NR_HOST_CALLS ? op_call(op) : op_guest(op);
	}
}

struct result op_execute(const struct op *op)
{
	enum op_actor actor = op_info[op->kind].actor;
	struct result r = result_of(OUT_SKIPPED);
	bool in_vm;

	if (actor == BY_DEVICE)
		return op_device(op);
	if (actor == BY_NOBODY)
		return op_inspect(op);
	if (op->actor >= sim.config.cpus)
		return r;
	in_vm = sim_cpus[op->actor].vm != CV_HOSTVISOR;
	if ((actor == BY_HOST && in_vm) || (actor == BY_VM && !in_vm))
		return r;
	if (in_vm && kicked(op->actor, &r))
		return r;
	return by_cpu(op);
}

/* Has it, as far as the outcome tells, changed the core's state? */
static bool disturbing(const struct op *op, const struct result *r)
{
	if (op->kind == OP_LOAD || op->kind == OP_STORE || op_info[op->kind].actor == BY_DEVICE)
		return r->outcome == OUT_EXIT;
	return r->outcome == OUT_OK || r->outcome == OUT_EXIT;
}

static void run_inside(u32 i)
{
	const struct op *op = &inside.step->nested[i];
	u64 tables = touched.table_hash;
	u32 outer = machine_cpu();

	/* A CPU that is in the core does nothing else. */
	if (op->actor == inside.cpu) {
		inside.step->result[i] = result_of(OUT_BLOCKED);
		return;
	}
	if (op->actor < CV_MAX_CPUS)
		(void)cpu_become(op->actor);
	inside.ran++;
	inside.nested = true;
	inside.step->result[i] = op_execute(op);
	inside.nested = false;
	(void)cpu_become(outer);
	if (disturbing(op, &inside.step->result[i]) || touched.table_hash != tables)
		inside.disturbed = true;
}

bool point_undisturbed(void)
{
	return !sim.threaded && (inside.nested || inside.ran == 0U);
}

void point_reached(void)
{
	u32 point = inside.reached++;

	point_armed = false;
	for (u32 i = 0; i < inside.step->nr_nested; i++) {
		if (inside.step->nested[i].at == (int)point) {
			inside.step->reached[i] = true;
			run_inside(i);
		}
	}
	point_armed = true;
}

struct result step_run(struct step *step)
{
	struct result r;

	inside.step = step;
	inside.reached = 0;
	inside.ran = 0;
	inside.nested = false;
	inside.disturbed = false;
	inside.cpu = step->op.actor;
	for (u32 i = 0; i < step->nr_nested; i++)
		step->reached[i] = false;
	if (step->op.actor < CV_MAX_CPUS)
		(void)cpu_become(step->op.actor);
	check_before(&step->op);
	point_armed = step->nr_nested != 0U;
	r = op_execute(&step->op);
	point_armed = false;
	check_after(&step->op, &r, inside.disturbed);
	return r;
}
