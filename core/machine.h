/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Seam 1: what the core asks of the machine it runs on. arch/arm64 and arch/sim
 * each supply one definition of every function below. None of them may fail,
 * block on the host, or touch the core's state other than as said.
 *
 * Completion: when one of the invalidating functions returns, no CPU and no
 * device uses or will use the translation that was removed, and every access
 * made through it has finished (Arm ARM D8.13 "TLB maintenance", DSB).
 */
#ifndef CORE_MACHINE_H
#define CORE_MACHINE_H

#include "core/state.h"
#include "core/table.h"
#include "core/types.h"
#include "corevisor/limits.h"

/* Index of the CPU that asks, 0 to CV_MAX_CPUS - 1. */
/*@ axiomatic Cpu {
      logic integer this_cpu reads \nothing;
      axiom this_cpu_range: 0 <= this_cpu < CV_MAX_CPUS;
    }
 */
/*@ terminates \true; exits \false; assigns \nothing;
    ensures \result == this_cpu && \result < CV_MAX_CPUS; */
u32 machine_cpu(void);

/*
 * One turn of a spin loop; notes for whoever checks the lock order (see enum
 * lock_rank): a lock has been taken, is about to be dropped.
 */
/*@ terminates \true; exits \false; assigns \nothing; */
void machine_relax(void);
/*@ terminates \true; exits \false; assigns \nothing; */
void machine_lock_taken(u32 rank, u32 index);
/*@ terminates \true; exits \false; assigns \nothing; */
void machine_lock_dropped(u32 rank, u32 index);

/* What a frame outside RAM is. */
enum machine_device {
	MACHINE_DEVICE_NONE, /* nothing there, or a device the core keeps */
	MACHINE_DEVICE_HOST, /* the host may drive it */
	MACHINE_DEVICE_ASSIGNABLE, /* the host, or a VM that claims it */
};
/*@ axiomatic Devices { logic integer l_device(integer p) reads \nothing; }
 */
/*@ terminates \true; exits \false; assigns \nothing;
    ensures \result == l_device(pfn);
    ensures MACHINE_DEVICE_NONE <= \result <= MACHINE_DEVICE_ASSIGNABLE; */
enum machine_device machine_device(u64 pfn);

/*
 * Frames of RAM, through the core's own mapping. `pfn` is in RAM;
 * offset + size <= CV_PAGE_SIZE.
 * clear: all zero, and cleaned to the point of coherency, so that no access of
 * any kind can see what was there. sync: cleaned and invalidated to the point of
 * coherency, so that cacheable and non-cacheable accesses see the same.
 */
/*@ requires ram: pfn < nr_frames && frames[pfn].owner != CV_INVALID_ID;
    terminates \true; exits \false; assigns \nothing; */
void machine_frame_clear(u64 pfn);
/* The 512 frames from pfn (512-aligned) on. */
/*@ requires ram: \forall integer p; pfn <= p < pfn + 512 ==>
      p < nr_frames && frames[p].owner != CV_INVALID_ID;
    terminates \true; exits \false; assigns \nothing; */
void machine_block_clear(u64 pfn);
/*@ requires ram: pfn < nr_frames && frames[pfn].owner != CV_INVALID_ID;
    terminates \true; exits \false; assigns \nothing; */
void machine_frame_sync(u64 pfn);
/*@ requires range: offset + size <= CV_PAGE_SIZE;
    requires to: \valid(to + (0 .. size - 1));
    terminates \true; exits \false; assigns to[0 .. size - 1]; */
void machine_frame_read(u64 pfn, u32 offset, u8 *to, u32 size);
/*@ requires range: offset + size <= CV_PAGE_SIZE;
    requires from: \valid_read(from + (0 .. size - 1));
    terminates \true; exits \false; assigns \nothing; */
void machine_frame_write(u64 pfn, u32 offset, const u8 *from, u32 size);
/* One single-copy atomic access; offset is a multiple of 8. Only frames of the host. */
/*@ requires host: pfn < nr_frames && frames[pfn].owner == CV_HOSTVISOR;
    requires range: offset % 8 == 0 && offset + 8 <= CV_PAGE_SIZE;
    terminates \true; exits \false; assigns \nothing; */
u64 machine_frame_read64(u64 pfn, u32 offset);
/*@ requires host: pfn < nr_frames && frames[pfn].owner == CV_HOSTVISOR;
    requires range: offset % 8 == 0 && offset + 8 <= CV_PAGE_SIZE;
    terminates \true; exits \false; assigns \nothing; */
void machine_frame_write64(u64 pfn, u32 offset, u64 value);

/*
 * table_pool[table].e[index] = desc (core/table.h), so that walkers see the entry whole, after
 * every store before it (DSB ISHST). By index, not by address: the provers keep arrays whose
 * address nobody takes apart from all others.
 */
/*@ requires table < CV_MAX_TABLES && index < TABLE_ENTRIES;
    requires broken: desc == 0 || table_pool[table].e[index] == 0;
    terminates \true; exits \false;
    assigns table_pool[table];
    ensures set: table_pool[table].e[index] == desc;
    ensures other: \forall integer i; 0 <= i < TABLE_ENTRIES && i != index ==>
      table_pool[table].e[i] == \old(table_pool[table].e[i]); */
void machine_table_write(u32 table, u32 index, u64 desc);

/*
 * Invalidate what any CPU's TLB, or the SMMU's, holds of a map: `frames` input frames from
 * gfn on, walk caches included; or all of it. `map` is a map number (core/table.h), and
 * says whether CPUs (host and VMs) or the SMMU (DMA contexts) walk it.
 */
/*@ terminates \true; exits \false; assigns \nothing; */
void machine_map_invalidate(u32 map, u64 gfn, u64 frames);
/*@ terminates \true; exits \false; assigns \nothing; */
void machine_map_invalidate_all(u32 map);

/*
 * DMA. bind: transactions of a stream go through a map from now on.
 * cut: they are aborted from now on, and those under way have finished.
 */
/*@ terminates \true; exits \false; assigns \nothing; */
void machine_stream_bind(u32 stream, u32 map);
/*@ terminates \true; exits \false; assigns \nothing; */
void machine_stream_cut(u32 stream);
/* Streams there are: 0 to machine_streams() - 1; at most CV_MAX_STREAMS. */
/*@ terminates \true; exits \false; assigns \nothing;
    ensures \result <= CV_MAX_STREAMS; */
u32 machine_streams(void);

/*
 * World switch on this CPU. enter: put away the host's registers, load vCPU
 * context `slot` (core/vcpu.h) and use the VM's map; the CPU continues in the VM when the core
 * returns from the exception. leave: the reverse, every register of section 7
 * saved to the context and none left behind.
 */
/*@ requires cpu: cpus[this_cpu].vm == vm && cpus[this_cpu].slot == slot;
    requires vcpu: 1 <= vm <= CV_MAX_VMS && slot < CV_MAX_VCPUS_TOTAL && vcpus[slot].vm == vm &&
      vcpus[slot].state == CV_VCPU_ACTIVE && vcpus[slot].fresh == 0;
    terminates \true; exits \false; assigns \nothing; */
void machine_enter_vm(u32 vm, u32 slot);
/*@ requires cpu: cpus[this_cpu].vm == vm && cpus[this_cpu].slot == slot;
    requires vcpu: 1 <= vm <= CV_MAX_VMS && slot < CV_MAX_VCPUS_TOTAL && vcpus[slot].vm == vm &&
      vcpus[slot].state == CV_VCPU_ACTIVE;
    terminates \true; exits \false; assigns vcpu_contexts[slot]; */
void machine_leave_vm(u32 vm, u32 slot);

/*
 * Tell the VM on this CPU that the access it made failed: a synchronous external
 * abort at EL1, with the faulting IPA's stage 1 address as it was reported.
 */
/*@ requires slot: slot < CV_MAX_VCPUS_TOTAL && cpus[this_cpu].slot == slot &&
      cpus[this_cpu].vm != CV_HOSTVISOR;
    terminates \true; exits \false; assigns vcpu_contexts[slot]; */
void machine_inject_vm_abort(u32 slot);

/* Make every CPU that runs this VM leave it soon. */
/*@ terminates \true; exits \false; assigns \nothing; */
void machine_kick_vm(u32 vm);

/*
 * A log that survives a reboot and that the host can neither read nor write; on a machine without
 * one, nothing. append: for good when it returns true; when it returns false, nothing is changed;
 * what has to move for it to fit comes from lineages[]. read: record `index`, below size, of those
 * there were at boot, in the order in which they were appended; generation 0: not a record.
 */
/*@ ghost extern u64 machine_stored; */ /* how often something was */
/*@ terminates \true; exits \false; assigns machine_stored;
    ensures stored: machine_stored == (u64)(\old(machine_stored) + (\result ? 1 : 0)); */
bool machine_store_append(struct lineage lineage);
/*@ terminates \true; exits \false; assigns \nothing; */
struct lineage machine_store_read(u32 index);
/*@ terminates \true; exits \false; assigns \nothing; */
u32 machine_store_size(void);

/* Monotonic count of the system counter (CNTPCT_EL0). */
/*@ terminates \true; exits \false; assigns \nothing; */
u64 machine_counter(void);

#endif
