/* SPDX-License-Identifier: BSD-3-Clause */
/* The GICv3 of QEMU virt (IHI 0069), as little of it as the tests need. */
#include "host.h"

#define GICD 0x08000000ULL
#define GICD_CTLR 0x0U
#define GICR(cpu) (0x080a0000ULL + (cpu)*0x20000ULL)
#define GICR_WAKER 0x14U
#define GICR_SGI 0x10000U
#define GICR_IGROUPR0 0x80U
#define GICR_ISENABLER0 0x100U
#define GICR_ICENABLER0 0x180U
#define GICR_IPRIORITYR 0x400U

#define ICC_PMR s3_0_c4_c6_0
#define ICC_IAR1 s3_0_c12_c12_0
#define ICC_EOIR1 s3_0_c12_c12_1
#define ICC_IGRPEN1 s3_0_c12_c12_7
#define ICC_SRE s3_0_c12_c12_5
#define ICC_SGI1R s3_0_c12_c11_5

static volatile u32 taken;

static u32 mmio_read(u64 address)
{
	return *(volatile u32 *)address;
}

static void mmio_write(u64 address, u32 value)
{
	*(volatile u32 *)address = value;
}

void gic_init_distributor(void)
{
	mmio_write(GICD + GICD_CTLR, 0x10); /* ARE */
	mmio_write(GICD + GICD_CTLR, 0x12); /* and group 1 */
}

void gic_init_cpu(u32 cpu)
{
	u64 sgi = GICR(cpu) + GICR_SGI;

	mmio_write(GICR(cpu) + GICR_WAKER, 0);
	while (mmio_read(GICR(cpu) + GICR_WAKER) & 4)
		;
	mmio_write(sgi + GICR_IGROUPR0, ~0U);
	mmio_write(sgi + GICR_ICENABLER0, ~0U);
	for (u32 i = 0; i < 32; i += 4)
		mmio_write(sgi + GICR_IPRIORITYR + i, 0xa0a0a0a0);
	mmio_write(sgi + GICR_ISENABLER0, 2);
	reg_write(ICC_SRE, 7);
	reg_write(ICC_PMR, 0xff);
	reg_write(ICC_IGRPEN1, 1);
}

void gic_kick(u32 cpu)
{
	reg_write(ICC_SGI1R, 1ULL << 24 | 1ULL << cpu);
}

void host_irq(void);
void host_irq(void)
{
	u64 intid = reg_read(ICC_IAR1);

	if (intid >= 1020)
		return;
	taken++;
	if (intid != 1) {
		print("FAIL the host took interrupt %d\n", intid);
		power_off();
	}
	reg_write(ICC_EOIR1, intid);
}

u32 irq_window(void)
{
	u32 before = taken;

	__asm__ volatile("isb; msr daifclr, #2; isb; nop; nop; msr daifset, #2" : : : "memory");
	return taken - before;
}
