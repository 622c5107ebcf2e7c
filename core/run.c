/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/run.h"

#include "core/lock.h"
#include "core/machine.h"
#include "core/state.h"
#include "core/vcpu.h"
#include "corevisor/error.h"
#include "corevisor/run.h"

/*
 * Bits of ICH_LR<n>_EL2 the host may set (GICv3 IHI 0069, 12.4.11): State, Group,
 * Priority, EOI maintenance, vINTID. Not HW: a virtual interrupt must not end a
 * physical one.
 */
#define LR_STATE (3ULL << 62)
#define LR_HOST_BITS (LR_STATE | (1ULL << 60) | (0xffULL << 48) | (1ULL << 41) | 0xffffffffULL)
#define LR_INTID(lr) ((lr)&0xffffffffULL)
/* SGIs, PPIs and SPIs; 1020 to 1023 are special, LPIs are not supported. */
#define LR_INTID_LIMIT 1020U

/* What the host puts in the run page, copied once. */
struct run_input {
	u64 data;
	u64 gic_hcr;
	u64 lr[CV_RUN_NR_LR];
};

static void run_input_read(u64 pfn, struct run_input *in)
{
	in->data = machine_frame_read64(pfn, CV_RUN_DATA);
	in->gic_hcr = machine_frame_read64(pfn, CV_RUN_GIC_HCR);
	for (u32 i = 0; i < CV_RUN_NR_LR; i++)
		in->lr[i] = machine_frame_read64(pfn, CV_RUN_LR(i));
}

/* One interrupt in two list registers is UNPREDICTABLE (IHI 0069, 12.4.11). */
static bool lr_is_unique(const struct run_input *in, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		if ((in->lr[i] & LR_STATE) != 0 && LR_INTID(in->lr[i]) == LR_INTID(in->lr[n]))
			return false;
	}
	return true;
}

static bool run_input_ok(const struct run_input *in)
{
	if ((in->gic_hcr & ~(CV_RUN_GIC_UIE | CV_RUN_GIC_NPIE)) != 0)
		return false;
	for (u32 i = 0; i < CV_RUN_NR_LR; i++) {
		if ((in->lr[i] & ~LR_HOST_BITS) != 0)
			return false;
		if ((in->lr[i] & LR_STATE) == 0)
			continue;
		if (LR_INTID(in->lr[i]) >= LR_INTID_LIMIT || !lr_is_unique(in, i))
			return false;
	}
	return true;
}

/* What a load of `size` bytes puts into a register. */
static u64 load_result(u64 data, u32 size, bool sign_extend, bool wide)
{
	u32 unused = 64U - 8U * size;
	u64 value = (data << unused) >> unused;

	if (sign_extend && size < 8 && ((value >> (8U * size - 1U)) & 1U) != 0)
		value |= ~0ULL << (8U * size);
	return wide ? value : value & 0xffffffffULL;
}

/* Finish the emulated access of the last exit: one register, and the PC. */
static void finish_mmio(u32 slot, u64 data)
{
	u32 reg = vcpus[slot].mmio_reg;

	if (vcpus[slot].pending == PENDING_NONE)
		return;
	if (vcpus[slot].pending == PENDING_MMIO_READ && reg < 31)
		vcpu_contexts[slot].x[reg] = load_result(data, vcpus[slot].mmio_size,
							 vcpus[slot].mmio_signed != 0,
							 vcpus[slot].mmio_64 != 0);
	vcpu_contexts[slot].pc += 4;
	vcpus[slot].pending = PENDING_NONE;
}

/* The vCPU is ACTIVE: nobody else touches its context. */
static void apply_input(u32 slot, const struct run_input *in)
{
	finish_mmio(slot, in->data);
	vcpu_contexts[slot].gic_hcr = in->gic_hcr;
	for (u32 i = 0; i < CV_RUN_NR_LR; i++)
		vcpu_contexts[slot].lr[i] = in->lr[i];
}

/* Make a vCPU ACTIVE with what its run page says. Locks: vm. */
static int activate(u32 vm, u64 vcpu)
{
	struct run_input in;
	u32 slot = vcpu_slot(vm, vcpu);
	int error;

	if (slot == NO_SLOT)
		return vms[vm].state == CV_VM_VERIFIED ? CV_ENOENT : CV_ESTATE;
	run_input_read(vcpus[slot].run_pfn, &in);
	if (!run_input_ok(&in))
		return CV_EINVAL;
	error = set_vcpu_active(vm, vcpu);
	if (error != CV_OK)
		return error;
	apply_input(slot, &in);
	return CV_OK;
}

int vcpu_run(u32 vm, u64 vcpu)
{
	u32 cpu = machine_cpu();
	u32 slot;
	int error;

	lock_vm(vm);
	error = activate(vm, vcpu);
	slot = vcpu_slot(vm, vcpu);
	unlock_vm(vm);
	if (error != CV_OK)
		return error;
	cpus[cpu].vm = vm;
	cpus[cpu].slot = slot;
	machine_enter_vm(vm, slot);
	return CV_OK;
}

/* When the vCPU's virtual timer will fire. */
static u64 timer_deadline(u32 slot)
{
	u64 control = vcpu_contexts[slot].sys[SYSREG_CNTV_CTL_EL0];

	if ((control & (CNTV_CTL_ENABLE | CNTV_CTL_IMASK)) != CNTV_CTL_ENABLE)
		return ~0ULL;
	return vcpu_contexts[slot].sys[SYSREG_CNTV_CVAL_EL0] +
	       vcpu_contexts[slot].sys[SYSREG_CNTVOFF];
}

void vcpu_exit(u64 reason, u64 arg0, u64 arg1, u64 arg2)
{
	u32 cpu = machine_cpu();
	u32 vm = cpus[cpu].vm;
	u32 slot = cpus[cpu].slot;
	u64 run = vcpus[slot].run_pfn;

	machine_leave_vm(vm, slot);
	cpus[cpu].vm = CV_HOSTVISOR;
	cpus[cpu].slot = NO_SLOT;
	machine_frame_write64(run, CV_RUN_EXIT, reason);
	machine_frame_write64(run, CV_RUN_ARG0, arg0);
	machine_frame_write64(run, CV_RUN_ARG1, arg1);
	machine_frame_write64(run, CV_RUN_ARG2, arg2);
	machine_frame_write64(run, CV_RUN_ARG3, 0);
	machine_frame_write64(run, CV_RUN_TIMER, timer_deadline(slot));
	for (u32 i = 0; i < CV_RUN_NR_LR; i++)
		machine_frame_write64(run, CV_RUN_LR(i), vcpu_contexts[slot].lr[i]);
	lock_vm(vm);
	vcpus[slot].state = CV_VCPU_READY;
	unlock_vm(vm);
}
