/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which features a VM sees. Each has a reason to be there: a field is passed on only if what it
 * announces works in a VM without the core's doing, or the world switch carries it (world.c).
 * Everything else is absent, and traps where the architecture can make it trap (cpu.c).
 */
#include "idreg.h"

#include "core/table.h"
#include "sysreg.h"

#define FIELD(shift) (0xfULL << (shift))

enum id_register {
	PFR0,
	PFR1,
	DFR0,
	ISAR0,
	ISAR1,
	ISAR2,
	MMFR0,
	MMFR1,
	MMFR2,
	NR_ID_REGISTERS,
};

/* CRm and op2 of each, and the fields that a VM sees (D19.2, by name). */
struct id_rule {
	u8 crm;
	u8 op2;
	u64 keep;
};

static const struct id_rule rules[NR_ID_REGISTERS] = {
	/* FP, AdvSIMD, GIC, DIT, CSV2, CSV3; EL0 and EL1: see limits. Not RAS, SVE, MPAM, AMU. */
	[PFR0] = {4, 0,
		  FIELD(0) | FIELD(4) | FIELD(16) | FIELD(20) | FIELD(24) | FIELD(48) | FIELD(56) |
			  FIELD(60)},
	/* BT, SSBS. Not MTE, SME, NMI, GCS. */
	[PFR1] = {4, 1, FIELD(0) | FIELD(4)},
	/* DebugVer, BRPs and WRPs, at their lowest. Not PMU, SPE, trace, BRBE. */
	[DFR0] = {5, 0, FIELD(0) | FIELD(12) | FIELD(20)},
	/* All instructions but TME. */
	[ISAR0] = {6, 0, ~FIELD(24)},
	/* All but XS and LS64. */
	[ISAR1] = {6, 1, ~(FIELD(56) | FIELD(60))},
	/* GPA3, APA3, BC, PAC_frac, CLRBHB, CSSC. Not WFxT, MOPS. */
	[ISAR2] = {6, 2, FIELD(8) | FIELD(12) | FIELD(20) | FIELD(24) | FIELD(28) | FIELD(52)},
	/* PARange, ASIDBits, BigEnd, BigEndEL0, TGran16, TGran64, TGran4, ExS. Not ECV, FGT. */
	[MMFR0] = {7, 0,
		   FIELD(0) | FIELD(4) | FIELD(8) | FIELD(16) | FIELD(20) | FIELD(24) | FIELD(28) |
			   FIELD(44)},
	/* HAFDBS, HPDS, PAN, ETS, nTLBPA, ECBHB. */
	[MMFR1] = {7, 1, FIELD(0) | FIELD(12) | FIELD(20) | FIELD(36) | FIELD(48) | FIELD(60)},
	/* CnP, UAO, LSM, VARange, CCIDX, ST, AT, IDS, TTL, BBM, E0PD. */
	[MMFR2] = {7, 2,
		   FIELD(0) | FIELD(4) | FIELD(8) | FIELD(16) | FIELD(20) | FIELD(28) | FIELD(32) |
			   FIELD(36) | FIELD(48) | FIELD(52) | FIELD(60)},
};

/* Fields of which a VM sees a lower version at most. */
struct id_limit {
	u8 reg;
	u8 shift;
	u8 max;
};

static const struct id_limit limits[] = {
	{PFR0, 0, 1}, /* EL0: AArch64 only; traps from AArch32 are not decoded */
	{PFR0, 4, 1}, /* EL1 */
	{PFR0, 24, 1}, /* GIC: version 3 */
	{PFR0, 56, 1}, /* CSV2: no SCXTNUM_ELx */
	{DFR0, 0, 6}, /* Armv8 debug, */
	{DFR0, 12, 1}, /* with two breakpoints, */
	{DFR0, 20, 1}, /* and two watchpoints: none of them works */
	{MMFR1, 0, 2}, /* HAFDBS: access flag and dirty state */
};

static u64 real_value(enum id_register reg)
{
	switch (reg) {
	case PFR0:
		return sysreg_read(id_aa64pfr0_el1);
	case PFR1:
		return sysreg_read(id_aa64pfr1_el1);
	case DFR0:
		return sysreg_read(id_aa64dfr0_el1);
	case ISAR0:
		return sysreg_read(id_aa64isar0_el1);
	case ISAR1:
		return sysreg_read(id_aa64isar1_el1);
	case ISAR2:
		return sysreg_read(SYS_ID_AA64ISAR2);
	case MMFR0:
		return sysreg_read(id_aa64mmfr0_el1);
	case MMFR1:
		return sysreg_read(id_aa64mmfr1_el1);
	case MMFR2:
		return sysreg_read(id_aa64mmfr2_el1);
	default:
		return 0;
	}
}

/* PARange: not more than stage 2 takes. */
static u32 pa_range(void)
{
	static const u8 bits[] = {32, 36, 40, 42, 44, 48};
	u32 range = 0;

	while (range + 1 < sizeof(bits) && bits[range + 1] <= table_geometry.ipa_bits)
		range++;
	return range;
}

static u64 lower(u64 value, u32 shift, u64 max)
{
	if (id_field(value, shift) <= max)
		return value;
	return (value & ~FIELD(shift)) | max << shift;
}

u64 idreg_vm_value(u32 crm, u32 op2)
{
	u32 reg = 0;
	u64 value;

	while (reg < NR_ID_REGISTERS && (rules[reg].crm != crm || rules[reg].op2 != op2))
		reg++;
	if (reg == NR_ID_REGISTERS)
		return 0;
	value = real_value((enum id_register)reg) & rules[reg].keep;
	for (u32 i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		if (limits[i].reg == reg)
			value = lower(value, limits[i].shift, limits[i].max);
	}
	return reg == MMFR0 ? lower(value, 0, pa_range()) : value;
}
