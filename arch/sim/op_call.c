/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls of hosts and VMs, and traps. */
#include "arch/sim/cpu.h"
#include "arch/sim/memory.h"
#include "arch/sim/model.h"
#include "arch/sim/op.h"
#include "arch/sim/op_run.h"
#include "arch/sim/point.h"
#include "arch/sim/sim.h"
#include "arch/sim/vcpu_check.h"
#include "core/call.h"
#include "core/state.h"
#include "core/trap.h"
#include "corevisor/error.h"
#include "corevisor/run.h"

#define PSCI_CPU_ON 0xc4000003U
#define PSCI_CPU_OFF 0x84000002U
#define PSCI_SYSTEM_OFF 0x84000008U
#define PSCI_SYSTEM_RESET 0x84000009U

static const char *const exit_names[] = {"reason", "arg0", "arg1", "arg2"};

struct result result_of(enum outcome outcome)
{
	struct result r = {.outcome = outcome};

	return r;
}

struct result result_error(s64 error)
{
	struct result r = {.outcome = error == 0 ? OUT_OK : OUT_ERROR, .error = error};

	return r;
}

bool op_can_lock(void)
{
	return sim.threaded || locks_held_total() == 0U;
}

static struct result call_host(u32 cpu, u64 id, const u64 a[6])
{
	struct vcpu_context *regs = &sim_cpus[cpu].regs;
	struct call_result back;
	struct result r;

	regs->x[0] = id;
	for (u32 i = 0; i < 6U; i++)
		regs->x[i + 1U] = a[i];
	back = host_call(id, a[0], a[1], a[2], a[3], a[4], a[5]);
	/* After a VCPU_RUN these are what the host sees when the VM stops. */
	regs = sim_cpus[cpu].vm == CV_HOSTVISOR ? &sim_cpus[cpu].regs : &sim_cpus[cpu].host;
	regs->x[0] = (u64)back.error;
	r = result_error(back.error < 0 ? back.error : 0);
	for (u32 i = 0; i < 3U; i++) {
		regs->x[i + 1U] = back.value[i];
		r.value[i] = back.value[i];
	}
	return r;
}

static u32 count_values(const struct op_info *info)
{
	u32 n = 0;

	while (n < 4U && info->value[n])
		n++;
	return n;
}

struct result op_call(const struct op *op)
{
	const struct op_info *info = &op_info[op->kind];
	struct op call = *op;
	struct result r;

	if (!op_can_lock())
		return result_of(OUT_BLOCKED);
	if (op->kind == OP_LOAD_PAGE && op->a[5] != 0U) {
		u64 gfn;

		(void)model_blob(op->a[5], &gfn, &call.a[3]);
	}
	r = call_host(op->actor, CV_HOST_CALL_BASE + op->kind, call.a);
	r.names = info->value;
	r.nr_values = r.outcome == OUT_OK ? count_values(info) : 0U;
	if (r.outcome == OUT_OK && !sim.threaded)
		model_host_call(&call, r.value);
	if (op->kind == OP_LOAD_PAGE && r.error == CV_EAUTH && !sim.threaded)
		model_page_refused(&call);
	return r;
}

bool op_trap(u32 cpu, const struct vm_trap *trap, struct result *r)
{
	struct sim_cpu *c = &sim_cpus[cpu];
	u32 vm = c->vm;
	u32 slot = c->slot;
	u64 run = vcpus[slot].run_pfn;
	u32 vcpu = vcpus[slot].id;

	if (!op_can_lock()) {
		*r = result_of(OUT_BLOCKED);
		return true;
	}
	cpu_trap(*trap);
	if (c->vm != CV_HOSTVISOR)
		return false;
	*r = result_of(OUT_EXIT);
	r->names = exit_names;
	r->nr_values = 4;
	for (u32 i = 0; i < 4U; i++)
		r->value[i] = memory_load(run, CV_RUN_EXIT + 8U * i, true);
	model_check_run_page(vm, vcpu, run);
	vcpu_check_exit(vm, slot, run);
	return true;
}

/* A call of the VM: X0 to X3 afterwards, or why it stopped. */
static struct result call_vm(u32 cpu, u64 id, const u64 a[6])
{
	static const char *const names[] = {"v1", "v2", "v3"};
	struct vm_trap trap = {.kind = VM_TRAP_CALL};
	struct vcpu_context *regs = &sim_cpus[cpu].regs;
	struct result r = result_of(OUT_OK);
	s64 x0;

	if (!op_can_lock())
		return result_of(OUT_BLOCKED);
	regs->x[0] = id;
	for (u32 i = 0; i < 6U; i++)
		regs->x[i + 1U] = a[i];
	if (op_trap(cpu, &trap, &r))
		return r;
	x0 = (s64)regs->x[0];
	r = x0 < 0 && op_error_name(x0) ? result_error(x0) : result_of(OUT_OK);
	r.names = names;
	r.nr_values = r.outcome == OUT_OK ? 3U : 0U;
	for (u32 i = 0; i < 3U; i++)
		r.value[i] = regs->x[i + 1U];
	return r;
}

/* A raw call with the number of a named one is that one. */
struct result op_hvc(const struct op *op)
{
	u64 offset = op->a[0] - CV_HOST_CALL_BASE;
	struct op call = *op;

	if (sim_cpus[op->actor].vm != CV_HOSTVISOR) {
		offset = op->a[0] - CV_GUEST_CALL_BASE;
		if (op->a[0] >> 32 != 0U || offset > CV_GUEST_MEASUREMENT - CV_GUEST_SHARE)
			return call_vm(op->actor, op->a[0], &op->a[1]);
		call.kind = (u16)(OP_GUEST_SHARE + offset);
		call.a[0] = op->a[1];
		return op_guest(&call);
	}
	if (!op_can_lock())
		return result_of(OUT_BLOCKED);
	if (offset >= NR_HOST_CALLS)
		return call_host(op->actor, op->a[0], &op->a[1]);
	call.kind = (u16)offset;
	for (u32 i = 0; i < 6U; i++)
		call.a[i] = op->a[i + 1U];
	if (call.kind == OP_LOAD_PAGE)
		call.a[5] = 0;
	return op_call(&call);
}

static struct result trap_only(u32 cpu, u8 kind, u64 address)
{
	struct vm_trap trap = {.kind = kind, .address = address};
	struct result r = result_of(OUT_OK);

	(void)op_trap(cpu, &trap, &r);
	return r;
}

struct result op_guest(const struct op *op)
{
	u64 a[6] = {op->a[0], 0, 0, 0, 0, 0};
	u32 cpu = op->actor;
	u32 vm = sim_cpus[cpu].vm;
	struct result r;

	switch (op->kind) {
	case OP_GUEST_WFI:
		return trap_only(cpu, VM_TRAP_WFI, 0);
	case OP_GUEST_SGI:
		return trap_only(cpu, VM_TRAP_SGI, op->a[0]);
	case OP_GUEST_IRQ:
		return trap_only(cpu, VM_TRAP_INTERRUPT, 0);
	case OP_GUEST_CPU_ON:
		a[0] = op->a[0] % 16U + (op->a[0] / 16U << 8);
		a[1] = op->a[1];
		a[2] = op->a[2];
		return call_vm(cpu, PSCI_CPU_ON, a);
	case OP_GUEST_CPU_OFF:
		return call_vm(cpu, PSCI_CPU_OFF, a);
	case OP_GUEST_SYSTEM_OFF:
		return call_vm(cpu, PSCI_SYSTEM_OFF, a);
	case OP_GUEST_SYSTEM_RESET:
		return call_vm(cpu, PSCI_SYSTEM_RESET, a);
	default:
		break;
	}
	r = call_vm(cpu, CV_GUEST_CALL_BASE + (op->kind - (u32)OP_GUEST_SHARE), a);
	if (r.outcome == OUT_OK && !sim.threaded)
		model_guest_call(vm, op);
	r.names = op_info[op->kind].value;
	r.nr_values = r.outcome == OUT_OK ? count_values(&op_info[op->kind]) : r.nr_values;
	if (r.outcome == OUT_EXIT)
		r.names = exit_names;
	return r;
}
