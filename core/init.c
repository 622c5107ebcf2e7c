/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/init.h"

#include "core/invariant_vm.h"
#include "core/lock.h"
#include "core/machine.h"
#include "core/mem.h"
#include "core/page.h"
#include "core/rollback.h"
#include "core/state.h"
#include "core/table.h"
#include "corevisor/error.h"

/*
 * What the C language and the boot code promise: every static object reads zero, but for the
 * next VM id to try, and what table_init() asks of the pool.
 */
/*@ predicate zero_state{L} = next_vmid == 1 &&
      (\forall integer v; 0 <= v <= CV_MAX_VMS ==> vms[v].state == CV_VM_UNUSED &&
        vms[v].nr_ram == 0 && vms[v].nr_regions == 0 && vms[v].nr_vcpus == 0 &&
        vms[v].image_frames == 0 && vms[v].nr_frames == 0 && vms[v].entry_set == 0 &&
        vms[v].verifying == 0 && vms[v].verified == 0 && vms[v].reclaimed == 0 &&
        vms[v].has_manifest == 0 && snapshots[v].phase == SNAPSHOT_NONE) &&
      (\forall integer i; 0 <= i < (CV_MAX_VMS + 1) * CV_MAX_RAM_RANGES ==>
        ram_ranges[i].gfn == 0 && ram_ranges[i].frames == 0) &&
      (\forall integer s; is_slot(s) ==> vcpus[s].vm == 0 &&
        vcpus[s].state == CV_VCPU_UNUSED && vcpus[s].pending == PENDING_NONE) &&
      (\forall integer k; 0 <= k < (CV_MAX_VMS + 1) * CV_MAX_VCPUS ==> vcpu_slots[k] == 0) &&
      (\forall integer c; is_context(c) ==> dma_contexts[c].nr_streams == 0) &&
      (\forall integer s; is_stream(s) ==> stream_contexts[s] == 0) &&
      (\forall integer i; is_claim(i) ==> io_claims[i].vm == 0) &&
      (\forall integer c; is_cpu(c) ==> cpus[c].vm == CV_HOSTVISOR);

    // A record as boot makes it.
    predicate boot_record{L}(integer p) = l_count(p) == 0 && (l_owner(p) == CV_INVALID_ID ||
      l_owner(p) == CV_COREVISOR ||
      (l_owner(p) == CV_HOSTVISOR && l_gfn(p) == p + CV_SMMU_HOST_OFFSET));
    predicate no_maps{L} = \forall integer m, g; in_map(m, g) ==> map_of(m, g) == 0;
    // RAM of the first n banks, the last of which ends at `end`.
    predicate banks_end{L}(struct core_config k, integer n, integer end) =
      n == 0 ? end == 0 : end == k.ram[n - 1].pfn + k.ram[n - 1].frames;
    predicate range_ok(struct frame_range r) =
      0 < r.frames && r.pfn + r.frames <= CV_MAX_FRAMES;
    predicate config_ok(struct core_config k) = 0 < k.nr_ram <= CORE_MAX_BANKS &&
      k.nr_kept <= CORE_MAX_BANKS &&
      (\forall integer i; 0 <= i < k.nr_ram ==> range_ok(k.ram[i])) &&
      (\forall integer i; 0 <= i < k.nr_kept ==> range_ok(k.kept[i])) &&
      (\forall integer i; 0 < i < k.nr_ram ==>
        k.ram[i - 1].pfn + k.ram[i - 1].frames <= k.ram[i].pfn) &&
      (\forall integer i; 0 <= i < k.nr_ram ==> k.ram[i].pfn + k.ram[i].frames <=
        k.ram[k.nr_ram - 1].pfn + k.ram[k.nr_ram - 1].frames);
 */

/* All invariants follow from that, once there are tables, and records. */
/*@ ghost
    /@ requires zero: zero_state;
       requires facts: boot_facts && tables && no_maps;
       requires records: (\forall integer p; boot_record(p)) && l_owner(0) == CV_INVALID_ID;
       requires free: \forall integer c; is_context(c) ==> dma_contexts[c].owner == CV_INVALID_ID;
       requires cpus: \forall integer c; is_cpu(c) ==> cpus[c].slot == NO_SLOT;
       terminates \true; exits \false;
       assigns \nothing;
       INV_CLAUSES(ensures)
       VM_CLAUSES(ensures) @/
    static void lemma_booted(void)
    {
      /@ loop invariant 0 <= c <= CV_MAX_DMA_CONTEXTS;
         loop invariant \forall integer p; host_dma_count(c, p) == 0;
         loop assigns c;
         loop variant CV_MAX_DMA_CONTEXTS - c; @/
      for (u32 c = 0; c < CV_MAX_DMA_CONTEXTS; c++) ;
      /@ loop invariant 0 <= s <= CV_MAX_VCPUS_TOTAL;
         loop invariant \forall integer p; run_pages(s, p) == 0;
         loop assigns s;
         loop variant CV_MAX_VCPUS_TOTAL - s; @/
      for (u32 s = 0; s < CV_MAX_VCPUS_TOTAL; s++) ;
      /@ loop invariant 0 <= s <= CV_MAX_STREAMS;
         loop invariant \forall integer c; is_context(c) ==> attached(s, c) == 0;
         loop assigns s;
         loop variant CV_MAX_STREAMS - s; @/
      for (u32 s = 0; s < CV_MAX_STREAMS; s++) ;
      /@ assert owner: \forall integer p; 0 <= p < nr_frames ==> frames[p].owner == l_owner(p); @/
      /@ assert record: \forall integer p; boot_record(p) ==> !is_vm(l_owner(p)); @/
      /@ assert nobody: \forall integer p; !is_vm(l_owner(p)); @/
      /@ assert none: \forall integer p; 0 <= p < nr_frames ==> !is_vm(frames[p].owner); @/
      /@ loop invariant 0 <= n <= nr_frames;
         loop invariant owned: \forall integer v; is_vm(v) ==> owned(n, v) == 0;
         loop assigns n;
         loop variant nr_frames - n; @/
      for (u64 n = 0; n < nr_frames; n++) ;
    }
 */

/*@ terminates \true; exits \false; assigns \nothing;
    ensures \result <==> range_ok(range); */
static bool range_is_ok(struct frame_range range)
{
	return range.frames != 0 && range.frames <= CV_MAX_FRAMES &&
	       range.pfn <= CV_MAX_FRAMES - range.frames;
}

/* Are the ranges non-empty, within the records, and RAM in ascending order? */
/*@ terminates \true; exits \false; assigns \nothing;
    ensures \result ==> config_ok(config); */
static bool config_is_ok(struct core_config config)
{
	u64 end = 0;

	if (config.nr_ram == 0 || config.nr_ram > CORE_MAX_BANKS || config.nr_kept > CORE_MAX_BANKS)
		return false;
	/*@ loop invariant 0 <= i <= config.nr_ram;
	    loop invariant end: banks_end(config, i, end);
	    loop invariant ok: \forall integer k; 0 <= k < i ==> range_ok(config.ram[k]);
	    loop invariant below: \forall integer k; 0 <= k < i ==>
	      config.ram[k].pfn + config.ram[k].frames <= end;
	    loop invariant ascending: \forall integer k; 0 < k < i ==>
	      config.ram[k - 1].pfn + config.ram[k - 1].frames <= config.ram[k].pfn;
	    loop assigns i, end;
	    loop variant config.nr_ram - i; */
	for (u32 i = 0; i < config.nr_ram; i++) {
		if (!range_is_ok(config.ram[i]) || config.ram[i].pfn < end)
			return false;
		end = config.ram[i].pfn + config.ram[i].frames;
	}
	/*@ loop invariant 0 <= i <= config.nr_kept;
	    loop invariant ok: \forall integer k; 0 <= k < i ==> range_ok(config.kept[k]);
	    loop assigns i;
	    loop variant config.nr_kept - i; */
	for (u32 i = 0; i < config.nr_kept; i++) {
		if (!range_is_ok(config.kept[i]))
			return false;
	}
	return true;
}

/* Records of frames from `pfn` up to `end` that have no place in anybody's map. */
/*@ requires facts: boot_facts;
    requires end: end <= nr_frames;
    requires owner: owner == CV_INVALID_ID || owner == CV_COREVISOR;
    terminates \true; exits \false;
    assigns frames[0 .. CV_MAX_FRAMES - 1];
    ensures set: \forall integer p; pfn <= p < end ==> l_owner(p) == owner && l_count(p) == 0;
    ensures others: \forall integer p; !(pfn <= p < end) ==> same_record{Pre, Post}(p); */
static void set_owner(u64 pfn, u64 end, u32 owner)
{
	/*@ loop invariant \at(pfn, Pre) <= pfn && (pfn <= end || pfn == \at(pfn, Pre));
	    loop invariant set: \forall integer p; \at(pfn, Pre) <= p < pfn ==>
	      l_owner(p) == owner && l_count(p) == 0;
	    loop invariant others: \forall integer p; !(\at(pfn, Pre) <= p < pfn) ==>
	      same_record{Pre, Here}(p);
	    loop assigns pfn, frames[0 .. CV_MAX_FRAMES - 1];
	    loop variant end - pfn; */
	for (; pfn < end; pfn++)
		frame_set(pfn, owner, 0, 0);
}

/*@ requires facts: boot_facts;
    requires end: end <= nr_frames;
    terminates \true; exits \false;
    assigns frames[0 .. CV_MAX_FRAMES - 1];
    ensures set: \forall integer p; pfn <= p < end ==> l_owner(p) == CV_HOSTVISOR &&
      l_count(p) == 0 && l_gfn(p) == p + CV_SMMU_HOST_OFFSET;
    ensures others: \forall integer p; !(pfn <= p < end) ==> same_record{Pre, Post}(p); */
static void set_owner_host(u64 pfn, u64 end)
{
	/*@ loop invariant \at(pfn, Pre) <= pfn && (pfn <= end || pfn == \at(pfn, Pre));
	    loop invariant set: \forall integer p; \at(pfn, Pre) <= p < pfn ==>
	      l_owner(p) == CV_HOSTVISOR && l_count(p) == 0 &&
	      l_gfn(p) == p + CV_SMMU_HOST_OFFSET;
	    loop invariant others: \forall integer p; !(\at(pfn, Pre) <= p < pfn) ==>
	      same_record{Pre, Here}(p);
	    loop assigns pfn, frames[0 .. CV_MAX_FRAMES - 1];
	    loop variant end - pfn; */
	for (; pfn < end; pfn++)
		frame_set(pfn, CV_HOSTVISOR, 0, pfn + CV_SMMU_HOST_OFFSET);
}

/* The records end with RAM; frames between the banks are nobody's. */
/*@ requires facts: boot_facts;
    requires config: config_ok(config);
    requires top: banks_end(config, config.nr_ram, nr_frames);
    terminates \true; exits \false;
    assigns frames[0 .. CV_MAX_FRAMES - 1];
    ensures records: \forall integer p; boot_record(p);
    ensures zero: l_owner(0) == CV_INVALID_ID; */
static void init_records(struct core_config config)
{
	u64 end = 0;

	/*@ loop invariant 0 <= i <= config.nr_ram;
	    loop invariant end: banks_end(config, i, end) && end <= nr_frames;
	    loop invariant records: \forall integer p; 0 <= p < end ==> boot_record(p);
	    loop assigns i, end, frames[0 .. CV_MAX_FRAMES - 1];
	    loop variant config.nr_ram - i; */
	for (u32 i = 0; i < config.nr_ram; i++) {
		u64 pfn = config.ram[i].pfn;

		set_owner(end, pfn, CV_INVALID_ID);
		end = pfn + config.ram[i].frames;
		set_owner_host(pfn, end);
	}
	/*@ loop invariant 0 <= i <= config.nr_kept;
	    loop invariant records: \forall integer p; boot_record(p);
	    loop assigns i, frames[0 .. CV_MAX_FRAMES - 1];
	    loop variant config.nr_kept - i; */
	for (u32 i = 0; i < config.nr_kept; i++) {
		u64 kept_end = config.kept[i].pfn + config.kept[i].frames;

		set_owner(config.kept[i].pfn, kept_end < end ? kept_end : end, CV_COREVISOR);
	}
	/* Even if there is RAM, so that frame number 0 can mean that nothing is mapped. */
	frame_set(0, CV_INVALID_ID, 0, 0);
}

/*
 * The default DMA context maps every frame of the host, in pages: a device cannot retry a fault, so
 * its tables are never broken to be made smaller. Without streams nobody would walk it. Here one
 * may be: nobody does DMA yet. So 512 frames in a row are one block, then split.
 */
/*@ requires pfn: 0 < pfn && in_map(MAP_DMA_DEFAULT, pfn) && l_owner(pfn) == CV_HOSTVISOR;
    requires block: block ==> \forall integer p; in_map(MAP_DMA_DEFAULT, p) &&
      same_leaf(2, pfn, p) ==> l_owner(p) != CV_INVALID_ID && host_may(p);
    INV_REQUIRES
    terminates \true; exits \false;
    assigns TABLE_STATE;
    INV_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures maps: \forall integer m, g; in_map(m, g) && m != MAP_DMA_DEFAULT ==>
      map_of(m, g) == \old(map_of(m, g)) && depth_of(m, g) == \old(depth_of(m, g)); */
static int map_default_dma(u64 pfn, bool block)
{
	u64 first = pfn - pfn % CV_BLOCK_FRAMES;

	if (machine_streams() == 0 || map_get(MAP_DMA_DEFAULT, pfn) != 0)
		return CV_OK;
	if (map_need(MAP_DMA_DEFAULT, pfn, 3) > table_free_count())
		return CV_ENOMEM;
	if (block) {
		map_prepare(MAP_DMA_DEFAULT, pfn, 2);
		map_set_block(MAP_DMA_DEFAULT, pfn, desc_block(first, DESC_ATTR_MEMORY));
	}
	map_prepare(MAP_DMA_DEFAULT, pfn, 3);
	if (!block)
		map_set_page(MAP_DMA_DEFAULT, pfn, desc_page(pfn, DESC_ATTR_MEMORY));
	/*@ ghost DMA_COUNT_KEPT(c) */
	return CV_OK;
}

/* The host finds this bank mapped, for its CPUs and its devices: no faults while it boots. */
/*@ requires range: range_ok(range);
    requires locks: memory_locks;
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns TABLE_STATE;
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures result: \result <= 0; */
static int init_maps(struct frame_range range)
{
	u64 pfn = range.pfn;
	int error = CV_OK;

	/*@ assert lists: list_in_map; */
	/*@ loop invariant range.pfn <= pfn <= range.pfn + range.frames + 511;
	    INV_CLAUSES(loop invariant)
	    loop invariant core: \forall integer g; in_map(MAP_CORE, g) ==>
	      map_of(MAP_CORE, g) == \at(map_of(MAP_CORE, g), Pre) &&
	      depth_of(MAP_CORE, g) == \at(depth_of(MAP_CORE, g), Pre);
	    loop invariant result: error <= 0;
	    loop assigns pfn, error, TABLE_STATE;
	    loop variant range.pfn + range.frames - pfn; */
	while (pfn < range.pfn + range.frames && error == CV_OK) {
		bool block = false;
		u32 level;

		if (frame_owner(pfn) == CV_HOSTVISOR) {
			/*@ assert pfn: 0 < pfn < nr_frames; */
			error = map_host(pfn * CV_PAGE_SIZE);
			if (error != CV_OK)
				break;
			/* All 512 frames around it are the host's, perhaps of two banks. */
			level = map_level(MAP_HOST, pfn);
			block = level == 1 || level == 2;
			/*@ assert leaf: map_of(MAP_HOST, pfn) == d_page(pfn, DESC_ATTR_MEMORY); */
			/*@ assert attr: d_attr(map_of(MAP_HOST, pfn)) == DESC_ATTR_MEMORY; */
			/*@ assert leaves: block ==> \forall integer g; in_map(MAP_HOST, g) &&
			      same_leaf(2, pfn, g) ==> map_of(MAP_HOST, g) != 0 &&
			        d_attr(map_of(MAP_HOST, g)) == DESC_ATTR_MEMORY; */
			/*@ assert owners: block ==> \forall integer g; in_map(MAP_HOST, g) &&
			      same_leaf(2, pfn, g) ==> l_owner(g) != CV_INVALID_ID && host_may(g); */
			error = map_default_dma(pfn, block);
		}
		pfn += block ? CV_BLOCK_FRAMES - pfn % CV_BLOCK_FRAMES : 1;
	}
	/*@ assert core: \forall integer g; in_map(MAP_CORE, g) ==>
	      map_of(MAP_CORE, g) == \at(map_of(MAP_CORE, g), Pre); */
	/*@ assert kept: \forall integer v, r, g; is_region(v, r) &&
	      list_base(v) + r_list(v, r) + r_remapped(v, r) <= g <
	        list_base(v) + r_list(v, r) + r_frames(v, r) ==>
	      map_of(MAP_CORE, g) == \at(map_of(MAP_CORE, g), Pre) &&
	      \at(map_of(MAP_CORE, g), Pre) == 0; */
	return error;
}

/* No context is anybody's, no CPU runs a VM. */
/*@ terminates \true; exits \false;
    assigns dma_contexts[0 .. CV_MAX_DMA_CONTEXTS - 1], cpus[0 .. CV_MAX_CPUS - 1];
    ensures free: \forall integer c; is_context(c) ==>
      dma_contexts[c].owner == CV_INVALID_ID &&
      dma_contexts[c].nr_streams == \old(dma_contexts[c].nr_streams);
    ensures cpus: \forall integer c; is_cpu(c) ==>
      cpus[c].slot == NO_SLOT && cpus[c].vm == \old(cpus[c].vm); */
static void init_free(void)
{
	/*@ loop invariant 0 <= ctx <= CV_MAX_DMA_CONTEXTS;
	    loop invariant free: \forall integer c; 0 <= c < ctx ==>
	      dma_contexts[c].owner == CV_INVALID_ID;
	    loop invariant same: \forall integer c; is_context(c) ==>
	      dma_contexts[c].nr_streams == \at(dma_contexts[c].nr_streams, Pre);
	    loop assigns ctx, dma_contexts[0 .. CV_MAX_DMA_CONTEXTS - 1];
	    loop variant CV_MAX_DMA_CONTEXTS - ctx; */
	for (u32 ctx = 0; ctx < CV_MAX_DMA_CONTEXTS; ctx++)
		dma_contexts[ctx].owner = CV_INVALID_ID;
	/*@ loop invariant 0 <= cpu <= CV_MAX_CPUS;
	    loop invariant free: \forall integer c; 0 <= c < cpu ==> cpus[c].slot == NO_SLOT;
	    loop invariant same: \forall integer c; is_cpu(c) ==>
	      cpus[c].vm == \at(cpus[c].vm, Pre);
	    loop assigns cpu, cpus[0 .. CV_MAX_CPUS - 1];
	    loop variant CV_MAX_CPUS - cpu; */
	for (u32 cpu = 0; cpu < CV_MAX_CPUS; cpu++)
		cpus[cpu].slot = NO_SLOT;
}

/*@ terminates \true; exits \false; assigns \nothing; */
static void bind_streams(void)
{
	/*@ loop invariant 0 <= stream <= CV_MAX_STREAMS;
	    loop assigns stream;
	    loop variant CV_MAX_STREAMS - stream; */
	for (u32 stream = 0; stream < machine_streams() && stream < CV_MAX_STREAMS; stream++)
		machine_stream_bind(stream, MAP_DMA_DEFAULT);
}

/*@ requires config: config_ok(config);
    requires order: no_locks;
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns held_page, held_map, TABLE_STATE;
    INV_ENSURES
    VM_ENSURES
    ensures locks: no_locks;
    ensures result: \result <= 0; */
static int init_banks(struct core_config config)
{
	int error = CV_OK;

	/* To the prover, who is alone holds the locks. */
	/*@ ghost held_page = 1;
	    held_map = 1; */
	/*@ loop invariant 0 <= i <= config.nr_ram;
	    loop invariant invariants: INV_ALL;
	    loop invariant vm_invariants: VM_ALL;
	    loop invariant result: error <= 0;
	    loop assigns i, error, TABLE_STATE;
	    loop variant config.nr_ram - i; */
	for (u32 i = 0; i < config.nr_ram && error == CV_OK; i++)
		error = init_maps(config.ram[i]);
	/*@ ghost held_page = 0;
	    held_map = 0; */
	return error;
}

/*@ requires locks: no_locks;
    requires zero: zero_state;
    requires pool: \forall integer t, i; 0 <= t < config.nr_tables && t < CV_MAX_TABLES &&
      0 <= i < TABLE_ENTRIES ==> table_pool[t].e[i] == 0;
    terminates \true; exits \false;
    assigns held_page, held_map, nr_frames, frames[0 .. CV_MAX_FRAMES - 1], table_geometry,
      TABLE_STATE, dma_contexts[0 .. CV_MAX_DMA_CONTEXTS - 1], cpus[0 .. CV_MAX_CPUS - 1],
      lineages[0 .. CV_MAX_LINEAGES - 1];
    ensures locks: no_locks;
    ensures invariants: \result == 0 ==> (INV_ALL);
    ensures vm_invariants: \result == 0 ==> (VM_ALL); */
int core_init(struct core_config config)
{
	int error;

	if (!config_is_ok(config))
		return CV_EINVAL;
	nr_frames = config.ram[config.nr_ram - 1].pfn + config.ram[config.nr_ram - 1].frames;
	error = table_init(config.ipa_bits, config.pool_pfn, config.nr_tables);
	if (error != CV_OK)
		return error;
	init_records(config);
	init_free();
	/*@ ghost lemma_booted(); */
	error = init_banks(config);
	if (error != CV_OK)
		return error;
	bind_streams();
	return rollback_init();
}
