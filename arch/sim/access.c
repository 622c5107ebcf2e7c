/* SPDX-License-Identifier: BSD-3-Clause */
#include "arch/sim/access.h"

#include "arch/sim/cpu.h"
#include "arch/sim/memory.h"
#include "arch/sim/model.h"
#include "arch/sim/point.h"
#include "arch/sim/sim.h"
#include "arch/sim/tag.h"
#include "arch/sim/tlb.h"
#include "arch/sim/touch.h"
#include "core/machine.h"
#include "core/state.h"
#include "core/table.h"

/* Map + 1 of each stream; 0: cut off. A stream starts in the default context. */
static u32 stream_maps[CV_MAX_STREAMS];
static bool stream_set[CV_MAX_STREAMS];
static u64 sequence;

static u64 auto_word(u32 who, u64 gfn)
{
	u64 seq = __atomic_add_fetch(&sequence, 1U, __ATOMIC_RELAXED);
	bool secret = who != CV_HOSTVISOR && !tag_gfn_shareable(gfn);

	return tag_make(who, model_life(who), secret, gfn, seq);
}

static void perform(struct model_access *m, struct access *a)
{
	if (a->write && a->value == ACCESS_AUTO)
		a->value = auto_word(m->who, m->gfn);
	m->write = a->write;
	m->offset = (u32)(a->address % CV_PAGE_SIZE) & ~7U;
	m->value = a->value;
	touch_frame(m->to.pfn);
	if (!sim_is_ram(m->to.pfn)) {
		a->value = a->write ? a->value : 0U;
		m->value = a->value;
		model_access(m);
		return;
	}
	if (sim_is_core(m->to.pfn))
		sim_violation("core-access", "%u reaches frame 0x%llx of the core", m->who,
			      (unsigned long long)m->to.pfn);
	if (a->write) {
		model_access(m);
		/* A VM that mixes attributes does its own cache maintenance. */
		memory_store(m->to.pfn, m->offset, a->value,
			     a->cacheable || model_owner(m->to.pfn) != CV_HOSTVISOR);
	} else {
		a->value = memory_load(m->to.pfn, m->offset, a->cacheable);
		m->value = a->value;
		model_access(m);
	}
}

bool access_cpu(u32 cpu, struct access *a)
{
	struct model_access m = {.who = sim_cpus[cpu].vm, .gfn = a->address >> CV_PAGE_SHIFT};
	bool ok;

	tlb_lock(cpu);
	ok = tlb_translate(cpu, m.who, m.gfn, &m.to);
	if (ok)
		perform(&m, a);
	tlb_unlock(cpu);
	return ok;
}

u32 smmu_stream_map(u32 stream)
{
	u32 map;

	if (!stream_set[stream])
		return MAP_DMA_DEFAULT;
	map = __atomic_load_n(&stream_maps[stream], __ATOMIC_RELAXED);
	return map == 0U ? CV_NR_MAPS : map - 1U;
}

/* Whose devices go through a map; CV_INVALID_ID: nobody's. */
static u32 map_principal(u32 map)
{
	if (map == MAP_DMA_DEFAULT)
		return CV_HOSTVISOR;
	return __atomic_load_n(&dma_contexts[map - MAP_DMA(0)].owner, __ATOMIC_RELAXED);
}

bool access_device(u32 stream, struct access *a)
{
	struct model_access m = {.device = true, .gfn = a->address >> CV_PAGE_SHIFT};
	bool ok = false;
	u32 map;

	if (stream >= sim.config.streams)
		return false;
	tlb_lock(TLB_SMMU);
	map = smmu_stream_map(stream);
	if (map != CV_NR_MAPS)
		ok = tlb_translate(TLB_SMMU, map, m.gfn, &m.to);
	if (ok) {
		m.default_context = map == MAP_DMA_DEFAULT;
		m.who = map_principal(map);
		if (m.who > CV_MAX_VMS)
			sim_violation("device-access", "stream %u through free map %u", stream,
				      map);
		perform(&m, a);
	}
	tlb_unlock(TLB_SMMU);
	return ok;
}

void machine_stream_bind(u32 stream, u32 map)
{
	sim_point();
	if (stream >= sim.config.streams || map <= MAP_CORE || map >= CV_NR_MAPS)
		sim_violation("smmu", "stream %u bound to map %u", stream, map);
	tlb_lock(TLB_SMMU);
	stream_set[stream] = true;
	__atomic_store_n(&stream_maps[stream], map + 1U, __ATOMIC_RELAXED);
	tlb_unlock(TLB_SMMU);
	sim_point();
}

void machine_stream_cut(u32 stream)
{
	sim_point();
	if (stream >= sim.config.streams)
		sim_violation("smmu", "stream %u cut", stream);
	tlb_lock(TLB_SMMU);
	stream_set[stream] = true;
	__atomic_store_n(&stream_maps[stream], 0, __ATOMIC_RELAXED);
	tlb_unlock(TLB_SMMU);
	sim_point();
}

u32 machine_streams(void)
{
	return sim.config.streams;
}
