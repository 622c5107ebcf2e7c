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

/* First part of what is measured. Integers are little-endian, as the machine is. */
struct layout {
	u64 version;
	u64 nr_ram;
	u64 nr_regions;
	u64 nr_vcpus;
	u64 entry_pc;
	u64 entry_x0;
	u8 owner[CRYPTO_HASH_SIZE]; /* SHA-384 of the manifest's key; zero: none */
};

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

/*@ requires is_vm(vm);
    requires image_range: image_range;
    terminates \true; exits \false; assigns \nothing; */
/* Does [gfn, gfn + nr) meet a region of the image? The sums do not overflow. */
static bool region_overlaps(u32 vm, u64 gfn, u64 nr)
{
	/*@ loop invariant 0 <= r <= vms[vm].nr_regions;
	    loop assigns r;
	    loop variant vms[vm].nr_regions - r; */
	for (u32 r = 0; r < vms[vm].nr_regions; r++) {
		u32 i = vm * CV_MAX_BOOT_REGIONS + r;

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
    terminates \true; exits \false; assigns \nothing;
    ensures result: \result <= 0;
    ensures loading: \result == 0 ==> is_loading(vm);
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
    INV_CLAUSES(requires)
    VM_CLAUSES(requires)
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
	u64 place;
	int error;

	if (!vm_is_loading(vm))
		return CV_ESTATE;
	if (idx >= vms[vm].nr_regions)
		return CV_EINVAL;
	if (boot_regions[vm * CV_MAX_BOOT_REGIONS + r].remapped ==
	    boot_regions[vm * CV_MAX_BOOT_REGIONS + r].frames)
		return CV_ENOSPC;
	error = page_check_donation(pfn);
	if (error != CV_OK)
		return error;
	place = image_place(vm, r);
	if (map_need(MAP_CORE, place, 3) > table_free_count())
		return CV_ENOMEM;
	map_prepare(MAP_CORE, place, 3);
	map_set_page(MAP_CORE, place, desc_page(pfn, DESC_ATTR_MEMORY));
	boot_regions[vm * CV_MAX_BOOT_REGIONS + r].remapped++;
	/*@ assert named: r_remapped(vm, r) == \at(r_remapped(vm, (u32)idx), Pre) + 1; */
	/*@ assert regions: \forall integer v, q; is_vm(v) && 0 <= q < CV_MAX_BOOT_REGIONS ==>
	      r_gfn(v, q) == \at(r_gfn(v, q), Pre) && r_list(v, q) == \at(r_list(v, q), Pre) &&
	      r_frames(v, q) == \at(r_frames(v, q), Pre) &&
	      (!(v == vm && q == r) ==> r_remapped(v, q) == \at(r_remapped(v, q), Pre)); */
	/*@ assert few: \forall integer v, q; is_region(v, q) ==> q < CV_MAX_BOOT_REGIONS; */
	/*@ ghost DMA_COUNT_KEPT(c) */
	return CV_OK;
}

/* Copy a manifest out of a host frame, once. Locks: vm; takes page. */
static int read_manifest(u64 pfn, struct cv_manifest *manifest)
{
	int error = CV_OK;

	lock_page(pfn);
	if (frame_owner(pfn) == CV_HOSTVISOR)
		machine_frame_read(pfn, 0, manifest, sizeof(*manifest));
	else
		error = CV_EPERM;
	unlock_page(pfn);
	if (error == CV_OK && manifest->magic != CV_MANIFEST_MAGIC)
		error = CV_EINVAL;
	return error;
}

/* Did the holder of its key sign it? */
static bool manifest_is_signed(const struct cv_manifest *manifest)
{
	struct crypto_hash hash;
	u8 digest[CRYPTO_HASH_SIZE];

	crypto_hash_init(&hash);
	crypto_hash_update(&hash, &manifest->magic, sizeof(manifest->magic));
	crypto_hash_update(&hash, manifest->measurement, CRYPTO_HASH_SIZE);
	crypto_hash_final(&hash, digest);
	return crypto_verify(manifest->key, digest, manifest->signature);
}

int set_manifest(u32 vm, u64 pfn)
{
	struct cv_manifest manifest;
	struct crypto_hash hash;
	int error;

	if (!vm_is_loading(vm))
		return CV_ESTATE;
	error = read_manifest(pfn, &manifest);
	if (error != CV_OK)
		return error;
	if (!manifest_is_signed(&manifest))
		return CV_EAUTH;
	crypto_hash_init(&hash);
	crypto_hash_update(&hash, manifest.key, CRYPTO_PUBLIC_KEY_SIZE);
	crypto_hash_final(&hash, vm_measures[vm].owner);
	bytes_copy(vm_measures[vm].expected, manifest.measurement, CRYPTO_HASH_SIZE);
	vms[vm].has_manifest = 1;
	return CV_OK;
}

static void measure_word(u32 vm, u64 word)
{
	crypto_hash_update(&vm_measures[vm].hash, &word, sizeof(word));
}

/* Everything that the VM will see of its machine besides its image. Locks: DMA, vm, page. */
static void measure_layout(u32 vm)
{
	struct layout layout;

	layout.version = LAYOUT_VERSION;
	layout.nr_ram = vms[vm].nr_ram;
	layout.nr_regions = vms[vm].nr_regions;
	layout.nr_vcpus = vms[vm].nr_vcpus;
	layout.entry_pc = vms[vm].entry_pc;
	layout.entry_x0 = vms[vm].entry_x0;
	bytes_copy(layout.owner, vm_measures[vm].owner, CRYPTO_HASH_SIZE);
	crypto_hash_init(&vm_measures[vm].hash);
	crypto_hash_update(&vm_measures[vm].hash, &layout, sizeof(layout));
	for (u32 r = 0; r < vms[vm].nr_ram; r++) {
		measure_word(vm, ram_ranges[vm * CV_MAX_RAM_RANGES + r].gfn);
		measure_word(vm, ram_ranges[vm * CV_MAX_RAM_RANGES + r].frames);
	}
	for (u32 r = 0; r < vms[vm].nr_regions; r++) {
		measure_word(vm, boot_regions[vm * CV_MAX_BOOT_REGIONS + r].gfn);
		measure_word(vm, boot_regions[vm * CV_MAX_BOOT_REGIONS + r].frames);
	}
	for (u32 i = 0; i < CV_MAX_IO_CLAIMS; i++) {
		if (io_claims[i].vm == vm)
			measure_word(vm, io_claims[i].gfn);
	}
	for (u32 s = 0; s < CV_MAX_STREAMS; s++) {
		if (stream_contexts[s] != 0 && dma_contexts[stream_contexts[s] - 1].owner == vm)
			measure_word(vm, s);
	}
}

/* Are all regions full, and does the VM start in one of them? */
static bool image_is_complete(u32 vm)
{
	u64 entry = vms[vm].entry_pc >> CV_PAGE_SHIFT;
	bool found = false;

	for (u32 r = 0; r < vms[vm].nr_regions; r++) {
		u32 i = vm * CV_MAX_BOOT_REGIONS + r;

		if (boot_regions[i].remapped != boot_regions[i].frames)
			return false;
		if (entry >= boot_regions[i].gfn &&
		    entry - boot_regions[i].gfn < boot_regions[i].frames)
			found = true;
	}
	return found && vms[vm].entry_set != 0;
}

/* The first step: from now on the layout cannot change. */
static s64 verify_begin(u32 vm)
{
	if (!vm_is_loading(vm) || !image_is_complete(vm) || vcpu_slot(vm, 0) == NO_SLOT)
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
static u64 verify_remaining(u32 vm)
{
	u64 i = vm * CV_MAX_BOOT_REGIONS + vms[vm].verify_region;

	if (vms[vm].verify_region == vms[vm].nr_regions)
		return 0;
	return vms[vm].image_frames - boot_regions[i].list - vms[vm].verify_page;
}

/*
 * Take one image frame: first out of the host's reach, then measured. Locks:
 * vm, page, map.
 */
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
	return map_pfn_vm(vm, gfn << CV_PAGE_SHIFT, desc_page(pfn, DESC_ATTR_MEMORY), 3);
}

/* Take the next image frame. There is one. Locks: vm; takes page, map. */
static int verify_next(u32 vm)
{
	u64 i = vm * CV_MAX_BOOT_REGIONS + vms[vm].verify_region;
	u64 gfn = boot_regions[i].gfn + vms[vm].verify_page;
	u64 place = image_list_base(vm) + boot_regions[i].list + vms[vm].verify_page;
	int error;

	lock_page(0);
	lock_map();
	error = take_image_frame(vm, gfn, desc_pfn(map_get(MAP_CORE, place)));
	unlock_map();
	unlock_page(0);
	if (error != CV_OK)
		return error;
	vms[vm].verify_page++;
	if (vms[vm].verify_page == boot_regions[i].frames) {
		vms[vm].verify_region++;
		vms[vm].verify_page = 0;
	}
	return CV_OK;
}

/* All frames are taken: compare, and let the VM run. */
static s64 verify_finish(u32 vm)
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
	vcpu_start(vcpu_slot(vm, 0), vms[vm].entry_pc, vms[vm].entry_x0);
	vms[vm].verified = 1;
	vms[vm].state = CV_VM_VERIFIED;
	return 0;
}

s64 verify_vm(u32 vm)
{
	int error;

	if (vms[vm].state != CV_VM_READY)
		return CV_ESTATE;
	if (vms[vm].verifying == 0)
		return verify_begin(vm);
	if (verify_remaining(vm) == 0)
		return verify_finish(vm);
	for (u32 n = 0; n < VERIFY_BATCH && verify_remaining(vm) != 0; n++) {
		error = verify_next(vm);
		if (error != CV_OK && n == 0)
			return error;
		if (error != CV_OK)
			break;
	}
	return (s64)verify_remaining(vm) + 1;
}
