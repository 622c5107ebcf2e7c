/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Why a VM stopped, from the syndrome; what is a matter of the CPU alone is answered here, the
 * rest goes to the core (core/trap.h). Nothing a VM does is a surprise: what has no other
 * answer is UNDEFINED for it.
 */
#include "vm_exit.h"

#include "core/lock.h"
#include "core/machine.h"
#include "core/state.h"
#include "core/trap.h"
#include "core/vm.h"
#include "fp.h"
#include "idreg.h"
#include "percpu.h"
#include "sysreg.h"
#include "trap.h"

static void inject_undefined(struct vcpu_context *ctx)
{
	trap_inject_sync((EC_UNKNOWN << ESR_EC_SHIFT) | ESR_IL, &ctx->pc, &ctx->pstate);
}

/* Past the instruction, as if it had been executed. */
static void step(struct vcpu_context *ctx)
{
	ctx->pc += 4;
	ctx->pstate &= ~(SPSR_BTYPE | SPSR_SS);
}

static bool is_aarch32(const struct vcpu_context *ctx)
{
	return (ctx->pstate & SPSR_AARCH32) != 0;
}

void machine_inject_vm_abort(u32 slot)
{
	struct vcpu_context *ctx = &vcpu_contexts[slot];
	u64 esr = sysreg_read(esr_el2);
	bool el0 = is_aarch32(ctx) || (ctx->pstate & SPSR_MODE_MASK) == 0;
	bool data = ESR_EC(esr) == EC_DABT_LOW;
	u64 ec = data ? EC_DABT_SAME : EC_IABT_SAME;
	u64 iss = data ? esr & (ESR_ISS_WNR | ESR_ISS_CM) : 0;

	if (el0)
		ec -= 1; /* from a lower level */
	/* Not "on a table walk": of stage 1 the syndrome does not tell the level. */
	iss |= FSC_EXTERNAL;
	sysreg_write(far_el1, sysreg_read(far_el2));
	trap_inject_sync((ec << ESR_EC_SHIFT) | (esr & ESR_IL) | iss, &ctx->pc, &ctx->pstate);
}

/*
 * A stage 2 abort. HPFAR_EL2 is valid for translation faults (D19.2.57). All a VM has is mapped
 * with all permissions: any other kind is an access that cannot work.
 */
static void abort_exit(struct vcpu_context *ctx, u64 esr)
{
	struct vm_trap trap = {.kind = VM_TRAP_FAULT};

	if (ESR_FSC(esr) == FSC_TLB_CONFLICT) {
		__asm__ volatile("dsb nshst; tlbi vmalls12e1; dsb nsh; isb" : : : "memory");
		return;
	}
	if (!FSC_IS_TRANSLATION(ESR_FSC(esr))) {
		machine_inject_vm_abort(cpus[machine_cpu()].slot);
		return;
	}
	trap.address = HPFAR_TO_IPA(sysreg_read(hpfar_el2)) | (sysreg_read(far_el2) & 0xfff);
	if (ESR_EC(esr) == EC_DABT_LOW) {
		trap.write = (esr & ESR_ISS_WNR) != 0;
		trap.decoded = (esr & ESR_ISS_ISV) != 0 && !is_aarch32(ctx);
		trap.size = 1U << ESR_ISS_SAS(esr);
		trap.sign_extend = (esr & ESR_ISS_SSE) != 0;
		trap.wide = (esr & ESR_ISS_SF) != 0;
		trap.reg = (u8)ESR_ISS_SRT(esr);
	}
	vm_trap(trap);
}

/* A system register as the syndrome of a trapped MSR or MRS names it (D19.2.37). */
#define SYSREG(op0, op1, crn, crm, op2) \
	((u64)(op0) << 20 | (u64)(op2) << 17 | (op1) << 14 | (crn) << 10 | (crm) << 1)
#define ISS_SYSREG_MASK SYSREG(3, 7, 15, 15, 7)
#define ISS_OP0(iss) (((iss) >> 20) & 3)
#define ISS_OP2(iss) (((iss) >> 17) & 7)
#define ISS_OP1(iss) (((iss) >> 14) & 7)
#define ISS_CRN(iss) (((iss) >> 10) & 15)
#define ISS_CRM(iss) (((iss) >> 1) & 15)
#define ISS_RT(iss) (((iss) >> 5) & 31)
#define ISS_READ(iss) (((iss)&1) != 0)

/* OSLSR_EL1.OSLM: the OS Lock is there, and open. */
#define OSLSR_VALUE 0x8ULL
/* ICC_SRE_EL1: system registers, no bypass (12.2.24). */
#define ICC_SRE_VALUE 0x7ULL

/*
 * What a trapped read gives, in *value; a write of the same register is ignored. False: there is
 * no such register.
 */
static bool sysreg_value(u64 iss, u64 *value)
{
	*value = 0;
	/* ID registers; not writable, so that a write of one does not come here. */
	if (ISS_OP0(iss) == 3 && ISS_OP1(iss) == 0 && ISS_CRN(iss) == 0 && ISS_CRM(iss) != 0) {
		*value = idreg_vm_value((u32)ISS_CRM(iss), (u32)ISS_OP2(iss));
		return true;
	}
	switch (iss & ISS_SYSREG_MASK) {
	case SYSREG(3, 0, 0, 0, 6):
		*value = sysreg_read(revidr_el1);
		return true;
	case SYSREG(3, 1, 0, 0, 7):
		*value = sysreg_read(aidr_el1);
		return true;
	case SYSREG(3, 0, 12, 12, 5):
		*value = ICC_SRE_VALUE;
		return true;
	case SYSREG(2, 0, 1, 1, 4):
		*value = OSLSR_VALUE;
		return true;
	case SYSREG(3, 0, 1, 0, 1): /* ACTLR_EL1 */
	case SYSREG(3, 0, 12, 11, 6): /* ICC_ASGI1R_EL1, ICC_SGI0R_EL1: no other state */
	case SYSREG(3, 0, 12, 11, 7):
	case SYSREG(3, 3, 14, 2, 0): /* CNTP_TVAL_EL0, _CTL_, _CVAL_: it never fires */
	case SYSREG(3, 3, 14, 2, 1):
	case SYSREG(3, 3, 14, 2, 2):
		return true;
	default:
		/* Debug: nothing happens. Set/way (op0 1): the VM's caches are coherent. */
		return (ISS_OP0(iss) == 2 && (ISS_OP1(iss) == 0 || ISS_OP1(iss) == 3)) ||
		       (ISS_OP0(iss) == 1 && ISS_OP1(iss) == 0 && ISS_CRN(iss) == 7);
	}
}

static void sysreg_exit(struct vcpu_context *ctx, u64 iss)
{
	u64 value;

	if ((iss & ISS_SYSREG_MASK) == SYSREG(3, 0, 12, 11, 5) && !ISS_READ(iss)) {
		struct vm_trap trap = {.kind = VM_TRAP_SGI}; /* ICC_SGI1R_EL1 */

		trap.address = ISS_RT(iss) == 31 ? 0 : ctx->x[ISS_RT(iss)];
		step(ctx);
		vm_trap(trap);
		return;
	}
	if (!sysreg_value(iss, &value)) {
		inject_undefined(ctx);
		return;
	}
	if (ISS_READ(iss) && ISS_RT(iss) != 31)
		ctx->x[ISS_RT(iss)] = value;
	step(ctx);
}

static void simple_trap(u8 kind)
{
	vm_trap((struct vm_trap){.kind = kind});
}

/* Whatever is not an HVC; apart, because an HVC is to be quick. */
__attribute__((noinline)) static void other_exit(struct vcpu_context *ctx, u64 esr)
{
	switch (ESR_EC(esr)) {
	case EC_SMC64:
		step(ctx); /* a trapped SMC returns to itself (D1.3.5.2) */
		simple_trap(VM_TRAP_CALL);
		break;
	case EC_DABT_LOW:
	case EC_IABT_LOW:
		abort_exit(ctx, esr);
		break;
	case EC_SYSREG:
		sysreg_exit(ctx, esr);
		break;
	case EC_FP:
		fp_enter_vm();
		break;
	case EC_WFX:
		if (is_aarch32(ctx)) {
			inject_undefined(ctx);
			break;
		}
		step(ctx);
		simple_trap(VM_TRAP_WFI);
		break;
	default:
		inject_undefined(ctx);
	}
}

struct vcpu_context *vm_exit_sync(struct vcpu_context *ctx)
{
	static const struct vm_trap call = {.kind = VM_TRAP_CALL};
	u64 esr = sysreg_read(esr_el2);

	if (ESR_EC(esr) == EC_HVC64)
		vm_trap(call);
	else
		other_exit(ctx, esr);
	return this_cpu()->vm;
}

struct vcpu_context *vm_exit_irq(struct vcpu_context *ctx)
{
	(void)ctx;
	simple_trap(VM_TRAP_INTERRUPT);
	return this_cpu()->vm;
}

/* Something the VM reached does not work, or is not there. It goes no further. */
struct vcpu_context *vm_exit_serror(struct vcpu_context *ctx)
{
	u32 vm = cpus[machine_cpu()].vm;

	(void)ctx;
	lock_vm(vm);
	(void)set_vm_poweroff(vm);
	unlock_vm(vm);
	simple_trap(VM_TRAP_INTERRUPT);
	return this_cpu()->vm;
}
