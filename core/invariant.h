/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The invariants, executable. They hold between any two primitives; the checker
 * reads the state only and needs it to stand still (page, map and DMA locks,
 * or nobody else running).
 */
#ifndef CORE_INVARIANT_H
#define CORE_INVARIANT_H

#include "core/machine.h"
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
    predicate is_claim(integer i) = 0 <= i < CV_MAX_IO_CLAIMS;
    predicate is_stream(integer s) = 0 <= s < CV_MAX_STREAMS;
    logic integer dma_map(integer c) = CV_COREVISOR + 1 + c;

    // May the host see this frame?
    predicate host_may{L}(integer p) = l_owner(p) == CV_INVALID_ID ||
      l_owner(p) == CV_HOSTVISOR || l_count(p) > 0;

    // Table frames that page_split() takes.
    logic integer split_need{L}(integer p, integer l) =
      p >= nr_frames || map_of(MAP_HOST, p) == 0 ? 0 : need_of(MAP_HOST, p, l);
 */

/*
 * Counts: in how many of the first n DMA contexts the host maps frame p; of how many of the
 * first n vCPUs p is the run page; how many of the first n frames v owns; how many of the first
 * n streams use context c.
 */
/*@ logic integer host_maps{L}(integer c, integer p) =
      0 <= p < nr_frames && dma_contexts[c].owner == CV_HOSTVISOR &&
      map_of(dma_map(c), p + CV_SMMU_HOST_OFFSET) != 0 &&
      d_pfn(map_of(dma_map(c), p + CV_SMMU_HOST_OFFSET)) == p ? 1 : 0;

    logic integer host_dma_count{L}(integer n, integer p) =
      n <= 0 ? 0 : host_dma_count(n - 1, p) + host_maps(n - 1, p);

    logic integer is_run_page{L}(integer s, integer p) =
      vcpus[s].state != CV_VCPU_UNUSED && vcpus[s].run_pfn == p ? 1 : 0;

    logic integer run_pages{L}(integer n, integer p) =
      n <= 0 ? 0 : run_pages(n - 1, p) + is_run_page(n - 1, p);

    logic integer owned{L}(integer n, integer v) =
      n <= 0 ? 0 : owned(n - 1, v) + (frames[n - 1].owner == v ? 1 : 0);

    logic integer attached{L}(integer n, integer c) =
      n <= 0 ? 0 : attached(n - 1, c) + (stream_contexts[n - 1] == c + 1 ? 1 : 0);
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
      (is_vm(dma_contexts[c].owner) && vms[dma_contexts[c].owner].state != CV_VM_UNUSED);

    predicate smmu_iso{L} = \forall integer c, g; is_context(c) && in_map(dma_map(c), g) &&
      map_of(dma_map(c), g) != 0 ==>
        l_owner(d_pfn(map_of(dma_map(c), g))) == dma_contexts[c].owner &&
        dma_contexts[c].owner != CV_INVALID_ID && l_gfn(d_pfn(map_of(dma_map(c), g))) == g;

    // Stronger than the seed's: a frame is also counted for each vCPU it is the run page of.
    predicate smmu_count{L} = \forall integer p; l_owner(p) == CV_HOSTVISOR ==>
      l_count(p) >= host_dma_count(CV_MAX_DMA_CONTEXTS, p) + run_pages(CV_MAX_VCPUS_TOTAL, p);
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

    // DMA maps, the default one too, have 4 KB leaves only: nothing else goes with a leaf.
    predicate dma_pages{L} = \forall integer m, g; dma_map(0) <= m && in_map(m, g) &&
      map_of(m, g) != 0 ==> depth_of(m, g) == 3;

    // A vCPU's run page stays the host's.
    predicate run_page{L} = \forall integer s; 0 <= s < CV_MAX_VCPUS_TOTAL &&
      vcpus[s].state != CV_VCPU_UNUSED ==> l_owner(vcpus[s].run_pfn) == CV_HOSTVISOR;

    // A claimed device frame is nobody's RAM, may be assigned, and is out of the host's map.
    predicate io_claim{L} = \forall integer i; is_claim(i) && io_claims[i].vm != 0 ==>
      is_vm(io_claims[i].vm) && vms[io_claims[i].vm].state != CV_VM_UNUSED &&
      in_map(MAP_HOST, io_claims[i].pfn) && l_owner(io_claims[i].pfn) == CV_INVALID_ID &&
      l_device(io_claims[i].pfn) == MACHINE_DEVICE_ASSIGNABLE &&
      map_of(MAP_HOST, io_claims[i].pfn) == 0;

    predicate io_unique{L} = \forall integer i, j; is_claim(i) && is_claim(j) &&
      io_claims[i].vm != 0 && io_claims[j].vm != 0 && io_claims[i].pfn == io_claims[j].pfn ==>
      i == j;

    // A device frame in a VM's map has been claimed for it, there.
    predicate vm_io{L} = \forall integer v, g; is_vm(v) && in_map(v, g) && map_of(v, g) != 0 &&
      l_owner(d_pfn(map_of(v, g))) == CV_INVALID_ID ==> \exists integer i; is_claim(i) &&
        io_claims[i].vm == v && io_claims[i].gfn == g &&
        io_claims[i].pfn == d_pfn(map_of(v, g));

    // The devices that the core keeps are not in the host's map.
    predicate host_io{L} = \forall integer g; in_map(MAP_HOST, g) && map_of(MAP_HOST, g) != 0 &&
      l_owner(g) == CV_INVALID_ID ==> l_device(g) != MACHINE_DEVICE_NONE;

    // Streams: how many use a context; a context in use is not free.
    predicate stream_count{L} = \forall integer c; is_context(c) ==>
      dma_contexts[c].nr_streams == attached(CV_MAX_STREAMS, c);
    predicate stream_iso{L} = \forall integer s; is_stream(s) && stream_contexts[s] != 0 ==>
      stream_contexts[s] <= CV_MAX_DMA_CONTEXTS &&
      dma_contexts[stream_contexts[s] - 1].owner != CV_INVALID_ID;

    predicate vm_frames{L} = \forall integer v; is_vm(v) ==>
      vms[v].nr_frames == owned(nr_frames, v);

    // Ranges of what the records, the states and the RAM ranges hold.
    predicate record_range{L} = \forall integer p; 0 <= p < nr_frames ==>
      (frames[p].owner == CV_INVALID_ID || frames[p].owner <= CV_COREVISOR) &&
      frames[p].count <= FRAME_MAX_COUNT &&
      (is_vm(frames[p].owner) ==> l_gfn(p) < table_geometry.gfn_limit);
    predicate state_range{L} = \forall integer v; is_vm(v) ==>
      CV_VM_UNUSED <= vms[v].state <= CV_VM_POWEROFF && vms[v].nr_ram <= CV_MAX_RAM_RANGES;
    predicate ram_range{L} = \forall integer i; 0 <= i < (CV_MAX_VMS + 1) * CV_MAX_RAM_RANGES ==>
      ram_ranges[i].gfn + ram_ranges[i].frames <= table_geometry.gfn_limit;
 */

/*
 * What is compared when a primitive says that nothing has changed.
 */
/*@ predicate same_map{A, B}(integer m) = \forall integer g; in_map{A}(m, g) ==>
      map_of{A}(m, g) == map_of{B}(m, g) && depth_of{A}(m, g) == depth_of{B}(m, g);
    predicate same_maps{A, B} = \forall integer m, g; in_map{A}(m, g) ==>
      map_of{A}(m, g) == map_of{B}(m, g) && depth_of{A}(m, g) == depth_of{B}(m, g);
    predicate same_record{A, B}(integer p) = l_owner{A}(p) == l_owner{B}(p) &&
      l_count{A}(p) == l_count{B}(p) && l_gfn{A}(p) == l_gfn{B}(p);
    predicate same_records{A, B} = \forall integer p; same_record{A, B}(p);
    predicate same_vms{A, B} = \forall integer v; is_vm(v) ==> \at(vms[v], A) == \at(vms[v], B);
    predicate same_claims{A, B} = \forall integer i; is_claim(i) ==>
      \at(io_claims[i], A) == \at(io_claims[i], B);
    predicate same_dma{A, B} =
      (\forall integer c; is_context(c) ==>
        \at(dma_contexts[c], A) == \at(dma_contexts[c], B)) &&
      (\forall integer s; is_stream(s) ==>
        \at(stream_contexts[s], A) == \at(stream_contexts[s], B));
    predicate unchanged{A, B} = same_maps{A, B} && same_records{A, B} && same_vms{A, B} &&
      same_claims{A, B} && same_dma{A, B} && \at(table_free_nr, A) == \at(table_free_nr, B);
 */

/*
 * Lemmas, as ghost functions: a count of 0 means that there is none, and the reverse.
 */
/*@ ghost
    /@ terminates \true; exits \false;
       assigns \nothing;
       ensures host_dma_count(CV_MAX_DMA_CONTEXTS, p) >= 0 &&
         run_pages(CV_MAX_VCPUS_TOTAL, p) >= 0; @/
    static void lemma_counts_positive(u64 p)
    {
      /@ loop invariant 0 <= i <= CV_MAX_DMA_CONTEXTS;
         loop invariant host_dma_count(i, p) >= 0;
         loop assigns i;
         loop variant CV_MAX_DMA_CONTEXTS - i; @/
      for (u32 i = 0; i < CV_MAX_DMA_CONTEXTS; i++) ;
      /@ loop invariant 0 <= s <= CV_MAX_VCPUS_TOTAL;
         loop invariant run_pages(s, p) >= 0;
         loop assigns s;
         loop variant CV_MAX_VCPUS_TOTAL - s; @/
      for (u32 s = 0; s < CV_MAX_VCPUS_TOTAL; s++) ;
    }

    /@ requires run_pages(CV_MAX_VCPUS_TOTAL, p) <= 0;
       terminates \true; exits \false;
       assigns \nothing;
       ensures \forall integer s; 0 <= s < CV_MAX_VCPUS_TOTAL ==> is_run_page(s, p) == 0; @/
    static void lemma_not_run_page(u64 p)
    {
      /@ loop invariant 0 <= i <= CV_MAX_VCPUS_TOTAL;
         loop invariant \forall integer n; 0 <= n <= i ==> run_pages(n, p) >= 0;
         loop assigns i;
         loop variant CV_MAX_VCPUS_TOTAL - i; @/
      for (u32 i = 0; i < CV_MAX_VCPUS_TOTAL; i++) ;
      /@ loop invariant 0 <= n <= CV_MAX_VCPUS_TOTAL;
         loop invariant run_pages(n, p) <= 0;
         loop invariant \forall integer s; n <= s < CV_MAX_VCPUS_TOTAL ==> is_run_page(s, p) == 0;
         loop assigns n;
         loop variant n; @/
      for (u32 n = CV_MAX_VCPUS_TOTAL; n > 0; n--) ;
    }

    /@ requires boot_facts;
       requires p < nr_frames && host_dma_count(CV_MAX_DMA_CONTEXTS, p) <= 0;
       terminates \true; exits \false;
       assigns \nothing;
       ensures \forall integer c; is_context(c) ==> host_maps(c, p) == 0; @/
    static void lemma_not_counted(u64 p)
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
    }

    /@ requires boot_facts;
       requires p < nr_frames && l_owner(p) == CV_HOSTVISOR && l_count(p) == 0;
       requires smmu_count && smmu_iso && host_s2_map;
       terminates \true; exits \false;
       assigns \nothing;
       ensures \forall integer c, g; is_context(c) && in_map(dma_map(c), g) &&
         map_of(dma_map(c), g) != 0 ==> d_pfn(map_of(dma_map(c), g)) != p;
       ensures \forall integer s; 0 <= s < CV_MAX_VCPUS_TOTAL ==> is_run_page(s, p) == 0; @/
    static void lemma_not_in_use(u64 p)
    {
      lemma_counts_positive(p);
      lemma_not_counted(p);
      lemma_not_run_page(p);
      /@ assert \forall integer c, g; is_context(c) && in_map(dma_map(c), g) &&
           map_of(dma_map(c), g) != 0 && d_pfn(map_of(dma_map(c), g)) == p ==>
           g == p + CV_SMMU_HOST_OFFSET && host_maps(c, p) == 1; @/
    }

    /@ requires \forall integer c; is_context(c) ==> host_maps(c, p) == 0;
       requires \forall integer s; 0 <= s < CV_MAX_VCPUS_TOTAL ==> is_run_page(s, p) == 0;
       terminates \true; exits \false;
       assigns \nothing;
       ensures host_dma_count(CV_MAX_DMA_CONTEXTS, p) == 0;
       ensures run_pages(CV_MAX_VCPUS_TOTAL, p) == 0; @/
    static void lemma_in_no_use(u64 p)
    {
      /@ loop invariant 0 <= i <= CV_MAX_DMA_CONTEXTS;
         loop invariant host_dma_count(i, p) == 0;
         loop assigns i;
         loop variant CV_MAX_DMA_CONTEXTS - i; @/
      for (u32 i = 0; i < CV_MAX_DMA_CONTEXTS; i++) ;
      /@ loop invariant 0 <= s <= CV_MAX_VCPUS_TOTAL;
         loop invariant run_pages(s, p) == 0;
         loop assigns s;
         loop variant CV_MAX_VCPUS_TOTAL - s; @/
      for (u32 s = 0; s < CV_MAX_VCPUS_TOTAL; s++) ;
    }

    /@ requires c < CV_MAX_DMA_CONTEXTS && host_maps(c, p) == 1;
       terminates \true; exits \false;
       assigns \nothing;
       ensures host_dma_count(CV_MAX_DMA_CONTEXTS, p) >= 1;
       ensures run_pages(CV_MAX_VCPUS_TOTAL, p) >= 0; @/
    static void lemma_counted(u32 c, u64 p)
    {
      lemma_counts_positive(p);
      /@ loop invariant 0 <= i <= CV_MAX_DMA_CONTEXTS;
         loop invariant host_dma_count(i, p) >= (i > c ? 1 : 0);
         loop assigns i;
         loop variant CV_MAX_DMA_CONTEXTS - i; @/
      for (u32 i = 0; i < CV_MAX_DMA_CONTEXTS; i++) ;
    }

    /@ requires boot_facts;
       terminates \true; exits \false;
       assigns \nothing;
       ensures \forall integer v; 0 <= owned(nr_frames, v) <= nr_frames; @/
    static void lemma_owned_range(void)
    {
      /@ loop invariant 0 <= n <= nr_frames;
         loop invariant \forall integer v; 0 <= owned(n, v) <= n;
         loop assigns n;
         loop variant nr_frames - n; @/
      for (u64 n = 0; n < nr_frames; n++) ;
    }

    /@ requires boot_facts;
       requires owned(nr_frames, v) == 0;
       terminates \true; exits \false;
       assigns \nothing;
       ensures \forall integer p; 0 <= p < nr_frames ==> frames[p].owner != v; @/
    static void lemma_owns_none(u32 v)
    {
      /@ loop invariant 0 <= i <= nr_frames;
         loop invariant \forall integer n; 0 <= n <= i ==> owned(n, v) >= 0;
         loop assigns i;
         loop variant nr_frames - i; @/
      for (u64 i = 0; i < nr_frames; i++) ;
      /@ loop invariant 0 <= n <= nr_frames;
         loop invariant owned(n, v) <= 0;
         loop invariant \forall integer p; n <= p < nr_frames ==> frames[p].owner != v;
         loop assigns n;
         loop variant n; @/
      for (u64 n = nr_frames; n > 0; n--) ;
    }

    /@ requires c < CV_MAX_DMA_CONTEXTS;
       terminates \true; exits \false;
       assigns \nothing;
       ensures 0 <= attached(CV_MAX_STREAMS, c) <= CV_MAX_STREAMS; @/
    static void lemma_attached_range(u32 c)
    {
      /@ loop invariant 0 <= n <= CV_MAX_STREAMS;
         loop invariant 0 <= attached(n, c) <= n;
         loop assigns n;
         loop variant CV_MAX_STREAMS - n; @/
      for (u32 n = 0; n < CV_MAX_STREAMS; n++) ;
    }

    /@ requires c < CV_MAX_DMA_CONTEXTS && attached(CV_MAX_STREAMS, c) == 0;
       terminates \true; exits \false;
       assigns \nothing;
       ensures \forall integer s; is_stream(s) ==> stream_contexts[s] != c + 1; @/
    static void lemma_none_attached(u32 c)
    {
      /@ loop invariant 0 <= i <= CV_MAX_STREAMS;
         loop invariant \forall integer n; 0 <= n <= i ==> attached(n, c) >= 0;
         loop assigns i;
         loop variant CV_MAX_STREAMS - i; @/
      for (u32 i = 0; i < CV_MAX_STREAMS; i++) ;
      /@ loop invariant 0 <= n <= CV_MAX_STREAMS;
         loop invariant attached(n, c) <= 0;
         loop invariant \forall integer s; n <= s < CV_MAX_STREAMS ==>
           stream_contexts[s] != c + 1;
         loop assigns n;
         loop variant n; @/
      for (u32 n = CV_MAX_STREAMS; n > 0; n--) ;
    }
 */

/*
 * What everything requires, one goal at each call; what a dispatcher ensures, one goal a path; and
 * what a primitive ensures: each invariant is a goal of its own, under its name.
 */
/* clang-format off */
#define INV_AND(clause, name) name &&
#define INV_CLAUSE(clause, name) clause name: name;

#define INVARIANTS(X, clause) \
	X(clause, boot_facts) X(clause, tables) X(clause, spt_cons) X(clause, host_npt_cons) \
	X(clause, host_flatmap) X(clause, host_s2_map) X(clause, page_0_invalid) \
	X(clause, host_iso) X(clause, vm_iso) X(clause, smmu_vm) X(clause, smmu_iso) \
	X(clause, smmu_count) X(clause, core_iso) X(clause, one_gfn) X(clause, fresh_vm) \
	X(clause, default_dma_iso) X(clause, dma_pages) X(clause, run_page) \
	X(clause, io_claim) X(clause, io_unique) X(clause, vm_io) X(clause, host_io) \
	X(clause, stream_count) X(clause, stream_iso) X(clause, vm_frames) \
	X(clause, record_range) X(clause, state_range) X(clause, ram_range)
#define INV_ALL INVARIANTS(INV_AND, ) 0 == 0
#define INV_REQUIRES requires invariants: INV_ALL;
#define INV_ENSURES ensures invariants: INV_ALL;
#define INV_CLAUSES(clause) INVARIANTS(INV_CLAUSE, clause)

/*
 * Ghost code after the last change of a map that is not of a DMA context: for all frames,
 * host_dma_count is what it was when the function was entered.
 */
#define DMA_COUNT_KEPT(v) \
	/@ loop invariant 0 <= v <= CV_MAX_DMA_CONTEXTS; \
	   loop invariant kept: \forall integer n, p; n <= v ==> \
	     host_dma_count(n, p) == \at(host_dma_count(n, p), Pre); \
	   loop assigns v; \
	   loop variant CV_MAX_DMA_CONTEXTS - v; @/ \
	for (u32 v = 0; v < CV_MAX_DMA_CONTEXTS; v++) ;
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
	INV_DMA_PAGES,
	INV_RUN_PAGE,
	INV_IO_CLAIM,
	INV_IO_UNIQUE,
	INV_HOST_IO,
	INV_STREAM_COUNT,
	INV_STREAM_ISO,
	INV_VM_FRAMES,
	INV_RECORD_RANGE,
	INV_STATE_RANGE,
	INV_RAM_RANGE,
	/* Those of core/invariant_vm.h. */
	INV_ID_TAKEN,
	INV_UNUSED_VM,
	INV_SLOT_VCPU,
	INV_VCPU_SLOT,
	INV_VCPU_RANGE,
	INV_IMAGE_RANGE,
	INV_REGION_RANGE,
	INV_REGIONS_APART,
	INV_LIST_FREE,
	INV_LIST_END,
	INV_LIST_PAGES,
	INV_VERIFY_RANGE,
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

/*
 * What is not by frame: CPUs, VMs, vCPUs, DMA contexts, streams, claims. (core/invariant_vm.c;
 * all others core/invariant.c.)
 */
struct violation invariant_check_tables(void);

/* Everything: every frame of the records, every leaf of every map. Slow. */
struct violation invariant_check_all(void);

/* In how many DMA contexts of the host the frame is mapped. */
u32 invariant_host_dma_count(u64 pfn);

#endif
