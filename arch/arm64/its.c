/* SPDX-License-Identifier: BSD-3-Clause */
#include "its.h"

#include <string.h>

#include "console.h"
#include "core/lock.h"
#include "core/machine.h"
#include "core/page.h"
#include "corevisor/limits.h"
#include "io.h"
#include "mmu.h"
#include "spin.h"
#include "sysreg.h"

/* Registers of the control frame: IHI 0069, 12.18. */
#define GITS_CTLR 0x00U
#define GITS_CTLR_ENABLED (1U << 0)
#define GITS_CTLR_QUIESCENT (1U << 31)
#define GITS_IIDR 0x04U
#define GITS_TYPER 0x08U
#define GITS_CBASER 0x80U
#define GITS_CWRITER 0x88U
#define GITS_CREADR 0x90U
#define GITS_CREADR_STALLED 1ULL
#define GITS_BASER 0x100U
#define NR_BASER 8U
#define GITS_ID_REGISTERS 0xffd0U
#define FRAME_SIZE 0x10000ULL
#define TRANSLATER_FRAME FRAME_SIZE

#define TYPER_PTA (1ULL << 19)
#define TYPER_ENTRY(typer) ((((typer) >> 4) & 0xf) + 1U)
/* What the host is told: physical LPIs, the sizes and collections there are, and our limits. */
#define TYPER_KEPT (0x1ULL | (0xfULL << 4) | (0xffULL << 24) | (0x1fULL << 32))
#define TYPER_LIMITS ((ID_BITS - 1ULL) << 8 | (ID_BITS - 1ULL) << 13)

#define BASE_VALID (1ULL << 63)
#define BASE_WRITE_BACK ((7ULL << 59) | (1ULL << 10)) /* write-back, inner shareable */
#define BASE_ADDR 0x0000fffffffff000ULL
#define CBASER_PAGES(cbaser) (((cbaser)&0xff) + 1U)
#define BASER_INDIRECT (1ULL << 62)
#define BASER_TYPE(baser) (((baser) >> 56) & 7)
#define BASER_TYPE_DEVICES 1U
#define BASER_TYPE_COLLECTIONS 4U
#define BASER_FIXED ((7ULL << 56) | (0x1fULL << 48)) /* type, entry size */
#define BASER_PAGE_64K (2ULL << 8)
#define BASER_PAGE(baser) (0x1000ULL << (2U * (((baser) >> 8) & 3)))

/* Commands: 5.3. */
#define COMMAND_SIZE 32U
#define CMD_MOVI 0x01U
#define CMD_INT 0x03U
#define CMD_CLEAR 0x04U
#define CMD_SYNC 0x05U
#define CMD_MAPD 0x08U
#define CMD_MAPC 0x09U
#define CMD_MAPTI 0x0aU
#define CMD_MAPI 0x0bU
#define CMD_INV 0x0cU
#define CMD_INVALL 0x0dU
#define CMD_MOVALL 0x0eU
#define CMD_DISCARD 0x0fU

/* Devices of PCI bus 0; events of one; their translation tables are a page each. */
#define ID_BITS 8U
#define NR_IDS (1U << ID_BITS)
#define MAX_ENTRY (CV_PAGE_SIZE / NR_IDS)
#define TABLE_SIZE 0x10000U
#define QUEUE_SIZE 0x10000U
/* Commands given to the ITS at a time. */
#define BATCH 64U
#define TIMEOUT_SECONDS 1U

struct command {
	u64 word[COMMAND_SIZE / 8];
};

/* What the ITS uses; in the image, so in nobody's map. */
static u8 device_table[TABLE_SIZE] __attribute__((aligned(65536)));
static u8 collection_table[TABLE_SIZE] __attribute__((aligned(65536)));
static struct command queue[QUEUE_SIZE / COMMAND_SIZE] __attribute__((aligned(65536)));
static u8 translation[NR_IDS][CV_PAGE_SIZE] __attribute__((aligned(4096)));

/* Boot writes pa, va and typer; the rest is as the host last wrote it. Lock: lock. */
static struct {
	struct spin lock;
	u64 pa;
	u64 va;
	u64 typer;
	u64 cbaser;
	u64 cwriter;
	u64 creadr;
	u64 baser[NR_BASER];
	u32 tail; /* index of our next command */
	bool enabled;
	bool dead; /* it has stopped answering */
} its;

static bool wait_for(u32 offset, u64 mask, u64 value)
{
	u64 start = machine_counter();

	while ((io_read32(its.va + offset) & mask) != value) {
		if (machine_counter() - start > TIMEOUT_SECONDS * sysreg_read(cntfrq_el0))
			return false;
		machine_relax();
	}
	return true;
}

/* Give the ITS a table of ours, in pages as large as it takes. */
static void set_table(u32 n, const void *table)
{
	u64 reg = its.va + GITS_BASER + n * 8U;
	u64 value = BASE_VALID | BASE_WRITE_BACK | image_to_pa(table);

	io_write64(reg, value | BASER_PAGE_64K);
	io_write64(reg, value | (io_read64(reg) & BASER_PAGE_64K) |
				(TABLE_SIZE / BASER_PAGE(io_read64(reg)) - 1U));
}

/* Tables of other types (GICv4's virtual CPUs) there are none, for the ITS and for the host. */
static void set_tables(void)
{
	for (u32 n = 0; n < NR_BASER; n++) {
		u64 value = io_read64(its.va + GITS_BASER + n * 8U);
		u64 type = BASER_TYPE(value);

		if (type == BASER_TYPE_DEVICES || type == BASER_TYPE_COLLECTIONS) {
			its.baser[n] = value & BASER_FIXED;
			set_table(n, type == BASER_TYPE_DEVICES ? device_table : collection_table);
		} else {
			io_write64(its.va + GITS_BASER + n * 8U, 0);
		}
	}
	io_write64(its.va + GITS_CBASER, BASE_VALID | BASE_WRITE_BACK | image_to_pa(queue) |
						 (QUEUE_SIZE / CV_PAGE_SIZE - 1U));
	io_write64(its.va + GITS_CWRITER, 0);
}

const char *its_init(u64 pa, u64 size)
{
	if (its.va != 0)
		return "there is another one";
	if (size < 2 * FRAME_SIZE)
		return "no frame for MSIs";
	its.va = io_map(pa, FRAME_SIZE);
	if (its.va == 0)
		return "no room in the core's map";
	io_write32(its.va + GITS_CTLR, 0);
	if (!wait_for(GITS_CTLR, GITS_CTLR_QUIESCENT, GITS_CTLR_QUIESCENT))
		return "it does not stop";
	its.typer = io_read64(its.va + GITS_TYPER);
	/* Collections that are addresses would have to be checked; tables must fit a page. */
	if ((its.typer & TYPER_PTA) != 0 || TYPER_ENTRY(its.typer) > MAX_ENTRY)
		return "it is of a kind the core does not know";
	its.pa = pa;
	set_tables();
	return NULL;
}

u64 its_doorbell(u64 pa)
{
	return pa + TRANSLATER_FRAME;
}

/* Have all commands up to `tail` done. */
static void flush(void)
{
	u64 tail = (u64)its.tail * COMMAND_SIZE;

	dsb_sy();
	io_write64(its.va + GITS_CWRITER, tail);
	if (its.dead || wait_for(GITS_CREADR, (QUEUE_SIZE - 1U) | GITS_CREADR_STALLED, tail))
		return;
	/* The host has its interrupts no more; what it would have written goes nowhere. */
	its.dead = true;
	io_write32(its.va + GITS_CTLR, 0);
	log_line(LOG_INFO, "the GIC ITS stalls, and is off");
}

static void submit(const struct command *c)
{
	queue[its.tail] = *c;
	its.tail = (its.tail + 1U) % (QUEUE_SIZE / COMMAND_SIZE);
}

/* MAPD: the table is one of ours, empty; the size has been checked. */
static void map_device(struct command *c)
{
	u32 device = (u32)(c->word[0] >> 32);
	u64 valid = c->word[2] & BASE_VALID;

	c->word[2] = 0;
	if (valid == 0)
		return;
	memset(translation[device], 0, CV_PAGE_SIZE);
	c->word[2] = valid | image_to_pa(translation[device]);
}

/*
 * Is this command of the host's one that the ITS may have? Those of GICv4 name tables in
 * memory; of the others only MAPD does.
 */
static bool check(struct command *c)
{
	u32 device = (u32)(c->word[0] >> 32), event = (u32)c->word[1];

	switch (c->word[0] & 0xff) {
	case CMD_MAPD:
		if (device >= NR_IDS || (c->word[1] & 0x1f) >= ID_BITS)
			return false;
		map_device(c);
		return true;
	case CMD_MOVI:
	case CMD_INT:
	case CMD_CLEAR:
	case CMD_MAPTI:
	case CMD_MAPI:
	case CMD_INV:
	case CMD_DISCARD:
		return device < NR_IDS && event < NR_IDS;
	case CMD_SYNC:
	case CMD_MAPC:
	case CMD_INVALL:
	case CMD_MOVALL:
		return true;
	default:
		return false;
	}
}

/* A copy of a command of the host's, from a frame that is the host's now. */
static bool fetch(struct command *c)
{
	u64 pa = (its.cbaser & BASE_ADDR) + its.creadr;
	u64 pfn = pa >> CV_PAGE_SHIFT;
	bool ok;

	lock_page(pfn);
	ok = frame_owner(pfn) == CV_HOSTVISOR;
	if (ok)
		machine_frame_read(pfn, pa % CV_PAGE_SIZE, (u8 *)c, COMMAND_SIZE);
	unlock_page(pfn);
	return ok;
}

/* Do what the host has queued. A command that is not allowed is left out. */
static void process(void)
{
	u64 size = CBASER_PAGES(its.cbaser) * CV_PAGE_SIZE;
	u32 n = 0;

	if (!its.enabled || its.dead || (its.cbaser & BASE_VALID) == 0 || its.cwriter >= size)
		return;
	while (its.creadr != its.cwriter) {
		struct command c;

		if (!fetch(&c)) {
			its.creadr |= GITS_CREADR_STALLED;
			break;
		}
		its.creadr = (its.creadr + COMMAND_SIZE) % size;
		if (!check(&c))
			continue;
		submit(&c);
		if (++n % BATCH == 0)
			flush();
	}
	flush();
}

static void write_control(u32 value)
{
	its.enabled = (value & GITS_CTLR_ENABLED) != 0;
	if (!its.dead)
		io_write32(its.va + GITS_CTLR, its.enabled ? GITS_CTLR_ENABLED : 0);
	process();
}

static void write_baser(u32 n, const struct access *a)
{
	u64 fixed = its.baser[n] & BASER_FIXED;

	if (its.enabled || fixed == 0)
		return;
	its.baser[n] = io_merge(its.baser[n], a->pa, a->size, a->value);
	its.baser[n] = (its.baser[n] & ~(BASER_FIXED | BASER_INDIRECT)) | fixed;
}

static void write_register(u32 offset, const struct access *a)
{
	if (offset == GITS_CTLR && a->size == 4) {
		write_control((u32)a->value);
		return;
	}
	if (a->size < 4)
		return;
	switch (offset & ~7U) {
	case GITS_CBASER:
		if (its.enabled)
			return;
		its.cbaser = io_merge(its.cbaser, offset, a->size, a->value);
		its.cwriter = 0;
		its.creadr = 0;
		return;
	case GITS_CWRITER:
		if ((its.creadr & GITS_CREADR_STALLED) != 0)
			return;
		its.cwriter = io_merge(its.cwriter, offset, a->size, a->value) & 0xfffe0;
		process();
		return;
	default:
		if (offset >= GITS_BASER && offset < GITS_BASER + NR_BASER * 8U)
			write_baser((offset - GITS_BASER) / 8U, a);
	}
}

/* An 8-byte register as the host sees it. */
static u64 register_value(u32 offset)
{
	switch (offset) {
	case GITS_TYPER:
		return (its.typer & TYPER_KEPT) | TYPER_LIMITS;
	case GITS_CBASER:
		return its.cbaser;
	case GITS_CWRITER:
		return its.cwriter;
	case GITS_CREADR:
		return its.creadr;
	default:
		if (offset >= GITS_BASER && offset < GITS_BASER + NR_BASER * 8U)
			return its.baser[(offset - GITS_BASER) / 8U];
		return 0;
	}
}

bool its_access(struct access *access)
{
	u64 offset = access->pa - its.pa;

	if (its.pa == 0 || offset >= FRAME_SIZE)
		return false;
	spin_lock(&its.lock);
	if (access->write)
		write_register((u32)offset, access);
	else if (access->size == 4 && (offset <= GITS_IIDR || offset >= GITS_ID_REGISTERS))
		access->value = io_read32(its.va + offset);
	else
		access->value = io_part(register_value((u32)offset & ~7U), offset, access->size);
	spin_unlock(&its.lock);
	return true;
}
