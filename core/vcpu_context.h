/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Everything a vCPU holds in registers while no CPU runs it: the state of
 * design section 7. arch/ moves it to and from the machine; the core reads
 * and writes only what emulation needs.
 */
#ifndef CORE_VCPU_CONTEXT_H
#define CORE_VCPU_CONTEXT_H

#include "core/types.h"
#include "corevisor/run.h"

/* EL1 and EL0 system registers of a vCPU, in the order they are saved. */
enum vcpu_sysreg {
	SYSREG_SCTLR_EL1,
	SYSREG_CPACR_EL1,
	SYSREG_TTBR0_EL1,
	SYSREG_TTBR1_EL1,
	SYSREG_TCR_EL1,
	SYSREG_ESR_EL1,
	SYSREG_AFSR0_EL1,
	SYSREG_AFSR1_EL1,
	SYSREG_FAR_EL1,
	SYSREG_MAIR_EL1,
	SYSREG_AMAIR_EL1,
	SYSREG_VBAR_EL1,
	SYSREG_CONTEXTIDR_EL1,
	SYSREG_TPIDR_EL1,
	SYSREG_TPIDR_EL0,
	SYSREG_TPIDRRO_EL0,
	SYSREG_CNTKCTL_EL1,
	SYSREG_PAR_EL1,
	SYSREG_MDSCR_EL1,
	SYSREG_CSSELR_EL1,
	SYSREG_ELR_EL1,
	SYSREG_SPSR_EL1,
	SYSREG_SP_EL0,
	SYSREG_SP_EL1,
	SYSREG_DISR_EL1,
	SYSREG_CNTV_CTL_EL0,
	SYSREG_CNTV_CVAL_EL0,
	SYSREG_CNTVOFF,
	SYSREG_APIAKEYLO_EL1,
	SYSREG_APIAKEYHI_EL1,
	SYSREG_APIBKEYLO_EL1,
	SYSREG_APIBKEYHI_EL1,
	SYSREG_APDAKEYLO_EL1,
	SYSREG_APDAKEYHI_EL1,
	SYSREG_APDBKEYLO_EL1,
	SYSREG_APDBKEYHI_EL1,
	SYSREG_APGAKEYLO_EL1,
	SYSREG_APGAKEYHI_EL1,
	SYSREG_ICH_VMCR,
	SYSREG_ICH_AP0R0,
	SYSREG_ICH_AP0R1,
	SYSREG_ICH_AP0R2,
	SYSREG_ICH_AP0R3,
	SYSREG_ICH_AP1R0,
	SYSREG_ICH_AP1R1,
	SYSREG_ICH_AP1R2,
	SYSREG_ICH_AP1R3,
	VCPU_NR_SYSREGS,
};

/* CNTV_CTL_EL0 (Arm ARM D19.12.18). */
#define CNTV_CTL_ENABLE 0x1ULL
#define CNTV_CTL_IMASK 0x2ULL

/* SPSR_EL2 of a vCPU that starts: EL1h, D, A, I and F masked (C5.2.19). */
#define PSTATE_RESET 0x3c5ULL
/* SCTLR_EL1 at reset: RES1 bits, MMU and caches off. */
#define SCTLR_EL1_RESET 0x30d00800ULL

struct vcpu_context {
	u64 x[31];
	u64 pc;
	u64 pstate;
	u64 sys[VCPU_NR_SYSREGS];
	u64 fp[64]; /* V0 to V31, low half first */
	u64 fpcr;
	u64 fpsr;
	u64 gic_hcr; /* CV_RUN_GIC_* bits */
	u64 lr[CV_RUN_NR_LR];
};

#endif
