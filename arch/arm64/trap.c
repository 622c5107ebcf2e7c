/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Exceptions of the host, and what ends the core.
 */
#include "trap.h"

#include "console.h"
#include "core/call.h"
#include "core/fault.h"
#include "core/state.h"
#include "corevisor/error.h"
#include "corevisor/hypercall.h"
#include "debug.h"
#include "devices.h"
#include "emulate.h"
#include "firmware.h"
#include "gic.h"
#include "pci.h"
#include "smmu.h"
#include "sysreg.h"

/* PSTATE of EL1 on taking an exception to it (AArch64.TakeException, J1.1.2). */
static u64 exception_pstate(u64 spsr)
{
	u64 pfr1 = sysreg_read(id_aa64pfr1_el1);
	u64 sctlr = sysreg_read(sctlr_el1);
	u64 pstate = SPSR_EL1H | SPSR_DAIF | (spsr & (SPSR_NZCV | SPSR_DIT | SPSR_PAN));

	if (id_field(sysreg_read(id_aa64mmfr1_el1), 20) != 0 && (sctlr & SCTLR_EL1_SPAN) == 0)
		pstate |= SPSR_PAN;
	if (id_field(pfr1, 4) != 0 && (sctlr & SCTLR_EL1_DSSBS) != 0)
		pstate |= SPSR_SSBS;
	if (id_field(pfr1, 8) >= 2)
		pstate |= SPSR_TCO;
	if (id_field(pfr1, 36) != 0 && (sctlr & SCTLR_EL1_SPINTMASK) == 0)
		pstate |= SPSR_ALLINT;
	return pstate;
}

/* Offset of the synchronous vector for where the exception comes from (D1.3.6). */
static u64 vector_offset(u64 spsr)
{
	if (spsr & SPSR_AARCH32)
		return 0x600;
	switch (spsr & SPSR_MODE_MASK) {
	case 0:
		return 0x400;
	case SPSR_EL1H:
		return 0x200;
	default:
		return 0;
	}
}

void trap_inject_sync(u64 esr, u64 *pc, u64 *pstate)
{
	sysreg_write(esr_el1, esr);
	sysreg_write(elr_el1, *pc);
	sysreg_write(spsr_el1, *pstate);
	*pc = sysreg_read(vbar_el1) + vector_offset(*pstate);
	*pstate = exception_pstate(*pstate);
}

static void inject_host(u64 esr)
{
	u64 pc = sysreg_read(elr_el2);
	u64 pstate = sysreg_read(spsr_el2);

	trap_inject_sync(esr, &pc, &pstate);
	sysreg_write(elr_el2, pc);
	sysreg_write(spsr_el2, pstate);
}

/* Where a stage 2 abort was. Valid for translation faults (D19.2.57). */
static u64 host_ipa(void)
{
	return HPFAR_TO_IPA(sysreg_read(hpfar_el2)) | (sysreg_read(far_el2) & 0xfff);
}

/*
 * The host touched what is not its: a data abort with an alignment fault, which
 * Linux turns into SIGBUS for user space and -EFAULT for kernel accesses to it;
 * S1PTW is clear. Fetching from there is an external abort.
 */
static void inject_host_abort(u64 esr)
{
	bool el0 = (sysreg_read(spsr_el2) & (SPSR_MODE_MASK | SPSR_AARCH32)) == 0 ||
		   (sysreg_read(spsr_el2) & SPSR_AARCH32) != 0;
	u64 ec, iss;

	if (ESR_EC(esr) == EC_DABT_LOW) {
		ec = el0 ? EC_DABT_LOW : EC_DABT_SAME;
		iss = (esr & (ESR_ISS_WNR | ESR_ISS_CM)) | FSC_ALIGNMENT;
	} else {
		ec = el0 ? EC_IABT_LOW : EC_IABT_SAME;
		iss = FSC_EXTERNAL;
	}
	log_line(LOG_DEBUG, "the host may not touch %x (at %x, PC %x)", host_ipa(),
		 sysreg_read(far_el2), sysreg_read(elr_el2));
	sysreg_write(far_el1, sysreg_read(far_el2));
	inject_host((ec << ESR_EC_SHIFT) | (esr & ESR_IL) | iss);
}

/* A stage 2 abort of the host; one that is no translation fault has no remedy in the map. */
static void host_abort(u64 esr)
{
	if (ESR_FSC(esr) == FSC_TLB_CONFLICT) {
		/* D8.14.2: what conflicts is in this CPU's TLB. */
		__asm__ volatile("dsb nshst; tlbi vmalls12e1; dsb nsh; isb" : : : "memory");
		return;
	}
	if (FSC_IS_TRANSLATION(ESR_FSC(esr)) &&
	    (host_fault(host_ipa()) == 0 || emulate_host(esr, host_ipa())))
		return;
	inject_host_abort(esr);
}

/*
 * What the core's call does not know of the machine: no VM is made where a device could reach its
 * memory, none runs without a GICv3, and a VM gets a device's registers only with the device. 0, or
 * an error.
 */
static s64 refusal(const u64 *x)
{
	switch (x[0] - CV_HOST_CALL_BASE) {
	case (u32)CV_CALL_REGISTER_VM - CV_HOST_CALL_BASE:
		return devices_confined() ? CV_OK : CV_NOT_SUPPORTED;
	case (u32)CV_CALL_VCPU_RUN - CV_HOST_CALL_BASE:
		return gic_usable() ? CV_OK : CV_NOT_SUPPORTED;
	case (u32)CV_CALL_MAP_IO - CV_HOST_CALL_BASE:
		return pci_may_claim(x[3], x[1]) ? CV_OK : CV_EPERM;
	default:
		return CV_OK;
	}
}

static void host_hvc(struct regs *regs)
{
	const u64 *x = regs->x;
	struct call_result result = {refusal(x), {0, 0, 0}};

	if (debug_call(regs))
		return;
	if (result.error == CV_OK)
		result = host_call(x[0], x[1], x[2], x[3], x[4], x[5], x[6]);
	regs->x[0] = (u64)result.error;
	regs->x[1] = result.value[0];
	regs->x[2] = result.value[1];
	regs->x[3] = result.value[2];
}

/* What is rarer than a hypercall. */
__attribute__((noinline)) static void host_trap(struct regs *regs, u64 esr)
{
	switch (ESR_EC(esr)) {
	case EC_SMC64:
		/* A trapped SMC returns to itself (D1.3.5.2). */
		sysreg_write(elr_el2, sysreg_read(elr_el2) + 4);
		firmware_host_smc(regs);
		break;
	case EC_DABT_LOW:
	case EC_IABT_LOW:
		host_abort(esr);
		break;
	default:
		/* A feature the core does not know: it is not there. */
		inject_host((EC_UNKNOWN << ESR_EC_SHIFT) | ESR_IL);
	}
}

struct vcpu_context *trap_sync(struct regs *regs)
{
	u64 esr = sysreg_read(esr_el2);

	smmu_poll();
	if (ESR_EC(esr) == EC_HVC64)
		host_hvc(regs);
	else
		host_trap(regs, esr);
	return this_cpu()->vm;
}

/* HCR_EL2.IMO, FMO and AMO are clear while the host runs: nothing comes here. */
struct vcpu_context *trap_irq(struct regs *regs)
{
	(void)regs;
	return NULL;
}

struct vcpu_context *trap_serror(struct regs *regs)
{
	(void)regs;
	return NULL;
}

_Noreturn void trap_fatal(u64 sp, u64 vector, u64 esr, u64 elr, u64 far)
{
	/* A stack fills the half of its slot that has bit 14 set. */
	bool overflow = (sp & STACK_SIZE) == 0 && sp >= VA_STACKS && sp < VA_DEVICES;

	log_line(LOG_FATAL, "fatal%s: vector %l on CPU %u: ESR %x ELR %x FAR %x SP %x",
		 overflow ? " (stack overflow)" : "", vector - 1, this_cpu()->index, esr, elr, far,
		 sp);
	for (;;)
		__asm__ volatile("wfi");
}
