/* SPDX-License-Identifier: BSD-3-Clause */
#include "arch/sim/touch.h"

#include <string.h>

#include "arch/sim/memory.h"
#include "arch/sim/point.h"
#include "arch/sim/sim.h"
#include "core/lock.h"
#include "core/machine.h"
#include "core/table.h"

struct touched touched;

/* Which part of which map a table translates; level 0xff: none. */
struct place {
	u64 gfn;
	u16 map;
	u8 level;
	u8 placed;
};

static struct place places[CV_MAX_TABLES];

void touch_begin(void)
{
	touched.nr_frames = 0;
	touched.nr_leaves = 0;
	touched.nr_before = 0;
	touched.nr_read = 0;
}

void touch_frame(u64 pfn)
{
	u64 n = touched.nr_frames;
	u64 half = TOUCH_FRAMES / 2U;

	if (sim.threaded)
		return;
	if (n != 0U && touched.frame[n <= half ? n - 1U : half + (n - 1U) % half] == pfn)
		return;
	touched.frame[n < half ? n : half + n % half] = pfn;
	touched.nr_frames = n + 1U;
}

static void touch_leaf(u32 map, u64 gfn, u32 level)
{
	u64 n = touched.nr_leaves;
	u64 half = TOUCH_LEAVES / 2U;
	struct touched_leaf *leaf = &touched.leaf[n < half ? n : half + n % half];

	leaf->map = map;
	leaf->gfn = gfn;
	leaf->level = level;
	touched.nr_leaves = n + 1U;
}

void touch_content(u64 pfn)
{
	struct touched_content *c;

	if (sim.threaded || touched.nr_before == TOUCH_COPIES)
		return;
	for (u32 i = 0; i < touched.nr_before; i++) {
		if (touched.before[i].pfn == pfn)
			return;
	}
	c = &touched.before[touched.nr_before++];
	c->pfn = pfn;
	memcpy(c->bytes, memory_frame(pfn), CV_PAGE_SIZE);
}

void touch_read(u64 pfn, u32 offset, const void *data, u32 size)
{
	struct touched_content *c;

	if (sim.threaded || offset != 0U || size != CV_PAGE_SIZE)
		return;
	touch_frame(pfn);
	c = &touched.read[touched.nr_read++ % TOUCH_READS];
	c->pfn = pfn;
	memcpy(c->bytes, data, CV_PAGE_SIZE);
}

const u8 *touch_last_read(u64 pfn)
{
	u32 n = touched.nr_read;

	for (u32 i = 0; i < TOUCH_READS && i < n; i++) {
		const struct touched_content *c = &touched.read[(n - 1U - i) % TOUCH_READS];

		if (c->pfn == pfn)
			return c->bytes;
	}
	return NULL;
}

static struct place *table_place(u32 t)
{
	struct place *p = &places[t];
	u32 roots = table_geometry.root_tables;

	if (!p->placed && t < CV_NR_MAPS * roots) {
		p->map = (u16)(t / roots);
		p->gfn = (u64)(t % roots) << (3U * TABLE_BITS);
		p->level = (u8)table_geometry.start_level;
		p->placed = 1;
	}
	return p;
}

static u64 entry_hash(u64 index, u64 desc)
{
	u64 h;

	if (desc == 0U)
		return 0;
	h = (index + 1U) * 0x9e3779b97f4a7c15ULL ^ desc;
	h = (h ^ h >> 32) * 0xd6e8feb86659fd93ULL;
	return h ^ h >> 32;
}

static void child_place(const struct place *p, u64 gfn, u64 old, u64 desc)
{
	u64 table;

	if (p->level == 3U)
		return;
	table = desc_pfn(old) - table_geometry.pool_pfn;
	if (desc_is_table(old) && table < table_geometry.nr_tables)
		places[table].placed = 0;
	table = desc_pfn(desc) - table_geometry.pool_pfn;
	if (desc_is_table(desc) && table < table_geometry.nr_tables) {
		places[table].map = p->map;
		places[table].gfn = gfn;
		places[table].level = (u8)(p->level + 1U);
		places[table].placed = 1;
	}
}

static void note_write(u64 index, u64 old, u64 desc)
{
	struct place *p = table_place((u32)(index / TABLE_ENTRIES));
	u64 step;
	u64 gfn;

	touched.table_hash ^= entry_hash(index, old) ^ entry_hash(index, desc);
	if (!p->placed)
		return;
	step = p->level == 0U ? 1ULL << (3U * TABLE_BITS) : level_frames(p->level);
	gfn = p->gfn + (index % TABLE_ENTRIES) * step;
	child_place(p, gfn, old, desc);
	if (!sim.up)
		return;
	if ((old & DESC_VALID) && (desc & DESC_VALID) && old != desc)
		sim_violation("break-before-make", "map %u, gfn 0x%llx: 0x%llx over 0x%llx", p->map,
			      (unsigned long long)gfn, (unsigned long long)desc,
			      (unsigned long long)old);
	if (sim.threaded || p->level == 0U)
		return;
	touch_leaf(p->map, gfn, p->level);
	if ((desc & DESC_VALID) && (p->level == 3U || desc_is_block(desc)))
		touch_frame(desc_pfn(desc));
	if ((old & DESC_VALID) && (p->level == 3U || desc_is_block(old)))
		touch_frame(desc_pfn(old));
}

void machine_table_write(u32 table, u32 index, u64 desc)
{
	u64 *entry = &table_pool[table].e[index];
	u64 old;

	if (table >= table_geometry.nr_tables || index >= TABLE_ENTRIES)
		sim_violation("table-write", "entry %u of table %u is outside the pool", index,
			      table);
	if (sim.up && !lock_held_by(machine_cpu(), LOCK_MAP))
		sim_violation("lock", "table write without the map lock");
	sim_point();
	old = __atomic_load_n(entry, __ATOMIC_RELAXED);
	note_write((u64)table * TABLE_ENTRIES + index, old, desc);
	__atomic_store_n(entry, desc, __ATOMIC_RELEASE);
	sim_point();
}
