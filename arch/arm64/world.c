/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The world switch (core/machine.h): from the host to a VM and back, on this CPU.
 *
 * The general registers are vectors.S's business: the host's stay on the CPU's stack while a VM
 * runs, a VM's go to its context at every trap. FP registers: fp.c. What neither world can
 * reach (registers of features that trap) is not switched.
 */
#include "core/machine.h"

#include "core/state.h"
#include "cpu.h"
#include "fp.h"
#include "gic.h"
#include "percpu.h"
#include "stage2.h"
#include "sysreg.h"

extern char vectors[], vm_vectors[];

/* What the host has on a CPU while a VM runs there. */
struct host_state {
	u64 sys[VCPU_NR_SYSREGS];
	u64 elr;
	u64 spsr;
	u64 pmcr;
	u64 pmscr;
	u64 trfcr;
	u64 brbcr;
};

static struct host_state host_states[CV_MAX_CPUS];

/*
 * Registers of EL1 and EL0 that both worlds have. TCR_EL1 comes on its own (block_walks). The
 * timer stops with the first that is loaded, CNTV_CTL_EL0 being 0 or its own again at the end.
 */
/* clang-format off */
#define EL1_REGISTERS(X) \
	X(SCTLR_EL1, sctlr_el1) X(CPACR_EL1, cpacr_el1) X(TTBR0_EL1, ttbr0_el1) \
	X(TTBR1_EL1, ttbr1_el1) X(ESR_EL1, esr_el1) X(AFSR0_EL1, afsr0_el1) \
	X(AFSR1_EL1, afsr1_el1) X(FAR_EL1, far_el1) X(MAIR_EL1, mair_el1) \
	X(AMAIR_EL1, amair_el1) X(VBAR_EL1, vbar_el1) X(CONTEXTIDR_EL1, contextidr_el1) \
	X(TPIDR_EL1, tpidr_el1) X(TPIDR_EL0, tpidr_el0) X(TPIDRRO_EL0, tpidrro_el0) \
	X(CNTKCTL_EL1, cntkctl_el1) X(PAR_EL1, par_el1) X(MDSCR_EL1, mdscr_el1) \
	X(CSSELR_EL1, csselr_el1) X(ELR_EL1, elr_el1) X(SPSR_EL1, spsr_el1) \
	X(SP_EL0, sp_el0) X(SP_EL1, sp_el1) X(CNTVOFF, cntvoff_el2) \
	X(CNTV_CVAL_EL0, cntv_cval_el0) X(CNTV_CTL_EL0, cntv_ctl_el0)

#define PAUTH_REGISTERS(X) \
	X(APIAKEYLO_EL1, SYS_APIAKEYLO_EL1) X(APIAKEYHI_EL1, SYS_APIAKEYHI_EL1) \
	X(APIBKEYLO_EL1, SYS_APIBKEYLO_EL1) X(APIBKEYHI_EL1, SYS_APIBKEYHI_EL1) \
	X(APDAKEYLO_EL1, SYS_APDAKEYLO_EL1) X(APDAKEYHI_EL1, SYS_APDAKEYHI_EL1) \
	X(APDBKEYLO_EL1, SYS_APDBKEYLO_EL1) X(APDBKEYHI_EL1, SYS_APDBKEYHI_EL1) \
	X(APGAKEYLO_EL1, SYS_APGAKEYLO_EL1) X(APGAKEYHI_EL1, SYS_APGAKEYHI_EL1)
/* clang-format on */

#define SAVE(name, reg) sys[SYSREG_##name] = sysreg_read(reg);
#define LOAD(name, reg) sysreg_write(reg, sys[SYSREG_##name]);

static void save_sysregs(u64 *sys, u32 features)
{
	EL1_REGISTERS(SAVE)
	SAVE(TCR_EL1, tcr_el1)
	if (cpu_has(features, CPU_PAUTH)) {
		PAUTH_REGISTERS(SAVE)
	}
}

static void load_sysregs(const u64 *sys, u32 features)
{
	EL1_REGISTERS(LOAD)
	if (cpu_has(features, CPU_PAUTH)) {
		PAUTH_REGISTERS(LOAD)
	}
}

/*
 * Neither world's tables are walked while registers of both are in the CPU: some CPUs do so
 * speculatively (Cortex-A57 erratum 1319537 and its like).
 */
static void block_walks(void)
{
	sysreg_write(tcr_el1, sysreg_read(tcr_el1) | TCR_EPD0 | TCR_EPD1);
	isb();
}

static void use_stage2(u32 map, u64 tcr)
{
	sysreg_write(vttbr_el2, map_vttbr(map));
	isb();
	sysreg_write(tcr_el1, tcr);
}

/*
 * Nothing of the host records what a VM does: not its PMU, whose counters count EL1, nor
 * profiling, trace and branch records. What is under way is written out first, with the
 * host's tables (D17.8 PSB CSYNC, D4.5 TSB CSYNC).
 */
static void stop_recording(struct host_state *host, u32 features)
{
	if (cpu_has(features, CPU_PMU)) {
		host->pmcr = sysreg_read(pmcr_el0);
		if (host->pmcr & PMCR_E)
			sysreg_write(pmcr_el0, host->pmcr & ~PMCR_E);
	}
	if (cpu_has(features, CPU_BRBE)) {
		host->brbcr = sysreg_read(SYS_BRBCR_EL1);
		sysreg_write(SYS_BRBCR_EL1, 0);
	}
	if (cpu_has(features, CPU_SPE)) {
		host->pmscr = sysreg_read(SYS_PMSCR_EL1);
		sysreg_write(SYS_PMSCR_EL1, 0);
		__asm__ volatile("isb; hint #17; dsb nsh" : : : "memory");
	}
	if (cpu_has(features, CPU_TRF)) {
		host->trfcr = sysreg_read(SYS_TRFCR_EL1);
		sysreg_write(SYS_TRFCR_EL1, 0);
		__asm__ volatile("isb; hint #18; dsb nsh" : : : "memory");
	}
}

static void resume_recording(const struct host_state *host, u32 features)
{
	if (cpu_has(features, CPU_PMU) && (host->pmcr & PMCR_E) != 0)
		sysreg_write(pmcr_el0, host->pmcr);
	if (cpu_has(features, CPU_BRBE))
		sysreg_write(SYS_BRBCR_EL1, host->brbcr);
	if (cpu_has(features, CPU_SPE))
		sysreg_write(SYS_PMSCR_EL1, host->pmscr);
	if (cpu_has(features, CPU_TRF))
		sysreg_write(SYS_TRFCR_EL1, host->trfcr);
}

/*
 * Two vCPUs of a VM share its VMID, but not stage 1: what the one that ran here last left in
 * this CPU's TLB goes (D8.14, TLBI VMALLE1 with the VM's VMID).
 */
static void forget_other_vcpu(struct percpu *cpu, u32 vm, u32 slot)
{
	if (cpu->last_slot[vm] == slot + 1)
		return;
	cpu->last_slot[vm] = (u16)(slot + 1);
	__asm__ volatile("tlbi vmalle1; dsb nsh" : : : "memory");
}

/* Affinity of a vCPU, as core/psci.c takes it. */
static u64 vcpu_mpidr(u32 slot)
{
	u64 id = vcpus[slot].id;

	return MPIDR_RES1 | (id / 16) << 8 | id % 16;
}

void machine_enter_vm(u32 vm, u32 slot)
{
	struct percpu *cpu = this_cpu();
	struct host_state *host = &host_states[cpu->index];
	struct vcpu_context *ctx = &vcpu_contexts[slot];

	host->elr = sysreg_read(elr_el2);
	host->spsr = sysreg_read(spsr_el2);
	stop_recording(host, cpu->features);
	save_sysregs(host->sys, cpu->features);
	block_walks();
	load_sysregs(ctx->sys, cpu->features);
	/* With HCR_EL2.AMO, DISR_EL1 of EL1 is this one; the host has none. */
	if (cpu_has(cpu->features, CPU_RAS))
		sysreg_write(SYS_VDISR_EL2, ctx->sys[SYSREG_DISR_EL1]);
	cpu_control_vm(vcpu_mpidr(slot));
	use_stage2(vm, ctx->sys[SYSREG_TCR_EL1]);
	forget_other_vcpu(cpu, vm, slot);
	gic_enter_vm(ctx);
	sysreg_write(vbar_el2, vm_vectors);
	cpu->vm = ctx;
}

void machine_leave_vm(u32 vm, u32 slot)
{
	struct percpu *cpu = this_cpu();
	struct host_state *host = &host_states[cpu->index];
	struct vcpu_context *ctx = &vcpu_contexts[slot];

	(void)vm;
	gic_leave_vm(ctx);
	fp_leave_vm();
	save_sysregs(ctx->sys, cpu->features);
	block_walks();
	load_sysregs(host->sys, cpu->features);
	if (cpu_has(cpu->features, CPU_RAS)) {
		ctx->sys[SYSREG_DISR_EL1] = sysreg_read(SYS_VDISR_EL2);
		sysreg_write(SYS_VDISR_EL2, 0);
	}
	cpu_control_host();
	use_stage2(MAP_HOST, host->sys[SYSREG_TCR_EL1]);
	resume_recording(host, cpu->features);
	sysreg_write(elr_el2, host->elr);
	sysreg_write(spsr_el2, host->spsr);
	sysreg_write(vbar_el2, vectors);
	cpu->vm = NULL;
}

/*
 * Nothing to do. A VM that is powered off gets no further than its next trap (core/trap.c),
 * and until then it reaches only memory that is still its own: each frame that is reclaimed
 * is unmapped first, on every CPU. The host, which wants its CPU back, sends that CPU an
 * interrupt of its own, as for any other reason; the core has none that the host would know.
 */
void machine_kick_vm(u32 vm)
{
	(void)vm;
}
