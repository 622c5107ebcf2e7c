/* SPDX-License-Identifier: BSD-3-Clause */
#include "emulate.h"

#include "its.h"
#include "pci.h"
#include "percpu.h"
#include "redist.h"
#include "sysreg.h"

/* Syndrome of a data abort with a valid register and size (D19.2.37). */
#define ISS_ISV (1ULL << 24)
#define ISS_SAS(esr) (((esr) >> 22) & 3)
#define ISS_SSE (1ULL << 21)
#define ISS_SRT(esr) (((esr) >> 16) & 0x1f)
#define ISS_SF (1ULL << 15)
#define REG_ZERO 31U

/* What a load puts into its register. */
static u64 extend(u64 esr, u32 size, u64 value)
{
	u32 shift = 64U - size * 8U;

	value = value << shift >> shift;
	if ((esr & ISS_SSE) != 0)
		value = (u64)((s64)(value << shift) >> shift);
	return (esr & ISS_SF) != 0 ? value : value & 0xffffffffULL;
}

bool emulate_host(u64 esr, u64 pa)
{
	u64 reg = ISS_SRT(esr);
	u64 *x = this_regs()->x;
	struct access a = {.pa = pa, .size = 1U << ISS_SAS(esr), .write = (esr & ESR_ISS_WNR) != 0};

	if (ESR_EC(esr) != EC_DABT_LOW || (esr & ISS_ISV) == 0 || (pa & (a.size - 1U)) != 0)
		return false;
	if (a.write && reg != REG_ZERO)
		a.value = x[reg];
	if (!pci_access(&a) && !its_access(&a) && !redist_access(&a))
		return false;
	if (!a.write && reg != REG_ZERO)
		x[reg] = extend(esr, a.size, a.value);
	sysreg_write(elr_el2, sysreg_read(elr_el2) + ((esr & ESR_IL) != 0 ? 4 : 2));
	return true;
}
