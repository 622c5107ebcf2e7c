/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The GIC (Arm IHI 0069) writes memory by itself: redistributors pending bits of LPIs, the ITS its
 * tables. The kernel drives those of its CPUs; the third CPU is off, its redistributor is ours.
 */
#include <stdio.h>
#include <unistd.h>

#include "corevisor/error.h"
#include "corevisor/hypercall.h"
#include "test/attack/attack.h"
#include "test/attack/dma.h"
#include "test/attack/kernel.h"

/* Of QEMU's machine `virt`. */
#define GICR(cpu) (0x080a0000ULL + (cpu)*0x20000ULL)
#define GITS 0x08080000ULL
#define DOORBELL 0x08090000ULL
#define TRANSLATER 0x40U
#define SMMU 0x09050000ULL
#define CPU_OFF 2U

#define GICR_CTLR 0x00U
#define GICR_CTLR_LPIS 1U
#define GICR_PROPBASER 0x70U
#define GICR_PENDBASER 0x78U
#define TABLE_MASK 0x000ffffffffff000ULL
#define ID_BITS 15U
#define LPI_ON 0xa3a3a3a3a3a3a3a3ULL
#define TABLE_ORDER 4U /* 64 KB, aligned */

#define GITS_CTLR 0x00U
#define GITS_CBASER 0x80U
#define GITS_CWRITER 0x88U
#define GITS_CREADR 0x90U
#define GITS_BASER(n) (0x100U + (n)*8U)
#define NR_BASER 8U
#define VALID (1ULL << 63)

#define MAPD 0x08ULL
#define MAPC 0x09ULL
#define MAPTI 0x0aULL
#define INVALL 0x0dULL
#define VMAPP 0x29ULL
#define INT 0x03ULL
#define SYNC 0x05ULL
#define OTHER_DEVICE 0x50ULL /* 00:0a.0: nothing is there */
#define COLLECTION 5ULL /* the kernel has one for each CPU that is on */

static uint64_t frames_new(uint64_t word)
{
	uint64_t pfn = frames_alloc(TABLE_ORDER);

	for (unsigned int i = 0; i < 1U << TABLE_ORDER; i++) {
		if (frame_fill(pfn + i, word) != 0)
			failed("a page of the host cannot be written");
	}
	return pfn * FRAME;
}

/* Do LPIs come on with these tables? */
static bool lpis_come_on(uintptr_t gicr, uint64_t config, uint64_t pending)
{
	io_write(gicr + GICR_PROPBASER, 8, config | ID_BITS);
	io_write(gicr + GICR_PENDBASER, 8, pending);
	io_write(gicr + GICR_CTLR, 4, GICR_CTLR_LPIS);
	return (io_read(gicr + GICR_CTLR, 4) & GICR_CTLR_LPIS) != 0;
}

static void must_stay_off(uintptr_t gicr, uint64_t config, uint64_t pending, const char *what)
{
	if (lpis_come_on(gicr, config, pending))
		corrupted("LPIs come on with %s", what);
}

/* With tables of the host's; where the pending bits are. */
static uint64_t pending_table(uintptr_t gicr)
{
	if ((io_read(gicr + GICR_CTLR, 4) & GICR_CTLR_LPIS) == 0 &&
	    !lpis_come_on(gicr, frames_new(LPI_ON), frames_new(0)))
		failed("LPIs do not come on with tables of the host's");
	return io_read(gicr + GICR_PENDBASER, 8) & TABLE_MASK;
}

static bool is_pending(uint64_t table, uint32_t lpi)
{
	uint8_t byte[FRAME];

	if (frame_read(table / FRAME + lpi / 8 / FRAME, byte, FRAME) != 0)
		failed("the pending table cannot be read");
	return (byte[lpi / 8 % FRAME] >> lpi % 8 & 1) != 0;
}

static void redistributor(void)
{
	uintptr_t gicr = io_map(GICR(CPU_OFF), 1);
	uint64_t config = frames_new(LPI_ON), good = frames_new(0), bad = frames_new(0);
	struct raw_vm vm;

	dma_begin();
	raw_new(&vm, GUEST_COMMANDS, 1);
	if (io_read(gicr + GICR_CTLR, 4) & GICR_CTLR_LPIS)
		failed("LPIs of the third CPU are on already");
	if (hvc(CV_CALL_DONATE, vm.id, VICTIM_GFN, bad / FRAME, 0, 0) != CV_OK)
		failed("DONATE is refused");
	vm.frames[vm.nr_frames++] = (struct raw_frame){VICTIM_GFN, bad / FRAME};
	must_stay_off(gicr, bad, good, "a configuration table in a VM");
	must_stay_off(gicr, core_image(), good, "a configuration table in the core");
	must_stay_off(gicr, config, bad, "a pending table in a VM");
	must_stay_off(gicr, config, bad | 0x3000, "a pending table in a VM, misaligned");
	must_stay_off(gicr, config, core_tables(), "a pending table in the core");
	if (raw_differ(&vm, VICTIM_GFN * FRAME, 0) != 0)
		corrupted("the VM's page has changed");
	if (!lpis_come_on(gicr, config, good))
		failed("LPIs do not come on with tables of the host's");
	refused(hvc(CV_CALL_DONATE, vm.id, VICTIM_GFN + 1, good / FRAME, 0, 0),
		"a pending table in use, for a VM");
	/* It is one of 16 that the host has allocated together. */
	(void)hvc(CV_CALL_POWEROFF_VM, vm.id, 0, 0, 0, 0);
	(void)hvc(CV_CALL_RECLAIM, vm.id, bad / FRAME, 0, 0, 0);
	vm.nr_frames--;
	raw_end(&vm);
	blocked("tables in a VM or the core: LPIs stay off; in the host: on, and not to be donated");
}

/* The kernel's own, in use. */
static void redistributor_moved(void)
{
	uintptr_t gicr = io_map(GICR(0), 1);
	uint64_t config = io_read(gicr + GICR_PROPBASER, 8);
	uint64_t pending = io_read(gicr + GICR_PENDBASER, 8);
	struct victim victim;

	dma_begin();
	if ((io_read(gicr + GICR_CTLR, 4) & GICR_CTLR_LPIS) == 0)
		failed("LPIs of the first CPU are off");
	victim_new(&victim);
	io_write(gicr + GICR_PROPBASER, 8, core_image() | ID_BITS);
	io_write(gicr + GICR_PENDBASER, 8, victim.zero[0]);
	io_write(gicr + GICR_CTLR, 4, 0);
	io_write(gicr + GICR_CTLR, 4, GICR_CTLR_LPIS);
	if (io_read(gicr + GICR_PROPBASER, 8) != config ||
	    io_read(gicr + GICR_PENDBASER, 8) != pending)
		corrupted("the tables of a redistributor in use move");
	refused(hvc(CV_CALL_DONATE, victim.vm.id, VICTIM_GFN + VICTIM_PAGES,
		    (pending & TABLE_MASK) / FRAME, 0, 0),
		"the pending table of the first CPU, for a VM");
	victim_check(&victim);
	victim_end(&victim);
	blocked("the first CPU's tables, while LPIs are on: neither moved nor donated");
}

/* The ITS, with a command queue of ours; what the kernel had is put back. */
struct its {
	uintptr_t at;
	uint64_t cbaser, cwriter, baser[NR_BASER];
	uint64_t queue;
	uintptr_t commands;
	uint64_t written;
};

static void its_queue(struct its *its, uint64_t queue)
{
	io_write(its->at + GITS_CTLR, 4, 0);
	io_write(its->at + GITS_CBASER, 8, VALID | queue);
	io_write(its->at + GITS_CTLR, 4, 1);
	its->written = 0;
}

static void its_take(struct its *its)
{
	its->at = io_map(GITS, 1);
	if ((io_read(its->at + GITS_CTLR, 4) & 1) == 0)
		failed("the kernel uses no ITS");
	io_write(its->at + GITS_CTLR, 4, 0);
	its->cbaser = io_read(its->at + GITS_CBASER, 8);
	its->cwriter = io_read(its->at + GITS_CWRITER, 8);
	for (unsigned int n = 0; n < NR_BASER; n++)
		its->baser[n] = io_read(its->at + GITS_BASER(n), 8);
	its->queue = page_new(0);
	its->commands = (uintptr_t)frame_map(its->queue / FRAME, 1);
	its_queue(its, its->queue);
}

/* What the kernel has queued so far is done once more, in the same order. */
static void its_give_back(struct its *its)
{
	io_write(its->at + GITS_CTLR, 4, 0);
	for (unsigned int n = 0; n < NR_BASER; n++)
		io_write(its->at + GITS_BASER(n), 8, its->baser[n]);
	io_write(its->at + GITS_CBASER, 8, its->cbaser);
	io_write(its->at + GITS_CWRITER, 8, its->cwriter);
	io_write(its->at + GITS_CTLR, 4, 1);
	if (io_read(its->at + GITS_CREADR, 8) != its->cwriter)
		failed("the ITS does not do the kernel's commands any more");
	frame_unmap((void *)its->commands, 1);
	page_free(its->queue);
}

static void command(struct its *its, uint64_t w0, uint64_t w1, uint64_t w2)
{
	uintptr_t at = its->commands + its->written;

	io_write(at, 8, w0);
	io_write(at + 8, 8, w1);
	io_write(at + 16, 8, w2);
	io_write(at + 24, 8, 0);
	its->written += 32;
	io_write(its->at + GITS_CWRITER, 8, its->written);
}

/* Event 0 of a device that is not there is to be this LPI of the third CPU. */
static void map_event(struct its *its, uint64_t table, uint32_t lpi)
{
	command(its, MAPC, 0, VALID | CPU_OFF << 16 | COLLECTION);
	command(its, MAPD | OTHER_DEVICE << 32, 4, VALID | table);
	command(its, MAPTI | OTHER_DEVICE << 32, (uint64_t)lpi << 32, COLLECTION);
	command(its, INVALL, 0, COLLECTION);
	command(its, SYNC, 0, (uint64_t)CPU_OFF << 16);
}

static void raise_event(struct its *its)
{
	command(its, INT | OTHER_DEVICE << 32, 0, 0);
	command(its, SYNC, 0, (uint64_t)CPU_OFF << 16);
}

/* That the event arrives shows that the commands were done, with other tables. */
static void its_tables(void)
{
	uint64_t pending = pending_table(io_map(GICR(CPU_OFF), 1));
	struct victim victim;
	struct its its;

	dma_begin();
	victim_new(&victim);
	its_take(&its);
	io_write(its.at + GITS_CTLR, 4, 0);
	io_write(its.at + GITS_BASER(0), 8, VALID | victim.zero[0]);
	io_write(its.at + GITS_BASER(1), 8, VALID | victim.zero[1]);
	io_write(its.at + GITS_CTLR, 4, 1);
	map_event(&its, victim.zero[2], 9001);
	command(&its, MAPD | 0xffffffULL << 32, 4, VALID | (core_image() + 0x4000));
	command(&its, VMAPP, 1ULL << 32, VALID | (core_image() + 0x4000));
	raise_event(&its);
	victim_check(&victim);
	expect_unchanged(core_image() + 0x4000);
	if (io_read(its.at + GITS_CREADR, 8) != its.written || !is_pending(pending, 9001))
		failed("the ITS does nothing");
	its_give_back(&its);
	victim_end(&victim);
	blocked("BASER, MAPD and VMAPP with a VM's pages and the core's: unchanged, other tables used");
}

static void no_commands(struct its *its, uint64_t queue, const char *what)
{
	its_queue(its, queue);
	io_write(its->at + GITS_CWRITER, 8, 64);
	if ((io_read(its->at + GITS_CREADR, 8) & ~1ULL) != 0)
		leak("commands are read from %s", what);
}

static void its_queues(void)
{
	struct victim victim;
	struct its its;

	dma_begin();
	victim_new(&victim);
	its_take(&its);
	no_commands(&its, victim.secret, "a VM's page");
	no_commands(&its, core_image(), "the core");
	no_commands(&its, core_symbol("queue"), "the core's own queue");
	no_commands(&its, SMMU, "the SMMU's registers");
	its_queue(&its, its.queue);
	command(&its, SYNC, 0, 0);
	if (io_read(its.at + GITS_CREADR, 8) != its.written)
		failed("commands are not even read from the host's memory");
	its_give_back(&its);
	victim_check(&victim);
	victim_end(&victim);
	blocked("a command queue in a VM, the core, the SMMU's registers: no command is read");
}

/* Only the function itself raises its events; the CPU none at all. */
static void doorbell(void)
{
	uint64_t pending = pending_table(io_map(GICR(CPU_OFF), 1)), zero = page_new(0);
	struct edu edu;
	struct its its;

	dma_begin();
	edu_open(&edu);
	its_take(&its);
	map_event(&its, page_new(0), 9003);
	edu_load(&edu, zero);
	edu_store(&edu, DOORBELL);
	edu_msi(&edu, DOORBELL + TRANSLATER, 0);
	if (!io_aborts(io_map(DOORBELL, 1) + TRANSLATER, 4))
		corrupted("the CPU reaches the doorbell");
	if (is_pending(pending, 9003))
		corrupted("edu has raised another device's interrupt");
	raise_event(&its);
	if (!is_pending(pending, 9003))
		failed("the other device's interrupt does not arrive anyway");
	its_give_back(&its);
	blocked("another device's MSI, by edu's DMA, by its MSI, by the CPU: not raised");
}

const struct attack attacks_gic[] = {
	{"dma/gicr-tables", redistributor},	 {"dma/gicr-tables-in-use", redistributor_moved},
	{"dma/its-tables", its_tables},		 {"dma/its-command-queue", its_queues},
	{"dma/msi-of-another-device", doorbell}, {NULL, NULL},
};
