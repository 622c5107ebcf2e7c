/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/mem.h"

#include "core/dma.h"
#include "core/machine.h"
#include "core/page.h"
#include "core/state.h"
#include "core/table.h"
#include "core/vm.h"
#include "corevisor/error.h"

/* No claim. */
#define NO_CLAIM CV_MAX_IO_CLAIMS

/* Index of the claim of a device frame, or NO_CLAIM. */
/*@ terminates \true; exits \false;
    assigns \nothing;
    ensures none: \result == NO_CLAIM ==> \forall integer i; is_claim(i) &&
      io_claims[i].vm != 0 ==> io_claims[i].pfn != pfn;
    ensures found: \result != NO_CLAIM ==> is_claim(\result) &&
      io_claims[\result].vm != 0 && io_claims[\result].pfn == pfn; */
static u32 find_io_claim(u64 pfn)
{
	/*@ loop invariant 0 <= i <= CV_MAX_IO_CLAIMS;
	    loop invariant \forall integer j; 0 <= j < i && io_claims[j].vm != 0 ==>
	      io_claims[j].pfn != pfn;
	    loop assigns i;
	    loop variant CV_MAX_IO_CLAIMS - i; */
	for (u32 i = 0; i < CV_MAX_IO_CLAIMS; i++) {
		if (io_claims[i].vm != 0 && io_claims[i].pfn == pfn)
			return i;
	}
	return NO_CLAIM;
}

/*@ terminates \true; exits \false;
    assigns \nothing;
    ensures \result != NO_CLAIM ==> is_claim(\result) && io_claims[\result].vm == 0; */
static u32 find_free_io_claim(void)
{
	/*@ loop invariant 0 <= i <= CV_MAX_IO_CLAIMS;
	    loop assigns i;
	    loop variant CV_MAX_IO_CLAIMS - i; */
	for (u32 i = 0; i < CV_MAX_IO_CLAIMS; i++) {
		if (io_claims[i].vm == 0)
			return i;
	}
	return NO_CLAIM;
}

/* Map one frame to itself for the host, at level 3. Nothing is mapped there. */
/*@ requires empty: in_map(MAP_HOST, pfn) && map_of(MAP_HOST, pfn) == 0;
    requires attr: attr == (l_owner(pfn) == CV_INVALID_ID ? DESC_ATTR_DEVICE
                                                          : DESC_ATTR_MEMORY);
    requires may: host_may(pfn);
    requires device: l_owner(pfn) == CV_INVALID_ID ==>
      l_device(pfn) != MACHINE_DEVICE_NONE && \forall integer i; is_claim(i) &&
        io_claims[i].vm != 0 ==> io_claims[i].pfn != pfn;
    INV_REQUIRES
    terminates \true; exits \false;
    assigns TABLE_STATE;
    INV_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures refused: \result != 0 ==> unchanged{Pre, Post};
    ensures mapped: \result == 0 ==> map_of(MAP_HOST, pfn) != 0;
    ensures maps: \forall integer m, g; in_map(m, g) && m != MAP_HOST ==>
      map_of(m, g) == \old(map_of(m, g)) && depth_of(m, g) == \old(depth_of(m, g)); */
static int map_host_page(u64 pfn, u64 attr)
{
	if (map_need(MAP_HOST, pfn, 3) > table_free_count())
		return CV_ENOMEM;
	map_prepare(MAP_HOST, pfn, 3);
	map_set_page(MAP_HOST, pfn, desc_page(pfn, attr));
	/*@ ghost DMA_COUNT_KEPT(c) */
	return CV_OK;
}

/* All 512 frames are the host's: one block, and one of 1 GB if it can be. */
/*@ requires hosts: \forall integer p; 0 <= p && same_leaf(2, pfn, p) ==>
      l_owner(p) == CV_HOSTVISOR;
    requires enough: need_of(MAP_HOST, pfn, 2) <= table_free_nr;
    INV_REQUIRES
    terminates \true; exits \false;
    assigns TABLE_STATE;
    INV_CLAUSES(ensures)
    ensures mapped: map_of(MAP_HOST, pfn) != 0;
    ensures maps: \forall integer m, g; in_map(m, g) && m != MAP_HOST ==>
      map_of(m, g) == \old(map_of(m, g)) && depth_of(m, g) == \old(depth_of(m, g)); */
static void map_host_block(u64 pfn)
{
	u64 first = pfn - pfn % CV_BLOCK_FRAMES;

	/*@ assert l_owner(pfn) == CV_HOSTVISOR && l_owner(first) == CV_HOSTVISOR; */
	map_prepare(MAP_HOST, pfn, 2);
	map_set_block(MAP_HOST, pfn, desc_block(first, DESC_ATTR_MEMORY));
	/*@ assert block: \forall integer g; in_map(MAP_HOST, g) && same_leaf(2, pfn, g) ==>
	      map_of(MAP_HOST, g) == d_page(g, DESC_ATTR_MEMORY); */
	map_merge(MAP_HOST, pfn);
	/*@ ghost DMA_COUNT_KEPT(c) */
}

/*@ requires empty: in_map(MAP_HOST, pfn) && map_of(MAP_HOST, pfn) == 0;
    requires device: l_owner(pfn) == CV_INVALID_ID;
    INV_REQUIRES
    terminates \true; exits \false;
    assigns TABLE_STATE;
    INV_ENSURES
    ensures result: \result <= 0;
    ensures refused: \result != 0 ==> unchanged{Pre, Post};
    ensures mapped: \result == 0 ==> map_of(MAP_HOST, pfn) != 0;
    ensures maps: \forall integer m, g; in_map(m, g) && m != MAP_HOST ==>
      map_of(m, g) == \old(map_of(m, g)) && depth_of(m, g) == \old(depth_of(m, g)); */
static int map_host_device(u64 pfn)
{
	if (machine_device(pfn) == MACHINE_DEVICE_NONE || find_io_claim(pfn) != NO_CLAIM)
		return CV_EPERM;
	return map_host_page(pfn, DESC_ATTR_DEVICE);
}

int map_host(u64 addr)
{
	u64 pfn = addr / CV_PAGE_SIZE;
	u32 owner;

	if (pfn == 0 || pfn >= table_geometry.gfn_limit)
		return CV_EINVAL;
	/* Another CPU was faster, or a block was being replaced. */
	if (map_get(MAP_HOST, pfn) != 0)
		return CV_OK;
	owner = frame_owner(pfn);
	if (owner == CV_INVALID_ID)
		return map_host_device(pfn);
	if (owner != CV_HOSTVISOR && frame_count(pfn) == 0)
		return CV_EPERM;
	if (page_block_is_hosts(pfn) && map_need(MAP_HOST, pfn, 2) <= table_free_count()) {
		map_host_block(pfn);
		return CV_OK;
	}
	return map_host_page(pfn, DESC_ATTR_MEMORY);
}

int assign_pfn_to_vm(u32 vm, u64 gfn, u64 pfn)
{
	int error;

	if (gfn >= table_geometry.gfn_limit)
		return CV_EINVAL;
	if (frame_owner(pfn) == vm)
		return frame_gfn(pfn) == gfn ? CV_OK : CV_EEXIST;
	error = page_check_donation(pfn);
	if (error != CV_OK)
		return error;
	if (page_split_need(pfn, 3) > table_free_count())
		return CV_ENOMEM;
	page_split(pfn, 3);
	page_take(pfn, vm, gfn, PAGE_WIPE);
	return CV_OK;
}

/*@ terminates \true; exits \false;
    assigns \nothing;
    ensures \result <==> gfn < table_geometry.gfn_limit && gfn % 512 == 0 && pfn % 512 == 0; */
static bool block_args_ok(u64 gfn, u64 pfn)
{
	return gfn < table_geometry.gfn_limit && gfn % CV_BLOCK_FRAMES == 0 &&
	       pfn % CV_BLOCK_FRAMES == 0;
}

int assign_block_to_vm(u32 vm, u64 gfn, u64 pfn)
{
	int error;

	if (!block_args_ok(gfn, pfn))
		return CV_EINVAL;
	error = page_check_donation_block(pfn);
	if (error != CV_OK)
		return error;
	/*@ assert l_owner(pfn) == CV_HOSTVISOR; */
	if (page_split_need(pfn, 2) > table_free_count())
		return CV_ENOMEM;
	page_split(pfn, 2);
	page_take_block(pfn, vm, gfn);
	return CV_OK;
}

/* Is this VM the owner of the frame, and has it at that gfn? */
/*@ requires boot_facts;
    terminates \true; exits \false;
    assigns \nothing;
    ensures \result <==> l_owner(pfn) == vm && l_gfn(pfn) == gfn; */
static bool frame_is_at(u64 pfn, u32 vm, u64 gfn)
{
	return frame_owner(pfn) == vm && frame_gfn(pfn) == gfn;
}

/* May 512 frames be mapped in one block: all the VM's, at their place, nothing there? */
/*@ requires is_vm(vm) && boot_facts && tables;
    terminates \true; exits \false;
    assigns \nothing;
    ensures \result <= 0;
    ensures \result == 0 <==> in_map(vm, gfn) && gfn % 512 == 0 && pfn % 512 == 0 &&
      may_map(vm, gfn, pfn, 512); */
static int check_map_block(u32 vm, u64 gfn, u64 pfn)
{
	if (!block_args_ok(gfn, pfn))
		return CV_EINVAL;
	/*@ assert pfn + 511 <= 0xffffffffffffffff && gfn + 511 < table_geometry.gfn_limit; */
	/*@ loop invariant 0 <= i <= 512;
	    loop invariant may_map(vm, gfn, pfn, i);
	    loop assigns i;
	    loop variant 512 - i; */
	for (u64 i = 0; i < CV_BLOCK_FRAMES; i++) {
		if (!frame_is_at(pfn + i, vm, gfn + i))
			return CV_EPERM;
		if (map_get(vm, gfn + i) != 0)
			return CV_EEXIST;
	}
	return CV_OK;
}

/*@ requires is_vm(vm) && in_map(vm, gfn) && boot_facts && tables;
    terminates \true; exits \false;
    assigns \nothing;
    ensures \result <= 0;
    ensures \result == 0 <==> may_map(vm, gfn, pfn, 1); */
static int check_map_page(u32 vm, u64 gfn, u64 pfn)
{
	if (!frame_is_at(pfn, vm, gfn))
		return CV_EPERM;
	if (map_get(vm, gfn) != 0)
		return CV_EEXIST;
	return CV_OK;
}

/* Map them: what may be mapped, and there are tables for it. */
/*@ requires vm: is_vm(vm) && (level == 2 || level == 3) && in_map(vm, gfn);
    requires aligned: level == 2 ==> gfn % 512 == 0 && pfn % 512 == 0;
    requires may: may_map(vm, gfn, pfn, level == 2 ? 512 : 1);
    requires enough: need_of(vm, gfn, level) <= table_free_nr;
    INV_REQUIRES
    terminates \true; exits \false;
    assigns TABLE_STATE;
    INV_CLAUSES(ensures)
    ensures page: level == 3 ==> map_of(vm, gfn) == d_page(pfn, DESC_ATTR_MEMORY);
    ensures block: level == 2 ==> \forall integer g; gfn <= g < gfn + 512 ==>
      map_of(vm, g) == d_page(pfn + (g - gfn), DESC_ATTR_MEMORY);
    ensures maps: \forall integer m, g; in_map(m, g) &&
      !(m == vm && gfn <= g < gfn + (level == 2 ? 512 : 1)) ==>
      map_of(m, g) == \old(map_of(m, g));
    ensures depth: \forall integer m, g; in_map(m, g) && m != vm ==>
      depth_of(m, g) == \old(depth_of(m, g)); */
static void map_frames(u32 vm, u64 gfn, u64 pfn, u32 level)
{
	/*@ assert l_owner(pfn) == vm; */
	/*@ assert vms[vm].state != CV_VM_UNUSED; */
	/*@ assert part: level == 2 ==> \forall integer g; gfn <= g < gfn + 512 ==>
	      in_map(vm, g) && same_leaf(2, gfn, g) && g % 512 == g - gfn; */
	/*@ assert block: level == 2 ==> d_pfn(d_block(pfn, DESC_ATTR_MEMORY)) == pfn &&
	      d_attr(d_block(pfn, DESC_ATTR_MEMORY)) == DESC_ATTR_MEMORY; */
	map_prepare(vm, gfn, level);
	if (level == 2)
		map_set_block(vm, gfn, desc_block(pfn, DESC_ATTR_MEMORY));
	else
		map_set_page(vm, gfn, desc_page(pfn, DESC_ATTR_MEMORY));
	/*@ ghost DMA_COUNT_KEPT(c) */
}

int map_pfn_vm(u32 vm, u64 addr, u64 pte, u32 level)
{
	u64 gfn = addr / CV_PAGE_SIZE;
	u64 pfn = desc_pfn(pte);
	int error;

	if ((level != 2 && level != 3) || gfn >= table_geometry.gfn_limit)
		return CV_EINVAL;
	error = level == 2 ? check_map_block(vm, gfn, pfn) : check_map_page(vm, gfn, pfn);
	if (error != CV_OK)
		return error;
	if (map_need(vm, gfn, level) > table_free_count())
		return CV_ENOMEM;
	map_frames(vm, gfn, pfn, level);
	return CV_OK;
}

/* True only if nothing is in the VM's map where `level` (2 or 3) would map gfn. */
/*@ requires is_vm(vm) && boot_facts && tables && (level == 2 || level == 3);
    requires in_map(vm, gfn) && (level == 2 ==> gfn % 512 == 0);
    terminates \true; exits \false;
    assigns \nothing;
    ensures \result ==> \forall integer g; gfn <= g < gfn + (level == 2 ? 512 : 1) ==>
      map_of(vm, g) == 0; */
static bool vm_map_is_empty(u32 vm, u64 gfn, u32 level)
{
	return level == 2 ? map_block_is_empty(vm, gfn) : map_get(vm, gfn) == 0;
}

int donate_to_vm(u32 vm, u64 gfn, u64 pfn, u32 level)
{
	int error;

	if (!vm_takes_frames(vm))
		return CV_ESTATE;
	if (!vm_ram_contains(vm, gfn, level_frames(level)))
		return CV_EINVAL;
	if (level == 2 && !block_args_ok(gfn, pfn))
		return CV_EINVAL;
	if (!vm_map_is_empty(vm, gfn, level))
		return CV_EEXIST;
	if (page_split_need(pfn, level) + map_need(vm, gfn, level) > table_free_count())
		return CV_ENOMEM;
	if (level == 2)
		error = assign_block_to_vm(vm, gfn, pfn);
	else
		error = assign_pfn_to_vm(vm, gfn, pfn);
	if (error != CV_OK)
		return error;
	/* It may be mapped: taking it has left the VM's map as it was. */
	map_frames(vm, gfn, pfn, level);
	return CV_OK;
}

int clear_vm_page(u32 vm, u64 pfn)
{
	if (frame_owner(pfn) != vm)
		return CV_EPERM;
	if (vms[vm].state != CV_VM_POWEROFF)
		return CV_ESTATE;
	if (dma_vm_has_context(vm))
		return CV_EBUSY;
	if (map_need(MAP_DMA_DEFAULT, pfn, 3) > table_free_count())
		return CV_ENOMEM;
	map_prepare(MAP_DMA_DEFAULT, pfn, 3);
	/*@ ghost DMA_COUNT_KEPT(c) */
	page_return(pfn);
	vms[vm].reclaimed = 1;
	return CV_OK;
}

/* What map_io refuses. */
/*@ requires vm: is_vm(vm);
    INV_REQUIRES
    terminates \true; exits \false;
    assigns \nothing;
    ensures \result <= 0;
    ensures outside: \result == 0 ==> !in_ram(vm, gfn, 1);
    ensures \result == 0 ==> in_map(vm, gfn) && in_map(MAP_HOST, pfn) && pfn != 0 &&
      map_of(vm, gfn) == 0 && is_loading(vm) && l_owner(pfn) == CV_INVALID_ID &&
      l_device(pfn) == MACHINE_DEVICE_ASSIGNABLE && \forall integer i; is_claim(i) &&
        io_claims[i].vm != 0 ==> io_claims[i].pfn != pfn; */
static int check_map_io(u32 vm, u64 gfn, u64 pfn)
{
	if (!vm_is_loading(vm))
		return CV_ESTATE;
	if (gfn >= table_geometry.gfn_limit || pfn == 0 || pfn >= table_geometry.gfn_limit ||
	    vm_ram_contains(vm, gfn, 1))
		return CV_EINVAL;
	if (frame_owner(pfn) != CV_INVALID_ID || machine_device(pfn) != MACHINE_DEVICE_ASSIGNABLE ||
	    find_io_claim(pfn) != NO_CLAIM)
		return CV_EPERM;
	if (map_get(vm, gfn) != 0)
		return CV_EEXIST;
	return CV_OK;
}

int map_io(u32 vm, u64 gpa, u64 pa)
{
	u64 gfn = gpa / CV_PAGE_SIZE;
	u64 pfn = pa / CV_PAGE_SIZE;
	u32 claim = find_free_io_claim();
	int error;

	if (gpa % CV_PAGE_SIZE != 0 || pa % CV_PAGE_SIZE != 0)
		return CV_EINVAL;
	error = check_map_io(vm, gfn, pfn);
	if (error != CV_OK)
		return error;
	if (claim == NO_CLAIM)
		return CV_ENOSPC;
	if (map_need(vm, gfn, 3) > table_free_count())
		return CV_ENOMEM;
	map_prepare(vm, gfn, 3);
	map_clear_page(MAP_HOST, pfn);
	io_claims[claim].vm = vm;
	io_claims[claim].pfn = pfn;
	io_claims[claim].gfn = gfn;
	map_set_page(vm, gfn, desc_page(pfn, DESC_ATTR_DEVICE));
	/*@ ghost DMA_COUNT_KEPT(c) */
	return CV_OK;
}

void release_io_claims(u32 vm)
{
	/*@ loop invariant 0 <= i <= CV_MAX_IO_CLAIMS;
	    loop invariant \forall integer j; is_claim(j) && (j >= i ||
	      \at(io_claims[j].vm, Pre) != vm) ==> io_claims[j] == \at(io_claims[j], Pre);
	    loop invariant \forall integer j; 0 <= j < i && \at(io_claims[j].vm, Pre) == vm ==>
	      io_claims[j].vm == 0;
	    loop assigns i, io_claims[0 .. CV_MAX_IO_CLAIMS - 1];
	    loop variant CV_MAX_IO_CLAIMS - i; */
	for (u32 i = 0; i < CV_MAX_IO_CLAIMS; i++) {
		if (io_claims[i].vm == vm) {
			io_claims[i].vm = 0;
			io_claims[i].pfn = 0;
			io_claims[i].gfn = 0;
		}
	}
}

bool io_claim_overlaps(u32 vm, u64 gfn, u64 nr)
{
	/*@ loop invariant 0 <= i <= CV_MAX_IO_CLAIMS;
	    loop invariant \forall integer j; 0 <= j < i && io_claims[j].vm == vm ==>
	      !(gfn <= io_claims[j].gfn < gfn + nr);
	    loop assigns i;
	    loop variant CV_MAX_IO_CLAIMS - i; */
	for (u32 i = 0; i < CV_MAX_IO_CLAIMS; i++) {
		if (io_claims[i].vm == vm && io_claims[i].gfn >= gfn && io_claims[i].gfn - gfn < nr)
			return true;
	}
	return false;
}

int grant_vm_page(u32 vm, u64 pfn)
{
	u32 count = frame_count(pfn);

	if (frame_owner(pfn) != vm)
		return CV_EPERM;
	if (count >= CV_MAX_SHARE_COUNT)
		return CV_EBUSY;
	if (map_need(MAP_DMA_DEFAULT, pfn, 3) > table_free_count())
		return CV_ENOMEM;
	map_prepare(MAP_DMA_DEFAULT, pfn, 3);
	frame_set_count(pfn, count + 1);
	if (map_get(MAP_DMA_DEFAULT, pfn) == 0)
		map_set_page(MAP_DMA_DEFAULT, pfn, desc_page(pfn, DESC_ATTR_MEMORY));
	/*@ ghost DMA_COUNT_KEPT(c) */
	return CV_OK;
}

int revoke_vm_page(u32 vm, u64 pfn)
{
	u32 count = frame_count(pfn);

	if (frame_owner(pfn) != vm)
		return CV_EPERM;
	if (count == 0)
		return CV_ENOENT;
	if (count == 1) {
		map_clear_page(MAP_HOST, pfn);
		map_clear_page(MAP_DMA_DEFAULT, pfn);
		machine_frame_sync(pfn);
	}
	frame_set_count(pfn, count - 1);
	/*@ ghost DMA_COUNT_KEPT(c) */
	return CV_OK;
}
