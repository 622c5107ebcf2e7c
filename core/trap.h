/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Why a VM stopped running, decoded by arch/ from the syndrome, and what the
 * core does about it.
 */
#ifndef CORE_TRAP_H
#define CORE_TRAP_H

#include "core/lock.h"
#include "core/types.h"

enum vm_trap_kind {
	VM_TRAP_INTERRUPT, /* a physical interrupt or kick */
	VM_TRAP_FAULT, /* stage 2 fault */
	VM_TRAP_CALL, /* HVC or SMC */
	VM_TRAP_WFI, /* WFI; the PC is past it */
	VM_TRAP_SGI, /* write of ICC_SGI1R_EL1; the PC is past it */
};

/* Two registers' worth: it is passed by value (AAPCS64, 6.8.2). */
struct vm_trap {
	u64 address; /* FAULT: IPA in bytes. SGI: the value */
	u8 kind; /* enum vm_trap_kind */
	bool write; /* FAULT */
	bool decoded; /* FAULT: ESR_EL2.ISV, the fields below are known */
	u8 size; /* bytes, 1, 2, 4 or 8 */
	bool sign_extend;
	bool wide; /* 64-bit register */
	u8 reg; /* Xt, 0 to 31 (31: XZR) */
};

/*
 * The VM that runs on this CPU trapped. Its general registers, PC and PSTATE are
 * in its context (for a call the PC is past the instruction). When this
 * returns the machine continues whatever cpus[this CPU].vm says: the VM, or the host.
 * Locks held: none.
 */
/*@ ENTRY_REQUIRES
    terminates \true; exits \false;
    ENTRY_ENSURES */
void vm_trap(struct vm_trap trap);

#endif
