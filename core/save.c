/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/save.h"

#include "core/bytes.h"
#include "core/crypto.h"
#include "core/machine.h"
#include "core/mem.h"
#include "core/page.h"
#include "core/state.h"
#include "core/table.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "corevisor/error.h"
#include "corevisor/snapshot.h"

/* What is authenticated beside a record: its place, and what it is. */
struct record_id {
	u64 sequence;
	u64 kind;
	u64 number; /* gfn or vCPU */
};

#define RECORD_AAD_SIZE 24U /* its three words */

enum record_kind {
	RECORD_PAGE,
	RECORD_VCPU,
	RECORD_TAIL,
};

/* A vCPU record. */
struct vcpu_record {
	u8 tag[CRYPTO_TAG_SIZE];
	struct vcpu_context context;
	struct vcpu vcpu; /* its power state and pending access */
};

STATIC_ASSERT(vcpu_record_is_one_frame, sizeof(struct vcpu_record) <= CV_PAGE_SIZE);
STATIC_ASSERT(head_is_one_frame, sizeof(struct cv_snapshot_head) <= CV_PAGE_SIZE);

/* The next record of a snapshot. */
/*@ requires vm: is_vm(vm);
    terminates \true; exits \false; assigns \nothing;
    ensures \result.sequence == snapshots[vm].sequence && \result.kind == kind &&
      \result.number == number; */
static struct record_id next_record(u32 vm, u64 kind, u64 number)
{
	struct record_id id = {snapshots[vm].sequence, kind, number};

	return id;
}

/* Its nonce is its sequence number: never twice under one key. */
/*@ requires aad: \valid(aad + (0 .. RECORD_AAD_SIZE - 1));
    requires nonce: \valid(nonce + (0 .. CRYPTO_NONCE_SIZE - 1));
    requires apart: \separated(aad + (0 .. RECORD_AAD_SIZE - 1),
      nonce + (0 .. CRYPTO_NONCE_SIZE - 1));
    terminates \true; exits \false;
    assigns aad[0 .. RECORD_AAD_SIZE - 1], nonce[0 .. CRYPTO_NONCE_SIZE - 1]; */
static void record_words(struct record_id id, u8 *aad, u8 *nonce)
{
	bytes_set_word(aad, id.sequence);
	bytes_set_word(aad + 8, id.kind);
	bytes_set_word(aad + 16, id.number);
	bytes_clear(nonce, CRYPTO_NONCE_SIZE);
	bytes_set_word(nonce, id.sequence);
}

/* Encrypt a record in place. */
/*@ requires key: \valid_read(key + (0 .. CRYPTO_KEY_SIZE - 1));
    requires data: \valid(data + (0 .. size - 1));
    requires tag: \valid(tag + (0 .. CRYPTO_TAG_SIZE - 1));
    terminates \true; exits \false;
    assigns data[0 .. size - 1], tag[0 .. CRYPTO_TAG_SIZE - 1]; */
static void seal_record(const u8 *key, struct record_id id, u8 *data, u32 size, u8 *tag)
{
	u8 aad[RECORD_AAD_SIZE];
	u8 nonce[CRYPTO_NONCE_SIZE];

	record_words(id, aad, nonce);
	crypto_seal(key, nonce, aad, sizeof(aad), data, size, tag);
}

/* Decrypt a record in place, if it is that one. */
/*@ requires key: \valid_read(key + (0 .. CRYPTO_KEY_SIZE - 1));
    requires data: \valid(data + (0 .. size - 1));
    requires tag: \valid_read(tag + (0 .. CRYPTO_TAG_SIZE - 1));
    terminates \true; exits \false;
    assigns data[0 .. size - 1]; */
static bool open_record(const u8 *key, struct record_id id, u8 *data, u32 size, const u8 *tag)
{
	u8 aad[RECORD_AAD_SIZE];
	u8 nonce[CRYPTO_NONCE_SIZE];

	record_words(id, aad, nonce);
	return crypto_open(key, nonce, aad, sizeof(aad), data, size, tag);
}

/* Start a snapshot's bookkeeping. */
static void snapshot_start(u32 vm, u32 phase, u64 pages, u32 nr_vcpus)
{
	snapshots[vm].phase = phase;
	snapshots[vm].vcpus = 0;
	snapshots[vm].vcpus_total = nr_vcpus;
	snapshots[vm].next_vcpu = 0;
	snapshots[vm].sequence = 1;
	snapshots[vm].pages = 0;
	snapshots[vm].pages_total = pages;
	snapshots[vm].next_gfn = 0;
}

static void fill_layout(u32 vm, struct cv_snapshot_layout *layout)
{
	bytes_copy(layout->key, snapshot_keys[vm].bytes, CRYPTO_KEY_SIZE);
	bytes_copy(layout->measurement, vm_measures[vm].digest, CRYPTO_HASH_SIZE);
	layout->counter = machine_counter() - vms[vm].counter_offset;
	layout->pages = vms[vm].nr_frames;
	layout->vcpus = vms[vm].nr_vcpus;
	layout->nr_ram = vms[vm].nr_ram;
	for (u32 r = 0; r < CV_MAX_RAM_RANGES; r++) {
		layout->ram_gfn[r] = ram_ranges[vm * CV_MAX_RAM_RANGES + r].gfn;
		layout->ram_frames[r] = ram_ranges[vm * CV_MAX_RAM_RANGES + r].frames;
	}
}

int save_begin(u32 vm, u64 out_pfn)
{
	struct cv_snapshot_head head = {0};
	u8 key[CRYPTO_KEY_SIZE];

	if (vms[vm].state != CV_VM_POWEROFF || vms[vm].verified == 0 || vms[vm].reclaimed != 0)
		return CV_ESTATE;
	if (vm_has_active_vcpu(vm))
		return CV_EBUSY;
	if (frame_owner(out_pfn) != CV_HOSTVISOR)
		return CV_EPERM;
	crypto_random(snapshot_keys[vm].bytes, CRYPTO_KEY_SIZE);
	snapshot_start(vm, SNAPSHOT_SAVING, vms[vm].nr_frames, vms[vm].nr_vcpus);
	head.magic = CV_SNAPSHOT_MAGIC;
	crypto_random(head.nonce, CRYPTO_NONCE_SIZE);
	fill_layout(vm, &head.sealed);
	crypto_platform_key(key);
	crypto_seal(key, head.nonce, (u8 *)&head.magic, sizeof(head.magic), (u8 *)&head.sealed,
		    sizeof(head.sealed), head.tag);
	bytes_wipe(key, CRYPTO_KEY_SIZE);
	machine_frame_write(out_pfn, 0, (u8 *)&head, sizeof(head));
	return CV_OK;
}

struct saved_page save_encrypt_buf(u32 vm, u64 in_pfn, u64 out_pfn)
{
	struct saved_page page = {CV_OK, frame_gfn(in_pfn), {0, 0}};
	u8 tag[CRYPTO_TAG_SIZE];

	if (snapshots[vm].phase != SNAPSHOT_SAVING || snapshots[vm].vcpus != 0)
		page.error = CV_ESTATE;
	else if (frame_owner(in_pfn) != vm || frame_owner(out_pfn) != CV_HOSTVISOR)
		page.error = CV_EPERM;
	else if (page.gfn < snapshots[vm].next_gfn)
		page.error = CV_EINVAL;
	if (page.error != CV_OK) {
		page.gfn = 0;
		return page;
	}
	machine_frame_read(in_pfn, 0, bounce_buffer, CV_PAGE_SIZE);
	seal_record(snapshot_keys[vm].bytes, next_record(vm, RECORD_PAGE, page.gfn), bounce_buffer,
		    CV_PAGE_SIZE, tag);
	snapshots[vm].sequence++;
	machine_frame_write(out_pfn, 0, bounce_buffer, CV_PAGE_SIZE);
	snapshots[vm].next_gfn = page.gfn + 1;
	snapshots[vm].pages++;
	page.tag[0] = bytes_word(tag);
	page.tag[1] = bytes_word(tag + 8);
	return page;
}

/*
 * Are all pages done? Frames come in ascending order of gfn, so each has come once, if none
 * has been taken away meanwhile.
 */
static bool pages_are_saved(u32 vm)
{
	return snapshots[vm].pages == snapshots[vm].pages_total && vms[vm].reclaimed == 0;
}

int save_encrypted_vcpu(u32 vm, u64 vcpu, u64 out_pfn)
{
	u32 slot = vcpu_slot(vm, vcpu);
	struct vcpu_record record;

	if (snapshots[vm].phase != SNAPSHOT_SAVING || !pages_are_saved(vm))
		return CV_ESTATE;
	if (slot == NO_SLOT)
		return CV_ENOENT;
	if (vcpu < snapshots[vm].next_vcpu)
		return CV_EINVAL;
	if (frame_owner(out_pfn) != CV_HOSTVISOR)
		return CV_EPERM;
	record.context = vcpu_contexts[slot];
	record.vcpu = vcpus[slot];
	seal_record(snapshot_keys[vm].bytes, next_record(vm, RECORD_VCPU, vcpu),
		    (u8 *)&record.context, sizeof(record.context) + sizeof(record.vcpu),
		    record.tag);
	snapshots[vm].sequence++;
	machine_frame_write(out_pfn, 0, (u8 *)&record, sizeof(record));
	snapshots[vm].next_vcpu = (u32)vcpu + 1;
	snapshots[vm].vcpus++;
	return CV_OK;
}

int save_end(u32 vm, u64 out_pfn)
{
	struct cv_snapshot_tail tail = {{0}, snapshots[vm].pages, snapshots[vm].vcpus};

	if (snapshots[vm].phase != SNAPSHOT_SAVING || !pages_are_saved(vm) ||
	    snapshots[vm].vcpus != snapshots[vm].vcpus_total)
		return CV_ESTATE;
	if (frame_owner(out_pfn) != CV_HOSTVISOR)
		return CV_EPERM;
	seal_record(snapshot_keys[vm].bytes, next_record(vm, RECORD_TAIL, 0), (u8 *)&tail.pages,
		    sizeof(tail.pages) + sizeof(tail.vcpus), tail.tag);
	snapshots[vm].sequence++;
	machine_frame_write(out_pfn, 0, (u8 *)&tail, sizeof(tail));
	bytes_wipe(snapshot_keys[vm].bytes, CRYPTO_KEY_SIZE);
	snapshots[vm].phase = SNAPSHOT_NONE;
	return CV_OK;
}

/*
 * Has nothing been done to this VM yet? A device of its own could lie where its RAM is going to
 * be: the host would pass a device off as RAM.
 */
static bool vm_is_empty(u32 vm)
{
	return vm_is_loading(vm) && vms[vm].nr_ram == 0 && vms[vm].nr_frames == 0 &&
	       vms[vm].nr_vcpus == 0 && vms[vm].has_manifest == 0 &&
	       !io_claim_overlaps(vm, 0, table_geometry.gfn_limit);
}

/* Take over an authentic layout. */
static void apply_layout(u32 vm, const struct cv_snapshot_layout *layout)
{
	bytes_copy(snapshot_keys[vm].bytes, layout->key, CRYPTO_KEY_SIZE);
	bytes_copy(vm_measures[vm].digest, layout->measurement, CRYPTO_HASH_SIZE);
	vms[vm].nr_ram = (u32)layout->nr_ram;
	vms[vm].counter_offset = machine_counter() - layout->counter;
	for (u32 r = 0; r < CV_MAX_RAM_RANGES; r++) {
		ram_ranges[vm * CV_MAX_RAM_RANGES + r].gfn = layout->ram_gfn[r];
		ram_ranges[vm * CV_MAX_RAM_RANGES + r].frames = layout->ram_frames[r];
	}
	snapshot_start(vm, SNAPSHOT_LOADING, layout->pages, (u32)layout->vcpus);
}

/*
 * The platform key is the same on a machine with another geometry, so even an
 * authentic layout is checked against this one's limits.
 */
static bool layout_ok(const struct cv_snapshot_layout *layout)
{
	if (layout->nr_ram > CV_MAX_RAM_RANGES || layout->vcpus > CV_MAX_VCPUS)
		return false;
	for (u32 r = 0; r < layout->nr_ram; r++) {
		if (layout->ram_frames[r] > table_geometry.gfn_limit ||
		    layout->ram_gfn[r] > table_geometry.gfn_limit - layout->ram_frames[r])
			return false;
	}
	return true;
}

int load_begin(u32 vm, u64 in_pfn)
{
	struct cv_snapshot_head head;
	u8 key[CRYPTO_KEY_SIZE];
	bool authentic;

	if (!vm_is_empty(vm))
		return CV_ESTATE;
	if (frame_owner(in_pfn) != CV_HOSTVISOR)
		return CV_EPERM;
	machine_frame_read(in_pfn, 0, (u8 *)&head, sizeof(head));
	if (head.magic != CV_SNAPSHOT_MAGIC)
		return CV_EINVAL;
	crypto_platform_key(key);
	authentic = crypto_open(key, head.nonce, (u8 *)&head.magic, sizeof(head.magic),
				(u8 *)&head.sealed, sizeof(head.sealed), head.tag);
	bytes_wipe(key, CRYPTO_KEY_SIZE);
	if (!authentic)
		return CV_EAUTH;
	if (!layout_ok(&head.sealed))
		return CV_EINVAL;
	apply_layout(vm, &head.sealed);
	bytes_wipe(head.sealed.key, CRYPTO_KEY_SIZE);
	return CV_OK;
}

/* What load_decrypt_buf refuses before it decrypts. */
/*@ requires vm: is_vm(vm);
    requires boot_facts: boot_facts;
    requires tables: tables;
    requires state_range: state_range;
    requires ram_range: ram_range;
    terminates \true; exits \false; assigns \nothing;
    ensures result: \result <= 0;
    ensures state: \result == 0 ==> vms[vm].state == CV_VM_READY &&
      snapshots[vm].phase == SNAPSHOT_LOADING;
    ensures frame: \result == 0 ==> l_owner(in_pfn) == CV_HOSTVISOR && l_count(in_pfn) == 0;
    ensures place: \result == 0 ==> in_map(vm, gfn) && in_ram(vm, gfn, 1) &&
      map_of(vm, gfn) == 0;
    ensures enough: \result == 0 ==>
      split_need(in_pfn, 3) + need_of(vm, gfn, 3) <= table_free_nr; */
static int check_load_page(u32 vm, u64 in_pfn, u64 gfn)
{
	int error;

	if (vms[vm].state != CV_VM_READY || snapshots[vm].phase != SNAPSHOT_LOADING)
		return CV_ESTATE;
	error = page_check_donation(in_pfn);
	if (error != CV_OK)
		return error;
	if (!vm_ram_contains(vm, gfn, 1))
		return CV_EINVAL;
	if (map_get(vm, gfn) != 0)
		return CV_EEXIST;
	if (page_split_need(in_pfn, 3) + map_need(vm, gfn, 3) > table_free_count())
		return CV_ENOMEM;
	return CV_OK;
}

int load_decrypt_buf(u32 vm, u64 in_pfn, u64 gfn, u64 tag_low, u64 tag_high)
{
	u8 tag[CRYPTO_TAG_SIZE];
	int error = check_load_page(vm, in_pfn, gfn);

	if (error != CV_OK)
		return error;
	bytes_set_word(tag, tag_low);
	bytes_set_word(tag + 8, tag_high);
	machine_frame_read(in_pfn, 0, bounce_buffer, CV_PAGE_SIZE);
	if (!open_record(snapshot_keys[vm].bytes, next_record(vm, RECORD_PAGE, gfn), bounce_buffer,
			 CV_PAGE_SIZE, tag))
		return CV_EAUTH;
	page_split(in_pfn, 3);
	page_take(in_pfn, vm, gfn, PAGE_WIPE);
	machine_frame_write(in_pfn, 0, bounce_buffer, CV_PAGE_SIZE);
	machine_frame_sync(in_pfn);
	snapshots[vm].sequence++;
	snapshots[vm].pages++;
	/*@ assert d_pfn(d_page(in_pfn, DESC_ATTR_MEMORY)) == in_pfn &&
	      gfn * CV_PAGE_SIZE / 4096 == gfn; */
	error = map_pfn_vm(vm, gfn * CV_PAGE_SIZE, desc_page(in_pfn, DESC_ATTR_MEMORY), 3);
	/*@ assert list: \forall integer g; in_map(MAP_CORE, g) ==>
	      map_of(MAP_CORE, g) == \at(map_of(MAP_CORE, g), Pre) &&
	      depth_of(MAP_CORE, g) == \at(depth_of(MAP_CORE, g), Pre); */
	/*@ assert places: \forall integer v, r; is_region(v, r) ==>
	      r < CV_MAX_BOOT_REGIONS && r_list(v, r) + r_frames(v, r) <= CV_MAX_IMAGE_FRAMES; */
	return error;
}

/* Even an authentic record is checked: what runs a vCPU relies on these ranges. */
static bool vcpu_record_ok(const struct vcpu_record *record)
{
	u8 size = record->vcpu.mmio_size;

	if (record->vcpu.powered != 0 && record->vcpu.fresh != 0)
		return false;
	if (record->vcpu.pending == PENDING_NONE)
		return true;
	return record->vcpu.pending <= PENDING_MMIO_WRITE &&
	       (size == 1 || size == 2 || size == 4 || size == 8);
}

/* Take over an authentic vCPU; its identity and run page are those it is registered with. */
static void apply_vcpu(u32 slot, const struct vcpu_record *record)
{
	vcpu_contexts[slot] = record->context;
	vcpu_contexts[slot].sys[SYSREG_CNTVOFF] = vms[vcpus[slot].vm].counter_offset;
	vcpus[slot].fresh = record->vcpu.fresh;
	vcpus[slot].powered = record->vcpu.powered;
	vcpus[slot].pending = record->vcpu.pending;
	vcpus[slot].mmio_reg = record->vcpu.mmio_reg;
	vcpus[slot].mmio_size = record->vcpu.mmio_size;
	vcpus[slot].mmio_signed = record->vcpu.mmio_signed;
	vcpus[slot].mmio_64 = record->vcpu.mmio_64;
}

int load_encrypted_vcpu(u32 vm, u64 vcpu, u64 in_pfn)
{
	u32 slot = vcpu_slot(vm, vcpu);
	struct vcpu_record record;

	if (vms[vm].state != CV_VM_READY || snapshots[vm].phase != SNAPSHOT_LOADING)
		return CV_ESTATE;
	if (slot == NO_SLOT)
		return CV_ENOENT;
	if (vcpus[slot].state != CV_VCPU_READY)
		return CV_ESTATE;
	if (frame_owner(in_pfn) != CV_HOSTVISOR)
		return CV_EPERM;
	machine_frame_read(in_pfn, 0, (u8 *)&record, sizeof(record));
	if (!open_record(snapshot_keys[vm].bytes, next_record(vm, RECORD_VCPU, vcpu),
			 (u8 *)&record.context, sizeof(record.context) + sizeof(record.vcpu),
			 record.tag))
		return CV_EAUTH;
	if (!vcpu_record_ok(&record))
		return CV_EINVAL;
	apply_vcpu(slot, &record);
	snapshots[vm].sequence++;
	snapshots[vm].vcpus++;
	return CV_OK;
}

/* Has everything arrived that the head promised? */
static bool load_is_complete(u32 vm)
{
	return snapshots[vm].pages == snapshots[vm].pages_total &&
	       snapshots[vm].vcpus == snapshots[vm].vcpus_total &&
	       vms[vm].nr_vcpus == snapshots[vm].vcpus_total;
}

int load_end(u32 vm, u64 in_pfn)
{
	struct cv_snapshot_tail tail;

	if (vms[vm].state != CV_VM_READY || snapshots[vm].phase != SNAPSHOT_LOADING ||
	    !load_is_complete(vm))
		return CV_ESTATE;
	if (frame_owner(in_pfn) != CV_HOSTVISOR)
		return CV_EPERM;
	machine_frame_read(in_pfn, 0, (u8 *)&tail, sizeof(tail));
	if (!open_record(snapshot_keys[vm].bytes, next_record(vm, RECORD_TAIL, 0),
			 (u8 *)&tail.pages, sizeof(tail.pages) + sizeof(tail.vcpus), tail.tag))
		return CV_EAUTH;
	bytes_wipe(snapshot_keys[vm].bytes, CRYPTO_KEY_SIZE);
	snapshots[vm].phase = SNAPSHOT_NONE;
	vms[vm].verified = 1;
	vms[vm].state = CV_VM_VERIFIED;
	return CV_OK;
}
