// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers as user space sees them: what a vCPU starts with. Of vCPU 0, PC and X0 can be set
 * before the VM starts; everything else has the value that the core gives it. What is in them
 * once the VM runs nobody here knows.
 */
#include "vcpu.h"

#include <linux/kvm.h>
#include <linux/uaccess.h>
#include <asm/arch_timer.h>

/* EL1h, D, A, I and F masked (core/vcpu_context.h). */
#define PSTATE_RESET 0x3c5ULL
#define PSCI_VERSION_1_1 0x10001ULL
#define REG_MPIDR ARM64_SYS_REG(3, 0, 0, 0, 5)
#define CORE_ID(size, name) (KVM_REG_ARM64 | (size) | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(name))
/* Offsets in 32-bit words (KVM_REG_ARM_CORE_REG). */
#define CORE_OFFSET(id) ((id) & ~(KVM_REG_ARCH_MASK | KVM_REG_SIZE_MASK | KVM_REG_ARM_CORE))
#define CORE_WORDS (sizeof(struct kvm_regs) / sizeof(u32))
#define VREGS KVM_REG_ARM_CORE_REG(fp_regs.vregs)
#define FPSR KVM_REG_ARM_CORE_REG(fp_regs.fpsr)
#define FPCR KVM_REG_ARM_CORE_REG(fp_regs.fpcr)
#define REG_MAX_SIZE 16

/* The size a core register has, 0 if there is none at this offset. */
static u64 core_size(u64 offset)
{
	if (offset < VREGS)
		return offset % 2 == 0 ? KVM_REG_SIZE_U64 : 0;
	if (offset < FPSR)
		return (offset - VREGS) % 4 == 0 ? KVM_REG_SIZE_U128 : 0;
	return offset == FPSR || offset == FPCR ? KVM_REG_SIZE_U32 : 0;
}

static int core_value(struct cv_vcpu *v, u64 id, u64 *value)
{
	u64 offset = CORE_OFFSET(id);

	if (offset >= CORE_WORDS || core_size(offset) == 0)
		return -ENOENT;
	if ((id & KVM_REG_SIZE_MASK) != core_size(offset))
		return -EINVAL;
	if (offset == KVM_REG_ARM_CORE_REG(regs.pc))
		*value = v->pc;
	else if (offset == KVM_REG_ARM_CORE_REG(regs.regs[0]))
		*value = v->x0;
	else
		*value = offset == KVM_REG_ARM_CORE_REG(regs.pstate) ? PSTATE_RESET : 0;
	return 0;
}

/* The low half of it: no register has anything in the high one. */
static int reg_value(struct cv_vcpu *v, u64 id, u64 *value)
{
	if ((id & KVM_REG_ARCH_MASK) != KVM_REG_ARM64)
		return -EINVAL;
	if ((id & KVM_REG_ARM_COPROC_MASK) == KVM_REG_ARM_CORE)
		return core_value(v, id, value);
	switch (id) {
	case REG_MPIDR:
		*value = BIT(31) | cv_vcpu_affinity(v->id);
		return 0;
	case KVM_REG_ARM_PSCI_VERSION:
		*value = PSCI_VERSION_1_1;
		return 0;
	case KVM_REG_ARM_TIMER_CNT:
		*value = arch_timer_read_counter();
		return 0;
	default:
		return -ENOENT;
	}
}

long cv_get_reg(struct cv_vcpu *v, const struct kvm_one_reg *reg)
{
	u64 value[REG_MAX_SIZE / sizeof(u64)] = { 0 };
	int error = reg_value(v, reg->id, value);

	if (error)
		return error;
	return copy_to_user((void __user *)(unsigned long)reg->addr, value, KVM_REG_SIZE(reg->id)) ?
		       -EFAULT :
		       0;
}

long cv_set_reg(struct cv_vcpu *v, const struct kvm_one_reg *reg)
{
	u64 value[REG_MAX_SIZE / sizeof(u64)] = { 0 }, has;
	int error = reg_value(v, reg->id, &has);

	if (error)
		return error;
	if (copy_from_user(value, (void __user *)(unsigned long)reg->addr, KVM_REG_SIZE(reg->id)))
		return -EFAULT;
	if (READ_ONCE(v->vm->phase) != CV_PHASE_NEW)
		return -EPERM;
	if (reg->id == CORE_ID(KVM_REG_SIZE_U64, regs.pc))
		v->pc = value[0];
	else if (reg->id == CORE_ID(KVM_REG_SIZE_U64, regs.regs[0]))
		v->x0 = value[0];
	else if (reg->id != KVM_REG_ARM_TIMER_CNT && (value[0] != has || value[1] != 0))
		return -EINVAL;
	return 0;
}

/* Entry n of the list: core registers, then the others. 0: the end. */
static u64 list_entry_at(u64 *offset)
{
	static const u64 others[] = { REG_MPIDR, KVM_REG_ARM_PSCI_VERSION, KVM_REG_ARM_TIMER_CNT };
	u64 n;

	while (*offset < CORE_WORDS && core_size(*offset) == 0)
		(*offset)++;
	n = (*offset)++;
	if (n < CORE_WORDS)
		return KVM_REG_ARM64 | core_size(n) | KVM_REG_ARM_CORE | n;
	return n - CORE_WORDS < ARRAY_SIZE(others) ? others[n - CORE_WORDS] : 0;
}

long cv_reg_list(struct kvm_reg_list __user *list)
{
	u64 n = 0, room, id, offset = 0;

	if (get_user(room, &list->n))
		return -EFAULT;
	while (list_entry_at(&offset) != 0)
		n++;
	if (put_user(n, &list->n))
		return -EFAULT;
	if (room < n)
		return -E2BIG;
	offset = 0;
	for (n = 0; (id = list_entry_at(&offset)) != 0; n++) {
		if (put_user(id, &list->reg[n]))
			return -EFAULT;
	}
	return 0;
}
