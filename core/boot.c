/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/boot.h"

#include "core/bytes.h"
#include "core/crypto.h"
#include "core/lock.h"
#include "core/machine.h"
#include "core/mem.h"
#include "core/page.h"
#include "core/state.h"
#include "core/table.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "corevisor/error.h"
#include "corevisor/manifest.h"

#define LAYOUT_VERSION 1U

/* The VM's image list is this part of the core's map. */
/*@ requires is_vm(vm);
    terminates \true; exits \false; assigns \nothing;
    ensures \result == list_base(vm); */
static u64 image_list_base(u32 vm)
{
	return (u64)(vm - 1) * CV_MAX_IMAGE_FRAMES;
}

void image_list_drop(u32 vm)
{
	/*@ loop invariant tables: tables;
	    loop invariant range: 0 <= n <= CV_MAX_IMAGE_FRAMES && n % 512 == 0;
	    loop invariant dropped: \forall integer g; list_base(vm) <= g < list_base(vm) + n ==>
	      map_of(MAP_CORE, g) == 0;
	    loop invariant lists: \forall integer g; in_map(MAP_CORE, g) &&
	      !(list_base(vm) <= g < list_base(vm) + n) ==>
	      map_of(MAP_CORE, g) == \at(map_of(MAP_CORE, g), Pre) &&
	      depth_of(MAP_CORE, g) == \at(depth_of(MAP_CORE, g), Pre);
	    loop invariant maps: \forall integer m, g; in_map(m, g) && m != MAP_CORE ==>
	      map_of(m, g) == \at(map_of(m, g), Pre) && depth_of(m, g) == \at(depth_of(m, g), Pre);
	    loop assigns n, TABLE_STATE;
	    loop variant CV_MAX_IMAGE_FRAMES - n; */
	for (u64 n = 0; n < vms[vm].image_frames; n += CV_BLOCK_FRAMES) {
		/*@ assert no_large: in_map(MAP_CORE, list_base(vm) + n) &&
		      (depth_of(MAP_CORE, list_base(vm) + n) == 3 ||
		       map_of(MAP_CORE, list_base(vm) + n) == 0); */
		map_drop_block(MAP_CORE, image_list_base(vm) + n);
	}
	/*@ assert empty: \forall integer g;
	      list_base(vm) <= g < list_base(vm) + CV_MAX_IMAGE_FRAMES ==>
	      map_of(MAP_CORE, g) == 0; */
	/*@ ghost DMA_COUNT_KEPT(c) */
}

/*@ predicate region_apart{L}(integer v, integer g, integer n) = \forall integer q;
      0 <= q < vms[v].nr_regions ==>
      r_gfn(v, q) + r_frames(v, q) <= g || g + n <= r_gfn(v, q);
 */
/*@ requires is_vm(vm);
    requires image_range: image_range;
    requires range: gfn + nr <= table_geometry.gfn_limit;
    requires geometry: geometry;
    requires region_range: region_range;
    terminates \true; exits \false; assigns \nothing;
    ensures apart: \result <==> !region_apart(vm, gfn, nr); */
/* Does [gfn, gfn + nr) meet a region of the image? */
static bool region_overlaps(u32 vm, u64 gfn, u64 nr)
{
	/*@ loop invariant range: 0 <= r <= vms[vm].nr_regions;
	    loop invariant apart: \forall integer q; 0 <= q < r ==>
	      r_gfn(vm, q) + r_frames(vm, q) <= gfn || gfn + nr <= r_gfn(vm, q);
	    loop assigns r;
	    loop variant vms[vm].nr_regions - r; */
	for (u32 r = 0; r < vms[vm].nr_regions; r++) {
		u32 i = vm * CV_MAX_BOOT_REGIONS + r;

		/*@ assert region: is_region(vm, r) && boot_regions[i].gfn == r_gfn(vm, r) &&
		      boot_regions[i].frames == r_frames(vm, r); */
		if (gfn < boot_regions[i].gfn + boot_regions[i].frames &&
		    boot_regions[i].gfn < gfn + nr)
			return true;
	}
	return false;
}

/* What set_boot_info refuses; nr: the size in frames. */
/*@ requires vm: is_vm(vm);
    requires boot_facts: boot_facts;
    requires state_range: state_range;
    requires ram_range: ram_range;
    requires image_range: image_range;
    requires region_range: region_range;
    terminates \true; exits \false; assigns \nothing;
    ensures result: \result <= 0;
    ensures loading: \result == 0 ==> is_loading(vm);
    ensures apart: \result == 0 ==> region_apart(vm, addr / CV_PAGE_SIZE, nr);
    ensures args: \result == 0 ==> nr > 0 && addr % CV_PAGE_SIZE == 0;
    ensures ram: \result == 0 ==> in_ram(vm, addr / CV_PAGE_SIZE, nr) &&
      addr / CV_PAGE_SIZE + nr <= table_geometry.gfn_limit;
    ensures space: \result == 0 ==> vms[vm].nr_regions < CV_MAX_BOOT_REGIONS &&
      vms[vm].image_frames + nr <= CV_MAX_IMAGE_FRAMES; */
static int check_boot_info(u32 vm, u64 addr, u64 nr)
{
	u64 gfn = addr / CV_PAGE_SIZE;

	if (!vm_is_loading(vm))
		return CV_ESTATE;
	if (nr == 0 || addr % CV_PAGE_SIZE != 0 || !vm_ram_contains(vm, gfn, nr))
		return CV_EINVAL;
	if (region_overlaps(vm, gfn, nr))
		return CV_EINVAL;
	if (vms[vm].nr_regions == CV_MAX_BOOT_REGIONS ||
	    nr > CV_MAX_IMAGE_FRAMES - vms[vm].image_frames)
		return CV_ENOSPC;
	return CV_OK;
}

/* One region more, whose part of the image list follows that of the others. */
/*@ requires vm: is_vm(vm);
    requires loading: is_loading(vm);
    requires space: vms[vm].nr_regions < CV_MAX_BOOT_REGIONS && nr > 0 &&
      vms[vm].image_frames + nr <= CV_MAX_IMAGE_FRAMES;
    requires range: gfn + nr <= table_geometry.gfn_limit;
    requires apart: region_apart(vm, gfn, nr);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns vms[vm], boot_regions[vm * CV_MAX_BOOT_REGIONS + vms[vm].nr_regions];
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures added: vms[vm].nr_regions == \old(vms[vm].nr_regions) + 1 &&
      r_gfn(vm, \old(vms[vm].nr_regions)) == gfn && r_frames(vm, \old(vms[vm].nr_regions)) == nr &&
      r_remapped(vm, \old(vms[vm].nr_regions)) == 0;
    ensures others: \forall integer i; i != vm * CV_MAX_BOOT_REGIONS + \old(vms[vm].nr_regions) ==>
      boot_regions[i] == \old(boot_regions[i]);
    ensures ram: vms[vm].nr_ram == \old(vms[vm].nr_ram); */
static void region_add(u32 vm, u64 gfn, u64 nr)
{
	u32 i = vm * CV_MAX_BOOT_REGIONS + vms[vm].nr_regions;

	boot_regions[i].gfn = gfn;
	boot_regions[i].frames = nr;
	boot_regions[i].remapped = 0;
	boot_regions[i].list = vms[vm].image_frames;
	vms[vm].image_frames += nr;
	vms[vm].nr_regions++;
	/*@ assert others: \forall integer v, r; is_vm(v) && 0 <= r < CV_MAX_BOOT_REGIONS &&
	      v * CV_MAX_BOOT_REGIONS + r != i ==>
	        r_gfn(v, r) == \at(r_gfn(v, r), Pre) && r_list(v, r) == \at(r_list(v, r), Pre) &&
	        r_frames(v, r) == \at(r_frames(v, r), Pre) &&
	        r_remapped(v, r) == \at(r_remapped(v, r), Pre); */
	/*@ assert new: r_gfn(vm, vms[vm].nr_regions - 1) == gfn &&
	      r_frames(vm, vms[vm].nr_regions - 1) == nr &&
	      r_remapped(vm, vms[vm].nr_regions - 1) == 0 &&
	      r_list(vm, vms[vm].nr_regions - 1) == \at(vms[vm].image_frames, Pre); */
	/*@ assert sum: vms[vm].image_frames == \at(vms[vm].image_frames, Pre) + nr; */
	/*@ assert old: \forall integer v, r; is_region(v, r) &&
	      !(v == vm && r == vms[vm].nr_regions - 1) ==>
	        is_region{Pre}(v, r) && r < CV_MAX_BOOT_REGIONS &&
	        v * CV_MAX_BOOT_REGIONS + r != i; */
}

int set_boot_info(u32 vm, u64 addr, u64 size)
{
	u64 nr = size / CV_PAGE_SIZE + (size % CV_PAGE_SIZE != 0 ? 1 : 0);
	u32 idx = vms[vm].nr_regions;
	int error = check_boot_info(vm, addr, nr);

	if (error != CV_OK)
		return error;
	region_add(vm, addr / CV_PAGE_SIZE, nr);
	return (int)idx;
}

/* The place in the core's map of the first page of region r that is not named yet. */
/*@ requires region: is_region(vm, r) && r_remapped(vm, r) < r_frames(vm, r);
    requires geometry: geometry;
    requires image_range: image_range;
    requires region_range: region_range;
    requires regions_apart: regions_apart;
    requires list_free: list_free;
    terminates \true; exits \false; assigns \nothing;
    ensures place: \result == list_base(vm) + r_list(vm, r) + r_remapped(vm, r);
    ensures in_list: list_base(vm) <= \result < list_base(vm) + vms[vm].image_frames;
    ensures in_map: in_map(MAP_CORE, \result);
    ensures free: map_of(MAP_CORE, \result) == 0;
    ensures apart: \forall integer v, q; is_region(v, q) && !(v == vm && q == r) ==>
      !(list_base(v) + r_list(v, q) <= \result < list_base(v) + r_list(v, q) + r_frames(v, q)); */
static u64 image_place(u32 vm, u32 r)
{
	u32 i = vm * CV_MAX_BOOT_REGIONS + r;

	/*@ assert region: i == vm * CV_MAX_BOOT_REGIONS + r && r < CV_MAX_BOOT_REGIONS &&
	      r_list(vm, r) + r_frames(vm, r) <= vms[vm].image_frames <= CV_MAX_IMAGE_FRAMES; */
	return image_list_base(vm) + boot_regions[i].list + boot_regions[i].remapped;
}

int remap_vm_image(u32 vm, u64 pfn, u64 idx)
{
	u32 r = (u32)idx;
	u32 i = vm * CV_MAX_BOOT_REGIONS + r;
	u64 place;
	int error;

	if (!vm_is_loading(vm))
		return CV_ESTATE;
	if (idx >= vms[vm].nr_regions)
		return CV_EINVAL;
	/*@ assert region: r == idx && is_region(vm, r) && r < CV_MAX_BOOT_REGIONS &&
	      i == vm * CV_MAX_BOOT_REGIONS + r && r_remapped(vm, r) <= r_frames(vm, r); */
	if (boot_regions[i].remapped == boot_regions[i].frames)
		return CV_ENOSPC;
	error = page_check_donation(pfn);
	if (error != CV_OK)
		return error;
	/*@ assert room: r_remapped(vm, r) < r_frames(vm, r); */
	place = image_place(vm, r);
	if (map_need(MAP_CORE, place, 3) > table_free_count())
		return CV_ENOMEM;
	map_prepare(MAP_CORE, place, 3);
	map_set_page(MAP_CORE, place, desc_page(pfn, DESC_ATTR_MEMORY));
	boot_regions[i].remapped++;
	/*@ assert named: r_remapped(vm, r) == \at(r_remapped(vm, (u32)idx), Pre) + 1; */
	/*@ assert regions: \forall integer v, q; is_vm(v) && 0 <= q < CV_MAX_BOOT_REGIONS ==>
	      r_gfn(v, q) == \at(r_gfn(v, q), Pre) && r_list(v, q) == \at(r_list(v, q), Pre) &&
	      r_frames(v, q) == \at(r_frames(v, q), Pre) &&
	      (!(v == vm && q == r) ==> r_remapped(v, q) == \at(r_remapped(v, q), Pre)); */
	/*@ assert few: \forall integer v, q; is_region(v, q) ==> q < CV_MAX_BOOT_REGIONS; */
	/*@ ghost DMA_COUNT_KEPT(c) */
	return CV_OK;
}

/* Where a field of struct cv_manifest is in its bytes. */
#define MANIFEST(bytes, field) ((bytes) + offsetof(struct cv_manifest, field))

/* Did the holder of its key sign it? */
/*@ requires \valid_read(bytes + (0 .. sizeof(struct cv_manifest) - 1));
    terminates \true; exits \false; assigns crypto_verified;
    ensures signed: \result ==> crypto_verified == (u64)(\old(crypto_verified) + 1); */
static bool manifest_is_signed(const u8 *bytes)
{
	struct crypto_hash hash;
	u8 digest[CRYPTO_HASH_SIZE];

	crypto_hash_init(&hash);
	crypto_hash_update(&hash, MANIFEST(bytes, magic), 8);
	crypto_hash_update(&hash, MANIFEST(bytes, measurement), CRYPTO_HASH_SIZE);
	crypto_hash_final(&hash, digest);
	return crypto_verify(MANIFEST(bytes, key), digest, MANIFEST(bytes, signature));
}

int set_manifest(u32 vm, u64 pfn)
{
	u8 bytes[sizeof(struct cv_manifest)];
	struct crypto_hash hash;
	bool hosts;

	if (!vm_is_loading(vm))
		return CV_ESTATE;
	lock_page(pfn);
	hosts = frame_owner(pfn) == CV_HOSTVISOR;
	if (hosts)
		machine_frame_read(pfn, 0, bytes, sizeof(bytes));
	/*@ ghost Read: ; */
	unlock_page(pfn);
	if (!hosts)
		return CV_EPERM;
	/*@ assert read: \at(l_owner(pfn), Read) == CV_HOSTVISOR; */
	if (bytes_word(MANIFEST(bytes, magic)) != CV_MANIFEST_MAGIC)
		return CV_EINVAL;
	if (!manifest_is_signed(bytes))
		return CV_EAUTH;
	crypto_hash_init(&hash);
	crypto_hash_update(&hash, MANIFEST(bytes, key), CRYPTO_PUBLIC_KEY_SIZE);
	crypto_hash_final(&hash, vm_measures[vm].owner);
	bytes_copy(vm_measures[vm].expected, MANIFEST(bytes, measurement), CRYPTO_HASH_SIZE);
	vms[vm].has_manifest = 1;
	return CV_OK;
}

/*@ requires vm: is_vm(vm);
    terminates \true; exits \false;
    assigns vm_measures[vm]; */
static void measure_word(u32 vm, u64 word)
{
	u8 bytes[8];

	bytes_set_word(bytes, word);
	crypto_hash_update(&vm_measures[vm].hash, bytes, sizeof(bytes));
}

/* The RAM ranges and the image regions. */
/*@ requires vm: is_vm(vm);
    requires state_range: state_range;
    requires image_range: image_range;
    terminates \true; exits \false;
    assigns vm_measures[vm]; */
static void measure_ranges(u32 vm)
{
	/*@ loop invariant 0 <= r <= vms[vm].nr_ram;
	    loop assigns r, vm_measures[vm];
	    loop variant vms[vm].nr_ram - r; */
	for (u32 r = 0; r < vms[vm].nr_ram; r++) {
		measure_word(vm, ram_ranges[vm * CV_MAX_RAM_RANGES + r].gfn);
		measure_word(vm, ram_ranges[vm * CV_MAX_RAM_RANGES + r].frames);
	}
	/*@ loop invariant 0 <= r <= vms[vm].nr_regions;
	    loop assigns r, vm_measures[vm];
	    loop variant vms[vm].nr_regions - r; */
	for (u32 r = 0; r < vms[vm].nr_regions; r++) {
		measure_word(vm, boot_regions[vm * CV_MAX_BOOT_REGIONS + r].gfn);
		measure_word(vm, boot_regions[vm * CV_MAX_BOOT_REGIONS + r].frames);
	}
}

/* Where its devices are, and its streams. */
/*@ requires vm: is_vm(vm);
    requires stream_iso: stream_iso;
    terminates \true; exits \false;
    assigns vm_measures[vm]; */
static void measure_devices(u32 vm)
{
	/*@ loop invariant 0 <= i <= CV_MAX_IO_CLAIMS;
	    loop assigns i, vm_measures[vm];
	    loop variant CV_MAX_IO_CLAIMS - i; */
	for (u32 i = 0; i < CV_MAX_IO_CLAIMS; i++) {
		if (io_claims[i].vm == vm)
			measure_word(vm, io_claims[i].gfn);
	}
	/*@ loop invariant 0 <= s <= CV_MAX_STREAMS;
	    loop assigns s, vm_measures[vm];
	    loop variant CV_MAX_STREAMS - s; */
	for (u32 s = 0; s < CV_MAX_STREAMS; s++) {
		if (stream_contexts[s] != 0 && dma_contexts[stream_contexts[s] - 1].owner == vm)
			measure_word(vm, s);
	}
}

/* Everything that the VM will see of its machine besides its image. Locks: DMA, vm, page. */
/*@ requires vm: is_vm(vm);
    requires state_range: state_range;
    requires image_range: image_range;
    requires stream_iso: stream_iso;
    terminates \true; exits \false;
    assigns vm_measures[vm]; */
static void measure_layout(u32 vm)
{
	crypto_hash_init(&vm_measures[vm].hash);
	measure_word(vm, LAYOUT_VERSION);
	measure_word(vm, vms[vm].nr_ram);
	measure_word(vm, vms[vm].nr_regions);
	measure_word(vm, vms[vm].nr_vcpus);
	measure_word(vm, vms[vm].entry_pc);
	measure_word(vm, vms[vm].entry_x0);
	crypto_hash_update(&vm_measures[vm].hash, vm_measures[vm].owner, CRYPTO_HASH_SIZE);
	measure_ranges(vm);
	measure_devices(vm);
}

/* Are all regions full, and does the VM start in one of them? */
/*@ requires vm: is_vm(vm);
    requires image_range: image_range;
    terminates \true; exits \false; assigns \nothing;
    ensures full: \result ==> \forall integer r; 0 <= r < vms[vm].nr_regions ==>
      r_remapped(vm, r) == r_frames(vm, r);
    ensures entry: \result ==> vms[vm].entry_set != 0 && vms[vm].nr_regions > 0; */
static bool image_is_complete(u32 vm)
{
	u64 entry = vms[vm].entry_pc / CV_PAGE_SIZE;
	bool found = false;

	/*@ loop invariant 0 <= r <= vms[vm].nr_regions;
	    loop invariant full: \forall integer q; 0 <= q < r ==>
	      r_remapped(vm, q) == r_frames(vm, q);
	    loop invariant found ==> r > 0;
	    loop assigns r, found;
	    loop variant vms[vm].nr_regions - r; */
	for (u32 r = 0; r < vms[vm].nr_regions; r++) {
		u32 i = vm * CV_MAX_BOOT_REGIONS + r;

		/*@ assert index: i == vm * CV_MAX_BOOT_REGIONS + r; */
		if (boot_regions[i].remapped != boot_regions[i].frames)
			return false;
		if (entry >= boot_regions[i].gfn &&
		    entry - boot_regions[i].gfn < boot_regions[i].frames)
			found = true;
	}
	return found && vms[vm].entry_set != 0;
}

/* clang-format off */
/*
 * What the steps of verify_vm need of the prover: the locks the VM's owner holds, nothing further down;
 * and what they may change, other CPUs' changes included.
 */
#define VERIFY_LOCKS \
	held_dma != 0 && held_vm == vm && held_page == 0 && held_map == 0 && held_id == 0
#define VERIFY_STATE \
	held_page, held_map, TABLE_STATE, frames[0 .. CV_MAX_FRAMES - 1], vms[0 .. CV_MAX_VMS], \
	dma_contexts[0 .. CV_MAX_DMA_CONTEXTS - 1], io_claims[0 .. CV_MAX_IO_CLAIMS - 1], \
	bounce_buffer[0 .. CV_PAGE_SIZE - 1], lineages[0 .. CV_MAX_LINEAGES - 1], \
	vm_measures[vm]
/* clang-format on */

/* The first step: from now on the layout cannot change. */
/*@ requires locks: VERIFY_LOCKS;
    requires vm: is_vm(vm);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns held_page, frames[0 .. CV_MAX_FRAMES - 1], vms[0 .. CV_MAX_VMS],
      dma_contexts[0 .. CV_MAX_DMA_CONTEXTS - 1], io_claims[0 .. CV_MAX_IO_CLAIMS - 1],
      bounce_buffer[0 .. CV_PAGE_SIZE - 1], lineages[0 .. CV_MAX_LINEAGES - 1],
      vm_measures[vm];
    INV_ENSURES
    VM_ENSURES
    ensures locks: VERIFY_LOCKS;
    ensures result: \result == CV_ESTATE || \result == vms[vm].image_frames + 1;
    ensures done: \result > 0 ==> \old(is_loading(vm)) && vms[vm].verifying == 1 &&
      vms[vm].entry_set != 0 && \forall integer r; 0 <= r < vms[vm].nr_regions ==>
      r_remapped(vm, r) == r_frames(vm, r);
    ensures state: vms[vm].state == \old(vms[vm].state);
    ensures refused: \result < 0 ==> vms[vm] == \old(vms[vm]); */
static s64 verify_begin(u32 vm)
{
	if (!vm_is_loading(vm) || !image_is_complete(vm))
		return CV_ESTATE;
	lock_page(0);
	measure_layout(vm);
	unlock_page(0);
	vms[vm].verifying = 1;
	vms[vm].verify_region = 0;
	vms[vm].verify_page = 0;
	return (s64)vms[vm].image_frames + 1;
}

/* Frames of the image that have not been taken yet. */
/*@ requires vm: is_vm(vm) && vms[vm].verifying != 0;
    requires image_range: image_range;
    requires region_range: region_range;
    requires verify_range: verify_range;
    terminates \true; exits \false; assigns \nothing;
    ensures none: \result == 0 <==> vms[vm].verify_region == vms[vm].nr_regions;
    ensures limit: \result <= vms[vm].image_frames; */
static u64 verify_remaining(u32 vm)
{
	u64 r = vms[vm].verify_region;
	u64 i = vm * CV_MAX_BOOT_REGIONS + r;

	if (r == vms[vm].nr_regions)
		return 0;
	/*@ assert region: is_region(vm, r) && i == vm * CV_MAX_BOOT_REGIONS + r &&
	      r_list(vm, r) + r_frames(vm, r) <= vms[vm].image_frames &&
	      vms[vm].verify_page < r_frames(vm, r); */
	return vms[vm].image_frames - boot_regions[i].list - vms[vm].verify_page;
}

/*
 * Take one image frame: first out of the host's reach, then measured. Locks:
 * vm, page, map.
 */
/*@ requires locks: held_vm == vm && memory_locks;
    requires vm: is_vm(vm) && vms[vm].state == CV_VM_READY;
    requires gfn: in_map(vm, gfn);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns TABLE_STATE, frames[pfn], vms[vm].nr_frames, bounce_buffer[0 .. CV_PAGE_SIZE - 1],
      vm_measures[vm];
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures refused: \result != 0 ==> unchanged{Pre, Post};
    ensures before: \result == 0 ==> \old(l_owner(pfn)) == CV_HOSTVISOR &&
      \old(l_count(pfn)) == 0;
    ensures done: \result == 0 ==> l_owner(pfn) == vm && l_gfn(pfn) == gfn &&
      map_of(MAP_HOST, pfn) == 0 && map_of(vm, gfn) == d_page(pfn, DESC_ATTR_MEMORY);
    ensures others: \forall integer p; p != pfn ==> same_record{Pre, Post}(p); */
static int take_image_frame(u32 vm, u64 gfn, u64 pfn)
{
	int error = page_check_donation(pfn);

	if (error != CV_OK)
		return error;
	if (map_get(vm, gfn) != 0)
		return CV_EEXIST;
	if (page_split_need(pfn, 3) + map_need(vm, gfn, 3) > table_free_count())
		return CV_ENOMEM;
	page_split(pfn, 3);
	page_take(pfn, vm, gfn, PAGE_KEEP);
	machine_frame_read(pfn, 0, bounce_buffer, CV_PAGE_SIZE);
	measure_word(vm, gfn);
	crypto_hash_update(&vm_measures[vm].hash, bounce_buffer, CV_PAGE_SIZE);
	/*@ assert d_pfn(d_page(pfn, DESC_ATTR_MEMORY)) == pfn && gfn * CV_PAGE_SIZE / 4096 == gfn; */
	/*@ assert may: may_map(vm, gfn, pfn, 1) && need_of(vm, gfn, 3) <= table_free_nr; */
	error = map_pfn_vm(vm, gfn * CV_PAGE_SIZE, desc_page(pfn, DESC_ATTR_MEMORY), 3);
	/*@ assert mapped: error == CV_OK; */
	/*@ assert list: \forall integer g; in_map(MAP_CORE, g) ==>
	      map_of(MAP_CORE, g) == \at(map_of(MAP_CORE, g), Pre) &&
	      depth_of(MAP_CORE, g) == \at(depth_of(MAP_CORE, g), Pre); */
	/*@ assert places: \forall integer v, r; is_region(v, r) ==>
	      r < CV_MAX_BOOT_REGIONS && r_list(v, r) + r_frames(v, r) <= CV_MAX_IMAGE_FRAMES; */
	return error;
}

/* One image frame is done. */
/*@ requires vm: is_vm(vm) && vms[vm].verifying != 0 && is_region(vm, vms[vm].verify_region);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns vms[vm].verify_page, vms[vm].verify_region;
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures) */
static void verify_advance(u32 vm)
{
	u64 i = vm * CV_MAX_BOOT_REGIONS + vms[vm].verify_region;

	/*@ assert region: i == vm * CV_MAX_BOOT_REGIONS + vms[vm].verify_region &&
	      vms[vm].verify_region < CV_MAX_BOOT_REGIONS &&
	      vms[vm].verify_page < r_frames(vm, vms[vm].verify_region); */
	vms[vm].verify_page++;
	if (vms[vm].verify_page == boot_regions[i].frames) {
		vms[vm].verify_region++;
		vms[vm].verify_page = 0;
	}
	/*@ assert others: \forall integer v; is_vm(v) && v != vm ==> vms[v] == \at(vms[v], Pre); */
	/*@ assert mine: vms[vm].verify_region <= vms[vm].nr_regions &&
	      (vms[vm].verify_region < vms[vm].nr_regions ==>
	        vms[vm].verify_page < r_frames(vm, vms[vm].verify_region)); */
}

/* Take the next image frame. There is one. Locks: vm; takes page, map. */
/*@ requires locks: VERIFY_LOCKS;
    requires vm: is_vm(vm) && vms[vm].state == CV_VM_READY && vms[vm].verifying != 0;
    requires next: is_region(vm, vms[vm].verify_region);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns VERIFY_STATE;
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures locks: VERIFY_LOCKS;
    ensures result: \result <= 0;
    ensures state: vms[vm].state == CV_VM_READY && vms[vm].verifying != 0 &&
      vms[vm].image_frames == \old(vms[vm].image_frames);
    ensures refused: \result != 0 ==> vms[vm] == \old(vms[vm]); */
static int verify_next(u32 vm)
{
	u64 i = vm * CV_MAX_BOOT_REGIONS + vms[vm].verify_region;
	u64 gfn = boot_regions[i].gfn + vms[vm].verify_page;
	u64 place = image_list_base(vm) + boot_regions[i].list + vms[vm].verify_page;
	int error;

	/*@ assert region: i == vm * CV_MAX_BOOT_REGIONS + vms[vm].verify_region &&
	      vms[vm].verify_region < CV_MAX_BOOT_REGIONS; */
	/*@ assert in_map: in_map(vm, gfn) && in_map(MAP_CORE, place); */
	lock_page(0);
	lock_map();
	error = take_image_frame(vm, gfn, desc_pfn(map_get(MAP_CORE, place)));
	unlock_map();
	unlock_page(0);
	if (error == CV_OK)
		verify_advance(vm);
	return error;
}

/* All frames are taken: compare, and let the VM run. */
/*@ requires locks: VERIFY_LOCKS;
    requires vm: is_vm(vm) && vms[vm].state == CV_VM_READY && vms[vm].verifying != 0;
    requires boot_vcpu: is_slot(slot) && vcpus[slot].vm == vm;
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns held_map, TABLE_STATE, vm_measures[vm], vms[vm], vcpus[slot], vcpu_contexts[slot];
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures locks: VERIFY_LOCKS;
    ensures result: \result == 0 || \result == CV_EAUTH;
    ensures done: \result == 0 ==> vms[vm].state == CV_VM_VERIFIED && vms[vm].verified == 1 &&
      vcpus[slot].powered == 1 && vcpu_contexts[slot].pc == vms[vm].entry_pc &&
      vcpu_contexts[slot].x[0] == vms[vm].entry_x0;
    ensures measured: \result == 0 && vms[vm].has_manifest != 0 ==> is_expected(vm);
    ensures refused: \result != 0 ==> vms[vm] == \old(vms[vm]) &&
      vcpus[slot] == \old(vcpus[slot]); */
static s64 verify_finish(u32 vm, u32 slot)
{
	u8 digest[CRYPTO_HASH_SIZE];

	crypto_hash_final(&vm_measures[vm].hash, digest);
	if (vms[vm].has_manifest != 0 &&
	    !bytes_equal(digest, vm_measures[vm].expected, CRYPTO_HASH_SIZE))
		return CV_EAUTH;
	bytes_copy(vm_measures[vm].digest, digest, CRYPTO_HASH_SIZE);
	lock_map();
	image_list_drop(vm);
	unlock_map();
	vcpu_start(slot, vms[vm].entry_pc, vms[vm].entry_x0);
	vms[vm].verified = 1;
	vms[vm].state = CV_VM_VERIFIED;
	/*@ assert kept: \forall integer s; is_slot(s) ==> vcpus[s].vm == \at(vcpus[s].vm, Pre) &&
	      vcpus[s].id == \at(vcpus[s].id, Pre) && vcpus[s].state == \at(vcpus[s].state, Pre); */
	/*@ assert used: \forall integer v; is_vm(v) && \at(vms[v].state, Pre) != CV_VM_UNUSED ==>
	      vms[v].state != CV_VM_UNUSED; */
	/*@ assert named: \forall integer s; is_slot(s) && vcpus[s].state != CV_VCPU_UNUSED ==>
	      is_vm(vcpus[s].vm) && vms[vcpus[s].vm].state != CV_VM_UNUSED &&
	      vcpus[s].id < CV_MAX_VCPUS && vcpu_slots[vcpus[s].vm * CV_MAX_VCPUS + vcpus[s].id] == s + 1; */
	/*@ assert vcpu_slot: vcpu_slot; */
	/*@ assert regions: \forall integer v, r; is_region(v, r) ==> is_region{Pre}(v, r); */
	/*@ assert free: \forall integer v, r, g; is_region{Pre}(v, r) &&
	      list_base(v) + r_list(v, r) + r_remapped(v, r) <= g <
	        list_base(v) + r_list(v, r) + r_frames(v, r) ==> map_of(MAP_CORE, g) == 0; */
	return 0;
}

/* Up to VERIFY_BATCH frames. At least one is left. An error counts if it is the first's. */
/*@ requires locks: VERIFY_LOCKS;
    requires vm: is_vm(vm) && vms[vm].state == CV_VM_READY && vms[vm].verifying != 0;
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns VERIFY_STATE;
    INV_ENSURES
    VM_ENSURES
    ensures locks: VERIFY_LOCKS;
    ensures result: \result <= \old(vms[vm].image_frames) + 1 && \result != 0;
    ensures state: vms[vm].state == CV_VM_READY && vms[vm].verifying != 0;
    ensures refused: \result < 0 ==> vms[vm] == \old(vms[vm]); */
static s64 verify_batch(u32 vm)
{
	/*@ INV_CLAUSES(loop invariant)
	    VM_CLAUSES(loop invariant)
	    loop invariant locks: VERIFY_LOCKS;
	    loop invariant range: 0 <= n <= VERIFY_BATCH;
	    loop invariant first: n == 0 ==> vms[vm] == \at(vms[vm], Pre);
	    loop invariant state: vms[vm].state == CV_VM_READY && vms[vm].verifying != 0 &&
	      vms[vm].image_frames == \at(vms[vm].image_frames, Pre);
	    loop assigns n, VERIFY_STATE;
	    loop variant VERIFY_BATCH - n; */
	for (u32 n = 0; n < VERIFY_BATCH && verify_remaining(vm) != 0; n++) {
		int error = verify_next(vm);

		if (error != CV_OK && n == 0)
			return error;
		if (error != CV_OK)
			break;
	}
	return (s64)verify_remaining(vm) + 1;
}

s64 verify_vm(u32 vm)
{
	u32 slot = vcpu_slot(vm, 0);

	if (vms[vm].state != CV_VM_READY || slot == NO_SLOT)
		return CV_ESTATE;
	if (vms[vm].verifying == 0)
		return verify_begin(vm);
	if (verify_remaining(vm) == 0)
		return verify_finish(vm, slot);
	return verify_batch(vm);
}
