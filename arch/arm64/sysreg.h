/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * System registers: access, encodings the assembler does not know, and the
 * bits this core uses. Sections are of the Arm ARM, DDI 0487.
 */
#ifndef ARM64_SYSREG_H
#define ARM64_SYSREG_H

#include "core/types.h"

#define SYSREG_NAME(reg) #reg
/* The argument may be a macro for an encoding. */
#define sysreg_read(reg)                                                      \
	({                                                                    \
		u64 value_;                                                   \
		__asm__ volatile("mrs %0, " SYSREG_NAME(reg) : "=r"(value_)); \
		value_;                                                       \
	})
#define sysreg_write(reg, value) \
	__asm__ volatile("msr " SYSREG_NAME(reg) ", %x0" : : "rZ"((u64)(value)) : "memory")

/* Registers of optional features, by encoding. */
#define SYS_ID_AA64PFR2 s3_0_c0_c4_2
#define SYS_ID_AA64ISAR2 s3_0_c0_c6_2
#define SYS_ID_AA64MMFR3 s3_0_c0_c7_3
#define SYS_SCTLR2_EL2 s3_4_c1_c0_3
#define SYS_ZCR_EL2 s3_4_c1_c2_0
#define SYS_HCRX_EL2 s3_4_c1_c2_2
#define SYS_SMCR_EL2 s3_4_c1_c2_6
#define SYS_HFGRTR_EL2 s3_4_c1_c1_4
#define SYS_HFGWTR_EL2 s3_4_c1_c1_5
#define SYS_HFGITR_EL2 s3_4_c1_c1_6
#define SYS_HDFGRTR_EL2 s3_4_c3_c1_4
#define SYS_HDFGWTR_EL2 s3_4_c3_c1_5
#define SYS_HDFGRTR2_EL2 s3_4_c3_c1_0
#define SYS_HDFGWTR2_EL2 s3_4_c3_c1_1
#define SYS_HFGRTR2_EL2 s3_4_c3_c1_2
#define SYS_HFGWTR2_EL2 s3_4_c3_c1_3
#define SYS_HFGITR2_EL2 s3_4_c3_c1_7
#define SYS_HAFGRTR_EL2 s3_4_c3_c1_6
#define SYS_MPAM2_EL2 s3_4_c10_c5_0
#define SYS_ICC_SRE_EL2 s3_4_c12_c9_5
#define SYS_ICH_HCR_EL2 s3_4_c12_c11_0
#define SYS_ICH_VTR_EL2 s3_4_c12_c11_1
#define SYS_ICH_VMCR_EL2 s3_4_c12_c11_7
#define SYS_PMBIDR s3_0_c9_c10_7
#define SYS_TRBIDR s3_0_c9_c11_7
#define SYS_VDISR_EL2 s3_4_c12_c1_1
#define SYS_PMSCR_EL1 s3_0_c9_c9_0
#define SYS_TRFCR_EL1 s3_0_c1_c2_1
#define SYS_BRBCR_EL1 s2_1_c9_c0_0
#define SYS_ID_AA64SMFR0 s3_0_c0_c4_5
#define SYS_SVCR s3_3_c4_c2_2
#define SYS_APIAKEYLO_EL1 s3_0_c2_c1_0
#define SYS_APIAKEYHI_EL1 s3_0_c2_c1_1
#define SYS_APIBKEYLO_EL1 s3_0_c2_c1_2
#define SYS_APIBKEYHI_EL1 s3_0_c2_c1_3
#define SYS_APDAKEYLO_EL1 s3_0_c2_c2_0
#define SYS_APDAKEYHI_EL1 s3_0_c2_c2_1
#define SYS_APDBKEYLO_EL1 s3_0_c2_c2_2
#define SYS_APDBKEYHI_EL1 s3_0_c2_c2_3
#define SYS_APGAKEYLO_EL1 s3_0_c2_c3_0
#define SYS_APGAKEYHI_EL1 s3_0_c2_c3_1

/* A field of an ID register: four bits from `shift` on. */
static inline u64 id_field(u64 reg, u32 shift)
{
	return (reg >> shift) & 0xf;
}

/* HCR_EL2 (D19.2.48). */
#define HCR_VM (1ULL << 0)
#define HCR_SWIO (1ULL << 1)
#define HCR_PTW (1ULL << 2)
#define HCR_FMO (1ULL << 3)
#define HCR_IMO (1ULL << 4)
#define HCR_AMO (1ULL << 5)
#define HCR_FB (1ULL << 9)
#define HCR_BSU_INNER (1ULL << 10)
#define HCR_TWI (1ULL << 13)
#define HCR_TID1 (1ULL << 16)
#define HCR_TID3 (1ULL << 18)
#define HCR_TSC (1ULL << 19)
#define HCR_TIDCP (1ULL << 20)
#define HCR_TACR (1ULL << 21)
#define HCR_TSW (1ULL << 22)
#define HCR_RW (1ULL << 31)
#define HCR_E2H (1ULL << 34)
#define HCR_TLOR (1ULL << 35)
#define HCR_TERR (1ULL << 36)
#define HCR_APK (1ULL << 40)
#define HCR_API (1ULL << 41)
#define HCR_FIEN (1ULL << 47)
#define HCR_ENSCXT (1ULL << 53)
#define HCR_ATA (1ULL << 56)

/* HCRX_EL2 (D19.2.49). */
#define HCRX_ENAS0 (1ULL << 0)
#define HCRX_ENALS (1ULL << 1)
#define HCRX_ENASR (1ULL << 2)
#define HCRX_MSCEN (1ULL << 11)
#define HCRX_TCR2EN (1ULL << 14)
#define HCRX_SCTLR2EN (1ULL << 15)
#define HCRX_GCSEN (1ULL << 22)
#define HCRX_ENFPM (1ULL << 23)

/*
 * Fine-grained traps with negative polarity ("n" bits: 1 = no trap), all of
 * them: the host gets what the CPU has (D19.2.41, D19.2.39, D19.2.24).
 */
#define HFGXTR_NO_TRAPS 0xfff4000000000000ULL
#define HFGITR_NO_TRAPS 0x0f80000000000000ULL
#define HDFGXTR_NO_TRAPS 0x7800000000000000ULL

/* FEAT_FGT2: all of them are of that kind, but TSBCSYNC, bit 0 of HFGITR2_EL2. */
#define HFGXTR2_NO_TRAPS 0x7fffULL
#define HDFGXTR2_NO_TRAPS 0x1ffffffULL
#define HFGITR2_NO_TRAPS 0x2ULL

/* CPTR_EL2 with E2H clear (D19.2.35): RES1 bits without TFP, TZ, TSM. */
#define CPTR_NO_TRAPS 0x22ffULL
#define CPTR_TZ (1ULL << 8)
#define CPTR_TFP (1ULL << 10)
#define CPTR_TSM (1ULL << 12)
#define CPTR_TTA (1ULL << 20)
#define CPTR_TAM (1ULL << 30)
/* SVE, SME, trace and activity monitors trap. */
#define CPTR_VM (CPTR_NO_TRAPS | CPTR_TZ | CPTR_TSM | CPTR_TTA | CPTR_TAM)

/* ICC_SRE_EL2 (IHI 0069, 12.2.25): SRE, DFB, DIB; without Enable ICC_SRE_EL1 traps. */
#define ICC_SRE_VM 0x7ULL
#define ICC_SRE_HOST 0xfULL

/* MPAM2_EL2: traps of MPAM0_EL1, MPAM1_EL1 (D19.7). */
#define MPAM2_TRAPS (3ULL << 48)

/* CNTHCTL_EL2 with E2H clear (D19.12.2). */
#define CNTHCTL_EL1PCTEN (1ULL << 0)
#define CNTHCTL_EL1PCEN (1ULL << 1)

/* TCR_EL1: no walks from TTBR0, TTBR1 (D19.2.139). */
#define TCR_EPD0 (1ULL << 7)
#define TCR_EPD1 (1ULL << 23)

/* MPIDR_EL1: RES1 (D19.2.98). PMCR_EL0: counters count (D19.5.12). */
#define MPIDR_RES1 (1ULL << 31)
#define PMCR_E (1ULL << 0)

/* VTCR_EL2 (D19.2.179). */
#define VTCR_RES1 (1ULL << 31)
#define VTCR_VS_16BIT (1ULL << 19)
#define VTCR_PS_SHIFT 16
#define VTCR_SH_INNER (3ULL << 12)
#define VTCR_ORGN_WB (1ULL << 10)
#define VTCR_IRGN_WB (1ULL << 8)
#define VTCR_SL0_LEVEL0 (2ULL << 6)
#define VTCR_SL0_LEVEL1 (1ULL << 6)

/* MDCR_EL2 (D19.3.16). */
#define MDCR_HPMN_MASK 0x1fULL
#define MDCR_TPMCR (1ULL << 5)
#define MDCR_TPM (1ULL << 6)
#define MDCR_TDA (1ULL << 9)
#define MDCR_TDOSA (1ULL << 10)
#define MDCR_TDRA (1ULL << 11)
#define MDCR_TPMS (1ULL << 14)
#define MDCR_TTRF (1ULL << 19)
#define MDCR_TDCC (1ULL << 27)
#define MDCR_E2PB_EL1 (3ULL << 12)
#define MDCR_HPMD (1ULL << 17)
#define MDCR_E2TB_EL1 (3ULL << 24)

/* ESR_ELx (D19.2.37): exception classes and data abort syndrome. */
#define ESR_EC(esr) (((esr) >> 26) & 0x3f)
#define ESR_EC_SHIFT 26
#define EC_UNKNOWN 0x00ULL
#define EC_WFX 0x01ULL
#define EC_FP 0x07ULL
#define EC_HVC64 0x16ULL
#define EC_SMC64 0x17ULL
#define EC_SYSREG 0x18ULL
#define EC_IABT_LOW 0x20ULL
#define EC_IABT_SAME 0x21ULL
#define EC_DABT_LOW 0x24ULL
#define EC_DABT_SAME 0x25ULL
#define ESR_IL (1ULL << 25)
#define ESR_ISS_WNR (1ULL << 6)
#define ESR_ISS_S1PTW (1ULL << 7)
#define ESR_ISS_CM (1ULL << 8)
#define ESR_ISS_FNV (1ULL << 10)
#define ESR_ISS_SF (1ULL << 15)
#define ESR_ISS_SRT(esr) (((esr) >> 16) & 0x1f)
#define ESR_ISS_SSE (1ULL << 21)
#define ESR_ISS_SAS(esr) (((esr) >> 22) & 3)
#define ESR_ISS_ISV (1ULL << 24)
#define ESR_FSC(esr) ((esr)&0x3f)
#define FSC_EXTERNAL 0x10ULL
#define FSC_ALIGNMENT 0x21ULL
#define FSC_TLB_CONFLICT 0x30ULL
#define FSC_IS_TRANSLATION(fsc) (((fsc)&0x3c) == 0x04)

/* CTR_EL0: instruction caches need no invalidation (D19.2.33). */
#define CTR_DIC (1ULL << 29)
/* DCZID_EL0 (D19.2.36): DZP, that DC ZVA may not be used, and the log2 of words that it writes. */
#define DCZID_FIELDS 0x1fULL

/* HPFAR_EL2.FIPA: bits 47:12 of the faulting IPA, from bit 4 (D19.2.57). */
#define HPFAR_TO_IPA(hpfar) (((hpfar)&0x00000ffffffffff0ULL) << 8)
/* PAR_EL1 after AT (D19.2.126). */
#define PAR_F 1ULL
#define PAR_ADDR_MASK 0x000ffffffffff000ULL

/* SPSR / PSTATE (C5.2.19). */
#define SPSR_EL1H 0x5ULL
#define SPSR_MODE_MASK 0xfULL
#define SPSR_AARCH32 0x10ULL
#define SPSR_DAIF 0x3c0ULL
#define SPSR_BTYPE (3ULL << 10)
#define SPSR_SSBS (1ULL << 12)
#define SPSR_ALLINT (1ULL << 13)
#define SPSR_SS (1ULL << 21)
#define SPSR_PAN (1ULL << 22)
#define SPSR_UAO (1ULL << 23)
#define SPSR_DIT (1ULL << 24)
#define SPSR_TCO (1ULL << 25)
#define SPSR_NZCV 0xf0000000ULL

/* SCTLR_EL1 (D19.2.118): what exception entry looks at. */
#define SCTLR_EL1_SPAN (1ULL << 23)
#define SCTLR_EL1_DSSBS (1ULL << 44)
#define SCTLR_EL1_SPINTMASK (1ULL << 62)

static inline void isb(void)
{
	__asm__ volatile("isb" : : : "memory");
}

static inline void dsb_sy(void)
{
	__asm__ volatile("dsb sy" : : : "memory");
}

static inline void dsb_ish(void)
{
	__asm__ volatile("dsb ish" : : : "memory");
}

#endif
