/* SPDX-License-Identifier: BSD-3-Clause */
#include "gic.h"

#include "cpu.h"
#include "io.h"
#include "percpu.h"
#include "redist.h"
#include "sysreg.h"

/* Of SGI_base (12.9). */
#define GICR_ISENABLER0 0x100U
#define GICR_ICENABLER0 0x180U
/* PPIs (BSA 1.0, "PPI assignments"): GIC maintenance, virtual timer. */
#define PPI_MAINTENANCE 25U
#define PPI_VIRTUAL_TIMER 27U

/* ICH_HCR_EL2.En; ICH_VTR_EL2: list registers less one, preemption bits less one (12.5.11). */
#define ICH_HCR_EN 1ULL
#define VTR_NR_LR(vtr) (((vtr)&0x1f) + 1U)
#define VTR_PRE_BITS(vtr) ((((vtr) >> 26) & 7) + 1U)

/* ICH_LR<n>_EL2.State (12.5.6), CNTV_CTL_EL0.ISTATUS (D19.12.18). */
#define LR_STATE (3ULL << 62)
#define CNTV_CTL_ISTATUS 4ULL

void gic_init(void)
{
	for (u32 i = 0; i < nr_cpus; i++)
		percpu[i].redist = redist_sgi_base(percpu[i].mpidr);
}

bool gic_usable(void)
{
	return cpu_has(this_cpu()->features, CPU_GIC) && this_cpu()->redist != 0 &&
	       VTR_NR_LR(sysreg_read(SYS_ICH_VTR_EL2)) >= CV_RUN_NR_LR;
}

/* ICH_LR<n>_EL2: those that VMs use, and others there may be. */
/* clang-format off */
#define LIST_REGISTERS(X) \
	X(0, s3_4_c12_c12_0) X(1, s3_4_c12_c12_1) X(2, s3_4_c12_c12_2) X(3, s3_4_c12_c12_3)
#define SPARE_REGISTERS(X) \
	X(4, s3_4_c12_c12_4) X(5, s3_4_c12_c12_5) X(6, s3_4_c12_c12_6) X(7, s3_4_c12_c12_7) \
	X(8, s3_4_c12_c13_0) X(9, s3_4_c12_c13_1) X(10, s3_4_c12_c13_2) X(11, s3_4_c12_c13_3) \
	X(12, s3_4_c12_c13_4) X(13, s3_4_c12_c13_5) X(14, s3_4_c12_c13_6) X(15, s3_4_c12_c13_7)
/* Active priorities: one register of each group, two with 6 bits of preemption, four with 7. */
#define ACTIVE_PRIORITIES(X) \
	X(5, ICH_AP0R0, s3_4_c12_c8_0) X(5, ICH_AP1R0, s3_4_c12_c9_0) \
	X(6, ICH_AP0R1, s3_4_c12_c8_1) X(6, ICH_AP1R1, s3_4_c12_c9_1) \
	X(7, ICH_AP0R2, s3_4_c12_c8_2) X(7, ICH_AP1R2, s3_4_c12_c9_2) \
	X(7, ICH_AP0R3, s3_4_c12_c8_3) X(7, ICH_AP1R3, s3_4_c12_c9_3)
/* clang-format on */

#define LOAD_LR(n, reg) sysreg_write(reg, ctx->lr[n]);
#define SAVE_LR(n, reg) ctx->lr[n] = sysreg_read(reg);
#define CLEAR_LR(n, reg)           \
	if ((n) >= VTR_NR_LR(vtr)) \
		return;            \
	sysreg_write(reg, 0);
#define LOAD_APR(bits, name, reg) \
	if (pre_bits < (bits))    \
		return;           \
	sysreg_write(reg, sys[SYSREG_##name]);
#define SAVE_APR(bits, name, reg) \
	if (pre_bits < (bits))    \
		return;           \
	sys[SYSREG_##name] = sysreg_read(reg);

static void load_priorities(const u64 *sys, u64 pre_bits)
{
	ACTIVE_PRIORITIES(LOAD_APR)
}

static void save_priorities(u64 *sys, u64 pre_bits)
{
	ACTIVE_PRIORITIES(SAVE_APR)
}

void gic_init_cpu(void)
{
	u64 vtr;

	if (!cpu_has(this_cpu()->features, CPU_GIC))
		return;
	sysreg_write(SYS_ICC_SRE_EL2, ICC_SRE_HOST);
	isb();
	sysreg_write(SYS_ICH_HCR_EL2, 0);
	vtr = sysreg_read(SYS_ICH_VTR_EL2);
	SPARE_REGISTERS(CLEAR_LR)
}

/* Has the host given the vCPU its timer's interrupt? */
static bool timer_is_listed(const struct vcpu_context *ctx)
{
	for (u32 i = 0; i < CV_RUN_NR_LR; i++) {
		if ((ctx->lr[i] & LR_STATE) != 0 && (u32)ctx->lr[i] == PPI_VIRTUAL_TIMER)
			return true;
	}
	return false;
}

/* Had the timer fired when the vCPU was last stopped? Then the host knows (CV_RUN_TIMER). */
static bool timer_had_fired(const struct vcpu_context *ctx)
{
	u64 mask = CNTV_CTL_ENABLE | CNTV_CTL_IMASK | CNTV_CTL_ISTATUS;

	return (ctx->sys[SYSREG_CNTV_CTL_EL0] & mask) == (CNTV_CTL_ENABLE | CNTV_CTL_ISTATUS);
}

/*
 * The timer's interrupt is level-sensitive, and nobody acknowledges it at EL2. It stops with
 * CNTV_CTL_EL0 when the VM leaves. Where the host knows of it already, it stays disabled for this
 * run, or the VM would get nowhere: then the host gets the CPU back when the VM has dealt with
 * it, by the maintenance interrupt that it asked for in the list register. (Not if it has fired
 * only since the last exit: the host may have looked before that.)
 */
static void arm_interrupts(const struct percpu *cpu, const struct vcpu_context *ctx)
{
	u32 enable = 1U << PPI_MAINTENANCE;

	if (timer_had_fired(ctx) || timer_is_listed(ctx))
		io_write32(cpu->redist + GICR_ICENABLER0, 1U << PPI_VIRTUAL_TIMER);
	else
		enable |= 1U << PPI_VIRTUAL_TIMER;
	io_write32(cpu->redist + GICR_ISENABLER0, enable);
}

void gic_enter_vm(const struct vcpu_context *ctx)
{
	u64 vtr = sysreg_read(SYS_ICH_VTR_EL2);

	LIST_REGISTERS(LOAD_LR)
	load_priorities(ctx->sys, VTR_PRE_BITS(vtr));
	sysreg_write(SYS_ICH_VMCR_EL2, ctx->sys[SYSREG_ICH_VMCR]);
	sysreg_write(SYS_ICH_HCR_EL2, ICH_HCR_EN | ctx->gic_hcr);
	arm_interrupts(this_cpu(), ctx);
}

/* Without ICH_HCR_EL2.En the maintenance interrupt is not asserted either (12.5.4). */
void gic_leave_vm(struct vcpu_context *ctx)
{
	u64 vtr = sysreg_read(SYS_ICH_VTR_EL2);

	sysreg_write(SYS_ICH_HCR_EL2, 0);
	isb();
	LIST_REGISTERS(SAVE_LR)
	save_priorities(ctx->sys, VTR_PRE_BITS(vtr));
	ctx->sys[SYSREG_ICH_VMCR] = sysreg_read(SYS_ICH_VMCR_EL2);
}
