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

/*@ requires host: l_owner(pfn) == CV_HOSTVISOR;
    terminates \true; exits \false; assigns \nothing; */
static struct run_input run_input_read(u64 pfn)
{
	struct run_input in;

	in.data = machine_frame_read64(pfn, CV_RUN_DATA);
	in.gic_hcr = machine_frame_read64(pfn, CV_RUN_GIC_HCR);
	/*@ loop invariant 0 <= i <= CV_RUN_NR_LR;
	    loop assigns i, in.lr[0 .. CV_RUN_NR_LR - 1];
	    loop variant CV_RUN_NR_LR - i; */
	for (u32 i = 0; i < CV_RUN_NR_LR; i++)
		in.lr[i] = machine_frame_read64(pfn, CV_RUN_LR(i));
	return in;
}

/* One interrupt in two list registers is UNPREDICTABLE (IHI 0069, 12.4.11). */
/*@ requires n < CV_RUN_NR_LR;
    terminates \true; exits \false; assigns \nothing;
    ensures unique: \result ==> \forall integer i; 0 <= i < n && (in.lr[i] & LR_STATE) != 0 ==>
      LR_INTID(in.lr[i]) != LR_INTID(in.lr[n]); */
static bool lr_is_unique(struct run_input in, u32 n)
{
	/*@ loop invariant range: 0 <= i <= n;
	    loop invariant unique: \forall integer j; 0 <= j < i && (in.lr[j] & LR_STATE) != 0 ==>
	      LR_INTID(in.lr[j]) != LR_INTID(in.lr[n]);
	    loop assigns i;
	    loop variant n - i; */
	for (u32 i = 0; i < n; i++) {
		if ((in.lr[i] & LR_STATE) != 0 && LR_INTID(in.lr[i]) == LR_INTID(in.lr[n]))
			return false;
	}
	return true;
}

/*@ terminates \true; exits \false; assigns \nothing;
    ensures lr: \result ==> \forall integer i; 0 <= i < CV_RUN_NR_LR ==>
      (in.lr[i] & (u64)(~LR_HOST_BITS)) == 0;
    ensures intid: \result ==> \forall integer i; 0 <= i < CV_RUN_NR_LR &&
      (in.lr[i] & LR_STATE) != 0 ==> LR_INTID(in.lr[i]) < LR_INTID_LIMIT;
    ensures unique: \result ==> \forall integer i, j; 0 <= j < i < CV_RUN_NR_LR &&
      (in.lr[i] & LR_STATE) != 0 && (in.lr[j] & LR_STATE) != 0 ==>
      LR_INTID(in.lr[j]) != LR_INTID(in.lr[i]);
    ensures hcr: \result ==>
      (in.gic_hcr & (u64)(~(CV_RUN_GIC_UIE | CV_RUN_GIC_NPIE))) == 0; */
static bool run_input_ok(struct run_input in)
{
	if ((in.gic_hcr & ~(CV_RUN_GIC_UIE | CV_RUN_GIC_NPIE)) != 0)
		return false;
	/*@ loop invariant 0 <= i <= CV_RUN_NR_LR;
	    loop invariant \forall integer j; 0 <= j < i ==>
	      (in.lr[j] & (u64)(~LR_HOST_BITS)) == 0;
	    loop invariant intid: \forall integer j; 0 <= j < i && (in.lr[j] & LR_STATE) != 0 ==>
	      LR_INTID(in.lr[j]) < LR_INTID_LIMIT;
	    loop invariant unique: \forall integer k, j; 0 <= j < k < i &&
	      (in.lr[k] & LR_STATE) != 0 && (in.lr[j] & LR_STATE) != 0 ==>
	      LR_INTID(in.lr[j]) != LR_INTID(in.lr[k]);
	    loop assigns i;
	    loop variant CV_RUN_NR_LR - i; */
	for (u32 i = 0; i < CV_RUN_NR_LR; i++) {
		if ((in.lr[i] & ~LR_HOST_BITS) != 0)
			return false;
		if ((in.lr[i] & LR_STATE) == 0)
			continue;
		if (LR_INTID(in.lr[i]) >= LR_INTID_LIMIT || !lr_is_unique(in, i))
			return false;
	}
	return true;
}

/* What a load of `size` bytes puts into a register. */
/*@ requires size: size == 1 || size == 2 || size == 4 || size == 8;
    terminates \true; exits \false; assigns \nothing;
    ensures narrow: !wide ==> \result <= 0xffffffff; */
static u64 load_result(u64 data, u32 size, bool sign_extend, bool wide)
{
	u32 unused = 64U - 8U * size;
	u64 value = (data << unused) >> unused;

	if (sign_extend && size < 8 && ((value >> (8U * size - 1U)) & 1U) != 0)
		value |= ~0ULL << (8U * size);
	return wide ? value : value & 0xffffffffULL;
}

/* Finish the emulated access of the last exit: one register, and the PC. */
/*@ requires slot: is_slot(slot);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns vcpus[slot], vcpu_contexts[slot];
    INV_ENSURES
    VM_ENSURES
    ensures answered: vcpus[slot].pending == PENDING_NONE;
    ensures step: vcpu_contexts[slot].pc ==
      (\old(vcpus[slot].pending) == PENDING_NONE ? \old(vcpu_contexts[slot].pc)
                                                : (u64)(\old(vcpu_contexts[slot].pc) + 4));
    ensures kept: same_vcpu{Pre, Post}(slot);
    ensures read: \old(vcpus[slot].pending) != PENDING_MMIO_READ ==> \forall integer r;
      0 <= r < 31 ==> vcpu_contexts[slot].x[r] == \old(vcpu_contexts[slot].x[r]);
    ensures others: \forall integer r; 0 <= r < 31 && r != \old(vcpus[slot].mmio_reg) ==>
      vcpu_contexts[slot].x[r] == \old(vcpu_contexts[slot].x[r]); */
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
	/*@ assert kept: \forall integer s; is_slot(s) ==> same_vcpu{Pre, Here}(s); */
	/*@ assert vcpu_slot: vcpu_slot && slot_vcpu; */
	/*@ assert vcpu_range: vcpu_range && state_inv; */
	/*@ ghost RUN_PAGES_KEPT(s) */
}

/* The vCPU is ACTIVE: nobody else touches its context. */
/*@ requires slot: is_slot(slot);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns vcpus[slot], vcpu_contexts[slot];
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures kept: same_vcpu{Pre, Post}(slot);
    ensures hcr: vcpu_contexts[slot].gic_hcr == in.gic_hcr;
    ensures lr: \forall integer i; 0 <= i < CV_RUN_NR_LR ==>
      vcpu_contexts[slot].lr[i] == in.lr[i]; */
static void apply_input(u32 slot, struct run_input in)
{
	finish_mmio(slot, in.data);
	vcpu_contexts[slot].gic_hcr = in.gic_hcr;
	/*@ loop invariant 0 <= i <= CV_RUN_NR_LR;
	    loop invariant \forall integer j; 0 <= j < i ==>
	      vcpu_contexts[slot].lr[j] == in.lr[j];
	    loop invariant vcpu_contexts[slot].gic_hcr == in.gic_hcr;
	    loop assigns i, vcpu_contexts[slot];
	    loop variant CV_RUN_NR_LR - i; */
	for (u32 i = 0; i < CV_RUN_NR_LR; i++)
		vcpu_contexts[slot].lr[i] = in.lr[i];
}

/* Make a vCPU ACTIVE on this CPU with what its run page says. Locks: vm. */
/*@ requires vm: is_vm(vm) && held_vm == vm;
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns vcpus[0 .. CV_MAX_VCPUS_TOTAL - 1], vcpu_contexts[0 .. CV_MAX_VCPUS_TOTAL - 1],
      cpus[0 .. CV_MAX_CPUS - 1];
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures done: \result == 0 ==> vms[vm].state == CV_VM_VERIFIED && cpus[this_cpu].vm == vm &&
      vcpus[cpus[this_cpu].slot].id == vcpu;
    ensures lr: \result == 0 ==> \forall integer i; 0 <= i < CV_RUN_NR_LR ==>
      (vcpu_contexts[cpus[this_cpu].slot].lr[i] & (u64)(~LR_HOST_BITS)) == 0;
    ensures counter: \result == 0 ==>
      vcpu_contexts[cpus[this_cpu].slot].sys[SYSREG_CNTVOFF] == vms[vm].counter_offset;
    ensures refused: \result != 0 ==> same_cpu{Pre, Post} && \forall integer s; is_slot(s) ==>
      vcpus[s] == \old(vcpus[s]); */
static int activate(u32 vm, u64 vcpu)
{
	u32 cpu = machine_cpu();
	u32 slot = vcpu_slot(vm, vcpu);
	struct run_input in;
	int error;

	if (slot == NO_SLOT)
		return vms[vm].state == CV_VM_VERIFIED ? CV_ENOENT : CV_ESTATE;
	in = run_input_read(vcpus[slot].run_pfn);
	if (!run_input_ok(in))
		return CV_EINVAL;
	/*@ assert idle: vcpus[slot].state != CV_VCPU_ACTIVE ==>
	      \forall integer c; is_cpu(c) ==> cpus[c].slot != slot; */
	error = set_vcpu_active(vm, vcpu);
	if (error != CV_OK)
		return error;
	/*@ assert active: vcpus[slot].vm == vm && vcpus[slot].id == vcpu; */
	/*@ assert was: vcpus[slot].state == CV_VCPU_ACTIVE &&
	      \at(vcpus[\at(slot, Here)].state, Pre) == CV_VCPU_READY; */
	/*@ assert alone: \forall integer c; is_cpu(c) ==> cpus[c].slot != slot; */
	apply_input(slot, in);
	vcpu_contexts[slot].sys[SYSREG_CNTVOFF] = vms[vm].counter_offset;
	cpus[cpu].vm = vm;
	cpus[cpu].slot = slot;
	return CV_OK;
}

int vcpu_run(u32 vm, u64 vcpu)
{
	int error;

	lock_vm(vm);
	error = activate(vm, vcpu);
	unlock_vm(vm);
	if (error == CV_OK)
		machine_enter_vm(vm, cpus[machine_cpu()].slot);
	return error;
}

/* When the vCPU's virtual timer will fire. */
/*@ requires is_slot(slot);
    terminates \true; exits \false; assigns \nothing; */
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
	machine_frame_write64(run, CV_RUN_EXIT, reason);
	machine_frame_write64(run, CV_RUN_ARG0, arg0);
	machine_frame_write64(run, CV_RUN_ARG1, arg1);
	machine_frame_write64(run, CV_RUN_ARG2, arg2);
	machine_frame_write64(run, CV_RUN_ARG3, 0);
	machine_frame_write64(run, CV_RUN_TIMER, timer_deadline(slot));
	/*@ loop invariant 0 <= i <= CV_RUN_NR_LR;
	    loop assigns i;
	    loop variant CV_RUN_NR_LR - i; */
	for (u32 i = 0; i < CV_RUN_NR_LR; i++)
		machine_frame_write64(run, CV_RUN_LR(i), vcpu_contexts[slot].lr[i]);
	lock_vm(vm);
	/*@ assert alone: \forall integer c; is_cpu(c) && c != cpu ==> cpus[c].slot != slot; */
	/*@ assert here: vcpu_slots[vm * CV_MAX_VCPUS + vcpus[slot].id] == slot + 1; */
	/*@ assert there: \forall integer s; is_slot(s) && vcpus[s].state != CV_VCPU_UNUSED &&
	      vcpus[s].vm == vm ==> vcpu_slots[vm * CV_MAX_VCPUS + vcpus[s].id] == s + 1; */
	/*@ assert one_id: \forall integer s; is_slot(s) && vcpus[s].state != CV_VCPU_UNUSED &&
	      vcpus[s].vm == vm && vcpus[s].id == vcpus[slot].id ==> s == slot; */
	cpus[cpu].vm = CV_HOSTVISOR;
	cpus[cpu].slot = NO_SLOT;
	(void)set_vcpu_inactive(vm, vcpus[slot].id);
	unlock_vm(vm);
}
