/* SPDX-License-Identifier: BSD-3-Clause */
/* The world switch, and what the core must leave alone in a VM's registers. */
#include "arch/sim/cpu.h"

#include <string.h>

#include "arch/sim/model.h"
#include "arch/sim/point.h"
#include "arch/sim/sim.h"
#include "arch/sim/tag.h"
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

/* What a vCPU had in its registers when it stopped, and which it may find changed. */
static struct vcpu_context expected[CV_MAX_VCPUS_TOTAL];
static u32 may_change[CV_MAX_VCPUS_TOTAL];
static bool known[CV_MAX_VCPUS_TOTAL];
static u32 known_vm[CV_MAX_VCPUS_TOTAL];
static u32 known_life[CV_MAX_VCPUS_TOTAL];

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

void cpu_forget_context(u32 slot)
{
	known[slot] = false;
}

void cpu_expect_change(u32 slot, u32 reg)
{
	if (reg < 31U)
		may_change[slot] |= 1U << reg;
}

/* A register of a VM holds what no VM of that life can know. */
static void check_foreign(u32 vm, const u64 *words, u32 nr, const char *what)
{
	for (u32 i = 0; i < nr; i++) {
		u64 w = words[i];

		if (tag_is_private(w) && !model_is_own(vm, w))
			sim_violation("register-leak", "VM %u finds 0x%llx of VM %u in %s[%u]", vm,
				      (unsigned long long)w, tag_writer(w), what, i);
	}
}

static void check_entry(u32 vm, u32 slot, const struct vcpu_context *now)
{
	const struct vcpu_context *was = &expected[slot];

	if (!known[slot] || known_vm[slot] != vm || known_life[slot] != model_life(vm)) {
		check_foreign(vm, now->x, 31, "x");
		check_foreign(vm, now->sys, VCPU_NR_SYSREGS, "sys");
		check_foreign(vm, now->fp, 64, "fp");
		return;
	}
	for (u32 i = 0; i < 31U; i++) {
		if (now->x[i] != was->x[i] && !(may_change[slot] >> i & 1U))
			sim_violation("register-change", "VM %u: X%u was 0x%llx, is 0x%llx", vm, i,
				      (unsigned long long)was->x[i], (unsigned long long)now->x[i]);
	}
	if (now->pc != was->pc && now->pc != was->pc + 4U)
		sim_violation("register-change", "VM %u: PC was 0x%llx, is 0x%llx", vm,
			      (unsigned long long)was->pc, (unsigned long long)now->pc);
	if (now->pstate != was->pstate || memcmp(now->sys, was->sys, sizeof(now->sys)) != 0 ||
	    memcmp(now->fp, was->fp, sizeof(now->fp)) != 0 || now->fpcr != was->fpcr ||
	    now->fpsr != was->fpsr)
		sim_violation("register-change", "VM %u: system or FP registers", vm);
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
	check_entry(vm, slot, &cpu->regs);
	for (u32 i = 0; i < CV_RUN_NR_LR; i++) {
		/* ICH_LR<n>_EL2.HW: the VM could end a physical interrupt. */
		if (cpu->regs.lr[i] >> 61 & 1U)
			sim_violation("gic", "VM %u runs with HW set in list register %u", vm, i);
	}
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

/* After a CPU_OFF another vCPU decides what this one starts with. */
static bool is_cpu_off(const struct vm_trap *trap, const struct vcpu_context *regs)
{
	return trap->kind == VM_TRAP_CALL && (u32)regs->x[0] == 0x84000002U;
}

static void trap_expect(u32 slot, const struct vm_trap *trap, const struct vcpu_context *regs)
{
	u32 vm = sim_cpus[current].vm;

	expected[slot] = *regs;
	known[slot] = !is_cpu_off(trap, regs);
	known_vm[slot] = vm;
	known_life[slot] = model_life(vm);
	may_change[slot] = 0;
	if (trap->kind == VM_TRAP_CALL)
		may_change[slot] = 0xfU;
	if (trap->kind == VM_TRAP_FAULT && !trap->write)
		cpu_expect_change(slot, trap->reg);
}

/* PSCI CPU_ON writes the first registers of another vCPU. */
static void forget_target(u32 vm, const struct vcpu_context *regs)
{
	u64 target = regs->x[1];
	u32 slot;

	if (((u32)regs->x[0] & ~0x40000000U) != 0x84000003U)
		return;
	for (u32 id = 0; id < CV_MAX_VCPUS; id++) {
		slot = vcpu_slots[vm * CV_MAX_VCPUS + id];
		if (slot != 0U &&
		    ((target & 0xffU) + 16U * (target >> 8 & 0xffU) == id || target == id))
			known[slot - 1U] = false;
	}
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
	trap_expect(slot, &trap, &cpu->regs);
	if (trap.kind == VM_TRAP_CALL)
		forget_target(vm, &cpu->regs);
	sim_point();
	vm_trap(trap);
	if (cpu->vm != vm)
		return;
	memcpy(cpu->regs.x, ctx->x, sizeof(ctx->x));
	cpu->regs.pc = ctx->pc;
	cpu->regs.pstate = ctx->pstate;
	check_entry(vm, slot, &cpu->regs);
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
	memcpy(expected[slot].sys, sys, sizeof(expected[slot].sys));
	expected[slot].pc = ctx->pc;
	expected[slot].pstate = ctx->pstate;
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
	for (u32 i = 0; i < VCPU_NR_SYSREGS; i++)
		r->sys[i] = word + 32U + i;
	/* When its timer fires the host must know. */
	r->sys[SYSREG_CNTV_CTL_EL0] = seed & 3U;
	r->sys[SYSREG_CNTV_CVAL_EL0] = seed;
	for (u32 i = 0; i < 64U; i++)
		r->fp[i] = word + 80U + i;
	r->fpcr = seed & 0x07f79f00U;
	r->fpsr = seed & 0x0800009fU;
}
