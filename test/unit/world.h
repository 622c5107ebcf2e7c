/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A small machine with Corevisor booted on it, and the whole of the core's state as something to
 * compare with: world_snapshot(), then say with WANT() and want_leaf() what an operation
 * should change, then the operation, then world_check().
 */
#ifndef TEST_UNIT_WORLD_H
#define TEST_UNIT_WORLD_H

#include "core/types.h"
#include "core/table.h"

/* RAM: 3 blocks of 2 MB that the core keeps, then the host's. */
#define RAM_PFN 0x400ULL
#define KEPT_FRAMES (3 * 512ULL)
#define HOST_PFN (RAM_PFN + KEPT_FRAMES)
#define HOST_BLOCKS 7U
#define HOST_FRAMES (HOST_BLOCKS * 512ULL)
#define END_PFN (HOST_PFN + HOST_FRAMES)
#define WORLD_TABLES 1400U

/* The host's block n. */
#define HOST_BLOCK(n) (HOST_PFN + (n)*512ULL)

/* RAM of every VM here: [VM_GFN, VM_GFN + VM_FRAMES). */
#define VM_GFN 0x40000ULL
#define VM_FRAMES 2048ULL

/* Boot: reset the machine and all state, core_init(). */
void world_boot(void);
/* The same with other RAM and pool: [pfn, pfn + frames), of which the first `kept`. */
int world_boot_with(u64 pfn, u64 frames, u64 kept, u32 nr_tables, u32 ipa_bits);

/* A new VM, READY: RAM, an image of one page that is `image`, vCPU 0 with run page `run`. */
u32 world_vm(u64 image, u64 run);
/* Steps of verify_vm() until it is done; what the last one returned. */
s64 world_verify(u32 vm);

/* Remember all state; forget what the machine was asked. */
void world_snapshot(void);

/* The same object in the snapshot: what is wanted of it. */
void *world_shadow(const void *object);
#define WANT(lvalue) (*(__typeof__(&(lvalue)))world_shadow(&(lvalue)))

/* Wanted: (map, gfn) translates to this leaf; 0: to nothing. */
void want_leaf(u32 map, u64 gfn, u64 desc);
/* Wanted of a frame's record. */
void want_frame(u64 pfn, u32 owner, u32 count, u64 gfn);
/* Wanted: the frame is the VM's, unshared, out of the host's and the default DMA map. */
void want_taken(u64 pfn, u32 vm, u64 gfn);
/* Wanted: the frame is the host's again. */
void want_returned(u64 pfn);
/* The host's maps may differ from what is wanted of [pfn, pfn + frames): it faults them in. */
void want_any_host_map(u64 pfn, u64 frames);

/*
 * All state is as wanted, every lost translation was invalidated, no lock is held or was taken
 * out of order, the invariants hold.
 */
void world_check(void);
/* Whatever changed: locks and their order, break-before-make, the invariants. */
void world_check_sound(void);
/* Nothing changed at all, and no frame was written. */
void world_check_unchanged(void);

/* Sum of all state of core/state.h and of every leaf; the same state, the same sum. */
u64 world_sum(void);

#endif
