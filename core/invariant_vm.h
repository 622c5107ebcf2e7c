/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Invariants about VMs, vCPUs and CPUs: what core/vm.c, vcpu.c, boot.c, save.c and run.c
 * keep beside those of core/invariant.h. Logic only.
 */
#ifndef CORE_INVARIANT_VM_H
#define CORE_INVARIANT_VM_H

#include "core/invariant.h"

/*@ predicate is_slot(integer s) = 0 <= s < CV_MAX_VCPUS_TOTAL;
    predicate is_cpu(integer c) = 0 <= c < CV_MAX_CPUS;

    // Image region r of a VM; first place of its image list in the core's map.
    logic integer r_frames{L}(integer v, integer r) =
      boot_regions[v * CV_MAX_BOOT_REGIONS + r].frames;
    logic integer r_remapped{L}(integer v, integer r) =
      boot_regions[v * CV_MAX_BOOT_REGIONS + r].remapped;
    logic integer r_list{L}(integer v, integer r) =
      boot_regions[v * CV_MAX_BOOT_REGIONS + r].list;
    logic integer r_gfn{L}(integer v, integer r) =
      boot_regions[v * CV_MAX_BOOT_REGIONS + r].gfn;
    logic integer list_base(integer v) = (v - 1) * CV_MAX_IMAGE_FRAMES;

    // The context of a vCPU that is registered.
    predicate is_vcpu{L}(integer v, integer i) = 0 <= i < CV_MAX_VCPUS &&
      vcpu_slots[v * CV_MAX_VCPUS + i] != 0;
    logic integer l_slot{L}(integer v, integer i) = vcpu_slots[v * CV_MAX_VCPUS + i] - 1;

    predicate is_region{L}(integer v, integer r) = is_vm(v) && 0 <= r < vms[v].nr_regions;

    // Do [g, g + n) lie in RAM range r of a VM; in one of its ranges?
    predicate ram_has{L}(integer v, integer r, integer g, integer n) =
      ram_ranges[v * CV_MAX_RAM_RANGES + r].gfn <= g &&
      g + n <= ram_ranges[v * CV_MAX_RAM_RANGES + r].gfn +
        ram_ranges[v * CV_MAX_RAM_RANGES + r].frames;
    predicate in_ram{L}(integer v, integer g, integer n) =
      \exists integer r; 0 <= r < vms[v].nr_ram && ram_has(v, r, g, n);

    // Do [g, g + n) and RAM range r of a VM share a frame?
    predicate ram_meets{L}(integer v, integer r, integer g, integer n) =
      g < ram_ranges[v * CV_MAX_RAM_RANGES + r].gfn + ram_ranges[v * CV_MAX_RAM_RANGES + r].frames &&
      ram_ranges[v * CV_MAX_RAM_RANGES + r].gfn < g + n;

    predicate is_loading{L}(integer v) = vms[v].state == CV_VM_READY &&
      vms[v].verifying == 0 && snapshots[v].phase == SNAPSHOT_NONE;
    predicate takes_frames{L}(integer v) =
      (vms[v].state == CV_VM_READY && snapshots[v].phase == SNAPSHOT_NONE) ||
      vms[v].state == CV_VM_VERIFIED;
 */

/*@ // A VM id in use is taken; the next one to try is an id.
    predicate id_taken{L} = 1 <= next_vmid <= CV_MAX_VMS && (\forall integer v; is_vm(v) &&
      vms[v].state != CV_VM_UNUSED ==> vm_id_taken[v] != 0);

    // Nothing of a VM that was outlives it.
    predicate unused_vm{L} = \forall integer v; is_vm(v) && vms[v].state == CV_VM_UNUSED ==>
      vms[v].nr_ram == 0 && vms[v].nr_regions == 0 && vms[v].nr_vcpus == 0 &&
      vms[v].image_frames == 0 && vms[v].entry_set == 0 && vms[v].verifying == 0 &&
      vms[v].verified == 0 && vms[v].reclaimed == 0 && vms[v].has_manifest == 0 &&
      snapshots[v].phase == SNAPSHOT_NONE;

    // The slots of VMs and the contexts name each other.
    predicate slot_vcpu{L} = \forall integer k;
      CV_MAX_VCPUS <= k < (CV_MAX_VMS + 1) * CV_MAX_VCPUS && vcpu_slots[k] != 0 ==>
        vcpu_slots[k] <= CV_MAX_VCPUS_TOTAL &&
        vcpus[vcpu_slots[k] - 1].state != CV_VCPU_UNUSED &&
        vcpus[vcpu_slots[k] - 1].vm * CV_MAX_VCPUS + vcpus[vcpu_slots[k] - 1].id == k &&
        vcpus[vcpu_slots[k] - 1].id < CV_MAX_VCPUS;

    predicate vcpu_slot{L} = \forall integer s; is_slot(s) &&
      vcpus[s].state != CV_VCPU_UNUSED ==>
        is_vm(vcpus[s].vm) && vcpus[s].id < CV_MAX_VCPUS &&
        vcpu_slots[vcpus[s].vm * CV_MAX_VCPUS + vcpus[s].id] == s + 1 &&
        vms[vcpus[s].vm].state != CV_VM_UNUSED;

    // An ACTIVE vCPU has been given registers; what it waits for can be answered.
    predicate vcpu_range{L} = \forall integer s; is_slot(s) ==>
      vcpus[s].state <= CV_VCPU_ACTIVE &&
      (vcpus[s].state == CV_VCPU_ACTIVE ==> vcpus[s].fresh == 0) &&
      (vcpus[s].vm == 0 ==> vcpus[s].state == CV_VCPU_UNUSED) &&
      (vcpus[s].pending != PENDING_NONE ==> vcpus[s].mmio_size == 1 ||
        vcpus[s].mmio_size == 2 || vcpus[s].mmio_size == 4 || vcpus[s].mmio_size == 8);

    // The seed's, for every CPU: the host runs, or a VM does, on an ACTIVE vCPU of its own that
    // no other CPU runs, whose context is not the "never run" one.
    predicate state_inv{L} = (\forall integer c; is_cpu(c) ==>
        (cpus[c].vm == CV_HOSTVISOR && cpus[c].slot == NO_SLOT) ||
        (is_vm(cpus[c].vm) && is_slot(cpus[c].slot) && vcpus[cpus[c].slot].vm == cpus[c].vm &&
          vcpus[cpus[c].slot].state == CV_VCPU_ACTIVE && vcpus[cpus[c].slot].fresh == 0)) &&
      (\forall integer c, d; is_cpu(c) && is_cpu(d) && cpus[c].slot == cpus[d].slot &&
        cpus[c].slot != NO_SLOT ==> c == d);

    // Image regions lie one after the other in the VM's image list, and in its address space.
    predicate image_range{L} = \forall integer v; is_vm(v) ==>
      vms[v].nr_regions <= CV_MAX_BOOT_REGIONS && vms[v].image_frames <= CV_MAX_IMAGE_FRAMES;
    predicate region_range{L} = \forall integer v, r; is_region(v, r) ==>
      0 < r_frames(v, r) && r_remapped(v, r) <= r_frames(v, r) &&
      r_list(v, r) + r_frames(v, r) <= vms[v].image_frames &&
      r_gfn(v, r) + r_frames(v, r) <= table_geometry.gfn_limit;
    // Nor do two of them share a frame of it.
    predicate regions_apart{L} = \forall integer v, r, q; is_region(v, r) &&
      is_region(v, q) && r < q ==> r_list(v, r) + r_frames(v, r) <= r_list(v, q) &&
      (r_gfn(v, r) + r_frames(v, r) <= r_gfn(v, q) || r_gfn(v, q) + r_frames(v, q) <= r_gfn(v, r));

    // What has not been named yet is not in the image list.
    predicate list_free{L} = \forall integer v, r, g; is_region(v, r) &&
      list_base(v) + r_list(v, r) + r_remapped(v, r) <= g <
        list_base(v) + r_list(v, r) + r_frames(v, r) ==> map_of(MAP_CORE, g) == 0;
    predicate list_end{L} = \forall integer v, g; is_vm(v) &&
      list_base(v) + vms[v].image_frames <= g < list_base(v) + CV_MAX_IMAGE_FRAMES ==>
        map_of(MAP_CORE, g) == 0;
    predicate list_pages{L} = \forall integer g; in_map(MAP_CORE, g) &&
      map_of(MAP_CORE, g) != 0 ==> depth_of(MAP_CORE, g) == 3;

    // So all image lists lie in the core's map: what follows from the others.
    predicate list_in_map{L} = \forall integer v, r, g; is_region(v, r) &&
      list_base(v) + r_list(v, r) + r_remapped(v, r) <= g <
        list_base(v) + r_list(v, r) + r_frames(v, r) ==> in_map(MAP_CORE, g);

    // How far verify_vm is.
    predicate verify_range{L} = \forall integer v; is_vm(v) && vms[v].verifying != 0 ==>
      vms[v].verify_region <= vms[v].nr_regions &&
      (vms[v].verify_region < vms[v].nr_regions ==>
        vms[v].verify_page < r_frames(v, vms[v].verify_region));
 */

/*@ predicate same_regions{A, B} = \forall integer v, r; is_vm(v) && 0 <= r < CV_MAX_BOOT_REGIONS ==>
      r_frames{A}(v, r) == r_frames{B}(v, r) && r_remapped{A}(v, r) == r_remapped{B}(v, r) &&
      r_list{A}(v, r) == r_list{B}(v, r) && r_gfn{A}(v, r) == r_gfn{B}(v, r);
    predicate same_vcpus{A, B} = (\forall integer s; is_slot(s) ==>
        \at(vcpus[s], A) == \at(vcpus[s], B)) &&
      \forall integer k; 0 <= k < (CV_MAX_VMS + 1) * CV_MAX_VCPUS ==>
        \at(vcpu_slots[k], A) == \at(vcpu_slots[k], B);
 */

/*@ predicate same_key{A, B}(integer v) = \forall integer i; 0 <= i < CRYPTO_KEY_SIZE ==>
      \at(snapshot_keys[v].bytes[i], A) == \at(snapshot_keys[v].bytes[i], B);
 */

/*@ // Whose a context is, whether it runs, and its run page.
    predicate same_vcpu{A, B}(integer s) = \at(vcpus[s].vm, A) == \at(vcpus[s].vm, B) &&
      \at(vcpus[s].id, A) == \at(vcpus[s].id, B) &&
      \at(vcpus[s].state, A) == \at(vcpus[s].state, B) &&
      \at(vcpus[s].fresh, A) == \at(vcpus[s].fresh, B) &&
      \at(vcpus[s].powered, A) == \at(vcpus[s].powered, B) &&
      \at(vcpus[s].run_pfn, A) == \at(vcpus[s].run_pfn, B);
 */

/* clang-format off */
#define VM_INVARIANTS(X, clause) \
	X(clause, id_taken) X(clause, unused_vm) X(clause, slot_vcpu) X(clause, vcpu_slot) \
	X(clause, vcpu_range) X(clause, state_inv) X(clause, image_range) \
	X(clause, region_range) X(clause, regions_apart) X(clause, list_free) \
	X(clause, list_end) X(clause, list_pages) X(clause, verify_range)
#define VM_ALL VM_INVARIANTS(INV_AND, ) 0 == 0
#define VM_REQUIRES requires vm_invariants: VM_ALL;
#define VM_ENSURES ensures vm_invariants: VM_ALL;
#define VM_CLAUSES(clause) VM_INVARIANTS(INV_CLAUSE, clause)

/*
 * Ghost code after a change of a vCPU that leaves it used or unused as it was, and its run page:
 * run_pages is what it was when the function was entered.
 */
#define RUN_PAGES_KEPT(v) \
	/@ loop invariant 0 <= v <= CV_MAX_VCPUS_TOTAL; \
	   loop invariant kept: \forall integer n, p; n <= v ==> \
	     run_pages(n, p) == \at(run_pages(n, p), Pre); \
	   loop assigns v; \
	   loop variant CV_MAX_VCPUS_TOTAL - v; @/ \
	for (u32 v = 0; v < CV_MAX_VCPUS_TOTAL; v++) ;

/* The same after vCPU `slot` has become used (change 1) or free (-1), with run page `pfn`. */
#define RUN_PAGES_CHANGED(v, slot, pfn, change) \
	/@ loop invariant 0 <= v <= CV_MAX_VCPUS_TOTAL; \
	   loop invariant counted: \forall integer n, p; n <= v ==> run_pages(n, p) == \
	     \at(run_pages(n, p), Pre) + (slot < n && p == pfn ? change : 0); \
	   loop assigns v; \
	   loop variant CV_MAX_VCPUS_TOTAL - v; @/ \
	for (u32 v = 0; v < CV_MAX_VCPUS_TOTAL; v++) ;
/* clang-format on */

/* A count of run pages is at least that of any vCPU that is used. */
/*@ ghost
    /@ requires slot: is_slot(slot) && is_run_page(slot, p) == 1;
       terminates \true; exits \false;
       assigns \nothing;
       ensures run_pages(CV_MAX_VCPUS_TOTAL, p) >= 1;
       ensures host_dma_count(CV_MAX_DMA_CONTEXTS, p) >= 0; @/
    static void lemma_run_page_counted(u32 slot, u64 p)
    {
      lemma_counts_positive(p);
      /@ loop invariant 0 <= i <= CV_MAX_VCPUS_TOTAL;
         loop invariant run_pages(i, p) >= (i > slot ? 1 : 0);
         loop assigns i;
         loop variant CV_MAX_VCPUS_TOTAL - i; @/
      for (u32 i = 0; i < CV_MAX_VCPUS_TOTAL; i++) ;
    }
 */

#endif
