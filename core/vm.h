/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of a VM. vm is a VM id, 1 to CV_MAX_VMS, unless said otherwise. An
 * error means that nothing changed.
 */
#ifndef CORE_VM_H
#define CORE_VM_H

#include "core/types.h"

/* Is this number, from anybody, a VM id? */
bool vm_id_valid(u64 id);

/* May its image and layout still be changed by the host? Locks: vm. */
bool vm_is_loading(u32 vm);

/* May the host donate frames to it? Locks: vm. */
bool vm_takes_frames(u32 vm);

/* Do [gfn, gfn + nr) lie in one of its RAM ranges? Any numbers. Locks: vm. */
bool vm_ram_contains(u32 vm, u64 gfn, u64 nr);

/*
 * Reserve a free VM id. Returns it, or CV_ENOSPC. Locks: id.
 * Source: lemma gen_vmid_inv; here ids are used again, and the next one is tried first
 * so that an id rests as long as it can.
 */
int gen_vmid(void);

/*
 * A new VM under a reserved id: READY, nothing in it. Locks: vm.
 * CV_ESTATE: it is not UNUSED. Source: lemma register_kvm_inv.
 */
int register_kvm(u32 vm);

/*
 * Declare a RAM range, in frames. Locks: vm, page.
 * CV_ESTATE: not loading. CV_EINVAL: empty, beyond the address space, or overlaps another
 * range or a device of the VM. CV_ENOSPC.
 */
int vm_set_ram(u32 vm, u64 gfn, u64 nr);

/*
 * First PC and X0 of vCPU 0. Locks: vm. CV_ESTATE: not loading.
 */
int vm_set_entry(u32 vm, u64 pc, u64 x0);

/*
 * No vCPU is entered from now on, running ones are told to stop, frames may be
 * reclaimed. Locks: vm. CV_ESTATE: UNUSED. Source: lemma set_vm_poweroff_inv.
 */
int set_vm_poweroff(u32 vm);

/*
 * The end: tables back to the pool, devices back to the host, vCPU contexts and keys wiped,
 * the id free. Locks: DMA, vm, page, map; takes id.
 * CV_ESTATE: not POWEROFF. CV_EBUSY: it owns a frame or a DMA context, or a vCPU is
 * running.
 */
int destroy_vm(u32 vm);

#endif
