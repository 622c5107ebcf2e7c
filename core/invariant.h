/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The invariants, executable. They hold between any two primitives; the checker
 * reads the state only and needs it to stand still (page, map and DMA locks,
 * or nobody else running).
 */
#ifndef CORE_INVARIANT_H
#define CORE_INVARIANT_H

#include "core/state.h"
#include "core/table.h"
#include "core/types.h"

/*
 * The records in logic: what frame_owner(), frame_count() and frame_gfn() return.
 */
/*@ logic integer l_owner{L}(integer p) =
      0 <= p < nr_frames ? frames[p].owner : CV_INVALID_ID;
    logic integer l_count{L}(integer p) = 0 <= p < nr_frames ? frames[p].count : 0;
    logic integer l_gfn{L}(integer p) =
      0 <= p < nr_frames ? frames[p].gfn_high * 0x100000000 + frames[p].gfn_low : 0;

    predicate is_vm(integer v) = 1 <= v <= CV_MAX_VMS;
    predicate is_context(integer c) = 0 <= c < CV_MAX_DMA_CONTEXTS;
    logic integer dma_map(integer c) = CV_COREVISOR + 1 + c;

    // May the host see this frame?
    predicate host_may{L}(integer p) = l_owner(p) == CV_INVALID_ID ||
      l_owner(p) == CV_HOSTVISOR || l_count(p) > 0;
 */

/*
 * In how many of the first n DMA contexts the host maps frame p.
 */
/*@ logic integer host_maps{L}(integer c, integer p) =
      0 <= p < nr_frames && dma_contexts[c].owner == CV_HOSTVISOR &&
      map_of(dma_map(c), p + CV_SMMU_HOST_OFFSET) != 0 &&
      d_pfn(map_of(dma_map(c), p + CV_SMMU_HOST_OFFSET)) == p ? 1 : 0;

    logic integer host_dma_count{L}(integer n, integer p) =
      n <= 0 ? 0 : host_dma_count(n - 1, p) + host_maps(n - 1, p);
 */

/* What boot has set and nobody changes. */
/*@ predicate boot_facts{L} = 0 < nr_frames <= CV_MAX_FRAMES && geometry &&
      nr_frames + CV_SMMU_HOST_OFFSET <= table_geometry.gfn_limit;
 */

/* The ten invariants of the seed, under their names (InvProofs.md, Invs). */
/*@ predicate spt_cons{L} = \forall integer c, g; is_context(c) && in_map(dma_map(c), g) &&
      map_of(dma_map(c), g) != 0 ==>
      map_of(dma_map(c), g) == d_page(d_pfn(map_of(dma_map(c), g)), DESC_ATTR_MEMORY);

    predicate host_npt_cons{L} = \forall integer g; in_map(MAP_HOST, g) &&
      map_of(MAP_HOST, g) != 0 ==> map_of(MAP_HOST, g) ==
        d_page(d_pfn(map_of(MAP_HOST, g)),
          l_owner(d_pfn(map_of(MAP_HOST, g))) == CV_INVALID_ID ? DESC_ATTR_DEVICE
                                                               : DESC_ATTR_MEMORY);

    predicate host_flatmap{L} = \forall integer g; in_map(MAP_HOST, g) &&
      map_of(MAP_HOST, g) != 0 ==> d_pfn(map_of(MAP_HOST, g)) == g;

    predicate host_s2_map{L} = \forall integer p; l_owner(p) == CV_HOSTVISOR ==>
      l_gfn(p) == p + CV_SMMU_HOST_OFFSET;

    predicate page_0_invalid{L} = l_owner(0) == CV_INVALID_ID;

    predicate host_iso{L} = \forall integer g; in_map(MAP_HOST, g) &&
      map_of(MAP_HOST, g) != 0 ==> host_may(d_pfn(map_of(MAP_HOST, g)));

    predicate vm_iso{L} = \forall integer v, g; is_vm(v) && in_map(v, g) &&
      map_of(v, g) != 0 ==> l_owner(d_pfn(map_of(v, g))) == CV_INVALID_ID ||
        l_owner(d_pfn(map_of(v, g))) == v;

    predicate smmu_vm{L} = \forall integer c; is_context(c) ==>
      dma_contexts[c].owner == CV_INVALID_ID || dma_contexts[c].owner == CV_HOSTVISOR ||
      is_vm(dma_contexts[c].owner);

    predicate smmu_iso{L} = \forall integer c, g; is_context(c) && in_map(dma_map(c), g) &&
      map_of(dma_map(c), g) != 0 ==>
        l_owner(d_pfn(map_of(dma_map(c), g))) == dma_contexts[c].owner &&
        dma_contexts[c].owner != CV_INVALID_ID && l_gfn(d_pfn(map_of(dma_map(c), g))) == g;

    predicate smmu_count{L} = \forall integer p; l_owner(p) == CV_HOSTVISOR ==>
      l_count(p) >= host_dma_count(CV_MAX_DMA_CONTEXTS, p);
 */

/* Those added here (design 4). */
/*@ predicate core_iso{L} = \forall integer p; l_owner(p) == CV_COREVISOR ==> l_count(p) == 0;

    predicate one_gfn{L} = \forall integer v, g; is_vm(v) && in_map(v, g) &&
      map_of(v, g) != 0 && l_owner(d_pfn(map_of(v, g))) == v ==> l_gfn(d_pfn(map_of(v, g))) == g;

    predicate fresh_vm{L} = \forall integer v; is_vm(v) && vms[v].state == CV_VM_UNUSED ==>
      (\forall integer g; in_map(v, g) ==> map_of(v, g) == 0) &&
      (\forall integer p; l_owner(p) != v);

    predicate default_dma_iso{L} = \forall integer g; in_map(MAP_DMA_DEFAULT, g) &&
      map_of(MAP_DMA_DEFAULT, g) != 0 ==> d_pfn(map_of(MAP_DMA_DEFAULT, g)) == g &&
        l_owner(g) != CV_INVALID_ID && host_may(g);

    // Ranges of what the records and states hold.
    predicate record_range{L} = \forall integer p; 0 <= p < nr_frames ==>
      (frames[p].owner == CV_INVALID_ID || frames[p].owner <= CV_COREVISOR) &&
      frames[p].count <= FRAME_MAX_COUNT;
    predicate state_range{L} = \forall integer v; is_vm(v) ==>
      CV_VM_UNUSED <= vms[v].state <= CV_VM_POWEROFF;
 */

/*
 * Lemma, as a ghost function: a frame that the host maps nowhere for DMA as often as its count 0
 * says is in no DMA context of the host.
 */
/*@ ghost
    /@ requires boot_facts;
       requires p < nr_frames && l_owner(p) == CV_HOSTVISOR && l_count(p) == 0;
       requires smmu_count && smmu_iso && host_s2_map;
       terminates \true; exits \false;
       assigns \nothing;
       ensures \forall integer c, g; is_context(c) && in_map(dma_map(c), g) &&
         map_of(dma_map(c), g) != 0 ==> d_pfn(map_of(dma_map(c), g)) != p; @/
    static void lemma_not_mapped_for_dma(u64 p)
    {
      /@ loop invariant 0 <= i <= CV_MAX_DMA_CONTEXTS;
         loop invariant \forall integer n; 0 <= n <= i ==> host_dma_count(n, p) >= 0;
         loop assigns i;
         loop variant CV_MAX_DMA_CONTEXTS - i; @/
      for (u32 i = 0; i < CV_MAX_DMA_CONTEXTS; i++) ;
      /@ loop invariant 0 <= n <= CV_MAX_DMA_CONTEXTS;
         loop invariant host_dma_count(n, p) <= 0;
         loop invariant \forall integer c; n <= c < CV_MAX_DMA_CONTEXTS ==> host_maps(c, p) == 0;
         loop assigns n;
         loop variant n; @/
      for (u32 n = CV_MAX_DMA_CONTEXTS; n > 0; n--) ;
      /@ assert \forall integer c; is_context(c) ==> host_maps(c, p) == 0; @/
      /@ assert \forall integer c, g; is_context(c) && in_map(dma_map(c), g) &&
           map_of(dma_map(c), g) != 0 && d_pfn(map_of(dma_map(c), g)) == p ==>
           g == p + CV_SMMU_HOST_OFFSET && host_maps(c, p) == 1; @/
    }
 */

/*
 * What a primitive requires and ensures: each invariant is a goal of its own, under its name.
 */
/* clang-format off */
#define INV_CLAUSES(clause) \
	clause boot_facts: boot_facts; \
	clause tables: tables; \
	clause spt_cons: spt_cons; \
	clause host_npt_cons: host_npt_cons; \
	clause host_flatmap: host_flatmap; \
	clause host_s2_map: host_s2_map; \
	clause page_0_invalid: page_0_invalid; \
	clause host_iso: host_iso; \
	clause vm_iso: vm_iso; \
	clause smmu_vm: smmu_vm; \
	clause smmu_iso: smmu_iso; \
	clause smmu_count: smmu_count; \
	clause core_iso: core_iso; \
	clause one_gfn: one_gfn; \
	clause fresh_vm: fresh_vm; \
	clause default_dma_iso: default_dma_iso; \
	clause record_range: record_range; \
	clause state_range: state_range;
/* clang-format on */

/* The ten of the seed (Invs), state_inv, and those added here. */
enum invariant {
	INV_NONE, /* no violation */
	INV_SPT_CONS,
	INV_HOST_NPT_CONS,
	INV_HOST_FLATMAP,
	INV_HOST_S2_MAP,
	INV_PAGE_0_INVALID,
	INV_HOST_ISO,
	INV_VM_ISO,
	INV_SMMU_VM,
	INV_SMMU_ISO,
	INV_SMMU_COUNT,
	INV_STATE,
	INV_CORE_ISO,
	INV_FRESH_VM,
	INV_ONE_GFN,
	INV_DEFAULT_DMA_ISO,
	NR_INVARIANTS,
};

/* The name of an invariant as in the seed, such as "host_iso". */
const char *invariant_name(enum invariant inv);

/* What is wrong, and where. */
struct violation {
	enum invariant inv;
	u32 map; /* of the mapping, if it is about one */
	u64 gfn;
	u64 pfn;
};

/* All invariants about one frame (any number): its record and what maps it. */
struct violation invariant_check_frame(u64 pfn);

/* All invariants about one mapping, present or not. */
struct violation invariant_check_leaf(u32 map, u64 gfn);

/* state_inv of every CPU, smmu_vm, fresh_vm: everything that is not by frame. */
struct violation invariant_check_tables(void);

/* Everything: every frame of the records, every leaf of every map. Slow. */
struct violation invariant_check_all(void);

#endif
