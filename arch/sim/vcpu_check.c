/* SPDX-License-Identifier: BSD-3-Clause */
#include "arch/sim/vcpu_check.h"

#include <string.h>

#include "arch/sim/memory.h"
#include "arch/sim/model.h"
#include "arch/sim/point.h"
#include "arch/sim/sim.h"
#include "arch/sim/tag.h"
#include "core/state.h"
#include "corevisor/run.h"

#define ULL(x) ((unsigned long long)(x))
#define NR_EXIT_FIELDS 4U
/* ICH_LR<n>_EL2 (GICv3 IHI 0069, 12.4.11): what a virtual interrupt without HW may have. */
#define LR_STATE (3ULL << 62)
#define LR_BITS (LR_STATE | 1ULL << 60 | 0xffULL << 48 | 1ULL << 41 | 0xffffffffULL)
#define LR_INTID(lr) ((u32)(lr))
#define LR_INTIDS 1020U

/* What a vCPU had in its registers when it trapped, and which it may find changed. */
struct stopped {
	struct vcpu_context regs;
	struct vm_trap trap;
	u64 field[NR_EXIT_FIELDS]; /* what the host is told; [0] 0: nothing, it goes on */
	u32 may_change;
	u32 vm, life;
	bool known;
	bool device; /* the host answers an access */
};

static struct stopped stopped[CV_MAX_VCPUS_TOTAL];

void vcpu_check_forget(u32 slot)
{
	stopped[slot].known = false;
	stopped[slot].device = false;
}

/* A register of a VM holds what no VM of that life can know. */
static void check_foreign(u32 vm, const u64 *words, u32 nr, const char *what)
{
	for (u32 i = 0; i < nr; i++) {
		u64 w = words[i];

		if (tag_is_private(w) && !model_is_own(vm, w))
			sim_violation("register-leak", "VM %u finds 0x%llx of VM %u in %s[%u]", vm,
				      ULL(w), tag_writer(w), what, i);
	}
}

/* What a device's answer looks like in the register of the load. */
static u64 answer(const struct vm_trap *trap, u64 data)
{
	u64 sign = 1ULL << (8U * trap->size - 1U);
	u64 value = data & (sign | (sign - 1U));

	if (trap->sign_extend)
		value = (value ^ sign) - sign;
	return trap->wide ? value : (u32)value;
}

/* The load of a device has put the host's answer into one register, and nothing else. */
static void check_answer(u32 vm, u32 slot, const struct vcpu_context *now)
{
	const struct vm_trap *trap = &stopped[slot].trap;
	u64 run = vcpus[slot].run_pfn;
	u64 is = trap->reg < 31U ? now->x[trap->reg] : 0U;

	if (trap->write || trap->reg >= 31U)
		return;
	if (is != answer(trap, is))
		sim_violation("device-answer", "VM %u: X%u is 0x%llx after a load of %u bytes", vm,
			      trap->reg, ULL(is), trap->size);
	if (point_undisturbed() && is != answer(trap, memory_load(run, CV_RUN_DATA, true)))
		sim_violation("device-answer", "VM %u: X%u is 0x%llx, not the answer", vm,
			      trap->reg, ULL(is));
}

void vcpu_check_entry(u32 vm, u32 slot, const struct vcpu_context *now)
{
	const struct stopped *s = &stopped[slot];
	const struct vcpu_context *was = &s->regs;

	if (!s->known || s->vm != vm || s->life != model_life(vm)) {
		check_foreign(vm, now->x, 31, "x");
		check_foreign(vm, now->sys, VCPU_NR_SYSREGS, "sys");
		check_foreign(vm, now->fp, 64, "fp");
		return;
	}
	for (u32 i = 0; i < 31U; i++) {
		if (now->x[i] != was->x[i] && !(s->may_change >> i & 1U))
			sim_violation("register-change", "VM %u: X%u was 0x%llx, is 0x%llx", vm, i,
				      ULL(was->x[i]), ULL(now->x[i]));
	}
	if (s->device && !sim.threaded)
		check_answer(vm, slot, now);
	if (now->pc != was->pc + (s->device ? 4U : 0U))
		sim_violation("register-change", "VM %u: PC was 0x%llx, is 0x%llx", vm,
			      ULL(was->pc), ULL(now->pc));
	if (now->pstate != was->pstate || memcmp(now->sys, was->sys, sizeof(now->sys)) != 0 ||
	    memcmp(now->fp, was->fp, sizeof(now->fp)) != 0 || now->fpcr != was->fpcr ||
	    now->fpsr != was->fpsr)
		sim_violation("register-change", "VM %u: system or FP registers", vm);
}

void vcpu_check_gic(u32 vm, const struct vcpu_context *now)
{
	if ((now->gic_hcr & ~(CV_RUN_GIC_UIE | CV_RUN_GIC_NPIE)) != 0U)
		sim_violation("gic", "VM %u runs with ICH_HCR_EL2 bits 0x%llx", vm,
			      ULL(now->gic_hcr));
	for (u32 i = 0; i < CV_RUN_NR_LR; i++) {
		u64 lr = now->lr[i];

		if ((lr & ~LR_BITS) != 0U)
			sim_violation("gic", "VM %u runs with 0x%llx in list register %u", vm,
				      ULL(lr), i);
		if ((lr & LR_STATE) == 0U)
			continue;
		if (LR_INTID(lr) >= LR_INTIDS)
			sim_violation("gic", "VM %u gets interrupt %u", vm, LR_INTID(lr));
		for (u32 n = 0; n < i; n++) {
			if ((now->lr[n] & LR_STATE) != 0U && LR_INTID(now->lr[n]) == LR_INTID(lr))
				sim_violation("gic", "VM %u has interrupt %u twice", vm,
					      LR_INTID(lr));
		}
	}
}

/* After a CPU_OFF another vCPU decides what this one starts with. */
static bool is_cpu_off(const struct vm_trap *trap, const struct vcpu_context *regs)
{
	return trap->kind == VM_TRAP_CALL && (u32)regs->x[0] == 0x84000002U;
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
			vcpu_check_forget(slot - 1U);
	}
}

static void expect_exit(struct stopped *s, u64 reason, u64 arg0, u64 arg1, u64 arg2)
{
	s->field[0] = reason;
	s->field[1] = arg0;
	s->field[2] = arg1;
	s->field[3] = arg2;
}

static void expect_fault(u32 vm, struct stopped *s)
{
	const struct vm_trap *t = &s->trap;
	u64 value = t->reg < 31U ? s->regs.x[t->reg] : 0U;

	if (model_in_ram(vm, t->address >> CV_PAGE_SHIFT)) {
		expect_exit(s, CV_EXIT_MEMORY, t->address >> CV_PAGE_SHIFT, t->write, 0);
		return;
	}
	if (!t->decoded || (t->size != 1U && t->size != 2U && t->size != 4U && t->size != 8U))
		return;
	s->device = true;
	if (!t->write && t->reg < 31U)
		s->may_change = 1U << t->reg;
	if (t->size < 8U)
		value &= (1ULL << (8U * t->size)) - 1U;
	expect_exit(s, t->write ? CV_EXIT_MMIO_WRITE : CV_EXIT_MMIO_READ, t->address, t->size,
		    t->write ? value : 0U);
}

void vcpu_check_trap(u32 vm, u32 slot, const struct vm_trap *trap, const struct vcpu_context *regs)
{
	struct stopped *s = &stopped[slot];

	s->regs = *regs;
	s->trap = *trap;
	s->known = !is_cpu_off(trap, regs);
	s->vm = vm;
	s->life = model_life(vm);
	s->may_change = 0;
	s->device = false;
	expect_exit(s, 0, 0, 0, 0);
	switch (trap->kind) {
	case VM_TRAP_CALL:
		s->may_change = 0xfU;
		forget_target(vm, regs);
		break;
	case VM_TRAP_FAULT:
		expect_fault(vm, s);
		break;
	case VM_TRAP_WFI:
		expect_exit(s, CV_EXIT_WFI, 0, 0, 0);
		break;
	case VM_TRAP_SGI:
		expect_exit(s, CV_EXIT_SGI, trap->address, 0, 0);
		break;
	default:
		expect_exit(s, CV_EXIT_INTERRUPT, 0, 0, 0);
		break;
	}
}

void vcpu_check_aborted(u32 slot, const struct vcpu_context *regs, const u64 *sys)
{
	memcpy(stopped[slot].regs.sys, sys, sizeof(stopped[slot].regs.sys));
	stopped[slot].regs.pc = regs->pc;
	stopped[slot].regs.pstate = regs->pstate;
}

/* A call that stops the VM: a reason that calls have, and a vCPU for CPU_ON. */
static void expect_call(struct stopped *s, u64 reason, u64 arg0)
{
	bool may = reason == CV_EXIT_WFI || reason == CV_EXIT_CPU_OFF ||
		   reason == CV_EXIT_SYSTEM_OFF || reason == CV_EXIT_SYSTEM_RESET;

	if (reason == CV_EXIT_CPU_ON && arg0 < CV_MAX_VCPUS)
		expect_exit(s, reason, arg0, 0, 0);
	else
		expect_exit(s, may ? reason : 0U, 0, 0, 0);
}

static u64 deadline(const struct vcpu_context *regs)
{
	u64 control = regs->sys[SYSREG_CNTV_CTL_EL0];

	if ((control & (CNTV_CTL_ENABLE | CNTV_CTL_IMASK)) != CNTV_CTL_ENABLE)
		return ~0ULL;
	return regs->sys[SYSREG_CNTV_CVAL_EL0] + regs->sys[SYSREG_CNTVOFF];
}

static void check_field(u32 vm, u64 run, u32 offset, u64 want)
{
	u64 is = memory_load(run, offset, true);

	if (is != want)
		sim_violation("exit", "VM %u: 0x%llx at 0x%x of the run page, not 0x%llx", vm,
			      ULL(is), offset, ULL(want));
}

void vcpu_check_exit(u32 vm, u32 slot, u64 run_pfn)
{
	struct stopped *s = &stopped[slot];
	u64 reason;

	if (!point_undisturbed() || !sim_is_ram(run_pfn))
		return;
	reason = memory_load(run_pfn, CV_RUN_EXIT, true);
	if (reason == CV_EXIT_POWEROFF && vms[vm].state != CV_VM_VERIFIED)
		expect_exit(s, CV_EXIT_POWEROFF, 0, 0, 0);
	else if (s->trap.kind == VM_TRAP_CALL)
		expect_call(s, reason, memory_load(run_pfn, CV_RUN_ARG0, true));
	for (u32 i = 0; i < NR_EXIT_FIELDS; i++)
		check_field(vm, run_pfn, CV_RUN_EXIT + 8U * i, s->field[i]);
	check_field(vm, run_pfn, CV_RUN_ARG3, 0);
	check_field(vm, run_pfn, CV_RUN_TIMER, deadline(&s->regs));
	for (u32 i = 0; i < CV_RUN_NR_LR; i++)
		check_field(vm, run_pfn, CV_RUN_LR(i), s->regs.lr[i]);
}
