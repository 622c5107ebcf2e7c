/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The core's locks, and the only order in which they may be taken: a CPU that
 * holds one takes only locks further down this list.
 *
 *   LOCK_DMA    owners of DMA contexts, streams
 *   LOCK_VM     one a VM: its vm_info, its vCPUs' states, its image and RAM ranges
 *   LOCK_PAGE   ownership records, device claims, the bounce buffer, newest snapshots
 *   LOCK_MAP    translation tables and their pool
 *   LOCK_ID     which VM ids and vCPU contexts are taken
 *
 * Ticket locks: first come, first served, so no CPU starves another.
 *
 * To the prover, taking a lock means that other CPUs have been there: what the lock guards has
 * any value that keeps the invariants, except what this CPU keeps still by another lock it holds.
 * Dropping one needs all invariants. And it knows which locks this CPU holds, so that
 * the order is proved at every call (doc/proofs.md says why this is sound).
 */
#ifndef CORE_LOCK_H
#define CORE_LOCK_H

#include "core/invariant_vm.h"
#include "core/types.h"

enum lock_rank {
	LOCK_DMA = 0,
	LOCK_VM = 1,
	LOCK_PAGE = 2,
	LOCK_MAP = 3,
	LOCK_ID = 4,
};

/* What this CPU holds: a flag each, or the VM whose lock it is. */
/*@ ghost extern u32 held_dma;
    extern u32 held_vm;
    extern u32 held_page;
    extern u32 held_map;
    extern u32 held_id; */

/*@ predicate no_locks{L} = held_dma == 0 && held_vm == 0 && held_page == 0 && held_map == 0 &&
      held_id == 0;
    predicate same_locks{A, B} = \at(held_dma, A) == \at(held_dma, B) &&
      \at(held_vm, A) == \at(held_vm, B) && \at(held_page, A) == \at(held_page, B) &&
      \at(held_map, A) == \at(held_map, B) && \at(held_id, A) == \at(held_id, B);
    predicate same_cpu{A, B} = \at(cpus[this_cpu], A) == \at(cpus[this_cpu], B);
    // What the memory primitives need.
    predicate memory_locks{L} = held_page != 0 && held_map != 0;
    // The lock of the VM that a DMA context belongs to, if it does.
    predicate context_locks{L}(integer c) = held_dma != 0 &&
      (is_vm(dma_contexts[c].owner) ==> held_vm == dma_contexts[c].owner);
 */

/* clang-format off */
#define LOCK_STATE held_dma, held_vm, held_page, held_map, held_id
/* What any CPU may have changed while this one held no lock. */
#define SHARED_STATE \
	TABLE_STATE, frames[0 .. CV_MAX_FRAMES - 1], vms[0 .. CV_MAX_VMS], \
	ram_ranges[0 .. (CV_MAX_VMS + 1) * CV_MAX_RAM_RANGES - 1], \
	boot_regions[0 .. (CV_MAX_VMS + 1) * CV_MAX_BOOT_REGIONS - 1], \
	vm_measures[0 .. CV_MAX_VMS], snapshots[0 .. CV_MAX_VMS], snapshot_keys[0 .. CV_MAX_VMS], \
	vcpus[0 .. CV_MAX_VCPUS_TOTAL - 1], vcpu_contexts[0 .. CV_MAX_VCPUS_TOTAL - 1], \
	vcpu_slots[0 .. (CV_MAX_VMS + 1) * CV_MAX_VCPUS - 1], \
	dma_contexts[0 .. CV_MAX_DMA_CONTEXTS - 1], stream_contexts[0 .. CV_MAX_STREAMS - 1], \
	io_claims[0 .. CV_MAX_IO_CLAIMS - 1], vm_id_taken[0 .. CV_MAX_VMS], next_vmid, \
	cpus[0 .. CV_MAX_CPUS - 1], bounce_buffer[0 .. CV_PAGE_SIZE - 1], \
	lineages[0 .. CV_MAX_LINEAGES - 1], machine_stored, CRYPTO_GHOSTS
/* A function that takes its locks itself, and has dropped them when it returns. */
#define ENTRY_REQUIRES \
	requires locks: no_locks; \
	INV_REQUIRES \
	VM_REQUIRES
#define ENTRY_ENSURES \
	assigns LOCK_STATE, SHARED_STATE; \
	INV_ENSURES \
	VM_ENSURES \
	ensures locks: no_locks;
/* The same for what a vCPU on this CPU, of context `slot`, asked for. */
#define GUEST_REQUIRES \
	requires vcpu: is_vm(vm) && cpus[this_cpu].vm == vm && cpus[this_cpu].slot == slot; \
	ENTRY_REQUIRES
#define GUEST_ENSURES \
	ENTRY_ENSURES \
	ensures mine: same_cpu{Pre, Post};
/* clang-format on */

/*@ requires order: no_locks;
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns held_dma, dma_contexts[0 .. CV_MAX_DMA_CONTEXTS - 1],
      stream_contexts[0 .. CV_MAX_STREAMS - 1];
    ensures held: held_dma != 0;
    INV_ENSURES
    VM_ENSURES */
void lock_dma(void);
/*@ requires held: held_dma != 0 && held_vm == 0 && held_page == 0 && held_map == 0 && held_id == 0;
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns held_dma;
    ensures dropped: held_dma == 0; */
void unlock_dma(void);

/* vm: a VM id, 1 to CV_MAX_VMS. No CPU holds two VMs' locks. */
/*@ requires vm: is_vm(vm);
    requires order: held_vm == 0 && held_page == 0 && held_map == 0 && held_id == 0;
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns held_vm, vms[0 .. CV_MAX_VMS],
      ram_ranges[0 .. (CV_MAX_VMS + 1) * CV_MAX_RAM_RANGES - 1],
      boot_regions[0 .. (CV_MAX_VMS + 1) * CV_MAX_BOOT_REGIONS - 1],
      vm_measures[0 .. CV_MAX_VMS], snapshots[0 .. CV_MAX_VMS], snapshot_keys[0 .. CV_MAX_VMS],
      vcpus[0 .. CV_MAX_VCPUS_TOTAL - 1], vcpu_contexts[0 .. CV_MAX_VCPUS_TOTAL - 1],
      vcpu_slots[0 .. (CV_MAX_VMS + 1) * CV_MAX_VCPUS - 1], cpus[0 .. CV_MAX_CPUS - 1];
    ensures held: held_vm == vm;
    ensures mine: cpus[this_cpu] == \old(cpus[this_cpu]);
    INV_ENSURES
    VM_ENSURES */
void lock_vm(u32 vm);
/*@ requires held: held_vm == vm && held_page == 0 && held_map == 0 && held_id == 0;
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns held_vm;
    ensures dropped: held_vm == 0; */
void unlock_vm(u32 vm);

/* Ownership records. One lock for all of them today; the frame is for sharding. */
/*@ requires order: held_page == 0 && held_map == 0 && held_id == 0;
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns held_page, frames[0 .. CV_MAX_FRAMES - 1], vms[0 .. CV_MAX_VMS],
      dma_contexts[0 .. CV_MAX_DMA_CONTEXTS - 1], io_claims[0 .. CV_MAX_IO_CLAIMS - 1],
      bounce_buffer[0 .. CV_PAGE_SIZE - 1], lineages[0 .. CV_MAX_LINEAGES - 1];
    ensures held: held_page != 0;
    ensures mine: is_vm(held_vm) ==> vms[held_vm] == \old(vms[held_vm]);
    ensures owners: held_dma != 0 ==> \forall integer c; is_context(c) ==>
      dma_contexts[c].owner == \old(dma_contexts[c].owner) &&
      dma_contexts[c].nr_streams == \old(dma_contexts[c].nr_streams);
    INV_ENSURES
    VM_ENSURES */
void lock_page(u64 pfn);
/*@ requires held: held_page != 0 && held_map == 0 && held_id == 0;
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns held_page;
    ensures dropped: held_page == 0; */
void unlock_page(u64 pfn);

/*@ requires order: held_map == 0 && held_id == 0;
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns held_map, TABLE_STATE;
    ensures held: held_map != 0;
    INV_ENSURES
    VM_ENSURES */
void lock_map(void);
/*@ requires held: held_map != 0 && held_id == 0;
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns held_map;
    ensures dropped: held_map == 0; */
void unlock_map(void);

/*
 * Its critical sections are short and lie inside others, so it speaks of what it guards only. A
 * context that is taken belongs to the one that took it, under its VM's lock.
 */
/*@ requires order: held_id == 0;
    requires id_taken: id_taken;
    terminates \true; exits \false;
    assigns held_id, vm_id_taken[0 .. CV_MAX_VMS], next_vmid;
    ensures held: held_id != 0;
    ensures mine: is_vm(held_vm) ==> vm_id_taken[held_vm] == \old(vm_id_taken[held_vm]);
    ensures id_taken: id_taken; */
void lock_id(void);
/*@ requires held: held_id != 0;
    requires id_taken: id_taken;
    terminates \true; exits \false;
    assigns held_id;
    ensures dropped: held_id == 0; */
void unlock_id(void);

#endif
