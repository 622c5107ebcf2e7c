/* SPDX-License-Identifier: BSD-3-Clause */
/* The world switch, and what the core must leave alone in a VM's registers. */
#include "arch/sim/cpu.h"

#include <string.h>

#include "arch/sim/model.h"
#include "arch/sim/point.h"
#include "arch/sim/sim.h"
#include "arch/sim/tag.h"
#include "arch/sim/vcpu_check.h"
#include "core/machine.h"
#include "core/state.h"

/* Operations that a VM still does after it has been kicked. */
#define KICK_DELAY 8U
/* SPSR: EL1h, DAIF set. Offset of a synchronous exception of the current EL. */
#define PSTATE_ABORT 0x3c5ULL
#define VECTOR_SYNC 0x200ULL
/* ESR_EL1: data abort from the same EL, synchronous external (ARM DDI 0487, D19.2.37). */
#define ESR_ABORT ((0x25ULL << 26) | (1ULL << 25) | 0x10ULL)

struct sim_cpu sim_cpus[CV_MAX_CPUS];

static _Thread_local u32 current;

u32 machine_cpu(void)
{
	return current;
}

u32 cpu_become(u32 cpu)
{
	u32 before = current;

	current = cpu;
	return before;
}

void machine_enter_vm(u32 vm, u32 slot)
{
	struct sim_cpu *cpu = &sim_cpus[current];

	sim_point();
	if (cpu->vm != CV_HOSTVISOR)
		sim_violation("world", "CPU %u enters VM %u while VM %u is on it", current, vm,
			      cpu->vm);
	cpu->host = cpu->regs;
	cpu->regs = vcpu_contexts[slot];
	vcpu_check_entry(vm, slot, &cpu->regs);
	vcpu_check_gic(vm, &cpu->regs);
	cpu->slot = slot;
	__atomic_store_n(&cpu->kick, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&cpu->vm, vm, __ATOMIC_RELAXED);
}

void machine_leave_vm(u32 vm, u32 slot)
{
	struct sim_cpu *cpu = &sim_cpus[current];
	struct vcpu_context *ctx = &vcpu_contexts[slot];

	if (cpu->vm != vm || cpu->slot != slot)
		sim_violation("world", "CPU %u leaves VM %u, but VM %u is on it", current, vm,
			      cpu->vm);
	/* X0 to X30, PC and PSTATE went there when it trapped. */
	memcpy(ctx->sys, cpu->regs.sys, sizeof(ctx->sys));
	memcpy(ctx->fp, cpu->regs.fp, sizeof(ctx->fp));
	memcpy(ctx->lr, cpu->regs.lr, sizeof(ctx->lr));
	ctx->fpcr = cpu->regs.fpcr;
	ctx->fpsr = cpu->regs.fpsr;
	ctx->gic_hcr = cpu->regs.gic_hcr;
	cpu->regs = cpu->host;
	__atomic_store_n(&cpu->vm, CV_HOSTVISOR, __ATOMIC_RELAXED);
	__atomic_store_n(&cpu->kick, 0, __ATOMIC_RELAXED);
	sim_point();
}

void cpu_trap(struct vm_trap trap)
{
	struct sim_cpu *cpu = &sim_cpus[current];
	u32 slot = cpu->slot;
	u32 vm = cpu->vm;
	struct vcpu_context *ctx = &vcpu_contexts[slot];

	if (trap.kind == VM_TRAP_CALL || trap.kind == VM_TRAP_WFI || trap.kind == VM_TRAP_SGI)
		cpu->regs.pc += 4U;
	memcpy(ctx->x, cpu->regs.x, sizeof(ctx->x));
	ctx->pc = cpu->regs.pc;
	ctx->pstate = cpu->regs.pstate;
	vcpu_check_trap(vm, slot, &trap, &cpu->regs);
	sim_point();
	vm_trap(trap);
	if (cpu->vm != vm)
		return;
	memcpy(cpu->regs.x, ctx->x, sizeof(ctx->x));
	cpu->regs.pc = ctx->pc;
	cpu->regs.pstate = ctx->pstate;
	vcpu_check_entry(vm, slot, &cpu->regs);
}

void machine_inject_vm_abort(u32 slot)
{
	struct sim_cpu *cpu = &sim_cpus[current];
	struct vcpu_context *ctx = &vcpu_contexts[slot];
	u64 *sys = cpu->regs.sys;

	if (cpu->vm == CV_HOSTVISOR || cpu->slot != slot)
		sim_violation("world", "abort for context %u, which CPU %u does not run", slot,
			      current);
	sys[SYSREG_ELR_EL1] = ctx->pc;
	sys[SYSREG_SPSR_EL1] = ctx->pstate;
	sys[SYSREG_ESR_EL1] = ESR_ABORT;
	ctx->pc = sys[SYSREG_VBAR_EL1] + VECTOR_SYNC;
	ctx->pstate = PSTATE_ABORT;
	vcpu_check_aborted(slot, ctx, sys);
}

void machine_kick_vm(u32 vm)
{
	for (u32 i = 0; i < sim.config.cpus; i++) {
		struct sim_cpu *cpu = &sim_cpus[i];

		if (__atomic_load_n(&cpu->vm, __ATOMIC_RELAXED) == vm &&
		    __atomic_load_n(&cpu->kick, __ATOMIC_RELAXED) == 0U)
			__atomic_store_n(&cpu->kick, KICK_DELAY, __ATOMIC_RELAXED);
	}
	sim_point();
}

/* Words of the world that runs, in all registers: a VM's are secrets. */
void cpu_fill_registers(u64 seed)
{
	struct sim_cpu *cpu = &sim_cpus[current];
	struct vcpu_context *r = &cpu->regs;
	u64 word = tag_make(cpu->vm, model_life(cpu->vm), cpu->vm != CV_HOSTVISOR, TAG_REGISTER_GFN,
			    seed);

	for (u32 i = 0; i < 31U; i++)
		r->x[i] = word + i;
	/* All but CNTVOFF_EL2, which is not its to write. */
	for (u32 i = 0; i < VCPU_NR_SYSREGS; i++)
		r->sys[i] = i == SYSREG_CNTVOFF ? r->sys[i] : word + 32U + i;
	/* When its timer fires the host must know. */
	r->sys[SYSREG_CNTV_CTL_EL0] = seed & 3U;
	r->sys[SYSREG_CNTV_CVAL_EL0] = seed;
	for (u32 i = 0; i < 64U; i++)
		r->fp[i] = word + 80U + i;
	r->fpcr = seed & 0x07f79f00U;
	r->fpsr = seed & 0x0800009fU;
}
