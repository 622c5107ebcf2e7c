/* SPDX-License-Identifier: BSD-3-Clause */
#include "arch/sim/dump.h"

#include "arch/sim/sim.h"
#include "core/page.h"
#include "core/state.h"
#include "core/table.h"

#define ULL(x) ((unsigned long long)(x))

static const char *const vm_states[] = {"unused", "ready", "verified", "poweroff"};
static const char *const vcpu_states[] = {"unused", "ready", "active"};

/* Name of a principal. Not reentrant: two in one line need two calls. */
static const char *owner_name(u32 owner)
{
	static char name[16];

	if (owner == CV_HOSTVISOR)
		return "host";
	if (owner == CV_COREVISOR)
		return "core";
	if (owner == CV_INVALID_ID)
		return "none";
	snprintf(name, sizeof(name), "vm%u", owner);
	return name;
}

static const char *map_name(u32 map)
{
	static char name[16];

	if (map == MAP_DMA_DEFAULT)
		return "dma-default";
	if (map <= MAP_CORE)
		return owner_name(map);
	snprintf(name, sizeof(name), "dma%u", map - MAP_DMA(0));
	return name;
}

static bool same_owner(u64 first, u64 pfn)
{
	return frame_owner(pfn) == frame_owner(first) && frame_count(pfn) == frame_count(first) &&
	       (frame_owner(first) == CV_COREVISOR ||
		frame_gfn(pfn) - frame_gfn(first) == pfn - first);
}

static void dump_owner(FILE *out, u64 first, u64 last)
{
	u32 owner = frame_owner(first);

	fprintf(out, "frames 0x%llx-0x%llx owner=%s", ULL(first), ULL(last), owner_name(owner));
	if (frame_count(first) != 0U)
		fprintf(out, " count=%u", frame_count(first));
	if (owner >= 1U && owner <= CV_MAX_VMS)
		fprintf(out, " gfn=0x%llx", ULL(frame_gfn(first)));
	else if (owner == CV_HOSTVISOR && frame_gfn(first) != first + CV_SMMU_HOST_OFFSET)
		fprintf(out, " wrong-gfn=0x%llx", ULL(frame_gfn(first)));
	fprintf(out, "\n");
}

static void dump_owners(FILE *out)
{
	for (u32 i = 0; i < sim.nr_banks; i++) {
		u64 end = sim.bank[i].pfn + sim.bank[i].frames;
		u64 first = sim.bank[i].pfn;

		for (u64 pfn = first + 1U; pfn <= end; pfn++) {
			if (pfn == end || !same_owner(first, pfn)) {
				dump_owner(out, first, pfn - 1U);
				first = pfn;
			}
		}
	}
}

static void dump_vcpus(FILE *out, u32 vm)
{
	for (u32 id = 0; id < CV_MAX_VCPUS; id++) {
		u32 slot = vcpu_slots[vm * CV_MAX_VCPUS + id];

		if (slot == 0U)
			continue;
		fprintf(out, "vcpu vm%u.%u state=%s powered=%u fresh=%u run=0x%llx\n", vm, id,
			vcpu_states[vcpus[slot - 1U].state % 3U], vcpus[slot - 1U].powered,
			vcpus[slot - 1U].fresh, ULL(vcpus[slot - 1U].run_pfn));
	}
}

static void dump_vms(FILE *out)
{
	for (u32 vm = 1; vm <= CV_MAX_VMS; vm++) {
		const struct vm_info *info = &vms[vm];

		if (info->state == CV_VM_UNUSED)
			continue;
		fprintf(out, "vm vm%u state=%s frames=%llu vcpus=%u snapshot=%u", vm,
			vm_states[info->state % 4U], ULL(info->nr_frames), info->nr_vcpus,
			snapshots[vm].phase);
		for (u32 i = 0; i < info->nr_ram; i++) {
			const struct ram_range *r = &ram_ranges[vm * CV_MAX_RAM_RANGES + i];

			fprintf(out, " ram=0x%llx+0x%llx", ULL(r->gfn), ULL(r->frames));
		}
		for (u32 i = 0; i < info->nr_regions; i++) {
			const struct boot_region *r = &boot_regions[vm * CV_MAX_BOOT_REGIONS + i];

			fprintf(out, " image=0x%llx+0x%llx/0x%llx", ULL(r->gfn), ULL(r->frames),
				ULL(r->remapped));
		}
		fprintf(out, "\n");
		dump_vcpus(out, vm);
	}
}

static void dump_contexts(FILE *out)
{
	for (u32 ctx = 0; ctx < CV_MAX_DMA_CONTEXTS; ctx++) {
		if (dma_contexts[ctx].owner == CV_INVALID_ID)
			continue;
		fprintf(out, "dma dma%u owner=%s", ctx, owner_name(dma_contexts[ctx].owner));
		for (u32 s = 0; s < CV_MAX_STREAMS; s++) {
			if (stream_contexts[s] == ctx + 1U)
				fprintf(out, " stream=%u", s);
		}
		fprintf(out, "\n");
	}
	for (u64 pfn = SIM_DEV_VM_PFN; pfn < SIM_DEV_VM_PFN + SIM_DEV_FRAMES; pfn++) {
		for (u32 i = 0; i < CV_MAX_IO_CLAIMS; i++) {
			if (io_claims[i].vm != 0U && io_claims[i].pfn == pfn)
				fprintf(out, "claim 0x%llx owner=%s gfn=0x%llx\n", ULL(pfn),
					owner_name(io_claims[i].vm), ULL(io_claims[i].gfn));
		}
	}
}

/* Input frames from gfn on about which the tables say the same. */
static u64 step_over(u32 map, u64 gfn)
{
	u32 level = map_level(map, gfn);
	u64 frames;

	if (level == 0U)
		level = 3U - map_need(map, gfn, 3);
	frames = level == 0U ? 1ULL << 27 : level_frames(level);
	return frames - gfn % frames;
}

struct span {
	u64 gfn, next, pfn, attr;
};

static void dump_span(FILE *out, u32 map, const struct span *s)
{
	if (s->next != s->gfn)
		fprintf(out, "map %s 0x%llx-0x%llx -> 0x%llx%s\n", map_name(map), ULL(s->gfn),
			ULL(s->next - 1U), ULL(s->pfn),
			s->attr == DESC_ATTR_DEVICE ? " device" : "");
}

static void dump_map(FILE *out, u32 map)
{
	struct span s = {0, 0, 0, 0};
	u64 gfn = 0;

	while (gfn < table_geometry.gfn_limit) {
		u64 step = step_over(map, gfn);
		u64 desc = map_get(map, gfn);

		if (desc != 0U) {
			if (gfn != s.next || desc_pfn(desc) != s.pfn + (gfn - s.gfn) ||
			    desc_attr(desc) != s.attr) {
				dump_span(out, map, &s);
				s = (struct span){gfn, gfn, desc_pfn(desc), desc_attr(desc)};
			}
			s.next = gfn + step;
		}
		gfn += step;
	}
	dump_span(out, map, &s);
}

void dump_state(FILE *out)
{
	dump_owners(out);
	dump_vms(out);
	dump_contexts(out);
	for (u32 map = 0; map < CV_NR_MAPS; map++)
		dump_map(out, map);
	for (u32 cpu = 0; cpu < sim.config.cpus; cpu++) {
		if (cpus[cpu].vm == CV_HOSTVISOR)
			fprintf(out, "cpu %u host\n", cpu);
		else
			fprintf(out, "cpu %u vm%u.%u\n", cpu, cpus[cpu].vm,
				vcpus[cpus[cpu].slot % CV_MAX_VCPUS_TOTAL].id);
	}
}
