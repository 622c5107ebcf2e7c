/* SPDX-License-Identifier: BSD-3-Clause */
/* The GIC's ITS and redistributors, told to use tables that are not the host's. */
#include "host.h"

#define GICR 0x080a0000ULL
#define GICR_CTLR (GICR + 0x00)
#define GICR_WAKER (GICR + 0x14)
#define GICR_PROPBASER (GICR + 0x70)
#define GICR_PENDBASER (GICR + 0x78)
#define ENABLE_LPIS 1ULL
#define IDBITS 15ULL
#define GICD_CTLR 0x08000000ULL

#define GITS 0x08080000ULL
#define GITS_CTLR (GITS + 0x00)
#define GITS_CBASER (GITS + 0x80)
#define GITS_CWRITER (GITS + 0x88)
#define GITS_CREADR (GITS + 0x90)
#define GITS_BASER(n) (GITS + 0x100 + (n)*8)
#define GITS_TRANSLATER (GITS + 0x10040)
#define VALID (1ULL << 63)

#define MAPD 0x08
#define MAPC 0x09
#define MAPTI 0x0a
#define INVALL 0x0d
#define VMAPP 0x29
#define INT 0x03
#define SYNC 0x05
#define LPI 8192ULL
#define OTHER_DEVICE 0x50ULL /* 00:0a.0: nothing is there */
#define SPURIOUS 1023ULL

static u64 queue, written;

static void command(u64 w0, u64 w1, u64 w2)
{
	u64 at = queue + written;

	put(at, 8, w0);
	put(at + 8, 8, w1);
	put(at + 16, 8, w2);
	put(at + 24, 8, 0);
	written += 32;
	put(GITS_CWRITER, 8, written);
}

static void fill_pages(u64 *first, u32 n, u64 align)
{
	*first = new_page();
	while (*first % align != 0)
		*first = new_page();
	for (u32 i = 1; i < n; i++)
		new_page();
}

/* A VM with one frame, which is what the GIC is to write. */
static u64 vm_frame(u64 vm, u64 gfn)
{
	u64 page = new_page();

	if (vm_donate(vm, gfn, page) != 0)
		print("DMA-MEANS BROKEN donation refused\n");
	return page;
}

/* LPIs' tables in the core's memory, and in a VM's: they do not come on. */
static void attack_redistributor(u64 vm)
{
	u64 image = boot_option("image"), bad;
	u64 config_table, pending;

	/* The GIC takes bits 15:12 of the address as zero: the VM's frame, then one of the host's. */
	fill_pages(&bad, 16, 0x10000);
	if (vm_donate(vm, 10, bad) != 0)
		print("DMA-MEANS BROKEN donation\n");

	fill_pages(&config_table, 16, PAGE);
	fill_pages(&pending, 16, 0x10000);
	put(GICR_PROPBASER, 8, image | IDBITS);
	put(GICR_PENDBASER, 8, pending);
	put(GICR_CTLR, 4, ENABLE_LPIS);
	result("gicr-propbaser", (get(GICR_CTLR, 4) & ENABLE_LPIS) == 0, "in the core's memory");
	put(GICR_PROPBASER, 8, config_table | IDBITS);
	put(GICR_PENDBASER, 8, bad);
	put(GICR_CTLR, 4, ENABLE_LPIS);
	result("gicr-pendbaser-vm", (get(GICR_CTLR, 4) & ENABLE_LPIS) == 0, "in a VM's frame");
	put(GICR_PENDBASER, 8, bad + 0x3000);
	put(GICR_CTLR, 4, ENABLE_LPIS);
	result("gicr-pendbaser-low", (get(GICR_CTLR, 4) & ENABLE_LPIS) == 0,
	       "a VM's frame, by an address that is not a table's");
	put(GICR_PENDBASER, 8, image);
	put(GICR_CTLR, 4, ENABLE_LPIS);
	result("gicr-pendbaser", (get(GICR_CTLR, 4) & ENABLE_LPIS) == 0, "in the core's memory");
	/* Good tables do; and then they can be neither moved nor given to a VM. */
	for (u64 i = 0; i < 16; i++)
		fill(config_table + i * PAGE, 0xa3a3a3a3a3a3a3a3ULL);
	put(GICR_PENDBASER, 8, pending);
	put(GICR_CTLR, 4, ENABLE_LPIS);
	working("LPIs in the host's tables", (get(GICR_CTLR, 4) & ENABLE_LPIS) != 0);
	put(GICR_PENDBASER, 8, image);
	result("gicr-moved", (get(GICR_PENDBASER, 8) & ~0xfffULL) == pending, "once LPIs are on");
	result("gicr-donated", vm_donate(vm, 11, pending) == CV_EBUSY, "a pending table");
}

/* The highest pending interrupt of group 1: ICC_HPPIR1_EL1. */
static u64 pending_lpi(void)
{
	u64 id;

	__asm__ volatile("dsb sy; isb; mrs %0, s3_0_c12_c12_2" : "=r"(id)); /* ICC_HPPIR1_EL1 */
	return id;
}

static void enable_interface(void)
{
	put(GICD_CTLR, 4, 0x12); /* affinity routing, group 1 */
	put(GICR_WAKER, 4, 0);
	__asm__ volatile("msr s3_0_c12_c12_5, %0; isb" : : "r"(7ULL)); /* ICC_SRE_EL1 */
	__asm__ volatile("msr s3_0_c4_c6_0, %0" : : "r"(0xffULL)); /* ICC_PMR_EL1 */
	__asm__ volatile("msr s3_0_c12_c12_7, %0; isb" : : "r"(1ULL)); /* ICC_IGRPEN1_EL1 */
}

/* Tables of the ITS: registers take any address, and memory does not change. */
static void attack_tables(u64 vm)
{
	u64 frame = vm_frame(vm, 12), frame2 = vm_frame(vm, 14), image = boot_option("image");

	fill_pages(&queue, 16, 0x10000);
	put(GITS_CBASER, 8, VALID | queue | 15);
	put(GITS_BASER(0), 8, VALID | frame);
	put(GITS_BASER(1), 8, VALID | image);
	put(GITS_CTLR, 4, 1);
	target("its-baser", frame, "zero", "device table in a VM's frame");
	target("its-mapd", frame2, "zero", "translation table in a VM's frame");
	target("its-vmapp", image + 0x4000, "image", "a virtual pending table in the core");
	/* Collection 0 at processor 0; tables where the VM and the core are. */
	command(MAPC, 0, VALID);
	command(MAPD | OTHER_DEVICE << 32, 4, VALID | frame2);
	command(MAPTI | OTHER_DEVICE << 32, 0 | LPI << 32, 0);
	command(INVALL, 0, 0);
	command(SYNC, 0, 0);
	/* A device beyond the device table, and GICv4's VMAPP with its pending table. */
	command(MAPD | 0xffffffULL << 32, 4, VALID | (image + 0x4000));
	command(VMAPP, 1ULL << 32, VALID | (image + 0x4000));
	working("the ITS's queue", get(GITS_CREADR, 8) == written);
}

/* The MSI of another device: only the device itself can raise it. */
static void attack_doorbell(void)
{
	u64 page = new_page();

	enable_interface();
	edu_load(page);
	edu_store(GITS_TRANSLATER & ~0xfffULL);
	result("msi-doorbell", pending_lpi() == SPURIOUS, "edu writes another device's event");
	command(INT | OTHER_DEVICE << 32, 0, 0);
	command(SYNC, 0, 0);
	working("the other device's interrupt", pending_lpi() == LPI);
}

/* Commands in a frame that is not the host's: none is read. */
static void attack_queue(u64 vm)
{
	u64 frame = vm_frame(vm, 13);

	put(GITS_CTLR, 4, 0);
	put(GITS_CBASER, 8, VALID | frame);
	put(GITS_CTLR, 4, 1);
	put(GITS_CWRITER, 8, 64);
	result("its-queue", (get(GITS_CREADR, 8) & ~1ULL) == 0, "in a VM's frame");
	put(GITS_CTLR, 4, 0);
	put(GITS_CBASER, 8, VALID | 0x09050000);
	put(GITS_CTLR, 4, 1);
	put(GITS_CWRITER, 8, 64);
	result("its-queue-device", (get(GITS_CREADR, 8) & ~1ULL) == 0, "in the SMMU's registers");
}

void attack_gic(void)
{
	u64 vm = vm_make();

	attack_redistributor(vm);
	attack_tables(vm);
	attack_doorbell();
	attack_queue(vm);
}
