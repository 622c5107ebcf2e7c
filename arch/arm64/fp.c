/* SPDX-License-Identifier: BSD-3-Clause */
#include "fp.h"

#include "cpu.h"
#include "percpu.h"
#include "sysreg.h"

/* Largest SVE state: 2,048 bits of vector; a predicate has an eighth (D8, "SVE"). */
#define SVE_MAX_BYTES 256U
#define SVE_STATE_SIZE (32U * SVE_MAX_BYTES + 17U * SVE_MAX_BYTES / 8U)

/* SVCR: streaming mode (D19.2.130). ID_AA64SMFR0_EL1: all of A64 in it, FFR too. */
#define SVCR_SM 1ULL
#define SMFR0_FA64 (1ULL << 63)

/* As fpsimd.S lays it out: the registers, FPCR, FPSR. */
struct host_fp {
	u64 fp[64];
	u64 fpcr;
	u64 fpsr;
	u64 svcr;
	u64 has_ffr;
	u8 sve[SVE_STATE_SIZE];
};

_Static_assert(offsetof(struct vcpu_context, fpcr) == offsetof(struct vcpu_context, fp) + 512 &&
		       offsetof(struct vcpu_context, fpsr) ==
			       offsetof(struct vcpu_context, fp) + 520,
	       "fpsimd.S");

static struct host_fp host_fp[CV_MAX_CPUS] __attribute__((aligned(16)));

void fp_save(u64 *to);
void fp_load(const u64 *from);
void sve_save(u8 *to, u64 has_ffr);
void sve_load(const u8 *from, u64 has_ffr);

/*
 * All of the host's vectors: a VM's write to a V register clears the rest of the Z register.
 * What a VM cannot reach stays where it is (ZA, ZT0, FPMR).
 */
static void save_host(struct host_fp *host, u32 features)
{
	bool fa64;

	host->svcr = cpu_has(features, CPU_SME) ? sysreg_read(SYS_SVCR) : 0;
	fp_save(host->fp);
	if ((host->svcr & SVCR_SM) == 0) {
		host->has_ffr = 1;
		if (cpu_has(features, CPU_SVE))
			sve_save(host->sve, 1);
		return;
	}
	fa64 = (sysreg_read(SYS_ID_AA64SMFR0) & SMFR0_FA64) != 0;
	host->has_ffr = fa64 ? 1 : 0;
	sve_save(host->sve, host->has_ffr);
	sysreg_write(SYS_SVCR, host->svcr & ~SVCR_SM);
}

static void load_host(const struct host_fp *host, u32 features)
{
	if (host->svcr & SVCR_SM)
		sysreg_write(SYS_SVCR, host->svcr);
	fp_load(host->fp);
	if (cpu_has(features, CPU_SVE) || (host->svcr & SVCR_SM) != 0)
		sve_load(host->sve, host->has_ffr);
}

void fp_enter_vm(void)
{
	struct percpu *cpu = this_cpu();

	sysreg_write(cptr_el2, CPTR_NO_TRAPS);
	isb();
	save_host(&host_fp[cpu->index], cpu->features);
	fp_load(cpu->vm->fp);
	cpu->fp_is_vm = 1;
	sysreg_write(cptr_el2, CPTR_VM);
}

void fp_leave_vm(void)
{
	struct percpu *cpu = this_cpu();

	if (cpu->fp_is_vm == 0)
		return;
	sysreg_write(cptr_el2, CPTR_NO_TRAPS);
	isb();
	fp_save(cpu->vm->fp);
	load_host(&host_fp[cpu->index], cpu->features);
	cpu->fp_is_vm = 0;
}
