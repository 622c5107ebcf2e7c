/* SPDX-License-Identifier: BSD-3-Clause */
#include "cpu.h"

#include "core/descriptor.h"
#include "gic.h"
#include "percpu.h"
#include "sysreg.h"

u32 cpu_vmid_bits(void)
{
	return id_field(sysreg_read(id_aa64mmfr1_el1), 4) == 2 ? 16 : 8;
}

/* ID_AA64MMFR0_EL1.PARange (D19.2.64). */
static u32 address_bits(void)
{
	static const u8 bits[] = {32, 36, 40, 42, 44, 48, 52, 56};
	u64 range = id_field(sysreg_read(id_aa64mmfr0_el1), 0);

	return range < sizeof(bits) ? bits[range] : 48;
}

const char *cpu_missing(u32 ipa_bits)
{
	u64 mmfr0 = sysreg_read(id_aa64mmfr0_el1);

	if (sysreg_read(hcr_el2) & HCR_E2H)
		return "EL2 without VHE (HCR_EL2.E2H cannot be cleared)";
	if (address_bits() < ipa_bits)
		return "enough physical address bits for stage 2 (40)";
	/* TGran4: 0 and 1 are "supported"; TGran4_2: 1 is "not", 0 is "as TGran4". */
	if (id_field(mmfr0, 28) > 1 || id_field(mmfr0, 40) == 1)
		return "4 KB pages";
	return NULL;
}

/* Does the CPU have address authentication with any algorithm? */
static bool has_pauth(void)
{
	u64 isar1 = sysreg_read(id_aa64isar1_el1);
	u64 isar2 = sysreg_read(SYS_ID_AA64ISAR2);

	/* APA, API, GPA, GPI; APA3, GPA3. */
	return (isar1 & 0xff000ff0) != 0 || (isar2 & 0xff00) != 0;
}

static u32 feature_if(bool has, enum cpu_feature feature)
{
	return has ? (u32)feature : 0;
}

static u32 debug_features(void)
{
	u64 dfr0 = sysreg_read(id_aa64dfr0_el1);
	u64 pmu = id_field(dfr0, 8);
	u32 features = feature_if(pmu != 0 && pmu != 0xf, CPU_PMU);

	/* PMBIDR_EL1.P, TRBIDR_EL1.P: EL3 keeps the buffer for itself. */
	if (id_field(dfr0, 32) != 0)
		features |= feature_if((sysreg_read(SYS_PMBIDR) & 0x10) == 0, CPU_SPE);
	if (id_field(dfr0, 44) != 0)
		features |= feature_if((sysreg_read(SYS_TRBIDR) & 0x10) == 0, CPU_TRBE);
	features |= feature_if(id_field(dfr0, 40) != 0, CPU_TRF);
	return features | feature_if(id_field(dfr0, 52) != 0, CPU_BRBE);
}

static u32 find_features(void)
{
	u64 pfr0 = sysreg_read(id_aa64pfr0_el1);
	u64 pfr1 = sysreg_read(id_aa64pfr1_el1);
	u64 mmfr1 = sysreg_read(id_aa64mmfr1_el1);
	u64 fgt = id_field(sysreg_read(id_aa64mmfr0_el1), 56);

	return feature_if(has_pauth(), CPU_PAUTH) | feature_if(id_field(pfr0, 32) != 0, CPU_SVE) |
	       feature_if(id_field(pfr1, 24) != 0, CPU_SME) |
	       feature_if(id_field(pfr0, 28) != 0, CPU_RAS) |
	       feature_if(id_field(mmfr1, 16) != 0, CPU_LOR) |
	       feature_if(id_field(pfr0, 40) != 0, CPU_MPAM) |
	       feature_if(id_field(pfr0, 44) != 0, CPU_AMU) | feature_if(fgt >= 1, CPU_FGT) |
	       feature_if(fgt >= 2, CPU_FGT2) | feature_if(id_field(mmfr1, 40) != 0, CPU_HCX) |
	       feature_if(id_field(pfr0, 24) != 0, CPU_GIC) | debug_features();
}

/* HCR_EL2 of the host: it has what the CPU has. */
static u64 host_hcr(u32 features)
{
	u64 pfr0 = sysreg_read(id_aa64pfr0_el1);
	u64 hcr = HCR_RW | HCR_VM | HCR_TSC;

	if (cpu_has(features, CPU_PAUTH))
		hcr |= HCR_API | HCR_APK;
	if (id_field(sysreg_read(id_aa64pfr1_el1), 8) >= 2) /* MTE */
		hcr |= HCR_ATA;
	if (id_field(pfr0, 56) >= 2) /* CSV2: SCXTNUM_ELx */
		hcr |= HCR_ENSCXT;
	if (id_field(pfr0, 28) >= 2) /* RAS: error injection registers */
		hcr |= HCR_FIEN;
	return hcr;
}

/*
 * HCR_EL2 of a VM. Interrupts and SErrors come to EL2 (AMO, IMO, FMO), which also gives EL1
 * the virtual CPU interface of the GIC. What a VM does not have traps: WFI, SMC, ID registers,
 * IMPLEMENTATION DEFINED registers (TIDCP, TACR), set/way, LORegions, error records. FB and BSU:
 * its vCPUs move between CPUs, so what it does to one CPU's TLB must reach all. SCXTNUM_ELx,
 * MTE: bits left clear.
 */
static u64 vm_hcr(u32 features)
{
	u64 hcr = HCR_RW | HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB |
		  HCR_BSU_INNER | HCR_TWI | HCR_TID1 | HCR_TID3 | HCR_TSC | HCR_TIDCP | HCR_TACR |
		  HCR_TSW;

	if (cpu_has(features, CPU_PAUTH))
		hcr |= HCR_API | HCR_APK;
	if (cpu_has(features, CPU_LOR))
		hcr |= HCR_TLOR;
	if (cpu_has(features, CPU_RAS))
		hcr |= HCR_TERR;
	return hcr;
}

/* HCRX_EL2: features of the host that trap unless enabled. */
static u64 host_hcrx(void)
{
	u64 mmfr3 = sysreg_read(SYS_ID_AA64MMFR3);
	u64 ls64 = id_field(sysreg_read(id_aa64isar1_el1), 60);
	u64 hcrx = 0;

	if (id_field(sysreg_read(SYS_ID_AA64ISAR2), 16) != 0) /* MOPS */
		hcrx |= HCRX_MSCEN;
	if (id_field(mmfr3, 0) != 0) /* TCRX */
		hcrx |= HCRX_TCR2EN;
	if (id_field(mmfr3, 4) != 0) { /* SCTLRX */
		hcrx |= HCRX_SCTLR2EN;
		sysreg_write(SYS_SCTLR2_EL2, 0);
	}
	if (id_field(sysreg_read(id_aa64pfr1_el1), 44) != 0) /* GCS */
		hcrx |= HCRX_GCSEN;
	if (id_field(sysreg_read(SYS_ID_AA64PFR2), 32) != 0) /* FPMR */
		hcrx |= HCRX_ENFPM;
	if (ls64 >= 1)
		hcrx |= HCRX_ENALS;
	if (ls64 >= 2)
		hcrx |= HCRX_ENASR;
	if (ls64 >= 3)
		hcrx |= HCRX_ENAS0;
	return hcrx;
}

/*
 * Debug, PMU, profiling and trace are the host's. Profiling buffers are written
 * through EL1's stage 1 and the host's stage 2 (MDCR_EL2.E2PB, E2TB = 0b11).
 */
static u64 host_mdcr(u32 features)
{
	u64 mdcr = 0;

	if (cpu_has(features, CPU_PMU)) {
		mdcr |= (sysreg_read(pmcr_el0) >> 11) & MDCR_HPMN_MASK; /* PMCR_EL0.N */
		if (id_field(sysreg_read(id_aa64dfr0_el1), 8) >= 4)
			mdcr |= MDCR_HPMD; /* PMUv3p1: nothing is counted at EL2 */
	}
	if (cpu_has(features, CPU_SPE))
		mdcr |= MDCR_E2PB_EL1;
	if (cpu_has(features, CPU_TRBE))
		mdcr |= MDCR_E2TB_EL1;
	return mdcr;
}

/*
 * Fine-grained traps: `allow` is all ones for the host, which has everything, and 0 for a VM:
 * the bits of negative polarity trap what a VM does not have (GCS, SME, POE, ...).
 */
static void set_fine_traps(u32 features, u64 allow)
{
	if (!cpu_has(features, CPU_FGT))
		return;
	sysreg_write(SYS_HFGRTR_EL2, HFGXTR_NO_TRAPS & allow);
	sysreg_write(SYS_HFGWTR_EL2, HFGXTR_NO_TRAPS & allow);
	sysreg_write(SYS_HFGITR_EL2, HFGITR_NO_TRAPS & allow);
	sysreg_write(SYS_HDFGRTR_EL2, HDFGXTR_NO_TRAPS & allow);
	sysreg_write(SYS_HDFGWTR_EL2, HDFGXTR_NO_TRAPS & allow);
	if (!cpu_has(features, CPU_FGT2))
		return;
	sysreg_write(SYS_HFGRTR2_EL2, HFGXTR2_NO_TRAPS & allow);
	sysreg_write(SYS_HFGWTR2_EL2, HFGXTR2_NO_TRAPS & allow);
	sysreg_write(SYS_HFGITR2_EL2, HFGITR2_NO_TRAPS & allow);
	sysreg_write(SYS_HDFGRTR2_EL2, HDFGXTR2_NO_TRAPS & allow);
	sysreg_write(SYS_HDFGWTR2_EL2, HDFGXTR2_NO_TRAPS & allow);
}

void cpu_control_host(void)
{
	struct percpu *cpu = this_cpu();

	sysreg_write(hcr_el2, cpu->hcr);
	sysreg_write(mdcr_el2, cpu->mdcr);
	sysreg_write(cptr_el2, CPTR_NO_TRAPS);
	sysreg_write(cnthctl_el2, CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN);
	sysreg_write(vmpidr_el2, sysreg_read(mpidr_el1));
	if (cpu_has(cpu->features, CPU_GIC))
		sysreg_write(SYS_ICC_SRE_EL2, ICC_SRE_HOST);
	if (cpu_has(cpu->features, CPU_HCX))
		sysreg_write(SYS_HCRX_EL2, cpu->hcrx);
	if (cpu_has(cpu->features, CPU_MPAM))
		sysreg_write(SYS_MPAM2_EL2, 0);
	set_fine_traps(cpu->features, ~0ULL);
}

void cpu_control_vm(u64 vmpidr)
{
	struct percpu *cpu = this_cpu();

	sysreg_write(hcr_el2, cpu->hcr_vm);
	/* No debug, PMU, trace; profiling buffers are EL2's, where there is none. */
	sysreg_write(mdcr_el2, (cpu->mdcr & (MDCR_HPMN_MASK | MDCR_HPMD)) | MDCR_TPMCR | MDCR_TPM |
				       MDCR_TDA | MDCR_TDOSA | MDCR_TDRA | MDCR_TPMS | MDCR_TTRF);
	sysreg_write(cptr_el2, CPTR_VM | CPTR_TFP);
	/* The physical counter, but not its timer. */
	sysreg_write(cnthctl_el2, CNTHCTL_EL1PCTEN);
	sysreg_write(vmpidr_el2, vmpidr);
	sysreg_write(SYS_ICC_SRE_EL2, ICC_SRE_VM);
	if (cpu_has(cpu->features, CPU_HCX))
		sysreg_write(SYS_HCRX_EL2, 0);
	if (cpu_has(cpu->features, CPU_MPAM))
		sysreg_write(SYS_MPAM2_EL2, MPAM2_TRAPS);
	set_fine_traps(cpu->features, 0);
}

/* FP, SVE and SME are the host's, at the longest vectors the CPU has. */
static void init_vectors(u32 features)
{
	sysreg_write(cptr_el2, CPTR_NO_TRAPS);
	isb();
	if (cpu_has(features, CPU_SVE))
		sysreg_write(SYS_ZCR_EL2, 0x1ff);
	if (cpu_has(features, CPU_SME)) /* LEN, FA64, EZT0 */
		sysreg_write(SYS_SMCR_EL2, 0xf | (3ULL << 30));
}

/* VTCR_EL2 for tables as core/table.h says them. */
static u64 host_vtcr(u32 ipa_bits)
{
	u64 ps = id_field(sysreg_read(id_aa64mmfr0_el1), 0);
	u64 vtcr = VTCR_RES1 | VTCR_SH_INNER | VTCR_ORGN_WB | VTCR_IRGN_WB | (64U - ipa_bits);

	vtcr |= (ps > 5 ? 5 : ps) << VTCR_PS_SHIFT;
	vtcr |= ipa_bits < 44 ? VTCR_SL0_LEVEL1 : VTCR_SL0_LEVEL0;
	if (cpu_vmid_bits() == 16)
		vtcr |= VTCR_VS_16BIT;
	return vtcr;
}

static void find_cpu(struct percpu *cpu)
{
	cpu->features = find_features();
	cpu->hcr = host_hcr(cpu->features);
	cpu->hcr_vm = vm_hcr(cpu->features);
	cpu->mdcr = host_mdcr(cpu->features);
	cpu->hcrx = cpu_has(cpu->features, CPU_HCX) ? host_hcrx() : 0;
}

void cpu_init_host(u32 ipa_bits, u64 root_pa)
{
	struct percpu *cpu = this_cpu();

	find_cpu(cpu);
	init_vectors(cpu->features);
	gic_init_cpu();
	sysreg_write(cntvoff_el2, 0);
	sysreg_write(cnthp_ctl_el2, 0);
	sysreg_write(hstr_el2, 0);
	if (cpu_has(cpu->features, CPU_FGT) && cpu_has(cpu->features, CPU_AMU))
		sysreg_write(SYS_HAFGRTR_EL2, 0);
	sysreg_write(vpidr_el2, sysreg_read(midr_el1));
	sysreg_write(vtcr_el2, host_vtcr(ipa_bits));
	sysreg_write(vttbr_el2, root_pa); /* VMID 0 is the host's */
	sysreg_write(sctlr_el1, 0x30d00800); /* RES1 bits: MMU and caches off */
	cpu_control_host();
	isb();
	/* Nothing of what firmware left (D8.13.5, TLBI ALLE1; I-cache for VMID changes). */
	__asm__ volatile("tlbi alle1; ic iallu; dsb nsh; isb" : : : "memory");
}
