/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The guest: no MMU (but for one test), no interrupts until asked for. X0 of its first vCPU says
 * what to do. What it finds wrong it reports, and counts.
 */
#include "guest.h"

#include <stdbool.h>
#include <stdint.h>

#include "corevisor/hypercall.h"
#include "sysregs.h"

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

#define REG_NAME(reg) #reg
#define reg_read(reg)                                                                   \
	({                                                                              \
		u64 value_;                                                             \
		__asm__ volatile("mrs %0, " REG_NAME(reg) : "=r"(value_) : : "memory"); \
		value_;                                                                 \
	})
#define reg_write(reg, value) \
	__asm__ volatile("msr " REG_NAME(reg) ", %x0; isb" : : "rZ"((u64)(value)) : "memory")

#define PSCI_VERSION 0x84000000U
#define PSCI_CPU_SUSPEND 0xc4000001U
#define PSCI_CPU_OFF 0x84000002U
#define PSCI_CPU_ON 0xc4000003U
#define PSCI_AFFINITY_INFO 0xc4000004U
#define PSCI_SYSTEM_OFF 0x84000008U
#define SMCCC_VERSION 0x80000000U

#define ICC_PMR s3_0_c4_c6_0
#define ICC_IAR1 s3_0_c12_c12_0
#define ICC_EOIR1 s3_0_c12_c12_1
#define ICC_IGRPEN1 s3_0_c12_c12_7
#define ICC_SGI1R s3_0_c12_c11_5

/* As guest_asm.S lays it out. */
struct block {
	u64 in[32];
	u64 out[32];
	u64 saved[16];
};

void around_hvc(struct block *b);
void around_smc(struct block *b);
void around_wfi(struct block *b);
void around_ldr(struct block *b);
void around_ldr_w(struct block *b);
void around_ldrsw(struct block *b);
void around_ldrh(struct block *b);
void around_ldrsh(struct block *b);
void around_ldrsh_w(struct block *b);
void around_ldrb(struct block *b);
void around_ldrsb(struct block *b);
void around_ldr_zr(struct block *b);
void around_str(struct block *b);
void around_str_w(struct block *b);
void around_strh(struct block *b);
void around_strb(struct block *b);
void around_str_zr(struct block *b);
void around_sgi(struct block *b);
void around_id(struct block *b);
void fp_fill(u64 seed);
u64 fp_check(u64 seed);
u64 fp_nonzero(void);
void hvc4(u32 x0, u64 x1, u64 x2, u64 x3, u64 *out);
void smc4(u32 x0, u64 x1, u64 x2, u64 x3, u64 *out);
u64 repeat_nothing(u64 n, u64 argument);
u64 repeat_id(u64 n, u64 argument);
u64 repeat_write(u64 n, u64 argument);
u64 repeat_read(u64 n, u64 argument);
u64 repeat_touch(u64 n, u64 argument);
u64 repeat_hvc(u64 n, u64 argument);
u64 repeat_share(u64 n, u64 page, u32 share, u32 unshare);
void guest_secondary(void);

static volatile u64 errors;
static volatile u64 faults;
static volatile u64 fault_esr;
static volatile u64 fault_far;
static volatile u64 irqs[1024];
static volatile u64 second_alive;
static volatile u64 timer_period;

static void report(u32 n, u64 value)
{
	/* One that the syndrome describes: no pair, no writeback (D19.2.37, ISV). */
	__asm__ volatile("str %0, [%1]" : : "r"(value), "r"(REPORT + 8ULL * n) : "memory");
}

/* A wrong value: where, what. */
static void expect(u32 line, u64 got, u64 want)
{
	if (got == want)
		return;
	errors++;
	report(0x1f0, line);
	report(0x1f1, got);
	report(0x1f2, want);
}
#define EXPECT(got, want) expect(__LINE__, (u64)(got), (u64)(want))

/* Exceptions: step over it, and remember. */
void guest_sync(void);
void guest_sync(void)
{
	faults++;
	fault_esr = reg_read(esr_el1);
	fault_far = reg_read(far_el1);
	/* A fetch that failed: on to where TPIDR_EL1 says. */
	if (fault_esr >> 26 == 0x21)
		reg_write(elr_el1, reg_read(tpidr_el1));
	else
		reg_write(elr_el1, reg_read(elr_el1) + 4);
}

void guest_serror(void);
void guest_serror(void)
{
	EXPECT(1, 0);
}

void guest_irq(void);
void guest_irq(void)
{
	u64 intid = reg_read(ICC_IAR1);

	if (intid >= 1020)
		return;
	irqs[intid]++;
	if (intid == 27) {
		if (timer_period == 0)
			reg_write(cntv_ctl_el0, 0);
		else
			reg_write(cntv_cval_el0, reg_read(cntvct_el0) + timer_period);
	}
	reg_write(ICC_EOIR1, intid);
}

static u64 hvc(u32 id, u64 a1, u64 a2, u64 a3)
{
	u64 out[4];

	hvc4(id, a1, a2, a3, out);
	return out[0];
}

static void calls(void)
{
	u64 out[4];

	EXPECT(hvc(PSCI_VERSION, 0, 0, 0), 0x10001);
	smc4(PSCI_VERSION, 0, 0, 0, out);
	EXPECT(out[0], 0x10001);
	EXPECT(hvc(SMCCC_VERSION, 0, 0, 0), 0x10002);
	EXPECT(hvc(0xc6001234, 0, 0, 0), ~0ULL);
	EXPECT(hvc(CV_CALL_INFO, 0, 0, 0), ~0ULL);
	hvc4(CV_UID_CALL, 0, 0, 0, out);
	EXPECT(out[0], CV_UID_0);
	EXPECT(out[1], CV_UID_1);
	EXPECT(out[2], CV_UID_2);
	EXPECT(out[3], CV_UID_3);
	for (u32 part = 0; part < 2; part++) {
		hvc4(CV_GUEST_MEASUREMENT, part, 0, 0, out);
		EXPECT(out[0], 0);
		for (u32 i = 0; i < 3; i++)
			report(1 + part * 3 + i, out[i + 1]);
	}
}

/* `what` leaves all registers alone but X`changed`, or those of a mask. */
static void around(void (*what)(struct block *), struct block *b, u64 changed)
{
	what(b);
	for (u32 i = 0; i < 31; i++) {
		if ((changed >> i & 1) == 0)
			expect(0x10000 + i, b->out[i], b->in[i]);
	}
}

static void secrets(struct block *b)
{
	for (u32 i = 0; i < 31; i++)
		b->in[i] = (u64)SECRET << 32 | i;
}

static void regs(void)
{
	static struct block b;

	secrets(&b);
	b.in[0] = PSCI_CPU_SUSPEND;
	around(around_hvc, &b, 0xf);
	around(around_smc, &b, 0xf);
	b.in[0] = PSCI_VERSION;
	around(around_hvc, &b, 0xf);
	around(around_smc, &b, 0xf);
	secrets(&b);
	around(around_wfi, &b, 0);
	around(around_id, &b, 1U << 3);
	b.in[3] = 1ULL << 24 | 1;
	around(around_sgi, &b, 0);
	secrets(&b);
	b.in[2] = DEVICE;
	b.in[3] = 0x1234;
	around(around_str, &b, 0);
	secrets(&b);
	b.in[2] = DEVICE + 8;
	around(around_ldr, &b, 1U << 3);
	EXPECT(b.out[3], 0x8877665544332211);
	/* A page of RAM that is not there yet: read, and write. */
	secrets(&b);
	b.in[2] = GUEST_BASE + 0x800000;
	around(around_ldr, &b, 1U << 3);
	EXPECT(b.out[3], 0);
	secrets(&b);
	b.in[2] = GUEST_BASE + 0x801000;
	around(around_str, &b, 0);
	EXPECT(*(volatile u64 *)(GUEST_BASE + 0x801000), b.in[3]);
}

#define FILL_REG(reg)                               \
	reg_write(reg, (u64)SECRET << 32 | SECRET); \
	want[n++] = reg_read(reg);
#define CHECK_REG(reg) expect(0x20000 + n, reg_read(reg), want[n]), n++;
#define ZERO_REG(reg) expect(0x30000 + n, reg_read(reg), 0), n++;

static void sysregs(void)
{
	u64 want[MAX_SYSREGS] = {0};
	bool keys = HAS_KEYS(reg_read(id_aa64isar1_el1), reg_read(s3_0_c0_c6_2));
	u32 n = 0;

	reg_write(cntv_ctl_el0, 0);
	/* A fresh vCPU has nothing of anybody in them. */
	PLAIN_SYSREGS(ZERO_REG)
	if (keys) {
		KEY_SYSREGS(ZERO_REG)
	}
	n = 0;
	PLAIN_SYSREGS(FILL_REG)
	if (keys) {
		KEY_SYSREGS(FILL_REG)
	}
	report(1, 0);
	__asm__ volatile("wfi");
	n = 0;
	PLAIN_SYSREGS(CHECK_REG)
	if (keys) {
		KEY_SYSREGS(CHECK_REG)
	}
	report(2, n);
}

/* The first look at FP registers: nothing of the host or another VM is in them. */
static void fp_fresh(void)
{
	EXPECT(fp_nonzero(), 0);
	EXPECT(reg_read(fpcr), 0);
	EXPECT(reg_read(fpsr), 0);
}

static void fp(void)
{
	u64 seed = (u64)SECRET << 32;

	fp_fresh();
	fp_fill(seed);
	reg_write(fpcr, 1 << 24);
	reg_write(fpsr, 0x1f);
	report(1, 0);
	EXPECT(fp_check(seed), 0);
	EXPECT(reg_read(fpcr), 1 << 24);
	EXPECT(reg_read(fpsr), 0x1f);
	__asm__ volatile("wfi");
	EXPECT(hvc(PSCI_VERSION, 0, 0, 0), 0x10001);
	EXPECT(fp_check(seed), 0);
	/* An exit before the registers are used in that run, and one after. */
	report(2, 0);
	report(3, 0);
	EXPECT(fp_check(seed), 0);
}

static void load(void (*what)(struct block *), u64 want)
{
	static struct block b;

	secrets(&b);
	b.in[2] = DEVICE + 8;
	around(what, &b, 1U << 3);
	EXPECT(b.out[3], want);
}

static void store(void (*what)(struct block *))
{
	static struct block b;

	secrets(&b);
	b.in[2] = DEVICE;
	b.in[3] = 0x8877665544332211;
	around(what, &b, 0);
}

/* The host answers every load with 0xf8f7f6f5f4f3f2f1. */
static void mmio(void)
{
	u64 a, b;

	load(around_ldr, 0xf8f7f6f5f4f3f2f1);
	load(around_ldr_w, 0xf4f3f2f1);
	load(around_ldrsw, 0xfffffffff4f3f2f1);
	load(around_ldrh, 0xf2f1);
	load(around_ldrsh, 0xfffffffffffff2f1);
	load(around_ldrsh_w, 0xfffff2f1);
	load(around_ldrb, 0xf1);
	load(around_ldrsb, 0xfffffffffffffff1);
	load(around_ldr_zr, (u64)SECRET << 32 | 3);
	store(around_str);
	store(around_str_w);
	store(around_strh);
	store(around_strb);
	store(around_str_zr);
	/* A pair is not described by the syndrome: an external abort of the VM's. */
	__asm__ volatile("ldp %0, %1, [%2]" : "=r"(a), "=r"(b) : "r"((u64)DEVICE));
	EXPECT(faults, 1);
	EXPECT(fault_esr, 0x96000010);
	EXPECT(fault_far, DEVICE);
}

static void smp(void)
{
	report(1, reg_read(mpidr_el1));
	EXPECT(hvc(PSCI_AFFINITY_INFO, 0x101, 0, 0), 1);
	EXPECT(hvc(PSCI_CPU_ON, 0x102, (u64)guest_secondary, 17), -2ULL); /* no such vCPU */
	EXPECT(hvc(PSCI_CPU_ON, 0x101, 0x1000, 17), -2ULL); /* not in RAM */
	EXPECT(hvc(PSCI_CPU_ON, 0x101, (u64)guest_secondary, 17), 0);
	EXPECT(hvc(PSCI_CPU_ON, 0x101, (u64)guest_secondary, 17), -4ULL);
	EXPECT(hvc(PSCI_AFFINITY_INFO, 0x101, 0, 0), 0);
	while (second_alive == 0)
		__asm__ volatile("yield" : : : "memory");
	second_alive = 2;
	while (hvc(PSCI_AFFINITY_INFO, 0x101, 0, 0) == 0)
		__asm__ volatile("yield" : : : "memory");
	/* Once more, from the start. */
	second_alive = 0;
	EXPECT(hvc(PSCI_CPU_ON, 0x101, (u64)guest_secondary, 17), 0);
	while (second_alive == 0)
		__asm__ volatile("yield" : : : "memory");
	second_alive = 2;
	while (hvc(PSCI_AFFINITY_INFO, 0x101, 0, 0) == 0)
		__asm__ volatile("yield" : : : "memory");
}

static void interrupts_on(void)
{
	EXPECT(reg_read(s3_0_c12_c12_5) & 1, 1);
	reg_write(ICC_PMR, 0xf0);
	reg_write(ICC_IGRPEN1, 1);
	__asm__ volatile("msr daifclr, #2; isb" : : : "memory");
}

/* The host makes of an SGI an interrupt of this very vCPU. */
static void sgi(void)
{
	interrupts_on();
	for (u32 i = 0; i < 3; i++) {
		reg_write(ICC_SGI1R, 5ULL << 24 | 1);
		EXPECT(irqs[5], i + 1);
	}
	reg_write(s3_0_c12_c11_7, 1); /* SGI0R: nothing */
	/* An SPI, and one more the moment the first is over; both while we sleep. */
	while (irqs[40] == 0 || irqs[41] == 0)
		__asm__ volatile("wfi");
	/* The priority mask is kept: nothing comes through a closed one. */
	reg_write(ICC_PMR, 0x10);
	report(3, 0);
	EXPECT(irqs[42], 0);
	reg_write(ICC_PMR, 0xf0);
	__asm__ volatile("isb; nop; nop");
	EXPECT(irqs[42], 1);
}

static void timer(void)
{
	u64 start, freq = reg_read(cntfrq_el0);

	interrupts_on();
	timer_period = freq / 50;
	start = reg_read(cntvct_el0);
	reg_write(cntv_cval_el0, start + timer_period);
	reg_write(cntv_ctl_el0, 1);
	while (irqs[27] < 3)
		__asm__ volatile("" : : : "memory");
	EXPECT(reg_read(cntvct_el0) - start >= 3 * timer_period, 1);
	/* And asleep. */
	while (irqs[27] < 6)
		__asm__ volatile("wfi");
	reg_write(cntv_ctl_el0, 0);
	report(1, irqs[27]);
}

static void share(void)
{
	volatile u64 *page = (volatile u64 *)(GUEST_BASE + 0x800000);

	EXPECT(hvc(CV_GUEST_SHARE, GUEST_BASE + 0x800000, 0, 0), -7ULL); /* nothing there yet */
	page[0] = (u64)SECRET << 32 | 1;
	report(1, (u64)page);
	EXPECT(hvc(CV_GUEST_SHARE, GUEST_BASE + 0x800008, 0, 0), -7ULL);
	EXPECT(hvc(CV_GUEST_SHARE, GUEST_BASE + 0x800000, 0, 0), 0);
	page[0] = 0x1111;
	report(2, 0);
	EXPECT(page[1], 0x2222);
	EXPECT(hvc(CV_GUEST_UNSHARE, GUEST_BASE + 0x800000, 0, 0), 0);
	report(3, 0);
	EXPECT(page[0], 0x1111);
	EXPECT(page[1], 0x2222);
	EXPECT(hvc(CV_GUEST_UNSHARE, GUEST_BASE + 0x800000, 0, 0) != 0, 1);
}

/* All there are between CRm 1 and 7: reported at crm * 8 + op2. */
static void idregs(void)
{
#define ID(crm, op2) report((crm)*8 + (op2), reg_read(s3_0_c0_c##crm##_##op2));
#define ID_ROW(crm) \
	ID(crm, 0) ID(crm, 1) ID(crm, 2) ID(crm, 3) ID(crm, 4) ID(crm, 5) ID(crm, 6) ID(crm, 7)
	ID_ROW(1)
	ID_ROW(2)
	ID_ROW(3)
	ID_ROW(4)
	ID_ROW(5)
	ID_ROW(6)
	ID_ROW(7)
	EXPECT(faults, 0);
	report(0x48, reg_read(midr_el1));
	(void)reg_read(revidr_el1);
	(void)reg_read(aidr_el1);
	(void)reg_read(ctr_el0);
	(void)reg_read(clidr_el1);
	EXPECT(faults, 0);
}

#define UNDEFINED(text)                            \
	do {                                       \
		u64 before_ = faults;              \
		__asm__ volatile(text : : : "x0"); \
		EXPECT(faults, before_ + 1);       \
		EXPECT(fault_esr, 0x02000000);     \
	} while (0)

/* What a VM does not have is UNDEFINED, or does nothing. */
static void absent(void)
{
	/* Not our own traps of SVE and SME. */
	reg_write(cpacr_el1, 3ULL << 16 | 3ULL << 20 | 3ULL << 24);
	UNDEFINED("mrs x0, pmcr_el0");
	UNDEFINED("mrs x0, pmccntr_el0");
	UNDEFINED("msr pmintenset_el1, x0");
	UNDEFINED(".inst 0x04bf5000"); /* rdvl x0, #0 */
	UNDEFINED("mrs x0, s3_0_c1_c2_0"); /* ZCR_EL1 */
	UNDEFINED("mrs x0, s3_3_c4_c2_2"); /* SVCR */
	UNDEFINED("mrs x0, s3_3_c13_c0_5"); /* TPIDR2_EL0 */
	UNDEFINED("mrs x0, s3_0_c5_c3_0"); /* ERRIDR_EL1 */
	UNDEFINED("mrs x0, s3_0_c10_c4_7"); /* LORID_EL1 */
	UNDEFINED("mrs x0, s3_0_c13_c0_7"); /* SCXTNUM_EL1 */
	UNDEFINED("mrs x0, s3_0_c2_c0_3"); /* TCR2_EL1 */
	UNDEFINED("mrs x0, s3_0_c1_c0_6"); /* GCR_EL1 */
	UNDEFINED("mrs x0, s3_0_c9_c9_0"); /* PMSCR_EL1 */
	UNDEFINED("mrs x0, s3_3_c13_c2_0"); /* AMCR_EL0 */
	UNDEFINED("mrs x0, s3_0_c15_c0_0"); /* IMPLEMENTATION DEFINED */
	UNDEFINED("mrs x0, s3_4_c1_c1_0"); /* HCR_EL2 */
	faults = 0;
	reg_write(mdscr_el1, ~0ULL);
	EXPECT(reg_read(mdscr_el1), 0);
	reg_write(dbgbcr0_el1, ~0ULL);
	EXPECT(reg_read(dbgbcr0_el1), 0);
	reg_write(oslar_el1, 1);
	EXPECT(reg_read(oslsr_el1), 8);
	EXPECT(reg_read(cntp_ctl_el0), 0);
	reg_write(cntp_ctl_el0, 1);
	reg_write(cntp_cval_el0, 0);
	EXPECT(reg_read(cntp_ctl_el0), 0);
	EXPECT(reg_read(cntpct_el0) != 0, 1);
	reg_write(actlr_el1, ~0ULL);
	EXPECT(reg_read(actlr_el1), 0);
	__asm__ volatile("dc cisw, %0" : : "r"(0ULL));
	EXPECT(faults, 0);
}

/* The host sees in a shared page that we run. */
static void spin(void)
{
	volatile u64 *page = (volatile u64 *)(GUEST_BASE + 0x800000);

	page[0] = 0;
	EXPECT(hvc(CV_GUEST_SHARE, (u64)page, 0, 0), 0);
	report(1, 0);
	for (;;)
		page[0]++;
}

/* Fresh pages, all zero; each gets something that the host should not find later. */
static void memory(void)
{
	for (u64 page = 0; page < 32; page++) {
		volatile u64 *p = (volatile u64 *)(GUEST_BASE + 0x800000 + page * 4096);

		for (u32 i = 0; i < 512; i++) {
			EXPECT(p[i], 0);
			p[i] = (u64)SECRET << 32 | i;
		}
	}
	report(1, 0);
	for (u64 page = 0; page < 32; page++) {
		volatile u64 *p = (volatile u64 *)(GUEST_BASE + 0x800000 + page * 4096);

		for (u32 i = 0; i < 512; i++)
			EXPECT(p[i], (u64)SECRET << 32 | i);
	}
}

/* Stage 1: level 1 blocks of 1 GB, identity; MAIR 0 is Normal write-back, 1 Device. */
#define S1_NORMAL (1ULL | 1ULL << 10 | 3ULL << 8)
#define S1_DEVICE (1ULL | 1ULL << 10 | 1ULL << 2)
#define TCR_1GB (25ULL | 1ULL << 8 | 1ULL << 10 | 3ULL << 12 | 1ULL << 23 | 2ULL << 32)

static void mmu_on(volatile u64 *table)
{
	reg_write(mair_el1, 0x04ff);
	reg_write(tcr_el1, TCR_1GB);
	reg_write(ttbr0_el1, (u64)table);
	__asm__ volatile("dsb sy; tlbi vmalle1; dsb sy; isb");
	reg_write(sctlr_el1, reg_read(sctlr_el1) | 1);
}

static volatile u64 tables[2][512] __attribute__((aligned(4096)));

/* Faults on walks of stage 1: a table that is not there yet, one that is a device. */
static void walk(void)
{
	volatile u64 *table = tables[0];
	u64 level2 = GUEST_BASE + 0xa00000;

	table[0] = S1_DEVICE;
	table[1] = (u64)GUEST_BASE | S1_NORMAL;
	table[2] = level2 | 3; /* fresh RAM */
	table[3] = DEVICE | 3;
	mmu_on(table);
	(void)*(volatile u64 *)(2ULL << 30); /* its level 2 table is zero: a translation fault */
	EXPECT(faults, 1);
	EXPECT(fault_esr, 0x96000006);
	EXPECT(fault_far, 2ULL << 30);
	*(volatile u64 *)level2 = (u64)GUEST_BASE | S1_NORMAL;
	__asm__ volatile("dsb sy; isb");
	EXPECT(*(volatile u32 *)(2ULL << 30), *(volatile u32 *)GUEST_BASE);
	EXPECT(faults, 1);
	(void)*(volatile u64 *)(3ULL << 30);
	EXPECT(faults, 2);
	EXPECT(fault_esr, 0x96000010);
	EXPECT(fault_far, 3ULL << 30);
}

/*
 * Two vCPUs on one CPU, the same ASID, and one address that is different memory for each: what
 * the one has in the TLB must not be used by the other.
 */
static void tlb_loop(u32 cpu)
{
	/* Level 2 tables in fresh RAM: 2 MB at 4 GB are this vCPU's own 2 MB. */
	volatile u64 *level2 = (volatile u64 *)(GUEST_BASE + 0xe00000ULL + cpu * 4096);

	tables[cpu][0] = S1_DEVICE;
	tables[cpu][1] = (u64)GUEST_BASE | S1_NORMAL;
	tables[cpu][4] = (u64)level2 | 3;
	*(volatile u64 *)(GUEST_BASE + 0x800000ULL + cpu * 0x200000) = 0x7000 + cpu;
	level2[0] = (GUEST_BASE + 0x800000ULL + cpu * 0x200000) | S1_NORMAL;
	mmu_on(tables[cpu]);
	for (u32 i = 0; i < 8; i++) {
		EXPECT(*(volatile u64 *)(4ULL << 30), 0x7000 + cpu);
		__asm__ volatile("wfi");
	}
}

static void tlb_second(void)
{
	tlb_loop(1);
	report(REPORT_DONE, errors);
	for (;;)
		__asm__ volatile("wfi");
}

static void tlb(void)
{
	EXPECT(hvc(PSCI_CPU_ON, 1, (u64)guest_secondary, 1), 0);
	tlb_loop(0);
}

void guest_second(u64 x0);
void guest_second(u64 x0)
{
	if (x0 == 1)
		tlb_second();
	EXPECT(x0, 17);
	report(0x10, reg_read(mpidr_el1));
	second_alive = 1;
	for (;;) {
		while (second_alive == 1)
			__asm__ volatile("yield" : : : "memory");
		hvc(PSCI_CPU_OFF, 0, 0, 0);
		EXPECT(1, 0); /* does not return */
	}
}

/* Accesses that cannot work, by kind. None of them ends the VM. */
static void fault_kinds(void)
{
	u64 value;

	/* An exclusive load from a device. */
	__asm__ volatile("ldxr %0, [%1]" : "=r"(value) : "r"((u64)DEVICE));
	EXPECT(faults, 1);
	EXPECT(fault_esr, 0x96000010);
	/* Code in a device. */
	__asm__ volatile("adr x9, 1f; msr tpidr_el1, x9; br %0; 1:"
			 :
			 : "r"((u64)DEVICE)
			 : "x9", "memory");
	EXPECT(faults, 2);
	EXPECT(fault_esr, 0x86000010);
	EXPECT(fault_far, DEVICE);
}

static void bench(void)
{
	u64 n = 100, page = GUEST_BASE + 0x800000;

	report(0x10, repeat_nothing(n, 0));
	report(0x11, repeat_hvc(n, PSCI_VERSION));
	report(0x12, repeat_hvc(n, SMCCC_VERSION));
	report(0x13, repeat_id(n, 0));
	report(0x14, repeat_write(n, DEVICE));
	report(0x15, repeat_read(n, DEVICE));
	(void)*(volatile u64 *)page;
	report(0x16, repeat_share(n, page, CV_GUEST_SHARE, CV_GUEST_UNSHARE));
	report(0x17, repeat_touch(n, page + 4096));
	fp_fill(0);
	report(0x18, repeat_write(n, DEVICE));
}

static void run(u64 what)
{
	switch (what) {
	case GUEST_CALLS:
		calls();
		break;
	case GUEST_REGS:
		regs();
		break;
	case GUEST_SYSREGS:
		sysregs();
		break;
	case GUEST_FP:
		fp();
		break;
	case GUEST_FP_FRESH:
		fp_fresh();
		break;
	case GUEST_MMIO:
		mmio();
		break;
	case GUEST_SMP:
		smp();
		break;
	case GUEST_SGI:
		sgi();
		break;
	case GUEST_TIMER:
		timer();
		break;
	case GUEST_SHARE:
		share();
		break;
	case GUEST_IDREGS:
		idregs();
		break;
	case GUEST_ABSENT:
		absent();
		break;
	case GUEST_SPIN:
		spin();
		break;
	case GUEST_MEMORY:
		memory();
		break;
	case GUEST_WALK:
		walk();
		break;
	case GUEST_TLB:
		tlb();
		break;
	case GUEST_BENCH:
		bench();
		break;
	case GUEST_FAULTS:
		fault_kinds();
		break;
	case GUEST_SYSTEM_OFF:
		(void)hvc(PSCI_SYSTEM_OFF, 0, 0, 0);
		break;
	default:
		errors++;
	}
}

void guest_main(u64 what);
void guest_main(u64 what)
{
	run(what);
	report(REPORT_DONE, errors);
	for (;;)
		__asm__ volatile("wfi");
}
