/* SPDX-License-Identifier: BSD-3-Clause */
#include "redist.h"

#include "core/lock.h"
#include "core/page.h"
#include "core/state.h"
#include "corevisor/limits.h"
#include "io.h"
#include "spin.h"

/* Registers of RD_base: IHI 0069, 12.11. */
#define GICR_CTLR 0x00U
#define GICR_CTLR_ENABLE_LPIS (1U << 0)
#define GICR_CTLR_DPG (7U << 24)
#define GICR_TYPER 0x08U
#define GICR_TYPER_VLPIS (1ULL << 1)
#define GICR_TYPER_DIRTY (1ULL << 2)
#define GICR_TYPER_DIRECT_LPI (1ULL << 3)
#define GICR_TYPER_LAST (1ULL << 4)
#define GICR_TYPER_RVPEID (1ULL << 7)
#define GICR_WAKER 0x14U
#define GICR_PROPBASER 0x70U
#define GICR_PENDBASER 0x78U
#define GICR_LAST_REGISTER 0x7fU
#define GICR_ID_REGISTERS 0xffd0U

#define PROPBASER_ADDR 0x000ffffffffff000ULL
#define PENDBASER_ADDR 0x000fffffffff0000ULL /* what lies below is not looked at */
#define PROPBASER_IDBITS 0x1fU
/* INTIDs of up to 16 bits; LPIs begin at 8192. */
#define MAX_IDBITS 15U
#define FIRST_LPI 8192U

#define FRAME_SIZE 0x10000ULL /* RD_base, SGI_base */
/* With GICv4 two more, VLPI_base and a reserved one: nothing is there for the host. */
#define STRIDE(typer) ((typer)&GICR_TYPER_VLPIS ? 4 * FRAME_SIZE : 2 * FRAME_SIZE)

struct redist {
	u64 pa;
	u64 va;
	u64 affinity; /* of its CPU, as in GICR_TYPER */
	u64 size; /* of all its frames */
	bool lpis; /* LPIs are on, and its tables' frames counted */
};

/* Written at boot, but `lpis`, by holders of the lock. */
static struct redist redists[CV_MAX_CPUS];
static u32 nr_redists;
static struct spin lock;

const char *redist_init(u64 pa, u64 size)
{
	u64 end = pa + size, typer = 0;

	while (pa + 2 * FRAME_SIZE <= end && (typer & GICR_TYPER_LAST) == 0) {
		struct redist *r = &redists[nr_redists];

		if (nr_redists == CV_MAX_CPUS)
			return "more than 64 GIC redistributors";
		r->pa = pa;
		r->va = io_map(pa, 2 * FRAME_SIZE);
		if (r->va == 0)
			return "no room in the core's map for GIC redistributors";
		if (io_read32(r->va + GICR_CTLR) & GICR_CTLR_ENABLE_LPIS)
			return "LPIs are on already";
		typer = io_read64(r->va + GICR_TYPER);
		r->affinity = typer >> 32;
		r->size = STRIDE(typer);
		pa += r->size;
		nr_redists++;
	}
	return NULL;
}

u64 redist_sgi_base(u64 mpidr)
{
	u64 affinity = (mpidr & 0xffffff) | ((mpidr >> 32) & 0xff) << 24;

	for (u32 i = 0; i < nr_redists; i++) {
		if (redists[i].affinity == affinity)
			return redists[i].va + FRAME_SIZE;
	}
	return 0;
}

bool redist_host_frame(u64 pa)
{
	for (u32 i = 0; i < nr_redists; i++) {
		if (pa - redists[i].pa - FRAME_SIZE < FRAME_SIZE)
			return true;
	}
	return false;
}

/* Are the frames of [pa, pa + size) the host's, with room for one more count? */
static bool may_count(u64 pa, u64 size)
{
	for (u64 pfn = pa >> CV_PAGE_SHIFT; pfn <= (pa + size - 1) >> CV_PAGE_SHIFT; pfn++) {
		if (frame_owner(pfn) != CV_HOSTVISOR || frame_count(pfn) >= FRAME_MAX_COUNT)
			return false;
	}
	return true;
}

/* Count them: a frame in use for something cannot be given to a VM (page_check_donation). */
static void count(u64 pa, u64 size)
{
	for (u64 pfn = pa >> CV_PAGE_SHIFT; pfn <= (pa + size - 1) >> CV_PAGE_SHIFT; pfn++)
		frame_set_count(pfn, frame_count(pfn) + 1);
}

/*
 * Turn LPIs on, if the tables are the host's: configuration, a byte an LPI, which it
 * reads, and a pending bit an INTID, which it writes (5.1). They stay on and
 * counted until the machine is reset, as the GIC may require (12.11.2).
 */
static void enable_lpis(struct redist *r)
{
	u64 prop = io_read64(r->va + GICR_PROPBASER);
	u64 config = prop & PROPBASER_ADDR;
	u64 pending = io_read64(r->va + GICR_PENDBASER) & PENDBASER_ADDR;
	u64 bits = prop & PROPBASER_IDBITS;
	u64 ids = 2ULL << bits;
	bool ok;

	if (bits > MAX_IDBITS || ids <= FIRST_LPI)
		return;
	/* One section: another CPU must not donate between check and count. */
	lock_page(config >> CV_PAGE_SHIFT);
	ok = may_count(config, ids - FIRST_LPI) && may_count(pending, ids / 8);
	if (ok) {
		count(config, ids - FIRST_LPI);
		count(pending, ids / 8);
	}
	unlock_page(config >> CV_PAGE_SHIFT);
	if (!ok)
		return;
	r->lpis = true;
	io_write32(r->va + GICR_CTLR, io_read32(r->va + GICR_CTLR) | GICR_CTLR_ENABLE_LPIS);
}

static void write_register(struct redist *r, u32 offset, struct access *a)
{
	switch (offset & ~7U) {
	case GICR_CTLR:
		if (offset != GICR_CTLR || a->size != 4)
			return;
		io_write32(r->va + GICR_CTLR,
			   ((u32)a->value & GICR_CTLR_DPG) | (r->lpis ? GICR_CTLR_ENABLE_LPIS : 0));
		if (!r->lpis && (a->value & GICR_CTLR_ENABLE_LPIS) != 0)
			enable_lpis(r);
		return;
	case GICR_WAKER & ~7U:
		if (a->size == 4)
			io_write32(r->va + offset, (u32)a->value);
		return;
	case GICR_PROPBASER:
	case GICR_PENDBASER:
		if (!r->lpis && a->size >= 4)
			io_write(r->va + offset, a->size, a->value);
		return;
	default:
		return;
	}
}

static void read_register(struct redist *r, u32 offset, struct access *a)
{
	u64 hidden = GICR_TYPER_DIRTY | GICR_TYPER_DIRECT_LPI | GICR_TYPER_RVPEID;

	a->value = 0;
	if (a->size < 4 || (offset > GICR_LAST_REGISTER && offset < GICR_ID_REGISTERS))
		return;
	if ((offset & ~7U) == GICR_TYPER)
		a->value = io_part(io_read64(r->va + GICR_TYPER) & ~hidden, offset, a->size);
	else
		a->value = io_read(r->va + offset, a->size);
}

bool redist_access(struct access *access)
{
	for (u32 i = 0; i < nr_redists; i++) {
		struct redist *r = &redists[i];
		u64 offset = access->pa - r->pa;

		if (offset >= r->size)
			continue;
		if (offset >= FRAME_SIZE) {
			access->value = 0;
			return true;
		}
		spin_lock(&lock);
		if (access->write)
			write_register(r, (u32)offset, access);
		else
			read_register(r, (u32)offset, access);
		spin_unlock(&lock);
		return true;
	}
	return false;
}
